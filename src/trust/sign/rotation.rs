//! What changes when the organisation's key file is replaced: names of new files, and the lines of the manifest.
//!
//! Pure. Nothing is overwritten and nothing taken away: consumers find the old public key under a name of its own while
//! its window lasts, and the old private key stays where it is until people destroy it.

use std::fmt::Write as _;

use crate::manifest::{DesiredSigning, PublishedKey, SigningKeyPlace};

/// Hexadecimal digits of a fingerprint in a file's name: enough to tell an organisation's keys apart.
const FINGERPRINT_DIGITS: usize = 8;

/// The files of a rotation, and what to write into the manifest. Paths are as in manifests: relative to the repository
/// where they do not begin with `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The new private key, beside the old one.
    pub key: String,
    /// The new public key, among the published ones.
    pub public: String,
    /// Where the old public key is found from now on.
    pub previous: String,
    /// The signing block as it should be, as YAML.
    pub block: String,
}

/// Returns how `old` is replaced by `new`; consumers should accept `old` until the end of the day `until`.
///
/// # Errors
/// A sentence about why it cannot be rotated here.
pub fn rotation(
    signing: &DesiredSigning,
    old: &PublishedKey,
    new: &PublishedKey,
    until: &str,
) -> Result<Rotation, String> {
    let SigningKeyPlace::File(path) = &signing.key else {
        return Err(format!(
            "a key of kind `{}` is rotated where it is: {}",
            signing.key.kind(),
            advice(&signing.key)
        ));
    };
    if old.fingerprint == new.fingerprint {
        return Err("the new key is the old one".to_owned());
    }
    let (folder, file) = path
        .rsplit_once('/')
        .map_or((String::new(), path.as_str()), |(folder, file)| (format!("{folder}/"), file));
    let name = base(file.strip_suffix(".key").unwrap_or(file));
    let (new8, old8) = (digits(new), digits(old));
    let published = old.path.rsplit_once('/').map_or("keys", |(folder, _)| folder);
    // Only below these two folders are public keys read from the manifest repository.
    let inside =
        ["keys", "trust"].iter().any(|top| published == *top || published.starts_with(&format!("{top}/")));
    let published = if inside { published } else { "keys" };
    let mut rotation = Rotation {
        key: format!("{folder}{name}-{new8}.key"),
        public: format!("{published}/{name}-{new8}.pub"),
        previous: format!("{published}/{name}-{old8}.pub"),
        block: String::new(),
    };
    rotation.block = block(signing, &rotation, until);
    Ok(rotation)
}

fn block(signing: &DesiredSigning, rotation: &Rotation, until: &str) -> String {
    let mut text =
        format!("  signing:\n    key: {}\n    public: {}\n    previous:\n", rotation.key, rotation.public);
    let mut line = |path: &str, until: &str| {
        let _ = writeln!(text, "      - {{path: {path}, until: {until}}}");
    };
    line(&rotation.previous, until);
    for previous in &signing.previous {
        line(&previous.public.path, &previous.last_day());
    }
    text
}

/// Returns a name without the fingerprint that an earlier rotation has put behind it.
fn base(name: &str) -> &str {
    let digits = |tail: &str| tail.len() == FINGERPRINT_DIGITS && tail.bytes().all(|b| b.is_ascii_hexdigit());
    name.rsplit_once('-').filter(|(_, tail)| digits(tail)).map_or(name, |(base, _)| base)
}

fn digits(key: &PublishedKey) -> &str {
    &key.fingerprint.hex()[..FINGERPRINT_DIGITS]
}

const fn advice(key: &SigningKeyPlace) -> &'static str {
    match key {
        SigningKeyPlace::File(_) => "",
        SigningKeyPlace::Transit(_) => {
            "`vault write -f MOUNT/keys/KEY/rotate` makes a new version; then publish its public key as `public` and move \
             the old one to `previous`"
        }
        SigningKeyPlace::Pkcs11(_) => {
            "make a new key pair with another label on the token; then name it, publish its public key as `public` and move \
             the old one to `previous`"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        manifest::PreviousKey,
        model::{Digest, Instant},
    };

    fn public(path: &str, first: &str) -> PublishedKey {
        let fingerprint: Digest = format!("sha256:{first:0<64}").parse().unwrap();
        PublishedKey { path: path.into(), pem: String::new(), fingerprint }
    }

    #[test]
    fn every_rotation_makes_new_names_and_keeps_the_earlier_keys() {
        let mut signing = DesiredSigning::file("../private/acme-11111111.key");
        let until: Instant = "2026-12-25T00:00:00Z".parse().unwrap();
        signing.previous = vec![PreviousKey { until, public: public("keys/acme-00000000.pub", "0") }];
        let old = public("keys/acme-11111111.pub", "11111111");
        let found = rotation(&signing, &old, &public("", "22222222"), "2027-03-01").unwrap();
        assert_eq!(found.key, "../private/acme-22222222.key");
        assert_eq!(found.public, "keys/acme-22222222.pub");
        assert_eq!(found.previous, "keys/acme-11111111.pub");
        let block = "  signing:
    key: ../private/acme-22222222.key
    public: keys/acme-22222222.pub
    previous:
      - {path: keys/acme-11111111.pub, until: 2027-03-01}
      - {path: keys/acme-00000000.pub, until: 2026-12-24}
";
        assert_eq!(found.block, block);
    }

    #[test]
    fn a_public_key_outside_of_the_repository_is_published_in_it() {
        let signing = DesiredSigning::file("/run/secrets/acme.key");
        let old = public("/run/secrets/acme.pub", "aaaaaaaa");
        let found = rotation(&signing, &old, &public("", "bbbbbbbb"), "2027-03-01").unwrap();
        assert_eq!(
            [found.key.as_str(), &found.public, &found.previous],
            ["/run/secrets/acme-bbbbbbbb.key", "keys/acme-bbbbbbbb.pub", "keys/acme-aaaaaaaa.pub"]
        );
        assert!(rotation(&signing, &old, &old, "2027-03-01").is_err(), "the same key");
    }
}
