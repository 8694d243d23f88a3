//! What changed between two images, as lines for a terminal and as a section for a pull request.

use std::fmt::Write as _;

use serde::Serialize;

use super::RenderError;
use super::template::{self, Page};
use crate::catalogue::{Change, Difference, LicenceChange, Named, PackageChange};
use crate::model::foreign::inline;
use crate::model::quantity;

/// The most rows of one table of a page. More is not read; the whole of it is in the JSON form.
const ROWS_MAX: usize = 200;

/// The two images: as asked for, and digest.
#[derive(Debug, Clone)]
pub struct Compared {
    pub before: (String, String),
    pub after: (String, String),
}

/// Returns lines: `+` added, `-` removed, `~` changed.
pub fn difference_text(names: &Compared, difference: &Difference) -> String {
    let mut text = format!("{} ({})\n", inline(&names.before.0), names.before.1);
    let _ = writeln!(text, "{} ({})", inline(&names.after.0), names.after.1);
    if difference.is_empty() {
        text.push_str("\nno difference in what is catalogued\n");
        return text;
    }
    if let Some(change) = &difference.system {
        section(&mut text, "distribution", [line("", change)]);
    }
    section(&mut text, "packages", difference.packages.iter().map(package_line));
    section(&mut text, "files", difference.files.iter().map(|one| line(&one.name, &one.change)));
    section(&mut text, "licences", difference.licences.iter().map(licence_line));
    section(
        &mut text,
        "configuration",
        difference.configuration.iter().map(|one| line(&one.name, &one.change)),
    );
    text
}

fn section(text: &mut String, name: &str, lines: impl IntoIterator<Item = String>) {
    let lines: Vec<String> = lines.into_iter().collect();
    if !lines.is_empty() {
        let _ = writeln!(text, "\n{name}");
        for line in lines {
            let _ = writeln!(text, "  {line}");
        }
    }
}

fn line(name: &str, change: &Change) -> String {
    let name = if name.is_empty() { String::new() } else { format!("{}: ", inline(name)) };
    match (&change.from, &change.to) {
        (None, Some(to)) => format!("+ {name}{}", inline(to)),
        (Some(from), None) => format!("- {name}{}", inline(from)),
        (from, to) => {
            let shown = |value: &Option<String>| value.as_deref().map(inline).unwrap_or_default();
            format!("~ {name}{} → {}", shown(from), shown(to))
        }
    }
}

fn package_line(change: &PackageChange) -> String {
    let named = format!("{} {}", change.kind, inline(&change.name));
    match (change.from.as_slice(), change.to.as_slice()) {
        ([], to) => format!("+ {named} {}", versions(to)),
        (from, []) => format!("- {named} {}", versions(from)),
        (from, to) => format!("~ {named} {} → {}", versions(from), versions(to)),
    }
}

fn versions(versions: &[String]) -> String {
    let shown: Vec<String> = versions
        .iter()
        .map(|version| if version.is_empty() { "unknown".to_owned() } else { inline(version) })
        .collect();
    shown.join(", ")
}

fn licence_line(change: &LicenceChange) -> String {
    let sign = match (change.from, change.to) {
        (0, _) => '+',
        (_, 0) => '-',
        _ => '~',
    };
    format!("{sign} {}: {} → {}", inline(&change.licence), change.from, change.to)
}

#[derive(Serialize)]
struct Values {
    before: String,
    before_digest: String,
    after: String,
    after_digest: String,
    summary: String,
    tables: Vec<Table>,
}

#[derive(Serialize)]
struct Table {
    title: &'static str,
    heads: [&'static str; 3],
    rows: Vec<[String; 3]>,
    more: usize,
}

/// Returns a section of Markdown.
///
/// # Errors
/// [`RenderError`] where the template does not fit, which is a bug.
pub fn difference_page(names: &Compared, difference: &Difference) -> Result<String, RenderError> {
    let system = difference.system.iter().map(|change| row("distribution", change)).collect();
    let packages = difference.packages.iter().map(|one| {
        [format!("{} {}", one.kind, one.name), cell(&versions(&one.from)), cell(&versions(&one.to))]
    });
    let licences =
        difference.licences.iter().map(|one| [one.licence.clone(), one.from.to_string(), one.to.to_string()]);
    let rows = |list: &[Named]| list.iter().map(|one| row(&one.name, &one.change)).collect();
    let tables = [
        table("Distribution", ["what", "before", "after"], system),
        table("Packages", ["package", "before", "after"], packages.collect()),
        table("Files that are components", ["file", "before", "after"], rows(&difference.files)),
        table("Licences", ["as written", "components before", "components after"], licences.collect()),
        table("Configuration", ["setting", "before", "after"], rows(&difference.configuration)),
    ];
    let values = Values {
        before: names.before.0.clone(),
        before_digest: names.before.1.clone(),
        after: names.after.0.clone(),
        after_digest: names.after.1.clone(),
        summary: summary(difference),
        tables: tables.into_iter().filter(|table| !table.rows.is_empty()).collect(),
    };
    template::render(Page::Difference, &values)
}

fn summary(difference: &Difference) -> String {
    let added = difference.packages.iter().filter(|one| one.from.is_empty()).count();
    let removed = difference.packages.iter().filter(|one| one.to.is_empty()).count();
    let changed = difference.packages.len() - added - removed;
    if difference.is_empty() {
        return "No difference in what is catalogued.".to_owned();
    }
    format!("{} added, {removed} removed, {changed} changed.", quantity::count(added, "package"))
}

fn row(name: &str, change: &Change) -> [String; 3] {
    let shown = |value: &Option<String>| cell(value.as_deref().unwrap_or_default());
    [name.to_owned(), shown(&change.from), shown(&change.to)]
}

/// An empty cell says `none`: filters show nothing as unknown, and this is known.
fn cell(value: &str) -> String {
    if value.is_empty() { "none".to_owned() } else { value.to_owned() }
}

fn table(title: &'static str, heads: [&'static str; 3], mut rows: Vec<[String; 3]>) -> Table {
    let more = rows.len().saturating_sub(ROWS_MAX);
    rows.truncate(ROWS_MAX);
    Table { title, heads, rows, more }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Compared {
        let side = |tag: &str| (format!("registry.example/app:{tag}"), format!("sha256:{tag}"));
        Compared { before: side("1"), after: side("2") }
    }

    fn difference() -> Difference {
        let package = |name: &str, from: &[&str], to: &[&str]| PackageChange {
            kind: "deb".into(),
            name: name.into(),
            from: from.iter().map(ToString::to_string).collect(),
            to: to.iter().map(ToString::to_string).collect(),
        };
        let change = |from: Option<&str>, to: Option<&str>| Change {
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
        };
        Difference {
            system: None,
            packages: vec![
                package("openssl", &["1"], &["2"]),
                package("curl", &[], &["8"]),
                package("evil|@team\u{1b}[2J", &["1"], &[]),
            ],
            files: vec![],
            licences: vec![LicenceChange { licence: "MIT".into(), from: 1, to: 2 }],
            configuration: vec![Named { name: "user".into(), change: change(Some("root"), None) }],
        }
    }

    #[test]
    fn lines_say_what_was_added_removed_and_changed() {
        let text = difference_text(&names(), &difference());
        for line in [
            "  ~ deb openssl 1 → 2\n",
            "  + deb curl 8\n",
            "  - deb evil|@team\\u{1b}[2J 1\n",
            "  ~ MIT: 1 → 2\n",
            "  - user: root\n",
        ] {
            assert!(text.contains(line), "{line:?} in {text}");
        }
        let nothing = difference_text(&names(), &Difference::default());
        assert!(nothing.ends_with("\nno difference in what is catalogued\n"), "{nothing}");
    }

    #[test]
    fn a_section_escapes_what_comes_from_the_image() {
        let page = difference_page(&names(), &difference()).unwrap();
        assert!(page.contains("1 package added, 1 removed, 1 changed."), "{page}");
        assert!(page.contains("| `deb openssl` | `1` | `2` |"), "{page}");
        assert!(page.contains("| `user` | `root` | `none` |"), "{page}");
        assert!(!page.contains("evil|@team") && !page.contains('\u{1b}'), "{page}");
    }
}
