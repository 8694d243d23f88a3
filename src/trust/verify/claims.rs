//! What a certificate of a Sigstore instance says, and whether a policy names that signer. Pure.

use std::collections::BTreeMap;

use sigstore_crypto::CertificateInfo;

use crate::{
    manifest::DesiredSigner,
    model::{ClaimKind, foreign::cut},
};

/// The longest claim that is read, in bytes. Real ones are addresses of some 150; a longer one counts as not made, and a
/// longer issuer as another one.
const CLAIM_BYTES_MAX: usize = 2048;

/// A certificate's claims by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Claims(BTreeMap<ClaimKind, String>);

impl Claims {
    pub(super) fn of(certificate: &CertificateInfo) -> Self {
        let ci = &certificate.ci_claims;
        let identity = certificate.identity.as_ref().map(|identity| identity.as_str().to_owned());
        let made = [
            (ClaimKind::Issuer, certificate.issuer.clone()),
            (ClaimKind::Identity, identity),
            (ClaimKind::SourceRepository, ci.source_repository_uri.clone()),
            (ClaimKind::SourceRepositoryId, ci.source_repository_identifier.clone()),
            (ClaimKind::SourceRef, ci.source_repository_ref.clone()),
            (ClaimKind::SourceCommit, ci.source_repository_digest.clone()),
            (ClaimKind::Workflow, ci.build_signer_uri.clone()),
            (ClaimKind::Trigger, ci.build_trigger.clone()),
            (ClaimKind::Runner, ci.runner_environment.clone()),
        ];
        let made = made.into_iter().filter_map(|(kind, text)| Some((kind, text?)));
        // An issuer is never left out: a policy may want that there is none.
        let kept = made.filter_map(|(kind, text)| match kind {
            _ if text.len() <= CLAIM_BYTES_MAX => Some((kind, text)),
            ClaimKind::Issuer => Some((kind, cut(&text, CLAIM_BYTES_MAX))),
            _ => None,
        });
        Self(kept.collect())
    }

    /// Returns the policy's name for the first signer whose demands are all met. A claim that is not made meets nothing.
    pub(super) fn signer<'a>(&self, signers: &'a [DesiredSigner]) -> Option<&'a str> {
        let meets = |signer: &&DesiredSigner| {
            // Issuer and identity are always among the demands; without any, nobody is named.
            !signer.claims.is_empty()
                && signer
                    .claims
                    .iter()
                    .all(|(kind, wanted)| wanted.matches(self.0.get(kind).map(String::as_str)))
        };
        signers.iter().find(meets).map(|signer| signer.name.as_str())
    }

    /// Returns who it is, for a reason.
    pub(super) fn shown(&self) -> String {
        let of = |kind| self.0.get(&kind).map_or_else(|| "nobody".to_owned(), |text| super::shown(text));
        format!("`{}`, as `{}` says", of(ClaimKind::Identity), of(ClaimKind::Issuer))
    }
}

impl From<Claims> for BTreeMap<ClaimKind, String> {
    fn from(claims: Claims) -> Self {
        claims.0
    }
}

impl From<BTreeMap<ClaimKind, String>> for Claims {
    fn from(claims: BTreeMap<ClaimKind, String>) -> Self {
        Self(claims)
    }
}
