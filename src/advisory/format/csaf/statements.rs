//! What a vulnerability of a CSAF document says of single products: scores, ratings, and what is done about it.

use std::collections::{BTreeSet, HashMap};

use super::document::{Remediation, Text, Vectors, Vulnerability};
use crate::{
    advisory::{
        bundle::SeverityStatement,
        record::{at_most, name},
    },
    model::VendorState,
};

/// Most products that the statements of one vulnerability name, all together. A file of 100,000 products names each in
/// its status, score, rating and remediation, and in a workaround.
const NAMED_MAX: usize = 2_000_000;

/// What is said of one product, or of all.
#[derive(Default)]
struct Said<'v> {
    /// OSV's type of a score, with the vector.
    vectors: Vec<(&'static str, &'v str)>,
    /// The vendor's own ratings, `Important`.
    ratings: Vec<&'v str>,
    state: Option<VendorState>,
}

/// The statements of one vulnerability by product.
pub(super) struct Statements<'v> {
    of: HashMap<&'v str, Said<'v>>,
    of_all: Said<'v>,
}

impl<'v> Statements<'v> {
    /// Gathers the statements of a vulnerability. `aggregate` is the rating of the whole document, which holds where the
    /// vulnerability has none.
    pub(super) fn new(
        vulnerability: &'v Vulnerability<'v>,
        aggregate: Option<&'v str>,
    ) -> Result<Self, String> {
        at_most(named(vulnerability), NAMED_MAX, "products in statements")?;
        let mut all = Self { of: HashMap::new(), of_all: Said::default() };
        let scores = vulnerability.scores.iter().map(|score| (&score.products, &score.vectors));
        let metrics = vulnerability.metrics.iter().map(|metric| (&metric.products, &metric.content));
        for (products, vectors) in scores.chain(metrics) {
            let vectors = of_kinds(vectors);
            all.say(products, |said| said.vectors.extend(&vectors));
        }
        for threat in vulnerability.threats.iter().filter(|threat| &*threat.category == "impact") {
            all.say(&threat.product_ids, |said| said.ratings.push(threat.details.trim()));
        }
        for remediation in &vulnerability.remediations {
            // The strongest word counts where there are several.
            let state = state(remediation);
            all.say(&remediation.product_ids, |said| said.state = said.state.max(state));
        }
        if all.of_all.ratings.is_empty() {
            all.of_all.ratings.extend(aggregate);
        }
        Ok(all)
    }

    fn say(&mut self, products: &'v [Text<'v>], mut add: impl FnMut(&mut Said<'v>)) {
        if products.is_empty() {
            add(&mut self.of_all);
        }
        for product in products {
            add(self.of.entry(product).or_default());
        }
    }

    /// Returns the severity of a product: what is said of it, or else of all.
    pub(super) fn severities(&self, product: &str) -> Result<BTreeSet<SeverityStatement>, String> {
        let own = self.of.get(product);
        let vectors = own.map(|said| &said.vectors).filter(|said| !said.is_empty());
        let ratings = own.map(|said| &said.ratings).filter(|said| !said.is_empty());
        let vectors = vectors.unwrap_or(&self.of_all.vectors).iter();
        let scored =
            vectors.map(|(kind, vector)| SeverityStatement { kind: (*kind).into(), value: (*vector).into() });
        let ratings = ratings.unwrap_or(&self.of_all.ratings).iter().filter(|rating| !rating.is_empty());
        let all: BTreeSet<_> =
            scored.chain(ratings.map(|rating| SeverityStatement::vendor(rating))).collect();
        all.iter().try_for_each(|statement| name(&statement.value))?;
        Ok(all)
    }

    /// Returns what is done about a product that is not repaired.
    pub(super) fn state(&self, product: &str) -> VendorState {
        let own = self.of.get(product).and_then(|said| said.state);
        own.or(self.of_all.state).unwrap_or(VendorState::Affected)
    }
}

fn named(vulnerability: &Vulnerability<'_>) -> usize {
    let scored = vulnerability.scores.iter().map(|score| score.products.len());
    let measured = vulnerability.metrics.iter().map(|metric| metric.products.len());
    let said =
        vulnerability.remediations.iter().chain(&vulnerability.threats).map(|said| said.product_ids.len());
    scored.chain(measured).chain(said).sum()
}

fn of_kinds<'v>(vectors: &'v Vectors<'v>) -> Vec<(&'static str, &'v str)> {
    let all = [("CVSS_V2", &vectors.v2), ("CVSS_V3", &vectors.v3), ("CVSS_V4", &vectors.v4)];
    let told = all.into_iter().filter_map(|(kind, cvss)| Some((kind, &*cvss.as_ref()?.vector_string)));
    told.filter(|(_, vector)| !vector.is_empty()).collect()
}

/// Returns the state that a remediation stands for. Which of two reasons `no_fix_planned` has stands in words (Red Hat,
/// "CSAF Security Advisories and VEX Security Data").
fn state(remediation: &Remediation<'_>) -> Option<VendorState> {
    match (&*remediation.category, remediation.details.trim()) {
        ("no_fix_planned", "Out of support scope") => Some(VendorState::EndOfLife),
        ("no_fix_planned", _) => Some(VendorState::WillNotFix),
        ("none_available", "Fix deferred" | "Deferred") => Some(VendorState::Deferred),
        ("none_available", _) => Some(VendorState::Affected),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn said(vulnerability: &Value, product: &str) -> (Vec<String>, VendorState) {
        let text = vulnerability.to_string();
        let vulnerability: Vulnerability<'_> = serde_json::from_str(&text).unwrap();
        let statements = Statements::new(&vulnerability, Some("Low")).unwrap();
        let severities = statements.severities(product).unwrap();
        (
            severities.into_iter().map(|s| format!("{} {}", s.kind, s.value)).collect(),
            statements.state(product),
        )
    }

    #[test]
    fn severities_are_those_of_the_product_or_of_all() {
        let value = json!({
            "scores": [
                {"products": ["a"], "cvss_v2": {"vectorString": "AV:N/AC:L/Au:N/C:P/I:P/A:P", "baseScore": 7.5},
                    "cvss_v3": {"vectorString": "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:N/A:H"}},
                {"products": [], "cvss_v3": {"vectorString": "CVSS:3.0/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}},
                {"products": ["c"], "cvss_v3": {"baseScore": 7.5}}],
            "metrics": [{"products": ["d"], "content": {"cvss_v4": {"vectorString": "CVSS:4.0/AV:N"}}}],
            "threats": [
                {"category": "impact", "details": "Moderate", "product_ids": ["a", "b"]},
                {"category": "exploit_status", "details": "Exploited", "product_ids": ["a"]}],
        });
        for (product, expected) in [
            (
                "a",
                &[
                    "CVSS_V2 AV:N/AC:L/Au:N/C:P/I:P/A:P",
                    "CVSS_V3 CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:N/A:H",
                    "vendor Moderate",
                ][..],
            ),
            ("b", &["CVSS_V3 CVSS:3.0/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", "vendor Moderate"]),
            ("c", &["CVSS_V3 CVSS:3.0/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", "vendor Low"]),
            ("d", &["CVSS_V4 CVSS:4.0/AV:N", "vendor Low"]),
        ] {
            assert_eq!(said(&value, product).0, expected, "{product}");
        }
        let rated = json!({"threats": [{"category": "impact", "details": "important\n", "product_ids": []}]});
        assert_eq!(said(&rated, "a").0, ["vendor important"], "the document's own rating does not hold");
        assert_eq!(said(&json!({}), "a").0, ["vendor Low"]);
    }

    #[test]
    fn remediations_say_what_is_done() {
        let value = json!({"remediations": [
            {"category": "none_available", "details": "Fix deferred", "product_ids": ["deferred", "both"]},
            {"category": "none_available", "details": "Affected", "product_ids": ["affected"]},
            {"category": "none_available", "product_ids": ["silent"]},
            {"category": "no_fix_planned", "details": "Will not fix", "product_ids": ["will not", "both"]},
            {"category": "no_fix_planned", "details": "There is no fix planned for these products.\n",
                "product_ids": ["suse"]},
            {"category": "no_fix_planned", "details": "Out of support scope", "product_ids": ["old"]},
            {"category": "workaround", "details": "Do not use it", "product_ids": ["affected", "other"]},
        ]});
        for (product, expected) in [
            ("deferred", VendorState::Deferred),
            ("affected", VendorState::Affected),
            ("silent", VendorState::Affected),
            ("will not", VendorState::WillNotFix),
            ("both", VendorState::WillNotFix),
            ("suse", VendorState::WillNotFix),
            ("old", VendorState::EndOfLife),
            ("other", VendorState::Affected),
        ] {
            assert_eq!(said(&value, product).1, expected, "{product}");
        }
        let of_all = json!({"remediations": [{"category": "no_fix_planned", "details": "Will not fix"}]});
        assert_eq!(said(&of_all, "any").1, VendorState::WillNotFix);
    }

    #[test]
    fn statements_have_limits() {
        let one = |count: usize| {
            let ids = format!("\"a\"{}", ",\"a\"".repeat(count - 1));
            format!("{{\"category\": \"x\", \"product_ids\": [{ids}]}}")
        };
        for (threats, rating, expected) in [
            (one(NAMED_MAX), "Low", None),
            (
                format!("{},{}", one(NAMED_MAX), one(1)),
                "Low",
                Some("2000001 products in statements, more than 2000000"),
            ),
            (String::new(), "Lo\u{7}w", Some("`Lo?w` is empty, too long or unprintable")),
        ] {
            let text = format!("{{\"threats\": [{threats}]}}");
            let vulnerability: Vulnerability<'_> = serde_json::from_str(&text).unwrap();
            let found = Statements::new(&vulnerability, Some(rating)).and_then(|all| all.severities("c"));
            assert_eq!(found.err().as_deref(), expected);
        }
    }
}
