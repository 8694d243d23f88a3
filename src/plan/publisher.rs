//! What publishers state about an image, made a record: SBOMs compared with our own lists, statements about
//! vulnerabilities chosen by product. Nothing here makes anybody trusted: that is said by whoever hands the statements in.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    evidence::{
        BuildStated, Custody, Document as _, Listed, MaterialStated, PublisherDocument, PublisherRecord,
        PublisherStatement, SbomCompared, SummaryStated, VexStated, VulnerabilitiesStated,
    },
    model::{Digest, Ecosystem, Outcome, foreign},
    trust::predicate::{
        Content, Product, Provenance, Sbom, Stated, StatedList, Vex, VexStatement, comparable,
    },
};

/// The most packages that are listed of each side; all of them would be the SBOM once more.
const LISTED_MAX: usize = 20;

/// The most types that are listed of packages that are not compared.
const TYPES_MAX: usize = 20;

/// The most statements that are listed of one document. Distributors' images have a few hundred.
const STATEMENTS_MAX: usize = 1000;

/// The most characters of one foreign value in the record.
const SHOWN_CHARS_MAX: usize = 300;

/// Package lists by file name.
type Lists = BTreeMap<String, String>;

/// Returns the record of what was stated about an image.
pub fn record(custody: &Custody, lists: &Lists, stated: &StatedList) -> PublisherRecord {
    let mut documents: Vec<_> =
        stated.items().iter().map(|stated| document(custody, lists, stated)).collect();
    documents.sort();
    documents.dedup();
    PublisherRecord {
        schema: PublisherRecord::SCHEMA.to_owned(),
        subject: custody.subject.digest.clone(),
        excuses_not_used: excuses_not_used(stated, &documents),
        documents,
        left_out: stated.left_out as u64,
    }
}

/// Returns why nothing that is stated may excuse a finding: what was not read could say the opposite, and later.
fn excuses_not_used(stated: &StatedList, documents: &[PublisherDocument]) -> Option<String> {
    if stated.incomplete {
        return Some("not everything that signers state could be read or kept".to_owned());
    }
    let verified = || documents.iter().filter(|document| document.outcome == Outcome::Verified);
    let is_vex = |document: &&PublisherDocument| {
        ["https://openvex.dev/", "https://cyclonedx.org/"]
            .iter()
            .any(|prefix| document.predicate_type.starts_with(prefix))
    };
    // A type of a later version counts as unreadable as well.
    let unread = |document: &&PublisherDocument| document.vex.is_none() && document.sbom.is_none();
    if verified().filter(is_vex).any(|document| unread(&document)) {
        return Some("a signer's statements about vulnerabilities cannot be read".to_owned());
    }
    let cut = verified().any(|document| document.vex.as_ref().is_some_and(|vex| vex.not_listed > 0));
    cut.then(|| format!("a signer states more than {STATEMENTS_MAX} things about this image"))
}

fn document(custody: &Custody, lists: &Lists, stated: &Stated) -> PublisherDocument {
    let mut document = PublisherDocument {
        attestation: stated.attestation.clone(),
        subject: stated.subject.clone(),
        predicate_type: foreign::cut(&stated.said.predicate_type, SHOWN_CHARS_MAX),
        outcome: stated.outcome,
        signer: stated.signer.clone().filter(|_| stated.outcome == Outcome::Verified),
        unreadable: None,
        build: None,
        sbom: None,
        vex: None,
        vulnerabilities: None,
        summary: None,
        release: None,
    };
    let vex = |vex: &Vex| self::vex(custody, stated, vex);
    let sbom = |sbom: &Sbom| compared(custody, lists, &stated.subject, sbom);
    match &stated.said.content {
        Content::Other | Content::NotKept => {}
        Content::Unreadable(reason) => document.unreadable = Some(reason.clone()),
        Content::Provenance(found) => document.build = Some(build(found)),
        Content::Sbom(found) => document.sbom = Some(sbom(found)),
        Content::SbomAndVex(packages, statements) => {
            document.sbom = Some(sbom(packages));
            document.vex = Some(vex(statements));
        }
        Content::Vex(found) => document.vex = Some(vex(found)),
        Content::Vulnerabilities(found) => {
            document.vulnerabilities = Some(VulnerabilitiesStated {
                scanner: found.scanner.clone(),
                database: found.database,
                finished: found.finished,
                findings: found.findings,
            });
        }
        Content::Summary(found) => {
            document.summary = Some(SummaryStated {
                result: shown(&found.result),
                levels: found.levels.iter().map(|level| shown(level)).collect(),
                resource: shown(&found.resource),
                policy: found.policy.as_deref().map(shown),
                at: found.at,
            });
        }
        Content::Release(purl) => document.release = Some(shown(purl)),
    }
    document
}

fn shown(text: &str) -> String {
    foreign::cut(text, SHOWN_CHARS_MAX)
}

fn build(found: &Provenance) -> BuildStated {
    let material = |material: &crate::trust::predicate::Material| MaterialStated {
        uri: material.uri.clone(),
        digests: material.digests.clone(),
    };
    BuildStated { materials: found.materials.iter().map(material).collect(), left_out: found.left_out as u64 }
}

/// Compares a publisher's list with ours: that of the platform it speaks of, else the union.
fn compared(custody: &Custody, lists: &Lists, subject: &Digest, sbom: &Sbom) -> SbomCompared {
    let platform = custody.subject.platforms.iter().find(|platform| platform.digest == *subject);
    let name = platform.map_or("packages.txt", |platform| platform.packages.as_str());
    let ours: BTreeSet<String> =
        lists.get(name).map_or("", String::as_str).lines().filter_map(comparable).collect();
    let kind = |package: &str| package.split('/').next().unwrap_or_default().to_owned();
    let (mut other_types, mut both, mut only) = (BTreeMap::<String, u64>::new(), 0, vec![]);
    for package in &sbom.packages {
        let kind = kind(package);
        if ours.contains(package) {
            both += 1;
        } else if Ecosystem::of_purl_type(&kind).is_some() {
            only.push(package.as_str());
        } else {
            *other_types.entry(shown(&kind)).or_default() += 1;
        }
    }
    while other_types.len() > TYPES_MAX {
        other_types.pop_last();
    }
    let only_ours: Vec<&str> =
        ours.iter().filter(|package| !sbom.packages.contains(*package)).map(String::as_str).collect();
    SbomCompared {
        format: sbom.format.clone(),
        packages: name.to_owned(),
        both,
        only_publisher: listed(&only),
        only_ours: listed(&only_ours),
        other_types,
        unnamed: sbom.unnamed,
    }
}

fn listed(packages: &[&str]) -> Listed {
    let first = packages.iter().take(LISTED_MAX).map(|package| shown(package)).collect();
    Listed { count: packages.len() as u64, first }
}

/// How much of the image a product is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    OnePlatform,
    Whole,
}

fn vex(custody: &Custody, stated: &Stated, vex: &Vex) -> VexStated {
    let mut ours = vec![];
    let mut about_others = 0;
    for statement in &vex.statements {
        match about_us(custody, stated, statement) {
            Some(statement) => ours.push(statement),
            None => about_others += 1,
        }
    }
    ours.sort();
    let count = ours.len() as u64;
    if stated.outcome != Outcome::Verified || ours.len() > STATEMENTS_MAX {
        ours.clear();
    }
    let not_listed = count - ours.len() as u64;
    VexStated { statements: ours, about_others, not_listed }
}

/// Returns what a statement says of this image, where one of its products is this image or a platform of it.
fn about_us(custody: &Custody, stated: &Stated, statement: &VexStatement) -> Option<PublisherStatement> {
    let parts =
        statement.products.iter().filter_map(|product| Some((part(custody, stated, product)?, product)));
    let parts: Vec<(Part, &Product)> = parts.collect();
    let widest = parts.iter().map(|(part, _)| *part).max()?;
    let of_widest = || parts.iter().filter(|(part, _)| *part == widest).map(|(_, product)| *product);
    let limited = of_widest().all(|product| !product.subcomponents.is_empty());
    let subcomponents: BTreeSet<&String> = of_widest().flat_map(|product| &product.subcomponents).collect();
    Some(PublisherStatement {
        vulnerability: statement.vulnerability.clone(),
        aliases: statement.aliases.clone(),
        status: statement.status,
        justification: statement.justification.clone(),
        at: statement.at,
        subcomponents: if limited { subcomponents.into_iter().cloned().collect() } else { vec![] },
        one_platform: widest == Part::OnePlatform,
    })
}

/// Returns what part of the image a product is. It has to be said by digest: by the attestation's subject, which carries
/// one, under its name; by the product's own hash; or by a package URL with the digest in it.
fn part(custody: &Custody, stated: &Stated, product: &Product) -> Option<Part> {
    let hashed = product.sha256.as_ref().map(|hex| format!("sha256:{hex}"));
    if let Some(digest) = hashed {
        // The hash decides, whatever the names beside it say.
        return part_of(custody, &digest.parse().ok()?);
    }
    let subject = stated.said.subjects.iter().filter(|subject| subject.is(&stated.subject));
    let named = subject.filter_map(|subject| subject.name.as_ref()).any(|name| product.names.contains(name));
    if product.subject || named {
        return part_of(custody, &stated.subject);
    }
    product
        .names
        .iter()
        .filter_map(|name| digest_in(name))
        .filter_map(|digest| part_of(custody, &digest))
        .max()
}

fn part_of(custody: &Custody, digest: &Digest) -> Option<Part> {
    let platforms = &custody.subject.platforms;
    let whole = *digest == custody.subject.digest || digest == custody.upstream();
    if whole {
        return Some(Part::Whole);
    }
    let one = platforms.iter().any(|platform| platform.digest == *digest);
    one.then_some(if platforms.len() == 1 { Part::Whole } else { Part::OnePlatform })
}

/// Returns the digest that a package URL of an image names: `pkg:oci/name@sha256:…`.
fn digest_in(name: &str) -> Option<Digest> {
    let rest = name.strip_prefix("pkg:oci/")?;
    let (_, version) = rest.split_once('@')?;
    let version = version.split(['?', '#']).next()?;
    version.replacen("%3A", ":", 1).replacen("%3a", ":", 1).parse().ok()
}
