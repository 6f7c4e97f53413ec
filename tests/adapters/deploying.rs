//! Deployments against the stand-in for AWS: what is sent, how often, and what comes of every misbehaviour.

use std::collections::VecDeque;
use std::time::Duration;

use lockstep::domain::failure::{Failure, FailureKind};
use lockstep::domain::log::{Level, Source};
use lockstep::domain::observation::{Observation, OperationStatus, ServiceStatus, ServiceView};
use lockstep::domain::release::ImageRef;
use lockstep::engine::effect::{CloudCall, Effect};
use lockstep::engine::event::{EventKind, Identity, Progress, StepOutcome};
use serde_json::json;

use super::{Rig, advanced, ended, logged, perform, run, test};
use crate::sandbox::tools::until;

pub(super) fn deploy(version: &str, expected: Option<&str>) -> Effect {
    let image = |version: &str| ImageRef::new(format!("registry.example/store:{version}"));
    let call = CloudCall::Deploy { run: run(1), image: image(version), expected: expected.map(image) };
    Effect::Cloud(test(), call)
}

fn deployed(operation: &str) -> StepOutcome {
    StepOutcome::Deployed { operation: operation.to_owned(), status: OperationStatus::Succeeded }
}

async fn describe(rig: &Rig) -> Result<ServiceView, Failure> {
    let events = perform(&rig.adapters(), Effect::Cloud(test(), CloudCall::Describe(3))).await;
    match events.as_slice() {
        [EventKind::Observed(_, 3, Observation::Service(view))] => view.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_service_is_found_by_name_and_described_with_its_newest_operation() {
    let rig = Rig::without_database().await;
    let view = describe(&rig).await.unwrap();
    assert_eq!((view.status, view.image.short().as_str()), (ServiceStatus::Running, "v1.0.0"));
    assert_eq!(view.address, "https://store.example");
    let operation = view.operation.unwrap();
    assert_eq!((operation.id.as_str(), operation.status), ("old", OperationStatus::Succeeded));
}

#[tokio::test]
async fn whoever_asks_is_known_by_the_last_part_of_the_arn() {
    let rig = Rig::without_database().await;
    let identity = Identity {
        name: "ana".to_owned(),
        account: Some("000000000000".to_owned()),
        arn: Some("arn:aws:sts::000000000000:assumed-role/Demo/ana".to_owned()),
    };
    assert_eq!(perform(&rig.adapters(), Effect::Identify).await, [EventKind::Identified(Ok(identity))]);
}

#[tokio::test]
async fn an_aws_that_is_not_there_is_a_failure_and_not_somebody_else() {
    let mut rig = Rig::without_database().await;
    rig.settings.aws.endpoint_url = Some("http://127.0.0.1:1".to_owned());
    let events = perform(&rig.adapters(), Effect::Identify).await;
    let [EventKind::Identified(Err(failure))] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert_eq!(failure.because[0], "nothing listens at http://127.0.0.1:1");
}

#[tokio::test]
async fn a_denied_look_names_the_permission_and_a_throttled_one_is_repeated() {
    let mut rig = Rig::without_database().await;
    rig.settings.deadlines.look = Duration::from_secs(2);
    rig.cloud.facts().errors = VecDeque::from([
        ("DescribeService", 400, "ThrottlingException"),
        ("ListServices", 400, "AccessDeniedException"),
    ]);
    let failure = describe(&rig).await.unwrap_err();
    assert_eq!((failure.kind, rig.cloud.count("ListServices")), (FailureKind::Refused, 1));
    let least = r#"{"Effect":"Allow","Action":"apprunner:ListServices","Resource":"*"}"#;
    let ask =
        "Ask for the permission `apprunner:ListServices`, or use another profile. The least that gives it:";
    assert_eq!(failure.hint, Some(format!("{ask}\n{least}")));
    assert!(describe(&rig).await.is_ok());
    assert_eq!(rig.cloud.count("DescribeService"), 2);
}

#[tokio::test]
async fn a_deployment_changes_the_image_alone_and_forwards_the_logs_once() {
    let rig = Rig::without_database().await;
    rig.cloud.facts().course = VecDeque::from(["IN_PROGRESS", "IN_PROGRESS", "SUCCEEDED"]);
    rig.cloud.facts().logs = [
        vec!["[AppRunner] Service update started.", "[AppRunner] Provisioning instances."],
        vec!["GET /health 200 3 ms"],
    ];
    let before = rig.cloud.facts().source.clone();
    let events = perform(&rig.adapters(), deploy("v1.1.0", Some("v1.0.0"))).await;
    assert_eq!(ended(&events), Ok(deployed("new")));
    let mut expected = before;
    expected["ImageRepository"]["ImageIdentifier"] = "registry.example/store:v1.1.0".into();
    assert_eq!(rig.cloud.facts().source, expected);
    assert_eq!(rig.cloud.count("UpdateService"), 1);
    let named = events
        .iter()
        .filter(|event| matches!(event, EventKind::Step(_, _, Progress::Operation(id)) if id == "new"));
    assert_eq!(named.count(), 1);
    assert_eq!(
        logged(&events),
        [
            "[AppRunner] Service update started.",
            "[AppRunner] Provisioning instances.",
            "GET /health 200 3 ms"
        ]
    );
    assert_eq!(
        advanced(&events),
        ["asking App Runner to run v1.1.0", "in progress", "Provisioning instances.", "succeeded"]
    );
}

#[tokio::test]
async fn a_rollback_is_a_failure_with_the_reasons_of_both_logs() {
    let rig = Rig::without_database().await;
    rig.cloud.facts().course = VecDeque::from(["IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCEEDED"]);
    rig.cloud.facts().outcome = |before, _| before.clone();
    rig.cloud.facts().logs = [
        vec!["[AppRunner] Service update started.", "[AppRunner] Health check failed on protocol `HTTP`."],
        vec!["GET / 200 1 ms", "GET /health 503 3 ms schema is behind: needs changeset x", "GET / 200 1 ms"],
    ];
    let events = perform(&rig.adapters(), deploy("v1.3.0", None)).await;
    let failure = ended(&events).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Failed, "what ran before runs still");
    assert_eq!(failure.what, "the deployment of v1.3.0 to test failed and was rolled back");
    assert_eq!(
        failure.because,
        [
            "Health check failed on protocol `HTTP`.",
            "the application says: GET /health 503 3 ms schema is behind: needs changeset x",
        ]
    );
    let has_error = |event: &EventKind| match event {
        EventKind::Log(_, lines) => {
            lines.iter().any(|line| (line.source, line.level) == (Source::Service, Level::Error))
        }
        _ => false,
    };
    assert!(events.iter().any(has_error));
}

#[tokio::test]
async fn a_deployment_that_could_not_even_be_rolled_back_needs_somebody_to_look() {
    for word in ["ROLLBACK_FAILED", "FAILED"] {
        let rig = Rig::without_database().await;
        rig.cloud.facts().course = VecDeque::from(["IN_PROGRESS", word]);
        let failure = ended(&perform(&rig.adapters(), deploy("v1.3.0", None)).await).unwrap_err();
        assert_eq!(failure.kind, FailureKind::ActionNeeded, "{word}: {failure}");
        assert!(failure.hint.as_deref().unwrap().contains("it may run nothing at all"), "{word}: {failure}");
    }
}

#[tokio::test]
async fn nothing_is_sent_to_a_service_that_is_busy_or_not_what_the_plan_saw() {
    let rig = Rig::without_database().await;
    let failure = ended(&perform(&rig.adapters(), deploy("v1.2.0", Some("v1.1.0"))).await).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert_eq!(
        failure.because,
        [
            "the service changed underneath: it runs registry.example/store:v1.0.0, the plan saw registry.example/store:v1.1.0"
        ]
    );
    rig.cloud.facts().status = "OPERATION_IN_PROGRESS";
    let failure = ended(&perform(&rig.adapters(), deploy("v1.2.0", None)).await).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert_eq!(failure.because, ["Service cannot be updated in the current state: OPERATION_IN_PROGRESS."]);
    rig.cloud.facts().status = "RUNNING";
    assert_eq!(ended(&perform(&rig.adapters(), deploy("v1.0.0", None)).await), Ok(deployed("")));
    assert_eq!(rig.cloud.count("UpdateService"), 0);
}

#[tokio::test]
async fn a_change_is_sent_once_whatever_aws_answers() {
    let mut rig = Rig::without_database().await;
    rig.settings.deadlines.look = Duration::from_secs(1);
    for (status, code, kind) in [
        (400, "InvalidStateException", FailureKind::Refused),
        (400, "AccessDeniedException", FailureKind::Refused),
        (400, "InvalidRequestException", FailureKind::Failed),
        (400, "ThrottlingException", FailureKind::Unavailable),
        (500, "InternalServiceErrorException", FailureKind::Unknown),
    ] {
        rig.cloud.facts().errors = VecDeque::from([("UpdateService", status, code)]);
        rig.cloud.facts().asked.clear();
        let failure = ended(&perform(&rig.adapters(), deploy("v1.1.0", None)).await).unwrap_err();
        assert_eq!((failure.kind, rig.cloud.count("UpdateService")), (kind, 1), "{code}: {failure}");
        assert!(failure.because[0].starts_with(code), "{failure}");
        assert!(failure.hint.is_some(), "{failure}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_the_operation_followed() {
    let mut rig = Rig::without_database().await;
    rig.settings.deadlines.look = Duration::from_secs(1);
    rig.cloud.facts().silent = vec!["UpdateService"];
    let events = perform(&rig.adapters(), deploy("v1.1.0", None)).await;
    assert_eq!(ended(&events), Ok(deployed("new")));
    assert_eq!(rig.cloud.count("UpdateService"), 1);
    assert!(advanced(&events).contains(&"the answer was lost; looking whether the operation began"));
}

#[tokio::test]
async fn a_service_that_is_not_what_was_sent_is_no_success() {
    let rig = Rig::without_database().await;
    rig.cloud.facts().outcome = |_, sent| {
        let mut drifted = sent.clone();
        drifted["ImageRepository"]["ImageConfiguration"] = json!({"Port": "8080"});
        drifted
    };
    let failure = ended(&perform(&rig.adapters(), deploy("v1.1.0", None)).await).unwrap_err();
    assert_eq!(failure.kind, FailureKind::ActionNeeded);
    assert_eq!(
        failure.because,
        ["its image configuration (port, command, environment) differs from what was sent"]
    );
}

#[tokio::test]
async fn a_deployment_that_outlasts_the_deadline_is_unknown_not_failed() {
    let mut rig = Rig::without_database().await;
    rig.settings.deadlines.deployment = Duration::from_millis(300);
    rig.cloud.facts().course = VecDeque::from(vec!["IN_PROGRESS"]);
    let failure = ended(&perform(&rig.adapters(), deploy("v1.1.0", None)).await).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unknown);
    assert!(failure.because[0].contains("still running in AWS"), "{failure}");
}

#[tokio::test]
async fn a_deployment_that_is_given_up_is_not_followed_any_more_and_is_unknown() {
    let rig = Rig::without_database().await;
    rig.cloud.facts().course = VecDeque::from(["IN_PROGRESS"; 1_000]);
    let adapters = rig.adapters();
    let giving_up = async {
        until("it is followed", async || rig.cloud.count("ListOperations") > 2).await;
        perform(&adapters, Effect::Cancel(test(), run(1))).await;
    };
    let (events, ()) = tokio::join!(perform(&adapters, deploy("v1.1.0", Some("v1.0.0"))), giving_up);
    let failure = ended(&events).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unknown);
    assert_eq!(failure.because, ["operation new goes on in AWS, which cannot cancel it"]);
    assert_eq!(rig.cloud.count("UpdateService"), 1);
}
