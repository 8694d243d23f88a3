//! Who may do what.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    http::{Method, header},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    Auth, Options, State,
    serve::{Asked, Target, error, ok, status, with},
};

/// Tokens that were given out and what each allows: `<repository>:<action>`.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    granted: BTreeMap<String, BTreeSet<String>>,
    count: u64,
}

impl Tokens {
    pub(super) fn expire(&mut self) {
        self.granted.clear();
    }

    fn allows(&self, header: Option<&str>, right: &str) -> bool {
        let token = header.and_then(|text| text.strip_prefix("Bearer "));
        token.and_then(|token| self.granted.get(token)).is_some_and(|rights| rights.contains(right))
    }
}

/// Returns the refusal of a request that is not allowed.
pub(super) fn check(state: &State, asked: &Asked) -> Option<Response> {
    let refused = challenged(state, asked)?;
    let code = state.options.lock().unwrap().refusal;
    if code == 401 || asked.header(header::AUTHORIZATION).is_none() {
        return Some(refused);
    }
    Some(error(code, "DENIED", "your authorization token has expired"))
}

fn challenged(state: &State, asked: &Asked) -> Option<Response> {
    let options = state.options.lock().unwrap().clone();
    let header = asked.header(header::AUTHORIZATION);
    match &options.auth {
        Auth::None => None,
        Auth::Basic { username, password } if is_basic(header, username, password) => None,
        Auth::Basic { .. } if robot(&options, header).is_some_and(|own| within(&asked.repository, own)) => {
            None
        }
        Auth::Basic { .. } => Some(with(
            error(401, "UNAUTHORIZED", "authentication required"),
            "www-authenticate",
            "Basic realm=\"fake\"",
        )),
        Auth::Bearer { .. } => {
            let tokens = state.tokens.lock().unwrap();
            if asked.target == Target::Base {
                let known = header.and_then(|text| text.strip_prefix("Bearer "));
                let known = known.is_some_and(|token| tokens.granted.contains_key(token));
                return (!known).then(|| challenge(state, options.realm.as_deref(), ""));
            }
            let reading = asked.method == Method::GET || asked.method == Method::HEAD;
            // As distribution does: every DELETE, also of an upload session, needs a right of its own.
            let deleting = asked.method == Method::DELETE;
            let action = if reading {
                "pull"
            } else if deleting {
                "delete"
            } else {
                "push"
            };
            if tokens.allows(header, &format!("{}:{action}", asked.repository)) {
                return None;
            }
            let actions = if reading {
                "pull"
            } else if deleting {
                "delete"
            } else {
                "pull,push"
            };
            let scope = format!(",scope=\"repository:{}:{actions}\"", asked.repository);
            Some(challenge(state, options.realm.as_deref(), &scope))
        }
    }
}

/// Returns whether the client may read a repository, which a mount from it needs.
pub(super) fn may_read(state: &State, asked: &Asked, repository: &str) -> bool {
    let bearer = matches!(state.options.lock().unwrap().auth, Auth::Bearer { .. });
    let right = format!("{repository}:pull");
    !bearer || state.tokens.lock().unwrap().allows(asked.header(header::AUTHORIZATION), &right)
}

fn challenge(state: &State, realm: Option<&str>, scope: &str) -> Response {
    let own = format!("{}://{}/token", state.scheme, state.address);
    let text = format!("Bearer realm=\"{}\",service=\"fake\"{scope}", realm.unwrap_or(&own));
    with(error(401, "UNAUTHORIZED", "authentication required"), "www-authenticate", &text)
}

/// Returns the prefix of the robot whose password this is.
fn robot<'a>(options: &'a Options, header: Option<&str>) -> Option<&'a str> {
    let robots = options.robots.iter();
    robots
        .filter(|robot| is_basic(header, &robot.username, &robot.password))
        .map(|robot| robot.prefix.as_str())
        .next()
}

fn within(repository: &str, prefix: &str) -> bool {
    repository.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
}

fn is_basic(header: Option<&str>, username: &str, password: &str) -> bool {
    header == Some(&format!("Basic {}", STANDARD.encode(format!("{username}:{password}"))))
}

/// Answers the token endpoint.
pub(super) fn grant(state: &State, asked: &Asked) -> Response {
    let options = state.options.lock().unwrap().clone();
    let Auth::Bearer { username, password, identity, anonymous_pull } = &options.auth else {
        return status(404);
    };
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&asked.body).into_owned().collect();
    let posted = asked.method == Method::POST;
    if let (true, Some(code)) = (posted, options.token_post_status) {
        return status(code);
    }
    let header = asked.header(header::AUTHORIZATION);
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let known = if posted {
        field("refresh_token").as_deref() == Some(identity)
    } else {
        is_basic(header, username, password) || is_basic(header, "<token>", identity)
    };
    let own = robot(&options, header);
    let known = known || own.is_some();
    let anonymous = !posted && header.is_none() && *anonymous_pull;
    if !known && !anonymous {
        return error(401, "UNAUTHORIZED", "incorrect username or password");
    }
    let scopes: Vec<String> = if posted {
        field("scope").unwrap_or_default().split(' ').map(str::to_owned).collect()
    } else {
        asked.query.iter().filter(|(key, _)| key == "scope").map(|(_, scope)| scope.clone()).collect()
    };
    let refused =
        |scope: &String| options.refused_scopes.iter().any(|name| scope.contains(&format!(":{name}:")));
    if scopes.iter().any(refused) {
        return error(403, "DENIED", "requested access to the resource is denied");
    }
    let rights =
        scopes.iter().flat_map(|scope| rights(scope)).filter(|right| known || right.ends_with(":pull"));
    let rights = rights.filter(|right| own.is_none_or(|own| within(right, own))).collect();
    let mut tokens = state.tokens.lock().unwrap();
    tokens.count += 1;
    let token = format!("opaque-{}", tokens.count);
    tokens.granted.insert(token.clone(), rights);
    let mut body = serde_json::json!({ "token": token });
    if let Some(seconds) = options.expires_in {
        body["expires_in"] = seconds.into();
    }
    ok("application/json", body.to_string())
}

fn rights(scope: &str) -> Vec<String> {
    let Some((repository, actions)) =
        scope.strip_prefix("repository:").and_then(|rest| rest.rsplit_once(':'))
    else {
        return vec![];
    };
    actions.split(',').map(|action| format!("{repository}:{action}")).collect()
}
