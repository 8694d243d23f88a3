//! One page of HTML that needs nothing else: no other file, no network, and without its script no less to read.
//!
//! Everything foreign goes through the template's escaping, which is on for all of it. The policy of the page lets its own
//! style and script run by hash and nothing else (Content Security Policy Level 3, section 6.7.2), so that text that got
//! past the escaping would still do nothing.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use serde::Serialize;

use super::fact::{identity, standing, text};
use super::{Format, Report, ReportError, Subject};
use crate::model::{Digest, Finding, Severity};

pub(super) struct Html;

const TEMPLATE: &str = include_str!("templates/report.html");
const CSS: &str = include_str!("templates/report.css");
const JS: &str = include_str!("templates/report.js");

/// Width of the picture in its own units.
const PICTURE_WIDTH: usize = 1_000;

impl Format for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn document(&self, report: &Report<'_>) -> Result<String, ReportError> {
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment.set_keep_trailing_newline(true);
        let values = context! {
            policy => policy()?,
            css => Value::from_safe_string(CSS.to_owned()),
            js => Value::from_safe_string(JS.to_owned()),
            page => Page::of(report),
        };
        environment.render_str(TEMPLATE, values).map_err(|e| fail(&e.to_string()))
    }
}

fn fail(detail: &str) -> ReportError {
    ReportError::Write { format: "html", detail: detail.to_owned() }
}

/// Returns the policy of the page.
fn policy() -> Result<String, ReportError> {
    let hash = |source: &str| {
        let bytes = hex::decode(Digest::sha256(source).hex()).map_err(|e| fail(&e.to_string()))?;
        Ok::<_, ReportError>(format!("'sha256-{}'", STANDARD.encode(bytes)))
    };
    let (style, script) = (hash(CSS)?, hash(JS)?);
    Ok(format!(
        "default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'"
    ))
}

#[derive(Serialize)]
struct Page {
    title: String,
    tool: String,
    at: String,
    subjects: Vec<Section>,
}

#[derive(Serialize)]
struct Section {
    anchor: String,
    name: String,
    digest: Option<String>,
    total: usize,
    excused: usize,
    bundle: String,
    as_of: String,
    /// What the picture shows, in words.
    picture: String,
    bars: Vec<Bar>,
    counts: Vec<Count>,
    rows: Vec<Row>,
    skipped: Vec<String>,
}

#[derive(Serialize)]
struct Bar {
    class: &'static str,
    x: usize,
    width: usize,
}

#[derive(Serialize)]
struct Count {
    severity: &'static str,
    count: usize,
}

#[derive(Serialize)]
struct Row {
    /// What rows are sorted by, the least severe first.
    rank: u8,
    severity: &'static str,
    exploited: String,
    id: String,
    page: Option<String>,
    aliases: String,
    source: String,
    packages: String,
    installed: String,
    fixed: String,
    status: String,
    said: Option<String>,
    chosen: String,
    excused: bool,
}

impl Page {
    fn of(report: &Report<'_>) -> Self {
        let title = match report.subjects {
            [one] => format!("Vulnerabilities of {}", text::name(one.name)),
            many => format!("Vulnerabilities of {} images", many.len()),
        };
        let sections = report.subjects.iter().enumerate();
        Self {
            title,
            tool: text::name(report.tool),
            at: report.at.to_string(),
            subjects: sections.map(|(index, subject)| Section::of(index, subject)).collect(),
        }
    }
}

impl Section {
    fn of(index: usize, subject: &Subject<'_>) -> Self {
        let findings = subject.findings();
        let counts = counts(&findings);
        let words: Vec<String> = counts.iter().map(|one| format!("{} {}", one.count, one.severity)).collect();
        let rows: Vec<Row> = findings.iter().map(|finding| Row::of(finding)).collect();
        let scan = subject.scan;
        let skipped =
            scan.not_looked_at.iter().map(|part| text::sentence(&format!("{}: {}", part.what, part.reason)));
        Self {
            anchor: format!("image-{}", index + 1),
            name: text::name(subject.name),
            digest: subject.digest.map(ToString::to_string),
            total: findings.len(),
            excused: rows.iter().filter(|row| row.excused).count(),
            bundle: scan.advisories.digest.to_string(),
            as_of: scan.advisories.as_of.to_string(),
            picture: format!("Findings by severity: {}", words.join(", ")),
            bars: bars(&counts),
            counts,
            rows,
            skipped: skipped.collect(),
        }
    }
}

/// Returns how many findings there are of each severity, the worst first.
fn counts(findings: &[&Finding]) -> Vec<Count> {
    let count = |severity: &Severity| Count {
        severity: severity.name(),
        count: findings.iter().filter(|finding| finding.severity == *severity).count(),
    };
    Severity::ALL.iter().rev().map(count).collect()
}

/// Returns bars side by side, as wide as their share; one of no severity where there is nothing to count.
fn bars(counts: &[Count]) -> Vec<Bar> {
    let total: usize = counts.iter().map(|one| one.count).sum();
    if total == 0 {
        return vec![Bar { class: "none", x: 0, width: PICTURE_WIDTH }];
    }
    let mut before = 0;
    let mut bars = vec![];
    for one in counts.iter().filter(|one| one.count > 0) {
        let x = before * PICTURE_WIDTH / total;
        before += one.count;
        bars.push(Bar { class: one.severity, x, width: before * PICTURE_WIDTH / total - x });
    }
    bars
}

impl Row {
    fn of(finding: &Finding) -> Self {
        let standing = standing::of(finding);
        let rank = Severity::ALL.iter().take_while(|severity| **severity != finding.severity).count();
        let exploited: Vec<String> =
            finding.exploited.iter().map(|e| format!("{} since {}", e.by, e.since)).collect();
        let packages =
            identity::components(finding).into_iter().map(|one| format!("{} {}", one.name, one.version));
        let fixed = match (&finding.fixed, standing::state(finding)) {
            (Some(fixed), _) => text::name(fixed),
            (None, Some(state)) => format!("none known; vendor: {state}"),
            (None, None) => "none known".to_owned(),
        };
        Self {
            rank: u8::try_from(rank).unwrap_or(u8::MAX),
            severity: finding.severity.name(),
            exploited: if exploited.is_empty() {
                String::new()
            } else {
                text::sentence(&exploited.join(", "))
            },
            id: text::name(&finding.id),
            page: identity::page(&finding.id),
            aliases: identity::aliases(finding).join(", "),
            source: text::name(&finding.source),
            packages: text::sentence(&packages.collect::<Vec<_>>().join(", ")),
            installed: text::name(&finding.installed),
            fixed,
            status: standing.status.name().replace('_', " "),
            said: standing.said(),
            chosen: text::sentence(&finding.chosen),
            excused: standing.is_excused(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::report::tests::sample;

    #[test]
    fn the_page_needs_nothing_else_and_allows_nothing_else() {
        let scan = sample::scan();
        let page = Html.write(&sample::report(&[sample::image(&scan)])).unwrap();
        let policy = page.lines().find(|line| line.contains("Content-Security-Policy")).unwrap();
        assert!(policy.contains("default-src &#x27;none&#x27;"), "{policy}");
        assert!(!policy.contains("unsafe-inline"), "{policy}");
        for forbidden in
            ["<link", "<img", "@import", "url(", "src=", "<iframe", "style=", "onclick", "javascript:"]
        {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        assert_eq!((page.matches("<script").count(), page.matches("<style").count()), (1, 1));
        // The hash is of what stands between the tags, to the byte.
        assert!(
            page.contains(&format!("<style>{CSS}</style>"))
                && page.contains(&format!("<script>{JS}</script>"))
        );
        // A line end that a parser changes would change the hash.
        assert!(!CSS.contains('\r') && !JS.contains('\r') && !JS.contains("</"));
    }

    #[test]
    fn foreign_markup_is_text() {
        let mut scan = sample::scan();
        scan.findings[0].source = "<script>alert(1)</script>".to_owned();
        scan.findings[0].installed = "\" onmouseover=\"alert(1)".to_owned();
        scan.findings[0].id = "javascript:alert(1)".to_owned();
        let subject = Subject { name: "</title><svg onload=alert(1)>", ..sample::image(&scan) };
        let page = Html.write(&sample::report(&[subject])).unwrap();
        assert!(
            !page.contains("<script>alert")
                && !page.contains("<svg onload")
                && !page.contains("\" onmouseover")
        );
        assert!(!page.contains("href=\"javascript"));
    }

    #[test]
    fn bars_fill_the_picture() {
        let count = |severity, count| Count { severity, count };
        let bars = bars(&[count("critical", 1), count("high", 0), count("low", 2)]);
        assert_eq!(bars.iter().map(|bar| (bar.x, bar.width)).collect::<Vec<_>>(), [(0, 333), (333, 667)]);
        let none = super::bars(&[count("low", 0)]);
        assert_eq!((none[0].class, none[0].width), ("none", PICTURE_WIDTH));
    }
}
