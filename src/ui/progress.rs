//! What is seen of a run while it lasts.
//!
//! Tasks tell one consumer through a bounded channel what happens. On a terminal each image in work has a moving line
//! under the finished ones; elsewhere each finished image is a line, and a heartbeat says that the run is alive. What
//! the lines say is pure and lies in [`board`]; this file moves events and draws.

mod board;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval_at},
};

pub use board::Board;

use super::Ui;

/// Events that wait for the display. Enough for a burst of every task; more would only show older news.
const EVENTS_MAX: usize = 1024;

/// How often a run without a terminal says that it is alive. CI systems end jobs that are silent for minutes.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// How often moving lines are brought up to date where nothing happens.
const REFRESH: Duration = Duration::from_secs(1);

/// Something that happened to an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// How many images the run is about, finished ones included.
    Planned { images: usize },
    /// Work on an image began.
    Started { image: Arc<str> },
    /// An image reached a stage.
    Stage { image: Arc<str>, stage: Stage },
    /// Bytes were moved, in addition to those of earlier events. The only event that may be dropped.
    Bytes { image: Arc<str>, count: u64 },
    /// Work on an image ended. `outcome` is one line for people.
    Finished { image: Arc<str>, outcome: String, seconds: u64 },
    /// The run was interrupted: uploads in flight are finished and nothing else starts.
    Draining { uploads: usize },
}

/// What is being done with an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Resolve,
    Copy,
    Catalogue,
    Verify,
    Scan,
    Judge,
    Promote,
    Sign,
}

impl Stage {
    /// Returns the word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resolve => "resolving",
            Self::Copy => "copying",
            Self::Catalogue => "cataloguing",
            Self::Verify => "verifying",
            Self::Scan => "scanning",
            Self::Judge => "judging",
            Self::Promote => "promoting",
            Self::Sign => "signing",
        }
    }
}

/// The handle that tasks report to. Clones report to the same display.
#[derive(Debug, Clone)]
pub struct Progress {
    events: mpsc::Sender<Event>,
}

impl Progress {
    /// Returns a handle that nobody listens to.
    pub fn unseen() -> Self {
        Self { events: mpsc::channel(1).0 }
    }

    /// Reports an event. Waits while the display is behind, except for bytes, which are then dropped: a rate may be
    /// shown too low, a line is never lost.
    pub async fn tell(&self, event: Event) {
        if matches!(event, Event::Bytes { .. }) {
            let _may_be_dropped = self.events.try_send(event);
        } else {
            // The display has ended: there is nobody to tell, and the work goes on.
            let _nobody_listens = self.events.send(event).await;
        }
    }

    /// Reports moved bytes, without waiting, from anywhere.
    pub fn bytes(&self, image: &Arc<str>, count: u64) {
        let _may_be_dropped = self.events.try_send(Event::Bytes { image: Arc::clone(image), count });
    }
}

/// The display of a run. It ends with [`Display::finish`]; dropped without it, it ends by itself.
#[derive(Debug)]
pub struct Display {
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Display {
    /// Shows what is still waiting, takes the moving lines away and returns. Handles may outlive it.
    pub async fn finish(self) {
        let _ended_by_itself = self.end.send(());
        // The task neither panics nor is it aborted; were it otherwise, the work is done all the same.
        let _display_only = self.task.await;
    }
}

/// Starts the consumer.
pub(super) fn begin(ui: &Ui) -> (Progress, Display) {
    let (events, receiver) = mpsc::channel(EVENTS_MAX);
    let (end, ended) = oneshot::channel();
    let task = tokio::spawn(consume(ui.clone(), receiver, ended));
    (Progress { events }, Display { end, task })
}

async fn consume(ui: Ui, mut events: mpsc::Receiver<Event>, mut ended: oneshot::Receiver<()>) {
    let begun = Instant::now();
    let moving = ui.settings.moves();
    let period = if moving { REFRESH } else { HEARTBEAT };
    let mut tick = interval_at(begun + period, period);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut board = Board::default();
    let mut bars = moving.then(|| Bars::new(ui.bars.clone()));
    let mut closed = false;
    loop {
        tokio::select! {
            event = events.recv() => {
                let Some(event) = event else { break };
                if let Some(line) = board.apply(event, begun.elapsed()) {
                    ui.story(&line);
                }
            }
            _ = tick.tick() => {
                if bars.is_none() {
                    ui.story(&board.heartbeat(begun.elapsed()));
                }
            }
            _ = &mut ended, if !closed => {
                events.close();
                closed = true;
            }
        }
        if let Some(bars) = &mut bars {
            bars.draw(&board, begun.elapsed());
        }
    }
    if let Some(bars) = bars {
        bars.clear();
    }
}

/// The moving lines of a terminal: one for each image in work, and the total below them.
struct Bars {
    all: MultiProgress,
    total: ProgressBar,
    images: BTreeMap<Arc<str>, ProgressBar>,
}

impl Bars {
    fn new(all: MultiProgress) -> Self {
        let total = all.add(line());
        Self { all, total, images: BTreeMap::new() }
    }

    fn draw(&mut self, board: &Board, at: Duration) {
        let moving = board.moving(at);
        self.images.retain(|image, bar| {
            let in_work = moving.contains_key(image);
            if !in_work {
                bar.finish_and_clear();
                self.all.remove(bar);
            }
            in_work
        });
        for (image, text) in moving {
            let bar = self.images.entry(image).or_insert_with(|| self.all.insert_before(&self.total, line()));
            bar.set_message(text);
        }
        self.total.set_message(board.total(at));
    }

    fn clear(self) {
        for bar in self.images.values() {
            bar.finish_and_clear();
        }
        self.total.finish_and_clear();
    }
}

fn line() -> ProgressBar {
    let style =
        ProgressStyle::with_template("{wide_msg}").expect("the template is a constant with one known key");
    ProgressBar::no_length().with_style(style)
}
