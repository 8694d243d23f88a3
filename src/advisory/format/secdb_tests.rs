use serde_json::{Value, json};

use super::*;
use crate::advisory::fixtures::corpus;

fn repository(packages: &Value) -> Value {
    json!({
        "apkurl": "{{urlprefix}}/{{distroversion}}/{{reponame}}/{{arch}}/{{pkg.name}}-{{pkg.ver}}.apk",
        "archs": ["aarch64", "x86_64"], "reponame": "main", "distroversion": "v3.19",
        "urlprefix": "https://dl-cdn.alpinelinux.org/alpine", "packages": packages,
    })
}

fn package(name: &str, secfixes: &Value) -> Value {
    json!({"pkg": {"name": name, "secfixes": secfixes}})
}

fn of(value: &Value) -> Result<Content, String> {
    Secdb.read(value.to_string().as_bytes())
}

/// Returns each record as `id [ids] ecosystem package<fixed|fixed …`.
fn said(content: &Content) -> Vec<String> {
    let entry = |affected: &Affected| {
        let fixed: Vec<_> = affected
            .ranges
            .iter()
            .map(|range| match range.as_slice() {
                [Event::Introduced(zero), Event::Fixed(version)] if zero == "0" => version.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        format!("{} {}<{}", affected.ecosystem, affected.package, fixed.join("|"))
    };
    let record = |record: &Record| {
        let affected: Vec<_> = record.affected.iter().map(entry).collect();
        format!("{} [{}] {}", record.id, record.ids.join(" "), affected.join(", "))
    };
    content.records.iter().map(record).collect()
}

#[test]
fn repairs_of_alpine_are_records_of_each_cve() {
    let content = of(&repository(&json!([
        package(
            "openssl",
            &json!({
                "0": ["CVE-2023-0466"],
                "3.1.4-r0": ["CVE-2023-5363"],
                "3.1.4-r3": ["CVE-2023-6129", "GHSA-r94m-59fw-hm34"],
            })
        ),
        package("nodejs", &json!({"20.10.0-r1": ["CVE-2023-5363"]})),
        package("zlib", &Value::Null),
        json!({"pkg": {"name": "bare"}}),
        package("curl", &json!({"8.5.0-r0": null, "8.6.0-r0": []})),
    ])))
    .unwrap();
    assert_eq!(
        said(&content),
        [
            "ALPINE-CVE-2023-5363 [CVE-2023-5363] Alpine:v3.19 nodejs<20.10.0-r1, Alpine:v3.19 openssl<3.1.4-r0",
            "ALPINE-CVE-2023-6129 [CVE-2023-6129] Alpine:v3.19 openssl<3.1.4-r3",
            "GHSA-r94m-59fw-hm34 [] Alpine:v3.19 openssl<3.1.4-r3",
        ]
    );
    assert_eq!((content.read, content.broken.len(), content.left_out.len()), (5, 0, 0));
}

#[test]
fn distributions_are_told_by_where_their_packages_lie() {
    let apk = "{{urlprefix}}/{{reponame}}/{{arch}}/{{pkg.name}}-{{pkg.ver}}.apk";
    let chainguard = "https://packages.cgr.dev/chainguard/{{arch}}/{{pkg.name}}-{{pkg.ver}}.apk";
    for (urlprefix, apkurl, release, expected) in [
        (
            Some("https://dl-cdn.alpinelinux.org/alpine"),
            Some(apk),
            Some("v3.19"),
            Some("ALPINE-CVE-2023-5363 Alpine:v3.19"),
        ),
        (None, None, Some("v3.19"), Some("ALPINE-CVE-2023-5363 Alpine:v3.19")),
        (None, Some(apk), Some("v3.3"), Some("ALPINE-CVE-2023-5363 Alpine:v3.3")),
        (Some("https://packages.wolfi.dev"), Some(apk), None, Some("CVE-2023-5363 Wolfi")),
        (Some("https://packages.cgr.dev"), Some(apk), None, Some("CVE-2023-5363 Chainguard")),
        (None, Some(chainguard), None, Some("CVE-2023-5363 Chainguard")),
        (Some("https://dl-cdn.alpinelinux.org/alpine"), Some(apk), Some("edge"), None),
        (Some("https://dl-cdn.alpinelinux.org/alpine"), Some(apk), None, None),
        (Some("https://mirror.postmarketos.org/postmarketos"), Some(apk), Some("v23.12"), None),
        (Some("https://packages.wolfi.dev.example.com"), Some(apk), None, None),
        (Some("https://example.com/packages.wolfi.dev"), Some(apk), Some("v3.19"), None),
        (Some("https://notalpinelinux.org"), Some(apk), Some("v3.19"), None),
        (None, None, None, None),
    ] {
        let mut value = repository(&json!([package("openssl", &json!({"3.1.4-r0": ["CVE-2023-5363"]}))]));
        value["urlprefix"] = json!(urlprefix);
        value["apkurl"] = json!(apkurl);
        value["distroversion"] = json!(release);
        let content = of(&value).unwrap();
        let found = content.records.first().map(|r| format!("{} {}", r.id, r.affected[0].ecosystem));
        assert_eq!(found.as_deref(), expected, "{urlprefix:?} {apkurl:?} {release:?}");
        let left_out = content.left_out.get("packages of other releases or distributions").copied();
        assert_eq!(left_out, expected.is_none().then_some(1));
        assert_eq!(content.read, 1);
    }
}

#[test]
fn a_line_names_a_vulnerability_with_its_other_names() {
    for (line, expected) in [
        ("CVE-2018-8897 XSA-260", Ok(&["CVE-2018-8897: CVE-2018-8897 XSA-260"][..])),
        ("CVE-2018-14470 (BABEL)", Ok(&["CVE-2018-14470: CVE-2018-14470"])),
        ("CVE-2018-14879 (tcpdump -V)", Ok(&["CVE-2018-14879: CVE-2018-14879"])),
        ("CVE-2017-2616 (+ regression fix, see CVE-2017-0001)", Ok(&["CVE-2017-2616: CVE-2017-2616"])),
        ("CVE_2019-2426", Ok(&["CVE-2019-2426: CVE-2019-2426"])),
        ("CVE-2017-17434-2", Ok(&["CVE-2017-17434: CVE-2017-17434"])),
        ("CVE-2019-19451.patch", Ok(&["CVE-2019-19451: CVE-2019-19451"])),
        ("CVE-????-?????  XSA-295", Ok(&["XSA-295: XSA-295"])),
        ("XSA-254", Ok(&["XSA-254: XSA-254"])),
        (
            "CVE-2018-0001, CVE-2018-0002 XSA-1",
            Ok(&["CVE-2018-0001: CVE-2018-0001", "CVE-2018-0002: CVE-2018-0002"]),
        ),
        (
            "CVE-2019-1000001 GHSA-jq35-85cj-fj4p ALPINE-13661",
            Ok(&["CVE-2019-1000001: ALPINE-13661 GHSA-jq35-85cj-fj4p CVE-2019-1000001"]),
        ),
        ("GHSA-jq35-85cj-fj4p GO-2024-1", Ok(&["GHSA-jq35-85cj-fj4p: GHSA-jq35-85cj-fj4p GO-2024-1"])),
        ("CVE-????-?????", Err("names no vulnerability")),
        ("some overflow", Err("names no vulnerability")),
        ("(CVE-2018-0001)", Err("names no vulnerability")),
        ("X-1](http://x)", Err("names no vulnerability")),
        ("", Err("names no vulnerability")),
    ] {
        let found = named(line).map(|all| {
            all.into_iter().map(|(id, ids)| format!("{id}: {}", ids.join(" "))).collect::<Vec<_>>()
        });
        match (found, expected) {
            (Ok(found), Ok(expected)) => {
                // The order of names on a line says nothing; records sort them.
                let sorted = |text: &str| {
                    let mut words: Vec<_> = text.split(' ').map(str::to_owned).collect();
                    words[1..].sort();
                    words
                };
                let found: Vec<_> = found.iter().map(|text| sorted(text)).collect();
                assert_eq!(found, expected.iter().map(|text| sorted(text)).collect::<Vec<_>>(), "{line}");
            }
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{line}: {found}"),
            (found, _) => panic!("{line}: {found:?}"),
        }
    }
    let long: Vec<_> = (0..=LIST_MAX).map(|n| format!("X-{n}")).collect();
    assert!(named(&long.join(" ")).is_err());
}

#[test]
fn of_several_repairs_the_highest_counts() {
    for (versions, expected) in [
        (&["1.2.3-r0", "1.10.0-r0"][..], "1.10.0-r0"),
        (&["1.10.0-r0", "1.2.3-r0", "1.10.0-r0"], "1.10.0-r0"),
        (&["0", "1.2.3-r0"], "1.2.3-r0"),
        (&["4.10-1-r1", "4.9.0-r0", "4.9.1-r0"], "4.10-1-r1|4.9.1-r0"),
        (&["4.10-1-r1"], "4.10-1-r1"),
    ] {
        let fixes = |version: &&str| package("xen", &json!({*version: ["CVE-2018-7540"]}));
        let packages: Vec<_> = versions.iter().map(fixes).collect();
        let content = of(&repository(&json!(packages))).unwrap();
        assert_eq!(
            said(&content),
            [format!("ALPINE-CVE-2018-7540 [CVE-2018-7540] Alpine:v3.19 xen<{expected}")]
        );
    }
}

#[test]
fn a_broken_part_leaves_the_others() {
    let good = package("openssl", &json!({"3.1.4-r0": ["CVE-2023-5363"]}));
    let version = "1".repeat(600);
    let repairs: Vec<_> =
        (0..=REPAIRS_MAX).map(|n| package("xen", &json!({format!("1.{n}"): ["CVE-2018-7540"]}))).collect();
    for (broken, name) in [
        (vec![package("xen", &json!({"1.0-r0": ["unknown"]}))], "xen 1.0-r0"),
        (vec![package("x", &json!({version: ["CVE-2018-7540"]}))], &*format!("x {}", "1".repeat(38))),
        (vec![package("x", &json!({"1\n0": ["CVE-2018-7540"]}))], "x 1?0"),
        (vec![package("x", &json!({"": ["CVE-2018-7540"]}))], "x "),
        (vec![package("a\nb", &json!({"1.0-r0": ["CVE-2018-7540"]}))], "package 1"),
        (vec![package(&"a".repeat(300), &json!({"1.0-r0": ["CVE-2018-7540"]}))], "package 1"),
        (vec![package("", &json!({"1.0-r0": ["CVE-2018-7540"]}))], "package 1"),
        (vec![package("xen", &json!({"1.0-r0": "CVE-2018-7540"}))], "package 1"),
        (vec![package("xen", &json!({"1.0-r0": [7]}))], "package 1"),
        (vec![json!({"package": 1})], "package 1"),
        (vec![json!(7)], "package 1"),
        (repairs, "ALPINE-CVE-2018-7540"),
    ] {
        let content = of(&repository(&json!([broken, vec![good.clone()]].concat()))).unwrap();
        assert_eq!(content.broken.iter().map(|(name, _)| name).collect::<Vec<_>>(), [name]);
        assert!(content.broken[0].1.len() < 300, "{}", content.broken[0].1);
        assert_eq!(content.records.len(), 1, "{name}");
        assert_eq!(content.records[0].id, "ALPINE-CVE-2023-5363");
    }
}

#[test]
fn yaml_of_older_releases_says_the_same() {
    let text = "\
---
distroversion: v3.10
reponame: main
archs:
  - x86_64
urlprefix: http://dl-cdn.alpinelinux.org/alpine
apkurl: \"{{urlprefix}}/{{distroversion}}/{{reponame}}/{{arch}}/{{pkg.name}}-{{pkg.ver}}.apk\"
packages:
  - pkg:
      name: tcpdump
      secfixes:
        4.9.3-r0:
          - CVE-2018-14470 (BABEL)
        1.20:
          - CVE_2019-2426
        0:
          - CVE-2018-0001
  - pkg:
      name: empty
      secfixes:
";
    assert!(Secdb.claims(&Shape::of(text.as_bytes())));
    let content = Secdb.read(text.as_bytes()).unwrap();
    assert_eq!(
        said(&content),
        [
            "ALPINE-CVE-2018-14470 [CVE-2018-14470] Alpine:v3.10 tcpdump<4.9.3-r0",
            "ALPINE-CVE-2019-2426 [CVE-2019-2426] Alpine:v3.10 tcpdump<1.20",
        ]
    );
    assert_eq!(content.read, 3);
    for (attack, text, expected) in [
        (
            "references",
            text.replace("- CVE_2019-2426", "- &a CVE-2019-0001\n          - *a"),
            "YAML with references",
        ),
        ("a wrong type", text.replace("name: empty", "name: [empty]"), "invalid type"),
        ("no text", "packages: \u{0}".to_owned(), "control characters"),
        ("depth", format!("{text}{}", "[".repeat(100_000)), ""),
        ("length", format!("{text}{}", "#".repeat(YAML_BYTES_MAX)), "bytes of YAML"),
    ] {
        let found = Secdb.read(text.as_bytes()).unwrap_err();
        assert!(found.contains(expected), "{attack}: {found}");
    }
    assert!(Secdb.read(b"\xff").is_err());
}

#[test]
fn a_file_of_another_form_is_refused() {
    let good = repository(&json!([package("openssl", &json!({"3.1.4-r0": ["CVE-2023-5363"]}))]));
    assert!(Secdb.claims(&Shape::of(good.to_string().as_bytes())));
    assert_eq!(of(&repository(&Value::Null)).unwrap(), Content::default());
    let text = good.to_string();
    for cut in 0..text.len() {
        assert!(Secdb.read(&text.as_bytes()[..cut]).is_err(), "cut at {cut}");
    }
    for (key, value) in [
        ("packages", json!({})),
        ("packages", json!(vec![0; PACKAGES_MAX + 1])),
        ("distroversion", json!(3.19)),
        ("urlprefix", json!([])),
    ] {
        let mut changed = good.clone();
        changed[key] = value;
        assert!(of(&changed).is_err(), "{key}");
    }
    let deep = format!("{{\"packages\":{}", "[".repeat(1 << 20));
    assert!(Secdb.read(deep.as_bytes()).is_err());
    for other in [json!({"packages": []}), json!({"reponame": "x"}), json!({"reponame": "x", "packages": []})]
    {
        assert!(!Secdb.claims(&Shape::of(other.to_string().as_bytes())), "{other}");
    }
}

#[test]
fn many_vulnerabilities_of_one_version_end_at_a_number() {
    let lines = vec!["CVE-2023-5363"; NAMES_MAX + 1];
    let content = of(&repository(&json!([package("linux", &json!({"6.1-r0": lines}))]))).unwrap();
    assert_eq!((content.records.len(), content.broken.len()), (0, 1));
    let versions: serde_json::Map<_, _> = (0..=VERSIONS_MAX).map(|n| (format!("1.{n}"), json!([]))).collect();
    let content = of(&repository(&json!([package("linux", &Value::Object(versions))]))).unwrap();
    assert_eq!((content.records.len(), content.broken.len()), (0, 1));
}

#[test]
fn a_file_of_too_many_lines_is_refused() {
    let secfixes = Members(vec![("1.0-r0".to_owned(), List(vec!["CVE-2018-7540".to_owned()]))]);
    let package = RawPackage { name: "xen".to_owned(), secfixes };
    let distribution = || Distribution { ecosystem: "Wolfi".to_owned(), prefix: "" };
    for (read, expected) in [(LINES_MAX - 1, true), (LINES_MAX, false)] {
        let mut content = Content { read, ..Content::default() };
        let mut known = Known { distribution: distribution(), vulnerabilities: BTreeMap::new() };
        assert_eq!(known.add(&package, &mut content).is_ok(), expected);
    }
}

#[test]
fn published_files_are_read_whole() {
    // Lines and distinct vulnerabilities as another program counts them.
    for (file, read, known) in [
        (
            "secdb-v3.10-main.yaml",
            (1182, 1110),
            "ALPINE-CVE-2019-10206 [CVE-2019-10206] Alpine:v3.10 ansible<2.8.4-r0",
        ),
        (
            "secdb-v3.10-community.yaml",
            (720, 692),
            "ALPINE-CVE-2018-20187 [CVE-2018-20187] Alpine:v3.10 botan<2.9.0-r0",
        ),
        (
            "secdb-v3.11-main.yaml",
            (1204, 1123),
            "ALPINE-CVE-2019-14904 [CVE-2019-14904] Alpine:v3.11 ansible<2.9.3-r0",
        ),
        (
            "secdb-v3.11-community.yaml",
            (895, 829),
            "ALPINE-CVE-2019-17358 [CVE-2019-17358] Alpine:v3.11 cacti<1.2.8-r0",
        ),
    ] {
        let Some(path) = corpus(&format!("alpine/{file}")) else { return };
        let bytes = std::fs::read(path).unwrap();
        assert!(Secdb.claims(&Shape::of(&bytes)), "{file}");
        let content = Secdb.read(&bytes).unwrap();
        assert_eq!((content.broken.len(), content.left_out.len()), (0, 0), "{file} {:?}", content.broken);
        assert_eq!((content.read, content.records.len()), read, "{file}");
        assert!(said(&content).iter().any(|record| record == known), "{file}: {known}");
    }
}
