//! The SBOMs that the intake wrote: read again where they are kept, so that what is promoted carries the same bytes that
//! the evidence names.

use std::collections::BTreeMap;

use super::SignError;
use crate::{
    evidence::{ImageRecord, SbomRecord},
    intake::SBOM_BYTES_MAX,
    model::{Descriptor, Digest, Kind, Repository, media_type},
    registry::Registry,
    trust::fetch,
};

/// The document of each platform, by its manifest.
pub type Documents = BTreeMap<Digest, Vec<u8>>;

/// A repository that may hold documents.
pub type Held<'a> = (&'a dyn Registry, &'a Repository);

/// Reads the recorded SBOMs of some platforms from the first of `places` that has each. Platforms without a record of one
/// are left out.
///
/// # Errors
/// [`SignError`]: kind `NotFound` where no place has one, since evidence names those bytes and no others.
pub async fn documents<'a>(
    record: &ImageRecord,
    platforms: impl Iterator<Item = &'a Digest>,
    places: &[Held<'_>],
) -> Result<Documents, SignError> {
    let mut documents = Documents::new();
    for digest in platforms {
        let found = record.custody.subject.platforms.iter().find(|one| one.digest == *digest);
        if let Some(sbom) = found.and_then(|one| one.sbom.as_ref()) {
            documents.insert(digest.clone(), document(digest, sbom, places).await?);
        }
    }
    Ok(documents)
}

async fn document(platform: &Digest, sbom: &SbomRecord, places: &[Held<'_>]) -> Result<Vec<u8>, SignError> {
    let blob = Descriptor::new(media_type::CYCLONEDX, sbom.digest.clone(), sbom.size);
    for (registry, repository) in places {
        match fetch::read(*registry, &repository.path, &blob, SBOM_BYTES_MAX).await {
            Ok(bytes) => return Ok(bytes),
            Err(fetch::FetchError::Registry(error)) if error.kind() == Kind::NotFound => {}
            Err(error) => return Err(SignError::of_fetch(&repository.to_string(), error)),
        }
    }
    let looked: Vec<String> = places.iter().map(|(_, repository)| format!("`{repository}`")).collect();
    let (digest, platform) = (sbom.digest.clone(), platform.clone());
    Err(SignError::NoSbom { digest, platform, looked: looked.join(" or ") })
}
