//! The plan in words, for a terminal. Words suffice; nothing depends on colour.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::cost::{self, Forecast};
use super::{
    Cause, Floating, Lacking, NEEDED, Plan, PlannedConsumer, PlannedImage, PlannedWithdrawal, Promotion,
    Recall, Resolution, count_unasked,
};
use crate::{
    gate,
    model::{Digest, Instant, Verdict, foreign::inline},
};

/// The most reasons shown for one verdict; the rest are counted, the evidence has them all.
const REASONS_SHOWN: usize = 3;

/// The most released tags that are named; a set that was taken out of the manifests may have had thousands.
const RELEASED_SHOWN: usize = 20;

/// The most waiting images that are named.
const WAITS_SHOWN: usize = 20;

/// Returns the plan as text at a moment: one block for each image with something to do, then totals and costs.
pub fn explain(plan: &Plan, costs: &Forecast, now: Instant) -> String {
    let mut text = String::new();
    let (busy, idle): (Vec<_>, Vec<_>) = plan.images.iter().partition(|image| is_busy(image));
    for image in &busy {
        explain_image(image, now, &mut text);
    }
    explain_selections(plan, &mut text);
    explain_waits(&idle, now, &mut text);
    explain_withdrawals(plan, &mut text);
    let quiet = plan.unselected.is_empty() && plan.released.is_empty() && plan.unknown.is_empty();
    let nobody = count_unasked(&plan.unasked);
    if busy.is_empty() && quiet && plan.withdrawals.iter().all(|withdrawal| !withdrawal.is_due()) {
        let standing = standing(plan);
        let _ = writeln!(text, "nothing to do: {} images as recorded{standing}", idle.len());
        return text + &nobody;
    }
    if !idle.is_empty() {
        let _ = writeln!(text, "  {} images unchanged\n", idle.len());
    }
    let _ = writeln!(text, "{}", totals(plan));
    text.push_str(&nobody);
    text.push_str(&cost::text(costs));
    text
}

fn is_busy(image: &PlannedImage) -> bool {
    let idle = image.consumers.iter().all(PlannedConsumer::is_idle);
    image.take_in || image.verify || image.failure().is_some() || image.was.is_some() || !idle
}

fn standing(plan: &Plan) -> String {
    let count = |wanted: Verdict| {
        let consumers = plan.images.iter().flat_map(|image| &image.consumers);
        consumers.filter(|c| c.verdict.as_ref().is_some_and(|v| v.verdict == wanted)).count()
    };
    format!(
        "; {} cleared, {} held, {} refused",
        count(Verdict::Cleared),
        count(Verdict::Held),
        count(Verdict::Refused)
    )
}

/// Says which selections could not be made, and what is no longer asked for.
fn explain_selections(plan: &Plan, text: &mut String) {
    for failed in &plan.unselected {
        let source = inline(&failed.source.to_string());
        let _ = writeln!(text, "  {source}   selection in {}", inline(&failed.written));
        let _ = writeln!(text, "    failed    {}", inline(&failed.message));
        if let Some(hint) = &failed.hint {
            let _ = writeln!(text, "    hint      {}", inline(hint));
        }
        text.push('\n');
    }
    for locked in plan.released.iter().take(RELEASED_SHOWN) {
        let source = inline(&locked.repository.to_string());
        let _ = writeln!(text, "  {source}:{}   {}", inline(&locked.tag), locked.digest.short());
        let _ = writeln!(
            text,
            "    released  nobody asks for it any more; it stays where it is, and is no longer updated\n"
        );
    }
    if plan.released.len() > RELEASED_SHOWN {
        let _ = writeln!(text, "  {} more are released\n", plan.released.len() - RELEASED_SHOWN);
    }
}

/// Says how long images wait that nothing but a cooldown holds.
fn explain_waits(idle: &[&PlannedImage], now: Instant, text: &mut String) {
    let consumers = idle.iter().flat_map(|image| image.consumers.iter().map(move |c| (image, c)));
    let waits = consumers.filter_map(|(image, consumer)| {
        let reasons = &consumer.verdict.as_ref().filter(|v| v.verdict == Verdict::Held)?.reasons;
        let [reason] = reasons.as_slice() else { return None };
        Some((image, consumer, gate::progress(reason, now)?))
    });
    let waits: Vec<_> = waits.collect();
    for (image, consumer, progress) in waits.iter().take(WAITS_SHOWN) {
        let (source, tag) = (inline(&image.image.source.to_string()), inline(&image.image.tag));
        let _ = writeln!(text, "  {source}:{tag}   {}: hold: {progress}", inline(&consumer.name));
    }
    if waits.len() > WAITS_SHOWN {
        let _ = writeln!(text, "  and {} more wait", waits.len() - WAITS_SHOWN);
    }
    if !waits.is_empty() {
        text.push('\n');
    }
}

fn explain_image(image: &PlannedImage, now: Instant, text: &mut String) {
    let digest = image.digest.as_ref().map_or("unknown".to_owned(), Digest::short);
    let was = image.was.as_ref().map(|was| format!("{} → ", was.short())).unwrap_or_default();
    let source = inline(&image.image.source.to_string());
    let _ = writeln!(text, "  {source}:{}   {was}{digest}", inline(&image.image.tag));
    if let Some(failure) = image.failure() {
        let _ = writeln!(text, "    failed    {}", inline(&failure));
    }
    let how = match image.how {
        Resolution::New => Some("seen for the first time".to_owned()),
        Resolution::Moved => Some("upstream moved the tag".to_owned()),
        _ => None,
    };
    let floating = image.floating.map(|floating| match floating {
        Floating::Moved(1) => "floating: moved once since first seen".to_owned(),
        Floating::Moved(moves) => format!("floating: moved {moves} times since first seen"),
        Floating::ByName => "floating by its name".to_owned(),
    });
    let notes: Vec<String> = how.into_iter().chain(floating).collect();
    if !notes.is_empty() {
        let _ = writeln!(text, "    tag       {}", notes.join(", "));
    }
    if image.take_in {
        let _ = writeln!(text, "    take in   copy to quarantine, catalogue, verify, scan, judge");
    } else if image.verify {
        let _ = writeln!(text, "    verify    look for the publisher's signature");
    }
    for consumer in &image.consumers {
        explain_consumer(consumer, now, text);
    }
    text.push('\n');
}

fn explain_withdrawals(plan: &Plan, text: &mut String) {
    for withdrawal in &plan.withdrawals {
        explain_withdrawal(withdrawal, text);
    }
    for unknown in &plan.unknown {
        let _ = writeln!(text, "  withdrawal {}   {}", inline(&unknown.withdrawal), inline(&unknown.written));
        let _ = writeln!(text, "    failed    {}", inline(&unknown.message));
        let _ = writeln!(text, "    hint      {}\n", inline(&unknown.hint));
    }
}

fn explain_withdrawal(planned: &PlannedWithdrawal, text: &mut String) {
    let _ = writeln!(text, "  {}   {}", inline(&planned.name()), planned.digest.short());
    let withdrawal = &planned.withdrawal;
    let from = withdrawal.effective.date();
    let (name, reason) = (inline(&withdrawal.name), inline(&withdrawal.reason));
    let written = inline(&withdrawal.written);
    let _ = writeln!(text, "    withdrawn from {from} by {name} ({written}): {reason}");
    let there = if planned.consumer.is_some() { "still pullable" } else { "still in quarantine" };
    let action = match &planned.recall {
        Recall::Stands => match withdrawal.delete_at {
            Some(at) => format!("{there}; deleted from {} on", at.date()),
            None => format!("{there}; no document asks for its deletion"),
        },
        Recall::Shared(other) => {
            format!("{there}; it stays for {}, which has it under the same name", inline(other))
        }
        Recall::Delete { tag: true, manifest: true } => "delete tag and manifest".to_owned(),
        Recall::Delete { tag: true, manifest: false } => {
            format!("delete the tag; the manifest stays: {NEEDED}")
        }
        Recall::Delete { .. } => "delete the manifest; the tag is gone, or means something else".to_owned(),
        Recall::Receipt => "found gone; its receipt is still to be recorded".to_owned(),
        Recall::Blocked(why) => format!("not deleted: {}", inline(why)),
    };
    let _ = writeln!(text, "    {action}\n");
}

fn explain_consumer(consumer: &PlannedConsumer, now: Instant, text: &mut String) {
    let name = inline(&consumer.name);
    let Some(judged) = &consumer.verdict else {
        let _ = writeln!(text, "    {name}: judged after intake");
        return;
    };
    let action = match &consumer.promotion {
        Promotion::Promote { replaces: None } => format!("promote to {}", consumer.distribution),
        Promotion::Promote { replaces: Some(old) } => {
            format!("promote to {}, replacing {}", consumer.distribution, old.short())
        }
        Promotion::Receipt => "found in place; its receipt is still to be recorded".to_owned(),
        Promotion::Blocked(why) => format!("not promoted: {}", inline(why)),
        Promotion::Nothing if judged.verdict == Verdict::Cleared => "in place".to_owned(),
        Promotion::Nothing => "stays in quarantine".to_owned(),
    };
    let _ = writeln!(text, "    {name}: {}, {action}", judged.verdict);
    explain_lacking(&consumer.lacking, text);
    for reason in judged.reasons.iter().take(REASONS_SHOWN) {
        let fact = gate::progress(reason, now).unwrap_or_else(|| inline(&reason.fact));
        let _ = writeln!(text, "      {} ({}): {fact}", reason.rule, reason.written);
    }
    if judged.reasons.len() > REASONS_SHOWN {
        let _ = writeln!(text, "      and {} more reasons", judged.reasons.len() - REASONS_SHOWN);
    }
}

/// Says what is to be written beside a promoted image, one line for each reason.
fn explain_lacking(lacking: &[Lacking], text: &mut String) {
    let mut reasons: BTreeMap<Cause, BTreeMap<&str, usize>> = BTreeMap::new();
    for one in lacking {
        *reasons.entry(one.cause).or_default().entry(one.name()).or_default() += 1;
    }
    for (cause, names) in reasons {
        let names: Vec<String> = names.into_iter().map(|(name, count)| format!("{count} {name}")).collect();
        let _ = writeln!(text, "      re-sign   {}: {}", names.join(", "), cause.text());
    }
}

fn totals(plan: &Plan) -> String {
    let take_in = plan.images.iter().filter(|image| image.take_in).count();
    let consumers: Vec<_> = plan.images.iter().flat_map(|image| &image.consumers).collect();
    let promote = consumers.iter().filter(|c| matches!(c.promotion, Promotion::Promote { .. })).count();
    let verdicts =
        |wanted| consumers.iter().filter(|c| c.verdict.as_ref().is_some_and(|v| v.verdict == wanted)).count();
    let deletions = plan.withdrawals.iter().filter(|one| matches!(one.recall, Recall::Delete { .. })).count();
    let deleted =
        if deletions == 0 { "nothing is deleted".to_owned() } else { format!("delete {deletions}") };
    let signed: BTreeSet<_> = plan
        .images
        .iter()
        .flat_map(|image| image.consumers.iter().filter(|c| !c.lacking.is_empty()).map(move |c| (image, c)))
        .map(|(image, consumer)| (&image.digest, &consumer.distribution, &consumer.name))
        .collect();
    let signed = if signed.is_empty() { String::new() } else { format!(" · re-sign {}", signed.len()) };
    format!(
        "take in {take_in} · promote {promote}{signed} · hold {} · refuse {} · {deleted}",
        verdicts(Verdict::Held),
        verdicts(Verdict::Refused)
    )
}
