//! `index.json` of a layout: which manifests there are and which tags name them. Pure but for [`Index::read`].

use serde_json::{Value, json};

use super::stored::Stored;
use crate::{
    model::{Descriptor, Digest, canonical, media_type},
    registry::{RegistryError, asked::Asked},
};

/// The annotation that holds a tag (image specification, `annotations.md`).
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// The entries of an `index.json`, and whatever else it held.
#[derive(Debug, Clone)]
pub(super) struct Index {
    whole: Value,
    entries: Vec<Descriptor>,
}

impl Index {
    /// Reads the index of a layout; one that does not exist is empty.
    pub(super) fn read(stored: &dyn Stored, asked: &Asked) -> Result<Self, RegistryError> {
        match stored.read_index(asked)? {
            Some(bytes) => Self::parse(&bytes, asked),
            None => Ok(Self {
                whole: json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX}),
                entries: vec![],
            }),
        }
    }

    fn parse(bytes: &[u8], asked: &Asked) -> Result<Self, RegistryError> {
        let broken = |e: serde_json::Error| asked.invalid(format!("broken `index.json`: {e}"));
        let mut whole: Value = serde_json::from_slice(bytes).map_err(broken)?;
        let listed =
            whole.as_object_mut().and_then(|whole| whole.remove("manifests")).unwrap_or_else(|| json!([]));
        let entries = serde_json::from_value(listed).map_err(broken)?;
        if !whole.is_object() {
            return Err(asked.invalid("`index.json` is no object"));
        }
        Ok(Self { whole, entries })
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Descriptor> {
        self.entries.iter()
    }

    /// Returns the entry with a tag.
    ///
    /// # Errors
    /// `Invalid` where two manifests claim it: which one is meant nobody can say.
    pub(super) fn tagged(&self, tag: &str, asked: &Asked) -> Result<Option<Descriptor>, RegistryError> {
        let mut claims = self.entries.iter().filter(|entry| name(entry) == Some(tag));
        let first = claims.next();
        match claims.find(|other| Some(&other.digest) != first.map(|first| &first.digest)) {
            Some(_) => Err(asked.invalid("`index.json` gives this tag to two manifests")),
            None => Ok(first.cloned()),
        }
    }

    /// Returns the names that entries carry, as they are written.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(name)
    }

    pub(super) fn by_digest(&self, digest: &Digest) -> Option<Descriptor> {
        self.entries.iter().find(|entry| entry.digest == *digest).cloned()
    }

    /// Adds a manifest, and gives it a tag if there is one. A manifest that loses its last tag stays without.
    pub(super) fn put(&mut self, mut entry: Descriptor, tag: Option<&str>) {
        // Pulled up from a manifest, this annotation would let whoever wrote the manifest take over a tag.
        entry.annotations.remove(REF_NAME);
        if let Some(tag) = tag {
            for holder in self.entries.iter_mut().filter(|held| name(held) == Some(tag)) {
                holder.annotations.remove(REF_NAME);
            }
            entry.annotations.insert(REF_NAME.to_owned(), tag.to_owned());
            self.entries.push(entry);
        } else if self.by_digest(&entry.digest).is_none() {
            self.entries.push(entry);
        }
        self.tidy();
    }

    /// Takes a tag away; the manifest stays.
    pub(super) fn remove_tag(&mut self, tag: &str) {
        for holder in self.entries.iter_mut().filter(|held| name(held) == Some(tag)) {
            holder.annotations.remove(REF_NAME);
        }
        self.tidy();
    }

    /// Takes a manifest out, with every tag it has.
    pub(super) fn remove(&mut self, digest: &Digest) {
        self.entries.retain(|entry| entry.digest != *digest);
    }

    /// Sorts by digest and tag, and drops entries without tag of manifests that have one.
    fn tidy(&mut self) {
        let key = |entry: &Descriptor| (entry.digest.clone(), name(entry).map(str::to_owned));
        self.entries.sort_by_key(key);
        self.entries.dedup_by_key(|entry| key(entry));
        let tagged: std::collections::BTreeSet<_> = self
            .entries
            .iter()
            .filter(|entry| name(entry).is_some())
            .map(|entry| entry.digest.clone())
            .collect();
        self.entries.retain(|entry| name(entry).is_some() || !tagged.contains(&entry.digest));
    }

    /// Returns the index as it is written: equal content, equal bytes.
    pub(super) fn to_bytes(&self, asked: &Asked) -> Result<Vec<u8>, RegistryError> {
        let mut whole = self.whole.clone();
        whole["manifests"] = serde_json::to_value(&self.entries).map_err(|e| asked.invalid(e.to_string()))?;
        canonical::to_text(&whole).map(String::into_bytes).map_err(|e| asked.invalid(e.to_string()))
    }
}

/// Returns the name that an entry gives its manifest.
pub(super) fn name(entry: &Descriptor) -> Option<&str> {
    entry.annotations.get(REF_NAME).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> Index {
        Index { whole: json!({"schemaVersion": 2}), entries: vec![] }
    }

    fn shown(index: &Index) -> Vec<(Digest, Option<&str>)> {
        index.entries().map(|entry| (entry.digest.clone(), name(entry))).collect()
    }

    #[test]
    fn a_moved_tag_leaves_the_old_manifest_without_one() {
        let (one, two) = (Descriptor::of("m", b"1"), Descriptor::of("m", b"2"));
        let mut index = empty();
        index.put(one.clone(), None);
        index.put(one.clone(), Some("a"));
        index.put(one.clone(), Some("b"));
        assert_eq!(shown(&index), [(one.digest.clone(), Some("a")), (one.digest.clone(), Some("b"))]);
        index.put(two.clone(), Some("a"));
        index.put(two.clone(), Some("b"));
        let mut expected =
            [(one.digest.clone(), None), (two.digest.clone(), Some("a")), (two.digest.clone(), Some("b"))];
        expected.sort();
        assert_eq!(shown(&index), expected);
    }

    #[test]
    fn a_manifest_cannot_take_a_tag_by_its_own_annotation() {
        let mut hostile = Descriptor::of("m", b"hostile");
        hostile.annotations.insert(REF_NAME.to_owned(), "latest".to_owned());
        let mut index = empty();
        index.put(Descriptor::of("m", b"1"), Some("latest"));
        index.put(hostile.clone(), None);
        assert_eq!(index.by_digest(&hostile.digest).as_ref().and_then(name), None);
    }

    #[test]
    fn order_of_writes_does_not_show() {
        let asked = Asked::new("h", "x");
        let entries: Vec<_> = (0..8).map(|n| Descriptor::of("m", &[n])).collect();
        let (mut forward, mut backward) = (empty(), empty());
        for entry in &entries {
            forward.put(entry.clone(), None);
        }
        for entry in entries.iter().rev() {
            backward.put(entry.clone(), None);
        }
        assert_eq!(forward.to_bytes(&asked).unwrap(), backward.to_bytes(&asked).unwrap());
    }

    #[test]
    fn a_tag_claimed_by_two_manifests_is_an_error() {
        let asked = Asked::new("h", "x");
        let entry = |bytes: &[u8]| json!({"mediaType": "m", "digest": Digest::sha256(bytes), "size": 1, "annotations": {REF_NAME: "a"}});
        let text = json!({"schemaVersion": 2, "manifests": [entry(b"1"), entry(b"2")]}).to_string();
        let index = Index::parse(text.as_bytes(), &asked).unwrap();
        assert!(index.tagged("a", &asked).is_err());
        assert_eq!(index.tagged("b", &asked).unwrap(), None);
        assert!(Index::parse(b"[]", &asked).is_err());
        assert!(Index::parse(b"{\"manifests\": 1}", &asked).is_err());
    }
}
