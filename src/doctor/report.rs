//! What was found, in words and for programs. Pure.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Examination;
use crate::{model::foreign::inline, registry::probe::Level};

const LEVELS: [(Level, &str); 4] =
    [(Level::Ok, "ok"), (Level::Note, "note"), (Level::Warning, "warning"), (Level::Error, "error")];

/// Longer places push the rest of their own line to the right, not of all lines.
const PLACE_CHARS_MAX: usize = 48;

impl Examination {
    /// Returns one line for each finding, `<level> <where> <what> → <what to do>`, and one of totals.
    pub fn text(&self) -> String {
        let width = |place: &str| place.chars().count().min(PLACE_CHARS_MAX);
        let widest = self.findings.iter().map(|finding| width(&finding.place)).max().unwrap_or(0);
        let mut text = String::new();
        for finding in &self.findings {
            let (level, place) = (name(finding.said.level), inline(&finding.place));
            let todo = finding.said.todo.as_ref().map(|todo| format!("  → {}", inline(todo)));
            let (what, todo) = (inline(&finding.said.what), todo.unwrap_or_default());
            let _ = writeln!(text, "{level:<7}  {place:<widest$}  {what}{todo}");
        }
        let counts = LEVELS.map(|(level, name)| {
            let count = self.findings.iter().filter(|finding| finding.said.level == level).count();
            format!("{count} {name}")
        });
        let _ = writeln!(text, "{}", counts.join(", "));
        text
    }

    /// Returns `fondaco/doctor/v1alpha1`. `commit` is what `--write` has pushed.
    pub fn json(&self, commit: Option<&str>) -> Value {
        let findings = self.findings.iter().map(|finding| {
            json!({
                "level": finding.said.level,
                "where": finding.place,
                "what": finding.said.what,
                "todo": finding.said.todo,
            })
        });
        json!({
            "schema": "fondaco/doctor/v1alpha1",
            "findings": findings.collect::<Vec<_>>(),
            "capabilities": self.capabilities,
            "commit": commit,
        })
    }
}

fn name(level: Level) -> &'static str {
    LEVELS.iter().find(|(of, _)| *of == level).map_or("", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{doctor::Finding, registry::probe::Said};

    #[test]
    fn each_finding_is_a_line_that_foreign_words_cannot_leave() {
        let finding = |place: &str, said| Finding { place: place.to_owned(), said };
        let found = Examination {
            findings: vec![
                finding("git", Said::ok("fine")),
                finding("a.example mount", Said::error("denied\nok  forged", "ask\u{1b}[2J")),
            ],
            ..Examination::default()
        };
        let expected = "ok       git              fine
error    a.example mount  denied\\u{a}ok  forged  → ask\\u{1b}[2J
1 ok, 0 note, 0 warning, 1 error
";
        assert_eq!(found.text(), expected);
        assert!(found.has_errors());
        assert_eq!(found.json(None)["findings"][0]["level"], "ok");
    }
}
