# shellcheck shell=bash
# What ci/trust-pkcs11 and ci/trust-timestamp share: a registry with one image, and a manifest repository that promotes
# it. Sourced after ci/lib.sh, never run. Callers set `work` and `fondaco`.
# shellcheck disable=SC2154  # work, fondaco

# one_image: a registry on loopback in $host, with an image of one Debian package as $host/upstream/image:1.
one_image() {
    host="127.0.0.1:$(free_port)"
    start_olareg registry "$host"
    local folder="$work/rootfs"
    mkdir -p "$folder/etc" "$folder/var/lib/dpkg"
    printf 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n' >"$folder/etc/os-release"
    printf 'Package: tzdata\nStatus: install ok installed\nArchitecture: all\nVersion: 2025b-0+deb12u2\nDescription: time zones\n\n' \
        >"$folder/var/lib/dpkg/status"
    tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$folder" -cf "$work/layer.tar" .
    crane append --insecure --oci-empty-base -f "$work/layer.tar" -t "$host/upstream/image:1" >>"$work/crane.log" 2>&1
    crane mutate --insecure --set-platform linux/amd64 -t "$host/upstream/image:1" "$host/upstream/image:1" \
        >>"$work/crane.log" 2>&1
    # shellcheck disable=SC2034  # for those who source this
    digest="$(crane digest --insecure "$host/upstream/image:1")"
}

# one_mirror: a manifest repository in $manifests that pins advisories and has no signing block yet.
one_mirror() {
    manifests="$work/manifests"
    new_manifests "$manifests" "$work/remote.git"
    mkdir -p "$manifests/keys" "$manifests/trust" "$work/advisories"
    cat >"$work/advisories/EXAMPLE-1.json" <<'JSON'
{"schema_version": "1.6.0", "id": "EXAMPLE-1", "modified": "2026-11-01T00:00:00Z", "published": "2026-11-01T00:00:00Z",
 "affected": [{"package": {"ecosystem": "Debian:12", "name": "tzdata"},
  "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2024a-0+deb12u1"}]}]}]}
JSON
}

# manifest CONSUMER LINE…: writes and pushes the manifests; the lines are those of the signing block.
manifest() {
    local consumer=$1
    shift
    {
        printf 'apiVersion: fondaco/v1alpha1\nkind: Mirror\nmetadata: {name: keys}\nspec:\n  registry: "%s"\n  signing:\n' "$host"
        printf '    %s\n' "$@"
        cat <<YAML
---
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {name: loopback}
spec: {host: "$host", plainHTTP: true}
---
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {name: one}
spec: {images: [{image: "$host/upstream/image", tags: ["1"]}]}
---
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {name: $consumer}
spec: {target: "$host/$consumer", images: [one], gate: {maxSeverity: critical, maxAge: 520w}}
YAML
    } >"$manifests/fondaco.yaml"
    if [ ! -e "$manifests/lock/advisories.lock.json" ]; then
        commit_and_push "$manifests" "Ask for an image"
        run import advisories import "$work/advisories"
        equal "the advisories are imported" "$code" 0
    fi
    commit_and_push "$manifests" "Change the signing block"
}

run() { # NAME VERB…: stdout in NAME.out, stderr in NAME.err, the exit code in $code
    code=0
    "$fondaco" "${@:2}" --repository "$manifests" >"$work/$1.out" 2>"$work/$1.err" || code=$?
}

# pull: brings the evidence of a run into the work tree.
pull() { git -C "$manifests" pull --quiet --rebase origin main; }

tagged() { crane digest --insecure "$host/$1/upstream/image:1"; }
