use super::*;
use crate::{
    evidence::LockedImage,
    manifest::{DesiredConsumer, DesiredImage, Ruled},
    model::{Period, Severity, TagRule, Verdict},
};

const SOURCE: &str = "upstream.example/library/nginx";

fn source() -> Repository {
    SOURCE.parse().unwrap()
}

fn image(set: &str, tag: &str) -> DesiredImage {
    DesiredImage {
        set: set.into(),
        source: source(),
        tag: tag.into(),
        digest: None,
        trust: Some("official".into()),
        cooldown: Some(Ruled { value: Period::days(3), written: "images/web.yaml:9".into() }),
        content: crate::manifest::DesiredContent::default(),
        written: "images/web.yaml:7".into(),
    }
}

fn consumer(name: &str, sets: &[&str]) -> DesiredConsumer {
    fn ruled<T>(value: T) -> Ruled<T> {
        Ruled { value, written: "default".into() }
    }
    DesiredConsumer {
        name: name.into(),
        target: format!("mirror.example/{name}").parse().unwrap(),
        sets: sets.iter().map(|set| (*set).to_owned()).collect(),
        gate: crate::manifest::DesiredGate {
            name: "default".into(),
            max_severity: ruled(Severity::High),
            fixable_only: ruled(false),
            unknown_severity: ruled(Verdict::Held),
            signature_required: ruled(false),
            max_age: ruled(Period::days(7)),
            cooldown: ruled(Period::days(0)),
            known_exploited: ruled(Verdict::Refused),
            publisher_vex: ruled(false),
            licences: None,
            hold_secrets: ruled(false),
        },
        written: "consumers/a.yaml:1".into(),
    }
}

fn desired(
    images: Vec<DesiredImage>,
    rules: Vec<(&str, TagRule)>,
    consumers: Vec<DesiredConsumer>,
) -> Desired {
    Desired {
        withdrawals: vec![],
        mirror: crate::manifest::DesiredMirror {
            name: "acme".into(),
            quarantine: "mirror.example/quarantine".parse().unwrap(),
            signing: crate::manifest::DesiredSigning::file("keys/acme.key"),
            vouching: crate::manifest::DesiredVouching::default(),
            operator: None,
            role: None,
            advisories: vec![],
            sbom: crate::manifest::DesiredSbom::default(),
        },
        registries: BTreeMap::new(),
        policies: BTreeMap::new(),
        images,
        selections: rules
            .into_iter()
            .map(|(set, rule)| DesiredSelection { image: image(set, ""), rule })
            .collect(),
        consumers,
    }
}

fn semver(range: &str) -> TagRule {
    TagRule { semver: Some(range.into()), ..TagRule::default() }
}

fn listing(tags: &[&str]) -> Observed {
    let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    Observed { listings: [(source(), Listed::Tags(tags))].into(), ..Observed::default() }
}

fn lock(tags: &[&str]) -> ImagesLock {
    let locked = |tag: &&str| LockedImage {
        repository: source(),
        tag: (*tag).to_owned(),
        digest: Digest::sha256(tag),
        first_seen: "2026-11-17T00:00:00Z".parse().unwrap(),
    };
    ImagesLock { schema: "fondaco/images-lock/v1alpha1".into(), images: tags.iter().map(locked).collect() }
}

fn tags(expanded: &Expanded) -> Vec<String> {
    expanded.desired.images.iter().map(|image| format!("{} {}", image.set, image.tag)).collect()
}

#[test]
fn a_chosen_tag_is_an_image_with_everything_its_entry_says() {
    let desired = desired(vec![], vec![("web", semver("^1.27"))], vec![]);
    let expanded = expand(&desired, &ImagesLock::default(), &listing(&["1.27.1", "1.26.0", "latest"]));
    assert_eq!(expanded.failures, []);
    assert_eq!(expanded.desired.images, [image("web", "1.27.1")]);
}

#[test]
fn what_is_written_beats_what_is_chosen() {
    let pin = Digest::sha256("pinned");
    let pinned = DesiredImage { digest: Some(pin.clone()), ..image("other", "1.27.1") };
    let listed = image("web", "1.27.2");
    let desired =
        desired(vec![listed, pinned], vec![("web", semver("^1.27")), ("web", semver("1.27.2"))], vec![]);
    let expanded = expand(&desired, &ImagesLock::default(), &listing(&["1.27.1", "1.27.2"]));
    assert_eq!(tags(&expanded), ["other 1.27.1", "web 1.27.1", "web 1.27.2"], "none is there twice");
    assert_eq!(
        expanded.desired.images[1].digest,
        Some(pin),
        "pinned in one set, pinned wherever it is chosen"
    );
}

#[test]
fn a_listing_that_fails_leaves_what_the_lock_remembers() {
    let desired = desired(vec![], vec![("web", semver("^1.27"))], vec![]);
    let locked = lock(&["1.27.1", "1.26.0"]);
    let failed = Listed::Failed { kind: Kind::Unavailable, message: "503".into() };
    let observed = Observed { listings: [(source(), failed)].into(), ..Observed::default() };
    for (observed, kind, message) in [
        (observed, Kind::Unavailable, "503"),
        (Observed::default(), Kind::Bug, "upstream was not asked for its tags"),
        (listing(&[]), Kind::NotFound, "`upstream.example/library/nginx` lists no tags"),
    ] {
        let expanded = expand(&desired, &locked, &observed);
        assert_eq!(tags(&expanded), ["web 1.27.1"], "{message}");
        let [failure] = expanded.failures.as_slice() else { panic!("one failure") };
        assert_eq!((failure.kind, failure.message.as_str()), (kind, message));
        assert_eq!((failure.set.as_str(), failure.written.as_str()), ("web", "images/web.yaml:7"));
    }
}

#[test]
fn a_selection_of_nothing_says_what_came_near() {
    let rule = TagRule { exclude: vec!["-rc".into()], ..semver(">=1.28, <2") };
    let desired = desired(vec![], vec![("web", rule)], vec![]);
    let tags = ["latest", "1.28", "1.28.0-alpine", "1.28.0-slim", "1.27.9", "1.27.10", "1.26.1", "1.25.0"];
    let failure = expand(&desired, &ImagesLock::default(), &listing(&tags)).failures.remove(0);
    assert_eq!(failure.message, "none of the 8 tags of `upstream.example/library/nginx` is selected");
    let expected = "1 would be selected with `floating: true`: `1.28`; \
        2 in the range, with a suffix that only `regex` selects: `1.28.0-slim`, `1.28.0-alpine`; \
        4 outside of the range: `1.27.10`, `1.27.9`, `1.26.1`, …";
    assert_eq!(failure.hint.as_deref(), Some(expected));
}

#[test]
fn names_of_tags_are_cut_in_hints() {
    let long = "x".repeat(128);
    let desired = desired(vec![], vec![("web", semver("*"))], vec![]);
    let failure = expand(&desired, &ImagesLock::default(), &listing(&[&long])).failures.remove(0);
    assert_eq!(failure.message, "the one tag of `upstream.example/library/nginx` is not selected");
    assert_eq!(failure.hint, Some(format!("1 no versions: `{}…`", "x".repeat(40))));
}

#[test]
fn a_flood_of_chosen_tags_is_refused_and_one_selection_alone() {
    let flood: Vec<String> = (0..=CHOSEN_MAX).map(|number| format!("1.0.{number}")).collect();
    let flood: Vec<&str> = flood.iter().map(String::as_str).collect();
    let newest = TagRule { newest: Some(2), ..semver("^1") };
    let desired = desired(vec![], vec![("all", semver("^1")), ("two", newest)], vec![]);
    let expanded = expand(&desired, &ImagesLock::default(), &listing(&flood));
    assert_eq!(tags(&expanded), ["two 1.0.10000", "two 1.0.9999"]);
    let expected = "10001 tags of `upstream.example/library/nginx` are selected, more than 10000";
    assert_eq!(expanded.failures[0].message, expected);
}

#[test]
fn many_consumers_of_a_selection_ask_for_no_more_than_a_mirror_holds() {
    let tags: Vec<String> = (0..2000).map(|number| format!("1.0.{number}")).collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    let consumers = (0..1000).map(|number| consumer(&format!("c{number}"), &["web"])).collect();
    let desired = desired(vec![], vec![("web", semver("^1"))], consumers);
    let failure = expand(&desired, &ImagesLock::default(), &listing(&tags)).failures.remove(0);
    assert_eq!(failure.message, "2000 tags of `upstream.example/library/nginx` are selected, more than 1000");
}
