//! Everything that a bundle says of one vulnerability, whatever package has it.

use super::{
    Advisory, AdvisoryError, Note, Store,
    index::{Index, NOTES},
};
use crate::model::{Digest, cve};

/// What is known of one vulnerability.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    pub note: Option<Note>,
    /// By ecosystem and package, sorted.
    pub advisories: Vec<Said>,
}

/// What one advisory says of one package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    pub ecosystem: String,
    pub package: String,
    pub advisory: Advisory,
}

/// Reads every shard that the store has, and says of an identifier and of those that are other names of it what they say.
/// Returns the index with it.
///
/// # Errors
/// As [`Store::index`] and [`Store::shard_bytes`]; a shard that the store lacks is one of them.
pub fn find(store: &Store, bundle: &Digest, id: &str) -> Result<(Index, Known), AdvisoryError> {
    let index = store.index(bundle)?;
    let mut known = Known::default();
    for entry in index.shards() {
        let mut shard = store.open(entry)?;
        if entry.ecosystem == NOTES {
            known.note = shard.get(cve(id).unwrap_or(id))?;
            continue;
        }
        let bytes = store.shard_bytes(entry)?;
        for package in shard.naming(&bytes, id)? {
            let advisories: Vec<Advisory> = shard.get(&package)?.unwrap_or_default();
            let speaking = advisories.into_iter().filter(|advisory| names(advisory, id));
            known.advisories.extend(speaking.map(|advisory| Said {
                ecosystem: entry.ecosystem.clone(),
                package: package.clone(),
                advisory,
            }));
        }
    }
    known.advisories.sort();
    Ok((index, known))
}

fn names(advisory: &Advisory, id: &str) -> bool {
    let is = |name: &String| name == id || cve(name) == Some(id);
    is(&advisory.id) || advisory.ids.iter().any(is)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::{fixtures::record, import};

    #[test]
    fn every_name_of_a_vulnerability_finds_all_that_is_said_of_it() {
        let mut other = record("GHSA-aaaa-bbbb-cccc", "npm", "left-pad", Some("2.0.0"));
        other["aliases"] = serde_json::json!(["CVE-2024-0001"]);
        let records = [
            record("DEBIAN-CVE-2024-0001", "Debian:12", "openssl", Some("3")),
            record("DEBIAN-CVE-2024-0001", "Debian:12", "zlib", None),
            record("DEBIAN-CVE-2024-00011", "Debian:12", "zlib", None),
            other,
        ];
        let folder = tempfile::tempdir().unwrap();
        for (n, value) in records.iter().enumerate() {
            std::fs::write(folder.path().join(format!("{n}.json")), value.to_string()).unwrap();
        }
        let store = Store::new(folder.path().join("store"));
        let digest = store.put(&import(folder.path()).unwrap().bundle).unwrap();
        let found = |id: &str| {
            let (_, known) = find(&store, &digest, id).unwrap();
            known
                .advisories
                .iter()
                .map(|said| format!("{} {}", said.ecosystem, said.package))
                .collect::<Vec<_>>()
        };
        assert_eq!(found("CVE-2024-0001"), ["Debian:12 openssl", "Debian:12 zlib", "npm left-pad"]);
        assert_eq!(found("DEBIAN-CVE-2024-0001"), ["Debian:12 openssl", "Debian:12 zlib"]);
        assert_eq!(found("GHSA-aaaa-bbbb-cccc"), ["npm left-pad"]);
        assert_eq!(found("CVE-2024-000"), Vec::<String>::new());
    }
}
