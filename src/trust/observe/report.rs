//! What was observed and what is proposed, in words and for programs. Pure.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Claimed, Observation, Platforms, Proposal};
use crate::model::{
    AttestationFound, ClaimKind, Digest, Outcome, Proof, SignatureFormat, SignatureFound, StatementKind,
    foreign::{cut, inline},
};
use crate::{manifest::Diagnostic, registry::RegistryError};

/// The most signatures and attestations of one image that are shown one by one.
const SHOWN_MAX: usize = 40;

/// The longest note, in characters: our own sentences with names of images in them.
pub(super) const NOTE_CHARS_MAX: usize = 1000;

/// The most signatures of one platform that are shown.
const SHOWN_OF_PLATFORM_MAX: usize = 3;

/// What the proposed policy says of an image that it was proposed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    pub image: String,
    pub outcome: Outcome,
    pub reason: String,
}

impl Trial {
    /// Returns that a policy could not be tried.
    pub fn failed(image: &str, error: &RegistryError) -> Self {
        Self { image: image.to_owned(), outcome: Outcome::Undeterminable, reason: error.to_string() }
    }

    /// Returns that the manifests' reader does not take the policy.
    pub fn unreadable(image: &str, diagnostics: &[Diagnostic]) -> Self {
        let reason = diagnostics.first().map(|first| first.message.clone()).unwrap_or_default();
        Self { image: image.to_owned(), outcome: Outcome::Invalid, reason }
    }
}

/// Everything that an observation found out.
#[derive(Debug, Clone)]
pub struct Report {
    pub seen: Vec<Observation>,
    /// Images that could not be found out about, with the registry's answer.
    pub failed: Vec<(String, String)>,
    pub proposal: Proposal,
    /// The policy document, where there is somebody to trust.
    pub policy: Option<String>,
    pub trials: Vec<Trial>,
}

impl Report {
    /// Returns whether anything could not be found out.
    pub fn is_undeterminable(&self) -> bool {
        !self.failed.is_empty() || self.seen.iter().any(|one| one.obstacle().is_some())
    }

    /// Returns whether the proposed policy accepts every image it was proposed from; `true` without a policy.
    pub fn is_accepted(&self) -> bool {
        self.trials.iter().all(|trial| trial.outcome == Outcome::Verified)
    }

    /// Returns what is there, image by image, then what to check and the policy.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for one in &self.seen {
            observed(&mut text, one);
        }
        for (image, why) in &self.failed {
            let _ = writeln!(text, "{}\n  undeterminable  {}", inline(image), inline(why));
        }
        for trial in self.trials.iter().filter(|trial| trial.outcome != Outcome::Verified) {
            let (image, why) = (inline(&trial.image), inline(&trial.reason));
            let _ =
                writeln!(text, "\nThe policy below does not accept {image} yet: {}, {why}.", trial.outcome);
        }
        match &self.policy {
            Some(policy) => proposed(&mut text, &self.proposal, policy),
            None => nothing(&mut text, self),
        }
        text
    }

    /// Returns `fondaco/trust-observation/v1alpha1`.
    pub fn json(&self) -> Value {
        let seen = self.seen.iter().map(|one| {
            json!({
                "image": one.image, "digest": one.digest, "verification": one.record, "keyHints": one.hints,
                "notationClaims": claims_json(one), "platforms": platforms_json(&one.platforms),
                "failures": one.failures,
            })
        });
        let failed = self.failed.iter().map(|(image, why)| json!({"image": image, "reason": why}));
        let trials = self
            .trials
            .iter()
            .map(|trial| json!({"image": trial.image, "outcome": trial.outcome, "reason": trial.reason}));
        json!({
            "schema": "fondaco/trust-observation/v1alpha1",
            "observed": seen.collect::<Vec<_>>(),
            "undeterminable": failed.collect::<Vec<_>>(),
            "policy": self.policy,
            "notes": self.proposal.notes,
            "tried": trials.collect::<Vec<_>>(),
        })
    }
}

fn observed(text: &mut String, seen: &Observation) {
    let record = &seen.record;
    let _ = writeln!(text, "{}  {}", inline(&seen.image), seen.digest);
    if let Some(reason) = seen.obstacle() {
        let _ = writeln!(text, "  undeterminable  {}", inline(reason));
    }
    for found in record.signatures.iter().take(SHOWN_MAX) {
        signature(text, found);
        let Some(content) = &found.content else { continue };
        if let Some(hint) = seen.hints.get(content) {
            let _ =
                writeln!(text, "    claims key    SHA-256 {} (base64 of its SPKI's digest)", inline(hint));
        }
        if let Some(claimed) = seen.claims.get(content) {
            claims(text, claimed, found.outcome);
        }
    }
    for found in record.attestations.iter().take(SHOWN_MAX) {
        attestation(text, found);
    }
    let hidden = record.signatures.len().saturating_sub(SHOWN_MAX)
        + record.attestations.len().saturating_sub(SHOWN_MAX);
    if hidden > 0 {
        let _ = writeln!(text, "  and {hidden} more");
    }
    if seen.obstacle().is_none() && record.signatures.is_empty() {
        text.push_str(if !seen.platforms.signed.is_empty() {
            "  unsigned        nobody signed the index\n"
        } else if record.attestations.is_empty() {
            "  unsigned        neither a signature nor an attestation lies beside it\n"
        } else {
            "  no signature    nobody signed the image itself\n"
        });
    }
    platforms(text, &seen.platforms);
}

/// Says which platforms of an unsigned index are signed, and how.
fn platforms(text: &mut String, platforms: &Platforms) {
    if platforms.looked_at == 0 {
        return;
    }
    let (signed, all) = (platforms.signed.len(), platforms.looked_at);
    let more = match platforms.left_out {
        0 => String::new(),
        more => format!("; {more} more were not looked at"),
    };
    let _ = writeln!(text, "  platforms       {signed} of {all} are signed{more}");
    for one in &platforms.signed {
        let _ = writeln!(text, "  platform        {}  {}", inline(&one.platform), one.digest);
        for found in one.record.signatures.iter().take(SHOWN_OF_PLATFORM_MAX) {
            signature(text, found);
        }
    }
}

/// Says what a Notary Project signature says of its signer. Where it was verified, its root is no claim any more.
fn claims(text: &mut String, claimed: &Result<Claimed, String>, outcome: Outcome) {
    let claimed = match claimed {
        Ok(claimed) => claimed,
        Err(reason) => {
            let _ = writeln!(text, "    unreadable    {}", inline(reason));
            return;
        }
    };
    let doubt = if outcome == Outcome::Verified { "" } else { "  (claimed, not verified)" };
    if outcome != Outcome::Verified {
        let _ = writeln!(text, "    signer        {}{doubt}", claimed.signer);
    }
    let _ = writeln!(text, "    issuer        {}{doubt}", claimed.issuer);
    let _ = writeln!(text, "    root          {}{doubt}", claimed.root);
    let _ = writeln!(text, "    root SHA-256  {}{doubt}", claimed.fingerprint());
    match &claimed.flaw {
        Some(flaw) if outcome != Outcome::Verified => {
            let _ = writeln!(text, "    with it       would not be accepted either: {}", inline(flaw));
        }
        None if outcome != Outcome::Verified => {
            text.push_str("    with it       would be accepted, if that root is the publisher's\n");
        }
        _ => {}
    }
}

fn claims_json(seen: &Observation) -> Value {
    let one = |claimed: &Result<Claimed, String>| match claimed {
        Ok(claimed) => json!({"claimed": claimed}),
        Err(reason) => json!({"unreadable": reason}),
    };
    seen.claims.iter().map(|(content, claimed)| (content.to_string(), one(claimed))).collect()
}

fn platforms_json(platforms: &Platforms) -> Value {
    let signed = platforms
        .signed
        .iter()
        .map(|one| json!({"platform": one.platform, "digest": one.digest, "verification": one.record}));
    json!({
        "lookedAt": platforms.looked_at, "leftOut": platforms.left_out, "signed": signed.collect::<Vec<_>>(),
    })
}

fn signature(text: &mut String, found: &SignatureFound) {
    let word = found.outcome.name();
    let _ = writeln!(text, "  signature       {} · {word}: {}", form(found.format), inline(&found.reason));
    signer(text, &found.proof, found.outcome);
    let of_instance = found.format != SignatureFormat::Notation && !found.proof.claims.is_empty();
    if of_instance && !found.proof.claims.contains_key(&ClaimKind::Issuer) {
        text.push_str("    issuer        none: the certificate names no issuer\n");
    }
}

fn attestation(text: &mut String, found: &AttestationFound) {
    let predicate = inline(&found.predicate_type);
    let _ = writeln!(text, "  attestation     {predicate}");
    let _ = writeln!(
        text,
        "    form          {} · {}: {}",
        form(found.format),
        found.outcome,
        inline(&found.reason)
    );
    if let Some(subject) = &found.subject {
        let _ = writeln!(text, "    about         {}", Digest::short(subject));
    }
    for (kind, value) in &found.says {
        let _ = writeln!(text, "    {:<13} {}", statement_word(*kind), inline(value));
    }
    signer(text, &found.proof, found.outcome);
}

/// Says who signed. What a certificate says is only worth showing as a fact where it was verified.
fn signer(text: &mut String, proof: &Proof, outcome: Outcome) {
    let proven = matches!(outcome, Outcome::Verified | Outcome::Foreign);
    for (kind, value) in &proof.claims {
        let doubt = if proven { "" } else { "  (claimed, not verified)" };
        let _ = writeln!(text, "    {:<13} {}{doubt}", claim_word(*kind), inline(value));
    }
    if let Some(key) = &proof.key {
        let _ = writeln!(text, "    key           {}", inline(key));
    }
    if let Some(time) = proof.times.first() {
        let _ = writeln!(text, "    signed at     {time}");
    }
}

fn proposed(text: &mut String, proposal: &Proposal, policy: &str) {
    text.push_str("\nThis is what was seen, not what should be: trust on first use. Before you commit the policy, ask the publisher,\nby another way than this registry:\n");
    text.push_str(
        "  - whether these are the identities and keys that release their images, and the only ones;\n",
    );
    if !proposal.identities.is_empty() {
        text.push_str("  - whether the source repository is theirs, and who may run the workflow there;\n");
    }
    if !proposal.notation.is_empty() {
        text.push_str(
            "  - whether the certificates of the trust store are theirs: compare the SHA-256 of each;\n",
        );
    }
    text.push_str("  - what they do when one of these changes.\n");
    for note in &proposal.notes {
        let _ = writeln!(text, "Note: {}.", cut(note, NOTE_CHARS_MAX));
    }
    let _ = write!(text, "\n{policy}");
}

fn nothing(text: &mut String, report: &Report) {
    for note in &report.proposal.notes {
        let _ = writeln!(text, "Note: {}.", cut(note, NOTE_CHARS_MAX));
    }
    if report.is_undeterminable() {
        text.push_str("\nNo policy is proposed: not everything could be found out.\n");
    } else if !report.seen.is_empty() {
        text.push_str(
            "\nNo policy is proposed: nothing here is signed by somebody who can be named. Such an image is trusted by its digest\n\
             alone, pinned in an `ImageSet` (trust on first use).\n",
        );
    }
}

const fn form(format: SignatureFormat) -> &'static str {
    match format {
        SignatureFormat::CosignLegacy => "cosign tag `.sig`",
        SignatureFormat::CosignAttestation => "cosign tag `.att`",
        SignatureFormat::SigstoreBundle => "Sigstore bundle",
        SignatureFormat::Notation => "Notary Project",
        SignatureFormat::Buildkit => "BuildKit, in the index",
    }
}

const fn claim_word(kind: ClaimKind) -> &'static str {
    match kind {
        ClaimKind::Issuer => "issuer",
        ClaimKind::Identity => "identity",
        ClaimKind::SourceRepository => "source",
        ClaimKind::SourceRepositoryId => "source id",
        ClaimKind::SourceRef => "ref",
        ClaimKind::SourceCommit => "commit",
        ClaimKind::Workflow => "workflow",
        ClaimKind::Trigger => "trigger",
        ClaimKind::Runner => "runner",
    }
}

const fn statement_word(kind: StatementKind) -> &'static str {
    match kind {
        StatementKind::Builder => "builder",
        StatementKind::BuildType => "build type",
        StatementKind::Source => "built from",
        StatementKind::SourceRef => "built ref",
        StatementKind::SourceCommit => "built commit",
        StatementKind::Verifier => "verifier",
    }
}
