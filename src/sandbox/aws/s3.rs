//! The emulated S3: a private bucket for operation reports, one for the archives that migrations fetch, and one for flow files
//! that keeps versions and lets everybody read; asked with the bucket in the path.
//!
//! Objects are files in the world's folder, each with what is known of it beside it. Absent on purpose: other buckets,
//! uploads in parts, every version but the newest, deleting.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest as _, Query, Request};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use jiff::Timestamp;
use md5::Digest as _;
use serde::{Deserialize, Serialize};

use super::listing::{Listed, listing};
use super::settings::WorldError;
use super::wire::{self, Fault};
use super::world::Inner;
use super::{names, state};

/// What this service of the sandbox answers.
pub(super) const OFFERED: &str = "PutObject, GetObject, HeadObject, ListObjectsV2, HeadBucket";

/// The longest key that S3 takes, in bytes.
const KEY: usize = 1024;

/// What is known of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Object {
    pub(super) key: String,
    pub(super) size: usize,
    pub(super) etag: String,
    pub(super) modified: Timestamp,
    content_type: String,
    /// Which version it is, where the bucket keeps versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

#[derive(Serialize)]
#[serde(rename = "Error", rename_all = "PascalCase")]
struct ErrorDocument {
    code: String,
    message: String,
    resource: String,
    request_id: String,
}

/// The action of a request; `None` when it is none of S3's.
pub(super) fn action(method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<&'static str> {
    if *method == Method::POST || headers.contains_key("x-amz-target") {
        return None;
    }
    let has_key = target(uri).is_some_and(|(_, key)| !key.is_empty());
    Some(match (method, has_key) {
        (&Method::PUT, true) => "PutObject",
        (&Method::GET, true) => "GetObject",
        (&Method::HEAD, true) => "HeadObject",
        (&Method::GET, false) => "ListObjectsV2",
        (&Method::HEAD, false) => "HeadBucket",
        _ => "another action of S3",
    })
}

/// Answers one request; with `refusal`, when there is one, instead of what it asks for.
pub(super) async fn serve(world: &Inner, request: Request, refusal: Option<Fault>) -> Response {
    let request_id = names::request_id();
    let is_head = *request.method() == Method::HEAD;
    let resource = request.uri().path().to_owned();
    let is_public = is_public(world, &request);
    let refusal = match refusal {
        None if is_public => Ok(()),
        None => wire::signed(request.headers(), "AccessDenied"),
        Some(fault) => Err(fault),
    };
    let answer = match refusal {
        Ok(()) => call(world, request).await,
        Err(fault) => Err(Fault { status: 403, ..fault }),
    };
    let mut response = answer.unwrap_or_else(|fault| {
        let (code, message) = (fault.code.into_owned(), fault.message);
        let document = ErrorDocument { code, message, resource, request_id: request_id.clone() };
        // What a HEAD is answered has no body, so that only the status tells.
        let text = if is_head { String::new() } else { wire::xml(&document).unwrap_or_default() };
        let mut response = xml(text);
        *response.status_mut() = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::BAD_REQUEST);
        response
    });
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("x-amz-request-id", id);
    }
    response
}

/// True for reading what everybody may read.
fn is_public(world: &Inner, request: &Request) -> bool {
    let is_flow = target(request.uri())
        .is_some_and(|(bucket, key)| !key.is_empty() && bucket == names::flows_bucket(&world.settings));
    is_flow && matches!(*request.method(), Method::GET | Method::HEAD)
}

async fn call(world: &Inner, request: Request) -> Result<Response, Fault> {
    let action = action(request.method(), request.uri(), request.headers()).unwrap_or_default();
    let Some((name, key)) = target(request.uri()) else {
        return Err(Fault::unknown_operation("s3", action, OFFERED));
    };
    if !buckets(world).contains(&name) {
        return Err(missing("NoSuchBucket", "The specified bucket does not exist"));
    }
    match action {
        "HeadBucket" => Ok(Response::new(Body::empty())),
        "PutObject" => put(world, &name, key, request).await,
        "GetObject" | "HeadObject" => {
            let Some((object, bytes)) = find(world, &name, &key).await.map_err(|error| broken(&error))?
            else {
                return Err(missing("NoSuchKey", "The specified key does not exist."));
            };
            if let Some(version) = asked(&request)?.get("versionId")
                && Some(version) != object.version.as_ref()
            {
                return Err(missing("NoSuchVersion", "The specified version does not exist."));
            }
            let known = request.headers().get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
            let is_known = known.is_some_and(|etag| etag.trim_matches('"') == object.etag);
            let mut response = whole(&object, bytes, is_known || action == "HeadObject");
            if is_known {
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                response.headers_mut().remove(header::CONTENT_LENGTH);
            }
            Ok(response)
        }
        "ListObjectsV2" => {
            let objects = all(world, &name).await.map_err(|error| broken(&error))?;
            Ok(xml(wire::xml::<Listed>(&listing(&name, objects, &asked(&request)?))?))
        }
        other => {
            let fault = Fault::unknown_operation("s3", other, OFFERED);
            Err(Fault { status: 501, ..fault })
        }
    }
}

/// What a request asks for besides.
fn asked(request: &Request) -> Result<BTreeMap<String, String>, Fault> {
    let asked = Query::<BTreeMap<String, String>>::try_from_uri(request.uri());
    asked.map(|Query(asked)| asked).map_err(|error| Fault::client("InvalidArgument", error.to_string()))
}

async fn put(world: &Inner, bucket: &str, key: String, request: Request) -> Result<Response, Fault> {
    let headers = request.headers().clone();
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if key.len() > KEY {
        return Err(Fault::client("KeyTooLongError", "Your key is too long"));
    }
    let body = Bytes::from_request(request, &())
        .await
        .map_err(|error| Fault::client("IncompleteBody", error.to_string()))?;
    let signed = header("x-amz-content-sha256");
    let bytes = if signed.starts_with("STREAMING-") {
        unchunked(&body)
            .ok_or_else(|| Fault::client("IncompleteBody", "The chunks of the body do not fit"))?
    } else {
        body
    };
    if signed.len() == 64 && signed != names::sha256(&bytes) {
        let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
        return Err(Fault::client("XAmzContentSHA256Mismatch", message));
    }
    let content_type = match header("content-type") {
        "" => "binary/octet-stream",
        told => told,
    };
    let version = (bucket == names::flows_bucket(&world.settings)).then(names::fresh_id);
    let object = Object::of(key, version, content_type, &bytes);
    keep(world, bucket, &object, bytes).await.map_err(|error| broken(&error))?;
    let mut response = Response::new(Body::empty());
    set(&mut response, header::ETAG.as_str(), &format!("\"{}\"", object.etag));
    tell_version(&mut response, &object);
    Ok(response)
}

impl Object {
    fn of(key: String, version: Option<String>, content_type: &str, bytes: &Bytes) -> Self {
        Self {
            size: bytes.len(),
            etag: names::hex(&md5::Md5::digest(bytes)),
            modified: Timestamp::now(),
            content_type: content_type.to_owned(),
            version,
            key,
        }
    }
}

/// Puts those files into the bucket for flows that it does not have yet.
pub(super) async fn place_flows(world: &Inner, files: &[(&str, &'static [u8])]) -> Result<(), WorldError> {
    let bucket = names::flows_bucket(&world.settings);
    let failed = |source| WorldError::File { doing: "write", path: folder(world).join(&bucket), source };
    for (key, bytes) in files {
        if find(world, &bucket, key).await.map_err(failed)?.is_none() {
            let bytes = Bytes::from_static(bytes);
            let version = names::derived(&[&world.settings.demo_id, key, &names::sha256(&bytes)]);
            let kind = "text/plain; charset=utf-8";
            let object = Object::of((*key).to_owned(), Some(version), kind, &bytes);
            keep(world, &bucket, &object, bytes).await.map_err(failed)?;
        }
    }
    Ok(())
}

/// An object as its reader gets it.
fn whole(object: &Object, bytes: Vec<u8>, is_head: bool) -> Response {
    let mut response = Response::new(if is_head { Body::empty() } else { Body::from(bytes) });
    let modified = object.modified.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let fields = [
        (header::CONTENT_TYPE.as_str(), object.content_type.as_str()),
        (header::CONTENT_LENGTH.as_str(), &object.size.to_string()),
        (header::ETAG.as_str(), &format!("\"{}\"", object.etag)),
        (header::LAST_MODIFIED.as_str(), &modified),
    ];
    for (name, value) in fields {
        set(&mut response, name, value);
    }
    tell_version(&mut response, object);
    response
}

fn tell_version(response: &mut Response, object: &Object) {
    if let Some(version) = &object.version {
        set(response, "x-amz-version-id", version);
    }
}

/// Where the objects of all buckets are.
pub(super) fn folder(world: &Inner) -> PathBuf {
    world.settings.state_folder.join("objects")
}

fn buckets(world: &Inner) -> [String; 3] {
    [
        names::reports_bucket(&world.settings),
        names::releases_bucket(&world.settings),
        names::flows_bucket(&world.settings),
    ]
}

/// The bytes of an object, if there is one.
pub(super) async fn object(world: &Inner, bucket: &str, key: &str) -> io::Result<Option<Vec<u8>>> {
    Ok(find(world, bucket, key).await?.map(|(_, bytes)| bytes))
}

/// The file of an object, and that of what is known of it. Keys are anybody's, so no file is named after one.
fn paths(world: &Inner, bucket: &str, key: &str) -> [PathBuf; 2] {
    let name = names::sha256(key.as_bytes());
    ["body", "json"].map(|kind| folder(world).join(bucket).join(format!("{name}.{kind}")))
}

async fn keep(world: &Inner, bucket: &str, object: &Object, bytes: Bytes) -> io::Result<()> {
    let [body, known] = paths(world, bucket, &object.key);
    tokio::fs::create_dir_all(folder(world).join(bucket)).await?;
    let replaced = |error: WorldError| io::Error::other(error.to_string());
    state::replace(&body, bytes.into()).await.map_err(replaced)?;
    state::replace(&known, serde_json::to_vec(object)?).await.map_err(replaced)
}

async fn find(world: &Inner, bucket: &str, key: &str) -> io::Result<Option<(Object, Vec<u8>)>> {
    let [body, known] = paths(world, bucket, key);
    match tokio::fs::read(known).await {
        Ok(known) => Ok(Some((serde_json::from_slice(&known)?, tokio::fs::read(body).await?))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Every object of a bucket, in the order of the keys.
async fn all(world: &Inner, bucket: &str) -> io::Result<Vec<Object>> {
    let mut objects = Vec::new();
    let mut entries = match tokio::fs::read_dir(folder(world).join(bucket)).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(objects),
        entries => entries?,
    };
    while let Some(entry) = entries.next_entry().await? {
        if entry.path().extension().is_some_and(|kind| kind == "json") {
            let known: Object = serde_json::from_slice(&tokio::fs::read(entry.path()).await?)?;
            objects.push(known);
        }
    }
    objects.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(objects)
}

/// Bucket and key of a path, with what was escaped in it as it was.
fn target(uri: &Uri) -> Option<(String, String)> {
    let path = uri.path().strip_prefix('/')?;
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    (!bucket.is_empty()).then(|| (bucket.to_owned(), unescaped(key)))
}

fn unescaped(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let (byte, length) = match escaped.map(|digits| u8::from_str_radix(digits, 16)) {
            Some(Ok(byte)) => (byte, 3),
            _ => (bytes[at], 1),
        };
        plain.push(byte);
        at += length;
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// The bytes of a body that comes in chunks, each with its length in front and perhaps a signature; `None` when they
/// do not fit.
fn unchunked(body: &[u8]) -> Option<Bytes> {
    let mut rest = body;
    let mut whole = Vec::with_capacity(body.len());
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
        let head = str::from_utf8(&rest[..end]).ok()?;
        let length = usize::from_str_radix(head.split(';').next()?, 16).ok()?;
        if length == 0 {
            return Some(whole.into());
        }
        let chunk = rest.get(end + 2..end.checked_add(2)?.checked_add(length)?)?;
        whole.extend_from_slice(chunk);
        rest = rest.get(end + 2 + length..)?.strip_prefix(b"\r\n")?;
    }
}

fn xml(text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    set(&mut response, header::CONTENT_TYPE.as_str(), "application/xml");
    response
}

fn set(response: &mut Response, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (name.parse::<header::HeaderName>(), HeaderValue::from_str(value)) {
        response.headers_mut().insert(name, value);
    }
}

fn missing(code: &'static str, message: &str) -> Fault {
    Fault { status: 404, ..Fault::client(code, message) }
}

fn broken(error: &dyn std::fmt::Display) -> Fault {
    Fault {
        status: 500,
        ..Fault::client("InternalError", format!("The object cannot be kept or read: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_in_chunks_is_put_together_and_a_torn_one_is_not() {
        let body = b"5;chunk-signature=ab\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:AA==\r\n\r\n";
        assert_eq!(unchunked(body).as_deref(), Some(&b"hello world"[..]));
        assert_eq!(unchunked(b"5\r\nhel"), None);
        assert_eq!(unchunked(b"ffffffffffffffff\r\nx\r\n"), None);
        assert_eq!(unchunked(b""), None);
    }

    #[test]
    fn a_key_is_what_was_escaped() {
        let uri: Uri = "/bucket/reports/a%20b/%C3%A9?x-id=GetObject".parse().unwrap();
        assert_eq!(target(&uri), Some(("bucket".to_owned(), "reports/a b/é".to_owned())));
        assert_eq!(unescaped("100%"), "100%");
        assert_eq!(target(&"/".parse().unwrap()), None);
    }
}
