//! What belongs to an image, what only looks like one, and what is left out of it: whole runs from upstream to
//! distribution, between layouts and between registries with and without a list of referrers.

mod along;
mod artifacts;
mod attack;
mod stated;
mod subsets;

use std::sync::Arc;

use bytes::Bytes;
use fondaco::{
    evidence::{Custody, ImageRecord},
    model::{Descriptor, Digest, Platform, Reference, media_type},
    reconcile::Report,
    registry::{RawManifest, Registry},
};
use futures_util::stream;
use serde_json::{Value, json};

use crate::{
    fake::{Fake, Options},
    scenario::Scenario,
    tiny,
};

/// Where images come from and go to in a test.
enum Stage {
    Layouts,
    Registries { upstream: Fake, mirror: Fake },
}

/// A manifest repository that asks for `team/app:1`, its upstream and its mirror.
struct World {
    stage: Stage,
    scenario: Scenario,
    runtime: tokio::runtime::Runtime,
}

impl World {
    fn layouts(entry: &str) -> Self {
        Self::on(Stage::Layouts, entry)
    }

    fn registries(upstream: Options, mirror: Options, entry: &str) -> Self {
        Self::on(Stage::Registries { upstream: Fake::start(upstream), mirror: Fake::start(mirror) }, entry)
    }

    /// `entry` is written behind the image and its tag: `, platforms: [linux/amd64]`.
    fn on(stage: Stage, entry: &str) -> Self {
        let (up, down) = hosts(&stage);
        let declared = |name: &str, host: &str| match &stage {
            Stage::Layouts => {
                format!("metadata: {{name: {name}}}\nspec: {{host: {host}, layout: ../{name}}}")
            }
            Stage::Registries { .. } => {
                format!("metadata: {{name: {name}}}\nspec: {{host: \"{host}\", plainHTTP: true}}")
            }
        };
        let manifests = format!(
            "apiVersion: fondaco/v1alpha1\nkind: Registry\n{}\n---\napiVersion: fondaco/v1alpha1\nkind: Registry\n{}
---
apiVersion: fondaco/v1alpha1
kind: Mirror
metadata: {{name: acme}}
spec: {{registry: \"{down}\", signing: {{key: keys/acme.key}}}}
---
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {{name: web}}
spec:
  images:
    - {{image: \"{up}/team/app\", tags: [\"1\"]{entry}}}
---
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {{name: payments}}
spec: {{target: \"{down}/payments\", images: [web]}}
",
            declared("upstream", &up),
            declared("mirror", &down),
        );
        let scenario = Scenario::new(&manifests);
        scenario.import(&[tiny::ADVISORY]);
        Self { stage, scenario, runtime: tokio::runtime::Runtime::new().unwrap() }
    }

    fn upstream(&self) -> Place<'_> {
        self.place(&hosts(&self.stage).0, "team/app")
    }

    fn quarantine(&self) -> Place<'_> {
        let up = hosts(&self.stage).0.replace(':', "_");
        self.place(&hosts(&self.stage).1, &format!("quarantine/{up}/team/app"))
    }

    fn distribution(&self) -> Place<'_> {
        self.place(&hosts(&self.stage).1, "payments/team/app")
    }

    fn place(&self, host: &str, path: &str) -> Place<'_> {
        let desired = self.scenario.state().desired;
        let registry = self.scenario.world(1).registries.get(&desired, host).unwrap();
        Place { registry, path: path.to_owned(), runtime: &self.runtime }
    }

    fn run(&self) -> Report {
        self.scenario.run().unwrap()
    }

    /// Runs, and returns the record of the only image.
    fn record(&self) -> ImageRecord {
        let report = self.run();
        let failure = report.images[0].failure.clone();
        let images = self.scenario.state().evidence.images;
        images.into_values().next().unwrap_or_else(|| panic!("{failure:?}"))
    }

    fn custody(&self) -> Custody {
        self.record().custody
    }
}

fn hosts(stage: &Stage) -> (String, String) {
    match stage {
        Stage::Layouts => ("upstream.example".to_owned(), "mirror.example".to_owned()),
        Stage::Registries { upstream, mirror } => (upstream.address.clone(), mirror.address.clone()),
    }
}

/// A repository that a test reads and writes as any client does.
struct Place<'a> {
    registry: Arc<dyn Registry>,
    path: String,
    runtime: &'a tokio::runtime::Runtime,
}

impl Place<'_> {
    fn blob(&self, media_type: &str, bytes: &[u8]) -> Descriptor {
        let descriptor = Descriptor::of(media_type, bytes);
        self.blob_of(&descriptor, bytes);
        descriptor
    }

    fn blob_of(&self, descriptor: &Descriptor, bytes: &[u8]) {
        let frames: Vec<_> = if bytes.is_empty() { vec![] } else { vec![Ok(Bytes::copy_from_slice(bytes))] };
        let body = Box::pin(stream::iter(frames));
        let put = self.registry.put_blob(&self.path, &descriptor.digest, descriptor.size, body);
        self.runtime.block_on(put).unwrap();
    }

    /// Writes a manifest by digest, and under a tag where there is one.
    fn manifest(&self, tag: &str, media_type: &str, mut body: Value) -> RawManifest {
        body["schemaVersion"] = 2.into();
        body["mediaType"] = media_type.into();
        let bytes = Bytes::from(body.to_string());
        let descriptor = Descriptor::of(media_type, &bytes);
        let mut references = vec![Reference::from(&descriptor.digest)];
        references.extend((!tag.is_empty()).then(|| Reference::tag(tag)));
        for reference in references {
            let put = self.registry.put_manifest(&self.path, &reference, media_type, bytes.clone());
            self.runtime.block_on(put).unwrap();
        }
        RawManifest { descriptor, bytes }
    }

    /// Writes an image of one Debian layer.
    fn image(&self, tag: &str, architecture: &str) -> RawManifest {
        self.image_with(tag, architecture, &json!({}), media_type::OCI_LAYER_GZIP)
    }

    fn image_with(&self, tag: &str, architecture: &str, more: &Value, layer_type: &str) -> RawManifest {
        let (tar, config) = debian(architecture);
        let config = self.blob(media_type::OCI_CONFIG, config.to_string().as_bytes());
        let layer = self.blob(layer_type, &tiny::gzip(&tar));
        let mut body = json!({"config": config, "layers": [layer]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.manifest(tag, media_type::OCI_MANIFEST, body)
    }

    fn index(&self, tag: &str, children: &[Descriptor]) -> RawManifest {
        self.manifest(
            tag,
            media_type::OCI_INDEX,
            json!({"manifests": children, "annotations": {"kept": "yes"}}),
        )
    }

    /// Writes an artifact of one document, and has it refer to `subject`.
    fn refer(&self, subject: &RawManifest, artifact_type: &str, document: &str) -> RawManifest {
        let manifest = self.artifact(Some(subject), artifact_type, document);
        let put = self.registry.put_referrer(&self.path, &subject.descriptor.digest, &manifest);
        self.runtime.block_on(put).unwrap();
        manifest
    }

    fn artifact(&self, subject: Option<&RawManifest>, artifact_type: &str, document: &str) -> RawManifest {
        let mut body = json!({
            "artifactType": artifact_type,
            "config": self.blob(media_type::OCI_EMPTY, b"{}"),
            "layers": [self.blob("application/spdx+json", document.as_bytes())],
            "annotations": {"org.example.of": document},
        });
        if let Some(subject) = subject {
            body["subject"] = json!(subject.descriptor);
        }
        self.manifest("", media_type::OCI_MANIFEST, body)
    }

    /// Writes what cosign stores under a tag: an image configuration and a layer that is a document.
    fn cosign(&self, subject: &Digest, end: &str) -> RawManifest {
        self.cosign_under(&format!("{}.{end}", subject.dashed()), subject, end)
    }

    fn cosign_under(&self, tag: &str, subject: &Digest, end: &str) -> RawManifest {
        let payload =
            self.blob(media_type::SIMPLE_SIGNING, format!("{{\"{end}\": \"{subject}\"}}").as_bytes());
        let config =
            json!({"os": "", "architecture": "", "rootfs": {"type": "layers", "diff_ids": [payload.digest]}});
        let config = self.blob(media_type::OCI_CONFIG, config.to_string().as_bytes());
        let body = json!({"config": config, "layers": [payload]});
        self.manifest(tag, media_type::OCI_MANIFEST, body)
    }

    fn get(&self, reference: &Reference) -> Option<RawManifest> {
        self.runtime.block_on(self.registry.get_manifest(&self.path, reference)).unwrap()
    }

    fn holds(&self, digest: &Digest) -> bool {
        self.get(&Reference::from(digest)).is_some()
    }

    fn tag(&self, tag: &str) -> Option<RawManifest> {
        self.get(&Reference::tag(tag))
    }

    fn referrers(&self, digest: &Digest) -> Vec<Descriptor> {
        self.runtime.block_on(self.registry.referrers(&self.path, digest)).unwrap()
    }
}

/// Returns a layer as tar, and the configuration of an image of it.
fn debian(architecture: &str) -> (Vec<u8>, Value) {
    let release = b"ID=debian\nVERSION_ID=\"12\"\n".as_slice();
    let note = architecture.as_bytes();
    let status = tiny::STATUS.as_bytes();
    let tar = tiny::tar(&[("etc/os-release", release), ("etc/note", note), ("var/lib/dpkg/status", status)]);
    let rootfs = json!({"type": "layers", "diff_ids": [Digest::sha256(&tar)]});
    (tar, json!({"os": "linux", "architecture": architecture, "config": {}, "rootfs": rootfs}))
}

/// Returns the entry of an index for an image.
fn child(image: &RawManifest, architecture: &str) -> Descriptor {
    let platform = Platform {
        os: "linux".to_owned(),
        architecture: architecture.to_owned(),
        variant: None,
        os_version: None,
    };
    Descriptor { platform: Some(platform), ..image.descriptor.clone() }
}

/// Returns the entry of an index for a BuildKit attestation of `of`.
fn attestation(manifest: &RawManifest, of: &RawManifest) -> Descriptor {
    let mut entry = child(manifest, "unknown");
    entry.platform = Some(Platform { os: "unknown".to_owned(), ..entry.platform.unwrap() });
    entry.annotations.insert("vnd.docker.reference.type".to_owned(), "attestation-manifest".to_owned());
    entry.annotations.insert("vnd.docker.reference.digest".to_owned(), of.descriptor.digest.to_string());
    entry
}
