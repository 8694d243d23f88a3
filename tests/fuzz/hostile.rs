//! Hostile inputs that concern several readers at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::seeds;
use crate::catalogue::ecosystem::{ALL, Cataloguer, is_executable, of_executables, wanting};
use crate::catalogue::found::File;
use crate::catalogue::{FileFacts, LayerFacts, Parsed, SbomSubject, cyclonedx, merge, packages_text};
use crate::model::foreign::is_deceptive;
use crate::model::{CycloneDx, Digest};

fn of(name: &str) -> &'static Cataloguer {
    ALL.iter().find(|one| one.name == name).unwrap()
}

fn seed(cataloguer: &str, path: &str) -> Vec<u8> {
    let files = seeds::files(&format!("cataloguers/{cataloguer}"));
    files.into_iter().find(|(name, _)| name == path).unwrap().1
}

fn parse(cataloguer: &str, path: &str, bytes: &[u8]) -> Parsed {
    (of(cataloguer).parse)(&File { path, bytes })
}

/// Such files have no end mark: what a cut leaves of the last entry may be another one, and all before it is the same.
#[test]
fn databases_in_text_cut_off_anywhere_keep_what_stands_before_the_cut() {
    for (cataloguer, path) in [
        ("dpkg", "var/lib/dpkg/status"),
        ("apk", "lib/apk/db/installed"),
        ("pacman", "var/lib/pacman/local/gcc-libs-13.2.1-3/desc"),
        ("rpm", "var/lib/rpmmanifest/container-manifest-2"),
    ] {
        let bytes = seed(cataloguer, path);
        let whole = parse(cataloguer, path, &bytes).packages;
        assert!(!whole.is_empty());
        for length in 0..bytes.len() {
            let cut = parse(cataloguer, path, &bytes[..length]).packages;
            let sure = cut.len().saturating_sub(1);
            assert!(cut.len() <= whole.len() && cut[..sure] == whole[..sure], "{path} cut at {length}");
        }
    }
}

#[test]
fn json_10000_deep_costs_no_cataloguer_its_stack() {
    let mut read = 0;
    for cataloguer in ALL {
        for (path, bytes) in seeds::files(&format!("cataloguers/{}", cataloguer.name)) {
            let Some(at) = bytes.iter().position(|b| *b == b'{') else { continue };
            for (open, close) in
                [("[", "]"), ("{\"a\":", "}"), ("{", "}"), ("(", ")"), ("<<", ">>"), ("#{", "}")]
            {
                let deep = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
                let inside = [&bytes[..=at], b"\"deep\":", deep.as_bytes(), b",", &bytes[at + 1..]].concat();
                for hostile in [deep.as_bytes(), &inside] {
                    assert!((cataloguer.parse)(&File { path: &path, bytes: hostile }).packages.len() < 10);
                    read += 1;
                }
            }
        }
    }
    assert!(read > 100, "{read}");
}

/// Every field of every executable that is a seed, of each width, at the ends of its range.
#[test]
fn executables_with_wild_offsets_are_survived() {
    let mut kinds = BTreeSet::new();
    for name in ["go", "rust", "dotnet_pe", "known_binary"] {
        for (path, bytes) in seeds::files(&format!("cataloguers/{name}")) {
            if !is_executable(&bytes) {
                continue;
            }
            kinds.insert(bytes[..2].to_vec());
            let length = u32::try_from(bytes.len()).unwrap();
            for at in (0..bytes.len().min(1024) - 8).step_by(2) {
                for wild in [0, u32::MAX, 0x7fff_ffff, length, length - 1] {
                    let mut bytes = bytes.clone();
                    bytes[at..at + 4].copy_from_slice(&wild.to_le_bytes());
                    bytes[at + 4] = if at % 4 == 0 { bytes[at + 4] } else { 0xff };
                    for cataloguer in of_executables() {
                        let parsed = (cataloguer.parse)(&File { path: &path, bytes: &bytes });
                        assert!(parsed.packages.len() < 100, "{path} {at}");
                    }
                }
            }
        }
    }
    // ELF, PE, and Mach-O for several processors.
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), [b"MZ", b"\x7fE", &[0xca, 0xfe]]);
}

/// The root page of the table, made one with children, of which each is that page.
#[test]
fn a_page_of_sqlite_that_is_its_own_child_ends() {
    const PAGE: usize = 512;
    let path = "var/lib/rpm/rpmdb.sqlite";
    let bytes = seed("rpm", path);
    let whole = parse("rpm", path, &bytes);
    assert_eq!((whole.packages.len(), whole.gaps.len()), (3, 0));
    let mut gaps = 0;
    for page in 1..bytes.len() / PAGE {
        let mut bytes = bytes.clone();
        let own = u32::try_from(page + 1).unwrap().to_be_bytes();
        let here = &mut bytes[page * PAGE..(page + 1) * PAGE];
        here.fill(0);
        // Kind, one cell, which begins at 500, and the last pointer: both lead to the page itself.
        here[..12].copy_from_slice(&[5, 0, 0, 0, 1, 1, 244, 0, own[0], own[1], own[2], own[3]]);
        here[12..14].copy_from_slice(&[1, 244]);
        here[500..504].copy_from_slice(&own);
        here[504] = 1;
        let parsed = parse("rpm", path, &bytes);
        // There are pages that nobody asks for.
        assert!(parsed == whole || !parsed.gaps.is_empty(), "page {page}");
        gaps += parsed.gaps.len();
    }
    assert!(gaps > 0);
}

const DECEIVES: [&str; 6] = ["\u{1b}[2J", "\u{202e}", "\r", "\u{0}", "\u{200b}", "\n"];
const MARKDOWN: &str = "x|y`z`<script>alert(1)</script>[a](https://evil.example)**b**";

/// Files of several ecosystems whose package has such a name and version.
fn named(name: &str) -> Vec<(String, String)> {
    let json = serde_json::to_string(name).unwrap();
    [
        ("var/lib/dpkg/status", format!("Package: {name}\nStatus: install ok installed\nVersion: {name}\nArchitecture: all\n")),
        ("lib/apk/db/installed", format!("P:{name}\nV:{name}\nL:{name}\nm:{name}\n")),
        ("var/lib/pacman/local/a-1-1/desc", format!("%NAME%\n{name}\n\n%VERSION%\n{name}\n")),
        ("app/a/package.json", format!("{{\"name\": {json}, \"version\": {json}, \"license\": {json}, \"author\": {json}}}")),
        ("app/b/package.json", format!("{{\"name\": \"b\", \"version\": \"1.0.0\", \"license\": {json}, \"author\": {json}, \"repository\": {json}}}")),
        ("usr/lib/python3/x-1.dist-info/METADATA", format!("Name: {name}\nVersion: {name}\nLicense: {name}\nAuthor: {name}\n")),
        ("app/vendor/composer/installed.json", format!("[{{\"name\": {json}, \"version\": {json}}}, {{\"name\": \"a/b\", \"version\": \"1\", \"license\": {json}}}]")),
        ("gems/specifications/a-1.gemspec", format!("s.name = {json}\ns.version = {json}\ns.license = {json}\n")),
        ("opt/java/release", format!("IMPLEMENTOR=\"{name}\"\nJAVA_VERSION=\"{name}\"\n")),
        ("etc/os-release", format!("ID={name}\nVERSION_ID={name}\nPRETTY_NAME=\"{name}\"\n")),
    ]
    .map(|(path, text)| (path.to_owned(), text))
    .to_vec()
}

/// Of a hostile name the package is left out and counted, or it is written so that nothing can be mistaken.
#[test]
fn names_that_deceive_reach_neither_the_list_nor_the_sbom() {
    for name in DECEIVES.map(|deceives| format!("a{deceives}b")).into_iter().chain([MARKDOWN.to_owned()]) {
        let facts = |path: &str, text: &str| {
            let file = File { path, bytes: text.as_bytes() };
            let readings = wanting(path).map(|one| (one.name.to_owned(), (one.parse)(&file))).collect();
            FileFacts { size: 1, readings }
        };
        let files =
            named(&name).into_iter().map(|(path, text)| (path.clone(), facts(&path, &text))).collect();
        let contents = merge(&[Arc::new(LayerFacts { files, ..LayerFacts::default() })]);
        let list = packages_text(&contents.packages());
        assert!(list.contains("pkg:npm/b@1.0.0\n"), "{list}");
        assert!(list.chars().all(|c| c == '\n' || c.is_ascii_graphic()), "{list:?}");
        // An asterisk may stand in a package URL; the list is no Markdown.
        for markdown in ["`", "<", "|", "]("] {
            assert!(!list.contains(markdown), "{list}");
        }
        let subject = SbomSubject {
            repository: "registry.example/a".into(),
            digest: Digest::sha256(b"manifest"),
            platform: "linux/amd64".into(),
            system: contents.system.as_ref().and_then(|system| system.pretty_name.clone()),
            creator: None,
            sha512: None,
        };
        for version in [CycloneDx::V1_5, CycloneDx::V1_6, CycloneDx::V1_7] {
            let sbom = cyclonedx(version, &subject, &contents.components, None, "0").unwrap();
            let value: serde_json::Value = serde_json::from_slice(&sbom).unwrap();
            for component in value["components"].as_array().unwrap() {
                for key in ["name", "version", "group", "purl", "bom-ref", "cpe"] {
                    let shown = component[key].as_str().unwrap_or_default();
                    assert!(!shown.contains(is_deceptive), "{key} {shown:?}");
                }
            }
        }
    }
}
