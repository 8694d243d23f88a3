//! Files that look like committed secrets: what kind they are, never what they hold.
//!
//! A path or the first bytes make a file suspect, and a mark in its content decides. Only what has both the place and the
//! mark of a secret is one: certificates, templates with `${TOKEN}` and empty files are none. To add a kind: write its
//! path into [`suspected`] and its mark into [`kind`].

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::path::split;

/// How much of a suspect file is looked at. Keys have some three kilobytes, files of credentials some ten.
pub(super) const HEAD_BYTES_MAX: u64 = 64 << 10;

/// The most secrets that are told of one layer; the rest is counted.
pub(super) const SECRETS_MAX: usize = 1000;

/// What a secret is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SecretKind {
    PrivateKey,
    EncryptedPrivateKey,
    Netrc,
    NpmToken,
    PypiPassword,
    RegistryCredentials,
    AwsCredentials,
    GitCredentials,
    KubernetesCredentials,
    ServiceAccountKey,
    TerraformState,
    PostgresPassword,
}

impl SecretKind {
    /// Returns its name for people and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PrivateKey => "private key",
            Self::EncryptedPrivateKey => "encrypted private key",
            Self::Netrc => "password in .netrc",
            Self::NpmToken => "npm token",
            Self::PypiPassword => "PyPI password",
            Self::RegistryCredentials => "registry credentials",
            Self::AwsCredentials => "AWS secret key",
            Self::GitCredentials => "Git credentials",
            Self::KubernetesCredentials => "Kubernetes credentials",
            Self::ServiceAccountKey => "service account key",
            Self::TerraformState => "Terraform state",
            Self::PostgresPassword => "PostgreSQL password",
        }
    }
}

/// What a path lets one expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Suspected {
    /// Text of keys, perhaps behind a certificate.
    Key,
    Named(SecretKind),
}

/// Where every PEM and PuTTY key begins, as far as the first bytes of a file are read.
const KEY_MAGICS: [&[u8]; 2] = [b"-----BEG", b"PuTTY-Us"];

/// Returns whether the content of a file is to be looked at, by its path and its first eight bytes.
pub(super) fn is_suspect(path: &str, head: &[u8]) -> bool {
    is_key(head) || suspected(path).is_some()
}

fn is_key(head: &[u8]) -> bool {
    KEY_MAGICS.iter().any(|magic| head.starts_with(magic))
}

/// Returns what a file is, by its path and its first [`HEAD_BYTES_MAX`] bytes.
pub(super) fn kind(path: &str, bytes: &[u8]) -> Option<SecretKind> {
    let text = String::from_utf8_lossy(bytes);
    let Some(Suspected::Named(named)) = suspected(path) else { return key(&text) };
    let has_mark = match named {
        SecretKind::Netrc => words(&text).any(|(word, next)| word == "password" && is_value(next)),
        SecretKind::NpmToken => text.lines().any(is_npm_token),
        SecretKind::PypiPassword => {
            settings(&text).any(|(name, value)| name == "password" && is_value(value))
        }
        SecretKind::RegistryCredentials => has_auths(&text),
        SecretKind::AwsCredentials => {
            settings(&text).any(|(name, value)| name == "aws_secret_access_key" && is_value(value))
        }
        SecretKind::GitCredentials => text.lines().any(has_password),
        SecretKind::KubernetesCredentials => text.lines().any(is_kubernetes),
        SecretKind::ServiceAccountKey => is_service_account(&text),
        SecretKind::TerraformState => text.contains("\"terraform_version\""),
        SecretKind::PostgresPassword => text.lines().any(is_pgpass),
        SecretKind::PrivateKey | SecretKind::EncryptedPrivateKey => false,
    };
    has_mark.then_some(named).or_else(|| key(&text))
}

fn suspected(path: &str) -> Option<Suspected> {
    let (directory, name) = split(path);
    let parent = split(directory).1;
    Some(Suspected::Named(match (parent, name) {
        (_, ".netrc" | "_netrc") => SecretKind::Netrc,
        (_, ".npmrc" | ".yarnrc.yml") => SecretKind::NpmToken,
        (_, ".pypirc") => SecretKind::PypiPassword,
        (".docker", "config.json")
        | ("containers", "auth.json")
        | (_, ".dockercfg" | ".dockerconfigjson") => SecretKind::RegistryCredentials,
        (".aws", "credentials" | "config") => SecretKind::AwsCredentials,
        (_, ".git-credentials") => SecretKind::GitCredentials,
        (".kube", "config") | (_, "kubeconfig" | ".kubeconfig") | ("kubernetes", "admin.conf") => {
            SecretKind::KubernetesCredentials
        }
        (_, ".pgpass") => SecretKind::PostgresPassword,
        _ if name.ends_with(".tfstate") || name.ends_with(".tfstate.backup") => SecretKind::TerraformState,
        _ if ending(name) == "json" && may_be_service_account(name) => SecretKind::ServiceAccountKey,
        _ if matches!(ending(name), "pem" | "key") => return Some(Suspected::Key),
        _ => return None,
    }))
}

fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
}

/// Returns whether people call the JSON file of a cloud's service account like that.
fn may_be_service_account(name: &str) -> bool {
    const PARTS: [&str; 9] =
        ["account", "credential", "cred", "key", "secret", "gcp", "gcloud", "google", "firebase"];
    let name = name.to_ascii_lowercase();
    PARTS.iter().any(|part| name.contains(part))
}

/// Returns what kind of key a text has. What follows the first line has to be one: documentation shows first lines alone.
fn key(text: &str) -> Option<SecretKind> {
    const ENDS: [&str; 2] = ["PRIVATE KEY-----", "PRIVATE KEY BLOCK-----"];
    if text.starts_with("PuTTY-User-Key-File-") {
        let is_plain = text.lines().any(|line| line.trim() == "Encryption: none");
        return Some(if is_plain { SecretKind::PrivateKey } else { SecretKind::EncryptedPrivateKey });
    }
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if !(line.starts_with("-----BEGIN ") && ENDS.iter().any(|end| line.ends_with(end))) {
            continue;
        }
        let Some(behind) = lines.by_ref().find(|line| !line.is_empty()) else { break };
        let is_encrypted =
            line.contains("ENCRYPTED") || (behind.starts_with("Proc-Type:") && behind.contains("ENCRYPTED"));
        if is_encrypted {
            return Some(SecretKind::EncryptedPrivateKey);
        }
        if is_armoured(behind) {
            return Some(SecretKind::PrivateKey);
        }
    }
    None
}

/// Returns whether a line of a key is one: base64, or a header of PEM or OpenPGP.
fn is_armoured(line: &str) -> bool {
    let is_base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/=".contains(&b);
    let is_header = ["Version:", "Comment:", "Proc-Type:"].iter().any(|name| line.starts_with(name));
    is_header || (line.len() >= 16 && line.bytes().all(is_base64))
}

/// Returns whether something is written that is no variable: `${TOKEN}` and `$TOKEN` are filled in later, `<token>` and
/// `xxx` by hand.
fn is_value(text: &str) -> bool {
    let text = text.trim().trim_matches(['"', '\'']);
    let is_blank = text.bytes().all(|b| matches!(b, b'x' | b'X' | b'*' | b'.'));
    !is_blank && !text.starts_with(['$', '<', '%', '{'])
}

fn words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split_whitespace().zip(text.split_whitespace().skip(1))
}

/// Returns the `name = value` lines, names in lower case as they are written everywhere.
fn settings(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';']));
    lines.filter_map(|line| line.split_once(['=', ':'])).map(|(name, value)| (name.trim(), value))
}

fn is_npm_token(line: &str) -> bool {
    let line = line.trim();
    if line.starts_with(['#', ';']) {
        return false;
    }
    let Some((name, value)) = line.split_once('=').or_else(|| line.split_once(": ")) else { return false };
    let name = name.trim();
    let names = ["_authToken", "_auth", "_password", "npmAuthToken", "npmAuthIdent"];
    names.iter().any(|end| name.ends_with(end)) && is_value(value)
}

/// Returns whether an address has a password: `https://name:password@host`.
fn has_password(line: &str) -> bool {
    let Some((_, rest)) = line.split_once("://") else { return false };
    let Some((login, _)) = rest.split_once('@') else { return false };
    login.split_once(':').is_some_and(|(_, password)| is_value(password))
}

/// Returns whether a configuration of Docker's holds credentials itself, and does not only name who keeps them.
fn has_auths(text: &str) -> bool {
    let Ok(Value::Object(all)) = serde_json::from_str(text) else { return false };
    let auths = all.get("auths").and_then(Value::as_object).unwrap_or(&all);
    let is_set = |entry: &Value, name: &str| entry[name].as_str().is_some_and(is_value);
    auths.values().any(|entry| ["auth", "identitytoken", "password"].iter().any(|name| is_set(entry, name)))
}

fn is_kubernetes(line: &str) -> bool {
    let line = line.trim().trim_start_matches("- ");
    let names = ["client-key-data:", "token:", "password:"];
    names.iter().any(|name| line.strip_prefix(name).is_some_and(is_value))
}

fn is_service_account(text: &str) -> bool {
    let Ok(Value::Object(all)) = serde_json::from_str(text) else { return false };
    let is = |name: &str, test: fn(&str) -> bool| all.get(name).and_then(Value::as_str).is_some_and(test);
    is("type", |kind| kind == "service_account") && is("private_key", |key| key.contains("PRIVATE KEY"))
}

/// Returns whether a line is `host:port:database:user:password`.
fn is_pgpass(line: &str) -> bool {
    let parts: Vec<&str> = line.splitn(5, ':').collect();
    !line.starts_with('#') && parts.len() == 5 && is_value(parts[4])
}

/// Directories of packages of languages, their tests and samples among them.
const PACKAGES: [&str; 7] =
    ["node_modules", "site-packages", "dist-packages", "gems", "testdata", "perl5", "cargo"];

/// Returns whether a path is that of a file of a package of some language, or of its standard library.
pub(super) fn is_packaged(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').collect();
    let is_runtime =
        |pair: &[&str]| pair[0].starts_with("lib") && (pair[1].starts_with("python") || pair[1] == "ruby");
    let is_cached = |pair: &[&str]| pair == ["pkg", "mod"];
    segments.iter().any(|segment| PACKAGES.contains(segment))
        || segments.windows(2).any(|pair| is_runtime(pair) || is_cached(pair))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq1\n-----END RSA PRIVATE KEY-----\n";

    fn found(path: &str, text: &str) -> Option<SecretKind> {
        let head = &text.as_bytes()[..text.len().min(8)];
        is_suspect(path, head).then(|| kind(path, text.as_bytes())).flatten()
    }

    #[test]
    fn secrets_are_told_by_place_and_mark() {
        use SecretKind::*;
        let behind = format!("-----BEGIN CERTIFICATE-----\nMIIDdzCC\n-----END CERTIFICATE-----\n{KEY}");
        let account =
            "{\"type\": \"service_account\", \"private_key\": \"-----BEGIN PRIVATE KEY-----\\nMIIE\"}";
        for (path, text, expected) in [
            ("root/.ssh/id_rsa", KEY, PrivateKey),
            ("any/name/at/all", KEY, PrivateKey),
            ("etc/tls/server.pem", &behind, PrivateKey),
            ("k", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n", PrivateKey),
            ("k", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOYBGPdO0UBCADZk1\n", PrivateKey),
            ("k", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIFHDBOBgkqhkiG9w0B\n", EncryptedPrivateKey),
            (
                "k",
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n",
                EncryptedPrivateKey,
            ),
            ("k.ppk", "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\n", PrivateKey),
            ("root/.netrc", "machine a.example login b password c\n", Netrc),
            ("root/.npmrc", "//npm.acme.example/:_authToken=npm_abc\n", NpmToken),
            ("root/.pypirc", "[pypi]\nusername = __token__\npassword = pypi-AgEI\n", PypiPassword),
            (
                "root/.docker/config.json",
                "{\"auths\": {\"a.example\": {\"auth\": \"YTpi\"}}}",
                RegistryCredentials,
            ),
            ("root/.dockercfg", "{\"a.example\": {\"auth\": \"YTpi\"}}", RegistryCredentials),
            ("root/.aws/credentials", "[default]\naws_secret_access_key = abc/def\n", AwsCredentials),
            ("root/.git-credentials", "https://a:b@git.example\n", GitCredentials),
            ("root/.kube/config", "users:\n- user:\n    client-key-data: LS0t\n", KubernetesCredentials),
            ("app/gcp-key.json", account, ServiceAccountKey),
            ("infra/terraform.tfstate", "{\"version\": 4, \"terraform_version\": \"1.5.0\"}", TerraformState),
            ("root/.pgpass", "db:5432:*:app:hunter2\n", PostgresPassword),
        ] {
            assert_eq!(found(path, text), Some(expected), "{path}");
        }
    }

    #[test]
    fn what_only_looks_alike_is_none() {
        for (path, text) in [
            ("etc/ssl/certs/ca.pem", "-----BEGIN CERTIFICATE-----\nMIIDdzCC\n-----END CERTIFICATE-----\n"),
            ("k", "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0B\n"),
            ("doc", "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n"),
            ("doc", "-----BEGIN PRIVATE KEY-----\n"),
            ("notes.txt", &format!("see:\n{KEY}")),
            ("root/.netrc", "machine a.example login b\n"),
            ("root/.npmrc", "//npm.acme.example/:_authToken=${NPM_TOKEN}\nregistry=https://a.example\n"),
            ("root/.npmrc", "# //npm.acme.example/:_authToken=npm_abc\n"),
            ("root/.pypirc", "[pypi]\npassword = <token>\n"),
            ("root/.docker/config.json", "{\"auths\": {\"a.example\": {}}, \"credsStore\": \"pass\"}"),
            ("root/.docker/config.json", "not json"),
            ("root/.aws/credentials", "[default]\naws_secret_access_key = xxxxxxxx\n"),
            ("root/.git-credentials", "https://git.example\n"),
            ("root/.kube/config", "users:\n- user:\n    exec: {}\n"),
            ("app/credentials.json", "{\"type\": \"authorized_user\"}"),
            ("a.tfstate", "{}"),
            ("root/.pgpass", "# host:port:database:user:password\n"),
            ("empty.key", ""),
        ] {
            assert_eq!(found(path, text), None, "{path}: {text}");
        }
    }

    #[test]
    fn attack_deep_json_and_bytes_that_are_no_text_are_read_without_harm() {
        let deep = format!("{}{}", "{\"auths\":".repeat(5000), "}".repeat(5000));
        assert_eq!(kind("root/.docker/config.json", deep.as_bytes()), None);
        assert_eq!(kind("a.pem", &[0xff; 4096]), None);
        assert_eq!(kind("root/.netrc", &vec![b' '; 65536]), None);
    }

    #[test]
    fn files_of_packages_are_told_from_an_images_own() {
        for (path, expected) in [
            ("app/node_modules/tls/test/key.pem", true),
            ("usr/local/lib/python3.12/test/certdata/keycert.pem", true),
            ("usr/lib/python3/dist-packages/a/key.pem", true),
            ("usr/local/go/src/crypto/tls/testdata/example-key.pem", true),
            ("root/go/pkg/mod/a.example/b@v1/key.pem", true),
            ("app/tests/key.pem", false),
            ("root/.ssh/id_rsa", false),
            ("etc/ssl/private/server.key", false),
        ] {
            assert_eq!(is_packaged(path), expected, "{path}");
        }
    }
}
