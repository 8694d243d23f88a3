//! What answers say about how much may still be asked.
//!
//! Three forms are in use: `RateLimit-Remaining` with `RateLimit-Reset` (the older drafts of the IETF's "RateLimit header
//! fields"), the same with `X-` before it, and Docker Hub's, which has the length of its window as a parameter instead
//! of a reset (`ratelimit-remaining: 76;w=21600`).

use reqwest::header::HeaderMap;

/// Values of a reset from here on are times (seconds since 1970), below they are spans: both are in use, and no window
/// has thirty years.
const UNIX_FROM: u64 = 1_000_000_000;

/// What one answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Announced {
    pub(super) remaining: u64,
    pub(super) limit: Option<u64>,
    /// Seconds until more may be asked.
    pub(super) reset_s: Option<u64>,
    /// Docker Hub's form: the length of the window. It speaks of manifests only, on every answer.
    pub(super) window_s: Option<u64>,
}

impl Announced {
    /// Returns what the headers say, or `None` where they say nothing that can be read.
    pub(super) fn of(headers: &HeaderMap, now_unix: u64) -> Option<Self> {
        ["", "x-"].iter().find_map(|prefix| {
            let field = |name: &str| headers.get(format!("{prefix}ratelimit-{name}"))?.to_str().ok();
            let (remaining, window_s) = quantity(field("remaining")?)?;
            let limit = field("limit").and_then(quantity).map(|(limit, _)| limit);
            let reset = field("reset").and_then(quantity).map(|(reset, _)| reset);
            let reset_s = reset.map(|at| if at < UNIX_FROM { at } else { at.saturating_sub(now_unix) });
            Some(Self { remaining, limit, reset_s, window_s })
        })
    }
}

/// Reads `76`, `76;w=21600` or the first of `10, 10;w=1`, with the window where it has one.
fn quantity(text: &str) -> Option<(u64, Option<u64>)> {
    let mut parts = text.split(',').next()?.split(';').map(str::trim);
    let number = parts.next()?.parse().ok()?;
    Some((number, parts.find_map(|part| part.strip_prefix("w=")?.parse().ok())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &[(&'static str, &str)]) -> Option<Announced> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.insert(*name, value.parse().unwrap());
        }
        Announced::of(&headers, 1_800_000_000)
    }

    #[test]
    fn every_form_in_use_is_read() {
        let said =
            |remaining, limit, reset_s, window_s| Some(Announced { remaining, limit, reset_s, window_s });
        let hub = [("ratelimit-limit", "100;w=21600"), ("ratelimit-remaining", "76;w=21600")];
        assert_eq!(of(&hub), said(76, Some(100), None, Some(21_600)));
        // draft-ietf-httpapi-ratelimit-headers-03, section 6.1.1, and its quota policy in 6.3.1.
        let draft = [("RateLimit-Limit", "100"), ("Ratelimit-Remaining", "50"), ("Ratelimit-Reset", "50")];
        let lower = draft.map(|(name, value)| (name.to_ascii_lowercase(), value));
        let lower: Vec<_> = lower.iter().map(|(name, value)| (&*name.clone().leak(), *value)).collect();
        assert_eq!(of(&lower), said(50, Some(100), Some(50), None));
        assert_eq!(
            of(&[("ratelimit-limit", "10, 10;w=1, 50;w=60"), ("ratelimit-remaining", "9")]),
            said(9, Some(10), None, None)
        );
        let dated = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1800000030")];
        assert_eq!(of(&dated), said(0, None, Some(30), None));
        let past = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1799999999")];
        assert_eq!(of(&past), said(0, None, Some(0), None));
    }

    #[test]
    fn what_cannot_be_read_says_nothing() {
        for remaining in ["", "-1", "many", "1.5", ";w=1", "99999999999999999999"] {
            assert_eq!(of(&[("ratelimit-remaining", remaining)]), None, "{remaining}");
        }
        assert_eq!(of(&[("ratelimit-limit", "100")]), None);
    }
}
