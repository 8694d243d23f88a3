//! What an OVAL definition says of itself: its identifier, vulnerabilities, ratings and dates.

use std::collections::BTreeSet;

use crate::{
    advisory::{
        bundle::SeverityStatement,
        format::{errata, xml::Element},
        record::{LIST_MAX, at_most, identifier, name, shown},
    },
    model::Instant,
};

/// Attributes with scores of a vulnerability, `7/CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H`, with their types in OSV.
const SCORES: [(&str, &str); 3] = [("cvss2", "CVSS_V2"), ("cvss3", "CVSS_V3"), ("cvss4", "CVSS_V4")];

/// Who writes definitions, by the beginning of their identifiers (OVAL, "Identifiers": a domain name read backwards).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Author {
    Alma,
    Oracle,
    RedHat,
    Suse,
    Ubuntu,
}

impl Author {
    pub(super) fn of(definition: &str) -> Option<Self> {
        let domain = definition.strip_prefix("oval:")?.split(':').next()?;
        let is_of = |owner: &str| {
            domain.strip_prefix(owner).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        [
            ("org.almalinux", Self::Alma),
            ("com.oracle", Self::Oracle),
            ("com.redhat", Self::RedHat),
            ("org.opensuse", Self::Suse),
            ("com.suse", Self::Suse),
            ("com.ubuntu", Self::Ubuntu),
        ]
        .into_iter()
        .find_map(|(owner, author)| is_of(owner).then_some(author))
    }
}

/// The metadata of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct About {
    /// `ELSA-2023-0946`, `SUSE-SU-2021:1210-1`, or the vulnerability that it is about.
    pub(super) id: String,
    /// Without its own identifier.
    pub(super) cves: BTreeSet<String>,
    pub(super) title: String,
    pub(super) modified: Instant,
    pub(super) severities: BTreeSet<SeverityStatement>,
    /// The releases that it speaks of.
    pub(super) platforms: Vec<String>,
}

impl About {
    pub(super) fn of(definition: &Element) -> Result<Self, String> {
        let metadata = definition.first(&["metadata"]).ok_or("it has no metadata")?;
        let title = metadata.first(&["title"]).map(Element::text).unwrap_or_default().to_owned();
        let references: Vec<&str> =
            metadata.all("reference").filter_map(|r| r.attribute("ref_id")).map(last_word).collect();
        let advisory = metadata.first(&["advisory"]);
        let vulnerabilities: Vec<&Element> =
            advisory.iter().flat_map(|advisory| advisory.all("cve")).collect();
        at_most(references.len() + vulnerabilities.len(), LIST_MAX, "references")?;
        let id = own_id(&title, &references)?;
        let named = references.iter().copied().chain(vulnerabilities.iter().map(|cve| cve.text()));
        let mut cves: BTreeSet<String> =
            named.filter(|id| id.starts_with("CVE-")).map(str::to_owned).collect();
        cves.remove(&id);
        cves.iter().chain([&id]).try_for_each(|id| identifier(id))?;
        let platforms =
            metadata.first(&["affected"]).into_iter().flat_map(|affected| affected.all("platform"));
        Ok(Self {
            cves,
            modified: modified(advisory)?,
            severities: severities(advisory, &vulnerabilities)?,
            platforms: platforms.map(|platform| platform.text().to_owned()).collect(),
            id,
            title,
        })
    }
}

/// SUSE writes `Mitre CVE-2021-29154`.
fn last_word(reference: &str) -> &str {
    reference.split_whitespace().next_back().unwrap_or_default()
}

/// Returns the identifier of a definition: what its title begins with, `ELSA-2023-0946: openssl security update`, or else
/// the first reference to an erratum of SUSE, whose titles do not name it.
fn own_id(title: &str, references: &[&str]) -> Result<String, String> {
    let begins = |id: &&&str| !id.is_empty() && first_word(title) == **id;
    let is_erratum = |id: &&&str| id.starts_with("SUSE-") || id.starts_with("openSUSE-");
    let own = references.iter().find(begins).or_else(|| references.iter().find(is_erratum));
    own.map(|id| (*id).to_owned()).ok_or_else(|| format!("`{}` names no advisory", shown(title)))
}

fn first_word(title: &str) -> &str {
    title.split_whitespace().next().unwrap_or_default().trim_end_matches(':')
}

fn modified(advisory: Option<&Element>) -> Result<Instant, String> {
    let date = |of: &str| advisory?.first(&[of])?.attribute("date");
    let Some(date) = date("updated").or_else(|| date("issued")) else { return Ok(Instant::default()) };
    errata::instant(date).ok_or_else(|| format!("`{}` is no date", shown(date)))
}

fn severities(
    advisory: Option<&Element>,
    vulnerabilities: &[&Element],
) -> Result<BTreeSet<SeverityStatement>, String> {
    let rating = advisory.and_then(|advisory| advisory.first(&["severity"])).map(Element::text);
    let rated = rating.filter(|word| !word.is_empty()).map(SeverityStatement::vendor);
    let scores = vulnerabilities.iter().flat_map(|cve| {
        SCORES.iter().filter_map(|(attribute, kind)| {
            // The score itself is left away: it is computed from the vector.
            let (_, vector) = cve.attribute(attribute)?.split_once('/')?;
            Some(SeverityStatement { kind: (*kind).to_owned(), value: vector.to_owned() })
        })
    });
    let all: BTreeSet<_> = scores.chain(rated).collect();
    all.iter().try_for_each(|statement| name(&statement.value))?;
    Ok(all)
}
