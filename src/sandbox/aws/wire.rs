//! One port, three protocols: AWS JSON told apart by `X-Amz-Target`, AWS Query by the form field `Action`, S3 by its methods.
//!
//! A request must carry an `Authorization` header that looks like Signature Version 4. The signature itself
//! is **not** checked: the sandbox listens on loopback only and knows no keys, so any key pair is as good as
//! any other. Every answer is one body and leaves in one write; whoever serves the router should set
//! `TCP_NODELAY` on its connections. Absent on purpose: what the operations do.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::extract::{Form, FromRequest as _, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::world::Shared;
use super::{apprunner, cloudwatch, ecs, names, rds, s3, secrets, sts};

/// An error answer: the HTTP status, AWS's code and its message.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) status: u16,
    pub(super) code: Cow<'static, str>,
    pub(super) message: String,
}

impl Fault {
    /// An error the caller made, status 400.
    pub(super) fn client(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 400, code: code.into(), message: message.into() }
    }

    /// An operation a JSON service of the sandbox does not have.
    pub(super) fn unknown_operation(service: &str, operation: &str, offered: &str) -> Self {
        Self::client("UnknownOperationException", not_offered(service, operation, offered))
    }

    /// An action a query service of the sandbox does not have.
    pub(super) fn unknown_action(service: &str, action: &str, offered: &str) -> Self {
        Self::client("InvalidAction", not_offered(service, action, offered))
    }
}

/// `ResponseMetadata` of a query answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Metadata {
    request_id: String,
}

impl Metadata {
    /// The metadata that repeats a request's id.
    pub(super) fn new(request_id: &str) -> Self {
        Self { request_id: request_id.to_owned() }
    }
}

#[derive(Serialize)]
#[serde(rename = "ErrorResponse", rename_all = "PascalCase")]
struct ErrorDocument {
    #[serde(rename = "@xmlns")]
    xmlns: &'static str,
    error: ErrorBody,
    request_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorBody {
    r#type: &'static str,
    code: String,
    message: String,
}

/// Answers one request; with `refusal`, when there is one, instead of what it asks for.
pub(super) async fn serve(world: &Shared, request: Request, refusal: Option<Fault>) -> Response {
    if s3::action(request.method(), request.uri(), request.headers()).is_some() {
        return s3::serve(world, request, refusal).await;
    }
    let request_id = names::request_id();
    let target =
        request.headers().get("x-amz-target").and_then(|value| value.to_str().ok()).map(str::to_owned);
    match target {
        Some(target) => json_call(world, &target, request, refusal, &request_id).await,
        None => query_call(world, request, refusal, &request_id).await,
    }
}

/// Reads a JSON request; an empty body is an empty request.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| {
        Fault::client("SerializationException", format!("The request cannot be read: {error}"))
    })
}

/// Turns a result into the JSON of an answer.
pub(super) fn answer<T: Serialize>(result: &T) -> Result<Value, Fault> {
    serde_json::to_value(result).map_err(|error| unwritable(&error))
}

/// Turns a result into the XML of an answer.
pub(super) fn xml<T: Serialize>(result: &T) -> Result<String, Fault> {
    quick_xml::se::to_string(result).map_err(|error| unwritable(&error))
}

/// A moment as AWS JSON writes it: seconds since 1970 with milliseconds.
pub(super) fn epoch(at: Timestamp) -> f64 {
    jiff::SignedDuration::from_millis(at.as_millisecond()).as_secs_f64()
}

async fn json_call(
    world: &Shared,
    target: &str,
    request: Request,
    refusal: Option<Fault>,
    request_id: &str,
) -> Response {
    let (service, operation) = target.rsplit_once('.').unwrap_or((target, ""));
    let (version, message_key) = match service {
        "AppRunner" => ("1.0", "Message"),
        "Logs_20140328" | "AmazonEC2ContainerServiceV20141113" => ("1.1", "message"),
        _ => ("1.1", "Message"),
    };
    let content_type = format!("application/x-amz-json-{version}");
    let refusal =
        refusal.map_or_else(|| signed(request.headers(), "MissingAuthenticationTokenException"), Err);
    let outcome = match refusal {
        Err(fault) => Err(fault),
        Ok(()) => match Bytes::from_request(request, &()).await {
            Err(error) => Err(Fault::client("SerializationException", error.to_string())),
            Ok(body) => match service {
                "AppRunner" => apprunner::call(world, operation, &body).await,
                "Logs_20140328" => cloudwatch::call(world, operation, &body),
                "AmazonEC2ContainerServiceV20141113" => ecs::call(world, operation, &body),
                "secretsmanager" => secrets::call(world, operation, &body),
                other => Err(Fault::unknown_operation(other, operation, &everything())),
            },
        },
    };
    let (status, body) = match outcome {
        Ok(body) => (200, body),
        Err(fault) => {
            let mut body = serde_json::Map::new();
            body.insert("__type".to_owned(), Value::String(fault.code.into_owned()));
            body.insert(message_key.to_owned(), Value::String(fault.message));
            (fault.status, Value::Object(body))
        }
    };
    respond(status, &content_type, request_id, body.to_string())
}

async fn query_call(world: &Shared, request: Request, refusal: Option<Fault>, request_id: &str) -> Response {
    let refusal = refusal.map_or_else(|| signed(request.headers(), "MissingAuthenticationToken"), Err);
    let key = key_id(request.headers());
    let (namespace, outcome) = match refusal {
        Err(fault) => (sts::NAMESPACE, Err(Fault { status: 403, ..fault })),
        Ok(()) => match Form::<BTreeMap<String, String>>::from_request(request, &()).await {
            Err(error) => (sts::NAMESPACE, Err(Fault::client("MalformedInput", error.to_string()))),
            Ok(Form(form)) => query_action(world, &form, &key, request_id).await,
        },
    };
    let (status, body) = match outcome {
        Ok(body) => (200, body),
        Err(fault) => (fault.status, error_document(namespace, fault, request_id)),
    };
    respond(status, "text/xml", request_id, body)
}

async fn query_action(
    world: &Shared,
    form: &BTreeMap<String, String>,
    key: &str,
    request_id: &str,
) -> (&'static str, Result<String, Fault>) {
    let action = form.get("Action").map_or("", String::as_str);
    match form.get("Version").map(String::as_str) {
        Some("2014-10-31") => (rds::NAMESPACE, rds::call(world, action, form, request_id).await),
        Some("2011-06-15") => (sts::NAMESPACE, sts::call(world, action, form, key, request_id)),
        version => {
            let service = version.unwrap_or("query");
            (sts::NAMESPACE, Err(Fault::unknown_action(service, action, &everything())))
        }
    }
}

/// The id of the key that a request is signed with; empty where none can be told.
fn key_id(headers: &HeaderMap) -> String {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let credential = header.split_once("Credential=").map_or("", |(_, rest)| rest);
    credential.split(['/', ',']).next().unwrap_or_default().to_owned()
}

/// Refuses a request whose `Authorization` does not look like Signature Version 4.
pub(super) fn signed(headers: &HeaderMap, missing: &'static str) -> Result<(), Fault> {
    let Some(header) = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
        return Err(Fault::client(missing, "Request is missing Authentication Token"));
    };
    let parts = ["Credential=", "SignedHeaders=", "Signature="];
    let absent: Vec<&str> = parts.into_iter().filter(|part| !header.contains(part)).collect();
    if header.starts_with("AWS4-HMAC-SHA256 ") && absent.is_empty() {
        return Ok(());
    }
    // The header may hold a credential: it is described, not repeated.
    let message = format!(
        "Authorization header requires the algorithm AWS4-HMAC-SHA256 and {}.",
        parts.map(|part| format!("'{}'", part.trim_end_matches('='))).join(", ")
    );
    Err(Fault::client("IncompleteSignature", message))
}

fn error_document(namespace: &'static str, fault: Fault, request_id: &str) -> String {
    let kind = if fault.status < 500 { "Sender" } else { "Receiver" };
    let error = ErrorBody { r#type: kind, code: fault.code.into_owned(), message: fault.message };
    let document = ErrorDocument { xmlns: namespace, error, request_id: request_id.to_owned() };
    quick_xml::se::to_string(&document).unwrap_or_default()
}

fn respond(status: u16, content_type: &str, request_id: &str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let fields = [("x-amzn-requestid", request_id), (CONTENT_TYPE.as_str(), content_type)];
    for (name, value) in fields {
        // Both are ASCII of our own making.
        if let (Ok(name), Ok(value)) =
            (name.parse::<axum::http::HeaderName>(), axum::http::HeaderValue::from_str(value))
        {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn unwritable(error: &dyn std::error::Error) -> Fault {
    let message = format!("The answer cannot be written: {error}");
    Fault { status: 500, ..Fault::client("InternalServiceErrorException", message) }
}

fn not_offered(service: &str, operation: &str, offered: &str) -> String {
    format!("{service} {operation} is not part of the sandbox, which offers {offered}.")
}

fn everything() -> String {
    [
        ("App Runner", apprunner::OFFERED),
        ("ECS", ecs::OFFERED),
        ("CloudWatch Logs", cloudwatch::OFFERED),
        ("Secrets Manager", secrets::OFFERED),
        ("RDS", rds::OFFERED),
        ("STS", sts::OFFERED),
        ("S3", s3::OFFERED),
    ]
    .map(|(service, offered)| format!("{service}: {offered}"))
    .join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_document_escapes_what_it_quotes() {
        let fault = Fault::client("DBInstanceNotFound", "DBInstance <a&b> not found.");
        let document = error_document(rds::NAMESPACE, fault, "1");
        assert!(document.contains("<Message>DBInstance &lt;a&amp;b&gt; not found.</Message>"), "{document}");
        assert!(document.starts_with("<ErrorResponse xmlns=\"http://rds."), "{document}");
    }

    #[test]
    fn only_a_header_that_looks_like_signature_version_four_is_taken() {
        let header = |value: &str| HeaderMap::from_iter([(AUTHORIZATION, value.parse().expect("a value"))]);
        let whole = "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=00";
        assert!(signed(&header(whole), "Missing").is_ok());
        assert_eq!(
            signed(&header("Bearer abc"), "Missing").expect_err("refused").code,
            "IncompleteSignature"
        );
        assert_eq!(signed(&HeaderMap::new(), "Missing").expect_err("refused").code, "Missing");
    }
}
