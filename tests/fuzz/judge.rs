//! What has to hold of whatever is read, however hostile it was.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use super::run::{Answer, magnitude};
use crate::catalogue::check::{self, Profile};
use crate::catalogue::found::{LISTED_MAX, PACKAGES_MAX};
use crate::catalogue::{
    Component, Contents, FileFacts, Form, Found, LayerFacts, Parsed, SbomSubject, cyclonedx, merge,
    packages_text, runtimes,
};
use crate::model::foreign::is_deceptive;
use crate::model::{CycloneDx, Digest, Package};

/// The most bytes of findings that a file may come to, beside so many for each of its bytes: what is read is copied a few
/// times at most, and an archive's content has a budget of its own.
const WEIGHT_FREE: u64 = 8 << 20;
const WEIGHT_PER_BYTE: u64 = 2000;

/// The longest text in a finding. Free text is cut at a thousand characters, of up to four bytes; a path, or a URL, has at
/// most 4,096 bytes.
const TEXT_BYTES_MAX: usize = 8192;

/// The most characters of a gap.
const GAP_BYTES_MAX: usize = 8192;

/// Checks what a cataloguer made of a file of so many bytes.
pub(super) fn parsed(parsed: &Parsed, bytes: usize) {
    assert!(parsed.packages.len() <= PACKAGES_MAX, "{} packages", parsed.packages.len());
    assert!(parsed.gaps.len() <= 1000, "{} gaps", parsed.gaps.len());
    for gap in &parsed.gaps {
        assert!(gap.len() <= GAP_BYTES_MAX, "a gap of {} bytes", gap.len());
    }
    let weight = parsed.weight();
    assert!(weight <= WEIGHT_FREE + WEIGHT_PER_BYTE * bytes as u64, "{weight} bytes found in {bytes}");
    parsed.packages.iter().for_each(found);
    for addition in &parsed.additions {
        assert!(addition.owns.len() <= LISTED_MAX && addition.licences.len() <= LISTED_MAX, "a flood");
        plain("package of an addition", &addition.package);
    }
}

fn found(found: &Found) {
    for (what, text) in [("name", &found.name), ("version", &found.version), ("namespace", &found.namespace)]
    {
        plain(what, text);
    }
    for count in [found.needs.len(), found.provides.len(), found.owns.len(), found.licences.len()] {
        assert!(count <= LISTED_MAX, "{count} of one kind in a package");
    }
    assert!(!found.name.is_empty(), "a package without a name");
    let texts = [&found.creator, &found.source_url, &found.website, &found.architecture];
    texts.into_iter().flatten().for_each(|text| plain("text", text));
    found.cpes.iter().for_each(|text| plain("CPE name", text));
    found.licences.iter().for_each(|text| assert!(text.len() <= TEXT_BYTES_MAX, "a licence too long"));
    found.qualifiers.iter().for_each(|(key, value)| {
        plain("key", key);
        plain("qualifier", value);
    });
}

/// A text that nobody can be deceived with.
fn plain(what: &str, text: &str) {
    assert!(!text.contains(is_deceptive), "a {what} holds what deceives: {text:?}");
    assert!(text.len() <= TEXT_BYTES_MAX, "a {what} of {} bytes", text.len());
}

/// Merges one file over a small root, and checks all that comes of it.
pub(super) fn merged(path: &str, cataloguer: &str, mut parsed: Parsed, is_thorough: bool) -> Contents {
    // As the reader of layers does.
    let files =
        parsed.packages.iter_mut().filter(|found| found.form != Form::Installed && found.inside.is_none());
    files.for_each(|found| found.sha512 = Some("01".repeat(64)));
    let facts = FileFacts { size: 1, readings: [(cataloguer.to_owned(), parsed)].into() };
    let layer = LayerFacts { files: [(path.to_owned(), facts)].into(), ..LayerFacts::default() };
    layers(&[base(is_thorough), Arc::new(layer)], is_thorough)
}

/// Merges layers and checks all that comes of it.
pub(super) fn layers(layers: &[Arc<LayerFacts>], is_thorough: bool) -> Contents {
    let contents = merge(layers);
    contents.components.iter().for_each(|one| component(one, &contents));
    for gap in &contents.gaps {
        assert!(!gap.what.contains('\u{1b}') && !gap.reason.contains('\u{1b}'), "{gap:?}");
    }
    let text = packages_text(&contents.packages());
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.is_sorted() && lines.len() <= contents.components.len(), "{text}");
    assert!(text.chars().all(|c| c == '\n' || c.is_ascii_graphic()), "{text}");
    if is_thorough {
        contents.components.iter().for_each(|one| drop(runtimes(one)));
        documents(&contents);
    }
    contents
}

/// A root with a distribution, and where there is time, databases and files that many things can hide or lead to.
fn base(is_thorough: bool) -> Arc<LayerFacts> {
    static BASES: [OnceLock<Arc<LayerFacts>>; 2] = [OnceLock::new(), OnceLock::new()];
    let of: &[&str] = if is_thorough { &["os_release", "dpkg", "apk", "npm"] } else { &["os_release"] };
    let base = &BASES[usize::from(is_thorough)];
    base.get_or_init(|| Arc::new(super::layers::facts_of_seeds(of))).clone()
}

fn component(one: &Component, contents: &Contents) {
    assert!(one.purl.chars().all(|c| c.is_ascii_graphic()), "{:?}", one.purl);
    let package: Package = one.purl.parse().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(package.purl().as_ref(), Ok(&one.purl), "{package:?}");
    let is_there = |purl: &String| contents.components.binary_search_by(|other| other.purl.cmp(purl)).is_ok();
    assert!(one.needs.iter().chain(&one.owner).all(is_there), "{one:?} hangs on nothing");
    assert!(!one.places.is_empty(), "{one:?} is nowhere");
}

/// Writes the documents and holds them against what they promise.
fn documents(contents: &Contents) {
    let subject = SbomSubject {
        repository: "registry.example/team/app".into(),
        digest: Digest::sha256(b"manifest"),
        platform: "linux/amd64".into(),
        system: contents.system.as_ref().and_then(|system| system.pretty_name.clone()),
        creator: Some("sbom@registry.example".into()),
        sha512: Some("01".repeat(64)),
    };
    let at = "2026-11-21T08:00:00Z".parse().ok();
    for version in [CycloneDx::V1_6, CycloneDx::V1_7] {
        let document = cyclonedx(version, &subject, &contents.components, at, "0.1.0")
            .unwrap_or_else(|error| panic!("no SBOM: {error}"));
        for profile in [Profile::Bsi, Profile::Ntia, Profile::Cisa2025] {
            let report = check::check(&document, profile).unwrap_or_else(|error| panic!("{error}"));
            if (version, profile) == (CycloneDx::V1_7, Profile::Bsi) {
                // Of many makers the image tells no address, only a name.
                let short = report.fields.iter().filter(|field| field.falls_short > 0);
                assert!(short.clone().all(|field| field.field == "component-creator"), "{}", report.text());
            }
        }
    }
}

/// Returns the answer for what a file came to.
pub(super) fn answer(parsed: &Parsed, contents: &Contents) -> Answer {
    let first = parsed.packages.first();
    let known = first.map(|found| {
        let texts = [
            found.architecture.is_some(),
            found.source.is_some(),
            found.creator.is_some(),
            found.source_url.is_some(),
            found.website.is_some(),
            found.inside.is_some(),
        ];
        let counts = [found.needs.len(), found.owns.len(), found.licences.len(), found.qualifiers.len()];
        (texts, counts.map(|count| magnitude(count as u64)), found.version.is_empty())
    });
    let counts =
        [parsed.packages.len() as u64, parsed.unreadable, parsed.additions.len() as u64].map(magnitude);
    let gaps: BTreeSet<String> = parsed.gaps.iter().map(|gap| words(gap)).collect();
    let kind = (counts, gaps, known, parsed.system.is_some(), &parsed.document);
    Answer::new(&kind, &(parsed, contents))
}

/// Returns a reason without what differs from file to file.
fn words(text: &str) -> String {
    text.split('`').step_by(2).flat_map(str::chars).filter(|c| !c.is_ascii_digit()).take(80).collect()
}
