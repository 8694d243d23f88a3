//! The embedded scanner: a package list against an advisory bundle. Pure: same inputs, same bytes.
//!
//! It says what it found and what it did not look at; a package that cannot be judged is never passed over. What
//! follows from a finding is the business of [`crate::gate`], the next module in reading order.

mod difference;
mod matching;
mod memory;
mod naming;
mod release;
mod sbom;
mod severity;
mod statement;
#[cfg(test)]
mod tests;

pub use difference::{Changed, Difference, Line};
pub use memory::{remember, says_the_same};
pub use sbom::{SBOM_BYTES_MAX, packages_of_sbom};
pub(crate) use severity::score as cvss_score;
pub use statement::state;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    advisory::{Bundle, NOTES, Wanted},
    evidence::{AdvisoriesUsed, EcosystemUsed, NotLookedAt, ScanRecord, SourceUsed},
    model::{Digest, Finding, Kind, PackageError},
};
use release::Unmatched;

/// Most lines of a package list: several times what a whole distribution has to offer.
const PACKAGES_MAX: usize = 200_000;

/// Says why nothing was scanned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    #[error("line {line} of the package list: {source}")]
    Package { line: usize, source: PackageError },
    #[error("the package list has more than {PACKAGES_MAX} lines")]
    TooManyPackages,
    /// Matching against what was not read would find nothing and look clean.
    #[error("advisories of `{0}` are in the bundle but were not read from it")]
    NotRead(String),
}

impl ScanError {
    /// Returns what the error means to the caller.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Package { .. } | Self::TooManyPackages => Kind::Invalid,
            Self::NotRead(_) => Kind::Bug,
        }
    }
}

/// One source package in one version, with the packages built from it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Installed {
    ecosystem: String,
    source: String,
    version: String,
    /// The label of the module that it is of, `nodejs:16:8060020220…:9edba152`.
    module: Option<String>,
}

/// The packages of a list, sorted into what can be looked up and what cannot.
#[derive(Debug, Default)]
struct Sorted {
    /// Package URLs by source package.
    installed: BTreeMap<Installed, BTreeSet<String>>,
    /// Number of packages by what they are and why they have no advisories.
    without: BTreeMap<(String, String), u64>,
    /// Number of packages of types that are not matched in this version.
    others: BTreeMap<Unmatched, u64>,
    /// Number of packages of languages that belong to packages of the distribution.
    owned: u64,
}

/// Packages of languages by package URL, with the package URL of the package of the distribution that owns their files.
pub type Owned<'a> = BTreeMap<&'a str, &'a str>;

/// Adds the names that a package list is looked up by, to read them from the bundle.
///
/// # Errors
/// As [`scan`].
pub fn want(packages_text: &str, wanted: &mut Wanted) -> Result<(), ScanError> {
    for installed in sort(packages_text, &BTreeSet::new())?.installed.into_keys() {
        wanted.entry(installed.ecosystem).or_default().insert(installed.source);
    }
    Ok(())
}

/// Matches `packages_text` (package URLs, one a line) against `bundle`. `gaps` are what the
/// catalogue could not read; they stand in the record beside what the scan itself does not look at. Packages that are
/// `owned` by a package of a distribution whose advisories the bundle has are left to those: the distribution repairs them
/// under versions of its own.
///
/// # Errors
/// [`ScanError`] where the list is not one this program wrote or the bundle was read without an ecosystem it needs.
pub fn scan(
    subject: &Digest,
    packages_text: &str,
    bundle: &Bundle,
    gaps: Vec<NotLookedAt>,
    owned: &Owned<'_>,
) -> Result<ScanRecord, ScanError> {
    let left = owned.iter().filter(|(_, owner)| is_published(owner, bundle)).map(|(package, _)| *package);
    let Sorted { installed, without, others, owned } = sort(packages_text, &left.collect())?;
    let mut not_looked_at: BTreeSet<NotLookedAt> = gaps.into_iter().collect();
    let gap = |((what, reason), packages)| NotLookedAt { what, reason, packages };
    not_looked_at.extend(without.into_iter().map(gap));
    not_looked_at.extend(others.into_iter().map(|(of, count)| not_matched(&of, count)));
    not_looked_at.extend((owned > 0).then(|| left_to_owner(owned)));
    let used: BTreeSet<_> = installed.keys().map(|installed| installed.ecosystem.clone()).collect();
    if let Some(unread) = installed.keys().find(|i| !bundle.can_look_up(&i.ecosystem, &i.source)) {
        return Err(ScanError::NotRead(unread.ecosystem.clone()));
    }
    not_looked_at.extend(unknown(&used, &installed, bundle));
    let mut findings = vec![];
    for (installed, packages) in &installed {
        let (found, gap) = matching::look_up(installed, packages, bundle);
        findings.extend(found);
        not_looked_at.extend(gap);
    }
    findings.sort_by(|a, b| rank(a).cmp(&rank(b)));
    let known = bundle.used(NOTES);
    let known = (!installed.is_empty() && known.records > 0).then_some(known);
    let ecosystems: Vec<EcosystemUsed> =
        known.into_iter().chain(used.iter().map(|ecosystem| bundle.used(ecosystem))).collect();
    let sources = concerned(&ecosystems, bundle);
    Ok(ScanRecord {
        schema: "fondaco/scan/v1alpha1".to_owned(),
        subject: subject.clone(),
        packages: Digest::sha256(packages_text),
        advisories: AdvisoriesUsed {
            digest: bundle.digest(),
            // Nothing was asked of a bundle for an image without packages: its own date is all there is.
            as_of: sources.iter().map(|source| source.as_of).min().unwrap_or_else(|| bundle.as_of()),
            ecosystems,
            sources,
        },
        scanned: None,
        findings,
        not_looked_at: not_looked_at.into_iter().collect(),
    })
}

/// Returns the sources that speak of these ecosystems, with the dates they speak for.
fn concerned(ecosystems: &[EcosystemUsed], bundle: &Bundle) -> Vec<SourceUsed> {
    let named: BTreeSet<&String> = ecosystems.iter().flat_map(|used| &used.sources).collect();
    let sources = bundle.sources().iter().filter(|source| named.contains(&source.name));
    sources.map(|source| SourceUsed { name: source.name.clone(), as_of: source.as_of }).collect()
}

/// The most severe first, then by name; the whole finding last, so that the order is total.
fn rank(finding: &Finding) -> (Reverse<crate::model::Severity>, &str, &str, &Finding) {
    (Reverse(finding.severity), &finding.id, &finding.source, finding)
}

/// Returns whether the bundle has advisories for the distribution that a package belongs to.
fn is_published(owner: &str, bundle: &Bundle) -> bool {
    let place = release::place(owner);
    matches!(place, Ok(release::Place::Known(installed)) if bundle.records_of(&installed.ecosystem) > 0)
}

fn sort(packages_text: &str, owned: &BTreeSet<&str>) -> Result<Sorted, ScanError> {
    let mut sorted = Sorted::default();
    for (index, line) in packages_text.lines().enumerate() {
        if index >= PACKAGES_MAX {
            return Err(ScanError::TooManyPackages);
        }
        if owned.contains(line) {
            sorted.owned += 1;
            continue;
        }
        match release::place(line).map_err(|source| ScanError::Package { line: index + 1, source })? {
            release::Place::Known(installed) => {
                sorted.installed.entry(installed).or_default().insert(line.to_owned());
            }
            release::Place::Unknown { what, reason } => {
                *sorted.without.entry((what, reason)).or_default() += 1;
            }
            release::Place::Other(of) => *sorted.others.entry(of).or_default() += 1,
        }
    }
    Ok(sorted)
}

/// Returns a gap about packages that are listed and not matched. It holds no image: nobody publishes advisories for
/// what has no package, and for other types none are imported in this version.
fn not_matched(of: &Unmatched, count: u64) -> NotLookedAt {
    let (what, reason) = match of {
        Unmatched::Type(of) => (
            format!("{count} packages of type `{of}`"),
            "listed, and not matched against advisories in this version",
        ),
        Unmatched::WithoutGroup => {
            (format!("{count} Java archives without a group"), "advisories name group and artifact")
        }
    };
    NotLookedAt { what, reason: reason.to_owned(), packages: 0 }
}

/// Returns a gap that holds no image, either: the owners were looked up.
fn left_to_owner(count: u64) -> NotLookedAt {
    NotLookedAt {
        what: format!("{count} packages of languages that belong to packages of the distribution"),
        reason: "the distribution repairs them under its own versions, and its advisories are looked up"
            .to_owned(),
        packages: 0,
    }
}

/// Returns a gap for every ecosystem the image uses and the bundle does not know.
fn unknown<'a>(
    used: &'a BTreeSet<String>,
    installed: &'a BTreeMap<Installed, BTreeSet<String>>,
    bundle: &'a Bundle,
) -> impl Iterator<Item = NotLookedAt> + 'a {
    used.iter().filter(|ecosystem| bundle.records_of(ecosystem) == 0).map(|ecosystem| NotLookedAt {
        what: format!("packages of `{ecosystem}`"),
        reason: format!("the advisory bundle has no records for `{ecosystem}`"),
        packages: installed
            .iter()
            .filter(|(i, _)| i.ecosystem == *ecosystem)
            .map(|(_, p)| p.len() as u64)
            .sum(),
    })
}
