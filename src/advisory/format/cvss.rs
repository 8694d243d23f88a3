//! CVSS vectors as advisories write them (https://www.first.org/cvss/). Pure. Scores that stand beside them are never
//! read: they are computed from the vector.

use crate::advisory::{
    bundle::SeverityStatement,
    record::{name, shown},
};

/// How the vectors of each version begin, with OSV's name of the kind (OSV schema, "severity[].type").
const KINDS: [(&str, &str); 4] =
    [("CVSS:4.0/", "CVSS_V4"), ("CVSS:3.1/", "CVSS_V3"), ("CVSS:3.0/", "CVSS_V3"), ("AV:", "CVSS_V2")];

/// Returns a vector with its kind, or why it is none.
pub(super) fn statement(vector: &str) -> Result<SeverityStatement, String> {
    let kind = KINDS.iter().find(|(beginning, _)| vector.starts_with(beginning)).map(|(_, kind)| *kind);
    let plain = vector.bytes().all(|b| b.is_ascii_alphanumeric() || b":/.".contains(&b));
    let Some(kind) = kind.filter(|_| plain && name(vector).is_ok()) else {
        return Err(format!("`{}` is no CVSS vector", shown(vector)));
    };
    Ok(SeverityStatement { kind: kind.to_owned(), value: vector.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_named_by_their_version() {
        for (vector, expected) in [
            ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", Some("CVSS_V4")),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Some("CVSS_V3")),
            ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Some("CVSS_V3")),
            ("AV:N/AC:L/Au:N/C:P/I:P/A:P", Some("CVSS_V2")),
            ("9.8", None),
            ("CVSS:5.0/AV:N", None),
            ("HIGH", None),
            ("", None),
            ("AV:N\n/AC:L", None),
            ("AV:N/\u{202e}", None),
        ] {
            let found = statement(vector);
            assert_eq!(found.as_ref().ok().map(|s| s.kind.as_str()), expected, "{vector}");
            assert_eq!(found.ok().map(|s| s.value), expected.map(|_| vector.to_owned()), "{vector}");
        }
        assert!(statement(&format!("AV:{}", "N".repeat(300))).is_err());
    }
}
