//! TLS for the in-process registry: an authority of its own, certificates for any name, clients known by certificate.

use std::{net::SocketAddr, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer},
        server::WebPkiClientVerifier,
    },
    server::TlsStream,
};

/// A certificate authority that no system knows.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// What a server shows, and whether it wants to know its clients.
#[derive(Clone)]
pub(crate) struct Tls(Arc<ServerConfig>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Returns the authority's certificate as PEM text.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// Returns a certificate and its private key as PEM texts, for a client.
    pub(crate) fn client(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["client.example".to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }

    /// Returns a server's side with a certificate for `name`.
    pub(crate) fn server(&self, name: &str) -> Tls {
        Tls(Arc::new(self.config(name, false)))
    }

    /// Returns a server's side that takes only clients with a certificate of this authority.
    pub(crate) fn server_for_known_clients(&self, name: &str) -> Tls {
        Tls(Arc::new(self.config(name, true)))
    }

    fn config(&self, name: &str, known_clients: bool) -> ServerConfig {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let builder =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder = if known_clients {
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate: CertificateDer<'static> = params.signed_by(&key, &self.0).unwrap().into();
        builder
            .with_single_cert(vec![certificate], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap()
    }
}

/// A listener whose connections speak TLS.
pub(super) struct TlsListener {
    pub(super) inner: TcpListener,
    pub(super) tls: Tls,
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, address)) = self.inner.accept().await else { continue };
            match TlsAcceptor::from(Arc::clone(&self.tls.0)).accept(stream).into_fallible().await {
                Ok(stream) => return (stream, address),
                Err((_, stream)) => drop(tokio::spawn(say_goodbye(stream))),
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.inner.local_addr()
    }
}

/// Reads until the client is gone: a socket closed with unread bytes takes back the alert that tells the reason.
async fn say_goodbye(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
}
