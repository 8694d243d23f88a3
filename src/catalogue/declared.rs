//! What files of packages declare in free form, brought to what an SBOM can carry: licences, makers, addresses.

use url::Url;

use crate::model::foreign::is_deceptive;

/// The longest licence that is kept as declared. Expressions of large packages come to some hundred bytes; longer is a
/// licence's text.
const LICENCE_BYTES_MAX: usize = 1024;

/// The longest name of somebody that is kept.
const MAKER_CHARACTERS_MAX: usize = 200;

/// The longest address that is kept: browsers and servers agree on about 2,000 bytes.
const URL_BYTES_MAX: usize = 2000;

/// What tools write where nobody said anything.
const NOTHING: [&str; 5] = ["", "UNKNOWN", "NOASSERTION", "NONE", "null"];

/// Schemes under which source is to be had.
const SCHEMES: [&str; 7] = ["https", "http", "git", "ssh", "svn", "hg", "ftp"];

/// Returns a declared licence as written, where it is one line and says something.
pub(super) fn licence(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = text.len() <= LICENCE_BYTES_MAX && !text.contains(is_deceptive);
    (fits && !NOTHING.contains(&text)).then(|| text.to_owned())
}

/// Returns the best word for who made a package among what stands for them, in order of preference: an e-mail address,
/// else a URL, else a name. `A B <a@example.org> (https://example.org)` holds all three.
pub(super) fn creator<T: AsRef<str>>(candidates: impl IntoIterator<Item = T>) -> Option<String> {
    let mut url = None;
    let mut name = None;
    for candidate in candidates {
        let text = candidate.as_ref();
        let mut words = text.split(|c: char| c.is_whitespace() || "<>(),;\"'".contains(c));
        if let Some(address) = words.clone().find(|word| is_address(word)) {
            return Some(address.to_owned());
        }
        url = url.or_else(|| words.find_map(web));
        name = name.or_else(|| maker(text));
    }
    url.or(name)
}

/// Returns whether a word is an e-mail address as people have them.
fn is_address(word: &str) -> bool {
    let Some((local, domain)) = word.split_once('@') else { return false };
    let in_local = |b: u8| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b);
    let in_domain = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
    let has_words =
        !local.is_empty() && domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
    // RFC 5321, section 4.5.3.1: 64 bytes before, 255 behind.
    has_words
        && local.len() <= 64
        && domain.len() <= 255
        && local.bytes().all(in_local)
        && domain.bytes().all(in_domain)
}

fn web(word: &str) -> Option<String> {
    if word.starts_with("https://") || word.starts_with("http://") { url(word) } else { None }
}

fn maker(text: &str) -> Option<String> {
    let line = text.trim().lines().next().unwrap_or_default();
    let clean: String = line.chars().filter(|c| !is_deceptive(*c)).take(MAKER_CHARACTERS_MAX).collect();
    let clean = clean.trim().to_owned();
    (!NOTHING.contains(&clean.as_str())).then_some(clean)
}

/// Returns an address under which something is to be had from elsewhere, without credentials: `git+https://…` and
/// `git@host:path` become URLs, paths of the machine that built the image do not.
pub(super) fn url(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix("git+").unwrap_or(text);
    if text.len() > URL_BYTES_MAX || text.contains(is_deceptive) {
        return None;
    }
    let mut url = match text.split_once(':') {
        Some((before, path)) if before.contains('@') && !path.starts_with("//") => {
            Url::parse(&format!("ssh://{before}/{path}"))
        }
        _ => Url::parse(text),
    }
    .ok()?;
    if !SCHEMES.contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
        return None;
    }
    url.set_password(None).ok()?;
    if url.scheme() != "ssh" {
        url.set_username("").ok()?;
    }
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makers_are_addresses_before_names() {
        for (candidates, expected) in [
            (vec!["Isaac Z. Schlueter <i@izs.me> (http://blog.izs.me)"], Some("i@izs.me")),
            (vec!["A <a(at)b.c>", "\"B, C\" <b@example.org>, D <d@example.org>"], Some("b@example.org")),
            (vec!["A (https://example.org)"], Some("https://example.org/")),
            (vec!["", "UNKNOWN", "The Äuthors\nand others"], Some("The Äuthors")),
            (vec!["git@github.com:a/b"], Some("git@github.com:a/b")),
            (vec!["\u{202e}evil\u{1b}[2J"], Some("evil[2J")),
            (vec!["UNKNOWN", "\u{1b}"], None),
            (vec![], None),
        ] {
            assert_eq!(creator(&candidates).as_deref(), expected, "{candidates:?}");
        }
        assert_eq!(creator(["n".repeat(500)]).unwrap().len(), 200);
    }

    #[test]
    fn addresses_lead_elsewhere_and_hold_no_secret() {
        for (text, expected) in [
            ("git+https://github.com/a/b.git", Some("https://github.com/a/b.git")),
            ("git://github.com/a/b.git", Some("git://github.com/a/b.git")),
            ("git@github.com:a/b.git", Some("ssh://git@github.com/a/b.git")),
            ("git+ssh://git@github.com/a/b.git", Some("ssh://git@github.com/a/b.git")),
            ("https://user:secret@example.org/x", Some("https://example.org/x")),
            ("https://token@example.org/x", Some("https://example.org/x")),
            ("ssh://git:secret@example.org/x", Some("ssh://git@example.org/x")),
            ("file:///src/a.whl", None),
            ("javascript:alert(1)", None),
            ("a/b", None),
            ("https://", None),
            ("https://example.org/\u{202e}", None),
        ] {
            assert_eq!(url(text).as_deref(), expected, "{text}");
        }
        assert_eq!(url(&format!("https://example.org/{}", "a".repeat(3000))), None);
    }

    #[test]
    fn a_licence_is_what_is_written_and_never_its_text() {
        for (text, expected) in [
            (" MIT OR Apache-2.0 ", Some("MIT OR Apache-2.0")),
            ("SEE LICENSE IN LICENSE.md", Some("SEE LICENSE IN LICENSE.md")),
            ("UNKNOWN", None),
            ("  ", None),
            ("Permission is hereby granted,\nfree of charge", None),
            ("MIT\u{202e}", None),
        ] {
            assert_eq!(licence(text).as_deref(), expected, "{text}");
        }
        assert_eq!(licence(&"a".repeat(1025)), None);
    }
}
