//! `packages.txt`: one package URL a line, sorted, so that a Git diff between two digests is the package diff.

/// The union over all platforms; always there.
pub(in crate::evidence) const UNION: &str = "packages.txt";

/// Returns whether a file name is that of a package list: `packages.txt` or `packages.<platform>.txt`.
pub(in crate::evidence) fn is_list(name: &str) -> bool {
    let platform = name.strip_prefix("packages.").and_then(|rest| rest.strip_suffix(".txt"));
    name == UNION || platform.is_some_and(|platform| !platform.contains('/'))
}

/// Reads a package list.
///
/// # Errors
/// A sentence about what is wrong.
pub(in crate::evidence) fn parse(bytes: &[u8]) -> Result<String, String> {
    let text = str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    if !text.is_empty() && !text.ends_with('\n') {
        return Err("its last line has no end".to_owned());
    }
    let mut before = "";
    for (index, line) in text.lines().enumerate() {
        if !line.starts_with("pkg:") {
            return Err(format!("line {} is no package URL", index + 1));
        }
        if line <= before {
            return Err(format!("line {} is out of order or repeated", index + 1));
        }
        before = line;
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_sorted_and_whole() {
        let cases = [
            ("", true),
            ("pkg:deb/debian/a@1\npkg:deb/debian/b@1\n", true),
            ("pkg:deb/debian/b@1\npkg:deb/debian/a@1\n", false),
            ("pkg:deb/debian/a@1\npkg:deb/debian/a@1\n", false),
            ("pkg:deb/debian/a@1", false),
            ("\n", false),
            ("rm -rf /\n", false),
        ];
        for (text, ok) in cases {
            assert_eq!(parse(text.as_bytes()).is_ok(), ok, "{text:?}");
        }
        assert!(parse(b"pkg:\xff\n").is_err());
        assert!(is_list("packages.linux-arm64.txt") && !is_list("packages.json"));
    }
}
