//! What changed from one image to another: packages, files, licences, configuration. Pure; how it is shown is for
//! [`crate::render`].

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Component, Contents, Form};
use crate::model::{Execution, ImageConfig};

/// One of two images.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    pub contents: &'a Contents,
    pub config: &'a ImageConfig,
}

/// What changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// The distribution's name, where it is another.
    pub system: Option<Change>,
    /// By type and name.
    pub packages: Vec<PackageChange>,
    /// Files that are components themselves, by path.
    pub files: Vec<Named>,
    /// By licence as written.
    pub licences: Vec<LicenceChange>,
    /// By name of the setting.
    pub configuration: Vec<Named>,
}

/// From one value to another; an absent one was added or removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Change {
    pub from: Option<String>,
    pub to: Option<String>,
}

/// A change of something that has a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    pub name: String,
    #[serde(flatten)]
    pub change: Change,
}

/// Versions of a package; none where the image does not have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PackageChange {
    /// The package URL's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// With namespace where the type has one.
    pub name: String,
    pub from: Vec<String>,
    pub to: Vec<String>,
}

/// Number of components under a licence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LicenceChange {
    pub licence: String,
    pub from: usize,
    pub to: usize,
}

impl Difference {
    /// Returns what changed from `from` to `to`.
    pub fn between(from: Side<'_>, to: Side<'_>) -> Self {
        let system = |side: Side<'_>| side.contents.system.as_ref().map(super::OsRelease::pretty);
        let (old, new) = (system(from), system(to));
        Self {
            system: (old != new).then_some(Change { from: old, to: new }),
            packages: packages(from.contents, to.contents),
            files: named(&files(from.contents), &files(to.contents)),
            licences: licences(from.contents, to.contents),
            configuration: named(&settings(from.config), &settings(to.config)),
        }
    }

    /// Returns whether nothing changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Versions by type and name.
type Versions = BTreeMap<(String, String), BTreeSet<String>>;

fn versions(contents: &Contents) -> Versions {
    let mut versions = Versions::new();
    for component in &contents.components {
        let package = &component.package;
        let name = match (package.ecosystem.is_of_distribution(), package.namespace.as_str()) {
            (true, _) | (false, "") => package.name.clone(),
            (false, namespace) => format!("{namespace}/{}", package.name),
        };
        let key = (package.ecosystem.purl_type().to_owned(), name);
        versions.entry(key).or_default().insert(package.version.clone());
    }
    versions
}

fn packages(from: &Contents, to: &Contents) -> Vec<PackageChange> {
    let (from, to) = (versions(from), versions(to));
    let keys: BTreeSet<_> = from.keys().chain(to.keys()).collect();
    let of = |versions: &Versions, key: &(String, String)| -> Vec<String> {
        versions.get(key).into_iter().flatten().cloned().collect()
    };
    let change = |key: &(String, String)| PackageChange {
        kind: key.0.clone(),
        name: key.1.clone(),
        from: of(&from, key),
        to: of(&to, key),
    };
    keys.into_iter().map(change).filter(|change| change.from != change.to).collect()
}

/// Returns executables and archives that are components, by path, with what tells their content.
fn files(contents: &Contents) -> BTreeMap<String, String> {
    let is_file = |component: &&Component| matches!(component.form, Form::Executable | Form::Archive);
    let mut files = BTreeMap::new();
    for component in contents.components.iter().filter(is_file) {
        let content = component.sha512.as_deref().map_or("unknown", |hash| &hash[..hash.len().min(16)]);
        for place in component.places.iter().filter(|place| place.inside.is_none()) {
            files.insert(place.path.clone(), format!("sha512 {content}"));
        }
    }
    files
}

fn licences(from: &Contents, to: &Contents) -> Vec<LicenceChange> {
    let count = |contents: &Contents| {
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        for licence in contents.components.iter().flat_map(|component| &component.licences) {
            *count.entry(licence.clone()).or_default() += 1;
        }
        count
    };
    let (from, to) = (count(from), count(to));
    let of =
        |count: &BTreeMap<String, usize>, licence: &String| count.get(licence).copied().unwrap_or_default();
    let licences: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let change = |licence: &String| LicenceChange {
        licence: licence.clone(),
        from: of(&from, licence),
        to: of(&to, licence),
    };
    licences.into_iter().map(change).filter(|change| change.from != change.to).collect()
}

/// Returns every setting by its name.
fn settings(config: &ImageConfig) -> BTreeMap<String, String> {
    let Execution { user, entrypoint, cmd, env, working_dir, exposed_ports, volumes, labels, stop_signal } =
        &config.config;
    let mut settings = BTreeMap::new();
    let mut put = |name: String, value: String| {
        if !value.is_empty() {
            settings.insert(name, value);
        }
    };
    let list = |words: &[String]| serde_json::to_string(words).ok().filter(|_| !words.is_empty());
    put("user".to_owned(), user.clone());
    put("entrypoint".to_owned(), list(entrypoint).unwrap_or_default());
    put("command".to_owned(), list(cmd).unwrap_or_default());
    put("working directory".to_owned(), working_dir.clone());
    put("stop signal".to_owned(), stop_signal.clone());
    for one in env {
        let (name, value) = one.split_once('=').unwrap_or((one, ""));
        put(
            format!("variable {name}"),
            if value.is_empty() { "set, empty".to_owned() } else { value.to_owned() },
        );
    }
    for port in exposed_ports.keys() {
        put(format!("port {port}"), "exposed".to_owned());
    }
    for volume in volumes.keys() {
        put(format!("volume {volume}"), "declared".to_owned());
    }
    for (label, value) in labels {
        put(format!("label {label}"), if value.is_empty() { "set, empty".to_owned() } else { value.clone() });
    }
    settings
}

fn named(from: &BTreeMap<String, String>, to: &BTreeMap<String, String>) -> Vec<Named> {
    let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let change = |name: &String| Named {
        name: name.clone(),
        change: Change { from: from.get(name).cloned(), to: to.get(name).cloned() },
    };
    names.into_iter().map(change).filter(|named| named.change.from != named.change.to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Place;

    fn component(purl: &str, licences: &[&str]) -> Component {
        let mut component = Component::bare(purl.parse().unwrap(), purl.to_owned(), "test", Form::Installed);
        component.licences = licences.iter().map(ToString::to_string).collect();
        component
    }

    fn side(components: Vec<Component>, config: &str) -> (Contents, ImageConfig) {
        (Contents { components, ..Contents::default() }, serde_json::from_str(config).unwrap())
    }

    fn between(from: &(Contents, ImageConfig), to: &(Contents, ImageConfig)) -> Difference {
        Difference::between(
            Side { contents: &from.0, config: &from.1 },
            Side { contents: &to.0, config: &to.1 },
        )
    }

    #[test]
    fn packages_are_added_removed_and_changed() {
        let old = side(
            vec![
                component("pkg:deb/debian/a@1?arch=amd64", &["GPL-2"]),
                component("pkg:deb/debian/gone@1?arch=amd64", &[]),
                component("pkg:npm/%40scope/same@1.0.0", &["MIT"]),
            ],
            "{}",
        );
        let new = side(
            vec![
                component("pkg:deb/debian/a@2?arch=amd64", &["GPL-2", "MIT"]),
                component("pkg:npm/%40scope/same@1.0.0", &["MIT"]),
                component("pkg:pypi/new@3", &[]),
            ],
            "{}",
        );
        let found = between(&old, &new);
        let packages: Vec<String> = found
            .packages
            .iter()
            .map(|one| format!("{} {} {:?} {:?}", one.kind, one.name, one.from, one.to))
            .collect();
        assert_eq!(packages, [r#"deb a ["1"] ["2"]"#, r#"deb gone ["1"] []"#, r#"pypi new [] ["3"]"#]);
        assert_eq!(found.licences, [LicenceChange { licence: "MIT".into(), from: 1, to: 2 }]);
        assert!(between(&old, &old).is_empty());
    }

    #[test]
    fn a_file_with_another_content_has_changed() {
        let of = |hash: &str| {
            let mut one = component("pkg:golang/example.com/app@v1.0.0", &[]);
            one.form = Form::Executable;
            one.sha512 = Some(hash.repeat(64));
            one.places.insert(Place { path: "app".into(), inside: None, layer: 0 });
            side(vec![one], "{}")
        };
        let found = between(&of("aa"), &of("bb"));
        assert_eq!(found.files.len(), 1);
        assert_eq!(found.files[0].change.from.as_deref(), Some("sha512 aaaaaaaaaaaaaaaa"));
    }

    #[test]
    fn settings_are_compared_one_by_one_and_malformed_ones_are_absent() {
        let old =
            side(vec![], r#"{"config": {"User": "65532", "Env": ["A=1", "B=2"], "Cmd": "not a list"}}"#);
        let new = side(
            vec![],
            r#"{"config": {"Env": ["B=3"], "ExposedPorts": {"80/tcp": {}}, "Entrypoint": ["/app"], "Labels": null}}"#,
        );
        let found: Vec<String> = between(&old, &new)
            .configuration
            .iter()
            .map(|one| {
                let show = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
                format!("{}: {} > {}", one.name, show(&one.change.from), show(&one.change.to))
            })
            .collect();
        let expected = [
            r#"entrypoint: - > ["/app"]"#,
            "port 80/tcp: - > exposed",
            "user: 65532 > -",
            "variable A: 1 > -",
            "variable B: 2 > 3",
        ];
        assert_eq!(found, expected);
    }
}
