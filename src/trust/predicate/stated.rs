//! What was stated about one image, with who stands behind it: the way from verification to the records.

use super::{Content, Said};
use crate::model::{Digest, Outcome};

/// The most statements of an image whose content is kept. Real images have one or two a platform.
pub const STATED_MAX: usize = 64;

/// The most packages and statements about vulnerabilities that are kept of an image, about 20 MB; once for verified signers
/// and once for everybody else, so that a flood of others takes nothing away. A whole distribution has 60,000 packages.
pub const WEIGHT_MAX: usize = 200_000;

/// A statement that speaks of the image or one of its platforms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// The layer it is in: envelope, bundle or unsigned statement.
    pub attestation: Digest,
    /// The manifest of the image that it speaks of.
    pub subject: Digest,
    /// `Verified` where its envelope is by an accepted signer and speaks of `subject`.
    pub outcome: Outcome,
    /// The policy's name for the signer, where verified.
    pub signer: Option<String>,
    pub said: Said,
}

/// Statements, bounded in number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatedList {
    items: Vec<Stated>,
    /// Statements whose content was not kept.
    pub left_out: usize,
    /// Whether something that an accepted signer states may be missing here.
    pub incomplete: bool,
}

impl StatedList {
    /// Adds a statement; beyond the limit, or without its content, it is only counted. Add verified ones first.
    pub fn add(&mut self, stated: Stated) {
        if self.items.len() == STATED_MAX || stated.said.content == Content::NotKept {
            self.left_out += 1;
            self.incomplete |= stated.outcome == Outcome::Verified;
        } else {
            self.items.push(stated);
        }
    }

    pub fn items(&self) -> &[Stated] {
        &self.items
    }
}

/// How much of an image's statements is kept already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budget {
    verified: usize,
    others: usize,
}

impl Budget {
    /// Takes away the content of a statement that is too much.
    pub fn keep(&mut self, outcome: Outcome, said: &mut Said) {
        let used = if outcome == Outcome::Verified { &mut self.verified } else { &mut self.others };
        let weight = said.weight();
        if *used + weight > WEIGHT_MAX {
            said.content = Content::NotKept;
        } else {
            *used += weight;
        }
    }
}
