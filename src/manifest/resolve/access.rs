//! `Registry.spec.access`: what belongs together is there together, and certificates are.

use std::collections::BTreeMap;

use super::{Object, Sources};
use crate::manifest::kinds::{RegistryAccess, RegistrySpec};
use crate::manifest::mistakes::Mistakes;
use crate::manifest::suggest::did_you_mean;
use crate::manifest::text::{CertificatePath, VariableName};
use crate::manifest::{
    Code, CredentialVariables, DesiredAccess, DesiredCredential, DesiredIdentity, DesiredProxy, Diagnostic,
    KeySource, PemSource, is_input,
};

const CERTIFICATES: &str =
    "a certificate file holds PEM text from `-----BEGIN CERTIFICATE-----` to `-----END CERTIFICATE-----`";

const CERTIFICATE_FILES: &str =
    "certificates are read from `*.pem` files below `trust/` and `keys/`, or from an absolute path";

/// What to do about a private key in the manifest repository.
pub(super) const PRIVATE_IN_GIT: &str =
    "a private key never lies in Git: replace it, everybody who can read the repository has it";

/// Returns the way to the registry of a document.
pub(super) fn access(
    sources: &Sources<'_>,
    object: &Object<'_>,
    spec: &RegistrySpec,
    out: &mut Mistakes,
) -> DesiredAccess {
    Access { sources, object, out }.resolve(spec)
}

struct Access<'a, 'o> {
    sources: &'a Sources<'a>,
    object: &'a Object<'a>,
    out: &'o mut Mistakes,
}

impl Access<'_, '_> {
    fn resolve(&mut self, spec: &RegistrySpec) -> DesiredAccess {
        let access = &spec.access;
        if spec.layout.is_some() && *access != RegistryAccess::default() {
            let message = "a layout directory is read and written without `access`";
            self.mistake("spec.access", message, Some("leave out `layout` or `access`"));
        }
        if spec.plain_http {
            for (key, written) in
                [("ca", access.ca.is_some()), ("clientCertificate", access.client_certificate.is_some())]
            {
                if written {
                    let message =
                        format!("`{key}` has no effect with `plainHTTP`: there are no certificates");
                    self.mistake(&format!("spec.access.{key}"), message, Some("leave out one of them"));
                }
            }
        }
        DesiredAccess {
            credentials: self.credentials(access),
            authorities: access.ca.as_ref().and_then(|path| self.pem(path, "spec.access.ca")),
            identity: self.identity(access),
            proxy: access.proxy.as_ref().map(|proxy| match proxy.0.as_str() {
                "none" => DesiredProxy::None,
                address => DesiredProxy::At(address.to_owned()),
            }),
        }
    }

    /// Reports what does not go together, unless a part of it was wrong and is left out.
    fn unmatched(&mut self, path: &str, message: &str, help: Option<&str>) {
        if !self.object.flawed {
            self.mistake(path, message, help);
        }
    }

    fn mistake(&mut self, path: &str, message: impl Into<String>, help: Option<&str>) {
        let at = self.object.place(path);
        let help = help.map(str::to_owned);
        self.out.push(Diagnostic::new(Code::InvalidValue, message, at).help(help));
    }

    fn credentials(&mut self, access: &RegistryAccess) -> Vec<DesiredCredential> {
        let mut found = BTreeMap::new();
        let whole = [&access.username_env, &access.password_env, &access.token_env];
        if whole.iter().any(|variable| variable.is_some())
            && let Some(variables) = self.variables(whole, "spec.access")
        {
            found.insert(String::new(), variables);
        }
        for (index, one) in access.credentials.iter().enumerate() {
            let path = format!("spec.access.credentials.{index}");
            let names = [&one.username_env, &one.password_env, &one.token_env];
            let Some(variables) = self.variables(names, &path) else { continue };
            if found.insert(one.prefix.0.clone(), variables).is_some() {
                let message = format!("`{}` has two credentials", one.prefix.0);
                let at = self.object.place(&format!("{path}.prefix"));
                self.out.push(Diagnostic::new(Code::DuplicateItem, message, at));
            }
        }
        found.into_iter().map(|(prefix, variables)| DesiredCredential { prefix, variables }).collect()
    }

    fn variables(&mut self, names: [&Option<VariableName>; 3], path: &str) -> Option<CredentialVariables> {
        match names.map(|name| name.as_ref().map(|name| name.0.clone())) {
            [Some(username), Some(password), None] => {
                Some(CredentialVariables::Password { username, password })
            }
            [None, None, Some(token)] => Some(CredentialVariables::IdentityToken(token)),
            _ => {
                let message = "a credential is `usernameEnv` with `passwordEnv`, or `tokenEnv` alone";
                self.unmatched(path, message, None);
                None
            }
        }
    }

    fn pem(&mut self, file: &CertificatePath, path: &str) -> Option<PemSource> {
        certificates(self.sources, self.object, file, path, self.out)
    }

    fn identity(&mut self, access: &RegistryAccess) -> Option<DesiredIdentity> {
        let key = match (&access.client_key_env, &access.client_key_file) {
            (Some(name), None) => Some(KeySource::Variable(name.0.clone())),
            (None, Some(path)) => Some(KeySource::File(path.0.clone())),
            (None, None) => None,
            (Some(_), Some(_)) => {
                let message = "the client's key is in a variable or in a file, not in both";
                self.mistake("spec.access.clientKeyFile", message, None);
                return None;
            }
        };
        match (&access.client_certificate, key) {
            (None, None) => None,
            (Some(path), Some(key)) => {
                let certificate = self.pem(path, "spec.access.clientCertificate")?;
                Some(DesiredIdentity { certificate, key })
            }
            (Some(_), None) => {
                let message = "`clientCertificate` needs its private key";
                let help = "name it with `clientKeyEnv` or `clientKeyFile`; it never lies in Git";
                self.unmatched("spec.access.clientCertificate", message, Some(help));
                None
            }
            (None, Some(_)) => {
                let message = "a client's key needs `clientCertificate`";
                self.unmatched("spec.access", message, None);
                None
            }
        }
    }
}

/// Returns the certificates of a file of the manifest repository, or the path of another file; `path` is where the
/// document names it.
pub(super) fn certificates(
    sources: &Sources<'_>,
    object: &Object<'_>,
    file: &CertificatePath,
    path: &str,
    out: &mut Mistakes,
) -> Option<PemSource> {
    let file = file.0.as_str();
    if file.starts_with('/') {
        return Some(PemSource::Outside(file.to_owned()));
    }
    let at = object.place(path);
    let wrong = |message: String, help: &str| {
        Diagnostic::new(Code::InvalidValue, message, at.clone()).help(help.to_owned())
    };
    let mistake = match sources.files.get(file) {
        Some(text) if text.contains("PRIVATE KEY-----") => {
            wrong(format!("file `{file}` holds a private key"), PRIVATE_IN_GIT)
        }
        Some(text) if text.contains("-----BEGIN CERTIFICATE-----") => {
            return Some(PemSource::Inside { path: file.to_owned(), text: (*text).to_owned() });
        }
        Some(_) => wrong(format!("file `{file}` holds no certificate"), CERTIFICATES),
        None => {
            let message = format!("certificate file `{file}` is not there");
            let label = did_you_mean(file, sources.files.keys().copied());
            let help = (!is_input(file)).then(|| CERTIFICATE_FILES.to_owned());
            Diagnostic::new(Code::MissingFile, message, at).label(label).help(help)
        }
    };
    out.push(mistake);
    None
}
