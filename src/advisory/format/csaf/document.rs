//! The fields of a CSAF document that matching needs; all others are skipped, whatever they hold.
//!
//! Texts are borrowed from the file where they have no escapes: a product tree repeats its identifiers many times.

use std::{borrow::Cow, ops::Deref};

use serde::Deserialize;

use crate::model::Instant;

/// A text of the document. A type of its own, because serde borrows a `Cow` only where it is a field itself.
#[derive(Deserialize, Debug, Default)]
pub(super) struct Text<'f>(#[serde(borrow)] Cow<'f, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

#[derive(Deserialize)]
pub(super) struct Document<'f> {
    #[serde(borrow, rename = "document")]
    pub(super) about: About<'f>,
    #[serde(borrow, default)]
    pub(super) product_tree: RawTree<'f>,
    #[serde(borrow, default)]
    pub(super) vulnerabilities: Vec<Vulnerability<'f>>,
}

#[derive(Deserialize)]
pub(super) struct About<'f> {
    /// `csaf_vex`, `csaf_security_advisory` and others (CSAF 2.0, section 4).
    #[serde(borrow)]
    pub(super) category: Text<'f>,
    #[serde(borrow)]
    pub(super) publisher: Publisher<'f>,
    #[serde(borrow)]
    pub(super) tracking: Tracking<'f>,
    #[serde(borrow, default)]
    pub(super) aggregate_severity: Option<Severity<'f>>,
}

#[derive(Deserialize)]
pub(super) struct Publisher<'f> {
    /// A URL that is the publisher's own, `https://www.redhat.com`.
    #[serde(borrow)]
    pub(super) namespace: Text<'f>,
}

#[derive(Deserialize)]
pub(super) struct Tracking<'f> {
    #[serde(borrow)]
    pub(super) id: Text<'f>,
    /// `final`, `interim` or `draft`.
    #[serde(borrow, default)]
    pub(super) status: Text<'f>,
    pub(super) current_release_date: Instant,
}

#[derive(Deserialize)]
pub(super) struct Severity<'f> {
    #[serde(borrow)]
    pub(super) text: Text<'f>,
}

#[derive(Deserialize, Default)]
pub(super) struct RawTree<'f> {
    #[serde(borrow, default)]
    pub(super) branches: Vec<Branch<'f>>,
    #[serde(borrow, default)]
    pub(super) full_product_names: Vec<RawProduct<'f>>,
    #[serde(borrow, default)]
    pub(super) relationships: Vec<Relationship<'f>>,
}

/// A vendor, family, architecture or product with what is below it. Its depth is limited by the JSON parser, and again
/// where it is walked.
#[derive(Deserialize)]
pub(super) struct Branch<'f> {
    #[serde(borrow, default)]
    pub(super) branches: Vec<Branch<'f>>,
    #[serde(borrow, default)]
    pub(super) product: Option<RawProduct<'f>>,
}

#[derive(Deserialize)]
pub(super) struct RawProduct<'f> {
    #[serde(borrow)]
    pub(super) name: Text<'f>,
    #[serde(borrow)]
    pub(super) product_id: Text<'f>,
    #[serde(borrow, default)]
    pub(super) product_identification_helper: Identification<'f>,
}

#[derive(Deserialize, Default)]
pub(super) struct Identification<'f> {
    #[serde(borrow, default)]
    pub(super) cpe: Option<Text<'f>>,
    #[serde(borrow, default)]
    pub(super) purl: Option<Text<'f>>,
    /// What CSAF 2.1 has in place of `purl`.
    #[serde(borrow, default)]
    pub(super) purls: Vec<Text<'f>>,
}

/// That one product is part of another, which has an identifier of its own.
#[derive(Deserialize)]
pub(super) struct Relationship<'f> {
    #[serde(borrow)]
    pub(super) full_product_name: FullName<'f>,
    #[serde(borrow)]
    pub(super) product_reference: Text<'f>,
    #[serde(borrow)]
    pub(super) relates_to_product_reference: Text<'f>,
}

#[derive(Deserialize)]
pub(super) struct FullName<'f> {
    #[serde(borrow)]
    pub(super) product_id: Text<'f>,
}

#[derive(Deserialize)]
pub(super) struct Vulnerability<'f> {
    #[serde(borrow, default)]
    pub(super) cve: Option<Text<'f>>,
    #[serde(borrow, default)]
    pub(super) product_status: Statuses<'f>,
    #[serde(borrow, default)]
    pub(super) scores: Vec<Score<'f>>,
    /// What CSAF 2.1 has in place of `scores`.
    #[serde(borrow, default)]
    pub(super) metrics: Vec<Metric<'f>>,
    #[serde(borrow, default)]
    pub(super) remediations: Vec<Remediation<'f>>,
    #[serde(borrow, default)]
    pub(super) threats: Vec<Remediation<'f>>,
}

/// Products by what is known of them, each a list of identifiers.
#[derive(Deserialize, Default)]
pub(super) struct Statuses<'f> {
    #[serde(borrow, default)]
    pub(super) fixed: Vec<Text<'f>>,
    #[serde(borrow, default)]
    pub(super) first_fixed: Vec<Text<'f>>,
    #[serde(borrow, default)]
    pub(super) recommended: Vec<Text<'f>>,
    #[serde(borrow, default)]
    pub(super) known_affected: Vec<Text<'f>>,
    #[serde(borrow, default)]
    pub(super) under_investigation: Vec<Text<'f>>,
}

#[derive(Deserialize)]
pub(super) struct Score<'f> {
    #[serde(borrow, default)]
    pub(super) products: Vec<Text<'f>>,
    #[serde(borrow, flatten)]
    pub(super) vectors: Vectors<'f>,
}

#[derive(Deserialize)]
pub(super) struct Metric<'f> {
    #[serde(borrow, default)]
    pub(super) products: Vec<Text<'f>>,
    #[serde(borrow)]
    pub(super) content: Vectors<'f>,
}

/// Scores of the versions of CVSS.
#[derive(Deserialize)]
pub(super) struct Vectors<'f> {
    #[serde(borrow, default, rename = "cvss_v2")]
    pub(super) v2: Option<Cvss<'f>>,
    #[serde(borrow, default, rename = "cvss_v3")]
    pub(super) v3: Option<Cvss<'f>>,
    #[serde(borrow, default, rename = "cvss_v4")]
    pub(super) v4: Option<Cvss<'f>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cvss<'f> {
    #[serde(borrow, default)]
    pub(super) vector_string: Text<'f>,
}

/// A remediation or a threat: both say something in words of some products.
#[derive(Deserialize)]
pub(super) struct Remediation<'f> {
    #[serde(borrow)]
    pub(super) category: Text<'f>,
    #[serde(borrow, default)]
    pub(super) details: Text<'f>,
    /// Empty where it is about every product.
    #[serde(borrow, default)]
    pub(super) product_ids: Vec<Text<'f>>,
}
