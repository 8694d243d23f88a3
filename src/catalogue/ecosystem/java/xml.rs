//! A tolerant scanner of XML elements and text, as much of it as reading a `pom.xml` takes.
//!
//! There are no entities but the five of XML itself and character numbers, nothing is fetched or expanded, and nothing
//! nests: whoever reads keeps the depth. It is not a validator: what is not well-formed is read as far as it makes sense.

use std::borrow::Cow;

/// The longest name of an element that is told; a longer one is cut.
const NAME_BYTES_MAX: usize = 128;

/// What comes next in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event<'a> {
    /// An element begins; its name without prefix.
    Start(&'a str),
    /// An element ends. An empty element begins and ends.
    End,
    /// Text between tags, or a CDATA section; entities are resolved.
    Text(Cow<'a, str>),
}

/// Reads a document event by event.
pub(super) struct Scanner<'a> {
    rest: &'a str,
    /// An empty element is open.
    closes: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, closes: false }
    }

    /// Skips what lies before the end of `marker`; all of the rest where it is missing.
    fn skip(&mut self, marker: &str) -> &'a str {
        let (before, rest) = self.rest.split_once(marker).unwrap_or((self.rest, ""));
        self.rest = rest;
        before
    }

    /// Skips a document type with its internal subset: its declarations are not read.
    fn skip_declaration(&mut self) {
        let end = self.rest.find(['[', '>']).unwrap_or(self.rest.len());
        if self.rest[end..].starts_with('[') {
            self.skip("]");
        }
        self.skip(">");
    }

    fn tag(&mut self) -> Event<'a> {
        let tag = self.skip(">");
        if tag.starts_with('/') {
            return Event::End;
        }
        self.closes = tag.ends_with('/');
        let name = tag.split(|c: char| c.is_ascii_whitespace() || c == '/').next().unwrap_or_default();
        let name = name.rsplit_once(':').map_or(name, |(_, name)| name);
        Event::Start(&name[..name.floor_char_boundary(NAME_BYTES_MAX)])
    }
}

impl<'a> Iterator for Scanner<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        if std::mem::take(&mut self.closes) {
            return Some(Event::End);
        }
        loop {
            if self.rest.is_empty() {
                return None;
            }
            if let Some(rest) = self.rest.strip_prefix("<!--") {
                self.rest = rest;
                self.skip("-->");
            } else if let Some(rest) = self.rest.strip_prefix("<![CDATA[") {
                self.rest = rest;
                return Some(Event::Text(Cow::Borrowed(self.skip("]]>"))));
            } else if let Some(rest) = self.rest.strip_prefix("<!") {
                self.rest = rest;
                self.skip_declaration();
            } else if let Some(rest) = self.rest.strip_prefix("<?") {
                self.rest = rest;
                self.skip("?>");
            } else if let Some(rest) = self.rest.strip_prefix('<') {
                self.rest = rest;
                return Some(self.tag());
            } else {
                let end = self.rest.find('<').unwrap_or(self.rest.len());
                let (text, rest) = self.rest.split_at(end);
                self.rest = rest;
                return Some(Event::Text(resolved(text)));
            }
        }
    }
}

/// Resolves XML's own entities and character numbers; others stay as they are written.
fn resolved(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('&');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let entity = part.split_once(';').and_then(|(name, rest)| Some((character(name)?, rest)));
        let (character, rest) = entity.unwrap_or(('&', part));
        out.push(character);
        out.push_str(rest);
    }
    Cow::Owned(out)
}

fn character(name: &str) -> Option<char> {
    let number = name.strip_prefix('#');
    Some(match (name, number) {
        ("amp", _) => '&',
        ("lt", _) => '<',
        ("gt", _) => '>',
        ("quot", _) => '"',
        ("apos", _) => '\'',
        (_, Some(number)) => {
            let hexadecimal = number.strip_prefix('x').map(|digits| u32::from_str_radix(digits, 16));
            char::from_u32(hexadecimal.unwrap_or_else(|| number.parse()).ok()?)?
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let show = |event: Event<'_>| match event {
            Event::Start(name) => format!("<{name}>"),
            Event::End => "</>".to_owned(),
            Event::Text(text) => text.into_owned(),
        };
        Scanner::new(text).map(show).collect()
    }

    #[test]
    fn elements_and_texts_come_in_order() {
        for (text, expected) in [
            ("<?xml version='1.0'?><a><b c='d'>e</b><f/></a>", "<a><b>e</><f></></>"),
            ("<p:a xmlns:p=\"x\">1 &lt; 2 &amp;&#65;&#x42;</p:a>", "<a>1 < 2 &AB</>"),
            ("<a><!-- <b> --><![CDATA[<c>&amp;]]></a>", "<a><c>&amp;</>"),
            ("<!DOCTYPE a SYSTEM \"x\"><a>b</a>", "<a>b</>"),
            ("<a>&unknown; &#x110000; &</a>", "<a>&unknown; &#x110000; &</>"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn a_billion_laughs_and_external_entities_stay_as_written() {
        let text = "<!DOCTYPE a [<!ENTITY b \"ha\"><!ENTITY c SYSTEM \"file:///etc/passwd\">]><a>&b;&c;</a>";
        assert_eq!(shown(text), "<a>&b;&c;</>");
    }

    #[test]
    fn broken_documents_end() {
        for (text, expected) in [
            ("<", "<>"),
            ("<a", "<a>"),
            ("</", "</>"),
            ("<!--", ""),
            ("<![CDATA[x", "x"),
            ("<!DOCTYPE [", ""),
            ("a>b", "a>b"),
            ("<a/", "<a></>"),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }
}
