//! Repository names as the distribution specification allows them ("Pulling manifests", `<name>`).

use super::{RegistryError, asked::Asked};
use crate::model::Reference;

/// The longest `<name>`: many clients and registries refuse more with the host included (distribution specification).
const NAME_BYTES_MAX: usize = 255;

/// Returns an error where `repository` is not a name. What passes is safe in a URL path and as a relative file path.
pub(super) fn check_repository(host: &str, repository: &str) -> Result<(), RegistryError> {
    if repository.len() <= NAME_BYTES_MAX && repository.split('/').all(is_segment) {
        return Ok(());
    }
    let what = format!("repository `{}`", super::asked::quotable(repository));
    Err(Asked::new(host, what).invalid("not a repository name"))
}

/// Returns an error where a tag is not one. Digests are checked by their type.
pub(super) fn check_reference(host: &str, reference: &Reference) -> Result<(), RegistryError> {
    match reference {
        Reference::Tag(tag) if !Reference::is_tag(tag) => {
            let what = format!("tag `{}`", super::asked::quotable(tag));
            Err(Asked::new(host, what).invalid("not a tag"))
        }
        _ => Ok(()),
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_segment(segment: &str) -> bool {
    let word = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = segment.as_bytes();
    let separators = segment.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    word(bytes.first())
        && word(bytes.last())
        && separators.into_iter().all(|s| matches!(s, "" | "." | "_" | "__") || s.bytes().all(|b| b == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_grammar_of_the_specification() {
        for name in ["a", "library/nginx", "a.b/c_d/e__f/g---h", "0/1/2"] {
            assert!(check_repository("h", name).is_ok(), "{name}");
        }
        let traversal =
            ["", "/", "a//b", "..", "a/../b", "a/.", "a/..%2f", "A", "a_", "a___b", "a..b", "a/b?x", "a b"];
        for name in traversal {
            assert!(check_repository("h", name).is_err(), "{name}");
        }
        assert!(check_repository("h", &"a".repeat(256)).is_err());
    }
}
