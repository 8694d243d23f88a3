//! What a run will cost, by hand.

use super::*;
use crate::{
    evidence::sample,
    plan::{Resolution, explain, json},
};

const HUB: &str = "docker.io";
const ACME: &str = "registry.acme.example";

fn hub(allowance: Option<u64>) -> BTreeMap<String, Tariff> {
    let said = |remaining| Allowance {
        group: ActionGroup::Pull,
        remaining,
        limit: Some(100),
        window_s: Some(21_600),
    };
    let rates = vec![Rate::new(ActionGroup::Pull, 100, 21_600)];
    BTreeMap::from([(HUB.to_owned(), Tariff { rates, allowance: allowance.map(said) })])
}

/// Returns `images` images of Docker Hub for one consumer, none of which has been seen before, and the plan for them.
fn new_images(images: usize) -> (Desired, Plan) {
    let mut desired = sample::desired();
    desired.consumers.truncate(1);
    let image = desired.images.remove(0);
    desired.images = (0..images)
        .map(|number| {
            let source = sample::repository(&format!("docker.io/library/image-{number:03}"));
            crate::manifest::DesiredImage { source, ..image.clone() }
        })
        .collect();
    let planned = desired.images.iter().map(|image| PlannedImage {
        image: image.clone(),
        how: Resolution::New,
        digest: Some(sample::digest(&image.source.path)),
        was: None,
        floating: None,
        take_in: true,
        verify: true,
        consumers: vec![PlannedConsumer {
            lacking: vec![],
            name: desired.consumers[0].name.clone(),
            distribution: desired.consumers[0].distribution(&image.source),
            verdict: None,
            promotion: Promotion::Nothing,
        }],
    });
    let plan = Plan { images: planned.collect(), ..Plan::default() };
    (desired, plan)
}

fn forecast_of(desired: &Desired, plan: &Plan, tariffs: &BTreeMap<String, Tariff>) -> Forecast {
    forecast(desired, &Evidence::default(), plan, tariffs)
}

#[test]
fn what_stands_in_manifests_is_open_before_they_are_read() {
    let (desired, plan) = new_images(1);
    let costs = forecast_of(&desired, &plan, &hub(None));
    let hub = &costs[HUB];
    assert_eq!(hub.heads, Amount::at_least(1 + 4), "the tag, and what may lie beside the image");
    assert_eq!(hub.pulls, Amount::at_least(1));
    assert_eq!(hub.bytes_read, Amount::at_least(0));
    assert_eq!(
        text(&costs),
        "cost: docker.io at least 5 HEAD, at least 1 pull of 100 in 6 h, size read unknown until taken in · \
         registry.acme.example at least 3 HEAD, at least 2 manifests written, size written unknown until taken in\n"
    );
}

#[test]
fn more_pulls_than_the_registry_allows_are_told_before_they_fail() {
    let (desired, plan) = new_images(120);
    let costs = forecast_of(&desired, &plan, &hub(None));
    let expected = Limit {
        group: ActionGroup::Pull,
        requests: 100,
        seconds: 21_600,
        left: 100,
        needed: Amount::at_least(120),
        exceeded: true,
    };
    assert_eq!(costs[HUB].limits, [expected]);
    let told = "not enough: docker.io allows 100 pulls in 6 h. This run needs at least 120; the images beyond fail \
                with \"try again in …\" and are left to a later run\n";
    let explained = explain(&plan, &costs, "2026-11-21T00:00:00Z".parse().unwrap());
    assert!(explained.ends_with(told), "{explained}");
    let limit = &json(&plan, &costs)["cost"][HUB]["limits"][0];
    assert_eq!(limit["exceeded"], true);
    assert_eq!(limit["needed"]["least"], 120);
    assert!(limit["needed"]["most"].is_null());
}

#[test]
fn what_the_registry_has_left_counts_more_than_what_it_publishes() {
    let (desired, plan) = new_images(80);
    let exceeded = |left| forecast_of(&desired, &plan, &hub(left))[HUB].limits[0].exceeded;
    assert_eq!([exceeded(None), exceeded(Some(80)), exceeded(Some(79))], [false, false, true]);
    let costs = forecast_of(&desired, &plan, &hub(Some(76)));
    let told = text(&costs);
    assert!(told.contains("at least 80 pulls of 100 in 6 h, 76 left"), "{told}");
    assert!(
        told.contains("docker.io allows 100 pulls in 6 h; 76 are left. This run needs at least 80"),
        "{told}"
    );
}

#[test]
fn a_limit_that_only_the_registry_told_is_known_too() {
    let (desired, plan) = new_images(3);
    let mut tariffs = hub(Some(2));
    tariffs.get_mut(HUB).unwrap().rates.clear();
    let costs = forecast_of(&desired, &plan, &tariffs);
    assert_eq!(costs[HUB].limits.len(), 1);
    assert!(costs[HUB].limits[0].exceeded);
}

#[test]
fn rates_that_a_run_keeps_by_waiting_are_no_limits() {
    let (desired, plan) = new_images(120);
    let rates = vec![Rate::new(ActionGroup::Pull, 10, 1), Rate::new(ActionGroup::All, 2000, 60)];
    let tariffs = BTreeMap::from([(HUB.to_owned(), Tariff { rates, allowance: None })]);
    assert_eq!(forecast_of(&desired, &plan, &tariffs)[HUB].limits, []);
}

/// The sample's first image, recorded with two platforms of one layer each, to be promoted.
fn promotion(to: &str, tag: &str) -> (Desired, Evidence, Plan) {
    let (mut desired, evidence) = (sample::desired(), sample::evidence());
    desired.consumers.truncate(1);
    desired.consumers[0].target = sample::repository(to);
    desired.images.truncate(1);
    let image = desired.images[0].clone();
    let distribution = desired.consumers[0].distribution(&image.source);
    let planned = PlannedImage {
        digest: Some(sample::digest(&image.source.to_string())),
        image: crate::manifest::DesiredImage { tag: tag.to_owned(), ..image },
        how: Resolution::Unchanged,
        was: None,
        floating: None,
        take_in: false,
        verify: false,
        consumers: vec![PlannedConsumer {
            lacking: vec![],
            name: desired.consumers[0].name.clone(),
            distribution,
            verdict: None,
            promotion: Promotion::Promote { replaces: None },
        }],
    };
    (desired, evidence, Plan { images: vec![planned], ..Plan::default() })
}

#[test]
fn a_promotion_within_the_registry_moves_no_bytes() {
    let (desired, evidence, plan) = promotion("registry.acme.example/other", "1.28");
    let costs = forecast(&desired, &evidence, &plan, &BTreeMap::new());
    let acme = &costs[ACME];
    // An index, two platforms, and the tag.
    assert_eq!(acme.manifests, Amount::at_least(4));
    assert_eq!(acme.signatures, Amount::exactly(3));
    assert_eq!(acme.mounts, Amount::at_least(0), "an index may name attestations");
    assert!(acme.bytes_written.is_nothing() && acme.bytes_read.is_nothing());
}

#[test]
fn one_platform_alone_is_known_to_the_last_blob() {
    let (desired, mut evidence, plan) = promotion("registry.acme.example/other", "1.28");
    for record in evidence.images.values_mut() {
        record.custody.subject.media_type = media_type::OCI_MANIFEST.to_owned();
        record.custody.subject.platforms.truncate(1);
    }
    let costs = forecast(&desired, &evidence, &plan, &BTreeMap::new());
    let shown = text(&costs);
    let expected = "registry.acme.example at least 2 HEAD, at least 1 pull, up to 2 mounts, at least 2 manifests \
                    written, 1 signature\n";
    assert!(shown.ends_with(expected), "{shown}");
}

#[test]
fn what_an_earlier_promotion_signed_may_cost_nothing() {
    let (desired, evidence, plan) = promotion("registry.acme.example/payments", "1.28.1");
    let costs = forecast(&desired, &evidence, &plan, &BTreeMap::new());
    assert_eq!(costs[ACME].signatures, Amount::up_to(3));
}

#[test]
fn a_promotion_to_another_registry_moves_at_most_the_image() {
    let (desired, evidence, plan) = promotion("far.example/other", "1.28");
    let costs = forecast(&desired, &evidence, &plan, &BTreeMap::new());
    assert_eq!(costs["far.example"].bytes_written, Amount::up_to(31_000_000));
    assert_eq!(costs[ACME].bytes_read, Amount::up_to(31_000_000));
    assert!(costs["far.example"].mounts.is_nothing());
}

#[test]
fn a_directory_costs_no_requests() {
    let (mut desired, plan) = new_images(1);
    for registry in desired.registries.values_mut() {
        registry.layout = Some("../layouts".to_owned());
    }
    assert_eq!(forecast_of(&desired, &plan, &hub(None)), Forecast::new());
    assert_eq!(text(&Forecast::new()), "");
}

#[test]
fn a_pinned_image_that_is_recorded_costs_its_upstream_nothing() {
    let (mut desired, evidence) = (sample::desired(), sample::evidence());
    for image in &mut desired.images {
        image.digest = Some(sample::digest("pinned"));
    }
    let plan = Plan::default();
    let costs = forecast(&desired, &evidence, &plan, &BTreeMap::new());
    assert!(!costs.contains_key(HUB));
    assert_eq!(costs[ACME].heads, Amount::exactly(4), "two images for two consumers");
}

#[test]
fn amounts_add_up_and_never_pretend() {
    let cases = [
        (Amount::exactly(2), Amount::exactly(3), "5"),
        (Amount::exactly(2), Amount::up_to(3), "2 to 5"),
        (Amount::up_to(2), Amount::up_to(3), "up to 5"),
        (Amount::exactly(2), Amount::at_least(0), "at least 2"),
        (Amount::exactly(u64::MAX), Amount::exactly(1), "18446744073709551615"),
    ];
    for (mut sum, other, expected) in cases {
        sum += other;
        assert_eq!(sum.to_string(), expected);
    }
}
