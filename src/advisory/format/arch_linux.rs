//! Vulnerability groups of Arch Linux as one JSON list (Arch Linux Security Tracker,
//! https://security.archlinux.org/all.json; https://wiki.archlinux.org/title/Arch_Security_Team). A group,
//! `AVG-2843`, is what one version of packages of one source has and one later version repairs.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Format, Shape,
    parts::{List, file, leave_out, note_broken, part},
};
use crate::{
    advisory::{
        bundle::SeverityStatement,
        ecosystem, package_name,
        range::Event,
        record::{AFFECTED_MAX, Affected, Content, LIST_MAX, Record, a_version, identifier, name, shown},
    },
    model::VendorState,
};

/// Largest file in bytes; a group has some 300, and there are fewer than 3,000.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Most groups; the last numbers are below 3,000.
const GROUPS_MAX: usize = 100_000;
const FAMILY: &str = "Arch Linux";
const PREFIX: &str = "AVG-";

pub(super) struct ArchLinux;

impl Format for ArchLinux {
    fn name(&self) -> &'static str {
        "arch-linux"
    }

    fn bytes_max(&self) -> u64 {
        FILE_BYTES_MAX
    }

    fn claims(&self, shape: &Shape<'_>) -> bool {
        let Shape::Array { first } = shape else { return false };
        ["name", "packages", "status", "issues"].iter().all(|key| first.iter().any(|found| found == key))
    }

    fn read(&self, bytes: &[u8]) -> Result<Content, String> {
        let groups: List<&RawValue, GROUPS_MAX> = file(bytes)?;
        let mut content = Content::default();
        for (index, raw) in groups.0.into_iter().enumerate() {
            content.read += 1;
            let group = part::<RawGroup>(raw).map_err(|reason| (format!("entry {}", index + 1), reason));
            match group.and_then(|group| record(&group).map_err(|reason| (group.name, reason))) {
                Ok(Standing::Record(record)) => content.records.push(record),
                Ok(Standing::NotAffected) => {}
                Ok(Standing::Unknown) => leave_out(&mut content, "not yet judged by Arch Linux"),
                Err((name, reason)) => note_broken(&mut content, &name, reason)?,
            }
        }
        Ok(content)
    }
}

#[derive(Deserialize)]
struct RawGroup {
    name: String,
    /// As they are installed.
    packages: List<String, AFFECTED_MAX>,
    /// `Unknown`, `Not affected`, `Vulnerable`, `Testing` or `Fixed`.
    status: String,
    /// `Unknown`, `Low`, `Medium`, `High` or `Critical`.
    #[serde(default)]
    severity: Option<String>,
    /// The first version without them; with `Testing` it is not yet in the repositories that are on by default.
    #[serde(default)]
    fixed: Option<String>,
    /// CVEs.
    #[serde(default)]
    issues: List<String, LIST_MAX>,
    /// `ASA-202204-1`, of those that were announced.
    #[serde(default)]
    advisories: List<String, LIST_MAX>,
}

/// How Arch Linux stands to a group.
enum Standing {
    Record(Record),
    NotAffected,
    Unknown,
}

fn record(group: &RawGroup) -> Result<Standing, String> {
    identifier(&group.name)?;
    if !group.name.starts_with(PREFIX) {
        return Err(format!("`{}` does not begin with `{PREFIX}`", shown(&group.name)));
    }
    match group.status.as_str() {
        "Vulnerable" | "Testing" | "Fixed" => {}
        "Not affected" => return Ok(Standing::NotAffected),
        "Unknown" => return Ok(Standing::Unknown),
        other => return Err(format!("the status `{}` is unknown", shown(other))),
    }
    if group.fixed.is_none() && group.status != "Vulnerable" {
        return Err("repaired without a version".to_owned());
    }
    let ids: BTreeSet<&String> = group.issues.0.iter().chain(&group.advisories.0).collect();
    ids.iter().try_for_each(|id| identifier(id))?;
    let packages: BTreeSet<&String> = group.packages.0.iter().collect();
    Ok(Standing::Record(Record {
        id: group.name.clone(),
        ids: ids.into_iter().filter(|id| **id != group.name).cloned().collect(),
        affected: packages.into_iter().map(|package| affected(group, package)).collect::<Result<_, _>>()?,
        ..Record::default()
    }))
}

fn affected(group: &RawGroup, package: &str) -> Result<Affected, String> {
    name(package)?;
    let ecosystem = ecosystem::ecosystem(FAMILY).ok_or_else(|| format!("`{FAMILY}` is not imported"))?;
    if let Some(version) = &group.fixed {
        name(version).and_then(|()| a_version(version))?;
    }
    let fixed = group.fixed.clone().map(Event::Fixed);
    let severity = group.severity.as_deref().filter(|word| *word != "Unknown");
    severity.map_or(Ok(()), name)?;
    Ok(Affected {
        package: package_name(&ecosystem, package),
        ecosystem,
        state: fixed.is_none().then_some(VendorState::Affected),
        ranges: vec![std::iter::once(Event::Introduced("0".to_owned())).chain(fixed).collect()],
        severities: severity.map(SeverityStatement::vendor).into_iter().collect(),
        ..Affected::default()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn group(status: &str, fixed: &Value) -> Value {
        json!({
            "name": "AVG-2843", "packages": ["salt"], "status": status, "severity": "High",
            "type": "multiple issues", "affected": "3004.1-1", "fixed": fixed, "ticket": null,
            "issues": ["CVE-2022-22967"], "advisories": [],
        })
    }

    fn with(key: &str, value: Value) -> Value {
        let mut changed = group("Fixed", &json!("3004.2-1"));
        changed[key] = value;
        changed
    }

    fn read(groups: &Value) -> Result<Content, String> {
        ArchLinux.read(groups.to_string().as_bytes())
    }

    #[test]
    fn a_group_is_one_record_of_its_packages() {
        let mut two = with("packages", json!(["lib32-openssl", "openssl", "openssl"]));
        two["issues"] = json!(["CVE-2022-2", "CVE-2022-1"]);
        two["advisories"] = json!(["ASA-202204-1"]);
        assert!(ArchLinux.claims(&Shape::of(json!([two]).to_string().as_bytes())));
        let content = read(&json!([two])).unwrap();
        let record = &content.records[0];
        assert_eq!(record.id, "AVG-2843");
        assert_eq!(record.ids, ["ASA-202204-1", "CVE-2022-1", "CVE-2022-2"]);
        let entry = |package: &str| Affected {
            ecosystem: "Arch Linux".into(),
            package: package.into(),
            ranges: vec![vec![Event::Introduced("0".into()), Event::Fixed("3004.2-1".into())]],
            severities: vec![SeverityStatement::vendor("High")],
            ..Affected::default()
        };
        assert_eq!(record.affected, [entry("lib32-openssl"), entry("openssl")]);
        assert_eq!((content.read, content.records.len(), content.broken.len()), (1, 1, 0));
    }

    #[test]
    fn the_status_says_who_is_affected() {
        let some = json!("3004.2-1");
        for (status, fixed, expected) in [
            ("Fixed", &some, Some((2, None))),
            ("Testing", &some, Some((2, None))),
            ("Vulnerable", &some, Some((2, None))),
            ("Vulnerable", &Value::Null, Some((1, Some(VendorState::Affected)))),
            ("Not affected", &some, None),
            ("Unknown", &Value::Null, None),
        ] {
            let content = read(&json!([group(status, fixed)])).unwrap();
            assert!(content.broken.is_empty(), "{status}");
            let found = content.records.first().map(|r| (r.affected[0].ranges[0].len(), r.affected[0].state));
            assert_eq!(found, expected, "{status}");
            let left_out = content.left_out.get("not yet judged by Arch Linux").copied();
            assert_eq!(left_out, (status == "Unknown").then_some(1));
        }
        for severity in [json!("Unknown"), Value::Null] {
            let content = read(&json!([with("severity", severity)])).unwrap();
            assert!(content.records[0].affected[0].severities.is_empty());
        }
    }

    #[test]
    fn a_broken_group_leaves_the_others() {
        for (broken, name) in [
            (with("name", json!("ASA-1")), "ASA-1"),
            (with("name", json!("AVG-1](x)")), "AVG-1](x)"),
            (with("status", json!("Repaired")), "AVG-2843"),
            (with("fixed", Value::Null), "AVG-2843"),
            (with("fixed", json!("")), "AVG-2843"),
            (with("fixed", json!("1\n2")), "AVG-2843"),
            (with("fixed", json!("1".repeat(600))), "AVG-2843"),
            (with("packages", json!(["a\nb"])), "AVG-2843"),
            (with("severity", json!("\u{7}")), "AVG-2843"),
            (with("issues", json!(["<b>"])), "AVG-2843"),
            (with("issues", json!(vec!["CVE-2022-1"; LIST_MAX + 1])), "entry 1"),
            (with("packages", json!("salt")), "entry 1"),
            (json!(7), "entry 1"),
        ] {
            let good = with("name", json!("AVG-1"));
            let content = read(&json!([broken, good])).unwrap();
            assert_eq!(content.broken.iter().map(|(name, _)| name).collect::<Vec<_>>(), [name], "{broken}");
            assert!(content.broken[0].1.len() < 300, "{}", content.broken[0].1);
            assert_eq!(content.records.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["AVG-1"]);
        }
    }

    #[test]
    fn a_file_of_another_form_is_refused() {
        let text = json!([group("Fixed", &json!("3004.2-1"))]).to_string();
        for cut in 0..text.len() {
            assert!(ArchLinux.read(&text.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
        assert!(ArchLinux.read(b"{}").is_err());
        assert!(ArchLinux.read("[".repeat(1 << 20).as_bytes()).is_err());
        assert!(ArchLinux.read(format!("[{}0]", "0,".repeat(GROUPS_MAX)).as_bytes()).is_err());
        for other in [json!([]), json!([{"name": "x", "packages": []}]), json!({"name": "AVG-1"})] {
            assert!(!ArchLinux.claims(&Shape::of(other.to_string().as_bytes())), "{other}");
        }
    }
}
