//! Which key an unknown signature claims to be made with. A hint names a key's digest, never the key, and proves nothing.

use std::collections::BTreeMap;

use sigstore_types::{Bundle, VerificationMaterialContent};

use crate::{
    evidence::VerificationRecord,
    model::{Descriptor, Digest, SignatureFormat, media_type},
    registry::Registry,
    trust::fetch,
};

/// The largest bundle that is read for its hint: a signature without an SBOM in it.
const BUNDLE_BYTES_MAX: u64 = 256 * 1024;

/// The most bundles that are read for their hints: publishers sign with one key or two.
const BUNDLES_MAX: usize = 8;

/// Returns the hints of bundles without a certificate, by the bundle's digest. What cannot be read has none.
pub(super) async fn of(
    registry: &dyn Registry,
    repository: &str,
    record: &VerificationRecord,
) -> BTreeMap<Digest, String> {
    let bundles = record.signatures.iter().filter(|found| {
        let unknown = found.proof.claims.is_empty() && found.proof.key.is_none();
        found.format == SignatureFormat::SigstoreBundle && unknown
    });
    let mut hints = BTreeMap::new();
    for digest in bundles.filter_map(|found| found.content.as_ref()).take(BUNDLES_MAX) {
        if let Some(hint) = hint(registry, repository, digest).await {
            hints.insert(digest.clone(), hint);
        }
    }
    hints
}

async fn hint(registry: &dyn Registry, repository: &str, digest: &Digest) -> Option<String> {
    let size = registry.head_blob(repository, digest).await.ok()??;
    let blob = Descriptor::new(media_type::SIGSTORE_BUNDLE, digest.clone(), size);
    let bytes = fetch::read(registry, repository, &blob, BUNDLE_BYTES_MAX).await.ok()?;
    let bundle = Bundle::from_json(std::str::from_utf8(&bytes).ok()?).ok()?;
    match bundle.verification_material.content {
        VerificationMaterialContent::PublicKey(key) if !key.hint.is_empty() => Some(key.hint),
        _ => None,
    }
}
