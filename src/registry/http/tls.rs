//! The HTTP clients of one registry, and what people are told where TLS fails.
//!
//! Certificates and proxies come in as values of [`Transport`]; nothing here reads the environment, and reqwest is kept
//! from doing so.

use std::{io::Read as _, path::Path, time::Duration};

use reqwest::{Certificate, Client, ClientBuilder, Identity, NoProxy};
use url::Url;
use zeroize::Zeroizing;

use super::{address, body};
use crate::{
    model::Kind,
    registry::{ClientIdentity, ClientKey, Pem, Proxy, RegistryError, Secret, Transport, asked::Asked},
};

/// The longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Idle connections are closed before servers and proxies do so: a request on a connection that the other side has just
/// closed fails.
const POOL_IDLE: Duration = Duration::from_secs(15);

/// The largest file of certificates or keys that is read: the roots of a whole system have about 250 kilobytes.
const PEM_BYTES_MAX: u64 = 1024 * 1024;

/// The clients of one registry.
#[derive(Debug)]
pub(super) struct Clients {
    /// For the registry's own server.
    own: Client,
    /// For every other one, where ours shows a certificate: an identity goes no further than a password.
    other: Option<Client>,
}

impl Clients {
    /// Returns clients that do what they are told and nothing by themselves: no redirects, no repetition, no proxy from
    /// the environment.
    ///
    /// # Errors
    /// `Invalid` for certificates, keys and proxies that are none, `Denied` where a file or variable of ours is missing.
    pub(super) fn new(host: &str, transport: &Transport) -> Result<Self, RegistryError> {
        let plain = || builder(transport, host);
        let built = |builder: ClientBuilder| builder.build().map_err(|e| unbuilt(e, host));
        Ok(match &transport.identity {
            None => Self { own: built(plain()?)?, other: None },
            Some(identity) => Self {
                own: built(plain()?.identity(client_identity(identity, host)?))?,
                other: Some(built(plain()?)?),
            },
        })
    }

    /// Returns the client for an address; `ours` says whether it is the registry's own server.
    pub(super) fn of(&self, ours: bool) -> &Client {
        self.other.as_ref().filter(|_| !ours).unwrap_or(&self.own)
    }
}

fn unbuilt(error: reqwest::Error, host: &str) -> RegistryError {
    let text = body::chain(error);
    if text.contains("No CA certificates were loaded") {
        return misconfigured(host, "this machine has no certificate authorities: set `SSL_CERT_FILE`");
    }
    misconfigured(host, &text)
}

fn misconfigured(host: &str, detail: &str) -> RegistryError {
    RegistryError::no_connection(host, detail, Kind::Invalid)
}

fn builder(transport: &Transport, host: &str) -> Result<ClientBuilder, RegistryError> {
    let mut builder = Client::builder()
        .user_agent(concat!("fondaco/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        .connect_timeout(CONNECT)
        .pool_idle_timeout(POOL_IDLE)
        .no_proxy();
    if let Some(pem) = &transport.authorities {
        builder = builder.tls_certs_merge(certificates(pem, host)?);
    }
    if let Proxy::Through { https, http, except } = &transport.proxy {
        let except = || NoProxy::from_string(except);
        if let Some(address) = https {
            let proxy = reqwest::Proxy::https(proxy_address(address, host)?);
            builder = builder.proxy(proxy.map_err(|_| not_a_proxy(host))?.no_proxy(except()));
        }
        if let Some(address) = http {
            let proxy = reqwest::Proxy::http(proxy_address(address, host)?);
            builder = builder.proxy(proxy.map_err(|_| not_a_proxy(host))?.no_proxy(except()));
        }
    }
    Ok(builder)
}

/// Returns the address of a proxy. People write `proxy:3128`, too.
fn proxy_address(address: &Secret, host: &str) -> Result<Url, RegistryError> {
    let text = address.reveal();
    let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url: Url = whole.parse().map_err(|_| not_a_proxy(host))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        _ => Err(misconfigured(
            host,
            &format!("the proxy `{}` is neither http nor https", address::shown(&url)),
        )),
    }
}

fn not_a_proxy(host: &str) -> RegistryError {
    misconfigured(host, "what is configured as its proxy is not an address")
}

fn certificates(pem: &Pem, host: &str) -> Result<Vec<Certificate>, RegistryError> {
    let (place, text) = text_of(pem, host)?;
    let none = || misconfigured(host, &format!("{place} holds no certificate"));
    let certificates = Certificate::from_pem_bundle(&text).map_err(|_| none())?;
    if certificates.is_empty() { Err(none()) } else { Ok(certificates) }
}

fn client_identity(identity: &ClientIdentity, host: &str) -> Result<Identity, RegistryError> {
    let (certificate_place, mut text) = text_of(&identity.certificate, host)?;
    let (key_place, key) = match &identity.key {
        ClientKey::Variable { name, text: Some(text) } => {
            (format!("the variable `{name}`"), Zeroizing::new(text.reveal().as_bytes().to_vec()))
        }
        ClientKey::Variable { name, text: None } => {
            let detail = "it is not set, and the `Registry` document says that it holds the client's key";
            let place = format!("the variable `{name}`");
            return Err(RegistryError::no_credential(host, &place, detail, Kind::Denied));
        }
        ClientKey::File(path) => (format!("`{}`", path.display()), read(path, host)?),
    };
    text.push(b'\n');
    text.extend_from_slice(&key);
    Identity::from_pem(&text).map_err(|_| {
        misconfigured(host, &format!("{certificate_place} and {key_place} are not a certificate and its key"))
    })
}

fn text_of(pem: &Pem, host: &str) -> Result<(String, Zeroizing<Vec<u8>>), RegistryError> {
    Ok(match pem {
        Pem::Text { path, text } => (format!("`{path}`"), Zeroizing::new(text.as_bytes().to_vec())),
        Pem::File(path) => (format!("`{}`", path.display()), read(path, host)?),
    })
}

fn read(path: &Path, host: &str) -> Result<Zeroizing<Vec<u8>>, RegistryError> {
    let failed = |detail: &str| {
        let place = format!("`{}`", path.display());
        RegistryError::no_credential(host, &place, detail, Kind::Denied)
    };
    let file = std::fs::File::open(path).map_err(|error| failed(&error.to_string()))?;
    let mut text = Zeroizing::new(Vec::new());
    file.take(PEM_BYTES_MAX + 1).read_to_end(&mut text).map_err(|error| failed(&error.to_string()))?;
    if text.len() as u64 > PEM_BYTES_MAX {
        return Err(failed(&format!("more than {PEM_BYTES_MAX} bytes")));
    }
    Ok(text)
}

/// Turns a failed request into an error. What TLS objects to will not pass by itself and is not tried again.
pub(super) fn failure(error: reqwest::Error, asked: &Asked) -> RegistryError {
    let server = error.url().and_then(address::server).unwrap_or_else(|| asked.host.clone());
    // rustls is not ours to name; the tests hold its words against real handshakes.
    let text = body::chain(error);
    let said = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let (detail, kind) = if said(&["not valid for name", "NotValidForName"]) {
        ("its certificate is for another name; nothing was sent", Kind::Invalid)
    } else if said(&["UnknownIssuer", "BadSignature", "CaUsedAsEndEntity"]) {
        (UNKNOWN_AUTHORITY, Kind::Invalid)
    } else if said(&["certificate expired", "not valid yet", "Expired", "NotValidYet"]) {
        ("its certificate is not valid today; nothing was sent", Kind::Invalid)
    } else if said(&["invalid peer certificate"]) {
        (text.as_str(), Kind::Invalid)
    } else if said(&["CertificateRequired"]) {
        (CLIENT_UNKNOWN, Kind::Denied)
    } else if said(&["InvalidContentType"]) {
        (NO_TLS, Kind::Invalid)
    } else if said(&["proxy authorization required"]) {
        ("the proxy wants a user name and password, which belong into `HTTPS_PROXY`", Kind::Denied)
    } else if said(&["received fatal alert"]) {
        (text.as_str(), Kind::Denied)
    } else {
        return asked.unavailable(text);
    };
    RegistryError::no_connection(&server, detail, kind)
}

const UNKNOWN_AUTHORITY: &str = "its certificate is not from an authority that is trusted here; nothing was sent \
    (a private authority is named in `spec.access.ca` of the `Registry` document, for Transit in `caFile`)";

const NO_TLS: &str = "it does not answer in TLS (a registry without is declared with `plainHTTP`)";

const CLIENT_UNKNOWN: &str = "it wants a client certificate (`spec.access.clientCertificate` of the `Registry` \
    document names one)";
