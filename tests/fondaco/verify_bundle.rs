//! The bundle suite of sigstore-conformance: every case by path and by digest, offline, through the program and the
//! suite's own argument protocol.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use sha2::{Digest as _, Sha256};

/// What the protocol says where a case's folder says nothing.
const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Cases times ways of naming the file: a suite that shrinks must not go unnoticed.
const CASES: usize = 140;

#[test]
fn every_bundle_of_the_conformance_suite_ends_as_it_should() {
    let Some(corpora) = std::env::var_os("FONDACO_CORPORA") else {
        let _ =
            writeln!(std::io::stderr(), "left out: sigstore-conformance, because FONDACO_CORPORA is not set");
        return;
    };
    let suite = PathBuf::from(corpora).join("sigstore-conformance");
    let cases = suite.join("bundle-verify");
    let listed = fs::read_dir(&cases).unwrap_or_else(|error| panic!("{}: {error}", cases.display()));
    let mut folders: Vec<PathBuf> =
        listed.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    let mut wrong = vec![];
    for folder in &folders {
        let fails = folder.to_str().unwrap().ends_with("_fail");
        let own = folder.join("artifact");
        let artifact = if own.exists() { own } else { suite.join("a.txt") };
        let digest = format!("sha256:{}", hex::encode(Sha256::digest(fs::read(&artifact).unwrap())));
        for file in [artifact.to_str().unwrap(), &digest] {
            let (accepted, said) = verify(folder, file);
            if accepted == fails {
                wrong.push(format!("{} of {file}: {said}", folder.display()));
            }
        }
    }
    let all = folders.len() * 2;
    let _ = writeln!(
        std::io::stderr(),
        "sigstore-conformance: {} of {all} bundle verifications end as they should",
        all - wrong.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(all, CASES);
}

/// Runs the program on one case and returns whether it accepts, and what it says.
fn verify(folder: &Path, file: &str) -> (bool, String) {
    let text = |name: &str| fs::read_to_string(folder.join(name)).ok().map(|text| text.trim().to_owned());
    let mut command = Command::new(env!("CARGO_BIN_EXE_fondaco"));
    command.arg("verify-bundle").arg("--bundle").arg(folder.join("bundle.sigstore.json"));
    let key = folder.join("key.pub");
    if key.exists() {
        command.arg("--key").arg(key);
    } else {
        command.args(["--certificate-identity", &text("identity").unwrap_or_else(|| IDENTITY.to_owned())]);
        command.args(["--certificate-oidc-issuer", &text("issuer").unwrap_or_else(|| ISSUER.to_owned())]);
    }
    let root = folder.join("trusted_root.json");
    if root.exists() {
        command.arg("--trusted-root").arg(root);
    }
    let ran = command.arg(file).env_clear().stdin(Stdio::null()).output().unwrap();
    // A usage error is no verification.
    assert!(matches!(ran.status.code(), Some(0 | 1)), "{ran:?}");
    (ran.status.success(), String::from_utf8_lossy(&ran.stderr).into_owned())
}
