//! The in-process registry against the official conformance suite of the distribution specification, so that what the
//! other tests are held against cannot drift from it.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use crate::fake::{Fake, Options};

/// Parts of the suite that are off by default and that the in-process registry has.
const SWITCHED_ON: [&str; 3] =
    ["OCI_API_BLOBS_DIGEST_HEADER", "OCI_API_BLOBS_UPLOAD_CANCEL", "OCI_API_MANIFESTS_DIGEST_HEADER"];

#[test]
fn the_in_process_registry_passes_the_official_conformance_suite() {
    #[expect(clippy::disallowed_methods, reason = "where the suite is is for whoever runs the tests to say")]
    let Ok(suite) = std::env::var("FONDACO_CONFORMANCE") else {
        let _ = writeln!(
            std::io::stderr(),
            "left out: FONDACO_CONFORMANCE names no conformance suite of the distribution specification"
        );
        return;
    };
    let registry = Fake::start(Options::default());
    let results = tempfile::tempdir().unwrap();
    let mut command = Command::new(suite);
    command.env("OCI_REGISTRY", &registry.address).env("OCI_TLS", "disabled");
    command.env("OCI_RESULTS_DIR", results.path()).current_dir(results.path()).stdin(Stdio::null());
    command.envs(SWITCHED_ON.map(|name| (name, "true")));
    let ran = command.output().unwrap();
    let text = String::from_utf8_lossy(&ran.stdout);
    assert!(text.contains("API conformance"), "{text}");
    for line in text.lines().skip_while(|line| !line.starts_with("API conformance")) {
        let _ = writeln!(std::io::stderr(), "conformance: {line}");
    }
    let skipped: Vec<&str> = text.lines().filter(|line| line.ends_with(": Skip")).collect();
    assert!(skipped.is_empty(), "{skipped:#?}");
    assert!(ran.status.success(), "{text}\n{}", String::from_utf8_lossy(&ran.stderr));
}
