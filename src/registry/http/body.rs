//! Reading answers without trusting their length.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::{Response, StatusCode};
use serde::Deserialize;

use super::backoff;
use crate::registry::{RegistryError, asked::Asked};

/// The largest explanation of an error that is read.
const ERROR_BYTES_MAX: u64 = 64 * 1024;

/// The longest silence in the middle of an answer. A single stalled connection must not hold a run.
const IDLE: Duration = Duration::from_mins(1);

/// The longest that a body which is read whole may take: megabytes, so a server that drips bytes is cut off.
const WHOLE: Duration = Duration::from_mins(2);

/// Reads a whole body of at most `max` bytes.
pub(super) async fn read(response: Response, max: u64, asked: &Asked) -> Result<Bytes, RegistryError> {
    let late = || asked.unavailable(format!("not complete after {} s", WHOLE.as_secs()));
    tokio::time::timeout(WHOLE, collect(response, max, asked)).await.unwrap_or_else(|_| Err(late()))
}

async fn collect(mut response: Response, max: u64, asked: &Asked) -> Result<Bytes, RegistryError> {
    let flood = || asked.invalid(format!("more than {max} bytes"));
    if response.content_length().is_some_and(|length| length > max) {
        return Err(flood());
    }
    let mut body = BytesMut::new();
    while let Some(frame) = frame(&mut response, asked).await? {
        if body.len() as u64 + frame.len() as u64 > max {
            return Err(flood());
        }
        body.extend_from_slice(&frame);
    }
    Ok(body.freeze())
}

/// Returns the next frame of a body, `None` at its end.
pub(super) async fn frame(response: &mut Response, asked: &Asked) -> Result<Option<Bytes>, RegistryError> {
    match tokio::time::timeout(IDLE, response.chunk()).await {
        Ok(Ok(frame)) => Ok(frame),
        Ok(Err(e)) => Err(asked.unavailable(chain(e))),
        Err(_) => Err(asked.unavailable(format!("no byte for {} s", IDLE.as_secs()))),
    }
}

/// Returns the messages of a transport error and its causes, without the address.
pub(super) fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// Turns an answer that is not the wished one into an error, with the registry's explanation.
pub(super) async fn refusal(response: Response, asked: &Asked) -> RegistryError {
    let status = response.status();
    let wait = backoff::retry_after_s(response.headers(), backoff::now_unix());
    let explained =
        read(response, ERROR_BYTES_MAX, asked).await.map(|body| explanation(&body)).unwrap_or_default();
    let detail =
        format!("status {}{}{explained}", status.as_u16(), if explained.is_empty() { "" } else { ": " });
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => asked.denied(&detail),
        StatusCode::NOT_FOUND => asked.not_found(),
        StatusCode::TOO_MANY_REQUESTS => asked.rate_limited(wait),
        StatusCode::REQUEST_TIMEOUT => asked.unavailable(detail),
        // Answered with 400 or 404: a blob was collected between the look and the write; uploading it again helps.
        _ if explained.starts_with("MANIFEST_BLOB_UNKNOWN") => {
            Asked::new(&asked.host, format!("a blob or manifest that {} names", asked.what)).not_found()
        }
        _ if status.is_server_error() => asked.unavailable(detail),
        _ => asked.invalid(detail),
    }
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<OneError>,
}

#[derive(Deserialize)]
struct OneError {
    code: String,
    #[serde(default)]
    message: String,
}

/// Returns `CODE message` of the first error (distribution specification, "Error Codes"), or nothing.
fn explanation(body: &[u8]) -> String {
    let errors = serde_json::from_slice::<Errors>(body).map(|read| read.errors).unwrap_or_default();
    errors.first().map(|first| format!("{} {}", first.code, first.message)).unwrap_or_default()
}
