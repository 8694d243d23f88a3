//! The templates, and the rules they are held to.

use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};
use serde::Serialize;

use super::text;
use crate::model::Kind;

/// A page: its template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    Overview,
    Repository,
    Image,
    Consumer,
    Jurisdiction,
    Difference,
}

/// Template names and texts.
pub(super) const TEMPLATES: [(Page, &str, &str); 6] = [
    (Page::Overview, "overview.md", include_str!("templates/overview.md")),
    (Page::Repository, "repository.md", include_str!("templates/repository.md")),
    (Page::Image, "image.md", include_str!("templates/image.md")),
    (Page::Consumer, "consumer.md", include_str!("templates/consumer.md")),
    (Page::Jurisdiction, "jurisdiction.md", include_str!("templates/jurisdiction.md")),
    (Page::Difference, "difference.md", include_str!("templates/difference.md")),
];

/// A template that does not fit the values it is given.
#[derive(Debug, thiserror::Error)]
#[error("page `{page}` does not render: {detail}")]
pub struct RenderError {
    pub page: &'static str,
    pub detail: String,
}

impl RenderError {
    /// Returns what the error means to the caller.
    pub const fn kind(&self) -> Kind {
        Kind::Bug
    }
}

/// Renders one page.
pub(super) fn render(page: Page, values: &impl Serialize) -> Result<String, RenderError> {
    let (_, name, source) =
        TEMPLATES.iter().find(|(of, _, _)| *of == page).expect("the table above has a line for each page");
    let fail = |e: Error| RenderError { page: name, detail: format!("{e:#}") };
    environment().render_named_str(name, source, values).map_err(fail)
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // Markdown has no escaping of its own; the formatter below refuses what went through no filter.
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_keep_trailing_newline(true);
    environment.add_filter("md", text::filter(text::md));
    environment.add_filter("code", text::filter(text::code));
    environment.add_filter("mermaid", text::filter(text::mermaid));
    environment.add_filter("shell", text::filter(text::shell));
    environment.add_filter("link", text::link);
    environment.set_formatter(|out, _, value| match value.as_str() {
        Some(text) if value.is_safe() => out.write_str(text).map_err(Error::from),
        _ => Err(Error::new(ErrorKind::InvalidOperation, "a value is printed without a filter")),
    });
    environment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_value_does_not_render() {
        let render =
            |source: &str| environment().render_str(source, minijinja::context! { x => "<b>", n => 3 });
        assert!(render("{{ x }}").is_err());
        assert!(render("{{ n }}").is_err());
        assert!(render("{{ (x | md) ~ x }}").is_err());
        assert!(render("{{ missing | md }}").is_err());
        assert!(render("{% if missing %}{% endif %}").is_err());
        assert_eq!(render("{{ x | md }} {{ n | md }}").unwrap(), "\\<b\\> 3");
    }

    #[test]
    fn every_template_prints_through_a_filter_and_never_at_the_start_of_a_line() {
        for (_, name, source) in TEMPLATES {
            for (number, line) in source.lines().enumerate() {
                let place = format!("{name}:{}", number + 1);
                // A command is made of plain words and stands in a fenced block.
                let starts = line.trim_start().starts_with("{{") && !line.contains("| shell }}");
                assert!(!starts, "{place}: foreign text would start a line");
                for expression in line.split("{{").skip(1) {
                    let expression = expression.split("}}").next().unwrap();
                    let filter = expression.rsplit('|').next().unwrap().trim();
                    let filtered = expression.contains('|');
                    assert!(
                        filtered && ["md", "code", "mermaid", "shell", "link"].contains(&filter),
                        "{place}: {expression}"
                    );
                }
                assert!(!line.contains("{% autoescape") && !line.contains("| safe"), "{place}");
            }
        }
    }

    #[test]
    fn every_file_in_the_folder_is_a_template() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/render/templates");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|f| f.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let mut names: Vec<_> = TEMPLATES.iter().map(|(_, name, _)| (*name).to_owned()).collect();
        names.sort();
        assert_eq!(files, names);
    }

    #[test]
    fn our_own_words_conclude_nothing() {
        for (_, name, source) in TEMPLATES {
            let lower = source.to_lowercase();
            for word in ["compliant", "sovereign", "adequate"] {
                assert!(!lower.contains(word), "{name} says `{word}`");
            }
        }
    }
}
