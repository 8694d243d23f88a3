//! Selections, digests alone and cooldowns: what manifests may say, and what they may not.

use super::*;
use crate::model::{Digest, Period, TagRule};

fn set(name: &str, entries: &str) -> String {
    format!(
        "apiVersion: fondaco/v1alpha1\nkind: ImageSet\nmetadata: {{name: {name}}}\nspec:\n  images:\n{entries}"
    )
}

fn consumer(name: &str, target: &str, sets: &str) -> String {
    format!(
        "---\napiVersion: fondaco/v1alpha1\nkind: Consumer\nmetadata: {{name: {name}}}\nspec: {{target: registry.acme.example/{target}, images: [{sets}]}}\n"
    )
}

fn desired(text: &str) -> Desired {
    let mut files = files(text);
    files.push(SourceFile { path: "fondaco.yaml".into(), text: MIRROR.into() });
    read(&files).unwrap_or_else(|diagnostics| panic!("{}", render(&diagnostics, &files, false)))
}

#[test]
fn a_selection_is_read_with_all_its_keys() {
    let text = format!(
        "=== images/web.yaml\n{}",
        set(
            "web",
            "    - image: docker.io/library/nginx
      select: {semver: \">=1.27, <2\", floating: true, newest: 3}
    - image: docker.io/library/nginx
      select:
        regex: 'v(?<major>\\d+)\\.(?<minor>\\d+)-alpine'
        orderBy: [minor, major]
        newest: 1
        exclude: [\"-rc\", '^v0']
    - {image: quay.io/a, select: {regex: \".*\"}}
"
        )
    );
    let desired = desired(&text);
    assert_eq!(desired.images, []);
    let rules: Vec<_> =
        desired.selections.iter().map(|s| (s.image.written.as_str(), s.rule.clone())).collect();
    let by_version =
        TagRule { semver: Some(">=1.27, <2".into()), floating: true, newest: Some(3), ..TagRule::default() };
    let by_captures = TagRule {
        regex: Some(r"v(?<major>\d+)\.(?<minor>\d+)-alpine".into()),
        order_by: vec!["minor".into(), "major".into()],
        newest: Some(1),
        exclude: vec!["-rc".into(), "^v0".into()],
        ..TagRule::default()
    };
    let everything = TagRule { regex: Some(".*".into()), ..TagRule::default() };
    let expected = [
        ("images/web.yaml:9", by_captures),
        ("images/web.yaml:7", by_version),
        ("images/web.yaml:14", everything),
    ];
    let mut expected: Vec<_> = expected.into_iter().collect();
    let mut rules = rules;
    rules.sort();
    expected.sort();
    assert_eq!(rules, expected);
}

#[test]
fn a_digest_alone_is_wanted_under_the_tag_that_keeps_it() {
    let digest = Digest::sha256(b"x");
    let entries = format!("    - {{image: docker.io/library/nginx, digest: \"{digest}\"}}\n");
    let image = desired(&format!("=== images/web.yaml\n{}", set("web", &entries))).images.remove(0);
    assert_eq!(image.digest.as_ref(), Some(&digest));
    assert_eq!(image.tag, format!("keep-{}", &digest.hex()[..32]));
    assert_eq!(image.written, "images/web.yaml:6");
}

#[test]
fn the_longer_cooldown_of_image_and_set_counts() {
    let text = set(
        "web",
        "    - {image: docker.io/library/nginx, tags: [\"1\"], cooldown: 14d}
    - {image: docker.io/library/nginx, tags: [\"2\"], cooldown: 1d}
    - image: docker.io/library/nginx
      select: {semver: \"3\"}
",
    );
    let text = text.replace("  images:", "  cooldown: 7d\n  images:");
    let desired = desired(&format!("=== images/web.yaml\n{text}"));
    let cooldown = |image: &DesiredImage| image.cooldown.clone().unwrap();
    let of = |days, written: &str| Ruled { value: Period::days(days), written: written.into() };
    assert_eq!(cooldown(&desired.images[0]), of(14, "images/web.yaml:7"));
    assert_eq!(cooldown(&desired.images[1]), of(7, "images/web.yaml:5"));
    assert_eq!(cooldown(&desired.selections[0].image), of(7, "images/web.yaml:5"));
}

#[test]
fn keys_that_exclude_each_other_are_mistakes() {
    let digest = Digest::sha256(b"x");
    check(
        &format!(
            "=== images/web.yaml\n{}",
            set(
                "web",
                &format!(
                    "    - {{image: quay.io/a}}
    - {{image: quay.io/b, tags: [\"1\"], select: {{semver: \"1\"}}}}
    - {{image: quay.io/c, digest: \"{digest}\", select: {{semver: \"1\"}}}}
    - {{image: quay.io/d, select: {{newest: 3, exclude: [rc]}}}}
    - {{image: quay.io/e, select: {{regex: 'v\\d+', newest: 3}}}}
    - {{image: quay.io/f, select: {{regex: 'v(?<major>\\d+)', floating: true}}}}
    - {{image: quay.io/g, select: {{semver: \"1\", orderBy: [major]}}}}
    - {{image: quay.io/h, select: {{regex: 'v(?<major>\\d+)', orderBy: [minor]}}}}
    - {{image: quay.io/i, digest: \"{digest}\"}}
    - {{image: quay.io/i, digest: \"{digest}\"}}
"
                )
            )
        ),
        expect![[r#"
            error[F0109]: an image needs one of the keys `tags`, `digest` and `select`
             --> images/web.yaml:6:7
              |
            6 |     - {image: quay.io/a}
              |       ^
              |
              = help: `tags` lists what is wanted, `select` chooses from what the repository lists

            error[F0110]: an image has `tags` or `select`, not both
             --> images/web.yaml:7:47
              |
            7 |     - {image: quay.io/b, tags: ["1"], select: {semver: "1"}}
              |                                               ^
              |
              = help: write two entries: one with the listed tags, one with the selection

            error[F0110]: a digest pins one image, and `select` chooses several
             --> images/web.yaml:8:34
              |
            8 |     - {image: quay.io/c, digest: "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881", select: {semver: "1"}}
              |                                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              |
              = help: write an entry with the tag and its digest beside the selection; what is pinned stays pinned

            error[F0109]: a selection needs `semver`, `regex` or both
             --> images/web.yaml:9:34
              |
            9 |     - {image: quay.io/d, select: {newest: 3, exclude: [rc]}}
              |                                  ^
              |
              = help: `regex: '.*'` chooses every tag

            error[F0110]: `newest` needs an order, and nothing says one
              --> images/web.yaml:10:58
               |
            10 |     - {image: quay.io/e, select: {regex: 'v\d+', newest: 3}}
               |                                                          ^
               |
               = help: a registry's list has no order: add `semver`, or captures to `regex`, such as `(?<major>\d+)`

            error[F0110]: `floating` says how tags match `semver`, which is not there
              --> images/web.yaml:11:70
               |
            11 |     - {image: quay.io/f, select: {regex: 'v(?<major>\d+)', floating: true}}
               |                                                                      ^^^^
               |
               = help: what a `regex` matches is chosen, floating or not

            error[F0110]: `semver` orders tags already
              --> images/web.yaml:12:57
               |
            12 |     - {image: quay.io/g, select: {semver: "1", orderBy: [major]}}
               |                                                         ^
               |
               = help: leave out one of `semver` and `orderBy`

            error[F0110]: `regex` has no capture `minor`; its captures: `major`
              --> images/web.yaml:13:69
               |
            13 |     - {image: quay.io/h, select: {regex: 'v(?<major>\d+)', orderBy: [minor]}}
               |                                                                     ^
               |
               = help: captures are written `(?<name>…)`

            error[F0205]: `quay.io/i@sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881` is listed twice in image set `web`
              --> images/web.yaml:15:34
               |
            15 |     - {image: quay.io/i, digest: "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"}
               |                                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
               |
               = help: the first is in images/web.yaml:14

            9 errors in 2 files; nothing was done.
        "#]],
    );
}

#[test]
fn broken_ranges_and_expressions_are_shown_where_they_are() {
    check(
        &format!(
            "=== images/web.yaml\n{}",
            set(
                "web",
                "    - {image: quay.io/a, select: {semver: latest}}
    - {image: quay.io/b, select: {semver: \">=1.27 <2\"}}
    - {image: quay.io/c, select: {semver: 1.27}}
    - {image: quay.io/d, select: {regex: 'v(\\d+'}}
    - {image: quay.io/e, select: {regex: '(?=v)1'}}
    - {image: quay.io/f, select: {regex: '((((a{99}){99}){99}){99})'}}
    - {image: quay.io/g, select: {semver: \"1\", exclude: ['[']}}
    - {image: quay.io/h, select: {regex: 'v(?<a>\\d+)', orderBy: [\"1\"]}}
    - {image: quay.io/i, select: {semver: \"1\", newest: 0}}
    - {image: quay.io/j, select: {semver: \"1\", newest: \"3\"}}
    - {image: quay.io/k, select: {semver: \"1\", newest: many}}
    - {image: quay.io/l, select: {semver: \"1\", last: 3}}
    - {image: quay.io/m, select: {regex: ''}}
    - {image: quay.io/n, select: newest}
    - {image: quay.io/o, tags: [\"1\"], cooldown: 7}
"
            )
        ),
        expect![[r#"
            error[F0110]: `latest` is not a range of versions
             --> images/web.yaml:6:43
              |
            6 |     - {image: quay.io/a, select: {semver: latest}}
              |                                           ^^^^^^
              |
              = help: unexpected character 'l' while parsing major version number; a range is one or more comparisons with commas between them, such as `>=1.27, <2`

            error[F0110]: `>=1.27 <2` is not a range of versions
             --> images/web.yaml:7:43
              |
            7 |     - {image: quay.io/b, select: {semver: ">=1.27 <2"}}
              |                                           ^^^^^^^^^^^
              |
              = help: expected comma after minor version number, found '<'; a range is one or more comparisons with commas between them, such as `>=1.27, <2`

            error[F0108]: expected a range of versions for `semver`, found the number `1.27`
             --> images/web.yaml:8:43
              |
            8 |     - {image: quay.io/c, select: {semver: 1.27}}
              |                                           ^^^^ in quotes: `"1.27"`

            error[F0110]: `v(\d+` is not a regular expression
             --> images/web.yaml:9:42
              |
            9 |     - {image: quay.io/d, select: {regex: 'v(\d+'}}
              |                                          ^^^^^^^
              |
              = help: unclosed group; expressions have no look-around and no back-references, and captures are written `(?<name>…)`

            error[F0110]: `(?=v)1` is not a regular expression
              --> images/web.yaml:10:42
               |
            10 |     - {image: quay.io/e, select: {regex: '(?=v)1'}}
               |                                          ^^^^^^^^
               |
               = help: look-around, including look-ahead and look-behind, is not supported; expressions have no look-around and no back-references, and captures are written `(?<name>…)`

            error[F0110]: `((((a{99}){99}){99}){99})` is not a regular expression
              --> images/web.yaml:11:42
               |
            11 |     - {image: quay.io/f, select: {regex: '((((a{99}){99}){99}){99})'}}
               |                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^
               |
               = help: it needs more than 1048576 bytes of memory; expressions have no look-around and no back-references, and captures are written `(?<name>…)`

            error[F0110]: `[` is not a regular expression
              --> images/web.yaml:12:58
               |
            12 |     - {image: quay.io/g, select: {semver: "1", exclude: ['[']}}
               |                                                          ^^^
               |
               = help: unclosed character class; expressions have no look-around and no back-references, and captures are written `(?<name>…)`

            error[F0110]: `1` is not the name of a capture
              --> images/web.yaml:13:66
               |
            13 |     - {image: quay.io/h, select: {regex: 'v(?<a>\d+)', orderBy: ["1"]}}
               |                                                                  ^^^
               |
               = help: a capture's name has letters, digits and `_`, and does not begin with a digit

            error[F0110]: `0` is no value for `newest`
              --> images/web.yaml:14:56
               |
            14 |     - {image: quay.io/i, select: {semver: "1", newest: 0}}
               |                                                        ^
               |
               = help: expected a whole number from 1 to 10000

            error[F0108]: expected a whole number for `newest`, found text
              --> images/web.yaml:15:56
               |
            15 |     - {image: quay.io/j, select: {semver: "1", newest: "3"}}
               |                                                        ^^^

            error[F0108]: expected a whole number for `newest`, found text
              --> images/web.yaml:16:56
               |
            16 |     - {image: quay.io/k, select: {semver: "1", newest: many}}
               |                                                        ^^^^

            error[F0107]: unknown key `last`
              --> images/web.yaml:17:48
               |
            17 |     - {image: quay.io/l, select: {semver: "1", last: 3}}
               |                                                ^^^^
               |
               = help: keys of a selection: exclude, floating, newest, orderBy, regex, semver

            error[F0110]: `` is not a regular expression
              --> images/web.yaml:18:42
               |
            18 |     - {image: quay.io/m, select: {regex: ''}}
               |                                          ^^
               |
               = help: an expression has at least one character; `.*` matches every tag

            error[F0108]: expected a map for `select`, found text
              --> images/web.yaml:19:34
               |
            19 |     - {image: quay.io/n, select: newest}
               |                                  ^^^^^^

            error[F0108]: expected a period for `cooldown`, found the number `7`
              --> images/web.yaml:20:49
               |
            20 |     - {image: quay.io/o, tags: ["1"], cooldown: 7}
               |                                                 ^
               |
               = help: a period is a whole number and `s`, `m`, `h`, `d` or `w`, such as `7d`

            15 errors in 2 files; nothing was done.
        "#]],
    );
}

#[test]
fn selections_that_may_clash_are_found_before_any_tag_is_seen() {
    let nginx = "    - {image: docker.io/library/nginx, select: {semver: \"^1\"}}\n";
    let official = "    - {image: docker.io/library/nginx, trust: official, tags: [\"1.2.3\", \"2.0.0\"]}\n";
    let other = "    - {image: quay.io/nginx, tags: [\"2.0.0\", \"1.0.0\"]}\n";
    let third = "    - {image: ghcr.io/nginx, select: {regex: '.*'}}\n";
    check(
        &format!(
            "=== images/a.yaml\n{}---\n{}---\n{}---\n{}=== consumers/a.yaml\n{}{}{}=== trust/official.yaml
apiVersion: fondaco/v1alpha1
kind: TrustPolicy
metadata: {{name: official}}
spec: {{keys: [{{name: nginx, pem: \"{KEY_IN_QUOTES}\"}}]}}
",
            set("chosen", nginx),
            set("listed", official),
            set("other", other),
            set("third", third),
            consumer("a", "shared", "chosen, other").trim_start_matches("---\n"),
            consumer("b", "shared", "third"),
            consumer("c", "alone", "listed"),
        ),
        expect![[r#"
            error[F0206]: two images may claim one tag of `registry.acme.example/shared/nginx`: a selection of `docker.io/library/nginx` and `quay.io/nginx:1.0.0`
             --> images/a.yaml:6:40
              |
            6 |     - {image: docker.io/library/nginx, select: {semver: "^1"}}
              |                                        ^^^^^^
              |
              = help: the other is in images/a.yaml:20; give one of their consumers another target

            error[F0209]: the selection may choose what is asked for under another trust policy: `docker.io/library/nginx:1.2.3`
             --> images/a.yaml:6:40
              |
            6 |     - {image: docker.io/library/nginx, select: {semver: "^1"}}
              |                                        ^^^^^^
              |
              = help: that is in images/a.yaml:13; exclude its tags here, or use one policy

            error[F0206]: two images may claim one tag of `registry.acme.example/shared/nginx`: a selection of `ghcr.io/nginx` and `quay.io/nginx:2.0.0`
              --> images/a.yaml:27:30
               |
            27 |     - {image: ghcr.io/nginx, select: {regex: '.*'}}
               |                              ^^^^^^
               |
               = help: the other is in images/a.yaml:20; give one of their consumers another target

            error[F0206]: two images may claim one tag of `registry.acme.example/shared/nginx`: a selection of `ghcr.io/nginx` and a selection of `docker.io/library/nginx`
              --> images/a.yaml:27:30
               |
            27 |     - {image: ghcr.io/nginx, select: {regex: '.*'}}
               |                              ^^^^^^
               |
               = help: the other is in images/a.yaml:6; give one of their consumers another target

            4 errors in 4 files; nothing was done.
        "#]],
    );
}

#[test]
fn what_cannot_clash_is_no_mistake() {
    let text = format!(
        "=== images/a.yaml\n{}---\n{}---\n{}=== consumers/a.yaml\n{}{}",
        set(
            "chosen",
            "    - {image: docker.io/library/nginx, select: {semver: \"^1\"}}\n    - {image: docker.io/library/nginx, select: {regex: 'v.*'}}\n"
        ),
        set("listed", "    - {image: docker.io/library/nginx, tags: [\"1.2.3\", \"latest\"]}\n"),
        set("other", "    - {image: quay.io/nginx, tags: [\"2.0.0\"]}\n"),
        consumer("a", "shared", "chosen, other, listed").trim_start_matches("---\n"),
        consumer("b", "elsewhere", "chosen"),
    );
    let desired = desired(&text);
    assert_eq!((desired.selections.len(), desired.images.len()), (2, 3));
}

#[test]
fn a_selection_inside_the_quarantine_is_refused() {
    let mirror = MIRROR.replace("  signing", "  quarantine: registry.acme.example/a/nginx\n  signing");
    let set = set("web", "    - {image: docker.io/library/nginx, select: {semver: \"1\"}}\n");
    let text = format!("=== fondaco.yaml\n{mirror}---\n{set}{}", consumer("a", "a", "web"));
    assert_eq!(codes(&text), ["F0207 19:16"]);
}

#[test]
fn a_flood_of_selections_and_exclusions_is_refused() {
    let one = |number: usize| format!("    - {{image: quay.io/a{number}, select: {{semver: \"1\"}}}}\n");
    let entries: String = (0..=SELECTIONS_MAX).map(one).collect();
    let text = format!("=== fondaco.yaml\n{MIRROR}---\n{}", set("web", &entries));
    assert_eq!(codes(&text), ["F0211 1013:30"]);
    let exclusions: Vec<_> = (0..65).map(|number| format!("x{number}")).collect();
    let entry = format!(
        "    - {{image: quay.io/a, select: {{semver: \"1\", exclude: [{}]}}}}\n",
        exclusions.join(", ")
    );
    let text = format!("=== fondaco.yaml\n{MIRROR}---\n{}", set("web", &entry));
    assert_eq!(codes(&text), ["F0110 13:57"]);
}
