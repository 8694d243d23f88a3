//! Single licences as SPDX identifiers name them, with versions and exceptions taken apart (SPDX 2.3, annex D.2 and D.4).

use std::fmt;
use std::str::FromStr;

/// One licence: an identifier of SPDX's list, perhaps with `+` and with an exception, or a `LicenseRef-…`.
///
/// `GPL-2.0-or-later WITH Classpath-exception-2.0` has the base `GPL`, version 2.0 and later ones, and an exception.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term {
    text: String,
    base: String,
    /// Absent where the identifier has none, or none that says what a later one is (`BSD-3-Clause` counts clauses).
    version: Option<Vec<u32>>,
    /// What stands behind the version, `no-invariants` of `GFDL-1.3-no-invariants-only`.
    suffix: String,
    is_later: bool,
    exception: Option<String>,
}

/// Says that a text is no identifier of a licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TermError {
    #[error(
        "no current identifier of the SPDX licence list, and no `LicenseRef-…` of letters, digits, `.` and `-`"
    )]
    Licence,
    #[error("what stands behind `WITH` is no current exception of the SPDX list")]
    Exception,
    #[error("several licences: write one an entry")]
    Several,
}

/// What every reference begins with that stands for a text without an identifier.
const UNREADABLE: &str = "LicenseRef-fondaco-";

impl Term {
    /// Returns whether it stands for a text that names no licence of the list.
    pub fn is_unreadable(&self) -> bool {
        self.text.starts_with(UNREADABLE)
    }

    /// Returns whether it is an identifier with an exception.
    pub(super) const fn has_exception(&self) -> bool {
        self.exception.is_some()
    }

    /// Returns the licences that may be chosen: itself, or with `or-later` every listed one of its family from its
    /// version on.
    pub(super) fn choices(&self) -> Vec<Self> {
        let alone = || vec![Self { is_later: false, ..self.clone() }];
        if !self.is_later || self.version.is_none() {
            return alone();
        }
        let listed = spdx::identifiers::LICENSES.iter().filter(|listed| listed.name.starts_with(&self.base));
        let listed = listed.filter_map(|listed| listed.name.parse::<Self>().ok());
        let chosen = listed.filter(|other| !other.is_later && self.is_family_of(other));
        let chosen: Vec<Self> = chosen
            .filter(|other| other.version >= self.version)
            .map(|other| Self { exception: self.exception.clone(), ..other })
            .collect();
        if chosen.is_empty() { alone() } else { chosen }
    }

    /// Returns whether this, as an entry of a list, means one licence that may be chosen. A licence with an exception is
    /// meant by the bare licence, too: exceptions only add to what it permits.
    pub(super) fn means(&self, choice: &Self) -> bool {
        let version =
            if self.is_later { choice.version >= self.version } else { choice.version == self.version };
        self.is_family_of(choice)
            && version
            && (self.exception.is_none() || self.exception == choice.exception)
    }

    fn is_family_of(&self, other: &Self) -> bool {
        self.base == other.base
            && self.suffix == other.suffix
            && self.version.is_some() == other.version.is_some()
    }
}

impl FromStr for Term {
    type Err = TermError;

    fn from_str(text: &str) -> Result<Self, TermError> {
        if text.contains(" AND ") || text.contains(" OR ") {
            return Err(TermError::Several);
        }
        let (licence, exception) = match text.split_once(" WITH ") {
            Some((licence, exception)) => (licence, Some(exception)),
            None => (text, None),
        };
        let is_current =
            |name: &str| spdx::exception_id(name).is_some_and(|id| id.name == name && !id.is_deprecated());
        if exception.is_some_and(|name| !is_current(name)) {
            return Err(TermError::Exception);
        }
        let (licence, is_later) = identifier(licence)?;
        let (base, version, suffix) = parts(licence);
        Ok(Self {
            text: text.to_owned(),
            base: base.to_owned(),
            version,
            suffix: suffix.to_owned(),
            is_later,
            exception: exception.map(str::to_owned),
        })
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Returns the identifier without what says `only` or `or later`, and whether it is the latter.
fn identifier(text: &str) -> Result<(&str, bool), TermError> {
    if let Some(reference) = text.strip_prefix("LicenseRef-") {
        let is_plain = reference.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
        return if is_plain && !reference.is_empty() { Ok((text, false)) } else { Err(TermError::Licence) };
    }
    // SPDX's list has these two among the licences, and they are none.
    if matches!(text, "NONE" | "NOASSERTION") {
        return Err(TermError::Licence);
    }
    let (name, has_plus) = text.strip_suffix('+').map_or((text, false), |name| (name, true));
    let id = spdx::license_id(name).filter(|id| id.name == name && !id.is_deprecated());
    let id = id.ok_or(TermError::Licence)?;
    if !id.is_gnu() {
        return Ok((name, has_plus));
    }
    if has_plus {
        return Err(TermError::Licence);
    }
    let later = name.strip_suffix("-or-later").map(|name| (name, true));
    Ok(later.or_else(|| name.strip_suffix("-only").map(|name| (name, false))).unwrap_or((name, false)))
}

/// Parts an identifier at its version, `CC-BY-SA-3.0-DE` into `CC-BY-SA`, 3.0 and `DE`.
fn parts(identifier: &str) -> (&str, Option<Vec<u32>>, &str) {
    let mut at = 0;
    for part in identifier.split('-') {
        let behind = at + part.len();
        let numbers: Option<Vec<u32>> = part.split('.').map(|number| number.parse().ok()).collect();
        if let Some(numbers) = numbers.filter(|numbers| numbers.len() > 1 && at > 0) {
            let suffix = identifier.get(behind + 1..).unwrap_or_default();
            return (&identifier[..at - 1], Some(numbers), suffix);
        }
        at = behind + 1;
    }
    (identifier, None, "")
}
