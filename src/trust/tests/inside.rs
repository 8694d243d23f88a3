//! Attestations inside an index: beside its platforms' manifests, and in attestation manifests that somebody signed.

mod limits;

use std::collections::BTreeSet;

use super::{memory::*, *};
use crate::{
    manifest::DesiredAttestation,
    model::{
        Outcome::{Absent, Foreign, Invalid, Undeterminable, Verified},
        Platform, SignatureFormat,
    },
    trust::{
        buildkit,
        predicate::{Content, StatedList},
        verify::{Accepted, verify_and_read},
    },
};

const SIGN: &str = "https://sigstore.dev/cosign/sign/v1";
const PROVENANCE: &str = "https://slsa.dev/provenance/v0.2";
const SBOM: &str = "https://cyclonedx.org/bom";

/// Demands a provenance, and nothing else.
fn demanding() -> DesiredPolicy {
    let provenance = DesiredAttestation {
        name: "provenance".to_owned(),
        predicate: "slsaProvenance".to_owned(),
        signers: None,
        required: true,
        says: BTreeMap::new(),
        levels: BTreeSet::new(),
    };
    let mut policy = DesiredPolicy { attestations: vec![provenance], ..policy(&[("org", &org())]) };
    policy.signers.at_least = 0;
    policy
}

fn provenance(of: &Digest) -> Value {
    let mut statement = statement(PROVENANCE, of);
    statement["predicate"] = json!({"builder": {"id": "https://builder.example"}});
    statement
}

fn sbom(of: &Digest) -> Value {
    let mut statement = statement(SBOM, of);
    statement["predicate"] = json!({"bomFormat": "CycloneDX", "specVersion": "1.5",
        "components": [{"type": "library", "name": "zlib", "purl": "pkg:deb/debian/zlib1g@1.2"}]});
    statement
}

/// Signs a statement and stores it beside what it is attached to.
fn attach(registry: &Memory, to: &Descriptor, key: &TestKey, statement: &Value) -> Digest {
    put_bundle(registry, to, bundle(key, key, statement).to_string().as_bytes())
}

/// Signs a manifest as cosign does.
fn sign(registry: &Memory, manifest: &Descriptor, key: &TestKey) -> Digest {
    attach(registry, manifest, key, &statement(SIGN, &manifest.digest))
}

/// Stores an image for a platform such as `linux/amd64`.
fn platform(registry: &Memory, name: &str) -> Descriptor {
    registry.seed_manifest(PATH, None, media_type::OCI_MANIFEST, &manifest(name));
    Descriptor { platform: Some(name.parse().unwrap()), ..image(name) }
}

/// Stores BuildKit's attestation manifest for a platform's manifest, of these statements.
fn attestation(registry: &Memory, of: &Descriptor, statements: &[Value]) -> Descriptor {
    let layers: Vec<_> = statements
        .iter()
        .map(|statement| {
            registry.seed_blob(PATH, statement.to_string().as_bytes());
            let mut layer = Descriptor::of("application/vnd.in-toto+json", statement.to_string().as_bytes());
            let predicate = statement["predicateType"].as_str().unwrap().to_owned();
            layer.annotations.insert("in-toto.io/predicate-type".to_owned(), predicate);
            layer
        })
        .collect();
    let manifest = json!({"schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "layers": layers,
        "config": Descriptor::of(media_type::OCI_CONFIG, b"{}")})
    .to_string();
    registry.seed_manifest(PATH, None, media_type::OCI_MANIFEST, manifest.as_bytes());
    marked(Descriptor::of(media_type::OCI_MANIFEST, manifest.as_bytes()), &of.digest, "unknown/unknown")
}

/// Marks an entry of an index as an attestation manifest of `of`.
fn marked(mut entry: Descriptor, of: &Digest, platform: &str) -> Descriptor {
    entry.annotations.insert("vnd.docker.reference.type".to_owned(), "attestation-manifest".to_owned());
    entry.annotations.insert("vnd.docker.reference.digest".to_owned(), of.to_string());
    entry.platform = Some(platform.parse().unwrap());
    entry
}

fn index(registry: &Memory, entries: &[Descriptor]) -> Descriptor {
    let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": entries});
    registry.seed_manifest(PATH, None, media_type::OCI_INDEX, index.to_string().as_bytes());
    Descriptor::of(media_type::OCI_INDEX, index.to_string().as_bytes())
}

async fn judged_of(
    registry: &Memory,
    index: &Descriptor,
    platforms: &[&str],
) -> (VerificationRecord, StatedList) {
    let platforms: Vec<Platform> = platforms.iter().map(|name| name.parse().unwrap()).collect();
    let accepted = Accepted::of_policy(Some(&demanding()));
    verify_and_read(registry, PATH, &index.digest, &platforms, &accepted).await
}

async fn judged(registry: &Memory, index: &Descriptor) -> VerificationRecord {
    judged_of(registry, index, &[]).await.0
}

/// An image for two platforms.
struct Two {
    registry: Memory,
    amd64: Descriptor,
    arm64: Descriptor,
}

impl Two {
    fn new() -> Self {
        let registry = Memory::default();
        let [amd64, arm64] = ["linux/amd64", "linux/arm64"].map(|name| platform(&registry, name));
        Self { registry, amd64, arm64 }
    }

    fn index(&self, attestations: &[Descriptor]) -> Descriptor {
        let entries = [&[self.amd64.clone(), self.arm64.clone()], attestations].concat();
        index(&self.registry, &entries)
    }

    /// Stores an attestation manifest with the provenance of each platform.
    fn built(&self) -> [Descriptor; 2] {
        [&self.amd64, &self.arm64].map(|of| attestation(&self.registry, of, &[provenance(&of.digest)]))
    }
}

#[tokio::test]
async fn a_statement_about_each_platform_meets_a_demand() {
    let two = Two::new();
    let index = two.index(&[]);
    let [first, _] =
        [&two.amd64, &two.arm64].map(|of| attach(&two.registry, of, &org(), &provenance(&of.digest)));
    let (record, stated) = judged_of(&two.registry, &index, &[]).await;
    assert_eq!(record.outcome, Verified, "{}", record.reason);
    assert_eq!(record.demands[0].reason, "attested by `org`, for each of 2 platforms");
    let about: BTreeSet<_> = record.attestations.iter().filter_map(|found| found.subject.clone()).collect();
    assert_eq!(about, [&two.amd64, &two.arm64].map(|of| of.digest.clone()).into());
    let found = record.attestations.iter().find(|found| found.place == first.to_string()).unwrap();
    assert_eq!(
        (found.format, found.subject.as_ref()),
        (SignatureFormat::SigstoreBundle, Some(&two.amd64.digest))
    );
    let stated: BTreeSet<_> = stated.items().iter().map(|stated| stated.subject.clone()).collect();
    assert_eq!(stated, about, "what is stated of a platform is kept as that");
}

#[tokio::test]
async fn attack_one_platform_is_missing() {
    let two = Two::new();
    let index = two.index(&[]);
    attach(&two.registry, &two.amd64, &org(), &provenance(&two.amd64.digest));
    let record = judged(&two.registry, &index).await;
    let missing = format!("no attestation of `slsaProvenance` for `linux/arm64` (`{}`)", two.arm64.digest);
    assert_eq!((record.outcome, record.demands[0].reason.as_str()), (Absent, missing.as_str()));
    // Who holds one platform alone needs no statement about the other.
    assert_eq!(judged_of(&two.registry, &index, &["linux/amd64"]).await.0.outcome, Verified);
    assert_eq!(judged_of(&two.registry, &index, &["linux/arm64"]).await.0.outcome, Absent);
    assert_eq!(judged_of(&two.registry, &index, &["linux/amd64", "linux/arm64"]).await.0.outcome, Absent);
}

#[tokio::test]
async fn a_signed_attestation_manifest_makes_its_statements_the_signers() {
    let two = Two::new();
    let [amd64, arm64] = [&two.amd64, &two.arm64]
        .map(|of| attestation(&two.registry, of, &[provenance(&of.digest), sbom(&of.digest)]));
    let index = two.index(&[amd64.clone(), arm64.clone()]);
    let signature = sign(&two.registry, &amd64, &org());
    sign(&two.registry, &arm64, &org());
    let (record, stated) = judged_of(&two.registry, &index, &[]).await;
    assert_eq!(record.outcome, Verified, "{}", record.reason);
    assert_eq!(record.signatures, [], "an attestation manifest's signature is none of the image");
    assert_eq!(record.attestations.len(), 4);
    let found = record.attestations.iter().find(|found| found.digest == amd64.digest).unwrap();
    assert_eq!((found.format, &found.place), (SignatureFormat::Buildkit, &signature.to_string()));
    assert_eq!((found.subject.as_ref(), found.proof.key.as_deref()), (Some(&two.amd64.digest), Some("org")));
    assert_eq!(found.reason, "BuildKit's attestation manifest is signed by accepted key `org`");
    let sboms = stated.items().iter().filter(|stated| matches!(stated.said.content, Content::Sbom(_)));
    let told: BTreeSet<_> =
        sboms.map(|stated| (&stated.subject, stated.outcome, stated.signer.as_deref())).collect();
    assert_eq!(
        told,
        [&two.amd64, &two.arm64].map(|of| (&of.digest, Verified, Some("org"))).into(),
        "an SBOM is compared by platform and counts as the signer's"
    );
    // What is known as signed is not recorded once more as unsigned.
    assert_eq!(buildkit::read(&two.registry, PATH, &index.digest, &record.attestations).await.unwrap(), []);
    assert_eq!(buildkit::read(&two.registry, PATH, &index.digest, &[]).await.unwrap().len(), 4);
}

#[tokio::test]
async fn ways_may_differ_from_platform_to_platform() {
    let two = Two::new();
    let [_, arm64] = two.built();
    let index = two.index(std::slice::from_ref(&arm64));
    attach(&two.registry, &two.amd64, &org(), &provenance(&two.amd64.digest));
    sign(&two.registry, &arm64, &org());
    assert_eq!(judged(&two.registry, &index).await.outcome, Verified);
}

#[tokio::test]
async fn classic_attestations_beside_each_platform_are_found_last() {
    let two = Two::new();
    let index = two.index(&[]);
    for of in [&two.amd64, &two.arm64] {
        let envelope = bundle(&org(), &org(), &provenance(&of.digest))["dsseEnvelope"].to_string();
        two.registry.seed_blob(PATH, envelope.as_bytes());
        let manifest = json!({"schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST,
            "config": Descriptor::of(media_type::OCI_CONFIG, b"{}"),
            "layers": [Descriptor::of(format::ENVELOPE, envelope.as_bytes())]})
        .to_string();
        let tag = format::attestation_tag(&of.digest).unwrap();
        two.registry.seed_manifest(PATH, Some(&tag), media_type::OCI_MANIFEST, manifest.as_bytes());
    }
    let record = judged(&two.registry, &index).await;
    assert_eq!(record.outcome, Verified, "{}", record.reason);
    assert!(record.attestations.iter().all(|found| found.format == SignatureFormat::CosignAttestation));
}

/// What is done to an image whose two attestation manifests would meet the demand if they were signed, and what becomes
/// of it.
type Attack = (&'static str, fn(&Two) -> Descriptor, Outcome, &'static str);

const ATTACKS: [Attack; 10] = [
    ("nobody signed", |two| two.index(&two.built()), Absent, "no attestation of `slsaProvenance`"),
    (
        "a stranger signed the attestation manifests",
        |two| {
            for one in &two.built() {
                sign(&two.registry, one, &stranger());
            }
            two.index(&two.built())
        },
        Foreign,
        "BuildKit's attestation manifest: no accepted key verifies it",
    ),
    (
        "signed, and its layer's subject names another image",
        |two| {
            let other = attestation(&two.registry, &two.arm64, &[provenance(&image("other").digest)]);
            let [amd64, _] = two.built();
            for built in [&amd64, &other] {
                sign(&two.registry, built, &org());
            }
            two.index(&[amd64, other])
        },
        Invalid,
        "the statement is for another subject",
    ),
    (
        "signed, and the annotation points to another platform",
        |two| {
            let [amd64, _] = two.built();
            sign(&two.registry, &amd64, &org());
            two.index(&[amd64.clone(), marked(amd64, &two.arm64.digest, "unknown/unknown")])
        },
        Invalid,
        "the statement is for another subject",
    ),
    (
        "a signature of another attestation manifest",
        |two| {
            let [amd64, arm64] = two.built();
            sign(&two.registry, &amd64, &org());
            attach(&two.registry, &arm64, &org(), &statement(SIGN, &amd64.digest));
            two.index(&[amd64, arm64])
        },
        Invalid,
        "the statement is for another image",
    ),
    (
        "a statement about the attestation manifest for a signature of it",
        |two| {
            let built = two.built();
            for one in &built {
                attach(&two.registry, one, &org(), &provenance(&one.digest));
            }
            two.index(&built)
        },
        Absent,
        "no attestation of `slsaProvenance`",
    ),
    (
        "a statement about the attestation manifest beside the platform",
        |two| {
            let built = two.built();
            for (platform, one) in [&two.amd64, &two.arm64].into_iter().zip(&built) {
                attach(&two.registry, platform, &org(), &provenance(&one.digest));
            }
            two.index(&built)
        },
        Invalid,
        "the statement is for another image",
    ),
    (
        "a platform that is marked as an attestation manifest to need none",
        |two| {
            attach(&two.registry, &two.amd64, &org(), &provenance(&two.amd64.digest));
            let hidden = marked(two.arm64.clone(), &two.amd64.digest, "linux/arm64");
            index(&two.registry, &[two.amd64.clone(), hidden])
        },
        Absent,
        "for `linux/arm64`",
    ),
    (
        "two images for one platform, one of them attested",
        |two| {
            attach(&two.registry, &two.amd64, &org(), &provenance(&two.amd64.digest));
            let twin = Descriptor { platform: two.amd64.platform.clone(), ..two.arm64.clone() };
            index(&two.registry, &[two.amd64.clone(), twin])
        },
        Absent,
        "for `linux/amd64`",
    ),
    (
        "an index of nothing that anybody runs",
        |two| {
            let built = two.built();
            for one in &built {
                sign(&two.registry, one, &org());
            }
            index(&two.registry, &built)
        },
        Absent,
        "no attestation of `slsaProvenance`",
    ),
];

#[tokio::test]
async fn attacks_inside_an_index_meet_no_demand() {
    for (name, attack, outcome, reason) in ATTACKS {
        let two = Two::new();
        let index = attack(&two);
        let record = judged(&two.registry, &index).await;
        assert_eq!(record.outcome, outcome, "{name}: {}", record.reason);
        assert!(record.reason.contains(reason), "{name}: {}", record.reason);
    }
}

#[tokio::test]
async fn attack_a_platforms_signature_for_the_images() {
    let two = Two::new();
    let index = two.index(&[]);
    for of in [&two.amd64, &two.arm64] {
        sign(&two.registry, of, &org());
        attach(&two.registry, of, &org(), &provenance(&of.digest));
    }
    let mut policy = demanding();
    policy.signers.at_least = 1;
    let record = verify(&two.registry, PATH, &index.digest, Some(&policy)).await;
    let demands: Vec<_> = record.demands.iter().map(|made| (made.demand.as_str(), made.outcome)).collect();
    assert_eq!(demands, [("signature", Absent), ("provenance", Verified)]);
}

#[tokio::test]
async fn only_the_wanted_signer_of_an_attestation_manifest_counts() {
    for (wanted, outcome) in [("org", Foreign), ("other", Verified)] {
        let two = Two::new();
        let built = two.built();
        let index = two.index(&built);
        for one in &built {
            sign(&two.registry, one, &stranger());
        }
        let mut policy = demanding();
        policy.keys.push(super::policy(&[("other", &stranger())]).keys[0].clone());
        policy.attestations[0].signers = Some(BTreeSet::from([wanted.to_owned()]));
        let record = verify(&two.registry, PATH, &index.digest, Some(&policy)).await;
        assert_eq!(record.outcome, outcome, "{}", record.reason);
        // A second signer of the same manifest is not hidden by the first.
        for one in &built {
            sign(&two.registry, one, &org());
        }
        assert_eq!(verify(&two.registry, PATH, &index.digest, Some(&policy)).await.outcome, Verified);
    }
}

#[tokio::test]
async fn an_error_in_the_middle_is_never_absence() {
    let set = || {
        let two = Two::new();
        let built = two.built();
        let index = two.index(&built);
        let signature = sign(&two.registry, &built[1], &org());
        (two, index, built, signature)
    };
    let (two, index, built, signature) = set();
    let record = judged(&two.registry, &index).await;
    assert_eq!(record.outcome, Absent, "amd64 is not signed");
    let layer = Digest::sha256(provenance(&two.arm64.digest).to_string());
    let bundle = Digest::sha256(self::bundle(&org(), &org(), &statement(SIGN, &built[1].digest)).to_string());
    let tag = format::attestation_tag(&two.amd64.digest).unwrap();
    let steps = [
        format!("head {}", index.digest),
        format!("manifest {}", index.digest),
        format!("referrers {}", two.amd64.digest),
        format!("referrers {}", built[0].digest),
        format!("referrers {}", built[1].digest),
        format!("manifest {signature}"),
        format!("blob {bundle}"),
        format!("manifest {}", built[1].digest),
        format!("blob {layer}"),
        format!("manifest {tag}"),
    ];
    let asked = two.registry.reads();
    for step in steps {
        assert!(asked.contains(&step), "{step} is a step");
        let (two, index, ..) = set();
        two.registry.fail(&step, unavailable());
        let record = judged(&two.registry, &index).await;
        assert_eq!(record.outcome, Undeterminable, "{step}: {}", record.reason);
        assert!(judged_of(&two.registry, &index, &[]).await.1.incomplete, "{step}");
    }
    // What an index names and the registry does not have is no absence either.
    for gone in [&index.digest, &built[1].digest] {
        let (two, index, ..) = set();
        two.registry.state().manifests.remove(&(PATH.to_owned(), gone.clone()));
        assert_eq!(judged(&two.registry, &index).await.outcome, Undeterminable, "{gone}");
    }
}

#[tokio::test]
async fn demands_that_are_met_beside_the_image_cost_nothing_more() {
    let two = Two::new();
    let index = two.index(&two.built());
    attach(&two.registry, &index, &org(), &provenance(&index.digest));
    assert_eq!(judged(&two.registry, &index).await.outcome, Verified);
    let asked = two.registry.reads();
    assert_eq!(asked.len(), 3, "referrers, manifest and bundle: {asked:?}");
    // Without demands nobody looks inside, whatever becomes of the signature.
    let two = Two::new();
    let index = two.index(&two.built());
    let accepted = Accepted::of_policy(Some(&policy(&[("org", &org())])));
    let (record, _) = verify_and_read(&two.registry, PATH, &index.digest, &[], &accepted).await;
    assert_eq!((record.outcome, two.registry.reads().len()), (Absent, 2), "referrers and the tag");
}
