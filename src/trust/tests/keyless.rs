//! Signatures by certificates of a private instance, and what its root makes of them.

use super::{instance::*, memory::*, *};
use crate::{
    manifest::Wanted,
    model::{
        ClaimKind,
        Outcome::{Foreign, Invalid, Undeterminable, Verified},
    },
};

const SIGN: &str = "https://sigstore.dev/cosign/sign/v1";

async fn verified_by(policy: &DesiredPolicy, bundle: &Value) -> VerificationRecord {
    let registry = Memory::default();
    put_bundle(&registry, &image("image"), bundle.to_string().as_bytes());
    verify(&registry, PATH, &image("image").digest, Some(policy)).await
}

/// Verifies a `.sig` layer.
async fn layer_by(policy: &DesiredPolicy, layer: Layer) -> VerificationRecord {
    let registry = Memory::default();
    put_signatures(&registry, &image("image"), &[layer]);
    verify(&registry, PATH, &image("image").digest, Some(policy)).await
}

fn signed(sigstore: &Sigstore, by: &Certified) -> Value {
    sigstore.bundle(by, &statement(SIGN, &image("image").digest))
}

#[track_caller]
fn assert_outcome(record: &VerificationRecord, outcome: Outcome, reason: &str) {
    assert_eq!(record.outcome, outcome, "{record:#?}");
    assert!(record.reason.contains(reason), "{}", record.reason);
}

#[tokio::test]
async fn an_accepted_identity_is_verified_with_everything_that_was_proven() {
    let sigstore = Sigstore::new();
    let policy = identity_policy(workflow(), &sigstore.root());
    let record = verified_by(&policy, &signed(&sigstore, &sigstore.certify())).await;
    assert_outcome(&record, Verified, "signed by accepted identity `release`");
    let proof = &record.signatures[0].proof;
    assert_eq!((proof.key.as_deref(), proof.signer.as_deref()), (None, Some("release")));
    let says = |kind| proof.claims.get(&kind).map(String::as_str);
    assert_eq!(says(ClaimKind::Issuer), Some(ISSUER));
    assert_eq!(says(ClaimKind::Identity), Some(WORKFLOW));
    assert_eq!(says(ClaimKind::SourceRepository), Some(SOURCE));
    assert_eq!(says(ClaimKind::SourceRepositoryId), Some("4711"));
    assert_eq!(says(ClaimKind::Runner), Some("hosted"));
    assert_eq!(proof.times, ["2026-01-01T12:00:00Z".parse().unwrap()]);
    assert_eq!((proof.log_entries.len(), proof.log_entries[0].kind.as_str()), (1, "dsse/0.0.1"));
    let root = record.root.unwrap();
    assert_eq!(root.path, "trust/example.trusted_root.json");
    assert_eq!(root.digest, Digest::sha256(sigstore.root().to_string()));
}

#[tokio::test]
async fn every_claim_that_is_wanted_has_to_be_made() {
    let sigstore = Sigstore::new();
    let bundle = signed(&sigstore, &sigstore.certify());
    let exactly = |text: &str| Wanted::Exactly(text.to_owned());
    let cases = [
        (ClaimKind::SourceRepository, exactly(SOURCE), Verified),
        (ClaimKind::SourceRepository, exactly("https://forge.example/acme"), Foreign),
        (ClaimKind::SourceRepositoryId, exactly("4712"), Foreign),
        (ClaimKind::SourceRef, Wanted::Matching("refs/tags/v[0-9]+".to_owned()), Verified),
        (ClaimKind::SourceRef, Wanted::Matching("refs/tags".to_owned()), Foreign),
        (ClaimKind::SourceCommit, exactly("0123456789abcdef0123456789abcdef01234567"), Verified),
        (ClaimKind::Workflow, exactly(WORKFLOW), Verified),
        (ClaimKind::Trigger, exactly("pull_request"), Foreign),
        (ClaimKind::Runner, exactly("self-hosted"), Foreign),
        (ClaimKind::Issuer, exactly("https://token.example/"), Foreign),
    ];
    for (kind, wanted, outcome) in cases {
        let mut claims = workflow();
        claims.insert(kind, wanted.clone());
        let record = verified_by(&identity_policy(claims, &sigstore.root()), &bundle).await;
        assert_eq!(record.outcome, outcome, "{kind:?} {wanted:?}: {}", record.reason);
        assert_eq!(record.signatures[0].proof.claims[&ClaimKind::Identity], WORKFLOW, "proven either way");
    }
}

#[tokio::test]
async fn a_legacy_layer_by_a_certificate_is_verified_too() {
    let sigstore = Sigstore::new();
    let policy = identity_policy(workflow(), &sigstore.root());
    let payload = payload(&image("image").digest);
    let annotations = sigstore.layer(&sigstore.certify(), &payload);
    let record = layer_by(&policy, (payload, annotations)).await;
    assert_outcome(&record, Verified, "signed by accepted identity `release`");
    assert_eq!(record.signatures[0].proof.log_entries[0].kind, "hashedrekord/0.0.1");
}

#[tokio::test]
async fn a_certificate_of_another_instance_that_names_our_signer() {
    let (sigstore, other) = (Sigstore::new(), Sigstore::new());
    let policy = identity_policy(workflow(), &sigstore.root());
    let record = verified_by(&policy, &signed(&other, &other.certify())).await;
    assert_outcome(&record, Invalid, "names accepted identity `release` and does not hold");
}

#[tokio::test]
async fn a_certificate_of_another_instance_that_names_somebody_else() {
    let (sigstore, other) = (Sigstore::new(), Sigstore::new());
    let policy = identity_policy(workflow(), &sigstore.root());
    let stranger = other.certify_as("https://forge.example/mallory", ISSUER, SOURCE);
    let record = verified_by(&policy, &signed(&other, &stranger)).await;
    assert_outcome(&record, Foreign, "trust/example.trusted_root.json");
    assert!(record.signatures[0].proof.claims.is_empty(), "what was not proven is not repeated");
}

#[tokio::test]
async fn a_certificate_that_had_expired_when_the_log_saw_it() {
    let sigstore = Sigstore::new();
    let policy = identity_policy(workflow(), &sigstore.root());
    let statement = statement(SIGN, &image("image").digest);
    let by = sigstore.certify();
    for (time, outcome) in [(NOON, Verified), (NOON + 86_400, Invalid), (NOON - 86_400, Invalid)] {
        let record = verified_by(&policy, &sigstore.bundle_at(&by, &statement, time)).await;
        assert_eq!(record.outcome, outcome, "{time}: {}", record.reason);
    }
}

#[tokio::test]
async fn windows_of_the_root_are_honoured() {
    let sigstore = Sigstore::new();
    let bundle = signed(&sigstore, &sigstore.certify());
    let ca = "/certificateAuthorities/0/validFor";
    let log = "/tlogs/0/publicKey/validFor";
    let (start, end) = ("2026-01-01T12:00:01Z", "2026-01-01T11:59:59Z");
    let cases = [
        (ca, json!({"start": "2025-01-01T00:00:00Z", "end": "2026-01-01T12:00:00Z"}), Verified),
        (ca, json!({"start": "2025-01-01T00:00:00Z", "end": end}), Invalid),
        (ca, json!({"start": start}), Invalid),
        (log, json!({"start": "2025-01-01T00:00:00Z", "end": "2026-01-01T12:00:00Z"}), Verified),
        (log, json!({"start": "2025-01-01T00:00:00Z", "end": end}), Invalid),
        (log, json!({"start": start}), Invalid),
    ];
    for (pointer, window, outcome) in cases {
        let mut root = sigstore.root();
        *root.pointer_mut(pointer).unwrap() = window.clone();
        let record = verified_by(&identity_policy(workflow(), &root), &bundle).await;
        assert_eq!(record.outcome, outcome, "{pointer} {window}: {}", record.reason);
    }
}

#[tokio::test]
async fn what_is_demanded_follows_from_the_root() {
    let sigstore = Sigstore::new();
    let by = sigstore.certify();
    let logged = signed(&sigstore, &by);
    let mut unlogged = logged.clone();
    unlogged["verificationMaterial"]["tlogEntries"] = json!([]);
    let mut unproven = logged.clone();
    let entry = unproven.pointer_mut("/verificationMaterial/tlogEntries/0").unwrap();
    entry.as_object_mut().unwrap().remove("inclusionProof");
    let mut certificate_logs = sigstore.root();
    certificate_logs["ctlogs"] = certificate_logs["tlogs"].clone();
    let mut no_logs = sigstore.root();
    no_logs["tlogs"] = json!([]);
    let cases = [
        ("no entry, and the root has a log", &unlogged, sigstore.root()),
        ("no proof, and the root has a log", &unproven, sigstore.root()),
        ("no SCT, and the root has a certificate log", &logged, certificate_logs),
        ("no log in the root: then a timestamp is needed", &unlogged, no_logs),
    ];
    for (name, bundle, root) in cases {
        let record = verified_by(&identity_policy(workflow(), &root), bundle).await;
        assert_eq!(record.outcome, Invalid, "{name}: {}", record.reason);
    }
}

/// CVE-2026-22703 (GHSA-whqx-f9j3-ch6m): the entry of another signature lends its time.
#[tokio::test]
async fn a_log_entry_of_another_body() {
    let sigstore = Sigstore::new();
    let policy = identity_policy(workflow(), &sigstore.root());
    let by = sigstore.certify();
    let other = sigstore.bundle(&by, &statement(SIGN, &image("other").digest));
    let mut swapped = signed(&sigstore, &by);
    swapped["verificationMaterial"]["tlogEntries"] = other["verificationMaterial"]["tlogEntries"].clone();
    assert_outcome(&verified_by(&policy, &swapped).await, Invalid, "does not hold");

    let (good, other) = (payload(&image("image").digest), payload(&image("other").digest));
    let mut annotations = sigstore.layer(&by, &good);
    annotations[2] = sigstore.layer(&by, &other)[2].clone();
    assert_outcome(&layer_by(&policy, (good, annotations)).await, Invalid, "does not hold");
}

/// CVE-2022-36056: a log entry of the right signature that names another certificate or key.
#[tokio::test]
async fn a_log_entry_of_another_certificate() {
    let sigstore = Sigstore::new();
    let policy = identity_policy(workflow(), &sigstore.root());
    let by = sigstore.certify();
    let other = sigstore.certify_as("https://forge.example/mallory", ISSUER, SOURCE);
    let mut bundle = signed(&sigstore, &by);
    let body = dsse_body(&bundle["dsseEnvelope"], &other.pem);
    bundle["verificationMaterial"]["tlogEntries"] = json!([sigstore.entry(&body, NOON)]);
    assert_outcome(&verified_by(&policy, &bundle).await, Invalid, "does not hold");

    let payload = payload(&image("image").digest);
    let mut annotations = sigstore.layer(&by, &payload);
    let body = hashed_body(&payload, &annotations[0].1, &other.pem);
    annotations[2] = sigstore.logged(&body, NOON);
    assert_outcome(&layer_by(&policy, (payload, annotations)).await, Invalid, "does not hold");
}

#[tokio::test]
async fn a_log_entry_whose_time_was_changed() {
    let sigstore = Sigstore::new();
    let policy = identity_policy(workflow(), &sigstore.root());
    let mut bundle = signed(&sigstore, &sigstore.certify());
    *bundle.pointer_mut("/verificationMaterial/tlogEntries/0/integratedTime").unwrap() =
        json!((NOON + 1).to_string());
    assert_outcome(&verified_by(&policy, &bundle).await, Invalid, "does not hold");
}

#[tokio::test]
async fn a_log_entry_of_a_kind_that_is_not_read() {
    let sigstore = Sigstore::new();
    let policy = identity_policy(workflow(), &sigstore.root());
    let mut bundle = signed(&sigstore, &sigstore.certify());
    *bundle.pointer_mut("/verificationMaterial/tlogEntries/0/kindVersion").unwrap() =
        json!({"kind": "intoto", "version": "0.0.1"});
    let record = verified_by(&policy, &bundle).await;
    assert_outcome(&record, Undeterminable, "log entries of kind `intoto/0.0.1` are not read");
}

#[tokio::test]
async fn a_trust_root_that_cannot_be_read_determines_nothing() {
    let sigstore = Sigstore::new();
    let record = verified_by(
        &identity_policy(workflow(), &json!({"mediaType": 1})),
        &signed(&sigstore, &sigstore.certify()),
    )
    .await;
    assert_outcome(&record, Undeterminable, "trust root `trust/example.trusted_root.json` cannot be read");
}

#[tokio::test]
async fn a_flood_of_log_entries_is_not_checked_one_by_one() {
    let sigstore = Sigstore::new();
    let policy = identity_policy(workflow(), &sigstore.root());
    let bundle = signed(&sigstore, &sigstore.certify());
    for (count, outcome) in [(16, Verified), (17, Invalid)] {
        let mut flood = bundle.clone();
        let entry = &bundle["verificationMaterial"]["tlogEntries"][0];
        flood["verificationMaterial"]["tlogEntries"] = json!(vec![entry; count]);
        let record = verified_by(&policy, &flood).await;
        assert_eq!(record.outcome, outcome, "{count}: {}", record.reason);
    }
}

/// A policy of one key with the instance's root.
fn key_policy(sigstore: &Sigstore, key: &TestKey, logged: bool) -> DesiredPolicy {
    let mut policy = policy(&[("org", key)]);
    policy.keys[0].logged = logged;
    policy.root = Some(root_file(&sigstore.root().to_string()));
    policy
}

#[tokio::test]
async fn log_entries_beside_a_key_have_to_hold_where_the_policy_names_a_root() {
    let sigstore = Sigstore::new();
    let bare = bundle(&org(), &org(), &statement(SIGN, &image("image").digest));
    let with = |entry: Value| {
        let mut bundle = bare.clone();
        bundle["verificationMaterial"]["tlogEntries"] = json!([entry]);
        bundle
    };
    let envelope = &bare["dsseEnvelope"];
    let good = with(sigstore.entry(&dsse_body(envelope, &org().public_pem()), NOON));
    let foreign_log = with(
        Sigstore { log: TestKey::new(8), ..Sigstore::new() }
            .entry(&dsse_body(envelope, &org().public_pem()), NOON),
    );
    // GHSA-fx35-mq7g-6g98: the entry names a public key that nobody expects.
    let other_key = with(sigstore.entry(&dsse_body(envelope, &stranger().public_pem()), NOON));
    let cases = [
        ("bare", &bare, Verified, Invalid),
        ("good", &good, Verified, Verified),
        ("log that the root does not know", &foreign_log, Invalid, Invalid),
        ("unexpected public key", &other_key, Invalid, Invalid),
    ];
    for (name, bundle, free, demanded) in cases {
        for (logged, outcome) in [(false, free), (true, demanded)] {
            let record = verified_by(&key_policy(&sigstore, &org(), logged), bundle).await;
            assert_eq!(record.outcome, outcome, "{name}, logged: {logged}: {}", record.reason);
        }
    }
    let proof = &verified_by(&key_policy(&sigstore, &org(), true), &good).await.signatures[0].proof;
    assert_eq!((proof.key.as_deref(), proof.log_entries.len()), (Some("org"), 1));
}

/// GHSA-fx35-mq7g-6g98: a legacy entry with the right hash and signature, and another key.
#[tokio::test]
async fn a_legacy_log_entry_with_an_unexpected_public_key() {
    let sigstore = Sigstore::new();
    let payload = payload(&image("image").digest);
    let signature = signature_of(&org(), &payload);
    for (key, outcome) in [(org(), Verified), (stranger(), Invalid)] {
        let body = hashed_body(&payload, &signature.1, &key.public_pem());
        let annotations = vec![signature.clone(), sigstore.logged(&body, NOON)];
        let record = layer_by(&key_policy(&sigstore, &org(), true), (payload.clone(), annotations)).await;
        assert_eq!(record.outcome, outcome, "{}", record.reason);
    }
}

#[tokio::test]
async fn a_certificate_beside_a_keys_signature_does_not_hide_the_key() {
    let sigstore = Sigstore::new();
    let by = sigstore.certify();
    let policy = key_policy(&sigstore, &by.key, true);
    let record = verified_by(&policy, &signed(&sigstore, &by)).await;
    assert_outcome(&record, Verified, "signed by accepted key `org`");
}

#[tokio::test]
async fn as_many_signers_as_are_wanted() {
    let sigstore = Sigstore::new();
    let registry = Memory::default();
    let by = sigstore.certify();
    put_bundle(&registry, &image("image"), signed(&sigstore, &by).to_string().as_bytes());
    let sign = statement(SIGN, &image("image").digest);
    put_bundle(&registry, &image("image"), bundle(&org(), &org(), &sign).to_string().as_bytes());
    let mut policy = identity_policy(workflow(), &sigstore.root());
    policy.keys = key_policy(&sigstore, &org(), false).keys;
    let cases: [(u8, Option<&[&str]>, Outcome, &str); 5] = [
        (1, None, Verified, "signed by accepted key `org` and accepted identity `release`"),
        (2, None, Verified, "signed by accepted key `org` and accepted identity `release`"),
        (3, None, Outcome::Absent, "2 of 3 wanted signers"),
        (1, Some(&["release"]), Verified, "signed by accepted identity `release`"),
        (2, Some(&["release"]), Foreign, "signed by `org`, who is not among the wanted signers"),
    ];
    for (least, of, outcome, reason) in cases {
        policy.signers.at_least = least;
        policy.signers.of = of.map(|of| of.iter().map(|name| (*name).to_owned()).collect());
        let record = verify(&registry, PATH, &image("image").digest, Some(&policy)).await;
        assert_outcome(&record, outcome, reason);
    }
}
