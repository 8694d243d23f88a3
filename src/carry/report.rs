//! What a carry has done, for people and machines.

use std::fmt::Write as _;

use serde::Serialize;

use crate::model::{Digest, foreign::inline, quantity};

/// A volume, as it was found or written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeReport {
    pub name: String,
    /// The digest that the index says.
    pub expected: Digest,
    /// The digest of a volume that is not the expected one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<Digest>,
    pub state: VolumeState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum VolumeState {
    Written,
    /// Was there, and has the right bytes.
    Reused,
    Good,
    Missing,
    /// Other bytes than those that were written: damaged, or of another carry.
    Damaged,
}

/// What `fondaco carry out` has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutReport {
    pub schema: &'static str,
    /// The pushed commit that says what is cleared.
    pub commit: String,
    pub images: usize,
    pub contents: usize,
    /// Bytes of all contents.
    pub bytes: u64,
    /// Cleared and carried, not promoted on this side.
    pub unpromoted: Vec<String>,
    pub volumes: Vec<VolumeReport>,
}

impl OutReport {
    /// Returns the report for people.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{} images of commit {}, {} in {} contents and {} volumes\n",
            self.images,
            &self.commit[..self.commit.len().min(12)],
            quantity::bytes(self.bytes),
            self.contents,
            self.volumes.len()
        );
        for name in &self.unpromoted {
            let _ =
                writeln!(text, "  {} is cleared and not promoted yet; signed for the carry", inline(name));
        }
        for volume in &self.volumes {
            let word = if volume.state == VolumeState::Reused { "was there" } else { "written" };
            let _ = writeln!(text, "  {}  {}  {word}", volume.name, volume.expected);
        }
        text
    }
}

/// What became of one tag on the receiving side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CarriedTag {
    pub consumer: String,
    /// Repository and tag.
    pub name: String,
    pub digest: Digest,
    /// Whether the tag was written by this run.
    pub tagged: bool,
    /// Whether nobody here asks for it, which is no failure.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub skipped: bool,
    /// Why it is not in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// What `fondaco carry in` has done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InReport {
    pub schema: &'static str,
    /// The commit of the sending side.
    pub carried: String,
    pub images: usize,
    /// Images that wait for volumes, by upstream repository and digest.
    pub incomplete: Vec<String>,
    /// Images whose import failed, with the reason.
    pub failures: Vec<String>,
    pub tags: Vec<CarriedTag>,
    pub volumes: Vec<VolumeReport>,
    /// Commits that were pushed.
    pub commits: Vec<String>,
    /// Bytes that were written to the mirror.
    pub bytes: u64,
}

impl InReport {
    /// Returns the volumes in a state.
    pub fn in_state(&self, state: VolumeState) -> impl Iterator<Item = &VolumeReport> {
        self.volumes.iter().filter(move |volume| volume.state == state)
    }

    /// Returns whether something could not be done that another try with the same volumes will not do either.
    pub fn has_failures(&self) -> bool {
        !self.failures.is_empty() || self.tags.iter().any(|tag| tag.failure.is_some() && !tag.skipped)
    }

    /// Returns the report for people.
    pub fn text(&self) -> String {
        let tagged = self.tags.iter().filter(|tag| tag.tagged).count();
        let mut text = format!(
            "{} images of commit {}: {} imported, {tagged} tags written, {} commits\n",
            self.images,
            &self.carried[..self.carried.len().min(12)],
            quantity::bytes(self.bytes),
            self.commits.len()
        );
        for tag in &self.tags {
            let state = match &tag.failure {
                Some(failure) => format!("not tagged: {}", inline(failure)),
                None if tag.tagged => "tagged".to_owned(),
                None => "in place".to_owned(),
            };
            let _ = writeln!(text, "  {}  {}  {state}", inline(&tag.name), tag.digest.short());
        }
        for name in &self.incomplete {
            let _ = writeln!(text, "  {}  waits for volumes", inline(name));
        }
        for failure in &self.failures {
            let _ = writeln!(text, "  failed: {}", inline(failure));
        }
        for volume in self.in_state(VolumeState::Missing) {
            let _ = writeln!(text, "  {} is missing: expected {}", volume.name, volume.expected);
        }
        for volume in self.in_state(VolumeState::Damaged) {
            let found = volume.found.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
            let (name, expected) = (&volume.name, &volume.expected);
            let _ =
                writeln!(text, "  {name} is damaged or of another carry: expected {expected}, found {found}");
        }
        text
    }
}
