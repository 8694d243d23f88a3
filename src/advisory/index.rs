//! The index of a bundle: its sources and its shards by digest. The digest of the index pins all of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AdvisoryError, ecosystem::scheme_of, shard::SHARD_BYTES_MAX};
use crate::{
    evidence::{AdvisoriesLock, AdvisorySource, EcosystemUsed},
    model::{Digest, Instant, canonical},
};

const SCHEMA: &str = "fondaco/advisories/v1alpha2";
/// Largest index: [`SHARDS_MAX`] entries of half a kilobyte each.
pub const INDEX_BYTES_MAX: u64 = 4 << 20;
const SHARDS_MAX: usize = 2_000;
const SOURCES_MAX: usize = 1_000;
/// The shard of what is known of vulnerabilities whatever package has them.
pub const NOTES: &str = "CVE";

/// What a bundle is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Index {
    /// The oldest date of its sources.
    pub(super) as_of: Instant,
    pub(super) records: u64,
    pub(super) schema: String,
    /// Sorted by ecosystem.
    pub(super) shards: Vec<ShardEntry>,
    /// Sorted by name.
    pub(super) sources: Vec<AdvisorySource>,
}

/// One shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShardEntry {
    /// Of its table, which pins its lines.
    pub digest: Digest,
    pub ecosystem: String,
    /// Number of names.
    pub packages: u64,
    pub records: u64,
    /// Of the whole file, in bytes.
    pub size: u64,
    /// Names of the sources that speak of it.
    pub sources: Vec<String>,
    pub table_size: u64,
}

impl Index {
    pub(super) fn new(sources: Vec<AdvisorySource>, shards: Vec<ShardEntry>, records: u64) -> Self {
        // A bundle without sources speaks for no date: the epoch makes it stale for every rule about age.
        let as_of = sources.iter().map(|source| source.as_of).min().unwrap_or_default();
        Self { as_of, records, schema: SCHEMA.to_owned(), shards, sources }
    }

    /// Returns the file.
    pub fn text(&self) -> Result<String, AdvisoryError> {
        canonical::to_text(self).map_err(|e| AdvisoryError::Bundle(e.to_string()))
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`AdvisoryError::Bundle`] where the bytes are no index or exceed a limit, [`AdvisoryError::Mismatch`] where their
    /// digest is another; nothing is decoded then.
    pub fn parse(bytes: &[u8], expected: &Digest) -> Result<Self, AdvisoryError> {
        let wrong = |reason: String| AdvisoryError::Bundle(reason);
        if bytes.len() as u64 > INDEX_BYTES_MAX {
            return Err(wrong(format!("an index larger than {INDEX_BYTES_MAX} bytes")));
        }
        let found = expected.same_algorithm_of(bytes);
        if found != *expected {
            return Err(AdvisoryError::Mismatch { expected: expected.clone(), found });
        }
        let index: Self = serde_json::from_slice(bytes).map_err(|e| wrong(e.to_string()))?;
        if index.schema != SCHEMA {
            return Err(wrong(format!("schema is not `{SCHEMA}`")));
        }
        if index.shards.len() > SHARDS_MAX || index.sources.len() > SOURCES_MAX {
            return Err(wrong(format!("more than {SHARDS_MAX} shards or {SOURCES_MAX} sources")));
        }
        let is_known = |shard: &ShardEntry| shard.ecosystem == NOTES || scheme_of(&shard.ecosystem).is_some();
        let in_order = index.shards.is_sorted_by(|a, b| a.ecosystem < b.ecosystem);
        if !in_order || !index.shards.iter().all(is_known) {
            return Err(wrong("ecosystems are unknown or out of order".into()));
        }
        if let Some(large) = index.shards.iter().find(|shard| shard.size > SHARD_BYTES_MAX) {
            return Err(wrong(format!("`{}` is larger than {SHARD_BYTES_MAX} bytes", large.ecosystem)));
        }
        Ok(index)
    }

    /// Returns the shards, sorted by ecosystem.
    pub fn shards(&self) -> &[ShardEntry] {
        &self.shards
    }

    /// Returns what the advisories were imported from, sorted by name.
    pub fn sources(&self) -> &[AdvisorySource] {
        &self.sources
    }

    pub(super) fn shard(&self, ecosystem: &str) -> Option<&ShardEntry> {
        let at = self.shards.binary_search_by(|shard| shard.ecosystem.as_str().cmp(ecosystem)).ok()?;
        self.shards.get(at)
    }

    /// Returns the shards that a scan for these packages reads.
    pub fn wanted<'i, T>(&'i self, wanted: &'i BTreeMap<String, T>) -> impl Iterator<Item = &'i ShardEntry> {
        self.shards.iter().filter(|shard| shard.ecosystem == NOTES || wanted.contains_key(&shard.ecosystem))
    }

    /// Returns every ecosystem with the number of its records, sorted by name.
    pub fn ecosystems(&self) -> Vec<EcosystemUsed> {
        let packages = self.shards.iter().filter(|shard| shard.ecosystem != NOTES);
        packages.map(ShardEntry::used).collect()
    }

    /// Returns what `lock/advisories.lock.json` says about the bundle.
    ///
    /// # Errors
    /// As [`Self::text`].
    pub fn lock(&self) -> Result<AdvisoriesLock, AdvisoryError> {
        let text = self.text()?;
        Ok(AdvisoriesLock {
            schema: "fondaco/advisories-lock/v1alpha1".to_owned(),
            digest: Digest::sha256(&text),
            size: text.len() as u64 + self.shards.iter().map(|shard| shard.size).sum::<u64>(),
            as_of: self.as_of,
            records: self.records,
            ecosystems: self.ecosystems(),
            sources: self.sources.clone(),
        })
    }
}

impl ShardEntry {
    pub(super) fn used(&self) -> EcosystemUsed {
        EcosystemUsed {
            ecosystem: self.ecosystem.clone(),
            records: self.records,
            sources: self.sources.clone(),
        }
    }
}
