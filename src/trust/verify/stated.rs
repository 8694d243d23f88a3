//! What the attestations of a survey state, with who stands behind it. Pure.

use super::{discover::Survey, outcome::signer_of};
use crate::{
    model::{Digest, Outcome},
    trust::predicate::{Stated, StatedList},
};

/// Returns the statements about `subject` and its parts, those of accepted signers first.
pub(super) fn of(subject: &Digest, survey: &Survey) -> StatedList {
    let mut list = StatedList::default();
    let is_verified = |outcome| outcome == Outcome::Verified;
    for verified in [true, false] {
        let made = survey.attestations.iter();
        for made in made.filter(|made| is_verified(made.found.outcome) == verified) {
            let found = &made.found;
            let Some(said) = &made.said else {
                // Signed, and not to be read: nobody knows what it says.
                list.incomplete |= verified;
                continue;
            };
            list.add(Stated {
                attestation: found.content.clone().unwrap_or_else(|| found.digest.clone()),
                subject: found.subject.clone().unwrap_or_else(|| subject.clone()),
                outcome: found.outcome,
                signer: signer_of(&found.proof).filter(|_| verified).map(ToOwned::to_owned),
                said: said.clone(),
            });
        }
    }
    // What could not be looked at may be a signer's word.
    list.incomplete |= !survey.failures.is_empty() || !survey.unattested.is_empty();
    list
}
