//! The parts of a task definition, and of what a task has otherwise, that the sandbox goes by; and tasks as ECS shows them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::tasks::Task;
use crate::sandbox::aws::wire;

/// A container of a definition.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ContainerDefinition {
    pub(super) name: String,
    pub(super) image: String,
    pub(super) entry_point: Vec<String>,
    pub(super) command: Vec<String>,
    environment: Vec<Pair>,
    pub(super) secrets: Vec<SecretPlace>,
    essential: Option<bool>,
    pub(super) depends_on: Vec<Dependency>,
    pub(super) mount_points: Vec<MountPoint>,
    log_configuration: LogConfiguration,
}

#[derive(Clone, Debug, Deserialize)]
struct Pair {
    name: String,
    #[serde(default)]
    value: String,
}

/// Where the value of a variable comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SecretPlace {
    pub(super) name: String,
    pub(super) value_from: String,
}

/// What has to have happened before a container is started.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dependency {
    pub(super) container_name: String,
    pub(super) condition: String,
}

/// Where a container has a volume.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MountPoint {
    pub(super) source_volume: String,
    pub(super) container_path: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LogConfiguration {
    log_driver: String,
    options: BTreeMap<String, String>,
}

/// What a task has otherwise than its definition.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Overrides {
    pub(super) container_overrides: Vec<ContainerOverride>,
}

/// What one container has otherwise.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ContainerOverride {
    pub(super) name: String,
    command: Option<Vec<String>>,
    environment: Vec<Pair>,
}

impl ContainerDefinition {
    /// The containers of a definition, as far as they can be read.
    pub(super) fn all(definition: &Value) -> Vec<Self> {
        serde_json::from_value(definition["containerDefinitions"].clone()).unwrap_or_default()
    }

    /// True when its end is the end of the task.
    pub(super) fn is_essential(&self) -> bool {
        self.essential.unwrap_or(true)
    }

    /// The same with what a task has otherwise.
    pub(super) fn overridden(mut self, overrides: &Overrides) -> Self {
        let own = overrides.container_overrides.iter().filter(|other| other.name == self.name);
        for other in own {
            if let Some(command) = &other.command {
                self.command.clone_from(command);
            }
            self.environment.extend(other.environment.iter().cloned());
        }
        self
    }

    /// Its variables; of two with one name the later one counts.
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        self.environment.iter().map(|pair| (pair.name.clone(), pair.value.clone())).collect()
    }

    /// The log group and the stream that its lines go to in this task, if they go to CloudWatch.
    pub(super) fn log(&self, task: &str) -> Option<(String, String)> {
        let LogConfiguration { log_driver, options } = &self.log_configuration;
        let group = options.get("awslogs-group").filter(|_| log_driver == "awslogs")?;
        let prefix = options.get("awslogs-stream-prefix")?;
        Some((group.clone(), format!("{prefix}/{}/{task}", self.name)))
    }
}

/// A task as `DescribeTasks` shows it.
pub(super) fn shown(cluster: &str, task: &Task) -> Value {
    let containers: Vec<Value> = task
        .containers
        .iter()
        .map(|container| {
            let mut shown = json!({
                "containerArn": task.arn.replacen(":task/", ":container/", 1) + "/" + &container.name,
                "taskArn": task.arn,
                "name": container.name,
                "image": container.image,
                "lastStatus": container.status,
                "networkBindings": [],
                "networkInterfaces": [],
                "healthStatus": "UNKNOWN",
                "cpu": "0",
            });
            put(&mut shown, "exitCode", container.exit_code.map(Value::from));
            put(&mut shown, "reason", container.reason.clone().map(Value::from));
            shown
        })
        .collect();
    let mut shown = json!({
        "attachments": [],
        "attributes": [],
        "availabilityZone": "us-east-1a",
        "clusterArn": cluster,
        "connectivity": "CONNECTED",
        "containers": containers,
        "cpu": "512",
        "createdAt": wire::epoch(task.created),
        "desiredStatus": task.desired,
        "enableExecuteCommand": false,
        "group": format!("family:{}", task.family),
        "healthStatus": "UNKNOWN",
        "lastStatus": task.status,
        "launchType": "FARGATE",
        "memory": "1024",
        "overrides": task.overrides,
        "platformFamily": "Linux",
        "platformVersion": "1.4.0",
        "taskArn": task.arn,
        "taskDefinitionArn": task.definition,
        "version": 1,
    });
    put(&mut shown, "startedBy", task.started_by.clone().map(Value::from));
    for (name, at) in
        [("startedAt", task.started), ("stoppingAt", task.stopping), ("stoppedAt", task.stopped)]
    {
        put(&mut shown, name, at.map(|at| wire::epoch(at).into()));
    }
    put(&mut shown, "stopCode", task.stop_code.map(Value::from));
    put(&mut shown, "stoppedReason", task.reason.clone().map(Value::from));
    shown
}

fn put(object: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(members), Some(value)) = (object.as_object_mut(), value) {
        members.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_task_has_otherwise_beats_its_definition_and_leaves_the_rest() {
        let definition = json!({"containerDefinitions": [{
            "name": "liquibase", "command": ["status"],
            "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/g", "awslogs-stream-prefix": "dev"}},
        }]});
        let overrides = json!({"containerOverrides": [
            {"name": "liquibase", "command": ["update"], "environment": [{"name": "B", "value": "3"}]},
            {"name": "other", "command": ["nothing"]},
        ]});
        let overrides: Overrides = serde_json::from_value(overrides).unwrap();
        let container = ContainerDefinition::all(&definition).remove(0).overridden(&overrides);
        assert_eq!(container.command, ["update"]);
        let variables = container.variables();
        assert_eq!((variables["A"].as_str(), variables["B"].as_str()), ("1", "3"));
        assert_eq!(container.log("0123"), Some(("/g".to_owned(), "dev/liquibase/0123".to_owned())));
        assert!(container.is_essential());
    }
}
