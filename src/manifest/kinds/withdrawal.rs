//! `Withdrawal`: a reviewed recall of something already promoted.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::manifest::text::{ConsumerName, Date, ImageName, Sentence, Tag};
use crate::model::{Digest, Period};

/// A recall of images: from a day on they are refused, and where the document says so, deleted from distributions and
/// from quarantine. Nothing is ever deleted without such a document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "withdrawal")]
pub struct WithdrawalSpec {
    /// What is withdrawn. At least one.
    #[schemars(length(min = 1))]
    pub subjects: Vec<WithdrawnImage>,
    /// Why, for the people who have to react. Required: a recall without a reason is not reviewed.
    pub reason: Sentence,
    /// The day from which the images are refused and promoted no more, in UTC. Required: consumers plan by it.
    pub effective: Date,
    /// How long after the effective day the images stay pullable where they are to be deleted. Default `0d`: nobody
    /// is given time that the document does not give.
    pub grace: Option<Period>,
    /// What to use instead. Default: nothing is suggested.
    pub replacement: Option<Sentence>,
    /// Names of the `Consumer`s that it concerns. Default: every consumer.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub consumers: Option<Vec<ConsumerName>>,
    /// What is deleted once the grace is over. Default `none`: the images are refused and listed as still pullable, and
    /// nothing that runs breaks.
    #[serde(default)]
    pub delete: Delete,
}

/// One withdrawn image: all digests a tag ever had, or one digest under all its tags.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "withdrawn image")]
pub struct WithdrawnImage {
    /// The upstream repository with its registry's host.
    pub image: ImageName,
    /// The digest that is withdrawn, under every tag. Either this or `tag`.
    pub digest: Option<Digest>,
    /// The tag that is withdrawn, with every digest it was seen to have. Either this or `digest`.
    pub tag: Option<Tag>,
}

/// What a withdrawal deletes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Delete {
    /// Nothing.
    #[default]
    None,
    /// Tag and manifest, from the consumers' repositories. Quarantine keeps the image as evidence.
    Distribution,
    /// Tag and manifest, from the consumers' repositories and then from quarantine. For every consumer at once, so
    /// `consumers` is not written beside it. Where the document goes, an image that is still asked for is taken in again.
    Quarantine,
}
