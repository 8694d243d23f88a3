//! Reading evidence back.

use std::collections::{BTreeMap, BTreeSet};

use super::documents::packages;
use super::paths::has_extension;
use super::{
    ADVISORIES_LOCK, AdvisoriesLock, Custody, Document, EventLog, IMAGES, IMAGES_LOCK, ImageRecord,
    ImagesLock, REGISTRIES_LOCK, RESCAN, RegistriesLock, RescanRecord, image_directory, log,
};
use crate::model::{Digest, Kind, Platform, Repository};

/// Everything that is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    /// By upstream repository and digest.
    pub images: BTreeMap<(Repository, Digest), ImageRecord>,
    pub lock: ImagesLock,
    /// Absent where no advisory bundle is pinned.
    pub advisories: Option<AdvisoriesLock>,
    /// Absent where no registry was probed.
    pub registries: Option<RegistriesLock>,
    /// Absent where nothing was scanned yet, or before this was kept.
    pub rescan: Option<RescanRecord>,
    pub log: EventLog,
}

impl Evidence {
    /// Returns the record of an upstream repository's digest.
    pub fn image(&self, source: &Repository, digest: &Digest) -> Option<&ImageRecord> {
        self.images.get(&(source.clone(), digest.clone()))
    }

    /// Returns the record of what a tag means: `upstream` is the digest there, `platforms` what is asked for of it, all
    /// where there are none. What was taken in for another choice is another record.
    pub fn asked(
        &self,
        source: &Repository,
        upstream: &Digest,
        platforms: &[Platform],
    ) -> Option<&ImageRecord> {
        if platforms.is_empty() {
            return self.image(source, upstream).filter(|record| record.custody.source.subset.is_none());
        }
        let names: Vec<String> = platforms.iter().map(Platform::to_string).collect();
        let of = |record: &&ImageRecord| {
            let subset = record.custody.source.subset.as_ref();
            subset.is_some_and(|subset| subset.upstream == *upstream && subset.platforms == names)
        };
        let records = self.images.iter().filter(|((repository, _), _)| repository == source);
        records.map(|(_, record)| record).find(of)
    }
}

/// A document that is broken, missing or out of place. Nothing is decided from evidence that does not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` cannot be used: {reason}")]
pub struct EvidenceError {
    pub path: String,
    pub reason: String,
}

impl EvidenceError {
    /// Returns what the error means to the caller.
    pub const fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

type Files = BTreeMap<String, Vec<u8>>;

/// Reads the records, locks and log among `files`; other files are not looked at.
///
/// # Errors
/// [`EvidenceError`] naming the first broken file. Missing locks and an empty log are a repository's beginning.
pub fn load(files: &Files) -> Result<Evidence, EvidenceError> {
    let lock = document(files, IMAGES_LOCK)?
        .unwrap_or_else(|| ImagesLock { schema: ImagesLock::SCHEMA.to_owned(), images: vec![] });
    let mut images = BTreeMap::new();
    for directory in directories(files) {
        let record = image(files, directory)?;
        let key = (record.custody.source.repository.clone(), record.custody.subject.digest.clone());
        images.insert(key, record);
    }
    Ok(Evidence {
        images,
        lock,
        advisories: document(files, ADVISORIES_LOCK)?,
        registries: document(files, REGISTRIES_LOCK)?,
        rescan: document(files, RESCAN)?,
        log: log::read(files)?,
    })
}

/// Returns the folders that hold a record, also where it is not whole.
fn directories(files: &Files) -> BTreeSet<&str> {
    let is_record = |name: &str| has_extension(name, "json") || packages::is_list(name);
    let below = files.keys().filter(|path| path.starts_with(&format!("{IMAGES}/")));
    below
        .filter_map(|path| {
            path.rsplit_once('/').filter(|(_, name)| is_record(name)).map(|(folder, _)| folder)
        })
        .collect()
}

fn image(files: &Files, directory: &str) -> Result<ImageRecord, EvidenceError> {
    let path = |name: &str| format!("{directory}/{name}");
    let custody: Custody = required(files, &path("custody.json"))?;
    let subject = custody.subject.digest.clone();
    let expected = image_directory(&custody.source.repository, &subject);
    if expected != directory {
        return Err(fail(path("custody.json"), format!("its subject belongs in `{expected}`")));
    }
    let record = ImageRecord {
        custody,
        verification: required(files, &path("verification.json"))?,
        packages: lists(files, directory)?,
        scan: document(files, &path("scan.json"))?,
        contents: document(files, &path("contents.json"))?,
        publisher: document(files, &path("publisher.json"))?,
        verdicts: required(files, &path("verdicts.json"))?,
    };
    let same = |name: &str, found: &Digest, wanted: &Digest| {
        let wrong = || fail(path(name), format!("its subject is {found}, not {wanted}"));
        (found == wanted).then_some(()).ok_or_else(wrong)
    };
    // Of chosen platforms there is a new index, and publishers have signed theirs.
    same("verification.json", &record.verification.subject, record.custody.upstream())?;
    same("verdicts.json", &record.verdicts.subject, &subject)?;
    record.scan.as_ref().map_or(Ok(()), |scan| same("scan.json", &scan.subject, &subject))?;
    let contents = record.contents.as_ref();
    contents.map_or(Ok(()), |contents| same("contents.json", &contents.subject, &subject))?;
    let publisher = record.publisher.as_ref();
    publisher.map_or(Ok(()), |publisher| same("publisher.json", &publisher.subject, &subject))?;
    let named = record.custody.subject.platforms.iter().map(|platform| platform.packages.as_str());
    for name in named.chain([packages::UNION]) {
        if !record.packages.contains_key(name) {
            let name: String = name.chars().take(80).collect();
            return Err(fail(
                path("custody.json"),
                format!("package list `{}` is missing", name.escape_debug()),
            ));
        }
    }
    Ok(record)
}

fn lists(files: &Files, directory: &str) -> Result<BTreeMap<String, String>, EvidenceError> {
    let prefix = format!("{directory}/");
    let mut found = BTreeMap::new();
    for (path, bytes) in files.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix)) {
        let name = &path[prefix.len()..];
        if packages::is_list(name) {
            found.insert(name.to_owned(), packages::parse(bytes).map_err(|e| fail(path.clone(), e))?);
        }
    }
    Ok(found)
}

fn document<D: Document>(files: &Files, path: &str) -> Result<Option<D>, EvidenceError> {
    files.get(path).map(|bytes| D::parse(bytes).map_err(|e| fail(path.to_owned(), e))).transpose()
}

fn required<D: Document>(files: &Files, path: &str) -> Result<D, EvidenceError> {
    document(files, path)?.ok_or_else(|| fail(path.to_owned(), "it is missing".to_owned()))
}

const fn fail(path: String, reason: String) -> EvidenceError {
    EvidenceError { path, reason }
}
