//! Short names of Fedora before it took to SPDX (the wiki's "Good Licenses"), as rpm packages still have them. Left out are
//! those that stand for several licences or versions: `BSD`, `MPL`, `Artistic`, `Python`, `OFL`, `EPL`.

/// Identifiers by key, sorted.
pub(super) const NAMES: &[(&str, &str)] = &[
    ("apsl 2.0", "APSL-2.0"),
    ("artistic clarified", "ClArtistic"),
    ("asl 1.0", "Apache-1.0"),
    ("asl 1.1", "Apache-1.1"),
    ("asl 2.0", "Apache-2.0"),
    ("boost", "BSL-1.0"),
    ("bsd with attribution", "BSD-3-Clause-Attribution"),
    ("cc0", "CC0-1.0"),
    ("crystal stacker", "CrystalStacker"),
    ("jasper", "JasPer-2.0"),
    ("mit with advertising", "MIT-advertising"),
    ("vsl", "VSL-1.0"),
    ("wxwidgets", "LGPL-2.0-or-later WITH WxWindows-exception-3.1"),
    ("zend", "Zend-2.0"),
    ("zlib with acknowledgement", "zlib-acknowledgement"),
];
