//! The forms in which advisories are published.

use super::run::{Answer, Target, magnitude};
use super::{seeds, target};
use crate::advisory;

/// What is read of an input stays near its size: a record repeats its identifiers for each package it speaks of.
const READ_BYTES_PER_BYTE: usize = 200;

target!(
    advisories,
    Target {
        name: "advisories".into(),
        seeds: seeds::contents("advisories").into_iter().chain(advisory::seeds()).collect(),
        mend: |_| {},
        read: &|input, _| {
            let (form, read) = advisory::read_one(input);
            assert!(read.len() <= 10_000 + READ_BYTES_PER_BYTE * input.len(), "{form}: {} bytes", read.len());
            assert!(!read.contains('\0') && !read.contains('\u{1b}'), "{form}: {read}");
            Answer::new(&(form, magnitude(read.len() as u64)), &read)
        },
    }
);
