use super::*;
use crate::advisory::{
    format::{self, places::tests::written},
    record::AFFECTED_MAX,
};

fn file(updates: &[String]) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<updates>{}\n</updates>", updates.concat())
}

/// An erratum as createrepo_c writes it, with one collection.
fn update(id: &str, attributes: &str, inside: &str, collection: &str) -> String {
    format!(
        "\n<update {attributes} from=\"x@example.com\" version=\"1.4\"><id>{id}</id>{inside}\
         <description>A &lt;b&gt; &#10; c</description><pkglist><collection short=\"c\"><name>c</name>{collection}\
         </collection></pkglist></update>"
    )
}

const SECURITY: &str = "status=\"final\" type=\"security\"";

fn read(text: &str) -> Result<Content, String> {
    Updateinfo.read(text.as_bytes())
}

#[test]
fn errata_of_amazon_name_installed_packages() {
    let inside = "<title>Amazon Linux 2 - ALAS2-2018-939: critical priority package update for kernel</title>\
        <issued date=\"2018-01-05 00:16\" /><updated date=\"2018-01-08 19:05\" /><severity>critical</severity>\
        <references><reference href=\"x\" id=\"CVE-2017-5754\" title=\"\" type=\"cve\" />\
        <reference href=\"x\" id=\"RHSA-2018:0007\" title=\"\" type=\"redhat\" /></references>";
    let packages = "<package arch=\"x86_64\" epoch=\"0\" name=\"kernel\" release=\"38.79.amzn2\" version=\"4.9.76\">\
        <filename>Packages/kernel-4.9.76-38.79.amzn2.x86_64.rpm</filename></package>\
        <package arch=\"aarch64\" epoch=\"0\" name=\"kernel\" release=\"38.79.amzn2\" version=\"4.9.76\"/>\
        <package arch=\"x86_64\" epoch=\"1\" name=\"perf\" release=\"38.79.amzn2\" version=\"4.9.76\"/>";
    for (id, expected) in [
        ("ALAS2-2018-939", Ok("Amazon Linux:2")),
        ("ALAS-2018-939", Ok("Amazon Linux:1")),
        ("ALAS2023-2023-001", Ok("Amazon Linux:2023")),
        ("ALAS2KERNEL-5.10-2022-001", Err("errata ALAS2KERNEL")),
        ("ALASDOCKER-2021-001", Err("errata ALASDOCKER")),
        ("FEDORA-2021-001", Err("errata FEDORA")),
        ("", Err("errata ")),
    ] {
        let content = read(&file(&[update(id, SECURITY, inside, packages)])).unwrap();
        assert_eq!((content.read, &content.broken), (1, &vec![]));
        let ecosystem = match expected {
            Ok(ecosystem) => ecosystem,
            Err(other) => {
                assert_eq!(
                    (content.left_out, content.records),
                    (BTreeMap::from([(other.to_owned(), 1)]), vec![])
                );
                continue;
            }
        };
        let record = &content.records[0];
        assert_eq!((record.id.as_str(), record.is_no_vulnerability, record.withdrawn), (id, false, false));
        assert_eq!(
            (record.ids.join(" "), record.modified.to_string()),
            ("CVE-2017-5754".into(), "2018-01-08T19:05:00Z".into())
        );
        assert_eq!(
            written(&content),
            [
                format!("{ecosystem} kernel 0..0:4.9.76-38.79.amzn2 vendor=critical"),
                format!("{ecosystem} perf 0..1:4.9.76-38.79.amzn2 vendor=critical"),
            ]
        );
    }
}

#[test]
fn errata_of_rocky_are_kept_by_source_package() {
    let inside = "<title>Important: openssl security update</title><issued date=\"2023-02-28 08:17:38\"/>\
        <severity>Important</severity>";
    let package = |name: &str, epoch: &str, version: &str, source: &str| {
        format!(
            "<package name=\"{name}\" version=\"{version}\" release=\"47.el9_1\" epoch=\"{epoch}\" arch=\"x86_64\" {source}/>"
        )
    };
    let openssl = "src=\"openssl-3.0.1-47.el9_1.src.rpm\"";
    let base =
        [package("openssl-libs", "0", "3.0.1", openssl), package("openssl", "1", "3.0.1", openssl)].concat();
    let others = [
        package("perl-x", "2", "9.9", "src=\"perl-5.32-47.el9_1.src.rpm\""),
        package("nothing", "0", "1", ""),
        package("strange", "0", "1", "src=\"strange\""),
    ]
    .concat();
    let app = others + &package("logos", "0", "1", "src=\"logos-1-1.src.rpm\"").replacen("47.el9_1", "47", 1);
    let content = read(&file(&[
        update("RLSA-2023:0946", SECURITY, inside, &base),
        update("RLSA-2023:0946", SECURITY, &inside.replace("02-28", "03-01"), &app),
    ]))
    .unwrap();
    assert_eq!((content.read, content.records.len()), (2, 1));
    assert_eq!(content.records[0].modified.to_string(), "2023-03-01T08:17:38Z");
    assert_eq!(
        written(&content),
        [
            "Rocky Linux:9 openssl 0..1:3.0.1-47.el9_1 vendor=Important",
            "Rocky Linux:9 perl 0..2:5.32-47.el9_1 vendor=Important",
        ]
    );
    let left_out: Vec<_> = content.left_out.iter().map(|(what, count)| (what.as_str(), *count)).collect();
    assert_eq!(left_out, [("packages of no known release", 1), ("packages without a source package", 1)]);
}

#[test]
fn errata_about_modules_name_their_stream() {
    let module = "<module name=\"nodejs\" stream=\"16\" version=\"8060020220523160029\" context=\"ad008a3a\" arch=\"x86_64\"/>";
    let package = "<package name=\"nodejs\" version=\"16.14.0\" release=\"4.module+el8.6.0+20565\" epoch=\"1\" \
        arch=\"x86_64\" src=\"nodejs-16.14.0-4.module+el8.6.0+20565.src.rpm\"/>";
    for (id, title, collection, expected) in [
        (
            "RLSA-2022:1",
            "x",
            [module, package].concat(),
            "Rocky Linux:8 nodejs [nodejs:16] 0..1:16.14.0-4.module+el8.6.0+20565",
        ),
        (
            "ELSA-2022-1",
            "ELSA-2022-1: nodejs:18 update",
            package.to_owned(),
            "Oracle Linux:8 nodejs [nodejs:18] 0..1:16.14.0-4.module+el8.6.0+20565",
        ),
        (
            "ELSA-2022-1",
            "x",
            package.to_owned(),
            "Oracle Linux:8 nodejs [] 0..1:16.14.0-4.module+el8.6.0+20565",
        ),
    ] {
        let title = format!("<title>{title}</title>");
        assert_eq!(written(&read(&file(&[update(id, SECURITY, &title, &collection)])).unwrap()), [expected]);
    }
}

#[test]
fn errata_of_oracle_leave_out_what_is_beside_the_distribution() {
    let package = |epoch: &str, release: &str| {
        format!(
            "<package name=\"openssl\" epoch=\"{epoch}\" version=\"1.1.1k\" release=\"{release}\" arch=\"x86_64\" src=\"x-1-1.src.rpm\"/>"
        )
    };
    let all =
        [package("None", "9.el8_7"), package("2", "9.ksplice1.el8_7"), package("10", "9.el8_fips")].concat();
    let content = read(&file(&[update("ELSA-2023-0946", SECURITY, "", &all)])).unwrap();
    assert_eq!(written(&content), ["Oracle Linux:8 openssl 0..1.1.1k-9.el8_7"]);
    assert_eq!(content.left_out.keys().collect::<Vec<_>>(), ["Oracle Linux FIPS", "Oracle Linux Ksplice"]);
}

#[test]
fn errata_say_what_they_are() {
    let cve = "<references><reference id=\"CVE-2024-1\" type=\"cve\"/></references>";
    for (attributes, inside, no_vulnerability, withdrawn) in [
        (SECURITY, "", false, false),
        ("status=\"final\" type=\"bugfix\"", "", true, false),
        ("status=\"final\" type=\"enhancement\"", "", true, false),
        ("status=\"final\" type=\"bugfix\"", cve, false, false),
        ("status=\"retracted\" type=\"security\"", "", false, true),
        ("", "<severity>None</severity>", true, false),
    ] {
        let content = read(&file(&[update("RLSA-1", attributes, inside, "")])).unwrap();
        let record = &content.records[0];
        assert_eq!(
            (record.is_no_vulnerability, record.withdrawn),
            (no_vulnerability, withdrawn),
            "{attributes}"
        );
        assert_eq!(record.modified, Instant::default());
    }
    // Of two that are one erratum a vulnerability counts.
    let both = [update("RLSA-1", "type=\"bugfix\"", "", ""), update("RLSA-1", "type=\"bugfix\"", cve, "")];
    let content = read(&file(&both)).unwrap();
    assert_eq!((content.records[0].is_no_vulnerability, content.records[0].ids.len()), (false, 1));
}

#[test]
fn a_broken_erratum_leaves_the_others_as_they_are() {
    let package = |attributes: &str| format!("<package name=\"p\" arch=\"x86_64\" {attributes}/>");
    let good = update("ALAS2-1-1", SECURITY, "", &package("version=\"1\" release=\"1\""));
    let many: String = (0..=LIST_MAX)
        .map(|n| format!("<reference type=\"cve\" id=\"CVE-{n}\"/>"))
        .collect::<Vec<_>>()
        .concat();
    let packages: Vec<_> =
        (0..=AFFECTED_MAX).map(|n| format!("<package name=\"p{n}\" version=\"1\" release=\"1\"/>")).collect();
    for (id, inside, collection, expected) in [
        ("ALAS2-](x)", String::new(), String::new(), "`ALAS2-](x)` is not an identifier"),
        ("ALAS2-1", String::new(), package("version=\"1\""), "`p` has no version"),
        ("ALAS2-1", String::new(), package("release=\"1\""), "`p` has no version"),
        (
            "ALAS2-1",
            String::new(),
            "<package version=\"1\" release=\"1\"/>".into(),
            "`` is empty, too long or unprintable",
        ),
        (
            "ALAS2-1",
            String::new(),
            package("version=\"1&#7;\" release=\"1\""),
            "version `1?-1` is too long or unprintable",
        ),
        ("ALAS2-1", String::new(), "<module name=\"a\"/>".into(), "a module without a stream"),
        (
            "ALAS2-1",
            "<severity>a&#9;b</severity>".into(),
            String::new(),
            "`a?b` is empty, too long or unprintable",
        ),
        ("ALAS2-1", "<updated date=\"soon\"/>".into(), String::new(), "`soon` is no date"),
        (
            "ALAS2-1",
            "<references><reference type=\"cve\" id=\"(x)\"/></references>".into(),
            String::new(),
            "`(x)` is not an identifier",
        ),
        (
            "ALAS2-1",
            format!("<references>{many}</references>"),
            String::new(),
            "5001 vulnerabilities, more than 5000",
        ),
        ("ALAS2-1", String::new(), packages.concat(), "20001 affected packages, more than 20000"),
        ("", format!("{}{}", "<x>".repeat(40), "</x>".repeat(40)), String::new(), "more than 32 levels"),
    ] {
        let broken = update(id, SECURITY, &inside, &collection);
        let content = read(&file(&[broken, good.clone()])).unwrap();
        assert_eq!(content.broken, [(id.to_owned(), expected.to_owned())]);
        assert_eq!((content.read, written(&content)), (2, vec!["Amazon Linux:2 p 0..1-1".to_owned()]));
    }
}

#[test]
fn hostile_files_are_refused_as_a_whole() {
    let whole = file(&[update("ALAS2-1", SECURITY, "", "")]);
    for end in [0, 1, whole.len() / 2, whole.len() - 2] {
        assert!(read(&whole[..end]).is_err(), "cut at {end}");
    }
    assert_eq!(
        read(&whole.replacen("<updates>", "<!DOCTYPE updates><updates>", 1)).unwrap_err(),
        "it has a document type"
    );
    assert_eq!(read(&whole.replacen("&lt;", "&x;", 1)).unwrap_err(), "the entity `x` is not defined");
    let many = format!("<updates>{}</updates>", "<update/>".repeat(200_001));
    assert_eq!(read(&many).unwrap_err(), "more than 200000 errata");
    assert_eq!(read("<updates/>").unwrap().read, 0);
}

#[test]
fn update_information_is_claimed_by_its_root() {
    for (text, expected) in [
        ("<?xml version=\"1.0\" ?>\n<updates><update>", Some("updateinfo")),
        ("<oval_definitions>", Some("oval")),
        ("<updateinfo>", None),
        ("{\"updates\": []}", None),
    ] {
        let shape = Shape::of(text.as_bytes());
        assert_eq!(format::of(&shape).map(format::Format::name), expected, "{text}");
        assert_eq!(Updateinfo.claims(&shape), expected == Some("updateinfo"), "{text}");
    }
}
