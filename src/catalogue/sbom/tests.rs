use serde_json::Value;
use std::io::Write as _;

use super::*;

fn packages() -> Vec<Package> {
    [
        "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl",
        "pkg:deb/debian/redis@5:7.0.15-1?arch=amd64&distro=debian-12",
        "pkg:deb/debian/libgcc-s1@12.2.0-14+deb12u1?arch=amd64&distro=debian-12&upstream=gcc-12@12.2.0-14",
    ]
    .map(|purl| purl.parse().unwrap())
    .to_vec()
}

fn subject() -> SbomSubject {
    SbomSubject {
        repository: "registry.example/team/app".into(),
        digest: Digest::sha256(b"manifest"),
        platform: "linux/amd64".into(),
        system: Some("Debian GNU/Linux 12 (bookworm)".into()),
    }
}

fn document(packages: &[Package]) -> Value {
    let at = "2026-11-21T08:00:00Z".parse().ok();
    serde_json::from_slice(&cyclonedx(&subject(), packages, at, "0.1.0").unwrap()).unwrap()
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
        let package: Package = component["purl"].as_str().unwrap().parse().unwrap();
        assert!(packages().contains(&package), "{package}");
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
        let bytes = cyclonedx(&subject(), &[], None, version).unwrap();
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
    let retriever = Local(
        ["spdx.schema.json", "jsf-0.82.schema.json"]
            .map(|name| (format!("http://cyclonedx.org/schema/{name}"), read(name)))
            .into(),
    );
    let validator =
        jsonschema::options().with_retriever(retriever).build(&read("bom-1.6.schema.json")).unwrap();
    for packages in [packages(), vec![]] {
        let errors: Vec<String> =
            validator.iter_errors(&document(&packages)).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
    let mut broken = document(&packages());
    broken["components"][0]["type"] = "no such type".into();
    assert!(!validator.is_valid(&broken));
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
