//! Vectors of sigstore-conformance, where `FONDACO_CORPORA` names a folder of corpora.

use std::io::Write as _;
use std::path::PathBuf;

use sigstore_types::{Bundle, SignatureContent};

use super::*;
use crate::trust::verify::keys::AcceptedKeys;

/// Returns the folder of bundles; `None` where no corpora are named.
fn vectors() -> Option<PathBuf> {
    let Some(corpora) = std::env::var_os("FONDACO_CORPORA") else {
        // Past the harness, which shows nobody the words of a test that passes.
        let _ =
            writeln!(std::io::stderr(), "left out: sigstore-conformance, because FONDACO_CORPORA is not set");
        return None;
    };
    let folder = PathBuf::from(corpora).join("sigstore-conformance");
    assert!(folder.is_dir(), "{} is missing", folder.display());
    Some(folder)
}

/// The vectors sign the bytes of `a.txt` and not a statement, so keys, hints and signatures are compared on their own.
#[test]
fn keys_and_hints_agree_with_the_managed_key_vectors() {
    let Some(folder) = vectors() else { return };
    let artifact = std::fs::read(folder.join("a.txt")).unwrap();
    // The key of the second case is not even a key, which must not open the door.
    for (case, holds) in [("managed-key-happy-path", true), ("managed-key-wrong-key_fail", false)] {
        let folder = folder.join("bundle-verify").join(case);
        let pem = std::fs::read_to_string(folder.join("key.pub")).unwrap();
        let bundle = std::fs::read_to_string(folder.join("bundle.sigstore.json")).unwrap();
        let hint =
            serde_json::from_str::<Value>(&bundle).unwrap()["verificationMaterial"]["publicKey"]["hint"]
                .as_str()
                .unwrap()
                .to_owned();
        let SignatureContent::MessageSignature(message) = Bundle::from_json(&bundle).unwrap().content else {
            panic!("{case} is not a message signature")
        };
        let policy = DesiredPolicy::of_keys("publisher", [("managed".to_owned(), pem)]);
        let keys = AcceptedKeys::of_policy(Some(&policy));
        let expected = holds.then_some("managed");
        assert_eq!(keys.verifying(&artifact, message.signature.as_bytes()), expected, "{case}");
        assert_eq!(keys.hinted(&hint), expected, "{case}");
    }
}
