//! Verifies what the manifests ask for and writes nothing: how a policy ends for images, before a run or without one.
//!
//! Reads registries only where nothing is recorded: a digest whose verification by the same policy is in the evidence is
//! not asked about again, unless that is wanted.

use std::{collections::BTreeSet, fmt::Write as _};

use futures_util::{StreamExt, stream};
use serde::Serialize;

use super::{
    SelectionReport, State, World,
    gather::{self, Policies},
    observe, report,
};
use crate::{
    evidence::VerificationRecord,
    gate,
    manifest::DesiredImage,
    model::{DemandOutcome, Digest, Outcome, Verdict, foreign::inline},
    plan::{self, Observed, Resolution, Resolved},
    trust::verify,
};

/// Images verified at once. Each registry bounds its own requests; this bounds the bundles in memory.
const IMAGES_AT_ONCE: usize = 16;

/// What became of every image. `schema` numbers the JSON form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    /// `fondaco/trust-verification/v1alpha1`.
    pub schema: &'static str,
    /// Sorted as the manifests are.
    pub images: Vec<ImageVerified>,
    /// Selections that could not be made.
    pub selections: Vec<SelectionReport>,
}

/// What became of one image under one tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageVerified {
    pub image: String,
    /// Absent where the tag could not be resolved.
    pub digest: Option<String>,
    /// Name of the trust policy, or `none`.
    pub policy: String,
    pub outcome: Outcome,
    /// The policy's names for those whose signature or attestation was verified, sorted.
    pub signers: BTreeSet<String>,
    pub reason: String,
    pub demands: Vec<DemandOutcome>,
    /// What the policy makes of it: `cleared` also where the outcome is only recorded.
    pub verdict: Verdict,
    /// Whether the evidence said so already.
    pub recorded: bool,
}

impl Verified {
    /// Returns whether a policy refuses an image.
    pub fn refuses(&self) -> bool {
        self.images.iter().any(|image| image.verdict == Verdict::Refused)
    }

    /// Returns whether something could not be determined, or waits.
    pub fn is_open(&self) -> bool {
        let open = |image: &ImageVerified| {
            image.outcome == Outcome::Undeterminable || image.verdict == Verdict::Held
        };
        !self.selections.is_empty() || self.images.iter().any(open)
    }

    /// Returns one line an image.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for image in &self.images {
            let recorded = if image.recorded { " (recorded)" } else { "" };
            let action = match image.verdict {
                Verdict::Cleared => String::new(),
                held => format!(" → {}", held.action()),
            };
            let reason = inline(&image.reason);
            let name = inline(&image.image);
            let _ = writeln!(text, "{:<14} {name}  {reason}{recorded}{action}", image.outcome.name());
        }
        for selection in &self.selections {
            let (image, failure) = (inline(&selection.image), inline(&selection.failure));
            let _ = writeln!(text, "{:<14} {image}  {failure}", "not chosen");
        }
        text
    }
}

/// Which images are verified.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// As `host/repository`, with `:tag` or `@digest`; empty for all.
    pub images: BTreeSet<String>,
    /// Whether recorded digests are verified, too.
    pub again: bool,
}

/// Verifies the images of `state`.
///
/// # Errors
/// A name that no manifest asks for.
pub async fn verify_images(world: &World, mut state: State, asked: &Asked) -> Result<Verified, String> {
    state.inform(&world.registries);
    let mut observed = Observed::default();
    let unselected = observe::observe_upstream(world, &mut state, &mut observed).await;
    let mut resolved = plan::resolve(&state.desired, &state.evidence.lock, &observed);
    if let Some(unknown) = asked.images.iter().find(|name| !resolved.iter().any(|one| is_named(one, name))) {
        return Err(format!("no manifest asks for `{}`", inline(unknown)));
    }
    resolved.retain(|one| asked.images.is_empty() || asked.images.iter().any(|name| is_named(one, name)));
    let policies = gather::prepared(world, &state.desired, resolved.iter().map(|one| &one.image));
    let one = Verifying { world, state: &state, policies: &policies, again: asked.again };
    let images = stream::iter(resolved).map(|resolved| one.image(resolved)).buffered(IMAGES_AT_ONCE);
    Ok(Verified {
        schema: "fondaco/trust-verification/v1alpha1",
        images: images.collect().await,
        selections: unselected.iter().map(report::selection_report).collect(),
    })
}

struct Verifying<'a> {
    world: &'a World,
    state: &'a State,
    policies: &'a Policies,
    again: bool,
}

impl Verifying<'_> {
    async fn image(&self, resolved: Resolved) -> ImageVerified {
        let Resolved { image, digest, .. } = &resolved;
        if let Resolution::Failed { message, .. } = &resolved.how {
            return unresolved(&resolved, message);
        }
        let Some(digest) = digest else { return unresolved(&resolved, "upstream does not have the tag") };
        if let Some(recorded) = self.recorded(image, digest) {
            return self.told(image, recorded, true);
        }
        let accepted = &self.policies[&image.trust];
        match self.world.registries.get(&self.state.desired, &image.source.host) {
            Ok(registry) => {
                let (path, platforms) = (&image.source.path, &image.content.platforms);
                let record =
                    verify::verify_sparingly(registry.as_ref(), path, digest, platforms, accepted).await;
                self.told(image, &record, false)
            }
            Err(error) => unresolved(&resolved, &error.to_string()),
        }
    }

    fn recorded(&self, image: &DesiredImage, digest: &Digest) -> Option<&VerificationRecord> {
        let record = self.state.evidence.asked(&image.source, digest, &image.content.platforms)?;
        let stands = !self.again && !plan::needs_verification(&self.state.desired, image, record);
        stands.then_some(&record.verification)
    }

    fn told(&self, image: &DesiredImage, record: &VerificationRecord, recorded: bool) -> ImageVerified {
        let policy = image.trust.as_ref().and_then(|name| self.state.desired.policies.get(name));
        let reasons = gate::signature_reasons(record, policy);
        let proofs = record.signatures.iter().map(|found| (found.outcome, &found.proof));
        let proofs = proofs.chain(record.attestations.iter().map(|found| (found.outcome, &found.proof)));
        let verified = proofs.filter(|(outcome, _)| *outcome == Outcome::Verified);
        let signers = verified.filter_map(|(_, proof)| proof.key.clone().or_else(|| proof.signer.clone()));
        ImageVerified {
            image: format!("{}:{}", image.source, image.tag),
            digest: Some(record.subject.to_string()),
            policy: record.policy.clone(),
            outcome: record.outcome,
            signers: signers.collect(),
            reason: record.reason.clone(),
            demands: record.demands.clone(),
            verdict: reasons.iter().map(|reason| reason.verdict).max().unwrap_or(Verdict::Cleared),
            recorded,
        }
    }
}

fn unresolved(resolved: &Resolved, reason: &str) -> ImageVerified {
    ImageVerified {
        image: format!("{}:{}", resolved.image.source, resolved.image.tag),
        digest: resolved.digest.as_ref().map(ToString::to_string),
        policy: resolved.image.trust.clone().unwrap_or_else(|| "none".to_owned()),
        outcome: Outcome::Undeterminable,
        signers: BTreeSet::new(),
        reason: reason.to_owned(),
        demands: vec![],
        verdict: Verdict::Held,
        recorded: false,
    }
}

fn is_named(resolved: &Resolved, name: &str) -> bool {
    let Resolved { image, digest, .. } = resolved;
    let source = image.source.to_string();
    let by_digest = digest.as_ref().is_some_and(|digest| name == format!("{source}@{digest}"));
    name == source || name == format!("{source}:{}", image.tag) || by_digest
}
