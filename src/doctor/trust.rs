//! Whether the trust roots that policies name are recent, and still have somebody valid in them.

use std::collections::BTreeMap;

use super::Finding;
use crate::{
    reconcile::{RunError, State, World},
    registry::probe::Said,
    trust::root::{self, Remark, Watched, Weight},
};

const REFRESH: &str = "run `fondaco trust refresh`, review and commit what changes";

/// The most notes on one root that are shown: windows that ended years ago are many and concern nobody.
const NOTES_SHOWN: usize = 3;

pub(super) async fn examine(world: &World, state: &State) -> Vec<Finding> {
    let watched = match watch(world, state).await {
        Ok(watched) => watched,
        Err(error) => {
            let said = Said::warning(error.to_string(), "see that Git's objects can be read");
            return vec![Finding { place: "trust roots".to_owned(), said }];
        }
    };
    watched.into_iter().flat_map(|watched| findings(&watched)).collect()
}

async fn watch(world: &World, state: &State) -> Result<Vec<Watched>, RunError> {
    let (tip, desired, now) = (state.tip.clone(), state.desired.clone(), world.now());
    let read = move |repository: &crate::git::Repository| {
        let records: BTreeMap<String, Vec<u8>> = repository.read(&tip, &root::is_record)?;
        let committed = |path: &str| repository.changed_at(&tip, path).ok().flatten();
        Ok::<_, RunError>(root::watch(&desired, &records, &committed, now))
    };
    world.git(read).await
}

fn findings(watched: &Watched) -> Vec<Finding> {
    let place = format!("trust root {}", watched.path);
    let said = |remark: &Remark| match remark.weight {
        Weight::Note => Said::note(remark.what.clone()),
        Weight::Warning => Said::warning(remark.what.clone(), REFRESH),
        Weight::Severe => Said::error(remark.what.clone(), REFRESH),
    };
    let (notes, weighty): (Vec<&Remark>, Vec<&Remark>) =
        watched.remarks.iter().partition(|remark| remark.weight == Weight::Note);
    let mut found: Vec<Said> = weighty.into_iter().map(said).collect();
    if found.is_empty() {
        found.push(Said::ok("every part of it has somebody valid, for longer than a month"));
    }
    found.extend(notes.iter().take(NOTES_SHOWN).map(|remark| said(remark)));
    if notes.len() > NOTES_SHOWN {
        found.push(Said::note(format!("and {} more", notes.len() - NOTES_SHOWN)));
    }
    found.into_iter().map(|said| Finding { place: place.clone(), said }).collect()
}
