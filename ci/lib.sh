# shellcheck shell=bash
# What ci/real-images and ci/bench/intake share: registries on loopback, counted checks, the program under test.
# Sourced, never run. Callers set `work`, a folder for everything, before they call anything here.
# shellcheck disable=SC2154  # work

ci="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(dirname "$ci")"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/fondaco-target}"
# docker-registry would otherwise look for a collector of traces, and git for the settings of whoever runs this.
export OTEL_TRACES_EXPORTER=none GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=ci GIT_AUTHOR_EMAIL=ci@example.org GIT_COMMITTER_NAME=ci GIT_COMMITTER_EMAIL=ci@example.org

# --- checks -----------------------------------------------------------------------------------------------------------

passed=0
failed=0

ok() { passed=$((passed + 1)); echo "ok    $1"; }
fail() { failed=$((failed + 1)); echo "FAIL  $1"; }

# check WHAT COMMAND…: one line for the check; the command's output is shown only where it fails.
check() {
    local what=$1
    shift
    if "$@" >"$work/check.log" 2>&1; then
        ok "$what"
    else
        fail "$what"
        sed 's/^/      /' "$work/check.log" | tail -n 20
    fi
}

# refuses WHAT COMMAND…: the command must fail.
refuses() {
    local what=$1
    shift
    if "$@" >"$work/check.log" 2>&1; then fail "$what"; else ok "$what"; fi
}

# refuses_because PATTERN WHAT COMMAND…: the command must fail, and say why.
refuses_because() {
    local pattern=$1 what=$2
    shift 2
    if "$@" >"$work/check.log" 2>&1 || ! grep -qE "$pattern" "$work/check.log"; then
        fail "$what"
        sed 's/^/      /' "$work/check.log" | tail -n 20
    else
        ok "$what"
    fi
}

# equal WHAT OURS EXPECTED
equal() {
    if [ "$2" = "$3" ]; then
        ok "$1"
    else
        fail "$1"
        printf '      got      %s\n      expected %s\n' "$2" "$3"
    fi
}

# --- registries -------------------------------------------------------------------------------------------------------

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# PIDs by registry name, so that only what was started here is ever stopped.
declare -A registry_pid=()

# Each starts a registry with its storage in $work/NAME and returns once it answers.

# start_registry NAME HOST:PORT [HTPASSWD]: Debian's docker-registry. Its access log is $work/NAME.access.
start_registry() {
    registry_config "$1" "$2" "${3:-}"
    docker-registry serve "$work/$1.yml" >>"$work/$1.access" 2>>"$work/$1.log" &
    registry_answers "$1" "$2" $!
}

# start_distribution3 NAME HOST:PORT: distribution 3.
start_distribution3() {
    registry_config "$1" "$2" ""
    registry serve "$work/$1.yml" >>"$work/$1.access" 2>>"$work/$1.log" &
    registry_answers "$1" "$2" $!
}

# start_olareg NAME HOST:PORT
start_olareg() {
    mkdir -p "$work/$1"
    olareg serve --addr "${2%:*}" --port "${2#*:}" --dir "$work/$1" --api-delete --api-blob-delete >>"$work/$1.log" 2>&1 &
    registry_answers "$1" "$2" $!
}

# start_crane NAME HOST:PORT: the registry inside crane.
start_crane() {
    mkdir -p "$work/$1"
    crane registry serve --address "$2" --disk "$work/$1" >>"$work/$1.log" 2>&1 &
    registry_answers "$1" "$2" $!
}

registry_config() { # NAME HOST:PORT HTPASSWD
    mkdir -p "$work/$1"
    {
        echo "version: 0.1"
        echo "log: { level: error, accesslog: { disabled: ${access_log_disabled:-false} } }"
        echo "storage: { filesystem: { rootdirectory: $work/$1 }, delete: { enabled: true } }"
        echo "http: { addr: $2 }"
        [ -z "$3" ] || echo "auth: { htpasswd: { realm: $1, path: $3 } }"
    } >"$work/$1.yml"
}

registry_answers() { # NAME HOST:PORT PID
    local wait
    registry_pid[$1]=$3
    for wait in $(seq 100); do
        # 401 is an answer too.
        if curl -s -o /dev/null "http://$2/v2/"; then return 0; fi
        sleep 0.1
    done
    echo "registry $1 did not answer on $2 after $wait tries, see $work/$1.log" >&2
    return 1
}

stop_registry() { # NAME
    local pid=${registry_pid[$1]:-}
    [ -n "$pid" ] || return 0
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    unset "registry_pid[$1]"
}

stop_registries() {
    local name
    for name in "${!registry_pid[@]}"; do stop_registry "$name"; done
}

# access_since NAME LINE [METHODS]: the requests of an access log after a line, as `METHOD path status`.
access_since() {
    tail -n "+$(($2 + 1))" "$work/$1.access" |
        sed -nE "s/^.*\"(${3:-[A-Z]+}) ([^ ]+) HTTP\/[0-9.]+\" ([0-9]+).*/\1 \2 \3/p"
}
access_lines() { wc -l <"$work/$1.access"; }

# --- the program under test -------------------------------------------------------------------------------------------

# Sets `fondaco`: the program that $FONDACO names, or a release build of this work tree.
find_fondaco() {
    fondaco="${FONDACO:-$CARGO_TARGET_DIR/release/fondaco}"
    [ -n "${FONDACO:-}" ] || cargo build --quiet --release --locked --manifest-path "$root/Cargo.toml"
    [ -x "$fondaco" ] || { echo "no program at $fondaco" >&2; return 1; }
}

# new_manifests WORK_TREE REMOTE: an empty manifest repository with a bare remote that writes down when it was pushed to.
new_manifests() {
    git init --quiet --bare --initial-branch=main "$2"
    git init --quiet --initial-branch=main "$1"
    git -C "$1" remote add origin "$2"
    # A line for each push: nanoseconds since 1970, and the commit.
    cat >"$2/hooks/post-receive" <<HOOK
#!/bin/sh
while read -r old new ref; do echo "\$(date +%s%N) \$new \$ref" >>"$2/pushes"; done
HOOK
    chmod +x "$2/hooks/post-receive"
    touch "$2/pushes"
}

commit_and_push() { # WORK_TREE MESSAGE
    git -C "$1" add --all
    git -C "$1" commit --quiet --message "$2"
    git -C "$1" push --quiet origin HEAD:main
}

# --- what is mirrored -------------------------------------------------------------------------------------------------

# debian_image REGISTRY/REPOSITORY:TAG: pushes an image of one Debian package, different for each name; prints its digest.
debian_image() {
    local folder="$work/rootfs"
    rm -rf "$folder"
    mkdir -p "$folder/etc" "$folder/var/lib/dpkg"
    printf 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n' >"$folder/etc/os-release"
    printf 'Package: tzdata\nStatus: install ok installed\nArchitecture: all\nVersion: 2025b-0+deb12u2\nDescription: time zones\n\n' \
        >"$folder/var/lib/dpkg/status"
    echo "$1" >"$folder/etc/name"
    tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$folder" -cf "$work/layer.tar" .
    crane append --insecure --oci-empty-base -f "$work/layer.tar" -t "$1" >>"$work/crane.log" 2>&1
    crane mutate --insecure --set-platform linux/amd64 -t "$1" "$1" >>"$work/crane.log" 2>&1
    crane digest --insecure "$1"
}

# debian_advisory FOLDER: an advisory that is about nothing in that image, so that the database speaks of its distribution.
debian_advisory() {
    mkdir -p "$1"
    cat >"$1/EXAMPLE-1.json" <<'JSON'
{"schema_version": "1.6.0", "id": "EXAMPLE-1", "modified": "2026-11-01T00:00:00Z", "published": "2026-11-01T00:00:00Z",
 "affected": [{"package": {"ecosystem": "Debian:12", "name": "tzdata"},
  "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2024a-0+deb12u1"}]}]}]}
JSON
}
