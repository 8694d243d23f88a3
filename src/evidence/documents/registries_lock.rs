//! `lock/registries.lock.json`: what each registry was found to do.

use std::collections::BTreeMap;

use crate::{
    evidence::{Document, RegistriesLock, RegistryProbed},
    model::Instant,
    registry::{BehaviourOverrides, Capabilities},
};

impl Document for RegistriesLock {
    const SCHEMA: &'static str = "fondaco/registries-lock/v1alpha1";

    fn schema(&self) -> &str {
        &self.schema
    }
}

impl RegistriesLock {
    /// Returns what is known of a registry.
    pub fn of(&self, host: &str) -> Option<&Capabilities> {
        self.registries.iter().find(|known| known.host == host).map(|known| &known.capabilities)
    }

    /// Returns how each registry behaves as far as that was found out, by host.
    pub fn overrides(&self) -> BTreeMap<String, BehaviourOverrides> {
        self.registries.iter().map(|known| (known.host.clone(), known.capabilities.overrides())).collect()
    }

    /// Returns the lock after probing: an entry changes, and gets the time, only where something else was found.
    #[must_use]
    pub fn with(before: Option<&Self>, found: &BTreeMap<String, Capabilities>, now: Instant) -> Self {
        let known = before.into_iter().flat_map(|lock| &lock.registries);
        let mut entries: BTreeMap<String, RegistryProbed> =
            known.map(|known| (known.host.clone(), known.clone())).collect();
        for (host, found) in found {
            let before = entries.get(host).map(|known| known.capabilities.clone());
            let capabilities = found.clone().or(before.clone().unwrap_or_default());
            if before.as_ref() != Some(&capabilities) {
                let entry = RegistryProbed { host: host.clone(), probed_at: now, capabilities };
                entries.insert(host.clone(), entry);
            }
        }
        Self { schema: Self::SCHEMA.to_owned(), registries: entries.into_values().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    #[test]
    fn the_time_of_a_probe_changes_only_with_what_it_found() {
        let found = |sha512| {
            let one = Capabilities { sha512: Some(sha512), ..Capabilities::default() };
            BTreeMap::from([("b.example".to_owned(), one)])
        };
        let (first, second) = (at("2026-11-21T00:00:00Z"), at("2026-11-22T00:00:00Z"));
        let lock = RegistriesLock::with(None, &found(true), first);
        assert_eq!(RegistriesLock::with(Some(&lock), &found(true), second), lock);
        let changed = RegistriesLock::with(Some(&lock), &found(false), second);
        assert_eq!(changed.registries[0].probed_at, second);
        assert_eq!(changed.of("b.example").unwrap().sha512, Some(false));
        let nothing = BTreeMap::from([("b.example".to_owned(), Capabilities::default())]);
        assert_eq!(
            RegistriesLock::with(Some(&lock), &nothing, second),
            lock,
            "nothing found, nothing forgotten"
        );
        let other = BTreeMap::from([("a.example".to_owned(), Capabilities::default())]);
        let hosts: Vec<_> = RegistriesLock::with(Some(&lock), &other, second)
            .registries
            .into_iter()
            .map(|r| r.host)
            .collect();
        assert_eq!(hosts, ["a.example", "b.example"]);
    }
}
