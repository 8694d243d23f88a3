//! Writes volumes: each under a temporary name until it is whole, its digest taken while it is written.
//!
//! A progress file names the volumes that are whole, so that an interrupted carry goes on after the last of them; it
//! goes when the index is there.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use tar::{EntryType, Header};
use tempfile::NamedTempFile;
use tokio::io::{AsyncWriteExt as _, BufWriter};

use super::{
    CarryError, CarryIndex, Volume,
    gather::{Origin, Sourced},
    volumes::{Piece, volume_name},
};
use crate::{
    intake::verified,
    model::{Descriptor, Digest, Hasher, canonical, media_type},
    registry::BlobStream,
};

/// Names the volumes that are whole while a carry is being written.
const PROGRESS: &str = ".carry-progress.json";

/// Bytes read at a time.
const FRAME_BYTES: usize = 256 * 1024;

/// The largest progress file that is read.
const PROGRESS_BYTES_MAX: u64 = 16 << 20;

/// A volume that is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Whole {
    /// Digest of what lies in it: names, offsets and sizes.
    plan: Digest,
    volume: Volume,
}

/// The directory of a carry that is being written.
#[derive(Debug)]
pub(super) struct Writer {
    directory: PathBuf,
    whole: Vec<Whole>,
    /// A content that is split over volumes, read whole and checked before its first part is written.
    spooled: Option<(Digest, NamedTempFile)>,
}

/// What became of a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrote {
    Anew,
    /// It was there, with the right bytes.
    Reused,
}

impl Writer {
    /// Looks at what an earlier carry into the same directory has left. Blocks.
    pub(super) fn open(directory: &Path, before: Option<&CarryIndex>) -> Result<Self, CarryError> {
        fs::create_dir_all(directory).map_err(CarryError::file(directory))?;
        let path = directory.join(PROGRESS);
        let mut whole: Vec<Whole> = match read_bounded(&path, PROGRESS_BYTES_MAX)? {
            // Half a progress file says nothing; the volumes are then written anew.
            Some(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            None => vec![],
        };
        if let Some(before) = before {
            let plans = before.pieces();
            let volumes = before.volumes.iter().zip(&plans);
            whole
                .extend(volumes.map(|(volume, pieces)| Whole { plan: plan(pieces), volume: volume.clone() }));
        }
        Ok(Self { directory: directory.to_owned(), whole, spooled: None })
    }

    /// Writes a volume, or finds it there with the right bytes.
    pub(super) async fn volume(
        &mut self,
        number: usize,
        pieces: &[Piece],
        sources: &BTreeMap<Digest, Sourced>,
    ) -> Result<(Volume, Wrote), CarryError> {
        let plan = plan(pieces);
        let name = volume_name(number);
        let path = self.directory.join(&name);
        let known = self.whole.iter().find(|w| w.plan == plan && w.volume.name == name).cloned();
        if let Some(Whole { volume, .. }) = known
            && self.holds(&path, &volume).await?
        {
            return Ok((volume, Wrote::Reused));
        }
        let part = self.directory.join(format!(".{name}.part"));
        let (size, digest) = self.write(&part, pieces, sources).await?;
        fs::rename(&part, &path).map_err(CarryError::file(&path))?;
        let volume = Volume { name, size, digest };
        self.whole.retain(|w| w.volume.name != volume.name);
        self.whole.push(Whole { plan, volume: volume.clone() });
        self.note()?;
        Ok((volume, Wrote::Anew))
    }

    async fn holds(&self, path: &Path, volume: &Volume) -> Result<bool, CarryError> {
        let path = path.to_owned();
        let hashed = tokio::task::spawn_blocking(move || hash(&path)).await;
        let found = hashed.map_err(|error| CarryError::Task(error.to_string()))??;
        Ok(found == Some((volume.size, volume.digest.clone())))
    }

    fn note(&self) -> Result<(), CarryError> {
        let text = canonical::to_text(&self.whole).map_err(|error| CarryError::Task(error.to_string()))?;
        put(&self.directory, PROGRESS, text.as_bytes())
    }

    /// Writes index and signature; with them the carry is complete.
    pub(super) fn finish(&self, index: &str, signature: &str) -> Result<(), CarryError> {
        put(&self.directory, super::SIGNATURE, signature.as_bytes())?;
        put(&self.directory, super::INDEX, index.as_bytes())?;
        let path = self.directory.join(PROGRESS);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(CarryError::file(&path)(error)),
            _ => Ok(()),
        }
    }

    async fn write(
        &mut self,
        path: &Path,
        pieces: &[Piece],
        sources: &BTreeMap<Digest, Sourced>,
    ) -> Result<(u64, Digest), CarryError> {
        let failed = CarryError::file(path);
        let file = tokio::fs::File::create(path).await.map_err(&failed)?;
        let mut archive = Archive { out: BufWriter::new(file), hasher: Hasher::new(SHA256), written: 0 };
        for piece in pieces {
            let source = sources.get(&piece.digest);
            let source = source.ok_or_else(|| CarryError::Task(format!("{} has no source", piece.digest)))?;
            archive.put(&header(&piece.name, piece.size).map_err(&failed)?).await.map_err(&failed)?;
            let mut body = self.body(piece, source).await?;
            while let Some(frame) = body.next().await {
                archive.put(&frame?).await.map_err(&failed)?;
            }
            archive.pad().await.map_err(&failed)?;
        }
        archive.put(&[0; 1024]).await.map_err(&failed)?;
        archive.out.flush().await.map_err(&failed)?;
        archive.out.get_ref().sync_all().await.map_err(&failed)?;
        Ok((archive.written, archive.hasher.finish()))
    }

    /// Returns the bytes of a piece. They end with an error where the content is not what its digest says.
    async fn body(&mut self, piece: &Piece, source: &Sourced) -> Result<BlobStream, CarryError> {
        if piece.offset == 0 && piece.size == source.size {
            return open(source).await;
        }
        if self.spooled.as_ref().is_none_or(|(digest, _)| *digest != source.digest) {
            self.spooled = None;
            let spool = self.spool(source).await?;
            self.spooled = Some((source.digest.clone(), spool));
        }
        let Some((_, spooled)) = &self.spooled else {
            return Err(CarryError::Task("nothing spooled".into()));
        };
        let failed = CarryError::file(spooled.path());
        let mut file = spooled.reopen().map_err(&failed)?;
        file.seek(SeekFrom::Start(piece.offset)).map_err(&failed)?;
        Ok(frames(file.take(piece.size)))
    }

    async fn spool(&self, source: &Sourced) -> Result<NamedTempFile, CarryError> {
        let mut file = NamedTempFile::new_in(&self.directory).map_err(CarryError::file(&self.directory))?;
        let mut body = open(source).await?;
        while let Some(frame) = body.next().await {
            let failed = CarryError::file(file.path());
            file.write_all(&frame?).map_err(failed)?;
        }
        Ok(file)
    }
}

const SHA256: crate::model::Algorithm = crate::model::Algorithm::Sha256;

/// An archive as it is written.
struct Archive {
    out: BufWriter<tokio::fs::File>,
    hasher: Hasher,
    written: u64,
}

impl Archive {
    async fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.written += bytes.len() as u64;
        self.out.write_all(bytes).await
    }

    async fn pad(&mut self) -> io::Result<()> {
        let missing = self.written.next_multiple_of(512) - self.written;
        self.put(&[0; 512][..usize::try_from(missing).unwrap_or(0)]).await
    }
}

/// Returns the blocks before the bytes of an entry: no time, no owner, a fixed mode.
fn header(name: &str, size: u64) -> io::Result<Vec<u8>> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    let mut archive = tar::Builder::new(vec![]);
    // The builder writes the name, long ones in an entry before; the bytes follow from elsewhere.
    archive.append_data(&mut header, name, io::empty())?;
    Ok(archive.get_ref().clone())
}

/// Opens a content as a stream that fails before its last frame where it is not what its digest says.
async fn open(source: &Sourced) -> Result<BlobStream, CarryError> {
    let (inner, host): (BlobStream, &str) = match &source.origin {
        Origin::Bytes(bytes) => (Box::pin(stream::iter([Ok(bytes.clone())])), "this machine"),
        Origin::File(path) => {
            let file = fs::File::open(path).map_err(CarryError::file(path))?;
            (frames(file.take(u64::MAX)), "this machine")
        }
        Origin::Registry(registry, path) => (registry.get_blob(path, &source.digest).await?, registry.host()),
    };
    let descriptor = Descriptor::new(media_type::OCTET_STREAM, source.digest.clone(), source.size);
    Ok(verified(inner, host, &descriptor, None, Arc::new(|_| {})).0)
}

/// Returns the bytes of a file as a stream.
pub(super) fn frames(file: io::Take<fs::File>) -> BlobStream {
    let (limit, file) = (file.limit(), file.into_inner());
    let reader = tokio::io::AsyncReadExt::take(tokio::fs::File::from_std(file), limit);
    let frames = tokio_util::io::ReaderStream::with_capacity(reader, FRAME_BYTES);
    Box::pin(frames.map(|frame: io::Result<Bytes>| {
        frame.map_err(|error| crate::registry::RegistryError::Unavailable {
            host: "this machine".to_owned(),
            what: "a file of the carry".to_owned(),
            detail: error.to_string(),
        })
    }))
}

fn plan(pieces: &[Piece]) -> Digest {
    let lines: Vec<String> =
        pieces.iter().map(|p| format!("{} {} {} {}\n", p.name, p.digest, p.offset, p.size)).collect();
    Digest::sha256(lines.concat())
}

/// Returns size and SHA-256 of a file, or `None` where it is not there. Blocks.
pub(super) fn hash(path: &Path) -> Result<Option<(u64, Digest)>, CarryError> {
    let failed = CarryError::file(path);
    let mut file = match fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(&failed)?,
    };
    let (mut hasher, mut size) = (Hasher::new(SHA256), 0);
    let mut frame = vec![0; FRAME_BYTES];
    loop {
        match file.read(&mut frame).map_err(&failed)? {
            0 => return Ok(Some((size, hasher.finish()))),
            count => {
                hasher.update(&frame[..count]);
                size += count as u64;
            }
        }
    }
}

/// Reads a file of at most `max` bytes, or `None` where it is not there. Blocks.
pub(super) fn read_bounded(path: &Path, max: u64) -> Result<Option<Vec<u8>>, CarryError> {
    let failed = CarryError::file(path);
    let file = match fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(&failed)?,
    };
    let mut bytes = vec![];
    file.take(max + 1).read_to_end(&mut bytes).map_err(&failed)?;
    if bytes.len() as u64 > max {
        let reason = format!("more than {max} bytes");
        return Err(CarryError::Index { path: path.display().to_string(), reason });
    }
    Ok(Some(bytes))
}

/// Writes a small file that is seen whole or not at all.
fn put(directory: &Path, name: &str, bytes: &[u8]) -> Result<(), CarryError> {
    let path = directory.join(name);
    let failed = CarryError::file(&path);
    if fs::read(&path).is_ok_and(|held| held == bytes) {
        return Ok(());
    }
    let mut file = NamedTempFile::new_in(directory).map_err(&failed)?;
    file.write_all(bytes).and_then(|()| readable(file.as_file())).map_err(&failed)?;
    file.as_file().sync_all().map_err(&failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Temporary files are for their owner only; a carry is read by others.
#[cfg(unix)]
fn readable(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &fs::File) -> io::Result<()> {
    Ok(())
}
