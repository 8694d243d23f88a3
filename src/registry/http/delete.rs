//! Manifests and tags: delete. Who may ask for it is the business of `tests/fondaco/architecture.rs`: the withdrawal by
//! document, and `fondaco doctor` in the repository it made itself.

use reqwest::{Method, StatusCode};

use super::{HttpRegistry, auth, body};
use crate::{
    model::Reference,
    registry::{Deleted, RegistryError},
};

impl HttpRegistry {
    pub(super) async fn manifest_delete(
        &self,
        repository: &str,
        reference: &Reference,
    ) -> Result<Deleted, RegistryError> {
        let mut call = self.manifest_call(Method::DELETE, repository, reference);
        call.scopes = auth::delete(repository);
        let response = match self.wire.send(&call).await {
            // 501, the only answer of 5xx that is not repeated and says something lasting.
            Ok(response) if response.status() == StatusCode::NOT_IMPLEMENTED => {
                return Ok(Deleted::Unsupported);
            }
            sent => sent?,
        };
        let tag = matches!(reference, Reference::Tag(_));
        match response.status() {
            status if status.is_success() => Ok(Deleted::Done),
            StatusCode::NOT_FOUND => Ok(Deleted::Absent),
            StatusCode::METHOD_NOT_ALLOWED => Ok(Deleted::Unsupported),
            // "Deleting tags": a registry that does not offer it answers 400 or 405.
            StatusCode::BAD_REQUEST if tag => Ok(Deleted::Unsupported),
            _ => Err(body::refusal(response, &call.asked).await),
        }
    }
}
