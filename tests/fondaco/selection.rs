//! Selections and cooldowns through whole runs: what is chosen, what it costs, and what stays when it ends.

use std::sync::Arc;

use fondaco::{
    model::{Digest, Instant, Verdict, media_type},
    plan,
    reconcile::{self, Outlook, Report, World},
};

use crate::{
    fake::{Fake, Fault, Options},
    scenario::{Scenario, now},
    tiny,
};

const NGINX: &str = "library/nginx";

/// An upstream and a mirror that speak HTTP, with a manifest repository that selects.
struct Selecting {
    upstream: Fake,
    mirror: Fake,
    scenario: Scenario,
}

impl Selecting {
    /// Entries name the upstream as `UPSTREAM`.
    fn new(entries: &str, gate: &str) -> Self {
        let (upstream, mirror) = (Fake::start(Options::default()), Fake::start(Options::default()));
        let scenario = Scenario::new(&manifests(&upstream, &mirror, entries, gate));
        scenario.import(&[tiny::ADVISORY]);
        Self { upstream, mirror, scenario }
    }

    /// Publishes an image under a tag; each tag's is another one.
    fn publish(&self, repository: &str, tag: &str) -> Digest {
        let status = tiny::STATUS.replace("libexample1", &format!("libexample-{}", tag.replace('_', "-")));
        tiny::image(&self.upstream, repository, tag, &status)
    }

    fn world(&self, at: Instant) -> World {
        World { clock: Arc::new(move || at), ..self.scenario.world(4) }
    }

    fn run_at(&self, at: Instant) -> Report {
        self.scenario.run_with(&self.world(at)).unwrap()
    }

    fn run(&self) -> Report {
        self.run_at(now())
    }

    fn outlook(&self, at: Instant) -> Outlook {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(reconcile::outlook(&self.world(at), self.scenario.state())).unwrap()
    }

    fn explained(&self, at: Instant) -> String {
        let outlook = self.outlook(at);
        plan::explain(&outlook.plan, &outlook.cost, at).replace(&self.upstream.address, "upstream")
    }

    /// Returns the tags that consumers see, without those of our own signatures.
    fn promoted(&self, repository: &str) -> Vec<String> {
        self.mirror.tags(repository).into_keys().filter(|tag| !tag.starts_with("sha256-")).collect()
    }
}

fn manifests(upstream: &Fake, mirror: &Fake, entries: &str, gate: &str) -> String {
    let (upstream, mirror) = (&upstream.address, &mirror.address);
    let entries = entries.replace("UPSTREAM", upstream);
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
metadata: {{name: acme}}
spec: {{registry: \"{mirror}\", signing: {{key: keys/acme.key}}}}
---
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {{name: web}}
spec:
  images:
{entries}---
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {{name: payments}}
spec: {{target: \"{mirror}/payments\", images: [web], gate: {{maxAge: 60d{gate}}}}}
"
    )
}

fn days_later(days: i64) -> Instant {
    Instant::from_unix(now().unix() + days * 86_400)
}

/// The place of the first entry's `select` in [`manifests`].
const PLACE: &str = "fondaco.yaml:21";

const NEWEST: &str = "    - {image: \"UPSTREAM/library/nginx\", select: {semver: \"^1.27\", newest: 1}}\n";

#[test]
fn a_selection_is_taken_in_judged_and_promoted_like_listed_tags() {
    let world = Selecting::new(NEWEST, "");
    for tag in ["1.26.9", "1.27.9", "1.27.10", "1.28", "1.28.0-rc.1", "1.28.0-alpine", "latest"] {
        world.publish(NGINX, tag);
    }
    let report = world.run();
    assert!(!report.has_failures(), "{}", report.text());
    assert_eq!(world.promoted("payments/nginx"), ["1.27.10"]);
    assert_eq!(world.mirror.tag("payments/nginx", "1.27.10"), world.upstream.tag(NGINX, "1.27.10"));
    world.upstream.clear_log();
    let second = world.run();
    assert!(second.is_idle(), "{}", second.text());
    assert_eq!(world.upstream.counts(), [("GET tags".to_owned(), 1), ("HEAD manifest".to_owned(), 1)].into());
}

#[test]
fn what_a_selection_no_longer_chooses_stays_and_is_said_once() {
    let world = Selecting::new(NEWEST, "");
    world.publish(NGINX, "1.27.1");
    world.run();
    world.publish(NGINX, "1.27.2");
    let text = world.explained(now());
    let released = "upstream/library/nginx:1.27.1   sha256:";
    assert!(text.contains(released) && text.contains("stays where it is"), "{text}");
    world.run();
    assert_eq!(world.promoted("payments/nginx"), ["1.27.1", "1.27.2"], "nothing is deleted");
    let text = world.explained(now());
    assert!(text.starts_with("nothing to do"), "{text}");
    assert!(world.run().is_idle());
}

#[test]
fn a_selection_of_nothing_fails_by_itself_and_says_where_it_is_written() {
    let entries = "    - {image: \"UPSTREAM/library/nginx\", select: {semver: \"^2\"}}
    - {image: \"UPSTREAM/library/redis\", tags: [\"7\"]}
    - {image: \"UPSTREAM/library/gone\", select: {regex: \".*\"}}\n";
    let world = Selecting::new(entries, "");
    for tag in ["1.27.9", "1.27.10", "1.28", "2"] {
        world.publish(NGINX, tag);
    }
    world.publish("library/redis", "7");
    let report = world.run();
    assert!(report.has_failures(), "{}", report.text());
    assert_eq!(world.promoted("payments/redis"), ["7"], "one bad selection never hides the others");
    let [gone, nothing] = report.selections.as_slice() else { panic!("{}", report.text()) };
    assert_eq!(nothing.written, PLACE);
    let shown = nothing.failure.replace(&world.upstream.address, "upstream");
    assert_eq!(shown, "none of the 4 tags of `upstream/library/nginx` is selected");
    let hint =
        "1 would be selected with `floating: true`: `2`; 3 outside of the range: `1.28`, `1.27.10`, `1.27.9`";
    assert_eq!(nothing.hint.as_deref(), Some(hint));
    assert!(gone.failure.contains("does not exist"), "{}", gone.failure);
    assert!(report.text().contains(PLACE) && report.text().contains(hint), "{}", report.text());
    let text = world.explained(now());
    assert!(text.contains(hint) && text.contains("does not exist"), "{text}");
}

#[test]
fn a_listing_that_is_refused_leaves_everything_as_it_was() {
    let world = Selecting::new(NEWEST, "");
    world.publish(NGINX, "1.27.1");
    world.run();
    let tip = world.scenario.tip();
    world.publish(NGINX, "1.27.2");
    world.upstream.set(|options| options.faults = vec![Fault::new("GET tags", 403, 1)]);
    let report = world.run();
    assert!(report.has_failures() && report.selections[0].failure.contains("denied"), "{}", report.text());
    assert_eq!(report.images.len(), 1, "what the lock remembers stays in force");
    assert!(report.images[0].image.ends_with(":1.27.1") && report.images[0].failure.is_none());
    assert_eq!(world.scenario.tip(), tip, "no new fact, no commit");
    assert_eq!(world.promoted("payments/nginx"), ["1.27.1"]);
}

#[test]
fn a_digest_alone_is_promoted_under_the_tag_that_keeps_it() {
    let fake = Fake::start(Options::default());
    let digest =
        tiny::image(&fake, NGINX, "1.27.1", &tiny::STATUS.replace("libexample1", "libexample-1.27.1"));
    let entries = format!("    - {{image: \"UPSTREAM/library/nginx\", digest: \"{digest}\"}}\n");
    let world = Selecting::new(&entries, "");
    assert_eq!(world.publish(NGINX, "1.27.1"), digest);
    let report = world.run();
    assert!(!report.has_failures(), "{}", report.text());
    let keep = format!("keep-{}", &digest.hex()[..32]);
    assert_eq!(world.mirror.tag("payments/nginx", &keep), Some(digest));
    world.upstream.clear_log();
    assert!(world.run().is_idle());
    assert_eq!(world.upstream.log(), [], "nobody asks upstream about a digest");
}

#[test]
fn a_cooldown_holds_without_commits_and_clears_by_itself() {
    let world = Selecting::new(NEWEST, ", cooldown: 7d");
    world.publish(NGINX, "1.27.1");
    let first = world.run();
    let consumer = &first.images[0].consumers[0];
    assert_eq!(consumer.verdict, Some(Verdict::Held));
    let reason = "cooldown 7d: first seen 2026-11-21, clears 2026-11-28 by itself";
    assert_eq!(consumer.reason.as_deref(), Some(reason));
    assert!(world.promoted("payments/nginx").is_empty());
    let tip = world.scenario.tip();
    for day in [1, 3, 6] {
        assert!(world.run_at(days_later(day)).is_idle());
        assert_eq!(world.scenario.tip(), tip, "day {day}");
        let text = world.explained(days_later(day));
        let wait = format!("payments: hold: {day} of 7 days old, clears 2026-11-28 by itself");
        assert!(text.contains(&wait), "{text}");
    }
    let text = world.explained(days_later(7));
    assert!(text.contains("payments: cleared, promote to"), "{text}");
    let cleared = world.run_at(days_later(7));
    assert!(cleared.images[0].consumers[0].promoted, "{}", cleared.text());
    assert_eq!(world.promoted("payments/nginx"), ["1.27.1"]);
    assert!(world.run_at(days_later(8)).is_idle());
}

#[test]
fn a_moved_tag_starts_a_new_wait_and_the_old_digest_stays_promoted() {
    let entries = "    - {image: \"UPSTREAM/library/nginx\", tags: [\"1.27\"], cooldown: 2d}\n";
    let world = Selecting::new(entries, "");
    let old = world.publish(NGINX, "1.27");
    world.run();
    world.run_at(days_later(2));
    assert_eq!(world.mirror.tag("payments/nginx", "1.27"), Some(old.clone()));
    let new =
        tiny::image(&world.upstream, NGINX, "1.27", &tiny::STATUS.replace("libexample1", "libexample2"));
    let text = world.explained(days_later(3));
    assert!(text.contains("upstream moved the tag, floating: moved once since first seen"), "{text}");
    let report = world.run_at(days_later(3));
    assert_eq!(report.images[0].consumers[0].verdict, Some(Verdict::Held), "{}", report.text());
    assert_eq!(world.mirror.tag("payments/nginx", "1.27"), Some(old));
    world.run_at(days_later(5));
    assert_eq!(world.mirror.tag("payments/nginx", "1.27"), Some(new));
    let outlook = world.outlook(days_later(5));
    let json = plan::json(&outlook.plan, &outlook.cost);
    assert_eq!(json["images"][0]["floating"], serde_json::json!({"by": "history", "moves": 1}));
}

/// What a look at the world costs upstream, which is all that a run with nothing to do costs.
#[test]
fn pinned_images_cost_no_request_tags_one_head_and_a_selection_one_listing() {
    const IMAGES: usize = 1000;
    let digest = Digest::sha256("{}");
    let many = |what: &dyn Fn(usize) -> String| -> String {
        let entries = (0..IMAGES)
            .map(|number| format!("    - {{image: \"UPSTREAM/app{number}\", {}}}\n", what(number)));
        entries.collect::<Vec<_>>().concat()
    };
    let pinned = Selecting::new(&many(&|_| format!("tags: [\"1.0.0\"], digest: \"{digest}\"")), "");
    pinned.outlook(now());
    assert_eq!(pinned.upstream.log(), []);

    let tagged = Selecting::new(&many(&|_| "tags: [\"1.0.0\"]".to_owned()), "");
    tagged.outlook(now());
    assert_eq!(tagged.upstream.counts(), [("HEAD manifest".to_owned(), 1000)].into());

    let entries = "    - {image: \"UPSTREAM/app\", select: {semver: \"^1\", newest: 30}}
    - {image: \"UPSTREAM/app\", select: {semver: \"^2\", newest: 10}}\n";
    let selecting = Selecting::new(entries, "");
    for number in 0..2500 {
        let tag = format!("{}.0.{number}", 1 + number % 2);
        selecting.upstream.manifest("app", &tag, media_type::OCI_MANIFEST, "{}");
    }
    selecting.outlook(now());
    let expected = [("GET tags".to_owned(), 3), ("HEAD manifest".to_owned(), 40)];
    assert_eq!(selecting.upstream.counts(), expected.into(), "three pages for both selections");
}
