//! The files that a person gives to look with: trust roots, keys, trust stores.

use std::{
    collections::BTreeSet,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use super::Arguments;
use crate::{
    manifest::{self, DesiredFile, DesiredKey, DesiredNotation},
    model::foreign::inline,
    trust::{
        observe::{self, Given, Report},
        root::{FILE_ENDING, Instance},
    },
    ui::Ui,
};

/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Trust stores of Notary Project signatures, and where a policy will have them.
#[derive(Debug, Default)]
pub(super) struct Stores {
    pub(super) desired: Vec<DesiredNotation>,
    /// The files that were given, with their path in the manifest repository.
    given: Vec<(PathBuf, DesiredFile)>,
}

impl Stores {
    pub(super) fn read(arguments: &Arguments) -> Result<Self, String> {
        let (mut stores, mut names) = (Self::default(), BTreeSet::new());
        let mut file = |path: &Path| -> Result<(String, DesiredFile), String> {
            let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
            let name = observe::fresh(&observe::name(&stem.unwrap_or_default()), &mut names);
            let kept = inside(&arguments.repository, path).unwrap_or_else(|| format!("trust/{name}.pem"));
            Ok((name, DesiredFile { path: kept, text: read(path)? }))
        };
        let timestamps = arguments.timestamp_store.as_deref().map(&mut file).transpose()?;
        let timestamps = timestamps.map(|(_, file)| file);
        for path in &arguments.trust_store {
            let (name, file) = file(path)?;
            let store = Given::store(name, file.clone(), timestamps.clone());
            stores
                .desired
                .push(store.map_err(|reason| format!("{reason}; certificates are read as PEM text"))?);
            stores.given.push((path.clone(), file));
        }
        let timestamps = arguments.timestamp_store.clone().zip(timestamps);
        stores.given.extend(timestamps);
        Ok(stores)
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &DesiredFile> {
        self.given.iter().map(|(_, file)| file)
    }

    /// Says which files the proposed policy names that are not there yet.
    pub(super) fn name_missing(&self, repository: &Path, report: &Report, ui: &Ui) {
        let named: BTreeSet<&str> = report
            .proposal
            .notation
            .iter()
            .flat_map(|store| std::iter::once(&store.trust_store).chain(&store.timestamp_store))
            .map(String::as_str)
            .collect();
        let missing =
            |file: &DesiredFile| named.contains(file.path.as_str()) && !repository.join(&file.path).is_file();
        for (given, file) in self.given.iter().filter(|(_, file)| missing(file)) {
            let given = inline(&given.display().to_string());
            ui.hint(&format!(
                "the policy names `{}`, which is not there yet: copy `{given}` there",
                file.path
            ));
        }
    }
}

/// Returns a file's path below the manifest repository, where it lies there and manifests may name it.
fn inside(repository: &Path, file: &Path) -> Option<String> {
    let (repository, file) = (repository.canonicalize().ok()?, file.canonicalize().ok()?);
    let below = file.strip_prefix(repository).ok()?.to_str()?.to_owned();
    (below.starts_with("trust/") && manifest::is_input(&below)).then_some(below)
}

/// Returns the trust roots to verify with.
pub(super) fn roots(arguments: &Arguments) -> Result<Vec<DesiredFile>, String> {
    if let Some(path) = &arguments.root {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        return Ok(vec![DesiredFile { path: format!("trust/{name}"), text: read(path)? }]);
    }
    [Instance::PublicGood, Instance::Github]
        .into_iter()
        .map(|instance| {
            let path = format!("trust/{instance}{FILE_ENDING}");
            let kept = arguments.repository.join(&path);
            let text = if kept.is_file() {
                read(&kept)?
            } else {
                instance.embedded().map_err(|error| error.to_string())?.text().to_owned()
            };
            Ok(DesiredFile { path, text })
        })
        .collect()
}

pub(super) fn key(path: &Path) -> Result<DesiredKey, String> {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(DesiredKey { name: observe::name(&stem), pem: read(path)?, logged: false })
}

/// Returns the text of a file. What is not text is shown as such by its reader.
fn read(path: &Path) -> Result<String, String> {
    let mut bytes = vec![];
    let read = fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => Err(format!("`{}` cannot be read: {error}", path.display())),
    }
}
