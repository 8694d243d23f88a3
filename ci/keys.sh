# shellcheck shell=bash
# What ci/trust-pkcs11 and ci/trust-timestamp share: a registry with one image, and a manifest repository that promotes
# it. Sourced after ci/lib.sh, never run. Callers set `work` and `fondaco`.
# shellcheck disable=SC2154  # work, fondaco

# one_image: a registry on loopback in $host, with an image of one Debian package as $host/upstream/image:1.
one_image() {
    host="127.0.0.1:$(free_port)"
    start_olareg registry "$host"
    # shellcheck disable=SC2034  # for those who source this
    digest="$(debian_image "$host/upstream/image:1")"
}

# one_mirror: a manifest repository in $manifests that pins advisories and has no signing block yet.
one_mirror() {
    manifests="$work/manifests"
    new_manifests "$manifests" "$work/remote.git"
    mkdir -p "$manifests/keys" "$manifests/trust"
    debian_advisory "$work/advisories"
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
