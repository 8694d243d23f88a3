//! Where documents and pages stand in the manifest repository.

use crate::model::{Digest, Repository};

/// Everything below is written by this program only.
pub const EVIDENCE: &str = "evidence";
/// `lock/images.lock.json`.
pub const IMAGES_LOCK: &str = "lock/images.lock.json";
/// `lock/advisories.lock.json`.
pub const ADVISORIES_LOCK: &str = "lock/advisories.lock.json";
/// `lock/registries.lock.json`.
pub const REGISTRIES_LOCK: &str = "lock/registries.lock.json";
/// The bundle that every image was last scanned against.
pub const RESCAN: &str = "evidence/advisories.json";
/// The folder of the event log.
pub const LOG: &str = "evidence/log";
/// The folder of all image records.
pub const IMAGES: &str = "evidence/images";
/// The folder of the consumers' pages.
pub const CONSUMERS: &str = "evidence/consumers";
/// The jurisdiction page and its twin for machines.
pub const JURISDICTION: [&str; 2] = ["docs/jurisdiction.md", "docs/jurisdiction.json"];

/// Returns the folder of everything about a repository: `evidence/images/docker.io/library/nginx`.
pub fn repository_directory(repository: &Repository) -> String {
    format!("{IMAGES}/{}/{}", repository.host_segment(), repository.path)
}

/// Returns the folder of one digest's records: `<repository's folder>/sha256-<hex>`.
pub fn image_directory(repository: &Repository, digest: &Digest) -> String {
    format!("{}/{}", repository_directory(repository), digest.dashed())
}

/// Returns the folder of a consumer's page.
pub fn consumer_directory(name: &str) -> String {
    format!("{CONSUMERS}/{name}")
}

/// Returns whether a path is one this program reads back: records, log and locks, but no pages.
pub fn is_record(path: &str) -> bool {
    let below = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    match path {
        IMAGES_LOCK | ADVISORIES_LOCK | REGISTRIES_LOCK | RESCAN => true,
        _ => (below(IMAGES) || below(LOG)) && !has_extension(path, "md"),
    }
}

/// Returns whether a path is a page, or a page's twin for machines: made anew from the records at every run.
pub fn is_page(path: &str) -> bool {
    let below = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    JURISDICTION.contains(&path) || below(CONSUMERS) || (below(EVIDENCE) && has_extension(path, "md"))
}

/// Returns whether a path ends in a dot and `extension`.
pub(super) fn has_extension(path: &str, extension: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, found)| found == extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_its_folder() {
        let repository: Repository = "127.0.0.1:5000/team/app".parse().unwrap();
        let digest = Digest::sha256(b"{}");
        let expected = "evidence/images/127.0.0.1_5000/team/app/\
                        sha256-44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        assert_eq!(image_directory(&repository, &digest), expected);
    }

    #[test]
    fn records_and_pages_are_told_apart_and_manifests_are_neither() {
        let cases = [
            ("evidence/images/h/r/sha256-00/custody.json", true, false),
            ("evidence/images/h/r/sha256-00/README.md", false, true),
            ("evidence/log/2026-11.jsonl", true, false),
            ("evidence/README.md", false, true),
            ("evidence/consumers/a/digests.json", false, true),
            ("docs/jurisdiction.json", false, true),
            ("docs/notes.md", false, false),
            ("lock/images.lock.json", true, false),
            ("images/web.yaml", false, false),
            ("evidence.md", false, false),
        ];
        for (path, record, page) in cases {
            assert_eq!((is_record(path), is_page(path)), (record, page), "{path}");
        }
    }
}
