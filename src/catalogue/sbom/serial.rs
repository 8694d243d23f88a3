//! The serial number.

use cyclonedx_bom::prelude::UrnUuid;

use super::{CycloneDx, SbomError, SbomSubject};
use crate::model::Digest;

/// Returns a UUID of version 8 (RFC 9562, section 5.8) from the SHA-256 of what the SBOM is about.
pub(super) fn of(image: &SbomSubject, version: CycloneDx, tool_version: &str) -> Result<UrnUuid, SbomError> {
    let digest = image.digest.to_string();
    let named =
        ["fondaco/sbom/2", &image.repository, &digest, &image.platform, version.number(), tool_version];
    let hex = Digest::sha256(named.join("\n")).hex().to_owned();
    // The variant is the two bits `10`: one of the digits 8, 9, a and b.
    let variant = char::from(b"89ab"[usize::from(hex.as_bytes()[16] % 4)]);
    let (time, middle, third, sequence, node) =
        (&hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32]);
    let urn = format!("urn:uuid:{time}-{middle}-8{third}-{variant}{sequence}-{node}");
    UrnUuid::new(urn).map_err(|error| SbomError::Model(format!("{error:?}")))
}
