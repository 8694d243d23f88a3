//! Checks that several profiles share.

use super::{
    document::{Component, Document, Format, Hash, Identifier, IdentifierKind, Party},
    field::Verdict,
    node::Text,
    words,
};

/// Time of the SBOM, in RFC 3339.
pub(super) fn timestamp(document: &Document) -> Verdict {
    match &document.timestamp {
        None => Verdict::short(&document.creation, "", "add the time at which the SBOM was made"),
        Some(text) if words::is_time(&text.value) => Verdict::met_by(text),
        Some(text) => {
            Verdict::short(&text.pointer, &text.value, "write it as RFC 3339: `2026-01-31T12:00:00Z`")
        }
    }
}

/// Somebody who can be written to: an e-mail address, else a URL.
pub(super) fn contact(parties: &[Party], pointer: &str) -> Verdict {
    let reachable = |party: &&Party| !party.emails.is_empty() || !party.urls.is_empty();
    let Some(party) = parties.iter().find(reachable).or_else(|| parties.first()) else {
        return Verdict::short(pointer, "", "name who made it, with an e-mail address or else a URL");
    };
    if let Some(email) = party.emails.iter().find(|email| !words::is_email(&email.value)) {
        return Verdict::short(&email.pointer, &email.value, "not an e-mail address");
    }
    if let Some(url) = party.urls.iter().find(|url| !words::is_web_url(&url.value)) {
        return Verdict::short(&url.pointer, &url.value, "not a URL with `https://` and a host");
    }
    let aside = |text: &Text| Verdict::met_by(&text.clone().with_aside(party.aside));
    match (party.emails.first(), party.urls.first(), &party.name) {
        (Some(email), Some(_), _) if party.aside.is_none() => Verdict::noted(
            &party.pointer,
            &email.value,
            "an e-mail address and a URL: the text asks for the URL only where there is no address",
        ),
        (Some(text), ..) | (None, Some(text), _) => aside(text),
        (None, None, Some(name)) if words::is_unknown(&name.value) => {
            Verdict::unknown(&name.pointer, &name.value)
        }
        (None, None, name) => {
            let name = name.as_ref().map_or("", |name| &name.value);
            Verdict::short(&party.pointer, name, "add an e-mail address or else a URL")
        }
    }
}

/// Somebody with a name, or with an address in place of one.
pub(super) fn named(parties: &[Party], pointer: &str, hint: &str) -> Verdict {
    let mut names = parties
        .iter()
        .filter_map(|party| party.name.as_ref().or(party.emails.first()).or(party.urls.first()))
        .peekable();
    let Some(first) = names.peek().copied() else { return Verdict::short(pointer, "", hint) };
    match names.find(|name| !words::is_unknown(&name.value)) {
        Some(name) => Verdict::met(&name.pointer),
        None => Verdict::unknown(&first.pointer, &first.value),
    }
}

pub(super) fn name(_: &Document, _: usize, component: &Component) -> Verdict {
    match &component.name {
        Some(name) => Verdict::met(&name.pointer),
        None => Verdict::short(&component.pointer, "", "give it a name, or its filename"),
    }
}

pub(super) fn version(_: &Document, _: usize, component: &Component) -> Verdict {
    match &component.version {
        None => Verdict::short(
            &component.pointer,
            "",
            "give its version; where it has none, the time of its file's last change",
        ),
        Some(version) if words::is_unknown(&version.value) => {
            Verdict::unknown(&version.pointer, &version.value)
        }
        Some(version) => Verdict::met(&version.pointer),
    }
}

pub(super) fn identifiers(_: &Document, _: usize, component: &Component) -> Verdict {
    let broken = |identifier: &&Identifier| match identifier.kind {
        IdentifierKind::Purl => !words::is_purl(&identifier.text.value),
        IdentifierKind::Cpe => !words::is_cpe(&identifier.text.value),
        IdentifierKind::Other => false,
    };
    match (component.identifiers.iter().find(broken), component.identifiers.first()) {
        (Some(broken), _) => {
            let hint = match broken.kind {
                IdentifierKind::Purl => "not a package URL",
                _ => "neither a CPE 2.3 nor a CPE 2.2 name",
            };
            Verdict::short(&broken.text.pointer, &broken.text.value, hint)
        }
        (None, Some(first)) => Verdict::met(&first.text.pointer),
        (None, None) => Verdict::not_judged(&component.pointer),
    }
}

/// Says what a component needs or contains, and can be come to from what the SBOM is about.
pub(super) fn dependencies(document: &Document, index: usize, component: &Component) -> Verdict {
    let pointer = &component.pointer;
    if component.reference.is_none() {
        let hint =
            "it has no reference (`bom-ref`, `SPDXID`, `spdxId`), so nothing can be said of its dependencies";
        return Verdict::short(pointer, "", hint);
    }
    // SPDX 2 knows no empty entry: a leaf is what others need and what needs nothing itself.
    let is_leaf = document.format == Format::Spdx2
        && document.primary.is_some_and(|primary| primary != index)
        && document.reached[index];
    if !component.stated && !is_leaf {
        return Verdict::short(pointer, "", "say what it needs; what needs nothing has an empty entry");
    }
    if !document.reached[index] {
        return Verdict::short(pointer, "", "no path leads here from the component that the SBOM is about");
    }
    Verdict::met(pointer)
}

/// Says how complete the list of its dependencies is.
pub(super) fn completeness(_: &Document, _: usize, component: &Component) -> Verdict {
    let said = &component.completeness;
    match (&said.unknown, &said.clear, &said.other) {
        (Some(unknown), ..) => Verdict::unknown(&unknown.pointer, &unknown.value),
        (None, Some(clear), _) => Verdict::met(&clear.pointer),
        (None, None, Some(other)) => {
            Verdict::short(&other.pointer, &other.value, "this says nothing clearly")
        }
        // That nothing is said of its dependencies at all is the matter of another field.
        (None, None, None) if !component.stated => Verdict::not_judged(&component.pointer),
        (None, None, None) => Verdict::short(
            &component.pointer,
            "",
            "say whether the list of its dependencies is complete, incomplete or unknown",
        ),
    }
}

/// A hash of a secure algorithm among these, or the fault of the first.
pub(super) fn secure_hash<'a>(
    hashes: impl Iterator<Item = &'a Hash>,
    wanted: Option<&str>,
) -> Option<Result<&'a Hash, (&'a Hash, &'static str)>> {
    let mut first = None;
    for hash in hashes {
        let fault = match words::hash_fault(&hash.algorithm, &hash.text.value) {
            None if wanted.is_some_and(|wanted| words::algorithm(&hash.algorithm) != wanted) => {
                Some("not SHA-512")
            }
            fault => fault,
        };
        match fault {
            None => return Some(Ok(hash)),
            Some(fault) => first = first.or(Some((hash, fault))),
        }
    }
    first.map(Err)
}

/// Where there are URIs, one of them is written as such.
pub(super) fn uri(texts: &[Text], component: &Component, valid: fn(&str) -> bool) -> Verdict {
    match (texts.iter().find(|text| valid(&text.value)), texts.first()) {
        (Some(text), _) => Verdict::met_by(text),
        (None, Some(text)) => {
            Verdict::short(&text.pointer, &text.value, "not a URI with a scheme and a host or path")
        }
        (None, None) => Verdict::not_judged(&component.pointer),
    }
}
