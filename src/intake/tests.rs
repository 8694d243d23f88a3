use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

mod sbom;

use super::memory::{Fault, Memory};
use super::*;
use crate::model::{Descriptor, Kind, media_type};
use crate::registry::RegistryError;

const UP: &str = "library/app";
const DOWN: &str = "quarantine/up.example/library/app";

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(vec![]);
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::none());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn debian(package: &str) -> Vec<u8> {
    let status = format!("Package: {package}\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n");
    let release: &[u8] = b"ID=debian\nVERSION_ID=12\nPRETTY_NAME=Debian\n";
    tar(&[("usr/lib/os-release", release), ("var/lib/dpkg/status", status.as_bytes())])
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": Digest::sha256(bytes), "size": bytes.len()})
}

/// Adds an image of these uncompressed layers and returns the descriptor of its manifest.
fn image(registry: &Memory, architecture: &str, layers: &[Vec<u8>]) -> Value {
    let promised: Vec<Digest> = layers.iter().map(Digest::sha256).collect();
    let packed: Vec<Vec<u8>> = layers.iter().map(|layer| gzip(layer)).collect();
    image_of(registry, architecture, &packed, &promised)
}

fn image_of(registry: &Memory, architecture: &str, packed: &[Vec<u8>], promised: &[Digest]) -> Value {
    let rootfs = json!({"type": "layers", "diff_ids": promised});
    let config = json!({"os": "linux", "architecture": architecture, "rootfs": rootfs}).to_string();
    registry.add_blob(UP, config.as_bytes());
    for layer in packed {
        registry.add_blob(UP, layer);
    }
    let layers: Vec<Value> =
        packed.iter().map(|layer| descriptor(media_type::OCI_LAYER_GZIP, layer)).collect();
    let config = descriptor(media_type::OCI_CONFIG, config.as_bytes());
    manifest(registry, &json!({"config": config, "layers": layers}), media_type::OCI_MANIFEST)
}

fn manifest(registry: &Memory, body: &Value, media_type: &str) -> Value {
    let mut body = body.clone();
    body["schemaVersion"] = 2.into();
    body["mediaType"] = media_type.into();
    // Unusual spacing: what is copied must be the bytes themselves.
    let text = format!("{body}  \n");
    registry.add_manifest(UP, media_type, text.as_bytes());
    descriptor(media_type, text.as_bytes())
}

fn digest(descriptor: &Value) -> Digest {
    descriptor["digest"].as_str().unwrap().parse().unwrap()
}

fn intake() -> Intake {
    Intake::new(Cpu::new(1).unwrap(), LayerStore::default(), 64 << 20, 4)
}

fn job(source: &Arc<Memory>, target: &Arc<Memory>, root: &Value) -> Job {
    Job {
        source: source.clone(),
        source_path: UP.into(),
        digest: digest(root),
        target: target.clone(),
        target_path: DOWN.into(),
        ticket: intake().ticket(),
        platforms: vec![],
        refuse_foreign: false,
        skip_copy: false,
        sbom: None,
        progress: Arc::new(|_| {}),
    }
}

fn registries() -> (Arc<Memory>, Arc<Memory>) {
    (Arc::new(Memory::new("up.example")), Arc::new(Memory::new("down.example")))
}

#[tokio::test]
async fn an_image_is_copied_named_and_catalogued_in_one_pass() {
    let (up, down) = registries();
    let layers = [debian("a"), tar(&[("usr/bin/x", b"binary")])];
    let root = image(&up, "amd64", &layers);
    let intake = Arc::new(intake());
    let job = job(&up, &down, &root);
    // In a task of its own, as a run does it.
    let taken = tokio::spawn({
        let (intake, job) = (intake.clone(), job.clone());
        async move { take_in(&intake, &job).await }
    });
    let taken = taken.await.unwrap().unwrap();
    let record = &taken.subject.platforms[0];
    assert_eq!(
        (record.platform.as_str(), record.package_count, record.system.as_deref()),
        ("linux/amd64", 1, Some("Debian"))
    );
    let diff_ids: Vec<Digest> = record.layers.iter().map(|layer| layer.diff_id.clone()).collect();
    assert_eq!(diff_ids, layers.each_ref().map(Digest::sha256));
    let list = "pkg:deb/debian/a@1?arch=all&distro=debian-12\n".to_owned();
    assert_eq!(taken.packages, BTreeMap::from([("packages.txt".into(), list)]));
    assert_eq!(
        (taken.bytes_moved, taken.hosts),
        (taken.subject.total_size + taken.subject.size, vec!["up.example".into()])
    );
    // The bytes are the very same, and the tag comes last.
    let reference = job.digest.to_string();
    assert_eq!(down.manifest(DOWN, &reference), up.manifest(UP, &reference));
    assert_eq!(down.writes().last().unwrap(), &format!("put_manifest {DOWN} {}", job.digest.keep_tag()));
    // One pass: every blob was read once upstream and no layer again from the target.
    assert_eq!((up.count("get_blob"), up.count("get_manifest"), down.count("get_blob")), (3, 1, 1));
}

#[tokio::test]
async fn what_is_there_is_not_read_from_the_source() {
    let (up, down) = registries();
    let root = image(&up, "amd64", &[debian("a")]);
    let first = take_in(&intake(), &job(&up, &down, &root)).await.unwrap();
    let (reads, writes) = (up.count("get_blob"), down.writes().len());
    let second = take_in(&intake(), &job(&up, &down, &root)).await.unwrap();
    assert_eq!(
        (&second.subject, &second.packages, &second.gaps),
        (&first.subject, &first.packages, &first.gaps)
    );
    assert_eq!((second.bytes_moved, up.count("get_blob"), down.writes().len()), (0, reads, writes));
    // Facts alone: the source is not asked at all.
    let before = up.count("");
    let skip = Job { skip_copy: true, ..job(&up, &down, &root) };
    let third = take_in(&intake(), &skip).await.unwrap();
    assert_eq!((up.count(""), down.writes().len(), third.hosts.len()), (before, writes, 0));
    assert_eq!(third.packages, second.packages);
}

#[tokio::test]
async fn blobs_are_mounted_where_the_registry_does() {
    let up = Arc::new(Memory::new("up.example"));
    for mounts in [true, false] {
        let mut down = Memory::new("down.example");
        down.mounts = mounts;
        let down = Arc::new(down);
        let layer = debian("a");
        let root = image(&up, "amd64", std::slice::from_ref(&layer));
        let packed = down.add_blob("other", &gzip(&layer));
        let before = up.count(&format!("get_blob {UP} {packed}"));
        let intake = intake();
        for path in [DOWN, "none", "other"] {
            intake.known("down.example", path, &packed);
        }
        let taken = take_in(&intake, &job(&up, &down, &root)).await.unwrap();
        // Where the mount is refused, the registry's own copy is read, and catalogued on the way.
        assert_eq!(up.count(&format!("get_blob {UP} {packed}")), before);
        assert_eq!(down.count(&format!("get_blob other {packed}")), usize::from(!mounts));
        assert_eq!(down.count(&format!("get_blob {DOWN} {packed}")), usize::from(mounts));
        assert_eq!(taken.subject.platforms[0].package_count, 1);
        let hosts = ["down.example", "up.example"];
        assert_eq!(taken.hosts, hosts);
    }
}

#[tokio::test]
async fn an_index_brings_all_its_children_and_one_list_for_each_platform() {
    let (up, down) = registries();
    let shared = debian("a");
    let mut amd = image(&up, "amd64", std::slice::from_ref(&shared));
    let mut arm = image(&up, "arm64", &[shared.clone(), debian("b")]);
    amd["platform"] = json!({"os": "linux", "architecture": "amd64"});
    arm["platform"] = json!({"os": "linux", "architecture": "arm64", "variant": "v8"});
    // BuildKit's attestation manifest has an image configuration and a layer that is no archive.
    let statement = b"{\"_type\":\"https://in-toto.io/Statement/v0.1\"}";
    let empty = b"{}";
    up.add_blob(UP, statement);
    up.add_blob(UP, empty);
    let body = json!({"config": descriptor(media_type::OCI_CONFIG, empty), "layers": [descriptor("application/vnd.in-toto+json", statement)]});
    let mut attestation = manifest(&up, &body, media_type::OCI_MANIFEST);
    attestation["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
    let nested = manifest(&up, &json!({"manifests": [arm]}), media_type::OCI_INDEX);
    let root = manifest(&up, &json!({"manifests": [amd, nested, attestation, amd]}), media_type::OCI_INDEX);
    let taken = take_in(&intake(), &job(&up, &down, &root)).await.unwrap();
    let platforms: Vec<&str> = taken.subject.platforms.iter().map(|p| p.platform.as_str()).collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64/v8"]);
    let names: Vec<&String> = taken.packages.keys().collect();
    assert_eq!(names, ["packages.linux-amd64.txt", "packages.linux-arm64-v8.txt", "packages.txt"]);
    let (a, b) =
        ("pkg:deb/debian/a@1?arch=all&distro=debian-12\n", "pkg:deb/debian/b@1?arch=all&distro=debian-12\n");
    assert_eq!(taken.packages["packages.linux-amd64.txt"], a);
    assert_eq!(taken.packages["packages.linux-arm64-v8.txt"], b);
    assert_eq!(taken.packages["packages.txt"], format!("{a}{b}"));
    // The layer that two platforms share moves once; children are written before what names them.
    let packed = Digest::sha256(gzip(&shared));
    assert_eq!(up.count(&format!("get_blob {UP} {packed}")), 1);
    assert_eq!(down.count(&format!("get_blob {DOWN} {packed}")), 0);
    let put = |descriptor: &Value| {
        let call = format!("put_manifest {DOWN} {}", digest(descriptor));
        down.writes().iter().position(|write| *write == call).unwrap()
    };
    assert!(put(&arm) < put(&nested) && put(&nested) < put(&root) && put(&attestation) < put(&root));
    assert!(down.holds(DOWN, &Digest::sha256(statement)));
}

#[tokio::test]
async fn corrupt_truncated_longer_and_broken_sources_store_nothing() {
    for (fault, kind) in [
        (Fault::Flipped, Kind::Mismatch),
        (Fault::Truncated, Kind::Mismatch),
        (Fault::Longer, Kind::Mismatch),
        (Fault::Broken, Kind::Unavailable),
    ] {
        let (up, down) = registries();
        let layer = debian("a");
        let root = image(&up, "amd64", std::slice::from_ref(&layer));
        let packed = Digest::sha256(gzip(&layer));
        up.fail(&packed, fault);
        let error = take_in(&intake(), &job(&up, &down, &root)).await.unwrap_err();
        assert!(matches!(error, IntakeError::Source(_)), "{fault:?}: {error}");
        assert_eq!(error.kind(), kind, "{fault:?}");
        assert!(!down.holds(DOWN, &packed) && down.count("put_manifest") == 0, "{fault:?}");
    }
}

#[tokio::test]
async fn a_failing_target_is_told_as_such() {
    let (up, down) = registries();
    let layer = debian("a");
    let root = image(&up, "amd64", std::slice::from_ref(&layer));
    down.fail(&Digest::sha256(gzip(&layer)), Fault::UploadRefused);
    let error = take_in(&intake(), &job(&up, &down, &root)).await.unwrap_err();
    assert!(matches!(&error, IntakeError::Target(RegistryError::Unavailable { .. })), "{error}");
    assert_eq!(down.count("put_manifest"), 0);
}

#[tokio::test]
async fn what_was_written_is_read_back() {
    let (up, down) = registries();
    // An artifact: its layer is not read after the upload, so only the look back finds out.
    let payload = b"chart";
    up.add_blob(UP, payload);
    up.add_blob(UP, b"{}");
    let config = descriptor("application/vnd.cncf.helm.config.v1+json", b"{}");
    let body = json!({"config": config, "layers": [descriptor("application/x-chart", payload)]});
    let root = manifest(&up, &body, media_type::OCI_MANIFEST);
    let taken = take_in(&intake(), &job(&up, &down, &root)).await.unwrap();
    assert_eq!((taken.subject.platforms.len(), taken.packages["packages.txt"].as_str()), (0, ""));
    assert_eq!(taken.gaps[0].what, "installed packages");
    for forgotten in [Digest::sha256(payload), digest(&root)] {
        let down = Arc::new(Memory::new("down.example"));
        down.fail(&forgotten, Fault::Forgotten);
        let error = take_in(&intake(), &job(&up, &down, &root)).await.unwrap_err();
        assert!(matches!(error, IntakeError::NotReadBack { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_layer_that_cannot_be_read_is_copied_and_fails_its_image() {
    let (up, down) = registries();
    let no_archive = gzip(&vec![b'x'; 4096]);
    let root = image_of(&up, "amd64", std::slice::from_ref(&no_archive), &[Digest::sha256(b"")]);
    let intake = intake();
    for _ in 0..2 {
        let error = take_in(&intake, &job(&up, &down, &root)).await.unwrap_err();
        assert!(matches!(error, IntakeError::Layer { .. }), "{error}");
    }
    let packed = Digest::sha256(&no_archive);
    assert!(down.holds(DOWN, &packed));
    assert_eq!((down.count("put_manifest"), up.count(&format!("get_blob {UP} {packed}"))), (0, 1));
    assert_eq!(down.count(&format!("get_blob {DOWN} {packed}")), 0);
}

#[tokio::test]
async fn a_bomb_layer_is_copied_and_fails_its_image() {
    let (up, down) = registries();
    let bomb = zstd::encode_all(std::io::Read::take(std::io::repeat(0), 80 << 20), 1).unwrap();
    up.add_blob(UP, &bomb);
    let config =
        json!({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": [Digest::sha256(b"")]}})
            .to_string();
    up.add_blob(UP, config.as_bytes());
    let layers = [descriptor(media_type::OCI_LAYER_ZSTD, &bomb)];
    let body = json!({"config": descriptor(media_type::OCI_CONFIG, config.as_bytes()), "layers": layers});
    let root = manifest(&up, &body, media_type::OCI_MANIFEST);
    let error = take_in(&intake(), &job(&up, &down, &root)).await.unwrap_err();
    assert!(error.to_string().contains("uncompressed bytes for each compressed one"), "{error}");
    assert!(down.holds(DOWN, &Digest::sha256(&bomb)));
}

#[tokio::test]
async fn a_layer_that_is_not_what_the_configuration_promises_is_refused() {
    let (up, down) = registries();
    let layer = debian("a");
    let root = image_of(&up, "amd64", &[gzip(&layer)], &[Digest::sha256(b"another")]);
    let error = take_in(&intake(), &job(&up, &down, &root)).await.unwrap_err();
    assert!(
        matches!(&error, IntakeError::DiffId { found, .. } if *found == Digest::sha256(&layer)),
        "{error}"
    );
    assert_eq!((error.kind(), down.count("put_manifest")), (Kind::Mismatch, 0));
    let root = image_of(&up, "amd64", &[gzip(&layer)], &[]);
    let error = take_in(&intake(), &job(&up, &down, &root)).await.unwrap_err();
    assert!(matches!(error, IntakeError::Config { .. }), "{error}");
}

#[tokio::test]
async fn foreign_layers_are_never_requested_and_told_as_a_gap() {
    let (up, down) = registries();
    let (own, foreign) = (debian("a"), gzip(&tar(&[("x", b"y")])));
    let rootfs = json!({"diff_ids": [Digest::sha256(tar(&[("x", b"y")])), Digest::sha256(&own)]});
    let config = json!({"os": "windows", "architecture": "amd64", "rootfs": rootfs}).to_string();
    up.add_blob(UP, config.as_bytes());
    up.add_blob(UP, &gzip(&own));
    let mut elsewhere = descriptor("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", &foreign);
    elsewhere["urls"] = json!(["http://169.254.169.254/layer"]);
    let layers = json!([elsewhere, descriptor(media_type::DOCKER_LAYER_GZIP, &gzip(&own))]);
    let body = json!({"config": descriptor(media_type::DOCKER_CONFIG, config.as_bytes()), "layers": layers});
    let root = manifest(&up, &body, media_type::DOCKER_MANIFEST);
    let taken = take_in(&intake(), &job(&up, &down, &root)).await.unwrap();
    let what = format!("layer `{}`", Digest::sha256(&foreign));
    assert!(taken.gaps.iter().any(|gap| gap.what == what), "{:?}", taken.gaps);
    assert_eq!((taken.subject.platforms[0].layers.len(), taken.subject.platforms[0].package_count), (2, 1));
    assert_eq!(up.count(&format!("get_blob {UP} {}", Digest::sha256(&foreign))), 0);
}

#[tokio::test]
async fn manifests_that_mean_two_things_are_refused() {
    let (up, down) = registries();
    let image = image(&up, "amd64", &[debian("a")]);
    let both = json!({"manifests": [image], "layers": [], "config": image});
    let wrong_size = {
        let mut child = image.clone();
        child["size"] = 1.into();
        json!({"manifests": [child]})
    };
    let wrong_type = {
        let mut child = image.clone();
        child["mediaType"] = media_type::DOCKER_MANIFEST.into();
        json!({"manifests": [child]})
    };
    let missing = json!({"manifests": [descriptor(media_type::OCI_MANIFEST, b"nowhere")]});
    for (body, kind) in [
        (both, Kind::Invalid),
        (wrong_size, Kind::Invalid),
        (wrong_type, Kind::Invalid),
        (missing, Kind::NotFound),
    ] {
        let root = manifest(&up, &body, media_type::OCI_INDEX);
        let error = take_in(&intake(), &job(&up, &down, &root)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(down.writes().is_empty());
    }
}

#[tokio::test]
async fn indexes_nested_without_end_are_refused() {
    let (up, down) = registries();
    let mut root = image(&up, "amd64", &[debian("a")]);
    for depth in 1..=5 {
        root = manifest(&up, &json!({"manifests": [root]}), media_type::OCI_INDEX);
        let taken = take_in(&intake(), &job(&up, &down, &root)).await;
        assert_eq!(taken.is_ok(), depth <= 4, "{depth}");
    }
}

#[tokio::test]
async fn images_that_share_blobs_move_and_read_them_once() {
    let (up, down) = registries();
    let shared = debian("a");
    let packed = Digest::sha256(gzip(&shared));
    let roots: Vec<Value> =
        ["amd64", "arm64", "riscv64"].map(|arch| image(&up, arch, std::slice::from_ref(&shared))).into();
    // One slot: nobody may hold it while waiting for somebody else.
    let intake = Intake::new(Cpu::new(1).unwrap(), LayerStore::default(), 1, 1);
    let read = Arc::new(AtomicUsize::new(0));
    let jobs: Vec<Job> = roots
        .iter()
        .enumerate()
        .map(|(i, root)| {
            let read = read.clone();
            let progress: ProgressFn = Arc::new(move |progress| {
                read.fetch_add(usize::from(matches!(progress, Progress::Layer(_))), Ordering::Relaxed);
            });
            let target_path = if i == 2 { "elsewhere".to_owned() } else { DOWN.to_owned() };
            Job { target_path, progress, ..job(&up, &down, root) }
        })
        .collect();
    let all = futures_util::future::join_all(jobs.iter().map(|job| take_in(&intake, job))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(read.load(Ordering::Relaxed), 1);
    assert_eq!(down.count(&format!("put_blob {DOWN} {packed}")), 1);
    assert_eq!(down.count(&format!("put_blob elsewhere {packed}")), 1);
    // Without mounts the other repository gets its copy from the first one, and upstream is read once.
    assert_eq!(down.count(&format!("get_blob {DOWN} {packed}")), 1);
    assert_eq!(up.count(&format!("get_blob {UP} {packed}")), 1);
}

#[tokio::test]
async fn an_empty_blob_is_checked_before_it_is_written() {
    let (up, down) = registries();
    up.add_blob(UP, b"");
    let side = |registry: &'static Memory, path| Side { registry, path };
    let (up, down): (&'static Memory, &'static Memory) = (Box::leak(Box::new(up)), Box::leak(Box::new(down)));
    let progress: ProgressFn = Arc::new(|_| {});
    let good = Descriptor::of("x", b"");
    assert_eq!(relay(side(up, UP), side(down, DOWN), &good, None, progress.clone()).await, Ok(0));
    let payload = up.add_blob(UP, b"payload");
    let lying = Descriptor::new("x", payload, 0);
    let error = relay(side(up, UP), side(down, DOWN), &lying, None, progress).await.unwrap_err();
    assert!(matches!(error, RelayError::Source(RegistryError::Size { .. })), "{error}");
    assert_eq!(down.count("put_blob"), 1);
}

#[tokio::test]
async fn a_slow_worker_only_slows_the_copy() {
    let (up, down) = registries();
    let bytes = vec![b'x'; 3 * tap::QUEUE_BYTES_MAX];
    let digest = up.add_blob(UP, &bytes);
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (tap, worker) = LayerTap::start_with(move |frames| {
        wait.recv().map_err(|e| crate::catalogue::CatalogueError::Source(e.to_string()))?;
        let count = std::io::copy(frames, &mut std::io::sink()).unwrap_or(0);
        Err(crate::catalogue::CatalogueError::Archive(count.to_string()))
    });
    let (from, to) = (Side { registry: &*up, path: UP }, Side { registry: &*down, path: DOWN });
    let blob = Descriptor::of("x", &bytes);
    let seen = Arc::new(AtomicUsize::new(0));
    let progress: ProgressFn = {
        let seen = seen.clone();
        Arc::new(move |progress| {
            if let Progress::Bytes(bytes) = progress {
                seen.fetch_add(usize::try_from(bytes).unwrap(), Ordering::Relaxed);
            }
        })
    };
    let mut copy = Box::pin(relay(from, to, &blob, Some(tap), progress));
    // The cooperative budget ends a poll early, so a pending answer alone proves nothing: look until nothing moves.
    let mut before = None;
    while before != Some(seen.load(Ordering::Relaxed)) {
        before = Some(seen.load(Ordering::Relaxed));
        assert!(futures_util::poll!(copy.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    assert!(seen.load(Ordering::Relaxed) <= tap::QUEUE_BYTES_MAX + 256);
    go.send(()).unwrap();
    assert_eq!(copy.await, Ok(bytes.len() as u64));
    let counted = crate::catalogue::CatalogueError::Archive(bytes.len().to_string());
    assert_eq!(worker.finish().await, Err(counted));
    assert!(down.holds(DOWN, &digest));
}
