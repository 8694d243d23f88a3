//! An SBOM as the checks see it, whatever its format: each value with the place where it stands. Filled by one reader
//! per format; the checks in `bsi`, `ntia` and `cisa` know no format.

use std::collections::HashMap;

use serde::Serialize;

use super::node::Text;

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Format {
    #[serde(rename = "CycloneDX")]
    CycloneDx,
    #[serde(rename = "SPDX")]
    Spdx2,
    #[serde(rename = "SPDX")]
    Spdx3,
}

impl Format {
    /// Returns the name that people use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CycloneDx => "CycloneDX",
            Self::Spdx2 | Self::Spdx3 => "SPDX",
        }
    }
}

/// What a component is, as far as the file shows it (BSI TR-03183-2, section 3.2): it decides which fields are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComponentKind {
    /// One executable file or one archive. Also everything of which the file does not show that it is something else.
    File,
    /// Has no file of its own: an operating system, a package as it is installed.
    Logical,
    /// Not part of what is delivered, only named by it.
    External,
    /// A file that is neither executable nor archive, or no software: such entries may be there, and nothing is due.
    Other,
}

#[derive(Debug)]
pub(super) struct Document {
    pub(super) format: Format,
    /// Where facts about the making of the SBOM stand, or should stand.
    pub(super) creation: String,
    pub(super) version: Option<Text>,
    pub(super) uri: Option<Text>,
    pub(super) timestamp: Option<Text>,
    pub(super) creators: Vec<Party>,
    pub(super) tools: Vec<Text>,
    /// When in the life of the software the SBOM was made.
    pub(super) phases: Vec<Text>,
    /// Index of the component that the SBOM is about.
    pub(super) primary: Option<usize>,
    /// References in relationships to what the file does not have.
    pub(super) broken: Vec<Text>,
    /// The first statement about a vulnerability.
    pub(super) vulnerability: Option<Text>,
    pub(super) components: Vec<Component>,
    /// Of each component: whether the primary component leads there.
    pub(super) reached: Vec<bool>,
}

/// A person or organisation.
#[derive(Debug, Clone, Default)]
pub(super) struct Party {
    pub(super) pointer: String,
    pub(super) name: Option<Text>,
    pub(super) emails: Vec<Text>,
    pub(super) urls: Vec<Text>,
    pub(super) aside: Option<&'static str>,
    /// Named for another role than who made it: whom to write to, but not the author.
    pub(super) stands_in: bool,
}

#[derive(Debug, Default)]
pub(super) struct Component {
    pub(super) pointer: String,
    /// `bom-ref`, `SPDXID` or `spdxId`.
    pub(super) reference: Option<String>,
    pub(super) kind: Option<ComponentKind>,
    /// Whether it counts as a file only because nothing shows what it is.
    pub(super) assumed: bool,
    pub(super) name: Option<Text>,
    pub(super) version: Option<Text>,
    pub(super) creators: Vec<Party>,
    pub(super) suppliers: Vec<Party>,
    pub(super) filenames: Vec<Text>,
    pub(super) executable: Property,
    pub(super) archive: Property,
    pub(super) structured: Property,
    pub(super) effective_licences: Vec<Text>,
    pub(super) licences: Vec<Licence>,
    pub(super) hashes: Vec<Hash>,
    pub(super) source_uris: Vec<Text>,
    pub(super) distribution_uris: Vec<Text>,
    pub(super) security_txt: Vec<Text>,
    pub(super) identifiers: Vec<Identifier>,
    /// Whether the file says what this component needs or contains, be it nothing.
    pub(super) stated: bool,
    pub(super) needs: Vec<usize>,
    /// How complete that is.
    pub(super) completeness: Completeness,
}

impl Component {
    pub(super) const fn kind(&self) -> ComponentKind {
        match self.kind {
            Some(kind) => kind,
            None => ComponentKind::File,
        }
    }
}

/// What a file says about how complete dependencies are: the first statement of each kind, however many there are.
#[derive(Debug, Clone, Default)]
pub(super) struct Completeness {
    /// Complete, or incomplete in some way.
    pub(super) clear: Option<Text>,
    pub(super) unknown: Option<Text>,
    /// Anything else, `not_specified` for instance.
    pub(super) other: Option<Text>,
}

impl Completeness {
    pub(super) fn add(&mut self, text: Text) {
        let place = match text.value.to_ascii_lowercase().as_str() {
            "unknown" | "noassertion" => &mut self.unknown,
            "complete" => &mut self.clear,
            word if word.starts_with("incomplete") => &mut self.clear,
            _ => &mut self.other,
        };
        place.get_or_insert(text);
    }

    /// Takes what another statement has and this one has not.
    pub(super) fn fill(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.clear, &other.clear),
            (&mut self.unknown, &other.unknown),
            (&mut self.other, &other.other),
        ] {
            if mine.is_none() {
                mine.clone_from(theirs);
            }
        }
    }
}

/// A yes-or-no property of a file, in the words of BSI's taxonomy.
#[derive(Debug, Default)]
pub(super) struct Property {
    pub(super) values: Vec<Text>,
    /// The format says this property by a word in a list and its opposite by no word, and there is such a list.
    pub(super) implied: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Concluded,
    Declared,
    /// The file does not tell which of the two.
    Unstated,
}

#[derive(Debug)]
pub(super) struct Licence {
    pub(super) role: Role,
    pub(super) text: Text,
}

/// What a hash is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HashOf {
    Component,
    Distribution,
    Source,
}

#[derive(Debug)]
pub(super) struct Hash {
    pub(super) of: HashOf,
    pub(super) algorithm: String,
    /// The hexadecimal digits, or blank.
    pub(super) text: Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IdentifierKind {
    Purl,
    Cpe,
    /// SWID, SWHID, OmniBOR and others whose syntax is not checked.
    Other,
}

#[derive(Debug)]
pub(super) struct Identifier {
    pub(super) kind: IdentifierKind,
    pub(super) text: Text,
}

/// What a reader saw that tells what a component is.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// `type` of CycloneDX, `primaryPackagePurpose` of SPDX, in lower case.
    pub(super) word: String,
    /// Says anything about a file: its name, its hash, a property.
    pub(super) of_file: bool,
}

/// Types of package URLs that name packages of a system's package manager: what is listed is the installed package,
/// and its package file is not part of what is delivered.
const SYSTEM_TYPES: [&str; 6] = ["pkg:alpm/", "pkg:apk/", "pkg:deb/", "pkg:opkg/", "pkg:rpm/", "pkg:qpkg/"];

/// Decides what the components are.
pub(super) fn classify(document: &mut Document, shapes: &[Shape]) {
    let word = document.primary.and_then(|index| shapes.get(index)).map(|shape| shape.word.as_str());
    let image = word == Some("container");
    for (component, shape) in document.components.iter_mut().zip(shapes) {
        let shown = component.kind.or_else(|| kind(component, shape, image));
        component.assumed = shown.is_none();
        component.kind = shown;
    }
}

/// Returns what the file shows a component to be.
fn kind(component: &Component, shape: &Shape, image: bool) -> Option<ComponentKind> {
    let purls =
        || component.identifiers.iter().filter(|i| i.kind == IdentifierKind::Purl).map(|i| &i.text.value);
    let of_system = || purls().any(|purl| SYSTEM_TYPES.iter().any(|start| purl.starts_with(start)));
    Some(match shape.word.as_str() {
        _ if shape.of_file => ComponentKind::File,
        "container" | "firmware" | "archive" => ComponentKind::File,
        "operating-system" | "operating_system" | "platform" => ComponentKind::Logical,
        "file" | "data" | "cryptographic-asset" => ComponentKind::Other,
        // A package in an image is there as files among others: its package file stayed outside.
        _ if of_system() || (image && purls().next().is_some()) => ComponentKind::Logical,
        _ => return None,
    })
}

/// Marks what the primary component leads to. Without one nothing can be out of reach.
pub(super) fn reach(document: &mut Document) {
    let mut reached = vec![document.primary.is_none(); document.components.len()];
    let mut todo: Vec<usize> = document.primary.into_iter().collect();
    while let Some(index) = todo.pop() {
        if !std::mem::replace(&mut reached[index], true) {
            todo.extend(&document.components[index].needs);
        }
    }
    document.reached = reached;
}

/// Components by reference; the first of equal ones counts.
pub(super) fn by_reference(components: &[Component]) -> HashMap<String, usize> {
    let mut found = HashMap::new();
    for (index, component) in components.iter().enumerate() {
        if let Some(reference) = &component.reference {
            found.entry(reference.clone()).or_insert(index);
        }
    }
    found
}
