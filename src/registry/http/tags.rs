//! Listing the tags of a repository, page by page.
//!
//! Pages are followed by their `Link` alone: Docker Hub, Quay and ECR have opaque tokens there, so that `last` cannot be
//! worked out by the client. Nothing is chosen here; [`crate::plan::select`] does that.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use url::Url;

use super::{HttpRegistry, address, auth, body, referrers::next_page};
use crate::registry::{
    RegistryError,
    asked::Asked,
    tags::{Names, TAGS_MAX},
};

/// Tags asked for on a page. Registries give fewer where they want to (Quay 100, GitLab 100).
const PAGE_TAGS: usize = 1000;

/// The most pages of one listing: as many as [`TAGS_MAX`] tags need in pages of 50.
const PAGES_MAX: usize = 4096;

/// The most bytes of all pages of one listing together: [`TAGS_MAX`] tags of 128 characters fit, in one page too, as
/// registries send them that know no paging.
const LISTING_BYTES_MAX: u64 = 32 * 1024 * 1024;

impl HttpRegistry {
    pub(super) async fn tags_list(&self, repository: &str) -> Result<Vec<String>, RegistryError> {
        let asked = self.asked(format!("the tags of `{repository}`"));
        let scopes = auth::pull(repository);
        let mut call = self.call(Method::GET, repository, "tags/list", "tags", asked.clone(), scopes);
        call.url.set_query(Some(&format!("n={PAGE_TAGS}")));
        let mut names = Names::default();
        let mut seen = BTreeSet::from([call.url.clone()]);
        let mut bytes_left = LISTING_BYTES_MAX;
        for _ in 0..PAGES_MAX {
            let response = self.wire.send(&call).await?;
            if response.status() != StatusCode::OK {
                return Err(body::refusal(response, &asked).await);
            }
            let next = next_page(response.headers(), &call.url);
            let page = body::read(response, bytes_left, &asked).await?;
            bytes_left -= page.len() as u64;
            names.add_page(&page).map_err(|reason| asked.invalid(reason))?;
            let Some(next) = next else { return Ok(names.sorted(&asked)) };
            call.url = followed(next, &call.url, &mut seen, &asked)?;
        }
        Err(asked.invalid(format!("more than {PAGES_MAX} pages for at most {TAGS_MAX} tags")))
    }
}

/// Returns the next page, which is on the same server and has not been read yet.
fn followed(next: Url, from: &Url, seen: &mut BTreeSet<Url>, asked: &Asked) -> Result<Url, RegistryError> {
    if !address::same_origin(&next, from) {
        return Err(asked.invalid("the next page is on another host"));
    }
    if !seen.insert(next.clone()) {
        return Err(asked.invalid("a page leads back to one before it"));
    }
    Ok(next)
}
