//! What goes wrong between a caller and the emulated AWS: one layer in front of everything that answers.
//!
//! It tells which action a request is about and in which environment, counts it, and lets the faults that are set
//! strike. A call is carried out by a task of its own, so that a caller who hangs up takes nothing back. Absent on
//! purpose: the faults of deployments ([`super::deployment`]) and of the public addresses ([`super::forward`]).

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use futures_util::stream::{iter, once};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::wire::{self, Fault};
use super::world::Shared;
use super::{ecs, s3};
use crate::sandbox::faults::Effect;

/// The most bytes of a request: one that puts an object is as long as the object.
const REQUEST: usize = 16 * 1024 * 1024;

/// Members of answers that are moments, in seconds.
const SECONDS: [&str; 9] = [
    "CreatedAt",
    "UpdatedAt",
    "StartedAt",
    "EndedAt",
    "createdAt",
    "registeredAt",
    "startedAt",
    "stoppingAt",
    "stoppedAt",
];

/// Members of answers and requests that are moments, in milliseconds.
const MILLISECONDS: [&str; 8] = [
    "timestamp",
    "ingestionTime",
    "creationTime",
    "firstEventTimestamp",
    "lastEventTimestamp",
    "lastIngestionTime",
    "startTime",
    "endTime",
];

/// What a request is about.
struct Call {
    action: String,
    environment: Option<String>,
}

/// Answers one request, as far as the faults that are set let it.
pub(super) async fn serve(State(world): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(mut body) = to_bytes(body, REQUEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let faults = world.settings.faults.clone();
    let call = match s3::action(&parts.method, &parts.uri, &parts.headers) {
        Some(action) => Call { action: action.to_owned(), environment: None },
        None => Call::of(&world, &parts.headers, &body),
    };
    faults.received(&call.action, call.environment.as_deref());
    let struck = faults.strike(call.environment.as_deref(), Some(&call.action), is_of_calls);
    faults.arm(&call.action, call.environment.as_deref());
    let effect = struck.as_ref().map(|setting| setting.fault.effect);
    if effect == Some(Effect::CutBefore) {
        return cut(&Bytes::new(), None);
    }
    let refusal = match effect {
        Some(Effect::Refuse(code, message)) => Some(Fault::client(code, message)),
        _ => None,
    };
    let clock = faults.strike(None, None, |effect| matches!(effect, Effect::Clock(_)));
    let shift = match clock.map(|setting| setting.fault.effect) {
        Some(Effect::Clock(seconds)) => seconds,
        _ => 0,
    };
    body = shifted(body, -shift);
    let carried_out = tokio::spawn(async move {
        let request = Request::from_parts(parts, Body::from(body));
        let answer = wire::serve(&world, request, refusal).await;
        if answer.status() == StatusCode::OK {
            world.settings.faults.carried_out(&call.action, call.environment.as_deref());
        }
        answer
    });
    // The task only ends early with the whole runtime.
    let Ok(answer) = carried_out.await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let answer = if shift == 0 { answer } else { with_clock(answer, shift).await };
    match effect {
        Some(Effect::CutAfter) => cut(&Bytes::new(), None),
        Some(Effect::CutDuring) => match to_bytes(answer.into_body(), usize::MAX).await {
            Ok(whole) => cut(&whole.slice(..whole.len() / 2), Some(whole.len())),
            Err(_) => cut(&Bytes::new(), None),
        },
        Some(Effect::Slow) => {
            let seconds = struck.map(|setting| setting.seconds).unwrap_or_default();
            tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
            answer
        }
        _ => answer,
    }
}

fn is_of_calls(effect: Effect) -> bool {
    matches!(
        effect,
        Effect::CutBefore | Effect::CutDuring | Effect::CutAfter | Effect::Slow | Effect::Refuse(..)
    )
}

impl Call {
    fn of(world: &Shared, headers: &HeaderMap, body: &Bytes) -> Self {
        let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
        let Some((_, action)) = target.and_then(|target| target.rsplit_once('.')) else {
            return Self { action: form_action(body), environment: None };
        };
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let named = |service: &super::state::Service| {
            let group = body["logGroupName"].as_str().or_else(|| body["logGroupIdentifier"].as_str());
            let is_group = group.is_some_and(|group| group.contains(&format!("/{}/", service.name)));
            body["ServiceArn"].as_str() == Some(service.arn.as_str()) || is_group
        };
        let of_service = || {
            let state = world.state();
            state.services.iter().find(|service| named(service)).map(|service| service.environment.clone())
        };
        let environment = ecs::environment_of(world, &body).or_else(of_service);
        Self { action: action.to_owned(), environment }
    }
}

/// The action of a request of the query protocol. Its characters are never escaped.
fn form_action(body: &Bytes) -> String {
    let text = String::from_utf8_lossy(body);
    let action = text.split('&').find_map(|pair| pair.strip_prefix("Action="));
    action.unwrap_or_default().to_owned()
}

/// An answer that ends before it is whole: the server closes the connection when its body fails. Without a single byte
/// of a body not even the head leaves.
fn cut(sent: &Bytes, length: Option<usize>) -> Response {
    let end = once(async {
        // What was sent before has to leave first.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    });
    let mut answer = if sent.is_empty() {
        let at_once = iter([Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset))]);
        Response::new(Body::from_stream(at_once))
    } else {
        let first = once({
            let sent = sent.clone();
            async move { Ok::<_, std::io::Error>(sent) }
        });
        Response::new(Body::from_stream(first.chain(end)))
    };
    if let Some(length) = length {
        answer.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    answer
}

/// The answer of an AWS whose clock is `shift` seconds off.
async fn with_clock(answer: Response, shift: i64) -> Response {
    let (mut parts, body) = answer.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let now = Timestamp::now().checked_add(SignedDuration::from_secs(shift)).unwrap_or_default();
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        parts.headers.insert(header::DATE, date);
    }
    Response::from_parts(parts, Body::from(shifted(body, shift)))
}

/// JSON with every moment moved; anything else as it is.
fn shifted(body: Bytes, seconds: i64) -> Bytes {
    if seconds == 0 {
        return body;
    }
    let Ok::<Value, _>(mut value) = serde_json::from_slice(&body) else { return body };
    shift(&mut value, seconds);
    Bytes::from(value.to_string())
}

fn shift(value: &mut Value, seconds: i64) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| shift(value, seconds)),
        Value::Object(members) => {
            for (name, value) in members {
                if let Some(at) = value.as_f64().filter(|_| SECONDS.contains(&name.as_str())) {
                    #[expect(clippy::cast_precision_loss, reason = "an hour of seconds is exact in a double")]
                    let moved = at + seconds as f64;
                    *value = moved.into();
                } else if let Some(at) = value.as_i64().filter(|_| MILLISECONDS.contains(&name.as_str())) {
                    *value = (at + seconds * 1000).into();
                } else {
                    shift(value, seconds);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_of_an_answer_is_moved_and_nothing_else() {
        let body =
            r#"{"Service":{"CreatedAt":10.5,"Port":"5000"},"events":[{"timestamp":5000,"message":"7"}]}"#;
        let moved = shifted(Bytes::from(body), 3600);
        let moved: Value = serde_json::from_slice(&moved).unwrap();
        assert_eq!(moved["Service"], serde_json::json!({"CreatedAt": 3610.5, "Port": "5000"}));
        assert_eq!(moved["events"][0], serde_json::json!({"timestamp": 3_605_000, "message": "7"}));
        assert_eq!(shifted(Bytes::from("Action=X"), 3600), "Action=X");
    }

    #[test]
    fn the_action_of_a_form_is_known() {
        assert_eq!(form_action(&Bytes::from("Version=1&Action=GetCallerIdentity")), "GetCallerIdentity");
        assert_eq!(form_action(&Bytes::from("nothing")), "");
    }
}
