//! Secrets and privileged files of a platform, as they are recorded. Pure.

use super::inside::cut;
use crate::catalogue::{Notable, Privileged, Secret};
use crate::evidence::{LayerRecord, PrivilegedFile, PrivilegedFound, SecretFound, SecretsFound};

/// The most files of either kind that are recorded of one platform. Real images have some dozens.
const FILES_MAX: usize = 200;

/// Returns what looks like a secret; `None` where nothing does.
pub(super) fn secrets(notable: &Notable, layers: &[LayerRecord]) -> Option<SecretsFound> {
    // A layer without a record cannot be: there is one for each.
    let layer = |number: usize| layers.get(number).map(|layer| layer.digest.clone());
    let found = |one: &Secret| {
        Some(SecretFound {
            path: cut(&one.path),
            kind: one.kind.name().to_owned(),
            layer: layer(one.layer)?,
            gone_in: one.gone_in.and_then(layer),
        })
    };
    let files: Vec<SecretFound> = notable.secrets.iter().take(FILES_MAX).filter_map(found).collect();
    let left_out = notable.secrets_left_out + notable.secrets.len().saturating_sub(FILES_MAX) as u64;
    let found = SecretsFound { files, of_packages: notable.secrets_of_packages, left_out };
    (found != SecretsFound::default()).then_some(found)
}

/// Returns what gives privileges; `None` where nothing does.
pub(super) fn privileged(notable: &Notable) -> Option<PrivilegedFound> {
    let found = |one: &Privileged| PrivilegedFile {
        path: cut(&one.path),
        setuid: one.privilege.setuid.then_some(one.privilege.user),
        setgid: one.privilege.setgid.then_some(one.privilege.group),
        capabilities: one.privilege.capabilities.clone().filter(|text| !text.is_empty()),
        owner: one.owner.clone(),
    };
    let files = notable.privileged.iter().take(FILES_MAX).map(found).collect();
    let left_out = notable.privileged_left_out + notable.privileged.len().saturating_sub(FILES_MAX) as u64;
    let found = PrivilegedFound { files, left_out };
    (found != PrivilegedFound::default()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Privilege, SecretKind};
    use crate::model::Digest;

    #[test]
    fn secrets_are_recorded_with_their_layers_and_a_flood_is_counted() {
        let layers = ["a", "b"].map(|text| LayerRecord {
            digest: Digest::sha256(text),
            diff_id: Digest::sha256(text),
            size: 1,
        });
        let secret = |number: usize| Secret {
            path: format!("root/{number:04}"),
            kind: SecretKind::NpmToken,
            layer: 0,
            gone_in: Some(1),
        };
        let mut notable = Notable { secrets: (0..300).map(secret).collect(), ..Notable::default() };
        notable.secrets_left_out = 7;
        let found = secrets(&notable, &layers).unwrap();
        assert_eq!((found.files.len(), found.left_out), (FILES_MAX, 107));
        let first = SecretFound {
            path: "root/0000".into(),
            kind: "npm token".into(),
            layer: Digest::sha256("a"),
            gone_in: Some(Digest::sha256("b")),
        };
        assert_eq!(found.files[0], first);
        assert_eq!((secrets(&Notable::default(), &layers), privileged(&Notable::default())), (None, None));
    }

    #[test]
    fn who_a_file_runs_as_is_recorded_where_it_counts() {
        let privilege = Privilege { setgid: true, user: 0, group: 42, ..Privilege::default() };
        let one = Privileged { path: "usr/bin/chage".into(), privilege, layer: 0, owner: None };
        let found = privileged(&Notable { privileged: vec![one], ..Notable::default() }).unwrap();
        assert_eq!((found.files[0].setuid, found.files[0].setgid), (None, Some(42)));
    }
}
