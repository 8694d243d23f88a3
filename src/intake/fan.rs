//! One stream of bytes to several readers at the pace of the slowest.

use bytes::Bytes;
use futures_util::{StreamExt, future, stream};
use tokio::sync::{Mutex, mpsc};

use crate::registry::{BlobStream, RegistryError};

/// Frames that wait for one reader. All readers share the bytes of a frame, so that together they hold three at most:
/// one in work, one waiting, one on its way.
const FRAMES_MAX: usize = 1;

/// After so many frames every reader has taken one out of the queue behind its first, and so has all that it needs to
/// go on to the end by itself.
const FRAMES_UNTIL_ALL_READ: usize = 3;

/// Splits a stream into `count` ones. They move only while the future is polled. A reader that is dropped does not hold
/// up the others; without any reader the future ends.
///
/// A reader may wait, with its first frame in hand, for leave to write to its registry. `turn` is taken until all of
/// them have it: of two streams whose readers wait for leave of the same registries, one waits for the other.
pub(super) fn split(
    body: BlobStream,
    count: usize,
    turn: &Mutex<()>,
) -> (Vec<BlobStream>, impl Future<Output = ()>) {
    let (senders, readers): (Vec<_>, Vec<_>) =
        (0..count).map(|_| mpsc::channel::<Result<Bytes, RegistryError>>(FRAMES_MAX)).unzip();
    let readers = readers.into_iter().map(|reader| {
        let frames = stream::unfold(reader, |mut reader| async move { Some((reader.recv().await?, reader)) });
        Box::pin(frames) as BlobStream
    });
    (readers.collect(), pump(body, senders, turn))
}

async fn pump(
    mut body: BlobStream,
    mut senders: Vec<mpsc::Sender<Result<Bytes, RegistryError>>>,
    turn: &Mutex<()>,
) {
    let mut opening = Some(turn.lock().await);
    let mut frames = 0;
    while let Some(frame) = body.next().await {
        let sent = future::join_all(senders.iter().map(|sender| sender.send(frame.clone()))).await;
        let mut sent = sent.into_iter();
        senders.retain(|_| sent.next().is_some_and(|sent| sent.is_ok()));
        if senders.is_empty() {
            return;
        }
        frames += 1;
        if frames == FRAMES_UNTIL_ALL_READ {
            opening = None;
        }
    }
    drop(opening);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_reader_gets_every_frame_and_the_slowest_sets_the_pace() {
        let frames = (0..10_u8).map(|n| Ok(Bytes::from(vec![n; 4])));
        let turn = Mutex::new(());
        let (mut readers, pump) = split(Box::pin(stream::iter(frames)), 3, &turn);
        let (slow, fast) = (readers.pop().unwrap(), readers.pop().unwrap());
        drop(readers);
        let mut pump = Box::pin(pump);
        let mut fast = Box::pin(fast.count());
        // Without the slow one, nobody gets to the end.
        for _ in 0..20 {
            assert!(futures_util::poll!(pump.as_mut()).is_pending());
            assert!(futures_util::poll!(fast.as_mut()).is_pending());
        }
        let ((), fast, slow) = future::join3(pump, fast, slow.count()).await;
        assert_eq!((fast, slow), (10, 10));
    }

    #[tokio::test]
    async fn without_a_reader_nothing_is_read() {
        let body: BlobStream = Box::pin(stream::repeat_with(|| Ok(Bytes::from_static(b"x"))));
        let turn = Mutex::new(());
        let (readers, pump) = split(body, 2, &turn);
        drop(readers);
        pump.await;
    }
}
