//! `Registry.spec.access`: who we are to a registry, whom to trust on the way, and which way to go.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::manifest::text::{AbsolutePath, CertificatePath, ProxyAddress, RepositoryPrefix, VariableName};

/// Who we are to the registry, whom to trust on the way, and which way to go. Secrets are named here and never written:
/// they come from environment variables and from files outside of Git. Default: credentials from the files of container
/// tools (`docker login`, `podman login`) and the credential programs that they name, the authorities of the system, and
/// the proxies of `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "access block")]
#[schemars(extend("dependencies" = {"usernameEnv": ["passwordEnv"], "passwordEnv": ["usernameEnv"]}))]
pub struct RegistryAccess {
    /// Environment variable that holds the user name, with `passwordEnv`. Default: the files of container tools. A
    /// variable that is named and not set is an error: the registry is never asked anonymously instead.
    pub username_env: Option<VariableName>,
    /// Environment variable that holds the password, with `usernameEnv`. Default: the files of container tools.
    pub password_env: Option<VariableName>,
    /// Environment variable that holds an identity token (an OAuth2 refresh token) instead of user name and password.
    /// Default: the files of container tools.
    pub token_env: Option<VariableName>,
    /// Credentials for parts of the registry, for instance one robot account for each project; the longest prefix wins.
    /// Default: one credential for the whole registry.
    #[serde(default)]
    pub credentials: Vec<PrefixCredential>,
    /// PEM file with the certificates of authorities that are trusted for this registry beside those of the system: a
    /// `*.pem` file below `trust/` or `keys/`, or an absolute path outside of Git. Default: the system's authorities
    /// alone.
    pub ca: Option<CertificatePath>,
    /// PEM file with the certificate that is shown to a registry which knows its clients by certificate, and to no other
    /// host: a `*.pem` file below `trust/` or `keys/`, or an absolute path. It needs `clientKeyEnv` or `clientKeyFile`.
    /// Default: none is shown.
    pub client_certificate: Option<CertificatePath>,
    /// Environment variable that holds the private key of `clientCertificate` as PEM text. Default: `clientKeyFile`.
    pub client_key_env: Option<VariableName>,
    /// Absolute path of a PEM file with the private key of `clientCertificate`, outside of Git. Default: `clientKeyEnv`.
    pub client_key_file: Option<AbsolutePath>,
    /// Proxy through which the registry is reached, such as `http://proxy.acme.example:3128`, or `none`. Default: what
    /// `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say. A proxy with a password is configured there, not in Git.
    pub proxy: Option<ProxyAddress>,
}

/// A credential for a part of a registry: `usernameEnv` with `passwordEnv`, or `tokenEnv`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "credential")]
#[schemars(extend("dependencies" = {"usernameEnv": ["passwordEnv"], "passwordEnv": ["usernameEnv"]}))]
pub struct PrefixCredential {
    /// Repository, or beginning of repositories up to a `/`, for which the credential is used, such as `team-a`.
    pub prefix: RepositoryPrefix,
    /// Environment variable that holds the user name. Default: `tokenEnv` holds an identity token.
    pub username_env: Option<VariableName>,
    /// Environment variable that holds the password. Default: `tokenEnv` holds an identity token.
    pub password_env: Option<VariableName>,
    /// Environment variable that holds an identity token. Default: `usernameEnv` and `passwordEnv` hold a password.
    pub token_env: Option<VariableName>,
}
