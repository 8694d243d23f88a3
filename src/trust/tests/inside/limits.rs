//! Every limit inside an index, one step inside and one step outside.

use super::*;

/// The limits, written out again so that a changed one is noticed.
const PARTS_MAX: usize = 64;
const REFERRERS_MAX: usize = 256;
const MANIFESTS_MAX: usize = 64;
const LAYERS_MAX: usize = 16;

/// Stores an index of so many platforms, each with its provenance beside it.
fn many(registry: &Memory, count: usize) -> Descriptor {
    let entries: Vec<_> = (0..count).map(|number| platform(registry, &format!("linux/p{number}"))).collect();
    for of in &entries {
        attach(registry, of, &org(), &provenance(&of.digest));
    }
    index(registry, &entries)
}

#[tokio::test]
async fn a_thousand_platforms_determine_nothing_and_are_not_asked_about() {
    for (count, outcome) in [(PARTS_MAX, Verified), (PARTS_MAX + 1, Undeterminable), (1000, Undeterminable)] {
        let registry = Memory::default();
        let index = many(&registry, count);
        let record = judged(&registry, &index).await;
        assert_eq!(record.outcome, outcome, "{count}: {}", record.reason);
        let asked = registry.reads().len();
        // Beside the image: its referrers, its tag, and itself twice; of each platform referrers, manifest and bundle.
        assert_eq!(asked, if outcome == Verified { 4 + 3 * count } else { 4 }, "{count}");
    }
}

#[tokio::test]
async fn a_thousand_bundles_inside_an_index_determine_nothing() {
    for (count, outcome) in [(REFERRERS_MAX, Absent), (1000, Undeterminable)] {
        let two = Two::new();
        let index = two.index(&[]);
        for number in 0..count {
            let of = if number % 2 == 0 { &two.amd64 } else { &two.arm64 };
            let mut junk = statement("https://example.org/junk", &of.digest);
            junk["predicate"] = json!({"number": number});
            attach(&two.registry, of, &stranger(), &junk);
        }
        let record = judged(&two.registry, &index).await;
        assert_eq!(record.outcome, outcome, "{}", record.reason);
        assert_eq!(record.attestations.len(), REFERRERS_MAX);
    }
}

#[tokio::test]
async fn attestation_manifests_and_their_layers_are_bounded() {
    for (count, outcome) in [(MANIFESTS_MAX, Absent), (MANIFESTS_MAX + 1, Undeterminable)] {
        let two = Two::new();
        let junk: Vec<_> = (0..count)
            .map(|number| {
                attestation(
                    &two.registry,
                    &two.amd64,
                    &[statement(&format!("junk:{number}"), &two.amd64.digest)],
                )
            })
            .collect();
        let index = two.index(&junk);
        let record = judged(&two.registry, &index).await;
        assert_eq!(record.outcome, outcome, "{}", record.reason);
        let unsigned = buildkit::read(&two.registry, PATH, &index.digest, &[]).await.unwrap();
        let cut = unsigned.iter().filter(|unsigned| unsigned.found.outcome == Undeterminable).count();
        assert_eq!((unsigned.len() - cut, cut), (MANIFESTS_MAX, count - MANIFESTS_MAX));
    }
    for (count, outcome) in [(LAYERS_MAX, Absent), (LAYERS_MAX + 1, Undeterminable)] {
        let two = Two::new();
        let junk: Vec<_> =
            (0..count).map(|number| statement(&format!("junk:{number}"), &two.amd64.digest)).collect();
        let built = attestation(&two.registry, &two.amd64, &junk);
        sign(&two.registry, &built, &org());
        let index = two.index(&[built]);
        assert_eq!(judged(&two.registry, &index).await.outcome, outcome);
    }
}

#[tokio::test]
async fn a_signed_statement_over_the_limit_is_not_read() {
    let two = Two::new();
    let mut built = two.built();
    let large =
        Descriptor::new("application/vnd.in-toto+json", Digest::sha256(b"large"), 8 * 1024 * 1024 + 1);
    let manifest = json!({"schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "layers": [large],
        "config": Descriptor::of(media_type::OCI_CONFIG, b"{}")})
    .to_string();
    two.registry.seed_manifest(PATH, None, media_type::OCI_MANIFEST, manifest.as_bytes());
    let entry = Descriptor::of(media_type::OCI_MANIFEST, manifest.as_bytes());
    built[0] = marked(entry, &two.amd64.digest, "unknown/unknown");
    let index = two.index(&built);
    for one in &built {
        sign(&two.registry, one, &org());
    }
    let record = judged(&two.registry, &index).await;
    assert_eq!(record.outcome, Undeterminable, "{}", record.reason);
    assert!(!two.registry.reads().contains(&format!("blob {}", Digest::sha256(b"large"))));
}
