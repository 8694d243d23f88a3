//! A combination of licences, and how it is written.

use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest as _, Sha256};

/// The most characters of a text that its reference repeats.
const SLUG_CHARACTERS_MAX: usize = 64;

/// What every reference of ours begins with.
const PREFIX: &str = "LicenseRef-fondaco-";

/// A licence or a combination of licences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tree {
    /// Identifier, identifier and exception, or a reference that came from elsewhere.
    Known(String),
    /// A text that names no licence on the list.
    Unknown(String),
    And(Vec<Self>),
    Or(Vec<Self>),
}

impl Tree {
    /// Returns what means that all apply, each once, or `None` where there is nothing.
    pub(super) fn all(parts: Vec<Self>) -> Option<Self> {
        let flat = parts.into_iter().flat_map(|part| match part {
            Self::And(parts) => parts,
            other => vec![other],
        });
        joined(flat.collect(), Self::And)
    }

    /// Returns what means that one may be chosen.
    pub(super) fn any(parts: Vec<Self>) -> Option<Self> {
        let flat = parts.into_iter().flat_map(|part| match part {
            Self::Or(parts) => parts,
            other => vec![other],
        });
        joined(flat.collect(), Self::Or)
    }

    /// Returns whether anything in it has an identifier.
    pub(super) fn has_known(&self) -> bool {
        match self {
            Self::Known(_) => true,
            Self::Unknown(_) => false,
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::has_known),
        }
    }

    pub(super) fn is_combined(&self) -> bool {
        matches!(self, Self::And(_) | Self::Or(_))
    }

    /// Collects what stands for unknown texts.
    pub(super) fn references(&self, into: &mut BTreeMap<String, String>) {
        match self {
            Self::Known(_) => {}
            Self::Unknown(text) => drop(into.entry(reference(text)).or_insert_with(|| text.clone())),
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.references(into)),
        }
    }
}

fn joined(parts: Vec<Tree>, join: fn(Vec<Tree>) -> Tree) -> Option<Tree> {
    let mut once: Vec<Tree> = vec![];
    for part in parts {
        if !once.contains(&part) {
            once.push(part);
        }
    }
    if once.len() > 1 { Some(join(once)) } else { once.pop() }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, operator) = match self {
            Self::Known(text) => return f.write_str(text),
            Self::Unknown(text) => return f.write_str(&reference(text)),
            Self::And(parts) => (parts, " AND "),
            Self::Or(parts) => (parts, " OR "),
        };
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                f.write_str(operator)?;
            }
            // AND binds closer than OR; parentheses are written only where they change the meaning.
            if matches!((self, part), (Self::And(_), Self::Or(_))) {
                write!(f, "({part})")?;
            } else {
                write!(f, "{part}")?;
            }
        }
        Ok(())
    }
}

/// Returns the reference for a text: its letters and digits, and a part of its SHA-256 where that loses more than case
/// and spaces.
pub(super) fn reference(text: &str) -> String {
    let mut slug = String::new();
    let mut is_lossy = false;
    for c in text.trim().chars() {
        if c.is_ascii_alphanumeric() || c == '.' {
            slug.push(c);
        } else {
            is_lossy |= !(c.is_whitespace() || c == '-');
            if !slug.ends_with('-') {
                slug.push('-');
            }
        }
        if slug.len() >= SLUG_CHARACTERS_MAX {
            is_lossy = true;
            break;
        }
    }
    let slug = slug.trim_matches('-');
    if is_lossy || slug.is_empty() {
        let hash = Sha256::digest(text.as_bytes());
        let hash = hex::encode(&hash[..4]);
        let slug = if slug.is_empty() { String::new() } else { format!("{slug}-") };
        return format!("{PREFIX}{slug}{hash}");
    }
    format!("{PREFIX}{slug}")
}
