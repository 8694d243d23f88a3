//! What has no root file system: the same transport, and a record that says why nothing was catalogued.

use fondaco::model::Verdict;

use super::*;

/// A kind of artifact as its publishers push it, with media types before contents.
struct Artifact {
    name: &'static str,
    config: (&'static str, &'static [u8]),
    layers: Vec<(&'static str, Vec<u8>)>,
    kind: Option<&'static str>,
}

fn artifacts() -> Vec<Artifact> {
    let archive = || tiny::gzip(&tiny::tar(&[("Chart.yaml", b"name: x")]));
    let of = |name, config, layers, kind| Artifact { name, config, layers, kind };
    vec![
        of(
            "Helm chart",
            ("application/vnd.cncf.helm.config.v1+json", b"{\"name\":\"x\"}"),
            vec![("application/vnd.cncf.helm.chart.content.v1.tar+gzip", archive())],
            None,
        ),
        of(
            "WASM module",
            ("application/vnd.wasm.config.v0+json", b"{\"os\":\"wasip2\"}"),
            vec![("application/wasm", b"\0asm\x01\0\0\0".to_vec())],
            None,
        ),
        // OPA borrows the types of images and leaves the configuration empty.
        of(
            "OPA bundle",
            (media_type::OCI_CONFIG, b"{}"),
            vec![(media_type::OCI_LAYER_GZIP, archive())],
            None,
        ),
        of(
            "ModelPack model",
            ("application/vnd.cncf.model.config.v1+json", b"{\"descriptor\":{}}"),
            vec![("application/vnd.cncf.model.weight.v1.raw", vec![7; 4096])],
            Some("application/vnd.cncf.model.manifest.v1+json"),
        ),
        of(
            "Docker model",
            ("application/vnd.docker.ai.model.config.v0.1+json", b"{\"format\":\"gguf\"}"),
            vec![
                ("application/vnd.docker.ai.gguf.v3", b"GGUF".to_vec()),
                ("application/vnd.docker.ai.license", vec![]),
            ],
            None,
        ),
        of(
            "artifact without layers",
            (media_type::OCI_EMPTY, b"{}"),
            vec![],
            Some("application/vnd.example.note"),
        ),
        of(
            "empty blob",
            (media_type::OCI_EMPTY, b"{}"),
            vec![("application/x", vec![])],
            Some("application/x"),
        ),
    ]
}

fn check_artifact(world: &World, artifact: &Artifact) {
    let Artifact { name, config: (config_type, config), layers, kind } = artifact;
    let up = world.upstream();
    let config = up.blob(config_type, config);
    let mut kept: Vec<Descriptor> = layers.iter().map(|(of, bytes)| up.blob(of, bytes)).collect();
    // Inlined content stays where it is, because bytes are copied and not values.
    let mut body = json!({"config": config, "layers": kept, "x-unknown": [1, 2]});
    body["config"]["data"] = "e30=".into();
    if let Some(kind) = kind {
        body["artifactType"] = (*kind).into();
    }
    let manifest = up.manifest("1", media_type::OCI_MANIFEST, body);
    let report = world.run();
    let consumer = &report.images[0].consumers[0];
    assert_eq!(consumer.verdict, Some(Verdict::Held), "{name}: {}", report.text());
    assert!(consumer.reason.as_ref().unwrap().starts_with("coverage: "), "{name}: {:?}", consumer.reason);
    let record = world.scenario.state().evidence.images.into_values().next().unwrap();
    let reasons: Vec<&str> = record.verdicts.verdicts[0].reasons.iter().map(|r| r.fact.as_str()).collect();
    assert!(reasons.iter().any(|r| r.contains("no root file system")), "{name}: {reasons:?}");
    assert!(record.custody.subject.platforms.is_empty(), "{name}");
    let quarantine = world.quarantine();
    let held = quarantine.get(&Reference::from(&manifest.descriptor.digest)).unwrap();
    assert_eq!(held.bytes, manifest.bytes, "{name}");
    kept.push(config);
    for blob in kept {
        let size = quarantine.registry.head_blob(&quarantine.path, &blob.digest);
        assert_eq!(world.runtime.block_on(size).unwrap(), Some(blob.size), "{name}");
    }
    assert!(world.run().is_idle(), "{name}");
}

#[test]
fn artifacts_are_kept_whole_in_layouts() {
    for artifact in artifacts() {
        check_artifact(&World::layouts(""), &artifact);
    }
}

#[test]
fn artifacts_are_kept_whole_in_registries() {
    for artifact in artifacts() {
        check_artifact(&World::registries(Options::default(), Options::default(), ""), &artifact);
    }
}
