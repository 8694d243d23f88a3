//! Where the bytes came from and who moved them, as far as it is known before the promotion.

use serde_json::{Value, json};

use super::{Detail, Facts};
use crate::evidence::{Custody, Document as _, Hop, HopKind};

/// Returns the movements that brought the image into quarantine. Promotions, of this consumer or another, come after.
fn hops(custody: &Custody) -> Vec<&Hop> {
    custody.hops.iter().filter(|hop| matches!(hop.kind, HopKind::Intake | HopKind::Carry)).collect()
}

/// Returns the facts behind the attestation. Tags are left out: more of them may come to mean the same bytes.
pub(super) fn facts(custody: &Custody) -> Value {
    json!({
        "subject": custody.subject,
        "repository": custody.source.repository,
        "subset": custody.source.subset,
        "hops": hops(custody),
    })
}

/// Returns the custody record without promotions.
pub(super) fn predicate(facts: &Facts<'_>, detail: Detail) -> Value {
    let custody = &facts.record.custody;
    match detail {
        Detail::Whole => json!({
            "schema": custody.schema,
            "subject": custody.subject,
            "source": custody.source,
            "hops": hops(custody),
            "companions": custody.companions,
        }),
        Detail::ByDigest => json!({
            "schema": custody.schema,
            "subject": {"digest": custody.subject.digest, "mediaType": custody.subject.media_type},
            "source": {"repository": custody.source.repository},
            "record": facts.committed("custody.json", &custody.text()),
        }),
    }
}
