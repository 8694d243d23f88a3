//! The signed attributes: what the signer says besides the payload (`signature-specification.md`, "Signed
//! Attributes").

use std::collections::BTreeSet;

use super::{Refusal, envelope::Scheme, shown};
use crate::model::Instant;

pub(super) const SCHEME: &str = "io.cncf.notary.signingScheme";
pub(super) const SIGNING_TIME: &str = "io.cncf.notary.signingTime";
pub(super) const AUTHENTIC_SIGNING_TIME: &str = "io.cncf.notary.authenticSigningTime";
pub(super) const EXPIRY: &str = "io.cncf.notary.expiry";

/// The attributes that name a verification plug-in.
const PLUGIN: [&str; 2] =
    ["io.cncf.notary.verificationPlugin", "io.cncf.notary.verificationPluginMinVersion"];

/// The only payload there is.
const CONTENT_TYPE: &str = "application/vnd.cncf.notary.payload.v1+json";

/// The signed attributes of one envelope, under the names that both kinds share.
#[derive(Debug, Clone, Default)]
pub(super) struct Attributes {
    /// As JWS names it, such as `PS256`.
    pub(super) algorithm: String,
    pub(super) content_type: String,
    pub(super) scheme: String,
    pub(super) signing_time: Option<Instant>,
    pub(super) authentic_signing_time: Option<Instant>,
    pub(super) expiry: Option<Instant>,
    /// What a verifier must understand.
    pub(super) critical: Vec<String>,
    /// Every other attribute by name; their values matter to plug-ins alone.
    pub(super) others: BTreeSet<String>,
}

impl Attributes {
    /// Returns the scheme of attributes that are as they must be, whoever signed them.
    pub(super) fn check(&self) -> Result<Scheme, Refusal> {
        let scheme = Scheme::of(&self.scheme).ok_or_else(|| {
            Refusal::undeterminable(format!("the signing scheme `{}` is not known", shown(&self.scheme)))
        })?;
        if self.content_type != CONTENT_TYPE {
            return Err(
                format!("it signs `{}`, not a Notary Project payload", shown(&self.content_type)).into()
            );
        }
        self.check_critical(scheme)?;
        self.check_times(scheme)?;
        Ok(scheme)
    }

    /// Returns the signing time that goes with a scheme. Only a signing authority's is to be believed.
    pub(super) const fn signing_time(&self, scheme: Scheme) -> Option<Instant> {
        match scheme {
            Scheme::X509 => self.signing_time,
            Scheme::SigningAuthority => self.authentic_signing_time,
        }
    }

    fn check_critical(&self, scheme: Scheme) -> Result<(), String> {
        let unique: BTreeSet<&str> = self.critical.iter().map(String::as_str).collect();
        if unique.len() != self.critical.len() {
            return Err("a critical attribute is listed twice".to_owned());
        }
        let mut demanded = vec![SCHEME];
        demanded.extend((scheme == Scheme::SigningAuthority).then_some(AUTHENTIC_SIGNING_TIME));
        demanded.extend(self.expiry.is_some().then_some(EXPIRY));
        if let Some(missing) = demanded.iter().find(|name| !unique.contains(**name)) {
            return Err(format!("the attribute `{missing}` is not marked critical"));
        }
        let understood = |name: &str| {
            demanded.contains(&name)
                || (name == SIGNING_TIME && self.signing_time.is_some())
                || (PLUGIN.contains(&name) && self.others.contains(name))
        };
        match unique.into_iter().find(|name| !understood(name)) {
            Some(unknown) if self.others.contains(unknown) => {
                Err(format!("the critical attribute `{}` is not known", shown(unknown)))
            }
            Some(absent) => Err(format!("`{}` is marked critical and not there", shown(absent))),
            None => Ok(()),
        }
    }

    fn check_times(&self, scheme: Scheme) -> Result<(), String> {
        let (wrong, name) = match scheme {
            Scheme::X509 => (self.authentic_signing_time, AUTHENTIC_SIGNING_TIME),
            Scheme::SigningAuthority => (self.signing_time, SIGNING_TIME),
        };
        if wrong.is_some() {
            return Err(format!("the attribute `{name}` does not go with scheme `{scheme}`"));
        }
        let signed = self.signing_time(scheme).ok_or("there is no signing time")?;
        match self.expiry {
            Some(expiry) if expiry <= signed => Err("it expired before it was signed".to_owned()),
            _ => Ok(()),
        }
    }

    /// Returns `Ok` where the signer demands no plug-in. Whoever cannot run it must not accept the signature
    /// (`signature-specification.md`, "Guidelines for implementations").
    pub(super) fn check_plugin(&self) -> Result<(), Refusal> {
        match PLUGIN.into_iter().find(|name| self.others.contains(*name)) {
            Some(name) => Err(Refusal::undeterminable(format!(
                "the signer demands a verification plug-in (`{name}`), and plug-ins are not run"
            ))),
            None => Ok(()),
        }
    }
}
