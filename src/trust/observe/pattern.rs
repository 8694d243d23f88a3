//! The narrowest expression for texts that differ only in the ref at their end. Pure.

use std::collections::BTreeSet;

/// What a ref may go on with, as an expression: Git allows more, publishers' tags and branches do not use it.
const REST: &str = "[0-9A-Za-z._+/-]*";

/// Returns an identity's part before its ref, and the ref: `…/release.yml` and `refs/tags/v1`.
pub(super) fn split(identity: &str) -> Option<(&str, &str)> {
    identity.rsplit_once('@').filter(|(_, reference)| reference.starts_with("refs/"))
}

/// Returns an expression for all of these refs that also meets the next one of their kind, or `None` where they have less
/// in common than a folder and the beginning of a name: `refs/tags/v1.2` and `refs/tags/v1.3` have `refs/tags/v[0-9]…`.
pub(super) fn of_refs(refs: &BTreeSet<&str>) -> Option<String> {
    let mut refs_left = refs.iter();
    let first = *refs_left.next()?;
    let common = refs_left.fold(first, |common, next| common_prefix(common, next));
    // A number that all have in common is a number that will change.
    let stem = common.find(|c: char| c.is_ascii_digit()).map_or(common, |at| &common[..at]);
    let rests = refs.iter().map(|reference| &reference[stem.len()..]);
    let numbered = rests.clone().all(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let folder = ["refs/tags/", "refs/heads/"].into_iter().find(|folder| stem.starts_with(folder))?;
    if !numbered && stem.len() == folder.len() {
        return None;
    }
    let pattern = format!("{}{}{REST}", regex::escape(stem), if numbered { "[0-9]" } else { "" });
    Some(pattern)
}

fn common_prefix<'a>(a: &'a str, b: &str) -> &'a str {
    let same = a.char_indices().zip(b.chars()).find(|((_, a), b)| a != b).map(|((at, _), _)| at);
    &a[..same.unwrap_or_else(|| a.len().min(b.len()))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refs_are_generalised_to_the_next_release_and_not_further() {
        let cases: [(&[&str], Option<&str>); 8] = [
            (&["refs/tags/v1.28.0", "refs/tags/v1.27.3"], Some("refs/tags/v[0-9]")),
            (&["refs/tags/v1.28.0", "refs/tags/v1.28.1"], Some("refs/tags/v[0-9]")),
            (&["refs/tags/1.0", "refs/tags/2.0"], Some("refs/tags/[0-9]")),
            (&["refs/tags/web-v1", "refs/tags/web-v2"], Some("refs/tags/web\\-v[0-9]")),
            (&["refs/heads/release-1.1", "refs/heads/release-1.2"], Some("refs/heads/release\\-[0-9]")),
            (&["refs/tags/alpha", "refs/tags/beta"], None),
            (&["refs/heads/main", "refs/tags/v1"], None),
            (&["refs/pull/1/merge", "refs/pull/2/merge"], None),
        ];
        for (refs, expected) in cases {
            let expected = expected.map(|stem| format!("{stem}{REST}"));
            assert_eq!(of_refs(&refs.iter().copied().collect()), expected, "{refs:?}");
        }
    }

    #[test]
    fn an_identity_ends_in_a_ref_or_has_none() {
        assert_eq!(split("https://x/y.yml@refs/tags/v1"), Some(("https://x/y.yml", "refs/tags/v1")));
        assert_eq!(split("someone@example.com"), None);
    }
}
