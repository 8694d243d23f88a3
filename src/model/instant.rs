//! Points in time and lengths of time. Nothing here reads a clock.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A moment in UTC, to the second; written as RFC 3339, `2026-11-21T00:00:00Z`. The default is the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Instant {
    seconds: i64,
}

/// Says why a string is not an instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an RFC 3339 time such as `2026-11-21T00:00:00Z`")]
pub struct InstantError(pub String);

impl Instant {
    /// Returns the instant `seconds` after 1970-01-01T00:00:00Z, or the epoch where that is out of range.
    pub fn from_unix(seconds: i64) -> Self {
        Self { seconds: jiff::Timestamp::from_second(seconds).map_or(0, jiff::Timestamp::as_second) }
    }

    /// Returns the seconds since 1970-01-01T00:00:00Z.
    pub const fn unix(self) -> i64 {
        self.seconds
    }

    /// Returns the date alone, `2026-11-21`.
    pub fn date(self) -> String {
        self.to_string()[..10].to_owned()
    }

    /// Returns how long after `earlier` this is; zero where it is before.
    pub fn since(self, earlier: Self) -> Period {
        Period { seconds: u64::try_from(self.seconds.saturating_sub(earlier.seconds)).unwrap_or(0) }
    }

    /// Returns the instant `period` later.
    #[must_use]
    pub fn plus(self, period: Period) -> Self {
        Self::from_unix(self.seconds.saturating_add_unsigned(period.seconds))
    }
}

impl FromStr for Instant {
    type Err = InstantError;
    fn from_str(text: &str) -> Result<Self, InstantError> {
        let timestamp: jiff::Timestamp =
            text.parse().map_err(|_| InstantError(text.chars().take(60).collect()))?;
        Ok(Self { seconds: timestamp.as_second() })
    }
}

impl TryFrom<String> for Instant {
    type Error = InstantError;
    fn try_from(text: String) -> Result<Self, InstantError> {
        text.parse()
    }
}

impl From<Instant> for String {
    fn from(instant: Instant) -> Self {
        instant.to_string()
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timestamp = jiff::Timestamp::from_second(self.seconds).unwrap_or_default();
        write!(f, "{timestamp}")
    }
}

impl schemars::JsonSchema for Instant {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Instant".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "date-time", "description": "RFC 3339, UTC, seconds."})
    }
}

/// A length of time as manifests write it: a whole number and `s`, `m`, `h`, `d` or `w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period {
    pub seconds: u64,
}

/// Says why a string is not a period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a period: expected a whole number and `s`, `m`, `h`, `d` or `w`, such as `7d`")]
pub struct PeriodError(pub String);

const UNITS: [(char, u64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl Period {
    pub const fn days(days: u64) -> Self {
        Self { seconds: days * 86_400 }
    }
}

impl FromStr for Period {
    type Err = PeriodError;
    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let wrong = || PeriodError(text.chars().take(60).collect());
        let unit = text.chars().last().ok_or_else(wrong)?;
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let number = &text[..text.len() - unit.len_utf8()];
        let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        let count: u64 = if digits { number.parse().map_err(|_| wrong())? } else { return Err(wrong()) };
        Ok(Self { seconds: count.checked_mul(*scale).ok_or_else(wrong)? })
    }
}

impl TryFrom<String> for Period {
    type Error = PeriodError;
    fn try_from(text: String) -> Result<Self, PeriodError> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

impl fmt::Display for Period {
    /// Writes the largest unit that divides the length: 48 hours are `2d`, 36 hours `36h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |scale: u64| self.seconds >= scale && self.seconds.is_multiple_of(scale);
        let (unit, scale) = UNITS[1..].iter().find(|(_, scale)| fits(*scale)).unwrap_or(&('s', 1));
        write!(f, "{}{unit}", self.seconds / scale)
    }
}

impl schemars::JsonSchema for Period {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Period".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "pattern": "^[0-9]+[smhdw]$",
            "description": "A length of time: a whole number and `s`, `m`, `h`, `d` or `w`."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_as_they_are_read() {
        for text in ["2026-11-21T00:00:00Z", "1970-01-01T00:00:00Z", "2024-02-29T23:59:59Z"] {
            assert_eq!(text.parse::<Instant>().unwrap().to_string(), text);
        }
        let offset: Instant = "2026-11-21T02:00:00.5+02:00".parse().unwrap();
        assert_eq!(offset.to_string(), "2026-11-21T00:00:00Z");
    }

    #[test]
    fn periods_need_a_number_and_a_unit() {
        assert_eq!("36h".parse::<Period>().unwrap().seconds, 129_600);
        assert_eq!("48h".parse::<Period>().unwrap().to_string(), "2d");
        assert_eq!("2w".parse::<Period>().unwrap(), Period::days(14));
        for text in ["", "7", "d", "-1d", "1.5d", "7 d", "99999999999999999999w", "7é"] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }
}
