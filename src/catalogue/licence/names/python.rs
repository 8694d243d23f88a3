//! Classifiers of Python packages (trove-classifiers, "License :: …"), which name most licences in words, and some of
//! them without their version: `License :: OSI Approved :: Apache Software License` may be any of three.

/// Identifiers by key, sorted.
pub(super) const NAMES: &[(&str, &str)] =
    &[("cc0 1.0 universal cc0 1.0 public domain dedication", "CC0-1.0")];

/// Returns the last part of a classifier; any other text as it is.
pub(in crate::catalogue::licence) fn without_prefix(text: &str) -> &str {
    if text.starts_with("License ::") { text.rsplit(" :: ").next().unwrap_or(text) } else { text }
}
