//! The only printer: results to stdout, the story to stderr, progress while images are in work.
//!
//! Nothing else in the crate writes to a stream of the process. What is said is decided by the callers; this module
//! knows terminals, colours and how to keep foreign text from acting on them. It may not decide, and it holds up no
//! work: a display that is behind loses rates, never lines. Next in reading order: [`crate::demo`].

pub mod progress;
pub mod report;

#[cfg(test)]
mod tests;

use std::{
    io::{self, IsTerminal as _, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anstream::{AutoStream, ColorChoice};
use indicatif::{MultiProgress, ProgressDrawTarget};

pub use progress::{Display, Event, Progress, Stage};

use crate::model::{Kind, foreign};

/// How output is shaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four switches that do not depend on each other")]
pub struct Settings {
    /// Whether the story may carry colours. Results never do.
    pub color: bool,
    /// Whether progress moves: stderr is a terminal and `CI` is unset.
    pub interactive: bool,
    /// Whether story, hints and progress are left out. Warnings and errors stay.
    pub quiet: bool,
    /// Whether the result is JSON, which escapes foreign text itself.
    pub json: bool,
}

impl Settings {
    /// Returns the settings for this process. Colours follow `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and the terminal;
    /// `ci` says whether the environment variable `CI` is set.
    pub fn of_process(quiet: bool, json: bool, ci: bool) -> Self {
        let stderr = io::stderr();
        Self {
            color: AutoStream::choice(&stderr) != ColorChoice::Never,
            interactive: stderr.is_terminal() && !ci,
            quiet,
            json,
        }
    }

    /// Returns whether lines may move.
    const fn moves(self) -> bool {
        self.interactive && !self.quiet
    }
}

/// Says why a result could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    #[error("standard output could not be written: {0}")]
    Write(#[from] io::Error),
}

impl OutputError {
    /// Returns what the error means to the caller.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Write(_) => Kind::Unavailable,
        }
    }
}

/// A stream that lines are written to.
pub type Stream = Box<dyn Write + Send>;

/// The printer. Clones write to the same streams.
#[derive(Clone)]
pub struct Ui {
    settings: Settings,
    streams: Arc<Mutex<Streams>>,
    /// The moving lines, which step aside while a line is written.
    bars: MultiProgress,
}

struct Streams {
    stdout: Stream,
    stderr: Stream,
    /// The reader of stdout has gone (`fondaco plan | head`): the rest of the result interests nobody.
    reader_gone: bool,
}

/// How a line of the story begins.
#[derive(Debug, Clone, Copy)]
enum Mark {
    Error,
    Warning,
    Hint,
}

impl Mark {
    /// Returns the word, with colour codes that the stream strips where there are no colours.
    const fn styled(self) -> &'static str {
        match self {
            Self::Error => "\u{1b}[1;31merror\u{1b}[0m",
            Self::Warning => "\u{1b}[1;33mwarning\u{1b}[0m",
            Self::Hint => "\u{1b}[36mhint\u{1b}[0m",
        }
    }
}

impl Ui {
    /// Returns the printer of this process.
    pub fn new(settings: Settings) -> Self {
        Self::onto(settings, Box::new(io::stdout()), Box::new(io::stderr()))
    }

    /// Returns a printer onto other streams, for tests of the whole program.
    pub fn onto(settings: Settings, stdout: Stream, stderr: Stream) -> Self {
        let target =
            if settings.moves() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let streams = Streams { stdout, stderr, reader_gone: false };
        Self {
            settings,
            streams: Arc::new(Mutex::new(streams)),
            bars: MultiProgress::with_draw_target(target),
        }
    }

    pub const fn settings(&self) -> Settings {
        self.settings
    }

    /// Writes a result to stdout, with a final line feed where it has none. Text is escaped so that foreign words in it
    /// cannot act on a terminal; JSON is written as it is.
    ///
    /// # Errors
    /// [`OutputError`] where stdout cannot be written. A reader that has gone is no error: see [`Ui::reader_gone`].
    pub fn result(&self, text: &str) -> Result<(), OutputError> {
        let text = if self.settings.json { text.to_owned() } else { foreign::escaped(text) };
        self.document(&text)
    }

    /// Writes a document as it is: its format has rules of its own for every character, which its writer has kept.
    ///
    /// # Errors
    /// As [`Self::result`].
    pub fn document(&self, text: &str) -> Result<(), OutputError> {
        self.bars.suspend(|| {
            let mut streams = self.lock();
            if streams.reader_gone {
                return Ok(());
            }
            match write_line(&mut streams.stdout, text) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    streams.reader_gone = true;
                    Ok(())
                }
                other => other.map_err(OutputError::from),
            }
        })
    }

    /// Returns whether the reader of stdout has gone. The program then ends with success, as others in a pipe do.
    pub fn reader_gone(&self) -> bool {
        self.lock().reader_gone
    }

    /// Writes a line of the story to stderr.
    pub fn story(&self, text: &str) {
        if !self.settings.quiet {
            self.say(&foreign::escaped(text));
        }
    }

    /// Writes a warning to stderr. Shown even where the story is not.
    pub fn warning(&self, text: &str) {
        self.marked(Mark::Warning, text);
    }

    /// Writes an error to stderr.
    pub fn error(&self, text: &str) {
        self.marked(Mark::Error, text);
    }

    /// Writes to stderr what could be done about the line before.
    pub fn hint(&self, text: &str) {
        if !self.settings.quiet {
            self.marked(Mark::Hint, text);
        }
    }

    /// Writes text to stderr that a renderer has escaped and coloured, for instance diagnostics with their excerpts.
    pub fn rendered(&self, text: &str) {
        self.say(text);
    }

    /// Begins the display of a run and returns the handle that tasks report to. Needs a tokio runtime.
    pub fn progress(&self) -> (Progress, Display) {
        progress::begin(self)
    }

    fn marked(&self, mark: Mark, text: &str) {
        self.say(&format!("{}: {}", mark.styled(), foreign::escaped(text)));
    }

    fn say(&self, text: &str) {
        let choice = if self.settings.color { ColorChoice::AlwaysAnsi } else { ColorChoice::Never };
        self.bars.suspend(|| {
            let mut stripped = AutoStream::new(Vec::new(), choice);
            let whole = write_line(&mut stripped, text);
            let mut streams = self.lock();
            // Where stderr is closed there is nobody to tell, and no reason to end the work.
            let _nobody_to_tell = whole.and_then(|()| {
                streams.stderr.write_all(&stripped.into_inner())?;
                streams.stderr.flush()
            });
        });
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Ui {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ui").field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn write_line(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    if !text.is_empty() && !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}
