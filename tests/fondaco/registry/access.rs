//! Who we are, request by request: accounts for parts of a registry, credential programs, renewal.

use std::path::Path;

use fondaco::{
    model::Digest,
    registry::{
        Behaviour, Credentials, Environment, Mount,
        credentials::{Configuration, Declared, Lookup, Variables},
    },
};

use super::*;
use crate::fake::{Auth, Fake, Fault, Options, Phase, Robot, WriteKind};

fn basic() -> Options {
    let (username, password) = ("AWS".to_owned(), "old".to_owned());
    Options { auth: Auth::Basic { username, password }, ..Options::default() }
}

fn bearer() -> Options {
    let (username, password, identity) = ("robot".to_owned(), "secret".to_owned(), "refresh".to_owned());
    Options {
        auth: Auth::Bearer { username, password, identity, anonymous_pull: true },
        ..Options::default()
    }
}

fn count(fake: &Fake, action: &str) -> u64 {
    fake.counts().get(action).copied().unwrap_or(0)
}

fn opened(fake: &Fake, credentials: Credentials, behaviour: Behaviour) -> Arc<dyn Registry> {
    let endpoint = Endpoint::Http { plain: true };
    open(&Access { behaviour, ..Access::new(&fake.address, endpoint, credentials) }).unwrap()
}

/// Returns the registry to which each part is known by its own robot, all named in one document.
fn by_robots(fake: &Fake, parts: &[&str]) -> Arc<dyn Registry> {
    let variable = |part: &str, what: &str| format!("{}_{what}", part.replace('-', "_").to_uppercase());
    let pairs = parts.iter().flat_map(|part| {
        let robot = Robot::new(part);
        [(variable(part, "USER"), robot.username), (variable(part, "PASSWORD"), robot.password)]
    });
    let declared = parts.iter().map(|part| Declared {
        prefix: (*part).to_owned(),
        variables: Variables::Password {
            username: variable(part, "USER"),
            password: variable(part, "PASSWORD"),
        },
    });
    let lookup = Lookup { environment: pairs.collect(), ..Lookup::default() };
    let credentials = lookup.credentials(&fake.address, &declared.collect::<Vec<_>>()).unwrap();
    opened(fake, credentials, Behaviour::default())
}

#[tokio::test]
async fn each_request_is_made_by_the_account_of_its_repository() {
    for options in [basic(), bearer()] {
        let robots = vec![Robot::new("team-a"), Robot::new("team-b")];
        let fake = Fake::start(Options { robots, ..options });
        let registry = by_robots(&fake, &["team-a", "team-b"]);
        let digest = push(&*registry, "team-a/x", b"layer").await.unwrap();
        assert_eq!(registry.head_blob("team-a/x", &digest).await, Ok(Some(5)));
        assert_eq!(
            registry.mount_blob("team-b/x", &digest, "team-a/x").await,
            Ok(Mount::Refused),
            "one request has one credential"
        );
        assert_eq!(count(&fake, "POST mount"), 0, "and is not made with the wrong one");
        assert_eq!(push(&*registry, "team-b/x", b"layer").await, Ok(digest.clone()));
        assert_eq!(registry.mount_blob("team-b/y", &digest, "team-b/x").await, Ok(Mount::Done));
    }
}

#[tokio::test]
async fn what_no_account_is_for_says_so() {
    let fake = Fake::start(Options { robots: vec![Robot::new("team-a")], ..basic() });
    let registry = by_robots(&fake, &["team-a"]);
    let error = push(&*registry, "other/x", b"layer").await.unwrap_err();
    let (host, digest) = (&fake.address, Digest::sha256(b"layer"));
    assert_eq!(
        error.to_string(),
        format!(
            "`{host}` denied the upload of `other/x@{digest}`: status 401 (asked without a credential: none is \
             configured for it)"
        )
    );
    let error = user(&fake, "wrong").head_blob("other/x", &digest).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "`{host}` denied blob `other/x@{digest}`: status 401 (asked with the credential from the caller)"
        )
    );
    assert_eq!(fake.repositories(), [""; 0]);
}

#[tokio::test]
async fn a_refused_token_names_the_credential_that_it_was_asked_with() {
    let fake = Fake::start(bearer());
    let error = user(&fake, "wrong").head_blob("a", &Digest::sha256(b"x")).await.unwrap_err();
    let host = &fake.address;
    assert_eq!(
        error.to_string(),
        format!(
            "`{host}` denied a token from `http://{host}/token`: status 401: UNAUTHORIZED incorrect username or \
             password (asked with the credential from the caller)"
        )
    );
}

#[tokio::test]
async fn a_failing_token_endpoint_is_told_from_a_refusal() {
    let fake = Fake::start(bearer());
    let (host, digest) = (fake.address.clone(), fake.blob("a", "x"));
    let cases = [
        (429, format!("`{host}` asked for patience at a token from `http://{host}/token`")),
        (
            503,
            format!(
                "`{host}` failed at a token from `http://{host}/token`: status 503: TOOMANYREQUESTS as the switch says"
            ),
        ),
        (
            302,
            format!(
                "`{host}` answered a token from `http://{host}/token` with something invalid: status 302"
            ),
        ),
    ];
    for (status, expected) in cases {
        let fault = Fault { retry_after: Some(3600), ..Fault::new("GET token", status, usize::MAX) };
        fake.set(|options| options.faults = vec![fault]);
        let error = anonymous(&fake).head_blob("a", &digest).await.unwrap_err();
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}

/// A folder that is `HOME` to a credential program, which answers what lies there.
struct Home(tempfile::TempDir);

impl Home {
    fn new(password: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        std::fs::write(home.0.path().join("config.json"), r#"{"credsStore": "fixture"}"#).unwrap();
        home.answer(password);
        home
    }

    fn answer(&self, password: &str) {
        let answer = serde_json::json!({"Username": "AWS", "Secret": password}).to_string();
        std::fs::write(self.0.path().join("answer"), answer).unwrap();
    }

    /// Returns how often the program was run.
    fn runs(&self) -> usize {
        std::fs::read_to_string(self.0.path().join("asked")).unwrap_or_default().lines().count()
    }

    fn credentials(&self, host: &str) -> Credentials {
        let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fondaco/programs");
        let path = format!("{}:/usr/bin:/bin", programs.display());
        let environment: Environment =
            [("PATH", path.as_str()), ("HOME", self.0.path().to_str().unwrap())].into_iter().collect();
        let configurations = vec![Configuration::File(self.0.path().join("config.json"))];
        Lookup { configurations, environment }.credentials(host, &[]).unwrap()
    }
}

#[tokio::test]
async fn a_credential_that_expires_is_had_again_from_its_program() {
    // ECR answers 403 where others answer 401 with a challenge.
    for refusal in [401, 403] {
        let fake = Fake::start(Options { refusal, ..basic() });
        let digest = fake.blob("a", "x");
        let home = Home::new("old");
        let behaviour = Behaviour { renew_on_forbidden: refusal == 403, ..Behaviour::default() };
        let registry = opened(&fake, home.credentials(&fake.address), behaviour);
        assert_eq!(home.runs(), 0);
        assert_eq!(registry.head_blob("a", &digest).await, Ok(Some(1)));
        assert_eq!(home.runs(), 1);

        let (username, password) = ("AWS".to_owned(), "new".to_owned());
        fake.set(|options| options.auth = Auth::Basic { username, password });
        home.answer("new");
        let requests = (0..8).map(|_| registry.head_blob("a", &digest));
        for result in futures_util::future::join_all(requests).await {
            assert_eq!(result, Ok(Some(1)), "{refusal}");
        }
        assert_eq!(home.runs(), 2, "{refusal}: once for all requests that it failed");
    }
}

#[tokio::test]
async fn what_is_forbidden_stays_forbidden_and_no_program_is_asked_again_and_again() {
    let fake = Fake::start(basic());
    let digest = fake.blob("a", "x");
    let home = Home::new("old");
    let behaviour = Behaviour { renew_on_forbidden: true, ..Behaviour::default() };
    let registry = opened(&fake, home.credentials(&fake.address), behaviour);
    assert_eq!(registry.head_blob("a", &digest).await, Ok(Some(1)));
    fake.set(|options| options.faults = vec![Fault::new("HEAD blob", 403, usize::MAX)]);
    for _ in 0..3 {
        assert_eq!(kind(registry.head_blob("a", &digest).await), Some(Kind::Denied));
    }
    assert_eq!(home.runs(), 2);
    // Elsewhere 403 says that something is not allowed, and nothing is tried again.
    let registry = opened(&fake, home.credentials(&fake.address), Behaviour::default());
    fake.set(|options| options.faults = vec![]);
    assert_eq!(registry.head_blob("a", &digest).await, Ok(Some(1)));
    fake.set(|options| options.faults = vec![Fault::new("HEAD blob", 403, usize::MAX)]);
    fake.clear_log();
    assert_eq!(kind(registry.head_blob("a", &digest).await), Some(Kind::Denied));
    assert_eq!(count(&fake, "HEAD blob"), 1);
}

#[tokio::test]
async fn a_token_that_expires_is_renewed_on_401_and_where_it_means_that_on_403() {
    for refusal in [401, 403] {
        let fake = Fake::start(Options { refusal, ..bearer() });
        let digest = fake.blob("a", "x");
        let password = Secret::new("secret");
        let credential = Credential::Basic { username: "robot".to_owned(), password };
        let behaviour = Behaviour { renew_on_forbidden: refusal == 403, ..Behaviour::default() };
        let registry = opened(&fake, credential.into(), behaviour);
        assert_eq!(registry.head_blob("a", &digest).await, Ok(Some(1)));
        fake.expire_tokens();
        assert_eq!(registry.head_blob("a", &digest).await, Ok(Some(1)), "{refusal}");
        assert_eq!(count(&fake, "GET token"), 2);
    }
}

#[tokio::test]
async fn a_token_that_expires_between_the_session_and_the_bytes_leaves_nothing_half_stored() {
    let cases =
        [(401, "UNAUTHORIZED authentication required"), (403, "DENIED your authorization token has expired")];
    for (refusal, said) in cases {
        let fake = Arc::new(Fake::start(Options { refusal, ..bearer() }));
        let clock = Arc::downgrade(&fake);
        fake.on_write(move |event| {
            let opened =
                event.method == "POST" && event.kind == WriteKind::Blob && event.phase == Phase::After;
            if let Some(fake) = clock.upgrade().filter(|_| opened) {
                fake.expire_tokens();
            }
        });
        let password = Secret::new("secret");
        let credential = Credential::Basic { username: "robot".to_owned(), password };
        let behaviour = Behaviour { renew_on_forbidden: refusal == 403, ..Behaviour::default() };
        let registry = opened(&fake, credential.into(), behaviour);
        let digest = Digest::sha256(b"layer");
        let error = push(&*registry, "a", b"layer").await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "`{}` failed at the upload of `a@{digest}`: status {refusal}: {said}, after the upload had begun",
                fake.address
            )
        );
        registry.settle().await;
        assert_eq!((fake.stored("a", &digest), fake.open_sessions()), (None, 0));
        fake.on_write(|_| {});
        assert_eq!(push(&*registry, "a", b"layer").await, Ok(digest), "with a new token");
    }
}
