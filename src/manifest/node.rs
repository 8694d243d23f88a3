//! A YAML value with the place of everything in it.

use serde_yaml::Value;

use super::Place;

/// A place within one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    pub line: usize,
    pub column: usize,
    pub width: usize,
}

impl Mark {
    pub(super) fn place(self, file: &str) -> Place {
        Place { file: file.to_owned(), line: self.line, column: self.column, width: self.width }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub at: Mark,
    pub content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// `plain` is text without quotes, which may mean a number, a truth value or nothing.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub key: String,
    pub at: Mark,
    pub node: Node,
}

/// What a value is, as YAML 1.1 or 1.2 or a JSON Schema in an editor sees it: text that any of them takes for a
/// number is a number, so that what an editor underlines is what is refused here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Nothing,
    Truth,
    Number,
    Text,
    List,
    Map,
}

impl Node {
    pub(super) fn type_of(&self) -> Type {
        match &self.content {
            Content::List(_) => Type::List,
            Content::Map(_) => Type::Map,
            Content::Scalar { plain: false, .. } => Type::Text,
            Content::Scalar { text, .. } => match text.as_str() {
                "" | "~" | "null" | "Null" | "NULL" => Type::Nothing,
                "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Type::Truth,
                text if is_number(text) => Type::Number,
                _ => Type::Text,
            },
        }
    }

    /// Returns the text of a scalar, whatever it means.
    pub(super) fn scalar(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, .. } => Some(text),
            Content::List(_) | Content::Map(_) => None,
        }
    }

    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|entry| entry.key == key),
            Content::List(_) | Content::Scalar { .. } => None,
        }
    }

    /// Replaces the text of a key's value.
    pub(super) fn set(&mut self, key: &str, to: &str) {
        if let Content::Map(entries) = &mut self.content {
            for entry in entries.iter_mut().filter(|entry| entry.key == key) {
                entry.node.content = Content::Scalar { text: to.to_owned(), plain: false };
            }
        }
    }

    /// Returns the place of the value at `path` (`spec.images.0.tags`), or of its nearest written ancestor.
    pub(super) fn find(&self, path: &str) -> Mark {
        let mut node = self;
        for step in path.split('.') {
            node = match (&node.content, step.parse::<usize>()) {
                (Content::List(items), Ok(index)) if index < items.len() => &items[index],
                _ => match node.entry(step) {
                    Some(entry) => &entry.node,
                    None => break,
                },
            };
        }
        node.at
    }

    /// Returns the place of the key that `path` ends with, where it is written.
    pub(super) fn find_key(&self, path: &str) -> Option<Mark> {
        let mut entry = None;
        let mut node = self;
        for step in path.split('.') {
            if let (Content::List(items), Ok(index)) = (&node.content, step.parse::<usize>()) {
                node = items.get(index)?;
            } else {
                entry = Some(node.entry(step)?);
                node = &entry?.node;
            }
        }
        entry.map(|entry| entry.at)
    }

    /// Returns the number of values in this one, itself counted.
    pub(super) fn count(&self) -> usize {
        match &self.content {
            Content::Scalar { .. } => 1,
            Content::List(items) => 1 + items.iter().map(Self::count).sum::<usize>(),
            Content::Map(entries) => 1 + entries.iter().map(|entry| entry.node.count()).sum::<usize>(),
        }
    }

    /// Returns the number of levels of this value: one for a scalar.
    pub(super) fn depth(&self) -> usize {
        1 + match &self.content {
            Content::Scalar { .. } => 0,
            Content::List(items) => items.iter().map(Self::depth).max().unwrap_or(0),
            Content::Map(entries) => entries.iter().map(|entry| entry.node.depth()).max().unwrap_or(0),
        }
    }

    /// Returns the value without its places.
    pub(super) fn value(&self) -> Value {
        match &self.content {
            Content::Scalar { text, .. } => match self.type_of() {
                Type::Nothing => Value::Null,
                Type::Truth => Value::Bool(text.eq_ignore_ascii_case("true")),
                Type::Number => whole_number(text)
                    .map_or_else(|| Value::String(text.clone()), |number| Value::Number(number.into())),
                _ => Value::String(text.clone()),
            },
            Content::List(items) => Value::Sequence(items.iter().map(Self::value).collect()),
            Content::Map(entries) => {
                let pair = |entry: &Entry| (Value::String(entry.key.clone()), entry.node.value());
                Value::Mapping(entries.iter().map(pair).collect())
            }
        }
    }

    /// Returns the place of the first value that another reader of the same text reads differently.
    pub(super) fn differs(&self, other: &Value) -> Option<Mark> {
        let same = match (&self.content, other) {
            (Content::List(items), Value::Sequence(values)) => {
                let inner = items.iter().zip(values).find_map(|(item, value)| item.differs(value));
                return inner.or((items.len() != values.len()).then_some(self.at));
            }
            (Content::Map(entries), Value::Mapping(values)) => {
                let unlike = |entry: &Entry| match values.get(entry.key.as_str()) {
                    Some(value) => entry.node.differs(value),
                    None => Some(entry.at),
                };
                return entries
                    .iter()
                    .find_map(unlike)
                    .or((entries.len() != values.len()).then_some(self.at));
            }
            (Content::Scalar { text, .. }, Value::String(value)) => text == value,
            (Content::Scalar { .. }, Value::Null) => self.type_of() == Type::Nothing,
            (Content::Scalar { text, .. }, Value::Bool(value)) => {
                self.type_of() == Type::Truth && text.eq_ignore_ascii_case(&value.to_string())
            }
            (Content::Scalar { .. }, Value::Number(_)) => self.type_of() == Type::Number,
            _ => false,
        };
        (!same).then_some(self.at)
    }
}

/// Returns the number where every reader of YAML sees the same one: digits, without a zero before them.
fn whole_number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

/// Returns whether a YAML 1.1 or 1.2 reader may take the text for a number.
fn is_number(text: &str) -> bool {
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    let radix = |prefix: &str, radix: u32| {
        let digits = bare.strip_prefix(prefix);
        digits.is_some_and(|d| !d.is_empty() && d.chars().all(|c| c.is_digit(radix) || c == '_'))
    };
    let decimal = bare.starts_with(|c: char| c.is_ascii_digit())
        || bare.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    (decimal && bare.replace('_', "").parse::<f64>().is_ok())
        || radix("0x", 16)
        || radix("0o", 8)
        || radix("0b", 2)
        || matches!(bare, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_some_reader_takes_for_a_number_is_a_number() {
        let numbers =
            ["1", "1.28", "-3", "+4.5", "012", "0x1F", "0o7", "0b1", "1e3", ".5", "1_000", ".inf", "-.inf"];
        for text in numbers.iter().chain(&[".nan", "3."]) {
            assert!(is_number(text), "{text}");
        }
        for text in [
            "1.28.0",
            "v1",
            "7d",
            "2026-11-20",
            "1.28-alpine",
            "",
            "-",
            ".",
            "inf",
            "nan",
            "0xZZ",
            "0x",
            "e3",
        ] {
            assert!(!is_number(text), "{text}");
        }
    }
}
