//! `WWW-Authenticate` (RFC 9110, section 11.6.1).

use std::collections::BTreeMap;

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// The longest header that is read: real challenges have about 200 bytes.
const HEADER_BYTES_MAX: usize = 8 * 1024;

/// How a registry wants to be authenticated to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    Bearer {
        realm: String,
        service: Option<String>,
        /// What the registry wants the token to allow, separated by blanks.
        scope: Option<String>,
    },
}

/// Returns the challenge to answer, a token before a password, or `None` where there is none we know.
pub(super) fn challenge(headers: &HeaderMap) -> Option<Challenge> {
    let texts = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    let all: Vec<_> = texts.filter(|text| text.len() <= HEADER_BYTES_MAX).flat_map(parse).collect();
    let bearer = all.iter().filter(|(scheme, _)| scheme == "bearer").find_map(|(_, parameters)| {
        let get = |name: &str| parameters.get(name).cloned();
        Some(Challenge::Bearer { realm: get("realm")?, service: get("service"), scope: get("scope") })
    });
    bearer.or_else(|| all.iter().any(|(scheme, _)| scheme == "basic").then_some(Challenge::Basic))
}

type Parsed = (String, BTreeMap<String, String>);

fn parse(text: &str) -> Vec<Parsed> {
    let mut challenges: Vec<Parsed> = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let word = rest.find([' ', '=', ',', '\t']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(word);
        let name = name.to_ascii_lowercase();
        if let Some(value) = after.trim_start().strip_prefix('=') {
            let (value, after) = value_of(value.trim_start());
            if let Some((_, parameters)) = challenges.last_mut() {
                parameters.entry(name).or_insert(value);
            }
            rest = after;
        } else {
            if !name.is_empty() {
                challenges.push((name, BTreeMap::new()));
            }
            rest = after;
        }
        rest = rest.trim_start_matches([' ', ',', '\t']);
    }
    challenges
}

/// Splits a token or quoted string from the front.
fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([' ', ',', '\t']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for text in texts {
            headers.append(WWW_AUTHENTICATE, text.parse().unwrap());
        }
        challenge(&headers)
    }

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Challenge {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Challenge::Bearer { realm: realm.to_owned(), service: own(service), scope: own(scope) }
    }

    #[test]
    fn challenges_are_read_as_registries_write_them() {
        // Distribution's token documentation, and the forms of RFC 9110 section 11.6.1.
        let documented = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:samalba/my-app:pull,push""#;
        let scope = Some("repository:samalba/my-app:pull,push");
        assert_eq!(
            of(&[documented]),
            Some(bearer("https://auth.docker.io/token", Some("registry.docker.io"), scope))
        );
        assert_eq!(of(&[r#"basic realm="a \"b\" c""#]), Some(Challenge::Basic));
        let both = r#"Basic realm="simple", BEARER  realm = "https://a/t" , service=s"#;
        assert_eq!(of(&[both]), Some(bearer("https://a/t", Some("s"), None)));
        assert_eq!(of(&["Basic", r#"Bearer realm="https://a/t""#]), Some(bearer("https://a/t", None, None)));
    }

    #[test]
    fn broken_challenges_are_no_challenges() {
        for text in ["", "Negotiate abc==", "Bearer", "Bearer service=x", "=,=,\"", "realm=\"x\""] {
            assert_eq!(of(&[text]), None, "{text}");
        }
        assert_eq!(of(&[&format!("Basic realm=\"{}\"", "x".repeat(HEADER_BYTES_MAX))]), None);
        assert_eq!(of(&["Bearer realm=\"unterminated"]), Some(bearer("unterminated", None, None)));
    }
}
