//! Manifests, blobs, uploads and referrers.

use axum::{
    body::Body,
    http::{Method, header},
    response::Response,
};
use bytes::Bytes;
use fondaco::model::{Digest, media_type};
use serde_json::{Value, json};

use super::{
    BlobFault, Mounts, Options, Referrers, Repository, State, Store,
    serve::{Asked, Target, error, ok, status, with},
    tokens,
};

pub(super) fn respond(state: &State, asked: &Asked) -> Response {
    let options = state.options.lock().unwrap().clone();
    // Asked before the store is locked: it takes locks of its own.
    let may_mount = asked.query("from").is_some_and(|from| tokens::may_read(state, asked, from));
    let mut store = state.store.lock().unwrap();
    let name = asked.repository.clone();
    match (asked.method.as_str(), &asked.target) {
        ("GET", Target::Base) => ok("application/json", "{}"),
        ("GET", Target::Tags) => tags(&store, &name),
        ("GET" | "HEAD", Target::Manifest(reference)) => manifest(&store, &options, asked, reference),
        ("PUT", Target::Manifest(reference)) => put_manifest(&mut store, &options, asked, reference),
        ("DELETE", Target::Manifest(reference)) => delete_manifest(&mut store, &name, reference),
        ("GET" | "HEAD", Target::Blob(digest)) => blob(&store, &options, asked, digest),
        ("POST", Target::Upload(session)) if session.is_empty() => {
            open_session(&mut store, &options, state, asked, may_mount)
        }
        ("PATCH", Target::Upload(session)) => append(&mut store, asked, session),
        ("PUT", Target::Upload(session)) => finish(&mut store, &options, asked, session),
        ("DELETE", Target::Upload(session)) => {
            if store.sessions.remove(session).is_some() {
                status(204)
            } else {
                status(404)
            }
        }
        ("GET", Target::Referrers(digest)) => referrers(&store, &options, asked, digest),
        _ => status(405),
    }
}

/// Serves a blob of any repository without authentication, as object storage behind a signed address does.
pub(super) fn storage(state: &State, digest: &str) -> Response {
    let store = state.store.lock().unwrap();
    let digest = digest.parse::<Digest>().ok();
    let found = digest
        .and_then(|digest| store.repositories.values().find_map(|held| held.blobs.get(&digest).cloned()));
    found.map_or_else(|| status(404), |bytes| ok(media_type::OCTET_STREAM, bytes))
}

fn tags(store: &Store, name: &str) -> Response {
    match store.repositories.get(name) {
        Some(held) => {
            let tags: Vec<&String> = held.tags.keys().collect();
            ok("application/json", json!({"name": name, "tags": tags}).to_string())
        }
        None => error(404, "NAME_UNKNOWN", "repository name not known to registry"),
    }
}

fn resolve(held: &Repository, reference: &str) -> Option<Digest> {
    reference.parse().ok().or_else(|| held.tags.get(reference).cloned())
}

fn manifest(store: &Store, options: &Options, asked: &Asked, reference: &str) -> Response {
    let held = store.repositories.get(&asked.repository);
    let found = held.and_then(|held| {
        let digest = resolve(held, reference)?;
        held.manifests.get(&digest).map(|(media_type, bytes)| (digest, media_type.clone(), bytes.clone()))
    });
    let Some((digest, media_type, bytes)) = found else {
        return error(404, "MANIFEST_UNKNOWN", "manifest unknown");
    };
    let length = bytes.len().to_string();
    let body = if asked.method == Method::HEAD { Bytes::new() } else { bytes };
    let response = with(ok(&media_type, body), "content-length", &length);
    if !options.content_digest {
        return response;
    }
    with(response, "docker-content-digest", &digest.to_string())
}

fn put_manifest(store: &mut Store, options: &Options, asked: &Asked, reference: &str) -> Response {
    let Ok(read) = serde_json::from_slice::<Value>(&asked.body) else {
        return error(400, "MANIFEST_INVALID", "not JSON");
    };
    let expected = reference.parse::<Digest>().ok();
    let digest =
        expected.as_ref().map_or_else(|| Digest::sha256(&asked.body), |d| d.same_algorithm_of(&asked.body));
    if expected.is_some_and(|expected| expected != digest) {
        return error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    }
    let held = store.repositories.entry(asked.repository.clone()).or_default();
    if let Some(missing) = missing(held, &read) {
        return error(400, "MANIFEST_BLOB_UNKNOWN", &missing);
    }
    let media_type = asked.header(header::CONTENT_TYPE).unwrap_or(media_type::OCI_MANIFEST).to_owned();
    held.manifests.insert(digest.clone(), (media_type, asked.body.clone()));
    if reference.parse::<Digest>().is_err() {
        held.tags.insert(reference.to_owned(), digest.clone());
    }
    let mut response = with(status(201), "docker-content-digest", &digest.to_string());
    if options.manifest_location {
        response = with(response, "location", &format!("/v2/{}/manifests/{digest}", asked.repository));
    }
    match read["subject"]["digest"].as_str() {
        Some(subject) if options.oci_subject && options.referrers == Referrers::On => {
            with(response, "oci-subject", subject)
        }
        _ => response,
    }
}

/// Returns the first descriptor whose content is not in the repository.
fn missing(held: &Repository, manifest: &Value) -> Option<String> {
    let listed = |name: &str| manifest[name].as_array().cloned().unwrap_or_default();
    let digest = |value: &Value| value["digest"].as_str().and_then(|text| text.parse::<Digest>().ok());
    let config = manifest.get("config").cloned();
    let blobs = config.into_iter().chain(listed("layers")).filter(|d| d.get("urls").is_none());
    let blobs: Vec<Digest> = blobs.filter_map(|d| digest(&d)).collect();
    let children: Vec<Digest> = listed("manifests").iter().filter_map(digest).collect();
    let blob = blobs.iter().find(|digest| !held.blobs.contains_key(digest));
    let child = children.iter().find(|digest| !held.manifests.contains_key(digest));
    blob.or(child).map(ToString::to_string)
}

fn delete_manifest(store: &mut Store, name: &str, reference: &str) -> Response {
    let Some(held) = store.repositories.get_mut(name) else { return status(404) };
    let Ok(digest) = reference.parse::<Digest>() else {
        return if held.tags.remove(reference).is_some() { status(202) } else { status(404) };
    };
    held.tags.retain(|_, target| *target != digest);
    if held.manifests.remove(&digest).is_some() { status(202) } else { status(404) }
}

fn blob(store: &Store, options: &Options, asked: &Asked, digest: &str) -> Response {
    let parsed = digest.parse::<Digest>().ok();
    let held = store.repositories.get(&asked.repository);
    let found = parsed.and_then(|digest| held.and_then(|held| held.blobs.get(&digest).cloned()));
    let Some(bytes) = found else { return error(404, "BLOB_UNKNOWN", "blob unknown to registry") };
    if asked.method == Method::HEAD {
        return with(ok(media_type::OCTET_STREAM, Bytes::new()), "content-length", &bytes.len().to_string());
    }
    if let Some(base) = &options.redirect_blobs {
        return with(status(307), "location", &format!("{base}/storage/{digest}?X-Signature=secret"));
    }
    let range = asked.header(header::RANGE).filter(|_| options.range);
    let start = range.and_then(|text| text.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    let response = faulty(bytes.slice(start.unwrap_or(0).min(bytes.len())..), options.blob_fault);
    match start {
        None => with(response, "docker-content-digest", digest),
        Some(start) => {
            let mut response = with(
                response,
                "content-range",
                &format!("bytes {start}-{}/{}", bytes.len() - 1, bytes.len()),
            );
            *response.status_mut() = axum::http::StatusCode::PARTIAL_CONTENT;
            response
        }
    }
}

fn faulty(bytes: Bytes, fault: Option<BlobFault>) -> Response {
    match fault {
        Some(BlobFault::Corrupt) => {
            let mut wrong = bytes.to_vec();
            wrong[0] ^= 1;
            ok(media_type::OCTET_STREAM, wrong)
        }
        Some(BlobFault::Truncated(length)) => {
            ok(media_type::OCTET_STREAM, bytes.slice(..length.min(bytes.len())))
        }
        Some(BlobFault::Dropped(after)) if after < bytes.len() => {
            let length = bytes.len().to_string();
            let part = bytes.slice(..after);
            let frames = futures_util::stream::unfold(0, move |step| {
                let part = part.clone();
                async move {
                    if step == 0 {
                        return Some((Ok(part), 1));
                    }
                    // The server flushes what it has while it waits; then the connection breaks.
                    tokio::task::yield_now().await;
                    Some((Err(std::io::Error::other("dropped as the switch says")), 2))
                }
            });
            with(ok(media_type::OCTET_STREAM, Body::from_stream(frames)), "content-length", &length)
        }
        None | Some(BlobFault::Dropped(_)) => ok(media_type::OCTET_STREAM, bytes),
    }
}

fn open_session(
    store: &mut Store,
    options: &Options,
    state: &State,
    asked: &Asked,
    may_mount: bool,
) -> Response {
    let name = &asked.repository;
    if let (Some(mount), Mounts::Status(code)) = (asked.query("mount"), options.mounts) {
        return error(code, "UNAUTHORIZED", mount);
    }
    if let (Some(mount), Some(from), Mounts::Honest) =
        (asked.query("mount"), asked.query("from"), options.mounts)
    {
        let digest = mount.parse::<Digest>().ok();
        let source = store.repositories.get(from).filter(|_| may_mount);
        let found = digest.and_then(|digest| Some((digest.clone(), source?.blobs.get(&digest)?.clone())));
        if let Some((digest, bytes)) = found {
            store.repositories.entry(name.clone()).or_default().blobs.insert(digest.clone(), bytes);
            return with(status(201), "location", &format!("/v2/{name}/blobs/{digest}"));
        }
    }
    store.sessions_opened += 1;
    let session = format!("session-{}", store.sessions_opened);
    store.sessions.insert(session.clone(), (name.clone(), vec![]));
    let base = if options.absolute_location { format!("http://{}", state.address) } else { String::new() };
    with(status(202), "location", &format!("{base}/v2/{name}/blobs/uploads/{session}?state=kept"))
}

fn append(store: &mut Store, asked: &Asked, session: &str) -> Response {
    let Some((_, held)) = store.sessions.get_mut(session) else {
        return error(404, "BLOB_UPLOAD_UNKNOWN", session);
    };
    held.extend_from_slice(&asked.body);
    let range = format!("0-{}", held.len().saturating_sub(1));
    let response = with(
        status(202),
        "location",
        &format!("/v2/{}/blobs/uploads/{session}?state=kept", asked.repository),
    );
    with(response, "range", &range)
}

fn finish(store: &mut Store, options: &Options, asked: &Asked, session: &str) -> Response {
    let kept = asked.query("state") == Some("kept");
    let Some((_, mut bytes)) = store.sessions.get(session).cloned().filter(|_| kept) else {
        return error(404, "BLOB_UPLOAD_UNKNOWN", session);
    };
    bytes.extend_from_slice(&asked.body);
    let Some(digest) = asked.query("digest").and_then(|text| text.parse::<Digest>().ok()) else {
        return error(400, "DIGEST_INVALID", "no digest");
    };
    if digest.same_algorithm_of(&bytes) != digest && !options.accept_any_digest {
        return error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    }
    store.sessions.remove(session);
    let held = store.repositories.entry(asked.repository.clone()).or_default();
    held.blobs.insert(digest.clone(), bytes.into());
    let response = with(status(201), "docker-content-digest", &digest.to_string());
    with(response, "location", &format!("/v2/{}/blobs/{digest}", asked.repository))
}

fn referrers(store: &Store, options: &Options, asked: &Asked, subject: &str) -> Response {
    match options.referrers {
        Referrers::On => {}
        Referrers::Off => {
            return Response::builder().status(404).body(Body::from("404 page not found\n")).unwrap();
        }
        Referrers::Status(code) => return error(code, "DENIED", "as the switch says"),
    }
    let empty = Repository::default();
    let held = store.repositories.get(&asked.repository).unwrap_or(&empty);
    let all: Vec<Value> = held
        .manifests
        .iter()
        .filter_map(|(digest, (media_type, bytes))| {
            let read: Value = serde_json::from_slice(bytes).ok()?;
            (read["subject"]["digest"] == subject).then(|| described(digest, media_type, bytes.len(), &read))
        })
        .collect();
    let start = asked.query("start").and_then(|text| text.parse().ok()).unwrap_or(0_usize).min(all.len());
    let end = options.page.map_or(all.len(), |page| (start + page).min(all.len()));
    let index =
        json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": &all[start..end]});
    let response = ok(media_type::OCI_INDEX, index.to_string());
    if end == all.len() {
        return response;
    }
    let next = format!("</v2/{}/referrers/{subject}?start={end}>; rel=\"next\"", asked.repository);
    with(response, "link", &next)
}

fn described(digest: &Digest, media_type: &str, size: usize, read: &Value) -> Value {
    let artifact_type = read["artifactType"].as_str().or(read["config"]["mediaType"].as_str());
    let mut descriptor = json!({"mediaType": media_type, "digest": digest, "size": size});
    if let Some(artifact_type) = artifact_type {
        descriptor["artifactType"] = artifact_type.into();
    }
    if let Some(annotations) = read.get("annotations") {
        descriptor["annotations"] = annotations.clone();
    }
    descriptor
}
