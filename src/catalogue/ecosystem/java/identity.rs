//! Decides what an archive is, and what is shaded into it.

use std::collections::BTreeSet;

use super::file_name::FileName;
use super::group;
use super::manifest::Manifest;
use super::pom::Pom;
use super::properties::Coordinates;
use super::records::Record;
use crate::catalogue::declared;
use crate::catalogue::ecosystem::word;
use crate::catalogue::found::{Form, Found, Need};
use crate::model::Ecosystem;

/// What an archive turned out to be.
#[derive(Debug, Default)]
pub(super) struct Identity {
    /// The archive itself; absent where it is not to be told.
    pub own: Option<Found>,
    /// What is shaded into it, with the file that tells so.
    pub shaded: Vec<Found>,
    /// Records that name nothing usable.
    pub unusable: u64,
}

/// Decides from all that was found in an archive at `path`. Without a manifest or a record, only an archive that is
/// Java's by its ending has an identity.
pub(super) fn identify(path: &str, manifest: Option<&Manifest>, records: &[Record]) -> Identity {
    // Instrumentation agents carry archives that are named like the library they change.
    let is_weaver = manifest.is_some_and(|manifest| manifest.main("Weave-Classes").is_some());
    let is_java = manifest.is_some() || !records.is_empty() || super::is_certain(path);
    if is_weaver || !is_java {
        return Identity::default();
    }
    let file = FileName::of(path);
    let own = own_record(&file, manifest, records);
    let mut identity = Identity::default();
    let found = archive(&file, manifest, own.map(|index| &records[index]));
    identity.unusable += u64::from(found.is_none());
    let mut seen: BTreeSet<&Coordinates> = own.map(|index| &records[index].coordinates).into_iter().collect();
    for (index, record) in records.iter().enumerate() {
        if own == Some(index) || !seen.insert(&record.coordinates) {
            continue;
        }
        match shaded(record) {
            Some(found) => identity.shaded.push(found),
            None => identity.unusable += 1,
        }
    }
    identity.own = found;
    identity
}

/// Returns the record of the archive itself: the one that has the name of the file, best with its version too; else one
/// whose name is a part of the file's and whose version is the file's; else the only one, if the manifest agrees.
fn own_record(file: &FileName<'_>, manifest: Option<&Manifest>, records: &[Record]) -> Option<usize> {
    let position = |fits: &dyn Fn(&Coordinates) -> bool| {
        records.iter().position(|record| !record.coordinates.artifact.is_empty() && fits(&record.coordinates))
    };
    // `artifact-version.jar` or `artifact-version-classifier.jar`, whatever digits are in the artifact's name.
    let has_both = |one: &Coordinates| {
        let rest = file.stem.strip_prefix(one.artifact.as_str()).and_then(|rest| rest.strip_prefix('-'));
        let rest = rest.and_then(|rest| rest.strip_prefix(one.version.as_str()));
        !one.version.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let has_name = |one: &Coordinates| {
        [file.stem, file.name, file.artifact()].iter().any(|name| is_alike(name, &one.artifact))
    };
    let has_version = |one: &Coordinates| file.version == Some(one.version.as_str());
    let is_near = |one: &Coordinates| {
        let alike = !file.name.is_empty()
            && (one.artifact.starts_with(file.name) || file.name.ends_with(one.artifact.as_str()));
        alike && (file.version.is_none() || has_version(one))
    };
    let agreed =
        |one: &Coordinates| records.len() == 1 && manifest.is_some_and(|manifest| agrees(manifest, one));
    position(&has_both)
        .or_else(|| position(&|one| has_name(one) && has_version(one)))
        .or_else(|| position(&has_name))
        .or_else(|| position(&is_near))
        .or_else(|| position(&agreed))
}

/// Returns whether two names are one: Debian's jars have dashes where the artifact has underscores.
fn is_alike(one: &str, other: &str) -> bool {
    let dashed = |b: u8| if b == b'_' { b'-' } else { b };
    one.bytes().map(dashed).eq(other.bytes().map(dashed))
}

/// Returns whether the manifest speaks of the same artifact.
fn agrees(manifest: &Manifest, one: &Coordinates) -> bool {
    let is = |keys: &[&str], value: &str| keys.iter().any(|key| manifest.main(key) == Some(value));
    let symbolic =
        manifest.main("Bundle-SymbolicName").and_then(|name| name.split(';').next()).unwrap_or_default();
    is(&["Implementation-Title", "Specification-Title", "Extension-Name", "Short-Name"], &one.artifact)
        || symbolic
            .strip_suffix(one.artifact.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        || (!one.version.is_empty() && is(&["Implementation-Version", "Plugin-Version"], &one.version))
}

/// Returns the component that the archive itself is.
fn archive(file: &FileName<'_>, manifest: Option<&Manifest>, record: Option<&Record>) -> Option<Found> {
    let none = Coordinates::default();
    let told = record.map_or(&none, |record| &record.coordinates);
    let name = text(&told.artifact).or_else(|| name(file, manifest))?;
    let version = text(&told.version).or(file.version.map(str::to_owned)).or_else(|| version(manifest?));
    let group = text(&told.group).unwrap_or_else(|| group::of(&name, manifest, file));
    let mut found = component(&group, &name, &version.unwrap_or_default())?;
    found.form = Form::Archive;
    if let Some(pom) = record.and_then(|record| record.pom.as_ref()) {
        describe(&mut found, pom);
    }
    if let Some(manifest) = manifest {
        const VENDORS: [&str; 4] =
            ["Implementation-Vendor", "Bundle-Vendor", "Specification-Vendor", "Plugin-Developers"];
        if found.licences.is_empty() {
            found.licences = manifest.licences().iter().filter_map(|text| declared::licence(text)).collect();
        }
        found.source_url = found.source_url.or_else(|| manifest.source_url().and_then(declared::url));
        found.creator = found.creator.or_else(|| declared::creator(manifest.first(&VENDORS)));
    }
    Some(found)
}

fn shaded(record: &Record) -> Option<Found> {
    let told = &record.coordinates;
    let group = text(&told.group).unwrap_or_else(|| told.artifact.clone());
    let mut found = component(&group, &told.artifact, &told.version)?;
    found.form = Form::Compiled;
    found.inside = Some(record.path.clone());
    if let Some(pom) = &record.pom {
        describe(&mut found, pom);
    }
    Some(found)
}

fn describe(found: &mut Found, pom: &Pom) {
    found.licences = pom.licence.iter().filter_map(|text| declared::licence(text)).collect();
    found.source_url = pom.source_url.as_deref().and_then(declared::url);
    found.creator = declared::creator(&pom.creator);
    found.needs = pom.needs.iter().map(Need::any).collect();
}

/// Returns a component where group, name and version are words.
fn component(group: &str, name: &str, version: &str) -> Option<Found> {
    let is_word = |text: &str| word(text.as_bytes()).is_some();
    let fits = is_word(group) && is_word(name) && (version.is_empty() || is_word(version));
    fits.then(|| Found { namespace: group.to_owned(), ..Found::new(Ecosystem::Maven, name, version) })
}

/// Returns the name of an archive without a record of its own. Apache Felix's plugin writes group and artifact into the
/// manifest, which tells more than a file name without a version.
fn name(file: &FileName<'_>, manifest: Option<&Manifest>) -> Option<String> {
    let main = |key: &str| manifest.and_then(|manifest| manifest.main(key));
    let is_of_plugin = main("Created-By").is_some_and(|by| by.contains("Apache Maven Bundle Plugin"));
    let symbolic = main("Bundle-SymbolicName").filter(|_| is_of_plugin && file.version.is_none());
    let symbolic = symbolic.filter(|name| main("Implementation-Vendor-Id") != Some(name));
    let symbolic = symbolic.and_then(|name| name.split(';').next()).and_then(|name| name.rsplit('.').next());
    let last = ["Extension-Name", "Short-Name", "Implementation-Title"];
    let named = [symbolic, Some(file.artifact())].into_iter().chain(last.map(main));
    named.flatten().find_map(text)
}

/// Returns the version that a manifest tells, without what is said behind it (`2.1 2009-04-17`).
fn version(manifest: &Manifest) -> Option<String> {
    const KEYS: [&str; 4] =
        ["Implementation-Version", "Specification-Version", "Plugin-Version", "Bundle-Version"];
    let values = KEYS.iter().filter_map(|key| manifest.anywhere(key));
    values.filter_map(|value| value.split_whitespace().next()).find_map(text)
}

/// Returns a text that is there and is no placeholder that a build left.
fn text(value: &str) -> Option<String> {
    (!value.is_empty() && !value.contains("${")).then(|| value.to_owned())
}
