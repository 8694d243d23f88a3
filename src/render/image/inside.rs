//! What the image holds.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Image;
use super::base::{self, Row};
use super::notable::Notable;
use crate::evidence::{
    ExecutionRecord, LayerContents, LicenceFound, PlatformContents, PlatformRecord, RuntimeFound, SbomRecord,
};
use crate::render::link::Link;

/// The most slices of the picture; the smallest layers share one.
const SLICES_MAX: usize = 10;

/// The most licences of one platform on the page, the most used first; all of them stand in the record.
const LICENCES_MAX: usize = 30;

/// The most characters of an expression on the page; the record has all of it.
const EXPRESSION_CHARS_MAX: usize = 300;

#[derive(Serialize)]
pub(super) struct Section {
    total_size: u64,
    platforms: Vec<Platform>,
    kinds: Vec<KindOfPackage>,
}

#[derive(Serialize)]
struct Platform {
    name: String,
    digest: String,
    system: Option<String>,
    package_count: u64,
    packages: Link,
    layers: usize,
    layer_bytes: u64,
    sbom: Option<SbomRecord>,
    bases: Vec<Row>,
    /// Absent of images that were taken in before this was recorded.
    contents: Option<Contents>,
}

#[derive(Serialize)]
struct Contents {
    slices: Vec<Slice>,
    layers: Vec<Layer>,
    licences: Vec<Licence>,
    licences_left_out: usize,
    without_licence: u64,
    owned: usize,
    runtimes: Vec<RuntimeFound>,
    content_sets: Vec<String>,
    notable: Notable,
    settings: Vec<Setting>,
    record: Link,
}

#[derive(Serialize)]
struct Licence {
    expression: String,
    written: String,
    packages: u64,
    of_distribution: u64,
}

#[derive(Serialize)]
struct Slice {
    name: String,
    bytes: u64,
}

#[derive(Serialize)]
struct Layer {
    number: usize,
    digest: String,
    size: u64,
    uncompressed: u64,
    packages: u64,
    created_by: Option<String>,
}

#[derive(Serialize)]
struct Setting {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
struct KindOfPackage {
    name: String,
    count: usize,
}

pub(super) fn section(image: Image<'_>) -> Section {
    let subject = &image.record.custody.subject;
    let union = image.record.packages.get("packages.txt").map_or("", String::as_str);
    Section {
        total_size: subject.total_size,
        platforms: subject.platforms.iter().map(|record| platform(image, record)).collect(),
        kinds: kinds(union),
    }
}

fn platform(image: Image<'_>, record: &PlatformRecord) -> Platform {
    let recorded = image.record.contents.iter().flat_map(|all| &all.platforms);
    let found = recorded.into_iter().find(|one| one.digest == record.digest);
    Platform {
        name: record.platform.clone(),
        digest: record.digest.short(),
        system: record.system.clone(),
        package_count: record.package_count,
        packages: image.file(&record.packages),
        layers: record.layers.len(),
        layer_bytes: record.layers.iter().fold(0, |sum: u64, layer| sum.saturating_add(layer.size)),
        sbom: record.sbom.clone(),
        bases: base::rows(image, record, found),
        contents: found.map(|found| contents(image, found)),
    }
}

fn contents(image: Image<'_>, found: &PlatformContents) -> Contents {
    let declared = |one: &&LicenceFound| one.expression != LicenceFound::NONE;
    let mut licences: Vec<&LicenceFound> = found.licences.iter().filter(declared).collect();
    licences.sort_by(|a, b| b.packages.cmp(&a.packages).then_with(|| a.expression.cmp(&b.expression)));
    let none = found.licences.iter().find(|one| !declared(one));
    Contents {
        slices: slices(&found.layers),
        layers: found.layers.iter().enumerate().map(layer).collect(),
        licences: licences.iter().take(LICENCES_MAX).map(|one| licence(one)).collect(),
        licences_left_out: licences.len().saturating_sub(LICENCES_MAX),
        without_licence: none.map_or(0, |none| none.packages),
        owned: found.owned.len(),
        runtimes: found.runtimes.clone(),
        content_sets: found.content_sets.clone(),
        notable: super::notable::notable(found),
        settings: settings(&found.execution),
        record: image.file("contents.json"),
    }
}

fn licence(of: &LicenceFound) -> Licence {
    let shown: String = of.expression.chars().take(EXPRESSION_CHARS_MAX).collect();
    let is_cut = shown.len() < of.expression.len();
    Licence {
        expression: if is_cut { format!("{shown}…") } else { shown },
        written: of.written.join(", "),
        packages: of.packages,
        of_distribution: of.of_distribution,
    }
}

/// Returns the layers as slices of a pie, bottom first.
fn slices(layers: &[LayerContents]) -> Vec<Slice> {
    let mut sizes: Vec<u64> = layers.iter().map(|layer| layer.size).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let least = sizes.get(SLICES_MAX - 1).copied().unwrap_or_default();
    let (large, small): (Vec<_>, Vec<_>) = layers
        .iter()
        .enumerate()
        .filter(|(_, layer)| layer.size > 0)
        .partition(|(_, layer)| layer.size >= least);
    let slice = |(number, layer): (usize, &LayerContents)| Slice {
        name: format!("layer {}", number + 1),
        bytes: layer.size,
    };
    let mut slices: Vec<Slice> = large.into_iter().take(SLICES_MAX).map(slice).collect();
    let rest = small.iter().fold(0, |sum: u64, (_, layer)| sum.saturating_add(layer.size));
    if rest > 0 {
        slices.push(Slice { name: format!("{} smaller layers", small.len()), bytes: rest });
    }
    slices
}

fn layer((number, layer): (usize, &LayerContents)) -> Layer {
    Layer {
        number: number + 1,
        digest: layer.digest.short(),
        size: layer.size,
        uncompressed: layer.uncompressed,
        packages: layer.packages,
        created_by: layer.created_by.clone(),
    }
}

fn settings(execution: &ExecutionRecord) -> Vec<Setting> {
    let list = |words: &[String]| words.join(", ");
    let command = |words: &[String]| serde_json::to_string(words).unwrap_or_default();
    let user = if execution.user.is_empty() { "root, as none is set" } else { &execution.user };
    let all = [
        ("user", user.to_owned()),
        (
            "entrypoint",
            if execution.entrypoint.is_empty() { String::new() } else { command(&execution.entrypoint) },
        ),
        ("command", if execution.command.is_empty() { String::new() } else { command(&execution.command) }),
        ("working directory", execution.working_directory.clone()),
        ("ports", list(&execution.ports)),
        ("volumes", list(&execution.volumes)),
        ("variables", list(&execution.variables)),
        ("look like secrets", list(&execution.looks_secret)),
    ];
    let set = all.into_iter().filter(|(_, value)| !value.is_empty());
    set.map(|(name, value)| Setting { name, value }).collect()
}

/// Counts package URLs by type.
fn kinds(list: &str) -> Vec<KindOfPackage> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in list.lines() {
        let kind = line.strip_prefix("pkg:").and_then(|rest| rest.split('/').next()).unwrap_or("unknown");
        *counts.entry(kind).or_default() += 1;
    }
    counts.into_iter().map(|(name, count)| KindOfPackage { name: name.to_owned(), count }).collect()
}
