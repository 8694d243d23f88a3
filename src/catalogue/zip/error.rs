//! Why an archive, or an entry of it, is not read.

/// What is wrong with an archive or one of its entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::catalogue) enum ZipError {
    #[error("no zip archive, or cut off: it has no end record")]
    NoEnd,
    #[error("one of several volumes")]
    Volumes,
    #[error("its directory is malformed, cut off or does not have as many entries as it says")]
    Directory,
    #[error("the local header is missing or names another entry")]
    Local,
    #[error("encrypted")]
    Encrypted,
    #[error("compression method {0} is not read")]
    Method(u16),
    #[error("its compressed content is broken")]
    Deflate,
    #[error("its sizes do not fit its content")]
    Sizes,
    #[error("its content does not have the checksum it should have")]
    Checksum,
    #[error("larger than {0} bytes")]
    TooLarge(u64),
}
