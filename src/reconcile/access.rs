//! From what the manifests say about the way to a registry to what the registry layer is given: names of variables become
//! their values here, in memory and nowhere else.

use crate::{
    manifest::{CredentialVariables, DesiredAccess, DesiredProxy, KeySource, PemSource},
    registry::{
        ClientIdentity, ClientKey, Environment, Pem, Proxy, Secret, Transport,
        credentials::{Declared, Variables},
    },
};

/// Returns the credentials that a document names.
pub(super) fn credentials(said: &DesiredAccess) -> Vec<Declared> {
    let declared = said.credentials.iter().map(|one| Declared {
        prefix: one.prefix.clone(),
        variables: match one.variables.clone() {
            CredentialVariables::Password { username, password } => {
                Variables::Password { username, password }
            }
            CredentialVariables::IdentityToken(token) => Variables::IdentityToken(token),
        },
    });
    declared.collect()
}

/// Returns whom to trust and which way to go: by the document, and where it is silent by the environment.
pub(super) fn transport(said: &DesiredAccess, environment: &Environment) -> Transport {
    let key = |key: &KeySource| match key {
        KeySource::File(path) => ClientKey::File(path.into()),
        KeySource::Variable(name) => {
            ClientKey::Variable { name: name.clone(), text: environment.get(name).map(Secret::new) }
        }
    };
    Transport {
        authorities: said.authorities.as_ref().map(pem),
        identity: said.identity.as_ref().map(|identity| ClientIdentity {
            certificate: pem(&identity.certificate),
            key: key(&identity.key),
        }),
        proxy: match &said.proxy {
            None => Proxy::from_environment(environment),
            Some(DesiredProxy::None) => Proxy::None,
            Some(DesiredProxy::At(address)) => Proxy::at(address),
        },
    }
}

fn pem(source: &PemSource) -> Pem {
    match source {
        PemSource::Inside { path, text } => Pem::Text { path: path.clone(), text: text.clone() },
        PemSource::Outside(path) => Pem::File(path.into()),
    }
}
