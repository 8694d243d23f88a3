//! The command line: one file a verb, no logic. Reads arguments and environment, makes a [`crate::reconcile::World`],
//! chooses the exit code.

mod advisories;
mod carry;
mod check;
mod copy;
mod demo;
mod diff;
mod doctor;
mod env;
mod exit;
mod inspected;
mod key;
mod plan;
mod protect;
mod reconcile;
mod rescan;
mod sbom;
mod scan;
mod schema;
mod source;
mod trust;
mod trust_roots;
mod verify_bundle;
mod why;
mod work_tree;
mod world;

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

pub use exit::Exit;

use crate::ui::{Settings, Ui};

/// GitOps batch reconciler for sovereign container-image mirrors.
#[derive(Debug, Parser)]
#[command(name = "fondaco", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    shown: Shown,
}

/// How results are shown.
#[derive(Debug, Clone, Copy, Args)]
struct Shown {
    /// Form of the result on stdout.
    #[arg(long, global = true, value_enum, default_value_t = Output::Text, env = "FONDACO_OUTPUT")]
    output: Output,
    /// Say nothing but results and errors.
    #[arg(long, short, global = true)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Read and check the manifests of a work tree, offline.
    Check(check::Arguments),
    /// Show what a run would do and why; needs no write access.
    Plan(plan::Arguments),
    /// The batch run: take in, verify, scan, judge, record, promote.
    Reconcile(reconcile::Arguments),
    /// Judge what is held against the pinned advisories, from what is recorded: no image is touched.
    ///
    /// Exit code 3 where an image that a consumer can pull is refused now, or has a finding newly known to be exploited.
    Rescan(rescan::Arguments),
    /// Tell the chain from verdict to rule to fact to file, for an image or a vulnerability.
    Why(why::Arguments),
    /// Ask registries, Git and keys whether a run could work; find out what registries do.
    Doctor(doctor::Arguments),
    /// Copy images as they are, between registries; nothing is recorded.
    Copy(copy::Arguments),
    /// Tell what changed from one image to another: packages, files, licences, configuration.
    Diff(diff::Arguments),
    /// Build and pin the advisory bundle.
    Advisories(advisories::Arguments),
    /// A cleared set across an air gap: out into volumes, in on the other side.
    Carry(carry::Arguments),
    /// The organisation's signing key.
    Key(key::Arguments),
    /// What stands behind trust policies.
    Trust(trust::Arguments),
    /// Software bills of materials: what an SBOM lacks.
    Sbom(sbom::Arguments),
    /// Match an SBOM or an image against the pinned advisories; nothing is recorded.
    Scan(scan::Arguments),
    /// Print or write the JSON Schemas of the manifests and records.
    Schema(schema::Arguments),
    /// The whole job from nothing, offline: registries, manifests, evidence in one folder.
    Demo(demo::Arguments),
    /// Verify one Sigstore bundle of one file, by the conformance suite's protocol.
    #[command(hide = true)]
    VerifyBundle(verify_bundle::Arguments),
}

/// Where the manifest repository is.
#[derive(Debug, Clone, Args)]
struct Location {
    /// Clone of the manifest repository.
    #[arg(long, default_value = ".", env = "FONDACO_REPOSITORY")]
    repository: PathBuf,
    /// Remote that holds the evidence.
    #[arg(long, default_value = "origin", env = "FONDACO_REMOTE")]
    remote: String,
    /// Branch that holds manifests and evidence.
    #[arg(long, default_value = "main", env = "FONDACO_BRANCH")]
    branch: String,
}

/// Runs the program with the process's arguments and returns its exit code.
pub fn run() -> Exit {
    protect::protect();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    let ui = Ui::new(settings(cli.shown));
    match cli.verb {
        Verb::Check(arguments) => check::run(&arguments, &ui),
        Verb::Plan(arguments) => plan::run(&arguments, &ui),
        Verb::Reconcile(arguments) => reconcile::run(&arguments, &ui),
        Verb::Rescan(arguments) => rescan::run(&arguments, &ui),
        Verb::Why(arguments) => why::run(&arguments, &ui),
        Verb::Doctor(arguments) => doctor::run(&arguments, &ui),
        Verb::Copy(arguments) => copy::run(&arguments, &ui),
        Verb::Diff(arguments) => diff::run(&arguments, &ui),
        Verb::Advisories(arguments) => advisories::run(&arguments, &ui),
        Verb::Carry(arguments) => carry::run(&arguments, &ui),
        Verb::Key(arguments) => key::run(&arguments, &ui),
        Verb::Trust(arguments) => trust::run(&arguments, &ui),
        Verb::Sbom(arguments) => sbom::run(&arguments, &ui),
        Verb::Scan(arguments) => scan::run(&arguments, &ui),
        Verb::Schema(arguments) => schema::run(&arguments, &ui),
        Verb::Demo(arguments) => demo::run(&arguments, &ui),
        Verb::VerifyBundle(arguments) => verify_bundle::run(&arguments, &ui),
    }
}

fn settings(shown: Shown) -> Settings {
    Settings::of_process(shown.quiet, shown.output == Output::Json, env::variable("CI").is_some())
}

/// Writes a result to stdout in the form that was asked for.
fn show(ui: &Ui, text: &str, json: &serde_json::Value) {
    if ui.settings().json {
        print(ui, &format!("{json:#}\n"));
    } else {
        print(ui, text);
    }
}

/// Writes a result; that stdout cannot be written is worth a word, and nothing else can be done about it.
fn print(ui: &Ui, text: &str) {
    if let Err(error) = ui.result(text) {
        ui.error(&error.to_string());
    }
}

/// Returns the description of the command line, for the reference and its test.
pub fn command() -> clap::Command {
    Cli::command()
}
