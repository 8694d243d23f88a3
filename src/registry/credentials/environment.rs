//! Environment variables as a value. Read once, in `cli::env`; whoever needs one is handed this.

use std::collections::BTreeMap;

use crate::registry::Secret;

/// What credential programs see of the environment: where they and their own settings are found, the cloud identities
/// that they exchange, proxies and certificates. Never the rest: our passwords are none of their business.
const PASSED_ON: [&str; 25] = [
    "ALL_PROXY",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "DOCKER_CONFIG",
    "GNUPGHOME",
    "GPG_TTY",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "LANG",
    "LOGNAME",
    "MSI_ENDPOINT",
    "NO_PROXY",
    "PASSWORD_STORE_DIR",
    "PATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "USER",
    "WAYLAND_DISPLAY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// Families of variables that are passed on: cloud providers' identities, and where programs keep their files.
const PASSED_ON_FAMILIES: [&str; 7] = ["AWS_", "AZURE_", "CLOUDSDK_", "GCE_", "GOOGLE_", "LC_", "XDG_"];

/// The environment variables of the run. Values are never printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, Secret>);

impl Environment {
    /// Returns the value of a variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Secret::reveal)
    }

    /// Returns the value of the first of these variables that is set and not empty.
    pub fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name))
    }

    /// Returns what a credential program gets to see.
    pub(super) fn passed_on(&self) -> Self {
        let wanted = |name: &str| {
            PASSED_ON.contains(&name) || PASSED_ON_FAMILIES.iter().any(|family| name.starts_with(family))
        };
        let passed = self.0.iter().filter(|(name, _)| wanted(name));
        Self(passed.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.reveal()))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), Secret::new(value)));
        Self(pairs.filter(|(_, value)| !value.reveal().is_empty()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credential_programs_see_no_password_of_ours() {
        let all: Environment = [
            ("PATH", "/bin"),
            ("HOME", "/home/x"),
            ("AWS_REGION", "eu-west-3"),
            ("FONDACO_KEY_PASSWORD", "hunter2"),
            ("HARBOR_PASSWORD", "hunter2"),
            ("CI_JOB_TOKEN", "hunter2"),
            ("EMPTY", ""),
        ]
        .into_iter()
        .collect();
        let names: Vec<_> = all.passed_on().pairs().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(names, ["AWS_REGION", "HOME", "PATH"]);
        assert_eq!(all.get("EMPTY"), None);
        assert!(!format!("{all:?}").contains("hunter2"));
    }
}
