//! What the manifests ask for, resolved: names looked up, defaults filled in, every rule with the place it is written.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{DesiredAccess, DesiredSigning};
use crate::catalogue::licence::Term;
use crate::model::{
    AttestationKind, ClaimKind, CycloneDx, Digest, DockerReference, Instant, Outcome, Period, Platform,
    Reference, Repository, Severity, StatementKind, TagRule, Verdict, tag_rule,
};
use crate::registry::{BehaviourOverrides, Limits, RegistryKind};

/// A value with the place it is written, `gates/standard.yaml:6`, or `default`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ruled<T> {
    pub value: T,
    pub written: String,
}

/// Everything the manifests of one commit ask for. Lists are sorted by name; equal manifests give equal values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    pub mirror: DesiredMirror,
    /// `Registry` documents by host. Hosts without a document are reached by HTTPS with no facts known.
    pub registries: BTreeMap<String, DesiredRegistry>,
    pub policies: BTreeMap<String, DesiredPolicy>,
    /// One entry for each image and tag, sorted by set, repository and tag. Tags that a selection chooses are not here
    /// until [`crate::plan::expand`] has put them.
    pub images: Vec<DesiredImage>,
    /// Sorted by set, repository and place.
    pub selections: Vec<DesiredSelection>,
    pub consumers: Vec<DesiredConsumer>,
    /// Sorted by name.
    pub withdrawals: Vec<DesiredWithdrawal>,
}

impl Desired {
    /// Returns where an upstream image waits: `<quarantine>/<upstream host>/<repository>`.
    pub fn quarantine_of(&self, source: &Repository) -> Repository {
        self.mirror.quarantine.join(&format!("{}/{}", source.host_segment(), source.path))
    }

    /// Returns the consumer whose distribution a repository is in.
    pub fn distributes_to(&self, repository: &Repository) -> Option<&DesiredConsumer> {
        self.consumers.iter().find(|consumer| consumer.holds(repository))
    }
}

/// The `Mirror` document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredMirror {
    pub name: String,
    /// Where images wait: `<quarantine>/<upstream host>/<repository>`.
    pub quarantine: Repository,
    /// The key that vouches for what is promoted.
    pub signing: DesiredSigning,
    /// What is written beside promoted images.
    pub vouching: DesiredVouching,
    /// Who operates the mirror, where declared.
    pub operator: Option<String>,
    /// The operator's declared legal role, where declared.
    pub role: Option<String>,
    /// What the advisory bundle is built from, in the order of the manifest.
    pub advisories: Vec<DesiredAdvisorySource>,
    pub sbom: DesiredSbom,
}

/// A source of advisories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredAdvisorySource {
    pub name: String,
    pub place: AdvisoryPlace,
    /// As its publisher states it, where declared.
    pub licence: Option<String>,
}

/// Where a source of advisories is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdvisoryPlace {
    /// Fetched.
    Url(String),
    /// In the manifest repository.
    Path(String),
}

/// The SBOMs that are written of what is taken in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DesiredSbom {
    /// E-mail address or URL of who answers for them, where declared.
    pub creator: Option<String>,
    pub version: CycloneDx,
}

/// What is written beside promoted images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredVouching {
    /// What is attested.
    pub attestations: BTreeSet<AttestationKind>,
    /// The predicate type of custody attestations.
    pub custody_predicate: String,
    pub docker_reference: DockerReference,
}

impl DesiredVouching {
    /// The predicate type of custody attestations where the manifest names none. It is nobody's domain.
    pub const CUSTODY_PREDICATE: &'static str = "urn:fondaco:custody:v1";
}

impl Default for DesiredVouching {
    fn default() -> Self {
        Self {
            attestations: AttestationKind::ALL.into(),
            custody_predicate: Self::CUSTODY_PREDICATE.to_owned(),
            docker_reference: DockerReference::default(),
        }
    }
}

/// A `Registry` document: access and facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredRegistry {
    pub host: String,
    /// Directory of image layouts, relative to the manifest repository, where this is not an HTTP registry.
    pub layout: Option<String>,
    /// HTTP without TLS, only where declared.
    pub plain_http: bool,
    /// Which software or service it is, where declared.
    pub kind: Option<RegistryKind>,
    /// How it differs from its kind, as declared.
    pub behaviour: BehaviourOverrides,
    /// How much it is asked, whatever it would allow.
    pub limits: Limits,
    /// Who we are to it, and the way there.
    pub access: DesiredAccess,
    pub facts: Vec<Fact>,
    pub written: String,
}

/// One declared fact about a registry, in the order of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The manifest key, for instance `jurisdiction.operatorCountry`.
    pub key: String,
    /// The declared value; `None` is an open question.
    pub value: Option<String>,
    pub source: Option<String>,
    pub date: Option<String>,
}

/// A `TrustPolicy` document. Names of keys, identities and notation stores are different.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DesiredPolicy {
    pub name: String,
    /// Accepted public keys, in the order of the document.
    pub keys: Vec<DesiredKey>,
    pub identities: Vec<DesiredSigner>,
    pub notation: Vec<DesiredNotation>,
    /// The Sigstore instance that vouches for identities, logs and times.
    pub root: Option<DesiredFile>,
    pub signers: DesiredSigners,
    pub attestations: Vec<DesiredAttestation>,
    /// What each outcome other than `verified` leads to; `Verdict::Cleared` means the outcome is only recorded.
    pub actions: BTreeMap<Outcome, Ruled<Verdict>>,
    pub written: String,
}

impl DesiredPolicy {
    /// Returns a policy that accepts any of some keys, given as name and PEM text.
    pub fn of_keys(name: &str, keys: impl IntoIterator<Item = (String, String)>) -> Self {
        let keys = keys.into_iter().map(|(name, pem)| DesiredKey { name, pem, logged: false });
        Self { name: name.to_owned(), keys: keys.collect(), ..Self::default() }
    }

    /// Returns the names of everybody whom the policy accepts, sorted.
    pub fn names(&self) -> BTreeSet<&str> {
        let keys = self.keys.iter().map(|key| key.name.as_str());
        let identities = self.identities.iter().map(|identity| identity.name.as_str());
        let notation = self.notation.iter().map(|store| store.name.as_str());
        keys.chain(identities).chain(notation).collect()
    }
}

/// A file of the manifest repository with what it says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DesiredFile {
    pub path: String,
    pub text: String,
}

/// An accepted public key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DesiredKey {
    pub name: String,
    /// PEM text.
    pub pem: String,
    /// Whether its signatures count only with a log entry or timestamp.
    pub logged: bool,
}

/// An accepted identity in certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DesiredSigner {
    pub name: String,
    /// What is demanded of the certificate's claims, all of it; issuer and identity are among it.
    pub claims: BTreeMap<ClaimKind, Wanted>,
}

/// A text that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Wanted {
    /// Character by character.
    Exactly(String),
    /// A regular expression that the whole text has to match; it was checked by [`tag_rule::pattern`].
    Matching(String),
    /// The text must not be there at all.
    Nothing,
}

impl Wanted {
    /// Returns whether what is said is what is wanted; `None` where nothing is said. An expression that does not compile
    /// matches nothing.
    pub fn matches(&self, said: Option<&str>) -> bool {
        match (self, said) {
            (Self::Nothing, said) => said.is_none(),
            (_, None) => false,
            (Self::Exactly(wanted), Some(text)) => wanted == text,
            (Self::Matching(pattern), Some(text)) => {
                // The whole text: an expression that is found somewhere inside accepts whoever puts it into a path.
                tag_rule::pattern(&format!("^(?:{pattern})$"))
                    .is_ok_and(|pattern| pattern.is_match(text.as_bytes()))
            }
        }
    }
}

/// A trust store of Notary Project signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredNotation {
    pub name: String,
    /// PEM certificates that chains may end in.
    pub trust_store: DesiredFile,
    /// As written: `x509.subject: …` or `*`.
    pub identities: Vec<String>,
    /// PEM certificates that timestamps may end in.
    pub timestamp_store: Option<DesiredFile>,
}

/// How many of which signers are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DesiredSigners {
    pub at_least: u8,
    /// Names; `None` for all of the policy's.
    pub of: Option<BTreeSet<String>>,
}

impl Default for DesiredSigners {
    fn default() -> Self {
        Self { at_least: 1, of: None }
    }
}

/// What must have been attested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DesiredAttestation {
    pub name: String,
    /// As written: one of the short names, or a predicate type's URI.
    pub predicate: String,
    /// Names of the signers whose statement counts; `None` for all of the policy's.
    pub signers: Option<BTreeSet<String>>,
    pub required: bool,
    /// What the statement has to say, all of it.
    pub says: BTreeMap<StatementKind, Wanted>,
    /// Levels of a verification summary that all have to be there.
    pub levels: BTreeSet<String>,
}

impl DesiredAttestation {
    /// Returns whether the demand has a say in the image's outcome: one that is not required has it only where there is
    /// something that contradicts it.
    pub const fn counts(&self, outcome: Outcome) -> bool {
        self.required || matches!(outcome, Outcome::Invalid | Outcome::Foreign)
    }
}

/// One image under one tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DesiredImage {
    /// Name of the `ImageSet`.
    pub set: String,
    pub source: Repository,
    pub tag: String,
    /// Pinned by the manifest; then upstream is not asked what the tag means.
    pub digest: Option<Digest>,
    /// Name of the `TrustPolicy`.
    pub trust: Option<String>,
    /// The longer one of the image's and its set's.
    pub cooldown: Option<Ruled<Period>>,
    /// What of it is taken in.
    pub content: DesiredContent,
    pub written: String,
}

/// Tags to be chosen from what a repository lists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DesiredSelection {
    /// What holds for every tag that is chosen; its tag is empty, and it is written where the selection is.
    pub image: DesiredImage,
    pub rule: TagRule,
}

impl DesiredSelection {
    /// Returns the image under a tag that the rule has chosen.
    pub fn under(&self, tag: &str) -> DesiredImage {
        DesiredImage { tag: tag.to_owned(), ..self.image.clone() }
    }
}

/// What of an image is taken in; the default is all of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct DesiredContent {
    /// Sorted; none means all.
    pub platforms: Vec<Platform>,
    /// Whether layers that are kept elsewhere fail the intake.
    pub refuse_foreign: bool,
}

/// A `Consumer` with its gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredConsumer {
    pub name: String,
    pub target: Repository,
    /// Names of the `ImageSet`s it asks for, sorted.
    pub sets: Vec<String>,
    pub gate: DesiredGate,
    pub written: String,
}

impl DesiredConsumer {
    /// Returns the distribution repository of an upstream repository for this consumer.
    pub fn distribution(&self, source: &Repository) -> Repository {
        self.target.join(source.path_without_library())
    }

    /// Returns whether a repository is the target or below it.
    fn holds(&self, repository: &Repository) -> bool {
        let below = repository.path.strip_prefix(&self.target.path);
        repository.host == self.target.host
            && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// The thresholds an image must meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredGate {
    /// Name of the `Gate` document, `inline` where the consumer writes its keys, or `default` where it has no gate.
    pub name: String,
    /// Findings above it refuse the image. Default `high`.
    pub max_severity: Ruled<Severity>,
    /// Whether findings without a fixed version are left out of the threshold. Default `false`.
    pub fixable_only: Ruled<bool>,
    /// What a finding of unknown severity leads to: `Held` (the default), `Refused`, or `Cleared` to only record it.
    pub unknown_severity: Ruled<Verdict>,
    /// What a finding that is known to be exploited leads to: `Refused` (the default), `Held`, or `Cleared` to only show it.
    pub known_exploited: Ruled<Verdict>,
    /// Whether a verified publisher signature is required. Default `false`.
    pub signature_required: Ruled<bool>,
    /// The oldest advisory bundle that may clear an image. Default `7d`.
    pub max_age: Ruled<Period>,
    /// How long an image waits after it was first seen under its tag. Default `0s`.
    pub cooldown: Ruled<Period>,
    /// Whether verified statements of publishers excuse findings. Default `false`.
    pub publisher_vex: Ruled<bool>,
    /// Which licences packages may have; `None` where no gate asks.
    pub licences: Option<DesiredLicences>,
    /// Whether files that look like secrets hold the image. Default `false`.
    pub hold_secrets: Ruled<bool>,
}

impl DesiredGate {
    /// Returns whether its verdict depends on what `contents.json` says.
    pub const fn asks_contents(&self) -> bool {
        self.licences.is_some() || self.hold_secrets.value
    }
}

/// Which licences packages may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredLicences {
    pub deny: Ruled<Vec<Term>>,
    /// Where it is there, every other licence is refused.
    pub allow: Option<Ruled<Vec<Term>>>,
    /// What a licence leads to that cannot be read: `Held` (the default), or `Cleared` to accept it.
    pub unknown: Ruled<Verdict>,
    /// Whether packages of the distribution count. Default `true`.
    pub of_distribution: Ruled<bool>,
}

/// A `Withdrawal` document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredWithdrawal {
    pub name: String,
    pub subjects: Vec<Withdrawn>,
    pub reason: String,
    /// From then on its images are refused.
    pub effective: Instant,
    /// From then on its images are deleted from distributions; `None` where nothing is deleted.
    pub delete_at: Option<Instant>,
    /// Whether they are deleted from quarantine too.
    pub quarantine: bool,
    /// What to use instead, for people.
    pub replacement: Option<String>,
    /// The consumers it concerns; `None` for all.
    pub consumers: Option<BTreeSet<String>>,
    pub written: String,
}

/// One withdrawn image: a digest under every tag, or a tag with every digest it was seen to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    pub source: Repository,
    pub reference: Reference,
    /// `withdrawals/eol.yaml:5`.
    pub written: String,
}

#[cfg(test)]
mod tests {
    use super::Wanted;

    #[test]
    fn an_expression_has_to_match_the_whole_text() {
        let cases = [
            ("https://a\\.example/.*", "https://a.example/web", true),
            ("https://a\\.example/.*", "https://evil.example/?https://a.example/web", false),
            ("https://a\\.example/web", "https://a.example/web-evil", false),
            ("one|two", "one", true),
            ("one|two", "two-evil", false),
            ("one|two", "evil-one", false),
            ("one", "one\n", false),
            ("(", "(", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(
                Wanted::Matching(pattern.to_owned()).matches(Some(text)),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn what_is_not_said_is_only_wanted_as_nothing() {
        assert!(Wanted::Nothing.matches(None) && !Wanted::Nothing.matches(Some("")));
        assert!(!Wanted::Exactly(String::new()).matches(None));
        assert!(!Wanted::Matching(".*".to_owned()).matches(None));
    }
}
