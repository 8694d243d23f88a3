//! An image in which files look like secrets is held where the gate asks for it.

use super::{Facts, Requirement};
use crate::{
    evidence::SecretFound,
    manifest::DesiredGate,
    model::{Reason, Verdict},
};

/// The most files that are reasons of their own; the record has them all.
const NAMED_MAX: usize = 20;

const RECORD: &str = "contents.json";

pub(super) struct Secrets;

impl Requirement for Secrets {
    /// People have to look: a key for tests is harmless, and a program cannot tell.
    fn reasons(&self, facts: &Facts<'_>, gate: &DesiredGate) -> Vec<Reason> {
        if !gate.hold_secrets.value {
            return vec![];
        }
        let held = |fact: String| Reason {
            verdict: Verdict::Held,
            rule: "secrets hold".into(),
            written: gate.hold_secrets.written.clone(),
            fact,
            recorded: RECORD.into(),
            until: None,
        };
        let recorded = facts.contents.map_or(&[][..], |record| &record.platforms);
        let mut files: Vec<&SecretFound> = vec![];
        let mut left_out = 0_u64;
        for platform in facts.platforms {
            let Some(found) = recorded.iter().find(|found| found.digest == platform.digest) else {
                return vec![held(
                    "what looks like a secret is not recorded: it was taken in before it was".into(),
                )];
            };
            let secrets = found.secrets.iter();
            left_out = secrets.clone().fold(left_out, |sum, secrets| sum.saturating_add(secrets.left_out));
            files.extend(secrets.flat_map(|secrets| &secrets.files));
        }
        files.sort_by_key(|file| (&file.path, &file.kind, file.gone_in.is_some()));
        files.dedup_by_key(|file| (&file.path, &file.kind));
        let more = (files.len().saturating_sub(NAMED_MAX) as u64).saturating_add(left_out);
        let mut reasons: Vec<Reason> = files.iter().take(NAMED_MAX).map(|file| held(fact(file))).collect();
        if more > 0 {
            reasons.push(held(format!("{more} more files look like secrets")));
        }
        reasons
    }
}

fn fact(file: &SecretFound) -> String {
    let gone = if file.gone_in.is_some() {
        "; a later layer deletes or replaces it, and it is in the image all the same"
    } else {
        ""
    };
    format!("`{}` looks like a secret ({}){gone}", file.path, file.kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::{ContentsRecord, SecretsFound},
        gate::tests,
        manifest::Ruled,
        model::{Digest, Outcome},
    };

    fn secret(path: &str, gone: bool) -> SecretFound {
        let (layer, gone_in) = (Digest::sha256("layer"), gone.then(|| Digest::sha256("later")));
        SecretFound { path: path.into(), kind: "private key".into(), layer, gone_in }
    }

    fn contents(platforms: &[(&str, Vec<SecretFound>, u64)]) -> ContentsRecord {
        let platform = |(name, files, left_out): &(&str, Vec<SecretFound>, u64)| {
            let secrets = SecretsFound { files: files.clone(), of_packages: 7, left_out: *left_out };
            evidence(name, Some(secrets))
        };
        tests::contents(platforms.iter().map(platform).collect())
    }

    fn evidence(name: &str, secrets: Option<SecretsFound>) -> crate::evidence::PlatformContents {
        crate::evidence::PlatformContents { secrets, ..tests::nothing_in(name) }
    }

    fn reasons(contents: Option<&ContentsRecord>, platforms: &[&str], holds: bool) -> Vec<Reason> {
        let platforms: Vec<_> = platforms.iter().map(|name| tests::platform(name)).collect();
        let verification = tests::verification(Outcome::Absent);
        let facts = Facts { contents, ..tests::facts(&platforms, &verification) };
        let hold_secrets = Ruled { value: holds, written: "gates/a.yaml:4".into() };
        Secrets.reasons(&facts, &DesiredGate { hold_secrets, ..tests::gate() })
    }

    fn facts(reasons: &[Reason]) -> Vec<&str> {
        reasons.iter().map(|reason| reason.fact.as_str()).collect()
    }

    #[test]
    fn each_file_is_a_reason_once_for_all_platforms() {
        let files = |gone| vec![secret("/root/.ssh/id_rsa", gone), secret("/app/key.pem", false)];
        let record = contents(&[("linux/amd64", files(true), 0), ("linux/arm64", files(false), 0)]);
        let said = reasons(Some(&record), &["linux/amd64", "linux/arm64"], true);
        let expected = [
            "`/app/key.pem` looks like a secret (private key)",
            // On one platform it is gone and on the other it is there, which counts.
            "`/root/.ssh/id_rsa` looks like a secret (private key)",
        ];
        assert_eq!(facts(&said), expected);
        assert!(said.iter().all(|reason| reason.verdict == Verdict::Held));
        assert_eq!((said[0].rule.as_str(), said[0].written.as_str()), ("secrets hold", "gates/a.yaml:4"));
        assert_eq!(reasons(Some(&record), &["linux/amd64"], false), [], "the gate does not ask");
    }

    #[test]
    fn a_deleted_file_is_a_reason_too() {
        let record = contents(&[("linux/amd64", vec![secret("/app/key.pem", true)], 0)]);
        let said = reasons(Some(&record), &["linux/amd64"], true);
        let expected = "`/app/key.pem` looks like a secret (private key); a later layer deletes or replaces it, and \
            it is in the image all the same";
        assert_eq!(facts(&said), [expected]);
    }

    #[test]
    fn what_is_not_recorded_holds_and_nothing_found_does_not() {
        let none = contents(&[("linux/amd64", vec![], 0)]);
        assert_eq!(reasons(Some(&none), &["linux/amd64"], true), []);
        let unknown = ["what looks like a secret is not recorded: it was taken in before it was"];
        assert_eq!(facts(&reasons(None, &["linux/amd64"], true)), unknown, "no record");
        assert_eq!(
            facts(&reasons(Some(&none), &["linux/amd64", "linux/arm64"], true)),
            unknown,
            "a platform"
        );
        assert_eq!(reasons(None, &[], true), [], "an artifact without platforms");
    }

    #[test]
    fn many_files_are_counted() {
        let many = (0..NAMED_MAX + 5).map(|number| secret(&format!("/{number:03}"), false)).collect();
        let record = contents(&[("linux/amd64", many, 100)]);
        let said = reasons(Some(&record), &["linux/amd64"], true);
        assert_eq!(said.len(), NAMED_MAX + 1);
        assert_eq!(said[NAMED_MAX].fact, "105 more files look like secrets");
    }
}
