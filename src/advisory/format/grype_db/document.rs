//! The JSON documents of Grype's database (grype, `grype/db/v6/blobs.go`): what a vulnerability is, and which versions of a
//! package have it.

use serde::{Deserialize, de::IgnoredAny};

use crate::{
    advisory::{
        bundle::SeverityStatement,
        format::constraint,
        module,
        range::Event,
        record::{LIST_MAX, at_most, identifier, name},
        versions::Scheme,
    },
    model::VendorState,
};

/// What a vulnerability is.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RawVulnerability {
    aliases: Vec<String>,
    severities: Vec<RawSeverity>,
}

#[derive(Deserialize)]
struct RawSeverity {
    value: RawValue,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawValue {
    Word(String),
    Vector {
        vector: String,
        #[serde(default)]
        version: String,
    },
    Other(IgnoredAny),
}

/// Which versions of a package are affected.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RawPackage {
    cves: Vec<String>,
    qualifiers: Option<RawQualifiers>,
    ranges: Vec<RawRange>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawQualifiers {
    /// `nodejs:16`; empty where the package is of no module.
    rpm_modularity: Option<String>,
    platform_cpes: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawRange {
    version: RawVersion,
    fix: Option<RawFix>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawVersion {
    constraint: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawFix {
    state: String,
}

/// A vulnerability's exploitation, of CISA's catalogue.
#[derive(Deserialize)]
pub(super) struct RawExploited {
    /// A time of which the day counts.
    pub(super) date_added: String,
    /// `known` or `unknown`.
    #[serde(default)]
    pub(super) known_ransomware_campaign_use: String,
}

impl RawVulnerability {
    /// Returns its other names.
    pub(super) fn ids(&self) -> Result<&[String], String> {
        checked(&self.aliases)
    }

    /// Returns the vectors, and with `words` for their kind the ratings in words.
    pub(super) fn severities(&self, words: Option<&str>) -> Result<Vec<SeverityStatement>, String> {
        at_most(self.severities.len(), LIST_MAX, "severities")?;
        let mut found = vec![];
        for severity in &self.severities {
            found.extend(match &severity.value {
                RawValue::Word(word) if word.eq_ignore_ascii_case("unknown") => None,
                RawValue::Word(word) => {
                    words.map(|kind| SeverityStatement { kind: kind.to_owned(), value: word.clone() })
                }
                RawValue::Vector { vector, version } => vector_of(vector, version),
                RawValue::Other(_) => None,
            });
        }
        found.iter().try_for_each(|severity| name(&severity.value))?;
        found.sort();
        found.dedup();
        Ok(found)
    }
}

/// Returns a vector of CVSS as OSV has it: with its version in front but for CVSS 2.
fn vector_of(vector: &str, version: &str) -> Option<SeverityStatement> {
    let bare = vector.split_once('/').filter(|(first, _)| first.starts_with("CVSS:"));
    let (version, metrics) = bare.map_or((version, vector), |(first, rest)| (&first["CVSS:".len()..], rest));
    let (kind, value) = match version {
        "2" | "2.0" => ("CVSS_V2", metrics.to_owned()),
        "3.0" | "3.1" => ("CVSS_V3", format!("CVSS:{version}/{metrics}")),
        "4.0" => ("CVSS_V4", format!("CVSS:{version}/{metrics}")),
        _ => return None,
    };
    (!metrics.is_empty()).then(|| SeverityStatement { kind: kind.to_owned(), value })
}

/// What is affected of a package.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) ranges: Vec<Vec<Event>>,
    pub(super) versions: Vec<String>,
    pub(super) state: Option<VendorState>,
    pub(super) modules: Option<Vec<String>>,
}

impl RawPackage {
    /// Returns the vulnerabilities that an advisory about it repairs.
    pub(super) fn ids(&self) -> Result<&[String], String> {
        checked(&self.cves)
    }

    /// Returns what is affected, or what stands here instead of that.
    pub(super) fn extent(&self, scheme: Scheme) -> Result<Result<Extent, &'static str>, String> {
        let qualifiers = self.qualifiers.as_ref();
        if qualifiers.is_some_and(|qualifiers| !qualifiers.platform_cpes.is_empty()) {
            return Ok(Err("on some platforms"));
        }
        at_most(self.ranges.len(), LIST_MAX, "ranges")?;
        let state = |range: &RawRange| range.fix.as_ref().map(|fix| fix.state.clone()).unwrap_or_default();
        let affected: Vec<&RawRange> =
            self.ranges.iter().filter(|range| state(range) != "not-affected").collect();
        if affected.is_empty() && !self.ranges.is_empty() {
            return Ok(Err("not affected"));
        }
        let texts: Vec<&str> = affected.iter().map(|range| range.version.constraint.as_str()).collect();
        // Without ranges, as with an empty one, every version is affected.
        let stated = constraint::affected(scheme, &texts, &[])?;
        if stated == constraint::Stated::default() {
            return Ok(Err("not affected"));
        }
        let has = |wanted: &str| affected.iter().any(|range| state(range) == wanted);
        let unrepaired = if has("wont-fix") { Some(VendorState::WillNotFix) } else { None };
        let state = unrepaired.or_else(|| has("not-fixed").then_some(VendorState::Affected));
        let modules = self.modules(scheme, &stated.ranges)?;
        Ok(Ok(Extent { ranges: stated.ranges, versions: stated.versions, state, modules }))
    }

    fn modules(&self, scheme: Scheme, ranges: &[Vec<Event>]) -> Result<Option<Vec<String>>, String> {
        let named = self.qualifiers.as_ref().and_then(|qualifiers| qualifiers.rpm_modularity.as_ref());
        match named.filter(|stream| !stream.is_empty()) {
            Some(stream) => name(stream).map(|()| Some(vec![stream.clone()])),
            None if scheme == Scheme::Rpm => {
                Ok(module::streams("", ranges.iter().flatten().map(Event::version)))
            }
            None => Ok(None),
        }
    }
}

fn checked(ids: &[String]) -> Result<&[String], String> {
    at_most(ids.len(), LIST_MAX, "other names")?;
    ids.iter().try_for_each(|id| identifier(id))?;
    Ok(ids)
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
