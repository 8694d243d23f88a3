use std::collections::BTreeSet;

use super::*;

fn of(text: &str) -> String {
    let expression = normalise(&[text]);
    if !expression.text.is_empty() {
        spdx::Expression::parse(&expression.text)
            .unwrap_or_else(|e| panic!("{text}: {}: {e}", expression.text));
    }
    let text = expression.text.as_str();
    assert_eq!(normalise(&[&expression.text]).text, expression.text, "{text}");
    assert!(expression.references.keys().all(|reference| text.contains(reference.as_str())), "{text}");
    expression.text
}

fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(of(text), *expected, "{text}");
    }
}

#[test]
fn tables_are_sorted_hold_keys_and_name_licences_on_the_list() {
    for table in names::ALL {
        for window in table.windows(2) {
            assert!(window[0].0 < window[1].0, "{} < {}", window[0].0, window[1].0);
        }
        for (name, id) in table {
            assert_eq!(key::key(name), *name);
            spdx::Expression::parse(id).unwrap_or_else(|e| panic!("{id}: {e}"));
        }
    }
    for window in names::ADDRESSES.windows(2) {
        assert!(window[0].0 < window[1].0, "{} < {}", window[0].0, window[1].0);
    }
    for (address, id) in names::ADDRESSES {
        assert_eq!(key::address(&format!("https://www.{address}/")).as_deref(), Some(*address));
        spdx::Expression::parse(id).unwrap_or_else(|e| panic!("{id}: {e}"));
    }
}

/// Every identifier of the list is itself, in any case of letters; deprecated ones are what took their place, if anything.
#[test]
fn every_identifier_of_the_list_is_known() {
    // The list of the crate has these two words of SPDX documents as well.
    let is_licence = |license: &&spdx::License| !["NOASSERTION", "NONE"].contains(&license.name);
    for license in spdx::identifiers::LICENSES.iter().filter(is_licence) {
        let id = spdx::license_id(license.name).unwrap();
        let is_replaced = id.is_deprecated();
        for text in [license.name.to_owned(), license.name.to_lowercase(), license.name.to_uppercase()] {
            let expression = normalise(&[&text]);
            if is_replaced {
                assert_ne!(expression.text, license.name, "{text}");
            } else {
                assert_eq!(expression.text, license.name, "{text}");
            }
        }
    }
}

/// Every full name of the list that only one licence has.
#[test]
fn full_names_of_the_list_are_known() {
    let current = || {
        let all = spdx::identifiers::LICENSES.iter();
        all.filter(|license| !spdx::license_id(license.name).unwrap().is_deprecated())
    };
    let mut wrong = BTreeSet::new();
    for license in current() {
        let expression = normalise(&[license.full_name]);
        let is_other = !expression.text.is_empty() && expression.is_recognised();
        if expression.text != license.name && is_other {
            wrong.insert((license.full_name, license.name, expression.text));
        }
    }
    assert_eq!(wrong, BTreeSet::new());
}

/// Debian's copyright format 1.0, section 7.1, and names from copyright files of Debian 12.
#[test]
fn debian_short_names() {
    check(&[
        ("GPL-2+", "GPL-2.0-or-later"),
        ("GPL-2", "GPL-2.0-only"),
        ("GPL-1+", "GPL-1.0-or-later"),
        ("LGPL-2.1+", "LGPL-2.1-or-later"),
        ("LGPL-2", "LGPL-2.0-only"),
        ("AGPL-3", "AGPL-3.0-only"),
        ("GFDL-1.3", "GFDL-1.3-only"),
        ("GFDL-NIV-1.3+", "GFDL-1.3-no-invariants-or-later"),
        ("Apache-2.0", "Apache-2.0"),
        ("Apache-2", "Apache-2.0"),
        ("Artistic-2.0", "Artistic-2.0"),
        ("BSD-2-clause", "BSD-2-Clause"),
        ("BSD-3-clause", "BSD-3-Clause"),
        ("BSD-4-clause", "BSD-4-Clause"),
        ("ISC", "ISC"),
        ("CC-BY-3.0", "CC-BY-3.0"),
        ("CC-BY-SA-4.0", "CC-BY-SA-4.0"),
        ("CC0-1.0", "CC0-1.0"),
        ("CDDL-1.0", "CDDL-1.0"),
        ("CPL-1.0", "CPL-1.0"),
        ("EFL-2", "EFL-2.0"),
        ("Expat", "MIT"),
        ("LPPL-1.3c", "LPPL-1.3c"),
        ("MPL-1.1", "MPL-1.1"),
        ("Perl", "Artistic-1.0-Perl OR GPL-1.0-or-later"),
        ("Python-2.0", "Python-2.0"),
        ("W3C", "W3C"),
        ("Zlib", "Zlib"),
        ("Zope-2.1", "ZPL-2.1"),
        ("public-domain", "LicenseRef-scancode-public-domain"),
        ("GPL-2+ or Artistic-2.0, and BSD-3-clause", "BSD-3-Clause AND (GPL-2.0-or-later OR Artistic-2.0)"),
        ("GPL-2+ and MIT or ISC", "GPL-2.0-or-later AND MIT OR ISC"),
        ("GPL-2+ with Font exception", "GPL-2.0-or-later WITH Font-exception-2.0"),
        ("LGPLv3+_or_GPLv2+", "LGPL-3.0-or-later OR GPL-2.0-or-later"),
        ("OpenLDAP-2.8", "OLDAP-2.8"),
        ("GPL-2 with Linux-syscall-note exception", "GPL-2.0-only WITH Linux-syscall-note"),
        ("NIST", "LicenseRef-fondaco-NIST"),
        ("GPL-2+ with OpenSSL exception", "LicenseRef-fondaco-GPL-2-with-OpenSSL-exception-a0de130f"),
        ("GPL", "LicenseRef-fondaco-GPL"),
        ("Artistic", "LicenseRef-fondaco-Artistic"),
        ("BSD", "LicenseRef-fondaco-BSD"),
        ("other-BSD-style", "LicenseRef-fondaco-other-BSD-style"),
    ]);
}

/// Fedora's wiki, "Good Licenses", and License fields of Fedora 36.
#[test]
fn fedora_short_names() {
    check(&[
        ("GPLv2", "GPL-2.0-only"),
        ("GPLv2+", "GPL-2.0-or-later"),
        ("GPLv3+", "GPL-3.0-or-later"),
        ("GPL+", "GPL-1.0-or-later"),
        ("LGPLv2+", "LGPL-2.0-or-later"),
        ("LGPLv2.1", "LGPL-2.1-only"),
        ("AGPLv3+", "AGPL-3.0-or-later"),
        ("ASL 2.0", "Apache-2.0"),
        ("ASL 1.1", "Apache-1.1"),
        ("MPLv1.1", "MPL-1.1"),
        ("MPLv2.0", "MPL-2.0"),
        ("zlib", "Zlib"),
        ("Boost", "BSL-1.0"),
        ("CC0", "CC0-1.0"),
        ("ZPLv2.1", "ZPL-2.1"),
        ("Public Domain", "LicenseRef-scancode-public-domain"),
        ("GPLv2+ and BSD", "GPL-2.0-or-later AND LicenseRef-fondaco-BSD"),
        ("GPLv2+ and (BSD or MIT)", "GPL-2.0-or-later AND (LicenseRef-fondaco-BSD OR MIT)"),
        ("(GPLv2 or GPLv3) and LGPLv2+", "LGPL-2.0-or-later AND (GPL-2.0-only OR GPL-3.0-only)"),
        ("GPLv2 with exceptions", "LicenseRef-fondaco-GPLv2-with-exceptions"),
        (
            "Redistributable, no modification permitted",
            "LicenseRef-fondaco-Redistributable-no-modification-permitted-f5ad17e5",
        ),
    ]);
}

/// Names and addresses in pom.xml and Bundle-License of jars on Maven Central.
#[test]
fn names_in_maven_projects() {
    check(&[
        ("The Apache Software License, Version 2.0", "Apache-2.0"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("Apache License, version 2.0 or MIT License", "Apache-2.0 OR MIT"),
        ("Apache 2", "Apache-2.0"),
        ("ASF 2.0", "Apache-2.0"),
        ("The MIT License", "MIT"),
        ("The MIT License (MIT)", "MIT"),
        ("MIT/X11", "MIT"),
        ("Eclipse Public License - v 1.0", "EPL-1.0"),
        ("EPL 2.0", "EPL-2.0"),
        ("Eclipse Public License v2.0", "EPL-2.0"),
        ("Eclipse Distribution License - v 1.0", "BSD-3-Clause"),
        ("New BSD License", "BSD-3-Clause"),
        ("BSD 3-clause", "BSD-3-Clause"),
        ("The BSD 3-Clause License", "BSD-3-Clause"),
        ("GNU Lesser General Public License, version 2.1", "LGPL-2.1-only"),
        ("GNU LESSER GENERAL PUBLIC LICENSE", "LicenseRef-fondaco-GNU-LESSER-GENERAL-PUBLIC-LICENSE"),
        (
            "GNU General Public License, version 2 with the Classpath Exception",
            "GPL-2.0-only WITH Classpath-exception-2.0",
        ),
        ("GPL2 w/ CPE", "GPL-2.0-only WITH Classpath-exception-2.0"),
        (
            "CDDL + GPLv2 with classpath exception",
            "GPL-2.0-only WITH Classpath-exception-2.0 AND LicenseRef-fondaco-CDDL",
        ),
        ("Mozilla Public License, Version 2.0", "MPL-2.0"),
        ("MPL 2.0 or EPL 1.0", "MPL-2.0 OR EPL-1.0"),
        ("(EPL 2.0) OR (GPL2 w/ CPE)", "EPL-2.0 OR GPL-2.0-only WITH Classpath-exception-2.0"),
        (
            "(Apache License, Version 2.0) OR (Foo Terms and Conditions)",
            "Apache-2.0 OR LicenseRef-fondaco-Foo-Terms-and-Conditions",
        ),
        ("http://www.gnu.org/licenses/gpl-2.0-standalone.html", "GPL-2.0-only"),
        ("COMMON DEVELOPMENT AND DISTRIBUTION LICENSE (CDDL) Version 1.0", "CDDL-1.0"),
        ("Public Domain, per Creative Commons CC0", "CC0-1.0"),
        ("Apache License", "LicenseRef-fondaco-Apache-License"),
        ("http://www.apache.org/licenses/LICENSE-2.0.txt", "Apache-2.0"),
        ("https://www.apache.org/licenses/LICENSE-2.0", "Apache-2.0"),
        ("http://www.opensource.org/licenses/mit-license.php", "MIT"),
        ("https://opensource.org/licenses/BSD-3-Clause", "BSD-3-Clause"),
        ("https://www.eclipse.org/legal/epl-v20.html", "EPL-2.0"),
        ("http://www.gnu.org/licenses/gpl-3.0.html", "GPL-3.0-only"),
        ("https://creativecommons.org/licenses/by-sa/4.0/legalcode", "CC-BY-SA-4.0"),
        (
            "http://www.gnu.org/licenses/gpl.html",
            "LicenseRef-fondaco-http-www.gnu.org-licenses-gpl.html-0ce35c13",
        ),
        ("https://licenses.nuget.org/MIT", "MIT"),
    ]);
}

/// Classifiers of trove-classifiers; forms of npm, Ruby, R, Alpine and Arch Linux.
#[test]
fn names_of_other_ecosystems() {
    check(&[
        ("License :: OSI Approved :: MIT License", "MIT"),
        ("License :: OSI Approved :: ISC License (ISCL)", "ISC"),
        ("License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
        ("License :: OSI Approved :: GNU General Public License v2 or later (GPLv2+)", "GPL-2.0-or-later"),
        ("License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)", "LGPL-3.0-only"),
        ("License :: OSI Approved :: zlib/libpng License", "Zlib"),
        ("License :: CC0 1.0 Universal (CC0 1.0) Public Domain Dedication", "CC0-1.0"),
        (
            "License :: OSI Approved :: Apache Software License",
            "LicenseRef-fondaco-License-OSI-Approved-Apache-Software-License-f5838d65",
        ),
        (
            "GNU Library or Lesser General Public License (LGPL)",
            "LicenseRef-fondaco-GNU-Library-or-Lesser-General-Public-License-LGPL-987d1042",
        ),
        ("(MIT OR Apache-2.0)", "MIT OR Apache-2.0"),
        ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
        ("SEE LICENSE IN EULA.md", "LicenseRef-fondaco-SEE-LICENSE-IN-EULA.md"),
        ("UNLICENSED", "LicenseRef-fondaco-UNLICENSED"),
        ("Apache 2.0", "Apache-2.0"),
        ("perl_5", "Artistic-1.0-Perl OR GPL-1.0-or-later"),
        ("MIT + file LICENSE", "MIT"),
        ("GPL (>= 2)", "GPL-2.0-or-later"),
        ("GPL-2 | GPL-3", "GPL-2.0-only OR GPL-3.0-only"),
        ("GPL-2 | file LICENSE", "GPL-2.0-only OR LicenseRef-fondaco-file-LICENSE"),
        ("BSD_3_clause + file LICENSE", "BSD-3-Clause"),
        ("LGPL (>= 2.1)", "LGPL-2.1-or-later"),
        ("MIT GPL2+", "GPL-2.0-or-later AND MIT"),
        ("MIT BSD GPL2+", "GPL-2.0-or-later AND LicenseRef-fondaco-BSD AND MIT"),
        ("Apache Artistic", "LicenseRef-fondaco-Apache-Artistic"),
        ("GPL3", "GPL-3.0-only"),
        ("custom:none", "LicenseRef-fondaco-custom-none-ef923500"),
        ("GPL-2.0-only AND MIT", "GPL-2.0-only AND MIT"),
        ("GPL-2.0-or-later WITH Classpath-exception-2.0", "GPL-2.0-or-later WITH Classpath-exception-2.0"),
        ("GPL-2.0-with-classpath-exception", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("Apache-2.0 WITH LLVM-exception", "Apache-2.0 WITH LLVM-exception"),
        ("LicenseRef-Fedora-Public-Domain", "LicenseRef-Fedora-Public-Domain"),
        ("MIT, ISC and BSD-3-Clause", "BSD-3-Clause AND ISC AND MIT"),
        ("MIT, ISC or BSD-3-Clause", "MIT OR ISC OR BSD-3-Clause"),
        ("Foo Terms and Conditions", "LicenseRef-fondaco-Foo-Terms-and-Conditions"),
        ("NOASSERTION", ""),
        ("UNKNOWN", ""),
        ("", ""),
    ]);
}

#[test]
fn several_entries_all_apply_in_whatever_order() {
    let one = normalise(&["MIT", "GPL-2+ or Artistic", "The MIT License", "none"]);
    let other = normalise(&["GPL-2+ or Artistic", "MIT"]);
    assert_eq!(one, other);
    assert_eq!(one.text, "MIT AND (GPL-2.0-or-later OR LicenseRef-fondaco-Artistic)");
    assert_eq!(
        one.references.into_iter().collect::<Vec<_>>(),
        [("LicenseRef-fondaco-Artistic".into(), "Artistic".into())]
    );
    assert_eq!(normalise(&[]), Expression::default());
}

#[test]
fn hostile_texts_become_references() {
    let deep = format!("{}MIT{}", "(".repeat(900), ")".repeat(900));
    let many = "MIT or ".repeat(280);
    let long = "x".repeat(1_000_000);
    let open = "(".repeat(1000);
    let nested = "MIT or (ISC and (".repeat(100);
    let operators = " and or with / | & , ; ".repeat(80);
    for text in [
        &deep,
        &many,
        &long,
        &open,
        &nested,
        &operators,
        "\u{1b}[2J",
        "\u{202e}TIM",
        "MIT\0",
        "and",
        "or or",
        "()",
        ")(",
        "MIT )",
        "LicenseRef-",
        "LicenseRef-a b",
        "+",
        "GPL-99+",
        "GPLv",
        "İ",
        "ſ with ß",
        "http://",
        "ﬁ and MIT",
    ] {
        of(text);
    }
    assert_eq!(of("(("), "LicenseRef-fondaco-9f54817e");
}

#[test]
fn texts_of_one_reference_differ_in_case_and_spaces_alone() {
    let texts = ["foo bar", "foo  bar", "foo-bar", "foo_bar", "foo/bar", "foo bar!", "foobar"];
    let references: BTreeSet<String> = texts.iter().map(|text| of(text)).collect();
    assert_eq!(references.len(), 5, "{references:?}");
}
