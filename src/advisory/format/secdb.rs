//! Security databases of Alpine Linux (https://secdb.alpinelinux.org/), Wolfi
//! (https://packages.wolfi.dev/os/security.json) and Chainguard (https://packages.cgr.dev/chainguard/security.json):
//! for each source package the versions that repaired something. One file is one repository of one release, as JSON,
//! or as YAML until 2020. It repeats the comments "secfixes" in the sources of the packages (secfixes-check(1) of
//! atools).
//!
//! What has no repair is not in these files, so that a package is never known to be free of vulnerabilities by them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Format, Shape, cve,
    parts::{List, Members, file, note_broken, part, said, without_mark},
};
use crate::advisory::{
    ecosystem, package_name,
    range::Event,
    record::{
        AFFECTED_MAX, Affected, Content, LIST_MAX, Record, a_version, at_most, identifier, name, shown,
    },
    versions::compare,
};

/// Largest file in bytes; Alpine's have some hundred kB, and those of Wolfi and Chainguard some MB.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Largest YAML in bytes; the longest published had 50 kB.
const YAML_BYTES_MAX: usize = 1 << 20;
/// Most packages; Wolfi named 1,456 in 2026, and all of Alpine are some 20,000.
const PACKAGES_MAX: usize = 200_000;
/// Most versions of one package that repair something; a release a day for 27 years.
const VERSIONS_MAX: usize = 10_000;
/// Most vulnerabilities repaired by one version; all of the kernel are 16,000.
const NAMES_MAX: usize = 50_000;
/// Most lines of a file, each about half a kilobyte in memory; Alpine's files have some thousand.
const LINES_MAX: u64 = 1_000_000;
/// Most versions that repair one vulnerability in one package; each is compared with the others.
const REPAIRS_MAX: usize = 100;
/// The version under which vulnerabilities stand that a package never had.
const NEVER: &str = "0";

pub(super) struct Secdb;

impl Format for Secdb {
    fn name(&self) -> &'static str {
        "secdb"
    }

    fn bytes_max(&self) -> u64 {
        FILE_BYTES_MAX
    }

    fn claims(&self, shape: &Shape<'_>) -> bool {
        shape.has(&["reponame", "packages"]) && (shape.has(&["apkurl"]) || shape.has(&["distroversion"]))
    }

    fn read(&self, bytes: &[u8]) -> Result<Content, String> {
        let bytes = without_mark(bytes).trim_ascii_start();
        if !bytes.starts_with(b"{") {
            let repository: RawRepository<RawEntry> = yaml(bytes)?;
            return read(repository.of(), repository.packages.0.into_iter().map(Ok));
        }
        let repository: RawRepository<&RawValue> = file(bytes)?;
        read(repository.of(), repository.packages.0.into_iter().map(part))
    }
}

/// YAML is read without its references, by which a short file becomes a long one; no published file has any.
fn yaml(bytes: &[u8]) -> Result<RawRepository<RawEntry>, String> {
    at_most(bytes.len(), YAML_BYTES_MAX, "bytes of YAML")?;
    let text = std::str::from_utf8(bytes).map_err(|e| said(&e))?;
    if text.contains('&') && text.contains('*') {
        return Err("YAML with references".to_owned());
    }
    serde_yaml::from_str(text).map_err(|e| said(&e))
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "P: Deserialize<'de>"))]
struct RawRepository<P> {
    /// `v3.19`; absent where there are no releases.
    #[serde(default)]
    distroversion: Option<String>,
    /// Where the packages lie, which tells the distribution.
    #[serde(default)]
    urlprefix: Option<String>,
    /// The same with placeholders; begins with `{{urlprefix}}` or with an address.
    #[serde(default)]
    apkurl: Option<String>,
    packages: List<P, PACKAGES_MAX>,
}

#[derive(Deserialize)]
struct RawEntry {
    pkg: RawPackage,
}

#[derive(Deserialize)]
struct RawPackage {
    name: String,
    /// What each version repaired.
    #[serde(default)]
    secfixes: Members<List<String, NAMES_MAX>, VERSIONS_MAX>,
}

/// A distribution that is imported.
struct Distribution {
    ecosystem: String,
    /// What turns the number of a CVE into an identifier of OSV.
    prefix: &'static str,
}

impl<P> RawRepository<P> {
    /// Returns the distribution; `None` for a release or a distribution that is not imported.
    fn of(&self) -> Option<Distribution> {
        let address = [&self.urlprefix, &self.apkurl].into_iter().flatten().find_map(|url| host(url));
        let (osv, prefix) = match (address, &self.distroversion) {
            (Some("packages.wolfi.dev"), _) => ("Wolfi".to_owned(), ""),
            (Some("packages.cgr.dev" | "apk.cgr.dev"), _) => ("Chainguard".to_owned(), ""),
            (Some(host), Some(release)) if is_alpine(host) => (format!("Alpine:{release}"), "ALPINE-"),
            (None, Some(release)) => (format!("Alpine:{release}"), "ALPINE-"),
            _ => return None,
        };
        ecosystem::ecosystem(&osv).map(|ecosystem| Distribution { ecosystem, prefix })
    }
}

fn host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.split(['/', ':']).next()
}

fn is_alpine(host: &str) -> bool {
    host == "alpinelinux.org" || host.ends_with(".alpinelinux.org")
}

/// A vulnerability of the file.
#[derive(Default)]
struct Vulnerability {
    ids: BTreeSet<String>,
    /// By package the versions that repaired it.
    repairs: BTreeMap<String, Vec<String>>,
}

fn read(
    distribution: Option<Distribution>,
    entries: impl ExactSizeIterator<Item = Result<RawEntry, String>>,
) -> Result<Content, String> {
    let mut content = Content::default();
    let Some(distribution) = distribution else {
        content.read = entries.len() as u64;
        content.left_out.insert("packages of other releases or distributions".to_owned(), content.read);
        return Ok(content);
    };
    let mut known = Known { distribution, vulnerabilities: BTreeMap::new() };
    for (index, entry) in entries.enumerate() {
        match entry.and_then(|entry| name(&entry.pkg.name).map(|()| entry.pkg)) {
            Ok(package) => known.add(&package, &mut content)?,
            Err(reason) => {
                content.read += 1;
                note_broken(&mut content, &format!("package {}", index + 1), reason)?;
            }
        }
    }
    for (id, vulnerability) in known.vulnerabilities {
        match record(&known.distribution.ecosystem, &id, vulnerability) {
            Ok(record) => content.records.push(record),
            Err(reason) => note_broken(&mut content, &id, reason)?,
        }
    }
    Ok(content)
}

/// What the packages read so far say of each vulnerability, by the identifier of its record.
struct Known {
    distribution: Distribution,
    vulnerabilities: BTreeMap<String, Vulnerability>,
}

impl Known {
    /// Adds what the versions of a package repaired.
    ///
    /// # Errors
    /// Where the file as a whole says too much; what is wrong with one line is noted.
    fn add(&mut self, package: &RawPackage, content: &mut Content) -> Result<(), String> {
        for (version, lines) in &package.secfixes.0 {
            for line in &lines.0 {
                content.read += 1;
                if content.read > LINES_MAX {
                    return Err(format!("more than {LINES_MAX} lines"));
                }
                if let Err(reason) = self.add_line(&package.name, version, line) {
                    note_broken(content, &format!("{} {version}", package.name), reason)?;
                }
            }
        }
        Ok(())
    }

    fn add_line(&mut self, package: &str, version: &str, line: &str) -> Result<(), String> {
        // Not empty, either.
        name(version).and_then(|()| a_version(version))?;
        let vulnerabilities = named(line)?;
        for (id, ids) in vulnerabilities.into_iter().filter(|_| version != NEVER) {
            let id = if cve::is_cve(&id) { format!("{}{id}", self.distribution.prefix) } else { id };
            let vulnerability = self.vulnerabilities.entry(id).or_default();
            vulnerability.ids.extend(ids);
            vulnerability.repairs.entry(package.to_owned()).or_default().push(version.to_owned());
        }
        Ok(())
    }
}

/// Returns the vulnerabilities that a line names, each with all its names. A line is a name, or several with blanks
/// between them, `CVE-2018-8897 XSA-260`, and may end in a remark, `CVE-2018-14470 (BABEL)`. CVEs are each a
/// vulnerability; other names of a line with several do not say which of them they mean.
fn named(line: &str) -> Result<Vec<(String, Vec<String>)>, String> {
    let words = line.split('(').next().unwrap_or_default().split_whitespace();
    let (mut cves, mut others) = (BTreeSet::new(), BTreeSet::new());
    for word in words {
        // `CVE_2019-2426` stands in published files.
        let word = word.trim_end_matches([',', ';', ':']).replacen("CVE_", "CVE-", 1);
        match cve::beginning(&word) {
            Some(cve) => drop(cves.insert(cve.to_owned())),
            None if is_name(&word) => drop(others.insert(word)),
            None => {}
        }
    }
    at_most(cves.len() + others.len(), LIST_MAX, "names on one line")?;
    let others: Vec<String> = others.into_iter().collect();
    if cves.is_empty() {
        let first = others.first().ok_or_else(|| format!("`{}` names no vulnerability", shown(line)))?;
        return Ok(vec![(first.clone(), others.clone())]);
    }
    let shared = if cves.len() == 1 { others.as_slice() } else { &[] };
    let with = |cve: String| (cve.clone(), shared.iter().cloned().chain([cve]).collect());
    Ok(cves.into_iter().map(with).collect())
}

/// Returns whether a word is the name of a vulnerability, as `XSA-254`, `GHSA-jq35-85cj-fj4p` and `TALOS-2017-0499`
/// are. `CVE-????-?????` is none.
fn is_name(word: &str) -> bool {
    let starts = word.starts_with(|c: char| c.is_ascii_alphabetic());
    starts && word.contains('-') && word.bytes().any(|b| b.is_ascii_digit()) && identifier(word).is_ok()
}

fn record(ecosystem: &str, id: &str, vulnerability: Vulnerability) -> Result<Record, String> {
    identifier(id)?;
    let Vulnerability { mut ids, repairs } = vulnerability;
    at_most(ids.len(), LIST_MAX, "names")?;
    at_most(repairs.len(), AFFECTED_MAX, "packages")?;
    ids.remove(id);
    let affected = repairs.into_iter().map(|(package, versions)| affected(ecosystem, &package, versions));
    let mut affected = affected.collect::<Result<Vec<_>, _>>()?;
    affected.sort();
    Ok(Record { id: id.to_owned(), ids: ids.into_iter().collect(), affected, ..Record::default() })
}

fn affected(ecosystem: &str, package: &str, mut versions: Vec<String>) -> Result<Affected, String> {
    versions.sort();
    versions.dedup();
    at_most(versions.len(), REPAIRS_MAX, "repairs of one package")?;
    let until = |fixed| vec![Event::Introduced(NEVER.to_owned()), Event::Fixed(fixed)];
    Ok(Affected {
        ecosystem: ecosystem.to_owned(),
        package: package_name(ecosystem, package),
        ranges: highest(ecosystem, versions).into_iter().map(until).collect(),
        ..Affected::default()
    })
}

/// Returns the highest version. A repair that is listed twice was not whole the first time, so that the later one
/// counts; versions that do not compare with it stay beside it.
fn highest(ecosystem: &str, versions: Vec<String>) -> Vec<String> {
    let Some(scheme) = ecosystem::scheme_of(ecosystem) else { return versions };
    let is_lower = |version: &String| {
        versions.iter().any(|other| compare(scheme, version, other).is_some_and(std::cmp::Ordering::is_lt))
    };
    versions.iter().filter(|version| !is_lower(version)).cloned().collect()
}

#[cfg(test)]
#[path = "secdb_tests.rs"]
mod tests;
