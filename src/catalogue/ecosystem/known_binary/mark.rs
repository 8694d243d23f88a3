//! How a program tells its version in its bytes: a literal text beside it, and what a version looks like there.

use memchr::memmem;

use crate::catalogue::found::Window;

/// The longest version that is accepted.
const VERSION_BYTES_MAX: usize = 64;

/// The most places of one literal that are looked at in one window: a hostile file may consist of nothing else. The
/// shortest literals are in real programs some ten thousand times.
const PLACES_MAX: usize = 200_000;

/// The most padding between a literal and its version.
const PADDING_BYTES_MAX: usize = 32;

/// One way in which a program tells its version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    literal: &'static [u8],
    side: Side,
    /// The fewest and the most numbers, separated by dots.
    parts: (usize, usize),
    tail: Tail,
    /// One of these adjoins the version on its other side; where there are none, whatever does not go on with it.
    next: &'static [&'static [u8]],
    /// Whether zeros may stand between the literal and the version.
    is_padded: bool,
    /// How many of the literal's last bytes are the version's first ones.
    inside: usize,
    /// The most digits of one number. Fewer than there are leave the rest to what follows without a separator.
    digits: usize,
    /// A further text, and within how many bytes behind the version it begins.
    followed: Option<(&'static [u8], usize)>,
}

/// Where the version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    After,
    Before,
}

/// What may follow the numbers of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    None,
    /// One or two letters, `1.1.1w`, or a stage of development.
    Letters,
    /// A stage of development: `-rc.1`, `beta2`, `-dev`.
    Stage,
    /// A further number, `-2`.
    Number,
    /// Letters, digits and `+-._~`.
    Word,
}

/// Stages of development, the longer before those that they begin with.
const STAGES: [&[u8]; 14] = [
    b"alpha",
    b"beta",
    b"preview",
    b"snapshot",
    b"SNAPSHOT",
    b"stable",
    b"test",
    b"dev",
    b"pre",
    b"git",
    b"rc",
    b"RC",
    b"GIT",
    b"p",
];

/// A version of two to four numbers behind `literal`.
pub(super) const fn after(literal: &'static [u8]) -> Mark {
    Mark {
        literal,
        side: Side::After,
        parts: (2, 4),
        tail: Tail::None,
        next: &[],
        is_padded: false,
        inside: 0,
        digits: VERSION_BYTES_MAX,
        followed: None,
    }
}

/// A version of two to four numbers in front of `literal`.
pub(super) const fn before(literal: &'static [u8]) -> Mark {
    Mark { side: Side::Before, ..after(literal) }
}

impl Mark {
    /// The version has so many numbers.
    pub(super) const fn parts(self, fewest: usize, most: usize) -> Self {
        Self { parts: (fewest, most), ..self }
    }

    /// One or two letters or a stage may follow the numbers.
    pub(super) const fn letters(self) -> Self {
        Self { tail: Tail::Letters, ..self }
    }

    /// A stage of development may follow the numbers.
    pub(super) const fn stage(self) -> Self {
        Self { tail: Tail::Stage, ..self }
    }

    /// A further number may follow behind a hyphen.
    pub(super) const fn number(self) -> Self {
        Self { tail: Tail::Number, ..self }
    }

    /// Anything that versions are made of may follow the numbers.
    pub(super) const fn word(self) -> Self {
        Self { tail: Tail::Word, ..self }
    }

    /// One of these texts adjoins the version on its other side.
    pub(super) const fn next(self, next: &'static [&'static [u8]]) -> Self {
        Self { next, ..self }
    }

    /// Zeros may stand between the literal and the version.
    pub(super) const fn padded(self) -> Self {
        Self { is_padded: true, ..self }
    }

    /// The version begins with so many of the literal's last bytes.
    pub(super) const fn inside(self, bytes: usize) -> Self {
        Self { inside: bytes, ..self }
    }

    /// No number has more than two digits; others may follow at once.
    pub(super) const fn two_digits(self) -> Self {
        Self { digits: 2, ..self }
    }

    /// Within so many bytes behind the version a further text begins.
    pub(super) const fn followed(self, text: &'static [u8], within: usize) -> Self {
        Self { followed: Some((text, within)), ..self }
    }

    /// Returns the first version that this mark finds.
    pub(super) fn find(&self, window: &Window<'_>) -> Option<String> {
        let bytes = window.bytes;
        let places = memmem::find_iter(bytes, self.literal).take(PLACES_MAX).filter(|at| window.owns(*at));
        places.into_iter().find_map(|at| {
            let version = match self.side {
                Side::After => self.forward(bytes, at + self.literal.len() - self.inside),
                Side::Before => self.backward(bytes, at),
            }?;
            let end = version.1;
            let is_followed = self.followed.is_none_or(|(text, within)| {
                let ahead = &bytes[end..bytes.len().min(end + within + text.len())];
                memmem::find(ahead, text).is_some()
            });
            is_followed.then(|| String::from_utf8_lossy(&bytes[version.0..end]).into_owned())
        })
    }

    /// Returns whether the whole of `text` is a version.
    pub(super) fn matches(&self, text: &[u8]) -> bool {
        self.length(text) == Some(text.len())
    }

    /// Returns where the version behind `at` begins and ends.
    fn forward(&self, bytes: &[u8], at: usize) -> Option<(usize, usize)> {
        let start = if self.is_padded { at + padding(bytes.get(at..)?.iter()) } else { at };
        let text = bytes.get(start..)?;
        let length = self.length(&text[..text.len().min(VERSION_BYTES_MAX)])?;
        let rest = &text[length..];
        let fits = match self.next {
            [] => self.digits < VERSION_BYTES_MAX || !goes_on(rest),
            next => next.iter().any(|next| rest.starts_with(next)),
        };
        fits.then_some((start, start + length))
    }

    /// Returns where the version in front of `at` begins and ends.
    fn backward(&self, bytes: &[u8], at: usize) -> Option<(usize, usize)> {
        let end = if self.is_padded { at - padding(bytes[..at].iter().rev()) } else { at };
        let word =
            bytes[..end].iter().rev().take_while(|b| is_of_version(**b)).count().min(VERSION_BYTES_MAX);
        (end - word..end).find_map(|start| {
            let is_start = bytes[start].is_ascii_digit()
                && !(start > 0 && (bytes[start - 1].is_ascii_digit() || ends_number(&bytes[..start])));
            let fits = is_start
                && self.length(&bytes[start..end]) == Some(end - start)
                && (self.next.is_empty() || self.next.iter().any(|next| bytes[..start].ends_with(next)));
            fits.then_some((start, end))
        })
    }

    /// Returns how long the version at the start of `text` is.
    fn length(&self, text: &[u8]) -> Option<usize> {
        let (fewest, most) = self.parts;
        let digits = |text: &[u8]| digits(text).min(self.digits);
        let (mut length, mut parts) = (digits(text), usize::from(digits(text) > 0));
        while parts > 0 && parts < most && text.get(length) == Some(&b'.') {
            let more = digits(&text[length + 1..]);
            if more == 0 {
                break;
            }
            (length, parts) = (length + 1 + more, parts + 1);
        }
        (parts >= fewest && parts > 0).then(|| length + self.tail.length(&text[length..]))
    }
}

impl Tail {
    fn length(self, text: &[u8]) -> usize {
        match self {
            Self::None => 0,
            Self::Letters => match stage(text) {
                0 => text.iter().take(2).take_while(|b| b.is_ascii_lowercase()).count(),
                length => length,
            },
            Self::Stage => stage(text),
            Self::Number => match text.split_first() {
                Some((b'-', rest)) if digits(rest) > 0 => 1 + digits(rest),
                _ => 0,
            },
            Self::Word => text.iter().take_while(|b| is_of_version(**b)).count(),
        }
    }
}

/// Returns the length of a stage of development with its number: `-rc.1`, `beta2`, `-dev-3`.
fn stage(text: &[u8]) -> usize {
    let start = usize::from(text.first().is_some_and(|b| b"-.".contains(b)));
    let Some(name) = STAGES.iter().find(|name| text[start..].starts_with(name)) else { return 0 };
    let end = start + name.len();
    // `p` alone is no stage, and `prefix` none either.
    let separator = usize::from(text.get(end).is_some_and(|b| b"-.".contains(b)));
    match digits(&text[end + separator..]) {
        0 if *name == b"p" || text.get(end).is_some_and(u8::is_ascii_alphanumeric) => 0,
        0 => end,
        number => end + separator + number,
    }
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|b| b.is_ascii_digit()).count()
}

fn padding<'a>(bytes: impl Iterator<Item = &'a u8>) -> usize {
    bytes.take(PADDING_BYTES_MAX).take_while(|b| **b == 0).count()
}

pub(super) fn is_of_version(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+-._~".contains(&byte)
}

/// Returns whether a version goes on behind where it was thought to end.
fn goes_on(rest: &[u8]) -> bool {
    rest.strip_prefix(b".").unwrap_or(rest).first().is_some_and(u8::is_ascii_digit)
}

/// Returns whether text ends with a digit and a dot.
fn ends_number(text: &[u8]) -> bool {
    matches!(text, [.., digit, b'.'] if digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(mark: Mark, bytes: &[u8]) -> Option<String> {
        mark.find(&Window { path: "a", bytes, offset: 0, piece: (0, bytes.len()) })
    }

    #[test]
    fn versions_are_read_behind_and_in_front_of_a_literal() {
        let table: &[(Mark, &[u8], Option<&str>)] = &[
            (after(b"curl/"), b"x\0curl/8.5.0\0", Some("8.5.0")),
            (after(b"curl/"), b"curl/%s\0curl/8.5.0", Some("8.5.0")),
            (after(b"v").parts(3, 3), b"v1.2\0v1.2.3.4\0v1.2.3\0", Some("1.2.3")),
            (after(b"v").parts(1, 3).next(&[b"\0"]), b"v1.2-x\0v15beta4\0v15\0", Some("15")),
            (after(b"v").parts(1, 3).stage().next(&[b"\0"]), b"v1.2-x\0v15beta4\0", Some("15beta4")),
            (after(b"v").stage(), b"v1.29.0-rc.3 ", Some("1.29.0-rc.3")),
            (after(b"v").stage(), b"v1.7.0-dev-3 ", Some("1.7.0-dev-3")),
            (after(b"v").stage(), b"v2.7.7p221 ", Some("2.7.7p221")),
            (after(b"v").stage(), b"v2.7.prefix ", Some("2.7")),
            (after(b"v").letters(), b"v1.1.1zb ", Some("1.1.1zb")),
            (after(b"v").letters(), b"v3.0.0-beta2 ", Some("3.0.0-beta2")),
            (after(b"v").number(), b"v3.12.5-2 [", Some("3.12.5-2")),
            (after(b"v").word(), b"v11.0.17+8-LTS\0", Some("11.0.17+8-LTS")),
            (after(b"OTP").padded(), b"OTP\0\0\x0026.1.2\0", Some("26.1.2")),
            (before(b"-MariaDB"), b"\x0010.6.15-MariaDB", Some("10.6.15")),
            (before(b"-MariaDB"), b"\0-MariaDB 1.2-MariaDB", Some("1.2")),
            (before(b"build"), b"valkey9.0.0build", Some("9.0.0")),
            (before(b"build").parts(3, 3), b"1.2.3.4build", None),
            (before(b"\0Erl").padded(), b"\x0026.1.2\0\0\0\0Erl", Some("26.1.2")),
            (before(b" (stable)").stage(), b"\x003.6.0-216 (stable)", None),
            (before(b"\0x").next(&[b"\0"]), b"a1.2\0x\x001.3\0x", Some("1.3")),
            (after(b"\0").followed(b"envoy", 5), b"\x001.2\0 \x001.3\0abenvoy", Some("1.3")),
            (after(b"v"), b"v", None),
            (after(b"v"), b"v1", None),
            (after(b"v"), b"", None),
        ];
        for (mark, bytes, expected) in table {
            assert_eq!(
                find(*mark, bytes).as_deref(),
                *expected,
                "{mark:?} {:?}",
                String::from_utf8_lossy(bytes)
            );
        }
    }

    #[test]
    fn endless_numbers_and_floods_end() {
        let nines = [b"v".as_slice(), &[b'9'; 10_000]].concat();
        assert_eq!(find(after(b"v").parts(1, 4), &nines), None);
        assert_eq!(find(before(b"v"), &[[b'1'; 10_000].as_slice(), b"v"].concat()), None);
        assert_eq!(find(after(b"\0").padded(), &vec![0; 1 << 20]), None);
    }

    #[test]
    fn truncation_at_every_length_is_survived() {
        let bytes = b"\0\0nginx version: nginx/1.25.1-rc.1+5\0envoy";
        let mark = after(b"nginx/").word().followed(b"envoy", 20).next(&[b"\0"]);
        for length in 0..bytes.len() {
            assert_eq!(find(mark, &bytes[..length]), None);
        }
        assert_eq!(find(mark, bytes).unwrap(), "1.25.1-rc.1+5");
    }
}
