//! What the manifests say about the way to a registry, resolved.

/// `Registry.spec.access`. Secrets are named, never held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DesiredAccess {
    /// Credentials in environment variables, sorted by prefix.
    pub credentials: Vec<DesiredCredential>,
    /// Authorities that are trusted beside the system's.
    pub authorities: Option<PemSource>,
    pub identity: Option<DesiredIdentity>,
    /// `None` leaves it to the environment.
    pub proxy: Option<DesiredProxy>,
}

/// A credential for the repositories below a prefix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DesiredCredential {
    /// Empty for the whole registry.
    pub prefix: String,
    pub variables: CredentialVariables,
}

/// The environment variables that hold a credential.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CredentialVariables {
    Password { username: String, password: String },
    IdentityToken(String),
}

/// Certificates: the text of a file in the manifest repository, or a path of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PemSource {
    Inside { path: String, text: String },
    Outside(String),
}

/// The certificate that is shown to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredIdentity {
    pub certificate: PemSource,
    pub key: KeySource,
}

/// Where the private key of a certificate is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    Variable(String),
    File(String),
}

/// The way to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DesiredProxy {
    /// Straight, whatever the environment says.
    None,
    At(String),
}
