//! The serial number of a CycloneDX document, which is the namespace of an SPDX document.

use super::SbomSubject;
use crate::model::Digest;

/// Returns the URN of a UUID of version 8 (RFC 9562, section 5.8) from the SHA-256 of what the SBOM is about and of its
/// `format`: `1.6` of CycloneDX, `SPDX-2.3`.
pub(super) fn of(image: &SbomSubject, format: &str, tool_version: &str) -> String {
    let digest = image.digest.to_string();
    let named = ["fondaco/sbom/2", &image.repository, &digest, &image.platform, format, tool_version];
    let hex = Digest::sha256(named.join("\n")).hex().to_owned();
    // The variant is the two bits `10`: one of the digits 8, 9, a and b.
    let variant = char::from(b"89ab"[usize::from(hex.as_bytes()[16] % 4)]);
    let (time, middle, third, sequence, node) =
        (&hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32]);
    format!("urn:uuid:{time}-{middle}-8{third}-{variant}{sequence}-{node}")
}
