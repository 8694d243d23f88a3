//! Mistakes as text for people, with an excerpt of the manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::escape::{escaped, push};
use super::{Diagnostic, Place, SourceFile, is_manifest};

/// The most characters of a line that an excerpt shows, so that a line of a megabyte does not flood a terminal.
const EXCERPT_CHARS_MAX: usize = 160;

/// Returns the text for `diagnostics`, closed by a line that counts them. Foreign text is escaped. With `color` it
/// carries terminal colours, and says the same without.
pub fn render(diagnostics: &[Diagnostic], files: &[SourceFile], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let named: BTreeSet<&str> =
        diagnostics.iter().filter_map(|d| d.at.as_ref()).map(|at| at.file.as_str()).collect();
    let texts: BTreeMap<_, Vec<&str>> = files
        .iter()
        .filter(|file| named.contains(file.path.as_str()))
        .map(|file| (file.path.as_str(), file.text.lines().collect()))
        .collect();
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&one(diagnostic, &texts, &renderer));
        out.push_str("\n\n");
    }
    let manifests = files.iter().filter(|file| is_manifest(&file.path)).count();
    let count = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
    out.push_str(&count(diagnostics.len(), "error"));
    out.push_str(" in ");
    out.push_str(&count(manifests, "file"));
    out.push_str("; nothing was done.\n");
    out
}

fn one(diagnostic: &Diagnostic, texts: &BTreeMap<&str, Vec<&str>>, renderer: &Renderer) -> String {
    let title = Level::ERROR.primary_title(escaped(&diagnostic.message)).id(diagnostic.code.id());
    let mut group = Group::with_title(title);
    if let Some(at) = &diagnostic.at {
        let line = texts.get(at.file.as_str()).and_then(|lines| lines.get(at.line - 1));
        group = match line {
            Some(line) => group.element(excerpt(at, line, diagnostic.label.as_deref())),
            None => group.element(Origin::path(escaped(&at.file)).line(at.line).char_column(at.column)),
        };
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(escaped(help)));
    }
    let text = renderer.render(&[group]);
    match &diagnostic.at {
        Some(at) => with_column(&text, at),
        None => text,
    }
}

/// Puts the file's own column behind the place: the renderer counts in the excerpt, where escapes take more room and
/// the beginning may be cut. The title is passed over; it is one line, whatever foreign text it holds.
fn with_column(text: &str, at: &Place) -> String {
    let place = format!("{}:{}:", escaped(&at.file), at.line);
    let below_title = text.find('\n').unwrap_or(text.len());
    let Some(start) = text[below_title..].find(&place).map(|found| below_title + found + place.len()) else {
        return text.to_owned();
    };
    let digits = text[start..].find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len() - start);
    format!("{}{}{}", &text[..start], at.column, &text[start + digits..])
}

/// Returns the one line of the mistake, underlined.
fn excerpt<'a>(
    at: &Place,
    line: &str,
    label: Option<&str>,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let (text, span) = shown_line(line, at.column - 1, at.width);
    let annotation = AnnotationKind::Primary.span(span).label(label.map(escaped));
    Snippet::source(text).line_start(at.line).path(escaped(&at.file)).annotation(annotation)
}

/// Returns the line escaped and cut, with the bytes of the underlined part in what is returned.
fn shown_line(line: &str, column: usize, width: usize) -> (String, Range<usize>) {
    let skipped =
        if column + width > EXCERPT_CHARS_MAX { column.saturating_sub(EXCERPT_CHARS_MAX / 4) } else { 0 };
    let mut out = String::from(if skipped > 0 { "…" } else { "" });
    let mut span = None;
    let mut end = None;
    for (index, c) in line.chars().enumerate().skip(skipped) {
        if index == column {
            span = Some(out.len());
        }
        if index == column + width {
            end = Some(out.len());
        }
        if index - skipped >= EXCERPT_CHARS_MAX {
            end = end.or(Some(out.len()));
            out.push('…');
            break;
        }
        if c == '\t' { out.push(' ') } else { push(&mut out, c) }
    }
    let start = span.unwrap_or(out.len());
    let end = end.unwrap_or(out.len()).max(start);
    (out, start..end)
}
