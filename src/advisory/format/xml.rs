//! XML documents that are long lists: each member of a list is handed over as a small tree, and everything else is passed
//! over. Names are compared without their prefixes. Document types are refused, and with them every entity that XML does
//! not define itself.

use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_xml_entity,
    events::{BytesStart, Event},
};

use crate::advisory::record::shown;

/// Deepest nesting within one member of a list. Criteria of OVAL have up to six levels below a definition.
const DEPTH_MAX: usize = 32;
/// Most elements of one member of a list. A definition about a kernel names each of its packages for each architecture
/// of each product, some 10,000 times.
const ELEMENTS_MAX: usize = 200_000;
/// Most attributes of one element; none of the forms has more than ten. More would also cost time, as each is compared
/// with all before it.
const ATTRIBUTES_MAX: usize = 64;
/// Levels of a document above the members of its lists: its root, and the lists in it.
const LISTS_DEPTH_MAX: usize = 2;

/// An element with what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    /// Its own text, without that of the elements in it.
    text: String,
    children: Vec<Element>,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn children(&self) -> &[Self] {
        &self.children
    }

    /// Returns the elements in it that have a name.
    pub(super) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Returns the first element on a path of names.
    pub(super) fn first(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |element, name| element.children.iter().find(|child| child.name == *name))
    }

    /// Returns its text without blanks around it.
    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }
}

/// Hands over each element whose parent is one of the `lists`, with the name of that, in the order of the document. One
/// that breaks a limit comes as its beginning alone, and why.
///
/// # Errors
/// Where the document is no XML, ends too early, or `take` fails.
pub(super) fn each(
    bytes: &[u8],
    lists: &[&str],
    mut take: impl FnMut(&str, Element, Result<(), String>) -> Result<(), String>,
) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "its text is not UTF-8".to_owned())?;
    let mut document = Document::new(text);
    // The elements that are open above the members of lists; `None` stands for the outside.
    let mut open: Vec<String> = vec![];
    let mut has_root = false;
    loop {
        match document.next()? {
            Event::Eof if open.is_empty() && has_root => return Ok(()),
            Event::Eof => return Err("it ends too early".to_owned()),
            Event::End(_) => drop(open.pop()),
            Event::Start(start) => {
                let name = start.local_name().as_ref().to_owned();
                match open.last().filter(|parent| lists.contains(&parent.as_str())) {
                    Some(parent) => {
                        let (element, is_whole) = document.element(&start)?;
                        take(parent, element, is_whole)?;
                    }
                    None if has_root && open.is_empty() => return Err("it has two roots".to_owned()),
                    None if !has_root || (open.len() < LISTS_DEPTH_MAX && lists.contains(&name.as_str())) => {
                        open.push(name);
                    }
                    None => document.pass(&start)?,
                }
                has_root = true;
            }
            _ => {}
        }
    }
}

struct Document<'x> {
    reader: Reader<&'x [u8]>,
}

impl<'x> Document<'x> {
    fn new(text: &'x str) -> Self {
        let mut reader = Reader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
        reader.config_mut().expand_empty_elements = true;
        Self { reader }
    }

    fn next(&mut self) -> Result<Event<'x>, String> {
        match self.reader.read_event() {
            Ok(Event::DocType(_)) => Err("it has a document type".to_owned()),
            Ok(event) => Ok(event),
            Err(e) => Err(said(&e)),
        }
    }

    fn pass(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        self.reader.read_to_end(start.name()).map(drop).map_err(|e| said(&e))
    }

    /// Reads an element to its end. What breaks a limit is passed over.
    fn element(&mut self, start: &BytesStart<'_>) -> Result<(Element, Result<(), String>), String> {
        let (mut element, mut is_whole) = (Element::default(), Ok(()));
        match begin(start) {
            Ok(begun) => element = begun,
            Err(reason) => is_whole = Err(reason),
        }
        // The elements that are open, each within the one before it; `depth` counts also those passed over.
        let (mut above, mut depth, mut count) = (Vec::<Element>::new(), 1_usize, 1_usize);
        loop {
            let event = self.next()?;
            match event {
                Event::Eof => return Err("it ends too early".to_owned()),
                Event::Start(start) => {
                    (depth, count) = (depth + 1, count + 1);
                    match is_whole.clone().and_then(|()| within(depth, count)).and_then(|()| begin(&start)) {
                        Ok(begun) => above.push(std::mem::replace(&mut element, begun)),
                        Err(reason) => is_whole = Err(reason),
                    }
                }
                Event::End(_) => {
                    depth -= 1;
                    if depth == 0 {
                        return Ok((above.into_iter().next().unwrap_or(element), is_whole));
                    }
                    // One that broke a limit is left as it was then, so that its beginning stands first.
                    if let Some(mut parent) = is_whole.is_ok().then(|| above.pop()).flatten() {
                        parent.children.push(element);
                        element = parent;
                    }
                }
                event if is_whole.is_ok() => add(&mut element.text, &event)?,
                _ => {}
            }
        }
    }
}

fn within(depth: usize, count: usize) -> Result<(), String> {
    if depth > DEPTH_MAX {
        Err(format!("more than {DEPTH_MAX} levels"))
    } else if count > ELEMENTS_MAX {
        Err(format!("more than {ELEMENTS_MAX} elements"))
    } else {
        Ok(())
    }
}

fn begin(start: &BytesStart<'_>) -> Result<Element, String> {
    let name = start.local_name().as_ref().to_owned();
    let mut attributes = vec![];
    for attribute in start.attributes() {
        if attributes.len() == ATTRIBUTES_MAX {
            return Err(format!("an element with more than {ATTRIBUTES_MAX} attributes"));
        }
        let attribute = attribute.map_err(|e| said(&e))?;
        let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|e| said(&e))?;
        attributes.push((attribute.key.local_name().as_ref().to_owned(), value.into_owned()));
    }
    Ok(Element { name, attributes, ..Element::default() })
}

/// Adds what an event says to the text of an element.
fn add(text: &mut String, event: &Event<'_>) -> Result<(), String> {
    match event {
        Event::Text(more) => text.push_str(&more.xml10_content()),
        Event::CData(more) => text.push_str(&more.xml10_content()),
        Event::GeneralRef(reference) => {
            if let Some(character) = reference.resolve_char_ref().map_err(|e| said(&e))? {
                text.push(character);
            } else {
                let name = reference.xml10_content();
                let known = resolve_xml_entity(&name);
                text.push_str(known.ok_or_else(|| format!("the entity `{}` is not defined", shown(&name)))?);
            }
        }
        _ => {}
    }
    Ok(())
}

/// Messages of the parser quote what they find.
fn said(error: &dyn std::fmt::Display) -> String {
    error.to_string().chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Found = (String, Element, Result<(), String>);

    fn read(text: &str, lists: &[&str]) -> Result<Vec<Found>, String> {
        let mut found = vec![];
        each(text.as_bytes(), lists, |list, element, is_whole| {
            found.push((list.to_owned(), element, is_whole));
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn members_of_lists_are_handed_over() {
        let text = "\u{feff}<?xml version=\"1.0\"?><!-- < --><d:root xmlns:d=\"x\">text<generator><a/></generator>\
            <d:tests><d:test id=\"1\" c=\"a &lt; b &#65;\"><name> x&amp;<b>n</b><![CDATA[<y>]]>\n</name></d:test>\
            <test id='2'/></d:tests><other><tests><test id='3'/></tests></other><states>\
            <state><tests><x/></tests></state></states></d:root>\n<!-- end -->";
        let found = read(text, &["tests", "states"]).unwrap();
        let ids: Vec<_> = found.iter().map(|(list, e, _)| (&**list, &*e.name, e.attribute("id"))).collect();
        assert_eq!(
            ids,
            [("tests", "test", Some("1")), ("tests", "test", Some("2")), ("states", "state", None)]
        );
        let first = &found[0].1;
        assert_eq!(first.attribute("c"), Some("a < b A"));
        let name = first.first(&["name"]).unwrap();
        assert_eq!((name.text(), name.first(&["b"]).unwrap().text()), ("x&<y>", "n"));
        assert_eq!((first.children().len(), first.all("name").count(), first.all("b").count()), (1, 1, 0));
        assert_eq!(found[2].1.first(&["tests", "x"]).unwrap().name, "x");
        assert_eq!(found[2].1.first(&["tests", "y"]), None);
        assert!(found.iter().all(|(.., is_whole)| is_whole.is_ok()));
        let updates = read("<updates><update><id>A</id></update></updates>", &["updates"]).unwrap();
        assert_eq!(updates[0].1.first(&["id"]).unwrap().text(), "A");
    }

    #[test]
    fn a_member_beyond_a_limit_is_its_beginning_and_the_others_are_whole() {
        let deep = |levels: usize| format!("{}{}", "<c>".repeat(levels), "</c>".repeat(levels));
        let attributes = |count: usize| (0..count).map(|n| format!(" a{n}=''")).collect::<Vec<_>>().concat();
        let many = |count: usize| "<c/>".repeat(count);
        for (inside, expected) in [
            (deep(DEPTH_MAX - 1), None),
            (deep(DEPTH_MAX), Some("more than 32 levels")),
            (deep(100_000), Some("more than 32 levels")),
            (many(ELEMENTS_MAX - 1), None),
            (many(ELEMENTS_MAX), Some("more than 200000 elements")),
            (format!("<c{}/>", attributes(ATTRIBUTES_MAX)), None),
            (
                format!("<c{}/>", attributes(ATTRIBUTES_MAX + 1)),
                Some("an element with more than 64 attributes"),
            ),
            (format!("<c{}><d/></c>", attributes(50_000)), Some("an element with more than 64 attributes")),
        ] {
            let text = format!("<l><m id='1'>{inside}</m><m id='2'><b/></m></l>");
            let found = read(&text, &["l"]).unwrap();
            assert_eq!(found.len(), 2);
            assert_eq!(found[0].2.clone().err().as_deref(), expected);
            assert_eq!((found[0].1.attribute("id"), found[0].1.name.as_str()), (Some("1"), "m"));
            assert_eq!(
                (found[1].1.attribute("id"), found[1].1.children().len(), &found[1].2),
                (Some("2"), 1, &Ok(()))
            );
        }
        let found = read(&format!("<l><m{}/><m/></l>", attributes(65)), &["l"]).unwrap();
        assert_eq!((found[0].2.is_err(), found[1].2.is_ok()), (true, true));
    }

    #[test]
    fn documents_that_are_damaged_or_define_something_are_refused() {
        for (text, expected) in [
            ("", "it ends too early"),
            ("<l>", "it ends too early"),
            ("<l><m>", "it ends too early"),
            ("<l></l><l></l>", "it has two roots"),
            ("<!DOCTYPE l [<!ENTITY a 'b'>]><l/>", "it has a document type"),
            ("<l><m><!DOCTYPE x></m></l>", "it has a document type"),
            ("<l><m>&a;</m></l>", "the entity `a` is not defined"),
        ] {
            assert_eq!(read(text, &["l"]).unwrap_err(), expected, "{text}");
        }
        for text in ["<l><m></l>", "<l></m></l>", "<l", "<l><m a=1/><n a='&b;'/>", "<l><m>&#0;</m></l>", "x<"]
        {
            assert!(read(text, &["l"]).is_err(), "{text}");
        }
        assert_eq!(each(b"<l>\xff</l>", &["l"], |_, _, _| Ok(())).unwrap_err(), "its text is not UTF-8");
        let stopped = each(b"<l><m/><m/></l>", &["l"], |_, _, _| Err("enough".to_owned()));
        assert_eq!(stopped.unwrap_err(), "enough");
        let deep = "<a>".repeat(200_000);
        assert!(read(&format!("<l>{deep}"), &["none"]).is_err());
    }
}
