//! What is about to end in a trust root, and how old it is. Pure.

use serde::Serialize;

use super::{Part, Root, Window};
use crate::model::{Instant, Period};

/// A root that nobody has compared with its source for longer is warned of: GitHub's authorities are exchanged about
/// every six months, and signatures by a new one are foreign to an old root.
pub const AGE_MAX: Period = Period::days(180);

/// What ends within this time is warned of: long enough for a weekly job and a review.
pub const ENDS_SOON: Period = Period::days(30);

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Weight {
    /// Worth knowing; another one has taken over.
    Note,
    /// Somebody should refresh the root.
    Warning,
    /// New signatures cannot be verified any more.
    Severe,
}

/// Something about one trust root that a person should know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Remark {
    pub weight: Weight,
    pub what: String,
}

/// Returns what a person should know about a root at `now`, the weightiest first. `known` is when the file was last
/// known to be what its source serves, where anybody knows.
pub fn remarks(root: &Root, known: Option<Instant>, now: Instant) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = age(known, now).into_iter().collect();
    for part in Part::ALL {
        remarks.extend(of_part(root, part, now));
    }
    remarks.sort_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.what.cmp(&b.what)));
    remarks
}

fn age(known: Option<Instant>, now: Instant) -> Option<Remark> {
    let Some(known) = known else {
        let what = "it is unknown when it was last refreshed".to_owned();
        return Some(Remark { weight: Weight::Note, what });
    };
    let age = now.since(known);
    let what =
        format!("last refreshed on {}, {} days ago", known.date(), age.seconds / Period::days(1).seconds);
    (age > AGE_MAX).then_some(Remark { weight: Weight::Warning, what })
}

/// Returns what is to be said about the authorities or logs of one part. A root may lack a part altogether: GitHub's has
/// no logs, and then none are asked for.
fn of_part(root: &Root, part: Part, now: Instant) -> Vec<Remark> {
    let windows: Vec<_> = root.windows().iter().filter(|(window, _)| window.part == part).collect();
    let begun = |window: &Window| window.from.is_none_or(|from| from <= now);
    let open_at = |at: Instant| {
        windows.iter().any(|(window, until)| begun(window) && until.is_none_or(|until| until > at))
    };
    if windows.is_empty() {
        return vec![];
    }
    let (open, open_later) = (open_at(now), open_at(now.plus(ENDS_SOON)));
    let mut remarks: Vec<Remark> = windows
        .iter()
        .filter_map(|&(window, &until)| {
            let until = until?;
            let (verb, soon) = if until <= now { ("ended", false) } else { ("ends", true) };
            let near = until <= now.plus(ENDS_SOON);
            let weight = if soon && !open_later { Weight::Warning } else { Weight::Note };
            near.then(|| Remark { weight, what: format!("{window} {verb} on {}", until.date()) })
        })
        .collect();
    if !open {
        let what = format!("no {} is valid any more: signatures made now cannot be verified", part.name());
        remarks.push(Remark { weight: Weight::Severe, what });
    }
    remarks
}
