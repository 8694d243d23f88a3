//! `fondaco key create|show|rotate`: the organisation's signing key. Files are encrypted as cosign encrypts its keys.

use std::{
    fs, io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Exit, env, show, work_tree};
use crate::{
    manifest::{self, DesiredSigning, PublishedKey},
    model::Period,
    registry::Secret,
    trust::sign::{self, PASSWORD, rotation},
    ui::Ui,
};

/// How long the old key stays published where nobody says: consumers roll out changes within a quarter.
const WINDOW_DAYS: u64 = 90;

/// The largest public key file that is read. Real ones have about 180 bytes.
const PUBLIC_BYTES_MAX: u64 = 64 * 1024;

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
    /// Show the public key that the manifests name, its fingerprint, and the keys before it. Opens nothing.
    Show(Place),
    /// Make a new key beside the one that the manifests name, and say what to change. Writes new files only.
    Rotate {
        #[command(flatten)]
        place: Place,
        /// Last day, in UTC, on which consumers should accept the old key, as 2027-03-31. Default: 90 days from now.
        #[arg(long)]
        until: Option<String>,
    },
}

/// Which manifests are meant.
#[derive(Debug, Args)]
struct Place {
    /// Work tree of the manifest repository.
    #[arg(long, default_value = ".", env = "FONDACO_REPOSITORY")]
    repository: PathBuf,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    let done = match &arguments.verb {
        Verb::Create { prefix } => create(prefix, ui),
        Verb::Show(place) => named(place, ui).and_then(|signing| display(place, &signing, ui)),
        Verb::Rotate { place, until } => {
            named(place, ui).and_then(|signing| rotate(place, &signing, until.as_deref(), ui))
        }
    };
    match done {
        Ok(()) => Exit::Done,
        Err(Stop { reason, exit }) => {
            if !reason.is_empty() {
                ui.error(&reason);
            }
            exit
        }
    }
}

/// Why nothing more is done; nothing is printed for an empty reason.
struct Stop {
    reason: String,
    exit: Exit,
}

fn failed(reason: impl Into<String>) -> Stop {
    Stop { reason: reason.into(), exit: Exit::Failed }
}

fn create(prefix: &Path, ui: &Ui) -> Result<(), Stop> {
    use std::fmt::Write as _;
    let (private, public) = new_pair()?;
    let (key, published) = (with_ending(prefix, "key"), with_ending(prefix, "pub"));
    write_new(&key, private.reveal().as_bytes(), 0o600)?;
    write_new(&published, public.as_bytes(), 0o644)?;
    let path = published.to_string_lossy();
    let fingerprint = fingerprint(&path, &public)?;
    let mut text = format!("wrote {} and {path}\nfingerprint {fingerprint}\n", key.display());
    let _ = write!(text, "\nin the Mirror document, below `spec`:\n  signing:\n    key: {}\n", key.display());
    // Public keys are read from these folders alone.
    if path.starts_with("keys/") || path.starts_with("trust/") {
        let _ = writeln!(text, "    public: {path}");
    }
    let json = json!({"key": key, "public": published, "fingerprint": fingerprint});
    show(ui, &text, &json);
    Ok(())
}

/// Returns a new key: encrypted private half and public half, as PEM.
fn new_pair() -> Result<(Secret, String), Stop> {
    let Some(password) = env::key_password() else {
        let reason = format!("{PASSWORD} is not set; a key without a password is not written");
        return Err(Stop { reason, exit: Exit::Usage });
    };
    let (private, public) =
        sign::create(password.reveal().as_bytes()).map_err(|error| failed(error.to_string()))?;
    Ok((Secret::new(private), public))
}

fn fingerprint(path: &str, pem: &str) -> Result<crate::model::Digest, Stop> {
    let key =
        sign::published(path, pem).ok_or_else(|| failed(format!("`{path}` is no public key of P-256")))?;
    Ok(key.fingerprint)
}

/// Returns what the manifests of the work tree say about the key.
fn named(place: &Place, ui: &Ui) -> Result<DesiredSigning, Stop> {
    let files = work_tree::sources(&place.repository)
        .map_err(|error| failed(format!("`{}` cannot be read: {error}", place.repository.display())))?;
    match manifest::read(&files) {
        Ok(desired) => Ok(desired.mirror.signing),
        Err(diagnostics) => {
            ui.rendered(&manifest::render(&diagnostics, &files, ui.settings().color));
            Err(Stop { reason: String::new(), exit: Exit::ManifestInvalid })
        }
    }
}

/// Returns the published key: the declared one, or the file beside the private key.
fn public(place: &Place, signing: &DesiredSigning) -> Result<PublishedKey, Stop> {
    if let Some(public) = &signing.public {
        return Ok(public.clone());
    }
    let path = signing.public_path();
    let wrong = |reason: &dyn std::fmt::Display| failed(format!("public key `{path}`: {reason}"));
    let text = read(&place.repository.join(&path)).map_err(|error| wrong(&error))?;
    sign::published(&path, &text).ok_or_else(|| wrong(&"it is none of ECDSA on P-256"))
}

fn read(path: &Path) -> io::Result<String> {
    use io::Read as _;
    let mut text = String::new();
    fs::File::open(path)?.take(PUBLIC_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

fn display(place: &Place, signing: &DesiredSigning, ui: &Ui) -> Result<(), Stop> {
    use std::fmt::Write as _;
    let public = public(place, signing)?;
    let mut text = format!(
        "kind         {}\nkey          {}\nnamed in     {}\npublic key   {}\nfingerprint  {}\n",
        signing.key.kind(),
        signing.key.place(),
        signing.written,
        public.path,
        public.fingerprint
    );
    for key in &signing.previous {
        let (path, fingerprint) = (&key.public.path, &key.public.fingerprint);
        let _ = writeln!(text, "previous     {path} until {}, {fingerprint}", key.last_day());
    }
    if let Some(timestamp) = &signing.timestamp {
        let _ = writeln!(text, "timestamps   {}", timestamp.url);
    }
    if let Some(log) = &signing.log {
        let _ = writeln!(text, "log          {}", log.url);
    }
    let _ = write!(text, "\n{}", public.pem);
    let previous: Vec<_> = signing
        .previous
        .iter()
        .map(|key| {
            json!({"path": key.public.path, "fingerprint": key.public.fingerprint, "until": key.last_day()})
        })
        .collect();
    let json = json!({
        "schema": "fondaco/key/v1alpha1",
        "kind": signing.key.kind(),
        "key": signing.key.place(),
        "written": signing.written,
        "public": {"path": public.path, "fingerprint": public.fingerprint, "pem": public.pem},
        "previous": previous,
        "timestamp": signing.timestamp.as_ref().map(|timestamp| &timestamp.url),
        "log": signing.log.as_ref().map(|log| &log.url),
    });
    show(ui, &text, &json);
    Ok(())
}

fn rotate(place: &Place, signing: &DesiredSigning, until: Option<&str>, ui: &Ui) -> Result<(), Stop> {
    use std::fmt::Write as _;
    let refused = |reason: String| Stop { reason, exit: Exit::Usage };
    let until = match until {
        None => env::now().plus(Period::days(WINDOW_DAYS)).date(),
        Some(day)
            if day.len() == 10 && format!("{day}T00:00:00Z").parse::<crate::model::Instant>().is_ok() =>
        {
            day.to_owned()
        }
        Some(day) => return Err(refused(format!("`{day}` is not a day such as 2027-03-31"))),
    };
    let old = public(place, signing)?;
    let (private, pem) = new_pair()?;
    let new = PublishedKey { path: String::new(), fingerprint: fingerprint("the new key", &pem)?, pem };
    let rotation = rotation::rotation(signing, &old, &new, &until).map_err(refused)?;
    let at = |path: &str| place.repository.join(path);
    write_new(&at(&rotation.key), private.reveal().as_bytes(), 0o600)?;
    write_new(&at(&rotation.public), new.pem.as_bytes(), 0o644)?;
    let mut wrote = format!("wrote {}\nwrote {}\n", rotation.key, rotation.public);
    if rotation.previous != old.path {
        write_new(&at(&rotation.previous), old.pem.as_bytes(), 0o644)?;
        let _ = writeln!(wrote, "wrote {} (a copy of {})", rotation.previous, old.path);
    }
    let text = format!(
        "{wrote}fingerprint {}\n\nchange in {}, and commit it with the public keys:\n{}\nthe old private key is not deleted\n",
        new.fingerprint, signing.written, rotation.block
    );
    let json = json!({
        "key": rotation.key,
        "public": rotation.public,
        "previous": rotation.previous,
        "until": until,
        "fingerprint": new.fingerprint,
        "block": rotation.block,
    });
    show(ui, &text, &json);
    Ok(())
}

fn with_ending(prefix: &Path, ending: &str) -> PathBuf {
    let mut name = prefix.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// Writes a file that must not exist yet: a key is never overwritten.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Stop> {
    use io::Write as _;
    let write = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error: io::Error| failed(format!("key file `{}`: {error}", path.display())))
}
