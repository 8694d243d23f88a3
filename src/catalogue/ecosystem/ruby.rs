//! Installed Ruby gems: `specifications/**/*.gemspec` as RubyGems writes them on installation
//! (rubygems `Gem::Specification#to_ruby`).
//!
//! A gemspec is a Ruby program. It is not run: the written form puts every value on a line of its own as a literal, and
//! what is no literal is left out. Name and version stand in the first lines once more, as a comment that RubyGems
//! itself reads instead of running the program.

use std::collections::BTreeMap;

use super::{Cataloguer, Wants, word};
use crate::catalogue::declared;
use crate::catalogue::found::{File, Found, LISTED_MAX, Need, Parsed};
use crate::model::Ecosystem;

pub(super) const CATALOGUER: Cataloguer = Cataloguer {
    name: "ruby",
    wants: &[Wants::Paths(is_wanted)],
    parse: |file: &File<'_>| parse(file.bytes),
};

/// How a gem that runs everywhere says so; it is no part of its identity.
const EVERYWHERE: &str = "ruby";

/// How many lines from the top the comment with name and version may be.
const STUB_LINES_MAX: usize = 4;

fn is_wanted(path: &str) -> bool {
    path.ends_with(".gemspec") && (path.starts_with("specifications/") || path.contains("/specifications/"))
}

#[derive(Default)]
struct Specification {
    /// The last of each counts, as when the program runs.
    texts: BTreeMap<&'static str, String>,
    lists: BTreeMap<&'static str, Vec<String>>,
    source: Option<String>,
    needs: Vec<Need>,
}

const TEXTS: [&str; 5] = ["name", "version", "platform", "homepage", "license"];
const LISTS: [&str; 4] = ["email", "authors", "author", "licenses"];

fn parse(bytes: &[u8]) -> Parsed {
    let text = String::from_utf8_lossy(bytes);
    let mut specification = Specification::default();
    for (number, line) in text.lines().enumerate() {
        if let Some(stub) = line.trim().strip_prefix("# stub:").filter(|_| number < STUB_LINES_MAX) {
            specification.stub(stub);
        } else {
            specification.line(line.trim());
        }
    }
    let mut parsed = Parsed::default();
    parsed.add(specification.found());
    parsed
}

impl Specification {
    /// Reads `rake 13.0.6 ruby lib`.
    fn stub(&mut self, stub: &str) {
        let words = stub.split_whitespace().map(str::to_owned);
        self.texts.extend(["name", "version", "platform"].into_iter().zip(words));
    }

    fn line(&mut self, line: &str) {
        let Some((receiver, rest)) = line.split_once('.') else { return };
        if receiver.is_empty() || !receiver.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return;
        }
        let end = rest.bytes().position(|b| !b.is_ascii_alphanumeric() && b != b'_').unwrap_or(rest.len());
        let (name, rest) = (&rest[..end], rest[end..].trim_start());
        match name {
            "add_runtime_dependency" | "add_dependency" => self.need(rest),
            _ => {
                let value = rest.strip_prefix('=').filter(|value| !value.starts_with(['=', '~', '>']));
                if let Some(value) = value {
                    self.assign(name, value.trim_start());
                }
            }
        }
    }

    fn assign(&mut self, name: &str, value: &str) {
        if let Some(known) = TEXTS.iter().find(|known| **known == name) {
            let value = value.strip_prefix("Gem::Version.new(").unwrap_or(value);
            if let Some((text, _)) = literal(value) {
                self.texts.insert(known, text);
            }
        } else if let Some(known) = LISTS.iter().find(|known| **known == name) {
            self.lists.insert(known, list(value));
        } else if name == "metadata" {
            let source = value
                .split_once("\"source_code_uri\"")
                .and_then(|(_, rest)| rest.trim_start().strip_prefix("=>"));
            self.source = source.and_then(|value| declared::url(&literal(value.trim_start())?.0));
        }
    }

    /// Reads `(%q<minitest>.freeze, ["~> 5.0"])`.
    fn need(&mut self, arguments: &str) {
        let arguments = arguments.strip_prefix('(').unwrap_or(arguments).trim_start();
        let name = literal(arguments).and_then(|(name, _)| word(name.as_bytes()).map(str::to_owned));
        self.needs.extend(name.map(Need::any).filter(|_| self.needs.len() < LISTED_MAX));
    }

    fn found(&self) -> Option<Found> {
        let text = |name: &str| self.texts.get(name).map(String::as_str);
        let plain = |name: &str| text(name).and_then(|text| word(text.as_bytes()));
        let list = |name: &str| self.lists.get(name).into_iter().flatten().map(String::as_str);
        let platform = plain("platform").filter(|platform| *platform != EVERYWHERE);
        // Either branch of a question about the version of RubyGems names them.
        let mut needs = self.needs.clone();
        needs.sort();
        needs.dedup();
        let makers = list("email").chain(text("homepage")).chain(list("authors")).chain(list("author"));
        Some(Found {
            qualifiers: platform
                .map(|platform| ("platform".to_owned(), platform.to_owned()))
                .into_iter()
                .collect(),
            licences: list("licenses").chain(text("license")).filter_map(declared::licence).collect(),
            creator: declared::creator(makers),
            source_url: self.source.clone(),
            needs,
            ..Found::new(Ecosystem::Gem, plain("name")?, plain("version")?)
        })
    }
}

/// Returns the strings of a list literal, or of a string alone.
fn list(value: &str) -> Vec<String> {
    let mut texts = vec![];
    let mut rest = value.strip_prefix('[').unwrap_or(value);
    while let Some((text, behind)) = literal(rest.trim_start()) {
        texts.push(text);
        let behind = behind.strip_prefix(".freeze").unwrap_or(behind).trim_start();
        match behind.strip_prefix(',') {
            Some(next) if texts.len() < LISTED_MAX => rest = next,
            _ => break,
        }
    }
    texts
}

/// Reads a string literal, `"a\u00E9"`, `'a'` or `%q<a>`, and returns what stands behind it. `None` for text that holds
/// code (`#{…}`).
fn literal(value: &str) -> Option<(String, &str)> {
    let mut characters = value.char_indices();
    let (close, is_plain) = match characters.next()?.1 {
        '"' => ('"', false),
        '\'' => ('\'', true),
        '%' => {
            let q = characters.next()?.1;
            let close = match characters.next()?.1 {
                '<' => '>',
                '(' => ')',
                '{' => '}',
                '[' => ']',
                _ => return None,
            };
            (
                close,
                if q == 'q' {
                    true
                } else if q == 'Q' {
                    false
                } else {
                    return None;
                },
            )
        }
        _ => return None,
    };
    let mut text = String::new();
    while let Some((at, c)) = characters.next() {
        match c {
            _ if c == close => return Some((text, &value[at + c.len_utf8()..])),
            '\\' if is_plain => {
                // Only the delimiter and the backslash itself are escaped here.
                let (_, next) = characters.next()?;
                if next != close && next != '\\' {
                    text.push('\\');
                }
                text.push(next);
            }
            '\\' => text.push(escape(&mut characters)?),
            '#' if !is_plain && value[at + 1..].starts_with('{') => return None,
            _ => text.push(c),
        }
    }
    None
}

/// Reads what stands behind a backslash; escapes that names and addresses do not need stand for the character itself.
fn escape(characters: &mut std::str::CharIndices<'_>) -> Option<char> {
    match characters.next()?.1 {
        'n' => Some('\n'),
        't' => Some('\t'),
        'u' => {
            let digits = characters
                .as_str()
                .get(..4)
                .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
            let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
            characters.nth(3);
            Some(c)
        }
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Found {
        let parsed = parse(text.as_bytes());
        assert_eq!((parsed.packages.len(), parsed.unreadable), (1, 0), "{text}");
        parsed.packages.into_iter().next().unwrap()
    }

    /// Made by hand in the form of `Gem::Specification#to_ruby` of RubyGems 3.3.
    const GENERATED: &str = r#"# -*- encoding: utf-8 -*-
# stub: nokogiri 1.13.10 x86_64-linux lib
# stub: ext/nokogiri/extconf.rb

Gem::Specification.new do |s|
  s.name = "nokogiri".freeze
  s.version = "1.13.10"
  s.platform = "x86_64-linux".freeze

  s.required_rubygems_version = Gem::Requirement.new(">= 0".freeze) if s.respond_to? :required_rubygems_version=
  s.metadata = { "bug_tracker_uri" => "https://example.org/issues", "source_code_uri" => "https://github.com/sparklemotion/nokogiri" } if s.respond_to? :metadata=
  s.authors = ["Andr\u00E9 Arko".freeze, "B \"x\" C".freeze]
  s.email = ["n@example.org".freeze]
  s.homepage = "https://nokogiri.org".freeze
  s.licenses = ["MIT".freeze, "Ruby".freeze]
  s.summary = "a = b".freeze

  if s.respond_to? :add_runtime_dependency then
    s.add_runtime_dependency(%q<racc>.freeze, ["~> 1.4"])
    s.add_development_dependency(%q<rake>.freeze, ["~> 13"])
  else
    s.add_dependency(%q<racc>.freeze, ["~> 1.4"])
  end
end
"#;

    #[test]
    fn the_written_form_is_read_without_running_it() {
        let found = one(GENERATED);
        assert_eq!((found.name.as_str(), found.version.as_str()), ("nokogiri", "1.13.10"));
        assert_eq!(found.qualifiers["platform"], "x86_64-linux");
        assert_eq!(found.licences, ["MIT", "Ruby"]);
        assert_eq!(found.creator.as_deref(), Some("n@example.org"));
        assert_eq!(found.source_url.as_deref(), Some("https://github.com/sparklemotion/nokogiri"));
        assert_eq!(found.needs, [Need::any("racc")]);
    }

    #[test]
    fn what_is_no_literal_is_left_out() {
        for (text, expected) in [
            ("s.name = 'a'\ns.version = '1.0'", Some("a 1.0")),
            ("spec.name        = %q{a}\nspec.version = Gem::Version.new(\"2\")", Some("a 2")),
            ("# stub: a 1.2 ruby lib\ns.name = NAME\ns.version = A::VERSION", Some("a 1.2")),
            ("s.name = \"a-#{x}\"\ns.version = \"1\"", None),
            ("s.name = `rm -rf /`\ns.version = \"1\"", None),
            ("s.name == \"a\"\ns.version = \"1\"", None),
            ("s.name = \"a", None),
            ("", None),
        ] {
            let parsed = parse(text.as_bytes());
            let shown = parsed.packages.first().map(|found| format!("{} {}", found.name, found.version));
            assert_eq!(
                (shown.as_deref(), parsed.unreadable),
                (expected, u64::from(expected.is_none())),
                "{text}"
            );
        }
        assert!(one("s.name = 'a'\ns.version = '1'\ns.platform = 'ruby'").qualifiers.is_empty());
        assert_eq!(parse(b"s.name = \"a\\u001b[2J\"\ns.version = \"1\"").unreadable, 1);
    }

    #[test]
    fn literals_are_read_to_their_end() {
        for (text, expected) in [
            (r#""a\u00E9b" rest"#, Some(("aéb", " rest"))),
            (r#""a\\\"b""#, Some(("a\\\"b", ""))),
            (r"'a\'b\n'", Some(("a'b\\n", ""))),
            ("%q<a>.freeze", Some(("a", ".freeze"))),
            ("%q(a)", Some(("a", ""))),
            (r#""a\u12""#, None),
            ("%", None),
            ("%q", None),
            ("%w[a]", None),
            ("\"\\", None),
            ("é", None),
        ] {
            let read = literal(text);
            assert_eq!(read.as_ref().map(|(text, rest)| (text.as_str(), *rest)), expected, "{text}");
        }
    }

    #[test]
    fn every_cut_of_a_specification_is_read_without_harm() {
        for end in 0..GENERATED.len() {
            parse(&GENERATED.as_bytes()[..end]);
        }
        for (path, wanted) in [
            ("usr/share/rubygems-integration/all/specifications/rake-13.0.6.gemspec", true),
            ("var/lib/gems/3.1.0/specifications/default/json-2.6.1.gemspec", true),
            ("var/lib/gems/3.1.0/gems/rake-13.0.6/rake.gemspec", false),
            ("app/myspecifications/a.gemspec", false),
        ] {
            assert_eq!(is_wanted(path), wanted, "{path}");
        }
    }
}
