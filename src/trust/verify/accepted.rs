//! A policy, prepared: keys read, the trust root's verifier made. Costly enough to be made once a run and not once an
//! image. Pure.

use std::sync::Arc;

use super::{instance::Instance, keys::AcceptedKeys};
use crate::{
    manifest::{DesiredPolicy, DesiredSigner},
    model::Instant,
    trust::notation::TrustStore,
};

/// Whom a policy accepts.
#[derive(Debug, Default)]
pub struct Accepted {
    policy: Option<DesiredPolicy>,
    pub(super) keys: AcceptedKeys,
    pub(super) root: Root,
    /// Trust stores of Notary Project signatures.
    pub(super) stores: Vec<TrustStore>,
    /// The time that certificates without a trusted time are judged at.
    pub(super) at: Option<Instant>,
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
    Read(Arc<Instance>),
}

impl Accepted {
    /// Prepares a policy; without one nobody is accepted. What cannot be read keeps outcomes from being determined.
    pub fn of_policy(policy: Option<&DesiredPolicy>) -> Self {
        let keys = AcceptedKeys::of_policy(policy);
        let mut unreadable = keys.unreadable.clone();
        let root = match policy.and_then(|policy| policy.root.as_ref()).map(Instance::read) {
            None => Root::Unnamed,
            Some(Ok(instance)) => Root::Read(Arc::new(instance)),
            Some(Err(reason)) => {
                unreadable.push(reason);
                Root::Unreadable
            }
        };
        let mut stores = vec![];
        for written in policy.iter().flat_map(|policy| &policy.notation) {
            match TrustStore::of(written) {
                Ok(store) => stores.push(store),
                Err(reason) => unreadable.push(reason),
            }
        }
        Self { policy: policy.cloned(), keys, root, stores, at: None, unreadable }
    }

    /// Says what time it is. Without one, Notary Project signatures are not determined: only the certificates of a
    /// Sigstore instance come with a time of their own.
    #[must_use]
    pub fn at(self, now: Instant) -> Self {
        Self { at: Some(now), ..self }
    }

    /// Returns keys whose signatures count only with a log entry or time stamp that `instance` verifies.
    pub(in crate::trust) fn logged(keys: AcceptedKeys, instance: Arc<Instance>) -> Self {
        Self { root: Root::Read(instance), ..keys.logged().into() }
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
