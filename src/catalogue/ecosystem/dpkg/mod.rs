//! Debian's package database, in the root of the image and in root file systems within it: what is installed, who owns
//! which file, under what licences.
//!
//! [`status`] reads `status` and the `status.d` of distroless images, [`copyright`] the licences. Lists of files are
//! read here: `info/*.list`, and in `status.d` the checksums that lie there instead. `opkg` of small devices writes the
//! same format; its packages have no package URL type, so that its database is a gap.

mod copyright;
mod status;

use super::{Cataloguer, Wants, package_name};
use crate::catalogue::found::{Addition, File, LISTED_MAX, Parsed, PathKey};
use crate::catalogue::path::{PATH_BYTES_MAX, split};

pub(super) const CATALOGUER: Cataloguer = Cataloguer {
    name: "dpkg",
    wants: &[Wants::Places(&["var/lib/dpkg/status", "var/lib/dpkg/status.d/"]), Wants::Paths(is_of_dpkg)],
    parse: read,
};

/// What a path of interest holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content<'a> {
    Status,
    /// Of the package, and of the architecture where several may be installed.
    List(&'a str, Option<&'a str>),
    Checksums(&'a str),
    Copyright(&'a str),
    Opkg,
}

impl<'a> Content<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let (directory, name) = split(path);
        let ends = |place: &str| {
            directory.strip_suffix(place).is_some_and(|above| above.is_empty() || above.ends_with('/'))
        };
        match name {
            "status" if ends("lib/dpkg") => Some(Self::Status),
            "status" if ends("lib/opkg") => Some(Self::Opkg),
            "copyright" => {
                let (above, package) = split(directory);
                let is_documentation = above
                    .strip_suffix("usr/share/doc")
                    .is_some_and(|root| root.is_empty() || root.ends_with('/'));
                is_documentation.then_some(Self::Copyright(package))
            }
            _ if ends("lib/dpkg/status.d") => {
                Some(name.strip_suffix(".md5sums").map_or(Self::Status, Self::Checksums))
            }
            _ if ends("lib/dpkg/info") => {
                let package = name.strip_suffix(".list")?;
                let split = package.split_once(':');
                Some(split.map_or(Self::List(package, None), |(name, of)| Self::List(name, Some(of))))
            }
            _ => None,
        }
    }
}

fn is_of_dpkg(path: &str) -> bool {
    Content::of(path).is_some()
}

fn read(file: &File<'_>) -> Parsed {
    match Content::of(file.path) {
        Some(Content::Status) => status::parse(file.bytes),
        Some(Content::List(package, architecture)) => owned(package, architecture, list(file.bytes)),
        Some(Content::Checksums(package)) => owned(package, None, checksums(file.bytes)),
        Some(Content::Copyright(package)) => {
            let licences = copyright::licences(file.bytes);
            addition(Addition { package: package.to_owned(), licences, ..Addition::default() })
        }
        Some(Content::Opkg) => {
            Parsed::gap("a database of opkg, for whose packages there are no package URLs")
        }
        None => Parsed::default(),
    }
}

fn owned<'a>(package: &str, architecture: Option<&str>, paths: impl Iterator<Item = &'a [u8]>) -> Parsed {
    let plain =
        paths.filter(|path| path.len() <= PATH_BYTES_MAX).filter_map(|path| std::str::from_utf8(path).ok());
    let plain = plain.map(|path| path.trim_start_matches(['.', '/'])).filter(|path| !path.is_empty());
    let owns = plain.take(LISTED_MAX).map(PathKey::of).collect();
    let architecture = architecture.map(str::to_owned);
    addition(Addition { package: package.to_owned(), architecture, owns, ..Addition::default() })
}

fn addition(addition: Addition) -> Parsed {
    let says = !addition.owns.is_empty() || !addition.licences.is_empty();
    let is_named = package_name(addition.package.as_bytes()).is_some();
    Parsed {
        additions: Some(addition).filter(|_| says && is_named).into_iter().collect(),
        ..Parsed::default()
    }
}

/// One absolute path a line; directories, too.
fn list(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|b| *b == b'\n').filter(|line| line.starts_with(b"/"))
}

/// The output of md5sum(1): a checksum, two blanks, a path without its leading slash.
fn checksums(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    const HEX_DIGITS: usize = 32;
    let lines = bytes.split(|b| *b == b'\n').filter_map(|line| line.split_at_checked(HEX_DIGITS));
    lines.filter(|(sum, _)| sum.iter().all(u8::is_ascii_hexdigit)).map(|(_, path)| path.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_interest_are_told_from_their_neighbours() {
        for (path, expected) in [
            ("var/lib/dpkg/status", Some(Content::Status)),
            ("usr/lib/dpkg/status", Some(Content::Status)),
            ("srv/root/var/lib/dpkg/status", Some(Content::Status)),
            ("var/lib/dpkg/status.d/libc6", Some(Content::Status)),
            ("var/lib/dpkg/status.d/libc6.md5sums", Some(Content::Checksums("libc6"))),
            ("var/lib/dpkg/info/bash.list", Some(Content::List("bash", None))),
            ("var/lib/dpkg/info/libc6:amd64.list", Some(Content::List("libc6", Some("amd64")))),
            ("usr/share/doc/bash/copyright", Some(Content::Copyright("bash"))),
            ("root/usr/share/doc/bash/copyright", Some(Content::Copyright("bash"))),
            ("usr/lib/opkg/status", Some(Content::Opkg)),
            ("var/lib/dpkg/status-old", None),
            ("var/lib/dpkg/info/bash.md5sums", None),
            ("mylib/dpkg/status", None),
            ("usr/share/doc/bash/examples/copyright", None),
            ("xusr/share/doc/bash/copyright", None),
            ("copyright", None),
        ] {
            assert_eq!(Content::of(path), expected, "{path}");
        }
    }

    fn one(path: &str, bytes: &[u8]) -> Addition {
        let parsed = read(&File { path, bytes });
        assert_eq!((parsed.packages.len(), parsed.unreadable, parsed.gaps.len()), (0, 0, 0));
        let [addition] = parsed.additions.as_slice() else { panic!("{:?}", parsed.additions) };
        addition.clone()
    }

    #[test]
    fn lists_tell_who_owns_a_file() {
        let list = one("var/lib/dpkg/info/libc6:amd64.list", b"/.\n/usr\n/usr/bin/ldd\n\xff\nrelative\n");
        assert_eq!((list.package.as_str(), list.architecture.as_deref()), ("libc6", Some("amd64")));
        assert_eq!(list.owns, ["usr", "usr/bin/ldd"].map(PathKey::of));
        let sums = "d41d8cd98f00b204e9800998ecf8427e  ./usr/lib/libssl.so.3\n\
                    d41d8cd98f00b204e9800998ecf8427e  usr/share/doc/a b\nno sum\n";
        let sums = one("var/lib/dpkg/status.d/libssl3.md5sums", sums.as_bytes());
        assert_eq!((sums.package.as_str(), sums.architecture), ("libssl3", None));
        assert_eq!(sums.owns, ["usr/lib/libssl.so.3", "usr/share/doc/a b"].map(PathKey::of));
    }

    #[test]
    fn hostile_lists_add_nothing() {
        let long = format!("/{}\n", "a".repeat(5000));
        for (path, bytes) in [
            ("var/lib/dpkg/info/a.list", long.as_bytes()),
            ("var/lib/dpkg/info/a.list", &[0xff; 100][..]),
            ("var/lib/dpkg/info/\u{202e}.list", b"/usr/bin/a\n"),
            ("var/lib/dpkg/info/.list", b"/usr/bin/a\n"),
            ("var/lib/dpkg/status.d/a.md5sums", "é".repeat(40).as_bytes()),
        ] {
            assert_eq!(read(&File { path, bytes }), Parsed::default(), "{path}");
        }
        let flood = "/a\n".repeat(LISTED_MAX + 9);
        assert_eq!(one("var/lib/dpkg/info/a.list", flood.as_bytes()).owns.len(), LISTED_MAX);
    }

    #[test]
    fn a_database_of_opkg_is_a_gap() {
        let file = File { path: "usr/lib/opkg/status", bytes: b"Package: a\nVersion: 1\n" };
        assert_eq!((read(&file).packages.len(), read(&file).gaps.len()), (0, 1));
    }
}
