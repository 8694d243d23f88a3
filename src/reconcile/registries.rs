//! Opens each registry once, by the manifests' `Registry` documents and the user's credentials.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use super::access;
use crate::{
    manifest::{Desired, DesiredAccess},
    registry::{
        Access, AwsKeys, Behaviour, BehaviourOverrides, Creation, Endpoint, Registry, RegistryError, Usage,
        credentials::Lookup, open, quirks,
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
    /// Who creates repositories of Amazon ECR, where the manifests allow it.
    aws: Option<AwsKeys>,
    opened: Mutex<BTreeMap<String, Arc<dyn Registry>>>,
}

impl Registries {
    pub fn new(root: PathBuf, lookup: Lookup) -> Self {
        Self { root, lookup, recorded: Mutex::default(), aws: None, opened: Mutex::default() }
    }

    /// Takes the keys with which missing repositories of Amazon ECR are created.
    #[must_use]
    pub fn with_aws(self, aws: Option<AwsKeys>) -> Self {
        Self { aws, ..self }
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
        let creation = self.creation(desired, host, &behaviour);
        let concurrent = declared.and_then(|registry| registry.limits.concurrent);
        let plain = Access::new(host, endpoint, credentials);
        let registry = open(&Access { transport, behaviour, concurrent, creation, ..plain })?;
        opened.insert(host.to_owned(), Arc::clone(&registry));
        Ok(registry)
    }

    /// Returns the registry of `host` where no manifests say anything about it.
    pub fn undeclared(&self, host: &str, plain: bool) -> Result<Arc<dyn Registry>, RegistryError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(registry) = opened.get(host) {
            return Ok(Arc::clone(registry));
        }
        let (_, behaviour) = quirks::of(host, None);
        let said = DesiredAccess::default();
        let credentials = self.lookup.credentials(host, &access::credentials(&said))?;
        let transport = access::transport(&said, &self.lookup.environment);
        let access = Access::new(host, Endpoint::Http { plain }, credentials);
        let registry = open(&Access { transport, behaviour, ..access })?;
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

    /// Returns the leave to create repositories at `host`: below the quarantine and the consumers' targets there.
    fn creation(&self, desired: &Desired, host: &str, behaviour: &Behaviour) -> Option<Creation> {
        let keys = self.aws.clone().filter(|_| behaviour.create_repositories)?;
        let targets = desired.consumers.iter().map(|consumer| &consumer.target);
        let own = targets.chain([&desired.mirror.quarantine]).filter(|place| place.host == host);
        Creation::of(host, keys, own.map(|place| place.path.clone()).collect())
    }

    /// Returns what each registry has been asked so far, by host.
    pub fn usage(&self) -> BTreeMap<String, Usage> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.iter().map(|(host, registry)| (host.clone(), registry.usage())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        manifest::{SourceFile, read},
        registry::MountSupport,
    };

    const MANIFESTS: &str = "\
apiVersion: fondaco/v1alpha1
kind: Mirror
metadata: {name: acme}
spec:
  registry: 123456789012.dkr.ecr.eu-west-3.amazonaws.com/mirror
  signing: {key: keys/acme.key}
---
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {name: 123456789012.dkr.ecr.eu-west-3.amazonaws.com}
spec: {behaviour: {mount: never, createRepositories: true}}
---
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {name: web}
spec: {images: [{image: docker.io/library/nginx, tags: [\"1\"]}]}
---
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {name: payments}
spec: {target: 123456789012.dkr.ecr.eu-west-3.amazonaws.com/payments, images: [web]}
---
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {name: elsewhere}
spec: {target: registry.acme.example/elsewhere, images: [web]}
";

    const HOST: &str = "123456789012.dkr.ecr.eu-west-3.amazonaws.com";

    fn desired() -> Desired {
        read(&[SourceFile { path: "fondaco.yaml".into(), text: MANIFESTS.into() }]).unwrap()
    }

    #[test]
    fn manifests_win_over_records_and_records_over_the_table() {
        let registries = Registries::new(PathBuf::new(), Lookup::default());
        let found = BehaviourOverrides {
            mount: Some(MountSupport::Immediate),
            immutable_tags: Some(false),
            ..BehaviourOverrides::default()
        };
        registries.record(BTreeMap::from([(HOST.to_owned(), found)]));
        let behaviour = registries.behaviour(&desired(), HOST);
        assert_eq!(behaviour.mount, MountSupport::Never, "stated by the manifests");
        assert!(!behaviour.immutable_tags, "recorded");
        assert!(behaviour.renew_on_forbidden && behaviour.chunks_broken, "known of Amazon ECR");
        assert_eq!(registries.behaviour(&desired(), "registry.acme.example"), Behaviour::default());
    }

    #[test]
    fn repositories_are_created_below_the_mirrors_own_paths_by_given_keys_only() {
        let keys = AwsKeys::from_environment(|name| Some(name.to_lowercase()));
        let registries = Registries::new(PathBuf::new(), Lookup::default());
        let behaviour = registries.behaviour(&desired(), HOST);
        assert_eq!(registries.creation(&desired(), HOST, &behaviour), None, "no keys");
        let registries = registries.with_aws(keys);
        let creation = registries.creation(&desired(), HOST, &behaviour).unwrap();
        assert_eq!(creation.below, ["payments", "mirror/quarantine"]);
        assert_eq!(creation.region, "eu-west-3");
        let unasked = Behaviour { create_repositories: false, ..behaviour };
        assert_eq!(registries.creation(&desired(), HOST, &unasked), None, "nobody has allowed it");
    }
}
