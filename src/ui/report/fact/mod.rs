//! What several formats say, in the words that they share.

pub(super) mod identity;
pub(super) mod score;
pub(super) mod standing;
pub(super) mod text;
