//! YAML text to located values, within limits. The only file that knows the YAML crates.
//!
//! Two readers look at every file. The event reader comes first: it finds places, duplicate keys and hostile shapes.
//! Only text that passed it reaches `serde_yaml`, which reads the values; where the two do not agree on what a document
//! says, the document is refused, so that no text means one thing to the checks and another to the program.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Taken;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde::Deserialize;
use serde_yaml::Value;

use super::escape::shown;
use super::mistakes::Mistakes;
use super::node::{Content, Entry, Mark, Node};
use super::{Code, Diagnostic};

/// The largest manifest, in bytes. Twenty thousand images fit; a larger file is a mistake or an attack.
pub const FILE_BYTES_MAX: usize = 1024 * 1024;

/// The deepest nesting of lists and maps. The kinds need six levels; the readers would allow many more.
pub const DEPTH_MAX: usize = 64;

/// The most documents in one file. Manifests are reviewed by people, who would split such a file long before.
pub const DOCUMENTS_MAX: usize = 1000;

/// The most values in one file after aliases are expanded. A full file without aliases stays below it; nine nested
/// aliases ("billion laughs") do not.
pub const NODES_MAX: usize = 600_000;

/// One document of a file, and what `serde_yaml` read it as, where it could.
#[derive(Debug)]
pub(super) struct Document {
    pub node: Node,
    pub value: Option<Value>,
}

/// What could be read of a file.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub documents: Vec<Document>,
    /// The file was not read to its end: further documents are not known.
    pub cut: bool,
}

/// Reads the documents of a file. Empty documents are left out.
pub(super) fn read(file: &str, text: &str, out: &mut Mistakes) -> Read {
    let start = Mark { line: 1, column: 1, width: 1 };
    if text.len() > FILE_BYTES_MAX {
        let message = format!("file has {} bytes, more than {FILE_BYTES_MAX}", text.len());
        out.push(Diagnostic::new(Code::TooLarge, message, start.place(file)));
        return Read { documents: Vec::new(), cut: true };
    }
    let before = out.total();
    let mut builder =
        Builder { file, out, stack: Vec::new(), anchors: BTreeMap::new(), documents: Vec::new(), nodes: 0 };
    let cut = builder.run(text).is_none();
    let nodes = builder.documents;
    let values = if out.total() == before { values(file, text, out) } else { Vec::new() };
    if out.total() == before && values.iter().skip(nodes.len()).any(|value| !value.is_null()) {
        out.push(ambiguous(start.place(file)));
    }
    let mut read = Read { documents: Vec::new(), cut };
    let mut values = values.into_iter();
    for node in nodes {
        let value = values.next();
        if let Some(at) = value.as_ref().and_then(|value| node.differs(value)) {
            out.push(ambiguous(at.place(file)));
        } else if node.value() != Value::Null {
            read.documents.push(Document { node, value });
        }
    }
    read
}

fn ambiguous(at: super::Place) -> Diagnostic {
    Diagnostic::new(Code::Ambiguous, "YAML 1.1 and YAML 1.2 read this differently", at)
        .help("write it in double quotes, with unusual characters escaped".to_owned())
}

/// Reads every document with `serde_yaml`.
fn values(file: &str, text: &str, out: &mut Mistakes) -> Vec<Value> {
    let mut values = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        match Value::deserialize(document) {
            Ok(value) => values.push(value),
            Err(error) => {
                let (line, column) = error.location().map_or((1, 1), |at| (at.line(), at.column()));
                let at = Mark { line: line.max(1), column: column.max(1), width: 1 }.place(file);
                out.push(Diagnostic::new(
                    Code::Syntax,
                    format!("not valid YAML: {}", shown(&error.to_string())),
                    at,
                ));
                break;
            }
        }
    }
    values
}

/// A list or map that is not yet closed.
#[derive(Debug)]
struct Open {
    at: Mark,
    anchor: usize,
    inner: Inner,
}

#[derive(Debug)]
enum Inner {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, keys: BTreeMap<String, usize>, key: Option<(String, Mark)> },
}

/// Builds located values from events.
#[derive(Debug)]
struct Builder<'a> {
    file: &'a str,
    out: &'a mut Mistakes,
    stack: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    documents: Vec<Node>,
    nodes: usize,
}

impl Builder<'_> {
    /// Consumes all events; `None` where reading had to stop, with the reason among the diagnostics.
    fn run(&mut self, text: &str) -> Option<()> {
        for event in Parser::new_from_str(text) {
            match event {
                Ok((event, span)) => self.event(event, mark(span))?,
                Err(error) => {
                    let (line, column) = (error.marker().line().max(1), error.marker().col() + 1);
                    let at = Mark { line, column, width: 1 };
                    // The reader looks ahead and has a limit of its own, above ours.
                    if error.info() == "recursion limit exceeded" {
                        return self.stop(
                            Code::TooDeep,
                            format!("nested deeper than {DEPTH_MAX} levels"),
                            at,
                        );
                    }
                    return self.stop(Code::Syntax, format!("not valid YAML: {}", error.info()), at);
                }
            }
        }
        Some(())
    }

    fn stop(&mut self, code: Code, message: String, at: Mark) -> Option<()> {
        self.out.push(Diagnostic::new(code, message, at.place(self.file)));
        None
    }

    fn event(&mut self, event: Event<'_>, at: Mark) -> Option<()> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.untagged(tag.is_some(), at)?;
                let plain = style == ScalarStyle::Plain;
                let width = if plain { at.width.min(text.chars().count().max(1)) } else { at.width };
                let content = Content::Scalar { text: text.into_owned(), plain };
                self.value(Node { at: Mark { width, ..at }, content }, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.untagged(tag.is_some(), at)?;
                self.open(Open { at, anchor, inner: Inner::List(Vec::new()) })
            }
            Event::MappingStart(anchor, tag) => {
                self.untagged(tag.is_some(), at)?;
                let inner = Inner::Map { entries: Vec::new(), keys: BTreeMap::new(), key: None };
                self.open(Open { at, anchor, inner })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => self.alias(anchor, at),
            Event::DocumentStart(_) => {
                self.anchors.clear();
                let message = format!("file has more than {DOCUMENTS_MAX} documents");
                if self.documents.len() < DOCUMENTS_MAX {
                    Some(())
                } else {
                    self.stop(Code::TooManyDocuments, message, at)
                }
            }
            Event::DocumentEnd | Event::StreamStart | Event::StreamEnd | Event::Nothing => Some(()),
        }
    }

    /// Refuses tags: they change what a value is behind the reader's back.
    fn untagged(&mut self, tagged: bool, at: Mark) -> Option<()> {
        if tagged {
            self.stop(Code::Unsupported, "manifests use no YAML tags".to_owned(), at)
        } else {
            Some(())
        }
    }

    fn open(&mut self, open: Open) -> Option<()> {
        if self.stack.len() >= DEPTH_MAX {
            return self.stop(Code::TooDeep, format!("nested deeper than {DEPTH_MAX} levels"), open.at);
        }
        if matches!(self.stack.last(), Some(Open { inner: Inner::Map { key: None, .. }, .. })) {
            return self.stop(Code::Unsupported, "a key has to be text".to_owned(), open.at);
        }
        self.stack.push(open);
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        let open = self.stack.pop()?;
        let content = match open.inner {
            Inner::List(items) => Content::List(items),
            Inner::Map { entries, .. } => Content::Map(entries),
        };
        self.value(Node { at: open.at, content }, open.anchor)
    }

    fn alias(&mut self, anchor: usize, at: Mark) -> Option<()> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return self.stop(
                Code::Unsupported,
                "an alias may not stand inside what it stands for".to_owned(),
                at,
            );
        };
        if self.stack.len() + node.depth() > DEPTH_MAX {
            return self.stop(Code::TooDeep, format!("nested deeper than {DEPTH_MAX} levels"), at);
        }
        self.nodes += node.count();
        self.value(node, 0)
    }

    /// Puts a finished value where it belongs: a key, the value of a key, an item, or a document.
    fn value(&mut self, node: Node, anchor: usize) -> Option<()> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return self.stop(
                Code::TooManyNodes,
                format!("file holds more than {NODES_MAX} values"),
                node.at,
            );
        }
        if anchor != 0 {
            self.nodes += node.count();
            self.anchors.insert(anchor, node.clone());
        }
        match self.stack.last_mut().map(|open| &mut open.inner) {
            None => self.documents.push(node),
            Some(Inner::List(items)) => items.push(node),
            Some(Inner::Map { entries, keys, key }) => match key.take() {
                None => return self.key(node),
                Some((key, at)) => match keys.entry(key) {
                    Taken::Vacant(vacant) => {
                        entries.push(Entry { key: vacant.key().clone(), at, node });
                        vacant.insert(at.line);
                    }
                    Taken::Occupied(first) => {
                        let message = format!("key `{}` is written twice", shown(first.key()));
                        let diagnostic = Diagnostic::new(Code::DuplicateKey, message, at.place(self.file));
                        self.out.push(diagnostic.help(format!("the first is in line {}", first.get())));
                    }
                },
            },
        }
        Some(())
    }

    fn key(&mut self, node: Node) -> Option<()> {
        let (at, Content::Scalar { text, .. }) = (node.at, node.content) else {
            return self.stop(Code::Unsupported, "a key has to be text".to_owned(), node.at);
        };
        if let Some(Open { inner: Inner::Map { key, .. }, .. }) = self.stack.last_mut() {
            *key = Some((text, at));
        }
        Some(())
    }
}

/// Returns the part of a span that lies on its first line.
fn mark(span: Span) -> Mark {
    let same_line = span.start.line() == span.end.line();
    let width = if same_line { span.end.col().saturating_sub(span.start.col()).max(1) } else { 1 };
    Mark { line: span.start.line().max(1), column: span.start.col() + 1, width }
}
