//! CycloneDX JSON, versions 1.4 to 1.7, as a [`Document`].
//!
//! Where BSI's table (TR-03183-2, section 8.2) names a key, that key counts; where a file keeps the same fact under a
//! neighbouring key, the fact counts and the value carries an aside that says so.

use std::collections::HashSet;

use super::{
    CheckError,
    document::{
        Completeness, Component, ComponentKind, Document, Format, Hash, HashOf, Identifier, IdentifierKind,
        Licence, Party, Property, Role, Shape, by_reference, classify, reach,
    },
    limit,
    node::{Node, Text},
};

const AUTHORS: &str = "from `authors`: BSI's table names `manufacturer`, and CycloneDX has authors for what people made by hand";
const SUPPLIER: &str = "from `supplier`, who may only pass it on: BSI's table names `manufacturer`";
const MANUFACTURE: &str =
    "from `manufacture`, which CycloneDX has given up: BSI's table names `manufacturer`";
const INTAKE: &str = "from `distribution-intake`: BSI's table names `distribution`";
const VCS: &str = "from `vcs`: BSI's table names `source-distribution`";
const LICENSE: &str =
    "spelled as in the guideline's text: its taxonomy says `bsi:component:effectiveLicence`";

pub(super) fn read(root: &Node) -> Result<Document, CheckError> {
    limit(root.items("components").len())?;
    let metadata = root.get("metadata");
    let mut walk = Walk::default();
    if let Some(component) = metadata.as_ref().and_then(|m| m.get("component")) {
        walk.tree(component)?;
    }
    let primary = (!walk.components.is_empty()).then_some(0);
    for component in root.items("components") {
        walk.tree(component)?;
    }
    let Walk { components, shapes } = walk;
    let mut document = Document {
        format: Format::CycloneDx,
        creation: metadata.as_ref().map(|m| m.pointer.clone()).unwrap_or_default(),
        version: root.text("specVersion"),
        uri: root.text("serialNumber"),
        timestamp: metadata.as_ref().and_then(|m| m.text("timestamp")),
        creators: metadata.as_ref().map(creators).unwrap_or_default(),
        tools: metadata.as_ref().map(tools).unwrap_or_default(),
        phases: metadata.as_ref().map(phases).unwrap_or_default(),
        primary,
        broken: vec![],
        vulnerability: vulnerability(root),
        components,
        reached: vec![],
    };
    relate(root, &mut document);
    complete(root, &mut document);
    classify(&mut document, &shapes);
    reach(&mut document);
    Ok(document)
}

#[derive(Default)]
struct Walk {
    components: Vec<Component>,
    shapes: Vec<Shape>,
}

impl Walk {
    /// Reads a component and all that is nested in it.
    fn tree(&mut self, node: Node) -> Result<(), CheckError> {
        let mut todo = vec![(node, None)];
        while let Some((node, parent)) = todo.pop() {
            limit(self.components.len())?;
            let index = self.components.len();
            if let Some(parent) = parent {
                let parent: &mut Component = &mut self.components[parent];
                parent.stated = true;
                parent.needs.push(index);
            }
            let (component, shape) = component(&node);
            self.components.push(component);
            self.shapes.push(shape);
            todo.extend(node.items("components").into_iter().rev().map(|child| (child, Some(index))));
        }
        Ok(())
    }
}

fn component(node: &Node) -> (Component, Shape) {
    let property = |name: &str| properties(node, name);
    let references = node.items("externalReferences");
    let locators = |kind, aside| locators(&references, kind, aside);
    let mut hashes = hashes(node, HashOf::Component, None);
    for (kind, of, aside) in [
        ("distribution", HashOf::Distribution, None),
        ("distribution-intake", HashOf::Distribution, Some(INTAKE)),
        ("source-distribution", HashOf::Source, None),
        ("vcs", HashOf::Source, Some(VCS)),
    ] {
        let of_kind = references.iter().filter(|reference| reference.str("type") == Some(kind));
        hashes.extend(of_kind.flat_map(|reference| self::hashes(reference, of, aside)));
    }
    let mut effective = property("bsi:component:effectiveLicence");
    effective.extend(
        property("bsi:component:effectiveLicense").into_iter().map(|text| text.with_aside(Some(LICENSE))),
    );
    let flag = |name| Property { values: property(name), implied: false };
    // Since 1.7: expected from the environment, and no part of the assembly.
    let is_external = node.value["isExternal"].as_bool() == Some(true);
    let component = Component {
        pointer: node.pointer.clone(),
        reference: node.str("bom-ref").map(str::to_owned),
        kind: is_external.then_some(ComponentKind::External),
        name: node.text("name"),
        version: node.text("version"),
        creators: component_creators(node),
        suppliers: suppliers(node),
        filenames: property("bsi:component:filename"),
        executable: flag("bsi:component:executable"),
        archive: flag("bsi:component:archive"),
        structured: flag("bsi:component:structured"),
        effective_licences: effective,
        licences: licences(node),
        source_uris: [locators("source-distribution", None), locators("vcs", Some(VCS))].concat(),
        distribution_uris: [locators("distribution", None), locators("distribution-intake", Some(INTAKE))]
            .concat(),
        security_txt: locators("rfc-9116", None),
        identifiers: identifiers(node),
        hashes,
        ..Component::default()
    };
    let flags = [&component.executable, &component.archive, &component.structured];
    let of_file = !component.filenames.is_empty()
        || flags.iter().any(|flag| !flag.values.is_empty())
        || component.hashes.iter().any(|hash| hash.of == HashOf::Distribution);
    let shape = Shape { word: node.str("type").unwrap_or_default().to_ascii_lowercase(), of_file };
    (component, shape)
}

fn properties(node: &Node, name: &str) -> Vec<Text> {
    let named = node.items("properties").into_iter().filter(|property| property.str("name") == Some(name));
    named.filter_map(|property| property.text("value")).collect()
}

fn locators(references: &[Node], kind: &str, aside: Option<&'static str>) -> Vec<Text> {
    let of_kind = references.iter().filter(|reference| reference.str("type") == Some(kind));
    of_kind.filter_map(|reference| reference.text("url")).map(|text| text.with_aside(aside)).collect()
}

fn hashes(node: &Node, of: HashOf, aside: Option<&'static str>) -> Vec<Hash> {
    let read = |hash: &Node| {
        let blank = || Text { value: String::new(), pointer: hash.pointer.clone(), aside: None };
        Hash {
            of,
            algorithm: hash.str("alg").unwrap_or_default().to_owned(),
            text: hash.text("content").unwrap_or_else(blank).with_aside(aside),
        }
    };
    node.items("hashes").iter().map(read).collect()
}

/// Entries of `licenses`: `{license: {id | name}}` with the acknowledgement inside, or `{expression}` with it beside.
fn licences(node: &Node) -> Vec<Licence> {
    let role = |node: &Node| match node.str("acknowledgement") {
        Some("concluded") => Role::Concluded,
        Some("declared") => Role::Declared,
        _ => Role::Unstated,
    };
    let read = |entry: &Node| {
        let (holder, keys) = match entry.get("license") {
            Some(license) => (license, ["id", "name"]),
            None => (entry.clone(), ["expression", "expression"]),
        };
        let text = keys.iter().find_map(|key| holder.text(key))?;
        Some(Licence { role: role(&holder), text })
    };
    node.items("licenses").iter().filter_map(read).collect()
}

fn identifiers(node: &Node) -> Vec<Identifier> {
    let swid = node.get("swid").and_then(|swid| swid.text("tagId"));
    let texts = [(IdentifierKind::Purl, node.text("purl")), (IdentifierKind::Cpe, node.text("cpe"))];
    let others = ["omniborId", "swhid"].iter().flat_map(|key| node.texts(key));
    let mut found: Vec<Identifier> =
        texts.into_iter().filter_map(|(kind, text)| Some(Identifier { kind, text: text? })).collect();
    found.extend(swid.into_iter().chain(others).map(|text| Identifier { kind: IdentifierKind::Other, text }));
    found
}

/// An organizationalEntity: addresses of its contacts, URLs of its own.
fn organisation(node: &Node, aside: Option<&'static str>) -> Party {
    Party {
        pointer: node.pointer.clone(),
        name: node.text("name"),
        emails: node.items("contact").iter().filter_map(|contact| contact.text("email")).collect(),
        urls: node.texts("url"),
        aside,
        stands_in: aside.is_some(),
    }
}

fn people(node: &Node, key: &str, aside: Option<&'static str>) -> Vec<Party> {
    let read = |person: &Node| Party {
        pointer: person.pointer.clone(),
        name: person.text("name"),
        emails: person.text("email").into_iter().collect(),
        aside,
        ..Party::default()
    };
    node.items(key).iter().map(read).collect()
}

fn organisations(node: &Node, keys: &[(&str, Option<&'static str>)]) -> Vec<Party> {
    keys.iter().filter_map(|(key, aside)| Some(organisation(&node.get(key)?, *aside))).collect()
}

fn creators(metadata: &Node) -> Vec<Party> {
    let mut found = organisations(metadata, &[("manufacturer", None)]);
    found.extend(people(metadata, "authors", Some(AUTHORS)));
    found
        .extend(organisations(metadata, &[("manufacture", Some(MANUFACTURE)), ("supplier", Some(SUPPLIER))]));
    found
}

fn component_creators(node: &Node) -> Vec<Party> {
    let mut found = organisations(node, &[("manufacturer", None)]);
    found.extend(people(node, "authors", Some(AUTHORS)));
    found.extend(organisations(node, &[("supplier", Some(SUPPLIER))]));
    found
}

/// Who supplies or makes it, by name: also `publisher` and the `author` of versions up to 1.5.
fn suppliers(node: &Node) -> Vec<Party> {
    let mut found = organisations(node, &[("supplier", None), ("manufacturer", None)]);
    found.extend(people(node, "authors", None));
    let named = ["publisher", "author"].into_iter().filter_map(|key| node.text(key));
    found.extend(named.map(|name| Party {
        pointer: name.pointer.clone(),
        name: Some(name),
        ..Party::default()
    }));
    found
}

/// Tools: a list of `{vendor, name}` up to 1.4, components and services since.
fn tools(metadata: &Node) -> Vec<Text> {
    let Some(tools) = metadata.get("tools") else { return vec![] };
    let listed = if tools.value.is_array() {
        metadata.items("tools")
    } else {
        [tools.items("components"), tools.items("services")].concat()
    };
    listed.iter().filter_map(|tool| tool.text("name")).collect()
}

fn phases(metadata: &Node) -> Vec<Text> {
    let read = |lifecycle: &Node| lifecycle.text("phase").or_else(|| lifecycle.text("name"));
    metadata.items("lifecycles").iter().filter_map(read).collect()
}

fn vulnerability(root: &Node) -> Option<Text> {
    let first = root.items("vulnerabilities").into_iter().next()?;
    let blank =
        Text { value: "a vulnerability without id".into(), pointer: first.pointer.clone(), aside: None };
    Some(first.text("id").unwrap_or(blank))
}

/// Reads `dependencies`. Services have references too, and a BOM-Link names what stands in another file.
fn relate(root: &Node, document: &mut Document) {
    let known = by_reference(&document.components);
    let services: HashSet<&str> = services(root);
    let elsewhere = |reference: &str| services.contains(reference) || reference.starts_with("urn:cdx:");
    for entry in root.items("dependencies") {
        let Some(from) = entry.text("ref") else { continue };
        let source = known.get(&from.value).copied();
        if source.is_none() && !elsewhere(&from.value) {
            document.broken.push(from);
        }
        for target in entry.texts("dependsOn") {
            match (source, known.get(&target.value)) {
                (Some(source), Some(target)) => document.components[source].needs.push(*target),
                (_, None) if !elsewhere(&target.value) => document.broken.push(target),
                _ => {}
            }
        }
        if let Some(source) = source {
            document.components[source].stated = true;
        }
    }
}

fn services<'a>(root: &Node<'a>) -> HashSet<&'a str> {
    let mut found = HashSet::new();
    let mut todo = root.items("services");
    while let Some(service) = todo.pop() {
        found.extend(service.str("bom-ref"));
        todo.extend(service.items("services"));
    }
    found
}

/// Reads `compositions`: about the components that it names, or about all where it names none.
fn complete(root: &Node, document: &mut Document) {
    let known = by_reference(&document.components);
    let mut of_all = Completeness::default();
    for composition in root.items("compositions") {
        let Some(aggregate) = composition.text("aggregate") else { continue };
        let lists = ["assemblies", "dependencies"];
        if lists.iter().all(|key| composition.get(key).is_none()) {
            of_all.add(aggregate);
            continue;
        }
        let named = lists.iter().flat_map(|key| composition.items(key));
        for index in named.filter_map(|node| known.get(node.value.as_str()?).copied()) {
            document.components[index].completeness.add(aggregate.clone());
        }
    }
    document.components.iter_mut().for_each(|component| component.completeness.fill(&of_all));
}
