//! An outermost archive that is too large to be held: read from front to end, archives inside of it one by one.

use std::io::Read;

use super::manifest::{self, Manifest};
use super::records::{Kind, Records};
use super::walk::{INNER_BYTES_MAX, Place, RECORD_BYTES_MAX, Walk, shown};
use crate::catalogue::found::{Need, Parsed};
use crate::catalogue::zip::ZipError;
use crate::catalogue::zip::stream::{self, Take, Visit};

/// Returns what is in an archive of so many bytes. Where its end does not confirm what was read, that is a gap, and what
/// was found stays.
pub(super) fn read(path: &str, size: u64, reader: &mut dyn Read) -> Parsed {
    let place = Place { path, inside: "", depth: 0 };
    let mut outermost = Outermost {
        walk: Walk::new(size),
        place: &place,
        manifest: None,
        records: Records::default(),
        needs: vec![],
    };
    let end = stream::read(reader, &mut outermost);
    let Outermost { mut walk, manifest, records, needs, .. } = outermost;
    if let Err(error) = end {
        walk.gap("", error);
    }
    walk.end(&place, manifest.as_ref(), records, needs)
}

/// What has been found on the way.
struct Outermost<'a> {
    walk: Walk,
    place: &'a Place<'a>,
    manifest: Option<Manifest>,
    records: Records,
    needs: Vec<Need>,
}

impl Outermost<'_> {
    fn spend(&mut self, kind: Kind, bytes: &[u8]) -> Result<(), String> {
        let size = bytes.len() as u64;
        if kind == Kind::Record { self.walk.spend_on_record(size) } else { self.walk.spend(size) }
    }
}

impl Visit for Outermost<'_> {
    fn choose(&self, name: &[u8]) -> Take {
        match Kind::of(name) {
            Kind::Manifest => Take::Beginning(manifest::BYTES_MAX),
            Kind::Record => Take::Whole(RECORD_BYTES_MAX),
            Kind::Archive => Take::Whole(INNER_BYTES_MAX),
            Kind::Other => Take::Nothing,
        }
    }

    fn taken(&mut self, name: &[u8], content: Result<Vec<u8>, ZipError>) {
        let path = self.place.inner(&shown(name));
        let kind = Kind::of(name);
        let content = content.map_err(|error| error.to_string());
        let content = content.and_then(|bytes| self.spend(kind, &bytes).map(|()| bytes));
        match (content, kind) {
            (Err(reason), _) => self.walk.gap(&path, reason),
            (Ok(bytes), Kind::Manifest) => self.manifest = Some(Manifest::parse(&bytes)),
            (Ok(bytes), Kind::Record) => self.walk.count(self.records.add(name, path, &bytes)),
            (Ok(bytes), _) => {
                let needs = self.walk.held(self.place, &shown(name), &bytes, bytes.len() as u64);
                self.needs.extend(needs);
            }
        }
    }
}
