//! What publishers state, from upstream to records, verdicts and pages.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fondaco::{
    evidence::{Document as _, PublisherRecord},
    model::{Outcome, SignatureFormat, StatementKind, Verdict, VexStatus},
    trust::sign::OrgSigner,
};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::{fake::Referrers, scenario::signer};

const IN_TOTO: &str = "application/vnd.in-toto+json";
const VEX: &str = "https://openvex.dev/ns/v0.2.0";
const COMMIT: &str = "4b220de5058abfd01ff619c9d2ff6b09a049bea0";

/// A critical finding in the package that every image here has.
const CRITICAL: &str = r#"{"id": "CVE-2026-1111", "modified": "2026-11-20T00:00:00Z",
 "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
 "affected": [{"package": {"ecosystem": "Debian:12", "name": "example"},
  "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}]}]}"#;

/// A world that trusts the test's key, and whose gate has this key more.
fn world(gate: &str) -> World {
    let world = World::layouts("");
    world.scenario.import(&[tiny::ADVISORY, CRITICAL]);
    let pem = signer().public_pem().replace('\n', "\\n");
    let policy = format!(
        "apiVersion: fondaco/v1alpha1\nkind: TrustPolicy\nmetadata: {{name: publisher}}\n\
         spec: {{keys: [{{name: acme, pem: \"{pem}\"}}], absent: record}}\n"
    );
    let manifests = String::from_utf8(world.scenario.files()["fondaco.yaml"].clone()).unwrap();
    let manifests = manifests
        .replace("tags: [\"1\"]", "tags: [\"1\"], trust: publisher")
        .replace("images: [web]}", &format!("images: [web], gate: {{{gate}}}}}"));
    world.scenario.push(&[("trust/publisher.yaml", &policy), ("fondaco.yaml", &manifests)]);
    world
}

fn statement(subject: &RawManifest, kind: &str, predicate: &Value) -> String {
    json!({"_type": "https://in-toto.io/Statement/v1", "predicateType": kind, "predicate": predicate,
        "subject": [{"name": "upstream.example/team/app", "digest": {"sha256": subject.descriptor.digest.hex()}}]})
    .to_string()
}

/// Attests as cosign does: a bundle as referrer. A broken signature is nobody's.
fn attest(up: &Place<'_>, subject: &RawManifest, kind: &str, predicate: &Value, valid: bool) {
    let statement = statement(subject, kind, predicate);
    let signed = format!("DSSEv1 {} {IN_TOTO} {} {statement}", IN_TOTO.len(), statement.len());
    let message = if valid { signed.as_bytes() } else { b"something else" };
    let signature = up.runtime.block_on(signer().sign(message)).unwrap();
    let hint = if valid { STANDARD.encode(Sha256::digest(signer().spki_der())) } else { "x".to_owned() };
    let bundle = json!({
        "mediaType": media_type::SIGSTORE_BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": hint}},
        "dsseEnvelope": {"payload": STANDARD.encode(&statement), "payloadType": IN_TOTO,
            "signatures": [{"sig": STANDARD.encode(signature)}]},
    });
    let layer = up.blob(media_type::SIGSTORE_BUNDLE, bundle.to_string().as_bytes());
    let body = json!({"artifactType": media_type::SIGSTORE_BUNDLE, "config": up.blob(media_type::OCI_EMPTY, b"{}"),
        "layers": [layer], "subject": subject.descriptor});
    let manifest = up.manifest("", media_type::OCI_MANIFEST, body);
    let put = up.registry.put_referrer(&up.path, &subject.descriptor.digest, &manifest);
    up.runtime.block_on(put).unwrap();
}

fn vex(status: &str) -> Value {
    json!({"@context": VEX, "@id": "x", "author": "Acme", "version": 1, "timestamp": "2026-11-01T00:00:00Z", "statements": [
        {"vulnerability": {"name": "CVE-2026-1111"}, "status": status, "justification": "vulnerable_code_not_present"},
        {"vulnerability": {"name": "CVE-2026-1111"}, "products": [{"@id": "pkg:oci/other"}], "status": "affected"}]})
}

/// Publishes an image whose publisher says that it is not affected.
fn published(world: &World, valid: bool) {
    let up = world.upstream();
    let image = up.image("1", "amd64");
    attest(&up, &image, VEX, &vex("not_affected"), valid);
}

fn verdict(record: &ImageRecord) -> (Verdict, usize) {
    let verdict = &record.verdicts.verdicts[0];
    (verdict.verdict, verdict.accepted.len())
}

#[test]
fn a_verified_statement_stands_beside_the_finding_and_changes_nothing() {
    let world = world("");
    published(&world, true);
    let record = world.record();
    let finding = &record.scan.as_ref().unwrap().findings[0];
    assert_eq!((finding.id.as_str(), finding.statements.len()), ("CVE-2026-1111", 1));
    assert_eq!(
        (finding.statements[0].signer.as_str(), finding.statements[0].status),
        ("acme", VexStatus::NotAffected)
    );
    assert_eq!(verdict(&record), (Verdict::Refused, 0));
    let vex = record.publisher.as_ref().unwrap().documents[0].vex.as_ref().unwrap();
    assert_eq!((vex.statements.len(), vex.about_others), (1, 1));
}

#[test]
fn a_gate_may_accept_it_and_the_verdict_says_so() {
    let world = world("publisherVex: accept");
    published(&world, true);
    let record = world.record();
    assert_eq!(verdict(&record), (Verdict::Cleared, 1));
    let fact = &record.verdicts.verdicts[0].accepted[0].fact;
    assert!(
        fact.contains("`acme` states not_affected (vulnerable_code_not_present) on 2026-11-01"),
        "{fact}"
    );
    assert!(world.distribution().tag("1").is_some(), "the image is promoted");
    // Everything the verdict depends on is in Git by its digest, and nothing is written again.
    let publisher = record.publisher.as_ref().unwrap();
    assert_eq!(record.verdicts.inputs.publisher, Some(Digest::sha256(publisher.text())));
    let files = world.scenario.files();
    let (_, text) = files.iter().find(|(path, _)| path.ends_with("/publisher.json")).unwrap();
    assert_eq!(PublisherRecord::parse(text).unwrap(), *publisher);
    let tip = world.scenario.tip();
    world.run();
    assert_eq!(world.scenario.tip(), tip, "a second run commits nothing");
}

#[test]
fn attack_a_statement_of_nobody_excuses_nothing() {
    let world = world("publisherVex: accept");
    published(&world, false);
    let record = world.record();
    assert_eq!(verdict(&record), (Verdict::Refused, 0));
    assert!(record.scan.as_ref().unwrap().findings[0].statements.is_empty());
    let document = &record.publisher.as_ref().unwrap().documents[0];
    assert_eq!((document.outcome, &document.signer), (Outcome::Foreign, &None));
}

#[test]
fn what_a_publisher_states_later_is_seen_by_a_run_that_is_told_to_look_again() {
    let world = world("publisherVex: accept");
    let up = world.upstream();
    let image = up.image("1", "amd64");
    assert_eq!(verdict(&world.record()), (Verdict::Refused, 0));
    attest(&up, &image, VEX, &vex("not_affected"), true);
    let tip = world.scenario.tip();
    world.run();
    assert_eq!(world.scenario.tip(), tip, "a run that is told nothing looks for nothing");
    let again = || {
        let told = fondaco::reconcile::World { verify_again: true, ..world.scenario.world(4) };
        world.scenario.run_with(&told).unwrap()
    };
    again();
    let record = world.scenario.state().evidence.images.into_values().next().unwrap();
    assert_eq!(verdict(&record), (Verdict::Cleared, 1));
    assert!(world.distribution().tag("1").is_some(), "the image is promoted");
    let tip = world.scenario.tip();
    again();
    assert_eq!(world.scenario.tip(), tip, "without news nothing is written");
}

#[test]
fn a_second_look_that_fails_is_no_news() {
    let world = World::registries(Options::default(), Options::default(), "");
    world.upstream().image("1", "amd64");
    let before = world.record().verification;
    assert_eq!(before.outcome, Outcome::Absent);
    let tip = world.scenario.tip();
    let Stage::Registries { upstream, .. } = &world.stage else { unreachable!("it was made so") };
    upstream.set(|options| options.referrers = Referrers::Status(403));
    let told = fondaco::reconcile::World { verify_again: true, ..world.scenario.world(4) };
    let report = world.scenario.run_with(&told).unwrap();
    let failure = report.images[0].failure.clone().unwrap();
    assert!(failure.contains("could not be verified again, and the record stays"), "{failure}");
    assert_eq!(world.scenario.tip(), tip);
    let after = world.scenario.state().evidence.images.into_values().next().unwrap();
    assert_eq!(after.verification, before);
}

/// Stores what BuildKit writes of one platform: its provenance and SBOM in an attestation manifest.
fn built(up: &Place<'_>, of: &RawManifest) -> RawManifest {
    let provenance = json!({"builder": {"id": ""}, "buildType": "https://mobyproject.org/buildkit@v1", "invocation": {"configSource":
        {"uri": "https://github.com/acme/web.git#refs/heads/main", "digest": {"sha1": COMMIT}, "entryPoint": "Dockerfile"}}});
    let purl = |purl: &str| json!({"externalRefs": [{"referenceType": "purl", "referenceLocator": purl}]});
    let sbom = json!({"spdxVersion": "SPDX-2.3", "packages":
        [purl("pkg:deb/debian/libexample1@1.2-3?arch=amd64"), purl("pkg:deb/debian/hidden@1"), purl("pkg:hackage/y@1")]});
    let layer = |kind: &str, predicate: &Value| {
        let mut layer = up.blob(IN_TOTO, statement(of, kind, predicate).as_bytes());
        layer.annotations.insert("in-toto.io/predicate-type".to_owned(), kind.to_owned());
        layer
    };
    let layers =
        [layer("https://slsa.dev/provenance/v0.2", &provenance), layer("https://spdx.dev/Document", &sbom)];
    let config = json!({"os": "unknown", "architecture": "unknown", "config": {},
        "rootfs": {"type": "layers", "diff_ids": layers.iter().map(|layer| &layer.digest).collect::<Vec<_>>()}});
    let config = up.blob(media_type::OCI_CONFIG, config.to_string().as_bytes());
    up.manifest("", media_type::OCI_MANIFEST, json!({"config": config, "layers": layers}))
}

#[test]
fn statements_of_buildkit_are_read_recorded_and_called_unsigned() {
    let world = world("");
    let up = world.upstream();
    let (amd, arm) = (up.image("", "amd64"), up.image("", "arm64"));
    let manifest = built(&up, &amd);
    up.index("1", &[child(&amd, "amd64"), child(&arm, "arm64"), attestation(&manifest, &amd)]);
    let record = world.record();
    let found = &record.verification.attestations;
    let told: Vec<_> =
        found.iter().map(|found| (found.format, found.outcome, found.subject.as_ref())).collect();
    let unsigned = (SignatureFormat::Buildkit, Outcome::Absent, Some(&amd.descriptor.digest));
    assert_eq!(told, [unsigned, unsigned]);
    let said = found.iter().find(|found| !found.says.is_empty()).unwrap();
    assert_eq!(said.says[&StatementKind::SourceCommit], COMMIT);
    assert_eq!(record.verification.outcome, Outcome::Absent, "unsigned statements make nothing verified");
    let documents = &record.publisher.as_ref().unwrap().documents;
    let compared = documents.iter().find_map(|document| document.sbom.as_ref()).unwrap();
    assert_eq!(compared.packages, "packages.linux-amd64.txt");
    assert_eq!((compared.both, compared.only_publisher.count, compared.only_ours.count), (1, 1, 0));
    let files = world.scenario.files();
    let (_, page) =
        files.iter().find(|(path, _)| path.contains("/sha256-") && path.ends_with("README.md")).unwrap();
    let page = std::str::from_utf8(page).unwrap();
    assert!(page.contains("| built, as attested by nobody: unsigned | unknown from https`:`//github.com/acme/web.git, refs/heads/main, commit 4b220de5058abfd01ff619c9d2ff6b09a049bea0 |"), "{page}");
    assert!(page.contains("1: deb/hidden`@`1"), "{page}");
}

/// Docker's builder signs the attestation manifests and neither the image nor its platforms.
#[test]
fn a_signed_attestation_manifest_is_the_signers_word_about_its_platform() {
    let world = world("");
    let pem = signer().public_pem().replace('\n', "\\n");
    let policy = format!(
        "apiVersion: fondaco/v1alpha1\nkind: TrustPolicy\nmetadata: {{name: publisher}}\n\
         spec: {{keys: [{{name: acme, pem: \"{pem}\"}}], signers: {{atLeast: 0}}, attestations: [{{name: provenance,\
         predicate: slsaProvenance, source: \"https://github.com/acme/web.git\"}}]}}\n"
    );
    world.scenario.push(&[("trust/publisher.yaml", &policy)]);
    let up = world.upstream();
    let (amd, arm) = (up.image("", "amd64"), up.image("", "arm64"));
    let (of_amd, of_arm) = (built(&up, &amd), built(&up, &arm));
    for manifest in [&of_amd, &of_arm] {
        attest(&up, manifest, "https://sigstore.dev/cosign/sign/v1", &json!({}), true);
    }
    let entries =
        [child(&amd, "amd64"), child(&arm, "arm64"), attestation(&of_amd, &amd), attestation(&of_arm, &arm)];
    up.index("1", &entries);
    let record = world.record();
    assert_eq!(record.verification.outcome, Outcome::Verified, "{}", record.verification.reason);
    let found = &record.verification.attestations;
    let told: Vec<_> =
        found.iter().map(|found| (found.format, found.outcome, found.proof.key.as_deref())).collect();
    assert_eq!(told, [(SignatureFormat::Buildkit, Outcome::Verified, Some("acme")); 4], "each once");
    let publisher = record.publisher.as_ref().unwrap();
    let sboms = publisher
        .documents
        .iter()
        .filter_map(|document| Some((document.signer.as_deref(), document.sbom.as_ref()?.packages.as_str())));
    let expected = [(Some("acme"), "packages.linux-amd64.txt"), (Some("acme"), "packages.linux-arm64.txt")];
    let mut sboms: Vec<_> = sboms.collect();
    sboms.sort_unstable();
    assert_eq!(sboms, expected);
    let files = world.scenario.files();
    let (_, page) =
        files.iter().find(|(path, _)| path.contains("/sha256-") && path.ends_with("README.md")).unwrap();
    assert!(std::str::from_utf8(page).unwrap().contains("| built, as attested by acme |"));
    // The same image with one signature less is held.
    let mut other = entries.to_vec();
    let of_arm = up.manifest(
        "",
        media_type::OCI_MANIFEST,
        json!({"config": up.blob(media_type::OCI_EMPTY, b"{}"), "layers": []}),
    );
    other[3] = attestation(&of_arm, &arm);
    up.index("1", &other);
    world.run();
    let images = world.scenario.state().evidence.images;
    let newer =
        images.values().find(|other| other.custody.subject.digest != record.custody.subject.digest).unwrap();
    assert_eq!(newer.verification.outcome, Outcome::Absent, "{}", newer.verification.reason);
    assert!(newer.verification.reason.contains("for `linux/arm64`"), "{}", newer.verification.reason);
    let reasons = &newer.verdicts.verdicts[0].reasons;
    let held = reasons.iter().find(|reason| reason.verdict == Verdict::Held).unwrap();
    assert!(held.fact.starts_with("attestation `provenance` is absent"), "{}", held.fact);
}
