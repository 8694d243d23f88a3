//! Java virtual machines, by their launchers.

use super::mark::{Mark, after, before};
use super::{Program, own, program};

const LAUNCHERS: &[&str] = &["java", "javac", "jdb", "java.exe"];
const NUL: &[&[u8]] = &[b"\0"];

/// The launcher's names stand beside `0.0` or the release, and then the full version.
pub(super) const OPENJDK: &[Mark] = &[
    after(b"openjdk\0java\x000.0\0").parts(1, 4).word().next(NUL),
    after(b"openjdk\0javac\x000.0\0").parts(1, 4).word().next(NUL),
    after(b"openjdk\0jdb\x000.0\0").parts(1, 4).word().next(NUL),
    after(b"openjdk\0java\x001.8\0").parts(1, 4).word().next(NUL),
    after(b"openjdk\0jdb\x001.8\0").parts(1, 4).word().next(NUL),
    before(b"\0openjdk\0java\0").padded().parts(1, 4).word(),
    before(b"\0openjdk\0jdb\0").padded().parts(1, 4).word(),
];

pub(super) const ALL: &[Program] = &[
    // build.
    Program { own: Some(own::graalvm), ..program("graalvm", LAUNCHERS, &["oracle:graalvm"], &[]) },
    Program { own: Some(own::zulu), ..program("zulu", LAUNCHERS, &["azul:zulu"], &[]) },
    // Debian, build.
    program("openjdk", LAUNCHERS, &["oracle:openjdk"], OPENJDK),
    // build.
    program(
        "jre",
        LAUNCHERS,
        &["oracle:jre"],
        &[
            after(b"java\x000.0\0").parts(1, 4).word().next(NUL),
            after(b"java\x001.8\0").parts(1, 4).word().next(NUL),
            after(b"java\x001.7\0").parts(1, 4).word().next(NUL),
        ],
    ),
];
