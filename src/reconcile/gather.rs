//! Gathers the facts a plan asks for: takes images in and looks for their signatures, several at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures_util::{StreamExt, stream};

use super::{State, World, quarantine_of};
use crate::{
    evidence::{Subject, VerificationRecord},
    intake::{self, Job, SbomOrder, Ticket},
    manifest::{Desired, DesiredImage},
    model::{Digest, Instant, Outcome, Repository},
    plan::{
        Plan,
        amend::{Facts, Gathered, Taken},
    },
    trust::{
        buildkit,
        predicate::StatedList,
        verify::{self, Accepted},
    },
    ui::{Event, Stage},
};

/// One digest to gather facts of, with the first image that asks for it.
struct Wanted {
    image: DesiredImage,
    digest: Digest,
    /// Set where the image is to be taken in: its place in the line of those.
    ticket: Option<Arc<Ticket>>,
}

/// Gathers what `plan` asks for and `facts` does not hold yet. Failures are returned by image; the others go on.
pub(super) async fn gather(
    world: &World,
    state: &State,
    plan: &Plan,
    facts: &mut Facts,
) -> BTreeMap<(Repository, Digest), String> {
    let mut failed = BTreeMap::new();
    let desired = &state.desired;
    let wanted = wanted(world, plan, facts);
    if wanted.iter().any(|wanted| wanted.ticket.is_some()) {
        super::know(world, &state.evidence);
    }
    let policies = prepared(world, desired, wanted.iter().map(|wanted| &wanted.image));
    let policies = &policies;
    let work = stream::iter(wanted).map(|wanted| async move {
        let key = (wanted.image.source.clone(), wanted.digest.clone());
        if world.drain.is_cancelled() {
            return (key, Err("the run was interrupted before this image was begun".to_owned()));
        }
        let name: Arc<str> = format!("{}:{}", wanted.image.source, wanted.image.tag).into();
        world.progress.tell(Event::Started { image: Arc::clone(&name) }).await;
        let started = std::time::Instant::now();
        let (source, platforms) = (&wanted.image.source, &wanted.image.content.platforms);
        let recorded = state.evidence.asked(source, &wanted.digest, platforms);
        let subject = recorded.map(|record| &record.custody.subject);
        let done = one(world, desired, policies, &wanted, subject, &name).await;
        let done = done.and_then(|gathered| news(recorded.map(|record| &record.verification), gathered));
        let outcome =
            done.as_ref().map_or_else(|error| format!("failed: {error}"), |_| "taken in".to_owned());
        let seconds = started.elapsed().as_secs();
        world.progress.tell(Event::Finished { image: name, outcome, seconds }).await;
        (key, done)
    });
    let mut work = work.buffer_unordered(world.parallel.max(1));
    while let Some((key, done)) = work.next().await {
        match done {
            Ok(gathered) => {
                facts.insert(key, gathered);
            }
            Err(error) => {
                failed.insert(key, error);
            }
        }
    }
    failed
}

/// Refuses a look that failed where an earlier one by the same policy did not: that is no news.
fn news(recorded: Option<&VerificationRecord>, gathered: Gathered) -> Result<Gathered, String> {
    let is_open = |record: &VerificationRecord| record.outcome == Outcome::Undeterminable;
    match (recorded, &gathered.verification) {
        (Some(before), Some(now))
            if gathered.taken.is_none()
                && before.policy_digest == now.policy_digest
                && is_open(now)
                && !is_open(before) =>
        {
            Err(format!("it could not be verified again, and the record stays: {}", now.reason))
        }
        _ => Ok(gathered),
    }
}

fn wanted(world: &World, plan: &Plan, facts: &Facts) -> Vec<Wanted> {
    let mut wanted: BTreeMap<(Repository, Digest), (DesiredImage, bool)> = BTreeMap::new();
    for planned in plan.images.iter().filter(|image| image.take_in || image.verify) {
        let Some(digest) = planned.digest.clone() else { continue };
        let key = (planned.image.source.clone(), digest.clone());
        if !facts.contains_key(&key) {
            wanted.entry(key).or_insert_with(|| (planned.image.clone(), planned.take_in));
        }
    }
    let ticketed = wanted.into_iter().map(|((_, digest), (image, take_in))| {
        let ticket = take_in.then(|| world.intake.ticket());
        Wanted { image, digest, ticket }
    });
    ticketed.collect()
}

/// The policies of a run by name, each prepared once; `None` stands for no policy.
pub(super) type Policies = BTreeMap<Option<String>, Accepted>;

/// Prepares the policies of some images.
pub(super) fn prepared<'a>(
    world: &World,
    desired: &Desired,
    images: impl Iterator<Item = &'a DesiredImage>,
) -> Policies {
    let names: BTreeSet<&Option<String>> = images.map(|image| &image.trust).collect();
    let of = |name: &Option<String>| {
        let policy = name.as_ref().and_then(|name| desired.policies.get(name));
        (name.clone(), Accepted::of_policy(policy).at(world.now()))
    };
    names.into_iter().map(of).collect()
}

async fn one(
    world: &World,
    desired: &Desired,
    policies: &Policies,
    wanted: &Wanted,
    recorded: Option<&Subject>,
    name: &Arc<str>,
) -> Result<Gathered, String> {
    let taken = if let Some(ticket) = &wanted.ticket {
        world.progress.tell(Event::Stage { image: Arc::clone(name), stage: Stage::Copy }).await;
        Some(take_in(world, desired, wanted, ticket, name).await?)
    } else {
        None
    };
    world.progress.tell(Event::Stage { image: Arc::clone(name), stage: Stage::Verify }).await;
    let (mut verification, mut stated) = look_for_signatures(world, desired, policies, wanted).await?;
    let index =
        taken.as_ref().map(|taken| &taken.found.subject).or(recorded).filter(|subject| subject.is_index());
    if let Some(index) = index {
        let quarantine = quarantine_of(desired, &wanted.image.source);
        let registry = world.registries.get(desired, &quarantine.host).map_err(|error| error.to_string())?;
        let read =
            buildkit::read(registry.as_ref(), &quarantine.path, &index.digest, &verification.attestations)
                .await;
        for unsigned in read.map_err(|error| error.to_string())? {
            verification.attestations.push(unsigned.found);
            unsigned.stated.into_iter().for_each(|said| stated.add(said));
        }
        verification.attestations.sort();
    }
    Ok(Gathered { taken, verification: Some(verification), stated })
}

async fn take_in(
    world: &World,
    desired: &Desired,
    wanted: &Wanted,
    ticket: &Arc<Ticket>,
    name: &Arc<str>,
) -> Result<Taken, String> {
    let source = &wanted.image.source;
    let quarantine = quarantine_of(desired, source);
    let open = |host: &str| world.registries.get(desired, host).map_err(|error| error.to_string());
    let (progress, name, at) = (world.progress.clone(), Arc::clone(name), world.now());
    let job = Job {
        source: open(&source.host)?,
        source_path: source.path.clone(),
        digest: wanted.digest.clone(),
        target: open(&quarantine.host)?,
        target_path: quarantine.path.clone(),
        ticket: Arc::clone(ticket),
        platforms: wanted.image.content.platforms.clone(),
        refuse_foreign: wanted.image.content.refuse_foreign,
        skip_copy: false,
        sbom: Some(sbom(world, desired, source, at)),
        progress: Arc::new(move |moved| {
            if let intake::Progress::Bytes(count) = moved {
                progress.bytes(&name, count);
            }
        }),
    };
    let found = intake::take_in(&world.intake, &job).await.map_err(|error| error.to_string())?;
    Ok(Taken { found, at: world.now(), quarantine })
}

fn sbom(world: &World, desired: &Desired, source: &Repository, at: Instant) -> SbomOrder {
    SbomOrder {
        version: desired.mirror.sbom.version,
        repository: source.to_string(),
        creator: desired.mirror.sbom.creator.clone(),
        at,
        tool: world.tool.clone(),
    }
}

async fn look_for_signatures(
    world: &World,
    desired: &Desired,
    policies: &Policies,
    wanted: &Wanted,
) -> Result<(VerificationRecord, StatedList), String> {
    let source = &wanted.image.source;
    let registry = world.registries.get(desired, &source.host).map_err(|error| error.to_string())?;
    let accepted = policies.get(&wanted.image.trust).expect("every wanted image's policy was prepared");
    let platforms = &wanted.image.content.platforms;
    Ok(verify::verify_and_read(registry.as_ref(), &source.path, &wanted.digest, platforms, accepted).await)
}
