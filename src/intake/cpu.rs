//! The bridge from tokio to a dedicated rayon pool.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::{Semaphore, oneshot};

/// A job that panicked. The panic stays with its item; the others go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a computation panicked; please report this")]
pub struct Panicked;

/// Runs CPU work away from the threads that serve the network.
#[derive(Debug)]
pub struct Cpu {
    pool: rayon::ThreadPool,
    slots: Arc<Semaphore>,
}

impl Cpu {
    /// Returns a pool of `threads` threads; zero means one for each core.
    ///
    /// # Errors
    /// Where the operating system gives no threads.
    pub fn new(threads: usize) -> Result<Self, rayon::ThreadPoolBuildError> {
        let name = |index| format!("cpu-{index}");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(name).build()?;
        // Two jobs for each thread: one runs, one is ready; the rest waits where it costs nothing.
        let slots = Arc::new(Semaphore::new(2 * pool.current_num_threads()));
        Ok(Self { pool, slots })
    }

    /// Runs `job` on the pool and awaits its answer. The job must not block on the network.
    ///
    /// # Errors
    /// [`Panicked`] where the job panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        let slot = self.slots.clone().acquire_owned().await.map_err(|_| Panicked)?;
        let (tell, told) = oneshot::channel();
        self.pool.spawn(move || {
            let answer = catch_unwind(AssertUnwindSafe(job));
            drop(slot);
            // Nobody listens where the future was dropped.
            drop(tell.send(answer));
        });
        told.await.map_err(|_| Panicked)?.map_err(|_| Panicked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_the_error_of_its_item_alone() {
        let cpu = Cpu::new(1).unwrap();
        assert_eq!(cpu.run(|| 6 * 7).await, Ok(42));
        for _ in 0..5 {
            assert_eq!(cpu.run(|| panic!("hostile input")).await, Err::<(), _>(Panicked));
        }
        assert_eq!(cpu.run(|| 6 * 7).await, Ok(42));
    }
}
