//! Which advisories speak of one vulnerability. Pure.
//!
//! A vulnerability is a CVE where one is named: the same CVE in a record of the Debian tracker and in a DSA is one
//! vulnerability, and a DSA that fixes three CVEs speaks of three. Two CVEs are never taken for one.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::cve;

/// An advisory's identifier and its other names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) id: &'a str,
    pub(super) ids: &'a [String],
}

impl<'a> Named<'a> {
    fn all(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        std::iter::once(self.id).chain(self.ids.iter().map(String::as_str))
    }

    fn cves(&self) -> BTreeSet<&'a str> {
        self.all().filter_map(cve).collect()
    }
}

/// One vulnerability.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Vulnerability {
    /// Every identifier.
    pub(super) ids: BTreeSet<String>,
    /// Places of the advisories in the list that was given.
    pub(super) advisories: BTreeSet<usize>,
}

/// Returns the vulnerabilities that `advisories` speak of, by the identifier to show.
pub(super) fn group(advisories: &[Named<'_>]) -> BTreeMap<String, Vulnerability> {
    let mut groups: BTreeMap<String, Vulnerability> = BTreeMap::new();
    for (index, advisory) in advisories.iter().enumerate() {
        let cves = advisory.cves();
        for cve in &cves {
            let group = groups.entry((*cve).to_owned()).or_default();
            group.ids.extend([(*cve).to_owned(), advisory.id.to_owned()]);
            // The other names of an advisory about several CVEs do not say which of them they mean.
            if cves.len() == 1 {
                group.ids.extend(advisory.ids.iter().cloned());
            }
            group.advisories.insert(index);
        }
    }
    let without_cve: Vec<_> =
        (0..advisories.len()).filter(|&index| advisories[index].cves().is_empty()).collect();
    for component in connected(advisories, &without_cve) {
        join(&mut groups, advisories, &component);
    }
    groups
}

/// Adds advisories that name no CVE to the vulnerabilities that share a name with them, or makes one of their own.
fn join(groups: &mut BTreeMap<String, Vulnerability>, advisories: &[Named<'_>], component: &BTreeSet<usize>) {
    let names: BTreeSet<String> =
        component.iter().flat_map(|&index| advisories[index].all()).map(str::to_owned).collect();
    let mut joined = false;
    for group in groups.values_mut().filter(|group| !group.ids.is_disjoint(&names)) {
        group.ids.extend(names.iter().cloned());
        group.advisories.extend(component);
        joined = true;
    }
    // The advisory's own identifier is shown rather than an alias of it.
    let shown = component.iter().map(|&index| advisories[index].id).min();
    if let (false, Some(shown)) = (joined, shown) {
        groups.insert(shown.to_owned(), Vulnerability { ids: names, advisories: component.clone() });
    }
}

/// Returns the advisories of `members` in sets that are connected by common names.
fn connected(advisories: &[Named<'_>], members: &[usize]) -> Vec<BTreeSet<usize>> {
    let mut components: Vec<(BTreeSet<&str>, BTreeSet<usize>)> = vec![];
    for &index in members {
        let mut names: BTreeSet<_> = advisories[index].all().collect();
        let mut indices = BTreeSet::from([index]);
        let (touching, apart): (Vec<_>, Vec<_>) =
            components.into_iter().partition(|(known, _)| !known.is_disjoint(&names));
        for (known, known_indices) in touching {
            names.extend(known);
            indices.extend(known_indices);
        }
        components = apart;
        components.push((names, indices));
    }
    components.into_iter().map(|(_, indices)| indices).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(advisories: &[(&str, &[&str])], expected: &[(&str, &str)]) {
        let ids: Vec<Vec<String>> =
            advisories.iter().map(|(_, ids)| ids.iter().map(|&id| id.to_owned()).collect()).collect();
        let mut named: Vec<_> = advisories.iter().zip(&ids).map(|((id, _), ids)| Named { id, ids }).collect();
        for _ in 0..2 {
            let groups = group(&named);
            let found: Vec<_> = groups
                .iter()
                .map(|(id, group)| (id.as_str(), group.ids.iter().cloned().collect::<Vec<_>>().join(" ")))
                .collect();
            let expected: Vec<_> = expected.iter().map(|(id, ids)| (*id, (*ids).to_owned())).collect();
            assert_eq!(found, expected);
            named.reverse();
        }
    }

    #[test]
    fn one_cve_is_one_vulnerability_whoever_speaks_of_it() {
        check(
            &[("DEBIAN-CVE-2024-0001", &["CVE-2024-0001"]), ("DSA-1-1", &["CVE-2024-0001"])],
            &[("CVE-2024-0001", "CVE-2024-0001 DEBIAN-CVE-2024-0001 DSA-1-1")],
        );
        check(&[("ALPINE-CVE-2024-0001", &[])], &[("CVE-2024-0001", "ALPINE-CVE-2024-0001 CVE-2024-0001")]);
    }

    #[test]
    fn an_advisory_about_two_cves_is_two_vulnerabilities() {
        check(
            &[("DEBIAN-CVE-2024-0001", &[]), ("DSA-1-1", &["CVE-2024-0001", "CVE-2024-0002", "GHSA-x"])],
            &[
                ("CVE-2024-0001", "CVE-2024-0001 DEBIAN-CVE-2024-0001 DSA-1-1"),
                ("CVE-2024-0002", "CVE-2024-0002 DSA-1-1"),
            ],
        );
    }

    #[test]
    fn advisories_without_a_cve_join_by_any_common_name() {
        check(&[("DSA-1-1", &[])], &[("DSA-1-1", "DSA-1-1")]);
        check(
            &[("DSA-1-1", &["GHSA-a"]), ("DLA-1-1", &["GHSA-b"]), ("X-1", &["GHSA-a", "GHSA-b"])],
            &[("DLA-1-1", "DLA-1-1 DSA-1-1 GHSA-a GHSA-b X-1")],
        );
        check(
            &[("DSA-1-1", &["GHSA-a"]), ("DEBIAN-CVE-2024-0001", &["GHSA-a"])],
            &[("CVE-2024-0001", "CVE-2024-0001 DEBIAN-CVE-2024-0001 DSA-1-1 GHSA-a")],
        );
    }

    #[test]
    fn what_only_looks_like_a_cve_is_none() {
        for id in [
            "CVE-",
            "CVE-2024",
            "CVE-24-0001",
            "CVE-2024-x",
            "CVE-2024-1x34",
            "NOTCVE-2024-0001",
            "DEBIAN-DSA-1",
        ] {
            assert_eq!(cve(id), None, "{id}");
        }
        assert_eq!(cve("UBUNTU-CVE-2024-12345"), Some("CVE-2024-12345"));
    }
}
