//! The state of a run as its display knows it, and the lines that show it. Pure: time enters as a value.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{Event, Stage};
use crate::model::{foreign::inline, quantity};

/// The most images that a heartbeat names. More would make the line longer than a log's window.
const NAMED_MAX: usize = 3;

/// What is known about a run. Instants are durations since its beginning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Board {
    planned: usize,
    finished: usize,
    /// Bytes moved for every image so far.
    bytes: u64,
    work: BTreeMap<Arc<str>, Work>,
}

/// An image in work.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Work {
    stage: Option<Stage>,
    bytes: u64,
    since: Duration,
}

impl Board {
    /// Takes in an event and returns the line that stays on the screen because of it.
    pub fn apply(&mut self, event: Event, at: Duration) -> Option<String> {
        match event {
            Event::Planned { images } => self.planned = images,
            Event::Started { image } => {
                self.work.insert(image, Work { stage: None, bytes: 0, since: at });
            }
            Event::Stage { image, stage } => {
                if let Some(work) = self.work.get_mut(&image) {
                    work.stage = Some(stage);
                }
            }
            Event::Bytes { image, count } => {
                self.bytes = self.bytes.saturating_add(count);
                if let Some(work) = self.work.get_mut(&image) {
                    work.bytes = work.bytes.saturating_add(count);
                }
            }
            Event::Finished { image, outcome, seconds } => {
                self.finished += 1;
                let bytes = self.work.remove(&image).map_or(0, |work| work.bytes);
                return Some(finished(&image, &outcome, bytes, seconds));
            }
            Event::Draining { uploads } => return Some(draining(uploads)),
        }
        None
    }

    /// Returns the moving line of each image in work.
    pub fn moving(&self, at: Duration) -> BTreeMap<Arc<str>, String> {
        self.work.iter().map(|(image, work)| (Arc::clone(image), work.line(image, at))).collect()
    }

    /// Returns the line below the moving ones: how much is done, and how long the rest may take.
    pub fn total(&self, at: Duration) -> String {
        let images = self.planned.max(self.finished + self.work.len());
        let done = format!("{} of {}", self.finished, quantity::count(images, "image"));
        let moved = if self.bytes > 0 { format!(", {}", quantity::bytes(self.bytes)) } else { String::new() };
        let left = remaining(self.finished, images, at);
        let left = left.map_or(String::new(), |left| format!(", about {} left", quantity::span(left)));
        format!("{done}{moved} in {}{left}", quantity::span(at))
    }

    /// Returns the line that says, where there is no terminal, that the run is alive and what it does.
    pub fn heartbeat(&self, at: Duration) -> String {
        let total = self.total(at);
        if self.work.is_empty() {
            return total;
        }
        let named = self.work.iter().take(NAMED_MAX);
        let named: Vec<_> = named.map(|(image, work)| format!("{} {}", inline(image), work.word())).collect();
        let more = match self.work.len().saturating_sub(NAMED_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{total}; in work: {}{more}", named.join(", "))
    }
}

impl Work {
    const fn word(&self) -> &'static str {
        match self.stage {
            Some(stage) => stage.name(),
            None => "starting",
        }
    }

    fn line(&self, image: &str, at: Duration) -> String {
        let spent = at.saturating_sub(self.since);
        let moved = match (self.bytes, self.bytes.checked_div(spent.as_secs())) {
            (0, _) => String::new(),
            (bytes, None) => format!("  {}", quantity::bytes(bytes)),
            (bytes, Some(rate)) => format!("  {}, {}/s", quantity::bytes(bytes), quantity::bytes(rate)),
        };
        format!("{}  {}{moved}  {}", inline(image), self.word(), quantity::span(spent))
    }
}

/// Returns how long the rest takes if it goes as the finished images went; nothing before one has finished.
fn remaining(finished: usize, images: usize, at: Duration) -> Option<Duration> {
    let left = u64::try_from(images.checked_sub(finished)?).ok()?;
    let seconds = at.as_secs().saturating_mul(left).checked_div(u64::try_from(finished).ok()?)?;
    (left > 0).then(|| Duration::from_secs(seconds))
}

fn finished(image: &str, outcome: &str, bytes: u64, seconds: u64) -> String {
    let spent = quantity::span(Duration::from_secs(seconds));
    let moved = if bytes > 0 { format!("{} in ", quantity::bytes(bytes)) } else { String::new() };
    format!("{}  {}  ({moved}{spent})", inline(image), inline(outcome))
}

fn draining(uploads: usize) -> String {
    match uploads {
        0 => "interrupted: nothing else starts".to_owned(),
        _ => format!("interrupted: finishing {}, nothing else starts", quantity::count(uploads, "upload")),
    }
}
