//! OpenVEX (openvex/spec `OPENVEX-SPEC.md` v0.2.0 and, with plain texts for products and vulnerabilities, v0.0.1).
//!
//! A statement that lacks what its specification demands makes the document unreadable as a whole: leaving one out
//! could turn what the document says around.

use serde_json::Value;

use super::{
    Content, Told,
    json::{Object, bounded},
    shown,
};
use crate::model::{Instant, VexStatus, foreign};

/// The most statements of a document. Distributors' images have a few hundred.
pub const VEX_STATEMENTS_MAX: usize = 10_000;

/// The most products of a statement, and subcomponents of a product.
const PRODUCTS_MAX: usize = 1000;

/// The most other names of a vulnerability.
const NAMES_MAX: usize = 100;

/// What an OpenVEX context starts with.
const CONTEXT: &str = "https://openvex.dev/ns";

/// A document about exploitability.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vex {
    pub statements: Vec<VexStatement>,
}

/// Status of one vulnerability in some products.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VexStatement {
    pub vulnerability: String,
    /// Other names of it, sorted.
    pub aliases: Vec<String>,
    pub products: Vec<Product>,
    pub status: VexStatus,
    /// A label of the VEX working group, or the impact statement, cut.
    pub justification: Option<String>,
    pub at: Instant,
}

/// What a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Product {
    /// Whether the attestation's subjects are meant, without being named.
    pub subject: bool,
    /// `@id` and package URL, as written.
    pub names: Vec<String>,
    /// Its SHA-256, where given.
    pub sha256: Option<String>,
    /// The parts of it where the vulnerability is, each by its package URL or else what it is called; none for all of it.
    pub subcomponents: Vec<String>,
}

pub(super) fn read(predicate: Object<'_>) -> Result<Told, String> {
    let context = predicate.required_text("@context")?;
    let version = context.strip_prefix(CONTEXT);
    if version.is_none_or(|version| !version.is_empty() && !version.starts_with('/')) {
        return Err(format!("`{}` is no context of OpenVEX", shown(context)));
    }
    let timestamp = time(predicate)?;
    let found = predicate.list("statements")?.len();
    if found > VEX_STATEMENTS_MAX {
        return Err(format!("the document has {found} statements, more than {VEX_STATEMENTS_MAX}"));
    }
    let read = |item: Result<Object<'_>, String>| statement(item?, timestamp);
    let statements = predicate.objects("statements")?.map(read).collect::<Result<_, _>>()?;
    Ok(Told::only(Content::Vex(Vex { statements })))
}

fn statement(found: Object<'_>, document: Option<Instant>) -> Result<VexStatement, String> {
    let (vulnerability, aliases) = vulnerability(found)?;
    let status = found.required_text("status")?;
    let status = VexStatus::of_openvex(status).ok_or_else(|| format!("`{}` is no status", shown(status)))?;
    let why = match found.text("justification")? {
        Some(label) => Some(label),
        None => found.get("impact_statement")?.and_then(Value::as_str).filter(|text| !text.trim().is_empty()),
    };
    if status == VexStatus::NotAffected && why.is_none() {
        return Err(format!("the statement about `{}` does not say why", shown(&vulnerability)));
    }
    let mut products: Vec<Product> =
        limited(found, "products")?.iter().map(product).collect::<Result<_, _>>()?;
    if products.is_empty() {
        // "The subjects in an attestation … become the VEX product" (ATTESTING.md).
        products.push(Product { subject: true, ..Product::default() });
    }
    let at = time(found)?.or(document).ok_or("a statement has no timestamp")?;
    let justification = why.map(|why| foreign::cut(why, super::SHOWN_CHARS_MAX * 2));
    Ok(VexStatement { vulnerability, aliases, products, status, justification, at })
}

/// Returns the time of a document or statement: the later of `timestamp` and `last_updated`.
fn time(of: Object<'_>) -> Result<Option<Instant>, String> {
    let read =
        |key| of.text(key)?.map(|text| text.parse().map_err(|_| format!("`{key}` is no time"))).transpose();
    let (made, updated): (Option<Instant>, Option<Instant>) = (read("timestamp")?, read("last_updated")?);
    Ok(made.max(updated))
}

fn vulnerability(statement: Object<'_>) -> Result<(String, Vec<String>), String> {
    let found = statement.get("vulnerability")?.ok_or("`vulnerability` is missing")?;
    if let Some(name) = found.as_str() {
        bounded(name, "vulnerability")?;
        return Ok((name.to_owned(), vec![]));
    }
    let found = Object::of(found, "`vulnerability`")?;
    let name = match found.text("name")? {
        Some(name) => name,
        None => found.required_text("@id")?,
    };
    let mut aliases = texts(found, "aliases")?;
    aliases.sort();
    aliases.dedup();
    Ok((name.to_owned(), aliases))
}

fn texts(of: Object<'_>, key: &str) -> Result<Vec<String>, String> {
    let found = of.list(key)?;
    if found.len() > NAMES_MAX {
        return Err(format!("`{key}` has more than {NAMES_MAX} items"));
    }
    let text = |item: &Value| {
        let text = item.as_str().ok_or_else(|| format!("an item of `{key}` is no text"))?;
        bounded(text, key)?;
        Ok(text.to_owned())
    };
    found.iter().map(text).collect()
}

fn limited<'a>(of: Object<'a>, key: &str) -> Result<&'a [Value], String> {
    let found = of.list(key)?;
    if found.len() > PRODUCTS_MAX {
        Err(format!("`{key}` has more than {PRODUCTS_MAX} items"))
    } else {
        Ok(found)
    }
}

fn product(found: &Value) -> Result<Product, String> {
    if let Some(name) = found.as_str() {
        bounded(name, "products")?;
        return Ok(Product { names: vec![name.to_owned()], ..Product::default() });
    }
    let found = Object::of(found, "a product")?;
    let hash = found.object("hashes")?.map_or(Ok(None), |hashes| hashes.text("sha-256"))?;
    let part = |part: &Value| {
        if let Some(name) = part.as_str() {
            return bounded(name, "subcomponents").map(|()| name.to_owned());
        }
        let names = component(Object::of(part, "a subcomponent")?)?;
        let purl = names.iter().find(|name| name.starts_with("pkg:"));
        Ok(purl.or(names.first()).cloned().unwrap_or_default())
    };
    Ok(Product {
        subject: false,
        names: component(found)?,
        sha256: hash.map(ToOwned::to_owned),
        subcomponents: limited(found, "subcomponents")?.iter().map(part).collect::<Result<_, _>>()?,
    })
}

/// Returns the names of a product or subcomponent.
fn component(found: Object<'_>) -> Result<Vec<String>, String> {
    let purl = found.object("identifiers")?.map_or(Ok(None), |identifiers| identifiers.text("purl"))?;
    let mut names: Vec<String> = found.text("@id")?.into_iter().chain(purl).map(ToOwned::to_owned).collect();
    names.dedup();
    Ok(names)
}
