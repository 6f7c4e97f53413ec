//! What a ready sandbox hands out: its addresses, and the files that name them.
//!
//! `ready.json` holds the addresses, `lockstep.toml` is the configuration of this instance, `pgpass` lets PostgreSQL's
//! own tools in. Deliberately absent: the password anywhere but in `pgpass`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::databases::Access;
use super::folder::{StateFolder, create_folder, write_json, write_private};
use super::{LaunchSettings, SandboxError, policy, story};

/// A ready sandbox; also the form of `ready.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    /// The instance.
    pub demo_id: String,
    /// Everything of it is in here.
    pub state_folder: PathBuf,
    /// The configuration file of the instance.
    pub config: PathBuf,
    /// Where the release archives belong.
    pub releases: PathBuf,
    /// The emulated AWS.
    pub endpoint_url: String,
    /// The region it pretends to be in.
    pub region: String,
    /// A key that it takes.
    pub access_key_id: String,
    /// The secret that belongs to the key; it guards nothing.
    pub secret_access_key: String,
    /// The database server.
    pub postgres: PostgresAddress,
    /// Passwords in PGPASSFILE form, for the owner only.
    pub pgpass: PathBuf,
    /// The store's address by environment.
    pub stores: BTreeMap<String, String>,
    /// How many times faster than AWS.
    pub time_factor: u32,
    /// True when it lives until it is taken down.
    pub kept: bool,
    /// The process that owns it all.
    pub keeper: u32,
}

/// Where the database server is; the password is in the pgpass file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostgresAddress {
    /// Always loopback.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// The superuser.
    pub user: String,
    /// For people, for example `15.18`.
    pub version: String,
}

impl Sandbox {
    /// Every TCP port in use: the emulated AWS, the database server, the stores.
    pub fn ports(&self) -> Vec<u16> {
        let port = |address: &String| address.rsplit(':').next().and_then(|digits| digits.parse().ok());
        let services = std::iter::once(&self.endpoint_url).chain(self.stores.values());
        services.filter_map(port).chain([self.postgres.port]).collect()
    }

    /// Writes the files that tell others where this sandbox is.
    pub(super) fn publish(
        &self,
        state: &StateFolder,
        settings: &LaunchSettings,
        access: &Access,
    ) -> Result<(), SandboxError> {
        create_folder(&self.releases, 0o755)?;
        policy::place(state, false)?;
        let pgpass = format!("127.0.0.1:{}:*:{}:{}\n", access.port, access.user, access.password);
        write_private(&state.pgpass(), pgpass.as_bytes())?;
        let config = toml::to_string(&self.configuration(settings)).map_err(std::io::Error::other);
        let config = config.map_err(SandboxError::file("write", &state.config()))?;
        write_private(&state.config(), config.as_bytes())?;
        write_json(&state.ready(), self)
    }

    fn configuration(&self, settings: &LaunchSettings) -> Configuration {
        let id = &settings.demo_id;
        let environment = |told: &story::Environment| Environment {
            name: told.name,
            service: story::service(id, told.name),
            database: told.name,
            address: self.stores.get(told.name).cloned().unwrap_or_default(),
            gate: told.gate,
            approval: told.needs_approval().then_some(Approval {
                approvals: 1,
                // A presenter is alone.
                requester_may_approve: true,
                can_be_overridden: true,
            }),
            production: told.production,
        };
        Configuration {
            instance: Instance {
                id: id.clone(),
                title: "Bagel Store",
                mode: format!("SANDBOX ×{}", settings.time_factor),
            },
            aws: Aws {
                region: self.region.clone(),
                endpoint_url: self.endpoint_url.clone(),
                access_key_id: self.access_key_id.clone(),
                secret_access_key: self.secret_access_key.clone(),
                account: story::ACCOUNT,
            },
            database: Database {
                instance: story::database_instance(id),
                username_secret: format!("{id}/rds/username"),
                password_secret: format!("{id}/rds/password"),
            },
            liquibase: settings.liquibase_as_task.then(|| Liquibase {
                runner: "ecs",
                ecs: Ecs {
                    cluster: story::migrations_cluster(id),
                    task_definition: story::migrations_family(id),
                    subnets: story::NETWORK.0,
                    security_groups: [story::NETWORK.1],
                    bucket: story::releases_bucket(id),
                },
            }),
            reports: Reports { bucket: story::reports_bucket(id) },
            releases: Releases {
                folder: self.releases.clone(),
                image: story::image_repository(id),
                registry: self.endpoint_url.clone(),
            },
            policy: policy::Policy::of_a_sandbox(&self.state_folder),
            promotion: policy::Promotion::of_a_sandbox(&self.state_folder),
            polling: Polling {
                operation: (5.0 / f64::from(settings.time_factor.max(1))).max(0.05),
                observe: 2.0,
            },
            environment: story::ENVIRONMENTS.iter().map(environment).collect(),
        }
    }
}

/// The form of `lockstep.toml`; the layer that reads it has types of its own.
#[derive(Serialize)]
struct Configuration {
    instance: Instance,
    aws: Aws,
    database: Database,
    releases: Releases,
    #[serde(skip_serializing_if = "Option::is_none")]
    liquibase: Option<Liquibase>,
    reports: Reports,
    policy: policy::Policy,
    promotion: policy::Promotion,
    polling: Polling,
    environment: Vec<Environment>,
}

#[derive(Serialize)]
struct Instance {
    id: String,
    title: &'static str,
    mode: String,
}

#[derive(Serialize)]
struct Aws {
    region: String,
    endpoint_url: String,
    access_key_id: String,
    secret_access_key: String,
    account: &'static str,
}

#[derive(Serialize)]
struct Database {
    instance: String,
    username_secret: String,
    password_secret: String,
}

#[derive(Serialize)]
struct Releases {
    folder: PathBuf,
    image: String,
    registry: String,
}

#[derive(Serialize)]
struct Liquibase {
    runner: &'static str,
    ecs: Ecs,
}

#[derive(Serialize)]
struct Ecs {
    cluster: String,
    task_definition: String,
    subnets: [&'static str; 2],
    security_groups: [&'static str; 1],
    bucket: String,
}

#[derive(Serialize)]
struct Reports {
    bucket: String,
}

/// Seconds between two looks.
#[derive(Serialize)]
struct Polling {
    operation: f64,
    observe: f64,
}

#[derive(Serialize)]
struct Environment {
    name: &'static str,
    service: String,
    database: &'static str,
    address: String,
    gate: &'static str,
    #[serde(flatten)]
    approval: Option<Approval>,
    production: bool,
}

#[derive(Serialize)]
struct Approval {
    approvals: usize,
    requester_may_approve: bool,
    #[serde(rename = "override")]
    can_be_overridden: bool,
}
