//! Runs a plan: observe, gather, record, promote, receipt. Decides nothing that [`crate::plan`] has not decided.
//!
//! The order of effects is the product's promise (design, "A run, as a protocol"): quarantine first, then the pushed
//! evidence commit E1, only then distributions with the tag last, then the receipts in E2. Every effect may be the
//! last one of a killed run; the next run finds the state as it is and finishes, and there is no other recovery code.
//! What a run acts on is a [`World`]; the command line makes one in [`crate::cli`], next in reading order.

mod access;
mod advisories;
mod capabilities;
mod companions;
mod cost;
mod error;
mod gather;
mod observe;
mod promote;
mod receipts;
mod record;
mod registries;
mod report;
mod rescan;
mod state;
mod unreferenced;
mod verification;
mod vouch;
mod withdraw;
mod world;

pub(crate) use advisories::{fetch as fetch_bundle, packed as packed_bundle};
pub use advisories::{keep_in_mirror, push_bundle, repository as advisories_repository};
pub use capabilities::record_capabilities;
pub use error::RunError;
pub(crate) use record::{PUSHES_MAX, commit_and_push};
pub use registries::Registries;
pub use report::{
    ConsumerReport, ImageReport, Report, SelectionReport, UnaskedReport, UnknownReport, WithdrawalReport,
};
pub use rescan::{RescanReport, rescan};
pub use state::State;
pub use unreferenced::quarantine_tags;
pub use verification::{Asked, ImageVerified, Verified, verify_images};
pub use world::{Clock, OpenSigner, Opening, World};

use std::collections::BTreeMap;

use crate::{
    evidence::Evidence,
    manifest::Desired,
    model::{Digest, Repository},
    plan::{self, Observed, Plan, Resolved, Unselected, amend, cost::Forecast},
};

/// Images whose actions failed, with the reason: one bad image never hides the others.
pub(crate) type Failures = BTreeMap<(Repository, String), String>;

/// Returns where an upstream image waits: `<quarantine>/<upstream host>/<repository>`.
pub fn quarantine_of(desired: &Desired, source: &Repository) -> Repository {
    desired.quarantine_of(source)
}

/// Tells the intake which repositories hold the layers of earlier runs, so that they are mounted and not moved again.
fn know(world: &World, evidence: &Evidence) {
    for record in evidence.images.values() {
        let layers = record.custody.subject.platforms.iter().flat_map(|platform| &platform.layers);
        for layer in layers {
            for hop in &record.custody.hops {
                world.intake.known(&hop.to.host, &hop.to.path, &layer.digest);
            }
        }
    }
}

/// A plan with everything it was made from.
#[derive(Debug)]
pub struct Outlook {
    pub state: State,
    pub resolved: Vec<Resolved>,
    pub observed: Observed,
    pub plan: Plan,
    pub cost: Forecast,
}

/// Makes the plan for the manifests of `state`: one HEAD for each tag on each side, nothing is written.
pub async fn outlook(world: &World, mut state: State) -> Result<Outlook, RunError> {
    state.inform(&world.registries);
    let mut observed = Observed::default();
    let unselected = observe::observe(world, &mut state, &mut observed).await;
    observe::observe_withdrawn(world, &state, &mut observed).await;
    let resolved = plan::resolve(&state.desired, &state.evidence.lock, &observed);
    let facts = amend::Facts::new();
    let amended = record::amended(world, &state, &resolved, &observed, &facts).await?;
    let released = plan::released(&state.evidence.lock, &resolved);
    let plan = plan::plan(&state.desired, &amended.evidence, &resolved, &observed);
    let withdrawals = plan::withdrawals(&state.desired, &state.evidence, &observed, world.now());
    let unknown = plan::unknown(&state.desired, &state.evidence, &observed);
    let unasked = plan::unasked(&state.desired, &amended.evidence);
    let plan = Plan { unselected, released, withdrawals, unknown, unasked, ..plan };
    let tariffs = cost::tariffs(world, &state.desired);
    let cost = plan::cost::forecast(&state.desired, &amended.evidence, &plan, &tariffs);
    Ok(Outlook { state, resolved, observed, plan, cost })
}

/// The batch run.
///
/// # Errors
/// [`RunError`] where the run as a whole cannot go on; the failure of one image is in its line of the report.
pub async fn reconcile(world: &World) -> Result<Report, RunError> {
    let report = run(world).await;
    world.registries.settle().await;
    report
}

async fn run(world: &World) -> Result<Report, RunError> {
    let recorded = record::record(world).await?;
    let signing = vouch::Signing::new(world, &recorded);
    let promoted = promote::promote_all(world, &recorded, &signing).await;
    let signed = vouch::sign_anew(world, &recorded, &signing).await;
    let withdrawn = withdraw::withdraw_all(world, &recorded).await;
    let receipts = [&promoted.receipts[..], &signed.receipts, &withdrawn.receipts].concat();
    let closed = receipts::close(world, &recorded, &receipts).await?;
    Ok(report::report(world, &recorded, &Effects { promoted, signed, withdrawn }, &closed))
}

/// What the second half of a run did.
#[derive(Debug)]
struct Effects {
    promoted: promote::Promoted,
    signed: vouch::SignedAnew,
    withdrawn: withdraw::Withdrawals,
}

/// What the first half of a run leaves: records that are pushed, and what was seen on the way.
#[derive(Debug)]
pub(crate) struct Recorded {
    /// Read from the pushed tip.
    pub state: State,
    pub resolved: Vec<Resolved>,
    pub observed: Observed,
    pub failures: Failures,
    pub unselected: Vec<Unselected>,
    /// Images this run took in, with the bytes moved.
    pub taken: BTreeMap<(Repository, Digest), u64>,
    /// Verdicts by image and consumer before this run.
    pub before: Evidence,
    /// E1, where one was needed.
    pub commit: Option<String>,
}
