//! The token endpoint (distribution's "Token Authentication Specification" and its OAuth2 form).

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use reqwest::{
    Method, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde::Deserialize;
use url::Url;

use super::{address, body, wire::Line};
use crate::registry::{Credential, RegistryError, Secret, asked::Asked};

/// The largest answer of a token endpoint that is read. Tokens have one to eight kilobytes.
const TOKEN_BYTES_MAX: u64 = 64 * 1024;

/// How long a token holds where the endpoint does not say (token specification, `expires_in`).
const EXPIRES_IN_S: u64 = 60;

/// Tokens are renewed this long before they expire, or after half their life where that is shorter.
const LEEWAY_S: u64 = 10;

/// The longest that a token is believed to hold.
const EXPIRES_IN_S_MAX: u64 = 24 * 60 * 60;

/// A token in the form it is sent, and until when.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) header: HeaderValue,
    pub(super) until: Instant,
}

#[derive(Deserialize)]
struct Answer {
    token: Option<Secret>,
    access_token: Option<Secret>,
    expires_in: Option<u64>,
}

/// Fetches one token that allows all of `scopes`. A failure is never taken as leave to go on anonymously.
///
/// # Errors
/// `Denied` where the endpoint refuses, `RateLimited` and `Unavailable` as it says, `Invalid` where the realm is one that
/// this registry may not name or the answer is no token.
pub(super) async fn fetch(
    line: &Line,
    realm: &str,
    service: Option<&str>,
    scopes: &BTreeSet<String>,
    credential: &Credential,
) -> Result<Token, RegistryError> {
    let asked = Asked::new(&line.host, "a token");
    let realm: Url = realm.parse().map_err(|_| asked.invalid("the realm is not an address"))?;
    if let Some(reason) = address::objection(&line.base, &line.base, &realm) {
        return Err(asked.invalid(format!("the realm `{}` is not asked: {reason}", address::shown(&realm))));
    }
    let asked = Asked::new(&line.host, format!("a token from `{}`", address::shown(&realm)));
    let response = match credential {
        Credential::Anonymous => get(line, realm, service, scopes, None, &asked).await?,
        Credential::Basic { username, password } => {
            get(line, realm, service, scopes, Some((username, password)), &asked).await?
        }
        Credential::IdentityToken(token) => exchange(line, realm, service, scopes, token, &asked).await?,
    };
    if !response.status().is_success() {
        return Err(refused(response, &asked).await);
    }
    let text = body::read(response, TOKEN_BYTES_MAX, &asked).await?;
    read(&text).ok_or_else(|| asked.invalid("the answer holds no token"))
}

/// 400 and 404 of a token endpoint speak about the scope or the account, too: without a token there is no access.
async fn refused(response: Response, asked: &Asked) -> RegistryError {
    let status = response.status();
    match body::refusal(response, asked).await {
        RegistryError::Invalid { .. } | RegistryError::NotFound { .. } if status.is_client_error() => {
            asked.denied(&format!("status {}", status.as_u16()))
        }
        other => other,
    }
}

async fn get(
    line: &Line,
    mut realm: Url,
    service: Option<&str>,
    scopes: &BTreeSet<String>,
    basic: Option<(&str, &Secret)>,
    asked: &Asked,
) -> Result<Response, RegistryError> {
    realm.query_pairs_mut().extend_pairs(service.map(|service| ("service", service)));
    realm.query_pairs_mut().extend_pairs(scopes.iter().map(|scope| ("scope", scope)));
    line.repeat(asked, || {
        let request = line.client(&realm).get(realm.clone());
        let request = match basic {
            Some((username, password)) => request.basic_auth(username, Some(password.reveal())),
            None => request,
        };
        line.execute(request, &Method::GET, "token", asked)
    })
    .await
}

/// Exchanges a refresh token (OAuth2 POST). Endpoints without that answer 404 or 405, as GHCR does, and take the same
/// token as a password.
async fn exchange(
    line: &Line,
    realm: Url,
    service: Option<&str>,
    scopes: &BTreeSet<String>,
    token: &Secret,
    asked: &Asked,
) -> Result<Response, RegistryError> {
    let scope = scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "refresh_token")
        .append_pair("service", service.unwrap_or_default())
        .append_pair("client_id", "fondaco")
        .append_pair("scope", &scope)
        .append_pair("refresh_token", token.reveal())
        .finish();
    let response = line
        .repeat(asked, || {
            let request = line.client(&realm).post(realm.clone()).body(form.clone());
            let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            line.execute(request, &Method::POST, "token", asked)
        })
        .await?;
    match response.status() {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            get(line, realm, service, scopes, Some(("<token>", token)), asked).await
        }
        _ => Ok(response),
    }
}

fn read(text: &[u8]) -> Option<Token> {
    let answer: Answer = serde_json::from_slice(text).ok()?;
    let secret = answer.token.or(answer.access_token).filter(|token| !token.reveal().is_empty())?;
    let mut header = HeaderValue::try_from(format!("Bearer {}", secret.reveal())).ok()?;
    header.set_sensitive(true);
    Some(Token { header, until: Instant::now() + life(answer.expires_in) })
}

fn life(expires_in_s: Option<u64>) -> Duration {
    let whole = expires_in_s.unwrap_or(EXPIRES_IN_S).min(EXPIRES_IN_S_MAX);
    Duration::from_secs(whole - LEEWAY_S.min(whole.div_ceil(2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_renewed_before_they_expire() {
        let cases = [
            (None, 50),
            (Some(300), 290),
            (Some(4), 2),
            (Some(1), 0),
            (Some(0), 0),
            (Some(u64::MAX), 86_390),
        ];
        for (expires_in, seconds) in cases {
            assert_eq!(life(expires_in), Duration::from_secs(seconds), "{expires_in:?}");
        }
    }

    #[test]
    fn either_name_of_the_token_is_read_and_nothing_else() {
        for good in [r#"{"token":"a"}"#, r#"{"access_token":"a","expires_in":1}"#] {
            assert_eq!(read(good.as_bytes()).unwrap().header, "Bearer a", "{good}");
        }
        for bad in
            ["", "{}", r#"{"token":""}"#, r#"{"token":"a\nX-Evil: b"}"#, r#"{"token":"a","expires_in":-1}"#]
        {
            assert!(read(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
