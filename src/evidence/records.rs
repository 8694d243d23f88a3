//! The records of one image digest, as they are written to Git. One struct a file; the JSON Schemas come from them.

use serde::{Deserialize, Serialize};

use super::{ContentsRecord, NotLookedAt, PublisherRecord, ScanRecord, Verdicts};
use crate::model::{
    AttestationFound, DemandOutcome, Descriptor, Digest, Instant, Outcome, Platform, Repository,
    SignatureFound,
};
use crate::registry::Capabilities;

/// `custody.json`: where the bytes came from, who moved them, when, what was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Custody {
    /// `fondaco/custody/v1alpha1`.
    pub schema: String,
    pub subject: Subject,
    pub source: SourceRecord,
    /// In order of time.
    pub hops: Vec<Hop>,
    /// What belongs to the image and is not in it, as it was found at the intake, each after what it speaks of. Later
    /// ones are looked for when signatures are looked for again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub companions: Vec<Companion>,
}

/// Something that belongs to an image: a signature, an attestation, an SBOM, or what speaks of one of those. Kept in
/// quarantine by the same digest, and carried into distributions with the image where nothing speaks against it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Companion {
    /// The manifest it speaks of: the image's own, that of a platform, or that of another companion.
    pub subject: Digest,
    pub found: FoundAt,
    /// The tag that names it, of cosign's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    pub digest: Digest,
    pub media_type: String,
    /// As its manifest says; else as the list of referrers does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Bytes of its manifest.
    pub size: u64,
    /// Why it is not carried into distributions. Absent where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_carried: Option<String>,
}

/// Where a companion was found.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum FoundAt {
    /// In the registry's list of referrers alone.
    Referrers,
    /// Named by the tag `sha256-<hex>`, whether or not the registry lists it as well.
    FallbackTag,
    /// Under a tag of cosign's, `sha256-<hex>.sig`, `.att` or `.sbom`.
    CosignTag,
}

impl Custody {
    /// Returns the movements on this side of the last air gap, the carry across it first.
    pub fn here(&self) -> &[Hop] {
        let crossing = self.hops.iter().rposition(|hop| hop.kind == HopKind::Carry);
        &self.hops[crossing.unwrap_or(0)..]
    }
}

/// The image: its manifest or index, and what that points to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Subject {
    pub digest: Digest,
    pub media_type: String,
    /// Bytes of the manifest or index itself.
    pub size: u64,
    /// Every manifest of the image that has a root file system: itself, or the children of an index, in its order.
    pub platforms: Vec<PlatformRecord>,
    /// Bytes of all distinct blobs and manifests of the image.
    pub total_size: u64,
    /// What the intake could not catalogue; every scan repeats it.
    pub not_catalogued: Vec<NotLookedAt>,
    /// What may hold a part of a root file system and was not read. Each holds the image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Unread>,
}

impl Subject {
    /// Returns whether it is an index of manifests.
    pub fn is_index(&self) -> bool {
        crate::model::media_type::is_index(&self.media_type)
    }
}

/// A layer or manifest that nobody catalogued.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Unread {
    pub what: String,
    pub reason: String,
}

/// One platform of an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlatformRecord {
    /// `linux/amd64`.
    pub platform: String,
    pub digest: Digest,
    pub media_type: String,
    pub size: u64,
    /// The package list of this platform, beside this record: `packages.txt`, or `packages.linux-arm64.txt`.
    pub packages: String,
    /// `PRETTY_NAME` of os-release, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Number of packages.
    pub package_count: u64,
    pub layers: Vec<LayerRecord>,
    /// The SBOM that the intake wrote. Records of earlier versions have none: theirs were made at each promotion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sbom: Option<SbomRecord>,
}

/// The SBOM of one platform, in quarantine beside its manifest. What is promoted takes the same bytes along.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SbomRecord {
    /// `CycloneDX 1.6`.
    pub format: String,
    /// Of the document.
    pub digest: Digest,
    /// Bytes of the document.
    pub size: u64,
    /// Of the artifact manifest that carries it and refers to the platform's manifest.
    pub referrer: Digest,
}

/// One layer, compressed digest and uncompressed digest as the configuration promised and the intake checked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LayerRecord {
    pub digest: Digest,
    pub diff_id: Digest,
    pub size: u64,
}

/// Where an image comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceRecord {
    pub repository: Repository,
    /// Tags that pointed here, sorted by name.
    pub tags: Vec<TagSeen>,
    /// What was chosen of upstream's index, where platforms were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subset: Option<SubsetRecord>,
}

/// Some platforms of an image. The subject is then a new index of upstream's entries, unless nothing was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubsetRecord {
    /// Upstream's manifest or index: what the tag means, what the lock names and whose signatures were verified.
    pub upstream: Digest,
    /// The platforms that were asked for, sorted.
    pub platforms: Vec<String>,
    /// Entries of upstream's index that the new one does not have, in upstream's order.
    pub left_out: Vec<LeftOut>,
}

/// A manifest that was not taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LeftOut {
    pub digest: Digest,
    /// As upstream's index names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
}

impl Custody {
    /// Returns the digest that upstream's tag means: the subject's own, unless platforms were chosen.
    pub fn upstream(&self) -> &Digest {
        self.source.subset.as_ref().map_or(&self.subject.digest, |subset| &subset.upstream)
    }
}

/// A tag and when it was first seen to mean this digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TagSeen {
    pub tag: String,
    pub first_seen: Instant,
}

/// One movement of the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Hop {
    pub kind: HopKind,
    pub from: Repository,
    pub to: Repository,
    /// The destination tag, of a promotion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The consumer, of a promotion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer: Option<String>,
    /// Hosts that were asked for the bytes, sorted.
    pub hosts: Vec<String>,
    /// SHA-256 of the volumes that brought the bytes, of a carry; sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<Digest>,
    pub at: Instant,
    /// Bytes that were moved; mounted blobs move none.
    pub bytes: u64,
    pub actor: Actor,
    /// `fondaco 0.1.0`.
    pub tool: String,
    pub certainty: Certainty,
    /// The pushed commit whose verdicts allowed the promotion or are attested, or that announced the withdrawal; of a carry, the sending
    /// side's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared_by: Option<String>,
    /// What was written beside the image and read back, of a promotion or when it was signed anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vouched: Vec<Vouched>,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum HopKind {
    /// From upstream into quarantine.
    Intake,
    /// From quarantine into a distribution.
    Promotion,
    /// Signed or attested anew where it was promoted to; nothing moved.
    ReSign,
    /// Across an air gap, from the quarantine of one mirror into that of another.
    Carry,
    /// Deleted by document: from a distribution, or from quarantine where no consumer is named.
    Withdrawal,
}

/// Whether this run did it, or a later run found it done.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Certainty {
    Performed,
    Observed,
}

/// A signature or document of ours beside a promoted image, read back before the tag was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Vouched {
    /// What it is: `cosign-legacy`, `sigstore-bundle` or `cyclonedx`.
    pub format: String,
    /// The predicate type of what a bundle states. Absent where it is a signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate_type: Option<String>,
    /// The manifest it speaks of.
    pub subject: Digest,
    /// Digest of the manifest that carries it.
    pub digest: Digest,
    /// SHA-256 of the public key's SPKI, of a signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Digest>,
    /// SHA-256 of the facts that an attestation states, without the times at which they were looked at: where they
    /// change, it is written anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Digest>,
    /// The date that the advisories spoke for, of an attestation that rests on them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Instant>,
    /// The id of the transparency log that has an entry of a bundle, in hexadecimal digits. Absent where the manifests
    /// named no log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
}

/// On whose behalf a run acts. What the environment does not tell is `unknown`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Actor {
    /// The CI system, or `none`.
    pub provider: String,
    pub repository: String,
    pub workflow: String,
    pub run: String,
    pub started_by: String,
    /// Author of the manifest commit, as Git records it.
    pub author: String,
}

/// `verification.json`: who made it, as far as signatures tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerificationRecord {
    /// `fondaco/verification/v1alpha1`.
    pub schema: String,
    pub subject: Digest,
    /// Name of the `TrustPolicy`, or `none`.
    pub policy: String,
    /// SHA-256 over what the policy demands, so that a changed policy is seen.
    pub policy_digest: Digest,
    /// The trust root that certificates, log entries and timestamps were verified by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<RootUsed>,
    pub outcome: Outcome,
    pub reason: String,
    /// What became of each demand, where the policy has more than one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub demands: Vec<DemandOutcome>,
    pub signatures: Vec<SignatureFound>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attestations: Vec<AttestationFound>,
}

/// A trust root of the manifest repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RootUsed {
    pub path: String,
    /// SHA-256 of the file.
    pub digest: Digest,
}

/// `lock/images.lock.json`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImagesLock {
    /// `fondaco/images-lock/v1alpha1`.
    pub schema: String,
    /// Sorted by repository and tag.
    pub images: Vec<LockedImage>,
}

/// What a tag means, since when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LockedImage {
    pub repository: Repository,
    pub tag: String,
    pub digest: Digest,
    pub first_seen: Instant,
}

/// `lock/registries.lock.json`: what `fondaco doctor` found out, which runs go by.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegistriesLock {
    /// `fondaco/registries-lock/v1alpha1`.
    pub schema: String,
    /// Sorted by host.
    pub registries: Vec<RegistryProbed>,
}

/// What one registry was found to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegistryProbed {
    /// The host as manifests name it.
    pub host: String,
    /// When this was found; a later probe that finds the same changes nothing.
    pub probed_at: Instant,
    pub capabilities: Capabilities,
}

/// Everything recorded about one digest. `packages` is keyed by file name (`packages.txt` is always there).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRecord {
    pub custody: Custody,
    pub verification: VerificationRecord,
    pub packages: std::collections::BTreeMap<String, String>,
    pub scan: Option<ScanRecord>,
    /// Absent of images that were taken in before there was such a record.
    pub contents: Option<ContentsRecord>,
    /// Absent where nothing was stated yet.
    pub publisher: Option<PublisherRecord>,
    pub verdicts: Verdicts,
}

/// Returns the package list's file name for a platform; an image of one platform has the plain name.
pub fn packages_file(platform: &Platform, alone: bool) -> String {
    if alone { "packages.txt".to_owned() } else { format!("packages.{}.txt", platform.dashed()) }
}

/// Returns a platform record's descriptor, to sign it or to attach to it.
pub fn descriptor(record: &PlatformRecord) -> Descriptor {
    Descriptor::new(record.media_type.clone(), record.digest.clone(), record.size)
}
