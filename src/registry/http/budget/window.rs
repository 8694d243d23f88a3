//! How many requests of one group are under way at a time: as many as the other side bears.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

/// Refusals within this time of the first are the same event: ten requests that are refused at once say no more than
/// one does.
const EPOCH: Duration = Duration::from_millis(100);

/// A window that grows by one for each round of answers and halves when the other side is overloaded (additive increase,
/// multiplicative decrease, as TCP does). It begins wide open, since most runs meet no limit.
#[derive(Debug)]
pub(super) struct Window {
    permits: Arc<Semaphore>,
    state: Arc<Mutex<State>>,
    cap: usize,
}

#[derive(Debug)]
struct State {
    size: usize,
    /// Answers since the window last changed: a window of `n` grows after `n` of them.
    answers: usize,
    /// Requests under way beyond a window that has shrunk; each takes its place along when it ends.
    beyond: usize,
    halved: Option<Instant>,
}

/// A place in a window, given back when dropped.
#[derive(Debug)]
pub(in super::super) struct Slot {
    permit: Option<OwnedSemaphorePermit>,
    state: Arc<Mutex<State>>,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Window {
    pub(super) fn new(cap: usize) -> Self {
        let cap = cap.max(1);
        let state = State { size: cap, answers: 0, beyond: 0, halved: None };
        Self { permits: Arc::new(Semaphore::new(cap)), state: Arc::new(Mutex::new(state)), cap }
    }

    /// Waits for a place, first come, first served.
    pub(super) async fn enter(&self) -> Slot {
        // The semaphore is never closed; without a permit the slot counts for nothing.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        Slot { permit, state: Arc::clone(&self.state) }
    }

    /// Notes an answer that was no refusal.
    pub(super) fn grow(&self) {
        let mut state = lock(&self.state);
        state.answers += 1;
        if state.answers < state.size || state.size == self.cap {
            return;
        }
        (state.size, state.answers) = (state.size + 1, 0);
        if state.beyond > 0 {
            state.beyond -= 1;
        } else {
            self.permits.add_permits(1);
        }
    }

    /// Notes a refusal.
    pub(super) fn shrink(&self) {
        let mut state = lock(&self.state);
        let now = Instant::now();
        if state.halved.is_some_and(|at| now < at + EPOCH) {
            return;
        }
        let halved = (state.size / 2).max(1);
        let less = state.size - halved;
        state.beyond += less - self.permits.forget_permits(less);
        (state.size, state.answers, state.halved) = (halved, 0, Some(now));
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        if let Some(permit) = self.permit.take()
            && state.beyond > 0
        {
            state.beyond -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns how many more places there are.
    fn room(window: &Window) -> usize {
        window.permits.available_permits()
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_halves_once_an_epoch_and_grows_by_one_a_round() {
        let window = Window::new(16);
        for _ in 0..10 {
            window.shrink();
        }
        assert_eq!(room(&window), 8, "ten refusals at once are one event");
        tokio::time::advance(EPOCH).await;
        window.shrink();
        assert_eq!(room(&window), 4);
        for (answers, size) in [(3, 4), (1, 5), (4, 5), (1, 6), (1000, 16)] {
            for _ in 0..answers {
                window.grow();
            }
            assert_eq!(room(&window), size);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_place_is_always_left() {
        let window = Window::new(3);
        for _ in 0..5 {
            window.shrink();
            tokio::time::advance(EPOCH).await;
        }
        assert_eq!(room(&window), 1);
        window.grow();
        assert_eq!(room(&window), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_under_way_are_counted_against_the_smaller_window() {
        let window = Window::new(4);
        let mut under_way = vec![];
        for _ in 0..4 {
            under_way.push(window.enter().await);
        }
        window.shrink();
        under_way.pop();
        under_way.pop();
        assert_eq!(room(&window), 0, "two are under way, and two are allowed");
        under_way.pop();
        assert_eq!(room(&window), 1);
        under_way.clear();
        assert_eq!(room(&window), 2);
    }
}
