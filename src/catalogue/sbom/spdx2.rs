//! SPDX 2.3 as JSON.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::element::{self, Element, Elements, IMAGE, Purpose, line};
use super::maker::Maker;
use super::{SbomSubject, Spdx, serial};
use crate::model::{Algorithm, Instant};

/// What the format writes where nothing is known (section 7 throughout).
const NOASSERTION: &str = "NOASSERTION";

const DOCUMENT: &str = "SPDXRef-DOCUMENT";

/// When in the life of the image the document is made, and how much it lists: the format has no other place for it.
const COMMENT: &str = "Analysed from the image after it was built. Packages and known files are listed, and nothing \
    else that the image holds; what a package needs is known as far as its records tell and the image holds it.";

/// Returns the document.
pub(super) fn document(
    image: &SbomSubject,
    elements: &Elements,
    at: Option<Instant>,
    tool_version: &str,
) -> Value {
    let mut creators = vec![format!("Tool: fondaco-{tool_version}")];
    let creator = Maker::of(image.creator.as_deref());
    creators.extend((creator != Maker::Unknown).then(|| agent(creator)));
    let format = format!("SPDX-{}", Spdx::V2_3.number());
    let mut document = json!({
        "SPDXID": DOCUMENT,
        "spdxVersion": format,
        "dataLicense": "CC0-1.0",
        "name": line(&format!("{}@{}", image.repository, image.digest)),
        "documentNamespace": serial::of(image, &format, tool_version),
        "creationInfo": {"created": element::created(at), "creators": creators, "comment": COMMENT},
        "documentDescribes": [id(IMAGE)],
        "packages": elements.all.iter().map(package).collect::<Vec<_>>(),
        "relationships": relationships(elements),
    });
    let licences = licences(elements);
    if !licences.is_empty() {
        document["hasExtractedLicensingInfos"] = licences.into();
    }
    document
}

fn id(key: &str) -> String {
    format!("SPDXRef-{key}")
}

fn package(of: &Element) -> Value {
    let licence = of.licence.as_deref().unwrap_or(NOASSERTION);
    // Who made it is also who is behind it (section 7.5): where else it was had from, nothing in an image tells.
    let agent = agent(of.maker);
    let mut package = json!({
        "SPDXID": id(&of.key),
        "name": of.name,
        "versionInfo": of.version.as_deref().unwrap_or(NOASSERTION),
        "primaryPackagePurpose": purpose(of.purpose),
        "supplier": agent,
        "originator": agent,
        "downloadLocation": NOASSERTION,
        "filesAnalyzed": false,
        "licenseConcluded": licence,
        "licenseDeclared": licence,
        "copyrightText": NOASSERTION,
    });
    if let Some(file) = &of.file {
        package["packageFileName"] = file.name.as_str().into();
        let hashes = file
            .hashes
            .iter()
            .map(|(algorithm, value)| json!({"algorithm": checksum(*algorithm), "checksumValue": value}));
        package["checksums"] = hashes.collect();
    }
    let remarks: Vec<String> = of.properties.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let optional = [
        ("homepage", of.website.clone()),
        ("sourceInfo", source(of)),
        ("description", of.description.clone()),
        ("comment", (!remarks.is_empty()).then(|| remarks.join("\n"))),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            package[name] = value.into();
        }
    }
    let references = external_references(of);
    if !references.is_empty() {
        package["externalRefs"] = references.into();
    }
    package
}

/// Returns where the package comes from (section 7.12): its source package in the words that Trivy 0.69 reads and writes,
/// else the address of its source.
fn source(of: &Element) -> Option<String> {
    let built = of.built_from.as_ref().map(|source| format!("built package from: {source}"));
    built.or_else(|| of.source.as_ref().map(|url| format!("Source: {url}")))
}

/// Returns a maker as section 6.8 writes one. Whether it is a person is not told; CycloneDX has organisations, too.
fn agent(maker: Maker) -> String {
    match maker {
        Maker::Unknown => NOASSERTION.to_owned(),
        Maker::Url { name: None, url } => format!("Organization: {url}"),
        Maker::Address { name, email } => {
            let name = name.map(line).filter(|name| !name.is_empty());
            format!("Organization: {} ({email})", name.as_deref().unwrap_or(email))
        }
        Maker::Url { name: Some(name), .. } | Maker::Name(name) => {
            let name = line(name);
            // What stands in parentheses at the end would be read as an address.
            let end = if name.ends_with(')') { " ()" } else { "" };
            format!("Organization: {name}{end}")
        }
    }
}

/// Returns the word of the JSON schema, which has an underscore where the text of section 7.24 has a hyphen.
const fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Container => "CONTAINER",
        Purpose::OperatingSystem => "OPERATING_SYSTEM",
        Purpose::Application => "APPLICATION",
        Purpose::Library => "LIBRARY",
    }
}

const fn checksum(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Sha256 => "SHA256",
        Algorithm::Sha512 => "SHA512",
    }
}

fn external_references(of: &Element) -> Vec<Value> {
    let reference = |category: &str, kind: &str, locator: &str| json!({"referenceCategory": category, "referenceType": kind, "referenceLocator": locator});
    let purl = of.purl.iter().map(|purl| reference("PACKAGE-MANAGER", "purl", purl));
    purl.chain(of.cpes.iter().map(|cpe| reference("SECURITY", "cpe23Type", cpe))).collect()
}

/// Returns what the image holds and who needs whom. `NOASSERTION` beside what is known says that there may be more
/// (section 11.1).
fn relationships(elements: &Elements) -> Vec<Value> {
    let relationship = |from: &str, kind: &str, to: &str| json!({"spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to});
    let image = id(IMAGE);
    let mut all = vec![relationship(DOCUMENT, "DESCRIBES", &image)];
    let held = elements.all.iter().filter(|of| of.key != IMAGE);
    all.extend(held.clone().map(|of| relationship(&image, "CONTAINS", &id(&of.key))));
    all.push(relationship(&image, "CONTAINS", NOASSERTION));
    for of in held {
        let from = id(&of.key);
        all.extend(of.needs.iter().map(|key| relationship(&from, "DEPENDS_ON", &id(key))));
        all.push(relationship(&from, "DEPENDS_ON", NOASSERTION));
    }
    all
}

/// Returns the licences outside of SPDX's list, each once.
fn licences(elements: &Elements) -> Vec<Value> {
    let expressions = elements.all.iter().filter_map(|of| of.licence.as_deref());
    let references: BTreeSet<&str> = expressions.flat_map(element::references).collect();
    let licence = |reference: &&str| json!({"licenseId": reference, "extractedText": element::licence_text(elements, reference)});
    references.iter().map(licence).collect()
}
