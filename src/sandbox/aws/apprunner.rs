//! The emulated App Runner: requests become looks at the state or operations that begin.
//!
//! Follows App Runner's service model and what is known of its behaviour: a top-level member that is left
//! out keeps its value, one that is given is taken whole; an update that changes nothing starts nothing and
//! has no `OperationId`. The wording of the refusal of a busy service is AWS's; those for pausing, resuming
//! and deploying in a wrong state are worded after it. Absent on purpose: creating and deleting services,
//! tags, custom domains.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::apprunner_shapes::{
    DeploymentStarted, OperationList, OperationRow, ServiceChanged, ServiceList, ServiceRow, ServiceShown,
};
use super::configuration::{
    self, Configuration, HealthCheckConfiguration, InstanceConfiguration, NetworkConfiguration,
    ObservabilityConfiguration, SourceConfiguration,
};
use super::state::{OperationKind, Service, ServiceStatus};
use super::wire::{self, Fault};
use super::world::{Inner, Shared};
use super::{deployment, lines, names};

/// What this service of the sandbox answers.
pub(super) const OFFERED: &str = "DescribeService, ListServices, UpdateService, ListOperations, PauseService, \
    ResumeService, StartDeployment";

/// The most rows on one page.
const PAGE: usize = 20;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ServiceRequest {
    service_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListRequest {
    service_arn: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateRequest {
    service_arn: Option<String>,
    source_configuration: Option<SourceConfiguration>,
    instance_configuration: Option<InstanceConfiguration>,
    auto_scaling_configuration_arn: Option<String>,
    health_check_configuration: Option<HealthCheckConfiguration>,
    network_configuration: Option<NetworkConfiguration>,
    observability_configuration: Option<ObservabilityConfiguration>,
}

/// Answers one call.
pub(super) async fn call(world: &Shared, operation: &str, body: &[u8]) -> Result<Value, Fault> {
    match operation {
        "DescribeService" => {
            let request: ServiceRequest = wire::read(body)?;
            let service = requested(world, request.service_arn)?;
            wire::answer(&ServiceChanged { service: ServiceShown::new(world, &service), operation_id: None })
        }
        "ListServices" => wire::answer(&list_services(world, &wire::read(body)?)?),
        "ListOperations" => wire::answer(&list_operations(world, wire::read(body)?)?),
        "UpdateService" => wire::answer(&update(world, wire::read(body)?).await?),
        "PauseService" => wire::answer(&change(world, wire::read(body)?, OperationKind::PauseService).await?),
        "ResumeService" => {
            wire::answer(&change(world, wire::read(body)?, OperationKind::ResumeService).await?)
        }
        "StartDeployment" => {
            let changed = change(world, wire::read(body)?, OperationKind::StartDeployment).await?;
            wire::answer(&DeploymentStarted { operation_id: changed.operation_id.unwrap_or_default() })
        }
        other => Err(Fault::unknown_operation("apprunner", other, OFFERED)),
    }
}

fn list_services(world: &Inner, request: &ListRequest) -> Result<ServiceList, Fault> {
    let services = world.state().services.clone();
    let (rows, next_token) = page(&services, |service| &service.id, request)?;
    Ok(ServiceList { service_summary_list: rows.iter().map(ServiceRow::new).collect(), next_token })
}

fn list_operations(world: &Inner, mut request: ListRequest) -> Result<OperationList, Fault> {
    let service = requested(world, request.service_arn.take())?;
    let newest_first: Vec<_> = service.operations.iter().rev().collect();
    let (rows, next_token) = page(&newest_first, |operation| &operation.id, &request)?;
    let rows = rows.iter().map(|operation| OperationRow::new(&service.arn, operation)).collect();
    Ok(OperationList { operation_summary_list: rows, next_token })
}

async fn update(world: &Shared, request: UpdateRequest) -> Result<ServiceChanged, Fault> {
    let _turn = world.turn.lock().await;
    let service = requested(world, request.service_arn.clone())?;
    let wanted = wanted(&service.configuration, request)?;
    if service.status == ServiceStatus::OperationInProgress {
        return Err(wrong_state("updated", service.status));
    }
    if wanted == service.configuration {
        return Ok(ServiceChanged { service: ServiceShown::new(world, &service), operation_id: None });
    }
    begin(world, &service, OperationKind::UpdateService, wanted).await
}

async fn change(
    world: &Shared,
    request: ServiceRequest,
    kind: OperationKind,
) -> Result<ServiceChanged, Fault> {
    let _turn = world.turn.lock().await;
    let service = requested(world, request.service_arn)?;
    let (fitting, what) = match kind {
        OperationKind::PauseService => (ServiceStatus::Running, "paused"),
        OperationKind::ResumeService => (ServiceStatus::Paused, "resumed"),
        _ => (ServiceStatus::Running, "deployed"),
    };
    if service.status != fitting {
        return Err(wrong_state(what, service.status));
    }
    let unchanged = service.configuration.clone();
    begin(world, &service, kind, unchanged).await
}

/// Begins an operation: recorded on disk before the answer leaves. The caller holds the turn.
async fn begin(
    world: &Shared,
    service: &Service,
    kind: OperationKind,
    wanted: Configuration,
) -> Result<ServiceChanged, Fault> {
    let unavailable =
        |message| Fault { status: 500, ..Fault::client("InternalServiceErrorException", message) };
    if world.closing.is_cancelled() {
        return Err(unavailable("The sandbox is closing.".to_owned()));
    }
    let id = names::fresh_id();
    let begun = {
        let mut state = world.state();
        let service = state.service_mut(&service.environment).ok_or_else(|| not_found(&service.arn))?;
        service.begin(kind, id.clone(), wanted, Timestamp::now());
        service.clone()
    };
    world.log(&begun, Some(&id), &lines::beginning(kind, &id));
    let saved = world.save().await;
    // It has begun even when it could not be recorded: the caller must see it in ListOperations.
    deployment::spawn(world, &begun.environment);
    saved.map_err(|error| unavailable(error.to_string()))?;
    Ok(ServiceChanged { service: ServiceShown::new(world, &begun), operation_id: Some(id) })
}

/// The configuration an update asks for, or why App Runner would refuse it.
fn wanted(now: &Configuration, request: UpdateRequest) -> Result<Configuration, Fault> {
    let mut wanted = now.clone();
    if let Some(source) = request.source_configuration {
        if let Some(problem) = configuration::source_problem(&source) {
            return Err(invalid(problem));
        }
        wanted.source = source;
    }
    if let Some(instance) = request.instance_configuration {
        wanted.instance = configuration::sized(instance).map_err(invalid)?;
    }
    if let Some(check) = request.health_check_configuration {
        if let Some(problem) = configuration::health_check_problem(&check) {
            return Err(invalid(problem));
        }
        wanted.health_check = check;
    }
    wanted.auto_scaling_arn = request.auto_scaling_configuration_arn.unwrap_or(wanted.auto_scaling_arn);
    wanted.network = request.network_configuration.unwrap_or(wanted.network);
    wanted.observability = request.observability_configuration.unwrap_or(wanted.observability);
    Ok(wanted)
}

fn requested(world: &Inner, arn: Option<String>) -> Result<Service, Fault> {
    let arn = arn.ok_or_else(|| {
        let problem = "1 validation error detected: Value null at 'serviceArn' failed to satisfy constraint: \
            Member must not be null";
        invalid(problem.to_owned())
    })?;
    if !looks_like_a_service(&arn) {
        let rule = "the ARN of a service, arn:aws:apprunner:<region>:<account>:service/<name>/<id>";
        return Err(invalid(configuration::constraint("serviceArn", &arn, rule)));
    }
    let found = world.state().by_arn(&arn).cloned();
    found.ok_or_else(|| not_found(&arn))
}

fn looks_like_a_service(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "apprunner", region, account, resource] = parts[..] else { return false };
    let account_is_valid = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let named = resource.strip_prefix("service/").and_then(|rest| rest.split_once('/'));
    let resource_is_valid = named.is_some_and(|(name, id)| {
        !name.is_empty() && id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    partition.starts_with("aws") && !region.is_empty() && account_is_valid && resource_is_valid
}

/// The page after the row a token names, and the token of the next.
fn page<'rows, T>(
    rows: &'rows [T],
    id: impl Fn(&T) -> &String,
    request: &ListRequest,
) -> Result<(&'rows [T], Option<String>), Fault> {
    let size = request.max_results.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&size) {
        return Err(invalid(configuration::constraint("maxResults", &size.to_string(), "between 1 and 20")));
    }
    let start = match &request.next_token {
        None => 0,
        // The last row seen, not a count: an operation that begins meanwhile shifts no page.
        Some(token) => rows
            .iter()
            .position(|row| id(row) == token)
            .map(|position| position + 1)
            .ok_or_else(|| invalid("The NextToken is not valid.".to_owned()))?,
    };
    let end = rows.len().min(start + size);
    let rows_of_page = &rows[start..end];
    let next_token = rows_of_page.last().filter(|_| end < rows.len()).map(|row| id(row).clone());
    Ok((rows_of_page, next_token))
}

fn wrong_state(what: &str, status: ServiceStatus) -> Fault {
    let message = format!("Service cannot be {what} in the current state: {}.", status.word());
    Fault::client("InvalidStateException", message)
}

fn not_found(arn: &str) -> Fault {
    Fault::client("ResourceNotFoundException", format!("Service with ARN {arn} was not found."))
}

fn invalid(message: String) -> Fault {
    Fault::client("InvalidRequestException", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::aws::seed;

    fn request(body: &Value) -> UpdateRequest {
        serde_json::from_value(body.clone()).expect("a request")
    }

    #[test]
    fn a_member_that_is_left_out_keeps_its_value_and_one_that_is_given_is_taken_whole() {
        let now = seed::example().configuration;
        let size = request(&serde_json::json!({ "InstanceConfiguration": { "Cpu": "2 vCPU" } }));
        let sized = wanted(&now, size).expect("accepted");
        assert_eq!((&sized.source, sized.instance.cpu.as_str()), (&now.source, "2048"));
        let image = now.image().replace("v1.0.0", "v1.1.0");
        let bare = request(&serde_json::json!({ "SourceConfiguration": { "ImageRepository": {
            "ImageIdentifier": image, "ImageRepositoryType": "ECR_PUBLIC" } } }));
        let replaced = wanted(&now, bare).expect("accepted");
        let container = replaced.container().expect("an image");
        assert_eq!(container.port, "8080");
        assert!(container.runtime_environment_variables.is_empty());
        assert_eq!(replaced.health_check, now.health_check);
    }

    #[test]
    fn only_a_service_arn_is_taken_for_one() {
        let arn = seed::example().arn;
        assert!(looks_like_a_service(&arn), "{arn}");
        for wrong in ["", "service/x", "arn:aws:rds:us-east-1:000000000000:db:x", &arn[..arn.len() - 1]] {
            assert!(!looks_like_a_service(wrong), "{wrong}");
        }
    }

    #[test]
    fn pages_follow_the_last_row_seen_even_when_rows_arrive_in_front() {
        let rows: Vec<String> = ["e", "d", "c", "b", "a"].map(str::to_owned).to_vec();
        let ask = |token: Option<&str>| ListRequest {
            service_arn: None,
            next_token: token.map(str::to_owned),
            max_results: Some(2),
        };
        let (first, token) = page(&rows, |row| row, &ask(None)).expect("a page");
        assert_eq!((first, token.as_deref()), (&rows[..2], Some("d")));
        let grown: Vec<String> = std::iter::once("f".to_owned()).chain(rows.clone()).collect();
        let (second, token) = page(&grown, |row| row, &ask(token.as_deref())).expect("a page");
        assert_eq!((second, token.as_deref()), (&rows[2..4], Some("b")));
        let (last, token) = page(&grown, |row| row, &ask(token.as_deref())).expect("a page");
        assert_eq!((last, token), (&rows[4..], None));
        assert!(page(&rows, |row| row, &ask(Some("z"))).is_err());
    }
}
