//! What SPDX says of the image, its distribution and its components, whichever version: the facts of the CycloneDX
//! document, under identifiers and in words that SPDX takes. Next in reading order: [`super::spdx2`], [`super::spdx3`].

use std::collections::{BTreeMap, BTreeSet};

use packageurl::PackageUrl;
use url::Url;

use super::declared::Licences;
use super::lift::{self, UNKNOWN_LICENCE};
use super::maker::{self, Maker};
use super::{SbomSubject, cpe, model};
use crate::catalogue::{Component, Form};
use crate::model::{Algorithm, Digest, Instant};

/// The key of the image.
pub(super) const IMAGE: &str = "Image";

/// The key of the distribution: Trivy 0.69 knows it by the beginning of its identifier, and by nothing else.
const SYSTEM: &str = "OperatingSystem";

/// How many characters of a name a key repeats: enough to know it by, its digest tells it from others.
const NAME_CHARACTERS_MAX: usize = 64;

/// How many digits of a SHA-256 a key holds: who makes packages must not be able to make two of one key.
const KEY_DIGITS: usize = 32;

/// Everything that SPDX calls a package.
#[derive(Debug)]
pub(super) struct Elements<'a> {
    /// The image first, then the distribution where there is one, then components by package URL.
    pub all: Vec<Element<'a>>,
    /// The texts of licences outside of SPDX's list, by reference, as far as the image has them.
    pub licence_texts: BTreeMap<String, String>,
}

#[derive(Debug)]
pub(super) struct Element<'a> {
    /// Letters, digits, dots and hyphens; once in a document, and the same in every document of this image.
    pub key: String,
    pub name: String,
    pub version: Option<String>,
    pub purpose: Purpose,
    pub maker: Maker<'a>,
    /// The declared licences as an SPDX expression.
    pub licence: Option<String>,
    pub purl: Option<String>,
    pub cpes: Vec<&'a str>,
    /// URLs.
    pub website: Option<String>,
    pub source: Option<String>,
    /// Name and version of the source package that a package of a distribution was built from.
    pub built_from: Option<String>,
    /// Where the element is a file.
    pub file: Option<File>,
    pub description: Option<String>,
    /// What found it and where, by the names of CycloneDX's properties.
    pub properties: Vec<(String, String)>,
    /// Keys of the elements that it needs.
    pub needs: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Container,
    OperatingSystem,
    Application,
    Library,
}

/// A file that is a component.
#[derive(Debug)]
pub(super) struct File {
    /// Without a path.
    pub name: String,
    pub uri: String,
    pub is_executable: bool,
    pub is_archive: bool,
    pub hashes: Vec<(Algorithm, String)>,
}

/// Returns what is to be said of an image and its components, which are sorted by package URL.
pub(super) fn of<'a>(image: &SbomSubject, components: &[&'a Component]) -> Elements<'a> {
    let mut licences = Licences::default();
    let mut all = vec![of_image(image)];
    all.extend(of_system(image, components));
    all.extend(components.iter().map(|of| {
        let licence = licences.expression(&of.licences);
        of_component(image, of, components, licence)
    }));
    Elements { all, licence_texts: licences.texts }
}

fn of_image<'a>(image: &SbomSubject) -> Element<'a> {
    let mut hashes = vec![(image.digest.algorithm(), image.digest.hex().to_owned())];
    let sha512 = image.sha512.iter().map(|hash| (Algorithm::Sha512, hash.clone()));
    hashes.extend(sha512.filter(|_| image.digest.algorithm() != Algorithm::Sha512));
    Element {
        name: line(&image.repository),
        version: Some(image.digest.to_string()),
        purl: image_purl(image),
        file: Some(File {
            name: image.digest.hex().to_owned(),
            uri: lift::uri(image),
            is_executable: false,
            is_archive: true,
            hashes,
        }),
        description: Some(line(&image.platform)),
        ..Element::bare(IMAGE.to_owned(), Purpose::Container)
    }
}

/// Returns the package URL of an image (`oci-definition.json` of purl-spec).
fn image_purl(image: &SbomSubject) -> Option<String> {
    let name = image.repository.rsplit(['/', ':']).find(|part| !part.is_empty())?;
    let mut purl = PackageUrl::new("oci", name.to_ascii_lowercase()).ok()?;
    purl.with_version(image.digest.to_string()).ok()?;
    if let Some((_, architecture)) = image.platform.split_once('/') {
        purl.add_qualifier("arch", architecture.to_owned()).ok()?;
    }
    if !lift::is_local(image) {
        purl.add_qualifier("repository_url", image.repository.clone()).ok()?;
    }
    Some(purl.to_string())
}

fn of_system<'a>(image: &SbomSubject, components: &[&Component]) -> Option<Element<'a>> {
    let system = model::system(image, components)?;
    let version = system.version.as_ref().map(|version| line(version));
    Some(Element {
        name: line(&system.name),
        version: version.filter(|version| !version.is_empty()),
        description: system.description.as_ref().map(|text| line(text)),
        // Without a package URL: readers take a distribution that has one for a package like others.
        ..Element::bare(SYSTEM.to_owned(), Purpose::OperatingSystem)
    })
}

fn of_component<'a>(
    image: &SbomSubject,
    of: &'a Component,
    components: &[&Component],
    licence: Option<String>,
) -> Element<'a> {
    let package = &of.package;
    let name = match (package.ecosystem.is_of_distribution(), package.namespace.as_str()) {
        (true, _) | (_, "") => line(&package.name),
        (false, namespace) => line(&format!("{namespace}/{}", package.name)),
    };
    let is_there = |purl: &&String| components.binary_search_by(|one| one.purl.cmp(purl)).is_ok();
    Element {
        name,
        version: Some(line(&package.version)).filter(|version| !version.is_empty()),
        maker: Maker::of(of.creator.as_deref()),
        licence,
        purl: Some(of.purl.clone()),
        cpes: of.cpes.iter().map(String::as_str).filter(|name| cpe::is_name(name)).collect(),
        website: maker::page(of.website.as_deref()),
        source: of.source_url.as_deref().and_then(|url| Url::parse(url).ok()).map(String::from),
        built_from: (package.ecosystem.is_of_distribution())
            .then(|| line(&format!("{} {}", package.source.name, package.source.version))),
        file: file(image, of),
        properties: properties(of),
        needs: of.needs.iter().filter(is_there).map(|purl| key(purl)).collect(),
        ..Element::bare(key(&of.purl), purpose(of.form))
    }
}

const fn purpose(form: Form) -> Purpose {
    match form {
        Form::Executable => Purpose::Application,
        Form::Installed | Form::Compiled | Form::Archive => Purpose::Library,
    }
}

fn file(image: &SbomSubject, of: &Component) -> Option<File> {
    let place = of.places.iter().find(|place| place.inside.is_none()).filter(|_| model::is_file(of))?;
    Some(File {
        name: line(place.path.rsplit('/').next().unwrap_or(&place.path)),
        uri: lift::within(image, place),
        is_executable: of.form == Form::Executable,
        is_archive: of.form == Form::Archive,
        hashes: of.sha512.iter().map(|hash| (Algorithm::Sha512, hash.clone())).collect(),
    })
}

/// Returns the properties that are our own, and where the component was found. BSI's properties are said in SPDX's words.
fn properties(of: &Component) -> Vec<(String, String)> {
    let own = model::properties(of).into_iter().filter(|one| one.name.starts_with("fondaco:"));
    let mut properties: Vec<(String, String)> = own.map(|one| (one.name, line(&one.value))).collect();
    properties.extend(of.places.iter().map(|place| {
        let inside = place.inside.as_ref().map(|inside| format!("!/{inside}")).unwrap_or_default();
        ("fondaco:location".to_owned(), line(&format!("/{}{inside}", place.path)))
    }));
    properties
}

impl Element<'_> {
    fn bare(key: String, purpose: Purpose) -> Self {
        Self {
            key,
            name: String::new(),
            version: None,
            purpose,
            maker: Maker::Unknown,
            licence: None,
            purl: None,
            cpes: vec![],
            website: None,
            source: None,
            built_from: None,
            file: None,
            description: None,
            properties: vec![],
            needs: vec![],
        }
    }
}

/// Returns the key of a component: what people know it by, and a digest of its package URL.
fn key(purl: &str) -> String {
    let name = purl.strip_prefix("pkg:").unwrap_or(purl).split(['?', '#']).next().unwrap_or_default();
    let mut slug = String::new();
    for c in name.chars().take(NAME_CHARACTERS_MAX) {
        if c.is_ascii_alphanumeric() || c == '.' {
            slug.push(c);
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    format!("Package-{}-{}", slug.trim_matches('-'), short(purl))
}

/// Returns the start of a SHA-256.
pub(super) fn short(text: &str) -> String {
    Digest::sha256(text).hex()[..KEY_DIGITS].to_owned()
}

/// Returns words on one line: names in SPDX have no line breaks, and other control characters say nothing to a reader.
pub(super) fn line(text: &str) -> String {
    text.replace(char::is_control, " ").trim().to_owned()
}

/// Returns the references of an expression to licences outside of SPDX's list.
pub(super) fn references(expression: &str) -> BTreeSet<&str> {
    expression.split([' ', '(', ')']).filter(|name| name.starts_with("LicenseRef-")).collect()
}

/// Returns what stands for the text of a licence that has none here.
pub(super) fn licence_text(elements: &Elements, reference: &str) -> String {
    match elements.licence_texts.get(reference) {
        Some(text) => text.clone(),
        None if reference == UNKNOWN_LICENCE => "Nothing in the image names a licence.".to_owned(),
        None => format!("The image names {reference} and does not tell its text."),
    }
}

/// Returns the time of the document. SPDX wants one; where there was no event to take it from, it is the beginning of
/// Unix time, as reproducible builds have it: nobody takes it for a time at which something happened.
pub(super) fn created(at: Option<Instant>) -> String {
    at.unwrap_or_else(|| Instant::from_unix(0)).to_string()
}
