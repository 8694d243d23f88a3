//! How much one registry is asked, and when: rates that are known of it, what its answers say, and windows that adapt to
//! what it bears. Every request passes [`Budget::enter`] and tells its [`Turn`] what came of it; blobs hold a
//! [`Slot`] as long as their bytes move.
//!
//! Where a registry is known to count a group of requests on its own, that group alone waits after a refusal; otherwise
//! all of them do. Next in reading order: [`super::wire`], which sends.

mod announced;
mod bucket;
mod scope;
mod window;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::{Method, StatusCode, header::HeaderMap};
use tokio::time::Instant;

pub(super) use self::window::Slot;
use self::{announced::Announced, scope::Scope, window::Window};
use super::backoff;
use crate::registry::{ActionGroup, Allowance, PATIENCE, Rate, RegistryError, asked::Asked};

/// Requests that wait for an answer at a time, where the manifests say nothing. Six, sixteen and sixty-four at a time
/// were measured with 20 ms of latency: sixteen reach what sixty-four reach.
const CONCURRENT: u32 = 16;

/// The longest wait that a registry can ask for and that is remembered.
const REST_MAX: Duration = Duration::from_hours(7 * 24);

/// Every group, [`ActionGroup::All`] first.
const GROUPS: [ActionGroup; 8] = [
    ActionGroup::All,
    ActionGroup::Look,
    ActionGroup::Pull,
    ActionGroup::Read,
    ActionGroup::UploadStart,
    ActionGroup::UploadBody,
    ActionGroup::ManifestWrite,
    ActionGroup::List,
];

/// Returns the group that a request is counted in, `None` for one that has been redirected to another server.
pub(super) fn group(method: &Method, action: &str) -> Option<ActionGroup> {
    Some(match (method.as_str(), action) {
        (_, "redirect") => return None,
        ("HEAD", _) => ActionGroup::Look,
        ("GET", "manifest") => ActionGroup::Pull,
        ("GET", "blob") => ActionGroup::Read,
        ("GET", "referrers" | "tags") => ActionGroup::List,
        ("POST", "upload" | "mount") => ActionGroup::UploadStart,
        ("PUT" | "PATCH", "upload") => ActionGroup::UploadBody,
        ("PUT" | "DELETE", "manifest") => ActionGroup::ManifestWrite,
        _ => ActionGroup::All,
    })
}

/// Returns whether requests of the group move blobs: they hold a slot for longer than a request lasts.
const fn moves_blobs(group: ActionGroup) -> bool {
    matches!(group, ActionGroup::Read | ActionGroup::UploadBody)
}

/// What one registry may be asked.
#[derive(Debug)]
pub(super) struct Budget {
    /// Requests that wait for the head of their answer.
    windows: BTreeMap<ActionGroup, Window>,
    scopes: Mutex<BTreeMap<ActionGroup, Scope>>,
    allowance: Mutex<Option<Allowance>>,
}

/// The leave to send one request.
#[derive(Debug)]
pub(super) struct Turn<'b> {
    budget: &'b Budget,
    group: Option<ActionGroup>,
    /// Whether the request still counts among those without an answer.
    open: bool,
    slots: Vec<Slot>,
}

impl Budget {
    /// Returns a budget that keeps `rates`, with at most `concurrent` requests and half as many transfers each way.
    pub(super) fn new(rates: &[Rate], concurrent: Option<u32>) -> Self {
        let cap = usize::try_from(concurrent.unwrap_or(CONCURRENT)).unwrap_or(usize::MAX).max(1);
        let windows =
            GROUPS.map(|group| (group, Window::new(if moves_blobs(group) { cap / 2 } else { cap })));
        let mut scopes: BTreeMap<_, Scope> = GROUPS.map(|group| (group, Scope::default())).into();
        for rate in rates {
            scopes.entry(rate.group).or_default().add(rate);
        }
        Self { windows: windows.into(), scopes: Mutex::new(scopes), allowance: Mutex::default() }
    }

    /// Waits until another blob may be read ([`ActionGroup::Read`]) or written ([`ActionGroup::UploadBody`]). The two are
    /// apart, because a relay inside one registry reads while it writes.
    pub(super) async fn transfer(&self, group: ActionGroup) -> Slot {
        self.windows[&group].enter().await
    }

    /// Notes that the transfer of a blob came to its end.
    pub(super) fn transferred(&self, group: ActionGroup) {
        self.windows[&group].grow();
    }

    /// Waits for leave to send a request of `group`; `None` is for one that goes to another server.
    ///
    /// # Errors
    /// `RateLimited` at once where that would take longer than [`PATIENCE`].
    pub(super) async fn enter(
        &self,
        group: Option<ActionGroup>,
        asked: &Asked,
    ) -> Result<Turn<'_>, RegistryError> {
        let mut slots = vec![];
        if let Some(group) = group.filter(|group| *group != ActionGroup::All && !moves_blobs(*group)) {
            slots.push(self.windows[&group].enter().await);
        }
        let mut turn = self.leave(group, asked).await?;
        loop {
            let slot = self.windows[&ActionGroup::All].enter().await;
            // While the request waited for its slot, the answer to another one may have asked for a rest.
            let Some(until) = group.and_then(|group| self.rests_until(group)) else {
                slots.push(slot);
                turn.slots = slots;
                return Ok(turn);
            };
            drop(slot);
            patiently(until, asked).await?;
        }
    }

    /// As [`Budget::enter`] for a request whose body is long: it holds the slot of its transfer and no other.
    pub(super) async fn leave(
        &self,
        group: Option<ActionGroup>,
        asked: &Asked,
    ) -> Result<Turn<'_>, RegistryError> {
        while let Some(until) = self.take(group) {
            patiently(until, asked).await?;
        }
        Ok(Turn { budget: self, group, open: true, slots: vec![] })
    }

    /// Counts a request, or returns when to try again.
    fn take(&self, group: Option<ActionGroup>) -> Option<Instant> {
        let now = Instant::now();
        let mut scopes = self.scopes();
        let concerned = concerned(group);
        let closed = concerned.iter().filter_map(|group| scopes.get_mut(group)?.closed_until(now)).max();
        for group in concerned.iter().filter(|_| closed.is_none()) {
            if let Some(scope) = scopes.get_mut(group) {
                scope.take(now);
            }
        }
        closed
    }

    fn rests_until(&self, group: ActionGroup) -> Option<Instant> {
        let (now, scopes) = (Instant::now(), self.scopes());
        concerned(Some(group)).iter().filter_map(|group| scopes.get(group)?.rests_until(now)).max()
    }

    /// Returns what the registry said last about how much may still be asked.
    pub(super) fn allowance(&self) -> Option<Allowance> {
        *self.allowance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn scopes(&self) -> MutexGuard<'_, BTreeMap<ActionGroup, Scope>> {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the group that an answer to a request of `group` speaks about.
    fn counted_with(&self, group: ActionGroup) -> ActionGroup {
        let own = self.scopes().get(&group).is_some_and(Scope::has_rates);
        if own { group } else { ActionGroup::All }
    }

    /// Halves the windows of a group, and of all requests where they are not known to be counted apart.
    fn shrink(&self, group: ActionGroup) {
        self.windows[&group].shrink();
        self.windows[&self.counted_with(group)].shrink();
    }

    fn grow(&self, group: ActionGroup) {
        if !moves_blobs(group) && group != ActionGroup::All {
            self.windows[&group].grow();
        }
        self.windows[&ActionGroup::All].grow();
    }

    fn announced(&self, group: ActionGroup, announced: Announced) {
        let Announced { remaining, limit, reset_s, window_s } = announced;
        // Docker Hub's form is on answers to every request and speaks of pulls.
        let group = if window_s.is_some() { ActionGroup::Pull } else { self.counted_with(group) };
        *self.allowance.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Allowance { group, remaining, limit, window_s });
        let Some(wait) = reset_s.or(window_s) else { return };
        let wait = Duration::from_secs(wait).min(REST_MAX);
        if let Some(scope) = self.scopes().get_mut(&group) {
            scope.announce(Instant::now(), remaining, wait);
        }
    }

    fn rest(&self, group: ActionGroup, seconds: u64) {
        let wait = Duration::from_secs(seconds).min(REST_MAX);
        let group = self.counted_with(group);
        if let Some(scope) = self.scopes().get_mut(&group) {
            scope.rest(Instant::now(), wait);
        }
    }
}

/// Returns the scopes that count a request: its own and that of all.
fn concerned(group: Option<ActionGroup>) -> Vec<ActionGroup> {
    let mut groups: Vec<_> = group.into_iter().chain(group.map(|_| ActionGroup::All)).collect();
    groups.dedup();
    groups
}

/// Waits until a time that is not too far.
async fn patiently(until: Instant, asked: &Asked) -> Result<(), RegistryError> {
    let wait = until.saturating_duration_since(Instant::now());
    if wait > PATIENCE {
        return Err(asked.rate_limited(Some(wait.as_secs())));
    }
    tokio::time::sleep_until(until).await;
    Ok(())
}

impl Turn<'_> {
    /// Notes the head of the answer.
    pub(super) fn answered(mut self, status: StatusCode, headers: &HeaderMap, now_unix: u64) {
        self.close();
        let Some(group) = self.group else { return };
        let budget = self.budget;
        if let Some(announced) = Announced::of(headers, now_unix) {
            budget.announced(group, announced);
        }
        if status != StatusCode::TOO_MANY_REQUESTS && status != StatusCode::SERVICE_UNAVAILABLE {
            return budget.grow(group);
        }
        budget.shrink(group);
        // A failing server that says when it will be back has counted nothing: only a short wait is worth it.
        let refused = status == StatusCode::TOO_MANY_REQUESTS;
        let rest = backoff::retry_after_s(headers, now_unix);
        if let Some(seconds) = rest.filter(|seconds| refused || *seconds <= PATIENCE.as_secs()) {
            budget.rest(group, seconds);
        }
    }

    /// Notes that there was no answer in time, which is how some proxies refuse.
    pub(super) fn unanswered(self) {
        if let Some(group) = self.group {
            self.budget.shrink(group);
        }
    }

    fn close(&mut self) {
        let mut scopes = self.budget.scopes();
        for group in concerned(self.group).iter().filter(|_| self.open) {
            if let Some(scope) = scopes.get_mut(group) {
                scope.unanswered = scope.unanswered.saturating_sub(1);
            }
        }
        self.open = false;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.close();
    }
}
