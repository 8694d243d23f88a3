//! What a run may cost and has cost: the limits that a forecast needs, and the line of the report.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use super::World;
use crate::{
    manifest::Desired,
    model::{
        foreign::inline,
        quantity::{bytes, count, span},
    },
    plan::cost::{self, Tariff},
    registry::{ActionGroup, Usage},
};

/// Returns what is known of the limits of every registry that the manifests name. Asks nobody.
pub(super) fn tariffs(world: &World, desired: &Desired) -> BTreeMap<String, Tariff> {
    let usage = world.registries.usage();
    let tariff = |host: String| {
        let allowance = usage.get(&host).and_then(|usage| usage.allowance);
        let rates = world.registries.behaviour(desired, &host).rates;
        (host, Tariff { rates, allowance })
    };
    cost::hosts(desired).into_iter().map(tariff).collect()
}

/// Returns `cost: docker.io 41 HEAD, 1 pull, 99 of 100 in 6 h left, 31 MB read · …`, or nothing where no request was sent.
pub(super) fn text(usage: &BTreeMap<String, Usage>) -> String {
    let hosts: Vec<_> = usage
        .iter()
        .filter(|(_, usage)| !usage.requests.is_empty())
        .map(|(host, usage)| format!("{} {}", inline(host), parts(usage).join(", ")))
        .collect();
    if hosts.is_empty() { String::new() } else { format!("cost: {}\n", hosts.join(" · ")) }
}

fn parts(usage: &Usage) -> Vec<String> {
    let requests = |action: &str| usage.requests.get(action).copied().unwrap_or_default();
    let mut parts = vec![format!("{} requests", usage.requests.values().sum::<u64>())];
    let heads = usage.groups.get(&ActionGroup::Look).copied().unwrap_or_default();
    if heads > 0 {
        parts.push(format!("{heads} HEAD"));
    }
    let counted = [
        (usage.pulls, "pull"),
        (requests("PUT upload"), "upload"),
        (usage.mounts, "mount"),
        (requests("PUT manifest"), "manifest PUT"),
    ];
    for (number, noun) in counted {
        if number > 0 {
            parts.push(count(usize::try_from(number).unwrap_or(usize::MAX), noun));
        }
    }
    parts.extend(left(usage));
    for (moved, verb) in [(usage.bytes_read, "read"), (usage.bytes_written, "written")] {
        if moved > 0 {
            parts.push(format!("{} {verb}", bytes(moved)));
        }
    }
    parts
}

/// Says what the registry had left at the end, where it said so.
fn left(usage: &Usage) -> Option<String> {
    let said = usage.allowance?;
    let mut text = said.remaining.to_string();
    if let Some(limit) = said.limit {
        let _ = write!(text, " of {limit}");
    }
    text.push_str(if said.group == ActionGroup::Pull { " pulls" } else { " requests" });
    if let Some(seconds) = said.window_s {
        let _ = write!(text, " in {}", span(Duration::from_secs(seconds)));
    }
    Some(format!("{text} left"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Allowance;

    #[test]
    fn the_report_says_what_each_registry_was_asked() {
        let allowance =
            Allowance { group: ActionGroup::Pull, remaining: 76, limit: Some(100), window_s: Some(21_600) };
        let hub = Usage {
            requests: BTreeMap::from([("HEAD manifest".into(), 41), ("GET manifest".into(), 1)]),
            groups: BTreeMap::from([(ActionGroup::Look, 41), (ActionGroup::Pull, 1)]),
            pulls: 1,
            bytes_read: 31_000_000,
            allowance: Some(allowance),
            ..Usage::default()
        };
        let acme = Usage {
            requests: BTreeMap::from([("PUT upload".into(), 2), ("POST mount".into(), 9)]),
            mounts: 9,
            bytes_written: 812,
            ..Usage::default()
        };
        let hosts =
            [("docker.io", hub), ("registry.acme.example", acme), ("unused.example", Usage::default())];
        let usage = hosts.map(|(host, usage)| (host.to_owned(), usage)).into();
        assert_eq!(
            text(&usage),
            "cost: docker.io 42 requests, 41 HEAD, 1 pull, 76 of 100 pulls in 6 h left, 31 MB read · \
             registry.acme.example 11 requests, 2 uploads, 9 mounts, 812 B written\n"
        );
        assert_eq!(text(&BTreeMap::new()), "");
    }
}
