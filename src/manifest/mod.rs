//! YAML manifests to [`Desired`], or every mistake in them with its place.
//!
//! Reading goes in four steps, each a file: `yaml` (text to located values, within limits), `shape` (each document
//! against its kind's schema), [`kinds`] (typed values) and `resolve` (names, defaults, and what only shows between
//! documents). Nothing here does I/O, reads a clock or the environment; key files enter as text among the sources.
//!
//! Next in reading order: [`crate::registry`].

mod access;
mod desired;
mod diagnostic;
mod display;
mod escape;
pub mod kinds;
mod mistakes;
mod node;
mod resolve;
mod schemas;
mod shape;
mod signing;
mod suggest;
mod text;
mod yaml;

#[cfg(test)]
mod tests;

use serde::de::DeserializeOwned;
use serde_yaml::Value;

pub use access::*;
pub use desired::*;
pub use diagnostic::{Code, Diagnostic, Place};
pub use display::render;
pub use mistakes::MISTAKES_MAX;
pub use resolve::{DISTRIBUTIONS_MAX, SELECTIONS_MAX};
pub use schemas::schemas;
pub use signing::*;
pub(crate) use suggest::nearest;
pub use yaml::{DEPTH_MAX, DOCUMENTS_MAX, FILE_BYTES_MAX, NODES_MAX};

use kinds::Kind;
use mistakes::Mistakes;
use node::Node;
use resolve::{Object, Spec};

/// The folders whose YAML files are manifests.
const FOLDERS: [&str; 6] = ["registries/", "trust/", "gates/", "images/", "consumers/", "withdrawals/"];

/// A file of the manifest repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceFile {
    /// Relative to the root of the repository, with `/` between its parts.
    pub path: String,
    pub text: String,
}

/// Returns whether a file of the manifest repository holds documents: `fondaco.yaml`, and YAML in the kinds' folders.
pub fn is_manifest(path: &str) -> bool {
    let yaml = [".yaml", ".yml"].iter().any(|end| path.ends_with(end));
    path == "fondaco.yaml" || (yaml && FOLDERS.iter().any(|folder| path.starts_with(folder)))
}

/// Returns whether [`read`] wants a file: manifests, public keys and certificates below `trust/` and `keys/`, and trust
/// roots below `trust/`.
pub fn is_input(path: &str) -> bool {
    let key = [".pub", ".pem"].iter().any(|end| path.ends_with(end));
    let root = path.starts_with("trust/")
        && std::path::Path::new(path).extension().is_some_and(|extension| extension == "json");
    is_manifest(path) || root || (key && (path.starts_with("trust/") || path.starts_with("keys/")))
}

/// Reads the manifests among `files`, whose order does not matter. Files that are no input are passed over.
///
/// # Errors
/// Every mistake of every file, sorted by path, line and column. Files without mistakes of their own are checked even
/// where others cannot be read.
pub fn read(files: &[SourceFile]) -> Result<Desired, Vec<Diagnostic>> {
    let mut files: Vec<_> = files.iter().filter(|file| is_input(&file.path)).collect();
    files.sort();
    let mut mistakes = Mistakes::default();
    let mut sources = resolve::Sources::default();
    for file in files {
        if is_manifest(&file.path) {
            read_file(file, &mut sources, &mut mistakes);
        } else {
            sources.files.insert(&file.path, &file.text);
        }
    }
    let desired = resolve::resolve(&sources, &mut mistakes);
    match desired {
        Some(desired) if mistakes.total() == 0 => Ok(desired),
        _ => Err(mistakes.sorted()),
    }
}

/// Reads the documents of one file.
fn read_file<'a>(file: &'a SourceFile, sources: &mut resolve::Sources<'a>, out: &mut Mistakes) {
    let read = yaml::read(&file.path, &file.text, out);
    if read.cut {
        sources.unreadable.push(&file.path);
    }
    for document in read.documents {
        let mut node = document.node;
        let before = out.total();
        let Some(kind) = kind_of(&file.path, &mut node, out) else { continue };
        let whole = shape::check(&file.path, &mut node, schemas::of(kind), &mut sources.named, out);
        let value = match document.value {
            Some(value) if out.total() == before => Some(value),
            _ => whole.then(|| node.value()),
        };
        let spec = value.and_then(|value| match spec_of(kind, value) {
            Ok(spec) => Some(spec),
            Err(error) => {
                let message = format!(
                    "document does not read as a {}: {}",
                    kind.noun(),
                    escape::shown(&error.to_string())
                );
                out.push(Diagnostic::new(Code::Ambiguous, message, node.at.place(&file.path)));
                None
            }
        });
        let flawed = out.total() > before;
        sources.objects.push(Object { file: &file.path, kind, node, flawed, spec });
    }
}

/// Returns the document's kind. Where the word is nearly one, the mistake is reported and that kind is meant.
fn kind_of(file: &str, node: &mut Node, out: &mut Mistakes) -> Option<Kind> {
    let names = Kind::ALL.map(Kind::name);
    let help = format!("kinds: {}", names.join(", "));
    let Some(entry) = node.entry("kind") else {
        let message = match node.type_of() {
            node::Type::Map => "the document has no `kind`",
            _ => "expected a document: a map with `apiVersion`, `kind`, `metadata` and `spec`",
        };
        let code = if node.type_of() == node::Type::Map { Code::MissingKey } else { Code::WrongType };
        out.push(Diagnostic::new(code, message, node.at.place(file)).help(help));
        return None;
    };
    let word = entry.node.scalar().unwrap_or_default();
    if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == word) {
        return Some(kind);
    }
    let near = suggest::nearest(word, names);
    let label = near.map(|name| format!("did you mean `{name}`?"));
    let message = format!("unknown kind `{}`", escape::shown(word));
    let at = entry.node.at.place(file);
    out.push(Diagnostic::new(Code::UnknownKind, message, at).label(label).help(help));
    let kind = Kind::ALL.into_iter().find(|kind| Some(kind.name()) == near)?;
    node.set("kind", kind.name());
    Some(kind)
}

fn spec_of(kind: Kind, value: Value) -> Result<Spec, serde_yaml::Error> {
    fn document<T: DeserializeOwned>(value: Value) -> Result<T, serde_yaml::Error> {
        serde_yaml::from_value::<kinds::Document<T>>(value).map(|document| document.spec)
    }
    Ok(match kind {
        Kind::Mirror => Spec::Mirror(Box::new(document(value)?)),
        Kind::Registry => {
            let document: kinds::Document<_, kinds::RegistryMetadata> = serde_yaml::from_value(value)?;
            Spec::Registry(document.metadata.name.text().to_owned(), Box::new(document.spec))
        }
        Kind::ImageSet => Spec::ImageSet(document(value)?),
        Kind::Consumer => Spec::Consumer(document(value)?),
        Kind::Gate => Spec::Gate(document(value)?),
        Kind::TrustPolicy => Spec::TrustPolicy(document(value)?),
        Kind::Withdrawal => Spec::Withdrawal(document(value)?),
    })
}
