//! The plan for programs. Its own structs, so that the plan's types may change without changing the form.

use serde_json::{Value, json};

use super::cost::Forecast;
use super::{
    Floating, Lacking, Plan, PlannedConsumer, PlannedImage, PlannedWithdrawal, Promotion, Recall,
    UnknownSubject, Unselected, unasked_json,
};
use crate::evidence::LockedImage;

/// Returns the plan as `fondaco/plan/v1alpha1`.
pub fn json(plan: &Plan, costs: &Forecast) -> Value {
    json!({
        "schema": "fondaco/plan/v1alpha1",
        "nothingToDo": plan.is_empty(),
        "images": plan.images.iter().map(image).collect::<Vec<_>>(),
        "selections": plan.unselected.iter().map(selection).collect::<Vec<_>>(),
        "released": plan.released.iter().map(released).collect::<Vec<_>>(),
        "cost": costs,
        "withdrawals": plan.withdrawals.iter().map(withdrawal).collect::<Vec<_>>(),
        "unknownSubjects": plan.unknown.iter().map(unknown).collect::<Vec<_>>(),
        "notAskedFor": unasked_json(&plan.unasked),
    })
}

fn unknown(subject: &UnknownSubject) -> Value {
    json!({
        "withdrawal": subject.withdrawal,
        "written": subject.written,
        "failure": subject.message,
        "hint": subject.hint,
    })
}

fn withdrawal(planned: &PlannedWithdrawal) -> Value {
    let (action, detail) = match &planned.recall {
        Recall::Stands => ("none", None),
        Recall::Shared(other) => ("none", Some(other)),
        Recall::Delete { manifest: true, .. } => ("deleteManifest", None),
        Recall::Delete { manifest: false, .. } => ("deleteTag", None),
        Recall::Receipt => ("receipt", None),
        Recall::Blocked(why) => ("blocked", Some(why)),
    };
    json!({
        "withdrawal": planned.withdrawal.name,
        "written": planned.withdrawal.written,
        "reason": planned.withdrawal.reason,
        "effective": planned.withdrawal.effective,
        "deleteAt": planned.withdrawal.delete_at,
        "image": planned.source.to_string(),
        "digest": planned.digest,
        "consumer": planned.consumer,
        "repository": planned.repository.to_string(),
        "tag": planned.tag,
        "action": action,
        "detail": detail,
    })
}

fn selection(failed: &Unselected) -> Value {
    json!({
        "image": failed.source.to_string(),
        "set": failed.set,
        "written": failed.written,
        "failure": failed.message,
        "hint": failed.hint,
    })
}

fn released(locked: &LockedImage) -> Value {
    json!({"image": locked.repository.to_string(), "tag": locked.tag, "digest": locked.digest})
}

fn floating(floating: Floating) -> Value {
    match floating {
        Floating::Moved(moves) => json!({"by": "history", "moves": moves}),
        Floating::ByName => json!({"by": "name"}),
    }
}

fn image(planned: &PlannedImage) -> Value {
    json!({
        "image": planned.image.source.to_string(),
        "tag": planned.image.tag,
        "set": planned.image.set,
        "digest": planned.digest,
        "was": planned.was,
        "floating": planned.floating.map(floating),
        "failure": planned.failure(),
        "takeIn": planned.take_in,
        "verify": planned.verify,
        "consumers": planned.consumers.iter().map(consumer).collect::<Vec<_>>(),
    })
}

fn consumer(planned: &PlannedConsumer) -> Value {
    let (action, detail) = match &planned.promotion {
        Promotion::Nothing => ("none", None),
        Promotion::Promote { replaces } => ("promote", replaces.as_ref().map(ToString::to_string)),
        Promotion::Receipt => ("receipt", None),
        Promotion::Blocked(why) => ("blocked", Some(why.clone())),
    };
    json!({
        "consumer": planned.name,
        "distribution": planned.distribution.to_string(),
        "verdict": planned.verdict.as_ref().map(|verdict| verdict.verdict),
        "reasons": planned.verdict.as_ref().map(|verdict| &verdict.reasons),
        "action": action,
        "detail": detail,
        "sign": planned.lacking.iter().map(lacking).collect::<Vec<_>>(),
    })
}

fn lacking(lacking: &Lacking) -> Value {
    json!({
        "what": lacking.name(),
        "format": lacking.artefact.form.format(),
        "predicateType": lacking.artefact.form.predicate_type(),
        "subject": lacking.artefact.subject.digest,
        "why": lacking.cause.name(),
    })
}
