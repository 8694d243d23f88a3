//! How severe a vulnerability is: every statement, and the one that counts with the reason. Pure.
//!
//! Scores are computed from their vectors; a supplied number is never taken over. The distribution's own rating comes
//! first because it speaks of the package as built and shipped there, which a score of the upstream project does not.

use std::str::FromStr;

use cvss::Cvss;

use crate::{
    advisory::{Advisory, Note, SeverityStatement},
    model::{Severity, SeverityClaim},
};

/// What counts, why, and everything that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rating {
    pub(super) severity: Severity,
    pub(super) chosen: String,
    pub(super) claims: Vec<SeverityClaim>,
}

/// How a claim is weighed; the first kind that gives a rating decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Distribution,
    Score,
    Database,
    /// Of the vulnerability in whatever has it, by databases such as NVD.
    Elsewhere,
}

struct Weighed {
    weight: Weight,
    /// In tenths, of a CVSS vector that could be scored.
    tenths: Option<u32>,
    rated: Option<Severity>,
    claim: SeverityClaim,
}

/// Returns the rating of a vulnerability from the advisories that speak of it.
/// `known` is what is known of it whatever package has it; that counts where nothing else does.
pub(super) fn rate<'a>(
    family: &str,
    advisories: impl Iterator<Item = &'a Advisory>,
    known: Option<&Note>,
) -> Rating {
    let mut weighed: Vec<Weighed> = advisories.flat_map(|advisory| weigh(family, advisory)).collect();
    weighed.extend(known.iter().flat_map(|known| &known.severities).map(elsewhere));
    weighed.sort_by(|a, b| a.claim.cmp(&b.claim));
    weighed.dedup_by(|a, b| a.claim == b.claim);
    let (severity, chosen) = choose(family, &weighed);
    Rating { severity, chosen, claims: weighed.into_iter().map(|weighed| weighed.claim).collect() }
}

fn choose(family: &str, weighed: &[Weighed]) -> (Severity, String) {
    for weight in [Weight::Distribution, Weight::Score, Weight::Database, Weight::Elsewhere] {
        let rated = weighed.iter().filter(|w| w.weight == weight);
        let rated = rated.filter_map(|w| w.rated.map(|severity| (w.tenths, severity, w)));
        // Of equal ones the first by name, so that the order of the advisories does not show.
        let best = rated.reduce(|best, next| if (next.0, next.1) > (best.0, best.1) { next } else { best });
        let Some((tenths, severity, Weighed { claim: SeverityClaim { by, value, .. }, .. })) = best else {
            continue;
        };
        let chosen = match weight {
            Weight::Distribution => format!("{by} `{value}`: the distribution rates its own package"),
            Weight::Score => {
                let tenths = tenths.unwrap_or_default();
                format!("{by}, {}.{}: the highest score; {family} gives no rating", tenths / 10, tenths % 10)
            }
            Weight::Database => format!("{by}, `{value}`: there is neither a rating of {family} nor a score"),
            Weight::Elsewhere => {
                let tenths = tenths.unwrap_or_default();
                format!("{by}, {}.{}: no advisory of {family} rates it", tenths / 10, tenths % 10)
            }
        };
        return (severity, chosen);
    }
    (Severity::Unknown, "no source says how severe it is".to_owned())
}

fn weigh(family: &str, advisory: &Advisory) -> Vec<Weighed> {
    let weigh = |statement: &SeverityStatement| {
        let value = statement.value.as_str();
        let (weight, by, tenths, rated) = match statement.kind.as_str() {
            "urgency" => (Weight::Distribution, format!("{family} urgency"), None, urgency(value)),
            "vendor" => (Weight::Distribution, format!("{family} rating"), None, vendor(value)),
            "database" => (Weight::Database, format!("database of {}", advisory.id), None, word(value)),
            kind => {
                let score = score(value);
                (Weight::Score, format!("{kind} of {}", advisory.id), score.map(|s| s.0), score.map(|s| s.1))
            }
        };
        let severity = rated.unwrap_or(Severity::Unknown);
        Weighed { weight, tenths, rated, claim: SeverityClaim { by, value: value.to_owned(), severity } }
    };
    advisory.severities.iter().map(weigh).collect()
}

/// Weighs a score that is about no package in particular. NVD rates the software as its makers publish it.
fn elsewhere(statement: &SeverityStatement) -> Weighed {
    let score = score(&statement.value);
    let (tenths, rated) = (score.map(|s| s.0), score.map(|s| s.1));
    let by = statement.kind.clone();
    let claim =
        SeverityClaim { by, value: statement.value.clone(), severity: rated.unwrap_or(Severity::Unknown) };
    Weighed { weight: Weight::Elsewhere, tenths, rated, claim }
}

/// The words of distributions: Red Hat and who follows it, SUSE, Amazon (critical to low), Ubuntu's priorities.
fn vendor(value: &str) -> Option<Severity> {
    match value.to_ascii_lowercase().as_str() {
        "negligible" | "none" => Some(Severity::Negligible),
        "low" => Some(Severity::Low),
        "medium" | "moderate" => Some(Severity::Medium),
        "high" | "important" => Some(Severity::High),
        "critical" => Some(Severity::Critical),
        _ => None,
    }
}

/// Debian's urgencies (security tracker, "Severity levels"). A trailing asterisk marks remote exploits in old data.
/// `not yet assigned` and `end-of-life` rate nothing.
fn urgency(value: &str) -> Option<Severity> {
    match value.trim_end_matches('*') {
        "unimportant" => Some(Severity::Negligible),
        "low" => Some(Severity::Low),
        "medium" => Some(Severity::Medium),
        "high" => Some(Severity::High),
        _ => None,
    }
}

fn word(value: &str) -> Option<Severity> {
    match value.to_ascii_uppercase().as_str() {
        "LOW" => Some(Severity::Low),
        "MODERATE" | "MEDIUM" => Some(Severity::Medium),
        "HIGH" => Some(Severity::High),
        "CRITICAL" => Some(Severity::Critical),
        _ => None,
    }
}

/// The base metrics of CVSS 3, without all of which cvss 3.0.0 scores a vector as if they were harmless.
const BASE_METRICS: [&str; 8] = ["/AV:", "/AC:", "/PR:", "/UI:", "/S:", "/C:", "/I:", "/A:"];

/// Returns the score of a vector in tenths, and its rating.
pub(crate) fn score(vector: &str) -> Option<(u32, Severity)> {
    let cvss = Cvss::from_str(vector).ok()?;
    let whole = BASE_METRICS.iter().all(|metric| vector.contains(metric));
    let most = match &cvss {
        Cvss::CvssV30(_) | Cvss::CvssV31(_) if !whole => return None,
        // CVSS 2 has no "critical".
        Cvss::CvssV20(_) => Severity::High,
        _ => Severity::Critical,
    };
    let score = cvss.score();
    // Between 0.0 and 10.0 with one decimal by definition.
    let tenths = (0..=100).find(|tenths| (f64::from(*tenths) - score * 10.0).abs() < 0.5)?;
    Some((tenths, Severity::from_cvss_score(score).min(most)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::SeverityStatement;

    fn advisory(id: &str, said: &[(&str, &str)]) -> Advisory {
        let statement = |(kind, value): &(&str, &str)| SeverityStatement {
            kind: (*kind).to_owned(),
            value: (*value).to_owned(),
        };
        let severities = said.iter().map(statement).collect();
        Advisory {
            id: id.to_owned(),
            ids: vec![],
            modules: None,
            ranges: vec![],
            severities,
            source: "osv".to_owned(),
            state: None,
            versions: vec![],
        }
    }

    const NETWORK: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    const LOCAL: &str = "CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:N/I:N/A:H";

    #[test]
    fn vectors_have_the_scores_their_publishers_print() {
        for (vector, expected) in [
            // NVD: CVE-2021-44228, CVE-2024-0727, CVE-2014-0160 (v3.1 and v2); FIRST, "CVSS v4.0 Examples".
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", Some((100, Severity::Critical))),
            (LOCAL, Some((55, Severity::Medium))),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", Some((75, Severity::High))),
            ("AV:N/AC:L/Au:N/C:P/I:N/A:N", Some((50, Severity::Medium))),
            ("AV:N/AC:L/Au:N/C:C/I:C/A:C", Some((100, Severity::High))),
            (
                "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H",
                Some((100, Severity::Critical)),
            ),
            ("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", Some((73, Severity::High))),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", Some((0, Severity::Negligible))),
            ("CVSS:3.1/AV:N", None),
            ("CVSS:3.1/", None),
            ("CVSS:4.0/AV:N", None),
            ("CVSS:9.9/AV:N", None),
            ("9.8", None),
            ("", None),
            ("CVSS:3.1/AV:é", None),
        ] {
            assert_eq!(score(vector), expected, "{vector}");
        }
    }

    #[test]
    fn the_distribution_decides_then_the_highest_score_then_the_word() {
        let check = |said: &[(&str, &str)], severity: Severity, chosen: &str| {
            let rating = rate("Debian", [advisory("X-1", said)].iter(), None);
            assert_eq!((rating.severity, rating.chosen.as_str()), (severity, chosen), "{said:?}");
            assert_eq!(rating.claims.len(), said.len());
        };
        let own = ": the distribution rates its own package";
        for (urgency, severity) in [
            ("unimportant", Severity::Negligible),
            ("low", Severity::Low),
            ("medium", Severity::Medium),
            ("high", Severity::High),
            ("low**", Severity::Low),
        ] {
            let said = [("CVSS_V3", NETWORK), ("urgency", urgency), ("database", "CRITICAL")];
            check(&said, severity, &format!("Debian urgency `{urgency}`{own}"));
        }
        let scored = "CVSS_V3 of X-1, 9.8: the highest score; Debian gives no rating";
        for urgency in ["not yet assigned", "end-of-life", "whatever"] {
            check(
                &[("urgency", urgency), ("CVSS_V3", NETWORK), ("CVSS_V3", LOCAL)],
                Severity::Critical,
                scored,
            );
        }
        for (value, severity) in [
            ("LOW", Severity::Low),
            ("MODERATE", Severity::Medium),
            ("Medium", Severity::Medium),
            ("HIGH", Severity::High),
            ("critical", Severity::Critical),
        ] {
            let why = format!("database of X-1, `{value}`: there is neither a rating of Debian nor a score");
            check(&[("CVSS_V3", "nonsense"), ("database", value)], severity, &why);
        }
        check(&[("database", "meh")], Severity::Unknown, "no source says how severe it is");
        check(&[], Severity::Unknown, "no source says how severe it is");
    }

    #[test]
    fn equal_claims_are_one_and_the_order_of_the_advisories_does_not_show() {
        let (a, b) = (
            advisory("A", &[("CVSS_V3", NETWORK), ("urgency", "high")]),
            advisory("B", &[("urgency", "high")]),
        );
        let rating = rate("Debian", [&a, &b].into_iter(), None);
        assert_eq!(rating, rate("Debian", [&b, &a].into_iter(), None));
        assert_eq!(rating.claims.len(), 2);
    }
}
