//! Names of the Common Platform Enumeration, as far as documents take them.

use std::sync::LazyLock;

use regex::Regex;

/// A part of a name: any, none, or letters, digits and escaped marks with wildcards at either end.
const PART: &str =
    r##"(:(((\?*|\*?)([a-zA-Z0-9\-._]|(\\[\\*?!"#$%&'()+,/:;<=>@\[\]^`{|}~]))+(\?*|\*?))|[*\-]))"##;

static NAME: LazyLock<Regex> = LazyLock::new(|| {
    let language = r"(:(([a-zA-Z]{2,3}(-([a-zA-Z]{2}|[0-9]{3}))?)|[*\-]))";
    let pattern = format!(r"^cpe:2\.3:[aho*\-]{PART}{{5}}{language}{PART}{{4}}$");
    Regex::new(&pattern).expect("the pattern is a constant, which a test compiles")
});

/// The longest name that is looked at. Real ones stay below 200 bytes.
const NAME_BYTES_MAX: usize = 2000;

/// Returns whether a text is a formatted name of CPE 2.3 (NIST IR 7695, section 6.2, by the pattern that SPDX 2.3 and
/// CycloneDX print). Images name what they like, and one bad name would make the whole document invalid.
pub(super) fn is_name(text: &str) -> bool {
    text.len() <= NAME_BYTES_MAX && NAME.is_match(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_whole_and_escaped() {
        let good = [
            "cpe:2.3:a:openssl:openssl:3.0.11:*:*:*:*:*:*:*",
            r"cpe:2.3:a:a\:b:c\+\+:1.0:beta1:-:en-US:*:*:*:*",
            "cpe:2.3:o:debian:debian_linux:12:*:*:*:*:*:*:*",
            "cpe:2.3:a:x:y:1.?:*:*:*:*:*:*:*",
        ];
        let bad = [
            "",
            "cpe:2.3:a:b",
            "cpe:/a:b:c:1",
            "cpe:2.3:a:b:c:1:*:*:*:*:*:*:*:*",
            "cpe:2.3:a:b c:d:1:*:*:*:*:*:*:*",
            "cpe:2.3:a:b\"c:d:1:*:*:*:*:*:*:*",
            "cpe:2.3:a:ä:d:1:*:*:*:*:*:*:*",
            "cpe:2.3:a:b:c:1+2:*:*:*:*:*:*:*",
            "cpe:2.3:a:b:c:1:*:*:*:*:*:*:*\n",
        ];
        let wrong: Vec<&&str> = good
            .iter()
            .filter(|text| !is_name(text))
            .chain(bad.iter().filter(|text| is_name(text)))
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        assert!(!is_name(&format!("cpe:2.3:a:b:{}:1:*:*:*:*:*:*:*", "c".repeat(3000))));
    }
}
