//! What others publish, matched as other programs match it.

use std::{fs, io::Read};

use super::*;

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
    let release = |file: &str| {
        let text = fs::read_to_string(corpus(file).unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("main.yaml");
        fs::write(&path, text.replace("distroversion: v3.11", "distroversion: v3.10")).unwrap();
        advisory::import(&path).unwrap().bundle
    };
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
