//! SPDX 3.0.1 as JSON-LD: a graph of elements, with each field of BSI TR-03183-2 where its section 8.2 looks for it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::element::{self, Element, Elements, File, IMAGE, Purpose, line, short};
use super::lift::UNKNOWN_LICENCE;
use super::maker::{Maker, UNKNOWN};
use super::{SbomSubject, Spdx, serial};
use crate::model::{Algorithm, Instant};

const CONTEXT: &str = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";

/// The blank node of the creation information, which all elements share.
const CREATION: &str = "_:creation";

/// The individual that stands for what nobody knows.
const NO_ASSERTION: &str = "https://spdx.org/rdf/3.0.1/terms/Core/NoAssertionElement";

/// Elements under construction, by key.
struct Graph {
    namespace: String,
    elements: BTreeMap<String, Value>,
}

impl Graph {
    fn id(&self, key: &str) -> String {
        format!("{}#{key}", self.namespace)
    }

    /// Adds an element once and returns its identity.
    fn add(&mut self, kind: &str, key: &str, mut element: Value) -> String {
        let id = self.id(key);
        element["type"] = kind.into();
        element["spdxId"] = id.as_str().into();
        element["creationInfo"] = CREATION.into();
        self.elements.insert(key.to_owned(), element);
        id
    }

    /// Adds a relationship; there is one of each kind from one element.
    fn relate(&mut self, from: &str, kind: &str, to: &[String], completeness: Option<&str>) {
        let mut relationship = json!({"from": self.id(from), "relationshipType": kind, "to": to});
        if let Some(completeness) = completeness {
            relationship["completeness"] = completeness.into();
        }
        self.add("Relationship", &format!("{from}-{kind}"), relationship);
    }
}

/// Returns the document.
pub(super) fn document(
    image: &SbomSubject,
    elements: &Elements,
    at: Option<Instant>,
    tool_version: &str,
) -> Value {
    let version = Spdx::V3_0_1.number();
    let namespace = serial::of(image, &format!("SPDX-{version}"), tool_version);
    let mut graph = Graph { namespace, elements: BTreeMap::new() };
    for of in &elements.all {
        package(&mut graph, of);
        licences(&mut graph, elements, of);
        needs(&mut graph, elements, of);
    }
    let listed: Vec<String> = graph.elements.keys().map(|key| graph.id(key)).collect();
    collections(&mut graph, image, &listed);
    let agent = agent(&mut graph, Maker::of(image.creator.as_deref()));
    let tool = graph.add("Tool", "tool", json!({"name": format!("fondaco {tool_version}")}));
    let creation = json!({
        "type": "CreationInfo",
        "@id": CREATION,
        "specVersion": version,
        "created": element::created(at),
        "createdBy": [agent],
        "createdUsing": [tool],
    });
    let all: Vec<Value> = std::iter::once(creation).chain(graph.elements.into_values()).collect();
    json!({"@context": CONTEXT, "@graph": all})
}

/// Adds the document and the SBOM in it.
fn collections(graph: &mut Graph, image: &SbomSubject, listed: &[String]) {
    // Extensions are used, too, but the released context reads that word as the property of that name.
    let profiles = ["core", "software", "simpleLicensing"];
    let name = line(&format!("{}@{}", image.repository, image.digest));
    let sbom = json!({
        "name": name,
        "software_sbomType": ["analyzed"],
        "rootElement": [graph.id(IMAGE)],
        "element": listed,
        "profileConformance": profiles,
    });
    let sbom = graph.add("software_Sbom", "sbom", sbom);
    let licence = json!({"simplelicensing_licenseExpression": "CC0-1.0"});
    let licence = graph.add("simplelicensing_LicenseExpression", "data-licence", licence);
    let document = json!({
        "name": name,
        "dataLicense": licence,
        "rootElement": [sbom],
        "profileConformance": profiles,
    });
    graph.add("SpdxDocument", "document", document);
}

fn package(graph: &mut Graph, of: &Element) {
    let agent = agent(graph, of.maker.or_page(of.website.as_deref()));
    let mut package = json!({
        "name": of.name,
        "software_packageVersion": of.version.as_deref().unwrap_or(UNKNOWN),
        "software_primaryPurpose": purpose(of.purpose),
        "originatedBy": [agent],
    });
    // Who made it is also who is behind it: where else it was had from, nothing in an image tells.
    if of.maker != Maker::Unknown {
        package["suppliedBy"] = agent.into();
    }
    let optional = [
        ("software_packageUrl", &of.purl),
        ("software_homePage", &of.website),
        ("description", &of.description),
        ("software_sourceInfo", &of.built_from),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            package[name] = value.as_str().into();
        }
    }
    let identifiers = identifiers(of);
    if !identifiers.is_empty() {
        package["externalIdentifier"] = identifiers.into();
    }
    if let Some(url) = &of.source {
        package["externalRef"] = json!([reference("sourceArtifact", url)]);
    }
    if !of.properties.is_empty() {
        package["extension"] = json!([extension(of)]);
    }
    graph.add("software_Package", &of.key, package);
    if let Some(file) = &of.file {
        let file = self::file(graph, &format!("{}-file", of.key), file);
        graph.relate(&of.key, "hasDistributionArtifact", &[file], None);
    }
}

/// Adds a file that is a component in the form in which it is deployed.
fn file(graph: &mut Graph, key: &str, of: &File) -> String {
    let hash = |(algorithm, value): &(Algorithm, String)| json!({"type": "Hash", "algorithm": algorithm.name(), "hashValue": value});
    let purposes = [("executable", of.is_executable), ("archive", of.is_archive)];
    // `container` is BSI's word for a structured file (TR-03183-2, 8.2.2).
    let purposes = purposes.iter().filter(|(_, holds)| *holds).map(|(word, _)| *word).chain(["container"]);
    let mut file = json!({
        "name": of.name,
        "software_primaryPurpose": "file",
        "software_additionalPurpose": purposes.collect::<Vec<_>>(),
        "externalRef": [reference("binaryArtifact", &of.uri)],
    });
    if !of.hashes.is_empty() {
        file["verifiedUsing"] = of.hashes.iter().map(hash).collect();
    }
    graph.add("software_File", key, file)
}

fn reference(kind: &str, locator: &str) -> Value {
    json!({"type": "ExternalRef", "externalRefType": kind, "locator": [locator]})
}

fn identifiers(of: &Element) -> Vec<Value> {
    let purl = of.purl.iter().map(|purl| identifier("packageUrl", purl));
    purl.chain(of.cpes.iter().map(|cpe| identifier("cpe23", cpe))).collect()
}

fn identifier(kind: &str, text: &str) -> Value {
    json!({"type": "ExternalIdentifier", "externalIdentifierType": kind, "identifier": text})
}

/// Returns what found the component, in the model's own place for properties of CycloneDX.
fn extension(of: &Element) -> Value {
    let property = |(name, value): &(String, String)| {
        json!({
            "type": "extension_CdxPropertyEntry",
            "extension_cdxPropName": name,
            "extension_cdxPropValue": value,
        })
    };
    let properties: Vec<Value> = of.properties.iter().map(property).collect();
    json!({"type": "extension_CdxPropertiesExtension", "extension_cdxProperty": properties})
}

/// Adds a maker once and returns its identity. Whether it is a person is not told; CycloneDX has organisations, too.
fn agent(graph: &mut Graph, maker: Maker) -> String {
    let (name, kind, address) = match maker {
        Maker::Unknown => return graph.add("Agent", "agent-unknown", json!({"name": UNKNOWN})),
        Maker::Url { name, url } => (name, "urlScheme", Some(url)),
        Maker::Address { name, email } => (name, "email", Some(email)),
        Maker::Name(name) => (Some(name), "", None),
    };
    let name = name.map(line).filter(|name| !name.is_empty());
    let name = name.as_deref().or(address).unwrap_or(UNKNOWN);
    let mut agent = json!({"name": name});
    if let Some(address) = address {
        agent["externalIdentifier"] = json!([identifier(kind, address)]);
    }
    let key = format!("agent-{}", short(&format!("{name}\n{}", address.unwrap_or_default())));
    graph.add("Organization", &key, agent)
}

const fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Container => "container",
        Purpose::OperatingSystem => "operatingSystem",
        Purpose::Application => "application",
        Purpose::Library => "library",
    }
}

/// Adds the licences: what is declared is what the component is passed on under, and a reference stands for what nobody
/// knows, because BSI takes no `NOASSERTION` (TR-03183-2, 6.1).
fn licences(graph: &mut Graph, elements: &Elements, of: &Element) {
    let expression = of.licence.as_deref().unwrap_or(UNKNOWN_LICENCE);
    let key = format!("licence-{}", short(expression));
    if !graph.elements.contains_key(&key) {
        let texts: Vec<Value> = element::references(expression)
            .into_iter()
            .map(|reference| {
                let text = element::licence_text(elements, reference);
                let key = format!("licence-text-{}", short(reference));
                let text = json!({"name": reference, "simplelicensing_licenseText": text});
                let id = graph.add("simplelicensing_SimpleLicensingText", &key, text);
                json!({"type": "DictionaryEntry", "key": reference, "value": id})
            })
            .collect();
        let mut licence = json!({"simplelicensing_licenseExpression": expression});
        if !texts.is_empty() {
            licence["simplelicensing_customIdToUri"] = texts.into();
        }
        graph.add("simplelicensing_LicenseExpression", &key, licence);
    }
    let licence = [graph.id(&key)];
    if of.licence.is_some() {
        graph.relate(&of.key, "hasDeclaredLicense", &licence, None);
    }
    graph.relate(&of.key, "hasConcludedLicense", &licence, None);
}

/// Adds what the image holds, which is more than is listed, and what an element needs, of which nobody knows whether it is
/// all.
fn needs(graph: &mut Graph, elements: &Elements, of: &Element) {
    if of.key == IMAGE {
        let held = elements.all.iter().filter(|of| of.key != IMAGE).map(|of| graph.id(&of.key));
        let held = or_unknown(held.collect());
        return graph.relate(IMAGE, "contains", &held, Some("incomplete"));
    }
    let needs = or_unknown(of.needs.iter().map(|key| graph.id(key)).collect());
    graph.relate(&of.key, "dependsOn", &needs, Some("noAssertion"));
}

/// Returns the identities, or what stands for those that nobody knows: a relationship leads somewhere.
fn or_unknown(mut identities: Vec<String>) -> Vec<String> {
    if identities.is_empty() {
        identities.push(NO_ASSERTION.to_owned());
    }
    identities
}
