//! The chain from verdict to rule to fact to file, for an image or a vulnerability, from what is recorded. Pure.

use std::fmt::Write as _;

use serde::Serialize;

use crate::{
    evidence::{ConsumerVerdict, Evidence, ImageRecord, image_directory},
    manifest::Desired,
    model::{Digest, Finding, Instant, Reason, Repository, Verdict, foreign::inline},
};

/// What is recorded of one image for one consumer. `schema` numbers the JSON form of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Chain {
    /// Upstream repository.
    pub image: String,
    pub digest: Digest,
    pub tags: Vec<String>,
    /// `None` where nobody asks for the image.
    pub consumer: Option<String>,
    /// Where the consumer pulls it from.
    pub distribution: Option<String>,
    pub verdict: Option<Verdict>,
    pub gate: Option<String>,
    pub judged_at: Instant,
    pub manifest_commit: String,
    /// The folder of its records.
    pub recorded: String,
    pub links: Vec<Link>,
}

/// One reason, with the finding that it speaks of where it speaks of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// `None` for a finding that is no reason.
    pub reason: Option<Reason>,
    pub finding: Option<Finding>,
    /// Its place in `scan.json`, counted from one.
    pub number: Option<usize>,
}

/// Returns the chains that `asked` means: a vulnerability by any of its names, else an image by upstream repository or
/// distribution, with tag or digest where only some are meant.
pub fn why(desired: &Desired, evidence: &Evidence, asked: &str) -> Vec<Chain> {
    let mut chains = vec![];
    for ((source, digest), record) in &evidence.images {
        let named = findings(record).any(|(_, finding)| is_named(finding, asked));
        let tags: Vec<String> = record.custody.source.tags.iter().map(|seen| seen.tag.clone()).collect();
        for consumer in judged(record) {
            let distribution = consumer.and_then(|verdict| place(desired, source, &verdict.consumer));
            let places = std::iter::once(source).chain(distribution.as_ref());
            let mut places = places.into_iter();
            if !named && !places.any(|place| is_meant(asked, place, digest, &tags)) {
                continue;
            }
            let only = named.then_some(asked);
            chains.push(Chain {
                image: source.to_string(),
                digest: digest.clone(),
                tags: tags.clone(),
                consumer: consumer.map(|verdict| verdict.consumer.clone()),
                distribution: distribution.map(|place| place.to_string()),
                verdict: consumer.map(|verdict| verdict.verdict),
                gate: consumer.map(|verdict| verdict.gate.clone()),
                judged_at: record.verdicts.judged_at,
                manifest_commit: record.verdicts.manifest_commit.clone(),
                recorded: image_directory(source, digest),
                links: links(record, consumer, only),
            });
        }
    }
    chains
}

/// Returns the verdicts of a record, or nothing once where nobody asks for it.
fn judged(record: &ImageRecord) -> Vec<Option<&ConsumerVerdict>> {
    let verdicts: Vec<_> = record.verdicts.verdicts.iter().map(Some).collect();
    if verdicts.is_empty() { vec![None] } else { verdicts }
}

fn findings(record: &ImageRecord) -> impl Iterator<Item = (usize, &Finding)> {
    record.scan.iter().flat_map(|scan| scan.findings.iter().enumerate())
}

fn is_named(finding: &Finding, asked: &str) -> bool {
    finding.id == asked || finding.ids.iter().any(|id| id == asked)
}

fn place(desired: &Desired, source: &Repository, consumer: &str) -> Option<Repository> {
    let consumer = desired.consumers.iter().find(|known| known.name == consumer)?;
    Some(consumer.distribution(source))
}

/// Returns whether `asked` is a repository, or one with one of its tags or its digest.
fn is_meant(asked: &str, place: &Repository, digest: &Digest, tags: &[String]) -> bool {
    let name = place.to_string();
    match asked.strip_prefix(&name) {
        Some("") => true,
        Some(rest) => {
            let (tag, by_digest) = rest.split_once('@').unwrap_or((rest, ""));
            let tag_fits = tag.is_empty() || tags.iter().any(|known| tag.strip_prefix(':') == Some(known));
            tag_fits && (by_digest.is_empty() || by_digest == digest.to_string())
        }
        None => asked == digest.to_string(),
    }
}

/// Returns the reasons with the findings they speak of; where a vulnerability is asked for those that speak of it, and its
/// finding in any case.
fn links(record: &ImageRecord, verdict: Option<&ConsumerVerdict>, only: Option<&str>) -> Vec<Link> {
    let reasons = verdict.into_iter().flat_map(|verdict| verdict.reasons.iter().chain(&verdict.accepted));
    let mut links: Vec<Link> = reasons.map(|reason| link(record, reason)).collect();
    let Some(asked) = only else { return links };
    links.retain(|link| link.finding.as_ref().is_some_and(|finding| is_named(finding, asked)));
    for (at, finding) in findings(record).filter(|(_, finding)| is_named(finding, asked)) {
        if !links.iter().any(|link| link.number == Some(at + 1)) {
            links.push(Link { reason: None, finding: Some(finding.clone()), number: Some(at + 1) });
        }
    }
    links
}

fn link(record: &ImageRecord, reason: &Reason) -> Link {
    // A reason from the scan begins with the finding and names its package in the version that is installed.
    let speaks_of = |finding: &Finding| {
        reason.recorded == "scan.json"
            && reason.fact.split(' ').next() == Some(finding.id.as_str())
            && reason.fact.contains(&format!("{} {}", finding.source, finding.installed))
    };
    let found = findings(record).find(|(_, finding)| speaks_of(finding));
    Link {
        reason: Some(reason.clone()),
        finding: found.map(|(_, finding)| finding.clone()),
        number: found.map(|(at, _)| at + 1),
    }
}

/// Returns the chains as a person reads them.
pub fn explain_why(chains: &[Chain]) -> String {
    let mut text = String::new();
    for chain in chains {
        if !text.is_empty() {
            text.push('\n');
        }
        head(&mut text, chain);
        for link in &chain.links {
            one(&mut text, chain, link);
        }
        if chain.links.is_empty() && chain.verdict == Some(Verdict::Cleared) {
            text.push_str("  nothing speaks against it\n");
        }
    }
    text
}

fn head(text: &mut String, chain: &Chain) {
    let tags = if chain.tags.is_empty() { String::new() } else { format!(":{}", chain.tags.join(", :")) };
    let _ = writeln!(text, "{}{} {}", inline(&chain.image), inline(&tags), chain.digest);
    let date = chain.judged_at.date();
    let (commit, recorded) = (&chain.manifest_commit, &chain.recorded);
    match (&chain.consumer, chain.verdict) {
        (Some(consumer), Some(verdict)) => {
            let _ = writeln!(
                text,
                "{verdict} for {consumer} on {date}, manifests {commit}, {recorded}/verdicts.json"
            );
        }
        _ => {
            let _ = writeln!(text, "nobody asks for it, {recorded}");
        }
    }
}

fn one(text: &mut String, chain: &Chain, link: &Link) {
    if let Some(reason) = &link.reason {
        let gate = chain.gate.as_deref().unwrap_or_default();
        let _ = writeln!(
            text,
            "  rule     gate {}: {}  ({})",
            inline(gate),
            reason.rule,
            inline(&reason.written)
        );
        let number = link.number.map_or(String::new(), |number| format!(", finding {number}"));
        let file = format!("{}/{}{number}", chain.recorded, reason.recorded);
        let _ = writeln!(text, "  fact     {}  ({file})", inline(&reason.fact));
        if let Some(until) = reason.until {
            let _ = writeln!(text, "  until    {until}, by itself");
        }
    }
    let Some(finding) = &link.finding else { return };
    if link.reason.is_none() {
        let number = link.number.unwrap_or_default();
        let _ = writeln!(
            text,
            "  fact     {} is {} in {} {}, no reason against clearing  ({}/scan.json, finding {number})",
            inline(&finding.id),
            finding.severity,
            inline(&finding.source),
            inline(&finding.installed),
            chain.recorded
        );
    }
    described(text, finding);
}

/// Most packages, records and statements that are shown of one finding.
const SHOWN_MAX: usize = 8;

fn described(text: &mut String, finding: &Finding) {
    for package in finding.packages.iter().take(SHOWN_MAX) {
        let _ = writeln!(text, "  package  {}", inline(package));
    }
    let _ = writeln!(text, "  rated    {}", inline(&finding.chosen));
    for found in finding.advisories.iter().take(SHOWN_MAX) {
        let (id, source, affected) = (inline(&found.id), inline(&found.source), inline(&found.affected));
        let _ = writeln!(text, "  source   {id} in {source}: {affected}");
    }
    for said in &finding.exploited {
        let seen =
            finding.exploited_seen.map_or(String::new(), |at| format!(", known here since {}", at.date()));
        let _ = writeln!(text, "  attacked {} since {}{seen}", inline(&said.by), inline(&said.since));
    }
    if let Some(epss) = &finding.epss {
        let _ = writeln!(text, "  EPSS     {} of {}", inline(&epss.score), inline(&epss.date));
    }
    for statement in finding.statements.iter().take(SHOWN_MAX) {
        let (signer, status) = (inline(&statement.signer), statement.status.name());
        let _ = writeln!(text, "  stated   {signer}: {status} on {}", statement.at.date());
    }
    if let Some(seen) = finding.first_seen {
        let _ = writeln!(text, "  seen     first on {}", seen.date());
    }
    let clears = match (&finding.fixed, finding.state) {
        (Some(version), _) => format!("{} {} or later", finding.source, version),
        (None, Some(state)) => format!("no repair: {}", state.words()),
        (None, None) => "no repair is known".to_owned(),
    };
    let _ = writeln!(text, "  repair   {}", inline(&clears));
}

#[cfg(test)]
#[path = "why_tests.rs"]
mod tests;
