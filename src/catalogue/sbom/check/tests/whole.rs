//! Documents in which nothing falls short, written by the standards' tables, and each of their fields taken away again.

use serde_json::{Value, json};

use super::super::*;

/// By the table of BSI TR-03183-2 v2.1.0, section 8.2, in CycloneDX 1.7: an archive that contains an executable, and an
/// installed package, which is a logical component.
fn cyclonedx() -> Value {
    let maker = json!({ "name": "Acme", "contact": [{ "email": "oss@acme.example" }] });
    let licences = json!([
        { "expression": "MIT", "acknowledgement": "concluded" },
        { "expression": "MIT OR Apache-2.0", "acknowledgement": "declared" },
    ]);
    let file = |name: &str, executable: &str, archive: &str, structured: &str| {
        json!({
            "type": "application", "bom-ref": name, "name": name, "version": "1.0",
            "manufacturer": maker, "licenses": licences,
            "properties": [
                { "name": "bsi:component:filename", "value": name },
                { "name": "bsi:component:executable", "value": executable },
                { "name": "bsi:component:archive", "value": archive },
                { "name": "bsi:component:structured", "value": structured },
                { "name": "bsi:component:effectiveLicence", "value": "MIT" },
            ],
            "externalReferences": [
                { "type": "distribution", "url": "https://acme.example/d",
                  "hashes": [{ "alg": "SHA-512", "content": "0f".repeat(64) }] },
                { "type": "source-distribution", "url": "https://acme.example/s",
                  "hashes": [{ "alg": "SHA-256", "content": "0f".repeat(32) }] },
                { "type": "rfc-9116", "url": "https://acme.example/.well-known/security.txt" },
            ],
            "purl": "pkg:generic/a@1.0",
        })
    };
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.7", "version": 1,
        "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        "metadata": {
            "timestamp": "2026-01-31T12:00:00Z",
            "manufacturer": { "name": "Acme", "url": ["https://acme.example"] },
            "tools": { "components": [{ "type": "application", "name": "lister" }] },
            "lifecycles": [{ "phase": "post-build" }],
            "component": file("a.tar", "non-executable", "archive", "structured"),
        },
        "components": [
            file("a.bin", "executable", "no archive", "unstructured"),
            { "type": "library", "bom-ref": "libc6", "name": "libc6", "version": "2.36", "manufacturer": maker,
              "licenses": licences, "purl": "pkg:deb/debian/libc6@2.36" },
        ],
        "dependencies": [
            { "ref": "a.tar", "dependsOn": ["a.bin"] },
            { "ref": "a.bin", "dependsOn": ["libc6"] },
            { "ref": "libc6" },
        ],
        "compositions": [
            { "aggregate": "complete", "dependencies": ["a.tar"] },
            { "aggregate": "unknown", "dependencies": ["a.bin", "libc6"] },
        ],
    })
}

fn report(document: &Value, profile: Profile) -> Report {
    check(document.to_string().as_bytes(), profile).unwrap()
}

#[test]
fn nothing_falls_short_of_a_document_that_says_everything() {
    let bsi = report(&cyclonedx(), Profile::Bsi);
    assert!(!bsi.falls_short, "{}", bsi.text());
    for field in &bsi.fields {
        assert_eq!((field.noted, field.falls_short), (0, 0), "{}", field.field);
        assert!(field.met > 0 || field.declared_unknown > 0, "{} is judged by nothing", field.field);
    }
    assert_eq!(bsi.components, Components { files: 2, logical: 1, ..Components::default() });
    assert!(bsi.text().ends_with("nothing falls short of BSI TR-03183-2 v2.1.0; 1 field declared unknown\n"));
    assert!(!report(&cyclonedx(), Profile::Ntia).falls_short);
    // An installed package has no file and so no hash, which the American list does not excuse.
    let cisa = report(&cyclonedx(), Profile::Cisa2025);
    let short: Vec<&str> =
        cisa.fields.iter().filter(|field| field.falls_short > 0).map(|field| field.field).collect();
    assert_eq!(short, ["component-hash"], "{}", cisa.text());
}

#[test]
fn what_is_taken_away_is_named_and_nothing_else() {
    let cases = [
        ("/metadata/timestamp", "timestamp"),
        ("/metadata/manufacturer", "sbom-creator"),
        ("/components/0/name", "component-name"),
        ("/components/0/version", "component-version"),
        ("/components/0/manufacturer", "component-creator"),
        ("/components/0/properties/0", "filename"),
        ("/components/0/properties/1", "executable"),
        ("/components/0/properties/2", "archive"),
        ("/components/0/properties/3", "structured"),
        ("/components/0/licenses/0", "distribution-licences"),
        ("/components/0/externalReferences/0/hashes", "deployable-hash"),
        ("/components/1/manufacturer/contact/0", "component-creator"),
        ("/dependencies/2", "dependencies"),
        ("/compositions/1", "dependency-completeness"),
    ];
    for (place, field) in cases {
        let mut document = cyclonedx();
        *document.pointer_mut(place).unwrap() = Value::Null;
        let report = report(&document, Profile::Bsi);
        let short: Vec<&str> =
            report.fields.iter().filter(|field| field.falls_short > 0).map(|field| field.field).collect();
        assert_eq!(short, [field], "without {place}: {}", report.text());
    }
}

#[test]
fn a_licence_or_maker_that_nobody_knows_is_declared_and_not_missing() {
    for (place, value, field) in [
        ("/components/1/licenses/0/expression", "LicenseRef-scancode-unknown", "distribution-licences"),
        ("/components/1/version", "unknown", "component-version"),
    ] {
        let mut document = cyclonedx();
        *document.pointer_mut(place).unwrap() = value.into();
        let report = report(&document, Profile::Bsi);
        assert!(!report.falls_short, "{}", report.text());
        let unknown = report.fields.iter().find(|known| known.field == field).unwrap();
        assert_eq!((unknown.declared_unknown, unknown.findings[0].found.as_str()), (1, value));
    }
    let mut document = cyclonedx();
    document["components"][1]["manufacturer"] = json!({ "name": "unknown" });
    assert!(!report(&document, Profile::Bsi).falls_short);
}

#[test]
fn what_is_due_only_where_it_exists_is_not_missed() {
    for place in [
        "/serialNumber",
        "/components/0/purl",
        "/components/0/externalReferences/1",
        "/components/0/licenses/1",
    ] {
        let mut document = cyclonedx();
        *document.pointer_mut(place).unwrap() = Value::Null;
        assert!(!report(&document, Profile::Bsi).falls_short, "without {place}");
    }
    let mut document = cyclonedx();
    document["serialNumber"] = "no urn".into();
    assert!(report(&document, Profile::Bsi).falls_short, "what is there is right");
}
