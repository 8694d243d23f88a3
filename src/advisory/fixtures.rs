//! Test data that several test modules share.

use std::io::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

/// Returns the path of a file of the published corpora, or `None`, saying so, where none are configured.
///
/// # Panics
/// Where corpora are configured and the file is missing: a test that silently tests nothing is worse than none.
pub(crate) fn corpus(file: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("FONDACO_CORPORA") else {
        // Past the harness, which shows nobody the words of a test that passes.
        let _ = writeln!(std::io::stderr(), "FONDACO_CORPORA is not set: left out what needs `{file}`");
        return None;
    };
    let path = PathBuf::from(root).join(file);
    assert!(path.exists(), "FONDACO_CORPORA is set, but `{}` is missing", path.display());
    Some(path)
}

/// Returns an OSV record that affects one package from the beginning until `fixed`, or for ever.
pub(crate) fn record(id: &str, ecosystem: &str, package: &str, fixed: Option<&str>) -> Value {
    let mut events = vec![json!({"introduced": "0"})];
    events.extend(fixed.map(|version| json!({"fixed": version})));
    json!({
        "id": id,
        "modified": "2026-11-20T00:00:00Z",
        "affected": [{
            "package": {"ecosystem": ecosystem, "name": package},
            "ranges": [{"type": "ECOSYSTEM", "events": events}],
        }],
    })
}
