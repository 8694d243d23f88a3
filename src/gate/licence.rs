//! Every package's licence must be one that the gate lets pass.

use std::collections::{BTreeMap, BTreeSet};

use super::{Facts, Requirement};
use crate::{
    catalogue::licence::{Rule, Standing},
    evidence::LicenceFound,
    manifest::{DesiredGate, DesiredLicences},
    model::{Reason, Verdict},
};

/// The most packages that one reason names, and the most reasons; the record has them all.
const NAMED_MAX: usize = 3;
const REASONS_MAX: usize = 50;

const RECORD: &str = "contents.json";

pub(super) struct Licence;

impl Requirement for Licence {
    fn reasons(&self, facts: &Facts<'_>, gate: &DesiredGate) -> Vec<Reason> {
        let Some(wanted) = &gate.licences else { return vec![] };
        let mut packages: BTreeMap<Case, Packages> = BTreeMap::new();
        for platform in facts.platforms {
            let recorded = facts.contents.iter().flat_map(|record| &record.platforms);
            let Some(found) = recorded.into_iter().find(|found| found.digest == platform.digest) else {
                return vec![not_recorded(wanted)];
            };
            for (case, here) in cases(&found.licences, wanted) {
                packages.entry(case).or_default().elsewhere(here);
            }
        }
        let left_out = packages.len().saturating_sub(REASONS_MAX);
        // The worst come last in their order.
        let shown = packages.into_iter().rev().take(REASONS_MAX);
        let mut reasons: Vec<Reason> = shown.filter_map(|(case, of)| case.reason(&of, wanted)).collect();
        if let Some(worst) = reasons.first().cloned().filter(|_| left_out > 0) {
            reasons.push(Reason { fact: format!("and {left_out} more licences"), ..worst });
        }
        reasons
    }
}

/// A licence that does not pass, and why; the worst last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Case {
    standing: Standing,
    /// Absent where there is nothing to name.
    licence: Option<String>,
}

/// The packages that have it.
#[derive(Debug, Default)]
struct Packages {
    count: u64,
    of_languages: u64,
    first: BTreeSet<String>,
}

impl Packages {
    /// Adds packages of the same platform.
    fn here(&mut self, count: u64, of_languages: u64, first: &[String]) {
        self.count = self.count.saturating_add(count);
        self.of_languages = self.of_languages.saturating_add(of_languages);
        self.first.extend(first.iter().cloned());
    }

    /// Adds those of another platform, most of which are the same ones.
    fn elsewhere(&mut self, other: Self) {
        self.count = self.count.max(other.count);
        self.of_languages = self.of_languages.max(other.of_languages);
        self.first.extend(other.first);
    }

    fn text(&self) -> String {
        let names: Vec<String> = self.first.iter().take(NAMED_MAX).map(|name| format!("`{name}`")).collect();
        let more = self.count.saturating_sub(names.len() as u64);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let noun = if self.count == 1 { "package" } else { "packages" };
        format!("in {} {noun}: {}{more}", self.count, names.join(", "))
    }
}

/// Returns what does not pass of one platform.
fn cases(found: &[LicenceFound], wanted: &DesiredLicences) -> BTreeMap<Case, Packages> {
    let allow = wanted.allow.as_ref().map(|allow| allow.value.clone());
    let rule = Rule { deny: wanted.deny.value.clone(), allow };
    let mut cases: BTreeMap<Case, Packages> = BTreeMap::new();
    for licence in found {
        let all = wanted.of_distribution.value;
        let of_languages = licence.of_languages();
        let count = if all { licence.packages } else { of_languages };
        if count == 0 {
            continue;
        }
        let judged = rule.judge(&licence.expression);
        let named = if all { usize::MAX } else { usize::try_from(of_languages).unwrap_or(usize::MAX) };
        let first = &licence.first[..licence.first.len().min(named)];
        let mut add = |part: Option<&String>| {
            let case = Case { standing: judged.standing, licence: part.cloned() };
            cases.entry(case).or_default().here(count, of_languages, first);
        };
        match judged.standing {
            Standing::Accepted => {}
            _ if judged.because.is_empty() => add(None),
            _ => judged.because.iter().for_each(|part| add(Some(part))),
        }
    }
    cases
}

impl Case {
    fn reason(&self, packages: &Packages, wanted: &DesiredLicences) -> Option<Reason> {
        let licence =
            self.licence.as_ref().map_or_else(|| "a licence".to_owned(), |name| format!("`{name}`"));
        let packages_text = packages.text();
        let otherwise = if wanted.of_distribution.value && packages.of_languages == 0 {
            "; they are the distribution's: `of: languages` would not count them"
        } else {
            "; an image without them would pass"
        };
        let (verdict, rule, written, fact) = match self.standing {
            Standing::Accepted => return None,
            Standing::Unreadable if self.licence.as_deref() == Some(LicenceFound::LEFT_OUT) => {
                let fact = format!("licences beyond the limits of the record, {packages_text}");
                (Verdict::Held, "licences".to_owned(), &wanted.deny.written, fact)
            }
            Standing::Unreadable => {
                let what = match &self.licence {
                    Some(name) => format!(
                        "`{name}` stands for words that name no licence of SPDX's list, {packages_text}; `unknown: accept` or its name in `allow`"
                    ),
                    None => format!("no licence is declared {packages_text}; `unknown: accept`"),
                };
                let rule = format!("licences unknown {}", wanted.unknown.value.action());
                (wanted.unknown.value, rule, &wanted.unknown.written, format!("{what} would let pass"))
            }
            Standing::NotAllowed => {
                let allow = wanted.allow.as_ref()?;
                let fact = format!("{licence} is not allowed, {packages_text}{otherwise}");
                (Verdict::Refused, "licences allow".to_owned(), &allow.written, fact)
            }
            Standing::Denied => {
                let fact = format!("{licence} is denied, {packages_text}{otherwise}");
                (Verdict::Refused, "licences deny".to_owned(), &wanted.deny.written, fact)
            }
        };
        let recorded = RECORD.to_owned();
        let reason = Reason { verdict, rule, written: written.clone(), fact, recorded, until: None };
        (verdict != Verdict::Cleared).then_some(reason)
    }
}

/// Says that nobody knows: silence is not the absence of a licence.
fn not_recorded(wanted: &DesiredLicences) -> Reason {
    Reason {
        verdict: Verdict::Held,
        rule: "licences".to_owned(),
        written: wanted.allow.as_ref().unwrap_or(&wanted.deny).written.clone(),
        fact: "its licences are not recorded: it was taken in before they were; taking it in anew, after a \
               withdrawal that empties quarantine of it, records them"
            .to_owned(),
        recorded: RECORD.to_owned(),
        until: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::{ContentsRecord, PlatformContents},
        gate::tests,
        manifest::Ruled,
        model::Outcome,
    };

    fn found(expression: &str, packages: u64, of_distribution: u64, first: &[&str]) -> LicenceFound {
        let first = first.iter().map(|name| (*name).to_owned()).collect();
        LicenceFound { expression: expression.into(), written: vec![], packages, of_distribution, first }
    }

    fn contents(platforms: &[(&str, Vec<LicenceFound>)]) -> ContentsRecord {
        let platform = |(name, licences): &(&str, Vec<LicenceFound>)| PlatformContents {
            licences: licences.clone(),
            ..tests::nothing_in(name)
        };
        tests::contents(platforms.iter().map(platform).collect())
    }

    fn wanted(deny: &[&str], allow: Option<&[&str]>) -> DesiredLicences {
        let ruled = |value, line: u32| Ruled { value, written: format!("gates/a.yaml:{line}") };
        let terms = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect::<Vec<_>>();
        DesiredLicences {
            deny: ruled(terms(deny), 1),
            allow: allow.map(|names| ruled(terms(names), 2)),
            unknown: Ruled { value: Verdict::Held, written: "default".into() },
            of_distribution: Ruled { value: true, written: "default".into() },
        }
    }

    fn reasons(
        contents: Option<&ContentsRecord>,
        platforms: &[&str],
        wanted: DesiredLicences,
    ) -> Vec<Reason> {
        let platforms: Vec<_> = platforms.iter().map(|name| tests::platform(name)).collect();
        let verification = tests::verification(Outcome::Absent);
        let facts = Facts { contents, ..tests::facts(&platforms, &verification) };
        Licence.reasons(&facts, &DesiredGate { licences: Some(wanted), ..tests::gate() })
    }

    fn facts(reasons: &[Reason]) -> Vec<(Verdict, &str, &str)> {
        reasons.iter().map(|reason| (reason.verdict, reason.rule.as_str(), reason.fact.as_str())).collect()
    }

    #[test]
    fn reasons_name_licence_packages_and_what_would_pass() {
        let names = ["pkg:npm/a@1", "pkg:npm/b@1", "pkg:npm/c@1", "pkg:npm/d@1", "pkg:npm/e@1"];
        let record = contents(&[(
            "linux/amd64",
            vec![
                found("AGPL-3.0-only", 12, 0, &names),
                found("GPL-3.0-or-later AND MIT", 1, 1, &["pkg:deb/debian/bash@5.2"]),
                found("MIT", 40, 10, &names),
                found("NOASSERTION", 2, 0, &names[..2]),
            ],
        )]);
        let said =
            reasons(Some(&record), &["linux/amd64"], wanted(&["AGPL-3.0-only", "GPL-1.0-or-later"], None));
        let expected = [
            (
                Verdict::Refused,
                "licences deny",
                "`GPL-3.0-or-later` is denied, in 1 package: `pkg:deb/debian/bash@5.2`; they are the distribution's: `of: languages` would not count them",
            ),
            (
                Verdict::Refused,
                "licences deny",
                "`AGPL-3.0-only` is denied, in 12 packages: `pkg:npm/a@1`, `pkg:npm/b@1`, `pkg:npm/c@1` and 9 more; an image without them would pass",
            ),
            (
                Verdict::Held,
                "licences unknown hold",
                "no licence is declared in 2 packages: `pkg:npm/a@1`, `pkg:npm/b@1`; `unknown: accept` would let pass",
            ),
        ];
        assert_eq!(facts(&said), expected);
        assert_eq!(said[0].written, "gates/a.yaml:1");
        let lenient = DesiredLicences {
            unknown: Ruled { value: Verdict::Cleared, written: "gates/a.yaml:3".into() },
            of_distribution: Ruled { value: false, written: "gates/a.yaml:4".into() },
            ..wanted(&["GPL-1.0-or-later"], None)
        };
        assert_eq!(reasons(Some(&record), &["linux/amd64"], lenient), []);
        let said = reasons(Some(&record), &["linux/amd64"], wanted(&[], Some(&["MIT", "AGPL-3.0-only"])));
        assert_eq!((said[0].verdict, said[0].written.as_str()), (Verdict::Refused, "gates/a.yaml:2"));
        assert!(
            said[0].fact.starts_with("`GPL-3.0-or-later` is not allowed, in 1 package"),
            "{}",
            said[0].fact
        );
    }

    #[test]
    fn packages_of_languages_are_told_from_the_distributions_under_one_licence() {
        let names = ["pkg:npm/b@1", "pkg:deb/debian/bash@5.2"];
        let record = contents(&[("linux/amd64", vec![found("GPL-3.0-only", 2, 1, &names)])]);
        let of_languages = DesiredLicences {
            of_distribution: Ruled { value: false, written: "gates/a.yaml:4".into() },
            ..wanted(&["GPL-3.0-only"], None)
        };
        let said = reasons(Some(&record), &["linux/amd64"], of_languages);
        assert_eq!(
            facts(&said),
            [(
                Verdict::Refused,
                "licences deny",
                "`GPL-3.0-only` is denied, in 1 package: `pkg:npm/b@1`; an image without them would pass"
            )]
        );
    }

    #[test]
    fn what_was_not_recorded_holds() {
        let record = contents(&[("linux/amd64", vec![found("MIT", 1, 0, &["pkg:npm/a@1"])])]);
        let open = || wanted(&["AGPL-3.0-only"], None);
        assert_eq!(reasons(Some(&record), &["linux/amd64"], open()), []);
        for (record, platforms) in
            [(None, &["linux/amd64"][..]), (Some(&record), &["linux/amd64", "linux/arm64"])]
        {
            let said = reasons(record, platforms, open());
            assert_eq!((said.len(), said[0].verdict), (1, Verdict::Held));
            assert!(said[0].fact.contains("taking it in anew"), "{}", said[0].fact);
        }
        let cut = contents(&[("linux/amd64", vec![found(LicenceFound::LEFT_OUT, 9, 0, &[])])]);
        let accepting = DesiredLicences {
            unknown: Ruled { value: Verdict::Cleared, written: "gates/a.yaml:3".into() },
            ..open()
        };
        assert_eq!(reasons(Some(&cut), &["linux/amd64"], accepting)[0].verdict, Verdict::Held);
    }

    #[test]
    fn the_packages_of_two_platforms_are_not_counted_twice() {
        let platform = |name| (name, vec![found("AGPL-3.0-only", 1, 0, &["pkg:npm/a@1"])]);
        let record = contents(&[platform("linux/amd64"), platform("linux/arm64")]);
        let said = reasons(Some(&record), &["linux/amd64", "linux/arm64"], wanted(&["AGPL-3.0-only"], None));
        assert!(said.len() == 1 && said[0].fact.contains("in 1 package: `pkg:npm/a@1`;"), "{}", said[0].fact);
    }

    #[test]
    fn attack_a_flood_of_licences_is_counted() {
        let flood = (0..200).map(|number| found(&format!("LicenseRef-{number:03}"), 1, 0, &[])).collect();
        let said = reasons(
            Some(&contents(&[("linux/amd64", flood)])),
            &["linux/amd64"],
            wanted(&[], Some(&["MIT"])),
        );
        assert_eq!(said.len(), REASONS_MAX + 1);
        assert_eq!(
            (said[REASONS_MAX].verdict, said[REASONS_MAX].fact.as_str()),
            (Verdict::Refused, "and 150 more licences")
        );
    }
}
