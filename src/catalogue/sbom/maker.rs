//! Who made a component or an SBOM, as files and people write it.

use url::Url;

use super::check::words;

/// What is said of a maker or a version that nobody knows.
pub(super) const UNKNOWN: &str = "unknown";

/// A maker by its e-mail address or URL, as BSI TR-03183-2 (5.2.2) wants it, else by what is known of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Maker<'a> {
    Unknown,
    Address { name: Option<&'a str>, email: &'a str },
    Url { name: Option<&'a str>, url: &'a str },
    Name(&'a str),
}

impl<'a> Maker<'a> {
    /// Reads `https://example.org/`, `jane@example.org`, `Jane <jane@example.org>`, `Acme <https://acme.example>`, as
    /// package databases have them; everything else is a name.
    pub(super) fn of(written: Option<&'a str>) -> Self {
        let Some(written) = written.map(str::trim).filter(|written| !written.is_empty()) else {
            return Self::Unknown;
        };
        let parts = written.rsplit_once('<').and_then(|(name, rest)| Some((name, rest.strip_suffix('>')?)));
        let (name, address) = parts.map_or(("", written), |(name, address)| (name.trim(), address.trim()));
        let name = (!name.is_empty()).then_some(name);
        match address {
            email if words::is_email(email) => Self::Address { name, email },
            url if words::is_web_url(url) => Self::Url { name, url },
            _ => Self::Name(written),
        }
    }

    /// Returns the maker with the project's page where there is no other address (TR-03183-2, 5.2.2).
    pub(super) fn or_page(self, page: Option<&'a str>) -> Self {
        match (self, page) {
            (Self::Unknown, Some(url)) => Self::Url { name: None, url },
            (Self::Name(name), Some(url)) => Self::Url { name: Some(name), url },
            (maker, _) => maker,
        }
    }
}

/// Returns the URL of a page that anybody could open: its host is a domain with more than one label.
pub(super) fn page(written: Option<&str>) -> Option<String> {
    let url = Url::parse(written.filter(|text| words::is_web_url(text))?).ok()?;
    let label = |label: &str| {
        let plain = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        plain && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_public = url.domain().is_some_and(|domain| domain.contains('.') && domain.split('.').all(label));
    is_public.then(|| url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makers_are_addresses_urls_or_names() {
        let address = |name, email| Maker::Address { name, email };
        let url = |name, url| Maker::Url { name, url };
        let cases = [
            ("", Maker::Unknown),
            (" \t", Maker::Unknown),
            ("a@b.example", address(None, "a@b.example")),
            ("<a@b.example>", address(None, "a@b.example")),
            ("Debian (Team) <a@b.example>", address(Some("Debian (Team)"), "a@b.example")),
            ("https://a.example/b", url(None, "https://a.example/b")),
            ("Acme <https://a.example>", url(Some("Acme"), "https://a.example")),
            ("https://a b.example", Maker::Name("https://a b.example")),
            ("http://", Maker::Name("http://")),
            ("Red Hat, Inc.", Maker::Name("Red Hat, Inc.")),
            ("Jane <nowhere>", Maker::Name("Jane <nowhere>")),
            ("a\u{1b}b@c.example", Maker::Name("a\u{1b}b@c.example")),
        ];
        for (written, expected) in cases {
            assert_eq!(Maker::of(Some(written)), expected, "{written}");
        }
        assert_eq!(Maker::of(None), Maker::Unknown);
    }

    #[test]
    fn a_page_stands_in_for_an_address() {
        let page = page(Some("https://redis.example"));
        let url = "https://redis.example/";
        let or_page = |written| Maker::of(written).or_page(page.as_deref());
        assert_eq!(or_page(None), Maker::Url { name: None, url });
        assert_eq!(or_page(Some("Acme")), Maker::Url { name: Some("Acme"), url });
        assert_eq!(or_page(Some("a@b.example")), Maker::Address { name: None, email: "a@b.example" });
        for no_page in
            ["https://localhost/", "https://a\"b.example/", "https://../", "ftp://a.example/", "a.example"]
        {
            assert_eq!(super::page(Some(no_page)), None, "{no_page}");
        }
    }
}
