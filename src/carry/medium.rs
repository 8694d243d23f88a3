//! The receiving side's view of a directory: which volumes are there, whole and ours, and what can be read from them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use futures_util::StreamExt as _;

use super::{
    CarryError, CarryIndex, INDEX, SIGNATURE, VolumeReport, VolumeState,
    index::INDEX_BYTES_MAX,
    seal::{self, SIGNATURE_BYTES_MAX},
    volumes::Piece,
    write::{frames, hash, read_bounded},
};
use crate::{
    intake::{Verification, verified},
    model::{Descriptor, Digest, media_type},
    registry::{
        BlobStream,
        archive::{Entry, entries},
    },
};

/// A public key with the place it was read from.
#[derive(Debug, Clone)]
pub(super) struct PublicKey {
    pub path: String,
    pub pem: String,
}

/// A directory with a carry whose signature holds.
#[derive(Debug)]
pub(super) struct Medium {
    pub index: CarryIndex,
    pub volumes: Vec<VolumeReport>,
    /// By digest of the content, for contents all of whose parts are in good volumes.
    available: BTreeMap<Digest, Available>,
}

#[derive(Debug, Clone)]
struct Available {
    size: u64,
    /// File, offset and size of each part, in order.
    parts: Vec<(PathBuf, Entry)>,
}

impl Medium {
    /// Checks the signature, then every volume that is there. Blocks.
    ///
    /// # Errors
    /// [`CarryError::Index`] or [`CarryError::Signature`]; a missing or damaged volume is no error here.
    pub(super) fn open(directory: &Path, key: &PublicKey) -> Result<Self, CarryError> {
        let index = signed_index(directory, key)?;
        let mut medium = Self { index, volumes: vec![], available: BTreeMap::new() };
        let mut places: BTreeMap<Digest, Vec<(PathBuf, Entry)>> = BTreeMap::new();
        let plans = medium.index.pieces();
        for (volume, pieces) in medium.index.volumes.iter().zip(&plans) {
            let path = directory.join(&volume.name);
            let found = hash(&path)?;
            let state = match &found {
                None => VolumeState::Missing,
                Some((size, digest)) if *digest == volume.digest && *size == volume.size => {
                    for (piece, entry) in located(&path, pieces)? {
                        places.entry(piece.digest.clone()).or_default().push((path.clone(), entry));
                    }
                    VolumeState::Good
                }
                Some(_) => VolumeState::Damaged,
            };
            let found = found.map(|(_, digest)| digest).filter(|_| state == VolumeState::Damaged);
            let (name, expected) = (volume.name.clone(), volume.digest.clone());
            medium.volumes.push(VolumeReport { name, expected, found, state });
        }
        for content in &medium.index.contents {
            let parts = places.remove(&content.digest).unwrap_or_default();
            if parts.len() == content.parts.len() {
                medium.available.insert(content.digest.clone(), Available { size: content.size, parts });
            }
        }
        Ok(medium)
    }

    pub(super) fn has(&self, digest: &Digest) -> bool {
        self.available.contains_key(digest)
    }

    /// Returns the digests of the volumes that hold these contents, sorted.
    pub(super) fn volumes_of<'d>(&self, digests: impl Iterator<Item = &'d Digest>) -> Vec<Digest> {
        let contents = self.index.by_digest();
        let parts = digests.filter_map(|digest| contents.get(digest)).flat_map(|content| &content.parts);
        let volumes = parts.filter_map(|part| self.index.volumes.get(part.volume - 1));
        volumes.map(|volume| volume.digest.clone()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Opens a content. The stream fails before its last frame where the bytes are not the content.
    pub(super) fn open_content(
        &self,
        digest: &Digest,
    ) -> Result<(BlobStream, u64, impl Fn() -> Verification + use<>), CarryError> {
        let available = self.available.get(digest);
        let Available { size, parts } =
            available.ok_or_else(|| CarryError::Task(format!("{digest} was not checked for")))?.clone();
        let mut body: BlobStream = Box::pin(futures_util::stream::empty());
        for (path, entry) in parts {
            let opened = open_part(&path, entry).map_err(CarryError::file(&path))?;
            body = Box::pin(body.chain(opened));
        }
        let descriptor = Descriptor::new(media_type::OCTET_STREAM, digest.clone(), size);
        let (stream, outcome) = verified(body, "the volumes", &descriptor, None, Arc::new(|_| {}));
        Ok((stream, size, outcome))
    }

    /// Reads a small content whole.
    pub(super) async fn read(&self, digest: &Digest, max: u64) -> Result<Bytes, CarryError> {
        let (mut stream, size, _) = self.open_content(digest)?;
        if size > max {
            return Err(CarryError::Size { digest: digest.clone(), expected: max, found: size });
        }
        let mut bytes = vec![];
        while let Some(frame) = stream.next().await {
            bytes.extend_from_slice(&frame?);
        }
        Ok(bytes.into())
    }
}

fn open_part(path: &Path, entry: Entry) -> std::io::Result<BlobStream> {
    use std::io::{Seek as _, SeekFrom};
    let mut file = fs::File::open(path)?;
    file.seek(SeekFrom::Start(entry.offset))?;
    Ok(frames(file.take(entry.size)))
}

fn signed_index(directory: &Path, key: &PublicKey) -> Result<CarryIndex, CarryError> {
    let path = directory.join(INDEX);
    let missing = |path: &Path| CarryError::file(path)(std::io::ErrorKind::NotFound.into());
    let bytes = read_bounded(&path, INDEX_BYTES_MAX)?.ok_or_else(|| missing(&path))?;
    let beside = directory.join(SIGNATURE);
    let signature = read_bounded(&beside, SIGNATURE_BYTES_MAX)?.ok_or_else(|| missing(&beside))?;
    // Nothing of the index is looked at before this.
    seal::check(&key.pem, &bytes, &signature).map_err(|reason| CarryError::Signature {
        path: path.display().to_string(),
        key: key.path.clone(),
        reason,
    })?;
    let broken = |reason| CarryError::Index { path: path.display().to_string(), reason };
    CarryIndex::read(&bytes).map_err(broken)
}

/// Returns where the planned pieces lie in a volume whose digest is right.
fn located<'p>(path: &Path, pieces: &'p [Piece]) -> Result<Vec<(&'p Piece, Entry)>, CarryError> {
    let broken = |reason: String| CarryError::Index { path: path.display().to_string(), reason };
    let mut file = fs::File::open(path).map_err(CarryError::file(path))?;
    let found = entries(&mut file, &|_| true).map_err(|error| broken(error.to_string()))?;
    let place = |piece: &'p Piece| {
        let entry = found.get(&piece.name).filter(|entry| entry.size == piece.size);
        let entry = entry.ok_or_else(|| broken(format!("no `{}` of {} bytes", piece.name, piece.size)))?;
        Ok((piece, *entry))
    };
    pieces.iter().map(place).collect()
}
