//! What is written beside promoted images: with a promotion, and later where the plan says that something lacks.
//!
//! Nothing is signed that the pushed records do not say: what lacks is written after the promotions of the same run, from
//! the records of its first commit, and its receipts are in the second.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures_util::{StreamExt, stream};
use tokio::sync::OnceCell;

use super::{Recorded, World, promote::Receipt};
use crate::{
    evidence::{Certainty, Hop, HopKind, ImageRecord, Vouched},
    manifest::{Desired, DesiredSigning},
    model::{AttestationKind, Digest, Repository},
    plan::{self, Lacking, PlannedConsumer, PlannedImage},
    registry::Registry,
    trust::sign::{
        self, Artefact, Documents, Form, Held, OrgSigner, Stored, Vouching,
        attest::{self, Facts},
        vouch,
    },
    ui::Event,
};

/// The organisation's key, opened when it is first needed, and what this run has written with it.
pub(super) struct Signing<'a> {
    world: &'a World,
    desired: &'a Desired,
    key: &'a DesiredSigning,
    signer: OnceCell<Arc<dyn OrgSigner>>,
    stored: Stored,
}

impl<'a> Signing<'a> {
    pub(super) fn new(world: &'a World, recorded: &'a Recorded) -> Self {
        let desired = &recorded.state.desired;
        let key = &desired.mirror.signing;
        Self { world, desired, key, signer: OnceCell::new(), stored: Stored::default() }
    }

    /// Writes some artefacts beside an image, unless they are there, and reads them back.
    pub(super) async fn write(
        &self,
        world: &World,
        registry: &dyn Registry,
        facts: &Facts<'_>,
        wanted: &[Artefact],
    ) -> Result<Vec<Vouched>, String> {
        let documents = self.documents(registry, facts, wanted).await?;
        let made = attest::made(facts, &documents, wanted, &world.tool)?;
        let signer = self.signer.get_or_try_init(|| self.world.signer(self.key)).await?;
        let vouching = Vouching {
            registry,
            repository: facts.distribution,
            signer: signer.as_ref(),
            at: world.now(),
            stored: &self.stored,
        };
        vouch(&vouching, &made).await.map_err(|error| error.to_string())
    }
}

impl Signing<'_> {
    /// Reads the SBOMs that some artefacts carry: in quarantine, else where promotions put them. Across an air gap they come
    /// beside what was promoted.
    async fn documents(
        &self,
        registry: &dyn Registry,
        facts: &Facts<'_>,
        wanted: &[Artefact],
    ) -> Result<Documents, String> {
        let carries_one = |artefact: &&Artefact| match &artefact.form {
            Form::Document { .. } => true,
            Form::Attestation { kind, .. } => *kind == AttestationKind::Sbom,
            _ => false,
        };
        let platforms: BTreeSet<&Digest> =
            wanted.iter().filter(carries_one).map(|artefact| &artefact.subject.digest).collect();
        if platforms.is_empty() {
            return Ok(Documents::new());
        }
        let custody = &facts.record.custody;
        let quarantine = self.desired.quarantine_of(&custody.source.repository);
        let promoted = custody.here().iter().filter(|hop| hop.kind == HopKind::Promotion).map(|hop| &hop.to);
        let others: BTreeSet<&Repository> = promoted.filter(|to| *to != facts.distribution).collect();
        let mut opened = vec![];
        for repository in std::iter::once(&quarantine).chain(others) {
            let registry = self.world.registries.get(self.desired, &repository.host);
            opened.push((registry.map_err(|error| error.to_string())?, repository));
        }
        let mut places: Vec<Held<'_>> =
            opened.iter().map(|(registry, at)| (registry.as_ref(), *at)).collect();
        places.insert(1, (registry, facts.distribution));
        sign::documents(facts.record, platforms.into_iter(), &places).await.map_err(|error| error.to_string())
    }
}

/// What became of the signatures and attestations that promoted images lacked.
#[derive(Debug, Default)]
pub(super) struct SignedAnew {
    pub receipts: Vec<Receipt>,
    /// By image, digest and consumer.
    pub failures: BTreeMap<(Repository, Digest, String), String>,
}

/// One image in one distribution for one consumer, under whatever tags.
struct Order<'a> {
    planned: &'a PlannedImage,
    consumer: &'a PlannedConsumer,
    record: &'a ImageRecord,
    lacking: Vec<&'a Lacking>,
}

/// Writes what the plan that follows from the pushed records says promoted images lack. Images of one repository come one
/// after the other, because signatures there share tags.
pub(super) async fn sign_anew(world: &World, recorded: &Recorded, signing: &Signing<'_>) -> SignedAnew {
    let evidence = &recorded.state.evidence;
    let plan = plan::plan(&recorded.state.desired, evidence, &recorded.resolved, &recorded.observed);
    let mut groups: BTreeMap<&Repository, Vec<Order<'_>>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for planned in &plan.images {
        let Some(digest) = &planned.digest else { continue };
        let source = &planned.image.source;
        let Some(record) = evidence.asked(source, digest, &planned.image.content.platforms) else { continue };
        for consumer in planned.consumers.iter().filter(|consumer| !consumer.lacking.is_empty()) {
            let reference = consumer.lacking.iter().filter_map(|one| one.artefact.facts.as_ref());
            let names: BTreeSet<&Digest> = reference.collect();
            // A second tag lacks the same, unless signatures name tags.
            if seen.insert((source, &record.custody.subject.digest, &consumer.name, names)) {
                let lacking = consumer.lacking.iter().collect();
                let order = Order { planned, consumer, record, lacking };
                groups.entry(&consumer.distribution).or_default().push(order);
            }
        }
    }
    let groups = groups.into_values().map(|group| sign_group(world, recorded, group, signing));
    let done = stream::iter(groups).buffer_unordered(world.parallel.max(1)).collect::<Vec<_>>().await;
    let mut signed = SignedAnew::default();
    for group in done {
        signed.receipts.extend(group.receipts);
        signed.failures.extend(group.failures);
    }
    signed.receipts.sort_by(Receipt::order);
    signed
}

async fn sign_group(
    world: &World,
    recorded: &Recorded,
    group: Vec<Order<'_>>,
    signing: &Signing<'_>,
) -> SignedAnew {
    let mut signed = SignedAnew::default();
    for order in group {
        let image = &order.planned.image;
        let name: Arc<str> = format!("{}:{}", order.consumer.distribution, image.tag).into();
        world.progress.tell(Event::Started { image: Arc::clone(&name) }).await;
        let started = std::time::Instant::now();
        let done = if world.drain.is_cancelled() {
            Err("the run was interrupted before this image was signed anew".to_owned())
        } else {
            sign_one(world, recorded, &order, signing).await
        };
        let outcome =
            done.as_ref().map_or_else(|error| format!("failed: {error}"), |_| "signed anew".to_owned());
        let seconds = started.elapsed().as_secs();
        world.progress.tell(Event::Finished { image: name, outcome, seconds }).await;
        match done {
            Ok(receipt) => signed.receipts.push(receipt),
            Err(error) => {
                let digest = order.record.custody.subject.digest.clone();
                let key = (image.source.clone(), digest, order.consumer.name.clone());
                signed.failures.insert(key, error);
            }
        }
    }
    signed
}

async fn sign_one(
    world: &World,
    recorded: &Recorded,
    order: &Order<'_>,
    signing: &Signing<'_>,
) -> Result<Receipt, String> {
    let desired = &recorded.state.desired;
    let (distribution, tag) = (&order.consumer.distribution, order.planned.image.tag.as_str());
    let registry = world.registries.get(desired, &distribution.host).map_err(|error| error.to_string())?;
    let facts = Facts {
        record: order.record,
        distribution,
        tag,
        consumer: &order.consumer.name,
        mirror: &desired.mirror,
    };
    let wanted: Vec<Artefact> = order.lacking.iter().map(|lacking| lacking.artefact.clone()).collect();
    let vouched = signing.write(world, registry.as_ref(), &facts, &wanted).await?;
    let hop = Hop {
        kind: HopKind::ReSign,
        from: distribution.clone(),
        to: distribution.clone(),
        tag: Some(tag.to_owned()),
        consumer: Some(order.consumer.name.clone()),
        hosts: vec![distribution.host.clone()],
        volumes: vec![],
        at: world.now(),
        bytes: 0,
        actor: world.actor.clone(),
        tool: world.tool.clone(),
        certainty: Certainty::Performed,
        cleared_by: Some(recorded.state.tip.to_string()),
        vouched,
    };
    let names: BTreeSet<&str> = order.lacking.iter().map(|lacking| lacking.name()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    Ok(Receipt {
        source: order.planned.image.source.clone(),
        digest: order.record.custody.subject.digest.clone(),
        detail: format!("signed anew in {distribution}: {}", names.join(", ")),
        hop,
    })
}
