//! The update information of rpm repositories (`updateinfo.xml`, as createrepo_c and libsolv document it:
//! <https://github.com/openSUSE/libsolv/blob/master/ext/repo_updateinfoxml.c>) of Amazon Linux, Rocky Linux and Oracle Linux:
//! one file for each repository with all its errata.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Format, Shape,
    errata::{self, Nevra},
    places::{Place, Places},
    xml::{self, Element},
};
use crate::{
    advisory::{
        bundle::SeverityStatement,
        ecosystem, module,
        record::{Content, LIST_MAX, Record, at_most, identifier, name, shown},
    },
    model::Instant,
};

/// Largest file in bytes. That of Oracle Linux 7 has some 200 MB.
const FILE_BYTES_MAX: u64 = 512 << 20;
/// Most errata of one file; a repository has up to some 10,000.
const UPDATES_MAX: u64 = 200_000;

/// Whose erratum it is, by what its identifier begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Publisher {
    /// With the release.
    Amazon(&'static str),
    Oracle,
    Rocky,
}

impl Publisher {
    /// Returns the publisher of `ALAS2023-2023-001`, `RLSA-2023:0946` or `ELSA-2023-0946`. Extra repositories of Amazon Linux
    /// 2, `ALAS2KERNEL-5.10-2022-001` or `ALASDOCKER-2021-001`, have other versions of packages of the release itself under
    /// the same names, and which one is installed cannot be told.
    fn of(kind: &str) -> Option<Self> {
        match kind {
            "ALAS" => Some(Self::Amazon("1")),
            "ALAS2" => Some(Self::Amazon("2")),
            "ALAS2023" => Some(Self::Amazon("2023")),
            "RLSA" | "RLBA" | "RLEA" => Some(Self::Rocky),
            "ELSA" | "ELBA" | "ELEA" => Some(Self::Oracle),
            _ => None,
        }
    }

    /// Returns the ecosystem of a package by its release.
    fn ecosystem(self, release: &str) -> Option<String> {
        let (family, number) = match self {
            Self::Amazon(number) => ("Amazon Linux", number),
            Self::Oracle => ("Oracle Linux", errata::major_release(release)?),
            Self::Rocky => ("Rocky Linux", errata::major_release(release)?),
        };
        ecosystem::ecosystem(&format!("{family}:{number}"))
    }
}

pub(super) struct Updateinfo;

impl Format for Updateinfo {
    fn name(&self) -> &'static str {
        "updateinfo"
    }

    fn bytes_max(&self) -> u64 {
        FILE_BYTES_MAX
    }

    fn claims(&self, shape: &Shape<'_>) -> bool {
        matches!(shape, Shape::Xml { root } if root == "updates")
    }

    fn read(&self, bytes: &[u8]) -> Result<Content, String> {
        let mut content = Content::default();
        // Rocky Linux repeats an erratum for each repository that has a part of it.
        let mut records: BTreeMap<String, (Record, Places)> = BTreeMap::new();
        xml::each(bytes, &["updates"], |_, update, is_whole| {
            content.read += 1;
            if content.read > UPDATES_MAX {
                return Err(format!("more than {UPDATES_MAX} errata"));
            }
            let id = update.first(&["id"]).map(Element::text).unwrap_or_default();
            let kind = id.split_once('-').map_or(id, |(kind, _)| kind);
            let mut left_out = BTreeSet::new();
            match (Publisher::of(kind), is_whole) {
                // What has broken a limit may have done so before its identifier.
                (None, Ok(())) => drop(left_out.insert(format!("errata {}", shown(kind)))),
                (_, Err(reason)) => content.broken.push((shown(id), reason)),
                (Some(publisher), Ok(())) => {
                    let read = Erratum { id, publisher, update: &update }.read(&mut left_out);
                    if let Err(reason) = read.and_then(|read| join(&mut records, read)) {
                        content.broken.push((shown(id), reason));
                    }
                }
            }
            for what in left_out {
                *content.left_out.entry(what).or_default() += 1;
            }
            Ok(())
        })?;
        let finished = |(record, places): (Record, Places)| Record { affected: places.affected(), ..record };
        content.records = records.into_values().map(finished).collect();
        Ok(content)
    }
}

/// Adds what an erratum says to what the file said of it before.
fn join(records: &mut BTreeMap<String, (Record, Places)>, read: (Record, Places)) -> Result<(), String> {
    let (record, places) = read;
    let Some((known, all)) = records.get_mut(&record.id) else {
        records.insert(record.id.clone(), (record, places));
        return Ok(());
    };
    all.join(places)?;
    known.modified = known.modified.max(record.modified);
    known.ids.extend(record.ids);
    known.ids.sort();
    known.ids.dedup();
    known.is_no_vulnerability &= record.is_no_vulnerability;
    known.withdrawn &= record.withdrawn;
    Ok(())
}

struct Erratum<'u> {
    id: &'u str,
    publisher: Publisher,
    update: &'u Element,
}

/// A package of an erratum.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Package<'u> {
    name: &'u str,
    epoch: &'u str,
    /// With its release.
    version: String,
    release: &'u str,
    /// The package that it is built from.
    source: Option<Nevra<'u>>,
}

impl<'u> Erratum<'u> {
    fn read(&self, left_out: &mut BTreeSet<String>) -> Result<(Record, Places), String> {
        identifier(self.id)?;
        let severities = self.severities()?;
        let mut places = Places::default();
        for collection in self.update.first(&["pkglist"]).into_iter().flat_map(|list| list.all("collection"))
        {
            let packages: Vec<_> = collection.all("package").map(package).collect::<Result<_, _>>()?;
            let modules = modules(collection)?;
            let epochs = epochs(&packages);
            for package in &packages {
                match self.place(package, modules.as_ref(), &epochs) {
                    Ok(place) => places.add(place, severities.iter().cloned())?,
                    Err(other) => drop(left_out.insert(other.to_owned())),
                }
            }
        }
        let ids = self.cves()?;
        let is_security = self.update.attribute("type") == Some("security");
        Ok((
            Record {
                id: self.id.to_owned(),
                modified: self.modified()?,
                withdrawn: matches!(self.update.attribute("status"), Some("retracted" | "deleted")),
                is_no_vulnerability: !is_security && ids.is_empty(),
                ids,
                ..Record::default()
            },
            places,
        ))
    }

    /// Returns the entry of a package, or the name under which it is left out.
    fn place(
        &self,
        package: &Package<'u>,
        modules: Option<&Vec<String>>,
        epochs: &BTreeMap<&str, &str>,
    ) -> Result<Place, &'static str> {
        let ecosystem = self.publisher.ecosystem(package.release).ok_or("packages of no known release")?;
        let (name, epoch, version) = if self.publisher == Publisher::Rocky {
            let source = package.source.ok_or("packages without a source package")?;
            let epoch = epochs.get(source.name).copied().unwrap_or(package.epoch);
            (source.name, epoch, source.version.to_owned())
        } else {
            (package.name, package.epoch, package.version.clone())
        };
        if let Some(other) = errata::other_of_oracle(&version).filter(|_| self.publisher == Publisher::Oracle)
        {
            return Err(other);
        }
        let version = if epoch.is_empty() { version } else { format!("{epoch}:{version}") };
        let title = self.update.first(&["title"]).map(Element::text).unwrap_or_default();
        let told = modules.filter(|modules| !modules.is_empty()).cloned();
        let modules = told.or_else(|| module::streams(title, [version.as_str()].into_iter()));
        Ok(Place { ecosystem, package: name.to_owned(), modules, fixed: Some(version), state: None })
    }

    fn severities(&self) -> Result<Vec<SeverityStatement>, String> {
        let rating = self.update.first(&["severity"]).map(Element::text).filter(|word| !word.is_empty());
        rating.map_or(Ok(()), name)?;
        // createrepo_c writes `None` where there is none.
        Ok(rating.filter(|word| *word != "None").map(SeverityStatement::vendor).into_iter().collect())
    }

    fn cves(&self) -> Result<Vec<String>, String> {
        let references = self.update.first(&["references"]).into_iter().flat_map(|all| all.all("reference"));
        let cves = references.filter(|reference| reference.attribute("type") == Some("cve"));
        let ids: BTreeSet<&str> = cves.filter_map(|cve| cve.attribute("id")).map(str::trim).collect();
        at_most(ids.len(), LIST_MAX, "vulnerabilities")?;
        ids.iter().try_for_each(|id| identifier(id))?;
        Ok(ids.into_iter().map(str::to_owned).collect())
    }

    fn modified(&self) -> Result<Instant, String> {
        let date = |of: &str| self.update.first(&[of])?.attribute("date").filter(|date| !date.is_empty());
        let Some(date) = date("updated").or_else(|| date("issued")) else { return Ok(Instant::default()) };
        errata::instant(date).ok_or_else(|| format!("`{}` is no date", shown(date)))
    }
}

fn package(package: &Element) -> Result<Package<'_>, String> {
    let told = |attribute: &str| package.attribute(attribute).unwrap_or_default();
    let (name, version, release) = (told("name"), told("version"), told("release"));
    if version.is_empty() || release.is_empty() {
        return Err(format!("`{}` has no version", shown(name)));
    }
    let source =
        package.attribute("src").and_then(|file| Nevra::of(file.strip_suffix(".rpm").unwrap_or(file)));
    // Some write `None` for a package without an epoch.
    let epoch =
        Some(told("epoch")).filter(|epoch| epoch.bytes().all(|b| b.is_ascii_digit())).unwrap_or_default();
    Ok(Package { name, epoch, version: format!("{version}-{release}"), release, source })
}

/// Returns the streams of modules that a collection is about.
fn modules(collection: &Element) -> Result<Option<Vec<String>>, String> {
    let mut streams = BTreeSet::new();
    for module in collection.all("module") {
        let (Some(module), Some(stream)) = (module.attribute("name"), module.attribute("stream")) else {
            return Err("a module without a stream".to_owned());
        };
        streams.insert(format!("{module}:{stream}"));
    }
    Ok((!streams.is_empty()).then(|| streams.into_iter().collect()))
}

/// Returns the epochs of source packages, which the names of their files do not tell: that of the package with the same
/// name. Packages of others, which are missing here, have the epoch of what is built from them unless a recipe says
/// otherwise.
fn epochs<'u>(packages: &[Package<'u>]) -> BTreeMap<&'u str, &'u str> {
    let namesakes =
        packages.iter().filter(|package| package.source.is_some_and(|source| source.name == package.name));
    namesakes.map(|package| (package.name, package.epoch)).collect()
}

#[cfg(test)]
#[path = "updateinfo_tests.rs"]
mod tests;
