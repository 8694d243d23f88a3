//! Why a layer could not be read.

use crate::model::Kind;

/// A layer that cannot be catalogued. Plain text inside, so that one failure can be told to every image that shares
/// the layer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    #[error("media type `{0}` is not a tar archive this version reads")]
    MediaType(String),
    #[error("layer does not decompress, or is not a tar archive: {0}")]
    Archive(String),
    #[error("layer has more than {max} {what}")]
    Limit { what: &'static str, max: u64 },
    #[error("layer holds the path `{0}`, which leads out of its root")]
    Path(String),
    /// The bytes could not be read to their end; says nothing about the layer itself.
    #[error("layer could not be read to its end: {0}")]
    Source(String),
}

impl CatalogueError {
    /// Returns what the error means to the caller.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Source(_) => Kind::Unavailable,
            _ => Kind::Invalid,
        }
    }
}
