//! What is inside of images, from their bytes to records, verdicts and pages.

use fondaco::{
    evidence::{ContentsRecord, Document as _, ImageRecord},
    model::{Digest, Verdict, media_type},
};

use crate::{fake::Options, http::HttpScenario, scenario::Scenario, tiny};

const OS_RELEASE: &[u8] = b"ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n";

/// A distribution's package under the GPL, and one of npm's under a choice that the GPL is part of.
const FILES: [(&str, &[u8]); 5] = [
    ("etc/os-release", OS_RELEASE),
    ("var/lib/dpkg/status", tiny::STATUS.as_bytes()),
    (
        "usr/share/doc/libexample1/copyright",
        b"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: x\nLicense: GPL-3+\n",
    ),
    ("app/node_modules/either/package.json", b"{\"name\": \"either\", \"version\": \"1.0.0\", \"license\": \"(MIT OR AGPL-3.0)\"}"),
    ("app/node_modules/own/package.json", b"{\"name\": \"own\", \"version\": \"2.0.0\", \"license\": \"Our own terms\"}"),
];

/// Runs with an image of one layer and with these keys in the consumer's gate.
fn run(files: &[(&str, &[u8])], gate: &str) -> (HttpScenario, Scenario) {
    let registries = HttpScenario::new(Options::default(), Options::default());
    let tar = tiny::tar(files);
    tiny::layer(&registries.upstream, "team/app", "1", &tar, tiny::gzip(&tar));
    let scenario = registries.scenario(&["team/app"]);
    ask(&scenario, gate);
    scenario.run().unwrap();
    (registries, scenario)
}

/// Gives the consumer a gate.
fn ask(scenario: &Scenario, gate: &str) {
    let manifests = String::from_utf8(scenario.files()["fondaco.yaml"].clone()).unwrap();
    let before = manifests.split(", gate: {").next().unwrap().trim_end_matches(['}', '\n']).to_owned();
    scenario.push(&[("fondaco.yaml", &format!("{before}, gate: {{{gate}}}}}\n"))]);
}

fn record(scenario: &Scenario) -> ImageRecord {
    scenario.state().evidence.images.into_values().next().unwrap()
}

fn said(record: &ImageRecord) -> (Verdict, Vec<&str>) {
    let verdict = &record.verdicts.verdicts[0];
    (verdict.verdict, verdict.reasons.iter().map(|reason| reason.fact.as_str()).collect())
}

#[test]
fn a_gate_judges_licences_and_names_what_it_judged() {
    let (_registries, scenario) = run(&FILES, "licences: {deny: [GPL-3.0-only], unknown: accept}");
    let refused = record(&scenario);
    let fact = "`GPL-3.0-or-later` is denied, in 1 package: `pkg:deb/debian/libexample1@1.2-3`; they are the distribution's: \
                `of: languages` would not count them";
    assert_eq!(said(&refused), (Verdict::Refused, vec![fact]));
    let contents = refused.contents.as_ref().unwrap();
    assert_eq!(refused.verdicts.inputs.contents, Some(Digest::sha256(contents.text())));
    let licences = &contents.platforms[0].licences;
    let expressions: Vec<&str> = licences.iter().map(|one| one.expression.as_str()).collect();
    assert_eq!(expressions, ["GPL-3.0-or-later", "LicenseRef-fondaco-Our-own-terms", "MIT OR AGPL-3.0-only"]);
    assert_eq!(licences[0].written, ["GPL-3+"]);

    ask(&scenario, "licences: {deny: [GPL-3.0-only, AGPL-1.0-or-later], of: languages}");
    scenario.run().unwrap();
    let held = record(&scenario);
    let fact = "`LicenseRef-fondaco-Our-own-terms` stands for words that name no licence of SPDX's list, in 1 package: \
                `pkg:npm/own@2.0.0`; `unknown: accept` or its name in `allow` would let pass";
    assert_eq!(said(&held), (Verdict::Held, vec![fact]));
    assert_eq!(held.contents, refused.contents, "what is known of the image is not written again");

    ask(&scenario, "licences: {allow: [MIT, LicenseRef-fondaco-Our-own-terms], of: languages}");
    scenario.run().unwrap();
    assert_eq!(said(&record(&scenario)).0, Verdict::Cleared);
    let tip = scenario.tip();
    scenario.run().unwrap();
    assert_eq!(scenario.tip(), tip, "a second run commits nothing");
    let pages = scenario.files();
    let page =
        pages.iter().find(|(path, _)| path.ends_with("/README.md") && path.contains("sha256-")).unwrap().1;
    assert!(
        String::from_utf8_lossy(page).contains("| `GPL-3.0-or-later` | GPL-3+ | 1 | 1 |"),
        "{}",
        String::from_utf8_lossy(page)
    );
}

/// An advisory for a package of Python that the image has twice over: in a package of the distribution, and beside it.
const PYTHON: &str = r#"{"id": "PYSEC-2026-0001", "modified": "2026-11-20T00:00:00Z", "aliases": ["CVE-2026-0001"],
 "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
 "affected": [{"package": {"ecosystem": "PyPI", "name": "Requests"},
  "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.31.0"}]}]}]}"#;

#[test]
fn packages_of_languages_are_matched_and_those_of_the_distribution_left_to_it() {
    let stanza = "Package: python3-requests\nStatus: install ok installed\nArchitecture: all\nVersion: 2.28.1+dfsg-1\n";
    let status = format!("{}\n{stanza}", tiny::STATUS.trim_end().to_owned() + "\n");
    let own = "usr/lib/python3/dist-packages/requests-2.28.1.dist-info/METADATA";
    let files: [(&str, &[u8]); 5] = [
        FILES[0],
        ("var/lib/dpkg/status", status.as_bytes()),
        ("var/lib/dpkg/info/python3-requests.list", &format!("/{own}\n").into_bytes()),
        (own, b"Metadata-Version: 2.1\nName: requests\nVersion: 2.28.1\n"),
        (
            "srv/lib/python3.11/site-packages/requests-2.30.0.dist-info/METADATA",
            b"Metadata-Version: 2.1\nName: requests\nVersion: 2.30.0\n",
        ),
    ];
    let (_registries, scenario) = run(&files, "");
    let held = record(&scenario);
    let fact = "1 packages not looked at: packages of `PyPI`: the advisory bundle has no records for `PyPI`";
    assert_eq!(said(&held), (Verdict::Held, vec![fact]));

    scenario.import(&[tiny::ADVISORY, PYTHON]);
    scenario.run().unwrap();
    let refused = record(&scenario);
    let scan = refused.scan.as_ref().unwrap();
    let findings: Vec<_> = scan.findings.iter().map(|one| (one.id.as_str(), one.packages.clone())).collect();
    assert_eq!(findings, [("CVE-2026-0001", vec!["pkg:pypi/requests@2.30.0".to_owned()])]);
    assert_eq!(said(&refused).0, Verdict::Refused);
    let left =
        scan.not_looked_at.iter().find(|gap| gap.what.contains("belong to packages of the distribution"));
    assert_eq!(left.unwrap().packages, 0);
    let page = page(&scenario, "team/app");
    assert!(page.contains("| CVE-2026-0001 | requests | 2.30.0 | critical |"), "{page}");
}

#[test]
fn repositories_that_an_image_names_are_recorded_and_shown() {
    let manifest: &[u8] =
        br#"{"metadata": {"image_layer_index": 1}, "content_sets": ["ubi-9-baseos", "a`b|c"]}"#;
    let files = [FILES[0], FILES[1], ("root/buildinfo/content_manifests/app-1-2.json", manifest)];
    let (_registries, scenario) = run(&files, "");
    let contents = record(&scenario).contents.unwrap();
    assert_eq!(contents.platforms[0].content_sets, ["a`b|c", "ubi-9-baseos"]);
    let page = page(&scenario, "team/app");
    let line = page.lines().find(|line| line.starts_with("Installed from these repositories")).unwrap();
    assert!(line.ends_with(", `ubi-9-baseos`."), "{line}");
}

#[test]
fn a_gate_that_asks_nothing_leaves_verdicts_as_they_were() {
    let (_registries, scenario) = run(&FILES, "");
    let before = record(&scenario);
    assert_eq!((said(&before).0, &before.verdicts.inputs.contents), (Verdict::Cleared, &None));
}

#[test]
fn attack_evidence_without_contents_is_not_evidence_without_licences() {
    let (_registries, scenario) = run(&FILES, "");
    let path = scenario.files().into_keys().find(|path| path.ends_with("/contents.json")).unwrap();
    scenario
        .repository
        .commit(&scenario.tip(), &[(path, None)].into(), "Lose it", &crate::scenario::author())
        .map(|commit| {
            scenario.repository.push("origin", "main", &commit, &scenario.tip()).unwrap();
        })
        .unwrap();
    ask(&scenario, "licences: {deny: [AGPL-3.0-only], unknown: accept}");
    scenario.run().unwrap();
    let record = record(&scenario);
    let (verdict, facts) = said(&record);
    assert_eq!((verdict, facts.len(), &record.verdicts.inputs.contents), (Verdict::Held, 1, &None));
    assert!(facts[0].starts_with("its licences are not recorded"), "{}", facts[0]);
    assert!(ContentsRecord::parse(b"{}").is_err());
}

const KEY: &[u8] = b"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n-----END PRIVATE KEY-----\n";
const STATUS: &[u8] = tiny::STATUS.as_bytes();

/// Puts an image of these layers into a registry under tag `1`.
fn image(
    registries: &HttpScenario,
    repository: &str,
    layers: &[Vec<u8>],
    annotations: &serde_json::Value,
) -> Digest {
    let registry = &registries.upstream;
    let diff_ids: Vec<Digest> = layers.iter().map(Digest::sha256).collect();
    let config = serde_json::json!({"architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": diff_ids}});
    let config = config.to_string().into_bytes();
    let entries: Vec<_> = layers
        .iter()
        .map(|tar| serde_json::json!({"mediaType": media_type::OCI_LAYER_TAR, "digest": Digest::sha256(tar), "size": tar.len()}))
        .collect();
    let manifest = serde_json::json!({"schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST,
        "config": {"mediaType": media_type::OCI_CONFIG, "digest": Digest::sha256(&config), "size": config.len()},
        "layers": entries, "annotations": annotations});
    registry.blob(repository, config);
    for tar in layers {
        registry.blob(repository, tar.clone());
    }
    registry.manifest(repository, "1", media_type::OCI_MANIFEST, manifest.to_string().into_bytes())
}

/// Returns the page of the only digest of a repository.
fn page(scenario: &Scenario, repository: &str) -> String {
    let files = scenario.files();
    let of = |path: &String| path.contains(&format!("/{repository}/sha256-")) && path.ends_with("/README.md");
    let (_, page) = files.iter().find(|(path, _)| of(path)).unwrap();
    String::from_utf8(page.clone()).unwrap()
}

#[test]
fn attack_a_secret_that_a_later_layer_deletes_holds_where_the_gate_asks() {
    let registries = HttpScenario::new(Options::default(), Options::default());
    let base = tiny::tar(&[
        ("etc/os-release", OS_RELEASE),
        ("var/lib/dpkg/status", STATUS),
        ("root/.ssh/id_rsa", KEY),
        ("app/node_modules/tls/key.pem", KEY),
    ]);
    let top = tiny::tar(&[("root/.ssh/.wh.id_rsa", b"")]);
    image(&registries, "team/app", &[base, top.clone()], &serde_json::json!({}));
    let scenario = registries.scenario(&["team/app"]);
    scenario.run().unwrap();
    let recorded = record(&scenario);
    assert_eq!(said(&recorded), (Verdict::Cleared, vec![]), "the default only records it");
    let secrets = recorded.contents.as_ref().unwrap().platforms[0].secrets.as_ref().unwrap();
    let file = &secrets.files[0];
    assert_eq!((file.path.as_str(), file.kind.as_str()), ("root/.ssh/id_rsa", "private key"));
    assert_eq!(
        (&file.gone_in, secrets.files.len(), secrets.of_packages),
        (&Some(Digest::sha256(&top)), 1, 1)
    );
    let all = scenario.files();
    assert!(
        all.values().all(|bytes| !String::from_utf8_lossy(bytes).contains("MIIEvQ")),
        "the value is nowhere"
    );
    ask(&scenario, "secrets: hold");
    scenario.run().unwrap();
    let fact = "`root/.ssh/id_rsa` looks like a secret (private key); a later layer deletes or replaces it, and it is in the image all the same";
    assert_eq!(said(&record(&scenario)), (Verdict::Held, vec![fact]));
    let page = page(&scenario, "team/app");
    assert!(
        page.contains(
            "| private key | 1 | no: layer 2 deletes or replaces it, and it is in the image all the same |"
        ),
        "{page}"
    );
}

#[test]
fn a_base_is_the_recorded_image_whose_layers_are_shared_and_a_claim_stays_one() {
    let registries = HttpScenario::new(Options::default(), Options::default());
    let bottom = tiny::tar(&[("etc/os-release", OS_RELEASE), ("var/lib/dpkg/status", STATUS)]);
    let top =
        tiny::tar(&[("app/node_modules/own/package.json", b"{\"name\": \"own\", \"version\": \"2.0.0\"}")]);
    let base = image(&registries, "team/base", std::slice::from_ref(&bottom), &serde_json::json!({}));
    let stated = serde_json::json!({"org.opencontainers.image.base.name": "docker.io/library/debian:12",
        "org.opencontainers.image.base.digest": Digest::sha256("another")});
    image(&registries, "team/app", &[bottom.clone(), top.clone()], &stated);
    let right = serde_json::json!({"org.opencontainers.image.base.digest": base});
    image(&registries, "team/right", &[bottom, top], &right);
    let scenario = registries.scenario(&["team/app", "team/base", "team/right"]);
    scenario.run().unwrap();
    let of = |name: &str| {
        page(&scenario, name)
            .lines()
            .filter(|line| line.contains("shares all") || line.contains("stated by"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let app = of("team/app");
    assert!(
        app[0].contains("team/base@")
            && app[0].contains("shares all 1 layer of it, recorded since 2026-11-21 | 1 | 1 | 1 |"),
        "{app:?}"
    );
    assert!(app[1].contains("not checked: no image of that digest is recorded"), "{app:?}");
    assert!(
        of("team/right")[1]
            .contains("an image of that digest is recorded, and shares all its layers | 1 | 1 | 1 |"),
        "{:?}",
        of("team/right")
    );
    assert_eq!(of("team/base"), [] as [String; 0]);
    let tip = scenario.tip();
    scenario.run().unwrap();
    assert_eq!(scenario.tip(), tip, "a second run commits nothing");
}
