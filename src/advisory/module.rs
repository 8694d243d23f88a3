//! Modules of rpm distributions: packages that are built for one stream of a module, and repaired within it (Fedora's
//! documentation, "Modularity").
//!
//! OSV records of AlmaLinux do not name the module of an advisory in a field of their own. That it is about one is seen in
//! the releases that it names, and which one in the summary, `Important: nodejs:16 security update`.

/// The most streams of one advisory; the largest published number is two.
const STREAMS_MAX: usize = 20;

/// Returns the streams that an advisory is about, `name:stream` each, sorted; `None` where it is about none. An empty list
/// means that it does not say which.
pub(super) fn streams<'a>(summary: &str, mut versions: impl Iterator<Item = &'a str>) -> Option<Vec<String>> {
    if !versions.any(is_of_module) {
        return None;
    }
    let words = summary.split([' ', ',', ';']).map(|word| word.split('/').next().unwrap_or_default());
    let mut streams: Vec<String> =
        words.filter(|word| is_stream(word)).take(STREAMS_MAX).map(str::to_owned).collect();
    streams.sort();
    streams.dedup();
    Some(streams)
}

/// Returns whether the release of a version is that of a package of a module: `1.module_el8.6.0+2904+f21ad6f4`.
fn is_of_module(version: &str) -> bool {
    version.rsplit_once('-').is_some_and(|(_, release)| release.contains(".module"))
}

fn is_stream(word: &str) -> bool {
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    word.split_once(':').is_some_and(|(name, stream)| plain(name) && plain(stream))
}

/// Returns whether an advisory about these streams speaks of a package with this label, `nodejs:16:8060020220…:9edba152`.
/// A package of a module is repaired by advisories about modules alone, and any other package by none of these.
pub fn speaks_of(streams: Option<&[String]>, label: Option<&str>) -> bool {
    match (streams, label) {
        (None, None) | (Some([]), Some(_)) => true,
        (Some(streams), Some(label)) => {
            let end = label.match_indices(':').nth(1).map_or(label.len(), |(end, _)| end);
            streams.iter().any(|stream| *stream == label[..end])
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_named_by_release_and_summary() {
        let module = ["1:16.14.0-4.module_el8.6.0+2904+f21ad6f4"];
        for (summary, versions, expected) in [
            ("Important: nodejs:16 security update", &module[..], Some(vec!["nodejs:16"])),
            (
                "Low: virt:rhel and virt-devel:rhel security and bug fix update",
                &module,
                Some(vec!["virt-devel:rhel", "virt:rhel"]),
            ),
            ("Moderate: httpd:2.4/httpd security update", &module, Some(vec!["httpd:2.4"])),
            ("Important: varnish security update", &module, Some(vec![])),
            ("Important: nodejs:16 security update", &["1:22.23.1-4.el10_2"], None),
            ("a.module:1 named in the version alone", &["1.module-4.el8"], None),
            ("", &[], None),
        ] {
            let found = streams(summary, versions.iter().copied());
            let expected: Option<Vec<String>> =
                expected.map(|all| all.into_iter().map(str::to_owned).collect());
            assert_eq!(found, expected, "{summary}");
        }
    }

    #[test]
    fn a_package_of_a_module_is_spoken_of_by_its_stream_alone() {
        let streams = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let label = Some("nodejs:16:8060020220:9edba152");
        assert!(speaks_of(Some(&streams(&["nodejs:16", "x:1"])), label));
        assert!(speaks_of(Some(&streams(&["nodejs:16"])), Some("nodejs:16")));
        assert!(speaks_of(Some(&[]), label), "an advisory that does not say which");
        assert!(speaks_of(None, None));
        for (named, label) in [
            (Some(vec!["nodejs:18"]), label),
            (Some(vec!["nodejs:1"]), label),
            (None, label),
            (Some(vec![]), None),
        ] {
            let named = named.map(|names| streams(&names));
            assert!(!speaks_of(named.as_deref(), label), "{named:?} {label:?}");
        }
    }
}
