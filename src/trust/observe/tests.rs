//! From what was seen to what is proposed, without a registry.

mod notary;

use std::collections::BTreeMap;

use super::*;
use crate::{
    evidence::RootUsed,
    model::{AttestationFound, Digest, Proof, Repository, SignatureFormat, SignatureFound, StatementKind},
    trust::root::Instance,
};

const ISSUER: &str = "https://token.actions.githubusercontent.com";
const WORKFLOW: &str = "https://github.com/acme/web/.github/workflows/release.yml";
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";

fn root() -> DesiredFile {
    let text = Instance::PublicGood.embedded().unwrap().text().to_owned();
    DesiredFile { path: "trust/public-good.trusted_root.json".to_owned(), text }
}

/// Returns what was given to look with: nothing besides these keys.
fn given(keys: &[DesiredKey]) -> Given {
    Given {
        roots: vec![root()],
        keys: keys.to_vec(),
        stores: vec![],
        at: "2026-11-21T00:00:00Z".parse().unwrap(),
    }
}

type Claims = BTreeMap<ClaimKind, String>;

/// Returns the claims of a workflow of acme's at a ref.
fn claims(reference: &str) -> Claims {
    BTreeMap::from([
        (ClaimKind::Issuer, ISSUER.to_owned()),
        (ClaimKind::Identity, format!("{WORKFLOW}@{reference}")),
        (ClaimKind::SourceRepository, "https://github.com/acme/web".to_owned()),
        (ClaimKind::SourceRepositoryId, "123".to_owned()),
        (ClaimKind::SourceRef, reference.to_owned()),
        (ClaimKind::SourceCommit, reference.to_owned()),
        (ClaimKind::Trigger, "push".to_owned()),
        (ClaimKind::Runner, "github-hosted".to_owned()),
    ])
}

fn with(mut claims: Claims, kind: ClaimKind, value: &str) -> Claims {
    claims.insert(kind, value.to_owned());
    claims
}

fn proof(claims: &Claims) -> Proof {
    Proof { claims: claims.clone(), ..Proof::default() }
}

fn signature(format: SignatureFormat, proof: Proof, outcome: Outcome) -> SignatureFound {
    let digest = Digest::sha256(format!("{proof:?}"));
    let content = Some(digest.clone());
    SignatureFound { format, place: "p".to_owned(), digest, content, proof, outcome, reason: "so".to_owned() }
}

fn bundle(claims: &Claims) -> SignatureFound {
    signature(SignatureFormat::SigstoreBundle, proof(claims), Outcome::Verified)
}

fn statement(claims: &Claims, predicate: &str, says: &[(StatementKind, &str)]) -> AttestationFound {
    AttestationFound {
        format: SignatureFormat::SigstoreBundle,
        place: "p".to_owned(),
        digest: Digest::sha256(predicate),
        content: None,
        subject: None,
        predicate_type: predicate.to_owned(),
        says: says.iter().map(|(kind, text)| (*kind, (*text).to_owned())).collect(),
        proof: proof(claims),
        outcome: Outcome::Verified,
        reason: "so".to_owned(),
    }
}

fn seen(tag: &str, signatures: Vec<SignatureFound>, attestations: Vec<AttestationFound>) -> Observation {
    let digest = Digest::sha256(tag);
    let record = VerificationRecord {
        schema: "fondaco/verification/v1alpha1".to_owned(),
        subject: digest.clone(),
        policy: ANYONE.to_owned(),
        policy_digest: Digest::sha256(""),
        root: Some(RootUsed { path: root().path, digest: Digest::sha256("") }),
        outcome: Outcome::Verified,
        reason: "so".to_owned(),
        demands: vec![],
        signatures,
        attestations,
    };
    let repository: Repository = "ghcr.io/acme/web".parse().unwrap();
    Observation {
        image: format!("{repository}:{tag}"),
        repository,
        digest,
        record,
        hints: BTreeMap::new(),
        claims: BTreeMap::new(),
        platforms: Platforms::default(),
        failures: vec![],
    }
}

/// Returns the lines of the proposed policy below `spec`, which the manifests' reader takes.
fn proposed(seen: &[Observation]) -> String {
    let proposal = propose(seen, &given(&[]));
    let text = policy_text("web", seen, &proposal, &root().path).unwrap();
    let policy = read("web", &text, [&root()]).unwrap_or_else(|mistakes| panic!("{text}\n{mistakes:#?}"));
    assert_eq!(policy.name, "web");
    text.split_once("spec:\n").unwrap().1.to_owned()
}

#[test]
fn one_image_gives_the_exact_identity() {
    let seen = [seen("1.2.0", vec![bundle(&claims("refs/tags/v1.2.0"))], vec![])];
    let expected = format!(
        "  root: trust/public-good.trusted_root.json
  identities:
    - name: release
      issuer: \"{ISSUER}\"
      identity: \"{WORKFLOW}@refs/tags/v1.2.0\"
      sourceRepository: \"https://github.com/acme/web\"
      sourceRepositoryId: \"123\"
      trigger: \"push\"
      runner: \"github-hosted\"
"
    );
    assert_eq!(proposed(&seen), expected);
    let notes = propose(&seen, &given(&[])).notes;
    assert!(notes.iter().any(|note| note.contains("observe two tags")), "{notes:?}");
}

#[test]
fn two_tags_give_an_expression_that_meets_the_next_release_and_no_branch() {
    let seen = [
        seen("1.2.0", vec![bundle(&claims("refs/tags/v1.2.0"))], vec![]),
        seen("1.3.0", vec![bundle(&claims("refs/tags/v1.3.0"))], vec![]),
    ];
    let text = proposed(&seen);
    assert!(
        text.contains("# An expression, because 2 identities were seen that differ only in their ref."),
        "{text}"
    );
    let Proposal { identities, notes, .. } = propose(&seen, &given(&[]));
    assert_eq!((identities.len(), notes), (1, vec![]));
    let wanted = &identities[0].claims[&ClaimKind::Identity];
    for (identity, accepted) in [
        (format!("{WORKFLOW}@refs/tags/v1.2.0"), true),
        (format!("{WORKFLOW}@refs/tags/v2.0.0-rc.1"), true),
        (format!("{WORKFLOW}@refs/heads/main"), false),
        (format!("{WORKFLOW}@refs/heads/refs/tags/v1"), false),
        (format!("{WORKFLOW}x@refs/tags/v1.2.0"), false),
        (WORKFLOW.replace("github.com", "githubxcom") + "@refs/tags/v1.2.0", false),
        (format!("https://evil.example/?{WORKFLOW}@refs/tags/v1.2.0"), false),
        (format!("{WORKFLOW}@refs/tags/nightly"), false),
    ] {
        assert_eq!(wanted.matches(Some(&identity)), accepted, "{identity}");
    }
}

#[test]
fn what_two_tags_do_not_agree_on_is_not_demanded() {
    let dispatched = with(claims("refs/tags/v1.3.0"), ClaimKind::Trigger, "workflow_dispatch");
    let seen = [
        seen("1.2.0", vec![bundle(&claims("refs/tags/v1.2.0"))], vec![]),
        seen("1.3.0", vec![bundle(&dispatched)], vec![]),
    ];
    let text = proposed(&seen);
    assert!(!text.contains("trigger") && text.contains("runner: \"github-hosted\""), "{text}");
}

#[test]
fn publishers_that_have_nothing_in_common_stay_apart() {
    let branch = claims("refs/heads/main");
    let person = BTreeMap::from([
        (ClaimKind::Issuer, "https://accounts.google.com".to_owned()),
        (ClaimKind::Identity, "Release.Manager@acme.example".to_owned()),
    ]);
    let fork = with(claims("refs/heads/main"), ClaimKind::SourceRepository, "https://github.com/evil/web");
    let seen = [
        seen("1.2.0", vec![bundle(&claims("refs/tags/v1.2.0")), bundle(&person)], vec![]),
        seen("main", vec![bundle(&branch), bundle(&fork)], vec![]),
    ];
    let identities = propose(&seen, &given(&[])).identities;
    let names: Vec<_> = identities.iter().map(|identity| identity.name.as_str()).collect();
    assert_eq!(names, ["release-manager", "release", "release-2", "release-3"]);
    let exact =
        |identity: &ProposedIdentity| matches!(identity.claims[&ClaimKind::Identity], Wanted::Exactly(_));
    assert!(identities.iter().all(exact));
    proposed(&seen);
}

#[test]
fn a_reusable_workflow_is_held_to_the_ref_that_called_it() {
    let called = |reference: &str| {
        let workflow = "https://github.com/builders/ci/.github/workflows/build.yml@refs/tags/v2";
        with(claims(reference), ClaimKind::Identity, workflow)
    };
    let one = seen("1.2.0", vec![bundle(&called("refs/tags/v1.2.0"))], vec![]);
    let text = proposed(std::slice::from_ref(&one));
    assert!(text.contains("\n      sourceRef: \"refs/tags/v1.2.0\"\n"), "{text}");
    let two = seen("1.3.0", vec![bundle(&called("refs/tags/v1.3.0"))], vec![]);
    let text = proposed(&[one, two]);
    assert!(text.contains("\n      sourceRefPattern: \"refs/tags/v[0-9]"), "{text}");
    assert!(text.contains("build.yml@refs/tags/v2\""), "{text}");
}

#[test]
fn statements_that_every_image_has_are_demanded_of_their_signer() {
    let said = |reference: &str| {
        let (workflow, claims) = (format!("{WORKFLOW}@{reference}"), claims(reference));
        let provenance = [
            (StatementKind::Builder, workflow.as_str()),
            (StatementKind::BuildType, "https://actions.github.io/buildtypes/workflow/v1"),
            (StatementKind::Source, "https://github.com/acme/web"),
            (StatementKind::SourceCommit, reference),
        ];
        let mut statements = vec![statement(&claims, PROVENANCE, &provenance)];
        if reference == "refs/tags/v1.2.0" {
            statements.push(statement(&claims, "https://cyclonedx.org/bom", &[]));
        }
        statements
    };
    let seen = [
        seen("1.2.0", vec![bundle(&claims("refs/tags/v1.2.0"))], said("refs/tags/v1.2.0")),
        seen("1.3.0", vec![bundle(&claims("refs/tags/v1.3.0"))], said("refs/tags/v1.3.0")),
    ];
    let text = proposed(&seen);
    let attestations = text.split_once("  attestations:\n").unwrap().1;
    let lines: Vec<&str> = attestations.lines().collect();
    assert_eq!(
        lines[..3],
        ["    - name: provenance", "      predicate: \"slsaProvenance\"", "      signers: [release]"]
    );
    assert!(lines[3].starts_with("      builderPattern: \"https://github"), "{text}");
    assert_eq!(
        lines[4..],
        [
            "      buildType: \"https://actions.github.io/buildtypes/workflow/v1\"",
            "      source: \"https://github.com/acme/web\"",
        ]
    );
}

#[test]
fn where_only_statements_are_signed_they_decide() {
    let claims = claims("refs/tags/v1");
    let seen = [seen("1", vec![], vec![statement(&claims, PROVENANCE, &[])])];
    let text = proposed(&seen);
    assert!(text.contains("\n  signers: {atLeast: 0}\n  attestations:\n    - name: provenance\n"), "{text}");
    assert!(text.contains("# Signed statements about the image, not the image itself."), "{text}");
}

#[test]
fn only_what_was_verified_is_proposed() {
    let broken = signature(SignatureFormat::SigstoreBundle, proof(&claims("refs/tags/v1")), Outcome::Invalid);
    let foreign = signature(SignatureFormat::CosignLegacy, proof(&claims("refs/tags/v1")), Outcome::Foreign);
    let mut unsigned = statement(&Claims::new(), PROVENANCE, &[]);
    (unsigned.outcome, unsigned.format) = (Outcome::Foreign, SignatureFormat::Buildkit);
    let seen = [seen("1", vec![broken, foreign], vec![unsigned])];
    let proposal = propose(&seen, &given(&[]));
    assert_eq!((proposal.identities.len(), proposal.statements.len()), (0, 0));
    assert_eq!(policy_text("web", &seen, &proposal, "trust/x.json"), None);
    assert_eq!(proposal.notes, ["BuildKit's statements in the index are not signed: evidence, not proof"]);
}

#[test]
fn an_unknown_key_is_named_by_its_digest_and_a_given_one_is_proposed() {
    let unknown = signature(SignatureFormat::SigstoreBundle, Proof::default(), Outcome::Foreign);
    let mut one = seen("1", vec![unknown.clone()], vec![]);
    one.hints.insert(unknown.digest.clone(), "aGludA==".to_owned());
    let proposal = propose(std::slice::from_ref(&one), &given(&[]));
    assert!(proposal.notes[0].contains("`--key FILE`"), "{:?}", proposal.notes);
    let report = Report { seen: vec![one], failed: vec![], proposal, policy: None, trials: vec![] };
    assert!(report.text().contains("    claims key    SHA-256 aGludA== "), "{}", report.text());

    // The generator point of P-256.
    let pem = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n-----END PUBLIC KEY-----\n";
    let key = DesiredKey { name: "acme".to_owned(), pem: pem.to_owned(), logged: false };
    let unused = DesiredKey { name: "other".to_owned(), ..key.clone() };
    let known = Proof { key: Some("acme".to_owned()), ..Proof::default() };
    let seen = [seen("1", vec![signature(SignatureFormat::CosignLegacy, known, Outcome::Verified)], vec![])];
    let proposal = propose(&seen, &given(&[key.clone(), unused]));
    let text = policy_text("web", &seen, &proposal, &root().path).unwrap();
    assert_eq!(read("web", &text, [&root()]).unwrap().keys, [key]);
    assert!(!text.contains("root:"), "a key needs no root: {text}");
}

#[test]
fn claims_cannot_leave_their_line_or_their_quotes() {
    let forged = "https://evil.example/\"\n  keys: []\n#\u{1b}[2J\u{202e}x@refs/tags/v1";
    let claims = with(claims("refs/tags/v1"), ClaimKind::Identity, forged);
    let mut one = seen("1", vec![bundle(&claims)], vec![]);
    one.image = "ghcr.io/acme/web:1\nspec: {}".to_owned();
    let (seen, proposal) = ([one.clone()], propose(&[one], &given(&[])));
    let text = policy_text("web", &seen, &proposal, &root().path).unwrap();
    assert!(text.lines().all(|line| !line.starts_with("spec: {") && !line.starts_with("  keys")), "{text}");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
    // Control characters are in no honest claim, and the manifests' reader refuses them.
    assert!(read("web", &text, [&root()]).is_err());
    let report = Report { seen: seen.to_vec(), failed: vec![], proposal, policy: Some(text), trials: vec![] };
    assert!(!report.text().contains('\u{1b}'), "{}", report.text());
}

#[test]
fn a_flood_of_signers_is_cut() {
    let signatures = (0..40).map(|number| {
        let person =
            with(claims("refs/tags/v1"), ClaimKind::Identity, &format!("person-{number}@acme.example"));
        bundle(&person)
    });
    let seen = [seen("1", signatures.collect(), vec![])];
    assert_eq!(propose(&seen, &given(&[])).identities.len(), 16);
}

#[test]
fn an_unsigned_image_is_told_and_a_silent_registry_is_not_called_unsigned() {
    let report = |seen: Vec<Observation>, failed: Vec<(String, String)>| Report {
        proposal: propose(&seen, &given(&[])),
        seen,
        failed,
        policy: None,
        trials: vec![],
    };
    let unsigned = report(vec![seen("1", vec![], vec![])], vec![]);
    let text = unsigned.text();
    assert!(
        text.contains("neither a signature nor an attestation") && text.contains("trusted by its digest"),
        "{text}"
    );
    assert!(!unsigned.is_undeterminable());

    let mut silent = seen("1", vec![], vec![]);
    (silent.record.outcome, silent.record.reason) = (Outcome::Undeterminable, "status 500".to_owned());
    for report in [
        report(vec![silent], vec![]),
        report(vec![], vec![("a.example/b:1".to_owned(), "status 500".to_owned())]),
    ] {
        let text = report.text();
        assert!(report.is_undeterminable());
        assert!(text.contains("undeterminable  status 500") && !text.contains("unsigned"), "{text}");
    }
}

#[test]
fn a_certificate_without_an_issuer_is_proposed_as_one_without() {
    let without = |subject: &str| Claims::from([(ClaimKind::Identity, subject.to_owned())]);
    let release = bundle(&without("https://dotcom.releases.github.com"));
    let text = proposed(&[seen("1", vec![release.clone()], vec![])]);
    assert_eq!(
        text,
        "  root: trust/public-good.trusted_root.json
  identities:
    - name: dotcom-releases-github-com
      issuer: none
      identity: \"https://dotcom.releases.github.com\"
"
    );
    // The same name with an issuer is somebody else, and stays apart.
    let named = with(without("https://dotcom.releases.github.com"), ClaimKind::Issuer, ISSUER);
    let seen = [seen("1", vec![release.clone(), bundle(&named)], vec![])];
    let Proposal { identities, .. } = propose(&seen, &given(&[]));
    let issuers: Vec<_> = identities.iter().map(|identity| &identity.claims[&ClaimKind::Issuer]).collect();
    assert_eq!(issuers, [&Wanted::Nothing, &Wanted::Exactly(ISSUER.to_owned())]);
    let shown = Report { seen: seen.to_vec(), ..nothing_else() }.text();
    assert!(shown.contains("    issuer        none: the certificate names no issuer\n"), "{shown}");
}

fn nothing_else() -> Report {
    Report { seen: vec![], failed: vec![], proposal: Proposal::default(), policy: None, trials: vec![] }
}

#[test]
fn anyone_is_somebody_with_an_issuer_or_without() {
    let policy = anyone(Some(&root()), &given(&[]));
    let accepts = |issuer: Option<&str>| {
        policy.identities.iter().any(|signer| signer.claims[&ClaimKind::Issuer].matches(issuer))
    };
    assert!(accepts(None) && accepts(Some(ISSUER)) && accepts(Some("")));
}

#[test]
fn signatures_on_platforms_alone_are_named_and_propose_nothing() {
    let mut one = seen("1", vec![], vec![]);
    let (digest, other) = (Digest::sha256("amd64"), seen("2", vec![bundle(&claims("refs/tags/v1"))], vec![]));
    let signed =
        SignedPlatform { platform: "linux/amd64".to_owned(), digest: digest.clone(), record: other.record };
    one.platforms = Platforms { looked_at: 2, signed: vec![signed], ..Platforms::default() };
    let proposal = propose(std::slice::from_ref(&one), &given(&[]));
    assert_eq!((proposal.identities.len(), proposal.signed), (0, false));
    let [note] = &proposal.notes[..] else { panic!("{:?}", proposal.notes) };
    assert!(note.contains(&format!("observe ghcr.io/acme/web@{digest}`")), "{note}");
    let report = Report { seen: vec![one], proposal, ..nothing_else() };
    let text = report.text();
    assert!(
        text.contains("  unsigned        nobody signed the index\n  platforms       1 of 2 are signed\n"),
        "{text}"
    );
    assert!(
        text.contains(&format!("  platform        linux/amd64  {digest}\n  signature       Sigstore bundle")),
        "{text}"
    );
    assert_eq!(report.json()["observed"][0]["platforms"]["signed"][0]["digest"], digest.to_string());
}

#[test]
fn a_predicate_is_named_by_the_one_table_of_predicates() {
    let claims = claims("refs/tags/v1");
    for (predicate, expected) in [
        ("https://slsa.dev/provenance/v0.2", "slsaProvenance"),
        ("https://spdx.dev/Document/v2.3", "spdx"),
        ("https://cyclonedx.org/bom/v1.6", "cyclonedx"),
        ("https://in-toto.io/attestation/vulns/v0.2", "vulnerability"),
        // A short name stands for the types that are read, and for no other that begins like them.
        ("https://slsa.dev/provenance/v0.1", "https://slsa.dev/provenance/v0.1"),
        ("https://cyclonedx.org/bomb", "https://cyclonedx.org/bomb"),
    ] {
        let one = [seen("1", vec![bundle(&claims)], vec![statement(&claims, predicate, &[])])];
        let Proposal { statements, .. } = propose(&one, &given(&[]));
        assert_eq!(statements[0].predicate, expected);
        assert!(crate::trust::predicate::names(expected).contains(predicate), "{predicate}");
    }
}
