//! Pages of the sample evidence: structure, links, determinism, and hostile names.

mod publisher;

use std::collections::{BTreeMap, BTreeSet};

use super::pages;
use crate::evidence::{self, Evidence, image_directory, sample};
use crate::manifest::{Desired, DesiredSigning};

type Texts = BTreeMap<String, String>;

fn texts(evidence: &Evidence, desired: &Desired) -> Texts {
    let pages = pages(evidence, desired).unwrap();
    pages.into_iter().map(|(path, bytes)| (path, String::from_utf8(bytes).unwrap())).collect()
}

fn rendered() -> Texts {
    texts(&sample::evidence(), &sample::desired())
}

fn image_page(source: &str) -> String {
    format!("{}/README.md", image_directory(&sample::repository(source), &sample::digest(source)))
}

/// Asserts that `text` holds each line whole.
fn has_lines(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.lines().any(|l| l == *line), "no line `{line}` in:\n{text}");
    }
}

/// Returns the cells of every table row, and fails where a row has not as many as its header.
fn rows(text: &str) -> Vec<Vec<String>> {
    let mut width = None;
    let mut rows = Vec::new();
    for line in text.lines() {
        if !line.starts_with('|') {
            width = None;
            continue;
        }
        let inner = line.strip_prefix('|').unwrap().strip_suffix('|').expect("a row ends with `|`");
        let cells = cells(inner);
        assert_eq!(*width.get_or_insert(cells.len()), cells.len(), "{line}");
        rows.push(cells);
    }
    rows
}

/// Splits at `|` that no backslash escapes.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for c in line.chars() {
        if c == '|' && !escaped {
            cells.push(String::new());
        } else {
            cells.last_mut().unwrap().push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    cells.into_iter().map(|cell| cell.trim().to_owned()).collect()
}

#[test]
fn every_page_and_twin_is_there() {
    let found: BTreeSet<String> = rendered().into_keys().collect();
    let mut expected: BTreeSet<String> = [
        "docs/jurisdiction.json",
        "docs/jurisdiction.md",
        "evidence/README.md",
        "evidence/consumers/archive/README.md",
        "evidence/consumers/archive/digests.json",
        "evidence/consumers/payments/README.md",
        "evidence/consumers/payments/digests.json",
        "evidence/images/docker.io/library/nginx/README.md",
        "evidence/images/docker.io/library/redis/README.md",
    ]
    .map(str::to_owned)
    .into();
    expected.extend([image_page(sample::NGINX), image_page(sample::REDIS)]);
    assert_eq!(found, expected);
    assert!(found.iter().all(|path| evidence::is_page(path)));
}

#[test]
fn the_overview_counts_and_names_what_needs_a_person() {
    let page = &rendered()["evidence/README.md"];
    let lines = ["| cleared | 1 |", "| held | 1 |", "| refused | 2 |", "| unknown | 0 |"];
    has_lines(page, &lines);
    has_lines(
        page,
        &[
            "Open jurisdiction questions and undeclared hosts: 2, see [`docs/jurisdiction.md`](../docs/jurisdiction.md).",
        ],
    );
    let attention: Vec<_> =
        rows(page).into_iter().filter(|row| row.len() == 5 && row[3].contains("CVE")).collect();
    assert_eq!(attention.len(), 2, "the hold settles itself, the two refusals do not");
    assert_eq!(attention[0][2], "`archive`");
    assert_eq!(attention[0][4], "[`gates/standard.yaml:6`](../gates/standard.yaml#L6)");
    let nginx = rows(page).into_iter().find(|row| row[0].contains("nginx")).unwrap();
    assert_eq!(nginx[3..], ["held until 2026-11-24", "cleared 2026-11-21, promoted 2026-11-21"]);
    assert!(
        page.contains("upstream: docker.io<br/>operator: Docker, Inc.<br/>operatorCountry: US"),
        "{page}"
    );
}

#[test]
fn what_is_not_recorded_is_unknown() {
    let page = &texts(&Evidence::default(), &sample::desired())["evidence/README.md"];
    has_lines(page, &["| unknown | 4 |", "No advisory bundle is pinned, so findings are unknown."]);
    assert!(
        page.contains("| docker.io/library/nginx |") || page.contains("| `docker.io/library/nginx` |"),
        "{page}"
    );
    let mut evidence = sample::evidence();
    for record in evidence.images.values_mut() {
        record.scan = None;
        record.custody.subject.platforms[0].system = None;
    }
    let page = &texts(&evidence, &sample::desired())[&image_page(sample::REDIS)];
    has_lines(page, &["Findings are unknown: no scan is recorded."]);
    assert!(rows(page).iter().any(|row| row[0] == "`linux/amd64`" && row[2] == "unknown"), "{page}");
}

#[test]
fn the_page_of_a_repository_shows_tags_newest_first() {
    let mut evidence = sample::evidence();
    let nginx =
        evidence.images.get_mut(&(sample::repository(sample::NGINX), sample::digest(sample::NGINX))).unwrap();
    let mut seen = nginx.custody.source.tags[0].clone();
    "1.9".clone_into(&mut seen.tag);
    nginx.custody.source.tags.push(seen);
    let page = &texts(&evidence, &sample::desired())["evidence/images/docker.io/library/nginx/README.md"];
    let rows = rows(page);
    assert_eq!(rows[0][..3], ["tag", "digest", "first seen"]);
    assert_eq!(rows[2][0], "`1.28`");
    assert_eq!(rows[3][0], "`1.9` (earlier)");
    assert_eq!(
        rows[2][2..],
        ["2026-11-17", "held until 2026-11-24", "cleared 2026-11-21, promoted 2026-11-21"]
    );
}

#[test]
fn the_page_of_a_digest_has_its_sections() {
    let page = &rendered()[&image_page(sample::NGINX)];
    let headings: Vec<_> = page.lines().filter(|line| line.starts_with("## ")).collect();
    let expected = ["Verdicts", "Custody", "Who made it", "Who vouches now", "Inside", "Findings", "History"];
    assert_eq!(headings, expected.map(|name| format!("## {name}")));
    let digest = sample::digest(sample::NGINX);
    let command = format!(
        "cosign verify --key keys/acme.pub --insecure-ignore-tlog registry.acme.example/payments/nginx@{digest}"
    );
    has_lines(page, &["| packages of kind deb | 2 |", "| publisher's signature | foreign |", &command]);
    has_lines(page, &["  p0->>p1: intake 2026-11-21T00:00:00Z, 31000000 bytes"]);
    let events: Vec<_> = rows(page)
        .into_iter()
        .filter(|row| row.len() == 7 && row[6].contains(".jsonl"))
        .map(|r| r[1].clone())
        .collect();
    assert_eq!(events, ["promotion", "verdict", "intake"]);
    let redis = &rendered()[&image_page(sample::REDIS)];
    has_lines(
        redis,
        &["Nobody: nothing of ours beside a promoted image is recorded.", "No event is recorded."],
    );
    let finding = rows(redis).into_iter().find(|row| row[0] == "CVE-2026-1111").unwrap();
    assert_eq!(finding[3..6], ["critical", "CVSS\\_V3 of CVE-2026-1111", "5:7.2.6-1"]);
}

#[test]
fn the_page_of_a_consumer_says_what_would_change() {
    let texts = rendered();
    let payments = &texts["evidence/consumers/payments/README.md"];
    has_lines(
        payments,
        &["| maxSeverity | high | [`gates/standard.yaml:6`](../../../gates/standard.yaml#L6) |"],
    );
    let pulled =
        rows(payments).into_iter().find(|row| row[0] == "`registry.acme.example/payments/nginx`").unwrap();
    assert_eq!((pulled[3].as_str(), pulled[4].as_str()), ("2026-11-21T00:02:00Z", "cleared"));
    let archive = &texts["evidence/consumers/archive/README.md"];
    has_lines(archive, &["No promotion is recorded."]);
    let held = rows(archive).into_iter().find(|row| row.len() == 8 && row[3] == "held").unwrap();
    assert_eq!(held[7], "2026-11-24T00:00:00Z");
    let digests: serde_json::Value =
        serde_json::from_str(&texts["evidence/consumers/payments/digests.json"]).unwrap();
    assert_eq!(digests["schema"], "fondaco/digests/v1alpha1");
    assert_eq!(digests["images"][0]["digest"], sample::digest(sample::NGINX).to_string());
    assert_eq!(digests["images"].as_array().unwrap().len(), 1);
}

#[test]
fn a_tag_means_what_was_promoted_last() {
    let mut evidence = sample::evidence();
    let key = (sample::repository(sample::NGINX), sample::digest(sample::NGINX));
    let mut newer = evidence.images[&key].clone();
    let hop = newer.custody.hops.last_mut().unwrap();
    hop.at = sample::at("2026-11-30T00:00:00Z");
    newer.verdicts.verdicts.clear();
    evidence.images.insert((key.0.clone(), sample::digest("newer")), newer);
    let texts = texts(&evidence, &sample::desired());
    let digests: serde_json::Value =
        serde_json::from_str(&texts["evidence/consumers/payments/digests.json"]).unwrap();
    assert_eq!(digests["images"].as_array().unwrap().len(), 1);
    assert_eq!(digests["images"][0]["digest"], sample::digest("newer").to_string());
    let page = &texts["evidence/consumers/payments/README.md"];
    assert!(page.contains("| 2026-11-30T00:00:00Z | unknown |"), "{page}");
}

#[test]
fn something_promoted_that_is_no_longer_cleared_needs_a_person() {
    let mut evidence = sample::evidence();
    let key = (sample::repository(sample::NGINX), sample::digest(sample::NGINX));
    let verdicts = &mut evidence.images.get_mut(&key).unwrap().verdicts.verdicts;
    verdicts[1].reasons = verdicts[0].reasons.clone();
    verdicts[1].verdict = crate::model::Verdict::Held;
    let page = &texts(&evidence, &sample::desired())["evidence/README.md"];
    assert!(page.contains("promoted, now held: first seen 3 days ago"), "{page}");
}

#[test]
fn jurisdiction_prints_facts_with_source_and_open_questions() {
    let texts = rendered();
    let page = &texts["docs/jurisdiction.md"];
    let lines = [
        "| `operatorCountry` | US | operator's contract | 2026-11-01 |",
        "| `dataLocation` | unknown: an open question | unknown | unknown |",
        "| operator of the mirror | unknown |",
        "## Host registry-1.docker.io",
    ];
    has_lines(page, &lines);
    assert!(page.contains("No `Registry` document declares anything about it"), "{page}");
    let twin: serde_json::Value = serde_json::from_str(&texts["docs/jurisdiction.json"]).unwrap();
    let registries = twin["registries"].as_array().unwrap();
    let acme = registries.iter().find(|r| r["host"] == "registry.acme.example").unwrap();
    assert_eq!(acme["facts"][1]["value"], serde_json::Value::Null);
    assert_eq!(twin["operator"], serde_json::Value::Null);
}

#[test]
fn every_relative_link_leads_to_a_file() {
    let evidence = sample::evidence();
    let texts = rendered();
    let mut known: BTreeSet<String> = texts.keys().cloned().collect();
    let files = evidence::files(&evidence);
    known.extend(evidence::append(&files, &sample::events()).into_keys());
    known.extend(files.into_keys());
    known.extend(sample::MANIFESTS.map(str::to_owned));
    let mut count = 0;
    for (page, text) in markdown(&texts) {
        for target in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let file = target.split('#').next().unwrap();
            assert!(known.contains(&resolve(page, file)), "{page}: {target}");
            count += 1;
        }
    }
    assert!(count > 50, "{count}");
}

fn markdown(texts: &Texts) -> impl Iterator<Item = (&String, &String)> {
    texts.iter().filter(|(path, _)| path.rsplit_once('.').is_some_and(|(_, extension)| extension == "md"))
}

fn resolve(page: &str, target: &str) -> String {
    let mut parts: Vec<&str> =
        page.rsplit_once('/').map_or(vec![], |(folder, _)| folder.split('/').collect());
    for part in target.split('/') {
        if part == ".." { _ = parts.pop().expect("a link stays in the repository") } else { parts.push(part) }
    }
    parts.join("/")
}

#[test]
fn pages_conclude_nothing_and_name_no_present() {
    for (path, text) in rendered() {
        let lower = text.to_lowercase();
        for word in ["compliant", "sovereign", "adequate", "generated at"] {
            assert!(!lower.contains(word), "{path} says `{word}`");
        }
    }
}

#[test]
fn the_order_of_lists_that_carry_no_order_does_not_matter() {
    let (mut evidence, mut desired) = (sample::evidence(), sample::desired());
    evidence.lock.images.reverse();
    desired.images.reverse();
    for record in evidence.images.values_mut() {
        record.custody.source.tags.reverse();
        if let Some(scan) = &mut record.scan {
            scan.findings.reverse();
        }
    }
    assert_eq!(texts(&evidence, &desired), rendered());
}

const HOSTILE: &str = "x|y\\|`z`\n\n# Forged <script>alert(1)</script> @team ](https://evil.example) ![p](//e) \u{202e}*b* _i_ &#64;";

/// The sample with hostile text wherever an upstream, an advisory or a label could put it.
fn hostile() -> (Evidence, Desired) {
    let (mut evidence, mut desired) = (sample::evidence(), sample::desired());
    let bad = || HOSTILE.to_owned();
    for record in evidence.images.values_mut() {
        record.custody.subject.media_type = bad();
        record.custody.source.tags[0].tag = bad();
        record.custody.hops.iter_mut().for_each(|hop| {
            hop.hosts = vec![bad()];
            hop.tag = hop.tag.as_ref().map(|_| bad());
            hop.actor.author = bad();
            hop.actor.run = bad();
        });
        for platform in &mut record.custody.subject.platforms {
            platform.platform = bad();
            platform.system = Some(bad());
        }
        record.verification.reason = bad();
        record.verification.signatures[0].place = bad();
        for reason in record.verdicts.verdicts.iter_mut().flat_map(|v| &mut v.reasons) {
            (reason.fact, reason.recorded, reason.written) = (bad(), bad(), bad());
        }
        record.packages.insert("packages.txt".into(), format!("pkg:{HOSTILE}"));
        let scan = record.scan.as_mut().unwrap();
        scan.not_looked_at[0].what = bad();
        for finding in &mut scan.findings {
            (finding.id, finding.source, finding.installed, finding.chosen) = (bad(), bad(), bad(), bad());
            (finding.fixed, finding.ecosystem) = (Some(bad()), bad());
        }
    }
    let mut event = sample::events().remove(0);
    (event.detail, event.tag) = (bad(), Some(bad()));
    evidence.log.extend(&[event]);
    let registry = desired.registries.get_mut("docker.io").unwrap();
    (registry.facts[0].value, registry.facts[0].source, registry.facts[1].key) =
        (Some(bad()), Some(bad()), bad());
    desired.mirror.signing = DesiredSigning::file(&format!("keys/{HOSTILE}.key"));
    desired.mirror.operator = Some(bad());
    (evidence, desired)
}

#[test]
fn hostile_names_forge_nothing() {
    let (evidence, desired) = hostile();
    let plain = rendered();
    for (path, text) in markdown(&texts(&evidence, &desired)) {
        rows(text);
        for raw in ["<script", "@team", "](https:", "](//", "https://evil", "\u{202e}", "\n# Forged", "&#64;"]
        {
            let escaped = format!("\\{raw}");
            assert!(!text.replace(&escaped, "").contains(raw), "{path} holds `{raw}`:\n{text}");
        }
        let lines = |text: &str, start: &str| text.lines().filter(|line| line.starts_with(start)).count();
        assert_eq!(lines(text, "#"), lines(&plain[path], "#"), "{path} has a forged heading");
        assert_eq!(lines(text, "```"), lines(&plain[path], "```"), "{path} has a forged block");
    }
}
