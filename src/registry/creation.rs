//! Leave to create missing repositories, as somebody has given it: where, by whose keys, and below which paths.

use super::{AwsKeys, quirks};

/// Everything that is needed to create a repository of Amazon ECR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creation {
    pub keys: AwsKeys,
    pub region: String,
    /// Address of the programming interface, `https://api.ecr.<region>.amazonaws.com/`.
    pub endpoint: String,
    /// Paths of the mirror on this registry: its quarantine and its consumers' targets. Nothing else is created.
    pub below: Vec<String>,
}

impl Creation {
    /// Returns the leave for the registry at `host`, or `None` where that is none of Amazon's.
    pub fn of(host: &str, keys: AwsKeys, below: Vec<String>) -> Option<Self> {
        let region = quirks::ecr_region(host)?.to_owned();
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let endpoint = format!("https://api.ecr.{region}.{domain}/");
        Some(Self { keys, region, endpoint, below })
    }

    /// Returns whether a repository is one of the mirror's own.
    pub(super) fn covers(&self, repository: &str) -> bool {
        self.below.iter().any(|path| {
            let rest = repository.strip_prefix(path.as_str());
            rest.is_some_and(|rest| path.is_empty() || rest.is_empty() || rest.starts_with('/'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Secret;

    fn of(host: &str, below: &[&str]) -> Option<Creation> {
        let keys = AwsKeys {
            access_key: "AKIDEXAMPLE".to_owned(),
            secret_key: Secret::new("secret"),
            session_token: None,
        };
        Creation::of(host, keys, below.iter().map(|&path| path.to_owned()).collect())
    }

    #[test]
    fn the_interface_is_that_of_the_own_region_of_the_registry() {
        let endpoint = |host: &str| of(host, &[]).map(|creation| creation.endpoint);
        assert_eq!(
            endpoint("123456789012.dkr.ecr.eu-west-3.amazonaws.com").as_deref(),
            Some("https://api.ecr.eu-west-3.amazonaws.com/")
        );
        assert_eq!(
            endpoint("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn").as_deref(),
            Some("https://api.ecr.cn-north-1.amazonaws.com.cn/")
        );
        assert_eq!(endpoint("registry.acme.example"), None);
    }

    #[test]
    fn only_the_mirrors_own_paths_are_covered() {
        let creation =
            of("123456789012.dkr.ecr.eu-west-3.amazonaws.com", &["mirror/quarantine", "payments"]).unwrap();
        for own in ["mirror/quarantine/docker.io/library/nginx", "payments/nginx", "payments"] {
            assert!(creation.covers(own), "{own}");
        }
        for foreign in ["mirror", "mirror/other", "payments2/nginx", "pay", "x/payments/nginx"] {
            assert!(!creation.covers(foreign), "{foreign}");
        }
    }
}
