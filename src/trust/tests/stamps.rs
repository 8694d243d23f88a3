//! Time stamps beside signatures, by authorities with EC keys, which the engine verifies, and with RSA keys.

use super::{instance::*, memory::*, *};
use crate::{
    model::Outcome::{Invalid, Undeterminable, Verified},
    trust::notation::tests::stamp::{Clock, said},
};

const SIGN: &str = "https://sigstore.dev/cosign/sign/v1";

/// Noon of 1 January 2026, in the form of tokens.
const AT_NOON: &str = "20260101120000Z";

/// Returns a trusted root with one authority, valid since `start`, and the logs and certificates of `root`.
fn with_authority(mut root: Value, clock: &Clock, start: &str) -> Value {
    let chain = clock.chain().map(|der| json!({"rawBytes": STANDARD.encode(der)}));
    root["timestampAuthorities"] =
        json!([{"certChain": {"certificates": chain}, "validFor": {"start": start}}]);
    root
}

/// Returns a root that names nothing else.
fn authority_alone(clock: &Clock, start: &str) -> Value {
    let root = json!({"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"});
    with_authority(root, clock, start)
}

/// Puts a stamp over its signature, or over something else, into a bundle.
fn stamp(bundle: &mut Value, clock: &Clock, at: &str, about: Option<&[u8]>) {
    let signature =
        STANDARD.decode(bundle["dsseEnvelope"]["signatures"][0]["sig"].as_str().unwrap()).unwrap();
    let token = clock.token(&said(about.unwrap_or(&signature), at));
    bundle["verificationMaterial"]["timestampVerificationData"] =
        json!({"rfc3161Timestamps": [{"signedTimestamp": STANDARD.encode(token)}]});
}

/// Returns a policy that takes the organisation's key only with a log entry or time stamp.
fn demanding(root: &Value) -> DesiredPolicy {
    let mut policy = DesiredPolicy { root: Some(root_file(&root.to_string())), ..policy(&[("org", &org())]) };
    policy.keys[0].logged = true;
    policy
}

async fn judged(policy: &DesiredPolicy, bundle: &Value) -> VerificationRecord {
    let registry = Memory::default();
    put_bundle(&registry, &image("image"), bundle.to_string().as_bytes());
    verify(&registry, PATH, &image("image").digest, Some(policy)).await
}

fn signed() -> Value {
    bundle(&org(), &org(), &statement(SIGN, &image("image").digest))
}

#[tokio::test]
async fn a_stamp_tells_when_a_key_signed_whatever_the_authoritys_key() {
    for rsa in [false, true] {
        let clock = Clock::new(rsa);
        let policy = demanding(&authority_alone(&clock, "2025-01-01T00:00:00Z"));
        let record = judged(&policy, &signed()).await;
        assert_eq!(record.outcome, Invalid, "no stamp: {}", record.reason);
        let mut bundle = signed();
        stamp(&mut bundle, &clock, AT_NOON, None);
        let record = judged(&policy, &bundle).await;
        assert_eq!(record.outcome, Verified, "rsa: {rsa}: {}", record.reason);
        assert_eq!(record.signatures[0].proof.times, ["2026-01-01T12:00:00Z".parse().unwrap()]);
    }
}

#[tokio::test]
async fn a_stamp_beside_a_legacy_layer_counts_too() {
    for rsa in [false, true] {
        let clock = Clock::new(rsa);
        let policy = demanding(&authority_alone(&clock, "2025-01-01T00:00:00Z"));
        let payload = payload(&image("image").digest);
        let token = clock.token(&said(&org().signature(&payload), AT_NOON));
        let kept = json!({"SignedRFC3161Timestamp": STANDARD.encode(token)}).to_string();
        let layer = vec![signature_of(&org(), &payload), (format::TIMESTAMP, kept)];
        let registry = Memory::default();
        put_signatures(&registry, &image("image"), &[(payload, layer)]);
        let record = verify(&registry, PATH, &image("image").digest, Some(&policy)).await;
        assert_eq!(record.outcome, Verified, "rsa: {rsa}: {}", record.reason);
        assert_eq!(record.signatures[0].proof.times, ["2026-01-01T12:00:00Z".parse().unwrap()]);
    }
}

#[tokio::test]
async fn a_stamp_that_does_not_hold_spoils_the_signature() {
    for rsa in [false, true] {
        let (clock, other) = (Clock::new(rsa), Clock::new(rsa));
        let since = "2025-01-01T00:00:00Z";
        let root = authority_alone(&clock, since);
        let cases = [
            ("of another signature", &clock, AT_NOON, Some(&b"another"[..]), &root),
            ("of another authority with the same names", &other, AT_NOON, None, &root),
            ("before the authority's certificate", &clock, "20190101120000Z", None, &root),
            (
                "before the window of the root",
                &clock,
                AT_NOON,
                None,
                &authority_alone(&clock, "2026-06-01T00:00:00Z"),
            ),
        ];
        for (name, by, at, about, root) in cases {
            let mut bundle = signed();
            stamp(&mut bundle, by, at, about);
            let record = judged(&demanding(root), &bundle).await;
            assert_eq!(record.outcome, Invalid, "{name}, rsa: {rsa}: {}", record.reason);
        }
    }
}

/// Signed for another image: the engine does not see a bundle whose stamps were all by RSA.
#[tokio::test]
async fn a_stamped_statement_about_another_image() {
    for rsa in [false, true] {
        let clock = Clock::new(rsa);
        let mut bundle = bundle(&org(), &org(), &statement(SIGN, &image("other").digest));
        stamp(&mut bundle, &clock, AT_NOON, None);
        let record = judged(&demanding(&authority_alone(&clock, "2025-01-01T00:00:00Z")), &bundle).await;
        assert_eq!(record.outcome, Invalid, "{}", record.reason);
        assert!(record.reason.contains("another image"), "{}", record.reason);
    }
}

/// Beside a log entry, a stamp is one more time at which the certificate has to have been valid.
#[tokio::test]
async fn a_stamp_beside_a_log_entry_of_a_certificate() {
    for rsa in [false, true] {
        let (clock, sigstore) = (Clock::new(rsa), Sigstore::new());
        let root = with_authority(sigstore.root(), &clock, "2025-01-01T00:00:00Z");
        let policy = identity_policy(workflow(), &root);
        for (at, outcome) in [(AT_NOON, Verified), ("20260103120000Z", Invalid), ("20251230120000Z", Invalid)]
        {
            let mut bundle = sigstore.bundle(&sigstore.certify(), &statement(SIGN, &image("image").digest));
            stamp(&mut bundle, &clock, at, None);
            let record = judged(&policy, &bundle).await;
            assert_eq!(record.outcome, outcome, "{at}, rsa: {rsa}: {}", record.reason);
        }
    }
}

/// A certificate whose only time is a stamp by RSA is not judged: the engine would have to take that time.
#[tokio::test]
async fn a_stamp_by_rsa_alone_does_not_determine_a_certificate() {
    for (rsa, outcome) in [(false, Verified), (true, Undeterminable)] {
        let (clock, sigstore) = (Clock::new(rsa), Sigstore::new());
        let mut root = with_authority(sigstore.root(), &clock, "2025-01-01T00:00:00Z");
        root["tlogs"] = json!([]);
        let by = sigstore.certify();
        let mut bundle = sigstore.bundle(&by, &statement(SIGN, &image("image").digest));
        bundle["verificationMaterial"]["tlogEntries"] = json!([]);
        stamp(&mut bundle, &clock, AT_NOON, None);
        let record = judged(&identity_policy(workflow(), &root), &bundle).await;
        assert_eq!(record.outcome, outcome, "rsa: {rsa}: {}", record.reason);
        if rsa {
            assert!(record.reason.contains("a stamp by RSA"), "{}", record.reason);
        }
    }
}

/// Of two entries the engine demands a proof of one.
#[tokio::test]
async fn an_entry_without_proof_and_promise_rides_along() {
    let sigstore = Sigstore::new();
    let mut bundle = sigstore.bundle(&sigstore.certify(), &statement(SIGN, &image("image").digest));
    let mut bare = bundle["verificationMaterial"]["tlogEntries"][0].clone();
    for proof in ["inclusionProof", "inclusionPromise"] {
        bare.as_object_mut().unwrap().remove(proof);
    }
    let entries = bundle["verificationMaterial"]["tlogEntries"].as_array_mut().unwrap();
    entries.push(bare);
    let record = judged(&identity_policy(workflow(), &sigstore.root()), &bundle).await;
    assert_eq!(record.outcome, Invalid, "{}", record.reason);
    assert!(record.reason.contains("neither a proof nor a promise"), "{}", record.reason);
}
