//! Whether every reader takes a manifest for the same thing.
//!
//! What is judged here is pulled by programs in Go, whose JSON reader takes `"Layers"` for `"layers"` and lets the last one
//! win (`encoding/json`, "Unmarshal": "preferring an exact match but also accepting a case-insensitive match"). A manifest
//! with both is two images: one for who judges it and one for who runs it.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::model::foreign::cut;
use crate::registry::RawManifest;

/// The keys of manifests, indexes, descriptors and platforms that readers act on.
const KEYS: [&str; 17] = [
    "schemaVersion",
    "mediaType",
    "config",
    "layers",
    "manifests",
    "subject",
    "artifactType",
    "annotations",
    "digest",
    "size",
    "urls",
    "data",
    "platform",
    "architecture",
    "os",
    "os.version",
    "variant",
];

/// Characters of a key, or of a media type, that a message shows.
const SHOWN_CHARS_MAX: usize = 120;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    media_type: Option<String>,
    manifests: Option<IgnoredAny>,
    layers: Option<IgnoredAny>,
    config: Option<IgnoredAny>,
}

/// Says why one reader may take a manifest for something else than another does: for an index and an image
/// (CVE-2021-41190), for another media type, or by keys that only some of them know.
pub(super) fn unambiguous(raw: &RawManifest) -> Result<(), String> {
    let shape: Shape = serde_json::from_slice(&raw.bytes).map_err(|error| error.to_string())?;
    if shape.manifests.is_some() && (shape.layers.is_some() || shape.config.is_some()) {
        return Err("is an image and an index at once".to_owned());
    }
    let (own, served) = (shape.media_type, &raw.descriptor.media_type);
    if let Some(own) = own.filter(|own| own != served) {
        return Err(format!("calls itself `{}`, but is served as `{served}`", cut(&own, SHOWN_CHARS_MAX)));
    }
    let mut reader = serde_json::Deserializer::from_slice(&raw.bytes);
    Keys { free: false }.deserialize(&mut reader).map_err(|error| error.to_string())
}

/// Returns the key that a reader in Go takes this one for, where that is another one.
fn taken_for(key: &str) -> Option<&'static str> {
    // The two letters beside ASCII that fold to letters of ours.
    let fold = |c: char| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    };
    let same = |known: &&str| known.chars().map(fold).eq(key.chars().map(fold));
    KEYS.into_iter().find(same).filter(|known| *known != key)
}

/// Reads a document for its keys alone.
#[derive(Clone, Copy)]
struct Keys {
    /// Whether the object's keys are whatever the author likes.
    free: bool,
}

impl<'de> DeserializeSeed<'de> for Keys {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Keys {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if let Some(known) = taken_for(&key).filter(|_| !self.free) {
                let shown = cut(&key, SHOWN_CHARS_MAX);
                return Err(A::Error::custom(format!(
                    "has the key `{shown}`, which some take for `{known}`"
                )));
            }
            map.next_value_seed(Self { free: key == "annotations" })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(self)?.is_some() {}
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
    use crate::model::{Descriptor, media_type};

    fn read(text: &str) -> Result<(), String> {
        let bytes = bytes::Bytes::from(text.to_owned());
        unambiguous(&RawManifest { descriptor: Descriptor::of(media_type::OCI_MANIFEST, &bytes), bytes })
    }

    #[test]
    fn keys_that_only_some_readers_know_are_refused() {
        for (text, key) in [
            (r#"{"layers": [], "Layers": []}"#, "layers"),
            (r#"{"LAYERS": []}"#, "layers"),
            (r#"{"layer\u017f": []}"#, "layers"),
            (r#"{"layers": [{"digest": "a", "diGest": "b"}]}"#, "digest"),
            (r#"{"config": {"platform": {"OS": "linux"}}}"#, "os"),
            (r#"{"subject": {"Size": 1}}"#, "size"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(&format!("which some take for `{key}`")), "{text}: {error}");
        }
        for text in [
            r#"{"layers": [1, -1, 1.5, true, null, "x", {"y": []}], "x-Layers": 1, "history": {}}"#,
            r#"{"annotations": {"Size": "large", "Layers": "3"}, "layers": []}"#,
        ] {
            assert_eq!(read(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_document_that_is_an_image_and_an_index_or_says_another_type_is_refused() {
        assert!(read(r#"{"manifests": [], "layers": []}"#).unwrap_err().contains("at once"));
        let other = format!(r#"{{"mediaType": "{}"}}"#, media_type::OCI_INDEX);
        assert!(read(&other).unwrap_err().contains("calls itself"));
    }
}
