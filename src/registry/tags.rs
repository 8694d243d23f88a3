//! Names of tags as a registry lists them: read without trust, bounded in number, sorted.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, SeqAccess, Visitor},
};

use super::asked::Asked;
use crate::model::Reference;

/// The most names of one repository that are read, those that are no tags among them. The largest public repositories
/// have some tens of thousands of tags.
pub const TAGS_MAX: usize = 200_000;

/// The tags of a listing so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    tags: BTreeSet<String>,
    /// Names read, of whatever form.
    read: usize,
    /// Names that are no tags. No other request could name them.
    dropped: usize,
}

impl Names {
    /// Adds a name.
    ///
    /// # Errors
    /// The reason, where there are more than anybody reads.
    pub(super) fn add(&mut self, name: &str) -> Result<(), String> {
        self.read += 1;
        if self.read > TAGS_MAX {
            return Err(flood());
        }
        if Reference::is_tag(name) {
            self.tags.insert(name.to_owned());
        } else {
            self.dropped += 1;
        }
        Ok(())
    }

    /// Adds the names of a page, `{"name": …, "tags": [ … ]}` (distribution specification, "Listing Tags"). Older
    /// registries answer `null` where there are none.
    ///
    /// # Errors
    /// The reason, where the page is none or there are too many names.
    pub(super) fn add_page(&mut self, page: &[u8]) -> Result<(), String> {
        let mut reader = serde_json::Deserializer::from_slice(page);
        let read = serde::de::DeserializeSeed::deserialize(Page(self), &mut reader);
        let read = read.and_then(|()| reader.end());
        // The reader adds a place, which says nothing about a list that is too long.
        read.map_err(|error| if self.read > TAGS_MAX { flood() } else { error.to_string() })
    }

    /// Returns the tags, sorted, each once.
    pub(super) fn sorted(self, asked: &Asked) -> Vec<String> {
        if self.dropped > 0 {
            tracing::warn!(
                host = asked.host,
                what = asked.what,
                dropped = self.dropped,
                "names that are no tags"
            );
        }
        self.tags.into_iter().collect()
    }
}

fn flood() -> String {
    format!("more than {TAGS_MAX} tags")
}

/// A page that is read into [`Names`] name by name: a page of short names would be ten times its size as a list.
struct Page<'a>(&'a mut Names);

impl<'de> serde::de::DeserializeSeed<'de> for Page<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Page<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of tags")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut listed = false;
        while let Some(key) = map.next_key::<Key>()? {
            if key.0 {
                map.next_value_seed(List(&mut *self.0))?;
                listed = true;
            } else {
                map.next_value::<serde::de::IgnoredAny>()?;
            }
        }
        if listed { Ok(()) } else { Err(A::Error::missing_field("tags")) }
    }
}

/// Whether a key is `tags`.
struct Key(bool);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        String::deserialize(reader).map(|key| Self(key == "tags"))
    }
}

struct List<'a>(&'a mut Names);

impl<'de> serde::de::DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of names")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(name) = list.next_element::<String>()? {
            self.0.add(&name).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pages: &[&str]) -> Result<Vec<String>, String> {
        let mut names = Names::default();
        pages.iter().try_for_each(|page| names.add_page(page.as_bytes()))?;
        Ok(names.sorted(&Asked::new("h", "x")))
    }

    #[test]
    fn pages_are_one_sorted_list() {
        let pages = [r#"{"name":"a","tags":["2","1"]}"#, r#"{"tags":["1","0"],"more":{"tags":["x"]}}"#];
        assert_eq!(read(&pages).unwrap(), ["0", "1", "2"]);
        assert_eq!(read(&[r#"{"name":"a","tags":null}"#]).unwrap(), [""; 0]);
        assert_eq!(read(&[r#"{"name":"a","tags":[]}"#]).unwrap(), [""; 0]);
    }

    #[test]
    fn names_that_act_on_terminals_or_paths_are_dropped() {
        let long = "x".repeat(129);
        let page = format!(r#"{{"tags":["\u001b[2J","../x","a b","","-a","a:b","{long}","ok"]}}"#);
        assert_eq!(read(&[&page]).unwrap(), ["ok"]);
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        for page in ["", "<html>", "[]", "{}", r#"{"tags":{}}"#, r#"{"tags":[1]}"#, r#"{"tags":[]} x"#] {
            assert!(read(&[page]).is_err(), "{page}");
        }
    }

    #[test]
    fn names_that_are_no_tags_count_too() {
        let flood = vec![r#""""#; TAGS_MAX].join(",");
        let full = format!(r#"{{"tags":[{flood}]}}"#);
        assert_eq!(read(&[&full]).unwrap(), [""; 0]);
        let error = read(&[&full, r#"{"tags":["one-more"]}"#]).unwrap_err();
        assert_eq!(error, "more than 200000 tags");
    }
}
