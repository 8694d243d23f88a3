//! Tests of OVAL, with the objects and states that they refer to: each says one thing of one package.

use std::collections::HashMap;

use crate::advisory::{
    format::xml::{self, Element},
    record::{at_most, shown},
};

/// Most tests, objects and states of one file, all together. SUSE has some 500,000 tests in the file of a release, and
/// fewer of the others.
const CHECKS_MAX: usize = 5_000_000;
/// Most bytes of an identifier, the name of a package or its version; longer ones are refused with their definition.
const TEXT_BYTES_MAX: usize = 1_024;

/// What a test says of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Check {
    /// It is installed in a version earlier than this one, which has its epoch: `0:1.2-3`.
    EarlierThan { package: String, version: String },
    /// It is installed in any version: SUSE's way to write that there is no repair.
    Installed { package: String },
    /// Something else: the release, a signature, an architecture.
    Other,
}

/// What a state asks of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    EarlierThan(String),
    Any,
    Other,
}

/// Which object and state a test refers to.
struct References {
    object: String,
    state: String,
}

/// Every test of a file by its identifier.
#[derive(Default)]
pub(super) struct Checks {
    /// Number of tests, objects and states, usable or not.
    read: usize,
    tests: HashMap<String, References>,
    /// Names of packages.
    objects: HashMap<String, String>,
    states: HashMap<String, State>,
}

impl Checks {
    /// Reads the tests, objects and states of a file and passes over its definitions, which stand before them.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut checks = Self::default();
        // SUSE once wrote `state` where the schema wants `states`.
        xml::each(bytes, &["tests", "objects", "states", "state"], |list, element, is_whole| {
            if is_whole.is_ok() {
                checks.add(list, &element)?;
            }
            Ok(())
        })?;
        Ok(checks)
    }

    fn add(&mut self, list: &str, element: &Element) -> Result<(), String> {
        self.read += 1;
        at_most(self.read, CHECKS_MAX, "tests, objects and states")?;
        let Some(id) = element.attribute("id").filter(|id| id.len() <= TEXT_BYTES_MAX) else { return Ok(()) };
        match list {
            "tests" => drop(references(element).and_then(|found| self.tests.insert(id.to_owned(), found))),
            "objects" => {
                let name =
                    element.first(&["name"]).map(Element::text).filter(|name| name.len() <= TEXT_BYTES_MAX);
                self.objects.extend(name.map(|name| (id.to_owned(), name.to_owned())));
            }
            _ => drop(self.states.insert(id.to_owned(), state(element))),
        }
        Ok(())
    }

    /// Returns what a test says; tests of other kinds than packages refer to no name.
    pub(super) fn find(&self, test: &str) -> Result<Check, String> {
        let Some(test) = self.tests.get(test) else {
            return Err(format!("the test `{}` is not in the file", shown(test)));
        };
        let (object, state) = (self.objects.get(&test.object), self.states.get(&test.state));
        Ok(match (object, state) {
            (Some(package), Some(State::EarlierThan(version))) => {
                Check::EarlierThan { package: package.clone(), version: version.clone() }
            }
            (Some(package), Some(State::Any)) => Check::Installed { package: package.clone() },
            _ => Check::Other,
        })
    }
}

/// Returns what a test refers to. One that wants no package to be in a state says nothing of the vulnerable ones, and
/// one without a state is no test of a version; both are kept as tests that refer to nothing.
fn references(test: &Element) -> Option<References> {
    let is_negative = test.attribute("check") == Some("none satisfy")
        || matches!(test.attribute("check_existence"), Some("none_exist" | "none satisfy"));
    let told = |element: &str, attribute: &str| {
        let reference = test.first(&[element]).and_then(|found| found.attribute(attribute));
        reference.filter(|_| !is_negative).unwrap_or_default().to_owned()
    };
    let found = References { object: told("object", "object_ref"), state: told("state", "state_ref") };
    (found.object.len() <= TEXT_BYTES_MAX && found.state.len() <= TEXT_BYTES_MAX).then_some(found)
}

fn state(state: &Element) -> State {
    let Some(evr) = state.first(&["evr"]) else { return State::Other };
    match (evr.attribute("operation"), evr.text()) {
        (Some("less than"), version) if version.len() <= TEXT_BYTES_MAX => {
            State::EarlierThan(version.to_owned())
        }
        (Some("greater than"), "0:0-0") => State::Any,
        _ => State::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tests: &str, objects: &str, states: &str) -> Result<Checks, String> {
        let text = format!(
            "<oval_definitions xmlns:l='x'><definitions><definition id='d'/></definitions><tests>{tests}</tests>\
             <objects>{objects}</objects><states>{states}</states></oval_definitions>"
        );
        Checks::read(text.as_bytes())
    }

    #[test]
    fn tests_are_what_their_object_and_state_say() {
        let test = |id: &str, attributes: &str, object: &str, state: &str| {
            format!(
                "<l:rpminfo_test id='{id}' {attributes}><l:object object_ref='{object}'/><l:state state_ref='{state}'/></l:rpminfo_test>"
            )
        };
        let at_least = "check='at least one'";
        let tests = [
            test("fixed", at_least, "o", "less"),
            test("unfixed", at_least, "o", "any"),
            test("equal", at_least, "o", "equal"),
            test("newer", at_least, "o", "newer"),
            test("key", at_least, "o", "key"),
            test("no object", at_least, "x", "less"),
            test("no state", at_least, "o", "x"),
            test("none", "check='none satisfy'", "o", "less"),
            test("absent", "check_existence='none_exist' check='all'", "o", "less"),
            "<textfilecontent54_test id='file'><object object_ref='f'/></textfilecontent54_test>".to_owned(),
        ]
        .concat();
        let objects = "<rpminfo_object id='o'><name>openssl</name></rpminfo_object>\
            <textfilecontent54_object id='f'><path>/etc</path></textfilecontent54_object>";
        let states = "<rpminfo_state id='less'><arch operation='pattern match'>x86_64</arch>\
            <evr datatype='evr_string' operation='less than'>1:1.1.1k-9.el8_7</evr></rpminfo_state>\
            <rpminfo_state id='any'><evr operation='greater than'>0:0-0</evr></rpminfo_state>\
            <rpminfo_state id='newer'><evr operation='greater than'>0:1-0</evr></rpminfo_state>\
            <rpminfo_state id='equal'><version operation='equals'>0</version></rpminfo_state>\
            <rpminfo_state id='key'><signature_keyid operation='equals'>82562ea9ad986da3</signature_keyid></rpminfo_state>";
        let checks = read(&tests, objects, states).unwrap();
        let openssl = || "openssl".to_owned();
        let fixed = Check::EarlierThan { package: openssl(), version: "1:1.1.1k-9.el8_7".into() };
        assert_eq!(checks.find("fixed"), Ok(fixed));
        assert_eq!(checks.find("unfixed"), Ok(Check::Installed { package: openssl() }));
        for other in ["equal", "newer", "key", "no object", "no state", "none", "absent", "file"] {
            assert_eq!(checks.find(other), Ok(Check::Other), "{other}");
        }
        assert_eq!(checks.find("x\u{7}"), Err("the test `x?` is not in the file".into()));
    }

    #[test]
    fn texts_have_limits() {
        let long = "1".repeat(TEXT_BYTES_MAX + 1);
        let test = |id: &str, object: &str| {
            format!("<t id='{id}'><object object_ref='{object}'/><state state_ref='s'/></t>")
        };
        let tests = [test("a", "long"), test("b", "o"), test(&long, "o"), test("c", &long)].concat();
        let objects =
            format!("<o id='long'><name>{long}</name></o><o id='o'><name>x</name></o><o><name>y</name></o>");
        let states = format!("<s id='s'><evr operation='less than'>{long}</evr></s>");
        let checks = read(&tests, &objects, &states).unwrap();
        assert_eq!((checks.tests.len(), checks.objects.len(), checks.states.len()), (2, 1, 1));
        assert_eq!((checks.find("a"), checks.find("b")), (Ok(Check::Other), Ok(Check::Other)));
        let nested = format!("<t id='a'>{}{}</t>", "<x>".repeat(40), "</x>".repeat(40));
        assert!(read(&nested, "", "").unwrap().find("a").is_err());
    }

    #[test]
    fn files_of_too_many_tests_are_refused() {
        let mut checks = Checks { read: CHECKS_MAX - 1, ..Checks::default() };
        let mut element = None;
        xml::each(b"<tests><t id='x'/></tests>", &["tests"], |_, found, _| {
            element = Some(found);
            Ok(())
        })
        .unwrap();
        let element = element.unwrap();
        assert_eq!(checks.add("tests", &element), Ok(()));
        let refused = checks.add("tests", &element).unwrap_err();
        assert_eq!(refused, "5000001 tests, objects and states, more than 5000000");
    }
}
