//! Whom a policy trusts: a subset of a certificate's distinguished name
//! (`specs/trust-store-trust-policy.md`, "Trusted Identities Constraints").

use std::{collections::BTreeMap, fmt::Write as _};

use x509_cert::{
    der::{
        Tag, Tagged,
        oid::{ObjectIdentifier, db::rfc4519},
    },
    name::Name,
};

use crate::model::foreign::is_deceptive;

/// What every identity starts with; the other kinds belong to plug-ins.
const PREFIX: &str = "x509.subject:";

/// The attributes that an identity may name, in the words of RFC 4514, section 3, and what `openssl` adds to them.
const KINDS: [(&str, ObjectIdentifier); 11] = [
    ("C", rfc4519::C),
    ("CN", rfc4519::CN),
    ("DC", rfc4519::DC),
    ("L", rfc4519::L),
    ("O", rfc4519::O),
    ("OU", rfc4519::OU),
    ("POSTALCODE", rfc4519::POSTAL_CODE),
    ("SERIALNUMBER", rfc4519::SERIAL_NUMBER),
    ("ST", rfc4519::ST),
    ("STREET", rfc4519::STREET),
    ("UID", rfc4519::UID),
];

/// A distinguished name's attributes by short name, such as `CN`.
type Attributes = BTreeMap<String, String>;

/// One accepted identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Identity {
    /// `*`: everybody whom the trust store's authorities have certified.
    Any,
    /// Each attribute must be in the certificate's subject with this value.
    Subject(Attributes),
}

impl Identity {
    /// Reads `*` or `x509.subject: C=DE, O=Example`, in the syntax of RFC 4514.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text == "*" {
            return Ok(Self::Any);
        }
        let name = text
            .strip_prefix(PREFIX)
            .ok_or_else(|| format!("expected `{PREFIX}` and a distinguished name, or `*`"))?;
        let mut attributes = Attributes::new();
        for part in split(name) {
            let (kind, value) = attribute(&part)?;
            if attributes.insert(kind.clone(), value).is_some() {
                return Err(format!("`{kind}` occurs twice"));
            }
        }
        Ok(Self::Subject(attributes))
    }

    /// Returns a subject as the narrowest identity that accepts it: every part of it that an identity can name, in its
    /// order. `None` where there is no such part.
    pub(super) fn written(subject: &Name) -> Option<String> {
        let found = attributes_of(subject);
        let attributes = subject.0.iter().flat_map(|part| part.0.iter());
        let kinds = attributes.filter_map(|attribute| KINDS.iter().find(|(_, oid)| *oid == attribute.oid));
        let parts: Vec<String> = kinds
            .filter_map(|(kind, _)| match found.get(kind)?.as_slice() {
                [only] if !only.is_empty() => Some(format!("{kind}={}", escaped(only))),
                _ => None,
            })
            .collect();
        let text = format!("{PREFIX} {}", parts.join(", "));
        let accepts = Self::parse(&text).is_ok_and(|identity| identity.matches(subject));
        accepts.then_some(text)
    }

    /// Returns whether a certificate's subject is meant.
    pub(super) fn matches(&self, subject: &Name) -> bool {
        match self {
            Self::Any => true,
            Self::Subject(wanted) => {
                let found = attributes_of(subject);
                wanted.iter().all(|(kind, value)| {
                    // An attribute that occurs twice could be read either way.
                    matches!(found.get(kind.as_str()).map(Vec::as_slice), Some([only]) if only == value)
                })
            }
        }
    }
}

/// Splits at commas that are not escaped. Escapes stay.
fn split(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for c in name.chars() {
        if c == ',' && !escaped {
            parts.push(String::new());
            continue;
        }
        escaped = c == '\\' && !escaped;
        parts.last_mut().expect("starts with one part and only grows").push(c);
    }
    parts
}

/// Reads `O=Example\, Inc.`.
fn attribute(part: &str) -> Result<(String, String), String> {
    let (kind, value) = part.split_once('=').ok_or_else(|| format!("`{}` has no `=`", part.trim()))?;
    let kind = match kind.trim().to_ascii_uppercase() {
        kind if kind.is_empty() => return Err(format!("`{}` has no name before `=`", part.trim())),
        kind if kind == "S" => "ST".to_owned(),
        kind => kind,
    };
    if !KINDS.iter().any(|(known, _)| *known == kind) {
        return Err(format!("`{kind}` is no known part of a name"));
    }
    let value = unescaped(value.trim())?;
    if value.is_empty() { Err(format!("`{kind}` has no value")) } else { Ok((kind, value)) }
}

/// Undoes the escapes of RFC 4514, section 2.4: a backslash before a special character or before two hex digits.
fn unescaped(value: &str) -> Result<String, String> {
    if value.starts_with('#') {
        return Err("values in hexadecimal (`#…`) are not read".to_owned());
    }
    let bytes = value.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'+' => return Err("names of several parts (`+`) are not read".to_owned()),
            b'\\' => {
                let (unescaped, length) = escape(&bytes[at + 1..]).ok_or("`\\` escapes nothing")?;
                out.push(unescaped);
                at += length;
            }
            _ => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8(out).map_err(|_| "the escapes are not UTF-8".to_owned())
}

/// Escapes a value as [`unescaped`] reads it. What could change how the line looks is written as its bytes.
fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut out = String::with_capacity(value.len());
    for (at, c) in value.chars().enumerate() {
        let edge = at == 0 || at == last;
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', c]),
            '#' if at == 0 => out.push_str("\\#"),
            c if is_deceptive(c) || (edge && c.is_whitespace()) => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    let _ = write!(out, "\\{byte:02X}");
                }
            }
            c => out.push(c),
        }
    }
    out
}

/// Returns the byte that an escape stands for, and how many bytes follow the backslash.
fn escape(rest: &[u8]) -> Option<(u8, usize)> {
    let hex = rest.get(..2).and_then(|pair| hex::decode(pair).ok()).and_then(|bytes| bytes.first().copied());
    match (hex, rest.first()) {
        (Some(byte), _) => Some((byte, 2)),
        (None, Some(byte)) if b" \"#+,;<=>\\".contains(byte) => Some((*byte, 1)),
        _ => None,
    }
}

/// Returns the known attributes of a subject, each with every value it has.
fn attributes_of(subject: &Name) -> BTreeMap<&'static str, Vec<String>> {
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for attribute in subject.0.iter().flat_map(|part| part.0.iter()) {
        let Some((kind, _)) = KINDS.iter().find(|(_, oid)| *oid == attribute.oid) else { continue };
        let readable =
            matches!(attribute.value.tag(), Tag::Utf8String | Tag::PrintableString | Tag::Ia5String);
        // An unreadable value still makes a second one ambiguous.
        let text = if readable { std::str::from_utf8(attribute.value.value()).unwrap_or("") } else { "" };
        found.entry(kind).or_default().push(text.to_owned());
    }
    found
}
