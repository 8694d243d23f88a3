//! `evidence/images/<repository>/<digest>/README.md`: everything about one digest, one file here a section.

mod base;
mod companions;
mod custody;
mod findings;
mod history;
mod inside;
mod notable;
mod publisher;
mod verdicts;
mod vouching;

pub(super) use history::Row as HistoryRow;
use serde::Serialize;

use super::link::Link;
use super::template::{Page, RenderError, render};
use super::{Pages, Subject};
use crate::evidence::{Bases, ImageRecord, image_directory, repository_directory};
use crate::model::{Digest, Repository};

#[derive(Serialize)]
struct ImagePage {
    repository: String,
    digest: String,
    short: String,
    media_type: String,
    tags: Vec<Tag>,
    subset: Option<Subset>,
    repository_page: Link,
    /// The records beside the page.
    files: Vec<Link>,
    verdicts: verdicts::Section,
    custody: custody::Section,
    made: Made,
    publisher: publisher::Section,
    companions: companions::Section,
    vouching: vouching::Section,
    inside: inside::Section,
    findings: Option<findings::Section>,
    history: history::Section,
}

#[derive(Serialize)]
struct Tag {
    name: String,
    first_seen: String,
}

/// What was chosen of upstream's index.
#[derive(Serialize)]
struct Subset {
    upstream: String,
    platforms: String,
    left_out: Vec<String>,
    /// Whether the index is another one than upstream's.
    is_new: bool,
}

/// Who made it, as far as signatures tell.
#[derive(Serialize)]
struct Made {
    policy: String,
    policy_digest: String,
    outcome: &'static str,
    reason: String,
    signatures: Vec<Signature>,
}

#[derive(Serialize)]
struct Signature {
    place: String,
    digest: String,
    key: String,
    outcome: &'static str,
    reason: String,
}

/// What the sections of one page are made from.
#[derive(Clone, Copy)]
struct Image<'a> {
    subject: Subject<'a>,
    page: &'a str,
    directory: &'a str,
    repository: &'a Repository,
    digest: &'a Digest,
    record: &'a ImageRecord,
    bases: &'a Bases,
}

pub(super) fn pages(subject: Subject<'_>, pages: &mut Pages) -> Result<(), RenderError> {
    let bases = Bases::new(subject.evidence);
    for ((repository, digest), record) in &subject.evidence.images {
        let directory = image_directory(repository, digest);
        let page = format!("{directory}/README.md");
        let image =
            Image { subject, page: &page, directory: &directory, repository, digest, record, bases: &bases };
        let text = render(Page::Image, &values(image))?;
        pages.insert(page, text);
    }
    Ok(())
}

fn values(image: Image<'_>) -> ImagePage {
    let record = image.record;
    let tags = record.custody.source.tags.iter();
    let tag =
        |t: &crate::evidence::TagSeen| Tag { name: t.tag.clone(), first_seen: t.first_seen.to_string() };
    let repository_page = format!("{}/README.md", repository_directory(image.repository));
    ImagePage {
        repository: image.repository.to_string(),
        digest: image.digest.to_string(),
        short: image.digest.short(),
        media_type: record.custody.subject.media_type.clone(),
        tags: tags.map(tag).collect(),
        subset: subset(record),
        repository_page: Link::to(image.page, &repository_page, image.repository.to_string()),
        files: image.files().iter().map(|name| image.file(name)).collect(),
        verdicts: verdicts::section(image),
        custody: custody::section(image),
        made: made(record),
        publisher: publisher::section(image),
        companions: companions::section(image),
        vouching: vouching::section(image),
        inside: inside::section(image),
        findings: record.scan.as_ref().map(|scan| findings::section(image, scan)),
        history: history::section(image),
    }
}

impl Image<'_> {
    /// Returns the names of the records beside the page.
    fn files(&self) -> Vec<&str> {
        let mut names = vec!["custody.json", "verification.json", "verdicts.json"];
        if self.record.scan.is_some() {
            names.push("scan.json");
        }
        if self.record.contents.is_some() {
            names.push("contents.json");
        }
        if self.record.publisher.is_some() {
            names.push("publisher.json");
        }
        names.extend(self.record.packages.keys().map(String::as_str));
        names
    }

    /// Returns a link to a record beside the page; a name that is none of them leads nowhere.
    fn file(&self, name: &str) -> Link {
        if !self.files().contains(&name) {
            return Link::none(name);
        }
        Link::to(self.page, &format!("{}/{name}", self.directory), name)
    }
}

fn subset(record: &ImageRecord) -> Option<Subset> {
    let subset = record.custody.source.subset.as_ref()?;
    let left_out = subset.left_out.iter().map(|left_out| {
        let platform = left_out.platform.as_deref().unwrap_or("no platform");
        format!("{} ({platform})", left_out.digest.short())
    });
    Some(Subset {
        upstream: subset.upstream.to_string(),
        platforms: subset.platforms.join(", "),
        left_out: left_out.collect(),
        is_new: subset.upstream != record.custody.subject.digest,
    })
}

fn made(record: &ImageRecord) -> Made {
    let verification = &record.verification;
    let signature = |found: &crate::model::SignatureFound| Signature {
        place: found.place.clone(),
        digest: found.digest.short(),
        key: found
            .proof
            .key
            .clone()
            .or_else(|| found.proof.signer.clone())
            .unwrap_or_else(|| "none".to_owned()),
        outcome: found.outcome.name(),
        reason: found.reason.clone(),
    };
    Made {
        policy: verification.policy.clone(),
        policy_digest: verification.policy_digest.short(),
        outcome: verification.outcome.name(),
        reason: verification.reason.clone(),
        signatures: verification.signatures.iter().map(signature).collect(),
    }
}
