//! Opens the key that the manifests name. To add a kind of key: one file beside this one, and its arm in [`open`].

use std::{path::Path, sync::Arc};

use super::{KeyFile, OrgSigner, SignError};
use crate::{
    manifest::{DesiredKey, DesiredSigning},
    registry::Secret,
};

/// The password of a key file.
pub const PASSWORD: &str = "FONDACO_KEY_PASSWORD";

/// The name under which cosign knows the password of a key file.
pub const COSIGN_PASSWORD: &str = "COSIGN_PASSWORD";

/// The environment variables that hold secrets of the organisation's key.
pub const SECRETS: [&str; 2] = [PASSWORD, COSIGN_PASSWORD];

/// Opens the key of the manifests whose repository is at `root`; `secret` returns the secret under a name of
/// [`SECRETS`].
///
/// # Errors
/// Without a word of any secret: where the key does not open, or is not the published one.
pub async fn open(
    signing: &DesiredSigning,
    root: &Path,
    secret: &(dyn Fn(&str) -> Option<Secret> + Send + Sync),
) -> Result<Arc<dyn OrgSigner>, SignError> {
    let signer: Arc<dyn OrgSigner> = match &signing.key {
        DesiredKey::File(path) => {
            let password = secret(PASSWORD).or_else(|| secret(COSIGN_PASSWORD));
            let password = password.ok_or(SignError::NoSecret { what: "password", variable: PASSWORD })?;
            Arc::new(KeyFile::read(&root.join(path), password.reveal().as_bytes())?)
        }
        DesiredKey::Transit(_) => return Err(SignError::Key("no Transit yet".to_owned())),
        DesiredKey::Pkcs11(_) => {
            let reason = "this build has no PKCS#11: build Fondaco with the feature `pkcs11`";
            return Err(SignError::Key(reason.to_owned()));
        }
    };
    if let Some(public) = &signing.public
        && public.fingerprint != signer.key_digest()
    {
        return Err(SignError::NotPublished { path: public.path.clone(), found: signer.key_digest() });
    }
    Ok(signer)
}
