//! How what refers to an image is found ("Listing Referrers", "Pushing Manifests with Subject").

use async_trait::async_trait;
use reqwest::StatusCode;
use serde_json::json;

use super::{Probe, Said, Site};
use crate::{
    model::{Descriptor, Digest, Document, media_type},
    registry::{Capabilities, ReferrersSupport, RegistryError},
};

pub(super) struct Referrers;

#[async_trait]
impl Probe for Referrers {
    async fn run(&self, site: &Site<'_>, found: &mut Capabilities) -> Result<Vec<Said>, RegistryError> {
        let subject = Site::manifest(&Site::empty(), json!({"annotations": {"probe": "subject"}}));
        let named = Descriptor::of(media_type::OCI_MANIFEST, &subject);
        let (_, written) = site.write(media_type::OCI_MANIFEST, subject).await?;
        written.refusal.map_or(Ok(()), Err)?;
        let artifact =
            Site::manifest(&Site::empty(), json!({"artifactType": media_type::CYCLONEDX, "subject": named}));
        let (referrer, written) = site.write(media_type::OCI_MANIFEST, artifact).await?;
        let confirmed = written.header("oci-subject").and_then(|text| text.parse::<Digest>().ok());
        let confirmed = confirmed.as_ref() == Some(&named.digest);
        if let Some(refusal) = written.refusal {
            return Ok(vec![Said::error(
                format!("manifests with a subject are refused: {refusal}"),
                "signatures and SBOMs cannot be attached here; promote to another registry",
            )]);
        }
        let listed = site.http.ask_referrers(&site.repository, &named.digest).await?;
        let support = match listed.refusal {
            None if names(&listed.body, &referrer) && confirmed => ReferrersSupport::Api,
            None if names(&listed.body, &referrer) => ReferrersSupport::ApiUnconfirmed,
            None => return Ok(vec![forgetful()]),
            Some(_) if listed.status == StatusCode::NOT_FOUND => ReferrersSupport::FallbackTag,
            Some(refusal) => return Err(refusal),
        };
        found.referrers = Some(support);
        Ok(vec![match support {
            ReferrersSupport::Api => Said::ok("referrers API, subjects confirmed"),
            ReferrersSupport::ApiUnconfirmed => {
                Said::note("referrers API without `OCI-Subject`; runs write the fallback tag too")
            }
            ReferrersSupport::FallbackTag => Said::note("no referrers API; runs keep the fallback tag"),
        }])
    }
}

fn forgetful() -> Said {
    Said::warning(
        "the referrers API answers and does not list what was just attached",
        "ask again later: its index may follow slowly; what it does not list, nobody finds",
    )
}

fn names(index: &[u8], referrer: &Digest) -> bool {
    match Document::parse(media_type::OCI_INDEX, index) {
        Ok(Document::Index(index)) => index.manifests.iter().any(|entry| entry.digest == *referrer),
        _ => false,
    }
}
