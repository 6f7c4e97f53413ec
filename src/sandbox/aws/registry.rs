//! The emulated registry of images: as open as Amazon's public one, with the images that the sandbox knows.
//!
//! A digest is made of the name, so that it stays the same and tells images apart. Absent on purpose: the images.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use super::image::repository_and_tag;
use super::names;
use super::world::Shared;

/// What every token of the sandbox is.
const TOKEN: &str = "sandbox";

/// Gives a token to whoever wants to read one repository.
pub(super) async fn token(Query(asked): Query<BTreeMap<String, String>>) -> Response {
    match asked.get("scope") {
        Some(scope) if scope.starts_with("repository:") && scope.ends_with(":pull") => {
            answer(StatusCode::OK, &json!({ "token": TOKEN }).to_string(), None)
        }
        _ => refusal(StatusCode::BAD_REQUEST, "UNSUPPORTED", "a scope is like repository:alias/name:pull"),
    }
}

/// Tells whether an image is there: `/v2/alias/name/manifests/tag`.
pub(super) async fn manifest(
    State(world): State<Shared>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response {
    let bearer = format!("Bearer {TOKEN}");
    if headers.get(header::AUTHORIZATION).is_none_or(|given| given.as_bytes() != bearer.as_bytes()) {
        return refusal(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "a token is needed");
    }
    let settings = &world.settings;
    let (repository, _) = repository_and_tag(&settings.image_repository);
    let name = repository.split_once('/').map_or(repository, |(_, name)| name);
    let Some((asked, tag)) = path.rsplit_once("/manifests/") else {
        return refusal(StatusCode::NOT_FOUND, "UNSUPPORTED", "only manifests are here");
    };
    let digest = |tag: &str| {
        let id = [names::derived(&[name, tag, "1"]), names::derived(&[name, tag, "2"])].concat();
        format!("sha256:{id}")
    };
    let known = settings.known_versions.iter().find(|known| *known == tag || digest(known) == tag);
    match known {
        _ if asked != name => refusal(StatusCode::NOT_FOUND, "NAME_UNKNOWN", "there is no such repository"),
        None => refusal(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "there is no such image"),
        Some(known) => answer(StatusCode::OK, "{}", Some(&digest(known))),
    }
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({ "errors": [{ "code": code, "message": message }] });
    answer(status, &body.to_string(), None)
}

fn answer(status: StatusCode, body: &str, digest: Option<&str>) -> Response {
    let mut response = Response::new(Body::from(body.to_owned()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let kind = header::HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, kind);
    let digest = digest.and_then(|digest| header::HeaderValue::from_str(digest).ok());
    if let Some(digest) = digest {
        headers.insert("docker-content-digest", digest);
    }
    response
}
