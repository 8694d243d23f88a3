//! Whether evidence could be fetched and pushed. A forge's own rules for a branch show only when something is pushed.

use crate::{
    git::Repository,
    reconcile::{RunError, State, World},
    registry::probe::Said,
};

pub(super) async fn examine(world: &World, state: &State) -> Vec<Said> {
    let (remote, branch, planned) = (world.remote.clone(), world.branch.clone(), state.tip.clone());
    let asked =
        world.git(move |repository| Ok::<_, RunError>(ask(repository, &remote, &branch, &planned))).await;
    asked.unwrap_or_else(|error| vec![Said::error(error.to_string(), "see that the `git` program runs here")])
}

fn ask(repository: &Repository, remote: &str, branch: &str, planned: &crate::git::CommitId) -> Vec<Said> {
    let tip = match repository.fetch(remote, branch) {
        Ok(Some(tip)) => tip,
        Ok(None) => {
            let what = format!("remote `{remote}` has no branch `{branch}`");
            return vec![Said::error(what, "push the branch, or name another with --branch")];
        }
        Err(error) => {
            let todo = "see that `git fetch` works here: address, network, credential helper or SSH key";
            return vec![Said::error(error.to_string(), todo)];
        }
    };
    let mut said = vec![Said::ok(format!("`{remote}/{branch}` is at {tip}"))];
    if tip != *planned {
        said.push(Said::note(format!("these manifests are of {planned}; runs take those of the branch")));
    }
    said.push(match repository.may_push(remote, branch, &tip) {
        Ok(()) => Said::ok("the remote lets us push; protection of the branch shows only in a run"),
        Err(error) => Said::error(
            error.to_string(),
            "give the run a credential that may push to this branch: evidence is pushed before anything is promoted",
        ),
    });
    said
}
