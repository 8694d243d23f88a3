//! A policy, prepared: keys read, the trust root's verifier made. Costly enough to be made once a run and not once an
//! image. Pure.

use super::{instance::Instance, keys::AcceptedKeys};
use crate::manifest::{DesiredPolicy, DesiredSigner};

/// Whom a policy accepts.
#[derive(Debug, Default)]
pub struct Accepted {
    policy: Option<DesiredPolicy>,
    pub(super) keys: AcceptedKeys,
    pub(super) root: Root,
    /// One sentence for each part of the policy that could not be read.
    pub(super) unreadable: Vec<String>,
}

/// What certificates, log entries and timestamps are verified by.
#[derive(Debug, Default)]
pub(super) enum Root {
    /// The policy names none.
    #[default]
    Unnamed,
    /// The policy names one that cannot be read.
    Unreadable,
    Read(Box<Instance>),
}

impl Accepted {
    /// Prepares a policy; without one nobody is accepted. What cannot be read keeps outcomes from being determined.
    pub fn of_policy(policy: Option<&DesiredPolicy>) -> Self {
        let keys = AcceptedKeys::of_policy(policy);
        let mut unreadable = keys.unreadable.clone();
        let root = match policy.and_then(|policy| policy.root.as_ref()).map(Instance::read) {
            None => Root::Unnamed,
            Some(Ok(instance)) => Root::Read(Box::new(instance)),
            Some(Err(reason)) => {
                unreadable.push(reason);
                Root::Unreadable
            }
        };
        Self { policy: policy.cloned(), keys, root, unreadable }
    }

    pub(super) const fn policy(&self) -> Option<&DesiredPolicy> {
        self.policy.as_ref()
    }

    /// Returns the identities that the policy names.
    pub(super) fn identities(&self) -> &[DesiredSigner] {
        self.policy.as_ref().map_or(&[], |policy| &policy.identities)
    }
}

impl From<AcceptedKeys> for Accepted {
    fn from(keys: AcceptedKeys) -> Self {
        Self { unreadable: keys.unreadable.clone(), keys, ..Self::default() }
    }
}
