//! Numbers and pieces of bytes; `None` where they reach past the end.

/// Returns `length` bytes from `at` on.
pub(super) fn slice(bytes: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(length)?)
}

/// Returns the little-endian number in `length` bytes, at most eight, from `at` on.
pub(super) fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let digits = slice(bytes, at, length).filter(|digits| digits.len() <= 8)?;
    Some(digits.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}
