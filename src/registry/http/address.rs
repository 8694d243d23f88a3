//! Addresses: what a registry may send us to, and how addresses are shown.

use std::net::{IpAddr, Ipv6Addr};

use url::{Host, Url};

/// Returns an address without query, fragment and user information: signed queries are credentials.
pub(super) fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

/// Returns the host of an address, with its port where it is not the usual one.
pub(super) fn server(url: &Url) -> Option<String> {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}{port}", url.host_str()?))
}

/// Returns whether both addresses are the same server, which is what a credential is bound to.
pub(super) fn same_origin(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme() && a.host() == b.host() && a.port_or_known_default() == b.port_or_known_default()
}

/// Returns why a registry at `base` may not send a request on from `from` to `to`, or `None` where it may. Holds for
/// redirects, upload sessions and token realms alike.
///
/// Only names and literal addresses are looked at. A public name that resolves to a local address passes: private
/// networks are where sovereign registries are, and no credential of another host goes there.
pub(super) fn objection(base: &Url, from: &Url, to: &Url) -> Option<&'static str> {
    match to.scheme() {
        "https" => {}
        "http" if from.scheme() == "http" => {}
        "http" => return Some("it leads from https to http"),
        _ => return Some("it is neither https nor http"),
    }
    if !to.username().is_empty() || to.password().is_some() {
        return Some("it carries user information");
    }
    let locality = locality(to);
    if locality != Locality::Elsewhere && locality != self::locality(base) {
        return Some("it leads to an address of this machine or link");
    }
    None
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Locality {
    Loopback,
    LinkLocal,
    Elsewhere,
}

fn locality(url: &Url) -> Locality {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            let local = name == "localhost" || name.ends_with(".localhost");
            if local { Locality::Loopback } else { Locality::Elsewhere }
        }
        Some(Host::Ipv4(address)) => of_address(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => of_address(unmapped(address)),
        None => Locality::Elsewhere,
    }
}

fn unmapped(address: Ipv6Addr) -> IpAddr {
    address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4)
}

fn of_address(address: IpAddr) -> Locality {
    let link_local = match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    // The unspecified address reaches this machine on Linux.
    if address.is_loopback() || address.is_unspecified() {
        Locality::Loopback
    } else if link_local {
        Locality::LinkLocal
    } else {
        Locality::Elsewhere
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(base: &str, to: &str) -> bool {
        let base: Url = base.parse().unwrap();
        objection(&base, &base, &to.parse().unwrap()).is_some()
    }

    #[test]
    fn a_public_registry_sends_nobody_to_this_machine_or_to_plain_http() {
        let attacks = [
            "http://evil.example/",
            "https://localhost/",
            "https://x.localhost./",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://0x7f000001/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://0.0.0.0/",
            "https://169.254.169.254/latest/meta-data",
            "https://[fe80::1]/",
            "https://user:secret@cdn.example/",
            "ftp://cdn.example/",
            "file:///etc/passwd",
        ];
        for to in attacks {
            assert!(objects("https://registry.example/", to), "{to}");
        }
        assert!(!objects("https://registry.example/", "https://cdn.example/blob?sig=x"));
    }

    #[test]
    fn a_registry_on_this_machine_may_stay_there() {
        assert!(!objects("http://127.0.0.1:5000/", "http://localhost:5001/token"));
        assert!(!objects("http://127.0.0.1:5000/", "https://auth.example/token"));
        assert!(objects("http://127.0.0.1:5000/", "http://169.254.169.254/"));
    }

    #[test]
    fn signed_queries_are_not_shown() {
        let url: Url = "https://u:p@cdn.example:8443/blob/1?X-Amz-Signature=abc#f".parse().unwrap();
        assert_eq!(shown(&url), "https://cdn.example:8443/blob/1");
    }
}
