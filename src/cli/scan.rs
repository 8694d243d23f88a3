//! `fondaco scan`: an SBOM or an image against the pinned advisories. Nothing is recorded, nothing fetched but the image.

use std::{fmt::Write as _, fs, path::Path};

use clap::Args;

use super::{
    Exit, advisories, env, exit,
    inspected::{self, Failure, Image, Reached},
    show, world,
};
use crate::{
    advisory::{Bundle, Store, Wanted},
    catalogue,
    evidence::{ScanRecord, Scanned},
    model::{Digest, Finding, Severity, foreign::inline},
    reconcile::RunError,
    registry::Place,
    scan::{self, Owned},
    ui::{Ui, report},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// An SBOM (CycloneDX or SPDX 2 as JSON) where there is such a file, else an image: `HOST/REPOSITORY[:TAG][@DIGEST]`,
    /// `oci:DIR[:NAME]` or `oci-archive:FILE[:NAME]`.
    what: String,
    /// Write a report in the format of another program instead: csaf, csv, cyclonedx, gitlab, html, junit, markdown, openvex
    /// or sarif.
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    format: Option<&'static str>,
    /// Exit with 3 where a finding is of this severity or worse, or known to be exploited.
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    fail_on: Option<Severity>,
    #[command(flatten)]
    reached: Reached,
}

fn severity(name: &str) -> Result<Severity, String> {
    let found = Severity::ALL.into_iter().find(|severity| severity.name() == name);
    found.ok_or_else(|| "one of unknown, negligible, low, medium, high, critical".to_owned())
}

fn format(name: &str) -> Result<&'static str, String> {
    let names = || report::ALL.iter().map(|format| format.name());
    names()
        .find(|known| *known == name)
        .ok_or_else(|| format!("one of {}", names().collect::<Vec<_>>().join(", ")))
}

/// What is scanned.
struct Subject {
    name: String,
    /// Of what was read.
    digest: Digest,
    /// Of the image, where it is known.
    image: Option<Digest>,
    packages: String,
    gaps: Vec<crate::evidence::NotLookedAt>,
    /// Packages of languages with the packages of the distribution that own their files.
    owned: Vec<(String, String)>,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    let scanned = subject(arguments, ui).and_then(|subject| {
        let record = scanned(&subject, arguments.reached.repository())?;
        Ok((subject, record))
    });
    match scanned {
        Ok((subject, record)) => {
            if let Some(format) = arguments.format {
                return match reported(arguments, &subject, &record, format) {
                    Ok(document) => {
                        if let Err(error) = ui.document(&document) {
                            ui.error(&error.to_string());
                        }
                        exit_code(arguments.fail_on, &record)
                    }
                    Err(error) => exit::show(ui, &RunError::Task(error.to_string()), &[]),
                };
            }
            let mut json = serde_json::to_value(&record).unwrap_or_default();
            json["name"] = subject.name.clone().into();
            show(ui, &told(&subject.name, &record), &json);
            exit_code(arguments.fail_on, &record)
        }
        Err(Failure::Refused(refusal)) => refusal.told(ui),
        Err(Failure::Run(error)) => exit::show(ui, &error, &[]),
    }
}

fn exit_code(threshold: Option<Severity>, record: &ScanRecord) -> Exit {
    let Some(threshold) = threshold else { return Exit::Done };
    let fails = |finding: &Finding| finding.severity >= threshold || !finding.exploited.is_empty();
    if record.findings.iter().any(fails) { Exit::Refused } else { Exit::Done }
}

/// Returns the report in the format of another program.
fn reported(
    arguments: &Arguments,
    subject: &Subject,
    record: &ScanRecord,
    format: &str,
) -> Result<String, report::ReportError> {
    let tool = world::tool();
    let subjects = [report::Subject { name: &subject.name, digest: subject.image.as_ref(), scan: record }];
    let report = report::Report {
        subjects: &subjects,
        tool: &tool,
        at: record.scanned.as_ref().map_or_else(env::now, |scanned| scanned.at),
        threshold: arguments.fail_on.unwrap_or(Severity::High),
        author: None,
    };
    report::of(format).map_or_else(|| Ok(String::new()), |format| format.write(&report))
}

fn subject(arguments: &Arguments, ui: &Ui) -> Result<Subject, Failure> {
    let path = Path::new(&arguments.what);
    if path.is_file() {
        return Ok(of_sbom(path)?);
    }
    let usage = |error: &dyn std::fmt::Display| RunError::Task(format!("`{}`: {error}", arguments.what));
    let place: Place = arguments.what.parse().map_err(|error| usage(&error))?;
    let images = world::runtime()?.block_on(async {
        let (progress, display) = ui.progress();
        let images = inspected::images(&[&place], &arguments.reached, &progress).await;
        display.finish().await;
        images
    });
    let image = images?.pop();
    image.as_ref().map(of_image).ok_or_else(|| RunError::Task("no image was read".to_owned()).into())
}

fn of_sbom(path: &Path) -> Result<Subject, RunError> {
    let name = path.display().to_string();
    let wrong = |reason: String| RunError::Task(format!("`{name}`: {reason}"));
    let bytes = fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let (packages, nameless) = scan::packages_of_sbom(&bytes).map_err(wrong)?;
    let gap = crate::evidence::NotLookedAt {
        what: format!("{nameless} components without a package URL"),
        reason: "advisories speak of packages".to_owned(),
        packages: 0,
    };
    let gaps = if nameless > 0 { vec![gap] } else { vec![] };
    Ok(Subject { digest: Digest::sha256(&bytes), image: None, packages, gaps, owned: vec![], name })
}

fn of_image(image: &Image) -> Subject {
    let contents = &image.inspected.contents;
    let owned = contents.components.iter().filter_map(|of| Some((of.purl.clone(), of.owner.clone()?)));
    Subject {
        name: image.place.to_string(),
        digest: image.digest.clone(),
        image: Some(image.digest.clone()),
        packages: catalogue::packages_text(&contents.packages()),
        gaps: contents.gaps.clone(),
        owned: owned.collect(),
    }
}

/// Scans against the bundle that the work tree's lock pins, from the local store.
fn scanned(subject: &Subject, repository: &Path) -> Result<ScanRecord, RunError> {
    let bundle = bundle(repository, &subject.packages)?;
    let owned: Owned<'_> =
        subject.owned.iter().map(|(package, owner)| (package.as_str(), owner.as_str())).collect();
    let gaps = subject.gaps.clone();
    let record = scan::scan(&subject.digest, &subject.packages, &bundle, gaps, &owned)
        .map_err(|error| RunError::Task(error.to_string()))?;
    Ok(ScanRecord { scanned: Some(Scanned { at: env::now(), tool: world::tool() }), ..record })
}

fn bundle(repository: &Path, packages: &str) -> Result<Bundle, RunError> {
    let lock = advisories::pinned(repository)?;
    let mut wanted = Wanted::new();
    scan::want(packages, &mut wanted).map_err(|error| RunError::Task(error.to_string()))?;
    let store = Store::new(env::cache().join("advisories"));
    store.read(&lock.digest, &wanted).map_err(|error| {
        let hint = "`fondaco advisories pull` brings it from the mirror";
        let (digest, reason) = (lock.digest.short(), format!("{error}; {hint}"));
        RunError::Advisories { digest, reason, kind: error.kind() }
    })
}

/// Returns the findings as columns, and what was not looked at.
fn told(name: &str, record: &ScanRecord) -> String {
    let mut text = String::new();
    let rows: Vec<[String; 5]> = record.findings.iter().map(row).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2), width(3)];
    for [severity, id, source, installed, fixed] in &rows {
        let [a, b, c, d] = widths;
        let line = format!("{severity:a$}  {id:b$}  {source:c$}  {installed:d$}  {fixed}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let exploited = record.findings.iter().filter(|finding| !finding.exploited.is_empty()).count();
    let _ = writeln!(
        text,
        "{}: {} findings, {exploited} known to be exploited, by advisories of {}",
        inline(name),
        record.findings.len(),
        record.advisories.as_of.date()
    );
    for gap in &record.not_looked_at {
        let _ = writeln!(text, "not looked at: {}: {}", inline(&gap.what), inline(&gap.reason));
    }
    text
}

fn row(finding: &Finding) -> [String; 5] {
    let fixed = match (&finding.fixed, finding.state) {
        (Some(version), _) => format!("fixed in {}", inline(version)),
        (None, Some(state)) => state.words().to_owned(),
        (None, None) => "no fixed version is known".to_owned(),
    };
    let exploited = if finding.exploited.is_empty() { "" } else { ", known to be exploited" };
    [
        finding.severity.to_string(),
        inline(&finding.id),
        inline(&finding.source),
        inline(&finding.installed),
        format!("{fixed}{exploited}"),
    ]
}
