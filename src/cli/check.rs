//! `fondaco check`: read and check the manifests of a work tree, offline.

use std::path::PathBuf;

use clap::Args;

use super::{Exit, show, trust_roots, work_tree};
use crate::{manifest, model::quantity, ui::Ui};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Work tree of the manifest repository.
    #[arg(long, default_value = ".", env = "FONDACO_REPOSITORY")]
    repository: PathBuf,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    let files = match work_tree::sources(&arguments.repository) {
        Ok(files) => files,
        Err(error) => {
            ui.error(&format!("`{}` cannot be read: {error}", arguments.repository.display()));
            return Exit::Failed;
        }
    };
    let manifests = files.iter().filter(|file| manifest::is_manifest(&file.path)).count();
    match manifest::read(&files) {
        Ok(desired) => {
            let warnings = trust_roots::warnings_of_files(&arguments.repository, &desired, &files);
            for warning in &warnings {
                ui.warning(warning);
            }
            let (images, consumers) = (desired.images.len(), desired.consumers.len());
            let selections = desired.selections.len();
            let counts = serde_json::json!({ "files": manifests, "images": images, "selections": selections, "consumers": consumers });
            let files = quantity::count(manifests, "file");
            let verb = if manifests == 1 { "is" } else { "are" };
            let chosen = match selections {
                0 => String::new(),
                _ => format!(" and {}", quantity::count(selections, "selection")),
            };
            let text = format!(
                "{files} {verb} in order: {}{chosen} for {}\n",
                quantity::count(images, "image"),
                quantity::count(consumers, "consumer")
            );
            show(
                ui,
                &text,
                &serde_json::json!({ "diagnostics": [], "counts": counts, "warnings": warnings }),
            );
            Exit::Done
        }
        Err(diagnostics) => {
            if ui.settings().json {
                show(ui, "", &serde_json::json!({ "diagnostics": diagnostics }));
            } else {
                ui.rendered(&manifest::render(&diagnostics, &files, ui.settings().color));
            }
            Exit::ManifestInvalid
        }
    }
}
