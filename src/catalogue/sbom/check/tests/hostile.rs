//! Files made to hurt: each ends in an error or a report, never in a panic, and soon.

use std::io::Write as _;

use serde_json::{Value, json};

use super::super::*;

fn all(bytes: &[u8]) -> Vec<Result<Report, CheckError>> {
    [Profile::Bsi, Profile::Ntia, Profile::Cisa2025].map(|profile| check(bytes, profile)).into()
}

#[test]
fn json_ten_thousand_levels_deep_is_an_error() {
    let deep = format!("{{\"bomFormat\":\"CycloneDX\",\"components\":{}", "[".repeat(10_000));
    assert!(all(deep.as_bytes()).iter().all(|result| matches!(result, Err(CheckError::Json(_)))));
}

#[test]
fn components_nested_in_components_are_all_read() {
    // The parser stops at 128 levels; each component takes two.
    let mut component = json!({ "type": "library", "name": "x" });
    for _ in 0..55 {
        component = json!({ "type": "library", "name": "x", "components": [component] });
    }
    let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "components": [component] });
    let report = check(document.to_string().as_bytes(), Profile::Bsi).unwrap();
    assert_eq!(report.components.files, 56);
}

#[test]
fn more_components_than_the_limit_are_refused() {
    let many = vec!["{}"; COMPONENTS_MAX + 1].join(",");
    let files = [
        format!("{{\"bomFormat\":\"CycloneDX\",\"components\":[{many}]}}"),
        format!("{{\"spdxVersion\":\"SPDX-2.3\",\"packages\":[{many}]}}"),
        format!(
            "{{\"@context\":\"https://spdx.org/rdf/3.0.1/x\",\"@graph\":[{}]}}",
            many.replace("{}", "{\"type\":\"software_Package\"}")
        ),
    ];
    for file in files {
        assert_eq!(check(file.as_bytes(), Profile::Ntia), Err(CheckError::Components));
    }
}

#[test]
fn a_file_larger_than_the_limit_is_not_parsed() {
    let size = usize::try_from(FILE_BYTES_MAX).unwrap() + 1;
    assert_eq!(check(&vec![b' '; size], Profile::Bsi), Err(CheckError::Size));
}

#[test]
fn dependencies_in_a_circle_end() {
    let components: Vec<Value> =
        (0..100).map(|n| json!({ "type": "library", "name": "x", "bom-ref": n.to_string() })).collect();
    let dependencies: Vec<Value> = (0..100)
        .map(|n| json!({ "ref": n.to_string(), "dependsOn": [((n + 1) % 100).to_string(), n.to_string()] }))
        .collect();
    let document = json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": { "component": { "name": "x", "bom-ref": "0" } },
        "components": components, "dependencies": dependencies,
    });
    let report = check(document.to_string().as_bytes(), Profile::Bsi).unwrap();
    let field = report.fields.iter().find(|field| field.field == "dependencies").unwrap();
    // The second component with the reference `0` can be meant by nobody.
    assert_eq!((field.falls_short, field.met), (1, 100));
}

#[test]
fn values_of_the_wrong_type_are_as_if_missing() {
    let wrong =
        [json!(null), json!(7), json!(true), json!("text"), json!([]), json!([[]]), json!({}), json!([{}])];
    let keys = [
        "metadata",
        "components",
        "dependencies",
        "compositions",
        "services",
        "vulnerabilities",
        "serialNumber",
        "packages",
        "relationships",
        "creationInfo",
        "files",
        "documentDescribes",
        "@graph",
    ];
    let heads = [
        json!({ "bomFormat": "CycloneDX" }),
        json!({ "spdxVersion": "SPDX-2.3" }),
        json!({ "@context": ["https://spdx.org/rdf/3.0.1/spdx-context.jsonld"] }),
    ];
    for head in &heads {
        for value in &wrong {
            let mut document = head.clone();
            for key in keys {
                document[key] = value.clone();
            }
            for result in all(document.to_string().as_bytes()) {
                assert!(result.is_ok(), "{document}");
            }
        }
    }
    let mut component = json!({});
    let parts = [
        "name",
        "version",
        "bom-ref",
        "licenses",
        "hashes",
        "externalReferences",
        "properties",
        "purl",
        "swid",
        "manufacturer",
        "authors",
        "supplier",
        "components",
        "type",
    ];
    for value in &wrong {
        for part in parts {
            component[part] = value.clone();
        }
        let document = json!({ "bomFormat": "CycloneDX", "components": [component] });
        assert!(all(document.to_string().as_bytes()).iter().all(Result::is_ok), "{document}");
    }
}

#[test]
fn every_truncation_is_an_error_and_other_json_is_no_sbom() {
    let whole = json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "components": [] }).to_string();
    for end in 0..whole.len() {
        assert!(matches!(check(&whole.as_bytes()[..end], Profile::Bsi), Err(CheckError::Json(_))), "{end}");
    }
    for other in ["null", "[]", "{}", "\"CycloneDX\"", "{\"bomFormat\":7}", "{\"@context\":[7]}"] {
        assert_eq!(check(other.as_bytes(), Profile::Bsi), Err(CheckError::Format), "{other}");
    }
    assert!(matches!(check(b"SPDXVersion: SPDX-2.3\n", Profile::Bsi), Err(CheckError::Json(_))));
    let marked = [b"\xef\xbb\xbf".as_slice(), whole.as_bytes()].concat();
    assert!(check(&marked, Profile::Bsi).is_ok());
}

#[test]
fn terminal_sequences_and_line_feeds_in_names_are_shown_not_obeyed() {
    let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.6\u{1b}[2J", "components": [
        { "type": "library", "name": "a\u{1b}[31m\nnothing falls short", "bom-ref": "\u{202e}x", "purl": "\u{7}" },
    ]});
    let text = check(document.to_string().as_bytes(), Profile::Bsi).unwrap().text();
    assert!(!text.chars().any(|c| c != '\n' && crate::model::foreign::is_deceptive(c)), "{text:?}");
    assert!(!text.lines().any(|line| line.starts_with("nothing falls short")), "{text}");
}

#[test]
fn a_flood_of_findings_is_counted_and_not_kept() {
    let components: Vec<Value> =
        (0..5_000).map(|n| json!({ "type": "library", "name": n.to_string() })).collect();
    let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "components": components });
    let report = check(document.to_string().as_bytes(), Profile::Bsi).unwrap();
    let field = report.fields.iter().find(|field| field.field == "component-version").unwrap();
    assert_eq!((field.falls_short, field.findings.len(), field.left_out), (5_000, 1_000, 4_000));
    assert!(report.text().contains("and 4997 more"), "{}", report.text());
}

/// Ten megabytes that every package names as its licence would be two hundred gigabytes, if each took a copy.
#[test]
fn one_huge_value_named_by_everything_is_an_error() {
    let mut graph = vec![json!({ "type": "simplelicensing_LicenseExpression", "spdxId": "licence",
        "simplelicensing_licenseExpression": "M".repeat(10 << 20) })];
    for number in 0..2_000 {
        let id = number.to_string();
        graph.push(json!({ "type": "software_Package", "spdxId": id }));
        graph.push(json!({ "type": "Relationship", "relationshipType": "hasConcludedLicense", "from": id, "to": ["licence"] }));
    }
    let document = json!({ "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": graph });
    assert_eq!(check(document.to_string().as_bytes(), Profile::Bsi), Err(CheckError::Work));
}

#[test]
fn many_elements_of_one_identity_are_one() {
    let mut graph = vec![json!({ "type": "software_Package", "spdxId": "a", "name": "a" }); 1_000];
    graph.extend(vec![
        json!({ "type": "Relationship", "relationshipType": "dependsOn", "from": "a", "to": ["a"] });
        1_000
    ]);
    let document = json!({ "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": graph });
    let report = check(document.to_string().as_bytes(), Profile::Bsi).unwrap();
    assert_eq!(report.components.logical, 1);
}

/// Takes the fullest files of the corpus and puts something else in the place of each value in turn.
#[test]
fn no_single_wrong_value_stops_the_checks_and_every_place_exists() {
    let Some(corpora) = std::env::var_os("FONDACO_CORPORA") else {
        let _ = writeln!(
            std::io::stderr(),
            "left out, because FONDACO_CORPORA is not set: files with one wrong value"
        );
        return;
    };
    let folder = std::path::Path::new(&corpora).join("bsi-tr-03183-2");
    for name in [
        "cdx/validFullyCompliantBsiV21.cdx16.json",
        "spdx/validFullyCompliantBsiV11.spdx23.json",
        "spdx3/v2.1.0-complete-all-fields.json",
    ] {
        let whole: Value = serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap();
        let mut places = vec![];
        collect(&whole, String::new(), &mut places);
        assert!(places.len() > 50, "{name}");
        for place in places {
            for instead in [json!(null), json!([[7]])] {
                let mut broken = whole.clone();
                *broken.pointer_mut(&place).unwrap() = instead;
                let Ok(document) = read(broken.to_string().as_bytes()) else { continue };
                for profile in [Profile::Bsi, Profile::Ntia, Profile::Cisa2025] {
                    let report = report::report(&document, profile);
                    let findings = report.fields.iter().flat_map(|field| &field.findings);
                    for finding in findings {
                        assert!(broken.pointer(&finding.pointer).is_some(), "{name} {place}: {finding:?}");
                    }
                }
            }
        }
    }
}

fn collect(value: &Value, pointer: String, places: &mut Vec<String>) {
    match value {
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, inner)| collect(inner, format!("{pointer}/{at}"), places));
        }
        Value::Object(map) => map.iter().for_each(|(key, inner)| {
            let key = key.replace('~', "~0").replace('/', "~1");
            collect(inner, format!("{pointer}/{key}"), places);
        }),
        _ => {}
    }
    if !pointer.is_empty() {
        places.push(pointer);
    }
}
