//! Image sets: one entry for each image and listed tag, and the selections.

use std::collections::BTreeMap;

use super::{Object, Sources, Spec, selections};
use crate::manifest::kinds::{ForeignLayers, ImageEntry, ImageSetSpec};
use crate::manifest::mistakes::Mistakes;
use crate::manifest::{Code, DesiredContent, DesiredImage, DesiredSelection, Diagnostic, Place};
use crate::model::Period;

/// The most selections of all image sets. Each may cost a listing of many pages in every run.
pub const SELECTIONS_MAX: usize = 1000;

/// An image with the place of its tag.
#[derive(Debug)]
pub(super) struct Wanted {
    pub image: DesiredImage,
    pub at: Place,
    /// Its set has other mistakes, so that a policy or digest may be missing here.
    pub flawed: bool,
}

/// A selection with its place.
#[derive(Debug)]
pub(super) struct Selecting {
    pub selection: DesiredSelection,
    pub at: Place,
    /// As of [`Wanted`].
    pub flawed: bool,
}

/// Returns the images and the selections of all sets.
pub(super) fn images(sources: &Sources<'_>, out: &mut Mistakes) -> (Vec<Wanted>, Vec<Selecting>) {
    let mut sets = Sets { wanted: Vec::new(), selecting: Vec::new(), out };
    for object in &sources.objects {
        if let (Some(name), Some(Spec::ImageSet(spec))) = (object.name(), &object.spec) {
            sets.set(object, name, spec);
        }
    }
    if let Some(first) = sets.selecting.get(SELECTIONS_MAX) {
        let message = format!("more than {SELECTIONS_MAX} selections");
        sets.out.push(Diagnostic::new(Code::TooManySelections, message, first.at.clone()));
        sets.selecting.truncate(SELECTIONS_MAX);
    }
    (sets.wanted, sets.selecting)
}

struct Sets<'m> {
    wanted: Vec<Wanted>,
    selecting: Vec<Selecting>,
    out: &'m mut Mistakes,
}

/// What is listed so far, by its name in messages.
type Listed = BTreeMap<String, Place>;

impl Sets<'_> {
    fn set(&mut self, object: &Object<'_>, name: &str, spec: &ImageSetSpec) {
        let mut listed = Listed::new();
        for (index, entry) in spec.images.iter().enumerate() {
            let path = format!("spec.images.{index}");
            self.check(object, entry, &path);
            let image = image(object, name, spec, entry, &path);
            match (&entry.tags, &entry.select, &entry.digest) {
                (Some(tags), _, _) => {
                    for (tag_index, tag) in tags.iter().enumerate() {
                        let at = object.place(&format!("{path}.tags.{tag_index}"));
                        let written = at.short();
                        let image = DesiredImage { tag: tag.0.clone(), written, ..image.clone() };
                        let name = format!("{}:{}", image.source, image.tag);
                        self.list(object, image, at, name, &mut listed);
                    }
                }
                (None, Some(select), _) => {
                    let at = object.key(&format!("{path}.select"));
                    let rule = selections::rule(object, select, &format!("{path}.select"), self.out);
                    let selection = rule.map(|rule| DesiredSelection { image, rule });
                    let new = |selection| Selecting { selection, at, flawed: object.flawed };
                    self.selecting.extend(selection.map(new));
                }
                (None, None, Some(digest)) => {
                    let at = object.place(&format!("{path}.digest"));
                    let name = format!("{}@{digest}", image.source);
                    let image = DesiredImage { tag: digest.keep_tag(), written: at.short(), ..image };
                    self.list(object, image, at, name, &mut listed);
                }
                (None, None, None) => {}
            }
        }
    }

    fn list(
        &mut self,
        object: &Object<'_>,
        image: DesiredImage,
        at: Place,
        name: String,
        listed: &mut Listed,
    ) {
        if let Some(first) = listed.get(&name) {
            let message = format!("`{name}` is listed twice in image set `{}`", image.set);
            let help = format!("the first is in {}", first.short());
            self.out.push(Diagnostic::new(Code::DuplicateItem, message, at).help(help));
            return;
        }
        listed.insert(name, at.clone());
        self.wanted.push(Wanted { image, at, flawed: object.flawed });
    }

    /// Reports an entry that wants nothing, or two things that exclude each other.
    fn check(&mut self, object: &Object<'_>, entry: &ImageEntry, path: &str) {
        let tags = entry.tags.as_ref().map_or(0, Vec::len);
        let wrong = match (entry.tags.is_some(), entry.select.is_some(), entry.digest.is_some()) {
            (false, false, false) if !object.flawed => Some((
                Code::MissingKey,
                "an image needs one of the keys `tags`, `digest` and `select`".to_owned(),
                path.to_owned(),
                "`tags` lists what is wanted, `select` chooses from what the repository lists",
            )),
            (true, true, _) => Some((
                Code::InvalidValue,
                "an image has `tags` or `select`, not both".to_owned(),
                format!("{path}.select"),
                "write two entries: one with the listed tags, one with the selection",
            )),
            (_, true, true) => Some((
                Code::InvalidValue,
                "a digest pins one image, and `select` chooses several".to_owned(),
                format!("{path}.digest"),
                "write an entry with the tag and its digest beside the selection; what is pinned stays pinned",
            )),
            (true, _, true) if tags > 1 => Some((
                Code::InvalidValue,
                format!("a digest pins one tag, and {tags} are listed"),
                format!("{path}.digest"),
                "write one entry for each tag",
            )),
            _ => None,
        };
        if let Some((code, message, at, help)) = wrong {
            self.out.push(Diagnostic::new(code, message, object.place(&at)).help(help.to_owned()));
        }
    }
}

/// Returns what holds for every tag of an entry, with an empty tag, written where the selection is.
fn image(
    object: &Object<'_>,
    set: &str,
    spec: &ImageSetSpec,
    entry: &ImageEntry,
    path: &str,
) -> DesiredImage {
    let cooldown = |path: &str, period: Option<Period>| period.map(|period| object.ruled(path, period));
    let own = cooldown(&format!("{path}.cooldown"), entry.cooldown);
    DesiredImage {
        set: set.to_owned(),
        source: entry.image.0.clone(),
        tag: String::new(),
        digest: entry.digest.clone(),
        trust: entry.trust.as_ref().or(spec.trust.as_ref()).map(|trust| trust.0.clone()),
        cooldown: own.max(cooldown("spec.cooldown", spec.cooldown)),
        content: content(entry),
        written: object.key(&format!("{path}.select")).short(),
    }
}

fn content(entry: &ImageEntry) -> DesiredContent {
    let mut platforms: Vec<_> = entry.platforms.iter().flatten().map(|name| name.0.clone()).collect();
    platforms.sort();
    DesiredContent { platforms, refuse_foreign: entry.foreign_layers == Some(ForeignLayers::Refuse) }
}
