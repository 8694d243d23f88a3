//! `fondaco schema`: the JSON Schemas of manifests and records.

use std::{fs, path::PathBuf};

use clap::Args;

use super::{Exit, print};
use crate::{manifest, ui::Ui};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Write all schemas below this folder instead of listing them.
    #[arg(long, value_name = "FOLDER")]
    write: Option<PathBuf>,
    /// Print this one, for instance `gate.v1alpha1.json`.
    name: Option<String>,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    let schemas = manifest::schemas();
    if let Some(folder) = &arguments.write {
        for (name, text) in &schemas {
            let path = folder.join(name);
            let parent = path.parent().map_or(Ok(()), fs::create_dir_all);
            if let Err(error) = parent.and_then(|()| fs::write(&path, text)) {
                ui.error(&format!("`{}`: {error}", path.display()));
                return Exit::Failed;
            }
        }
        return Exit::Done;
    }
    let Some(name) = &arguments.name else {
        let names: Vec<&str> = schemas.keys().map(String::as_str).collect();
        print(ui, &format!("{}\n", names.join("\n")));
        return Exit::Done;
    };
    if let Some(text) = schemas.get(name) {
        print(ui, text);
        return Exit::Done;
    }
    ui.error(&format!("there is no schema `{name}`"));
    Exit::Usage
}
