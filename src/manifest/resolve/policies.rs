//! Trust policies: keys read, actions by outcome.

use std::collections::{BTreeMap, BTreeSet};

use super::{Object, Sources, Spec};
use crate::manifest::kinds::{TrustPolicySpec, TrustedKey};
use crate::manifest::mistakes::Mistakes;
use crate::manifest::suggest::did_you_mean;
use crate::manifest::text::{PUBLIC_KEY, is_public_key};
use crate::manifest::{Code, DesiredPolicy, Diagnostic, is_input};
use crate::model::Outcome;

/// Returns the policies by name.
pub(super) fn policies(sources: &Sources<'_>, out: &mut Mistakes) -> BTreeMap<String, DesiredPolicy> {
    let mut policies = BTreeMap::new();
    for object in &sources.objects {
        let (Some(name), Some(Spec::TrustPolicy(spec))) = (object.name(), &object.spec) else { continue };
        let policy = DesiredPolicy {
            name: name.to_owned(),
            keys: keys(sources, object, spec, out),
            actions: [
                (Outcome::Absent, "absent", spec.absent),
                (Outcome::Foreign, "foreign", spec.foreign),
                (Outcome::Invalid, "invalid", spec.invalid),
                (Outcome::Undeterminable, "undeterminable", spec.undeterminable),
            ]
            .map(|(outcome, key, action)| (outcome, object.ruled(&format!("spec.{key}"), action.verdict())))
            .into(),
            written: object.named_at().short(),
        };
        policies.entry(name.to_owned()).or_insert(policy);
    }
    policies
}

fn keys(
    sources: &Sources<'_>,
    object: &Object<'_>,
    spec: &TrustPolicySpec,
    out: &mut Mistakes,
) -> Vec<(String, String)> {
    let mut names = BTreeSet::new();
    let mut keys = Vec::new();
    for (index, key) in spec.keys.iter().enumerate() {
        let path = format!("spec.keys.{index}");
        if !names.insert(&key.name) {
            let message = format!("key `{}` is named twice", key.name.0);
            out.push(Diagnostic::new(Code::DuplicateItem, message, object.place(&format!("{path}.name"))));
        }
        if let Some(pem) = pem(sources, object, key, &path, out) {
            keys.push((key.name.0.clone(), pem));
        }
    }
    keys
}

/// Returns the PEM text of a key, which is written in the document or in a file.
fn pem(
    sources: &Sources<'_>,
    object: &Object<'_>,
    key: &TrustedKey,
    path: &str,
    out: &mut Mistakes,
) -> Option<String> {
    let file = match (&key.path, &key.pem) {
        (None, Some(pem)) => return Some(pem.0.clone()),
        (Some(file), None) => file.0.as_str(),
        // Reported by the schema's check already.
        (None, None) | (Some(_), Some(_)) => return None,
    };
    let at = object.place(&format!("{path}.path"));
    match sources.keys.get(file) {
        Some(text) if is_public_key(text) => Some((*text).to_owned()),
        Some(_) => {
            let message = format!("file `{file}` is not a public key");
            out.push(Diagnostic::new(Code::InvalidValue, message, at).help(PUBLIC_KEY.to_owned()));
            None
        }
        None => {
            let message = format!("key file `{file}` is not there");
            let rule = "public keys are read from files `*.pub` and `*.pem` below `trust/` and `keys/`";
            let label = did_you_mean(file, sources.keys.keys().copied());
            let help = (!is_input(file)).then(|| rule.to_owned());
            out.push(Diagnostic::new(Code::MissingFile, message, at).label(label).help(help));
            None
        }
    }
}
