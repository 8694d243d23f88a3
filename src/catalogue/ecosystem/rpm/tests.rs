use std::io::Write as _;
use std::path::PathBuf;

use super::fixture::{PAGE, SCHEMA, bdb, databases, header, ndb, number, plain, short, sqlite, sqlite_root};
use super::*;
use crate::catalogue::found::Need;
use crate::model::Digest;

fn parse(path: &str, bytes: &[u8]) -> Parsed {
    read(&File { path, bytes })
}

fn names(parsed: &Parsed) -> Vec<String> {
    parsed.packages.iter().map(|found| format!("{}-{}", found.name, found.version)).collect()
}

/// Writes a package as `rpm -qa` does when asked for `%{NAME}\t%{EPOCH}\t%{VERSION}-%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\t
/// %{LICENSE}\t%{MODULARITYLABEL}\n`.
fn line(found: &Found) -> String {
    let told = |value: Option<&String>| value.cloned().unwrap_or_else(|| "(none)".to_owned());
    let source = found.source.as_ref().map(|source| format!("{}-{}.src.rpm", source.name, source.version));
    [
        found.name.clone(),
        told(found.qualifiers.get("epoch")),
        found.version.clone(),
        told(found.architecture.as_ref()),
        told(source.as_ref()),
        told(found.licences.first()),
        told(found.qualifiers.get("rpmmod")),
    ]
    .join("\t")
}

/// A real database of the corpora, with the SHA-256 of the sorted lines of `line` by the tool that owns the format.
struct Corpus {
    file: &'static str,
    path: &'static str,
    packages: usize,
    lines: &'static str,
}

const CORPORA: [Corpus; 3] = [
    // RPM 4.18, `rpm --define '_db_backend bdb_ro' -qa --qf …`.
    Corpus {
        file: "libuuid-Packages",
        path: "var/lib/rpm/Packages",
        packages: 1,
        lines: "9be8d3d1a611c9d79101870590111b5ca7b46de100bd95fc4f94b423972ede7a",
    },
    // RPM 4.18, which reads SQLite by itself.
    Corpus {
        file: "cbl-mariner-2.0-rpmdb.sqlite.zst",
        path: "var/lib/rpm/rpmdb.sqlite",
        packages: 129,
        lines: "bbf41abe33bc305b230874a32bd1616a3fd45266e47ba93fcd593672d6887cd1",
    },
    // go-rpmdb 0.2.0, because RPM is built without ndb at hand.
    Corpus {
        file: "sle15-bci-Packages.db.zst",
        path: "usr/lib/sysimage/rpm/Packages.db",
        packages: 35,
        lines: "3ea4ad54deba439a8928832ce3276d60fd5f511a6fac601783c59e06bf57382e",
    },
];

fn corpora(what: &str) -> Vec<(&'static Corpus, Vec<u8>)> {
    let Some(folder) = std::env::var_os("FONDACO_CORPORA") else {
        let _ = writeln!(std::io::stderr(), "left out, because FONDACO_CORPORA is not set: {what}");
        return vec![];
    };
    let folder = PathBuf::from(folder).join("rpmdb");
    let read = |corpus: &'static Corpus| {
        let bytes = std::fs::read(folder.join(corpus.file)).unwrap();
        // The magic of a frame (RFC 8878, section 3.1.1).
        let is_compressed = bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
        (corpus, if is_compressed { zstd::decode_all(bytes.as_slice()).unwrap() } else { bytes })
    };
    CORPORA.iter().map(read).collect()
}

#[test]
fn real_databases_are_read_as_rpm_reads_them() {
    for (corpus, bytes) in corpora("real RPM databases were not read") {
        let parsed = parse(corpus.path, &bytes);
        assert_eq!((parsed.packages.len(), parsed.unreadable), (corpus.packages, 0), "{}", corpus.file);
        assert_eq!(parsed.gaps, Vec::<String>::new());
        let mut lines: Vec<String> = parsed.packages.iter().map(line).collect();
        lines.sort();
        let text = lines.join("\n") + "\n";
        assert_eq!(Digest::sha256(&text).hex(), corpus.lines, "{text}");
    }
}

/// Checked against `rpm -ql libuuid`, `rpm -q --requires libuuid` and `rpm -qi libuuid`.
#[test]
fn a_real_package_tells_its_files_needs_and_maker() {
    for (_, bytes) in corpora("a real RPM package was not read").into_iter().take(1) {
        let parsed = parse("var/lib/rpm/Packages", &bytes);
        let found = &parsed.packages[0];
        assert_eq!(found.owns.len(), 7);
        assert!(found.owns.contains(&PathKey::of("usr/share/licenses/libuuid/COPYING.BSD-3")));
        assert!(found.needs.contains(&Need::any("libc.so.6(GLIBC_2.25)(64bit)")));
        assert!(found.provides.contains(&"libuuid.so.1()(64bit)".to_owned()));
        assert_eq!(found.creator.as_deref(), Some("http://bugzilla.redhat.com/bugzilla"));
        assert_eq!(found.website.as_deref(), Some("http://en.wikipedia.org/wiki/Util-linux"));
        let source = found.source.as_ref().unwrap();
        assert_eq!((source.name.as_str(), source.version.as_str()), ("util-linux", "2.32.1-42.el8_8"));
    }
}

#[test]
fn every_format_yields_its_packages() {
    for (path, bytes) in databases() {
        let parsed = parse(path, &bytes);
        assert_eq!(names(&parsed), ["a-1.0-1", "b-1.0-1", "c-1.0-1"], "{path}: {:?}", parsed.gaps);
        assert_eq!((parsed.unreadable, parsed.gaps.len()), (0, 0), "{path}");
    }
    for (path, bytes) in
        [("a/rpmdb.sqlite", sqlite(SCHEMA, &[])), ("a/Packages.db", ndb(&[])), ("a/Packages", bdb(&[]))]
    {
        assert_eq!(parse(path, &bytes), Parsed::default(), "{path}");
    }
}

#[test]
fn tags_beside_the_identity_are_read() {
    let blob = header(&[
        (1000, 6, 1, b"nodejs\0"),
        (1001, 6, 1, b"9.9\0"),
        (1001, 6, 1, b"12.1~rc1\0"),
        (1002, 6, 1, b"3.el8\0"),
        (1003, 4, 1, &[0, 0, 0, 1]),
        (1011, 6, 1, b"Fedora Project\0"),
        (1014, 6, 1, b"MIT and  ASL 2.0\0"),
        (1015, 6, 1, b"Fedora Project\0"),
        (1020, 6, 1, b"https://nodejs.org/\0"),
        (1044, 6, 1, b"nodejs-src-12.1~rc1-3.el8.nosrc.rpm\0"),
        (1049, 8, 4, b"/bin/sh\0rpmlib(X)\0(a if b)\0libc.so.6\0"),
        (1116, 4, 2, &[0, 0, 0, 1, 0, 0, 0, 0]),
        (1117, 8, 2, b"node\0doc\0"),
        (1118, 8, 2, b"/usr/share/\0/usr/bin/\0"),
        (5096, 6, 1, b"nodejs:12:8030020:229f0a1c\0"),
        (9999, 7, 3, b"\x01\x02\x03"),
    ]);
    let shell = header(&[
        (1000, 6, 1, b"bash\0"),
        (1001, 6, 1, b"5\0"),
        (1002, 6, 1, b"1\0"),
        (1116, 4, 1, &[0; 4]),
        (1117, 8, 1, b"sh\0"),
        (1118, 8, 1, b"/usr/bin/\0"),
    ]);
    let parsed = parse("x/Packages.db", &ndb(&[blob, shell, plain("gpg-pubkey")]));
    let [node, bash] = parsed.packages.as_slice() else { panic!("{parsed:?}") };
    let source = node.source.as_ref().unwrap();
    assert_eq!((source.name.as_str(), source.version.as_str()), ("nodejs-src", "12.1~rc1-3.el8"));
    assert_eq!((node.name.as_str(), node.version.as_str()), ("nodejs", "12.1~rc1-3.el8"));
    assert_eq!(node.qualifiers["epoch"], "1");
    assert_eq!(node.qualifiers["rpmmod"], "nodejs:12:8030020:229f0a1c");
    assert_eq!(node.licences, ["MIT and ASL 2.0"]);
    assert_eq!(node.creator.as_deref(), Some("Fedora Project"));
    assert_eq!(node.website.as_deref(), Some("https://nodejs.org/"));
    assert_eq!(node.needs, ["/bin/sh", "libc.so.6"].map(Need::any));
    assert_eq!(node.owns, ["usr/bin/node", "usr/share/doc"].map(PathKey::of));
    assert_eq!(bash.provides, ["/bin/sh"]);
    assert_eq!(parsed.unreadable, 0);
}

#[test]
fn hostile_headers_are_counted_and_their_packages_kept_where_they_have_a_name() {
    let named: [(u32, u32, u32, &[u8]); 3] =
        [(1000, 6, 1, b"a\0"), (1001, 6, 1, b"1\0"), (1002, 6, 1, b"1\0")];
    let with = |value| header(&[&named[..], &[value]].concat());
    let cases: [(&str, Vec<u8>, usize); 14] = [
        ("no entries", [0_u32, 0].map(u32::to_be_bytes).concat(), 0),
        ("four billion entries", [u32::MAX, 0].map(u32::to_be_bytes).concat(), 0),
        ("a store beyond the end", [1_u32, u32::MAX].map(u32::to_be_bytes).concat(), 0),
        ("no release", header(&named[..2]), 0),
        ("a name without an end", header(&[named[1], named[2], (1000, 6, 1, b"a")]), 0),
        ("a name that is a number", header(&[named[1], named[2], (1000, 4, 1, &[0; 4])]), 0),
        ("a name of control characters", header(&[named[1], named[2], (1000, 6, 1, b"a\x1b[2J\0")]), 0),
        ("an architecture of two words", with((1022, 6, 1, b"x86 64\0")), 0),
        ("a type beyond all", with((1014, 99, 1, b"MIT\0")), 0),
        ("a count of nothing", with((1014, 6, 0, b"MIT\0")), 0),
        ("four billion needs", with((1049, 8, u32::MAX, b"a\0b\0")), 1),
        ("four billion directories", with((1116, 4, u32::MAX, &[0; 4])), 1),
        ("files without directories", with((1117, 8, 1, b"file\0")), 1),
        ("a licence of another type", with((1014, 4, 1, &[0; 4])), 1),
    ];
    for (attack, blob, packages) in cases {
        let parsed = parse("x/Packages.db", &ndb(&[blob, plain("sound")]));
        assert_eq!((parsed.packages.len(), parsed.unreadable), (packages + 1, 1), "{attack}");
    }
}

#[test]
fn a_long_directory_named_by_every_file_is_hashed_a_few_times_only() {
    let directory = [vec![b'd'; 60_000], vec![0]].concat();
    let mut values = vec![(1000, 6, 1, &b"a\0"[..]), (1001, 6, 1, b"1\0"), (1002, 6, 1, b"1\0")];
    let (indexes, files) = (vec![0; 4 * 5000], b"f\0".repeat(5000));
    values.extend([(1116, 4, 5000, &indexes[..]), (1117, 8, 5000, &files), (1118, 8, 1, &directory)]);
    let mut reading = Reading::new(usize::MAX);
    reading.header(&header(&values)).unwrap();
    let parsed = reading.into_parsed();
    assert_eq!((parsed.packages[0].owns.len(), parsed.unreadable), (0, 1));
}

#[test]
fn a_database_cut_off_anywhere_says_so() {
    for (path, bytes) in databases() {
        // SQLite is another's code, and takes its time to open.
        let step = if path.ends_with("sqlite") { 61 } else { 1 };
        for length in (0..bytes.len()).step_by(step) {
            let parsed = parse(path, &bytes[..length]);
            let is_said = parsed.unreadable > 0 || !parsed.gaps.is_empty();
            assert!(is_said || names(&parsed).len() == 3, "{path} cut at {length}: {parsed:?}");
        }
    }
}

#[test]
fn real_databases_cut_off_or_damaged_end_and_say_so() {
    for (corpus, bytes) in corpora("real RPM databases were not damaged") {
        for step in 0..24 {
            let parsed = parse(corpus.path, &bytes[..bytes.len() * step / 24]);
            let is_said = parsed.unreadable > 0 || !parsed.gaps.is_empty();
            assert!(is_said || parsed.packages.len() == corpus.packages, "{} {step}/24", corpus.file);
        }
        let mut place = 7_usize;
        for _ in 0..16 {
            let mut bytes = bytes.clone();
            for _ in 0..50 {
                place = place.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = place >> 20;
                let length = bytes.len();
                bytes[at % length] ^= 1 << (place % 8);
            }
            assert!(parse(corpus.path, &bytes).packages.len() <= corpus.packages);
        }
    }
}

#[test]
fn damaged_bytes_never_add_packages() {
    for (path, bytes) in databases() {
        for at in (0..bytes.len().min(6000)).step_by(if path.ends_with("sqlite") { 17 } else { 3 }) {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x81;
            assert!(parse(path, &bytes).packages.len() <= 3, "{path} at {at}");
        }
    }
}

#[test]
fn a_berkeley_database_with_links_in_a_circle_ends() {
    let bytes = bdb(&[plain("a"), plain("b"), plain("c")]);
    let (second, third) = (2 * PAGE, 5 * PAGE);
    let edits: [(&str, usize, u32); 4] = [
        ("a page leads to itself", second + 16, 2),
        ("two values share a page", third + 16, 2),
        ("a page leads to the buckets", second + 16, 1),
        ("a page leads beyond the end", second + 16, 0xffff_ffff),
    ];
    for (attack, at, number) in edits {
        let mut bytes = bytes.clone();
        bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
        let parsed = parse("x/Packages", &bytes);
        assert!(parsed.unreadable > 0 || !parsed.gaps.is_empty(), "{attack}: {parsed:?}");
    }
    let mut long = bytes.clone();
    long[PAGE + 26..PAGE + 28].copy_from_slice(&u16::MAX.to_le_bytes());
    assert_eq!(parse("x/Packages", &long).unreadable, 1);
}

#[test]
fn slots_that_point_to_one_blob_end() {
    let mut bytes = ndb(&[plain("a")]);
    let slot = bytes[32..48].to_vec();
    for at in (48..4096).step_by(16) {
        bytes[at..at + 16].copy_from_slice(&slot);
    }
    let parsed = parse("x/Packages.db", &bytes);
    assert_eq!(parsed.gaps, ["its headers lie over each other"]);
    assert!(parsed.packages.len() < 100);
}

#[test]
fn a_table_that_rpm_does_not_make_is_not_asked() {
    let endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS blob FROM n";
    let computed = "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob AS (zeroblob(900000000)))";
    for (attack, schema, expected) in [
        ("endless view", format!("CREATE VIEW Packages AS {endless}"), "not one that RPM makes"),
        (
            "computed column",
            format!("{computed}; INSERT INTO Packages (hnum) VALUES (1)"),
            "not one that RPM makes",
        ),
        (
            "view under another name's letters",
            format!("CREATE VIEW packages AS {endless}"),
            "not one that RPM makes",
        ),
        ("no table", "CREATE TABLE Packages2 (blob)".to_owned(), "no table of packages"),
        ("no column", "CREATE TABLE Packages (hnum)".to_owned(), "not a sound SQLite database"),
    ] {
        let parsed = parse("x/rpmdb.sqlite", &sqlite(&schema, &[]));
        assert!(parsed.gaps.len() == 1 && parsed.gaps[0].contains(expected), "{attack}: {parsed:?}");
    }
}

#[test]
fn rows_that_hold_one_large_default_end() {
    let blob = hex::encode(plain("a"));
    let schema = format!(
        "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY);
         WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 2000)
         INSERT INTO Packages SELECT x FROM n;
         ALTER TABLE Packages ADD COLUMN blob BLOB DEFAULT x'{blob}';"
    );
    let parsed = parse("x/rpmdb.sqlite", &sqlite(&schema, &[]));
    assert_eq!(parsed.gaps, ["its headers lie over each other"]);
}

/// Pages of 512 bytes, each of which points eighty times to the next, and the last one to a row of nothing.
#[test]
fn a_tree_of_billions_of_empty_rows_ends() {
    const LEVELS: usize = 6;
    let schema = format!("PRAGMA page_size = {PAGE}; {SCHEMA}");
    let mut bytes = sqlite(&schema, &vec![plain("a"); 100]);
    let mut here = sqlite_root(&bytes);
    for level in 0..LEVELS {
        let next = (bytes.len() / PAGE) - level;
        let page = &mut bytes[(here - 1) * PAGE..here * PAGE];
        page.fill(0);
        // Kind, cells, where they begin, and the last pointer; all cells are the one at the end.
        let end = PAGE - 5;
        let (kind, cells): (u8, usize) = if level + 1 < LEVELS { (5, 80) } else { (13, 1) };
        let head = if kind == 5 { 12 } else { 8 };
        page[0] = kind;
        page[3..5].copy_from_slice(&short(cells).to_be_bytes());
        page[5..7].copy_from_slice(&short(end).to_be_bytes());
        for cell in 0..cells {
            page[head + 2 * cell..head + 2 * cell + 2].copy_from_slice(&short(end).to_be_bytes());
        }
        if kind == 5 {
            page[8..12].copy_from_slice(&number(next).to_be_bytes());
            page[end..end + 4].copy_from_slice(&number(next).to_be_bytes());
            page[end + 4] = 1;
        } else {
            // A record of three bytes: its head, NULL for the key, a blob of no bytes.
            page[end..].copy_from_slice(&[3, 1, 3, 0, 12]);
        }
        here = next;
    }
    let parsed = parse("x/rpmdb.sqlite", &bytes);
    assert_eq!(parsed.gaps, ["its headers lie over each other"]);
    assert!((100..10_000).contains(&parsed.unreadable), "{}", parsed.unreadable);
}

/// SQLite reads the schema before anything can be asked.
#[test]
fn a_schema_without_an_end_is_not_read() {
    let sound = sqlite(&format!("PRAGMA page_size = {PAGE}; {SCHEMA}"), &vec![plain("a"); 100]);
    // An interior page, two cells that are one, and the last pointer to the same page.
    let mut circle = sound.clone();
    circle[100..PAGE].fill(0);
    circle[100] = 5;
    circle[103..105].copy_from_slice(&short(2).to_be_bytes());
    circle[108..112].copy_from_slice(&number(2).to_be_bytes());
    for at in [112, 114] {
        circle[at..at + 2].copy_from_slice(&short(PAGE - 5).to_be_bytes());
    }
    circle[PAGE - 2] = 2;
    // An entry that says that it has 256 MiB.
    let mut long = sound.clone();
    let cell = usize::from(u16::from_be_bytes([sound[108], sound[109]]));
    long[cell..cell + 4].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f]);
    for (attack, bytes) in [("circle", circle), ("long entry", long), ("no page", sound[..200].to_vec())] {
        assert_eq!(
            parse("x/rpmdb.sqlite", &bytes).gaps,
            ["its schema is not one that RPM makes"],
            "{attack}"
        );
    }
    assert_eq!(parse("x/rpmdb.sqlite", &sound).packages.len(), 100);
}

#[test]
fn a_database_in_write_ahead_mode_is_read_and_a_log_beside_it_is_a_gap() {
    let mut bytes = sqlite(SCHEMA, &[plain("a")]);
    bytes[18..20].copy_from_slice(&[2, 2]);
    assert_eq!(names(&parse("var/lib/rpm/rpmdb.sqlite", &bytes)), ["a-1.0-1"]);
    assert_eq!(parse("var/lib/rpm/rpmdb.sqlite-wal", &[]), Parsed::default());
    assert_eq!(parse("var/lib/rpm/rpmdb.sqlite-wal", &[0; 32]), Parsed::default());
    assert_eq!(parse("var/lib/rpm/rpmdb.sqlite-wal", &[0; 33]).gaps.len(), 1);
}

/// A line of Azure Linux's documentation, and others.
#[test]
fn the_list_of_distroless_images_is_read() {
    let text = "\
bash\t5.1.8-4.azl3\t1704067200\t1704000000\tMicrosoft Corporation\t(none)\t4000\tx86_64\t0\tbash-5.1.8-4.azl3.src.rpm
shadow-utils\t4.9-1.cm2\t1\t1\t(none)\t2\t1\tx86_64\t2\t(none)
gpg-pubkey\t1-2\t1\t1\t(none)\t(none)\t0\t(none)\t0\t(none)
short\t1-1
a b\t1-1\t1\t1\tv\t(none)\t1\tx86_64\t0\t(none)
";
    let parsed = parse("var/lib/rpmmanifest/container-manifest-2", text.as_bytes());
    let lines: Vec<String> = parsed.packages.iter().map(line).collect();
    let expected = [
        "bash\t(none)\t5.1.8-4.azl3\tx86_64\tbash-5.1.8-4.azl3.src.rpm\t(none)\t(none)",
        "shadow-utils\t2\t4.9-1.cm2\tx86_64\t(none)\t(none)\t(none)",
    ];
    assert_eq!((lines, parsed.unreadable), (expected.map(str::to_owned).to_vec(), 2));
    assert_eq!(parsed.packages[0].creator.as_deref(), Some("Microsoft Corporation"));
}

#[test]
fn databases_are_wanted_wherever_rpm_keeps_them() {
    for (path, expected) in [
        ("var/lib/rpm/Packages", true),
        ("usr/lib/sysimage/rpm/Packages.db", true),
        ("usr/share/rpm/rpmdb.sqlite", true),
        ("srv/root/var/lib/rpm/rpmdb.sqlite", true),
        ("var/lib/rpm/rpmdb.sqlite-wal", true),
        ("srv/var/lib/rpmmanifest/container-manifest-2", true),
        ("var/lib/rpm/rpmdb.sqlite-shm", false),
        ("var/lib/rpm/Basenames", false),
        ("home/Packages", false),
        ("myvar/lib/rpm/Packages", false),
    ] {
        assert_eq!(CATALOGUER.wants_path(path), expected, "{path}");
    }
}
