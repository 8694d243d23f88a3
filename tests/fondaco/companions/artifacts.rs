//! Everything that registries hold beside plain images: copied byte for byte, and taken in as what it is. What nobody
//! catalogued is held with the reason.

use std::process::Command;

use fondaco::{
    model::{Document, Verdict},
    registry::{Access, Credential, Endpoint, open},
};
use futures_util::TryStreamExt;

use super::*;
use crate::fake::Referrers;

/// What becomes of something that is taken in.
#[derive(Clone, Copy)]
enum End {
    Promoted,
    /// By the coverage rule, with these words.
    Held(&'static str),
}

const NO_ROOT: End = End::Held("no root file system");

/// A kind of thing that a repository may hold under the tag `1`.
struct Sort {
    name: &'static str,
    publish: Box<dyn Fn(&Place<'_>) -> RawManifest>,
    end: End,
}

fn sorts() -> Vec<Sort> {
    let sort =
        |name, publish: fn(&Place<'_>) -> RawManifest, end| Sort { name, publish: Box::new(publish), end };
    let mut sorts = vec![
        sort("nested index", nested, End::Promoted),
        sort("index with a chart beside an image", beside, End::Promoted),
        sort("Docker list", docker, End::Promoted),
        sort("SHA-512", sha512, End::Promoted),
        sort("index of nothing", |up| up.index("1", &[]), NO_ROOT),
        sort("image without layers", scratch, End::Held("no package was found")),
        sort("unknown layer", unknown_layer, End::Held("is no archive that this version reads")),
        sort("unknown configuration", unknown_config, End::Held("is one of a file system")),
        sort("BuildKit cache", cache, End::Held("is no manifest")),
        sort("signature", |up| up.cosign_under("1", &Digest::sha256("x"), "sig"), NO_ROOT),
    ];
    sorts.extend(artifacts().into_iter().map(|artifact| Sort {
        name: artifact.name,
        // OPA's layer calls itself one of a file system.
        end: NO_ROOT,
        publish: Box::new(move |up| artifact.publish(up)),
    }));
    sorts
}

fn nested(up: &Place<'_>) -> RawManifest {
    let (amd, arm, s390x) = (up.image("", "amd64"), up.image("", "arm64"), up.image("", "s390x"));
    let inner = up.index("", &[child(&amd, "amd64"), child(&arm, "arm64")]);
    up.index("1", &[inner.descriptor, child(&s390x, "s390x")])
}

fn beside(up: &Place<'_>) -> RawManifest {
    let image = up.image("", "amd64");
    let config = up.blob("application/vnd.cncf.helm.config.v1+json", b"{\"name\":\"x\"}");
    let chart = up.blob("application/vnd.cncf.helm.chart.content.v1.tar+gzip", b"\x1f\x8bchart");
    let body = json!({"config": config, "layers": [chart]});
    let chart = up.manifest("", media_type::OCI_MANIFEST, body);
    up.index("1", &[child(&image, "amd64"), chart.descriptor])
}

fn docker(up: &Place<'_>) -> RawManifest {
    let (tar, config) = debian("amd64");
    let config = up.blob(media_type::DOCKER_CONFIG, config.to_string().as_bytes());
    let layer = up.blob(media_type::DOCKER_LAYER_GZIP, &tiny::gzip(&tar));
    let body = json!({"config": config, "layers": [layer]});
    let image = up.manifest("", media_type::DOCKER_MANIFEST, body);
    up.manifest("1", media_type::DOCKER_LIST, json!({"manifests": [child(&image, "amd64")]}))
}

/// Blobs and a manifest by SHA-512 below an index.
fn sha512(up: &Place<'_>) -> RawManifest {
    let of = |media_type: &str, bytes: &[u8]| {
        let any: Digest = format!("sha512:{}", "0".repeat(128)).parse().unwrap();
        Descriptor::new(media_type, any.same_algorithm_of(bytes), bytes.len() as u64)
    };
    let blob = |media_type: &str, bytes: &[u8]| {
        let descriptor = of(media_type, bytes);
        up.blob_of(&descriptor, bytes);
        descriptor
    };
    let (tar, config) = debian("amd64");
    let config = blob(media_type::OCI_CONFIG, config.to_string().as_bytes());
    let layer = blob(media_type::OCI_LAYER_GZIP, &tiny::gzip(&tar));
    let body = json!({"schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "config": config, "layers": [layer]});
    let bytes = Bytes::from(body.to_string());
    let descriptor = of(media_type::OCI_MANIFEST, &bytes);
    let reference = Reference::from(&descriptor.digest);
    let put = up.registry.put_manifest(&up.path, &reference, media_type::OCI_MANIFEST, bytes.clone());
    up.runtime.block_on(put).unwrap();
    up.index("1", &[child(&RawManifest { descriptor, bytes }, "amd64")])
}

fn scratch(up: &Place<'_>) -> RawManifest {
    let config =
        b"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}";
    let config = up.blob(media_type::OCI_CONFIG, config);
    up.manifest("1", media_type::OCI_MANIFEST, json!({"config": config, "layers": []}))
}

fn unknown_layer(up: &Place<'_>) -> RawManifest {
    up.image_with("1", "amd64", &json!({}), "application/vnd.oci.image.layer.v1.tar+brotli")
}

fn unknown_config(up: &Place<'_>) -> RawManifest {
    let config = up.blob("application/vnd.example.function.v1+json", b"{\"entry\":\"main\"}");
    let layer = up.blob(media_type::OCI_LAYER_GZIP, &tiny::gzip(&debian("amd64").0));
    up.manifest("1", media_type::OCI_MANIFEST, json!({"config": config, "layers": [layer]}))
}

/// An index of layers and of a document about them (BuildKit `type=registry` without `image-manifest`).
fn cache(up: &Place<'_>) -> RawManifest {
    let layer = up.blob(media_type::OCI_LAYER_GZIP, &tiny::gzip(&debian("amd64").0));
    let config = up.blob("application/vnd.buildkit.cacheconfig.v0", b"{\"layers\":[],\"records\":[]}");
    up.index("1", &[layer, config])
}

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
    let mut artifacts = vec![
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
            "Flux source",
            ("application/vnd.cncf.flux.config.v1+json", b"{}"),
            vec![("application/vnd.cncf.flux.content.v1.tar+gzip", archive())],
            None,
        ),
        of(
            "policies",
            ("application/vnd.cncf.kyverno.config.v1+json", b"{}"),
            vec![("application/vnd.cncf.kyverno.policy.layer.v1+yaml", b"kind: ClusterPolicy".to_vec())],
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
    ];
    artifacts.extend(models());
    artifacts
}

fn models() -> Vec<Artifact> {
    let of = |name, config, layers, kind| Artifact { name, config, layers, kind };
    vec![
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
    ]
}

impl Artifact {
    fn publish(&self, up: &Place<'_>) -> RawManifest {
        let config = up.blob(self.config.0, self.config.1);
        let layers: Vec<Descriptor> = self.layers.iter().map(|(of, bytes)| up.blob(of, bytes)).collect();
        // Inlined content stays where it is, because bytes are copied and not values.
        let mut body = json!({"config": config, "layers": layers, "x-unknown": [1, 2]});
        body["config"]["data"] = "e30=".into();
        if let Some(kind) = self.kind {
            body["artifactType"] = kind.into();
        }
        up.manifest("1", media_type::OCI_MANIFEST, body)
    }
}

/// Asserts that everything below a manifest is in another place, byte for byte.
fn arrived(name: &str, from: &Place<'_>, to: &Place<'_>, root: &Descriptor) {
    let reference = Reference::from(&root.digest);
    let (sent, held) = (from.get(&reference).unwrap(), to.get(&reference));
    let held = held.unwrap_or_else(|| panic!("{name}: {reference} is not in {}", to.path));
    assert_eq!(
        (held.bytes, held.descriptor.media_type),
        (sent.bytes.clone(), root.media_type.clone()),
        "{name}"
    );
    let below: Vec<Descriptor> = match Document::parse(&root.media_type, &sent.bytes).unwrap() {
        Document::Index(index) => index.manifests,
        Document::Image(image) => image.layers.into_iter().chain([image.config]).collect(),
    };
    for descriptor in below {
        if [media_type::OCI_MANIFEST, media_type::OCI_INDEX, media_type::DOCKER_MANIFEST]
            .contains(&descriptor.media_type.as_str())
        {
            arrived(name, from, to, &descriptor);
        } else {
            assert_eq!(read(to, &descriptor), read(from, &descriptor), "{name}: {}", descriptor.digest);
        }
    }
}

fn read(place: &Place<'_>, blob: &Descriptor) -> Vec<Bytes> {
    place.runtime.block_on(async {
        let stream = place.registry.get_blob(&place.path, &blob.digest).await.unwrap();
        let frames: Vec<Bytes> = stream.try_collect().await.unwrap();
        vec![Bytes::from(frames.concat())]
    })
}

fn check_run(world: &World, sort: &Sort) {
    let name = sort.name;
    let manifest = (sort.publish)(&world.upstream());
    let report = world.run();
    assert_eq!(report.images[0].failure, None, "{name}");
    let record = world.scenario.state().evidence.images.into_values().next().unwrap();
    let reasons: Vec<&str> = record.verdicts.verdicts[0].reasons.iter().map(|r| r.fact.as_str()).collect();
    let consumer = &report.images[0].consumers[0];
    arrived(name, &world.upstream(), &world.quarantine(), &manifest.descriptor);
    match sort.end {
        End::Promoted => {
            assert!(consumer.promoted, "{name}: {}", report.text());
            arrived(name, &world.upstream(), &world.distribution(), &manifest.descriptor);
        }
        End::Held(words) => {
            assert_eq!((consumer.verdict, consumer.promoted), (Some(Verdict::Held), false), "{name}");
            assert!(consumer.reason.as_ref().unwrap().starts_with("coverage: "), "{name}: {reasons:?}");
            assert!(reasons.iter().any(|reason| reason.contains(words)), "{name}: {reasons:?}");
            assert_eq!(world.distribution().tag("1"), None, "{name}");
        }
    }
    assert!(world.run().is_idle(), "{name}");
}

#[test]
fn everything_is_taken_in_as_what_it_is_in_layouts() {
    for sort in sorts() {
        check_run(&World::layouts(""), &sort);
    }
}

#[test]
fn everything_is_taken_in_as_what_it_is_in_registries() {
    for sort in sorts() {
        check_run(&World::registries(Options::default(), Options::default(), ""), &sort);
    }
}

/// Runs `fondaco copy` on a list of sources and targets.
fn copy(folder: &std::path::Path, plain: &[&Fake], list: &[String]) {
    std::fs::write(folder.join("list"), list.join("\n")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_fondaco"));
    command.current_dir(folder).env("HOME", folder).env_remove("FONDACO_REPOSITORY");
    command.args(["copy", "--from", "list"]);
    for fake in plain {
        command.args(["--plain-http", &fake.address]);
    }
    let output = command.output().unwrap();
    let told = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat();
    assert!(output.status.success(), "{told}");
}

/// From a registry into another one, into one without a list of referrers, and there by way of a layout.
#[test]
fn everything_is_copied_byte_for_byte_with_what_refers_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let old = Options { referrers: Referrers::Off, ..Options::default() };
    let [up, down, other] = [Options::default(), Options::default(), old].map(Fake::start);
    let place = |fake: &Fake, path: String| {
        let access = Access::new(&fake.address, Endpoint::Http { plain: true }, Credential::Anonymous);
        Place { registry: open(&access).unwrap(), path, runtime: &runtime }
    };
    let published: Vec<_> = sorts()
        .into_iter()
        .enumerate()
        .map(|(number, sort)| {
            let from = place(&up, format!("sort/{number}"));
            let root = (sort.publish)(&from);
            let note = from.refer(&root, "application/vnd.example.note", sort.name);
            (number, sort.name, root, note)
        })
        .collect();
    let direct = |number| format!("{}/sort/{number}:1 {}/sort/{number}", up.address, down.address);
    let out = |number| format!("{}/sort/{number}:1 oci:layout-{number}:1", up.address);
    let back = |number| format!("oci:layout-{number}:1 {}/sort/{number}", other.address);
    let list = |line: &dyn Fn(usize) -> String| {
        published.iter().map(|(number, ..)| line(*number)).collect::<Vec<_>>()
    };
    copy(folder.path(), &[&up, &down], &[list(&direct), list(&out)].concat());
    copy(folder.path(), &[&other], &list(&back));
    // A manifest by SHA-512 alone: registries give tags SHA-256, so it has none.
    let (number, name, root, _) = published.iter().find(|(_, name, ..)| *name == "SHA-512").unwrap();
    let Document::Index(index) = Document::parse(&root.descriptor.media_type, &root.bytes).unwrap() else {
        unreachable!()
    };
    let alone = &index.manifests[0];
    let line = format!("{}/sort/{number}@{} {}/alone", up.address, alone.digest, down.address);
    copy(folder.path(), &[&up, &down], &[line]);
    arrived(name, &place(&up, format!("sort/{number}")), &place(&down, "alone".to_owned()), alone);
    for (number, name, root, note) in &published {
        let from = place(&up, format!("sort/{number}"));
        for to in [place(&down, format!("sort/{number}")), place(&other, format!("sort/{number}"))] {
            let named = to.tag("1").unwrap_or_else(|| panic!("{name}: no tag at {}", to.registry.host()));
            assert_eq!(named.bytes, root.bytes, "{name}");
            arrived(name, &from, &to, &root.descriptor);
            arrived(name, &from, &to, &note.descriptor);
            let listed = to.referrers(&root.descriptor.digest);
            assert!(listed.iter().any(|listed| listed.digest == note.descriptor.digest), "{name}");
        }
    }
}

/// Its layers cannot be checked against a configuration, and runtimes have dropped it.
#[test]
fn docker_schema_1_is_refused_with_the_reason_alone_and_in_a_list() {
    const REASON: &str = "Docker schema 1 manifests carry no verifiable layer list and are refused";
    for listed in [false, true] {
        let world = World::registries(Options::default(), Options::default(), "");
        let Stage::Registries { upstream, mirror } = &world.stage else { unreachable!() };
        let old = json!({"schemaVersion": 1, "name": "team/app", "tag": "1", "fsLayers": [], "history": []})
            .to_string();
        let descriptor = Descriptor::of(media_type::DOCKER_SCHEMA1_SIGNED, old.as_bytes());
        upstream.manifest("team/app", if listed { "" } else { "1" }, &descriptor.media_type, old);
        if listed {
            let list =
                json!({"schemaVersion": 2, "mediaType": media_type::DOCKER_LIST, "manifests": [descriptor]});
            upstream.manifest("team/app", "1", media_type::DOCKER_LIST, list.to_string());
        }
        let failure = world.run().images[0].failure.clone().unwrap();
        assert!(failure.contains(REASON), "{failure}");
        let source = format!("{}/team/app:1", upstream.address);
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_fondaco"));
        command.current_dir(folder.path()).env("HOME", folder.path()).env_remove("FONDACO_REPOSITORY");
        command.args(["copy", &source, &format!("{}/team/app", mirror.address)]);
        command.args(["--plain-http", &upstream.address, "--plain-http", &mirror.address]);
        let output = command.output().unwrap();
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stdout).contains(REASON), "{output:?}");
        assert!(
            mirror
                .repositories()
                .iter()
                .all(|name| !name.contains("team/app") || mirror.tags(name).is_empty())
        );
    }
}
