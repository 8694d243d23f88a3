//! What a registry has been asked so far.

use std::collections::BTreeMap;

use serde::Serialize;

use super::ActionGroup;

/// What one registry has been asked and has moved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// By method and action (`HEAD manifest`, `POST mount`). Repeated requests, redirects and token requests count.
    #[serde(skip)]
    pub requests: BTreeMap<String, u64>,
    /// The same requests as registries count them together; redirects to other hosts are not among them.
    pub groups: BTreeMap<ActionGroup, u64>,
    /// Manifests that were delivered: what Docker Hub counts as pulls, each platform's included, HEAD not.
    pub pulls: u64,
    /// Blobs that were mounted.
    pub mounts: u64,
    /// Bytes of manifests and blobs that arrived.
    pub bytes_read: u64,
    /// Bytes of manifests and blobs that were sent.
    pub bytes_written: u64,
    /// What the registry said last about how much may still be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowance: Option<Allowance>,
}

/// What a registry says may still be asked (`RateLimit-Remaining` and its relatives).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Allowance {
    /// The requests that it speaks about.
    pub group: ActionGroup,
    pub remaining: u64,
    /// Requests in a whole window, where the registry says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Length of the window in seconds, where the registry says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_s: Option<u64>,
}
