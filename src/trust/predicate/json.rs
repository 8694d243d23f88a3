//! JSON from outside, read once and strictly: bounded in size, depth and number of values, and without a key twice in
//! one object, because readers disagree about which of the two counts.

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{TEXT_CHARS_MAX, shown};
use crate::model::foreign;

/// The most bytes of a statement. Provenance has about 10 KiB; SBOMs of whole distributions have a few MiB.
pub const STATEMENT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// How deep objects and lists may lie in each other. Build definitions of BuildKit reach about 20.
pub const DEPTH_MAX: usize = 64;

/// The most values of a statement. It bounds memory where bytes do not: `1,` becomes a value of 32 bytes or more. An SBOM
/// of 10,000 packages has about 300,000.
pub const VALUES_MAX: usize = 1_000_000;

/// Reads one JSON document.
pub(super) fn read(bytes: &[u8]) -> Result<Value, String> {
    if bytes.len() > STATEMENT_BYTES_MAX {
        return Err(format!("the statement has {} bytes, more than {STATEMENT_BYTES_MAX}", bytes.len()));
    }
    let malformed = |error: serde_json::Error| {
        format!(
            "the statement is malformed: {}",
            foreign::cut(&error.to_string(), 2 * super::SHOWN_CHARS_MAX)
        )
    };
    let values = Cell::new(0);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: 0, values: &values }.deserialize(&mut deserializer).map_err(malformed)?;
    deserializer.end().map_err(malformed)?;
    Ok(value)
}

/// Builds a value and counts on the way.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    values: &'a Cell<usize>,
}

impl Strict<'_> {
    /// Returns what builds the values within this one.
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(E::custom(format!("it is nested more than {DEPTH_MAX} deep")));
        }
        Ok(Self { depth: self.depth + 1, values: self.values })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.values.set(self.values.get() + 1);
        if self.values.get() > VALUES_MAX {
            return Err(D::Error::custom(format!("it has more than {VALUES_MAX} values")));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut items = vec![];
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("an object has the key `{}` twice", shown(&key))));
            }
            let value = access.next_value_seed(inner)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

/// An object that is acted on.
///
/// Programs in Go take `predicatetype` for `predicateType`, and the last of both. So an object with two keys that only
/// differ in case is refused as soon as one of them is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Object<'a>(&'a Map<String, Value>);

impl<'a> Object<'a> {
    /// Returns a value as an object.
    pub(super) fn of(value: &'a Value, what: &str) -> Result<Self, String> {
        value.as_object().map(Self).ok_or_else(|| format!("{what} is no object"))
    }

    /// Returns the value of a key; `null` is none.
    pub(super) fn get(self, key: &str) -> Result<Option<&'a Value>, String> {
        let alike = |other: &&String| other.as_str() != key && folded(other).eq(folded(key));
        if let Some(other) = self.0.keys().find(alike) {
            return Err(format!("an object has `{}` where `{key}` is meant", shown(other)));
        }
        Ok(self.0.get(key).filter(|value| !value.is_null()))
    }

    /// Returns a text that something may be decided by; an empty one is none.
    pub(super) fn text(self, key: &str) -> Result<Option<&'a str>, String> {
        let Some(value) = self.get(key)? else { return Ok(None) };
        let text = value.as_str().ok_or_else(|| format!("`{key}` is no text"))?;
        bounded(text, key)?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    pub(super) fn required_text(self, key: &str) -> Result<&'a str, String> {
        self.text(key)?.ok_or_else(|| format!("`{key}` is missing"))
    }

    pub(super) fn object(self, key: &str) -> Result<Option<Self>, String> {
        self.get(key)?.map(|value| Self::of(value, &format!("`{key}`"))).transpose()
    }

    pub(super) fn required_object(self, key: &str) -> Result<Self, String> {
        self.object(key)?.ok_or_else(|| format!("`{key}` is missing"))
    }

    /// Returns a list; a missing one is empty.
    pub(super) fn list(self, key: &str) -> Result<&'a [Value], String> {
        let Some(value) = self.get(key)? else { return Ok(&[]) };
        value.as_array().map(Vec::as_slice).ok_or_else(|| format!("`{key}` is no list"))
    }

    /// Returns the objects of a list.
    pub(super) fn objects(
        self,
        key: &str,
    ) -> Result<impl Iterator<Item = Result<Object<'a>, String>>, String> {
        let what = format!("an item of `{key}`");
        Ok(self.list(key)?.iter().map(move |item| Object::of(item, &what)))
    }

    pub(super) fn entries(self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }
}

/// Refuses text over the limit.
pub(super) fn bounded(text: &str, what: &str) -> Result<(), String> {
    let long = text.chars().nth(TEXT_CHARS_MAX).is_some();
    if long { Err(format!("`{what}` has more than {TEXT_CHARS_MAX} characters")) } else { Ok(()) }
}

/// Returns the characters of a key as Go compares them: letters without case, and the two that are no ASCII but fold to
/// it, `ſ` and the Kelvin sign.
fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}
