//! Attestation manifests of an index.

use super::*;
use crate::{
    model::{Descriptor, Document, ImageIndex, ImageManifest, media_type},
    trust::predicate::buildkit,
};

const IN_TOTO: &str = "application/vnd.in-toto+json";

fn entry(digest: &Digest, annotations: &Value) -> Value {
    json!({"mediaType": media_type::OCI_MANIFEST, "digest": digest, "size": 1234, "annotations": annotations,
        "platform": {"architecture": "unknown", "os": "unknown"}})
}

fn index(entries: &[Value]) -> ImageIndex {
    let platform = json!({"mediaType": media_type::OCI_MANIFEST, "digest": image(), "size": 1234,
        "platform": {"architecture": "amd64", "os": "linux"}});
    let manifests: Vec<_> = std::iter::once(platform).chain(entries.iter().cloned()).collect();
    let text =
        json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": manifests}).to_string();
    match Document::parse(media_type::OCI_INDEX, text.as_bytes()).unwrap() {
        Document::Index(index) => index,
        Document::Image(_) => panic!("an index"),
    }
}

fn manifest(layers: usize) -> ImageManifest {
    let layer = json!({"mediaType": IN_TOTO, "digest": Digest::sha256("layer"), "size": 1});
    let other = json!({"mediaType": "application/x", "digest": Digest::sha256("other"), "size": 1});
    let layers: Vec<_> = std::iter::once(other).chain(vec![layer; layers]).collect();
    let text = json!({"schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "layers": layers,
        "config": {"mediaType": media_type::OCI_CONFIG, "digest": Digest::sha256("{}"), "size": 2}})
    .to_string();
    Document::parse(media_type::OCI_MANIFEST, text.as_bytes()).unwrap().image().unwrap().clone()
}

#[test]
fn an_attestation_manifest_speaks_of_another_manifest_of_the_index() {
    let own = Digest::sha256("attestation");
    let kind = "vnd.docker.reference.type";
    let of = "vnd.docker.reference.digest";
    let good = json!({kind: "attestation-manifest", of: image()});
    let cases = [
        (good.clone(), 1),
        (json!({kind: "something", of: image()}), 0),
        (json!({of: image()}), 0),
        (json!({kind: "attestation-manifest"}), 0),
        (json!({kind: "attestation-manifest", of: "sha256:short"}), 0),
        (json!({kind: "attestation-manifest", of: Digest::sha256("not in the index")}), 0),
        (json!({kind: "attestation-manifest", of: own}), 0),
    ];
    for (annotations, expected) in cases {
        let found = buildkit::manifests(&index(&[entry(&own, &annotations)]));
        assert_eq!(found.len(), expected, "{annotations}");
        assert!(found.iter().all(|found| found.subject == image() && found.descriptor.digest == own));
    }
}

#[test]
fn only_statements_among_the_layers_are_read_and_few_of_them() {
    let few = manifest(2);
    assert_eq!(buildkit::statements(&few).0.len(), 2);
    let many = manifest(buildkit::LAYERS_MAX + 5);
    let (layers, more) = buildkit::statements(&many);
    assert_eq!((layers.len(), more), (buildkit::LAYERS_MAX, 5));
}

fn layer(annotation: Option<&str>) -> Descriptor {
    let annotations = annotation.map(|text| ("in-toto.io/predicate-type".to_owned(), text.to_owned()));
    Descriptor { annotations: annotations.into_iter().collect(), ..Descriptor::of(IN_TOTO, b"") }
}

#[test]
fn a_layer_is_a_statement_of_the_type_its_annotation_names() {
    let provenance = statement("https://slsa.dev/provenance/v0.2", &provenance::buildkit_v02()).to_string();
    for annotation in [None, Some("https://slsa.dev/provenance/v0.2")] {
        let found = buildkit::read(&layer(annotation), provenance.as_bytes(), &image()).unwrap();
        assert!(matches!(found.content, Content::Provenance(_)));
    }
}

#[test]
fn attack_the_annotation_says_another_predicate_type_than_the_statement() {
    let provenance = statement("https://slsa.dev/provenance/v0.2", &provenance::buildkit_v02()).to_string();
    let refused = buildkit::read(&layer(Some("https://spdx.dev/Document")), provenance.as_bytes(), &image());
    assert_eq!(
        refused.unwrap_err(),
        "the annotation says `https://spdx.dev/Document`, the statement `https://slsa.dev/provenance/v0.2`"
    );
}

#[test]
fn attack_the_statement_of_an_attestation_manifest_speaks_of_another_platform() {
    let provenance = statement("https://slsa.dev/provenance/v0.2", &provenance::buildkit_v02()).to_string();
    let refused = buildkit::read(&layer(None), provenance.as_bytes(), &Digest::sha256("linux/arm64"));
    assert_eq!(refused.unwrap_err(), "the statement is for another subject");
}
