//! `Mirror.spec.signing.log`: whose entries count, and what is printed for its mistakes.

use std::collections::BTreeSet;

use super::{
    signing::{FIRST_SHA256, repository, signing},
    *,
};

/// The id that rekor-tiles v2.3.0 gave its log with the key of the tests and `--hostname rekor.acme.example`.
const LOG_ID: &str = "e98caf86a584f8271f863094b673bbd71574d1a4dff9e7e37b2cbdc93fe7765c";

fn log(block: &str) -> DesiredLog {
    signing(&format!("    key: keys/acme.key\n    log: {block}")).log.unwrap()
}

#[test]
fn a_log_is_known_by_its_key_and_origin_or_by_a_trusted_root() {
    let read = log("{url: https://rekor.acme.example/, root: keys/log.pub}");
    assert_eq!(read.url, "https://rekor.acme.example");
    assert_eq!(read.ids, BTreeSet::from([LOG_ID.to_owned()]), "the origin is the address without its scheme");
    let root: serde_json::Value = serde_json::from_str(&read.root.text).unwrap();
    assert_eq!(root["tlogs"][0]["publicKey"]["keyDetails"], "PKIX_ED25519");
    assert_eq!(root["tlogs"][0]["logId"]["keyId"], "6YyvhqWE+CcfhjCUtnO71xV00aTf+efjeyy9yT/ndlw=");
    assert_eq!(read.root.path, "keys/log.pub");
    let read = log("{url: \"http://10.0.0.7:3000\", root: keys/log.pub, origin: rekor.acme.example}");
    assert_eq!(read.ids, BTreeSet::from([LOG_ID.to_owned()]));
    let other = log("{url: https://rekor.acme.example/2027, root: keys/log.pub}");
    assert_ne!(other.ids, read.ids, "another origin is another log");
    let read = log("{url: https://rekor.acme.example/2027, root: trust/log.json}");
    assert_eq!(read.ids, BTreeSet::from([LOG_ID.to_owned()]));
    // Ids of ECDSA logs are those of their keys, whatever the origin.
    let read = log("{url: https://rekor.acme.example, root: keys/acme.pub}");
    assert_eq!(read.ids, BTreeSet::from([FIRST_SHA256.strip_prefix("sha256:").unwrap().to_owned()]));
    let root: serde_json::Value = serde_json::from_str(&read.root.text).unwrap();
    assert_eq!(root["tlogs"][0]["publicKey"]["keyDetails"], "PKIX_ECDSA_P256_SHA_256");
}

#[test]
fn a_public_log_is_told_only_where_that_is_said() {
    let with = |url: &str, more: &str| {
        repository(&format!("    key: keys/acme.key\n    log: {{url: \"{url}\", root: keys/log.pub{more}}}"))
    };
    check(
        &with("https://log2025-1.rekor.sigstore.dev", ""),
        expect![[r#"
        error[F0110]: `log2025-1.rekor.sigstore.dev` is a public log: everybody can read there which digests you sign, and when
         --> fondaco.yaml:8:16
          |
        8 |     log: {url: "https://log2025-1.rekor.sigstore.dev", root: keys/log.pub}
          |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          |
          = help: name a log of your own, or write `public: true` beside it where that is wanted

        1 error in 1 file; nothing was done.
    "#]],
    );
    for url in [
        "https://rekor.sigstore.dev",
        "https://REKOR.sigstore.dev./x",
        "http://log2026-1.rekor.sigstage.dev:443",
        "https://sigstore.dev",
    ] {
        assert_eq!(codes(&with(url, "")), ["F0110 8:16"], "{url}");
        assert_eq!(codes(&with(url, ", public: true")), [""; 0], "{url}");
    }
    for url in ["https://rekor.acme.example", "https://sigstore.dev.acme.example", "https://notsigstore.dev"]
    {
        assert_eq!(codes(&with(url, "")), [""; 0], "{url}");
    }
}

#[test]
fn a_log_is_checked_with_something() {
    let with = |block: &str| repository(&format!("    key: keys/acme.key\n    log: {block}"));
    check(
        &with("{url: rekor.acme.example, root: trust/empty.json, origins: x}"),
        expect![[r#"
        error[F0110]: `rekor.acme.example` is not an address
         --> fondaco.yaml:8:16
          |
        8 |     log: {url: rekor.acme.example, root: trust/empty.json, origins: x}
          |                ^^^^^^^^^^^^^^^^^^
          |
          = help: write the address with its scheme, such as `https://vault.acme.example:8200`, without user name, query and fragment

        error[F0107]: unknown key `origins`
         --> fondaco.yaml:8:60
          |
        8 |     log: {url: rekor.acme.example, root: trust/empty.json, origins: x}
          |                                                            ^^^^^^^ did you mean `origin`?
          |
          = help: keys of a log block: origin, public, root, url

        2 errors in 1 file; nothing was done.
    "#]],
    );
    check(
        &with("{url: \"https://rekor.acme.example\", root: trust/empty.json, origin: \"a b\"}"),
        expect![[r#"
            error[F0110]: file `trust/empty.json` names no log
             --> fondaco.yaml:8:52
              |
            8 |     log: {url: "https://rekor.acme.example", root: trust/empty.json, origin: "a b"}
              |                                                    ^^^^^^^^^^^^^^^^
              |
              = help: write the log's public key in PEM (Ed25519 or ECDSA on P-256), or a trusted root of Sigstore's with `tlogs`

            error[F0110]: `a b` is not an origin
             --> fondaco.yaml:8:78
              |
            8 |     log: {url: "https://rekor.acme.example", root: trust/empty.json, origin: "a b"}
              |                                                                              ^^^^^
              |
              = help: write the first line of the log's checkpoints, such as `rekor.acme.example`, without spaces and `+`

            2 errors in 1 file; nothing was done.
        "#]],
    );
    check(
        &with("{url: \"https://rekor.acme.example\", root: trust/log.json, origin: a}"),
        expect![[r#"
        error[F0110]: `origin` has no effect with a trusted root, which names the log by its id
         --> fondaco.yaml:8:76
          |
        8 |     log: {url: "https://rekor.acme.example", root: trust/log.json, origin: a}
          |                                                                            ^
          |
          = help: leave `origin` out

        1 error in 1 file; nothing was done.
    "#]],
    );
    check(
        &with("{url: \"https://rekor.acme.example\"}"),
        expect![[r#"
        error[F0109]: a log block needs the key `root`
         --> fondaco.yaml:8:5
          |
        8 |     log: {url: "https://rekor.acme.example"}
          |     ^^^
          |
          = help: `root`: Path of what its answers are checked with: its public key in PEM (Ed25519 or ECDSA on P-256), `*.pem` or `*.pub` below `trust/` or `keys/`, or a `*.json` trusted root of Sigstore's with `tlogs` below `trust/`.

        1 error in 1 file; nothing was done.
    "#]],
    );
    let with = |root: &str| codes(&with(&format!("{{url: \"https://rekor.acme.example\", root: {root}}}")));
    assert_eq!(with("keys/p384.pub"), ["F0110 8:52"], "no kind of key that logs have here");
    assert_eq!(with("keys/private.pem"), ["F0110 8:52"]);
    assert_eq!(with("trust/tsa.pem"), ["F0110 8:52"]);
    assert_eq!(with("trust/tsa.json"), ["F0110 8:52"]);
    assert_eq!(with("trust/unnamed.json"), ["F0110 8:52"]);
    assert_eq!(with("trust/lag.json"), ["F0208 8:52"]);
}
