//! What several cataloguers ask of an executable: the parts of one for several processors.

use std::collections::BTreeSet;

use super::found::Found;
use object::read::macho::{FatArch, MachOFatFile32, MachOFatFile64};

/// The most processors a file is for; Apple's own come to four.
const PROCESSORS_MAX: usize = 16;

/// Returns the executables in a file: of a Mach-O for several processors each one that lies in the file, of any other
/// the file itself.
pub(super) fn parts(bytes: &[u8]) -> Vec<&[u8]> {
    if let Ok(file) = MachOFatFile32::parse(bytes) {
        return of(bytes, file.arches());
    }
    match MachOFatFile64::parse(bytes) {
        Ok(file) => of(bytes, file.arches()),
        Err(_) => vec![bytes],
    }
}

/// Tells packages apart that the parts of one file have in common.
#[derive(Debug, Default)]
pub(super) struct Once(BTreeSet<(String, String, String)>);

impl Once {
    /// Returns whether a package of this name and version was not there before.
    pub(super) fn is_new(&mut self, found: &Found) -> bool {
        self.0.insert((found.namespace.clone(), found.name.clone(), found.version.clone()))
    }
}

fn of<'a>(bytes: &'a [u8], processors: &[impl FatArch]) -> Vec<&'a [u8]> {
    processors.iter().take(PROCESSORS_MAX).filter_map(|processor| processor.data(bytes).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header as mach-o/fat.h tells it: magic, number, then for each processor type, subtype, offset, size, align.
    fn universal(parts: &[(u32, u32)]) -> Vec<u8> {
        let mut bytes = 0xcafe_babe_u32.to_be_bytes().to_vec();
        bytes.extend(u32::try_from(parts.len()).unwrap().to_be_bytes());
        for (offset, size) in parts {
            for word in [0x0100_0007, 3, *offset, *size, 12] {
                bytes.extend(word.to_be_bytes());
            }
        }
        bytes.resize(256, b'x');
        bytes
    }

    #[test]
    fn the_parts_of_a_universal_file_are_told_apart() {
        assert_eq!(parts(b"\x7fELF"), [b"\x7fELF"]);
        let bytes = universal(&[(200, 2), (202, 3)]);
        assert_eq!(parts(&bytes), [&bytes[200..202], &bytes[202..205]]);
    }

    #[test]
    fn parts_outside_of_the_file_and_floods_of_parts_are_left_out() {
        assert!(parts(&universal(&[(200, 100), (u32::MAX, u32::MAX)])).is_empty());
        let mut flood = universal(&[(0, 1); 12]);
        assert_eq!(parts(&flood).len(), 12);
        flood[7] = 200;
        flood.resize(8192, 0);
        assert_eq!(parts(&flood).len(), PROCESSORS_MAX);
    }
}
