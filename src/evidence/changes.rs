//! What a commit changes.

use std::collections::BTreeMap;

use super::is_page;

/// Returns the files of `new` that differ from `old`, and `None` for pages that are no longer made. Records, logs and
/// whatever else `old` holds never go by being left out: nothing is deleted without a reviewed document.
pub fn changes(
    old: &BTreeMap<String, Vec<u8>>,
    new: &BTreeMap<String, Vec<u8>>,
) -> BTreeMap<String, Option<Vec<u8>>> {
    let written = new.iter().filter(|(path, bytes)| old.get(*path) != Some(bytes));
    let written = written.map(|(path, bytes)| (path.clone(), Some(bytes.clone())));
    let gone = old.keys().filter(|path| is_page(path) && !new.contains_key(*path));
    written.chain(gone.map(|path| (path.clone(), None))).collect()
}
