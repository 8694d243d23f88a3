//! JUnit XML as GitLab, Jenkins and the actions of GitHub read it (the `junit-10.xsd` of Jenkins' xUnit plugin).

use std::fmt::Write as _;

use super::fact::{identity, standing, text};
use super::{Format, Report, ReportError, Subject};
use crate::model::{Finding, Severity};

pub(super) struct JUnit;

impl Format for JUnit {
    fn name(&self) -> &'static str {
        "junit"
    }

    fn document(&self, report: &Report<'_>) -> Result<String, ReportError> {
        let suites: Vec<Suite> = report.subjects.iter().map(|subject| Suite::of(report, subject)).collect();
        let tests: usize = suites.iter().map(|suite| suite.cases.len()).sum();
        let failures: usize = suites.iter().map(Suite::failures).sum();
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let name = attribute(report.tool);
        // Writing to a string does not fail.
        let _ = writeln!(
            out,
            "<testsuites name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">"
        );
        for suite in &suites {
            suite.write(report, &mut out);
        }
        out.push_str("</testsuites>\n");
        Ok(out)
    }
}

/// What became of a case.
enum Outcome {
    Passed,
    /// Of a severity, and why.
    Failed(Severity, String),
    /// Excused, by whom and why.
    Skipped(String),
}

struct Case {
    name: String,
    outcome: Outcome,
}

struct Suite<'a> {
    subject: &'a Subject<'a>,
    cases: Vec<Case>,
}

impl<'a> Suite<'a> {
    fn of(report: &Report<'a>, subject: &'a Subject<'a>) -> Self {
        let counted = subject.findings().into_iter().filter(|finding| counts(finding, report.threshold));
        let mut suite = Self { subject, cases: counted.map(case).collect() };
        if suite.failures() == 0 {
            let name = format!("no finding of severity {} or above", report.threshold);
            suite.cases.insert(0, Case { name, outcome: Outcome::Passed });
        }
        suite
    }

    fn failures(&self) -> usize {
        self.cases.iter().filter(|case| matches!(case.outcome, Outcome::Failed(..))).count()
    }

    fn skipped(&self) -> usize {
        self.cases.iter().filter(|case| matches!(case.outcome, Outcome::Skipped(_))).count()
    }

    fn write(&self, report: &Report<'_>, out: &mut String) {
        let name = attribute(self.subject.name);
        let (tests, failures, skipped) = (self.cases.len(), self.failures(), self.skipped());
        let at = report.at.to_string();
        let at = at.trim_end_matches('Z');
        let _ = writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" \
             skipped=\"{skipped}\" time=\"0\" timestamp=\"{at}\">"
        );
        self.properties(out);
        for case in &self.cases {
            case.write(&name, out);
        }
        self.not_looked_at(out);
        out.push_str("  </testsuite>\n");
    }

    fn properties(&self, out: &mut String) {
        let scan = self.subject.scan;
        let digest = self.subject.digest.map(|digest| ("digest", digest.to_string()));
        let bundle = ("advisories", scan.advisories.digest.to_string());
        let as_of = ("advisoriesAsOf", scan.advisories.as_of.to_string());
        out.push_str("    <properties>\n");
        for (name, value) in digest.into_iter().chain([bundle, as_of]) {
            let _ = writeln!(out, "      <property name=\"{name}\" value=\"{}\"/>", attribute(&value));
        }
        out.push_str("    </properties>\n");
    }

    /// Says what was not looked at.
    fn not_looked_at(&self, out: &mut String) {
        let parts = &self.subject.scan.not_looked_at;
        if parts.is_empty() {
            return;
        }
        out.push_str("    <system-out>");
        for part in parts.iter().take(super::SKIPPED_MAX) {
            let words = text::sentence(&format!("not looked at: {}: {}", part.what, part.reason));
            let _ = writeln!(out, "{}", text::xml(&words));
        }
        out.push_str("</system-out>\n");
    }
}

/// Whether a finding counts as failed. One that nobody rates does: that is no statement that it is harmless.
fn counts(finding: &Finding, threshold: Severity) -> bool {
    finding.severity == Severity::Unknown || finding.severity >= threshold
}

fn case(finding: &Finding) -> Case {
    let standing = standing::of(finding);
    // Without versions, so that a CI server knows the case again in the next image.
    let name = format!("{} in {}", text::name(&finding.id), text::name(&finding.source));
    let outcome = match standing.said().filter(|_| standing.is_excused()) {
        Some(said) => Outcome::Skipped(format!("{}, says {said}", standing.status.name())),
        None => Outcome::Failed(finding.severity, description(finding)),
    };
    Case { name, outcome }
}

/// Returns the text of a failure, which CI servers show as it is.
fn description(finding: &Finding) -> String {
    let packages: Vec<String> = identity::components(finding)
        .into_iter()
        .map(|one| format!("{} {}", one.name, one.version))
        .collect();
    let mut lines = vec![
        standing::sentence(finding),
        standing::action(finding),
        text::sentence(&format!("Severity: {}", finding.chosen)),
        text::sentence(&format!("Packages: {}", packages.join(", "))),
    ];
    lines.extend(identity::page(&finding.id));
    lines.join("\n")
}

impl Case {
    fn write(&self, class: &str, out: &mut String) {
        let name = text::xml(&self.name);
        let _ = write!(out, "    <testcase classname=\"{class}\" name=\"{name}\" time=\"0\"");
        let _ = match &self.outcome {
            Outcome::Passed => writeln!(out, "/>"),
            Outcome::Failed(severity, said) => {
                let first = text::xml(said.lines().next().unwrap_or_default());
                let (said, severity) = (text::xml(said), severity.name());
                writeln!(out, "><failure type=\"{severity}\" message=\"{first}\">{said}</failure></testcase>")
            }
            Outcome::Skipped(why) => writeln!(out, "><skipped message=\"{}\"/></testcase>", text::xml(why)),
        };
    }
}

fn attribute(value: &str) -> String {
    text::xml(&text::name(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::report::tests::sample;

    fn written(scan: &crate::evidence::ScanRecord, threshold: Severity) -> String {
        let subjects = [sample::image(scan)];
        JUnit.write(&Report { threshold, ..sample::report(&subjects) }).unwrap()
    }

    #[test]
    fn findings_at_or_above_the_threshold_fail_and_excused_ones_are_skipped() {
        let scan = sample::scan();
        let text = written(&scan, Severity::High);
        let head = "tests=\"4\" failures=\"2\" errors=\"0\" skipped=\"2\" time=\"0\" timestamp=\"2026-11-21T00:00:00\"";
        assert!(text.contains(head), "{text}");
        assert!(
            text.contains("name=\"CVE-2024-0727 in openssl\" time=\"0\"><failure type=\"critical\""),
            "{text}"
        );
        assert!(text.contains("<skipped message=\"not_affected, says acme on 1970-01-02"), "{text}");
        assert!(!text.contains("CVE-2026-0003"), "low is below the threshold");
        assert!(text.contains("CVE-2026-0002"), "nobody rates it, so it counts");
    }

    #[test]
    fn without_failures_one_case_passes() {
        let scan = sample::empty();
        let text = written(&scan, Severity::Low);
        assert!(text.contains("tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\""), "{text}");
        assert!(text.contains("name=\"no finding of severity low or above\" time=\"0\"/>"), "{text}");
    }
}
