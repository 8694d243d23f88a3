//! What the image holds.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Image;
use crate::evidence::PlatformRecord;
use crate::render::link::Link;

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
    Platform {
        name: record.platform.clone(),
        digest: record.digest.short(),
        system: record.system.clone(),
        package_count: record.package_count,
        packages: image.file(&record.packages),
        layers: record.layers.len(),
        layer_bytes: record.layers.iter().fold(0, |sum: u64, layer| sum.saturating_add(layer.size)),
    }
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
