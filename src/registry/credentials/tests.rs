use super::*;
use crate::model::Kind;

fn look(text: &str, host: &str, repository: &str) -> Result<Credential, RegistryError> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config.json");
    std::fs::write(&file, text).unwrap();
    Lookup { files: vec![directory.path().join("missing.json"), file] }.credential(host, repository)
}

fn basic(username: &str, password: &str) -> Credential {
    Credential::Basic { username: username.to_owned(), password: Secret::new(password) }
}

// "robot:one", "robot:two" and "hub:pass:word" in base64.
const CONFIG: &str = r#"{"auths": {
    "quay.io": {"auth": "cm9ib3Q6b25l"},
    "quay.io/team": {"auth": "cm9ib3Q6dHdv"},
    "quay.io/team/app": {"username": "u", "password": "p"},
    "https://index.docker.io/v1/": {"auth": "aHViOnBhc3M6d29yZA=="},
    "acr.example": {"auth": "MDAwMDo=", "identitytoken": "refresh"},
    "empty.example": {}}}"#;

#[test]
fn the_most_specific_key_wins() {
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
        assert_eq!(look(CONFIG, host, repository).unwrap(), expected, "{host}/{repository}");
    }
}

#[test]
fn a_credential_helper_for_the_host_is_named_and_not_passed_over() {
    let stored =
        r#"{"auths": {"a.example": {}}, "credsStore": "desktop", "credHelpers": {"b.example": "ecr-login"}}"#;
    for (host, program) in [("a.example", "desktop"), ("b.example", "ecr-login")] {
        let error = look(stored, host, "x").unwrap_err();
        assert_eq!(error.kind(), Kind::Denied);
        assert!(error.to_string().contains(program), "{error}");
    }
    assert_eq!(look(stored, "c.example", "x").unwrap(), Credential::Anonymous);
}

#[test]
fn broken_files_are_errors_that_do_not_quote_secrets() {
    let cases = [
        r#"{"auths": {"a": {"auth": 12}}}"#,
        r#"{"auths": "hunter2""#,
        r#"{"auths": {"a": {"auth": "hunter2!"}}}"#,
    ];
    for text in cases {
        let error = look(text, "a", "x").unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid, "{text}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let flood = format!("{}{}", " ".repeat(1024 * 1024), "{}");
    assert!(look(&flood, "a", "x").unwrap_err().to_string().contains("more than"));
}

#[test]
fn files_are_looked_up_in_the_order_of_container_tools() {
    let env = |name: &str| match name {
        "REGISTRY_AUTH_FILE" => Some("/r/auth.json".to_owned()),
        "XDG_RUNTIME_DIR" => Some("/run/user/1".to_owned()),
        "HOME" => Some("/home/x".to_owned()),
        "DOCKER_CONFIG" => Some(String::new()),
        _ => None,
    };
    let expected = [
        "/r/auth.json",
        "/run/user/1/containers/auth.json",
        "/home/x/.config/containers/auth.json",
        "/home/x/.docker/config.json",
    ];
    assert_eq!(candidate_files(&env), expected.map(PathBuf::from));
    assert!(candidate_files(&|_| None).is_empty());
}
