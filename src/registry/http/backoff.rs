//! When to ask again.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::registry::{PATIENCE, RegistryError};

/// How often one request is repeated. With the pauses below this spans a restart of a proxy, not an outage: an image
/// that fails is tried again by the next run.
pub(super) const REPEATS_MAX: u32 = 3;

/// The first pause; each further one doubles.
const PAUSE_MS: u64 = 200;

/// Returns how long to wait before repetition number `repeats` (from 0) after `failure`, or `None` where it is final.
pub(super) fn pause(failure: &RegistryError, repeats: u32) -> Option<Duration> {
    if repeats >= REPEATS_MAX {
        return None;
    }
    match failure {
        RegistryError::RateLimited { retry_after_s: Some(seconds), .. } => {
            Some(Duration::from_secs(*seconds)).filter(|wait| *wait <= PATIENCE)
        }
        RegistryError::RateLimited { .. } | RegistryError::Unavailable { .. } => {
            let full = PAUSE_MS << repeats;
            // Half of it at random, so that concurrent requests do not come back together.
            let chance = RandomState::new().hash_one(repeats) % (full / 2 + 1);
            Some(Duration::from_millis(full - chance))
        }
        _ => None,
    }
}

/// Returns the seconds of `Retry-After` (RFC 9110, section 10.2.3), a number or a date.
pub(super) fn retry_after_s(headers: &HeaderMap, now_unix: u64) -> Option<u64> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(u64::try_from(at.as_second()).unwrap_or(0).saturating_sub(now_unix))
}

/// Returns the seconds since 1970.
pub(super) fn now_unix() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "`Retry-After` and resets may be dates, which only the clock turns into a wait"
    )]
    let now = jiff::Timestamp::now();
    u64::try_from(now.as_second()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::asked::Asked;

    #[test]
    fn only_passing_failures_are_repeated_and_only_a_few_times() {
        let asked = Asked::new("h", "x");
        assert_eq!(pause(&asked.not_found(), 0), None);
        assert_eq!(pause(&asked.rate_limited(Some(5)), 0), Some(Duration::from_secs(5)));
        assert_eq!(pause(&asked.rate_limited(Some(61)), 0), None, "longer than a run should hang");
        assert_eq!(pause(&asked.unavailable("x"), REPEATS_MAX), None);
        for repeats in 0..REPEATS_MAX {
            let full = Duration::from_millis(PAUSE_MS << repeats);
            let pause = pause(&asked.unavailable("x"), repeats).unwrap();
            assert!(pause >= full / 2 && pause <= full, "{pause:?}");
        }
    }

    #[test]
    fn retry_after_is_a_number_or_a_date() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            // 1994-11-06T08:49:37Z, the example of RFC 9110 section 5.6.7.
            retry_after_s(&headers, 784_111_777)
        };
        assert_eq!(of("120"), Some(120));
        assert_eq!(of("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(of("Sun, 06 Nov 1994 08:49:30 GMT"), Some(0));
        assert_eq!(of("soon"), None);
        assert_eq!(of("-5"), None);
    }
}
