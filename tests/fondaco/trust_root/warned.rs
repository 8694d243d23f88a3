//! Old roots and ended windows, as the person sees them who runs `check`, `plan` or `doctor`. The program goes by the
//! clock of the machine, so ages are far beyond their thresholds, or made from that clock.

use std::time::{SystemTime, UNIX_EPOCH};

use fondaco::model::{Instant, Period};

use super::mirror::{Mirror, root};

/// Returns what each of the three verbs shows, on both streams.
fn shown(root: &str, checked: Instant) -> [(&'static str, String); 3] {
    let mirror = Mirror::new(root, "https://tuf.example", checked);
    ["check", "plan", "doctor"].map(|verb| {
        let ran = mirror.run(&[verb], None);
        let text =
            [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        (verb, text)
    })
}

#[expect(clippy::disallowed_methods, reason = "what is fresh for the program is so by the machine's clock")]
fn clock() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Instant::from_unix(i64::try_from(since.as_secs()).unwrap())
}

#[test]
fn a_root_that_nobody_refreshed_for_years_is_warned_of() {
    for (verb, text) in shown(&root(None), "2022-02-01T00:00:00Z".parse().unwrap()) {
        assert!(text.contains("last refreshed on 2022-02-01, "), "{verb}: {text}");
        assert!(text.contains("trust/own.trusted_root.json"), "{verb}: {text}");
    }
}

#[test]
fn a_root_whose_last_window_has_ended_is_warned_of() {
    for (verb, text) in shown(&root(Some("2023-01-01T00:00:00Z")), clock()) {
        let warning = "no transparency log is valid any more: signatures made now cannot be verified";
        assert!(text.contains(warning), "{verb}: {text}");
        assert!(!text.contains("last refreshed"), "{verb}: {text}");
    }
}

#[test]
fn a_root_whose_last_window_is_about_to_end_is_warned_of() {
    let end = clock().plus(Period::days(10));
    for (verb, text) in shown(&root(Some(&end.to_string())), clock()) {
        assert!(text.contains(&format!(" ends on {}", end.date())), "{verb}: {text}");
    }
}

#[test]
fn of_a_fresh_root_nothing_is_said_but_that_it_is_in_order() {
    for (verb, text) in shown(&root(None), clock()) {
        for word in ["last refreshed", "valid any more", " ends on ", "unknown when"] {
            assert!(!text.contains(word), "{verb}: {word}: {text}");
        }
        let named = text.contains("own.trusted_root.json");
        assert_eq!(named, verb == "doctor", "{verb}: {text}");
        assert_eq!(verb == "doctor", text.contains("every part of it has somebody valid"), "{verb}: {text}");
    }
}
