//! Licences that a `copyright` file names: the machine-readable format (DEP 5, copyright-format 1.0), else free text.

use std::collections::BTreeSet;

use crate::catalogue::ecosystem::phrase;

/// The most licences that are kept of one file. Chromium's names some 80.
const LICENCES_MAX: usize = 1000;

/// How much of free text is read; Debian's longest are some 200 KiB.
const FREE_TEXT_BYTES_MAX: usize = 1 << 20;

/// The field that a machine-readable file begins with, and what its value speaks of.
const FORMAT: &str = "format:";
const FORMAT_NAMES: [&str; 3] = ["copyright-format", "dep5", "dep-5"];

/// Debian's common licences by their files, `/usr/share/common-licenses/GPL-2` (Debian Policy, section 12.5).
const COMMON: &str = "/usr/share/common-licenses/";

/// Words that only the named licence has, in lower case with single blanks, and the short name of it that Debian's files use.
const TELLING: &[(&str, &str)] = &[
    ("permission is hereby granted, free of charge, to any person obtaining a copy", "Expat"),
    (
        "permission to use, copy, modify, and distribute this software for any purpose with or without fee",
        "ISC",
    ),
    (
        "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee",
        "ISC",
    ),
    (
        "permission to use, copy, modify, distribute, and sell this software and its documentation for any purpose is \
         hereby granted without fee",
        "HPND-sell-variant",
    ),
    ("this software is provided 'as-is', without any express or implied warranty", "Zlib"),
    ("licensed under the apache license, version 2.0", "Apache-2.0"),
    ("licensed under apache license v. 2.0", "Apache-2.0"),
    ("of the info-zip license", "Info-ZIP"),
    (
        "the authors hereby grant permission to use, copy, modify, distribute, and license this software and its \
         documentation for any purpose",
        "TCL",
    ),
];

/// Tells the licences of the BSD family, and what tells those of three clauses from those of two.
const BSD: &str =
    "redistribution and use in source and binary forms, with or without modification, are permitted";
const BSD_THIRD_CLAUSE: &str = "may be used to endorse or promote products derived from this software";

/// Returns the licences, sorted, in Debian's own short names; what is told in no known words is not guessed.
pub(super) fn licences(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let found = if is_machine_readable(&text) { fields(&text) } else { free_text(&text) };
    found.into_iter().take(LICENCES_MAX).collect()
}

fn is_machine_readable(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().to_ascii_lowercase();
    // Drafts of the format called the field differently.
    let value =
        [FORMAT, "format-specification:"].iter().find_map(|field| first.trim_start().strip_prefix(field));
    value.is_some_and(|value| FORMAT_NAMES.iter().any(|name| value.contains(name)))
}

/// Returns the values of `License` fields. Paragraphs about files (and the header, about the whole) say what applies;
/// a paragraph of its own only gives the text of a licence, and counts where no other one says anything.
fn fields(text: &str) -> BTreeSet<String> {
    let (mut applied, mut texts) = (BTreeSet::new(), BTreeSet::new());
    let (mut licence, mut is_alone) = (None, true);
    for line in text.lines().chain([""]) {
        if line.trim().is_empty() {
            let of_paragraph = if is_alone { &mut texts } else { &mut applied };
            of_paragraph.extend(licence.take());
            is_alone = true;
            continue;
        }
        let Some((field, value)) = line.split_once(':').filter(|_| !line.starts_with([' ', '\t'])) else {
            continue;
        };
        match field.trim().to_ascii_lowercase().as_str() {
            "license" | "licence" => licence = phrase(value.as_bytes()),
            "files" | "format" | "format-specification" => is_alone = false,
            _ => {}
        }
    }
    if applied.is_empty() { texts } else { applied }
}

fn free_text(text: &str) -> BTreeSet<String> {
    let end = text.floor_char_boundary(FREE_TEXT_BYTES_MAX);
    let text = &text[..end];
    let mut found: BTreeSet<String> = text.split(COMMON).skip(1).filter_map(common).collect();
    let words = words(text);
    let told = TELLING.iter().filter(|(telling, _)| words.contains(telling));
    found.extend(told.map(|(_, name)| (*name).to_owned()));
    if words.contains(BSD) {
        let is_of_three = words.contains(BSD_THIRD_CLAUSE);
        found.insert(if is_of_three { "BSD-3-clause" } else { "BSD-2-clause" }.to_owned());
    }
    found
}

/// Returns the name at the beginning of a text: `GPL-2` of `GPL-2'.`.
fn common(rest: &str) -> Option<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-._+".contains(c);
    let name = rest.split(|c| !is_part(c)).next().unwrap_or_default().trim_end_matches(['.', '-', '_']);
    (1..=64).contains(&name.len()).then(|| name.to_owned())
}

/// Returns the text in lower case with single blanks, without the marks of comments and quotations.
fn words(text: &str) -> String {
    let plain: String =
        text.chars().map(|c| if "*#>|\"`".contains(c) { ' ' } else { c.to_ascii_lowercase() }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEP5: &str = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n";

    #[test]
    fn machine_readable_files_say_what_applies_to_files() {
        for (rest, expected) in [
            // Two paragraphs about files, and the texts of what they name.
            (
                "Source: x\n\nFiles: *\nCopyright: a\nLicense: GPL-2+ or Expat\n\nFiles: debian/*\nLicense:  BSD-3-clause\n \
                 Redistribution\n License: no field\n\nLicense: GPL-2+\n On Debian systems\n\nLicense: Expat\n text\n",
                vec!["BSD-3-clause", "GPL-2+ or Expat"],
            ),
            // The header speaks of the whole.
            ("License: Apache-2.0\n", vec!["Apache-2.0"]),
            // Nothing but texts.
            ("\nLicense: ISC\n text\n\nLicense: Zlib\n", vec!["ISC", "Zlib"]),
            (
                "\nFiles: *\nLicense: GPL-2+ with OpenSSL exception, and Expat\n",
                vec!["GPL-2+ with OpenSSL exception, and Expat"],
            ),
            ("\nFiles: *\nLicense:\n only a text\n", vec![]),
            ("\nFiles: *\nLicense: a\u{1b}[2J\u{202e}b\n", vec!["a[2Jb"]),
        ] {
            assert_eq!(licences(format!("{DEP5}{rest}").as_bytes()), expected, "{rest}");
        }
        let old = "Format-Specification: http://svn.debian.org/wsvn/dep/web/deps/dep5.mdwn?rev=135\n\nFiles: *\nLicense: X11\n";
        assert_eq!(licences(old.as_bytes()), ["X11"]);
    }

    #[test]
    fn free_text_names_licences_in_few_words() {
        for (text, expected) in [
            (
                "This package was debianized.\nOn Debian systems see `/usr/share/common-licenses/GPL-2'.\n\
                 and /usr/share/common-licenses/LGPL-2.1.\n",
                vec!["GPL-2", "LGPL-2.1"],
            ),
            ("/usr/share/common-licenses/GPL", vec!["GPL"]),
            (
                " * Permission is hereby granted, free of charge, to any\n * person obtaining a copy of this\n",
                vec!["Expat"],
            ),
            (
                "Redistribution and use in source and binary forms, with or without\nmodification, are permitted provided\n",
                vec!["BSD-2-clause"],
            ),
            (
                "# Redistribution and use in source and binary forms, with or without modification, are permitted\n\
                 # names may be used to endorse or promote products derived\n# from this software\n",
                vec!["BSD-3-clause"],
            ),
            ("Licensed under the Apache License, Version 2.0 (the \"License\")", vec!["Apache-2.0"]),
            ("You may do as you like. License: none of this is a field\n", vec![]),
            ("/usr/share/common-licenses/", vec![]),
            ("/usr/share/common-licenses/../../etc", vec![]),
        ] {
            assert_eq!(licences(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn hostile_files_end() {
        assert_eq!(licences(&[0xff; 1000]), [""; 0]);
        let licence = |number| format!("\nFiles: *\nLicense: L-{number}\n");
        let flood = DEP5.to_owned() + &(0..LICENCES_MAX + 50).map(licence).collect::<Vec<_>>().concat();
        assert_eq!(licences(flood.as_bytes()).len(), LICENCES_MAX);
        let long = format!("{}/usr/share/common-licenses/GPL-3", "é".repeat(FREE_TEXT_BYTES_MAX));
        assert_eq!(licences(long.as_bytes()), [""; 0]);
    }
}
