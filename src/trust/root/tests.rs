//! Trust roots as values: what is read, what differs, what ends.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{record::Role, *};
use crate::model::{Instant, Period};

fn at(text: &str) -> Instant {
    format!("{text}T00:00:00Z").parse().unwrap()
}

/// Returns GitHub's root as JSON: six certificate authorities and six timestamp authorities.
fn github() -> Value {
    serde_json::from_str(Instance::Github.embedded().unwrap().text()).unwrap()
}

fn root(value: &Value) -> Root {
    Root::read(value.to_string().as_bytes()).unwrap()
}

/// Returns the sources of a crate in Cargo's cache.
fn sources(of: &str) -> PathBuf {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cargo"));
    let registries = fs::read_dir(home.join("registry/src")).unwrap();
    let mut found = registries.map(|entry| entry.unwrap().path().join(of)).filter(|path| path.is_dir());
    found.next().unwrap_or_else(|| panic!("{of} is not in Cargo's cache"))
}

#[test]
fn what_is_known_of_the_instances_is_that_of_the_crate_in_the_lock_file() {
    let lock = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).unwrap();
    assert!(lock.contains("name = \"sigstore-trust-root\"\nversion = \"0.15.1\"\n"), "see EMBEDDED_AS_OF");
    let crate_sources = sources("sigstore-trust-root-0.15.1");
    let tuf = fs::read_to_string(crate_sources.join("src/tuf.rs")).unwrap();
    for (instance, file) in
        [(Instance::PublicGood, "tuf_root.json"), (Instance::Github, "tuf_github_root.json")]
    {
        let bytes = fs::read(crate_sources.join("repository").join(file)).unwrap();
        let version = serde_json::from_slice::<Value>(&bytes).unwrap()["signed"]["version"].as_u64().unwrap();
        let digest = hex::encode(Sha256::digest(&bytes));
        assert_eq!(instance.bootstrap(), (version, digest.as_str()), "{instance}");
        assert!(tuf.contains(&format!("\"{}\"", instance.address())), "{instance}");
        assert!(instance.embedded().unwrap().newest().unwrap() < EMBEDDED_AS_OF.parse().unwrap());
    }
}

#[test]
fn parts_are_those_that_the_instances_publish() {
    let count = |instance: Instance, part| {
        instance.embedded().unwrap().windows().keys().filter(|window| window.part == part).count()
    };
    assert_eq!(Part::ALL.map(|part| count(Instance::PublicGood, part)), [2, 2, 2, 1]);
    assert_eq!(Part::ALL.map(|part| count(Instance::Github, part)), [6, 0, 0, 6]);
}

#[test]
fn what_is_no_trust_root_is_refused_with_a_reason() {
    let of = |change: &dyn Fn(&mut Value)| {
        let mut value = github();
        change(&mut value);
        Root::read(value.to_string().as_bytes()).unwrap_err()
    };
    let cases: [(String, &str); 5] = [
        (Root::read(b"{}").unwrap_err(), "missing field `mediaType`"),
        (of(&|value| value["mediaType"] = json!("application/json")), "media type `application/json`"),
        (of(&|value| value["certificateAuthorities"][0]["certChain"] = json!(1)), "invalid type"),
        (
            of(&|value| {
                value["certificateAuthorities"] = json!([]);
                value["timestampAuthorities"] = json!([]);
            }),
            "neither an authority nor a log",
        ),
        (Root::read(&vec![b' '; 1024 * 1024 + 1]).unwrap_err(), "1048577 bytes, more than 1048576"),
    ];
    for (reason, expected) in cases {
        assert!(reason.contains(expected), "{reason}");
    }
}

#[test]
fn a_flood_of_authorities_is_refused() {
    let log = |number: usize| {
        json!({"baseUrl": format!("https://{number}.example"), "hashAlgorithm": "SHA2_256",
            "publicKey": {"rawBytes": "AAAA", "keyDetails": "PKIX_ED25519"}, "logId": {"keyId": "AAAA"}})
    };
    let of = |count| {
        let logs: Vec<_> = (0..count).map(log).collect();
        json!({"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "tlogs": logs})
    };
    assert_eq!(root(&of(1024)).windows().len(), 1024);
    let reason = Root::read(of(1025).to_string().as_bytes()).unwrap_err();
    assert_eq!(reason, "1025 authorities and logs, more than 1024");
}

#[test]
fn an_older_root_is_known_by_what_it_lacks() {
    let newer = root(&github());
    let mut value = github();
    value["certificateAuthorities"].as_array_mut().unwrap().pop();
    value["certificateAuthorities"][4]["validFor"].as_object_mut().unwrap().remove("end");
    let older = root(&value);
    let back = Changes::between(Some(&newer), &older);
    assert_eq!((back.added.len(), back.removed.len(), back.moved.len()), (0, 1, 1));
    assert!(back.only_take_back());
    let forward = Changes::between(Some(&older), &newer);
    assert_eq!((forward.added.len(), forward.removed.len(), forward.moved.len()), (1, 0, 1));
    assert!(!forward.only_take_back());
    let text = forward.text();
    assert!(text.contains("  + certificate authority fulcio.githubapp.com (sha256:"), "{text}");
    assert!(text.contains(" from 2025-11-13 ends 2026-07-13, before: "), "{text}");
    // A compromised authority is taken out while another one comes in: that is no older root.
    value["timestampAuthorities"][5]["validFor"]["end"] = json!("2026-11-30T00:00:00Z");
    assert!(!Changes::between(Some(&newer), &root(&value)).only_take_back());
    assert!(Changes::between(Some(&newer), &newer).is_empty());
    assert!(!Changes::between(None, &newer).only_take_back());
}

#[test]
fn ends_are_told_by_what_they_mean() {
    let weights = |root: &Root, known: Option<&str>, now: &str| -> Vec<(Weight, usize)> {
        let remarks = remarks(root, known.map(at), at(now));
        [Weight::Severe, Weight::Warning, Weight::Note]
            .into_iter()
            .map(|weight| (weight, remarks.iter().filter(|remark| remark.weight == weight).count()))
            .collect()
    };
    let counts = |severe, warning, note| {
        vec![(Weight::Severe, severe), (Weight::Warning, warning), (Weight::Note, note)]
    };
    let whole = root(&github());
    // Ten windows of former years have ended; another authority has taken over.
    assert_eq!(weights(&whole, Some("2026-11-20"), "2026-11-21"), counts(0, 0, 10));
    assert_eq!(weights(&whole, None, "2026-11-21"), counts(0, 0, 11));
    assert_eq!(weights(&whole, Some("2026-05-25"), "2026-11-21"), counts(0, 0, 10));
    assert_eq!(weights(&whole, Some("2026-05-24"), "2026-11-21"), counts(0, 1, 10));
    // A window that ends soon while its successor runs is worth a note only.
    assert_eq!(weights(&whole, Some("2026-06-20"), "2026-06-20"), counts(0, 0, 10));
    let mut last = github();
    for part in ["certificateAuthorities", "timestampAuthorities"] {
        last[part].as_array_mut().unwrap().pop();
    }
    let last = root(&last);
    // Both end on 2026-07-13.
    assert_eq!(weights(&last, Some("2026-06-12"), "2026-06-12"), counts(0, 0, 8));
    assert_eq!(weights(&last, Some("2026-06-13"), "2026-06-13"), counts(0, 2, 8));
    assert_eq!(weights(&last, Some("2026-07-12"), "2026-07-12"), counts(0, 2, 8));
    assert_eq!(weights(&last, Some("2026-07-13"), "2026-07-13"), counts(2, 0, 10));
    // Whoever has not begun yet is not valid yet.
    assert_eq!(weights(&whole, Some("2023-01-01"), "2023-01-01"), counts(2, 0, 0));
}

#[test]
fn an_end_in_a_certificate_counts_where_the_root_names_none() {
    let whole = root(&github());
    let open: Vec<_> =
        whole.windows().iter().filter(|(window, _)| window.from == Some(at("2026-06-12"))).collect();
    assert_eq!(open.len(), 2);
    for (window, until) in open {
        assert!(until.is_some_and(|until| until > at("2026-11-21")), "{window} {until:?}");
    }
}

fn record(versions: [u64; 4], keys: [&str; 4], checked: &str) -> Record {
    let names = ["root", "timestamp", "snapshot", "targets"];
    let roles = names
        .into_iter()
        .zip(versions)
        .zip(keys)
        .map(|((name, version), key)| (name.to_owned(), Role { version, keys: [key.to_owned()].into() }));
    Record {
        schema: "fondaco/trust-root/v1alpha1".to_owned(),
        source: "https://tuf.example".to_owned(),
        root: root(&github()).digest(),
        checked: at(checked),
        roles: roles.collect(),
    }
}

#[test]
fn versions_do_not_go_back_unless_their_keys_were_exchanged() {
    const DAY: &str = "2026-11-21";
    let keys = ["r", "t", "s", "g"];
    let before = record([5, 100, 50, 20], keys, DAY);
    let cases: [([u64; 4], [&str; 4], Option<&str>); 9] = [
        ([5, 100, 50, 20], keys, None),
        ([6, 101, 51, 21], keys, None),
        ([4, 100, 50, 20], keys, Some("root")),
        ([5, 99, 50, 20], keys, Some("timestamp")),
        ([5, 100, 49, 20], keys, Some("snapshot")),
        ([5, 100, 50, 19], keys, Some("targets")),
        // Recovery from a fast-forward attack.
        ([6, 1, 1, 20], ["r", "t2", "s2", "g"], None),
        ([6, 1, 1, 19], ["r", "t2", "s2", "g"], Some("targets")),
        ([4, 1, 1, 1], ["r2", "t2", "s2", "g2"], Some("root")),
    ];
    for (versions, keys, refused) in cases {
        let checked = before.check(&record(versions, keys, DAY).roles);
        match (checked, refused) {
            (Ok(()), None) => {}
            (Err(RootError::Rollback(why)), Some(role)) => {
                assert!(why.contains(&format!("`{role}`")), "{why}");
            }
            (checked, refused) => panic!("{versions:?} {keys:?}: {checked:?}, expected {refused:?}"),
        }
    }
}

#[test]
fn a_refresh_without_news_is_written_down_once_a_month() {
    let keys = ["r", "t", "s", "g"];
    let before = record([1, 1, 1, 1], keys, "2026-01-01");
    let next = |day: &str| record([1, 9, 1, 1], keys, day);
    assert!(next("2026-01-01").replaces(None));
    assert!(!next("2026-01-30").replaces(Some(&before)));
    assert!(next("2026-01-31").replaces(Some(&before)));
    let moved = Record { source: "https://mirror.example".to_owned(), ..next("2026-01-02") };
    assert!(moved.replaces(Some(&before)));
}

#[test]
fn thresholds_are_what_the_documentation_says() {
    assert_eq!((AGE_MAX, ENDS_SOON), (Period::days(180), Period::days(30)));
}

const MANIFESTS: &str = "\
apiVersion: fondaco/v1alpha1
kind: Mirror
metadata: {name: acme}
spec: {registry: registry.acme.example, signing: {key: keys/acme.key}}
---
apiVersion: fondaco/v1alpha1
kind: TrustPolicy
metadata: {name: web}
spec:
  root: trust/own.trusted_root.json
  identities: [{name: web, issuer: \"https://a.example\", identity: web@acme.example}]
";

#[test]
fn the_age_of_a_root_is_that_of_its_record_or_of_its_commit() {
    let mut value = github();
    let own = root(&value);
    // Another root than the embedded one, whose date is known.
    value["certificateAuthorities"].as_array_mut().unwrap().remove(0);
    let other = root(&value);
    let of = |text: &str, record: Option<&Record>, committed: Option<&str>| -> Vec<String> {
        let file =
            |path: &str, text: &str| crate::manifest::SourceFile { path: path.into(), text: text.into() };
        let files = [file("fondaco.yaml", MANIFESTS), file("trust/own.trusted_root.json", own.text())];
        let mut desired = crate::manifest::read(&files).unwrap();
        desired.policies.get_mut("web").unwrap().root.as_mut().unwrap().text = text.to_owned();
        let records =
            record.map(|record| ("trust/own.tuf.json".to_owned(), serde_json::to_vec(record).unwrap()));
        let watched =
            watch(&desired, &records.into_iter().collect(), &|_| committed.map(at), at("2027-06-01"));
        let [watched] = &watched[..] else { panic!("{watched:?}") };
        watched
            .warnings()
            .filter(|warning| warning.contains("refreshed") || warning.contains("read"))
            .collect()
    };
    let said = |day: &str, days: u64| {
        vec![format!("trust root `trust/own.trusted_root.json`: last refreshed on {day}, {days} days ago")]
    };
    let recorded = |root: &Root, day: &str| Record {
        root: root.digest(),
        ..record([1, 1, 1, 1], ["r", "t", "s", "g"], day)
    };
    let none: Vec<String> = vec![];
    assert_eq!(of(own.text(), None, None), said("2026-10-23", 221), "embedded");
    assert_eq!(of(own.text(), Some(&recorded(&own, "2027-01-01")), None), none);
    assert_eq!(
        of(other.text(), Some(&recorded(&other, "2026-11-01")), Some("2027-05-01")),
        said("2026-11-01", 212)
    );
    assert_eq!(
        of(other.text(), Some(&recorded(&own, "2026-11-01")), Some("2027-05-01")),
        none,
        "of another file"
    );
    assert_eq!(of(other.text(), None, Some("2026-11-02")), said("2026-11-02", 211));
    assert_eq!(of(other.text(), None, None), none, "unknown is a note");
    let unreadable = of("{}", None, None);
    assert!(
        unreadable[0].contains("cannot be read: failed to parse JSON: missing field `mediaType`"),
        "{unreadable:?}"
    );
}
