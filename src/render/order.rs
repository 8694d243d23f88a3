//! How tags are sorted for people.

use std::cmp::Ordering;

/// Compares tags with their runs of digits as numbers: `1.9` is before `1.28`. Equal only where the texts are.
pub(super) fn tags(left: &str, right: &str) -> Ordering {
    let (mut l, mut r) = (left.as_bytes(), right.as_bytes());
    loop {
        let order = match (l.first(), r.first()) {
            (None, None) => return left.cmp(right),
            (None, _) => return Ordering::Less,
            (_, None) => return Ordering::Greater,
            (Some(a), Some(b)) if a.is_ascii_digit() && b.is_ascii_digit() => {
                let (a, b) = (number(&mut l), number(&mut r));
                a.len().cmp(&b.len()).then_with(|| a.cmp(b))
            }
            (Some(a), Some(b)) => {
                (l, r) = (&l[1..], &r[1..]);
                a.cmp(b)
            }
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Takes a run of digits from the front and returns it without leading zeros, so that length and text compare it.
fn number<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let end = text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    let zeros = digits.iter().take_while(|b| **b == b'0').count();
    &digits[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_compare_as_numbers() {
        let mut found =
            ["latest", "1.28", "1.9", "1.28-alpine", "1.010", "1.10", "99999999999999999999999", "2"];
        found.sort_by(|a, b| tags(a, b));
        assert_eq!(
            found,
            ["1.9", "1.010", "1.10", "1.28", "1.28-alpine", "2", "99999999999999999999999", "latest"]
        );
    }
}
