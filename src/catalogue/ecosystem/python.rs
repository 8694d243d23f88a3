//! Installed Python packages: the core metadata of wheels and eggs (packaging.python.org, "Core metadata", PEP 566 and
//! 639), and where they came from (`direct_url.json`, PEP 610).
//!
//! The metadata is a run of headers as of mail, ended by an empty line. Names are normalised as PEP 503 says, because
//! that is what they are looked up by.

use std::collections::BTreeMap;

use super::{Cataloguer, Wants, word};
use crate::catalogue::declared;
use crate::catalogue::found::{Addition, File, Found, LISTED_MAX, Need, Parsed};
use crate::catalogue::json::Json;
use crate::catalogue::path::split;
use crate::model::{Ecosystem, pypi_name};

pub(super) const CATALOGUER: Cataloguer =
    Cataloguer { name: "python", wants: &[Wants::Paths(is_wanted)], parse: read };

/// The headers that are read, in lower case.
const HEADERS: [&str; 12] = [
    "name",
    "version",
    "license-expression",
    "license",
    "classifier",
    "author-email",
    "maintainer-email",
    "author",
    "maintainer",
    "home-page",
    "project-url",
    "requires-dist",
];

/// Labels of `Project-URL` under which source is to be had, without blanks and punctuation (packaging.python.org,
/// "Well-known Project URLs").
const SOURCE_LABELS: [&str; 5] = ["source", "sourcecode", "repository", "github", "code"];

const LICENCE_CLASSIFIER: &str = "License :: ";

/// A classifier that names a family of licences and none of them.
const NO_LICENCE: &str = "License :: OSI Approved";

/// The interpreter of Python 2 writes metadata for itself as for a package of its own; it is none.
const INTERPRETER: &str = "Python";

fn is_wanted(path: &str) -> bool {
    let (directory, name) = split(path);
    let ends = |end: &str| {
        directory
            .len()
            .checked_sub(end.len())
            .and_then(|at| directory.get(at..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    };
    match name {
        "METADATA" | "direct_url.json" => ends("dist-info"),
        "PKG-INFO" => ends("egg-info"),
        _ => name.ends_with(".egg-info") && name.len() > ".egg-info".len(),
    }
}

fn read(file: &File<'_>) -> Parsed {
    let text = String::from_utf8_lossy(file.bytes);
    if file.name() == "direct_url.json" {
        return origin(split(file.directory()).1, &text);
    }
    let headers = Headers::read(&text);
    if headers.first("name") == Some(INTERPRETER) {
        return Parsed::default();
    }
    let mut parsed = Parsed::default();
    parsed.add(headers.found());
    parsed
}

/// Values of the headers of interest, in their order.
struct Headers(Vec<(&'static str, String)>);

impl Headers {
    fn read(text: &str) -> Self {
        let mut headers: Vec<(&'static str, String)> = vec![];
        let mut is_wanted = false;
        let lines = text.trim_start_matches('\u{feff}').lines().skip_while(|line| line.trim().is_empty());
        for line in lines.take_while(|line| !line.trim_end_matches('\r').is_empty()) {
            if line.starts_with([' ', '\t']) {
                if let (true, Some((_, value))) = (is_wanted, headers.last_mut()) {
                    value.push('\n');
                    value.push_str(line.trim());
                }
                continue;
            }
            let known = line.split_once(':').and_then(|(name, value)| {
                let name = HEADERS.iter().find(|header| header.eq_ignore_ascii_case(name.trim()))?;
                Some((*name, value.trim().to_owned()))
            });
            is_wanted = known.is_some() && headers.len() < LISTED_MAX;
            if is_wanted {
                headers.extend(known);
            }
        }
        Self(headers)
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(header, _)| *header == name).map(|(_, value)| value.as_str())
    }

    fn first<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    fn found(&self) -> Option<Found> {
        let name = pypi_name(word(self.first("name")?.as_bytes())?);
        let version = word(self.first("version")?.as_bytes())?;
        let makers = ["author-email", "maintainer-email", "author", "maintainer", "home-page"];
        let makers = makers.iter().flat_map(|name| self.all(name));
        Some(Found {
            licences: self.licences(),
            creator: declared::creator(makers),
            source_url: self.all("project-url").find_map(source),
            needs: self.all("requires-dist").filter_map(need).collect(),
            ..Found::new(Ecosystem::Pypi, name, version)
        })
    }

    /// Returns the expression where there is one, else what is written in words. Some write the whole text of the
    /// licence; of it the title counts, where nothing else tells.
    fn licences(&self) -> Vec<String> {
        if let Some(expression) = self.first("license-expression").and_then(declared::licence) {
            return vec![expression];
        }
        let classifiers =
            self.all("classifier").filter(|text| text.starts_with(LICENCE_CLASSIFIER) && *text != NO_LICENCE);
        let mut licences: Vec<String> =
            self.all("license").chain(classifiers).filter_map(declared::licence).collect();
        if licences.is_empty() {
            let title = |text: &str| {
                text.lines()
                    .next()
                    .filter(|line| line.to_ascii_lowercase().contains("licen"))
                    .and_then(declared::licence)
            };
            licences.extend(self.all("license").find_map(title));
        }
        licences.dedup();
        licences
    }
}

/// Reads `name[extra] (>=1.0) ; marker` (PEP 508). What is needed for an extra only is not needed.
fn need(text: &str) -> Option<Need> {
    let (requirement, marker) = text.split_once(';').unwrap_or((text, ""));
    let of_extra = marker.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == "extra");
    let end = requirement
        .find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c))
        .unwrap_or(requirement.len());
    let name = word(requirement.get(..end)?.as_bytes())?;
    (!of_extra).then(|| Need::any(pypi_name(name)))
}

/// Reads `Source Code, https://…`.
fn source(text: &str) -> Option<String> {
    let (label, url) = text.split_once(',')?;
    let label: String =
        label.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    SOURCE_LABELS.contains(&label.as_str()).then(|| declared::url(url)).flatten()
}

/// Returns what a package's directory tells of its origin; of files of the machine that built the image nothing.
fn origin(directory: &str, text: &str) -> Parsed {
    let Some([url, vcs, archive]) =
        Json::of(text).and_then(|json| json.get(["url", "vcs_info", "archive_info"]))
    else {
        return Parsed::gap("not JSON");
    };
    let Some(url) = url.and_then(Json::text).and_then(|url| declared::url(&url)) else {
        return Parsed::default();
    };
    let package = pypi_name(directory.split('-').next().unwrap_or_default());
    let mut qualifiers = BTreeMap::new();
    if let Some([vcs, commit]) = vcs.and_then(|vcs| vcs.get(["vcs", "commit_id"])) {
        let (Some(vcs), Some(commit)) = (plain(vcs), plain(commit)) else { return Parsed::gap("no commit") };
        qualifiers.insert("vcs_url".to_owned(), format!("{vcs}+{url}@{commit}"));
    } else if archive.is_some() {
        qualifiers.insert("download_url".to_owned(), url.clone());
    }
    let addition = Addition { package, source_url: Some(url), qualifiers, ..Addition::default() };
    Parsed { additions: vec![addition], ..Parsed::default() }
}

fn plain(value: Option<Json<'_>>) -> Option<String> {
    let text = value?.text()?;
    word(text.as_bytes()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "usr/lib/python3/dist-packages/x-1.0.dist-info/METADATA";

    fn one(text: &str) -> Found {
        let parsed = read(&File { path: PATH, bytes: text.as_bytes() });
        assert_eq!((parsed.packages.len(), parsed.unreadable), (1, 0), "{text}");
        parsed.packages.into_iter().next().unwrap()
    }

    #[test]
    fn metadata_is_read_to_the_end_of_its_headers() {
        let found = one("\
Metadata-Version: 2.4
Name: Zope.Interface__x
Version: 6.0+local.1
Summary: Name: not this
Author: Zope Foundation
Author-email: \"Zope, Inc.\" <zope-dev@zope.dev>, B <b@example.org>
License-Expression: ZPL-2.1 OR MIT
License: ZPL 2.1
Classifier: License :: OSI Approved :: Zope Public License
Project-URL: Homepage, https://example.org
Project-URL: Source code, https://github.com/zopefoundation/zope.interface
Requires-Dist: setuptools
Requires-Dist: typing_extensions>=4.0; python_version < \"3.8\"
Requires-Dist: Sphinx[full] (>=1.0) ; extra == 'docs'
Requires-Dist: backports.zoneinfo (>=0.2) ; (python_version < \"3.9\") and not_extra == 'x'
Description: folded
        Version: 9

Name: body
Version: 8
");
        assert_eq!((found.name.as_str(), found.version.as_str()), ("zope-interface-x", "6.0+local.1"));
        assert_eq!(found.licences, ["ZPL-2.1 OR MIT"]);
        assert_eq!(found.creator.as_deref(), Some("zope-dev@zope.dev"));
        assert_eq!(found.source_url.as_deref(), Some("https://github.com/zopefoundation/zope.interface"));
        assert_eq!(found.needs, ["setuptools", "typing-extensions", "backports-zoneinfo"].map(Need::any));
    }

    #[test]
    fn licences_are_told_in_several_ways() {
        for (headers, expected) in [
            ("License: MIT", vec!["MIT"]),
            (
                "License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License",
                vec!["License :: OSI Approved :: MIT License"],
            ),
            ("License: BSD\nClassifier: License :: OSI Approved\nClassifier: Topic :: Internet", vec!["BSD"]),
            ("License: MIT License\n        \n        Copyright (c) 2019 X\n", vec!["MIT License"]),
            ("License: Copyright (c) 2019 X\n  All rights reserved", vec![]),
            ("LICENSE:\tMIT\r", vec!["MIT"]),
            ("Summary: x", vec![]),
        ] {
            assert_eq!(one(&format!("Name: a\nVersion: 1\n{headers}\n")).licences, expected, "{headers}");
        }
    }

    #[test]
    fn hostile_metadata_is_counted_and_never_listed() {
        let long = format!("Name: {}\nVersion: 1\n", "a".repeat(300));
        for text in [
            "",
            "Name: a\n",
            "Version: 1\n",
            "Name: a b\nVersion: 1\n",
            "Name: a\nVersion: 1\u{202e}\n",
            "\n\n  x\nName\n",
            "Name: a\n b\nVersion: 1\n",
            &long,
        ] {
            let parsed = read(&File { path: PATH, bytes: text.as_bytes() });
            assert_eq!((parsed.packages.len(), parsed.unreadable), (0, 1), "{text}");
        }
        assert_eq!(read(&File { path: PATH, bytes: b"Name: \xff\nVersion: 1" }).unreadable, 1);
        assert_eq!(
            read(&File { path: "Python-2.7.egg-info", bytes: b"Name: Python\nVersion: 2.7.18\n" }),
            Parsed::default()
        );
        let flood = format!("Name: a\nVersion: 1\n{}", "Requires-Dist: b\n".repeat(LISTED_MAX + 5));
        assert!(one(&flood).needs.len() <= LISTED_MAX);
    }

    /// Purl and qualifier as in PEP 610's examples and purl-spec's "Known qualifiers".
    #[test]
    fn the_origin_of_a_package_is_told_without_secrets() {
        for (text, qualifier, source) in [
            (
                r#"{"url": "https://user:secret@github.com/pypa/pip.git", "vcs_info": {"vcs": "git", "requested_revision": "1.3.1", "commit_id": "7921be1537eac1e97bc40179a57f0349c2aee67d"}}"#,
                Some((
                    "vcs_url",
                    "git+https://github.com/pypa/pip.git@7921be1537eac1e97bc40179a57f0349c2aee67d",
                )),
                Some("https://github.com/pypa/pip.git"),
            ),
            (
                r#"{"url": "https://github.com/pypa/pip/archive/1.3.1.zip", "archive_info": {"hash": "sha256=2dc6"}}"#,
                Some(("download_url", "https://github.com/pypa/pip/archive/1.3.1.zip")),
                Some("https://github.com/pypa/pip/archive/1.3.1.zip"),
            ),
            (r#"{"url": "file:///home/user/project", "dir_info": {"editable": true}}"#, None, None),
            (r#"{"url": "file:///tmp/a-1.0-py3-none-any.whl", "archive_info": {}}"#, None, None),
            (r#"{"url": 3}"#, None, None),
        ] {
            let path = "venv/site-packages/Foo_Bar-1.0.dist-info/direct_url.json";
            let parsed = read(&File { path, bytes: text.as_bytes() });
            let told = parsed.additions.first();
            assert_eq!(told.map(|one| one.package.as_str()), source.map(|_| "foo-bar"), "{text}");
            assert_eq!(told.and_then(|one| one.source_url.as_deref()), source, "{text}");
            let written = told.and_then(|one| one.qualifiers.iter().next());
            assert_eq!(written.map(|(key, value)| (key.as_str(), value.as_str())), qualifier, "{text}");
        }
        for text in ["", "[]", r#"{"url": "https://example.org/a.git", "vcs_info": {"vcs": "git"}}"#] {
            let path = "x-1.dist-info/direct_url.json";
            assert_eq!(read(&File { path, bytes: text.as_bytes() }).gaps.len(), 1, "{text}");
        }
    }

    #[test]
    fn every_place_of_metadata_is_wanted() {
        for (path, wanted) in [
            (PATH, true),
            ("a/x.egg-info/PKG-INFO", true),
            ("a/x-1.0.egg/EGG-INFO/PKG-INFO", true),
            ("a/x-1.0.egg-info", true),
            ("a/x-1.0.dist-info/direct_url.json", true),
            ("a/x-1.0.dist-info/RECORD", false),
            ("a/METADATA", false),
            ("a/.egg-info", false),
            ("é/METADATA", false),
        ] {
            assert_eq!(is_wanted(path), wanted, "{path}");
        }
    }
}
