//! Good manifests and what they ask for.

use std::collections::BTreeMap;

use super::*;
use crate::model::{Digest, Outcome, Period, Severity, Verdict};

fn desired(text: &str) -> Desired {
    let files = files(text);
    match read(&files) {
        Ok(desired) => desired,
        Err(diagnostics) => panic!("{}", render(&diagnostics, &files, false)),
    }
}

fn default<T>(value: T) -> Ruled<T> {
    Ruled { value, written: "default".to_owned() }
}

fn written<T>(value: T, at: &str) -> Ruled<T> {
    Ruled { value, written: at.to_owned() }
}

/// The smallest manifest of the documentation.
const SMALLEST: &str = "=== fondaco.yaml
# yaml-language-server: $schema=schemas/fondaco.schema.json
apiVersion: fondaco/v1alpha1
kind: Mirror
metadata: {name: acme}
spec:
  registry: registry.acme.example          # quarantine lives under /quarantine
  signing: {key: keys/acme.key}
---
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {name: web}
spec:
  images:
    - {image: docker.io/library/nginx, tags: [\"1.28\"]}
---
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {name: payments}
spec: {target: registry.acme.example/payments, images: [web], gate: {maxSeverity: medium}}
";

#[test]
fn the_smallest_manifest_has_a_default_for_everything_else() {
    let expected = Desired {
        withdrawals: vec![],
        mirror: DesiredMirror {
            name: "acme".into(),
            quarantine: "registry.acme.example/quarantine".parse().unwrap(),
            signing: DesiredSigning {
                written: "fondaco.yaml:7".into(),
                ..DesiredSigning::file("keys/acme.key")
            },
            vouching: crate::manifest::DesiredVouching::default(),
            operator: None,
            role: None,
            advisories: vec![],
            sbom: crate::manifest::DesiredSbom::default(),
        },
        registries: BTreeMap::new(),
        policies: BTreeMap::new(),
        images: vec![DesiredImage {
            set: "web".into(),
            source: "docker.io/library/nginx".parse().unwrap(),
            tag: "1.28".into(),
            digest: None,
            content: DesiredContent::default(),
            trust: None,
            cooldown: None,
            written: "fondaco.yaml:14".into(),
        }],
        selections: vec![],
        consumers: vec![DesiredConsumer {
            name: "payments".into(),
            target: "registry.acme.example/payments".parse().unwrap(),
            sets: vec!["web".into()],
            gate: DesiredGate {
                name: "inline".into(),
                max_severity: written(Severity::Medium, "fondaco.yaml:19"),
                fixable_only: default(false),
                unknown_severity: default(Verdict::Held),
                signature_required: default(false),
                max_age: default(Period::days(7)),
                cooldown: default(Period::days(0)),
                known_exploited: default(Verdict::Refused),
                publisher_vex: default(false),
                licences: None,
                hold_secrets: default(false),
            },
            written: "fondaco.yaml:18".into(),
        }],
    };
    assert_eq!(desired(SMALLEST), expected);
}

#[test]
fn a_consumer_without_a_gate_has_all_defaults() {
    let gate = desired(&SMALLEST.replace(", gate: {maxSeverity: medium}", "")).consumers.remove(0).gate;
    assert_eq!(gate.name, "default");
    assert_eq!(gate.max_severity, default(Severity::High));
}

#[test]
fn a_gate_document_says_where_each_rule_is_written() {
    let gate = "=== gates/strict.yaml
apiVersion: fondaco/v1alpha1
kind: Gate
metadata: {name: strict}
spec:
  maxSeverity: negligible
  fixableOnly: true
  unknownSeverity: record
  knownExploited: hold
  signature: required
  maxAge: 36h
  cooldown: 2w
  publisherVex: accept
";
    let text = SMALLEST.replace("{maxSeverity: medium}", "strict") + gate;
    let expected = DesiredGate {
        name: "strict".into(),
        max_severity: written(Severity::Negligible, "gates/strict.yaml:5"),
        fixable_only: written(true, "gates/strict.yaml:6"),
        unknown_severity: written(Verdict::Cleared, "gates/strict.yaml:7"),
        signature_required: written(true, "gates/strict.yaml:9"),
        max_age: written(Period { seconds: 36 * 3600 }, "gates/strict.yaml:10"),
        cooldown: written(Period::days(14), "gates/strict.yaml:11"),
        known_exploited: written(Verdict::Held, "gates/strict.yaml:8"),
        publisher_vex: written(true, "gates/strict.yaml:12"),
        licences: None,
        hold_secrets: default(false),
    };
    assert_eq!(desired(&text).consumers.remove(0).gate, expected);
}

#[test]
fn a_gate_says_which_licences_pass() {
    let gate = "=== gates/strict.yaml
apiVersion: fondaco/v1alpha1
kind: Gate
metadata: {name: strict}
spec:
  licences:
    deny: [AGPL-1.0-or-later]
    of: languages
";
    let text = SMALLEST.replace("{maxSeverity: medium}", "strict") + gate;
    let licences = desired(&text).consumers.remove(0).gate.licences;
    let expected = DesiredLicences {
        deny: written(vec!["AGPL-1.0-or-later".parse().unwrap()], "gates/strict.yaml:6"),
        allow: None,
        unknown: default(Verdict::Held),
        of_distribution: written(false, "gates/strict.yaml:7"),
    };
    assert_eq!(licences, Some(expected));
    let inline = SMALLEST.replace("{maxSeverity: medium}", "{licences: {allow: [MIT], unknown: accept}}");
    let licences = desired(&inline).consumers.remove(0).gate.licences.unwrap();
    assert_eq!(licences.allow, Some(written(vec!["MIT".parse().unwrap()], "fondaco.yaml:19")));
    assert_eq!((licences.deny.value, licences.unknown.value), (vec![], Verdict::Cleared));
    assert!(licences.of_distribution.value, "packages of the distribution count unless it is written");
}

const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAElV/m9UKzzuiDd11tzPAEI/NV8zn/BD3m80otMicET4Tq0IWkSq13kP7/VI7tEuGacZ30ykIYB7qbc0NisV07pA==\n-----END PUBLIC KEY-----\n";

#[test]
fn a_policy_has_its_keys_as_text_and_an_action_for_each_outcome() {
    let policy = format!(
        "=== trust/official.yaml
apiVersion: fondaco/v1alpha1
kind: TrustPolicy
metadata: {{name: official}}
spec:
  keys:
    - {{name: nginx, path: trust/nginx.pub}}
    - name: other
      pem: |
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAElV/m9UKzzuiDd11tzPAEI/NV8zn/BD3m80otMicET4Tq0IWkSq13kP7/VI7tEuGacZ30ykIYB7qbc0NisV07pA==
        -----END PUBLIC KEY-----
  absent: record
=== trust/nginx.pub
{KEY}"
    );
    let text = SMALLEST.replace("tags: [\"1.28\"]", "tags: [\"1.28\"], trust: official") + &policy;
    let desired = desired(&text);
    assert_eq!(desired.images[0].trust.as_deref(), Some("official"));
    let expected = DesiredPolicy {
        name: "official".into(),
        keys: ["nginx", "other"]
            .map(|name| DesiredKey { name: name.into(), pem: KEY.into(), logged: false })
            .into(),
        actions: BTreeMap::from([
            (Outcome::Absent, written(Verdict::Cleared, "trust/official.yaml:12")),
            (Outcome::Foreign, default(Verdict::Refused)),
            (Outcome::Invalid, default(Verdict::Refused)),
            (Outcome::Undeterminable, default(Verdict::Held)),
        ]),
        written: "trust/official.yaml:3".into(),
        ..DesiredPolicy::default()
    };
    assert_eq!(desired.policies["official"], expected);
}

#[test]
fn every_fact_of_a_registry_is_listed_and_the_open_ones_say_nothing() {
    let registries = "=== registries/all.yaml
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {name: docker.io}
spec:
  operator: {name: Docker Inc., country: US}
  declared: {by: legal, date: 2026-11-20, source: terms of service}
---
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {name: demo}
spec: {host: upstream.example, layout: layouts/upstream, plainHTTP: true}
";
    let desired = desired(&(SMALLEST.to_owned() + registries));
    let answers = |host: &str| -> Vec<String> {
        let facts = &desired.registries[host].facts;
        let one = |fact: &Fact| {
            let of = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
            format!("{} = {} ({}, {})", fact.key, of(&fact.value), of(&fact.source), of(&fact.date))
        };
        facts.iter().map(one).collect()
    };
    assert_eq!(
        answers("docker.io"),
        [
            "operator.name = Docker Inc. (terms of service, 2026-11-20)",
            "operator.country = US (terms of service, 2026-11-20)",
            "operator.parent.name = ? (?, ?)",
            "operator.parent.country = ? (?, ?)",
            "jurisdiction.location = ? (?, ?)",
            "jurisdiction.law = ? (?, ?)",
            "jurisdiction.thirdCountryAccess = ? (?, ?)",
            "jurisdiction.exit = ? (?, ?)",
            "declared.by = legal (terms of service, 2026-11-20)",
            "declared.date = 2026-11-20 (terms of service, 2026-11-20)",
            "declared.source = terms of service (terms of service, 2026-11-20)",
            "declared.reviewedBy = ? (?, ?)",
        ]
    );
    let demo = &desired.registries["upstream.example"];
    assert_eq!((demo.layout.as_deref(), demo.plain_http), (Some("layouts/upstream"), true));
    assert!(demo.facts.iter().all(|fact| fact.value.is_none()) && demo.facts.len() == 12);
}

#[test]
fn lists_are_sorted_and_a_set_may_serve_several_consumers() {
    let digest = Digest::sha256(b"x");
    let more = format!(
        "=== images/a.yaml
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {{name: a}}
spec:
  images:
    - {{image: quay.io/z, tags: [\"2\", \"10\"]}}
    - {{image: docker.io/library/nginx, tags: [\"1.28\"]}}
    - {{image: quay.io/b, tags: [stable], digest: \"{digest}\"}}
=== consumers/archive.yml
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {{name: archive}}
spec: {{target: registry.acme.example/payments, images: [web, a]}}
"
    );
    let desired = desired(&(SMALLEST.to_owned() + &more));
    let images: Vec<_> = desired.images.iter().map(|i| format!("{} {}:{}", i.set, i.source, i.tag)).collect();
    let expected =
        ["a docker.io/library/nginx:1.28", "a quay.io/b:stable", "a quay.io/z:10", "a quay.io/z:2"];
    assert_eq!(images[..4], expected);
    assert_eq!(desired.images[1].digest, Some(digest));
    let consumers: Vec<_> = desired.consumers.iter().map(|c| (c.name.as_str(), c.sets.clone())).collect();
    assert_eq!(
        consumers,
        [("archive", vec!["a".to_owned(), "web".to_owned()]), ("payments", vec!["web".to_owned()])]
    );
}

#[test]
fn an_alias_is_what_it_stands_for() {
    let text = SMALLEST.replace("name: web", "name: &set web").replace("images: [web]", "images: [&set web]");
    let text = text
        .replace("spec: {target", "spec: {gate: &g {maxAge: 3d}, target")
        .replace(", gate: {maxSeverity: medium}", "");
    assert_eq!(desired(&text).consumers[0].gate.max_age.value, Period::days(3));
    let aliased = SMALLEST
        .replace("[\"1.28\"]", "[&tag \"1.28\"]")
        .replace("images: [web]", "images: [web, cache]")
        + "---\napiVersion: fondaco/v1alpha1\nkind: ImageSet\nmetadata: {name: cache}\nspec:\n  images:\n    - {image: quay.io/a, tags: &tags [x]}\n    - {image: quay.io/b, tags: *tags}\n";
    let images = desired(&aliased).images;
    assert_eq!(images.iter().map(|image| image.tag.as_str()).collect::<Vec<_>>(), ["x", "x", "1.28"]);
}

#[test]
fn only_manifests_and_public_keys_are_inputs() {
    for path in [
        "fondaco.yaml",
        "images/web.yaml",
        "registries/a.yml",
        "trust/a/b.yaml",
        "gates/a.yaml",
        "consumers/a.yaml",
    ] {
        assert!(is_manifest(path) && is_input(path), "{path}");
    }
    for path in ["trust/nginx.pub", "keys/acme.pem"] {
        assert!(!is_manifest(path) && is_input(path), "{path}");
    }
    for path in [
        "fondaco.yml",
        "docs/a.yaml",
        "a/fondaco.yaml",
        "keys/acme.key",
        "keys/a.yaml",
        "images/a.json",
        "nginx.pub",
    ] {
        assert!(!is_input(path), "{path}");
    }
}

#[test]
fn diagnostics_serialise_for_machines() {
    let error = read(&files(&SMALLEST.replace("maxSeverity", "maxSeverty"))).unwrap_err();
    let json = serde_json::to_value(error).unwrap();
    let at = serde_json::json!({"file": "fondaco.yaml", "line": 19, "column": 70, "width": 10});
    assert_eq!(json[0]["code"], "F0107");
    assert_eq!(json[0]["at"], at);
    assert_eq!(json[0]["label"], "did you mean `maxSeverity`?");
}

#[test]
fn codes_are_unique_and_ascend() {
    let ids: Vec<_> = Code::ALL.iter().map(|code| code.id()).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
}

#[test]
fn limits_of_a_registry_are_kept() {
    use crate::registry::Limits;
    let text = SMALLEST.to_owned()
        + "---
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {name: docker.io}
spec: {limits: {requestsPerSecond: 5, concurrent: 4}}
";
    let expected = Limits { concurrent: Some(4), requests_per_second: Some(5) };
    assert_eq!(desired(&text).registries["docker.io"].limits, expected);
}
