//! Mistakes that only show between documents, and what is printed for them.

use super::*;

#[test]
fn a_name_that_is_not_defined_is_answered_with_the_defined_ones() {
    check(
        "\
=== consumers/archive.yaml
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {name: archive}
spec:
  target: registry.acme.example/archive
  images: [wob]
  gate: strict
=== gates/standard.yaml
apiVersion: fondaco/v1alpha1
kind: Gate
metadata: {name: standard}
spec: {maxSeverity: medium}
=== images/web.yaml
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {name: web}
spec:
  trust: official
  images:
    - {image: docker.io/library/nginx, tags: [\"1.28\"]}
",
        expect![[r#"
            error[F0203]: image set `wob` is not defined
             --> consumers/archive.yaml:6:12
              |
            6 |   images: [wob]
              |            ^^^ did you mean `web`?
              |
              = help: defined image sets: `web` (images/web.yaml:3)

            error[F0203]: gate `strict` is not defined
             --> consumers/archive.yaml:7:9
              |
            7 |   gate: strict
              |         ^^^^^^
              |
              = help: defined gates: `standard` (gates/standard.yaml:3)

            error[F0203]: trust policy `official` is not defined
             --> images/web.yaml:5:10
              |
            5 |   trust: official
              |          ^^^^^^^^
              |
              = help: no trust policy is defined

            3 errors in 4 files; nothing was done.
        "#]],
    );
}

#[test]
fn exactly_one_mirror() {
    check(
        "\
=== images/web.yaml
# kind: Mirror is nowhere
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {name: web}
spec: {images: [{image: docker.io/library/nginx, tags: [\"1.28\"]}]}
",
        expect![[r#"
            error[F0201]: no document of kind `Mirror`
             |
             = help: `fondaco.yaml` usually holds it: `kind: Mirror`, with `spec.registry` and `spec.signing.key`

            1 error in 1 file; nothing was done.
        "#]],
    );
    let second = MIRROR.replace("acme}", "other}");
    check(
        &format!("=== fondaco.yaml\n{MIRROR}---\n{second}"),
        expect![[r#"
        error[F0202]: more than one document of kind `Mirror`
          --> fondaco.yaml:10:18
           |
        10 | metadata: {name: other}
           |                  ^^^^^
           |
           = help: the first is in fondaco.yaml:3; a manifest repository has one

        1 error in 1 file; nothing was done.
    "#]],
    );
}

#[test]
fn one_name_is_one_document() {
    check(
        "\
=== gates/a.yaml
apiVersion: fondaco/v1alpha1
kind: Gate
metadata: {name: strict}
spec: {}
---
apiVersion: fondaco/v1alpha1
kind: Gate
metadata: {name: strict}
spec: {}
---
apiVersion: fondaco/v1alpha1
kind: Gate
metadata: {name: inline}
spec: {}
=== registries/a.yaml
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {name: docker.io}
spec: {}
---
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {name: hub}
spec: {host: docker.io}
---
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {name: quay}
spec: {}
",
        expect![[r#"
            error[F0204]: gate `strict` is defined twice
             --> gates/a.yaml:8:18
              |
            8 | metadata: {name: strict}
              |                  ^^^^^^
              |
              = help: the first is in gates/a.yaml:3

            error[F0110]: `inline` is no name for a gate: records use it where there is none
              --> gates/a.yaml:13:18
               |
            13 | metadata: {name: inline}
               |                  ^^^^^^

            error[F0204]: registry host `docker.io` has two documents
             --> registries/a.yaml:9:14
              |
            9 | spec: {host: docker.io}
              |              ^^^^^^^^^
              |
              = help: the first is in registries/a.yaml:3

            error[F0109]: registry `quay` needs `spec.host`, because its name is no host
              --> registries/a.yaml:13:18
               |
            13 | metadata: {name: quay}
               |                  ^^^^
               |
               = help: a host has a dot or a port, or is `localhost`: `registry.acme.example`, `localhost:5000`

            4 errors in 3 files; nothing was done.
        "#]],
    );
}

#[test]
fn one_destination_tag_has_one_source() {
    check(
        "\
=== consumers/all.yaml
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {name: payments}
spec: {target: registry.acme.example/shared, images: [web]}
---
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {name: search}
spec: {target: registry.acme.example/shared, images: [cache]}
---
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {name: shop}
spec: {target: registry.acme.example/shop, images: [web, cache]}
---
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {name: third}
spec: {target: registry.acme.example/shared, images: [web]}
=== images/all.yaml
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {name: cache}
spec:
  images:
    - image: quay.io/redis
      tags:
        - \"6\"
        - \"7\"
---
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {name: web}
spec:
  images:
    - {image: docker.io/library/redis, tags: [\"7\"]}
    - {image: docker.io/library/redis, tags: [\"7\", \"8\"]}
",
        expect![[r#"
            error[F0206]: two images claim `registry.acme.example/shared/redis:7`: `docker.io/library/redis:7` and `quay.io/redis:7`
             --> images/all.yaml:9:11
              |
            9 |         - "7"
              |           ^^^
              |
              = help: the first is in images/all.yaml:16; consumers `payments` and `search` share a target

            error[F0206]: two images claim `registry.acme.example/shop/redis:7`: `quay.io/redis:7` and `docker.io/library/redis:7`
              --> images/all.yaml:16:47
               |
            16 |     - {image: docker.io/library/redis, tags: ["7"]}
               |                                               ^^^
               |
               = help: the first is in images/all.yaml:9; consumer `shop` asks for both

            error[F0205]: `docker.io/library/redis:7` is listed twice in image set `web`
              --> images/all.yaml:17:47
               |
            17 |     - {image: docker.io/library/redis, tags: ["7", "8"]}
               |                                               ^^^
               |
               = help: the first is in images/all.yaml:16

            3 errors in 3 files; nothing was done.
        "#]],
    );
}

#[test]
fn nothing_is_pulled_from_the_quarantine() {
    check(
        "\
=== consumers/all.yaml
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {name: inside}
spec: {target: registry.acme.example/quarantine/payments, images: [web]}
---
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {name: beside}
spec: {target: registry.acme.example/quarantined, images: [web]}
---
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {name: elsewhere}
spec: {target: registry.other.example/quarantine, images: [web]}
=== images/all.yaml
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {name: web}
spec: {images: [{image: docker.io/library/nginx, tags: [\"1.28\"]}]}
",
        expect![[r#"
            error[F0207]: distribution `registry.acme.example/quarantine/payments` lies inside the quarantine `registry.acme.example/quarantine`
             --> consumers/all.yaml:4:16
              |
            4 | spec: {target: registry.acme.example/quarantine/payments, images: [web]}
              |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              |
              = help: no consumer may pull from the quarantine; give the consumer another target

            1 error in 3 files; nothing was done.
        "#]],
    );
    let mirror = MIRROR.replace("  signing", "  quarantine: registry.acme.example/a/nginx\n  signing");
    check(
        &format!(
            "\
=== fondaco.yaml
{mirror}---
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {{name: web}}
spec: {{images: [{{image: docker.io/library/nginx, tags: [\"1.28\"]}}]}}
---
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {{name: a}}
spec: {{target: registry.acme.example/a, images: [web]}}
"
        ),
        expect![[r#"
            error[F0207]: distribution `registry.acme.example/a/nginx` lies inside the quarantine `registry.acme.example/a/nginx`
              --> fondaco.yaml:17:16
               |
            17 | spec: {target: registry.acme.example/a, images: [web]}
               |                ^^^^^^^^^^^^^^^^^^^^^^^
               |
               = help: no consumer may pull from the quarantine; give the consumer another target

            1 error in 1 file; nothing was done.
        "#]],
    );
}

#[test]
fn keys_of_a_policy_are_public_keys_that_exist() {
    check(
        "\
=== trust/policies.yaml
apiVersion: fondaco/v1alpha1
kind: TrustPolicy
metadata: {name: official}
spec:
  keys:
    - {name: missing, path: trust/nginx.pub}
    - {name: missing, path: trust/private.pub}
    - {name: elsewhere, path: docs/nginx.txt}
    - {name: outside, path: ../nginx.pub}
    - {name: none}
    - {name: both, path: trust/ngin.pub, pem: \"-----BEGIN PUBLIC KEY-----\\nMFkw\\n-----END PUBLIC KEY-----\"}
    - {name: text, pem: MFkw}
=== trust/ngin.pub
-----BEGIN PUBLIC KEY-----
MFkw
-----END PUBLIC KEY-----
=== trust/private.pub
-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----
MFkw
-----END ENCRYPTED SIGSTORE PRIVATE KEY-----
",
        expect![[r#"
            error[F0208]: key file `trust/nginx.pub` is not there
             --> trust/policies.yaml:6:29
              |
            6 |     - {name: missing, path: trust/nginx.pub}
              |                             ^^^^^^^^^^^^^^^ did you mean `trust/ngin.pub`?

            error[F0205]: key `missing` is named twice
             --> trust/policies.yaml:7:14
              |
            7 |     - {name: missing, path: trust/private.pub}
              |              ^^^^^^^

            error[F0110]: file `trust/private.pub` is not a public key
             --> trust/policies.yaml:7:29
              |
            7 |     - {name: missing, path: trust/private.pub}
              |                             ^^^^^^^^^^^^^^^^^
              |
              = help: a public key is PEM text from `-----BEGIN PUBLIC KEY-----` to `-----END PUBLIC KEY-----`

            error[F0208]: key file `docs/nginx.txt` is not there
             --> trust/policies.yaml:8:31
              |
            8 |     - {name: elsewhere, path: docs/nginx.txt}
              |                               ^^^^^^^^^^^^^^
              |
              = help: files `*.pub` and `*.pem` below `trust/` and `keys/`, and `*.json` below `trust/`, are read besides manifests

            error[F0110]: `../nginx.pub` is not a path
             --> trust/policies.yaml:9:29
              |
            9 |     - {name: outside, path: ../nginx.pub}
              |                             ^^^^^^^^^^^^
              |
              = help: a path is relative to the manifest repository, with `/` between its parts and no `..`

            error[F0109]: a key needs exactly one of `path` and `pem`
              --> trust/policies.yaml:10:7
               |
            10 |     - {name: none}
               |       ^

            error[F0110]: a key needs exactly one of `path` and `pem`
              --> trust/policies.yaml:11:7
               |
            11 |     - {name: both, path: trust/ngin.pub, pem: "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----"}
               |       ^

            error[F0110]: `MFkw` is not a public key
              --> trust/policies.yaml:12:25
               |
            12 |     - {name: text, pem: MFkw}
               |                         ^^^^
               |
               = help: a public key is PEM text from `-----BEGIN PUBLIC KEY-----` to `-----END PUBLIC KEY-----`

            8 errors in 2 files; nothing was done.
        "#]],
    );
}

#[test]
fn an_image_is_pinned_once_and_trusted_once() {
    let digest = crate::model::Digest::sha256(b"x");
    check(
        &format!(
            "\
=== images/a.yaml
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {{name: a}}
spec:
  images:
    - image: docker.io/library/nginx
      tags: [\"1\", \"2\"]
      digest: {digest}
=== images/b.yaml
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {{name: b}}
spec:
  trust: official
  images: [{{image: docker.io/library/nginx, tags: [\"2\"]}}]
=== trust/official.yaml
apiVersion: fondaco/v1alpha1
kind: TrustPolicy
metadata: {{name: official}}
spec: {{keys: [{{name: nginx, pem: \"{KEY_IN_QUOTES}\"}}]}}
"
        ),
        expect![[r#"
            error[F0110]: a digest pins one tag, and 2 are listed
             --> images/a.yaml:8:15
              |
            8 |       digest: sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881
              |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              |
              = help: write one entry for each tag

            error[F0209]: `docker.io/library/nginx:2` is asked for under no trust policy and trust policy `official`
             --> images/b.yaml:6:52
              |
            6 |   images: [{image: docker.io/library/nginx, tags: ["2"]}]
              |                                                    ^^^
              |
              = help: the first is in images/a.yaml:7

            2 errors in 4 files; nothing was done.
        "#]],
    );
}
