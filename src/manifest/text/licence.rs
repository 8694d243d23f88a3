//! Names of licences.

use std::str::FromStr;

use serde::Deserialize;

use super::Form;
use crate::catalogue::licence::{Term, TermError, normalise};
use crate::manifest::suggest::did_you_mean;

form! {
    /// An identifier of the SPDX licence list, such as `MIT`, `GPL-2.0-or-later`, `EPL-1.0+` or `GPL-2.0-only WITH
    /// Classpath-exception-2.0`, or a `LicenseRef-…` as records name it.
    LicenceName(Term): "a licence of the SPDX list", "^(LicenseRef-[A-Za-z0-9.-]+|[A-Za-z0-9][A-Za-z0-9.-]*[+]?)( WITH [A-Za-z0-9.-]+)?$", None, |text| {
        text.parse::<Term>().map_err(|error| wrong(text, error))
    }
}

/// Says what would be right: the identifier of what is written in other words, else the nearest one.
fn wrong(text: &str, error: TermError) -> String {
    let meant = normalise(&[text]);
    let is_one = meant.is_recognised() && meant.text.parse::<Term>().is_ok();
    let suggested = if error == TermError::Several {
        None
    } else if is_one {
        let later = meant.text.strip_suffix("-only").map(|bare| format!(" or `{bare}-or-later`"));
        Some(format!("did you mean `{}`{}?", meant.text, later.unwrap_or_default()))
    } else {
        let all = spdx::identifiers::LICENSES.iter().map(|listed| listed.name);
        did_you_mean(text, all.filter(|name| name.parse::<Term>().is_ok()))
    };
    suggested.map_or_else(|| error.to_string(), |suggested| format!("{error}; {suggested}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_identifiers_of_the_list() {
        for text in [
            "MIT",
            "GPL-2.0-or-later",
            "EPL-1.0+",
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "LicenseRef-fondaco-public-domain",
        ] {
            assert_eq!((LicenceName::FORM.wrong)(text), None, "{text}");
        }
        for (text, suggested) in [
            ("GPL-2.0", "did you mean `GPL-2.0-only` or `GPL-2.0-or-later`?"),
            ("gpl-3.0-only", "did you mean `GPL-3.0-only` or `GPL-3.0-or-later`?"),
            ("apache 2", "did you mean `Apache-2.0`?"),
            ("Apachee-2.0", "did you mean `Apache-2.0`?"),
            ("SSPL-1.1", "did you mean `SSPL-1.0`?"),
        ] {
            let wrong = (LicenceName::FORM.wrong)(text).unwrap();
            assert!(wrong.contains(suggested), "{text}: {wrong}");
        }
        for text in ["", "proprietary terms of somebody", "MIT OR ISC", "*", "AGPL-*"] {
            assert!((LicenceName::FORM.wrong)(text).is_some(), "{text}");
        }
    }
}
