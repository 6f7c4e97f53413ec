//! Asking an application over real HTTP.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::get;
use axum::{Json, Router};
use lockstep::domain::failure::{Failure, FailureKind};
use lockstep::domain::observation::{HealthView, Observation};
use lockstep::domain::release::Version;
use lockstep::engine::effect::{Effect, HealthCall};
use lockstep::engine::event::{EventKind, StepOutcome};
use serde_json::json;
use tokio::net::TcpListener;

use super::{Rig, advanced, ended, perform, run, test};

/// An application that answers as it is told: a status for each question, the last one for ever.
async fn application(rig: &mut Rig, course: &[(u16, &'static str)]) {
    let course = Arc::new(Mutex::new(course.to_vec()));
    let answers = course.clone();
    let health = move || async move {
        let mut answers = answers.lock().unwrap();
        let (status, _) = if answers.len() > 1 { answers.remove(0) } else { answers[0] };
        let reason = if status == 200 { json!(null) } else { json!("schema is behind: needs 012") };
        (StatusCode::from_u16(status).unwrap(), Json(json!({"reason": reason})))
    };
    let current = course;
    let version = move || async move {
        let version = current.lock().unwrap()[0].1;
        Json(json!({"version": version, "image": format!("registry.example/store:{version}")}))
    };
    serve(rig, Router::new().route("/health", get(health)).route("/version", get(version))).await;
}

async fn serve(rig: &mut Rig, router: Router) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    rig.settings.environments[0].address = Some(format!("http://{}", listener.local_addr().unwrap()));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
}

async fn probe(rig: &Rig) -> Result<HealthView, Failure> {
    let events = perform(&rig.adapters(), Effect::Health(test(), HealthCall::Probe(2))).await;
    match events.as_slice() {
        [EventKind::Observed(_, 2, Observation::Health(view))] => view.clone(),
        other => panic!("{other:?}"),
    }
}

fn wait_for(version: &str) -> Effect {
    Effect::Health(test(), HealthCall::Await(run(1), Version::parse(version).unwrap()))
}

#[tokio::test]
async fn a_probe_tells_status_reason_version_and_image() {
    let mut rig = Rig::without_database().await;
    application(&mut rig, &[(503, "v1.3.0")]).await;
    let view = probe(&rig).await.unwrap();
    assert_eq!((view.status, view.reason.as_deref()), (503, Some("schema is behind: needs 012")));
    assert_eq!(view.version, Version::parse("v1.3.0").ok());
    assert_eq!(view.image.map(|image| image.short()).as_deref(), Some("v1.3.0"));
    assert!(view.latency > Duration::ZERO);
}

#[tokio::test]
async fn every_look_comes_over_a_new_connection_because_an_old_one_leads_to_the_instance_before() {
    let mut rig = Rig::without_database().await;
    let callers = Arc::new(Mutex::new(Vec::new()));
    let noted = callers.clone();
    let note = get(async move |ConnectInfo(caller): ConnectInfo<SocketAddr>| {
        noted.lock().unwrap().push(caller.port());
        "{}"
    });
    let router = Router::new().route("/health", note.clone()).route("/version", note);
    serve(&mut rig, router).await;
    let adapters = rig.adapters();
    for look in 1..=3 {
        perform(&adapters, Effect::Health(test(), HealthCall::Probe(look))).await;
    }
    let mut ports = callers.lock().unwrap().clone();
    assert_eq!(ports.len(), 6);
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 6, "a connection was used again");
}

#[tokio::test]
async fn an_address_that_sends_elsewhere_is_not_followed() {
    let mut rig = Rig::without_database().await;
    let router = Router::new().route("/health", get(|| async { Redirect::temporary("/well") }));
    serve(&mut rig, router.route("/well", get(|| async { "fine" }))).await;
    let view = probe(&rig).await.unwrap();
    assert_eq!((view.status, view.version), (307, None));
}

#[tokio::test]
async fn an_application_that_cannot_be_reached_is_a_failure_that_names_its_address() {
    let mut rig = Rig::without_database().await;
    rig.settings.environments[0].address = Some("http://127.0.0.1:1".to_owned());
    let failure = probe(&rig).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert_eq!(failure.because[0], "http://127.0.0.1:1 cannot be reached");
    assert!(failure.because.iter().any(|cause| cause.contains("Connection refused")), "{failure}");
}

#[tokio::test]
async fn waiting_ends_when_the_application_is_well_and_names_the_version() {
    let mut rig = Rig::without_database().await;
    let course = [(503, "v1.2.0"), (503, "v1.2.0"), (200, "v1.2.0"), (200, "v1.2.0"), (200, "v1.3.0")];
    application(&mut rig, &course).await;
    let events = perform(&rig.adapters(), wait_for("v1.3.0")).await;
    assert_eq!(ended(&events), Ok(StepOutcome::Done("200, and /version says v1.3.0".to_owned())));
    let words = advanced(&events);
    assert_eq!(words[0], "503: schema is behind: needs 012");
    assert!(words.contains(&"200: runs v1.2.0, not yet v1.3.0"), "{words:?}");
}

#[tokio::test]
async fn waiting_in_vain_ends_with_the_last_answer() {
    let mut rig = Rig::without_database().await;
    rig.settings.deadlines.health = Duration::from_millis(400);
    application(&mut rig, &[(503, "v1.3.0")]).await;
    let failure = ended(&perform(&rig.adapters(), wait_for("v1.3.0")).await).unwrap_err();
    assert_eq!(failure.kind, FailureKind::ActionNeeded);
    assert_eq!(failure.what, "the application of test did not become healthy as v1.3.0");
    assert_eq!(failure.because, ["after 0.4 s its last answer was 503: schema is behind: needs 012"]);
}
