//! The entries of `affected` of one record, gathered from forms that repeat them for each product, architecture or
//! vulnerability.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    advisory::{
        bundle::SeverityStatement,
        package_name,
        range::Event,
        record::{AFFECTED_MAX, Affected, a_version, at_most, name, shown},
    },
    model::VendorState,
};

/// What tells two entries apart: a package of one release, and what it is repaired in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// As [`crate::advisory::ecosystem::ecosystem`] names it.
    pub(super) ecosystem: String,
    /// As the form writes it.
    pub(super) package: String,
    /// As in [`Affected::modules`].
    pub(super) modules: Option<Vec<String>>,
    /// The first version without the vulnerability; absent where there is none.
    pub(super) fixed: Option<String>,
    pub(super) state: Option<VendorState>,
}

/// Each entry once, with the severities of all its repetitions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Places(BTreeMap<Place, BTreeSet<SeverityStatement>>);

impl Places {
    /// Adds an entry; the error says what of it breaks a limit of records.
    pub(super) fn add(
        &mut self,
        place: Place,
        severities: impl IntoIterator<Item = SeverityStatement>,
    ) -> Result<(), String> {
        name(&place.package)?;
        place.modules.iter().flatten().try_for_each(|module| name(module))?;
        if let Some(version) = &place.fixed {
            a_version(version)?;
            if version.is_empty() {
                return Err(format!("`{}` is repaired in no version", shown(&place.package)));
            }
        }
        self.0.entry(place).or_default().extend(severities);
        at_most(self.0.len(), AFFECTED_MAX, "affected packages")
    }

    /// Adds what another part of the same record says.
    pub(super) fn join(&mut self, other: Self) -> Result<(), String> {
        for (place, severities) in other.0 {
            self.0.entry(place).or_default().extend(severities);
        }
        at_most(self.0.len(), AFFECTED_MAX, "affected packages")
    }

    /// Returns the entries, sorted.
    pub(super) fn affected(self) -> Vec<Affected> {
        let mut all: Vec<_> = self.0.into_iter().map(affected).collect();
        all.sort();
        all
    }
}

fn affected((place, severities): (Place, BTreeSet<SeverityStatement>)) -> Affected {
    let events = [Some(Event::Introduced("0".to_owned())), place.fixed.map(Event::Fixed)];
    Affected {
        package: package_name(&place.ecosystem, &place.package),
        ecosystem: place.ecosystem,
        modules: place.modules,
        ranges: vec![events.into_iter().flatten().collect()],
        severities: severities.into_iter().collect(),
        state: place.state,
        ..Affected::default()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::advisory::record::Content;

    /// Writes all entries of all records as `ecosystem package [modules] events state severities`.
    pub(in crate::advisory::format) fn written(content: &Content) -> Vec<String> {
        content.records.iter().flat_map(|record| &record.affected).map(entry).collect()
    }

    fn entry(affected: &Affected) -> String {
        let modules =
            affected.modules.as_ref().map(|all| format!(" [{}]", all.join(" "))).unwrap_or_default();
        let events: Vec<_> = affected.ranges.iter().flatten().map(Event::version).collect();
        let state = affected.state.map(|state| format!(" {state:?}")).unwrap_or_default();
        let said: Vec<_> =
            affected.severities.iter().map(|said| format!(" {}={}", said.kind, said.value)).collect();
        let (ecosystem, package) = (&affected.ecosystem, &affected.package);
        format!("{ecosystem} {package}{modules} {}{state}{}", events.join(".."), said.concat())
    }

    fn place(package: &str, fixed: Option<&str>) -> Place {
        Place {
            ecosystem: "Red Hat:9".into(),
            package: package.into(),
            modules: None,
            fixed: fixed.map(str::to_owned),
            state: None,
        }
    }

    #[test]
    fn repetitions_are_one_entry_with_all_severities() {
        let said = |word| [SeverityStatement::vendor(word)];
        let mut places = Places::default();
        places.add(place("b", Some("1-1")), said("Low")).unwrap();
        places.add(place("a", None), said("Low")).unwrap();
        let mut others = Places::default();
        others.add(place("b", Some("1-1")), said("Important")).unwrap();
        others.add(place("b", Some("1-2")), []).unwrap();
        places.join(others).unwrap();
        let records =
            vec![crate::advisory::record::Record { affected: places.affected(), ..Default::default() }];
        assert_eq!(
            written(&Content { records, ..Content::default() }),
            [
                "Red Hat:9 a 0 vendor=Low",
                "Red Hat:9 b 0..1-1 vendor=Important vendor=Low",
                "Red Hat:9 b 0..1-2"
            ]
        );
    }

    #[test]
    fn entries_have_limits() {
        let with_module = Place { modules: Some(vec!["\n".into()]), ..place("a", None) };
        for (place, expected) in [
            (place("", None), "`` is empty, too long or unprintable"),
            (with_module, "`?` is empty, too long or unprintable"),
            (place("a", Some("")), "`a` is repaired in no version"),
            (place("a", Some("1\u{7}")), "version `1?` is too long or unprintable"),
        ] {
            assert_eq!(Places::default().add(place, []).unwrap_err(), expected);
        }
        let mut full = Places::default();
        (0..AFFECTED_MAX).for_each(|n| full.add(place(&n.to_string(), None), []).unwrap());
        let error = "20001 affected packages, more than 20000";
        assert_eq!(full.clone().add(place("more", None), []).unwrap_err(), error);
        let mut one = Places::default();
        one.add(place("more", None), []).unwrap();
        assert_eq!(one.join(full).unwrap_err(), error);
    }
}
