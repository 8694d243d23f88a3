//! One visit to a TUF repository: the only code that contacts one.
//!
//! The rules of TUF (signatures and thresholds, hashes, lengths, expiry, the chain of roots) are kept by `sigstore-tuf`;
//! bytes come through our own client, so proxies, limits and the ban on redirects are those of registries.

use std::{
    collections::BTreeMap,
    error::Error as _,
    sync::{Arc, Mutex, PoisonError},
};

use sha2::{Digest as _, Sha256};
use sigstore_tuf::{Error, Repository, Updater, UpdaterConfig, transport::FetchFuture};

use super::{Instance, Root, RootError, content::ROOT_BYTES_MAX, record::Role};
use crate::{
    model::{Instant, Kind},
    registry::{RegistryError, Service, Transport},
};

/// The target that is a trust root.
const TARGET: &str = "trusted_root.json";

/// The most TUF roots that are walked through in one visit. Sigstore's root is exchanged about three times a year.
const ROOTS_MAX: u32 = 64;

/// Where the repository is and where trust in it begins.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    pub address: &'a str,
    pub bootstrap: Bootstrap<'a>,
}

/// The TUF root that is trusted from the start; later ones are signed by those before.
#[derive(Debug, Clone, Copy)]
pub enum Bootstrap<'a> {
    /// A root in JSON.
    Root(&'a [u8]),
    /// Version and SHA-256 in hex of a root that the repository serves.
    Served(u64, &'a str),
}

impl Origin<'static> {
    /// Returns the repository of an instance that is known by name.
    pub const fn of(instance: Instance) -> Self {
        let (version, digest) = instance.bootstrap();
        Self { address: instance.address(), bootstrap: Bootstrap::Served(version, digest) }
    }
}

/// What a visit brought back.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) root: Root,
    pub(super) roles: BTreeMap<String, Role>,
}

/// Fetches the trust root and checks everything on the way to it, as of `now`.
pub(super) async fn visit(
    origin: Origin<'_>,
    transport: &Transport,
    now: Instant,
) -> Result<Visit, RootError> {
    let failure = Failure::default();
    let service = Service::new(origin.address, transport.clone())?;
    let source = Source { service, failure: failure.clone() };
    let bootstrap = bootstrap(&source, origin).await?;
    let named = |error: Error| failure.take().map_or_else(|| meant(error, origin.address), RootError::Fetch);
    let mut limits = UpdaterConfig::default();
    limits.max_root_rotations = ROOTS_MAX;
    limits.target_max_length = ROOT_BYTES_MAX;
    let mut updater = Updater::new(source, &bootstrap).map_err(named)?.with_config(limits);
    let at = jiff::Timestamp::from_second(now.unix()).unwrap_or_default();
    updater.refresh(at).await.map_err(named)?;
    let target = updater.get_target_info(TARGET, at).await.map_err(named)?;
    let target = target.ok_or_else(|| meant(Error::TargetNotFound(TARGET.to_owned()), origin.address))?;
    if target.length > ROOT_BYTES_MAX {
        let reason = format!("`{TARGET}` of {} bytes, more than {ROOT_BYTES_MAX}", target.length);
        return Err(RootError::Untrusted { url: origin.address.to_owned(), reason });
    }
    let bytes = updater.download_target(&target, TARGET).await.map_err(named)?;
    let root = Root::read(&bytes).map_err(RootError::Content)?;
    Ok(Visit { root, roles: roles(&updater) })
}

/// Returns the root that trust begins with.
async fn bootstrap(source: &Source, origin: Origin<'_>) -> Result<Vec<u8>, RootError> {
    let (version, expected) = match origin.bootstrap {
        Bootstrap::Root(bytes) => return Ok(bytes.to_vec()),
        Bootstrap::Served(version, expected) => (version, expected),
    };
    let name = format!("{version}.root.json");
    let served = source.service.document(&name, UpdaterConfig::default().root_max_length).await?;
    let url = origin.address.to_owned();
    match served {
        None => Err(RootError::NoTarget { url, target: name }),
        Some(bytes) if hex::encode(Sha256::digest(&bytes)) == expected => Ok(bytes.into()),
        Some(_) => Err(RootError::Untrusted {
            url,
            reason: format!("`{name}` is not the root that this program knows"),
        }),
    }
}

/// Returns versions and keys of the four roles.
fn roles(updater: &Updater) -> BTreeMap<String, Role> {
    let trusted = updater.trusted();
    let versions = [
        ("root", Some(trusted.root().version)),
        ("timestamp", trusted.timestamp().map(|role| role.version)),
        ("snapshot", trusted.snapshot().map(|role| role.version)),
        ("targets", trusted.targets_role("targets").map(|role| role.version)),
    ];
    let roles = versions.into_iter().filter_map(|(name, version)| {
        let keys = trusted.root().role(name).map(|role| role.keyids.iter().cloned().collect());
        Some((name.to_owned(), Role { version: version?, keys: keys.unwrap_or_default() }))
    });
    roles.collect()
}

/// Returns our error for what the TUF client says.
fn meant(error: Error, address: &str) -> RootError {
    let url = address.to_owned();
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        reason = format!("{reason}: {inner}");
        cause = inner.source();
    }
    let reason = crate::model::foreign::inline(&reason);
    match error {
        Error::Expired { .. } => RootError::Expired { url, reason },
        Error::Rollback { .. } => RootError::Rollback(reason),
        Error::TargetNotFound(target) => RootError::NoTarget { url, target },
        _ => RootError::Untrusted { url, reason },
    }
}

/// The failure of our own client, which says more than what the TUF client makes of it.
#[derive(Debug, Clone, Default)]
struct Failure(Arc<Mutex<Option<RegistryError>>>);

impl Failure {
    fn note(&self, error: RegistryError) -> Error {
        let shown = Error::transport(error.to_string());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        shown
    }

    fn take(&self) -> Option<RegistryError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Metadata at the address, targets below `targets/`.
struct Source {
    service: Service,
    failure: Failure,
}

impl Source {
    async fn get(&self, path: String, bytes_max: u64) -> Result<Option<Vec<u8>>, Error> {
        match self.service.document(&path, bytes_max).await {
            Ok(found) => Ok(found.map(Vec::from)),
            // Object stores answer 403 for what is not there; as python-tuf does, that ends the chain of roots.
            Err(error) if error.kind() == Kind::Denied && path.ends_with(".root.json") => Ok(None),
            Err(error) => Err(self.failure.note(error)),
        }
    }
}

impl Repository for Source {
    fn fetch_metadata<'a>(&'a self, name: &'a str, max_length: u64) -> FetchFuture<'a> {
        Box::pin(self.get(name.to_owned(), max_length))
    }

    fn fetch_target<'a>(&'a self, path: &'a str, max_length: u64) -> FetchFuture<'a> {
        Box::pin(self.get(format!("targets/{path}"), max_length))
    }
}
