//! A cleared set across an air gap: from one mirror with its evidence to another that shares nothing with it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Arc, Mutex},
};

use fondaco::{
    carry::{self, CarryError, InOptions, InReport, OutOptions, OutReport, VolumeState},
    evidence::{Certainty, HopKind},
    git::CommitId,
    manifest::DesiredPolicy,
    model::{Digest, Kind, Outcome, media_type},
    registry::{Access, Credential, Endpoint, open},
    trust::{
        sign::{self, OrgSigner as _},
        verify,
    },
};

use crate::{
    fake::{Fake, Fault, Options, Phase, Referrers, WriteKind},
    scenario::{Scenario, signer},
    tiny,
};

/// Volumes smaller than the image's layer.
const SMALL: u64 = 16 << 10;
const LARGE: u64 = 64 << 20;

/// Two sites. Nothing but the medium's directory reaches from one to the other.
struct Gap {
    upstream: Fake,
    sending: Fake,
    receiving: Fake,
    near: Scenario,
    far: Scenario,
    medium: tempfile::TempDir,
    digest: Digest,
}

fn manifests(upstream: &str, mirror: &str, name: &str, images: &[&str]) -> String {
    let images: Vec<String> = images
        .iter()
        .map(|image| format!("    - {{image: \"{upstream}/library/{image}\", tags: [\"1\"]}}\n"))
        .collect();
    format!(
        "apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {{name: upstream}}
spec: {{host: \"{upstream}\", plainHTTP: true}}
---
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {{name: mirror}}
spec: {{host: \"{mirror}\", plainHTTP: true}}
---
apiVersion: fondaco/v1alpha1
kind: Mirror
metadata: {{name: {name}}}
spec: {{registry: \"{mirror}\", signing: {{key: keys/acme.key}}}}
---
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {{name: web}}
spec:
  images:
{}---
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {{name: payments}}
spec: {{target: \"{mirror}/payments\", images: [web], gate: {{maxAge: 99999d}}}}
",
        images.concat()
    )
}

/// A package database that compresses to more than a small volume.
fn large_status() -> String {
    let package = |n: u32| {
        let noise = Digest::sha256(n.to_string());
        format!(
            "Package: lib{n}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\nDescription: {}\n\n",
            noise.hex()
        )
    };
    (0..1500).map(package).collect()
}

impl Gap {
    /// Two images that have been promoted on the near side.
    fn new() -> Self {
        let gap = Self::unreconciled();
        let report = gap.near.run().unwrap();
        assert!(report.images.iter().all(|image| image.consumers[0].promoted), "{}", report.text());
        gap
    }

    fn unreconciled() -> Self {
        let upstream = Fake::start(Options::default());
        let sending = Fake::start(Options::default());
        let receiving = Fake::start(Options { referrers: Referrers::Off, ..Options::default() });
        let digest = tiny::image(&upstream, "library/large", "1", &large_status());
        tiny::image(&upstream, "library/small", "1", tiny::STATUS);
        let images = ["large", "small"];
        let near = Scenario::new(&manifests(&upstream.address, &sending.address, "acme", &images));
        near.import(&[tiny::ADVISORY]);
        let far = Scenario::new(&manifests(&upstream.address, &receiving.address, "inland", &images));
        fs::create_dir_all(far.path("manifests/keys")).unwrap();
        fs::write(far.path("manifests/keys/acme.pub"), signer().public_pem()).unwrap();
        Self { upstream, sending, receiving, near, far, medium: tempfile::tempdir().unwrap(), digest }
    }

    fn directory(&self) -> PathBuf {
        self.medium.path().join("carry")
    }

    fn out_to(&self, directory: &Path, volume_bytes: u64) -> Result<OutReport, CarryError> {
        let options = OutOptions { directory: directory.to_owned(), consumers: vec![], volume_bytes };
        block_on(carry::out(&self.near.world(1), &options))
    }

    fn out(&self, volume_bytes: u64) -> OutReport {
        self.out_to(&self.directory(), volume_bytes).unwrap()
    }

    fn bring(&self) -> Result<InReport, CarryError> {
        self.bring_from(&InOptions { directory: self.directory(), to: None, key: None })
    }

    fn bring_from(&self, options: &InOptions) -> Result<InReport, CarryError> {
        block_on(carry::receive(&self.far.world(1), options))
    }

    fn tagged(&self) -> Option<Digest> {
        self.receiving.tag("payments/large", "1")
    }

    fn volume(&self, number: usize) -> PathBuf {
        self.directory().join(format!("volume-{number:04}.tar"))
    }

    /// The far side's remote branch that holds the near side's history.
    fn carried_tip(&self) -> Option<CommitId> {
        self.far.repository.fetch("origin", "carried/acme").unwrap()
    }

    fn writes(&self) -> usize {
        let log = self.receiving.log();
        log.iter()
            .filter(|request| !request.action.starts_with("GET") && !request.action.starts_with("HEAD"))
            .count()
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(work)
}

fn listing(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    entries.map(|e| (e.file_name().into_string().unwrap(), fs::read(e.path()).unwrap())).collect()
}

#[test]
fn a_cleared_set_crosses_and_crossing_twice_changes_nothing() {
    let gap = Gap::new();
    let out = gap.out(LARGE);
    assert_eq!((out.images, out.volumes.len(), out.unpromoted.len()), (2, 1, 0), "{}", out.text());
    let broken = Arc::new(Mutex::new(vec![]));
    let (noted, remote) = (Arc::clone(&broken), gap.far.path("remote.git"));
    gap.receiving.on_write(move |event| {
        if event.kind == WriteKind::Tag
            && event.repository.starts_with("payments/")
            && event.phase == Phase::Before
        {
            let repository = fondaco::git::Repository::open(&remote).unwrap();
            let tip = repository.resolve("refs/heads/main").unwrap();
            let files = repository.read(&tip, &|path| path.ends_with("verdicts.json")).unwrap();
            let cleared = files.values().any(|f| String::from_utf8_lossy(f).contains("\"cleared\""));
            if !cleared || repository.resolve("refs/heads/carried/acme").is_err() {
                noted.lock().unwrap().push(format!("{event:?}"));
            }
        }
    });
    let report = gap.bring().unwrap();
    assert!(!report.has_failures() && !report.waits(), "{}", report.text());
    assert!(broken.lock().unwrap().is_empty(), "tagged before the evidence was pushed: {broken:?}");
    assert_eq!(gap.tagged().as_ref(), Some(&gap.digest));
    assert_eq!(gap.sending.tag("payments/large", "1").as_ref(), Some(&gap.digest));
    assert_eq!(gap.carried_tip(), Some(gap.near.tip()));
    verified_as_an_outsider(&gap, 6, "a signature, four attestations and an SBOM");
    custody(&gap);
    assert!(gap.receiving.repositories().contains(&"quarantine/advisories".to_owned()));
    let lock = gap.far.state().evidence.advisories.unwrap();
    let store = fondaco::advisory::Store::new(gap.far.path("bundles"));
    let index = store.index(&lock.digest).unwrap();
    assert!(fondaco::advisory::artifact::is_whole(&store, &index));

    let (tip, writes) = (gap.far.tip(), gap.writes());
    let again = gap.bring().unwrap();
    assert_eq!((again.commits.len(), again.bytes), (0, 0), "{}", again.text());
    assert_eq!((gap.far.tip(), gap.writes()), (tip, writes), "no commit, no upload, no tag");
    let before = listing(&gap.directory());
    let out = gap.out(LARGE);
    assert!(out.volumes.iter().all(|volume| volume.state == VolumeState::Reused), "{}", out.text());
    assert_eq!(listing(&gap.directory()), before);
}

fn verified_as_an_outsider(gap: &Gap, beside: usize, what: &str) {
    let policy = DesiredPolicy::of_keys("organisation", [("organisation".into(), signer().public_pem())]);
    let endpoint = Endpoint::Http { plain: true };
    let registry = open(&Access::new(&gap.receiving.address, endpoint, Credential::Anonymous)).unwrap();
    let found = block_on(verify::verify(registry.as_ref(), "payments/large", &gap.digest, Some(&policy)));
    assert_eq!(found.outcome, Outcome::Verified, "{}", found.reason);
    assert_eq!(found.signatures.len(), 2, "both forms came along: {:?}", found.signatures);
    let referrers = block_on(registry.referrers("payments/large", &gap.digest)).unwrap();
    assert_eq!(referrers.len(), beside, "{what}");
}

fn custody(gap: &Gap) {
    let state = gap.far.state();
    let source = format!("{}/library/large", gap.upstream.address).parse().unwrap();
    let record = state.evidence.image(&source, &gap.digest).unwrap();
    let kinds: Vec<HopKind> = record.custody.hops.iter().map(|hop| hop.kind).collect();
    assert_eq!(kinds, [HopKind::Intake, HopKind::Promotion, HopKind::Carry, HopKind::Promotion]);
    let carried = &record.custody.hops[2];
    assert_eq!(carried.from.host, gap.sending.address);
    assert_eq!(
        carried.to.to_string(),
        format!(
            "{}/quarantine/{}/library/large",
            gap.receiving.address,
            gap.upstream.address.replace(':', "_")
        )
    );
    assert_eq!(carried.hosts, std::slice::from_ref(&gap.receiving.address));
    assert_eq!(carried.volumes.len(), 1);
    assert_eq!(carried.cleared_by, Some(gap.near.tip().to_string()));
    assert_eq!(carried.certainty, Certainty::Performed);
    let near = gap.near.state();
    let original = near.evidence.image(&source, &gap.digest).unwrap();
    assert_eq!(
        (&record.verdicts, &record.scan, &record.packages),
        (&original.verdicts, &original.scan, &original.packages)
    );
    let page = String::from_utf8(gap.far.files()["evidence/consumers/payments/README.md"].clone()).unwrap();
    assert!(page.contains(&gap.receiving.address) && !page.contains(&gap.sending.address), "{page}");
}

/// The tag means upstream's index on both sides, and the index of the chosen platform is what crosses.
#[test]
fn chosen_platforms_cross_as_the_new_index() {
    let gap = Gap::unreconciled();
    let bytes = gap.upstream.stored("library/large", &gap.digest).unwrap();
    let entry = |digest: &Digest, architecture: &str| {
        serde_json::json!({"mediaType": media_type::OCI_MANIFEST, "digest": digest, "size": bytes.len(),
            "platform": {"os": "linux", "architecture": architecture}})
    };
    let index = serde_json::json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX,
        "manifests": [entry(&gap.digest, "amd64"), entry(&Digest::sha256("left out"), "s390x")]});
    let upstream = gap.upstream.manifest("library/large", "1", media_type::OCI_INDEX, index.to_string());
    for side in [&gap.near, &gap.far] {
        let manifest = String::from_utf8(side.files()["fondaco.yaml"].clone()).unwrap();
        let chosen = manifest.replace("tags: [\"1\"]", "tags: [\"1\"], platforms: [linux/amd64]");
        side.push(&[("fondaco.yaml", &chosen)]);
    }
    let report = gap.near.run().unwrap();
    assert!(report.images.iter().all(|image| image.consumers[0].promoted), "{}", report.text());
    gap.out(LARGE);
    let report = gap.bring().unwrap();
    assert!(!report.has_failures() && !report.waits(), "{}", report.text());
    let new = gap.tagged().unwrap();
    assert_eq!(gap.sending.tag("payments/large", "1").as_ref(), Some(&new));
    let state = gap.far.state();
    let source = format!("{}/library/large", gap.upstream.address).parse().unwrap();
    let record = state.evidence.image(&source, &new).unwrap();
    assert_eq!(record.custody.upstream(), &upstream);
    let locked = state.evidence.lock.images.iter().find(|locked| locked.repository == source).unwrap();
    assert_eq!(locked.digest, upstream);
    let again = gap.bring().unwrap();
    assert_eq!((again.commits.len(), again.bytes), (0, 0), "{}", again.text());
}

#[test]
fn a_layer_larger_than_a_volume_is_split_and_arrives_whole() {
    let gap = Gap::new();
    let out = gap.out(SMALL);
    assert!(out.volumes.len() > 4, "{}", out.text());
    for (name, bytes) in listing(&gap.directory()) {
        assert!(!name.starts_with("volume-") || bytes.len() as u64 <= SMALL, "{name}");
    }
    let report = gap.bring().unwrap();
    assert!(!report.has_failures() && !report.waits(), "{}", report.text());
    assert_eq!(gap.tagged().as_ref(), Some(&gap.digest));
}

#[test]
fn the_same_set_gives_the_same_bytes() {
    let gap = Gap::new();
    gap.out(SMALL);
    let other = gap.medium.path().join("other");
    gap.out_to(&other, SMALL).unwrap();
    assert_eq!(listing(&gap.directory()), listing(&other));
    // A clone whose objects lie in a pack.
    let clone = gap.medium.path().join("clone");
    let cloned =
        Command::new("git").args(["clone", "-q"]).arg(gap.near.path("remote.git")).arg(&clone).status();
    assert!(cloned.unwrap().success());
    let world = fondaco::reconcile::World {
        repository: fondaco::git::Repository::open(&clone).unwrap(),
        ..gap.near.world(4)
    };
    let third = gap.medium.path().join("third");
    let options =
        OutOptions { directory: third.clone(), consumers: vec!["payments".into()], volume_bytes: SMALL };
    block_on(carry::out(&world, &options)).unwrap();
    assert_eq!(listing(&gap.directory()), listing(&third));
}

#[test]
fn an_interrupted_carry_goes_on_after_the_last_whole_volume() {
    let gap = Gap::new();
    let whole = gap.medium.path().join("whole");
    gap.out_to(&whole, SMALL).unwrap();
    gap.sending.set(|options| {
        options.faults.push(Fault::new("GET blob", 403, 1));
    });
    gap.out_to(&gap.directory(), SMALL).unwrap_err();
    let left: Vec<String> = listing(&gap.directory()).into_keys().collect();
    assert!(
        left.contains(&"volume-0001.tar".to_owned()),
        "the history and the bundle of advisories: {left:?}"
    );
    assert!(!left.contains(&"carry.json".to_owned()));
    for (name, bytes) in listing(&gap.directory()).into_iter().filter(|(name, _)| name.starts_with("volume"))
    {
        assert_eq!(Some(&bytes), listing(&whole).get(&name), "{name}: what has its name is whole");
    }
    let out = gap.out(SMALL);
    assert_eq!(out.volumes[0].state, VolumeState::Reused, "{}", out.text());
    assert!(out.volumes.iter().any(|volume| volume.state == VolumeState::Written), "{}", out.text());
    assert_eq!(listing(&gap.directory()), listing(&whole));
    // A volume that was damaged meanwhile is written anew.
    fs::write(gap.volume(1), b"damaged").unwrap();
    let out = gap.out(SMALL);
    assert_eq!(out.volumes[0].state, VolumeState::Written);
    assert_eq!(listing(&gap.directory()), listing(&whole));
}

#[test]
fn another_set_does_not_overwrite_a_carry() {
    let gap = Gap::new();
    gap.out(LARGE);
    let before = listing(&gap.directory());
    gap.near.push(&[("notes.md", "a new commit")]);
    assert!(matches!(gap.out_to(&gap.directory(), LARGE), Err(CarryError::Occupied { .. })));
    assert_eq!(listing(&gap.directory()), before);
}

#[test]
fn missing_volumes_are_named_and_waited_for() {
    let gap = Gap::new();
    let count = gap.out(SMALL).volumes.len();
    // One session for each volume, the history last.
    let aside = gap.medium.path().join("aside");
    fs::create_dir(&aside).unwrap();
    for number in 1..=count {
        fs::rename(gap.volume(number), aside.join(number.to_string())).unwrap();
    }
    let none = gap.bring().unwrap();
    assert_eq!(none.in_state(VolumeState::Missing).count(), count);
    for number in (1..=count).rev() {
        assert_eq!(gap.tagged(), None, "nothing half is tagged");
        fs::copy(aside.join(number.to_string()), gap.volume(number)).unwrap();
        let report = gap.bring().unwrap();
        assert_eq!(report.waits(), number > 1, "{}", report.text());
        assert!(
            report.in_state(VolumeState::Missing).all(|v| report.text().contains(&v.expected.to_string()))
        );
        if number > 1 {
            assert!(report.commits.is_empty() && report.tags.is_empty(), "{}", report.text());
        }
    }
    assert_eq!(gap.tagged().as_ref(), Some(&gap.digest));
}

#[test]
fn an_image_whose_blobs_came_in_an_earlier_session_needs_them_no_more() {
    let gap = Gap::new();
    gap.out(SMALL);
    let index: serde_json::Value =
        serde_json::from_slice(&fs::read(gap.directory().join("carry.json")).unwrap()).unwrap();
    let split = index["contents"]
        .as_array()
        .unwrap()
        .iter()
        .find(|content| content["parts"].as_array().unwrap().len() > 2);
    let split = split.expect("the layer is larger than two volumes");
    // In the middle of the layer: that volume holds nothing else.
    let middle = usize::try_from(split["parts"][1]["volume"].as_u64().unwrap()).unwrap();
    let first = gap.volume(1);
    let aside = gap.medium.path().join("first");
    fs::rename(&first, &aside).unwrap();
    let report = gap.bring().unwrap();
    assert!(report.waits() && report.bytes > 0);
    fs::rename(&aside, &first).unwrap();
    fs::remove_file(gap.volume(middle)).unwrap();
    let report = gap.bring().unwrap();
    assert!(report.waits() && !report.has_failures(), "{}", report.text());
    assert_eq!(gap.tagged().as_ref(), Some(&gap.digest), "{}", report.text());
}

#[test]
fn damaged_and_foreign_volumes_are_named_and_nothing_of_them_is_used() {
    let gap = Gap::new();
    let out = gap.out(SMALL);
    let (good, last) = (fs::read(gap.volume(2)).unwrap(), out.volumes.len());
    let mut flipped = good.clone();
    flipped[700] ^= 1;
    let foreign = fs::read(gap.volume(last)).unwrap();
    let cases = [
        ("flipped-bit", flipped),
        ("truncated", good[..good.len() / 2].to_vec()),
        ("foreign", foreign),
        ("empty", vec![]),
    ];
    for (attack, bytes) in cases {
        fs::write(gap.volume(2), bytes).unwrap();
        let report = gap.bring().unwrap();
        let damaged: Vec<_> = report.in_state(VolumeState::Damaged).collect();
        assert_eq!(damaged.len(), 1, "{attack}");
        assert_eq!(
            (damaged[0].name.as_str(), &damaged[0].expected),
            ("volume-0002.tar", &out.volumes[1].expected),
            "{attack}"
        );
        assert!(
            report.text().contains("volume-0002.tar")
                && report.text().contains(&damaged[0].expected.to_string())
        );
        assert_eq!(gap.tagged(), None, "{attack}");
    }
    fs::write(gap.volume(2), good).unwrap();
    let report = gap.bring().unwrap();
    assert_eq!(gap.tagged().as_ref(), Some(&gap.digest), "{}", report.text());
}

#[test]
fn an_index_that_is_not_signed_by_the_named_key_is_not_believed() {
    let gap = Gap::new();
    gap.out(LARGE);
    let (index, signature) = (gap.directory().join("carry.json"), gap.directory().join("carry.json.sig"));
    let (text, sealed) = (fs::read_to_string(&index).unwrap(), fs::read(&signature).unwrap());
    let stranger = gap.medium.path().join("stranger.pub");
    fs::write(&stranger, sign::create(b"x").unwrap().1).unwrap();
    let named = |key: Option<PathBuf>| InOptions { directory: gap.directory(), to: None, key };
    let foreign = gap.bring_from(&named(Some(stranger))).unwrap_err();
    assert!(matches!(foreign, CarryError::Signature { .. }), "foreign-key: {foreign}");
    fs::write(&index, text.replace("\"payments\"", "\"archives\"")).unwrap();
    assert!(matches!(gap.bring().unwrap_err(), CarryError::Signature { .. }), "changed-index");
    fs::write(&index, &text).unwrap();
    fs::write(&signature, "AAAA").unwrap();
    assert!(matches!(gap.bring().unwrap_err(), CarryError::Signature { .. }), "garbage-signature");
    fs::remove_file(&signature).unwrap();
    assert_eq!(gap.bring().unwrap_err().kind(), Kind::NotFound, "no-signature");
    fs::write(&signature, sealed).unwrap();
    fs::remove_file(gap.far.path("manifests/keys/acme.pub")).unwrap();
    assert!(matches!(gap.bring().unwrap_err(), CarryError::Key { .. }), "no key is named");
    assert_eq!(gap.writes(), 0, "nothing was written");
    let key = gap.medium.path().join("acme.pub");
    fs::write(&key, signer().public_pem()).unwrap();
    gap.bring_from(&named(Some(key))).unwrap();
    assert_eq!(gap.tagged().as_ref(), Some(&gap.digest));
}

#[test]
fn a_history_that_is_no_fast_forward_tags_nothing() {
    let gap = Gap::new();
    gap.out(LARGE);
    let tip = gap.far.tip();
    gap.far.repository.publish("origin", "carried/acme", &tip).unwrap();
    let error = gap.bring().unwrap_err();
    assert!(matches!(error, CarryError::NotForward { .. }), "{error}");
    assert!(error.to_string().contains("carried/acme"), "{error}");
    assert_eq!((gap.tagged(), gap.far.tip(), gap.carried_tip()), (None, tip.clone(), Some(tip)));
}

#[test]
fn a_later_carry_moves_the_tag_and_an_older_one_does_not_move_it_back() {
    let gap = Gap::new();
    gap.out(LARGE);
    gap.bring().unwrap();
    let newer = tiny::image(&gap.upstream, "library/large", "1", tiny::STATUS);
    gap.near.run().unwrap();
    let later = gap.medium.path().join("later");
    gap.out_to(&later, LARGE).unwrap();
    let report = gap.bring_from(&InOptions { directory: later, to: None, key: None }).unwrap();
    assert!(!report.has_failures(), "{}", report.text());
    assert_eq!(gap.tagged().as_ref(), Some(&newer));
    assert_eq!(gap.carried_tip(), Some(gap.near.tip()));
    let older = gap.bring().unwrap_err();
    assert!(matches!(older, CarryError::NotForward { .. }), "{older}");
    assert_eq!(gap.tagged().as_ref(), Some(&newer));
}

#[test]
fn what_is_cleared_and_not_promoted_is_signed_for_the_carry() {
    let gap = Gap::unreconciled();
    gap.sending.set(|options| {
        let fault =
            Fault { path_end: "payments/large/manifests/1".into(), ..Fault::new("PUT manifest", 403, 9) };
        options.faults.push(fault);
    });
    let report = gap.near.run().unwrap();
    assert!(report.has_failures(), "{}", report.text());
    let out = gap.out(LARGE);
    assert_eq!(out.unpromoted, [format!("{}/payments/large:1", gap.sending.address)]);
    let other = gap.medium.path().join("other");
    gap.out_to(&other, LARGE).unwrap();
    assert_eq!(listing(&gap.directory()), listing(&other), "its signatures are the same bytes each time");
    gap.bring().unwrap();
    assert_eq!(gap.tagged().as_ref(), Some(&gap.digest));
    verified_as_an_outsider(&gap, 2, "a signature and an SBOM");
}

#[test]
fn nothing_is_tagged_without_the_organisations_signature() {
    let gap = Gap::new();
    // Signatures vanish from the distribution before the carry.
    let fallback = format!("{}.sig", gap.digest.dashed());
    gap.sending.set(|options| {
        options.referrers = Referrers::Off;
        options.faults.push(Fault { path_end: fallback, ..Fault::new("HEAD manifest", 404, 99) });
    });
    gap.out(LARGE);
    let report = gap.bring().unwrap();
    let failed: Vec<_> = report.tags.iter().filter(|tag| tag.failure.is_some()).collect();
    assert_eq!(failed.len(), 2 - report.tags.iter().filter(|tag| tag.tagged).count());
    let large = report.tags.iter().find(|tag| tag.digest == gap.digest).unwrap();
    assert!(large.failure.as_ref().unwrap().contains("signature is absent"), "{}", report.text());
    assert_eq!(gap.tagged(), None);
}

#[test]
fn what_the_receiving_side_withdraws_is_not_tagged_there() {
    let gap = Gap::new();
    gap.out(64 << 20);
    let text = format!(
        "apiVersion: fondaco/v1alpha1\nkind: Withdrawal\nmetadata: {{name: recall}}\nspec: {{subjects: [{{image: \
         \"{}/library/large\", digest: \"{}\"}}], reason: broken, effective: 2026-11-21}}\n",
        gap.upstream.address, gap.digest
    );
    gap.far.push(&[("withdrawals/recall.yaml", &text)]);
    let report = gap.bring().unwrap();
    let large = report.tags.iter().find(|tag| tag.digest == gap.digest).unwrap();
    let expected = "withdrawal recall (withdrawals/recall.yaml:3) withdraws it";
    assert_eq!((large.tagged, large.failure.as_deref()), (false, Some(expected)), "{}", report.text());
    assert_eq!(gap.tagged(), None);
    assert!(report.tags.iter().any(|tag| tag.tagged), "others arrive: {}", report.text());
}

#[test]
fn only_what_is_cleared_for_the_chosen_consumers_is_carried() {
    let gap = Gap::new();
    let options = |consumer: &str| OutOptions {
        directory: gap.directory(),
        consumers: vec![consumer.to_owned()],
        volume_bytes: LARGE,
    };
    let unknown = block_on(carry::out(&gap.near.world(1), &options("paymints"))).unwrap_err();
    assert!(matches!(unknown, CarryError::NoConsumer(_)), "{unknown}");
    let held = Gap::unreconciled();
    assert!(
        matches!(held.out_to(&held.directory(), LARGE), Err(CarryError::Nothing(_))),
        "nothing was judged yet"
    );
    assert!(matches!(gap.out_to(&gap.directory(), 1024), Err(CarryError::VolumeSize(..))));
    assert!(!gap.directory().join("carry.json").exists());
}

#[test]
fn a_prefix_and_an_unknown_consumer_are_where_people_said() {
    let gap = Gap::new();
    gap.out(LARGE);
    let to = format!("{}/region", gap.receiving.address).parse().ok();
    gap.bring_from(&InOptions { directory: gap.directory(), to, key: None }).unwrap();
    assert_eq!(gap.receiving.tag("region/payments/large", "1").as_ref(), Some(&gap.digest));
    assert_eq!(gap.tagged(), None);
    let other = Gap::new();
    other.out(LARGE);
    let text = manifests(&other.upstream.address, &other.receiving.address, "inland", &["large"]);
    other.far.push(&[("fondaco.yaml", &text.replace("payments", "archive"))]);
    let report = other.bring().unwrap();
    assert!(report.tags.iter().all(|tag| tag.skipped) && !report.has_failures(), "{}", report.text());
    assert!(!other.receiving.repositories().iter().any(|name| name.starts_with("archive")));
}

#[test]
fn the_program_ends_with_the_codes_that_schedulers_read() {
    let gap = Gap::new();
    let (sealed, public) = sign::seal(&fondaco::demo::organisation_scalar(), b"carry").unwrap();
    fs::create_dir_all(gap.near.path("manifests/keys")).unwrap();
    fs::write(gap.near.path("manifests/keys/acme.key"), sealed).unwrap();
    assert_eq!(public, signer().public_pem());
    let run = |scenario: &Scenario, arguments: &[&str]| -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fondaco"));
        command.args(["carry"]).args(arguments).arg(gap.directory()).arg("--repository");
        command.arg(scenario.path("manifests")).env("FONDACO_KEY_PASSWORD", "carry").env("CI", "true");
        command.env("FONDACO_CACHE", scenario.path("cache")).env("HOME", scenario.path("home"));
        command.output().unwrap()
    };
    let out = ["out", "--volume-size", "16KiB", "--output", "json"];
    let output = run(&gap.near, &out);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (json["schema"].as_str(), json["images"].as_u64()),
        (Some("fondaco/carry-out/v1alpha1"), Some(2))
    );
    assert_eq!(run(&gap.near, &["out", "--consumer", "nobody"]).status.code(), Some(64));
    let aside = gap.medium.path().join("aside");
    fs::rename(gap.volume(2), &aside).unwrap();
    let waiting = run(&gap.far, &["in"]);
    assert_eq!(waiting.status.code(), Some(75), "{}", String::from_utf8_lossy(&waiting.stderr));
    assert!(String::from_utf8_lossy(&waiting.stdout).contains("volume-0002.tar is missing"));
    fs::write(gap.volume(2), b"damaged").unwrap();
    assert_eq!(run(&gap.far, &["in"]).status.code(), Some(5));
    fs::rename(&aside, gap.volume(2)).unwrap();
    let done = run(&gap.far, &["in", "--output", "json"]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(gap.tagged().as_ref(), Some(&gap.digest));
    fs::write(gap.directory().join("carry.json.sig"), "AAAA").unwrap();
    assert_eq!(run(&gap.far, &["in"]).status.code(), Some(5));
}
