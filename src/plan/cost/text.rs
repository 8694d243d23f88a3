//! A forecast in one line, and a line more for each limit that will not do.

use std::{fmt::Write as _, time::Duration};

use super::{Amount, Cost, Forecast, Limit};
use crate::{
    model::{
        foreign::inline,
        quantity::{bytes, span},
    },
    registry::ActionGroup,
};

/// Returns `cost: docker.io 41 HEAD, 1 pull of 100 in 6 h · …`, or nothing where nothing costs anything.
pub(in crate::plan) fn text(forecast: &Forecast) -> String {
    let costs = forecast.iter().map(|(host, cost)| (host, parts(cost)));
    let hosts: Vec<_> = costs
        .filter(|(_, parts)| !parts.is_empty())
        .map(|(host, parts)| format!("{} {}", inline(host), parts.join(", ")))
        .collect();
    if hosts.is_empty() {
        return String::new();
    }
    let mut text = format!("cost: {}\n", hosts.join(" · "));
    for (host, cost) in forecast {
        for limit in cost.limits.iter().filter(|limit| limit.exceeded) {
            let _ = writeln!(text, "{}", shortage(host, limit));
        }
    }
    text
}

fn parts(cost: &Cost) -> Vec<String> {
    let mut parts = vec![];
    let mut list = |amount: Amount, one: &str, many: &str, behind: String| {
        // What may be any number, none included, is summed up at the end.
        if !amount.is_nothing() && (amount.least > 0 || amount.most.is_some()) {
            let noun = if amount.most.unwrap_or(amount.least) == 1 { one } else { many };
            parts.push(format!("{amount} {noun}{behind}"));
        }
    };
    list(cost.heads, "HEAD", "HEAD", String::new());
    list(cost.pulls, "pull", "pulls", allowed(cost));
    list(cost.uploads, "upload", "uploads", String::new());
    list(cost.mounts, "mount", "mounts", String::new());
    list(cost.manifests, "manifest written", "manifests written", String::new());
    list(cost.signatures, "signature", "signatures", String::new());
    for (amount, verb) in [(cost.bytes_read, "read"), (cost.bytes_written, "written")] {
        match amount.most {
            Some(0) => {}
            Some(most) => parts.push(format!("up to {} {verb}", bytes(most))),
            None => parts.push(format!("size {verb} unknown until taken in")),
        }
    }
    parts
}

fn allowed(cost: &Cost) -> String {
    let limit = cost.limits.iter().find(|limit| limit.group == ActionGroup::Pull);
    let text = limit.map(|limit| {
        let left = if limit.left < limit.requests { format!(", {} left", limit.left) } else { String::new() };
        format!(" of {} in {}{left}", limit.requests, window(limit))
    });
    text.unwrap_or_default()
}

fn window(limit: &Limit) -> String {
    span(Duration::from_secs(limit.seconds))
}

fn shortage(host: &str, limit: &Limit) -> String {
    let what = match limit.group {
        ActionGroup::Pull => "pulls",
        ActionGroup::Look => "HEAD",
        ActionGroup::ManifestWrite => "manifests written",
        ActionGroup::UploadBody | ActionGroup::UploadStart => "uploads",
        ActionGroup::All | ActionGroup::Read | ActionGroup::List => "requests",
    };
    let left = if limit.left < limit.requests { format!("; {} are left", limit.left) } else { String::new() };
    format!(
        "not enough: {} allows {} {what} in {}{left}. This run needs {}; the images beyond fail with \"try again in …\" \
         and are left to a later run",
        inline(host),
        limit.requests,
        window(limit),
        limit.needed
    )
}
