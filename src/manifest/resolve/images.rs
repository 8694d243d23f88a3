//! Image sets: one entry for each image and tag.

use std::collections::BTreeMap;

use super::{Object, Sources, Spec};
use crate::manifest::kinds::{ImageEntry, ImageSetSpec};
use crate::manifest::mistakes::Mistakes;
use crate::manifest::{Code, DesiredImage, Diagnostic, Place};

/// An image with the place of its tag.
#[derive(Debug)]
pub(super) struct Wanted {
    pub image: DesiredImage,
    pub at: Place,
    /// Its set has other mistakes, so that a policy or digest may be missing here.
    pub flawed: bool,
}

/// Returns the images of all sets.
pub(super) fn images(sources: &Sources<'_>, out: &mut Mistakes) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for object in &sources.objects {
        if let (Some(name), Some(Spec::ImageSet(spec))) = (object.name(), &object.spec) {
            set(object, name, spec, &mut wanted, out);
        }
    }
    wanted
}

fn set(object: &Object<'_>, name: &str, spec: &ImageSetSpec, wanted: &mut Vec<Wanted>, out: &mut Mistakes) {
    let mut seen: BTreeMap<(String, &str), Place> = BTreeMap::new();
    for (index, entry) in spec.images.iter().enumerate() {
        let path = format!("spec.images.{index}");
        check_digest(object, entry, &path, out);
        for (tag_index, tag) in entry.tags.iter().enumerate() {
            let at = object.place(&format!("{path}.tags.{tag_index}"));
            let source = &entry.image.0;
            if let Some(first) = seen.insert((source.to_string(), &tag.0), at.clone()) {
                let message = format!("`{source}:{}` is listed twice in image set `{name}`", tag.0);
                let help = format!("the first is in {}", first.short());
                out.push(Diagnostic::new(Code::DuplicateItem, message, at).help(help));
                continue;
            }
            let image = DesiredImage {
                set: name.to_owned(),
                source: source.clone(),
                tag: tag.0.clone(),
                digest: entry.digest.clone(),
                trust: entry.trust.as_ref().or(spec.trust.as_ref()).map(|trust| trust.0.clone()),
                written: at.short(),
            };
            wanted.push(Wanted { image, at, flawed: object.flawed });
        }
    }
}

fn check_digest(object: &Object<'_>, entry: &ImageEntry, path: &str, out: &mut Mistakes) {
    if entry.digest.is_some() && entry.tags.len() > 1 {
        let message = format!("a digest pins one tag, and {} are listed", entry.tags.len());
        let help = "write one entry for each tag".to_owned();
        let at = object.place(&format!("{path}.digest"));
        out.push(Diagnostic::new(Code::InvalidValue, message, at).help(help));
    }
}
