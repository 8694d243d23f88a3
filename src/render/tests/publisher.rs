//! What publishers state, on the image's page.

use super::{has_lines, image_page, rows, texts};
use crate::{
    evidence::{
        Evidence, Listed, PublisherDocument, PublisherRecord, SbomCompared, SummaryStated, VexStated, sample,
    },
    model::{
        AttestationFound, Digest, FindingStatement, Outcome, Proof, SignatureFormat, StatementKind, VexStatus,
    },
};

fn attestation(format: SignatureFormat, outcome: Outcome, kind: &str) -> AttestationFound {
    let says = [
        (StatementKind::Builder, "https://builder.example"),
        (StatementKind::Source, "https://git.example/web"),
        (StatementKind::SourceRef, "refs/heads/main"),
        (StatementKind::SourceCommit, "4b220de5058abfd01ff619c9d2ff6b09a049bea0"),
    ];
    AttestationFound {
        format,
        place: "p".into(),
        digest: Digest::sha256(kind),
        content: None,
        subject: None,
        predicate_type: kind.into(),
        says: says.map(|(kind, text)| (kind, text.to_owned())).into(),
        proof: Proof { key: Some("acme".into()), ..Proof::default() },
        outcome,
        reason: "reason".into(),
    }
}

fn document(signer: Option<&str>) -> PublisherDocument {
    PublisherDocument {
        attestation: sample::digest("attestation"),
        subject: sample::digest(sample::REDIS),
        predicate_type: "https://spdx.dev/Document".into(),
        outcome: if signer.is_some() { Outcome::Verified } else { Outcome::Foreign },
        signer: signer.map(ToOwned::to_owned),
        unreadable: None,
        build: None,
        sbom: None,
        vex: None,
        vulnerabilities: None,
        summary: None,
        release: None,
    }
}

fn sbom() -> SbomCompared {
    let first = (0..20).map(|n| format!("deb/p{n:02}@1")).collect();
    SbomCompared {
        format: "SPDX-2.3".into(),
        packages: "packages.txt".into(),
        both: 7,
        only_publisher: Listed { count: 30, first },
        only_ours: Listed::default(),
        other_types: [("npm".to_owned(), 3)].into(),
        unnamed: 2,
    }
}

/// The sample with something stated about its second image.
fn evidence() -> Evidence {
    let mut evidence = sample::evidence();
    let key = (sample::repository(sample::REDIS), sample::digest(sample::REDIS));
    let record = evidence.images.get_mut(&key).unwrap();
    record.verification.attestations = vec![
        attestation(SignatureFormat::SigstoreBundle, Outcome::Verified, "https://slsa.dev/provenance/v1"),
        AttestationFound {
            proof: Proof::default(),
            // Found in the attestation manifest itself.
            place: Digest::sha256("https://slsa.dev/provenance/v0.2").to_string(),
            ..attestation(SignatureFormat::Buildkit, Outcome::Absent, "https://slsa.dev/provenance/v0.2")
        },
        attestation(SignatureFormat::SigstoreBundle, Outcome::Foreign, "https://evil.example/`|x"),
    ];
    let vex = VexStated { statements: vec![], about_others: 4, not_listed: 9 };
    let summary = SummaryStated {
        result: "FAILED".into(),
        levels: vec!["SLSA_BUILD_LEVEL_1".into()],
        resource: "registry.example/web".into(),
        policy: None,
        at: None,
    };
    record.publisher = Some(PublisherRecord {
        schema: "fondaco/publisher/v1alpha1".into(),
        subject: key.1,
        documents: vec![
            PublisherDocument { sbom: Some(sbom()), ..document(Some("acme")) },
            PublisherDocument { vex: Some(vex), summary: Some(summary), ..document(None) },
        ],
        left_out: 0,
        excuses_not_used: Some("of a reason".into()),
    });
    record.scan.as_mut().unwrap().findings[0].statements = vec![FindingStatement {
        signer: "acme".into(),
        at: sample::at("2026-11-01T00:00:00Z"),
        status: VexStatus::NotAffected,
        justification: Some("component_not_present".into()),
        attestation: sample::digest("attestation"),
    }];
    evidence
}

#[test]
fn who_attested_what_stands_on_the_page() {
    let page = texts(&evidence(), &sample::desired()).remove(&image_page(sample::REDIS)).unwrap();
    let built = "https`:`//builder.example from https`:`//git.example/web, refs/heads/main, commit 4b220de5058abfd01ff619c9d2ff6b09a049bea0";
    has_lines(
        &page,
        &[
            &format!("| built, as attested by acme | {built} |"),
            &format!("| built, as attested by nobody: unsigned | {built} |"),
            &format!("| built, as attested by nobody accepted: foreign | {built} |"),
            "Statements that excuse findings are not used: of a reason.",
        ],
    );
    let cells = rows(&page);
    let starting = |first: &str, at: usize| {
        cells.iter().find(|row| row[0].starts_with(first)).map(|row| row[at].clone())
    };
    assert_eq!(starting("https`:`//slsa.dev/provenance/v1", 2).unwrap(), "acme");
    assert_eq!(starting("https`:`//slsa.dev/provenance/v0.2", 2).unwrap(), "nobody: unsigned");
    // A key that is named where the outcome is not `verified` vouches for nothing.
    assert_eq!(starting("https`:`//evil.example", 2).unwrap(), "nobody accepted: foreign");
    let sbom = cells.iter().find(|row| row.len() == 8 && row[2] == "SPDX-2.3").unwrap();
    assert_eq!(
        sbom[4..],
        [
            "7",
            "30: deb/p00`@`1, deb/p01`@`1, deb/p02`@`1, deb/p03`@`1, deb/p04`@`1, …",
            "0",
            "3 of type npm, 2 without a package URL"
        ]
    );
    let stated = cells.iter().find(|row| row[0] == "nobody accepted: foreign").unwrap();
    assert_eq!(
        stated[2],
        "verified registry.example/web: FAILED SLSA\\_BUILD\\_LEVEL\\_1; 0 statements about vulnerabilities in this image, 9 more not used, 4 about other products"
    );
    let statement = cells.iter().find(|row| row.len() == 8 && row[3] == "not\\_affected").unwrap();
    assert_eq!(statement[0..3], ["CVE-2026-1111", "redis 5:7.2.4-1", "critical"]);
    assert_eq!(statement[6], "acme");
}

#[test]
fn where_nothing_is_stated_builder_and_source_are_unknown() {
    let page = texts(&sample::evidence(), &sample::desired()).remove(&image_page(sample::REDIS)).unwrap();
    has_lines(&page, &["| source commit and builder | unknown |"]);
    assert!(!page.contains("| attested |") && !page.contains("| SBOM by |") && !page.contains("| stated"));
}
