//! "Did you mean": the nearest known word.

/// Longer words are not compared: no key or name is longer, and the comparison is quadratic.
const WORD_CHARS_MAX: usize = 64;

/// Returns the candidate nearest to `word`, where one is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let chars: Vec<char> = word.chars().flat_map(char::to_lowercase).take(WORD_CHARS_MAX + 1).collect();
    if chars.is_empty() || chars.len() > WORD_CHARS_MAX {
        return None;
    }
    let near = |candidate: &'a str| {
        let other: Vec<char> = candidate.chars().flat_map(char::to_lowercase).take(WORD_CHARS_MAX).collect();
        let distance = distance(&chars, &other);
        (distance <= (chars.len().max(other.len()) / 3).max(1)).then_some((distance, candidate))
    };
    candidates.into_iter().filter_map(near).min().map(|(_, candidate)| candidate)
}

/// Returns `` did you mean `x`? `` for the nearest candidate.
pub(super) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// Returns what to say of a key that names something which is no more, and what to write instead.
///
/// Docker Content Trust (Notary v1): certificates of Docker Official Images began to end in August 2025, and Docker shuts
/// its server down on 8 December 2026.
pub(super) fn retired(key: &str) -> Option<(&'static str, &'static str)> {
    const CONTENT_TRUST: [&str; 5] = ["dct", "contenttrust", "dockercontenttrust", "notary", "notaryv1"];
    let folded: String = key
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(WORD_CHARS_MAX)
        .collect::<String>()
        .to_lowercase();
    CONTENT_TRUST.contains(&folded.as_str()).then_some((
        "Docker Content Trust is retired",
        "notary.docker.io is shut down on 8 December 2026 and its signatures are not read; name the publisher's \
         `keys` or `identities` (cosign), or a `notation` store (Notary Project)",
    ))
}

/// Levenshtein's distance, row by row.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_is_that_of_the_textbook() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        for (a, b, expected) in
            [("kitten", "sitting", 3), ("flaw", "lawn", 2), ("", "abc", 3), ("abc", "abc", 0)]
        {
            assert_eq!(distance(&chars(a), &chars(b)), expected, "{a} {b}");
        }
    }

    #[test]
    fn only_near_words_are_suggested() {
        let keys = ["maxSeverity", "maxAge", "signature"];
        assert_eq!(nearest("maxSeverty", keys), Some("maxSeverity"));
        assert_eq!(nearest("maxage", keys), Some("maxAge"));
        assert_eq!(nearest("cooldown", keys), None);
        assert_eq!(nearest(&"x".repeat(100_000), keys), None);
    }

    #[test]
    fn only_words_for_docker_content_trust_are_retired() {
        for key in ["dct", "DCT", "contentTrust", "docker-content-trust", "notary", "notary_v1"] {
            assert!(retired(key).is_some(), "{key}");
        }
        for key in ["notation", "trust", "content", "keys", "", "dctx", &"x".repeat(100_000)] {
            assert_eq!(retired(key), None);
        }
    }
}
