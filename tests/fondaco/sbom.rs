//! `fondaco sbom check`, through the program: results on stdout, exit codes, files made to hurt.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use fondaco::model::Digest;

/// Returns the program, told to check what is on its standard input unless `arguments` name a file.
fn checked(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fondaco"));
    command.env_clear().args(["sbom", "check"]).args(arguments);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that has seen enough closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The files of an image with one Debian package.
const TZDATA: &[(&str, &[u8])] = &[
    ("etc/os-release", b"ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n"),
    (
        "var/lib/dpkg/status",
        b"Package: tzdata\nStatus: install ok installed\nArchitecture: all\nVersion: 2025b-0+deb12u2\n\
          Maintainer: Team <team@lists.example>\n",
    ),
];

/// Writes an image layout of one layer, by the rules of `image-layout.md` and nothing of ours.
fn layout(folder: &Path, files: &[(&str, &[u8])]) {
    let layer = crate::tiny::tar(files);
    fs::create_dir_all(folder.join("blobs/sha256")).unwrap();
    let stored = |media_type: &str, bytes: &[u8]| {
        let digest = Digest::sha256(bytes);
        fs::write(folder.join("blobs/sha256").join(digest.hex()), bytes).unwrap();
        serde_json::json!({"mediaType": media_type, "digest": digest.to_string(), "size": bytes.len()})
    };
    let kind = |name: &str| format!("application/vnd.oci.image.{name}");
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [Digest::sha256(&layer).to_string()]},
    });
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": kind("manifest.v1+json"),
        "config": stored(&kind("config.v1+json"), config.to_string().as_bytes()),
        "layers": [stored(&kind("layer.v1.tar"), &layer)],
    });
    let manifest = stored(&kind("manifest.v1+json"), manifest.to_string().as_bytes());
    let index = serde_json::json!({"schemaVersion": 2, "manifests": [manifest]});
    fs::write(folder.join("index.json"), index.to_string()).unwrap();
    fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
}

/// What each format names the package by, and that our own check has nothing to say against it but what is known.
#[test]
fn an_image_is_told_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    layout(&folder.path().join("image"), TZDATA);
    let formats = [
        ("table", "tzdata", None),
        ("purl", "pkg:deb/debian/tzdata@2025b-0%2Bdeb12u2?arch=all&distro=debian-12", None),
        ("cyclonedx-1.5", "\"specVersion\": \"1.5\"", None),
        ("cyclonedx-1.6", "\"specVersion\": \"1.6\"", None),
        ("cyclonedx-1.7", "\"specVersion\": \"1.7\"", Some("bsi")),
        ("spdx-2.3", "\"SPDXRef-OperatingSystem\"", Some("ntia")),
        ("spdx-3.0.1", "\"software_Package\"", Some("bsi")),
    ];
    for (format, words, profile) in formats {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fondaco"));
        command.env_clear().env("FONDACO_CACHE", folder.path().join("cache")).current_dir(folder.path());
        command.args(["sbom", "oci:image", "--creator", "sbom@example.org", "--format", format]);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{format}: {output:?}");
        assert!(stdout(&output).contains(words), "{format}: {}", stdout(&output));
        if let Some(profile) = profile {
            let output = checked(&["-", "--profile", profile], &output.stdout);
            assert_eq!(output.status.code(), Some(0), "{format}: {}", stdout(&output));
        }
    }
}

/// A document in which nothing falls short of the NTIA's list and much of BSI's.
const SMALL: &str = r#"{
  "bomFormat": "CycloneDX", "specVersion": "1.6",
  "metadata": {
    "timestamp": "2026-01-31T12:00:00Z",
    "authors": [{ "name": "Acme" }],
    "component": { "type": "application", "name": "app", "bom-ref": "app", "version": "1", "supplier": { "name": "Acme" } }
  },
  "dependencies": [{ "ref": "app" }]
}"#;

#[test]
fn exit_codes_tell_what_falls_short_from_what_cannot_be_read() {
    let cases: [(&[&str], &[u8], i32, &str); 6] = [
        (&["-", "--profile", "ntia"], SMALL.as_bytes(), 0, "nothing falls short of NTIA"),
        (&["-"], SMALL.as_bytes(), 1, "fields fall short of BSI TR-03183-2 v2.1.0"),
        (&["-", "--profile", "cisa-2025"], SMALL.as_bytes(), 1, "component-hash"),
        (&["-"], b"{}", 65, "neither CycloneDX JSON nor SPDX JSON"),
        (&["-", "--profile", "no-such"], b"", 64, "no-such"),
        (&["no/such/file.json"], b"", 65, "cannot be read"),
    ];
    for (arguments, input, code, words) in cases {
        let output = checked(arguments, input);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        let said = format!("{}{}", stdout(&output), String::from_utf8_lossy(&output.stderr));
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}

#[test]
fn json_names_field_component_place_and_what_is_wanted() {
    let output = checked(&["-", "--output", "json"], SMALL.as_bytes());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema"], "fondaco/sbom-check/v1alpha1");
    assert_eq!(report["falls_short"], true);
    let fields = report["fields"].as_array().unwrap();
    let creator = fields.iter().find(|field| field["field"] == "component-creator").unwrap();
    assert_eq!(creator["level"], "must");
    assert_eq!(creator["findings"][0]["pointer"], "/metadata/component/supplier");
    assert_eq!(creator["findings"][0]["reference"], "app");
    assert_eq!(creator["findings"][0]["outcome"], "falls-short");
}

#[test]
fn hostile_files_end_in_an_error_and_not_on_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let deep = written("deep.json", "[".repeat(10_000).as_bytes());
    let output = checked(&[deep.to_str().unwrap()], b"");
    assert_eq!(output.status.code(), Some(65), "{output:?}");
    let evil = SMALL.replace("\"app\"", "\"a\\u001b[2J\\npp\"");
    let evil = written("evil.json", evil.as_bytes());
    let output = checked(&[evil.to_str().unwrap()], b"");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(!stdout(&output).contains('\u{1b}'), "{output:?}");
    // A sparse file of 8 GiB is read to the limit and no further.
    let endless = fs::File::create(folder.path().join("endless.json")).unwrap();
    endless.set_len(8 << 30).unwrap();
    let output = checked(&[folder.path().join("endless.json").to_str().unwrap()], b"");
    assert_eq!(output.status.code(), Some(65), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("more than 67108864 bytes"), "{output:?}");
}

#[test]
fn a_file_of_the_bsi_corpus_is_judged() {
    let Some(corpora) = std::env::var_os("FONDACO_CORPORA") else {
        let _ = writeln!(std::io::stderr(), "left out: bsi-tr-03183-2, because FONDACO_CORPORA is not set");
        return;
    };
    let file = Path::new(&corpora).join("bsi-tr-03183-2/cdx/invalidComponentLicenseID.cdx16.json");
    let output = checked(&[file.to_str().unwrap()], b"");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = stdout(&output);
    assert!(text.contains("licence-identifiers: falls short in 1 of 1"), "{text}");
    assert!(text.contains("bad-lib at /components/0/licenses/0/license/id `Apache-9999`"), "{text}");
}

/// Terminal sequences, forged lines and directions in names, versions, licences, makers and paths of an image.
#[test]
fn names_in_an_image_are_shown_and_not_obeyed() {
    const EVIL: &str = "\u{1b}[2Jx\u{202e}y|`z`<b>\r";
    let evil = serde_json::to_string(EVIL).unwrap();
    let named = format!("{{\"name\": {evil}, \"version\": {evil}}}");
    let described =
        format!("{{\"name\": \"b\", \"version\": \"1.0.0\", \"license\": {evil}, \"author\": {evil}}}");
    let status = format!(
        "Package: a\nStatus: install ok installed\nVersion: 1{EVIL}\nArchitecture: all\n\nPackage: c\nStatus: install ok installed\nVersion: 1\nArchitecture: all\nMaintainer: {EVIL}\n"
    );
    let system = format!("ID=debian\nVERSION_ID=12\nPRETTY_NAME=\"{EVIL}\"\n");
    let directory = tempfile::tempdir().unwrap();
    layout(
        directory.path(),
        &[
            ("etc/os-release", system.as_bytes()),
            ("var/lib/dpkg/status", status.as_bytes()),
            ("a/package.json", named.as_bytes()),
            ("\u{1b}[2J/package.json", described.as_bytes()),
            ("\u{202e}/a-1.jar", b"PK\x03\x04"),
        ],
    );
    let image = format!("oci:{}", directory.path().display());
    for format in ["table", "purl", "cyclonedx-1.6", "cyclonedx-1.7"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fondaco"));
        command.env_clear().env("FONDACO_CACHE", directory.path().join("cache"));
        let output = command.args(["sbom", &image, "--format", format]).output().unwrap();
        let told = stdout(&output) + &String::from_utf8(output.stderr.clone()).unwrap();
        assert!(output.status.success(), "{format}: {told}");
        // JSON escapes control characters, and nothing else has to.
        let deceives = if format.starts_with("cyclonedx") {
            &["\u{1b}", "\r"][..]
        } else {
            &["\u{1b}", "\u{202e}", "\r"]
        };
        assert!(!deceives.iter().any(|one| told.contains(one)), "{format}: {told:?}");
        assert!(told.contains('b') && told.contains("1.0.0"), "{format}: {told}");
    }
}
