//! Records gathered from databases of scanners, which have a row for each vulnerability, package and release.

use std::collections::{BTreeMap, btree_map::Entry};

use crate::{
    advisory::record::{AFFECTED_MAX, Affected, Content, LIST_MAX, Record, at_most, shown},
    model::Instant,
};

/// Identifiers that OSV gives to what a distribution says of a CVE, by the beginning of the ecosystem.
const PREFIXES: &[(&str, &str)] = &[("Alpine:", "ALPINE-"), ("Debian:", "DEBIAN-"), ("Ubuntu:", "UBUNTU-")];

/// What a source says of an advisory beside the affected package.
#[derive(Debug, Clone, Default)]
pub(super) struct About {
    /// Its name in the source.
    pub(super) name: String,
    /// Other names of it.
    pub(super) ids: Vec<String>,
    pub(super) modified: Instant,
    pub(super) withdrawn: bool,
}

/// Records by their identifiers: what several rows say of one advisory is one record.
#[derive(Default)]
pub(super) struct Gathered {
    records: BTreeMap<String, Record>,
}

impl Gathered {
    /// Adds what a row says.
    pub(super) fn add(&mut self, about: &About, affected: Affected) {
        let id = record_id(&affected.ecosystem, &about.name);
        let record = match self.records.entry(id) {
            Entry::Occupied(record) => record.into_mut(),
            Entry::Vacant(place) => {
                let id = place.key().clone();
                place.insert(Record { id, withdrawn: about.withdrawn, ..Record::default() })
            }
        };
        // It counts for as long as one of its sources keeps it.
        record.withdrawn &= about.withdrawn;
        record.modified = record.modified.max(about.modified);
        record.affected.push(affected);
        record.ids.extend(about.ids.iter().chain([&about.name]).cloned());
    }

    /// Hands over the records; those that break a limit are named as broken instead.
    pub(super) fn end(self, content: &mut Content) {
        for mut record in self.records.into_values() {
            record.ids.sort();
            record.ids.dedup();
            record.ids.retain(|id| *id != record.id);
            record.affected.sort();
            record.affected.dedup();
            let fits = at_most(record.affected.len(), AFFECTED_MAX, "affected entries")
                .and_then(|()| at_most(record.ids.len(), LIST_MAX, "other names"));
            match fits {
                Ok(()) => content.records.push(record),
                Err(why) => content.broken.push((shown(&record.id), why)),
            }
        }
    }
}

/// Returns the identifier of a record: where OSV has one of its own for what a distribution says of a CVE, that.
fn record_id(ecosystem: &str, vulnerability: &str) -> String {
    let prefix = PREFIXES.iter().find(|(family, _)| ecosystem.starts_with(family));
    match prefix {
        Some((_, prefix)) if vulnerability.starts_with("CVE-") => format!("{prefix}{vulnerability}"),
        _ => vulnerability.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(name: &str, ids: &[&str], modified: i64, withdrawn: bool) -> About {
        let ids = ids.iter().map(|&id| id.to_owned()).collect();
        About { name: name.to_owned(), ids, modified: Instant::from_unix(modified), withdrawn }
    }

    fn affected(ecosystem: &str, package: &str) -> Affected {
        Affected { ecosystem: ecosystem.to_owned(), package: package.to_owned(), ..Affected::default() }
    }

    #[test]
    fn rows_of_one_advisory_are_one_record() {
        let mut gathered = Gathered::default();
        gathered.add(&about("CVE-1", &["GHSA-b"], 5, true), affected("npm", "b"));
        gathered.add(&about("CVE-1", &["GHSA-a", "GHSA-b"], 7, false), affected("PyPI", "a"));
        gathered.add(&about("CVE-1", &[], 6, true), affected("npm", "b"));
        gathered.add(&about("CVE-2", &[], 1, true), affected("npm", "b"));
        let mut content = Content::default();
        gathered.end(&mut content);
        let [first, second] = content.records.as_slice() else { panic!("{:?}", content.records) };
        assert_eq!((first.id.as_str(), first.modified.unix(), first.withdrawn), ("CVE-1", 7, false));
        assert_eq!(first.ids, ["GHSA-a", "GHSA-b"]);
        assert_eq!(first.affected, [affected("PyPI", "a"), affected("npm", "b")]);
        assert!(second.withdrawn);
    }

    #[test]
    fn a_record_has_the_identifier_that_osv_gives_it() {
        for (ecosystem, name, expected) in [
            ("Debian:12", "CVE-2024-1", "DEBIAN-CVE-2024-1"),
            ("Debian:12", "DSA-1-1", "DSA-1-1"),
            ("Alpine:v3.19", "CVE-2024-1", "ALPINE-CVE-2024-1"),
            ("Ubuntu:22.04", "CVE-2024-1", "UBUNTU-CVE-2024-1"),
            ("AlmaLinux:8", "CVE-2024-1", "CVE-2024-1"),
            ("npm", "GHSA-x", "GHSA-x"),
        ] {
            assert_eq!(record_id(ecosystem, name), expected);
        }
    }

    #[test]
    fn records_beyond_a_limit_are_named_as_broken() {
        let mut gathered = Gathered::default();
        for n in 0..=AFFECTED_MAX {
            gathered.add(&about("CVE-1", &[], 0, false), affected("npm", &format!("p{n}")));
        }
        let names: Vec<String> = (0..=LIST_MAX).map(|n| format!("GHSA-{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        gathered.add(&about("CVE-2", &names, 0, false), affected("npm", "a"));
        let mut content = Content::default();
        gathered.end(&mut content);
        assert!(content.records.is_empty());
        let expected = [
            ("CVE-1".to_owned(), format!("{} affected entries, more than {AFFECTED_MAX}", AFFECTED_MAX + 1)),
            ("CVE-2".to_owned(), format!("{} other names, more than {LIST_MAX}", LIST_MAX + 1)),
        ];
        assert_eq!(content.broken, expected);
    }
}
