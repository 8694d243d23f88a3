//! Numbers of the CVE Program, `CVE-2024-0727` (https://www.cve.org/ResourcesSupport/FAQs, "CVE ID"). Pure.

/// Digits of a year.
const YEAR_DIGITS: usize = 4;
/// Fewest and most digits after the year; the CVE record format 5 has room for up to 19.
const NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 4..=19;

/// Returns whether a text is the number of a CVE and nothing else.
pub(super) fn is_cve(text: &str) -> bool {
    beginning(text) == Some(text)
}

/// Returns the number of a CVE that a word begins with: `CVE-2017-17434` of `CVE-2017-17434-1`.
pub(super) fn beginning(word: &str) -> Option<&str> {
    let (year, rest) = word.strip_prefix("CVE-")?.split_once('-')?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let is_year = year.len() == YEAR_DIGITS && year.bytes().all(|b| b.is_ascii_digit());
    let ends = !rest.get(digits..)?.starts_with(|c: char| c.is_alphanumeric());
    let fits = is_year && NUMBER_DIGITS.contains(&digits) && ends;
    if fits { word.get(.."CVE-".len() + YEAR_DIGITS + "-".len() + digits) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_what_looks_like_them() {
        for (word, expected) in [
            ("CVE-2024-0727", Some("CVE-2024-0727")),
            ("CVE-2018-1000500", Some("CVE-2018-1000500")),
            ("CVE-2024-1234567890123456789", Some("CVE-2024-1234567890123456789")),
            ("CVE-2024-12345678901234567890", None),
            ("CVE-2017-17434-1", Some("CVE-2017-17434")),
            ("CVE-2019-19451.patch", Some("CVE-2019-19451")),
            ("CVE-2019-19451,", Some("CVE-2019-19451")),
            ("CVE-2019-19451\u{e9}", None),
            ("CVE-2019-1945a", None),
            ("CVE-2019-123", None),
            ("CVE-????-?????", None),
            ("CVE-19-1234", None),
            ("CVE-20199-1234", None),
            ("CVE-2019", None),
            ("CVE-", None),
            ("cve-2024-0727", None),
            ("DEBIAN-CVE-2024-0727", None),
            ("", None),
        ] {
            assert_eq!(beginning(word), expected, "{word}");
            assert_eq!(is_cve(word), expected == Some(word), "{word}");
        }
    }
}
