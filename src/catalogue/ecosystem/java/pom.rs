//! The few elements of a Maven project (`pom.xml`, POM reference) that tell what an artifact is and needs.

use std::collections::BTreeMap;

use super::properties::Coordinates;
use super::xml::{Event, Scanner};

/// How deep elements of interest lie; what lies deeper is passed over.
const DEPTH_MAX: usize = 64;

/// The longest text that is kept of an element.
const TEXT_BYTES_MAX: usize = 1024;

/// The most licences and dependencies that are kept.
const LISTED_MAX: usize = 2000;

/// How often a value's placeholders are replaced: values of properties may hold placeholders.
const ROUNDS_MAX: usize = 4;

/// A project, its placeholders replaced where it says itself by what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pom {
    /// Group and version of the parent where it has none of its own.
    pub coordinates: Coordinates,
    /// The name of its licence, or its URL where it has no name. Of several any may be chosen (POM reference,
    /// "Licenses"), which `(A) OR (B)` says.
    pub licence: Option<String>,
    /// Where its source is, a URL.
    pub source_url: Option<String>,
    /// Its organisation's URL, else a developer's address, else the organisation's name.
    pub creator: Option<String>,
    /// `group/artifact` of what it needs at run time.
    pub needs: Vec<String>,
}

/// Texts by the path of their element, `parent/version`, and the elements that come several times.
#[derive(Default)]
struct Texts {
    single: BTreeMap<String, String>,
    licences: Vec<BTreeMap<String, String>>,
    dependencies: Vec<BTreeMap<String, String>>,
}

/// Reads a project; total on any bytes.
pub(super) fn parse(bytes: &[u8]) -> Pom {
    let text = String::from_utf8_lossy(bytes);
    let texts = Texts::read(&text);
    let single = |path: &str| texts.value(texts.single.get(path)?);
    let own = |name: &str| single(name).or_else(|| single(&format!("parent/{name}"))).unwrap_or_default();
    let url =
        |path: &str| single(path).filter(|text| text.starts_with("http://") || text.starts_with("https://"));
    Pom {
        coordinates: Coordinates {
            group: own("groupId"),
            artifact: single("artifactId").unwrap_or_default(),
            version: own("version"),
        },
        licence: texts.licence(),
        source_url: url("scm/url"),
        creator: url("organization/url")
            .or_else(|| single("developers/developer/email").filter(|email| email.contains('@')))
            .or_else(|| single("organization/name")),
        needs: texts.dependencies.iter().filter_map(|fields| texts.need(fields)).collect(),
    }
}

impl Texts {
    fn read(text: &str) -> Self {
        let mut texts = Self::default();
        let mut open: Vec<&str> = vec![];
        let mut deeper = 0_usize;
        for event in Scanner::new(text) {
            match event {
                Event::Start(_) if open.len() >= DEPTH_MAX => deeper += 1,
                Event::Start(name) => {
                    open.push(name);
                    texts.begin(&open);
                }
                Event::End if deeper > 0 => deeper -= 1,
                Event::End => drop(open.pop()),
                Event::Text(text) if deeper == 0 => texts.text(&open, text.trim()),
                Event::Text(_) => {}
            }
        }
        texts
    }

    fn begin(&mut self, open: &[&str]) {
        match open {
            ["project", "licenses", "license"] if self.licences.len() < LISTED_MAX => {
                self.licences.push(BTreeMap::new());
            }
            ["project", "dependencies", "dependency"] if self.dependencies.len() < LISTED_MAX => {
                self.dependencies.push(BTreeMap::new());
            }
            _ => {}
        }
    }

    /// Keeps a text; of an element that comes several times the first counts.
    fn text(&mut self, open: &[&str], text: &str) {
        let (target, path) = match open {
            ["project", "licenses", "license", field] => (self.licences.last_mut(), (*field).to_owned()),
            ["project", "dependencies", "dependency", field] => {
                (self.dependencies.last_mut(), (*field).to_owned())
            }
            ["project", path @ ..] if (1..=3).contains(&path.len()) => {
                (Some(&mut self.single), path.join("/"))
            }
            _ => return,
        };
        if let Some(target) = target.filter(|_| !text.is_empty() && text.len() <= TEXT_BYTES_MAX) {
            target.entry(path).or_insert_with(|| text.to_owned());
        }
    }

    /// Returns a value without placeholders, or `None` where the project does not say what they stand for.
    fn value(&self, written: &str) -> Option<String> {
        let mut value = written.to_owned();
        for _ in 0..ROUNDS_MAX {
            let Some(start) = value.find("${") else { return Some(value) };
            let (key, after) = value[start + 2..].split_once('}')?;
            let key = key.strip_prefix("project.").or_else(|| key.strip_prefix("pom.")).unwrap_or(key);
            let path = key.replace('.', "/");
            let of_parent =
                || self.single.get(&format!("parent/{key}")).filter(|_| key == "version" || key == "groupId");
            let property = || self.single.get(&format!("properties/{key}"));
            let replacement = self.single.get(&path).or_else(of_parent).or_else(property)?;
            value = format!("{}{replacement}{after}", &value[..start]);
            if value.len() > TEXT_BYTES_MAX {
                return None;
            }
        }
        Some(value).filter(|value| !value.contains("${"))
    }

    fn licence(&self) -> Option<String> {
        let name = |fields: &BTreeMap<String, String>| {
            ["name", "url"].iter().find_map(|field| self.value(fields.get(*field)?))
        };
        let mut names: Vec<String> = self.licences.iter().filter_map(name).collect();
        if names.len() < 2 {
            return names.pop();
        }
        let choices: Vec<String> = names.iter().map(|name| format!("({name})")).collect();
        Some(choices.join(" OR "))
    }

    /// Returns what is needed at run time, `None` for what only building, testing or a container provides.
    fn need(&self, fields: &BTreeMap<String, String>) -> Option<String> {
        let field = |name: &str| fields.get(name).and_then(|text| self.value(text));
        let scope = fields.get("scope").map_or("compile", String::as_str);
        let is_needed =
            matches!(scope, "compile" | "runtime") && field("optional").as_deref() != Some("true");
        let (group, artifact) = (field("groupId")?, field("artifactId")?);
        is_needed.then(|| format!("{group}/{artifact}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_tells_what_it_is_and_needs() {
        let pom = parse(
            b"<?xml version=\"1.0\"?><!DOCTYPE project>
            <project xmlns=\"http://maven.apache.org/POM/4.0.0\">
              <parent><groupId>org.example</groupId><artifactId>parent</artifactId><version>3</version></parent>
              <artifactId>child</artifactId>
              <properties><revision>1.${minor}</revision><minor>7</minor></properties>
              <version>${revision}</version>
              <licenses>
                <license><name>Apache License, Version 2.0</name><url>https://a</url></license>
                <license><url>http://www.opensource.org/licenses/mit-license.php</url></license>
              </licenses>
              <scm><url>https://example.org/src</url></scm>
              <organization><name>Example</name><url>https://example.org</url></organization>
              <dependencies>
                <dependency><groupId>${project.groupId}</groupId><artifactId>a</artifactId><version>1</version></dependency>
                <dependency><groupId>g</groupId><artifactId>t</artifactId><scope>test</scope></dependency>
                <dependency><groupId>g</groupId><artifactId>o</artifactId><optional>true</optional></dependency>
                <dependency><groupId>g</groupId><artifactId>r</artifactId><scope>runtime</scope>
                  <exclusions><exclusion><groupId>x</groupId><artifactId>y</artifactId></exclusion></exclusions></dependency>
              </dependencies>
              <build><plugins><plugin><groupId>wrong</groupId><version>9</version></plugin></plugins></build>
            </project>",
        );
        let coordinates =
            Coordinates { group: "org.example".into(), artifact: "child".into(), version: "1.7".into() };
        assert_eq!(
            pom,
            Pom {
                coordinates,
                licence: Some(
                    "(Apache License, Version 2.0) OR (http://www.opensource.org/licenses/mit-license.php)"
                        .into()
                ),
                source_url: Some("https://example.org/src".into()),
                creator: Some("https://example.org".into()),
                needs: vec!["org.example/a".into(), "g/r".into()],
            }
        );
    }

    #[test]
    fn what_a_project_does_not_say_itself_stays_unknown() {
        for text in [
            "",
            "<project><version>${unknown}</version></project>",
            "<project><version>${version}</version></project>",
            "<project><version>${a}</version><properties><a>${b}</a><b>${a}</b></properties></project>",
            "<other><version>1</version></other>",
            "<project><version>${a</version></project>",
        ] {
            assert_eq!(parse(text.as_bytes()), Pom::default(), "{text}");
        }
    }

    #[test]
    fn elements_nested_a_hundred_thousand_deep_are_passed_over() {
        let text = format!(
            "<project>{}{}<version>1</version></project>",
            "<a>".repeat(100_000),
            "</a>".repeat(100_000)
        );
        assert_eq!(parse(text.as_bytes()).coordinates.version, "1");
    }

    #[test]
    fn placeholders_that_grow_are_given_up() {
        let text = format!(
            "<project><version>${{a}}</version><properties><a>{}</a></properties></project>",
            "${a}".repeat(200)
        );
        assert_eq!(parse(text.as_bytes()).coordinates.version, "");
    }

    #[test]
    fn a_project_cut_off_anywhere_is_read_as_far_as_it_goes() {
        let text =
            "<project><groupId>g</groupId><licenses><license><name>MIT</name></license></licenses></project>";
        for end in 0..text.len() {
            let pom = parse(&text.as_bytes()[..end]);
            assert!(pom.licence.is_none_or(|licence| "MIT".starts_with(&licence)));
        }
    }
}
