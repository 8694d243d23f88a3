//! What promoted images lack beside them: signatures by the key that the manifests name now, entries in the log that they
//! name, attestations that were never written, and such as state what is no longer so.
//!
//! The records say what was written; no registry is asked. Where the manifests do not say which key it is, any is taken
//! for the right one. Not asked of: what is withdrawn, whose tag means something else by now, and what came across an
//! air gap, which the sending side has signed. Next in reading order: [`super::explain`].

use std::collections::BTreeMap;

use super::{Observed, Seen, has_receipt, withdrawal};
use crate::{
    evidence::{HopKind, ImageRecord, Vouched},
    manifest::{Desired, DesiredConsumer, DesiredLog, DesiredSigning},
    model::{Digest, Period, Repository},
    trust::sign::{
        Artefact, Form,
        attest::{self, ADVISORIES_AGE_DAYS},
    },
};

/// Something that is to be written beside a promoted image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    pub artefact: Artefact,
    pub cause: Cause,
}

/// Cause something is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// No record says that it is there.
    Absent,
    /// Another key signed it.
    Key,
    /// No entry of it is in the log that the manifests name now.
    Log,
    /// It states what is no longer so.
    Facts,
    /// It rests on advisories that are old by now.
    Advisories,
}

impl Cause {
    /// Returns the reason in words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Absent => "not there yet",
            Self::Key => "another key",
            Self::Log => "not in the log",
            Self::Facts => "the facts have changed",
            Self::Advisories => "the advisories are newer",
        }
    }

    /// Returns the name that programs read.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Key => "key",
            Self::Log => "log",
            Self::Facts => "facts",
            Self::Advisories => "advisories",
        }
    }
}

impl Lacking {
    /// Returns what is written, in the words of manifests: `signature`, `sbom`, `scan`, `summary` or `custody`.
    pub const fn name(&self) -> &'static str {
        match &self.artefact.form {
            Form::CosignLegacy | Form::Signature => "signature",
            Form::Attestation { kind, .. } => kind.name(),
            Form::Document { .. } => "document",
        }
    }
}

/// One promotion, as a plan sees it.
pub(super) struct Promoted<'a> {
    pub record: &'a ImageRecord,
    pub consumer: &'a DesiredConsumer,
    pub distribution: &'a Repository,
    pub tag: &'a str,
}

/// Returns what a promoted image lacks; nothing where it is not promoted.
pub(super) fn lacking(desired: &Desired, promoted: &Promoted<'_>, observed: &Observed) -> Vec<Lacking> {
    let Promoted { record, consumer, distribution, tag } = *promoted;
    let source = &record.custody.source.repository;
    let seen = observed.distributions.get(&(distribution.clone(), tag.to_owned()));
    let there = matches!(seen, Some(Seen::Digest(there)) if *there == record.custody.subject.digest);
    let withdrawn = !withdrawal::concerning(desired, source, record, Some(&consumer.name)).is_empty();
    let carried = record.custody.hops.iter().any(|hop| hop.kind == HopKind::Carry);
    if !there || withdrawn || carried || !has_receipt(record, &consumer.name, distribution, tag) {
        return vec![];
    }
    let facts =
        attest::Facts { record, distribution, tag, consumer: &consumer.name, mirror: &desired.mirror };
    let standing = standing(promoted);
    let signing = &desired.mirror.signing;
    let lacking = attest::wanted(&facts).into_iter().filter_map(|artefact| {
        let cause = cause(&artefact, standing.get(&of_artefact(&artefact)).copied(), signing)?;
        Some(Lacking { artefact, cause })
    });
    lacking.collect()
}

/// What tells one thing beside an image from another.
type Identity<'a> = (&'a str, &'a Digest, Option<&'a str>, Option<&'a Digest>);

/// Images have one signature below cosign's tag for each docker-reference, and one of everything else.
fn of_artefact(artefact: &Artefact) -> Identity<'_> {
    let several = artefact.facts.as_ref().filter(|_| artefact.form == Form::CosignLegacy);
    (artefact.form.format(), &artefact.subject.digest, artefact.form.predicate_type(), several)
}

fn of_vouched(vouched: &Vouched) -> Identity<'_> {
    let several = vouched.facts.as_ref().filter(|_| vouched.format == Form::CosignLegacy.format());
    (&vouched.format, &vouched.subject, vouched.predicate_type.as_deref(), several)
}

/// Returns the latest of everything that the records say was written for the consumer since the image was last put there.
fn standing<'a>(promoted: &Promoted<'a>) -> BTreeMap<Identity<'a>, &'a Vouched> {
    let Promoted { record, consumer, distribution, .. } = *promoted;
    let here = record.custody.here();
    let gone = here.iter().rposition(|hop| hop.kind == HopKind::Withdrawal && hop.from == *distribution);
    let hops = here[gone.map_or(0, |gone| gone + 1)..].iter().filter(|hop| {
        matches!(hop.kind, HopKind::Promotion | HopKind::ReSign)
            && hop.to == *distribution
            && hop.consumer.as_ref() == Some(&consumer.name)
    });
    hops.flat_map(|hop| &hop.vouched).map(|vouched| (of_vouched(vouched), vouched)).collect()
}

fn cause(artefact: &Artefact, standing: Option<&Vouched>, signing: &DesiredSigning) -> Option<Cause> {
    let Some(standing) = standing else { return Some(Cause::Absent) };
    let key = signing.public.as_ref().map(|public| &public.fingerprint);
    if artefact.form.is_signed() && key.is_some_and(|key| standing.key.as_ref() != Some(key)) {
        return Some(Cause::Key);
    }
    let entered = |log: &DesiredLog| standing.log.as_ref().is_some_and(|id| log.ids.contains(id));
    if artefact.form.is_bundle() && !signing.log.as_ref().is_none_or(entered) {
        return Some(Cause::Log);
    }
    if artefact.facts != standing.facts {
        return Some(Cause::Facts);
    }
    let age = Period::days(ADVISORIES_AGE_DAYS);
    let (now, then) = artefact.as_of.zip(standing.as_of)?;
    (now >= then.plus(age)).then_some(Cause::Advisories)
}
