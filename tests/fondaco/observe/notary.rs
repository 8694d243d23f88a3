//! Notary Project signatures: claims, the publisher's certificate, and the policy. The signature is made here by the letter
//! of the specification (JWS, ES256); `ci/trust-notation` does the same with the `notation` program.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use p256::{
    ecdsa::{Signature, SigningKey, signature::Signer as _},
    pkcs8::DecodePrivateKey as _,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

use super::*;

fn params(name: &str, usage: KeyUsagePurpose) -> CertificateParams {
    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2090, 1, 1));
    params.key_usages = vec![usage];
    params.distinguished_name = DistinguishedName::new();
    for (kind, value) in [
        (DnType::CountryName, "DE"),
        (DnType::StateOrProvinceName, "Berlin"),
        (DnType::OrganizationName, "Example, Inc."),
        (DnType::CommonName, name),
    ] {
        params.distinguished_name.push(kind, value);
    }
    params
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = params("Root", KeyUsagePurpose::KeyCertSign);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Puts an image up with a signature below this authority. Returns the image.
fn signed(fake: &Fake, authority: &CertifiedIssuer<'static, KeyPair>) -> String {
    let digest = tiny::image(fake, "acme/web", "1", tiny::STATUS);
    let size = fake.stored("acme/web", &digest).unwrap().len();
    let subject = json!({"mediaType": media_type::OCI_MANIFEST, "digest": digest, "size": size});
    let key = KeyPair::generate().unwrap();
    let leaf = params("Release", KeyUsagePurpose::DigitalSignature);
    let leaf = leaf.signed_by(&key, authority as &Issuer<'_, KeyPair>).unwrap();
    let protected = json!({
        "alg": "ES256", "cty": "application/vnd.cncf.notary.payload.v1+json",
        "crit": ["io.cncf.notary.signingScheme"], "io.cncf.notary.signingScheme": "notary.x509",
        "io.cncf.notary.signingTime": "2026-11-20T12:00:00Z",
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let (protected, payload) = (part(&protected), part(&json!({"targetArtifact": subject})));
    let signer = SigningKey::from_pkcs8_der(key.serialized_der()).unwrap();
    let signature: Signature = signer.sign(format!("{protected}.{payload}").as_bytes());
    let chain = [leaf.der(), authority.der()].map(|der| STANDARD.encode(der));
    let envelope = json!({
        "payload": payload, "protected": protected, "header": {"x5c": chain},
        "signature": URL_SAFE_NO_PAD.encode(signature.to_bytes()),
    })
    .to_string();
    let (size, layer) = (envelope.len(), fake.blob("acme/web", envelope));
    let empty = fake.blob("acme/web", "{}");
    let referrer = json!({
        "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST,
        "artifactType": "application/vnd.cncf.notary.signature",
        "config": {"mediaType": media_type::OCI_EMPTY, "digest": empty, "size": 2},
        "layers": [{"mediaType": "application/jose+json", "digest": layer, "size": size}],
        "subject": subject,
    });
    fake.manifest("acme/web", "signature", media_type::OCI_MANIFEST, referrer.to_string());
    format!("{}/acme/web:1", fake.address)
}

#[test]
fn from_a_claim_to_a_policy_that_accepts_the_signer() {
    let (folder, fake) = (tempfile::tempdir().unwrap(), Fake::start(Options::default()));
    let authority = authority();
    let image = signed(&fake, &authority);
    let (code, stdout, stderr) = observe(folder.path(), &fake, &[&image, "--save-root", "claimed.pem"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let fingerprint = Digest::sha256(authority.der()).hex().to_uppercase();
    let pairs: Vec<_> = fingerprint.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair)).collect();
    let fingerprint = pairs.join(":");
    let claimed = format!("    root SHA-256  {fingerprint}  (claimed, not verified)\n");
    assert!(stdout.contains(&claimed) && !stdout.contains("kind: TrustPolicy"), "{stdout}");
    assert!(stderr.contains("comes from the signature itself") && stderr.contains(&fingerprint), "{stderr}");
    let saved = fs::read_to_string(folder.path().join("claimed.pem")).unwrap();
    assert_eq!(saved, authority.pem().replace('\r', ""));
    // It is not written over anything.
    let (code, _, stderr) = observe(folder.path(), &fake, &[&image, "--save-root", "claimed.pem"]);
    assert!(code == 1 && stderr.contains("`claimed.pem` cannot be written"), "{stderr}");

    fs::write(folder.path().join("Example Root.crt"), authority.pem()).unwrap();
    let given = ["--trust-store", "Example Root.crt", "--out", "web.yaml"];
    let (code, stdout, stderr) = observe(folder.path(), &fake, &[&[image.as_str()], &given[..]].concat());
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(!stderr.contains("does not accept") && !stdout.contains("(claimed"), "{stdout}{stderr}");
    assert!(stderr.contains("copy `Example Root.crt` there"), "{stderr}");
    let policy = fs::read_to_string(folder.path().join("web.yaml")).unwrap();
    let expected = "spec:
  notation:
    - name: example-root
      trustStore: trust/example-root.pem
      identities:
        - \"x509.subject: C=DE, ST=Berlin, O=Example\\\\, Inc., CN=Release\"
";
    assert!(policy.ends_with(expected), "{policy}");
}

#[test]
fn a_certificate_of_somebody_else_accepts_nobody() {
    let (folder, fake) = (tempfile::tempdir().unwrap(), Fake::start(Options::default()));
    let image = signed(&fake, &authority());
    fs::create_dir_all(folder.path().join("trust/vendors")).unwrap();
    fs::write(folder.path().join("trust/vendors/other.pem"), authority().pem()).unwrap();
    let given = [&image, "--trust-store", "trust/vendors/other.pem"];
    let (code, stdout, stderr) = observe(folder.path(), &fake, &given);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("ends in none of the given trust stores"), "{stdout}");
    assert!(!stdout.contains("kind: TrustPolicy"), "{stdout}");
}

#[test]
fn what_is_no_trust_store_is_refused_before_anybody_is_asked() {
    let (folder, fake) = (tempfile::tempdir().unwrap(), Fake::start(Options::default()));
    let image = signed(&fake, &authority());
    fs::write(folder.path().join("root.der"), authority().der()).unwrap();
    for (file, said) in [("root.der", "certificates are read as PEM text"), ("none.pem", "cannot be read")] {
        let (code, _, stderr) = observe(folder.path(), &fake, &[&image, "--trust-store", file]);
        assert!(code == 64 && stderr.contains(said), "{code} {stderr}");
    }
    assert_eq!(fake.log().len(), 0);
    let (code, _, stderr) = observe(folder.path(), &fake, &[&image, "--timestamp-store", "none.pem"]);
    assert!(code == 64 && stderr.contains("--trust-store"), "{stderr}");
}

#[test]
fn a_root_is_not_chosen_among_several() {
    let (folder, fake) = (tempfile::tempdir().unwrap(), Fake::start(Options::default()));
    let image = signed(&fake, &authority());
    signed(&fake, &authority());
    let (code, stdout, stderr) = observe(folder.path(), &fake, &[&image, "--save-root", "root.pem"]);
    assert!(code == 1 && stderr.contains("2 different root certificates"), "{stdout}{stderr}");
    assert!(!folder.path().join("root.pem").exists());
}

#[test]
fn there_is_no_root_to_save_where_nothing_is_signed() {
    let (folder, fake) = (tempfile::tempdir().unwrap(), Fake::start(Options::default()));
    tiny::image(&fake, "acme/web", "1", tiny::STATUS);
    let image = format!("{}/acme/web:1", fake.address);
    let (code, _, stderr) = observe(folder.path(), &fake, &[&image, "--save-root", "root.pem"]);
    assert!(code == 1 && stderr.contains("there is no root to save"), "{stderr}");
    assert!(!folder.path().join("root.pem").exists());
}
