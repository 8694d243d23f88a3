//! Names as policies write them, and as certificates carry them.

use rcgen::DnType;

use super::*;

/// Returns whether an identity accepts a signer of these names besides country, state, organisation and common name.
fn accepts(identity: &str, more: &[(DnType, &str)]) -> bool {
    let town = Town::new();
    let signer = town.signer_with("ES256", |params| {
        for (kind, value) in more {
            params.distinguished_name.push(kind.clone(), *value);
        }
    });
    let store = TrustStore::of(&entry(&town.root, &[identity])).unwrap();
    match told(&draft("ES256"), &signer, &store) {
        (Outcome::Verified, _) => true,
        (Outcome::Foreign, _) => false,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_identity_is_a_subset_of_the_subject() {
    let unit = [(DnType::OrganizationalUnitName, "Builds, Berlin")];
    for (identity, expected) in [
        ("*", true),
        ("x509.subject: C=DE, ST=Berlin, O=Example", true),
        ("x509.subject:C=DE,S=Berlin,O=Example,CN=Release", true),
        ("x509.subject: o=Example", true),
        ("x509.subject: O=Example, OU=Builds\\, Berlin", true),
        ("x509.subject: O=Example, OU=Builds\\2C Berlin", true),
        ("x509.subject: C=DE, O=Example, L=Berlin", false),
        ("x509.subject: O=example", false),
        ("x509.subject: O=Ex", false),
        ("x509.subject: O=Example Ltd", false),
        ("x509.subject: CN=Example", false),
    ] {
        assert_eq!(accepts(identity, &unit), expected, "{identity}");
    }
}

#[test]
fn identities_that_cannot_be_read() {
    let root = Town::new().root;
    for (identity, reason) in [
        ("C=DE, O=Example", "expected `x509.subject:` and a distinguished name, or `*`"),
        ("x509.issuer: O=Example", "expected `x509.subject:`"),
        ("x509.subject:", "has no `=`"),
        ("x509.subject: O=Example,", "has no `=`"),
        ("x509.subject: O=", "`O` has no value"),
        ("x509.subject: =Example", "has no name before `=`"),
        ("x509.subject: O=Example, O=Other", "`O` occurs twice"),
        ("x509.subject: ST=Berlin, S=Berlin", "`ST` occurs twice"),
        ("x509.subject: ORG=Example", "`ORG` is no known part of a name"),
        ("x509.subject: O=#0403", "values in hexadecimal"),
        ("x509.subject: O=Example+OU=Builds", "names of several parts"),
        ("x509.subject: O=Example\\", "`\\` escapes nothing"),
        ("x509.subject: O=\\FF", "not UTF-8"),
    ] {
        let error = TrustStore::of(&entry(&root, &[identity])).unwrap_err();
        assert!(
            error.contains(reason) && error.contains("of Notation store `vendor`"),
            "{identity}: {error}"
        );
    }
}

#[test]
fn an_attribute_that_occurs_twice_in_a_certificate_matches_nothing() {
    // `O=Example` once more, after another organisation: which one certified it cannot be told.
    let subject = |parts: &[&str]| -> x509_cert::name::Name { parts.join(",").parse().unwrap() };
    let identity = super::super::identity::Identity::parse("x509.subject: O=Example").unwrap();
    assert!(identity.matches(&subject(&["CN=a", "O=Example"])));
    assert!(!identity.matches(&subject(&["O=Example", "O=Other"])));
    assert!(!identity.matches(&subject(&["O=Example", "O=Example"])));
}

#[test]
fn trust_stores_that_cannot_be_read() {
    let root = Town::new().root;
    for (text, reason) in [
        (String::new(), "no certificate is in it"),
        (
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n".to_owned(),
            "no certificate is in it",
        ),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned(),
            "a certificate is malformed",
        ),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n".to_owned(), "cannot be read"),
        (root.pem().repeat(513), "more than 512 certificates"),
    ] {
        let mut written = entry(&root, &["*"]);
        written.trust_store.text = text;
        let error = TrustStore::of(&written).unwrap_err();
        assert!(error.contains("trust/vendor.pem") && error.contains(reason), "{error}");
    }
    let mut written = entry(&root, &["*"]);
    written.trust_store.text = root.pem().repeat(512);
    assert!(TrustStore::of(&written).is_ok());
    written.timestamp_store = Some(DesiredFile { path: "trust/tsa.pem".to_owned(), text: String::new() });
    assert!(TrustStore::of(&written).unwrap_err().contains("trust/tsa.pem"));
}

#[test]
fn a_subject_is_written_as_the_narrowest_identity_that_accepts_it() {
    use super::super::identity::Identity;
    let town = Town::new();
    let of = |more: &[(DnType, &str)]| {
        let signer = town.signer_with("ES256", |params| {
            for (kind, value) in more {
                params.distinguished_name.push(kind.clone(), *value);
            }
        });
        let leaf = super::super::certificate::Certificate::read(&signer.chain[0]).unwrap();
        Identity::written(&leaf.parsed().subject)
    };
    let whole = "x509.subject: C=DE, ST=Berlin, O=Example, CN=Release";
    assert_eq!(of(&[]).as_deref(), Some(whole));
    for (value, written) in [
        ("Builds, Berlin", "Builds\\, Berlin"),
        ("a+b;c<d>e\"f\\g", "a\\+b\\;c\\<d\\>e\\\"f\\\\g"),
        ("#1", "\\#1"),
        ("1#", "1#"),
        (" edge ", "\\20edge\\20"),
        (" ", "\\20"),
        ("a=b", "a=b"),
        ("ab\\", "ab\\\\"),
        ("line\nfeed", "line\\0Afeed"),
        ("right\u{202e}left", "right\\E2\\80\\AEleft"),
        ("Müller", "Müller"),
    ] {
        let more = [(DnType::OrganizationalUnitName, value)];
        let identity = of(&more).unwrap();
        assert_eq!(identity, format!("{whole}, OU={written}"));
        assert!(accepts(&identity, &more) && !accepts(&identity, &[]), "{identity}");
    }
    // What no identity can name is left out; a name of nothing else is none.
    let serial = DnType::CustomDnType(vec![2, 5, 4, 12]);
    assert_eq!(of(&[(serial, "Director")]).as_deref(), Some(whole));
    let none: x509_cert::name::Name = "title=Director".parse().unwrap();
    assert_eq!(Identity::written(&none), None);
    let twice: x509_cert::name::Name = "O=Example,O=Other,CN=a".parse().unwrap();
    assert_eq!(Identity::written(&twice).as_deref(), Some("x509.subject: CN=a"));
}
