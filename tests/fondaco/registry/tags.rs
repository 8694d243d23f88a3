//! Tag listings: long ones, paged ones, and those that are made to hurt the reader.

use std::fmt::Write as _;

use fondaco::{
    model::{Kind, media_type},
    registry::TAGS_MAX,
};

use super::*;
use crate::fake::{Fake, Fault, Options};

/// Returns the body of a listing of this many tags.
fn listing(count: usize) -> String {
    let mut body = String::from(r#"{"name":"a","tags":["#);
    for number in 0..count {
        let comma = if number == 0 { "" } else { "," };
        write!(body, "{comma}\"t{number}\"").unwrap();
    }
    body + "]}"
}

fn verbatim(body: impl Into<String>, link: Option<&str>) -> Fake {
    let tag_list = Some((body.into(), link.map(str::to_owned)));
    Fake::start(Options { tag_list, ..Options::default() })
}

async fn refused(fake: &Fake) -> String {
    let error = anonymous(fake).tags("a").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    error.to_string().replace(&fake.address, "registry")
}

#[tokio::test]
async fn a_hundred_thousand_tags_are_read_in_pages_of_a_thousand() {
    let fake = Fake::start(Options::default());
    for number in 0..100_000 {
        fake.manifest("a", &format!("t{number:06}"), media_type::OCI_MANIFEST, "{}");
    }
    let tags = anonymous(&fake).tags("a").await.unwrap();
    assert_eq!(tags.len(), 100_000);
    assert_eq!((tags[0].as_str(), tags[99_999].as_str()), ("t000000", "t099999"));
    assert_eq!(fake.counts(), [("GET tags".to_owned(), 100)].into());
}

#[tokio::test]
async fn a_registry_without_paging_answers_everything_at_once() {
    let tags = anonymous(&verbatim(listing(TAGS_MAX), None)).tags("a").await.unwrap();
    assert_eq!(tags.len(), TAGS_MAX);
}

#[tokio::test]
async fn a_flood_of_tags_is_refused() {
    let expected = "`registry` answered the tags of `a` with something invalid: more than 200000 tags";
    assert_eq!(refused(&verbatim(listing(TAGS_MAX + 1), None)).await, expected);
}

#[tokio::test]
async fn a_page_that_leads_to_itself_ends_the_listing() {
    let expected =
        "`registry` answered the tags of `a` with something invalid: a page leads back to one before it";
    for link in ["</v2/a/tags/list?n=1000>; rel=\"next\"", "<?n=1000>; rel=next"] {
        let fake = verbatim(listing(3), Some(link));
        assert_eq!(refused(&fake).await, expected, "{link}");
        assert_eq!(fake.log().len(), 1);
    }
}

#[tokio::test]
async fn a_page_on_another_host_is_not_asked_for() {
    let other = Fake::start(Options::default());
    let link = format!("<http://{}/v2/a/tags/list?n=1000>; rel=\"next\"", other.address);
    let expected =
        "`registry` answered the tags of `a` with something invalid: the next page is on another host";
    assert_eq!(refused(&verbatim(listing(3), Some(&link))).await, expected);
    assert_eq!(other.log(), []);
}

#[tokio::test]
async fn what_is_no_listing_is_said_to_be_invalid() {
    for body in ["<html>sign in</html>", "[]", r#"{"name":"a"}"#, r#"{"tags":"#] {
        assert!(refused(&verbatim(body, None)).await.contains("invalid"), "{body}");
    }
}

#[tokio::test]
async fn a_page_of_endless_bytes_is_cut_off() {
    let body = format!(r#"{{"name":"{}","tags":[]}}"#, "x".repeat(33 * 1024 * 1024));
    let expected = "`registry` answered the tags of `a` with something invalid: more than 33554432 bytes";
    assert_eq!(refused(&verbatim(body, None)).await, expected);
}

#[tokio::test]
async fn names_that_act_on_terminals_are_not_tags() {
    let body = r#"{"name":"a","tags":["\u001b]0;owned\u0007","../../etc","v1",""]}"#;
    assert_eq!(anonymous(&verbatim(body, None)).tags("a").await.unwrap(), ["v1"]);
    let root = tempfile::tempdir().unwrap();
    let layout = root.path().join("a");
    std::fs::create_dir(&layout).unwrap();
    let entry = |name: &str| {
        serde_json::json!({"mediaType": media_type::OCI_MANIFEST, "digest": Digest::sha256(name), "size": 1,
            "annotations": {"org.opencontainers.image.ref.name": name}})
    };
    let index =
        serde_json::json!({"schemaVersion": 2, "manifests": [entry("v2"), entry("\u{1b}[2J"), entry("v1")]});
    std::fs::write(layout.join("index.json"), index.to_string()).unwrap();
    assert_eq!(directory(root.path()).tags("a").await.unwrap(), ["v1", "v2"]);
}

#[tokio::test]
async fn failures_of_a_listing_keep_apart_what_they_mean() {
    let fake = Fake::start(Options::default());
    fake.manifest("a", "v1", media_type::OCI_MANIFEST, "{}");
    let registry = anonymous(&fake);
    for (status, expected) in [(403, Kind::Denied), (404, Kind::NotFound), (418, Kind::Invalid)] {
        fake.set(|options| options.faults = vec![Fault::new("GET tags", status, 1)]);
        assert_eq!(kind(registry.tags("a").await), Some(expected), "{status}");
    }
    fake.set(|options| options.faults = vec![Fault::new("GET tags", 503, 1)]);
    assert_eq!(registry.tags("a").await.unwrap(), ["v1"], "a passing failure is asked again");
}
