//! Blobs of a layout as streams: verified while they are written, not while they are read.

use std::io::Read as _;

use futures_util::TryStreamExt as _;
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_util::io::ReaderStream;

use super::stored::Section;
use crate::{
    model::{Digest, Hasher},
    registry::{BlobStream, RegistryError, asked::Asked},
};

/// Bytes read at a time: large enough that the change to a blocking thread does not show.
const FRAME_BYTES: usize = 256 * 1024;

/// Returns an open blob as a stream.
pub(in crate::registry) fn stream(section: Section, asked: Asked) -> BlobStream {
    let (file, length) = section.into_parts();
    let frames = ReaderStream::with_capacity(tokio::fs::File::from_std(file).take(length), FRAME_BYTES);
    Box::pin(frames.map_err(move |e| asked.unavailable(e.to_string())))
}

/// Writes a stream to a temporary file. Returns the file only where size and digest are the promised ones.
pub(super) async fn fill(
    file: NamedTempFile,
    digest: &Digest,
    size: u64,
    mut stream: BlobStream,
    asked: &Asked,
) -> Result<NamedTempFile, RegistryError> {
    let failed = |e: std::io::Error| asked.unavailable(e.to_string());
    let mut writer = tokio::fs::File::from_std(file.as_file().try_clone().map_err(failed)?);
    let mut hasher = Hasher::new(digest.algorithm());
    let mut written = 0;
    while let Some(frame) = stream.try_next().await? {
        written += frame.len() as u64;
        if written > size {
            return Err(asked.size(size, written));
        }
        hasher.update(&frame);
        writer.write_all(&frame).await.map_err(failed)?;
    }
    if written < size {
        return Err(asked.size(size, written));
    }
    asked.same_digest(digest, hasher.finish())?;
    writer.flush().await.map_err(failed)?;
    Ok(file)
}

/// Copies a blob, verifying it.
pub(in crate::registry) fn copy(
    from: Section,
    to: NamedTempFile,
    digest: &Digest,
    asked: &Asked,
) -> Result<NamedTempFile, RegistryError> {
    let failed = |e: std::io::Error| asked.unavailable(e.to_string());
    let (file, length) = from.into_parts();
    let mut from = file.take(length);
    let mut hasher = Hasher::new(digest.algorithm());
    let mut frame = vec![0; FRAME_BYTES];
    loop {
        let length = from.read(&mut frame).map_err(failed)?;
        if length == 0 {
            break;
        }
        hasher.update(&frame[..length]);
        std::io::Write::write_all(&mut to.as_file(), &frame[..length]).map_err(failed)?;
    }
    asked.same_digest(digest, hasher.finish()).map(|()| to)
}
