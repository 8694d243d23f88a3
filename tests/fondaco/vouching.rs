//! What a run writes beside promoted images: signatures and attestations, with how many requests, and again when the key
//! changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use fondaco::{
    evidence::{self, HopKind},
    manifest::DesiredPolicy,
    model::{Descriptor, Digest, Instant, Outcome, SignatureFormat, media_type},
    reconcile::{self, World},
    registry::{Access, Credential, Endpoint, HttpRegistry},
    trust::{
        sign::{self, KeyFile, OrgSigner},
        verify,
    },
};
use serde_json::{Value, json};

use crate::{
    fake::{Fake, Fault, Options, Phase, Referrers, Ways, WriteKind},
    http::HttpScenario,
    scenario::{Scenario, signer},
    tiny,
};

/// The platforms of the image that the tests use.
const PLATFORMS: usize = 4;

/// Puts an index with several platforms upstream.
fn index(up: &Fake, repository: &str) -> Digest {
    let entries: Vec<Value> = (0..PLATFORMS)
        .map(|number| {
            let status = format!("{}{}", tiny::STATUS, tiny::STATUS.replace("libexample1", &format!("p{number}")));
            let digest = tiny::image(up, repository, "", &status);
            let size = up.stored(repository, &digest).unwrap().len();
            let platform = json!({"os": "linux", "architecture": "amd64", "variant": format!("v{number}")});
            json!({"mediaType": media_type::OCI_MANIFEST, "digest": digest, "size": size, "platform": platform})
        })
        .collect();
    let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": entries});
    up.manifest(repository, "1", media_type::OCI_INDEX, index.to_string().into_bytes())
}

fn second() -> KeyFile {
    let (sealed, _) = sign::seal(&[9; 32], b"test").unwrap();
    KeyFile::open(sealed.as_bytes(), b"test").unwrap()
}

/// Returns a world that signs with the second key.
fn rotated(scenario: &Scenario) -> World {
    let signer: Arc<dyn OrgSigner> = Arc::new(second());
    let open = move |_| -> reconcile::Opening {
        let signer = Arc::clone(&signer);
        Box::pin(async move { Ok(signer) })
    };
    World { open_signer: Arc::new(open), ..scenario.world(4) }
}

/// Publishes a key in the manifests.
fn publish(http: &HttpScenario, scenario: &Scenario, pem: &str) {
    let manifests = http.manifests(&["web"]);
    let manifests = manifests
        .replace("signing: {key: keys/acme.key}", "signing: {key: keys/acme.key, public: keys/acme.pub}");
    scenario.push(&[("fondaco.yaml", &manifests), ("keys/acme.pub", pem)]);
}

/// Returns the requests to the distribution since `from`, by action.
fn since(fake: &Fake, from: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for logged in &fake.log()[from..] {
        // The HEAD of the tag is the plan's.
        if logged.path.contains("/payments/") && logged.action != "HEAD manifest" {
            *counts.entry(logged.action.clone()).or_default() += 1;
        }
    }
    counts
}

fn options(referrers: Referrers, sessions_only: bool) -> Options {
    Options { referrers, ways: Ways { sessions_only, ..Ways::default() }, ..Options::default() }
}

/// The measure: at most six requests for each artefact that is written again, whatever the registry can. What is written:
/// two signatures and an SBOM attestation for each platform, two signatures and three attestations for the index.
#[test]
fn signing_anew_takes_few_requests() {
    let written = 3 * PLATFORMS + 5;
    for (referrers, sessions_only, each) in
        [(Referrers::On, false, 5), (Referrers::On, true, 6), (Referrers::Off, false, 6)]
    {
        let http = HttpScenario::new(Options::default(), options(referrers, sessions_only));
        index(&http.upstream, "web");
        let scenario = http.scenario(&["web"]);
        let report = scenario.run().unwrap();
        assert!(report.images[0].consumers[0].promoted, "{}", report.text());
        publish(&http, &scenario, &second().public_pem());
        let from = http.mirror.log().len();
        let report = scenario.run_with(&rotated(&scenario)).unwrap();
        assert!(report.images[0].consumers[0].signed_anew, "{}", report.text());
        let counts = since(&http.mirror, from);
        let requests: usize = counts.values().sum();
        assert!(requests <= each * written, "{requests} for {written}: {counts:?}");
        assert!(scenario.run_with(&rotated(&scenario)).unwrap().is_idle());
    }
}

#[test]
fn a_new_key_is_a_planned_action_with_a_record_and_the_old_signatures_stay() {
    let http = HttpScenario::new(Options::default(), Options::default());
    let digest = index(&http.upstream, "web");
    let scenario = http.scenario(&["web"]);
    scenario.run().unwrap();
    publish(&http, &scenario, &signer().public_pem());
    assert!(scenario.run().unwrap().commits.len() <= 1, "the same key: pages at most");
    publish(&http, &scenario, &second().public_pem());
    let report = scenario.run_with(&rotated(&scenario)).unwrap();
    assert!(report.text().contains("signed anew"), "{}", report.text());
    let evidence = scenario.state().evidence;
    let record = evidence.images.values().next().unwrap();
    let hop = record.custody.hops.last().unwrap();
    assert_eq!((hop.kind, hop.consumer.as_deref()), (HopKind::ReSign, Some("payments")));
    assert!(hop.vouched.iter().all(|vouched| vouched.key == Some(second().key_digest())));
    // Both keys verify the index, in both forms.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for key in [signer().public_pem(), second().public_pem()] {
        let policy = DesiredPolicy::of_keys("both", [("one".to_owned(), key)]);
        let registry =
            scenario.world(1).registries.get(&scenario.state().desired, &http.mirror.address).unwrap();
        let verified =
            runtime.block_on(verify::verify(registry.as_ref(), "payments/web", &digest, Some(&policy)));
        assert_eq!(verified.outcome, Outcome::Verified, "{}", verified.reason);
    }
    assert!(scenario.run_with(&rotated(&scenario)).unwrap().is_idle());
    evidence::check(&scenario.files()).unwrap();
}

/// Returns the predicate types beside a manifest of the distribution.
fn attested(http: &HttpScenario, digest: &Digest) -> Vec<String> {
    let mut types: Vec<String> = http
        .mirror
        .referrers("payments/web", digest)
        .into_iter()
        .filter_map(|manifest| {
            let manifest: Value = serde_json::from_slice(&manifest).unwrap();
            Some(manifest["annotations"]["dev.sigstore.bundle.predicateType"].as_str()?.to_owned())
        })
        .collect();
    types.sort();
    types
}

#[test]
fn everything_stands_beside_the_image_before_the_tag() {
    let http = HttpScenario::new(Options::default(), Options::default());
    let digest = index(&http.upstream, "web");
    let scenario = http.scenario(&["web"]);
    let writes = http.watch_writes();
    scenario.run().unwrap();
    let expected = [
        "https://cosign.sigstore.dev/attestation/vuln/v1",
        "https://sigstore.dev/cosign/sign/v1",
        "https://slsa.dev/verification_summary/v1",
        "urn:fondaco:custody:v1",
    ];
    assert_eq!(attested(&http, &digest), expected);
    let last = writes
        .lock()
        .unwrap()
        .iter()
        .rev()
        .find(|event| event.repository == "payments/web")
        .cloned()
        .unwrap();
    assert_eq!((last.kind, last.reference.as_str()), (WriteKind::Tag, "1"));
    let evidence = scenario.state().evidence;
    let record = evidence.images.values().next().unwrap();
    let vouched = &record.custody.hops.last().unwrap().vouched;
    assert_eq!(vouched.len(), 5 + 4 * PLATFORMS);
    for platform in &record.custody.subject.platforms {
        let types = attested(&http, &platform.digest);
        assert_eq!(types, ["https://cyclonedx.org/bom", "https://sigstore.dev/cosign/sign/v1"]);
    }
}

/// A scan attestation follows the recorded scan, and the image itself is not written again.
#[test]
fn a_scan_that_says_something_else_is_attested_anew() {
    let http = HttpScenario::new(Options::default(), Options::default());
    let digest = index(&http.upstream, "web");
    let scenario = http.scenario(&["web"]);
    scenario.run().unwrap();
    let low = tiny::ADVISORY.replace("not-installed", "example").replace(
        r#""modified""#,
        r#""severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}], "modified""#,
    );
    scenario.import(&[tiny::ADVISORY, &low.replace("EXAMPLE-2026-0001", "EXAMPLE-2026-0002")]);
    let report = scenario.run().unwrap();
    assert!(report.images[0].consumers[0].signed_anew, "{}", report.text());
    let types = attested(&http, &digest);
    let count = |wanted: &str| types.iter().filter(|found| found.as_str() == wanted).count();
    assert_eq!(count("https://cosign.sigstore.dev/attestation/vuln/v1"), 2);
    assert_eq!(count("https://slsa.dev/verification_summary/v1"), 2);
    assert_eq!(count("urn:fondaco:custody:v1"), 1);
    assert_eq!(count("https://sigstore.dev/cosign/sign/v1"), 1);
    assert!(scenario.run().unwrap().is_idle());
}

/// A failure leaves the tag where it is, says so, and the next run finishes.
#[test]
fn a_failure_to_sign_anew_is_reported_and_tried_again() {
    let http = HttpScenario::new(Options::default(), Options::default());
    index(&http.upstream, "web");
    let scenario = http.scenario(&["web"]);
    scenario.run().unwrap();
    publish(&http, &scenario, &second().public_pem());
    http.mirror.set(|options| options.faults = vec![Fault::new("PUT manifest", 403, 1)]);
    let report = scenario.run_with(&rotated(&scenario)).unwrap();
    let consumer = &report.images[0].consumers[0];
    assert!(
        consumer.failure.is_some() && !consumer.signed_anew && report.has_failures(),
        "{}",
        report.text()
    );
    let report = scenario.run_with(&rotated(&scenario)).unwrap();
    assert!(report.images[0].consumers[0].signed_anew, "{}", report.text());
}

#[test]
fn the_manifest_chooses_what_is_attested() {
    let http = HttpScenario::new(Options::default(), Options::default());
    let digest = index(&http.upstream, "web");
    let manifests = http.manifests(&["web"]).replace(
        "signing: {key: keys/acme.key}",
        "signing: {key: keys/acme.key, attestations: [custody], custodyPredicate: \"https://acme.example/custody/v1\"}",
    );
    let scenario = http.scenario(&["web"]);
    scenario.push(&[("fondaco.yaml", &manifests)]);
    scenario.run().unwrap();
    assert_eq!(
        attested(&http, &digest),
        ["https://acme.example/custody/v1", "https://sigstore.dev/cosign/sign/v1"]
    );
}

/// Returns a connection of its own, as another process has.
fn connection(fake: &Fake) -> HttpRegistry {
    let endpoint = Endpoint::Http { plain: true };
    HttpRegistry::new(&Access::new(&fake.address, endpoint, Credential::Anonymous), true).unwrap()
}

fn at() -> Instant {
    "2026-11-21T00:00:00Z".parse().unwrap()
}

/// An image's manifest in the distribution.
fn subject(fake: &Fake, name: &str) -> Descriptor {
    let digest = tiny::image(fake, "payments/web", "", &tiny::STATUS.replace("example", name));
    let size = fake.stored("payments/web", &digest).unwrap().len() as u64;
    Descriptor::new(media_type::OCI_MANIFEST, digest, size)
}

/// Returns the forms in which a key's signature of a manifest is found and holds.
async fn forms(fake: &Fake, key: &KeyFile, subject: &Digest) -> Vec<SignatureFormat> {
    let policy = DesiredPolicy::of_keys("one", [("one".to_owned(), key.public_pem())]);
    let registry = connection(fake);
    let record = verify::verify(&registry, "payments/web", subject, Some(&policy)).await;
    let verified = record.signatures.iter().filter(|found| found.outcome == Outcome::Verified);
    verified.map(|found| found.format).collect()
}

const BOTH: [SignatureFormat; 2] = [SignatureFormat::CosignLegacy, SignatureFormat::SigstoreBundle];

/// Two runs with different keys sign the same images at once; neither loses what the other wrote.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_writers_at_once_lose_nothing() {
    for referrers in [Referrers::On, Referrers::Off] {
        let fake = Fake::start(options(referrers, false));
        let repository = format!("{}/payments/web", fake.address).parse().unwrap();
        let subjects: Vec<_> = (0..6).map(|number| subject(&fake, &format!("p{number}"))).collect();
        let (one, two) = (connection(&fake), connection(&fake));
        let (first, second) = (signer(), second());
        let (a, b) = futures_util::future::join(
            sign::sign_image(&one, &repository, &subjects, &first, at()),
            sign::sign_image(&two, &repository, &subjects, &second, at()),
        )
        .await;
        a.unwrap();
        b.unwrap();
        for subject in &subjects {
            for key in [&first, &second] {
                assert_eq!(forms(&fake, key, &subject.digest).await, BOTH, "{referrers:?}");
            }
        }
    }
}

/// Somebody who does not look again, such as cosign, puts back what was there before our write: the signature tag and
/// the fallback index are written once more, with what they hold by then.
#[tokio::test]
async fn a_third_party_that_overwrites_us_is_written_around() {
    let fake = Arc::new(Fake::start(options(Referrers::Off, false)));
    let repository = format!("{}/payments/web", fake.address).parse().unwrap();
    let subject = subject(&fake, "p");
    let stranger = second();
    sign::sign_image(&connection(&fake), &repository, std::slice::from_ref(&subject), &stranger, at())
        .await
        .unwrap();
    let tags = [format!("{}.sig", subject.digest.dashed()), subject.digest.dashed()];
    let before = tags.clone().map(|tag| {
        let digest = fake.tag("payments/web", &tag).unwrap();
        (tag, fake.stored("payments/web", &digest).unwrap())
    });
    let (other, overwritten) = (Arc::downgrade(&fake), Mutex::new(BTreeSet::new()));
    fake.on_write(move |event| {
        let known = before.iter().find(|(tag, _)| event.kind == WriteKind::Tag && event.reference == *tag);
        if let (Some((tag, bytes)), Phase::After) = (known, event.phase)
            && overwritten.lock().unwrap().insert(tag.clone())
        {
            let is_signature = tag.strip_suffix(".sig").is_some();
            let media_type = if is_signature { media_type::OCI_MANIFEST } else { media_type::OCI_INDEX };
            other.upgrade().unwrap().manifest("payments/web", tag, media_type, bytes.clone());
        }
    });
    sign::sign_image(&connection(&fake), &repository, std::slice::from_ref(&subject), &signer(), at())
        .await
        .unwrap();
    for key in [&signer(), &stranger] {
        assert_eq!(forms(&fake, key, &subject.digest).await, BOTH);
    }
}

/// A writer who is done before our uploads are keeps what it wrote: it does not look again, so nobody else would put it back.
#[tokio::test]
async fn a_tag_that_moves_while_we_upload_is_read_again() {
    let fake = Arc::new(Fake::start(options(Referrers::On, false)));
    let repository = format!("{}/payments/web", fake.address).parse().unwrap();
    let subject = subject(&fake, "p");
    let stranger = second();
    sign::sign_image(&connection(&fake), &repository, std::slice::from_ref(&subject), &stranger, at())
        .await
        .unwrap();
    let tag = format!("{}.sig", subject.digest.dashed());
    let theirs = fake.stored("payments/web", &fake.tag("payments/web", &tag).unwrap()).unwrap();
    let empty = json!({"schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "layers": [],
        "config": {"mediaType": media_type::OCI_CONFIG, "digest": fake.blob("payments/web", "{}"), "size": 2}});
    fake.manifest("payments/web", &tag, media_type::OCI_MANIFEST, empty.to_string());
    let (other, moved) = (Arc::downgrade(&fake), Mutex::new(false));
    fake.on_write(move |event| {
        let is_upload = event.kind != WriteKind::Tag && event.phase == Phase::Before;
        if is_upload && !std::mem::replace(&mut *moved.lock().unwrap(), true) {
            let fake = other.upgrade().unwrap();
            fake.manifest("payments/web", &tag, media_type::OCI_MANIFEST, theirs.clone());
        }
    });
    sign::sign_image(&connection(&fake), &repository, std::slice::from_ref(&subject), &signer(), at())
        .await
        .unwrap();
    for key in [&signer(), &stranger] {
        assert_eq!(forms(&fake, key, &subject.digest).await, BOTH);
    }
}

/// A tag that never keeps our entry ends with an error, not with a promise.
#[tokio::test]
async fn a_tag_that_is_replaced_for_ever_is_an_error() {
    let fake = Arc::new(Fake::start(Options::default()));
    let repository = format!("{}/payments/web", fake.address).parse().unwrap();
    let subject = subject(&fake, "p");
    let tag = format!("{}.sig", subject.digest.dashed());
    let empty = json!({"schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "layers": [],
        "config": {"mediaType": media_type::OCI_CONFIG, "digest": fake.blob("payments/web", "{}"), "size": 2}});
    let other = Arc::downgrade(&fake);
    fake.on_write(move |event| {
        if event.reference == tag && event.phase == Phase::After {
            other.upgrade().unwrap().manifest(
                "payments/web",
                &tag,
                media_type::OCI_MANIFEST,
                empty.to_string(),
            );
        }
    });
    let signed = sign::sign_image(&connection(&fake), &repository, &[subject], &signer(), at()).await;
    let error = signed.unwrap_err();
    assert!(error.to_string().contains("not there after 5 writes"), "{error}");
}

/// Registries answer a tag with the SHA-256 digest of the bytes, so nothing that is pinned by SHA-512 can be followed by
/// its tag: the image fails, and the message names the digest to pin.
#[test]
fn an_image_pinned_by_sha512_is_told_what_to_pin() {
    let http = HttpScenario::new(Options::default(), Options::default());
    let known = http.image("web", "1");
    let bytes = http.upstream.stored("web", &known).unwrap();
    let any: Digest = format!("sha512:{}", "0".repeat(128)).parse().unwrap();
    let pinned = any.same_algorithm_of(&bytes);
    http.upstream.forge("web", &pinned, media_type::OCI_MANIFEST, bytes);
    let scenario = http.scenario(&["web"]);
    let pin = format!("tags: [\"1\"], digest: \"{pinned}\"}}");
    scenario.push(&[("fondaco.yaml", &http.manifests(&["web"]).replace("tags: [\"1\"]}", &pin))]);
    let report = scenario.run().unwrap();
    let failure = report.images[0].failure.as_ref().unwrap();
    assert!(failure.contains(&format!("pin `{known}` instead")), "{failure}");
    assert!(report.has_failures());
}
