//! `fondaco trust refresh`: brings a trust root up to date, or says that it is.
//!
//! The file is written only where it would change, and never with what is older. What is offered comes from a TUF
//! repository that the caller names, or from the program itself.

use std::{fmt::Write as _, path::Path};

use serde_json::{Value, json};

use super::{
    Changes, EMBEDDED_AS_OF, Instance, Record, Root, RootError,
    file::Place,
    record,
    tuf::{self, Visit},
};
use crate::{
    model::{Instant, foreign::inline},
    registry::Transport,
};

pub use super::tuf::{Bootstrap, Origin};

/// What became of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    Unchanged,
    Created,
    Changed,
}

/// The end of a refresh.
#[derive(Debug, Clone)]
pub struct Refreshed {
    /// The file, as it was named.
    pub path: String,
    pub became: Became,
    /// Whether nothing was written because only the difference was asked for.
    pub only_checked: bool,
    pub changes: Changes,
    pub root: Root,
    /// Where the root came from, in words.
    pub from: String,
}

/// A root that may be written.
struct Offer {
    root: Root,
    record: Option<Record>,
    from: String,
}

/// Fetches the root from a TUF repository and settles it at `path`; writes nothing where `only_check`.
///
/// # Errors
/// [`RootError`]; the file is as it was.
pub async fn fetch(
    path: &Path,
    origin: Origin<'_>,
    transport: &Transport,
    now: Instant,
    only_check: bool,
) -> Result<Refreshed, RootError> {
    // What is there is read first: a file that cannot be read is not replaced.
    let place = Place::of(path);
    let (before, recorded) = (place.root()?, place.record()?);
    let Visit { root, roles } = tuf::visit(origin, transport, now).await?;
    let targets = roles.get("targets").map_or(0, |role| role.version);
    let record = Record {
        schema: record::SCHEMA.to_owned(),
        source: origin.address.to_owned(),
        root: root.digest(),
        checked: now,
        roles,
    };
    let from = format!("{}, targets version {targets}", origin.address);
    settle(&place, before.as_ref(), recorded.as_ref(), Offer { root, record: Some(record), from }, only_check)
}

/// Settles the root that came with the program at `path`; contacts nobody.
///
/// # Errors
/// [`RootError`]; the file is as it was.
pub fn embedded(path: &Path, instance: Instance, only_check: bool) -> Result<Refreshed, RootError> {
    let place = Place::of(path);
    let (before, recorded) = (place.root()?, place.record()?);
    let from = format!("the root of `{instance}` that came with this program, of {}", &EMBEDDED_AS_OF[..10]);
    settle(
        &place,
        before.as_ref(),
        recorded.as_ref(),
        Offer { root: instance.embedded()?, record: None, from },
        only_check,
    )
}

fn settle(
    place: &Place,
    before: Option<&Root>,
    recorded: Option<&Record>,
    offer: Offer,
    only_check: bool,
) -> Result<Refreshed, RootError> {
    let changes = Changes::between(before, &offer.root);
    not_older(before, recorded, &offer, &changes)?;
    let became = match before {
        None => Became::Created,
        Some(before) if before.text() == offer.root.text() => Became::Unchanged,
        Some(_) => Became::Changed,
    };
    if !only_check {
        if became != Became::Unchanged {
            place.write_root(&offer.root)?;
        }
        if let Some(record) = offer.record.filter(|record| record.replaces(recorded)) {
            place.write_record(&record)?;
        }
    }
    let path = place.root.display().to_string();
    Ok(Refreshed { path, became, only_checked: only_check, changes, root: offer.root, from: offer.from })
}

/// Refuses an offer that is older than what is there: by TUF's versions where they are known, by content otherwise.
fn not_older(
    before: Option<&Root>,
    recorded: Option<&Record>,
    offer: &Offer,
    changes: &Changes,
) -> Result<(), RootError> {
    let Some(before) = before else { return Ok(()) };
    if let (Some(recorded), Some(record)) = (recorded, &offer.record)
        && recorded.binds(before, &record.source)
    {
        return recorded.check(&record.roles);
    }
    if changes.only_take_back() {
        let why = format!("what comes from {} lacks what the file has and adds nothing", inline(&offer.from));
        return Err(RootError::Rollback(why));
    }
    Ok(())
}

impl Refreshed {
    /// Returns whether the file differs, or differed, from what was offered.
    pub const fn is_news(&self) -> bool {
        !matches!(self.became, Became::Unchanged)
    }

    /// Returns what happened: one line, and one for each authority or log that changed.
    pub fn text(&self) -> String {
        let word = match (self.became, self.only_checked) {
            (Became::Unchanged, _) => "unchanged",
            (Became::Created, false) => "created",
            (Became::Created, true) => "would be created",
            (Became::Changed, false) => "changed",
            (Became::Changed, true) => "would change",
        };
        let mut text = format!("{}: {word}, {}\n", inline(&self.path), inline(&self.from));
        text.push_str(&self.changes.text());
        if self.became == Became::Changed && self.changes.is_empty() {
            let _ = writeln!(text, "  only its form or its order");
        }
        text
    }

    /// Returns `fondaco/trust-refresh/v1alpha1`.
    pub fn json(&self) -> Value {
        let became = match self.became {
            Became::Unchanged => "unchanged",
            Became::Created => "created",
            Became::Changed => "changed",
        };
        json!({
            "schema": "fondaco/trust-refresh/v1alpha1",
            "path": self.path,
            "outcome": became,
            "written": self.is_news() && !self.only_checked,
            "from": self.from,
            "root": self.root.digest(),
            "changes": self.changes,
        })
    }
}
