//! Scores of the Exploit Prediction Scoring System as CSV, one file a day for every CVE (FIRST,
//! https://www.first.org/epss/data_stats). The first line is
//! `#model_version:v2025.03.14,score_date:2026-11-21T00:00:00+0000`, the second names the columns.

use super::{
    Format, Shape,
    cve::is_cve,
    parts::{note_broken, without_mark},
};
use crate::{
    advisory::record::{Content, EpssStatement, Note, at_most, shown},
    model::Instant,
};

/// Largest file in bytes; a row has 30, so that 300,000 CVEs have 9 MB.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Most rows; there are 300,000 CVEs and some 50,000 more each year.
const ROWS_MAX: usize = 1_000_000;
/// Most digits of a number after the point; published are five.
const DIGITS_MAX: usize = 12;
/// How the file begins.
const BEGINNING: &str = "#model_version:";
/// What names the day on the first line.
const DATE: &str = "score_date:";
const COLUMNS: &str = "cve,epss,percentile";

pub(super) struct Epss;

impl Format for Epss {
    fn name(&self) -> &'static str {
        "epss"
    }

    fn bytes_max(&self) -> u64 {
        FILE_BYTES_MAX
    }

    fn claims(&self, shape: &Shape<'_>) -> bool {
        matches!(shape, Shape::Text { head } if head.starts_with(BEGINNING))
    }

    fn read(&self, bytes: &[u8]) -> Result<Content, String> {
        let text = std::str::from_utf8(without_mark(bytes)).map_err(|e| e.to_string())?;
        let mut lines = text.trim_start().lines();
        let when = date(lines.next().unwrap_or_default())?;
        if lines.next().map(str::trim_end) != Some(COLUMNS) {
            return Err(format!("the columns are not `{COLUMNS}`"));
        }
        at_most(lines.clone().count(), ROWS_MAX, "rows")?;
        let (mut content, day) = (Content { as_of: Some(when), ..Content::default() }, when.date());
        for (index, line) in lines.enumerate() {
            content.read += 1;
            match row(line, &day) {
                Ok((cve, note)) => content.notes.entry(cve).or_default().add(note),
                // The first row stands on the third line.
                Err(reason) => note_broken(&mut content, &format!("line {}", index + 3), reason)?,
            }
        }
        Ok(content)
    }
}

/// Returns when the model ran, by the first line. It is written with and without an offset, and as a day alone.
fn date(first: &str) -> Result<Instant, String> {
    let mut fields = first.strip_prefix('#').unwrap_or_default().split(',');
    let date = fields.find_map(|field| field.trim().strip_prefix(DATE));
    let date = date.ok_or_else(|| format!("`{}` names no `{DATE}`", shown(first)))?;
    let parsed = date.parse().or_else(|_| format!("{date}T00:00:00Z").parse::<Instant>());
    parsed.map_err(|_| format!("`{}` is no time", shown(date)))
}

fn row(line: &str, day: &str) -> Result<(String, Note), String> {
    let mut fields = line.trim_end().split(',');
    let (Some(cve), Some(score), Some(percentile), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(format!("`{}` has not three columns", shown(line)));
    };
    if !is_cve(cve) {
        return Err(format!("`{}` is no CVE", shown(cve)));
    }
    let epss = EpssStatement { date: day.to_owned(), score: share(score)?, percentile: share(percentile)? };
    Ok((cve.to_owned(), Note { epss: Some(epss), ..Note::default() }))
}

/// Returns a number from 0 to 1 as a decimal. The publisher's program writes the smallest as `9e-05`, which has to
/// compare with `0.00042` as text.
fn share(text: &str) -> Result<String, String> {
    let wrong = || format!("`{}` is no number from 0 to 1", shown(text));
    let Some((mantissa, exponent)) = text.split_once("e-") else {
        return if is_share(text) { Ok(text.to_owned()) } else { Err(wrong()) };
    };
    let places =
        exponent.parse::<u8>().ok().map(usize::from).filter(|places| (1..=DIGITS_MAX).contains(places));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_plain = exponent.bytes().all(|b| b.is_ascii_digit()) && !mantissa.ends_with('.');
    let Some(places) = places.filter(|_| is_plain && whole.len() == 1) else { return Err(wrong()) };
    let decimal = format!("0.{}{whole}{part}", "0".repeat(places - 1));
    if is_share(&decimal) { Ok(decimal) } else { Err(wrong()) }
}

/// Returns whether a text is `0`, `1`, `0.` or `1.` with digits behind it, and not more than 1.
fn is_share(text: &str) -> bool {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = (1..=DIGITS_MAX).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    digits && (whole == "0" || (whole == "1" && part.bytes().all(|b| b == b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::format::parts::BROKEN_MAX;

    const FIRST: &str = "#model_version:v2025.03.14,score_date:2026-11-21T00:00:00+0000";

    fn read(rows: &str) -> Content {
        Epss.read(format!("{FIRST}\n{COLUMNS}\n{rows}").as_bytes()).unwrap()
    }

    #[test]
    fn rows_are_estimates_of_one_day() {
        let content = read("CVE-1999-0001,0.01025,0.77197\nCVE-2021-44228,0.94358,0.99962\n");
        let said = content.notes["CVE-2021-44228"].epss.clone().unwrap();
        let expected = EpssStatement {
            date: "2026-11-21".into(),
            score: "0.94358".into(),
            percentile: "0.99962".into(),
        };
        assert_eq!(said, expected);
        assert_eq!((content.read, content.notes.len(), content.broken.len()), (2, 2, 0));
        assert_eq!(content.as_of, Some("2026-11-21T00:00:00Z".parse().unwrap()));
    }

    #[test]
    fn the_day_is_written_in_several_ways() {
        for (first, expected) in [
            (FIRST, Some("2026-11-21T00:00:00Z")),
            ("#model_version:v2026.06.15,score_date:2026-08-01T12:03:43Z", Some("2026-08-01T12:03:43Z")),
            ("#model_version:v2026.06.15,score_date:2026-08-01", Some("2026-08-01T00:00:00Z")),
            ("#model_version:v2026.06.15, score_date:2026-08-01", Some("2026-08-01T00:00:00Z")),
            ("#model_version:v2026.06.15", None),
            ("#model_version:v2026.06.15,score_date:", None),
            ("#model_version:v2026.06.15,score_date:yesterday", None),
            ("#model_version:v2026.06.15,score_date:2026-02-30", None),
            ("model_version:v1,score_date:2026-08-01", None),
        ] {
            for (mark, end) in [("", "\n"), ("\u{feff}", "\r\n")] {
                let bytes = format!("{mark}{first}{end}{COLUMNS}{end}CVE-2024-0001,0.5,0.5{end}");
                let content = Epss.read(bytes.as_bytes()).ok();
                assert_eq!(
                    content.as_ref().and_then(|c| c.as_of),
                    expected.map(|t| t.parse().unwrap()),
                    "{first}"
                );
                assert!(content.is_none_or(|c| c.notes.len() == 1 && c.broken.is_empty()), "{first}");
            }
        }
    }

    #[test]
    fn numbers_are_decimals_from_0_to_1() {
        for (number, expected) in [
            ("0.00042", Some("0.00042")),
            ("0", Some("0")),
            ("1", Some("1")),
            ("0.0", Some("0.0")),
            ("1.00000", Some("1.00000")),
            ("0.123456789012", Some("0.123456789012")),
            ("9e-05", Some("0.00009")),
            ("1.25e-05", Some("0.0000125")),
            ("1e-1", Some("0.1")),
            ("0.1234567890123", None),
            ("1.00001", None),
            ("2", None),
            ("-0.5", None),
            ("+0.5", None),
            (".5", None),
            ("0.", None),
            ("0.5.1", None),
            ("0,5", None),
            ("NaN", None),
            ("", None),
            ("00.5", None),
            ("1e5", None),
            ("1e-0", None),
            ("1e-13", None),
            ("1e-+5", None),
            ("1e-", None),
            ("e-05", None),
            ("1.e-05", None),
            ("12e-05", None),
            ("1e-05e-05", None),
            ("\u{661}", None),
        ] {
            assert_eq!(share(number).ok().as_deref(), expected, "{number}");
        }
    }

    #[test]
    fn a_broken_row_leaves_the_others() {
        for row in [
            "",
            "CVE-2024-0002",
            "CVE-2024-0002,0.5",
            "CVE-2024-0002,0.5,0.5,0.5",
            "CVE-2024-0002,0.5,1.5",
            "CVE-2024-0002,high,0.5",
            "GHSA-1,0.5,0.5",
            "\"CVE-2024-0002\",0.5,0.5",
        ] {
            let content = read(&format!("CVE-2024-0001,0.5,0.5\n{row}\nCVE-2024-0003,0.5,0.5\n"));
            assert_eq!((content.read, content.notes.len()), (3, 2), "{row}");
            assert_eq!(content.broken.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["line 4"], "{row}");
        }
        let long = read(&format!("{}\n", "x".repeat(1 << 20)));
        assert!(long.broken[0].1.len() < 100, "{}", long.broken[0].1);
    }

    #[test]
    fn of_two_rows_the_higher_counts() {
        for rows in [
            "CVE-2024-0001,0.5,0.6\nCVE-2024-0001,9e-05,0.1",
            "CVE-2024-0001,9e-05,0.1\nCVE-2024-0001,0.5,0.6",
        ] {
            assert_eq!(read(rows).notes["CVE-2024-0001"].epss.as_ref().unwrap().score, "0.5");
        }
    }

    #[test]
    fn a_file_of_another_form_is_refused() {
        for text in [
            "",
            "\n",
            FIRST,
            "cve,epss,percentile\nCVE-2024-0001,0.5,0.5\n",
            "#model_version:v1,score_date:2026-08-01\ncve,epss\nCVE-2024-0001,0.5\n",
        ] {
            assert!(Epss.read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Epss.read(b"#model_version:\xff").is_err());
        let many = |number: usize| {
            Epss.read(format!("{FIRST}\n{COLUMNS}\n{}", "\n".repeat(number)).as_bytes()).unwrap_err()
        };
        assert!(many(ROWS_MAX + 1).ends_with("rows, more than 1000000"));
        assert_eq!(many(BROKEN_MAX + 1), format!("more than {BROKEN_MAX} broken parts"));
    }
}
