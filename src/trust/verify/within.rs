//! Looks for attestations inside an index: beside the manifests of its platforms, and in BuildKit's attestation manifests
//! that somebody signed. Asked only where a demand is open when everything beside the image itself has been looked at.
//!
//! A statement about one platform proves nothing of another: a demand is met here where every manifest that somebody may
//! run has one that meets it ([`super::demand`]).

mod attestation_manifest;

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};

use super::{
    demand,
    discover::{Failure, Finding, REFERRERS_MAX, Survey},
    outcome,
    place::{AT_ONCE, Place},
};
use crate::{
    model::{Descriptor, Digest, Document, ImageIndex, Platform, Reference, SignatureFormat, media_type},
    registry::RegistryError,
    trust::format,
};

/// The most manifests of an index that attestations are looked for beside; each costs a request or more. Official images
/// have about ten platforms.
pub(super) const PARTS_MAX: usize = 64;

/// A manifest of an index that somebody may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::trust) struct Part {
    pub(super) digest: Digest,
    /// Its platform and digest, fit for a reason.
    pub(super) name: String,
}

/// Looks inside the index that `image` is at, among the chosen platforms; without a choice at all of them. Of anything but
/// an index nothing is found.
pub(super) async fn look(image: Place<'_>, platforms: &[Platform], survey: &mut Survey) {
    let index = match index(image).await {
        Ok(Some(index)) => index,
        Ok(None) => return,
        Err(failure) => return survey.unattested.push(failure),
    };
    let parts = parts(&index, platforms);
    if parts.len() > PARTS_MAX {
        let count = parts.len();
        let many = format!("the index names {count} manifests, more than the {PARTS_MAX} that are looked at");
        return survey.unattested.push(Failure::Limit(many));
    }
    survey.parts = parts;
    beside_platforms(image, survey).await;
    if outcome::open(image.accepted, survey).attestations {
        attestation_manifest::look(image, &index, survey).await;
    }
    if outcome::open(image.accepted, survey).attestations {
        at_tags(image, survey).await;
    }
}

/// Returns the index that `image` is, if it is one. A HEAD finds out, which no registry counts as a pull.
async fn index(image: Place<'_>) -> Result<Option<ImageIndex>, Failure> {
    let Place { registry, repository, subject, .. } = image;
    let there = registry.head_manifest(repository, &Reference::from(subject)).await?;
    if !media_type::is_index(&there.ok_or_else(|| gone(image, subject))?.media_type) {
        return Ok(None);
    }
    let raw = registry.get_manifest(repository, &Reference::from(subject)).await?;
    let raw = raw.ok_or_else(|| gone(image, subject))?;
    match Document::parse(&raw.descriptor.media_type, &raw.bytes) {
        Ok(Document::Index(index)) => Ok(Some(index)),
        Ok(Document::Image(_)) => Ok(None),
        Err(error) => Err(malformed(image, subject, super::shown(&error.to_string()))),
    }
}

fn gone(image: Place<'_>, manifest: &Digest) -> Failure {
    let (host, what) = (image.registry.host().to_owned(), format!("manifest `{manifest}`"));
    RegistryError::NotFound { host, what }.into()
}

fn malformed(image: Place<'_>, manifest: &Digest, detail: String) -> Failure {
    let (host, what) = (image.registry.host().to_owned(), format!("manifest `{manifest}`"));
    RegistryError::Invalid { host, what, detail }.into()
}

/// Returns what somebody may run of an index.
fn parts(index: &ImageIndex, platforms: &[Platform]) -> Vec<Part> {
    let mut seen = BTreeSet::new();
    let run = index.manifests.iter().filter(|entry| !is_never_run(entry) && is_wanted(entry, platforms));
    run.filter(|entry| seen.insert(&entry.digest)).map(part).collect()
}

/// Returns whether an entry is one of BuildKit's that no client chooses. The annotation alone does not take a manifest out
/// of the demand: whoever writes the index writes it.
fn is_never_run(entry: &Descriptor) -> bool {
    let unknown = |platform: &Platform| platform.os == "unknown" && platform.architecture == "unknown";
    entry.is_attestation_manifest() && entry.platform.as_ref().is_some_and(unknown)
}

/// Returns whether an entry may be held where these platforms are chosen.
fn is_wanted(entry: &Descriptor, platforms: &[Platform]) -> bool {
    let covered = |found: &Platform| platforms.iter().any(|asked| asked.covers(found));
    platforms.is_empty() || entry.is_attestation_manifest() || entry.platform.as_ref().is_some_and(covered)
}

fn part(entry: &Descriptor) -> Part {
    let digest = entry.digest.clone();
    let platform = entry.platform.as_ref().map(|platform| super::shown(&platform.to_string()));
    let name =
        platform.map_or_else(|| format!("`{digest}`"), |platform| format!("`{platform}` (`{digest}`)"));
    Part { digest, name }
}

/// Returns the parts that a demand is open for.
fn lacking(image: Place<'_>, survey: &Survey) -> Vec<Digest> {
    let parts = survey.parts.iter().map(|part| &part.digest);
    parts.filter(|part| demand::lacks(part, image.accepted, survey)).cloned().collect()
}

/// Looks at what names the platforms' manifests as its subject.
async fn beside_platforms(image: Place<'_>, survey: &mut Survey) {
    let parts = survey.parts.iter().map(|part| part.digest.clone()).collect();
    let listed = listed(image, parts, survey).await;
    let mut read = stream::iter(listed)
        .map(|(part, referrer)| async move {
            let beside = Place { subject: &part, ..image };
            let findings = beside.about(beside.referrer(&referrer).await);
            of_part(&part, findings)
        })
        .buffered(AT_ONCE);
    while let Some(findings) = read.next().await {
        survey.take(findings);
    }
}

/// Looks at the tags of classic attestations of the platforms that lack something.
async fn at_tags(image: Place<'_>, survey: &mut Survey) {
    let mut read = stream::iter(lacking(image, survey))
        .map(|part| async move {
            let Some(tag) = format::attestation_tag(&part) else { return vec![] };
            let beside = Place { subject: &part, ..image };
            let findings = beside.tag(&tag, SignatureFormat::CosignAttestation).await;
            of_part(&part, beside.about(findings))
        })
        .buffered(AT_ONCE);
    while let Some(findings) = read.next().await {
        survey.take(findings);
    }
}

/// Lists what names these manifests as its subject, bounded over all of them.
async fn listed(image: Place<'_>, manifests: Vec<Digest>, survey: &mut Survey) -> Vec<(Digest, Descriptor)> {
    let mut lists = stream::iter(manifests)
        .map(|manifest| async move {
            let referrers = Place { subject: &manifest, ..image }.referrers().await;
            (manifest, referrers)
        })
        .buffered(AT_ONCE);
    let mut all = vec![];
    while let Some((manifest, referrers)) = lists.next().await {
        match referrers {
            Ok(referrers) => all.extend(referrers.into_iter().map(|referrer| (manifest.clone(), referrer))),
            Err(error) => survey.unattested.push(error.into()),
        }
    }
    if all.len() > REFERRERS_MAX {
        let more =
            format!("{} referrers inside the index, more than the {REFERRERS_MAX} looked at", all.len());
        survey.unattested.push(Failure::Limit(more));
        all.truncate(REFERRERS_MAX);
    }
    all
}

/// Returns findings as those of a part. Its signatures are none of the image, and whatever could not be looked at hides
/// attestations alone.
fn of_part(part: &Digest, findings: Vec<Finding>) -> Vec<Finding> {
    let of_part = |finding| match finding {
        Finding::Signature(_) => None,
        Finding::Attestation(mut made) => {
            made.found.subject = Some(part.clone());
            Some(Finding::Attestation(made))
        }
        Finding::Failure(failure) | Finding::Unattested(failure) => Some(Finding::Unattested(failure)),
    };
    findings.into_iter().filter_map(of_part).collect()
}
