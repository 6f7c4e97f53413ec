//! Task definitions in ECS: what a family's newest revision says of its containers. Registering one is deliberately
//! absent: that is the business of whoever owns the infrastructure.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::types::{ContainerDefinition, LogDriver};

use super::Aws;
use super::failure::failure;
use crate::domain::failure::{Failure, FailureKind};

/// One revision of a task definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::adapters) struct Definition {
    /// Its ARN, with the revision.
    pub(in crate::adapters) arn: String,
    /// Its containers.
    pub(in crate::adapters) containers: Vec<ContainerView>,
}

/// A container as its definition describes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::adapters) struct ContainerView {
    /// Its name.
    pub(in crate::adapters) name: String,
    /// The variables that everybody who may describe it can read.
    pub(in crate::adapters) variables: BTreeMap<String, String>,
    /// The names of the variables that are filled from a secret when it starts.
    pub(in crate::adapters) secrets: BTreeSet<String>,
    /// The log group, and what the name of its stream begins with; `None` where its lines go somewhere else.
    pub(in crate::adapters) log: Option<(String, String)>,
}

impl Definition {
    /// The family and the revision, such as `liquibase-dev:7`.
    pub(in crate::adapters) fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }

    /// The container called `name`.
    pub(in crate::adapters) fn container(&self, name: &str) -> Option<&ContainerView> {
        self.containers.iter().find(|container| container.name == name)
    }
}

impl Aws {
    /// The newest active revision of a family.
    pub(in crate::adapters) async fn task_definition(&self, family: &str) -> Result<Definition, Failure> {
        let what = format!("could not describe the task definition {family}");
        let request = self.clients().await.ecs.describe_task_definition().task_definition(family);
        let answer = request.send().await.map_err(|error| {
            let failure = failure(&what, "ecs:DescribeTaskDefinition", &error, self.way());
            // ECS has no code of its own for a family that is not there.
            if failure.hint.is_some() {
                failure
            } else {
                failure.with_kind(FailureKind::Configuration).hint(format!(
                    "Correct [liquibase.ecs] task_definition, or register one of that name in {}.",
                    self.way().region
                ))
            }
        })?;
        let empty = || Failure::new(FailureKind::Unavailable, &what).because("the answer was empty");
        let definition = answer.task_definition.ok_or_else(empty)?;
        Ok(Definition {
            arn: definition.task_definition_arn.ok_or_else(empty)?,
            containers: definition.container_definitions.unwrap_or_default().iter().map(container).collect(),
        })
    }
}

fn container(definition: &ContainerDefinition) -> ContainerView {
    let pair = |pair: &aws_sdk_ecs::types::KeyValuePair| {
        Some((pair.name()?.to_owned(), pair.value().unwrap_or_default().to_owned()))
    };
    let log = definition.log_configuration().filter(|log| *log.log_driver() == LogDriver::Awslogs);
    let option = |name: &str| log?.options()?.get(name).cloned();
    ContainerView {
        name: definition.name().unwrap_or_default().to_owned(),
        variables: definition.environment().iter().filter_map(pair).collect(),
        secrets: definition.secrets().iter().map(|secret| secret.name().to_owned()).collect(),
        log: option("awslogs-group").zip(option("awslogs-stream-prefix")),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::{KeyValuePair, LogConfiguration, Secret};

    use super::*;

    #[test]
    fn a_container_is_known_by_its_variables_its_secrets_and_where_its_lines_go() {
        let log = |driver: LogDriver| {
            let log = LogConfiguration::builder().log_driver(driver);
            log.options("awslogs-group", "/g").options("awslogs-stream-prefix", "dev").build().unwrap()
        };
        let built = |driver| {
            ContainerDefinition::builder()
                .name("liquibase")
                .environment(KeyValuePair::builder().name("A").value("1").build())
                .secrets(Secret::builder().name("B").value_from("arn").build().unwrap())
                .log_configuration(log(driver))
                .build()
        };
        let view = container(&built(LogDriver::Awslogs));
        assert_eq!((view.variables["A"].as_str(), view.secrets.contains("B")), ("1", true));
        assert_eq!(view.log, Some(("/g".to_owned(), "dev".to_owned())));
        assert_eq!(container(&built(LogDriver::Awsfirelens)).log, None);
    }
}
