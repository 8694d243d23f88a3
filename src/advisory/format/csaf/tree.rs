//! The product tree of a CSAF document, looked up by identifier.

use std::collections::HashMap;

use super::document::{Branch, RawProduct, RawTree, Relationship};
use crate::advisory::record::at_most;

/// Deepest nesting of branches. Red Hat has four levels, SUSE three.
const BRANCH_DEPTH_MAX: usize = 30;
/// Most products of one document, and most relationships. Files about vulnerabilities of a language's library, which
/// name every image of a vendor that has it, have some 100,000.
const PRODUCTS_MAX: usize = 300_000;
/// Most relationships from a package up to its platform. Packages of a module have two.
const CHAIN_MAX: usize = 4;

/// A product of the branches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Product<'t> {
    pub(super) name: &'t str,
    pub(super) cpe: Option<&'t str>,
    pub(super) purl: Option<&'t str>,
}

/// A package as part of a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part<'t> {
    /// Identifier of the package, `openssl-1:3.0.7-6.el9_2.src`.
    pub(super) id: &'t str,
    pub(super) purl: Option<&'t str>,
    /// Identifier of what is between the package and the platform: a module, `ruby:2.7:8080020230427102918:63b34585`.
    pub(super) within: Option<&'t str>,
    pub(super) platform: Product<'t>,
}

/// What an identifier stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found<'t> {
    Part(Part<'t>),
    /// A product of the branches that is part of nothing.
    Alone,
    Unknown,
}

pub(super) struct Tree<'t> {
    products: HashMap<&'t str, Product<'t>>,
    relationships: HashMap<&'t str, &'t Relationship<'t>>,
}

impl<'t> Tree<'t> {
    pub(super) fn new(raw: &'t RawTree<'t>) -> Result<Self, String> {
        at_most(raw.relationships.len(), PRODUCTS_MAX, "relationships")?;
        let mut products: HashMap<_, _> = raw.full_product_names.iter().map(product).collect();
        let mut left: Vec<(usize, &Branch<'_>)> = raw.branches.iter().map(|branch| (1, branch)).collect();
        while let Some((depth, branch)) = left.pop() {
            at_most(depth, BRANCH_DEPTH_MAX, "levels of branches")?;
            products.extend(branch.product.iter().map(product));
            left.extend(branch.branches.iter().map(|below| (depth + 1, below)));
        }
        at_most(products.len(), PRODUCTS_MAX, "products")?;
        let by_id = |one: &'t Relationship<'t>| (&*one.full_product_name.product_id, one);
        Ok(Self { products, relationships: raw.relationships.iter().map(by_id).collect() })
    }

    /// Returns what an identifier stands for. One that leads to no platform within [`CHAIN_MAX`] steps is unknown.
    pub(super) fn find(&self, id: &str) -> Found<'t> {
        let Some(part) = self.relationships.get(id) else {
            return if self.products.contains_key(id) { Found::Alone } else { Found::Unknown };
        };
        let (mut platform, mut within): (&'t str, _) = (&part.relates_to_product_reference, None);
        for _ in 0..CHAIN_MAX {
            let Some(outer) = self.relationships.get(platform) else {
                let id: &'t str = &part.product_reference;
                let purl = self.products.get(id).and_then(|product| product.purl);
                // SUSE names some products in relationships alone.
                let unlisted = Product { name: platform, ..Product::default() };
                let platform = self.products.get(platform).copied().unwrap_or(unlisted);
                return Found::Part(Part { id, purl, within, platform });
            };
            (platform, within) = (&outer.relates_to_product_reference, Some(&*outer.product_reference));
        }
        Found::Unknown
    }
}

fn product<'t>(raw: &'t RawProduct<'t>) -> (&'t str, Product<'t>) {
    let known = &raw.product_identification_helper;
    let purl = known.purl.as_deref().or_else(|| known.purls.first().map(|purl| &**purl));
    (&raw.product_id, Product { name: &raw.name, cpe: known.cpe.as_deref(), purl })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn check(raw: &Value, cases: &[(&str, &str)]) {
        let raw = raw.to_string();
        let raw: RawTree<'_> = serde_json::from_str(&raw).unwrap();
        let tree = Tree::new(&raw).unwrap();
        for (id, expected) in cases {
            let found = match tree.find(id) {
                Found::Unknown => "?".to_owned(),
                Found::Alone => "alone".to_owned(),
                Found::Part(part) => {
                    let within = part.within.unwrap_or_default();
                    format!("{}|{}|{within}|{}", part.id, part.purl.unwrap_or_default(), part.platform.name)
                }
            };
            assert_eq!(&found, expected, "{id}");
        }
    }

    fn part(id: &str, product: &str, of: &str) -> Value {
        json!({"category": "default_component_of", "full_product_name": {"name": id, "product_id": id},
            "product_reference": product, "relates_to_product_reference": of})
    }

    #[test]
    fn products_are_found_by_identifier() {
        let tree = json!({
            "branches": [{"category": "vendor", "name": "Red Hat", "branches": [
                {"category": "product_name", "name": "P", "product": {"name": "Platform", "product_id": "P",
                    "product_identification_helper": {"cpe": "cpe:/o:redhat:enterprise_linux:8"}}},
                {"category": "product_version", "name": "a", "product": {"name": "a", "product_id": "a",
                    "product_identification_helper": {"purl": "pkg:rpm/redhat/a"}}}]}],
            "full_product_names": [{"name": "b", "product_id": "b",
                "product_identification_helper": {"purls": ["pkg:rpm/redhat/b", "pkg:rpm/redhat/c"]}}],
            "relationships": [
                part("P:a", "a", "P"), part("P:m", "m", "P"), part("P:m:b", "b", "P:m"),
                part("Q:a", "a", "Q"), part("loop", "a", "loop2"), part("loop2", "a", "loop")],
        });
        check(
            &tree,
            &[
                ("P:a", "a|pkg:rpm/redhat/a||Platform"),
                ("P:m:b", "b|pkg:rpm/redhat/b|m|Platform"),
                ("P:m", "m|||Platform"),
                ("Q:a", "a|pkg:rpm/redhat/a||Q"),
                ("a", "alone"),
                ("nothing", "?"),
                ("loop", "?"),
            ],
        );
    }

    #[test]
    fn trees_have_limits() {
        let nested = |depth: usize| {
            let mut branch = json!({"category": "vendor", "name": "x"});
            for _ in 1..depth {
                branch = json!({"category": "vendor", "name": "x", "branches": [branch]});
            }
            json!({"branches": [branch]}).to_string()
        };
        let many = format!(",{}", part("", "", "")).repeat(PRODUCTS_MAX);
        for (raw, expected) in [
            (nested(BRANCH_DEPTH_MAX), None),
            (nested(BRANCH_DEPTH_MAX + 1), Some("31 levels of branches, more than 30".to_owned())),
            (
                format!("{{\"relationships\": [{}{}]}}", part("", "", ""), many),
                Some("300001 relationships, more than 300000".to_owned()),
            ),
            (
                format!(
                    "{{\"full_product_names\": [{}]}}",
                    (0..=PRODUCTS_MAX)
                        .map(|n| format!("{{\"name\":\"\",\"product_id\":\"{n}\"}}"))
                        .collect::<Vec<_>>()
                        .join(",")
                ),
                Some("300001 products, more than 300000".to_owned()),
            ),
        ] {
            let raw: RawTree<'_> = serde_json::from_str(&raw).unwrap();
            assert_eq!(Tree::new(&raw).err(), expected);
        }
    }
}
