//! App Runner through its own client: deployments, rollbacks, refusals, pages.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_apprunner::error::ProvideErrorMetadata as _;
use aws_sdk_apprunner::types::{
    ImageRepository, ImageRepositoryType, InstanceConfiguration, SourceConfiguration,
};

use super::support::{
    REPOSITORY, Sandbox, eventually, get, image_of, is_running, served_version, with_image,
};

/// Slow enough (a deployment takes four seconds) to look at an operation while it is under way.
const OBSERVABLE: u32 = 30;
/// As fast as the real processes allow.
const FAST: u32 = 1_000;

#[tokio::test]
async fn a_service_is_described_with_everything_app_runner_promises() {
    let sandbox = Sandbox::open(FAST).await;
    let arn = sandbox.arn("dev").await;
    let service = sandbox.describe(&arn).await;
    assert_eq!(service.service_name(), "bagel-store-demo1-dev");
    assert_eq!(service.service_id().len(), 32);
    let expected = format!(
        "arn:aws:apprunner:us-east-1:000000000000:service/bagel-store-demo1-dev/{}",
        service.service_id()
    );
    assert_eq!(service.service_arn(), expected);
    assert_eq!(service.service_url(), Some(sandbox.address("dev").to_string().as_str()));
    assert_eq!(service.status().as_str(), "RUNNING");
    assert_eq!(image_of(&service), format!("{REPOSITORY}:v1.0.0"));
    let source = service.source_configuration().expect("a source");
    assert_eq!(source.auto_deployments_enabled(), Some(false));
    let repository = source.image_repository().expect("an image");
    assert_eq!(repository.image_repository_type(), &ImageRepositoryType::EcrPublic);
    let container = repository.image_configuration().expect("a container");
    assert_eq!(container.port(), Some("5000"));
    let variables = container.runtime_environment_variables().expect("variables");
    assert_eq!(variables["ENVIRONMENT"], "dev");
    assert_eq!(variables["DEMO_ID"], "demo1");
    assert_eq!(variables["DB_NAME"], "dev_database");
    let secrets = container.runtime_environment_secrets().expect("secrets");
    let prefix = "arn:aws:secretsmanager:us-east-1:000000000000:secret:demo1/rds/";
    assert!(secrets["DB_USERNAME"].starts_with(&format!("{prefix}username-")), "{secrets:?}");
    assert!(secrets["DB_PASSWORD"].starts_with(&format!("{prefix}password-")), "{secrets:?}");
    let check = service.health_check_configuration().expect("a health check");
    assert_eq!(
        (check.protocol().map(aws_sdk_apprunner::types::HealthCheckProtocol::as_str), check.path()),
        (Some("HTTP"), Some("/health"))
    );
    assert_eq!((check.interval(), check.timeout()), (Some(5), Some(2)));
    assert_eq!((check.healthy_threshold(), check.unhealthy_threshold()), (Some(1), Some(5)));
    let instance = service.instance_configuration().expect("a size");
    assert_eq!((instance.cpu(), instance.memory()), (Some("1024"), Some("2048")));
    assert_eq!(service.created_at().secs(), 1_767_603_600);
    assert!(service.auto_scaling_configuration_summary().is_some());
    assert!(service.network_configuration().is_some());
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn an_update_shows_the_new_image_at_once_and_the_old_store_serves_until_the_swap_without_a_failed_request()
 {
    let sandbox = Sandbox::open(OBSERVABLE).await;
    let arn = sandbox.arn("dev").await;
    let address = sandbox.address("dev");
    let old = get(address, "/version").await.expect("served").1["pid"].as_u64().expect("a pid");

    let done = Arc::new(AtomicBool::new(false));
    let polling = tokio::spawn(poll(address, Arc::clone(&done)));
    let operation = sandbox.update_to(&arn, "v1.1.0").await;
    let service = sandbox.describe(&arn).await;
    assert_eq!(service.status().as_str(), "OPERATION_IN_PROGRESS");
    assert_eq!(image_of(&service), format!("{REPOSITORY}:v1.1.0"));
    assert_eq!(sandbox.operation(&arn, &operation).await, "IN_PROGRESS");
    assert_eq!(served_version(address).await.as_deref(), Some("v1.0.0"), "the old store still serves");
    // Asked of the old store, answered by it after the swap would have ended it.
    let swapped = eventually("the new store serves", async || {
        let slow = get(address, "/slow").await.expect("a slow answer survives the swap");
        assert_eq!(slow.0, 200);
        (slow.1["version"] == "v1.1.0").then_some(())
    });
    swapped.await;

    assert_eq!(sandbox.ended(&arn, &operation).await, "SUCCEEDED");
    let service = sandbox.describe(&arn).await;
    assert_eq!(
        (service.status().as_str(), image_of(&service)),
        ("RUNNING", &*format!("{REPOSITORY}:v1.1.0"))
    );
    let old = u32::try_from(old).expect("a process number");
    eventually("the old store ends", async || (!is_running(old)).then_some(())).await;
    done.store(true, Ordering::Relaxed);
    let versions = polling.await.expect("no request failed");
    assert_eq!(versions, ["v1.0.0", "v1.1.0"]);
    sandbox.world.shutdown().await;
}

/// Asks without a pause; returns the versions seen, in order. Panics when one request fails.
async fn poll(address: std::net::SocketAddr, done: Arc<AtomicBool>) -> Vec<String> {
    let mut versions: Vec<String> = Vec::new();
    while !done.load(Ordering::Relaxed) {
        let (status, body) = get(address, "/version").await.expect("an answer");
        assert_eq!(status, 200, "{body}");
        let version = body["version"].as_str().expect("a version").to_owned();
        if versions.last() != Some(&version) {
            versions.push(version);
        }
    }
    versions
}

#[tokio::test]
async fn a_store_that_never_becomes_healthy_is_rolled_back_and_the_log_says_why() {
    let sandbox = Sandbox::open(FAST).await;
    let arn = sandbox.arn("dev").await;
    let pid = get(sandbox.address("dev"), "/version").await.expect("served").1["pid"].clone();
    let operation = sandbox.update_to(&arn, "v1.2.0-unhealthy").await;
    assert_eq!(sandbox.ended(&arn, &operation).await, "ROLLBACK_SUCCEEDED");
    let service = sandbox.describe(&arn).await;
    assert_eq!(
        (service.status().as_str(), image_of(&service)),
        ("RUNNING", &*format!("{REPOSITORY}:v1.0.0"))
    );
    let now = get(sandbox.address("dev"), "/version").await.expect("served").1["pid"].clone();
    assert_eq!(now, pid, "the old store was never replaced");
    let processes = sandbox.processes("dev").await;
    let [old, failed] = processes[..] else { panic!("two stores expected: {processes:?}") };
    assert!(is_running(old) && !is_running(failed), "only the failed store is ended");
    let lines = sandbox.messages("dev", "service").await;
    let expected = [
        "[AppRunner] Service update started.".to_owned(),
        "[AppRunner] Service status is set to OPERATION_IN_PROGRESS.".to_owned(),
        format!("[AppRunner] Deployment with ID : {operation} started. Triggering event : SERVICE_UPDATE"),
        format!("[AppRunner] Pulling image {REPOSITORY}:v1.2.0-unhealthy from ECR repository."),
        "[AppRunner] Performing health check on protocol `HTTP` [Path: '/health'], [Port: '5000'].".to_owned(),
        "[AppRunner] Health check failed on protocol `HTTP`[Path: '/health'], [Port: '5000']. Check your configured port number.".to_owned(),
        format!("[AppRunner] Deployment with ID : {operation} failed. Failure reason : Health check failed."),
        "[AppRunner] Service status is set to RUNNING.".to_owned(),
    ];
    let from = lines.iter().rposition(|line| *line == expected[0]).expect("the update began");
    let mut rest = lines[from..].iter();
    for line in &expected {
        assert!(rest.any(|found| found == line), "{line} is missing or out of order in {lines:#?}");
    }
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn a_store_that_stops_while_it_is_deployed_is_rolled_back_with_its_exit_code() {
    for (version, code) in [("v1.3.0-crash", 1), ("v1.4.0-fragile", 7)] {
        let sandbox = Sandbox::open(FAST).await;
        let arn = sandbox.arn("dev").await;
        let operation = sandbox.update_to(&arn, version).await;
        assert_eq!(sandbox.ended(&arn, &operation).await, "ROLLBACK_SUCCEEDED");
        assert_eq!(image_of(&sandbox.describe(&arn).await), format!("{REPOSITORY}:v1.0.0"));
        let line = format!(
            "[AppRunner] Your application stopped or failed to start. See logs for more information.  Container exit code: {code}"
        );
        let lines = sandbox.messages("dev", "service").await;
        assert!(lines.contains(&line), "{lines:#?}");
        sandbox.world.shutdown().await;
    }
}

#[tokio::test]
async fn an_image_that_does_not_exist_cannot_be_pulled_and_is_rolled_back() {
    let sandbox = Sandbox::open(FAST).await;
    let arn = sandbox.arn("dev").await;
    for image in [
        format!("{REPOSITORY}:v9.9.9"),
        "public.ecr.aws/somebody/else:v1.0.0".to_owned(),
        REPOSITORY.to_owned(),
    ] {
        let source = with_image(&sandbox.describe(&arn).await, &image);
        let updating = sandbox.app_runner().update_service().service_arn(&arn).source_configuration(source);
        let operation = updating.send().await.expect("accepted").operation_id().to_owned();
        assert_eq!(sandbox.ended(&arn, &operation).await, "ROLLBACK_SUCCEEDED", "{image}");
    }
    let lines = sandbox.messages("dev", "service").await;
    let failed = "[AppRunner] Failed to pull your application image. Reason: ECR image doesn't exist.";
    assert!(lines.iter().any(|line| line == failed), "{lines:#?}");
    assert_eq!(served_version(sandbox.address("dev")).await.as_deref(), Some("v1.0.0"));
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn a_busy_service_refuses_every_change_in_the_words_of_aws() {
    let sandbox = Sandbox::open(OBSERVABLE).await;
    let arn = sandbox.arn("dev").await;
    let operation = sandbox.update_to(&arn, "v1.1.0").await;
    let client = sandbox.app_runner();
    let source = with_image(&sandbox.describe(&arn).await, &format!("{REPOSITORY}:v0.9.0"));
    let error = client
        .update_service()
        .service_arn(&arn)
        .source_configuration(source)
        .send()
        .await
        .expect_err("busy");
    assert_eq!(error.code(), Some("InvalidStateException"), "{error:?}");
    assert_eq!(
        error.message(),
        Some("Service cannot be updated in the current state: OPERATION_IN_PROGRESS.")
    );
    let error = client.pause_service().service_arn(&arn).send().await.expect_err("busy");
    assert_eq!(error.code(), Some("InvalidStateException"));
    let error = client.start_deployment().service_arn(&arn).send().await.expect_err("busy");
    assert_eq!(error.code(), Some("InvalidStateException"));
    assert_eq!(sandbox.ended(&arn, &operation).await, "SUCCEEDED");
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn a_source_that_leaves_the_container_out_loses_port_and_environment_and_does_not_get_healthy() {
    let sandbox = Sandbox::open(FAST).await;
    let arn = sandbox.arn("dev").await;
    let bare = ImageRepository::builder()
        .image_identifier(format!("{REPOSITORY}:v1.1.0"))
        .image_repository_type(ImageRepositoryType::EcrPublic)
        .build()
        .expect("complete");
    let source = SourceConfiguration::builder().image_repository(bare).build();
    let updating = sandbox.app_runner().update_service().service_arn(&arn).source_configuration(source);
    let operation = updating.send().await.expect("accepted").operation_id().to_owned();
    let service = sandbox.describe(&arn).await;
    let repository =
        service.source_configuration().and_then(|source| source.image_repository()).expect("an image");
    let container = repository.image_configuration().expect("a container");
    assert_eq!(container.port(), Some("8080"));
    assert!(container.runtime_environment_variables().is_none_or(std::collections::HashMap::is_empty));
    assert!(container.runtime_environment_secrets().is_none_or(std::collections::HashMap::is_empty));
    assert_eq!(service.health_check_configuration().and_then(|check| check.path()), Some("/health"));
    assert_eq!(sandbox.ended(&arn, &operation).await, "ROLLBACK_SUCCEEDED");
    let service = sandbox.describe(&arn).await;
    let repository =
        service.source_configuration().and_then(|source| source.image_repository()).expect("an image");
    assert_eq!(repository.image_configuration().and_then(|container| container.port()), Some("5000"));
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn a_port_the_image_does_not_listen_on_never_gets_healthy() {
    let sandbox = Sandbox::open(FAST).await;
    let arn = sandbox.arn("dev").await;
    let mut source = with_image(&sandbox.describe(&arn).await, &format!("{REPOSITORY}:v1.1.0"));
    let container = source.image_repository.as_mut().and_then(|image| image.image_configuration.as_mut());
    container.expect("a container").port = Some("8080".to_owned());
    let updating = sandbox.app_runner().update_service().service_arn(&arn).source_configuration(source);
    let operation = updating.send().await.expect("accepted").operation_id().to_owned();
    assert_eq!(sandbox.ended(&arn, &operation).await, "ROLLBACK_SUCCEEDED");
    let lines = sandbox.messages("dev", "service").await;
    let failed = "[AppRunner] Health check failed on protocol `HTTP`[Path: '/health'], [Port: '8080']. Check your configured port number.";
    assert!(lines.iter().any(|line| line == failed), "{lines:#?}");
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn an_update_that_changes_nothing_starts_no_operation() {
    let sandbox = Sandbox::open(FAST).await;
    let arn = sandbox.arn("dev").await;
    let service = sandbox.describe(&arn).await;
    let source = service.source_configuration().expect("a source").clone();
    let size = InstanceConfiguration::builder().cpu("1 vCPU").memory("2 GB").build();
    let updated = sandbox
        .app_runner()
        .update_service()
        .service_arn(&arn)
        .source_configuration(source)
        .instance_configuration(size)
        .send()
        .await
        .expect("accepted");
    assert_eq!(updated.operation_id(), "");
    assert_eq!(updated.service().map(|service| service.status().as_str()), Some("RUNNING"));
    let listed = sandbox.app_runner().list_operations().service_arn(&arn).send().await.expect("operations");
    assert_eq!(listed.operation_summary_list().len(), 2, "only the seeded ones");
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn a_paused_service_runs_nothing_takes_a_new_image_and_serves_it_when_it_is_resumed() {
    let sandbox = Sandbox::open(FAST).await;
    let arn = sandbox.arn("dev").await;
    let client = sandbox.app_runner();
    let processes = sandbox.processes("dev").await;
    let paused = client.pause_service().service_arn(&arn).send().await.expect("accepted");
    let operation = paused.operation_id().expect("an operation").to_owned();
    assert_eq!(sandbox.ended(&arn, &operation).await, "SUCCEEDED");
    assert_eq!(sandbox.describe(&arn).await.status().as_str(), "PAUSED");
    assert_eq!(get(sandbox.address("dev"), "/version").await.expect("an answer").0, 503);
    assert!(processes.iter().all(|process| !is_running(*process)), "{processes:?}");

    let error = client.start_deployment().service_arn(&arn).send().await.expect_err("paused");
    assert_eq!(error.code(), Some("InvalidStateException"));
    let error = client.pause_service().service_arn(&arn).send().await.expect_err("paused already");
    assert_eq!(error.message(), Some("Service cannot be paused in the current state: PAUSED."));
    let operation = sandbox.update_to(&arn, "v1.1.0").await;
    assert_eq!(sandbox.ended(&arn, &operation).await, "SUCCEEDED");
    assert_eq!(sandbox.describe(&arn).await.status().as_str(), "PAUSED");
    assert_eq!(get(sandbox.address("dev"), "/version").await.expect("an answer").0, 503);

    let resumed = client.resume_service().service_arn(&arn).send().await.expect("accepted");
    let operation = resumed.operation_id().expect("an operation").to_owned();
    assert_eq!(sandbox.ended(&arn, &operation).await, "SUCCEEDED");
    assert_eq!(sandbox.describe(&arn).await.status().as_str(), "RUNNING");
    assert_eq!(served_version(sandbox.address("dev")).await.as_deref(), Some("v1.1.0"));
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn a_deployment_of_the_same_image_replaces_the_store() {
    let sandbox = Sandbox::open(FAST).await;
    let arn = sandbox.arn("dev").await;
    let before = get(sandbox.address("dev"), "/version").await.expect("served").1["pid"].clone();
    let started = sandbox.app_runner().start_deployment().service_arn(&arn).send().await.expect("accepted");
    assert_eq!(sandbox.ended(&arn, started.operation_id()).await, "SUCCEEDED");
    let after = get(sandbox.address("dev"), "/version").await.expect("served").1.clone();
    assert_ne!(after["pid"], before);
    assert_eq!(after["version"], "v1.0.0");
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn services_and_operations_come_in_pages_newest_operation_first() {
    let sandbox = Sandbox::of(FAST, &["dev", "test", "staging"]).await;
    let client = sandbox.app_runner();
    let first = client.list_services().max_results(2).send().await.expect("a page");
    assert_eq!(first.service_summary_list().len(), 2);
    let second =
        client.list_services().max_results(2).set_next_token(first.next_token).send().await.expect("a page");
    assert_eq!(second.service_summary_list()[0].service_name(), Some("bagel-store-demo1-staging"));
    assert_eq!(second.next_token(), None);
    let error = client.list_services().max_results(21).send().await.expect_err("too many");
    assert_eq!(error.code(), Some("InvalidRequestException"));

    let arn = sandbox.arn("dev").await;
    let first = client.list_operations().service_arn(&arn).max_results(1).send().await.expect("a page");
    let row = &first.operation_summary_list()[0];
    assert_eq!(row.r#type().map(aws_sdk_apprunner::types::OperationType::as_str), Some("UPDATE_SERVICE"));
    assert_eq!(row.status().map(aws_sdk_apprunner::types::OperationStatus::as_str), Some("SUCCEEDED"));
    assert_eq!(row.target_arn(), Some(arn.as_str()));
    assert!(row.started_at().expect("a start") < row.ended_at().expect("an end"));
    let second = client
        .list_operations()
        .service_arn(&arn)
        .max_results(1)
        .set_next_token(first.next_token)
        .send()
        .await;
    let second = second.expect("a page");
    assert_eq!(
        second.operation_summary_list()[0].r#type().map(aws_sdk_apprunner::types::OperationType::as_str),
        Some("CREATE_SERVICE")
    );
    assert_eq!(second.next_token(), None);
    sandbox.world.shutdown().await;
}

#[tokio::test]
async fn an_unknown_service_a_bad_arn_and_a_bad_image_are_told_apart() {
    let sandbox = Sandbox::open(FAST).await;
    let client = sandbox.app_runner();
    let arn = sandbox.arn("dev").await;
    let unknown = format!("arn:aws:apprunner:us-east-1:000000000000:service/other/{}", "0".repeat(32));
    let error = client.describe_service().service_arn(&unknown).send().await.expect_err("unknown");
    assert_eq!(error.code(), Some("ResourceNotFoundException"), "{error:?}");
    assert!(error.message().is_some_and(|message| message.contains(&unknown)), "{error:?}");
    let error = client.list_operations().service_arn("nonsense").send().await.expect_err("no ARN");
    assert_eq!(error.code(), Some("InvalidRequestException"), "{error:?}");
    let source = with_image(&sandbox.describe(&arn).await, "docker.io/library/nginx:1");
    let error = client
        .update_service()
        .service_arn(&arn)
        .source_configuration(source)
        .send()
        .await
        .expect_err("no ECR");
    assert_eq!(error.code(), Some("InvalidRequestException"), "{error:?}");
    let error = client.delete_service().service_arn(&arn).send().await.expect_err("not offered");
    let message = error.message().expect("a message");
    assert!(message.contains("DeleteService") && message.contains("UpdateService"), "{message}");
    sandbox.world.shutdown().await;
}
