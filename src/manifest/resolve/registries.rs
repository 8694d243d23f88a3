//! Registries: hosts, and every fact that could be known about them.

use std::collections::BTreeMap;

use super::{Object, Sources, Spec, access};
use crate::manifest::kinds::RegistrySpec;
use crate::manifest::mistakes::Mistakes;
use crate::manifest::text::{HostName, Sentence};
use crate::manifest::{Code, DesiredRegistry, Diagnostic, Fact, Place};
use crate::registry::quirks::{self, Known};

/// Returns the registries by host.
pub(super) fn registries(sources: &Sources<'_>, out: &mut Mistakes) -> BTreeMap<String, DesiredRegistry> {
    let mut registries = BTreeMap::new();
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    for object in &sources.objects {
        let Some(Spec::Registry(name, spec)) = &object.spec else { continue };
        let Some(host) = host(object, name, spec, out) else { continue };
        let at = if spec.host.is_some() { object.place("spec.host") } else { object.named_at() };
        if let Some(first) = places.get(&host) {
            let message = format!("registry host `{host}` has two documents");
            out.push(
                Diagnostic::new(Code::DuplicateName, message, at)
                    .help(format!("the first is in {}", first.short())),
            );
            continue;
        }
        behaviour(object, &host, spec, out);
        let registry = DesiredRegistry {
            host: host.clone(),
            layout: spec.layout.as_ref().map(|path| path.0.clone()),
            plain_http: spec.plain_http,
            kind: spec.kind,
            behaviour: spec.behaviour.clone(),
            limits: spec.limits.limits(),
            access: access::access(sources, object, spec, out),
            facts: facts(spec),
            written: object.named_at().short(),
        };
        places.insert(host.clone(), at);
        registries.insert(host, registry);
    }
    registries
}

fn host(object: &Object<'_>, name: &str, spec: &RegistrySpec, out: &mut Mistakes) -> Option<String> {
    match (&spec.host, name.parse::<HostName>()) {
        (Some(host), _) => Some(host.0.clone()),
        (None, Ok(host)) => Some(host.0),
        (None, Err(_)) if object.flawed => None,
        (None, Err(rule)) => {
            let message = format!("registry `{name}` needs `spec.host`, because its name is no host");
            out.push(Diagnostic::new(Code::MissingKey, message, object.named_at()).help(rule));
            None
        }
    }
}

/// Reports what is asked of a registry that its kind cannot do.
fn behaviour(object: &Object<'_>, host: &str, spec: &RegistrySpec, out: &mut Mistakes) {
    let known = quirks::find(host, spec.kind);
    let product =
        known.map_or_else(|| "a registry of unknown kind".to_owned(), |known| known.product.to_owned());
    let usual = known.map(Known::behaviour).unwrap_or_default();
    let mut wrong = |key: &str, message: String, help: &str| {
        let at = object.place(&format!("spec.behaviour.{key}"));
        out.push(Diagnostic::new(Code::InvalidValue, message, at).help(help.to_owned()));
    };
    if spec.behaviour.create_repositories == Some(true) && usual.create_repository.is_none() {
        let message = format!("repositories of {product} cannot be created");
        let help =
            "Fondaco can create repositories of Amazon ECR (`kind: ecr`); others are created by their owner";
        wrong("createRepositories", message, help);
    }
    if spec.behaviour.chunk_bytes.is_some() && usual.overridden_by(&spec.behaviour).chunks_broken {
        let message = format!("{product} does not keep uploads in chunks whole");
        let help =
            "leave `chunkBytes` out, or say `chunksBroken: false` where `fondaco doctor` finds that repaired";
        wrong("chunkBytes", message, help);
    }
}

/// Returns every fact a registry can have, always in this order, so that pages show the open questions too.
fn facts(spec: &RegistrySpec) -> Vec<Fact> {
    let RegistrySpec { operator, jurisdiction, declared, .. } = spec;
    let text = |value: &Option<Sentence>| value.as_ref().map(|value| value.0.clone());
    let date = declared.date.as_ref().map(|date| date.0.clone());
    let source = text(&declared.source);
    let answers = [
        ("operator.name", text(&operator.name)),
        ("operator.country", operator.country.as_ref().map(|country| country.0.clone())),
        ("operator.parent.name", text(&operator.parent.name)),
        ("operator.parent.country", operator.parent.country.as_ref().map(|country| country.0.clone())),
        ("jurisdiction.location", text(&jurisdiction.location)),
        ("jurisdiction.law", text(&jurisdiction.law)),
        ("jurisdiction.thirdCountryAccess", text(&jurisdiction.third_country_access)),
        ("jurisdiction.exit", text(&jurisdiction.exit)),
        ("declared.by", text(&declared.by)),
        ("declared.date", date.clone()),
        ("declared.source", source.clone()),
        ("declared.reviewedBy", text(&declared.reviewed_by)),
    ];
    let fact = |(key, value): (&str, Option<String>)| {
        let answered = value.is_some();
        let of = |text: &Option<String>| text.clone().filter(|_| answered);
        Fact { key: key.to_owned(), source: of(&source), date: of(&date), value }
    };
    answers.into_iter().map(fact).collect()
}
