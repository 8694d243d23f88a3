mod published;

use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::{
    advisory::{
        self, Compiled, Note, SeverityStatement,
        fixtures::{corpus, record},
    },
    model::{Ecosystem, EpssStatement, ExploitedStatement, Instant, Package, Severity, Source},
};

fn bundle(records: &[Value]) -> Compiled {
    let folder = tempfile::tempdir().unwrap();
    for (n, value) in records.iter().enumerate() {
        fs::write(folder.path().join(format!("{n}.json")), value.to_string()).unwrap();
    }
    advisory::import(folder.path()).unwrap().bundle
}

/// Reads from a bundle what a package list needs.
fn read(bundle: &Compiled, packages: &str) -> Bundle {
    let mut wanted = Wanted::new();
    want(packages, &mut wanted).unwrap();
    bundle.bundle(&wanted).unwrap()
}

fn scanned(packages: &str, bundle: &Compiled) -> ScanRecord {
    scan(&Digest::sha256(b"image"), packages, &read(bundle, packages), vec![], &Owned::new()).unwrap()
}

/// Returns `id severity source installed -> fixed` for each finding.
fn lines(record: &ScanRecord) -> Vec<String> {
    let line = |f: &Finding| {
        let fixed = f.fixed.as_deref().unwrap_or("unfixed");
        format!("{} {} {} {} -> {fixed}", f.id, f.severity, f.source, f.installed)
    };
    record.findings.iter().map(line).collect()
}

fn upstream(mut value: Value, cves: &[&str]) -> Value {
    value["upstream"] = json!(cves);
    value
}

fn urgency(mut value: Value, urgency: &str) -> Value {
    value["affected"][0]["ecosystem_specific"] = json!({"urgency": urgency});
    value
}

const LIBSSL: &str = "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl\n";
const OPENSSL: &str = "pkg:deb/debian/openssl@3.0.11-1~deb12u2?arch=amd64&distro=debian-12\n";

#[test]
fn source_packages_are_matched_and_their_binaries_listed() {
    let bundle = bundle(&[
        record("DEBIAN-CVE-2024-0001", "Debian:12", "openssl", Some("3.0.13-1~deb12u1")),
        record("DEBIAN-CVE-2024-0002", "Debian:12", "libssl3", None),
        record("DEBIAN-CVE-2024-0003", "Debian:11", "openssl", None),
        record("DEBIAN-CVE-2024-0004", "Debian:12", "openssl", Some("3.0.11-1~deb12u2")),
    ]);
    let record = scanned(&format!("{LIBSSL}{OPENSSL}"), &bundle);
    assert_eq!(lines(&record), ["CVE-2024-0001 unknown openssl 3.0.11-1~deb12u2 -> 3.0.13-1~deb12u1"]);
    assert_eq!(record.findings[0].packages, [LIBSSL.trim(), OPENSSL.trim()]);
    assert_eq!(record.findings[0].ids, ["CVE-2024-0001", "DEBIAN-CVE-2024-0001"]);
    assert_eq!(record.not_looked_at, []);
    assert_eq!(record.packages, Digest::sha256(format!("{LIBSSL}{OPENSSL}")));
    let [used] = &record.advisories.ecosystems[..] else { panic!("{:?}", record.advisories.ecosystems) };
    assert_eq!((used.ecosystem.as_str(), used.records), ("Debian:12", 3));
    let sources: Vec<_> = record.advisories.sources.iter().map(|source| &source.name).collect();
    assert_eq!(sources, used.sources.iter().collect::<Vec<_>>(), "with the dates they speak for");
    assert_eq!(record.findings[0].advisories[0].affected, "< 3.0.13-1~deb12u1");
}

#[test]
fn the_source_version_counts_and_not_the_binary_one() {
    let bundle = bundle(&[record("DEBIAN-CVE-2024-0001", "Debian:12", "gcc-12", Some("12.2.0-15"))]);
    let newer_binary = "pkg:deb/debian/libgcc-s1@99-1?distro=debian-12&upstream=gcc-12%4012.2.0-14\n";
    assert_eq!(
        lines(&scanned(newer_binary, &bundle)),
        ["CVE-2024-0001 unknown gcc-12 12.2.0-14 -> 12.2.0-15"]
    );
    let older_binary = "pkg:deb/debian/libgcc-s1@1-1?distro=debian-12&upstream=gcc-12%4012.2.0-15\n";
    assert_eq!(lines(&scanned(older_binary, &bundle)), Vec::<String>::new());
}

#[test]
fn a_tracker_record_and_a_dsa_are_one_finding_with_the_higher_fix() {
    let bundle = bundle(&[
        urgency(record("DEBIAN-CVE-2024-0001", "Debian:12", "openssl", Some("3.0.13-1~deb12u1")), "high"),
        upstream(
            record("DSA-5000-1", "Debian:12", "openssl", Some("3.0.13-1~deb12u2")),
            &["CVE-2024-0001", "CVE-2024-0002"],
        ),
    ]);
    let record = scanned(OPENSSL, &bundle);
    assert_eq!(
        lines(&record),
        [
            "CVE-2024-0001 high openssl 3.0.11-1~deb12u2 -> 3.0.13-1~deb12u2",
            "CVE-2024-0002 unknown openssl 3.0.11-1~deb12u2 -> 3.0.13-1~deb12u2",
        ]
    );
    assert_eq!(record.findings[0].ids, ["CVE-2024-0001", "DEBIAN-CVE-2024-0001", "DSA-5000-1"]);
}

#[test]
fn a_fix_that_would_not_end_the_finding_is_not_shown() {
    let bundle = bundle(&[
        record("DEBIAN-CVE-2024-0001", "Debian:12", "openssl", None),
        upstream(record("DSA-5000-1", "Debian:12", "openssl", Some("3.0.13-1")), &["CVE-2024-0001"]),
    ]);
    assert_eq!(
        lines(&scanned(OPENSSL, &bundle)),
        ["CVE-2024-0001 unknown openssl 3.0.11-1~deb12u2 -> unfixed"]
    );
}

#[test]
fn findings_are_sorted_by_severity_then_name() {
    let of = |n: u32, package: &str, word: &str| {
        urgency(record(&format!("DEBIAN-CVE-2024-000{n}"), "Debian:12", package, None), word)
    };
    let bundle = bundle(&[
        of(1, "openssl", "low"),
        of(2, "openssl", "high"),
        of(3, "openssl", "not yet assigned"),
        of(4, "openssl", "unimportant"),
        of(2, "a", "high"),
    ]);
    let found = scanned(&format!("{OPENSSL}pkg:deb/debian/a@1?distro=debian-12\n"), &bundle);
    let names: Vec<_> =
        found.findings.iter().map(|f| format!("{} {} {}", f.id, f.source, f.severity)).collect();
    assert_eq!(
        names,
        [
            "CVE-2024-0002 a high",
            "CVE-2024-0002 openssl high",
            "CVE-2024-0001 openssl low",
            "CVE-2024-0004 openssl negligible",
            "CVE-2024-0003 openssl unknown",
        ]
    );
}

#[test]
fn what_cannot_be_judged_is_said() {
    let mut odd = record("DEBIAN-CVE-2024-0002", "Debian:12", "odd", Some("1_0"));
    odd["affected"][0]["versions"] = json!([]);
    let bundle = bundle(&[
        record("DEBIAN-CVE-2024-0001", "Debian:12", "broken", Some("2.0")),
        odd,
        record("DEBIAN-CVE-2024-0003", "Debian:12", "odd", Some("2.0")),
    ]);
    let packages = "pkg:deb/debian/broken@1_0?distro=debian-12\n\
                    pkg:deb/debian/future@1?distro=debian-13\n\
                    pkg:deb/debian/future2@1?distro=debian-13\n\
                    pkg:deb/debian/odd@1.0?distro=debian-12\n\
                    pkg:deb/kali/a@1?distro=kali-2024.1\n\
                    pkg:generic/nginx@1.25.3\n\
                    pkg:generic/redis@7.2\n\
                    pkg:maven/app@1\n\
                    pkg:npm/left-pad@1.3.0\n\
                    pkg:npm/right-pad@1.3.0\n";
    let gap = NotLookedAt { what: "catalogue".into(), reason: "an rpm database".into(), packages: 0 };
    let subject = Digest::sha256(b"image");
    let read = read(&bundle, packages);
    let record = scan(&subject, packages, &read, vec![gap], &Owned::new()).unwrap();
    assert_eq!(lines(&record), ["CVE-2024-0003 unknown odd 1.0 -> 2.0"]);
    let said: Vec<_> = record
        .not_looked_at
        .iter()
        .map(|gap| format!("{}: {} ({})", gap.what, gap.reason, gap.packages))
        .collect();
    assert_eq!(
        said,
        [
            "1 Java archives without a group: advisories name group and artifact (0)",
            "2 packages of type `generic`: listed, and not matched against advisories in this version (0)",
            "catalogue: an rpm database (0)",
            "packages of `Debian:13`: the advisory bundle has no records for `Debian:13` (2)",
            "packages of `kali`: no advisories are imported for this distribution (1)",
            "packages of `npm`: the advisory bundle has no records for `npm` (2)",
            "source package `broken` of `Debian:12`: the version installed cannot be compared; advisories \
             concerned: 1, the first `DEBIAN-CVE-2024-0001` (1)",
            "source package `odd` of `Debian:12`: the version of the advisory cannot be compared; \
             advisories concerned: 1, the first `DEBIAN-CVE-2024-0002` (1)",
        ]
    );
    let used: Vec<_> =
        record.advisories.ecosystems.iter().map(|e| (e.ecosystem.as_str(), e.records)).collect();
    assert_eq!(used, [("Debian:12", 3), ("Debian:13", 0), ("npm", 0)]);
}

#[test]
fn a_bundle_read_without_a_needed_ecosystem_is_an_error_and_not_clean() {
    let built = bundle(&[record("DEBIAN-CVE-2024-0001", "Debian:12", "openssl", None)]);
    let nothing = built.bundle(&Wanted::new()).unwrap();
    let error = scan(&Digest::sha256(b"image"), OPENSSL, &nothing, vec![], &Owned::new()).unwrap_err();
    assert_eq!(error, ScanError::NotRead("Debian:12".into()));
    let other = [("Debian:12".to_owned(), ["zlib".to_owned()].into())].into();
    let other = built.bundle(&other).unwrap();
    assert!(scan(&Digest::sha256(b"image"), OPENSSL, &other, vec![], &Owned::new()).is_err());
}

#[test]
fn a_line_that_is_no_package_url_stops_the_scan() {
    let bundle = bundle(&[record("DEBIAN-CVE-2024-0001", "Debian:12", "openssl", None)]);
    for text in ["\n", "openssl 3.0", "pkg:deb/debian/x\n"] {
        let error = scan(
            &Digest::sha256(b"i"),
            &format!("{OPENSSL}{text}"),
            &read(&bundle, OPENSSL),
            vec![],
            &Owned::new(),
        );
        assert!(matches!(error, Err(ScanError::Package { line: 2, .. })), "{text:?}");
    }
    let many = "pkg:npm/a@1\n".repeat(PACKAGES_MAX + 1);
    assert_eq!(want(&many, &mut Wanted::new()), Err(ScanError::TooManyPackages));
}

#[test]
fn the_order_of_packages_and_advisories_changes_nothing_but_the_digest_of_the_list() {
    let mut records: Vec<_> = (0..60)
        .map(|n| {
            let id = format!("DEBIAN-CVE-2024-{:04}", n % 50);
            let fixed = format!("1.{}-1", n % 5);
            let value =
                record(&id, "Debian:12", &format!("s{}", n % 9), (n % 3 > 0).then_some(fixed.as_str()));
            urgency(value, ["low", "high", "not yet assigned", "unimportant"][n % 4])
        })
        .collect();
    let mut packages: Vec<_> = (0..40)
        .map(|n| format!("pkg:deb/debian/p{n}@1.{}-1?distro=debian-12&upstream=s{}\n", n % 4, n % 11))
        .collect();
    let first = scanned(&packages.concat(), &bundle(&records));
    assert!(first.findings.len() > 20, "the case has findings to order");
    records.reverse();
    packages.rotate_left(17);
    packages.reverse();
    let second = scanned(&packages.concat(), &bundle(&records));
    assert_eq!(second.advisories, first.advisories);
    assert_eq!(second.findings, first.findings);
    assert_eq!(second.not_looked_at, first.not_looked_at);
    let again = std::thread::spawn(move || scanned(&packages.concat(), &bundle(&records))).join().unwrap();
    assert_eq!(again, second);
}

/// Returns a record of a package of a language with a range of OSV's other type.
fn of_language(id: &str, ecosystem: &str, package: &str, events: &Value) -> Value {
    let mut value = record(id, ecosystem, package, None);
    value["affected"][0]["ranges"] = json!([{"type": "SEMVER", "events": events}]);
    value
}

#[test]
fn packages_of_languages_are_matched_under_the_names_of_their_registries() {
    let range = |introduced: &str, fixed: &str| json!([{"introduced": introduced}, {"fixed": fixed}]);
    let log4j = record("GHSA-jfh8-c2jp-5v3q", "Maven", "org.apache.logging.log4j:log4j-core", Some("2.15.0"));
    let bundle = bundle(&[
        upstream(log4j, &["CVE-2021-44228"]),
        of_language("GO-2023-1571", "Go", "golang.org/x/NET", &range("0", "0.7.0")),
        of_language(
            "GO-2024-2598",
            "Go",
            "stdlib",
            &json!([
                {"introduced": "0"}, {"fixed": "1.21.8"}, {"introduced": "1.22.0-0"}, {"fixed": "1.22.1"},
            ]),
        ),
        of_language("GHSA-a", "npm", "@Scope/a", &range("1.0.0", "1.2.0")),
        of_language("RUSTSEC-1", "crates.io", "some_crate", &range("0.0.0-0", "0.3.1")),
        record("PYSEC-1", "PyPI", "Zope.Interface", Some("5.1")),
        record("GHSA-b", "NuGet", "Newtonsoft.Json", Some("13.0.1")),
        record("GHSA-c", "RubyGems", "rails", Some("7.0.1.rc1")),
        record("GHSA-d", "Packagist", "symfony/http-kernel", Some("v5.4.20")),
        record("GHSA-e", "npm", "nameless", Some("2")),
        record("GHSA-f", "npm", "versionless", None),
    ]);
    let packages = "pkg:cargo/some-crate@0.3.0?source=git\n\
                    pkg:composer/symfony/http-kernel@v5.4.19\n\
                    pkg:gem/rails@7.0.0\n\
                    pkg:golang/golang.org/x/net@v0.6.0\n\
                    pkg:golang/golang.org/x/net@v0.7.0\n\
                    pkg:golang/golang.org/x/net@v0.7.1-0.20230101000000-abcdefabcdef\n\
                    pkg:golang/stdlib@1.21.7\n\
                    pkg:golang/stdlib@1.21.9\n\
                    pkg:golang/stdlib@1.22.0\n\
                    pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1\n\
                    pkg:maven/org.apache.logging.log4j/log4j-core@2.15.0\n\
                    pkg:npm/%40scope/a@1.1.0\n\
                    pkg:npm/a@1.1.0\n\
                    pkg:npm/nameless\n\
                    pkg:npm/versionless\n\
                    pkg:nuget/Newtonsoft.Json@12.0.3\n\
                    pkg:pypi/zope-interface@5.0.dev1\n";
    let record = scanned(packages, &bundle);
    assert_eq!(
        lines(&record),
        [
            "CVE-2021-44228 unknown org.apache.logging.log4j:log4j-core 2.14.1 -> 2.15.0",
            "GHSA-a unknown @scope/a 1.1.0 -> 1.2.0",
            "GHSA-b unknown newtonsoft.json 12.0.3 -> 13.0.1",
            "GHSA-c unknown rails 7.0.0 -> 7.0.1.rc1",
            "GHSA-d unknown symfony/http-kernel v5.4.19 -> v5.4.20",
            "GHSA-f unknown versionless  -> unfixed",
            "GO-2023-1571 unknown golang.org/x/net v0.6.0 -> 0.7.0",
            "GO-2024-2598 unknown stdlib 1.21.7 -> 1.21.8",
            "GO-2024-2598 unknown stdlib 1.22.0 -> 1.22.1",
            "PYSEC-1 unknown zope-interface 5.0.dev1 -> 5.1",
            "RUSTSEC-1 unknown some-crate 0.3.0 -> 0.3.1",
        ]
    );
    let [gap] = record.not_looked_at.as_slice() else { panic!("{:?}", record.not_looked_at) };
    assert_eq!((gap.what.as_str(), gap.packages), ("source package `nameless` of `npm`", 1));
}

#[test]
fn what_a_package_of_the_distribution_owns_is_left_to_its_advisories() {
    const REQUESTS: &str = "pkg:pypi/requests@2.28.1";
    let bundle = bundle(&[
        record("GHSA-a", "PyPI", "requests", Some("2.31.0")),
        record("DEBIAN-CVE-2024-0001", "Debian:12", "openssl", None),
    ]);
    let scanned = |owner: Option<&str>| {
        let owned: Owned<'_> = owner.map(|owner| (REQUESTS, owner)).into_iter().collect();
        let text = format!("{REQUESTS}\n");
        let record = scan(&Digest::sha256(b"image"), &text, &read(&bundle, &text), vec![], &owned).unwrap();
        (record.findings.len(), record.not_looked_at.first().map(|gap| (gap.what.clone(), gap.packages)))
    };
    assert_eq!(scanned(None), (1, None));
    let left = "1 packages of languages that belong to packages of the distribution".to_owned();
    let debian = |release| format!("pkg:deb/debian/python3-requests@2.28.1?distro=debian-{release}");
    assert_eq!(scanned(Some(&debian("12"))), (0, Some((left, 0))));
    assert_eq!(scanned(Some(&debian("13"))), (1, None), "nothing is known of that release");
    assert_eq!(scanned(Some("pkg:rpm/redhat/a@1?distro=rhel-9")), (1, None));
}

#[test]
fn what_is_known_of_a_vulnerability_stands_beside_it_and_rates_it_last() {
    let folder = tempfile::tempdir().unwrap();
    let records = [
        record("DEBIAN-CVE-2024-0001", "Debian:12", "openssl", Some("3.0.13-1~deb12u1")),
        urgency(record("DEBIAN-CVE-2024-0002", "Debian:12", "openssl", None), "low"),
    ];
    for (n, value) in records.iter().enumerate() {
        fs::write(folder.path().join(format!("{n}.json")), value.to_string()).unwrap();
    }
    let mut bundle = advisory::import(folder.path()).unwrap().bundle;
    let note = |cve: &str| Note {
        ids: vec![format!("EUVD-{cve}")],
        exploited: vec![ExploitedStatement {
            by: "CISA KEV".into(),
            since: "2026-01-02".into(),
            ransomware: true,
        }],
        severities: vec![SeverityStatement {
            kind: "CVSS_V3 of nvd".into(),
            value: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".into(),
        }],
        ..Note::default()
    };
    bundle.add_notes(
        &["CVE-2024-0001", "CVE-2024-0002", "CVE-2024-0003"].map(|cve| (cve.to_owned(), note(cve))).into(),
    );
    let record = scanned(OPENSSL, &bundle);
    let [first, second] = &record.findings[..] else { panic!("{:?}", record.findings) };
    assert_eq!(first.severity, Severity::Critical, "nobody else rates it");
    assert_eq!(first.chosen, "CVSS_V3 of nvd, 9.8: no advisory of Debian rates it");
    assert_eq!(second.severity, Severity::Low, "the distribution's own rating comes first");
    assert_eq!(second.exploited[0].since, "2026-01-02");
    assert!(second.ids.contains(&"EUVD-CVE-2024-0002".to_owned()));
}

#[test]
fn a_scan_remembers_when_findings_and_attacks_were_first_known() {
    let at = |text: &str| -> Instant { text.parse().unwrap() };
    let (then, now) = (at("2026-01-01T00:00:00Z"), at("2026-02-01T00:00:00Z"));
    let old = bundle(&[record("DEBIAN-CVE-2024-0001", "Debian:12", "openssl", None)]);
    let mut before = scanned(OPENSSL, &old);
    remember(&mut before, None, then);
    assert_eq!(before.findings[0].first_seen, Some(then));
    assert_eq!(before.findings[0].exploited_seen, None);

    let mut new = bundle(&[
        record("DEBIAN-CVE-2024-0001", "Debian:12", "openssl", None),
        record("DEBIAN-CVE-2024-0002", "Debian:12", "openssl", None),
    ]);
    let attacked =
        ExploitedStatement { by: "CISA KEV".into(), since: "2026-01-30".into(), ransomware: false };
    let note = Note { exploited: vec![attacked], ..Note::default() };
    new.add_notes(&[("CVE-2024-0001".to_owned(), note)].into());
    let mut after = scanned(OPENSSL, &new);
    remember(&mut after, Some(&before), now);
    let seen: Vec<_> = after.findings.iter().map(|f| (f.first_seen, f.exploited_seen)).collect();
    assert_eq!(seen, [(Some(then), Some(now)), (Some(now), None)]);
    assert!(!says_the_same(&before, &after));

    let mut again = scanned(OPENSSL, &new);
    remember(&mut again, Some(&after), at("2026-03-01T00:00:00Z"));
    assert_eq!(again, after, "what was known stays known since then");
    let mut estimated = again.clone();
    estimated.findings[0].epss =
        Some(EpssStatement { date: "2026-03-01".into(), score: "0.5".into(), percentile: "0.9".into() });
    estimated.advisories.digest = Digest::sha256(b"another bundle");
    estimated.advisories.as_of = now;
    assert!(says_the_same(&after, &estimated), "another day's bundle that says the same is no news");
    for change in [
        |scan: &mut ScanRecord| drop(scan.findings.pop()),
        |scan| scan.findings[0].fixed = Some("9".into()),
        |scan| scan.findings[0].severity = Severity::High,
        |scan| scan.findings[0].exploited.clear(),
        |scan| scan.not_looked_at.push(NotLookedAt { what: "a".into(), reason: "b".into(), packages: 1 }),
        |scan| scan.packages = Digest::sha256(b"other packages"),
        |scan| scan.advisories.sources.clear(),
    ] as [fn(&mut ScanRecord); 7]
    {
        let mut changed = again.clone();
        change(&mut changed);
        assert!(!says_the_same(&after, &changed));
    }
}
