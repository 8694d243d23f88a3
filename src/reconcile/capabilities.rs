//! Records what `fondaco doctor` found out about registries, by the push rule of every record.

use std::collections::BTreeMap;

use super::{
    RunError, State, World,
    record::{PUSHES_MAX, commit_and_push},
};
use crate::{
    evidence::{Document as _, REGISTRIES_LOCK, RegistriesLock},
    registry::Capabilities,
};

/// Commits and pushes `lock/registries.lock.json` where something else was found than is recorded. Returns the commit.
pub async fn record_capabilities(
    world: &World,
    found: &BTreeMap<String, Capabilities>,
) -> Result<Option<String>, RunError> {
    for _ in 0..PUSHES_MAX {
        let state = State::tip(world).await?;
        let before = state.evidence.registries.as_ref();
        let lock = RegistriesLock::with(before, found, world.now());
        if before == Some(&lock) || (before.is_none() && lock.registries.is_empty()) {
            return Ok(None);
        }
        let changes = BTreeMap::from([(REGISTRIES_LOCK.to_owned(), Some(lock.text().into_bytes()))]);
        let mirror = &state.desired.mirror.name;
        let message = format!("Record what registries were found to do\n\nFondaco-Mirror: {mirror}\n");
        if let Some(tip) = commit_and_push(world, &state, changes, message).await? {
            return Ok((tip != state.tip).then(|| tip.to_string()));
        }
    }
    Err(RunError::PushLost(PUSHES_MAX))
}
