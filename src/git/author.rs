//! Who a commit is by.

use crate::model::Instant;

use super::GitError;

/// Author or committer, with the time that is written into the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    pub name: String,
    pub email: String,
    pub at: Instant,
}

impl Author {
    pub(super) fn signature(&self) -> Result<git2::Signature<'static>, GitError> {
        git2::Signature::new(&self.name, &self.email, &git2::Time::new(self.at.unix(), 0))
            .map_err(|e| GitError::objects("writing an author", &e))
    }

    /// Reads a signature as it stands; bytes that are not UTF-8 are replaced, because anybody can write a commit.
    pub(super) fn of(signature: &git2::Signature<'_>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            name: text(signature.name_bytes()),
            email: text(signature.email_bytes()),
            at: Instant::from_unix(signature.when().seconds()),
        }
    }
}
