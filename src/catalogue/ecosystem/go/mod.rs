//! Go programs and libraries: the modules that the linker names in them, and the standard library.
//!
//! In order: [`record`] finds the record and reads its two strings, [`modules`] reads the list of modules,
//! [`main_version`] tells the version of a main module that was built from a checkout.

mod main_version;
mod modules;
mod record;

use super::{Cataloguer, Wants, word};
use crate::catalogue::executable::{self, Once};
use crate::catalogue::found::{File, Form, Found, Need, Parsed, Window};
use crate::model::Ecosystem;
use modules::{DEVEL, Listed};
use record::{Build, Located};

pub(in crate::catalogue) const CATALOGUER: Cataloguer = Cataloguer {
    name: "go",
    wants: &[Wants::Executables, Wants::LargeExecutables(read_window)],
    parse: read,
};

/// The name of the standard library among packages (purl-spec, `golang`, and the Go vulnerability database).
const STANDARD_LIBRARY: &str = "stdlib";

/// Hosts whose first two path segments are the repository.
const FORGES: [&str; 4] = ["bitbucket.org/", "codeberg.org/", "github.com/", "gitlab.com/"];

fn read(file: &File<'_>) -> Parsed {
    let (mut parsed, mut once) = (Parsed::default(), Once::default());
    for part in executable::parts(file.bytes) {
        add(&mut parsed, &mut once, record::in_executable(part));
    }
    parsed
}

fn read_window(window: &Window<'_>) -> Parsed {
    let mut parsed = Parsed::default();
    add(&mut parsed, &mut Once::default(), record::in_window(window));
    parsed
}

/// Adds the packages of one part; a program for several processors lists the same ones for each.
fn add(parsed: &mut Parsed, once: &mut Once, located: Located) {
    match located {
        Located::Nothing => {}
        Located::Broken(reason) => parsed.gaps.push(reason.to_owned()),
        Located::Found(build) => {
            let (packages, unreadable) = packages(&build);
            parsed.unreadable += unreadable;
            for found in packages.into_iter().filter(|found| once.is_new(found)) {
                parsed.add(Some(found));
            }
        }
    }
}

/// Returns the packages of a program and how many of its modules have no usable name.
fn packages(build: &Build) -> (Vec<Found>, u64) {
    let listed = modules::parse(&build.modules);
    let standard = standard_library(&build.go_version);
    let mut unreadable = listed.unreadable;
    let mut packages = vec![];
    for module in &listed.dependencies {
        match package(module.effective_path(), module.effective_version(), Form::Compiled) {
            Some(found) => packages.push(found),
            None => unreadable += 1,
        }
    }
    packages.extend(standard);
    if let Some(main) = main(&listed) {
        match package(&main.0, &main.1, Form::Executable) {
            Some(mut found) => {
                found.needs = packages.iter().map(need).collect();
                packages.insert(0, found);
            }
            None => unreadable += 1,
        }
    }
    (packages, unreadable)
}

/// Returns path and version of the main module.
fn main(listed: &Listed) -> Option<(String, String)> {
    let main = listed.main.as_ref()?;
    let version = match main.effective_version() {
        DEVEL | "" => main_version::of(&main.path, &listed.settings),
        version => version.to_owned(),
    };
    Some((main.effective_path().to_owned(), version))
}

fn package(path: &str, version: &str, form: Form) -> Option<Found> {
    let version = if version == DEVEL { "" } else { version };
    if !modules::is_path(path) || !(version.is_empty() || word(version.as_bytes()).is_some()) {
        return None;
    }
    let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut found = Found::new(Ecosystem::Golang, name, version);
    namespace.clone_into(&mut found.namespace);
    found.source_url = repository(path);
    found.form = form;
    Some(found)
}

fn need(found: &Found) -> Need {
    let name = match found.namespace.as_str() {
        "" => found.name.clone(),
        namespace => format!("{namespace}/{}", found.name),
    };
    Need { name, version: Some(found.version.clone()) }
}

/// Returns the repository of a module where its path tells it: `https://github.com/owner/name`.
fn repository(path: &str) -> Option<String> {
    let forge = FORGES.iter().find(|forge| path.starts_with(**forge))?;
    let mut rest = path[forge.len()..].split('/').filter(|segment| !segment.is_empty());
    Some(format!("https://{forge}{}/{}", rest.next()?, rest.next()?))
}

/// Returns the standard library at the toolchain's version, `go1.22.3`, `go1.22.3 X:boringcrypto` or
/// `devel go1.23-2e1003e2f7 Mon Jan 1 …`.
fn standard_library(go_version: &str) -> Option<Found> {
    let version = go_version.split(' ').find_map(|one| one.strip_prefix("go"))?;
    let version =
        word(version.as_bytes()).filter(|version| version.starts_with(|c: char| c.is_ascii_digit()))?;
    let mut found = Found::new(Ecosystem::Golang, STANDARD_LIBRARY, version);
    found.form = Form::Compiled;
    // Stands in the LICENSE file of every toolchain; a program does not carry it.
    found.licences = vec!["BSD-3-Clause".to_owned()];
    found.source_url = Some("https://go.googlesource.com/go".to_owned());
    found.cpes.extend(standard_library_cpe(version));
    Some(found)
}

/// Returns the CPE name, with a release candidate as its update: `1.22rc1` is `1.22:rc1`.
fn standard_library_cpe(version: &str) -> Option<String> {
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    let (numbers, rest) = version.split_at(end);
    let update = match rest {
        "" => "-",
        rest if rest.starts_with(['+', '-']) => "-",
        rest if rest.bytes().all(|b| b.is_ascii_alphanumeric()) => rest,
        _ => return None,
    };
    Some(format!("cpe:2.3:a:golang:go:{numbers}:{update}:*:*:*:*:*:*"))
}

#[cfg(test)]
mod tests;
