//! Name and version in the file name of an archive: `name-version.jar`, as Maven's repository lays them out.

/// What a file name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileName<'a> {
    /// The file's name without ending.
    pub stem: &'a str,
    /// The file's name without ending and version; empty for a file that has but an ending.
    pub name: &'a str,
    pub version: Option<&'a str>,
}

impl<'a> FileName<'a> {
    /// Reads the last segment of a path.
    ///
    /// The version starts at the first dash before a digit, `build` with a number or a whole `r6` or `rc6`; where there
    /// is none, at the first dot, underscore or dash before such a one.
    pub(super) fn of(path: &'a str) -> Self {
        let file = path.rsplit('/').next().unwrap_or(path);
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let at = |separators: &[u8]| {
            let is_before_version =
                |(at, byte): (usize, u8)| at > 0 && separators.contains(&byte) && is_version(&stem[at + 1..]);
            stem.bytes().enumerate().position(is_before_version)
        };
        match at(b"-").or_else(|| at(b"._-")) {
            Some(at) => Self { stem, name: &stem[..at], version: Some(&stem[at + 1..]) },
            None => Self { stem, name: stem, version: None },
        }
    }

    /// Returns the artifact's name: the last part of one that is written with its group, `org.apache.commons.io`. Such a
    /// name has a letter at the start of each part. Artifacts of Eclipse and of Java's own extensions do have dots in
    /// their names.
    pub(super) fn artifact(&self) -> &'a str {
        if ["jakarta.", "javax.", "org.eclipse."].iter().any(|prefix| self.name.starts_with(prefix)) {
            return self.name;
        }
        let is_word = |part: &str| part.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$');
        match self.name.rsplit_once('.') {
            Some((_, last)) if self.name.split('.').all(is_word) => last,
            _ => self.name,
        }
    }

    /// Returns what stands before the artifact's name.
    pub(super) fn group(&self) -> Option<&'a str> {
        self.name.strip_suffix(self.artifact()).and_then(|group| group.strip_suffix('.'))
    }
}

fn is_version(text: &str) -> bool {
    let lower = |prefix: &str| {
        text.get(..prefix.len())
            .filter(|head| head.eq_ignore_ascii_case(prefix))
            .map(|_| &text[prefix.len()..])
    };
    let starts_with_digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    starts_with_digit(text)
        || lower("build").is_some_and(starts_with_digit)
        || lower("rc").or_else(|| lower("r")).is_some_and(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of real archives; what they are is what Maven Central says.
    #[test]
    fn names_are_parted_from_versions() {
        for (path, name, version) in [
            ("guava-31.1-jre.jar", "guava", Some("31.1-jre")),
            ("usr/share/java/guava-r06.jar", "guava", Some("r06")),
            ("a-1.0/commons-logging.jar", "commons-logging", None),
            (
                "lib/wagon-webdav-1.0.2-beta-2.2.3a-hudson.jar",
                "wagon-webdav",
                Some("1.0.2-beta-2.2.3a-hudson"),
            ),
            ("jtidy-4aug2000r7-dev-hudson-1.jar", "jtidy", Some("4aug2000r7-dev-hudson-1")),
            ("trilead-ssh2-build212-hudson-5.jar", "trilead-ssh2", Some("build212-hudson-5")),
            ("spring-data-r2dbc-1.1.0.RELEASE.jar", "spring-data-r2dbc", Some("1.1.0.RELEASE")),
            ("jboss-saaj-api_1.4_spec-1.0.2.Final.jar", "jboss-saaj-api_1.4_spec", Some("1.0.2.Final")),
            ("org.eclipse.osgi_3.18.0.v20220516.jar", "org.eclipse.osgi", Some("3.18.0.v20220516")),
            ("bcprov-jdk18on-1.76.jar", "bcprov-jdk18on", Some("1.76")),
            ("kafka_2.13-3.5.1.jar", "kafka_2.13", Some("3.5.1")),
            ("ROOT.WAR", "ROOT", None),
            ("3rdparty.jar", "3rdparty", None),
            (".jar", "", None),
            ("-1.jar", "-1", None),
        ] {
            let found = FileName::of(path);
            assert_eq!((found.name, found.version), (name, version), "{path}");
        }
    }

    #[test]
    fn artifacts_are_parted_from_groups() {
        for (path, group, artifact) in [
            ("org.apache.commons.io-2.4.jar", Some("org.apache.commons"), "io"),
            ("org.eclipse.jdt.core-3.26.jar", None, "org.eclipse.jdt.core"),
            ("javax.inject-1.jar", None, "javax.inject"),
            ("jetty-9.4.jar", None, "jetty"),
            ("kafka_2.13-3.5.1.jar", None, "kafka_2.13"),
        ] {
            let name = FileName::of(path);
            assert_eq!((name.group(), name.artifact()), (group, artifact), "{path}");
        }
    }
}
