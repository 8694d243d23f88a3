//! Manifests, blobs, uploads and referrers.

use axum::{
    body::Body,
    http::{Method, header},
    response::Response,
};
use bytes::Bytes;
use fondaco::model::{Algorithm, Digest, media_type};
use serde_json::{Value, json};

use super::{
    BlobFault, Chunks, Mounts, Options, Referrers, Repository, State, Store,
    serve::{Asked, Target, error, ok, status, with},
    tokens,
};

pub(super) fn respond(state: &State, asked: &Asked) -> Response {
    let options = state.options.lock().unwrap().clone();
    // Asked before the store is locked: it takes locks of its own.
    let may_read = |from: &str| tokens::may_read(state, asked, from);
    let names = state.store.lock().unwrap().repositories.keys().cloned().collect::<Vec<_>>();
    let readable: Vec<String> = match asked.query("from") {
        Some(from) => vec![from.to_owned()].into_iter().filter(|from| may_read(from)).collect(),
        // Without `from` any repository will do that the client may read ("automatic content discovery").
        None if asked.query("mount").is_some() => names.into_iter().filter(|from| may_read(from)).collect(),
        None => vec![],
    };
    let mut store = state.store.lock().unwrap();
    let name = asked.repository.clone();
    match (asked.method.as_str(), &asked.target) {
        ("GET", Target::Base) => ok("application/json", "{}"),
        ("GET", Target::Tags) if options.tag_list.is_some() => verbatim_tags(&options),
        ("GET", Target::Tags) => tags(&store, asked),
        ("GET" | "HEAD", Target::Manifest(reference)) => manifest(&store, &options, asked, reference),
        ("PUT", Target::Manifest(reference)) => put_manifest(&mut store, &options, asked, reference),
        ("DELETE", Target::Manifest(reference)) => delete_manifest(&mut store, &name, reference),
        ("GET" | "HEAD", Target::Blob(digest)) => blob(&store, &options, asked, digest),
        ("POST", Target::Upload(session)) if session.is_empty() => {
            open_session(&mut store, &options, state, asked, &readable)
        }
        ("DELETE", Target::Blob(digest)) => delete_blob(&mut store, &name, digest),
        ("GET", Target::Upload(session)) => progress(&store, &name, session),
        ("PATCH", Target::Upload(session)) => append(&mut store, &options, asked, session),
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

/// Lists tags in lexical order, `n` of them after `last`; more are behind the `Link` (specification, "Listing Tags").
fn tags(store: &Store, asked: &Asked) -> Response {
    let name = &asked.repository;
    let Some(held) = store.repositories.get(name) else {
        return error(404, "NAME_UNKNOWN", "repository name not known to registry");
    };
    let last = asked.query("last").unwrap_or_default();
    let after: Vec<&String> = held.tags.keys().filter(|tag| tag.as_str() > last).collect();
    let wanted = asked.query("n").and_then(|n| n.parse().ok()).unwrap_or(after.len()).min(after.len());
    let page = &after[..wanted];
    let response = ok("application/json", json!({"name": name, "tags": page}).to_string());
    match page.last() {
        Some(last) if wanted < after.len() => {
            with(response, "link", &format!("</v2/{name}/tags/list?n={wanted}&last={last}>; rel=\"next\""))
        }
        _ => response,
    }
}

fn verbatim_tags(options: &Options) -> Response {
    let (body, link) = options.tag_list.clone().unwrap_or_default();
    let response = ok("application/json", body);
    match link {
        Some(link) => with(response, "link", &link),
        None => response,
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
        let (status, code) = options.quirks.missing_manifest.unwrap_or((404, "MANIFEST_UNKNOWN"));
        return error(status, code, "manifest unknown");
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
    if expected.is_none() && reference.contains(':') {
        return error(400, "DIGEST_INVALID", "neither a digest nor a tag");
    }
    let digest =
        expected.as_ref().map_or_else(|| Digest::sha256(&asked.body), |d| d.same_algorithm_of(&asked.body));
    if expected.is_some_and(|expected| expected != digest) {
        return error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    }
    if let Some(refusal) = options.quirks.refuse(store, asked, &read) {
        return refusal;
    }
    store.repositories.entry(asked.repository.clone()).or_default();
    let held = &store.repositories[&asked.repository];
    if let Some(refusal) = options.ways.refuse(held, reference, &asked.body, &read) {
        return refusal;
    }
    if let Some(missing) = missing(store, options, held, &read) {
        return error(400, "MANIFEST_BLOB_UNKNOWN", &missing);
    }
    let held = store.repositories.entry(asked.repository.clone()).or_default();
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
fn missing(store: &Store, options: &Options, held: &Repository, manifest: &Value) -> Option<String> {
    let listed = |name: &str| manifest[name].as_array().cloned().unwrap_or_default();
    let digest = |value: &Value| value["digest"].as_str().and_then(|text| text.parse::<Digest>().ok());
    let config = manifest.get("config").cloned();
    let blobs = config.into_iter().chain(listed("layers")).filter(|d| d.get("urls").is_none());
    let blobs: Vec<Digest> = blobs.filter_map(|d| digest(&d)).collect();
    let children: Vec<Digest> = listed("manifests").iter().filter_map(digest).collect();
    let there =
        |digest: &Digest| held.blobs.contains_key(digest) || options.ways.shared(store, digest).is_some();
    let blob = blobs.iter().find(|digest| !there(digest));
    let sparse = options.ways.sparse_index;
    // An index may name blobs, as BuildKit's caches do; distribution looks for both (`manifestLinkPathFns`).
    let child =
        children.iter().find(|digest| !sparse && !held.manifests.contains_key(digest) && !there(digest));
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

fn delete_blob(store: &mut Store, name: &str, digest: &str) -> Response {
    let held = store.repositories.get_mut(name);
    let removed = digest.parse().ok().and_then(|digest: Digest| held?.blobs.remove(&digest));
    if removed.is_some() { status(202) } else { error(404, "BLOB_UNKNOWN", "blob unknown to registry") }
}

fn blob(store: &Store, options: &Options, asked: &Asked, digest: &str) -> Response {
    let parsed = digest.parse::<Digest>().ok();
    let held = store.repositories.get(&asked.repository);
    let found = parsed.and_then(|digest| {
        let own = held.and_then(|held| held.blobs.get(&digest).cloned());
        own.or_else(|| options.ways.shared(store, &digest))
    });
    let Some(bytes) = found else { return error(404, "BLOB_UNKNOWN", "blob unknown to registry") };
    if asked.method == Method::HEAD {
        let response = with(ok(media_type::OCTET_STREAM, Bytes::new()), "docker-content-digest", digest);
        return with(response, "content-length", &bytes.len().to_string());
    }
    if let Some(base) = &options.redirect_blobs {
        return with(status(307), "location", &format!("{base}/storage/{digest}?X-Signature=secret"));
    }
    let range = asked.header(header::RANGE).filter(|_| options.range);
    match range.map(|text| range_of(text, bytes.len())) {
        None => with(faulty(bytes, options.blob_fault), "docker-content-digest", digest),
        Some(None) => error(416, "RANGE_INVALID", "range not satisfiable"),
        Some(Some(range)) => {
            let shown = format!("bytes {}-{}/{}", range.start, range.end - 1, bytes.len());
            let response = faulty(bytes.slice(range), options.blob_fault);
            let mut response = with(response, "content-range", &shown);
            *response.status_mut() = axum::http::StatusCode::PARTIAL_CONTENT;
            response
        }
    }
}

/// Returns the bytes that `Range` asks for (RFC 9110, section 14.1.2), or `None` where there are none.
fn range_of(text: &str, length: usize) -> Option<std::ops::Range<usize>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let range = if first.is_empty() {
        length.saturating_sub(last.parse().ok()?)..length
    } else {
        let last = if last.is_empty() { length } else { last.parse::<usize>().ok()?.saturating_add(1) };
        first.parse().ok()?..last.min(length)
    };
    (!range.is_empty()).then_some(range)
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
    readable: &[String],
) -> Response {
    let name = &asked.repository;
    if let Some(refusal) = options.quirks.refuse_upload(store, asked) {
        return refusal;
    }
    if let (Some(mount), Mounts::Status(code)) = (asked.query("mount"), options.mounts) {
        return error(code, "UNAUTHORIZED", mount);
    }
    if let (Some(mount), Mounts::Honest) = (asked.query("mount"), options.mounts) {
        let digest = mount.parse::<Digest>().ok();
        let sources = readable.iter().filter_map(|from| store.repositories.get(from));
        let found = digest.and_then(|digest| {
            let mut sources = sources.filter(|source| options.ways.mounts(source, &digest));
            let bytes = sources.find_map(|source| source.blobs.get(&digest))?.clone();
            Some((digest, bytes))
        });
        if let Some((digest, bytes)) = found {
            store.repositories.entry(name.clone()).or_default().blobs.insert(digest.clone(), bytes);
            return with(status(201), "location", &format!("/v2/{name}/blobs/{digest}"));
        }
    }
    if asked.query("digest").is_some() && !options.ways.sessions_only {
        return stored(store, options, asked, asked.body.clone());
    }
    store.sessions_opened += 1;
    let session = format!("session-{}", store.sessions_opened);
    store.sessions.insert(session.clone(), (name.clone(), vec![]));
    let base = if options.absolute_location {
        format!("{}://{}", state.scheme, state.address)
    } else {
        String::new()
    };
    let response =
        with(status(202), "location", &format!("{base}/v2/{name}/blobs/uploads/{session}?state=kept"));
    match options.ways.chunk_min {
        Some(minimum) => with(response, "oci-chunk-min-length", &minimum.to_string()),
        None => response,
    }
}

fn append(store: &mut Store, options: &Options, asked: &Asked, session: &str) -> Response {
    if let Some(refusal) = options.quirks.refuse_upload(store, asked) {
        return refusal;
    }
    let Some((_, held)) = store.sessions.get_mut(session) else {
        return error(404, "BLOB_UPLOAD_UNKNOWN", session);
    };
    match options.ways.chunks {
        Chunks::Refused => return error(405, "UNSUPPORTED", "no chunked uploads"),
        Chunks::LastWins => held.clear(),
        Chunks::Appended if out_of_order(asked, held.len()) => {
            return error(416, "BLOB_UPLOAD_INVALID", "chunk out of order");
        }
        Chunks::Appended => {}
    }
    // Only the first one can be told from the last one.
    let first = held.is_empty() && asked.header(header::CONTENT_RANGE).is_some_and(|r| r.starts_with("0-"));
    if first && options.ways.chunk_min.is_some_and(|minimum| asked.body.len() < minimum) {
        return error(416, "BLOB_UPLOAD_INVALID", "chunk too small");
    }
    held.extend_from_slice(&asked.body);
    let shown = if options.quirks.range_stands_still { 1 } else { held.len() };
    received(status(202), &asked.repository, session, shown)
}

fn out_of_order(asked: &Asked, held: usize) -> bool {
    let start = asked.header(header::CONTENT_RANGE).and_then(|range| range.split('-').next());
    start.is_some_and(|start| start.parse() != Ok(held))
}

/// Says how far an upload is.
fn progress(store: &Store, name: &str, session: &str) -> Response {
    match store.sessions.get(session) {
        Some((_, held)) => received(status(204), name, session, held.len()),
        None => error(404, "BLOB_UPLOAD_UNKNOWN", session),
    }
}

fn received(response: Response, name: &str, session: &str, bytes: usize) -> Response {
    let location = format!("/v2/{name}/blobs/uploads/{session}?state=kept");
    with(with(response, "location", &location), "range", &format!("0-{}", bytes.saturating_sub(1)))
}

fn finish(store: &mut Store, options: &Options, asked: &Asked, session: &str) -> Response {
    if let Some(refusal) = options.quirks.refuse_upload(store, asked) {
        return refusal;
    }
    let kept = asked.query("state") == Some("kept");
    let Some((_, mut bytes)) = store.sessions.get(session).cloned().filter(|_| kept) else {
        return error(404, "BLOB_UPLOAD_UNKNOWN", session);
    };
    if out_of_order(asked, bytes.len()) {
        return error(416, "BLOB_UPLOAD_INVALID", "chunk out of order");
    }
    bytes.extend_from_slice(&asked.body);
    let response = stored(store, options, asked, bytes.into());
    if response.status().is_success() {
        store.sessions.remove(session);
    }
    response
}

/// Keeps the bytes of a whole upload.
fn stored(store: &mut Store, options: &Options, asked: &Asked, mut bytes: Bytes) -> Response {
    let Some(digest) = asked.query("digest").and_then(|text| text.parse::<Digest>().ok()) else {
        return error(400, "DIGEST_INVALID", "no digest");
    };
    if options.ways.sha256_only && digest.algorithm() != Algorithm::Sha256 {
        return error(400, "DIGEST_INVALID", "unsupported digest algorithm");
    }
    if digest.same_algorithm_of(&bytes) != digest && !options.accept_any_digest {
        return error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    }
    let held = store.repositories.entry(asked.repository.clone()).or_default();
    bytes.truncate(options.quirks.keeps_at_most.unwrap_or(bytes.len()));
    held.blobs.insert(digest.clone(), bytes);
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
            let listed = !options.hidden_referrers.contains(digest);
            (listed && read["subject"]["digest"] == subject)
                .then(|| described(digest, media_type, bytes.len(), &read))
        })
        .filter(|described| {
            asked.query("artifactType").is_none_or(|wanted| described["artifactType"] == wanted)
        })
        .collect();
    let start = asked.query("start").and_then(|text| text.parse().ok()).unwrap_or(0_usize).min(all.len());
    let end = options.page.map_or(all.len(), |page| (start + page).min(all.len()));
    let mut index =
        json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": &all[start..end]});
    if options.quirks.null_lists && all.is_empty() {
        index["manifests"] = Value::Null;
    }
    let mut response = ok(media_type::OCI_INDEX, index.to_string());
    if asked.query("artifactType").is_some() {
        response = with(response, "oci-filters-applied", "artifactType");
    }
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
