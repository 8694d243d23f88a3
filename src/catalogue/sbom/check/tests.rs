//! The BSI corpus replayed, and small documents whose judgement follows from the standards' own words.

mod corpus;
mod hostile;
mod whole;

use serde_json::{Value, json};

use super::*;
use field::Verdict;

/// Returns the judgements of one field, by component.
pub(super) fn judged(document: &Document, profile: Profile, field: &str) -> Vec<(Option<usize>, Verdict)> {
    let field = profile.fields().iter().find(|known| known.name == field);
    field.unwrap_or_else(|| panic!("no field of this name in {}", profile.standard())).judge(document)
}

pub(super) fn outcomes(value: &Value, profile: Profile, field: &str) -> Vec<Outcome> {
    let document = read(value.to_string().as_bytes()).unwrap();
    judged(&document, profile, field).into_iter().map(|(_, verdict)| verdict.outcome).collect()
}

fn cyclonedx(component: &Value) -> Value {
    json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "components": [component] })
}

#[test]
fn components_are_due_what_their_kind_is_due() {
    use ComponentKind::{External, File, Logical, Other};
    let filename = json!([{ "name": "bsi:component:filename", "value": "a.deb" }]);
    let cases = [
        (json!({ "type": "library", "name": "a" }), "application", File),
        (json!({ "type": "library", "name": "a", "purl": "pkg:npm/a@1" }), "application", File),
        (json!({ "type": "library", "name": "a", "purl": "pkg:npm/a@1" }), "container", Logical),
        (json!({ "type": "library", "name": "a", "purl": "pkg:deb/debian/a@1" }), "application", Logical),
        (
            json!({ "type": "library", "name": "a", "purl": "pkg:deb/debian/a@1", "properties": filename }),
            "container",
            File,
        ),
        (json!({ "type": "operating-system", "name": "debian" }), "container", Logical),
        (json!({ "type": "file", "name": "/etc/passwd" }), "container", Other),
        (json!({ "type": "library", "name": "libc", "isExternal": true }), "application", External),
    ];
    for (component, primary, kind) in cases {
        let mut document = cyclonedx(&component);
        document["metadata"] = json!({ "component": { "type": primary, "name": "it" } });
        let read = read(document.to_string().as_bytes()).unwrap();
        assert_eq!(read.components[1].kind(), kind, "{component} in {primary}");
        assert_eq!(read.components[0].kind(), File, "the container itself is an archive");
    }
}

#[test]
fn unknown_is_apart_from_missing_and_from_what_no_file_shows() {
    use Outcome::{DeclaredUnknown, FallsShort, Met, NotJudged};
    let document = |aggregate: &str| {
        json!({
            "bomFormat": "CycloneDX", "specVersion": "1.6",
            "metadata": { "component": { "type": "application", "name": "a", "bom-ref": "a" } },
            "dependencies": [{ "ref": "a" }],
            "compositions": [{ "aggregate": aggregate, "dependencies": ["a"] }],
        })
    };
    let cases = [
        ("complete", Met),
        ("incomplete", Met),
        ("incomplete_third_party_only", Met),
        ("unknown", DeclaredUnknown),
        ("not_specified", FallsShort),
    ];
    for (aggregate, outcome) in cases {
        let found = outcomes(&document(aggregate), Profile::Bsi, "dependency-completeness");
        assert_eq!(found, [outcome], "{aggregate}");
    }
    let none = |field| outcomes(&document("complete"), Profile::Bsi, field);
    assert_eq!(none("source-code-uri"), [NotJudged]);
    assert_eq!(none("component-creator"), [FallsShort]);
    let report = check(document("unknown").to_string().as_bytes(), Profile::Bsi).unwrap();
    assert!(report.text().contains("declared unknown in 1 of 1"), "{}", report.text());
}

#[test]
fn taxonomy_properties_stand_once_and_have_two_values_each() {
    use Outcome::{FallsShort, Met};
    let cases: [(&[&str], Outcome); 6] = [
        (&["executable"], Met),
        (&["non-executable"], Met),
        (&["true"], FallsShort),
        (&["Executable"], FallsShort),
        (&["executable", "executable"], FallsShort),
        (&[], FallsShort),
    ];
    for (values, outcome) in cases {
        let mut properties: Vec<Value> = values
            .iter()
            .map(|value| json!({ "name": "bsi:component:executable", "value": value }))
            .collect();
        properties.push(json!({ "name": "bsi:component:filename", "value": "dir/a.jar" }));
        let document = cyclonedx(&json!({ "type": "library", "name": "a", "properties": properties }));
        assert_eq!(outcomes(&document, Profile::Bsi, "executable"), [outcome], "{values:?}");
        assert_eq!(outcomes(&document, Profile::Bsi, "filename"), [FallsShort], "a path is no filename");
    }
}

#[test]
fn findings_say_where_what_and_of_which_component() {
    let document = cyclonedx(&json!({
        "type": "library", "name": "acme", "bom-ref": "comp-1", "version": "1",
        "licenses": [{ "license": { "id": "MIT" } }, { "license": { "id": "Apache-9999" } }],
    }));
    let report = check(document.to_string().as_bytes(), Profile::Bsi).unwrap();
    let field = report.fields.iter().find(|field| field.field == "licence-identifiers").unwrap();
    let finding = &field.findings[0];
    assert_eq!(finding.pointer, "/components/0/licenses/1/license/id");
    assert_eq!((finding.component.as_deref(), finding.reference.as_deref()), (Some("acme"), Some("comp-1")));
    assert_eq!((finding.found.as_str(), finding.outcome), ("Apache-9999", Outcome::FallsShort));
    let at = document.pointer(&finding.pointer).and_then(Value::as_str);
    assert_eq!(at, Some("Apache-9999"));
    assert!(report.falls_short);
    let text = report.text();
    assert!(text.contains("acme (comp-1) at /components/0/licenses/1/license/id `Apache-9999`"), "{text}");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["profile"], "bsi");
    assert_eq!(json["format"], "CycloneDX");
    assert_eq!(json["fields"][0]["level"], "must");
}

#[test]
fn older_and_newer_cyclonedx_is_read() {
    use Outcome::{FallsShort, Met};
    for (version, outcome) in
        [("1.4", FallsShort), ("1.5", FallsShort), ("1.6", Met), ("1.7", Met), ("1.10", Met)]
    {
        let document = json!({
            "bomFormat": "CycloneDX", "specVersion": version,
            "metadata": { "tools": [{ "vendor": "acme", "name": "lister" }] },
        });
        assert_eq!(outcomes(&document, Profile::Bsi, "specification"), [outcome], "{version}");
        assert_eq!(outcomes(&document, Profile::Cisa2025, "tool-name"), [Met], "{version}");
    }
    // 1.7 has concluded and declared expressions side by side.
    let document = cyclonedx(&json!({ "type": "library", "name": "a", "licenses": [
        { "expression": "MIT OR Apache-2.0", "acknowledgement": "declared" },
        { "expression": "MIT", "acknowledgement": "concluded" },
    ]}));
    assert_eq!(outcomes(&document, Profile::Bsi, "distribution-licences"), [Met]);
    assert_eq!(outcomes(&document, Profile::Bsi, "original-licences"), [Met]);
}

#[test]
fn spdx_3_is_read_as_its_context_spells_it() {
    use Outcome::{DeclaredUnknown, FallsShort, Met};
    let document = json!({
        "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
        "@graph": [
            { "type": "CreationInfo", "@id": "_:c", "specVersion": "3.0.1", "created": "2026-01-31T12:00:00Z",
              "createdBy": ["https://a.example/me"], "createdUsing": ["https://a.example/tool"] },
            { "type": "Organization", "spdxId": "https://a.example/me", "name": "Acme", "creationInfo": "_:c",
              "externalIdentifier": [{ "type": "ExternalIdentifier", "externalIdentifierType": "email",
                                       "identifier": "sbom@a.example" }] },
            { "type": "Tool", "spdxId": "https://a.example/tool", "name": "lister", "creationInfo": "_:c" },
            { "type": "SpdxDocument", "spdxId": "https://a.example/doc", "creationInfo": "_:c",
              "rootElement": ["https://a.example/sbom"] },
            { "type": "software_Sbom", "spdxId": "https://a.example/sbom", "creationInfo": "_:c",
              "software_sbomType": ["analyzed"], "rootElement": ["https://a.example/app"] },
            { "type": "software_Package", "spdxId": "https://a.example/app", "name": "app",
              "software_packageVersion": "1", "originatedBy": ["https://a.example/me"],
              "externalIdentifier": [{ "type": "ExternalIdentifier", "externalIdentifierType": "packageUrl",
                                       "identifier": "pkg:generic/app@1" }] },
            { "type": "software_File", "spdxId": "https://a.example/file", "name": "app.jar",
              "software_primaryPurpose": "archive", "software_additionalPurpose": ["executable"],
              "verifiedUsing": [{ "type": "Hash", "algorithm": "sha512", "hashValue": "0f".repeat(64) }] },
            { "type": "simplelicensing_LicenseExpression", "spdxId": "https://a.example/mit",
              "simplelicensing_licenseExpression": "MIT" },
            { "type": "Relationship", "relationshipType": "hasDistributionArtifact",
              "from": "https://a.example/app", "to": ["https://a.example/file"] },
            { "type": "Relationship", "relationshipType": "hasConcludedLicense",
              "from": "https://a.example/app", "to": ["https://a.example/mit"] },
            { "type": "Relationship", "relationshipType": "hasDeclaredLicense", "from": "https://a.example/app",
              "to": ["https://spdx.org/rdf/3.0.1/terms/ExpandedLicensing/NoAssertionLicense"] },
            { "type": "Relationship", "relationshipType": "dependsOn", "completeness": "noAssertion",
              "from": "https://a.example/app",
              "to": ["https://spdx.org/rdf/3.0.1/terms/Core/NoAssertionElement"] },
        ],
    });
    for (field, outcome) in [
        ("specification", Met),
        ("sbom-creator", Met),
        ("timestamp", Met),
        ("sbom-uri", Met),
        ("primary-component", Met),
        ("dependency-references", Met),
        ("component-creator", Met),
        ("filename", Met),
        ("deployable-hash", Met),
        ("executable", Met),
        ("archive", Met),
        ("distribution-licences", Met),
        // BSI takes no NOASSERTION.
        ("original-licences", FallsShort),
        ("other-identifiers", Met),
        ("dependencies", Met),
        ("dependency-completeness", DeclaredUnknown),
    ] {
        assert_eq!(outcomes(&document, Profile::Bsi, field), [outcome], "{field}");
    }
    assert_eq!(outcomes(&document, Profile::Cisa2025, "generation-context"), [Met]);
    let mut older = document;
    older["@graph"][0]["specVersion"] = "3.0.0".into();
    assert_eq!(outcomes(&older, Profile::Bsi, "specification"), [FallsShort]);
}

#[test]
fn ntia_and_cisa_ask_for_their_own_fields() {
    let document = json!({
        "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "documentNamespace": "https://a.example/1",
        "creationInfo": { "created": "2026-01-31T12:00:00Z", "creators": ["Tool: lister-1", "Organization: Acme"] },
        "packages": [
            { "SPDXID": "SPDXRef-a", "name": "a", "versionInfo": "1", "supplier": "Organization: Acme",
              "licenseDeclared": "NOASSERTION", "licenseConcluded": "MIT",
              "checksums": [{ "algorithm": "SHA256", "checksumValue": "0f".repeat(32) }],
              "externalRefs": [{ "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                                 "referenceLocator": "pkg:generic/a@1" }] },
            { "SPDXID": "SPDXRef-b", "name": "b", "versionInfo": "NOASSERTION", "supplier": "NOASSERTION",
              "licenseConcluded": "NOASSERTION" },
        ],
        "relationships": [
            { "spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-a" },
            { "spdxElementId": "SPDXRef-b", "relationshipType": "DEPENDENCY_OF", "relatedSpdxElement": "SPDXRef-a" },
        ],
    });
    let report = |profile| check(document.to_string().as_bytes(), profile).unwrap();
    let short = |report: &Report| -> Vec<&str> {
        report.fields.iter().filter(|field| field.falls_short > 0).map(|field| field.field).collect()
    };
    let unknown = |report: &Report| -> Vec<&str> {
        report.fields.iter().filter(|field| field.declared_unknown > 0).map(|field| field.field).collect()
    };
    let ntia = report(Profile::Ntia);
    assert_eq!(short(&ntia), [""; 0], "{}", ntia.text());
    assert_eq!(unknown(&ntia), ["supplier-name", "component-version"]);
    let cisa = report(Profile::Cisa2025);
    assert_eq!(short(&cisa), ["software-identifiers", "component-hash", "generation-context", "coverage"]);
    assert_eq!(unknown(&cisa), ["software-producer", "component-version", "license"]);
}

#[test]
fn who_supplies_the_software_is_no_author_of_the_sbom() {
    use Outcome::{FallsShort, Met, Noted};
    let maker = json!({ "name": "Acme", "contact": [{ "email": "sbom@acme.example" }] });
    for (key, author, contact) in
        [("manufacturer", Met, Met), ("supplier", FallsShort, Noted), ("manufacture", FallsShort, Noted)]
    {
        let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": { key: maker } });
        assert_eq!(outcomes(&document, Profile::Ntia, "sbom-author"), [author], "{key}");
        assert_eq!(outcomes(&document, Profile::Cisa2025, "sbom-author"), [author], "{key}");
        assert_eq!(outcomes(&document, Profile::Bsi, "sbom-creator"), [contact], "{key}");
    }
}
