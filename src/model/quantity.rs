//! Amounts as people read them.

use std::time::Duration;

/// Returns bytes in decimal units with two or three significant digits: `812 B`, `1.4 MB`, `31 MB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let (mut unit, mut scale) = (0, 1000_u64);
    // The next unit begins where rounding would show 1000 of this one.
    while unit + 1 < UNITS.len() && count.saturating_add(scale / 2) / scale >= 1000 {
        unit += 1;
        scale *= 1000;
    }
    let tenths = count.saturating_add(scale / 20) / (scale / 10);
    if tenths < 100 {
        return format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit]);
    }
    format!("{} {}", count.saturating_add(scale / 2) / scale, UNITS[unit])
}

/// Returns a duration in its two largest units: `8 s`, `2 min 5 s`, `1 h 20 min`.
pub fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let two = |large: u64, unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {small_unit}"),
    };
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, _) => two(minutes, "min", seconds % 60, "s"),
        _ => two(hours, "h", minutes % 60, "min"),
    }
}

/// Returns `1 image` or `2 images`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_decimal_and_never_a_thousand_of_a_unit() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1449, "1.4 kB"),
            (9949, "9.9 kB"),
            (9950, "10 kB"),
            (31_000_000, "31 MB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (1_400_000_000, "1.4 GB"),
            (u64::MAX, "18 EB"),
        ];
        for (count, expected) in cases {
            assert_eq!(bytes(count), expected, "{count}");
        }
    }

    #[test]
    fn spans_have_at_most_two_units() {
        let cases = [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (125, "2 min 5 s"),
            (3600, "1 h"),
            (4800, "1 h 20 min"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(span(Duration::from_secs(seconds)), expected);
        }
    }
}
