//! Statements written by hand after the specifications, and attacks on whoever reads them.

mod attack;
mod buildkit;
mod content;
mod provenance;

use serde_json::{Value, json};

use super::*;
use crate::model::Outcome;

const V1: &str = "https://in-toto.io/Statement/v1";

fn image() -> Digest {
    Digest::sha256("image")
}

/// A statement about [`image`].
fn statement(predicate_type: &str, predicate: &Value) -> Value {
    json!({
        "_type": V1,
        "subject": [{"name": "registry.example/acme/web", "digest": {"sha256": image().hex()}}],
        "predicateType": predicate_type,
        "predicate": predicate,
    })
}

fn said(value: &Value) -> Said {
    read(value.to_string().as_bytes()).unwrap()
}

fn refused(value: &Value) -> String {
    read(value.to_string().as_bytes()).unwrap_err()
}

/// What is said, in order, as `builder=…`.
fn sayings(said: &Said) -> Vec<String> {
    said.says.iter().map(|(kind, text)| format!("{}={text}", name(*kind))).collect()
}

fn wanted(predicate: &str, says: &[(StatementKind, &str)]) -> DesiredAttestation {
    let exactly = |(kind, text): &(StatementKind, &str)| (*kind, Wanted::Exactly((*text).to_owned()));
    DesiredAttestation {
        name: "demand".into(),
        predicate: predicate.into(),
        signers: None,
        required: true,
        says: says.iter().map(exactly).collect(),
        levels: BTreeSet::new(),
    }
}

fn repository() -> Repository {
    "registry.example/acme/web".parse().unwrap()
}
