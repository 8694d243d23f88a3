use std::{collections::BTreeMap, fs, io::Read};

use serde_json::{Value, json};

use super::*;
use crate::{
    advisory::{
        self,
        fixtures::{corpus, record},
    },
    model::{Ecosystem, Package, Source},
};

fn bundle(records: &[Value]) -> Bundle {
    let folder = tempfile::tempdir().unwrap();
    for (n, value) in records.iter().enumerate() {
        fs::write(folder.path().join(format!("{n}.json")), value.to_string()).unwrap();
    }
    advisory::import(folder.path()).unwrap().bundle
}

fn scanned(packages: &str, bundle: &Bundle) -> ScanRecord {
    scan(&Digest::sha256(b"image"), packages, bundle, &bundle.digest(), vec![], &Owned::new()).unwrap()
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
    assert_eq!(record.advisories.ecosystems, [EcosystemUsed { ecosystem: "Debian:12".into(), records: 3 }]);
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
                    pkg:deb/ubuntu/a@1?distro=ubuntu-24.04\n\
                    pkg:generic/nginx@1.25.3\n\
                    pkg:generic/redis@7.2\n\
                    pkg:maven/app@1\n\
                    pkg:npm/left-pad@1.3.0\n\
                    pkg:npm/right-pad@1.3.0\n";
    let gap = NotLookedAt { what: "catalogue".into(), reason: "an rpm database".into(), packages: 0 };
    let subject = Digest::sha256(b"image");
    let record = scan(&subject, packages, &bundle, &bundle.digest(), vec![gap], &Owned::new()).unwrap();
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
            "packages of `npm`: the advisory bundle has no records for `npm` (2)",
            "packages of `ubuntu`: no advisories are imported for this distribution (1)",
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
    let read = Bundle::read(built.to_bytes(), &BTreeSet::new()).unwrap();
    let error =
        scan(&Digest::sha256(b"image"), OPENSSL, &read, &built.digest(), vec![], &Owned::new()).unwrap_err();
    assert_eq!(error, ScanError::NotDecoded("Debian:12".into()));
    let read = Bundle::read(built.to_bytes(), &ecosystems(OPENSSL).unwrap()).unwrap();
    assert_eq!(scanned(OPENSSL, &read), scanned(OPENSSL, &built));
}

#[test]
fn a_line_that_is_no_package_url_stops_the_scan() {
    let bundle = bundle(&[record("DEBIAN-CVE-2024-0001", "Debian:12", "openssl", None)]);
    for text in ["\n", "openssl 3.0", "pkg:deb/debian/x\n"] {
        let error = scan(
            &Digest::sha256(b"i"),
            &format!("{OPENSSL}{text}"),
            &bundle,
            &bundle.digest(),
            vec![],
            &Owned::new(),
        );
        assert!(matches!(error, Err(ScanError::Package { line: 2, .. })), "{text:?}");
    }
    let many = "pkg:npm/a@1\n".repeat(PACKAGES_MAX + 1);
    assert_eq!(ecosystems(&many), Err(ScanError::TooManyPackages));
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

/// Returns OSV records of an Alpine security database: as OSV's own converter, one for each CVE and package.
fn secdb(text: &str, ecosystem: &str) -> Vec<Value> {
    let database: Value = serde_yaml::from_str(text).unwrap();
    let mut records: BTreeMap<String, Value> = BTreeMap::new();
    for package in database["packages"].as_array().unwrap() {
        let name = package["pkg"]["name"].as_str().unwrap();
        for (version, names) in package["pkg"]["secfixes"].as_object().unwrap() {
            for cve in names.as_array().into_iter().flatten() {
                // "CVE-2019-1 XSA-2": names of one vulnerability stand in one string.
                let cve = cve.as_str().unwrap().split_whitespace().next().unwrap();
                let new = record(&format!("ALPINE-{cve}"), ecosystem, name, Some(version));
                match records.get_mut(cve) {
                    None => drop(records.insert(cve.to_owned(), new)),
                    Some(known) => known["affected"].as_array_mut().unwrap().push(new["affected"][0].clone()),
                }
            }
        }
    }
    records.into_values().collect()
}

/// Returns the packages of a real Alpine image, read from its installed database.
fn image(path: &std::path::Path) -> String {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(fs::File::open(path).unwrap()));
    let layer =
        archive.entries().unwrap().map(Result::unwrap).find(|e| e.path_bytes().ends_with(b"layer.tar"));
    let mut layer = tar::Archive::new(layer.unwrap());
    let file =
        layer.entries().unwrap().map(Result::unwrap).find(|e| e.path_bytes().ends_with(b"apk/db/installed"));
    let mut text = String::new();
    file.unwrap().read_to_string(&mut text).unwrap();
    let package = |block: &str| {
        let field =
            |key: &str| block.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().to_owned();
        let source = Source { name: field("o:"), version: field("V:") };
        let package = Package {
            ecosystem: Ecosystem::Apk,
            namespace: "alpine".into(),
            name: field("P:"),
            version: field("V:"),
            architecture: Some(field("A:")),
            distro: Some("alpine-3.10.4".into()),
            source,
            qualifiers: std::collections::BTreeMap::new(),
        };
        package.purl().unwrap() + "\n"
    };
    text.split("\n\n").filter(|block| block.contains("P:")).map(package).collect()
}

#[test]
fn a_real_alpine_image_is_matched_against_the_real_database() {
    let Some(path) = corpus("alpine/alpine-310.tar.gz") else { return };
    let packages = image(&path);
    assert_eq!(packages.lines().count(), 14);
    let read = |file: &str| fs::read_to_string(corpus(file).unwrap()).unwrap();
    let release = |file: &str| bundle(&secdb(&read(file), "Alpine:v3.10"));
    // Every expectation was found by a separate program that compares versions in its own way.
    let now = scanned(&packages, &release("alpine/secdb-v3.10-main.yaml"));
    assert_eq!((lines(&now), now.not_looked_at), (vec![], vec![]), "the image is the last of its release");

    // The database of the next release, as if it were this one's: two packages are older there.
    let next = scanned(&packages, &release("alpine/secdb-v3.11-main.yaml"));
    assert_eq!(
        lines(&next),
        [
            "CVE-2019-14697 unknown musl 1.1.22-r3 -> 1.1.23-r2",
            "CVE-2019-1551 unknown openssl 1.1.1d-r2 -> 1.1.1d-r3",
        ]
    );
    let built_from = |n: usize| next.findings[n].packages.iter().map(|p| p.split(['/', '@']).nth(2).unwrap());
    assert_eq!(built_from(0).collect::<Vec<_>>(), ["musl-utils", "musl"]);
    assert_eq!(built_from(1).collect::<Vec<_>>(), ["libcrypto1.1", "libssl1.1"]);

    // The image with an OpenSSL from before four of the fixes that stand in the database.
    let older = packages.replace("1.1.1d-r2", "1.1.1b-r0");
    assert_eq!(
        lines(&scanned(&older, &release("alpine/secdb-v3.10-main.yaml"))),
        [
            "CVE-2019-1543 unknown openssl 1.1.1b-r0 -> 1.1.1b-r1",
            "CVE-2019-1547 unknown openssl 1.1.1b-r0 -> 1.1.1d-r0",
            "CVE-2019-1549 unknown openssl 1.1.1b-r0 -> 1.1.1d-r0",
            "CVE-2019-1563 unknown openssl 1.1.1b-r0 -> 1.1.1d-r0",
        ]
    );
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
        let record =
            scan(&Digest::sha256(b"image"), &text, &bundle, &bundle.digest(), vec![], &owned).unwrap();
        (record.findings.len(), record.not_looked_at.first().map(|gap| (gap.what.clone(), gap.packages)))
    };
    assert_eq!(scanned(None), (1, None));
    let left = "1 packages of languages that belong to packages of the distribution".to_owned();
    let debian = |release| format!("pkg:deb/debian/python3-requests@2.28.1?distro=debian-{release}");
    assert_eq!(scanned(Some(&debian("12"))), (0, Some((left, 0))));
    assert_eq!(scanned(Some(&debian("13"))), (1, None), "nothing is known of that release");
    assert_eq!(scanned(Some("pkg:rpm/redhat/a@1?distro=rhel-9")), (1, None));
}

/// What a program in another language finds in the records of Go's database by their ranges alone.
#[test]
fn the_database_of_go_is_matched_as_its_ranges_say() {
    const FOUND: [(&str, &str); 7] = [
        ("github.com/burntsushi/toml@v1.0.0", ""),
        ("github.com/dgrijalva/jwt-go@v3.2.0+incompatible", "GO-2020-0017"),
        (
            "github.com/docker/docker@v20.10.7+incompatible",
            "GO-2022-0390 GO-2022-0985 GO-2022-1107 GO-2023-1699 GO-2023-1700 GO-2023-1701 GO-2024-2500 GO-2024-2512 \
             GO-2024-2913 GO-2024-2914 GO-2024-3005 GO-2025-3829 GO-2026-4883 GO-2026-4887 GO-2026-5617 GO-2026-5668 \
             GO-2026-5746",
        ),
        ("github.com/gogo/protobuf@v1.3.1", "GO-2021-0053"),
        (
            "github.com/opencontainers/runc@v1.0.0-rc93",
            "GO-2022-0452 GO-2022-0914 GO-2023-1682 GO-2023-1683 GO-2024-2491 GO-2024-3110 GO-2025-4096 GO-2025-4097 \
             GO-2025-4098 GO-2026-5761",
        ),
        (
            "golang.org/x/net@v0.6.0",
            "GO-2023-1571 GO-2023-1988 GO-2023-2102 GO-2024-2687 GO-2024-3333 GO-2025-3503 GO-2025-3595 GO-2026-4440 \
             GO-2026-4441 GO-2026-4918 GO-2026-5025 GO-2026-5026 GO-2026-5027 GO-2026-5028 GO-2026-5029 GO-2026-5030 \
             GO-2026-5942",
        ),
        ("google.golang.org/grpc@v1.50.0", "GO-2023-2153 GO-2026-4762 GO-2026-6061"),
    ];
    let Some(path) = corpus("advisories/osv-go.tar.zst") else { return };
    let bundle = advisory::import(&path).unwrap().bundle;
    let ids = |purl: &str| {
        let record = scanned(&format!("pkg:golang/{purl}\n"), &bundle);
        assert_eq!(record.not_looked_at, [], "{purl}");
        let ids = record.findings.into_iter().flat_map(|finding| finding.ids);
        ids.filter(|id| id.starts_with("GO-")).collect::<BTreeSet<_>>()
    };
    for (purl, expected) in FOUND {
        assert_eq!(ids(purl).into_iter().collect::<Vec<_>>().join(" "), expected, "{purl}");
    }
    assert_eq!(ids("stdlib@1.21.4").len(), 69);
}

/// What another program finds in AlmaLinux's errata by name, stream of the module and the order of rpm 4.18 itself.
#[test]
fn errata_of_almalinux_are_matched_by_package_module_and_epoch() {
    const FOUND: [(&str, &str); 8] = [
        (
            "libcurl-minimal@7.61.1-22.el8?distro=almalinux-8.1",
            "ALSA-2022:5313 ALSA-2022:6159 ALSA-2023:1140 ALSA-2023:2963 ALSA-2023:3106 \
             ALSA-2023:4523 ALSA-2024:1601 ALSA-2024:5654 ALSA-2025:23383 ALSA-2026:57462",
        ),
        (
            "nodejs@16.13.1-3.module_el8.5.0%2B2605%2B45d748af?distro=almalinux-8.1&epoch=1&rpmmod=nodejs:16:8050020211222:c5368500",
            "ALSA-2022:4796 ALSA-2022:6964 ALSA-2022:9073 ALSA-2023:1582 ALSA-2023:4034 \
             ALSA-2023:4537 ALSA-2023:5360 ALSA-2023:5850 ALSA-2024:1444",
        ),
        (
            "nodejs@14.18.2-2.module_el8.5.0%2B2618%2B8d46dafd?distro=almalinux-8.1&epoch=1&rpmmod=nodejs:14:8050020211222:c5368500",
            "ALSA-2022:6448 ALSA-2022:7830 ALSA-2023:0050 ALSA-2023:1743",
        ),
        (
            "openssl-libs@1.1.1k-5.el8_5?distro=almalinux-8.1&epoch=1",
            "ALSA-2022:1065 ALSA-2022:5818 ALSA-2023:1405 ALSA-2023:7877 ALSA-2024:7848 \
             ALSA-2026:0337 ALSA-2026:26275 ALSA-2026:3042 ALSA-2026:38503",
        ),
        (
            "openssl-libs@3.0.1-43.el9_0?distro=almalinux-9.1&epoch=1",
            "ALSA-2023:0946 ALSA-2023:2523 ALSA-2023:3722 ALSA-2024:0310 ALSA-2024:2447 \
             ALSA-2024:6783 ALSA-2024:9333 ALSA-2025:1330 ALSA-2025:21255 ALSA-2026:1473 \
             ALSA-2026:19218 ALSA-2026:22312 ALSA-2026:25239",
        ),
        (
            "glibc@2.34-40.el9?distro=almalinux-9.1",
            "ALSA-2023:5453 ALSA-2024:3339 ALSA-2025:4244 ALSA-2025:8655 ALSA-2025:9877 \
             ALSA-2026:20597 ALSA-2026:2786 ALSA-2026:33226 ALSA-2026:42952",
        ),
        (
            "nodejs@22.16.0-1.el10_0?distro=almalinux-10.1&epoch=1",
            "ALSA-2026:35842 ALSA-2026:48033 ALSA-2026:55541",
        ),
        ("nodejs@16.13.1-3.el8?distro=almalinux-8.1&epoch=1", ""),
    ];
    let Some(path) = corpus("advisories/osv-almalinux.tar.zst") else { return };
    let bundle = advisory::import(&path).unwrap().bundle;
    for (purl, expected) in FOUND {
        let record = scanned(&format!("pkg:rpm/almalinux/{purl}\n"), &bundle);
        assert_eq!(record.not_looked_at, [], "{purl}");
        let ids = record.findings.into_iter().flat_map(|finding| finding.ids);
        let ids: BTreeSet<_> = ids.filter(|id| id.starts_with("AL")).collect();
        assert_eq!(ids.into_iter().collect::<Vec<_>>().join(" "), expected, "{purl}");
    }
}
