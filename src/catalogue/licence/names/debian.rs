//! Short names of Debian's machine-readable copyright files (DEP-5, version 1.0, section 7.1) that are neither SPDX
//! identifiers nor differ from one in the spelling of the version alone.

/// Identifiers by key, sorted.
pub(super) const NAMES: &[(&str, &str)] = &[
    ("cc by 1", "CC-BY-1.0"),
    ("expat", "MIT"),
    ("openldap 2.8", "OLDAP-2.8"),
    ("public domain", "LicenseRef-scancode-public-domain"),
    ("ufl 1.0", "Ubuntu-font-1.0"),
    ("zope 1.1", "ZPL-1.1"),
    ("zope 2.0", "ZPL-2.0"),
    ("zope 2.1", "ZPL-2.1"),
];
