//! Counts, hashes and limits the bytes on both sides of the decoder.

use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use super::Limits;
use crate::catalogue::CatalogueError;
use crate::model::{Algorithm, Digest, Hasher};

/// Counters that both readers share, on two threads. The first breach is kept, because the readers in between only pass on
/// that something failed.
pub(super) struct Meter {
    limits: Limits,
    compressed: AtomicU64,
    uncompressed: AtomicU64,
    allowance: AtomicU64,
    cause: Mutex<Option<CatalogueError>>,
}

impl Meter {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            compressed: AtomicU64::new(0),
            uncompressed: AtomicU64::new(0),
            allowance: AtomicU64::new(u64::MAX),
            cause: Mutex::new(None),
        }
    }

    pub(super) const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns the uncompressed bytes so far.
    pub(super) fn uncompressed(&self) -> u64 {
        self.uncompressed.load(Relaxed)
    }

    /// Lets `bytes` more pass before headers count as too long.
    pub(super) fn allow(&self, bytes: u64) {
        self.allowance.store(bytes, Relaxed);
    }

    /// Returns why reading ended, where it was the source or a limit.
    pub(super) fn cause(&self) -> Option<CatalogueError> {
        self.cause.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, bytes: u64) -> io::Result<()> {
        let Limits { uncompressed_bytes, ratio, ratio_free_bytes, header_bytes, .. } = self.limits;
        let total = self.uncompressed.fetch_add(bytes, Relaxed) + bytes;
        if total > uncompressed_bytes {
            return Err(self.breach("uncompressed bytes", uncompressed_bytes));
        }
        if total > ratio_free_bytes && total / ratio > self.compressed.load(Relaxed) {
            return Err(self.breach("uncompressed bytes for each compressed one", ratio));
        }
        match self.allowance.load(Relaxed).checked_sub(bytes) {
            Some(left) => self.allowance.store(left, Relaxed),
            None => return Err(self.breach("bytes of headers before an entry", header_bytes)),
        }
        Ok(())
    }

    fn breach(&self, what: &'static str, max: u64) -> io::Error {
        self.fail(CatalogueError::Limit { what, max })
    }

    fn fail(&self, error: CatalogueError) -> io::Error {
        let passed_on = io::Error::other(error.clone());
        self.cause.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        passed_on
    }
}

/// The compressed side: counts, and tells a failing source from a broken layer.
pub(super) struct Compressed<R> {
    inner: R,
    meter: Arc<Meter>,
}

impl<R> Compressed<R> {
    pub(super) const fn new(inner: R, meter: Arc<Meter>) -> Self {
        Self { inner, meter }
    }
}

impl<R: Read> Read for Compressed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = loop {
            match self.inner.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.meter.fail(CatalogueError::Source(error.to_string()))),
                Ok(read) => break read,
            }
        };
        self.meter.compressed.fetch_add(read as u64, Relaxed);
        Ok(read)
    }
}

/// The uncompressed side: hashes, counts and stops at the limits.
pub(super) struct Measured<R> {
    inner: R,
    hasher: Hasher,
    meter: Arc<Meter>,
}

impl<R> Measured<R> {
    pub(super) fn new(inner: R, meter: Arc<Meter>) -> Self {
        Self { inner, hasher: Hasher::new(Algorithm::Sha256), meter }
    }

    /// Returns the digest of everything that was read.
    pub(super) fn digest(self) -> Digest {
        self.hasher.finish()
    }
}

impl<R: Read> Read for Measured<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.meter.count(read as u64)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}
