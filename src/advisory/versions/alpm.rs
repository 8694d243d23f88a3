//! Pacman's versions: `[epoch:]version[-release]` (vercmp(8)), with segments as RPM once had them.

use std::cmp::Ordering;

use super::numbers;

/// Returns the order of two versions.
pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (Parts::of(a)?, Parts::of(b)?);
    let order = numbers(a.epoch, b.epoch).then_with(|| segments(a.upstream, b.upstream));
    // A release counts where both have one.
    let releases = a.release.zip(b.release).map(|(a, b)| segments(a, b));
    Some(order.then(releases.unwrap_or(Ordering::Equal)))
}

struct Parts<'a> {
    epoch: &'a str,
    upstream: &'a str,
    release: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (epoch, rest) = match text[digits..].strip_prefix(':') {
            Some(rest) => (if digits == 0 { "0" } else { &text[..digits] }, rest),
            None => ("0", text),
        };
        let (upstream, release) = rest.rsplit_once('-').map_or((rest, None), |(v, r)| (v, Some(r)));
        Some(Self { epoch, upstream, release })
    }
}

/// Compares runs of digits and runs of letters; what parts them counts by its length alone.
fn segments(mut a: &str, mut b: &str) -> Ordering {
    while !a.is_empty() && !b.is_empty() {
        let (gap_a, rest_a) = without_separators(a);
        let (gap_b, rest_b) = without_separators(b);
        (a, b) = (rest_a, rest_b);
        let (Some(first), Some(_)) = (a.bytes().next(), b.bytes().next()) else { break };
        if gap_a != gap_b {
            return gap_a.cmp(&gap_b);
        }
        let is_number = first.is_ascii_digit();
        let (run_a, rest_a) = run(a, is_number);
        let (run_b, rest_b) = run(b, is_number);
        if run_b.is_empty() {
            return if is_number { Ordering::Greater } else { Ordering::Less };
        }
        let order = if is_number { numbers(run_a, run_b) } else { run_a.cmp(run_b) };
        if order.is_ne() {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
    let is_letter = |text: &str| text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    match (a.is_empty(), b.is_empty()) {
        (true, true) => Ordering::Equal,
        // Letters at the end never are above nothing: `1.0rc` is below `1.0`.
        (true, false) => {
            if is_letter(b) {
                Ordering::Greater
            } else {
                Ordering::Less
            }
        }
        _ => {
            if is_letter(a) {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
    }
}

fn without_separators(text: &str) -> (usize, &str) {
    let gap = text.bytes().take_while(|b| !b.is_ascii_alphanumeric()).count();
    (gap, &text[gap..])
}

fn run(text: &str, is_number: bool) -> (&str, &str) {
    let fits = |b: &u8| if is_number { b.is_ascii_digit() } else { b.is_ascii_alphabetic() };
    text.split_at(text.bytes().take_while(fits).count())
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, compare};
    use std::cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn versions_are_ordered_as_vercmp_orders_them() {
        // Of pacman's own tests of vercmp, test/util/vercmptest.sh.
        for (a, order, b) in [
            ("1.5.0", Equal, "1.5.0"),
            ("1.5.1", Greater, "1.5.0"),
            ("1.5.1", Greater, "1.5"),
            ("1.5.0-1", Equal, "1.5.0"),
            ("1.5.0-1", Less, "1.5.0-2"),
            ("1.5.0-2", Greater, "1.5.0-1"),
            ("1.5.0-2", Less, "1.5.1-1"),
            ("1.5-1", Less, "1.5.1-1"),
            ("1.1-1", Equal, "1.1"),
            ("1.5b-1", Less, "1.5-1"),
            ("1.5b", Less, "1.5"),
            ("1.5b-1", Less, "1.5"),
            ("1.5b", Less, "1.5.1"),
            ("1.0a", Less, "1.0alpha"),
            ("1.0alpha", Less, "1.0b"),
            ("1.0b", Less, "1.0beta"),
            ("1.0beta", Less, "1.0rc"),
            ("1.0rc", Less, "1.0"),
            ("1.5.a", Greater, "1.5"),
            ("1.5.b", Greater, "1.5.a"),
            ("1.5.1", Greater, "1.5.b"),
            ("1.5.b-1", Equal, "1.5.b"),
            ("1.5-1", Less, "1.5.b"),
            ("2.0", Equal, "2_0"),
            ("2.0_a", Equal, "2_0.a"),
            ("2.0a", Less, "2.0.a"),
            ("2___a", Greater, "2_a"),
            ("0:1.0", Equal, "1.0"),
            ("0:1.0", Less, "1:1.0"),
            ("1:1.0", Greater, "1.1"),
            ("0:1.1", Greater, "0:1.0"),
        ] {
            assert_eq!(compare(Scheme::Alpm, a, b), Some(order), "{a} {b}");
            assert_eq!(compare(Scheme::Alpm, b, a), Some(order.reverse()), "{b} {a}");
        }
    }
}
