//! Whole runs against registries and networks that must not be trusted: each ends with its error, and with nothing that
//! could be pulled.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use fondaco::{
    reconcile::{Registries, Report},
    registry::{Environment, credentials::Lookup},
};

use crate::{
    fake::{Auth, Authority, Fake, Fault, Logged, Options, Phase, WriteKind},
    scenario::Scenario,
    tiny,
};

fn tokens() -> Options {
    let (username, password, identity) = ("robot".to_owned(), "secret".to_owned(), "refresh".to_owned());
    Options {
        auth: Auth::Bearer { username, password, identity, anonymous_pull: true },
        ..Options::default()
    }
}

/// Returns the documents that ask for `web/app:1` of one registry in the other one.
fn manifests(upstream: &str, mirror: &str) -> String {
    let registry = |name: &str, spec: &str| {
        format!(
            "apiVersion: fondaco/v1alpha1\nkind: Registry\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n---\n"
        )
    };
    let host = |text: &str| text.split('"').nth(1).unwrap().to_owned();
    let (from, to) = (host(upstream), host(mirror));
    format!(
        "{}{}apiVersion: fondaco/v1alpha1
kind: Mirror
metadata: {{name: acme}}
spec: {{registry: \"{to}\", signing: {{key: keys/acme.key}}}}
---
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {{name: web}}
spec: {{images: [{{image: \"{from}/web/app\", tags: [\"1\"]}}]}}
---
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {{name: payments}}
spec: {{target: \"{to}/payments\", images: [web]}}
",
        registry("upstream", upstream),
        registry("mirror", mirror),
    )
}

/// Runs once, with these variables set and this authority's certificate in the manifest repository.
fn run(manifests: &str, authority: &Authority, variables: &[(&str, &str)]) -> Report {
    let scenario = Scenario::new("");
    scenario.push(&[("trust/ca.pem", &authority.pem()), ("fondaco.yaml", manifests)]);
    let folder = scenario.path("advisories");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("1.json"), tiny::ADVISORY).unwrap();
    let environment: Environment = variables.iter().copied().collect();
    let open = || {
        let lookup = Lookup { environment: environment.clone(), ..Lookup::default() };
        Registries::new(scenario.path("manifests"), lookup)
    };
    let mut importing = scenario.world(1);
    importing.registries = open();
    scenario.import_by(&importing, &folder);
    let mut world = scenario.world(2);
    world.registries = open();
    scenario.run_with(&world).unwrap()
}

fn plain(fake: &Fake) -> String {
    format!("host: \"{}\", plainHTTP: true", fake.address)
}

fn image(fake: &Fake) {
    tiny::image(fake, "web/app", "1", tiny::STATUS);
}

/// Asserts that a run ends with this error and that nothing got a name in the mirror.
fn refused(name: &str, upstream: &Fake, spec: &str, authority: &Authority, expected: &str) {
    let mirror = Fake::start(Options::default());
    let report = run(&manifests(spec, &plain(&mirror)), authority, &[]);
    let failure = report.images[0].failure.clone().unwrap_or_default();
    let expected = expected.replace("HOST", &upstream.address);
    assert!(failure.contains(&expected), "{name}: {failure}");
    for repository in mirror.repositories().into_iter().filter(|name| name != "quarantine/advisories") {
        assert!(mirror.tags(&repository).is_empty(), "{name}: {repository}");
    }
}

#[test]
fn an_upstream_that_leads_astray_ends_with_its_error_and_nothing_tagged() {
    let authority = Authority::new();
    let redirect = |to: &str| Options { redirect_blobs: Some(to.to_owned()), ..Options::default() };
    let token = |status: u16| {
        let fault = Fault { retry_after: Some(3600), ..Fault::new("GET token", status, usize::MAX) };
        Options { faults: vec![fault], ..tokens() }
    };
    let cases = [
        (
            "redirect to the link",
            redirect("http://169.254.169.254"),
            "with something invalid: a Location that is not followed: it leads to an address of this machine or link",
        ),
        (
            "realm on the link",
            Options { realm: Some("http://169.254.169.254/token".to_owned()), ..tokens() },
            "`HOST` answered a token with something invalid: the realm `http://169.254.169.254/token` is not asked: it \
             leads to an address of this machine or link",
        ),
        ("token endpoint 429", token(429), "`HOST` asked for patience at a token from `http://HOST/token`"),
        ("token endpoint 503", token(503), "`HOST` failed at a token from `http://HOST/token`: status 503"),
        ("token endpoint 403", token(403), "`HOST` denied a token from `http://HOST/token`: status 403"),
    ];
    for (name, options, expected) in cases {
        let upstream = Fake::start(options);
        image(&upstream);
        refused(name, &upstream, &plain(&upstream), &authority, expected);
    }
}

#[test]
fn an_upstream_that_is_not_who_it_should_be_is_sent_nothing() {
    let (authority, other) = (Authority::new(), Authority::new());
    let cases = [
        (
            "another name",
            authority.server("registry.example"),
            "no connection to `HOST`: its certificate is for another name; nothing was sent",
        ),
        (
            "another authority",
            other.server("127.0.0.1"),
            "no connection to `HOST`: its certificate is not from an authority that is trusted here; nothing was sent",
        ),
        (
            "a client certificate",
            authority.server_for_known_clients("127.0.0.1"),
            "no connection to `HOST`: it wants a client certificate",
        ),
    ];
    for (name, tls, expected) in cases {
        let upstream = Fake::start_tls(Options::default(), tls);
        image(&upstream);
        let spec = format!("host: \"{}\", access: {{ca: trust/ca.pem}}", upstream.address);
        refused(name, &upstream, &spec, &authority, expected);
        assert!(upstream.log().is_empty(), "{name}");
    }
}

#[test]
fn a_run_knows_its_registries_by_what_the_documents_name() {
    let authority = Authority::new();
    let upstream = Fake::start_tls(Options::default(), authority.server("127.0.0.1"));
    image(&upstream);
    let mirror = Fake::start(Options { auth: tokens().auth, ..Options::default() });
    let from = format!("host: \"{}\", access: {{ca: trust/ca.pem, proxy: none}}", upstream.address);
    let to =
        format!("{}, access: {{usernameEnv: MIRROR_USER, passwordEnv: MIRROR_PASSWORD}}", plain(&mirror));
    let variables =
        [("MIRROR_USER", "robot"), ("MIRROR_PASSWORD", "secret"), ("HTTPS_PROXY", "http://127.0.0.1:9")];
    let report = run(&manifests(&from, &to), &authority, &variables);
    assert_eq!(report.images[0].failure, None);
    assert!(report.images[0].consumers[0].promoted, "{}", report.text());
    assert!(mirror.tag("payments/web/app", "1").is_some());
}

#[test]
fn a_token_that_expires_in_the_middle_of_an_upload_is_renewed_and_the_upload_repeated() {
    let authority = Authority::new();
    let upstream = Fake::start(Options::default());
    image(&upstream);
    let mirror = Arc::new(Fake::start(tokens()));
    let (fake, expired) = (Arc::downgrade(&mirror), AtomicBool::new(false));
    mirror.on_write(move |event| {
        let opened = event.method == "POST" && event.kind == WriteKind::Blob && event.phase == Phase::After;
        if opened && event.repository.contains("web/app") && !expired.swap(true, Ordering::Relaxed) {
            let fake = fake.upgrade().expect("it waits for this answer");
            fake.set(|options| options.faults = vec![Fault::new("PUT upload", 401, 1)]);
        }
    });
    let to =
        format!("{}, access: {{usernameEnv: MIRROR_USER, passwordEnv: MIRROR_PASSWORD}}", plain(&mirror));
    let variables = [("MIRROR_USER", "robot"), ("MIRROR_PASSWORD", "secret")];
    let report = run(&manifests(&plain(&upstream), &to), &authority, &variables);
    assert_eq!(report.images[0].failure, None);
    assert!(report.images[0].consumers[0].promoted, "{}", report.text());
    let refused = |logged: &&Logged| logged.action == "PUT upload" && logged.status == 401;
    assert_eq!(
        mirror.log().iter().filter(refused).count(),
        1,
        "it did expire between a session and its bytes"
    );
    assert_eq!(mirror.open_sessions(), 0);
}
