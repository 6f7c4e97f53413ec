//! An AWS that says what it is told to: refusals in AWS's own words, with the headers that come with them.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;

/// The account that it pretends to be.
pub(super) const ACCOUNT: &str = "123456789012";

/// What it says to one action.
#[derive(Clone)]
pub(super) struct Answer {
    action: &'static str,
    status: u16,
    code: &'static str,
    message: String,
    header: Option<(&'static str, String)>,
}

/// One that serves on a loopback port.
#[derive(Clone)]
pub(super) struct Scripted {
    pub(super) url: String,
    answers: Arc<Vec<Answer>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Answer {
    /// A refusal of an action; `*` is every action but `GetCallerIdentity`, `**` that as well.
    pub(super) fn refuse(action: &'static str, status: u16, code: &'static str, message: &str) -> Self {
        Self { action, status, code, message: message.to_owned(), header: None }
    }

    /// The same with a header.
    pub(super) fn with(self, name: &'static str, value: impl Into<String>) -> Self {
        Self { header: Some((name, value.into())), ..self }
    }

    fn is_for(&self, action: &str) -> bool {
        match self.action {
            "**" => true,
            "*" => action != "GetCallerIdentity",
            other => other == action,
        }
    }
}

impl Scripted {
    /// Starts one. Whoever asks who they are is told, unless an answer says otherwise; everything else is not known.
    pub(super) async fn start(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let scripted = Self { url, answers: Arc::new(answers), asked: Arc::default() };
        let router = Router::new().fallback(answer).with_state(scripted.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        scripted
    }

    /// How often an action was asked for.
    pub(super) fn count(&self, action: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == action).count()
    }
}

async fn answer(
    State(scripted): State<Scripted>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let body = String::from_utf8_lossy(&body).into_owned();
    let form = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
    let action = match (target.and_then(|target| target.rsplit('.').next()), form) {
        (Some(action), _) | (None, Some(action)) => action.to_owned(),
        (None, None) => format!("{method} an object or a bucket"),
    };
    scripted.asked.lock().unwrap().push(action.clone());
    let Some(told) = scripted.answers.iter().find(|answer| answer.is_for(&action)) else {
        return match action.as_str() {
            "GetCallerIdentity" => respond(200, IDENTITY.replace("ACCOUNT", ACCOUNT), None),
            _ => respond(400, String::new(), None),
        };
    };
    let text = if target.is_some() {
        json!({ "__type": told.code, "message": told.message }).to_string()
    } else if method == Method::HEAD {
        String::new()
    } else {
        let (code, message) = (told.code, &told.message);
        format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        )
    };
    respond(told.status, text, told.header.as_ref())
}

fn respond(status: u16, text: String, header: Option<&(&'static str, String)>) -> Response<Body> {
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    if let Some((name, value)) = header {
        response = response.header(*name, value);
    }
    response.body(Body::from(text)).unwrap()
}

const IDENTITY: &str = r"<GetCallerIdentityResponse><GetCallerIdentityResult>
<Arn>arn:aws:sts::ACCOUNT:assumed-role/Look/ana</Arn><UserId>A</UserId><Account>ACCOUNT</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>";
