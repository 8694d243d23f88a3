//! How one registry is reached. Says nothing about what is done there; [`super::http`] and [`super::layout`] do that.

use std::{path::PathBuf, sync::Arc};

use super::{
    Behaviour, Creation, Credentials, HttpRegistry, LayoutRegistry, Registry, RegistryError, Secret,
    Transport,
};

/// One registry with the credentials for it.
#[derive(Debug, Clone)]
pub struct Access {
    /// The host as manifests name it, with its port if there is one.
    pub host: String,
    pub endpoint: Endpoint,
    pub credentials: Credentials,
    /// Whom to trust on the way, and which way to go.
    pub transport: Transport,
    /// How the registry behaves.
    pub behaviour: Behaviour,
    /// Requests that may wait for their answer at a time; `None` is the default.
    pub concurrent: Option<u32>,
    /// How missing repositories are created, where the behaviour allows it.
    pub creation: Option<Creation>,
}

impl Access {
    /// Returns the access to a registry that behaves as the specification says.
    pub fn new(host: impl Into<String>, endpoint: Endpoint, credentials: impl Into<Credentials>) -> Self {
        Self {
            host: host.into(),
            endpoint,
            credentials: credentials.into(),
            transport: Transport::default(),
            behaviour: Behaviour::default(),
            concurrent: None,
            creation: None,
        }
    }
}

/// What a registry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A server; `plain` means HTTP without TLS.
    Http { plain: bool },
    /// A directory of OCI image layouts, one for each repository.
    Layout(PathBuf),
}

/// Who we are to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    Anonymous,
    Basic {
        username: String,
        password: Secret,
    },
    /// An OAuth2 refresh token (`identitytoken` in Docker's configuration).
    IdentityToken(Secret),
}

/// Opens a registry. Sends no request and creates no directory.
///
/// # Errors
/// Kind `Invalid` where the host is not one, `Unavailable` where the TLS roots cannot be loaded.
pub fn open(access: &Access) -> Result<Arc<dyn Registry>, RegistryError> {
    Ok(match &access.endpoint {
        Endpoint::Http { plain } => Arc::new(HttpRegistry::new(access, *plain)?),
        Endpoint::Layout(root) => Arc::new(LayoutRegistry::new(&access.host, root)),
    })
}
