use super::*;

fn entry(ecosystem: &str, package: &str, json: &str) -> Entry {
    match read(ecosystem, package, json.as_bytes()) {
        Ok(Found::Entry(entry)) => *entry,
        Ok(Found::LeftOut(what)) => panic!("{json}: left out: {what}"),
        Err(why) => panic!("{json}: {why}"),
    }
}

fn left_out(ecosystem: &str, json: &str) -> &'static str {
    match read(ecosystem, "a", json.as_bytes()) {
        Ok(Found::LeftOut(what)) => what,
        _ => panic!("{json}"),
    }
}

/// Writes ranges as `i0 f1.2`, several with `;` between them.
fn ranges(affected: &Affected) -> String {
    let event = |event: &Event| match event {
        Event::Introduced(version) => format!("i{version}"),
        Event::Fixed(version) => format!("f{version}"),
        Event::LastAffected(version) => format!("l{version}"),
    };
    let range = |events: &Vec<Event>| events.iter().map(event).collect::<Vec<_>>().join(" ");
    affected.ranges.iter().map(range).collect::<Vec<_>>().join("; ")
}

#[test]
fn distributions_state_one_repair_or_none() {
    for (ecosystem, json, expected, state) in [
        (
            "Debian:12",
            r#"{"FixedVersion":"3.0.13-1~deb12u1","VendorIDs":["DSA-1-1"]}"#,
            "i0 f3.0.13-1~deb12u1",
            None,
        ),
        ("Debian:12", "{}", "i0", None),
        ("Debian:12", r#"{"Status":2}"#, "i0", Some(VendorState::Affected)),
        ("Debian:12", r#"{"Status":3}"#, "i0", None),
        ("Debian:12", r#"{"Status":4}"#, "i0", Some(VendorState::UnderInvestigation)),
        ("Debian:12", r#"{"Status":5}"#, "i0", Some(VendorState::WillNotFix)),
        ("Debian:12", r#"{"Status":6}"#, "i0", Some(VendorState::Deferred)),
        ("Debian:12", r#"{"Status":7}"#, "i0", Some(VendorState::EndOfLife)),
        ("Debian:12", r#"{"Status":8}"#, "i0", None),
        ("Debian:12", r#"{"Status":-1}"#, "i0", None),
        ("Debian:12", r#"{"Status":7,"FixedVersion":"1"}"#, "i0 f1", None),
        ("Alpine:v3.19", r#"{"FixedVersion":"3.1.4-r1"}"#, "i0 f3.1.4-r1", None),
        ("Wolfi", r#"{"FixedVersion":"1-r0"}"#, "i0 f1-r0", None),
        (
            "Rocky Linux:9",
            r#"{"FixedVersion":"0.0.0","Entries":[{"FixedVersion":"1:3-1.el9","Arches":["x86_64"],"VendorIDs":["RLSA-1"]},
                {"FixedVersion":"1:3-1.el9","Arches":["aarch64"]},{"FixedVersion":"1:3-2.el9","Arches":["s390x"]}]}"#,
            "i0 f1:3-1.el9; i0 f1:3-2.el9",
            None,
        ),
        (
            "Oracle Linux:8",
            r#"{"FixedVersion":"x","Entries":[{"FixedVersion":"10:1.1-9.el8_fips"},
                {"FixedVersion":"2:1.1-9.ksplice1.el8"},{"FixedVersion":"1:1.1-9.el8"}]}"#,
            "i0 f1:1.1-9.el8",
            None,
        ),
    ] {
        let entry = entry(ecosystem, "a", json);
        assert_eq!((ranges(&entry.affected).as_str(), entry.affected.state), (expected, state), "{json}");
        assert!(entry.ids.is_empty(), "the vendor's advisory is no other name of a vulnerability");
    }
}

#[test]
fn what_is_not_affected_is_left_out() {
    for (ecosystem, json, expected) in [
        ("Alpine:v3.19", r#"{"FixedVersion":"0"}"#, "not affected"),
        ("Debian:12", r#"{"Status":1}"#, "not affected"),
        ("Oracle Linux:8", r#"{"Entries":[{"FixedVersion":"1-9.el8_fips"}]}"#, "builds for ksplice and FIPS"),
        ("Oracle Linux:8", r#"{"FixedVersion":"2:1-9.ksplice1.el8"}"#, "builds for ksplice and FIPS"),
        ("npm", "{}", "without versions"),
        ("npm", r#"{"VulnerableVersions":[">=2.0.0, <1.0.0"]}"#, "not affected"),
    ] {
        assert_eq!(left_out(ecosystem, json), expected, "{json}");
    }
}

#[test]
fn debian_alone_speaks_of_urgency() {
    for (ecosystem, number, expected) in [
        ("Debian:12", 1, Some(("urgency", "low"))),
        ("Debian:12", 3, Some(("urgency", "high"))),
        ("Debian:12", 0, None),
        ("Debian:12", 5, None),
        ("Ubuntu:22.04", 2, Some(("vendor", "medium"))),
        ("Ubuntu:22.04", i64::MIN, None),
    ] {
        let entry = entry(ecosystem, "a", &format!(r#"{{"Severity":{number}}}"#));
        let found = entry.affected.severities.first().map(|s| (s.kind.as_str(), s.value.as_str()));
        assert_eq!(found, expected, "{ecosystem} {number}");
    }
}

#[test]
fn streams_of_modules_stand_before_the_package() {
    for (ecosystem, package, fixed, expected, modules) in [
        ("AlmaLinux:8", "nodejs:16::npm", "1:8-1.module_el8+1", "npm", Some(vec!["nodejs:16"])),
        ("AlmaLinux:8", "npm", "1:8-1.module_el8+1", "npm", Some(vec![])),
        ("AlmaLinux:8", "npm", "1:8-1.el8", "npm", None),
        ("Debian:12", "odd::name", "1-1.module", "odd::name", None),
    ] {
        let affected = entry(ecosystem, package, &format!(r#"{{"FixedVersion":"{fixed}"}}"#)).affected;
        let modules = modules.map(|all| all.into_iter().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!((affected.package.as_str(), affected.modules), (expected, modules), "{package} {fixed}");
    }
}

#[test]
fn languages_state_constraints() {
    for (ecosystem, json, expected, versions) in [
        // GitHub's, by way of OSV.
        (
            "npm",
            r#"{"VendorIDs":["GHSA-x"],"PatchedVersions":["1.2.3"],"VulnerableVersions":["<1.2.3"]}"#,
            "i0 f1.2.3",
            vec![],
        ),
        (
            "PyPI",
            r#"{"PatchedVersions":["1.2","2.3"],"VulnerableVersions":[">=1.0, <1.2",">=2.0, <2.3","=0.5"]}"#,
            "i1.0 f1.2; i2.0 f2.3",
            vec!["0.5"],
        ),
        ("npm", r#"{"VulnerableVersions":["<=1.2.3"]}"#, "i0 l1.2.3", vec![]),
        ("npm", r#"{"VulnerableVersions":[""],"PatchedVersions":["1.0.0"]}"#, "i0", vec![]),
        ("npm", r#"{"VulnerableVersions":["<1.0.0"],"PatchedVersions":[""]}"#, "i0", vec![]),
        // Of the Ruby Advisory Database, which says only what is repaired.
        (
            "RubyGems",
            r#"{"PatchedVersions":["~> 3.2.16",">= 4.0.2"],"UnaffectedVersions":["< 2.0"]}"#,
            "i2.0 f3.2.16; i3.3.A f4.0.2",
            vec![],
        ),
        // Of the Node.js working group.
        (
            "npm",
            r#"{"VulnerableVersions":["<=99.999.99999"],"PatchedVersions":[">=1.2.0"]}"#,
            "i0 f1.2.0",
            vec![],
        ),
    ] {
        let affected = entry(ecosystem, "a", json).affected;
        assert_eq!(
            (ranges(&affected).as_str(), &affected.versions),
            (expected, &versions.iter().map(|v| (*v).to_owned()).collect()),
            "{json}"
        );
    }
    let github = entry("npm", "@Scope/A", r#"{"VendorIDs":["GHSA-x"],"VulnerableVersions":["<1.2.3"]}"#);
    assert_eq!((github.affected.package.as_str(), github.ids), ("@scope/a", vec!["GHSA-x".to_owned()]));
}

#[test]
fn hostile_entries_are_refused() {
    let long = "1".repeat(600);
    for (attack, ecosystem, package, json) in [
        ("nothing", "npm", "a", String::new()),
        ("a list", "npm", "a", "[]".into()),
        ("cut off", "npm", "a", r#"{"FixedVersion":"1"#.into()),
        ("a number for a version", "Debian:12", "a", r#"{"FixedVersion":1}"#.into()),
        ("deep nesting", "Debian:12", "a", "{\"Custom\":[".repeat(100_000)),
        ("no package", "Debian:12", "", "{}".into()),
        ("a stream and no package", "AlmaLinux:8", "x::", r#"{"FixedVersion":"1"}"#.into()),
        ("a line break in the package", "Debian:12", "a\nb", "{}".into()),
        ("a novel as package", "npm", &long, r#"{"VulnerableVersions":["<1.0.0"]}"#.into()),
        ("an endless version", "Debian:12", "a", format!(r#"{{"FixedVersion":"{long}"}}"#)),
        ("an endless constraint", "npm", "a", format!(r#"{{"VulnerableVersions":["<{long}"]}}"#)),
        (
            "too many constraints",
            "npm",
            "a",
            format!(r#"{{"VulnerableVersions":["{}=1.0.0"]}}"#, "=1.0.0||".repeat(LIST_MAX)),
        ),
        (
            "too many entries",
            "Rocky Linux:9",
            "a",
            format!(r#"{{"Entries":[{}{{}}]}}"#, "{},".repeat(LIST_MAX)),
        ),
        ("too many names", "npm", "a", format!(r#"{{"VendorIDs":[{}"a"]}}"#, "\"a\",".repeat(LIST_MAX))),
        (
            "markup in a name",
            "npm",
            "a",
            r#"{"VendorIDs":["](http://x)"],"VulnerableVersions":["<1.0.0"]}"#.into(),
        ),
        ("intervals of Maven", "Maven", "a", r#"{"VulnerableVersions":["[1.0,2.0)"]}"#.into()),
        ("an ecosystem without versions", "Plan 9", "a", "{}".into()),
    ] {
        assert!(read(ecosystem, package, json.as_bytes()).is_err(), "{attack}");
    }
}
