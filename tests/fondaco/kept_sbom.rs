//! The SBOM that the intake writes: named in Git, kept in quarantine, and the same bytes beside what is promoted.

use fondaco::model::{Digest, media_type};
use serde_json::Value;

use crate::{
    fake::{Fake, Options, Referrers},
    http::HttpScenario,
};

/// Returns the digests of the CycloneDX documents beside a manifest.
fn documents(fake: &Fake, repository: &str, digest: &Digest) -> Vec<String> {
    let manifests = fake.referrers(repository, digest).into_iter();
    let documents = manifests.filter_map(|bytes| {
        let manifest: Value = serde_json::from_slice(&bytes).unwrap();
        let is_sbom = manifest["artifactType"] == media_type::CYCLONEDX;
        is_sbom.then(|| manifest["layers"][0]["digest"].as_str().unwrap().to_owned())
    });
    documents.collect()
}

#[test]
fn what_is_promoted_carries_the_sbom_that_git_names() {
    for referrers in [Referrers::On, Referrers::Off] {
        let http = HttpScenario::new(Options::default(), Options { referrers, ..Options::default() });
        let digest = http.image("library/web", "1");
        let scenario = http.scenario(&["library/web"]);
        let report = scenario.run().unwrap();
        assert!(report.images[0].consumers[0].promoted, "{}", report.text());
        let evidence = scenario.state().evidence;
        let record = evidence.images.values().next().unwrap();
        let sbom = record.custody.subject.platforms[0].sbom.clone().unwrap();
        let quarantine = &record.custody.hops[0].to.path;
        let named = vec![sbom.digest.to_string()];
        assert_eq!(documents(&http.mirror, quarantine, &digest), named);
        assert_eq!(documents(&http.mirror, "payments/web", &digest), named);
        let bytes = http.mirror.stored("payments/web", &sbom.digest).unwrap();
        assert_eq!((Digest::sha256(&bytes), bytes.len() as u64), (sbom.digest.clone(), sbom.size));
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        let purls: Vec<&str> = document["components"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|one| one["purl"].as_str())
            .collect();
        let listed: Vec<&str> = record.packages["packages.txt"].lines().collect();
        assert_eq!(purls, listed, "the document names what the list in Git names");
        assert!(scenario.run().unwrap().is_idle());
    }
}

#[test]
fn nothing_is_promoted_whose_sbom_is_gone() {
    let http = HttpScenario::new(Options::default(), Options::default());
    http.image("library/web", "1");
    let manifests = http.manifests(&["library/web"]);
    // Held first, so that quarantine can lose what promotion needs.
    let scenario = http.scenario(&["library/web"]);
    scenario.push(&[(
        "fondaco.yaml",
        &manifests.replace("images: [web]}", "images: [web], gate: {cooldown: 7d}}"),
    )]);
    scenario.run().unwrap();
    let evidence = scenario.state().evidence;
    let record = evidence.images.values().next().unwrap();
    let sbom = record.custody.subject.platforms[0].sbom.clone().unwrap();
    http.mirror.collect(&record.custody.hops[0].to.path, &sbom.digest);
    scenario.push(&[("fondaco.yaml", &manifests)]);
    let report = scenario.run().unwrap();
    assert!(!report.images[0].consumers[0].promoted, "{}", report.text());
    let said = format!("SBOM `{}`", sbom.digest);
    assert!(report.text().contains(&said), "{}", report.text());
    assert_eq!(http.mirror.tag("payments/web", "1"), None);
}
