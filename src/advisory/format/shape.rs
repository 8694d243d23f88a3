//! What can be seen of a file before it is read: enough to tell the published forms of advisories apart.

use std::fmt;

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};

/// Most keys of a JSON object that are looked at.
const KEYS_MAX: usize = 64;
/// Most bytes of text that are looked at for the root of an XML document or the keys of a YAML one.
const HEAD_BYTES: usize = 4 << 10;

/// The outline of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::advisory) enum Shape<'f> {
    /// A JSON object by its first keys, in the order of the file, with those of its first member where that is an object.
    Object { keys: Vec<String>, first: Vec<String> },
    /// A JSON array by the keys of its first member.
    Array { first: Vec<String> },
    /// A YAML mapping by its keys at the left edge.
    Yaml { keys: Vec<String> },
    /// An XML document by the name of its root, without prefix.
    Xml { root: String },
    /// Text by its first lines.
    Text { head: &'f str },
    /// Bytes by their beginning.
    Binary { head: &'f [u8] },
}

impl<'f> Shape<'f> {
    /// Returns the outline of a file. JSON is read as far as its first keys go and no further.
    pub(in crate::advisory) fn of(bytes: &'f [u8]) -> Self {
        let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let blank = start.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let head = &start[blank..(blank + HEAD_BYTES).min(start.len())];
        match head.first() {
            Some(b'{') => {
                let keys = keys(&start[blank..]);
                Self::Object { keys: keys.own, first: keys.first }
            }
            Some(b'[') => {
                let open = start[blank + 1..].iter().take_while(|b| b.is_ascii_whitespace()).count();
                Self::Array { first: keys(&start[blank + 1 + open..]).own }
            }
            Some(b'<') => xml(head).unwrap_or(Self::Binary { head }),
            _ => text(head).map_or(Self::Binary { head }, |text| {
                let keys = yaml_keys(text);
                if keys.is_empty() { Self::Text { head: text } } else { Self::Yaml { keys } }
            }),
        }
    }

    /// Returns whether it is a JSON object or YAML mapping that begins with all of these keys among its first.
    pub(in crate::advisory) fn has(&self, wanted: &[&str]) -> bool {
        match self {
            Self::Object { keys, .. } | Self::Yaml { keys } => {
                wanted.iter().all(|key| keys.iter().any(|found| found == key))
            }
            _ => false,
        }
    }
}

/// Returns the text that a head is the beginning of; a character cut at its end is left out.
fn text(head: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    (!text.contains('\0')).then_some(text)
}

fn yaml_keys(text: &str) -> Vec<String> {
    let key = |line: &str| {
        let (key, rest) = line.split_once(':')?;
        let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        (plain && (rest.is_empty() || rest.starts_with([' ', '\r']))).then(|| key.to_owned())
    };
    text.lines().filter_map(key).take(KEYS_MAX).collect()
}

fn xml(head: &[u8]) -> Option<Shape<'static>> {
    let mut rest = text(head)?;
    loop {
        rest = rest.trim_start();
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.split_once("-->")?.1;
        } else if rest.starts_with("<?") || rest.starts_with("<!") {
            rest = rest.split_once('>')?.1;
        } else {
            let name = rest.strip_prefix('<')?;
            let name = &name[..name.find(|c: char| c.is_whitespace() || c == '>' || c == '/')?];
            let root = name.rsplit(':').next().unwrap_or(name).to_owned();
            return Some(Shape::Xml { root });
        }
    }
}

#[derive(Default)]
struct Keys {
    own: Vec<String>,
    first: Vec<String>,
}

/// Returns the first keys of the object that `json` begins with; of one that is damaged those before the damage.
fn keys(json: &[u8]) -> Keys {
    let mut found = Keys::default();
    let mut input = serde_json::Deserializer::from_slice(json);
    // The visitor stops before the end on purpose, which the deserializer reports as an error.
    let _stopped = input.deserialize_map(Outline { found: &mut found });
    found
}

struct Outline<'k> {
    found: &'k mut Keys,
}

impl<'de> Visitor<'de> for Outline<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let is_first = self.found.own.is_empty();
            self.found.own.push(key);
            if self.found.own.len() >= KEYS_MAX {
                break;
            }
            if is_first {
                map.next_value_seed(First { keys: &mut self.found.first })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// Reads the keys of the first member, where it is an object.
struct First<'k> {
    keys: &'k mut Vec<String>,
}

impl<'de> serde::de::DeserializeSeed<'de> for First<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for First<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            map.next_value::<IgnoredAny>()?;
            if self.keys.len() < KEYS_MAX {
                self.keys.push(key);
            }
        }
        Ok(())
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(list: &[&str]) -> Vec<String> {
        list.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn files_are_told_apart_by_their_outline() {
        for (bytes, expected) in [
            (
                &b"{\"openssl\": {\"CVE-1\": {}, \"CVE-2\": 1}, \"zlib\": {\"CVE-3\": {}}}"[..],
                Shape::Object { keys: strings(&["openssl", "zlib"]), first: strings(&["CVE-1", "CVE-2"]) },
            ),
            (
                b"\xef\xbb\xbf {\"id\": \"A\", \"n\": [1, null], \"cut",
                Shape::Object { keys: strings(&["id", "n"]), first: vec![] },
            ),
            (b"[ {\"a\": 1}, {\"b\": 2}]", Shape::Array { first: strings(&["a"]) }),
            (b"[]", Shape::Array { first: vec![] }),
            (
                b"---\nid: X\naffected:\n- package:\n    name: y\n",
                Shape::Yaml { keys: strings(&["id", "affected"]) },
            ),
            (
                b"<?xml version=\"1.0\"?>\n<!-- a > b -->\n<ns0:oval_definitions xmlns=\"x\">",
                Shape::Xml { root: "oval_definitions".into() },
            ),
            (
                b"cve,epss,percentile\nCVE-1,0.1,0.2\n",
                Shape::Text { head: "cve,epss,percentile\nCVE-1,0.1,0.2\n" },
            ),
            (b"SQLite format 3\0rest", Shape::Binary { head: b"SQLite format 3\0rest" }),
            (b"", Shape::Text { head: "" }),
        ] {
            assert_eq!(Shape::of(bytes), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn deep_and_long_beginnings_end() {
        let deep = "{\"a\":".repeat(100_000);
        assert_eq!(Shape::of(deep.as_bytes()), Shape::Object { keys: strings(&["a"]), first: vec![] });
        let many: Vec<_> = (0..1000).map(|n| format!("\"k{n}\": {n},")).collect();
        let text = format!("{{{}", many.concat());
        let Shape::Object { keys, .. } = Shape::of(text.as_bytes()) else { panic!("{text}") };
        assert_eq!(keys.len(), KEYS_MAX);
    }
}
