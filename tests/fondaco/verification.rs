//! What verifying costs: requests by form, with and without a referrers API.

use std::{
    collections::BTreeMap,
    process::{Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fondaco::{
    manifest::DesiredPolicy,
    model::{Descriptor, Digest, Outcome, media_type},
    registry::{Access, Credential, Endpoint, open},
    trust::verify::{Accepted, verify_sparingly},
};
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Signer as _},
    pkcs8::{EncodePublicKey as _, LineEnding},
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::fake::{Fake, Options, Referrers};

const REPOSITORY: &str = "acme/web";

/// Images of each form: one would not show that the first one's lesson is learnt.
const IMAGES: usize = 20;

fn key() -> SigningKey {
    SigningKey::from_slice(&[3; 32]).unwrap()
}

fn signature(message: &[u8]) -> String {
    let signature: DerSignature = key().sign(message);
    STANDARD.encode(signature.as_bytes())
}

/// Stores a manifest with one layer.
fn artifact(
    fake: &Fake,
    tag: &str,
    layer: &Descriptor,
    bytes: &[u8],
    subject: Option<&Descriptor>,
) -> Descriptor {
    fake.blob(REPOSITORY, bytes.to_vec());
    let config = Descriptor::of(media_type::OCI_EMPTY, b"{}");
    let mut manifest = json!({"schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "config": config,
        "layers": [layer]});
    if let Some(subject) = subject {
        manifest["artifactType"] = json!(layer.media_type);
        manifest["subject"] = json!(subject);
    }
    let manifest = manifest.to_string().into_bytes();
    fake.manifest(REPOSITORY, tag, media_type::OCI_MANIFEST, manifest.clone());
    Descriptor::of(media_type::OCI_MANIFEST, &manifest)
}

/// Signs with the tag `sha256-<hex>.sig`.
fn sign_by_tag(fake: &Fake, subject: &Descriptor) {
    let payload = json!({"critical": {"identity": {"docker-reference": "acme"},
        "image": {"docker-manifest-digest": subject.digest}, "type": "cosign container image signature"}})
    .to_string();
    let mut layer = Descriptor::of(media_type::SIMPLE_SIGNING, payload.as_bytes());
    let annotation = "dev.cosignproject.cosign/signature".to_owned();
    layer.annotations = BTreeMap::from([(annotation, signature(payload.as_bytes()))]);
    let tag = format!("sha256-{}.sig", subject.digest.hex());
    artifact(fake, &tag, &layer, payload.as_bytes(), None);
}

/// Signs with a bundle, listed by the API or under the fallback tag.
fn sign_by_bundle(fake: &Fake, subject: &Descriptor) {
    let statement = json!({"_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": subject.digest.hex()}}],
        "predicateType": "https://sigstore.dev/cosign/sign/v1", "predicate": {}})
    .to_string();
    let signed = format!("DSSEv1 28 application/vnd.in-toto+json {} {statement}", statement.len());
    let spki = key().verifying_key().to_public_key_der().unwrap();
    let bundle = json!({
        "mediaType": media_type::SIGSTORE_BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": STANDARD.encode(Sha256::digest(spki.as_bytes()))}},
        "dsseEnvelope": {"payload": STANDARD.encode(&statement), "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": signature(signed.as_bytes())}]},
    })
    .to_string();
    let layer = Descriptor::of(media_type::SIGSTORE_BUNDLE, bundle.as_bytes());
    let manifest = artifact(fake, "", &layer, bundle.as_bytes(), Some(subject));
    let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": [manifest]});
    let tag = format!("sha256-{}", subject.digest.hex());
    fake.manifest(REPOSITORY, &tag, media_type::OCI_INDEX, index.to_string());
}

/// Verifies as many images and returns how many requests that took.
async fn requests(referrers: Referrers, sign: fn(&Fake, &Descriptor)) -> usize {
    let fake = Fake::start(Options { referrers, ..Options::default() });
    let subjects: Vec<Descriptor> = (0..IMAGES)
        .map(|number| {
            let manifest = format!(r#"{{"schemaVersion":2,"number":{number}}}"#);
            fake.manifest(REPOSITORY, "", media_type::OCI_MANIFEST, manifest.clone());
            Descriptor::of(media_type::OCI_MANIFEST, manifest.as_bytes())
        })
        .collect();
    for subject in &subjects {
        sign(&fake, subject);
    }
    fake.clear_log();
    let access = Access::new(&fake.address, Endpoint::Http { plain: true }, Credential::Anonymous);
    let registry = open(&access).unwrap();
    let pem = key().verifying_key().to_public_key_pem(LineEnding::LF).unwrap();
    let policy = DesiredPolicy::of_keys("acme", [("acme".to_owned(), pem)]);
    let accepted = Accepted::of_policy(Some(&policy));
    let verified = subjects.iter().map(|subject| {
        let registry = registry.clone();
        let accepted = &accepted;
        async move { verify_sparingly(registry.as_ref(), REPOSITORY, &subject.digest, &[], accepted).await }
    });
    for record in futures_util::future::join_all(verified).await {
        assert_eq!((record.outcome, record.signatures.len()), (Outcome::Verified, 1), "{}", record.reason);
    }
    fake.log().len()
}

#[tokio::test]
async fn three_requests_an_image_in_either_form_with_and_without_a_referrers_api() {
    type Form = (&'static str, fn(&Fake, &Descriptor));
    let forms: [Form; 2] = [("tag", sign_by_tag), ("bundle", sign_by_bundle)];
    for (name, sign) in forms {
        let with = requests(Referrers::On, sign).await;
        assert_eq!(with, 3 * IMAGES, "{name}, with the API");
        // One question finds out that there is no API, and nobody asks again.
        let without = requests(Referrers::Off, sign).await;
        assert_eq!(without, 3 * IMAGES + 1, "{name}, without the API");
    }
}

#[tokio::test]
async fn an_api_that_fails_is_asked_every_time_and_determines_nothing() {
    let fake = Fake::start(Options { referrers: Referrers::Status(403), ..Options::default() });
    let access = Access::new(&fake.address, Endpoint::Http { plain: true }, Credential::Anonymous);
    let registry = open(&access).unwrap();
    for number in 0..3 {
        let digest = Digest::sha256(format!("{number}"));
        let accepted = Accepted::of_policy(None);
        let record = verify_sparingly(registry.as_ref(), REPOSITORY, &digest, &[], &accepted).await;
        assert_eq!(record.outcome, Outcome::Undeterminable, "{}", record.reason);
    }
    let asked = fake.log().iter().filter(|logged| logged.path.contains("/referrers/")).count();
    assert_eq!(asked, 3);
}

/// Runs the program and returns its exit code and what it shows.
fn fondaco(arguments: &[&str]) -> (Option<i32>, serde_json::Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fondaco"));
    let ran = command.args(arguments).env("CI", "true").stdin(Stdio::null()).output().unwrap();
    let shown = serde_json::from_slice(&ran.stdout).unwrap_or_default();
    (ran.status.code(), shown)
}

/// Returns image, outcome and whether it was recorded.
fn told(shown: &serde_json::Value) -> Vec<(String, String, bool)> {
    let text = |image: &serde_json::Value, key: &str| image[key].as_str().unwrap().to_owned();
    let images = shown["images"].as_array().unwrap().iter();
    images
        .map(|image| (text(image, "image"), text(image, "outcome"), image["recorded"].as_bool().unwrap()))
        .collect()
}

#[test]
fn trust_verify_goes_by_the_record_unless_asked_again_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("demo");
    assert_eq!(fondaco(&["demo", "--output", "json", root.to_str().unwrap()]).0, Some(0));
    let manifests = root.join("manifests");
    let at = |more: &[&str]| {
        let arguments =
            [&["trust", "verify", "--output", "json", "--repository", manifests.to_str().unwrap()], more];
        fondaco(&arguments.concat())
    };
    let state = || {
        let mut git = Command::new("git");
        git.arg("-C").arg(&manifests).args(["status", "--porcelain", "--branch", "--untracked-files=all"]);
        String::from_utf8(git.output().unwrap().stdout).unwrap()
    };
    let before = state();
    let (code, recorded) = at(&[]);
    assert_eq!(code, Some(0), "what is absent is only recorded by the example's policy: {recorded}");
    let recorded = told(&recorded);
    assert!(recorded.iter().all(|(_, _, recorded)| *recorded), "{recorded:?}");
    let nginx = recorded.iter().find(|(image, ..)| image.contains("/library/nginx:")).unwrap();
    assert_eq!(nginx.1, "verified");
    let (code, again) = at(&["--again"]);
    assert_eq!(code, Some(0));
    let fresh: Vec<_> = recorded.into_iter().map(|(image, outcome, _)| (image, outcome, false)).collect();
    assert_eq!(told(&again), fresh);
    let (code, one) = at(&["upstream.example/library/nginx"]);
    assert_eq!(
        (code, told(&one).len()),
        (Some(0), told(&again).iter().filter(|t| t.0.contains("nginx")).count())
    );
    assert_eq!(at(&["upstream.example/library/nginks"]).0, Some(64));
    assert_eq!(state(), before);
}
