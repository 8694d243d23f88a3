//! Facts of layers by digest: gathered once per run, and once ever where a directory is given.

use std::collections::HashMap;
use std::future::Future;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;

use crate::catalogue::{CatalogueError, Compression, LayerFacts, LayerRead};
use crate::model::Digest;

/// Part of every file's path. Changes with whatever changes what a layer's facts are: the paths of interest, the
/// limits, the encoding.
const VERSION: &str = "layers-v4";

/// The largest file that is read back, and the most it may uncompress to: what is kept of a layer has at most 128 MiB.
const FILE_BYTES_MAX: u64 = 256 << 20;
const FACTS_BYTES_MAX: u64 = 256 << 20;

/// What the memory of one run holds of databases before it starts over; the facts of a layer are some hundred KB.
const MEMORY_BYTES_MAX: u64 = 256 << 20;

/// Light compression: the bytes are written once and read rarely.
const ZSTD_LEVEL: i32 = 3;

const CHECKSUM_BYTES: usize = 32;

/// Names the facts of a layer. The compression is part of it because it decides what the bytes are read as.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LayerKey {
    pub digest: Digest,
    pub compression: Compression,
}

impl LayerKey {
    fn file_name(&self) -> String {
        format!("{}.{}.postcard.zst", self.digest.dashed(), self.compression.name())
    }
}

/// What is known of a layer whose bytes have its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownLayer {
    pub facts: Arc<LayerFacts>,
    pub diff_id: Digest,
}

impl From<LayerRead> for KnownLayer {
    fn from(read: LayerRead) -> Self {
        Self { facts: Arc::new(read.facts), diff_id: read.diff_id }
    }
}

/// A layer's facts, or why it has none; both are properties of its bytes.
type Known = Result<KnownLayer, CatalogueError>;

#[derive(Debug, Default)]
struct Memory {
    cells: HashMap<LayerKey, Arc<OnceCell<Known>>>,
    bytes: u64,
}

/// The store. Its directory is a cache: anything unreadable or altered in it is ignored and written anew.
#[derive(Debug, Default)]
pub struct LayerStore {
    directory: Option<PathBuf>,
    memory: Mutex<Memory>,
}

impl LayerStore {
    /// Returns a store that keeps facts in `directory` too, where there is one.
    pub fn new(directory: Option<PathBuf>) -> Self {
        Self { directory: directory.map(|directory| directory.join(VERSION)), memory: Mutex::default() }
    }

    /// Returns what is known of a layer; where nothing is, has it read. Of several callers one reads and the others
    /// wait; where its reading fails or is dropped, the next one reads.
    ///
    /// # Errors
    /// What `read` fails with; nothing is remembered then. A layer that cannot be catalogued is not an error here.
    pub async fn layer<E, F>(&self, key: &LayerKey, read: impl FnOnce() -> F) -> Result<Known, E>
    where
        F: Future<Output = Result<Result<LayerRead, CatalogueError>, E>>,
    {
        let cell = self.cell(key);
        let known = cell.get_or_try_init(|| async {
            if let Some(stored) = self.load(key).await {
                return Ok(Ok(stored));
            }
            let known = read().await?.map(KnownLayer::from);
            if let Ok(layer) = &known {
                self.save(key, layer).await;
                self.count(layer);
            }
            Ok(known)
        });
        known.await.cloned()
    }

    fn cell(&self, key: &LayerKey) -> Arc<OnceCell<Known>> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.cells.entry(key.clone()).or_default().clone()
    }

    /// Counts a new layer and starts over where the memory is full; whoever waits on a cell keeps it.
    fn count(&self, layer: &KnownLayer) {
        let bytes = layer.facts.weight();
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.bytes += bytes;
        if memory.bytes > MEMORY_BYTES_MAX {
            *memory = Memory::default();
        }
    }

    async fn load(&self, key: &LayerKey) -> Option<KnownLayer> {
        let path = self.directory.as_ref()?.join(key.file_name());
        let key = key.clone();
        let layer = tokio::task::spawn_blocking(move || load(&path, &key)).await.ok()??;
        self.count(&layer);
        Some(layer)
    }

    /// Writes the facts. A full or read-only disk costs the next run some time and is no failure of this one.
    async fn save(&self, key: &LayerKey, layer: &KnownLayer) {
        let Some(directory) = self.directory.clone() else { return };
        let (key, layer) = (key.clone(), layer.clone());
        let saved = tokio::task::spawn_blocking(move || save(&directory, &key, &layer)).await;
        match saved {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "facts of a layer could not be kept"),
            Err(_) => tracing::warn!("facts of a layer could not be kept"),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Stored<F> {
    digest: Digest,
    compression: String,
    diff_id: Digest,
    facts: F,
}

fn save(directory: &Path, key: &LayerKey, layer: &KnownLayer) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    let stored = Stored {
        digest: key.digest.clone(),
        compression: key.compression.name().to_owned(),
        diff_id: layer.diff_id.clone(),
        facts: &*layer.facts,
    };
    let packed =
        zstd::encode_all(postcard::to_stdvec(&stored).map_err(io::Error::other)?.as_slice(), ZSTD_LEVEL)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(&Sha256::digest(&packed))?;
    file.write_all(&packed)?;
    file.persist(directory.join(key.file_name())).map(|_| ()).map_err(|error| error.error)
}

fn load(path: &Path, key: &LayerKey) -> Option<KnownLayer> {
    let file = std::fs::File::open(path).ok()?;
    let mut bytes = vec![];
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).ok()?;
    unpack(&bytes, key)
}

/// Returns what a file says, where it is whole and about that layer.
fn unpack(bytes: &[u8], key: &LayerKey) -> Option<KnownLayer> {
    let (checksum, packed) = bytes.split_at_checked(CHECKSUM_BYTES)?;
    if Sha256::digest(packed)[..] != *checksum {
        return None;
    }
    let mut encoded = vec![];
    zstd::stream::read::Decoder::new(packed).ok()?.take(FACTS_BYTES_MAX).read_to_end(&mut encoded).ok()?;
    let stored: Stored<LayerFacts> = postcard::from_bytes(&encoded).ok()?;
    let same = stored.digest == key.digest && stored.compression == key.compression.name();
    same.then(|| KnownLayer { facts: Arc::new(stored.facts), diff_id: stored.diff_id })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn key() -> LayerKey {
        LayerKey { digest: Digest::sha256(b"layer"), compression: Compression::Gzip }
    }

    fn read() -> LayerRead {
        let mut facts = LayerFacts { entries: 3, ..LayerFacts::default() };
        let read = crate::catalogue::FileFacts { size: 5, ..Default::default() };
        facts.files.insert("etc/os-release".into(), read);
        LayerRead { facts, diff_id: Digest::sha256(b"tar") }
    }

    /// Asks for the layer and returns whether it had to be read.
    async fn asked(store: &LayerStore) -> (Known, bool) {
        let mut was_read = false;
        let known = store
            .layer::<(), _>(&key(), || {
                was_read = true;
                async { Ok(Ok(read())) }
            })
            .await
            .unwrap();
        (known, was_read)
    }

    #[tokio::test]
    async fn facts_outlive_the_run_and_corrupt_ones_are_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let store = || LayerStore::new(Some(directory.path().to_owned()));
        let first = store();
        assert_eq!(asked(&first).await, (Ok(read().into()), true));
        assert_eq!(asked(&first).await, (Ok(read().into()), false));
        assert_eq!(asked(&store()).await, (Ok(read().into()), false));
        let path = directory.path().join(VERSION).join(key().file_name());
        let good = std::fs::read(&path).unwrap();
        let mut flipped = good.clone();
        *flipped.last_mut().unwrap() ^= 1;
        for bad in [&flipped[..], &good[..good.len() - 1], &good[..10], b""] {
            std::fs::write(&path, bad).unwrap();
            assert_eq!(asked(&store()).await, (Ok(read().into()), true));
        }
        // A file of another layer under this name.
        let other = LayerKey { digest: Digest::sha256(b"other"), ..key() };
        std::fs::copy(&path, path.with_file_name(other.file_name())).unwrap();
        assert_eq!(load(&path.with_file_name(other.file_name()), &other), None);
        assert!(load(&path, &key()).is_some());
    }

    #[tokio::test]
    async fn a_layer_is_read_once_by_many() {
        let store = LayerStore::default();
        let count = AtomicUsize::new(0);
        let key = key();
        let ask = || {
            store.layer::<(), _>(&key, || async {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok(Ok(read()))
            })
        };
        let all = futures_util::future::join_all((0..20).map(|_| ask())).await;
        assert!(all.iter().all(|known| *known == Ok(Ok(read().into()))));
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_failed_reading_is_tried_again_and_a_bad_layer_is_not() {
        let store = LayerStore::default();
        assert_eq!(store.layer(&key(), || async { Err("connection lost") }).await, Err("connection lost"));
        let bad = CatalogueError::Archive("no tar".into());
        let reading = || async { Ok::<_, ()>(Err(CatalogueError::Archive("no tar".into()))) };
        assert_eq!(store.layer(&key(), reading).await, Ok(Err(bad.clone())));
        assert_eq!(asked(&store).await, (Err(bad), false));
    }
}

/// A damaged file is refused, or, where somebody gave it the checksum it should have, harmless.
#[cfg(test)]
mod fuzz {
    use super::*;
    use crate::catalogue::fuzz::{
        run::{Answer, Target},
        seeds, target,
    };
    use crate::catalogue::{merge, read_layer};
    use crate::model::media_type;

    target!(
        layer_store,
        Target {
            name: "layer store".into(),
            seeds: stored(),
            mend,
            read: &|input, _| {
                let known = unpack(input, &key());
                let kind =
                    known.as_ref().map(|known| merge(std::slice::from_ref(&known.facts)).components.len());
                Answer::new(&kind, &known)
            },
        }
    );

    fn key() -> LayerKey {
        LayerKey { digest: Digest::sha256(b"layer"), compression: Compression::Gzip }
    }

    /// The file of a layer with a database.
    fn stored() -> Vec<Vec<u8>> {
        let mut builder = tar::Builder::new(vec![]);
        for (path, bytes) in seeds::files("cataloguers/dpkg") {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            builder.append_data(&mut header, path, bytes.as_slice()).unwrap();
        }
        let tar = builder.into_inner().unwrap();
        let read = read_layer(media_type::OCI_LAYER_TAR, tar.as_slice()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        save(directory.path(), &key(), &read.into()).unwrap();
        vec![std::fs::read(directory.path().join(key().file_name())).unwrap()]
    }

    /// Gives the file the checksum it should have.
    fn mend(bytes: &mut [u8]) {
        if let Some((checksum, packed)) = bytes.split_at_mut_checked(CHECKSUM_BYTES) {
            checksum.copy_from_slice(&Sha256::digest(packed));
        }
    }
}
