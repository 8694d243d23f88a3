//! A blob's stream that ends with an error instead of its last frame where size or digest are wrong.
//!
//! Whoever receives the stream may stop reading once it has as many bytes as it was promised, so a check after the
//! last frame would never run. Therefore one frame is always held back until the source has ended.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::{LayerTap, Progress, ProgressFn};
use crate::model::{Descriptor, Digest, Hasher};
use crate::registry::{BlobStream, RegistryError};

/// What became of a verified stream, for whoever gave it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// Not read to its end.
    Unfinished,
    /// Every byte arrived and the digest is right.
    Complete,
    /// The source failed, or its bytes are not the blob.
    Failed(RegistryError),
}

/// A handle on the [`Verification`] of a stream.
#[derive(Debug, Clone)]
pub(super) struct Outcome(Arc<Mutex<Verification>>);

impl Outcome {
    pub(super) fn get(&self) -> Verification {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, verification: Verification) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = verification;
    }
}

struct State {
    inner: BlobStream,
    host: String,
    digest: Digest,
    size: u64,
    seen: u64,
    /// `None` once the end has been checked.
    hasher: Option<Hasher>,
    held: Option<Bytes>,
    tap: Option<LayerTap>,
    progress: ProgressFn,
    outcome: Outcome,
}

/// Wraps the stream of `blob` from `host`: same bytes, or an error before the last of them. Frames go to `tap` too,
/// which is told of the end only where the blob is right.
pub fn verified(
    inner: BlobStream,
    host: &str,
    blob: &Descriptor,
    tap: Option<LayerTap>,
    progress: ProgressFn,
) -> (BlobStream, impl Fn() -> Verification + Send + Sync + use<>) {
    let outcome = Outcome(Arc::new(Mutex::new(Verification::Unfinished)));
    let told = outcome.clone();
    let state = State {
        inner,
        host: host.to_owned(),
        digest: blob.digest.clone(),
        size: blob.size,
        seen: 0,
        hasher: Some(Hasher::new(blob.digest.algorithm())),
        held: None,
        tap,
        progress,
        outcome,
    };
    let stream = stream::try_unfold(state, |mut state| async move {
        match state.frame().await {
            Ok(frame) => Ok(frame.map(|frame| (frame, state))),
            Err(error) => {
                state.outcome.set(Verification::Failed(error.clone()));
                Err(error)
            }
        }
    });
    (Box::pin(stream), move || told.get())
}

impl State {
    /// Returns the next frame that may be released; `None` after the last.
    async fn frame(&mut self) -> Result<Option<Bytes>, RegistryError> {
        while let Some(hasher) = &mut self.hasher {
            let Some(frame) = self.inner.next().await else {
                self.check()?;
                break;
            };
            let frame = frame?;
            self.seen = self.seen.saturating_add(frame.len() as u64);
            if self.seen > self.size {
                return Err(self.wrong_size());
            }
            if frame.is_empty() {
                continue;
            }
            hasher.update(&frame);
            (self.progress)(Progress::Bytes(frame.len() as u64));
            if let Some(tap) = &mut self.tap {
                tap.push(&frame).await;
            }
            if let Some(released) = self.held.replace(frame) {
                return Ok(Some(released));
            }
        }
        Ok(self.held.take())
    }

    fn check(&mut self) -> Result<(), RegistryError> {
        if self.seen != self.size {
            return Err(self.wrong_size());
        }
        let Some(hasher) = self.hasher.take() else { return Ok(()) };
        let found = hasher.finish();
        if found != self.digest {
            let (host, expected) = (self.host.clone(), self.digest.clone());
            return Err(RegistryError::Mismatch { host, what: self.what(), expected, found });
        }
        self.outcome.set(Verification::Complete);
        if let Some(tap) = self.tap.take() {
            tap.end();
        }
        Ok(())
    }

    fn what(&self) -> String {
        format!("blob `{}`", self.digest)
    }

    fn wrong_size(&self) -> RegistryError {
        RegistryError::Size {
            host: self.host.clone(),
            what: self.what(),
            expected: self.size,
            found: self.seen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(parts: &[&'static str]) -> BlobStream {
        Box::pin(stream::iter(
            parts.iter().map(|part| Ok(Bytes::from_static(part.as_bytes()))).collect::<Vec<_>>(),
        ))
    }

    /// Returns what is released before the stream ends, and how it ended.
    async fn released(
        parts: &[&'static str],
        blob: &Descriptor,
    ) -> (String, Option<RegistryError>, Verification) {
        let (mut stream, outcome) = verified(frames(parts), "up.example", blob, None, Arc::new(|_| {}));
        let (mut text, mut error) = (String::new(), None);
        while let Some(frame) = stream.next().await {
            match frame {
                Ok(frame) => text.push_str(std::str::from_utf8(&frame).unwrap()),
                Err(e) => error = Some(e),
            }
        }
        (text, error, outcome())
    }

    #[tokio::test]
    async fn good_bytes_pass_in_any_frames() {
        let blob = Descriptor::of("x", b"abcdef");
        for parts in [&["abcdef"][..], &["a", "b", "c", "d", "e", "f"], &["", "abc", "", "def", ""]] {
            assert_eq!(released(parts, &blob).await, ("abcdef".into(), None, Verification::Complete));
        }
        let empty = Descriptor::of("x", b"");
        assert_eq!(released(&[], &empty).await, (String::new(), None, Verification::Complete));
        let long = Descriptor::new("x", format!("sha512:{}", "0".repeat(128)).parse().unwrap(), 1);
        assert!(matches!(released(&["a"], &long).await.1, Some(RegistryError::Mismatch { .. })));
    }

    #[tokio::test]
    async fn wrong_bytes_never_release_the_last_frame() {
        let blob = Descriptor::of("x", b"abcdef");
        let empty = Descriptor::of("x", b"");
        let not_empty = Descriptor::new("x", Digest::sha256(b"a"), 0);
        for (name, parts, blob, longest) in [
            ("flipped", &["abc", "deF"][..], &blob, "abc"),
            ("flipped early", &["Xbc", "def"], &blob, "abc"),
            ("truncated", &["abc", "de"], &blob, "abc"),
            ("longer", &["abc", "def", "g"], &blob, "abc"),
            ("longer in one", &["abcdefg"], &blob, ""),
            ("missing", &[], &blob, ""),
            ("empty that is not", &["a"], &empty, ""),
            ("empty of another digest", &[], &not_empty, ""),
        ] {
            let (text, error, outcome) = released(parts, blob).await;
            assert!(text.len() <= longest.len(), "{name}: {text}");
            let error = error.unwrap_or_else(|| panic!("{name}: no error"));
            assert_eq!(outcome, Verification::Failed(error), "{name}");
        }
    }
}
