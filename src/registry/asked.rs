//! What was asked of whom: the context that every error message needs.

use crate::model::{Digest, MANIFEST_BYTES_MAX, foreign::is_deceptive};

use super::RegistryError;

/// The most characters of foreign text that an error message quotes: enough for a registry's own explanation.
const DETAIL_CHARS_MAX: usize = 200;

/// A host and the thing asked of it, in words that fit the messages of [`RegistryError`].
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) host: String,
    pub(super) what: String,
}

impl Asked {
    pub(super) fn new(host: &str, what: impl Into<String>) -> Self {
        Self { host: host.to_owned(), what: what.into() }
    }

    pub(super) fn not_found(&self) -> RegistryError {
        RegistryError::NotFound { host: self.host.clone(), what: self.what.clone() }
    }

    pub(super) fn denied(&self, detail: &str) -> RegistryError {
        let (host, what) = (self.host.clone(), self.what.clone());
        RegistryError::Denied { host, what, detail: quotable(detail) }
    }

    pub(super) fn rate_limited(&self, retry_after_s: Option<u64>) -> RegistryError {
        RegistryError::RateLimited { host: self.host.clone(), what: self.what.clone(), retry_after_s }
    }

    pub(super) fn unavailable(&self, detail: impl AsRef<str>) -> RegistryError {
        let (host, what) = (self.host.clone(), self.what.clone());
        RegistryError::Unavailable { host, what, detail: quotable(detail.as_ref()) }
    }

    pub(super) fn invalid(&self, detail: impl AsRef<str>) -> RegistryError {
        let (host, what) = (self.host.clone(), self.what.clone());
        RegistryError::Invalid { host, what, detail: quotable(detail.as_ref()) }
    }

    pub(super) fn mismatch(&self, expected: &Digest, found: Digest) -> RegistryError {
        let (host, what) = (self.host.clone(), self.what.clone());
        RegistryError::Mismatch { host, what, expected: expected.clone(), found }
    }

    pub(super) fn size(&self, expected: u64, found: u64) -> RegistryError {
        RegistryError::Size { host: self.host.clone(), what: self.what.clone(), expected, found }
    }

    /// Returns an error where `found` is not the digest that was promised.
    pub(super) fn same_digest(&self, expected: &Digest, found: Digest) -> Result<(), RegistryError> {
        if *expected == found { Ok(()) } else { Err(self.mismatch(expected, found)) }
    }

    /// Returns an error where a manifest is larger than registries need to take.
    pub(super) fn manifest_size(&self, size: u64) -> Result<(), RegistryError> {
        if size <= MANIFEST_BYTES_MAX {
            return Ok(());
        }
        Err(self.invalid(format!("{size} bytes, more than the {MANIFEST_BYTES_MAX} a manifest may have")))
    }
}

/// Returns foreign text on one line, cut, without control or direction-changing characters.
pub(super) fn quotable(text: &str) -> String {
    text.chars().take(DETAIL_CHARS_MAX).map(|c| if is_deceptive(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_escapes_in_words_of_a_registry_are_blanked() {
        assert_eq!(quotable("a\u{1b}[31mb\nc\u{202e}d"), "a [31mb c d");
        assert_eq!(quotable(&"x".repeat(10_000)).len(), DETAIL_CHARS_MAX);
    }
}
