//! What the organisation put beside the promoted image, and how anybody checks it.

use serde::Serialize;

use super::Image;
use crate::evidence::{Hop, HopKind, Vouched};

#[derive(Serialize)]
pub(super) struct Section {
    rows: Vec<Row>,
    /// Checks the signature at the first place the image was promoted to.
    command: Option<String>,
}

#[derive(Serialize)]
struct Row {
    repository: String,
    tag: String,
    at: String,
    format: String,
    subject: String,
    digest: String,
    key: String,
}

pub(super) fn section(image: Image<'_>) -> Section {
    let promotions = image.record.custody.here().iter().filter(|hop| hop.kind == HopKind::Promotion);
    let standing = image.record.custody.promoted();
    let signed = standing.into_iter().find(|hop| hop.vouched.iter().any(|vouched| vouched.key.is_some()));
    Section {
        rows: promotions.flat_map(|hop| hop.vouched.iter().map(|vouched| row(hop, vouched))).collect(),
        command: signed.map(|hop| command(image, hop)),
    }
}

fn row(hop: &Hop, vouched: &Vouched) -> Row {
    Row {
        repository: hop.to.to_string(),
        tag: hop.tag.clone().unwrap_or_default(),
        at: hop.at.to_string(),
        format: vouched.format.clone(),
        subject: vouched.subject.short(),
        digest: vouched.digest.short(),
        key: vouched.key.as_ref().map_or("none".to_owned(), ToString::to_string),
    }
}

/// Returns the command for cosign 2.6 and later. The signature is by key and in no public log, hence the option.
fn command(image: Image<'_>, hop: &Hop) -> String {
    let public = image.subject.desired.mirror.signing.public_path();
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
    let is_plain = public.chars().all(plain) && !public.starts_with('-');
    let public = if is_plain { public } else { "PUBLIC-KEY".to_owned() };
    format!("cosign verify --key {public} --insecure-ignore-tlog {}@{}", hop.to, image.digest)
}
