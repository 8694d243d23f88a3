//! `fondaco trust observe` as a process, against a registry in this process.

mod notary;
mod platforms;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use fondaco::{
    model::{Descriptor, Digest, Instant, Repository, media_type},
    registry::{Access, Credentials, Endpoint, open},
    trust::sign::{self, KeyFile},
};
use serde_json::{Value, json};

use crate::{
    fake::{Fake, Fault, Options, Referrers},
    tiny,
};

/// Runs the program in a folder, speaking plain HTTP to the registry. Returns exit code, stdout and stderr.
fn observe(folder: &Path, fake: &Fake, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fondaco"));
    command.current_dir(folder).env("HOME", folder).env_remove("FONDACO_REPOSITORY");
    command.args(["trust", "observe", "--plain-http", &fake.address]).args(arguments);
    told(&command.output().unwrap())
}

fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// Puts a small image up and signs it, in both forms, with a key whose public half is written to `acme.pub`.
fn signed(fake: &Fake, folder: &Path) -> String {
    let digest = tiny::image(fake, "acme/web", "1", tiny::STATUS);
    let (sealed, public) = sign::seal(&[7; 32], b"x").unwrap();
    fs::write(folder.join("acme.pub"), public).unwrap();
    let key = KeyFile::open(sealed.as_bytes(), b"x").unwrap();
    let access = Access::new(&fake.address, Endpoint::Http { plain: true }, Credentials::default());
    let repository: Repository = format!("{}/acme/web", fake.address).parse().unwrap();
    let size = fake.stored("acme/web", &digest).unwrap().len() as u64;
    let subject = Descriptor::new(media_type::OCI_MANIFEST, digest, size);
    let at: Instant = "2026-11-21T00:00:00Z".parse().unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let registry = open(&access).unwrap();
        sign::sign_image(registry.as_ref(), &repository, &[subject], &key, at).await.unwrap();
    });
    format!("{}/acme/web:1", fake.address)
}

#[test]
fn an_unsigned_image_is_said_to_be_unsigned() {
    let (folder, fake) = (tempfile::tempdir().unwrap(), Fake::start(Options::default()));
    let digest = tiny::image(&fake, "acme/web", "1", tiny::STATUS);
    let image = format!("{}/acme/web:1", fake.address);
    let (code, stdout, stderr) = observe(folder.path(), &fake, &[&image]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.starts_with(&format!("{image}  {digest}\n  unsigned ")), "{stdout}");
    assert!(stdout.contains("No policy is proposed") && !stdout.contains("kind: TrustPolicy"), "{stdout}");
    let written = fake
        .log()
        .iter()
        .filter(|logged| !["HEAD", "GET"].contains(&&logged.action[..logged.action.find(' ').unwrap()]))
        .count();
    assert_eq!(written, 0, "observing only reads");
}

#[test]
fn a_registry_that_fails_says_nothing_about_signatures() {
    for (action, path_end) in [("GET manifest", ".sig"), ("GET referrers", ""), ("HEAD manifest", "")] {
        let (folder, fake) = (tempfile::tempdir().unwrap(), Fake::start(Options::default()));
        tiny::image(&fake, "acme/web", "1", tiny::STATUS);
        let fault = Fault { path_end: path_end.to_owned(), ..Fault::new(action, 403, usize::MAX) };
        fake.set(|options| options.faults.push(fault));
        let image = format!("{}/acme/web:1", fake.address);
        let (code, stdout, stderr) = observe(folder.path(), &fake, &[&image]);
        assert_eq!(code, 1, "{action}: {stdout}{stderr}");
        assert!(stdout.contains("  undeterminable  ") && !stdout.contains("unsigned"), "{action}: {stdout}");
    }
}

#[test]
fn an_image_that_is_not_there_does_not_hide_the_others() {
    let (folder, fake) = (tempfile::tempdir().unwrap(), Fake::start(Options::default()));
    tiny::image(&fake, "acme/web", "1", tiny::STATUS);
    let images = ["1", "2"].map(|tag| format!("{}/acme/web:{tag}", fake.address));
    let (code, stdout, _) = observe(folder.path(), &fake, &[&images[0], &images[1], "--output", "json"]);
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &report["schema"]), (1, &"fondaco/trust-observation/v1alpha1".into()));
    assert_eq!(report["observed"][0]["image"], images[0]);
    assert_eq!(report["undeterminable"][0]["image"], images[1]);
}

#[test]
fn a_key_is_not_guessed_and_a_given_one_is_proposed_and_tried() {
    for referrers in [Referrers::On, Referrers::Off] {
        let folder = tempfile::tempdir().unwrap();
        let fake = Fake::start(Options { referrers, ..Options::default() });
        let image = signed(&fake, folder.path());
        let (code, stdout, stderr) = observe(folder.path(), &fake, &[&image]);
        assert_eq!(code, 0, "{stderr}");
        assert!(stdout.contains("signature       cosign tag `.sig` · foreign: "), "{stdout}");
        assert!(stdout.contains("signature       Sigstore bundle · foreign: "), "{stdout}");
        assert!(stdout.contains("`--key FILE`") && !stdout.contains("kind: TrustPolicy"), "{stdout}");

        let out = ["--key", "acme.pub", "--out", "web.yaml"];
        let (code, stdout, stderr) = observe(folder.path(), &fake, &[&[image.as_str()], &out[..]].concat());
        assert_eq!(code, 0, "{stderr}");
        assert!(!stderr.contains("does not accept"), "{stderr}");
        let policy = fs::read_to_string(folder.path().join("web.yaml")).unwrap();
        assert!(stdout.ends_with(&policy) && policy.contains("\n  keys:\n    - name: acme\n"), "{stdout}");
        // Nothing that is there is overwritten.
        let (code, _, stderr) = observe(folder.path(), &fake, &[&[image.as_str()], &out[..]].concat());
        assert!(code == 1 && stderr.contains("`web.yaml` cannot be written"), "{stderr}");
        assert_eq!(fs::read_to_string(folder.path().join("web.yaml")).unwrap(), policy);
    }
}

#[test]
fn statements_of_buildkit_are_listed_as_unsigned() {
    let (folder, fake) = (tempfile::tempdir().unwrap(), Fake::start(Options::default()));
    let image = tiny::image(&fake, "acme/web", "built", tiny::STATUS);
    let statement = fake.blob("acme/web", "{}");
    let config = fake.blob("acme/web", "{\"os\":\"unknown\",\"architecture\":\"unknown\"}");
    let manifest = json!({
        "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST,
        "config": {"mediaType": media_type::OCI_CONFIG, "digest": config, "size": 43},
        "layers": [{"mediaType": "application/vnd.in-toto+json", "digest": statement, "size": 2,
            "annotations": {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"}}],
    })
    .to_string();
    let attestation = fake.manifest("acme/web", "attestation", media_type::OCI_MANIFEST, manifest.clone());
    let size = fake.stored("acme/web", &image).unwrap().len();
    let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": [
        {"mediaType": media_type::OCI_MANIFEST, "digest": image, "size": size,
            "platform": {"os": "linux", "architecture": "amd64"}},
        {"mediaType": media_type::OCI_MANIFEST, "digest": attestation, "size": manifest.len(),
            "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {"vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": image}},
    ]});
    fake.manifest("acme/web", "1", media_type::OCI_INDEX, index.to_string());
    let (code, stdout, stderr) = observe(folder.path(), &fake, &[&format!("{}/acme/web:1", fake.address)]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("  attestation     https://slsa.dev/provenance/v0.2\n"), "{stdout}");
    assert!(
        stdout.contains("BuildKit, in the index · ") && stdout.contains("evidence, not proof"),
        "{stdout}"
    );
    assert!(stdout.contains("no signature    nobody signed the image itself"), "{stdout}");
}

/// Returns the sources of a crate in Cargo's cache.
pub(crate) fn sources(of: &str) -> PathBuf {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cargo"));
    let registries = fs::read_dir(home.join("registry/src")).unwrap();
    let mut found = registries.map(|entry| entry.unwrap().path().join(of)).filter(|path| path.is_dir());
    found.next().unwrap_or_else(|| panic!("{of} is not in Cargo's cache"))
}

/// The bundle that cosign 3 put beside ghcr.io/kubewarden/kubewarden-controller:v1.34.0, from the package `sigstore` 0.14.0.
#[test]
fn a_real_keyless_image_is_observed_and_its_policy_accepts_it() {
    const SUBJECT: &str = "sha256:c811d58de79c92f03214e63aa339484e488d694ae8a6283b5f3f17a9faf50172";
    const WORKFLOW: &str = "https://github.com/kubewarden/kubewarden-controller/.github/workflows/";
    let (folder, fake) = (tempfile::tempdir().unwrap(), Fake::start(Options::default()));
    let subject: Digest = SUBJECT.parse().unwrap();
    fake.forge("kubewarden/controller", &subject, media_type::OCI_MANIFEST, "{}");
    let bundle = fs::read(sources("sigstore-0.14.0").join("tests/data/bundle_v03.json")).unwrap();
    let (size, layer) = (bundle.len(), fake.blob("kubewarden/controller", bundle));
    let empty = fake.blob("kubewarden/controller", "{}");
    let referrer = json!({
        "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "artifactType": media_type::SIGSTORE_BUNDLE,
        "config": {"mediaType": media_type::OCI_EMPTY, "digest": empty, "size": 2},
        "layers": [{"mediaType": media_type::SIGSTORE_BUNDLE, "digest": layer, "size": size}],
        "subject": {"mediaType": media_type::OCI_MANIFEST, "digest": subject, "size": 2},
    });
    fake.manifest("kubewarden/controller", "bundle", media_type::OCI_MANIFEST, referrer.to_string());
    let image = format!("{}/kubewarden/controller@{SUBJECT}", fake.address);
    let (code, stdout, stderr) = observe(folder.path(), &fake, &[&image]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(!stderr.contains("does not accept"), "{stdout}{stderr}");
    assert!(stdout.contains(&format!("\n    identity      {WORKFLOW}")), "{stdout}");
    assert!(stdout.contains("\n      issuer: \"https://token.actions.githubusercontent.com\"\n"), "{stdout}");
    assert!(stdout.contains(&format!("\n      identity: \"{WORKFLOW}")), "{stdout}");

    // The same bundle beside another image is no signature of that.
    let other = Digest::sha256("another image");
    fake.forge("kubewarden/controller", &other, media_type::OCI_MANIFEST, "{}");
    let moved = referrer.to_string().replace(SUBJECT, &other.to_string());
    fake.manifest("kubewarden/controller", "moved", media_type::OCI_MANIFEST, moved);
    let image = format!("{}/kubewarden/controller@{other}", fake.address);
    let (_, stdout, _) = observe(folder.path(), &fake, &[&image]);
    assert!(stdout.contains(" · invalid: ") && !stdout.contains("kind: TrustPolicy"), "{stdout}");
    assert!(!stdout.contains("identity      https"), "{stdout}");
}
