//! Addresses at which somebody answers.

use std::str::FromStr;

use serde::Deserialize;
use url::Url;

use super::Form;

/// The longest address that is read (RFC 5321, section 4.5.3.1, allows 254 characters for e-mail).
const CONTACT_CHARS_MAX: usize = 254;

form! {
    /// E-mail address, or an `https://` or `http://` URL.
    Contact(String): "an e-mail address or URL", "^([^\\s@]+@[^\\s@]+\\.[^\\s@]+|https?://[^\\s]+)$", None, |text| {
        let rule = "write an e-mail address such as `sbom@acme.example`, or a URL such as `https://acme.example/contact`";
        let plain = text.chars().all(|c| !c.is_control() && !c.is_whitespace());
        let short = text.chars().count() <= CONTACT_CHARS_MAX;
        (plain && short && (is_mail(text) || is_page(text))).then(|| text.to_owned()).ok_or_else(|| rule.to_owned())
    }
}

fn is_mail(text: &str) -> bool {
    let Some((user, domain)) = text.split_once('@') else { return false };
    let labels = domain.split('.').collect::<Vec<_>>();
    let fine =
        |label: &&str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    !user.is_empty() && !text.contains([':', '/']) && labels.len() > 1 && labels.iter().all(fine)
}

fn is_page(text: &str) -> bool {
    let url: Option<Url> = text.parse().ok();
    url.is_some_and(|url| {
        ["https", "http"].contains(&url.scheme()) && url.has_host() && url.username().is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_answers_at_an_address() {
        for fine in ["sbom@acme.example", "a.b+c@mail.acme.example", "https://acme.example/contact"] {
            assert_eq!(fine.parse::<Contact>().map(|contact| contact.0), Ok(fine.to_owned()));
        }
        let long = format!("{}@acme.example", "a".repeat(300));
        for wrong in [
            "",
            "acme",
            "@acme.example",
            "a@b",
            "a@b@c.d",
            "mailto:a@b.c",
            "https://",
            "ftp://a.b/c",
            "a b@c.d",
            &long,
        ] {
            assert!(wrong.parse::<Contact>().is_err(), "{wrong}");
        }
    }
}
