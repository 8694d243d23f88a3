//! The plan in words, for a terminal. Words suffice; nothing depends on colour.

use std::fmt::Write as _;

use super::cost::{self, Forecast};
use super::{Plan, PlannedConsumer, PlannedImage, Promotion, Resolution};
use crate::model::{Digest, Verdict, foreign::inline};

/// The most reasons shown for one verdict; the rest are counted, the evidence has them all.
const REASONS_SHOWN: usize = 3;

/// Returns the plan as text: one block for each image with something to do, then totals and costs.
pub fn explain(plan: &Plan, costs: &Forecast) -> String {
    let mut text = String::new();
    let (busy, idle): (Vec<_>, Vec<_>) = plan.images.iter().partition(|image| is_busy(image));
    for image in &busy {
        explain_image(image, &mut text);
    }
    if busy.is_empty() {
        let standing = standing(plan);
        let _ = writeln!(text, "nothing to do: {} images as recorded{standing}", idle.len());
        return text;
    }
    if !idle.is_empty() {
        let _ = writeln!(text, "  {} images unchanged\n", idle.len());
    }
    let _ = writeln!(text, "{}", totals(plan));
    text.push_str(&cost::text(costs));
    text
}

fn is_busy(image: &PlannedImage) -> bool {
    let idle = image.consumers.iter().all(|c| matches!(c.promotion, Promotion::Nothing));
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

fn explain_image(image: &PlannedImage, text: &mut String) {
    let now = image.digest.as_ref().map_or("unknown".to_owned(), Digest::short);
    let was = image.was.as_ref().map(|was| format!("{} → ", was.short())).unwrap_or_default();
    let source = inline(&image.image.source.to_string());
    let _ = writeln!(text, "  {source}:{}   {was}{now}", inline(&image.image.tag));
    if let Some(failure) = image.failure() {
        let _ = writeln!(text, "    failed    {}", inline(&failure));
    }
    let how = match image.how {
        Resolution::New => Some("seen for the first time"),
        Resolution::Moved => Some("upstream moved the tag"),
        _ => None,
    };
    if let Some(how) = how {
        let _ = writeln!(text, "    tag       {how}");
    }
    if image.take_in {
        let _ = writeln!(text, "    take in   copy to quarantine, catalogue, verify, scan, judge");
    } else if image.verify {
        let _ = writeln!(text, "    verify    look for the publisher's signature");
    }
    for consumer in &image.consumers {
        explain_consumer(consumer, text);
    }
    text.push('\n');
}

fn explain_consumer(consumer: &PlannedConsumer, text: &mut String) {
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
    for reason in judged.reasons.iter().take(REASONS_SHOWN) {
        let _ = writeln!(text, "      {} ({}): {}", reason.rule, reason.written, inline(&reason.fact));
    }
    if judged.reasons.len() > REASONS_SHOWN {
        let _ = writeln!(text, "      and {} more reasons", judged.reasons.len() - REASONS_SHOWN);
    }
}

fn totals(plan: &Plan) -> String {
    let take_in = plan.images.iter().filter(|image| image.take_in).count();
    let consumers: Vec<_> = plan.images.iter().flat_map(|image| &image.consumers).collect();
    let promote = consumers.iter().filter(|c| matches!(c.promotion, Promotion::Promote { .. })).count();
    let verdicts =
        |wanted| consumers.iter().filter(|c| c.verdict.as_ref().is_some_and(|v| v.verdict == wanted)).count();
    format!(
        "take in {take_in} · promote {promote} · hold {} · refuse {} · nothing is deleted",
        verdicts(Verdict::Held),
        verdicts(Verdict::Refused)
    )
}
