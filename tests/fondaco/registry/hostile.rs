//! Servers that answer with the wrong thing, without end, or not at all; and what a user is told.

use std::time::Duration;

use fondaco::model::{MANIFEST_BYTES_MAX, Reference};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use super::*;
use crate::fake::{Auth, Fake, Fault, FaultBody, Options, Referrers};

fn fault(action: &str, body: FaultBody) -> Options {
    let fault = Fault { body, ..Fault::new(action, 200, usize::MAX) };
    Options { faults: vec![fault], referrers: Referrers::On, ..Options::default() }
}

#[tokio::test]
async fn a_page_instead_of_json_is_no_answer() {
    let fake = Fake::start(fault("GET manifest", FaultBody::Html));
    let error = anonymous(&fake).get_manifest("a", &Reference::tag("1")).await.unwrap_err();
    let host = &fake.address;
    let expected = format!(
        "`{host}` answered manifest `a:1` with something invalid: not a manifest: broken JSON at line 1, column 1"
    );
    assert_eq!(error.to_string(), expected);

    let digest = Digest::sha256(b"x");
    let fake = Fake::start(fault("GET referrers", FaultBody::Html));
    let error = anonymous(&fake).referrers("a", &digest).await.unwrap_err();
    let expected =
        format!("`{}` answered the referrers of `a@{digest}` with something invalid: ", fake.address);
    assert!(error.to_string().starts_with(&expected), "{error}");

    let (username, password, identity) = ("robot".to_owned(), "secret".to_owned(), "refresh".to_owned());
    let auth = Auth::Bearer { username, password, identity, anonymous_pull: true };
    let fake = Fake::start(Options { auth, ..fault("GET token", FaultBody::Html) });
    let error = anonymous(&fake).head_blob("a", &digest).await.unwrap_err();
    let expected = format!(
        "`{host}` answered a token from `http://{host}/token` with something invalid: the answer holds no token",
        host = fake.address
    );
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let tag = Reference::tag("1");
    let digest = Digest::sha256(b"x");
    let fake = Fake::start(fault("GET manifest", FaultBody::Endless));
    let error = anonymous(&fake).get_manifest("a", &tag).await.unwrap_err().to_string();
    let flood = format!("with something invalid: more than {MANIFEST_BYTES_MAX} bytes");
    assert_eq!(error, format!("`{}` answered manifest `a:1` {flood}", fake.address));

    let fake = Fake::start(fault("GET referrers", FaultBody::Endless));
    let error = anonymous(&fake).referrers("a", &digest).await.unwrap_err().to_string();
    assert_eq!(error, format!("`{}` answered the referrers of `a@{digest}` {flood}", fake.address));

    let refused = Fault { body: FaultBody::Endless, ..Fault::new("GET manifest", 403, 1) };
    let fake = Fake::start(Options { faults: vec![refused], ..Options::default() });
    let error = anonymous(&fake).get_manifest("a", &tag).await.unwrap_err().to_string();
    assert_eq!(
        error,
        format!("`{}` denied manifest `a:1`: status 403", fake.address),
        "no explanation is read"
    );
}

#[tokio::test]
async fn a_manifest_over_the_limit_is_refused_before_it_is_read() {
    let fake = Fake::start(Options::default());
    let flood = vec![b' '; usize::try_from(MANIFEST_BYTES_MAX).unwrap() + 1];
    fake.manifest("a", "1", media_type::OCI_MANIFEST, flood);
    let error = anonymous(&fake).get_manifest("a", &Reference::tag("1")).await.unwrap_err().to_string();
    let expected = "answered manifest `a:1` with something invalid: more than 4194304 bytes";
    assert_eq!(error, format!("`{}` {expected}", fake.address));
}

/// A server that answers each connection's first request as `answer` says, by the number of the connection, and tells
/// that it has done so. Whatever happens to a connection after that is up to `answer`.
async fn server<F, A>(answer: F) -> (String, mpsc::UnboundedReceiver<String>)
where
    F: Fn(usize, TcpStream) -> A + Send + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (told, asked) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for number in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = vec![];
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            let answered = answer(number, stream);
            let told = told.clone();
            tokio::spawn(async move {
                let _ = told.send(head);
                answered.await;
            });
        }
    });
    (address, asked)
}

/// Sends these bytes and then nothing for ever, with the connection open.
async fn then_silence(mut stream: TcpStream, bytes: &'static [u8]) {
    stream.write_all(bytes).await.unwrap();
    std::future::pending::<()>().await;
}

/// Returns what a user is told of `request`. From the server's `stalls`-th request on, which gets no whole answer, the
/// clock runs by itself wherever everybody waits.
async fn told<T>(
    mut asked: mpsc::UnboundedReceiver<String>,
    stalls: usize,
    request: impl Future<Output = Result<T, RegistryError>>,
) -> String {
    let stalled = async {
        for _ in 0..stalls {
            asked.recv().await.unwrap();
        }
        tokio::time::pause();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = stalled => unreachable!("the server never stops stalling"),
        result = request => result.err().expect("a stalled server answers nothing").to_string(),
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let (host, asked) = server(|_, stream| then_silence(stream, b"")).await;
    let registry = http(&host, Credential::Anonymous);
    let error = told(asked, 1, registry.get_manifest("a", &Reference::tag("1"))).await;
    assert_eq!(error, format!("`{host}` failed at manifest `a:1`: no answer for 60 s"));
}

#[tokio::test]
async fn a_manifest_that_stops_in_the_middle_is_given_up() {
    const HALF: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"schemaVersion\"";
    let (host, asked) = server(|_, stream| then_silence(stream, HALF)).await;
    let registry = http(&host, Credential::Anonymous);
    let error = told(asked, 1, registry.get_manifest("a", &Reference::tag("1"))).await;
    assert_eq!(error, format!("`{host}` failed at manifest `a:1`: no byte for 60 s"));
}

#[tokio::test]
async fn a_manifest_that_drips_is_given_up() {
    let drip = |_, mut stream: TcpStream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n").await.unwrap();
        while stream.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    };
    let (host, asked) = server(drip).await;
    let registry = http(&host, Credential::Anonymous);
    let error = told(asked, 1, registry.get_manifest("a", &Reference::tag("1"))).await;
    assert_eq!(error, format!("`{host}` failed at manifest `a:1`: not complete after 120 s"));
}

#[tokio::test]
async fn a_blob_that_stops_in_the_middle_is_given_up() {
    const HALF: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234";
    let (host, asked) =
        server(|number, stream| then_silence(stream, if number == 0 { HALF } else { b"" })).await;
    let registry = http(&host, Credential::Anonymous);
    let digest = Digest::sha256(b"0123456789");
    let error = told(asked, 1, async { whole(registry.get_blob("a", &digest).await?).await }).await;
    assert_eq!(error, format!("`{host}` failed at blob `a@{digest}`: no answer for 60 s"));
}

#[tokio::test]
async fn an_upload_that_nobody_takes_is_given_up() {
    const SESSION: &[u8] =
        b"HTTP/1.1 202 Accepted\r\nlocation: /v2/a/blobs/uploads/1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (host, asked) = server(|number, mut stream| async move {
        if number == 0 {
            stream.write_all(SESSION).await.unwrap();
        } else {
            then_silence(stream, b"").await;
        }
    })
    .await;
    let registry = http(&host, Credential::Anonymous);
    let digest = Digest::sha256(b"0123456789");
    let error = told(asked, 2, push(&*registry, "a", b"0123456789")).await;
    assert_eq!(error, format!("`{host}` failed at the upload of `a@{digest}`: nothing moved for 300 s"));
}

/// A blob whose first answer breaks off after half, and what the server says to the request for the rest.
async fn taken_up(rest: &'static [u8]) -> Result<Vec<u8>, RegistryError> {
    const HALF: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234";
    let (host, _asked) = server(move |number, mut stream| async move {
        stream.write_all(if number == 0 { HALF } else { rest }).await.unwrap();
    })
    .await;
    let registry = http(&host, Credential::Anonymous);
    whole(registry.get_blob("a", &Digest::sha256(b"0123456789")).await?).await
}

#[tokio::test]
async fn an_interrupted_blob_goes_on_whatever_the_server_makes_of_ranges() {
    let good: [&[u8]; 4] = [
        b"HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 5-9/10\r\ncontent-length: 5\r\n\r\n56789",
        b"HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 5-9/*\r\ncontent-length: 5\r\n\r\n56789",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n0123456789",
    ];
    for answer in good {
        let shown = String::from_utf8_lossy(answer);
        assert_eq!(taken_up(answer).await.unwrap(), b"0123456789", "{shown}");
    }
}

#[tokio::test]
async fn a_rest_that_is_not_the_rest_is_refused() {
    let said: [(&[u8], &str); 4] = [
        (b"content-range: bytes 4-9/10\r\n", "asked for the bytes from 5, it sends `bytes 4-9/10`"),
        (b"content-range: bytes 5-19/20\r\n", "asked for the bytes from 5, it sends `bytes 5-19/20`"),
        (b"content-range: lines 5-9/10\r\n", "asked for the bytes from 5, it sends `lines 5-9/10`"),
        (b"", "asked for the bytes from 5, it sends `nothing`"),
    ];
    for (range, expected) in said {
        let answer = [b"HTTP/1.1 206 Partial Content\r\n", range, b"content-length: 5\r\n\r\n56789"].concat();
        let error = taken_up(answer.leak()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        assert!(error.to_string().ends_with(expected), "{error}");
    }
}
