//! Requests against a paused clock: nothing sleeps, and every wait is exact.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use reqwest::header::HeaderName;

use super::*;

fn asked() -> Asked {
    Asked::new("r.example", "manifest `a:1`")
}

fn rate(group: ActionGroup, requests: u32, seconds: u32) -> Rate {
    Rate { group, requests, seconds }
}

fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    fields.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
}

/// Sends a request that is answered so; returns how many seconds it waited.
async fn send(
    budget: &Budget,
    group: ActionGroup,
    status: StatusCode,
    fields: &[(&'static str, &str)],
) -> Result<u64, String> {
    let start = Instant::now();
    let turn = budget.enter(Some(group), &asked()).await.map_err(|error| error.to_string())?;
    let waited = start.elapsed().as_secs();
    turn.answered(status, &headers(fields), 0);
    Ok(waited)
}

async fn ok(budget: &Budget, group: ActionGroup) -> Result<u64, String> {
    send(budget, group, StatusCode::OK, &[]).await
}

#[tokio::test(start_paused = true)]
async fn a_rate_is_kept_and_leaves_other_groups_alone() {
    let budget = Budget::new(&[rate(ActionGroup::ManifestWrite, 10, 1)], None);
    for number in 0..25 {
        let waited = ok(&budget, ActionGroup::ManifestWrite).await.unwrap();
        assert_eq!(waited, u64::from(number == 10 || number == 20), "{number}");
        assert_eq!(ok(&budget, ActionGroup::Look).await, Ok(0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_of_all_requests_counts_every_group() {
    let budget = Budget::new(&[rate(ActionGroup::All, 3, 30)], None);
    for group in [ActionGroup::Look, ActionGroup::All, ActionGroup::Read] {
        assert_eq!(ok(&budget, group).await, Ok(0));
    }
    assert_eq!(ok(&budget, ActionGroup::Pull).await, Ok(30));
}

#[tokio::test(start_paused = true)]
async fn what_would_wait_for_hours_fails_with_the_time_to_come_back() {
    let budget = Budget::new(&[rate(ActionGroup::Pull, 2, 21_600)], None);
    for _ in 0..2 {
        assert_eq!(ok(&budget, ActionGroup::Pull).await, Ok(0));
    }
    tokio::time::advance(Duration::from_mins(10)).await;
    let refused = ok(&budget, ActionGroup::Pull).await;
    let expected = "`r.example` asked for patience at manifest `a:1`; try again in 5 h 50 min";
    assert_eq!(refused, Err(expected.to_owned()));
    assert_eq!(ok(&budget, ActionGroup::Look).await, Ok(0), "a HEAD is no pull");
}

#[tokio::test(start_paused = true)]
async fn everybody_waits_where_one_was_asked_to() {
    let budget = Budget::new(&[], None);
    let told = [("retry-after", "20")];
    send(&budget, ActionGroup::Pull, StatusCode::TOO_MANY_REQUESTS, &told).await.unwrap();
    tokio::time::advance(Duration::from_secs(5)).await;
    let all = [ActionGroup::Look, ActionGroup::Pull, ActionGroup::All].map(|group| ok(&budget, group));
    assert_eq!(futures_util::future::join_all(all).await, [Ok(15), Ok(15), Ok(15)]);
    assert_eq!(ok(&budget, ActionGroup::Look).await, Ok(0));
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_counted_on_its_own_waits_alone() {
    let budget = Budget::new(&[rate(ActionGroup::Pull, 100, 21_600)], None);
    let told = [("retry-after", "20")];
    send(&budget, ActionGroup::Pull, StatusCode::TOO_MANY_REQUESTS, &told).await.unwrap();
    assert_eq!(ok(&budget, ActionGroup::Look).await, Ok(0));
    assert_eq!(ok(&budget, ActionGroup::Pull).await, Ok(20));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_its_slot_hears_of_the_rest() {
    let budget = Arc::new(Budget::new(&[], Some(1)));
    let first = budget.enter(Some(ActionGroup::Look), &asked()).await.unwrap();
    let second = tokio::spawn({
        let budget = Arc::clone(&budget);
        async move { ok(&budget, ActionGroup::List).await }
    });
    tokio::task::yield_now().await;
    first.answered(StatusCode::TOO_MANY_REQUESTS, &headers(&[("retry-after", "7")]), 0);
    assert_eq!(second.await.unwrap(), Ok(7));
}

#[tokio::test(start_paused = true)]
async fn what_an_answer_leaves_is_spent_and_then_waited_for() {
    let budget = Budget::new(&[], None);
    let left = [("ratelimit-remaining", "2"), ("ratelimit-reset", "40")];
    send(&budget, ActionGroup::Look, StatusCode::OK, &left).await.unwrap();
    assert_eq!(ok(&budget, ActionGroup::Look).await, Ok(0));
    assert_eq!(ok(&budget, ActionGroup::Read).await, Ok(0));
    assert_eq!(ok(&budget, ActionGroup::Look).await, Ok(40));
    assert_eq!(ok(&budget, ActionGroup::Look).await, Ok(0), "the window is a new one");
}

#[tokio::test(start_paused = true)]
async fn requests_under_way_are_not_sent_twice_from_what_is_left() {
    let budget = Budget::new(&[], None);
    let (one, two) = (ActionGroup::Look, ActionGroup::Read);
    let under_way = budget.enter(Some(two), &asked()).await.unwrap();
    let left = [("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "30")];
    send(&budget, one, StatusCode::OK, &left).await.unwrap();
    assert_eq!(ok(&budget, one).await, Ok(30), "the one that is left is under way");
    drop(under_way);
}

#[tokio::test(start_paused = true)]
async fn docker_hub_says_on_every_answer_how_many_pulls_are_left() {
    let budget = Budget::new(&[rate(ActionGroup::Pull, 100, 21_600)], None);
    let hub = [("ratelimit-limit", "100;w=21600"), ("ratelimit-remaining", "1;w=21600")];
    send(&budget, ActionGroup::Look, StatusCode::OK, &hub).await.unwrap();
    let expected =
        Allowance { group: ActionGroup::Pull, remaining: 1, limit: Some(100), window_s: Some(21_600) };
    assert_eq!(budget.allowance(), Some(expected));
    assert_eq!(ok(&budget, ActionGroup::Pull).await, Ok(0));
    let refused = ok(&budget, ActionGroup::Pull).await;
    assert_eq!(refused, Err("`r.example` asked for patience at manifest `a:1`; try again in 6 h".to_owned()));
    assert_eq!(ok(&budget, ActionGroup::Look).await, Ok(0));
}

#[tokio::test(start_paused = true)]
async fn a_hostile_registry_makes_nobody_wait_for_long() {
    for fields in [
        &[("retry-after", "18446744073709551615")][..],
        &[("ratelimit-remaining", "0"), ("ratelimit-reset", "999999999")],
        &[("ratelimit-remaining", "0;w=18446744073709551615")],
    ] {
        let budget = Budget::new(&[], None);
        send(&budget, ActionGroup::Pull, StatusCode::TOO_MANY_REQUESTS, fields).await.unwrap();
        let start = Instant::now();
        assert!(
            ok(&budget, ActionGroup::Pull).await.unwrap_err().ends_with("try again in 168 h"),
            "{fields:?}"
        );
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
    let budget = Budget::new(&[], None);
    let never = [("ratelimit-remaining", "0")];
    send(&budget, ActionGroup::Look, StatusCode::OK, &never).await.unwrap();
    assert_eq!(ok(&budget, ActionGroup::Look).await, Ok(0), "nothing left of what, and until when?");
}

#[tokio::test(start_paused = true)]
async fn refusals_halve_how_much_is_asked_at_a_time() {
    let budget = Arc::new(Budget::new(&[], Some(8)));
    send(&budget, ActionGroup::Look, StatusCode::SERVICE_UNAVAILABLE, &[]).await.unwrap();
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let requests = (0..12).map(|_| {
        let (budget, now, most) = (Arc::clone(&budget), Arc::clone(&now), Arc::clone(&most));
        async move {
            let turn = budget.enter(Some(ActionGroup::Look), &asked()).await.unwrap();
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_secs(1)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            drop(turn);
        }
    });
    futures_util::future::join_all(requests).await;
    assert_eq!(most.load(Ordering::SeqCst), 4);
}

#[tokio::test(start_paused = true)]
async fn reading_never_waits_for_writing() {
    let budget = Budget::new(&[], Some(2));
    let _reading = budget.transfer(ActionGroup::Read).await;
    let _writing = budget.transfer(ActionGroup::UploadBody).await;
    assert_eq!(ok(&budget, ActionGroup::Look).await, Ok(0), "transfers hold no slot of requests");
    assert_eq!(
        ok(&budget, ActionGroup::Read).await,
        Ok(0),
        "a download is taken up again while it holds its slot"
    );
    let third = tokio::time::timeout(Duration::from_mins(1), budget.transfer(ActionGroup::Read)).await;
    assert!(third.is_err(), "one transfer each way where two requests are allowed");
}

#[test]
fn requests_are_grouped_as_registries_count_them() {
    let cases = [
        ("HEAD", "manifest", Some(ActionGroup::Look)),
        ("HEAD", "blob", Some(ActionGroup::Look)),
        ("GET", "manifest", Some(ActionGroup::Pull)),
        ("GET", "blob", Some(ActionGroup::Read)),
        ("GET", "referrers", Some(ActionGroup::List)),
        ("GET", "tags", Some(ActionGroup::List)),
        ("POST", "upload", Some(ActionGroup::UploadStart)),
        ("POST", "mount", Some(ActionGroup::UploadStart)),
        ("PUT", "upload", Some(ActionGroup::UploadBody)),
        ("DELETE", "upload", Some(ActionGroup::All)),
        ("PUT", "manifest", Some(ActionGroup::ManifestWrite)),
        ("GET", "token", Some(ActionGroup::All)),
        ("POST", "token", Some(ActionGroup::All)),
        ("GET", "redirect", None),
    ];
    for (method, action, expected) in cases {
        assert_eq!(group(&method.parse().unwrap(), action), expected, "{method} {action}");
    }
}
