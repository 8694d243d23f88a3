//! Consumers, each with its gate.

use std::collections::{BTreeMap, BTreeSet};

use super::{Names, Object, Sources, Spec};
use crate::manifest::kinds::{
    CommittedSecrets, ConsumerSpec, GateChoice, GateSpec, Kind, LicencesSpec, Licensed, PublisherVex,
    Requirement,
};
use crate::manifest::text::LicenceName;
use crate::manifest::{DesiredConsumer, DesiredGate, DesiredLicences, Place};

/// Returns the consumers, sorted by name, with the places of their targets.
pub(super) fn consumers(sources: &Sources<'_>, names: &Names<'_>) -> Vec<(DesiredConsumer, Place)> {
    let mut consumers = BTreeMap::new();
    for object in &sources.objects {
        let (Some(name), Some(Spec::Consumer(spec))) = (object.name(), &object.spec) else { continue };
        let consumer = DesiredConsumer {
            name: name.to_owned(),
            target: spec.target.0.clone(),
            sets: sets(spec),
            gate: gate(object, spec, names),
            written: object.named_at().short(),
        };
        consumers.entry(name).or_insert((consumer, object.place("spec.target")));
    }
    consumers.into_values().collect()
}

fn sets(spec: &ConsumerSpec) -> Vec<String> {
    let sets: BTreeSet<_> = spec.images.iter().map(|set| set.0.clone()).collect();
    sets.into_iter().collect()
}

/// Returns the consumer's gate. A gate that is not defined counts as all defaults, so that the rest can be checked.
fn gate(object: &Object<'_>, spec: &ConsumerSpec, names: &Names<'_>) -> DesiredGate {
    match &spec.gate {
        None => thresholds("default", object, "spec.gate", &GateSpec::default()),
        Some(GateChoice::Inline(gate)) => thresholds("inline", object, "spec.gate", gate),
        Some(GateChoice::Name(name)) => match names.find(Kind::Gate, &name.0) {
            Some(gate @ Object { spec: Some(Spec::Gate(spec)), .. }) => {
                thresholds(&name.0, gate, "spec", spec)
            }
            _ => thresholds(&name.0, object, "spec.gate", &GateSpec::default()),
        },
    }
}

fn thresholds(name: &str, object: &Object<'_>, path: &str, spec: &GateSpec) -> DesiredGate {
    let at = |key: &str| format!("{path}.{key}");
    DesiredGate {
        name: name.to_owned(),
        max_severity: object.ruled(&at("maxSeverity"), spec.max_severity.severity()),
        fixable_only: object.ruled(&at("fixableOnly"), spec.fixable_only),
        unknown_severity: object.ruled(&at("unknownSeverity"), spec.unknown_severity.verdict()),
        known_exploited: object.ruled(&at("knownExploited"), spec.known_exploited.verdict()),
        signature_required: object.ruled(&at("signature"), spec.signature == Requirement::Required),
        max_age: object.ruled(&at("maxAge"), spec.max_age),
        cooldown: object.ruled(&at("cooldown"), spec.cooldown),
        publisher_vex: object.ruled(&at("publisherVex"), spec.publisher_vex == PublisherVex::Accept),
        licences: spec.licences.as_ref().map(|licences| self::licences(object, &at("licences"), licences)),
        hold_secrets: object.ruled(&at("secrets"), spec.secrets == CommittedSecrets::Hold),
    }
}

fn licences(object: &Object<'_>, path: &str, spec: &LicencesSpec) -> DesiredLicences {
    let at = |key: &str| format!("{path}.{key}");
    let terms = |names: &[LicenceName]| names.iter().map(|name| name.0.clone()).collect();
    DesiredLicences {
        deny: object.ruled(&at("deny"), spec.deny.as_deref().map_or(vec![], terms)),
        allow: spec.allow.as_deref().map(|names| object.ruled(&at("allow"), terms(names))),
        unknown: object.ruled(&at("unknown"), spec.unknown.verdict()),
        of_distribution: object.ruled(&at("of"), spec.of == Licensed::All),
    }
}
