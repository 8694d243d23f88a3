//! Companions come along, whatever kind of registry is on either side.

use std::collections::BTreeSet;

use fondaco::{evidence::FoundAt, model::Document};

use super::*;
use crate::fake::Referrers;

/// An index of two platforms with an attestation, and everything that may be beside it: each as (subject, companion, tag).
struct Signed {
    index: RawManifest,
    attestation: RawManifest,
    referrers: Vec<(Digest, RawManifest)>,
    tagged: Vec<(Digest, RawManifest, &'static str)>,
}

fn signed(up: &Place<'_>) -> Signed {
    let (amd, arm) = (up.image("", "amd64"), up.image("", "arm64"));
    let config = up.blob(media_type::OCI_CONFIG, b"{\"os\":\"unknown\",\"architecture\":\"unknown\"}");
    let statement =
        up.blob("application/vnd.in-toto+json", b"{\"_type\": \"https://in-toto.io/Statement/v1\"}");
    let provenance =
        up.manifest("", media_type::OCI_MANIFEST, json!({"config": config, "layers": [statement]}));
    let children = [child(&amd, "amd64"), child(&arm, "arm64"), attestation(&provenance, &amd)];
    let index = up.index("1", &children);
    let mut referrers = vec![];
    for subject in [&index, &amd, &arm] {
        let sbom = up.refer(
            subject,
            "application/spdx+json",
            &format!("{{\"of\": \"{}\"}}", subject.descriptor.digest),
        );
        let signature =
            up.refer(&sbom, "application/vnd.example.signature", &format!("\"{}\"", sbom.descriptor.digest));
        referrers.push((sbom.descriptor.digest.clone(), signature));
        referrers.push((subject.descriptor.digest.clone(), sbom));
    }
    let sbom = referrers[1].1.descriptor.digest.clone();
    let subjects = [
        (index.descriptor.digest.clone(), "sig"),
        (amd.descriptor.digest.clone(), "att"),
        (arm.descriptor.digest.clone(), "sbom"),
        (sbom, "sig"),
    ];
    let tagged = subjects.map(|(subject, end)| (subject.clone(), up.cosign(&subject, end), end)).into();
    Signed { index, attestation: provenance, referrers, tagged }
}

fn check_place(place: &Place<'_>, signed: &Signed) {
    let same = |manifest: &RawManifest| {
        let held = place.get(&Reference::from(&manifest.descriptor.digest)).unwrap();
        assert_eq!(held.bytes, manifest.bytes, "{}", place.path);
    };
    same(&signed.attestation);
    for (subject, companion) in &signed.referrers {
        same(companion);
        let listed = place.referrers(subject);
        let listed = listed.iter().find(|d| d.digest == companion.descriptor.digest).unwrap();
        let written: Value = serde_json::from_slice(&companion.bytes).unwrap();
        assert_eq!(listed.artifact_type.as_deref(), written["artifactType"].as_str());
        assert_eq!(json!(listed.annotations), written["annotations"], "pulled up");
    }
    for (subject, companion, end) in &signed.tagged {
        same(companion);
        let held = place.tag(&format!("{}.{end}", subject.dashed())).unwrap();
        let layers =
            |raw: &RawManifest| match Document::parse(&raw.descriptor.media_type, &raw.bytes).unwrap() {
                Document::Image(image) => image.layers.into_iter().map(|l| l.digest).collect::<BTreeSet<_>>(),
                Document::Index(_) => panic!("no index"),
            };
        // In the distribution ours is added to the publisher's.
        assert!(layers(&held).is_superset(&layers(companion)), "{end}");
    }
}

fn check_run(world: &World) {
    let signed = signed(&world.upstream());
    let report = world.run();
    assert!(report.images[0].consumers[0].promoted, "{}", report.text());
    check_place(&world.quarantine(), &signed);
    check_place(&world.distribution(), &signed);
    assert_eq!(world.distribution().tag("1").unwrap().bytes, signed.index.bytes);
    let custody = world.scenario.state().evidence.images.into_values().next().unwrap().custody;
    let recorded: BTreeSet<_> =
        custody.companions.iter().map(|c| (c.subject.clone(), c.digest.clone(), c.tag.is_some())).collect();
    let referring = signed.referrers.iter().map(|(s, c)| (s.clone(), c.descriptor.digest.clone(), false));
    let tagged = signed.tagged.iter().map(|(s, c, _)| (s.clone(), c.descriptor.digest.clone(), true));
    assert_eq!(recorded, referring.chain(tagged).collect());
    assert!(custody.companions.iter().all(|c| c.not_carried.is_none() && c.size > 0));
    assert_eq!(custody.subject.platforms.len(), 2, "the attestation is no platform");
    let page = world
        .scenario
        .files()
        .into_iter()
        .find(|(path, _)| path.ends_with("/README.md") && path.contains("sha256-"));
    let page = String::from_utf8(page.unwrap().1).unwrap();
    assert!(page.contains("## What belongs to it") && page.contains("cosign tag .att"), "{page}");
    assert!(world.run().is_idle());
}

#[test]
fn everything_comes_along_between_layouts() {
    check_run(&World::layouts(""));
}

#[test]
fn everything_comes_along_between_registries_with_and_without_a_list_of_referrers() {
    for (upstream, mirror) in [
        (Referrers::On, Referrers::On),
        (Referrers::On, Referrers::Off),
        (Referrers::Off, Referrers::On),
        (Referrers::Off, Referrers::Off),
    ] {
        let options = |referrers| Options { referrers, page: Some(1), ..Options::default() };
        check_run(&World::registries(options(upstream), options(mirror), ""));
    }
}

#[test]
fn a_second_run_asks_for_no_companion_again() {
    let world = World::registries(Options::default(), Options::default(), "");
    signed(&world.upstream());
    world.run();
    let Stage::Registries { upstream, mirror } = &world.stage else { unreachable!() };
    upstream.clear_log();
    mirror.clear_log();
    assert!(world.run().is_idle());
    let counts = |actions: &[(&str, u64)]| actions.iter().map(|(a, n)| ((*a).to_owned(), *n)).collect();
    assert_eq!(upstream.counts(), counts(&[("HEAD manifest", 1)]));
    assert_eq!(mirror.counts(), counts(&[("HEAD manifest", 1)]));
}

/// One list and four HEADs for each manifest, and nothing else that an image without companions would cost.
#[test]
fn looking_for_companions_costs_one_list_and_four_heads_for_each_manifest() {
    let world = World::registries(Options::default(), Options::default(), "");
    let up = world.upstream();
    let (amd, arm) = (up.image("", "amd64"), up.image("", "arm64"));
    up.index("1", &[child(&amd, "amd64"), child(&arm, "arm64")]);
    let Stage::Registries { upstream, .. } = &world.stage else { unreachable!() };
    upstream.clear_log();
    world.run();
    let log = upstream.log();
    let asked =
        |action: &str, path: &str| log.iter().filter(|l| l.action == action && l.path.contains(path)).count();
    // Verification asks for the list of the index once more.
    assert_eq!(asked("GET referrers", "/referrers/"), 3 + 1);
    assert_eq!(asked("HEAD manifest", "/manifests/sha256-"), 3 * 4);
}

#[test]
fn a_referrer_that_only_the_fallback_tag_names_is_found_beside_a_list() {
    let world = World::registries(Options::default(), Options::default(), "");
    let up = world.upstream();
    let image = up.image("1", "amd64");
    let Stage::Registries { upstream, .. } = &world.stage else { unreachable!() };
    // Written before the registry had a list: it does not know the subject.
    upstream.set(|options| options.referrers = Referrers::Off);
    let old = up.refer(&image, "application/spdx+json", "{}");
    upstream.set(|options| options.hidden_referrers = vec![old.descriptor.digest.clone()]);
    upstream.set(|options| options.referrers = Referrers::On);
    let custody = world.custody();
    assert_eq!(custody.companions.len(), 1);
    assert_eq!(
        (&custody.companions[0].digest, custody.companions[0].found),
        (&old.descriptor.digest, FoundAt::FallbackTag)
    );
    assert!(world.distribution().holds(&old.descriptor.digest));
}
