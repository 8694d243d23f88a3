use super::*;

fn severities(json: &str, words: Option<&str>) -> Result<Vec<(String, String)>, String> {
    let raw: RawVulnerability = serde_json::from_str(json).map_err(|error| error.to_string())?;
    Ok(raw.severities(words)?.into_iter().map(|severity| (severity.kind, severity.value)).collect())
}

fn extent(scheme: Scheme, json: &str) -> Result<Result<Extent, &'static str>, String> {
    serde_json::from_str::<RawPackage>(json).map_err(|error| error.to_string())?.extent(scheme)
}

#[test]
fn vectors_are_written_as_osv_has_them() {
    for (value, expected) in [
        (r#"{"vector":"CVSS:3.1/AV:N/AC:L","version":"3.1"}"#, Some(("CVSS_V3", "CVSS:3.1/AV:N/AC:L"))),
        (r#"{"vector":"CVSS:3.0/AV:N/AC:L"}"#, Some(("CVSS_V3", "CVSS:3.0/AV:N/AC:L"))),
        (r#"{"vector":"AV:N/AC:L","version":"3.0"}"#, Some(("CVSS_V3", "CVSS:3.0/AV:N/AC:L"))),
        (
            r#"{"vector":"CVSS:4.0/AV:N/AC:L/AT:N","version":"4.0"}"#,
            Some(("CVSS_V4", "CVSS:4.0/AV:N/AC:L/AT:N")),
        ),
        (r#"{"vector":"AV:N/AC:L/Au:N","version":"2.0"}"#, Some(("CVSS_V2", "AV:N/AC:L/Au:N"))),
        (r#"{"vector":"CVSS:2.0/AV:N/AC:L/Au:N","version":"2.0"}"#, Some(("CVSS_V2", "AV:N/AC:L/Au:N"))),
        (r#"{"vector":"AV:N/AC:L"}"#, None),
        (r#"{"vector":"CVSS:9.9/AV:N","version":"3.1"}"#, None),
        (r#"{"vector":"","version":"3.1"}"#, None),
        (r#"{"vector":"CVSS:3.1/"}"#, None),
        (r#""high""#, Some(("vendor", "high"))),
        (r#""Unknown""#, None),
        ("9.8", None),
        ("null", None),
        (r#"["high"]"#, None),
    ] {
        let found = severities(
            &format!(r#"{{"severities":[{{"scheme":"x","value":{value},"rank":1}}]}}"#),
            Some("vendor"),
        );
        let expected: Vec<_> =
            expected.iter().map(|(kind, value)| ((*kind).to_owned(), (*value).to_owned())).collect();
        assert_eq!(found, Ok(expected), "{value}");
    }
    assert_eq!(severities(r#"{"severities":[{"value":"high"}]}"#, None), Ok(vec![]));
}

#[test]
fn ranges_and_states_are_read() {
    let fixed = |version: &str| vec![Event::Introduced("0".into()), Event::Fixed(version.into())];
    let open = || vec![Event::Introduced("0".into())];
    for (json, ranges, state) in [
        (
            r#"{"ranges":[{"version":{"constraint":"< 1-1"},"fix":{"state":"fixed"}}]}"#,
            vec![fixed("1-1")],
            None,
        ),
        (r#"{"ranges":[{"version":{"constraint":"< 1-1"}}]}"#, vec![fixed("1-1")], None),
        (r#"{"ranges":[{"fix":{"state":"not-fixed"}}]}"#, vec![open()], Some(VendorState::Affected)),
        (
            r#"{"ranges":[{"version":{"constraint":""},"fix":{"state":"wont-fix"}}]}"#,
            vec![open()],
            Some(VendorState::WillNotFix),
        ),
        (r#"{"ranges":[{"fix":{"state":""}}]}"#, vec![open()], None),
        ("{}", vec![open()], None),
        (
            r#"{"ranges":[{"version":{"constraint":"< 1-1"},"fix":{"state":"fixed"}},{"version":{"constraint":"< 2-1"},"fix":{"state":"not-fixed"}},
                {"version":{"constraint":"< 3-1"},"fix":{"state":"wont-fix"}},{"version":{"constraint":"< 9-1"},"fix":{"state":"not-affected"}}]}"#,
            vec![fixed("1-1"), fixed("2-1"), fixed("3-1")],
            Some(VendorState::WillNotFix),
        ),
    ] {
        assert_eq!(
            extent(Scheme::Deb, json),
            Ok(Ok(Extent { ranges, state, ..Extent::default() })),
            "{json}"
        );
    }
    let single = extent(Scheme::Semver, r#"{"ranges":[{"version":{"constraint":"= 1.0.0 || < 0.5.0"}}]}"#)
        .unwrap()
        .unwrap();
    assert_eq!((single.versions, single.ranges), (vec!["1.0.0".to_owned()], vec![fixed("0.5.0")]));
}

#[test]
fn what_is_not_affected_or_narrower_is_left_out() {
    for (json, expected) in [
        (r#"{"ranges":[{"version":{"constraint":"< 1"},"fix":{"state":"not-affected"}}]}"#, "not affected"),
        (r#"{"ranges":[{"version":{"constraint":"< 0"},"fix":{"state":"fixed"}}]}"#, "not affected"),
        (r#"{"qualifiers":{"platform_cpes":["cpe:2.3:a:wordpress:wordpress"]}}"#, "on some platforms"),
    ] {
        assert_eq!(extent(Scheme::Rpm, json), Ok(Err(expected)), "{json}");
    }
}

#[test]
fn modules_are_named_or_seen_in_the_release() {
    for (scheme, modularity, fixed, expected) in [
        (Scheme::Rpm, r#""nodejs:16""#, "1-1.module_el8", Some(vec!["nodejs:16"])),
        (Scheme::Rpm, r#""nodejs:16""#, "1-1.el8", Some(vec!["nodejs:16"])),
        (Scheme::Rpm, r#""""#, "1-1.el8", None),
        (Scheme::Rpm, r#""""#, "1-1.module_el8", Some(vec![])),
        (Scheme::Rpm, "null", "1-1.module_el8", Some(vec![])),
        (Scheme::Rpm, "null", "1-1.el8", None),
        (Scheme::Deb, "null", "1-1.module_el8", None),
    ] {
        let json = format!(
            r#"{{"qualifiers":{{"rpm_modularity":{modularity}}},"ranges":[{{"version":{{"constraint":"< {fixed}"}}}}]}}"#
        );
        let expected: Option<Vec<String>> = expected.map(|all| all.into_iter().map(str::to_owned).collect());
        assert_eq!(extent(scheme, &json).unwrap().unwrap().modules, expected, "{json}");
    }
}

#[test]
fn hostile_documents_are_refused() {
    let long = "1".repeat(600);
    for json in [
        format!(r#"{{"ranges":[{}{{}}]}}"#, "{},".repeat(LIST_MAX)),
        format!(r#"{{"ranges":[{{"version":{{"constraint":"< {long}"}}}}]}}"#),
        r#"{"ranges":[{"version":{"constraint":7}}]}"#.to_owned(),
        r#"{"qualifiers":{"rpm_modularity":"a\nb"}}"#.to_owned(),
        "{\"ranges\":[".repeat(100_000),
    ] {
        assert!(extent(Scheme::Rpm, &json).is_err(), "{}", &json[..json.len().min(80)]);
    }
    for json in [
        format!(r#"{{"severities":[{}{{"value":"high"}}]}}"#, "{\"value\":1},".repeat(LIST_MAX)),
        format!(r#"{{"severities":[{{"value":"{long}"}}]}}"#),
        r#"{"severities":[{}]}"#.to_owned(),
        format!(r#"{{"severities":[{{"value":{}"#, "[".repeat(100_000)),
    ] {
        assert!(severities(&json, Some("vendor")).is_err(), "{}", &json[..json.len().min(80)]);
    }
    for json in
        [format!(r#"{{"aliases":[{}"a"]}}"#, "\"a\",".repeat(LIST_MAX)), r#"{"aliases":["a b"]}"#.to_owned()]
    {
        assert!(serde_json::from_str::<RawVulnerability>(&json).unwrap().ids().is_err());
        let package = json.replace("aliases", "cves");
        assert!(serde_json::from_str::<RawPackage>(&package).unwrap().ids().is_err());
    }
}
