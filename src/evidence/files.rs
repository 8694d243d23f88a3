//! Evidence as files.

use std::collections::BTreeMap;

use super::{
    ADVISORIES_LOCK, Document, Evidence, IMAGES_LOCK, ImageRecord, ImagesLock, REGISTRIES_LOCK, RESCAN,
    image_directory,
};

/// Returns every record and lock as it is committed. The log is not among them: it is only ever appended to, by
/// [`super::append`].
pub fn files(evidence: &Evidence) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for ((repository, digest), record) in &evidence.images {
        image(&image_directory(repository, digest), record, &mut files);
    }
    let mut lock = ImagesLock { schema: ImagesLock::SCHEMA.to_owned(), images: evidence.lock.images.clone() };
    lock.images.sort();
    files.insert(IMAGES_LOCK.to_owned(), lock.text().into_bytes());
    if let Some(advisories) = &evidence.advisories {
        files.insert(ADVISORIES_LOCK.to_owned(), advisories.text().into_bytes());
    }
    if let Some(registries) = &evidence.registries {
        files.insert(REGISTRIES_LOCK.to_owned(), registries.text().into_bytes());
    }
    if let Some(rescan) = &evidence.rescan {
        files.insert(RESCAN.to_owned(), rescan.text().into_bytes());
    }
    files
}

fn image(directory: &str, record: &ImageRecord, files: &mut BTreeMap<String, Vec<u8>>) {
    let mut put = |name: &str, text: String| {
        files.insert(format!("{directory}/{name}"), text.into_bytes());
    };
    put("custody.json", record.custody.text());
    put("verification.json", record.verification.text());
    put("verdicts.json", record.verdicts.text());
    if let Some(scan) = &record.scan {
        put("scan.json", scan.text());
    }
    if let Some(contents) = &record.contents {
        put("contents.json", contents.text());
    }
    if let Some(publisher) = &record.publisher {
        put("publisher.json", publisher.text());
    }
    for (name, text) in &record.packages {
        put(name, text.clone());
    }
}
