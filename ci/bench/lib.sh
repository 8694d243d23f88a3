# shellcheck shell=bash
# What the benchmarks share: one measured run, figures over runs, the last lines. Sourced after ci/lib.sh, never run.
# Callers set `results`, a file, and `fondaco`.
# shellcheck disable=SC2154  # work, results, fondaco

quietly() {
    if ! "$@" >"$work/last.log" 2>&1; then
        echo "failed: $*" >&2
        tail -n 30 "$work/last.log" >&2
        return 1
    fi
}

# measure NAME COMMAND…: one line of results: name, wall seconds, CPU seconds, peak memory in KiB, of the command and its
# children. 3 is the exit code of a run of ours that refused an image.
measure() {
    local name=$1 started ended code=0
    shift
    started=$(date +%s%N)
    command time -q -f '%U %S %M' -o "$work/time" "$@" >"$work/last.log" 2>&1 </dev/null || code=$?
    ended=$(date +%s%N)
    if [ "$code" != 0 ] && { [ "$code" != 3 ] || [ "$1" != "$fondaco" ]; }; then
        echo "exit $code: $*" >&2
        tail -n 30 "$work/last.log" >&2
        return 1
    fi
    awk -v name="$name" -v ns=$((ended - started)) \
        '{ printf "%s\t%.3f\t%.2f\t%d\n", name, ns / 1e9, $1 + $2, $3 }' "$work/time" | tee -a "$results"
}

# The machine and the versions, which no figure means anything without.
say_where() {
    echo "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores," \
        "$(grep -qw sha_ni /proc/cpuinfo && echo "with" || echo "without") SHA instructions," \
        "load $(cut -d' ' -f1 /proc/loadavg)"
    echo "$(skopeo --version), crane $(crane version), $("$fondaco" --version 2>/dev/null || echo fondaco)," \
        "docker-registry $(dpkg-query -W -f '${Version}' docker-registry 2>/dev/null || true)"
}

# figure NAME COLUMN min|median
figure() {
    awk -F'\t' -v name="$1" -v column="$2" '$1 == name { print $column }' "$results" | sort -n |
        awk -v which="$3" '{ v[NR] = $1 } END { print which == "min" ? v[1] : v[int((NR + 1) / 2)] }'
}

# bench WHAT OURS REFERENCE GOAL UNIT: the goal is the greatest ratio, or `none`
bench() {
    awk -v what="$1" -v ours="$2" -v reference="$3" -v goal="$4" -v unit="$5" 'BEGIN {
        ratio = reference > 0 ? ours / reference : (ours > 0 ? 999 : 0)
        printf "bench %s %s%s %s%s %.2f %s %s\n", what, ours, unit, reference, unit, ratio,
            goal == "none" ? "none" : "<=" goal, goal == "none" || ratio <= goal ? "ok" : "short"
    }'
}
