//! The version of a main module that was built from a checkout: what the builder had the linker write into the program,
//! else a pseudo-version of the revision (<https://go.dev/ref/mod#pseudo-versions>).

use super::modules::Settings;

/// The longest version that is believed.
const VERSION_BYTES_MAX: usize = 128;

/// Characters of a revision in a pseudo-version.
const REVISION_CHARACTERS: usize = 12;

/// Returns the version with its `v`; empty where nothing tells it.
pub(super) fn of(module: &str, settings: &Settings) -> String {
    from_linker(module, &settings.ldflags).or_else(|| pseudo_version(settings)).unwrap_or_default()
}

/// Returns the value of `-X main.version=…` or `-X MODULE/….version=…`. Of several the plainest name counts.
fn from_linker(module: &str, flags: &str) -> Option<String> {
    let set = variables(flags).filter(|(package, _, _)| *package == "main" || is_within(module, package));
    let ranked = set.filter_map(|(_, name, value)| Some((rank(name)?, version(value)?)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, version)| version)
}

fn is_within(module: &str, package: &str) -> bool {
    package.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns package, name and value of every variable that the linker sets.
fn variables(flags: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let words = flags.split([' ', '\t']).map(|word| word.trim_matches(['"', '\'']));
    words.filter_map(|word| {
        let word = word.strip_prefix("-X=").or_else(|| word.strip_prefix("--X=")).unwrap_or(word);
        let (variable, value) = word.trim_matches(['"', '\'']).split_once('=')?;
        let (package, name) = variable.rsplit_once('.')?;
        Some((package, name, value.trim_matches(['"', '\''])))
    })
}

/// Returns how plainly a name speaks of the program's own version, lowest first.
fn rank(name: &str) -> Option<u8> {
    let name = name.to_ascii_lowercase();
    let plain = ["version", "gitversion", "buildversion", "releaseversion", "appversion", "semver", "ver"];
    if plain.contains(&name.as_str()) {
        Some(0)
    } else if name == "goversion" {
        None
    } else if name.ends_with("version") || name.ends_with("ver") {
        Some(1)
    } else {
        name.ends_with("tag").then_some(2)
    }
}

/// Returns the semantic version that a value is or, after the last slash, ends with: `refs/tags/v1.2.3`.
fn version(value: &str) -> Option<String> {
    let text = value.rsplit('/').next()?;
    let numbers = text.strip_prefix('v').unwrap_or(text);
    let end =
        numbers.find(|c: char| !(c.is_ascii_alphanumeric() || ".+-_".contains(c))).unwrap_or(numbers.len());
    let version = &numbers[..end];
    let parts: Vec<&str> = version.splitn(3, '.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let is_version = parts.len() == 3
        && parts[..2].iter().all(is_number)
        && parts[2].starts_with(|c: char| c.is_ascii_digit())
        && version.len() <= VERSION_BYTES_MAX;
    is_version.then(|| format!("v{version}"))
}

/// Returns `v0.0.0-20240501102030-0123456789ab` of the revision and its time, `2024-05-01T10:20:30Z`.
fn pseudo_version(settings: &Settings) -> Option<String> {
    let (day, time) = settings.time.strip_suffix('Z')?.split_once('T')?;
    let time = time.split('.').next()?;
    let (day, time) = (digits(day, '-', [4, 2, 2])?, digits(time, ':', [2, 2, 2])?);
    let revision: String = settings.revision.chars().take(REVISION_CHARACTERS).collect();
    let is_revision = !revision.is_empty() && revision.bytes().all(|b| b.is_ascii_alphanumeric());
    is_revision.then(|| format!("v0.0.0-{day}{time}-{revision}"))
}

fn digits(text: &str, separator: char, lengths: [usize; 3]) -> Option<String> {
    let parts: Vec<&str> = text.split(separator).collect();
    let fits = parts.len() == 3
        && parts
            .iter()
            .zip(lengths)
            .all(|(part, length)| part.len() == length && part.bytes().all(|b| b.is_ascii_digit()));
    fits.then(|| parts.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_linker_wrote_is_read() {
        let module = "example.com/a/b";
        for (flags, expected) in [
            ("-s -w -X main.version=1.2.3 -X main.commit=abc", "v1.2.3"),
            ("-X 'main.Version=v1.2.3-rc.1'", "v1.2.3-rc.1"),
            ("\"-X=example.com/a/b/internal/build.gitVersion=v1.30.0+k3s1\"", "v1.30.0+k3s1"),
            ("-X main.GitTag=refs/tags/v2.0.1", "v2.0.1"),
            // The plainest name wins, wherever it stands.
            ("-X main.goVersion=1.22.1 -X main.apiVersion=2.0.0 -X main.version=1.0.0", "v1.0.0"),
            // Of another module, or no version.
            ("-X example.com/a/bc.version=1.2.3", ""),
            ("-X k8s.io/client-go/pkg/version.gitVersion=v1.30.0", ""),
            ("-X main.version=dev -X main.goVersion=1.22.1", ""),
            ("-X main.version=1.2", ""),
            ("-X main.version=", ""),
            ("-extldflags=-static", ""),
            ("", ""),
        ] {
            let settings = Settings { ldflags: flags.to_owned(), ..Settings::default() };
            assert_eq!(of(module, &settings), expected, "{flags}");
        }
    }

    /// The form is that of <https://go.dev/ref/mod#pseudo-versions>.
    #[test]
    fn a_revision_becomes_a_pseudo_version() {
        let revision = "6437aef0a1b2c3d4e5f60718293a4b5c6d7e8f90";
        for (time, revision, expected) in [
            ("2024-05-01T10:20:30Z", revision, "v0.0.0-20240501102030-6437aef0a1b2"),
            ("2024-05-01T10:20:30.5Z", "abc", "v0.0.0-20240501102030-abc"),
            ("2024-05-01T10:20:30+02:00", revision, ""),
            ("2024-5-1T10:20:30Z", revision, ""),
            ("2024-05-01T10:20:30Z", "", ""),
            ("2024-05-01T10:20:30Z", "../../etc/passwd", ""),
            ("", revision, ""),
        ] {
            let settings =
                Settings { time: time.to_owned(), revision: revision.to_owned(), ..Settings::default() };
            assert_eq!(of("m", &settings), expected, "{time} {revision}");
        }
    }

    #[test]
    fn hostile_values_are_no_versions() {
        let long = format!("-X main.version=1.2.{}", "9".repeat(5000));
        for flags in [long.as_str(), "-X main.version=1.2.3\u{1b}[2J", "-X main.version=\u{202e}1.2.3"] {
            let settings = Settings { ldflags: flags.to_owned(), ..Settings::default() };
            let version = of("m", &settings);
            assert!(version.is_empty() || version == "v1.2.3", "{flags:?} {version}");
        }
    }
}
