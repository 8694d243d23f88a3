//! The package list as Git keeps it.

use std::collections::BTreeSet;

use crate::model::Package;

/// Returns one package URL a line, sorted, without repetition, each line ended; nothing for no packages. Packages
/// without a package URL have been reported as a gap by [`super::merge`] and do not reach this list.
pub fn packages_text(packages: &[Package]) -> String {
    let purls: BTreeSet<String> = packages.iter().filter_map(|package| package.purl().ok()).collect();
    purls.into_iter().map(|purl| purl + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_unique_and_ended() {
        let b: Package = "pkg:apk/alpine/b@1-r0".parse().unwrap();
        let a: Package = "pkg:apk/alpine/a@2-r1?arch=x86_64".parse().unwrap();
        let text = packages_text(&[b.clone(), a, b]);
        assert_eq!(text, "pkg:apk/alpine/a@2-r1?arch=x86_64\npkg:apk/alpine/b@1-r0\n");
        assert_eq!(packages_text(&[]), "");
    }
}
