//! Text that names services other than registries, and keys within them.

use std::str::FromStr;

use serde::Deserialize;
use url::{Host, Url};

use super::Form;

/// The forms of this file.
pub(super) const FORMS: [Form; 6] = [
    ServiceAddress::FORM,
    SecureAddress::FORM,
    MountPath::FORM,
    TransitKey::FORM,
    Label::FORM,
    LogOrigin::FORM,
];

form! {
    /// Address of a service, `https://` or `http://`, without user name, query and fragment.
    ServiceAddress(String): "an address", "^https?://[^@?#]+$", None, address
}

form! {
    /// Address of a service to which secrets go: `https://`, or `http://` on this machine.
    SecureAddress(String): "an address", "^https?://[^@?#]+$", None, |text| {
        let rule = "a token goes there: write `https://`, or `http://` only for `127.0.0.1`, `[::1]` and `localhost`";
        let whole = address(text)?;
        let url: Url = whole.parse().map_err(|_| rule.to_owned())?;
        (url.scheme() == "https" || is_this_machine(&url)).then_some(whole).ok_or_else(|| rule.to_owned())
    }
}

form! {
    /// Path of a mount or namespace: letters, digits, `.`, `_` and `-`, with `/` between its parts.
    MountPath(String): "a path", "^[A-Za-z0-9_][A-Za-z0-9._/-]*$", None, |text| {
        let rule = "write the path without `/` at its ends, such as `transit` or `teams/images/transit`";
        let whole = text.len() <= NAME_BYTES_MAX && text.split('/').all(is_word);
        whole.then(|| text.to_owned()).ok_or_else(|| rule.to_owned())
    }
}

form! {
    /// Name of a Transit key: letters, digits, `.`, `_` and `-`.
    TransitKey(String): "the name of a key", "^[A-Za-z0-9_][A-Za-z0-9._-]*$", None, |text| {
        let rule = "a key's name has letters, digits, `.`, `_` and `-`, such as `images`; versions are written beside it";
        let whole = text.len() <= NAME_BYTES_MAX && is_word(text);
        whole.then(|| text.to_owned()).ok_or_else(|| rule.to_owned())
    }
}

form! {
    /// Label of a PKCS#11 token or key: at most 32 bytes, as labels of tokens have in PKCS#11.
    Label(String): "a label", "^[^\\s].{0,31}$", None, |text| {
        let rule = "a label has 1 to 32 bytes, no control characters and no space at its ends";
        let plain = text.trim() == text && !text.chars().any(char::is_control);
        ((1..=32).contains(&text.len()) && plain).then(|| text.to_owned()).ok_or_else(|| rule.to_owned())
    }
}

form! {
    /// Origin of a transparency log: what its checkpoints begin with (C2SP `tlog-checkpoint.md`), without spaces and `+`.
    LogOrigin(String): "an origin", "^[^\\s+]+$", None, |text| {
        let rule = "write the first line of the log's checkpoints, such as `rekor.acme.example`, without spaces and `+`";
        let whole = (1..=NAME_BYTES_MAX).contains(&text.len())
            && !text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+');
        whole.then(|| text.to_owned()).ok_or_else(|| rule.to_owned())
    }
}

/// The longest name of a mount, namespace or key. Servers take more; names that people write are shorter.
const NAME_BYTES_MAX: usize = 200;

/// Returns the address without a slash at its end.
fn address(text: &str) -> Result<String, String> {
    let rule = "write the address with its scheme, such as `https://vault.acme.example:8200`, \
        without user name, query and fragment";
    let url: Url = text.parse().map_err(|_| rule.to_owned())?;
    let web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let anonymous = url.username().is_empty() && url.password().is_none();
    let bare = url.query().is_none() && url.fragment().is_none();
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    let fine = web && anonymous && bare && plain;
    fine.then(|| text.trim_end_matches('/').to_owned()).ok_or_else(|| rule.to_owned())
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Returns whether the text is one part of a path on a server: it names nothing above itself and needs no escaping.
fn is_word(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    first && text.bytes().all(allowed) && !text.ends_with(['.', '-'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(form: &Form, right: &[&str], wrong: &[&str]) {
        for text in right {
            assert_eq!((form.wrong)(text), None, "{} refuses `{text}`", form.name);
        }
        for text in wrong {
            assert!((form.wrong)(text).is_some(), "{} accepts `{text}`", form.name);
        }
    }

    #[test]
    fn tokens_go_to_tls_or_to_this_machine() {
        let right = [
            "https://vault.acme.example:8200",
            "http://127.0.0.1:8200",
            "http://[::1]:8200/",
            "http://localhost:8100",
        ];
        let wrong = [
            "",
            "vault.acme.example",
            "http://vault.acme.example:8200",
            "http://localhost.acme.example",
            "http://127.0.0.1@vault.acme.example",
            "https://user:secret@vault.acme.example",
            "https://vault.acme.example?token=s.1",
            "https://vault.acme.example#x",
            "ftp://vault.acme.example",
            "file:///run/vault",
            "https://",
            "https://vault.acme.example /",
        ];
        check(&SecureAddress::FORM, &right, &wrong);
        check(&ServiceAddress::FORM, &["http://tsa.acme.example/api/v1/timestamp"], &["tsa.acme.example"]);
    }

    #[test]
    fn names_stay_in_their_part_of_the_path() {
        let wrong =
            ["", "/transit", "transit/", "a//b", "..", "a/../b", "a b", "a%2fb", "a?b", "-a", "a.", "ä"];
        check(&MountPath::FORM, &["transit", "teams/images/transit", "a.b_c-d"], &wrong);
        check(&TransitKey::FORM, &["images", "_a", "a.b-c"], &["", "a/b", "..", "a b", &"a".repeat(201)]);
    }

    #[test]
    fn origins_are_those_of_checkpoints() {
        let right = ["rekor.acme.example", "rekor.acme.example/2027", "log"];
        check(&LogOrigin::FORM, &right, &["", "a b", "a+b", "a\nb", &"a".repeat(201)]);
    }

    #[test]
    fn labels_fit_a_token() {
        check(
            &Label::FORM,
            &["acme", "Acme HSM 1", &"a".repeat(32)],
            &["", " a", "a ", "a\n", &"a".repeat(33)],
        );
    }
}
