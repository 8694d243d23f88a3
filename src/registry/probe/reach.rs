//! Whether a registry answers, lets us in, and which time it has. Reads only.

use super::super::{Registry, RegistryError, http::Answer};
use crate::model::{Instant, Reference};

/// The headers in which registries say how much may still be asked (Docker Hub's, GitHub's and the IETF draft's).
const LIMITS: [&str; 5] =
    ["ratelimit", "ratelimit-limit", "ratelimit-remaining", "x-ratelimit-limit", "x-ratelimit-remaining"];

/// What an answer says beside its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// What was refused, where the registry answered and did not give what was asked for.
    pub refusal: Option<RegistryError>,
    /// The registry's clock, where it tells.
    pub clock: Option<Instant>,
    /// Rate-limit headers as they came.
    pub limits: Vec<(&'static str, String)>,
}

/// Asks for `/v2/`; `None` where the registry is no server.
pub async fn reach(registry: &dyn Registry) -> Option<Result<Reached, RegistryError>> {
    let http = registry.as_http()?;
    Some(http.ask_base().await.map(reached))
}

/// Looks at one manifest; `None` where the registry is no server.
pub async fn reach_manifest(
    registry: &dyn Registry,
    repository: &str,
    reference: &Reference,
) -> Option<Result<Reached, RegistryError>> {
    let http = registry.as_http()?;
    Some(http.ask_manifest(repository, reference).await.map(reached))
}

fn reached(answer: Answer) -> Reached {
    let clock = answer.header("date").and_then(|text| {
        let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        Some(Instant::from_unix(at.as_second()))
    });
    let limit = |name: &&'static str| Some((*name, answer.header(name)?.to_owned()));
    Reached { clock, limits: LIMITS.iter().filter_map(limit).collect(), refusal: answer.refusal }
}
