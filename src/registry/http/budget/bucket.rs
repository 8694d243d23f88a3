//! At most so many requests in so many seconds.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use crate::registry::Rate;

/// A bucket of tokens, each of which is back one window after it was taken. Unlike a bucket that is refilled evenly it
/// never lets more than the rate through in any window, and it holds nothing back before the rate is used up.
#[derive(Debug)]
pub(super) struct Bucket {
    tokens: usize,
    window: Duration,
    /// When the tokens that are out were taken, oldest first. Never longer than `tokens`.
    taken: VecDeque<Instant>,
}

impl Bucket {
    pub(super) fn new(rate: &Rate) -> Self {
        let tokens = usize::try_from(rate.requests.max(1)).unwrap_or(usize::MAX);
        Self { tokens, window: Duration::from_secs(rate.seconds.max(1).into()), taken: VecDeque::new() }
    }

    /// Returns when there is a token, where there is none now.
    pub(super) fn empty_until(&mut self, now: Instant) -> Option<Instant> {
        while self.taken.front().is_some_and(|at| *at + self.window <= now) {
            self.taken.pop_front();
        }
        let oldest = self.taken.front().filter(|_| self.taken.len() >= self.tokens)?;
        Some(*oldest + self.window)
    }

    /// Takes a token that [`Bucket::empty_until`] has found.
    pub(super) fn take(&mut self, now: Instant) {
        self.taken.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::ActionGroup;

    #[tokio::test(start_paused = true)]
    async fn no_window_sees_more_than_the_rate() {
        let mut bucket = Bucket::new(&Rate { group: ActionGroup::All, requests: 2, seconds: 10 });
        let start = Instant::now();
        let mut at = |second: u64| {
            let now = start + Duration::from_secs(second);
            let until = bucket.empty_until(now);
            if until.is_none() {
                bucket.take(now);
            }
            until.map(|until| (until - start).as_secs())
        };
        // Second of the request, and when a token is back where there is none.
        let cases =
            [(0, None), (4, None), (5, Some(10)), (9, Some(10)), (10, None), (10, Some(14)), (14, None)];
        for (second, expected) in cases {
            assert_eq!(at(second), expected, "{second}");
        }
    }
}
