//! Looks one licence up: identifier, exception, address, name.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::tree::Tree;
use super::{gnu, key, names};

/// Identifiers of SPDX's list that are deprecated, with what took their place.
const DEPRECATED: [(&str, &str); 13] = [
    ("bsd-2-clause-freebsd", "BSD-2-Clause-Views"),
    ("bsd-2-clause-netbsd", "BSD-2-Clause"),
    ("bzip2-1.0.5", "bzip2-1.0.6"),
    ("ecos-2.0", "GPL-2.0-or-later WITH eCos-exception-2.0"),
    ("gpl-2.0-with-autoconf-exception", "GPL-2.0-only WITH Autoconf-exception-2.0"),
    ("gpl-2.0-with-bison-exception", "GPL-2.0-only WITH Bison-exception-2.2"),
    ("gpl-2.0-with-classpath-exception", "GPL-2.0-only WITH Classpath-exception-2.0"),
    ("gpl-2.0-with-font-exception", "GPL-2.0-only WITH Font-exception-2.0"),
    ("gpl-2.0-with-gcc-exception", "GPL-2.0-only WITH GCC-exception-2.0"),
    ("gpl-3.0-with-autoconf-exception", "GPL-3.0-only WITH Autoconf-exception-3.0"),
    ("gpl-3.0-with-gcc-exception", "GPL-3.0-only WITH GCC-exception-3.1"),
    ("standardml-nj", "SMLNJ"),
    ("wxwindows", "LGPL-2.0-or-later WITH WxWindows-exception-3.1"),
];

/// Names of exceptions that have but one meaning, by key.
const EXCEPTIONS: [(&str, &str); 16] = [
    ("bison 2.2 exception", "Bison-exception-2.2"),
    ("classpath", "Classpath-exception-2.0"),
    ("classpath exception", "Classpath-exception-2.0"),
    ("classpath exception 2.0", "Classpath-exception-2.0"),
    ("cpe", "Classpath-exception-2.0"),
    ("font exception", "Font-exception-2.0"),
    ("gcc runtime 3.1 exception", "GCC-exception-3.1"),
    ("gcc runtime library exception 3.1", "GCC-exception-3.1"),
    ("gnu classpath exception", "Classpath-exception-2.0"),
    ("libtool exception", "Libtool-exception"),
    ("linux syscall note", "Linux-syscall-note"),
    ("linux syscall note exception", "Linux-syscall-note"),
    ("llvm exception", "LLVM-exception"),
    ("llvm exceptions", "LLVM-exception"),
    ("texinfo exception", "Texinfo-exception"),
    ("u boot exception", "u-boot-exception-2.0"),
];

/// Returns the licence a text names, or `None`.
pub(super) fn recognise(text: &str) -> Option<Tree> {
    let text = text.trim().trim_matches(['"', '\'']).trim();
    let known = single(text).or_else(|| with_exception(text)).map(Tree::Known);
    known.or_else(|| several(text)).or_else(|| with_abbreviation(text))
}

fn single(text: &str) -> Option<String> {
    identifier(text)
        .or_else(|| key::address(text).and_then(|address| of_address(&address)))
        .or_else(|| name(text))
}

/// Returns the identifier as the list writes it; an identifier of GNU's without `only` or `or-later` means the former.
fn identifier(text: &str) -> Option<String> {
    if let Some(reference) = text.strip_prefix("LicenseRef-") {
        let fits = !reference.is_empty()
            && reference.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
        return fits.then(|| text.to_owned());
    }
    let lower = text.to_ascii_lowercase();
    if let Some((_, current)) = DEPRECATED.iter().find(|(old, _)| *old == lower) {
        return Some((*current).to_owned());
    }
    let (base, is_later) = lower.strip_suffix('+').map_or((lower.as_str(), false), |base| (base, true));
    let listed = listed();
    let id = listed.identifiers.get(base).or_else(|| listed.identifiers.get(&format!("{base}.0")))?;
    let suffix = if is_later { "+" } else { "" };
    let id = spdx::license_id(id)?;
    if id.is_gnu() && id.is_deprecated() {
        return gnu::recognise(&key::key(text));
    }
    let is_unusable = id.is_deprecated() || (is_later && id.is_gnu());
    (!is_unusable).then(|| format!("{}{suffix}", id.name))
}

/// What SPDX's list has, by lower-case identifier, and by key of the full name where that is one licence's alone.
struct Listed {
    identifiers: HashMap<String, &'static str>,
    names: HashMap<String, Option<&'static str>>,
}

fn listed() -> &'static Listed {
    static LISTED: OnceLock<Listed> = OnceLock::new();
    LISTED.get_or_init(|| {
        let count = spdx::identifiers::LICENSES.len();
        let mut listed =
            Listed { identifiers: HashMap::with_capacity(count), names: HashMap::with_capacity(count) };
        for license in spdx::identifiers::LICENSES {
            listed.identifiers.insert(license.name.to_ascii_lowercase(), license.name);
            let is_current = spdx::license_id(license.name).is_some_and(|id| !id.is_deprecated());
            if is_current {
                // A single word is the name of many things: of `NIST Software License` only `nist` is left.
                let key = key::key(license.full_name);
                let key = if key.contains(' ') { key } else { license.full_name.to_lowercase() };
                listed.names.entry(key).and_modify(|of| *of = None).or_insert(Some(license.name));
            }
        }
        listed
    })
}

/// Returns the identifier for a name in words.
fn name(text: &str) -> Option<String> {
    let text = names::python::without_prefix(text);
    let key = key::key(text.strip_suffix(" + file LICENSE").unwrap_or(text));
    let tables = names::ALL.iter().find_map(|table| {
        let at = table.binary_search_by(|(name, _)| (*name).cmp(key.as_str())).ok()?;
        Some(table[at].1.to_owned())
    });
    let names = &listed().names;
    let listed = || names.get(&key).or_else(|| names.get(&text.to_lowercase())).copied().flatten();
    let listed = || listed().map(str::to_owned);
    tables.or_else(|| gnu::recognise(&key)).or_else(listed).or_else(|| spelled(&key))
}

/// Reads an identifier that is written with other marks: `EPL 2.0`, `MPLv1.1`, `BSD_3_clause`.
fn spelled(key: &str) -> Option<String> {
    let dashed = key.replace(' ', "-");
    let glued = || {
        let at = key.find(|c: char| c.is_ascii_digit()).filter(|at| *at > 0 && !key.contains(' '))?;
        let (word, number) = key.split_at(at);
        identifier(&format!("{}-{number}", word.strip_suffix('v').unwrap_or(word)))
    };
    identifier(&dashed).or_else(glued)
}

/// Sites that have one page for each identifier.
const SITES: [&str; 5] = [
    "choosealicense.com/licenses/",
    "licenses.nuget.org/",
    "opensource.org/license/",
    "opensource.org/licenses/",
    "spdx.org/licenses/",
];

fn of_address(address: &str) -> Option<String> {
    if let Ok(at) = names::ADDRESSES.binary_search_by(|(known, _)| (*known).cmp(address)) {
        return Some(names::ADDRESSES[at].1.to_owned());
    }
    if let Some(id) = SITES.iter().find_map(|site| address.strip_prefix(site)) {
        return identifier(id);
    }
    creative_commons(address)
}

/// Reads `creativecommons.org/licenses/by-sa/4.0/legalcode`; ported versions (`3.0/de`) have identifiers of their own.
fn creative_commons(address: &str) -> Option<String> {
    let rest = address.strip_prefix("creativecommons.org/licenses/")?;
    let rest = rest.strip_suffix("/legalcode").or_else(|| rest.strip_suffix("/deed")).unwrap_or(rest);
    let (kind, version) = rest.split_once('/')?;
    identifier(&format!("cc-{kind}-{}", version.replace('/', "-")))
}

/// Reads `GPL-2.0-only WITH Classpath-exception-2.0`, `GPL-2+ with Font exception`, `GPL2 w/ CPE`.
fn with_exception(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let (at, length) = [" with the ", " with ", " w/ the ", " w/ ", " w/"]
        .iter()
        .find_map(|word| lower.find(word).map(|at| (at, word.len())))?;
    let base = text[..at].trim_end_matches(',');
    let base = identifier(base).or_else(|| name(base)).filter(|base| !base.contains(' '))?;
    let exception = exception(text[at + length..].trim())?;
    Some(format!("{base} WITH {exception}"))
}

fn exception(text: &str) -> Option<&'static str> {
    let all = spdx::identifiers::EXCEPTIONS;
    let listed = all
        .iter()
        .find(|exception| exception.name.eq_ignore_ascii_case(text))
        .map(|exception| exception.name);
    let key = key::key(text);
    listed.or_else(|| EXCEPTIONS.iter().find(|(name, _)| *name == key).map(|(_, id)| *id))
}

/// Reads names that stand for a choice (`Perl`).
fn several(text: &str) -> Option<Tree> {
    let key = key::key(text);
    let (_, ids) = names::CHOICES.iter().find(|(name, _)| *name == key)?;
    Tree::any(ids.iter().map(|id| Tree::Known((*id).to_owned())).collect())
}

/// Reads `Name (abbreviation)`, where both are one or only one of them is known.
fn with_abbreviation(text: &str) -> Option<Tree> {
    let (name, abbreviation) = text.strip_suffix(')')?.rsplit_once('(')?;
    let (name, abbreviation) = (single(name.trim()), single(abbreviation.trim()));
    match (name, abbreviation) {
        (Some(name), Some(abbreviation)) if name != abbreviation => None,
        (name, abbreviation) => name.or(abbreviation).map(Tree::Known),
    }
}
