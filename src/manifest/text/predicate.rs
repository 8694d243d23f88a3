//! Predicate types of attestations.

use std::str::FromStr;

use serde::Deserialize;

use super::Form;

form! {
    /// A predicate type of the organisation's own: a URI that no specification has given a meaning.
    PredicateType(String): "a predicate type", "^[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,1000}$", None, |text| {
        let scheme = text.split_once(':').filter(|(scheme, rest)| {
            let letters = |c: char| c.is_ascii_alphanumeric() || "+.-".contains(c);
            scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(letters) && !rest.is_empty()
        });
        if scheme.is_none() || text.len() > 1000 || !text.chars().all(|c| c.is_ascii_graphic()) {
            return Err("a predicate type is a URI, such as `https://acme.example/attestations/custody/v1`".to_owned());
        }
        let taken = ["https://sigstore.dev/", "https://cosign.sigstore.dev/", "https://slsa.dev/", "https://cyclonedx.org/",
            "https://spdx.dev/", "https://in-toto.io/", "https://openvex.dev/"];
        let taken = taken.iter().find(|taken| text.starts_with(**taken));
        taken.map_or_else(|| Ok(text.to_owned()), |taken| {
            Err(format!("predicate types below `{taken}` have a meaning of their own, which custody has not"))
        })
    }
}
