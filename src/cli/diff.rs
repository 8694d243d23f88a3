//! `fondaco diff`: what changed from one image to another.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{
    Exit, exit,
    inspected::{self, Failure, Image, Reached},
    print, show, world,
};
use crate::{
    catalogue::{Difference, Side},
    reconcile::RunError,
    registry::Place,
    render,
    ui::Ui,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The image before: `HOST/REPOSITORY[:TAG][@DIGEST]`, `oci:DIR[:NAME]` or `oci-archive:FILE[:NAME]`.
    before: Place,
    /// The image after.
    after: Place,
    /// Form of the result for people; `--output json` is for programs.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    reached: Reached,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines for a terminal.
    Text,
    /// A section for a pull request.
    Markdown,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    let compared = world::runtime().map_err(Failure::from).and_then(|runtime| {
        runtime.block_on(async {
            let (progress, display) = ui.progress();
            let places = [&arguments.before, &arguments.after];
            let images = inspected::images(&places, &arguments.reached, &progress).await;
            display.finish().await;
            images
        })
    });
    match compared {
        Ok(images) => told(arguments, &images, ui),
        Err(Failure::Refused(refusal)) => refusal.told(ui),
        Err(Failure::Run(error)) => exit::show(ui, &error, &[]),
    }
}

fn told(arguments: &Arguments, images: &[Image], ui: &Ui) -> Exit {
    let [before, after] = images else {
        return exit::show(ui, &RunError::Task("two images were asked for".to_owned()), &[]);
    };
    let side = |image: &'_ Image| (image.place.to_string(), image.digest.to_string());
    let difference = Difference::between(
        Side { contents: &before.inspected.contents, config: &before.inspected.config },
        Side { contents: &after.inspected.contents, config: &after.inspected.config },
    );
    let names = render::Compared { before: side(before), after: side(after) };
    let json = json!({
        "schema": "fondaco/diff/v1alpha1",
        "before": {"image": names.before.0, "digest": names.before.1},
        "after": {"image": names.after.0, "digest": names.after.1},
        "platform": after.inspected.platform.to_string(),
        "difference": difference,
        "notLookedAt": {
            "before": before.inspected.contents.gaps,
            "after": after.inspected.contents.gaps,
        },
    });
    match arguments.format {
        Format::Text => show(ui, &render::difference_text(&names, &difference), &json),
        Format::Markdown => match render::difference_page(&names, &difference) {
            Ok(page) => print(ui, &page),
            Err(error) => return exit::show(ui, &RunError::Render(error), &[]),
        },
    }
    Exit::Done
}
