//! Red Hat's image content manifests: from which repositories the packages of a layer were installed (schema
//! `content_manifest.json` of atomic-reactor, which builds Red Hat's images). Advisories of Red Hat speak of products, and
//! which product a package belongs to follows from its repository.

use super::{Cataloguer, Wants, word};
use crate::catalogue::found::{File, Parsed};
use crate::catalogue::json::Json;
use crate::catalogue::path::split;

pub(super) const CATALOGUER: Cataloguer = Cataloguer {
    name: "content_sets",
    wants: &[Wants::Paths(is_wanted)],
    parse: |file: &File<'_>| parse(file),
};

/// Of containers, and of Red Hat Enterprise Linux CoreOS.
const DIRECTORIES: [&str; 2] = ["root/buildinfo/content_manifests", "usr/share/buildinfo"];

/// The most repositories of one manifest; those of large products have some dozens.
const SETS_MAX: usize = 1000;

fn is_wanted(path: &str) -> bool {
    path.strip_suffix(".json").is_some() && DIRECTORIES.contains(&split(path).0)
}

fn parse(file: &File<'_>) -> Parsed {
    let text = String::from_utf8_lossy(file.bytes);
    let Some(json) = Json::of(&text) else {
        return Parsed::gap("is no JSON, so that repositories are not known");
    };
    let sets = json.field("content_sets").map(Json::texts).unwrap_or_default();
    let named: Vec<String> =
        sets.iter().take(SETS_MAX).filter(|set| word(set.as_bytes()).is_some()).cloned().collect();
    let unreadable = (sets.len() - named.len()) as u64;
    Parsed { content_sets: named, unreadable, ..Parsed::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, text: &str) -> Parsed {
        (CATALOGUER.parse)(&File { path, bytes: text.as_bytes() })
    }

    /// As atomic-reactor's schema has it.
    const MANIFEST: &str = r#"{"metadata": {"icm_version": 1, "image_layer_index": 4,
        "icm_spec": "https://github.com/containerbuildsystem/atomic-reactor/blob/x/schemas/content_manifest.json"},
        "content_sets": ["ubi-8-baseos-rpms", "ubi-8-appstream-rpms"], "image_contents": []}"#;

    #[test]
    fn repositories_are_read_in_their_order() {
        let parsed = read("root/buildinfo/content_manifests/ubi8-container-8.9-1.json", MANIFEST);
        assert_eq!(parsed.content_sets, ["ubi-8-baseos-rpms", "ubi-8-appstream-rpms"]);
        assert_eq!((parsed.unreadable, parsed.gaps.len()), (0, 0));
    }

    #[test]
    fn files_beside_them_and_empty_ones_say_nothing() {
        for text in
            ["null", "{}", r#"{"name": "ubi8"}"#, r#"{"content_sets": []}"#, r#"{"content_sets": null}"#]
        {
            assert!(read("usr/share/buildinfo/labels.json", text).is_empty(), "{text}");
        }
        for (path, wanted) in [
            ("root/buildinfo/content_manifests/a.json", true),
            ("usr/share/buildinfo/content-sets.json", true),
            ("root/buildinfo/labels.json", false),
            ("root/buildinfo/content_manifests/a.json.old", false),
            ("home/root/buildinfo/content_manifests/a.json", false),
        ] {
            assert_eq!(is_wanted(path), wanted, "{path}");
        }
    }

    #[test]
    fn hostile_names_are_counted_and_broken_files_are_gaps() {
        let many =
            format!("{{\"content_sets\": [{}\"\\u001b[2J\", 7, \"a b\"]}}", "\"a\",".repeat(SETS_MAX + 5));
        let parsed = read("root/buildinfo/content_manifests/a.json", &many);
        assert_eq!((parsed.content_sets.len(), parsed.unreadable), (SETS_MAX, 7));
        let parsed = read("root/buildinfo/content_manifests/a.json", "{\"content_sets\": [\"a\"");
        assert_eq!(parsed.gaps, ["is no JSON, so that repositories are not known"]);
    }
}
