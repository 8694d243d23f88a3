//! Canonical JSON as the evidence is written: sorted keys, two spaces, LF, no floats, a final newline.

use serde::Serialize;
use serde_json::Value;

/// Says why a value has no canonical form.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    #[error("value does not serialise: {0}")]
    Json(#[from] serde_json::Error),
    #[error("`{0}` is a floating-point number, which records do not carry")]
    Float(serde_json::Number),
}

/// Returns `value` as canonical JSON text. Equal values give equal bytes.
///
/// # Errors
/// [`CanonicalError`] for floats and for maps whose keys are not strings.
pub fn to_text(value: &impl Serialize) -> Result<String, CanonicalError> {
    value_to_text(&serde_json::to_value(value)?)
}

/// Returns a value that is JSON already as [`to_text`] does, without a copy of it: documents have some ten megabytes.
///
/// # Errors
/// [`CanonicalError`] for floats.
pub fn value_to_text(value: &Value) -> Result<String, CanonicalError> {
    let mut out = vec![];
    write(value, 0, &mut out)?;
    out.push(b'\n');
    Ok(String::from_utf8(out).expect("JSON is written from strings"))
}

/// Returns `value` as canonical JSON on one line, without the final newline (for the event log).
///
/// # Errors
/// As [`to_text`].
pub fn to_line(value: &impl Serialize) -> Result<String, CanonicalError> {
    let text = to_text(value)?;
    let value: Value = serde_json::from_str(&text)?;
    Ok(sorted(&value).to_string())
}

fn sorted(value: &Value) -> Value {
    // `serde_json::Map` keeps insertion order where any crate of the build enables `preserve_order`.
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            Value::Object(entries.into_iter().map(|(k, v)| (k.clone(), sorted(v))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

fn write(value: &Value, depth: usize, out: &mut Vec<u8>) -> Result<(), CanonicalError> {
    match value {
        Value::Number(number) if number.is_f64() => return Err(CanonicalError::Float(number.clone())),
        Value::Array(items) if !items.is_empty() => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                separate(i, depth + 1, out);
                write(item, depth + 1, out)?;
            }
            close(b']', depth, out);
        }
        Value::Object(map) if !map.is_empty() => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            out.push(b'{');
            for (i, (key, item)) in entries.into_iter().enumerate() {
                separate(i, depth + 1, out);
                serde_json::to_writer(&mut *out, key)?;
                out.extend(b": ");
                write(item, depth + 1, out)?;
            }
            close(b'}', depth, out);
        }
        other => serde_json::to_writer(out, other)?,
    }
    Ok(())
}

fn separate(index: usize, depth: usize, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(b',');
    }
    line(depth, out);
}

fn close(bracket: u8, depth: usize, out: &mut Vec<u8>) {
    line(depth, out);
    out.push(bracket);
}

/// Begins a line.
fn line(depth: usize, out: &mut Vec<u8>) {
    out.push(b'\n');
    out.resize(out.len() + 2 * depth, b' ');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_sorted_and_floats_refused() {
        let text = to_text(&json!({"b": [1, {}], "a": {"z": null, "y": "x"}})).unwrap();
        let expected =
            "{\n  \"a\": {\n    \"y\": \"x\",\n    \"z\": null\n  },\n  \"b\": [\n    1,\n    {}\n  ]\n}\n";
        assert_eq!(text, expected);
        assert!(to_text(&json!(1.5)).is_err());
        assert_eq!(to_line(&json!({"b": 1, "a": 2})).unwrap(), r#"{"a":2,"b":1}"#);
    }
}
