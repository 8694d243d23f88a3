//! A short table in Markdown, for a comment on a pull or merge request.

use std::fmt::Write as _;

use super::fact::{standing, text};
use super::{Format, Report, ReportError, Subject};
use crate::model::{Finding, Severity};
use crate::render::{code, md};

pub(super) struct Markdown;

/// Rows of all tables together: a comment is read, not searched, and forges cut or refuse long ones.
const ROWS_MAX: usize = 50;

/// Images with a table of their own.
const TABLES_MAX: usize = 20;

/// GitHub takes no comment of more than 65536 characters; some are left for what stands around it.
const CHARS_MAX: usize = 60_000;

impl Format for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn document(&self, report: &Report<'_>) -> Result<String, ReportError> {
        let mut out = String::new();
        let mut rows_left = ROWS_MAX;
        let mut tables = 0;
        for subject in report.subjects.iter().take(TABLES_MAX) {
            let section = section(subject, &mut rows_left, CHARS_MAX.saturating_sub(out.chars().count()));
            if out.chars().count() + section.chars().count() > CHARS_MAX {
                break;
            }
            out.push_str(&section);
            tables += 1;
        }
        if report.subjects.len() > tables {
            // Writing to a string does not fail.
            let _ = writeln!(out, "{} more images are not shown.\n", report.subjects.len() - tables);
        }
        let _ = writeln!(out, "Made by {} at {}.", md(&text::name(report.tool)), report.at);
        Ok(out)
    }
}

/// Returns what is said of one image in at most `chars` characters, or a little more where that is less than a heading.
fn section(subject: &Subject<'_>, rows_left: &mut usize, chars: usize) -> String {
    let findings = subject.findings();
    let mut out = format!("### {}\n\n", code(&text::name(subject.name)));
    if let Some(digest) = subject.digest {
        let _ = writeln!(out, "{}\n", code(&digest.to_string()));
    }
    let _ =
        writeln!(out, "{}, advisories as of {}.\n", counts(&findings), subject.scan.advisories.as_of.date());
    let below = skipped(subject);
    let table =
        table(&findings[..findings.len().min(*rows_left)], chars.saturating_sub(out.len() + below.len()));
    *rows_left -= table.len();
    if !table.is_empty() {
        out.push_str("| severity | vulnerability | package | installed | fixed in | status |\n");
        out.push_str("|---|---|---|---|---|---|\n");
        out.extend(table.iter().map(String::as_str));
        out.push('\n');
    }
    if findings.len() > table.len() {
        let _ = writeln!(out, "{} more are not shown.\n", findings.len() - table.len());
    }
    out + &below
}

/// Returns as many rows as fit.
fn table(findings: &[&Finding], chars: usize) -> Vec<String> {
    let mut used = 0;
    let fits = |row: &String| {
        used += row.chars().count();
        used <= chars
    };
    findings.iter().map(|finding| row(finding)).take_while(fits).collect()
}

/// Says how much was not looked at.
fn skipped(subject: &Subject<'_>) -> String {
    let parts = &subject.scan.not_looked_at;
    let Some(first) = parts.first() else { return String::new() };
    let words = text::name(&format!("{}: {}", first.what, first.reason));
    format!("**{} not looked at**, first {}.\n\n", parts.len(), md(&words))
}

/// Returns how many findings there are of each severity, and how many of them are excused.
fn counts(findings: &[&Finding]) -> String {
    if findings.is_empty() {
        return "No findings".to_owned();
    }
    let count = |severity: &Severity| {
        let count = findings.iter().filter(|finding| finding.severity == *severity).count();
        (count > 0).then(|| format!("{count} {severity}"))
    };
    let counts: Vec<String> = Severity::ALL.iter().rev().filter_map(count).collect();
    let excused = findings.iter().filter(|finding| standing::of(finding).is_excused()).count();
    let excused = if excused > 0 { format!(" ({excused} excused by statements)") } else { String::new() };
    counts.join(", ") + &excused
}

fn row(finding: &Finding) -> String {
    let exploited = if finding.exploited.is_empty() { "" } else { ", **known exploited**" };
    let fixed = finding.fixed.as_deref().map_or("none known".to_owned(), |fixed| code(&text::name(fixed)));
    let name = |value: &str| code(&text::name(value));
    format!(
        "| {}{exploited} | {} | {} | {} | {fixed} | {} |\n",
        finding.severity,
        name(&finding.id),
        name(&finding.source),
        name(&finding.installed),
        standing::of(finding).status.name().replace('_', " "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::report::tests::sample;

    #[test]
    fn the_table_is_short_and_says_what_it_leaves_out() {
        let mut scan = sample::scan();
        scan.findings = (0..70).map(|n| sample::finding(&format!("CVE-2026-1{n:03}"), "openssl")).collect();
        let text = Markdown.write(&sample::report(&[sample::image(&scan), sample::image(&scan)])).unwrap();
        assert_eq!(text.matches("| CVE-").count() + text.matches("| `CVE-").count(), ROWS_MAX);
        assert!(text.contains("20 more are not shown."), "{text}");
        assert!(text.contains("70 more are not shown."), "{text}");
        assert!(text.contains("**1 not looked at**"), "{text}");
    }

    #[test]
    fn a_comment_is_never_too_long() {
        let mut scan = sample::scan();
        for finding in &mut scan.findings {
            finding.installed = "|".repeat(10_000);
            finding.source = "\u{202e}".repeat(10_000);
        }
        scan.findings = scan.findings.iter().cycle().take(60).cloned().collect();
        let subjects = [sample::image(&scan); 30];
        let text = Markdown.write(&sample::report(&subjects)).unwrap();
        assert!(text.chars().count() < 65_536, "{}", text.chars().count());
    }

    #[test]
    fn one_row_says_what_decides() {
        let scan = sample::scan();
        let text = Markdown.write(&sample::report(&[sample::image(&scan)])).unwrap();
        let row = "| critical, **known exploited** | `CVE-2024-0727` | `openssl` | `3.0.11-1` | `3.0.13-1` | affected |";
        assert!(text.contains(row), "{text}");
        assert!(text.contains("1 critical, 2 high, 1 low, 1 unknown (2 excused by statements)"), "{text}");
    }
}
