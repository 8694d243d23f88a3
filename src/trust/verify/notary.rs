//! Fetches Notary Project signatures, for [`crate::trust::notation`] to judge.

use super::{
    discover::{Finding, Spot},
    outcome::Judgement,
    place::{Place, unread},
};
use crate::{
    model::{ClaimKind, Descriptor, ImageManifest, Proof, Reference},
    trust::{
        fetch::{self, FetchError},
        notation::{self, ARTIFACT_TYPE, ENVELOPE_BYTES_MAX},
    },
};

/// Returns whether a list of referrers calls a manifest a signature. It may say nothing of it.
pub(super) fn is_declared(referrer: &Descriptor) -> bool {
    referrer.artifact_type.as_deref() == Some(ARTIFACT_TYPE)
}

/// Returns whether a manifest is a signature. The specification's first form says it as the config's media type.
pub(super) fn is_signature(image: &ImageManifest) -> bool {
    match image.artifact_type.as_deref() {
        Some(declared) => declared == ARTIFACT_TYPE,
        None => image.config.media_type == ARTIFACT_TYPE,
    }
}

impl Place<'_> {
    /// Judges one signature manifest. Nothing is read for a policy that could not accept it.
    pub(super) async fn notation(&self, spot: Spot<'_>, image: &ImageManifest) -> Vec<Finding> {
        let [layer] = image.layers.as_slice() else {
            let reason = format!("the manifest has {} layers, not one", image.layers.len());
            return vec![spot.found(Judgement::invalid(reason))];
        };
        let spot = Spot { content: Some(&layer.digest), ..spot };
        let found = |judged| vec![spot.found(judged)];
        if self.accepted.stores.is_empty() {
            return found(Judgement::foreign(notation::NO_STORE));
        }
        let Some(now) = self.accepted.at else {
            return found(Judgement::undeterminable("no time is told to judge its certificates at"));
        };
        let envelope =
            match fetch::read(self.registry, self.repository, layer, ENVELOPE_BYTES_MAX as u64).await {
                Ok(envelope) => envelope,
                Err(FetchError::TooLarge { size, .. }) => {
                    return found(Judgement::invalid(notation::too_large(size)));
                }
                Err(error) => return unread(spot, error.into(), None),
            };
        let subject = match self.registry.get_manifest(self.repository, &Reference::from(self.subject)).await
        {
            Ok(Some(subject)) => subject.descriptor,
            Ok(None) => {
                return found(Judgement::undeterminable("the registry does not have the signed image"));
            }
            Err(error) => return unread(spot, error.into(), None),
        };
        let stores = &self.accepted.stores;
        found(notation::judge(&envelope, &layer.media_type, &subject, stores, now).into())
    }
}

impl From<notation::Judgement> for Judgement {
    fn from(judged: notation::Judgement) -> Self {
        let claims = judged.signer.map(|signer| (ClaimKind::Identity, signer));
        let proof = Proof {
            signer: judged.store,
            claims: claims.into_iter().collect(),
            times: judged.timestamp.into_iter().collect(),
            ..Proof::default()
        };
        Self { outcome: judged.outcome, proof, reason: judged.reason, docker_reference: None, attested: None }
    }
}
