//! Names of licences that SPDX's list does not have, one file a family.
//!
//! Names stand as [`super::key::key`] makes them, sorted. A name belongs here only where whoever writes it can mean but one
//! licence and one version of it.

mod addresses;
mod debian;
mod fedora;
pub(super) mod python;
mod words;

pub(super) use addresses::ADDRESSES;

/// Every family.
pub(super) const ALL: [&[(&str, &str)]; 4] = [debian::NAMES, fedora::NAMES, python::NAMES, words::NAMES];

/// Names that stand for a choice: Perl is under either of two licences, and much says no more than "as Perl".
pub(super) const CHOICES: &[(&str, &[&str])] = &[
    ("perl", PERL),
    ("perl 5", PERL),
    ("same as perl", PERL),
    ("same as perl 5", PERL),
    ("same terms as perl itself", PERL),
    ("under the same terms as perl itself", PERL),
];

const PERL: &[&str] = &["Artistic-1.0-Perl", "GPL-1.0-or-later"];
