//! Licences, package URLs, SBOMs that others wrote, and the documents of registries.

use super::run::{Answer, Target, magnitude};
use super::{seeds, target};
use crate::catalogue::check::{self, Profile};
use crate::catalogue::licence;
use crate::model::foreign::is_deceptive;
use crate::model::{
    DESCRIPTORS_MAX, Digest, Document, ImageConfig, Instant, Package, Platform, Repository, media_type,
};

/// What stands for one licence is cut, so that an expression stays near the size of what was written.
const EXPRESSION_BYTES_PER_BYTE: usize = 60;

/// The longest expression that is read as one, and how many entries an input stands for.
const EXPRESSION_BYTES_MAX: usize = 2000;
const LICENCES_MAX: usize = 200;

target!(
    licences,
    Target {
        name: "licences".into(),
        seeds: seeds::contents("licences"),
        mend: |_| {},
        read: &|input, _| {
            let text = String::from_utf8_lossy(input);
            let lines: Vec<&str> = text.lines().take(LICENCES_MAX).collect();
            let made = licence::normalise(&lines);
            if made.text.is_empty() {
                return Answer::new(&"nothing", &made);
            }
            let read =
                spdx::Expression::parse(&made.text).unwrap_or_else(|error| panic!("{error}: {}", made.text));
            if made.text.len() <= EXPRESSION_BYTES_MAX {
                assert_eq!(licence::normalise(&[&made.text]).text, made.text, "an expression is its own");
            }
            assert!(
                made.text.is_ascii() && made.text.len() <= 1000 + EXPRESSION_BYTES_PER_BYTE * input.len(),
                "{}",
                made.text
            );
            let mut turned = lines;
            turned.reverse();
            assert_eq!(licence::normalise(&turned).text, made.text, "the order does not matter");
            let kind =
                (magnitude(read.requirements().count() as u64), magnitude(made.references.len() as u64));
            Answer::new(&kind, &made)
        },
    }
);

target!(
    purls,
    Target {
        name: "purls".into(),
        seeds: seeds::contents("purls").into_iter().chain(seeds::corpus("purl")).collect(),
        mend: |_| {},
        read: &|input, _| {
            let text = String::from_utf8_lossy(input);
            let answers: Vec<_> = text.lines().take(50).map(str::parse::<Package>).collect();
            for package in answers.iter().flatten() {
                let Ok(purl) = package.purl() else { continue };
                assert_eq!(
                    purl.parse::<Package>().and_then(|again| again.purl()),
                    Ok(purl.clone()),
                    "{package:?}"
                );
            }
            let kinds: Vec<_> = answers
                .iter()
                .take(8)
                .map(|answer| match answer {
                    Ok(package) => {
                        Ok((package.ecosystem, package.qualifiers.len(), package.distro.is_some()))
                    }
                    Err(error) => Err(error.reason.clone()),
                })
                .collect();
            Answer::new(&kinds, &answers)
        },
    }
);

target!(
    sboms,
    Target {
        name: "SBOMs".into(),
        seeds: seeds::contents("sboms").into_iter().chain(seeds::corpus("bsi-tr-03183-2")).collect(),
        mend: |_| {},
        read: &|input, _| {
            let reports =
                [Profile::Bsi, Profile::Ntia, Profile::Cisa2025].map(|profile| check::check(input, profile));
            for report in reports.iter().flatten() {
                let text = report.text();
                assert!(!text.contains(|c: char| c != '\n' && is_deceptive(c)), "{text}");
                assert!(
                    report.fields.iter().all(|field| field.findings.len() <= 1000),
                    "a flood of findings"
                );
                serde_json::to_string(report).expect("a report can be written");
            }
            let kind = reports[0].as_ref().map(|report| {
                let fields = report.fields.iter().map(|field| {
                    [field.falls_short, field.declared_unknown, field.noted, field.met].map(|count| count > 0)
                });
                (report.format, report.falls_short, fields.collect::<Vec<_>>())
            });
            Answer::new(&kind.map_err(ToString::to_string), &reports)
        },
    }
);

target!(
    image_documents,
    Target {
        name: "image documents".into(),
        seeds: seeds::contents("images"),
        mend: |_| {},
        read: &|input, _| {
            let image = Document::parse(media_type::OCI_MANIFEST, input);
            let index = Document::parse(media_type::OCI_INDEX, input);
            let config: Result<ImageConfig, _> = serde_json::from_slice(input);
            if let Ok(Document::Image(image)) = &image {
                assert!(image.layers.len() <= DESCRIPTORS_MAX, "a flood of layers");
            }
            if let Ok(Document::Index(index)) = &index {
                assert!(index.manifests.len() <= DESCRIPTORS_MAX, "a flood of manifests");
            }
            let text = String::from_utf8_lossy(input);
            for line in text.split(['"', ',']).take(200) {
                words(line);
            }
            let kind = (image.is_ok(), index.is_ok(), config.as_ref().map(|one| one.history.len()).ok());
            Answer::new(&kind, &(image.ok(), index.ok(), config.ok()))
        },
    }
);

/// Reads what stands in single strings of such documents.
fn words(text: &str) {
    if let Ok(digest) = text.parse::<Digest>() {
        assert_eq!(digest.to_string(), text);
    }
    if let Ok(repository) = text.parse::<Repository>() {
        assert_eq!(repository.to_string().parse::<Repository>().as_ref(), Ok(&repository));
    }
    if let Ok(platform) = text.parse::<Platform>() {
        assert_eq!(platform.to_string().parse::<Platform>().as_ref(), Ok(&platform));
    }
    if let Ok(instant) = text.parse::<Instant>() {
        assert_eq!(instant.to_string().parse::<Instant>().as_ref(), Ok(&instant));
    }
}
