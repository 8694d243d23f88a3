//! What belongs to the image and is not in it.

use serde::Serialize;

use super::Image;
use crate::evidence::{Companion, FoundAt};

/// Forges stop rendering pages of half a megabyte; all stand in the record.
const ROWS_MAX: usize = 200;

#[derive(Serialize)]
pub(super) struct Section {
    rows: Vec<Row>,
    left_out: usize,
}

#[derive(Serialize)]
struct Row {
    subject: String,
    found: String,
    digest: String,
    artifact_type: String,
    size: u64,
    carried: String,
}

pub(super) fn section(image: Image<'_>) -> Section {
    let companions = &image.record.custody.companions;
    Section {
        rows: companions.iter().take(ROWS_MAX).map(row).collect(),
        left_out: companions.len().saturating_sub(ROWS_MAX),
    }
}

fn row(companion: &Companion) -> Row {
    Row {
        subject: companion.subject.short(),
        found: match (companion.found, &companion.tag) {
            (FoundAt::Referrers, _) => "list of referrers".to_owned(),
            (FoundAt::FallbackTag, _) => "fallback tag".to_owned(),
            (FoundAt::CosignTag, tag) => {
                let end = tag.as_deref().and_then(|tag| tag.rsplit_once('.')).map_or("", |(_, end)| end);
                format!("cosign tag .{end}")
            }
        },
        digest: companion.digest.short(),
        artifact_type: companion.artifact_type.clone().unwrap_or_else(|| companion.media_type.clone()),
        size: companion.size,
        carried: match &companion.not_carried {
            None => "with every promotion".to_owned(),
            Some(reason) => format!("no: {reason}"),
        },
    }
}
