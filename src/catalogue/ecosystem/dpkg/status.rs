//! `status`, and the `status.d` of distroless images (dpkg(1), deb822(5), Debian Policy, chapters 5 and 7).
//!
//! A stanza is a run of fields; lines that begin with a blank continue the field above. A stanza of `status.d` is a
//! control file and has no `Status`.

use std::collections::BTreeSet;

use crate::catalogue::ecosystem::{creator, package_name, phrase, word};
use crate::catalogue::found::{Found, LISTED_MAX, Need, Parsed};
use crate::model::{Ecosystem, Source};

/// States in which the files of the package are on disk (dpkg(1), "Package states"). A half-installed one is a
/// broken unpacking and dpkg itself calls for its reinstallation.
const PRESENT: [&[u8]; 5] =
    [b"installed", b"unpacked", b"half-configured", b"triggers-awaited", b"triggers-pending"];

/// Fields that make the identity: one line each, and once.
const FIELDS: [&[u8]; 5] = [b"package", b"version", b"architecture", b"source", b"status"];

/// Fields that describe the package; the first of a name counts, and lists may go on over several lines.
const DETAILS: [&[u8]; 5] = [b"maintainer", b"homepage", b"depends", b"pre-depends", b"provides"];

/// The field whose value a line of the stanza may continue.
#[derive(Default, Clone, Copy)]
enum Last {
    Field,
    Detail(usize),
    #[default]
    Other,
}

#[derive(Default)]
struct Stanza<'a> {
    started: bool,
    /// A field of the identity is given twice or goes on over several lines.
    malformed: bool,
    /// Values in the order of [`FIELDS`].
    values: [Option<&'a [u8]>; 5],
    /// Lines of values in the order of [`DETAILS`].
    details: [Vec<&'a [u8]>; 5],
    last: Last,
}

impl<'a> Stanza<'a> {
    fn line(&mut self, line: &'a [u8]) {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            match self.last {
                Last::Field => self.malformed = true,
                Last::Detail(index) if self.details[index].len() < LISTED_MAX => {
                    self.details[index].push(line);
                }
                Last::Detail(_) | Last::Other => {}
            }
            return;
        }
        self.started = true;
        self.last = Last::Other;
        let Some(colon) = line.iter().position(|b| *b == b':') else { return };
        let (name, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
        let is_named = |field: &&[u8]| name.eq_ignore_ascii_case(field);
        if let Some(index) = FIELDS.iter().position(is_named) {
            self.malformed |= self.values[index].is_some();
            self.values[index] = Some(value);
            self.last = Last::Field;
        } else if let Some(index) = DETAILS.iter().position(is_named)
            && self.details[index].is_empty()
        {
            self.details[index].push(value);
            self.last = Last::Detail(index);
        }
    }

    /// Returns whether the files of the package are on disk; without a `Status` they are.
    fn present(&self) -> bool {
        let state = |status: &'a [u8]| status.split(u8::is_ascii_whitespace).rfind(|word| !word.is_empty());
        self.values[4].is_none_or(|status| state(status).is_some_and(|state| PRESENT.contains(&state)))
    }

    fn found(&self) -> Option<Found> {
        let [name, version, architecture, source, _] = self.values;
        let (name, version) = (package_name(name?)?, word(version?)?);
        let architecture = architecture.map_or(Some(None), |value| word(value).map(Some))?;
        let source = source.map_or_else(|| Some((name, version)), |value| origin(value, version))?;
        let [maintainer, homepage, depends, pre_depends, provides] = &self.details;
        let needs = names(depends.iter().chain(pre_depends));
        let found = Found {
            architecture: architecture.map(str::to_owned),
            source: Some(Source { name: source.0.to_owned(), version: source.1.to_owned() }),
            creator: phrase(&maintainer.concat()).and_then(|text| creator(&text)),
            website: phrase(&homepage.concat()),
            needs: needs.into_iter().map(Need::any).collect(),
            provides: names(provides.iter()).into_iter().map(str::to_owned).collect(),
            ..Found::new(Ecosystem::Deb, name, version)
        };
        (!self.malformed).then_some(found)
    }
}

/// Returns the package names of a relationship field, without versions, architectures and alternatives' order:
/// `a (>= 1), b:any | c [amd64] <!nocheck>`.
fn names<'a>(lines: impl Iterator<Item = &'a &'a [u8]>) -> BTreeSet<&'a str> {
    let terms = lines.flat_map(|line| line.split(|b| matches!(b, b',' | b'|')));
    let bare = terms.map(|term| {
        let term = term.trim_ascii();
        let is_end = |b: &u8| b.is_ascii_whitespace() || b"(:[<".contains(b);
        &term[..term.iter().position(is_end).unwrap_or(term.len())]
    });
    bare.filter_map(package_name).take(LISTED_MAX).collect()
}

/// Reads `name` or `name (version)`.
fn origin<'a>(value: &'a [u8], version: &'a str) -> Option<(&'a str, &'a str)> {
    let Some(open) = value.iter().position(|b| *b == b'(') else {
        return Some((package_name(value)?, version));
    };
    let inner = value[open + 1..].strip_suffix(b")")?;
    Some((package_name(value[..open].trim_ascii())?, word(inner.trim_ascii())?))
}

/// Returns every package whose files are on disk; total on any bytes.
pub(super) fn parse(bytes: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    let mut stanza = Stanza::default();
    for line in bytes.split(|b| *b == b'\n').chain([&b""[..]]) {
        if !line.trim_ascii().is_empty() {
            stanza.line(line);
            continue;
        }
        if stanza.started && stanza.present() {
            parsed.add(stanza.found());
        }
        stanza = Stanza::default();
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> (Vec<String>, u64) {
        crate::catalogue::ecosystem::tests::installed(&parse(text.as_bytes()))
    }

    #[test]
    fn awkward_stanzas_are_read_as_dpkg_writes_them() {
        let status = "\
Package: libgcc-s1
Status: install ok installed
Priority: optional
Architecture: amd64
Multi-Arch: same
Source: gcc-12 (12.2.0-14)
Version: 12.2.0-14+deb12u1
Description: GCC support library
 Package: not-a-field
 .
 Version: 9

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0-1
Conffiles:
 /etc/removed.conf 0123456789abcdef0123456789abcdef

Package: redis
Status: hold ok installed
Architecture: arm64
Version: 5:7.0.15-1~deb12u1

Package: purged
Status: purge ok not-installed

Package: half
Status: install reinstreq half-installed
Architecture: amd64
Version: 2.0-1

Package: dbus
Status: install ok triggers-pending
Architecture: amd64
version: 1.14.10-1

Package: tzdata
Status: install ok installed
Architecture: all
Source: tzdata
Version: 2024a-0+deb12u1";
        let expected = [
            "libgcc-s1 12.2.0-14+deb12u1 amd64 gcc-12 12.2.0-14",
            "redis 5:7.0.15-1~deb12u1 arm64 redis 5:7.0.15-1~deb12u1",
            "dbus 1.14.10-1 amd64 dbus 1.14.10-1",
            "tzdata 2024a-0+deb12u1 all tzdata 2024a-0+deb12u1",
        ];
        assert_eq!(shown(status), (expected.map(str::to_owned).to_vec(), 0));
    }

    /// From Debian 12's `libpam-runtime`, `debconf` and `python3`, and from Debian Policy, section 7.1.
    #[test]
    fn relationships_and_the_people_are_read() {
        let control = "\
Package: debconf
Version: 1.5.82
Maintainer: Debconf Developers <debconf-devel@lists.alioth.debian.org>
Homepage: https://example.org/
Depends: libc6 (>= 2.34), python3:any,
 default-mta | mail-transport-agent [amd64] <!nocheck>
Pre-Depends: libc6
Provides: debconf-2.0, dpkg-tool (= 1)
Depends: again
";
        let parsed = parse(control.as_bytes());
        let found = &parsed.packages[0];
        assert_eq!(found.needs, ["default-mta", "libc6", "mail-transport-agent", "python3"].map(Need::any));
        assert_eq!(found.provides, ["debconf-2.0", "dpkg-tool"]);
        assert_eq!(found.creator.as_deref(), Some("debconf-devel@lists.alioth.debian.org"));
        assert_eq!(found.website.as_deref(), Some("https://example.org/"));
        let hostile =
            parse(b"Package: a\nVersion: 1\nMaintainer: \x1b[2J\xe2\x80\xae\nDepends: ../b, c d, |,,(\n");
        assert_eq!(hostile.packages[0].needs, [Need::any("c")]);
        assert_eq!(hostile.packages[0].creator.as_deref(), Some("[2J"));
    }

    #[test]
    fn a_distroless_control_file_needs_no_status() {
        let control = "Package: base-files\nVersion: 12.4+deb12u5\nArchitecture: amd64\nDescription: x\n y\n";
        assert_eq!(shown(control).0, ["base-files 12.4+deb12u5 amd64 base-files 12.4+deb12u5"]);
    }

    #[test]
    fn hostile_stanzas_are_counted_and_never_listed() {
        let long = format!("Package: a\nVersion: {}\n", "1".repeat(300));
        for text in [
            "Package: a\n",
            "Version: 1\n",
            "Package: a\nVersion: 1\nVersion: 2\n",
            "Package: a\nVersion: 1\n 2\n",
            "Package: a b\nVersion: 1\n",
            "Package: a|b\nVersion: 1\n",
            "Package: a\nVersion: 1\u{202e}\n",
            "Package: a\nVersion: 1\nSource: b (2\n",
            "Package: a\nVersion: 1\nSource: b@2\n",
            "Package: a\nVersion: 1\nSource: ()\n",
            "Package: a\nVersion: 1\nArchitecture:\n",
            "no colon\n",
            ":\n",
            &long,
        ] {
            assert_eq!(shown(text), (vec![], 1), "{text:?}");
        }
        assert_eq!(shown(" continuation of nothing\n"), (vec![], 0));
        assert_eq!(parse(b"\xff\xfe: \xff\n\0\0\0\n").unreadable, 1);
    }

    #[test]
    fn a_flood_of_packages_is_cut_and_counted() {
        let text = "Package: p\nVersion: 1\n\n".repeat(crate::catalogue::found::PACKAGES_MAX + 3);
        let parsed = parse(text.as_bytes());
        assert_eq!((parsed.packages.len(), parsed.unreadable), (100_000, 3));
    }
}
