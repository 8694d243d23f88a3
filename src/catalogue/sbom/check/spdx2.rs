//! SPDX 2.x JSON as a [`Document`]. BSI TR-03183-2 v2.1.0 refuses the format and so has no table for it; the readings
//! here are those of SPDX 2.3 that come nearest, and the older guideline's where it had one.

use super::{
    CheckError,
    document::{
        Component, Document, Format, Hash, HashOf, Identifier, IdentifierKind, Licence, Party, Role, Shape,
        by_reference, classify, reach,
    },
    limit,
    node::{Node, Text},
    words,
};

const SUPPLIER: &str = "from `supplier`, who may only pass it on: `originator` is who made it";
const SOURCE_INFO: &str = "from `sourceInfo`, which SPDX has for remarks";

/// Relationship types by which one element needs or contains another, and those that say it the other way round.
const FORWARD: [&str; 5] = ["DEPENDS_ON", "CONTAINS", "HAS_PREREQUISITE", "DYNAMIC_LINK", "STATIC_LINK"];
const BACKWARD: [&str; 12] = [
    "DEPENDENCY_OF",
    "CONTAINED_BY",
    "PREREQUISITE_FOR",
    "BUILD_DEPENDENCY_OF",
    "DEV_DEPENDENCY_OF",
    "OPTIONAL_DEPENDENCY_OF",
    "PROVIDED_DEPENDENCY_OF",
    "RUNTIME_DEPENDENCY_OF",
    "TEST_DEPENDENCY_OF",
    "DEPENDENCY_MANIFEST_OF",
    "OPTIONAL_COMPONENT_OF",
    "PACKAGE_OF",
];

pub(super) fn read(root: &Node) -> Result<Document, CheckError> {
    let creation = root.get("creationInfo");
    let creators = creation.as_ref().map(|info| info.texts("creators")).unwrap_or_default();
    let (tools, people): (Vec<Text>, Vec<Text>) =
        creators.into_iter().partition(|text| text.value.starts_with("Tool:"));
    let packages = root.items("packages");
    limit(packages.len())?;
    let (mut components, shapes): (Vec<Component>, Vec<Shape>) = packages.iter().map(package).unzip();
    let relationships = root.items("relationships");
    distribute(root, &relationships, &mut components);
    let version = root
        .text("spdxVersion")
        .map(|text| Text { value: text.value.trim_start_matches("SPDX-").to_owned(), ..text });
    let mut document = Document {
        format: Format::Spdx2,
        creation: creation.as_ref().map(|info| info.pointer.clone()).unwrap_or_default(),
        version,
        uri: root.text("documentNamespace"),
        timestamp: creation.as_ref().and_then(|info| info.text("created")),
        creators: people.iter().filter_map(|text| party(text, None)).collect(),
        tools: tools.into_iter().map(tool).collect(),
        phases: vec![],
        primary: None,
        broken: vec![],
        vulnerability: None,
        components,
        reached: vec![],
    };
    relate(root, &relationships, &mut document);
    classify(&mut document, &shapes);
    reach(&mut document);
    Ok(document)
}

fn tool(text: Text) -> Text {
    Text { value: text.value.trim_start_matches("Tool:").trim().to_owned(), ..text }
}

/// Reads `Organization: Acme, Inc. (contact@acme.example)`. `NOASSERTION` is a party whose name is not known.
fn party(text: &Text, aside: Option<&'static str>) -> Option<Party> {
    let part = |value: &str| Text { value: value.trim().to_owned(), ..text.clone() };
    if text.value == "NOASSERTION" {
        return Some(Party {
            pointer: text.pointer.clone(),
            name: Some(part("NOASSERTION")),
            aside,
            ..Party::default()
        });
    }
    let (_, rest) =
        text.value.split_once(':').filter(|(kind, _)| matches!(*kind, "Person" | "Organization"))?;
    let (name, contact) = match rest.trim().strip_suffix(')').and_then(|rest| rest.rsplit_once('(')) {
        Some((name, contact)) => (name, contact.trim()),
        None => (rest, ""),
    };
    let named = !name.trim().is_empty();
    let mut found =
        Party { pointer: text.pointer.clone(), name: named.then(|| part(name)), aside, ..Party::default() };
    match contact {
        "" => {}
        url if url.contains("://") => found.urls.push(part(url)),
        email => found.emails.push(part(email)),
    }
    Some(found)
}

fn asserted(text: Option<Text>) -> Option<Text> {
    text.filter(|text| !matches!(text.value.as_str(), "NONE" | "NOASSERTION"))
}

fn package(node: &Node) -> (Component, Shape) {
    let role = |key: &str, role| node.text(key).map(|text| Licence { role, text });
    let originator = || node.text("originator").and_then(|text| party(&text, None));
    let supplier = |aside| node.text("supplier").and_then(|text| party(&text, aside));
    let web = |text: &Text| text.value.split_whitespace().any(words::is_uri);
    let source = node.text("sourceInfo").filter(web).map(|text| {
        let url =
            text.value.split_whitespace().find(|word| words::is_uri(word)).unwrap_or_default().to_owned();
        Text { value: url, ..text }.with_aside(Some(SOURCE_INFO))
    });
    let component = Component {
        pointer: node.pointer.clone(),
        reference: node.str("SPDXID").map(str::to_owned),
        name: node.text("name"),
        version: node.text("versionInfo"),
        creators: originator().into_iter().chain(supplier(Some(SUPPLIER))).collect(),
        suppliers: supplier(None).into_iter().chain(originator()).collect(),
        licences: role("licenseConcluded", Role::Concluded)
            .into_iter()
            .chain(role("licenseDeclared", Role::Declared))
            .collect(),
        source_uris: source.into_iter().collect(),
        distribution_uris: asserted(node.text("downloadLocation")).into_iter().collect(),
        identifiers: node.items("externalRefs").iter().filter_map(identifier).collect(),
        hashes: hashes(node, HashOf::Component),
        ..Component::default()
    };
    let word = node.str("primaryPackagePurpose").unwrap_or_default().to_ascii_lowercase();
    (component, Shape { word, of_file: false })
}

fn identifier(reference: &Node) -> Option<Identifier> {
    let text = reference.text("referenceLocator")?;
    let kind = match reference.str("referenceType")? {
        "purl" => IdentifierKind::Purl,
        "cpe22Type" | "cpe23Type" => IdentifierKind::Cpe,
        "swid" | "swh" | "gitoid" => IdentifierKind::Other,
        _ => return None,
    };
    Some(Identifier { kind, text })
}

fn hashes(node: &Node, of: HashOf) -> Vec<Hash> {
    let read = |checksum: &Node| {
        Some(Hash {
            of,
            algorithm: checksum.str("algorithm")?.to_owned(),
            text: checksum.text("checksumValue")?,
        })
    };
    node.items("checksums").iter().filter_map(read).collect()
}

/// Gives a package the name and hashes of the file that a `DISTRIBUTION_ARTIFACT` relationship names.
fn distribute(root: &Node, relationships: &[Node], components: &mut [Component]) {
    let known = by_reference(components);
    let files = root.items("files");
    let by_id: std::collections::HashMap<&str, &Node> =
        files.iter().filter_map(|file| Some((file.str("SPDXID")?, file))).collect();
    for relationship in relationships {
        if relationship.str("relationshipType") != Some("DISTRIBUTION_ARTIFACT") {
            continue;
        }
        let (Some(from), Some(to)) =
            (relationship.str("spdxElementId"), relationship.str("relatedSpdxElement"))
        else {
            continue;
        };
        let (Some(index), Some(file)) = (known.get(from), by_id.get(to)) else { continue };
        let component = &mut components[*index];
        component.filenames.extend(file.text("fileName"));
        component.hashes.extend(hashes(file, HashOf::Distribution));
    }
}

fn relate(root: &Node, relationships: &[Node], document: &mut Document) {
    let known = by_reference(&document.components);
    let files = root.items("files");
    let files: std::collections::HashSet<&str> = files.iter().filter_map(|file| file.str("SPDXID")).collect();
    let about = |id: &str| known.get(id).copied();
    document.primary = root.texts("documentDescribes").iter().find_map(|text| about(&text.value));
    for relationship in relationships {
        let (Some(kind), Some(from), Some(to)) = (
            relationship.str("relationshipType"),
            relationship.text("spdxElementId"),
            relationship.text("relatedSpdxElement"),
        ) else {
            continue;
        };
        let (from, to) = match kind {
            kind if FORWARD.contains(&kind) => (from, to),
            kind if BACKWARD.contains(&kind) => (to, from),
            "DESCRIBES" => {
                document.primary = document.primary.or(about(&to.value));
                continue;
            }
            "DESCRIBED_BY" => {
                document.primary = document.primary.or(about(&from.value));
                continue;
            }
            _ => continue,
        };
        let outside = |id: &str| {
            matches!(id, "NONE" | "NOASSERTION" | "SPDXRef-DOCUMENT")
                || id.starts_with("DocumentRef-")
                || files.contains(id)
        };
        let target = about(&to.value);
        match about(&from.value) {
            Some(source) => state(&mut document.components[source], &to, target),
            None if !outside(&from.value) => document.broken.push(from),
            None => {}
        }
        if target.is_none() && !outside(&to.value) {
            document.broken.push(to);
        }
    }
}

/// Notes a relationship. The format has no word for completeness but for nothing at all and for what nobody knows.
fn state(component: &mut Component, to: &Text, target: Option<usize>) {
    component.stated = true;
    component.needs.extend(target);
    let word = match to.value.as_str() {
        "NONE" => "complete",
        "NOASSERTION" => "unknown",
        _ => return,
    };
    component.completeness.add(Text { value: word.into(), ..to.clone() });
}
