//! Holds expressions against lists of licences.
//!
//! An `OR` lets one side be chosen, an `AND` asks for both, and `or later` is a choice among the versions there are.

use std::collections::BTreeSet;

use super::Term;

/// Which licences are accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// Not accepted, even where `allow` names them; but an exception that `allow` names wins over the bare licence here.
    pub deny: Vec<Term>,
    /// Where it is there, nothing else is accepted.
    pub allow: Option<Vec<Term>>,
}

/// What becomes of an expression, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    Accepted,
    /// It hangs on a part whose licence cannot be read.
    Unreadable,
    NotAllowed,
    Denied,
}

/// An expression, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    pub standing: Standing,
    /// The parts that have this standing; none where nothing in it can be read.
    pub because: BTreeSet<String>,
}

impl Rule {
    /// Judges an expression as [`super::normalise`] returns it. What does not parse cannot be read.
    pub fn judge(&self, expression: &str) -> Judged {
        let Ok(parsed) = spdx::Expression::parse(expression) else {
            return Judged { standing: Standing::Unreadable, because: BTreeSet::new() };
        };
        let passes = |worst: Standing| parsed.evaluate(|part| self.part(&part.to_string()) <= worst);
        let standing = [Standing::Accepted, Standing::Unreadable, Standing::NotAllowed]
            .into_iter()
            .find(|worst| passes(*worst))
            .unwrap_or(Standing::Denied);
        let parts = parsed.requirements().map(|part| part.req.to_string());
        let is_term = |part: &String| part.parse::<Term>().is_ok();
        let because = parts
            .filter(|part| standing > Standing::Accepted && is_term(part) && self.part(part) == standing);
        Judged { standing, because: because.collect() }
    }

    /// Judges one licence.
    fn part(&self, text: &str) -> Standing {
        let Ok(term) = text.parse::<Term>() else { return Standing::Unreadable };
        let choices = term.choices();
        choices.iter().map(|choice| self.choice(choice)).min().unwrap_or(Standing::Unreadable)
    }

    fn choice(&self, choice: &Term) -> Standing {
        let names = |list: &[Term]| list.iter().any(|entry| entry.means(choice));
        let allow = self.allow.as_deref();
        let is_excepted =
            allow.unwrap_or_default().iter().any(|entry| entry.has_exception() && entry.means(choice));
        let denying = self.deny.iter().filter(|entry| entry.means(choice));
        if denying.clone().any(|entry| entry.has_exception() || !is_excepted) {
            return Standing::Denied;
        }
        match allow {
            Some(allow) if names(allow) => Standing::Accepted,
            _ if choice.is_unreadable() => Standing::Unreadable,
            Some(_) => Standing::NotAllowed,
            None => Standing::Accepted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::licence::TermError;

    fn terms(texts: &[&str]) -> Vec<Term> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn deny(texts: &[&str]) -> Rule {
        Rule { deny: terms(texts), allow: None }
    }

    fn allow(texts: &[&str]) -> Rule {
        Rule { deny: vec![], allow: Some(terms(texts)) }
    }

    #[test]
    fn every_current_identifier_is_a_term_and_means_itself() {
        let mut count = 0;
        for listed in spdx::identifiers::LICENSES {
            let is_none = matches!(listed.name, "NONE" | "NOASSERTION");
            let is_current = !spdx::license_id(listed.name).unwrap().is_deprecated() && !is_none;
            assert_eq!(listed.name.parse::<Term>().is_ok(), is_current, "{}", listed.name);
            if is_current {
                assert_eq!(
                    deny(&[listed.name]).judge(listed.name).standing,
                    Standing::Denied,
                    "{}",
                    listed.name
                );
                assert_eq!(
                    allow(&[listed.name]).judge(listed.name).standing,
                    Standing::Accepted,
                    "{}",
                    listed.name
                );
                count += 1;
            }
        }
        assert!(count > 500, "{count}");
    }

    #[test]
    fn what_names_no_licence_is_no_term() {
        for (text, error) in [
            ("", TermError::Licence),
            ("gpl-2.0-only", TermError::Licence),
            ("GPL-2.0", TermError::Licence),
            ("GPL-2.0-only+", TermError::Licence),
            ("GPL", TermError::Licence),
            ("LicenseRef-", TermError::Licence),
            ("LicenseRef-a b", TermError::Licence),
            ("MIT OR ISC", TermError::Several),
            ("GPL-2.0-only WITH classpath", TermError::Exception),
            ("GPL-2.0-only WITH ", TermError::Exception),
        ] {
            assert_eq!(text.parse::<Term>(), Err(error), "{text}");
        }
    }

    /// SPDX 2.3, annex D.4: precedence, choice and later versions.
    #[test]
    fn expressions_are_judged_as_spdx_means_them() {
        use Standing::{Accepted, Denied, NotAllowed, Unreadable};
        let agpl = || deny(&["AGPL-1.0-or-later"]);
        for (rule, expression, expected) in [
            (agpl(), "MIT", Accepted),
            (agpl(), "AGPL-3.0-only", Denied),
            (agpl(), "AGPL-3.0-or-later", Denied),
            (agpl(), "MIT OR AGPL-3.0-only", Accepted),
            (agpl(), "MIT AND AGPL-3.0-only", Denied),
            (agpl(), "MIT AND (AGPL-3.0-only OR ISC)", Accepted),
            (agpl(), "MIT OR AGPL-3.0-only AND ISC", Accepted),
            (agpl(), "(MIT OR ISC) AND AGPL-3.0-only", Denied),
            // A later version is a choice of whoever receives it.
            (deny(&["GPL-2.0-only"]), "GPL-2.0-or-later", Accepted),
            (deny(&["GPL-2.0-only"]), "GPL-2.0-only", Denied),
            (deny(&["GPL-3.0-only"]), "GPL-2.0-or-later", Accepted),
            (deny(&["GPL-3.0-only"]), "GPL-3.0-or-later", Denied),
            (deny(&["GPL-3.0-or-later"]), "GPL-3.0-only", Denied),
            (deny(&["GPL-1.0-or-later"]), "GPL-2.0-or-later", Denied),
            (deny(&["GPL-1.0-or-later"]), "LGPL-2.1-or-later", Accepted),
            (allow(&["GPL-3.0-only"]), "GPL-2.0-or-later", Accepted),
            (allow(&["GPL-3.0-only"]), "GPL-2.0-only", NotAllowed),
            (allow(&["EPL-2.0"]), "EPL-1.0+", Accepted),
            (allow(&["EPL-2.0"]), "EPL-1.0", NotAllowed),
            (allow(&["BSD-4-Clause"]), "BSD-3-Clause", NotAllowed),
            (deny(&["CC-BY-NC-1.0+"]), "CC-BY-NC-4.0", Denied),
            (deny(&["CC-BY-NC-1.0+"]), "CC-BY-4.0", Accepted),
            // Exceptions add permissions.
            (allow(&["GPL-2.0-only"]), "GPL-2.0-only WITH Classpath-exception-2.0", Accepted),
            (allow(&["GPL-2.0-only WITH Classpath-exception-2.0"]), "GPL-2.0-only", NotAllowed),
            (deny(&["GPL-2.0-only"]), "GPL-2.0-only WITH Classpath-exception-2.0", Denied),
            (deny(&["GPL-2.0-only WITH Classpath-exception-2.0"]), "GPL-2.0-only", Accepted),
            // What cannot be read.
            (agpl(), "MIT AND LicenseRef-fondaco-own-terms", Unreadable),
            (agpl(), "MIT OR LicenseRef-fondaco-own-terms", Accepted),
            (agpl(), "AGPL-3.0-only AND LicenseRef-fondaco-own-terms", Denied),
            (agpl(), "AGPL-3.0-only OR LicenseRef-fondaco-own-terms", Unreadable),
            (deny(&["LicenseRef-fondaco-own-terms"]), "LicenseRef-fondaco-own-terms", Denied),
            (allow(&["MIT"]), "LicenseRef-fondaco-own-terms", Unreadable),
            (allow(&["MIT"]), "LicenseRef-acme", NotAllowed),
            (allow(&["LicenseRef-fondaco-own-terms"]), "LicenseRef-fondaco-own-terms", Accepted),
            (agpl(), "NOASSERTION", Unreadable),
            (agpl(), "", Unreadable),
            (agpl(), "MIT AND", Unreadable),
            (agpl(), "((MIT", Unreadable),
        ] {
            assert_eq!(rule.judge(expression).standing, expected, "{rule:?} {expression}");
        }
    }

    #[test]
    fn an_exception_that_is_allowed_wins_over_a_denied_bare_licence() {
        let rule = Rule {
            deny: terms(&["GPL-1.0-or-later"]),
            allow: Some(terms(&["MIT", "GPL-2.0-only WITH Classpath-exception-2.0"])),
        };
        let standing = |text: &str| rule.judge(text).standing;
        assert_eq!(standing("GPL-2.0-only WITH Classpath-exception-2.0"), Standing::Accepted);
        assert_eq!(standing("GPL-2.0-only WITH Linux-syscall-note"), Standing::Denied);
        assert_eq!(standing("GPL-2.0-only"), Standing::Denied);
        assert_eq!(standing("ISC"), Standing::NotAllowed);
    }

    #[test]
    fn what_it_hangs_on_is_named() {
        let judged = deny(&["AGPL-3.0-only", "SSPL-1.0"]).judge("MIT AND AGPL-3.0-only AND SSPL-1.0");
        let names: Vec<&str> = judged.because.iter().map(String::as_str).collect();
        assert_eq!(names, ["AGPL-3.0-only", "SSPL-1.0"]);
    }

    #[test]
    fn attack_a_long_expression_is_judged_to_its_end() {
        let expression = format!("{}AGPL-3.0-only", "MIT AND ".repeat(20_000));
        assert_eq!(deny(&["AGPL-3.0-only"]).judge(&expression).standing, Standing::Denied);
    }

    #[test]
    fn attack_a_deeply_nested_expression_is_judged() {
        let expression = format!("{}MIT{}", "(".repeat(50_000), ")".repeat(50_000));
        assert_eq!(deny(&["AGPL-3.0-only"]).judge(&expression).standing, Standing::Accepted);
    }
}
