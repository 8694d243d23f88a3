use super::*;

/// Writes what is affected as `i0 f1.2; l3 =2.0`.
fn shown_as(stated: &Stated) -> String {
    let event = |event: &Event| match event {
        Event::Introduced(version) => format!("i{version}"),
        Event::Fixed(version) => format!("f{version}"),
        Event::LastAffected(version) => format!("l{version}"),
    };
    let ranges = stated.ranges.iter().map(|events| events.iter().map(event).collect::<Vec<_>>().join(" "));
    ranges.chain(stated.versions.iter().map(|version| format!("={version}"))).collect::<Vec<_>>().join("; ")
}

fn check(scheme: Scheme, cases: &[(&[&str], &[&str], &str)]) {
    for (vulnerable, safe, expected) in cases {
        let found = affected(scheme, vulnerable, safe).map(|stated| shown_as(&stated));
        assert_eq!(found.as_deref(), Ok(*expected), "{vulnerable:?} without {safe:?}");
    }
}

#[test]
fn terms_are_read_in_each_way_they_are_written() {
    check(
        Scheme::Semver,
        &[
            (&["<1.2.3"], &[], "i0 f1.2.3"),
            (&["< 1.2.3"], &[], "i0 f1.2.3"),
            (&["<= 1.2.3"], &[], "i0 l1.2.3"),
            (&[">= 1.0.0"], &[], "i1.0.0"),
            (&[">=0"], &[], "i0"),
            (&["> 1.0.0"], &[], "i1.0.0"),
            (&["= 2.0.0"], &[], "=2.0.0"),
            (&["==2.0.0"], &[], "=2.0.0"),
            (&["2.0.0"], &[], "=2.0.0"),
            (&["\"2.0.0\""], &[], "=2.0.0"),
            (&["*"], &[], "i0"),
            (&[""], &[], "i0"),
            (&[], &[], "i0"),
            (&[">=1.0.0, <1.2.0"], &[], "i1.0.0 f1.2.0"),
            (&[">=1.0.0,<1.2.0"], &[], "i1.0.0 f1.2.0"),
            (&[">=1.0.0 <1.2.0"], &[], "i1.0.0 f1.2.0"),
            (&[" , >= 1.0.0 ,, < 1.2.0 , "], &[], "i1.0.0 f1.2.0"),
            (&[">=1.0.0, <1.2.0 || =2.0.0"], &[], "i1.0.0 f1.2.0; =2.0.0"),
            (&["<1.2.0||>=2.0.0,<2.1.0"], &[], "i0 f1.2.0; i2.0.0 f2.1.0"),
            (&["<1.2.0", ">=2.0.0,<2.1.0", "<1.2.0"], &[], "i0 f1.2.0; i2.0.0 f2.1.0"),
            (&[">=1.0.0, >=1.5.0, <2.0.0, <=1.9.0"], &[], "i1.5.0 l1.9.0"),
            (&[">=1.0.0, >1.0.0, <2.0.0, <=2.0.0"], &[], "i1.0.0 f2.0.0"),
            (&[">=1.0.0, <=1.0.0"], &[], "=1.0.0"),
        ],
    );
    check(Scheme::Deb, &[(&["< 1:2.3+dfsg-1~deb12u1"], &[], "i0 f1:2.3+dfsg-1~deb12u1")]);
    check(Scheme::Rpm, &[(&["< 0:1.0^20240101git_a-1.el8"], &[], "i0 f0:1.0^20240101git_a-1.el8")]);
}

#[test]
fn what_holds_for_no_version_is_left_away() {
    check(
        Scheme::Semver,
        &[
            (&[">=2.0.0, <1.0.0"], &[], ""),
            (&[">=1.0.0, <1.0.0"], &[], ""),
            (&[">1.0.0, <=1.0.0"], &[], ""),
            // Vunnel's form of "not affected".
            (&["< 0"], &[], ""),
            (&[">=2.0.0, <1.0.0 || <0.5.0"], &[], "i0 f0.5.0"),
        ],
    );
}

#[test]
fn what_is_safe_is_taken_away() {
    check(
        Scheme::Semver,
        &[
            (&["<1.2.0"], &["1.2.0"], "i0 f1.2.0"),
            (&["<=99.999.99999"], &[">=1.2.0"], "i0 f1.2.0"),
            (&["<=2.0.0"], &[">2.0.0"], "i0 l2.0.0"),
            (&["*"], &[">1.0.0"], "i0 l1.0.0"),
            (&["*"], &["<=1.0.0"], "i1.0.0"),
            (&["*"], &["*"], ""),
            (&["*"], &["<1.0.0", ">=1.0.0"], ""),
            (&["*"], &[">=2.0.0", ">=1.2.0 <1.3.0", "<1.0.0"], "i1.0.0 f1.2.0; i1.3.0 f2.0.0"),
            (&["*"], &[">=1.0.0 <3.0.0", ">=1.5.0 <2.0.0"], "i0 f1.0.0; i3.0.0"),
            (&["*"], &[">=2.0.0 <1.0.0"], "i0"),
            (&["<1.5.0", ">=2.0.0 <2.5.0"], &[">=1.0.0 <2.1.0"], "i0 f1.0.0; i2.1.0 f2.5.0"),
            (&["=1.0.0", "=3.0.0"], &[">=2.0.0"], "=1.0.0"),
        ],
    );
    check(
        Scheme::RubyGems,
        &[
            (&[], &["~> 3.2.16", ">= 4.0.2"], "i0 f3.2.16; i3.3.A f4.0.2"),
            (&[], &["~> 3.2", ">= 4.0.2"], "i0 f3.2; i4.A f4.0.2"),
            (&[], &["~> 3"], "i0 f3; i4.A"),
            (&[], &["~> 2.0.0.rc1", ">= 3"], "i0 f2.0.0.rc1; i2.1.A f3"),
            (&[], &["~> 1.2, >= 1.2.5", ">= 2.0"], "i0 f1.2.5; i2.A f2.0"),
        ],
    );
}

#[test]
fn a_series_ends_before_the_first_of_the_next() {
    // Gem::Requirement: `~> 3.2.16` holds for 3.2.99 and for no pre-release of 3.3.
    for (version, order) in
        [("3.2.99", Ordering::Less), ("3.3.0.alpha", Ordering::Greater), ("3.3", Ordering::Greater)]
    {
        assert_eq!(compare(Scheme::RubyGems, version, "3.3.A"), Some(order), "{version}");
    }
}

#[test]
fn versions_need_not_compare_where_nothing_is_asked_of_them() {
    check(Scheme::Semver, &[(&["<not-a-version"], &["not-a-version"], "i0 fnot-a-version")]);
    for (vulnerable, safe) in
        [(&[">=one <two, <three"][..], &[][..]), (&["*"], &[">=one"]), (&["<one"], &[">=1.0.0"])]
    {
        assert!(affected(Scheme::Semver, vulnerable, safe).is_err(), "{vulnerable:?} {safe:?}");
    }
}

#[test]
fn what_cannot_be_said_with_events_is_refused() {
    let long = format!("<{}", "1".repeat(600));
    for text in [
        "!=1.0.0",
        "~1.2",
        "^1.2.3",
        "~> 1.2",
        "=>1.0",
        "<>1",
        "<",
        ">= , <1",
        "1.x",
        "1.X.2",
        "1.*",
        ">= *",
        "[1.0,2.0)",
        "(,1.0]",
        "1.0 - 2.0",
        "<1.0.0 ||",
        "|| <1.0.0",
        "<1|<2",
        "<é",
        "<a\u{0}b",
        "<1\u{7f}",
        long.as_str(),
    ] {
        assert!(affected(Scheme::Semver, &[text], &[]).is_err(), "{text}");
    }
    assert!(affected(Scheme::RubyGems, &[], &["~> a"]).is_err());
    assert!(affected(Scheme::RubyGems, &[], &["~> 99999999999999999999"]).is_err());
}

#[test]
fn lists_are_limited() {
    let list = vec!["<1.0.0"; LIST_MAX + 1];
    assert!(affected(Scheme::Semver, &list[1..], &[]).is_ok());
    assert!(affected(Scheme::Semver, &list, &[]).is_err());
    assert!(affected(Scheme::Semver, &["<1.0.0 || ".repeat(LIST_MAX).as_str()], &[]).is_err());
    let safe = vec![">=1.0.0"; SAFE_MAX + 1];
    assert!(affected(Scheme::Semver, &["*"], &safe[1..]).is_ok());
    assert!(affected(Scheme::Semver, &["*"], &safe).is_err());
    // Many ranges with as many gaps between what is safe.
    let texts: Vec<String> = (0..SAFE_MAX).map(|n| format!(">={n}.1.0 <{n}.2.0")).collect();
    let safe: Vec<&str> = texts.iter().map(String::as_str).collect();
    let found = affected(Scheme::Semver, &["*"; 11], &safe);
    assert_eq!(found.unwrap_err(), format!("{} ranges, more than {LIST_MAX}", 11 * (SAFE_MAX + 1)));
}
