//! What attestations say, for the demands of a policy. Pure.

use std::collections::BTreeMap;

use crate::{manifest::DesiredAttestation, model::StatementKind};

/// What a statement says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::trust) struct Said {
    pub(super) says: BTreeMap<StatementKind, String>,
}

/// Reads a statement of a predicate type.
pub(super) fn read(_predicate_type: &str, statement: &[u8]) -> Result<Said, String> {
    serde_json::from_slice::<serde_json::Value>(statement)
        .map(|_| Said::default())
        .map_err(|error| super::shown(&error.to_string()))
}

/// Returns whether a statement says what is wanted.
pub(super) fn meets(wanted: &DesiredAttestation, said: &Said) -> Result<(), String> {
    for (kind, text) in &wanted.says {
        if !said.says.get(kind).is_some_and(|said| text.matches(said)) {
            return Err(format!("it does not say the wanted {kind:?}"));
        }
    }
    Ok(())
}

/// Returns whether a predicate type is the one that a policy means.
pub(super) fn is_of(wanted: &str, predicate_type: &str) -> bool {
    wanted == predicate_type
}
