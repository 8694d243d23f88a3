//! Looking at what lies beside an image: Notary Project signatures and the platforms of an unsigned index.

use super::{
    notation::{Form, put, signed_image},
    *,
};
use crate::{
    manifest::{DesiredFile, DesiredNotation},
    model::Reference,
    trust::{
        observe::{self, Given, Observation, Subject, policy_text, propose},
        root::Instance,
        sign::sign_image,
    },
};

fn given(keys: &[(&str, &TestKey)], stores: Vec<DesiredNotation>) -> Given {
    let text = Instance::PublicGood.embedded().unwrap().text().to_owned();
    let root = DesiredFile { path: "trust/public-good.trusted_root.json".to_owned(), text };
    Given { roots: vec![root], keys: policy(keys).keys, stores, at: at() }
}

async fn look(registry: &Memory, image: &Descriptor, given: &Given) -> Observation {
    let subject = Subject { repository: repository(), reference: Reference::from(&image.digest) };
    observe::observe(registry, &subject, given).await.unwrap()
}

/// Returns the entry with its identities still open.
fn open(store: &DesiredNotation) -> DesiredNotation {
    Given::store(store.name.clone(), store.trust_store.clone(), None).unwrap()
}

#[tokio::test]
async fn a_notary_signer_is_claimed_without_and_proposed_with_the_publishers_certificate() {
    for form in [Form::ArtifactType, Form::Config] {
        let (registry, image, store) = signed_image(form);
        let without = look(&registry, &image, &given(&[], vec![])).await;
        assert_eq!((without.obstacle(), without.claims.len()), (None, 1));
        let claimed = without.claims.values().next().unwrap().as_ref().unwrap();
        assert_eq!(
            (claimed.flaw.as_deref(), claimed.root_pem.trim()),
            (None, store.trust_store.text.replace('\r', "").trim())
        );
        let proposal = propose(std::slice::from_ref(&without), &given(&[], vec![]));
        assert_eq!(policy_text("web", &[without], &proposal, "trust/x.json"), None);

        let given = given(&[], vec![open(&store)]);
        let seen = look(&registry, &image, &given).await;
        let proposal = propose(std::slice::from_ref(&seen), &given);
        let text = policy_text("web", std::slice::from_ref(&seen), &proposal, "trust/x.json").unwrap();
        let whole = "\"x509.subject: C=DE, ST=Berlin, O=Example, CN=Release\"";
        assert!(text.ends_with(&format!("      identities:\n        - {whole}\n")), "{text}");
        let policy = observe::read("web", &text, [&store.trust_store]).unwrap();
        let trial = observe::attempt(&registry, &seen, &policy, at()).await;
        assert_eq!(trial.outcome, Outcome::Verified, "{}", trial.reason);
    }
}

#[tokio::test]
async fn a_signature_by_a_root_of_the_attackers_own_is_not_proposed() {
    let (registry, image, _) = signed_image(Form::ArtifactType);
    let (_, _, other) = signed_image(Form::ArtifactType);
    let given = given(&[], vec![open(&other)]);
    let seen = look(&registry, &image, &given).await;
    let proposal = propose(std::slice::from_ref(&seen), &given);
    assert!(proposal.notation.is_empty() && proposal.identities.is_empty(), "{proposal:?}");
    assert!(proposal.notes[0].contains("ends in none of the given trust stores"), "{:?}", proposal.notes);
}

#[tokio::test]
async fn an_envelope_that_the_registry_does_not_give_is_an_obstacle() {
    for stores in [0, 1] {
        let (registry, image, store) = signed_image(Form::ArtifactType);
        let envelope = registry.state().blobs.keys().next().unwrap().1.clone();
        registry.fail(&format!("blob {envelope}"), memory::unavailable());
        let seen = look(&registry, &image, &given(&[], vec![open(&store); stores])).await;
        assert!(seen.obstacle().is_some(), "{seen:?}");
    }
}

#[tokio::test]
async fn junk_beside_an_image_claims_nothing_and_hides_nothing() {
    let (registry, image, store) = signed_image(Form::ArtifactType);
    put(&registry, &image, Form::ArtifactType, &[b"junk"]);
    let given = given(&[], vec![open(&store)]);
    let seen = look(&registry, &image, &given).await;
    assert_eq!((seen.claims.len(), seen.obstacle()), (2, None));
    assert_eq!(seen.claims.values().filter(|claimed| claimed.is_err()).count(), 1);
    assert_eq!(propose(&[seen], &given).notation.len(), 1);
}

/// Stores an index of these images, and returns it.
fn index(registry: &Memory, entries: &[(&str, &Descriptor)]) -> Descriptor {
    let entries: Vec<Value> = entries
        .iter()
        .map(|(architecture, image)| {
            let mut entry = json!(image);
            entry["platform"] = json!({"os": "linux", "architecture": architecture});
            if *architecture == "unknown" {
                entry["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
            }
            entry
        })
        .collect();
    let text =
        json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": entries}).to_string();
    registry.seed_manifest(PATH, Some("1"), media_type::OCI_INDEX, text.as_bytes());
    Descriptor::of(media_type::OCI_INDEX, text.as_bytes())
}

/// Returns three images in a registry: two platforms and what BuildKit would put beside them.
fn platforms(registry: &Memory) -> [Descriptor; 3] {
    ["amd64", "arm64", "attestation"].map(|name| {
        registry.seed_manifest(PATH, None, media_type::OCI_MANIFEST, &manifest(name));
        image(name)
    })
}

#[tokio::test]
async fn signed_platforms_of_an_unsigned_index_are_named_and_the_index_stays_unsigned() {
    let registry = Memory::default();
    let [amd64, arm64, attestation] = platforms(&registry);
    let index = index(&registry, &[("amd64", &amd64), ("arm64", &arm64), ("unknown", &attestation)]);
    sign_image(&registry, &repository(), std::slice::from_ref(&arm64), &org(), at()).await.unwrap();
    let given = given(&[("org", &org())], vec![]);
    let seen = look(&registry, &index, &given).await;
    assert_eq!((seen.obstacle(), seen.record.signatures.len()), (None, 0));
    assert_eq!((seen.platforms.looked_at, seen.platforms.left_out), (2, 0));
    let [signed] = &seen.platforms.signed[..] else { panic!("{:?}", seen.platforms) };
    assert_eq!((signed.platform.as_str(), &signed.digest), ("linux/arm64", &arm64.digest));
    assert_eq!(signed.record.outcome, Outcome::Verified);
    let proposal = propose(std::slice::from_ref(&seen), &given);
    assert_eq!(policy_text("web", &[seen], &proposal, "trust/x.json"), None);

    // The run says the same: the index has no signature.
    let record = verify(&registry, PATH, &index.digest, Some(&policy(&[("org", &org())]))).await;
    assert_eq!(record.outcome, Outcome::Absent);
    let alone = look(&registry, &arm64, &given).await;
    let alone = std::slice::from_ref(&alone);
    let text = policy_text("web", alone, &propose(alone, &given), "trust/x.json").unwrap();
    assert!(text.contains("    - name: org\n"), "{text}");
}

#[tokio::test]
async fn platforms_of_a_signed_index_are_not_asked_for() {
    let registry = Memory::default();
    let [amd64, arm64, _] = platforms(&registry);
    let index = index(&registry, &[("amd64", &amd64), ("arm64", &arm64)]);
    let all = [index.clone(), amd64, arm64];
    sign_image(&registry, &repository(), &all, &org(), at()).await.unwrap();
    let seen = look(&registry, &index, &given(&[], vec![])).await;
    assert_eq!((seen.platforms.looked_at, seen.record.signatures.is_empty()), (0, false));
}

#[tokio::test]
async fn an_index_of_a_thousand_platforms_costs_a_few_requests() {
    let registry = Memory::default();
    let images: Vec<Descriptor> = (0..1000).map(|number| image(&format!("platform {number}"))).collect();
    let entries: Vec<(&str, &Descriptor)> = images.iter().map(|image| ("amd64", image)).collect();
    let index = index(&registry, &entries);
    let seen = look(&registry, &index, &given(&[], vec![])).await;
    assert_eq!((seen.platforms.looked_at, seen.platforms.left_out), (24, 976));
}
