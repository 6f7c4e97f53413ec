//! The emulated Secrets Manager: user name and password of the instance's database, in a secret each and in the one
//! that RDS manages.
//!
//! Values come from the settings at the moment they are asked for and are kept nowhere. Absent on purpose:
//! writing, rotation, versions other than `AWSCURRENT`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::wire::{self, Fault};
use super::world::Inner;
use super::{names, seed};

/// What this service of the sandbox answers.
pub(super) const OFFERED: &str = "GetSecretValue, DescribeSecret, ListSecrets";

/// A secret with its value; no `Debug`, so that it cannot be printed.
pub(super) struct Secret {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SecretRequest {
    secret_id: Option<String>,
    version_id: Option<String>,
    version_stage: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SecretValue {
    #[serde(rename = "ARN")]
    arn: String,
    name: String,
    version_id: String,
    secret_string: String,
    version_stages: [&'static str; 1],
    created_date: f64,
}

/// Answers one call.
pub(super) fn call(world: &Inner, operation: &str, body: &[u8]) -> Result<Value, Fault> {
    match operation {
        "GetSecretValue" => wire::answer(&value(world, wire::read(body)?)?),
        "DescribeSecret" => {
            let request: SecretRequest = wire::read(body)?;
            let secret = requested(world, request.secret_id.as_deref())?;
            Ok(description(world, &secret, "VersionIdsToStages"))
        }
        "ListSecrets" => {
            let list: Vec<Value> = all(world)
                .iter()
                .map(|secret| description(world, secret, "SecretVersionsToStages"))
                .collect();
            Ok(json!({ "SecretList": list }))
        }
        other => Err(Fault::unknown_operation("secretsmanager", other, OFFERED)),
    }
}

/// The secret with a name or an ARN, with or without the six characters at its end.
pub(super) fn find(world: &Inner, name_or_arn: &str) -> Option<Secret> {
    all(world).into_iter().find(|secret| {
        let partial = secret.arn.rsplit_once('-').map(|(partial, _)| partial);
        secret.name == name_or_arn || secret.arn == name_or_arn || partial == Some(name_or_arn)
    })
}

fn all(world: &Inner) -> [Secret; 3] {
    let database = world.database();
    let [username, password] = seed::secret_names(&world.settings);
    let managed = json!({ "username": database.username, "password": database.password }).to_string();
    let all = [
        (username, database.username),
        (password, database.password),
        (names::managed_secret(&world.settings), managed),
    ];
    all.map(|(name, value)| Secret { arn: names::secret_arn(&world.settings, &name), name, value })
}

fn value(world: &Inner, request: SecretRequest) -> Result<SecretValue, Fault> {
    let secret = requested(world, request.secret_id.as_deref())?;
    let version_id = version_id(world, &secret);
    if let Some(stage) = request.version_stage.filter(|stage| stage != "AWSCURRENT") {
        let message =
            format!("Secrets Manager can't find the specified secret value for staging label: {stage}");
        return Err(Fault::client("ResourceNotFoundException", message));
    }
    if let Some(version) = request.version_id.filter(|version| *version != version_id) {
        let message =
            format!("Secrets Manager can't find the specified secret value for VersionId: {version}");
        return Err(Fault::client("ResourceNotFoundException", message));
    }
    Ok(SecretValue {
        version_id,
        arn: secret.arn,
        name: secret.name,
        secret_string: secret.value,
        version_stages: ["AWSCURRENT"],
        created_date: wire::epoch(created(world)),
    })
}

fn requested(world: &Inner, id: Option<&str>) -> Result<Secret, Fault> {
    let id = id.filter(|id| !id.is_empty()).ok_or_else(|| {
        Fault::client("InvalidParameterException", "You must provide a value for the SecretId parameter.")
    })?;
    find(world, id).ok_or_else(|| {
        Fault::client("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    })
}

fn description(world: &Inner, secret: &Secret, versions: &str) -> Value {
    let tags: Vec<Value> = names::tags(&world.settings)
        .iter()
        .map(|(key, value)| json!({ "Key": key, "Value": value }))
        .collect();
    let created = wire::epoch(created(world));
    json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "LastChangedDate": created,
        "CreatedDate": created,
        "Tags": tags,
        versions: { version_id(world, secret): ["AWSCURRENT"] },
    })
}

fn version_id(world: &Inner, secret: &Secret) -> String {
    names::dashed(&names::derived(&[&world.settings.demo_id, &secret.name, "version"]))
}

/// Secrets are made with the instance: before its first service.
fn created(world: &Inner) -> Timestamp {
    world.state().services.iter().map(|service| service.created_at).min().unwrap_or(Timestamp::UNIX_EPOCH)
}
