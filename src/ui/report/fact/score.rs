//! Scores: CVSS vectors among what sources say about a severity.

use crate::{
    model::{Finding, Severity, SeverityClaim},
    scan::cvss_score,
};

/// The longest vector. That of every metric of CVSS 4.0 has some 200 characters.
const VECTOR_BYTES_MAX: usize = 256;

/// A vector that can be scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui::report) struct Scored<'a> {
    pub(in crate::ui::report) claim: &'a SeverityClaim,
    /// Of the score, 0 to 100.
    pub(in crate::ui::report) tenths: u32,
    pub(in crate::ui::report) version: Version,
    /// Whether it is what was chosen for judging.
    pub(in crate::ui::report) chosen: bool,
}

/// A version of CVSS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::ui::report) enum Version {
    V2,
    V3_0,
    V3_1,
    V4,
}

impl Version {
    /// Returns the version by how its vectors begin; those of CVSS 2 have no beginning of their own.
    fn of(vector: &str) -> Option<Self> {
        match vector.split_once('/')?.0 {
            "CVSS:3.0" => Some(Self::V3_0),
            "CVSS:3.1" => Some(Self::V3_1),
            "CVSS:4.0" => Some(Self::V4),
            start if start.starts_with("AV:") => Some(Self::V2),
            _ => None,
        }
    }
}

impl Scored<'_> {
    /// Returns the score as a number with one decimal.
    pub(in crate::ui::report) fn number(&self) -> f64 {
        f64::from(self.tenths) / 10.0
    }
}

/// Returns every vector that can be scored, the chosen one first, then by version, the newest first. A score is computed from its
/// vector; a supplied number is never taken over.
pub(in crate::ui::report) fn all(finding: &Finding) -> Vec<Scored<'_>> {
    let scored = |claim| {
        let (version, tenths) = vector(claim)?;
        Some(Scored { claim, tenths, version, chosen: is_chosen(finding, claim) })
    };
    let mut all: Vec<Scored<'_>> = finding.severities.iter().filter_map(scored).collect();
    all.sort_by_key(|one| {
        (!one.chosen, std::cmp::Reverse(one.version), std::cmp::Reverse(one.tenths), one.claim)
    });
    all
}

fn vector(claim: &SeverityClaim) -> Option<(Version, u32)> {
    let vector = claim.value.as_str();
    let version = Version::of(vector).filter(|_| vector.len() <= VECTOR_BYTES_MAX)?;
    let plain = |b: u8| b.is_ascii_alphabetic() || b.is_ascii_digit() || b"/:.".contains(&b);
    let (tenths, _) = cvss_score(vector).filter(|_| vector.bytes().all(plain))?;
    Some((version, tenths))
}

/// Whether a claim is the one that decided: the reason begins with who made it, and they agree.
fn is_chosen(finding: &Finding, claim: &SeverityClaim) -> bool {
    let rest = finding.chosen.strip_prefix(claim.by.as_str());
    claim.severity == finding.severity && rest.is_some_and(|rest| rest.starts_with(','))
}

/// Returns a score that says the same as the severity: the chosen one, else the middle of the severity's band (CVSS v3.1,
/// "Qualitative Severity Rating Scale"). Nothing for those that have no band.
pub(in crate::ui::report) fn judged(finding: &Finding) -> Option<u32> {
    let chosen = all(finding).into_iter().find(|one| one.chosen);
    // CVSS 2 has no critical: 9.3 there is high, and would read as critical.
    let says_the_same =
        |tenths: &u32| Severity::from_cvss_score(f64::from(*tenths) / 10.0) == finding.severity;
    chosen.map(|one| one.tenths).filter(says_the_same).or_else(|| middle(finding.severity))
}

const fn middle(severity: Severity) -> Option<u32> {
    match severity {
        Severity::Critical => Some(95),
        Severity::High => Some(80),
        Severity::Medium => Some(55),
        Severity::Low => Some(20),
        Severity::Negligible | Severity::Unknown => None,
    }
}

/// Returns tenths as text, `9.8`.
pub(in crate::ui::report) fn decimal(tenths: u32) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::report::tests::sample;

    /// The example of CVE-2021-44228 in the NVD: 10.0.
    const LOG4SHELL: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H";

    #[test]
    fn a_chosen_score_counts_and_a_word_has_the_middle_of_its_band() {
        let mut finding = sample::finding("CVE-2021-44228", "log4j");
        let claim =
            |by: &str, value: &str, severity| SeverityClaim { by: by.into(), value: value.into(), severity };
        finding.severities = vec![claim("CVSS_V3 of X", LOG4SHELL, Severity::Critical)];
        finding.severity = Severity::Critical;
        finding.chosen = "CVSS_V3 of X, 10.0: the highest score; Maven gives no rating".into();
        assert_eq!(judged(&finding), Some(100));
        finding.severity = Severity::Low;
        finding.chosen = "Debian urgency `low`: the distribution rates its own package".into();
        assert_eq!(judged(&finding), Some(20));
        finding.severity = Severity::Unknown;
        assert_eq!(judged(&finding), None);
    }

    #[test]
    fn middles_are_within_their_bands() {
        for severity in Severity::ALL {
            if let Some(tenths) = middle(severity) {
                assert_eq!(Severity::from_cvss_score(f64::from(tenths) / 10.0), severity);
            }
        }
    }

    #[test]
    fn hostile_vectors_are_no_vectors() {
        let mut finding = sample::finding("CVE-2021-44228", "log4j");
        for value in [
            "",
            "9.8",
            "CVSS:3.1/",
            "CVSS:9.9/AV:N",
            &format!("{LOG4SHELL}/{}", "E:X/".repeat(200)),
            &format!("{LOG4SHELL}/\"<"),
        ] {
            finding.severities =
                vec![SeverityClaim { by: "x".into(), value: value.into(), severity: Severity::High }];
            assert_eq!(all(&finding), [], "{value}");
        }
    }
}
