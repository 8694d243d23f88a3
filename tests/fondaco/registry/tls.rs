//! The way to a registry: authorities, names, client certificates, proxies, and where a registry may not send us.

use std::sync::Mutex;

use fondaco::{
    model::Digest,
    registry::{ClientIdentity, ClientKey, Pem, Proxy, Transport},
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::fake::{Auth, Authority, Fake, Options};

fn trusting(authority: &Authority) -> Transport {
    let pem = Pem::Text { path: "trust/ca.pem".to_owned(), text: authority.pem() };
    Transport { authorities: Some(pem), ..Transport::default() }
}

fn by(host: &str, plain: bool, transport: Transport) -> Result<Arc<dyn Registry>, RegistryError> {
    open(&Access { transport, ..Access::new(host, Endpoint::Http { plain }, Credential::Anonymous) })
}

fn by_tls(fake: &Fake, transport: Transport) -> Arc<dyn Registry> {
    by(&fake.address, false, transport).unwrap()
}

fn showing(authority: &Authority, transport: Transport) -> Transport {
    let (certificate, key) = authority.client();
    let certificate = Pem::Text { path: "trust/us.pem".to_owned(), text: certificate };
    let key = ClientKey::Variable { name: "CLIENT_KEY".to_owned(), text: Some(Secret::new(key)) };
    Transport { identity: Some(ClientIdentity { certificate, key }), ..transport }
}

fn tokens() -> Auth {
    let (username, password, identity) = ("robot".to_owned(), "secret".to_owned(), "refresh".to_owned());
    Auth::Bearer { username, password, identity, anonymous_pull: true }
}

async fn failure(registry: &dyn Registry) -> String {
    registry.head_blob("a", &Digest::sha256(b"x")).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_private_authority_is_trusted_where_the_document_names_it() {
    let authority = Authority::new();
    let fake = Fake::start_tls(Options::default(), authority.server("127.0.0.1"));
    let digest = fake.blob("a", "x");
    let registry = by_tls(&fake, trusting(&authority));
    assert_eq!(registry.head_blob("a", &digest).await, Ok(Some(1)));
    push(&*registry, "b", b"layer").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    let transport = Transport { authorities: Some(Pem::File(file)), ..Transport::default() };
    assert_eq!(by_tls(&fake, transport).head_blob("a", &digest).await, Ok(Some(1)));
}

#[tokio::test]
async fn an_authority_that_nobody_named_is_not_trusted() {
    let (authority, other) = (Authority::new(), Authority::new());
    let fake = Fake::start_tls(Options::default(), authority.server("127.0.0.1"));
    for transport in [Transport::default(), trusting(&other)] {
        assert_eq!(
            failure(&*by_tls(&fake, transport)).await,
            format!(
                "no connection to `{}`: its certificate is not from an authority that is trusted here; nothing was \
                 sent (a private authority is named in `spec.access.ca` of the `Registry` document, for Transit in `caFile`)",
                fake.address
            )
        );
    }
    assert!(fake.log().is_empty());
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new();
    let fake = Fake::start_tls(Options::default(), authority.server("registry.example"));
    assert_eq!(
        failure(&*by_tls(&fake, trusting(&authority))).await,
        format!("no connection to `{}`: its certificate is for another name; nothing was sent", fake.address)
    );
    assert!(fake.log().is_empty());
}

#[tokio::test]
async fn a_registry_without_tls_is_not_asked_without_it() {
    let fake = Fake::start(Options::default());
    assert_eq!(
        failure(&*by_tls(&fake, Transport::default())).await,
        format!(
            "no connection to `{}`: it does not answer in TLS (a registry without is declared with `plainHTTP`)",
            fake.address
        )
    );
}

#[tokio::test]
async fn a_registry_that_wants_a_client_certificate_gets_the_one_that_is_named() {
    let authority = Authority::new();
    let fake = Fake::start_tls(Options::default(), authority.server_for_known_clients("127.0.0.1"));
    let digest = fake.blob("a", "x");
    assert_eq!(
        failure(&*by_tls(&fake, trusting(&authority))).await,
        format!(
            "no connection to `{}`: it wants a client certificate (`spec.access.clientCertificate` of the `Registry` \
             document names one)",
            fake.address
        )
    );
    let registry = by_tls(&fake, showing(&authority, trusting(&authority)));
    assert_eq!(registry.head_blob("a", &digest).await, Ok(Some(1)));
    push(&*registry, "b", b"layer").await.unwrap();
}

#[tokio::test]
async fn the_client_certificate_does_not_follow_a_redirect() {
    let authority = Authority::new();
    let storage = Fake::start_tls(Options::default(), authority.server_for_known_clients("127.0.0.1"));
    let redirect_blobs = Some(format!("https://{}", storage.address));
    let known = authority.server_for_known_clients("127.0.0.1");
    let fake = Fake::start_tls(Options { redirect_blobs, ..Options::default() }, known);
    let digest = fake.blob("a", "x");
    let registry = by_tls(&fake, showing(&authority, trusting(&authority)));
    let error = registry.get_blob("a", &digest).await.err().unwrap();
    let begins = format!("no connection to `{}`: it wants a client certificate", storage.address);
    assert!(error.to_string().starts_with(&begins), "{error}");
    assert!(storage.log().is_empty());
}

#[tokio::test]
async fn what_is_named_and_is_not_there_or_not_right_is_an_error_at_once() {
    let authority = Authority::new();
    let (certificate, key) = authority.client();
    let pem = |text: &str| Pem::Text { path: "trust/us.pem".to_owned(), text: text.to_owned() };
    let variable = |text: Option<&str>| ClientKey::Variable {
        name: "CLIENT_KEY".to_owned(),
        text: text.map(Secret::new),
    };
    let identity = |certificate: Pem, key: ClientKey| Transport {
        identity: Some(ClientIdentity { certificate, key }),
        ..Transport::default()
    };
    let authorities = |pem: Pem| Transport { authorities: Some(pem), ..Transport::default() };
    let proxy = |address: &str| Transport { proxy: Proxy::at(address), ..Transport::default() };
    let cases = [
        (authorities(pem("hunter2")), "no connection to `h.example`: `trust/us.pem` holds no certificate"),
        (
            authorities(Pem::File("/missing/ca.pem".into())),
            "no credential for `h.example` from `/missing/ca.pem`: No such file or directory (os error 2)",
        ),
        (
            identity(pem(&certificate), variable(None)),
            "no credential for `h.example` from the variable `CLIENT_KEY`: it is not set, and the `Registry` document \
             says that it holds the client's key",
        ),
        (
            identity(pem(&certificate), variable(Some("hunter2"))),
            "no connection to `h.example`: `trust/us.pem` and the variable `CLIENT_KEY` are not a certificate and its \
             key",
        ),
        (
            identity(pem(""), variable(Some(&key))),
            "no connection to `h.example`: `trust/us.pem` and the variable `CLIENT_KEY` are not a certificate and its \
             key",
        ),
        (
            proxy("socks5://u:hunter2@proxy.example:1080"),
            "no connection to `h.example`: the proxy `socks5://proxy.example:1080` is neither http nor https",
        ),
        (
            proxy("http://u:hunter2@:x"),
            "no connection to `h.example`: what is configured as its proxy is not an address",
        ),
    ];
    for (transport, expected) in cases {
        assert_eq!(by("h.example", false, transport).unwrap_err().to_string(), expected);
    }
}

/// A proxy that tunnels to wherever it is asked, or refuses; with the heads of the requests it has seen.
async fn tunnel(refusal: Option<&'static str>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heads = Arc::new(Mutex::new(vec![]));
    let seen = Arc::clone(&heads);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut head = vec![];
            while !head.ends_with(b"\r\n\r\n") {
                head.push(client.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            let to = head.split(' ').nth(1).unwrap().to_owned();
            seen.lock().unwrap().push(head);
            if let Some(refusal) = refusal {
                client.write_all(refusal.as_bytes()).await.unwrap();
                continue;
            }
            let mut server = tokio::net::TcpStream::connect(to).await.unwrap();
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
        }
    });
    (address, heads)
}

#[tokio::test]
async fn a_proxy_tunnels_and_knows_us_by_its_own_password() {
    let authority = Authority::new();
    let fake = Fake::start_tls(Options::default(), authority.server("127.0.0.1"));
    let digest = fake.blob("a", "x");
    let (proxy, heads) = tunnel(None).await;
    let through = |except: &str| Transport {
        proxy: Proxy::Through {
            https: Some(Secret::new(format!("http://user:hunter2@{proxy}"))),
            http: None,
            except: except.to_owned(),
        },
        ..trusting(&authority)
    };
    let straight = by_tls(&fake, through("other.example,127.0.0.0/8"));
    assert_eq!(straight.head_blob("a", &digest).await, Ok(Some(1)));
    assert!(heads.lock().unwrap().is_empty(), "it is among the exceptions");
    assert_eq!(by_tls(&fake, through("")).head_blob("a", &digest).await, Ok(Some(1)));
    let heads = heads.lock().unwrap();
    assert_eq!(heads.len(), 1);
    assert!(heads[0].starts_with(&format!("CONNECT {} HTTP/1.1\r\n", fake.address)), "{heads:?}");
    // "user:hunter2" in base64.
    assert!(heads[0].to_lowercase().contains("proxy-authorization: basic dxnlcjpodw50zxiy"), "{heads:?}");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_without_its_password() {
    let (proxy, _) =
        tunnel(Some("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")).await;
    let through =
        Transport { proxy: Proxy::at(&format!("http://user:hunter2@{proxy}")), ..Transport::default() };
    let error =
        by("h.example", false, through).unwrap().head_blob("a", &Digest::sha256(b"x")).await.unwrap_err();
    let begins = "no connection to `h.example`: the proxy";
    assert!(error.to_string().starts_with(begins), "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

/// Returns a registry of this name, which really is `fake`, reached as a proxy that answers itself.
fn as_public(fake: &Fake) -> Arc<dyn Registry> {
    let proxy = Proxy::at(&format!("http://{}", fake.address));
    by("registry.example", true, Transport { proxy, ..Transport::default() }).unwrap()
}

#[tokio::test]
async fn a_public_registry_leads_nobody_to_this_machine() {
    let fake = Fake::start(Options::default());
    let digest = fake.blob("a", "x");
    let registry = as_public(&fake);
    assert_eq!(registry.head_blob("a", &digest).await, Ok(Some(1)));
    for local in ["http://localhost:5000", "http://127.0.0.1:5000", "http://[::1]", "http://169.254.169.254"]
    {
        fake.set(|options| options.redirect_blobs = Some(local.to_owned()));
        let error = registry.get_blob("a", &digest).await.err().unwrap();
        assert_eq!(
            error.to_string(),
            format!(
                "`registry.example` answered blob `a@{digest}` with something invalid: a Location that is not \
                 followed: it leads to an address of this machine or link"
            ),
            "{local}"
        );
    }
    fake.set(|options| {
        (options.auth, options.realm) = (tokens(), Some("http://localhost:5000/token".to_owned()));
    });
    let error = registry.head_blob("a", &digest).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`registry.example` answered a token with something invalid: the realm `http://localhost:5000/token` is not \
         asked: it leads to an address of this machine or link"
    );
}

#[tokio::test]
async fn a_registry_with_tls_leads_nobody_out_of_it() {
    let authority = Authority::new();
    let plain = Fake::start(Options::default());
    let redirect_blobs = Some(format!("http://{}", plain.address));
    let fake =
        Fake::start_tls(Options { redirect_blobs, ..Options::default() }, authority.server("127.0.0.1"));
    let digest = fake.blob("a", "x");
    plain.blob("a", "x");
    let registry = by_tls(&fake, trusting(&authority));
    let error = registry.get_blob("a", &digest).await.err().unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "`{}` answered blob `a@{digest}` with something invalid: a Location that is not followed: it leads from \
             https to http",
            fake.address
        )
    );
    let realm = format!("http://{}/token", plain.address);
    fake.set(|options| (options.auth, options.realm) = (tokens(), Some(realm.clone())));
    assert_eq!(
        failure(&*registry).await,
        format!(
            "`{}` answered a token with something invalid: the realm `{realm}` is not asked: it leads from https to \
             http",
            fake.address
        )
    );
    assert!(plain.log().is_empty());
}
