//! `Mirror.spec.signing`: one key, its public half, the keys before it, the time-stamp authority, and the log.

use std::collections::BTreeMap;

use p256::pkcs8::{DecodePublicKey as _, EncodePublicKey as _, LineEnding};

use super::{Object, Sources, access, log};
use crate::manifest::kinds::{LogSigning, PreviousSigning, Signing, TimestampSigning, TransitSigning};
use crate::manifest::mistakes::Mistakes;
use crate::manifest::suggest::did_you_mean;
use crate::manifest::text::{InsidePath, PUBLIC_KEY, is_public_key};
use crate::manifest::{
    Code, DesiredFile, DesiredLog, DesiredPkcs11, DesiredSigning, DesiredTimestamp, DesiredTransit,
    Diagnostic, PreviousKey, PublishedKey, RootForm, SigningKeyPlace, TimestampRoot, is_input,
};
use crate::model::{Digest, Instant, Period};

const PUBLIC_FILES: &str = "public keys are read from files `*.pub` and `*.pem` below `trust/` and `keys/`";

const ROOT_FILES: &str = "what answers are checked with is read from files `*.pem` below `trust/` and `keys/`, and `*.json` below `trust/`";

const ROOT_FORM: &str =
    "write certificates as PEM text, or a trusted root of Sigstore's with `timestampAuthorities` only";

const LOG_FILES: &str = "what answers are checked with is read from files `*.pem` and `*.pub` below `trust/` and `keys/`, and `*.json` below `trust/`";

const LOG_FORM: &str = "write the log's public key in PEM (Ed25519 or ECDSA on P-256), or a trusted root of Sigstore's with `tlogs`";

/// The most earlier keys. An organisation that rotates each month for two years has that many; each is read by everybody
/// who verifies.
const PREVIOUS_MAX: usize = 24;

/// Returns the signing block of the mirror's document; `None` where the key is not known.
pub(super) fn signing(
    sources: &Sources<'_>,
    object: &Object<'_>,
    spec: &Signing,
    out: &mut Mistakes,
) -> Option<DesiredSigning> {
    Block { sources, object, out }.resolve(spec)
}

struct Block<'a, 'o> {
    sources: &'a Sources<'a>,
    object: &'a Object<'a>,
    out: &'o mut Mistakes,
}

impl Block<'_, '_> {
    fn resolve(&mut self, spec: &Signing) -> Option<DesiredSigning> {
        let public = spec.public.as_ref().and_then(|path| self.public(path, "spec.signing.public"));
        let previous = self.previous(&spec.previous, public.as_ref());
        let timestamp = spec.timestamp.as_ref().and_then(|written| self.timestamp(written));
        let log = spec.log.as_ref().and_then(|written| self.log(written));
        let key = self.key(spec);
        if spec.public.is_none() && !self.object.flawed && key.as_ref().is_some_and(|key| key.kind() != "key")
        {
            let message = "`public` is missing: it is the key that consumers verify with";
            let help = "write the public key into `keys/` and name it here; `cosign public-key --key hashivault://KEY` or `pkcs11-tool` prints it";
            self.mistake(Code::MissingKey, "spec.signing", message, Some(help));
        }
        let written = self.object.key("spec.signing").short();
        Some(DesiredSigning { key: key?, public, previous, timestamp, log, written })
    }

    fn mistake(&mut self, code: Code, path: &str, message: impl Into<String>, help: Option<&str>) {
        let at = self.object.place(path);
        self.out.push(Diagnostic::new(code, message, at).help(help.map(str::to_owned)));
    }

    /// Returns the key where one is named; that exactly one is, the schema's check has seen to.
    fn key(&mut self, spec: &Signing) -> Option<SigningKeyPlace> {
        match (&spec.key, &spec.transit, &spec.pkcs11) {
            (Some(path), None, None) => Some(SigningKeyPlace::File(path.0.clone())),
            (None, Some(transit), None) => Some(SigningKeyPlace::Transit(self.transit(transit))),
            (None, None, Some(pkcs11)) => Some(SigningKeyPlace::Pkcs11(DesiredPkcs11 {
                module: pkcs11.module.0.clone(),
                token: pkcs11.token.0.clone(),
                key: pkcs11.key.0.clone(),
            })),
            _ => None,
        }
    }

    fn transit(&mut self, spec: &TransitSigning) -> DesiredTransit {
        let path = "spec.signing.transit.caFile";
        let authorities = spec.ca_file.as_ref();
        let authorities = authorities
            .and_then(|file| access::certificates(self.sources, self.object, file, path, self.out));
        if spec.ca_file.is_some() && spec.address.0.starts_with("http:") {
            let message = "`caFile` has no effect with `http://`: there are no certificates";
            self.mistake(Code::InvalidValue, path, message, Some("leave `caFile` out, or write `https://`"));
        }
        DesiredTransit {
            address: spec.address.0.clone(),
            mount: spec.mount.as_ref().map_or_else(|| "transit".to_owned(), |mount| mount.0.clone()),
            key: spec.key.0.clone(),
            version: spec.version,
            namespace: spec.namespace.as_ref().map(|namespace| namespace.0.clone()),
            authorities,
        }
    }

    fn previous(&mut self, spec: &[PreviousSigning], current: Option<&PublishedKey>) -> Vec<PreviousKey> {
        if spec.len() > PREVIOUS_MAX {
            let message =
                format!("{} previous keys, more than the {PREVIOUS_MAX} that are taken", spec.len());
            let help = "leave out those whose last day is over";
            self.mistake(Code::InvalidValue, "spec.signing.previous", message, Some(help));
        }
        let mut named: BTreeMap<Digest, String> = BTreeMap::new();
        named.extend(current.map(|key| (key.fingerprint.clone(), "the current key".to_owned())));
        let mut keys = vec![];
        for (index, one) in spec.iter().enumerate().take(PREVIOUS_MAX) {
            let path = format!("spec.signing.previous.{index}.path");
            let Some(public) = self.public(&one.path, &path) else { continue };
            if let Some(first) = named.get(&public.fingerprint) {
                let message = format!("`{}` is {first}", public.path);
                self.mistake(Code::DuplicateItem, &path, message, None);
                continue;
            }
            named.insert(public.fingerprint.clone(), format!("the same key as `{}`", public.path));
            keys.push(PreviousKey { until: end_of(&one.until.0), public });
        }
        keys.sort();
        keys
    }

    /// Returns a public key of P-256 from a file of the manifest repository.
    fn public(&mut self, file: &InsidePath, path: &str) -> Option<PublishedKey> {
        let text = self.file(file, path, PUBLIC_FILES, "key file")?;
        let file = &file.0;
        if text.contains("PRIVATE KEY-----") {
            self.mistake(
                Code::InvalidValue,
                path,
                format!("file `{file}` holds a private key"),
                Some(access::PRIVATE_IN_GIT),
            );
            return None;
        }
        if !is_public_key(text) {
            let message = format!("file `{file}` is not a public key");
            self.mistake(Code::InvalidValue, path, message, Some(PUBLIC_KEY));
            return None;
        }
        let read = p256::PublicKey::from_public_key_pem(text).ok();
        let read = read.and_then(|key| {
            let (der, pem) = (key.to_public_key_der().ok()?, key.to_public_key_pem(LineEnding::LF).ok()?);
            Some(PublishedKey { path: file.clone(), pem, fingerprint: Digest::sha256(der.as_bytes()) })
        });
        if read.is_none() {
            let message = format!("the public key of `{file}` is not one of ECDSA on P-256");
            let help =
                "the organisation signs with P-256 and SHA-256, the one scheme that every consumer takes";
            self.mistake(Code::InvalidValue, path, message, Some(help));
        }
        read
    }

    fn timestamp(&mut self, spec: &TimestampSigning) -> Option<DesiredTimestamp> {
        let path = "spec.signing.timestamp.root";
        let text = self.file(&spec.root, path, ROOT_FILES, "file")?;
        let file = &spec.root.0;
        let form = match root_form(text) {
            Ok(form) => form,
            Err(Unfit::Private) => {
                let message = format!("file `{file}` holds a private key");
                self.mistake(Code::InvalidValue, path, message, Some(access::PRIVATE_IN_GIT));
                return None;
            }
            Err(Unfit::Empty) => {
                let message = format!("file `{file}` names no time-stamp authority");
                self.mistake(Code::InvalidValue, path, message, Some(ROOT_FORM));
                return None;
            }
        };
        let root = TimestampRoot { path: file.clone(), form, text: text.to_owned() };
        Some(DesiredTimestamp { url: spec.url.0.clone(), root })
    }

    fn log(&mut self, spec: &LogSigning) -> Option<DesiredLog> {
        let url = &spec.url.0;
        if let Some(host) = log::public_host(url)
            && !spec.public
        {
            let message = format!(
                "`{host}` is a public log: everybody can read there which digests you sign, and when"
            );
            let help = "name a log of your own, or write `public: true` beside it where that is wanted";
            self.mistake(Code::InvalidValue, "spec.signing.log.url", message, Some(help));
        }
        let path = "spec.signing.log.root";
        let text = self.file(&spec.root, path, LOG_FILES, "file")?;
        let file = &spec.root.0;
        let (_, scheme_less) = url.split_once("://").unwrap_or(("", url));
        let origin = spec.origin.as_ref().map_or(scheme_less, |origin| origin.0.as_str());
        match log::root(text, url, origin) {
            Ok(log::Root { trusted, ids, written }) => {
                if spec.origin.is_some() && written == log::Written::TrustedRoot {
                    let message = "`origin` has no effect with a trusted root, which names the log by its id";
                    let help = Some("leave `origin` out");
                    self.mistake(Code::InvalidValue, "spec.signing.log.origin", message, help);
                }
                let root = DesiredFile { path: file.clone(), text: trusted };
                Some(DesiredLog { url: url.clone(), root, ids })
            }
            Err(log::Unfit::Private) => {
                let message = format!("file `{file}` holds a private key");
                self.mistake(Code::InvalidValue, path, message, Some(access::PRIVATE_IN_GIT));
                None
            }
            Err(log::Unfit::NoLog) => {
                let message = format!("file `{file}` names no log");
                self.mistake(Code::InvalidValue, path, message, Some(LOG_FORM));
                None
            }
        }
    }

    /// Returns the text of a file of the manifest repository.
    fn file(&mut self, file: &InsidePath, path: &str, rule: &str, noun: &str) -> Option<&str> {
        let text = self.sources.files.get(file.0.as_str()).copied();
        if text.is_none() {
            let message = format!("{noun} `{}` is not there", file.0);
            let label = did_you_mean(&file.0, self.sources.files.keys().copied());
            let help = (!is_input(&file.0)).then(|| rule.to_owned());
            let at = self.object.place(path);
            self.out.push(Diagnostic::new(Code::MissingFile, message, at).label(label).help(help));
        }
        text
    }
}

/// Returns the midnight that ends a day.
fn end_of(day: &str) -> Instant {
    let begin: Instant = format!("{day}T00:00:00Z").parse().expect("a date was checked to be a day");
    begin.plus(Period::days(1))
}

/// Why a file is no root of a time-stamp authority.
enum Unfit {
    Private,
    Empty,
}

fn root_form(text: &str) -> Result<RootForm, Unfit> {
    if text.contains("PRIVATE KEY-----") {
        return Err(Unfit::Private);
    }
    if text.contains("-----BEGIN CERTIFICATE-----") {
        return Ok(RootForm::Pem);
    }
    let root: serde_json::Value = serde_json::from_str(text).map_err(|_| Unfit::Empty)?;
    let some = root["timestampAuthorities"].as_array().is_some_and(|list| !list.is_empty());
    some.then_some(RootForm::TrustedRoot).ok_or(Unfit::Empty)
}
