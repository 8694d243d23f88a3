//! `fondaco key create`: a new signing key of the organisation, encrypted as cosign encrypts its keys.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};

use super::{Exit, env, print};
use crate::{trust::sign, ui::Ui};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Create PREFIX.key (encrypted, password from FONDACO_KEY_PASSWORD) and PREFIX.pub.
    Create {
        /// Path of the two files without their ending.
        prefix: PathBuf,
    },
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    let Verb::Create { prefix } = &arguments.verb;
    let Some(password) = env::key_password() else {
        ui.error("FONDACO_KEY_PASSWORD is not set; a key without a password is not written");
        return Exit::Usage;
    };
    let (private, public) = match sign::create(password.reveal().as_bytes()) {
        Ok(pair) => pair,
        Err(error) => {
            ui.error(&error.to_string());
            return Exit::Failed;
        }
    };
    let key = with_ending(prefix, "key");
    let written = write_new(&key, private.as_bytes(), 0o600)
        .and_then(|()| write_new(&with_ending(prefix, "pub"), public.as_bytes(), 0o644));
    match written {
        Ok(()) => {
            let public = with_ending(prefix, "pub");
            print(ui, &format!("wrote {} and {}\n", key.display(), public.display()));
            Exit::Done
        }
        Err(error) => {
            ui.error(&format!("key files `{}.*`: {error}", prefix.display()));
            Exit::Failed
        }
    }
}

fn with_ending(prefix: &Path, ending: &str) -> PathBuf {
    let mut name = prefix.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// Writes a file that must not exist yet: a key is never overwritten.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
