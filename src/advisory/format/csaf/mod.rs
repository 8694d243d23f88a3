//! CSAF documents (OASIS "Common Security Advisory Framework" 2.0, <https://docs.oasis-open.org/csaf/csaf/v2.0/>, and 2.1)
//! of Red Hat and SUSE, one a file: for each vulnerability what becomes of it in every product (profile VEX), and for each
//! advisory what it repairs (profile security advisory).
//!
//! Red Hat publishes at <https://security.access.redhat.com/data/csaf/v2/>, SUSE at
//! <https://ftp.suse.com/pub/projects/security/>.

mod document;
#[cfg(test)]
mod fixtures;
mod package;
mod statements;
mod tree;
mod vendor;

use std::collections::BTreeSet;

use self::{
    document::{Document, Text, Vulnerability},
    package::{Package, stream},
    statements::Statements,
    tree::{Found, Part, Tree},
    vendor::Vendor,
};
use super::{
    Format, Shape,
    places::{Place, Places},
};
use crate::{
    advisory::record::{Content, LIST_MAX, Record, at_most, identifier, shown},
    model::VendorState,
};

/// Largest document in bytes: a product takes some 900 bytes in branch, relationship and lists, and there are up to
/// 100,000 of them.
const DOCUMENT_BYTES_MAX: u64 = 256 << 20;
/// Most products in the statuses of one document. The advisory of a kernel names some 500 packages for each of its
/// hundreds of vulnerabilities.
const STATUSES_MAX: usize = 2_000_000;

pub(super) struct Csaf;

impl Format for Csaf {
    fn name(&self) -> &'static str {
        "csaf"
    }

    fn bytes_max(&self) -> u64 {
        DOCUMENT_BYTES_MAX
    }

    fn claims(&self, shape: &Shape<'_>) -> bool {
        match shape {
            Shape::Object { first, .. } if first.iter().any(|key| key == "csaf_version") => {
                shape.has(&["document"])
            }
            _ => shape.has(&["document", "product_tree", "vulnerabilities"]),
        }
    }

    fn read(&self, bytes: &[u8]) -> Result<Content, String> {
        let document: Document<'_> =
            serde_json::from_slice(bytes).map_err(|e| e.to_string().chars().take(200).collect::<String>())?;
        let mut content = Content {
            read: 1,
            as_of: Some(document.about.tracking.current_release_date),
            ..Content::default()
        };
        match kind(&document) {
            Ok((vendor, withdrawn)) => {
                let record = Reader::new(&document, vendor)?.read(withdrawn, &mut content)?;
                content.records.push(record);
            }
            Err(other) => drop(content.left_out.insert(other, 1)),
        }
        Ok(content)
    }
}

/// Returns who publishes a document and whether it is withdrawn, or what it is where it is not imported.
fn kind(document: &Document<'_>) -> Result<(Vendor, bool), String> {
    let about = &document.about;
    let other = || format!("publisher {}", shown(&about.publisher.namespace));
    let vendor = Vendor::of(&about.publisher.namespace).ok_or_else(other)?;
    match (&*about.category, &*about.tracking.status) {
        (_, "draft") => Err("drafts".to_owned()),
        ("csaf_vex" | "csaf_security_advisory", _) => Ok((vendor, false)),
        // CSAF 2.1 has categories for what no longer holds.
        ("csaf_withdrawn" | "csaf_superseded", _) => Ok((vendor, true)),
        (category, _) => Err(format!("category {}", shown(category))),
    }
}

/// What the statuses of one vulnerability come to.
#[derive(Default)]
struct Counted {
    places: Places,
    left_out: BTreeSet<String>,
    /// Products that are not in the product tree.
    unknown: usize,
    /// Packages of imported releases, and those of them that advisories are matched by.
    packages: usize,
    matched: usize,
}

struct Reader<'d> {
    document: &'d Document<'d>,
    tree: Tree<'d>,
    vendor: Vendor,
}

impl<'d> Reader<'d> {
    fn new(document: &'d Document<'d>, vendor: Vendor) -> Result<Self, String> {
        let each = |one: &Vulnerability<'_>| statuses(one).map(|(list, ..)| list.len()).sum::<usize>();
        at_most(document.vulnerabilities.iter().map(each).sum(), STATUSES_MAX, "products in statuses")?;
        at_most(document.vulnerabilities.len(), LIST_MAX, "vulnerabilities")?;
        Ok(Self { document, tree: Tree::new(&document.product_tree)?, vendor })
    }

    fn read(&self, withdrawn: bool, content: &mut Content) -> Result<Record, String> {
        let tracking = &self.document.about.tracking;
        identifier(&tracking.id)?;
        let (mut ids, mut places, mut left_out) = (BTreeSet::new(), Places::default(), BTreeSet::new());
        for vulnerability in &self.document.vulnerabilities {
            let id = vulnerability.cve.as_deref().unwrap_or(&tracking.id);
            match self.count(vulnerability).and_then(|counted| identifier(id).map(|()| counted)) {
                Ok(counted) => {
                    ids.insert(id.to_owned());
                    content.broken.extend(counted.lacks().map(|reason| (id.to_owned(), reason)));
                    left_out.extend(counted.left_out);
                    places.join(counted.places)?;
                }
                Err(reason) => content.broken.push((shown(id), reason)),
            }
        }
        if ids.is_empty() {
            return Err(content
                .broken
                .pop()
                .map_or("names no vulnerability".to_owned(), |(_, reason)| reason));
        }
        content.left_out.extend(left_out.into_iter().map(|name| (name, 1)));
        ids.remove(&*tracking.id);
        Ok(Record {
            id: tracking.id.to_string(),
            modified: tracking.current_release_date,
            withdrawn,
            ids: ids.into_iter().collect(),
            affected: places.affected(),
            ..Record::default()
        })
    }

    fn count(&self, vulnerability: &'d Vulnerability<'d>) -> Result<Counted, String> {
        let aggregate = self.document.about.aggregate_severity.as_ref().map(|severity| &*severity.text);
        let statements = Statements::new(vulnerability, aggregate)?;
        let mut counted = Counted::default();
        for (products, status) in statuses(vulnerability) {
            for product in products {
                self.add(product, status, &statements, &mut counted)?;
            }
        }
        Ok(counted)
    }

    fn add(
        &self,
        product: &'d str,
        status: Status,
        statements: &Statements<'d>,
        counted: &mut Counted,
    ) -> Result<(), String> {
        let part = match self.tree.find(product) {
            Found::Part(part) => part,
            Found::Alone => return leave(counted, "products of no platform".to_owned()),
            Found::Unknown => {
                counted.unknown += 1;
                return Ok(());
            }
        };
        let ecosystem = match self.vendor.ecosystem(&part.platform) {
            Ok(ecosystem) => ecosystem,
            Err(other) => return leave(counted, other),
        };
        let package = match self.vendor.package(&part, status == Status::Fixed) {
            Ok(package) => package,
            Err(other) => return leave(counted, other),
        };
        counted.packages += 1;
        let Some(package) = package else { return Ok(()) };
        counted.matched += 1;
        let state = match status {
            Status::Fixed => None,
            Status::Affected => Some(statements.state(product)),
            Status::UnderInvestigation => Some(VendorState::UnderInvestigation),
        };
        counted.places.add(place(ecosystem, package, &part, state), statements.severities(product)?)
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "what is left out is no error, and ends the caller as one would"
)]
fn leave(counted: &mut Counted, what: String) -> Result<(), String> {
    counted.left_out.insert(what);
    Ok(())
}

impl Counted {
    /// Returns what of the vulnerability could not be read.
    fn lacks(&self) -> impl Iterator<Item = String> + use<> {
        let unknown =
            (self.unknown > 0).then(|| format!("{} products are not in the product tree", self.unknown));
        let unmatched = (self.packages > 0 && self.matched == 0)
            .then(|| format!("none of its {} packages is a source package", self.packages));
        unknown.into_iter().chain(unmatched)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Fixed,
    Affected,
    UnderInvestigation,
}

/// Returns the lists of products that something is to be done about. SUSE names the repaired version as `recommended`.
fn statuses<'v>(vulnerability: &'v Vulnerability<'v>) -> impl Iterator<Item = (&'v [Text<'v>], Status)> {
    let all = &vulnerability.product_status;
    [
        (&*all.fixed, Status::Fixed),
        (&*all.first_fixed, Status::Fixed),
        (&*all.recommended, Status::Fixed),
        (&*all.known_affected, Status::Affected),
        (&*all.under_investigation, Status::UnderInvestigation),
    ]
    .into_iter()
}

fn place(ecosystem: String, package: Package, part: &Part<'_>, state: Option<VendorState>) -> Place {
    let module = package.module.or_else(|| stream(part.within?));
    Place {
        ecosystem,
        package: package.name,
        modules: module.map(|module| vec![module]),
        fixed: state.is_none().then_some(package.version),
        state,
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
