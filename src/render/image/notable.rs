//! Files of an image to look at twice.

use serde::Serialize;

use crate::evidence::{
    LayerContents, PlatformContents, PrivilegedFile, PrivilegedFound, SecretFound, SecretsFound,
};
use crate::model::Digest;

/// The most secrets, and the most privileged files, of one platform on the page.
const FILES_MAX: usize = 30;

#[derive(Serialize)]
pub(super) struct Notable {
    secrets: Option<Secrets>,
    privileged: Option<Privileged>,
}

#[derive(Serialize)]
struct Secrets {
    files: Vec<SecretRow>,
    of_packages: u64,
    left_out: u64,
}

#[derive(Serialize)]
struct SecretRow {
    path: String,
    kind: String,
    layer: String,
    there: String,
}

#[derive(Serialize)]
struct Privileged {
    files: Vec<PrivilegedRow>,
    left_out: u64,
}

#[derive(Serialize)]
struct PrivilegedRow {
    path: String,
    gives: String,
    owner: String,
}

pub(super) fn notable(found: &PlatformContents) -> Notable {
    Notable {
        secrets: found.secrets.as_ref().map(|secrets| self::secrets(secrets, &found.layers)),
        privileged: found.privileged.as_ref().map(privileged),
    }
}

fn secrets(found: &SecretsFound, layers: &[LayerContents]) -> Secrets {
    let number = |digest: &Digest| {
        let at = layers.iter().position(|layer| layer.digest == *digest);
        at.map_or_else(|| digest.short(), |at| (at + 1).to_string())
    };
    let there = |gone_in: &Digest| {
        format!("no: layer {} deletes or replaces it, and it is in the image all the same", number(gone_in))
    };
    let row = |file: &SecretFound| SecretRow {
        path: file.path.clone(),
        kind: file.kind.clone(),
        layer: number(&file.layer),
        there: file.gone_in.as_ref().map_or_else(|| "yes".to_owned(), there),
    };
    let files: Vec<SecretRow> = found.files.iter().take(FILES_MAX).map(row).collect();
    let more = found.files.len().saturating_sub(FILES_MAX) as u64;
    Secrets { files, of_packages: found.of_packages, left_out: found.left_out.saturating_add(more) }
}

fn privileged(found: &PrivilegedFound) -> Privileged {
    let row = |file: &PrivilegedFile| {
        let runs_as = |name: &str, number: Option<u64>| number.map(|number| format!("{name} {number}"));
        let gives =
            [runs_as("setuid", file.setuid), runs_as("setgid", file.setgid), file.capabilities.clone()];
        PrivilegedRow {
            path: file.path.clone(),
            gives: gives.into_iter().flatten().collect::<Vec<_>>().join(", "),
            owner: file.owner.clone().unwrap_or_else(|| "no package".to_owned()),
        }
    };
    let files: Vec<PrivilegedRow> = found.files.iter().take(FILES_MAX).map(row).collect();
    let more = found.files.len().saturating_sub(FILES_MAX) as u64;
    Privileged { files, left_out: found.left_out.saturating_add(more) }
}
