//! Task definitions: one for the migrations of each environment, as the infrastructure would have made them, and whatever
//! is registered besides.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{environment_of_family, invalid};
use crate::sandbox::aws::wire::{self, Fault};
use crate::sandbox::aws::world::Inner;
use crate::sandbox::aws::{names, seed};

/// The longest name of a family.
const FAMILY: usize = 255;

/// What was registered, by family, oldest first.
#[derive(Default)]
pub(super) struct Definitions(BTreeMap<String, Vec<Value>>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeRequest {
    task_definition: Option<String>,
}

/// Registers a further revision of a family.
pub(super) fn register(world: &Inner, request: Map<String, Value>) -> Result<Value, Fault> {
    let client = |message: &str| Fault::client("ClientException", message);
    let family = request.get("family").and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if family.is_empty() || family.len() > FAMILY || !family.chars().all(is_name) {
        return Err(client("Family should match the regex [a-zA-Z0-9-_]{1,255}."));
    }
    let containers = request.get("containerDefinitions").and_then(Value::as_array);
    let containers = containers.filter(|containers| !containers.is_empty());
    let containers = containers.ok_or_else(|| client("Container definitions are missing."))?;
    let is_whole = |container: &Value| container["name"].is_string() && container["image"].is_string();
    if !containers.iter().all(is_whole) {
        return Err(client("Container.name and Container.image should not be null or empty."));
    }
    let first = 1 + usize::from(environment_of_family(&world.settings, &family).is_some());
    let mut definitions = world.ecs.definitions();
    let known = definitions.0.entry(family.clone()).or_default();
    let definition = whole(world, request, &family, first + known.len());
    known.push(definition.clone());
    Ok(json!({ "taskDefinition": definition }))
}

/// Describes a revision; of a family alone the newest.
pub(super) fn describe(world: &Inner, request: DescribeRequest) -> Result<Value, Fault> {
    let reference = request.task_definition.unwrap_or_default();
    let definition = find(world, &reference)
        .ok_or_else(|| Fault::client("ClientException", "Unable to describe task definition."))?;
    Ok(json!({ "taskDefinition": definition, "tags": [] }))
}

/// The definition that `reference` names: a family, a family with its revision, or an ARN.
pub(super) fn find(world: &Inner, reference: &str) -> Option<Value> {
    let family = family_of(reference);
    let mut revisions: Vec<Value> = seeded(world, family).into_iter().collect();
    revisions.extend(world.ecs.definitions().0.get(family).into_iter().flatten().cloned());
    let name = reference.rsplit('/').next().unwrap_or(reference);
    match name.split_once(':') {
        None => revisions.pop(),
        Some((_, revision)) => {
            let wanted: u64 = revision.parse().ok()?;
            revisions.into_iter().find(|definition| definition["revision"] == wanted)
        }
    }
}

/// The family of a reference to a definition.
pub(super) fn family_of(reference: &str) -> &str {
    let name = reference.rsplit('/').next().unwrap_or(reference);
    name.split(':').next().unwrap_or(name)
}

fn whole(world: &Inner, request: Map<String, Value>, family: &str, revision: usize) -> Value {
    let mut definition = request;
    definition.remove("tags");
    let arn = names::task_definition_arn(&world.settings, family, revision);
    for (name, value) in [
        ("taskDefinitionArn", json!(arn)),
        ("revision", json!(revision)),
        ("status", json!("ACTIVE")),
        ("compatibilities", json!(["EC2", "FARGATE"])),
        ("registeredAt", json!(wire::epoch(Timestamp::now()))),
        ("registeredBy", json!(format!("arn:aws:iam::{}:user/sandbox", world.settings.account))),
    ] {
        definition.insert(name.to_owned(), value);
    }
    Value::Object(definition)
}

/// What the infrastructure of the demo has for an environment: one container fetches the archive, the other runs Liquibase.
fn seeded(world: &Inner, family: &str) -> Option<Value> {
    let settings = &world.settings;
    let environment = environment_of_family(settings, family)?;
    let database = &settings.seeds.iter().find(|seed| seed.environment == environment)?.database;
    let access = world.database();
    let [username, password] = seed::secret_names(settings).map(|name| names::secret_arn(settings, &name));
    let log = json!({"logDriver": "awslogs", "options": {
        "awslogs-group": names::migrations_log(settings),
        "awslogs-region": settings.region,
        "awslogs-stream-prefix": environment,
    }});
    let role = |name: &str| {
        format!("arn:aws:iam::{}:role/bagel-store-{}-{name}", settings.account, settings.demo_id)
    };
    let request = json!({
        "family": family,
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "512",
        "memory": "1024",
        "executionRoleArn": role("migration-start"),
        "taskRoleArn": role("migration"),
        "volumes": [{"name": "release"}],
        "placementConstraints": [],
        "containerDefinitions": [
            {
                "name": "archive",
                "image": "public.ecr.aws/aws-cli/aws-cli:2.27.0",
                "cpu": 0,
                "essential": false,
                "command": ["s3", "cp", format!("s3://{}/changelog.zip", names::releases_bucket(settings)), "/release/changelog.zip"],
                "environment": [{"name": "AWS_REGION", "value": settings.region}],
                "mountPoints": [{"sourceVolume": "release", "containerPath": "/release", "readOnly": false}],
                "logConfiguration": log,
            },
            {
                "name": "liquibase",
                "image": "liquibase/liquibase-secure:5.0.1",
                "cpu": 0,
                "entryPoint": ["/liquibase/liquibase"],
                "command": ["status", "--verbose"],
                "essential": true,
                "dependsOn": [{"containerName": "archive", "condition": "SUCCESS"}],
                "mountPoints": [{"sourceVolume": "release", "containerPath": "/release", "readOnly": true}],
                "environment": [
                    {"name": "LIQUIBASE_COMMAND_URL", "value": format!("jdbc:postgresql://{}:{}/{database}", access.host, access.port)},
                    {"name": "LIQUIBASE_SEARCH_PATH", "value": "/release/changelog.zip"},
                    {"name": "LIQUIBASE_COMMAND_CHANGELOG_FILE", "value": "changelog/changelog-master.yaml"},
                    {"name": "LIQUIBASE_HEADLESS", "value": "true"},
                ],
                "secrets": [
                    {"name": "LIQUIBASE_COMMAND_USERNAME", "valueFrom": username},
                    {"name": "LIQUIBASE_COMMAND_PASSWORD", "valueFrom": password},
                ],
                "logConfiguration": log,
            },
        ],
    });
    let Value::Object(request) = request else { return None };
    Some(whole(world, request, family, 1))
}

/// Refuses containers that a definition does not have.
pub(super) fn check_overrides(definition: &Value, names: impl Iterator<Item = String>) -> Result<(), Fault> {
    let containers = definition["containerDefinitions"].as_array().cloned().unwrap_or_default();
    for name in names {
        if !containers.iter().any(|container| container["name"] == name.as_str()) {
            return Err(invalid(format!(
                "Override for container named {name} is not a container in the TaskDefinition."
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_family_of_every_reference_is_known() {
        for reference in [
            "liquibase-dev",
            "liquibase-dev:7",
            "arn:aws:ecs:us-east-1:000000000000:task-definition/liquibase-dev:7",
        ] {
            assert_eq!(family_of(reference), "liquibase-dev");
        }
    }
}
