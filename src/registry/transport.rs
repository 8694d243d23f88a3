//! Whom to trust on the way to a registry, and which way to go: certificate authorities, client certificates, proxies.
//!
//! Values only; `http/tls.rs` makes a client of them.

use std::path::PathBuf;

use super::{Environment, Secret};

/// The way to one registry. The default trusts the authorities of the system and goes straight.
#[derive(Debug, Clone, Default)]
pub struct Transport {
    /// Certificates of authorities that are trusted beside those of the system.
    pub authorities: Option<Pem>,
    /// Shown to a registry that wants to know its clients by certificate; to no other host.
    pub identity: Option<ClientIdentity>,
    pub proxy: Proxy,
}

/// Certificates as PEM text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pem {
    /// From the manifest repository, with the path there.
    Text { path: String, text: String },
    /// A file of this machine, read when the registry is opened.
    File(PathBuf),
}

/// A certificate that says who we are, and its private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientIdentity {
    pub certificate: Pem,
    pub key: ClientKey,
}

/// Where the private key of a client certificate is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientKey {
    /// The value of a variable, `None` where it is not set.
    Variable {
        name: String,
        text: Option<Secret>,
    },
    File(PathBuf),
}

/// Which proxies requests go through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Proxy {
    #[default]
    None,
    /// Addresses may carry a password; they are not shown.
    Through {
        https: Option<Secret>,
        http: Option<Secret>,
        /// Hosts that are reached without, in the form of `NO_PROXY`.
        except: String,
    },
}

impl Proxy {
    /// Returns the proxies that the environment names, as curl and container tools read it.
    pub fn from_environment(environment: &Environment) -> Self {
        let address = |names: [&str; 4]| environment.first(&names).map(Secret::new);
        let https = address(["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]);
        let http = address(["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]);
        if https.is_none() && http.is_none() {
            return Self::None;
        }
        let except = environment.first(&["NO_PROXY", "no_proxy"]).unwrap_or_default().to_owned();
        Self::Through { https, http, except }
    }

    /// Returns one proxy for everything.
    pub fn at(address: &str) -> Self {
        let address = Some(Secret::new(address));
        Self::Through { https: address.clone(), http: address, except: String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_read_as_other_tools_read_them() {
        let read = |pairs: &[(&str, &str)]| Proxy::from_environment(&pairs.iter().copied().collect());
        let through = |https: Option<&str>, http: Option<&str>, except: &str| Proxy::Through {
            https: https.map(Secret::new),
            http: http.map(Secret::new),
            except: except.to_owned(),
        };
        assert_eq!(read(&[("NO_PROXY", "*")]), Proxy::None);
        assert_eq!(read(&[("https_proxy", "http://a")]), through(Some("http://a"), None, ""));
        let both = [("HTTPS_PROXY", "http://b"), ("https_proxy", "http://a"), ("no_proxy", "c")];
        assert_eq!(read(&both), through(Some("http://b"), None, "c"));
        let all = [("ALL_PROXY", "http://a"), ("HTTP_PROXY", "http://b")];
        assert_eq!(read(&all), through(Some("http://a"), Some("http://b"), ""));
    }
}
