//! A cleared set across an air gap: out into volumes that fit a medium, in again on the other side.
//!
//! ```text
//! DIR/carry.json        what is carried: every content by digest, every volume by digest   (canonical JSON)
//! DIR/carry.json.sig    the organisation's signature over it, as `cosign sign-blob` writes it
//! DIR/volume-0001.tar … blobs/<algorithm>/<hex>, or blobs/<algorithm>/<hex>.part-0001 … where a volume is too small
//! ```
//!
//! Out ([`out()`]): what the pushed evidence clears is looked up ([`select`]), found in quarantine and distributions
//! ([`gather`]), laid out in volumes ([`volumes`]) and written ([`write`]). In ([`receive()`]): signature and digests
//! are checked ([`seal`], [`medium`]), content goes into quarantine ([`import`]), the sender's history and the records
//! are pushed ([`records`]), and only then tags are written ([`tag`]).
//!
//! Nothing is unpacked by name: a content is its digest, and where it lies in a volume is computed from the signed
//! index. Decides nothing: what is cleared has been decided by the pushed verdicts of the sending side.

mod error;
mod gather;
mod import;
mod index;
mod medium;
mod out;
mod receive;
mod records;
mod report;
mod seal;
mod select;
mod tag;
mod volumes;
mod write;

pub use error::CarryError;
pub use index::{
    AdvisoriesCarried, CarriedCompanion, CarriedImage, CarriedManifest, CarriedPromotion, CarryIndex,
    Content, EvidenceCarried, Part, Volume,
};
pub use out::{OutOptions, out};
pub use receive::{InOptions, receive};
pub use report::{CarriedTag, InReport, OutReport, VolumeReport, VolumeState};
pub use volumes::{VOLUME_BYTES_DEFAULT, VOLUME_BYTES_MIN};

/// The index of a carry.
const INDEX: &str = "carry.json";

/// The signature over [`INDEX`]: base64 of the DER-encoded ECDSA signature.
const SIGNATURE: &str = "carry.json.sig";
