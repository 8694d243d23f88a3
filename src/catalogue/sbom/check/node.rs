//! A place in a JSON file: the value and the JSON pointer (RFC 6901) that leads to it, so that every finding can say
//! where. Reads leniently: what has another type than expected is as if it were not there.

use std::cell::Cell;

use serde_json::Value;

/// How much may be read out of a file, in bytes of values and places, and some for each step. Elements of SPDX 3 are read
/// once for each element that refers to them, so that a small file could otherwise ask for much. The largest honest
/// files take about half.
const READ_BYTES_MAX: u64 = 1 << 30;
/// What a step costs beside what it copies.
const STEP_BYTES: usize = 16;
/// What of a value is longer than this costs eightfold: it stays in memory, and no honest value that many elements share
/// is as long.
const PLAIN_BYTES: usize = 4 << 10;

/// What is left of [`READ_BYTES_MAX`].
#[derive(Debug)]
pub(super) struct Budget {
    left: Cell<u64>,
}

impl Budget {
    pub(super) const fn new() -> Self {
        Self { left: Cell::new(READ_BYTES_MAX) }
    }

    pub(super) const fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    /// Takes the cost of one step; false where nothing is left.
    fn take(&self, bytes: usize) -> bool {
        let cost = u64::try_from(bytes + STEP_BYTES).unwrap_or(u64::MAX);
        self.left.set(self.left.get().saturating_sub(cost));
        !self.is_spent()
    }
}

/// Words of a file, with their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) value: String,
    pub(super) pointer: String,
    /// Why this is not quite where the standard's table looks for it.
    pub(super) aside: Option<&'static str>,
}

impl Text {
    pub(super) fn with_aside(mut self, aside: Option<&'static str>) -> Self {
        self.aside = self.aside.or(aside);
        self
    }
}

#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    pub(super) value: &'a Value,
    pub(super) pointer: String,
    budget: &'a Budget,
}

impl<'a> Node<'a> {
    pub(super) const fn root(value: &'a Value, budget: &'a Budget) -> Self {
        Self { value, pointer: String::new(), budget }
    }

    fn step(&self, value: &'a Value, key: impl std::fmt::Display) -> Option<Self> {
        let paid = self.budget.take(self.pointer.len());
        paid.then(|| Self { value, pointer: format!("{}/{key}", self.pointer), budget: self.budget })
    }

    /// Returns the value of a key. Keys are constants of the readers and need no escape, `@graph` included.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        self.step(self.value.get(key)?, key)
    }

    /// Returns the elements of a list; one value that is no list counts as a list of one, as JSON-LD has it.
    pub(super) fn items(&self, key: &str) -> Vec<Self> {
        match self.get(key) {
            None => vec![],
            Some(node) if node.value.is_null() => vec![],
            Some(node) => match node.value.as_array() {
                None => vec![node],
                Some(list) => {
                    list.iter().enumerate().map_while(|(index, value)| node.step(value, index)).collect()
                }
            },
        }
    }

    /// Returns the words of a key, trimmed; blank words are none.
    pub(super) fn text(&self, key: &str) -> Option<Text> {
        self.get(key)?.words()
    }

    /// Returns the words of a list of strings.
    pub(super) fn texts(&self, key: &str) -> Vec<Text> {
        self.items(key).iter().filter_map(Self::words).collect()
    }

    /// Returns the words that stand here.
    pub(super) fn words(&self) -> Option<Text> {
        let value = self.value.as_str()?.trim();
        let cost = value.len() + 7 * value.len().saturating_sub(PLAIN_BYTES);
        let filled = !value.is_empty() && self.budget.take(cost + self.pointer.len());
        filled.then(|| Text { value: value.to_owned(), pointer: self.pointer.clone(), aside: None })
    }

    /// Returns the string of a key, without its place.
    pub(super) fn str(&self, key: &str) -> Option<&'a str> {
        self.value.get(key)?.as_str()
    }
}
