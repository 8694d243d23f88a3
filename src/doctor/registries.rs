//! Every registry that the manifests name: reached, let in, and, where the mirror writes to it, probed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::Examination;
use crate::{
    manifest::Desired,
    model::{Instant, Kind, Reference},
    reconcile::World,
    registry::{
        Registry, RegistryError,
        probe::{self, Level, Reached, Said},
    },
};

/// A clock that is wrong by more makes signatures and tokens fail in ways that are hard to explain.
const CLOCK_DIFFERENCE_S_MAX: u64 = 60;

pub(super) async fn examine(world: &World, desired: &Desired, found: &mut Examination) {
    let written = written(desired);
    for host in &written {
        if let Some(registry) = open(world, desired, host, found) {
            mirror(world, desired, host, registry.as_ref(), found).await;
        }
    }
    for (host, (repository, reference)) in upstreams(desired) {
        if let Some(registry) = open(world, desired, &host, found) {
            upstream(world, &host, registry.as_ref(), &repository, &reference, found).await;
        }
    }
}

/// Returns the hosts that the mirror writes to.
fn written(desired: &Desired) -> BTreeSet<String> {
    let targets = desired.consumers.iter().map(|consumer| consumer.target.host.clone());
    targets.chain([desired.mirror.quarantine.host.clone()]).collect()
}

/// Returns the first image of each upstream host.
fn upstreams(desired: &Desired) -> BTreeMap<String, (String, Reference)> {
    let mut upstreams = BTreeMap::new();
    for image in &desired.images {
        let pinned = image.digest.as_ref().map(Reference::from);
        let reference = pinned.unwrap_or_else(|| Reference::tag(&image.tag));
        upstreams.entry(image.source.host.clone()).or_insert_with(|| (image.source.path.clone(), reference));
    }
    upstreams
}

fn open(world: &World, desired: &Desired, host: &str, found: &mut Examination) -> Option<Arc<dyn Registry>> {
    match world.registries.get(desired, host) {
        Ok(registry) => Some(registry),
        Err(error) => {
            let todo = "correct the `Registry` document or the file with its credential";
            found.add(host, [Said::error(error.to_string(), todo)]);
            None
        }
    }
}

async fn mirror(
    world: &World,
    desired: &Desired,
    host: &str,
    registry: &dyn Registry,
    found: &mut Examination,
) {
    let Some(reached) = probe::reach(registry).await else {
        found.add(host, [directory(world, desired, host)]);
        return;
    };
    let usable = matches!(&reached, Ok(Reached { refusal: None, .. }));
    found.add(host, reachable(world, reached));
    if !usable {
        return;
    }
    let quarantine = &desired.mirror.quarantine;
    let drain = world.drain.clone();
    let stop = move || drain.is_cancelled();
    let nonce = world.now().unix().to_string();
    let probed = probe::probe(registry, &quarantine.path, &nonce, &stop).await;
    for (name, mut said) in probed.said {
        // Quarantine itself must be written to; elsewhere the mirror may have only its consumers' repositories.
        if name == "write" && *host == quarantine.host {
            said.level = Level::Error;
        }
        found.add(&format!("{host} {name}"), [said]);
    }
    found.capabilities.insert(host.to_owned(), probed.capabilities);
}

fn directory(world: &World, desired: &Desired, host: &str) -> Said {
    let layout = desired.registries.get(host).and_then(|registry| registry.layout.as_deref());
    let folder = world.repository.root().join(layout.unwrap_or_default());
    match std::fs::metadata(&folder) {
        Ok(found) if found.is_dir() => Said::ok(format!("image layouts below `{}`", folder.display())),
        Ok(_) => Said::error(
            format!("`{}` is no directory", folder.display()),
            "correct `spec.layout` of the `Registry` document",
        ),
        Err(_) => Said::note(format!("no image layouts below `{}` yet", folder.display())),
    }
}

async fn upstream(
    world: &World,
    host: &str,
    registry: &dyn Registry,
    repository: &str,
    reference: &Reference,
    found: &mut Examination,
) {
    let place = format!("{host} upstream");
    let said = match probe::reach_manifest(registry, repository, reference).await {
        Some(reached) => reachable(world, reached),
        None => match registry.head_manifest(repository, reference).await {
            Ok(Some(_)) => vec![Said::ok(format!("holds `{repository}`"))],
            Ok(None) => vec![missing(repository)],
            Err(error) => vec![unreachable(&error)],
        },
    };
    found.add(&place, said);
}

fn missing(repository: &str) -> Said {
    let todo = "correct the image or the tag in its `ImageSet`";
    Said::warning(format!("does not hold what the manifests name in `{repository}`"), todo)
}

/// Says how the registry answered: access, limits, clock.
fn reachable(world: &World, reached: Result<Reached, RegistryError>) -> Vec<Said> {
    let reached = match reached {
        Ok(reached) => reached,
        Err(error) => return vec![unreachable(&error)],
    };
    let mut said = vec![match &reached.refusal {
        None => Said::ok("answers and lets us in"),
        Some(error) => unreachable(error),
    }];
    if !reached.limits.is_empty() {
        let limits: Vec<String> =
            reached.limits.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        said.push(Said::note(limits.join(", ")));
    }
    said.extend(reached.clock.and_then(|clock| clocks(world.now(), clock)));
    said
}

fn unreachable(error: &RegistryError) -> Said {
    let todo = match error.kind() {
        Kind::Denied => "see the credential for this host, in the places that `docker login` writes to",
        Kind::RateLimited => "wait, or use an account with a higher limit",
        Kind::NotFound => "see the name of the image or of the host in the manifests",
        _ => "see the host's name, the network, proxies and certificates",
    };
    Said::error(error.to_string(), todo)
}

/// Returns a warning where the two clocks are too far apart.
fn clocks(ours: Instant, theirs: Instant) -> Option<Said> {
    let difference = ours.unix().abs_diff(theirs.unix());
    (difference > CLOCK_DIFFERENCE_S_MAX).then(|| {
        Said::warning(
            format!("its clock and ours are {difference} s apart: it is {theirs} there, {ours} here"),
            "set this machine's clock by NTP; times in evidence come from it",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_between_two_clocks_is_fine_and_more_is_not() {
        let at = |seconds: i64| Instant::from_unix(1_800_000_000 + seconds);
        for (seconds, fine) in [(0, true), (60, true), (-60, true), (61, false), (-3600, false)] {
            assert_eq!(clocks(at(0), at(seconds)).is_none(), fine, "{seconds}");
        }
    }
}
