//! Platforms (OCI image specification, `image-index.md`).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The platform an image runs on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Platform {
    pub os: String,
    pub architecture: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    #[serde(default, rename = "os.version", skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
}

impl Platform {
    /// Returns `linux-arm64-v8`: safe in a file name, whatever the image claims.
    pub fn dashed(&self) -> String {
        let safe = |text: &str| -> String {
            let ok = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '_' { c } else { '_' };
            text.chars().take(32).map(ok).collect()
        };
        let mut name = format!("{}-{}", safe(&self.os), safe(&self.architecture));
        if let Some(variant) = &self.variant {
            name.push('-');
            name.push_str(&safe(variant));
        }
        name
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}
