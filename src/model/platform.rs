//! Platforms (OCI image specification, `image-index.md`).

use std::{fmt, str::FromStr};

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
    /// Returns whether `found` is what this one asks for: without a variant any will do, and `arm64` is `arm64/v8`.
    pub fn covers(&self, found: &Self) -> bool {
        let variant = |platform: &Self| match (platform.architecture.as_str(), platform.variant.as_deref()) {
            ("arm64", None) => Some("v8".to_owned()),
            (_, variant) => variant.map(str::to_owned),
        };
        (&self.os, &self.architecture) == (&found.os, &found.architecture)
            && (self.variant.is_none() || variant(self) == variant(found))
    }

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

impl FromStr for Platform {
    type Err = String;

    /// Parses `linux/amd64` or `linux/arm/v7`: lower-case letters, digits, `_`, `.` and `-` in two or three parts.
    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b);
        let parts: Vec<&str> = text.split('/').collect();
        let fine = parts.iter().all(|part| (1..=32).contains(&part.len()) && part.bytes().all(plain));
        match parts.as_slice() {
            [os, architecture, rest @ ..] if fine && rest.len() < 2 => Ok(Self {
                os: (*os).to_owned(),
                architecture: (*architecture).to_owned(),
                variant: rest.first().map(|variant| (*variant).to_owned()),
                os_version: None,
            }),
            _ => Err("a platform is written system, architecture and perhaps variant: `linux/amd64`, `linux/arm/v7`"
                .to_owned()),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_covers_what_is_there() {
        let of = |text: &str| text.parse::<Platform>().unwrap();
        for (asked, found, expected) in [
            ("linux/amd64", "linux/amd64", true),
            ("linux/arm64", "linux/arm64/v8", true),
            ("linux/arm64/v8", "linux/arm64", true),
            ("linux/arm", "linux/arm/v7", true),
            ("linux/arm/v7", "linux/arm/v6", false),
            ("linux/arm/v7", "linux/arm", false),
            ("linux/amd64", "windows/amd64", false),
        ] {
            assert_eq!(of(asked).covers(&of(found)), expected, "{asked} {found}");
        }
        for text in ["", "linux", "linux/", "Linux/amd64", "linux/arm/v7/x", "a/b/c\n"] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }
}
