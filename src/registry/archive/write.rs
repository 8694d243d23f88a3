//! Writes a layout directory as an archive whose bytes depend on its content alone: fixed order, no times, no owners,
//! fixed modes. The form follows the name: `.tar.gz` and `.tgz` are gzip, `.tar.zst` and `.tzst` zstd, else plain.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
};

use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};
use tempfile::NamedTempFile;

use super::contents::Contents;
use crate::{
    model::Digest,
    registry::{
        RegistryError,
        asked::Asked,
        layout::{self, Stored as _},
    },
};

/// The level of `zstd` itself.
const ZSTD_LEVEL: i32 = 3;

/// The files of a layout before its blobs: a reader that streams knows at once what it reads.
const FIRST: [&str; 2] = ["oci-layout", "index.json"];

/// Writes the layout in `directory` to `file`, which is seen whole or as it was before. Blocks.
pub(in crate::registry) fn write(directory: &Path, file: &Path, asked: &Asked) -> Result<(), RegistryError> {
    written(directory, file).map_err(|e| asked.unavailable(e.to_string()))
}

fn written(directory: &Path, file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let incoming = NamedTempFile::new_in(folder)?;
    let plain = BufWriter::new(incoming.as_file());
    let name = file.to_string_lossy();
    let is = |endings: [&str; 2]| endings.iter().any(|ending| name.ends_with(ending));
    if is([".tar.gz", ".tgz"]) {
        let encoder = GzBuilder::new().mtime(0).write(plain, Compression::default());
        archive(directory, encoder)?.finish()?.flush()?;
    } else if is([".tar.zst", ".tzst"]) {
        archive(directory, zstd::Encoder::new(plain, ZSTD_LEVEL)?)?.finish()?.flush()?;
    } else {
        archive(directory, plain)?.flush()?;
    }
    readable(incoming.as_file())?;
    incoming.as_file().sync_all()?;
    incoming.persist(file).map_err(|e| e.error)?;
    Ok(())
}

fn archive<W: Write>(directory: &Path, writer: W) -> io::Result<W> {
    let mut archive = Builder::new(writer);
    for name in FIRST {
        append(&mut archive, &directory.join(name), name)?;
    }
    folder(&mut archive, "blobs/")?;
    for algorithm in names(&directory.join("blobs"))? {
        let below = format!("blobs/{algorithm}/");
        folder(&mut archive, &below)?;
        for hex in names(&directory.join(&below))? {
            let name = format!("{below}{hex}");
            append(&mut archive, &directory.join(&name), &name)?;
        }
    }
    archive.into_inner()
}

/// Returns the names in a folder, sorted.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = vec![];
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn append<W: Write>(archive: &mut Builder<W>, path: &Path, name: &str) -> io::Result<()> {
    let file = File::open(path)?;
    let mut header = header(EntryType::Regular, 0o644, file.metadata()?.len());
    archive.append_data(&mut header, name, file)
}

fn folder<W: Write>(archive: &mut Builder<W>, name: &str) -> io::Result<()> {
    archive.append_data(&mut header(EntryType::Directory, 0o755, 0), name, io::empty())
}

/// Returns a header without anything that another machine or hour would write differently.
fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// Temporary files are for their owner only; an archive is read by other tools and users.
#[cfg(unix)]
fn readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &File) -> io::Result<()> {
    Ok(())
}

/// Puts the content of an existing archive into an empty directory, every blob by its verified digest, so that an
/// image can be added to it. Files that are no part of a layout stay behind. Blocks.
pub(in crate::registry) fn load(file: &Path, directory: &Path, asked: &Asked) -> Result<(), RegistryError> {
    let failed = |e: io::Error| asked.unavailable(e.to_string());
    let contents = Contents::open(file, asked)?;
    let keep = |name: &str, bytes: Option<Vec<u8>>| match bytes {
        Some(bytes) => fs::write(directory.join(name), bytes).map_err(failed),
        None => Ok(()),
    };
    keep("oci-layout", contents.read_marker(asked)?)?;
    keep("index.json", contents.read_index(asked)?)?;
    let digests: Vec<&Digest> = contents.blobs().collect();
    for digest in digests {
        let folder = directory.join("blobs").join(digest.algorithm().name());
        fs::create_dir_all(&folder).map_err(failed)?;
        let section = contents.open_blob(digest, asked)?.ok_or_else(|| asked.not_found())?;
        let copied = layout::copy(section, NamedTempFile::new_in(directory).map_err(failed)?, digest, asked)?;
        copied.persist(folder.join(digest.hex())).map_err(|e| failed(e.error))?;
    }
    Ok(())
}
