//! JSON of files inside images, looked into field by field.
//!
//! Such files are written by hand as often as by tools: keys come twice, numbers stand where text belongs. A field that
//! is not what it should be is as good as absent and spoils no other one. Nothing is built in memory but what is asked
//! for, and what nobody asks for is skipped without recursion, however deep it is.

use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The most texts that are kept of one list.
const TEXTS_MAX: usize = 10_000;

/// One well-formed value, not looked into yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// Returns a whole text as a value, a byte order mark in front of it or not; `None` where it is no JSON.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        serde_json::from_str::<&RawValue>(text).ok().map(|raw| Self(raw.get()))
    }

    /// Returns the values of some keys of an object; of a key that comes twice the last one counts, as in JavaScript.
    /// `None` where this is no object.
    pub(super) fn get<const N: usize>(self, keys: [&str; N]) -> Option<[Option<Self>; N]> {
        serde_json::Deserializer::from_str(self.0).deserialize_map(Wanted(&keys)).ok()
    }

    /// Returns the value of one key of an object.
    pub(super) fn field(self, key: &str) -> Option<Self> {
        self.get([key]).and_then(|[value]| value)
    }

    /// Hands over the values of a list one by one; returns whether this is a list.
    pub(super) fn each(self, f: impl FnMut(Self)) -> bool {
        serde_json::Deserializer::from_str(self.0).deserialize_seq(Items(f)).is_ok()
    }

    /// Hands over the members of an object one by one; returns whether this is an object.
    pub(super) fn each_member(self, f: impl FnMut(&str, Self)) -> bool {
        serde_json::Deserializer::from_str(self.0).deserialize_map(Members(f)).is_ok()
    }

    /// Returns a string.
    pub(super) fn text(self) -> Option<String> {
        serde_json::Deserializer::from_str(self.0).deserialize_bytes(Text).ok()
    }

    /// Returns the string of one key of an object.
    pub(super) fn text_of(self, key: &str) -> Option<String> {
        self.field(key)?.text()
    }

    /// Returns a list: that of a list, else of the value alone. Absent ones are `null`.
    pub(super) fn items(self) -> Vec<Self> {
        let mut items = vec![];
        let is_list = self.each(|item| {
            if items.len() < TEXTS_MAX {
                items.push(item);
            }
        });
        if is_list || self.0 == "null" { items } else { vec![self] }
    }

    /// Returns the strings of a list, or a string alone.
    pub(super) fn texts(self) -> Vec<String> {
        self.items().into_iter().filter_map(Self::text).collect()
    }

    /// Returns the keys of an object.
    pub(super) fn keys(self) -> Vec<String> {
        let mut keys = vec![];
        self.each_member(|key, _| {
            if keys.len() < TEXTS_MAX {
                keys.push(key.to_owned());
            }
        });
        keys
    }
}

struct Wanted<'k, const N: usize>(&'k [&'k str; N]);

impl<'de, const N: usize> Visitor<'de> for Wanted<'_, N> {
    type Value = [Option<Json<'de>>; N];

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut values = [None; N];
        while let Some(index) = map.next_key_seed(Key(self.0))? {
            match index {
                Some(index) => values[index] = Some(Json(map.next_value::<&RawValue>()?.get())),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(values)
    }
}

/// Tells which of the wanted keys one is, without a copy of it.
struct Key<'k>(&'k [&'k str]);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<usize>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }

    /// As bytes, because half a surrogate pair in a key that nobody asks for would end the object otherwise.
    fn visit_bytes<E>(self, key: &[u8]) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|wanted| wanted.as_bytes() == key))
    }
}

/// A string, with half surrogate pairs replaced.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = String;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E>(self, text: &[u8]) -> Result<String, E> {
        Ok(String::from_utf8_lossy(text).into_owned())
    }
}

struct Items<F>(F);

impl<'de, F: FnMut(Json<'de>)> Visitor<'de> for Items<F> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<S: SeqAccess<'de>>(mut self, mut items: S) -> Result<(), S::Error> {
        while let Some(item) = items.next_element::<&RawValue>()? {
            (self.0)(Json(item.get()));
        }
        Ok(())
    }
}

struct Members<F>(F);

impl<'de, F: FnMut(&str, Json<'de>)> Visitor<'de> for Members<F> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(mut self, mut map: M) -> Result<(), M::Error> {
        while let Some(key) = map.next_key_seed(Text)? {
            let value = map.next_value::<&RawValue>()?;
            (self.0)(&key, Json(value.get()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_the_wrong_kind_spoils_no_other() {
        let json =
            Json::of("\u{feff} {\"a\": 1, \"b\": \"x\\n\", \"a\": {\"c\": [\"y\", 2, null]}, \"d\": null} ")
                .unwrap();
        let [a, b, missing] = json.get(["a", "b", "missing"]).unwrap();
        assert_eq!((a.unwrap().text(), b.unwrap().text(), missing), (None, Some("x\n".into()), None));
        assert_eq!(a.unwrap().field("c").unwrap().texts(), ["y"]);
        assert_eq!(b.unwrap().texts(), ["x\n"]);
        assert_eq!(b.unwrap().get(["a"]), None);
        assert_eq!(json.field("d").unwrap().items(), []);
        assert_eq!(json.keys(), ["a", "b", "a", "d"]);
        assert!(!json.each(|_| ()));
    }

    #[test]
    fn half_a_surrogate_pair_spoils_nothing_else() {
        let json = Json::of(r#"{"\ud800": 1, "a": "x\udfff", "b": "\ud83d\ude00"}"#).unwrap();
        let texts = json.get(["a", "b"]).unwrap().map(|value| value.unwrap().text().unwrap());
        assert!(texts[0].starts_with("x\u{fffd}"), "{texts:?}");
        assert_eq!((texts[1].as_str(), json.keys().len()), ("😀", 3));
        assert_eq!(Json::of("[1]").unwrap().text(), None);
    }

    #[test]
    fn what_is_no_json_is_told() {
        for text in ["", "{", "{\"a\":1", "{\"a\":1}x", "{a:1}", "{\"a\":1,}", "nul"] {
            assert_eq!(Json::of(text), None, "{text}");
        }
    }

    #[test]
    fn depth_costs_nothing_where_nobody_looks_and_bounds_itself_where_somebody_does() {
        let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        let text = format!("{{\"deep\": {deep}, \"name\": \"n\"}}");
        let [deep, name] = Json::of(&text).unwrap().get(["deep", "name"]).unwrap();
        assert_eq!(name.unwrap().text().unwrap(), "n");
        assert_eq!((deep.unwrap().text(), deep.unwrap().texts()), (None, vec![]));
        let long = format!("[{}0]", "\"a\",".repeat(TEXTS_MAX + 5));
        assert_eq!(Json::of(&long).unwrap().texts().len(), TEXTS_MAX);
    }
}
