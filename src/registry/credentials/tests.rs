use std::time::Duration;

use super::*;

/// Programs that play credential programs.
const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fondaco/programs");

fn basic(username: &str, password: &str) -> Credential {
    Credential::Basic { username: username.to_owned(), password: Secret::new(password) }
}

/// A folder that is `HOME` to the programs: what they answer, and what they were asked.
struct Home(tempfile::TempDir);

impl Home {
    fn new(answer: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.answer(answer);
        home
    }

    fn answer(&self, answer: &str) {
        std::fs::write(self.0.path().join("answer"), answer).unwrap();
    }

    fn asked(&self) -> String {
        std::fs::read_to_string(self.0.path().join("asked")).unwrap_or_default()
    }

    fn environment(&self, more: &[(&str, &str)]) -> Environment {
        let path = format!("{PROGRAMS}:/usr/bin:/bin");
        let own = [("PATH", path.as_str()), ("HOME", self.0.path().to_str().unwrap())];
        own.iter().chain(more).copied().collect()
    }
}

/// Returns the credentials that these configurations hold, the first one preferred.
fn held(texts: &[&str], environment: Environment, host: &str) -> Result<Credentials, RegistryError> {
    let directory = tempfile::tempdir().unwrap();
    let mut configurations = vec![Configuration::File(directory.path().join("missing.json"))];
    for (number, text) in texts.iter().enumerate() {
        let file = directory.path().join(format!("{number}.json"));
        std::fs::write(&file, text).unwrap();
        configurations.push(Configuration::File(file));
    }
    Lookup { configurations, environment }.credentials(host, &[])
}

async fn look(text: &str, host: &str, repository: &str) -> Result<Credential, RegistryError> {
    let held = held(&[text], Environment::default(), host)?;
    held.account(repository).await.map(|account| account.credential)
}

async fn answered(text: &str, home: &Home, host: &str) -> Result<Credential, RegistryError> {
    let held = held(&[text], home.environment(&[]), host)?;
    held.account("a").await.map(|account| account.credential)
}

// "robot:one", "robot:two" and "hub:pass:word" in base64.
const CONFIG: &str = r#"{"auths": {
    "quay.io": {"auth": "cm9ib3Q6b25l"},
    "quay.io/team": {"auth": "cm9ib3Q6dHdv"},
    "quay.io/team/app": {"username": "u", "password": "p"},
    "https://index.docker.io/v1/": {"auth": "aHViOnBhc3M6d29yZA=="},
    "acr.example": {"auth": "MDAwMDo=", "identitytoken": "refresh"},
    "empty.example": {}}}"#;

#[tokio::test]
async fn the_most_specific_key_wins() {
    let cases = [
        ("quay.io", "", basic("robot", "one")),
        ("quay.io", "other/app", basic("robot", "one")),
        ("quay.io", "teams", basic("robot", "one")),
        ("quay.io", "team/x/y", basic("robot", "two")),
        ("quay.io", "team/app/z", basic("u", "p")),
        ("docker.io", "library/nginx", basic("hub", "pass:word")),
        ("acr.example", "a", Credential::IdentityToken(Secret::new("refresh"))),
        ("empty.example", "a", Credential::Anonymous),
        ("ghcr.io", "a", Credential::Anonymous),
    ];
    for (host, repository, expected) in cases {
        assert_eq!(look(CONFIG, host, repository).await.unwrap(), expected, "{host}/{repository}");
    }
}

#[tokio::test]
async fn the_first_configuration_with_a_credential_for_the_repository_decides() {
    let first = r#"{"auths": {"quay.io/team": {"auth": "cm9ib3Q6dHdv"}}}"#;
    let held = held(&[first, CONFIG], Environment::default(), "quay.io").unwrap();
    let of = async |repository: &str| held.account(repository).await.unwrap().credential;
    assert_eq!(of("team/app").await, basic("robot", "two"));
    assert_eq!(of("other").await, basic("robot", "one"));
    assert!(held.same_account("team/a", "team/b"));
    assert!(!held.same_account("team/a", "other"));
}

#[tokio::test]
async fn a_credential_program_is_asked_once_and_for_the_host() {
    let home = Home::new(r#"{"ServerURL": "b.example", "Username": "u", "Secret": "p"}"#);
    let text = r#"{"auths": {"b.example": {"auth": "cm9ib3Q6b25l"}, "b.example/team": {"auth": "cm9ib3Q6dHdv"}},
        "credHelpers": {"b.example": "fixture"}, "credsStore": "never"}"#;
    let held = held(&[text], home.environment(&[]), "b.example").unwrap();
    assert_eq!(home.asked(), "", "nobody has wanted it yet");
    let (a, b) = tokio::join!(held.account("team/x"), held.account("y"));
    assert_eq!(a.unwrap().credential, basic("u", "p"), "before what the file itself holds");
    assert_eq!(b.unwrap().credential, basic("u", "p"));
    assert_eq!(home.asked(), "get b.example\n");
}

#[tokio::test]
async fn a_store_is_asked_for_every_host_that_the_file_itself_does_not_have() {
    let home = Home::new(r#"{"Username": "<token>", "Secret": "refresh"}"#);
    let text =
        r#"{"auths": {"a.example": {}, "b.example": {"auth": "cm9ib3Q6b25l"}}, "credsStore": "fixture"}"#;
    let token = Credential::IdentityToken(Secret::new("refresh"));
    assert_eq!(answered(text, &home, "b.example").await.unwrap(), basic("robot", "one"));
    assert_eq!(home.asked(), "");
    assert_eq!(answered(text, &home, "a.example").await.unwrap(), token);
    assert_eq!(answered(text, &home, "c.example").await.unwrap(), token);
    assert_eq!(home.asked(), "get a.example\nget c.example\n");
}

#[tokio::test]
async fn a_program_that_has_nothing_leaves_it_to_the_next() {
    let home = Home::new("credentials not found in native keychain\n");
    std::fs::write(home.0.path().join("fail"), "").unwrap();
    let text = r#"{"credsStore": "fixture"}"#;
    let held = held(&[text, CONFIG], home.environment(&[]), "docker.io").unwrap();
    assert_eq!(held.account("library/nginx").await.unwrap().credential, basic("hub", "pass:word"));
    assert_eq!(home.asked(), "get https://index.docker.io/v1/\nget docker.io\n", "both names of Docker Hub");
    assert_eq!(answered(text, &home, "a.example").await.unwrap(), Credential::Anonymous);
}

#[tokio::test]
async fn a_refused_credential_is_asked_for_again_but_not_again_and_again() {
    let home = Home::new(r#"{"Username": "AWS", "Secret": "old"}"#);
    let held = held(&[r#"{"credsStore": "fixture"}"#], home.environment(&[]), "ecr.example").unwrap();
    let old = held.account("a").await.unwrap().credential;
    home.answer(r#"{"Username": "AWS", "Secret": "new"}"#);
    assert_eq!(held.account("a").await.unwrap().credential, old);
    let renewed = held.renewed("a", &old).await.unwrap().unwrap().credential;
    assert_eq!(renewed, basic("AWS", "new"));
    assert_eq!(held.renewed("b", &old).await.unwrap().unwrap().credential, renewed, "without another look");
    assert_eq!(held.renewed("a", &renewed).await.unwrap(), None, "it was asked a moment ago");
    assert_eq!(home.asked(), "get ecr.example\nget ecr.example\n");
    assert_eq!(Credentials::from(old.clone()).renewed("a", &old).await.unwrap(), None);
}

#[tokio::test]
async fn programs_that_misbehave_are_errors_that_show_nothing_of_what_they_print() {
    let cases = [
        ("fixture", "hunter2", "its answer is not a credential"),
        ("fixture", r#"{"Username": "u"}"#, "its answer is not a credential"),
        ("fixture", r#"{"Username": "u", "Secret": ""}"#, "its answer holds no secret"),
        ("fixture", r#"{"Username": "", "Secret": "hunter2"}"#, "its answer holds no user name"),
        ("flood", "", "more than 65536 bytes; it has been stopped"),
        ("missing", "", "there is no such program on the `PATH`"),
        ("broken", "", "it failed (exit status: 7); what it printed is not shown"),
    ];
    for (program, answer, said) in cases {
        let home = Home::new(answer);
        let text = format!(r#"{{"credHelpers": {{"a.example": "{program}"}}}}"#);
        let error = answered(&text, &home, "a.example").await.unwrap_err();
        assert_eq!(error.kind(), Kind::Denied, "{program}");
        let shown = error.to_string();
        let begins = format!("no credential for `a.example` from `docker-credential-{program}` (named in `");
        assert!(shown.starts_with(&begins) && shown.ends_with(said), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[tokio::test]
async fn a_program_that_hangs_is_stopped_and_not_asked_again() {
    let home = Home::new("");
    let origin = Origin { place: "`config.json`".to_owned(), environment: home.environment(&[]) };
    let program = Program::new("hang", "a.example", vec!["a.example".to_owned()], &origin).unwrap();
    let program = program.with_patience(Duration::from_millis(1));
    for _ in 0..2 {
        let error = program.account().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "no credential for `a.example` from `docker-credential-hang` (named in `config.json`): no answer for 0 s; \
             it has been stopped"
        );
    }
    assert!(home.asked().lines().count() <= 1);
}

#[tokio::test]
async fn a_file_does_not_choose_what_is_run() {
    for name in ["../../bin/evil", "/bin/evil", "", "a b", "a;b", &"x".repeat(65)] {
        let text = serde_json::json!({"credHelpers": {"a.example": name}}).to_string();
        let error = look(&text, "a.example", "x").await.unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid, "{name}");
        assert!(error.to_string().ends_with("it names a credential program by more than a name"), "{error}");
        assert_eq!(look(&text, "b.example", "x").await, Ok(Credential::Anonymous));
    }
}

#[tokio::test]
async fn broken_files_are_errors_that_do_not_quote_secrets() {
    let cases = [
        r#"{"auths": {"a": {"auth": 12}}}"#,
        r#"{"auths": "hunter2""#,
        r#"{"auths": {"a": {"auth": "hunter2!"}}}"#,
    ];
    for text in cases {
        let error = look(text, "a", "x").await.unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid, "{text}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let flood = format!("{}{}", " ".repeat(1024 * 1024), "{}");
    assert!(look(&flood, "a", "x").await.unwrap_err().to_string().contains("more than"));
}

fn declared(prefix: &str, username: &str, password: &str) -> Declared {
    let (username, password) = (username.to_owned(), password.to_owned());
    Declared { prefix: prefix.to_owned(), variables: Variables::Password { username, password } }
}

#[tokio::test]
async fn declared_variables_come_before_files_and_are_never_passed_over() {
    let home = Home::new("");
    let environment = home.environment(&[("A_USER", "robot$a"), ("A_PASSWORD", "pa"), ("TOKEN", "refresh")]);
    let file = home.0.path().join("config.json");
    std::fs::write(&file, r#"{"auths": {"h.example": {"auth": "cm9ib3Q6b25l"}}}"#).unwrap();
    let lookup = Lookup { configurations: vec![Configuration::File(file)], environment };
    let token = Variables::IdentityToken("TOKEN".to_owned());
    let all = [
        declared("team-a", "A_USER", "A_PASSWORD"),
        declared("team-b", "B_USER", "A_PASSWORD"),
        Declared { prefix: "team-a/token".to_owned(), variables: token },
    ];
    let held = lookup.credentials("h.example", &all).unwrap();
    let of = async |repository: &str| held.account(repository).await.map(|account| account.credential);
    assert_eq!(of("team-a/x").await.unwrap(), basic("robot$a", "pa"));
    assert_eq!(of("team-a/token/x").await.unwrap(), Credential::IdentityToken(Secret::new("refresh")));
    assert_eq!(of("team-ab").await.unwrap(), basic("robot", "one"), "no variable is declared for it");
    assert_eq!(
        of("team-b/x").await.unwrap_err().to_string(),
        "no credential for `h.example` from the variables `B_USER` and `A_PASSWORD`: `B_USER` is not set, and the \
         `Registry` document says that it holds the credential"
    );
}

#[test]
fn configurations_are_looked_up_in_the_order_of_container_tools() {
    let environment = [
        ("REGISTRY_AUTH_FILE", "/r/auth.json"),
        ("XDG_RUNTIME_DIR", "/run/user/1"),
        ("HOME", "/home/x"),
        ("DOCKER_CONFIG", ""),
        ("DOCKER_AUTH_CONFIG", "{}"),
    ];
    let file = |path: &str| Configuration::File(path.into());
    let expected = [
        file("/r/auth.json"),
        file("/run/user/1/containers/auth.json"),
        file("/home/x/.config/containers/auth.json"),
        Configuration::Inline,
        file("/home/x/.docker/config.json"),
    ];
    assert_eq!(candidates(&environment.into_iter().collect()), expected);
    assert!(candidates(&Environment::default()).is_empty());
}

#[tokio::test]
async fn the_inline_configuration_is_one_like_the_others() {
    let environment: Environment = [("DOCKER_AUTH_CONFIG", CONFIG)].into_iter().collect();
    let lookup = Lookup::from_environment(environment);
    let held = lookup.credentials("quay.io", &[]).unwrap();
    let account = held.account("team/x").await.unwrap();
    assert_eq!(account.credential, basic("robot", "two"));
    assert_eq!(account.place, "the variable `DOCKER_AUTH_CONFIG`");
}
