//! Some platforms of an image.

use std::sync::Once;

use super::*;
use crate::scenario::author;

struct Three {
    index: RawManifest,
    amd: RawManifest,
    arm: RawManifest,
    s390x: RawManifest,
    provenance: [RawManifest; 2],
}

/// An index of three platforms, two of them with an attestation.
fn three(up: &Place<'_>) -> Three {
    let [amd, arm, s390x] = ["amd64", "arm64", "s390x"].map(|architecture| up.image("", architecture));
    let provenance = [&amd, &s390x].map(|of| {
        up.artifact(
            None,
            "application/vnd.in-toto+json",
            &format!("{{\"of\": \"{}\"}}", of.descriptor.digest),
        )
    });
    let mut arm_entry = child(&arm, "arm64");
    arm_entry.platform.as_mut().unwrap().variant = Some("v8".to_owned());
    let entries = [
        child(&s390x, "s390x"),
        arm_entry,
        child(&amd, "amd64"),
        attestation(&provenance[0], &amd),
        attestation(&provenance[1], &s390x),
    ];
    let index = up.index("1", &entries);
    Three { index, amd, arm, s390x, provenance }
}

const TWO: &str = ", platforms: [linux/amd64, linux/arm64]";

fn check_two(world: &World) {
    let up = world.upstream();
    let three = three(&up);
    let sbom = up.refer(&three.index, "application/spdx+json", "{\"of\": \"the whole index\"}");
    let own = up.refer(&three.amd, "application/spdx+json", "{\"of\": \"amd64\"}");
    let report = world.run();
    assert!(report.images[0].consumers[0].promoted, "{}", report.text());
    let upstream = &three.index.descriptor.digest;
    assert_eq!(report.images[0].digest, Some(upstream.to_string()));
    // What is pulled by the tag: upstream's entries in upstream's order, and nothing else has changed.
    let pulled = world.distribution().tag("1").unwrap();
    let (mut expected, found): (Value, Value) =
        (serde_json::from_slice(&three.index.bytes).unwrap(), serde_json::from_slice(&pulled.bytes).unwrap());
    let entries = expected["manifests"].as_array_mut().unwrap();
    entries.remove(4);
    entries.remove(0);
    assert_eq!(found, expected);
    for place in [world.quarantine(), world.distribution()] {
        for held in [&three.amd, &three.arm, &three.provenance[0], &own] {
            assert!(place.holds(&held.descriptor.digest), "{}", place.path);
        }
        for left_out in [&three.s390x, &three.provenance[1], &three.index] {
            assert!(!place.holds(&left_out.descriptor.digest), "{}", place.path);
        }
    }
    assert!(
        world.quarantine().holds(&sbom.descriptor.digest)
            && !world.distribution().holds(&sbom.descriptor.digest)
    );
    check_two_records(world, &three, &pulled.descriptor.digest);
    assert!(world.run().is_idle());
}

fn check_two_records(world: &World, three: &Three, new: &Digest) {
    let evidence = world.scenario.state().evidence;
    assert_eq!(
        evidence.lock.images[0].digest, three.index.descriptor.digest,
        "the tag means upstream's digest"
    );
    let record = evidence.images.values().next().unwrap();
    let custody = &record.custody;
    assert_eq!((&custody.subject.digest, evidence.images.len()), (new, 1));
    let platforms: Vec<&str> = custody.subject.platforms.iter().map(|p| p.platform.as_str()).collect();
    assert_eq!(platforms, ["linux/arm64/v8", "linux/amd64"]);
    let subset = custody.source.subset.as_ref().unwrap();
    assert_eq!((&subset.upstream, subset.platforms.len()), (&three.index.descriptor.digest, 2));
    let left_out: Vec<&Digest> = subset.left_out.iter().map(|left_out| &left_out.digest).collect();
    assert_eq!(left_out, [&three.s390x.descriptor.digest, &three.provenance[1].descriptor.digest]);
    assert_eq!(
        record.verification.subject, three.index.descriptor.digest,
        "signatures are of upstream's index"
    );
    let promotion = custody.hops.iter().find(|hop| hop.consumer.is_some()).unwrap();
    assert!(
        promotion.vouched.iter().any(|vouched| vouched.subject == *new && vouched.key.is_some()),
        "ours is of the new"
    );
    let path = format!("{}/README.md", fondaco::evidence::image_directory(&custody.source.repository, new));
    let page = String::from_utf8(world.scenario.files()[&path].clone()).unwrap();
    assert!(page.contains("do not vouch for this index"), "{page}");
    let upstream = three.index.descriptor.digest.to_string();
    for name in ["README.md", "digests.json"] {
        let file = world.scenario.files()[&format!("evidence/consumers/payments/{name}")].clone();
        let text = String::from_utf8(file).unwrap();
        assert!(text.contains(&new.to_string()) && text.contains(&upstream), "{name} names both: {text}");
    }
    let overview = String::from_utf8(world.scenario.files()["evidence/README.md"].clone()).unwrap();
    assert!(overview.contains(&new.short()), "{overview}");
}

#[test]
fn chosen_platforms_become_a_new_index_in_layouts() {
    check_two(&World::layouts(TWO));
}

#[test]
fn chosen_platforms_become_a_new_index_in_registries() {
    let world = World::registries(Options::default(), Options::default(), TWO);
    check_two(&world);
    let Stage::Registries { upstream, .. } = &world.stage else { unreachable!() };
    // A manifest that is left out is not asked for: registries count each GET as a pull.
    let s390x = world.upstream().image("", "s390x").descriptor.digest.to_string();
    assert!(!upstream.log().iter().any(|l| l.action == "GET manifest" && l.path.ends_with(&s390x)));
}

#[test]
fn a_selection_takes_the_platforms_in_that_its_entry_names() {
    let world = World::layouts(TWO);
    let manifest = String::from_utf8(world.scenario.files()["fondaco.yaml"].clone()).unwrap();
    let selected = manifest.replace("tags: [\"1\"]", "select: {semver: \"^1\", floating: true}");
    assert_ne!(selected, manifest);
    world.scenario.push(&[("fondaco.yaml", &selected)]);
    check_two(&world);
}

#[test]
fn a_platform_that_is_not_there_fails_the_image_and_names_those_that_are() {
    let world = World::layouts(", platforms: [linux/amd64, windows/amd64]");
    three(&world.upstream());
    let failure = world.run().images[0].failure.clone().unwrap();
    assert!(
        failure.contains("no platform `windows/amd64`, only `linux/s390x`, `linux/arm64/v8`, `linux/amd64`"),
        "{failure}"
    );
    assert!(world.scenario.state().evidence.images.is_empty());
}

/// The index says arm64, the configuration says s390x.
#[test]
fn a_platform_that_only_the_index_claims_fails_the_image() {
    let world = World::layouts(TWO);
    let up = world.upstream();
    let (amd, other) = (up.image("", "amd64"), up.image("", "s390x"));
    up.index("1", &[child(&amd, "amd64"), child(&other, "arm64")]);
    let failure = world.run().images[0].failure.clone().unwrap();
    assert!(failure.contains("no platform `linux/arm64`, only `linux/amd64`, `linux/s390x`"), "{failure}");
}

#[test]
fn all_platforms_leave_upstreams_index_as_it_is() {
    let world = World::layouts(TWO);
    let up = world.upstream();
    let (amd, arm) = (up.image("", "amd64"), up.image("", "arm64"));
    let index = up.index("1", &[child(&amd, "amd64"), child(&arm, "arm64")]);
    assert!(world.run().images[0].consumers[0].promoted);
    assert_eq!(world.distribution().tag("1").unwrap().bytes, index.bytes);
    assert!(world.run().is_idle());
}

#[test]
fn another_choice_later_is_taken_in_again() {
    let world = World::layouts(TWO);
    three(&world.upstream());
    world.run();
    let first = world.distribution().tag("1").unwrap();
    let manifest = String::from_utf8(world.scenario.files()["fondaco.yaml"].clone()).unwrap();
    world.scenario.push(&[("fondaco.yaml", &manifest.replace(TWO, ", platforms: [linux/s390x]"))]);
    let report = world.run();
    assert!(report.images[0].taken_in && report.images[0].consumers[0].promoted, "{}", report.text());
    let second = world.distribution().tag("1").unwrap();
    assert_ne!(first.descriptor.digest, second.descriptor.digest);
    assert_eq!(world.scenario.state().evidence.images.len(), 2, "what was promoted stays on record");
    let files = world.scenario.files();
    let page =
        String::from_utf8(files["evidence/images/upstream.example/team/app/README.md"].clone()).unwrap();
    let row = |raw: &RawManifest| page.lines().find(|l| l.contains(&raw.descriptor.digest.short())).unwrap();
    assert!(row(&first).contains("(earlier)") && !row(&second).contains("(earlier)"), "{page}");
    world.scenario.push(&[("fondaco.yaml", &manifest.replace(TWO, ""))]);
    let report = world.run();
    assert!(report.images[0].taken_in && report.images[0].consumers[0].promoted, "{}", report.text());
    assert!(world.run().is_idle());
}

/// A colleague pushes another choice while the old one is on its way: the newer commit wins.
#[test]
fn a_choice_that_changes_during_the_run_leaves_the_tag_alone() {
    let world = World::registries(Options::default(), Options::default(), TWO);
    three(&world.upstream());
    let manifest = String::from_utf8(world.scenario.files()["fondaco.yaml"].clone()).unwrap();
    let changed = manifest.replace(TWO, ", platforms: [linux/s390x]");
    let (git, once) = (world.scenario.world(1).repository, Once::new());
    let Stage::Registries { mirror, .. } = &world.stage else { unreachable!() };
    mirror.on_write(move |event| {
        if event.repository == "payments/team/app" {
            once.call_once(|| {
                let tip = git.fetch("origin", "main").unwrap().unwrap();
                let files = [("fondaco.yaml".to_owned(), Some(changed.clone().into_bytes()))].into();
                let commit = git.commit(&tip, &files, "Choose another platform", &author()).unwrap();
                git.push("origin", "main", &commit, &tip).unwrap();
            });
        }
    });
    world.run();
    assert_eq!(world.distribution().tag("1"), None);
    let report = world.run();
    assert!(report.images[0].consumers[0].promoted, "{}", report.text());
    let index: Value = serde_json::from_slice(&world.distribution().tag("1").unwrap().bytes).unwrap();
    assert_eq!(index["manifests"][0]["platform"]["architecture"], "s390x");
    assert!(world.run().is_idle());
}

#[test]
fn an_image_with_layers_elsewhere_is_refused_where_the_manifest_says_so() {
    let world = World::layouts(", foreignLayers: refuse");
    let up = world.upstream();
    let (tar, config) = debian("amd64");
    let config = up.blob(media_type::OCI_CONFIG, config.to_string().as_bytes());
    let mut layer = Descriptor::of(media_type::OCI_LAYER_GZIP, &tiny::gzip(&tar));
    layer.urls = vec!["https://elsewhere.example/layer".to_owned()];
    up.manifest("1", media_type::OCI_MANIFEST, json!({"config": config, "layers": [layer]}));
    let failure = world.run().images[0].failure.clone().unwrap();
    assert!(
        failure.contains("is kept elsewhere, and the manifest says `foreignLayers: refuse`"),
        "{failure}"
    );
    assert!(world.scenario.state().evidence.images.is_empty());
}
