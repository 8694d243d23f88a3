//! Attacks on readers of statements, each by its name.

use super::{
    content::{openvex, summary},
    provenance::github,
    *,
};

const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
const SUMMARY: &str = "https://slsa.dev/verification_summary/v1";

#[test]
fn a_statement_for_another_subject() {
    let found = said(&statement(PROVENANCE, &github("https://github.com/acme/web")));
    let error = found.is_about(&repository(), &Digest::sha256("another image")).unwrap_err();
    assert!(error.starts_with("the statement is for another subject, `sha256:6105d6cc"), "{error}");
}

#[test]
fn a_subject_that_is_only_nearly_the_image() {
    let hex = image().hex().to_owned();
    for digest in [
        json!({"sha256": hex.to_uppercase()}),
        json!({"sha256": format!("sha256:{hex}")}),
        json!({"sha256": &hex[..63]}),
        json!({"sha256": format!("{hex} ")}),
        json!({"SHA256": hex}),
        json!({"sha512": hex}),
        json!({}),
    ] {
        let mut value = statement(PROVENANCE, &json!({}));
        value["subject"][0]["digest"] = digest.clone();
        assert!(!said(&value).covers(&image()), "{digest}");
    }
}

#[test]
fn several_subjects_are_each_spoken_of_and_no_other() {
    let other = Digest::sha256("other");
    let mut value = statement(PROVENANCE, &github("https://github.com/acme/web"));
    value["subject"] = json!([{"digest": {"sha256": other.hex()}}, {"digest": {"sha256": image().hex()}}]);
    let found = said(&value);
    assert!(found.covers(&image()) && found.covers(&other));
    let error = found.is_about(&repository(), &Digest::sha256("third")).unwrap_err();
    assert_eq!(error, "none of the statement's 2 subjects is this manifest");
}

#[test]
fn too_many_subjects() {
    let mut value = statement(PROVENANCE, &json!({}));
    let subject = value["subject"][0].clone();
    value["subject"] = json!(vec![subject.clone(); SUBJECTS_MAX]);
    assert_eq!(said(&value).subjects.len(), SUBJECTS_MAX);
    value["subject"] = json!(vec![subject; SUBJECTS_MAX + 1]);
    assert_eq!(refused(&value), "the statement has 1025 subjects, more than 1024");
    value["subject"] = json!([]);
    assert_eq!(refused(&value), "the statement has no subject");
}

#[test]
fn another_type_of_statement() {
    for (kind, expected) in [
        (
            json!("https://in-toto.io/Statement/v2"),
            "the statement is a `https://in-toto.io/Statement/v2`, not an in-toto Statement v0.1 or v1",
        ),
        (
            json!("https://in-toto.io/statement/v1"),
            "the statement is a `https://in-toto.io/statement/v1`, not an in-toto Statement v0.1 or v1",
        ),
        (json!("link"), "the statement is a `link`, not an in-toto Statement v0.1 or v1"),
        (json!(null), "`_type` is missing"),
        (json!(1), "`_type` is no text"),
    ] {
        let mut value = statement(PROVENANCE, &json!({}));
        value["_type"] = kind;
        assert_eq!(refused(&value), expected);
    }
}

#[test]
fn a_source_that_looks_like_the_wanted_one() {
    let source = wanted("slsaProvenance", &[(StatementKind::Source, "https://github.com/acme/web")]);
    assert_eq!(meets(&source, &said(&statement(PROVENANCE, &github("https://github.com/acme/web")))), Ok(()));
    for repository in [
        "https://github.com/acme/web.git.evil.example",
        "https://github.com/acme/web.git",
        "https://github.com/acme/web/",
        "https://github.com/acme/Web",
        "HTTPS://github.com/acme/web",
        "https://github.com@evil.example/acme/web",
        "https://user@github.com/acme/web",
        "https://github.com/acme/web@evil.example",
        "https://github.com/acme/web\u{200b}",
        "https://github.com/acme/w\u{0435}b",
        "https://github.com/acme/web ",
        " https://github.com/acme/web",
        "https://github.com/acme/web\n",
        "http://github.com/acme/web",
        "https://github.com/acme/../acme/web",
        "git+https://github.com/acme/web",
    ] {
        let found = said(&statement(PROVENANCE, &github(repository)));
        assert!(meets(&source, &found).is_err(), "{repository:?}");
    }
}

#[test]
fn a_source_that_looks_like_the_wanted_one_in_a_uri() {
    let source = wanted("slsaProvenance", &[(StatementKind::Source, "https://github.com/acme/web")]);
    let of = |uri: &str| {
        let predicate =
            json!({"builder": {"id": "b"}, "buildType": "t", "invocation": {"configSource": {"uri": uri}}});
        said(&statement("https://slsa.dev/provenance/v0.2", &predicate))
    };
    assert_eq!(meets(&source, &of("git+https://github.com/acme/web@refs/heads/main")), Ok(()));
    for uri in [
        "git+https://github.com/acme/web.git.evil.example@refs/heads/main",
        "git+https://github.com@evil.example/acme/web@refs/heads/main",
        "git+https://github.com/acme/web@evil.example/acme/web",
        "git+https://github.com/acme/web/@refs/heads/main",
        "git+https://GITHUB.com/acme/web@refs/heads/main",
        "git+git+https://github.com/acme/web@refs/heads/main",
        "https://evil.example/#https://github.com/acme/web",
        "https://evil.example/?https://github.com/acme/web",
        "https://github.com\\@evil.example/acme/web",
        "git+https://github.com/acme/web@refs/heads/main@refs/heads/evil",
    ] {
        assert!(meets(&source, &of(uri)).is_err(), "{uri}");
    }
}

#[test]
fn a_summary_of_a_failed_verification() {
    for result in ["FAILED", "passed", "PASSED ", "", "UNKNOWN"] {
        let found = said(&statement(SUMMARY, &summary(result, "registry.example/acme/web")));
        assert!(meets(&wanted("verificationSummary", &[]), &found).is_err(), "{result}");
    }
    let found = said(&statement(SUMMARY, &summary("FAILED", "registry.example/acme/web")));
    let error = meets(&wanted(SUMMARY, &[]), &found).unwrap_err();
    assert_eq!(error, "its verification result is `FAILED`");
}

#[test]
fn a_summary_for_another_resource() {
    let hex = image().hex().to_owned();
    let other = Digest::sha256("other");
    for resource in [
        "registry.example/acme/web".to_owned(),
        "registry.example/acme/web:1.2".to_owned(),
        format!("registry.example/acme/web:1.2@sha256:{hex}"),
        format!("oci://registry.example/acme/web@sha256:{hex}"),
        format!("pkg:oci/web@sha256%3A{hex}?repository_url=registry.example/acme/web"),
        format!("pkg:oci/web@sha256%3A{hex}"),
        format!("pkg:docker/acme/web@1.2?repository_url=registry.example&digest=sha256:{hex}"),
    ] {
        let found = said(&statement(SUMMARY, &summary("PASSED", &resource)));
        assert_eq!(found.is_about(&repository(), &image()), Ok(()), "{resource}");
    }
    for resource in [
        "registry.example/acme/other".to_owned(),
        "other.example/acme/web".to_owned(),
        "registry.example/acme/web.evil".to_owned(),
        "registry.example.evil.example/acme/web".to_owned(),
        format!("registry.example/acme/web@{other}"),
        format!("pkg:oci/web@{other}?repository_url=registry.example/acme/web"),
        format!("pkg:oci/web@sha256%3A{hex}?repository_url=evil.example/acme/web"),
        "pkg:oci/web".to_owned(),
        "pkg:docker/acme/web@1.2".to_owned(),
        "pkg:npm/web@1".to_owned(),
        "https://example.com/example-1.2.3.tar.gz?x=registry.example/acme/web".to_owned(),
        "not a name".to_owned(),
    ] {
        let found = said(&statement(SUMMARY, &summary("PASSED", &resource)));
        assert!(found.is_about(&repository(), &image()).is_err(), "{resource}");
    }
}

#[test]
fn a_key_that_is_there_twice() {
    let text = statement(PROVENANCE, &github("https://github.com/acme/web")).to_string();
    let twice = text.replacen("\"_type\":", "\"predicateType\":\"https://spdx.dev/Document\",\"_type\":", 1);
    let error = read(twice.as_bytes()).unwrap_err();
    let expected = "the statement is malformed: an object has the key `predicateType` twice";
    assert!(error.starts_with(expected), "{error}");
    // Deep within, too: whoever takes the other one builds another image.
    let deep = text.replacen("\"repository\":", "\"repository\":\"https://evil.example\",\"repository\":", 1);
    assert!(read(deep.as_bytes()).unwrap_err().contains("the key `repository` twice"));
}

#[test]
fn keys_that_programs_in_go_take_for_each_other() {
    for key in ["PredicateType", "predicatetype", "PREDICATETYPE", "predicateType\u{0}"] {
        let mut value = statement(PROVENANCE, &json!({}));
        value[key] = json!("https://spdx.dev/Document");
        let found = read(value.to_string().as_bytes());
        assert_eq!(found.is_err(), !key.ends_with('\u{0}'), "{key:?}");
    }
    // U+017F and U+212A fold to `s` and `k`.
    let mut value = statement(PROVENANCE, &json!({}));
    value["\u{17f}ubject"] = json!([]);
    assert_eq!(refused(&value), "an object has `\u{17f}ubject` where `subject` is meant");
}

#[test]
fn ten_thousand_statements() {
    let item = json!({"vulnerability": {"name": "CVE-2026-0001"}, "status": "fixed"});
    let of = |count: usize| {
        said(&statement("https://openvex.dev/ns", &openvex(&json!(vec![item.clone(); count])))).content
    };
    assert!(matches!(of(VEX_STATEMENTS_MAX), Content::Vex(vex) if vex.statements.len() == 10_000));
    let expected = "the document has 10001 statements, more than 10000";
    assert_eq!(of(VEX_STATEMENTS_MAX + 1), Content::Unreadable(expected.into()));
}

#[test]
fn json_ten_thousand_deep() {
    for depth in [DEPTH_MAX + 1, 10_000, 1_000_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let text = format!("{{\"predicate\":{}1{}}}", open.repeat(depth), close.repeat(depth));
            let error = read(text.as_bytes()).unwrap_err();
            assert!(error.contains("nested more than 64 deep"), "{error}");
        }
    }
    let nested = |depth: usize| {
        let value = (0..depth).fold(json!(1), |inner, _| json!([inner]));
        read(statement("https://example.com/x", &json!({"a": value})).to_string().as_bytes())
    };
    // The statement and its predicate are two levels of their own.
    assert!(nested(DEPTH_MAX - 2).is_ok() && nested(DEPTH_MAX - 1).is_err());
}

#[test]
fn two_hundred_megabytes() {
    let error = read(&vec![b' '; 200_000_000]).unwrap_err();
    assert_eq!(error, "the statement has 200000000 bytes, more than 33554432");
}

/// Few bytes that become much memory.
#[test]
fn more_values_than_bytes_suggest() {
    let text = format!("[{}1]", "1,".repeat(VALUES_MAX));
    let error = read(text.as_bytes()).unwrap_err();
    assert!(error.contains("more than 1000000 values"), "{error}");
}

#[test]
fn text_that_is_too_long_to_decide_by() {
    let long = format!("https://github.com/{}", "a".repeat(TEXT_CHARS_MAX));
    let found = said(&statement(PROVENANCE, &github(&long)));
    assert_eq!(found.content, Content::Unreadable("`repository` has more than 1024 characters".into()));
    assert!(found.says.is_empty());
    let mut value = statement(PROVENANCE, &json!({}));
    value["predicateType"] = json!(long);
    assert_eq!(refused(&value), "`predicateType` has more than 1024 characters");
}

#[test]
fn what_is_no_statement_at_all() {
    for text in ["", "null", "[]", "\"x\"", "{}", "{\"_type\":", "\u{feff}{}", "{} {}"] {
        assert!(read(text.as_bytes()).is_err(), "{text}");
    }
    assert!(read(&[0xff, 0xfe, 0x00]).is_err());
}

#[test]
fn a_flood_of_statements_does_not_grow_what_is_kept() {
    let found = said(&statement("https://example.com/x", &json!({})));
    let stated = |n: usize| Stated {
        attestation: Digest::sha256(n.to_string()),
        subject: image(),
        outcome: Outcome::Foreign,
        signer: None,
        said: found.clone(),
    };
    let mut list = StatedList::default();
    (0..STATED_MAX + 7).for_each(|n| list.add(stated(n)));
    assert_eq!((list.items().len(), list.left_out), (STATED_MAX, 7));

    let of = |count: usize| {
        let packages = (0..count).map(|n| format!("deb/p{n}@1")).collect();
        Said { content: Content::Sbom(Sbom { packages, ..Sbom::default() }), ..found.clone() }
    };
    let mut budget = Budget::default();
    let kept = |budget: &mut Budget, outcome, count| {
        let mut said = of(count);
        budget.keep(outcome, &mut said);
        said.content != Content::NotKept
    };
    assert!(kept(&mut budget, Outcome::Foreign, WEIGHT_MAX));
    assert!(!kept(&mut budget, Outcome::Foreign, 1), "nobody's SBOMs fill what there is for them");
    assert!(kept(&mut budget, Outcome::Verified, WEIGHT_MAX), "and take nothing from signers");
    assert!(!kept(&mut budget, Outcome::Verified, 1));
    let mut list = StatedList::default();
    let not_kept = Said { content: Content::NotKept, ..found.clone() };
    list.add(Stated { said: not_kept.clone(), ..stated(0) });
    assert_eq!((list.items().len(), list.left_out, list.incomplete), (0, 1, false));
    list.add(Stated { said: not_kept, outcome: Outcome::Verified, ..stated(1) });
    assert!(list.incomplete);
}
