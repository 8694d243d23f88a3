use super::*;
use crate::catalogue::found::{Form, Found};
use crate::catalogue::zip::made::{Made, entry, finish, overlapping, zip};

fn parsed(path: &str, bytes: &[u8]) -> Parsed {
    (CATALOGUER.parse)(&File { path, bytes })
}

fn shown(found: &Found) -> String {
    let inside = found.inside.as_ref().map(|inside| format!(" in {inside}")).unwrap_or_default();
    format!("{}:{}:{}{inside}", found.namespace, found.name, found.version)
}

fn listed(path: &str, bytes: &[u8]) -> Vec<String> {
    let parsed = parsed(path, bytes);
    assert_eq!((parsed.gaps, parsed.unreadable), (vec![], 0), "{path}");
    parsed.packages.iter().map(shown).collect()
}

fn manifest(text: &str) -> Made {
    entry("META-INF/MANIFEST.MF", format!("Manifest-Version: 1.0\r\n{text}")).deflated()
}

fn properties(group: &str, artifact: &str, version: &str) -> Made {
    let text = format!("version={version}\ngroupId={group}\nartifactId={artifact}\n");
    entry(format!("META-INF/maven/{group}/{artifact}/pom.properties"), text).deflated()
}

fn project(group: &str, artifact: &str, body: &str) -> Made {
    let text =
        format!("<project><groupId>{group}</groupId><artifactId>{artifact}</artifactId>{body}</project>");
    entry(format!("META-INF/maven/{group}/{artifact}/pom.xml"), text).deflated()
}

#[test]
fn archives_are_told_by_their_ending_and_by_being_one() {
    for (path, expected) in [
        ("a.jar", true),
        ("opt/x/A.WAR", true),
        ("a.b/c.ear", true),
        ("a.zap", true),
        ("a.lpkg", true),
        ("jar", false),
        ("a.jar.asc", false),
        ("a.class", false),
    ] {
        assert_eq!(is_archive(path), expected, "{path}");
    }
    for (path, bytes) in [
        ("a.jar", &b""[..]),
        ("a.rar", b"Rar!\x1a\x07\x01\x00 an archive of RARLAB's"),
        ("a.par", b"a Parchive file"),
    ] {
        assert_eq!(parsed(path, bytes), Parsed::default(), "{path}");
    }
    assert_eq!(parsed("a.jar", b"no zip").gaps, ["no zip archive, or cut off: it has no end record"]);
    // A zip under a doubtful name, with nothing of Java in it.
    assert_eq!(listed("a.nar", &zip(&[entry("x.txt", "y")])), [""; 0]);
    assert_eq!(listed("a-1.nar", &zip(&[manifest("")])), ["a:a:1"]);
}

#[test]
fn the_text_of_a_licence_counts_where_nothing_is_declared() {
    let apache = |name: &str| entry(name, "Apache License\nVersion 2.0, January 2004\n").deflated();
    let epl = |name: &str| entry(name, "JUnit\n\nEclipse Public License - v 1.0\n");
    let declared = project("g", "a", "<licenses><license><name>MIT</name></license></licenses>");
    for (entries, expected) in [
        (vec![manifest(""), apache("META-INF/LICENSE.txt")], &["Apache-2.0"][..]),
        (vec![manifest(""), epl("LICENSE-junit.txt")], &["EPL-1.0"]),
        // Whatever the order of the archive: the first by name that is recognised.
        (
            vec![apache("meta-inf/license"), epl("META-INF/LICENSE"), entry("LICENSE", "All yours.")],
            &["EPL-1.0"],
        ),
        (vec![declared, apache("META-INF/LICENSE")], &["MIT"]),
        // Those of what is shaded, and no texts.
        (vec![manifest(""), apache("META-INF/other/LICENSE"), apache("META-INF/LICENSE.class")], &[]),
        (vec![manifest(""), apache("META-INF/licenses")], &[]),
    ] {
        let found = parsed("a-1.jar", &zip(&entries));
        assert_eq!(
            (found.packages[0].licences.as_slice(), found.gaps.len()),
            (&expected.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>()[..], 0)
        );
    }
}

#[test]
fn the_record_that_fits_the_file_name_is_the_archive_and_others_are_shaded() {
    let guava = properties("com.google.guava", "guava", "31.1-jre");
    let other = properties("org.other", "other", "1");
    let shaded = "org.other:other:1 in META-INF/maven/org.other/other/pom.properties";
    for (path, entries, expected) in [
        ("guava-31.1-jre.jar", vec![guava.clone()], vec!["com.google.guava:guava:31.1-jre"]),
        // Debian's name, without a version.
        ("usr/share/java/guava.jar", vec![guava.clone()], vec!["com.google.guava:guava:31.1-jre"]),
        (
            "guava-31.1-jre.jar",
            vec![other.clone(), guava.clone()],
            vec!["com.google.guava:guava:31.1-jre", shaded],
        ),
        // Two groups with one artifact: the version of the file decides.
        (
            "core-2.jar",
            vec![properties("a.first", "core", "1"), properties("b.second", "core", "2")],
            vec!["b.second:core:2", "a.first:core:1 in META-INF/maven/a.first/core/pom.properties"],
        ),
        // The same record again, of the classes of a web application.
        (
            "x-1.war",
            vec![
                properties("g", "x", "1"),
                entry("WEB-INF/classes/pom.properties", "artifactId=x\ngroupId=g\nversion=1"),
            ],
            vec!["g:x:1"],
        ),
        ("x-1.jar", vec![project("g", "x", "<version>1</version>")], vec!["g:x:1"]),
        (
            "x-1.jar",
            vec![entry(
                "archetype-resources/pom.xml",
                "<project><artifactId>${artifactId}</artifactId></project>",
            )],
            vec!["x:x:1"],
        ),
    ] {
        assert_eq!(listed(path, &zip(&entries)), expected, "{path}");
    }
}

#[test]
fn files_are_named_after_their_artifacts_in_several_ways() {
    let other = properties("org.other", "other", "1");
    let shaded = "org.other:other:1 in META-INF/maven/org.other/other/pom.properties";
    for (path, entries, expected) in [
        // Renamed: nothing says which one it is, or the manifest says it is the only one.
        ("app.jar", vec![manifest("Implementation-Version: 7\n"), other.clone()], vec!["app:app:7", shaded]),
        (
            "app.jar",
            vec![manifest("Implementation-Title: other\n"), other.clone()],
            vec!["org.other:other:1"],
        ),
        ("app.jar", vec![manifest("Implementation-Version: 1\n"), other.clone()], vec!["org.other:other:1"]),
        // A version in the artifact's name, a classifier behind the file's.
        (
            "spec-1.2.1-1.2.1_3.jar",
            vec![properties("g", "spec-1.2.1", "1.2.1_3")],
            vec!["g:spec-1.2.1:1.2.1_3"],
        ),
        ("server-2.0-exec.jar", vec![properties("g", "server", "2.0")], vec!["g:server:2.0"]),
        (
            "spec-1.3-api.jar",
            vec![
                manifest("Bundle-SymbolicName: g.spec_1.3_api;singleton:=true\r\n"),
                properties("g", "spec_1.3_api", "1.0"),
            ],
            vec!["g:spec_1.3_api:1.0"],
        ),
        (
            "spec-3.0-api.jar",
            vec![manifest(""), properties("g", "spec_3.0_api", "1")],
            vec!["g:spec_3.0_api:1"],
        ),
    ] {
        assert_eq!(listed(path, &zip(&entries)), expected, "{path}");
    }
}

/// Manifests as in jars of Maven Central that have no Maven record.
#[test]
fn without_a_record_the_manifest_and_the_file_name_tell() {
    for (path, text, expected) in [
        (
            "spring-core-5.3.30.jar",
            "Implementation-Title: spring-core\r\nImplementation-Version: 5.3.30\r\n",
            "org.springframework:spring-core:5.3.30",
        ),
        (
            "xercesImpl.jar",
            "Created-By: 1.8\r\n\r\nName: org/apache/xerces/\r\nImplementation-Version: 2.12.2\r\n",
            "xerces:xercesImpl:2.12.2",
        ),
        (
            "h2-2.2.224.jar",
            "Bundle-SymbolicName: com.h2database\r\nBundle-Version: 2.2.224\r\n",
            "com.h2database:h2:2.2.224",
        ),
        (
            "bundle.jar",
            "Created-By: Apache Maven Bundle Plugin\r\nBundle-SymbolicName: org.example.thing\r\nBundle-Version: 3\r\n",
            "org.example.thing:thing:3",
        ),
        (
            "commons-logging-1.2.jar",
            "Created-By: Apache Maven Bundle Plugin\r\nBundle-SymbolicName: org.apache.commons.logging\r\n",
            "commons-logging:commons-logging:1.2",
        ),
        ("tool.jar", "Implementation-Version: 2.1 2009-04-17\r\n", "tool:tool:2.1"),
        ("tool.jar", "Implementation-Version: ${version}\r\nBundle-Version: 4\r\n", "tool:tool:4"),
        ("tool.jar", "", "tool:tool:"),
    ] {
        assert_eq!(listed(path, &zip(&[manifest(text)])), [expected], "{path}");
    }
    // New Relic's instrumentation of a library is named like it, and is not it.
    assert_eq!(listed("spring-webmvc-3.1.jar", &zip(&[manifest("Weave-Classes: a\r\n")])), [""; 0]);
}

#[test]
fn nested_archives_are_listed_where_they_lie_and_needed_by_what_holds_them() {
    let library = zip(&[properties("g", "lib", "2"), properties("s", "shaded", "3")]);
    let fat = zip(&[
        manifest("Start-Class: a.B\r\n"),
        properties("com.example", "app", "1"),
        entry("BOOT-INF/lib/lib-2.jar", &library),
        entry("BOOT-INF/lib/spring-core-5.3.30.jar", zip(&[manifest("")])).deflated(),
    ]);
    let war = zip(&[manifest(""), entry("WEB-INF/fat.jar", &fat).deflated()]);
    let parsed = parsed("srv/web-9.war", &war);
    assert_eq!((&parsed.gaps, parsed.unreadable), (&vec![], 0));
    let lib = "WEB-INF/fat.jar!/BOOT-INF/lib/lib-2.jar";
    let expected = [
        "web:web:9".to_owned(),
        "fat:fat: in WEB-INF/fat.jar".to_owned(),
        "com.example:app:1 in WEB-INF/fat.jar!/META-INF/maven/com.example/app/pom.properties".to_owned(),
        format!("g:lib:2 in {lib}"),
        format!("s:shaded:3 in {lib}!/META-INF/maven/s/shaded/pom.properties"),
        "org.springframework:spring-core:5.3.30 in WEB-INF/fat.jar!/BOOT-INF/lib/spring-core-5.3.30.jar"
            .to_owned(),
    ];
    assert_eq!(parsed.packages.iter().map(shown).collect::<Vec<_>>(), expected);
    let needs = |index: usize| -> Vec<&str> {
        parsed.packages[index].needs.iter().map(|need| need.name.as_str()).collect()
    };
    assert_eq!(needs(0), ["fat/fat"]);
    assert_eq!(needs(1), ["com.example/app", "g/lib", "org.springframework/spring-core"]);
    assert_eq!(needs(3), ["s/shaded"]);
    let forms: Vec<Form> = parsed.packages.iter().map(|found| found.form).collect();
    let (archive, compiled) = (Form::Archive, Form::Compiled);
    assert_eq!(forms, [archive, archive, compiled, archive, compiled, archive]);
    // The digest is that of the nested file; the outermost one is hashed by the reader of the layer.
    let mut hasher = crate::model::Hasher::new(crate::model::Algorithm::Sha512);
    hasher.update(&library);
    assert_eq!(parsed.packages[3].sha512.as_deref(), Some(hasher.finish().hex()));
    assert_eq!(parsed.packages[0].sha512, None);
}

#[test]
fn the_graph_of_an_image_leads_from_an_archive_to_what_is_inside() {
    use crate::catalogue::{FileFacts, LayerFacts, merge};
    let library = zip(&[project("g", "lib", "<version>2</version>"), properties("s", "shaded", "3")]);
    let body = "<version>4</version><dependencies><dependency><groupId>g</groupId><artifactId>lib</artifactId>\
        </dependency></dependencies>";
    let user = zip(&[project("g", "user", body)]);
    let war = zip(&[manifest(""), entry("lib/lib-2.jar", library), entry("lib/user-4.jar", user)]);
    let readings = [("java".to_owned(), parsed("srv/web-9.war", &war))].into_iter().collect();
    let files = [("srv/web-9.war".to_owned(), FileFacts { size: 1, readings })].into_iter().collect();
    let contents = merge(&[std::sync::Arc::new(LayerFacts { files, ..LayerFacts::default() })]);
    let needs = |purl: &str| -> Vec<String> {
        let component = contents.components.iter().find(|component| component.purl == purl).unwrap();
        component.needs.iter().cloned().collect()
    };
    assert_eq!(needs("pkg:maven/web/web@9"), ["pkg:maven/g/lib@2", "pkg:maven/g/user@4"]);
    assert_eq!(needs("pkg:maven/g/lib@2"), ["pkg:maven/s/shaded@3"]);
    assert_eq!(needs("pkg:maven/g/user@4"), ["pkg:maven/g/lib@2"]);
}

#[test]
fn licences_source_creator_and_needs_come_from_the_project_else_from_the_manifest() {
    let body = "<version>1</version><licenses><license><name>EPL 2.0</name></license>\
        <license><name>GPL2 w/ CPE</name></license></licenses>\
        <dependencies><dependency><groupId>g</groupId><artifactId>d</artifactId></dependency></dependencies>";
    let text = "Bundle-License: http://a/LICENSE\r\nBundle-SCM: url=https://example.org/x\r\nBundle-Vendor: Example\r\n";
    let with = parsed("x-1.jar", &zip(&[manifest(text), project("g", "x", body)]));
    assert_eq!(with.packages[0].licences, ["(EPL 2.0) OR (GPL2 w/ CPE)"]);
    assert_eq!(with.packages[0].needs[0].name, "g/d");
    assert_eq!(with.packages[0].source_url.as_deref(), Some("https://example.org/x"));
    assert_eq!(with.packages[0].creator.as_deref(), Some("Example"));
    let without = parsed("x-1.jar", &zip(&[manifest(text)]));
    assert_eq!(without.packages[0].licences, ["http://a/LICENSE"]);
}

#[test]
fn addresses_and_makers_hold_neither_secrets_nor_what_deceives() {
    let told =
        "Implementation-Vendor: E\0\u{1b}[2Jle\r\nBundle-SCM: url=\"https://user:secret@git.example/a\"\r\n";
    let found = &parsed("srv/a-1.jar", &zip(&[manifest(told)])).packages[0];
    let text = format!("Bundle-License: {}\r\n", "w".repeat(3000));
    assert!(parsed("srv/a-1.jar", &zip(&[manifest(&text)])).packages[0].licences.is_empty());
    assert_eq!(
        (found.creator.as_deref(), found.source_url.as_deref()),
        (Some("E[2Jle"), Some("https://git.example/a"))
    );
    let body = "<version>1</version><scm><url>https://user:secret@git.example/a</url></scm>\
        <organization><name>A\u{202e}B</name></organization>";
    let found =
        &parsed("srv/a-1.jar", &zip(&[project("g", "a", body), properties("g", "a", "1")])).packages[0];
    assert_eq!(
        (found.creator.as_deref(), found.source_url.as_deref()),
        (Some("AB"), Some("https://git.example/a"))
    );
}

#[test]
fn an_archive_nested_a_hundred_deep_is_read_to_the_limit_and_told() {
    let mut bytes = zip(&[manifest("")]);
    for depth in (0..100).rev() {
        bytes = zip(&[manifest(""), entry(format!("a-{depth}.jar"), bytes)]);
    }
    let parsed = parsed("top.jar", &bytes);
    assert_eq!(parsed.packages.len(), 9);
    assert_eq!(parsed.gaps.len(), 1);
    assert!(parsed.gaps[0].ends_with("a-8.jar: deeper than 8 archives"), "{:?}", parsed.gaps);
}

#[test]
fn a_flat_bomb_of_archives_is_a_gap() {
    let big = zip(&[entry("zeros", vec![0; 30 << 20])]);
    let names = ["a.jar", "b.jar", "c.jar", "d.jar"];
    let bytes = zip(&names.map(|name| entry(name, &big).deflated()));
    assert!(bytes.len() < 200_000);
    // Two of them fit into what is read of any archive, 64 MiB.
    let parsed = parsed("bomb.jar", &bytes);
    assert_eq!(
        parsed.gaps,
        ["c.jar", "d.jar"].map(|name| format!("{name}: the archive inflates to too many bytes in all"))
    );
}

#[test]
fn overlapping_entries_that_nest_themselves_are_a_gap() {
    // Each of a thousand entries is the same stored archive, which has a thousand entries of that kind, and so on.
    let names: Vec<String> = (0..1000).map(|index| format!("{index:04}.jar")).collect();
    let mut bytes = zip(&[manifest("")]);
    for _ in 0..4 {
        let made = Made { name: b"0000.jar".to_vec(), ..entry("0000.jar", &bytes) };
        bytes = overlapping(&made, &names);
    }
    let parsed = parsed("a.jar", &bytes);
    assert!(!parsed.gaps.is_empty() && parsed.gaps.len() <= 32);
    assert!(parsed.packages.len() <= 20_001);
}

#[test]
fn entries_that_are_not_what_they_say_are_gaps_and_the_rest_is_read() {
    let honest = properties("g", "honest", "1");
    let inner = entry("lib/b-1.jar", zip(&[manifest("")]));
    let name = |name: &str| Some(name.as_bytes().to_vec());
    for (entries, expected) in [
        (vec![Made { size: Some(3), ..inner.clone() }], "lib/b-1.jar: its sizes do not fit its content"),
        (vec![Made { size: Some(u32::MAX - 1), ..inner.clone() }], "lib/b-1.jar: larger than 67108864 bytes"),
        (vec![Made { flags: 1, ..inner.clone() }], "lib/b-1.jar: encrypted"),
        (vec![Made { method: Some(12), ..inner.clone() }], "lib/b-1.jar: compression method 12 is not read"),
        (
            vec![Made { checksum: Some(7), ..inner.clone() }],
            "lib/b-1.jar: its content does not have the checksum it should have",
        ),
        (
            vec![Made { local_name: name("other.txt"), ..inner.clone() }],
            "lib/b-1.jar: the local header is missing or names another entry",
        ),
        (
            vec![Made { flags: 1, ..properties("g", "b", "1") }],
            "META-INF/maven/g/b/pom.properties: encrypted",
        ),
        (
            vec![Made { method: Some(9), ..manifest("") }],
            "META-INF/MANIFEST.MF: compression method 9 is not read",
        ),
        (
            vec![entry("lib/c-1.jar", "no zip")],
            "lib/c-1.jar: no zip archive, or cut off: it has no end record",
        ),
    ] {
        let parsed = parsed("honest-1.jar", &zip(&[&[honest.clone()][..], &entries].concat()));
        assert_eq!((shown(&parsed.packages[0]), parsed.packages.len()), ("g:honest:1".to_owned(), 1));
        assert_eq!(parsed.gaps, [expected]);
    }
}

#[test]
fn names_of_entries_lead_nowhere_and_are_shown_without_control_characters() {
    let inner = zip(&[manifest("")]);
    let entries = [
        entry("../../etc/cron.d/a-1.jar", &inner),
        entry("/abs/b-1.jar", &inner),
        entry("c\u{1b}[2J/\u{202e}d-1.jar", &inner),
        entry(b"e\xff-1.jar", &inner),
        entry(format!("{}/f-1.jar", "x".repeat(5000)), &inner),
    ];
    let parsed = parsed("a-1.jar", &zip(&entries));
    let inside: Vec<&str> = parsed.packages[1..].iter().filter_map(|found| found.inside.as_deref()).collect();
    assert_eq!(inside, ["../../etc/cron.d/a-1.jar", "/abs/b-1.jar"]);
    // Three of them make no package URL, or have lost their ending by being cut.
    assert_eq!((parsed.packages.len(), parsed.unreadable), (3, 3));
}

#[test]
fn a_manifest_of_a_hundred_megabytes_costs_one() {
    let mut text = b"Manifest-Version: 1.0\nImplementation-Version: 5\n\n".to_vec();
    text.resize(100 << 20, b'x');
    assert_eq!(listed("a.jar", &zip(&[entry("META-INF/MANIFEST.MF", text).deflated()])), ["a:a:5"]);
}

#[test]
fn a_million_entries_cost_no_package() {
    let one = zip(&[entry("x", "")]);
    let directory = one[31..31 + 47].repeat(1_000_000);
    let parsed = parsed("a-1.jar", &finish(one[..31].to_vec(), &directory, 1_000_000));
    assert_eq!((parsed.packages.len(), parsed.gaps), (1, vec![]));
}

#[test]
fn records_beyond_the_limit_are_counted() {
    let entries: Vec<Made> = (0..5007).map(|index| properties("g", &format!("a{index}"), "1")).collect();
    let parsed = parsed("x-1.jar", &zip(&entries));
    assert_eq!((parsed.packages.len(), parsed.unreadable), (5001, 7));
}

#[test]
fn coordinates_that_are_no_words_are_counted() {
    for (group, artifact, version) in
        [("g", "a b", "1"), ("g", "a", "1 2"), ("g\u{1b}[2J", "a", "1"), ("g", "", "1")]
    {
        let text = format!("version={version}\ngroupId={group}\nartifactId={artifact}\n");
        let parsed = parsed("x-1.jar", &zip(&[entry("META-INF/maven/g/a/pom.properties", text)]));
        assert_eq!((parsed.packages.len(), parsed.unreadable), (1, 1), "{group} {artifact} {version}");
    }
}

#[test]
fn archives_cut_off_or_changed_anywhere_are_read_or_told() {
    let whole = zip(&[
        manifest("Implementation-Version: 1\r\n"),
        properties("g", "a", "1"),
        entry("lib/b-1.jar", zip(&[manifest("")])),
    ]);
    for length in 1..whole.len() {
        assert!(!parsed("a.jar", &whole[..length]).gaps.is_empty(), "{length}");
    }
    for at in 0..whole.len() {
        for value in [0, 0x7f, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            assert!(parsed("a.jar", &bytes).packages.len() <= 3);
        }
    }
}

#[test]
fn an_archive_that_is_streamed_tells_the_same() {
    let bytes = zip(&[
        manifest("Implementation-Version: 1\r\n"),
        properties("g", "shaded", "3"),
        project("g", "shaded", "<version>3</version>"),
        entry("WEB-INF/lib/b-1.jar", zip(&[manifest(""), properties("h", "deep", "2")])),
        entry("WEB-INF/lib/c-1.jar", "no zip"),
    ]);
    let held = parsed("a.war", &bytes);
    let streamed = read_large("a.war", bytes.len() as u64, &mut bytes.as_slice());
    let sorted = |parsed: &Parsed| {
        let mut shown: Vec<String> = parsed.packages.iter().map(shown).collect();
        shown.sort();
        shown
    };
    assert_eq!(sorted(&held), sorted(&streamed));
    assert_eq!((&held.gaps, shown(&held.packages[0])), (&streamed.gaps, shown(&streamed.packages[0])));
    let needs = |parsed: &Parsed| parsed.packages[0].needs.clone();
    assert_eq!(needs(&held), needs(&streamed));
    let cut = read_large("a.war", 100, &mut &bytes[..bytes.len() - 30]);
    assert_eq!(cut.gaps.last().map(String::as_str), Some("no zip archive, or cut off: it has no end record"));
    assert_eq!(read_large("a.rar", 9, &mut &b"Rar!\x1a\x07\x01\x00"[..]), Parsed::default());
}
