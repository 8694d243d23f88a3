//! A layer on its way past is read by a worker of its own, which may slow the transfer down and never break it.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use crate::catalogue::{CatalogueError, LayerRead, read_layer};

/// The most bytes that wait for one worker. Ten frames of the usual 400 KB; counted in bytes because frames have
/// any size.
pub(super) const QUEUE_BYTES_MAX: usize = 4 * 1024 * 1024;

enum Piece {
    Frame(Bytes, OwnedSemaphorePermit),
    /// The blob is complete and has its digest. Without this the worker has seen only a part.
    End,
}

/// The sending end: takes frames as they pass.
#[derive(Debug)]
pub struct LayerTap {
    queue: Option<UnboundedSender<Piece>>,
    room: Arc<Semaphore>,
}

/// The worker that reads the layer.
#[derive(Debug)]
pub struct LayerWorker(JoinHandle<Result<LayerRead, CatalogueError>>);

impl LayerTap {
    /// Starts a worker for a layer of the given media type.
    pub fn start(media_type: &str) -> (Self, LayerWorker) {
        let media_type = media_type.to_owned();
        Self::start_with(move |frames| read_layer(&media_type, frames))
    }

    /// As [`Self::start`] with another way of reading.
    pub(super) fn start_with(
        read: impl FnOnce(&mut (dyn Read + Send)) -> Result<LayerRead, CatalogueError> + Send + 'static,
    ) -> (Self, LayerWorker) {
        let (queue, frames) = unbounded_channel();
        // A thread that may block: it waits for the network, which would starve the CPU pool.
        let worker = tokio::task::spawn_blocking(move || {
            read(&mut Frames { queue: frames, current: None, ended: false })
        });
        (Self { queue: Some(queue), room: Arc::new(Semaphore::new(QUEUE_BYTES_MAX)) }, LayerWorker(worker))
    }

    /// Hands a frame to the worker, waiting while its queue is full. Does nothing once the worker has given up.
    pub async fn push(&mut self, frame: &Bytes) {
        let Some(queue) = &self.queue else { return };
        let bytes = u32::try_from(frame.len().min(QUEUE_BYTES_MAX)).unwrap_or(u32::MAX);
        // A worker that gives up drops its end of the queue, and with it all that took room in it.
        let room = self.room.clone().acquire_many_owned(bytes).await;
        if room.is_ok_and(|room| queue.send(Piece::Frame(frame.clone(), room)).is_ok()) {
            return;
        }
        self.queue = None;
    }

    /// Tells the worker that it has seen everything. Dropping the tap instead tells it that something is missing.
    pub fn end(self) {
        if let Some(queue) = self.queue {
            drop(queue.send(Piece::End));
        }
    }
}

impl LayerWorker {
    /// Waits for what the worker found.
    ///
    /// # Errors
    /// As [`read_layer`]; a panic is the layer's error.
    pub async fn finish(self) -> Result<LayerRead, CatalogueError> {
        self.0.await.unwrap_or_else(|_| Err(CatalogueError::Archive("reading it panicked".into())))
    }
}

/// The receiving end, on the worker's thread.
struct Frames {
    queue: UnboundedReceiver<Piece>,
    /// Keeps its room in the queue until it is used up.
    current: Option<(Bytes, OwnedSemaphorePermit)>,
    ended: bool,
}

impl Read for Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some((frame, _)) = &mut self.current
                && frame.has_remaining()
            {
                let count = frame.len().min(buffer.len());
                frame.copy_to_slice(&mut buffer[..count]);
                return Ok(count);
            }
            self.current = None;
            if self.ended || buffer.is_empty() {
                return Ok(0);
            }
            match self.queue.blocking_recv() {
                Some(Piece::Frame(frame, room)) => self.current = Some((frame, room)),
                Some(Piece::End) => self.ended = true,
                None => {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the transfer was cut short"));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn nothing() -> Result<LayerRead, CatalogueError> {
        Err(CatalogueError::Archive("test".into()))
    }

    #[tokio::test]
    async fn a_slow_worker_holds_the_sender_back() {
        let (go, wait) = mpsc::channel::<()>();
        let (mut tap, worker) = LayerTap::start_with(move |frames| {
            wait.recv().map_err(|e| CatalogueError::Source(e.to_string()))?;
            let count =
                io::copy(frames, &mut io::sink()).map_err(|e| CatalogueError::Source(e.to_string()))?;
            Err(CatalogueError::Archive(count.to_string()))
        });
        let frame = Bytes::from(vec![7; QUEUE_BYTES_MAX / 2]);
        tap.push(&frame).await;
        tap.push(&frame).await;
        {
            let mut third = std::pin::pin!(tap.push(&frame));
            assert!(futures_util::poll!(third.as_mut()).is_pending());
            go.send(()).unwrap();
            third.await;
        }
        // A frame larger than the whole queue passes too, alone.
        tap.push(&Bytes::from(vec![7; 3 * QUEUE_BYTES_MAX])).await;
        tap.end();
        let total = (QUEUE_BYTES_MAX / 2 * 3 + 3 * QUEUE_BYTES_MAX).to_string();
        assert_eq!(worker.finish().await, Err(CatalogueError::Archive(total)));
    }

    #[tokio::test]
    async fn a_worker_that_gives_up_or_panics_holds_nobody_back() {
        for panics in [false, true] {
            let (mut tap, worker) =
                LayerTap::start_with(move |_| if panics { panic!("hostile") } else { nothing() });
            for _ in 0..8 {
                tap.push(&Bytes::from(vec![7; QUEUE_BYTES_MAX])).await;
            }
            tap.end();
            assert!(worker.finish().await.is_err());
        }
    }

    #[tokio::test]
    async fn a_dropped_tap_is_not_the_end_of_the_layer() {
        let (mut tap, worker) = LayerTap::start(crate::model::media_type::OCI_LAYER_TAR);
        tap.push(&Bytes::from(vec![0; 1024])).await;
        drop(tap);
        assert!(matches!(worker.finish().await, Err(CatalogueError::Source(_))));
    }
}
