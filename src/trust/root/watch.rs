//! Which trust roots the policies name, and what a person should know about each. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{EMBEDDED_AS_OF, FILE_ENDING, Instance, RECORD_ENDING, Record, Remark, Root, Weight, windows};
use crate::{
    manifest::{Desired, DesiredFile},
    model::{Instant, foreign::inline},
};

/// A trust root that a policy names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Watched {
    /// Its file in the manifest repository.
    pub path: String,
    /// The weightiest first.
    pub remarks: Vec<Remark>,
}

impl Watched {
    /// Returns what somebody should act on, in one line each.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let weighty = self.remarks.iter().filter(|remark| remark.weight > Weight::Note);
        weighty.map(|remark| format!("trust root `{}`: {}", inline(&self.path), remark.what))
    }
}

/// Returns the path of the record beside a root's file.
pub fn record_path(root: &str) -> String {
    let stem = root.strip_suffix(FILE_ENDING).or_else(|| root.strip_suffix(".json")).unwrap_or(root);
    format!("{stem}{RECORD_ENDING}")
}

/// Returns whether a file of the manifest repository is the record of a trust root.
pub fn is_record(path: &str) -> bool {
    path.starts_with("trust/") && path.ends_with(RECORD_ENDING)
}

/// Returns every trust root that a policy names, by path. `records` are the records beside them; `committed` says when a
/// file was last changed in Git, where that is known.
pub fn watch(
    desired: &Desired,
    records: &BTreeMap<String, Vec<u8>>,
    committed: &dyn Fn(&str) -> Option<Instant>,
    now: Instant,
) -> Vec<Watched> {
    let named: BTreeSet<&DesiredFile> =
        desired.policies.values().filter_map(|policy| policy.root.as_ref()).collect();
    let watched = named.into_iter().map(|file| {
        let remarks = match Root::read(file.text.as_bytes()) {
            Ok(root) => {
                let record = records.get(&record_path(&file.path));
                let record = record.and_then(|bytes| serde_json::from_slice::<Record>(bytes).ok());
                let known = known(&root, record.as_ref()).or_else(|| committed(&file.path));
                windows::remarks(&root, known, now)
            }
            Err(reason) => vec![Remark { weight: Weight::Severe, what: format!("cannot be read: {reason}") }],
        };
        Watched { path: file.path.clone(), remarks }
    });
    watched.collect()
}

/// Returns when a root was last known to be current: by its record, or because it came with the program.
fn known(root: &Root, record: Option<&Record>) -> Option<Instant> {
    let digest = root.digest();
    let checked = record.filter(|record| record.root == digest).map(|record| record.checked);
    let embedded = [Instance::PublicGood, Instance::Github]
        .into_iter()
        .any(|instance| instance.embedded().is_ok_and(|embedded| embedded.digest() == digest));
    let came = EMBEDDED_AS_OF.parse().ok().filter(|_| embedded);
    [checked, came].into_iter().flatten().max()
}
