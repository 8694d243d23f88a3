//! `Mirror.spec.signing`: the key that vouches for what is promoted, the keys before it, who tells the time, and which log
//! is told.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::manifest::text::{
    AbsolutePath, CertificatePath, Date, InsidePath, Label, LogOrigin, MountPath, OutsidePath, PredicateType,
    SecureAddress, ServiceAddress, TransitKey,
};
use crate::model::{AttestationKind, DockerReference};

/// The key that signs what is promoted: exactly one of `key`, `transit` and `pkcs11`. Always ECDSA on P-256 with SHA-256,
/// the one scheme that every consumer takes. No log is told, unless `log` names one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "signing block")]
#[schemars(extend("oneOf" = [{"required": ["key"]}, {"required": ["transit"]}, {"required": ["pkcs11"]}]))]
pub struct Signing {
    /// Path of the encrypted private key (cosign's format). Relative to the manifest repository where it does not
    /// begin with `/`. The password is never written into a manifest: it is in FONDACO_KEY_PASSWORD.
    pub key: Option<OutsidePath>,
    /// A key of the Transit engine of HashiCorp Vault or OpenBao; the private half never leaves it. The token is in
    /// VAULT_TOKEN, BAO_TOKEN or the file that VAULT_TOKEN_FILE names, never in a manifest.
    pub transit: Option<TransitSigning>,
    /// A key of a hardware security module that is reached through a PKCS#11 module. The PIN is in FONDACO_PKCS11_PIN,
    /// never in a manifest. Only builds with the feature `pkcs11` can sign with it.
    pub pkcs11: Option<Pkcs11Signing>,
    /// Path of the published public key, `*.pub` or `*.pem` below `keys/` or `trust/`: what consumers verify with. The
    /// opened key has to be this one. Required with `transit` and `pkcs11`, so that `check` and `plan` need neither;
    /// default with `key`: the file beside it that ends with `.pub`, which is then not compared.
    pub public: Option<InsidePath>,
    /// Public keys that signed before this one and stay published. Default: none, this is the first key.
    #[serde(default)]
    pub previous: Vec<PreviousSigning>,
    /// A time-stamp authority (RFC 3161) that says when each signature existed, so that it can be trusted after its key
    /// is retired. Default: none is asked, and no time is claimed.
    pub timestamp: Option<TimestampSigning>,
    /// A transparency log of your own (Rekor v2) in which every signature and attestation in a bundle is entered:
    /// whoever demands an entry accepts nothing that the log does not show. Default: none is told, and no public one ever
    /// without `public`. Where it is added, bundles of images that were promoted before are written anew with their
    /// entries.
    pub log: Option<LogSigning>,
    /// What is attested beside each promoted image, signed by the same key: `sbom` (CycloneDX, for each platform),
    /// `scan` (what the advisories say), `summary` (SLSA's verification summary of the consumer's gate) and `custody`
    /// (where the bytes came from). Default: all four. What is added here is written beside images that were promoted
    /// before; what is taken away stays where it is.
    pub attestations: Option<Vec<AttestationKind>>,
    /// The predicate type of custody attestations, a URI below a domain of yours that says what it means. Default
    /// `urn:fondaco:custody:v1`, which is nobody's domain.
    pub custody_predicate: Option<PredicateType>,
    /// What the signatures below cosign's tags name: the `repository`, or the `repositoryAndTag`. Default `repository`:
    /// one signature for all tags; CRI-O, Podman and skopeo then need `matchRepository` in their policy.
    #[serde(default)]
    pub docker_reference: DockerReference,
}

/// A key in the Transit engine of HashiCorp Vault or OpenBao.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "transit block")]
pub struct TransitSigning {
    /// Address of the server, `https://vault.acme.example:8200`. Plain HTTP only on this machine, where an agent of Vault
    /// or OpenBao may listen: the token goes there.
    pub address: SecureAddress,
    /// Where the Transit engine is mounted. Default `transit`, as its documentation has it.
    pub mount: Option<MountPath>,
    /// Name of the key, of type `ecdsa-p256`.
    pub key: TransitKey,
    /// Version of the key that signs; it has to be the published key. Default: the version whose public half is `public`,
    /// so that a rotation on the server alone changes nothing.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub version: Option<u32>,
    /// Namespace of the mount, for instance `platform/images`. Default: the root namespace.
    pub namespace: Option<MountPath>,
    /// PEM file with the certificates of authorities that are trusted for this server beside those of the system: a
    /// `*.pem` file below `trust/` or `keys/`, or an absolute path. Default: the system's authorities alone.
    pub ca_file: Option<CertificatePath>,
}

/// A key in a hardware security module, reached through PKCS#11.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "PKCS#11 block")]
pub struct Pkcs11Signing {
    /// Absolute path of the module, a shared library of the device's vendor. It is loaded into the program.
    pub module: AbsolutePath,
    /// Label of the token.
    pub token: Label,
    /// Label of the private key and of its public key.
    pub key: Label,
}

/// A public key that signed before.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "previous key")]
pub struct PreviousSigning {
    /// Path of the public key, `*.pub` or `*.pem` below `keys/` or `trust/`.
    pub path: InsidePath,
    /// The day until whose end, in UTC, consumers should accept it. Required: a retired key without an end is not
    /// retired.
    pub until: Date,
}

/// A time-stamp authority.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "timestamp block")]
pub struct TimestampSigning {
    /// Address that takes time-stamp requests (RFC 3161) by POST. Plain HTTP is usual: the answer is signed. A promotion
    /// fails while it does not answer. Stamps by RSA and by EC keys (P-256, P-384) are verified.
    pub url: ServiceAddress,
    /// Path of what its answers are checked with: `*.pem` with its certificate first and its root last, or a `*.json`
    /// trusted root of Sigstore's that holds `timestampAuthorities` only; below `trust/`.
    pub root: InsidePath,
}

/// A transparency log.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "log block")]
pub struct LogSigning {
    /// Address of a Rekor v2 log, to which `/api/v2/log/entries` is added. A promotion fails while it does not answer, and
    /// waits for the log's next checkpoint. It is told digests, signatures and the public key, and nothing else.
    pub url: ServiceAddress,
    /// Path of what its answers are checked with: its public key in PEM (Ed25519 or ECDSA on P-256), `*.pem` or `*.pub`
    /// below `trust/` or `keys/`, or a `*.json` trusted root of Sigstore's with `tlogs` below `trust/`. Where a log has
    /// followed another, the trusted root holds both, and entries of the first one stay.
    pub root: InsidePath,
    /// The origin that the log writes into its checkpoints, for a root that is a public key. Default: `url` without its
    /// scheme, as Rekor's documentation has it.
    pub origin: Option<LogOrigin>,
    /// Whether the log may be a public one, whose entries everybody can read: they tell when you signed which digest, and
    /// public images are found by their digests. Default `false`: the logs of Sigstore's public instances are refused.
    #[serde(default)]
    pub public: bool,
}
