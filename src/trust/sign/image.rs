//! Signs an image in both forms, and attaches single documents: what is missing is written, and everything is read back.
//! A manifest by SHA-512 has the bundle alone, because a tag has no room for its digest.

use super::{Artefact, Beside, Content, Form, OrgSigner, SignError, Stored, Vouching, vouch};
use crate::{
    evidence::Vouched,
    model::{Descriptor, Instant, Repository},
    registry::Registry,
    trust::format,
};

/// Signs `subjects` (an index and each of its platform manifests) in `repository`, unless they are signed already.
///
/// `at` becomes the creation time of the bundles' manifests. A second call writes nothing. Returns what vouches for
/// each subject, sorted, as read back from the registry and verified with `signer`'s public key.
///
/// # Errors
/// [`SignError`]; then some signatures may have been written, and calling again finishes the work.
pub async fn sign_image(
    registry: &dyn Registry,
    repository: &Repository,
    subjects: &[Descriptor],
    signer: &dyn OrgSigner,
    at: Instant,
) -> Result<Vec<Vouched>, SignError> {
    let besides: Vec<Beside> = subjects.iter().flat_map(|subject| signatures(repository, subject)).collect();
    vouch(&Vouching { registry, repository, signer, at, stored: &Stored::default() }, &besides).await
}

fn signatures(repository: &Repository, subject: &Descriptor) -> Vec<Beside> {
    let of = |form: Form, reference: String| Beside {
        artefact: Artefact { subject: subject.clone(), form, facts: None, as_of: None },
        content: Content::Signature { reference },
    };
    let legacy =
        format::signature_tag(&subject.digest).map(|_| of(Form::CosignLegacy, repository.to_string()));
    legacy.into_iter().chain([of(Form::Signature, String::new())]).collect()
}

/// Attaches `bytes` to `subject` as a referrer of its own type, unless one carries the same bytes already, and reads it
/// back.
///
/// # Errors
/// [`SignError`]; then calling again finishes the work.
pub async fn attach(
    vouching: &Vouching<'_>,
    subject: &Descriptor,
    artifact_type: &str,
    bytes: Vec<u8>,
) -> Result<Vec<Vouched>, SignError> {
    let form = Form::Document { artifact_type: artifact_type.to_owned() };
    let artefact = Artefact { subject: subject.clone(), form, facts: None, as_of: None };
    vouch(vouching, &[Beside { artefact, content: Content::Document(bytes) }]).await
}
