//! `[liquibase]`: where Liquibase runs, and what a one-off task in ECS has to be told.

use serde::Deserialize;

use super::{LiquibaseSettings, RunnerKind, TaskSettings};
use crate::domain::location::is_bucket;

/// The table `[liquibase]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LiquibaseEntry {
    runner: Runner,
    docker_image: String,
    ecs: Option<EcsEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Runner {
    Auto,
    Jvm,
    Cli,
    Docker,
    Ecs,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EcsEntry {
    cluster: String,
    task_definition: String,
    subnets: Vec<String>,
    #[serde(default)]
    security_groups: Vec<String>,
    #[serde(default)]
    assign_public_ip: bool,
    bucket: String,
    #[serde(default)]
    prefix: String,
    #[serde(default = "default_container")]
    container: String,
    #[serde(default = "default_archive_container")]
    archive_container: String,
    #[serde(default = "default_archive_path")]
    archive_path: String,
}

impl Default for LiquibaseEntry {
    fn default() -> Self {
        Self { runner: Runner::Auto, docker_image: "liquibase/liquibase-secure:5.0.1".to_owned(), ecs: None }
    }
}

fn default_container() -> String {
    "liquibase".to_owned()
}

fn default_archive_container() -> String {
    "archive".to_owned()
}

fn default_archive_path() -> String {
    "/release/changelog.zip".to_owned()
}

impl LiquibaseEntry {
    /// The settings. What is wrong is added to `problems`.
    pub(super) fn check(self, problems: &mut Vec<String>) -> LiquibaseSettings {
        let runner = match self.runner {
            Runner::Auto => RunnerKind::Auto,
            Runner::Jvm => RunnerKind::Jvm,
            Runner::Cli => RunnerKind::Cli,
            Runner::Docker => RunnerKind::Docker,
            Runner::Ecs => RunnerKind::Ecs,
        };
        if runner == RunnerKind::Ecs && self.ecs.is_none() {
            problems.push(
                "[liquibase] runner: `ecs` needs a table [liquibase.ecs] with cluster, task_definition, subnets and \
                 bucket"
                    .to_owned(),
            );
        }
        let task = self.ecs.map(|entry| entry.check(problems));
        LiquibaseSettings { runner, docker_image: self.docker_image, task }
    }
}

impl EcsEntry {
    fn check(self, problems: &mut Vec<String>) -> TaskSettings {
        if self.subnets.is_empty() {
            problems.push("[liquibase.ecs] subnets: a task needs at least one".to_owned());
        }
        if !is_bucket(&self.bucket) {
            problems.push(format!("[liquibase.ecs] bucket: `{}` is no name of a bucket", self.bucket));
        }
        if self.task_definition.contains([':', '/']) {
            problems.push(format!(
                "[liquibase.ecs] task_definition: `{}` names a revision; write the family alone, its newest revision is \
                 chosen for each task",
                self.task_definition
            ));
        }
        if !self.archive_path.starts_with('/') {
            problems.push(format!(
                "[liquibase.ecs] archive_path: `{}` does not begin with a slash",
                self.archive_path
            ));
        }
        TaskSettings {
            cluster: self.cluster,
            family: self.task_definition,
            container: self.container,
            archive_container: self.archive_container,
            archive_path: self.archive_path,
            subnets: self.subnets,
            security_groups: self.security_groups,
            has_public_address: self.assign_public_ip,
            bucket: self.bucket,
            prefix: self.prefix.trim_matches('/').to_owned(),
        }
    }
}
