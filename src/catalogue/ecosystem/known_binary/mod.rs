//! Programs and libraries that no package manager put there, recognised by the name of their file and told by texts in
//! it.
//!
//! To add one: a row in the table of its topic, with the names its file has, how it tells its version ([`mark`]), and its
//! names in the dictionary of CPE. Only files whose name is in a table are searched. Which rows were seen to find the
//! version of a real program stands beside them: `Debian` where the distribution's own build was read, `build` where a
//! piece of the publisher's build was; `Alpine` as Debian.

mod databases;
mod desktop;
mod go_programs;
mod java;
mod languages;
mod libraries;
mod mark;
mod own;
mod runtimes;
mod servers;
mod tools;

use super::{Cataloguer, Wants, word};
use crate::catalogue::found::{File, Form, Found, Parsed, Window};
use crate::model::Ecosystem;
use mark::Mark;

/// The name of the cataloguer.
pub(in crate::catalogue) const NAME: &str = "known_binary";

pub(in crate::catalogue) const CATALOGUER: Cataloguer = Cataloguer {
    name: NAME,
    wants: &[Wants::Executables, Wants::LargeExecutables(read_window), Wants::Paths(is_script)],
    parse: |file: &File<'_>| read_window(&Window::whole(file)),
};

/// A row: one program.
#[derive(Debug, Clone, Copy)]
struct Program {
    /// The last segment of the path, with one `*` for what differs from version to version.
    files: &'static [&'static str],
    /// The name of its package URL, of type `generic`.
    name: &'static str,
    /// `vendor:product` in the dictionary of CPE 2.3 names.
    cpes: &'static [&'static str],
    /// Tried in this order.
    marks: &'static [Mark],
    /// For what no mark can tell.
    own: Option<fn(&Window<'_>) -> Option<String>>,
    /// Whether the name of the file is enough, and the version may stay unknown.
    is_told_by_name: bool,
}

const fn program(
    name: &'static str,
    files: &'static [&'static str],
    cpes: &'static [&'static str],
    marks: &'static [Mark],
) -> Program {
    Program { files, name, cpes, marks, own: None, is_told_by_name: false }
}

/// Every row. Of those that name one file the first that finds a version counts.
const TABLES: [&[Program]; 9] = [
    databases::ALL,
    desktop::ALL,
    go_programs::ALL,
    java::ALL,
    languages::ALL,
    libraries::ALL,
    runtimes::ALL,
    servers::ALL,
    tools::ALL,
];

/// Files that are no executables and tell the version of a program all the same.
const SCRIPTS: [&str; 9] = [
    "VERSION",
    "VERSION.cache",
    "application.ini",
    "composer",
    "composer.phar",
    "elixir",
    "liberts_internal.a",
    "wp",
    "wp-cli.phar",
];

fn is_script(path: &str) -> bool {
    let (directory, name) = crate::catalogue::path::split(path);
    match name {
        // Of the Go toolchain alone: many things have a file of this name.
        "VERSION" | "VERSION.cache" => directory == "go" || directory.ends_with("/go"),
        _ => SCRIPTS.contains(&name),
    }
}

fn read_window(window: &Window<'_>) -> Parsed {
    let mut parsed = Parsed::default();
    for row in rows(window.name()) {
        let unknown = || row.is_told_by_name.then(String::new);
        if let Some(version) = version(row, window).or_else(unknown) {
            parsed.add(Some(found(row, &version)));
            break;
        }
    }
    parsed
}

/// Returns whether a table has a file of this name.
pub(in crate::catalogue) fn is_listed(name: &str) -> bool {
    rows(name).next().is_some()
}

fn rows(name: &str) -> impl Iterator<Item = &'static Program> {
    TABLES.iter().copied().flatten().filter(move |row| row.files.iter().any(|file| is_named(file, name)))
}

fn version(row: &Program, window: &Window<'_>) -> Option<String> {
    let version = row.marks.iter().find_map(|mark| mark.find(window));
    let version = version.or_else(|| row.own.and_then(|own| own(window)))?;
    word(version.as_bytes()).map(str::to_owned)
}

/// Returns whether a file has a name of the table.
fn is_named(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, end)) => name.strip_prefix(start).is_some_and(|rest| rest.ends_with(end)),
    }
}

fn found(row: &Program, version: &str) -> Found {
    let mut found = Found::new(Ecosystem::Generic, row.name, version);
    found.cpes = row.cpes.iter().map(|product| cpe(product, version)).collect();
    found.form = Form::Executable;
    found
}

/// Returns a CPE 2.3 name. The dictionary has the updates of Java 8, `1.8.0_352`, and of OpenSSH, `9.2p1`, in a field of
/// their own.
fn cpe(product: &str, version: &str) -> String {
    let (version, update) = match product {
        "oracle:openjdk" | "oracle:jre" => split_update(version, '_', "update"),
        "openbsd:openssh" | "sudo_project:sudo" => split_update(version, 'p', "p"),
        _ => None,
    }
    .unwrap_or((version, "*".to_owned()));
    format!("cpe:2.3:a:{product}:{}:{update}:*:*:*:*:*:*", quoted(version))
}

fn split_update<'a>(version: &'a str, separator: char, name: &str) -> Option<(&'a str, String)> {
    let (version, update) = version.split_once(separator)?;
    let end = update.find(|c: char| !c.is_ascii_digit()).unwrap_or(update.len());
    Some((version, format!("{name}{}", &update[..end])))
}

/// Returns a version as CPE's formatted strings want it: letters, digits, `.`, `-` and `_` as they are, all else behind
/// a backslash (NIST IR 7695, 6.2).
fn quoted(version: &str) -> String {
    let mut quoted = String::new();
    for c in version.to_ascii_lowercase().chars() {
        if !(c.is_ascii_alphanumeric() || "._-".contains(c)) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

#[cfg(test)]
mod tests;
