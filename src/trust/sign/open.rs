//! Opens the key that the manifests name. To add a kind of key: one file beside this one, and its arm in [`open`].

use std::{path::Path, sync::Arc};

use super::{
    Accompanied, Authority, KeyFile, Log, OrgSigner, SignError,
    transit::{BAO_TOKEN, Transit, VAULT_TOKEN, VAULT_TOKEN_FILE},
};
use crate::{
    manifest::{DesiredSigning, PemSource, SigningKeyPlace},
    registry::{Environment, Pem, Proxy, Secret, Transport},
};

/// The password of a key file.
pub const PASSWORD: &str = "FONDACO_KEY_PASSWORD";

/// The name under which cosign knows the password of a key file.
pub const COSIGN_PASSWORD: &str = "COSIGN_PASSWORD";

/// The PIN of a PKCS#11 token.
pub const PIN: &str = "FONDACO_PKCS11_PIN";

/// The environment variables that open the organisation's key. No other program gets to see them.
pub const SECRETS: [&str; 6] = [PASSWORD, COSIGN_PASSWORD, PIN, VAULT_TOKEN, BAO_TOKEN, VAULT_TOKEN_FILE];

/// Where proxies are named.
const PROXIES: [&str; 8] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// Returns the value of an environment variable.
pub type Secrets<'a> = &'a (dyn Fn(&str) -> Option<Secret> + Send + Sync);

/// Opens the key of the manifests whose repository is at `root`. `secrets` is asked for names of [`SECRETS`] and for
/// proxies.
///
/// # Errors
/// Without a word of any secret: where the key does not open, or is not the published one.
pub async fn open(
    signing: &DesiredSigning,
    root: &Path,
    secrets: Secrets<'_>,
) -> Result<Arc<dyn OrgSigner>, SignError> {
    let public = signing.public.as_ref();
    let signer: Arc<dyn OrgSigner> = match &signing.key {
        SigningKeyPlace::File(path) => {
            let password = secrets(PASSWORD).or_else(|| secrets(COSIGN_PASSWORD));
            let password = password.ok_or(SignError::NoSecret { what: "password", variable: PASSWORD })?;
            Arc::new(KeyFile::read(&root.join(path), password.reveal().as_bytes())?)
        }
        SigningKeyPlace::Transit(transit) => {
            let way = transport(&transit.address, transit.authorities.as_ref(), secrets);
            Arc::new(Transit::open(transit, public, way, secrets).await?)
        }
        #[cfg(feature = "pkcs11")]
        SigningKeyPlace::Pkcs11(pkcs11) => {
            Arc::new(super::pkcs11::Device::open(pkcs11, public, secrets(PIN)).await?)
        }
        #[cfg(not(feature = "pkcs11"))]
        SigningKeyPlace::Pkcs11(_) => {
            let reason = "this build has no PKCS#11; one with the feature `pkcs11` can use it";
            return Err(SignError::Key(reason.to_owned()));
        }
    };
    if let Some(public) = public
        && public.fingerprint != signer.key_digest()
    {
        return Err(SignError::NotPublished { path: public.path.clone(), found: signer.key_digest() });
    }
    accompanied(signer, signing, secrets)
}

/// Returns the key with whom else the manifests want to hear of its signatures.
fn accompanied(
    signer: Arc<dyn OrgSigner>,
    signing: &DesiredSigning,
    secrets: Secrets<'_>,
) -> Result<Arc<dyn OrgSigner>, SignError> {
    let way = |url: &str| transport(url, None, secrets);
    let stamps = signing.timestamp.as_ref();
    let authority = stamps.map(|stamps| Authority::open(stamps, way(&stamps.url))).transpose()?;
    let log = signing.log.as_ref().map(|log| Log::open(log, stamps, way(&log.url))).transpose()?;
    Ok(Arc::new(Accompanied { signer, authority, log }))
}

/// Returns the way to a service. One on this machine is reached without a proxy: a token would go there in plain text.
fn transport(address: &str, authorities: Option<&PemSource>, secrets: Secrets<'_>) -> Transport {
    let set = PROXIES.iter().filter_map(|name| Some((*name, secrets(name)?.reveal().to_owned())));
    let local =
        ["http://127.", "http://localhost", "http://[::1]"].iter().any(|start| address.starts_with(start));
    let proxy = if local { Proxy::None } else { Proxy::from_environment(&set.collect::<Environment>()) };
    let authorities = authorities.map(|source| match source {
        PemSource::Inside { path, text } => Pem::Text { path: path.clone(), text: text.clone() },
        PemSource::Outside(path) => Pem::File(path.into()),
    });
    Transport { authorities, identity: None, proxy }
}
