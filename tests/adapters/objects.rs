//! Texts in buckets: read as they are now, sent once while they stay the same, and every no of S3 with its meaning.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use lockstep::adapters::Adapters;
use lockstep::domain::failure::{Failure, FailureKind};
use lockstep::domain::location::Location;
use tokio::net::TcpListener;

use super::Rig;

/// Status, headers and body of an answer.
type Answer = (u16, Vec<(&'static str, &'static str)>, String);

/// The path that was asked for, and what was known of the object.
type Asked = (String, Option<String>);

/// What a stand-in for S3 answers, and what it was asked.
#[derive(Clone)]
struct Bucket {
    /// None for silence.
    answer: Arc<Mutex<Option<Answer>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Bucket {
    /// A bucket, and adapters that reach it.
    async fn start() -> (Self, Adapters) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let bucket = Self { answer: Arc::default(), asked: Arc::default() };
        let router = Router::new().fallback(answer).with_state(bucket.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut rig = Rig::without_database().await;
        rig.settings.aws.endpoint_url = Some(url);
        rig.settings.deadlines.look = Duration::from_secs(2);
        (bucket, rig.adapters())
    }

    fn answers(&self, status: u16, headers: &[(&'static str, &'static str)], body: &str) {
        *self.answer.lock().unwrap() = Some((status, headers.to_vec(), body.to_owned()));
    }

    fn refuses(&self, status: u16, code: &str, headers: &[(&'static str, &'static str)]) {
        let body = format!("<Error><Code>{code}</Code><Message>told to</Message></Error>");
        self.answers(status, headers, &body);
    }
}

async fn answer(State(bucket): State<Bucket>, request: Request) -> Response<Body> {
    let known = request.headers().get("if-none-match").map(|etag| etag.to_str().unwrap().to_owned());
    let path = request.uri().path().to_owned();
    bucket.asked.lock().unwrap().push((path, known.clone()));
    let answer = bucket.answer.lock().unwrap().clone();
    let Some((status, headers, body)) = answer else { return std::future::pending().await };
    let is_known = known.is_some()
        && headers.iter().any(|(name, value)| *name == "etag" && Some(*value) == known.as_deref());
    let (status, body) = if is_known { (304, String::new()) } else { (status, body) };
    let response = headers
        .into_iter()
        .fold(Response::builder().status(status), |it, (name, value)| it.header(name, value));
    response.body(Body::from(body)).unwrap()
}

/// The text of `s3://team-flows/flows/checks.conf`.
async fn read(adapters: &Adapters) -> Result<String, String> {
    let name = "s3://team-flows/flows/checks.conf";
    adapters.gather(Path::new(""), |source| source(name)).await
}

/// Why a policy there cannot be used.
async fn unusable(adapters: &Adapters) -> Failure {
    let location = Location::parse("s3://team-flows/flows/checks.conf").unwrap();
    adapters.policy(Some(&location), None).await.unwrap_err()
}

#[tokio::test]
async fn an_object_is_sent_once_while_it_stays_the_same_and_again_when_it_is_another() {
    let (bucket, adapters) = Bucket::start().await;
    bucket.answers(200, &[("etag", "\"one\""), ("x-amz-version-id", "v1")], "first");
    assert_eq!(read(&adapters).await.as_deref(), Ok("first"));
    assert_eq!(read(&adapters).await.as_deref(), Ok("first"), "it is not sent, and still known");
    bucket.answers(200, &[("etag", "\"two\""), ("x-amz-version-id", "v2")], "second");
    assert_eq!(read(&adapters).await.as_deref(), Ok("second"));
    let asked = bucket.asked.lock().unwrap().clone();
    let known: Vec<_> = asked.iter().map(|(_, known)| known.as_deref()).collect();
    assert_eq!(known, [None, Some("\"one\""), Some("\"one\"")]);
    assert_eq!(asked[0].0, "/team-flows/flows/checks.conf");
}

#[tokio::test]
async fn every_no_of_a_bucket_says_what_is_wrong_and_what_mends_it() {
    let (bucket, adapters) = Bucket::start().await;
    for (status, code, kind, because, hint) in [
        (
            404,
            "NoSuchBucket",
            FailureKind::Configuration,
            "there is no bucket team-flows",
            "Correct the name",
        ),
        (
            404,
            "NoSuchKey",
            FailureKind::Configuration,
            "there is no object flows/checks.conf in the bucket team-flows",
            "aws s3 ls s3://team-flows/",
        ),
        (
            403,
            "AccessDenied",
            FailureKind::Refused,
            "does not let these credentials read it",
            "`s3:GetObject` on arn:aws:s3:::team-flows/flows/checks.conf",
        ),
        (403, "ExpiredToken", FailureKind::Unavailable, "ExpiredToken: told to", "Log in again"),
    ] {
        bucket.refuses(status, code, &[]);
        let failure = unusable(&adapters).await;
        assert_eq!(failure.kind, kind, "{failure}");
        assert_eq!(failure.what, "the settings of the policy checks cannot be read");
        assert!(failure.because[0].starts_with("s3://team-flows/flows/checks.conf: "), "{failure}");
        assert!(failure.because[0].contains(because), "{failure}");
        assert!(failure.hint.as_deref().unwrap().contains(hint), "{failure}");
    }
    bucket.refuses(301, "PermanentRedirect", &[("x-amz-bucket-region", "eu-west-1")]);
    let failure = unusable(&adapters).await;
    assert!(
        failure.because[0].ends_with("the bucket team-flows is in eu-west-1, and [aws] region is us-east-1"),
        "{failure}"
    );
}

#[tokio::test]
async fn what_is_no_text_or_too_long_for_one_is_refused() {
    let (bucket, adapters) = Bucket::start().await;
    bucket.answers(200, &[], &"x".repeat(1024 * 1024 + 1));
    let failure = unusable(&adapters).await;
    assert!(failure.because[0].ends_with("it is longer than 1024 KiB"), "{failure}");
}

#[tokio::test]
async fn a_bucket_that_never_answers_is_given_up() {
    let (_bucket, adapters) = Bucket::start().await;
    let failure = unusable(&adapters).await;
    assert_eq!(failure.kind, FailureKind::Unavailable, "{failure}");
}
