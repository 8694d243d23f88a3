//! What a check found, for machines (serialised) and for people ([`Report::text`]).

use std::fmt::Write as _;

use serde::Serialize;

use super::{
    Profile,
    document::{ComponentKind, Document, Format},
    field::{Field, Level, Outcome, Verdict},
};
use crate::model::{foreign, quantity};

/// The most findings of one field that are kept; the counts go on. A file in which ten thousand components lack the
/// same field is not told better by ten thousand lines.
const FINDINGS_MAX: usize = 1_000;
/// The most places of one field that people are shown.
const SHOWN_MAX: usize = 3;

/// An SBOM held against a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    pub schema: &'static str,
    pub profile: Profile,
    pub standard: &'static str,
    pub format: Format,
    /// Of the specification, as the file writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    pub components: Components,
    /// Whether any field that is due falls short.
    pub falls_short: bool,
    /// Every field of the profile, in its order.
    pub fields: Vec<CheckedField>,
}

/// How many components there are, by what they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Components {
    pub files: usize,
    /// Of those, the ones that count as files because nothing shows that they are anything else.
    pub assumed_files: usize,
    pub logical: usize,
    pub external: usize,
    pub other: usize,
}

/// One field of the profile over the whole file. The counts are of components, or of the document as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckedField {
    pub field: &'static str,
    pub level: Level,
    pub section: &'static str,
    pub wanted: &'static str,
    pub falls_short: usize,
    pub declared_unknown: usize,
    pub noted: usize,
    pub met: usize,
    pub not_judged: usize,
    /// What falls short, is declared unknown or noted, in this order; at most 1,000.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub left_out: usize,
}

/// One value, or the lack of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub outcome: Outcome,
    /// Name of the component; none where it is about the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// `bom-ref`, `SPDXID` or `spdxId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// JSON pointer of the value, or of what should hold it.
    pub pointer: String,
    /// As the file writes it; blank where nothing is.
    pub found: String,
    pub hint: String,
}

pub(super) fn report(document: &Document, profile: Profile) -> Report {
    let fields: Vec<CheckedField> = profile.fields().iter().map(|field| checked(field, document)).collect();
    let mut components = Components::default();
    for component in &document.components {
        components.assumed_files += usize::from(component.assumed);
        match component.kind() {
            ComponentKind::File => components.files += 1,
            ComponentKind::Logical => components.logical += 1,
            ComponentKind::External => components.external += 1,
            ComponentKind::Other => components.other += 1,
        }
    }
    Report {
        schema: "fondaco/sbom-check/v1alpha1",
        profile,
        standard: profile.standard(),
        format: document.format,
        version: document.version.as_ref().map(|text| text.value.clone()),
        components,
        falls_short: fields.iter().any(|field| field.falls_short > 0),
        fields,
    }
}

fn checked(field: &Field, document: &Document) -> CheckedField {
    let mut verdicts = field.judge(document);
    let count = |outcome| verdicts.iter().filter(|(_, verdict)| verdict.outcome == outcome).count();
    let mut checked = CheckedField {
        field: field.name,
        level: field.level,
        section: field.section,
        wanted: field.wanted,
        falls_short: count(Outcome::FallsShort),
        declared_unknown: count(Outcome::DeclaredUnknown),
        noted: count(Outcome::Noted),
        met: count(Outcome::Met),
        not_judged: count(Outcome::NotJudged),
        findings: vec![],
        left_out: 0,
    };
    verdicts.retain(|(_, verdict)| !matches!(verdict.outcome, Outcome::Met | Outcome::NotJudged));
    verdicts.sort_by_key(|(_, verdict)| verdict.outcome);
    checked.left_out = verdicts.len().saturating_sub(FINDINGS_MAX);
    let kept = verdicts.into_iter().take(FINDINGS_MAX);
    checked.findings = kept.map(|(index, verdict)| finding(document, index, verdict)).collect();
    checked
}

fn finding(document: &Document, index: Option<usize>, verdict: Verdict) -> Finding {
    let component = index.map(|index| &document.components[index]);
    Finding {
        outcome: verdict.outcome,
        component: component.and_then(|component| Some(component.name.as_ref()?.value.clone())),
        reference: component.and_then(|component| component.reference.clone()),
        pointer: verdict.pointer,
        found: verdict.found,
        hint: verdict.hint,
    }
}

impl CheckedField {
    const fn judged(&self) -> usize {
        self.falls_short + self.declared_unknown + self.noted + self.met
    }

    /// Returns the findings of one outcome.
    pub fn of(&self, outcome: Outcome) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.outcome == outcome)
    }
}

impl Report {
    /// Returns how many fields fall short.
    pub fn short(&self) -> usize {
        self.fields.iter().filter(|field| field.falls_short > 0).count()
    }

    /// Returns the report for people: what falls short with the first places, what else is to be said, the result.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let Components { files, assumed_files, logical, external, other } = self.components;
        let version = self.version.as_deref().map(|text| format!(" {}", foreign::cut(text, 20)));
        let assumed = match assumed_files {
            0 => String::new(),
            count => format!(", {count} of them because nothing shows that they are logical"),
        };
        let all = quantity::count(files + logical + external + other, "component");
        let _ = writeln!(
            out,
            "{}{}, {all} ({logical} logical, {external} external, {other} other, {files} as files{assumed}), held against {}\n",
            self.format.name(),
            version.unwrap_or_default(),
            self.standard,
        );
        self.table(&mut out);
        for field in &self.fields {
            section(&mut out, field, Outcome::FallsShort, "falls short");
        }
        for field in &self.fields {
            section(&mut out, field, Outcome::DeclaredUnknown, "declared unknown");
        }
        for field in &self.fields {
            section(&mut out, field, Outcome::Noted, "met, with a remark");
        }
        let unjudged: Vec<&str> = self
            .fields
            .iter()
            .filter(|field| field.judged() == 0 && field.not_judged > 0)
            .map(|field| field.field)
            .collect();
        if !unjudged.is_empty() {
            let _ = writeln!(
                out,
                "not there, and the file cannot show that it should be: {}\n",
                unjudged.join(", ")
            );
        }
        out.push_str(&self.result());
        out
    }

    /// One line for each field that applies to anything.
    fn table(&self, out: &mut String) {
        let widest = self.fields.iter().map(|field| field.field.len()).max().unwrap_or_default();
        let head = ("field", "short", "unknown", "met", "not judged");
        let _ = writeln!(
            out,
            "{:widest$}  {:>8}  {:>8}  {:>8}  {:>10}  level",
            head.0, head.1, head.2, head.3, head.4
        );
        for field in self.fields.iter().filter(|field| field.judged() + field.not_judged > 0) {
            let _ = writeln!(
                out,
                "{:widest$}  {:>8}  {:>8}  {:>8}  {:>10}  {} ({})",
                field.field,
                field.falls_short,
                field.declared_unknown,
                field.met + field.noted,
                field.not_judged,
                field.level.words(),
                field.section
            );
        }
        out.push('\n');
    }

    fn result(&self) -> String {
        let unknown = self.fields.iter().filter(|field| field.declared_unknown > 0).count();
        let declared = match unknown {
            0 => String::new(),
            _ => format!("; {} declared unknown", quantity::count(unknown, "field")),
        };
        match self.short() {
            0 => format!("nothing falls short of {}{declared}\n", self.standard),
            short => {
                let verb = if short == 1 { "falls" } else { "fall" };
                format!("{} {verb} short of {}{declared}\n", quantity::count(short, "field"), self.standard)
            }
        }
    }
}

fn section(out: &mut String, field: &CheckedField, outcome: Outcome, words: &str) {
    let count = match outcome {
        Outcome::FallsShort => field.falls_short,
        Outcome::DeclaredUnknown => field.declared_unknown,
        _ => field.noted,
    };
    if count == 0 {
        return;
    }
    let _ =
        writeln!(out, "{}: {words} in {count} of {}; wanted: {}", field.field, field.judged(), field.wanted);
    let shown: Vec<&Finding> = field.of(outcome).take(SHOWN_MAX).collect();
    for finding in &shown {
        let whom = match (&finding.component, &finding.reference) {
            (Some(name), Some(reference)) if name != reference => {
                format!("{} ({}) ", foreign::cut(name, 60), foreign::cut(reference, 80))
            }
            (Some(name), _) | (None, Some(name)) => format!("{} ", foreign::cut(name, 80)),
            (None, None) => String::new(),
        };
        let place = if finding.pointer.is_empty() { "top level" } else { &finding.pointer };
        let found = match finding.found.as_str() {
            "" => String::new(),
            found => format!(" `{}`", foreign::cut(found, 80)),
        };
        let hint = if finding.hint.is_empty() { String::new() } else { format!(": {}", finding.hint) };
        let _ = writeln!(out, "  {whom}at {}{found}{hint}", foreign::cut(place, 120));
    }
    if count > shown.len() {
        let _ = writeln!(out, "  and {} more", count - shown.len());
    }
    out.push('\n');
}
