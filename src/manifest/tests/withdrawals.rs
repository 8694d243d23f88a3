//! `Withdrawal`: what is recalled, for whom, from when, and what is deleted.

use super::*;

const AROUND: &str = "=== fondaco.yaml
apiVersion: fondaco/v1alpha1
kind: Mirror
metadata: {name: acme}
spec: {registry: registry.acme.example, signing: {key: keys/acme.key}}
---
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {name: web}
spec: {images: [{image: docker.io/library/nginx, tags: [\"1.28\"]}]}
---
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {name: payments}
spec: {target: registry.acme.example/payments, images: [web]}
";

fn with(spec: &str) -> String {
    format!(
        "{AROUND}=== withdrawals/eol.yaml\napiVersion: fondaco/v1alpha1\nkind: Withdrawal\nmetadata: {{name: \
         eol}}\nspec: {spec}\n"
    )
}

fn withdrawal(spec: &str) -> DesiredWithdrawal {
    read(&files(&with(spec))).unwrap().withdrawals.remove(0)
}

#[test]
fn a_withdrawal_deletes_nothing_unless_it_says_so() {
    let subjects = "subjects: [{image: docker.io/library/nginx, tag: \"1.27\"}], reason: end of life";
    let bare = withdrawal(&format!("{{{subjects}, effective: 2026-12-01}}"));
    let expected = DesiredWithdrawal {
        name: "eol".into(),
        subjects: vec![Withdrawn {
            source: "docker.io/library/nginx".parse().unwrap(),
            reference: crate::model::Reference::tag("1.27"),
            written: "withdrawals/eol.yaml:4".into(),
        }],
        reason: "end of life".into(),
        effective: "2026-12-01T00:00:00Z".parse().unwrap(),
        delete_at: None,
        quarantine: false,
        replacement: None,
        consumers: None,
        written: "withdrawals/eol.yaml:3".into(),
    };
    assert_eq!(bare, expected);
    let none = withdrawal(&format!("{{{subjects}, effective: 2026-12-01, delete: none}}"));
    assert_eq!(none, expected);
    let whole = withdrawal(&format!(
        "{{{subjects}, effective: 2026-12-01, grace: 7d, delete: distribution, replacement: nginx 1.28, consumers: \
         [payments]}}"
    ));
    assert_eq!(whole.delete_at.unwrap().to_string(), "2026-12-08T00:00:00Z");
    assert_eq!(whole.consumers, Some(["payments".to_owned()].into()));
    assert!(!whole.quarantine);
    let everywhere = withdrawal(&format!("{{{subjects}, effective: 2026-12-01, delete: quarantine}}"));
    assert_eq!((everywhere.delete_at, everywhere.quarantine), (Some(everywhere.effective), true));
    let at_once = withdrawal(&format!("{{{subjects}, effective: 2026-12-01, delete: distribution}}"));
    assert_eq!(at_once.delete_at, Some(at_once.effective));
}

#[test]
fn what_cannot_be_meant_is_told() {
    let digest = format!("sha256:{}", "0a".repeat(32));
    let image = "image: docker.io/library/nginx";
    let cases = [
        (format!("{{subjects: [{{{image}}}], reason: r, effective: 2026-12-01}}"), 1),
        (
            format!(
                "{{subjects: [{{{image}, tag: a, digest: \"{digest}\"}}], reason: r, effective: 2026-12-01}}"
            ),
            1,
        ),
        (format!("{{subjects: [{{{image}, tag: a}}], reason: r, effective: 2026-12-01, grace: 7d}}"), 1),
        (format!("{{subjects: [{{{image}, tag: a}}], reason: r, effective: soon}}"), 1),
        (format!("{{subjects: [{{{image}, tag: a}}], effective: 2026-12-01}}"), 1),
        ("{subjects: [], reason: r, effective: 2026-12-01}".to_owned(), 1),
        (format!("{{subjects: [{{{image}, tag: a}}], reason: r, effective: 2026-12-01, consumers: []}}"), 1),
        (
            format!(
                "{{subjects: [{{{image}, tag: a}}], reason: r, effective: 2026-12-01, consumers: [paiments]}}"
            ),
            1,
        ),
        (
            format!(
                "{{subjects: [{{{image}, tag: a}}], reason: r, effective: 2026-12-01, delete: everything}}"
            ),
            1,
        ),
        (
            format!(
                "{{subjects: [{{{image}, tag: a}}], reason: r, effective: 2026-12-01, delete: quarantine, \
                 consumers: [payments]}}"
            ),
            1,
        ),
    ];
    for (spec, mistakes) in cases {
        assert_eq!(codes(&with(&spec)).len(), mistakes, "{spec}: {:?}", codes(&with(&spec)));
    }
}

#[test]
fn a_subject_without_digest_and_tag_is_shown_in_its_place() {
    check(
        &with(
            "{subjects: [{image: docker.io/library/nginx}], reason: r, effective: 2026-12-01, consumers: [paiments]}",
        ),
        expect![[r#"
            error[F0110]: a subject needs a digest or a tag
             --> withdrawals/eol.yaml:4:19
              |
            4 | spec: {subjects: [{image: docker.io/library/nginx}], reason: r, effective: 2026-12-01, consumers: [paiments]}
              |                   ^
              |
              = help: a digest is withdrawn under every tag; a tag with every digest it was seen to have

            error[F0203]: consumer `paiments` is not defined
             --> withdrawals/eol.yaml:4:100
              |
            4 | spec: {subjects: [{image: docker.io/library/nginx}], reason: r, effective: 2026-12-01, consumers: [paiments]}
              |                                                                                                    ^^^^^^^^ did you mean `payments`?
              |
              = help: defined consumers: `payments` (fondaco.yaml:13)

            2 errors in 2 files; nothing was done.
        "#]],
    );
}
