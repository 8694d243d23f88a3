//! AWS Signature Version 4 in headers ("Create a signed AWS API request" in AWS's documentation), for the one call that
//! needs it. Own code, because the maintained crates bring seventy others; held to AWS's published test suite.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::Secret;

/// Who asks, as AWS's tools read it from the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsKeys {
    /// `AWS_ACCESS_KEY_ID`
    pub access_key: String,
    /// `AWS_SECRET_ACCESS_KEY`
    pub secret_key: Secret,
    /// `AWS_SESSION_TOKEN`, of temporary credentials.
    pub session_token: Option<Secret>,
}

impl AwsKeys {
    /// Returns the keys where `variable` knows both of them.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let text = |name: &str| variable(name).filter(|value| !value.is_empty());
        Some(Self {
            access_key: text("AWS_ACCESS_KEY_ID")?,
            secret_key: Secret::new(text("AWS_SECRET_ACCESS_KEY")?),
            session_token: text("AWS_SESSION_TOKEN").map(Secret::new),
        })
    }
}

/// A POST without a query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Posted<'a> {
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    /// `20150830T123600Z`
    pub(super) date: &'a str,
    /// Path, as it is sent.
    pub(super) path: &'a str,
    /// Every header that is signed, by its name in lower case, sorted, `host` and `x-amz-date` among them.
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: &'a [u8],
}

/// Returns the `Authorization` of a request.
pub(super) fn authorization(request: &Posted<'_>, keys: &AwsKeys) -> String {
    let Posted { region, service, date, .. } = request;
    let day = date.get(..8).unwrap_or(date);
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let names = request.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
        hex::encode(Sha256::digest(canonical(request, &names)))
    );
    let first = format!("AWS4{}", keys.secret_key.reveal());
    let key = [day, *region, *service, "aws4_request"]
        .iter()
        .fold(first.into_bytes(), |key, part| mac(&key, part.as_bytes()));
    let signature = hex::encode(mac(&key, to_sign.as_bytes()));
    let access_key = &keys.access_key;
    format!("AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}")
}

fn canonical(request: &Posted<'_>, names: &str) -> String {
    let headers: String =
        request.headers.iter().flat_map(|(name, value)| [name, ":", value.trim(), "\n"]).collect();
    let body = hex::encode(Sha256::digest(request.body));
    format!("POST\n{}\n\n{headers}\n{names}\n{body}", request.path)
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

    /// `post-vanilla`, `post-sts-header-before` and `post-x-www-form-urlencoded` of AWS's signing test suite, version 4:
    /// signed headers beside `host` and `x-amz-date`, body, signature.
    #[test]
    fn requests_of_the_published_test_suite_have_the_published_signatures() {
        type Headers<'a> = &'a [(&'a str, &'a str)];
        const FORM: [(&str, &str); 3] = [
            ("content-length", "13"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"),
        ];
        let cases: [(Headers<'_>, &str, &str); 3] = [
            (&[], "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            (
                &[("x-amz-security-token", TOKEN)],
                "",
                "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
            ),
            (&FORM, "Param1=value1", "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"),
        ];
        let keys = AwsKeys {
            access_key: "AKIDEXAMPLE".to_owned(),
            secret_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session_token: None,
        };
        for (more, body, signature) in cases {
            let mut headers = vec![("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")];
            headers.extend(more);
            headers.sort_unstable();
            let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
            let request = Posted {
                region: "us-east-1",
                service: "service",
                date: "20150830T123600Z",
                path: "/",
                headers: &headers,
                body: body.as_bytes(),
            };
            let expected = format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                 SignedHeaders={names}, Signature={signature}"
            );
            assert_eq!(authorization(&request, &keys), expected);
        }
    }

    #[test]
    fn half_of_a_key_is_none() {
        let of = |names: &'static [&'static str]| {
            AwsKeys::from_environment(move |name| names.contains(&name).then(|| name.to_lowercase()))
        };
        assert_eq!(of(&["AWS_ACCESS_KEY_ID"]), None);
        assert_eq!(of(&["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]), None);
        let both = of(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]).unwrap();
        assert!(both.session_token.is_none() && !format!("{both:?}").contains("secret_access_key"));
        assert!(AwsKeys::from_environment(|_| Some(String::new())).is_none());
    }
}
