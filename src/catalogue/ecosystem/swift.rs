//! Swift packages that an application was resolved to: `Package.resolved` of SwiftPM, versions 1 to 3
//! (swiftlang/swift-package-manager, `ResolvedPackagesStore`).

use super::{Cataloguer, Wants, word};
use crate::catalogue::declared;
use crate::catalogue::found::{File, Found, Parsed};
use crate::catalogue::json::Json;
use crate::catalogue::path::split;
use crate::model::Ecosystem;

pub(super) const CATALOGUER: Cataloguer = Cataloguer {
    name: "swift",
    wants: &[Wants::Paths(is_wanted)],
    parse: |file: &File<'_>| parse(file.bytes),
};

fn is_wanted(path: &str) -> bool {
    matches!(split(path).1, "Package.resolved" | ".package.resolved")
}

fn parse(bytes: &[u8]) -> Parsed {
    let text = String::from_utf8_lossy(bytes);
    let Some(json) = Json::of(&text) else { return Parsed::gap("not JSON") };
    let pins = json.field("pins").or_else(|| json.field("object")?.field("pins"));
    let mut parsed = Parsed::default();
    if pins.is_some_and(|pins| pins.each(|pin| parsed.add(found(pin)))) {
        parsed
    } else {
        Parsed::gap("no list of packages")
    }
}

/// The package URL tells host and owner of the repository (purl-spec, `types/swift`); a package of a registry has none
/// and goes by its identity, `scope.name`.
fn found(pin: Json<'_>) -> Option<Found> {
    let [location, old_location, identity, state] =
        pin.get(["location", "repositoryURL", "identity", "state"])?;
    let [version, revision] = state?.get(["version", "revision"])?;
    let version = version.and_then(Json::text).or_else(|| revision?.text())?;
    let location = location.or(old_location).and_then(Json::text).unwrap_or_default();
    let url = declared::url(&location);
    let (namespace, name) = match url.as_deref().and_then(parted) {
        Some(parted) => parted,
        None => identity?.text()?.split_once('.').map(|(scope, name)| (scope.to_owned(), name.to_owned()))?,
    };
    word(namespace.as_bytes())?;
    let name = word(name.as_bytes())?;
    Some(Found {
        namespace,
        source_url: url,
        ..Found::new(Ecosystem::Swift, name, word(version.as_bytes())?)
    })
}

/// Returns `github.com/apple` and `swift-nio` of a repository's address.
fn parted(url: &str) -> Option<(String, String)> {
    let url = url::Url::parse(url).ok()?;
    let path = url.path().trim_matches('/');
    let (owner, name) = path.strip_suffix(".git").unwrap_or(path).rsplit_once('/')?;
    Some((format!("{}/{owner}", url.host_str()?), name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> (Vec<String>, u64, usize) {
        let parsed = parse(text.as_bytes());
        let show = |p: &Found| format!("{}/{} {}", p.namespace, p.name, p.version);
        (parsed.packages.iter().map(show).collect(), parsed.unreadable, parsed.gaps.len())
    }

    #[test]
    fn every_version_of_the_file_is_read() {
        let old = r#"{"object": {"pins": [{"package": "swift-nio", "repositoryURL": "https://github.com/apple/swift-nio.git",
            "state": {"branch": null, "revision": "abc", "version": "2.40.0"}}]}, "version": 1}"#;
        let new = r#"{"pins": [
            {"identity": "alamofire", "kind": "remoteSourceControl", "location": "https://github.com/Alamofire/Alamofire", "state": {"revision": "f5", "version": "5.4.3"}},
            {"identity": "vapor", "location": "git@github.com:vapor/vapor.git", "state": {"branch": "main", "revision": "f00d"}},
            {"identity": "mona.LinkedList", "kind": "registry", "location": "", "state": {"version": "1.1.1"}}], "version": 2}"#;
        assert_eq!(shown(old).0, ["github.com/apple/swift-nio 2.40.0"]);
        assert_eq!(
            shown(new).0,
            ["github.com/Alamofire/Alamofire 5.4.3", "github.com/vapor/vapor f00d", "mona/LinkedList 1.1.1"]
        );
    }

    #[test]
    fn hostile_pins_are_counted() {
        let pins = r#"{"pins": [{"location": "https://github.com/a/b"}, {"location": "file:///a/b", "state": {"version": "1"}}, 3,
            {"location": "https://github.com/a/b", "state": {"version": "1 2"}}]}"#;
        assert_eq!(shown(pins), (vec![], 4, 0));
        assert_eq!((shown("{}").2, shown("").2), (1, 1));
    }
}
