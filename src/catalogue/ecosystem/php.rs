//! PHP packages that Composer installed: `vendor/composer/installed.json`, a list up to Composer 1, an object with
//! `packages` since Composer 2 (getcomposer.org, "The composer.json schema").

use super::{Cataloguer, Wants, word};
use crate::catalogue::declared;
use crate::catalogue::found::{File, Found, LISTED_MAX, Need, Parsed};
use crate::catalogue::json::Json;
use crate::catalogue::path::split;
use crate::model::Ecosystem;

pub(super) const CATALOGUER: Cataloguer =
    Cataloguer { name: "php", wants: &[Wants::Paths(is_wanted)], parse: |file: &File<'_>| parse(file.bytes) };

/// The vendor directory can have any name, the one in it cannot.
fn is_wanted(path: &str) -> bool {
    path.ends_with("composer/installed.json") && split(split(path).0).1 == "composer"
}

fn parse(bytes: &[u8]) -> Parsed {
    let text = String::from_utf8_lossy(bytes);
    let Some(json) = Json::of(&text) else { return Parsed::gap("not JSON") };
    let mut parsed = Parsed::default();
    let list = json.field("packages").unwrap_or(json);
    let mut left = LISTED_MAX;
    if list.each(|package| parsed.add(found(package, &mut left))) {
        parsed
    } else {
        Parsed::gap("no list of packages")
    }
}

/// Reads a package; of names and licences no more than `left` are kept in one file.
fn found(json: Json<'_>, left: &mut usize) -> Option<Found> {
    let [name, version, license, authors, homepage] =
        json.get(["name", "version", "license", "authors", "homepage"])?;
    let (namespace, name) = vendored(&name?.text()?)?;
    let version = version?.text()?;
    let makers = authors.map(Json::items).unwrap_or_default().into_iter().flat_map(maker);
    let mut listed = |values: Vec<String>| {
        let listed: Vec<String> = values.into_iter().take(*left).collect();
        *left -= listed.len();
        listed
    };
    let names = |key| json.field(key).map(Json::keys).unwrap_or_default();
    let licences = listed(license.map(Json::texts).unwrap_or_default());
    let (needs, provides) = (listed(names("require")), listed([names("provide"), names("replace")].concat()));
    Some(Found {
        namespace,
        licences: licences.iter().filter_map(|text| declared::licence(text)).collect(),
        creator: declared::creator(makers.chain(homepage.and_then(Json::text))),
        source_url: json.field("source").and_then(|source| declared::url(&source.text_of("url")?)),
        needs: needs.iter().filter_map(|name| Some(Need::any(qualified(name)?))).collect(),
        provides: provides.iter().filter_map(|name| qualified(name)).collect(),
        ..Found::new(Ecosystem::Composer, name, word(version.as_bytes())?)
    })
}

/// Returns vendor and name in lower case, as purl-spec and Packagist have them.
fn vendored(name: &str) -> Option<(String, String)> {
    let (vendor, name) = name.split_once('/')?;
    let (vendor, name) = (word(vendor.as_bytes())?, word(name.as_bytes())?);
    (!name.contains('/')).then(|| (vendor.to_ascii_lowercase(), name.to_ascii_lowercase()))
}

/// Returns the name of a package, and nothing for the platform: `php`, `ext-json`.
fn qualified(name: &str) -> Option<String> {
    vendored(name).map(|(vendor, name)| format!("{vendor}/{name}"))
}

fn maker(person: Json<'_>) -> Vec<String> {
    let fields = person.get(["email", "homepage", "name"]).unwrap_or_default();
    fields.into_iter().flatten().filter_map(Json::text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGES: &str = r#"[
        {"name": "Monolog/Monolog", "version": "2.9.1", "version_normalized": "2.9.1.0", "license": ["MIT"],
         "source": {"type": "git", "url": "https://github.com/Seldaek/monolog.git", "reference": "f259"},
         "authors": [{"name": "Jordi Boggiano", "email": "j.boggiano@seld.be", "homepage": "https://seld.be"}],
         "require": {"php": ">=7.2", "ext-json": "*", "psr/log": "^1.0.1 || ^2.0"},
         "provide": {"psr/log-implementation": "1.0.0"}},
        {"name": "psr/log", "version": "v1.1.4", "license": "MIT", "homepage": "https://www.php-fig.org/", "authors": [3]},
        {"name": "psr/cache", "version": "dev-master", "license": 3, "require": []}
    ]"#;

    #[test]
    fn both_forms_of_the_file_say_the_same() {
        let old = parse(PACKAGES.as_bytes());
        let new =
            parse(format!(r#"{{"dev": true, "packages": {PACKAGES}, "dev-package-names": []}}"#).as_bytes());
        assert_eq!(old, new);
        let shown: Vec<String> =
            old.packages.iter().map(|p| format!("{}/{} {}", p.namespace, p.name, p.version)).collect();
        assert_eq!(shown, ["monolog/monolog 2.9.1", "psr/log v1.1.4", "psr/cache dev-master"]);
        let monolog = &old.packages[0];
        assert_eq!(
            (monolog.needs.as_slice(), monolog.provides.as_slice()),
            (&[Need::any("psr/log")][..], &["psr/log-implementation".to_owned()][..])
        );
        assert_eq!(monolog.creator.as_deref(), Some("j.boggiano@seld.be"));
        assert_eq!(monolog.source_url.as_deref(), Some("https://github.com/Seldaek/monolog.git"));
        assert_eq!(old.packages[1].creator.as_deref(), Some("https://www.php-fig.org/"));
        assert_eq!(
            (&old.packages[0].licences, &old.packages[1].licences),
            (&vec!["MIT".to_owned()], &vec!["MIT".to_owned()])
        );
    }

    #[test]
    fn hostile_entries_are_counted_and_never_listed() {
        let text = r#"[{"name": "a", "version": "1"}, {"name": "a/b/c", "version": "1"}, {"name": "a/b"}, 7, {"name": "a/\u202eb", "version": "1"},
            {"name": "a/b", "version": "1 2"}, {"name": "/b", "version": "1"}]"#;
        let parsed = parse(text.as_bytes());
        assert_eq!((parsed.packages.len(), parsed.unreadable), (0, 7));
        for text in ["", "{}", "7", "{\"packages\": {}}"] {
            assert_eq!(parse(text.as_bytes()).gaps.len(), 1, "{text}");
        }
        let many =
            format!("{{{}}}", (0..9_000).map(|i| format!("\"a/b{i}\":1")).collect::<Vec<_>>().join(","));
        let one = format!(r#"{{"name": "a/b", "version": "1", "require": {many}}},"#);
        let parsed = parse(format!("[{}7]", one.repeat(20)).as_bytes());
        assert_eq!(parsed.packages.iter().map(|one| one.needs.len()).sum::<usize>(), LISTED_MAX);
        let flood = format!("[{}7]", "{\"name\":\"a/b\",\"version\":\"1\"},".repeat(100_003));
        let parsed = parse(flood.as_bytes());
        assert_eq!((parsed.packages.len(), parsed.unreadable), (100_000, 4));
    }

    #[test]
    fn only_the_list_in_the_directory_of_composer_is_read() {
        for (path, wanted) in [
            ("app/vendor/composer/installed.json", true),
            ("composer/installed.json", true),
            ("app/lib/mycomposer/installed.json", false),
            ("app/vendor/composer/installed.php", false),
            ("app/installed.json", false),
        ] {
            assert_eq!(is_wanted(path), wanted, "{path}");
        }
    }
}
