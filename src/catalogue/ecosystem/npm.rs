//! Packages of npm: every `package.json` that names itself and its version, wherever it is (docs.npmjs.com,
//! "package.json"). Fixtures and the `package.json` of an application without a version are none.

use super::{Cataloguer, Wants, word};
use crate::catalogue::declared;
use crate::catalogue::found::{File, Found, LISTED_MAX, Need, Parsed};
use crate::catalogue::json::Json;
use crate::catalogue::path::split;
use crate::model::Ecosystem;

pub(super) const CATALOGUER: Cataloguer =
    Cataloguer { name: "npm", wants: &[Wants::Paths(is_wanted)], parse: |file: &File<'_>| parse(file.bytes) };

/// Short forms of `repository`, by prefix; without one GitHub is meant.
const HOSTS: [(&str, &str); 4] = [
    ("github:", "https://github.com/"),
    ("gitlab:", "https://gitlab.com/"),
    ("bitbucket:", "https://bitbucket.org/"),
    ("gist:", "https://gist.github.com/"),
];

fn is_wanted(path: &str) -> bool {
    split(path).1 == "package.json"
}

fn parse(bytes: &[u8]) -> Parsed {
    let text = String::from_utf8_lossy(bytes);
    let Some(json) = Json::of(&text) else { return Parsed::gap("not JSON") };
    let Some([name, version]) = json.get(["name", "version"]) else { return Parsed::default() };
    let mut parsed = Parsed::default();
    let text = |value: Option<Json<'_>>| value.and_then(Json::text).filter(|text| !text.trim().is_empty());
    if let (Some(name), Some(version)) = (text(name), text(version)) {
        parsed.add(found(json, name.trim(), version.trim()));
    }
    parsed
}

fn found(json: Json<'_>, name: &str, version: &str) -> Option<Found> {
    let (namespace, name) = scoped(name)?;
    let version = word(version.as_bytes())?;
    let [license, licenses, repository, homepage] =
        json.get(["license", "licenses", "repository", "homepage"])?;
    let homepage = homepage.and_then(Json::text);
    Some(Found {
        namespace: namespace.to_owned(),
        licences: license.or(licenses).map(licences).unwrap_or_default(),
        creator: declared::creator(makers(json).into_iter().chain(homepage)),
        source_url: repository.and_then(source),
        needs: needs(json),
        ..Found::new(Ecosystem::Npm, name, version)
    })
}

/// Returns the scope, with its `@`, and the name.
fn scoped(name: &str) -> Option<(&str, &str)> {
    let name = word(name.as_bytes())?;
    match name.split_once('/') {
        None => Some(("", name)),
        Some((scope, name)) => {
            let fits = scope.len() > 1 && scope.starts_with('@') && !name.is_empty() && !name.contains('/');
            fits.then_some((scope, name))
        }
    }
}

/// Reads `"MIT"`, `{"type": "MIT"}` and lists of either: the ways in which they were written over the years.
fn licences(value: Json<'_>) -> Vec<String> {
    let one = |item: Json<'_>| {
        let text = item.text().or_else(|| item.text_of("type")).or_else(|| item.text_of("name"))?;
        declared::licence(&text)
    };
    value.items().into_iter().filter_map(one).collect()
}

/// Returns who made it, as `name <e-mail> (url)`; what is an object in the file is written as text.
fn makers(json: Json<'_>) -> Vec<String> {
    let lists = json.get(["author", "authors", "maintainers", "contributors"]).unwrap_or_default();
    let people = lists.into_iter().flatten().flat_map(Json::items);
    let one = |person: Json<'_>| {
        person.text().or_else(|| {
            let [name, email, url] = person.get(["name", "email", "url"])?;
            let text = |value: Option<Json<'_>>| value.and_then(Json::text).unwrap_or_default();
            Some(format!("{} <{}> ({})", text(name), text(email), text(url)))
        })
    };
    people.filter_map(one).collect()
}

/// Reads `repository`: a URL, or a host's short form `owner/name`.
fn source(value: Json<'_>) -> Option<String> {
    let text = value.text().or_else(|| value.text_of("url"))?;
    let text = text.trim();
    if let Some((prefix, host)) = HOSTS.iter().find(|(prefix, _)| text.starts_with(prefix)) {
        return declared::url(&format!("{host}{}", &text[prefix.len()..]));
    }
    let is_short = !text.contains(':') && text.split('/').count() == 2;
    if is_short { declared::url(&format!("https://github.com/{text}")) } else { declared::url(text) }
}

/// Returns what it needs to run. An alias stands for the package behind it, and a version without a range is exact.
fn needs(json: Json<'_>) -> Vec<Need> {
    let mut needs = vec![];
    for list in json.get(["dependencies", "optionalDependencies"]).unwrap_or_default().into_iter().flatten() {
        list.each_member(|name, range| {
            let range = range.text().unwrap_or_default();
            if needs.len() < LISTED_MAX {
                needs.extend(need(name, range.trim()));
            }
        });
    }
    needs.sort();
    needs.dedup();
    needs
}

fn need(name: &str, range: &str) -> Option<Need> {
    let (name, range) = match range.strip_prefix("npm:") {
        None => (name, range),
        Some(alias) => match alias.rfind('@').filter(|at| *at > 0) {
            Some(at) => (&alias[..at], &alias[at + 1..]),
            None => (alias, ""),
        },
    };
    let name = word(name.as_bytes())?.to_owned();
    Some(Need { name, version: is_exact(range).then(|| range.to_owned()) })
}

/// Returns whether a range names one version: `1.2.3`, `1.2.3-rc.1`.
fn is_exact(range: &str) -> bool {
    let (numbers, rest) = range.split_at(range.find(['-', '+']).unwrap_or(range.len()));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let in_rest = |b: u8| b.is_ascii_alphanumeric() || b"-+.".contains(&b);
    numbers.split('.').count() == 3 && numbers.split('.').all(is_number) && rest.bytes().all(in_rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Found {
        let parsed = parse(text.as_bytes());
        assert_eq!((parsed.packages.len(), parsed.unreadable), (1, 0), "{text:.200}");
        parsed.packages.into_iter().next().unwrap()
    }

    #[test]
    fn every_way_of_writing_a_manifest_is_read() {
        let found = one(r#"{"name": "@babel/core", "version": "7.23.0", "license": "MIT", "private": true,
                "author": "The Babel Team (https://babel.dev/team)",
                "repository": {"type": "git", "url": "git+https://github.com/babel/babel.git", "directory": "packages/babel-core"},
                "dependencies": {"semver": "^6.3.1", "@babel/types": "7.23.0", "string-width-cjs": "npm:string-width@^4.2.0", "x": "npm:@s/y"},
                "optionalDependencies": {"fsevents": "~2.3.2"}, "devDependencies": {"mocha": "1.0.0"}}"#);
        assert_eq!(
            (found.namespace.as_str(), found.name.as_str(), found.version.as_str()),
            ("@babel", "core", "7.23.0")
        );
        assert_eq!(found.licences, ["MIT"]);
        assert_eq!(found.creator.as_deref(), Some("https://babel.dev/team"));
        assert_eq!(found.source_url.as_deref(), Some("https://github.com/babel/babel.git"));
        let needs: Vec<String> = found
            .needs
            .iter()
            .map(|n| format!("{} {}", n.name, n.version.as_deref().unwrap_or("*")))
            .collect();
        assert_eq!(needs, ["@babel/types 7.23.0", "@s/y *", "fsevents *", "semver *", "string-width *"]);
    }

    #[test]
    fn old_forms_and_wrong_kinds_lose_only_themselves() {
        for (rest, licences, creator, source) in [
            (r#""license": {"type": "BSD", "url": "x"}"#, vec!["BSD"], None, None),
            (
                r#""licenses": [{"type": "MIT"}, {"type": "GPL-2.0"}, 3, "ISC"]"#,
                vec!["MIT", "GPL-2.0", "ISC"],
                None,
                None,
            ),
            (r#""license": ["MIT", "Apache2"]"#, vec!["MIT", "Apache2"], None, None),
            (r#""license": 7, "author": 9, "repository": [], "dependencies": "none""#, vec![], None, None),
            (
                r#""author": {"name": "A", "email": 3, "url": "https://a.example"}"#,
                vec![],
                Some("https://a.example/"),
                None,
            ),
            (
                r#""author": "A", "maintainers": [{"name": "B", "email": "b@example.org"}], "repository": "b/c""#,
                vec![],
                Some("b@example.org"),
                Some("https://github.com/b/c"),
            ),
            (
                r#""maintainers": "C <c@example.org>", "repository": "gitlab:c/d""#,
                vec![],
                Some("c@example.org"),
                Some("https://gitlab.com/c/d"),
            ),
            (
                r#""homepage": "https://example.org", "author": "A""#,
                vec![],
                Some("https://example.org/"),
                None,
            ),
            (r#""version": "1.0.0", "version": "1.0.0""#, vec![], None, None),
        ] {
            let found = one(&format!(r#"{{"name": "a", "version": "1.0.0", {rest}}}"#));
            assert_eq!((found.name.as_str(), found.version.as_str()), ("a", "1.0.0"));
            assert_eq!(found.licences, licences, "{rest}");
            assert_eq!((found.creator.as_deref(), found.source_url.as_deref()), (creator, source), "{rest}");
        }
    }

    #[test]
    fn fixtures_are_no_packages_and_hostile_names_are_counted() {
        for (text, unreadable) in [
            (r#"{"name": "app", "private": true}"#, 0),
            (r#"{"type": "module"}"#, 0),
            (r#"{"name": "", "version": "1.0.0"}"#, 0),
            (r#"{"name": "a", "version": 1}"#, 0),
            ("[]", 0),
            (r#"{"name": "../a", "version": "1.0.0"}"#, 1),
            (r#"{"name": "@/a", "version": "1.0.0"}"#, 1),
            (r#"{"name": "@a/b/c", "version": "1.0.0"}"#, 1),
            (r#"{"name": "a\u001b[2J", "version": "1.0.0"}"#, 1),
            (r#"{"name": "a", "version": "1 | <script>"}"#, 1),
        ] {
            let parsed = parse(text.as_bytes());
            assert_eq!(
                (parsed.packages.len(), parsed.unreadable, parsed.gaps.len()),
                (0, unreadable, 0),
                "{text}"
            );
        }
        assert_eq!(parse(b"{").gaps, ["not JSON"]);
    }

    #[test]
    fn json_10000_deep_is_a_package_all_the_same() {
        let deep = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
        for field in ["license", "author", "repository", "dependencies", "other"] {
            let found = one(&format!(r#"{{"{field}": {deep}, "name": "a", "version": "1.0.0"}}"#));
            assert_eq!(found.name, "a");
        }
    }

    #[test]
    fn a_flood_of_needs_is_cut() {
        let many: String =
            (0..LISTED_MAX + 5).map(|i| format!(r#""d{i}":"*","#)).collect::<Vec<_>>().concat();
        let found =
            one(&format!(r#"{{"name": "a", "version": "1.0.0", "dependencies": {{{many}"z":"*"}}}}"#));
        assert_eq!(found.needs.len(), LISTED_MAX);
    }

    #[test]
    fn the_files_are_told_by_their_names() {
        for (path, wanted) in [
            ("usr/lib/node_modules/npm/package.json", true),
            ("package.json", true),
            ("app/package-lock.json", false),
            ("app/xpackage.json", false),
        ] {
            assert_eq!(is_wanted(path), wanted, "{path}");
        }
    }
}
