//! Manifests in, text out: one driver for all cases.

#![expect(
    clippy::too_many_lines,
    clippy::needless_raw_string_hashes,
    clippy::format_push_string,
    clippy::format_collect,
    clippy::needless_pass_by_value,
    reason = "cases are text, in the form in which `expect!` is written"
)]

mod access;
mod between;
mod content;
mod document;
mod hostile;
mod limits;
mod log;
mod policies;
mod registry;
mod resolved;
mod schema;
mod selection;
mod signing;
mod trusted;
mod withdrawals;

use expect_test::{Expect, expect};

use super::*;

/// A complete manifest repository without mistakes, to which a case adds.
const MIRROR: &str = "\
apiVersion: fondaco/v1alpha1
kind: Mirror
metadata: {name: acme}
spec:
  registry: registry.acme.example
  signing: {key: keys/acme.key}
";

/// A public key on P-256, in one line as YAML has it between double quotes.
const KEY_IN_QUOTES: &str = "-----BEGIN PUBLIC KEY-----\\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAElV/m9UKzzuiDd11tzPAEI/NV8zn/BD3m80otMicET4Tq0IWkSq13kP7/VI7tEuGacZ30ykIYB7qbc0NisV07pA==\\n-----END PUBLIC KEY-----";

/// Splits `=== path` lines into files.
fn files(text: &str) -> Vec<SourceFile> {
    let mut files = Vec::new();
    for part in text.split("=== ").filter(|part| !part.is_empty()) {
        let (path, text) = part.split_once('\n').expect("a path has a text behind it");
        files.push(SourceFile { path: path.trim().to_owned(), text: text.to_owned() });
    }
    files
}

/// Compares what is printed for `text` besides a good mirror, in any order of files.
fn check(text: &str, expected: Expect) {
    let mut all = files(text);
    if !text.contains("kind: Mirror") {
        all.push(SourceFile { path: "fondaco.yaml".into(), text: MIRROR.into() });
    }
    let printed = match read(&all) {
        Ok(_) => "no mistake\n".to_owned(),
        Err(diagnostics) => render(&diagnostics, &all, false),
    };
    expected.assert_eq(&printed);
    let first = read(&all);
    all.reverse();
    assert_eq!(read(&all), first, "the order of files changes the answer");
}

/// Returns codes and places only, for cases where the text says nothing new.
fn codes(text: &str) -> Vec<String> {
    let one = |d: Diagnostic| match d.at {
        Some(at) => format!("{} {}:{}", d.code.id(), at.line, at.column),
        None => d.code.id().to_owned(),
    };
    read(&files(text)).err().unwrap_or_default().into_iter().map(one).collect()
}
