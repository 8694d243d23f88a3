//! Documents to [`Desired`]: names looked up, defaults filled in, and the mistakes that only show between documents.

mod access;
mod advisories;
mod conflicts;
mod consumers;
mod contents;
mod images;
mod log;
mod overlaps;
mod policies;
mod registries;
mod selections;
mod signing;
mod withdrawals;

use std::collections::BTreeMap;

use super::escape::shown;
use super::kinds::{
    ConsumerSpec, GateSpec, ImageSetSpec, Kind, MirrorSpec, RegistrySpec, Signing, TrustPolicySpec,
    WithdrawalSpec,
};
use super::mistakes::Mistakes;
use super::node::Node;
use super::shape::Named;
use super::suggest::did_you_mean;
use super::{Code, Desired, DesiredMirror, DesiredSbom, DesiredVouching, Diagnostic, Place, Ruled};

pub use conflicts::DISTRIBUTIONS_MAX;
pub use images::SELECTIONS_MAX;

/// Everything that was read, in the order of the paths.
#[derive(Debug, Default)]
pub(super) struct Sources<'a> {
    pub objects: Vec<Object<'a>>,
    /// Public keys, certificates and trust roots by path.
    pub files: BTreeMap<&'a str, &'a str>,
    /// Every document that another names.
    pub named: Vec<Named>,
    /// Files whose documents are not all known.
    pub unreadable: Vec<&'a str>,
}

/// A document, without what is wrong in it.
#[derive(Debug)]
pub(super) struct Object<'a> {
    pub file: &'a str,
    pub kind: Kind,
    pub node: Node,
    /// Something was wrong in it and is left out: what is not there may have been meant.
    pub flawed: bool,
    /// Absent where too much is wrong; the document's name counts as defined all the same.
    pub spec: Option<Spec>,
}

#[derive(Debug)]
pub(super) enum Spec {
    Mirror(Box<MirrorSpec>),
    /// With the document's name, which may be the host.
    Registry(String, Box<RegistrySpec>),
    ImageSet(ImageSetSpec),
    Consumer(ConsumerSpec),
    Gate(GateSpec),
    TrustPolicy(TrustPolicySpec),
    Withdrawal(WithdrawalSpec),
}

impl Object<'_> {
    fn name(&self) -> Option<&str> {
        self.node.entry("metadata")?.node.entry("name")?.node.scalar()
    }

    fn place(&self, path: &str) -> Place {
        self.node.find(path).place(self.file)
    }

    /// Returns the place of the key that `path` ends with, or of what is written where it would be.
    fn key(&self, path: &str) -> Place {
        self.node.find_key(path).map_or_else(|| self.place(path), |at| at.place(self.file))
    }

    fn named_at(&self) -> Place {
        self.place("metadata.name")
    }

    /// Returns the value with the place of its key, or `default` where it is not written.
    fn ruled<T>(&self, path: &str, value: T) -> Ruled<T> {
        let at = self.node.find_key(path);
        let written = at.map_or_else(|| "default".to_owned(), |at| at.place(self.file).short());
        Ruled { value, written }
    }
}

/// Which names are defined.
struct Names<'a> {
    defined: BTreeMap<(Kind, &'a str), &'a Object<'a>>,
    unreadable: &'a [&'a str],
}

impl<'a> Names<'a> {
    fn new(sources: &'a Sources<'a>, out: &mut Mistakes) -> Self {
        let mut defined: BTreeMap<_, &Object<'_>> = BTreeMap::new();
        for object in &sources.objects {
            let Some(name) = object.name() else { continue };
            if object.kind.reserved().contains(&name) {
                let message = format!(
                    "`{name}` is no name for a {}: records use it where there is none",
                    object.kind.noun()
                );
                out.push(Diagnostic::new(Code::InvalidValue, message, object.named_at()));
            }
            match defined.get(&(object.kind, name)) {
                Some(first) if object.kind != Kind::Mirror => {
                    let message = format!("{} `{}` is defined twice", object.kind.noun(), shown(name));
                    let help = format!("the first is in {}", first.named_at().short());
                    out.push(Diagnostic::new(Code::DuplicateName, message, object.named_at()).help(help));
                }
                Some(_) => {}
                None => {
                    defined.insert((object.kind, name), object);
                }
            }
        }
        Self { defined, unreadable: &sources.unreadable }
    }

    /// Reports what is named and not defined.
    fn check(&self, named: &[Named], out: &mut Mistakes) {
        for Named { kind, name, at } in named {
            if self.find(*kind, name).is_some() || out.full(&at.file) {
                continue;
            }
            let message = format!("{} `{name}` is not defined", kind.noun());
            let label = did_you_mean(name, self.of(*kind).map(|(name, _)| name));
            out.push(
                Diagnostic::new(Code::UndefinedName, message, at.clone()).label(label).help(self.help(*kind)),
            );
        }
    }

    fn find(&self, kind: Kind, name: &str) -> Option<&'a Object<'a>> {
        self.defined.get(&(kind, name)).copied()
    }

    fn of(&self, kind: Kind) -> impl Iterator<Item = (&'a str, &'a Object<'a>)> {
        self.defined
            .iter()
            .filter(move |((of, _), _)| *of == kind)
            .map(|((_, name), object)| (*name, *object))
    }

    fn help(&self, kind: Kind) -> String {
        let noun = plural(kind);
        let list: Vec<_> =
            self.of(kind).map(|(name, at)| format!("`{name}` ({})", at.named_at().short())).collect();
        let mut help = if list.is_empty() { format!("no {} is defined", kind.noun()) } else { String::new() };
        if !list.is_empty() {
            let more = if list.len() > NAMES_MAX { ", …" } else { "" };
            help = format!("defined {noun}: {}{more}", list[..list.len().min(NAMES_MAX)].join(", "));
        }
        if !self.unreadable.is_empty() {
            let files: Vec<_> = self.unreadable.iter().take(NAMES_MAX).map(|file| shown(file)).collect();
            help = format!("{help}; not read to the end: {}", files.join(", "));
        }
        help
    }
}

/// The most names a help line lists; more is no help.
const NAMES_MAX: usize = 10;

fn plural(kind: Kind) -> &'static str {
    match kind {
        Kind::Mirror => "mirrors",
        Kind::Registry => "registries",
        Kind::ImageSet => "image sets",
        Kind::Consumer => "consumers",
        Kind::Gate => "gates",
        Kind::TrustPolicy => "trust policies",
        Kind::Withdrawal => "withdrawals",
    }
}

/// Resolves all documents; `None` where the mirror is not known. What is wrong is left out and reported.
pub(super) fn resolve(sources: &Sources<'_>, out: &mut Mistakes) -> Option<Desired> {
    let names = Names::new(sources, out);
    names.check(&sources.named, out);
    let mirror = mirror(sources, out);
    let registries = registries::registries(sources, out);
    let policies = policies::policies(sources, out);
    let (images, selecting) = images::images(sources, out);
    let consumers = consumers::consumers(sources, &names);
    let withdrawals = withdrawals::withdrawals(sources, out);
    conflicts::trust(&images, out);
    conflicts::content(&images, &selecting, out);
    overlaps::trust(&selecting, &images, out);
    if conflicts::destinations(&consumers, &images, &selecting, mirror.as_ref(), out) {
        overlaps::destinations(&consumers, &selecting, &images, out);
    }
    let mut images: Vec<_> = images.into_iter().map(|wanted| wanted.image).collect();
    images.sort();
    let mut selections: Vec<_> = selecting.into_iter().map(|selecting| selecting.selection).collect();
    selections.sort();
    let consumers = consumers.into_iter().map(|(consumer, _)| consumer).collect();
    Some(Desired { mirror: mirror?, registries, policies, images, selections, consumers, withdrawals })
}

fn vouching(spec: &Signing) -> DesiredVouching {
    let default = DesiredVouching::default();
    let attestations = spec.attestations.as_ref().map(|kinds| kinds.iter().copied().collect());
    let predicate = spec.custody_predicate.as_ref().map(|predicate| predicate.0.clone());
    DesiredVouching {
        attestations: attestations.unwrap_or(default.attestations),
        custody_predicate: predicate.unwrap_or(default.custody_predicate),
        docker_reference: spec.docker_reference,
    }
}

/// Returns the mirror, and reports where there is none or more than one.
fn mirror(sources: &Sources<'_>, out: &mut Mistakes) -> Option<DesiredMirror> {
    let mut mirrors = sources.objects.iter().filter(|object| object.kind == Kind::Mirror);
    let Some(first) = mirrors.next() else {
        if sources.unreadable.is_empty() {
            let help = "`fondaco.yaml` usually holds it: `kind: Mirror`, with `spec.registry` and `spec.signing.key`";
            out.push(
                Diagnostic::new(Code::NoMirror, "no document of kind `Mirror`", None).help(help.to_owned()),
            );
        }
        return None;
    };
    for other in mirrors {
        let help = format!("the first is in {}; a manifest repository has one", first.named_at().short());
        let message = "more than one document of kind `Mirror`";
        out.push(Diagnostic::new(Code::SeveralMirrors, message, other.named_at()).help(help));
    }
    let (name, Some(Spec::Mirror(spec))) = (first.name()?, &first.spec) else { return None };
    let default = || format!("{}/quarantine", spec.registry.0).parse();
    let quarantine = match &spec.quarantine {
        Some(written) => written.0.clone(),
        None => default().expect("a registry with a path behind it was checked to be a repository"),
    };
    let signing = signing::signing(sources, first, &spec.signing, out)?;
    Some(DesiredMirror {
        name: name.to_owned(),
        quarantine,
        signing,
        vouching: vouching(&spec.signing),
        operator: spec.operator.as_ref().map(|text| text.0.clone()),
        role: spec.role.as_ref().map(|text| text.0.clone()),
        advisories: advisories::sources(first, &spec.advisories, out),
        sbom: DesiredSbom {
            creator: spec.sbom.creator.as_ref().map(|contact| contact.0.clone()),
            version: spec.sbom.version,
        },
    })
}
