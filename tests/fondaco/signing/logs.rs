//! Entries in a log of the organisation's own: kept when they hold, refused when they do not, and demanded of what is
//! there already.

use std::{collections::BTreeSet, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fondaco::{
    evidence::{HopKind, Vouched},
    manifest::{
        DesiredFile, DesiredKey, DesiredLog, DesiredPolicy, DesiredTimestamp, RootForm, TimestampRoot,
    },
    model::{Descriptor, Digest, Kind, Outcome, media_type},
    reconcile::{Opening, World},
    registry::{Access, Credential, Endpoint, HttpRegistry, Transport},
    trust::{
        sign::{self, Accompanied, Log, OrgSigner, SignError},
        verify,
    },
};
use p256::pkcs8::der::pem::decode_vec;
use serde_json::{Value, json};

use super::{
    authority,
    rekor::{self, Fault, Running},
};
use crate::{
    fake::{Fake, Options},
    http::HttpScenario,
    scenario::{Scenario, signer},
    tiny,
};

const PATH: &str = "payments/web";

/// Returns the log's trusted root, written by hand from the documentation of protobuf-specs.
fn trusted_root(logs: &[&Running]) -> Value {
    let log = |running: &&Running| {
        let (_, der) = decode_vec(running.key.as_bytes()).unwrap();
        json!({
            "baseUrl": running.url,
            "hashAlgorithm": "SHA2_256",
            "publicKey": {"rawBytes": STANDARD.encode(der), "keyDetails": "PKIX_ED25519",
                "validFor": {"start": "2026-01-01T00:00:00Z"}},
            "logId": {"keyId": STANDARD.encode(hex::decode(&running.id).unwrap())},
        })
    };
    let logs: Vec<Value> = logs.iter().map(log).collect();
    json!({"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "tlogs": logs})
}

fn desired(url: &str, logs: &[&Running]) -> DesiredLog {
    let root = DesiredFile { path: "trust/log.json".into(), text: trusted_root(logs).to_string() };
    DesiredLog { url: url.to_owned(), root, ids: logs.iter().map(|log| log.id.clone()).collect() }
}

/// Returns the organisation's key, whose signatures in bundles are entered in a log.
fn logged(log: &DesiredLog) -> Accompanied {
    let log = Log::open(log, None, Transport::default()).unwrap();
    Accompanied { signer: Arc::new(signer()), authority: None, log: Some(log) }
}

fn subject(fake: &Fake) -> Descriptor {
    let digest = tiny::image(fake, PATH, "", tiny::STATUS);
    let size = fake.stored(PATH, &digest).unwrap().len() as u64;
    Descriptor::new(media_type::OCI_MANIFEST, digest, size)
}

async fn sign(fake: &Fake, subject: &Descriptor, key: &dyn OrgSigner) -> Result<Vec<Vouched>, SignError> {
    sign_in(fake, PATH, subject, key).await
}

async fn sign_in(
    fake: &Fake,
    path: &str,
    subject: &Descriptor,
    key: &dyn OrgSigner,
) -> Result<Vec<Vouched>, SignError> {
    let repository = format!("{}/{path}", fake.address).parse().unwrap();
    let at = "2026-11-21T00:00:00Z".parse().unwrap();
    sign::sign_image(&connection(fake), &repository, std::slice::from_ref(subject), key, at).await
}

fn connection(fake: &Fake) -> HttpRegistry {
    let endpoint = Endpoint::Http { plain: true };
    HttpRegistry::new(&Access::new(&fake.address, endpoint, Credential::Anonymous), true).unwrap()
}

/// Returns the bundles beside a manifest.
fn bundles(fake: &Fake, subject: &Digest) -> Vec<Value> {
    let bundle = |manifest: bytes::Bytes| -> Option<Value> {
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        let layer = manifest["layers"][0]["digest"].as_str().unwrap().parse().unwrap();
        serde_json::from_slice(&fake.stored(PATH, &layer)?).ok()
    };
    fake.referrers(PATH, subject).into_iter().filter_map(bundle).collect()
}

fn entries(bundle: &Value) -> usize {
    bundle["verificationMaterial"]["tlogEntries"].as_array().unwrap().len()
}

#[tokio::test]
async fn an_entry_that_holds_lies_beside_the_signature_and_is_found_by_those_who_demand_one() {
    let (running, fake) = (rekor::start(Fault::None).await, Fake::start(Options::default()));
    let subject = subject(&fake);
    let key = logged(&desired(&running.url, &[&running]));
    let vouched = sign(&fake, &subject, &key).await.unwrap();
    let logs: Vec<_> = vouched.iter().map(|one| (one.format.as_str(), one.log.as_ref())).collect();
    assert_eq!(logs, [("cosign-legacy", None), ("sigstore-bundle", Some(&running.id))]);
    let [bundle] = &bundles(&fake, &subject.digest)[..] else { panic!("one bundle") };
    assert_eq!(entries(bundle), 1);
    let entry = &bundle["verificationMaterial"]["tlogEntries"][0];
    assert_eq!((&entry["logIndex"], &entry["kindVersion"]["version"]), (&json!("3"), &json!("0.0.2")));
    // The body is about the pre-authentication encoding, not about the payload.
    let payload = STANDARD.decode(bundle["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap();
    let kind = "application/vnd.in-toto+json";
    let encoded = [format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).as_bytes(), &payload].concat();
    let digest = STANDARD.encode(hex::decode(Digest::sha256(&encoded).hex()).unwrap());
    assert!(running.bodies.lock().unwrap()[3].contains(&digest));

    let mut policy = DesiredPolicy::of_keys("own", []);
    policy.keys.push(DesiredKey { name: "own".into(), pem: key.public_pem(), logged: true });
    policy.root = Some(desired(&running.url, &[&running]).root);
    let record = verify::verify(&connection(&fake), PATH, &subject.digest, Some(&policy)).await;
    let found: Vec<_> =
        record.signatures.iter().map(|one| (one.outcome, one.proof.log_entries.len())).collect();
    assert_eq!(found, [(Outcome::Invalid, 0), (Outcome::Verified, 1)], "{:?}", record.signatures);

    let writes = fake.log().len();
    sign(&fake, &subject, &key).await.unwrap();
    let later = fake.log().split_off(writes);
    assert!(
        later.iter().all(|one| one.action.starts_with("GET") || one.action.starts_with("HEAD")),
        "{later:?}"
    );
    assert_eq!(running.bodies.lock().unwrap().len(), 4, "nothing is entered again");
}

/// The same statement in another repository is the same message under the same key, and the log takes an entry once.
#[tokio::test]
async fn the_same_image_for_two_consumers_has_two_entries() {
    let (running, fake) = (rekor::start(Fault::None).await, Fake::start(Options::default()));
    let subject = subject(&fake);
    let key = logged(&desired(&running.url, &[&running]));
    for path in [PATH, "web/web"] {
        sign_in(&fake, path, &subject, &key).await.unwrap();
    }
    let bodies = running.bodies.lock().unwrap();
    assert_eq!(bodies.iter().collect::<BTreeSet<_>>().len(), 5);
}

#[tokio::test]
async fn every_wrong_answer_is_refused_and_nothing_is_written() {
    let cases = [
        (Fault::Digest, "hash mismatch"),
        (Fault::Signature, "signature"),
        (Fault::Key, "does not match managed key"),
        (Fault::Kind, "an entry of another kind"),
        (Fault::Tree, "inclusion proof verification failed"),
        (Fault::Proof, "inclusion proof verification failed"),
        (Fault::NoProof, "neither a proof nor a promise"),
        (Fault::Checkpoint, "No valid Rekor signature found on checkpoint"),
        (Fault::Size, "proof"),
        (Fault::OtherLog, "names another log"),
        (Fault::Garbage, "its answer is no log entry"),
    ];
    for (fault, expected) in cases {
        let (running, fake) = (rekor::start(fault).await, Fake::start(Options::default()));
        let subject = subject(&fake);
        let error = sign(&fake, &subject, &logged(&desired(&running.url, &[&running]))).await.unwrap_err();
        assert!(matches!(error, SignError::Log { .. }), "{fault:?}: {error}");
        assert!(error.to_string().contains(expected), "{fault:?}: {error}");
        assert!(error.to_string().contains(&running.url), "{fault:?}: {error}");
        assert_eq!(bundles(&fake, &subject.digest), Vec::<Value>::new(), "{fault:?}");
    }
    for (fault, kind) in [(Fault::Flood, Kind::Invalid), (Fault::Status(503), Kind::Unavailable)] {
        let (running, fake) = (rekor::start(fault).await, Fake::start(Options::default()));
        let subject = subject(&fake);
        let error = sign(&fake, &subject, &logged(&desired(&running.url, &[&running]))).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(bundles(&fake, &subject.digest), Vec::<Value>::new());
    }
}

#[tokio::test]
async fn another_log_than_the_named_one_is_not_believed() {
    let (one, other) = (rekor::start(Fault::None).await, rekor::start_with(5, Fault::None).await);
    let fake = Fake::start(Options::default());
    let subject = subject(&fake);
    let error = sign(&fake, &subject, &logged(&desired(&other.url, &[&one]))).await.unwrap_err().to_string();
    assert!(error.contains("No matching Rekor key"), "{error}");
}

/// What is there without an entry in the log is not enough, and neither is one in the log before it, unless the root
/// names both.
#[tokio::test]
async fn a_signature_without_an_entry_is_written_anew() {
    let (one, other) = (rekor::start(Fault::None).await, rekor::start_with(5, Fault::None).await);
    let fake = Fake::start(Options::default());
    let subject = subject(&fake);
    let vouched = sign(&fake, &subject, &signer()).await.unwrap();
    assert!(vouched.iter().all(|one| one.log.is_none()));
    sign(&fake, &subject, &logged(&desired(&one.url, &[&one]))).await.unwrap();
    let held: Vec<usize> = bundles(&fake, &subject.digest).iter().map(entries).collect();
    assert_eq!(held.iter().sum::<usize>(), 1, "{held:?}");
    let both = logged(&desired(&other.url, &[&one, &other]));
    let vouched = sign(&fake, &subject, &both).await.unwrap();
    assert_eq!(vouched[1].log.as_ref(), Some(&one.id), "the entry in the first log counts");
    assert_eq!(other.bodies.lock().unwrap().len(), 3);
    let vouched = sign(&fake, &subject, &logged(&desired(&other.url, &[&other]))).await.unwrap();
    assert_eq!(vouched[1].log.as_ref(), Some(&other.id));
    let held: Vec<usize> = bundles(&fake, &subject.digest).iter().map(entries).collect();
    assert_eq!(held.iter().sum::<usize>(), 2, "{held:?}");
}

/// Stamps lie beside entries, and both are read back.
#[tokio::test]
async fn stamps_and_entries_go_together() {
    for rsa in [false, true] {
        let (running, fake) = (rekor::start(Fault::None).await, Fake::start(Options::default()));
        let time = authority::start_as(3, authority::Fault::None, rsa).await;
        let forms = [
            (RootForm::Pem, "trust/tsa.pem", time.chain.clone()),
            (RootForm::TrustedRoot, "trust/tsa.json", time.trusted_root.clone()),
        ];
        for (form, path, text) in forms {
            let root = TimestampRoot { path: path.into(), form, text };
            let timestamp = DesiredTimestamp { url: time.url.clone(), root };
            let mut signing = fondaco::manifest::DesiredSigning::file("acme.key");
            signing.timestamp = Some(timestamp);
            signing.log = Some(desired(&running.url, &[&running]));
            let folder = tempfile::tempdir().unwrap();
            let (sealed, _) = sign::seal(&[7; 32], b"test").unwrap();
            std::fs::write(folder.path().join("acme.key"), sealed).unwrap();
            let secrets = super::secrets(&[(sign::PASSWORD, "test")]);
            let key = sign::open(&signing, folder.path(), &secrets).await.unwrap();
            let subject = subject(&fake);
            let vouched = sign(&fake, &subject, key.as_ref()).await.unwrap();
            assert_eq!(vouched[1].log.as_ref(), Some(&running.id), "rsa: {rsa}");
            let all = bundles(&fake, &subject.digest);
            let stamps = &all[0]["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"];
            assert_eq!(stamps.as_array().unwrap().len(), 1);
        }
    }
}

/// Returns a world whose key tells the log that the manifests name.
fn world(scenario: &Scenario) -> World {
    let open = |signing: fondaco::manifest::DesiredSigning| -> Opening {
        Box::pin(async move {
            let plain: Arc<dyn OrgSigner> = Arc::new(signer());
            let Some(log) = &signing.log else { return Ok(plain) };
            let log = Log::open(log, None, Transport::default()).map_err(|error| error.to_string())?;
            Ok(Arc::new(Accompanied { signer: plain, authority: None, log: Some(log) }) as Arc<dyn OrgSigner>)
        })
    };
    World { open_signer: Arc::new(open), ..scenario.world(4) }
}

/// A log that is named later is a planned action with a record; the log's key is a file of the manifest repository.
#[test]
fn a_log_that_is_named_later_gets_what_was_promoted_before() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let running = runtime.block_on(rekor::start(Fault::None));
    let http = HttpScenario::new(Options::default(), Options::default());
    http.image("web", "1");
    let scenario = http.scenario(&["web"]);
    let report = scenario.run_with(&world(&scenario)).unwrap();
    assert!(report.images[0].consumers[0].promoted, "{}", report.text());
    let block = format!(
        "signing: {{key: keys/acme.key, log: {{url: \"{}\", root: keys/log.pub, origin: {}}}}}",
        running.url,
        rekor::ORIGIN
    );
    let manifests = http.manifests(&["web"]).replace("signing: {key: keys/acme.key}", &block);
    scenario.push(&[("fondaco.yaml", &manifests), ("keys/log.pub", &running.key)]);
    let report = scenario.run_with(&world(&scenario)).unwrap();
    assert!(report.images[0].consumers[0].signed_anew, "{}", report.text());
    let evidence = scenario.state().evidence;
    let record = evidence.images.values().next().unwrap();
    let hop = record.custody.hops.last().unwrap();
    assert_eq!(hop.kind, HopKind::ReSign);
    assert!(hop.vouched.iter().all(|one| one.log.as_ref() == Some(&running.id)), "{:?}", hop.vouched);
    // The image's signature and four attestations, and its SBOM's document is nobody's.
    assert_eq!((hop.vouched.len(), running.bodies.lock().unwrap().len()), (5, 3 + 5));
    assert!(scenario.run_with(&world(&scenario)).unwrap().is_idle());
    fondaco::evidence::check(&scenario.files()).unwrap();
}

/// A log that does not answer, or answers wrongly, keeps the tag from being written.
#[test]
fn nothing_is_tagged_without_an_entry() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let running = runtime.block_on(rekor::start(Fault::Tree));
    let http = HttpScenario::new(Options::default(), Options::default());
    http.image("web", "1");
    let block =
        format!("signing: {{key: keys/acme.key, log: {{url: \"{}\", root: trust/log.json}}}}", running.url);
    let scenario = http.scenario(&["web"]);
    let manifests = http.manifests(&["web"]).replace("signing: {key: keys/acme.key}", &block);
    let root = trusted_root(&[&running]).to_string();
    scenario.push(&[("fondaco.yaml", &manifests), ("trust/log.json", &root)]);
    let report = scenario.run_with(&world(&scenario)).unwrap();
    assert!(!report.images[0].consumers[0].promoted, "{}", report.text());
    assert!(report.text().contains("no entry in the log"), "{}", report.text());
    assert_eq!(http.mirror.tag(PATH, "1"), None);
}
