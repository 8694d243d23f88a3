//! SLSA verification summary, VSA (slsa.dev/verification_summary/v1, and v0.2 with other spellings).

use std::collections::{BTreeMap, BTreeSet};

use super::{Content, Told, json::Object, shown};
use crate::model::{Instant, StatementKind};

/// The most levels of a summary: the tracks of SLSA have one each, and organisations add some of their own.
const LEVELS_MAX: usize = 64;

/// What somebody verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// `PASSED` or `FAILED`; any other text counts as failed.
    pub result: String,
    pub levels: BTreeSet<String>,
    /// What was verified, as its verifier writes it.
    pub resource: String,
    pub policy: Option<String>,
    pub at: Option<Instant>,
}

impl Summary {
    /// Returns whether the verification passed.
    pub(super) fn passed(&self) -> Result<(), String> {
        let result = shown(&self.result);
        if self.result == "PASSED" { Ok(()) } else { Err(format!("its verification result is `{result}`")) }
    }
}

pub(super) fn read(predicate: Object<'_>) -> Result<Told, String> {
    let either = |new: &'static str, old: &'static str| match (predicate.text(new)?, predicate.text(old)?) {
        (Some(_), Some(_)) => Err(format!("`{new}` and `{old}` are both there")),
        (one, other) => Ok(one.or(other)),
    };
    let verifier = predicate.required_object("verifier")?.required_text("id")?;
    let result =
        either("verificationResult", "verification_result")?.ok_or("`verificationResult` is missing")?;
    let resource = either("resourceUri", "resource_uri")?.ok_or("`resourceUri` is missing")?;
    let at = either("timeVerified", "time_verified")?.map(str::parse::<Instant>);
    let policy = predicate.object("policy")?.map_or(Ok(None), |policy| policy.text("uri"))?;
    let summary = Summary {
        result: result.to_owned(),
        levels: levels(predicate, either("policyLevel", "policy_level")?)?,
        resource: resource.to_owned(),
        policy: policy.map(ToOwned::to_owned),
        at: at.transpose().map_err(|error| error.to_string())?,
    };
    let says = BTreeMap::from([(StatementKind::Verifier, verifier.to_owned())]);
    Ok(Told { says, content: Content::Summary(summary) })
}

/// Returns the verified levels: `verifiedLevels` since v1.0, one `policyLevel` before.
fn levels(predicate: Object<'_>, policy_level: Option<&str>) -> Result<BTreeSet<String>, String> {
    let listed = predicate.list("verifiedLevels")?;
    if listed.len() > LEVELS_MAX {
        return Err(format!("`verifiedLevels` has more than {LEVELS_MAX} levels"));
    }
    let mut levels: BTreeSet<String> = policy_level.into_iter().map(ToOwned::to_owned).collect();
    for level in listed {
        let level = level.as_str().ok_or("a level is no text")?;
        super::json::bounded(level, "verifiedLevels")?;
        levels.insert(level.to_owned());
    }
    Ok(levels)
}
