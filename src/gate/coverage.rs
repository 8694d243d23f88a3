//! What the scan could not look at holds the image: silence of a database is not the absence of vulnerabilities.

use super::{Facts, Requirement};
use crate::{
    manifest::DesiredGate,
    model::{Reason, Verdict},
};

pub(super) struct Coverage;

impl Requirement for Coverage {
    fn reasons(&self, facts: &Facts<'_>, _: &DesiredGate) -> Vec<Reason> {
        let held = |fact: String, recorded: &str| Reason {
            verdict: Verdict::Held,
            rule: "coverage".into(),
            written: "default".into(),
            fact,
            recorded: recorded.into(),
            until: None,
        };
        let empty = facts.platforms.iter().filter(|platform| platform.package_count == 0);
        let mut reasons: Vec<Reason> = empty
            .map(|p| {
                held(
                    format!("no package was found in {}, so nothing was matched", p.platform),
                    "custody.json",
                )
            })
            .collect();
        if facts.platforms.is_empty() {
            reasons.push(held(
                "it has no root file system: nothing to catalogue, so nothing was matched".into(),
                "custody.json",
            ));
        }
        reasons.extend(
            facts.unread.iter().map(|unread| {
                held(format!("{} was not read: {}", unread.what, unread.reason), "custody.json")
            }),
        );
        let unseen = facts.scan.iter().flat_map(|scan| &scan.not_looked_at).filter(|gap| gap.packages > 0);
        reasons.extend(unseen.map(|gap| {
            held(
                format!("{} packages not looked at: {}: {}", gap.packages, gap.what, gap.reason),
                "scan.json",
            )
        }));
        reasons
    }
}
