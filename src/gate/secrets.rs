//! An image in which files look like secrets is held where the gate asks for it.

use super::{Facts, Requirement};
use crate::{
    evidence::SecretFound,
    manifest::DesiredGate,
    model::{Reason, Verdict},
};

/// The most files that are reasons of their own; the record has them all.
const NAMED_MAX: usize = 20;

const RECORD: &str = "contents.json";

pub(super) struct Secrets;

impl Requirement for Secrets {
    /// People have to look: a key for tests is harmless, and a program cannot tell.
    fn reasons(&self, facts: &Facts<'_>, gate: &DesiredGate) -> Vec<Reason> {
        if !gate.hold_secrets.value {
            return vec![];
        }
        let held = |fact: String| Reason {
            verdict: Verdict::Held,
            rule: "secrets hold".into(),
            written: gate.hold_secrets.written.clone(),
            fact,
            recorded: RECORD.into(),
            until: None,
        };
        let recorded = facts.contents.map_or(&[][..], |record| &record.platforms);
        let mut files: Vec<&SecretFound> = vec![];
        let mut left_out = 0_u64;
        for platform in facts.platforms {
            let Some(found) = recorded.iter().find(|found| found.digest == platform.digest) else {
                return vec![held(
                    "what looks like a secret is not recorded: it was taken in before it was".into(),
                )];
            };
            let secrets = found.secrets.iter();
            left_out = secrets.clone().fold(left_out, |sum, secrets| sum.saturating_add(secrets.left_out));
            files.extend(secrets.flat_map(|secrets| &secrets.files));
        }
        files.sort_by_key(|file| (&file.path, &file.kind, file.gone_in.is_some()));
        files.dedup_by_key(|file| (&file.path, &file.kind));
        let more = (files.len().saturating_sub(NAMED_MAX) as u64).saturating_add(left_out);
        let mut reasons: Vec<Reason> = files.iter().take(NAMED_MAX).map(|file| held(fact(file))).collect();
        if more > 0 {
            reasons.push(held(format!("{more} more files look like secrets")));
        }
        reasons
    }
}

fn fact(file: &SecretFound) -> String {
    let gone = if file.gone_in.is_some() {
        "; a later layer deletes or replaces it, and it is in the image all the same"
    } else {
        ""
    };
    format!("`{}` looks like a secret ({}){gone}", file.path, file.kind)
}
