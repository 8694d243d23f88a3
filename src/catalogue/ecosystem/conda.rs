//! Conda packages: `conda-meta/<name>-<version>-<build>.json` of an environment, one file a package (docs.conda.io,
//! "Conda package specification").
//!
//! The files a package lists are not kept: Conda is no distribution with advisories of its own, and a Python package
//! that counted as owned would be looked up by nobody.

use std::collections::BTreeMap;

use super::{Cataloguer, Wants, word};
use crate::catalogue::declared;
use crate::catalogue::found::{File, Found, Need, Parsed};
use crate::catalogue::json::Json;
use crate::catalogue::path::split;
use crate::model::Ecosystem;

pub(super) const CATALOGUER: Cataloguer = Cataloguer {
    name: "conda",
    wants: &[Wants::Paths(is_wanted)],
    parse: |file: &File<'_>| parse(file.bytes),
};

/// Endings of package files, and what purl-spec calls `type`.
const TYPES: [&str; 2] = ["tar.bz2", "conda"];

fn is_wanted(path: &str) -> bool {
    path.strip_suffix(".json").is_some() && split(split(path).0).1 == "conda-meta"
}

fn parse(bytes: &[u8]) -> Parsed {
    let text = String::from_utf8_lossy(bytes);
    let Some(json) = Json::of(&text) else { return Parsed::gap("not JSON") };
    let mut parsed = Parsed::default();
    parsed.add(found(json));
    parsed
}

fn found(json: Json<'_>) -> Option<Found> {
    let [name, version, build, channel, subdir, file, license, depends] =
        json.get(["name", "version", "build", "channel", "subdir", "fn", "license", "depends"])?;
    let text = |value: Option<Json<'_>>| value.and_then(Json::text);
    let plain = |value| text(value).filter(|text| word(text.as_bytes()).is_some());
    let (build, subdir, file) = (plain(build), plain(subdir), plain(file));
    let channel = plain(channel).and_then(|channel| named(&channel, subdir.as_deref()));
    let ending = |ending: &&&str| file.as_ref().is_some_and(|file| file.ends_with(&format!(".{ending}")));
    let kind = TYPES.iter().find(ending).map(|kind| (*kind).to_owned());
    let qualifiers = [("build", build), ("channel", channel), ("subdir", subdir), ("type", kind)];
    let needs = depends.map(Json::texts).unwrap_or_default();
    Some(Found {
        qualifiers: qualifiers
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect::<BTreeMap<_, _>>(),
        licences: text(license).and_then(|text| declared::licence(&text)).into_iter().collect(),
        needs: needs.iter().filter_map(|need| need_of(need)).collect(),
        ..Found::new(Ecosystem::Conda, plain(name)?, plain(version)?)
    })
}

/// Returns the name of a channel, `conda-forge` of `https://conda.anaconda.org/conda-forge/linux-64`, as purl-spec has
/// it: hosts are mirrored and renamed.
fn named(channel: &str, subdir: Option<&str>) -> Option<String> {
    let segments = channel.trim_end_matches('/').split('/');
    segments
        .rev()
        .find(|segment| Some(*segment) != subdir && *segment != "noarch")
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
}

/// Reads `name`, `name >=1.2` and `name 1.2 build`.
fn need_of(text: &str) -> Option<Need> {
    let name = text.split_whitespace().next()?;
    word(name.as_bytes()).map(Need::any)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Package, Source};

    fn purl(found: &Found) -> String {
        let source = Source { name: found.name.clone(), version: found.version.clone() };
        let package = Package {
            ecosystem: found.ecosystem,
            namespace: found.namespace.clone(),
            name: found.name.clone(),
            version: found.version.clone(),
            architecture: None,
            distro: None,
            source,
            qualifiers: found.qualifiers.clone(),
        };
        package.purl().unwrap()
    }

    /// The package URL is the example of purl-spec, `types/conda`.
    #[test]
    fn the_package_url_tells_build_channel_and_platform() {
        let parsed = parse(
            br#"{"name": "absl-py", "version": "0.4.1", "build": "py36h06a4308_0", "build_number": 0, "subdir": "linux-64",
                "channel": "https://repo.anaconda.com/pkgs/main/linux-64", "fn": "absl-py-0.4.1-py36h06a4308_0.tar.bz2",
                "license": "Apache 2.0", "depends": ["python >=3.6,<3.7.0a0", "six", "enum34 1.1.6 py36_1", 3], "files": ["a"]}"#,
        );
        let found = &parsed.packages[0];
        assert_eq!(
            purl(found),
            "pkg:conda/absl-py@0.4.1?build=py36h06a4308_0&channel=main&subdir=linux-64&type=tar.bz2"
        );
        assert_eq!(found.licences, ["Apache 2.0"]);
        assert_eq!(found.needs, ["python", "six", "enum34"].map(Need::any));
    }

    #[test]
    fn channels_are_named_without_their_host() {
        for (channel, subdir, expected) in [
            ("https://conda.anaconda.org/conda-forge/", Some("noarch"), Some("conda-forge")),
            ("https://conda.anaconda.org/conda-forge/linux-64", Some("linux-64"), Some("conda-forge")),
            ("https://conda.anaconda.org/conda-forge/noarch", Some("linux-64"), Some("conda-forge")),
            ("conda-forge", None, Some("conda-forge")),
            ("/", None, None),
        ] {
            assert_eq!(named(channel, subdir).as_deref(), expected, "{channel}");
        }
    }

    #[test]
    fn wrong_kinds_lose_only_themselves() {
        let found = &parse(br#"{"name": "zlib", "version": "1.2.13", "build": 3, "channel": {}, "license": [], "depends": "x"}"#).packages[0];
        assert_eq!(purl(found), "pkg:conda/zlib@1.2.13");
        for text in [r#"{"name": "zlib"}"#, r#"{"name": "z lib", "version": "1"}"#, "[]"] {
            assert_eq!(parse(text.as_bytes()).unreadable, 1, "{text}");
        }
        assert_eq!(parse(b"<html>").gaps.len(), 1);
        assert!(is_wanted("opt/conda/conda-meta/zlib-1.2.13-h5eee18b_0.json"));
        assert!(!is_wanted("opt/conda/conda-meta/history") && !is_wanted("opt/conda/pkgs/zlib.json"));
    }
}
