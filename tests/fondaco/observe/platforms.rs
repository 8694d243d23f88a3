//! An index that nobody signed, whose platforms are signed.

use super::*;

/// Puts the signed image of `acme/web:1` into an index `2`, beside one that is not signed. Returns the index's name.
fn index(fake: &Fake, folder: &Path) -> (String, Digest) {
    signed(fake, folder);
    let signed = fake.tag("acme/web", "1").unwrap();
    let other = tiny::image(
        fake,
        "acme/web",
        "other",
        "Package: other\nStatus: install ok installed\nVersion: 1\n\n",
    );
    let entry = |digest: &Digest, architecture: &str| {
        let size = fake.stored("acme/web", digest).unwrap().len();
        json!({"mediaType": media_type::OCI_MANIFEST, "digest": digest, "size": size,
            "platform": {"os": "linux", "architecture": architecture}})
    };
    let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX,
        "manifests": [entry(&other, "amd64"), entry(&signed, "arm64")]});
    fake.manifest("acme/web", "2", media_type::OCI_INDEX, index.to_string());
    (format!("{}/acme/web:2", fake.address), signed)
}

#[test]
fn they_are_named_with_what_that_means_at_a_few_requests_each() {
    let (folder, fake) = (tempfile::tempdir().unwrap(), Fake::start(Options::default()));
    let (image, signed) = index(&fake, folder.path());
    fake.clear_log();
    let (code, stdout, stderr) = observe(folder.path(), &fake, &[&image, "--key", "acme.pub"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let named = format!(
        "  unsigned        nobody signed the index\n  platforms       1 of 2 are signed\n  platform        linux/arm64  {signed}\n"
    );
    assert!(stdout.contains(&named) && !stdout.contains("kind: TrustPolicy"), "{stdout}");
    let way_on = format!("`fondaco trust observe {}/acme/web@{signed}`", fake.address);
    assert!(stdout.contains("nothing vouches for its index") && stdout.contains(&way_on), "{stdout}");
    let asked = fake.log().iter().filter(|logged| logged.action == "GET referrers").count();
    // Whoever looks for statements looks inside an index, too; signatures are looked for where there are none.
    assert_eq!(asked, 5, "the index once, each platform for statements and for signatures: {:?}", fake.log());

    let alone = format!("{}/acme/web@{signed}", fake.address);
    let (_, stdout, _) = observe(folder.path(), &fake, &[&alone, "--key", "acme.pub"]);
    assert!(stdout.contains("    - name: acme\n"), "{stdout}");
}

#[test]
fn a_platform_that_the_registry_does_not_tell_about_is_undeterminable() {
    let (folder, fake) = (tempfile::tempdir().unwrap(), Fake::start(Options::default()));
    let (image, signed) = index(&fake, folder.path());
    let path_end = format!("/referrers/{signed}");
    let fault = Fault { path_end, ..Fault::new("GET referrers", 403, usize::MAX) };
    fake.set(|options| options.faults.push(fault));
    let (code, stdout, _) = observe(folder.path(), &fake, &[&image]);
    let undetermined = stdout.lines().find(|line| line.starts_with("  undeterminable  "));
    let names_it = undetermined.is_some_and(|line| line.contains(&signed.to_string()));
    assert!(code == 1 && names_it && !stdout.contains("kind: TrustPolicy"), "{code} {stdout}");
}
