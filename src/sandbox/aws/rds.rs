//! The emulated RDS: one instance, which is the real PostgreSQL on the loopback interface.
//!
//! Its status and version are asked of that server: `available` when it takes connections, `stopped` when
//! nothing does. Absent on purpose: snapshots, restoring, every change.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use tokio::net::TcpStream;
use tokio_postgres::NoTls;

use super::names;
use super::settings::DatabaseAccess;
use super::wire::{self, Fault, Metadata};
use super::world::Inner;

/// What this service of the sandbox answers.
pub(super) const OFFERED: &str = "DescribeDBInstances";
/// The XML namespace of its answers.
pub(super) const NAMESPACE: &str = "http://rds.amazonaws.com/doc/2014-10-31/";
/// How long the server may take to say which version it is.
const PATIENCE: Duration = Duration::from_millis(500);

#[derive(Serialize)]
#[serde(rename = "DescribeDBInstancesResponse")]
struct Answer {
    #[serde(rename = "@xmlns")]
    xmlns: &'static str,
    #[serde(rename = "DescribeDBInstancesResult")]
    result: Described,
    #[serde(rename = "ResponseMetadata")]
    metadata: Metadata,
}

#[derive(Serialize)]
struct Described {
    #[serde(rename = "DBInstances")]
    instances: Instances,
}

#[derive(Serialize)]
struct Instances {
    #[serde(rename = "DBInstance")]
    instance: Vec<DatabaseInstance>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DatabaseInstance {
    #[serde(rename = "DBInstanceIdentifier")]
    identifier: String,
    #[serde(rename = "DBInstanceClass")]
    class: &'static str,
    engine: &'static str,
    #[serde(rename = "DBInstanceStatus")]
    status: &'static str,
    master_username: String,
    master_user_secret: MasterUserSecret,
    endpoint: Endpoint,
    allocated_storage: u32,
    instance_create_time: String,
    backup_retention_period: u32,
    #[serde(rename = "MultiAZ")]
    multi_az: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    engine_version: Option<String>,
    availability_zone: String,
    publicly_accessible: bool,
    storage_type: &'static str,
    storage_encrypted: bool,
    dbi_resource_id: String,
    #[serde(rename = "DBInstanceArn")]
    arn: String,
    tag_list: TagList,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Endpoint {
    address: String,
    port: u16,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct MasterUserSecret {
    secret_arn: String,
    secret_status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TagList {
    tag: Vec<Tag>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: &'static str,
    value: String,
}

/// Answers one call with the XML document.
pub(super) async fn call(
    world: &Inner,
    operation: &str,
    form: &BTreeMap<String, String>,
    request_id: &str,
) -> Result<String, Fault> {
    match operation {
        "DescribeDBInstances" => {
            let identifier = names::rds_identifier(&world.settings);
            if let Some(asked) = form.get("DBInstanceIdentifier")
                && !asked.eq_ignore_ascii_case(&identifier)
                && *asked != names::rds_arn(&world.settings)
            {
                let message = format!("DBInstance {asked} not found.");
                return Err(Fault { status: 404, ..Fault::client("DBInstanceNotFound", message) });
            }
            let instance = describe(world, identifier).await;
            let result = Described { instances: Instances { instance: vec![instance] } };
            wire::xml(&Answer { xmlns: NAMESPACE, result, metadata: Metadata::new(request_id) })
        }
        other => Err(Fault::unknown_action("rds", other, OFFERED)),
    }
}

async fn describe(world: &Inner, identifier: String) -> DatabaseInstance {
    let settings = &world.settings;
    let database = world.database();
    let created = world.state().services.iter().map(|service| service.created_at).min().unwrap_or_default();
    let status = if takes_connections(&database).await { "available" } else { "stopped" };
    let engine_version = match world.known_engine_version(&database) {
        Some(version) => Some(version),
        None => match tokio::time::timeout(PATIENCE, engine_version(&database)).await {
            Ok(Ok(version)) => {
                world.learn_engine_version(database.clone(), version.clone());
                Some(version)
            }
            // Not knowing is no failure: the member is optional, the next call asks again.
            Ok(Err(_)) | Err(_) => None,
        },
    };
    let tags = names::tags(settings).into_iter().map(|(key, value)| Tag { key, value });
    DatabaseInstance {
        class: "db.t3.micro",
        engine: "postgres",
        status,
        master_username: database.username,
        master_user_secret: MasterUserSecret {
            secret_arn: names::secret_arn(settings, &names::managed_secret(settings)),
            secret_status: "active",
        },
        endpoint: Endpoint { address: database.host, port: database.port },
        allocated_storage: 20,
        instance_create_time: format!("{created:.3}"),
        backup_retention_period: 7,
        multi_az: false,
        engine_version,
        availability_zone: format!("{}a", settings.region),
        publicly_accessible: false,
        storage_type: "gp3",
        storage_encrypted: true,
        dbi_resource_id: format!("db-{}", names::derived(&[&identifier]).to_uppercase()),
        arn: names::rds_arn(settings),
        tag_list: TagList { tag: tags.collect() },
        identifier,
    }
}

async fn takes_connections(database: &DatabaseAccess) -> bool {
    let connecting = TcpStream::connect((database.host.as_str(), database.port));
    tokio::time::timeout(PATIENCE, connecting).await.is_ok_and(|connected| connected.is_ok())
}

/// The version as RDS writes it, `16.4`, without what a distribution adds.
async fn engine_version(database: &DatabaseAccess) -> Result<String, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::Config::new()
        .host(&database.host)
        .port(database.port)
        .user(&database.username)
        .password(&database.password)
        .dbname("postgres")
        .connect(NoTls)
        .await?;
    let connection = tokio::spawn(connection);
    let row = client.query_one("SHOW server_version", &[]).await;
    connection.abort();
    let version: String = row?.try_get(0)?;
    Ok(version.split_whitespace().next().unwrap_or_default().to_owned())
}
