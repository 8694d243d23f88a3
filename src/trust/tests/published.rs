//! Real signatures, read from the folders of packages that ship them as test vectors.

use std::{path::PathBuf, process::Command};

use sigstore_verify::trust_root::SigstoreInstance;

use super::{instance::root_file, memory::*, *};
use crate::{
    manifest::{DesiredAttestation, DesiredSigner, Wanted},
    model::{
        ClaimKind,
        Outcome::{Foreign, Invalid, Verified},
    },
    trust::verify::{Artifact, Trusted, Wanted as WantedSigner, verify_file},
};

/// Returns a file of a package that the lock file names, where cargo has unpacked it.
fn vector(package: &str, path: &str) -> Vec<u8> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--offline", "--locked", "--manifest-path"]);
    let told = cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).output().unwrap();
    let metadata: Value = serde_json::from_slice(&told.stdout)
        .unwrap_or_else(|error| panic!("cargo metadata: {error}: {}", String::from_utf8_lossy(&told.stderr)));
    let packages = metadata["packages"].as_array().unwrap();
    let found = packages.iter().find(|found| found["name"] == package);
    let found = found.unwrap_or_else(|| panic!("package `{package}` is not in the lock file"));
    let file = PathBuf::from(found["manifest_path"].as_str().unwrap()).with_file_name(path);
    std::fs::read(&file).unwrap_or_else(|error| panic!("vector {}: {error}", file.display()))
}

fn bundle_of(name: &str) -> Vec<u8> {
    vector("sigstore-verify", &format!("test_data/bundles/{name}"))
}

/// kubewarden-controller v1.34.0, signed by cosign v3 in a GitHub workflow.
const KUBEWARDEN: &str = "sha256:c811d58de79c92f03214e63aa339484e488d694ae8a6283b5f3f17a9faf50172";

fn signer(issuer: &str, pattern: &str) -> DesiredSigner {
    let claims = BTreeMap::from([
        (ClaimKind::Issuer, Wanted::Matching(issuer.to_owned())),
        (ClaimKind::Identity, Wanted::Matching(pattern.to_owned())),
    ]);
    DesiredSigner { name: "publisher".to_owned(), claims }
}

fn policy_of(signer: DesiredSigner, instance: SigstoreInstance) -> DesiredPolicy {
    let root = Some(root_file(instance.embedded_trusted_root_json()));
    DesiredPolicy { identities: vec![signer], root, ..policy(&[]) }
}

async fn verified(policy: &DesiredPolicy, digest: &str, bundle: &[u8]) -> VerificationRecord {
    let registry = Memory::default();
    let subject = Descriptor::new(media_type::OCI_MANIFEST, digest.parse().unwrap(), 1);
    put_bundle(&registry, &subject, bundle);
    // The image is not published with the vectors. Something that is no index stands for it.
    let stored = (media_type::OCI_MANIFEST.to_owned(), manifest("image").into());
    registry.state().manifests.insert((PATH.to_owned(), subject.digest.clone()), stored);
    verify(&registry, PATH, &subject.digest, Some(policy)).await
}

#[tokio::test]
async fn an_image_that_cosign_signed_in_a_workflow() {
    let bundle = vector("sigstore", "tests/data/bundle_v03.json");
    let issuer = "https://token\\.actions\\.githubusercontent\\.com";
    let kubewarden = "https://github\\.com/kubewarden/.*";
    let public = SigstoreInstance::PublicGood;
    let other = Digest::sha256("other").to_string();
    let cases = [
        (KUBEWARDEN, signer(issuer, kubewarden), public, Verified),
        (KUBEWARDEN, signer(issuer, "https://github\\.com/mallory/.*"), public, Foreign),
        (KUBEWARDEN, signer("https://accounts\\.google\\.com", kubewarden), public, Foreign),
        (KUBEWARDEN, signer(issuer, kubewarden), SigstoreInstance::GitHub, Invalid),
        (other.as_str(), signer(issuer, kubewarden), public, Invalid),
    ];
    for (digest, signer, instance, outcome) in cases {
        let named = format!("{digest} {signer:?}");
        let record = verified(&policy_of(signer, instance), digest, &bundle).await;
        assert_eq!(record.outcome, outcome, "{named}: {}", record.reason);
    }
}

/// GitHub's instance for private repositories has no log and no SCT: its timestamps are enough, under its root only.
#[tokio::test]
async fn an_attestation_of_an_instance_without_a_log() {
    let bundle = bundle_of("github-private-attestation.sigstore.json");
    let digest = "sha256:76f1fe8593bf227cca2c089e3c16dc95014a8d3e89c5dd220530469ca043c428";
    let predicate = "https://in-toto.io/attestation/release/v0.2";
    for (instance, outcome, demanded) in
        [(SigstoreInstance::GitHub, Verified, Verified), (SigstoreInstance::PublicGood, Invalid, Invalid)]
    {
        let mut policy = policy_of(signer(".*", "https://dotcom.releases.github.com"), instance);
        // GitHub's certificates of releases name no issuer.
        policy.identities[0].claims.insert(ClaimKind::Issuer, Wanted::Nothing);
        policy.signers.at_least = 0;
        policy.attestations = vec![DesiredAttestation {
            name: "release".to_owned(),
            predicate: predicate.to_owned(),
            signers: None,
            required: true,
            says: BTreeMap::new(),
            levels: std::collections::BTreeSet::new(),
        }];
        let record = verified(&policy, digest, &bundle).await;
        assert_eq!(record.outcome, demanded, "{record:#?}");
        let [attested] = record.attestations.as_slice() else { panic!("{record:#?}") };
        assert_eq!((attested.predicate_type.as_str(), attested.outcome), (predicate, outcome));
        let demands: Vec<_> = record.demands.iter().map(|made| made.demand.as_str()).collect();
        assert_eq!(demands, ["release"]);
        assert_eq!(attested.proof.times.is_empty(), outcome != Verified, "a timestamp was verified");
    }
}

/// CVE-2022-36056: the published bundle, whose log entry is of another signature.
#[test]
fn the_published_bundle_of_cve_2022_36056() {
    let bundle = bundle_of("bundle_cve_2022_36056.txt.sigstore");
    let wanted = WantedSigner::Identity { identity: "anybody", issuer: "anyone" };
    let refused = verify_file(&bundle, Artifact::Bytes(b"hello"), wanted, Trusted::PublicGood);
    let reason = refused.unwrap_err();
    assert!(!reason.starts_with("signed by"), "it must not come to the question of who signed: {reason}");
}

/// Two signatures in one envelope: the second could be anybody's.
#[test]
fn an_envelope_with_two_signatures() {
    let bundle = bundle_of("dsse-2sigs.sigstore.json");
    let wanted = WantedSigner::Identity { identity: "anybody", issuer: "anyone" };
    let digest = Digest::sha256("any");
    let reason = verify_file(&bundle, Artifact::Digest(&digest), wanted, Trusted::PublicGood).unwrap_err();
    assert!(reason.contains("malformed"), "{reason}");
}
