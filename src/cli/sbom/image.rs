//! `fondaco sbom IMAGE`: what is in an image, as a table, as package URLs or as an SBOM.

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::{
    catalogue::{self, SbomSubject, Spdx},
    cli::{
        Exit, env, exit,
        inspected::{self, Failure, Image, Reached},
        print, show, world,
    },
    model::{Algorithm, CycloneDx, Hasher, foreign::inline},
    reconcile::RunError,
    registry::Place,
    ui::Ui,
};

#[derive(Debug, Args)]
#[group(id = "what is in an image")]
pub(in crate::cli) struct Arguments {
    /// Image: `HOST/REPOSITORY[:TAG][@DIGEST]`, `oci:DIR[:NAME]` or `oci-archive:FILE[:NAME]`.
    // Absent beside a verb only.
    #[arg(required = true)]
    image: Option<Place>,
    /// What is written to stdout.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// E-mail address or URL of who answers for the SBOM, which BSI TR-03183-2 wants.
    #[arg(long, value_name = "EMAIL|URL")]
    creator: Option<String>,
    #[command(flatten)]
    reached: Reached,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Type, name, version and licences, for people.
    Table,
    /// One package URL a line, as `packages.txt` has them.
    Purl,
    #[value(name = "cyclonedx-1.5")]
    CycloneDx15,
    #[value(name = "cyclonedx-1.6", alias = "cyclonedx")]
    CycloneDx16,
    /// For the BSI profile: concluded and declared licences side by side.
    #[value(name = "cyclonedx-1.7", alias = "bsi")]
    CycloneDx17,
    #[value(name = "spdx-2.3", alias = "spdx")]
    Spdx23,
    /// JSON-LD, which BSI takes as well.
    #[value(name = "spdx-3.0.1")]
    Spdx301,
}

pub(in crate::cli) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    let found = world::runtime().map_err(Failure::from).and_then(|runtime| {
        runtime.block_on(async {
            let (progress, display) = ui.progress();
            let places: Vec<&Place> = arguments.image.iter().collect();
            let images = inspected::images(&places, &arguments.reached, &progress).await;
            display.finish().await;
            images
        })
    });
    match found {
        Ok(mut images) => match images.pop() {
            Some(image) => told(arguments, &image, ui),
            None => exit::show(ui, &RunError::Task("no image was read".to_owned()), &[]),
        },
        Err(Failure::Refused(refusal)) => refusal.told(ui),
        Err(Failure::Run(error)) => exit::show(ui, &error, &[]),
    }
}

fn told(arguments: &Arguments, image: &Image, ui: &Ui) -> Exit {
    let contents = &image.inspected.contents;
    let subject = subject(arguments, image);
    // Of an image alone there is no event to date the document by: it is written now.
    let at = Some(env::now());
    let tool = world::tool();
    let cyclonedx = |version| catalogue::cyclonedx(version, &subject, &contents.components, at, &tool);
    let spdx = |version| catalogue::spdx(version, &subject, &contents.components, at, &tool);
    let document = match arguments.format {
        Format::Table => {
            show(ui, &table(image), &json(image));
            return Exit::Done;
        }
        Format::Purl => {
            print(ui, &catalogue::packages_text(&contents.packages()));
            return Exit::Done;
        }
        Format::CycloneDx15 => cyclonedx(CycloneDx::V1_5),
        Format::CycloneDx16 => cyclonedx(CycloneDx::V1_6),
        Format::CycloneDx17 => cyclonedx(CycloneDx::V1_7),
        Format::Spdx23 => spdx(Spdx::V2_3),
        Format::Spdx301 => spdx(Spdx::V3_0_1),
    };
    match document {
        Ok(document) => {
            print(ui, &String::from_utf8_lossy(&document));
            Exit::Done
        }
        Err(error) => exit::show(ui, &RunError::Task(error.to_string()), &[]),
    }
}

fn subject(arguments: &Arguments, image: &Image) -> SbomSubject {
    let mut hasher = Hasher::new(Algorithm::Sha512);
    hasher.update(&image.inspected.manifest_bytes);
    SbomSubject {
        repository: image.place.clone().with_reference(None).to_string(),
        digest: image.inspected.manifest.digest.clone(),
        platform: image.inspected.platform.to_string(),
        system: image.inspected.contents.system.as_ref().and_then(|system| system.pretty_name.clone()),
        sha512: Some(hasher.finish().hex().to_owned()),
        creator: arguments.creator.clone(),
    }
}

/// Returns columns as wide as their widest cell, and what was not looked at.
fn table(image: &Image) -> String {
    let inspected = &image.inspected;
    let rows: Vec<[String; 4]> = inspected.contents.components.iter().map(row).collect();
    let heads = ["type", "name", "version", "licences"].map(str::to_owned);
    let width = |column: usize| {
        let cells = rows.iter().chain([&heads]).map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let widths = [width(0), width(1), width(2)];
    let line = |row: &[String; 4]| {
        let [kind, name, version, licences] = row;
        let [a, b, c] = widths;
        format!("{kind:a$}  {name:b$}  {version:c$}  {licences}").trim_end().to_owned() + "\n"
    };
    let system = inspected.contents.system.as_ref();
    let system = system.map_or_else(|| "no distribution named".to_owned(), catalogue::OsRelease::pretty);
    let mut text = format!(
        "{} {} {}, {}\n\n",
        image.place,
        inspected.manifest.digest,
        inspected.platform,
        inline(&system)
    );
    text.push_str(&line(&heads));
    text.extend(rows.iter().map(line));
    let gaps = &inspected.contents.gaps;
    if !gaps.is_empty() || !inspected.unread.is_empty() {
        text.push_str("\nnot looked at:\n");
    }
    let unread = inspected.unread.iter().map(|one| (&one.what, &one.reason));
    for (what, reason) in gaps.iter().map(|gap| (&gap.what, &gap.reason)).chain(unread) {
        text.extend(["  ", &inline(what), ": ", &inline(reason), "\n"]);
    }
    text
}

fn row(of: &catalogue::Component) -> [String; 4] {
    let written: Vec<&str> = of.licences.iter().map(String::as_str).collect();
    let package = &of.package;
    let name = match (package.ecosystem.is_of_distribution(), package.namespace.as_str()) {
        (true, _) | (_, "") => package.name.clone(),
        (false, namespace) => format!("{namespace}/{}", package.name),
    };
    let version = if package.version.is_empty() { "unknown" } else { &package.version };
    [
        package.ecosystem.purl_type().to_owned(),
        inline(&name),
        inline(version),
        inline(&catalogue::licence::normalise(&written).text),
    ]
}

fn json(image: &Image) -> serde_json::Value {
    let inspected = &image.inspected;
    let component = |of: &catalogue::Component| {
        let places = of
            .places
            .iter()
            .map(|place| json!({"path": place.path, "inside": place.inside, "layer": place.layer}));
        json!({
            "purl": of.purl,
            "type": of.package.ecosystem.purl_type(),
            "namespace": of.package.namespace,
            "name": of.package.name,
            "version": of.package.version,
            "cataloguer": of.cataloguer,
            "licences": of.licences,
            "creator": of.creator,
            "source": of.source_url,
            "cpes": of.cpes,
            "needs": of.needs,
            "owner": of.owner,
            "sha512": of.sha512,
            "places": places.collect::<Vec<_>>(),
        })
    };
    json!({
        "schema": "fondaco/sbom/v1alpha1",
        "image": image.place.to_string(),
        "digest": image.digest,
        "manifest": inspected.manifest.digest,
        "platform": inspected.platform.to_string(),
        "system": inspected.contents.system.as_ref().map(catalogue::OsRelease::pretty),
        "layers": inspected.layers,
        "components": inspected.contents.components.iter().map(component).collect::<Vec<_>>(),
        "documents": inspected.contents.documents,
        "contentSets": inspected.contents.content_sets,
        "notLookedAt": inspected.contents.gaps,
        "unread": inspected.unread,
    })
}
