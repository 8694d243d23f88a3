//! The event log: one event a line, one file a month, each line with the hash of the line before.
//!
//! The hashes make a change in the middle visible without Git; that lines were cut off at the end is visible in Git
//! only, where the log is committed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Event, EvidenceError, LOG};
use crate::model::{Digest, canonical};

const SCHEMA: &str = "fondaco/event/v1alpha1";
/// An event is a few names and a sentence.
const LINE_BYTES_MAX: usize = 64 << 10;

/// A line of the log.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    schema: String,
    /// Of the line before, without its end; absent in the first line of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<Digest>,
    #[serde(flatten)]
    event: Event,
}

/// The events in the order they were written, by the file they stand in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventLog {
    months: BTreeMap<String, Vec<Event>>,
}

impl EventLog {
    /// Returns every event with the path of its file, oldest first.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = (&str, &Event)> {
        self.months.iter().flat_map(|(path, events)| events.iter().map(move |event| (path.as_str(), event)))
    }

    /// Adds events where [`append`] writes them.
    pub fn extend(&mut self, events: &[Event]) {
        for event in events {
            let path = place(event, self.months.keys().next_back().map(String::as_str));
            self.months.entry(path).or_default().push(event.clone());
        }
    }
}

/// Returns the file an event is written to: its month's, or the last one where a clock went back, because a line
/// once written stays the line before the next.
fn place(event: &Event, last: Option<&str>) -> String {
    let path = format!("{LOG}/{}.jsonl", event.month());
    last.filter(|last| **last > *path).map_or(path.clone(), str::to_owned)
}

/// Returns the months that `events`, in the order given, change, with their whole new content.
pub fn append(files: &BTreeMap<String, Vec<u8>>, events: &[Event]) -> BTreeMap<String, Vec<u8>> {
    let months: BTreeMap<&String, &Vec<u8>> = files.iter().filter(|(path, _)| is_month(path)).collect();
    let mut last = months.keys().next_back().map(|path| (*path).clone());
    let mut previous =
        months.values().rev().find_map(|bytes| bytes.split(|b| *b == b'\n').rfind(|l| !l.is_empty()));
    let mut previous = previous.take().map(Digest::sha256);
    let mut changed: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for event in events {
        let path = place(event, last.as_deref());
        let line = Line { schema: SCHEMA.to_owned(), previous, event: event.clone() };
        let text = canonical::to_line(&line).expect("an event has string keys and no floats");
        let month =
            changed.entry(path.clone()).or_insert_with(|| files.get(&path).cloned().unwrap_or_default());
        month.extend_from_slice(text.as_bytes());
        month.push(b'\n');
        previous = Some(Digest::sha256(text));
        last = Some(path);
    }
    changed
}

/// Checks that the log is whole: every line follows the one before and says what it said when it was written.
///
/// # Errors
/// [`EvidenceError`] naming file and line.
pub fn check(files: &BTreeMap<String, Vec<u8>>) -> Result<(), EvidenceError> {
    read(files).map(|_| ())
}

/// Reads and checks the log.
pub(super) fn read(files: &BTreeMap<String, Vec<u8>>) -> Result<EventLog, EvidenceError> {
    let mut log = EventLog::default();
    let mut previous = None;
    for (path, bytes) in files.iter().filter(|(path, _)| path.starts_with(&format!("{LOG}/"))) {
        let fail = |reason: String| EvidenceError { path: path.clone(), reason };
        if !is_month(path) {
            return Err(fail("it is not named after a month".into()));
        }
        let text = str::from_utf8(bytes).map_err(|_| fail("it is not UTF-8".into()))?;
        if !text.ends_with('\n') {
            return Err(fail("its last line has no end".into()));
        }
        let events = log.months.entry(path.clone()).or_default();
        for (index, text) in text.split_terminator('\n').enumerate() {
            let event = line(text, previous.as_ref(), path)
                .map_err(|reason| fail(format!("line {}: {reason}", index + 1)))?;
            events.push(event);
            previous = Some(Digest::sha256(text));
        }
    }
    Ok(log)
}

fn line(text: &str, previous: Option<&Digest>, path: &str) -> Result<Event, String> {
    if text.len() > LINE_BYTES_MAX {
        return Err(format!("it is longer than {LINE_BYTES_MAX} bytes"));
    }
    let line: Line = serde_json::from_str(text).map_err(|e| e.to_string())?;
    if line.schema != SCHEMA {
        return Err(format!("its schema is not `{SCHEMA}`"));
    }
    if canonical::to_line(&line).as_deref().ok() != Some(text) {
        return Err("it is not in canonical form".into());
    }
    if line.previous.as_ref() != previous {
        return Err("it does not follow the line before".into());
    }
    if format!("{LOG}/{}.jsonl", line.event.month()).as_str() > path {
        return Err("its time is after the month of the file".into());
    }
    Ok(line.event)
}

/// Whether a path is `evidence/log/YYYY-MM.jsonl`.
fn is_month(path: &str) -> bool {
    let name = path.strip_prefix(LOG).and_then(|rest| rest.strip_prefix('/'));
    let Some(month) = name.and_then(|name| name.strip_suffix(".jsonl")) else { return false };
    month.len() == 7
        && month.bytes().enumerate().all(|(i, b)| if i == 4 { b == b'-' } else { b.is_ascii_digit() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at: &str, detail: &str) -> Event {
        Event {
            at: at.parse().unwrap(),
            kind: super::super::EventKind::Intake,
            image: Event::image(&"nginx".parse().unwrap(), &Digest::sha256(b"{}")),
            tag: Some("1.28".into()),
            consumer: None,
            verdict: None,
            detail: detail.into(),
        }
    }

    fn three_months() -> (BTreeMap<String, Vec<u8>>, Vec<Event>) {
        let events = vec![
            event("2026-10-31T23:59:59Z", "first"),
            event("2026-11-01T00:00:00Z", "second\nline | `x`"),
            event("2026-11-02T00:00:00Z", "third"),
            event("2026-12-01T00:00:00Z", "fourth"),
        ];
        (append(&BTreeMap::new(), &events), events)
    }

    #[test]
    fn months_are_chained_and_appending_in_steps_is_appending_at_once() {
        let (files, events) = three_months();
        assert_eq!(files.len(), 3);
        let log = read(&files).unwrap();
        assert_eq!(log.events().map(|(_, event)| event.clone()).collect::<Vec<_>>(), events);
        let mut stepwise = BTreeMap::new();
        for event in &events {
            let changed = append(&stepwise, std::slice::from_ref(event));
            assert_eq!(changed.len(), 1);
            stepwise.extend(changed);
        }
        assert_eq!(stepwise, files);
        let first = str::from_utf8(&files["evidence/log/2026-10.jsonl"]).unwrap();
        let second = str::from_utf8(&files["evidence/log/2026-11.jsonl"]).unwrap();
        assert!(!first.contains("previous"));
        let hash = Digest::sha256(first.trim_end_matches('\n'));
        assert!(second.starts_with(r#"{"at":"2026-11-01T00:00:00Z","#) && second.contains(&hash.to_string()));
        assert_eq!(append(&files, &[]), BTreeMap::new());
    }

    #[test]
    fn a_clock_that_went_back_writes_to_the_last_month() {
        let (mut files, mut events) = three_months();
        let late = event("2026-09-01T00:00:00Z", "late");
        let changed = append(&files, std::slice::from_ref(&late));
        assert_eq!(changed.keys().collect::<Vec<_>>(), ["evidence/log/2026-12.jsonl"]);
        files.extend(changed);
        let mut log = EventLog::default();
        log.extend(&events);
        log.extend(std::slice::from_ref(&late));
        assert_eq!(read(&files).unwrap(), log);
        events.push(late);
        assert_eq!(log.events().count(), events.len());
    }

    #[test]
    fn tampering_is_seen() {
        let november = "evidence/log/2026-11.jsonl";
        let replace = |from: &str, to: &str| {
            let (mut files, _) = three_months();
            let text = String::from_utf8(files[november].clone()).unwrap().replace(from, to);
            files.insert(november.into(), text.into_bytes());
            files
        };
        let without = |path: &str| {
            let (mut files, _) = three_months();
            files.remove(path);
            files
        };
        let swapped = {
            let (mut files, _) = three_months();
            let text = String::from_utf8(files[november].clone()).unwrap();
            let lines: Vec<_> = text.lines().rev().collect();
            files.insert(november.into(), format!("{}\n", lines.join("\n")).into_bytes());
            files
        };
        let strange = {
            let (mut files, _) = three_months();
            files.insert("evidence/log/notes.txt".into(), b"x\n".to_vec());
            files
        };
        let cases = [
            ("changed detail", replace("third", "thirst")),
            ("removed line end", replace("\n", "")),
            ("spaces", replace("\":\"", "\": \"")),
            ("another schema", replace("event/v1alpha1", "event/v9")),
            ("removed month", without(november)),
            ("removed first month", without("evidence/log/2026-10.jsonl")),
            ("swapped lines", swapped),
            ("a file that is no month", strange),
        ];
        check(&three_months().0).unwrap();
        for (attack, files) in cases {
            assert!(check(&files).is_err(), "{attack}");
        }
    }
}
