//! The requests that one registry counts together: their rates, what it has announced, and when it wants to rest.

use std::time::Duration;

use tokio::time::Instant;

use super::bucket::Bucket;
use crate::registry::Rate;

/// One group of requests, or all of them.
#[derive(Debug, Default)]
pub(super) struct Scope {
    buckets: Vec<Bucket>,
    /// Until when nothing is asked, because `Retry-After` said so.
    rests_until: Option<Instant>,
    announced: Option<Remaining>,
    /// Requests that were sent and have no answer yet.
    pub(super) unanswered: u64,
}

#[derive(Debug)]
struct Remaining {
    requests: u64,
    until: Instant,
}

impl Scope {
    pub(super) fn add(&mut self, rate: &Rate) {
        self.buckets.push(Bucket::new(rate));
    }

    /// Returns whether the registry is known to count these requests on their own.
    pub(super) fn has_rates(&self) -> bool {
        !self.buckets.is_empty()
    }

    /// Returns when another request may be sent, where that is not now.
    pub(super) fn closed_until(&mut self, now: Instant) -> Option<Instant> {
        let spent = self.announced.as_ref().filter(|left| left.requests == 0).map(|left| left.until);
        let empty = self.buckets.iter_mut().filter_map(|bucket| bucket.empty_until(now)).max();
        self.rests_until.max(spent).max(empty).filter(|until| *until > now)
    }

    /// Returns until when the registry rests, where it does: also a request that has its token waits for that.
    pub(super) fn rests_until(&self, now: Instant) -> Option<Instant> {
        self.rests_until.filter(|until| *until > now)
    }

    /// Notes a request that is about to be sent.
    pub(super) fn take(&mut self, now: Instant) {
        for bucket in &mut self.buckets {
            bucket.take(now);
        }
        if self.announced.as_ref().is_some_and(|left| left.until <= now) {
            self.announced = None;
        }
        if let Some(left) = &mut self.announced {
            left.requests = left.requests.saturating_sub(1);
        }
        self.unanswered += 1;
    }

    pub(super) fn rest(&mut self, now: Instant, wait: Duration) {
        self.rests_until = self.rests_until.max(now.checked_add(wait));
    }

    /// Notes that `remaining` requests may be sent until `wait` has passed. Those under way may not be counted in it.
    pub(super) fn announce(&mut self, now: Instant, remaining: u64, wait: Duration) {
        let requests = remaining.saturating_sub(self.unanswered);
        self.announced = now.checked_add(wait).map(|until| Remaining { requests, until });
    }
}
