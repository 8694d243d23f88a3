//! Components and their dependencies in the model of `cyclonedx-bom`.

use cyclonedx_bom::external_models::normalized_string::NormalizedString;
use cyclonedx_bom::models::component::{
    Classification, Component as Modelled, ComponentEvidence, Components, Cpe, Occurrence, Occurrences,
};
use cyclonedx_bom::models::dependency::{Dependencies, Dependency};
use cyclonedx_bom::models::license::{LicenseChoice, Licenses};
use cyclonedx_bom::models::property::{Properties, Property};
use cyclonedx_bom::prelude::{Purl, SpdxExpression};

use super::declared::Licences;
use super::{SbomSubject, cpe};
use crate::catalogue::{Component, Form};

/// The reference of the distribution.
pub(super) const SYSTEM_REFERENCE: &str = "operating-system";

/// Returns the components, the distribution among them, by reference.
pub(super) fn components(image: &SbomSubject, components: &[&Component]) -> Components {
    let mut licences = Licences::default();
    let mut modelled: Vec<Modelled> =
        components.iter().map(|one| component(one, licences.expression(&one.licences))).collect();
    modelled.extend(system(image, components));
    modelled.sort_by(|a, b| a.bom_ref.cmp(&b.bom_ref));
    Components(modelled)
}

fn component(of: &Component, licence: Option<String>) -> Modelled {
    let package = &of.package;
    let kind = match of.form {
        Form::Executable => Classification::Application,
        Form::Installed | Form::Compiled | Form::Archive => Classification::Library,
    };
    let mut modelled = Modelled::new(kind, &package.name, &package.version, Some(of.purl.clone()));
    if package.version.is_empty() {
        modelled.version = None;
    }
    // The distribution of a package is no part of its name: Grype and Trivy would look for `debian/jq` and find nothing.
    let group =
        Some(&package.namespace).filter(|name| !name.is_empty() && !package.ecosystem.is_of_distribution());
    modelled.group = group.map(|name| NormalizedString::new(name));
    modelled.purl = Some(to_purl(&of.purl));
    modelled.cpe = of.cpes.iter().find(|name| cpe::is_name(name)).map(|name| Cpe::new(name));
    modelled.licenses =
        licence.map(|text| Licenses(vec![LicenseChoice::Expression(SpdxExpression::new(&text))]));
    modelled.properties = Some(Properties(properties(of)));
    modelled.evidence = evidence(of);
    modelled
}

fn to_purl(text: &str) -> Purl {
    text.parse().expect("the parser of this type accepts any text; `validate` checks it")
}

/// Returns what found the component, who owns its file, and what BSI's taxonomy asks of files (TR-03183-2, 8.2).
pub(super) fn properties(of: &Component) -> Vec<Property> {
    let mut properties = vec![Property::new("fondaco:cataloguer", &of.cataloguer)];
    if let Some(layer) = of.places.iter().map(|place| place.layer).min() {
        properties.push(Property::new("fondaco:layer", &layer.to_string()));
    }
    if let Some(owner) = &of.owner {
        properties.push(Property::new("fondaco:owner", owner));
    }
    if let (true, Some(place)) = (is_file(of), of.places.iter().find(|place| place.inside.is_none())) {
        let name = place.path.rsplit('/').next().unwrap_or(&place.path);
        let executable = if of.form == Form::Executable { "executable" } else { "non-executable" };
        let archive = if of.form == Form::Archive { "archive" } else { "no archive" };
        properties.extend([
            Property::new("bsi:component:filename", name),
            Property::new("bsi:component:executable", executable),
            Property::new("bsi:component:archive", archive),
            Property::new("bsi:component:structured", "structured"),
        ]);
    }
    properties
}

/// Returns whether the component is a file of its own.
pub(super) fn is_file(of: &Component) -> bool {
    matches!(of.form, Form::Executable | Form::Archive)
        && of.places.iter().any(|place| place.inside.is_none())
}

fn evidence(of: &Component) -> Option<ComponentEvidence> {
    let place = |place: &crate::catalogue::Place| match &place.inside {
        None => Occurrence::new(&format!("/{}", place.path)),
        Some(inside) => Occurrence::new(&format!("/{}!/{inside}", place.path)),
    };
    let occurrences: Vec<Occurrence> = of.places.iter().map(place).collect();
    (!occurrences.is_empty()).then_some(ComponentEvidence {
        licenses: None,
        copyright: None,
        occurrences: Some(Occurrences(occurrences)),
        callstack: None,
        identity: None,
    })
}

/// Returns whether there is a component for the distribution.
pub(super) fn has_system(image: &SbomSubject, components: &[&Component]) -> bool {
    system(image, components).is_some()
}

/// Returns the distribution, where packages or os-release tell one.
pub(super) fn system(image: &SbomSubject, components: &[&Component]) -> Option<Modelled> {
    let of_distribution =
        components.iter().map(|one| &one.package).filter(|one| one.ecosystem.is_of_distribution());
    let mut told = of_distribution.filter_map(|one| Some((one.namespace.as_str(), one.distro.as_deref()?)));
    let told = told.next();
    let pretty = image.system.as_deref();
    let name = told.map(|(id, _)| id).or(pretty)?;
    let version = told.and_then(|(id, distro)| distro.strip_prefix(id)?.strip_prefix('-'));
    let reference = Some(SYSTEM_REFERENCE.to_owned());
    let mut component = Modelled::new(Classification::OperatingSystem, name, "", reference);
    component.version = version.map(NormalizedString::new);
    component.description = pretty.map(NormalizedString::new);
    Some(component)
}

/// Returns who needs whom; the image holds everything.
pub(super) fn dependencies(image: &SbomSubject, components: &[&Component]) -> Dependencies {
    let mut all = vec![];
    let mut held: Vec<String> = components.iter().map(|one| one.purl.clone()).collect();
    if let Some(system) = system(image, components) {
        held.extend(system.bom_ref);
        all.push(Dependency { dependency_ref: SYSTEM_REFERENCE.to_owned(), dependencies: vec![] });
    }
    held.sort();
    all.push(Dependency { dependency_ref: image.digest.to_string(), dependencies: held });
    let is_there = |purl: &&String| components.binary_search_by(|one| one.purl.cmp(purl)).is_ok();
    all.extend(components.iter().map(|one| Dependency {
        dependency_ref: one.purl.clone(),
        dependencies: one.needs.iter().filter(is_there).cloned().collect(),
    }));
    all.sort_by(|a, b| a.dependency_ref.cmp(&b.dependency_ref));
    Dependencies(all)
}
