//! Tasks as ECS keeps them: asked for, listed, described, stopped. What they do is in `task`.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::shapes::{self, ContainerDefinition, Overrides};
use super::{check_cluster, definitions, environment_of_family, invalid, task};
use crate::sandbox::aws::names;
use crate::sandbox::aws::wire::Fault;
use crate::sandbox::aws::world::{Inner, Shared};

/// How long ECS knows a task that has stopped.
const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// The most tasks on one page.
const PAGE: usize = 100;

/// The longest word for whose a task is, and the longest token.
const STARTED_BY: usize = 128;
const TOKEN: usize = 64;

/// Every task that ECS knows, oldest first.
#[derive(Default)]
pub(super) struct Tasks(Vec<Task>);

/// One task.
#[derive(Clone)]
pub(super) struct Task {
    pub(super) id: String,
    pub(super) arn: String,
    pub(super) family: String,
    pub(super) definition: String,
    pub(super) environment: Option<String>,
    pub(super) started_by: Option<String>,
    pub(super) overrides: Value,
    pub(super) created: Timestamp,
    pub(super) started: Option<Timestamp>,
    pub(super) stopping: Option<Timestamp>,
    pub(super) stopped: Option<Timestamp>,
    pub(super) status: &'static str,
    pub(super) desired: &'static str,
    pub(super) stop_code: Option<&'static str>,
    pub(super) reason: Option<String>,
    pub(super) containers: Vec<Container>,
    /// Cancelled when it is to end.
    pub(super) stop: CancellationToken,
    token: Option<String>,
    request: Value,
}

/// A container of a task.
#[derive(Clone)]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) image: String,
    pub(super) status: &'static str,
    pub(super) exit_code: Option<i32>,
    pub(super) reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeRequest {
    cluster: Option<String>,
    #[serde(default)]
    tasks: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListRequest {
    cluster: Option<String>,
    family: Option<String>,
    started_by: Option<String>,
    desired_status: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StopRequest {
    cluster: Option<String>,
    task: Option<String>,
    reason: Option<String>,
}

impl Tasks {
    /// The task with this ARN or id.
    pub(super) fn find(&self, reference: &str) -> Option<&Task> {
        self.0.iter().find(|task| task.arn == reference || task.id == reference)
    }

    /// The same, to change it.
    pub(super) fn find_mut(&mut self, reference: &str) -> Option<&mut Task> {
        self.0.iter_mut().find(|task| task.arn == reference || task.id == reference)
    }

    /// Ends every task and forgets it.
    pub(super) fn forget(&mut self) {
        for task in self.0.drain(..) {
            task.stop.cancel();
        }
    }
}

/// Starts a task, unless a request with the same token did.
pub(super) fn run(world: &Shared, request: &Value) -> Result<Value, Fault> {
    let text = |name: &str| request[name].as_str();
    check_cluster(world, text("cluster"))?;
    let too_long = |name: &str, most: usize| text(name).is_some_and(|text| text.len() > most);
    if too_long("startedBy", STARTED_BY) || too_long("clientToken", TOKEN) {
        return Err(invalid("startedBy or clientToken is too long."));
    }
    let definition = definitions::find(world, text("taskDefinition").unwrap_or_default())
        .ok_or_else(|| Fault::client("ClientException", "TaskDefinition not found."))?;
    let subnets = &request["networkConfiguration"]["awsvpcConfiguration"]["subnets"];
    if definition["networkMode"] == "awsvpc" && subnets.as_array().is_none_or(Vec::is_empty) {
        let message = "Network Configuration must be provided when networkMode 'awsvpc' is specified.";
        return Err(invalid(message));
    }
    let overrides: Overrides = serde_json::from_value(request["overrides"].clone()).unwrap_or_default();
    definitions::check_overrides(
        &definition,
        overrides.container_overrides.iter().map(|one| one.name.clone()),
    )?;
    let arn = names::cluster_arn(&world.settings);
    let token = text("clientToken").map(str::to_owned);
    let mut tasks = world.ecs.tasks();
    if let Some(known) = tasks.0.iter().find(|task| token.is_some() && task.token == token) {
        if known.request != *request {
            return Err(Fault::client(
                "ConflictException",
                "The clientToken was used with other parameters.",
            ));
        }
        return Ok(json!({ "tasks": [shapes::shown(&arn, known)], "failures": [] }));
    }
    let now = Timestamp::now();
    tasks.0.retain(|task| task.stopped.is_none_or(|at| now.duration_since(at) < KEPT));
    let task = made(world, request, &definition, token, now);
    tasks.0.push(task.clone());
    drop(tasks);
    let shown = shapes::shown(&arn, &task);
    task::spawn(world, task, ContainerDefinition::all(&definition), &overrides);
    Ok(json!({ "tasks": [shown], "failures": [] }))
}

fn made(world: &Inner, request: &Value, definition: &Value, token: Option<String>, now: Timestamp) -> Task {
    let id = names::fresh_id();
    let family = definition["family"].as_str().unwrap_or_default().to_owned();
    let container = |container: ContainerDefinition| Container {
        name: container.name,
        image: container.image,
        status: "PENDING",
        exit_code: None,
        reason: None,
    };
    let none = json!({"containerOverrides": [], "inferenceAcceleratorOverrides": []});
    Task {
        arn: names::task_arn(&world.settings, &id),
        id,
        environment: environment_of_family(&world.settings, &family),
        family,
        definition: definition["taskDefinitionArn"].as_str().unwrap_or_default().to_owned(),
        started_by: request["startedBy"].as_str().map(str::to_owned),
        overrides: if request["overrides"].is_object() { request["overrides"].clone() } else { none },
        created: now,
        started: None,
        stopping: None,
        stopped: None,
        status: "PROVISIONING",
        desired: "RUNNING",
        stop_code: None,
        reason: None,
        containers: ContainerDefinition::all(definition).into_iter().map(container).collect(),
        stop: CancellationToken::new(),
        token,
        request: request.clone(),
    }
}

/// Describes tasks; of one that is not there it says so.
pub(super) fn describe(world: &Inner, request: &DescribeRequest) -> Result<Value, Fault> {
    check_cluster(world, request.cluster.as_deref())?;
    if request.tasks.is_empty() || request.tasks.len() > PAGE {
        return Err(invalid("Tasks cannot be empty, and at most 100 can be described."));
    }
    let arn = names::cluster_arn(&world.settings);
    let tasks = world.ecs.tasks();
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for reference in &request.tasks {
        match tasks.find(reference) {
            Some(task) => found.push(shapes::shown(&arn, task)),
            None => failures.push(json!({ "arn": reference, "reason": "MISSING" })),
        }
    }
    Ok(json!({ "tasks": found, "failures": failures }))
}

/// Lists tasks by family and by what they are to do, or by whose they are.
pub(super) fn list(world: &Inner, request: &ListRequest) -> Result<Value, Fault> {
    check_cluster(world, request.cluster.as_deref())?;
    if request.started_by.is_some() && request.family.is_some() {
        return Err(invalid("When startedBy is a filter it must be the only one."));
    }
    let desired = request.desired_status.as_deref().unwrap_or("RUNNING");
    let is_wanted = |task: &&Task| {
        task.desired == desired
            && request.family.as_ref().is_none_or(|family| *family == task.family)
            && request.started_by.as_ref().is_none_or(|whose| task.started_by.as_ref() == Some(whose))
    };
    let tasks = world.ecs.tasks();
    let arns: Vec<&str> = tasks.0.iter().filter(is_wanted).map(|task| task.arn.as_str()).collect();
    let start: usize = match &request.next_token {
        Some(token) => token.parse().map_err(|_| invalid("Invalid token."))?,
        None => 0,
    };
    let limit = request.max_results.unwrap_or(PAGE).clamp(1, PAGE);
    let page: Vec<&str> = arns.iter().skip(start).take(limit).copied().collect();
    let mut answer = json!({ "taskArns": page });
    if start + limit < arns.len() {
        answer["nextToken"] = json!((start + limit).to_string());
    }
    Ok(answer)
}

/// Asks a task to end.
pub(super) fn stop(world: &Inner, request: StopRequest) -> Result<Value, Fault> {
    check_cluster(world, request.cluster.as_deref())?;
    let arn = names::cluster_arn(&world.settings);
    let mut tasks = world.ecs.tasks();
    let task = request.task.as_deref().and_then(|reference| tasks.find_mut(reference));
    let task = task.ok_or_else(|| invalid("The referenced task was not found."))?;
    if task.desired == "RUNNING" {
        task.desired = "STOPPED";
        task.stop_code = Some("UserInitiated");
        task.reason = Some(request.reason.unwrap_or_else(|| "Task stopped by user".to_owned()));
        task.stopping = Some(Timestamp::now());
        task.stop.cancel();
    }
    Ok(json!({ "task": shapes::shown(&arn, task) }))
}
