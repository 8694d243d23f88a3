//! What two trust roots differ in, authority by authority. Pure.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Serialize;

use super::{Root, Window};
use crate::model::Instant;

/// The steps from one root to another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    pub added: Vec<Ended>,
    pub removed: Vec<Ended>,
    /// Those whose end has changed.
    pub moved: Vec<Moved>,
}

/// An authority or log and its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ended {
    #[serde(flatten)]
    pub window: Window,
    pub until: Option<Instant>,
}

/// An authority or log whose end has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Moved {
    #[serde(flatten)]
    pub window: Window,
    pub before: Option<Instant>,
    pub until: Option<Instant>,
}

impl Changes {
    /// Returns the steps from `before`, or from nothing, to `after`.
    pub fn between(before: Option<&Root>, after: &Root) -> Self {
        let nothing = BTreeMap::new();
        let (before, after) = (before.map_or(&nothing, Root::windows), after.windows());
        let without = |these: &BTreeMap<Window, Option<Instant>>,
                       those: &BTreeMap<Window, Option<Instant>>| {
            let these = these.iter().filter(|(window, _)| !those.contains_key(window));
            these.map(|(window, until)| Ended { window: window.clone(), until: *until }).collect()
        };
        let moved = after.iter().filter_map(|(window, until)| {
            let before = *before.get(window)?;
            (before != *until).then(|| Moved { window: window.clone(), before, until: *until })
        });
        Self { added: without(after, before), removed: without(before, after), moved: moved.collect() }
    }

    pub const fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.moved.is_empty()
    }

    /// Returns whether the steps only take back: nothing is new, and something is gone or its end has been taken away
    /// or put off. Roots grow and windows end, so this is what an older root looks like.
    pub fn only_take_back(&self) -> bool {
        let back = |moved: &Moved| match (moved.before, moved.until) {
            (Some(before), Some(until)) => until > before,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let forward = !self.added.is_empty() || self.moved.iter().any(|moved| !back(moved));
        !forward && (!self.removed.is_empty() || self.moved.iter().any(back))
    }

    /// Returns one line for each step: `+` new, `-` gone, `~` another end.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (mark, ended) in self.added.iter().map(|e| ('+', e)).chain(self.removed.iter().map(|e| ('-', e)))
        {
            let until = ended.until.map(|until| format!(" until {}", until.date())).unwrap_or_default();
            let _ = writeln!(text, "  {mark} {}{until}", ended.window);
        }
        let date = |end: Option<Instant>| end.map_or_else(|| "never".to_owned(), Instant::date);
        for moved in &self.moved {
            let _ = writeln!(
                text,
                "  ~ {} ends {}, before: {}",
                moved.window,
                date(moved.until),
                date(moved.before)
            );
        }
        text
    }
}
