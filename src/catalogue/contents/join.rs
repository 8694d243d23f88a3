//! Entries of files become components: one for each package URL, wherever it was found.

use std::collections::BTreeMap;

use super::gather::{Entry, Gathered};
use crate::catalogue::found::{Addition, Form};
use crate::catalogue::path::split;
use crate::catalogue::{Component, OsRelease, Place};
use crate::model::{Ecosystem, Package, Source};

/// The purl namespace where no os-release names a distribution.
const NO_DISTRIBUTION: &str = "unknown";

/// The most places that are kept of one component.
pub(super) const PLACES_MAX: usize = 64;

/// What became of the entries.
pub(super) struct Joined {
    /// By package URL.
    pub components: BTreeMap<String, Component>,
    /// The package URL of every entry, in their order; `None` for those that no package URL can name.
    pub purls: Vec<Option<String>>,
    /// Number of the latter.
    pub nameless: u64,
}

/// Makes components of the entries.
pub(super) fn join(gathered: &Gathered<'_>, system: Option<&OsRelease>) -> Joined {
    let mut joined = Joined { components: BTreeMap::new(), purls: vec![], nameless: 0 };
    for entry in &gathered.entries {
        let origin = origin(gathered, entry);
        let mut package = package(entry, system);
        package.qualifiers.extend(origin.iter().flat_map(|origin| origin.qualifiers.clone()));
        let Ok(purl) = package.purl() else {
            joined.nameless += 1;
            joined.purls.push(None);
            continue;
        };
        let new = || Component::bare(package, purl.clone(), entry.cataloguer, entry.found.form);
        let component = joined.components.entry(purl.clone()).or_insert_with(new);
        // Where it came from is nearer to the truth than where its makers say that its source is.
        component.source_url = component.source_url.take().or_else(|| origin?.source_url.clone());
        fill(component, entry);
        joined.purls.push(Some(purl));
    }
    add_licences(gathered, &mut joined);
    joined
}

/// Returns what a file of the same directory tells of a package's origin.
fn origin<'a>(gathered: &Gathered<'a>, entry: &Entry<'_>) -> Option<&'a Addition> {
    let origin = gathered.origins.get(&(entry.cataloguer, split(entry.path).0))?;
    (origin.package == entry.found.name).then_some(*origin)
}

fn package(entry: &Entry<'_>, system: Option<&OsRelease>) -> Package {
    let found = entry.found;
    let of_distribution = found.ecosystem.is_of_distribution();
    let distribution = || namespace(found.ecosystem, system).to_owned();
    let own = || Source { name: found.name.clone(), version: found.version.clone() };
    Package {
        ecosystem: found.ecosystem,
        namespace: if of_distribution && found.namespace.is_empty() {
            distribution()
        } else {
            found.namespace.clone()
        },
        name: found.name.clone(),
        version: found.version.clone(),
        architecture: found.architecture.clone(),
        distro: system.filter(|_| of_distribution).and_then(OsRelease::distro),
        source: found.source.clone().unwrap_or_else(own),
        qualifiers: found.qualifiers.clone(),
    }
}

/// Returns the purl namespace of a distribution's package: `ID` of os-release, but of RPM packages the vendor
/// (package-url/purl-spec, `rpm-definition.json`), where that is another one.
fn namespace(ecosystem: Ecosystem, system: Option<&OsRelease>) -> &str {
    match (ecosystem, system.map_or(NO_DISTRIBUTION, |system| system.id.as_str())) {
        (Ecosystem::Rpm, "rhel") => "redhat",
        (Ecosystem::Rpm, id) if id.starts_with("opensuse") => "opensuse",
        (_, id) => id,
    }
}

/// Adds what one more entry knows; of what can be only once, the first entry's word stays.
fn fill(component: &mut Component, entry: &Entry<'_>) {
    let found = entry.found;
    if component.places.len() < PLACES_MAX {
        component.places.insert(Place {
            path: entry.path.to_owned(),
            inside: found.inside.clone(),
            layer: entry.layer,
        });
    }
    // What one program has compiled in may be another program of the same image.
    if component.form == Form::Compiled && found.form == Form::Executable {
        component.form = found.form;
    }
    component.licences.extend(found.licences.iter().cloned());
    component.cpes.extend(found.cpes.iter().cloned());
    component.creator = component.creator.take().or_else(|| found.creator.clone());
    component.source_url = component.source_url.take().or_else(|| found.source_url.clone());
    component.website = component.website.take().or_else(|| found.website.clone());
    component.sha512 = component.sha512.take().or_else(|| found.sha512.clone());
}

/// Adds licences that files beside a database tell of its packages.
fn add_licences(gathered: &Gathered<'_>, joined: &mut Joined) {
    for (addition, purl) in super::owner::added(gathered, &joined.purls) {
        if let Some(component) = joined.components.get_mut(purl) {
            component.licences.extend(addition.licences.iter().cloned());
        }
    }
}
