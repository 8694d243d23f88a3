//! The licences of the GNU project, which everybody abbreviates in ways of their own: `GPLv2+`, `LGPL-2.1`,
//! `GNU General Public License v3 or later (GPLv3+)`, `GPL (>= 2)`.

/// The ways to name a family, as in a key; longer ones first. With the family as SPDX has it.
const FAMILIES: [(&str, &str); 20] = [
    ("affero general public", "AGPL"),
    ("affero gpl", "AGPL"),
    ("library or lesser general public", "LGPL"),
    ("lesser or library general public", "LGPL"),
    ("lesser general public", "LGPL"),
    ("library general public", "LGPL"),
    ("lesser gpl", "LGPL"),
    ("library gpl", "LGPL"),
    ("free documentation", "GFDL"),
    ("general public", "GPL"),
    ("agpl", "AGPL"),
    ("lgpl", "LGPL"),
    ("gfdl", "GFDL"),
    ("fdl", "GFDL"),
    ("gpl", "GPL"),
    // Names behind a comma, and a repeated abbreviation, are taken off before.
    ("affero public", "AGPL"),
    ("lesser public", "LGPL"),
    ("library public", "LGPL"),
    ("lesser", "LGPL"),
    ("affero", "AGPL"),
];

/// Ends of a name that let a later version be chosen.
const LATER: [&str; 16] = [
    "+",
    "or later",
    "and later",
    "or newer",
    "or above",
    "or greater",
    "or higher",
    "or any later",
    "or any newer",
    "and any later",
    "and newer",
    "or later versions",
    "or at your option any later",
    "at your option any later",
    "or at your option later",
    "later",
];

/// The versions there are.
const VERSIONS: [(&str, &[&str]); 4] = [
    ("AGPL", &["1.0", "3.0"]),
    ("GFDL", &["1.1", "1.2", "1.3"]),
    ("GPL", &["1.0", "2.0", "3.0"]),
    ("LGPL", &["2.0", "2.1", "3.0"]),
];

/// Returns the identifier for the key of a name. A name without a version is none, but for `GPL+` and `LGPL+`, which
/// Fedora defines as any version.
pub(super) fn recognise(key: &str) -> Option<String> {
    let key = key.strip_prefix("gnu ").unwrap_or(key);
    let (family, rest) = family(key)?;
    match (family, rest) {
        ("GPL", "+") => return Some("GPL-1.0-or-later".to_owned()),
        ("LGPL", "+") => return Some("LGPL-2.0-or-later".to_owned()),
        _ => {}
    }
    let (is_without_invariants, rest) = match rest.strip_prefix("niv ") {
        Some(rest) if family == "GFDL" => (true, rest),
        _ => (false, rest),
    };
    let (is_at_least, rest) = rest.strip_prefix("ge ").map_or((false, rest), |rest| (true, rest));
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
    let (number, tail) = rest.split_at(end);
    let version = version(family, number)?;
    let tail = tail.trim();
    let is_later = match tail {
        "" => is_at_least,
        "only" => false,
        _ if LATER.contains(&tail) => true,
        _ => return None,
    };
    let invariants = if is_without_invariants { "-no-invariants" } else { "" };
    let id = format!("{family}-{version}{invariants}-{}", if is_later { "or-later" } else { "only" });
    spdx::license_id(&id).map(|id| id.name.to_owned())
}

/// Takes a family's name off the front, and its abbreviation behind the name.
fn family(key: &str) -> Option<(&'static str, &str)> {
    let (name, family) = FAMILIES.iter().find(|(name, _)| starts_with_name(key, name))?;
    let rest = key[name.len()..].trim_start();
    let abbreviation = family.to_lowercase();
    let rest = match rest.strip_prefix(abbreviation.as_str()) {
        Some(behind) if behind.is_empty() || behind.starts_with(' ') => behind.trim_start(),
        _ => rest,
    };
    // `gplv2`: a version may be glued to an abbreviation.
    let glued = rest.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    Some((family, glued.unwrap_or(rest)))
}

fn starts_with_name(key: &str, name: &str) -> bool {
    let Some(rest) = key.strip_prefix(name) else { return false };
    let may_be_glued = !name.contains(' ') && name.ends_with('l');
    rest.is_empty()
        || rest.starts_with(' ')
        || (may_be_glued && rest.starts_with(|c: char| c.is_ascii_digit() || c == 'v' || c == '+'))
}

fn version(family: &str, number: &str) -> Option<&'static str> {
    let (_, versions) = VERSIONS.iter().find(|(of, _)| *of == family)?;
    let number = number.strip_suffix(".0.0").unwrap_or(number);
    let is_it = |version: &&&str| **version == number || version.strip_suffix(".0") == Some(number);
    versions.iter().find(is_it).copied()
}
