//! Trust policies: files read, signers and demands by name, actions by outcome.

use std::collections::{BTreeMap, BTreeSet};

use super::contents::{Contents, Form};
use super::{Object, Sources, Spec};
use crate::manifest::escape::shown;
use crate::manifest::kinds::{
    NotationStore, TrustPolicySpec, TrustedIdentity, TrustedKey, WantedAttestation,
};
use crate::manifest::mistakes::Mistakes;
use crate::manifest::suggest::did_you_mean;
use crate::manifest::text::{Claim, ClaimPattern, InsidePath, Name, PUBLIC_KEY, is_public_key};
use crate::manifest::{
    Code, DesiredAttestation, DesiredFile, DesiredKey, DesiredNotation, DesiredPolicy, DesiredSigner,
    DesiredSigners, Diagnostic, Wanted, is_input,
};
use crate::model::{ClaimKind, Outcome, StatementKind};
use crate::trust::inputs;

/// Which files of the repository are read besides manifests.
const FILES: &str = "files `*.pub` and `*.pem` below `trust/` and `keys/`, and `*.json` below `trust/`, are read besides manifests";

const NOTATION_IDENTITY: &str = "an identity is `x509.subject: C=DE, ST=Berlin, O=Example` with the parts that have to be there, or `*`; `fondaco trust observe IMAGE --trust-store FILE` proposes it";

/// Returns the policies by name.
pub(super) fn policies(sources: &Sources<'_>, out: &mut Mistakes) -> BTreeMap<String, DesiredPolicy> {
    let (mut policies, mut contents) = (BTreeMap::new(), Contents::default());
    for object in &sources.objects {
        let (Some(name), Some(Spec::TrustPolicy(spec))) = (object.name(), &object.spec) else { continue };
        let policy = Reader { sources, object, contents: &mut contents, out }.policy(name, spec);
        policies.entry(name.to_owned()).or_insert(policy);
    }
    policies
}

/// Reads one policy.
struct Reader<'a, 'b> {
    sources: &'a Sources<'b>,
    object: &'a Object<'b>,
    contents: &'a mut Contents<'b>,
    out: &'a mut Mistakes,
}

impl Reader<'_, '_> {
    fn policy(&mut self, name: &str, spec: &TrustPolicySpec) -> DesiredPolicy {
        let mut policy = DesiredPolicy {
            name: name.to_owned(),
            keys: spec.keys.iter().enumerate().filter_map(|(at, key)| self.key(at, key)).collect(),
            identities: spec.identities.iter().map(identity).collect(),
            notation: spec
                .notation
                .iter()
                .enumerate()
                .filter_map(|(at, store)| self.store(at, store))
                .collect(),
            root: spec.root.as_ref().and_then(|path| self.content(path, "spec.root", Form::TrustedRoot)),
            signers: signers(spec),
            attestations: spec.attestations.iter().map(attestation).collect(),
            actions: self.actions(spec),
            written: self.object.named_at().short(),
        };
        let names = self.names(spec);
        self.named(spec, &names);
        self.whole(spec, names.len());
        policy.attestations.sort_by(|a, b| a.name.cmp(&b.name));
        policy
    }

    fn actions(
        &self,
        spec: &TrustPolicySpec,
    ) -> BTreeMap<Outcome, crate::manifest::Ruled<crate::model::Verdict>> {
        let written = [
            (Outcome::Absent, "absent", spec.absent),
            (Outcome::Foreign, "foreign", spec.foreign),
            (Outcome::Invalid, "invalid", spec.invalid),
            (Outcome::Undeterminable, "undeterminable", spec.undeterminable),
        ];
        let ruled = |key: &str, action: crate::manifest::kinds::Action| {
            self.object.ruled(&format!("spec.{key}"), action.verdict())
        };
        written.map(|(outcome, key, action)| (outcome, ruled(key, action))).into()
    }

    /// Returns the names of all signers, and reports those that are given twice.
    fn names<'s>(&mut self, spec: &'s TrustPolicySpec) -> BTreeSet<&'s str> {
        let keys = spec.keys.iter().map(|key| ("keys", &key.name));
        let identities = spec.identities.iter().map(|identity| ("identities", &identity.name));
        let notation = spec.notation.iter().map(|store| ("notation", &store.name));
        let mut names = BTreeSet::new();
        let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
        for (list, Name(name)) in keys.chain(identities).chain(notation) {
            let index = counted.entry(list).or_default();
            let path = format!("spec.{list}.{index}.name");
            *index += 1;
            if !names.insert(name.as_str()) {
                let noun = if list == "keys" { "key" } else { "signer" };
                self.wrong(Code::DuplicateItem, format!("{noun} `{name}` is named twice"), &path, None);
            }
        }
        let mut demands = BTreeSet::new();
        for (index, wanted) in spec.attestations.iter().enumerate() {
            let name = wanted.name.0.as_str();
            let path = format!("spec.attestations.{index}.name");
            if name == "signature" {
                let message = "`signature` is no name for an attestation: records use it for the signature";
                self.wrong(Code::InvalidValue, message.to_owned(), &path, None);
            } else if !demands.insert(name) {
                self.wrong(Code::DuplicateItem, format!("attestation `{name}` is named twice"), &path, None);
            }
        }
        names
    }

    /// Reports signers that are named and not there.
    fn named(&mut self, spec: &TrustPolicySpec, names: &BTreeSet<&str>) {
        let of = spec.signers.iter().flat_map(|signers| signers.of.iter().flatten());
        let mut listed: Vec<(String, &str)> = of
            .enumerate()
            .map(|(index, name)| (format!("spec.signers.of.{index}"), name.0.as_str()))
            .collect();
        for (index, wanted) in spec.attestations.iter().enumerate() {
            let signers = wanted.signers.iter().flatten().enumerate();
            listed.extend(
                signers
                    .map(|(at, name)| (format!("spec.attestations.{index}.signers.{at}"), name.0.as_str())),
            );
        }
        for (path, name) in listed.into_iter().filter(|(_, name)| !names.contains(name)) {
            let label = did_you_mean(name, names.iter().copied());
            let help =
                format!("signers of this policy: {}", names.iter().copied().collect::<Vec<_>>().join(", "));
            let at = self.object.place(&path);
            let message = format!("signer `{name}` is not in this policy");
            self.out.push(Diagnostic::new(Code::UndefinedName, message, at).label(label).help(help));
        }
    }

    /// Reports what the parts of a policy lack together.
    fn whole(&mut self, spec: &TrustPolicySpec, names: usize) {
        if names == 0 && !self.object.flawed {
            let message = "the policy trusts nobody".to_owned();
            let help = "name at least one of `keys`, `identities` and `notation`; `fondaco trust observe IMAGE` proposes a policy";
            self.wrong(Code::MissingKey, message, "spec", Some(help.to_owned()));
        }
        if !spec.identities.is_empty() && spec.root.is_none() {
            let help = "`root: trust/public-good.trusted_root.json`, written by `fondaco trust refresh`: certificates are verified by what it holds";
            let message = "`identities` need a `root`".to_owned();
            self.wrong(Code::MissingKey, message, "spec.identities", Some(help.to_owned()));
        }
        if let Some(index) = spec.keys.iter().position(|key| key.logged).filter(|_| spec.root.is_none()) {
            let message = "`logged` needs a `root`, whose logs it means".to_owned();
            self.wrong(Code::MissingKey, message, &format!("spec.keys.{index}.logged"), None);
        }
        let wanted = spec.signers.as_ref().and_then(|signers| signers.of.as_ref()).map_or(names, Vec::len);
        if let Some(least) = spec.signers.as_ref().and_then(|signers| signers.at_least)
            && usize::from(least) > wanted
            && names > 0
        {
            let message = format!("{least} signers are wanted, and {wanted} are named");
            self.wrong(Code::InvalidValue, message, "spec.signers.atLeast", None);
        }
        if spec.signers.as_ref().is_some_and(|signers| signers.at_least == Some(0))
            && !spec.attestations.iter().any(|wanted| wanted.required)
        {
            let message = "neither a signature nor an attestation is wanted".to_owned();
            let help = "demand one of `attestations`, or at least one signer".to_owned();
            self.wrong(Code::InvalidValue, message, "spec.signers.atLeast", Some(help));
        }
    }

    fn wrong(&mut self, code: Code, message: String, path: &str, help: Option<String>) {
        self.out.push(Diagnostic::new(code, message, self.object.place(path)).help(help));
    }

    fn key(&mut self, index: usize, key: &TrustedKey) -> Option<DesiredKey> {
        let pem = match (&key.path, &key.pem) {
            (None, Some(pem)) => {
                if let Err(reason) = inputs::key(&pem.0) {
                    let message = format!("key `{}` is no {}: {reason}", key.name.0, Form::PublicKey.noun());
                    let help = Some(Form::PublicKey.help().to_owned());
                    self.wrong(Code::InvalidValue, message, &format!("spec.keys.{index}.pem"), help);
                    return None;
                }
                pem.0.clone()
            }
            (Some(path), None) => {
                let at = format!("spec.keys.{index}.path");
                let file = self.file(path, &at)?;
                if !is_public_key(&file.text) {
                    let message = format!("file `{}` is not a public key", file.path);
                    self.wrong(Code::InvalidValue, message, &at, Some(PUBLIC_KEY.to_owned()));
                    return None;
                }
                self.content(path, &at, Form::PublicKey)?.text
            }
            // Reported by the schema's check already.
            (None, None) | (Some(_), Some(_)) => return None,
        };
        Some(DesiredKey { name: key.name.0.clone(), pem, logged: key.logged })
    }

    fn store(&mut self, index: usize, store: &NotationStore) -> Option<DesiredNotation> {
        let path = format!("spec.notation.{index}.trustStore");
        let trust_store = self.content(&store.trust_store, &path, Form::TrustStore);
        let path = format!("spec.notation.{index}.timestampStore");
        let written = store.timestamp_store.as_ref();
        let timestamp_store = written.map(|written| self.content(written, &path, Form::TrustStore));
        for (at, Claim(identity)) in store.identities.iter().enumerate() {
            if let Err(reason) = inputs::notation_identity(identity) {
                let message = format!("`{}` is no Notation identity: {}", shown(identity), shown(&reason));
                let path = format!("spec.notation.{index}.identities.{at}");
                self.wrong(Code::InvalidValue, message, &path, Some(NOTATION_IDENTITY.to_owned()));
            }
        }
        Some(DesiredNotation {
            name: store.name.0.clone(),
            trust_store: trust_store?,
            identities: store.identities.iter().map(|identity| identity.0.clone()).collect(),
            timestamp_store: match timestamp_store {
                Some(file) => Some(file?),
                None => None,
            },
        })
    }

    /// Returns a file of the repository, or reports that it is not there or does not hold what it should.
    fn content(&mut self, path: &InsidePath, at: &str, form: Form) -> Option<DesiredFile> {
        let file = self.file(path, at)?;
        let (known, _) = self.sources.files.get_key_value(path.0.as_str())?;
        match self.contents.check(form, known, &file.text) {
            Ok(()) => Some(file),
            Err(unfit) => {
                self.wrong(Code::InvalidValue, unfit.what, at, Some(unfit.help.to_owned()));
                None
            }
        }
    }

    /// Returns a file of the repository, or reports that it is not there.
    fn file(&mut self, InsidePath(path): &InsidePath, at: &str) -> Option<DesiredFile> {
        if let Some(text) = self.sources.files.get(path.as_str()) {
            return Some(DesiredFile { path: path.clone(), text: (*text).to_owned() });
        }
        let label = did_you_mean(path, self.sources.files.keys().copied());
        let help = (!is_input(path)).then(|| FILES.to_owned());
        let noun = if at.contains(".keys.") { "key file" } else { "file" };
        let message = format!("{noun} `{path}` is not there");
        let place = self.object.place(at);
        self.out.push(Diagnostic::new(Code::MissingFile, message, place).label(label).help(help));
        None
    }
}

fn signers(spec: &TrustPolicySpec) -> DesiredSigners {
    let written = spec.signers.as_ref();
    DesiredSigners {
        at_least: written.and_then(|signers| signers.at_least).unwrap_or(1),
        of: written.and_then(|signers| signers.of.as_deref()).map(names),
    }
}

fn names(names: &[Name]) -> BTreeSet<String> {
    names.iter().map(|name| name.0.clone()).collect()
}

fn identity(written: &TrustedIdentity) -> DesiredSigner {
    let claims = [
        (ClaimKind::Issuer, Some(issuer(&written.issuer))),
        (ClaimKind::Identity, wanted(written.identity.as_ref(), written.identity_pattern.as_ref())),
        (ClaimKind::SourceRepository, wanted(written.source_repository.as_ref(), None)),
        (ClaimKind::SourceRepositoryId, wanted(written.source_repository_id.as_ref(), None)),
        (ClaimKind::SourceRef, wanted(written.source_ref.as_ref(), written.source_ref_pattern.as_ref())),
        (ClaimKind::SourceCommit, wanted(written.source_commit.as_ref(), None)),
        (ClaimKind::Workflow, wanted(written.workflow.as_ref(), None)),
        (ClaimKind::Trigger, wanted(written.trigger.as_ref(), None)),
        (ClaimKind::Runner, wanted(written.runner.as_ref(), None)),
    ];
    let claims = claims.into_iter().filter_map(|(kind, wanted)| Some((kind, wanted?))).collect();
    DesiredSigner { name: written.name.0.clone(), claims }
}

/// Returns what is wanted of the issuer. Certificates of GitHub's releases name none.
fn issuer(written: &Claim) -> Wanted {
    if written.0 == "none" { Wanted::Nothing } else { Wanted::Exactly(written.0.clone()) }
}

fn attestation(written: &WantedAttestation) -> DesiredAttestation {
    let says = [
        (StatementKind::Builder, wanted(written.builder.as_ref(), written.builder_pattern.as_ref())),
        (StatementKind::BuildType, wanted(written.build_type.as_ref(), None)),
        (StatementKind::Source, wanted(written.source.as_ref(), None)),
        (StatementKind::SourceRef, wanted(written.source_ref.as_ref(), written.source_ref_pattern.as_ref())),
        (StatementKind::SourceCommit, wanted(written.source_commit.as_ref(), None)),
        (StatementKind::Verifier, wanted(written.verifier.as_ref(), None)),
    ];
    DesiredAttestation {
        name: written.name.0.clone(),
        predicate: written.predicate.0.clone(),
        signers: written.signers.as_deref().map(names),
        required: written.required,
        says: says.into_iter().filter_map(|(kind, wanted)| Some((kind, wanted?))).collect(),
        levels: written.levels.iter().flatten().map(|level| level.0.clone()).collect(),
    }
}

/// Returns the demand: the exact text wins, because the pattern beside it could only say the same.
fn wanted(exact: Option<&Claim>, pattern: Option<&ClaimPattern>) -> Option<Wanted> {
    let exact = exact.map(|exact| Wanted::Exactly(exact.0.clone()));
    exact.or_else(|| pattern.map(|pattern| Wanted::Matching(pattern.0.clone())))
}
