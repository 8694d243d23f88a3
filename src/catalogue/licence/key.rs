//! The key under which a name of a licence is looked up: what its writers vary is taken away.

/// Words that names of licences have or leave out without another meaning.
const EMPTY: [&str; 8] = ["the", "license", "licence", "licenses", "licences", "version", "ver", "software"];

/// Returns the words of a name in lower case, without punctuation, filling words and the `v` of versions; the words that
/// are left are parted by one space. `>=` is the word `ge`.
///
/// The Apache License, Version 2.0 → `apache 2.0`.
pub(super) fn key(text: &str) -> String {
    let text = text.replace(">=", " ge ").to_lowercase();
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '.' | '+');
    let words = text.split(|c: char| !is_word(c)).map(|word| word.trim_matches('.'));
    let mut key = String::new();
    for word in words.filter(|word| !word.is_empty() && !EMPTY.contains(word)) {
        let word = word
            .strip_prefix('v')
            .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            .unwrap_or(word);
        if word == "v" {
            continue;
        }
        if !key.is_empty() {
            key.push(' ');
        }
        key.push_str(word);
    }
    key
}

/// Endings of pages that say nothing about them.
const ENDINGS: [&str; 6] = [".txt", ".html", ".htm", ".php", ".md", ".en"];

/// Returns the key of an address: without scheme, `www.`, query, fragment, ending and final slash.
///
/// `http://www.apache.org/licenses/LICENSE-2.0.txt` → `apache.org/licenses/license-2.0`.
pub(super) fn address(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    if rest.contains(char::is_whitespace) {
        return None;
    }
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let ending = ENDINGS.iter().find_map(|ending| rest.strip_suffix(ending));
    Some(ending.unwrap_or(rest).to_owned())
}
