//! `docs/jurisdiction.md` and its twin: who operates what the images pass through, as it was declared.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::link::Link;
use super::map::{self, Map};
use super::template::{Page, RenderError, render};
use super::{Pages, Subject};
use crate::evidence::{Hop, HopKind, JURISDICTION};
use crate::manifest::Fact;
use crate::model::canonical;

const SCHEMA: &str = "fondaco/jurisdiction/v1alpha1";
const PAGE: &str = JURISDICTION[0];

#[derive(Serialize)]
struct JurisdictionPage {
    mirror: String,
    operator: Option<String>,
    role: Option<String>,
    twin: Link,
    map: Map,
    hosts: Vec<HostSection>,
    hops: Vec<HopRow>,
}

#[derive(Serialize)]
struct HostSection {
    host: String,
    roles: String,
    written: Option<Link>,
    facts: Vec<FactRow>,
    open: Vec<String>,
}

#[derive(Serialize)]
struct FactRow {
    key: String,
    value: String,
    source: Option<String>,
    date: Option<String>,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
struct HopRow {
    kind: &'static str,
    from: String,
    to: String,
    asked: Vec<String>,
    images: usize,
}

/// `docs/jurisdiction.json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Twin<'a> {
    schema: &'static str,
    mirror: &'a str,
    operator: Option<&'a str>,
    role: Option<&'a str>,
    registries: Vec<TwinHost<'a>>,
    hops: &'a [HopRow],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TwinHost<'a> {
    host: &'a str,
    roles: Vec<&'static str>,
    written: Option<&'a str>,
    facts: Vec<TwinFact<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TwinFact<'a> {
    key: &'a str,
    value: Option<&'a str>,
    source: Option<&'a str>,
    date: Option<&'a str>,
}

type Hosts<'a> = BTreeMap<&'a str, BTreeSet<&'static str>>;

pub(super) fn page(subject: Subject<'_>, pages: &mut Pages) -> Result<(), RenderError> {
    let hosts = hosts(subject);
    let hops = hops(subject);
    let json = canonical::to_text(&twin(subject, &hosts, &hops))
        .map_err(|e| RenderError { page: "jurisdiction.json", detail: e.to_string() })?;
    let mirror = &subject.desired.mirror;
    let values = JurisdictionPage {
        mirror: mirror.name.clone(),
        operator: mirror.operator.clone(),
        role: mirror.role.clone(),
        twin: Link::to(PAGE, JURISDICTION[1], "jurisdiction.json"),
        map: map::of(subject),
        hosts: hosts.iter().map(|(host, roles)| section(subject, host, roles)).collect(),
        hops,
    };
    pages.insert(PAGE.to_owned(), render(Page::Jurisdiction, &values)?);
    pages.insert(JURISDICTION[1].to_owned(), json);
    Ok(())
}

/// Returns every host that the manifests name or that was asked for bytes, with what it is used for.
fn hosts(subject: Subject<'_>) -> Hosts<'_> {
    let mut hosts = Hosts::new();
    let mut add = |host, role: &'static str| _ = hosts.entry(host).or_default().insert(role);
    for image in &subject.desired.images {
        add(&image.source.host, "upstream");
    }
    for ((repository, _), record) in &subject.evidence.images {
        add(&repository.host, "upstream");
        for hop in &record.custody.hops {
            hop.hosts.iter().for_each(|host| add(host, "asked for bytes"));
        }
    }
    add(&subject.desired.mirror.quarantine.host, "quarantine");
    for consumer in &subject.desired.consumers {
        add(&consumer.target.host, "distribution");
    }
    for host in subject.desired.registries.keys() {
        add(host, "declared");
    }
    hosts
}

fn section(subject: Subject<'_>, host: &str, roles: &BTreeSet<&'static str>) -> HostSection {
    let registry = subject.desired.registries.get(host);
    let facts = registry.map_or(&[][..], |registry| &registry.facts);
    let answered = |fact: &Fact| {
        let row = |value| FactRow {
            key: fact.key.clone(),
            value,
            source: fact.source.clone(),
            date: fact.date.clone(),
        };
        fact.value.clone().map(row)
    };
    HostSection {
        host: host.to_owned(),
        roles: roles.iter().copied().collect::<Vec<_>>().join(", "),
        written: registry.map(|registry| Link::written(PAGE, &registry.written, subject)),
        facts: facts.iter().filter_map(answered).collect(),
        open: facts.iter().filter(|fact| fact.value.is_none()).map(|fact| fact.key.clone()).collect(),
    }
}

/// Returns the ways that bytes were moved, each once, with the number of images that went it.
fn hops(subject: Subject<'_>) -> Vec<HopRow> {
    let mut ways: BTreeMap<(&'static str, &str, &str), (BTreeSet<&str>, usize)> = BTreeMap::new();
    for record in subject.evidence.images.values() {
        let mut of_image = BTreeSet::new();
        // A withdrawal moves no bytes.
        for hop in record.custody.hops.iter().filter(|hop| hop.kind != HopKind::Withdrawal) {
            let way = way(hop);
            let (asked, images) = ways.entry(way).or_default();
            asked.extend(hop.hosts.iter().map(String::as_str));
            *images += usize::from(of_image.insert(way));
        }
    }
    let row =
        |((kind, from, to), (asked, images)): ((&'static str, &str, &str), (BTreeSet<&str>, usize))| HopRow {
            kind,
            from: from.to_owned(),
            to: to.to_owned(),
            asked: asked.into_iter().map(str::to_owned).collect(),
            images,
        };
    ways.into_iter().map(row).collect()
}

fn way(hop: &Hop) -> (&'static str, &str, &str) {
    let kind = match hop.kind {
        HopKind::Intake => "intake",
        HopKind::Promotion => "promotion",
        HopKind::ReSign => "re-sign",
        HopKind::Carry => "carry",
        HopKind::Withdrawal => "withdrawal",
    };
    (kind, &hop.from.host, &hop.to.host)
}

fn twin<'a>(subject: Subject<'a>, hosts: &Hosts<'a>, hops: &'a [HopRow]) -> Twin<'a> {
    let mirror = &subject.desired.mirror;
    let fact = |fact: &'a Fact| TwinFact {
        key: &fact.key,
        value: fact.value.as_deref(),
        source: fact.source.as_deref(),
        date: fact.date.as_deref(),
    };
    let host = |(host, roles): (&&'a str, &BTreeSet<&'static str>)| {
        let registry = subject.desired.registries.get(*host);
        TwinHost {
            host,
            roles: roles.iter().copied().collect(),
            written: registry.map(|registry| registry.written.as_str()),
            facts: registry.map_or(&[][..], |registry| &registry.facts).iter().map(fact).collect(),
        }
    };
    Twin {
        schema: SCHEMA,
        mirror: &mirror.name,
        operator: mirror.operator.as_deref(),
        role: mirror.role.as_deref(),
        registries: hosts.iter().map(host).collect(),
        hops,
    }
}

/// Counts what nobody has answered: declared questions, and hosts without a document.
pub(super) fn open_questions(subject: Subject<'_>) -> usize {
    let facts = subject.desired.registries.values().flat_map(|registry| &registry.facts);
    let undeclared =
        hosts(subject).into_keys().filter(|host| !subject.desired.registries.contains_key(*host));
    facts.filter(|fact| fact.value.is_none()).count() + undeclared.count()
}
