//! Image layouts named on a command line, opened as registries with one repository.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use tempfile::TempDir;

use super::{
    ArchiveRegistry, LayoutRegistry, Place, Registry, RegistryError, archive, asked::Asked, layout,
    name::check_reference,
};
use crate::model::Reference;

/// An opened layout. A target is complete only after [`Local::finish`].
#[derive(Debug)]
pub struct Local {
    pub registry: Arc<dyn Registry>,
    /// The repository inside [`Local::registry`].
    pub repository: String,
    /// Of a source the digest that the place means, of a target what was written.
    pub reference: Option<Reference>,
    ending: Ending,
}

/// What is left to do when a target has been filled.
#[derive(Debug)]
enum Ending {
    Nothing,
    /// The directory of a layout whose folder for files in work can go.
    Tidy(PathBuf),
    /// The layout in the folder becomes the archive.
    Archive {
        staged: TempDir,
        file: PathBuf,
    },
}

impl Local {
    /// Opens a place for reading and finds the image that it means. `None` where the place is in a registry.
    ///
    /// # Errors
    /// Kind `NotFound` where there is no layout or no such image; `Invalid` where it is ambiguous, damaged or hostile.
    pub async fn source(place: &Place) -> Result<Option<Self>, RegistryError> {
        let place = place.clone();
        blocking(move || match &place {
            Place::Image { .. } => Ok(None),
            Place::Layout { directory, reference } => {
                let host = host(&place);
                let found = LayoutRegistry::single(&host, directory).image(reference.as_ref())?;
                let registry = LayoutRegistry::single(&host, directory);
                Ok(Some(Self::opened(Arc::new(registry), Some(Reference::Digest(found)), Ending::Nothing)))
            }
            Place::Archive { file, reference } => {
                let registry = ArchiveRegistry::open(&host(&place), file)?;
                let found = registry.image(reference.as_ref())?;
                Ok(Some(Self::opened(Arc::new(registry), Some(Reference::Digest(found)), Ending::Nothing)))
            }
        })
        .await
    }

    /// Opens a place for writing. What a directory or archive holds already stays; a tag that is written again moves.
    /// `None` where the place is in a registry.
    ///
    /// # Errors
    /// Kind `Invalid` where the reference is no tag or what is there is no layout; `Unavailable` where nothing can be
    /// written.
    pub async fn target(place: &Place) -> Result<Option<Self>, RegistryError> {
        let place = place.clone();
        if let (Place::Layout { .. } | Place::Archive { .. }, Some(reference)) = (&place, place.reference()) {
            check_reference(&host(&place), reference)?;
        }
        blocking(move || match &place {
            Place::Image { .. } => Ok(None),
            Place::Layout { directory, reference } => {
                let registry = LayoutRegistry::single(&host(&place), directory);
                let ending = Ending::Tidy(directory.clone());
                Ok(Some(Self::opened(Arc::new(registry), reference.clone(), ending)))
            }
            Place::Archive { file, reference } => {
                let host = host(&place);
                let staged = staged(file, &host)?;
                let registry = LayoutRegistry::single(&host, staged.path());
                let ending = Ending::Archive { staged, file: file.clone() };
                Ok(Some(Self::opened(Arc::new(registry), reference.clone(), ending)))
            }
        })
        .await
    }

    fn opened(registry: Arc<dyn Registry>, reference: Option<Reference>, ending: Ending) -> Self {
        Self { registry, repository: LayoutRegistry::ONLY.to_owned(), reference, ending }
    }

    /// Completes a target: an archive gets its name only here, and without this call no file has been written.
    ///
    /// # Errors
    /// Kind `Unavailable` where the archive cannot be written; what was there before is then as it was.
    pub async fn finish(self) -> Result<(), RegistryError> {
        let asked = Asked::new(self.registry.host(), "the archive");
        blocking(move || match self.ending {
            Ending::Nothing => Ok(()),
            Ending::Tidy(directory) => {
                layout::tidy(&directory);
                Ok(())
            }
            Ending::Archive { staged, file } => archive::write(staged.path(), &file, &asked),
        })
        .await
    }
}

/// Returns the place without its reference: how messages and records call it.
fn host(place: &Place) -> String {
    place.clone().with_reference(None).to_string()
}

/// Returns a folder beside the archive with what the archive holds already.
fn staged(file: &Path, host: &str) -> Result<TempDir, RegistryError> {
    let asked = Asked::new(host, "the archive");
    let failed = |e: std::io::Error| asked.unavailable(e.to_string());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let staged = tempfile::Builder::new().prefix(".fondaco-").tempdir_in(folder).map_err(failed)?;
    if file.exists() {
        archive::load(file, staged.path(), &asked)?;
    }
    Ok(staged)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RegistryError> + Send + 'static,
) -> Result<T, RegistryError> {
    let asked = Asked::new("this machine", "the layout");
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| Err(asked.unavailable(e.to_string())))
}
