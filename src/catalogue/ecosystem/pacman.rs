//! The database of pacman (Arch Linux and its kin; libalpm, `lib/libalpm/be_local.c`): one directory a package, with
//! the files `desc` and `files`.
//!
//! Both are runs of sections: a line `%NAME%`, its values one a line, an empty line.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cataloguer, Wants, creator, package_name, phrase, word};
use crate::{
    catalogue::found::{Addition, File, Found, LISTED_MAX, Need, Parsed, PathKey},
    catalogue::path::{PATH_BYTES_MAX, split},
    model::{Ecosystem, Source},
};

/// Tells the version of the format, and that there is a database even where it lists nothing.
const FORMAT: &str = "var/lib/pacman/local/ALPM_DB_VERSION";

/// The version since pacman 4.2, of 2014.
const VERSION: &[u8] = b"9";

const LOCAL: &str = "var/lib/pacman/local";

pub(super) const CATALOGUER: Cataloguer = Cataloguer {
    name: "pacman",
    wants: &[Wants::Places(&[FORMAT]), Wants::Paths(|path| package_directory(path).is_some())],
    parse: read,
};

/// Returns `bash-5.2.026-2` of `var/lib/pacman/local/bash-5.2.026-2/desc`, and `desc`.
fn package_directory(path: &str) -> Option<(&str, &str)> {
    let (directory, file) = split(path);
    let (local, package) = Some(split(directory)).filter(|_| matches!(file, "desc" | "files"))?;
    let root = local.strip_suffix(LOCAL)?;
    (root.is_empty() || root.ends_with('/')).then_some((package, file))
}

fn read(file: &File<'_>) -> Parsed {
    let Some((directory, name)) = package_directory(file.path) else {
        let is_known = file.bytes.trim_ascii() == VERSION;
        return if is_known { Parsed::default() } else { Parsed::gap("a format other than version 9") };
    };
    let sections = sections(file.bytes);
    let mut parsed = Parsed::default();
    if name == "desc" {
        parsed.add(found(&sections));
    } else {
        parsed.additions.extend(owned(directory, &sections));
    }
    parsed
}

/// The sections that are read.
const SECTIONS: [&str; 10] =
    ["NAME", "VERSION", "BASE", "ARCH", "LICENSE", "URL", "PACKAGER", "DEPENDS", "PROVIDES", "FILES"];

type Sections<'a> = BTreeMap<&'static str, Vec<&'a [u8]>>;

/// Returns the values of sections; the first of a name counts.
fn sections(bytes: &[u8]) -> Sections<'_> {
    let mut sections = Sections::new();
    let mut lines = bytes.split(|b| *b == b'\n');
    while let Some(line) = lines.next() {
        let name = line.strip_prefix(b"%").and_then(|rest| rest.strip_suffix(b"%"));
        let Some(name) = SECTIONS.iter().find(|known| name == Some(known.as_bytes())) else { continue };
        let values = lines.by_ref().take_while(|line| !line.is_empty()).take(LISTED_MAX).collect();
        sections.entry(name).or_insert(values);
    }
    sections
}

fn found(sections: &Sections<'_>) -> Option<Found> {
    let values = |name| sections.get(name).map_or(&[][..], Vec::as_slice);
    let only = |name| values(name).first().copied();
    let (name, version) = (package_name(only("NAME")?)?, word(only("VERSION")?)?);
    let base = only("BASE").map_or(Some(name), package_name)?;
    let architecture = only("ARCH").map_or(Some(None), |value| word(value).map(Some))?;
    Some(Found {
        architecture: architecture.map(str::to_owned),
        source: Some(Source { name: base.to_owned(), version: version.to_owned() }),
        licences: values("LICENSE").iter().filter_map(|value| phrase(value)).collect(),
        website: only("URL").and_then(phrase),
        creator: only("PACKAGER").and_then(phrase).and_then(|text| creator(&text)),
        needs: names(values("DEPENDS")).into_iter().map(Need::any).collect(),
        provides: names(values("PROVIDES")).into_iter().map(str::to_owned).collect(),
        ..Found::new(Ecosystem::Alpm, name, version)
    })
}

/// Returns names without `>=1.2` or `=1-64`.
fn names<'a>(values: &[&'a [u8]]) -> BTreeSet<&'a str> {
    let bare = values.iter().map(|value| {
        let is_end = |b: &u8| b"<>=".contains(b);
        &value[..value.iter().position(is_end).unwrap_or(value.len())]
    });
    bare.filter_map(word).collect()
}

/// Returns the files of the package whose directory is `bash-5.2.026-2`; directories end in a slash and are left out.
fn owned(directory: &str, sections: &Sections<'_>) -> Option<Addition> {
    let package = directory.rsplitn(3, '-').nth(2).and_then(|name| package_name(name.as_bytes()))?;
    let files = sections.get("FILES")?.iter().filter(|path| !path.ends_with(b"/"));
    let files =
        files.filter(|path| path.len() <= PATH_BYTES_MAX).filter_map(|path| std::str::from_utf8(path).ok());
    let owns = files.map(PathKey::of).collect();
    Some(Addition { package: package.to_owned(), owns, ..Addition::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIRECTORY: &str = "var/lib/pacman/local/gcc-libs-13.2.1-3/";

    fn parse(file: &str, text: &[u8]) -> Parsed {
        read(&File { path: &format!("{DIRECTORY}{file}"), bytes: text })
    }

    /// In the manner of Arch Linux's `gcc-libs`.
    const DESC: &str = "\
%NAME%
gcc-libs

%VERSION%
1:13.2.1-3

%BASE%
gcc

%DESC%
Runtime libraries shipped by GCC

%URL%
https://gcc.gnu.org

%ARCH%
x86_64

%PACKAGER%
Some Body <some@example.org>

%LICENSE%
GPL-3.0-with-GCC-exception
GFDL-1.3-or-later

%DEPENDS%
glibc>=2.27
sh

%PROVIDES%
libgfortran.so=5-64
gcc-libs-multilib

";

    #[test]
    fn a_description_is_read() {
        let parsed = parse("desc", DESC.as_bytes());
        let [found] = parsed.packages.as_slice() else { panic!("{parsed:?}") };
        assert_eq!((found.name.as_str(), found.version.as_str()), ("gcc-libs", "1:13.2.1-3"));
        assert_eq!(found.ecosystem, Ecosystem::Alpm);
        assert_eq!(found.source.as_ref().unwrap().name, "gcc");
        assert_eq!(found.architecture.as_deref(), Some("x86_64"));
        assert_eq!(found.licences, ["GPL-3.0-with-GCC-exception", "GFDL-1.3-or-later"]);
        assert_eq!(found.needs, ["glibc", "sh"].map(Need::any));
        assert_eq!(found.provides, ["gcc-libs-multilib", "libgfortran.so"]);
        assert_eq!(found.creator.as_deref(), Some("some@example.org"));
        assert_eq!(found.website.as_deref(), Some("https://gcc.gnu.org"));
    }

    #[test]
    fn files_belong_to_the_package_of_their_directory() {
        let parsed =
            parse("files", b"%FILES%\nusr/\nusr/lib/\nusr/lib/libgcc_s.so.1\n\n%BACKUP%\netc/x\t0\n\n");
        let [addition] = parsed.additions.as_slice() else { panic!("{parsed:?}") };
        assert_eq!(addition.package, "gcc-libs");
        assert_eq!(addition.owns, [PathKey::of("usr/lib/libgcc_s.so.1")]);
    }

    #[test]
    fn only_the_local_database_is_wanted() {
        for (path, expected) in [
            ("var/lib/pacman/local/bash-5.2-1/desc", true),
            ("srv/root/var/lib/pacman/local/bash-5.2-1/files", true),
            ("var/lib/pacman/local/ALPM_DB_VERSION", true),
            ("var/lib/pacman/local/bash-5.2-1/mtree", false),
            ("var/lib/pacman/sync/core/bash-5.2-1/desc", false),
            ("xvar/lib/pacman/local/bash-5.2-1/desc", false),
            ("desc", false),
        ] {
            assert_eq!(CATALOGUER.wants_path(path), expected, "{path}");
        }
    }

    #[test]
    fn hostile_descriptions_are_counted() {
        let long = format!("%NAME%\n{}\n\n%VERSION%\n1\n", "a".repeat(300));
        for text in [
            "",
            "%NAME%\n",
            "%NAME%\na\n\n%BASE%\nb",
            "%NAME%\na b\n\n%VERSION%\n1-1\n",
            "%NAME%\na\n\n%VERSION%\n1\u{202e}\n",
            "%NAME%\na\n\n%VERSION%\n1\n\n%BASE%\nb@9\n",
            "%%\n%\n\n\0\n",
            &long,
        ] {
            let parsed = parse("desc", text.as_bytes());
            assert_eq!((parsed.packages.len(), parsed.unreadable), (0, 1), "{text:?}");
        }
        let flood = format!("%FILES%\n{}", "a\n".repeat(LISTED_MAX + 9));
        assert_eq!(parse("files", flood.as_bytes()).additions[0].owns.len(), LISTED_MAX);
    }

    #[test]
    fn another_format_is_a_gap() {
        for (text, gaps) in [("9\n", 0), ("10\n", 1), ("", 1)] {
            assert_eq!(read(&File { path: FORMAT, bytes: text.as_bytes() }).gaps.len(), gaps, "{text:?}");
        }
    }
}
