//! Licences of a platform's packages, as they are recorded. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::inside::cut;
use crate::catalogue::{Component, licence};
use crate::evidence::LicenceFound;

/// The most expressions that are recorded; the largest distributions' images have some thousand packages.
const EXPRESSIONS_MAX: usize = 2000;

/// The longest expression that is recorded, bytes. Browsers' copyright files come to some four thousand.
const EXPRESSION_BYTES_MAX: usize = 16 << 10;

/// The most texts and packages that are named with one expression.
const NAMED_MAX: usize = 5;

/// What is gathered of one expression.
#[derive(Default)]
struct Gathered {
    written: BTreeSet<String>,
    packages: u64,
    of_distribution: u64,
    /// Whether the distribution's, and the package URL without qualifiers.
    first: BTreeSet<(bool, String)>,
}

/// Returns the packages by expression, sorted.
pub(super) fn found(components: &[Component]) -> Vec<LicenceFound> {
    let mut gathered: BTreeMap<String, Gathered> = BTreeMap::new();
    for one in components {
        let written: Vec<&str> = one.licences.iter().map(String::as_str).collect();
        let text = licence::normalise(&written).text;
        let declared = if text.is_empty() { LicenceFound::NONE } else { text.as_str() };
        let is_full = gathered.len() >= EXPRESSIONS_MAX && !gathered.contains_key(declared);
        let is_left_out = is_full || declared.len() > EXPRESSION_BYTES_MAX;
        let expression = if is_left_out { LicenceFound::LEFT_OUT } else { declared };
        gathered.entry(expression.to_owned()).or_default().add(one, &written);
    }
    gathered.into_iter().map(|(expression, of)| of.found(expression)).collect()
}

impl Gathered {
    fn add(&mut self, one: &Component, written: &[&str]) {
        let is_of_distribution = one.package.ecosystem.is_of_distribution();
        self.packages += 1;
        self.of_distribution += u64::from(is_of_distribution);
        let name = one.purl.split('?').next().unwrap_or_default();
        self.first.insert((is_of_distribution, name.to_owned()));
        if self.first.len() > NAMED_MAX {
            self.first.pop_last();
        }
        // Texts are looked at for as long as there is room: thousands of packages have the same ones.
        for text in written {
            let text = cut(text);
            if self.written.len() < NAMED_MAX
                && !self.written.contains(&text)
                && licence::normalise(&[&text]).text != text
            {
                self.written.insert(text);
            }
        }
    }

    fn found(self, expression: String) -> LicenceFound {
        LicenceFound {
            expression,
            written: self.written.into_iter().collect(),
            packages: self.packages,
            of_distribution: self.of_distribution,
            first: self.first.into_iter().map(|(_, name)| name).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(purl: &str, licences: &[&str]) -> Component {
        let licences = licences.iter().map(|text| (*text).to_owned()).collect();
        Component { licences, ..Component::of_purl(purl).unwrap() }
    }

    #[test]
    fn licences_are_expressions_with_what_was_written() {
        let found = found(&[
            component("pkg:deb/debian/bash@5.2?arch=amd64&distro=debian-12", &["GPL-3+"]),
            component("pkg:npm/b@1", &["GPL-3.0-or-later"]),
            component("pkg:npm/a@1", &["MIT"]),
            component("pkg:npm/c@1", &[]),
            component("pkg:pypi/d@1", &["Own terms, ask us"]),
        ]);
        let rows: Vec<_> = found
            .iter()
            .map(|one| {
                (
                    one.expression.as_str(),
                    one.written.join("|"),
                    one.packages,
                    one.of_distribution,
                    one.first.join(" "),
                )
            })
            .collect();
        let gpl = "pkg:npm/b@1 pkg:deb/debian/bash@5.2".to_owned();
        assert_eq!(rows[0], ("GPL-3.0-or-later", "GPL-3+".to_owned(), 2, 1, gpl));
        assert!(rows[1].0.starts_with("LicenseRef-fondaco-Own-terms") && rows[1].1 == "Own terms, ask us");
        assert_eq!(rows[2], ("MIT", String::new(), 1, 0, "pkg:npm/a@1".to_owned()));
        assert_eq!(rows[3], ("NOASSERTION", String::new(), 1, 0, "pkg:npm/c@1".to_owned()));
    }

    #[test]
    fn attack_what_is_beyond_the_limits_is_counted_as_left_out() {
        let mut flood: Vec<Component> = (0..EXPRESSIONS_MAX + 10)
            .map(|number| component(&format!("pkg:npm/a{number}@1"), &[&format!("LicenseRef-{number}")]))
            .collect();
        let long: Vec<String> = (0..1500).map(|number| format!("LicenseRef-long-{number}")).collect();
        let long: Vec<&str> = long.iter().map(String::as_str).collect();
        flood.push(component("pkg:npm/long@1", &long));
        let found = found(&flood);
        let left_out = found.iter().find(|one| one.expression == LicenceFound::LEFT_OUT).unwrap();
        assert_eq!((found.len(), left_out.packages), (EXPRESSIONS_MAX + 1, 11));
        assert!(found.iter().all(|one| one.written.len() <= NAMED_MAX && one.first.len() <= NAMED_MAX));
    }
}
