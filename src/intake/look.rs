//! What a tag means on both sides, before anything is copied: one HEAD each.

use futures_util::future;

use super::{Copy, IntakeError, OpenRepository, ProgressFn};
use crate::model::{Digest, Reference};
use crate::registry::RegistryError;

/// An image that is wanted in a place.
#[derive(Clone)]
pub struct Wish {
    pub from: OpenRepository,
    pub reference: Reference,
    pub to: OpenRepository,
    /// Without it the image is wanted by its digest alone.
    pub tag: Option<String>,
    /// As in [`Copy`].
    pub companions: bool,
    pub progress: ProgressFn,
}

/// What there is to do about a [`Wish`].
#[derive(Debug, Clone)]
pub enum Looked {
    /// Nothing: the target names the same manifest already.
    There(Digest),
    Differs(Copy),
}

/// Looks at both sides.
///
/// # Errors
/// [`IntakeError`]; kind `NotFound` where the source has no such image.
pub async fn look(wish: Wish) -> Result<Looked, IntakeError> {
    let source = async {
        if let Reference::Digest(digest) = &wish.reference {
            return Ok(digest.clone());
        }
        let found = wish.from.registry.head_manifest(&wish.from.path, &wish.reference).await;
        match found.map_err(IntakeError::Source)? {
            Some(found) => Ok(found.digest),
            None => Err(IntakeError::Source(RegistryError::NotFound {
                host: wish.from.host().to_owned(),
                what: format!("manifest `{}:{}`", wish.from.path, wish.reference),
            })),
        }
    };
    let target = async {
        let Some(tag) = &wish.tag else { return Ok(None) };
        let found = wish.to.registry.head_manifest(&wish.to.path, &Reference::tag(tag)).await;
        found.map_err(IntakeError::Target)
    };
    let (digest, held) = future::join(source, target).await;
    let (digest, mut held) = (digest?, held?);
    if wish.tag.is_none() {
        let found = wish.to.registry.head_manifest(&wish.to.path, &Reference::from(&digest)).await;
        held = found.map_err(IntakeError::Target)?;
    }
    if held.is_some_and(|held| held.digest == digest) {
        return Ok(Looked::There(digest));
    }
    let Wish { from, to, tag, companions, progress, .. } = wish;
    Ok(Looked::Differs(Copy { from, digest, to, tag, look: false, companions, progress }))
}
