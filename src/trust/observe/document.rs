//! A proposal as a `TrustPolicy` document, ready to paste. Pure.
//!
//! Written line by line, because comments are half of what it says. Foreign text stands in double quotes as JSON writes
//! it, which YAML reads the same, or in comments, escaped and on one line.

use std::fmt::Write as _;

use super::{
    Observation, Proposal, ProposedIdentity, ProposedNotation, ProposedStatement, report::NOTE_CHARS_MAX,
};
use crate::{
    manifest::{DesiredKey, Wanted},
    model::{
        ClaimKind, StatementKind,
        foreign::{cut, inline},
    },
};

/// Returns the policy document, or `None` where there is nobody whom it could trust. `root` is the trust root's path in
/// the manifest repository.
pub fn policy_text(name: &str, seen: &[Observation], proposal: &Proposal, root: &str) -> Option<String> {
    if proposal.identities.is_empty() && proposal.keys.is_empty() && proposal.notation.is_empty() {
        return None;
    }
    let mut text =
        String::from("# Proposed from what was seen, not from what should be (trust on first use). Seen:\n");
    for one in seen {
        let _ = writeln!(text, "#   {} {}", inline(&one.image), one.digest);
    }
    for note in &proposal.notes {
        let _ = writeln!(text, "# Note: {}.", cut(note, NOTE_CHARS_MAX));
    }
    let _ =
        write!(text, "apiVersion: fondaco/v1alpha1\nkind: TrustPolicy\nmetadata: {{name: {name}}}\nspec:\n");
    if !proposal.identities.is_empty() {
        let _ = writeln!(text, "  root: {root}\n  identities:");
        proposal.identities.iter().for_each(|one| identity(&mut text, one));
    }
    if !proposal.keys.is_empty() {
        text.push_str("  keys:\n");
        proposal.keys.iter().for_each(|one| key(&mut text, one));
    }
    if !proposal.notation.is_empty() {
        text.push_str("  notation:\n");
        proposal.notation.iter().for_each(|one| notation(&mut text, one));
    }
    if !proposal.signed && !proposal.statements.is_empty() {
        text.push_str(
            "  # Nobody has to sign the image itself: attestations decide.\n  signers: {atLeast: 0}\n",
        );
    }
    if !proposal.statements.is_empty() {
        text.push_str("  attestations:\n");
        proposal.statements.iter().for_each(|one| statement(&mut text, one));
    }
    Some(text)
}

fn identity(text: &mut String, identity: &ProposedIdentity) {
    let _ = writeln!(text, "    - name: {}", identity.name);
    if !identity.signs {
        text.push_str("      # Signed statements about the image, not the image itself.\n");
    }
    for (kind, wanted) in &identity.claims {
        if let (ClaimKind::Identity, Some(why)) = (kind, &identity.why) {
            let _ = writeln!(text, "      # An expression, because {why}.");
        }
        let (exact, pattern) = claim_keys(*kind);
        demand(text, exact, pattern, wanted);
    }
}

fn statement(text: &mut String, statement: &ProposedStatement) {
    let _ =
        writeln!(text, "    - name: {}\n      predicate: {}", statement.name, quoted(&statement.predicate));
    if !statement.signers.is_empty() {
        let names: Vec<&str> = statement.signers.iter().map(String::as_str).collect();
        let _ = writeln!(text, "      signers: [{}]", names.join(", "));
    }
    for (kind, wanted) in &statement.says {
        let (exact, pattern) = statement_keys(*kind);
        demand(text, exact, pattern, wanted);
    }
}

fn key(text: &mut String, key: &DesiredKey) {
    let _ = writeln!(text, "    - name: {}\n      pem: |", key.name);
    for line in key.pem.lines() {
        let _ = writeln!(text, "        {line}");
    }
}

fn notation(text: &mut String, store: &ProposedNotation) {
    let _ = writeln!(text, "    - name: {}\n      trustStore: {}", store.name, written(&store.trust_store));
    if let Some(path) = &store.timestamp_store {
        let _ = writeln!(text, "      timestampStore: {}", written(path));
    }
    text.push_str("      identities:\n");
    for identity in &store.identities {
        let _ = writeln!(text, "        - {}", quoted(identity));
    }
}

fn demand(text: &mut String, exact: &str, pattern: &str, wanted: &Wanted) {
    let _ = match wanted {
        Wanted::Exactly(value) => writeln!(text, "      {exact}: {}", quoted(value)),
        Wanted::Matching(value) => writeln!(text, "      {pattern}: {}", quoted(value)),
        Wanted::Nothing => writeln!(text, "      {exact}: none"),
    };
}

/// Returns a path as it is, or in quotes where YAML could read it as something else.
fn written(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    if path.chars().all(plain) { path.to_owned() } else { quoted(path) }
}

/// Returns text in double quotes. JSON leaves DEL and the characters that change the look of a line as they are.
fn quoted(value: &str) -> String {
    let json = serde_json::Value::from(value).to_string();
    let mut out = String::new();
    for c in json.chars() {
        if crate::model::foreign::is_deceptive(c) {
            let _ = write!(out, "\\U{:08x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// Returns the manifest's keys for a claim: exact, and as an expression where there is one.
const fn claim_keys(kind: ClaimKind) -> (&'static str, &'static str) {
    match kind {
        ClaimKind::Issuer => ("issuer", "issuer"),
        ClaimKind::Identity => ("identity", "identityPattern"),
        ClaimKind::SourceRepository => ("sourceRepository", "sourceRepository"),
        ClaimKind::SourceRepositoryId => ("sourceRepositoryId", "sourceRepositoryId"),
        ClaimKind::SourceRef => ("sourceRef", "sourceRefPattern"),
        ClaimKind::SourceCommit => ("sourceCommit", "sourceCommit"),
        ClaimKind::Workflow => ("workflow", "workflow"),
        ClaimKind::Trigger => ("trigger", "trigger"),
        ClaimKind::Runner => ("runner", "runner"),
    }
}

const fn statement_keys(kind: StatementKind) -> (&'static str, &'static str) {
    match kind {
        StatementKind::Builder => ("builder", "builderPattern"),
        StatementKind::BuildType => ("buildType", "buildType"),
        StatementKind::Source => ("source", "source"),
        StatementKind::SourceRef => ("sourceRef", "sourceRefPattern"),
        StatementKind::SourceCommit => ("sourceCommit", "sourceCommit"),
        StatementKind::Verifier => ("verifier", "verifier"),
    }
}
