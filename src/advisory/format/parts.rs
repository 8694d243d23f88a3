//! Lists and objects of foreign files that end at a number of members, whatever the file holds. Pure.
//!
//! A form that keeps thousands of advisories in one file reads them as [`RawValue`]s, which are slices of the file,
//! and each of these on its own: what is wrong with one leaves the others as they are, and the file is walked a fixed
//! number of times.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::advisory::record::{Content, shown};

/// Most broken parts of one file that are named; the file is then something else than its form.
pub(super) const BROKEN_MAX: usize = 10_000;
/// Longest message about a file in characters.
const MESSAGE_CHARS_MAX: usize = 200;

/// A list of at most `MAX` members; `null` is an empty one.
#[derive(Debug)]
pub(super) struct List<T, const MAX: usize>(pub(super) Vec<T>);

/// The members of an object in the order of the file, at most `MAX`; `null` is an empty one.
#[derive(Debug)]
pub(super) struct Members<T, const MAX: usize>(pub(super) Vec<(String, T)>);

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self(vec![])
    }
}

impl<T, const MAX: usize> Default for Members<T, MAX> {
    fn default() -> Self {
        Self(vec![])
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Listed::<T, MAX>(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for Members<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Named::<T, MAX>(PhantomData))
    }
}

struct Listed<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Listed<T, MAX> {
    type Value = List<T, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MAX}")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut read = vec![];
        while let Some(member) = list.next_element()? {
            if read.len() >= MAX {
                return Err(A::Error::custom(format_args!("a list of more than {MAX}")));
            }
            read.push(member);
        }
        Ok(List(read))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(List::default())
    }
}

struct Named<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Named<T, MAX> {
    type Value = Members<T, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object of at most {MAX}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut read = vec![];
        while let Some(member) = map.next_entry()? {
            if read.len() >= MAX {
                return Err(A::Error::custom(format_args!("an object of more than {MAX}")));
            }
            read.push(member);
        }
        Ok(Members(read))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Members::default())
    }
}

/// Reads a whole JSON file, with or without a byte order mark.
pub(super) fn file<'f, T: Deserialize<'f>>(bytes: &'f [u8]) -> Result<T, String> {
    serde_json::from_slice(without_mark(bytes)).map_err(|e| said(&e))
}

/// Reads one part of a file.
pub(super) fn part<'f, T: Deserialize<'f>>(raw: &'f RawValue) -> Result<T, String> {
    serde_json::from_str(raw.get()).map_err(|e| said(&e))
}

/// Returns a file without the byte order mark that it may begin with.
pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Returns the beginning of what a reader says about a file; it may repeat words of the file.
pub(super) fn said(error: &dyn fmt::Display) -> String {
    let plain = |c: char| if c.is_control() { '?' } else { c };
    error.to_string().chars().take(MESSAGE_CHARS_MAX).map(plain).collect()
}

/// Notes that a part of a file is of no use.
///
/// # Errors
/// Where so many are that the file is none of its form.
pub(super) fn note_broken(content: &mut Content, part: &str, reason: String) -> Result<(), String> {
    if content.broken.len() >= BROKEN_MAX {
        return Err(format!("more than {BROKEN_MAX} broken parts"));
    }
    content.broken.push((shown(part), reason));
    Ok(())
}

/// Counts a part that is understood and not imported.
pub(super) fn leave_out(content: &mut Content, what: &str) {
    *content.left_out.entry(what.to_owned()).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_objects_end_at_their_number() {
        for (json, expected) in [
            ("[1, 2]", Ok(2)),
            ("[]", Ok(0)),
            ("null", Ok(0)),
            ("[1, 2, 3]", Err("a list of more than 2")),
            ("[1, \"x\"]", Err("invalid type")),
            ("{}", Err("a list of at most 2")),
            ("[1", Err("EOF")),
        ] {
            let found = file::<List<u8, 2>>(json.as_bytes()).map(|list| list.0.len());
            check(json, found, expected);
        }
        for (json, expected) in [
            ("{\"a\": 1, \"b\": 2}", Ok(2)),
            ("null", Ok(0)),
            ("{\"a\": 1, \"b\": 2, \"a\": 3}", Err("an object of more than 2")),
            ("[]", Err("an object of at most 2")),
            ("{\"a\"", Err("EOF")),
        ] {
            let found = file::<Members<u8, 2>>(json.as_bytes()).map(|members| members.0.len());
            check(json, found, expected);
        }
    }

    fn check(json: &str, found: Result<usize, String>, expected: Result<usize, &str>) {
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{json}"),
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{json}: {found}"),
            (found, _) => panic!("{json}: {found:?}"),
        }
    }

    #[test]
    fn one_part_does_not_spoil_the_others() {
        let bytes = b"\xef\xbb\xbf[1, {\"deep\": [[]]}, 3]";
        let list: List<&RawValue, 3> = file(bytes).unwrap();
        let read: Vec<_> = list.0.into_iter().map(|raw| part::<u8>(raw).ok()).collect();
        assert_eq!(read, [Some(1), None, Some(3)]);
    }

    #[test]
    fn messages_are_short_and_printable() {
        let found = said(&format!("\u{7}{}", "x".repeat(1000)));
        assert_eq!(found, format!("?{}", "x".repeat(MESSAGE_CHARS_MAX - 1)));
        let mut content = Content::default();
        for _ in 0..BROKEN_MAX {
            note_broken(&mut content, "a\nb", String::new()).unwrap();
        }
        assert_eq!(content.broken[0].0, "a?b");
        assert!(note_broken(&mut content, "a", String::new()).is_err());
    }
}
