//! SBOMs, statements about vulnerabilities, reports, summaries and releases.

use super::*;
use crate::model::VexStatus;

#[test]
fn spdx_packages_are_those_with_package_urls() {
    let package = |purl: &str| {
        json!({"name": "x", "SPDXID": "SPDXRef-1", "externalRefs": [
            {"referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:x:x:1:*:*:*:*:*:*:*"},
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}]})
    };
    let predicate = json!({"SPDXID": "SPDXRef-DOCUMENT", "spdxVersion": "SPDX-2.3", "packages": [
        package("pkg:deb/debian/openssl@3.0.11-1~deb12u2?arch=amd64&distro=debian-12"),
        package("pkg:npm/%40angular/http@7.2.16"),
        {"name": "without"},
    ]});
    for predicate_type in names("spdx") {
        let Content::Sbom(sbom) = said(&statement(predicate_type, &predicate)).content else { panic!() };
        assert_eq!(sbom.format, "SPDX-2.3");
        let packages: Vec<_> = sbom.packages.iter().map(String::as_str).collect();
        assert_eq!(packages, ["deb/openssl@3.0.11-1~deb12u2", "npm/@angular/http@7.2.16"]);
        assert_eq!(sbom.unnamed, 1);
    }
}

#[test]
fn spdx_that_is_not_version_2_in_json_is_unreadable() {
    for (predicate, expected) in [
        (json!({"Data": "SPDXVersion: SPDX-2.2", "Timestamp": "x"}), "SPDX in tag-value form is not read"),
        (json!({"spdxVersion": "SPDX-3.0"}), "`SPDX-3.0` is not SPDX 2"),
        (json!({}), "`spdxVersion` is missing"),
        (json!({"spdxVersion": "SPDX-2.3", "packages": {}}), "`packages` is no list"),
    ] {
        let found = said(&statement("https://spdx.dev/Document", &predicate));
        assert_eq!(found.content, Content::Unreadable(expected.into()));
        assert_eq!(meets(&wanted("spdx", &[]), &found), Err(expected.to_owned()));
    }
}

fn bom(vulnerabilities: &Value) -> Value {
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {"timestamp": "2026-11-20T00:00:00Z", "component": {"bom-ref": "image", "type": "container", "name": "web"}},
        "components": [
            {"bom-ref": "musl", "type": "library", "name": "musl", "purl": "pkg:apk/alpine/musl@1.2.5-r0", "components": [
                {"bom-ref": "inner", "type": "library", "name": "inner", "purl": "pkg:apk/alpine/inner@1-r0"}]},
            {"type": "file", "name": "without"}
        ],
        "vulnerabilities": vulnerabilities
    })
}

#[test]
fn cyclonedx_components_are_read_as_deep_as_they_lie() {
    let Content::Sbom(sbom) = said(&statement("https://cyclonedx.org/bom/v1.6", &bom(&json!([])))).content
    else {
        panic!()
    };
    assert_eq!(sbom.format, "CycloneDX 1.6");
    let packages: Vec<_> = sbom.packages.iter().map(String::as_str).collect();
    assert_eq!((packages, sbom.unnamed), (vec!["apk/inner@1-r0", "apk/musl@1.2.5-r0"], 1));
}

#[test]
fn an_analysis_of_cyclonedx_is_a_statement() {
    let item = |id: &str, state: &str, reference: &str| json!({"id": id, "analysis": {"state": state, "justification": "code_not_reachable"}, "affects": [{"ref": reference}]});
    let predicate = bom(&json!([
        item("CVE-2026-0001", "not_affected", "image"),
        item("CVE-2026-0002", "exploitable", "inner"),
        item("CVE-2026-0003", "false_positive", "elsewhere"),
        {"id": "CVE-2026-0004"},
    ]));
    let Content::SbomAndVex(_, vex) = said(&statement("https://cyclonedx.org/bom", &predicate)).content
    else {
        panic!()
    };
    let shown: Vec<_> = vex
        .statements
        .iter()
        .map(|s| {
            (s.vulnerability.as_str(), s.status, s.products[0].subject, s.products[0].subcomponents.clone())
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("CVE-2026-0001", VexStatus::NotAffected, true, vec![]),
            ("CVE-2026-0002", VexStatus::Affected, true, vec!["pkg:apk/alpine/inner@1-r0".to_owned()]),
            ("CVE-2026-0003", VexStatus::NotAffected, false, vec![]),
        ]
    );
}

/// Two components of one name could move an excuse from one package to another.
#[test]
fn attack_a_bom_reference_that_is_there_twice() {
    let mut predicate = bom(&json!([]));
    predicate["components"][1]["bom-ref"] = json!("musl");
    predicate["components"][1]["purl"] = json!("pkg:apk/alpine/openssl@3-r0");
    let found = said(&statement("https://cyclonedx.org/bom", &predicate));
    assert_eq!(found.content, Content::Unreadable("`bom-ref` `musl` is there twice".into()));
}

pub(super) fn openvex(statements: &Value) -> Value {
    json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://openvex.dev/docs/example/vex-1",
        "author": "Acme", "version": 1, "timestamp": "2026-01-08T18:02:03.647787998-06:00",
        "statements": statements
    })
}

#[test]
fn openvex_statements_are_read_with_their_products() {
    let predicate = openvex(&json!([
        {"vulnerability": {"name": "CVE-2026-0001", "aliases": ["GHSA-b", "GHSA-a"]}, "status": "fixed"},
        {"vulnerability": {"@id": "https://nvd.nist.gov/vuln/detail/CVE-2026-0002", "name": "CVE-2026-0002"},
         "timestamp": "2026-02-01T00:00:00Z", "last_updated": "2026-03-01T00:00:00Z",
         "products": [{"@id": "pkg:oci/web@sha256%3Aaa", "identifiers": {"purl": "pkg:oci/web@sha256%3Aaa"}, "hashes": {"sha-256": "aa"},
                       "subcomponents": [{"@id": "pkg:apk/alpine/musl@1"}, {"@id": "https://x.example", "identifiers": {"purl": "pkg:apk/alpine/zlib@1"}}]}],
         "status": "not_affected", "justification": "vulnerable_code_not_present"},
        // v0.0.1
        {"vulnerability": "CVE-2026-0003", "products": ["pkg:oci/web"], "status": "under_investigation"},
    ]));
    let Content::Vex(vex) = said(&statement("https://openvex.dev/ns", &predicate)).content else { panic!() };
    let [first, second, third] = vex.statements.as_slice() else { panic!() };
    assert_eq!(first.aliases, ["GHSA-a", "GHSA-b"]);
    assert!(first.products[0].subject && first.at.to_string() == "2026-01-09T00:02:03Z");
    assert_eq!(second.at.to_string(), "2026-03-01T00:00:00Z");
    assert_eq!(second.products[0].sha256.as_deref(), Some("aa"));
    assert_eq!(second.products[0].names, ["pkg:oci/web@sha256%3Aaa"]);
    assert_eq!(second.products[0].subcomponents, ["pkg:apk/alpine/musl@1", "pkg:apk/alpine/zlib@1"]);
    assert_eq!(second.justification.as_deref(), Some("vulnerable_code_not_present"));
    assert_eq!((third.status, third.products[0].names.len()), (VexStatus::UnderInvestigation, 1));
}

#[test]
fn an_incomplete_openvex_statement_makes_the_document_unreadable() {
    let ok = json!({"vulnerability": {"name": "CVE-2026-0001"}, "status": "fixed"});
    for (broken, expected) in [
        (json!({"status": "fixed"}), "`vulnerability` is missing"),
        (json!({"vulnerability": {"name": "CVE-1"}}), "`status` is missing"),
        (json!({"vulnerability": {"name": "CVE-1"}, "status": "harmless"}), "`harmless` is no status"),
        (
            json!({"vulnerability": {"name": "CVE-1"}, "status": "not_affected"}),
            "the statement about `CVE-1` does not say why",
        ),
        (
            json!({"vulnerability": {"name": "CVE-1"}, "status": "fixed", "timestamp": "soon"}),
            "`timestamp` is no time",
        ),
        (
            json!({"vulnerability": {"name": "CVE-1"}, "status": "fixed", "Status": "affected"}),
            "an object has `Status` where `status` is meant",
        ),
    ] {
        let predicate = openvex(&json!([ok, broken]));
        let found = said(&statement("https://openvex.dev/ns", &predicate));
        assert_eq!(found.content, Content::Unreadable(expected.into()));
    }
}

#[test]
fn reports_are_counted_in_the_forms_that_scanners_write() {
    for (result, expected) in [
        (json!([{"id": "CVE-1"}, {"id": "CVE-2"}]), Some(2)),
        (json!([]), Some(0)),
        (
            json!({"Results": [{"Vulnerabilities": [1, 2]}, {"Target": "x"}, {"Vulnerabilities": [3]}]}),
            Some(3),
        ),
        (json!({"matches": [1]}), Some(1)),
        (json!({"runs": [{"results": [1, 2, 3, 4]}]}), Some(4)),
        (json!({"other": []}), None),
        (json!("text"), None),
    ] {
        let predicate = json!({
            "invocation": {}, "scanner": {"uri": "pkg:github/aquasecurity/trivy@244fd47e07d1004f0aed9", "version": "0.19.2",
                "db": {"uri": "x", "version": "v1", "lastUpdate": "2021-08-06T17:45:50.52Z"}, "result": result},
            "metadata": {"scanStartedOn": "2021-08-06T17:45:50.52Z", "scanFinishedOn": "2021-08-06T17:50:50.52Z"}
        });
        for predicate_type in names("vulnerability") {
            let found = said(&statement(predicate_type, &predicate)).content;
            let Content::Vulnerabilities(found) = found else { panic!() };
            assert_eq!(found.scanner, "pkg:github/aquasecurity/trivy@244fd47e07d1004f0aed9 0.19.2");
            assert_eq!(found.finished.unwrap().to_string(), "2021-08-06T17:50:50Z");
            assert_eq!(found.findings, expected);
        }
    }
}

pub(super) fn summary(result: &str, resource: &str) -> Value {
    json!({
        "verifier": {"id": "https://verifier.example"}, "timeVerified": "2026-11-20T00:00:00Z", "resourceUri": resource,
        "policy": {"uri": "https://verifier.example/policy"}, "verificationResult": result,
        "verifiedLevels": ["SLSA_BUILD_LEVEL_3", "SLSA_SOURCE_LEVEL_1"], "dependencyLevels": {"SLSA_BUILD_LEVEL_1": 5}
    })
}

#[test]
fn a_summary_is_met_by_verifier_and_levels() {
    let found = said(&statement(
        "https://slsa.dev/verification_summary/v1",
        &summary("PASSED", "registry.example/acme/web"),
    ));
    let verifier = (StatementKind::Verifier, "https://verifier.example");
    let of = |levels: &[&str]| DesiredAttestation {
        levels: levels.iter().map(|level| (*level).to_owned()).collect(),
        ..wanted("verificationSummary", &[verifier])
    };
    assert_eq!(meets(&of(&["SLSA_BUILD_LEVEL_3", "SLSA_SOURCE_LEVEL_1"]), &found), Ok(()));
    // Levels are names, not numbers: a higher one does not stand for a lower one that is not listed.
    assert!(meets(&of(&["SLSA_BUILD_LEVEL_2"]), &found).unwrap_err().contains("SLSA_BUILD_LEVEL_2"));
    assert_eq!(found.is_about(&repository(), &image()), Ok(()));
}

#[test]
fn a_summary_of_version_0_2_has_other_spellings() {
    let predicate = json!({
        "verifier": {"id": "https://verifier.example"}, "time_verified": "1985-04-12T23:20:50.52Z",
        "resource_uri": "registry.example/acme/web", "policy": {"uri": "https://verifier.example/policy"},
        "verification_result": "PASSED", "policy_level": "SLSA_LEVEL_3", "dependency_levels": {}
    });
    let found = said(&statement("https://slsa.dev/verification_summary/v0.2", &predicate));
    let Content::Summary(summary) = &found.content else { panic!() };
    assert_eq!(summary.levels.iter().collect::<Vec<_>>(), ["SLSA_LEVEL_3"]);
    let mut both = predicate.clone();
    both["verificationResult"] = json!("FAILED");
    let found = said(&statement("https://slsa.dev/verification_summary/v0.2", &both));
    assert!(matches!(found.content, Content::Unreadable(_)), "either spelling could be the one that counts");
}

#[test]
fn a_release_of_github_names_its_package_url() {
    let value = json!({
        "_type": V1,
        "subject": [
            {"uri": "pkg:github/acme/web@v1.2.3", "digest": {"sha1": "0123456789abcdef0123456789abcdef01234567"}},
            {"name": "web.tar", "digest": {"sha256": image().hex()}}
        ],
        "predicateType": "https://in-toto.io/attestation/release/v0.1",
        "predicate": {"ownerId": "2468", "purl": "pkg:github/acme/web@v1.2.3", "releaseId": "67890", "repository": "acme/web",
            "repositoryId": "12345", "tag": "v1.2.3"}
    });
    let found = said(&value);
    assert_eq!(found.content, Content::Release("pkg:github/acme/web@v1.2.3".into()));
    assert_eq!(found.subjects[0].name.as_deref(), Some("pkg:github/acme/web@v1.2.3"));
    assert!(found.covers(&image()));
}

#[test]
fn a_predicate_that_is_not_read_is_kept_by_its_type() {
    let found = said(&statement("https://example.com/custody/v1", &json!({"anything": [1, 2.5, null]})));
    assert_eq!(found.content, Content::Other);
    assert_eq!(meets(&wanted("https://example.com/custody/v1", &[]), &found), Ok(()));
    let mut without = statement("https://example.com/x", &json!(null));
    without.as_object_mut().unwrap().remove("predicate");
    assert_eq!(said(&without).content, Content::Other);
}
