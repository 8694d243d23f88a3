//! Rule 12 for trust roots: no run contacts a TUF repository, also not the one that a root's record names.

use std::fs;

use super::{
    mirror::{Mirror, ROOT, root},
    now,
    tuf::{Server, Tuf},
};

#[test]
fn runs_contact_no_tuf_repository_and_a_refresh_does() {
    let text = root(None);
    let tuf = Tuf::new(&text);
    let server = Server::start(tuf.publish());
    let mirror = Mirror::new(&text, &server.address, now());
    let verbs: [&[&str]; 5] =
        [&["check"], &["plan"], &["reconcile"], &["trust", "verify", "--again"], &["doctor"]];
    for verb in verbs {
        // With the server as proxy it would also see who asks somebody else.
        let ran = mirror.run(verb, Some(&server.address));
        let shown = String::from_utf8_lossy(&ran.stdout);
        assert_eq!(ran.status.code(), Some(0), "{verb:?} {shown} {}", String::from_utf8_lossy(&ran.stderr));
        assert_eq!(server.connections(), 0, "{verb:?}: {:?}", server.log());
    }
    // The run has verified by that root, and promoted.
    let files = mirror.scenario.files();
    let record = files.iter().find(|(path, _)| path.ends_with("/verification.json")).unwrap();
    assert!(String::from_utf8_lossy(record.1).contains(ROOT), "{record:?}");

    let bootstrap = mirror.scenario.path("root.json");
    fs::write(&bootstrap, tuf.bootstrap()).unwrap();
    let out = mirror.scenario.path("manifests").join(ROOT);
    let named =
        ["--url", &server.address, "--root", bootstrap.to_str().unwrap(), "--out", out.to_str().unwrap()];
    mirror.run(&[&["trust", "refresh"], &named[..]].concat(), None);
    let asked = server.connections();
    assert!(asked > 0 && server.log().contains(&"timestamp.json".to_owned()), "{:?}", server.log());
    // Without an address it asks Sigstore's, which the proxy sees.
    mirror.run(&["trust", "refresh"], Some(&server.address));
    assert!(server.connections() > asked);
}
