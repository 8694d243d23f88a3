//! What Trivy's database knows of one vulnerability whatever package has it (trivy-db, `pkg/types`, `Vulnerability`), as
//! JSON in the bucket `vulnerability`. Of its sources NVD and GitHub rate the vulnerability itself; the others are
//! distributions, which rate their own packages.

use serde::Deserialize;

use super::{entry::word, object};
use crate::advisory::{
    bundle::SeverityStatement,
    record::{Note, name},
};

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawDetail {
    #[serde(rename = "CVSS")]
    cvss: RawSources<RawVectors>,
    #[serde(rename = "VendorSeverity")]
    severity: RawSources<i64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawSources<T> {
    nvd: Option<T>,
    ghsa: Option<T>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawVectors {
    #[serde(rename = "V2Vector")]
    v2: String,
    #[serde(rename = "V3Vector")]
    v3: String,
    #[serde(rename = "V40Vector")]
    v4: String,
}

/// Reads what is known of a vulnerability; `None` where that is nothing we keep.
pub(super) fn read(json: &[u8]) -> Result<Option<Note>, String> {
    let raw: RawDetail = object(json, "detail")?;
    let vectors = |source: &Option<RawVectors>| source.as_ref().map(vectors).unwrap_or_default();
    let (mut severities, ghsa) = (vectors(&raw.cvss.nvd), vectors(&raw.cvss.ghsa));
    let said = raw.severity.ghsa.filter(|_| ghsa.is_empty()).and_then(word);
    severities.extend(said.map(|word| statement("database", word)));
    severities.extend(ghsa);
    severities.iter().try_for_each(|severity| name(&severity.value))?;
    severities.sort();
    severities.dedup();
    Ok((!severities.is_empty()).then(|| Note { severities, ..Note::default() }))
}

fn vectors(raw: &RawVectors) -> Vec<SeverityStatement> {
    let kinds = [("CVSS_V2", &raw.v2), ("CVSS_V3", &raw.v3), ("CVSS_V4", &raw.v4)];
    let given = kinds.into_iter().filter(|(_, vector)| !vector.is_empty());
    given.map(|(kind, vector)| statement(kind, vector.trim_end_matches('/'))).collect()
}

fn statement(kind: &str, value: &str) -> SeverityStatement {
    SeverityStatement { kind: kind.to_owned(), value: value.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V2: &str = "AV:N/AC:M/Au:N/C:C/I:C/A:C";
    const V3: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H";
    const V30: &str = "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    const V4: &str = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H";

    #[test]
    fn vectors_of_those_who_rate_vulnerabilities_are_kept() {
        let nvd = format!(r#"{{"V2Vector":"{V2}","V3Vector":"{V3}","V2Score":9.3,"V3Score":10}}"#);
        let ghsa = format!(r#"{{"V3Vector":"{V30}/","V40Vector":"{V4}","V40Score":10}}"#);
        for (json, expected) in [
            ("{}".to_owned(), vec![]),
            (r#"{"Title":"t","Severity":"HIGH","VendorSeverity":{"nvd":3,"alma":3}}"#.to_owned(), vec![]),
            (
                format!(r#"{{"CVSS":{{"nvd":{nvd},"redhat":{ghsa}}}}}"#),
                vec![("CVSS_V2", V2), ("CVSS_V3", V3)],
            ),
            (
                format!(r#"{{"CVSS":{{"nvd":{nvd},"ghsa":{ghsa}}},"VendorSeverity":{{"ghsa":4}}}}"#),
                vec![("CVSS_V2", V2), ("CVSS_V3", V30), ("CVSS_V3", V3), ("CVSS_V4", V4)],
            ),
            (r#"{"VendorSeverity":{"ghsa":4}}"#.to_owned(), vec![("database", "CRITICAL")]),
            (r#"{"VendorSeverity":{"ghsa":2},"CVSS":{"ghsa":{}}}"#.to_owned(), vec![("database", "MEDIUM")]),
            (r#"{"VendorSeverity":{"ghsa":0}}"#.to_owned(), vec![]),
            (r#"{"VendorSeverity":{"ghsa":5}}"#.to_owned(), vec![]),
            (r#"{"VendorSeverity":{"ghsa":-9223372036854775808}}"#.to_owned(), vec![]),
        ] {
            let found = read(json.as_bytes()).unwrap().map(|note| note.severities).unwrap_or_default();
            let found: Vec<_> = found.iter().map(|s| (s.kind.as_str(), s.value.as_str())).collect();
            assert_eq!(found, expected, "{json}");
        }
    }

    #[test]
    fn hostile_details_are_refused() {
        for json in [
            String::new(),
            "[]".into(),
            r#"{"CVSS":7}"#.into(),
            r#"{"CVSS":{"nvd":{"V3Vector":7}}}"#.into(),
            format!(r#"{{"CVSS":{{"nvd":{{"V3Vector":"{}"}}}}}}"#, "A".repeat(300)),
            r#"{"CVSS":{"nvd":{"V3Vector":"a\nb"}}}"#.into(),
            "{\"CVSS\":".repeat(100_000),
        ] {
            assert!(read(json.as_bytes()).is_err(), "{}", &json[..json.len().min(60)]);
        }
    }
}
