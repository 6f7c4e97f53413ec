//! One-off tasks in ECS: starting one exactly once, finding, describing and stopping it. What a task is for, and what its
//! end means, is known by whoever starts it.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{
    AssignPublicIp, AwsVpcConfiguration, ContainerOverride, DesiredStatus, KeyValuePair, LaunchType,
    NetworkConfiguration, Task, TaskOverride,
};
use tokio::time::{sleep, timeout};

use super::failure::{Fate, failure, fate};
use super::{Aws, patience};
use crate::domain::failure::{Failure, FailureKind};

/// The most tasks that ECS describes at once.
const PAGE: usize = 100;

/// The longest token that makes a request the same request when it arrives twice.
const TOKEN: usize = 64;

/// What is to be started.
pub(in crate::adapters) struct TaskOrder<'a> {
    /// The cluster.
    pub(in crate::adapters) cluster: &'a str,
    /// The family of the definition.
    pub(in crate::adapters) family: &'a str,
    /// The ARN of its revision.
    pub(in crate::adapters) definition: &'a str,
    /// Whose it is, of at most 128 characters; no other task has the same.
    pub(in crate::adapters) started_by: &'a str,
    /// Subnets, security groups, and whether it gets a public address.
    pub(in crate::adapters) network: (&'a [String], &'a [String], bool),
    /// What is otherwise than in the definition, by container: the command, and variables. Never a secret.
    pub(in crate::adapters) containers: Vec<(String, Vec<String>, BTreeMap<String, String>)>,
}

/// A task as ECS describes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::adapters) struct TaskView {
    /// Its ARN.
    pub(in crate::adapters) arn: String,
    /// Whose it is.
    pub(in crate::adapters) started_by: String,
    /// What it does, in ECS's own word.
    pub(in crate::adapters) status: String,
    /// When it was asked for, in milliseconds since 1970.
    pub(in crate::adapters) created: Option<i64>,
    /// What kind of end it had, in ECS's own word; empty while it has none.
    pub(in crate::adapters) stop_code: String,
    /// Why it ended, in ECS's own words.
    pub(in crate::adapters) stopped_reason: Option<String>,
    /// What became of its containers, by name: what they do, their exit codes, and reasons.
    pub(in crate::adapters) containers: BTreeMap<String, ContainerEnd>,
}

/// What became of a container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::adapters) struct ContainerEnd {
    /// What it does, in ECS's own word.
    pub(in crate::adapters) status: String,
    /// The exit code; `None` for one that never ran, or runs.
    pub(in crate::adapters) exit_code: Option<i32>,
    /// Why it did not run, in ECS's own words.
    pub(in crate::adapters) reason: Option<String>,
}

impl TaskView {
    /// The part of its ARN that people know it by.
    pub(in crate::adapters) fn id(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }

    /// True when nothing of it runs any more.
    pub(in crate::adapters) fn is_stopped(&self) -> bool {
        self.status == "STOPPED"
    }
}

impl Aws {
    /// The tasks of a family that are to run, and with `is_over` those that are not to, which ECS knows for an hour.
    pub(in crate::adapters) async fn tasks_of(
        &self,
        cluster: &str,
        family: &str,
        is_over: bool,
    ) -> Result<Vec<TaskView>, Failure> {
        let what = || format!("could not list the tasks of {family}");
        let status = if is_over { DesiredStatus::Stopped } else { DesiredStatus::Running };
        let clients = self.clients().await;
        let request = clients.ecs.list_tasks().cluster(cluster).family(family).desired_status(status);
        let mut pages = request.into_paginator().send();
        let mut arns = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failure(what(), "ecs:ListTasks", &error, self.way()))?;
            arns.extend(page.task_arns.unwrap_or_default());
        }
        let mut tasks = Vec::new();
        for some in arns.chunks(PAGE) {
            tasks.extend(self.tasks(cluster, some).await?);
        }
        Ok(tasks)
    }

    /// One task; `None` when ECS does not list it, which it may do only a moment after it was started.
    pub(in crate::adapters) async fn task(
        &self,
        cluster: &str,
        arn: &str,
    ) -> Result<Option<TaskView>, Failure> {
        Ok(self.tasks(cluster, &[arn.to_owned()]).await?.into_iter().next())
    }

    async fn tasks(&self, cluster: &str, arns: &[String]) -> Result<Vec<TaskView>, Failure> {
        let what = "could not describe the task of a migration";
        let request = self.clients().await.ecs.describe_tasks().cluster(cluster);
        let answer = request.set_tasks(Some(arns.to_vec())).send().await;
        let answer = answer.map_err(|error| failure(what, "ecs:DescribeTasks", &error, self.way()))?;
        Ok(answer.tasks().iter().map(view).collect())
    }

    /// Starts a task, once. Where the answer is lost it is looked for by whose it is, and never asked for again. `lost`
    /// hears that.
    pub(in crate::adapters) async fn run_task(
        &self,
        what: &str,
        order: &TaskOrder<'_>,
        lost: impl AsyncFnOnce(),
    ) -> Result<TaskView, Failure> {
        self.assure_change().await?;
        let (subnets, groups, is_public) = order.network;
        let network = AwsVpcConfiguration::builder()
            .set_subnets(Some(subnets.to_vec()))
            .set_security_groups((!groups.is_empty()).then(|| groups.to_vec()))
            .assign_public_ip(if is_public { AssignPublicIp::Enabled } else { AssignPublicIp::Disabled })
            .build();
        let network = network.map_err(|error| Failure::new(FailureKind::Failed, what).because(error))?;
        let overrides = order.containers.iter().map(|(name, command, variables)| {
            let pair =
                |(name, value): (&String, &String)| KeyValuePair::builder().name(name).value(value).build();
            ContainerOverride::builder()
                .name(name)
                .set_command(Some(command.clone()))
                .set_environment((!variables.is_empty()).then(|| variables.iter().map(pair).collect()))
                .build()
        });
        let request = self
            .clients()
            .await
            .ecs_once
            .run_task()
            .cluster(order.cluster)
            .task_definition(order.definition)
            .launch_type(LaunchType::Fargate)
            .count(1)
            .network_configuration(NetworkConfiguration::builder().awsvpc_configuration(network).build())
            .overrides(TaskOverride::builder().set_container_overrides(Some(overrides.collect())).build())
            .started_by(order.started_by)
            .client_token(token(order.started_by));
        let failure = match request.send().await {
            Ok(answer) => {
                // An answer that is no error may say that nothing was started.
                if let Some(failed) = answer.failures().first() {
                    return Err(refusal(what, failed.reason(), failed.detail()));
                }
                match answer.tasks().first() {
                    Some(task) => return Ok(view(task)),
                    None => Failure::new(FailureKind::Unknown, what).because("ECS named no task"),
                }
            }
            Err(error) => match fate(what, "ecs:RunTask", &error, self.way()) {
                Fate::NotDone(failure) => {
                    let hint = failure.hint.clone().map_or_else(String::new, |hint| format!(" {hint}"));
                    return Err(failure.hint(format!("No task was started.{hint}")));
                }
                Fate::Unknown(failure) => failure.with_kind(FailureKind::Unknown),
            },
        };
        lost().await;
        self.find_started(order).await.ok_or_else(|| {
            failure.because("no task of this run is listed").hint(
                "A task may have begun all the same. Find that out with `lockstep reconcile` before anything else is \
                 done.",
            )
        })
    }

    async fn find_started(&self, order: &TaskOrder<'_>) -> Option<TaskView> {
        let settings = self.settings();
        let look = async {
            loop {
                // It may be over already.
                for is_over in [false, true] {
                    let tasks = self.tasks_of(order.cluster, order.family, is_over).await.unwrap_or_default();
                    if let Some(task) = tasks.into_iter().find(|task| task.started_by == order.started_by) {
                        return task;
                    }
                }
                sleep(settings.polling.operation).await;
            }
        };
        timeout(patience(settings.deadlines.look) / 2, look).await.ok()
    }

    /// Asks a task to end; what is left of it after half a minute ECS kills.
    pub(in crate::adapters) async fn stop_task(
        &self,
        cluster: &str,
        arn: &str,
        why: &str,
    ) -> Result<(), Failure> {
        self.assure_change().await?;
        let request = self.clients().await.ecs_once.stop_task().cluster(cluster).task(arn).reason(why);
        let what = "could not stop the task of a migration";
        request.send().await.map(drop).map_err(|error| failure(what, "ecs:StopTask", &error, self.way()))
    }
}

/// The end of `started_by`, which tells its tasks apart better than the beginning.
fn token(started_by: &str) -> &str {
    started_by.get(started_by.len().saturating_sub(TOKEN)..).unwrap_or(started_by)
}

/// Why an answer that is no error started nothing.
fn refusal(what: &str, reason: Option<&str>, detail: Option<&str>) -> Failure {
    let said = [reason, detail].into_iter().flatten().collect::<Vec<_>>().join(": ");
    Failure::new(FailureKind::Unavailable, what)
        .because(format!(
            "ECS started no task: {}",
            if said.is_empty() { "it gave no reason" } else { &said }
        ))
        .hint("No task was started. Try again once there is room, or look at the cluster in ECS.")
}

fn view(task: &Task) -> TaskView {
    let container = |container: &aws_sdk_ecs::types::Container| {
        let end = ContainerEnd {
            status: container.last_status().unwrap_or_default().to_owned(),
            exit_code: container.exit_code(),
            reason: container.reason().map(str::to_owned),
        };
        (container.name().unwrap_or_default().to_owned(), end)
    };
    TaskView {
        arn: task.task_arn().unwrap_or_default().to_owned(),
        started_by: task.started_by().unwrap_or_default().to_owned(),
        status: task.last_status().unwrap_or_default().to_owned(),
        created: task.created_at().and_then(|at| at.to_millis().ok()),
        stop_code: task.stop_code().map(|code| code.as_str().to_owned()).unwrap_or_default(),
        stopped_reason: task.stopped_reason().map(str::to_owned),
        containers: task.containers().iter().map(container).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_short_enough_and_differs_where_whose_it_is_differs() {
        let long = format!("lockstep/r-20261121-140155000-3fa2c-{}/update", "e".repeat(40));
        assert_eq!(token(&long).len(), TOKEN);
        assert_ne!(token(&long), token(&long.replace("update", "validate")));
        assert_eq!(token("short"), "short");
    }

    #[test]
    fn an_answer_that_started_nothing_is_told_with_its_reason() {
        let failure = refusal("could not", Some("RESOURCE:ENI"), Some("no address is left"));
        assert_eq!(failure.because, ["ECS started no task: RESOURCE:ENI: no address is left"]);
        assert_eq!(refusal("could not", None, None).because, ["ECS started no task: it gave no reason"]);
    }
}
