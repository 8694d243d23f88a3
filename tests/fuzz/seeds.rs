//! Where inputs begin: small files of this folder, and of the corpora where `FONDACO_CORPORA` names them.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Larger files of the corpora make every execution slow.
const CORPUS_BYTES_MAX: u64 = 32 << 10;

/// The most files of one folder of the corpora.
const CORPUS_FILES_MAX: usize = 60;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds")
}

/// Returns the files of a folder of seeds, by path within it, sorted; nothing where there is no such folder.
pub(crate) fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = root().join(folder);
    let mut found = vec![];
    below(&folder, &mut found);
    found.sort();
    let name = |path: &PathBuf| {
        path.strip_prefix(&folder).expect("was found in it").to_str().expect("is named in ASCII").to_owned()
    };
    found.iter().map(|path| (name(path), fs::read(path).expect("a seed can be read"))).collect()
}

/// Returns the contents of a folder of seeds, of which there are some.
pub(crate) fn contents(folder: &str) -> Vec<Vec<u8>> {
    let contents: Vec<Vec<u8>> = files(folder).into_iter().map(|(_, bytes)| bytes).collect();
    assert!(!contents.is_empty(), "there are no seeds in `{folder}`");
    contents
}

fn below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("the folder can be listed").path();
        if path.is_dir() { below(&path, found) } else { found.push(path) }
    }
}

/// Returns small files of a folder of the corpora; none, and a line that says so, where they are not at hand.
pub(crate) fn corpus(folder: &str) -> Vec<Vec<u8>> {
    let Some(corpora) = std::env::var_os("FONDACO_CORPORA") else {
        let _ =
            writeln!(std::io::stderr(), "left out, because FONDACO_CORPORA is not set: seeds of `{folder}`");
        return vec![];
    };
    let mut found = vec![];
    below(&Path::new(&corpora).join(folder), &mut found);
    found.sort();
    let is_small = |path: &&PathBuf| fs::metadata(path).is_ok_and(|one| one.len() <= CORPUS_BYTES_MAX);
    let read = |path: &PathBuf| fs::read(path).expect("a corpus can be read");
    found.iter().filter(is_small).take(CORPUS_FILES_MAX).map(read).collect()
}
