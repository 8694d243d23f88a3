use super::{
    fixtures::{RED_HAT, VECTOR, document, part, product, red_hat},
    *,
};
use crate::advisory::{
    format::{self, osv::Osv, places::tests::written},
    record::AFFECTED_MAX,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn read(document: &Value) -> Result<Content, String> {
    Csaf.read(document.to_string().as_bytes())
}

fn left_out(content: &Content) -> Vec<&str> {
    content.left_out.keys().map(String::as_str).collect()
}

#[test]
fn a_file_of_red_hat_about_one_vulnerability_is_read() {
    let content = read(&red_hat()).unwrap();
    let record = &content.records[0];
    assert_eq!((&*record.id, record.ids.len(), record.withdrawn), ("CVE-2024-24786", 0, false));
    assert_eq!(record.modified.to_string(), "2025-08-13T15:14:45Z");
    assert_eq!(content.as_of, Some(record.modified));
    assert_eq!(
        written(&content),
        [
            "Red Hat:10 kernel 0 UnderInvestigation vendor=Moderate",
            "Red Hat:8 go-toolset [go-toolset:rhel8] 0 Deferred vendor=Moderate",
            "Red Hat:8 old 0 EndOfLife vendor=Moderate",
            "Red Hat:8 ruby [ruby:2.7] 0..2.7.8-139.module+el8.8.0+18745+f1bef313 vendor=Moderate",
            "Red Hat:8 samba 0 WillNotFix vendor=Moderate",
            &format!("Red Hat:9 openssl 0..1:3.0.7-6.el9_2 CVSS_V3={VECTOR} vendor=Important"),
        ]
    );
    assert_eq!(left_out(&content), ["Red Hat openshift", "Red Hat rhel_eus", "container images"]);
    assert_eq!((content.read, content.broken), (1, vec![]));
}

#[test]
fn a_file_of_red_hat_without_package_urls_names_source_packages() {
    let value = document(
        RED_HAT,
        "CVE-2023-42670",
        &[
            ("red_hat_enterprise_linux_8", ("cpe", "cpe:/o:redhat:enterprise_linux:8")),
            ("BaseOS-8", ("cpe", "cpe:/o:redhat:enterprise_linux:8::baseos")),
            ("samba", ("", "")),
            ("nodejs:16/nodejs", ("", "")),
            ("samba-0:4.18.6-2.el8_9.src", ("", "")),
            ("samba-libs-0:4.18.6-2.el8_9.x86_64", ("", "")),
            ("rhel8/postgresql", ("", "")),
        ],
        &[
            ("red_hat_enterprise_linux_8", "samba"),
            ("red_hat_enterprise_linux_8", "nodejs:16/nodejs"),
            ("red_hat_enterprise_linux_8", "rhel8/postgresql"),
            ("BaseOS-8", "samba-0:4.18.6-2.el8_9.src"),
            ("BaseOS-8", "samba-libs-0:4.18.6-2.el8_9.x86_64"),
        ],
        &json!([{"cve": "CVE-2023-42670", "product_status": {
            "known_affected": ["red_hat_enterprise_linux_8:samba", "red_hat_enterprise_linux_8:nodejs:16/nodejs",
                "red_hat_enterprise_linux_8:rhel8/postgresql"],
            "fixed": ["BaseOS-8:samba-0:4.18.6-2.el8_9.src", "BaseOS-8:samba-libs-0:4.18.6-2.el8_9.x86_64"],
        }}]),
    );
    let content = read(&value).unwrap();
    assert_eq!(
        written(&content),
        [
            "Red Hat:8 nodejs [nodejs:16] 0 Affected vendor=Moderate",
            "Red Hat:8 samba 0 Affected vendor=Moderate",
            "Red Hat:8 samba 0..0:4.18.6-2.el8_9 vendor=Moderate",
        ]
    );
    assert_eq!(left_out(&content), ["products that are no packages"]);
}

#[test]
fn an_advisory_of_red_hat_is_one_record_of_its_vulnerabilities() {
    let id = "BaseOS-9:openssl-1:3.0.7-6.el9_2.src";
    let one = |cve: &str, vector: &str, rating: &str| {
        json!({"cve": cve, "product_status": {"fixed": [id], "known_affected": []},
            "scores": [{"products": [id], "cvss_v3": {"vectorString": vector}}],
            "threats": [{"category": "impact", "details": rating, "product_ids": []}]})
    };
    let value = document(
        RED_HAT,
        "RHSA-2023:0946",
        &[
            ("BaseOS-9", ("cpe", "cpe:/o:redhat:enterprise_linux:9::baseos")),
            (
                "openssl-1:3.0.7-6.el9_2.src",
                ("purl", "pkg:rpm/redhat/openssl@3.0.7-6.el9_2?arch=src&epoch=1"),
            ),
        ],
        &[("BaseOS-9", "openssl-1:3.0.7-6.el9_2.src")],
        &json!([
            one("CVE-2023-0286", "CVSS:3.1/B", "Important"),
            one("CVE-2022-4203", "CVSS:3.1/A", "Moderate")
        ]),
    );
    let content = read(&value).unwrap();
    assert_eq!(content.records[0].id, "RHSA-2023:0946");
    assert_eq!(content.records[0].ids, ["CVE-2022-4203", "CVE-2023-0286"]);
    assert_eq!(
        written(&content),
        [
            "Red Hat:9 openssl 0..1:3.0.7-6.el9_2 CVSS_V3=CVSS:3.1/A CVSS_V3=CVSS:3.1/B vendor=Important vendor=Moderate"
        ]
    );
}

#[test]
fn suse_names_installed_packages_by_product() {
    let sp5 = "SUSE Linux Enterprise Server 15 SP5";
    let leap = "openSUSE Leap 15.6";
    let ltss = "SUSE Linux Enterprise Server 15 SP4-LTSS";
    let (vex, advisory) =
        ("libopenssl1_1-1.1.1l-150500.17.22.1", "libopenssl1_1-1.1.1l-150500.17.22.1.x86_64");
    let products = [
        (sp5, ("cpe", "cpe:/o:suse:sles:15:sp5")),
        (ltss, ("cpe", "cpe:/o:suse:sles-ltss:15:sp4")),
        (leap, ("cpe", "cpe:/o:opensuse:leap:15.6")),
        ("python-aiohttp", ("purl", "pkg:rpm/suse/python-aiohttp@")),
        (
            vex,
            (
                "purl",
                "pkg:rpm/suse/libopenssl1_1@1.1.1l-150500.17.22.1?upstream=openssl-1_1-1.1.1l-150500.17.22.1.src.rpm",
            ),
        ),
    ];
    let source = "openssl-1_1-1.1.1l-150500.17.22.1.src";
    let parts = [
        (sp5, vex),
        (sp5, advisory),
        (sp5, source),
        (ltss, vex),
        (leap, "python-aiohttp"),
        (sp5, "python3-aiohttp"),
    ];
    let id = |platform: &str, package: &str| format!("{platform}:{package}");
    let vulnerability = json!([{"cve": "CVE-2023-0286", "product_status": {
        "first_affected": [],
        "known_affected": [id(leap, "python-aiohttp"), id(sp5, "python3-aiohttp")],
        "recommended": [id(sp5, vex), id(sp5, advisory), id(sp5, source), id(ltss, vex)],
        "first_fixed": [id(sp5, vex)],
    }, "remediations": [{"category": "no_fix_planned", "details": "There is no fix planned for these products.\n",
        "product_ids": [id(sp5, "python3-aiohttp")]}]}]);
    for (tracking, others) in [("CVE-2023-0286", &[][..]), ("SUSE-SU-2024:0577-1", &["CVE-2023-0286"])] {
        let content =
            read(&document("https://www.suse.com/", tracking, &products, &parts, &vulnerability)).unwrap();
        assert_eq!(
            (&*content.records[0].id, &*content.records[0].ids),
            (tracking, &*others.iter().map(|&id| id.to_owned()).collect::<Vec<_>>())
        );
        assert_eq!(
            written(&content),
            [
                "SUSE:15.5 libopenssl1_1 0..1.1.1l-150500.17.22.1 vendor=Moderate",
                "SUSE:15.5 python3-aiohttp 0 WillNotFix vendor=Moderate",
                "openSUSE:15.6 python-aiohttp 0 Affected vendor=Moderate",
            ]
        );
        assert_eq!(left_out(&content), [ltss]);
    }
}

#[test]
fn documents_that_are_not_imported_are_named() {
    for (pointer, value, expected) in [
        ("/document/publisher/namespace", "https://www.example.com", "publisher https://www.example.com"),
        ("/document/category", "csaf_informational_advisory", "category csaf_informational_advisory"),
        ("/document/tracking/status", "draft", "drafts"),
    ] {
        let mut changed = red_hat();
        *changed.pointer_mut(pointer).unwrap() = json!(value);
        let content = read(&changed).unwrap();
        assert_eq!((content.read, content.records.len()), (1, 0));
        assert_eq!(content.left_out, BTreeMap::from([(expected.to_owned(), 1)]));
    }
    for category in ["csaf_withdrawn", "csaf_superseded"] {
        let mut changed = red_hat();
        changed["document"]["category"] = json!(category);
        assert!(read(&changed).unwrap().records[0].withdrawn, "{category}");
    }
}

#[test]
fn a_broken_vulnerability_leaves_the_others_as_they_are() {
    let attacks = [
        ("/cve", json!("CVE-1](http://x)"), "CVE-1](http://x)", "`CVE-1](http://x)` is not an identifier"),
        ("/threats/0/details", json!("a\nb"), "CVE-2024-24786", "`a?b` is empty, too long or unprintable"),
        (
            "/product_status/fixed",
            json!(["BaseOS-9:bare"]),
            "CVE-2024-24786",
            "`bare` is repaired in no version",
        ),
        (
            "/product_status/fixed",
            json!(["BaseOS-9:long"]),
            "CVE-2024-24786",
            "version `1111111111111111111111111111111111111111` is too long or unprintable",
        ),
    ];
    for (pointer, value, id, reason) in attacks {
        let mut changed = red_hat();
        let long = format!("pkg:rpm/redhat/long@{}-1?arch=src", "1".repeat(600));
        for (id, purl) in [("bare", "pkg:rpm/redhat/bare?arch=src"), ("long", &*long)] {
            changed["product_tree"]["branches"].as_array_mut().unwrap().push(product(id, ("purl", purl)));
            changed["product_tree"]["relationships"].as_array_mut().unwrap().push(part("BaseOS-9", id));
        }
        let mut second = changed["vulnerabilities"][0].clone();
        *second.pointer_mut(pointer).unwrap() = value;
        let alone = {
            let mut alone = changed.clone();
            alone["vulnerabilities"] = json!([second]);
            read(&alone)
        };
        assert_eq!(alone.err().as_deref(), Some(reason), "nothing is left of the file");
        changed["vulnerabilities"].as_array_mut().unwrap().push(second);
        let content = read(&changed).unwrap();
        assert_eq!(content.broken, [(id.to_owned(), reason.to_owned())]);
        assert_eq!(written(&content), written(&read(&red_hat()).unwrap()));
    }
}

#[test]
fn what_cannot_be_told_is_reported() {
    for (status, expected) in [
        (json!({"fixed": ["nothing", "x:y"]}), "2 products are not in the product tree"),
        (
            json!({"known_affected": ["red_hat_enterprise_linux_8:samba"]}),
            "none of its 1 packages is a source package",
        ),
        (
            json!({"fixed": ["BaseOS-9:openssl-libs-1:3.0.7-6.el9_2.x86_64"]}),
            "none of its 1 packages is a source package",
        ),
    ] {
        let mut changed = red_hat();
        changed["vulnerabilities"][0]["product_status"] = status;
        let content = read(&changed).unwrap();
        assert_eq!(content.broken, [("CVE-2024-24786".to_owned(), expected.to_owned())]);
        assert!(content.records[0].affected.is_empty());
    }
    let mut changed = red_hat();
    changed["vulnerabilities"][0]["product_status"] = json!({"fixed": ["BaseOS-9"]});
    assert_eq!(left_out(&read(&changed).unwrap()), ["products of no platform"]);
}

#[test]
fn hostile_documents_are_refused_as_a_whole() {
    let with = |pointer: &str, value: Value| {
        let mut changed = red_hat();
        *changed.pointer_mut(pointer).unwrap() = value;
        read(&changed).unwrap_err()
    };
    let nested = (0..40).fold(json!({}), |below, _| json!({"branches": [below]}));
    for (attack, found) in [
        ("no time", with("/document/tracking/current_release_date", json!("yesterday"))),
        ("markup in the identifier", with("/document/tracking/id", json!("X](http://x)"))),
        ("no vulnerability", with("/vulnerabilities", json!([]))),
        ("a number for a product", with("/vulnerabilities/0/product_status/fixed", json!([7]))),
        ("nested branches", with("/product_tree/branches", json!([nested]))),
        ("no tree", with("/product_tree", json!("x"))),
        (
            "too many vulnerabilities",
            with("/vulnerabilities", vec![json!({"cve": "CVE-1"}); LIST_MAX + 1].into()),
        ),
    ] {
        assert!(!found.is_empty(), "{attack}");
    }
    let whole = red_hat().to_string();
    for end in [0, 1, whole.len() / 2, whole.len() - 1] {
        assert!(Csaf.read(&whole.as_bytes()[..end]).is_err(), "cut at {end}");
    }
    assert!(Csaf.read("[".repeat(100_000).as_bytes()).is_err());
    let open = format!("{{\"product_tree\":{}", "{\"branches\":[".repeat(100_000));
    assert!(Csaf.read(open.as_bytes()).is_err());
    let many = format!("[\"a\"{}]", ",\"a\"".repeat(STATUSES_MAX));
    let text = red_hat().to_string().replacen(
        "\"known_not_affected\":",
        &format!("\"recommended\":{many},\"-\":"),
        1,
    );
    assert_eq!(
        Csaf.read(text.as_bytes()).unwrap_err(),
        format!("{} products in statuses, more than {STATUSES_MAX}", STATUSES_MAX + 12)
    );
}

#[test]
fn an_advisory_of_too_many_packages_is_refused() {
    let parts: Vec<_> = (0..=AFFECTED_MAX).map(|n| format!("p{n}")).collect();
    let platform = "SUSE Linux Enterprise Server 15 SP5";
    let value = document(
        "https://www.suse.com/",
        "CVE-2024-1",
        &[],
        &parts.iter().map(|id| (platform, &**id)).collect::<Vec<_>>(),
        &json!([{"cve": "CVE-2024-1", "product_status":
            {"known_affected": parts.iter().map(|id| format!("{platform}:{id}")).collect::<Vec<_>>()}}]),
    );
    assert_eq!(read(&value).unwrap_err(), "20001 affected packages, more than 20000");
}

#[test]
fn documents_are_claimed_by_their_keys() {
    let claimed = |text: &str| {
        let shape = Shape::of(text.as_bytes());
        (Csaf.claims(&shape), Osv.claims(&shape), format::of(&shape).map(format::Format::name))
    };
    let mut unordered =
        red_hat().to_string().replacen("{\"document\":", "{\"$schema\":\"x\",\"document\":", 1);
    assert_eq!(claimed(&unordered), (true, false, Some("csaf")));
    unordered = unordered.replacen("\"$schema\":\"x\",", "", 1);
    assert_eq!(claimed(&unordered), (true, false, Some("csaf")));
    let osv = crate::advisory::fixtures::record("X-1", "Debian:12", "a", None).to_string();
    assert_eq!(claimed(&osv), (false, true, Some("osv")));
    for other in
        ["{\"document\": {\"title\": \"x\"}}", "[{\"document\": 1}]", "document: 1\n", "<document/>", "{}"]
    {
        assert!(!claimed(other).0, "{other}");
    }
}

#[test]
fn scores_of_csaf_2_1_are_read() {
    let mut value = red_hat();
    let vulnerability = &mut value["vulnerabilities"][0];
    let products = vulnerability["scores"][0]["products"].clone();
    vulnerability.as_object_mut().unwrap().remove("scores");
    vulnerability["metrics"] = json!([{"content": {"cvss_v4": {"vectorString": "CVSS:4.0/AV:N", "version": "4.0"}},
        "products": products}]);
    let all = written(&read(&value).unwrap());
    assert_eq!(
        all.last().unwrap(),
        "Red Hat:9 openssl 0..1:3.0.7-6.el9_2 CVSS_V4=CVSS:4.0/AV:N vendor=Important"
    );
}
