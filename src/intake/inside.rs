//! What of a platform's contents is recorded. Pure.

use std::collections::BTreeMap;

use super::platforms::Catalogued;
use super::{base, licences, notable};
use crate::catalogue::{self, Component, Evidence};
use crate::evidence::{Counted, ExecutionRecord, LayerContents, Owned, PlatformContents, RuntimeFound};
use crate::model::{Execution, ImageConfig};

/// The most kinds of packages, and the most owned packages, that are recorded; the rest stands in the SBOM.
const LISTED_MAX: usize = 2000;

/// The most words of a command, ports, volumes and variables, and the most characters of each.
const WORDS_MAX: usize = 200;
const WORD_CHARS_MAX: usize = 300;

/// Parts of names whose values are secrets, as secret scanners have them.
const SECRET_NAMES: [&str; 9] = [
    "PASSWORD",
    "PASSWD",
    "SECRET",
    "TOKEN",
    "API_KEY",
    "APIKEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
    "CREDENTIALS",
];

/// Endings of names that only say where a secret is, or what kind.
const NOT_SECRET: [&str; 6] = ["_FILE", "_PATH", "_URL", "_TYPE", "_HEADER", "_NAME"];

/// Returns what is recorded of one platform.
pub(super) fn record(of: &Catalogued) -> PlatformContents {
    let components = &of.contents.components;
    let kinds = components.iter().map(|one| one.package.ecosystem.purl_type().to_owned());
    PlatformContents {
        digest: of.manifest.digest.clone(),
        layers: layers(of),
        kinds: counted(kinds),
        licences: licences::found(components),
        owned: owned(components),
        runtimes: components.iter().flat_map(runtimes).take(LISTED_MAX).collect(),
        documents: of
            .contents
            .documents
            .iter()
            .take(LISTED_MAX)
            .map(|(path, format)| (cut(path), cut(format)))
            .collect(),
        content_sets: of.contents.content_sets.iter().take(LISTED_MAX).cloned().collect(),
        base: base::record(&of.annotations, &of.config, of.layers.len()),
        secrets: notable::secrets(&of.contents.notable, &of.layers),
        privileged: notable::privileged(&of.contents.notable),
        execution: execution(&of.config),
    }
}

fn layers(of: &Catalogued) -> Vec<LayerContents> {
    let mut packages: BTreeMap<usize, u64> = BTreeMap::new();
    for component in &of.contents.components {
        let first = component.places.iter().map(|place| place.layer).min().unwrap_or_default();
        *packages.entry(first).or_default() += 1;
    }
    let mut steps = of.config.history.iter().filter(|step| !step.empty_layer);
    let layer = |(number, layer): (usize, &crate::evidence::LayerRecord)| LayerContents {
        digest: layer.digest.clone(),
        size: layer.size,
        uncompressed: of.contents.uncompressed.get(number).copied().unwrap_or_default(),
        packages: packages.get(&number).copied().unwrap_or_default(),
        created_by: steps.next().map(|step| cut(&step.created_by)).filter(|step| !step.is_empty()),
    };
    of.layers.iter().enumerate().map(layer).collect()
}

fn counted(names: impl Iterator<Item = String>) -> Vec<Counted> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let counts = counts.into_iter().map(|(name, packages)| Counted { name, packages });
    counts.take(LISTED_MAX).collect()
}

fn owned(components: &[Component]) -> Vec<Owned> {
    let owned = components
        .iter()
        .filter_map(|one| Some(Owned { package: one.purl.clone(), owner: one.owner.clone()? }));
    owned.take(LISTED_MAX).collect()
}

fn runtimes(component: &Component) -> Vec<RuntimeFound> {
    let found = catalogue::runtimes(component).into_iter().map(|(product, evidence)| RuntimeFound {
        product: product.name.to_owned(),
        publisher: product.publisher.to_owned(),
        package: component.purl.clone(),
        recognised_by: match evidence {
            Evidence::Package => "package",
            Evidence::MainModule => "main module",
            Evidence::Binary => "binary",
        }
        .to_owned(),
    });
    found.collect()
}

fn execution(config: &ImageConfig) -> ExecutionRecord {
    let Execution { user, entrypoint, cmd, env, working_dir, exposed_ports, volumes, labels, .. } =
        &config.config;
    let variables = env.iter().map(|one| one.split_once('=').unwrap_or((one, "")));
    let labelled = labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let mut looks_secret: Vec<String> = variables
        .clone()
        .chain(labelled)
        .filter(|(name, value)| is_secret(name, value))
        .map(|(name, _)| cut(name))
        .collect();
    looks_secret.sort();
    looks_secret.dedup();
    looks_secret.truncate(WORDS_MAX);
    ExecutionRecord {
        user: cut(user),
        entrypoint: words(entrypoint.iter().map(String::as_str)),
        command: words(cmd.iter().map(String::as_str)),
        working_directory: cut(working_dir),
        ports: words(exposed_ports.keys().map(String::as_str)),
        volumes: words(volumes.keys().map(String::as_str)),
        variables: words(variables.map(|(name, _)| name)),
        looks_secret,
    }
}

fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_ascii_uppercase().replace(['-', '.'], "_");
    let value = value.trim();
    // `${PASSWORD}` and `$PASSWORD` are filled in when a container starts.
    let is_filled_later = value.starts_with('$');
    !value.is_empty()
        && !is_filled_later
        && SECRET_NAMES.iter().any(|part| name.contains(part))
        && !NOT_SECRET.iter().any(|ending| name.ends_with(ending))
}

fn words<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    words.take(WORDS_MAX).map(cut).collect()
}

pub(super) fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(WORD_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_look_secret_are_named_and_never_recorded() {
        let config = r#"{"config": {"Env": ["PATH=/bin", "DB_PASSWORD=hunter2", "TOKEN=", "API_KEY=$KEY",
            "POSTGRES_PASSWORD_FILE=/run/secrets/db", "aws-secret-access-key=AKIA"],
            "Labels": {"build.token": "abc", "title": "app"}, "User": "1000", "ExposedPorts": {"80/tcp": {}}}}"#;
        let record = execution(&serde_json::from_str(config).unwrap());
        assert_eq!(record.looks_secret, ["DB_PASSWORD", "aws-secret-access-key", "build.token"]);
        assert_eq!((record.user.as_str(), record.ports.as_slice()), ("1000", &["80/tcp".to_owned()][..]));
        let text = serde_json::to_string(&record).unwrap();
        assert!(!text.contains("hunter2") && !text.contains("AKIA"), "{text}");
    }

    #[test]
    fn a_flood_of_words_is_cut() {
        let flood: Vec<String> = (0..1000).map(|number| format!("\"V{number}={}\"", "x".repeat(9))).collect();
        let config =
            format!("{{\"config\": {{\"Env\": [{}], \"User\": \"{}\"}}}}", flood.join(","), "u".repeat(5000));
        let record = execution(&serde_json::from_str(&config).unwrap());
        assert_eq!((record.variables.len(), record.user.len()), (WORDS_MAX, WORD_CHARS_MAX));
    }
}
