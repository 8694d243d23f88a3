//! Each test is named after what the attacker, or the registry, does.

use super::{memory::*, *};
use crate::manifest::DesiredKey;
use crate::model::Outcome::{Absent, Foreign, Invalid, Undeterminable, Verified};

const SIGN: &str = "https://sigstore.dev/cosign/sign/v1";

/// Verifies an image whose only signature is this `.sig` layer.
async fn legacy(payload: Vec<u8>, annotations: Vec<(&'static str, String)>) -> VerificationRecord {
    let registry = Memory::default();
    put_signatures(&registry, &image("image"), &[(payload, annotations)]);
    verified_by_org(&registry, &image("image")).await
}

/// Verifies an image whose only signature is this bundle.
async fn bundled(bundle: &[u8]) -> VerificationRecord {
    let registry = Memory::default();
    put_bundle(&registry, &image("image"), bundle);
    verified_by_org(&registry, &image("image")).await
}

fn assert_outcome(record: &VerificationRecord, outcome: Outcome, reason: &str) {
    assert_eq!(record.outcome, outcome, "{record:?}");
    assert!(record.reason.contains(reason), "{}", record.reason);
}

#[tokio::test]
async fn signature_tag_with_payload_for_another_image() {
    let payload = payload(&image("other").digest);
    let annotation = signature_of(&org(), &payload);
    assert_outcome(&legacy(payload, vec![annotation]).await, Invalid, "the payload is for another image");
}

#[tokio::test]
async fn signature_tag_with_swapped_signature() {
    // The signature of another payload by the accepted key: without a hint it looks like anybody's.
    let annotation = signature_of(&org(), &payload(&image("other").digest));
    let record = legacy(payload(&image("image").digest), vec![annotation]).await;
    assert_outcome(&record, Foreign, "no accepted key verifies it");
}

#[tokio::test]
async fn signature_tag_by_a_foreign_key() {
    let payload = payload(&image("image").digest);
    let annotation = signature_of(&stranger(), &payload);
    assert_outcome(&legacy(payload, vec![annotation]).await, Foreign, "no accepted key verifies it");
}

#[tokio::test]
async fn signature_tag_with_keyless_certificate() {
    let payload = payload(&image("image").digest);
    let certificate = (format::CERTIFICATE, "-----BEGIN CERTIFICATE-----".to_owned());
    let annotations = vec![signature_of(&stranger(), &payload), certificate];
    let record = legacy(payload, annotations).await;
    assert_outcome(&record, Foreign, "by a certificate, and the policy names no trust root to verify it by");
}

#[tokio::test]
async fn signature_tag_with_malformed_layers() {
    let digest = image("image").digest;
    let good = payload(&digest);
    let other_type = payload_of(&digest.to_string(), "another type");
    let cases: [(&str, Layer); 4] = [
        ("the layer carries no signature", (good.clone(), vec![])),
        ("the signature is not base64", (good, vec![(format::SIGNATURE, "%%%".to_owned())])),
        ("the payload is malformed", (b"{".to_vec(), vec![signature_of(&org(), b"{")])),
        ("the payload is a `another type`", (other_type.clone(), vec![signature_of(&org(), &other_type)])),
    ];
    for (reason, (payload, annotations)) in cases {
        assert_outcome(&legacy(payload, annotations).await, Invalid, reason);
    }
}

#[tokio::test]
async fn signature_tag_whose_duplicate_key_hides_another_image() {
    let (other, digest) = (image("other").digest, image("image").digest);
    let payload = format!(
        r#"{{"critical":{{"image":{{"docker-manifest-digest":"{other}","docker-manifest-digest":"{digest}"}},"type":"cosign container image signature"}}}}"#
    );
    let annotation = signature_of(&org(), payload.as_bytes());
    assert_outcome(&legacy(payload.into_bytes(), vec![annotation]).await, Invalid, "malformed");
}

#[tokio::test]
async fn signature_tag_that_is_an_index() {
    let registry = Memory::default();
    let tag = format::signature_tag(&image("image").digest).unwrap();
    registry.seed_manifest(PATH, Some(&tag), media_type::OCI_INDEX, br#"{"schemaVersion":2,"manifests":[]}"#);
    assert_outcome(&verified_by_org(&registry, &image("image")).await, Invalid, "an index");
}

#[tokio::test]
async fn a_good_signature_among_bad_ones_is_enough_and_all_are_listed() {
    let registry = Memory::default();
    let good = payload(&image("image").digest);
    let other = payload(&image("other").digest);
    put_signatures(
        &registry,
        &image("image"),
        &[
            (other.clone(), vec![signature_of(&org(), &other)]),
            (good.clone(), vec![signature_of(&stranger(), &good)]),
            (good.clone(), vec![signature_of(&org(), &good)]),
        ],
    );
    let record = verified_by_org(&registry, &image("image")).await;
    assert_outcome(&record, Verified, "signed by accepted key `org`");
    assert!(record.signatures.is_sorted());
    let mut outcomes: Vec<_> = told(&record).into_iter().map(|(outcome, _)| outcome).collect();
    outcomes.sort();
    assert_eq!(outcomes, [Verified, Foreign, Invalid]);
}

#[tokio::test]
async fn bundle_by_the_accepted_key_without_log_or_timestamp() {
    let bundle = bundle(&org(), &org(), &statement(SIGN, &image("image").digest)).to_string();
    let record = bundled(bundle.as_bytes()).await;
    assert_eq!(told(&record), [(Verified, "signed by accepted key `org`")]);
}

#[tokio::test]
async fn bundle_without_a_predicate_as_real_ones_may_be() {
    let mut statement = statement(SIGN, &image("image").digest);
    statement.as_object_mut().unwrap().remove("predicate");
    let bundle = bundle(&org(), &org(), &statement).to_string();
    assert_outcome(&bundled(bundle.as_bytes()).await, Verified, "org");
}

#[tokio::test]
async fn bundle_with_a_timestamp_says_that_it_was_not_checked() {
    let mut bundle = bundle(&org(), &org(), &statement(SIGN, &image("image").digest));
    bundle["verificationMaterial"]["timestampVerificationData"] =
        json!({"rfc3161Timestamps": [{"signedTimestamp": STANDARD.encode("not a token")}]});
    let record = bundled(bundle.to_string().as_bytes()).await;
    let expected = "signed by accepted key `org`; its log entries and timestamps were not checked";
    assert_eq!(told(&record), [(Verified, expected)]);
}

#[tokio::test]
async fn bundle_of_an_image_named_by_sha_512() {
    let subject: Digest = format!("sha512:{}", "ab".repeat(64)).parse().unwrap();
    for (named, outcome) in [(subject.hex().to_owned(), Verified), ("cd".repeat(64), Invalid)] {
        let registry = Memory::default();
        let mut statement = statement(SIGN, &subject);
        statement["subject"][0]["digest"] = json!({"sha512": named});
        let subject = Descriptor::new(media_type::OCI_MANIFEST, subject.clone(), 1);
        put_bundle(&registry, &subject, bundle(&org(), &org(), &statement).to_string().as_bytes());
        assert_eq!(verified_by_org(&registry, &subject).await.outcome, outcome);
    }
}

#[tokio::test]
async fn bundle_of_another_image() {
    let bundle = bundle(&org(), &org(), &statement(SIGN, &image("other").digest)).to_string();
    assert_outcome(&bundled(bundle.as_bytes()).await, Invalid, "the statement is for another image");
}

#[tokio::test]
async fn bundle_with_swapped_signature() {
    let mut swapped = bundle(&org(), &org(), &statement(SIGN, &image("image").digest));
    let other = bundle(&org(), &org(), &statement(SIGN, &image("other").digest));
    swapped["dsseEnvelope"]["signatures"] = other["dsseEnvelope"]["signatures"].clone();
    let record = bundled(swapped.to_string().as_bytes()).await;
    assert_outcome(&record, Invalid, "names accepted key `org`, which does not verify it");
}

#[tokio::test]
async fn bundle_by_a_foreign_key_with_our_hint() {
    let bundle = bundle(&stranger(), &org(), &statement(SIGN, &image("image").digest)).to_string();
    assert_outcome(&bundled(bundle.as_bytes()).await, Invalid, "names accepted key `org`");
}

#[tokio::test]
async fn bundle_by_a_foreign_key() {
    let bundle = bundle(&stranger(), &stranger(), &statement(SIGN, &image("image").digest)).to_string();
    assert_outcome(&bundled(bundle.as_bytes()).await, Foreign, "no accepted key verifies it");
}

#[tokio::test]
async fn bundle_with_certificate() {
    let mut bundle = bundle(&stranger(), &stranger(), &statement(SIGN, &image("image").digest));
    bundle["verificationMaterial"] = json!({"certificate": {"rawBytes": STANDARD.encode("certificate")}});
    let record = bundled(bundle.to_string().as_bytes()).await;
    assert_outcome(&record, Foreign, "by a certificate, and the policy names no trust root to verify it by");
}

/// GHSA-w6c6-c85g-mmv6: an SBOM attestation by the accepted key must not count as approval.
#[tokio::test]
async fn bundle_with_an_sbom_as_signature() {
    let bundle =
        bundle(&org(), &org(), &statement("https://cyclonedx.org/bom", &image("image").digest)).to_string();
    let record = bundled(bundle.as_bytes()).await;
    assert_eq!(record.outcome, Absent);
    assert_eq!(record.signatures, []);
    let [attested] = record.attestations.as_slice() else { panic!("{record:?}") };
    assert_eq!((attested.predicate_type.as_str(), attested.outcome), ("https://cyclonedx.org/bom", Verified));
    assert_eq!(attested.reason, "signed by accepted key `org`");
}

#[tokio::test]
async fn bundle_that_is_malformed() {
    let digest = image("image").digest;
    let good = bundle(&org(), &org(), &statement(SIGN, &digest));
    let with = |pointer: &str, value: Value| {
        let mut bundle = good.clone();
        *bundle.pointer_mut(pointer).unwrap() = value;
        bundle.to_string()
    };
    let mut old = statement(SIGN, &digest);
    old["_type"] = json!("https://in-toto.io/Statement/v0.1");
    let text = good.to_string();
    let message = json!({"mediaType": good["mediaType"], "verificationMaterial": good["verificationMaterial"],
        "messageSignature": {"signature": ""}});
    let cases = [
        ("the bundle is malformed", text[..text.len() - 1].to_owned()),
        ("the bundle is malformed", with("/dsseEnvelope/payload", json!("%%%"))),
        ("the bundle is malformed", with("/dsseEnvelope/signatures", json!([]))),
        ("names accepted key `org`", with("/dsseEnvelope/payloadType", json!("text/plain"))),
        ("the statement is a `https://in-toto.io/Statement/v0.1`", bundle(&org(), &org(), &old).to_string()),
        ("the in-toto statement is malformed", bundle(&org(), &org(), &json!({})).to_string()),
        ("holds no DSSE envelope", message.to_string()),
    ];
    for (reason, text) in cases {
        assert_outcome(&bundled(text.as_bytes()).await, Invalid, reason);
    }
    assert_outcome(&bundled(&[0xff, 0xfe]).await, Invalid, "the bundle is malformed");
}

#[tokio::test]
async fn foreign_text_does_not_reach_the_reason_raw() {
    let mut statement = statement(SIGN, &image("image").digest);
    statement["_type"] = json!("x`\n\u{1b}[2Jy");
    let record = bundled(bundle(&org(), &org(), &statement).to_string().as_bytes()).await;
    let expected = "the statement is a `x\u{fffd}\u{fffd}\u{fffd}[2Jy`, not in-toto Statement v1";
    assert_eq!(told(&record), [(Invalid, expected)]);
}

#[tokio::test]
async fn fallback_descriptors_with_another_artifact_type_are_looked_at() {
    let registry = Memory::default();
    let subject = image("image");
    let bundle = bundle(&org(), &org(), &statement(SIGN, &subject.digest)).to_string();
    put_bundle(&registry, &subject, bundle.as_bytes());
    for descriptor in registry.state().referrers.values_mut().flatten() {
        descriptor.artifact_type = Some(media_type::OCI_EMPTY.to_owned());
    }
    assert_eq!(verified_by_org(&registry, &subject).await.outcome, Verified);
}

#[tokio::test]
async fn signature_tag_that_answers_500() {
    let registry = Memory::default();
    let subject = image("image");
    registry.fail(&format!("manifest sha256-{}.sig", subject.digest.hex()), unavailable());
    assert_outcome(&verified_by_org(&registry, &subject).await, Undeterminable, "500");
    // What was found elsewhere still counts.
    let bundle = bundle(&org(), &org(), &statement(SIGN, &subject.digest)).to_string();
    put_bundle(&registry, &subject, bundle.as_bytes());
    assert_outcome(&verified_by_org(&registry, &subject).await, Verified, "org");
}

#[tokio::test]
async fn referrers_that_answer_429() {
    let registry = Memory::default();
    registry.fail("referrers", rate_limited());
    let subject = image("image");
    assert_outcome(&verified_by_org(&registry, &subject).await, Undeterminable, "patience");
    let without = verify(&registry, PATH, &subject.digest, None).await;
    assert_outcome(&without, Undeterminable, "no trust policy; `mirror.example` asked for patience");
}

#[tokio::test]
async fn blobs_that_are_cut_or_gone_determine_nothing() {
    let subject = image("image");
    let bytes = bundle(&org(), &org(), &statement(SIGN, &subject.digest)).to_string();
    let blob = Digest::sha256(bytes.as_bytes());
    let cut = Memory::default();
    cut.truncate(&blob);
    let broken = Memory::default();
    broken.fail(&format!("blob {blob}"), unavailable());
    let gone = Memory::default();
    for (registry, reason) in [(&cut, "whose digest is"), (&broken, "500"), (&gone, "does not exist")] {
        put_bundle(registry, &subject, bytes.as_bytes());
        if std::ptr::eq(registry, &raw const gone) {
            registry.state().blobs.clear();
        }
        let record = verified_by_org(registry, &subject).await;
        assert_outcome(&record, Undeterminable, reason);
        assert_eq!(record.signatures[0].outcome, Undeterminable);
    }
}

#[tokio::test]
async fn referrer_that_is_listed_and_gone() {
    let registry = Memory::default();
    let subject = image("image");
    let digest = put_bundle(&registry, &subject, b"{}");
    registry.state().manifests.clear();
    let record = verified_by_org(&registry, &subject).await;
    assert_eq!((record.outcome, &record.signatures[0].digest), (Absent, &digest));
}

#[tokio::test]
async fn an_image_without_signatures() {
    let record = verified_by_org(&Memory::default(), &image("image")).await;
    assert_outcome(&record, Absent, "neither a signature tag nor a signature bundle");
    assert_eq!(record.signatures, []);
    assert_eq!(
        (record.schema.as_str(), record.policy.as_str()),
        ("fondaco/verification/v1alpha1", "publisher")
    );
}

#[tokio::test]
async fn without_a_policy_signatures_are_foreign() {
    let registry = Memory::default();
    let subject = image("image");
    let without = verify(&registry, PATH, &subject.digest, None).await;
    assert_eq!((without.outcome, without.policy.as_str()), (Absent, "none"));
    put_bundle(
        &registry,
        &subject,
        bundle(&org(), &org(), &statement(SIGN, &subject.digest)).to_string().as_bytes(),
    );
    let without = verify(&registry, PATH, &subject.digest, None).await;
    assert_eq!((without.outcome, without.reason.as_str()), (Foreign, "no trust policy"));
}

#[tokio::test]
async fn a_key_that_cannot_be_read_is_not_passed_over() {
    let mut policy = policy(&[]);
    policy.keys.push(DesiredKey {
        name: "broken".to_owned(),
        pem: "-----BEGIN PUBLIC KEY-----".to_owned(),
        logged: false,
    });
    let record = verify(&Memory::default(), PATH, &image("image").digest, Some(&policy)).await;
    assert_outcome(&record, Undeterminable, "key `broken` cannot be read");
}

#[test]
fn a_changed_key_changes_the_policy_digest_and_its_order_does_not() {
    use crate::trust::verify::policy_digest;
    let (org, stranger) = (org(), stranger());
    let one = policy_digest(Some(&policy(&[("a", &org), ("b", &stranger)])));
    assert_eq!(one, policy_digest(Some(&policy(&[("b", &stranger), ("a", &org)]))));
    assert_ne!(one, policy_digest(Some(&policy(&[("a", &stranger), ("b", &org)]))));
    assert_eq!(policy_digest(None), Digest::sha256(b""));
}
