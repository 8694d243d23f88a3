//! `TrustPolicy`: who must have signed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::manifest::text::{InsidePath, Name, PublicKey};
use crate::model::Verdict;

/// Who must have signed an image, and what each way of not having it signed leads to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "trust policy")]
pub struct TrustPolicySpec {
    /// The publisher's public keys; a signature by any of them is enough. At least one, because a policy without a key
    /// trusts nobody.
    #[schemars(length(min = 1))]
    pub keys: Vec<TrustedKey>,
    /// When the registry answered and there is no signature. Default `hold`: publishers sign after they push.
    #[serde(default = "hold")]
    pub absent: Action,
    /// When there are signatures, but none by these keys. Default `refuse`: somebody else vouches for it.
    #[serde(default = "refuse")]
    pub foreign: Action,
    /// When a signature claims one of these keys and does not hold. Default `refuse`: that is what tampering looks like.
    #[serde(default = "refuse")]
    pub invalid: Action,
    /// When it could not be found out. Default `hold`: trying again may help, and a registry error is no statement.
    #[serde(default = "hold")]
    pub undeterminable: Action,
}

const fn hold() -> Action {
    Action::Hold
}

const fn refuse() -> Action {
    Action::Refuse
}

/// A public key, as a file or as text: exactly one of `path` and `pem`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "key", extend("oneOf" = [{"required": ["path"]}, {"required": ["pem"]}]))]
pub struct TrustedKey {
    /// How records call the key.
    pub name: Name,
    /// Path of the public key's PEM file below `trust/` or `keys/`, relative to the manifest repository.
    pub path: Option<InsidePath>,
    /// The public key's PEM text.
    pub pem: Option<PublicKey>,
}

/// What an outcome leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// The image is refused until the image or the policy changes.
    Refuse,
    /// The image waits in quarantine and is looked at again in the next run.
    Hold,
    /// The outcome is recorded and does not stop the image.
    Record,
}

impl Action {
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Refuse => Verdict::Refused,
            Self::Hold => Verdict::Held,
            Self::Record => Verdict::Cleared,
        }
    }
}
