//! Observes what no record answers: one HEAD for each unpinned upstream tag and each destination tag.

use futures_util::{StreamExt, stream};

use super::World;
use crate::{
    manifest::Desired,
    model::{Reference, Repository},
    plan::{self, Observed, Seen},
};

/// HEADs in flight at once over all hosts; each registry has its own, smaller bound.
const HEADS_MAX: usize = 32;

/// Adds to `observed` whatever the manifests ask about and it does not answer yet.
pub(super) async fn observe(world: &World, desired: &Desired, observed: &mut Observed) {
    let upstream = plan::unpinned(desired).into_iter().filter(|key| !observed.upstream.contains_key(key));
    let upstream: Vec<_> = look(world, desired, upstream.collect()).await;
    observed.upstream.extend(upstream);
    let placed =
        plan::destinations(desired).into_iter().filter(|key| !observed.distributions.contains_key(key));
    let placed: Vec<_> = look(world, desired, placed.collect()).await;
    observed.distributions.extend(placed);
}

async fn look(
    world: &World,
    desired: &Desired,
    tags: Vec<(Repository, String)>,
) -> Vec<((Repository, String), Seen)> {
    let heads = stream::iter(tags).map(|(repository, tag)| async move {
        let seen = head(world, desired, &repository, &tag).await;
        ((repository, tag), seen)
    });
    heads.buffer_unordered(HEADS_MAX).collect().await
}

pub(super) async fn head(world: &World, desired: &Desired, repository: &Repository, tag: &str) -> Seen {
    let asked = async {
        let registry = world.registries.get(desired, &repository.host)?;
        registry.head_manifest(&repository.path, &Reference::tag(tag)).await
    };
    match asked.await {
        Ok(Some(descriptor)) => Seen::Digest(descriptor.digest),
        Ok(None) => Seen::Absent,
        Err(error) => Seen::Failed { kind: error.kind(), message: error.to_string() },
    }
}
