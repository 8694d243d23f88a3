//! Reads a file that is too large to be held with a cataloguer that takes it front to end.

use std::io::{self, Read};

use super::broken;
use crate::catalogue::ecosystem::Cataloguer;
use crate::catalogue::found::{Form, Parsed};
use crate::catalogue::{CatalogueError, FileFacts};
use crate::model::{Algorithm, Hasher};

/// Hashes what is read.
struct Hashed<R> {
    inner: R,
    hasher: Hasher,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..length]);
        Ok(length)
    }
}

/// Returns what cataloguers make of a file of more than `max` bytes, whose content is read to its end where one of them
/// reads such files. For the others it is a gap.
pub(super) fn read(
    path: &str,
    (size, max): (u64, u64),
    content: impl Read,
    wanted: &[&'static Cataloguer],
) -> Result<FileFacts, CatalogueError> {
    let mut facts = FileFacts { size, ..FileFacts::default() };
    let mut hashed = Hashed { inner: content, hasher: Hasher::new(Algorithm::Sha512) };
    let mut is_read = false;
    for cataloguer in wanted {
        let parsed = match cataloguer.of_large_paths().filter(|_| !is_read) {
            Some(read) => {
                is_read = true;
                read(path, size, &mut hashed)
            }
            None => Parsed::gap(format!("larger than {max} bytes")),
        };
        if !parsed.is_empty() {
            facts.readings.insert(cataloguer.name.to_owned(), parsed);
        }
    }
    if is_read {
        io::copy(&mut hashed, &mut io::sink()).map_err(broken)?;
        set_hash(&mut facts, hashed.hasher);
    }
    Ok(facts)
}

/// Adds the SHA-512 of the file where it is a component itself.
fn set_hash(facts: &mut FileFacts, hasher: Hasher) {
    let hash = hasher.finish().hex().to_owned();
    let packages = facts.readings.values_mut().flat_map(|parsed| &mut parsed.packages);
    for found in packages.filter(|found| found.form == Form::Archive && found.inside.is_none()) {
        found.sha512 = Some(hash.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::ecosystem::wanting;
    use crate::catalogue::zip::made::{entry, zip};

    #[test]
    fn a_large_archive_is_read_front_to_end_and_hashed_whole() {
        let inner = zip(&[entry("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")]);
        let bytes = zip(&[entry("WEB-INF/lib/a-1.jar", inner), entry("x", vec![7; 300_000])]);
        let wanted: Vec<_> = wanting("srv/app-2.war").collect();
        let facts = read("srv/app-2.war", (bytes.len() as u64, 10), bytes.as_slice(), &wanted).unwrap();
        let packages = &facts.readings["java"].packages;
        let names: Vec<&str> = packages.iter().map(|found| found.name.as_str()).collect();
        assert_eq!((names, facts.size), (vec!["app", "a"], bytes.len() as u64));
        let mut hasher = Hasher::new(Algorithm::Sha512);
        hasher.update(&bytes);
        assert_eq!(packages[0].sha512.as_deref(), Some(hasher.finish().hex()));
        assert_ne!(packages[1].sha512, packages[0].sha512);
    }

    #[test]
    fn what_nobody_reads_front_to_end_is_a_gap() {
        let wanted: Vec<_> = wanting("opt/java/release").collect();
        let facts = read("opt/java/release", (99, 10), &b"x"[..], &wanted).unwrap();
        assert_eq!(facts.readings["jvm"].gaps, ["larger than 10 bytes"]);
    }

    #[test]
    fn a_layer_that_breaks_within_a_large_file_is_broken() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("reset"))
            }
        }
        let wanted: Vec<_> = wanting("a.jar").collect();
        assert!(read("a.jar", (99, 10), (&b"PK\x03\x04"[..]).chain(Broken), &wanted).is_err());
    }
}
