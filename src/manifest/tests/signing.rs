//! `Mirror.spec.signing`: what a reader makes of it, and what is printed for its mistakes.

use super::*;
use crate::model::Instant;

/// Two public keys of P-256 and one of P-384, made by openssl, with the SHA-256 of their SPKI by sha256sum.
const FIRST: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAElV/m9UKzzuiDd11tzPAEI/NV8zn/
BD3m80otMicET4Tq0IWkSq13kP7/VI7tEuGacZ30ykIYB7qbc0NisV07pA==
-----END PUBLIC KEY-----
";
pub(super) const FIRST_SHA256: &str =
    "sha256:89447cccb1ffca4a4915b060e4a105cc2c4c084b045e642831f7737405f7f937";
const SECOND: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEg3iJot+k6XKqnLEGByXNA0al87mY
X9lEo8pDEwlq4StCRiNKa2Mli5FS9bKLUeGMb8eaQExKCeWkm0x3/FrI0g==
-----END PUBLIC KEY-----
";
const SECOND_SHA256: &str = "sha256:11ec3cb71324d23c1674d11edbb8dac49e98b5ff5b3b1eb87134383668450eb0";
const P384: &str = "-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEF1nmdSLZI86VrakS/uTplZx2fYmfBTK6
8RLCc9ZS+ewpPmFnw2m9GWTdK+ka76R4/m8yIUH4AQKzzSg0Y+Ao4WFefHo9y7iU
+zywfOIKl/63T09OU5M3M8dOqV0PUCVA
-----END PUBLIC KEY-----
";
/// A key of Ed25519, made by openssl.
const LOG: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA/ix3gkLpn3JJcTK4sP3pcU8Cqs9ffovHDIyOxjp3rdQ=
-----END PUBLIC KEY-----
";
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

/// Returns a manifest repository whose mirror has this signing block, with keys and roots beside it.
pub(super) fn repository(signing: &str) -> String {
    format!(
        "=== fondaco.yaml
apiVersion: fondaco/v1alpha1
kind: Mirror
metadata: {{name: acme}}
spec:
  registry: registry.acme.example
  signing:
{signing}
=== keys/acme.pub
{FIRST}=== keys/old.pub
{SECOND}=== keys/p384.pub
{P384}=== keys/private.pem
-----BEGIN PRIVATE KEY-----
MIIB
-----END PRIVATE KEY-----
=== trust/tsa.pem
{CERTIFICATE}=== trust/tsa.json
{{\"timestampAuthorities\": [{{}}]}}
=== trust/empty.json
{{\"timestampAuthorities\": []}}
=== keys/log.pub
{LOG}=== trust/log.json
{{\"tlogs\": [{{\"logId\": {{\"keyId\": \"6YyvhqWE+CcfhjCUtnO71xV00aTf+efjeyy9yT/ndlw=\"}}}}]}}
=== trust/unnamed.json
{{\"tlogs\": [{{\"logId\": {{}}}}]}}
"
    )
}

pub(super) fn signing(block: &str) -> DesiredSigning {
    let files = files(&repository(block));
    match read(&files) {
        Ok(desired) => desired.mirror.signing,
        Err(diagnostics) => panic!("{}", render(&diagnostics, &files, false)),
    }
}

fn published(path: &str, pem: &str, fingerprint: &str) -> PublishedKey {
    PublishedKey { path: path.into(), pem: pem.into(), fingerprint: fingerprint.parse().unwrap() }
}

#[test]
fn a_key_file_needs_nothing_more() {
    let read = signing("    key: keys/acme.key");
    let expected =
        DesiredSigning { written: "fondaco.yaml:6".into(), ..DesiredSigning::file("keys/acme.key") };
    assert_eq!(read, expected);
    assert_eq!(read.public_path(), "keys/acme.pub");
    assert_eq!(signing("    key: ../acme.key\n    public: keys/old.pub").public_path(), "keys/old.pub");
}

#[test]
fn everything_about_a_key_of_transit_is_read() {
    let read = signing(
        "    transit: {address: https://vault.acme.example:8200/, mount: teams/transit, key: images, version: 3, namespace: eu, caFile: trust/tsa.pem}
    public: keys/acme.pub
    previous:
      - {path: keys/old.pub, until: 2027-02-28}
    timestamp: {url: http://tsa.acme.example/api/v1/timestamp, root: trust/tsa.json}",
    );
    let until: Instant = "2027-03-01T00:00:00Z".parse().unwrap();
    let text = "{\"timestampAuthorities\": [{}]}\n".to_owned();
    let root = TimestampRoot { path: "trust/tsa.json".into(), form: RootForm::TrustedRoot, text };
    let expected = DesiredSigning {
        key: SigningKeyPlace::Transit(DesiredTransit {
            address: "https://vault.acme.example:8200".into(),
            mount: "teams/transit".into(),
            key: "images".into(),
            version: Some(3),
            namespace: Some("eu".into()),
            authorities: Some(PemSource::Inside { path: "trust/tsa.pem".into(), text: CERTIFICATE.into() }),
        }),
        public: Some(published("keys/acme.pub", FIRST, FIRST_SHA256)),
        previous: vec![PreviousKey { until, public: published("keys/old.pub", SECOND, SECOND_SHA256) }],
        timestamp: Some(DesiredTimestamp { url: "http://tsa.acme.example/api/v1/timestamp".into(), root }),
        log: None,
        written: "fondaco.yaml:6".into(),
    };
    assert_eq!(read, expected);
    assert_eq!(read.previous[0].last_day(), "2027-02-28");
    let least =
        signing("    transit: {address: http://127.0.0.1:8200, key: images}\n    public: keys/acme.pub");
    let SigningKeyPlace::Transit(transit) = least.key else { panic!("{least:?}") };
    assert_eq!((transit.mount.as_str(), transit.version, transit.namespace), ("transit", None, None));
}

#[test]
fn a_key_behind_pkcs11_is_read() {
    let read = signing(
        "    pkcs11: {module: /usr/lib/softhsm/libsofthsm2.so, token: acme, key: Images 2027}\n    public: keys/acme.pub",
    );
    let (module, token) = ("/usr/lib/softhsm/libsofthsm2.so".into(), "acme".into());
    assert_eq!(read.key, SigningKeyPlace::Pkcs11(DesiredPkcs11 { module, token, key: "Images 2027".into() }));
}

#[test]
fn exactly_one_key_signs_and_it_is_published() {
    check(
        &repository("    public: keys/acme.pub"),
        expect![[r#"
            error[F0109]: a signing block needs exactly one of `key`, `transit` and `pkcs11`
             --> fondaco.yaml:6:3
              |
            6 |   signing:
              |   ^^^^^^^

            1 error in 1 file; nothing was done.
        "#]],
    );
    check(
        &repository("    key: keys/acme.key\n    pkcs11: {module: /lib/a.so, token: t, key: k}"),
        expect![[r#"
            error[F0110]: a signing block needs exactly one of `key`, `transit` and `pkcs11`
             --> fondaco.yaml:6:3
              |
            6 |   signing:
              |   ^^^^^^^

            1 error in 1 file; nothing was done.
        "#]],
    );
    check(
        &repository("    pkcs11: {module: /lib/a.so, token: t, key: k}"),
        expect![[r#"
            error[F0109]: `public` is missing: it is the key that consumers verify with
             --> fondaco.yaml:7:5
              |
            7 |     pkcs11: {module: /lib/a.so, token: t, key: k}
              |     ^
              |
              = help: write the public key into `keys/` and name it here; `cosign public-key --key hashivault://KEY` or `pkcs11-tool` prints it

            1 error in 1 file; nothing was done.
        "#]],
    );
}

#[test]
fn addresses_and_names_are_checked_where_they_stand() {
    check(
        &repository(
            "    transit: {address: http://vault.acme.example, mount: /transit, key: a/b, version: 0, caFile: keys/acme.pub}\n    public: keys/acme.pub",
        ),
        expect![[r#"
            error[F0110]: `http://vault.acme.example` is not an address
             --> fondaco.yaml:7:24
              |
            7 |     transit: {address: http://vault.acme.example, mount: /transit, key: a/b, version: 0, caFile: keys/acme.pub}
              |                        ^^^^^^^^^^^^^^^^^^^^^^^^^
              |
              = help: a token goes there: write `https://`, or `http://` only for `127.0.0.1`, `[::1]` and `localhost`

            error[F0110]: `/transit` is not a path
             --> fondaco.yaml:7:58
              |
            7 |     transit: {address: http://vault.acme.example, mount: /transit, key: a/b, version: 0, caFile: keys/acme.pub}
              |                                                          ^^^^^^^^
              |
              = help: write the path without `/` at its ends, such as `transit` or `teams/images/transit`

            error[F0110]: `a/b` is not the name of a key
             --> fondaco.yaml:7:73
              |
            7 |     transit: {address: http://vault.acme.example, mount: /transit, key: a/b, version: 0, caFile: keys/acme.pub}
              |                                                                         ^^^
              |
              = help: a key's name has letters, digits, `.`, `_` and `-`, such as `images`; versions are written beside it

            error[F0110]: `0` is no value for `version`
             --> fondaco.yaml:7:87
              |
            7 |     transit: {address: http://vault.acme.example, mount: /transit, key: a/b, version: 0, caFile: keys/acme.pub}
              |                                                                                       ^
              |
              = help: expected a whole number from 1 to 2147483647

            4 errors in 1 file; nothing was done.
        "#]],
    );
    check(
        &repository("    pkcs11: {module: libsofthsm2.so, token: \"\", key: k}\n    public: keys/acme.pub"),
        expect![[r#"
            error[F0110]: `libsofthsm2.so` is not an absolute path
             --> fondaco.yaml:7:22
              |
            7 |     pkcs11: {module: libsofthsm2.so, token: "", key: k}
              |                      ^^^^^^^^^^^^^^
              |
              = help: the path begins with `/`, has `/` between its parts and no `..`

            error[F0110]: `` is not a label
             --> fondaco.yaml:7:45
              |
            7 |     pkcs11: {module: libsofthsm2.so, token: "", key: k}
              |                                             ^^
              |
              = help: a label has 1 to 32 bytes, no control characters and no space at its ends

            2 errors in 1 file; nothing was done.
        "#]],
    );
}

#[test]
fn public_keys_are_public_and_of_the_one_kind() {
    check(
        &repository(
            "    key: keys/acme.key
    public: keys/p384.pub
    previous:
      - {path: keys/private.pem, until: 2027-02-28}
      - {path: keys/olt.pub, until: 2027-02-28}
      - {path: trust/tsa.pem, until: 2027-02-30}",
        ),
        expect![[r#"
            error[F0110]: the public key of `keys/p384.pub` is not one of ECDSA on P-256
             --> fondaco.yaml:8:13
              |
            8 |     public: keys/p384.pub
              |             ^^^^^^^^^^^^^
              |
              = help: the organisation signs with P-256 and SHA-256, the one scheme that every consumer takes

            error[F0110]: file `keys/private.pem` holds a private key
              --> fondaco.yaml:10:16
               |
            10 |       - {path: keys/private.pem, until: 2027-02-28}
               |                ^^^^^^^^^^^^^^^^
               |
               = help: a private key never lies in Git: replace it, everybody who can read the repository has it

            error[F0208]: key file `keys/olt.pub` is not there
              --> fondaco.yaml:11:16
               |
            11 |       - {path: keys/olt.pub, until: 2027-02-28}
               |                ^^^^^^^^^^^^ did you mean `keys/old.pub`?

            error[F0110]: `2027-02-30` is not a date
              --> fondaco.yaml:12:38
               |
            12 |       - {path: trust/tsa.pem, until: 2027-02-30}
               |                                      ^^^^^^^^^^
               |
               = help: a date is written year, month, day: `2026-11-21`

            4 errors in 1 file; nothing was done.
        "#]],
    );
    check(
        &repository(
            "    key: keys/acme.key
    public: keys/acme.pub
    previous:
      - {path: keys/acme.pub, until: 2027-02-28}
      - {path: keys/old.pub, until: 2027-02-28}
      - {path: keys/old.pub, until: 2027-03-31}",
        ),
        expect![[r#"
            error[F0205]: `keys/acme.pub` is the current key
              --> fondaco.yaml:10:16
               |
            10 |       - {path: keys/acme.pub, until: 2027-02-28}
               |                ^^^^^^^^^^^^^

            error[F0205]: `keys/old.pub` is the same key as `keys/old.pub`
              --> fondaco.yaml:12:16
               |
            12 |       - {path: keys/old.pub, until: 2027-03-31}
               |                ^^^^^^^^^^^^

            2 errors in 1 file; nothing was done.
        "#]],
    );
}

#[test]
fn a_time_stamp_authority_is_checked_with_something() {
    let with = |root: &str| {
        repository(&format!("    key: keys/acme.key\n    timestamp: {{url: tsa.acme.example, root: {root}}}"))
    };
    check(
        &with("trust/empty.json"),
        expect![[r#"
            error[F0110]: `tsa.acme.example` is not an address
             --> fondaco.yaml:8:22
              |
            8 |     timestamp: {url: tsa.acme.example, root: trust/empty.json}
              |                      ^^^^^^^^^^^^^^^^
              |
              = help: write the address with its scheme, such as `https://vault.acme.example:8200`, without user name, query and fragment

            1 error in 1 file; nothing was done.
        "#]],
    );
    let with = |root: &str| {
        let block = format!(
            "    key: keys/acme.key\n    timestamp: {{url: \"https://tsa.acme.example\", root: {root}}}"
        );
        codes(&repository(&block))
    };
    assert_eq!(with("trust/tsa.pem"), [""; 0]);
    assert_eq!(with("trust/empty.json"), ["F0110 8:56"]);
    assert_eq!(with("keys/acme.pub"), ["F0110 8:56"]);
    assert_eq!(with("keys/private.pem"), ["F0110 8:56"]);
    assert_eq!(with("trust/tsb.pem"), ["F0208 8:56"]);
}

#[test]
fn what_is_attested_is_named_by_its_words() {
    let with = |block: &str| repository(&format!("    key: keys/acme.key\n    {block}"));
    check(
        &with("attestations: [sbom, provenance, sbom]"),
        expect![[r#"
        error[F0110]: `provenance` is no value for `attestations`
         --> fondaco.yaml:8:26
          |
        8 |     attestations: [sbom, provenance, sbom]
          |                          ^^^^^^^^^^
          |
          = help: expected one of `sbom`, `scan`, `summary`, `custody`

        1 error in 1 file; nothing was done.
    "#]],
    );
    check(
        &with("attestations: custody"),
        expect![[r#"
        error[F0108]: expected a list for `attestations`, found text
         --> fondaco.yaml:8:19
          |
        8 |     attestations: custody
          |                   ^^^^^^^

        1 error in 1 file; nothing was done.
    "#]],
    );
    check(
        &with("custodyPredicate: custody"),
        expect![[r#"
        error[F0110]: `custody` is not a predicate type
         --> fondaco.yaml:8:23
          |
        8 |     custodyPredicate: custody
          |                       ^^^^^^^
          |
          = help: a predicate type is a URI, such as `https://acme.example/attestations/custody/v1`

        1 error in 1 file; nothing was done.
    "#]],
    );
    check(
        &with("dockerReference: tag"),
        expect![[r#"
        error[F0110]: `tag` is no value for `dockerReference`
         --> fondaco.yaml:8:22
          |
        8 |     dockerReference: tag
          |                      ^^^
          |
          = help: expected one of `repository`, `repositoryAndTag`

        1 error in 1 file; nothing was done.
    "#]],
    );
    assert_eq!(codes(&with("attestations: []")), [""; 0], "nothing is attested");
    assert_eq!(codes(&with("custodyPredicate: https://acme.example/attestations/custody/v1")), [""; 0]);
    assert_eq!(codes(&with("dockerReference: repositoryAndTag")), [""; 0]);
}

#[test]
fn a_time_stamp_authority_is_named_whole() {
    let with = |block: &str| repository(&format!("    key: keys/acme.key\n    timestamp: {block}"));
    check(
        &with("https://tsa.acme.example"),
        expect![[r#"
        error[F0108]: expected a map for `timestamp`, found text
         --> fondaco.yaml:8:16
          |
        8 |     timestamp: https://tsa.acme.example
          |                ^^^^^^^^^^^^^^^^^^^^^^^^

        1 error in 1 file; nothing was done.
    "#]],
    );
    check(
        &with("{url: \"https://tsa.acme.example?x=1\", root: ../tsa.pem, hash: sha512}"),
        expect![[r#"
        error[F0110]: `https://tsa.acme.example?x=1` is not an address
         --> fondaco.yaml:8:22
          |
        8 |     timestamp: {url: "https://tsa.acme.example?x=1", root: ../tsa.pem, hash: sha512}
          |                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          |
          = help: write the address with its scheme, such as `https://vault.acme.example:8200`, without user name, query and fragment

        error[F0110]: `../tsa.pem` is not a path
         --> fondaco.yaml:8:60
          |
        8 |     timestamp: {url: "https://tsa.acme.example?x=1", root: ../tsa.pem, hash: sha512}
          |                                                            ^^^^^^^^^^
          |
          = help: a path is relative to the manifest repository, with `/` between its parts and no `..`

        error[F0107]: unknown key `hash`
         --> fondaco.yaml:8:72
          |
        8 |     timestamp: {url: "https://tsa.acme.example?x=1", root: ../tsa.pem, hash: sha512}
          |                                                                        ^^^^
          |
          = help: keys of a timestamp block: root, url

        3 errors in 1 file; nothing was done.
    "#]],
    );
    check(
        &with("{root: trust/log.json}"),
        expect![[r#"
        error[F0109]: a timestamp block needs the key `url`
         --> fondaco.yaml:8:5
          |
        8 |     timestamp: {root: trust/log.json}
          |     ^^^^^^^^^
          |
          = help: `url`: Address that takes time-stamp requests (RFC 3161) by POST.

        1 error in 1 file; nothing was done.
    "#]],
    );
}
