//! OSV records (OSV schema 1.7), one a file, as JSON or YAML. Fields that matching does not need are skipped, whatever
//! they hold.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Format, Shape};
use crate::{
    advisory::{
        bundle::SeverityStatement,
        ecosystem, module, package_name,
        range::{Event, Match, evaluate},
        record::{AFFECTED_MAX, Affected, Content, LIST_MAX, Record, a_version, at_most, identifier, name},
        versions::Scheme,
    },
    model::Instant,
};

/// Largest record in bytes, as OCI advises for manifests; the largest of 5,680 AlmaLinux records has 196 kB.
const RECORD_BYTES_MAX: u64 = 4 << 20;
/// Most versions listed for one affected package.
const VERSIONS_MAX: usize = 50_000;
/// Most comparisons spent on leaving out listed versions of one package; a kernel with 1,000 versions and
/// a dozen boundaries needs fewer.
const PRUNING_MAX: usize = 20_000;

pub(super) struct Osv;

impl Format for Osv {
    fn name(&self) -> &'static str {
        "osv"
    }

    fn bytes_max(&self) -> u64 {
        RECORD_BYTES_MAX
    }

    fn claims(&self, shape: &Shape<'_>) -> bool {
        shape.has(&["id", "modified"]) || shape.has(&["id", "affected"])
    }

    fn shares_identifiers(&self) -> bool {
        true
    }

    fn read(&self, bytes: &[u8]) -> Result<Content, String> {
        if !bytes.trim_ascii_start().starts_with(b"{") {
            return record(yaml(bytes)?).map(Content::of);
        }
        let raw = serde_json::from_slice(bytes).map_err(|e| said(&e))?;
        record(raw).map(Content::of)
    }
}

/// PyPA and others keep OSV records as YAML.
fn yaml(bytes: &[u8]) -> Result<RawRecord, String> {
    let text = std::str::from_utf8(bytes).map_err(|e| said(&e))?;
    serde_yaml::from_str(text).map_err(|e| said(&e))
}

fn said(error: &dyn std::fmt::Display) -> String {
    error.to_string().chars().take(200).collect()
}

#[derive(Deserialize)]
struct RawRecord {
    id: String,
    modified: Instant,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    withdrawn: Option<Value>,
    #[serde(default, deserialize_with = "null_as_empty")]
    aliases: Vec<String>,
    #[serde(default, deserialize_with = "null_as_empty")]
    upstream: Vec<String>,
    #[serde(default, deserialize_with = "null_as_empty")]
    related: Vec<String>,
    #[serde(default, deserialize_with = "null_as_empty")]
    severity: Vec<RawSeverity>,
    #[serde(default, deserialize_with = "null_as_empty")]
    affected: Vec<RawAffected>,
    #[serde(default)]
    database_specific: Option<Value>,
}

#[derive(Deserialize)]
struct RawSeverity {
    #[serde(rename = "type")]
    kind: String,
    score: String,
}

#[derive(Deserialize)]
struct RawAffected {
    #[serde(default)]
    package: Option<RawPackage>,
    #[serde(default, deserialize_with = "null_as_empty")]
    ranges: Vec<RawRange>,
    #[serde(default, deserialize_with = "null_as_empty")]
    versions: Vec<String>,
    #[serde(default, deserialize_with = "null_as_empty")]
    severity: Vec<RawSeverity>,
    #[serde(default)]
    ecosystem_specific: Option<Value>,
    #[serde(default)]
    database_specific: Option<Value>,
}

#[derive(Deserialize)]
struct RawPackage {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct RawRange {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, deserialize_with = "null_as_empty")]
    events: Vec<RawEvent>,
}

#[derive(Deserialize)]
struct RawEvent {
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
}

/// Some sources write `null` where the schema wants an empty list.
fn null_as_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(input)?.unwrap_or_default())
}

/// Returns a record; the error says in a few words what is wrong with it.
fn record(raw: RawRecord) -> Result<Record, String> {
    identifier(&raw.id)?;
    at_most(raw.affected.len(), AFFECTED_MAX, "affected entries")?;
    let shared = severities(&raw.severity, None, raw.database_specific.as_ref())?;
    let (mut affected, mut left_out) = (vec![], BTreeSet::new());
    for entry in &raw.affected {
        let Some(package) = &entry.package else { continue };
        name(&package.ecosystem)?;
        match ecosystem::ecosystem(&package.ecosystem) {
            Some(ecosystem) => affected.push(read_affected(ecosystem, entry, &package.name, &raw, &shared)?),
            None => drop(left_out.insert(package.ecosystem.clone())),
        }
    }
    affected.sort();
    affected.dedup();
    let (withdrawn, ids) = (raw.withdrawn.is_some(), names(&raw)?);
    let is_no_vulnerability = is_mere_erratum(&raw.id) && !ids.iter().any(|id| id.starts_with("CVE-"));
    let RawRecord { id, modified, .. } = raw;
    Ok(Record { id, modified, withdrawn, is_no_vulnerability, ids, affected, left_out })
}

/// Returns whether an identifier is that of an erratum that repairs mistakes or adds something, as distributions that
/// follow Red Hat name them: `ALBA-2024:1234` and `RHEA-2024:1234`, where `ALSA` and `RHSA` are about security.
fn is_mere_erratum(id: &str) -> bool {
    let kind = id.split_once('-').map_or("", |(kind, _)| kind);
    matches!(kind.as_bytes(), [_, _, b'B' | b'E', b'A'])
}

/// Returns the other names of a record. What is `related` counts only where nothing closer names a CVE: older
/// distribution advisories list there what they fix, others list what merely resembles.
fn names(raw: &RawRecord) -> Result<Vec<String>, String> {
    at_most(raw.aliases.len() + raw.upstream.len() + raw.related.len(), LIST_MAX, "aliases")?;
    let mut names: BTreeSet<&String> = raw.aliases.iter().chain(&raw.upstream).collect();
    let is_cve = |name: &&String| name.starts_with("CVE-");
    if !raw.id.contains("CVE-") && !names.iter().any(is_cve) {
        names.extend(raw.related.iter().filter(is_cve));
    }
    names.remove(&raw.id);
    names.iter().try_for_each(|name| identifier(name))?;
    Ok(names.into_iter().cloned().collect())
}

fn read_affected(
    ecosystem: String,
    entry: &RawAffected,
    package: &str,
    record: &RawRecord,
    shared: &[SeverityStatement],
) -> Result<Affected, String> {
    name(package)?;
    let scheme = ecosystem::scheme_of(&ecosystem).ok_or_else(|| format!("`{ecosystem}` has no versions"))?;
    at_most(entry.ranges.len(), LIST_MAX, "ranges")?;
    at_most(entry.versions.len(), VERSIONS_MAX, "versions")?;
    // Ranges of type GIT speak of upstream commits and say nothing about a package.
    let ecosystem_ranges =
        entry.ranges.iter().filter(|range| ["ECOSYSTEM", "SEMVER"].contains(&range.kind.as_str()));
    let ranges = ecosystem_ranges.map(|range| read_events(&range.events)).collect::<Result<Vec<_>, _>>()?;
    if ranges.is_empty() && entry.versions.is_empty() {
        return Err(format!("`{package}` of `{ecosystem}` has neither a range nor versions"));
    }
    for version in &entry.versions {
        a_version(version)?;
    }
    let versions = ranges.iter().flatten().map(Event::version);
    let summary = record.summary.as_deref().unwrap_or_default();
    let modules = (scheme == Scheme::Rpm).then(|| module::streams(summary, versions)).flatten();
    let mut own =
        severities(&entry.severity, entry.ecosystem_specific.as_ref(), entry.database_specific.as_ref())?;
    own.extend((scheme == Scheme::Rpm).then(|| word_before(summary)).flatten());
    // OSV: a severity of the affected package takes the place of the record's.
    let has_own_score = own.iter().any(|statement| statement.kind.starts_with("CVSS"));
    let inherited = shared.iter().filter(|s| !(has_own_score && s.kind.starts_with("CVSS"))).cloned();
    Ok(Affected {
        package: package_name(&ecosystem, package),
        ecosystem,
        modules,
        versions: outside(scheme, &ranges, &entry.versions),
        ranges,
        severities: own.iter().cloned().chain(inherited).collect::<BTreeSet<_>>().into_iter().collect(),
        state: None,
    })
}

/// Distributions that follow Red Hat rate an advisory in the first word of its summary: `Important: curl security update`.
fn word_before(summary: &str) -> Option<SeverityStatement> {
    let (word, _) = summary.split_once(": ")?;
    let is_rating = ["Critical", "Important", "Moderate", "Low"].contains(&word);
    is_rating.then(|| SeverityStatement::vendor(word))
}

fn read_events(events: &[RawEvent]) -> Result<Vec<Event>, String> {
    at_most(events.len(), LIST_MAX, "events")?;
    let mut read = vec![];
    for event in events {
        let found = [
            event.introduced.clone().map(Event::Introduced),
            event.fixed.clone().map(Event::Fixed),
            event.last_affected.clone().map(Event::LastAffected),
        ];
        // `limit` bounds what is examined in a repository; here a range without it only reports more.
        read.extend(found.into_iter().flatten());
    }
    read.iter().try_for_each(|event| a_version(event.version()))?;
    if !read.iter().any(|event| matches!(event, Event::Introduced(_))) {
        return Err("a range without an `introduced` event".to_owned());
    }
    Ok(read)
}

/// Returns the listed versions that no range covers. Sources list every version of a range once more, which makes
/// most of their size and says nothing new.
fn outside(scheme: Scheme, ranges: &[Vec<Event>], versions: &[String]) -> Vec<String> {
    let comparisons = versions.len().saturating_mul(ranges.iter().map(Vec::len).sum());
    if comparisons > PRUNING_MAX {
        return versions.to_vec();
    }
    let uncovered =
        |version: &&String| !matches!(evaluate(scheme, version, ranges, &[]), Match::Affected { .. });
    versions.iter().filter(uncovered).cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

fn severities(
    scores: &[RawSeverity],
    ecosystem: Option<&Value>,
    database: Option<&Value>,
) -> Result<Vec<SeverityStatement>, String> {
    at_most(scores.len(), LIST_MAX, "severities")?;
    let word = |from: Option<&Value>, key: &str| from?.get(key)?.as_str().map(str::to_owned);
    // Ubuntu gives its own priority, with its name as the type.
    let kind =
        |score: &RawSeverity| if score.kind == "Ubuntu" { "vendor".into() } else { score.kind.clone() };
    let rated = scores.iter().map(|s| SeverityStatement { kind: kind(s), value: s.score.clone() });
    let urgency = word(ecosystem, "urgency").map(|value| SeverityStatement { kind: "urgency".into(), value });
    let said = word(database, "severity").map(|value| SeverityStatement { kind: "database".into(), value });
    let statements: Vec<_> = rated.chain(urgency).chain(said).collect();
    for statement in &statements {
        name(&statement.kind)?;
        name(&statement.value)?;
    }
    Ok(statements)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::fixtures::record;
    use serde_json::json;

    fn parse(bytes: &[u8]) -> Result<Record, String> {
        Osv.read(bytes).map(|mut content| content.records.remove(0))
    }

    fn read(value: &Value) -> Result<Record, String> {
        parse(value.to_string().as_bytes())
    }

    #[test]
    fn a_debian_record_is_read() {
        // The shape of the real records: OSV schema, "Debian", and osv.dev's converter.
        let mut value = record("DEBIAN-CVE-2024-0727", "Debian:12", "openssl", Some("3.0.13-1~deb12u1"));
        value["upstream"] = json!(["CVE-2024-0727"]);
        value["aliases"] = Value::Null;
        value["severity"] =
            json!([{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:N/I:N/A:H"}]);
        value["affected"][0]["ecosystem_specific"] = json!({"urgency": "low"});
        value["affected"][0]["versions"] = json!(["3.0.11-1~deb12u2", "3.0.9-1", "9.9-1"]);
        value["details"] = json!("never read");
        let read = read(&value).unwrap();
        assert_eq!(read.ids, ["CVE-2024-0727"]);
        let affected = &read.affected[0];
        assert_eq!(affected.ranges[0][1], Event::Fixed("3.0.13-1~deb12u1".into()));
        assert_eq!(affected.versions, ["9.9-1"], "the others lie in the range");
        let kinds: Vec<_> = affected.severities.iter().map(|s| s.kind.as_str()).collect();
        assert_eq!(kinds, ["CVSS_V3", "urgency"]);
    }

    #[test]
    fn related_names_count_only_where_nothing_closer_names_a_cve() {
        let mut value = record("DSA-1-1", "Debian:12", "a", None);
        value["related"] = json!(["CVE-2024-1", "GHSA-x"]);
        assert_eq!(read(&value).unwrap().ids, ["CVE-2024-1"]);
        value["upstream"] = json!(["CVE-2024-2"]);
        assert_eq!(read(&value).unwrap().ids, ["CVE-2024-2"]);
        value["id"] = json!("DEBIAN-CVE-2024-3");
        value["upstream"] = json!([]);
        assert!(read(&value).unwrap().ids.is_empty());
    }

    #[test]
    fn a_score_of_the_package_takes_the_place_of_the_records() {
        let mut value = record("X-1", "Debian:12", "a", None);
        value["severity"] = json!([{"type": "CVSS_V3", "score": "A"}, {"type": "CVSS_V4", "score": "B"}]);
        value["affected"][0]["severity"] = json!([{"type": "CVSS_V3", "score": "C"}]);
        value["database_specific"] = json!({"severity": "HIGH"});
        let said: Vec<_> =
            read(&value).unwrap().affected.remove(0).severities.into_iter().map(|s| s.value).collect();
        assert_eq!(said, ["C", "HIGH"]);
    }

    #[test]
    fn other_ecosystems_are_named_and_not_read() {
        let mut value = record("X-1", "Mageia:9", "a", None);
        value["affected"][0]["ranges"] = json!([{"type": "ECOSYSTEM", "events": []}]);
        let record = read(&value).unwrap();
        assert!(record.affected.is_empty());
        assert_eq!(record.left_out.into_iter().collect::<Vec<_>>(), ["Mageia:9"]);
    }

    #[test]
    fn yaml_that_grows_by_its_references_is_refused_where_it_is_read() {
        let mut text = "id: X-1\nmodified: 2024-01-01T00:00:00Z\naffected: []\n".to_owned();
        assert!(parse(text.as_bytes()).is_ok());
        text.push_str("a: &a [x, x, x, x, x, x, x, x, x]\n");
        let levels = ["ab", "bc", "cd", "de", "ef", "fg", "gh"];
        let level = |pair: &str| {
            let (with, of) = pair.split_at(1);
            format!("{of}: &{of} [{}]\n", vec![format!("*{with}"); 9].join(", "))
        };
        text.extend(levels.map(level));
        assert!(parse(text.as_bytes()).is_ok(), "what is passed over does not grow");
        text.push_str("database_specific: *h\n");
        assert!(parse(text.as_bytes()).unwrap_err().contains("repetition"), "fifty million words");
    }

    #[test]
    fn errata_that_are_no_advisories_are_marked() {
        for (id, related, expected) in [
            ("ALBA-2019:3474", &[][..], true),
            ("ALEA-2022:1884", &[], true),
            ("ALBA-2019:3474", &["CVE-2019-1234"], false),
            ("ALSA-2022:4796", &[], false),
            ("GHSA-jfh8-c2jp-5v3q", &[], false),
            ("DSA-1-1", &[], false),
        ] {
            let mut value = record(id, "AlmaLinux:8", "a", None);
            value["related"] = json!(related);
            assert_eq!(read(&value).unwrap().is_no_vulnerability, expected, "{id}");
        }
    }

    #[test]
    fn modules_are_read_from_summary_and_release() {
        let mut value = record(
            "ALSA-2022:4796",
            "AlmaLinux:8",
            "nodejs",
            Some("1:16.14.0-4.module_el8.6.0+2904+f21ad6f4"),
        );
        value["summary"] = json!("Important: nodejs:16 security update");
        assert_eq!(read(&value).unwrap().affected[0].modules, Some(vec!["nodejs:16".to_owned()]));
        let value = record("ALSA-2022:4796", "AlmaLinux:8", "nodejs", Some("1:16.14.0-4.el8"));
        assert_eq!(read(&value).unwrap().affected[0].modules, None);
    }

    #[test]
    fn a_withdrawn_record_is_marked() {
        let mut value = record("X-1", "Debian:12", "a", None);
        value["withdrawn"] = Value::Null;
        assert!(!read(&value).unwrap().withdrawn);
        value["withdrawn"] = json!("2024-01-01T00:00:00Z");
        assert!(read(&value).unwrap().withdrawn);
    }

    #[test]
    fn a_record_made_to_cost_time_keeps_its_versions() {
        let mut value = record("X-1", "Debian:12", "a", Some("9"));
        let versions: Vec<_> = (0..PRUNING_MAX).map(|n| format!("1.{n}")).collect();
        value["affected"][0]["versions"] = json!(versions);
        assert_eq!(read(&value).unwrap().affected[0].versions, versions);
    }

    #[test]
    fn hostile_records_are_refused_as_a_whole() {
        let good = record("X-1", "Debian:12", "a", Some("1"));
        assert!(read(&good).is_ok());
        let with = |pointer: &str, value: Value| {
            let mut changed = good.clone();
            *changed.pointer_mut(pointer).unwrap() = value;
            read(&changed).unwrap_err()
        };
        let entry = good["affected"][0].clone();
        for (attack, found) in [
            ("no identifier", with("/id", json!(7))),
            ("markup in the identifier", with("/id", json!("X-1](http://x)"))),
            ("bidirectional override in the identifier", with("/id", json!("X\u{202e}1"))),
            ("a novel as identifier", with("/id", json!("x".repeat(300)))),
            ("no time", with("/modified", json!("yesterday"))),
            ("line break in the package", with("/affected/0/package/name", json!("a\nb"))),
            ("endless version", with("/affected/0/ranges/0/events/1/fixed", json!("1".repeat(600)))),
            ("nothing is introduced", with("/affected/0/ranges/0/events/0", json!({"fixed": "2"}))),
            ("only commits", with("/affected/0/ranges/0/type", json!("GIT"))),
            ("too many packages", with("/affected", vec![entry; AFFECTED_MAX + 1].into())),
        ] {
            assert!(!found.is_empty(), "{attack}");
        }
        assert!(parse(b"").is_err());
        assert!(parse(b"\xff{}").is_err());
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
        assert!(
            parse(br#"{"id":"A","id":"B","modified":"2024-01-01T00:00:00Z"}"#).is_err(),
            "two identifiers"
        );
    }
}
