//! Withdrawals: what is recalled, for whom, from when.

use std::collections::BTreeSet;

use super::{Object, Sources, Spec};
use crate::manifest::kinds::{Delete, WithdrawalSpec, WithdrawnImage};
use crate::manifest::mistakes::Mistakes;
use crate::manifest::{Code, DesiredWithdrawal, Diagnostic, Withdrawn};
use crate::model::{Instant, Period, Reference};

/// Returns the withdrawals, sorted by name.
pub(super) fn withdrawals(sources: &Sources<'_>, out: &mut Mistakes) -> Vec<DesiredWithdrawal> {
    let mut withdrawals = vec![];
    for object in &sources.objects {
        let (Some(name), Some(Spec::Withdrawal(spec))) = (object.name(), &object.spec) else { continue };
        let subjects = spec.subjects.iter().enumerate();
        let subjects = subjects.filter_map(|(index, image)| subject(object, index, image, out));
        let effective = effective(spec);
        withdrawals.push(DesiredWithdrawal {
            name: name.to_owned(),
            subjects: subjects.collect(),
            reason: spec.reason.0.clone(),
            effective,
            delete_at: (spec.delete != Delete::None)
                .then(|| effective.plus(spec.grace.unwrap_or(Period::days(0)))),
            quarantine: spec.delete == Delete::Quarantine,
            replacement: spec.replacement.as_ref().map(|text| text.0.clone()),
            consumers: spec
                .consumers
                .as_ref()
                .map(|names| names.iter().map(|name| name.0.clone()).collect::<BTreeSet<_>>()),
            written: object.named_at().short(),
        });
        contradictions(object, spec, out);
    }
    withdrawals.sort_by(|a: &DesiredWithdrawal, b| a.name.cmp(&b.name));
    withdrawals
}

/// Reports keys that say nothing together.
fn contradictions(object: &Object<'_>, spec: &WithdrawalSpec, out: &mut Mistakes) {
    if spec.grace.is_some() && spec.delete == Delete::None {
        let message = "`grace` says when something is deleted, and nothing is";
        let help = "write `delete: distribution` too, or leave `grace` out".to_owned();
        out.push(Diagnostic::new(Code::InvalidValue, message, object.place("spec.grace")).help(help));
    }
    if spec.consumers.is_some() && spec.delete == Delete::Quarantine {
        let message = "quarantine holds an image for every consumer, and not for some of them";
        let help = "leave `consumers` out, or write `delete: distribution`".to_owned();
        out.push(Diagnostic::new(Code::InvalidValue, message, object.place("spec.consumers")).help(help));
    }
}

fn effective(spec: &WithdrawalSpec) -> Instant {
    format!("{}T00:00:00Z", spec.effective.0).parse().expect("a date was checked to be a day")
}

fn subject(
    object: &Object<'_>,
    index: usize,
    image: &WithdrawnImage,
    out: &mut Mistakes,
) -> Option<Withdrawn> {
    let at = object.place(&format!("spec.subjects.{index}"));
    let reference = match (&image.digest, &image.tag) {
        (Some(digest), None) => Reference::from(digest),
        (None, Some(tag)) => Reference::tag(&tag.0),
        (both, _) => {
            let message = match both {
                Some(_) => "a subject has a digest or a tag, not both",
                None => "a subject needs a digest or a tag",
            };
            let help = "a digest is withdrawn under every tag; a tag with every digest it was seen to have";
            out.push(Diagnostic::new(Code::InvalidValue, message, at).help(help.to_owned()));
            return None;
        }
    };
    Some(Withdrawn { source: image.image.0.clone(), reference, written: at.short() })
}
