//! Comma-separated values (RFC 4180), safe to open in a spreadsheet.

use super::fact::{identity, score, standing, text};
use super::{Format, Report, ReportError, Subject};
use crate::model::Finding;

pub(super) struct Csv;

/// The first line; columns are added at the end alone.
const HEADER: [&str; 18] = [
    "image",
    "digest",
    "id",
    "aliases",
    "severity",
    "score",
    "chosen",
    "source",
    "installed",
    "fixed",
    "state",
    "packages",
    "ecosystem",
    "status",
    "statement",
    "exploited",
    "epss",
    "first_seen",
];

impl Format for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn document(&self, report: &Report<'_>) -> Result<String, ReportError> {
        let mut out = line(&HEADER.map(str::to_owned));
        for (subject, finding) in report.found() {
            out.push_str(&line(&row(subject, finding)));
        }
        Ok(out)
    }
}

fn row(subject: &Subject<'_>, finding: &Finding) -> [String; HEADER.len()] {
    let standing = standing::of(finding);
    let packages: Vec<String> =
        identity::components(finding).into_iter().map(|one| one.purl.unwrap_or(one.name)).collect();
    let exploited: Vec<String> = finding.exploited.iter().map(|e| format!("{} {}", e.by, e.since)).collect();
    [
        named(subject.name),
        subject.digest.map(ToString::to_string).unwrap_or_default(),
        named(&finding.id),
        identity::aliases(finding).join(" "),
        finding.severity.name().to_owned(),
        score::judged(finding).map(score::decimal).unwrap_or_default(),
        text::sentence(&finding.chosen),
        named(&finding.source),
        named(&finding.installed),
        finding.fixed.as_deref().map(named).unwrap_or_default(),
        standing::state(finding).unwrap_or_default().to_owned(),
        packages.join(" "),
        named(&finding.ecosystem),
        standing.status.name().to_owned(),
        standing.said().unwrap_or_default(),
        // A list of one source each; cut as a whole.
        if exploited.is_empty() { String::new() } else { text::sentence(&exploited.join(" ")) },
        finding.epss.as_ref().map(|epss| named(&epss.score)).unwrap_or_default(),
        finding.first_seen.map(|at| at.to_string()).unwrap_or_default(),
    ]
}

fn named(value: &str) -> String {
    text::name(value)
}

/// Returns one record: every field quoted, quotes doubled, CRLF (section 2).
fn line(cells: &[String; HEADER.len()]) -> String {
    let cells: Vec<String> =
        cells.iter().map(|cell| format!("\"{}\"", harmless(cell).replace('"', "\"\""))).collect();
    cells.join(",") + "\r\n"
}

/// Characters that make a formula of what follows, at the beginning of a cell (OWASP, "CSV Injection"), with the wide ones
/// that spreadsheets take for the same. Tab and line ends are control characters and shown as such by now.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Returns text that no spreadsheet takes for a formula: an apostrophe stands before it. Those whose separator is the
/// semicolon, as in much of Europe, begin a cell behind one, quoted or not.
fn harmless(cell: &str) -> String {
    let mut out = String::with_capacity(cell.len() + 1);
    let mut begins = true;
    for c in cell.chars() {
        if begins && FORMULA.contains(&c) {
            out.push('\'');
        }
        // White space before a formula is left out by some.
        begins = c == ';' || (begins && (c.is_whitespace() || c == '"'));
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::report::tests::sample;

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, expected) in [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("＝1", "'＝1"),
            (" =1", " '=1"),
            ("\"=1", "\"'=1"),
            ("a;=1", "a;'=1"),
            ("a; =1", "a; '=1"),
            ("1.2-3+b1", "1.2-3+b1"),
            ("pkg:deb/debian/a@1", "pkg:deb/debian/a@1"),
        ] {
            assert_eq!(harmless(cell), expected);
        }
    }

    /// RFC 4180, section 2, rules 1, 5, 6 and 7.
    #[test]
    fn records_are_lines_and_quotes_are_doubled() {
        let scan = sample::scan();
        let text = Csv.write(&sample::report(&[sample::image(&scan)])).unwrap();
        assert_eq!(text.matches("\r\n").count(), scan.findings.len() + 1);
        assert_eq!(text.matches('\n').count(), scan.findings.len() + 1);
        assert!(text.starts_with("\"image\",\"digest\",\"id\","), "{text}");
        assert!(text.contains(",\"CVE-2024-0727\",\"DEBIAN-CVE-2024-0727\",\"critical\",\"9.8\","), "{text}");
        let mut cells: [String; HEADER.len()] = std::array::from_fn(|_| String::new());
        cells[0] = "a \"b\", c".to_owned();
        assert!(line(&cells).starts_with("\"a \"\"b\"\", c\",\"\","));
    }
}
