//! What holds for every format.

use std::collections::BTreeSet;

use super::*;

/// Findings to report: each status once, and each kind of what is known of a severity.
pub(super) mod sample {
    use super::*;
    use crate::evidence::{AdvisoriesUsed, EcosystemUsed, NotLookedAt};
    use crate::model::{
        EpssStatement, ExploitedStatement, FindingStatement, FoundIn, SeverityClaim, VendorState, VexStatus,
    };

    /// Scores 9.8 (CVSS v3.1, "Examples", CVE-2020-1472's vector without changed scope).
    const VECTOR: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";

    pub(in crate::ui::report) fn at(day: i64) -> Instant {
        Instant::from_unix(day * 86_400)
    }

    pub(in crate::ui::report) fn digest() -> &'static Digest {
        static DIGEST: std::sync::LazyLock<Digest> = std::sync::LazyLock::new(|| Digest::sha256("nginx"));
        &DIGEST
    }

    pub(in crate::ui::report) fn finding(id: &str, source: &str) -> Finding {
        Finding {
            id: id.to_owned(),
            ids: vec![id.to_owned(), format!("DEBIAN-{id}")],
            ecosystem: "Debian:12".to_owned(),
            source: source.to_owned(),
            installed: "3.0.11-1".to_owned(),
            packages: vec![format!(
                "pkg:deb/debian/lib{source}@3.0.11-1?arch=amd64&distro=debian-12&upstream={source}"
            )],
            fixed: None,
            state: None,
            severity: Severity::High,
            chosen: "Debian urgency `high`: the distribution rates its own package".to_owned(),
            severities: vec![SeverityClaim {
                by: "Debian urgency".into(),
                value: "high".into(),
                severity: Severity::High,
            }],
            exploited: vec![],
            epss: None,
            advisories: vec![FoundIn {
                id: format!("DEBIAN-{id}"),
                source: "debian".into(),
                affected: "< 3.0.13-1".into(),
            }],
            first_seen: None,
            exploited_seen: None,
            statements: vec![],
        }
    }

    pub(in crate::ui::report) fn statement(signer: &str, day: i64, status: VexStatus) -> FindingStatement {
        FindingStatement {
            signer: signer.to_owned(),
            at: at(day),
            status,
            justification: Some("vulnerable_code_not_present".to_owned())
                .filter(|_| status == VexStatus::NotAffected),
            attestation: Digest::sha256(signer),
        }
    }

    pub(in crate::ui::report) fn scan() -> ScanRecord {
        let by = "CVSS_V3 of DEBIAN-CVE-2024-0727".to_owned();
        let critical = Finding {
            packages: vec![
                "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12&upstream=openssl".into(),
            ],
            fixed: Some("3.0.13-1".to_owned()),
            severity: Severity::Critical,
            chosen: format!("{by}, 9.8: the highest score; Debian gives no rating"),
            severities: vec![SeverityClaim { by, value: VECTOR.into(), severity: Severity::Critical }],
            exploited: vec![ExploitedStatement {
                by: "CISA KEV".into(),
                since: "2024-02-01".into(),
                ransomware: false,
            }],
            epss: Some(EpssStatement {
                date: "2026-11-20".into(),
                score: "0.94410".into(),
                percentile: "0.99950".into(),
            }),
            ..finding("CVE-2024-0727", "openssl")
        };
        let low = Finding {
            severity: Severity::Low,
            state: Some(VendorState::WillNotFix),
            ..finding("CVE-2026-0003", "tar")
        };
        let investigated = Finding {
            severity: Severity::Unknown,
            chosen: "no source says how severe it is".to_owned(),
            severities: vec![],
            state: Some(VendorState::UnderInvestigation),
            ..finding("CVE-2026-0002", "curl")
        };
        let mut harmless = finding("CVE-2023-45853", "zlib");
        harmless.statements = vec![statement("acme", 1, VexStatus::NotAffected)];
        let mut repaired = finding("CVE-2023-4911", "glibc");
        repaired.statements = vec![statement("acme", 1, VexStatus::Fixed)];
        let findings = vec![critical, low, investigated, harmless, repaired];
        ScanRecord { findings, ..empty() }
    }

    pub(in crate::ui::report) fn empty() -> ScanRecord {
        let ecosystem = EcosystemUsed { ecosystem: "Debian:12".into(), records: 1, sources: vec![] };
        ScanRecord {
            schema: "fondaco/scan/v1alpha1".to_owned(),
            subject: digest().clone(),
            packages: Digest::sha256("packages"),
            advisories: AdvisoriesUsed {
                digest: Digest::sha256("advisories"),
                as_of: at(20_777),
                ecosystems: vec![ecosystem],
                sources: vec![],
            },
            scanned: None,
            findings: vec![],
            not_looked_at: vec![NotLookedAt {
                what: "2 packages of type `alpm`".into(),
                reason: "listed, and not matched against advisories in this version".into(),
                packages: 0,
            }],
        }
    }

    pub(in crate::ui::report) fn image(scan: &ScanRecord) -> Subject<'_> {
        Subject { name: "docker.io/library/nginx:1.28", digest: Some(digest()), scan }
    }

    pub(in crate::ui::report) fn report<'a>(subjects: &'a [Subject<'a>]) -> Report<'a> {
        Report {
            subjects,
            tool: "fondaco 0.1.0",
            at: "2026-11-21T00:00:00Z".parse().unwrap(),
            threshold: Severity::High,
            author: Some(Author { name: "Acme Mirror", namespace: "https://acme.example" }),
        }
    }

    /// A scan whose every foreign text is an attack.
    pub(in crate::ui::report) fn hostile(attack: &str) -> ScanRecord {
        let mut scan = scan();
        for finding in &mut scan.findings {
            let texts = [
                &mut finding.id,
                &mut finding.ecosystem,
                &mut finding.source,
                &mut finding.installed,
                &mut finding.chosen,
            ];
            for text in texts {
                *text = attack.to_owned();
            }
            finding.ids = vec![attack.to_owned(), format!("2{attack}")];
            finding.packages = vec![attack.to_owned(), format!("pkg:npm/{attack}@{attack}?distro={attack}")];
            finding.fixed = Some(attack.to_owned());
            finding.severities.push(SeverityClaim {
                by: attack.into(),
                value: attack.into(),
                severity: Severity::Low,
            });
            finding.exploited.push(ExploitedStatement {
                by: attack.into(),
                since: attack.into(),
                ransomware: true,
            });
            finding.advisories.push(FoundIn {
                id: attack.into(),
                source: attack.into(),
                affected: attack.into(),
            });
            for statement in &mut finding.statements {
                statement.signer = attack.to_owned();
                statement.justification = Some(attack.to_owned());
            }
        }
        scan.not_looked_at[0].what = attack.to_owned();
        scan.not_looked_at[0].reason = attack.to_owned();
        scan
    }
}

const ATTACKS: [&str; 8] = [
    "",
    "a\u{0}b\u{1b}[2J\u{202e}c\u{fffe}\u{2028}\r\nd",
    "<script>alert(1)</script>\"'&]]><!--",
    "|](https://evil.example) @team `x` \n# head",
    "=cmd|' /C calc'!A0",
    "../../../etc/passwd",
    "CVE-2024-0727\u{0}",
    "%00%0d%0aSet-Cookie: a",
];

#[test]
fn every_file_in_this_folder_is_registered() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/ui/report");
    let files =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> =
        files.filter_map(|file| file.strip_suffix(".rs").map(str::to_owned)).collect();
    let others = ["mod".to_owned(), "tests".to_owned()];
    let names: BTreeSet<String> = ALL.iter().map(|format| format.name().to_owned()).chain(others).collect();
    assert_eq!(files, names);
    assert!(ALL.iter().all(|format| of(format.name()).is_some_and(|found| found.name() == format.name())));
    assert!(of("pdf").is_none());
}

#[test]
fn equal_reports_give_equal_bytes_whatever_the_order_of_the_record() {
    let scan = sample::scan();
    let mut turned = scan.clone();
    turned.findings.reverse();
    for format in ALL {
        let one = format.write(&sample::report(&[sample::image(&scan)])).unwrap();
        let other = format.write(&sample::report(&[sample::image(&turned)])).unwrap();
        assert_eq!(one, other, "{}", format.name());
        assert!(one.ends_with('\n'), "{}", format.name());
    }
}

#[test]
fn foreign_text_stays_visible_text_in_every_format() {
    for attack in ATTACKS {
        let scan = sample::hostile(attack);
        let subject = Subject { name: attack, ..sample::image(&scan) };
        for format in ALL {
            let text = format.write(&sample::report(&[subject, subject])).unwrap();
            let control = |c: char| {
                (c.is_control() && !matches!(c, '\n' | '\r')) || matches!(c, '\u{202e}' | '\u{2028}')
            };
            assert!(!text.contains(control), "{} {attack:?}", format.name());
            assert!(text.contains('\r') == (format.name() == "csv"), "{} {attack:?}", format.name());
        }
    }
}

#[test]
fn a_flood_is_cut_in_every_format() {
    let attack = "x".repeat(10_000);
    let scan = sample::hostile(&attack);
    for format in ALL {
        let subject = Subject { name: &attack, ..sample::image(&scan) };
        let text = format.write(&sample::report(&[subject])).unwrap();
        assert!(!text.contains(&"x".repeat(1_001)), "{}", format.name());
        assert!(text.len() < 200_000, "{} {}", format.name(), text.len());
    }
}

#[test]
fn json_keeps_every_limit_that_a_reader_has() {
    for attack in ATTACKS.map(str::to_owned).into_iter().chain(["x".repeat(10_000)]) {
        let scan = sample::hostile(&attack);
        for format in
            ALL.iter().filter(|format| !["csv", "html", "junit", "markdown"].contains(&format.name()))
        {
            let text = format.write(&sample::report(&[sample::image(&scan)])).unwrap();
            let document: Value = serde_json::from_str(&text).unwrap();
            walk(&document, &mut |value| {
                assert!(
                    value.as_str().is_none_or(|s| !s.is_empty()),
                    "{}: empty text for {attack:?}",
                    format.name()
                );
            });
        }
    }
}

fn walk(value: &Value, see: &mut impl FnMut(&Value)) {
    see(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, see)),
        Value::Object(map) => map.values().for_each(|item| walk(item, see)),
        _ => {}
    }
}

#[test]
fn an_sbom_without_an_image_and_nothing_at_all_are_reports_too() {
    let scan = sample::scan();
    let sbom = Subject { name: "boms/nginx.cdx.json", digest: None, scan: &scan };
    for format in ALL {
        let text = format.write(&sample::report(&[sbom])).unwrap();
        assert!(!text.contains("pkg:oci/"), "{}", format.name());
        assert!(format.write(&sample::report(&[])).is_ok(), "{}", format.name());
    }
}

#[test]
fn too_much_is_refused_and_not_cut() {
    let mut scan = sample::empty();
    scan.findings = vec![sample::finding("CVE-2026-0001", "openssl"); FINDINGS_MAX + 1];
    let error = ALL[0].write(&sample::report(&[sample::image(&scan)])).unwrap_err();
    let expected =
        "25001 findings are too many for one `csaf` report; at most 25000 fit, so write several".to_owned();
    assert_eq!((error.to_string(), error.kind()), (expected, Kind::Invalid));
    scan.findings.clear();
    let many = vec![sample::image(&scan); SUBJECTS_MAX + 1];
    assert!(matches!(
        ALL[0].write(&sample::report(&many)),
        Err(ReportError::TooMany { what: "subjects", .. })
    ));
}
