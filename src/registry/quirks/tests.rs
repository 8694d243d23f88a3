//! The table itself: what is recognised, and that every value has a reason with a source.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

#[test]
fn registries_are_recognised_by_their_hosts_and_lookalikes_are_not() {
    let cases = [
        ("docker.io", "dockerHub"),
        ("registry-1.docker.io", "dockerHub"),
        ("123456789012.dkr.ecr.eu-west-3.amazonaws.com", "ecr"),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "ecr"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "ecr"),
        ("123456789012.dkr-ecr.eu-west-3.on.aws", "ecr"),
        ("public.ecr.aws", "ecrPublic"),
        ("ghcr.io", "ghcr"),
        ("GHCR.io:443", "ghcr"),
        ("europe-west1-docker.pkg.dev", "gar"),
        ("eu.gcr.io", "gar"),
        ("acme.azurecr.io", "acr"),
        ("quay.io", "quay"),
        ("registry.gitlab.com", "gitlab"),
        ("acme.jfrog.io", "artifactory"),
        ("registry.cn-hangzhou.aliyuncs.com", "aliyun"),
        ("acme-registry.eu-central-1.cr.aliyuncs.com", "aliyun"),
        ("rg.fr-par.scw.cloud", "scaleway"),
        ("abc123.gra7.container-registry.ovh.net", "ovhcloud"),
    ];
    for (host, name) in cases {
        assert_eq!(of(host, None).0, name, "{host}");
    }
    let lookalikes = [
        "",
        "docker.io.evil.example",
        "1234.dkr.ecr.eu-west-3.amazonaws.com",
        "123456789012.dkr.ecr.eu-west-3.amazonaws.com.evil.example",
        "123456789012.dkr.ecr..amazonaws.com",
        "123456789012.s3.eu-west-3.amazonaws.com",
        "notghcr.io",
        "evilgcr.io",
        "europe-west1-npm.pkg.dev",
        "azurecr.io",
        "oss-cn-hangzhou.aliyuncs.com",
        "harbor.acme.example",
        "localhost:5000",
    ];
    for host in lookalikes {
        assert_eq!(of(host, None), (UNKNOWN, Behaviour::default()), "{host}");
    }
}

#[test]
fn a_declared_kind_decides_alone() {
    let (name, behaviour) = of("harbor.acme.example", Some(RegistryKind::Harbor));
    assert!(name == "harbor" && behaviour.head_blob_unreliable);
    assert_eq!(of("ghcr.io", Some(RegistryKind::Zot)).0, "zot");
    assert_eq!(of("x.gra7.container-registry.ovh.net", None).1, behaviour, "OVHcloud runs Harbor");
}

#[test]
fn regions_are_part_of_the_host() {
    assert_eq!(ecr_region("123456789012.dkr.ecr.eu-west-3.amazonaws.com"), Some("eu-west-3"));
    assert_eq!(ecr_region("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"), Some("cn-north-1"));
    assert_eq!(ecr_region("123456789012.dkr-ecr.eu-west-3.on.aws"), Some("eu-west-3"));
    assert_eq!(ecr_region("123456789012.dkr.ecr.eu/west.amazonaws.com"), None);
}

#[test]
fn names_are_those_of_the_manifest_and_are_unique() {
    let names: BTreeSet<&str> = ALL.iter().map(|known| known.name).collect();
    assert_eq!(names.len(), ALL.len());
    for known in ALL {
        assert_eq!(serde_json::to_value(known.kind).unwrap(), known.name);
        let quirks: BTreeSet<&str> = known.quirks.iter().map(|quirk| quirk.name).collect();
        assert_eq!(quirks.len(), known.quirks.len(), "{}", known.name);
    }
}

/// A behaviour that differs from the specification without a reason, and a reason without a behaviour, are both wrong.
#[test]
fn every_value_that_differs_has_one_quirk_that_says_why() {
    let usual = serde_json::to_value(Behaviour::default()).unwrap();
    for known in ALL {
        let special = serde_json::to_value(known.behaviour()).unwrap();
        let differs =
            special.as_object().unwrap().iter().filter(|(key, value)| usual.get(key) != Some(value));
        let differs: BTreeMap<&str, usize> = differs.map(|(key, _)| (key.as_str(), 1)).collect();
        let mut explained = BTreeMap::new();
        for key in known.quirks.iter().flat_map(|quirk| quirk.sets) {
            *explained.entry(*key).or_default() += 1;
        }
        assert_eq!(explained, differs, "{}", known.name);
    }
}

#[test]
fn every_quirk_names_its_source() {
    let thread = |source: &str| {
        let parts = source.split_once('#').and_then(|(at, number)| Some((at.split_once('/')?, number)));
        parts.is_some_and(|((owner, repository), number)| {
            !owner.is_empty() && !repository.is_empty() && number.parse::<u32>().is_ok()
        })
    };
    let page = |source: &str| {
        source.split_once(": docs/").is_some_and(|(at, path)| at.contains('/') && !path.is_empty())
    };
    for (known, quirk) in ALL.iter().flat_map(|known| known.quirks.iter().map(move |quirk| (known, quirk))) {
        let said = |source: &&str| matches!(*source, "documentation" | "unverified");
        let fine = quirk.sources.iter().all(|source| said(source) || thread(source) || page(source));
        assert!(fine && !quirk.sources.is_empty(), "{} {}: {:?}", known.name, quirk.name, quirk.sources);
    }
}

/// A rate of nothing, or over nothing, would stall a run.
#[test]
fn rates_let_a_run_move() {
    for rate in ALL.iter().flat_map(|known| known.behaviour().rates) {
        assert!(rate.requests > 0 && rate.seconds > 0 && rate.seconds <= 86_400, "{rate:?}");
    }
}
