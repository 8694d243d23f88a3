//! Days as sources write them. Pure.

use crate::{advisory::record::shown, model::Instant};

/// Returns a day of the calendar written `2025-08-25`, or why it is none.
pub(super) fn day(text: &str) -> Result<String, String> {
    let found = format!("{text}T00:00:00Z").parse::<Instant>().ok().map(Instant::date);
    found.filter(|day| day == text).ok_or_else(|| format!("`{}` is no day", shown(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_the_calendar_are_days() {
        for (text, expected) in [
            ("2025-08-25", true),
            ("2024-02-29", true),
            ("2023-02-29", false),
            ("2025-13-01", false),
            ("2025-8-25", false),
            ("20250825", false),
            ("2025-08-25T00:00:00Z", false),
            ("", false),
            ("2025-08-2\n", false),
            ("\u{ff12}025-08-25", false),
        ] {
            assert_eq!(day(text).ok(), expected.then(|| text.to_owned()), "{text}");
        }
    }
}
