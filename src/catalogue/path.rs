//! Paths inside an archive.

use std::collections::BTreeMap;

use super::CatalogueError;

/// The longest path that is accepted, `PATH_MAX` of Linux: a longer one cannot be unpacked by anybody.
pub(super) const PATH_BYTES_MAX: usize = 4096;

/// Returns the path without `./`, leading `/`, doubled and trailing `/`; the root is the empty string. `None` for
/// names that are not UTF-8, which no path of interest is.
///
/// # Errors
/// [`CatalogueError`] for paths that climb (`..`) or are too long.
pub(super) fn normalise(raw: &[u8]) -> Result<Option<String>, CatalogueError> {
    if raw.len() > PATH_BYTES_MAX {
        return Err(CatalogueError::Limit { what: "bytes in a path", max: PATH_BYTES_MAX as u64 });
    }
    if raw.split(|b| *b == b'/').any(|segment| segment == b"..") {
        return Err(CatalogueError::Path(String::from_utf8_lossy(raw).chars().take(120).collect()));
    }
    let Ok(text) = std::str::from_utf8(raw) else { return Ok(None) };
    let segments: Vec<&str> = text.split('/').filter(|s| !s.is_empty() && *s != ".").collect();
    Ok(Some(segments.join("/")))
}

/// Returns the directory and the name of a normalised path; the directory of a top-level name is the root, `""`.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Returns `directory/name`, where the root adds no slash.
pub(super) fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// Removes every entry below the directory `path`, not the one at it.
pub(super) fn remove_below<V>(map: &mut BTreeMap<String, V>, path: &str) {
    let below = format!("{path}/");
    let keys = map.range(below.clone()..).map(|(key, _)| key).take_while(|key| key.starts_with(&below));
    for key in keys.cloned().collect::<Vec<_>>() {
        map.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_path_become_one() {
        for (raw, expected) in [
            ("./var/lib/dpkg/status", "var/lib/dpkg/status"),
            ("/etc/os-release", "etc/os-release"),
            ("var//lib/./dpkg/", "var/lib/dpkg"),
            ("./", ""),
            ("..data/x", "..data/x"),
        ] {
            assert_eq!(normalise(raw.as_bytes()).unwrap().as_deref(), Some(expected));
        }
        assert_eq!(normalise(b"caf\xe9").unwrap(), None);
    }

    #[test]
    fn climbing_and_endless_paths_are_refused() {
        for raw in ["..", "../etc/os-release", "a/../../b", "/.."] {
            assert!(matches!(normalise(raw.as_bytes()), Err(CatalogueError::Path(_))), "{raw}");
        }
        assert!(normalise(&vec![b'a'; PATH_BYTES_MAX]).is_ok());
        assert!(matches!(normalise(&vec![b'a'; PATH_BYTES_MAX + 1]), Err(CatalogueError::Limit { .. })));
    }
}
