//! Text values with a form: names, tags, hosts, repositories, paths, dates.
//!
//! Each knows its noun, its pattern for editors, and a parser whose error says what would be right. A new one is one
//! entry here; [`super::shape`] finds it by its name in the schema.

use std::str::FromStr;

use serde::Deserialize;

use super::kinds::Kind;
use crate::model::{Digest, Instant, Period, Platform, Reference, Repository, RepositoryError, tag_rule};

/// A kind of text, as the check of a document uses it.
pub(super) struct Form {
    /// Name of the schema definition.
    pub name: &'static str,
    /// What it is, with its article.
    pub noun: &'static str,
    /// The kind of document it is the name of.
    pub refers: Option<Kind>,
    /// Says what would be right, where the text is not.
    pub wrong: fn(&str) -> Option<String>,
}

/// Every form but those of [`service`].
const GENERAL: &[Form] = &[
    Name::FORM,
    ConsumerName::FORM,
    GateName::FORM,
    ImageSetName::FORM,
    TrustPolicyName::FORM,
    HostName::FORM,
    Tag::FORM,
    VersionRange::FORM,
    TagPattern::FORM,
    CaptureName::FORM,
    ImageName::FORM,
    PlatformName::FORM,
    Prefix::FORM,
    InsidePath::FORM,
    OutsidePath::FORM,
    AbsolutePath::FORM,
    CertificatePath::FORM,
    VariableName::FORM,
    RepositoryPrefix::FORM,
    ProxyAddress::FORM,
    Country::FORM,
    Date::FORM,
    PublicKey::FORM,
    Sentence::FORM,
    Claim::FORM,
    ClaimPattern::FORM,
    PredicateType::FORM,
    Contact::FORM,
    LicenceName::FORM,
    Form {
        name: "Digest",
        noun: "a digest",
        refers: None,
        wrong: |text| text.parse::<Digest>().err().map(|_| DIGEST.to_owned()),
    },
    Form {
        name: "Period",
        noun: "a period",
        refers: None,
        wrong: |text| text.parse::<Period>().err().map(|_| PERIOD.to_owned()),
    },
];

/// Returns every form.
pub(super) fn forms() -> impl Iterator<Item = &'static Form> {
    GENERAL.iter().chain(&service::FORMS)
}

const DIGEST: &str = "a digest is `sha256:` and 64 lower-case hexadecimal digits, or `sha512:` and 128";
const PERIOD: &str = "a period is a whole number and `s`, `m`, `h`, `d` or `w`, such as `7d`";

macro_rules! form {
    ($(#[doc = $doc:literal])* $name:ident($inner:ty): $noun:literal, $pattern:expr, $refers:expr, $parse:expr) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(pub $inner);

        impl $name {
            pub(super) const FORM: Form = Form {
                name: stringify!($name),
                noun: $noun,
                refers: $refers,
                wrong: |text| text.parse::<Self>().err(),
            };
        }

        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                let parse: fn(&str) -> Result<$inner, String> = $parse;
                parse(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "description": concat!($($doc),*).trim(),
                    "pattern": $pattern,
                })
            }
        }
    };
}

// Behind the macro that it uses.
mod contact;
mod licence;
mod predicate;
mod service;

pub(super) use contact::Contact;
pub(super) use licence::LicenceName;
pub(super) use predicate::PredicateType;
pub(super) use service::{Label, LogOrigin, MountPath, SecureAddress, ServiceAddress, TransitKey};

form! {
    /// A DNS label: lower-case letters, digits and `-`, at most 63, beginning and ending with a letter or digit.
    Name(String): "a name", LABEL, None, name
}

form! {
    /// Name of a `Consumer`.
    ConsumerName(String): "the name of a consumer", LABEL, Some(Kind::Consumer), name
}

form! {
    /// Name of a `Gate`.
    GateName(String): "the name of a gate", LABEL, Some(Kind::Gate), name
}

form! {
    /// Name of an `ImageSet`.
    ImageSetName(String): "the name of an image set", LABEL, Some(Kind::ImageSet), name
}

form! {
    /// Name of a `TrustPolicy`.
    TrustPolicyName(String): "the name of a trust policy", LABEL, Some(Kind::TrustPolicy), name
}

form! {
    /// A registry's host: a DNS name with at least one dot, or `localhost`, and a port where it is not the usual one.
    HostName(String): "a registry host", "^([a-zA-Z0-9-]+(\\.[a-zA-Z0-9-]+)+|localhost|[a-zA-Z0-9.-]+:[0-9]+)(:[0-9]+)?$", None, |text| {
        let rule = "a host has a dot or a port, or is `localhost`: `registry.acme.example`, `localhost:5000`";
        let named = format!("{text}/x/y").parse::<Repository>();
        let whole = matches!(&named, Ok(repository) if repository.host == text && repository.path == "x/y");
        let labels = text.split(':').next().unwrap_or(text).split('.').all(|l| is_label(&l.to_ascii_lowercase()));
        let port = text.split_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_ok_and(|port| port > 0));
        (whole && labels && port).then(|| text.to_owned()).ok_or_else(|| rule.to_owned())
    }
}

form! {
    /// A tag: letters, digits, `_`, `.` and `-`, at most 128, beginning with a letter, digit or `_`.
    Tag(String): "a tag", "^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$", None, |text| {
        let rule = "a tag has letters, digits, `_`, `.` and `-`, at most 128, and begins with a letter, digit or `_`";
        Reference::is_tag(text).then(|| text.to_owned()).ok_or_else(|| rule.to_owned())
    }
}

form! {
    /// A range of versions: comparisons with commas between them, such as `>=1.27, <2`, `^1.27` or `~1.27.3`.
    VersionRange(String): "a range of versions", "[0-9*]", None, |text| {
        let rule = "a range is one or more comparisons with commas between them, such as `>=1.27, <2`";
        tag_rule::range(text).map(|_| text.to_owned()).map_err(|error| format!("{error}; {rule}"))
    }
}

form! {
    /// A regular expression, at most 500 characters, without look-around and back-references.
    TagPattern(String): "a regular expression", "^.{1,500}$", None, |text| {
        let rule = "expressions have no look-around and no back-references, and captures are written `(?<name>…)`";
        if text.is_empty() {
            return Err("an expression has at least one character; `.*` matches every tag".to_owned());
        }
        tag_rule::pattern(text).map(|_| text.to_owned()).map_err(|error| format!("{error}; {rule}"))
    }
}

form! {
    /// Name of a capture: letters, digits and `_`, not beginning with a digit.
    CaptureName(String): "the name of a capture", "^[A-Za-z_][A-Za-z0-9_]*$", None, |text| {
        let rule = "a capture's name has letters, digits and `_`, and does not begin with a digit";
        let word = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let first = text.bytes().next().is_some_and(|b| !b.is_ascii_digit());
        (word && first).then(|| text.to_owned()).ok_or_else(|| rule.to_owned())
    }
}

form! {
    /// A repository with its registry's host, without tag or digest, for instance `docker.io/library/nginx`.
    ImageName(Repository): "a repository", "^[^/@]+/[^:@A-Z]+$", None, repository
}

form! {
    /// A platform: system, architecture and, where one is wanted, variant, for instance `linux/amd64` or `linux/arm/v7`.
    PlatformName(Platform): "a platform", "^[a-z0-9_.-]{1,32}(/[a-z0-9_.-]{1,32}){1,2}$", None, |text| text.parse::<Platform>()
}

form! {
    /// A registry's host, with a path where the mirror has only a part of the registry, for instance `registry.acme.example`.
    Prefix(String): "a registry", "^[^/@]+(/[^:@A-Z]+)?$", None, |text| {
        repository(&format!("{text}/x/y")).map(|_| text.to_owned()).map_err(|_| {
            "a registry is a host, and a path where there is one: `registry.acme.example`".to_owned()
        })
    }
}

form! {
    /// A path relative to the manifest repository, with `/` between its parts and no `..`.
    InsidePath(String): "a path", "^[^/\\\\]", None, |text| {
        let rule = "a path is relative to the manifest repository, with `/` between its parts and no `..`";
        (is_path(text) && !text.starts_with('/')).then(|| text.to_owned()).ok_or_else(|| rule.to_owned())
    }
}

form! {
    /// A path that may lead outside of the manifest repository: it begins with `/`, or with `..` for each folder up.
    OutsidePath(String): "a path", "^[^\\\\]+$", None, |text| {
        let rule = "a path has `/` between its parts, and `..` only at its beginning";
        let below = text.trim_start_matches("../");
        let up = below.len() < text.len();
        let right = is_path(below) && !(up && below.starts_with('/'));
        right.then(|| text.to_owned()).ok_or_else(|| rule.to_owned())
    }
}

form! {
    /// An absolute path of the machine, which lies outside of Git.
    AbsolutePath(String): "an absolute path", "^/", None, |text| {
        let rule = "the path begins with `/`, has `/` between its parts and no `..`";
        (is_path(text) && text.starts_with('/')).then(|| text.to_owned()).ok_or_else(|| rule.to_owned())
    }
}

form! {
    /// Path of a PEM file with certificates: relative to the manifest repository, or absolute.
    CertificatePath(String): "a path", "^[^\\\\]+$", None, |text| {
        let rule = "a path is relative to the manifest repository or begins with `/`, with `/` between its parts and no `..`";
        is_path(text).then(|| text.to_owned()).ok_or_else(|| rule.to_owned())
    }
}

form! {
    /// Name of an environment variable: letters, digits and `_`, not beginning with a digit.
    VariableName(String): "the name of an environment variable", "^[A-Za-z_][A-Za-z0-9_]*$", None, |text| {
        let rule = "write the variable's name, such as `HARBOR_PASSWORD`, not its value";
        let letters = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let named = letters && text.bytes().next().is_some_and(|first| !first.is_ascii_digit());
        named.then(|| text.to_owned()).ok_or_else(|| rule.to_owned())
    }
}

form! {
    /// Path of repositories within a registry, such as `team-a` or `team-a/web`.
    RepositoryPrefix(String): "a path of repositories", "^[a-z0-9][a-z0-9._/-]*$", None, |text| {
        let rule = "write the path without the registry's host, such as `team-a` or `team-a/web`";
        let right = format!("registry.acme.example/{text}").parse::<Repository>().is_ok_and(|of| of.path == text);
        right.then(|| text.to_owned()).ok_or_else(|| rule.to_owned())
    }
}

form! {
    /// Address of a proxy, `http://` or `https://` with a host and a port, or `none`.
    ProxyAddress(String): "the address of a proxy", "^(none|https?://[^@/]+/?)$", None, |text| {
        let rule = "write `none`, or the address as `http://proxy.acme.example:3128`; a proxy with a password is set in `HTTPS_PROXY`";
        let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
        let right = host.is_some_and(|host| !host.trim_end_matches('/').is_empty() && host.trim_end_matches('/').chars().all(plain));
        (right || text == "none").then(|| text.to_owned()).ok_or_else(|| rule.to_owned())
    }
}

form! {
    /// A country's code of two letters (ISO 3166-1 alpha-2), for instance `FR`.
    Country(String): "a country code", "^[A-Z]{2}$", None, |text| {
        let rule = "a country is written as its two upper-case letters (ISO 3166-1 alpha-2), such as `FR`";
        let code = text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
        code.then(|| text.to_owned()).ok_or_else(|| rule.to_owned())
    }
}

form! {
    /// A day, `2026-11-21`.
    Date(String): "a date", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", None, |text| {
        let day = text.len() == 10 && format!("{text}T00:00:00Z").parse::<Instant>().is_ok();
        day.then(|| text.to_owned()).ok_or_else(|| "a date is written year, month, day: `2026-11-21`".to_owned())
    }
}

form! {
    /// A public key as PEM text.
    PublicKey(String): "a public key", "-----BEGIN PUBLIC KEY-----", None, |text| {
        is_public_key(text).then(|| text.to_owned()).ok_or_else(|| PUBLIC_KEY.to_owned())
    }
}

form! {
    /// Text for people: at least one letter, no control characters.
    Sentence(String): "text for people", "[^\\s]", None, |text| {
        let rule = "write at most 2000 characters, without control characters, or leave the key out where the answer is open";
        let fine = !text.trim().is_empty() && text.chars().count() <= SENTENCE_CHARS_MAX;
        let printable = text.chars().all(|c| !c.is_control() || c == '\n');
        (fine && printable).then(|| text.trim().to_owned()).ok_or_else(|| rule.to_owned())
    }
}

form! {
    /// What a certificate or statement says of a signer or build: at least one character, no control characters.
    Claim(String): "a claim", "^[^\\x00-\\x1f]{1,2048}$", None, |text| {
        let fine = !text.is_empty() && text.chars().count() <= CLAIM_CHARS_MAX && !text.chars().any(char::is_control);
        fine.then(|| text.to_owned()).ok_or_else(|| "a claim has 1 to 2048 characters and no control characters".to_owned())
    }
}

form! {
    /// A regular expression that the whole claim has to match, at most 500 characters, without look-around.
    ClaimPattern(String): "a regular expression", "^.{1,500}$", None, |text| {
        let rule = "the expression has to match the whole claim, and has no look-around and no back-references";
        if text.is_empty() {
            return Err("an expression has at least one character".to_owned());
        }
        tag_rule::pattern(text).map(|_| text.to_owned()).map_err(|error| format!("{error}; {rule}"))
    }
}

/// The longest claim; a workflow with its ref has about 150 characters.
const CLAIM_CHARS_MAX: usize = 2048;

/// The longest answer of a fact. It stands in a table of a page.
const SENTENCE_CHARS_MAX: usize = 2000;

/// What a public key has to look like.
pub(super) const PUBLIC_KEY: &str =
    "a public key is PEM text from `-----BEGIN PUBLIC KEY-----` to `-----END PUBLIC KEY-----`";

/// Returns whether the text is one public key in PEM, and nothing private.
pub(super) fn is_public_key(text: &str) -> bool {
    let text = text.trim();
    let inner = text
        .strip_prefix("-----BEGIN PUBLIC KEY-----")
        .and_then(|t| t.strip_suffix("-----END PUBLIC KEY-----"));
    let base64 =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=') || c.is_ascii_whitespace();
    inner.is_some_and(|inner| !inner.trim().is_empty() && inner.chars().all(base64))
}

const LABEL: &str = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$";

fn name(text: &str) -> Result<String, String> {
    let rule = "a name has lower-case letters, digits and `-`, at most 63, and begins and ends with a letter or digit";
    is_label(text).then(|| text.to_owned()).ok_or_else(|| rule.to_owned())
}

fn is_label(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    matches!((bytes.first(), bytes.last()), (Some(&first), Some(&last)) if word(first) && word(last))
        && bytes.len() <= 63
        && bytes.iter().all(|&b| word(b) || b == b'-')
}

fn is_path(text: &str) -> bool {
    let parts = text.strip_prefix('/').unwrap_or(text).split('/');
    let part = |part: &str| !matches!(part, "" | "." | "..");
    !text.contains(|c: char| c == '\\' || c.is_control()) && parts.into_iter().all(part)
}

/// Reads a repository whose host is written: a short name would silently mean Docker Hub.
fn repository(text: &str) -> Result<Repository, String> {
    match text.parse::<Repository>() {
        Ok(repository) if repository.to_string() == text => Ok(repository),
        Ok(repository) => Err(format!("name the registry as well: `{repository}`")),
        Err(RepositoryError::HasReference(_)) => {
            let (name, digest) =
                text.split_once('@').map_or((text, None), |(name, digest)| (name, Some(digest)));
            let colon = name.rfind(':').filter(|colon| !name[*colon..].contains('/'));
            let (name, tag) = colon.map_or((name, "…"), |colon| (&name[..colon], &name[colon + 1..]));
            let digest = digest.map_or(String::new(), |digest| format!(", digest: \"{digest}\""));
            Err(format!("name the repository alone, and tags beside it: `{name}`, tags: [\"{tag}\"]{digest}"))
        }
        Err(RepositoryError::Malformed(..)) => {
            Err("a repository is a host and a lower-case path, such as `docker.io/library/nginx`".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(form: &Form, texts: &[&str]) {
        for text in texts {
            assert!((form.wrong)(text).is_some(), "{} accepts `{text}`", form.name);
        }
    }

    fn right(form: &Form, texts: &[&str]) {
        for text in texts {
            assert_eq!((form.wrong)(text), None, "{} refuses `{text}`", form.name);
        }
    }

    #[test]
    fn names_are_dns_labels() {
        right(&Name::FORM, &["a", "web-2", "0", &"a".repeat(63)]);
        wrong(&Name::FORM, &["", "-a", "a-", "A", "a.b", "a_b", "ä", "../x", &"a".repeat(64)]);
    }

    #[test]
    fn hosts_look_like_hosts() {
        right(
            &HostName::FORM,
            &["docker.io", "localhost", "localhost:5000", "127.0.0.1:5000", "registry:5000"],
        );
        wrong(
            &HostName::FORM,
            &["", "acme", "a.b/c", "a..b", "https://a.b", "a.b:", "a.b:x", "a.b:99999", "-a.b", "a b.c"],
        );
    }

    #[test]
    fn repositories_name_their_host_and_nothing_more() {
        right(&ImageName::FORM, &["docker.io/library/nginx", "localhost:5000/a", "quay.io/a/b/c"]);
        let bad = [
            "",
            "nginx",
            "docker.io/nginx",
            "quay.io/a:1",
            "quay.io/a@sha256:00",
            "quay.io/../a",
            "quay.io/A",
            "quay.io/",
        ];
        wrong(&ImageName::FORM, &bad);
        right(&Prefix::FORM, &["registry.acme.example", "registry.acme.example/part", "localhost:5000"]);
        wrong(
            &Prefix::FORM,
            &["", "acme", "registry.acme.example/", "registry.acme.example/a:1", "https://a.b"],
        );
    }

    #[test]
    fn paths_stay_inside_the_repository() {
        right(&InsidePath::FORM, &["layouts/a", "a"]);
        wrong(&InsidePath::FORM, &["", "/etc", "../a", "a/../../b", "a//b", "a\\b", "./a", "a/", "a\0b"]);
        right(&OutsidePath::FORM, &["keys/acme.key", "/run/secrets/acme.key", "../keys/acme.key", "../../a"]);
        wrong(&OutsidePath::FORM, &["", "/", "..", "../", "..//etc", "/run/../etc", "a/../b", "a\n"]);
    }

    #[test]
    fn dates_and_countries_are_real_forms() {
        right(&Date::FORM, &["2026-11-21", "2024-02-29"]);
        wrong(&Date::FORM, &["2026-02-29", "2026-13-01", "21.11.2026", "2026-11-21T0", ""]);
        right(&Country::FORM, &["FR"]);
        wrong(&Country::FORM, &["fr", "FRA", "", "É"]);
    }

    #[test]
    fn a_private_key_is_no_public_key() {
        right(&PublicKey::FORM, &["-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"]);
        wrong(
            &PublicKey::FORM,
            &[
                "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nMFkw\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
                "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
                "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----",
                "",
            ],
        );
    }
}
