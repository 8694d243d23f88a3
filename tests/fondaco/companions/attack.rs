//! Names say the attack.

use fondaco::model::Verdict;

use super::*;
use crate::fake::Fault;

fn only_consumer(report: &Report) -> (Option<Verdict>, String, bool) {
    let consumer = &report.images[0].consumers[0];
    (consumer.verdict, consumer.reason.clone().unwrap_or_default(), consumer.promoted)
}

/// Returns whether no image in the mirror has a tag.
fn untagged(mirror: &Fake) -> bool {
    mirror
        .repositories()
        .iter()
        .filter(|name| name.contains("team/app"))
        .all(|name| mirror.tags(name).is_empty())
}

#[test]
fn a_runnable_image_smuggled_in_as_a_referrer_stays_in_quarantine() {
    let world = World::layouts("");
    let up = world.upstream();
    let image = up.image("1", "amd64");
    let refer = |manifest: &RawManifest| {
        let put = up.registry.put_referrer(&up.path, &image.descriptor.digest, manifest);
        up.runtime.block_on(put).unwrap();
    };
    let subject = json!({"subject": image.descriptor, "artifactType": "application/spdx+json"});
    // A whole image; an image whose layer is called a document; an index.
    let plain = up.image_with("", "s390x", &subject, media_type::OCI_LAYER_GZIP);
    let disguised = up.image_with("", "s390x", &subject, "application/vnd.in-toto+json");
    let body = json!({"manifests": [plain.descriptor], "subject": image.descriptor});
    let index = up.manifest("", media_type::OCI_INDEX, body);
    for manifest in [&plain, &disguised, &index] {
        refer(manifest);
    }
    // What speaks of it stays with it; an honest one comes along.
    let signature = up.refer(&plain, "application/vnd.example.signature", "{\"of\": \"plain\"}");
    let honest = up.refer(&image, "application/spdx+json", "{}");
    let report = world.run();
    assert!(only_consumer(&report).2, "{}", report.text());
    for manifest in [&plain, &disguised, &index, &signature] {
        assert!(world.quarantine().holds(&manifest.descriptor.digest));
        assert!(!world.distribution().holds(&manifest.descriptor.digest));
    }
    assert!(world.distribution().holds(&honest.descriptor.digest));
    let custody = world.custody();
    let reason = |manifest: &RawManifest| {
        let found = custody.companions.iter().find(|c| c.digest == manifest.descriptor.digest);
        found.and_then(|found| found.not_carried.clone()).unwrap_or_default()
    };
    assert!(reason(&plain).contains("is one of a file system"), "{}", reason(&plain));
    assert!(
        reason(&disguised).contains("compressed by gzip, whatever it is called"),
        "{}",
        reason(&disguised)
    );
    assert!(reason(&index).contains("index"), "{}", reason(&index));
    assert!(reason(&signature).contains("not carried"), "{}", reason(&signature));
}

#[test]
fn an_image_marked_as_an_attestation_is_catalogued_all_the_same() {
    let world = World::layouts("");
    let up = world.upstream();
    let honest = up.image("", "amd64");
    let marked = up.image("", "s390x");
    let artifact =
        up.image_with("", "riscv64", &json!({"artifactType": "application/x"}), media_type::OCI_LAYER_GZIP);
    let nested = up.index("", &[attestation(&artifact, &honest)]);
    up.index("1", &[child(&honest, "amd64"), attestation(&marked, &honest), nested.descriptor]);
    let custody = world.custody();
    let platforms: Vec<&str> = custody.subject.platforms.iter().map(|p| p.platform.as_str()).collect();
    assert_eq!(platforms, ["linux/amd64", "linux/s390x", "linux/riscv64"]);
}

/// Go's reader takes `Layers` for `layers` and the last one wins; what is judged would not be what runs.
#[test]
fn layers_for_readers_that_ignore_case_fail_the_image() {
    let world = World::layouts("");
    let up = world.upstream();
    let other = up.blob(media_type::OCI_LAYER_GZIP, &tiny::gzip(&tiny::tar(&[("bin/sh", b"#!evil")])));
    up.image_with("1", "amd64", &json!({"layerS": [other]}), media_type::OCI_LAYER_GZIP);
    let failure = world.run().images[0].failure.clone().unwrap();
    assert!(failure.contains("has the key `layerS`, which some take for `layers`"), "{failure}");
    assert!(world.scenario.state().evidence.images.is_empty());
}

#[test]
fn a_root_file_system_that_is_called_a_document_holds_the_image() {
    let world = World::layouts("");
    let up = world.upstream();
    let honest = up.image("", "amd64");
    let disguised = up.image_with("", "s390x", &json!({}), "application/vnd.in-toto+json");
    up.index("1", &[child(&honest, "amd64"), attestation(&disguised, &honest)]);
    let report = world.run();
    let (verdict, reason, promoted) = only_consumer(&report);
    assert_eq!((verdict, promoted), (Some(Verdict::Held), false), "{reason}");
    assert!(reason.contains(&disguised.descriptor.digest.to_string()) && reason.contains("gzip"), "{reason}");
    assert!(!world.distribution().holds(&honest.descriptor.digest));
}

#[test]
fn a_layer_that_is_kept_elsewhere_holds_the_image() {
    let world = World::layouts("");
    let up = world.upstream();
    let (tar, mut config) = debian("amd64");
    let (elsewhere, own) = (tiny::gzip(&tiny::tar(&[("x", b"y")])), tiny::gzip(&tar));
    config["rootfs"]["diff_ids"] = json!([Digest::sha256(tiny::tar(&[("x", b"y")])), Digest::sha256(&tar)]);
    let mut foreign = Descriptor::of(media_type::OCI_LAYER_GZIP, &elsewhere);
    foreign.urls = vec!["http://169.254.169.254/layer".to_owned()];
    let config = up.blob(media_type::OCI_CONFIG, config.to_string().as_bytes());
    let layers = [foreign, up.blob(media_type::OCI_LAYER_GZIP, &own)];
    up.manifest("1", media_type::OCI_MANIFEST, json!({"config": config, "layers": layers}));
    let (verdict, reason, _) = only_consumer(&world.run());
    assert_eq!(verdict, Some(Verdict::Held));
    assert!(reason.contains("kept elsewhere and were not fetched"), "{reason}");
}

#[test]
fn a_manifest_that_refers_to_itself() {
    let world = World::layouts("");
    let up = world.upstream();
    let image = up.image("1", "amd64");
    let digest = &image.descriptor.digest;
    up.index(&digest.dashed(), std::slice::from_ref(&image.descriptor));
    let tag = Reference::tag(format!("{}.sig", digest.dashed()));
    let put = up.registry.put_manifest(&up.path, &tag, media_type::OCI_MANIFEST, image.bytes.clone());
    up.runtime.block_on(put).unwrap();
    let custody = world.custody();
    assert_eq!(custody.companions.len(), 2);
    for companion in custody.companions {
        assert_eq!((&companion.digest, &companion.subject), (digest, digest));
        assert!(companion.not_carried.unwrap().contains("it is the image itself"));
    }
}

/// Tags, unlike subjects, can make a ring.
#[test]
fn a_ring_of_companions_ends() {
    let world = World::layouts("");
    let up = world.upstream();
    let image = up.image("1", "amd64");
    let one = up.cosign(&image.descriptor.digest, "sig");
    let two = up.cosign(&one.descriptor.digest, "sig");
    let tag = Reference::tag(format!("{}.sig", two.descriptor.digest.dashed()));
    let put = up.registry.put_manifest(&up.path, &tag, media_type::OCI_MANIFEST, one.bytes.clone());
    up.runtime.block_on(put).unwrap();
    let custody = world.custody();
    let chain: Vec<_> =
        custody.companions.iter().map(|c| (&c.subject, &c.digest, c.not_carried.is_some())).collect();
    let (image, one, two) = (&image.descriptor.digest, &one.descriptor.digest, &two.descriptor.digest);
    assert_eq!(chain, [(image, one, false), (one, two, false), (two, one, true)]);
}

#[test]
fn companions_of_companions_without_end_fail_the_image() {
    for (depth, fails) in [(4, false), (5, true)] {
        let world = World::layouts("");
        let up = world.upstream();
        let mut last = up.image("1", "amd64");
        for _ in 0..depth {
            last = up.cosign(&last.descriptor.digest, "sig");
        }
        let report = world.run();
        let failure = report.images[0].failure.clone().unwrap_or_default();
        assert_eq!(failure.contains("more than 4 deep"), fails, "{depth}: {failure}");
    }
}

#[test]
fn a_flood_of_referrers_fails_the_image() {
    for (count, expected) in
        [(201, "has 201 companions, more than 200"), (100_000, "5000 descriptors, more than 1024")]
    {
        let world =
            World::registries(Options { page: Some(5000), ..Options::default() }, Options::default(), "");
        let up = world.upstream();
        let image = up.image("1", "amd64");
        let Stage::Registries { upstream, mirror } = &world.stage else { unreachable!() };
        let digest = &image.descriptor.digest;
        for number in 0..count {
            let body = format!("{{\"subject\":{{\"digest\":\"{digest}\"}},\"n\":{number}}}");
            upstream.manifest("team/app", "", media_type::OCI_MANIFEST, body);
        }
        let report = world.run();
        let failure = report.images[0].failure.clone().unwrap_or_default();
        assert!(failure.contains(expected), "{failure}");
        assert!(untagged(mirror), "nothing is tagged");
        assert!(upstream.counts()["GET referrers"] < 5, "{:?}", upstream.counts());
    }
}

#[test]
fn an_error_while_looking_is_never_none() {
    for (action, end) in [("GET referrers", ""), ("HEAD manifest", ".sig"), ("HEAD manifest", ".att")] {
        let fault = Fault { path_end: end.to_owned(), ..Fault::new(action, 403, 1000) };
        let world = World::registries(Options::default(), Options::default(), "");
        world.upstream().image("1", "amd64");
        let Stage::Registries { upstream, mirror } = &world.stage else { unreachable!() };
        upstream.set(|options| options.faults = vec![fault]);
        let report = world.run();
        let failure = report.images[0].failure.clone().unwrap_or_default();
        assert!(failure.contains("cannot be determined") && failure.contains("403"), "{action}: {failure}");
        assert!(untagged(mirror), "nothing is tagged");
        assert!(world.scenario.state().evidence.images.is_empty());
    }
}

#[test]
fn a_list_that_names_what_is_not_there_or_speaks_of_something_else_is_recorded() {
    let world = World::registries(Options::default(), Options::default(), "");
    let up = world.upstream();
    let image = up.image("1", "amd64");
    let other = up.image("", "arm64");
    let unrelated = up.refer(&other, "application/spdx+json", "{}");
    let gone = Descriptor::of(media_type::OCI_MANIFEST, b"deleted long ago");
    let Stage::Registries { upstream, .. } = &world.stage else { unreachable!() };
    let list = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": [gone, unrelated.descriptor]});
    upstream.manifest("team/app", &image.descriptor.digest.dashed(), media_type::OCI_INDEX, list.to_string());
    let report = world.run();
    assert!(only_consumer(&report).2, "{}", report.text());
    let custody = world.custody();
    let reasons: Vec<String> = custody.companions.into_iter().filter_map(|c| c.not_carried).collect();
    assert_eq!(reasons.len(), 2);
    assert!(reasons.iter().any(|reason| reason.contains("does not exist")), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains("speaks of something else")), "{reasons:?}");
    assert!(!world.quarantine().holds(&unrelated.descriptor.digest));
}
