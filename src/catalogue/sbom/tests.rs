use serde_json::Value;
use std::io::Write as _;

use super::*;
use crate::catalogue::Form;

mod spdx;

fn packages() -> Vec<Component> {
    [
        "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl",
        "pkg:deb/debian/redis@5:7.0.15-1?arch=amd64&distro=debian-12",
        "pkg:deb/debian/libgcc-s1@12.2.0-14+deb12u1?arch=amd64&distro=debian-12&upstream=gcc-12@12.2.0-14",
    ]
    .map(|purl| Component::bare(purl.parse().unwrap(), purl.to_owned(), "dpkg", Form::Installed))
    .to_vec()
}

fn subject() -> SbomSubject {
    SbomSubject {
        repository: "registry.example/team/app".into(),
        digest: Digest::sha256(b"manifest"),
        platform: "linux/amd64".into(),
        system: Some("Debian GNU/Linux 12 (bookworm)".into()),
        creator: Some("sbom@registry.example".into()),
        sha512: Some("01".repeat(64)),
    }
}

fn written(version: CycloneDx, components: &[Component]) -> Vec<u8> {
    let at = "2026-11-21T08:00:00Z".parse().ok();
    cyclonedx(version, &subject(), components, at, "0.1.0").unwrap()
}

fn document(components: &[Component]) -> Value {
    serde_json::from_slice(&written(CycloneDx::V1_6, components)).unwrap()
}

/// One component of every form, with all that can be known of one, and hostile words.
fn rich() -> Vec<Component> {
    let of = |purl: &str, form| Component::bare(purl.parse().unwrap(), purl.to_owned(), "test", form);
    let place = |path: &str, inside: Option<&str>| crate::catalogue::Place {
        path: path.into(),
        inside: inside.map(str::to_owned),
        layer: 1,
    };
    let mut app = of("pkg:golang/example.com/app@v1.2.3", Form::Executable);
    app.places.insert(place("usr/bin/a pp#1", None));
    app.sha512 = Some("ab".repeat(64));
    app.cpes.insert("cpe:2.3:a:example:app:1.2.3:*:*:*:*:*:*:*".into());
    app.needs.insert("pkg:golang/stdlib@1.22.3".into());
    app.needs.insert("pkg:golang/not-there@1".into());
    let mut library = of("pkg:golang/stdlib@1.22.3", Form::Compiled);
    library.places.insert(place("usr/bin/a pp#1", None));
    library.licences.insert("BSD-3-Clause".into());
    let mut jar = of("pkg:maven/org.example/a@1", Form::Archive);
    jar.places.insert(place("srv/a.jar", None));
    jar.sha512 = Some("cd".repeat(64));
    jar.creator = Some("https://example.org/".into());
    jar.source_url = Some("https://example.org/a.git".into());
    let mut inner = of("pkg:maven/org.example/b@2", Form::Archive);
    inner.places.insert(place("srv/a.jar", Some("lib/b.jar")));
    inner.licences.insert("Some Licence (own), see | file\u{1b}".into());
    inner.creator = Some("Jane <jane@example.org>".into());
    let mut unversioned = of("pkg:generic/nameless", Form::Executable);
    unversioned.places.insert(place("opt/nameless", None));
    unversioned.sha512 = Some("ef".repeat(64));
    let mut all = packages();
    all.extend([app, library, jar, inner, unversioned]);
    all
}

/// Grype and Trivy look for `GROUP/NAME`, and know no package `debian/redis`.
#[test]
fn the_distribution_is_no_group_of_its_packages() {
    let document = document(&rich());
    let components = document["components"].as_array().unwrap();
    let groups: Vec<_> = components
        .iter()
        .filter_map(|component| Some((component["purl"].as_str()?, component["group"].as_str())))
        .collect();
    for (purl, group) in groups {
        let expected = [
            ("pkg:deb/", None),
            ("pkg:maven/", Some("org.example")),
            ("pkg:golang/example", Some("example.com")),
        ];
        if let Some((_, expected)) = expected.iter().find(|(beginning, _)| purl.starts_with(beginning)) {
            assert_eq!(group, *expected, "{purl}");
        }
    }
}

#[test]
fn components_are_named_by_their_package_urls() {
    let document = document(&packages());
    assert_eq!((&document["specVersion"], &document["version"]), (&"1.6".into(), &1.into()));
    assert_eq!(document["metadata"]["component"]["type"], "container");
    assert_eq!(document["metadata"]["component"]["version"], Digest::sha256(b"manifest").to_string());
    assert_eq!(document["metadata"]["timestamp"], "2026-11-21T08:00:00Z");
    let components = document["components"].as_array().unwrap();
    assert_eq!(components.len(), 4);
    let system = &components[0];
    assert_eq!(
        (&system["type"], &system["name"], &system["version"]),
        (&"operating-system".into(), &"debian".into(), &"12".into())
    );
    for component in &components[1..] {
        assert_eq!(component["bom-ref"], component["purl"]);
        assert!(packages().iter().any(|one| component["purl"] == one.purl), "{component}");
    }
    assert!(document.get("vulnerabilities").is_none());
}

#[test]
fn equal_arguments_give_equal_bytes_in_any_order() {
    let mut turned = packages();
    turned.reverse();
    turned.push(turned[0].clone());
    assert_eq!(document(&turned), document(&packages()));
    let serial = |version: &str| {
        let bytes = cyclonedx(CycloneDx::V1_6, &subject(), &[], None, version).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()["serialNumber"].as_str().unwrap().to_owned()
    };
    assert_eq!(serial("0.1.0"), serial("0.1.0"));
    assert_ne!(serial("0.1.0"), serial("0.2.0"));
    // Version 8 and the variant of RFC 9562.
    assert_eq!(&serial("0.1.0")[23..24], "8");
    assert!(matches!(&serial("0.1.0")[28..29], "8" | "9" | "a" | "b"), "{}", serial("0.1.0"));
}

#[test]
fn the_document_holds_against_the_official_schema() {
    let Some(corpora) = std::env::var_os("FONDACO_CORPORA") else {
        // Past the harness, which shows nobody the words of a test that passes.
        let _ = writeln!(
            std::io::stderr(),
            "left out, because FONDACO_CORPORA is not set: the SBOM was not held against the CycloneDX schema"
        );
        return;
    };
    let folder = std::path::Path::new(&corpora).join("cyclonedx");
    let read =
        |name: &str| -> Value { serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap() };
    for (version, schema) in
        [(CycloneDx::V1_6, "bom-1.6.schema.json"), (CycloneDx::V1_7, "bom-1.7.schema.json")]
    {
        let names = ["spdx.schema.json", "jsf-0.82.schema.json", "cryptography-defs.schema.json"];
        let known = names.map(|name| (format!("http://cyclonedx.org/schema/{name}"), read(name)));
        let retriever = Local(known.into());
        let validator = jsonschema::options().with_retriever(retriever).build(&read(schema)).unwrap();
        for components in [packages(), vec![], rich()] {
            let document: Value = serde_json::from_slice(&written(version, &components)).unwrap();
            let errors: Vec<String> =
                validator.iter_errors(&document).map(|e| format!("{e} at {}", e.instance_path())).collect();
            assert!(errors.is_empty(), "{version:?} {errors:?}");
        }
        let mut broken: Value = serde_json::from_slice(&written(version, &packages())).unwrap();
        broken["components"][0]["type"] = "no such type".into();
        assert!(!validator.is_valid(&broken));
    }
}

#[test]
fn version_1_5_is_read_back_by_the_library_that_wrote_it() {
    let bytes = written(CycloneDx::V1_5, &rich());
    let read = Bom::parse_from_json_v1_5(bytes.as_slice()).unwrap();
    assert!(read.validate().passed());
    assert_eq!(read.components.unwrap().0.len(), rich().len() + 1);
}

/// What BSI TR-03183-2 asks for falls short in nothing but what the image does not tell and the document says is unknown.
#[test]
fn nothing_falls_short_of_bsi_but_what_is_declared_unknown() {
    let report = check::check(&written(CycloneDx::V1_7, &rich()), check::Profile::Bsi).unwrap();
    let short: Vec<String> = report
        .fields
        .iter()
        .filter(|field| field.falls_short > 0)
        .map(|field| field.field.to_string())
        .collect();
    assert!(short.is_empty(), "{short:?}: {}", report.text());
}

#[test]
fn a_cpe_name_that_is_none_is_left_out() {
    let mut one = packages().remove(0);
    one.cpes.extend(["3", "cpe:2.3:a:example:app:1:*:*:*:*:*:*:*"].map(str::to_owned));
    let cpe = &document(&[one])["components"][1]["cpe"];
    assert_eq!(cpe, "cpe:2.3:a:example:app:1:*:*:*:*:*:*:*");
}

#[test]
fn a_need_that_is_not_in_the_image_is_left_out() {
    let document = document(&rich());
    let of = |reference: &str| {
        let all = document["dependencies"].as_array().unwrap();
        all.iter().find(|one| one["ref"] == reference).unwrap()["dependsOn"].clone()
    };
    assert_eq!(of("pkg:golang/example.com/app@v1.2.3"), serde_json::json!(["pkg:golang/stdlib@1.22.3"]));
    let image = of(&Digest::sha256(b"manifest").to_string());
    assert_eq!(image.as_array().unwrap().len(), rich().len() + 1);
}

struct Local(std::collections::HashMap<String, Value>);

impl jsonschema::Retrieve for Local {
    fn retrieve(
        &self,
        uri: &jsonschema::Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        self.0.get(uri.as_str()).cloned().ok_or_else(|| format!("no local schema `{uri}`").into())
    }
}
