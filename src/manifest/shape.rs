//! Checks a document against its kind's JSON Schema and finds every mistake, not only the first.
//!
//! The schema comes from the same types that `serde_yaml` fills afterwards, so editor, check and reader agree. What is
//! wrong is removed from the document, so that the rest can still be read and checked further.

use std::{collections::BTreeMap, ops::RangeInclusive};

use serde_json::Value;

use super::escape::{escaped, shown};
use super::kinds::Kind;
use super::mistakes::Mistakes;
use super::node::{Content, Entry, Mark, Node, Type};
use super::suggest::{did_you_mean, retired};
use super::text::{Form, forms};
use super::{Code, Diagnostic, Place};

/// A document named by another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub kind: Kind,
    pub name: String,
    pub at: Place,
}

/// Checks `node` against the root of `schema`, removes what is wrong, and collects the documents it names. Returns
/// whether what is left can be read.
pub(super) fn check(
    file: &str,
    node: &mut Node,
    schema: &Value,
    named: &mut Vec<Named>,
    out: &mut Mistakes,
) -> bool {
    let root = Here { phrase: "for a document".to_owned(), at: node.at, key: "" };
    Checker { file, schema, named, out }.check(node, schema, &root)
}

/// What a schema asks for.
enum Shape<'s> {
    Map(&'s Value),
    List(&'s Value),
    Truth,
    /// A whole number in these bounds.
    Count(RangeInclusive<u64>),
    Words(Vec<&'s str>),
    Text(Option<&'static Form>),
    Either(Vec<&'s Value>),
}

impl Shape<'_> {
    fn accepts(&self, found: Type) -> bool {
        match self {
            Self::Map(_) => found == Type::Map,
            Self::List(_) => found == Type::List,
            Self::Truth => found == Type::Truth,
            Self::Count(_) => found == Type::Number,
            Self::Words(_) | Self::Text(_) => found == Type::Text,
            Self::Either(_) => true,
        }
    }
}

/// Where a value stands: how a message says it, and the key to point at where the value itself is no good place.
struct Here<'k> {
    phrase: String,
    at: Mark,
    key: &'k str,
}

struct Checker<'a> {
    file: &'a str,
    schema: &'a Value,
    named: &'a mut Vec<Named>,
    out: &'a mut Mistakes,
}

impl<'a> Checker<'a> {
    /// Follows references to what the schema asks for.
    fn shape(&self, schema: &'a Value) -> Shape<'a> {
        let mut schema = schema;
        let mut form = None;
        while let Some(next) = inner(schema) {
            schema =
                match next.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix("#/definitions/"))
                {
                    Some(name) => {
                        form = forms().find(|form| form.name == name);
                        &self.schema["definitions"][name]
                    }
                    None => next,
                };
        }
        if let Some(options) = schema["anyOf"].as_array() {
            return Shape::Either(options.iter().collect());
        }
        match schema["type"].as_str() {
            Some("object") => Shape::Map(schema),
            Some("array") => Shape::List(schema),
            Some("boolean") => Shape::Truth,
            Some("integer") => {
                let bound = |name: &str| schema[name].as_u64();
                Shape::Count(bound("minimum").unwrap_or(0)..=bound("maximum").unwrap_or(u64::MAX))
            }
            _ => words(schema).map_or(Shape::Text(form), Shape::Words),
        }
    }

    fn check(&mut self, node: &mut Node, schema: &'a Value, here: &Here<'_>) -> bool {
        let shape = self.shape(schema);
        let found = node.type_of();
        if !shape.accepts(found) {
            return self.wrong_type(node, &shape, here);
        }
        match shape {
            Shape::Map(schema) => self.map(node, schema, here),
            Shape::List(schema) => self.list(node, schema, here),
            Shape::Truth => true,
            Shape::Count(bounds) => self.count(node, &bounds, here),
            Shape::Words(words) => self.word(node, &words, here),
            Shape::Text(form) => form.is_none_or(|form| self.text(node, form)),
            Shape::Either(options) => self.either(node, &options, here),
        }
    }

    fn wrong_type(&mut self, node: &Node, expected: &Shape<'a>, here: &Here<'_>) -> bool {
        let scalar = shown(node.scalar().unwrap_or_default());
        let found = match node.type_of() {
            Type::Nothing => "nothing".to_owned(),
            Type::Truth => format!("`{scalar}`"),
            Type::Number => format!("the number `{scalar}`"),
            Type::Text => "text".to_owned(),
            Type::List => "a list".to_owned(),
            Type::Map => "a map".to_owned(),
        };
        let form = if let Shape::Text(form) = expected { *form } else { None };
        let rule = form.filter(|_| node.scalar().is_some()).and_then(|form| (form.wrong)(&scalar));
        let quotable = matches!(expected, Shape::Text(_)) && rule.is_none();
        let quoted = (quotable && matches!(node.type_of(), Type::Truth | Type::Number))
            .then(|| format!("in quotes: `\"{scalar}\"`"));
        let expected = self.noun(expected);
        let at = if node.type_of() == Type::Nothing { here.at } else { node.at };
        let message = format!("expected {expected} {}, found {found}", here.phrase);
        self.out
            .push(Diagnostic::new(Code::WrongType, message, at.place(self.file)).label(quoted).help(rule));
        false
    }

    /// Checks every entry. What lacks a required key is of no further use.
    fn map(&mut self, node: &mut Node, schema: &'a Value, here: &Here<'_>) -> bool {
        self.missing_keys(node, schema, here.at);
        self.alternatives(node, schema, here.at);
        let known = &schema["properties"];
        if let Content::Map(entries) = &mut node.content {
            entries.retain_mut(|entry| match known.get(&entry.key) {
                Some(schema) => {
                    let here = Here { phrase: format!("for `{}`", entry.key), at: entry.at, key: &entry.key };
                    self.check(&mut entry.node, schema, &here)
                }
                None => self.unknown_key(entry, schema),
            });
        }
        required(schema).all(|key| node.entry(key).is_some())
            && alternatives(schema).is_none_or(|keys| keys.iter().any(|key| node.entry(key).is_some()))
    }

    fn unknown_key(&mut self, entry: &Entry, schema: &Value) -> bool {
        if self.out.full(self.file) {
            return false;
        }
        let mut keys: Vec<&str> =
            schema["properties"].as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        let message = format!("unknown key `{}`", shown(&entry.key));
        let known = format!("keys of {}: {}", title(schema), keys.join(", "));
        let (label, help) = match retired(&entry.key) {
            Some((label, instead)) => (Some(label.to_owned()), format!("{instead}; {known}")),
            None => (did_you_mean(&entry.key, keys.iter().copied()), known),
        };
        self.report(Code::UnknownKey, message, entry.at, label, help);
        false
    }

    fn missing_keys(&mut self, node: &Node, schema: &Value, at: Mark) {
        for key in required(schema).filter(|key| node.entry(key).is_none()) {
            let description = schema["properties"][key]["description"].as_str().unwrap_or_default();
            let message = format!("{} needs the key `{key}`", title(schema));
            self.report(
                Code::MissingKey,
                message,
                at,
                None,
                format!("`{key}`: {}", first_sentence(description)),
            );
        }
    }

    /// Reports a map with none or several of the keys of which exactly one is wanted.
    fn alternatives(&mut self, node: &Node, schema: &Value, at: Mark) {
        let Some(keys) = alternatives(schema) else { return };
        let written = keys.iter().filter(|key| node.entry(key).is_some()).count();
        if written != 1 {
            let quoted: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
            let code = if written == 0 { Code::MissingKey } else { Code::InvalidValue };
            let (last, others) = quoted
                .split_last()
                .map_or((String::new(), String::new()), |(last, others)| (last.clone(), others.join(", ")));
            let message = format!("{} needs exactly one of {others} and {last}", title(schema));
            self.out.push(Diagnostic::new(code, message, at.place(self.file)));
        }
    }

    fn list(&mut self, node: &mut Node, schema: &'a Value, here: &Here<'_>) -> bool {
        let Content::List(items) = &mut node.content else { return false };
        if items.is_empty() && schema["minItems"].as_u64().is_some_and(|least| least > 0) {
            let message = format!("`{}` needs at least one entry", here.key);
            self.out.push(Diagnostic::new(Code::InvalidValue, message, node.at.place(self.file)));
        }
        let mut seen = BTreeMap::new();
        items.retain_mut(|item| {
            let here = Here { phrase: format!("in `{}`", here.key), at: item.at, key: here.key };
            let unique = schema["uniqueItems"] != true || self.unique(item, &mut seen);
            unique && self.check(item, &schema["items"], &here)
        });
        true
    }

    fn unique(&mut self, item: &Node, seen: &mut BTreeMap<String, Mark>) -> bool {
        let Some(text) = item.scalar() else { return true };
        let Some(first) = seen.insert(text.to_owned(), item.at) else { return true };
        let message = format!("`{}` is listed twice", shown(text));
        self.report(
            Code::DuplicateItem,
            message,
            item.at,
            None,
            format!("the first is in line {}", first.line),
        );
        false
    }

    fn count(&mut self, node: &Node, bounds: &RangeInclusive<u64>, here: &Here<'_>) -> bool {
        let text = node.scalar().unwrap_or_default();
        if text.parse().is_ok_and(|number: u64| bounds.contains(&number)) {
            return true;
        }
        let message = format!("`{}` is no value for `{}`", shown(text), here.key);
        let help = format!("expected a whole number {}", between(bounds));
        self.report(Code::InvalidValue, message, node.at, None, help);
        false
    }

    fn word(&mut self, node: &Node, words: &[&str], here: &Here<'_>) -> bool {
        let text = node.scalar().unwrap_or_default();
        if words.contains(&text) {
            return true;
        }
        let code = match here.key {
            "apiVersion" => Code::UnknownVersion,
            "kind" => Code::UnknownKind,
            _ => Code::InvalidValue,
        };
        let label = did_you_mean(text, words.iter().copied());
        let help = format!("expected {}", listed(words));
        let message = match code {
            Code::InvalidValue => format!("`{}` is no value for `{}`", shown(text), here.key),
            _ => format!("unknown {} `{}`", here.key, shown(text)),
        };
        self.report(code, message, node.at, label, help);
        false
    }

    fn text(&mut self, node: &Node, form: &Form) -> bool {
        let text = node.scalar().unwrap_or_default();
        let Some(rule) = (form.wrong)(text) else {
            let named = |kind| Named { kind, name: text.to_owned(), at: node.at.place(self.file) };
            self.named.extend(form.refers.map(named));
            return true;
        };
        self.report(
            Code::InvalidValue,
            format!("`{}` is not {}", shown(text), form.noun),
            node.at,
            None,
            escaped(&rule),
        );
        false
    }

    fn noun(&self, shape: &Shape<'a>) -> String {
        match shape {
            Shape::Map(_) => "a map".to_owned(),
            Shape::List(_) => "a list".to_owned(),
            Shape::Truth => "`true` or `false`".to_owned(),
            Shape::Count(_) => "a whole number".to_owned(),
            Shape::Words(words) => listed(words),
            Shape::Text(form) => form.map_or("text", |form| form.noun).to_owned(),
            Shape::Either(options) => {
                let nouns: Vec<_> = options.iter().map(|option| self.noun(&self.shape(option))).collect();
                nouns.join(" or ")
            }
        }
    }

    /// Checks against the options that fit the value's type: any is enough, and the last one says what is wrong.
    fn either(&mut self, node: &mut Node, options: &[&'a Value], here: &Here<'_>) -> bool {
        let found = node.type_of();
        let fitting: Vec<_> = options.iter().filter(|option| self.shape(option).accepts(found)).collect();
        let Some((last, others)) = fitting.split_last() else {
            return self.wrong_type(node, &Shape::Either(options.to_vec()), here);
        };
        let text = node.scalar().unwrap_or_default();
        let fits =
            |shape: Shape<'_>| matches!(shape, Shape::Text(Some(form)) if (form.wrong)(text).is_none());
        others.iter().any(|option| fits(self.shape(option))) || self.check(node, last, here)
    }

    fn report(&mut self, code: Code, message: String, at: Mark, label: Option<String>, help: String) {
        self.out.push(Diagnostic::new(code, message, at.place(self.file)).label(label).help(help));
    }
}

/// Returns what a schema that only refers refers to.
fn inner(schema: &Value) -> Option<&Value> {
    match schema["allOf"].as_array().map(Vec::as_slice) {
        Some([only]) => Some(only),
        _ => schema.get("$ref").map(|_| schema),
    }
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Returns the keys of which exactly one has to be written.
fn alternatives(schema: &Value) -> Option<Vec<&str>> {
    schema["oneOf"].as_array()?.iter().map(|option| option["required"][0].as_str()).collect()
}

/// Returns the words of an enumeration.
fn words(schema: &Value) -> Option<Vec<&str>> {
    let one = |schema: &'_ Value| schema["const"].as_str().is_some();
    if let Some(word) = schema["const"].as_str() {
        return Some(vec![word]);
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(Value::as_str).collect();
    }
    let options = schema["oneOf"].as_array().filter(|options| options.iter().all(one))?;
    options.iter().map(|option| option["const"].as_str()).collect()
}

fn between(bounds: &RangeInclusive<u64>) -> String {
    match (bounds.start(), bounds.end()) {
        (least, &u64::MAX) => format!("from {least}"),
        (least, most) => format!("from {least} to {most}"),
    }
}

/// Returns `one of `a`, `b``, or the only word.
fn listed(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    if quoted.len() == 1 { quoted.concat() } else { format!("one of {}", quoted.join(", ")) }
}

/// Returns a schema's title with its article.
fn title(schema: &Value) -> String {
    let title = schema["title"].as_str().unwrap_or("map");
    let article = if title.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {title}")
}

fn first_sentence(text: &str) -> &str {
    text.split_inclusive(". ").next().unwrap_or(text).trim_end()
}
