//! What is kept beside a trust root: where it came from, and the versions that must not go back. Pure.
//!
//! TUF clients keep the metadata of their last visit to notice a rollback (TUF specification 1.0.34, section 5). A batch
//! job starts from a fresh clone, so what counts of it is kept in the manifest repository, and is reviewed there.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Root, RootError};
use crate::model::{Digest, Instant, Period};

/// The schema of the record.
pub(super) const SCHEMA: &str = "fondaco/trust-root/v1alpha1";

/// A refresh that finds nothing new is written down when the last one that was is older: a file that changes daily
/// would be reviewed by nobody.
pub(super) const CHECKED_AGAIN: Period = Period::days(30);

/// The last refresh of one trust root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    pub schema: String,
    /// Address of the TUF repository.
    pub source: String,
    /// SHA-256 of the file that was written.
    pub root: Digest,
    /// When the file was last found to be what the repository serves.
    pub checked: Instant,
    /// By TUF role: root, timestamp, snapshot, targets.
    pub roles: BTreeMap<String, Role>,
}

/// One role of the TUF repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Role {
    pub version: u64,
    /// Identifiers of the keys that may sign it.
    pub keys: BTreeSet<String>,
}

impl Record {
    /// Returns whether the record speaks of this root from this source; only then its versions bind.
    pub(super) fn binds(&self, root: &Root, source: &str) -> bool {
        self.root == root.digest() && self.source == source
    }

    /// Refuses versions that are lower than the recorded ones.
    ///
    /// Where the keys of a role have been exchanged its version may begin anew: that is how a repository recovers from
    /// somebody who ran the versions up (fast-forward attack, section 5.3.11). The root's version never goes back.
    ///
    /// # Errors
    /// [`RootError::Rollback`].
    pub(super) fn check(&self, offered: &BTreeMap<String, Role>) -> Result<(), RootError> {
        for (name, before) in &self.roles {
            let Some(now) = offered.get(name) else { continue };
            let rekeyed = name != "root" && now.keys != before.keys;
            if now.version < before.version && !rekeyed {
                let (now, before) = (now.version, before.version);
                let why = format!("the TUF role `{name}` has version {now}, and {before} was seen already");
                return Err(RootError::Rollback(why));
            }
        }
        Ok(())
    }

    /// Returns whether this is worth writing in place of `before`.
    pub(super) fn replaces(&self, before: Option<&Self>) -> bool {
        before.is_none_or(|before| {
            let same = before.root == self.root && before.source == self.source;
            !same || self.checked.since(before.checked) >= CHECKED_AGAIN
        })
    }
}
