//! Reads the JWS envelope: RFC 7515 in flattened JSON (`signature-envelope-jws.md`).

use std::{collections::BTreeMap, fmt};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use super::{
    attributes::{AUTHENTIC_SIGNING_TIME, Attributes, EXPIRY, SCHEME, SIGNING_TIME},
    envelope::Envelope,
    said, shown,
};
use crate::model::Instant;

pub(super) const MEDIA_TYPE: &str = "application/jose+json";

/// The whole envelope; "no additional top level fields are supported".
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flattened {
    payload: String,
    protected: String,
    header: Fields,
    signature: String,
}

/// A JSON object whose keys are unique. Others keep the last of several values, and not all keep the same.
struct Fields(BTreeMap<String, Value>);

/// Returns the parts of an envelope.
pub(super) fn read(bytes: &[u8]) -> Result<Envelope, String> {
    let Flattened { payload, protected, header, signature } =
        serde_json::from_slice(bytes).map_err(|error| malformed("envelope", &error))?;
    let fields: Fields = serde_json::from_slice(&decoded("protected header", &protected)?)
        .map_err(|error| malformed("protected header", &error))?;
    // RFC 7515, section 4: the names in the two places must be disjoint.
    if let Some(name) = fields.0.keys().find(|name| header.0.contains_key(*name)) {
        return Err(format!("the header `{}` is both protected and unprotected", shown(name)));
    }
    Ok(Envelope {
        attributes: attributes(fields)?,
        signed: format!("{protected}.{payload}").into_bytes(),
        payload: decoded("payload", &payload)?,
        signature: decoded("signature", &signature)?,
        chain: chain(&header)?,
        countersignature: header.text("io.cncf.notary.timestampSignature")?.map(standard).transpose()?,
    })
}

fn attributes(fields: Fields) -> Result<Attributes, String> {
    const SYSTEM: [&str; 7] = ["alg", "cty", "crit", SCHEME, SIGNING_TIME, AUTHENTIC_SIGNING_TIME, EXPIRY];
    let demanded = |name| fields.text(name)?.map(str::to_owned).ok_or(format!("there is no `{name}`"));
    Ok(Attributes {
        algorithm: demanded("alg")?,
        content_type: demanded("cty")?,
        scheme: demanded(SCHEME)?,
        signing_time: fields.time(SIGNING_TIME)?,
        authentic_signing_time: fields.time(AUTHENTIC_SIGNING_TIME)?,
        expiry: fields.time(EXPIRY)?,
        critical: fields.texts("crit")?,
        others: fields.0.into_keys().filter(|name| !SYSTEM.contains(&name.as_str())).collect(),
    })
}

fn chain(header: &Fields) -> Result<Vec<Vec<u8>>, String> {
    header.texts("x5c")?.iter().map(|text| standard(text)).collect()
}

impl Fields {
    fn text(&self, name: &str) -> Result<Option<&str>, String> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("the header `{name}` is no text")),
        }
    }

    fn texts(&self, name: &str) -> Result<Vec<String>, String> {
        let wrong = || format!("the header `{name}` is no list of texts");
        let list = self.0.get(name).and_then(Value::as_array).ok_or_else(wrong)?;
        list.iter().map(|entry| entry.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
    }

    fn time(&self, name: &str) -> Result<Option<Instant>, String> {
        let read = |text: &str| text.parse().map_err(|_| format!("the header `{name}` is no RFC 3339 time"));
        self.text(name)?.map(read).transpose()
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Unique;
        impl<'de> de::Visitor<'de> for Unique {
            type Value = Fields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if fields.insert(name, value).is_some() {
                        return Err(de::Error::custom("a key occurs twice"));
                    }
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Unique)
    }
}

fn malformed(what: &str, error: &serde_json::Error) -> String {
    format!("the {what} is malformed: {}", said(error))
}

fn decoded(what: &str, text: &str) -> Result<Vec<u8>, String> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| format!("the {what} is not base64url"))
}

fn standard(text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(text).map_err(|_| "a certificate or timestamp is not base64".to_owned())
}
