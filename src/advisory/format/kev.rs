//! The catalogue of Known Exploited Vulnerabilities as JSON (CISA,
//! https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities_schema.json). It says that a CVE is
//! exploited and nothing about packages.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Format, Shape,
    cve::is_cve,
    day::day,
    parts::{List, file, note_broken, part},
};
use crate::{
    advisory::record::{Content, ExploitedStatement, Note, shown},
    model::Instant,
};

/// Largest file in bytes; the one of 2025-08-25 has 1.3 MB, and some 200 entries are added in a year.
const FILE_BYTES_MAX: u64 = 32 << 20;
/// Most entries; there were 1,404 on 2025-08-25.
const ENTRIES_MAX: usize = 100_000;
/// Who states it, in the words of evidence.
const BY: &str = "CISA KEV";

pub(super) struct Kev;

impl Format for Kev {
    fn name(&self) -> &'static str {
        "kev"
    }

    fn bytes_max(&self) -> u64 {
        FILE_BYTES_MAX
    }

    fn claims(&self, shape: &Shape<'_>) -> bool {
        shape.has(&["catalogVersion", "vulnerabilities"])
    }

    fn read(&self, bytes: &[u8]) -> Result<Content, String> {
        let catalogue: RawCatalogue<'_> = file(bytes)?;
        let mut content = Content { as_of: Some(catalogue.released), ..Content::default() };
        for (index, raw) in catalogue.vulnerabilities.0.into_iter().enumerate() {
            content.read += 1;
            match entry(raw) {
                Ok((cve, note)) => content.notes.entry(cve).or_default().add(note),
                Err((name, reason)) => {
                    let name = name.unwrap_or_else(|| format!("entry {}", index + 1));
                    note_broken(&mut content, &name, reason)?;
                }
            }
        }
        Ok(content)
    }
}

#[derive(Deserialize)]
struct RawCatalogue<'f> {
    #[serde(rename = "dateReleased")]
    released: Instant,
    #[serde(borrow)]
    vulnerabilities: List<&'f RawValue, ENTRIES_MAX>,
}

#[derive(Deserialize)]
struct RawEntry {
    #[serde(rename = "cveID")]
    cve: String,
    #[serde(rename = "dateAdded")]
    added: String,
    /// `Known` or `Unknown`; entries of the first years were written without it.
    #[serde(rename = "knownRansomwareCampaignUse", default)]
    ransomware: Option<String>,
}

/// Returns what an entry says of its CVE, or why it says nothing, with its name where it has one.
fn entry(raw: &RawValue) -> Result<(String, Note), (Option<String>, String)> {
    let entry: RawEntry = part(raw).map_err(|reason| (None, reason))?;
    if !is_cve(&entry.cve) {
        let reason = format!("`{}` is no CVE", shown(&entry.cve));
        return Err((None, reason));
    }
    let since = day(&entry.added).map_err(|reason| (Some(entry.cve.clone()), reason))?;
    let ransomware = entry.ransomware.as_deref() == Some("Known");
    let exploited = vec![ExploitedStatement { by: BY.to_owned(), since, ransomware }];
    Ok((entry.cve, Note { exploited, ..Note::default() }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::advisory::fixtures::corpus;

    fn catalogue(entries: &Value) -> Value {
        json!({
            "title": "CISA Catalog of Known Exploited Vulnerabilities",
            "catalogVersion": "2025.08.25",
            "dateReleased": "2025-08-25T17:04:19.9796Z",
            "count": entries.as_array().map_or(0, Vec::len),
            "vulnerabilities": entries,
        })
    }

    fn entry_of(cve: &str, added: &str, ransomware: &str) -> Value {
        json!({
            "cveID": cve, "vendorProject": "Git", "product": "Git", "dateAdded": added, "dueDate": "2025-09-15",
            "knownRansomwareCampaignUse": ransomware, "cwes": ["CWE-59"],
        })
    }

    fn read(value: &Value) -> Result<Content, String> {
        Kev.read(value.to_string().as_bytes())
    }

    #[test]
    fn entries_are_statements_of_exploitation() {
        let mut old = entry_of("CVE-2014-0160", "2022-05-04", "");
        old.as_object_mut().unwrap().remove("knownRansomwareCampaignUse");
        let content = read(&catalogue(&json!([
            entry_of("CVE-2025-48384", "2025-08-25", "Unknown"),
            entry_of("CVE-2021-44228", "2021-12-10", "Known"),
            old,
        ])))
        .unwrap();
        let said: Vec<_> = content
            .notes
            .iter()
            .flat_map(|(cve, note)| note.exploited.iter().map(move |e| (cve.as_str(), e)))
            .map(|(cve, e)| (cve, e.by.as_str(), e.since.as_str(), e.ransomware))
            .collect();
        assert_eq!(
            said,
            [
                ("CVE-2014-0160", "CISA KEV", "2022-05-04", false),
                ("CVE-2021-44228", "CISA KEV", "2021-12-10", true),
                ("CVE-2025-48384", "CISA KEV", "2025-08-25", false),
            ]
        );
        assert_eq!((content.read, content.records.len(), content.broken.len()), (3, 0, 0));
        assert_eq!(content.as_of, Some("2025-08-25T17:04:19Z".parse().unwrap()));
    }

    #[test]
    fn a_broken_entry_leaves_the_others() {
        let good = entry_of("CVE-2021-44228", "2021-12-10", "Known");
        for (broken, name) in [
            (entry_of("CVE-2025-1234", "tomorrow", "Known"), "CVE-2025-1234"),
            (entry_of("CVE-2025-1234](http://x)", "2025-08-25", "Known"), "entry 1"),
            (entry_of(&"C".repeat(1 << 20), "2025-08-25", "Known"), "entry 1"),
            (json!({"cveID": "CVE-2025-1234"}), "entry 1"),
            (json!(7), "entry 1"),
        ] {
            let content = read(&catalogue(&json!([broken, good]))).unwrap();
            assert_eq!(content.broken.len(), 1, "{name}");
            assert_eq!(content.broken[0].0, name);
            assert!(content.broken[0].1.len() < 300, "{}", content.broken[0].1);
            assert_eq!(content.notes.into_keys().collect::<Vec<_>>(), ["CVE-2021-44228"]);
        }
    }

    #[test]
    fn a_file_of_another_form_is_refused() {
        let good = catalogue(&json!([]));
        assert_eq!(read(&good).unwrap().read, 0);
        let text = catalogue(&json!([entry_of("CVE-2021-44228", "2021-12-10", "Known")])).to_string();
        for cut in 0..text.len() {
            assert!(Kev.read(&text.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
        for (key, value) in [
            ("dateReleased", json!("2025.08.25")),
            ("vulnerabilities", json!({})),
            ("vulnerabilities", json!(vec![0; ENTRIES_MAX + 1])),
        ] {
            let mut changed = good.clone();
            changed[key] = value;
            assert!(read(&changed).is_err(), "{key}");
        }
        let deep = format!("{{\"vulnerabilities\":{}", "[".repeat(1 << 20));
        assert!(Kev.read(deep.as_bytes()).is_err());
    }

    #[test]
    fn the_published_catalogue_is_read_whole() {
        let Some(path) = corpus("advisories/kev-2025-08-25.json.zst") else { return };
        let bytes = zstd::decode_all(&*std::fs::read(path).unwrap()).unwrap();
        assert!(Kev.claims(&Shape::of(&bytes)));
        let content = Kev.read(&bytes).unwrap();
        // `count` of the file itself.
        assert_eq!((content.read, content.notes.len(), content.broken.len()), (1404, 1404, 0));
        let ransomware = content.notes.values().filter(|note| note.exploited[0].ransomware).count();
        assert_eq!(ransomware, 293, "as another program counts `Known`");
        assert_eq!(content.notes["CVE-2025-48384"].exploited[0].since, "2025-08-25");
    }
}
