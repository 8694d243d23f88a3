//! `Registry.spec.kind` and `spec.behaviour`.

use super::*;
use crate::registry::{ActionGroup, BehaviourOverrides, MountSupport, Rate, RegistryKind};

const MORE: &str = "\
=== registries/acme.yaml
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {name: registry.acme.example}
spec:
  kind: harbor
  behaviour:
    mount: afterManifest
    sparseIndex: true
    chunkBytes: 8388608
    rates:
      - {group: all, requests: 50, seconds: 1}
---
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {name: 123456789012.dkr.ecr.eu-west-3.amazonaws.com}
spec: {behaviour: {createRepositories: true, chunkBytes: 8388608, chunksBroken: false}}
";

#[test]
fn stated_behaviour_is_what_is_stated_and_nothing_else() {
    let mut all = files(MORE);
    all.push(SourceFile { path: "fondaco.yaml".into(), text: MIRROR.into() });
    let desired = read(&all).unwrap();
    let acme = &desired.registries["registry.acme.example"];
    assert_eq!(acme.kind, Some(RegistryKind::Harbor));
    let expected = BehaviourOverrides {
        mount: Some(MountSupport::AfterManifest),
        sparse_index: Some(true),
        chunk_bytes: Some(8_388_608),
        rates: Some(vec![Rate::new(ActionGroup::All, 50, 1)]),
        ..BehaviourOverrides::default()
    };
    assert_eq!(acme.behaviour, expected);
    let ecr = &desired.registries["123456789012.dkr.ecr.eu-west-3.amazonaws.com"];
    assert_eq!((ecr.kind, ecr.behaviour.create_repositories), (None, Some(true)));
}

#[test]
fn values_that_are_none_are_shown_with_what_would_be() {
    check(
        "\
=== registries/acme.yaml
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {name: registry.acme.example}
spec:
  kind: harbour
  behaviour:
    mount: sometimes
    chunkBytes: 100
    chunkSize: 5
    readBack: 1
    rates:
      - {group: all, requests: 0, seconds: -1}
      - {group: all, requests: lots}
",
        expect![[r#"
            error[F0111]: unknown kind `harbour`
             --> registries/acme.yaml:5:9
              |
            5 |   kind: harbour
              |         ^^^^^^^ did you mean `harbor`?
              |
              = help: expected one of `dockerHub`, `ecr`, `ecrPublic`, `ghcr`, `gar`, `acr`, `quay`, `harbor`, `gitlab`, `artifactory`, `zot`, `nexus`, `aliyun`, `scaleway`, `ovhcloud`, `distribution`, `distribution2`

            error[F0110]: `sometimes` is no value for `mount`
             --> registries/acme.yaml:7:12
              |
            7 |     mount: sometimes
              |            ^^^^^^^^^
              |
              = help: expected one of `immediate`, `afterManifest`, `never`

            error[F0110]: `100` is no value for `chunkBytes`
             --> registries/acme.yaml:8:17
              |
            8 |     chunkBytes: 100
              |                 ^^^
              |
              = help: expected a whole number from 65536 to 1073741824

            error[F0107]: unknown key `chunkSize`
             --> registries/acme.yaml:9:5
              |
            9 |     chunkSize: 5
              |     ^^^^^^^^^
              |
              = help: keys of a behaviour block: chunkBytes, chunksBroken, createRepositories, fallbackBesideApi, headBlobUnreliable, headFirst, immutableTags, mount, rates, readBack, renewOnForbidden, sparseIndex

            error[F0108]: expected `true` or `false` for `readBack`, found the number `1`
              --> registries/acme.yaml:10:15
               |
            10 |     readBack: 1
               |               ^

            error[F0110]: `0` is no value for `requests`
              --> registries/acme.yaml:12:32
               |
            12 |       - {group: all, requests: 0, seconds: -1}
               |                                ^
               |
               = help: expected a whole number from 1 to 1000000

            error[F0110]: `-1` is no value for `seconds`
              --> registries/acme.yaml:12:44
               |
            12 |       - {group: all, requests: 0, seconds: -1}
               |                                            ^^
               |
               = help: expected a whole number from 1 to 86400

            error[F0109]: a rate needs the key `seconds`
              --> registries/acme.yaml:13:9
               |
            13 |       - {group: all, requests: lots}
               |         ^
               |
               = help: `seconds`: Length of the window, in seconds.

            error[F0108]: expected a whole number for `requests`, found text
              --> registries/acme.yaml:13:32
               |
            13 |       - {group: all, requests: lots}
               |                                ^^^^

            9 errors in 2 files; nothing was done.
        "#]],
    );
}

#[test]
fn what_a_kind_cannot_do_is_not_asked_of_it() {
    check(
        "\
=== registries/acme.yaml
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {name: registry.acme.example}
spec: {kind: harbor, behaviour: {createRepositories: true}}
---
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {name: ghcr.io}
spec: {behaviour: {chunkBytes: 4194304}}
---
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {name: other.acme.example}
spec: {behaviour: {createRepositories: true, chunkBytes: 4194304}}
",
        expect![[r#"
            error[F0110]: repositories of Harbor cannot be created
             --> registries/acme.yaml:4:54
              |
            4 | spec: {kind: harbor, behaviour: {createRepositories: true}}
              |                                                      ^^^^
              |
              = help: Fondaco can create repositories of Amazon ECR (`kind: ecr`); others are created by their owner

            error[F0110]: GitHub Container Registry does not keep uploads in chunks whole
             --> registries/acme.yaml:9:32
              |
            9 | spec: {behaviour: {chunkBytes: 4194304}}
              |                                ^^^^^^^
              |
              = help: leave `chunkBytes` out, or say `chunksBroken: false` where `fondaco doctor` finds that repaired

            error[F0110]: repositories of a registry of unknown kind cannot be created
              --> registries/acme.yaml:14:40
               |
            14 | spec: {behaviour: {createRepositories: true, chunkBytes: 4194304}}
               |                                        ^^^^
               |
               = help: Fondaco can create repositories of Amazon ECR (`kind: ecr`); others are created by their owner

            3 errors in 2 files; nothing was done.
        "#]],
    );
}
