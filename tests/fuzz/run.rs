//! Runs a target: a fixed number of inputs always the same ones, or as many as fit into the time that `ci/fuzz` gives.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher};
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bolero::TypeGenerator;
use bolero::generator::bolero_generator::driver::{ByteSliceDriver, Options};

use super::recipe::{INPUT_BYTES_MAX, Recipe, chance};

/// Inputs of one target in a plain `cargo test`: all targets together stay below ten seconds without optimisation.
const EXECUTIONS: u64 = 60;

/// The most inputs that are kept because they told something new.
const POOL_MAX: usize = 4096;

/// So many tries a failing input is made smaller by.
const TRIES: usize = 600;

/// More bytes than a recipe is made of.
const RECIPE_BYTES: usize = 128;

/// Every so many inputs one is read twice, which must tell the same, and with all that comes of it: an SBOM takes a
/// hundred times as long as what is written in it.
const THOROUGH: u64 = 50;

/// What a reader made of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    /// What kind of answer it is: an input that gives a new one is worth keeping.
    kind: u64,
    whole: u64,
}

impl Answer {
    /// Returns an answer: its kind in few words, and all of it.
    pub(crate) fn new(kind: &impl std::fmt::Debug, whole: &impl std::fmt::Debug) -> Self {
        Self { kind: hash(kind), whole: hash(whole) }
    }
}

struct Written(DefaultHasher);

impl std::fmt::Write for Written {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

fn hash(value: &impl std::fmt::Debug) -> u64 {
    let mut written = Written(DefaultHasher::new());
    write!(written, "{value:?}").expect("a hash takes everything");
    written.0.finish()
}

/// Returns the order of magnitude of a count.
pub(crate) const fn magnitude(count: u64) -> u32 {
    u64::BITS - count.leading_zeros()
}

/// A reader under test. It panics where it breaks a promise.
pub(crate) struct Target<'a> {
    pub name: String,
    /// At least one.
    pub seeds: Vec<Vec<u8>>,
    /// Makes sums and sizes true again that the format guards itself with; nothing gets past them otherwise.
    pub mend: fn(&mut [u8]),
    /// Reads an input, and with it all that comes of it where that is asked for.
    pub read: &'a (dyn Fn(&[u8], bool) -> Answer + RefUnwindSafe),
}

impl Target<'_> {
    /// Reads what an engine's recipe makes.
    pub(crate) fn once(&self, recipe: &Recipe) {
        let input = self.input(recipe, &self.seeds);
        (self.read)(&input, true);
    }

    fn input(&self, recipe: &Recipe, pool: &[Vec<u8>]) -> Vec<u8> {
        let mut input = recipe.input(pool);
        if recipe.mends() {
            (self.mend)(&mut input);
        }
        input
    }

    /// Reads an input; returns what it told, or what it panicked with.
    fn told(&self, input: &[u8], is_thorough: bool) -> Result<Answer, String> {
        let read = || (self.read)(input, is_thorough);
        let told = catch_unwind(AssertUnwindSafe(|| {
            let first = read();
            assert!(!is_thorough || first == read(), "the same input gave another answer");
            first
        }));
        told.map_err(|cause| {
            let text = cause.downcast_ref::<&str>().map(|text| (*text).to_owned());
            text.or_else(|| cause.downcast_ref::<String>().cloned()).unwrap_or_default()
        })
    }
}

struct Run<'a> {
    target: &'a Target<'a>,
    pool: Vec<Vec<u8>>,
    kinds: HashSet<u64>,
    executions: u64,
    finds: u64,
    slowest: Duration,
}

/// Runs a target over its seeds and inputs made of them.
pub(crate) fn run(target: &Target<'_>) {
    let limit = seconds();
    let mut run = Run {
        target,
        pool: target.seeds.clone(),
        kinds: HashSet::new(),
        executions: 0,
        finds: 0,
        slowest: Duration::ZERO,
    };
    let begun = Instant::now();
    target.seeds.iter().for_each(|seed| run.one(seed, true, false));
    let mut state = hash(&target.name) ^ environment("FONDACO_FUZZ_SEED").unwrap_or_default();
    let first = run.executions;
    while limit.map_or(run.executions - first < EXECUTIONS, |limit| begun.elapsed() < limit) {
        let recipe = recipe(&mut state);
        let input = target.input(&recipe, &run.pool);
        run.one(&input, run.executions.is_multiple_of(THOROUGH), limit.is_some());
    }
    if limit.is_some() {
        run.report();
    }
}

fn environment(name: &str) -> Option<u64> {
    std::env::var_os(name)?.to_str()?.parse().ok()
}

fn seconds() -> Option<Duration> {
    environment("FONDACO_FUZZ_SECONDS").map(Duration::from_secs)
}

fn recipe(state: &mut u64) -> Recipe {
    let bytes: Vec<u8> = (0..RECIPE_BYTES / 8).flat_map(|_| chance(state).to_le_bytes()).collect();
    let options = Options::default();
    Recipe::generate(&mut ByteSliceDriver::new(&bytes, &options)).expect("there are bytes enough")
}

impl Run<'_> {
    fn one(&mut self, input: &[u8], is_thorough: bool, keeps: bool) {
        // What is there when a run hangs or dies is what it hung or died of.
        keep("last", &self.target.name, input);
        let begun = Instant::now();
        let told = self.target.told(input, is_thorough);
        self.executions += 1;
        let took = begun.elapsed();
        if took > self.slowest {
            self.slowest = took;
            keep("slowest", &self.target.name, input);
        }
        let answer = told.unwrap_or_else(|cause| self.fail(input, is_thorough, &cause));
        if self.kinds.insert(answer.kind) && keeps {
            self.finds += 1;
            if self.pool.len() < POOL_MAX && input.len() < INPUT_BYTES_MAX / 8 {
                self.pool.push(input.to_vec());
            }
        }
    }

    /// Fails with the smallest input that fails the same way.
    fn fail(&self, input: &[u8], is_thorough: bool, cause: &str) -> ! {
        let small = smaller(input, |shorter| {
            self.target.told(shorter, is_thorough).is_err_and(|other| place(&other) == place(cause))
        });
        keep("failure", &self.target.name, &small);
        let shown: String = small.iter().take(4000).map(|b| b.escape_ascii().to_string()).collect();
        panic!("{}: {cause}\nan input of {} bytes: b\"{shown}\"", self.target.name, small.len());
    }

    /// Past the harness, which shows nobody the words of a test that passes.
    fn report(&self) {
        let _ = writeln!(
            std::io::stderr(),
            "fuzz {}: {} executions, {} finds, slowest {} ms",
            self.target.name,
            self.executions,
            self.finds,
            self.slowest.as_millis()
        );
    }
}

/// What is the same of two failures: their words without numbers and values.
fn place(cause: &str) -> String {
    cause.chars().filter(|c| !c.is_ascii_digit()).take(40).collect()
}

/// Leaves out pieces, large ones first, as long as the rest fails.
fn smaller(input: &[u8], fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut small = input.to_vec();
    let mut tries = 0;
    let mut piece = small.len().div_ceil(2);
    while piece > 0 && tries < TRIES {
        let mut at = 0;
        while at < small.len() && tries < TRIES {
            let mut shorter = small.clone();
            shorter.drain(at..(at + piece).min(small.len()));
            tries += 1;
            if fails(&shorter) { small = shorter } else { at += piece }
        }
        piece /= 2;
    }
    small
}

/// Writes an input where `FONDACO_FUZZ_FINDS` says.
fn keep(what: &str, name: &str, input: &[u8]) {
    let Some(folder) = std::env::var_os("FONDACO_FUZZ_FINDS").map(PathBuf::from) else { return };
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let file = format!("{what}-{}", name.replace(['/', ' '], "-"));
    std::fs::write(folder.join(file), input).expect("the folder can be written");
}
