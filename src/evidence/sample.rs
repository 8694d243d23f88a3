//! A small piece of evidence for tests: two images, two consumers, one promotion, one hold, two refusals.

use std::collections::BTreeMap;

use super::*;
use crate::manifest::{
    Desired, DesiredConsumer, DesiredGate, DesiredImage, DesiredMirror, DesiredPolicy, DesiredRegistry, Fact,
    Ruled,
};
use crate::model::{
    Digest, Finding, Instant, Outcome, Period, Proof, Reason, Repository, Severity, SeverityClaim,
    SignatureFormat, SignatureFound, Verdict, media_type,
};

pub(crate) const NGINX: &str = "docker.io/library/nginx";
pub(crate) const REDIS: &str = "docker.io/library/redis";
/// The manifest files that `desired` says it was read from.
pub(crate) const MANIFESTS: [&str; 5] = [
    "fondaco.yaml",
    "gates/standard.yaml",
    "images/web.yaml",
    "consumers/payments.yaml",
    "consumers/archive.yaml",
];

pub(crate) fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

pub(crate) fn repository(text: &str) -> Repository {
    text.parse().unwrap()
}

pub(crate) fn digest(text: &str) -> Digest {
    Digest::sha256(text)
}

fn ruled<T>(value: T, written: &str) -> Ruled<T> {
    Ruled { value, written: written.to_owned() }
}

fn fact(key: &str, value: Option<&str>) -> Fact {
    let owned = |text: &str| text.to_owned();
    Fact {
        key: key.to_owned(),
        value: value.map(owned),
        source: value.map(|_| owned("operator's contract")),
        date: value.map(|_| owned("2026-11-01")),
    }
}

pub(crate) fn desired() -> Desired {
    let registry = |host: &str, facts: Vec<Fact>| DesiredRegistry {
        limits: crate::registry::Limits::default(),
        host: host.to_owned(),
        layout: None,
        access: crate::manifest::DesiredAccess::default(),
        plain_http: false,
        kind: None,
        behaviour: crate::registry::BehaviourOverrides::default(),
        facts,
        written: "fondaco.yaml:9".to_owned(),
    };
    let image = |source: &str, tag: &str| DesiredImage {
        set: "web".to_owned(),
        source: repository(source),
        tag: tag.to_owned(),
        digest: None,
        trust: Some("official".to_owned()),
        cooldown: None,
        content: crate::manifest::DesiredContent::default(),
        written: "images/web.yaml:5".to_owned(),
    };
    let registries = [
        registry(
            "docker.io",
            vec![fact("operator", Some("Docker, Inc.")), fact("operatorCountry", Some("US"))],
        ),
        registry(
            "registry.acme.example",
            vec![fact("operator", Some("Acme GmbH")), fact("dataLocation", None)],
        ),
    ];
    let policy = DesiredPolicy {
        name: "official".to_owned(),
        written: "fondaco.yaml:20".to_owned(),
        ..DesiredPolicy::default()
    };
    Desired {
        withdrawals: vec![],
        mirror: DesiredMirror {
            name: "acme".to_owned(),
            quarantine: repository("registry.acme.example/quarantine"),
            signing: crate::manifest::DesiredSigning::file("keys/acme.key"),
            vouching: crate::manifest::DesiredVouching::default(),
            operator: None,
            role: None,
            advisories: vec![],
            sbom: crate::manifest::DesiredSbom::default(),
        },
        registries: registries.into_iter().map(|r| (r.host.clone(), r)).collect(),
        policies: BTreeMap::from([("official".to_owned(), policy)]),
        images: vec![image(NGINX, "1.28"), image(REDIS, "7.2")],
        selections: vec![],
        consumers: vec![consumer("archive"), consumer("payments")],
    }
}

fn consumer(name: &str) -> DesiredConsumer {
    DesiredConsumer {
        name: name.to_owned(),
        target: repository(&format!("registry.acme.example/{name}")),
        sets: vec!["web".to_owned()],
        gate: DesiredGate {
            name: "standard".to_owned(),
            max_severity: ruled(Severity::High, "gates/standard.yaml:6"),
            fixable_only: ruled(false, "default"),
            unknown_severity: ruled(Verdict::Held, "default"),
            known_exploited: ruled(Verdict::Refused, "default"),
            signature_required: ruled(false, "default"),
            max_age: ruled(Period::days(7), "default"),
            cooldown: ruled(Period::days(0), "default"),
            publisher_vex: ruled(false, "default"),
            licences: None,
            hold_secrets: ruled(false, "default"),
        },
        written: format!("consumers/{name}.yaml:2"),
    }
}

pub(crate) fn evidence() -> Evidence {
    let held = Reason {
        verdict: Verdict::Held,
        rule: "cooldown 7d".to_owned(),
        written: "gates/standard.yaml:4".to_owned(),
        fact: "first seen 3 days ago".to_owned(),
        recorded: "custody.json".to_owned(),
        until: Some(at("2026-11-24T00:00:00Z")),
    };
    let refused = Reason {
        verdict: Verdict::Refused,
        rule: "maxSeverity high".to_owned(),
        written: "gates/standard.yaml:6".to_owned(),
        fact: "CVE-2026-1111 is critical in redis 5:7.2.4-1".to_owned(),
        recorded: "scan.json".to_owned(),
        until: None,
    };
    let mut nginx = image(NGINX, "1.28", &["linux/amd64", "linux/arm64"]);
    nginx.custody.hops.push(promotion(&digest(NGINX)));
    nginx.verdicts.verdicts = vec![verdict("archive", vec![held]), verdict("payments", vec![])];
    let mut redis = image(REDIS, "7.2", &["linux/amd64"]);
    redis.verdicts.verdicts =
        vec![verdict("archive", vec![refused.clone()]), verdict("payments", vec![refused])];
    redis.scan.as_mut().unwrap().findings = vec![finding()];
    let locked = |source: &str, tag: &str| LockedImage {
        repository: repository(source),
        tag: tag.to_owned(),
        digest: digest(source),
        first_seen: at("2026-11-17T00:00:00Z"),
    };
    let mut log = EventLog::default();
    log.extend(&events());
    Evidence {
        images: BTreeMap::from([
            ((repository(NGINX), digest(NGINX)), nginx),
            ((repository(REDIS), digest(REDIS)), redis),
        ]),
        lock: ImagesLock {
            schema: ImagesLock::SCHEMA.to_owned(),
            images: vec![locked(NGINX, "1.28"), locked(REDIS, "7.2")],
        },
        advisories: None,
        registries: None,
        rescan: None,
        log,
    }
}

pub(crate) fn events() -> Vec<Event> {
    let event = |time: &str, kind, consumer: Option<&str>, verdict| Event {
        at: at(time),
        kind,
        image: Event::image(&repository(NGINX), &digest(NGINX)),
        tag: Some("1.28".to_owned()),
        consumer: consumer.map(str::to_owned),
        verdict,
        detail: "as planned".to_owned(),
    };
    vec![
        event("2026-11-21T00:00:00Z", EventKind::Intake, None, None),
        event("2026-11-21T00:01:00Z", EventKind::Verdict, Some("payments"), Some(Verdict::Cleared)),
        event("2026-12-01T00:02:00Z", EventKind::Promotion, Some("payments"), None),
    ]
}

fn verdict(consumer: &str, reasons: Vec<Reason>) -> ConsumerVerdict {
    ConsumerVerdict {
        consumer: consumer.to_owned(),
        gate: "standard".to_owned(),
        verdict: reasons.iter().map(|r| r.verdict).max().unwrap_or(Verdict::Cleared),
        reasons,
        accepted: vec![],
        max_severity: Severity::High,
    }
}

fn actor() -> Actor {
    Actor {
        provider: "GitHub Actions".to_owned(),
        repository: "acme/mirror".to_owned(),
        workflow: "mirror.yml".to_owned(),
        run: "118".to_owned(),
        started_by: "unknown".to_owned(),
        author: "Platform <platform@acme.example>".to_owned(),
    }
}

fn hop(kind: HopKind, from: Repository, to: Repository) -> Hop {
    Hop {
        kind,
        from,
        to,
        tag: None,
        consumer: None,
        hosts: vec!["registry-1.docker.io".to_owned()],
        volumes: vec![],
        at: at("2026-11-21T00:00:00Z"),
        bytes: 31_000_000,
        actor: actor(),
        tool: "fondaco 0.1.0".to_owned(),
        certainty: Certainty::Performed,
        cleared_by: None,
        vouched: vec![],
    }
}

fn promotion(subject: &Digest) -> Hop {
    Hop {
        tag: Some("1.28".to_owned()),
        consumer: Some("payments".to_owned()),
        hosts: vec!["registry.acme.example".to_owned()],
        volumes: vec![],
        at: at("2026-11-21T00:02:00Z"),
        bytes: 0,
        cleared_by: Some("4c1f9e24c1f9e24c1f9e24c1f9e24c1f9e24c1f9".to_owned()),
        vouched: vec![Vouched {
            format: "sigstore-bundle".to_owned(),
            subject: subject.clone(),
            digest: digest("bundle"),
            key: Some(digest("key")),
            predicate_type: None,
            facts: None,
            as_of: None,
            log: None,
        }],
        ..hop(
            HopKind::Promotion,
            repository("registry.acme.example/quarantine/docker.io/library/nginx"),
            repository("registry.acme.example/payments/nginx"),
        )
    }
}

fn image(source: &str, tag: &str, platforms: &[&str]) -> ImageRecord {
    let subject = digest(source);
    let list = "pkg:deb/debian/libc6@2.36-9?arch=amd64\npkg:deb/debian/openssl@3.0.11-1?arch=amd64\n";
    let alone = platforms.len() == 1;
    let platforms: Vec<_> = platforms.iter().map(|name| platform(source, name, alone)).collect();
    let lists = platforms.iter().map(|p| p.packages.clone()).chain(["packages.txt".to_owned()]);
    let packages: BTreeMap<_, _> = lists.map(|name| (name, list.to_owned())).collect();
    let quarantine = repository("registry.acme.example/quarantine").join(source);
    let first_seen = at("2026-11-17T00:00:00Z");
    ImageRecord {
        custody: Custody {
            schema: Custody::SCHEMA.to_owned(),
            subject: Subject {
                digest: subject.clone(),
                media_type: media_type::OCI_INDEX.to_owned(),
                size: 2_000,
                platforms,
                total_size: 31_000_000,
                not_catalogued: vec![],
                unread: vec![],
            },
            source: SourceRecord {
                repository: repository(source),
                tags: vec![TagSeen { tag: tag.to_owned(), first_seen }],
                subset: None,
            },
            hops: vec![hop(HopKind::Intake, repository(source), quarantine)],
            companions: vec![],
        },
        verification: verification(&subject),
        scan: Some(scan(&subject, list)),
        contents: None,
        publisher: None,
        verdicts: Verdicts {
            schema: Verdicts::SCHEMA.to_owned(),
            subject,
            manifest_commit: "1111111111111111111111111111111111111111".to_owned(),
            judged_at: at("2026-11-21T00:01:00Z"),
            inputs: VerdictInputs {
                packages: Digest::sha256(list),
                verification: digest("verification"),
                scan: Some(digest("scan")),
                publisher: None,
                contents: None,
            },
            verdicts: vec![],
        },
        packages,
    }
}

fn platform(source: &str, name: &str, alone: bool) -> PlatformRecord {
    let list =
        if alone { "packages.txt".to_owned() } else { format!("packages.{}.txt", name.replace('/', "-")) };
    PlatformRecord {
        platform: name.to_owned(),
        digest: digest(&format!("{source} {name}")),
        media_type: media_type::OCI_MANIFEST.to_owned(),
        size: 1_000,
        packages: list,
        system: Some("Debian GNU/Linux 12 (bookworm)".to_owned()),
        package_count: 2,
        layers: vec![LayerRecord { digest: digest("layer"), diff_id: digest("diff"), size: 30_000_000 }],
        sbom: None,
    }
}

fn verification(subject: &Digest) -> VerificationRecord {
    VerificationRecord {
        schema: VerificationRecord::SCHEMA.to_owned(),
        subject: subject.clone(),
        policy: "official".to_owned(),
        policy_digest: digest("policy"),
        root: None,
        outcome: Outcome::Foreign,
        reason: "one signature, by no key of the policy".to_owned(),
        demands: vec![],
        attestations: vec![],
        signatures: vec![SignatureFound {
            format: SignatureFormat::CosignLegacy,
            place: format!("{}.sig", subject.dashed()),
            digest: digest("signature"),
            content: None,
            proof: Proof::default(),
            outcome: Outcome::Foreign,
            reason: "no accepted key verifies it".to_owned(),
        }],
    }
}

fn scan(subject: &Digest, list: &str) -> ScanRecord {
    ScanRecord {
        scanned: None,
        schema: ScanRecord::SCHEMA.to_owned(),
        subject: subject.clone(),
        packages: Digest::sha256(list),
        advisories: AdvisoriesUsed {
            digest: digest("bundle"),
            as_of: at("2026-11-20T00:00:00Z"),
            ecosystems: vec![EcosystemUsed {
                ecosystem: "Debian:12".to_owned(),
                records: 40_000,
                sources: vec!["debian".to_owned()],
            }],
            sources: vec![SourceUsed { name: "debian".to_owned(), as_of: at("2026-11-20T00:00:00Z") }],
        },
        findings: vec![],
        not_looked_at: vec![NotLookedAt {
            what: "language packages".to_owned(),
            reason: "no cataloguer for them".to_owned(),
            packages: 0,
        }],
    }
}

fn finding() -> Finding {
    Finding {
        id: "CVE-2026-1111".to_owned(),
        ids: vec!["CVE-2026-1111".to_owned(), "DSA-5999-1".to_owned()],
        ecosystem: "Debian:12".to_owned(),
        source: "redis".to_owned(),
        installed: "5:7.2.4-1".to_owned(),
        packages: vec!["pkg:deb/debian/redis-server@5:7.2.4-1".to_owned()],
        fixed: Some("5:7.2.6-1".to_owned()),
        severity: Severity::Critical,
        chosen: "CVSS_V3 of CVE-2026-1111".to_owned(),
        severities: vec![SeverityClaim {
            by: "CVSS_V3 of CVE-2026-1111".to_owned(),
            value: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned(),
            severity: Severity::Critical,
        }],
        state: None,
        exploited: vec![],
        epss: None,
        advisories: vec![],
        first_seen: None,
        exploited_seen: None,
        statements: vec![],
    }
}
