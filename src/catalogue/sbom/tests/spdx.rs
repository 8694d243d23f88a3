//! Both versions of SPDX. Whether the documents are valid is also asked of SPDX's own tools, by `ci/sbom`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{packages, rich, subject};
use crate::catalogue::sbom::{Component, CycloneDx, SbomSubject, Spdx, check, cyclonedx, spdx};
use crate::catalogue::{Form, Place};
use crate::model::Digest;

const BOTH: [Spdx; 2] = [Spdx::V2_3, Spdx::V3_0_1];

fn bytes(version: Spdx, components: &[Component]) -> Vec<u8> {
    let at = "2026-11-21T08:00:00Z".parse().ok();
    spdx(version, &subject(), components, at, "0.1.0").unwrap()
}

fn document(version: Spdx, components: &[Component]) -> Value {
    serde_json::from_slice(&bytes(version, components)).unwrap()
}

/// Returns what a list of objects has under a key.
fn texts<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().filter_map(|one| one[key].as_str()).collect()
}

fn package<'a>(document: &'a Value, name: &str) -> &'a Value {
    let list = document.get("packages").or(document.get("@graph")).unwrap().as_array().unwrap();
    let is_package =
        |one: &&Value| one["name"] == name && one.get("type").is_none_or(|kind| kind == "software_Package");
    list.iter().find(is_package).unwrap_or_else(|| panic!("no package `{name}`"))
}

fn graph(document: &Value) -> &Vec<Value> {
    document["@graph"].as_array().unwrap()
}

/// Returns what relationships of a kind lead to from an element.
fn targets<'a>(document: &'a Value, from: &str, kind: &str) -> Vec<&'a str> {
    let of = |one: &&Value| one["from"] == from && one["relationshipType"] == kind;
    let relations = graph(document).iter().filter(of);
    relations.flat_map(|one| one["to"].as_array().unwrap()).filter_map(Value::as_str).collect()
}

/// Asserts rules of SPDX 2.3 that its JSON schema does not check: identifiers (section 7.2), references (11.1), licences
/// (10.1), makers (6.8).
fn assert_valid_2_3(document: &Value) {
    let identifiers = texts(&document["packages"], "SPDXID");
    let known: BTreeSet<&str> =
        identifiers.iter().copied().chain(["SPDXRef-DOCUMENT", "NOASSERTION"]).collect();
    assert_eq!(known.len(), identifiers.len() + 2, "an identifier is there twice");
    for id in identifiers {
        let rest = id.strip_prefix("SPDXRef-").unwrap();
        assert!(rest.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c)), "{id}");
    }
    for key in ["spdxElementId", "relatedSpdxElement"] {
        let broken: Vec<&str> = texts(&document["relationships"], key);
        assert!(broken.iter().all(|id| known.contains(id)), "{broken:?}");
    }
    let extracted = document.get("hasExtractedLicensingInfos").cloned().unwrap_or(json!([]));
    let extracted: BTreeSet<&str> = texts(&extracted, "licenseId").into_iter().collect();
    for one in document["packages"].as_array().unwrap() {
        for key in ["licenseConcluded", "licenseDeclared"] {
            let text = one[key].as_str().unwrap();
            let references = text.split([' ', '(', ')']).filter(|word| word.starts_with("LicenseRef-"));
            for reference in references {
                assert!(extracted.contains(reference), "{reference}");
            }
            assert!(text == "NOASSERTION" || ::spdx::Expression::parse(text).is_ok(), "{text}");
        }
        let pages = one.get("homepage").into_iter().filter_map(Value::as_str);
        assert!(pages.clone().all(|page| page.contains('.')), "{one}");
        for key in ["name", "versionInfo", "supplier", "originator"] {
            let text = one[key].as_str().unwrap();
            assert!(!text.is_empty() && !text.contains(char::is_control), "{key} {text:?}");
        }
        let maker = one["originator"].as_str().unwrap();
        assert!(maker == "NOASSERTION" || maker.starts_with("Organization: "), "{maker}");
    }
}

/// Asserts rules of SPDX 3.0.1: one identity each, no reference into nowhere, one document (Core, `SpdxDocument`).
fn assert_valid_3_0_1(document: &Value) {
    assert_eq!(document["@context"], "https://spdx.org/rdf/3.0.1/spdx-context.jsonld");
    let elements: Vec<&Value> = graph(document).iter().filter(|one| one["type"] != "CreationInfo").collect();
    let known: BTreeSet<&str> = elements.iter().map(|one| one["spdxId"].as_str().unwrap()).collect();
    assert_eq!(known.len(), elements.len(), "an identity is there twice");
    assert!(elements.iter().all(|one| one["creationInfo"] == "_:creation"));
    let documents = elements.iter().filter(|one| one["type"] == "SpdxDocument");
    assert_eq!(documents.count(), 1);
    let keys =
        ["from", "to", "rootElement", "element", "originatedBy", "suppliedBy", "createdBy", "createdUsing"];
    for one in graph(document) {
        let referred = keys.iter().filter_map(|key| one.get(key));
        for value in
            referred.flat_map(|value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]))
        {
            let id = value.as_str().unwrap();
            assert!(known.contains(id) || id.ends_with("/Core/NoAssertionElement"), "{id}");
        }
        for entry in one["simplelicensing_customIdToUri"].as_array().into_iter().flatten() {
            assert!(known.contains(entry["value"].as_str().unwrap()), "{entry}");
        }
    }
}

fn assert_valid(version: Spdx, document: &Value) {
    match version {
        Spdx::V2_3 => assert_valid_2_3(document),
        Spdx::V3_0_1 => assert_valid_3_0_1(document),
    }
}

#[test]
fn equal_facts_give_equal_bytes_in_any_order() {
    let mut turned = rich();
    turned.reverse();
    turned.push(turned[0].clone());
    for version in BOTH {
        assert_eq!(bytes(version, &turned), bytes(version, &rich()));
    }
    let namespace = |components: &[Component]| document(Spdx::V2_3, components)["documentNamespace"].clone();
    assert_eq!(namespace(&[]), namespace(&rich()));
    let sbom = graph(&document(Spdx::V3_0_1, &[])).clone();
    let sbom = sbom.iter().find(|one| one["type"] == "software_Sbom").unwrap()["spdxId"].clone();
    assert!(
        !sbom.as_str().unwrap().starts_with(namespace(&[]).as_str().unwrap()),
        "one namespace for two formats"
    );
}

#[test]
fn a_document_without_a_time_has_none_that_could_be_true() {
    let at = |version: Spdx| -> Value {
        serde_json::from_slice(&spdx(version, &subject(), &[], None, "0.1.0").unwrap()).unwrap()
    };
    assert_eq!(at(Spdx::V2_3)["creationInfo"]["created"], "1970-01-01T00:00:00Z");
    assert_eq!(graph(&at(Spdx::V3_0_1))[0]["created"], "1970-01-01T00:00:00Z");
}

#[test]
fn the_image_is_what_the_document_is_about() {
    let digest = Digest::sha256(b"manifest");
    let purl = format!(
        "pkg:oci/app@sha256:{}?arch=amd64&repository_url=registry.example%2Fteam%2Fapp",
        digest.hex()
    );
    let old = document(Spdx::V2_3, &packages());
    let image = package(&old, "registry.example/team/app");
    assert_eq!(old["documentDescribes"], json!(["SPDXRef-Image"]));
    assert_eq!(old["relationships"][0]["relationshipType"], "DESCRIBES");
    assert_eq!(old["relationships"][0]["relatedSpdxElement"], "SPDXRef-Image");
    assert_eq!(image["primaryPackagePurpose"], "CONTAINER");
    assert_eq!(image["versionInfo"], digest.to_string());
    assert_eq!(image["externalRefs"][0]["referenceLocator"], purl);
    let hashes = json!([
        {"algorithm": "SHA256", "checksumValue": digest.hex()},
        {"algorithm": "SHA512", "checksumValue": "01".repeat(64)},
    ]);
    assert_eq!(image["checksums"], hashes);
    assert_eq!(package(&old, "debian")["primaryPackagePurpose"], "OPERATING_SYSTEM");
    assert_eq!(package(&old, "debian")["versionInfo"], "12");
    // What Trivy looks for, to match packages of a distribution at all.
    assert_eq!(package(&old, "debian")["SPDXID"], "SPDXRef-OperatingSystem");
    assert_eq!(package(&old, "libgcc-s1")["sourceInfo"], "built package from: gcc-12 12.2.0-14");

    let new = document(Spdx::V3_0_1, &packages());
    let image = package(&new, "registry.example/team/app");
    let id = image["spdxId"].as_str().unwrap();
    let sbom = graph(&new).iter().find(|one| one["type"] == "software_Sbom").unwrap();
    assert_eq!((&sbom["rootElement"], &sbom["software_sbomType"]), (&json!([id]), &json!(["analyzed"])));
    assert_eq!(image["software_primaryPurpose"], "container");
    assert_eq!(image["software_packageUrl"], purl);
    assert_eq!(targets(&new, id, "contains").len(), packages().len() + 1);
    let held = graph(&new).iter().find(|one| one["relationshipType"] == "contains").unwrap();
    assert_eq!(held["completeness"], "incomplete");
}

#[test]
fn an_image_in_a_folder_has_no_repository_url() {
    let places = [
        ("oci:image", "oci:image@"),
        ("oci:/srv/Some layout", "oci:/srv/Some%20layout@"),
        ("/srv/layout", "oci:/srv/layout@"),
        ("oci-archive:a.tar", "oci-archive:a.tar@"),
        ("registry.example:5000/app", "oci://registry.example:5000/app@"),
    ];
    for (repository, start) in places {
        let folder = SbomSubject { repository: repository.into(), ..subject() };
        let bytes = spdx(Spdx::V3_0_1, &folder, &rich(), None, "0").unwrap();
        let report = check::check(&bytes, check::Profile::Bsi).unwrap();
        assert!(!report.falls_short, "{repository}: {}", report.text());
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        let uris = graph(&document).iter().filter_map(|one| one["externalRef"][0]["locator"][0].as_str());
        assert!(
            uris.clone().any(|uri| uri.starts_with(start)),
            "{repository}: {:?}",
            uris.collect::<Vec<_>>()
        );
    }
    let mut folder = subject();
    folder.repository = "oci:/srv/Some layout".into();
    let document: Value =
        serde_json::from_slice(&spdx(Spdx::V2_3, &folder, &[], None, "0").unwrap()).unwrap();
    let purl = &document["packages"][0]["externalRefs"][0]["referenceLocator"];
    let digest = Digest::sha256(b"manifest");
    assert_eq!(purl, &format!("pkg:oci/some%20layout@sha256:{}?arch=amd64", digest.hex()));
}

#[test]
fn components_say_what_is_known_of_them() {
    let old = document(Spdx::V2_3, &rich());
    let jar = package(&old, "org.example/a");
    assert_eq!(jar["originator"], "Organization: https://example.org/");
    assert_eq!(jar["sourceInfo"], "Source: https://example.org/a.git");
    assert_eq!(jar["checksums"], json!([{"algorithm": "SHA512", "checksumValue": "cd".repeat(64)}]));
    assert_eq!(package(&old, "org.example/b")["supplier"], "Organization: Jane (jane@example.org)");
    let app = package(&old, "example.com/app");
    assert_eq!(
        (&app["originator"], &app["licenseConcluded"]),
        (&json!("NOASSERTION"), &json!("NOASSERTION"))
    );
    assert_eq!(app["packageFileName"], "a pp#1");
    assert_eq!(app["externalRefs"][1]["referenceType"], "cpe23Type");
    assert_eq!(package(&old, "nameless")["versionInfo"], "NOASSERTION");
    assert_eq!(package(&old, "stdlib")["licenseDeclared"], "BSD-3-Clause");

    let new = document(Spdx::V3_0_1, &rich());
    let jar = package(&new, "org.example/a");
    let named = |id: &str| graph(&new).iter().find(|one| one["spdxId"] == id).unwrap();
    let maker = named(jar["originatedBy"][0].as_str().unwrap());
    assert_eq!((&maker["type"], &maker["name"]), (&json!("Organization"), &json!("https://example.org/")));
    assert_eq!(jar["externalRef"][0]["locator"], json!(["https://example.org/a.git"]));
    let file = named(targets(&new, jar["spdxId"].as_str().unwrap(), "hasDistributionArtifact")[0]);
    assert_eq!(file["software_additionalPurpose"], json!(["archive", "container"]));
    assert_eq!(file["verifiedUsing"][0]["hashValue"], "cd".repeat(64));
    let app = package(&new, "example.com/app");
    let file = named(targets(&new, app["spdxId"].as_str().unwrap(), "hasDistributionArtifact")[0]);
    assert_eq!(file["name"], "a pp#1");
    assert!(file["externalRef"][0]["locator"][0].as_str().unwrap().ends_with("#/usr/bin/a%20pp%231"));
    assert_eq!(app["externalIdentifier"][1]["externalIdentifierType"], "cpe23");
    assert!(app.get("suppliedBy").is_none());
    assert_eq!(named(app["originatedBy"][0].as_str().unwrap())["name"], "unknown");
}

#[test]
fn needs_lead_to_what_is_in_the_image_and_are_not_said_to_be_all() {
    let old = document(Spdx::V2_3, &rich());
    let app = package(&old, "example.com/app")["SPDXID"].as_str().unwrap();
    let needs: Vec<&Value> = old["relationships"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["spdxElementId"] == app)
        .map(|one| &one["relatedSpdxElement"])
        .collect();
    assert_eq!(needs, [&package(&old, "stdlib")["SPDXID"], &json!("NOASSERTION")]);

    let new = document(Spdx::V3_0_1, &rich());
    let id = |name: &str| package(&new, name)["spdxId"].as_str().unwrap();
    assert_eq!(targets(&new, id("example.com/app"), "dependsOn"), [id("stdlib")]);
    let leaf = targets(&new, id("stdlib"), "dependsOn");
    assert_eq!(leaf, ["https://spdx.org/rdf/3.0.1/terms/Core/NoAssertionElement"]);
    let depends = graph(&new).iter().filter(|one| one["relationshipType"] == "dependsOn");
    assert!(depends.clone().all(|one| one["completeness"] == "noAssertion"));
    assert_eq!(depends.count(), rich().len() + 1);
}

/// A reference is told with the words that it stands for, and one that came from elsewhere is told, too.
#[test]
fn every_licence_reference_has_a_text() {
    let mut components = packages();
    components[0].licences.insert("Some Licence, see file".into());
    components[1].licences.insert("LicenseRef-scancode-public-domain AND MIT".into());
    let old = document(Spdx::V2_3, &components);
    let licences = old["hasExtractedLicensingInfos"].as_array().unwrap();
    let texts: Vec<&str> = licences.iter().filter_map(|one| one["extractedText"].as_str()).collect();
    let own = "The image names LicenseRef-scancode-public-domain and does not tell its text.";
    assert_eq!(texts, ["Some Licence, see file", own]);
    assert_valid_2_3(&old);

    let new = document(Spdx::V3_0_1, &components);
    assert_valid_3_0_1(&new);
    let texts: BTreeSet<&str> =
        graph(&new).iter().filter_map(|one| one["simplelicensing_licenseText"].as_str()).collect();
    // The third is that of what declares no licence.
    assert_eq!(
        texts,
        BTreeSet::from(["Some Licence, see file", own, "Nothing in the image names a licence."])
    );
    let combined = "LicenseRef-scancode-public-domain AND MIT";
    let combined =
        graph(&new).iter().find(|one| one["simplelicensing_licenseExpression"] == combined).unwrap();
    assert_eq!(combined["simplelicensing_customIdToUri"][0]["key"], "LicenseRef-scancode-public-domain");
}

/// Names, makers, licences and paths made to break out of where they stand.
fn hostile() -> Vec<Component> {
    let long = "n".repeat(10_000);
    let words =
        ["a\"b\\", "a\u{1b}[2J\r\nb", "ä…\u{202e}é🦀", ")(<x>", long.as_str(), "-", "..", "SPDXRef-DOCUMENT"];
    let component = |(index, word): (usize, &&str)| {
        let mut package: crate::model::Package = "pkg:generic/x@1".parse().unwrap();
        (package.name, package.version) = ((*word).to_owned(), (*word).to_owned());
        let purl = package.purl().unwrap();
        let mut of = Component::bare(package, purl, "test", Form::Executable);
        of.places.insert(Place { path: format!("{word}/{word}"), inside: None, layer: index });
        of.sha512 = Some("ab".repeat(64));
        of.licences.insert((*word).to_owned());
        of.creator = Some(format!("{word} <{word}>"));
        of.source_url = Some((*word).to_owned());
        of.website = Some(format!("https://{word}"));
        of.cpes.insert(format!("cpe:2.3:a:{word}"));
        of
    };
    words.iter().enumerate().map(component).collect()
}

#[test]
fn hostile_words_give_valid_documents() {
    for version in [CycloneDx::V1_5, CycloneDx::V1_6, CycloneDx::V1_7] {
        cyclonedx(version, &subject(), &hostile(), None, "0.1.0").unwrap();
    }
    for version in BOTH {
        for components in [hostile(), rich(), packages(), vec![]] {
            let document = document(version, &components);
            assert_valid(version, &document);
            let list = document.get("packages").or(document.get("@graph")).unwrap().as_array().unwrap();
            let count = list
                .iter()
                .filter(|one| one.get("type").is_none_or(|kind| kind == "software_Package"))
                .count();
            let system = usize::from(!components.is_empty() || subject().system.is_some());
            assert_eq!(count, components.len() + 1 + system);
        }
    }
}

/// Returns the fields that fall short, and how often.
fn short(version: Spdx, profile: check::Profile) -> Vec<(&'static str, usize)> {
    let report = check::check(&bytes(version, &rich()), profile).unwrap();
    let short = report.fields.iter().filter(|field| field.falls_short > 0);
    short.map(|field| (field.field, field.falls_short)).collect()
}

#[test]
fn nothing_falls_short_but_what_is_declared_unknown() {
    assert_eq!(short(Spdx::V3_0_1, check::Profile::Bsi), []);
    for version in BOTH {
        assert_eq!(short(version, check::Profile::Ntia), []);
    }
    // What has no file has no hash, and no word says that of a hash. The distribution has no identifier.
    let installed = rich().iter().filter(|of| of.sha512.is_none()).count() + 1;
    let expected = [("software-identifiers", 1), ("component-hash", installed)];
    assert_eq!(short(Spdx::V3_0_1, check::Profile::Cisa2025), expected);
    let expected = [expected[0], expected[1], ("generation-context", 1)];
    assert_eq!(short(Spdx::V2_3, check::Profile::Cisa2025), expected);
}
