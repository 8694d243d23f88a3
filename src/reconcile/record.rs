//! The first half of a run: gather, judge, commit the records (E1), push; replayed on a newer tip where a push is lost.

use std::collections::BTreeMap;

use super::{Failures, Recorded, RunError, State, World, advisories, gather, observe};
use crate::{
    evidence::{self, Event, Evidence},
    git::Push,
    model::{Digest, Repository},
    plan::{
        self, Observed, Resolved,
        amend::{self, Amended, Facts, Judging},
    },
};

/// How often a lost push is replayed before the run gives up with "try again later".
pub(crate) const PUSHES_MAX: usize = 5;

/// Gathers, judges and pushes until the branch says what was found.
pub(super) async fn record(world: &World) -> Result<Recorded, RunError> {
    let mut observed = Observed::default();
    let mut facts = Facts::new();
    let mut failed = BTreeMap::new();
    for _ in 0..PUSHES_MAX {
        let mut state = State::tip(world).await?;
        let unselected = observe::observe(world, &mut state, &mut observed).await;
        observe::observe_withdrawn(world, &state, &mut observed).await;
        let resolved = plan::resolve(&state.desired, &state.evidence.lock, &observed);
        let mut plan = plan::plan(&state.desired, &state.evidence, &resolved, &observed);
        if world.verify_again {
            plan.verify_all();
        }
        failed.extend(gather::gather(world, &state, &plan, &mut facts).await);
        let amended = amended(world, &state, &resolved, &observed, &facts).await?;
        let message = message(&state, &amended);
        let Some(pushed) = push(world, &state, &amended.evidence, &amended.events, message).await? else {
            continue;
        };
        let before = state.evidence.clone();
        let commit = (pushed != state.tip).then(|| pushed.to_string());
        let state = State { tip: pushed, evidence: amended.evidence, ..state };
        // What this run took in may be withdrawn already.
        observe::observe_withdrawn(world, &state, &mut observed).await;
        let failures = failures(&resolved, &failed, &plan);
        let taken =
            facts.iter().filter_map(|(key, g)| Some((key.clone(), g.taken.as_ref()?.found.bytes_moved)));
        let taken = taken.collect();
        return Ok(Recorded { state, resolved, observed, failures, unselected, taken, before, commit });
    }
    Err(RunError::PushLost(PUSHES_MAX))
}

/// Judges by the manifests and the pinned bundle, which is read only where some image was not scanned by it.
pub(super) async fn amended(
    world: &World,
    state: &State,
    resolved: &[Resolved],
    observed: &Observed,
    facts: &Facts,
) -> Result<Amended, RunError> {
    let bundle = match &state.evidence.advisories {
        Some(lock) if amend::needs_bundle(&state.evidence, resolved, facts) => {
            Some(advisories::read(world, state, &lock.digest, facts).await?)
        }
        _ => None,
    };
    let commit = state.tip.to_string();
    let judging = Judging {
        desired: &state.desired,
        bundle: bundle.as_ref(),
        observed,
        commit: &commit,
        now: world.now(),
        actor: &world.actor,
        tool: &world.tool,
    };
    Ok(amend::amend(&judging, &state.evidence, resolved, facts)?)
}

/// Commits what differs and pushes. Returns the tip that holds the records, or `None` where the push was lost.
async fn push(
    world: &World,
    state: &State,
    evidence: &Evidence,
    events: &[Event],
    message: String,
) -> Result<Option<crate::git::CommitId>, RunError> {
    let mut files = evidence::files(evidence);
    files.extend(evidence::append(&state.files, events));
    // Pages follow in the second commit; until then the old ones stand.
    let pages = state.files.iter().filter(|(path, _)| evidence::is_page(path));
    files.extend(pages.map(|(path, bytes)| (path.clone(), bytes.clone())));
    let changes: BTreeMap<_, _> = evidence::changes(&state.files, &files);
    commit_and_push(world, state, changes, message).await
}

/// Commits `changes` on the tip of `state` and pushes them as a fast-forward; without changes there is no commit.
pub(crate) async fn commit_and_push(
    world: &World,
    state: &State,
    changes: BTreeMap<String, Option<Vec<u8>>>,
    message: String,
) -> Result<Option<crate::git::CommitId>, RunError> {
    if changes.is_empty() {
        return Ok(Some(state.tip.clone()));
    }
    let (remote, branch, base) = (world.remote.clone(), world.branch.clone(), state.tip.clone());
    let author = world.author_now();
    world
        .git(move |repository| {
            let commit = repository.commit(&base, &changes, &message, &author)?;
            let pushed = repository.push(&remote, &branch, &commit, &base)?;
            Ok::<_, RunError>(match pushed {
                Push::Done => Some(commit),
                Push::Lost => None,
            })
        })
        .await
}

fn message(state: &State, amended: &Amended) -> String {
    let taken = amended.events.iter().filter(|event| event.kind == evidence::EventKind::Intake).count();
    let judged = amended.events.iter().filter(|event| event.kind == evidence::EventKind::Verdict).count();
    let leaving = amended.events.iter().filter(|event| event.kind == evidence::EventKind::Withdrawal).count();
    let leaving = if leaving == 0 { String::new() } else { format!(", announce {leaving} withdrawals") };
    format!(
        "Record {taken} intakes and {judged} verdicts{leaving}\n\nFondaco-Manifest-Commit: {}\nFondaco-Mirror: {}\n",
        state.tip, state.desired.mirror.name
    )
}

fn failures(
    resolved: &[Resolved],
    failed: &BTreeMap<(Repository, Digest), String>,
    plan: &plan::Plan,
) -> Failures {
    let unresolved = plan.images.iter().filter_map(|planned| {
        Some(((planned.image.source.clone(), planned.image.tag.clone()), planned.failure()?))
    });
    let mut failures: Failures = unresolved.collect();
    for resolved in resolved {
        let Some(digest) = &resolved.digest else { continue };
        if let Some(error) = failed.get(&(resolved.image.source.clone(), digest.clone())) {
            failures.insert((resolved.image.source.clone(), resolved.image.tag.clone()), error.clone());
        }
    }
    failures
}
