//! Each form is claimed by its reader and by no other.

use serde_json::json;

use super::{ALL, Shape, of};

/// The beginning of a file of each form, with the name of the form.
fn files() -> Vec<(&'static str, String)> {
    let cve = "CVE-2024-0001";
    let alpine = json!({"apkurl": "x", "reponame": "main", "distroversion": "v3.19", "packages": []});
    let page = json!({"resultsPerPage": 1, "totalResults": 1, "format": "NVD_CVE", "vulnerabilities": []});
    let found = json!({"id": "EUVD-2024-1", "aliases": cve, "baseScoreVersion": "3.1", "enisaIdVendor": []});
    vec![
        ("kev", json!({"catalogVersion": "1", "dateReleased": "x", "vulnerabilities": []}).to_string()),
        ("epss", "#model_version:v1,score_date:2026-11-21\ncve,epss,percentile\n".to_owned()),
        ("nvd", page.to_string()),
        ("euvd", json!([found]).to_string()),
        ("euvd", json!({"items": [found], "total": 1}).to_string()),
        ("secdb", alpine.to_string()),
        ("secdb", "distroversion: v3.10\nreponame: main\npackages:\n".to_owned()),
        ("secdb", json!({"apkurl": "x", "reponame": "os", "packages": []}).to_string()),
        (
            "arch-linux",
            json!([{"name": "AVG-1", "packages": [], "status": "Fixed", "issues": []}]).to_string(),
        ),
        ("debian-tracker", json!({"openssl": {cve: {"releases": {}}}}).to_string()),
        ("osv", json!({"id": "DEBIAN-CVE-2024-0001", "modified": "x", "affected": []}).to_string()),
        ("osv", "id: PYSEC-2024-1\nmodified: x\naffected:\n".to_owned()),
    ]
}

#[test]
fn each_file_has_one_reader() {
    for (name, text) in files() {
        let shape = Shape::of(text.as_bytes());
        let claims: Vec<_> = ALL.iter().filter(|f| f.claims(&shape)).map(|f| f.name()).collect();
        assert_eq!(claims, [name], "{text}");
        assert_eq!(of(&shape).map(super::Format::name), Some(name));
    }
}

#[test]
fn other_files_have_none() {
    for text in [
        "",
        "{}",
        "[]",
        "cve,epss,percentile\n",
        r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "vulnerabilities": []}"#,
        r#"{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "statements": []}"#,
        r#"{"document": {"category": "csaf_security_advisory"}, "vulnerabilities": []}"#,
        r#"{"CVE-2024-0001": {"description": "x"}}"#,
        "packages:\n- a\n",
    ] {
        assert!(of(&Shape::of(text.as_bytes())).is_none(), "{text}");
    }
}

#[test]
fn every_form_has_a_name_of_its_own() {
    let mut names: Vec<_> = ALL.iter().map(|format| format.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), ALL.len());
}
