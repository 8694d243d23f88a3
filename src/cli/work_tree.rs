//! Reads the manifests of a work tree, for the verbs that serve the person who is editing.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::manifest::{self, SourceFile};

/// How deep folders are looked into. Manifests live one folder deep; more is room for order, not for loops.
const DEPTH_MAX: usize = 16;

/// The largest file that is read as a manifest or key; larger ones are cut and then refused by the reader.
const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024;

/// Returns every manifest and public key below `root`, sorted by path. Links are not followed.
pub(super) fn sources(root: &Path) -> io::Result<Vec<SourceFile>> {
    let mut found = vec![];
    walk(root, &PathBuf::new(), 0, &mut found)?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn walk(root: &Path, below: &Path, depth: usize, found: &mut Vec<SourceFile>) -> io::Result<()> {
    if depth > DEPTH_MAX {
        return Ok(());
    }
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() && entry.file_name() != ".git" {
            walk(root, &path, depth + 1, found)?;
        }
        let name = path.to_string_lossy().replace('\\', "/");
        if kind.is_file() && manifest::is_input(&name) {
            found.push(SourceFile { text: read(&entry.path())?, path: name });
        }
    }
    Ok(())
}

fn read(path: &Path) -> io::Result<String> {
    use io::Read as _;
    let mut bytes = vec![];
    fs::File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
