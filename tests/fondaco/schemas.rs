//! The schemas in `schemas/` are those of the program, and editors see with them what the program sees.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fondaco::manifest::{Diagnostic, SourceFile, read, render, schemas};
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas")
}

/// Returns the files below a folder by their path relative to it.
fn files(root: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the folder is readable") {
            let path = entry.expect("the folder is readable").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path
                .strip_prefix(root)
                .expect("the file is below the folder")
                .to_string_lossy()
                .replace('\\', "/");
            files.insert(name, std::fs::read_to_string(&path).expect("the file is text"));
        }
    }
    files
}

/// `UPDATE=1 cargo test` writes the files.
#[test]
fn the_schemas_on_disk_are_those_of_the_program() {
    let expected = schemas();
    if std::env::var_os("UPDATE").is_some() {
        for (path, text) in &expected {
            let path = folder().join(path);
            std::fs::create_dir_all(path.parent().expect("a file is in a folder"))
                .expect("the folder can be made");
            std::fs::write(path, text).expect("the file can be written");
        }
    }
    let found = files(&folder());
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&expected));
    for (path, text) in expected {
        assert!(found[&path] == text, "schemas/{path} is not up to date: run `UPDATE=1 cargo test`");
    }
}

/// A validator for a kind's own file and one for all kinds.
fn validators(kind: &str) -> [jsonschema::Validator; 2] {
    let all = schemas();
    let own = format!("{}.v1alpha1.json", kind.to_lowercase());
    [own.as_str(), "fondaco.schema.json"].map(|path| {
        let schema: Value = serde_json::from_str(&all[path]).expect("schemas are JSON");
        jsonschema::draft7::new(&schema).expect("schemas are draft 7")
    })
}

fn document(text: &str) -> Value {
    serde_yaml::from_str(text).expect("the case is YAML")
}

const KEY: &str = "\"-----BEGIN PUBLIC KEY-----\\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAElV/m9UKzzuiDd11tzPAEI/NV8zn/BD3m80otMicET4Tq0IWkSq13kP7/VI7tEuGacZ30ykIYB7qbc0NisV07pA==\\n-----END PUBLIC KEY-----\\n\"";

fn of(kind: &'static str, name: &str, spec: &str) -> (&'static str, String) {
    let head = format!("apiVersion: fondaco/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}}}\n");
    (kind, format!("{head}spec: {spec}\n"))
}

/// Good documents, which together are a whole manifest repository, by kind.
fn good() -> Vec<(&'static str, String)> {
    let mut all = good_withdrawals();
    all.extend(good_others());
    all
}

fn good_others() -> Vec<(&'static str, String)> {
    let digest = format!("sha256:{}", "0a".repeat(32));
    vec![
        of(
            "Mirror",
            "acme",
            "{registry: registry.acme.example, signing: {key: keys/acme.key}, operator: Acme, role: user}",
        ),
        of("Registry", "docker.io", "{operator: {name: Docker, country: US}, declared: {date: 2026-11-20}}"),
        of(
            "Registry",
            "demo",
            "{host: \"localhost:5000\", layout: layouts/demo, plainHTTP: true, jurisdiction: {law: French}}",
        ),
        of(
            "Registry",
            "harbor.acme.example",
            "{access: {usernameEnv: A_USER, passwordEnv: A_PASSWORD, credentials: [{prefix: team-a, tokenEnv: TOKEN}], \
             ca: /etc/ssl/acme.pem, clientCertificate: /etc/ssl/us.pem, clientKeyFile: /run/secrets/us.pem, \
             proxy: \"http://proxy.acme.example:3128\"}}",
        ),
        of(
            "ImageSet",
            "web",
            &format!(
                "{{trust: official, images: [{{image: docker.io/library/nginx, tags: [\"1.28\"], digest: \"{digest}\"}}]}}"
            ),
        ),
        of(
            "ImageSet",
            "chosen",
            &format!(
                "{{cooldown: 3d, images: [{{image: quay.io/a, select: {{semver: \"^1\", floating: true, newest: 3, exclude: [\"-rc\"]}}, cooldown: 7d}}, {{image: quay.io/b, select: {{regex: \"v(?<n>[0-9]+)\", orderBy: [n]}}}}, {{image: quay.io/c, digest: \"{digest}\"}}]}}"
            ),
        ),
        of("Consumer", "named", "{target: registry.acme.example/named, images: [web], gate: strict}"),
        of(
            "Consumer",
            "inline",
            "{target: registry.acme.example/inline, images: [web], gate: {maxSeverity: low, maxAge: 3d}}",
        ),
        of("Consumer", "bare", "{target: registry.acme.example/bare, images: [web]}"),
        of(
            "Gate",
            "strict",
            "{maxSeverity: negligible, fixableOnly: true, unknownSeverity: refuse, signature: required, maxAge: 36h, cooldown: 2d, \
             publisherVex: accept, licences: {deny: [AGPL-1.0-or-later, \"EPL-1.0+\", GPL-2.0-only WITH Classpath-exception-2.0], \
             allow: [MIT, LicenseRef-acme], unknown: accept, of: languages}, secrets: hold}",
        ),
        of("Gate", "lax", "{}"),
        of(
            "TrustPolicy",
            "official",
            &format!("{{keys: [{{name: nginx, pem: {KEY}}}], absent: record, invalid: hold}}"),
        ),
    ]
}

fn good_withdrawals() -> Vec<(&'static str, String)> {
    let digest = format!("sha256:{}", "0a".repeat(32));
    vec![
        of(
            "Withdrawal",
            "eol",
            "{subjects: [{image: docker.io/library/nginx, tag: \"1.27\"}], reason: end of life, effective: 2026-12-01}",
        ),
        of(
            "Withdrawal",
            "recall",
            &format!(
                "{{subjects: [{{image: docker.io/library/nginx, digest: \"{digest}\"}}], reason: broken, effective: \
                 2026-12-01, grace: 7d, replacement: 1.28.1, consumers: [named], delete: distribution}}"
            ),
        ),
        of(
            "Withdrawal",
            "strays",
            &format!(
                "{{subjects: [{{image: docker.io/library/nginx, digest: \"{digest}\"}}], reason: left over, effective: \
                 2026-12-01, delete: quarantine}}"
            ),
        ),
    ]
}

fn read_one(texts: &[String]) -> Result<(), (Vec<Diagnostic>, String)> {
    let files = [SourceFile { path: "fondaco.yaml".into(), text: texts.join("---\n") }];
    read(&files).map(drop).map_err(|diagnostics| {
        let printed = render(&diagnostics, &files, false);
        (diagnostics, printed)
    })
}

#[test]
fn good_documents_are_good_to_editors_and_to_the_program() {
    let texts: Vec<_> = good().into_iter().map(|(_, text)| text).collect();
    if let Err((_, printed)) = read_one(&texts) {
        panic!("{printed}");
    }
    for (kind, text) in good() {
        for validator in validators(kind) {
            let errors: Vec<_> =
                validator.iter_errors(&document(&text)).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{text}{errors:?}");
        }
    }
}

/// Changes to good documents that make them bad, and the code the program answers with.
const BAD: &[(&str, &str, &str, &str)] = &[
    ("Mirror", "v1alpha1", "v2", "F0112"),
    ("Mirror", "signing: {key: keys/acme.key}, ", "", "F0109"),
    ("Mirror", "operator: Acme", "operater: Acme", "F0107"),
    ("Mirror", "operator: Acme", "operator: [Acme]", "F0108"),
    ("Mirror", "operator: Acme", "operator: null", "F0108"),
    ("Mirror", "name: acme", "name: Acme", "F0110"),
    ("Mirror", "registry: registry.acme.example", "registry: registry.acme.example/a:1", "F0110"),
    ("Registry", "country: US", "country: USA", "F0110"),
    ("Registry", "date: 2026-11-20", "date: last week", "F0110"),
    ("Registry", "operator: {name", "operater: {name", "F0107"),
    ("Registry", "usernameEnv: A_USER", "usernameEnv: \"hunter 2\"", "F0110"),
    ("Registry", "passwordEnv: A_PASSWORD, ", "", "F0110"),
    ("Registry", "passwordEnv", "password", "F0107"),
    ("Registry", "prefix: team-a", "prefix: /team-a", "F0110"),
    ("Registry", "prefix: team-a, ", "", "F0109"),
    ("Registry", "clientKeyFile: /run", "clientKeyFile: run", "F0110"),
    ("Registry", "http://proxy", "socks5://proxy", "F0110"),
    ("Registry", "http://proxy", "http://user:hunter2@proxy", "F0110"),
    ("ImageSet", "\"1.28\"", "1.28", "F0108"),
    ("ImageSet", "[\"1.28\"]", "[]", "F0110"),
    ("ImageSet", "[\"1.28\"]", "[a, a]", "F0205"),
    ("ImageSet", "[\"1.28\"]", "[\"a b\"]", "F0110"),
    ("ImageSet", "library/nginx", "library/nginx:1", "F0110"),
    ("ImageSet", "sha256:", "md5:", "F0110"),
    ("ImageSet", "semver: \"^1\"", "semver: \"latest\"", "F0110"),
    ("ImageSet", "newest: 3", "newest: 0", "F0110"),
    ("ImageSet", "newest: 3", "newest: \"3\"", "F0108"),
    ("ImageSet", "floating: true", "floating: \"true\"", "F0108"),
    ("ImageSet", "orderBy: [n]", "orderBy: []", "F0110"),
    ("ImageSet", "regex: \"v(?<n>[0-9]+)\", orderBy: [n]", "newest: 3", "F0109"),
    ("ImageSet", ", select: {regex: \"v(?<n>[0-9]+)\", orderBy: [n]}", "", "F0109"),
    ("ImageSet", "cooldown: 7d", "tags: [\"1\"]", "F0110"),
    ("ImageSet", "cooldown: 7d", "cooldown: soon", "F0110"),
    ("Consumer", "images: [web]", "images: web", "F0108"),
    ("Consumer", "images: [web], ", "", "F0109"),
    ("Consumer", "gate: strict", "gate: [strict]", "F0108"),
    ("Consumer", "gate: strict", "gate: {maxSeverty: high}", "F0107"),
    ("Consumer", "gate: strict", "gate: {maxSeverity: unknown}", "F0110"),
    ("Gate", "36h", "36", "F0108"),
    ("Gate", "36h", "a week", "F0110"),
    ("Gate", "fixableOnly: true", "fixableOnly: \"true\"", "F0108"),
    ("Gate", "required", "maybe", "F0110"),
    ("Gate", "publisherVex: accept", "publisherVex: trust", "F0110"),
    ("Gate", "allow: [MIT, LicenseRef-acme]", "allow: []", "F0110"),
    ("Gate", "LicenseRef-acme", "LicenseRef_acme", "F0110"),
    ("Gate", "LicenseRef-acme", "MIT OR ISC", "F0110"),
    ("Gate", "[MIT, LicenseRef-acme]", "[MIT, MIT]", "F0205"),
    ("Gate", "unknown: accept", "unknown: refuse", "F0110"),
    ("Gate", "secrets: hold", "secrets: refuse", "F0110"),
    ("Gate", "of: languages", "of: distribution", "F0110"),
    ("Gate", "licences: {deny: ", "licences: {denied: ", "F0107"),
    ("TrustPolicy", "absent: record", "absent: ignore", "F0110"),
    ("TrustPolicy", "{name: nginx, ", "{name: nginx, path: trust/a.pub, ", "F0110"),
    ("TrustPolicy", "BEGIN PUBLIC", "BEGIN PRIVATE", "F0110"),
];

#[test]
fn bad_documents_are_bad_to_editors_and_to_the_program() {
    for (kind, from, to, code) in BAD {
        let all = good();
        let index = all
            .iter()
            .position(|(k, text)| k == kind && text.contains(from))
            .expect("the case changes something");
        let mut texts: Vec<_> = all.into_iter().map(|(_, text)| text).collect();
        texts[index] = texts[index].replacen(from, to, 1);
        for validator in validators(kind) {
            assert!(!validator.is_valid(&document(&texts[index])), "editors accept {}", texts[index]);
        }
        let (diagnostics, printed) = read_one(&texts).expect_err(&texts[index]);
        assert_eq!(diagnostics.len(), 1, "{printed}");
        assert_eq!(
            serde_json::to_value(&diagnostics[0]).expect("diagnostics serialise")["code"],
            *code,
            "{printed}"
        );
    }
}

#[test]
fn no_schema_lets_unknown_keys_pass() {
    fn walk(value: &Value, path: &str) {
        match value {
            Value::Object(object) => {
                if object.contains_key("properties") {
                    assert_eq!(object.get("additionalProperties"), Some(&Value::Bool(false)), "{path}");
                }
                for (key, inner) in object {
                    walk(inner, &format!("{path}/{key}"));
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, path)),
            _ => {}
        }
    }
    for (path, text) in schemas() {
        let schema: Value = serde_json::from_str(&text).expect("schemas are JSON");
        jsonschema::draft7::new(&schema).expect("schemas are draft 7");
        walk(&schema, &path);
    }
}

/// Hover text is documentation: every key of every kind says what it means.
#[test]
fn every_key_of_a_manifest_is_described() {
    fn walk(value: &Value, path: &str) {
        for (key, property) in value["properties"].as_object().into_iter().flatten() {
            assert!(property["description"].is_string(), "{path}: `{key}` has no description");
        }
        for (name, definition) in value["definitions"].as_object().into_iter().flatten() {
            walk(definition, &format!("{path}/{name}"));
        }
    }
    for (path, text) in schemas().into_iter().filter(|(path, _)| !path.starts_with("records/")) {
        walk(&serde_json::from_str(&text).expect("schemas are JSON"), &path);
    }
}
