//! Amazon Elastic Container Registry.

use super::{Known, Quirk, RegistryKind};
use crate::registry::{ActionGroup, Behaviour, CreateRepository, MountSupport, Rate};

pub(super) static KNOWN: Known = Known {
    kind: RegistryKind::Ecr,
    name: "ecr",
    product: "Amazon ECR",
    recognises: |host| region(host).is_some(),
    behaviour: || Behaviour {
        mount: MountSupport::AfterManifest,
        renew_on_forbidden: true,
        immutable_tags: true,
        chunks_broken: true,
        fallback_beside_api: true,
        create_repository: Some(CreateRepository::Ecr),
        rates: vec![
            Rate::new(ActionGroup::ManifestWrite, 10, 1),
            Rate::new(ActionGroup::UploadStart, 100, 1),
            Rate::new(ActionGroup::UploadBody, 500, 1),
        ],
        ..Behaviour::default()
    },
    quirks: QUIRKS,
};

const QUIRKS: &[Quirk] = &[
    Quirk {
        name: "create-repository",
        does: "takes nothing for a repository that has not been created",
        rule: "CreateRepository where `spec.behaviour.createRepositories` allows it, else the error says so",
        sets: &["createRepository"],
        sources: &["aws/containers-roadmap#853", "regclient/regclient#203", "regclient/regclient#869"],
    },
    Quirk {
        name: "immutable-tags",
        does: "refuses to write an immutable tag again, even with the same digest",
        rule: "the tag is looked at first; the same digest is success, another one an error",
        sets: &["immutableTags"],
        sources: &["aws/containers-roadmap#2380", "moby/buildkit#3776"],
    },
    Quirk {
        name: "chunks",
        does: "answers 201 to an upload in chunks and drops data after the first one",
        rule: "one PUT; chunks are refused before anything is sent",
        sets: &["chunksBroken"],
        sources: &["aws/containers-roadmap#2831", "jdx/mise#11376"],
    },
    Quirk {
        name: "no-location",
        does: "answers a manifest without `Location`",
        rule: "none is needed",
        sets: &[],
        sources: &["apple/swift-container-plugin#27"],
    },
    Quirk {
        name: "mount-after-manifest",
        does: "mounts only blobs that a manifest refers to, and only where the account allows it; else answers 202",
        rule: "mounts wait for the first repository's manifest; a session that comes instead is closed, then an upload",
        sets: &["mount"],
        sources: &["documentation", "aws/containers-roadmap#2860"],
    },
    Quirk {
        name: "forbidden-is-expired",
        does: "answers 403 to an expired token",
        rule: "the token is renewed once on 403, too",
        sets: &["renewOnForbidden"],
        sources: &["kcl-lang/kpm#698"],
    },
    Quirk {
        name: "referrers-refused",
        does: "refuses some referrers with 405; wants a `subject` of media type, digest and size only",
        rule: "ours are so; one that is refused is stored without its `subject` and listed under the fallback tag",
        sets: &["fallbackBesideApi"],
        sources: &["aws/containers-roadmap#2783", "moby/buildkit#6171"],
    },
    Quirk {
        name: "rates",
        does: "allows an account 10 manifests, 100 opened uploads and 500 parts a second",
        rule: "separate rates",
        sets: &["rates"],
        sources: &["clowdhaus/ocync: docs/src/content/design/engine.md"],
    },
];

/// Returns the region of a private registry's host, `<account>.dkr.ecr.<region>.amazonaws.com`, or `None` where it is
/// none. Also of FIPS and dual-stack names, and of China.
pub(in crate::registry) fn region(host: &str) -> Option<&str> {
    let (account, rest) = host.split_once('.')?;
    if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let classic = rest.strip_prefix("dkr.ecr.").or_else(|| rest.strip_prefix("dkr.ecr-fips."));
    let dual = rest.strip_prefix("dkr-ecr.").or_else(|| rest.strip_prefix("dkr-ecr-fips."));
    let end =
        |rest: &'_ str, domains: [&str; 2]| domains.iter().find(|d| rest.ends_with(**d)).map(|d| d.len());
    let (rest, cut) = match (classic, dual) {
        (Some(rest), _) => (rest, end(rest, [".amazonaws.com", ".amazonaws.com.cn"])?),
        (_, Some(rest)) => (rest, end(rest, [".on.aws", ".on.amazonwebservices.com.cn"])?),
        _ => return None,
    };
    let region = &rest[..rest.len() - cut];
    (!region.is_empty() && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'))
        .then_some(region)
}
