//! Pages for people, made from committed documents.
//!
//! Pure, and says nothing that no document says: a missing fact is `unknown`, and whether facts are good enough is left
//! to the reader. Each page has a file here that gathers its values and a template that places them. Everything that
//! is printed goes through a filter of [`text`]: a template that prints a bare value does not render.
//!
//! No page holds the time or the commit of the run that makes it, so pages change only with their facts. Next in
//! reading order: [`crate::git`], which commits them.

mod cell;
mod consumer;
mod difference;
mod image;
mod jurisdiction;
mod link;
mod map;
mod order;
mod overview;
mod repository;
mod template;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;

pub use difference::{Compared, difference_page, difference_text};
pub use template::RenderError;
pub(crate) use text::{code, md, path};

use crate::evidence::Evidence;
use crate::manifest::Desired;

/// Returns every page and its twin for machines by path. Equal values give equal bytes.
///
/// # Errors
/// [`RenderError`] where a template and its values do not fit, which is a bug of this program.
pub fn pages(evidence: &Evidence, desired: &Desired) -> Result<BTreeMap<String, Vec<u8>>, RenderError> {
    let subject = Subject { evidence, desired };
    let mut pages = BTreeMap::new();
    overview::page(subject, &mut pages)?;
    repository::pages(subject, &mut pages)?;
    image::pages(subject, &mut pages)?;
    consumer::pages(subject, &mut pages)?;
    jurisdiction::page(subject, &mut pages)?;
    Ok(pages.into_iter().map(|(path, text)| (path, text.into_bytes())).collect())
}

/// What all pages are made from.
#[derive(Clone, Copy)]
struct Subject<'a> {
    evidence: &'a Evidence,
    desired: &'a Desired,
}

/// Pages by path.
type Pages = BTreeMap<String, String>;
