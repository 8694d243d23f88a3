//! The only place that reads the environment, the clock and the terminal's nature.

use std::path::PathBuf;

use crate::{
    evidence::Actor,
    model::{Instant, Platform},
    registry::{AwsKeys, Environment, Secret, credentials::Lookup},
    trust::sign,
};

/// What a CI system does not tell.
const UNKNOWN: &str = "unknown";

/// Returns an environment variable that is set and not empty.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Returns the time, to the second.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub(super) fn now() -> Instant {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Instant::from_unix(i64::try_from(since.as_secs()).unwrap_or(0))
}

/// Returns a secret from the environment.
pub(super) fn secret(name: &str) -> Option<Secret> {
    variable(name).map(Secret::new)
}

/// Returns the password of the signing key: `FONDACO_KEY_PASSWORD`, or cosign's `COSIGN_PASSWORD`.
pub(super) fn key_password() -> Option<Secret> {
    secret(sign::PASSWORD).or_else(|| secret(sign::COSIGN_PASSWORD))
}

/// Returns the folder for what may be lost: layer facts and advisory bundles, both by digest.
pub(super) fn cache() -> PathBuf {
    let explicit = variable("FONDACO_CACHE").map(PathBuf::from);
    let base = variable("XDG_CACHE_HOME").map(PathBuf::from);
    let home = variable("HOME").map(|home| PathBuf::from(home).join(".cache"));
    explicit
        .or_else(|| Some(base.or(home)?.join("fondaco")))
        .unwrap_or_else(|| PathBuf::from(".fondaco-cache"))
}

/// Returns where credentials are looked up. Variables that are not text are passed over.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(super) fn credentials() -> Lookup {
    let text =
        std::env::vars_os().filter_map(|(name, value)| name.into_string().ok().zip(value.into_string().ok()));
    Lookup::from_environment(text.collect::<Environment>())
}

/// Returns the keys with which repositories of Amazon ECR are created: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
/// AWS_SESSION_TOKEN.
pub(super) fn aws_keys() -> Option<AwsKeys> {
    AwsKeys::from_environment(variable)
}

/// Returns on whose behalf the run acts, as far as the CI system tells.
pub(super) fn actor(author: &str) -> Actor {
    let told = |name: &str| variable(name).unwrap_or_else(|| UNKNOWN.to_owned());
    let of = |provider: &str, names: [&str; 4]| Actor {
        provider: provider.to_owned(),
        repository: told(names[0]),
        workflow: told(names[1]),
        run: told(names[2]),
        started_by: told(names[3]),
        author: author.to_owned(),
    };
    if variable("GITLAB_CI").is_some() {
        return of(
            "gitlab",
            ["CI_PROJECT_PATH", "CI_PIPELINE_SOURCE", "CI_PIPELINE_ID", "GITLAB_USER_LOGIN"],
        );
    }
    // Forgejo and Gitea set GITHUB_ACTIONS too, for compatibility; their own variable tells them apart.
    let names = ["GITHUB_REPOSITORY", "GITHUB_WORKFLOW_REF", "GITHUB_RUN_ID", "GITHUB_ACTOR"];
    for (provider, marker) in
        [("forgejo", "FORGEJO_ACTIONS"), ("gitea", "GITEA_ACTIONS"), ("github", "GITHUB_ACTIONS")]
    {
        if variable(marker).is_some() {
            return of(provider, names);
        }
    }
    of("none", [""; 4])
}

/// Returns the platform this program runs on, as images name it.
pub(super) fn platform() -> Platform {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        "powerpc64" => "ppc64le",
        other => other,
    };
    Platform {
        os: "linux".to_owned(),
        architecture: architecture.to_owned(),
        variant: None,
        os_version: None,
    }
}
