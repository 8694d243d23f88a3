//! Whether the files that policies name hold what they should. Each is read once, however many policies name it.
//!
//! The readers are those of a run ([`crate::trust::inputs`]): what a run could only call undeterminable is a mistake here.

use std::collections::BTreeMap;

use super::access::PRIVATE_IN_GIT;
use crate::trust::inputs;

/// What a file should hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    PublicKey,
    TrustedRoot,
    TrustStore,
}

impl Form {
    fn read(self, text: &str) -> Result<(), String> {
        match self {
            Self::PublicKey => inputs::key(text),
            Self::TrustedRoot => inputs::trusted_root(text),
            Self::TrustStore => inputs::trust_store(text),
        }
    }

    /// Returns how a message calls what a file is not.
    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::PublicKey => "public key that signatures are verified with",
            Self::TrustedRoot => "trusted root of a Sigstore instance",
            Self::TrustStore => "trust store",
        }
    }

    /// Returns what would be right.
    pub(super) const fn help(self) -> &'static str {
        match self {
            Self::PublicKey => "publishers sign with ECDSA on P-256 or P-384, with RSA or with Ed25519",
            Self::TrustedRoot => {
                "`fondaco trust refresh` writes one; of an instance of your own it is what its TUF repository has as `trusted_root.json`"
            }
            Self::TrustStore => {
                "a trust store holds certificates as PEM text, from `-----BEGIN CERTIFICATE-----` to `-----END CERTIFICATE-----`; `openssl x509 -inform der` converts others"
            }
        }
    }
}

/// What is wrong with a file, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unfit {
    pub(super) what: String,
    pub(super) help: &'static str,
}

/// What was read so far, by form and path.
#[derive(Debug, Default)]
pub(super) struct Contents<'a>(BTreeMap<(Form, &'a str), Result<(), Unfit>>);

impl<'a> Contents<'a> {
    /// Returns whether a file holds what it should.
    pub(super) fn check(&mut self, form: Form, path: &'a str, text: &str) -> Result<(), Unfit> {
        self.0.entry((form, path)).or_insert_with(|| check(form, path, text)).clone()
    }
}

fn check(form: Form, path: &str, text: &str) -> Result<(), Unfit> {
    if text.contains("PRIVATE KEY-----") {
        return Err(Unfit { what: format!("file `{path}` holds a private key"), help: PRIVATE_IN_GIT });
    }
    form.read(text).map_err(|reason| Unfit {
        what: format!("file `{path}` is no {}: {reason}", form.noun()),
        help: form.help(),
    })
}
