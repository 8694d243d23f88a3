//! `fondaco verify-bundle`: one bundle of one file, by the argument protocol of the Sigstore clients' conformance suite
//! (sigstore-conformance, `docs/cli_protocol.md`). Hidden: images are verified by policies.

use std::{fs, path::PathBuf};

use clap::Args;

use super::Exit;
use crate::{
    model::Digest,
    trust::verify::{Artifact, Trusted, Wanted, verify_file},
    ui::Ui,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Sigstore's staging instance in place of the public one.
    #[arg(long)]
    staging: bool,
    #[arg(long)]
    bundle: PathBuf,
    #[arg(long, requires = "certificate_oidc_issuer", required_unless_present = "key")]
    certificate_identity: Option<String>,
    #[arg(long)]
    certificate_oidc_issuer: Option<String>,
    /// Public key in PEM.
    #[arg(long, conflicts_with = "certificate_identity")]
    key: Option<PathBuf>,
    #[arg(long)]
    trusted_root: Option<PathBuf>,
    /// File, or `sha256:` and its digest where there is no such file.
    file: String,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    match verify(arguments) {
        Ok(()) => Exit::Done,
        Err(reason) => {
            ui.error(&reason);
            Exit::Failed
        }
    }
}

fn verify(arguments: &Arguments) -> Result<(), String> {
    let read = |path: &PathBuf| fs::read(path).map_err(|error| format!("`{}`: {error}", path.display()));
    let text =
        |path: &PathBuf| fs::read_to_string(path).map_err(|error| format!("`{}`: {error}", path.display()));
    let root = arguments.trusted_root.as_ref().map(text).transpose()?;
    let trusted = match &root {
        Some(root) => Trusted::Root(root),
        None if arguments.staging => Trusted::Staging,
        None => Trusted::PublicGood,
    };
    let key = arguments.key.as_ref().map(text).transpose()?;
    let wanted = match &key {
        Some(pem) => Wanted::Key(pem),
        None => Wanted::Identity {
            identity: arguments.certificate_identity.as_deref().unwrap_or_default(),
            issuer: arguments.certificate_oidc_issuer.as_deref().unwrap_or_default(),
        },
    };
    let bundle = read(&arguments.bundle)?;
    let file = PathBuf::from(&arguments.file);
    let digest = arguments.file.parse::<Digest>().ok().filter(|_| !file.exists());
    match digest {
        Some(digest) => verify_file(&bundle, Artifact::Digest(&digest), wanted, trusted),
        None => verify_file(&bundle, Artifact::Bytes(&read(&file)?), wanted, trusted),
    }
}
