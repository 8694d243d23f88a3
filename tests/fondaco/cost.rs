//! What a plan says a run will cost, held against what the run did cost.

use std::collections::BTreeMap;

use fondaco::{
    plan::cost::{Amount, Forecast},
    reconcile,
    registry::{ActionGroup, Usage},
};

use crate::{fake::Options, http::HttpScenario, scenario::Scenario};

fn forecast(scenario: &Scenario) -> Forecast {
    let (world, state) = (scenario.world(4), scenario.state());
    let outlook = reconcile::outlook(&world, state);
    tokio::runtime::Runtime::new().unwrap().block_on(outlook).unwrap().cost
}

/// Bytes are left out: the forecast counts those of images, the usage those of signatures, too.
fn assert_within(forecast: &Forecast, usage: &BTreeMap<String, Usage>) {
    assert_eq!(forecast.keys().collect::<Vec<_>>(), usage.keys().collect::<Vec<_>>());
    for (host, usage) in usage {
        let requests = |action: &str| usage.requests.get(action).copied().unwrap_or_default();
        let cost = &forecast[host];
        let cases: [(&str, Amount, u64); 5] = [
            ("heads", cost.heads, usage.groups.get(&ActionGroup::Look).copied().unwrap_or_default()),
            ("pulls", cost.pulls, usage.pulls),
            ("uploads", cost.uploads, requests("PUT upload")),
            ("mounts", cost.mounts, usage.mounts),
            ("manifests", cost.manifests, requests("PUT manifest")),
        ];
        for (name, amount, found) in cases {
            let most = amount.most.unwrap_or(u64::MAX);
            assert!(amount.least <= found && found <= most, "{host}: {name} {found}, forecast {amount}");
        }
    }
}

#[test]
fn what_a_run_costs_is_within_its_forecast() {
    let headers =
        vec![("ratelimit-limit", "100;w=21600".to_owned()), ("ratelimit-remaining", "76;w=21600".to_owned())];
    let http = HttpScenario::new(Options { headers, ..Options::default() }, Options::default());
    for repository in ["library/nginx", "library/redis"] {
        http.image(repository, "1");
    }
    let scenario = http.scenario(&["library/nginx", "library/redis"]);
    let planned = forecast(&scenario);
    let upstream = &planned[&http.upstream.address];
    // One for each tag, and four for what may lie beside each image.
    assert_eq!(upstream.heads, Amount::at_least(2 + 2 * 4));
    assert_eq!(upstream.pulls, Amount::at_least(2));
    assert_eq!((upstream.limits[0].requests, upstream.limits[0].left), (100, 76));
    http.upstream.clear_log();
    let report = scenario.run().unwrap();
    assert_within(&planned, &report.usage);
    assert_eq!(report.requests[&http.upstream.address], http.upstream.counts());
    let told =
        format!("cost: {} ", [&http.upstream.address, &http.mirror.address].into_iter().min().unwrap());
    assert!(report.text().contains(&told), "{}", report.text());
    assert!(report.text().contains("76 of 100 pulls in 6 h left"), "{}", report.text());

    let planned = forecast(&scenario);
    let report = scenario.run().unwrap();
    assert_within(&planned, &report.usage);
    for cost in planned.values() {
        assert_eq!(cost.heads, Amount::exactly(2), "one HEAD for each tag on each side, and nothing else");
        assert!(cost.pulls.is_nothing() && cost.manifests.is_nothing());
    }
}
