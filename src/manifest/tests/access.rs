//! `Registry.spec.access`: what a reader makes of it, and what is printed for its mistakes.

use super::*;

const CA: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

/// Returns a manifest repository with a registry of this specification.
fn repository(spec: &str) -> String {
    format!(
        "=== fondaco.yaml\n{MIRROR}=== registries/harbor.yaml
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {{name: harbor.acme.example}}
spec:
{spec}
=== trust/ca.pem
{CA}=== trust/key.pem
-----BEGIN PRIVATE KEY-----
MIIB
-----END PRIVATE KEY-----
=== trust/nginx.pub
-----BEGIN PUBLIC KEY-----
MFkw
-----END PUBLIC KEY-----
"
    )
}

fn access(spec: &str) -> DesiredAccess {
    let files = files(&repository(spec));
    match read(&files) {
        Ok(mut desired) => desired.registries.remove("harbor.acme.example").unwrap().access,
        Err(diagnostics) => panic!("{}", render(&diagnostics, &files, false)),
    }
}

fn password(username: &str, password: &str) -> CredentialVariables {
    CredentialVariables::Password { username: username.into(), password: password.into() }
}

#[test]
fn everything_about_the_way_to_a_registry_is_read() {
    let spec = "  access:
    usernameEnv: HARBOR_USER
    passwordEnv: HARBOR_PASSWORD
    credentials:
      - {prefix: team-b/web, tokenEnv: TOKEN}
      - {prefix: team-a, usernameEnv: A_USER, passwordEnv: A_PASSWORD}
    ca: trust/ca.pem
    clientCertificate: /etc/fondaco/client.pem
    clientKeyEnv: CLIENT_KEY
    proxy: http://proxy.acme.example:3128";
    let of = |prefix: &str, variables| DesiredCredential { prefix: prefix.into(), variables };
    let expected = DesiredAccess {
        credentials: vec![
            of("", password("HARBOR_USER", "HARBOR_PASSWORD")),
            of("team-a", password("A_USER", "A_PASSWORD")),
            of("team-b/web", CredentialVariables::IdentityToken("TOKEN".into())),
        ],
        authorities: Some(PemSource::Inside { path: "trust/ca.pem".into(), text: CA.into() }),
        identity: Some(DesiredIdentity {
            certificate: PemSource::Outside("/etc/fondaco/client.pem".into()),
            key: KeySource::Variable("CLIENT_KEY".into()),
        }),
        proxy: Some(DesiredProxy::At("http://proxy.acme.example:3128".into())),
    };
    assert_eq!(access(spec), expected);
    assert_eq!(access("  access: {proxy: none}").proxy, Some(DesiredProxy::None));
    assert_eq!(access("  plainHTTP: true"), DesiredAccess::default());
}

#[test]
fn a_credential_is_whole() {
    let spec = "  access:
    usernameEnv: HARBOR_USER
    passwordEnv: HARBOR_PASSWORD
    tokenEnv: TOKEN
    credentials:
      - {prefix: team-a, usernameEnv: A_USER}
      - {prefix: team-b, tokenEnv: B}
      - {prefix: team-b, tokenEnv: C}";
    check(
        &repository(spec),
        expect![[r#"
            error[F0110]: a credential is `usernameEnv` with `passwordEnv`, or `tokenEnv` alone
             --> registries/harbor.yaml:6:5
              |
            6 |     usernameEnv: HARBOR_USER
              |     ^

            error[F0110]: a credential is `usernameEnv` with `passwordEnv`, or `tokenEnv` alone
              --> registries/harbor.yaml:10:9
               |
            10 |       - {prefix: team-a, usernameEnv: A_USER}
               |         ^

            error[F0205]: `team-b` has two credentials
              --> registries/harbor.yaml:12:18
               |
            12 |       - {prefix: team-b, tokenEnv: C}
               |                  ^^^^^^

            3 errors in 2 files; nothing was done.
        "#]],
    );
}

#[test]
fn certificates_are_where_the_document_says() {
    let spec = "  access:
    ca: trust/nginx.pub
    clientCertificate: trust/key.pem
    clientKeyFile: /run/secrets/key.pem";
    check(
        &repository(spec),
        expect![[r#"
        error[F0110]: file `trust/nginx.pub` holds no certificate
         --> registries/harbor.yaml:6:9
          |
        6 |     ca: trust/nginx.pub
          |         ^^^^^^^^^^^^^^^
          |
          = help: a certificate file holds PEM text from `-----BEGIN CERTIFICATE-----` to `-----END CERTIFICATE-----`

        error[F0110]: file `trust/key.pem` holds a private key
         --> registries/harbor.yaml:7:24
          |
        7 |     clientCertificate: trust/key.pem
          |                        ^^^^^^^^^^^^^
          |
          = help: a private key never lies in Git: replace it, everybody who can read the repository has it

        2 errors in 2 files; nothing was done.
    "#]],
    );
    let spec = "  plainHTTP: true
  access:
    ca: trust/cb.pem
    clientCertificate: certificates/client.pem
    clientKeyFile: /run/secrets/key.pem
    clientKeyEnv: CLIENT_KEY";
    check(
        &repository(spec),
        expect![[r#"
        error[F0110]: `ca` has no effect with `plainHTTP`: there are no certificates
         --> registries/harbor.yaml:7:9
          |
        7 |     ca: trust/cb.pem
          |         ^^^^^^^^^^^^
          |
          = help: leave out one of them

        error[F0208]: certificate file `trust/cb.pem` is not there
         --> registries/harbor.yaml:7:9
          |
        7 |     ca: trust/cb.pem
          |         ^^^^^^^^^^^^ did you mean `trust/ca.pem`?

        error[F0110]: `clientCertificate` has no effect with `plainHTTP`: there are no certificates
         --> registries/harbor.yaml:8:24
          |
        8 |     clientCertificate: certificates/client.pem
          |                        ^^^^^^^^^^^^^^^^^^^^^^^
          |
          = help: leave out one of them

        error[F0110]: the client's key is in a variable or in a file, not in both
         --> registries/harbor.yaml:9:20
          |
        9 |     clientKeyFile: /run/secrets/key.pem
          |                    ^^^^^^^^^^^^^^^^^^^^

        4 errors in 2 files; nothing was done.
    "#]],
    );
}

#[test]
fn what_has_no_effect_is_a_mistake() {
    let spec = "  layout: /srv/layouts
  access:
    clientKeyFile: run/secrets/key.pem
    clientKeyEnv: CLIENT_KEY
    proxy: http://user:hunter2@proxy.acme.example:3128";
    check(
        &repository(spec),
        expect![[r#"
            error[F0110]: a layout directory is read and written without `access`
             --> registries/harbor.yaml:7:5
              |
            7 |     clientKeyFile: run/secrets/key.pem
              |     ^
              |
              = help: leave out `layout` or `access`

            error[F0110]: `run/secrets/key.pem` is not an absolute path
             --> registries/harbor.yaml:7:20
              |
            7 |     clientKeyFile: run/secrets/key.pem
              |                    ^^^^^^^^^^^^^^^^^^^
              |
              = help: the path begins with `/`, has `/` between its parts and no `..`

            error[F0110]: `http://user:hunter2@proxy.acme.example:3128` is not the address of a proxy
             --> registries/harbor.yaml:9:12
              |
            9 |     proxy: http://user:hunter2@proxy.acme.example:3128
              |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              |
              = help: write `none`, or the address as `http://proxy.acme.example:3128`; a proxy with a password is set in `HTTPS_PROXY`

            3 errors in 2 files; nothing was done.
        "#]],
    );
    check(
        &repository("  access: {credentials: [{prefix: registry.acme.example/c, tokenEnv: not-a-name}]}"),
        expect![[r#"
            error[F0110]: `not-a-name` is not the name of an environment variable
             --> registries/harbor.yaml:5:70
              |
            5 |   access: {credentials: [{prefix: registry.acme.example/c, tokenEnv: not-a-name}]}
              |                                                                      ^^^^^^^^^^
              |
              = help: write the variable's name, such as `HARBOR_PASSWORD`, not its value

            1 error in 2 files; nothing was done.
        "#]],
    );
    check(
        &repository("  access: {clientCertificate: trust/ca.pem}"),
        expect![[r#"
        error[F0110]: `clientCertificate` needs its private key
         --> registries/harbor.yaml:5:31
          |
        5 |   access: {clientCertificate: trust/ca.pem}
          |                               ^^^^^^^^^^^^
          |
          = help: name it with `clientKeyEnv` or `clientKeyFile`; it never lies in Git

        1 error in 2 files; nothing was done.
    "#]],
    );
}
