//! What the files and words of a trust policy have to hold: a mistake that only a run would meet is shown before it.

use super::*;
use crate::trust::root::Instance;

const SUBJECT: &str = "x509.subject: C=DE, O=Example";

/// Returns a certificate as PEM text.
fn certificate() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    rcgen::CertificateParams::default().self_signed(&key).unwrap().pem()
}

/// Returns a policy with these lines below `spec`, and these files.
fn repository(spec: &str, files: &[(&str, &str)]) -> String {
    let mut text = format!(
        "=== trust/policy.yaml\napiVersion: fondaco/v1alpha1\nkind: TrustPolicy\nmetadata: {{name: publisher}}\nspec:\n{spec}"
    );
    for (path, content) in files {
        text.push_str(&format!("=== {path}\n{content}\n"));
    }
    text
}

#[test]
fn files_that_hold_what_they_should_are_no_mistake() {
    let root = Instance::PublicGood.embedded().unwrap();
    let (one, two) = (certificate(), certificate() + &certificate());
    let key = KEY_IN_QUOTES.replace("\\n", "\n");
    check(
        &repository(
            &format!(
                "  root: trust/own.trusted_root.json
  identities: [{{name: web, issuer: none, identity: web@acme.example}}]
  keys: [{{name: file, path: keys/acme.pub}}, {{name: text, pem: \"{KEY_IN_QUOTES}\"}}]
  notation:
    - {{name: vendor, trustStore: trust/vendor.pem, timestampStore: trust/clock.pem, identities: [\"{SUBJECT}\"]}}
    - {{name: anybody, trustStore: trust/vendor.pem, identities: [\"*\"]}}
"
            ),
            &[
                ("trust/own.trusted_root.json", root.text()),
                ("trust/vendor.pem", &one),
                ("trust/clock.pem", &two),
                ("keys/acme.pub", &key),
            ],
        ),
        expect![[r#"
            no mistake
        "#]],
    );
}

#[test]
fn what_a_run_could_not_read_is_shown_at_its_place_and_all_at_once() {
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
    let cut = certificate() + "-----BEGIN CERTIFICATE-----\nAAAA";
    let second = certificate() + broken;
    let no_one = r#"{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#;
    check(
        &repository(
            "  root: trust/text.json
  identities: [{name: web, issuer: none, identity: web@acme.example}]
  keys:
    - {name: file, path: keys/acme.pub}
    - {name: text, pem: \"-----BEGIN PUBLIC KEY-----\\nMFkw\\n-----END PUBLIC KEY-----\"}
  notation:
    - {name: a, trustStore: trust/empty.pem, timestampStore: trust/key.pem, identities: [\"O=Example\", \"*\"]}
    - {name: b, trustStore: trust/broken.pem, identities: [\"x509.subject: ORG=Example\", \"x509.subject: O=a, O=b\"]}
    - {name: c, trustStore: trust/private.pem, timestampStore: trust/cut.pem, identities: [\"*\"]}
    - {name: d, trustStore: trust/second.pem, identities: [\"x509.subject: O=Example+OU=Builds\"]}
---
apiVersion: fondaco/v1alpha1
kind: TrustPolicy
metadata: {name: other}
spec:
  root: trust/nobody.json
  identities: [{name: web, issuer: none, identity: web@acme.example}]
",
            &[
                ("trust/text.json", "not a root"),
                ("trust/nobody.json", no_one),
                ("keys/acme.pub", "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----"),
                ("trust/empty.pem", ""),
                ("trust/key.pem", &KEY_IN_QUOTES.replace("\\n", "\n")),
                ("trust/broken.pem", broken),
                ("trust/private.pem", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"),
                ("trust/cut.pem", &cut),
                ("trust/second.pem", &second),
            ],
        ),
        expect![[r#"
            error[F0110]: file `trust/text.json` is no trusted root of a Sigstore instance: expected ident at line 1 column 2
             --> trust/policy.yaml:5:9
              |
            5 |   root: trust/text.json
              |         ^^^^^^^^^^^^^^^
              |
              = help: `fondaco trust refresh` writes one; of an instance of your own it is what its TUF repository has as `trusted_root.json`

            error[F0110]: file `keys/acme.pub` is no public key that signatures are verified with: Invalid key: Invalid SPKI: ASN.1 error: ASN.1 DER message is incomplete: expected 91, actual 3 at DER byte 2
             --> trust/policy.yaml:8:26
              |
            8 |     - {name: file, path: keys/acme.pub}
              |                          ^^^^^^^^^^^^^
              |
              = help: publishers sign with ECDSA on P-256 or P-384, with RSA or with Ed25519

            error[F0110]: key `text` is no public key that signatures are verified with: Invalid key: Invalid SPKI: ASN.1 error: ASN.1 DER message is incomplete: expected 91, actual 3 at DER byte 2
             --> trust/policy.yaml:9:25
              |
            9 |     - {name: text, pem: "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----"}
              |                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              |
              = help: publishers sign with ECDSA on P-256 or P-384, with RSA or with Ed25519

            error[F0110]: file `trust/empty.pem` is no trust store: no certificate is in it
              --> trust/policy.yaml:11:29
               |
            11 |     - {name: a, trustStore: trust/empty.pem, timestampStore: trust/key.pem, identities: ["O=Example", "*"]}
               |                             ^^^^^^^^^^^^^^^
               |
               = help: a trust store holds certificates as PEM text, from `-----BEGIN CERTIFICATE-----` to `-----END CERTIFICATE-----`; `openssl x509 -inform der` converts others

            error[F0110]: file `trust/key.pem` is no trust store: no certificate is in it
              --> trust/policy.yaml:11:62
               |
            11 |     - {name: a, trustStore: trust/empty.pem, timestampStore: trust/key.pem, identities: ["O=Example", "*"]}
               |                                                              ^^^^^^^^^^^^^
               |
               = help: a trust store holds certificates as PEM text, from `-----BEGIN CERTIFICATE-----` to `-----END CERTIFICATE-----`; `openssl x509 -inform der` converts others

            error[F0110]: `O=Example` is no Notation identity: expected `x509.subject:` and a distinguished name, or `*`
              --> trust/policy.yaml:11:90
               |
            11 |     - {name: a, trustStore: trust/empty.pem, timestampStore: trust/key.pem, identities: ["O=Example", "*"]}
               |                                                                                          ^^^^^^^^^^^
               |
               = help: an identity is `x509.subject: C=DE, ST=Berlin, O=Example` with the parts that have to be there, or `*`; `fondaco trust observe IMAGE --trust-store FILE` proposes it

            error[F0110]: file `trust/broken.pem` is no trust store: a certificate is malformed: unknown/unsupported ASN.1 DER tag: 0x00 (number 1)
              --> trust/policy.yaml:12:29
               |
            12 |     - {name: b, trustStore: trust/broken.pem, identities: ["x509.subject: ORG=Example", "x509.subject: O=a, O=b"]}
               |                             ^^^^^^^^^^^^^^^^
               |
               = help: a trust store holds certificates as PEM text, from `-----BEGIN CERTIFICATE-----` to `-----END CERTIFICATE-----`; `openssl x509 -inform der` converts others

            error[F0110]: `x509.subject: ORG=Example` is no Notation identity: `ORG` is no known part of a name
              --> trust/policy.yaml:12:60
               |
            12 |     - {name: b, trustStore: trust/broken.pem, identities: ["x509.subject: ORG=Example", "x509.subject: O=a, O=b"]}
               |                                                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^
               |
               = help: an identity is `x509.subject: C=DE, ST=Berlin, O=Example` with the parts that have to be there, or `*`; `fondaco trust observe IMAGE --trust-store FILE` proposes it

            error[F0110]: `x509.subject: O=a, O=b` is no Notation identity: `O` occurs twice
              --> trust/policy.yaml:12:89
               |
            12 |     - {name: b, trustStore: trust/broken.pem, identities: ["x509.subject: ORG=Example", "x509.subject: O=a, O=b"]}
               |                                                                                         ^^^^^^^^^^^^^^^^^^^^^^^^
               |
               = help: an identity is `x509.subject: C=DE, ST=Berlin, O=Example` with the parts that have to be there, or `*`; `fondaco trust observe IMAGE --trust-store FILE` proposes it

            error[F0110]: file `trust/private.pem` holds a private key
              --> trust/policy.yaml:13:29
               |
            13 |     - {name: c, trustStore: trust/private.pem, timestampStore: trust/cut.pem, identities: ["*"]}
               |                             ^^^^^^^^^^^^^^^^^
               |
               = help: a private key never lies in Git: replace it, everybody who can read the repository has it

            error[F0110]: file `trust/cut.pem` is no trust store: missing section end marker: [67, 69, 82, 84, 73, 70, 73, 67, 65, 84, 69]
              --> trust/policy.yaml:13:64
               |
            13 |     - {name: c, trustStore: trust/private.pem, timestampStore: trust/cut.pem, identities: ["*"]}
               |                                                                ^^^^^^^^^^^^^
               |
               = help: a trust store holds certificates as PEM text, from `-----BEGIN CERTIFICATE-----` to `-----END CERTIFICATE-----`; `openssl x509 -inform der` converts others

            error[F0110]: file `trust/second.pem` is no trust store: a certificate is malformed: unknown/unsupported ASN.1 DER tag: 0x00 (number 2)
              --> trust/policy.yaml:14:29
               |
            14 |     - {name: d, trustStore: trust/second.pem, identities: ["x509.subject: O=Example+OU=Builds"]}
               |                             ^^^^^^^^^^^^^^^^
               |
               = help: a trust store holds certificates as PEM text, from `-----BEGIN CERTIFICATE-----` to `-----END CERTIFICATE-----`; `openssl x509 -inform der` converts others

            error[F0110]: `x509.subject: O=Example+OU=Builds` is no Notation identity: names of several parts (`+`) are not read
              --> trust/policy.yaml:14:60
               |
            14 |     - {name: d, trustStore: trust/second.pem, identities: ["x509.subject: O=Example+OU=Builds"]}
               |                                                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
               |
               = help: an identity is `x509.subject: C=DE, ST=Berlin, O=Example` with the parts that have to be there, or `*`; `fondaco trust observe IMAGE --trust-store FILE` proposes it

            error[F0110]: file `trust/nobody.json` is no trusted root of a Sigstore instance: neither an authority nor a log
              --> trust/policy.yaml:20:9
               |
            20 |   root: trust/nobody.json
               |         ^^^^^^^^^^^^^^^^^
               |
               = help: `fondaco trust refresh` writes one; of an instance of your own it is what its TUF repository has as `trusted_root.json`

            14 errors in 2 files; nothing was done.
        "#]],
    );
}

#[test]
fn a_flood_of_certificates_is_a_mistake_and_takes_no_time() {
    let flood = certificate().repeat(513);
    let spec = "  notation: [{name: a, trustStore: trust/flood.pem, identities: [\"*\"]}]\n";
    let mut all = files(&repository(spec, &[("trust/flood.pem", &flood)]));
    all.push(SourceFile { path: "fondaco.yaml".into(), text: MIRROR.into() });
    let mistakes = read(&all).unwrap_err();
    assert_eq!(mistakes[0].message, "file `trust/flood.pem` is no trust store: more than 512 certificates");
}

#[test]
fn text_in_a_file_cannot_change_how_the_message_looks() {
    let text = "{\"mediaType\": \"\\u001b[2J\\u202e\", \"tlogs\": []}";
    let spec = "  root: trust/own.json\n  identities: [{name: web, issuer: none, identity: a@b.example}]\n";
    let mut all = files(&repository(spec, &[("trust/own.json", text)]));
    all.push(SourceFile { path: "fondaco.yaml".into(), text: MIRROR.into() });
    let printed = render(&read(&all).unwrap_err(), &all, false);
    assert!(
        printed.contains("is no trusted root")
            && !printed.chars().any(|c| c != '\n' && escape::is_deceptive(c)),
        "{printed}"
    );
}
