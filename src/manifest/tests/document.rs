//! Mistakes within one document, and what is printed for them.

use super::*;

#[test]
fn an_unknown_key_is_answered_with_the_near_one() {
    check(
        "\
=== consumers/payments.yaml
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata:
  name: payments
spec:
  target: registry.acme.example/payments
  images: [web]
  gate:
      maxSeverty: high
=== images/web.yaml
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {name: web}
spec: {images: [{image: docker.io/library/nginx, tags: [\"1.28\"]}]}
",
        expect![[r#"
            error[F0107]: unknown key `maxSeverty`
             --> consumers/payments.yaml:9:7
              |
            9 |       maxSeverty: high
              |       ^^^^^^^^^^ did you mean `maxSeverity`?
              |
              = help: keys of a gate: cooldown, fixableOnly, knownExploited, licences, maxAge, maxSeverity, publisherVex, secrets, signature, unknownSeverity

            1 error in 3 files; nothing was done.
        "#]],
    );
}

#[test]
fn all_mistakes_of_all_files_are_found_at_once() {
    check(
        "\
=== consumers/archive.yaml
apiVersion: fondaco/v1
kind: Consumr
metadata: {name: Archive}
spec:
  target: nginx
  images: [wob, wob]
  gate: [strict]
=== gates/standard.yaml
apiVersion: fondaco/v1alpha1
kind: Gate
metadata: {name: standard, name: other}
spec: {maxSeverity: hgh, maxAge: 7, fixableOnly: \"yes\", signature: {}, pauses: 3d}
---
kind: Pod
---
- a list
=== images/broken.yaml
apiVersion: fondaco/v1alpha1
kind: {
=== images/web.yaml
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {name: web}
spec:
  images:
    - image: docker.io/library/nginx:1.28
      tags: [1.28]
    - image: docker.io/library/redis
      tags: []
      digest: sha256:abc
    - tags: [\"..\"]
=== trust/official.yaml
apiVersion: fondaco/v1alpha1
kind: TrustPolicy
metadata: {name: official}
spec:
  absent: warn
",
        expect![[r#"
            error[F0112]: unknown apiVersion `fondaco/v1`
             --> consumers/archive.yaml:1:13
              |
            1 | apiVersion: fondaco/v1
              |             ^^^^^^^^^^
              |
              = help: expected `fondaco/v1alpha1`

            error[F0111]: unknown kind `Consumr`
             --> consumers/archive.yaml:2:7
              |
            2 | kind: Consumr
              |       ^^^^^^^ did you mean `Consumer`?
              |
              = help: kinds: Mirror, Registry, ImageSet, Consumer, Gate, TrustPolicy, Withdrawal

            error[F0110]: `Archive` is not a name
             --> consumers/archive.yaml:3:18
              |
            3 | metadata: {name: Archive}
              |                  ^^^^^^^
              |
              = help: a name has lower-case letters, digits and `-`, at most 63, and begins and ends with a letter or digit

            error[F0110]: `nginx` is not a repository
             --> consumers/archive.yaml:5:11
              |
            5 |   target: nginx
              |           ^^^^^
              |
              = help: name the registry as well: `docker.io/library/nginx`

            error[F0203]: image set `wob` is not defined
             --> consumers/archive.yaml:6:12
              |
            6 |   images: [wob, wob]
              |            ^^^ did you mean `web`?
              |
              = help: defined image sets: `web` (images/web.yaml:3); not read to the end: images/broken.yaml

            error[F0205]: `wob` is listed twice
             --> consumers/archive.yaml:6:17
              |
            6 |   images: [wob, wob]
              |                 ^^^
              |
              = help: the first is in line 6

            error[F0108]: expected the name of a gate or a map for `gate`, found a list
             --> consumers/archive.yaml:7:9
              |
            7 |   gate: [strict]
              |         ^

            error[F0106]: key `name` is written twice
             --> gates/standard.yaml:3:28
              |
            3 | metadata: {name: standard, name: other}
              |                            ^^^^
              |
              = help: the first is in line 3

            error[F0110]: `hgh` is no value for `maxSeverity`
             --> gates/standard.yaml:4:21
              |
            4 | spec: {maxSeverity: hgh, maxAge: 7, fixableOnly: "yes", signature: {}, pauses: 3d}
              |                     ^^^ did you mean `high`?
              |
              = help: expected one of `negligible`, `low`, `medium`, `high`, `critical`

            error[F0108]: expected a period for `maxAge`, found the number `7`
             --> gates/standard.yaml:4:34
              |
            4 | spec: {maxSeverity: hgh, maxAge: 7, fixableOnly: "yes", signature: {}, pauses: 3d}
              |                                  ^
              |
              = help: a period is a whole number and `s`, `m`, `h`, `d` or `w`, such as `7d`

            error[F0108]: expected `true` or `false` for `fixableOnly`, found text
             --> gates/standard.yaml:4:50
              |
            4 | spec: {maxSeverity: hgh, maxAge: 7, fixableOnly: "yes", signature: {}, pauses: 3d}
              |                                                  ^^^^^

            error[F0108]: expected one of `required`, `optional` for `signature`, found a map
             --> gates/standard.yaml:4:68
              |
            4 | spec: {maxSeverity: hgh, maxAge: 7, fixableOnly: "yes", signature: {}, pauses: 3d}
              |                                                                    ^

            error[F0107]: unknown key `pauses`
             --> gates/standard.yaml:4:72
              |
            4 | spec: {maxSeverity: hgh, maxAge: 7, fixableOnly: "yes", signature: {}, pauses: 3d}
              |                                                                        ^^^^^^
              |
              = help: keys of a gate: cooldown, fixableOnly, knownExploited, licences, maxAge, maxSeverity, publisherVex, secrets, signature, unknownSeverity

            error[F0111]: unknown kind `Pod`
             --> gates/standard.yaml:6:7
              |
            6 | kind: Pod
              |       ^^^
              |
              = help: kinds: Mirror, Registry, ImageSet, Consumer, Gate, TrustPolicy, Withdrawal

            error[F0108]: expected a document: a map with `apiVersion`, `kind`, `metadata` and `spec`
             --> gates/standard.yaml:8:1
              |
            8 | - a list
              | ^
              |
              = help: kinds: Mirror, Registry, ImageSet, Consumer, Gate, TrustPolicy, Withdrawal

            error[F0101]: not valid YAML: while parsing a node, did not find expected node content
            --> images/broken.yaml:3:1

            error[F0110]: `docker.io/library/nginx:1.28` is not a repository
             --> images/web.yaml:6:14
              |
            6 |     - image: docker.io/library/nginx:1.28
              |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              |
              = help: name the repository alone, and tags beside it: `docker.io/library/nginx`, tags: ["1.28"]

            error[F0108]: expected a tag in `tags`, found the number `1.28`
             --> images/web.yaml:7:14
              |
            7 |       tags: [1.28]
              |              ^^^^ in quotes: `"1.28"`

            error[F0110]: `tags` needs at least one entry
             --> images/web.yaml:9:13
              |
            9 |       tags: []
              |             ^

            error[F0110]: `sha256:abc` is not a digest
              --> images/web.yaml:10:15
               |
            10 |       digest: sha256:abc
               |               ^^^^^^^^^^
               |
               = help: a digest is `sha256:` and 64 lower-case hexadecimal digits, or `sha512:` and 128

            error[F0109]: an image needs the key `image`
              --> images/web.yaml:11:7
               |
            11 |     - tags: [".."]
               |       ^
               |
               = help: `image`: The upstream repository with its registry's host.

            error[F0110]: `..` is not a tag
              --> images/web.yaml:11:14
               |
            11 |     - tags: [".."]
               |              ^^^^
               |
               = help: a tag has letters, digits, `_`, `.` and `-`, at most 128, and begins with a letter, digit or `_`

            error[F0110]: `warn` is no value for `absent`
             --> trust/official.yaml:5:11
              |
            5 |   absent: warn
              |           ^^^^
              |
              = help: expected one of `refuse`, `hold`, `record`

            23 errors in 6 files; nothing was done.
        "#]],
    );
}

#[test]
fn a_number_where_text_belongs_is_quoted_for_you() {
    check(
        "\
=== images/web.yaml
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {name: web}
spec:
  images:
    - {image: docker.io/library/nginx, tags: [1.28, true, null]}
",
        expect![[r#"
            error[F0108]: expected a tag in `tags`, found the number `1.28`
             --> images/web.yaml:6:47
              |
            6 |     - {image: docker.io/library/nginx, tags: [1.28, true, null]}
              |                                               ^^^^ in quotes: `"1.28"`

            error[F0108]: expected a tag in `tags`, found `true`
             --> images/web.yaml:6:53
              |
            6 |     - {image: docker.io/library/nginx, tags: [1.28, true, null]}
              |                                                     ^^^^ in quotes: `"true"`

            error[F0108]: expected a tag in `tags`, found nothing
             --> images/web.yaml:6:59
              |
            6 |     - {image: docker.io/library/nginx, tags: [1.28, true, null]}
              |                                                           ^^^^

            3 errors in 2 files; nothing was done.
        "#]],
    );
}

#[test]
fn a_missing_key_says_what_it_is_for() {
    check(
        "\
=== fondaco.yaml
apiVersion: fondaco/v1alpha1
kind: Mirror
metadata: {}
spec:
  quarantine:
---
apiVersion: fondaco/v1alpha1
---
kind: Gate
",
        expect![[r#"
            error[F0109]: a metadata block needs the key `name`
             --> fondaco.yaml:3:1
              |
            3 | metadata: {}
              | ^^^^^^^^
              |
              = help: `name`: Name, unique within its kind.

            error[F0109]: a mirror needs the key `registry`
             --> fondaco.yaml:4:1
              |
            4 | spec:
              | ^^^^
              |
              = help: `registry`: Host of the mirror's registry, with a path where only a part of it is the mirror's.

            error[F0109]: a mirror needs the key `signing`
             --> fondaco.yaml:4:1
              |
            4 | spec:
              | ^^^^
              |
              = help: `signing`: The key that signs what is promoted.

            error[F0108]: expected a repository for `quarantine`, found nothing
             --> fondaco.yaml:5:3
              |
            5 |   quarantine:
              |   ^^^^^^^^^^
              |
              = help: a repository is a host and a lower-case path, such as `docker.io/library/nginx`

            error[F0109]: the document has no `kind`
             --> fondaco.yaml:7:1
              |
            7 | apiVersion: fondaco/v1alpha1
              | ^
              |
              = help: kinds: Mirror, Registry, ImageSet, Consumer, Gate, TrustPolicy, Withdrawal

            error[F0109]: a document needs the key `apiVersion`
             --> fondaco.yaml:9:1
              |
            9 | kind: Gate
              | ^
              |
              = help: `apiVersion`: Which version of the format the document is written in: `fondaco/v1alpha1`.

            error[F0109]: a document needs the key `metadata`
             --> fondaco.yaml:9:1
              |
            9 | kind: Gate
              | ^
              |
              = help: `metadata`: How other documents and the evidence call it.

            error[F0109]: a document needs the key `spec`
             --> fondaco.yaml:9:1
              |
            9 | kind: Gate
              | ^
              |
              = help: `spec`: What it says.

            8 errors in 1 file; nothing was done.
        "#]],
    );
}

#[test]
fn the_printed_column_is_that_of_the_file_whatever_is_escaped_before_it() {
    let long = "k".repeat(400);
    check(
        &format!(
            "=== gates/a.yaml
apiVersion: fondaco/v1alpha1
kind: Gate
metadata: {{name: a}}
spec: {{\"\u{202e}\tü\": 1, maxage: 3d}}
---
apiVersion: fondaco/v1alpha1
kind: Gate
metadata: {{name: b}}
spec: {{ # {long}
  {long}: 1, maxage: 3d}}
"
        ),
        expect![[r#"
            error[F0107]: unknown key `\u{202e}\u{9}ü`
             --> gates/a.yaml:4:8
              |
            4 | spec: {"\u{202e} ü": 1, maxage: 3d}
              |        ^^^^^^^^^^^^
              |
              = help: keys of a gate: cooldown, fixableOnly, knownExploited, licences, maxAge, maxSeverity, publisherVex, secrets, signature, unknownSeverity

            error[F0107]: unknown key `maxage`
             --> gates/a.yaml:4:18
              |
            4 | spec: {"\u{202e} ü": 1, maxage: 3d}
              |                         ^^^^^^ did you mean `maxAge`?
              |
              = help: keys of a gate: cooldown, fixableOnly, knownExploited, licences, maxAge, maxSeverity, publisherVex, secrets, signature, unknownSeverity

            error[F0107]: unknown key `kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk…`
              --> gates/a.yaml:10:3
               |
            10 |   kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk…
               |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
               |
               = help: keys of a gate: cooldown, fixableOnly, knownExploited, licences, maxAge, maxSeverity, publisherVex, secrets, signature, unknownSeverity

            error[F0107]: unknown key `maxage`
              --> gates/a.yaml:10:408
               |
            10 | …kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk: 1, maxage: 3d}
               |                                          ^^^^^^ did you mean `maxAge`?
               |
               = help: keys of a gate: cooldown, fixableOnly, knownExploited, licences, maxAge, maxSeverity, publisherVex, secrets, signature, unknownSeverity

            4 errors in 2 files; nothing was done.
        "#]],
    );
}

#[test]
fn docker_content_trust_is_named_as_retired() {
    check(
        "\
=== trust/publisher.yaml
apiVersion: fondaco/v1alpha1
kind: TrustPolicy
metadata:
  name: publisher
spec:
  contentTrust: {server: \"https://notary.docker.io\"}
  dct: true
",
        expect![[r#"
            error[F0107]: unknown key `contentTrust`
             --> trust/publisher.yaml:6:3
              |
            6 |   contentTrust: {server: "https://notary.docker.io"}
              |   ^^^^^^^^^^^^ Docker Content Trust is retired
              |
              = help: notary.docker.io is shut down on 8 December 2026 and its signatures are not read; name the publisher's `keys` or `identities` (cosign), or a `notation` store (Notary Project); keys of a trust policy: absent, attestations, foreign, identities, invalid, keys, notation, root, signers, undeterminable

            error[F0107]: unknown key `dct`
             --> trust/publisher.yaml:7:3
              |
            7 |   dct: true
              |   ^^^ Docker Content Trust is retired
              |
              = help: notary.docker.io is shut down on 8 December 2026 and its signatures are not read; name the publisher's `keys` or `identities` (cosign), or a `notation` store (Notary Project); keys of a trust policy: absent, attestations, foreign, identities, invalid, keys, notation, root, signers, undeterminable

            2 errors in 2 files; nothing was done.
        "#]],
    );
}
