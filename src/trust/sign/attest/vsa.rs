//! What the consumer's gate said: SLSA's verification summary (slsa.dev/spec/v1.1/verification_summary).
//!
//! The verifier is the mirror, the policy is the consumer's gate at the commit that was judged by, the inputs are the
//! committed records. No level of SLSA's tracks is claimed: gates judge signatures and findings, not builders, and
//! `SLSA_BUILD_LEVEL_UNEVALUATED` is the specification's word for that.

use serde_json::{Value, json};

use super::{Facts, scan};
use crate::{
    evidence::{ConsumerVerdict, Document as _},
    model::{Digest, Verdict},
};

pub(super) const PREDICATE_TYPE: &str = "https://slsa.dev/verification_summary/v1";

/// The version of the specification that the fields are of.
const SLSA_VERSION: &str = "1.1";

fn verdict<'a>(facts: &Facts<'a>) -> Option<&'a ConsumerVerdict> {
    facts.record.verdicts.verdicts.iter().find(|verdict| verdict.consumer == facts.consumer)
}

/// Returns the facts behind the summary: the verdict and what was judged, without times, places and the bundle's digest.
pub(super) fn facts(facts: &Facts<'_>) -> Option<Value> {
    let (verdict, record) = (verdict(facts)?, facts.record);
    Some(json!({
        "consumer": verdict.consumer,
        "gate": verdict.gate,
        "verdict": verdict.verdict,
        "rules": verdict.reasons.iter().map(|reason| &reason.rule).collect::<Vec<_>>(),
        "verification": Digest::sha256(record.verification.text()),
        "packages": record.verdicts.inputs.packages,
        "scan": record.scan.as_ref().map(scan::facts),
    }))
}

/// Returns the predicate; `Null` where nothing was judged for the consumer.
pub(super) fn predicate(facts: &Facts<'_>, tool: &str) -> Value {
    let Some(verdict) = verdict(facts) else { return Value::Null };
    let (record, mirror) = (facts.record, &facts.mirror.name);
    let passed = verdict.verdict == Verdict::Cleared;
    let (component, version) = tool.split_once(' ').unwrap_or((tool, ""));
    let packages = record.packages.get("packages.txt").map_or("", String::as_str);
    let scan = record.scan.as_ref().map(|scan| facts.committed("scan.json", &scan.text()));
    let inputs = [
        Some(facts.committed("packages.txt", packages)),
        scan,
        Some(facts.committed("verification.json", &record.verification.text())),
    ];
    json!({
        "verifier": {"id": format!("urn:fondaco:mirror:{mirror}"), "version": {component: version}},
        "timeVerified": record.verdicts.judged_at,
        "resourceUri": resource(facts),
        "policy": {
            "uri": format!("urn:fondaco:mirror:{mirror}:consumer:{}:gate:{}", verdict.consumer, verdict.gate),
            "digest": {"gitCommit": record.verdicts.manifest_commit},
        },
        "inputAttestations": inputs.into_iter().flatten().collect::<Vec<_>>(),
        "verificationResult": if passed { "PASSED" } else { "FAILED" },
        "verifiedLevels": [if passed { "SLSA_BUILD_LEVEL_UNEVALUATED" } else { "FAILED" }],
        "slsaVersion": SLSA_VERSION,
    })
}

/// Returns where the consumer fetches the image, as package URL of type `oci`.
fn resource(facts: &Facts<'_>) -> String {
    let digest = &facts.record.custody.subject.digest;
    let repository = facts.distribution.to_string();
    let name = repository.rsplit('/').next().unwrap_or_default().to_lowercase();
    let url: String = url::form_urlencoded::byte_serialize(repository.as_bytes()).collect();
    let url = url.replace("%2F", "/");
    format!("pkg:oci/{name}@{}%3A{}?repository_url={url}", digest.algorithm().name(), digest.hex())
}
