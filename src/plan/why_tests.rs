use super::*;
use crate::evidence::sample;

fn told(asked: &str) -> String {
    let (desired, evidence) = (sample::desired(), sample::evidence());
    explain_why(&why(&desired, &evidence, asked))
}

#[test]
fn a_vulnerability_leads_from_rule_to_record() {
    for name in ["CVE-2026-1111", "DSA-5999-1"] {
        let text = told(name);
        assert!(text.contains("CVE-2026-1111"), "{text}");
        assert!(text.contains("scan.json, finding 1"), "{text}");
        assert!(text.contains("package  pkg:deb/debian/redis-server@5:7.2.4-1"), "{text}");
        assert!(text.contains("repair   redis 5:7.2.6-1 or later"), "{text}");
    }
    assert_eq!(told("CVE-2026-111"), "", "the beginning of a name is none");
}

#[test]
fn an_image_is_found_by_upstream_distribution_tag_and_digest() {
    let (desired, evidence) = (sample::desired(), sample::evidence());
    let ((source, digest), record) =
        evidence.images.iter().find(|(_, record)| !record.verdicts.verdicts.is_empty()).unwrap();
    let tag = &record.custody.source.tags[0].tag;
    let all = record.verdicts.verdicts.len();
    let count = |asked: &str| {
        why(&desired, &evidence, asked).into_iter().filter(|chain| chain.digest == *digest).count()
    };
    assert_eq!(count(&source.to_string()), all);
    assert_eq!(count(&format!("{source}:{tag}")), all);
    assert_eq!(count(&format!("{source}@{digest}")), all);
    assert_eq!(count(&digest.to_string()), all);
    assert_eq!(count(&format!("{source}:other")), 0);
    assert_eq!(count(&format!("{source}x")), 0);
    let consumer = &record.verdicts.verdicts[0].consumer;
    let chains = why(&desired, &evidence, &source.to_string());
    let chain = chains.iter().find(|chain| chain.consumer.as_ref() == Some(consumer)).unwrap();
    let distribution = chain.distribution.clone().unwrap();
    assert!(count(&format!("{distribution}:{tag}")) >= 1, "{distribution}");
}
