//! From observations to a proposal. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::{Given, Observation, pattern};
use crate::{
    manifest::{DesiredKey, DesiredNotation, Wanted},
    model::{AttestationFound, ClaimKind, Outcome, SignatureFormat, SignatureFound, StatementKind},
    trust::{notation, predicate},
};

/// The most identities that are proposed. More than that is no publisher, and nobody would read it.
const IDENTITIES_MAX: usize = 16;

/// Claims that are demanded beside issuer and identity, where all that was seen agrees on them.
const CLAIMS: [ClaimKind; 4] =
    [ClaimKind::SourceRepository, ClaimKind::SourceRepositoryId, ClaimKind::Trigger, ClaimKind::Runner];

/// What statements are demanded to say, where all that was seen agrees on it.
const SAYS: [StatementKind; 4] =
    [StatementKind::Builder, StatementKind::BuildType, StatementKind::Source, StatementKind::Verifier];

/// What a policy would have to say to accept what was observed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proposal {
    pub identities: Vec<ProposedIdentity>,
    /// Of the given keys, those that verified something.
    pub keys: Vec<DesiredKey>,
    /// Of the given trust stores, those that verified something.
    pub notation: Vec<ProposedNotation>,
    pub statements: Vec<ProposedStatement>,
    /// Whether every image is signed; where not, attestations alone can decide.
    pub signed: bool,
    /// What a person should know before pasting it.
    pub notes: Vec<String>,
}

/// A signer by certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedIdentity {
    pub name: String,
    pub claims: BTreeMap<ClaimKind, Wanted>,
    /// Why it is an expression, where it is.
    pub why: Option<String>,
    /// Whether it signed the image, not only statements about it.
    pub signs: bool,
}

/// Signers of the Notary Project whom one trust store certifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedNotation {
    pub name: String,
    /// Path of the trust store in the manifest repository.
    pub trust_store: String,
    /// Path of the store of timestamp authorities, where one was given.
    pub timestamp_store: Option<String>,
    /// Subjects of the signing certificates, whole.
    pub identities: BTreeSet<String>,
}

/// A kind of statement that every observed image has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedStatement {
    pub name: String,
    pub predicate: String,
    pub signers: BTreeSet<String>,
    pub says: BTreeMap<StatementKind, Wanted>,
}

/// A signature or statement that a certificate or key vouches for.
#[derive(Debug, Clone, Copy)]
pub struct Proven<'a> {
    pub claims: &'a BTreeMap<ClaimKind, String>,
    pub statement: Option<&'a AttestationFound>,
}

/// Returns what would accept these observations, as narrow as they allow.
pub fn propose(seen: &[Observation], given: &Given) -> Proposal {
    let proven: Vec<Proven<'_>> = seen.iter().flat_map(proven).collect();
    let mut proposal = Proposal { identities: identities(&proven), ..Proposal::default() };
    let used: BTreeSet<&str> = seen.iter().flat_map(used_keys).collect();
    proposal.keys = given.keys.iter().filter(|key| used.contains(key.name.as_str())).cloned().collect();
    proposal.notation = given.stores.iter().filter_map(|store| of_store(store, seen)).collect();
    proposal.statements = statements(seen, &proposal.identities);
    let signed = |one: &Observation| one.record.signatures.iter().any(|found| holds(found.outcome));
    proposal.signed = seen.iter().all(signed);
    proposal.notes = notes(seen, &proposal);
    proposal
}

/// Returns what is verified and has a certificate of a Sigstore instance. It names an identity, and need not name an issuer.
fn proven(seen: &Observation) -> Vec<Proven<'_>> {
    let of_instance =
        |found: &&SignatureFound| holds(found.outcome) && found.format != SignatureFormat::Notation;
    let signatures = seen.record.signatures.iter().filter(of_instance);
    let statements = seen.record.attestations.iter().filter(|found| holds(found.outcome));
    let signatures = signatures.map(|found| Proven { claims: &found.proof.claims, statement: None });
    let statements = statements.map(|found| Proven { claims: &found.proof.claims, statement: Some(found) });
    let certified = |proven: &Proven<'_>| proven.claims.contains_key(&ClaimKind::Identity);
    signatures.chain(statements).filter(certified).collect()
}

/// Returns the signers that a trust store verified; `None` where there are none who can be named.
fn of_store(store: &DesiredNotation, seen: &[Observation]) -> Option<ProposedNotation> {
    let verified = |found: &&SignatureFound| {
        let by_store = found.proof.signer.as_deref() == Some(store.name.as_str());
        holds(found.outcome) && found.format == SignatureFormat::Notation && by_store
    };
    let signers = seen.iter().flat_map(|one| {
        let contents =
            one.record.signatures.iter().filter(verified).filter_map(|found| found.content.as_ref());
        contents.filter_map(|content| one.claims.get(content)?.as_ref().ok()?.identity.clone())
    });
    let identities: BTreeSet<String> = signers.take(IDENTITIES_MAX).collect();
    (!identities.is_empty()).then(|| ProposedNotation {
        name: store.name.clone(),
        trust_store: store.trust_store.path.clone(),
        timestamp_store: store.timestamp_store.as_ref().map(|file| file.path.clone()),
        identities,
    })
}

fn used_keys(seen: &Observation) -> impl Iterator<Item = &str> {
    let signatures = seen.record.signatures.iter().filter(|found| holds(found.outcome));
    let statements = seen.record.attestations.iter().filter(|found| holds(found.outcome));
    let keys = signatures.map(|found| &found.proof).chain(statements.map(|found| &found.proof));
    keys.filter_map(|proof| proof.key.as_deref())
}

fn holds(outcome: Outcome) -> bool {
    outcome == Outcome::Verified
}

/// Returns one identity for each signer: those that differ only in their ref become one, where their refs allow it.
fn identities(proven: &[Proven<'_>]) -> Vec<ProposedIdentity> {
    let mut groups: BTreeMap<[&str; 3], Vec<Proven<'_>>> = BTreeMap::new();
    for one in proven {
        let text = |kind| one.claims.get(&kind).map_or("", String::as_str);
        let identity = text(ClaimKind::Identity);
        let stem = pattern::split(identity).map_or(identity, |(stem, _)| stem);
        let source = text(ClaimKind::SourceRepository);
        groups.entry([text(ClaimKind::Issuer), stem, source]).or_default().push(*one);
    }
    let mut names = BTreeSet::new();
    let mut proposed = vec![];
    for ([_, stem, _], group) in groups {
        for (wanted, why, members) in wanted_identities(stem, &group) {
            let mut claims = common(&members);
            claims.insert(ClaimKind::Identity, wanted);
            let name = fresh(&name_of(stem), &mut names);
            let signs = members.iter().any(|member| member.statement.is_none());
            proposed.push(ProposedIdentity { name, claims, why, signs });
        }
    }
    proposed.truncate(IDENTITIES_MAX);
    proposed
}

type WantedIdentity<'a> = (Wanted, Option<String>, Vec<Proven<'a>>);

/// Returns the identity of a group, exactly where there is one; as an expression where the refs have a common form;
/// otherwise each for itself.
fn wanted_identities<'a>(stem: &str, group: &[Proven<'a>]) -> Vec<WantedIdentity<'a>> {
    let mut by_identity: BTreeMap<&str, Vec<Proven<'a>>> = BTreeMap::new();
    for one in group {
        by_identity.entry(one.claims[&ClaimKind::Identity].as_str()).or_default().push(*one);
    }
    let refs: BTreeSet<&str> =
        by_identity.keys().filter_map(|identity| pattern::split(identity)).map(|(_, of)| of).collect();
    if by_identity.len() > 1
        && let Some(expression) = pattern::of_refs(&refs)
    {
        let why = format!("{} identities were seen that differ only in their ref", by_identity.len());
        let whole = format!("{}@{expression}", regex::escape(stem));
        return vec![(Wanted::Matching(whole), Some(why), group.to_vec())];
    }
    by_identity
        .into_iter()
        .map(|(identity, members)| (Wanted::Exactly(identity.to_owned()), None, members))
        .collect()
}

/// Returns the claims on which all members agree, beside the identity. Where no certificate names an issuer, none is
/// wanted: a certificate of that authority with one is somebody else's. A source ref is demanded where the identity does
/// not say it: a reusable workflow signs for whoever calls it.
fn common(members: &[Proven<'_>]) -> BTreeMap<ClaimKind, Wanted> {
    let agreed = |kind: ClaimKind| {
        let mut texts = members.iter().map(|member| member.claims.get(&kind));
        let first = texts.next()??;
        texts.all(|text| text == Some(first)).then_some(first)
    };
    let kinds = [ClaimKind::Issuer].into_iter().chain(CLAIMS);
    let mut claims: BTreeMap<ClaimKind, Wanted> =
        kinds.filter_map(|kind| Some((kind, Wanted::Exactly(agreed(kind)?.clone())))).collect();
    claims.entry(ClaimKind::Issuer).or_insert(Wanted::Nothing);
    let refs: Option<BTreeSet<&str>> =
        members.iter().map(|member| Some(member.claims.get(&ClaimKind::SourceRef)?.as_str())).collect();
    let said = members.iter().all(|member| {
        let of = pattern::split(&member.claims[&ClaimKind::Identity]).map(|(_, of)| of);
        of == member.claims.get(&ClaimKind::SourceRef).map(String::as_str)
    });
    if let Some(refs) = refs.filter(|_| !said) {
        let wanted = match refs.first() {
            Some(only) if refs.len() == 1 => Some(Wanted::Exactly((*only).to_owned())),
            _ => pattern::of_refs(&refs).map(Wanted::Matching),
        };
        claims.extend(wanted.map(|wanted| (ClaimKind::SourceRef, wanted)));
    }
    claims
}

/// Returns a demand for each predicate that every image has, from a signer that the proposal names.
fn statements(seen: &[Observation], identities: &[ProposedIdentity]) -> Vec<ProposedStatement> {
    let of = |one: &Observation| -> BTreeMap<String, Vec<AttestationFound>> {
        let mut by_predicate: BTreeMap<String, Vec<AttestationFound>> = BTreeMap::new();
        for found in one.record.attestations.iter().filter(|found| holds(found.outcome)) {
            by_predicate
                .entry(predicate::short(&found.predicate_type).to_owned())
                .or_default()
                .push(found.clone());
        }
        by_predicate
    };
    let all: Vec<_> = seen.iter().map(of).collect();
    let Some(first) = all.first() else { return vec![] };
    let mut names = BTreeSet::from(["signature".to_owned()]);
    let everywhere = first.keys().filter(|predicate| all.iter().all(|one| one.contains_key(*predicate)));
    everywhere
        .map(|predicate| {
            let found: Vec<_> = all.iter().flat_map(|one| &one[predicate]).collect();
            let says = SAYS.into_iter().filter_map(|kind| Some((kind, agreed(&found, kind)?))).collect();
            let signers = found.iter().filter_map(|found| signer(found, identities)).collect();
            let name = fresh(&slug(&name_of_predicate(predicate)), &mut names);
            ProposedStatement { name, predicate: predicate.clone(), signers, says }
        })
        .collect()
}

/// Returns what all statements say of one thing: exactly, or as an expression where only a ref differs.
fn agreed(found: &[&AttestationFound], kind: StatementKind) -> Option<Wanted> {
    let texts: Option<BTreeSet<&str>> =
        found.iter().map(|found| found.says.get(&kind).map(String::as_str)).collect();
    let texts = texts?;
    let first = *texts.first()?;
    if texts.len() == 1 {
        return Some(Wanted::Exactly(first.to_owned()));
    }
    let split: Option<Vec<_>> = texts.iter().map(|text| pattern::split(text)).collect();
    let (stem, _) = pattern::split(first)?;
    let refs = split?.into_iter().map(|(of, reference)| (of == stem).then_some(reference));
    let refs: Option<BTreeSet<&str>> = refs.collect();
    let expression = pattern::of_refs(&refs?)?;
    Some(Wanted::Matching(format!("{}@{expression}", regex::escape(stem))))
}

/// Returns the name of the proposed identity, or the key, that made a statement.
fn signer(found: &AttestationFound, identities: &[ProposedIdentity]) -> Option<String> {
    if let Some(key) = &found.proof.key {
        return Some(key.clone());
    }
    let meets = |identity: &&ProposedIdentity| {
        let claims = &found.proof.claims;
        identity.claims.iter().all(|(kind, wanted)| wanted.matches(claims.get(kind).map(String::as_str)))
    };
    identities.iter().find(meets).map(|identity| identity.name.clone())
}

fn notes(seen: &[Observation], proposal: &Proposal) -> Vec<String> {
    let mut notes = BTreeSet::new();
    let one_ref = |wanted: &Wanted| matches!(wanted, Wanted::Exactly(text) if pattern::split(text).is_some());
    let pinned =
        |identity: &&ProposedIdentity| identity.claims.get(&ClaimKind::Identity).is_some_and(one_ref);
    if seen.len() == 1 && proposal.identities.iter().any(|identity| pinned(&identity)) {
        notes.insert("an identity names one ref, which the next release may not have: observe two tags for an expression".to_owned());
    }
    for found in seen.iter().flat_map(|one| &one.record.signatures) {
        notes.extend(note_of(found));
    }
    notes.extend(seen.iter().filter_map(note_of_platforms));
    if seen
        .iter()
        .flat_map(|one| &one.record.attestations)
        .any(|found| found.format == SignatureFormat::Buildkit && !holds(found.outcome))
    {
        notes.insert("BuildKit's statements in the index are not signed: evidence, not proof".to_owned());
    }
    if !proposal.signed && !proposal.statements.is_empty() {
        notes.insert("not every image is signed itself; what is signed are statements about it".to_owned());
    }
    notes.into_iter().collect()
}

fn note_of(found: &SignatureFound) -> Option<String> {
    let unknown = found.proof.claims.is_empty() && found.proof.key.is_none();
    match (found.format, found.outcome) {
        (SignatureFormat::Notation, Outcome::Foreign) if found.reason == notation::NO_STORE => Some(
            "a Notary Project signature is there, and what it says of its signer is no proof: ask the publisher, by another way than the registry, for the root certificate or its SHA-256, and observe again with `--trust-store FILE`; `--save-root FILE` writes the one that is in the signature"
                .to_owned(),
        ),
        (SignatureFormat::Notation, Outcome::Foreign) => Some(
            "a Notary Project signature ends in none of the given trust stores: somebody else's, or the publisher has another root certificate"
                .to_owned(),
        ),
        (SignatureFormat::CosignLegacy | SignatureFormat::SigstoreBundle, Outcome::Foreign) if unknown => Some(
            "it is signed with a key that is not in the signature: get the public key from the publisher and observe again with `--key FILE`"
                .to_owned(),
        ),
        _ => None,
    }
}

/// Says what signatures on platforms alone are worth.
fn note_of_platforms(seen: &Observation) -> Option<String> {
    let first = seen.platforms.signed.first()?;
    Some(format!(
        "only platforms of {} are signed, and nothing vouches for its index: a policy is verified against the index and finds no signature (`absent`). Ask the publisher to sign the index as well (`cosign sign --recursive` signs both), or take in a platform by its own digest; `fondaco trust observe {}@{}` proposes the policy for that",
        seen.image, seen.repository, first.digest
    ))
}

fn name_of_predicate(predicate: &str) -> String {
    match predicate {
        "slsaProvenance" => "provenance".to_owned(),
        "verificationSummary" => "verification-summary".to_owned(),
        other => other.rsplit("://").next().unwrap_or(other).to_owned(),
    }
}

/// Returns a name for a signer: its workflow's file, or the part of an address before the `@`.
fn name_of(stem: &str) -> String {
    let last = stem.rsplit('/').next().unwrap_or(stem);
    let word = last.strip_suffix(".yml").or_else(|| last.strip_suffix(".yaml")).unwrap_or(last);
    slug(word.split('@').next().unwrap_or(word))
}

/// Returns text as a name: small letters, digits and dashes, at most 40.
pub(super) fn slug(text: &str) -> String {
    let letters = text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let words: Vec<String> =
        letters.collect::<String>().split('-').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let name: String = words.join("-").chars().take(40).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "publisher".to_owned() } else { name.to_owned() }
}

/// Returns the name, with a number where it is taken.
pub fn fresh(name: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let free = [name.to_owned()].into_iter().chain(numbered).find(|name| !taken.contains(name));
    let free = free.expect("numbers do not end");
    taken.insert(free.clone());
    free
}
