use super::*;
use crate::advisory::{
    format::{self, osv::Osv, places::tests::written},
    record::AFFECTED_MAX,
};

/// A test with an object and a state of its own: the package `name` is asked for `state`.
fn test(id: &str, name: &str, state: &str) -> [String; 3] {
    [
        format!(
            "<rpminfo_test xmlns=\"http://oval.mitre.org/XMLSchema/oval-definitions-5#linux\" id=\"tst:{id}\" \
             version=\"501\" comment=\"c\" check=\"at least one\"><object object_ref=\"obj:{id}\"/>\
             <state state_ref=\"ste:{id}\"/></rpminfo_test>"
        ),
        format!("<rpminfo_object id=\"obj:{id}\" version=\"501\"><name>{name}</name></rpminfo_object>"),
        format!("<rpminfo_state id=\"ste:{id}\" version=\"501\">{state}</rpminfo_state>"),
    ]
}

fn earlier(version: &str) -> String {
    format!(
        "<arch datatype=\"string\" operation=\"pattern match\">(aarch64|x86_64)</arch>\
         <evr datatype=\"evr_string\" operation=\"less than\">{version}</evr>"
    )
}

fn release() -> String {
    "<version operation=\"pattern match\">^8</version>".to_owned()
}

/// A file in the order in which all of them are published.
fn file(definitions: &str, tests: &[[String; 3]]) -> String {
    let part = |n: usize| tests.iter().map(|parts| parts[n].as_str()).collect::<Vec<_>>().concat();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<oval_definitions \
         xmlns=\"http://oval.mitre.org/XMLSchema/oval-definitions-5\" \
         xmlns:oval=\"http://oval.mitre.org/XMLSchema/oval-common-5\">\n<generator><oval:schema_version>5.3\
         </oval:schema_version></generator>\n<definitions>{definitions}</definitions>\n<!--\n ~~~ rpminfo ~~~\n -->\n\
         <tests>{}</tests><objects>{}</objects><states>{}</states></oval_definitions>\n",
        part(0),
        part(1),
        part(2)
    )
}

fn definition(id: &str, class: &str, metadata: &str, criteria: &str) -> String {
    format!(
        "<definition id=\"{id}\" version=\"501\" class=\"{class}\"><metadata>{metadata}</metadata>{criteria}</definition>"
    )
}

fn criterion(test: &str, comment: &str) -> String {
    format!("<criterion test_ref=\"tst:{test}\" comment=\"{comment}\"/>")
}

fn criteria(operator: &str, inside: &[String]) -> String {
    format!("<criteria operator=\"{operator}\">{}</criteria>", inside.concat())
}

fn read(text: &str) -> Result<Content, String> {
    Oval.read(text.as_bytes())
}

const ORACLE: &str = "<title>\nELSA-2021-9151: nodejs:16 security update (IMPORTANT)\n</title>\
    <affected family=\"unix\"><platform>Oracle Linux 8</platform></affected>\
    <reference source=\"elsa\" ref_id=\"ELSA-2021-9151\" ref_url=\"https://linux.oracle.com/errata/\"/>\
    <reference source=\"CVE\" ref_id=\"CVE-2021-3449\" ref_url=\"https://linux.oracle.com/cve/\"/>\
    <description>[1.1.1g-15] &amp; more</description>\
    <advisory><severity>IMPORTANT</severity><rights>Copyright</rights><issued date=\"2021-04-01\"/>\
    <cve href=\"x\" cvss3=\"7.5/CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H\" public=\"20210325\">CVE-2021-3449</cve>\
    <cve href=\"x\" cvss2=\"5.0/AV:N/AC:L/Au:N/C:N/I:N/A:P\">CVE-2021-3450</cve></advisory>";

fn oracle_tests() -> Vec<[String; 3]> {
    vec![
        test("1", "oraclelinux-release", &release()),
        test("2", "oraclelinux-release", "<arch operation=\"pattern match\">x86_64</arch>"),
        test("3", "openssl", &earlier("1:1.1.1g-15.el8_3")),
        test("4", "openssl", "<signature_keyid operation=\"equals\">82562ea9ad986da3</signature_keyid>"),
        test("5", "openssl", &earlier("2:1.1.1g-15.ksplice1.el8_3")),
        test("6", "gnutls", &earlier("10:3.6.16-4.0.1.el8_fips")),
        test("7", "nodejs", &earlier("1:16.14.0-4.module+el8.6.0+20565+01ec5e0a")),
        test("8", "nodejs-docs", &earlier("1:16.14.0-4.module+el8.6.0+20565+01ec5e0a")),
    ]
}

#[test]
fn definitions_of_oracle_name_packages_of_a_release_and_module() {
    let signed = |package: &str, comment: &str| {
        criteria(
            "AND",
            &[criterion(package, comment), criterion("4", "it is signed with the Oracle Linux 8 key")],
        )
    };
    let packages = |arch: &str, all: Vec<String>| {
        let arch = criterion("2", &format!("Oracle Linux arch is {arch}"));
        criteria("AND", &[arch, criteria("OR", &all)])
    };
    let module = criteria(
        "AND",
        &[
            criterion("2", "Module nodejs:16 is enabled"),
            signed("7", "nodejs is earlier than 1:16.14.0-4.module+el8.6.0+20565+01ec5e0a"),
        ],
    );
    let all = || {
        vec![
            signed("3", "openssl is earlier than 1:1.1.1g-15.el8_3"),
            signed("5", "openssl is earlier than 2:1.1.1g-15.ksplice1.el8_3"),
            signed("6", "gnutls is earlier than 10:3.6.16-4.0.1.el8_fips"),
            signed("8", "nodejs-docs is earlier than 1:16.14.0-4"),
            module.clone(),
        ]
    };
    let releases = [
        criterion("1", "Oracle Linux 8 is installed"),
        criteria("OR", &[packages("aarch64", all()), packages("x86_64", all())]),
    ];
    let text = file(
        &definition("oval:com.oracle.elsa:def:20219151", "patch", ORACLE, &criteria("AND", &releases)),
        &oracle_tests(),
    );
    let content = read(&text).unwrap();
    let record = &content.records[0];
    assert_eq!(record.id, "ELSA-2021-9151");
    assert_eq!(record.ids, ["CVE-2021-3449", "CVE-2021-3450"]);
    assert_eq!(record.modified.to_string(), "2021-04-01T00:00:00Z");
    let said = "CVSS_V2=AV:N/AC:L/Au:N/C:N/I:N/A:P CVSS_V3=CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H \
        vendor=IMPORTANT";
    assert_eq!(
        written(&content),
        [
            format!("Oracle Linux:8 nodejs [nodejs:16] 0..1:16.14.0-4.module+el8.6.0+20565+01ec5e0a {said}"),
            // No criterion names the module: its stream stands in the title.
            format!(
                "Oracle Linux:8 nodejs-docs [nodejs:16] 0..1:16.14.0-4.module+el8.6.0+20565+01ec5e0a {said}"
            ),
            format!("Oracle Linux:8 openssl 0..1:1.1.1g-15.el8_3 {said}"),
        ]
    );
    let left_out: Vec<_> = content.left_out.iter().map(|(what, count)| (what.as_str(), *count)).collect();
    assert_eq!(left_out, [("Oracle Linux FIPS", 1), ("Oracle Linux Ksplice", 1)]);
    assert_eq!((content.read, content.broken), (1, vec![]));
}

#[test]
#[expect(clippy::too_many_lines, reason = "one document")]
fn definitions_of_suse_name_products_beside_packages() {
    let tests = [
        test("1", "sles-release", "<version operation=\"equals\">15.5</version>"),
        test("2", "openSUSE-release", "<version operation=\"equals\">15.6</version>"),
        test("3", "krb5", &earlier("0:1.15.2-4.25")),
        test("4", "kernel-default", "<version operation=\"equals\">0</version>"),
        test("5", "libxml2", "<evr datatype=\"evr_string\" operation=\"greater than\">0:0-0</evr>"),
    ];
    let vulnerability = "<title>CVE-2021-29154</title>\
        <affected family=\"unix\"><platform>SUSE Linux Enterprise Server 15 SP5</platform>\
        <platform>openSUSE Leap 15.6</platform></affected>\
        <reference ref_id=\"Mitre CVE-2021-29154\" ref_url=\"x\" source=\"CVE\"/>\
        <reference ref_id=\"SUSE CVE-2021-29154\" ref_url=\"x\" source=\"SUSE CVE\"/>\
        <reference ref_id=\"SUSE-SU-2021:1210-1\" ref_url=\"x\" source=\"SUSE-SU\"/>\
        <advisory from=\"security@suse.de\"><issued date=\"2021-04-30\"/><updated date=\"2021-07-14\"/>\
        <severity>Important</severity><cve impact=\"important\" \
        cvss3=\"7/CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H\" href=\"x\">CVE-2021-29154</cve></advisory>";
    let products = criteria(
        "OR",
        &[
            criterion("1", "SUSE Linux Enterprise Module for Basesystem 15 SP5 is installed"),
            criterion("1", "SUSE Linux Enterprise Server 15 SP5 is installed"),
            criterion("1", "SUSE Linux Enterprise Server 15 SP4-LTSS is installed"),
            criterion("2", "openSUSE Leap 15.6 is installed"),
        ],
    );
    let packages = criteria(
        "OR",
        &[
            criterion("3", "krb5-1.15.2-4.25 is installed"),
            criterion("4", "kernel-default is not affected"),
            criterion("5", "libxml2 is affected"),
        ],
    );
    let group = criteria("AND", &[products, packages]);
    let patch = |id: &str, product: &str| {
        let metadata = format!(
            "<title>Security update for krb5 (Important)</title>\
             <reference ref_id=\"{id}\" ref_url=\"x\" source=\"SUSE-SU\"/>\
             <reference ref_id=\"1184391\" ref_url=\"x\" source=\"BUGZILLA\"/>"
        );
        let inside = [
            criterion("1", &format!("{product} is installed")),
            criterion("3", "krb5-1.15.2-4.25 is installed"),
        ];
        definition("oval:org.opensuse.security:def:20212", "patch", &metadata, &criteria("AND", &inside))
    };
    let text = file(
        &[
            definition(
                "oval:org.opensuse.security:def:202129154",
                "vulnerability",
                vulnerability,
                &criteria("OR", &[group]),
            ),
            patch("SUSE-SU-2021:2-1", "SUSE Linux Enterprise Server 15 SP5"),
            patch("SUSE-SU-2021:2-1", "openSUSE Leap 15.6"),
            patch("openSUSE-RU-2021:3-1", "openSUSE Leap 15.6"),
        ]
        .concat(),
        &tests,
    );
    let content = read(&text).unwrap();
    let records: Vec<_> =
        content.records.iter().map(|r| (r.id.as_str(), r.ids.len(), r.is_no_vulnerability)).collect();
    assert_eq!(
        records,
        [("CVE-2021-29154", 0, false), ("SUSE-SU-2021:2-1", 0, false), ("openSUSE-RU-2021:3-1", 0, true)]
    );
    assert_eq!(content.records[0].modified.to_string(), "2021-07-14T00:00:00Z");
    let said = "CVSS_V3=CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H vendor=Important";
    assert_eq!(
        written(&content),
        [
            &format!("SUSE:15.5 krb5 0..0:1.15.2-4.25 {said}"),
            &format!("SUSE:15.5 libxml2 0 Affected {said}"),
            &format!("openSUSE:15.6 krb5 0..0:1.15.2-4.25 {said}"),
            &format!("openSUSE:15.6 libxml2 0 Affected {said}"),
            "SUSE:15.5 krb5 0..0:1.15.2-4.25",
            "openSUSE:15.6 krb5 0..0:1.15.2-4.25",
            "openSUSE:15.6 krb5 0..0:1.15.2-4.25",
        ]
    );
    let left_out: Vec<_> = content.left_out.iter().map(|(what, count)| (what.as_str(), *count)).collect();
    assert_eq!(left_out, [("SUSE Linux Enterprise Server 15 SP4-LTSS", 1)]);
    assert_eq!((content.read, content.broken), (4, vec![]));
}

#[test]
fn criteria_that_are_negated_or_name_no_release_say_nothing() {
    let metadata = "<title>ALSA-2022:7967: qemu-kvm security update (Low)</title>\
        <affected family=\"unix\"><platform>AlmaLinux 8</platform></affected>\
        <reference ref_id=\"RHSA-2022:7967\" source=\"RHSA\"/><reference ref_id=\"ALSA-2022:7967\" source=\"ALSA\"/>\
        <reference ref_id=\"CVE-2021-3507\" source=\"CVE\"/>";
    let tests =
        [test("1", "almalinux-release", &release()), test("2", "qemu-kvm", &earlier("15:4.2.0-1.el8"))];
    let (alma, package) =
        (criterion("1", "AlmaLinux 9 is installed"), criterion("2", "qemu-kvm is earlier than 15:4.2.0-1"));
    let negated = |text: &str| text.replacen(" operator", " negate=\"true\" operator", 1);
    for (criteria, expected) in [
        (
            criteria(
                "OR",
                &[
                    criterion("1", "AlmaLinux must be installed"),
                    criteria("AND", &[alma.clone(), package.clone()]),
                ],
            ),
            &["AlmaLinux:9 qemu-kvm 0..15:4.2.0-1.el8"][..],
        ),
        // Where no criterion names a release, the only one of the metadata holds.
        (criteria("OR", std::slice::from_ref(&package)), &["AlmaLinux:8 qemu-kvm 0..15:4.2.0-1.el8"]),
        (format!("<criteria>{alma}{package}</criteria>"), &["AlmaLinux:9 qemu-kvm 0..15:4.2.0-1.el8"]),
        (negated(&criteria("AND", &[alma.clone(), package.clone()])), &[]),
        (criteria("AND", &[alma.clone(), negated(&criteria("OR", std::slice::from_ref(&package)))]), &[]),
        (
            criteria("AND", &[alma.replacen("/>", " negate=\"1\"/>", 1), package.clone()]),
            &["AlmaLinux:8 qemu-kvm 0..15:4.2.0-1.el8"],
        ),
        (criteria("AND", &[alma.clone(), package.replacen("/>", " negate=\"true\"/>", 1)]), &[]),
        (String::new(), &[]),
    ] {
        let text =
            file(&definition("oval:org.almalinux.alsa:def:20227967", "patch", metadata, &criteria), &tests);
        let content = read(&text).unwrap();
        assert_eq!(
            (&*content.records[0].id, &*content.records[0].ids),
            ("ALSA-2022:7967", &["CVE-2021-3507".to_owned()][..])
        );
        assert_eq!(written(&content), expected, "{criteria}");
    }
}

#[test]
fn files_that_are_matched_by_other_forms_are_refused() {
    for (id, expected) in [
        ("oval:com.redhat.rhsa:def:20240001", "Red Hat's OVAL names packages as installed; import its CSAF"),
        (
            "oval:com.ubuntu.jammy:def:53901000000",
            "Ubuntu's OVAL names packages as installed; import its OSV",
        ),
    ] {
        assert_eq!(read(&file(&definition(id, "patch", ORACLE, ""), &[])).unwrap_err(), expected);
    }
    let others = [
        definition("oval:org.debian:def:1", "vulnerability", "", ""),
        definition("oval:com.oracles:def:1", "patch", "", ""),
        definition("", "patch", "", ""),
        definition("oval:com.oracle.elsa:def:1", "inventory", "", ""),
    ];
    let content = read(&file(&others.concat(), &[])).unwrap();
    let left_out: Vec<_> = content.left_out.iter().map(|(what, count)| (what.as_str(), *count)).collect();
    assert_eq!(
        (left_out, content.read),
        (vec![("class inventory", 1), ("definitions of other authors", 3)], 4)
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one document")]
fn a_broken_definition_leaves_the_others_as_they_are() {
    let id = "oval:com.oracle.elsa:def:1";
    let good = definition("oval:com.oracle.elsa:def:2", "patch", ORACLE, &criterion("3", "no criteria"));
    let packages = criteria("AND", &[criterion("3", "openssl is earlier than 1:1.1.1g-15.el8_3")]);
    let metadata = |from: &str, to: &str| {
        assert!(ORACLE.contains(from));
        ORACLE.replacen(from, to, 1)
    };
    let many = |count: usize, one: &str| one.repeat(count);
    let releases = |count: usize| criterion("1", "Oracle Linux 8 is installed").repeat(count);
    for (metadata, criteria, expected) in [
        (String::new(), packages.clone(), "`` names no advisory"),
        (
            metadata("ELSA-2021-9151: ", "x "),
            packages.clone(),
            "`x nodejs:16 security update (IMPORTANT)` names no advisory",
        ),
        (
            metadata("ref_id=\"CVE-2021-3449\"", "ref_id=\"CVE-](x)\""),
            packages.clone(),
            "`CVE-](x)` is not an identifier",
        ),
        (metadata("2021-04-01", "soon"), packages.clone(), "`soon` is no date"),
        (
            metadata("<severity>IMPORTANT", "<severity>IM&#9;PORTANT"),
            packages.clone(),
            "`IM?PORTANT` is empty, too long or unprintable",
        ),
        (
            metadata("<reference", &format!("{}<reference", many(5_000, "<reference ref_id=\"CVE-1\"/>"))),
            packages.clone(),
            "5004 references, more than 5000",
        ),
        (
            metadata("<platform>Oracle Linux 8</platform>", ""),
            packages.clone(),
            "`openssl` is a package of no release",
        ),
        (ORACLE.to_owned(), criteria("AND", &[criterion("x", "?")]), "the test `tst:x` is not in the file"),
        (
            ORACLE.to_owned(),
            criteria("AND", &[criterion("9", "?")]),
            "version `1?` is too long or unprintable",
        ),
        (
            ORACLE.to_owned(),
            format!("{}{}", many(40, "<criteria>"), many(40, "</criteria>")),
            "more than 32 levels",
        ),
        (
            ORACLE.to_owned(),
            criteria("AND", &[releases(1_001)]),
            "1001 releases of one package, more than 1000",
        ),
        (
            ORACLE.to_owned(),
            criteria("AND", &[criterion("1", "Module a:1 is enabled").repeat(21)]),
            "21 modules of one package, more than 20",
        ),
        (
            ORACLE.to_owned(),
            criteria("AND", &[releases(1_000), criterion("3", "").repeat(201)]),
            "201000 packages, more than 200000",
        ),
    ] {
        let broken = definition(id, "patch", &metadata, &criteria);
        let mut tests = oracle_tests();
        tests.push(test("9", "bell", &earlier("1&#7;")));
        let content = read(&file(&format!("{broken}{good}"), &tests)).unwrap();
        assert_eq!(content.broken, [(id.to_owned(), expected.to_owned())]);
        assert_eq!((content.read, content.records.len()), (2, 1));
        let alone = read(&file(&broken, &tests)).unwrap_err();
        assert_eq!(alone, format!("no definition is usable; {id}: {expected}"));
    }
    let bare = format!("<definition id=\"{id}\" class=\"patch\"/>");
    assert_eq!(
        read(&file(&bare, &[])).unwrap_err(),
        format!("no definition is usable; {id}: it has no metadata")
    );
}

#[test]
fn hostile_files_are_refused_as_a_whole() {
    let whole = file(&definition("oval:com.oracle.elsa:def:1", "patch", ORACLE, ""), &oracle_tests());
    assert!(read(&whole).is_ok());
    for end in [0, 1, whole.len() / 2, whole.len() - 20] {
        assert!(read(&whole[..end]).is_err(), "cut at {end}");
    }
    for (text, expected) in [
        (
            whole.replacen("<oval_definitions", "<!DOCTYPE x [<!ENTITY a \"b\">]><oval_definitions", 1),
            "it has a document type",
        ),
        (whole.replacen("&amp;", "&a;", 1), "the entity `a` is not defined"),
        (file("", &[]), "it has no definitions"),
    ] {
        assert_eq!(read(&text).unwrap_err(), expected);
    }
    assert_eq!(Oval.read(b"<oval_definitions>\xff</oval_definitions>").unwrap_err(), "its text is not UTF-8");
}

#[test]
fn an_advisory_of_too_many_packages_is_broken() {
    let tests: Vec<_> =
        (0..=AFFECTED_MAX).map(|n| test(&n.to_string(), &format!("p{n}"), &earlier("0:1-1"))).collect();
    let all: Vec<_> = (0..=AFFECTED_MAX).map(|n| criterion(&n.to_string(), "")).collect();
    let id = "oval:com.oracle.elsa:def:1";
    let found = read(&file(&definition(id, "patch", ORACLE, &criteria("OR", &all)), &tests)).unwrap_err();
    assert_eq!(found, format!("no definition is usable; {id}: 20001 affected packages, more than 20000"));
}

#[test]
fn definitions_are_claimed_by_their_root() {
    for (text, expected) in [
        ("<?xml version=\"1.0\"?><oval_definitions xmlns=\"x\">", true),
        ("<ns0:oval_definitions xmlns:ns0=\"x\">", true),
        ("<oval_system_characteristics>", false),
        ("<updates>", false),
        ("{\"oval_definitions\": 1}", false),
    ] {
        let shape = Shape::of(text.as_bytes());
        assert_eq!((Oval.claims(&shape), Osv.claims(&shape)), (expected, false), "{text}");
        let by = format::of(&shape).map(format::Format::name);
        assert_eq!(by == Some("oval"), expected, "{text}");
    }
}
