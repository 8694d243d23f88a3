use serde_json::{Map, Value, json};

use super::*;

/// A vulnerability with what is said of each release.
fn vulnerability(releases: &Value) -> Value {
    json!({"description": "A flaw.", "debianbug": 929_990, "scope": "local", "releases": releases})
}

fn open(urgency: &str, nodsa_reason: Option<&str>) -> Value {
    let mut said = json!({"status": "open", "repositories": {"bookworm": "1:1.35.0-4"}, "urgency": urgency});
    if let Some(reason) = nodsa_reason {
        said["nodsa"] = json!("Minor issue");
        said["nodsa_reason"] = json!(reason);
    }
    said
}

fn resolved(version: &str) -> Value {
    json!({
        "status": "resolved", "repositories": {"bookworm": "3.0.8-3", "bookworm-security": "3.0.8-3+deb12u1"},
        "fixed_version": version, "urgency": "not yet assigned",
    })
}

fn read(value: &Value) -> Result<Content, String> {
    DebianTracker.read(value.to_string().as_bytes())
}

/// Returns each record as `id [ids]` and each entry as `ecosystem package<fixed urgency state`.
fn said(content: &Content) -> Vec<String> {
    let entry = |a: &Affected| {
        let range = match a.ranges.as_slice() {
            [range] => match range.as_slice() {
                [Event::Introduced(zero)] if zero == "0" => String::new(),
                [Event::Introduced(zero), Event::Fixed(version)] if zero == "0" => format!("<{version}"),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        };
        let severities: Vec<_> = a.severities.iter().map(|s| format!("{}={}", s.kind, s.value)).collect();
        let state = a.state.map_or(String::new(), |state| format!(" {state:?}"));
        format!("{} {}{range} {}{state}", a.ecosystem, a.package, severities.join(" "))
    };
    let record = |record: &Record| {
        let head = format!("{} [{}]", record.id, record.ids.join(" "));
        std::iter::once(head).chain(record.affected.iter().map(entry)).collect::<Vec<_>>()
    };
    content.records.iter().flat_map(record).collect()
}

#[test]
fn a_vulnerability_is_one_record_of_all_packages_and_releases() {
    let value = json!({
        "busybox": {"CVE-2018-1000500": vulnerability(&json!({
            "buster": open("end-of-life", None),
            "bookworm": open("unimportant", None),
            "sid": open("unimportant", None),
        }))},
        "openssl": {
            "CVE-2024-0727": vulnerability(&json!({
                "bookworm": resolved("3.0.13-1~deb12u1"),
                "trixie": resolved("3.1.5-1"),
                "bullseye": open("low", Some("postponed")),
            })),
            "CVE-2016-1585": vulnerability(&json!({"bookworm": resolved("0")})),
            "TEMP-0841856-B18BAF": vulnerability(&json!({"bookworm": open("low**", Some("ignored"))})),
        },
        "openssl1.0": {"CVE-2024-0727": vulnerability(&json!({"stretch": open("medium", Some(""))}))},
    });
    assert!(DebianTracker.claims(&Shape::of(value.to_string().as_bytes())));
    let content = read(&value).unwrap();
    assert_eq!(
        said(&content),
        [
            "DEBIAN-CVE-2018-1000500 [CVE-2018-1000500]",
            "Debian:10 busybox urgency=end-of-life EndOfLife",
            "Debian:12 busybox urgency=unimportant Affected",
            "DEBIAN-CVE-2024-0727 [CVE-2024-0727]",
            "Debian:11 openssl urgency=low Deferred",
            "Debian:12 openssl<3.0.13-1~deb12u1 urgency=not yet assigned",
            "Debian:13 openssl<3.1.5-1 urgency=not yet assigned",
            "Debian:9 openssl1.0 urgency=medium Affected",
            "TEMP-0841856-B18BAF []",
            "Debian:12 openssl urgency=low** WillNotFix",
        ]
    );
    assert_eq!((content.read, content.broken.len()), (5, 0));
    assert_eq!(
        content.left_out.into_iter().collect::<Vec<_>>(),
        [("other releases of Debian".to_owned(), 1)]
    );
}

#[test]
fn what_debian_does_about_it_is_its_state() {
    for (urgency, reason, expected) in [
        ("low", None, VendorState::Affected),
        ("low", Some(""), VendorState::Affected),
        ("low", Some("something new"), VendorState::Affected),
        ("low", Some("ignored"), VendorState::WillNotFix),
        ("unimportant", Some("postponed"), VendorState::Deferred),
        ("end-of-life", None, VendorState::EndOfLife),
        ("end-of-life", Some("ignored"), VendorState::EndOfLife),
    ] {
        let value = json!({"a": {"CVE-2024-0001": vulnerability(&json!({"trixie": open(urgency, reason)}))}});
        let content = read(&value).unwrap();
        assert_eq!(content.records[0].affected[0].state, Some(expected), "{urgency} {reason:?}");
    }
}

#[test]
fn releases_have_the_numbers_of_their_code_names() {
    for (code_name, expected) in [
        ("wheezy", Some("Debian:7")),
        ("jessie", Some("Debian:8")),
        ("stretch", Some("Debian:9")),
        ("buster", Some("Debian:10")),
        ("bullseye", Some("Debian:11")),
        ("bookworm", Some("Debian:12")),
        ("trixie", Some("Debian:13")),
        ("forky", Some("Debian:14")),
        ("duke", Some("Debian:15")),
        ("sid", None),
        ("experimental", None),
        ("Bookworm", None),
        ("12", None),
        ("", None),
    ] {
        let value = json!({"a": {"CVE-2024-0001": vulnerability(&json!({code_name: open("low", None)}))}});
        let content = read(&value).unwrap();
        let found = content.records.first().map(|record| record.affected[0].ecosystem.as_str());
        assert_eq!(found, expected, "{code_name}");
        let left_out = content.left_out.get("other releases of Debian").copied();
        assert_eq!(left_out, expected.is_none().then_some(1), "{code_name}");
    }
}

#[test]
fn what_is_not_affected_or_not_known_makes_no_entry() {
    for (release, left_out) in
        [(resolved("0"), None), (json!({"status": "undetermined", "urgency": "not yet assigned"}), Some(1))]
    {
        let value = json!({"a": {"CVE-2024-0001": vulnerability(&json!({"trixie": release}))}});
        let content = read(&value).unwrap();
        assert!(content.records.is_empty() && content.broken.is_empty());
        assert_eq!(content.left_out.get("undetermined by Debian").copied(), left_out);
    }
    let unrated = json!({"status": "open", "fixed_version": "9", "urgency": null});
    let value = json!({"a": {"CVE-2024-0001": vulnerability(&json!({"trixie": unrated}))}});
    let content = read(&value).unwrap();
    assert_eq!(said(&content)[1], "Debian:13 a  Affected", "open, whatever else is said");
}

#[test]
fn a_broken_vulnerability_leaves_the_others() {
    let trixie = |said: &Value| vulnerability(&json!({"trixie": said}));
    let with = |key: &str, value: &Value| {
        let mut said = resolved("1.2-3");
        said[key] = value.clone();
        json!({"CVE-2024-0002": trixie(&said)})
    };
    let releases: Map<_, _> = (0..=RELEASES_MAX).map(|n| (format!("r{n}"), open("low", None))).collect();
    let long = "x".repeat(1 << 20);
    for (package, broken, name) in [
        ("a", with("status", &json!("resolve")), "a CVE-2024-0002"),
        ("a", with("status", &json!("\u{7}".repeat(1000))), "a CVE-2024-0002"),
        ("a", with("status", &Value::Null), "a CVE-2024-0002"),
        ("a", with("fixed_version", &json!("")), "a CVE-2024-0002"),
        ("a", with("fixed_version", &Value::Null), "a CVE-2024-0002"),
        ("a", with("fixed_version", &json!("1".repeat(600))), "a CVE-2024-0002"),
        ("a", with("fixed_version", &json!("1\n2")), "a CVE-2024-0002"),
        ("a", with("fixed_version", &json!(1.2)), "a CVE-2024-0002"),
        ("a", with("urgency", &json!(long)), "a CVE-2024-0002"),
        ("a", with("urgency", &json!("low\nhigh")), "a CVE-2024-0002"),
        ("a", json!({"CVE-2024-0002": {"scope": "local"}}), "a CVE-2024-0002"),
        ("a", json!({"CVE-2024-0002": vulnerability(&Value::Object(releases))}), "a CVE-2024-0002"),
        ("a", json!({"CVE-2024-0002": 7}), "a CVE-2024-0002"),
        ("a", json!({"DSA-5000-1": trixie(&open("low", None))}), "a DSA-5000-1"),
        ("a", json!({"TEMP-1](x)": trixie(&open("low", None))}), "a TEMP-1](x)"),
        ("a", json!([]), "a"),
        ("a", json!("x"), "a"),
        ("a\nb", json!({"CVE-2024-0002": trixie(&open("low", None))}), "a?b"),
        ("", json!({"CVE-2024-0002": trixie(&open("low", None))}), ""),
    ] {
        let good = json!({"CVE-2024-0001": trixie(&open("low", None))});
        let content = read(&json!({package: broken, "z": good})).unwrap();
        assert_eq!(content.broken.iter().map(|(name, _)| name).collect::<Vec<_>>(), [name]);
        assert!(content.broken[0].1.len() < 300, "{}", content.broken[0].1);
        assert!(!content.broken[0].1.contains(char::is_control), "{}", content.broken[0].1);
        assert_eq!((content.read, content.records.len()), (2, 1), "{name}");
        assert_eq!(content.records[0].id, "DEBIAN-CVE-2024-0001");
    }
}

#[test]
fn a_vulnerability_of_too_many_packages_is_broken() {
    for (entries, expected) in [(AFFECTED_MAX, true), (AFFECTED_MAX + 1, false)] {
        assert_eq!(record("CVE-2024-0001", vec![Affected::default(); entries]).is_ok(), expected);
    }
}

#[test]
fn a_file_that_says_too_much_is_refused() {
    let text = json!({"CVE-2024-0001": vulnerability(&json!({"trixie": open("low", None)}))}).to_string();
    for (entries, expected) in [(ENTRIES_MAX - 1, true), (ENTRIES_MAX, false)] {
        let mut known = Known { entries, ..Known::default() };
        let vulnerabilities = file(text.as_bytes()).unwrap();
        assert_eq!(known.add("a", vulnerabilities, &mut Content::default()).is_ok(), expected);
    }
}

#[test]
fn a_package_that_stands_twice_says_all() {
    let text = |first: &str, second: &str| {
        let said = |version: &str| {
            json!({"CVE-2024-0001": vulnerability(&json!({"trixie": resolved(version)}))}).to_string()
        };
        format!("{{\"a\": {}, \"a\": {}}}", said(first), said(second))
    };
    let content = DebianTracker.read(text("1.2", "1.2").as_bytes()).unwrap();
    assert_eq!(content.records[0].affected.len(), 1);
    let content = DebianTracker.read(text("1.2", "1.3").as_bytes()).unwrap();
    assert_eq!(content.records[0].affected.len(), 2);
}

#[test]
fn a_file_of_another_form_is_refused() {
    let text =
        json!({"a": {"CVE-2024-0001": vulnerability(&json!({"trixie": open("low", None)}))}}).to_string();
    for cut in 0..text.len() {
        assert!(DebianTracker.read(&text.as_bytes()[..cut]).is_err(), "cut at {cut}");
    }
    assert_eq!(read(&json!({})).unwrap(), Content::default());
    for bytes in [&b"[]"[..], b"7", b"", b"\xff", b"{\"a\": {}} {}"] {
        assert!(DebianTracker.read(bytes).is_err());
    }
    assert!(DebianTracker.read("{\"a\":".repeat(1 << 20).as_bytes()).is_err());
    let many = "\"a\":0,".repeat(PACKAGES_MAX);
    assert!(DebianTracker.read(format!("{{{many}\"a\":0}}").as_bytes()).is_err());
    let closed = format!("{{\"a\":{}{}}}", "[".repeat(1 << 20), "]".repeat(1 << 20));
    assert_eq!(DebianTracker.read(closed.as_bytes()).unwrap().broken.len(), 1);
}

#[test]
fn objects_of_other_things_are_not_claimed() {
    for other in [
        json!({"a": {"CVE-2024-0001": {}, "name": 1}}),
        json!({"a": {}}),
        json!({"a": "CVE-2024-0001"}),
        json!({"CVE-2024-0001": {"description": "x"}}),
        json!([{"a": {"CVE-2024-0001": {}}}]),
        json!({}),
    ] {
        assert!(!DebianTracker.claims(&Shape::of(other.to_string().as_bytes())), "{other}");
    }
    assert!(DebianTracker.claims(&Shape::of(br#"{"a": {"TEMP-0841856-B18BAF": {}, "CVE-2024-0001": {}}}"#)));
}
