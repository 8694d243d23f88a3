//! Copying alone, against the in-process registry: what it asks of whom, and what it does where things go wrong.

mod command;
mod faults;
mod formula;

use std::sync::Arc;

use fondaco::{
    intake::{Copied, Copies, Copy, Cpu, Intake, IntakeError, LayerStore, OpenRepository},
    model::{Digest, Reference, media_type},
    registry::{Access, Behaviour, Credential, Endpoint, Registry, open},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::fake::Fake;

pub(crate) fn intake() -> Intake {
    Intake::new(Cpu::new(1).unwrap(), LayerStore::default(), 32 << 20, 8)
}

pub(crate) fn opened(fake: &Fake, behaviour: Behaviour) -> Arc<dyn Registry> {
    let access = Access::new(&fake.address, Endpoint::Http { plain: true }, Credential::Anonymous);
    open(&Access { behaviour, ..access }).unwrap()
}

/// One image to copy: digest, source repository and target repository.
pub(crate) fn copy(
    from: &Arc<dyn Registry>,
    source: &str,
    digest: &Digest,
    to: &Arc<dyn Registry>,
    target: &str,
) -> Copy {
    let repository = |registry: &Arc<dyn Registry>, path: &str| OpenRepository {
        registry: registry.clone(),
        path: path.to_owned(),
    };
    Copy {
        from: repository(from, source),
        digest: digest.clone(),
        to: repository(to, target),
        tag: Some("v1".into()),
        look: false,
        companions: false,
        progress: Arc::new(|_| {}),
    }
}

/// Copies by one plan and returns what became of each.
pub(crate) async fn copied(intake: &Intake, copies: Vec<Copy>) -> Vec<Result<Copied, Arc<IntakeError>>> {
    let count = copies.len();
    let copies = Copies::plan(intake, copies).await;
    copies.run(&CancellationToken::new()).await;
    let mut outcomes = vec![];
    for index in 0..count {
        outcomes.push(copies.copied(index).await);
    }
    outcomes
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": Digest::sha256(bytes), "size": bytes.len()})
}

/// Puts an image of these layers into a registry.
pub(crate) fn image(registry: &Fake, repository: &str, layers: &[&[u8]]) -> Digest {
    let config = json!({"os": "linux", "architecture": "amd64", "layers": layers.len(), "of": layers.last()});
    let config = config.to_string().into_bytes();
    registry.blob(repository, config.clone());
    let mut named = vec![];
    for layer in layers {
        registry.blob(repository, layer.to_vec());
        named.push(descriptor(media_type::OCI_LAYER_GZIP, layer));
    }
    let manifest = json!({"schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST,
        "config": descriptor(media_type::OCI_CONFIG, &config), "layers": named});
    registry.manifest(repository, "v1", media_type::OCI_MANIFEST, manifest.to_string())
}

/// Resolves a tag and looks at the target's, as `fondaco copy` does, and copies what differs.
pub(crate) async fn sync(
    intake: &Intake,
    from: &Arc<dyn Registry>,
    to: &Arc<dyn Registry>,
    names: &[String],
) -> Vec<Result<Copied, Arc<IntakeError>>> {
    let tag = Reference::tag("v1");
    let mut copies = vec![];
    for name in names {
        let there = from.head_manifest(name, &tag).await.unwrap().unwrap();
        let here = to.head_manifest(name, &tag).await.unwrap();
        if here.is_none_or(|here| here.digest != there.digest) {
            copies.push(copy(from, name, &there.digest, to, name));
        }
    }
    copied(intake, copies).await
}
