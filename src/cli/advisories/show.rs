//! `fondaco advisories show`: all that the pinned bundle says of one vulnerability, with its sources.

use std::fmt::Write as _;

use clap::Args;
use serde_json::json;

use super::pinned;
use crate::{
    advisory::{self, Index, Known, Note, Said, Store},
    cli::{Exit, Location, env, exit, show},
    model::foreign::inline,
    reconcile::RunError,
    ui::Ui,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Any name of the vulnerability: `CVE-2024-0727`, `GHSA-…`, `DSA-5999-1`.
    id: String,
    #[command(flatten)]
    location: Location,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    match found(arguments) {
        Ok((index, known)) => {
            let is_known = known.note.is_some() || !known.advisories.is_empty();
            show(ui, &told(&arguments.id, &index, &known), &json(&arguments.id, &index, &known));
            if is_known { Exit::Done } else { Exit::Failed }
        }
        Err(error) => exit::show(ui, &error, &[]),
    }
}

fn found(arguments: &Arguments) -> Result<(Index, Known), RunError> {
    let lock = pinned(&arguments.location.repository)?;
    let store = Store::new(env::cache().join("advisories"));
    advisory::find(&store, &lock.digest, &arguments.id).map_err(|error| RunError::Advisories {
        digest: lock.digest.short(),
        reason: format!("{error}; `fondaco advisories pull` brings it from the mirror"),
        kind: error.kind(),
    })
}

fn told(id: &str, index: &Index, known: &Known) -> String {
    let mut text = String::new();
    if known.note.is_none() && known.advisories.is_empty() {
        let _ = writeln!(text, "{}: nothing is known of it", inline(id));
    }
    if let Some(note) = &known.note {
        noted(&mut text, id, note);
    }
    for Said { ecosystem, package, advisory } in &known.advisories {
        let _ = writeln!(text, "{} {}: {}", inline(ecosystem), inline(package), inline(&advisory.affected()));
        let _ = writeln!(text, "  record {} in {}", inline(&advisory.id), inline(&advisory.source));
        if !advisory.ids.is_empty() {
            let _ = writeln!(text, "  also   {}", inline(&advisory.ids.join(", ")));
        }
        if let Some(modules) = &advisory.modules {
            let _ = writeln!(text, "  module {}", inline(&modules.join(", ")));
        }
        if let Some(state) = advisory.state {
            let _ = writeln!(text, "  state  {}", state.words());
        }
        for severity in &advisory.severities {
            let _ = writeln!(text, "  {} {}", inline(&severity.kind), inline(&severity.value));
        }
    }
    for source in index.sources() {
        let from = source.url.as_deref().map_or(String::new(), |url| format!(" from {}", inline(url)));
        let licence = source.licence.as_deref().map_or("licence unknown".to_owned(), inline);
        let _ = writeln!(
            text,
            "source {} of {}{from}, {licence}, {}",
            inline(&source.name),
            source.as_of.date(),
            source.digest
        );
    }
    text
}

fn noted(text: &mut String, id: &str, note: &Note) {
    let _ = writeln!(text, "{}", inline(id));
    if note.rejected {
        let _ = writeln!(text, "  its number was taken back");
    }
    if !note.ids.is_empty() {
        let _ = writeln!(text, "  also   {}", inline(&note.ids.join(", ")));
    }
    for said in &note.exploited {
        let ransomware = if said.ransomware { ", for ransomware" } else { "" };
        let _ =
            writeln!(text, "  exploited by {} since {}{ransomware}", inline(&said.by), inline(&said.since));
    }
    if let Some(epss) = &note.epss {
        let (score, percentile, date) = (&epss.score, &epss.percentile, &epss.date);
        let _ =
            writeln!(text, "  EPSS {} of {}, percentile {}", inline(score), inline(date), inline(percentile));
    }
    for severity in &note.severities {
        let _ = writeln!(text, "  {} {}", inline(&severity.kind), inline(&severity.value));
    }
}

fn json(id: &str, index: &Index, known: &Known) -> serde_json::Value {
    let said = |said: &Said| json!({"ecosystem": said.ecosystem, "package": said.package, "advisory": said.advisory});
    json!({
        "schema": "fondaco/advisory/v1alpha1",
        "id": id,
        "note": known.note,
        "advisories": known.advisories.iter().map(said).collect::<Vec<_>>(),
        "sources": index.sources(),
    })
}
