//! Package databases of the demonstration images, in the forms that dpkg and apk write.
//!
//! Names and versions are demonstration values: they look like a release of the distribution and claim nothing about it.

use std::fmt::Write as _;

/// A row of dpkg's database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Deb {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    /// The `Source` field: a name, or name and version as `bash (5.2.15-2)`. Empty where it equals the package's name.
    pub(super) source: &'static str,
    /// Whether the package is the same for every architecture.
    pub(super) everywhere: bool,
    /// Whether only its configuration files are left: removed, but still in the database.
    pub(super) removed: bool,
}

impl Deb {
    pub(super) const fn new(name: &'static str, version: &'static str, source: &'static str) -> Self {
        Self { name, version, source, everywhere: false, removed: false }
    }

    pub(super) const fn everywhere(self) -> Self {
        Self { everywhere: true, ..self }
    }

    pub(super) const fn removed(self) -> Self {
        Self { removed: true, ..self }
    }

    /// Returns the paragraph of `var/lib/dpkg/status` (deb-control(5), dpkg(1)).
    pub(super) fn paragraph(&self, architecture: &str) -> String {
        let Self { name, version, source, everywhere, removed } = *self;
        let state = if removed { "deinstall ok config-files" } else { "install ok installed" };
        let architecture = if everywhere { "all" } else { architecture };
        let mut text = format!("Package: {name}\nStatus: {state}\nPriority: optional\nSection: misc\n");
        text.push_str("Installed-Size: 1\nMaintainer: Demonstration <nobody@upstream.example>\n");
        let _infallible = writeln!(text, "Architecture: {architecture}");
        if !source.is_empty() {
            let _infallible = writeln!(text, "Source: {source}");
        }
        let _infallible = write!(text, "Version: {version}\nDescription: row of a demonstration\n");
        text.push_str(" A second line, as real descriptions have it.\n .\n And a paragraph.\n");
        text
    }
}

/// Returns `var/lib/dpkg/status`.
pub(super) fn status(packages: &[Deb], architecture: &str) -> String {
    packages.iter().map(|package| package.paragraph(architecture)).collect::<Vec<_>>().join("\n")
}

/// What every Debian image of the demonstration is made of.
pub(super) const BASE: &[Deb] = &[
    Deb::new("adduser", "3.134", "").everywhere(),
    Deb::new("base-files", "12.4+deb12u12", ""),
    // A package that was built again without a change of its source.
    Deb::new("bash", "5.2.15-2+b9", "bash (5.2.15-2)"),
    Deb::new("ca-certificates", "20230311+deb12u1", "").everywhere(),
    Deb::new("coreutils", "9.1-1", ""),
    Deb::new("dpkg", "1.21.22", ""),
    Deb::new("libc6", "2.36-9+deb12u13", "glibc"),
    Deb::new("libssl3", "3.0.17-1~deb12u3", "openssl"),
    Deb::new("perl-base", "5.36.0-7+deb12u3", "perl"),
    Deb::new("tzdata", "2025b-0+deb12u2", "").everywhere(),
    Deb::new("wget", "1.21.3-1+deb12u1", "").removed(),
    Deb::new("zlib1g", "1:1.2.13.dfsg-1", "zlib"),
];

/// What the nginx image adds.
pub(super) const NGINX: &[Deb] = &[
    Deb::new("libexpat1", "2.5.0-1+deb12u2", "expat"),
    Deb::new("libpcre2-8-0", "10.42-1", "pcre2"),
    Deb::new("nginx", "1.28.0-1~bookworm", ""),
];

/// What the redis image adds.
pub(super) const REDIS: &[Deb] = &[
    Deb::new("libjemalloc2", "5.3.0-1", "jemalloc"),
    Deb::new("redis-server", "5:7.2.4-1", "redis"),
    Deb::new("redis-tools", "5:7.2.4-1", "redis"),
];

/// What the distroless image holds: one file for each package, no database.
pub(super) const STATIC: &[Deb] = &[
    Deb::new("base-files", "12.4+deb12u12", ""),
    Deb::new("netbase", "6.4", "").everywhere(),
    Deb::new("tzdata", "2025b-0+deb12u2", "").everywhere(),
];

/// A row of apk's database: name, version, origin.
pub(super) type Apk = (&'static str, &'static str, &'static str);

/// What the postgres image holds.
pub(super) const POSTGRES: &[Apk] = &[
    ("alpine-baselayout", "3.7.0-r0", "alpine-baselayout"),
    ("busybox", "1.37.0-r19", "busybox"),
    ("ca-certificates-bundle", "20250911-r0", "ca-certificates"),
    ("libcrypto3", "3.5.4-r0", "openssl"),
    ("libssl3", "3.5.4-r0", "openssl"),
    ("musl", "1.2.5-r10", "musl"),
    ("postgresql17", "17.4-r0", "postgresql17"),
    ("postgresql17-client", "17.4-r0", "postgresql17"),
    ("zlib", "1.3.1-r2", "zlib"),
];

/// Returns `lib/apk/db/installed` (apk-tools, `apk-package(5)` field letters).
pub(super) fn installed(packages: &[Apk], architecture: &str) -> String {
    let mut text = String::new();
    for (name, version, origin) in packages {
        let _infallible = write!(
            text,
            "P:{name}\nV:{version}\nA:{architecture}\nS:1\nI:1\nT:row of a demonstration\n\
             U:https://upstream.example/\nL:MIT\no:{origin}\nF:usr/share/{name}\nR:demonstration\n\n"
        );
    }
    text
}

/// `usr/lib/os-release` of Debian 12 (os-release(5)).
pub(super) const DEBIAN_RELEASE: &str = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n\
    NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nVERSION=\"12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID=debian\n";

/// `usr/lib/os-release` of a distroless image: Debian by its packages, and by its `ID`.
pub(super) const DISTROLESS_RELEASE: &str = "PRETTY_NAME=\"Distroless\"\nNAME=\"Debian GNU/Linux\"\nID=\"debian\"\nVERSION_ID=\"12\"\nVERSION=\"12\"\n";

/// `usr/lib/os-release` of Alpine 3.22.
pub(super) const ALPINE_RELEASE: &str =
    "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.22.1\nPRETTY_NAME=\"Alpine Linux v3.22\"\n";
