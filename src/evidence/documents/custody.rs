//! `custody.json`: where the bytes came from, who moved them, when, what was checked.

use crate::{
    evidence::{Custody, Document, Hop, HopKind},
    model::Repository,
};

impl Document for Custody {
    const SCHEMA: &'static str = "fondaco/custody/v1alpha1";

    fn schema(&self) -> &str {
        &self.schema
    }
}

impl Custody {
    /// Returns the promotions in this mirror that stand: those that no later withdrawal has undone.
    pub fn promoted(&self) -> Vec<&Hop> {
        let here = self.here();
        let hops = here.iter().enumerate().filter(|(_, hop)| hop.kind == HopKind::Promotion);
        let undone = |index: usize, hop: &Hop| {
            here[index + 1..].iter().any(|later| {
                later.kind == HopKind::Withdrawal
                    && later.from == hop.to
                    && later.tag == hop.tag
                    && later.consumer == hop.consumer
            })
        };
        hops.filter(|(index, hop)| !undone(*index, hop)).map(|(_, hop)| hop).collect()
    }

    /// Returns whether a promotion is one of [`Self::promoted`].
    pub fn stands(&self, promotion: &Hop) -> bool {
        self.promoted().contains(&promotion)
    }

    /// Returns the quarantine repository that holds the image, unless a withdrawal emptied it there.
    pub fn quarantined(&self) -> Option<&Repository> {
        self.last_held().filter(|hop| hop.kind != HopKind::Withdrawal).map(|hop| &hop.to)
    }

    /// Returns whether a withdrawal deleted the image from quarantine, and nothing brought it back.
    pub fn left_quarantine(&self) -> bool {
        self.last_held().is_some_and(|hop| hop.kind == HopKind::Withdrawal)
    }

    /// Returns the last movement into quarantine, or out of it by withdrawal.
    fn last_held(&self) -> Option<&Hop> {
        self.hops.iter().rev().find(|hop| match hop.kind {
            HopKind::Intake | HopKind::Carry => true,
            HopKind::Promotion | HopKind::ReSign => false,
            HopKind::Withdrawal => hop.consumer.is_none(),
        })
    }
}
