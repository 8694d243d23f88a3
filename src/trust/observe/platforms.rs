//! Signatures on the platforms of an index that nobody signed. A policy is verified against the image's own manifest, so
//! these do not count for it; that they are there is worth knowing, because the publisher does sign.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};

use crate::{
    evidence::VerificationRecord,
    model::{Descriptor, Digest, Document, Outcome, Reference, media_type},
    registry::Registry,
    trust::verify::{Accepted, verify_sparingly},
};

/// The most platforms that are looked at, at one or two requests each. Docker's official images have about ten.
const PLATFORMS_MAX: usize = 24;

/// How many platforms are looked at at once.
const AT_ONCE: usize = 4;

/// The platforms of one index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Platforms {
    /// How many were looked at; none where the image is no index or signed itself.
    pub looked_at: usize,
    /// Those whose manifest is signed, in the index's order.
    pub signed: Vec<SignedPlatform>,
    /// How many more the index has.
    pub left_out: usize,
    /// What could not be found out, a sentence each; taken over by the observation.
    pub(super) failures: Vec<String>,
}

/// A platform whose manifest is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedPlatform {
    /// `linux/arm64/v8`, or `unknown` where the index does not say.
    pub platform: String,
    /// Of its manifest.
    pub digest: Digest,
    pub record: VerificationRecord,
}

/// Looks at the platforms of an index.
pub(super) async fn look(
    registry: &dyn Registry,
    repository: &str,
    index: &Digest,
    accepted: &Accepted,
) -> Platforms {
    let mut platforms = Platforms::default();
    let entries = match registry.get_manifest(repository, &Reference::from(index)).await {
        Ok(raw) => raw.map_or_else(Vec::new, |raw| entries(&raw.descriptor.media_type, &raw.bytes)),
        Err(error) => {
            platforms.failures.push(format!("the index's platforms: {error}"));
            return platforms;
        }
    };
    platforms.left_out = entries.len().saturating_sub(PLATFORMS_MAX);
    let looked = stream::iter(entries.into_iter().take(PLATFORMS_MAX))
        .map(|(platform, digest)| async move {
            let record = verify_sparingly(registry, repository, &digest, &[], accepted).await;
            SignedPlatform { platform, digest, record }
        })
        .buffered(AT_ONCE);
    let looked: Vec<SignedPlatform> = looked.collect().await;
    platforms.looked_at = looked.len();
    for one in looked {
        if one.record.outcome == Outcome::Undeterminable {
            platforms.failures.push(format!("platform {}: {}", one.platform, one.record.reason));
        }
        if one.record.signatures.iter().any(|found| found.outcome != Outcome::Absent) {
            platforms.signed.push(one);
        }
    }
    platforms
}

/// Returns the platforms of an index with their manifests' digests, each manifest once.
fn entries(media_type: &str, bytes: &[u8]) -> Vec<(String, Digest)> {
    let Ok(Document::Index(index)) = Document::parse(media_type, bytes) else { return vec![] };
    let mut digests = BTreeSet::new();
    let images = index
        .manifests
        .into_iter()
        .filter(|entry| media_type::is_manifest(&entry.media_type) && !entry.is_attestation_manifest());
    let images = images.filter(|entry| digests.insert(entry.digest.clone()));
    let named = |entry: Descriptor| {
        let platform = entry.platform.map_or_else(|| "unknown".to_owned(), |platform| platform.to_string());
        (platform, entry.digest)
    };
    images.map(named).collect()
}
