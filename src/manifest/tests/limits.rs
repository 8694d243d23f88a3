//! `Registry.spec.limits`: whole numbers within reason.

use super::*;

#[test]
fn limits_are_whole_numbers_within_reason() {
    check(
        "\
=== registries/hub.yaml
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {name: docker.io}
spec: {limits: {requestsPerSecond: 0, concurrent: lots, concurent: 3}}
",
        expect![[r#"
            error[F0110]: `0` is no value for `requestsPerSecond`
             --> registries/hub.yaml:4:36
              |
            4 | spec: {limits: {requestsPerSecond: 0, concurrent: lots, concurent: 3}}
              |                                    ^
              |
              = help: expected a whole number from 1 to 10000

            error[F0108]: expected a whole number for `concurrent`, found text
             --> registries/hub.yaml:4:51
              |
            4 | spec: {limits: {requestsPerSecond: 0, concurrent: lots, concurent: 3}}
              |                                                   ^^^^

            error[F0107]: unknown key `concurent`
             --> registries/hub.yaml:4:57
              |
            4 | spec: {limits: {requestsPerSecond: 0, concurrent: lots, concurent: 3}}
              |                                                         ^^^^^^^^^ did you mean `concurrent`?
              |
              = help: keys of a limits block: concurrent, requestsPerSecond

            3 errors in 2 files; nothing was done.
        "#]],
    );
}
