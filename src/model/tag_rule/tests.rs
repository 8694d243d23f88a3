use super::*;

fn rule(change: impl FnOnce(&mut TagRule)) -> TagRule {
    let mut rule = TagRule::default();
    change(&mut rule);
    rule
}

fn semver(range: &str) -> TagRule {
    rule(|rule| rule.semver = Some(range.into()))
}

fn regex(text: &str) -> TagRule {
    rule(|rule| rule.regex = Some(text.into()))
}

fn chosen(rule: &TagRule, tags: &[&str]) -> Vec<String> {
    let forward = rule.chooser().unwrap().choose(tags.iter().copied());
    let backward = rule.chooser().unwrap().choose(tags.iter().rev().copied());
    assert_eq!(forward, backward, "the order of a listing changes the answer");
    forward.chosen
}

const NGINX: [&str; 14] = [
    "latest",
    "1.9.15",
    "1.26.3",
    "1.27.0",
    "1.27.0-alpine3.20",
    "1.27.9",
    "1.27.10",
    "v1.28.0",
    "1.28",
    "1",
    "1.28.1-rc.1",
    "2.0.0",
    "stable-alpine",
    "1.29.0-rc.2",
];

#[test]
fn a_range_chooses_whole_versions_and_neither_variants_nor_prereleases() {
    assert_eq!(chosen(&semver(">=1.27, <2"), &NGINX), ["1.27.0", "1.27.10", "1.27.9", "v1.28.0"]);
    assert_eq!(chosen(&semver("~1.26"), &NGINX), ["1.26.3"]);
    assert_eq!(chosen(&semver("*"), &NGINX).len(), 7);
    assert_eq!(chosen(&semver(">3"), &NGINX), [""; 0]);
}

#[test]
fn floating_tags_match_only_where_they_are_asked_for() {
    let floating = TagRule { floating: true, ..semver(">=1.28, <2") };
    assert_eq!(chosen(&floating, &NGINX), ["1.28", "v1.28.0"]);
}

#[test]
fn a_prerelease_needs_a_range_that_names_one_of_its_version() {
    assert_eq!(chosen(&semver(">=1.28.1-rc.0, <2"), &NGINX), ["1.28.1-rc.1"]);
    assert_eq!(chosen(&semver(">=1.29.0-alpha, <2"), &NGINX), ["1.29.0-rc.2"]);
}

#[test]
fn newest_counts_by_version_not_by_text() {
    let newest = |n| TagRule { newest: Some(n), ..semver("^1.27") };
    assert_eq!(chosen(&newest(1), &NGINX), ["v1.28.0"]);
    assert_eq!(chosen(&newest(2), &NGINX), ["1.27.10", "v1.28.0"]);
    assert_eq!(chosen(&newest(100), &NGINX).len(), 4);
}

const VARIANTS: [&str; 7] = [
    "v1.9-alpine",
    "v1.10-alpine",
    "v1.10-alpine3",
    "v1.2-debian",
    "v2.0-alpine",
    "xv9.9-alpine",
    "v1.010-alpine",
];

#[test]
fn a_pattern_matches_the_whole_tag_and_its_captures_order() {
    let pattern = r"v(?<major>\d+)\.(?<minor>\d+)-alpine";
    let newest = |n| TagRule { newest: Some(n), ..regex(pattern) };
    assert_eq!(chosen(&newest(1), &VARIANTS), ["v2.0-alpine"]);
    assert_eq!(chosen(&newest(2), &VARIANTS), ["v1.10-alpine", "v2.0-alpine"], "equal numbers: by text");
    assert_eq!(
        chosen(&newest(4), &VARIANTS),
        ["v1.010-alpine", "v1.10-alpine", "v1.9-alpine", "v2.0-alpine"]
    );
    let by_minor = TagRule { order_by: vec!["minor".into()], ..newest(2) };
    assert_eq!(chosen(&by_minor, &VARIANTS), ["v1.010-alpine", "v1.10-alpine"]);
    assert_eq!(
        chosen(&regex(r"v\d\.\d-(alpine|debian)"), &VARIANTS),
        ["v1.2-debian", "v1.9-alpine", "v2.0-alpine"]
    );
}

#[test]
fn numbers_of_any_length_are_compared_by_value() {
    let newest = TagRule { newest: Some(1), ..regex(r"b(?<n>\w+)") };
    let tags = ["b9", "b123456789012345678901234567890", "b99999999999999999999", "b"];
    assert_eq!(chosen(&newest, &tags), ["b123456789012345678901234567890"]);
    assert_eq!(chosen(&newest, &["b9", "brc"]), ["brc"], "text comes after numbers");
    let optional = TagRule { newest: Some(1), ..regex(r"1(?:\.(?<patch>\d+))?") };
    assert_eq!(chosen(&optional, &["1", "1.0"]), ["1.0"], "what is missing comes first");
}

#[test]
fn a_range_is_compared_with_the_version_that_a_pattern_captures() {
    let both = TagRule {
        semver: Some(">=1.27, <2".into()),
        newest: Some(1),
        ..regex(r"(?<version>[\d.]+)-alpine[\d.]*")
    };
    assert_eq!(
        chosen(&both, &["1.27.1-alpine", "1.27.9-alpine3.20", "1.27.10-slim", "1.26.9-alpine"]),
        ["1.27.9-alpine3.20"]
    );
    let without = TagRule { semver: Some("^1".into()), ..regex(r"1\.\d+\.\d+") };
    assert_eq!(chosen(&without, &["1.2.3", "v1.2.3", "2.0.0"]), ["1.2.3"], "no such capture: the whole tag");
}

#[test]
fn exclusions_match_anywhere() {
    let rule = TagRule { exclude: vec!["27".into(), "^v".into()], ..semver("^1") };
    assert_eq!(chosen(&rule, &NGINX), ["1.26.3", "1.9.15"]);
}

#[test]
fn signatures_beside_images_are_never_chosen() {
    let signature = format!("sha256-{}.sig", "0a".repeat(32));
    let choice = regex(".*").chooser().unwrap().choose([signature.as_str(), "latest"]);
    assert_eq!((choice.chosen, choice.among), (vec!["latest".to_owned()], 1));
}

#[test]
fn near_misses_say_why_the_nearest_first() {
    let rule = TagRule { exclude: vec!["10".into()], ..semver(">=1.27.10, <1.28") };
    let tags =
        ["1.27.10", "1.27.11-alpine", "1.27.12-rc.1", "1.26.1", "1.26.2", "1.26.3", "1.26.4", "latest"];
    let choice = rule.chooser().unwrap().choose(tags);
    let shown: Vec<_> = choice.missed.iter().map(|m| (m.why, m.count, m.nearest.join(" "))).collect();
    let expected = [
        (Passed::Prerelease, 1, "1.27.12-rc.1".to_owned()),
        (Passed::Excluded, 1, "1.27.10".to_owned()),
        (Passed::Variant, 1, "1.27.11-alpine".to_owned()),
        (Passed::Outside, 4, "1.26.4 1.26.3 1.26.2".to_owned()),
        (Passed::NoVersion, 1, "latest".to_owned()),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn broken_and_hostile_expressions_are_refused_in_one_line() {
    assert_eq!(pattern("a(b").unwrap_err(), "unclosed group");
    assert!(pattern("(?=a)").unwrap_err().contains("look-around"));
    assert!(pattern(r"(a)\1").unwrap_err().contains("backreferences"));
    assert_eq!(pattern(&"a".repeat(501)).unwrap_err(), "it is longer than 500 characters");
    let bomb = "((((((a{9}){9}){9}){9}){9}){9}){9}";
    assert_eq!(pattern(bomb).unwrap_err(), "it needs more than 1048576 bytes of memory");
    for text in ["", "latest", ">=1.27 <2", "1.x.y", ">=1.27 || <1"] {
        assert!(range(text).is_err(), "{text}");
    }
    assert!(regex("(?x)a # all of it").chooser().is_err(), "a comment would swallow the end of the tag");
}

/// A pattern that takes other engines exponential time.
#[test]
fn a_pattern_that_backtracks_elsewhere_is_linear_here() {
    let tag = format!("{}!", "a".repeat(127));
    assert_eq!(chosen(&regex("(a*)*b"), &[&tag]), [""; 0]);
}
