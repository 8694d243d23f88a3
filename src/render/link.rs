//! Relative links between pages, records and manifests.

use serde::Serialize;

use super::Subject;

/// A text that may lead somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Link {
    pub(super) text: String,
    /// Relative to the page; nothing where there is nothing to lead to.
    pub(super) path: Option<String>,
    pub(super) line: Option<u32>,
}

impl Link {
    /// Returns a link from one file of the manifest repository to another.
    pub(super) fn to(page: &str, target: &str, text: impl Into<String>) -> Self {
        Self { text: text.into(), path: Some(relative(page, target)), line: None }
    }

    /// Returns a text that leads nowhere.
    pub(super) fn none(text: impl Into<String>) -> Self {
        Self { text: text.into(), path: None, line: None }
    }

    /// Returns a link to where a rule is written, `gates/standard.yaml:6`. A rule whose file the manifests no longer
    /// have, and `default`, lead nowhere.
    pub(super) fn written(page: &str, written: &str, subject: Subject<'_>) -> Self {
        let (file, line) = match written.rsplit_once(':') {
            Some((file, line)) => (file, line.parse().ok()),
            None => (written, None),
        };
        if !is_manifest(file, subject) {
            return Self::none(written);
        }
        Self { line, ..Self::to(page, file, written) }
    }
}

/// Whether a file is one the manifests were read from.
fn is_manifest(file: &str, subject: Subject<'_>) -> bool {
    let desired = subject.desired;
    let gates = desired.consumers.iter().flat_map(|consumer| {
        let gate = &consumer.gate;
        let rules = [&gate.max_severity.written, &gate.fixable_only.written, &gate.unknown_severity.written];
        let licences = gate.licences.iter().flat_map(|licences| {
            let allow = licences.allow.as_ref().map(|allow| &allow.written);
            [&licences.deny.written, &licences.unknown.written].into_iter().chain(allow)
        });
        let rules = rules.into_iter().chain(licences).chain([&gate.hold_secrets.written]);
        rules.chain([&gate.signature_required.written, &gate.max_age.written, &consumer.written])
    });
    let policies = desired.policies.values();
    let actions = policies.clone().flat_map(|policy| policy.actions.values().map(|action| &action.written));
    let images = desired.images.iter().map(|image| &image.written);
    let registries = desired.registries.values().map(|registry| &registry.written);
    let mut places = gates.chain(actions).chain(images).chain(registries).chain(policies.map(|p| &p.written));
    places.any(|place| place.rsplit_once(':').is_some_and(|(known, _)| known == file))
}

/// Returns the path from the folder of `page` to `target`; both are relative to the top of the repository.
pub(super) fn relative(page: &str, target: &str) -> String {
    let folder: Vec<&str> = page.rsplit_once('/').map_or(vec![], |(folder, _)| folder.split('/').collect());
    let parts: Vec<&str> = target.split('/').collect();
    let common = folder.iter().zip(&parts[..parts.len() - 1]).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", folder.len() - common);
    up.chain(parts[common..].iter().copied()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_page() {
        let cases = [
            ("evidence/README.md", "evidence/consumers/a/README.md", "consumers/a/README.md"),
            ("evidence/consumers/a/README.md", "evidence/images/x/README.md", "../../images/x/README.md"),
            ("docs/jurisdiction.md", "fondaco.yaml", "../fondaco.yaml"),
            ("README.md", "a/b", "a/b"),
            ("a/b/README.md", "a/b/c.json", "c.json"),
            ("a/b/README.md", "a/b", "../b"),
        ];
        for (page, target, expected) in cases {
            assert_eq!(relative(page, target), expected, "{page} {target}");
        }
    }
}
