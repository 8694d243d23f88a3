//! Grype's database, schema 6: an SQLite file `vulnerability.db`, published as an archive by the listing at
//! <https://grype.anchore.io/databases/v6/latest.json>. The specification is `grype/db/v6` in
//! <https://github.com/anchore/grype>.
//!
//! A row of `affected_package_handles` names a vulnerability, a package, an operating system where the package is of one,
//! and a JSON document with the affected versions. Vulnerabilities have documents too. What NVD says of products, by CPE,
//! and what is not affected is counted and left out; NVD's scores, CISA's catalogue and EPSS become notes.
//!
//! The table of packages has one row for names that differ in case alone, so that `openexr` of AlmaLinux 10 may stand there
//! under the name that it had in AlmaLinux 8, `OpenEXR`.

mod database;
mod document;
#[cfg(test)]
mod fixture;
mod notes;
mod place;

use std::collections::BTreeMap;

use rusqlite::{Row, types::FromSql};

use self::{
    database::{Column, Database, Documents, Lookup},
    document::{RawPackage, RawVulnerability},
    place::System,
};
use super::{
    Format, Shape,
    gathered::{About, Gathered},
};
use crate::{
    advisory::{
        bundle::SeverityStatement,
        ecosystem, package_name,
        record::{Affected, Content, at_most, identifier, name, shown},
    },
    model::Instant,
};

/// Largest database in bytes: SQLite takes no more than this into memory.
const FILE_BYTES_MAX: u64 = (2 << 30) - 4096;
/// The first bytes of an SQLite file.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// The model of the schema, the first number of its version.
const MODEL: i64 = 6;
/// Most operating systems; the published database has some 100 releases.
const SYSTEMS_MAX: usize = 10_000;

pub(super) struct GrypeDb;

impl Format for GrypeDb {
    fn name(&self) -> &'static str {
        "grype-db"
    }

    fn bytes_max(&self) -> u64 {
        FILE_BYTES_MAX
    }

    fn claims(&self, shape: &Shape<'_>) -> bool {
        matches!(shape, Shape::Binary { head } if head.starts_with(MAGIC))
    }

    fn read(&self, bytes: &[u8]) -> Result<Content, String> {
        let database = Database::open(bytes)?;
        let mut content = Content { as_of: built(&database)?, ..Content::default() };
        let mut gathered = Gathered::default();
        let parts = [
            ("affected_package_handles", packages(&database, &mut content, &mut gathered)),
            ("affected_cpe_handles", leave_out(&database, &mut content, "affected_cpe_handles", "by CPE")),
            (
                "unaffected_package_handles",
                leave_out(&database, &mut content, "unaffected_package_handles", "not affected"),
            ),
            ("notes", notes::read(&database, &mut content)),
        ];
        let failed =
            parts.into_iter().filter_map(|(part, read)| read.err().map(|why| (part.to_owned(), why)));
        content.broken.extend(failed);
        gathered.end(&mut content);
        Ok(content)
    }
}

/// Counts the rows of a table that is not imported.
fn leave_out(database: &Database, content: &mut Content, table: &str, what: &str) -> Result<(), String> {
    database.each(table, &[], &mut |_, _| {
        content.read += 1;
        *content.left_out.entry(what.to_owned()).or_default() += 1;
        Ok(())
    })
}

/// Returns when the database was built, where its schema is the one that is known.
fn built(database: &Database) -> Result<Option<Instant>, String> {
    let mut found = None;
    database.each(
        "db_metadata",
        &[Column::Number("model"), Column::Text("build_timestamp")],
        &mut |_, row| {
            found = Some((value::<i64>(row, 1), value::<String>(row, 2)));
            Ok(())
        },
    )?;
    match found {
        Some((Some(MODEL), time)) => Ok(time.as_deref().and_then(instant)),
        Some((Some(model), _)) => Err(format!("schema {model} is not {MODEL}")),
        _ => Err("it does not say which schema it has".to_owned()),
    }
}

/// Reads a time as SQLite's drivers write it: with a blank where RFC 3339 has a `T`.
fn instant(text: &str) -> Option<Instant> {
    text.replacen(' ', "T", 1).parse().ok()
}

/// Returns a value of a row; nothing where it is of another type.
fn value<T: FromSql>(row: &Row<'_>, index: usize) -> Option<T> {
    row.get(index).ok().flatten()
}

/// Where the parts of a row are looked up.
struct Lookups<'d> {
    systems: BTreeMap<i64, System>,
    vulnerabilities: Lookup<'d>,
    packages: Lookup<'d>,
    documents: Documents<'d>,
    /// The vulnerability of the row before with its ratings: rows of one vulnerability stand together.
    last: Option<(i64, About, Ratings)>,
}

/// Ratings of one vulnerability.
#[derive(Clone)]
struct Ratings {
    of_distribution: Vec<SeverityStatement>,
    of_language: Vec<SeverityStatement>,
}

fn packages(database: &Database, content: &mut Content, gathered: &mut Gathered) -> Result<(), String> {
    let mut lookups = Lookups::new(database)?;
    let columns = ["vulnerability_id", "operating_system_id", "package_id", "blob_id"].map(Column::Number);
    database.each("affected_package_handles", &columns, &mut |number, row| {
        content.read += 1;
        let handle = Handle {
            vulnerability: value(row, 1),
            system: value(row, 2),
            package: value(row, 3),
            document: value(row, 4),
        };
        let mut label = format!("row {number}");
        match lookups.read(&handle, &mut label) {
            Ok(Found::Entry(about, affected)) => gathered.add(&about, *affected),
            Ok(Found::LeftOut(what)) => *content.left_out.entry(what).or_default() += 1,
            Err(why) => content.broken.push((label, why)),
        }
        Ok(())
    })
}

/// A row of the affected packages.
struct Handle {
    vulnerability: Option<i64>,
    system: Option<i64>,
    package: Option<i64>,
    document: Option<i64>,
}

enum Found {
    Entry(About, Box<Affected>),
    LeftOut(String),
}

impl<'d> Lookups<'d> {
    fn new(database: &'d Database) -> Result<Self, String> {
        let vulnerability = [
            Column::Text("name"),
            Column::Text("status"),
            Column::Text("modified_date"),
            Column::Text("withdrawn_date"),
            Column::Number("blob_id"),
        ];
        Ok(Self {
            systems: systems(database)?,
            vulnerabilities: database.lookup("vulnerability_handles", &vulnerability)?,
            packages: database.lookup("packages", &[Column::Text("ecosystem"), Column::Text("name")])?,
            documents: Documents::new(database)?,
            last: None,
        })
    }

    /// Reads a row, and names it as far as that is known.
    fn read(&mut self, handle: &Handle, label: &mut String) -> Result<Found, String> {
        let package: (Option<String>, Option<String>) =
            self.packages.row(handle.package, |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (kind, package) = (package.0.unwrap_or_default(), package.1.unwrap_or_default());
        let system = match handle.system {
            Some(number) => Some(self.systems.get(&number).ok_or("an operating system that is not there")?),
            None => None,
        };
        let ecosystem = system.map_or_else(|| place::of_type(&kind), System::ecosystem);
        let Some(ecosystem) = ecosystem else {
            return Ok(Found::LeftOut(shown(&system.map_or(kind, System::shown))));
        };
        let is_distribution = system.is_some();
        name(&package)?;
        let (mut about, ratings) = self.vulnerability(handle.vulnerability)?;
        *label = format!("{} {}", shown(&about.name), shown(&package));
        let scheme = ecosystem::scheme_of(&ecosystem).ok_or("an ecosystem without versions")?;
        let document: RawPackage = self.documents.read(handle.document)?;
        let extent = match document.extent(scheme)? {
            Ok(extent) => extent,
            Err(what) => return Ok(Found::LeftOut(what.to_owned())),
        };
        about.ids.extend_from_slice(document.ids()?);
        let affected = Affected {
            package: package_name(&ecosystem, &package),
            ecosystem,
            modules: extent.modules,
            ranges: extent.ranges,
            versions: extent.versions,
            severities: if is_distribution { ratings.of_distribution } else { ratings.of_language },
            state: extent.state,
        };
        Ok(Found::Entry(about, Box::new(affected)))
    }

    fn vulnerability(&mut self, number: Option<i64>) -> Result<(About, Ratings), String> {
        if let Some((last, about, ratings)) = &self.last
            && Some(*last) == number
        {
            return Ok((about.clone(), ratings.clone()));
        }
        let (mut about, document) = self.vulnerabilities.row(number, |row| {
            let text = |index| row.get::<_, Option<String>>(index);
            let about = About {
                name: text(0)?.unwrap_or_default(),
                ids: vec![],
                modified: text(2)?.as_deref().and_then(instant).unwrap_or_default(),
                withdrawn: text(1)?.as_deref() == Some("rejected") || text(3)?.is_some(),
            };
            Ok((about, row.get(4)?))
        })?;
        identifier(&about.name)?;
        let document: RawVulnerability = self.documents.read(document)?;
        about.ids = document.ids()?.to_vec();
        let ratings = Ratings {
            of_distribution: document.severities(Some("vendor"))?,
            of_language: document.severities(Some("database"))?,
        };
        self.last = number.map(|number| (number, about.clone(), ratings.clone()));
        Ok((about, ratings))
    }
}

fn systems(database: &Database) -> Result<BTreeMap<i64, System>, String> {
    let columns = ["name", "major_version", "minor_version", "label_version", "channel"].map(Column::Text);
    let mut systems = BTreeMap::new();
    database.each("operating_systems", &columns, &mut |number, row| {
        let text = |index| value::<String>(row, index).unwrap_or_default();
        let system =
            System { name: text(1), major: text(2), minor: text(3), label: text(4), channel: text(5) };
        systems.insert(number, system);
        at_most(systems.len(), SYSTEMS_MAX, "operating systems")
    })?;
    Ok(systems)
}

/// Returns a database without rows, for fuzzing.
#[cfg(test)]
pub(super) fn seed() -> Vec<u8> {
    fixture::database("")
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
