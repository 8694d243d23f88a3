//! CycloneDX 1.5 as `cyclonedx-bom` writes it becomes 1.6 and 1.7.
//!
//! Everything in the model means the same in all three. Added is what 1.5 cannot say: who made a component, whether a
//! licence is declared or concluded, and a file's own hash where BSI TR-03183-2 (section 8.2) looks for it. To be dropped
//! when a release of the crate writes them (CycloneDX/cyclonedx-rust-cargo#872).

use std::collections::HashMap;

use cyclonedx_bom::prelude::Bom;
use serde_json::{Value, json};

use super::maker::{self, Maker, UNKNOWN};
use super::{CycloneDx, SbomSubject, model};
use crate::catalogue::{Component, Place};

/// What is said of a licence that nothing declares: BSI takes a reference where it takes no `NOASSERTION`.
pub(super) const UNKNOWN_LICENCE: &str = "LicenseRef-fondaco-unknown";

/// Returns the document of a valid model.
pub(super) fn to(
    version: CycloneDx,
    bom: Bom,
    image: &SbomSubject,
    components: &[&Component],
) -> Result<Value, String> {
    let mut bytes = vec![];
    bom.output_as_json_v1_5(&mut bytes).map_err(|e| e.to_string())?;
    let mut document: Value = serde_json::from_slice(&bytes).map_err(|e| e.to_string())?;
    if version == CycloneDx::V1_5 {
        return Ok(document);
    }
    document["specVersion"] = version.number().into();
    document["$schema"] = format!("http://cyclonedx.org/schema/bom-{}.schema.json", version.number()).into();
    if let Some(creator) = &image.creator {
        document["metadata"]["manufacturer"] = organisation(Maker::of(Some(creator)));
    }
    let container = &mut document["metadata"]["component"];
    say(container, version, None);
    if let Some(hash) = &image.sha512 {
        container["externalReferences"] = json!([{
            "type": "distribution",
            "url": uri(image),
            "hashes": [{"alg": "SHA-512", "content": hash}],
        }]);
    }
    let known: HashMap<&str, &Component> = components.iter().map(|one| (one.purl.as_str(), *one)).collect();
    for one in document["components"].as_array_mut().into_iter().flatten() {
        let of = one["bom-ref"].as_str().and_then(|reference| known.get(reference)).copied();
        say(one, version, of);
        if let Some(of) = of {
            refer(one, image, of);
        }
    }
    Ok(document)
}

/// Adds maker and licences.
fn say(document: &mut Value, version: CycloneDx, of: Option<&Component>) {
    // BSI wants a version; other readers may take the word for one, so 1.6 goes without.
    if version == CycloneDx::V1_7 && document["version"].as_str().is_none_or(str::is_empty) {
        document["version"] = UNKNOWN.into();
    }
    let page = maker::page(of.and_then(|of| of.website.as_deref()));
    let maker = Maker::of(of.and_then(|of| of.creator.as_deref()));
    document["manufacturer"] = organisation(maker.or_page(page.as_deref()));
    let declared = document["licenses"][0]["expression"].as_str().map(str::to_owned);
    let said = |text: &str, how: &str| json!({"expression": text, "acknowledgement": how});
    document["licenses"] = match (version, declared) {
        // One expression is all that 1.6 takes.
        (CycloneDx::V1_7, Some(text)) => json!([said(&text, "concluded"), said(&text, "declared")]),
        (_, Some(text)) => json!([said(&text, "concluded")]),
        (_, None) => json!([said(UNKNOWN_LICENCE, "concluded")]),
    };
}

/// Returns an organisation by its e-mail address or URL, else by what is known of its name.
fn organisation(maker: Maker) -> Value {
    match maker {
        Maker::Unknown => json!({"name": UNKNOWN}),
        Maker::Url { name: None, url } => json!({"url": [url]}),
        Maker::Url { name: Some(name), url } => json!({"name": name, "url": [url]}),
        Maker::Address { email, .. } => json!({"contact": [{"email": email}]}),
        Maker::Name(name) => json!({"name": name}),
    }
}

/// Adds where the component's source is, and of a file its hash.
fn refer(document: &mut Value, image: &SbomSubject, of: &Component) {
    let mut references = vec![];
    if let Some(url) = of.source_url.as_deref().and_then(|url| url::Url::parse(url).ok()) {
        references.push(json!({"type": "source-distribution", "url": url.as_str()}));
    }
    let place = of.places.iter().find(|place| place.inside.is_none());
    if let (true, Some(hash), Some(place)) = (model::is_file(of), &of.sha512, place) {
        references.push(json!({
            "type": "distribution",
            "url": within(image, place),
            "hashes": [{"alg": "SHA-512", "content": hash}],
        }));
    }
    if !references.is_empty() {
        document["externalReferences"] = references.into();
    }
}

/// Returns whether the image lies in a layout or an archive, not in a registry.
pub(super) fn is_local(image: &SbomSubject) -> bool {
    ["oci:", "oci-archive:", "/"].iter().any(|start| image.repository.starts_with(start))
}

/// Returns a URI of the image by digest.
pub(super) fn uri(image: &SbomSubject) -> String {
    let repository = escaped(&image.repository);
    let scheme = match is_local(image) {
        false => "oci://",
        true if repository.starts_with('/') => "oci:",
        true => "",
    };
    format!("{scheme}{repository}@{}", image.digest)
}

/// Returns a URI of a file inside the image: the image by digest, the path as fragment.
pub(super) fn within(image: &SbomSubject, place: &Place) -> String {
    format!("{}#/{}", uri(image), escaped(&place.path))
}

fn escaped(text: &str) -> String {
    // A colon stands before ports and behind the kind of a layout.
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/:".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
