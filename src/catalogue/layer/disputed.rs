//! Refuses entries that readers of archives read in different ways.
//!
//! What unpacks images (containerd, Docker and Podman: Go's `archive/tar`) and what catalogues them here (the `tar` crate)
//! must see the same files: where they part, an image hides from the catalogue what it runs. Names of functions are those of
//! Go 1.24.

use std::io::Read;

use crate::catalogue::CatalogueError;

/// Bytes of a header where the name of its format stands (POSIX pax, "ustar Interchange Format"; star(5)).
const MAGIC: std::ops::Range<usize> = 257..263;
const PREFIX: usize = 345;
const TRAILER: std::ops::Range<usize> = 508..512;

/// Records of which only one may be in a pax header: of several Go takes the last one, the crate the first.
const ONCE: [&[u8]; 3] = [b"path", b"linkpath", b"size"];

/// A file with holes in one of the forms of pax headers (GNU tar's manual, "Sparse Formats"). Go makes another file of it
/// than stands in the archive, under another name; the crate does not.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Holes {
    pub name: Option<Vec<u8>>,
}

/// Returns the holes that a pax header tells of, if it does.
///
/// # Errors
/// [`CatalogueError::Archive`] where readers disagree about the entry.
pub(super) fn check<R: Read>(entry: &mut tar::Entry<'_, R>) -> Result<Option<Holes>, CatalogueError> {
    let holes = pax(entry)?;
    let header = entry.header();
    let kind = header.entry_type();
    let path = entry.path_bytes();
    let link = entry.link_name_bytes().unwrap_or_default();
    let has_content = entry.size() > 0 || header.entry_size().is_ok_and(|size| size > 0);
    let is_file = kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse();
    // `isHeaderOnlyType`: the next header is sought behind the content by one, in its place by the other.
    let has_none = kind.is_dir()
        || kind.is_hard_link()
        || kind.is_symlink()
        || kind.is_character_special()
        || kind.is_block_special()
        || kind.is_fifo()
        || (is_file && path.ends_with(b"/"));
    // The crate passes them on where it does not know the format of the header.
    let is_extension = kind.is_pax_local_extensions() || kind.is_gnu_longname() || kind.is_gnu_longlink();
    let cause = if has_none && has_content {
        "has content, though it is no file"
    } else if is_extension {
        "extends an entry in an unknown format"
    } else if path.contains(&0) || link.contains(&0) {
        "has a NUL in its name"
    } else if path.is_empty() && !header.path_bytes().is_empty() {
        "has two names"
    } else if has_odd_prefix(header) {
        "has a name in two parts in an unknown format"
    } else {
        return Ok(holes);
    };
    Err(disputed(&path, cause))
}

/// Reads the records of a pax header. The crate parts them by line feeds, Go by their lengths: they agree where every line
/// is a record.
fn pax<R: Read>(entry: &mut tar::Entry<'_, R>) -> Result<Option<Holes>, CatalogueError> {
    let path = entry.path_bytes().into_owned();
    let mut seen = [false; ONCE.len()];
    let mut holes = None;
    let records = entry.pax_extensions().map_err(super::broken)?;
    for record in records.into_iter().flatten() {
        let record = record.map_err(|_| disputed(&path, "has a pax header that is not one record a line"))?;
        let (key, value) = (record.key_bytes(), record.value_bytes());
        if let Some(index) = ONCE.iter().position(|once| *once == key)
            && (std::mem::replace(&mut seen[index], true) || value.is_empty())
        {
            return Err(disputed(&path, "has a pax header with a record that is empty or comes twice"));
        }
        if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
            let holes = holes.get_or_insert(Holes { name: None });
            if key == b"name" {
                holes.name = Some(value.to_vec());
            }
        }
    }
    Ok(holes)
}

/// `Header.getFormat`: Go looks at the first six bytes and the trailer, the crate at the version, too.
fn has_odd_prefix(header: &tar::Header) -> bool {
    let bytes = header.as_bytes();
    let is_known = header.as_gnu().is_some() || (header.as_ustar().is_some() && &bytes[TRAILER] != b"tar\0");
    bytes[PREFIX] != 0 && &bytes[MAGIC] == b"ustar\0" && !is_known
}

fn disputed(path: &[u8], cause: &str) -> CatalogueError {
    let path: String = String::from_utf8_lossy(path).chars().take(120).collect();
    CatalogueError::Archive(format!("readers disagree about `{path}`, which {cause}"))
}
