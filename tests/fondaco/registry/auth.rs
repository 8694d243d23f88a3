//! Authentication: challenges, tokens, realms, and where credentials do not go.

use fondaco::{
    model::{Digest, Kind},
    registry::{Credential, Mount, RegistryError, Secret},
};

use super::*;
use crate::fake::{Auth, Fake, Fault, Mounts, Options};

fn bearer() -> Options {
    let (username, password, identity) = ("robot".to_owned(), "secret".to_owned(), "refresh".to_owned());
    Options {
        auth: Auth::Bearer { username, password, identity, anonymous_pull: true },
        ..Options::default()
    }
}

fn basic() -> Options {
    let (username, password) = ("robot".to_owned(), "secret".to_owned());
    Options { auth: Auth::Basic { username, password }, ..Options::default() }
}

fn count(fake: &Fake, action: &str) -> u64 {
    fake.counts().get(action).copied().unwrap_or(0)
}

#[tokio::test]
async fn a_registry_without_authentication_costs_no_extra_request() {
    let fake = Fake::start(Options::default());
    let digest = fake.blob("a", "x");
    let registry = user(&fake, "secret");
    for _ in 0..10 {
        assert_eq!(registry.head_blob("a", &digest).await.unwrap(), Some(1));
    }
    assert_eq!(fake.counts(), [("HEAD blob".to_owned(), 10)].into());
    assert_eq!(registry.requests(), fake.counts());
    assert!(fake.log().iter().all(|logged| logged.authorization.is_none()), "nobody asked for the password");
}

#[tokio::test]
async fn one_challenge_teaches_basic_authentication() {
    let fake = Fake::start(basic());
    let digest = fake.blob("a", "x");
    let registry = user(&fake, "secret");
    assert_eq!(registry.head_blob("a", &digest).await.unwrap(), Some(1));
    assert_eq!(registry.head_blob("a", &digest).await.unwrap(), Some(1));
    assert_eq!(count(&fake, "HEAD blob"), 3);
    push(&*registry, "b", b"y").await.unwrap();
    for registry in [user(&fake, "wrong"), anonymous(&fake)] {
        assert_eq!(kind(registry.head_blob("a", &digest).await), Some(Kind::Denied));
    }
}

#[tokio::test]
async fn cold_concurrent_requests_share_one_token() {
    let fake = Fake::start(bearer());
    let digest = fake.blob("a", "x");
    let registry = user(&fake, "secret");
    let requests = (0..20).map(|_| registry.head_blob("a", &digest));
    for result in futures_util::future::join_all(requests).await {
        assert_eq!(result.unwrap(), Some(1));
    }
    assert_eq!(count(&fake, "GET token"), 1);
}

#[tokio::test]
async fn anonymous_tokens_read_and_do_not_write() {
    let fake = Fake::start(bearer());
    let digest = fake.blob("a", "x");
    let registry = anonymous(&fake);
    assert_eq!(registry.head_blob("a", &digest).await.unwrap(), Some(1));
    assert_eq!(kind(push(&*registry, "a", b"y").await), Some(Kind::Denied));
    assert_eq!(kind(user(&fake, "wrong").head_blob("a", &digest).await), Some(Kind::Denied));
}

#[tokio::test]
async fn identity_tokens_are_exchanged_with_get_where_post_is_missing() {
    for (status, posts, gets) in [(None, 1, 0), (Some(405), 1, 1), (Some(404), 1, 1)] {
        let fake = Fake::start(Options { token_post_status: status, ..bearer() });
        let digest = fake.blob("a", "x");
        let registry = http(&fake.address, Credential::IdentityToken(Secret::new("refresh")));
        assert_eq!(registry.head_blob("a", &digest).await.unwrap(), Some(1), "{status:?}");
        assert_eq!((count(&fake, "POST token"), count(&fake, "GET token")), (posts, gets), "{status:?}");
    }
}

#[tokio::test]
async fn a_failing_token_endpoint_never_means_anonymous() {
    let cases = [(429, Kind::RateLimited), (503, Kind::Unavailable), (403, Kind::Denied)];
    for (status, expected) in cases {
        let fake = Fake::start(bearer());
        let digest = fake.blob("a", "x");
        let fault = Fault { retry_after: Some(3600), ..Fault::new("GET token", status, usize::MAX) };
        fake.set(|options| options.faults = vec![fault]);
        let registry = user(&fake, "secret");
        let error = registry.head_blob("a", &digest).await.unwrap_err();
        assert_eq!(error.kind(), expected, "{error}");
        if let RegistryError::RateLimited { retry_after_s, .. } = error {
            assert_eq!(retry_after_s, Some(3600));
        }
        assert_eq!(count(&fake, "HEAD blob"), 1, "only the request that was challenged");
    }
}

#[tokio::test]
async fn worthless_tokens_are_renewed() {
    let fake = Fake::start(bearer());
    let digest = fake.blob("a", "x");
    let registry = user(&fake, "secret");
    assert_eq!(registry.head_blob("a", &digest).await.unwrap(), Some(1));
    fake.expire_tokens();
    assert_eq!(registry.head_blob("a", &digest).await.unwrap(), Some(1));
    assert_eq!(count(&fake, "GET token"), 2);
    fake.set(|options| options.expires_in = Some(0));
    fake.expire_tokens();
    fake.clear_log();
    for _ in 0..2 {
        assert_eq!(registry.head_blob("a", &digest).await.unwrap(), Some(1));
    }
    assert_eq!(count(&fake, "GET token"), 2, "a token without life serves one request");
}

#[tokio::test]
async fn credentials_do_not_go_to_a_forbidden_realm() {
    for realm in
        ["http://169.254.169.254/token", "ftp://auth.example/token", "http://a:b@127.0.0.1/token", "nonsense"]
    {
        let fake = Fake::start(Options { realm: Some(realm.to_owned()), ..bearer() });
        let digest = fake.blob("a", "x");
        let error = user(&fake, "secret").head_blob("a", &digest).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid, "{realm}: {error}");
        assert!(!error.to_string().contains("a:b"), "{error}");
    }
}

#[tokio::test]
async fn authorization_does_not_follow_a_redirect_to_another_host() {
    let storage = Fake::start(Options::default());
    let digest = storage.blob("any", "content");
    let fake =
        Fake::start(Options { redirect_blobs: Some(format!("http://{}", storage.address)), ..basic() });
    fake.blob("a", "content");
    let stream = user(&fake, "secret").get_blob("a", &digest).await.unwrap();
    assert_eq!(whole(stream).await.unwrap(), b"content");
    let log = storage.log();
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].authorization, None);
}

#[tokio::test]
async fn redirects_to_the_link_or_in_a_circle_are_not_followed() {
    let fake = Fake::start(Options::default());
    let digest = fake.blob("a", "x");
    let registry = anonymous(&fake);
    for base in ["http://169.254.169.254", "gopher://cdn.example"] {
        fake.set(|options| options.redirect_blobs = Some(base.to_owned()));
        let error = registry.get_blob("a", &digest).await.err().unwrap();
        assert_eq!(error.kind(), Kind::Invalid, "{error}");
        assert!(!error.to_string().contains("X-Signature"), "{error}");
    }
    // `/v2/a/blobs/<digest>?storage/<digest>` is this blob again, and redirects again.
    fake.set(|options| options.redirect_blobs = Some(format!("/v2/a/blobs/{digest}?")));
    let error = registry.get_blob("a", &digest).await.err().unwrap();
    assert!(error.to_string().contains("redirects"), "{error}");
}

#[tokio::test]
async fn a_mount_needs_one_token_for_both_repositories() {
    let fake = Fake::start(bearer());
    let digest = fake.blob("source", "x");
    let registry = user(&fake, "secret");
    assert_eq!(registry.mount_blob("target", &digest, "source").await, Ok(Mount::Done));
    assert_eq!(count(&fake, "GET token"), 1);
    assert_eq!(fake.stored("target", &digest).as_deref(), Some(&b"x"[..]));
}

#[tokio::test]
async fn a_refused_mount_leaves_no_session_and_the_upload_works() {
    let cases = [
        ("scope refused", Options { refused_scopes: vec!["source".to_owned()], ..bearer() }),
        ("202", Options { mounts: Mounts::Session, ..bearer() }),
        ("401", Options { mounts: Mounts::Status(401), ..bearer() }),
        ("403", Options { mounts: Mounts::Status(403), ..bearer() }),
        ("405", Options { mounts: Mounts::Status(405), ..bearer() }),
    ];
    for (name, options) in cases {
        let fake = Fake::start(options);
        let digest = fake.blob("source", "x");
        let registry = user(&fake, "secret");
        assert_eq!(registry.mount_blob("target", &digest, "source").await, Ok(Mount::Refused), "{name}");
        assert_eq!(fake.open_sessions(), 0, "{name}");
        assert_eq!(push(&*registry, "target", b"x").await, Ok(digest), "{name}");
    }
}

#[tokio::test]
async fn a_mount_that_could_not_be_tried_is_an_error() {
    let fake = Fake::start(Options::default());
    fake.set(|options| {
        options.faults = vec![Fault { retry_after: Some(600), ..Fault::new("POST mount", 429, 1) }];
    });
    let result = anonymous(&fake).mount_blob("target", &Digest::sha256(b"x"), "source").await;
    assert_eq!(kind(result), Some(Kind::RateLimited));
}
