//! The rule by which tags are chosen from a repository's list: range, pattern, order, number, exclusions.
//!
//! A registry's list has no order that means anything, so "newest" is only defined by versions or by what a pattern
//! captures. Expressions run in linear time ([`regex`]) on names of at most 128 characters.

use regex::bytes::{Regex, RegexBuilder};
use semver::{Version, VersionReq};

use super::tag::{TagName, is_companion};

/// The longest range or pattern. Longer ones are generated, and what generates them can write tags.
pub const PATTERN_CHARS_MAX: usize = 500;

/// The most memory that one compiled pattern may take.
const PATTERN_BYTES_MAX: usize = 1024 * 1024;

/// The most tags one selection may choose: each costs a request in every run, and its image is taken in.
pub const CHOSEN_MAX: usize = 10_000;

/// How many near misses are named for each reason.
const NEAREST_MAX: usize = 3;

/// Name of the capture that a range is compared with, where both are written.
pub const VERSION_CAPTURE: &str = "version";

/// Which tags are wanted. The texts have been checked by [`range`] and [`pattern`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct TagRule {
    /// Versions that are wanted, such as `>=1.27, <2`.
    pub semver: Option<String>,
    /// Whether tags whose version lacks parts match the range.
    pub floating: bool,
    /// What the whole tag has to match.
    pub regex: Option<String>,
    /// Captures of `regex` in the order in which they are compared; empty for all, in their order.
    pub order_by: Vec<String>,
    /// How many, from the highest.
    pub newest: Option<usize>,
    /// Tags that match one of these anywhere are not wanted.
    pub exclude: Vec<String>,
}

/// Reads a range of versions.
///
/// # Errors
/// What is wrong with it.
pub fn range(text: &str) -> Result<VersionReq, String> {
    short(text)?;
    VersionReq::parse(text).map_err(|error| error.to_string())
}

/// Compiles a regular expression. Tags are ASCII, so `\d` and `\w` are.
///
/// # Errors
/// What is wrong with it, in one line.
pub fn pattern(text: &str) -> Result<Regex, String> {
    short(text)?;
    let compile = |text: &str| RegexBuilder::new(text).unicode(false).size_limit(PATTERN_BYTES_MAX).build();
    match compile(text) {
        Ok(regex) => Ok(regex),
        Err(regex::Error::CompiledTooBig(limit)) => {
            Err(format!("it needs more than {limit} bytes of memory"))
        }
        Err(error) => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            Err(last.trim_start_matches("error: ").to_owned())
        }
    }
}

fn short(text: &str) -> Result<(), String> {
    if text.chars().count() <= PATTERN_CHARS_MAX {
        return Ok(());
    }
    Err(format!("it is longer than {PATTERN_CHARS_MAX} characters"))
}

/// Returns the names of the captures of a pattern, in their order.
pub fn captures(pattern: &Regex) -> Vec<String> {
    pattern.capture_names().flatten().map(str::to_owned).collect()
}

/// What a rule makes of a list of tags.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    /// The chosen tags, sorted by their text.
    pub chosen: Vec<String>,
    /// How many tags there were.
    pub among: usize,
    /// Why others were passed over.
    pub missed: Vec<Miss>,
}

/// Tags that were passed over for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    pub why: Passed,
    pub count: usize,
    /// Some of them, the highest first.
    pub nearest: Vec<String>,
}

/// Why a tag was passed over, the nearest miss first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Passed {
    /// It would match with `floating: true`.
    Floating,
    /// It is a prerelease, and the range names none of its version.
    Prerelease,
    /// It matches and is excluded.
    Excluded,
    /// Its version is in the range, and it has a suffix.
    Variant,
    /// Its version is outside of the range.
    Outside,
    /// The pattern does not match it.
    Unlike,
    /// It names no version.
    NoVersion,
}

/// What chosen tags are ordered by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    None,
    Version(Version),
    Captures(Vec<Captured>),
}

/// One captured text. Numbers are compared by their value, whatever their length, and come before other text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Captured {
    Missing,
    Number(usize, String),
    Text(String),
}

/// A rule with its expressions compiled.
#[derive(Debug)]
pub struct Chooser<'r> {
    rule: &'r TagRule,
    range: Option<VersionReq>,
    regex: Option<Regex>,
    exclude: Vec<Regex>,
    order_by: Vec<String>,
}

impl TagRule {
    /// Compiles the rule.
    ///
    /// # Errors
    /// What is wrong with a text that was not checked.
    pub fn chooser(&self) -> Result<Chooser<'_>, String> {
        let whole = |text: &String| pattern(text).and_then(|_| anchored(text));
        let regex = self.regex.as_ref().map(whole).transpose()?;
        let named = regex.as_ref().map(captures).unwrap_or_default();
        Ok(Chooser {
            rule: self,
            range: self.semver.as_deref().map(range).transpose()?,
            regex,
            exclude: self.exclude.iter().map(|text| pattern(text)).collect::<Result<_, _>>()?,
            order_by: if self.order_by.is_empty() { named } else { self.order_by.clone() },
        })
    }
}

/// A pattern that has to match the whole tag: one that is meant so and is not anchored would choose too much.
fn anchored(text: &str) -> Result<Regex, String> {
    let whole = format!(r"\A(?:{text})\z");
    let compiled = RegexBuilder::new(&whole).unicode(false).size_limit(PATTERN_BYTES_MAX).build();
    compiled.map_err(|_| "it cannot be matched against a whole tag".to_owned())
}

impl Chooser<'_> {
    /// Returns whether the rule may choose a tag, whatever else the repository lists.
    pub fn admits(&self, tag: &str) -> bool {
        self.look(tag).is_ok()
    }

    /// Chooses from a list of tags, whose order does not matter.
    pub fn choose<'t>(&self, tags: impl IntoIterator<Item = &'t str>) -> Choice {
        let mut matching = Vec::new();
        let mut passed: Vec<(Passed, Option<Version>, &str)> = Vec::new();
        let mut among = 0;
        for tag in tags.into_iter().filter(|tag| !is_companion(tag)) {
            among += 1;
            match self.look(tag) {
                Ok(key) => matching.push((key, tag)),
                Err((why, version)) => passed.push((why, version, tag)),
            }
        }
        matching.sort_unstable();
        let wanted = self.rule.newest.unwrap_or(matching.len()).min(matching.len());
        let newest = matching.split_off(matching.len() - wanted);
        let mut chosen: Vec<String> = newest.into_iter().map(|(_, tag)| tag.to_owned()).collect();
        chosen.sort_unstable();
        Choice { chosen, among, missed: missed(passed) }
    }

    fn look(&self, tag: &str) -> Result<Key, (Passed, Option<Version>)> {
        if is_companion(tag) {
            return Err((Passed::Unlike, None));
        }
        let captured = match &self.regex {
            None => None,
            Some(regex) => Some(regex.captures(tag.as_bytes()).ok_or((Passed::Unlike, None))?),
        };
        let text = |name: &str| {
            let found = captured.as_ref().and_then(|captured| captured.name(name));
            found.map(|found| str::from_utf8(found.as_bytes()).unwrap_or_default())
        };
        let key = match &self.range {
            Some(range) => {
                let versioned = self.regex.as_ref().is_some_and(has_version);
                let name = if versioned { text(VERSION_CAPTURE).unwrap_or_default() } else { tag };
                Key::Version(self.version(range, name)?)
            }
            None if self.order_by.is_empty() => Key::None,
            None => Key::Captures(self.order_by.iter().map(|name| captured_as(text(name))).collect()),
        };
        if self.exclude.iter().any(|regex| regex.is_match(tag.as_bytes())) {
            return Err((Passed::Excluded, None));
        }
        Ok(key)
    }

    fn version(&self, range: &VersionReq, name: &str) -> Result<Version, (Passed, Option<Version>)> {
        let (read, variant) = match TagName::read(name) {
            TagName::Version(read) => (read, false),
            TagName::Variant(read) => (read, true),
            TagName::Other => return Err((Passed::NoVersion, None)),
        };
        let why = match (range.matches(&read.version), variant) {
            (true, false) if !read.is_floating() || self.rule.floating => return Ok(read.version),
            (true, false) => Passed::Floating,
            (true, true) => Passed::Variant,
            (false, _) if released(range, &read.version) => Passed::Prerelease,
            (false, _) => Passed::Outside,
        };
        Err((why, Some(read.version)))
    }
}

/// Returns whether the range would admit a prerelease if it were released.
fn released(range: &VersionReq, version: &Version) -> bool {
    !version.pre.is_empty() && range.matches(&Version::new(version.major, version.minor, version.patch))
}

fn has_version(regex: &Regex) -> bool {
    regex.capture_names().flatten().any(|name| name == VERSION_CAPTURE)
}

fn captured_as(text: Option<&str>) -> Captured {
    match text {
        None | Some("") => Captured::Missing,
        Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            let digits = text.trim_start_matches('0');
            Captured::Number(digits.len(), digits.to_owned())
        }
        Some(text) => Captured::Text(text.to_owned()),
    }
}

fn missed(mut passed: Vec<(Passed, Option<Version>, &str)>) -> Vec<Miss> {
    passed.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| (&b.1, b.2).cmp(&(&a.1, a.2))));
    let reasons = passed.chunk_by(|a, b| a.0 == b.0);
    let miss = |group: &[(Passed, Option<Version>, &str)]| Miss {
        why: group[0].0,
        count: group.len(),
        nearest: group.iter().take(NEAREST_MAX).map(|(_, _, tag)| (*tag).to_owned()).collect(),
    };
    reasons.map(miss).collect()
}

#[cfg(test)]
mod tests;
