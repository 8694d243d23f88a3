//! A component of an image: a package after all layers have been merged, with everything that is known of it.

use std::collections::BTreeSet;

use super::found::Form;
use crate::model::{Package, PackageError};

/// One component of one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    pub package: Package,
    /// Its package URL: the identity, of which there is one component each.
    pub purl: String,
    /// The name of what found it: `dpkg`, `go`.
    pub cataloguer: String,
    pub form: Form,
    /// Where it was found, sorted.
    pub places: BTreeSet<Place>,
    /// Declared licences as written in the image, sorted.
    pub licences: BTreeSet<String>,
    /// An e-mail address or URL, else a name.
    pub creator: Option<String>,
    pub source_url: Option<String>,
    /// Its page for people, a URL.
    pub website: Option<String>,
    pub cpes: BTreeSet<String>,
    /// Package URLs of components of the same image that it needs.
    pub needs: BTreeSet<String>,
    /// The package URL of the distribution's package that owns its file; absent where only some of its files have an owner.
    pub owner: Option<String>,
    /// SHA-512 of its file, where the file itself is the component.
    pub sha512: Option<String>,
}

/// A file in which a component was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Normalised path in the image.
    pub path: String,
    /// Where in that file, for archives.
    pub inside: Option<String>,
    /// The layer since which it is there, 0 for the bottom one.
    pub layer: usize,
}

impl Component {
    /// Returns the component of a line of a package list, of which nothing else is known.
    ///
    /// # Errors
    /// [`PackageError`] for what is no such line.
    pub fn of_purl(purl: &str) -> Result<Self, PackageError> {
        let package: Package = purl.parse()?;
        let cataloguer = package.ecosystem.purl_type();
        Ok(Self::bare(package, purl.to_owned(), cataloguer, Form::Installed))
    }

    /// Returns a component of which nothing is known but the package.
    pub fn bare(package: Package, purl: String, cataloguer: &str, form: Form) -> Self {
        Self {
            package,
            purl,
            cataloguer: cataloguer.to_owned(),
            form,
            places: BTreeSet::new(),
            licences: BTreeSet::new(),
            creator: None,
            source_url: None,
            website: None,
            cpes: BTreeSet::new(),
            needs: BTreeSet::new(),
            owner: None,
            sha512: None,
        }
    }
}
