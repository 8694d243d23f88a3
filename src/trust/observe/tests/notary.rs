//! Notary Project signatures: what they say of themselves, and what is proposed of them.

use super::*;

fn claimed(identity: Option<&str>, flaw: Option<&str>) -> Claimed {
    Claimed {
        signer: "CN=Release,C=DE".to_owned(),
        issuer: "CN=Authority,C=DE".to_owned(),
        root: "CN=Root,C=DE".to_owned(),
        root_digest: Digest::sha256("root"),
        root_pem: "PEM".to_owned(),
        identity: identity.map(str::to_owned),
        flaw: flaw.map(str::to_owned),
    }
}

/// Returns an image with one Notary Project signature that says this of itself.
fn notary(outcome: Outcome, proof: Proof, claimed: Claimed) -> Observation {
    let found = signature(SignatureFormat::Notation, proof, outcome);
    let content = found.content.clone().unwrap();
    let mut one = seen("1", vec![found], vec![]);
    one.claims.insert(content, Ok(claimed));
    (one.record.outcome, one.record.reason) = (outcome, "so".to_owned());
    one
}

#[test]
fn a_notary_signature_that_was_read_is_no_obstacle_whatever_its_flaw() {
    let flawed = claimed(None, Some("a plug-in is demanded"));
    let mut one = notary(Outcome::Undeterminable, Proof::default(), flawed);
    assert_eq!(one.obstacle(), None);
    one.record.reason = "so (and 1 more)".to_owned();
    assert_eq!(one.obstacle(), Some("so (and 1 more)"));
    // Where nothing is wrong with it, it was the registry that did not tell.
    let silent = notary(Outcome::Undeterminable, Proof::default(), claimed(None, None));
    assert_eq!(silent.obstacle(), Some("so"));
    one.claims.clear();
    one.record.reason = "so".to_owned();
    assert_eq!(one.obstacle(), Some("so"), "nobody has read it");
}

#[test]
fn what_a_notary_signature_says_of_itself_is_shown_as_claims_with_the_way_on() {
    let mut one = notary(Outcome::Foreign, Proof::default(), claimed(Some("x509.subject: C=DE"), None));
    crate::trust::notation::NO_STORE.clone_into(&mut one.record.signatures[0].reason);
    let proposal = propose(std::slice::from_ref(&one), &given(&[]));
    assert!(
        proposal.notation.is_empty() && proposal.notes[0].contains("`--trust-store FILE`"),
        "{proposal:?}"
    );
    let text = Report { seen: vec![one], proposal, ..nothing_else() }.text();
    // SHA-256 of `root` by sha256sum.
    let fingerprint =
        "48:13:49:4D:13:7E:16:31:BB:A3:01:D5:AC:AB:6E:7B:B7:AA:74:CE:11:85:D4:56:56:5E:F5:1D:73:76:77:B2";
    for line in [
        "    signer        CN=Release,C=DE  (claimed, not verified)\n".to_owned(),
        "    issuer        CN=Authority,C=DE  (claimed, not verified)\n".to_owned(),
        format!("    root SHA-256  {fingerprint}  (claimed, not verified)\n"),
        "    with it       would be accepted, if that root is the publisher's\n".to_owned(),
        "No policy is proposed".to_owned(),
    ] {
        assert!(text.contains(&line), "{line} is not in {text}");
    }
}

#[test]
fn a_path_that_yaml_could_read_otherwise_is_quoted() {
    for (path, written) in [
        ("trust/acme.pem", "trust/acme.pem"),
        ("trust/a: b.pem", "\"trust/a: b.pem\""),
        ("trust/a #b.pem", "\"trust/a #b.pem\""),
    ] {
        let store = ProposedNotation {
            name: "a".to_owned(),
            trust_store: path.to_owned(),
            timestamp_store: None,
            identities: ["*".to_owned()].into(),
        };
        let proposal = Proposal { notation: vec![store], ..Proposal::default() };
        let text = policy_text("web", &[], &proposal, "trust/x.json").unwrap();
        assert!(text.contains(&format!("      trustStore: {written}\n")), "{text}");
    }
}

#[test]
fn a_notary_signer_is_proposed_by_the_store_that_verified_it_and_never_as_a_sigstore_identity() {
    let store = |name: &str| DesiredNotation {
        name: name.to_owned(),
        trust_store: DesiredFile { path: format!("trust/{name}.pem"), text: String::new() },
        identities: vec!["*".to_owned()],
        timestamp_store: Some(DesiredFile { path: "trust/clock.pem".to_owned(), text: String::new() }),
    };
    let given = Given { stores: vec![store("unused"), store("vendor")], ..given(&[]) };
    let subject = "x509.subject: C=DE, O=Example\\, Inc., CN=\"Release\"";
    let proof = Proof {
        signer: Some("vendor".to_owned()),
        ..proof(&Claims::from([(ClaimKind::Identity, "CN=Release,C=DE".to_owned())]))
    };
    let seen = [notary(Outcome::Verified, proof.clone(), claimed(Some(subject), None))];
    let proposal = propose(&seen, &given);
    assert!(proposal.identities.is_empty() && proposal.signed, "{proposal:?}");
    let text = policy_text("web", &seen, &proposal, "trust/x.json").unwrap();
    let expected = "spec:
  notation:
    - name: vendor
      trustStore: trust/vendor.pem
      timestampStore: trust/clock.pem
      identities:
        - \"x509.subject: C=DE, O=Example\\\\, Inc., CN=\\\"Release\\\"\"
";
    assert!(text.ends_with(expected), "{text}");
    // A signer without a name is not proposed as `*`.
    let nameless = [notary(Outcome::Verified, proof, claimed(None, None))];
    assert_eq!(propose(&nameless, &given).notation, []);
}
