//! The criteria of an OVAL definition: which packages of which release it is about.
//!
//! Criteria are a tree of `AND` and `OR` over tests. Where a release or a module is named beside packages or above them,
//! in an `AND`, it holds for these; several releases beside each other, in an `OR` of their own, hold one by one.

use super::checks::{Check, Checks};
use crate::advisory::{
    format::xml::Element,
    record::{at_most, shown},
};

/// Most packages of one definition, each counted once for each release: a kernel's have some 10,000.
const FOUND_MAX: usize = 200_000;

/// Most releases that hold for one package; a module of SUSE's is part of some 30 products.
const PRODUCTS_MAX: usize = 1_000;
/// Most streams of modules that hold for one package.
const MODULES_MAX: usize = 20;

/// A package that a definition says is vulnerable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Vulnerable {
    /// The release as the file names it, `Oracle Linux 8`.
    pub(super) product: String,
    /// Streams of modules, `nodejs:16`.
    pub(super) modules: Vec<String>,
    pub(super) package: String,
    /// The version that it is repaired in; absent where there is none.
    pub(super) fixed: Option<String>,
}

/// What the criteria above a package say of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Scope<'e> {
    products: Vec<&'e str>,
    modules: Vec<&'e str>,
}

/// Returns the vulnerable packages of a definition. `platforms` are the releases that its metadata name: where there is one
/// alone, packages beside no release are of that.
pub(super) fn vulnerable(
    definition: &Element,
    checks: &Checks,
    platforms: &[&str],
) -> Result<Vec<Vulnerable>, String> {
    let products = if platforms.len() == 1 { platforms.to_vec() } else { vec![] };
    let mut found = vec![];
    for criteria in definition.all("criteria") {
        walk(criteria, &Scope { products: products.clone(), modules: vec![] }, checks, &mut found)?;
    }
    Ok(found)
}

/// Reads criteria and those in them; how deep they can be is limited where the file is read.
fn walk<'e>(
    criteria: &'e Element,
    above: &Scope<'e>,
    checks: &Checks,
    found: &mut Vec<Vulnerable>,
) -> Result<(), String> {
    if is_negated(criteria) {
        return Ok(());
    }
    let mut scope = above.clone();
    // Where the schema leaves the operator away, it is `AND`.
    if criteria.attribute("operator") != Some("OR") {
        let own = own(criteria);
        scope.products = if own.products.is_empty() { scope.products } else { own.products };
        scope.modules.extend(own.modules);
        at_most(scope.products.len(), PRODUCTS_MAX, "releases of one package")?;
        at_most(scope.modules.len(), MODULES_MAX, "modules of one package")?;
    }
    for criterion in criteria.all("criterion").filter(|criterion| !is_negated(criterion)) {
        add(criterion, &scope, checks, found)?;
    }
    criteria.all("criteria").try_for_each(|below| walk(below, &scope, checks, found))
}

/// Returns the releases and modules that criteria name themselves, or in an `OR` below that names nothing else.
fn own(criteria: &Element) -> Scope<'_> {
    let mut scope = Scope::default();
    let below = criteria.all("criteria").filter(|below| names_products_alone(below));
    for place in std::iter::once(criteria).chain(below) {
        for comment in
            place.all("criterion").filter(|c| !is_negated(c)).filter_map(|c| c.attribute("comment"))
        {
            scope.products.extend(product(comment));
            scope.modules.extend(module(comment));
        }
    }
    scope
}

fn names_products_alone(criteria: &Element) -> bool {
    let is_product =
        |e: &Element| e.name == "criterion" && e.attribute("comment").is_some_and(|c| product(c).is_some());
    !is_negated(criteria) && !criteria.children().is_empty() && criteria.children().iter().all(is_product)
}

fn is_negated(element: &Element) -> bool {
    matches!(element.attribute("negate"), Some("true" | "1"))
}

/// Returns the release of `Oracle Linux 8 is installed`. Packages of SUSE are commented in the same way, with a name that
/// has no blank: `openSUSE-build-key-1.0-1 is installed`.
fn product(comment: &str) -> Option<&str> {
    let name = comment.trim().strip_suffix(" is installed")?;
    let families = ["Oracle Linux ", "AlmaLinux ", "SUSE ", "openSUSE "];
    families.iter().any(|family| name.starts_with(family)).then_some(name)
}

/// Returns the stream of `Module nodejs:16 is enabled`.
fn module(comment: &str) -> Option<&str> {
    comment.trim().strip_prefix("Module ")?.strip_suffix(" is enabled")
}

fn add(
    criterion: &Element,
    scope: &Scope<'_>,
    checks: &Checks,
    found: &mut Vec<Vulnerable>,
) -> Result<(), String> {
    let (package, fixed) = match checks.find(criterion.attribute("test_ref").unwrap_or_default())? {
        Check::EarlierThan { package, version } => (package, Some(version)),
        Check::Installed { package } => (package, None),
        Check::Other => return Ok(()),
    };
    if scope.products.is_empty() {
        return Err(format!("`{}` is a package of no release", shown(&package)));
    }
    let modules: Vec<String> = scope.modules.iter().map(|module| (*module).to_owned()).collect();
    found.extend(scope.products.iter().map(|product| Vulnerable {
        product: (*product).to_owned(),
        modules: modules.clone(),
        package: package.clone(),
        fixed: fixed.clone(),
    }));
    at_most(found.len(), FOUND_MAX, "packages")
}
