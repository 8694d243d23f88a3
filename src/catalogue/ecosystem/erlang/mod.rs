//! Erlang and Elixir: applications of OTP and of releases, `ebin/<name>.app` (erlang.org, app(4)), and packages of Hex in
//! `deps`, `hex_metadata.config` (hexpm/specifications, "package_metadata").
//!
//! Both are Erlang terms as text, read by [`term`].

mod term;

use super::{Cataloguer, Wants, word};
use crate::catalogue::declared;
use crate::catalogue::found::{File, Found, Need, Parsed};
use crate::catalogue::path::split;
use crate::model::Ecosystem;
use term::Term;

pub(super) const CATALOGUER: Cataloguer =
    Cataloguer { name: "erlang", wants: &[Wants::Paths(is_wanted)], parse: read };

const HEX: &str = "hex_metadata.config";

/// Names of links under which source is to be had; people write them as they like.
const SOURCE_LINKS: [&str; 4] = ["github", "gitlab", "source", "repository"];

fn is_wanted(path: &str) -> bool {
    let (directory, name) = split(path);
    name == HEX || (name.strip_suffix(".app").is_some() && split(directory).1 == "ebin")
}

fn read(file: &File<'_>) -> Parsed {
    let text = String::from_utf8_lossy(file.bytes);
    let Some(terms) = term::read(&text) else { return Parsed::gap("not Erlang terms") };
    let mut parsed = Parsed::default();
    parsed.add(if file.name() == HEX { package(&terms) } else { application(&terms) });
    parsed
}

/// Reads `{application, name, [{vsn, "1.0"}, …]}`.
fn application(terms: &[Term]) -> Option<Found> {
    let Some(Term::Tuple(items)) = terms.first() else { return None };
    let [Term::Text(kind), Term::Text(name), Term::List(fields)] = items.as_slice() else { return None };
    let version = value(fields, "vsn")?.text()?;
    let texts = |key| value(fields, key).map(Term::items).unwrap_or_default().iter().filter_map(Term::text);
    let needs =
        ["applications", "included_applications", "optional_applications"].into_iter().flat_map(texts);
    let found = Found {
        licences: texts("licenses").filter_map(declared::licence).collect(),
        source_url: source(fields),
        needs: needs.filter_map(|name| word(name.as_bytes()).map(Need::any)).collect(),
        ..Found::new(Ecosystem::Otp, word(name.as_bytes())?, word(version.as_bytes())?)
    };
    (kind == "application").then_some(found)
}

/// Reads `{<<"name">>, <<"jason">>}.` and its like, one term a field.
fn package(terms: &[Term]) -> Option<Found> {
    let text = |key| value(terms, key).and_then(Term::text).and_then(|text| word(text.as_bytes()));
    let licences = value(terms, "licenses").map(Term::items).unwrap_or_default();
    Some(Found {
        licences: licences.iter().filter_map(Term::text).filter_map(declared::licence).collect(),
        source_url: source(terms),
        needs: value(terms, "requirements").map(requirements).unwrap_or_default(),
        ..Found::new(Ecosystem::Hex, text("name")?, text("version")?)
    })
}

/// Reads `[{<<"decimal">>, […]}]`, or since Hex 0.10 `[[{<<"name">>, <<"decimal">>}, …]]`.
fn requirements(term: &Term) -> Vec<Need> {
    let name = |term: &Term| match term {
        Term::Tuple(pair) => pair.first()?.text().map(str::to_owned),
        Term::List(fields) => value(fields, "name")?.text().map(str::to_owned),
        _ => None,
    };
    let names = term.items().iter().filter_map(name);
    names.filter_map(|name| word(name.as_bytes()).map(Need::any)).collect()
}

fn source(fields: &[Term]) -> Option<String> {
    let links = value(fields, "links")?.items();
    links.iter().find_map(|link| {
        let Term::Tuple(pair) = link else { return None };
        let [label, url] = pair.as_slice() else { return None };
        let is_source = SOURCE_LINKS
            .iter()
            .any(|known| label.text().is_some_and(|label| label.to_ascii_lowercase().starts_with(known)));
        declared::url(url.text()?).filter(|_| is_source)
    })
}

/// Returns the value of a key in a list of pairs.
fn value<'t>(pairs: &'t [Term], key: &str) -> Option<&'t Term> {
    pairs.iter().find_map(|pair| match pair {
        Term::Tuple(pair) if pair.len() == 2 && pair[0].text() == Some(key) => Some(&pair[1]),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const JASON: &str = r#"% generated
{application,jason,
             [{modules,['Elixir.Jason','Elixir.Jason.Codegen']},
              {optional_applications,[decimal]},
              {applications,[kernel,stdlib,elixir,decimal]},
              {description,"A blazing \"fast\" JSON parser."},
              {registered,[]},{mod,{'Elixir.Jason.App',[]}},
              {licenses,["Apache-2.0"]},
              {links,[{"GitHub","https://github.com/michalmuskala/jason"}]},
              {vsn,"1.4.1"}]}.
"#;

    const METADATA: &str = r#"{<<"app">>,<<"jason">>}.
{<<"licenses">>,[<<"Apache-2.0">>]}.
{<<"links">>,[{<<"GitHub">>,<<"https://github.com/michalmuskala/jason">>}]}.
{<<"name">>,<<"jason">>}.
{<<"requirements">>,
 [[{<<"app">>,<<"decimal">>},{<<"name">>,<<"decimal">>},{<<"optional">>,true},{<<"requirement">>,<<"~> 1.0 or ~> 2.0">>}]]}.
{<<"version">>,<<"1.4.1">>}.
"#;

    fn one(path: &str, text: &str) -> Found {
        let parsed = read(&File { path, bytes: text.as_bytes() });
        assert_eq!((parsed.packages.len(), parsed.unreadable, parsed.gaps.len()), (1, 0, 0), "{text}");
        parsed.packages.into_iter().next().unwrap()
    }

    #[test]
    fn applications_and_packages_are_told_apart() {
        let application = one("app/lib/jason-1.4.1/ebin/jason.app", JASON);
        let package = one("app/deps/jason/hex_metadata.config", METADATA);
        for (found, ecosystem) in [(&application, Ecosystem::Otp), (&package, Ecosystem::Hex)] {
            assert_eq!(
                (found.ecosystem, found.name.as_str(), found.version.as_str()),
                (ecosystem, "jason", "1.4.1")
            );
            assert_eq!(found.licences, ["Apache-2.0"]);
            assert_eq!(found.source_url.as_deref(), Some("https://github.com/michalmuskala/jason"));
        }
        assert_eq!(package.needs, [Need::any("decimal")]);
        assert_eq!(application.needs, ["kernel", "stdlib", "elixir", "decimal", "decimal"].map(Need::any));
        let old =
            "{<<\"name\">>,<<\"a\">>}. {<<\"version\">>,<<\"1\">>}. {<<\"requirements\">>,[{<<\"b\">>,[]}]}.";
        assert_eq!(one("hex_metadata.config", old).needs, [Need::any("b")]);
    }

    #[test]
    fn what_is_no_application_is_told() {
        for (text, unreadable, gaps) in [
            ("{application,a,[]}.", 1, 0),
            ("{application,a,[{vsn,git}]}.", 0, 0),
            ("{application,a,[{vsn,[]}]}.", 1, 0),
            ("{other,a,[{vsn,\"1\"}]}.", 1, 0),
            ("{application,'a\u{1b}[2J',[{vsn,\"1\"}]}.", 1, 0),
            ("[]", 1, 0),
            ("", 1, 0),
            ("{application", 0, 1),
            ("<?xml version=\"1.0\"?>", 0, 1),
        ] {
            let parsed = read(&File { path: "lib/a/ebin/a.app", bytes: text.as_bytes() });
            assert_eq!((parsed.unreadable, parsed.gaps.len()), (unreadable, gaps), "{text}");
        }
        for (path, wanted) in [
            ("usr/lib/erlang/lib/kernel-9.1/ebin/kernel.app", true),
            ("usr/lib/erlang/lib/kernel-9.1/src/kernel.app", false),
            ("Applications/X.app", false),
            ("deps/jason/hex_metadata.config", true),
        ] {
            assert_eq!(is_wanted(path), wanted, "{path}");
        }
    }
}
