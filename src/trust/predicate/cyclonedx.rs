//! CycloneDX in JSON (cyclonedx.org/docs/1.6/json): components by package URL, and `vulnerabilities[].analysis` as VEX.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Content, Sbom, Told,
    json::Object,
    openvex::{Product, VEX_STATEMENTS_MAX, Vex, VexStatement},
    shown,
};
use crate::model::{Instant, VexStatus, foreign};

pub(super) const TYPES: [&str; 7] = [
    "https://cyclonedx.org/bom",
    "https://cyclonedx.org/bom/v1.2",
    "https://cyclonedx.org/bom/v1.3",
    "https://cyclonedx.org/bom/v1.4",
    "https://cyclonedx.org/bom/v1.5",
    "https://cyclonedx.org/bom/v1.6",
    "https://cyclonedx.org/bom/v1.7",
];

/// What a reference inside the document leads to: a package URL, or the whole the document is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Referred<'a> {
    Whole,
    Package(&'a str),
}

type References<'a> = BTreeMap<&'a str, Referred<'a>>;

pub(super) fn read(predicate: Object<'_>) -> Result<Told, String> {
    if predicate.text("bomFormat")? != Some("CycloneDX") {
        return Err("`bomFormat` is not `CycloneDX`".to_owned());
    }
    let version = predicate.required_text("specVersion")?;
    if !version.starts_with("1.") {
        return Err(format!("CycloneDX `{}` is not read", shown(version)));
    }
    let mut sbom = Sbom { format: format!("CycloneDX {}", shown(version)), ..Sbom::default() };
    let (mut references, metadata) = (References::new(), predicate.object("metadata")?);
    components(predicate, &mut sbom, &mut references)?;
    if let Some(whole) = metadata.map_or(Ok(None), |metadata| metadata.object("component"))?
        && let Some(name) = whole.text("bom-ref")?
    {
        refer(&mut references, name, Referred::Whole)?;
    }
    let made = metadata.map_or(Ok(None), |metadata| metadata.text("timestamp"))?.map(time).transpose()?;
    let vex = vulnerabilities(predicate, &references, made)?;
    let content =
        if vex.statements.is_empty() { Content::Sbom(sbom) } else { Content::SbomAndVex(sbom, vex) };
    Ok(Told::only(content))
}

/// Adds the components and, as deep as the statement may be, the components within them.
fn components<'a>(of: Object<'a>, sbom: &mut Sbom, references: &mut References<'a>) -> Result<(), String> {
    for component in of.objects("components")? {
        let component = component?;
        let purl = component.get("purl")?.and_then(Value::as_str);
        sbom.add(purl.into_iter());
        if let (Some(name), Some(purl)) = (component.text("bom-ref")?, purl) {
            refer(references, name, Referred::Package(purl))?;
        }
        components(component, sbom, references)?;
    }
    Ok(())
}

/// References have to be unique ("bom-ref … unique within the BOM"); two of one name could excuse the wrong package.
fn refer<'a>(references: &mut References<'a>, name: &'a str, to: Referred<'a>) -> Result<(), String> {
    let before = references.insert(name, to);
    if before.is_some() { Err(format!("`bom-ref` `{}` is there twice", shown(name))) } else { Ok(()) }
}

fn time(text: &str) -> Result<Instant, String> {
    text.parse().map_err(|_| "a timestamp is no time".to_owned())
}

/// Returns the analysed vulnerabilities. What refers to nothing in this document speaks of another product.
fn vulnerabilities(
    bom: Object<'_>,
    references: &References<'_>,
    made: Option<Instant>,
) -> Result<Vex, String> {
    let found = bom.list("vulnerabilities")?.len();
    if found > VEX_STATEMENTS_MAX {
        return Err(format!("the document has {found} vulnerabilities, more than {VEX_STATEMENTS_MAX}"));
    }
    let mut statements = vec![];
    for item in bom.objects("vulnerabilities")? {
        let item = item?;
        let Some(analysis) = item.object("analysis")? else { continue };
        let Some(state) = analysis.text("state")? else { continue };
        let status = status(state).ok_or_else(|| format!("`{}` is no state", shown(state)))?;
        let updated =
            ["lastUpdated", "firstIssued"].into_iter().find_map(|key| analysis.text(key).transpose());
        let at =
            updated.transpose()?.map(time).transpose()?.or(made).ok_or("an analysis has no timestamp")?;
        let why = match analysis.text("justification")? {
            Some(label) => Some(label),
            None => analysis.get("detail")?.and_then(Value::as_str),
        };
        statements.push(VexStatement {
            vulnerability: item.required_text("id")?.to_owned(),
            aliases: vec![],
            products: vec![affected(item, references)?],
            status,
            justification: why.map(|why| foreign::cut(why, super::SHOWN_CHARS_MAX * 2)),
            at,
        });
    }
    Ok(Vex { statements })
}

/// Returns the product of an analysis: what the document is about, which is the attestation's subject, or packages of it.
/// Where every reference leads elsewhere, or to some versions only, it is a product that is not ours.
fn affected(vulnerability: Object<'_>, references: &References<'_>) -> Result<Product, String> {
    let mut found = vec![];
    for target in vulnerability.objects("affects")? {
        let target = target?;
        let whole_range = target.list("versions")?.is_empty();
        found.extend(references.get(target.required_text("ref")?).filter(|_| whole_range));
    }
    let package = |referred: &&Referred<'_>| match referred {
        Referred::Package(purl) => Some((*purl).to_owned()),
        Referred::Whole => None,
    };
    let subcomponents =
        if found.contains(&&Referred::Whole) { vec![] } else { found.iter().filter_map(package).collect() };
    Ok(Product { subject: !found.is_empty(), subcomponents, ..Product::default() })
}

/// Returns the status of a state (CycloneDX, `impactAnalysisState`).
fn status(state: &str) -> Option<VexStatus> {
    Some(match state {
        "resolved" | "resolved_with_pedigree" => VexStatus::Fixed,
        "exploitable" => VexStatus::Affected,
        "in_triage" => VexStatus::UnderInvestigation,
        "false_positive" | "not_affected" => VexStatus::NotAffected,
        _ => return None,
    })
}
