//! Images named on the command line, catalogued where they are: what `sbom` and `diff` have in common.

use std::{path::PathBuf, sync::Arc};

use clap::Args;

use super::{env, source, world};
use crate::{
    intake::{self, Inspected, IntakeError},
    model::{Digest, Platform, Reference},
    reconcile::RunError,
    registry::{Place, RegistryError},
    ui::Progress,
};

/// How images are reached and which of their platforms is meant.
#[derive(Debug, Args)]
pub(super) struct Reached {
    /// Platform of an index that is meant, `linux/arm64`. Without it that of this machine, or the only one there is.
    #[arg(long)]
    platform: Option<Platform>,
    /// Registry that is spoken to by HTTP without TLS. May be repeated.
    #[arg(long, value_name = "HOST")]
    plain_http: Vec<String>,
    /// Manifest repository that says how registries are reached, where there is one.
    #[arg(long, default_value = ".", env = "FONDACO_REPOSITORY")]
    repository: PathBuf,
}

impl Reached {
    /// Returns the manifest repository.
    pub(super) fn repository(&self) -> &std::path::Path {
        &self.repository
    }
}

/// One platform of an image.
pub(super) struct Image {
    pub place: Place,
    /// What was asked for: of an index, the index.
    pub digest: Digest,
    pub inspected: Inspected,
}

/// Why an image was not catalogued.
pub(super) enum Failure {
    Refused(source::Refusal),
    Run(RunError),
}

impl From<source::Refusal> for Failure {
    fn from(refusal: source::Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}

impl From<IntakeError> for Failure {
    fn from(error: IntakeError) -> Self {
        Self::Run(error.into())
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        Self::Run(error.into())
    }
}

/// Catalogues images one after the other, so that the second one reads only the layers that the first did not have.
pub(super) async fn images(
    places: &[&Place],
    reached: &Reached,
    progress: &Progress,
) -> Result<Vec<Image>, Failure> {
    let manifests = source::manifests(&reached.repository)?;
    let repository = reached.repository.clone();
    let mut sources = source::Sources::new(repository, manifests.as_ref(), &reached.plain_http);
    let intake = world::intake(Some(env::cache().join("layers")))?;
    let mut images = vec![];
    for place in places {
        let (at, reference) = sources.open(place).await?;
        let digest = match &reference {
            Reference::Digest(digest) => digest.clone(),
            Reference::Tag(_) => {
                let found = at.registry.head_manifest(&at.path, &reference).await?;
                let absent =
                    || RegistryError::NotFound { host: at.host().to_owned(), what: format!("`{place}`") };
                found.ok_or_else(absent)?.digest
            }
        };
        let wanted = reached.platform.clone().unwrap_or_else(env::platform);
        let name: Arc<str> = place.to_string().into();
        let progress = progress.clone();
        let moved: intake::ProgressFn = Arc::new(move |moved| {
            if let intake::Progress::Bytes(count) = moved {
                progress.bytes(&name, count);
            }
        });
        let of_index = |found: &Platform| wanted.covers(found);
        let (mut found, platforms) = intake::inspect(&intake, &at, &digest, of_index, moved.clone()).await?;
        if found.is_empty() && platforms.len() == 1 && reached.platform.is_none() {
            found = intake::inspect(&intake, &at, &digest, |_| true, moved).await?.0;
        }
        let inspected = chosen(place, found, &platforms, reached.platform.as_ref(), &wanted)?;
        images.push(Image { place: (*place).clone(), digest, inspected });
    }
    Ok(images)
}

/// Returns the one image that is meant.
fn chosen(
    place: &Place,
    found: Vec<Inspected>,
    platforms: &[Platform],
    asked: Option<&Platform>,
    wanted: &Platform,
) -> Result<Inspected, source::Refusal> {
    let mut found = found.into_iter().filter(|one| asked.is_none_or(|asked| asked.covers(&one.platform)));
    if let Some(first) = found.next() {
        return Ok(first);
    }
    let there: Vec<String> = platforms.iter().map(ToString::to_string).collect();
    let there = if there.is_empty() { "no root file system".to_owned() } else { there.join(", ") };
    Err(source::Refusal::Usage(format!("`{place}` has nothing for {wanted}; it has {there}")))
}
