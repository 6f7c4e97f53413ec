//! The registry of images, asked as Amazon's public one is: a token for a repository, and then the manifest.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, Response};
use lockstep::config::RegistrySettings;
use lockstep::domain::failure::{Failure, FailureKind};
use lockstep::domain::release::{ImageRef, ImageSeen};
use lockstep::engine::effect::Effect;
use lockstep::engine::event::EventKind;
use serde_json::json;
use tokio::net::TcpListener;

use super::{Rig, perform};

/// What the registry answers: to whoever wants a token, and to whoever has one; and what it was asked.
struct Facts {
    token: (u16, &'static str),
    manifest: (u16, Option<String>),
    asked: Vec<String>,
}

async fn registry(token: (u16, &'static str), manifest: (u16, Option<&str>)) -> (Rig, Arc<Mutex<Facts>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let manifest = (manifest.0, manifest.1.map(str::to_owned));
    let facts = Arc::new(Mutex::new(Facts { token, manifest, asked: Vec::new() }));
    let answer = async |State(facts): State<Arc<Mutex<Facts>>>, request: Request| {
        let mut facts = facts.lock().unwrap();
        facts.asked.push(format!("{} {}", request.method(), request.uri()));
        if request.uri().path() == "/token/" {
            let (status, body) = facts.token;
            return Response::builder().status(status).body(Body::from(body)).unwrap();
        }
        assert_eq!(request.method(), Method::HEAD);
        assert_eq!(request.headers()["authorization"], "Bearer abc");
        let accepted = request.headers()["accept"].to_str().unwrap();
        assert!(accepted.contains("application/vnd.oci.image.index.v1+json"), "{accepted}");
        let (status, digest) = facts.manifest.clone();
        let response = Response::builder().status(status);
        let response = match digest {
            Some(digest) => response.header("docker-content-digest", digest),
            None => response,
        };
        response.body(Body::empty()).unwrap()
    };
    let router = Router::new().fallback(answer).with_state(facts.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut rig = Rig::without_database().await;
    rig.settings.releases.registry = Some(RegistrySettings::Open(url));
    (rig, facts)
}

async fn look(rig: &Rig, image: &str) -> Result<ImageSeen, Failure> {
    let events = perform(&rig.adapters(), Effect::SeekImage(7, ImageRef::new(image))).await;
    match events.into_iter().last() {
        Some(EventKind::Image(seen, 7, told)) if seen.as_str() == image => told,
        other => panic!("{other:?}"),
    }
}

const IMAGE: &str = "public.ecr.aws/l1v5b6d6/demo1-bagel-store:v1.2.0";
const TOKEN: (u16, &str) = (200, r#"{"token":"abc"}"#);

#[tokio::test]
async fn an_image_that_is_there_comes_with_its_digest() {
    let digest = format!("sha256:{}", "1f".repeat(32));
    let (rig, facts) = registry(TOKEN, (200, Some(&digest))).await;
    assert_eq!(look(&rig, IMAGE).await, Ok(ImageSeen::There(digest.clone())));
    let by_digest = format!("public.ecr.aws/l1v5b6d6/demo1-bagel-store@{digest}");
    assert_eq!(look(&rig, &by_digest).await, Ok(ImageSeen::There(digest.clone())));
    let asked = facts.lock().unwrap().asked.clone();
    let token = "GET /token/?service=127.0.0.1&scope=repository%3Al1v5b6d6%2Fdemo1-bagel-store%3Apull";
    let manifest = |tag: &str| format!("HEAD /v2/l1v5b6d6/demo1-bagel-store/manifests/{tag}");
    assert_eq!(asked, [token.to_owned(), manifest("v1.2.0"), token.to_owned(), manifest(&digest)]);
}

#[tokio::test]
async fn an_image_that_is_not_there_is_missing() {
    let (rig, _) = registry(TOKEN, (404, None)).await;
    assert_eq!(look(&rig, IMAGE).await, Ok(ImageSeen::Missing));
}

#[tokio::test]
async fn what_the_registry_does_not_say_is_not_known_and_never_missing() {
    let digest = format!("sha256:{}", "1f".repeat(32));
    for (token, manifest, because) in [
        ((404, "no such place"), (200, Some(digest.as_str())), "127.0.0.1 says 404 Not Found"),
        (
            (200, "<html>"),
            (200, Some(digest.as_str())),
            "127.0.0.1 gave no token: it is no registry of that kind",
        ),
        (TOKEN, (401, None), "127.0.0.1 says 401 Unauthorized"),
        (TOKEN, (429, None), "127.0.0.1 says 429 Too Many Requests"),
        (TOKEN, (302, None), "127.0.0.1 says 302 Found"),
        (TOKEN, (200, None), "127.0.0.1 has it, and does not say with which digest"),
        (TOKEN, (200, Some("sha256:short")), "127.0.0.1 has it, and does not say with which digest"),
    ] {
        let (rig, _) = registry(token, manifest).await;
        let failure = look(&rig, IMAGE).await.unwrap_err();
        assert_eq!((failure.kind, failure.because[0].as_str()), (FailureKind::Unavailable, because));
    }
    let mut rig = Rig::without_database().await;
    let failure = look(&rig, IMAGE).await.unwrap_err();
    assert_eq!(failure.because, ["its registry is not one that lockstep asks"]);
    rig.settings.releases.registry = Some(RegistrySettings::Open("http://127.0.0.1:1".to_owned()));
    let failure = look(&rig, IMAGE).await.unwrap_err();
    assert_eq!(failure.because[0], "127.0.0.1 cannot be reached");
}

#[tokio::test]
async fn a_registry_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut rig = Rig::without_database().await;
    rig.settings.deadlines.look = Duration::from_millis(300);
    let url = format!("http://{}", listener.local_addr().unwrap());
    rig.settings.releases.registry = Some(RegistrySettings::Open(url));
    let failure = look(&rig, IMAGE).await.unwrap_err();
    assert_eq!(failure.because, ["there was no answer within 0.3 s"]);
}

#[tokio::test]
async fn the_registry_of_an_account_is_asked_through_aws() {
    let mut rig = Rig::without_database().await;
    let (account, region) = ("123456789012".to_owned(), "eu-west-1".to_owned());
    rig.settings.releases.registry = Some(RegistrySettings::Private { account, region });
    let image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/store:v1.2.0";
    let digest = format!("sha256:{}", "1f".repeat(32));
    rig.cloud.facts().images = vec![(json!({"imageTag": "v1.2.0"}), digest.clone())];
    assert_eq!(look(&rig, image).await, Ok(ImageSeen::There(digest)));
    assert_eq!(look(&rig, &image.replace("v1.2.0", "v9.9.9")).await, Ok(ImageSeen::Missing));
    rig.cloud.facts().errors.push_back(("DescribeImages", 400, "AccessDeniedException"));
    let failure = look(&rig, image).await.unwrap_err();
    let hint = failure.hint.as_deref().unwrap();
    assert!(hint.starts_with("Ask for the permission `ecr:DescribeImages`"), "{hint}");
    assert!(hint.contains("arn:aws:ecr:eu-west-1:123456789012:repository/team/store"), "{hint}");
}
