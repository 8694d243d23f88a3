//! .NET: what an application or shared framework was put together from, `<name>.deps.json`
//! (dotnet/sdk, "runtime-configuration-file").
//!
//! `libraries` names everything that was restored, `targets` the files of it that were put beside the application. What
//! has none there, and leads to nothing that has, was used by the compiler only and is not in the image.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cataloguer, Wants, word};
use crate::catalogue::found::{File, Found, LISTED_MAX, Need, PACKAGES_MAX, Parsed, PathKey};
use crate::catalogue::json::Json;
use crate::catalogue::path::{join, split};
use crate::model::Ecosystem;

pub(super) const CATALOGUER: Cataloguer =
    Cataloguer { name: "dotnet", wants: &[Wants::Paths(is_wanted)], parse };

const ENDING: &str = ".deps.json";

/// Kinds of libraries that are files beside the application. `reference` and `referenceassembly` are what the compiler
/// saw of the framework.
const KINDS: [&str; 3] = ["package", PROJECT, "runtimepack"];

const PROJECT: &str = "project";

/// What .NET puts before the name of a package that a self-contained application has taken the runtime from.
const RUNTIME_PACK: &str = "runtimepack.";

/// Lists of files that end up beside the application. `compile` is what the compiler reads; an application that
/// compiles at run time keeps it.
const ASSETS: [&str; 5] = ["runtime", "native", "resources", "runtimeTargets", "compile"];

/// Names of the packages and frameworks that are the runtime itself, with the product in NVD's names.
const RUNTIMES: [(&str, &str); 4] = [
    ("Microsoft.NETCore.App.Runtime.", ".net"),
    ("Microsoft.NETCore.App", ".net"),
    ("Microsoft.AspNetCore.App.Runtime.", "asp.net_core"),
    ("Microsoft.AspNetCore.App", "asp.net_core"),
];

fn is_wanted(path: &str) -> bool {
    path.ends_with(ENDING) && !path.ends_with("/.deps.json")
}

/// One library, by `name/version`.
#[derive(Debug, Default)]
struct Library {
    is_kept: bool,
    is_project: bool,
    has_files: bool,
    /// `name/version` of what it needs.
    needs: BTreeSet<String>,
    /// Its files beside the application.
    owns: BTreeSet<PathKey>,
}

fn parse(file: &File<'_>) -> Parsed {
    let text = String::from_utf8_lossy(file.bytes);
    let Some([targets, libraries]) = Json::of(&text).and_then(|json| json.get(["targets", "libraries"]))
    else {
        return Parsed::gap("not JSON");
    };
    let mut parsed = Parsed::default();
    let application = file.name().strip_suffix(ENDING).unwrap_or_default();
    let mut known = read(targets, libraries, file.directory(), &mut parsed);
    for (key, library) in &mut known {
        // The application itself may name no files but is there.
        library.has_files |=
            library.is_project && key.split_once('/').is_some_and(|(name, _)| name == application);
    }
    let present = present(&known);
    for (key, library) in
        known.iter().filter(|(key, library)| library.is_kept && present.contains(key.as_str()))
    {
        parsed.add(found(key, library, &known));
    }
    parsed.packages.extend(framework(file.path, &parsed));
    parsed
}

fn read(
    targets: Option<Json<'_>>,
    libraries: Option<Json<'_>>,
    directory: &str,
    parsed: &mut Parsed,
) -> BTreeMap<String, Library> {
    let mut known: BTreeMap<String, Library> = BTreeMap::new();
    let mut too_many = 0;
    if let Some(libraries) = libraries {
        libraries.each_member(|key, library| {
            let kind = library.text_of("type").unwrap_or_default().to_ascii_lowercase();
            if known.len() < PACKAGES_MAX {
                let library = known.entry(key.to_owned()).or_default();
                library.is_kept = KINDS.contains(&kind.as_str());
                library.is_project = kind == PROJECT;
            } else {
                too_many += 1;
            }
        });
    }
    let mut left = LISTED_MAX;
    if let Some(targets) = targets {
        targets.each_member(|_, target| {
            target.each_member(|key, library| {
                if let Some(known) = known.get_mut(key) {
                    files(library, directory, known, &mut left);
                }
            });
        });
    }
    parsed.unreadable += too_many;
    known
}

/// Reads what one target says of a library; of needs and files no more than `left` are kept of one file.
fn files(json: Json<'_>, directory: &str, library: &mut Library, left: &mut usize) {
    let assets = json.get(ASSETS).unwrap_or_default();
    for asset in assets.into_iter().flatten().flat_map(Json::keys) {
        library.has_files = true;
        for place in places(&asset) {
            if *left > 0 {
                *left -= usize::from(library.owns.insert(PathKey::of(&join(directory, place))));
            }
        }
    }
    if let Some(needs) = json.field("dependencies") {
        needs.each_member(|name, version| {
            if let Some(version) = version.text().filter(|_| *left > 0) {
                *left -= usize::from(library.needs.insert(format!("{name}/{version}")));
            }
        });
    }
}

/// Returns where a file of a package may be beside the application: by its whole path there, as what is for one platform
/// of several; in a folder for its language; or directly.
fn places(asset: &str) -> impl Iterator<Item = &str> {
    let mut slashes = asset.rmatch_indices('/').map(|(at, _)| &asset[at + 1..]);
    let (name, with_language) = (slashes.next(), slashes.next());
    [Some(asset), with_language, name].into_iter().flatten()
}

/// Returns the libraries that have files, or that lead to one that has.
fn present(known: &BTreeMap<String, Library>) -> BTreeSet<&str> {
    let mut needed_by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (key, library) in known {
        for need in &library.needs {
            needed_by.entry(need).or_default().push(key);
        }
    }
    let has_files = known.iter().filter(|(_, library)| library.has_files);
    let mut ahead: Vec<&str> = has_files.map(|(key, _)| key.as_str()).collect();
    let mut present = BTreeSet::new();
    while let Some(key) = ahead.pop() {
        if present.insert(key) {
            ahead.extend(needed_by.remove(key).unwrap_or_default());
        }
    }
    present
}

fn found(key: &str, library: &Library, known: &BTreeMap<String, Library>) -> Option<Found> {
    let (name, version) = named(key)?;
    let need = |key: &String| {
        let (name, version) = named(key)?;
        let version = known.contains_key(key).then(|| version.to_owned());
        Some(Need { name: name.to_owned(), version })
    };
    Some(Found {
        needs: library.needs.iter().filter_map(need).collect(),
        cpes: runtime(name, version).into_iter().collect(),
        owns: library.owns.iter().copied().collect(),
        ..Found::new(Ecosystem::Nuget, name, version)
    })
}

/// Reads `Name/1.2.3`, without what marks a runtime pack.
fn named(key: &str) -> Option<(&str, &str)> {
    let (name, version) = key.split_once('/')?;
    let name = name.strip_prefix(RUNTIME_PACK).unwrap_or(name);
    let (name, version) = (word(name.as_bytes())?, word(version.as_bytes())?);
    (!version.contains('/')).then_some((name, version))
}

/// Returns the CPE of a package that is the runtime.
fn runtime(name: &str, version: &str) -> Option<String> {
    let is = |known: &&(&str, &str)| {
        if known.0.ends_with('.') { name.starts_with(known.0) } else { name == known.0 }
    };
    let (_, product) = RUNTIMES.iter().find(is)?;
    let numbers: Vec<&str> = version.split('.').collect();
    if numbers.is_empty() || !numbers.iter().all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    // Up to 3.1 it was called .NET Core.
    let is_core = *product == ".net" && numbers[0].len() == 1 && numbers[0] < "5";
    let product = if is_core { ".net_core" } else { product };
    Some(format!("cpe:2.3:a:microsoft:{product}:{version}:*:*:*:*:*:*:*"))
}

/// Returns the framework whose directory this is, `shared/Microsoft.NETCore.App/8.0.1/`, where the file itself does not
/// say what it was put together from.
fn framework(path: &str, parsed: &Parsed) -> Option<Found> {
    let (directory, file) = split(path);
    let (above, version) = split(directory);
    let (above, name) = split(above);
    let is_shared = split(above).1 == "shared" && file.strip_suffix(ENDING) == Some(name);
    let is_told =
        parsed.packages.iter().any(|found| found.name.starts_with(name) && found.version == version);
    let (name, version) = (word(name.as_bytes())?, word(version.as_bytes())?);
    (is_shared && !is_told).then(|| Found {
        cpes: runtime(name, version).into_iter().collect(),
        ..Found::new(Ecosystem::Nuget, name, version)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPLICATION: &str = r#"{
      "runtimeTarget": {"name": ".NETCoreApp,Version=v8.0/linux-x64", "signature": ""},
      "targets": {".NETCoreApp,Version=v8.0": {}, ".NETCoreApp,Version=v8.0/linux-x64": {
        "App/1.0.0": {"dependencies": {"Humanizer": "2.14.1", "Own": "1.0.0", "Gone": "9.0.0",
            "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64": "8.0.1"}, "runtime": {"App.dll": {}}},
        "Own/1.0.0": {"runtime": {"Own.dll": {}}},
        "Humanizer/2.14.1": {"dependencies": {"Humanizer.Core": "2.14.1"}},
        "Humanizer.Core/2.14.1": {"runtime": {"lib/net6.0/Humanizer.dll": {"assemblyVersion": "2.14.0.0"}}},
        "Microsoft.NETCore.Targets/1.1.0": {},
        "Loop/1.0.0": {"dependencies": {"Loop.Back": "1.0.0"}},
        "Loop.Back/1.0.0": {"dependencies": {"Loop": "1.0.0"}},
        "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"runtime": {"System.dll": {}}, "native": {"libcoreclr.so": {}}}
      }},
      "libraries": {
        "App/1.0.0": {"type": "project", "serviceable": false, "sha512": ""},
        "Own/1.0.0": {"type": "project"},
        "Humanizer/2.14.1": {"type": "package", "sha512": "sha512-x"},
        "Humanizer.Core/2.14.1": {"type": "package"},
        "Microsoft.NETCore.Targets/1.1.0": {"type": "package"},
        "Loop/1.0.0": {"type": "package"},
        "Loop.Back/1.0.0": {"type": "package"},
        "System.Reference/4.0.0.0": {"type": "referenceassembly"},
        "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"type": "runtimepack"}
      }
    }"#;

    fn shown(path: &str, text: &str) -> (Vec<String>, u64) {
        let parsed = parse(&File { path, bytes: text.as_bytes() });
        (parsed.packages.iter().map(|p| format!("{} {}", p.name, p.version)).collect(), parsed.unreadable)
    }

    #[test]
    fn what_the_compiler_alone_used_is_not_in_the_image() {
        let expected = [
            "App 1.0.0",
            "Humanizer.Core 2.14.1",
            "Humanizer 2.14.1",
            "Own 1.0.0",
            "Microsoft.NETCore.App.Runtime.linux-x64 8.0.1",
        ];
        assert_eq!(shown("app/App.deps.json", APPLICATION), (expected.map(str::to_owned).to_vec(), 0));
        let parsed = parse(&File { path: "app/App.deps.json", bytes: APPLICATION.as_bytes() });
        let need =
            |name: &str, version: Option<&str>| Need { name: name.into(), version: version.map(Into::into) };
        assert_eq!(
            parsed.packages[0].needs,
            [
                need("Gone", None),
                need("Humanizer", Some("2.14.1")),
                need("Own", Some("1.0.0")),
                need("Microsoft.NETCore.App.Runtime.linux-x64", Some("8.0.1"))
            ]
        );
        let owned = ["app/Humanizer.dll", "app/lib/net6.0/Humanizer.dll", "app/net6.0/Humanizer.dll"];
        let owned: BTreeSet<PathKey> = owned.into_iter().map(PathKey::of).collect();
        assert_eq!(parsed.packages[1].owns.iter().copied().collect::<BTreeSet<_>>(), owned);
        assert_eq!(parsed.packages[4].cpes, ["cpe:2.3:a:microsoft:.net:8.0.1:*:*:*:*:*:*:*"]);
    }

    #[test]
    fn a_shared_framework_is_of_the_version_of_its_directory() {
        let own = r#"{"targets": {"t": {"Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"runtime": {"a.dll": {}}}}},
            "libraries": {"Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"type": "package"}}}"#;
        // As in .NET Core 3.1: a package of the framework's name that was used to build it and is not in it.
        let old = r#"{"targets": {"t": {"Microsoft.NETCore.App/3.1.32-servicing.1": {}}},
            "libraries": {"Microsoft.NETCore.App/3.1.32-servicing.1": {"type": "package"}}}"#;
        for (path, text, expected) in [
            (
                "usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.1/Microsoft.NETCore.App.deps.json",
                own,
                "Microsoft.NETCore.App.Runtime.linux-x64 8.0.1",
            ),
            (
                "usr/share/dotnet/shared/Microsoft.NETCore.App/3.1.32/Microsoft.NETCore.App.deps.json",
                old,
                "Microsoft.NETCore.App 3.1.32",
            ),
            (
                "shared/Microsoft.AspNetCore.App/8.0.1/Microsoft.AspNetCore.App.deps.json",
                "{}",
                "Microsoft.AspNetCore.App 8.0.1",
            ),
        ] {
            assert_eq!(shown(path, text), (vec![expected.to_owned()], 0), "{path}");
        }
        assert_eq!(shown("app/shared/8.0.1/App.deps.json", "{}").0, [""; 0]);
        for (name, version, cpe) in [
            ("Microsoft.NETCore.App", "3.1.32", Some("cpe:2.3:a:microsoft:.net_core:3.1.32:*:*:*:*:*:*:*")),
            ("Microsoft.NETCore.App", "10.0.0", Some("cpe:2.3:a:microsoft:.net:10.0.0:*:*:*:*:*:*:*")),
            (
                "Microsoft.AspNetCore.App.Runtime.linux-x64",
                "6.0.1",
                Some("cpe:2.3:a:microsoft:asp.net_core:6.0.1:*:*:*:*:*:*:*"),
            ),
            ("Microsoft.NETCore.App", "8.0.0-rc.1", None),
            ("Microsoft.NETCore.Apple", "8.0.0", None),
        ] {
            assert_eq!(runtime(name, version).as_deref(), cpe, "{name} {version}");
        }
    }

    #[test]
    fn hostile_libraries_are_counted_and_never_listed() {
        let text = r#"{"targets": {"t": {"a b/1": {"runtime": {"x": 1}}, "a": {"native": {"x": 1}}, "a/1/2": {"runtime": {"x": {}}}, "c/1": {"runtime": [], "dependencies": 3}}},
            "libraries": {"a b/1": {"type": "package"}, "a": {"type": "package"}, "a/1/2": {"type": "package"}, "c/1": {"type": "package"}, "d/1": 3}}"#;
        assert_eq!(shown("x.deps.json", text), (vec![], 3));
        for text in ["", "[]", "{"] {
            assert_eq!(parse(&File { path: "x.deps.json", bytes: text.as_bytes() }).gaps.len(), 1, "{text}");
        }
        assert!(is_wanted("app/a.deps.json") && !is_wanted("app/.deps.json") && !is_wanted("app/deps.json"));
    }
}
