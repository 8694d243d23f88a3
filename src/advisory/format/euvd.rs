//! Answers of the European Vulnerability Database: a list of vulnerabilities, or one inside
//! `{"items": […], "total": …}` (ENISA, https://euvd.enisa.europa.eu/apidoc). It is read for what it says of a CVE; its
//! products are names without package or comparable versions, and its EPSS is of no stated day.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Format, Shape,
    cve::is_cve,
    cvss::statement,
    day::day,
    parts::{List, file, leave_out, note_broken, part, without_mark},
};
use crate::advisory::record::{Content, ExploitedStatement, LIST_MAX, Note, at_most, identifier, shown};

/// Largest file in bytes; answers hold up to 100 vulnerabilities of some kB each, and may be joined to one list.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// Most vulnerabilities; there are as many as CVEs, 300,000.
const ITEMS_MAX: usize = 1_000_000;
/// Who states that something is exploited, in the words of evidence.
const BY: &str = "EUVD";
/// How identifiers begin.
const PREFIX: &str = "EUVD-";
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

pub(super) struct Euvd;

impl Format for Euvd {
    fn name(&self) -> &'static str {
        "euvd"
    }

    fn bytes_max(&self) -> u64 {
        FILE_BYTES_MAX
    }

    fn claims(&self, shape: &Shape<'_>) -> bool {
        match shape {
            Shape::Array { first } => is_item(first),
            Shape::Object { keys, .. } => keys.len() == 2 && shape.has(&["items", "total"]),
            _ => false,
        }
    }

    fn read(&self, bytes: &[u8]) -> Result<Content, String> {
        let items = if without_mark(bytes).trim_ascii_start().starts_with(b"[") {
            file::<Items<'_>>(bytes)?
        } else {
            file::<RawAnswer<'_>>(bytes)?.items
        };
        let mut content = Content::default();
        for (index, raw) in items.0.into_iter().enumerate() {
            content.read += 1;
            let item = part::<RawItem>(raw).map_err(|reason| (format!("entry {}", index + 1), reason));
            match item.and_then(|item| notes(&item).map_err(|reason| (item.id, reason))) {
                Ok(notes) if notes.is_empty() => leave_out(&mut content, "vulnerabilities without a CVE"),
                Ok(notes) => {
                    for (cve, note) in notes {
                        content.notes.entry(cve).or_default().add(note);
                    }
                }
                Err((name, reason)) => note_broken(&mut content, &name, reason)?,
            }
        }
        // `items` and `total` are the names of other lists, too.
        let is_other = !content.broken.is_empty() && content.broken.len() as u64 == content.read;
        if is_other { Err(format!("{} entries and none of EUVD", content.read)) } else { Ok(content) }
    }
}

/// Returns whether the first member of a list is a vulnerability of this database, by its keys.
fn is_item(keys: &[String]) -> bool {
    let has = |wanted: &str| keys.iter().any(|key| key == wanted);
    has("id") && has("aliases") && (has("enisaIdProduct") || has("enisaIdVendor") || has("baseScoreVersion"))
}

type Items<'f> = List<&'f RawValue, ITEMS_MAX>;

#[derive(Deserialize)]
struct RawAnswer<'f> {
    #[serde(borrow)]
    items: Items<'f>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawItem {
    id: String,
    /// One a line.
    #[serde(default)]
    aliases: Option<String>,
    /// Empty where there is no rating.
    #[serde(default)]
    base_score_vector: Option<String>,
    #[serde(default)]
    exploited_since: Option<String>,
}

/// Returns what is said of each CVE that a vulnerability is.
fn notes(item: &RawItem) -> Result<Vec<(String, Note)>, String> {
    identifier(&item.id)?;
    if !item.id.starts_with(PREFIX) {
        return Err(format!("`{}` does not begin with `{PREFIX}`", shown(&item.id)));
    }
    let mut aliases: Vec<&str> = item.aliases.as_deref().unwrap_or_default().split_whitespace().collect();
    at_most(aliases.len(), LIST_MAX, "aliases")?;
    aliases.sort_unstable();
    aliases.dedup();
    let (cves, others): (Vec<&str>, Vec<&str>) = aliases.into_iter().partition(|alias| is_cve(alias));
    others.iter().try_for_each(|alias| identifier(alias))?;
    let note = Note {
        ids: ids(&item.id, if cves.len() == 1 { &others } else { &[] }),
        exploited: exploited(item.exploited_since.as_deref().unwrap_or_default())?,
        severities: match item.base_score_vector.as_deref().unwrap_or_default() {
            "" => vec![],
            vector => vec![statement(vector)?],
        },
        ..Note::default()
    };
    Ok(cves.into_iter().map(|cve| (cve.to_owned(), note.clone())).collect())
}

/// Returns the other names of a CVE. Those of a vulnerability that is several CVEs do not say which of them they mean,
/// so that `others` is then empty.
fn ids(id: &str, others: &[&str]) -> Vec<String> {
    let mut ids: Vec<String> = others.iter().chain(&[id]).map(|&id| id.to_owned()).collect();
    ids.sort();
    ids.dedup();
    ids
}

fn exploited(since: &str) -> Result<Vec<ExploitedStatement>, String> {
    if since.is_empty() {
        return Ok(vec![]);
    }
    let since = written_day(since).ok_or_else(|| format!("`{}` is no day", shown(since)))?;
    Ok(vec![ExploitedStatement { by: BY.to_owned(), since, ransomware: false }])
}

/// Returns the day of `Jan 17, 2024, 12:00:00 AM`, or of `2024-01-17` with or without a time.
fn written_day(text: &str) -> Option<String> {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return day(text.split(['T', ' ']).next()?).ok();
    }
    let mut words = text.split_whitespace().map(|word| word.trim_end_matches(','));
    let (month, number, year) = (words.next()?, words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    day(&format!("{year}-{month:02}-{number:0>2}")).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const V31: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";

    fn item() -> Value {
        json!({
            "id": "EUVD-2024-1234", "enisaUuid": "5f34a747", "description": "A flaw.",
            "datePublished": "Jan 15, 2024, 10:30:00 AM", "dateUpdated": "Jan 16, 2024, 2:15:00 PM",
            "baseScore": 9.8, "baseScoreVersion": "3.1", "baseScoreVector": V31,
            "references": "https://example.com/a\nhttps://example.com/b\n",
            "aliases": "CVE-2024-21887\nGHSA-r94m-59fw-hm34\n", "assigner": "hackerone", "epss": 94.41,
            "exploitedSince": "Jan 10, 2024, 12:00:00 AM",
            "enisaIdProduct": [{"id": "x", "product": {"name": "ICS"}, "product_version": "9.1R18"}],
            "enisaIdVendor": [{"id": "y", "vendor": {"name": "Ivanti"}}],
        })
    }

    fn with(key: &str, value: Value) -> Value {
        let mut changed = item();
        changed[key] = value;
        changed
    }

    fn read(value: &Value) -> Result<Content, String> {
        Euvd.read(value.to_string().as_bytes())
    }

    #[test]
    fn a_vulnerability_is_read_in_either_answer() {
        for answer in [json!([item()]), json!({"items": [item()], "total": 1})] {
            assert!(Euvd.claims(&Shape::of(answer.to_string().as_bytes())), "{answer}");
            let content = read(&answer).unwrap();
            let note = &content.notes["CVE-2024-21887"];
            assert_eq!(note.ids, ["EUVD-2024-1234", "GHSA-r94m-59fw-hm34"]);
            assert_eq!(note.severities, [statement(V31).unwrap()]);
            let exploited =
                ExploitedStatement { by: "EUVD".into(), since: "2024-01-10".into(), ransomware: false };
            assert_eq!(note.exploited, [exploited]);
            assert_eq!(note.epss, None);
            assert_eq!((content.read, content.notes.len(), content.broken.len()), (1, 1, 0));
        }
        assert!(Euvd.read(format!("\u{feff} [{}]", item()).as_bytes()).is_ok_and(|c| c.notes.len() == 1));
    }

    #[test]
    fn what_is_not_said_is_left_away() {
        for (key, value) in [
            ("baseScoreVector", json!("")),
            ("baseScoreVector", Value::Null),
            ("exploitedSince", json!("")),
            ("exploitedSince", Value::Null),
        ] {
            let content = read(&json!([with(key, value.clone())])).unwrap();
            let note = &content.notes["CVE-2024-21887"];
            let left = if key == "exploitedSince" { note.exploited.len() } else { note.severities.len() };
            assert_eq!(left, 0, "{key} {value}");
        }
        for aliases in [json!(""), Value::Null, json!("GHSA-r94m-59fw-hm34\n")] {
            let content = read(&json!([with("aliases", aliases)])).unwrap();
            assert!(content.notes.is_empty() && content.broken.is_empty());
            assert_eq!(content.left_out["vulnerabilities without a CVE"], 1);
        }
    }

    #[test]
    fn names_of_a_vulnerability_of_several_cves_are_not_those_of_each() {
        let several =
            with("aliases", json!("GHSA-r94m-59fw-hm34\nCVE-2024-0002\nCVE-2024-0001\nCVE-2024-0001"));
        let content = read(&json!([several])).unwrap();
        assert_eq!(content.notes.keys().collect::<Vec<_>>(), ["CVE-2024-0001", "CVE-2024-0002"]);
        assert!(content.notes.values().all(|note| note.ids == ["EUVD-2024-1234"]));
    }

    #[test]
    fn days_are_written_in_several_ways() {
        for (text, expected) in [
            ("Jan 17, 2024, 12:00:00 AM", Some("2024-01-17")),
            ("Dec 1, 2025, 12:00:00\u{202f}AM", Some("2025-12-01")),
            ("Sep 30, 2025", Some("2025-09-30")),
            ("2024-01-17", Some("2024-01-17")),
            ("2024-01-17T00:00:00Z", Some("2024-01-17")),
            ("2024-01-17 00:00:00", Some("2024-01-17")),
            ("Feb 30, 2024, 12:00:00 AM", None),
            ("17 Jan 2024", None),
            ("jan 17, 2024", None),
            ("Jan 017, 2024", None),
            ("Jan 17, 24", None),
            ("Jan", None),
            ("2024", None),
            ("yes", None),
            ("", None),
        ] {
            assert_eq!(written_day(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_broken_vulnerability_leaves_the_others() {
        for (broken, name) in [
            (with("id", json!("GHSA-r94m-59fw-hm34")), "GHSA-r94m-59fw-hm34"),
            (with("id", json!("EUVD-2024-1](x)")), "EUVD-2024-1](x)"),
            (with("aliases", json!("CVE-2024-0001\n<b>")), "EUVD-2024-1234"),
            (with("aliases", json!("A-1 ".repeat(LIST_MAX + 1))), "EUVD-2024-1234"),
            (with("aliases", json!("A".repeat(300))), "EUVD-2024-1234"),
            (with("baseScoreVector", json!("9.8")), "EUVD-2024-1234"),
            (with("exploitedSince", json!("yesterday")), "EUVD-2024-1234"),
            (with("exploitedSince", json!(true)), "entry 1"),
            (with("id", json!(7)), "entry 1"),
            (json!([]), "entry 1"),
        ] {
            let good = with("aliases", json!("CVE-2024-0009"));
            let content = read(&json!([broken, good])).unwrap();
            assert_eq!(content.broken.iter().map(|(name, _)| name).collect::<Vec<_>>(), [name], "{broken}");
            assert!(content.broken[0].1.len() < 300, "{}", content.broken[0].1);
            assert_eq!(content.notes.into_keys().collect::<Vec<_>>(), ["CVE-2024-0009"], "{name}");
        }
    }

    #[test]
    fn other_lists_are_not_taken_for_answers() {
        for other in [
            json!([{"id": "X-1", "aliases": []}]),
            json!([]),
            json!({"items": [], "total": 0, "kind": "List"}),
            json!({"items": []}),
            json!({"id": "EUVD-2024-1234"}),
        ] {
            assert!(!Euvd.claims(&Shape::of(other.to_string().as_bytes())), "{other}");
        }
        assert!(read(&json!({"items": [{"name": "x"}, {"id": "X-1"}], "total": 2})).is_err());
        assert_eq!(read(&json!({"items": [], "total": 0})).unwrap(), Content::default());
    }

    #[test]
    fn a_file_of_another_form_is_refused() {
        let text = json!({"items": [item()], "total": 1}).to_string();
        for cut in 0..text.len() {
            assert!(Euvd.read(&text.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
        assert!(Euvd.read(b"{\"items\": {}}").is_err());
        assert!(Euvd.read("[".repeat(1 << 20).as_bytes()).is_err());
        assert!(Euvd.read(format!("[{}0]", "0,".repeat(ITEMS_MAX)).as_bytes()).is_err());
    }
}
