//! Withdrawal by document: delete what a pushed commit says is withdrawn, and see that it is gone.
//!
//! As with promotion, the record comes first: the event that announces the withdrawal is pushed before anything is
//! deleted, and the receipt follows. What cannot be deleted stays listed. Nothing is deleted that was not looked at just
//! before: the tag still means the withdrawn digest, and no other tag means the manifest.

use std::{collections::BTreeSet, sync::Arc};

use futures_util::{StreamExt, stream};

use super::{Recorded, State, World, observe, promote::Receipt};
use crate::{
    evidence::{Certainty, Event, Hop, HopKind},
    model::{Digest, Reference, Repository},
    plan::{self, PlannedWithdrawal, Recall, Seen},
    registry::{Deleted, Registry},
};

/// The most tags of a repository that are looked at before a manifest is deleted from it. Above, only the tag goes.
const TAGS_MAX: usize = 2000;

/// HEADs for such tags in flight at once.
const HEADS_MAX: usize = 16;

/// What to do where a registry refuses to delete.
const UNSUPPORTED: &str = "the registry does not delete; allow it there (distribution: \
                           REGISTRY_STORAGE_DELETE_ENABLED=true), or delete it by hand, and the next run records that";

/// What became of the withdrawals of a run.
#[derive(Debug, Default)]
pub(super) struct Withdrawals {
    pub receipts: Vec<Receipt>,
    /// Every withdrawn image that was there, with what became of it.
    pub outcomes: Vec<(PlannedWithdrawal, Outcome)>,
}

/// What became of one withdrawn image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing was to be done: it can still be had.
    Stands,
    /// A consumer that it is not withdrawn from has it under the same name.
    Shared(String),
    Deleted,
    /// The tag is deleted; why the manifest is not.
    Untagged(String),
    /// It can still be had, or nobody can say.
    Failed(String),
}

/// Carries out every deletion of the plan that follows from the pushed records, distributions before quarantine.
pub(super) async fn withdraw_all(world: &World, recorded: &Recorded) -> Withdrawals {
    let state = &recorded.state;
    let planned = plan::withdrawals(&state.desired, &state.evidence, &recorded.observed, world.now());
    let mut withdrawals = Withdrawals::default();
    let mut remaining = BTreeSet::new();
    let leaving: BTreeSet<String> = planned.iter().filter(|one| one.is_due()).map(name).collect();
    for one in planned {
        let key = (one.source.clone(), one.digest.clone());
        let outcome = if one.consumer.is_none() && one.is_due() && remaining.contains(&key) {
            Outcome::Failed("it is still in a distribution, and quarantine is emptied last".to_owned())
        } else {
            withdraw(world, recorded, &one, &leaving).await
        };
        match &outcome {
            Outcome::Deleted | Outcome::Untagged(_) => {
                withdrawals.receipts.push(receipt(world, recorded, &one, &outcome));
            }
            Outcome::Stands => {}
            Outcome::Shared(_) | Outcome::Failed(_) => _ = remaining.insert(key),
        }
        withdrawals.outcomes.push((one, outcome));
    }
    withdrawals
}

/// Names what is to go as no tag can be written: with its digest.
fn name(one: &PlannedWithdrawal) -> String {
    named(&one.repository, &one.tag, &one.digest)
}

fn named(repository: &Repository, tag: &str, digest: &Digest) -> String {
    format!("{repository}:{tag}@{digest}")
}

async fn withdraw(
    world: &World,
    recorded: &Recorded,
    one: &PlannedWithdrawal,
    leaving: &BTreeSet<String>,
) -> Outcome {
    match &one.recall {
        Recall::Stands => Outcome::Stands,
        Recall::Shared(other) => Outcome::Shared(other.clone()),
        Recall::Blocked(why) => Outcome::Failed(why.clone()),
        Recall::Receipt => Outcome::Deleted,
        Recall::Delete { .. } if world.drain.is_cancelled() => {
            Outcome::Failed("the run was interrupted before this withdrawal was begun".to_owned())
        }
        Recall::Delete { .. } => match delete(world, recorded, one, leaving).await {
            Ok(outcome) => outcome,
            Err(why) => Outcome::Failed(why),
        },
    }
}

async fn delete(
    world: &World,
    recorded: &Recorded,
    one: &PlannedWithdrawal,
    leaving: &BTreeSet<String>,
) -> Result<Outcome, String> {
    let mut tip = State::tip(world).await.map_err(|error| error.to_string())?;
    tip.expand(&recorded.observed);
    let again = plan::again(one, &tip.desired, &tip.evidence, &recorded.observed, world.now());
    let Some(Recall::Delete { manifest, .. }) = again else {
        return Err("a newer commit says something else about this withdrawal".to_owned());
    };
    let image = Event::image(&one.source, &one.digest);
    if !plan::is_announced(&tip.evidence, &image, Some(&one.tag), one.consumer.as_deref()) {
        return Err("no pushed commit announces this withdrawal".to_owned());
    }
    let host = &one.repository.host;
    let registry = world.registries.get(&tip.desired, host).map_err(|error| error.to_string())?;
    let deletion = Deletion { world, tip: &tip, registry, one, leaving };
    let tagged = deletion.tag().await?;
    let kept = if manifest { deletion.manifest().await? } else { Some(plan::NEEDED.to_owned()) };
    // What the registry shows afterwards decides, not what it answered: deleting a manifest takes its tags along.
    if deletion.tag_means_it().await? {
        let why = tagged.or(kept).unwrap_or_else(|| "the registry keeps it".to_owned());
        return Err(format!("could not be deleted: {why}"));
    }
    Ok(kept.map_or(Outcome::Deleted, Outcome::Untagged))
}

/// One deletion, decided.
struct Deletion<'a> {
    world: &'a World,
    tip: &'a State,
    registry: Arc<dyn Registry>,
    one: &'a PlannedWithdrawal,
    leaving: &'a BTreeSet<String>,
}

impl Deletion<'_> {
    async fn means(&self, tag: &str) -> Result<bool, String> {
        match observe::head(self.world, &self.tip.desired, &self.one.repository, tag).await {
            Seen::Digest(there) => Ok(there == self.one.digest),
            Seen::Absent => Ok(false),
            Seen::Failed { message, .. } => Err(message),
        }
    }

    async fn tag_means_it(&self) -> Result<bool, String> {
        self.means(&self.one.tag).await
    }

    /// Deletes the tag where it means the withdrawn digest now. Returns why the registry did not, where it said so.
    async fn tag(&self) -> Result<Option<String>, String> {
        if !self.tag_means_it().await? {
            return Ok(None);
        }
        let reference = Reference::tag(&self.one.tag);
        Ok(match self.registry.delete_manifest(&self.one.repository.path, &reference).await {
            Ok(Deleted::Done | Deleted::Absent) => None,
            Ok(Deleted::Unsupported) => Some(UNSUPPORTED.to_owned()),
            Err(error) => Some(error.to_string()),
        })
    }

    /// Deletes the manifest, unless another tag means it too. Returns why it is to stay, where that is so for good.
    async fn manifest(&self) -> Result<Option<String>, String> {
        let path = &self.one.repository.path;
        let others = self.others().await.map_err(|why| format!("the manifest was not deleted: {why}"))?;
        if let Some(other) = others.first() {
            return Ok(Some(format!("tag `{other}` of the repository means it too")));
        }
        let reference = Reference::from(&self.one.digest);
        let deleted = self.registry.delete_manifest(path, &reference).await;
        let there = self.registry.head_manifest(path, &reference).await.map_err(|error| error.to_string())?;
        match (there, deleted) {
            (None, _) => Ok(None),
            (Some(_), Ok(Deleted::Unsupported)) => Err(format!("could not be deleted: {UNSUPPORTED}")),
            (Some(_), Err(error)) => Err(format!("could not be deleted: {error}")),
            (Some(_), Ok(_)) => Err("could not be deleted: the registry keeps the manifest".to_owned()),
        }
    }

    /// Returns the other tags that mean the manifest, but for those that go too.
    async fn others(&self) -> Result<Vec<String>, String> {
        let repository = &self.one.repository;
        let mut tags = self.registry.tags(&repository.path).await.map_err(|error| error.to_string())?;
        tags.retain(|tag| !self.leaving.contains(&named(repository, tag, &self.one.digest)));
        if tags.len() > TAGS_MAX {
            return Err(format!("the repository has more than {TAGS_MAX} tags, any of which may mean it"));
        }
        let means = stream::iter(tags).map(|tag| async move { (self.means(&tag).await, tag) });
        let means: Vec<_> = means.buffer_unordered(HEADS_MAX).collect().await;
        let mut others = vec![];
        for (means, tag) in means {
            if means? {
                others.push(tag);
            }
        }
        others.sort();
        Ok(others)
    }
}

fn receipt(world: &World, recorded: &Recorded, one: &PlannedWithdrawal, outcome: &Outcome) -> Receipt {
    let found = one.recall == Recall::Receipt;
    let detail = match outcome {
        Outcome::Untagged(why) => format!("tag deleted from {}; the manifest stays: {why}", one.repository),
        _ if found => format!("found deleted from {}", one.repository),
        _ => format!("deleted from {}", one.repository),
    };
    let quarantine = recorded.state.desired.quarantine_of(&one.source);
    let hop = Hop {
        kind: HopKind::Withdrawal,
        from: one.repository.clone(),
        to: if one.consumer.is_some() { quarantine } else { one.repository.clone() },
        tag: Some(one.tag.clone()),
        consumer: one.consumer.clone(),
        hosts: vec![],
        volumes: vec![],
        at: world.now(),
        bytes: 0,
        actor: world.actor.clone(),
        tool: world.tool.clone(),
        certainty: if found { Certainty::Observed } else { Certainty::Performed },
        cleared_by: Some(recorded.state.tip.to_string()),
        vouched: vec![],
    };
    Receipt { source: one.source.clone(), digest: one.digest.clone(), hop, detail }
}
