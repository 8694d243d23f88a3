//! One pass from registry to registries: read once, verify, write, and let a worker see every byte.

use futures_util::{FutureExt, StreamExt, TryStreamExt, future, stream};
use tokio::sync::{Mutex, oneshot};

use super::{LayerTap, ProgressFn, Verification, fan, verified};
use crate::model::{Descriptor, Kind};
use crate::registry::{BlobStream, Registry, RegistryError};

/// A repository of a registry.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    pub registry: &'a dyn Registry,
    pub path: &'a str,
}

/// Says which side a transfer failed on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelayError {
    #[error("{0}")]
    Source(#[source] RegistryError),
    #[error("{0}")]
    Target(#[source] RegistryError),
}

impl RelayError {
    /// Returns what the error means to the caller.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Source(error) | Self::Target(error) => error.kind(),
        }
    }
}

/// Moves one blob and returns its bytes. What the tap's worker makes of them does not matter here.
///
/// # Errors
/// [`RelayError::Source`] where reading failed or the bytes are not the blob, even where the target complained as
/// well because its upload broke off; [`RelayError::Target`] for everything else.
pub async fn relay(
    from: Side<'_>,
    to: Side<'_>,
    blob: &Descriptor,
    tap: Option<LayerTap>,
    progress: ProgressFn,
) -> Result<u64, RelayError> {
    let mut relayed = relay_to_all(from, &[to], blob, tap, progress, &Mutex::new(())).await;
    relayed.wrote.pop().unwrap_or(Ok(0))
}

/// What became of a blob that was sent to several registries.
#[derive(Debug)]
pub(super) struct Relayed {
    pub read: Verification,
    /// Bytes or failure for each target, in their order.
    pub wrote: Vec<Result<u64, RelayError>>,
}

/// Moves one blob to several registries at once, at the pace of the slowest; one that fails does not fail the others.
/// The source is opened while the targets open their uploads, which saves a round trip. `turn` as in [`fan::split`].
pub(super) async fn relay_to_all(
    from: Side<'_>,
    to: &[Side<'_>],
    blob: &Descriptor,
    tap: Option<LayerTap>,
    progress: ProgressFn,
    turn: &Mutex<()>,
) -> Relayed {
    let (source, open) = opened(from, blob);
    let (body, outcome) = verified(source, from.registry.host(), blob, tap, progress);
    let (bodies, feed) = if blob.size == 0 {
        // An upload of nothing may never ask for its body, so the check has to come first.
        let _told_by_the_outcome = future::join(open, body.for_each(|_| future::ready(()))).await;
        if let failed @ Verification::Failed(_) = outcome() {
            let wrote = to.iter().map(|side| judged(side.registry.host(), &failed, Ok(()), blob)).collect();
            return Relayed { read: failed, wrote };
        }
        (to.iter().map(|_| Box::pin(stream::empty()) as BlobStream).collect(), future::ready(()).boxed())
    } else if to.len() == 1 {
        (vec![body], open.boxed())
    } else {
        let (bodies, pump) = fan::split(body, to.len(), turn);
        (bodies, future::join(open, pump).map(|_| ()).boxed())
    };
    let puts = to.iter().zip(bodies).map(|(side, body)| {
        let put = side.registry.put_blob(side.path, &blob.digest, blob.size, body);
        async move { (side.registry.host(), put.await) }
    });
    // Fed as long as anybody reads; nobody waits for a source that no target wants any more.
    let endless = feed.then(|()| future::pending::<Vec<_>>());
    let puts = tokio::select! {
        puts = future::join_all(puts) => puts,
        puts = endless => puts,
    };
    let read = outcome();
    let wrote = puts.into_iter().map(|(host, put)| judged(host, &read, put, blob)).collect();
    Relayed { read, wrote }
}

/// Returns the stream of a blob that is requested when the future is polled, and not only when the stream is read.
fn opened<'a>(from: Side<'a>, blob: &'a Descriptor) -> (BlobStream, impl Future<Output = ()> + use<'a>) {
    let (give, take) = oneshot::channel();
    let open = async move {
        let opened = from.registry.get_blob(from.path, &blob.digest).await;
        // Nobody takes it where every upload has failed meanwhile.
        drop(give.send(opened));
    };
    let never = RegistryError::Unavailable {
        host: from.registry.host().to_owned(),
        what: format!("blob `{}`", blob.digest),
        detail: "it was not opened".into(),
    };
    let source = stream::once(async move { take.await.unwrap_or(Err(never)) }).try_flatten();
    (Box::pin(source), open)
}

fn judged(
    host: &str,
    read: &Verification,
    put: Result<(), RegistryError>,
    blob: &Descriptor,
) -> Result<u64, RelayError> {
    match (read, put) {
        (Verification::Failed(error), _) => Err(RelayError::Source(error.clone())),
        (_, Err(error)) => Err(RelayError::Target(error)),
        (Verification::Complete, Ok(())) => Ok(blob.size),
        (Verification::Unfinished, Ok(())) => Err(RelayError::Target(RegistryError::Invalid {
            host: host.to_owned(),
            what: format!("the upload of blob `{}`", blob.digest),
            detail: "accepted before the last byte was sent".into(),
        })),
    }
}
