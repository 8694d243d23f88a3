//! Reads the COSE envelope: `COSE_Sign1_Tagged` of RFC 9052 (`signature-envelope-cose.md`).
//!
//! CBOR comes from a crate, COSE does not: the crates that know it follow counter signatures, a header we have no use
//! for, from byte string into byte string without a limit on depth.

use std::collections::BTreeMap;

use ciborium::Value;

use super::{
    attributes::{AUTHENTIC_SIGNING_TIME, Attributes, EXPIRY, SCHEME, SIGNING_TIME},
    envelope::Envelope,
    key, said, shown,
};
use crate::model::Instant;

pub(super) const MEDIA_TYPE: &str = "application/cose";

/// The deepest nesting that is followed. An envelope needs five levels: tag, array, map, array, bytes.
const DEPTH_MAX: usize = 16;

/// The CBOR tags of `COSE_Sign1` and of times in seconds since 1970 (RFC 9052 section 2, RFC 8949 section 3.4.2).
const SIGN1_TAG: u64 = 18;
const EPOCH_TAG: u64 = 1;

const ALG: Label = Label::Number(1);
const CRIT: Label = Label::Number(2);
const CONTENT_TYPE: Label = Label::Number(3);
const X5CHAIN: Label = Label::Number(33);

/// The name of a header.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Number(i128),
    Text(String),
}

/// Headers whose labels are unique.
struct Headers(BTreeMap<Label, Value>);

/// Returns the parts of an envelope.
pub(super) fn read(bytes: &[u8]) -> Result<Envelope, String> {
    let Value::Tag(SIGN1_TAG, content) = decoded("envelope", bytes)? else {
        return Err("the envelope is no tagged COSE_Sign1".to_owned());
    };
    let parts: [Value; 4] = content
        .into_array()
        .ok()
        .and_then(|parts| parts.try_into().ok())
        .ok_or("a COSE_Sign1 has four parts")?;
    let [Value::Bytes(raw), unprotected, Value::Bytes(payload), Value::Bytes(signature)] = parts else {
        return Err("a part of the COSE_Sign1 is of the wrong type".to_owned());
    };
    let protected = Headers::of(decoded("protected header", &raw)?)?;
    let mut unprotected = Headers::of(unprotected)?;
    // RFC 9052, section 3: no label in both places.
    if let Some(label) = protected.0.keys().find(|label| unprotected.0.contains_key(*label)) {
        return Err(format!("the header `{}` is both protected and unprotected", label.name()));
    }
    Ok(Envelope {
        attributes: protected.attributes()?,
        signed: signed(raw, payload.clone())?,
        payload,
        signature,
        chain: unprotected.chain()?,
        countersignature: match unprotected.take("io.cncf.notary.timestampSignature") {
            None => None,
            Some(Value::Bytes(token)) => Some(token),
            Some(_) => return Err("the timestamp is no byte string".to_owned()),
        },
    })
}

/// Returns the `Sig_structure` (RFC 9052, section 4.4).
fn signed(protected: Vec<u8>, payload: Vec<u8>) -> Result<Vec<u8>, String> {
    let structure = Value::Array(vec![
        Value::Text("Signature1".to_owned()),
        Value::Bytes(protected),
        Value::Bytes(vec![]),
        Value::Bytes(payload),
    ]);
    let mut bytes = Vec::new();
    ciborium::into_writer(&structure, &mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// Returns the one value that `bytes` hold, and nothing may follow it.
fn decoded(what: &str, mut bytes: &[u8]) -> Result<Value, String> {
    let value = ciborium::de::from_reader_with_recursion_limit(&mut bytes, DEPTH_MAX)
        .map_err(|error| format!("the {what} is malformed: {}", said(&error)))?;
    if bytes.is_empty() { Ok(value) } else { Err(format!("{} bytes follow the {what}", bytes.len())) }
}

impl Label {
    fn of(value: Value) -> Result<Self, String> {
        match value {
            Value::Integer(number) => Ok(Self::Number(number.into())),
            Value::Text(text) => Ok(Self::Text(text)),
            _ => Err("a header's label is neither number nor text".to_owned()),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => shown(text),
        }
    }
}

impl Headers {
    fn of(value: Value) -> Result<Self, String> {
        let entries = value.into_map().map_err(|_| "the headers are no map".to_owned())?;
        let mut headers = BTreeMap::new();
        for (label, value) in entries {
            let label = Label::of(label)?;
            if headers.contains_key(&label) {
                return Err(format!("the header `{}` occurs twice", label.name()));
            }
            headers.insert(label, value);
        }
        Ok(Self(headers))
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(&Label::Text(name.to_owned()))
    }

    fn attributes(mut self) -> Result<Attributes, String> {
        let algorithm = self.0.remove(&ALG).ok_or("there is no `alg`")?;
        let content_type = self.0.remove(&CONTENT_TYPE);
        let critical =
            self.0.remove(&CRIT).and_then(|value| value.into_array().ok()).ok_or("there is no `crit`")?;
        let text = |value: Option<Value>, name: &str| {
            value.and_then(|value| value.into_text().ok()).ok_or(format!("`{name}` is missing or no text"))
        };
        Ok(Attributes {
            algorithm: algorithm_name(&algorithm)?,
            content_type: text(content_type, "content type")?,
            scheme: text(self.take(SCHEME), SCHEME)?,
            signing_time: self.time(SIGNING_TIME)?,
            authentic_signing_time: self.time(AUTHENTIC_SIGNING_TIME)?,
            expiry: self.time(EXPIRY)?,
            critical: critical
                .into_iter()
                .map(|value| Label::of(value).map(|label| label.name()))
                .collect::<Result<_, _>>()?,
            others: self.0.into_keys().map(|label| label.name()).collect(),
        })
    }

    fn time(&mut self, name: &str) -> Result<Option<Instant>, String> {
        let wrong = || format!("the header `{name}` is no time in whole seconds since 1970");
        let Some(value) = self.take(name) else { return Ok(None) };
        let Value::Tag(EPOCH_TAG, seconds) = value else { return Err(wrong()) };
        let seconds = seconds.as_integer().and_then(|number| i64::try_from(number).ok()).ok_or_else(wrong)?;
        let time = Instant::from_unix(seconds);
        if time.unix() == seconds { Ok(Some(time)) } else { Err(wrong()) }
    }

    fn chain(&mut self) -> Result<Vec<Vec<u8>>, String> {
        let certificates = self.0.remove(&X5CHAIN).and_then(|value| value.into_array().ok());
        let wrong = || "there is no list of certificates".to_owned();
        certificates
            .ok_or_else(wrong)?
            .into_iter()
            .map(|value| value.into_bytes().map_err(|_| wrong()))
            .collect()
    }
}

/// Returns the JWS name of an algorithm, or the number where it has none among ours.
fn algorithm_name(value: &Value) -> Result<String, String> {
    match value {
        Value::Integer(number) => Ok(key::jose_name(i128::from(*number))),
        _ => Err("`alg` is no number".to_owned()),
    }
}
