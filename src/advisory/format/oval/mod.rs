//! OVAL definitions (MITRE and CIS "Open Vulnerability and Assessment Language" 5, <https://oval.mitre.org/language/>) of
//! Oracle Linux, SUSE and AlmaLinux: one file for each release or distribution, in which each advisory or vulnerability is a
//! definition over tests of installed packages.
//!
//! They are published at <https://linux.oracle.com/security/oval/>, <https://ftp.suse.com/pub/projects/security/oval/> and
//! <https://security.almalinux.org/oval/>. Those of Red Hat and Ubuntu name packages as they are installed, while both
//! distributions are matched by source package: their advisories have other forms that name these.

mod checks;
mod criteria;
mod definition;

use std::collections::{BTreeMap, BTreeSet};

use self::{
    checks::Checks,
    criteria::{Vulnerable, vulnerable},
    definition::{About, Author},
};
use super::{
    Format, Shape, errata,
    places::{Place, Places},
    xml::{self, Element},
};
use crate::{
    advisory::{
        ecosystem, module,
        record::{Content, Record, shown},
    },
    model::VendorState,
};

/// Largest file in bytes. That of SUSE Linux Enterprise Server 15 has some 700 MB.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// Most definitions of one file; SUSE has some 30,000.
const DEFINITIONS_MAX: u64 = 500_000;

pub(super) struct Oval;

impl Format for Oval {
    fn name(&self) -> &'static str {
        "oval"
    }

    fn bytes_max(&self) -> u64 {
        FILE_BYTES_MAX
    }

    fn claims(&self, shape: &Shape<'_>) -> bool {
        matches!(shape, Shape::Xml { root } if root == "oval_definitions")
    }

    fn read(&self, bytes: &[u8]) -> Result<Content, String> {
        // Definitions stand before the tests that they refer to: the file is read twice instead of being kept as a tree.
        let mut reader =
            Reader { checks: Checks::read(bytes)?, content: Content::default(), records: BTreeMap::new() };
        xml::each(bytes, &["definitions"], |_, definition, is_whole| reader.take(&definition, is_whole))?;
        reader.finish()
    }
}

struct Reader {
    checks: Checks,
    content: Content,
    /// By identifier: SUSE has a definition of one advisory for each group of products.
    records: BTreeMap<String, (Record, Places)>,
}

impl Reader {
    /// Takes a definition; the error says why nothing of the file is of use.
    fn take(&mut self, definition: &Element, is_whole: Result<(), String>) -> Result<(), String> {
        self.content.read += 1;
        if self.content.read > DEFINITIONS_MAX {
            return Err(format!("more than {DEFINITIONS_MAX} definitions"));
        }
        let id = definition.attribute("id").unwrap_or_default();
        let author = match Author::of(id) {
            Some(Author::RedHat) => {
                return Err("Red Hat's OVAL names packages as installed; import its CSAF".to_owned());
            }
            Some(Author::Ubuntu) => {
                return Err("Ubuntu's OVAL names packages as installed; import its OSV".to_owned());
            }
            Some(author) => author,
            None => {
                self.leave("definitions of other authors");
                return Ok(());
            }
        };
        let class = definition.attribute("class").unwrap_or_default();
        if !matches!(class, "patch" | "vulnerability") {
            self.leave(&format!("class {}", shown(class)));
            return Ok(());
        }
        if let Err(reason) = is_whole.and_then(|()| self.add(definition, author)) {
            self.content.broken.push((shown(id), reason));
        }
        Ok(())
    }

    fn leave(&mut self, what: &str) {
        *self.content.left_out.entry(what.to_owned()).or_default() += 1;
    }

    fn add(&mut self, definition: &Element, author: Author) -> Result<(), String> {
        let about = About::of(definition)?;
        let platforms: Vec<&str> = about.platforms.iter().map(String::as_str).collect();
        let (mut places, mut left_out) = (Places::default(), BTreeSet::new());
        for found in vulnerable(definition, &self.checks, &platforms)? {
            match place(found, author, &about.title) {
                Ok(place) => places.add(place, about.severities.clone())?,
                Err(other) => drop(left_out.insert(other)),
            }
        }
        for what in &left_out {
            self.leave(what);
        }
        let kind = about.id.rsplit_once("SUSE-").map_or("", |(_, rest)| rest);
        // Recommended, feature and optional updates.
        let is_mere =
            ["RU-", "FU-", "OU-"].iter().any(|mere| kind.starts_with(mere)) || is_bug_fix(&about.id);
        let (record, all) = self.records.entry(about.id.clone()).or_default();
        all.join(places)?;
        let mut ids: Vec<String> = std::mem::take(&mut record.ids).into_iter().chain(about.cves).collect();
        ids.sort();
        ids.dedup();
        *record = Record {
            is_no_vulnerability: is_mere && ids.is_empty(),
            modified: record.modified.max(about.modified),
            id: about.id,
            ids,
            ..Record::default()
        };
        Ok(())
    }

    fn finish(mut self) -> Result<Content, String> {
        if self.content.read == 0 {
            return Err("it has no definitions".to_owned());
        }
        if let (true, Some((id, reason))) = (self.records.is_empty(), self.content.broken.first()) {
            return Err(format!("no definition is usable; {id}: {reason}"));
        }
        let finished = |(record, places): (Record, Places)| Record { affected: places.affected(), ..record };
        self.content.records = self.records.into_values().map(finished).collect();
        Ok(self.content)
    }
}

/// Returns whether an erratum repairs mistakes or adds something, `ELBA-2023-1234` or `ALEA-2023:1234`.
fn is_bug_fix(id: &str) -> bool {
    ["ELBA-", "ELEA-", "ALBA-", "ALEA-"].iter().any(|kind| id.starts_with(kind))
}

/// Returns the entry of a vulnerable package, or the name under which it is left out.
fn place(found: Vulnerable, author: Author, title: &str) -> Result<Place, String> {
    let other = || shown(&found.product);
    let ecosystem = match author {
        Author::Suse => errata::of_suse(&found.product),
        _ => release(&found.product).and_then(|osv| ecosystem::ecosystem(&osv)),
    };
    let ecosystem = ecosystem.ok_or_else(other)?;
    if let Some(other) =
        found.fixed.as_deref().and_then(errata::other_of_oracle).filter(|_| author == Author::Oracle)
    {
        return Err(other.to_owned());
    }
    let modules = if found.modules.is_empty() {
        module::streams(title, found.fixed.as_deref().into_iter())
    } else {
        Some(found.modules)
    };
    let state = found.fixed.is_none().then_some(VendorState::Affected);
    Ok(Place { ecosystem, package: found.package, modules, fixed: found.fixed, state })
}

/// Returns the name in OSV of `Oracle Linux 8` or `AlmaLinux 8`.
fn release(product: &str) -> Option<String> {
    let (family, release) = product.rsplit_once(' ')?;
    Some(format!("{family}:{release}"))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
