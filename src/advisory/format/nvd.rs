//! Pages of the CVE API 2.0 and the feeds by year, which have the same form (NIST,
//! https://nvd.nist.gov/developers/vulnerabilities). Only ratings are read, and which numbers were taken back: what
//! NVD says about products is about upstream's versions and not those of packages.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Format, Shape,
    cve::is_cve,
    cvss::statement,
    parts::{List, file, leave_out, note_broken, part},
};
use crate::{
    advisory::{
        bundle::SeverityStatement,
        record::{Content, Note, shown},
    },
    model::Instant,
};

/// Largest file in bytes; a year's feed has some hundred MB, most of it about products.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// Most CVEs; a page has 2,000, a year up to 50,000, and there are 300,000 of all years.
const CVES_MAX: usize = 1_000_000;
/// Most ratings of one CVE in one version of CVSS; each organisation gives one.
const METRICS_MAX: usize = 100;
const FORMAT: &str = "NVD_CVE";

pub(super) struct Nvd;

impl Format for Nvd {
    fn name(&self) -> &'static str {
        "nvd"
    }

    fn bytes_max(&self) -> u64 {
        FILE_BYTES_MAX
    }

    fn claims(&self, shape: &Shape<'_>) -> bool {
        shape.has(&["format", "totalResults", "vulnerabilities"])
    }

    fn read(&self, bytes: &[u8]) -> Result<Content, String> {
        let page: RawPage<'_> = file(bytes)?;
        if page.format != FORMAT {
            return Err(format!("the format `{}` is not `{FORMAT}`", shown(&page.format)));
        }
        let mut content = Content { as_of: page.timestamp.as_deref().and_then(time), ..Content::default() };
        for (index, raw) in page.vulnerabilities.0.into_iter().enumerate() {
            content.read += 1;
            match part(raw).map_err(|reason| (None, reason)).and_then(note) {
                Ok((_, said)) if said == Note::default() => leave_out(&mut content, "CVEs without a rating"),
                Ok((cve, said)) => content.notes.entry(cve).or_default().add(said),
                Err((cve, reason)) => {
                    let name = cve.unwrap_or_else(|| format!("entry {}", index + 1));
                    note_broken(&mut content, &name, reason)?;
                }
            }
        }
        Ok(content)
    }
}

#[derive(Deserialize)]
struct RawPage<'f> {
    format: String,
    #[serde(default)]
    timestamp: Option<String>,
    #[serde(borrow)]
    vulnerabilities: List<&'f RawValue, CVES_MAX>,
}

#[derive(Deserialize)]
struct RawEntry {
    cve: RawCve,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawCve {
    id: String,
    #[serde(default)]
    vuln_status: Option<String>,
    #[serde(default)]
    metrics: Option<RawMetrics>,
}

/// Ratings by the version of CVSS, NVD's own (`Primary`) beside those of others (`Secondary`).
#[derive(Deserialize, Default)]
#[serde(default)]
struct RawMetrics {
    #[serde(rename = "cvssMetricV40")]
    v40: List<RawMetric, METRICS_MAX>,
    #[serde(rename = "cvssMetricV31")]
    v31: List<RawMetric, METRICS_MAX>,
    #[serde(rename = "cvssMetricV30")]
    v30: List<RawMetric, METRICS_MAX>,
    #[serde(rename = "cvssMetricV2")]
    v2: List<RawMetric, METRICS_MAX>,
}

#[derive(Deserialize)]
struct RawMetric {
    #[serde(rename = "cvssData")]
    data: RawVector,
}

#[derive(Deserialize)]
struct RawVector {
    #[serde(rename = "vectorString")]
    vector: String,
}

/// Returns a time of the API: UTC, with and without saying so.
fn time(text: &str) -> Option<Instant> {
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

/// Returns what is said of a CVE, or why nothing, with its number where it has one.
fn note(entry: RawEntry) -> Result<(String, Note), (Option<String>, String)> {
    let RawCve { id, vuln_status, metrics } = entry.cve;
    if !is_cve(&id) {
        return Err((None, format!("`{}` is no CVE", shown(&id))));
    }
    let severities = severities(metrics.unwrap_or_default()).map_err(|reason| (Some(id.clone()), reason))?;
    let rejected = vuln_status.as_deref() == Some("Rejected");
    Ok((id, Note { rejected, severities, ..Note::default() }))
}

/// Returns the ratings as they stand, some twice; [`Note::add`] sorts them.
fn severities(metrics: RawMetrics) -> Result<Vec<SeverityStatement>, String> {
    let all = [metrics.v40, metrics.v31, metrics.v30, metrics.v2];
    let vectors = all.into_iter().flat_map(|list| list.0);
    vectors.map(|metric| statement(&metric.data.vector)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const V31: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    const V30: &str = "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    const V40: &str = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N";
    const V2: &str = "AV:N/AC:L/Au:N/C:P/I:P/A:P";

    fn page(vulnerabilities: &Value) -> Value {
        json!({
            "resultsPerPage": 1, "startIndex": 0, "totalResults": 1, "format": "NVD_CVE", "version": "2.0",
            "timestamp": "2026-11-21T20:00:00.123", "vulnerabilities": vulnerabilities,
        })
    }

    fn metric(kind: &str, vector: &str) -> Value {
        json!({
            "source": "nvd@nist.gov", "type": kind, "exploitabilityScore": 3.9, "impactScore": 5.9,
            "cvssData": {"version": "3.1", "vectorString": vector, "baseScore": 9.8, "baseSeverity": "CRITICAL"},
        })
    }

    fn entry(id: &str, status: &str, metrics: &Value) -> Value {
        json!({"cve": {
            "id": id, "sourceIdentifier": "cve@mitre.org", "published": "2024-01-15T10:00:00.000",
            "vulnStatus": status, "descriptions": [{"lang": "en", "value": "A flaw."}], "metrics": metrics,
            "configurations": [{"nodes": [{"operator": "OR", "negate": false, "cpeMatch": []}]}],
        }})
    }

    fn read(value: &Value) -> Result<Content, String> {
        Nvd.read(value.to_string().as_bytes())
    }

    #[test]
    fn ratings_of_every_version_and_source_are_read_once() {
        let metrics = json!({
            "cvssMetricV2": [metric("Primary", V2)],
            "cvssMetricV30": [metric("Primary", V30)],
            "cvssMetricV31": [metric("Primary", V31), metric("Secondary", V31)],
            "cvssMetricV40": [metric("Secondary", V40)],
            "ssvcV203": [{"source": "x"}],
        });
        let content = read(&page(&json!([entry("CVE-2024-0001", "Analyzed", &metrics)]))).unwrap();
        let note = &content.notes["CVE-2024-0001"];
        let said: Vec<_> = note.severities.iter().map(|s| (s.kind.as_str(), s.value.as_str())).collect();
        assert_eq!(said, [("CVSS_V2", V2), ("CVSS_V3", V30), ("CVSS_V3", V31), ("CVSS_V4", V40)]);
        assert!(!note.rejected && note.exploited.is_empty() && note.ids.is_empty());
        assert_eq!((content.read, content.broken.len(), content.left_out.len()), (1, 0, 0));
        assert_eq!(content.as_of, Some("2026-11-21T20:00:00Z".parse().unwrap()));
    }

    #[test]
    fn numbers_that_were_taken_back_are_marked() {
        for (status, metrics, expected) in [
            ("Rejected", json!({}), Some(true)),
            ("Rejected", json!({"cvssMetricV31": [metric("Primary", V31)]}), Some(true)),
            ("Modified", json!({"cvssMetricV31": [metric("Primary", V31)]}), Some(false)),
            ("Awaiting Analysis", json!({}), None),
            ("Received", Value::Null, None),
            ("Received", json!({"cvssMetricV31": null}), None),
        ] {
            let content = read(&page(&json!([entry("CVE-2024-0001", status, &metrics)]))).unwrap();
            assert_eq!(content.notes.get("CVE-2024-0001").map(|n| n.rejected), expected, "{status}");
            let left_out = content.left_out.get("CVEs without a rating").copied();
            assert_eq!(left_out, expected.is_none().then_some(1), "{status}");
            assert!(content.broken.is_empty(), "{status}");
        }
        let content = read(&page(&json!([{"cve": {"id": "CVE-2024-0001"}}]))).unwrap();
        assert!(content.broken.is_empty(), "neither status nor metrics");
    }

    #[test]
    fn a_broken_cve_leaves_the_others() {
        let rated = |vector: &str| json!({"cvssMetricV31": [metric("Primary", vector)]});
        let good = entry("CVE-2024-0001", "Analyzed", &rated(V31));
        let many = json!({"cvssMetricV31": vec![metric("Primary", V31); METRICS_MAX + 1]});
        for (broken, name) in [
            (entry("CVE-2024-0002", "Analyzed", &rated("9.8")), "CVE-2024-0002"),
            (entry("CVE-2024-0002", "Analyzed", &rated("CVSS:3.1/\u{7}")), "CVE-2024-0002"),
            (entry("CVE-2024-0002", "Analyzed", &many), "entry 1"),
            (entry("GHSA-1", "Analyzed", &rated(V31)), "entry 1"),
            (entry("CVE-2024-0002", "Analyzed", &json!({"cvssMetricV31": [{"cvssData": 7}]})), "entry 1"),
            (json!({"cve": 1}), "entry 1"),
            (json!({}), "entry 1"),
            (json!([]), "entry 1"),
        ] {
            let content = read(&page(&json!([broken, good]))).unwrap();
            assert_eq!(content.broken.iter().map(|(name, _)| name).collect::<Vec<_>>(), [name], "{broken}");
            assert!(content.broken[0].1.len() < 300, "{}", content.broken[0].1);
            assert_eq!(content.notes.into_keys().collect::<Vec<_>>(), ["CVE-2024-0001"]);
        }
    }

    #[test]
    fn a_cve_that_stands_twice_is_one() {
        let one = |vector: &str| {
            entry("CVE-2024-0001", "Analyzed", &json!({"cvssMetricV2": [metric("Primary", vector)]}))
        };
        let content = read(&page(&json!([one(V2), one(V31)]))).unwrap();
        assert_eq!(content.notes["CVE-2024-0001"].severities.len(), 2);
    }

    #[test]
    fn a_file_of_another_form_is_refused() {
        let good = page(&json!([]));
        assert_eq!(read(&good).unwrap().read, 0);
        for (key, value) in [
            ("format", json!("NVD_CVEHistory")),
            ("format", Value::Null),
            ("vulnerabilities", json!({})),
            ("vulnerabilities", json!("x")),
        ] {
            let mut changed = good.clone();
            changed[key] = value;
            assert!(read(&changed).is_err(), "{key}");
        }
        let text = page(&json!([entry("CVE-2024-0001", "Analyzed", &json!({}))])).to_string();
        for cut in 0..text.len() {
            assert!(Nvd.read(&text.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
        let long = format!("{{\"format\":\"NVD_CVE\",\"vulnerabilities\":[{}0]}}", "0,".repeat(CVES_MAX));
        assert!(Nvd.read(long.as_bytes()).is_err());
        let deep = format!("{{\"format\":\"NVD_CVE\",\"vulnerabilities\":{}", "[".repeat(1 << 20));
        assert!(Nvd.read(deep.as_bytes()).is_err());
    }

    #[test]
    fn times_without_a_zone_are_utc() {
        for (text, expected) in [
            ("2026-11-21T20:00:00.123", Some("2026-11-21T20:00:00Z")),
            ("2026-11-21T20:00:00Z", Some("2026-11-21T20:00:00Z")),
            ("2026-11-21T20:00:00+01:00", Some("2026-11-21T19:00:00Z")),
            ("", None),
            ("soon", None),
        ] {
            assert_eq!(time(text), expected.map(|time| time.parse().unwrap()), "{text}");
        }
        let mut undated = page(&json!([]));
        undated["timestamp"] = Value::Null;
        assert_eq!(read(&undated).unwrap().as_of, None);
    }
}
