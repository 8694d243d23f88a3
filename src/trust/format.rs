//! The words of the two signature forms (cosign `specs/SIGNATURE_SPEC.md` and `specs/BUNDLE_SPEC.md`).

use crate::model::{Digest, Reference};

/// The predicate of an in-toto statement that is a signature. cosign itself does not insist on it; we do, or an
/// SBOM attestation would count as approval.
pub(super) const SIGN_PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";

/// The DSSE payload type of in-toto statements.
pub(super) const IN_TOTO: &str = "application/vnd.in-toto+json";

/// What the media type of every bundle version starts with.
pub(super) const BUNDLE_PREFIX: &str = "application/vnd.dev.sigstore.bundle";

/// The value of `critical.type` in a simple signing payload.
pub(super) const SIMPLE_SIGNING_TYPE: &str = "cosign container image signature";

/// Layer annotation: the signature in base64.
pub(super) const SIGNATURE: &str = "dev.cosignproject.cosign/signature";

/// Layer annotation: the certificate of a keyless signature.
pub(super) const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";

/// Layer annotation: the certificates above it, up to a root.
pub(super) const CHAIN: &str = "dev.sigstore.cosign/chain";

/// Layer annotation: the log's entry with its promise.
pub(super) const LOG_ENTRY: &str = "dev.sigstore.cosign/bundle";

/// Layer annotation: an RFC 3161 timestamp of the signature.
pub(super) const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";

/// Layer annotations that carry a log entry or a timestamp.
pub(super) const LOGGED: [&str; 2] = [LOG_ENTRY, TIMESTAMP];

/// Layer annotation: the predicate type of a `.att` layer. The signature does not cover it.
pub(super) const LAYER_PREDICATE: &str = "predicateType";

/// Media type of the layers of a `.att` manifest.
pub(super) const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";

/// Manifest annotations of a bundle referrer.
pub(super) const CREATED: &str = "org.opencontainers.image.created";
pub(super) const CONTENT: &str = "dev.sigstore.bundle.content";
pub(super) const PREDICATE: &str = "dev.sigstore.bundle.predicateType";

/// Manifest annotations of a bundle referrer of ours: the SHA-256 of the key's SPKI and of the statement. They spare
/// reading bundles that cannot be the wanted one.
pub(super) const KEY: &str = "vnd.fondaco.key";
pub(super) const STATEMENT: &str = "vnd.fondaco.statement";

/// The most signature layers of one `.sig` manifest, or envelopes of one `.att` manifest. Every signer adds one; real
/// images carry a handful.
pub(super) const LAYERS_MAX: usize = 64;

/// Returns the tag that carries the signatures of `subject`, or `None` where the tag would be longer than tags may
/// be, as it is for SHA-512.
pub(super) fn signature_tag(subject: &Digest) -> Option<String> {
    tag(subject, "sig")
}

/// Returns the tag that carries the attestations of `subject`, or `None` where it would be too long.
pub(super) fn attestation_tag(subject: &Digest) -> Option<String> {
    tag(subject, "att")
}

fn tag(subject: &Digest, suffix: &str) -> Option<String> {
    let tag = format!("{}.{suffix}", subject.dashed());
    Reference::is_tag(&tag).then_some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_too_long_for_a_tag_has_no_signature_tag() {
        let sha256 = Digest::sha256(b"{}");
        let expected = "sha256-44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a.sig";
        assert_eq!(signature_tag(&sha256).as_deref(), Some(expected));
        let sha512: Digest = format!("sha512:{}", "a".repeat(128)).parse().unwrap();
        assert_eq!(signature_tag(&sha512), None);
    }
}
