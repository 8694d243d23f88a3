//! SPDX 3.0.x JSON-LD as a [`Document`]: a graph of elements that refer to each other by `spdxId`.
//!
//! Keys are read as the model's context spells them (`externalIdentifier`, `software_sbomType`) and in the spellings
//! that files in circulation have beside (`externalIdentifiers`, `sbomType`).

use std::collections::{HashMap, HashSet};

use super::{
    CheckError,
    document::{
        Component, ComponentKind, Document, Format, Hash, HashOf, Identifier, IdentifierKind, Licence, Party,
        Property, Role, Shape, by_reference, classify, reach,
    },
    limit,
    node::{Node, Text},
    words,
};

const NAMESPACE: &str = "from `namespaceMap`: BSI's table names the `spdxId` of the SBOM";
const SUPPLIED: &str = "from `suppliedBy`, who may only pass it on: BSI's table names `originatedBy`";
const DOWNLOAD: &str = "from `software_downloadLocation`: BSI's table names a `binaryArtifact` reference";
const SOURCE_INFO: &str = "from `software_sourceInfo`: BSI's table names a `sourceArtifact` reference";

pub(super) fn read(root: &Node) -> Result<Document, CheckError> {
    let graph = Graph::of(root);
    let creation = graph.creation();
    let agents = creation.as_ref().map(|info| graph.parties(info, "createdBy", None)).unwrap_or_default();
    let mut document = Document {
        format: Format::Spdx3,
        creation: creation.as_ref().map(|info| info.pointer.clone()).unwrap_or_default(),
        version: creation.as_ref().and_then(|info| info.text("specVersion")),
        uri: graph.uri(),
        timestamp: creation.as_ref().and_then(|info| info.text("created")),
        creators: agents,
        tools: graph.tools(creation.as_ref()),
        phases: graph.phases(),
        primary: None,
        broken: vec![],
        vulnerability: graph.vulnerability(),
        components: vec![],
        reached: vec![],
    };
    let shapes = graph.components(&mut document.components)?;
    graph.relate(&mut document);
    document.primary = graph.primary(&document.components);
    classify(&mut document, &shapes);
    reach(&mut document);
    Ok(document)
}

struct Graph<'a> {
    elements: Vec<Node<'a>>,
    by_id: HashMap<&'a str, usize>,
    /// Relationships by the element they start from.
    from: HashMap<&'a str, Vec<usize>>,
    /// And by the elements they lead to.
    to: HashMap<&'a str, Vec<usize>>,
}

/// Returns the identity of an element, or of the element that a reference names.
fn id<'a>(node: &Node<'a>) -> Option<&'a str> {
    node.value.as_str().or_else(|| node.str("spdxId")).or_else(|| node.str("@id"))
}

fn kind<'a>(node: &Node<'a>) -> &'a str {
    node.str("type").or_else(|| node.str("@type")).unwrap_or_default()
}

/// Whether a reference names one of the model's individuals, such as `Core/NoneElement`.
fn ends_with(reference: &str, individual: &str) -> bool {
    reference
        .strip_suffix(individual)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with(['/', ':', '#', '_']))
}

impl<'a> Graph<'a> {
    fn of(root: &Node<'a>) -> Self {
        let elements = match root.value.get("@graph") {
            Some(_) => root.items("@graph"),
            None => vec![root.clone()],
        };
        let mut graph = Self { elements, by_id: HashMap::new(), from: HashMap::new(), to: HashMap::new() };
        for (index, element) in graph.elements.iter().enumerate() {
            if let Some(id) = id(element) {
                graph.by_id.entry(id).or_insert(index);
            }
            if element.value.get("relationshipType").is_none() {
                continue;
            }
            if let Some(from) = element.get("from").as_ref().and_then(id) {
                graph.from.entry(from).or_default().push(index);
            }
            for to in element.items("to") {
                if let Some(to) = id(&to) {
                    graph.to.entry(to).or_default().push(index);
                }
            }
        }
        graph
    }

    /// Returns the element that a value refers to; an element may also stand there itself.
    fn resolve(&self, reference: &Node<'a>) -> Option<Node<'a>> {
        match reference.value.as_str() {
            Some(id) => self.by_id.get(id).map(|index| self.elements[*index].clone()),
            None => reference.value.is_object().then(|| reference.clone()),
        }
    }

    fn of_kind(&self, wanted: &'static [&'static str]) -> impl Iterator<Item = &Node<'a>> {
        self.elements.iter().filter(move |element| wanted.contains(&kind(element)))
    }

    /// Returns the creation information of the document, or the first there is.
    fn creation(&self) -> Option<Node<'a>> {
        let documents = self.of_kind(&["SpdxDocument", "software_Sbom"]);
        let of_document = documents
            .filter_map(|document| document.get("creationInfo"))
            .find_map(|info| self.resolve(&info))
            .filter(|info| info.value.is_object());
        of_document.or_else(|| self.of_kind(&["CreationInfo"]).next().cloned())
    }

    /// Returns the identity of the SBOM, else of the document, written out where its prefix is in `namespaceMap`; where
    /// neither is a URI, the first namespace.
    fn uri(&self) -> Option<Text> {
        let documents = || self.of_kind(&["SpdxDocument"]);
        let maps: Vec<Node<'a>> = documents().flat_map(|document| document.items("namespaceMap")).collect();
        let namespaces: HashMap<&str, &str> =
            maps.iter().filter_map(|map| Some((map.str("prefix")?, map.str("namespace")?))).collect();
        let identity = |element: &Node<'a>| {
            let text = element.text("spdxId")?;
            let (prefix, rest) = text.value.split_once(':')?;
            match namespaces.get(prefix) {
                Some(namespace) => Some(Text { value: format!("{namespace}{rest}"), ..text }),
                None => (prefix != "SPDXRef").then_some(text),
            }
        };
        let namespace = || {
            let mut named = maps.iter().filter_map(|map| map.text("namespace"));
            named.next().map(|text| text.with_aside(Some(NAMESPACE)))
        };
        let mut sboms = self.of_kind(&["software_Sbom"]);
        sboms.find_map(identity).or_else(|| documents().find_map(identity)).or_else(namespace)
    }

    fn tools(&self, creation: Option<&Node<'a>>) -> Vec<Text> {
        let used = creation.map(|info| info.items("createdUsing")).unwrap_or_default();
        let named = |tool: &Node<'a>| self.resolve(tool)?.text("name");
        used.iter().filter_map(named).collect()
    }

    fn phases(&self) -> Vec<Text> {
        let types = |sbom: &Node<'a>| [sbom.texts("software_sbomType"), sbom.texts("sbomType")].concat();
        self.of_kind(&["software_Sbom"]).flat_map(types).collect()
    }

    fn vulnerability(&self) -> Option<Text> {
        let security = |element: &&Node<'a>| {
            let kind = kind(element);
            kind.starts_with("security_") && (kind.contains("Vulnerab") || kind.contains("Vuln"))
        };
        let first = self.elements.iter().find(security)?;
        let value = first.text("name").map_or_else(|| kind(first).to_owned(), |name| name.value);
        Some(Text { value, pointer: first.pointer.clone(), aside: None })
    }

    fn parties(&self, node: &Node<'a>, key: &str, aside: Option<&'static str>) -> Vec<Party> {
        let named = node.items(key).into_iter().filter_map(|agent| self.resolve(&agent));
        named.map(|agent| party(&agent, aside)).collect()
    }

    /// Reads packages, and files that are no package's distribution artefact.
    fn components(&self, components: &mut Vec<Component>) -> Result<Vec<Shape>, CheckError> {
        limit(self.of_kind(&["software_Package"]).count())?;
        let mut shapes = vec![];
        for (index, element) in self.elements.iter().enumerate() {
            // Nodes with one identity are one element; the first one counts.
            if id(element).is_some_and(|id| self.by_id.get(id) != Some(&index)) {
                continue;
            }
            let artefact = |id: &str| {
                let relations = self.to.get(id).into_iter().flatten();
                relations
                    .map(|index| &self.elements[*index])
                    .any(|relation| relation.str("relationshipType") == Some("hasDistributionArtifact"))
            };
            let (component, shape) = match kind(element) {
                "software_Package" => self.package(element),
                "software_File" if !id(element).is_some_and(artefact) => self.file(element),
                _ => continue,
            };
            limit(components.len())?;
            components.push(component);
            shapes.push(shape);
        }
        Ok(shapes)
    }

    /// A package without a distribution artefact has no file of its own: it is a logical component.
    fn package(&self, node: &Node<'a>) -> (Component, Shape) {
        let mut component = self.artefact(node);
        let files = self.targets(node, "hasDistributionArtifact", None);
        component.kind = files.is_empty().then_some(ComponentKind::Logical);
        for file in &files {
            take_file(&mut component, file);
        }
        component.version = node.text("software_packageVersion");
        let told = |text: &Text| !words::is_unknown(&text.value) && text.value != "NONE";
        let download = node.text("software_downloadLocation").filter(told);
        let download = download.map(|text| text.with_aside(Some(DOWNLOAD)));
        component.distribution_uris.extend(references(node, "binaryArtifact"));
        component.distribution_uris.extend(download);
        component.identifiers.extend(
            node.text("software_packageUrl").map(|text| Identifier { kind: IdentifierKind::Purl, text }),
        );
        let word = node.str("software_primaryPurpose").unwrap_or_default().to_ascii_lowercase();
        (component, Shape { word, of_file: !files.is_empty() })
    }

    fn file(&self, node: &Node<'a>) -> (Component, Shape) {
        let mut component = self.artefact(node);
        take_file(&mut component, node);
        let flags = [&component.executable, &component.archive, &component.structured];
        let of_file = flags.iter().any(|flag| !flag.values.is_empty());
        (component, Shape { word: "file".into(), of_file })
    }

    /// What packages and files have in common.
    fn artefact(&self, node: &Node<'a>) -> Component {
        let mut creators = self.parties(node, "originatedBy", None);
        creators.extend(self.parties(node, "suppliedBy", Some(SUPPLIED)));
        let licence = |relation: &str, role| {
            let texts = self.licences(node, relation, None).into_iter();
            texts.map(|text| Licence { role, text }).collect::<Vec<_>>()
        };
        let mut licences = licence("hasConcludedLicense", Role::Concluded);
        licences.extend(licence("hasDeclaredLicense", Role::Declared));
        let mut component = Component {
            pointer: node.pointer.clone(),
            reference: id(node).map(str::to_owned),
            name: node.text("name"),
            creators,
            suppliers: self.parties(node, "suppliedBy", None),
            effective_licences: self.licences(node, "other", Some("hasEffectiveLicense")),
            licences,
            hashes: hashes(node, HashOf::Component),
            security_txt: references(node, "securityother"),
            identifiers: identifiers(node),
            ..Component::default()
        };
        component.suppliers.extend(self.parties(node, "originatedBy", None));
        self.sources(node, &mut component);
        component
    }

    /// Source artefacts: those that generate the component, and what the package says of its source itself.
    fn sources(&self, node: &Node<'a>, component: &mut Component) {
        let relations = id(node).and_then(|id| self.to.get(id)).into_iter().flatten();
        let generating = relations
            .map(|index| &self.elements[*index])
            .filter(|relation| relation.str("relationshipType") == Some("generates"))
            .filter_map(|relation| self.resolve(&relation.get("from")?));
        for source in generating {
            component.source_uris.extend(references(&source, "sourceartifact"));
            component.hashes.extend(hashes(&source, HashOf::Source));
        }
        component.source_uris.extend(references(node, "sourceartifact"));
        let remark = node.text("software_sourceInfo").filter(|text| words::is_uri(&text.value));
        component.source_uris.extend(remark.map(|text| text.with_aside(Some(SOURCE_INFO))));
    }

    fn targets(&self, node: &Node<'a>, relation: &str, comment: Option<&str>) -> Vec<Node<'a>> {
        self.references(node, relation, comment).iter().filter_map(|to| self.resolve(to)).collect()
    }

    /// Returns what relationships of an element lead to, as they name it.
    fn references(&self, node: &Node<'a>, relation: &str, comment: Option<&str>) -> Vec<Node<'a>> {
        let relations = id(node).and_then(|id| self.from.get(id)).into_iter().flatten();
        let wanted = relations.map(|index| &self.elements[*index]).filter(|element| {
            element.str("relationshipType") == Some(relation)
                && comment.is_none_or(|comment| element.str("comment") == Some(comment))
        });
        wanted.flat_map(|element| element.items("to")).collect()
    }

    /// Returns licence expressions, and the model's individuals for none and unknown as SPDX 2 writes them.
    fn licences(&self, node: &Node<'a>, relation: &str, comment: Option<&str>) -> Vec<Text> {
        let read = |to: &Node<'a>| {
            let named = id(to).unwrap_or_default();
            let words = [("NoAssertionLicense", "NOASSERTION"), ("NoneLicense", "NONE")];
            let individual = words.iter().find(|(individual, _)| ends_with(named, individual));
            match individual {
                Some((_, word)) => {
                    Some(Text { value: (*word).to_owned(), pointer: to.pointer.clone(), aside: None })
                }
                None => expression(&self.resolve(to)?),
            }
        };
        self.references(node, relation, comment).iter().filter_map(read).collect()
    }

    fn relate(&self, document: &mut Document) {
        let known = by_reference(&document.components);
        let imported = self.imported();
        for relation in &self.elements {
            if !matches!(relation.str("relationshipType"), Some("dependsOn" | "contains")) {
                continue;
            }
            let Some(from) = relation.get("from") else { continue };
            let source = id(&from).and_then(|id| known.get(id)).copied();
            if source.is_none() && self.resolve(&from).is_none() {
                document.broken.extend(from.words());
            }
            for to in relation.items("to") {
                let Some(target) = id(&to) else { continue };
                let none = ["NoneElement", "NoAssertionElement"].iter().any(|word| ends_with(target, word));
                match (source, known.get(target)) {
                    (Some(source), Some(target)) => document.components[source].needs.push(*target),
                    (_, None) if !none && self.resolve(&to).is_none() && !imported.contains(target) => {
                        document.broken.extend(to.words());
                    }
                    _ => {}
                }
            }
            if let Some(source) = source {
                state(&mut document.components[source], relation);
            }
        }
    }

    /// Elements that, as the document says, stand in other files.
    fn imported(&self) -> HashSet<&'a str> {
        let maps = self.of_kind(&["SpdxDocument"]).flat_map(|document| document.items("import"));
        maps.filter_map(|map| map.str("externalSpdxId")).collect()
    }

    /// Returns the component that the SBOM is about: a root element, or what something describes.
    fn primary(&self, components: &[Component]) -> Option<usize> {
        let known = by_reference(components);
        let roots =
            self.of_kind(&["software_Sbom", "Bom", "SpdxDocument"]).flat_map(|e| e.items("rootElement"));
        let described = self
            .elements
            .iter()
            .filter(|element| element.str("relationshipType") == Some("describes"))
            .flat_map(|element| element.items("to"));
        roots.chain(described).find_map(|node| known.get(id(&node)?).copied())
    }
}

/// Notes what a relationship says about how much it leaves out.
fn state(component: &mut Component, relation: &Node) {
    component.stated = true;
    let targets: HashSet<&str> = relation.items("to").iter().filter_map(id).collect();
    if targets.iter().any(|target| ends_with(target, "NoAssertionElement")) {
        let value = "noAssertion".to_owned();
        component.completeness.add(Text { value, pointer: relation.pointer.clone(), aside: None });
    }
    if let Some(text) = relation.text("completeness") {
        component.completeness.add(text);
    }
}

fn expression(licence: &Node) -> Option<Text> {
    let keys = ["simplelicensing_licenseExpression", "licenseExpression"];
    keys.iter().find_map(|key| licence.text(key)).or_else(|| licence.text("name"))
}

/// Takes name, hashes and properties from the file that is the component in its deployable form.
fn take_file(component: &mut Component, file: &Node) {
    component.filenames.extend(file.text("name"));
    component.hashes.extend(hashes(file, HashOf::Distribution));
    component.distribution_uris.extend(references(file, "binaryartifact"));
    let purposes = [file.texts("software_additionalPurpose"), file.texts("software_primaryPurpose")].concat();
    let flag = |purposes: &[Text], words: &[&str], says: &str| {
        let found = purposes.iter().find(|text| words.contains(&text.value.as_str()));
        let values = found.map(|text| Text { value: says.to_owned(), ..text.clone() });
        Property { values: values.into_iter().collect(), implied: !purposes.is_empty() }
    };
    component.executable = flag(&purposes, &["executable"], "executable");
    component.archive = flag(&purposes, &["archive"], "archive");
    component.structured = flag(&purposes, &["container", "firmware"], "structured");
}

/// An agent: its addresses are among its external identifiers.
fn party(agent: &Node, aside: Option<&'static str>) -> Party {
    let mut found =
        Party { pointer: agent.pointer.clone(), name: agent.text("name"), aside, ..Party::default() };
    for identifier in external_identifiers(agent) {
        let Some(text) = identifier.text("identifier") else { continue };
        match identifier.str("externalIdentifierType") {
            Some("email") => found.emails.push(text),
            Some("urlScheme") => found.urls.push(text),
            _ => {}
        }
    }
    found
}

fn external_identifiers<'a>(node: &Node<'a>) -> Vec<Node<'a>> {
    [node.items("externalIdentifier"), node.items("externalIdentifiers")].concat()
}

fn identifiers(node: &Node) -> Vec<Identifier> {
    let read = |identifier: &Node| {
        let kind = match identifier.str("externalIdentifierType")?.to_ascii_lowercase().as_str() {
            "packageurl" | "purl" => IdentifierKind::Purl,
            "cpe22" | "cpe23" => IdentifierKind::Cpe,
            "swid" | "swhid" | "gitoid" => IdentifierKind::Other,
            _ => return None,
        };
        Some(Identifier { kind, text: identifier.text("identifier")? })
    };
    external_identifiers(node).iter().filter_map(read).collect()
}

fn hashes(node: &Node, of: HashOf) -> Vec<Hash> {
    let read = |hash: &Node| {
        Some(Hash { of, algorithm: hash.str("algorithm")?.to_owned(), text: hash.text("hashValue")? })
    };
    node.items("verifiedUsing").iter().filter_map(read).collect()
}

/// Returns the locators of external references of a type, written in any case.
fn references(node: &Node, wanted: &str) -> Vec<Text> {
    let of_type = |reference: &Node| {
        reference.str("externalRefType").is_some_and(|kind| kind.eq_ignore_ascii_case(wanted))
    };
    let listed = node.items("externalRef").into_iter().filter(of_type);
    listed.flat_map(|reference| reference.texts("locator")).collect()
}
