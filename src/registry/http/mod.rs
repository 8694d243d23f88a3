//! Registries that speak the OCI distribution protocol.
//!
//! Our own thin transport: what `oci-client` does with streams, tokens and rate limits cannot be relied on. One file for
//! each part of the protocol; [`wire`] sends, the others say what.

mod address;
mod ask;
mod auth;
mod backoff;
mod blobs;
mod body;
mod budget;
mod challenge;
mod chunks;
mod create;
mod delete;
mod manifests;
mod meter;
mod referrers;
mod service;
mod sessions;
mod tags;
mod tls;
mod token;
mod uploads;
mod wire;

pub(super) use ask::{Answer, MountAnswer};
pub use service::{Question, Service};

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, atomic::AtomicBool},
};

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::{Method, header::HeaderMap};
use url::Url;

use self::{
    auth::Scopes,
    wire::{Call, Wire},
};
use super::{
    Access, Behaviour, BlobStream, Creation, Deleted, Mount, RawManifest, Registry, RegistryError, Usage,
    Written,
    asked::Asked,
    name::{check_reference, check_repository},
};
use crate::model::{Descriptor, Digest, Reference};

/// A registry behind HTTP.
#[derive(Debug)]
pub struct HttpRegistry {
    host: String,
    behaviour: Behaviour,
    creation: Option<Creation>,
    wire: Arc<Wire>,
    /// Writers of one fallback index wait for each other.
    subjects: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
    /// What the first listing of referrers has shown; until then others wait for it.
    referrers_api: tokio::sync::Mutex<referrers::Api>,
    /// Whether the registry has answered an upload in one request with a session.
    wants_sessions: AtomicBool,
}

impl HttpRegistry {
    /// Returns the registry at the host of `access`, by HTTPS or, where `plain`, HTTP. Sends nothing.
    pub fn new(access: &Access, plain: bool) -> Result<Self, RegistryError> {
        let host = access.host.as_str();
        let base =
            base(host, plain).ok_or_else(|| Asked::new(host, "the connection").invalid("not a host name"))?;
        let wire = Arc::new(Wire::new(access, base)?);
        let behaviour = access.behaviour.clone();
        let creation = access.creation.clone().filter(|_| behaviour.create_repositories);
        Ok(Self {
            host: host.to_owned(),
            behaviour,
            creation,
            wire,
            subjects: Mutex::default(),
            referrers_api: tokio::sync::Mutex::default(),
            wants_sessions: AtomicBool::new(false),
        })
    }

    fn asked(&self, what: String) -> Asked {
        Asked::new(&self.host, what)
    }

    /// Returns a request for `/v2/<repository>/<rest>`. The repository's name has been checked.
    fn call(
        &self,
        method: Method,
        repository: &str,
        rest: &str,
        action: &'static str,
        asked: Asked,
        scopes: Scopes,
    ) -> Call {
        let mut url = self.wire.line.base.clone();
        url.set_path(&format!("/v2/{repository}/{rest}"));
        Call { method, url, action, asked, scopes, headers: HeaderMap::new(), body: Bytes::new() }
    }
}

/// Returns the address of a registry, or `None` where `host` is more or less than a host with an optional port.
fn base(host: &str, plain: bool) -> Option<Url> {
    let served_by = if host == "docker.io" { "registry-1.docker.io" } else { host };
    let url: Url = format!("{}://{served_by}/", if plain { "http" } else { "https" }).parse().ok()?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    (bare && anonymous && url.host_str().is_some_and(|host| !host.is_empty())).then_some(url)
}

#[async_trait]
impl Registry for HttpRegistry {
    fn host(&self) -> &str {
        &self.host
    }

    async fn head_manifest(
        &self,
        repository: &str,
        reference: &Reference,
    ) -> Result<Option<Descriptor>, RegistryError> {
        check_repository(&self.host, repository)?;
        check_reference(&self.host, reference)?;
        self.manifest_head(repository, reference).await
    }

    async fn get_manifest(
        &self,
        repository: &str,
        reference: &Reference,
    ) -> Result<Option<RawManifest>, RegistryError> {
        check_repository(&self.host, repository)?;
        check_reference(&self.host, reference)?;
        self.manifest_get(repository, reference).await
    }

    async fn head_blob(&self, repository: &str, digest: &Digest) -> Result<Option<u64>, RegistryError> {
        check_repository(&self.host, repository)?;
        self.blob_head(repository, digest).await
    }

    async fn get_blob(&self, repository: &str, digest: &Digest) -> Result<BlobStream, RegistryError> {
        check_repository(&self.host, repository)?;
        self.blob_get(repository, digest).await
    }

    async fn mount_blob(
        &self,
        repository: &str,
        digest: &Digest,
        from: &str,
    ) -> Result<Mount, RegistryError> {
        check_repository(&self.host, repository)?;
        check_repository(&self.host, from)?;
        self.blob_mount(repository, digest, from).await
    }

    async fn put_blob(
        &self,
        repository: &str,
        digest: &Digest,
        size: u64,
        body: BlobStream,
    ) -> Result<(), RegistryError> {
        check_repository(&self.host, repository)?;
        self.blob_put(repository, digest, size, body).await
    }

    async fn put_small_blob(
        &self,
        repository: &str,
        digest: &Digest,
        bytes: Bytes,
    ) -> Result<(), RegistryError> {
        check_repository(&self.host, repository)?;
        self.small_blob_put(repository, digest, bytes).await
    }

    async fn put_manifest(
        &self,
        repository: &str,
        reference: &Reference,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<Written, RegistryError> {
        check_repository(&self.host, repository)?;
        check_reference(&self.host, reference)?;
        let (digest, subject) = self.manifest_put(repository, reference, media_type, bytes).await?;
        Ok(Written { digest, subject_indexed: subject.is_some() })
    }

    async fn referrers(&self, repository: &str, digest: &Digest) -> Result<Vec<Descriptor>, RegistryError> {
        check_repository(&self.host, repository)?;
        self.referrers_list(repository, digest).await
    }

    async fn put_referrer(
        &self,
        repository: &str,
        subject: &Digest,
        manifest: &RawManifest,
    ) -> Result<Written, RegistryError> {
        check_repository(&self.host, repository)?;
        let written = self.referrers_put(repository, subject, std::slice::from_ref(manifest)).await?;
        Ok(written.into_iter().next().expect("one referrer gives one answer"))
    }

    async fn put_referrers(
        &self,
        repository: &str,
        subject: &Digest,
        manifests: &[RawManifest],
    ) -> Result<Vec<Written>, RegistryError> {
        check_repository(&self.host, repository)?;
        self.referrers_put(repository, subject, manifests).await
    }

    async fn delete_manifest(
        &self,
        repository: &str,
        reference: &Reference,
    ) -> Result<Deleted, RegistryError> {
        check_repository(&self.host, repository)?;
        check_reference(&self.host, reference)?;
        self.manifest_delete(repository, reference).await
    }

    fn as_http(&self) -> Option<&HttpRegistry> {
        Some(self)
    }

    async fn settle(&self) {
        self.sessions_closed().await;
    }

    async fn tags(&self, repository: &str) -> Result<Vec<String>, RegistryError> {
        check_repository(&self.host, repository)?;
        self.tags_list(repository).await
    }

    fn behaviour(&self) -> &Behaviour {
        &self.behaviour
    }

    fn usage(&self) -> Usage {
        let line = &self.wire.line;
        Usage { allowance: line.budget.allowance(), ..line.meter.usage() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_become_addresses_and_nothing_else_does() {
        assert_eq!(base("docker.io", false).unwrap().as_str(), "https://registry-1.docker.io/");
        assert_eq!(base("127.0.0.1:5000", true).unwrap().as_str(), "http://127.0.0.1:5000/");
        for host in ["", "a/b", "user@a", "a?b", "a#b", "a b", "http://a"] {
            assert!(base(host, false).is_none(), "{host}");
        }
    }
}
