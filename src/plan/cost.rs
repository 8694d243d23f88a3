//! What a run will cost each registry, as far as that can be known before a manifest is read. Pure.
//!
//! What cannot be known yet is open upwards, never guessed: how many platforms an image has, and how many bytes, stands
//! in its manifest, and reading that is what a registry counts as a pull.

mod text;

#[cfg(test)]
mod tests;

pub(super) use text::text;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::AddAssign,
};

use serde::Serialize;

use super::{Plan, PlannedConsumer, PlannedImage, Promotion, destinations, unpinned};
use crate::{
    evidence::{Evidence, HopKind, ImageRecord},
    manifest::Desired,
    model::{Digest, Repository, media_type},
    registry::{ActionGroup, Allowance, PATIENCE, Rate},
};

/// HEADs for what lies beside one manifest: the tag `sha256-<hex>` and cosign's three ([`crate::intake`]).
const COMPANION_HEADS: u64 = 4;

/// A number of requests, things or bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Amount {
    pub least: u64,
    /// `None` where only the run itself will tell.
    pub most: Option<u64>,
}

/// What a run will cost one registry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    pub heads: Amount,
    /// Manifests that are read, as Docker Hub counts pulls: an index and each of its platforms.
    pub pulls: Amount,
    pub uploads: Amount,
    pub mounts: Amount,
    /// Manifests that are written, tags included.
    pub manifests: Amount,
    /// Images and platforms that are signed.
    pub signatures: Amount,
    /// Bytes of images. Signatures and package lists come on top, and what moves where a registry refuses a mount.
    pub bytes_read: Amount,
    pub bytes_written: Amount,
    /// What the registry allows in a time that no run waits for.
    pub limits: Vec<Limit>,
}

/// A rate that the run may exceed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Limit {
    pub group: ActionGroup,
    pub requests: u64,
    pub seconds: u64,
    /// What is left of it; all of it where the registry has not said.
    pub left: u64,
    pub needed: Amount,
    /// Whether the run is known to need more than is left.
    pub exceeded: bool,
}

/// What is known of a registry's limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tariff {
    pub rates: Vec<Rate>,
    /// What it said last.
    pub allowance: Option<Allowance>,
}

/// The costs of a run by host. Directories cost no requests and are not among them.
pub type Forecast = BTreeMap<String, Cost>;

/// Returns every host that the manifests make a run ask, directories left out.
pub fn hosts(desired: &Desired) -> BTreeSet<String> {
    let sources = desired.images.iter().map(|image| &image.source);
    let targets = desired.consumers.iter().map(|consumer| &consumer.target);
    let named = sources.chain(targets).chain([&desired.mirror.quarantine]).map(|repository| &repository.host);
    let served = |host: &&String| desired.registries.get(*host).is_none_or(|known| known.layout.is_none());
    named.filter(served).cloned().collect()
}

/// Returns what carrying out `plan` will cost. `tariffs` are the limits by host.
pub fn forecast(
    desired: &Desired,
    evidence: &Evidence,
    plan: &Plan,
    tariffs: &BTreeMap<String, Tariff>,
) -> Forecast {
    let mut costs = Forecast::new();
    let looked_at = unpinned(desired).into_iter().chain(destinations(desired));
    for (repository, _) in looked_at {
        of(&mut costs, &repository).heads += Amount::exactly(1);
    }
    gathering(desired, plan, &mut costs);
    for planned in &plan.images {
        let digest = planned.digest.as_ref();
        let record = digest.and_then(|digest| {
            evidence.asked(&planned.image.source, digest, &planned.image.content.platforms)
        });
        for consumer in &planned.consumers {
            promoting(desired, planned, consumer, record, &mut costs);
        }
    }
    let served = hosts(desired);
    costs.retain(|host, _| served.contains(host));
    for (host, cost) in &mut costs {
        cost.limits = tariffs.get(host).map(|tariff| limits(tariff, cost)).unwrap_or_default();
    }
    costs
}

fn of<'c>(costs: &'c mut Forecast, repository: &Repository) -> &'c mut Cost {
    costs.entry(repository.host.clone()).or_default()
}

/// Images to take in and signatures to look for; each digest once, whatever tags it has.
fn gathering(desired: &Desired, plan: &Plan, costs: &mut Forecast) {
    let mut seen: BTreeSet<(&Repository, &Digest)> = BTreeSet::new();
    for planned in plan.images.iter().filter(|image| image.take_in || image.verify) {
        let source = &planned.image.source;
        let Some(digest) = &planned.digest else { continue };
        if !seen.insert((source, digest)) {
            continue;
        }
        let upstream = of(costs, source);
        // Signatures lie in manifests, and nobody knows yet whether there are any.
        upstream.pulls += Amount::at_least(u64::from(planned.take_in));
        upstream.heads += Amount::at_least(if planned.take_in { COMPANION_HEADS } else { 0 });
        if planned.take_in {
            upstream.bytes_read += Amount::at_least(0);
            let quarantine = of(costs, &desired.mirror.quarantine);
            quarantine.heads += Amount::at_least(2);
            // By digest, and the tag that keeps it.
            quarantine.manifests += Amount::at_least(2);
            for open in [&mut quarantine.uploads, &mut quarantine.mounts, &mut quarantine.bytes_written] {
                *open += Amount::at_least(0);
            }
        }
    }
}

fn promoting(
    desired: &Desired,
    planned: &PlannedImage,
    consumer: &PlannedConsumer,
    record: Option<&ImageRecord>,
    costs: &mut Forecast,
) {
    let quarantine = &desired.mirror.quarantine;
    if !consumer.lacking.is_empty() {
        let distribution = of(costs, &consumer.distribution);
        let written = consumer.lacking.len() as u64;
        for amount in [&mut distribution.pulls, &mut distribution.uploads, &mut distribution.manifests] {
            *amount += Amount::at_least(written);
        }
        let signed = consumer.lacking.iter().filter(|one| one.artefact.form.is_signed()).count() as u64;
        distribution.signatures += Amount::exactly(signed);
    }
    let idle = consumer.promotion == Promotion::Nothing;
    let promoted = record.filter(|_| matches!(consumer.promotion, Promotion::Promote { .. }));
    let undecided = planned.take_in || planned.verify;
    if !undecided && (idle || record.is_none()) {
        return;
    }
    // Signing looks at what is there, and only what is cleared in the end is promoted.
    of(costs, quarantine).pulls += Amount::at_least(0);
    let distribution = of(costs, &consumer.distribution);
    for open in [&mut distribution.heads, &mut distribution.pulls, &mut distribution.uploads] {
        *open += Amount::at_least(0);
    }
    let Some(record) = promoted.filter(|_| !planned.take_in) else {
        for open in [&mut distribution.mounts, &mut distribution.manifests, &mut distribution.signatures] {
            *open += Amount::at_least(0);
        }
        return;
    };
    let subject = &record.custody.subject;
    let platforms = subject.platforms.len() as u64;
    let index = u64::from(media_type::is_index(&subject.media_type));
    let manifests = Amount::at_least(platforms + index);
    let layers = subject.platforms.iter().flat_map(|platform| &platform.layers);
    let layers: BTreeSet<_> = layers.map(|layer| &layer.digest).collect();
    let blobs = layers.len() as u64 + platforms;
    // An index may name attestations beside its platforms, whose blobs no record counts.
    let blobs = if index == 0 { Amount::up_to(blobs) } else { Amount::at_least(0) };
    of(costs, quarantine).pulls += manifests;
    let near = quarantine.host == consumer.distribution.host;
    if !near {
        of(costs, quarantine).bytes_read += Amount::up_to(subject.total_size);
    }
    let distribution = of(costs, &consumer.distribution);
    distribution.heads += Amount::at_least(1);
    distribution.manifests += manifests;
    distribution.manifests += Amount::exactly(1);
    if near {
        distribution.mounts += blobs;
    } else {
        distribution.uploads += blobs;
        distribution.bytes_written += Amount::up_to(subject.total_size);
    }
    let signatures = platforms + index;
    let signed = record.custody.hops.iter().any(|hop| {
        hop.kind == HopKind::Promotion && hop.to == consumer.distribution && !hop.vouched.is_empty()
    });
    distribution.signatures += if signed { Amount::up_to(signatures) } else { Amount::exactly(signatures) };
}

/// Returns the limits that no run waits for, with what the run needs of them.
fn limits(tariff: &Tariff, cost: &Cost) -> Vec<Limit> {
    let said = tariff.allowance;
    let announced = said.and_then(|said| {
        let requests = u32::try_from(said.limit?).ok()?;
        Some(Rate { group: said.group, requests, seconds: u32::try_from(said.window_s?).ok()? })
    });
    let unknown = announced.filter(|rate| !tariff.rates.iter().any(|known| known.group == rate.group));
    let long = |rate: &&Rate| u64::from(rate.seconds) > PATIENCE.as_secs();
    let limit = |rate: &Rate| {
        let needed = needed(rate.group, cost)?;
        let (requests, seconds) = (u64::from(rate.requests), rate.seconds.into());
        let left = said.filter(|said| said.group == rate.group).map_or(requests, |said| said.remaining);
        let exceeded = needed.least > left;
        Some(Limit { group: rate.group, requests, seconds, left, needed, exceeded })
    };
    tariff.rates.iter().chain(&unknown).filter(long).filter_map(limit).collect()
}

/// Returns how many requests of a group the run needs, where the forecast counts them.
fn needed(group: ActionGroup, cost: &Cost) -> Option<Amount> {
    let sum = |parts: &[Amount]| {
        let mut sum = Amount::default();
        for part in parts {
            sum += *part;
        }
        sum
    };
    match group {
        ActionGroup::All => Some(sum(&[
            cost.heads,
            cost.pulls,
            cost.uploads,
            cost.mounts,
            cost.manifests,
            Amount::at_least(0),
        ])),
        ActionGroup::Look => Some(cost.heads),
        ActionGroup::Pull => Some(cost.pulls),
        ActionGroup::UploadStart => Some(sum(&[cost.uploads, cost.mounts])),
        ActionGroup::UploadBody => Some(cost.uploads),
        ActionGroup::ManifestWrite => Some(cost.manifests),
        ActionGroup::Read | ActionGroup::List => None,
    }
}

impl Default for Amount {
    fn default() -> Self {
        Self::exactly(0)
    }
}

impl Amount {
    pub const fn exactly(number: u64) -> Self {
        Self { least: number, most: Some(number) }
    }

    pub const fn up_to(number: u64) -> Self {
        Self { least: 0, most: Some(number) }
    }

    pub const fn at_least(number: u64) -> Self {
        Self { least: number, most: None }
    }

    /// Returns whether nothing at all is meant.
    pub const fn is_nothing(self) -> bool {
        matches!(self.most, Some(0))
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.least = self.least.saturating_add(other.least);
        self.most = self.most.zip(other.most).map(|(a, b)| a.saturating_add(b));
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (least, Some(most)) if least == most => write!(f, "{least}"),
            (0, Some(most)) => write!(f, "up to {most}"),
            (least, Some(most)) => write!(f, "{least} to {most}"),
            (least, None) => write!(f, "at least {least}"),
        }
    }
}
