//! Whether a value is written as its standard says: e-mail addresses, URLs, times, licences, hashes, identifiers.

use std::str::FromStr as _;

use packageurl::PackageUrl;
use spdx::{Expression, ParseMode};

/// The longest value that is looked into. Real licence expressions stay below 4 kB, and one may be named by every
/// component.
const VALUE_BYTES_MAX: usize = 8 << 10;

/// Algorithms that count as cryptographically secure, with the hexadecimal digits of their values, named without
/// hyphens and in lower case. MD5, SHA-1 and the checksums of SPDX (Adler-32, MD2, MD4, MD6) do not.
const SECURE: [(&str, usize); 13] = [
    ("sha224", 56),
    ("sha256", 64),
    ("sha384", 96),
    ("sha512", 128),
    ("sha3224", 56),
    ("sha3256", 64),
    ("sha3384", 96),
    ("sha3512", 128),
    ("blake2b256", 64),
    ("blake2b384", 96),
    ("blake2b512", 128),
    ("blake3", 64),
    ("streebog512", 128),
];

/// An address as RFC 5321 writes it, without quotes, comments and address literals: `local@labels.of.a.domain`.
pub(in super::super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-.".contains(c);
    let local_ok = (1..=64).contains(&local.len())
        && local.chars().all(|c| atom(c) || !c.is_ascii())
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || !c.is_ascii())
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    local_ok && domain.len() <= 253 && domain.contains('.') && domain.split('.').all(label)
}

/// A URL of the web.
pub(in super::super) fn is_web_url(text: &str) -> bool {
    let parsed = || url::Url::parse(text).ok().filter(url::Url::has_host);
    is_plain(text) && parsed().is_some_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// A URI with a scheme and something behind it: `https://…`, `oci://…`, `git+https://…`, `urn:…`.
pub(super) fn is_uri(text: &str) -> bool {
    let parsed = || url::Url::parse(text).ok();
    is_plain(text) && parsed().is_some_and(|url| url.has_host() || !matches!(url.path(), "" | "/"))
}

fn is_plain(text: &str) -> bool {
    text.len() <= VALUE_BYTES_MAX && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// `urn:uuid:` and a UUID as RFC 4122 writes it.
pub(super) fn is_serial_number(text: &str) -> bool {
    let Some(uuid) = text.strip_prefix("urn:uuid:") else { return false };
    let groups: Vec<&str> = uuid.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// A time as RFC 3339, section 5.6, writes it, with `T` and an offset.
pub(super) fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shape = |at: usize| match at {
        4 | 7 => bytes[at] == b'-',
        10 => matches!(bytes[at], b'T' | b't'),
        13 | 16 => bytes[at] == b':',
        _ => bytes[at].is_ascii_digit(),
    };
    if bytes.len() < 20 || bytes.len() > 64 || !(0..19).all(shape) {
        return false;
    }
    let rest = &text[19..];
    let fraction = rest.strip_prefix('.').map(|f| f.trim_start_matches(|c: char| c.is_ascii_digit()));
    let offset = match fraction {
        Some(offset) if offset.len() + 1 == rest.len() => return false,
        Some(offset) => offset,
        None => rest,
    };
    // A leap second is a time too, but none that a calendar library reads.
    let calendar = text.replacen(":60", ":59", 1).parse::<crate::model::Instant>().is_ok();
    let numeric = |offset: &str| {
        let b = offset.as_bytes();
        b.len() == 6
            && matches!(b[0], b'+' | b'-')
            && b[3] == b':'
            && [1, 2, 4, 5].iter().all(|at| b[*at].is_ascii_digit())
    };
    calendar && (matches!(offset, "Z" | "z") || numeric(offset))
}

/// Why a licence is not one, or `None`: SPDX identifiers and expressions, and references to licences outside of the
/// list. Deprecated identifiers are still identifiers.
pub(super) fn licence_fault(text: &str) -> Option<&'static str> {
    if matches!(text.to_ascii_uppercase().as_str(), "NONE" | "NOASSERTION") {
        return Some("NONE and NOASSERTION are not accepted");
    }
    if text.len() > VALUE_BYTES_MAX {
        return Some("too long to be a licence expression");
    }
    let mode = ParseMode { allow_deprecated: true, ..ParseMode::STRICT };
    let Ok(expression) = Expression::parse_mode(text, mode) else {
        return Some("neither an SPDX identifier nor an SPDX expression nor a LicenseRef");
    };
    // The parser knows both words as identifiers.
    let is_word = |name: &str| matches!(name, "NONE" | "NOASSERTION");
    let mut ids = expression.requirements().filter_map(|inner| inner.req.license.id());
    ids.any(|id| is_word(id.name)).then_some("NONE and NOASSERTION are not accepted")
}

/// `SHA-512`, `SHA512` and `sha512` are one.
pub(super) fn algorithm(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Why a hash is not one of a secure algorithm, or `None`.
pub(super) fn hash_fault(name: &str, value: &str) -> Option<&'static str> {
    let name = algorithm(name);
    let Some((_, digits)) = SECURE.iter().find(|(secure, _)| *secure == name) else {
        return Some("not a cryptographically secure algorithm");
    };
    match value {
        "" => Some("blank"),
        _ if value.len() != *digits => Some("not as many digits as its algorithm has"),
        _ if !value.bytes().all(|b| b.is_ascii_hexdigit()) => Some("not hexadecimal"),
        _ => None,
    }
}

pub(super) fn is_purl(text: &str) -> bool {
    text.len() <= VALUE_BYTES_MAX && PackageUrl::from_str(text).is_ok()
}

/// A name of CPE 2.2 (`cpe:/a:vendor:product`) or CPE 2.3 (13 parts between unescaped colons).
pub(super) fn is_cpe(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix("cpe:2.3:") {
        let mut escaped = false;
        let colons = rest.chars().filter(|c| {
            let colon = *c == ':' && !escaped;
            escaped = *c == '\\' && !escaped;
            colon
        });
        return colons.count() == 10 && is_plain(text);
    }
    text.strip_prefix("cpe:/").is_some_and(|rest| rest.starts_with(['a', 'o', 'h'])) && is_plain(text)
}

/// A word by which a file says that something is not known.
pub(super) fn is_unknown(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "unknown" | "noassertion")
}

/// A reference that stands for a licence nobody knows, as ScanCode has them (`LicenseRef-scancode-unknown`,
/// `LicenseRef-scancode-unknown-license-reference`): BSI takes it where it takes no `NOASSERTION`.
pub(super) fn is_unknown_licence(text: &str) -> bool {
    let name = text.strip_prefix("LicenseRef-").filter(|name| !name.contains(char::is_whitespace));
    name.is_some_and(|name| name.split('-').any(|part| part.eq_ignore_ascii_case("unknown")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(valid: impl Fn(&str) -> bool, good: &[&str], bad: &[&str]) {
        let wrong: Vec<&&str> =
            good.iter().filter(|text| !valid(text)).chain(bad.iter().filter(|text| valid(text))).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn addresses_and_urls() {
        let bad = ["ironman", "professional.services", "a@b", "@b.example", "a b@c.example", "a@b..example"];
        judged(is_email, &["a@b.example", "a.b+c@x-y.example", "jörg@b.example"], &bad);
        judged(is_email, &[], &["a@-b.example", "a..b@c.example", ".a@b.example", "a@b.example\u{7}", ""]);
        let bad =
            ["not-a-valid-url", "ftp://a.example", "https://", "https://a b.example", "mailto:a@b.example"];
        judged(is_web_url, &["https://example.com", "http://a.example/b?c"], &bad);
        let good = ["git+https://a.example/b.git", "oci://a.example/b@sha256:0", "urn:x:y"];
        let bad = ["not-a-valid-url", "not-a-valid-url/.well-known/security.txt", "/a/b", "x:", "https://"];
        judged(is_uri, &good, &bad);
    }

    #[test]
    fn times_are_those_of_rfc_3339() {
        // Section 5.8 of the RFC.
        let good = [
            "1985-04-12T23:20:50.52Z",
            "1996-12-19T16:39:57-08:00",
            "1990-12-31T23:59:60Z",
            "1937-01-01T12:00:27.87+00:20",
        ];
        let bad = [
            "2025-01-01 00:00:00",
            "2025-01-01 00:00:00Z",
            "2025-01-01",
            "2025-13-01T00:00:00Z",
            "yesterday",
        ];
        judged(is_time, &good, &bad);
        let bad = [
            "2025-01-01T00:00:00",
            "2025-01-01T00:00:00.Z",
            "2025-01-01T00:00:00+0100",
            "",
            "2025-02-30T00:00:00Z",
        ];
        judged(is_time, &[], &bad);
        judged(is_time, &[], &["2025-01-01T00:00:0\u{e9}Z", "2025-01-01T00:00:00Z\u{e9}\u{e9}"]);
    }

    #[test]
    fn identifiers_by_their_grammar() {
        let good = ["urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"];
        let bad = [
            "urn:uuid:hash-cdx-0002",
            "3e671687-395b-41f5-a30f-a58921a69b79",
            "urn:uuid:3e671687395b41f5a30fa58921a69b79",
        ];
        judged(is_serial_number, &good, &bad);
        let good = ["cpe:2.3:a:b:c:1:*:*:*:*:*:*:*", r"cpe:2.3:a:b:c\:d:1:*:*:*:*:*:*:*", "cpe:/a:b:c:1"];
        judged(is_cpe, &good, &["cpe:2.3:a:b:c", "cpe:/x:b", "a:b:c"]);
        judged(is_purl, &["pkg:deb/debian/a@1?arch=amd64"], &["deb/debian/a", "pkg:", "pkg:deb"]);
    }

    #[test]
    fn licences_are_of_the_list_or_references() {
        let good = [
            "MIT",
            "Apache-2.0 OR MIT",
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "GPL-2.0",
            "LicenseRef-scancode-x",
            "LicenseRef-acme-Own",
        ];
        let bad = [
            "NONE",
            "NOASSERTION",
            "noassertion",
            "MIT AND NOASSERTION",
            "Apache-9999",
            "Apache-2.0 OR",
            "Apache License, Version 2.0",
            "(MIT",
        ];
        judged(|text| licence_fault(text).is_none(), &good, &bad);
        let deep = format!("{}MIT{}", "(".repeat(2_000), ")".repeat(2_000));
        let _ = licence_fault(&deep);
        assert!(licence_fault(&"MIT OR ".repeat(2_000)).is_some());
    }

    #[test]
    fn licences_that_nobody_knows_are_references_that_say_so() {
        let good = ["LicenseRef-scancode-unknown", "LicenseRef-scancode-unknown-license-reference"];
        let bad = ["LicenseRef-acme-unknowable", "NOASSERTION", "MIT", "LicenseRef-a-unknown OR MIT"];
        judged(is_unknown_licence, &good, &bad);
    }

    #[test]
    fn hashes_are_of_secure_algorithms_and_whole() {
        for (name, digits) in [("SHA-512", 128), ("sha3-256", 64), ("SHA3-256", 64), ("BLAKE2b-256", 64)] {
            assert_eq!(hash_fault(name, &"0a".repeat(digits / 2)), None, "{name}");
        }
        let wrong = [
            ("MD5", "0".repeat(32)),
            ("SHA-1", "0".repeat(40)),
            ("SHA-256", String::new()),
            ("SHA-512", "0".repeat(127)),
            ("SHA-256", "g".repeat(64)),
            ("", "0".repeat(64)),
        ];
        for (name, value) in wrong {
            assert!(hash_fault(name, &value).is_some(), "{name}");
        }
    }
}
