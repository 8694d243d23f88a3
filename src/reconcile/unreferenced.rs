//! Lists what quarantine holds, for [`plan::unreferenced`]. Reads only.

use futures_util::{StreamExt, stream};

use super::{State, World, observe};
use crate::{
    model::{Kind, Repository},
    plan::{self, KeptTags, QuarantineTags, Seen},
    registry::RegistryError,
};

/// Repositories listed at once over all hosts.
const LISTINGS_MAX: usize = 8;

/// The most tags without a record whose digest is asked for, in each repository: enough to write a document about what
/// broken-off runs left, and no flood where another program keeps its own.
const DIGESTS_MAX: usize = 100;

/// Returns the tags of every quarantine repository that records and manifests name.
pub async fn quarantine_tags(world: &World, state: &State) -> QuarantineTags {
    let recorded = &plan::recorded_tags(&state.evidence);
    let repositories = plan::quarantines(&state.desired, &state.evidence).into_keys();
    let listings = stream::iter(repositories).map(|repository| async move {
        let kept = match kept(world, state, &repository).await {
            Ok(tags) => {
                let known = |tag: &String| recorded.contains(&(&repository, tag.clone()));
                Ok(digests(world, state, &repository, tags, &known).await)
            }
            Err(error) => Err(error.to_string()),
        };
        (repository, kept)
    });
    listings.buffer_unordered(LISTINGS_MAX).collect().await
}

async fn kept(world: &World, state: &State, repository: &Repository) -> Result<Vec<String>, RegistryError> {
    let registry = world.registries.get(&state.desired, &repository.host)?;
    let mut tags = match registry.tags(&repository.path).await {
        // It holds nothing yet, or nothing any more.
        Err(error) if error.kind() == Kind::NotFound => vec![],
        listed => listed?,
    };
    tags.retain(|tag| tag.starts_with("keep-"));
    tags.sort();
    Ok(tags)
}

/// Asks what the tags mean that no record names.
async fn digests(
    world: &World,
    state: &State,
    repository: &Repository,
    tags: Vec<String>,
    known: &impl Fn(&String) -> bool,
) -> KeptTags {
    let mut kept = KeptTags::new();
    let mut asked = 0;
    for tag in tags {
        let mut digest = None;
        if !known(&tag) && asked < DIGESTS_MAX {
            asked += 1;
            if let Seen::Digest(there) = observe::head(world, &state.desired, repository, &tag).await {
                digest = Some(there);
            }
        }
        kept.insert(tag, digest);
    }
    kept
}
