//! A run against two in-process registries, with every fault they can play.

use std::sync::{Arc, Mutex};

use fondaco::{model::Digest, reconcile::Report};

use crate::{
    fake::{Fake, Options, WriteEvent},
    scenario::Scenario,
    tiny,
};

/// An upstream and a mirror that speak HTTP, and the manifest repository for them.
pub(crate) struct HttpScenario {
    pub upstream: Fake,
    pub mirror: Fake,
}

impl HttpScenario {
    pub(crate) fn new(upstream: Options, mirror: Options) -> Self {
        Self { upstream: Fake::start(upstream), mirror: Fake::start(mirror) }
    }

    /// Puts a small image upstream; each repository's is another one.
    pub(crate) fn image(&self, repository: &str, tag: &str) -> Digest {
        let status = format!(
            "{}\nPackage: {}\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n",
            tiny::STATUS.trim_end(),
            repository.rsplit('/').next().unwrap()
        );
        tiny::image(&self.upstream, repository, tag, &status.replace("1.2-3\nPackage", "1.2-3\n\nPackage"))
    }

    /// Runs once for tag `1` of these repositories, with a bundle that knows the distribution.
    pub(crate) fn run(&self, repositories: &[&str]) -> Report {
        self.scenario(repositories).run().unwrap()
    }

    /// Runs as [`Self::run`], with the mirror declared to be of a kind.
    pub(crate) fn run_as(&self, repositories: &[&str], kind: &str) -> Report {
        let mirror = format!("{{host: \"{}\", plainHTTP: true", self.mirror.address);
        let manifests = self.manifests(repositories).replace(&mirror, &format!("{mirror}, kind: {kind}"));
        with_advisories(&manifests).run().unwrap()
    }

    /// Returns the manifest repository for tag `1` of these repositories, with a bundle that knows the distribution.
    pub(crate) fn scenario(&self, repositories: &[&str]) -> Scenario {
        with_advisories(&self.manifests(repositories))
    }

    pub(crate) fn manifests(&self, repositories: &[&str]) -> String {
        let (upstream, mirror) = (&self.upstream.address, &self.mirror.address);
        let images: Vec<String> = repositories
            .iter()
            .map(|repository| format!("    - {{image: \"{upstream}/{repository}\", tags: [\"1\"]}}\n"))
            .collect();
        format!(
            "apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {{name: upstream}}
spec: {{host: \"{upstream}\", plainHTTP: true}}
---
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {{name: mirror}}
spec: {{host: \"{mirror}\", plainHTTP: true}}
---
apiVersion: fondaco/v1alpha1
kind: Mirror
metadata: {{name: acme}}
spec: {{registry: \"{mirror}\", signing: {{key: keys/acme.key}}}}
---
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {{name: web}}
spec:
  images:
{}---
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {{name: payments}}
spec: {{target: \"{mirror}/payments\", images: [web]}}
",
            images.concat()
        )
    }

    /// Notes every write to the mirror from now on.
    pub(crate) fn watch_writes(&self) -> Arc<Mutex<Vec<WriteEvent>>> {
        let writes = Arc::new(Mutex::new(vec![]));
        let noted = Arc::clone(&writes);
        self.mirror.on_write(move |event| noted.lock().unwrap().push(event.clone()));
        writes
    }
}

/// Runs once with these manifests and a bundle that knows the distribution.
fn with_advisories(manifests: &str) -> Scenario {
    let scenario = Scenario::new(manifests);
    let folder = scenario.path("advisories");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("1.json"), tiny::ADVISORY).unwrap();
    scenario.import_from(&folder);
    scenario
}
