//! Upstreams that answer with the wrong thing: what the report says, and that nothing of it is named in the mirror.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use fondaco::model::{Digest, MANIFEST_BYTES_MAX, media_type};

use crate::{
    fake::{BlobFault, Fault, FaultBody, Options},
    http::HttpScenario,
    tiny,
};

/// Runs for one image whose upstream behaves as `options` say; returns the scenario and why the image failed.
fn failed(options: Options, prepare: impl FnOnce(&HttpScenario)) -> (HttpScenario, Digest, String) {
    let scenario = HttpScenario::new(options, Options { accept_any_digest: true, ..Options::default() });
    let digest = scenario.image("library/nginx", "1");
    prepare(&scenario);
    let report = scenario.run(&["library/nginx"]);
    let image = &report.images[0];
    assert!(!image.taken_in, "{}", report.text());
    let failure = image.failure.clone().unwrap_or_else(|| panic!("no failure: {}", report.text()));
    for repository in scenario.mirror.repositories().iter().filter(|name| name.contains("nginx")) {
        assert_eq!(scenario.mirror.tags(repository), [].into(), "{repository} names what is half there");
    }
    assert_eq!(scenario.mirror.open_sessions(), 0, "upload sessions are closed");
    (scenario, digest, failure)
}

fn instead(action: &str, body: FaultBody) -> Options {
    let fault = Fault { body, ..Fault::new(action, 200, usize::MAX) };
    Options { faults: vec![fault], ..Options::default() }
}

#[test]
fn a_page_instead_of_a_manifest() {
    let (scenario, digest, failure) = failed(instead("GET manifest", FaultBody::Html), |_| {});
    let page = Digest::sha256("<!doctype html><title>Sign in</title>");
    let host = &scenario.upstream.address;
    let expected =
        format!("`{host}` delivered manifest `library/nginx@{digest}` whose digest is {page}, not {digest}");
    assert_eq!(failure, expected);
}

#[test]
fn a_manifest_without_end() {
    let (scenario, digest, failure) = failed(instead("GET manifest", FaultBody::Endless), |_| {});
    let host = &scenario.upstream.address;
    let flood = format!("with something invalid: more than {MANIFEST_BYTES_MAX} bytes");
    assert_eq!(failure, format!("`{host}` answered manifest `library/nginx@{digest}` {flood}"));
}

#[test]
fn a_manifest_over_the_limit() {
    let flood = vec![b' '; usize::try_from(MANIFEST_BYTES_MAX).unwrap() + 1];
    let (scenario, _, failure) = failed(Options::default(), |scenario| {
        scenario.upstream.manifest("library/nginx", "1", media_type::OCI_MANIFEST, flood);
    });
    let host = &scenario.upstream.address;
    let expected = "with something invalid: 4194305 bytes, more than the 4194304 a manifest may have";
    assert_eq!(failure, format!("`{host}` answered manifest `library/nginx:1` {expected}"));
}

#[test]
fn a_blob_without_end() {
    let (scenario, _, failure) = failed(instead("GET blob", FaultBody::Endless), |_| {});
    let host = &scenario.upstream.address;
    assert!(failure.starts_with(&format!("`{host}` delivered ")), "{failure}");
    assert!(failure.contains(" bytes of blob `sha256:"), "{failure}");
}

#[test]
fn a_blob_of_another_length_than_its_descriptor_says() {
    let fault = Options { blob_fault: Some(BlobFault::Truncated(4)), ..Options::default() };
    let (scenario, _, failure) = failed(fault, |_| {});
    let host = &scenario.upstream.address;
    assert!(failure.starts_with(&format!("`{host}` delivered 4 bytes of blob `sha256:")), "{failure}");
}

#[test]
fn a_page_instead_of_a_blob() {
    let (scenario, _, failure) = failed(instead("GET blob", FaultBody::Html), |_| {});
    let host = &scenario.upstream.address;
    assert!(failure.starts_with(&format!("`{host}` delivered 37 bytes of blob `sha256:")), "{failure}");
}

#[test]
fn a_blob_whose_digest_is_another() {
    let fault = Options { blob_fault: Some(BlobFault::Corrupt), ..Options::default() };
    let (scenario, _, failure) = failed(fault, |_| {});
    let host = &scenario.upstream.address;
    assert!(failure.starts_with(&format!("`{host}` delivered blob `sha256:")), "{failure}");
    assert!(failure.contains(" whose digest is sha256:"), "{failure}");
}

#[test]
fn a_blob_that_breaks_off() {
    let fault = Options { blob_fault: Some(BlobFault::Dropped(4)), ..Options::default() };
    let (scenario, _, failure) = failed(fault, |_| {});
    let host = &scenario.upstream.address;
    assert!(failure.starts_with(&format!("`{host}` failed at blob `library/nginx@sha256:")), "{failure}");
}

/// 80 MiB of zeros, some thousand times smaller on the way.
#[test]
fn a_layer_that_is_a_gzip_bomb() {
    let (_, _, failure) = failed(Options::default(), |scenario| {
        let zeros = vec![0; 80 << 20];
        let mut packer = GzEncoder::new(vec![], Compression::best());
        packer.write_all(&zeros).unwrap();
        tiny::layer(&scenario.upstream, "library/nginx", "1", &zeros, packer.finish().unwrap());
    });
    assert!(failure.contains("uncompressed bytes for each compressed one"), "{failure}");
}

/// No bytes hold their own digest, so a registry that names such an index lies about what it delivers.
#[test]
fn an_index_that_contains_itself() {
    let own = Digest::sha256(b"whatever it says it is");
    let entry = serde_json::json!({"mediaType": media_type::OCI_INDEX, "digest": own, "size": 229});
    let index =
        serde_json::json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": [entry]});
    let index = index.to_string();
    let (scenario, _, failure) = failed(Options::default(), |scenario| {
        scenario.upstream.manifest("library/nginx", "1", media_type::OCI_INDEX, index.clone());
        scenario.upstream.forge("library/nginx", &own, media_type::OCI_INDEX, index.clone());
    });
    let (host, found) = (&scenario.upstream.address, Digest::sha256(&index));
    let expected =
        format!("`{host}` delivered manifest `library/nginx@{own}` whose digest is {found}, not {own}");
    assert_eq!(failure, expected);
}
