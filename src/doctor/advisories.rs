//! Whether an advisory bundle is pinned that the gates still accept.

use crate::{model::Instant, reconcile::State, registry::probe::Said};

pub(super) fn examine(state: &State, now: Instant) -> Vec<Said> {
    const IMPORT: &str = "`fondaco advisories import` a newer set of advisories and commit the lock";
    let Some(lock) = &state.evidence.advisories else {
        return vec![Said::warning("no advisory bundle is pinned, so every image is held", IMPORT)];
    };
    let what = format!("{} of {}, {} records", lock.digest.short(), lock.as_of.date(), lock.records);
    let strictest = state.desired.consumers.iter().min_by_key(|consumer| consumer.gate.max_age.value.seconds);
    vec![match strictest {
        Some(consumer) if now.since(lock.as_of) > consumer.gate.max_age.value => {
            let (name, limit) = (&consumer.name, consumer.gate.max_age.value);
            Said::warning(format!("{what}: older than the {limit} that `{name}` accepts"), IMPORT)
        }
        _ => Said::ok(what),
    }]
}
