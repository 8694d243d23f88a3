//! What the advisories say of the packages (cosign `specs/COSIGN_VULN_ATTESTATION_SPEC.md`).

use serde_json::{Map, Value, json};

use super::Detail;
use crate::{
    evidence::{Document as _, ImageRecord, ScanRecord},
    model::Digest,
};

pub(super) const PREDICATE_TYPE: &str = "https://cosign.sigstore.dev/attestation/vuln/v1";

/// The scanner is part of this program, which has no address of its own.
const SCANNER: &str = "urn:fondaco:scanner";

/// Returns the SHA-256 of the facts behind the attestation: what was found and what was not looked at, whichever bundle
/// said so. Not in canonical form, because every plan asks for every image.
pub(super) fn facts(scan: &ScanRecord) -> Digest {
    let facts = (&scan.packages, &scan.findings, &scan.not_looked_at);
    Digest::sha256(serde_json::to_vec(&facts).expect("records have string keys"))
}

/// Returns the predicate; `Null` where nothing was scanned. Who started the scan is not recorded, so `invocation` is
/// empty; where no time of the scan is recorded, none is named.
pub(super) fn predicate(record: &ImageRecord, detail: Detail) -> Value {
    let Some(scan) = &record.scan else { return Value::Null };
    let mut scanner = Map::from_iter([("uri".to_owned(), json!(SCANNER))]);
    let mut metadata = Map::new();
    if let Some(scanned) = &scan.scanned {
        scanner.insert("version".to_owned(), json!(scanned.tool));
        metadata.insert("scanStartedOn".to_owned(), json!(scanned.at));
        metadata.insert("scanFinishedOn".to_owned(), json!(scanned.at));
    }
    let advisories = &scan.advisories;
    scanner.insert(
        "db".to_owned(),
        json!({
            "uri": format!("urn:fondaco:advisories:{}", advisories.digest),
            "version": advisories.digest,
            "lastUpdate": advisories.as_of,
        }),
    );
    let result = match detail {
        Detail::Whole => json!(scan),
        Detail::ByDigest => json!({
            "schema": scan.schema,
            "subject": scan.subject,
            "findingCount": scan.findings.len(),
            "record": Digest::sha256(scan.text()),
        }),
    };
    scanner.insert("result".to_owned(), result);
    json!({"invocation": {}, "scanner": scanner, "metadata": metadata})
}
