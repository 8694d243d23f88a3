//! Manifests written to do harm: large, deep, recursive, deceptive.

use super::*;

fn only_code(text: String) -> String {
    let files = [SourceFile { path: "fondaco.yaml".into(), text }];
    let diagnostics = read(&files).expect_err("the manifest is hostile");
    render(&diagnostics, &files, true);
    let mut codes: Vec<_> = diagnostics.iter().map(|d| d.code.id()).collect();
    codes.dedup();
    codes.join(" ")
}

#[test]
fn billion_laughs() {
    let mut text = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for level in 1..10 {
        let alias = format!("*a{}", level - 1);
        text += &format!("a{level}: &a{level} [{}]\n", vec![alias; 10].join(", "));
    }
    assert_eq!(only_code(text), "F0105");
}

#[test]
fn alias_that_holds_itself() {
    assert_eq!(only_code("a: &a [*a]\n".to_owned()), "F0113");
}

#[test]
fn alias_that_nests_past_the_depth_limit() {
    let mut text = String::from("a0: &a0 [x]\n");
    for level in 1..=DEPTH_MAX {
        text += &format!("a{level}: &a{level} [*a{}]\n", level - 1);
    }
    assert_eq!(only_code(text), "F0103");
}

#[test]
fn depth_of_a_hundred_thousand_brackets() {
    assert_eq!(only_code("[".repeat(100_000)), "F0103");
    assert_eq!(only_code("{a: ".repeat(100_000)), "F0103");
    assert_eq!(only_code("- ".repeat(100_000)), "F0103");
    assert_eq!(only_code("? ".repeat(100_000)), "F0113");
}

#[test]
fn the_depth_limit_itself_is_allowed() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(only_code(nested(DEPTH_MAX)), "F0201 F0108");
    assert_eq!(only_code(nested(DEPTH_MAX + 1)), "F0103");
}

#[test]
fn file_larger_than_the_limit() {
    assert_eq!(only_code(format!("{}\n", "#".repeat(FILE_BYTES_MAX))), "F0102");
    assert_eq!(only_code("#".repeat(FILE_BYTES_MAX)), "F0201");
}

#[test]
fn flood_of_documents() {
    assert_eq!(only_code("---\na: 1\n".repeat(DOCUMENTS_MAX + 1)), "F0109 F0115 F0104");
    assert_eq!(only_code("---\n".repeat(DOCUMENTS_MAX)), "F0201");
    assert_eq!(only_code("---\n".repeat(DOCUMENTS_MAX + 1)), "F0104");
}

#[test]
fn flood_of_mistakes() {
    let keys: String = (0..50_000).map(|n| format!("k{n}: 1\n")).collect();
    let files = [SourceFile { path: "fondaco.yaml".into(), text: format!("kind: Gate\n{keys}") }];
    let diagnostics = read(&files).expect_err("every key is unknown");
    // The missing mirror has no place and stands apart.
    assert_eq!(diagnostics.len(), 1 + MISTAKES_MAX + 1);
    assert_eq!(diagnostics.last().map(|d| d.code), Some(Code::TooManyMistakes));
}

#[test]
fn flood_of_duplicate_keys() {
    let text: String = (0..100_000).map(|n| format!("k{}: 1\n", n % 30_000)).collect();
    assert_eq!(only_code(text), "F0201 F0106 F0115");
}

#[test]
fn few_consumers_of_many_images_multiply() {
    let tags: Vec<_> = (0..50_000).map(|n| format!("\"{n}\"")).collect();
    let set = format!(
        "apiVersion: fondaco/v1alpha1\nkind: ImageSet\nmetadata: {{name: web}}\nspec:\n  images: [{{image: quay.io/a, tags: [{}]}}]\n",
        tags.join(",")
    );
    let consumer = |n: usize| {
        format!(
            "---\napiVersion: fondaco/v1alpha1\nkind: Consumer\nmetadata: {{name: c{n}}}\nspec: {{target: quay.io/t, images: [web]}}\n"
        )
    };
    let consumers: String = (0..=DISTRIBUTIONS_MAX / 50_000).map(consumer).collect();
    let all =
        format!("=== fondaco.yaml\n{MIRROR}=== images/web.yaml\n{set}=== consumers/c.yaml\n{consumers}");
    assert_eq!(codes(&all), ["F0210"]);
}

#[test]
fn tags_and_merge_keys_change_nothing_behind_the_back() {
    assert_eq!(only_code("kind: !!str Mirror\n".to_owned()), "F0113");
    assert_eq!(only_code("kind: !Mirror {}\n".to_owned()), "F0113");
    assert_eq!(only_code("? [a]\n: b\n".to_owned()), "F0113");
    let merged = MIRROR.replace("spec:\n", "spec:\n  <<: {role: importer}\n");
    assert_eq!(only_code(merged), "F0107");
}

#[test]
fn line_breaks_that_only_one_yaml_version_knows() {
    // U+0085, U+2028 and U+2029 end a line in YAML 1.1 and are text in YAML 1.2 (YAML 1.2.2, section 5.4).
    for separator in ['\u{85}', '\u{2028}', '\u{2029}'] {
        let text = MIRROR.replace("spec:\n", &format!("spec:\n  role: one{separator}  operator: two\n"));
        let files = [SourceFile { path: "fondaco.yaml".into(), text }];
        let codes: Vec<_> = read(&files).expect_err("it means two things").iter().map(|d| d.code).collect();
        assert!(codes.contains(&Code::Ambiguous) || codes.contains(&Code::Syntax), "{separator:?} {codes:?}");
    }
}

#[test]
fn terminal_sequences_are_shown_and_not_sent() {
    let text = "kind: \"a\u{1b}]0;owned\u{7}\"\n\"\\e[2J\u{202e}key\": 1\n";
    for text in [text.to_owned(), format!("{}{text}", "#\u{9b}31m\n")] {
        let files = [SourceFile { path: "images/\u{1b}[31m.yaml".into(), text }];
        let printed = render(&read(&files).expect_err("no kind"), &files, false);
        assert!(!printed.contains(|c: char| c != '\n' && escape::is_deceptive(c)), "{printed:?}");
        let json = serde_json::to_string(&read(&files).expect_err("no kind")).expect("diagnostics serialise");
        assert!(!json.contains('\u{1b}'), "{json}");
    }
}

#[test]
fn an_endless_line_is_cut_in_the_excerpt() {
    let text = format!("{{kind: Gate, {}: 1, {}: 1}}", "k".repeat(300_000), "é".repeat(10));
    let files = [SourceFile { path: "gates/a.yaml".into(), text }];
    let printed = render(&read(&files).expect_err("unknown keys"), &files, false);
    assert!(printed.lines().all(|line| line.chars().count() < 300), "{printed}");
}

/// Mangles good manifests in a repeatable way; whatever comes of it, reading and showing must end.
#[test]
fn mangled_manifests_never_panic() {
    let good = format!(
        "{MIRROR}---\napiVersion: fondaco/v1alpha1\nkind: ImageSet\nmetadata: &m {{name: web}}\nspec:\n  images:\n    - {{image: docker.io/library/nginx, tags: [\"1.28\", '2']}}\n    - image: >-\n        quay.io/a\n      tags:\n      - |\n        x\n      trust: *m\n# comment é\n"
    );
    let bits = [
        "\t",
        "\u{feff}",
        "---",
        "...",
        "*m",
        "&a ",
        "\r",
        "\"",
        "'",
        "|",
        ">",
        "%YAML 1.3\n",
        "{",
        "]",
        "? ",
        "é\u{85}",
        "\0",
        "!",
        "- ",
        ": ",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((state >> 33) % below as u64).expect("below a usize")
    };
    for _ in 0..3000 {
        let mut chars: Vec<char> = good.chars().collect();
        for _ in 0..=next(4) {
            let at = next(chars.len().max(1)).min(chars.len());
            match next(3) {
                0 => drop(chars.drain(at..(at + next(12)).min(chars.len()))),
                1 => chars.truncate(at),
                _ => drop(chars.splice(at..at, bits[next(bits.len())].chars())),
            }
        }
        let files = [SourceFile { path: "fondaco.yaml".into(), text: chars.into_iter().collect() }];
        if let Err(diagnostics) = read(&files) {
            render(&diagnostics, &files, true);
        }
    }
}
