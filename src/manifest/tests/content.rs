//! What of an image is taken in: platforms and foreign layers.

use super::*;

fn set(entries: &str) -> String {
    format!(
        "=== fondaco.yaml
{MIRROR}---
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {{name: web}}
spec:
  images:
{entries}"
    )
}

#[test]
fn platforms_are_sorted_and_the_default_is_everything() {
    let text =
        set("    - {image: docker.io/library/nginx, tags: [\"1\"], platforms: [linux/arm/v7, linux/amd64]}
    - {image: docker.io/library/redis, tags: [\"1\"], foreignLayers: refuse}
    - {image: docker.io/library/zot, tags: [\"1\"], foreignLayers: skip}
");
    let desired = read(&files(&text)).unwrap();
    let found: Vec<(Vec<String>, bool)> = desired
        .images
        .iter()
        .map(|image| {
            let platforms = image.content.platforms.iter().map(ToString::to_string).collect();
            (platforms, image.content.refuse_foreign)
        })
        .collect();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
    assert_eq!(
        found,
        [(names(&["linux/amd64", "linux/arm/v7"]), false), (names(&[]), true), (names(&[]), false)]
    );
}

#[test]
fn what_is_no_platform_is_told_with_what_would_be() {
    check(
        &set("    - {image: docker.io/library/nginx, tags: [\"1\"], platforms: [amd64, linux/amd64, linux/amd64]}
    - {image: docker.io/library/redis, tags: [\"1\"], platforms: [], foreignLayers: fetch}
"),
        expect![[r#"
            error[F0110]: `amd64` is not a platform
              --> fondaco.yaml:13:65
               |
            13 |     - {image: docker.io/library/nginx, tags: ["1"], platforms: [amd64, linux/amd64, linux/amd64]}
               |                                                                 ^^^^^
               |
               = help: a platform is written system, architecture and perhaps variant: `linux/amd64`, `linux/arm/v7`

            error[F0205]: `linux/amd64` is listed twice
              --> fondaco.yaml:13:85
               |
            13 |     - {image: docker.io/library/nginx, tags: ["1"], platforms: [amd64, linux/amd64, linux/amd64]}
               |                                                                                     ^^^^^^^^^^^
               |
               = help: the first is in line 13

            error[F0110]: `platforms` needs at least one entry
              --> fondaco.yaml:14:64
               |
            14 |     - {image: docker.io/library/redis, tags: ["1"], platforms: [], foreignLayers: fetch}
               |                                                                ^

            error[F0110]: `fetch` is no value for `foreignLayers`
              --> fondaco.yaml:14:83
               |
            14 |     - {image: docker.io/library/redis, tags: ["1"], platforms: [], foreignLayers: fetch}
               |                                                                                   ^^^^^
               |
               = help: expected one of `skip`, `refuse`

            4 errors in 1 file; nothing was done.
        "#]],
    );
}

#[test]
fn one_repository_has_one_choice() {
    check(
        &set("    - {image: docker.io/library/nginx, tags: [\"1\"], platforms: [linux/amd64]}
    - {image: docker.io/library/nginx, tags: [\"2\"]}
"),
        expect![[r#"
            error[F0220]: `docker.io/library/nginx` is asked for with `linux/amd64`, foreign layers skipped and with all platforms, foreign layers skipped
              --> fondaco.yaml:14:47
               |
            14 |     - {image: docker.io/library/nginx, tags: ["2"]}
               |                                               ^^^
               |
               = help: the first is in fondaco.yaml:13; one repository has one choice

            1 error in 1 file; nothing was done.
        "#]],
    );
}

/// A selection may choose what another entry lists.
#[test]
fn one_repository_has_one_choice_whether_listed_or_selected() {
    check(
        &set("    - {image: docker.io/library/nginx, tags: [\"1\"]}
    - {image: docker.io/library/nginx, select: {semver: \"^1\"}, foreignLayers: refuse}
"),
        expect![[r#"
            error[F0220]: `docker.io/library/nginx` is asked for with all platforms, foreign layers skipped and with all platforms, foreign layers refused
              --> fondaco.yaml:14:40
               |
            14 |     - {image: docker.io/library/nginx, select: {semver: "^1"}, foreignLayers: refuse}
               |                                        ^^^^^^
               |
               = help: the first is in fondaco.yaml:13; one repository has one choice

            1 error in 1 file; nothing was done.
        "#]],
    );
    let text =
        set("    - {image: docker.io/library/nginx, select: {semver: \"^1\"}, platforms: [linux/arm64]}\n");
    let desired = read(&files(&text)).unwrap();
    let chosen = desired.selections[0].under("1.2.3");
    assert_eq!(chosen.content.platforms, ["linux/arm64".parse().unwrap()]);
}
