//! Java virtual machines, by the `release` file in their home directory: the key-value file that the build of OpenJDK
//! writes (make/ReleaseFile.gmk), and that every distribution of it carries.
//!
//! Vendor, product and CPE names are those under which the CVE list has them: what is built from OpenJDK counts as
//! Oracle's `openjdk`, but for Azul's, IBM's and Oracle's own builds.

use std::collections::BTreeMap;

use super::{Cataloguer, Wants, word};
use crate::catalogue::declared;
use crate::catalogue::found::{File, Found, Parsed};
use crate::model::Ecosystem;

pub(super) const CATALOGUER: Cataloguer =
    Cataloguer { name: "jvm", wants: &[Wants::Paths(is_release)], parse: read };

/// How much of the file is read; real ones have two kilobytes.
const FILE_BYTES_MAX: usize = 64 * 1024;

/// The longest URL that is kept.
const URL_BYTES_MAX: usize = 512;

fn is_release(path: &str) -> bool {
    path == "release" || path.ends_with("/release")
}

/// The values of a file by their keys.
type Values<'a> = BTreeMap<&'a str, &'a str>;

/// Many files are called `release`: one without a version of Java says nothing here.
fn read(file: &File<'_>) -> Parsed {
    let mut parsed = Parsed::default();
    let text = String::from_utf8_lossy(&file.bytes[..file.bytes.len().min(FILE_BYTES_MAX)]);
    let values = values(&text);
    if !values.contains_key("JAVA_VERSION") && !values.contains_key("JAVA_RUNTIME_VERSION") {
        return parsed;
    }
    parsed.add(machine(file.path, &values));
    if values.contains_key("GRAALVM_VERSION") {
        parsed.add(graalvm(&values));
    }
    parsed
}

/// Reads `KEY="value"`, a line each; of a key that comes twice the last value counts.
fn values(text: &str) -> Values<'_> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs
        .map(|(key, value)| (key.trim(), value.trim().trim_matches('"').trim()))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

/// A product under the name that the CVE list has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Product {
    vendor: &'static str,
    name: &'static str,
}

fn machine(path: &str, values: &Values<'_>) -> Option<Found> {
    let version = version(values)?;
    let product = product(path, values);
    let mut found = described(Found::new(Ecosystem::Generic, product.name, version), values);
    product.vendor.clone_into(&mut found.namespace);
    let (short, update) = short_and_update(version);
    let cpe = |product: Product| {
        let [short, update] = [short, &update].map(escaped);
        format!("cpe:2.3:a:{}:{}:{short}:{update}:*:*:*:*:*:*", product.vendor, product.name)
    };
    found.cpes = cpe_products(product, is_kit(values)).into_iter().map(cpe).collect();
    Some(found)
}

/// Returns GraalVM beside the machine it is built on; it has advisories of its own.
fn graalvm(values: &Values<'_>) -> Option<Found> {
    let version = word(values.get("GRAALVM_VERSION")?.as_bytes())?;
    let implementor = values.get("IMPLEMENTOR").copied().unwrap_or_default();
    let edition = match implementor {
        text if text.contains("Community") => "community",
        "Oracle Corporation" => "enterprise",
        _ => "*",
    };
    let mut found = described(Found::new(Ecosystem::Generic, "graalvm", version), values);
    "oracle".clone_into(&mut found.namespace);
    found.cpes = vec![format!("cpe:2.3:a:oracle:graalvm:{}:*:*:*:{edition}:*:*:*", escaped(version))];
    Some(found)
}

fn described(mut found: Found, values: &Values<'_>) -> Found {
    let url = |key: &str| {
        values.get(key).filter(|url| url.len() <= URL_BYTES_MAX).and_then(|url| declared::url(url))
    };
    if let Some(url) = url("SOURCE_REPO").or_else(|| url("BUILD_SOURCE_REPO")) {
        found.qualifiers.insert("repository_url".to_owned(), url);
    }
    found.source_url = url("SOURCE_REPO");
    found.creator = declared::creator(values.get("IMPLEMENTOR"));
    found
}

/// Returns the most precise version that is not of another scheme: `FULL_VERSION` only where it begins like
/// `JAVA_VERSION`.
fn version<'a>(values: &Values<'a>) -> Option<&'a str> {
    let value = |key: &str| values.get(key).copied();
    let major = |version: &'a str| version.split('.').next();
    let full = value("FULL_VERSION").filter(|full| major(full) == value("JAVA_VERSION").and_then(major));
    word(value("JAVA_RUNTIME_VERSION").or(full).or_else(|| value("JAVA_VERSION"))?.as_bytes())
}

fn product(path: &str, values: &Values<'_>) -> Product {
    let implementor = values.get("IMPLEMENTOR").copied().unwrap_or_default().to_lowercase().replace(' ', "");
    let build = values.get("BUILD_TYPE").copied().unwrap_or_default();
    let kit = if is_kit(values) { "jdk" } else { "jre" };
    let is = |name: &str| implementor.contains(name);
    let path = format!("/{path}");
    if is("azul") || path.contains("zulu") {
        Product { vendor: "azul", name: "zulu" }
    } else if is("sun") {
        Product { vendor: "sun", name: kit }
    } else if is("ibm") || path.contains("/ibm") {
        Product { vendor: "ibm", name: if has_compiler(values) { "java_sdk" } else { "java" } }
    } else if is("oracle") || path.contains("oracle") || build.contains("commercial") {
        Product { vendor: "oracle", name: kit }
    } else {
        Product { vendor: "oracle", name: "openjdk" }
    }
}

/// Returns whether the compiler is part of it.
fn has_compiler(values: &Values<'_>) -> bool {
    values.get("MODULES").is_some_and(|modules| modules.split(' ').any(|module| module == "jdk.compiler"))
}

/// Returns whether it is a development kit; what says nothing counts as one.
fn is_kit(values: &Values<'_>) -> bool {
    let image = values.get("IMAGE_TYPE").copied().unwrap_or_default().to_lowercase();
    has_compiler(values) || !image.contains("jre")
}

/// Returns the products under which advisories may list it.
fn cpe_products(product: Product, is_kit: bool) -> Vec<Product> {
    let of = |name: &'static str| Product { name, ..product };
    let editions = || [of("jre")].into_iter().chain(is_kit.then(|| of("jdk")));
    match (product.vendor, product.name) {
        ("azul", _) => vec![product, Product { vendor: "oracle", name: "openjdk" }],
        ("sun", _) => editions().collect(),
        ("oracle", "jdk" | "jre") => [of("java_se")].into_iter().chain(editions()).collect(),
        _ => vec![product],
    }
}

/// Returns version and update as CPE names have them: `1.8.0_302-b08` is update 302 of 1.8.0, and of `21.0.4+7-LTS`
/// (JEP 223) the build is left out.
fn short_and_update(version: &str) -> (&str, String) {
    match version.split_once('_') {
        Some((short, rest)) => {
            let update = rest.split(['-', '+']).next().unwrap_or_default().trim_start_matches('0');
            (short, if update.is_empty() { "*".to_owned() } else { format!("update{update}") })
        }
        None => (version.split('+').next().unwrap_or(version), "*".to_owned()),
    }
}

/// Escapes what CPE's formatted strings do not have unescaped (NISTIR 7695, section 6.2.2.3); `*` alone means any.
fn escaped(text: &str) -> String {
    if text == "*" {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        if !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')) {
            out.push('\\');
        }
        out.push(c);
    }
    out.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(path: &str, text: &str) -> Vec<String> {
        let parsed = read(&File { path, bytes: text.as_bytes() });
        assert_eq!(parsed.gaps, [""; 0]);
        let show = |found: &Found| {
            let url = found.qualifiers.get("repository_url").map(|url| format!(" {url}")).unwrap_or_default();
            let cpes: Vec<String> =
                found.cpes.iter().map(|cpe| cpe["cpe:2.3:a:".len()..].replace(":*:*:*:*:*:*", "")).collect();
            format!("{}/{}@{}{url} {}", found.namespace, found.name, found.version, cpes.join(" "))
        };
        parsed.packages.iter().map(show).collect()
    }

    /// Files as the images of the named vendors have them; products and CPE names as Syft 1.51 gives them.
    #[test]
    fn machines_are_named_as_the_cve_list_names_them() {
        for (path, text, expected) in [
            (
                "opt/java/openjdk/release",
                "IMPLEMENTOR=\"Eclipse Adoptium\"\nJAVA_RUNTIME_VERSION=\"21.0.4+7-LTS\"\nJAVA_VERSION=\"21.0.4\"\n\
                 SOURCE_REPO=\"https://github.com/adoptium/jdk21u.git\"\nIMAGE_TYPE=\"JDK\"\n",
                "oracle/openjdk@21.0.4+7-LTS https://github.com/adoptium/jdk21u.git oracle:openjdk:21.0.4:*",
            ),
            (
                "usr/lib/jvm/zulu11/release",
                "JAVA_VERSION=\"11.0.24\"\nJAVA_RUNTIME_VERSION=\"11.0.24+8-LTS\"\nIMPLEMENTOR=\"Azul Systems, Inc.\"\n",
                "azul/zulu@11.0.24+8-LTS azul:zulu:11.0.24:* oracle:openjdk:11.0.24:*",
            ),
            (
                "usr/java/jdk1.8.0/release",
                "JAVA_VERSION=\"1.8.0_302\"\nBUILD_TYPE=\"commercial\"\n",
                "oracle/jdk@1.8.0_302 oracle:java_se:1.8.0:update302 oracle:jre:1.8.0:update302 oracle:jdk:1.8.0:update302",
            ),
            (
                "usr/java/jre/release",
                "JAVA_VERSION=\"22.0.2\"\nJAVA_RUNTIME_VERSION=\"22.0.2+9-70\"\nIMPLEMENTOR=\"Oracle Corporation\"\nIMAGE_TYPE=\"JRE\"\n",
                "oracle/jre@22.0.2+9-70 oracle:java_se:22.0.2:* oracle:jre:22.0.2:*",
            ),
            ("opt/ibm/java/release", "JAVA_VERSION=\"17-ea\"\n", "ibm/java@17-ea ibm:java:17-ea:*"),
            (
                "opt/jdk8/release",
                "JAVA_VERSION=\"1.8.0_131\"\nFULL_VERSION=\"1.8.0_131-b08\"\n",
                "oracle/openjdk@1.8.0_131-b08 oracle:openjdk:1.8.0:update131",
            ),
        ] {
            assert_eq!(shown(path, text), [expected], "{path}");
        }
    }

    #[test]
    fn addresses_and_makers_hold_neither_secrets_nor_what_deceives() {
        for (url, expected) in [
            ("https://git.example/\0", None),
            ("https://user:secret@git.example/a.git", Some("https://git.example/a.git")),
            ("/home/build/jdk", None),
        ] {
            let text = format!("JAVA_VERSION=4\nIMPLEMENTOR=\"A\u{1b}[2J\"\nSOURCE_REPO=\"{url}\"\n");
            let parsed = read(&File { path: "opt/java/release", bytes: text.as_bytes() });
            let found = &parsed.packages[0];
            let told = found.qualifiers.get("repository_url");
            assert_eq!((found.source_url.as_deref(), told.map(String::as_str)), (expected, expected));
            assert_eq!(found.creator.as_deref(), Some("A[2J"));
        }
    }

    #[test]
    fn graalvm_is_listed_beside_the_machine_it_is_built_on() {
        let text = "IMPLEMENTOR=\"GraalVM Community\"\nJAVA_VERSION=\"17.0.5\"\nGRAALVM_VERSION=\"22.3.0\"\n";
        let parsed = read(&File { path: "opt/graalvm/release", bytes: text.as_bytes() });
        assert_eq!(parsed.packages.len(), 2);
        assert_eq!(parsed.packages[1].cpes, ["cpe:2.3:a:oracle:graalvm:22.3.0:*:*:*:community:*:*:*"]);
    }

    #[test]
    fn other_files_called_release_say_nothing_and_hostile_ones_are_counted() {
        assert_eq!(shown("release", "VERSION=1\nNAME=x\n"), [""; 0]);
        assert_eq!(shown("x/release", "JAVA_VERSION=\n"), [""; 0]);
        for text in ["JAVA_VERSION=\"1 2\"\n", "JAVA_VERSION=\"\u{1b}[2J\"\n"] {
            let parsed = read(&File { path: "release", bytes: text.as_bytes() });
            assert_eq!((parsed.packages.len(), parsed.unreadable), (0, 1), "{text:?}");
        }
        for bytes in [&b"\xff\xff=\xfe\n"[..], b"=", b"JAVA_VERSION"] {
            assert_eq!(read(&File { path: "release", bytes }), Parsed::default());
        }
        assert!(is_release("opt/x/release") && !is_release("etc/os-release"));
    }
}
