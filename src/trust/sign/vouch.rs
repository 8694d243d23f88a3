//! Writes what is to stand beside a manifest, unless it is there, and reads it back as an outsider would.
//!
//! What one manifest costs, with `n` referrers to write. An upload is one request (`POST` with the bytes) where the
//! registry takes that, else two; where it has no referrers API, the list is its fallback tag.
//!
//! | step | requests |
//! |---|---|
//! | list the referrers | 1 |
//! | `.sig`: read the tag, upload payload and configuration, write the tag | 4 to 6; a new key finds the payload: 3 to 4 |
//! | each referrer: upload the content, write the manifest | 2 to 3 |
//! | fallback tag, once for all of them: read, write, read | 0 or 3 |
//! | list the referrers again | 1 |
//! | each referrer: read back manifest and content | 2 |
//! | `.sig`: read back tag and payload | 2 |
//!
//! So a platform's `.sig`, signature, SBOM attestation and SBOM cost 20 to 28 requests, five to seven each, and signing
//! it anew with another key costs 15 to 21 for three. The empty configuration is written once a repository. Annotations
//! in the list tell which referrers cannot be the wanted one; they are not believed for more than that.
//!
//! Registries know no conditional write, so two writers of one tag can overwrite each other. Each reads again what it
//! wrote and adds itself to what it finds; `.sig` is read back last, when whoever had read it before has written.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;

use super::{Beside, Content, Form, OrgSigner, SignError, Stored, bundle, legacy};
use crate::{
    evidence::Vouched,
    model::{Descriptor, Digest, Document, Instant, Kind, Reference, Repository, media_type},
    registry::{EMPTY_CONFIG, RawManifest, Registry, Written, artifact_manifest},
    trust::{
        fetch, format,
        verify::{Accepted, keys::AcceptedKeys, read_back},
    },
};

/// The most referrers that are searched, as many as verification looks at.
const REFERRERS_MAX: usize = 256;

/// How often referrers are written again that the list does not name: another writer has overwritten the fallback tag.
const LIST_WRITES_MAX: usize = 3;

/// How many referrers are signed at once: a log answers only when it publishes its next tree.
const AT_ONCE: usize = 8;

/// Where is vouched, and with what.
#[derive(Debug, Clone, Copy)]
pub struct Vouching<'a> {
    pub registry: &'a dyn Registry,
    pub repository: &'a Repository,
    pub signer: &'a dyn OrgSigner,
    /// Becomes the creation time of what is written.
    pub at: Instant,
    pub stored: &'a Stored,
}

/// Puts everything into one repository, manifest by manifest. A second call writes nothing. Returns what vouches for each
/// manifest, sorted, as read back from the registry and verified with the signer's public key.
///
/// # Errors
/// [`SignError`]; then some of it may have been written, and calling again finishes the work.
pub async fn vouch(vouching: &Vouching<'_>, besides: &[Beside]) -> Result<Vec<Vouched>, SignError> {
    let own = AcceptedKeys::only("own", vouching.signer.spki_der()).map_err(SignError::Key)?;
    let accepted = match vouching.signer.log() {
        None => own.clone().into(),
        Some(log) => log.accepted(own.clone()),
    };
    let place = Place { vouching, own, accepted };
    let mut by_subject: BTreeMap<&Digest, Vec<&Beside>> = BTreeMap::new();
    for beside in besides {
        by_subject.entry(&beside.artefact.subject.digest).or_default().push(beside);
    }
    let mut vouched = Vec::new();
    for (subject, besides) in by_subject {
        // Everything is looked for before anything is written: what could not be looked at may be what seems missing.
        let look = place.look(&besides).await?;
        let mut added = vec![];
        for beside in &besides {
            let Content::Signature { reference } = &beside.content else { continue };
            if beside.artefact.form == Form::CosignLegacy {
                let mut signature = legacy::Signature::new(vouching, &place.own, subject, reference)?;
                match signature.add().await? {
                    Some(digest) => vouched.push(place.vouched(beside, Held { digest, log: None })),
                    None => added.push((beside, signature)),
                }
            }
        }
        vouched.extend(place.settle(look).await?);
        for (beside, signature) in added {
            let held = Held { digest: signature.read_back().await?, log: None };
            vouched.push(place.vouched(beside, held));
        }
    }
    vouched.sort();
    vouched.dedup();
    Ok(vouched)
}

struct Place<'a> {
    vouching: &'a Vouching<'a>,
    own: AcceptedKeys,
    /// The same, for the judges of bundles: with an entry in the log, where the manifests name one.
    accepted: Accepted,
}

/// Something of ours that was read back.
struct Held {
    /// Of the manifest that carries it.
    digest: Digest,
    /// The id of the log that has an entry of it.
    log: Option<String>,
}

/// A referrer that ought to be there.
struct Wanted<'a> {
    beside: &'a Beside,
    artifact_type: &'a str,
    /// What it has to carry: the statement that is signed, or the document.
    bytes: Vec<u8>,
    predicate_type: Option<&'a str>,
}

/// What of the referrers of one manifest is there; `held` is in the order of `wanted`.
#[derive(Default)]
struct Look<'a> {
    wanted: Vec<Wanted<'a>>,
    held: Vec<Option<Held>>,
    empty_known: bool,
}

impl<'a> Wanted<'a> {
    /// Returns `None` for what is no referrer.
    fn of(beside: &'a Beside) -> Option<Self> {
        let subject = &beside.artefact.subject.digest;
        let (predicate_type, bytes) = match (&beside.artefact.form, &beside.content) {
            (Form::Signature, _) => {
                (Some(format::SIGN_PREDICATE), bundle::statement(subject, format::SIGN_PREDICATE, &json!({})))
            }
            (Form::Attestation { predicate_type, .. }, Content::Predicate(predicate)) => {
                let predicate_type = predicate_type.as_str();
                (Some(predicate_type), bundle::statement(subject, predicate_type, predicate))
            }
            (Form::Document { .. }, Content::Document(bytes)) => (None, bytes.clone()),
            _ => return None,
        };
        let artifact_type = match &beside.artefact.form {
            Form::Document { artifact_type } => artifact_type,
            _ => media_type::SIGSTORE_BUNDLE,
        };
        Some(Self { beside, artifact_type, bytes, predicate_type })
    }
}

impl Place<'_> {
    /// Looks for the referrers of one manifest.
    async fn look<'b>(&self, besides: &[&'b Beside]) -> Result<Look<'b>, SignError> {
        let wanted: Vec<Wanted<'b>> = besides.iter().copied().filter_map(Wanted::of).collect();
        let Some(first) = wanted.first() else { return Ok(Look::default()) };
        let listed = self.listed(&first.beside.artefact.subject.digest).await?;
        let mut held = vec![];
        for one in &wanted {
            held.push(self.find(one, &listed).await?);
        }
        let ours = |referrer: &Descriptor| referrer.annotations.contains_key(format::KEY);
        let empty_known = listed.iter().any(ours);
        Ok(Look { wanted, held, empty_known })
    }

    /// Puts the referrers of one manifest in place that were not found.
    async fn settle(&self, look: Look<'_>) -> Result<Vec<Vouched>, SignError> {
        let Look { wanted, held, empty_known } = look;
        let missing = wanted.iter().zip(&held).filter(|(_, held)| held.is_none());
        let missing: Vec<&Wanted<'_>> = missing.map(|(wanted, _)| wanted).collect();
        let mut written = self.write(&missing, empty_known).await?.into_iter();
        let held = held.into_iter().filter_map(|held| held.or_else(|| written.next()));
        Ok(wanted.iter().zip(held).map(|(wanted, held)| self.vouched(wanted.beside, held)).collect())
    }

    async fn listed(&self, subject: &Digest) -> Result<Vec<Descriptor>, SignError> {
        let Vouching { registry, repository, .. } = self.vouching;
        let mut listed = registry.referrers(&repository.path, subject).await?;
        if listed.len() > REFERRERS_MAX {
            let reason = format!("{} referrers, more than the {REFERRERS_MAX} looked at", listed.len());
            return Err(SignError::Occupied { repository: repository.to_string(), reason });
        }
        listed.sort_by(|a, b| a.digest.cmp(&b.digest));
        Ok(listed)
    }

    /// Returns the first referrer, in order of digests, that carries what is wanted and holds.
    async fn find(&self, wanted: &Wanted<'_>, listed: &[Descriptor]) -> Result<Option<Held>, SignError> {
        for referrer in listed.iter().filter(|referrer| self.may_be(wanted, referrer)) {
            if let Some(held) = self.held(wanted, &referrer.digest).await? {
                return Ok(Some(held));
            }
        }
        Ok(None)
    }

    /// Returns whether a referrer can be the wanted one, as far as the list says. Whoever lies there makes us write ours
    /// again, and nothing else.
    fn may_be(&self, wanted: &Wanted<'_>, referrer: &Descriptor) -> bool {
        // Fallback indexes written by older clients carry the configuration's type instead.
        let declared = referrer.artifact_type.as_deref();
        if declared
            .is_some_and(|declared| declared != wanted.artifact_type && declared != media_type::OCI_EMPTY)
        {
            return false;
        }
        let annotations = self.annotations(wanted);
        let told = [format::PREDICATE, format::KEY, format::STATEMENT];
        told.iter().all(|name| match (referrer.annotations.get(*name), annotations.get(*name)) {
            (Some(there), Some(ours)) => there == ours,
            _ => true,
        })
    }

    /// Reads back what a referrer carries; `None` where that is not the wanted, or does not hold.
    async fn held(&self, wanted: &Wanted<'_>, referrer: &Digest) -> Result<Option<Held>, SignError> {
        let Vouching { registry, repository, signer, .. } = self.vouching;
        let (registry, path) = (*registry, repository.path.as_str());
        let held = |log| Held { digest: referrer.clone(), log };
        if wanted.predicate_type.is_none() {
            return Ok(self.carries(wanted, referrer).await?.then(|| held(None)));
        }
        let subject = &wanted.beside.artefact.subject.digest;
        let read = read_back::statement(registry, path, subject, referrer, &self.accepted).await;
        let read = read.map_err(|failure| SignError::of_failure(&repository.to_string(), &failure))?;
        let Some(read) = read.filter(|read| read.statement == wanted.bytes) else { return Ok(None) };
        Ok(match signer.log() {
            None => Some(held(None)),
            Some(log) => log.holding(&read.log_entries).map(|log| held(Some(log))),
        })
    }

    /// Returns whether a referrer carries the wanted document. A registry may have taken it without its `subject` alone,
    /// and then it is the list that says what it belongs to.
    async fn carries(&self, wanted: &Wanted<'_>, referrer: &Digest) -> Result<bool, SignError> {
        let Vouching { registry, repository, .. } = self.vouching;
        let reference = Reference::from(referrer);
        let Some(manifest) = registry.get_manifest(&repository.path, &reference).await? else {
            return Ok(false);
        };
        let Ok(Document::Image(image)) = Document::parse(&manifest.descriptor.media_type, &manifest.bytes)
        else {
            return Ok(false);
        };
        let subject = &wanted.beside.artefact.subject.digest;
        let other = image.subject.is_some_and(|found| found.digest != *subject);
        let [layer] = image.layers.as_slice() else { return Ok(false) };
        let ours = Descriptor::of(wanted.artifact_type, &wanted.bytes);
        let same = (&layer.digest, layer.size) == (&ours.digest, ours.size);
        if other || !same || image.artifact_type.as_deref() != Some(wanted.artifact_type) {
            return Ok(false);
        }
        let read = fetch::read(*registry, &repository.path, &ours, ours.size).await;
        read.map(|read| read == wanted.bytes)
            .map_err(|error| SignError::of_fetch(&repository.to_string(), error))
    }

    /// Writes referrers of one manifest and reads them back. Returns them in the same order. `empty_known` says that the
    /// repository has the empty configuration already, because a referrer of ours has it.
    async fn write(&self, missing: &[&Wanted<'_>], empty_known: bool) -> Result<Vec<Held>, SignError> {
        let Vouching { registry, repository, stored, .. } = self.vouching;
        let Some(first) = missing.first() else { return Ok(vec![]) };
        let subject = &first.beside.artefact.subject;
        if !empty_known {
            stored.write(*registry, &repository.path, Bytes::from_static(EMPTY_CONFIG)).await?;
        }
        let made = missing.iter().map(|wanted| self.referrer(subject, wanted));
        let manifests: Vec<RawManifest> = stream::iter(made).buffered(AT_ONCE).try_collect().await?;
        for _ in 0..LIST_WRITES_MAX {
            let written = match registry.put_referrers(&repository.path, &subject.digest, &manifests).await {
                // It had been collected.
                Err(error) if empty_known && error.kind() == Kind::NotFound => {
                    stored.write(*registry, &repository.path, Bytes::from_static(EMPTY_CONFIG)).await?;
                    registry.put_referrers(&repository.path, &subject.digest, &manifests).await?
                }
                written => written?,
            };
            let listed = self.listed(&subject.digest).await?;
            let listed: BTreeSet<&Digest> = listed.iter().map(|listed| &listed.digest).collect();
            if written.iter().all(|written| listed.contains(&written.digest)) {
                return self.read_back(missing, written).await;
            }
        }
        Err(self.not_read_back(first, "it is not among the referrers"))
    }

    /// Reads back what is listed.
    async fn read_back(&self, wanted: &[&Wanted<'_>], written: Vec<Written>) -> Result<Vec<Held>, SignError> {
        let mut held = vec![];
        for (wanted, written) in wanted.iter().zip(written) {
            let read = self.held(wanted, &written.digest).await?;
            held.push(read.ok_or_else(|| self.not_read_back(wanted, "it is not what was written"))?);
        }
        Ok(held)
    }

    /// Uploads what a referrer carries and returns its manifest.
    async fn referrer(&self, subject: &Descriptor, wanted: &Wanted<'_>) -> Result<RawManifest, SignError> {
        let Vouching { registry, repository, signer, stored, at } = self.vouching;
        let mut annotations = self.annotations(wanted);
        annotations.insert(format::CREATED.to_owned(), at.to_string());
        let content = match wanted.predicate_type {
            None => wanted.bytes.clone(),
            Some(_) => bundle::sign(&subject.digest, wanted.bytes.clone(), *signer).await?,
        };
        let manifest = artifact_manifest(subject, wanted.artifact_type, &content, annotations);
        stored.write(*registry, &repository.path, content.into()).await?;
        Ok(manifest)
    }

    /// Returns what a bundle's manifest says of it, but for the time.
    fn annotations(&self, wanted: &Wanted<'_>) -> BTreeMap<String, String> {
        let Some(predicate_type) = wanted.predicate_type else { return BTreeMap::new() };
        BTreeMap::from([
            (format::CONTENT.to_owned(), "dsse-envelope".to_owned()),
            (format::PREDICATE.to_owned(), predicate_type.to_owned()),
            (format::KEY.to_owned(), self.vouching.signer.key_digest().to_string()),
            (format::STATEMENT.to_owned(), Digest::sha256(&wanted.bytes).to_string()),
        ])
    }

    fn not_read_back(&self, wanted: &Wanted<'_>, reason: &str) -> SignError {
        SignError::NotReadBack {
            repository: self.vouching.repository.to_string(),
            format: wanted.beside.artefact.form.format().to_owned(),
            subject: wanted.beside.artefact.subject.digest.clone(),
            reason: reason.to_owned(),
        }
    }

    fn vouched(&self, beside: &Beside, held: Held) -> Vouched {
        let artefact = &beside.artefact;
        Vouched {
            format: artefact.form.format().to_owned(),
            predicate_type: artefact.form.predicate_type().map(str::to_owned),
            subject: artefact.subject.digest.clone(),
            digest: held.digest,
            key: artefact.form.is_signed().then(|| self.vouching.signer.key_digest()),
            facts: artefact.facts.clone(),
            as_of: artefact.as_of,
            log: held.log,
        }
    }
}
