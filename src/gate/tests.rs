use std::collections::BTreeMap;

use super::*;
use crate::{
    evidence::{
        AdvisoriesLock, AdvisoriesUsed, AdvisorySource, ContentsRecord, Document as _, ExecutionRecord,
        NotLookedAt, PlatformContents, PlatformRecord, SourceUsed, VerificationRecord,
    },
    manifest::Ruled,
    model::{Digest, ExploitedStatement, Finding, FindingStatement, Outcome, Period, Severity, VexStatus},
};

pub(super) fn gate() -> DesiredGate {
    DesiredGate {
        name: "standard".into(),
        max_severity: ruled(Severity::High),
        fixable_only: ruled(false),
        unknown_severity: ruled(Verdict::Held),
        signature_required: ruled(false),
        max_age: ruled("7d".parse().unwrap()),
        cooldown: ruled(Period::days(0)),
        known_exploited: ruled(Verdict::Refused),
        publisher_vex: ruled(false),
        licences: None,
        hold_secrets: ruled(false),
    }
}

fn ruled<T>(value: T) -> Ruled<T> {
    Ruled { value, written: "gates/standard.yaml:6".into() }
}

fn finding(id: &str, severity: Severity, fixed: Option<&str>) -> Finding {
    Finding {
        id: id.into(),
        ids: vec![id.into()],
        ecosystem: "Debian:12".into(),
        source: "openssl".into(),
        installed: "3.0.11-1".into(),
        packages: vec![],
        fixed: fixed.map(Into::into),
        severity,
        chosen: "test".into(),
        severities: vec![],
        state: None,
        exploited: vec![],
        epss: None,
        advisories: vec![],
        first_seen: None,
        exploited_seen: None,
        statements: vec![],
    }
}

fn scan(as_of: &str, findings: Vec<Finding>, not_looked_at: Vec<NotLookedAt>) -> ScanRecord {
    ScanRecord {
        scanned: None,
        schema: "fondaco/scan/v1alpha1".into(),
        subject: Digest::sha256("image"),
        packages: Digest::sha256("packages"),
        advisories: AdvisoriesUsed {
            digest: Digest::sha256("bundle"),
            as_of: as_of.parse().unwrap(),
            ecosystems: vec![],
            sources: vec![],
        },
        findings,
        not_looked_at,
    }
}

pub(super) fn verification(outcome: Outcome) -> VerificationRecord {
    VerificationRecord {
        schema: "fondaco/verification/v1alpha1".into(),
        subject: Digest::sha256("image"),
        policy: "official".into(),
        policy_digest: Digest::sha256("policy"),
        root: None,
        outcome,
        reason: "as the test says".into(),
        demands: vec![],
        attestations: vec![],
        signatures: vec![],
    }
}

/// Returns a platform whose digest is that of its name.
pub(super) fn platform(name: &str) -> PlatformRecord {
    PlatformRecord {
        platform: name.into(),
        digest: Digest::sha256(name),
        media_type: "m".into(),
        size: 1,
        packages: "packages.txt".into(),
        system: None,
        package_count: 3,
        layers: vec![],
        sbom: None,
    }
}

/// Returns the contents of platforms that [`platform`] makes.
pub(super) fn contents(platforms: Vec<PlatformContents>) -> ContentsRecord {
    ContentsRecord { schema: "fondaco/contents/v1alpha1".into(), subject: Digest::sha256("image"), platforms }
}

/// Returns what is found in a platform of this name: nothing.
pub(super) fn nothing_in(name: &str) -> PlatformContents {
    PlatformContents {
        digest: Digest::sha256(name),
        layers: vec![],
        kinds: vec![],
        licences: vec![],
        owned: vec![],
        runtimes: vec![],
        documents: BTreeMap::new(),
        content_sets: vec![],
        base: None,
        secrets: None,
        privileged: None,
        execution: ExecutionRecord::default(),
    }
}

/// Returns what is known of platforms that are neither scanned nor catalogued.
pub(super) fn facts<'a>(platforms: &'a [PlatformRecord], verification: &'a VerificationRecord) -> Facts<'a> {
    Facts {
        platforms,
        unread: &[],
        verification,
        policy: None,
        scan: None,
        advisories: None,
        contents: None,
        first_seen: None,
        cooldown: None,
        withdrawals: &[],
        now: "2026-11-21T00:00:00Z".parse().unwrap(),
    }
}

fn verdict(
    scan: Option<&ScanRecord>,
    outcome: Outcome,
    actions: &[(Outcome, Verdict)],
    gate: DesiredGate,
) -> ConsumerVerdict {
    let verification = verification(outcome);
    let policy = DesiredPolicy {
        name: "official".into(),
        actions: actions.iter().map(|(o, v)| (*o, ruled(*v))).collect::<BTreeMap<_, _>>(),
        written: "trust/official.yaml:4".into(),
        ..DesiredPolicy::default()
    };
    let platforms = [platform("linux/amd64")];
    let facts = Facts { policy: Some(&policy), scan, ..facts(&platforms, &verification) };
    let consumer = DesiredConsumer {
        name: "payments".into(),
        target: "registry.example/payments".parse().unwrap(),
        sets: vec![],
        gate,
        written: "consumers/payments.yaml:1".into(),
    };
    judge(&facts, &consumer)
}

#[test]
fn every_file_in_this_folder_is_registered() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/gate");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().replace(".rs", ""))
        .filter(|name| name != "mod" && name != "tests")
        .collect();
    files.sort();
    let names: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
    assert_eq!(files, names);
}

#[test]
fn a_finding_above_the_threshold_refuses_and_one_at_it_does_not() {
    let fresh = |severity| scan("2026-11-20T00:00:00Z", vec![finding("CVE-1", severity, None)], vec![]);
    let judged = verdict(Some(&fresh(Severity::Critical)), Outcome::Verified, &[], gate());
    assert_eq!(judged.verdict, Verdict::Refused);
    assert_eq!(judged.reasons[0].rule, "maxSeverity high");
    assert_eq!(judged.reasons[0].written, "gates/standard.yaml:6");
    let judged = verdict(Some(&fresh(Severity::High)), Outcome::Verified, &[], gate());
    assert_eq!((judged.verdict, judged.reasons.len()), (Verdict::Cleared, 0));
}

#[test]
fn fixable_only_leaves_out_what_has_no_fix() {
    let scan =
        |fixed| scan("2026-11-20T00:00:00Z", vec![finding("CVE-1", Severity::Critical, fixed)], vec![]);
    let lenient = || DesiredGate { fixable_only: ruled(true), ..gate() };
    assert_eq!(verdict(Some(&scan(None)), Outcome::Verified, &[], lenient()).verdict, Verdict::Cleared);
    assert_eq!(verdict(Some(&scan(Some("2"))), Outcome::Verified, &[], lenient()).verdict, Verdict::Refused);
}

#[test]
fn an_unknown_severity_is_not_a_low_one() {
    let scan = scan("2026-11-20T00:00:00Z", vec![finding("CVE-1", Severity::Unknown, None)], vec![]);
    for (action, expected) in [
        (Verdict::Held, Verdict::Held),
        (Verdict::Refused, Verdict::Refused),
        (Verdict::Cleared, Verdict::Cleared),
    ] {
        let gate = DesiredGate { unknown_severity: ruled(action), ..gate() };
        assert_eq!(verdict(Some(&scan), Outcome::Verified, &[], gate).verdict, expected);
    }
}

#[test]
fn a_missing_or_stale_database_is_never_no_vulnerabilities() {
    assert_eq!(verdict(None, Outcome::Verified, &[], gate()).verdict, Verdict::Held);
    let at = |as_of| verdict(Some(&scan(as_of, vec![], vec![])), Outcome::Verified, &[], gate()).verdict;
    assert_eq!(at("2026-11-14T00:00:00Z"), Verdict::Cleared, "exactly seven days");
    assert_eq!(at("2026-11-13T23:59:59Z"), Verdict::Held, "seven days and a second");
}

#[test]
fn the_age_of_each_source_counts_and_newer_advisories_that_say_the_same_renew_it() {
    let used = |name: &str, as_of: &str| SourceUsed { name: name.into(), as_of: as_of.parse().unwrap() };
    let locked = |name: &str, as_of: &str| AdvisorySource {
        name: name.into(),
        as_of: as_of.parse().unwrap(),
        digest: Digest::sha256(name),
        formats: vec![],
        licence: None,
        url: None,
        read: 1,
        kept: 1,
        withdrawn: 0,
        rejected: 0,
        left_out: 0,
    };
    let mut scan = scan("2026-01-01T00:00:00Z", vec![], vec![]);
    scan.advisories.sources =
        vec![used("debian", "2026-01-01T00:00:00Z"), used("go", "2026-01-01T00:00:00Z")];
    let verification = verification(Outcome::Verified);
    let platforms = [platform("linux/amd64")];
    let reasons = |sources: Vec<AdvisorySource>| {
        let lock = AdvisoriesLock {
            schema: AdvisoriesLock::SCHEMA.into(),
            digest: Digest::sha256("bundle"),
            size: 1,
            as_of: "2020-01-01T00:00:00Z".parse().unwrap(),
            records: 1,
            ecosystems: vec![],
            sources,
        };
        let facts = Facts { scan: Some(&scan), advisories: Some(&lock), ..facts(&platforms, &verification) };
        age::Age.reasons(&facts, &gate()).into_iter().map(|reason| reason.fact).collect::<Vec<_>>()
    };
    let (new, old) = ("2026-11-20T00:00:00Z", "2026-11-01T00:00:00Z");
    // A source of another ecosystem, however old, says nothing about this image.
    let all = |go| vec![locked("alpine", "2020-01-01T00:00:00Z"), locked("debian", new), locked("go", go)];
    assert_eq!(reasons(all(new)), Vec::<String>::new());
    assert_eq!(reasons(all(old)), ["the advisories of `go` speak for 2026-11-01, which is longer ago"]);
    assert_eq!(
        reasons(vec![locked("debian", new)]),
        ["the advisories of `go` speak for 2026-01-01, which is longer ago"],
        "a source that is no longer there stands where it stood"
    );
    assert_eq!(
        reasons(all("1970-01-01T00:00:00Z")),
        ["the advisories of `go` say of no date what they speak for"]
    );
}

#[test]
fn what_is_known_to_be_exploited_refuses_whatever_its_severity() {
    let mut attacked = finding("CVE-1", Severity::Low, None);
    attacked.exploited =
        vec![ExploitedStatement { by: "CISA KEV".into(), since: "2026-11-19".into(), ransomware: false }];
    let scan = scan("2026-11-20T00:00:00Z", vec![attacked, finding("CVE-2", Severity::Low, None)], vec![]);
    for (action, expected) in [
        (Verdict::Refused, Verdict::Refused),
        (Verdict::Held, Verdict::Held),
        (Verdict::Cleared, Verdict::Cleared),
    ] {
        // Without a fixed version it counts as well.
        let gate = DesiredGate { known_exploited: ruled(action), fixable_only: ruled(true), ..gate() };
        let judged = verdict(Some(&scan), Outcome::Verified, &[], gate);
        assert_eq!(judged.verdict, expected);
        assert_eq!(judged.reasons.len(), usize::from(expected != Verdict::Cleared));
        for reason in &judged.reasons {
            assert_eq!(
                reason.fact,
                "CVE-1 in openssl 3.0.11-1 is known to be exploited (CISA KEV since 2026-11-19); no fixed version is known"
            );
        }
    }
}

#[test]
fn packages_that_were_not_looked_at_hold() {
    let gap = |packages| NotLookedAt { what: "Alpine:v3.22".into(), reason: "no records".into(), packages };
    let at = |packages| {
        let scan = scan("2026-11-20T00:00:00Z", vec![], vec![gap(packages)]);
        verdict(Some(&scan), Outcome::Verified, &[], gate()).verdict
    };
    assert_eq!(at(12), Verdict::Held);
    assert_eq!(at(0), Verdict::Cleared, "a limit that concerns no counted package is recorded, not held");
}

#[test]
fn each_outcome_leads_where_policy_and_gate_say() {
    use Outcome::{Absent, Foreign, Invalid, Undeterminable, Verified};
    let actions = [
        (Absent, Verdict::Cleared),
        (Foreign, Verdict::Refused),
        (Invalid, Verdict::Refused),
        (Undeterminable, Verdict::Held),
    ];
    let required = DesiredGate { signature_required: ruled(true), ..gate() };
    let cases = [
        (Verified, Verdict::Cleared, Verdict::Cleared),
        (Absent, Verdict::Cleared, Verdict::Refused),
        (Foreign, Verdict::Refused, Verdict::Refused),
        (Invalid, Verdict::Refused, Verdict::Refused),
        (Undeterminable, Verdict::Held, Verdict::Held),
    ];
    let fresh = scan("2026-11-20T00:00:00Z", vec![], vec![]);
    for (outcome, optional, demanded) in cases {
        assert_eq!(verdict(Some(&fresh), outcome, &actions, gate()).verdict, optional, "{outcome} optional");
        assert_eq!(verdict(Some(&fresh), outcome, &actions, required.clone()).verdict, demanded, "{outcome}");
    }
}

fn cooled(now: &str, gate: &str, image: Option<&str>, first_seen: Option<&str>) -> Vec<Reason> {
    let verification = verification(Outcome::Verified);
    let image =
        image.map(|period| Ruled { value: period.parse().unwrap(), written: "images/web.yaml:9".into() });
    let facts = Facts {
        first_seen: first_seen.map(|at| at.parse().unwrap()),
        cooldown: image.as_ref(),
        now: now.parse().unwrap(),
        ..facts(&[], &verification)
    };
    let gate = DesiredGate { cooldown: ruled(gate.parse().unwrap()), ..self::gate() };
    cooldown::Cooldown.reasons(&facts, &gate)
}

#[test]
fn a_cooldown_holds_with_the_same_words_until_it_clears_by_itself() {
    let seen = Some("2026-11-17T06:00:00Z");
    let at = |now| cooled(now, "7d", None, seen);
    let first = at("2026-11-17T06:00:00Z");
    assert_eq!(first[0].verdict, Verdict::Held);
    assert_eq!((first[0].rule.as_str(), first[0].written.as_str()), ("cooldown 7d", "gates/standard.yaml:6"));
    assert_eq!(first[0].fact, "first seen 2026-11-17, clears 2026-11-24 by itself");
    assert_eq!(first[0].until, Some("2026-11-24T06:00:00Z".parse().unwrap()));
    assert_eq!(at("2026-11-24T05:59:59Z"), first, "a second before, word for word");
    assert_eq!(at("2026-11-24T06:00:00Z"), [], "exactly seven days");
    assert_eq!(at("2026-11-16T00:00:00Z"), first, "a clock that went back clears nothing");
}

#[test]
fn the_longer_period_counts_and_says_where_it_is_written() {
    let cases = [
        ("0s", None, None),
        ("0s", Some("2d"), Some("images/web.yaml:9")),
        ("7d", Some("2d"), Some("gates/standard.yaml:6")),
        ("2d", Some("7d"), Some("images/web.yaml:9")),
        ("0s", Some("0s"), None),
    ];
    for (gate, image, expected) in cases {
        let reasons = cooled("2026-11-17T00:00:00Z", gate, image, Some("2026-11-17T00:00:00Z"));
        assert_eq!(reasons.first().map(|reason| reason.written.as_str()), expected, "{gate} {image:?}");
    }
}

#[test]
fn an_image_nobody_saw_and_a_period_without_end_hold() {
    let unseen = cooled("2026-11-17T00:00:00Z", "7d", None, None);
    assert_eq!((unseen[0].verdict, unseen[0].until), (Verdict::Held, None));
    let endless = cooled("2026-11-17T00:00:00Z", "9999999999999w", None, Some("2026-11-17T00:00:00Z"));
    assert_eq!((endless[0].fact.as_str(), endless[0].until), ("first seen 2026-11-17", None));
}

#[test]
fn a_plan_says_how_far_a_wait_is() {
    let shown = |now: &str, period| {
        let reasons = cooled("2026-11-17T06:00:00Z", period, None, Some("2026-11-17T06:00:00Z"));
        progress(&reasons[0], now.parse().unwrap())
    };
    let expected = "3 of 7 days old, clears 2026-11-24 by itself";
    assert_eq!(shown("2026-11-21T05:00:00Z", "7d").as_deref(), Some(expected));
    let expected = "20 of 36 hours old, clears 2026-11-18T18:00:00Z by itself";
    assert_eq!(shown("2026-11-18T02:30:00Z", "36h").as_deref(), Some(expected));
    let other = verdict(None, Outcome::Verified, &[], gate());
    assert_eq!(progress(&other.reasons[0], "2026-11-21T00:00:00Z".parse().unwrap()), None);
}

#[test]
fn a_withdrawal_refuses_from_its_day_on_and_names_its_place() {
    let withdrawal = DesiredWithdrawal {
        name: "eol".into(),
        subjects: vec![],
        reason: "end of life".into(),
        effective: "2026-11-22T00:00:00Z".parse().unwrap(),
        delete_at: None,
        quarantine: false,
        replacement: Some("1.28".into()),
        consumers: None,
        written: "withdrawals/eol.yaml:3".into(),
    };
    let verification = verification(Outcome::Absent);
    let reasons = |now: &str| {
        let withdrawals = [&withdrawal];
        let facts =
            Facts { withdrawals: &withdrawals, now: now.parse().unwrap(), ..facts(&[], &verification) };
        super::withdrawal::Withdrawal.reasons(&facts, &gate())
    };
    assert_eq!(reasons("2026-11-21T23:59:59Z"), []);
    let said = reasons("2026-11-22T00:00:00Z").remove(0);
    assert_eq!((said.verdict, said.rule.as_str()), (Verdict::Refused, "withdrawal eol"));
    assert_eq!(said.written, "withdrawals/eol.yaml:3");
    assert_eq!(said.fact, "withdrawn from 2026-11-22: end of life; instead: 1.28");
}

#[test]
fn a_publishers_statement_excuses_only_where_the_gate_accepts_it() {
    let statement = |status| FindingStatement {
        signer: "acme".into(),
        at: "2026-11-01T00:00:00Z".parse().unwrap(),
        status,
        justification: Some("component_not_present".into()),
        attestation: Digest::sha256("attestation"),
    };
    let scanned = |statements: Vec<FindingStatement>| {
        let excused = Finding { statements, ..finding("CVE-1", Severity::Critical, None) };
        let unknown = Finding { id: "CVE-2".into(), severity: Severity::Unknown, ..excused.clone() };
        scan("2026-11-20T00:00:00Z", vec![excused, unknown], vec![])
    };
    let judged = |scan: &ScanRecord, accept| {
        let gate = DesiredGate { publisher_vex: ruled(accept), ..gate() };
        verdict(Some(scan), Outcome::Verified, &[], gate)
    };
    let excused = scanned(vec![statement(VexStatus::NotAffected)]);
    let recorded = judged(&excused, false);
    assert_eq!((recorded.verdict, recorded.reasons.len(), recorded.accepted.len()), (Verdict::Refused, 2, 0));
    let accepted = judged(&excused, true);
    assert_eq!((accepted.verdict, accepted.reasons.len()), (Verdict::Cleared, 0));
    let facts: Vec<_> = accepted.accepted.iter().map(|reason| reason.fact.as_str()).collect();
    assert_eq!(
        facts,
        [
            "CVE-1 is critical in openssl 3.0.11-1; no fixed version is known; `acme` states not_affected (component_not_present) on 2026-11-01",
            "CVE-2 is unknown in openssl 3.0.11-1; no fixed version is known; `acme` states not_affected (component_not_present) on 2026-11-01",
        ]
    );
    assert!(
        accepted
            .accepted
            .iter()
            .all(|reason| reason.rule == "publisherVex accept" && reason.verdict == Verdict::Cleared)
    );
    let contradicted = scanned(vec![statement(VexStatus::NotAffected), statement(VexStatus::Affected)]);
    assert_eq!(judged(&contradicted, true).verdict, Verdict::Refused);
    assert_eq!(judged(&scanned(vec![]), true).verdict, Verdict::Refused);
}
