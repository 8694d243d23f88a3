//! Observes what no record answers: one listing for each repository that is selected from, one HEAD for each unpinned
//! upstream tag and each destination tag.

use futures_util::{StreamExt, stream};

use super::{State, World};
use crate::{
    manifest::Desired,
    model::{Reference, Repository},
    plan::{self, Listed, Observed, Seen, Unselected},
};

/// HEADs in flight at once over all hosts; each registry has its own, smaller bound.
const HEADS_MAX: usize = 32;

/// Repositories whose tags are listed at once. A listing is a row of pages, one after the other.
const LISTINGS_MAX: usize = 4;

/// Adds to `observed` whatever the manifests ask about and it does not answer yet, and puts what selections choose into
/// the manifests of `state`. Returns the selections that could not be made.
pub(super) async fn observe(world: &World, state: &mut State, observed: &mut Observed) -> Vec<Unselected> {
    let unlisted = plan::listings(&state.desired);
    let unlisted = unlisted.into_iter().filter(|source| !observed.listings.contains_key(source));
    let listings: Vec<_> = list(world, &state.desired, unlisted.collect()).await;
    observed.listings.extend(listings);
    let unselected = state.expand(observed);
    heads(world, &state.desired, observed).await;
    unselected
}

/// Adds what upstream tags mean, and nothing of what is ours. Returns the selections that could not be made.
pub(super) async fn observe_upstream(
    world: &World,
    state: &mut State,
    observed: &mut Observed,
) -> Vec<Unselected> {
    let listings: Vec<_> =
        list(world, &state.desired, plan::listings(&state.desired).into_iter().collect()).await;
    observed.listings.extend(listings);
    let unselected = state.expand(observed);
    let upstream = plan::unpinned(&state.desired).into_iter().collect();
    observed.upstream.extend(look(world, &state.desired, upstream).await);
    unselected
}

async fn list(world: &World, desired: &Desired, sources: Vec<Repository>) -> Vec<(Repository, Listed)> {
    let listings = stream::iter(sources).map(|source| async move {
        let asked = async { world.registries.get(desired, &source.host)?.tags(&source.path).await };
        let listed = match asked.await {
            Ok(tags) => Listed::Tags(tags),
            Err(error) => Listed::Failed { kind: error.kind(), message: error.to_string() },
        };
        (source, listed)
    });
    listings.buffer_unordered(LISTINGS_MAX).collect().await
}

async fn heads(world: &World, desired: &Desired, observed: &mut Observed) {
    let upstream = plan::unpinned(desired).into_iter().filter(|key| !observed.upstream.contains_key(key));
    let upstream: Vec<_> = look(world, desired, upstream.collect()).await;
    observed.upstream.extend(upstream);
    let placed =
        plan::destinations(desired).into_iter().filter(|key| !observed.distributions.contains_key(key));
    let placed: Vec<_> = look(world, desired, placed.collect()).await;
    observed.distributions.extend(placed);
}

/// Adds what withdrawn images still are in their distributions: nothing is asked where no document withdraws anything.
pub(super) async fn observe_withdrawn(world: &World, state: &State, observed: &mut Observed) {
    let wanted = plan::withdrawn(&state.desired, &state.evidence);
    let wanted = wanted.into_iter().filter(|key| !observed.withdrawn.contains_key(key)).collect::<Vec<_>>();
    let heads = stream::iter(wanted).map(|(repository, reference)| async move {
        let seen = head_of(world, &state.desired, &repository, &reference).await;
        ((repository, reference), seen)
    });
    let seen: Vec<_> = heads.buffer_unordered(HEADS_MAX).collect().await;
    observed.withdrawn.extend(seen);
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
    head_of(world, desired, repository, &Reference::tag(tag)).await
}

async fn head_of(world: &World, desired: &Desired, repository: &Repository, reference: &Reference) -> Seen {
    let asked = async {
        let registry = world.registries.get(desired, &repository.host)?;
        registry.head_manifest(&repository.path, reference).await
    };
    match asked.await {
        Ok(Some(descriptor)) => Seen::Digest(descriptor.digest),
        Ok(None) => Seen::Absent,
        Err(error) => Seen::Failed { kind: error.kind(), message: error.to_string() },
    }
}
