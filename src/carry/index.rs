//! `carry.json`: what is carried, every content and every volume by digest. Pure.
//!
//! The signature says that the organisation wrote it; [`CarryIndex::parse`] checks all the same that it is whole, so
//! that what reads it has no cases left that cannot be.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::volumes::{Piece, entry_name, volume_name};
use crate::{
    evidence::Document,
    model::{Digest, Reference, Repository},
};

/// The largest `carry.json` that is read: it is held in memory, and has some 300 bytes for each content.
pub(super) const INDEX_BYTES_MAX: u64 = 64 << 20;

/// The most contents of a carry, a bound for what is computed from them.
const CONTENTS_MAX: usize = 200_000;

/// The most volumes: a library of tapes, at the default size forty terabytes.
pub(super) const VOLUMES_MAX: usize = 9_999;

/// `carry.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CarryIndex {
    /// `fondaco/carry/v1alpha1`.
    pub schema: String,
    /// Name of the sending `Mirror`.
    pub mirror: String,
    /// SHA-256 of the public key (SPKI) that vouches for this index.
    pub key: Digest,
    pub evidence: EvidenceCarried,
    /// The advisory bundle that the lock pins; absent where none is pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advisories: Option<AdvisoriesCarried>,
    /// Sorted by upstream repository and digest.
    pub images: Vec<CarriedImage>,
    /// In the order in which they lie in the volumes.
    pub contents: Vec<Content>,
    pub volumes: Vec<Volume>,
}

/// The advisory bundle as an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdvisoriesCarried {
    /// Digest of the bundle's index, which the lock pins.
    pub index: Digest,
    /// Digests of the artifact's layers.
    pub layers: Vec<Digest>,
    /// Digest of the artifact's manifest.
    pub manifest: Digest,
}

/// The manifests and evidence of the sending side, as a Git bundle of the branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EvidenceCarried {
    pub branch: String,
    /// The pushed commit that says what is cleared.
    pub commit: String,
    /// Digest of the Git bundle.
    pub bundle: Digest,
}

/// One image with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CarriedImage {
    /// The upstream repository.
    pub source: Repository,
    pub digest: Digest,
    /// Where the sending side holds it.
    pub from: Repository,
    /// In the order in which they can be written: children first, the image's own last.
    pub manifests: Vec<CarriedManifest>,
    /// Configurations and layers, sorted.
    pub blobs: Vec<Digest>,
    /// Sorted by consumer and tag.
    pub promotions: Vec<CarriedPromotion>,
}

/// A manifest or index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CarriedManifest {
    pub digest: Digest,
    pub media_type: String,
}

/// A tag that is cleared for a consumer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CarriedPromotion {
    pub consumer: String,
    pub tag: String,
    /// The distribution of the sending side.
    pub from: Repository,
    /// Whether the sending side had promoted it; where not, it was signed for the carry.
    pub promoted: bool,
    /// Signatures and attestations, in the order in which they can be written.
    pub companions: Vec<CarriedCompanion>,
}

/// A signature, attestation or other document beside an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CarriedCompanion {
    /// What its manifest refers to. Either this or a tag is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Digest>,
    /// The tag under which it is found, `sha256-<hex>.sig`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Children first, its own last.
    pub manifests: Vec<CarriedManifest>,
    /// Sorted.
    pub blobs: Vec<Digest>,
}

/// Some bytes, by digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Content {
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// One, or several in consecutive volumes, in order.
    pub parts: Vec<Part>,
}

/// The bytes of a content that lie in one volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Part {
    /// Number of the volume, from 1.
    pub volume: usize,
    /// Bytes.
    pub size: u64,
}

/// A tar archive of contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Volume {
    pub name: String,
    /// Bytes of the archive.
    pub size: u64,
    pub digest: Digest,
}

impl Document for CarryIndex {
    const SCHEMA: &'static str = "fondaco/carry/v1alpha1";

    fn schema(&self) -> &str {
        &self.schema
    }
}

impl CarriedImage {
    /// Returns every content of the image itself.
    pub(super) fn contents(&self) -> impl Iterator<Item = &Digest> {
        self.manifests.iter().map(|manifest| &manifest.digest).chain(&self.blobs)
    }

    /// Returns every content of the image and of what belongs to it, each once.
    pub(super) fn everything(&self) -> BTreeSet<&Digest> {
        let companions = self.promotions.iter().flat_map(|promotion| &promotion.companions);
        self.contents().chain(companions.flat_map(CarriedCompanion::contents)).collect()
    }
}

impl CarriedCompanion {
    pub(super) fn contents(&self) -> impl Iterator<Item = &Digest> {
        self.manifests.iter().map(|manifest| &manifest.digest).chain(&self.blobs)
    }
}

impl CarryIndex {
    /// Reads an index and checks that it is whole.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let index = Self::parse(bytes)?;
        if index.text().as_bytes() != bytes {
            return Err("it is not in canonical form".to_owned());
        }
        index.check_volumes()?;
        let known = index.check_contents()?;
        index.check_images(&known)?;
        Ok(index)
    }

    /// Returns the index without what is known only after the volumes have been written.
    pub(super) fn unwritten(&self) -> Self {
        Self { volumes: vec![], ..self.clone() }
    }

    /// Returns what lies in each volume, in order.
    pub(super) fn pieces(&self) -> Vec<Vec<Piece>> {
        let mut volumes = vec![vec![]; self.volumes.len()];
        for content in &self.contents {
            let mut offset = 0;
            for (number, part) in content.parts.iter().enumerate() {
                let split = (content.parts.len() > 1).then_some(number + 1);
                let name = entry_name(&content.digest, split);
                let piece = Piece { name, digest: content.digest.clone(), offset, size: part.size };
                volumes[part.volume - 1].push(piece);
                offset += part.size;
            }
        }
        volumes
    }

    fn check_volumes(&self) -> Result<(), String> {
        if self.volumes.len() > VOLUMES_MAX {
            return Err(format!("more than {VOLUMES_MAX} volumes"));
        }
        let expected = (1..=self.volumes.len()).map(volume_name);
        match expected.zip(&self.volumes).find(|(name, volume)| *name != volume.name) {
            Some((name, _)) => Err(format!("volume `{name}` is not where it belongs")),
            None => Ok(()),
        }
    }

    fn check_contents(&self) -> Result<BTreeSet<&Digest>, String> {
        if self.contents.len() > CONTENTS_MAX {
            return Err(format!("more than {CONTENTS_MAX} contents"));
        }
        let mut known = BTreeSet::new();
        for content in &self.contents {
            let wrong = |reason: &str| Err(format!("content {}: {reason}", content.digest));
            if !known.insert(&content.digest) {
                return wrong("it is named twice");
            }
            let volumes = content.parts.iter().map(|part| part.volume);
            if content.parts.is_empty() || volumes.clone().any(|v| v == 0 || v > self.volumes.len()) {
                return wrong("it lies in no volume");
            }
            if !volumes.collect::<Vec<_>>().is_sorted_by(|a, b| a < b) {
                return wrong("its parts are out of order");
            }
            let sum = content.parts.iter().try_fold(0_u64, |sum, part| sum.checked_add(part.size));
            if sum != Some(content.size) {
                return wrong("its parts have not its size");
            }
        }
        Ok(known)
    }

    fn check_images(&self, known: &BTreeSet<&Digest>) -> Result<(), String> {
        let named = |digest: &Digest| {
            if known.contains(digest) { Ok(()) } else { Err(format!("{digest} is named and not carried")) }
        };
        named(&self.evidence.bundle)?;
        let advisories = self.advisories.iter().flat_map(|carried| [&carried.index, &carried.manifest]);
        advisories.chain(self.advisories.iter().flat_map(|carried| &carried.layers)).try_for_each(named)?;
        for image in &self.images {
            image.everything().into_iter().try_for_each(named)?;
            if image.manifests.last().map(|last| &last.digest) != Some(&image.digest) {
                return Err(format!("image {} does not end with its own manifest", image.digest));
            }
            for promotion in &image.promotions {
                if !Reference::is_tag(&promotion.tag) {
                    return Err(format!("image {} has a tag that is none", image.digest));
                }
                let one =
                    |c: &CarriedCompanion| c.subject.is_some() != c.tag.is_some() && !c.manifests.is_empty();
                let tags = promotion.companions.iter().filter_map(|companion| companion.tag.as_deref());
                if !promotion.companions.iter().all(one) || !tags.into_iter().all(is_companion_tag) {
                    return Err(format!("image {} has a companion that is none", image.digest));
                }
            }
        }
        Ok(())
    }

    /// Returns the contents by digest.
    pub(super) fn by_digest(&self) -> BTreeMap<&Digest, &Content> {
        self.contents.iter().map(|content| (&content.digest, content)).collect()
    }
}

/// Whether a tag is one that cosign derives from a digest: a companion must not take any other.
fn is_companion_tag(tag: &str) -> bool {
    let Some((stem, ending)) = tag.split_once('.') else { return false };
    let digest = stem.replacen('-', ":", 1).parse::<Digest>();
    digest.is_ok() && matches!(ending, "sig" | "att" | "sbom")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> CarryIndex {
        let (bundle, manifest, layer) = (Digest::sha256(b"b"), Digest::sha256(b"m"), Digest::sha256(b"l"));
        let content = |digest: &Digest, parts: &[(usize, u64)]| Content {
            digest: digest.clone(),
            size: parts.iter().map(|(_, size)| size).sum(),
            parts: parts.iter().map(|(volume, size)| Part { volume: *volume, size: *size }).collect(),
        };
        let volume = |number| Volume { name: volume_name(number), size: 9, digest: Digest::sha256(b"v") };
        let manifests = vec![CarriedManifest { digest: manifest.clone(), media_type: "m".into() }];
        let repository = || "h.example/a".parse::<Repository>().unwrap();
        let companion = CarriedCompanion {
            subject: None,
            tag: Some(format!("{}.sig", manifest.dashed())),
            manifests: manifests.clone(),
            blobs: vec![],
        };
        CarryIndex {
            schema: CarryIndex::SCHEMA.to_owned(),
            mirror: "acme".into(),
            key: Digest::sha256(b"k"),
            evidence: EvidenceCarried { branch: "main".into(), commit: "c".into(), bundle: bundle.clone() },
            advisories: None,
            images: vec![CarriedImage {
                source: repository(),
                digest: manifest.clone(),
                from: repository(),
                manifests,
                blobs: vec![layer.clone()],
                promotions: vec![CarriedPromotion {
                    consumer: "payments".into(),
                    tag: "1".into(),
                    from: repository(),
                    promoted: true,
                    companions: vec![companion],
                }],
            }],
            contents: vec![
                content(&bundle, &[(1, 3)]),
                content(&manifest, &[(1, 5)]),
                content(&layer, &[(1, 4), (2, 6)]),
            ],
            volumes: vec![volume(1), volume(2)],
        }
    }

    #[test]
    fn an_index_is_read_as_it_was_written() {
        let written = index();
        assert_eq!(CarryIndex::read(written.text().as_bytes()).unwrap(), written);
        let pieces = written.pieces();
        let shown: Vec<Vec<(bool, u64, u64)>> = pieces
            .iter()
            .map(|v| v.iter().map(|p| (p.name.contains(".part-"), p.offset, p.size)).collect())
            .collect();
        assert_eq!(shown, [vec![(false, 0, 3), (false, 0, 5), (true, 0, 4)], vec![(true, 4, 6)]]);
    }

    #[test]
    fn an_index_that_is_not_whole_is_refused() {
        type Change = fn(&mut CarryIndex);
        let cases: [(&str, Change); 14] = [
            ("another-schema", |i| i.schema = "fondaco/carry/v9".into()),
            ("volume-name-with-path", |i| i.volumes[0].name = "../volume-0001.tar".into()),
            ("volumes-swapped", |i| i.volumes.reverse()),
            ("duplicate-content", |i| i.contents.push(i.contents[0].clone())),
            ("part-in-no-volume", |i| i.contents[0].parts[0].volume = 3),
            ("part-in-volume-zero", |i| i.contents[0].parts[0].volume = 0),
            ("no-parts", |i| i.contents[0].parts.clear()),
            ("parts-out-of-order", |i| i.contents[2].parts.reverse()),
            ("sizes-that-overflow", |i| i.contents[2].parts[0].size = u64::MAX),
            ("missing-bundle", |i| i.evidence.bundle = Digest::sha256(b"other")),
            ("missing-layer", |i| i.images[0].blobs.push(Digest::sha256(b"other"))),
            ("foreign-root", |i| i.images[0].digest = Digest::sha256(b"l")),
            ("companion-takes-a-tag", |i| {
                i.images[0].promotions[0].companions[0].tag = Some("latest".into());
            }),
            ("tag-with-path", |i| i.images[0].promotions[0].tag = "../x".into()),
        ];
        for (attack, change) in cases {
            let mut index = index();
            change(&mut index);
            assert!(CarryIndex::read(index.text().as_bytes()).is_err(), "{attack}");
        }
        assert!(CarryIndex::read(index().text().replace("  ", " ").as_bytes()).is_err(), "not canonical");
    }
}
