//! The second half of a run: put each cleared image into its consumer's repository. The tag is the last thing written.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::{StreamExt, stream};

use super::{Recorded, World, companions, observe, quarantine_of, vouch::Signing};
use crate::{
    evidence::{Actor, Certainty, Hop, HopKind, ImageRecord, Vouched},
    intake::{Copied, Copies, Copy, OpenRepository, Side},
    manifest::DesiredImage,
    model::{Digest, Reference, Repository, Verdict},
    plan::{self, Plan, PlannedConsumer, PlannedImage, Promotion, Seen},
    registry::{RawManifest, Registry},
    trust::sign::attest::{self, Facts},
    ui::Event,
};

/// What became of the promotions of a run.
#[derive(Debug, Default)]
pub(super) struct Promoted {
    pub receipts: Vec<Receipt>,
    /// By image, tag and consumer.
    pub failures: BTreeMap<(Repository, String, String), String>,
    /// Promotions that a newer pushed commit made void.
    pub superseded: usize,
}

/// A promotion that is in place, to be recorded.
#[derive(Debug, Clone)]
pub(super) struct Receipt {
    pub source: Repository,
    pub digest: Digest,
    pub hop: Hop,
    /// What the log says of it.
    pub detail: String,
}

impl Receipt {
    /// Returns the order in which receipts are recorded.
    pub(super) fn order(&self, other: &Self) -> std::cmp::Ordering {
        let (a, b) = (self, other);
        (&a.source, &a.digest, &a.hop.to, &a.hop.tag).cmp(&(&b.source, &b.digest, &b.hop.to, &b.hop.tag))
    }
}

/// One promotion to carry out.
struct Order<'a> {
    planned: &'a PlannedImage,
    consumer: &'a PlannedConsumer,
    record: &'a ImageRecord,
    place: Result<Place, String>,
    /// Its place among the copies.
    copy: usize,
}

/// Carries out every promotion of the plan that follows from the pushed records.
///
/// The content of all of them is copied by one plan: each blob goes once to each registry and is mounted from there.
/// What follows the content goes one after the other within a distribution repository, because signatures there share
/// tags.
pub(super) async fn promote_all(world: &World, recorded: &Recorded, signing: &Signing<'_>) -> Promoted {
    let evidence = &recorded.state.evidence;
    let plan = plan::plan(&recorded.state.desired, evidence, &recorded.resolved, &recorded.observed);
    let (groups, wanted) = orders(world, recorded, &plan);
    let mut promoted = Promoted { failures: blocked(&plan), ..Promoted::default() };
    if groups.is_empty() {
        return promoted;
    }
    super::know(world, evidence);
    let copies = Copies::plan(&world.intake, wanted).await;
    let groups = groups.into_values().map(|group| promote_group(world, recorded, group, &copies, signing));
    let done = stream::iter(groups).buffer_unordered(world.parallel.max(1)).collect::<Vec<_>>();
    let ((), done) = futures_util::future::join(copies.run(&world.drain), done).await;
    for group in done {
        promoted.receipts.extend(group.receipts);
        promoted.failures.extend(group.failures);
        promoted.superseded += group.superseded;
    }
    promoted.receipts.sort_by(Receipt::order);
    promoted
}

/// Returns the promotions by distribution repository, and what is to be copied for them.
fn orders<'a>(
    world: &World,
    recorded: &'a Recorded,
    plan: &'a Plan,
) -> (BTreeMap<Repository, Vec<Order<'a>>>, Vec<Copy>) {
    let evidence = &recorded.state.evidence;
    let mut groups: BTreeMap<Repository, Vec<Order<'a>>> = BTreeMap::new();
    let mut copies = vec![];
    for planned in &plan.images {
        let record = planned.digest.as_ref().and_then(|digest| {
            evidence.asked(&planned.image.source, digest, &planned.image.content.platforms)
        });
        let Some(record) = record else { continue };
        for consumer in &planned.consumers {
            if matches!(consumer.promotion, Promotion::Promote { .. } | Promotion::Receipt) {
                let place = place(world, recorded, planned, consumer);
                let copy = copies.len();
                copies.extend(place.as_ref().ok().map(|place| place.copy(&record.custody.subject.digest)));
                let order = Order { planned, consumer, record, place, copy };
                groups.entry(consumer.distribution.clone()).or_default().push(order);
            }
        }
    }
    (groups, copies)
}

fn place(
    world: &World,
    recorded: &Recorded,
    planned: &PlannedImage,
    consumer: &PlannedConsumer,
) -> Result<Place, String> {
    let desired = &recorded.state.desired;
    let open = |host: &str| world.registries.get(desired, host).map_err(|error| error.to_string());
    let quarantine = quarantine_of(desired, &planned.image.source);
    Ok(Place {
        source: open(&quarantine.host)?,
        target: open(&consumer.distribution.host)?,
        quarantine,
        distribution: consumer.distribution.clone(),
    })
}

fn blocked(plan: &Plan) -> BTreeMap<(Repository, String, String), String> {
    let consumers =
        plan.images.iter().flat_map(|planned| planned.consumers.iter().map(move |c| (planned, c)));
    let blocked = consumers.filter_map(|(planned, consumer)| match &consumer.promotion {
        Promotion::Blocked(why) => Some((key(planned, consumer), why.clone())),
        _ => None,
    });
    blocked.collect()
}

fn key(planned: &PlannedImage, consumer: &PlannedConsumer) -> (Repository, String, String) {
    (planned.image.source.clone(), planned.image.tag.clone(), consumer.name.clone())
}

async fn promote_group(
    world: &World,
    recorded: &Recorded,
    group: Vec<Order<'_>>,
    copies: &Copies<'_>,
    signing: &Signing<'_>,
) -> Promoted {
    let mut promoted = Promoted::default();
    for order in group {
        let key = key(order.planned, order.consumer);
        if world.drain.is_cancelled() {
            promoted.failures.insert(key, "the run was interrupted before this promotion was begun".into());
            continue;
        }
        let name: Arc<str> = format!("{}:{}", order.consumer.distribution, order.planned.image.tag).into();
        world.progress.tell(Event::Started { image: Arc::clone(&name) }).await;
        let started = std::time::Instant::now();
        let done = promote(world, recorded, &order, copies, signing).await;
        let outcome = match &done {
            Ok(Some(_)) => "promoted".to_owned(),
            Ok(None) => "superseded by a newer commit".to_owned(),
            Err(error) => format!("failed: {error}"),
        };
        let seconds = started.elapsed().as_secs();
        world.progress.tell(Event::Finished { image: name, outcome, seconds }).await;
        match done {
            Ok(Some(receipt)) => promoted.receipts.push(receipt),
            Ok(None) => promoted.superseded += 1,
            Err(error) => {
                promoted.failures.insert(key, error);
            }
        }
    }
    promoted
}

/// Promotes one image for one consumer: content, signatures and SBOM, read back, then the tag.
async fn promote(
    world: &World,
    recorded: &Recorded,
    order: &Order<'_>,
    copies: &Copies<'_>,
    signing: &Signing<'_>,
) -> Result<Option<Receipt>, String> {
    let place = order.place.as_ref().map_err(Clone::clone)?;
    let Copied { root: top, mut bytes, .. } =
        copies.copied(order.copy).await.map_err(|error| error.to_string())?;
    let (from, to) = (place.from(), place.to());
    bytes += companions::carry(from, to, &order.record.custody.companions).await?;
    let vouched = vouch(world, recorded, order, place, signing).await?;
    if !still_wanted(world, recorded, order).await? {
        return Ok(None);
    }
    let certainty = write_tag(world, recorded, place, &order.planned.image.tag, &top).await?;
    Ok(Some(receipt(world, recorded, order, place, bytes, certainty, vouched)))
}

struct Place {
    source: Arc<dyn Registry>,
    target: Arc<dyn Registry>,
    quarantine: Repository,
    distribution: Repository,
}

impl Place {
    /// Returns the copy of a manifest and all it points to, as it was judged and without a tag.
    fn copy(&self, digest: &Digest) -> Copy {
        let open = |registry: &Arc<dyn Registry>, repository: &Repository| OpenRepository {
            registry: Arc::clone(registry),
            path: repository.path.clone(),
        };
        Copy {
            from: open(&self.source, &self.quarantine),
            digest: digest.clone(),
            to: open(&self.target, &self.distribution),
            tag: None,
            look: true,
            companions: false,
            progress: Arc::new(|_| {}),
        }
    }

    fn from(&self) -> Side<'_> {
        Side { registry: self.source.as_ref(), path: &self.quarantine.path }
    }

    fn to(&self) -> Side<'_> {
        Side { registry: self.target.as_ref(), path: &self.distribution.path }
    }
}

/// Signs and attests the image and each of its platforms and attaches the SBOMs; all of it is read back by the callee.
async fn vouch(
    world: &World,
    recorded: &Recorded,
    order: &Order<'_>,
    place: &Place,
    signing: &Signing<'_>,
) -> Result<Vec<Vouched>, String> {
    let facts = Facts {
        record: order.record,
        distribution: &place.distribution,
        tag: &order.planned.image.tag,
        consumer: &order.consumer.name,
        mirror: &recorded.state.desired.mirror,
    };
    signing.write(world, place.target.as_ref(), &facts, &attest::wanted(&facts)).await
}

/// Looks at the tip once more: where a newer pushed commit says something else about this tag, that one wins.
async fn still_wanted(world: &World, recorded: &Recorded, order: &Order<'_>) -> Result<bool, String> {
    let mut state = super::State::tip(world).await.map_err(|error| error.to_string())?;
    state.expand(&recorded.observed);
    let image = &order.planned.image;
    let digest = &order.record.custody.subject.digest;
    let same =
        |i: &DesiredImage| (&i.source, &i.tag, &i.content) == (&image.source, &image.tag, &image.content);
    let asked = state.desired.images.iter().any(same);
    let locked =
        state.evidence.lock.images.iter().find(|l| l.repository == image.source && l.tag == image.tag);
    let meant = locked.is_some_and(|locked| locked.digest == *order.record.custody.upstream());
    let consumer = state.desired.consumers.iter().find(|c| c.name == order.consumer.name);
    let placed = consumer.is_some_and(|c| c.distribution(&image.source) == order.consumer.distribution);
    let record = state.evidence.image(&image.source, digest);
    let verdict = record.and_then(|record| plan::verdict_for(record, &order.consumer.name));
    let cleared = verdict.is_some_and(|verdict| verdict.verdict == Verdict::Cleared)
        && record.is_some_and(|record| {
            let name = &order.consumer.name;
            plan::in_force(&state.desired, &image.source, record, name, world.now()).is_none()
        });
    Ok(asked && meant && placed && cleared)
}

/// Writes the tag, or finds it in place: then an earlier run wrote it and could not record it any more.
async fn write_tag(
    world: &World,
    recorded: &Recorded,
    place: &Place,
    tag: &str,
    top: &RawManifest,
) -> Result<Certainty, String> {
    let desired = &recorded.state.desired;
    let wanted = Seen::Digest(top.descriptor.digest.clone());
    let seen = recorded.observed.distributions.get(&(place.distribution.clone(), tag.to_owned()));
    if seen == Some(&wanted) {
        return Ok(Certainty::Observed);
    }
    let reference = Reference::tag(tag);
    let (media_type, bytes) = (&top.descriptor.media_type, top.bytes.clone());
    let written = place.target.put_manifest(&place.distribution.path, &reference, media_type, bytes).await;
    written.map_err(|error| error.to_string())?;
    match observe::head(world, desired, &place.distribution, tag).await {
        seen if seen == wanted => Ok(Certainty::Performed),
        seen => Err(format!("`{}:{tag}` is {seen:?} after it was written", place.distribution)),
    }
}

fn receipt(
    world: &World,
    recorded: &Recorded,
    order: &Order<'_>,
    place: &Place,
    bytes: u64,
    certainty: Certainty,
    vouched: Vec<Vouched>,
) -> Receipt {
    let actor: Actor = world.actor.clone();
    let mut hosts = vec![place.quarantine.host.clone(), place.distribution.host.clone()];
    hosts.sort();
    hosts.dedup();
    let hop = Hop {
        kind: HopKind::Promotion,
        from: place.quarantine.clone(),
        to: place.distribution.clone(),
        tag: Some(order.planned.image.tag.clone()),
        consumer: Some(order.consumer.name.clone()),
        hosts,
        volumes: vec![],
        at: world.now(),
        bytes,
        actor,
        tool: world.tool.clone(),
        certainty,
        cleared_by: Some(recorded.state.tip.to_string()),
        vouched,
    };
    Receipt {
        detail: format!("promoted to {}", hop.to),
        source: order.planned.image.source.clone(),
        digest: order.record.custody.subject.digest.clone(),
        hop,
    }
}
