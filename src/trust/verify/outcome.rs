//! What became of one signature, and of all of them together. Pure.

use super::{keys::AcceptedKeys, shown};
use crate::{
    manifest::DesiredPolicy,
    model::{Outcome, SignatureFound},
};

/// What became of one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) outcome: Outcome,
    /// The accepted key that verified it.
    pub(super) key: Option<String>,
    pub(super) reason: String,
    /// The repository a `.sig` payload was signed for. Part of what the signature covers, but cosign ignores it.
    pub(super) docker_reference: Option<String>,
}

impl Judgement {
    fn new(outcome: Outcome, reason: impl Into<String>) -> Self {
        Self { outcome, key: None, reason: reason.into(), docker_reference: None }
    }

    /// Signed by an accepted key; `logged` where log entries or timestamps came with it.
    pub(super) fn verified(key: &str, logged: bool) -> Self {
        let aside = if logged { "; its log entries and timestamps were not checked" } else { "" };
        let reason = format!("signed by accepted key `{key}`{aside}");
        Self { key: Some(key.to_owned()), ..Self::new(Outcome::Verified, reason) }
    }

    pub(super) fn foreign() -> Self {
        Self::new(Outcome::Foreign, "no accepted key verifies it")
    }

    pub(super) fn keyless() -> Self {
        Self::new(Outcome::Foreign, "keyless signatures are not read yet")
    }

    /// A statement that is about something else than approval, so there is no signature here.
    pub(super) fn attestation(predicate_type: &str) -> Self {
        Self::new(Outcome::Absent, format!("an attestation of `{}`, not a signature", shown(predicate_type)))
    }

    pub(super) fn absent(reason: impl Into<String>) -> Self {
        Self::new(Outcome::Absent, reason)
    }

    pub(super) fn invalid(reason: impl Into<String>) -> Self {
        Self::new(Outcome::Invalid, reason)
    }

    pub(super) fn undeterminable(reason: impl Into<String>) -> Self {
        Self::new(Outcome::Undeterminable, reason)
    }
}

/// Returns the outcome of an image and why. `failures` are what kept us from looking everywhere.
///
/// One verified signature is enough; otherwise what could not be looked at comes before what does not hold, and
/// that before what is not ours.
pub(super) fn overall(
    policy: Option<&DesiredPolicy>,
    keys: &AcceptedKeys,
    found: &[SignatureFound],
    failures: &[String],
) -> (Outcome, String) {
    let of = |outcome| found.iter().filter(move |signature| signature.outcome == outcome);
    let first = |outcome| of(outcome).next().map(|signature| signature.reason.clone());
    let Some(policy) = policy else { return without_policy(found, failures) };
    let mut names: Vec<_> =
        of(Outcome::Verified).filter_map(|signature| signature.proof.key.as_deref()).collect();
    names.sort_unstable();
    names.dedup();
    if !names.is_empty() {
        return (Outcome::Verified, format!("signed by accepted key `{}`", names.join("`, `")));
    }
    let mut obstacles = keys.unreadable.clone();
    if keys.is_empty() && obstacles.is_empty() {
        obstacles.push(format!("trust policy `{}` accepts no key", policy.name));
    }
    obstacles.extend_from_slice(failures);
    if !obstacles.is_empty() {
        return (Outcome::Undeterminable, counted(&obstacles));
    }
    if let Some(reason) = first(Outcome::Invalid) {
        return (Outcome::Invalid, reason);
    }
    if let Some(reason) = first(Outcome::Foreign) {
        return (Outcome::Foreign, reason);
    }
    (Outcome::Absent, "neither a signature tag nor a signature bundle".to_owned())
}

fn without_policy(found: &[SignatureFound], failures: &[String]) -> (Outcome, String) {
    if !failures.is_empty() {
        return (Outcome::Undeterminable, format!("no trust policy; {}", counted(failures)));
    }
    let signed = found.iter().any(|signature| signature.outcome != Outcome::Absent);
    (if signed { Outcome::Foreign } else { Outcome::Absent }, "no trust policy".to_owned())
}

/// Returns the first of several sentences and how many there are besides.
fn counted(sentences: &[String]) -> String {
    match sentences {
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
        [] => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Digest, Proof, SignatureFormat};

    fn found(outcome: Outcome) -> SignatureFound {
        SignatureFound {
            format: SignatureFormat::SigstoreBundle,
            place: "p".to_owned(),
            digest: Digest::sha256(b""),
            content: None,
            proof: Proof {
                key: (outcome == Outcome::Verified).then(|| "org".to_owned()),
                ..Proof::default()
            },
            outcome,
            reason: outcome.name().to_owned(),
        }
    }

    fn policy() -> DesiredPolicy {
        DesiredPolicy::of_keys("p", [])
    }

    /// Any key will do: the P-256 generator point.
    fn keys() -> AcceptedKeys {
        let point = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                     4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
        let der = format!("3059301306072a8648ce3d020106082a8648ce3d030107034200{point}");
        AcceptedKeys::only("org", &hex::decode(der).unwrap()).unwrap()
    }

    #[test]
    fn outcomes_take_precedence_as_designed() {
        use Outcome::{Absent, Foreign, Invalid, Undeterminable, Verified};
        let failure = vec!["500".to_owned()];
        let cases: [(&[Outcome], &[String], Outcome); 8] = [
            (&[Foreign, Invalid, Verified], &failure, Verified),
            (&[Foreign, Invalid], &failure, Undeterminable),
            (&[], &failure, Undeterminable),
            (&[Absent], &failure, Undeterminable),
            (&[Foreign, Invalid, Absent], &[], Invalid),
            (&[Absent, Foreign], &[], Foreign),
            (&[Absent], &[], Absent),
            (&[], &[], Absent),
        ];
        for (outcomes, failures, expected) in cases {
            let signatures: Vec<_> = outcomes.iter().copied().map(found).collect();
            assert_eq!(overall(Some(&policy()), &keys(), &signatures, failures).0, expected, "{outcomes:?}");
        }
    }

    #[test]
    fn without_a_policy_only_presence_is_told() {
        let cases: [(&[Outcome], &[String], Outcome); 4] = [
            (&[Outcome::Invalid], &[], Outcome::Foreign),
            (&[Outcome::Absent], &[], Outcome::Absent),
            (&[], &[], Outcome::Absent),
            (&[], &["500".to_owned()], Outcome::Undeterminable),
        ];
        for (outcomes, failures, expected) in cases {
            let signatures: Vec<_> = outcomes.iter().copied().map(found).collect();
            let (outcome, reason) = overall(None, &AcceptedKeys::default(), &signatures, failures);
            assert_eq!(outcome, expected);
            assert!(reason.starts_with("no trust policy"), "{reason}");
        }
    }

    #[test]
    fn a_policy_without_keys_determines_nothing() {
        let (outcome, reason) = overall(Some(&policy()), &AcceptedKeys::default(), &[], &[]);
        assert_eq!((outcome, reason.as_str()), (Outcome::Undeterminable, "trust policy `p` accepts no key"));
    }
}
