//! Opens each registry once, by the manifests' `Registry` documents and the user's credentials.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use super::access;
use crate::{
    manifest::Desired,
    registry::{
        Access, Behaviour, BehaviourOverrides, Endpoint, Registry, RegistryError, Usage, credentials::Lookup,
        open, quirks,
    },
};

/// The registries of a run, by host.
#[derive(Debug)]
pub struct Registries {
    /// Directory that `layout` paths are relative to: the root of the manifest repository.
    root: PathBuf,
    lookup: Lookup,
    /// What `fondaco doctor` has recorded about each host.
    recorded: Mutex<BTreeMap<String, BehaviourOverrides>>,
    opened: Mutex<BTreeMap<String, Arc<dyn Registry>>>,
}

impl Registries {
    pub fn new(root: PathBuf, lookup: Lookup) -> Self {
        Self { root, lookup, recorded: Mutex::default(), opened: Mutex::default() }
    }

    /// Takes note of what is recorded about registries, by host. Counts for those that are opened afterwards.
    pub fn record(&self, recorded: BTreeMap<String, BehaviourOverrides>) {
        *self.recorded.lock().unwrap_or_else(PoisonError::into_inner) = recorded;
    }

    /// Returns how the registry of `host` behaves: the table of known registries, then what is recorded, then what the
    /// manifests state; the later wins.
    pub fn behaviour(&self, desired: &Desired, host: &str) -> Behaviour {
        let declared = desired.registries.get(host);
        let (_, known) = quirks::of(host, declared.and_then(|registry| registry.kind));
        let recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        let behaviour = recorded.get(host).map_or_else(|| known.clone(), |found| known.overridden_by(found));
        let Some(registry) = declared else { return behaviour };
        let mut behaviour = behaviour.overridden_by(&registry.behaviour);
        behaviour.rates.extend(registry.limits.rate());
        behaviour
    }

    /// Returns the registry of `host` as the manifests declare it; HTTPS where they say nothing.
    pub fn get(&self, desired: &Desired, host: &str) -> Result<Arc<dyn Registry>, RegistryError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(registry) = opened.get(host) {
            return Ok(Arc::clone(registry));
        }
        let declared = desired.registries.get(host);
        let endpoint = match declared.and_then(|registry| registry.layout.as_ref()) {
            Some(layout) => Endpoint::Layout(self.root.join(layout)),
            None => Endpoint::Http { plain: declared.is_some_and(|registry| registry.plain_http) },
        };
        let said = declared.map(|registry| registry.access.clone()).unwrap_or_default();
        let credentials = self.lookup.credentials(host, &access::credentials(&said))?;
        let transport = access::transport(&said, &self.lookup.environment);
        let behaviour = self.behaviour(desired, host);
        let concurrent = declared.and_then(|registry| registry.limits.concurrent);
        let plain = Access::new(host, endpoint, credentials);
        let registry = open(&Access { transport, behaviour, concurrent, ..plain })?;
        opened.insert(host.to_owned(), Arc::clone(&registry));
        Ok(registry)
    }

    /// Waits until uploads that were given up have been closed: the end of a program ends its runtime, too.
    pub async fn settle(&self) {
        let opened: Vec<_> = {
            let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
            opened.values().cloned().collect()
        };
        futures_util::future::join_all(opened.iter().map(|registry| registry.settle())).await;
    }

    /// Returns what each registry has been asked so far, by host.
    pub fn usage(&self) -> BTreeMap<String, Usage> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.iter().map(|(host, registry)| (host.clone(), registry.usage())).collect()
    }
}
