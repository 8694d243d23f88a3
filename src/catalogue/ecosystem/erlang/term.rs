//! Erlang terms as text (erlang.org, `file:consult/1`): what application and metadata files need of it.

/// How deep lists and tuples may be nested; metadata comes to five.
const DEPTH_MAX: usize = 32;

/// The most terms in one file; the largest applications list some thousand modules.
const TERMS_MAX: usize = 200_000;

/// A term. Maps, functions and what else a file of metadata does not hold are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term {
    /// An atom, string, or binary: files of metadata use one for the other.
    Text(String),
    /// A number.
    Number,
    List(Vec<Self>),
    Tuple(Vec<Self>),
}

impl Term {
    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Returns the terms of a list, none of anything else.
    pub(super) fn items(&self) -> &[Self] {
        if let Self::List(items) = self { items } else { &[] }
    }
}

/// Returns the terms of a file, each ended by a full stop; `None` where it is none such, or beyond the limits.
pub(super) fn read(text: &str) -> Option<Vec<Term>> {
    let mut reader = Reader { rest: text.strip_prefix('\u{feff}').unwrap_or(text), terms: 0 };
    let mut terms = vec![];
    while reader.skip() {
        terms.push(reader.term(0)?);
        reader.skip();
        // The last one may lack it.
        if !reader.take(".") && !reader.rest.is_empty() {
            return None;
        }
    }
    Some(terms)
}

struct Reader<'a> {
    rest: &'a str,
    terms: usize,
}

impl<'a> Reader<'a> {
    /// Skips blanks and comments; returns whether there is more.
    fn skip(&mut self) -> bool {
        loop {
            self.rest = self.rest.trim_start();
            if !self.rest.starts_with('%') {
                return !self.rest.is_empty();
            }
            self.rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
        }
    }

    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn term(&mut self, depth: usize) -> Option<Term> {
        self.terms += 1;
        if depth > DEPTH_MAX || self.terms > TERMS_MAX || !self.skip() {
            return None;
        }
        match self.rest.chars().next()? {
            '{' => self.sequence("}", depth).map(Term::Tuple),
            '[' => self.sequence("]", depth).map(Term::List),
            '<' => self.binary().map(Term::Text),
            '"' => self.strings().map(Term::Text),
            '\'' => self.quoted('\'').map(Term::Text),
            c if c.is_ascii_digit() || c == '-' => {
                self.word(|c| c.is_ascii_alphanumeric() || "-+#.".contains(c));
                Some(Term::Number)
            }
            c if c.is_lowercase() => {
                Some(Term::Text(self.word(|c| c.is_alphanumeric() || c == '_' || c == '@').to_owned()))
            }
            _ => None,
        }
    }

    fn word(&mut self, is_of_word: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !is_of_word(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        // The full stop behind a number ends the term.
        let word = word.strip_suffix('.').unwrap_or(word);
        self.rest = if word.len() < end { &self.rest[word.len()..] } else { rest };
        word
    }

    fn sequence(&mut self, close: &str, depth: usize) -> Option<Vec<Term>> {
        self.rest = &self.rest[1..];
        let mut items = vec![];
        self.skip();
        if self.take(close) {
            return Some(items);
        }
        loop {
            items.push(self.term(depth + 1)?);
            self.skip();
            if self.take(close) {
                return Some(items);
            }
            if !self.take(",") {
                return None;
            }
        }
    }

    /// Reads `<<"text">>` and `<<"text"/utf8>>`.
    fn binary(&mut self) -> Option<String> {
        if !self.take("<<") {
            return None;
        }
        self.skip();
        let text = if self.rest.starts_with('"') { self.strings()? } else { String::new() };
        self.take("/utf8");
        self.skip();
        self.take(">>").then_some(text)
    }

    /// Reads strings that stand side by side and are one.
    fn strings(&mut self) -> Option<String> {
        let mut text = String::new();
        while self.rest.starts_with('"') {
            text.push_str(&self.quoted('"')?);
            self.skip();
        }
        Some(text)
    }

    fn quoted(&mut self, quote: char) -> Option<String> {
        let mut text = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, c)) = characters.next() {
            match c {
                _ if c == quote => {
                    self.rest = &self.rest[at + 1..];
                    return Some(text);
                }
                '\\' => text.push(match characters.next()?.1 {
                    'n' => '\n',
                    't' => '\t',
                    other => other,
                }),
                _ => text.push(c),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Term {
        Term::Text(text.into())
    }

    #[test]
    fn every_kind_of_term_is_read() {
        for (source, expected) in [
            ("a.", Some(vec![text("a")])),
            ("a. b", Some(vec![text("a"), text("b")])),
            (
                "{a, -1.5e+3, 16#ff, 7}.",
                Some(vec![Term::Tuple(vec![text("a"), Term::Number, Term::Number, Term::Number])]),
            ),
            ("7.", Some(vec![Term::Number])),
            (
                "[\"a\\\"b\" \"c\", <<\"é\"/utf8>>, <<>>, 'x y'].",
                Some(vec![Term::List(vec![text("a\"bc"), text("é"), text(""), text("x y")])]),
            ),
            ("% only a comment", Some(vec![])),
            ("[ ] .% end\n", Some(vec![Term::List(vec![])])),
            ("{a,}.", None),
            ("{a b}.", None),
            ("#{a => 1}.", None),
            ("\"open", None),
            ("<<1,2>>.", None),
            ("a b", None),
        ] {
            assert_eq!(read(source), expected, "{source}");
        }
    }

    #[test]
    fn nesting_and_floods_are_refused() {
        assert_eq!(read(&"[".repeat(1_000_000)), None);
        let deep = |depth: usize| format!("{}{}.", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&deep(DEPTH_MAX)).is_some());
        assert_eq!(read(&deep(DEPTH_MAX + 2)), None);
        assert_eq!(read(&format!("[{}a].", "a,".repeat(TERMS_MAX))), None);
    }

    #[test]
    fn every_cut_is_read_without_harm() {
        let whole = "{application,'é',[{vsn,\"1\\\"é\"},{a,<<\"b\"/utf8>>},{n,-16#1f}]}.";
        for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
            read(&whole[..end]);
        }
    }
}
