//! The emulated AWS of the sandbox, with a real store process behind every service.
//!
//! One port answers for App Runner, ECS, CloudWatch Logs, Secrets Manager, RDS, STS, S3 and the registry of images; four more are the public
//! addresses of the stores. What AWS answers is in `apprunner`, `ecs`, `cloudwatch`, `secrets`, `rds`, `sts` and `s3`,
//! how it is wrapped in `wire`, what goes wrong with it in `faults`; what happens behind it in `deployment`, `place`, `instance` and `forward`.
//! Absent on purpose: PostgreSQL itself, the listener that serves [`World::router`], and every other part of
//! the program: this one knows none of them.

mod apprunner;
mod apprunner_shapes;
mod cloudwatch;
mod configuration;
mod deployment;
mod durations;
mod ecs;
mod faults;
mod forward;
mod health;
mod image;
mod instance;
mod launch;
mod lines;
mod listing;
mod logs;
mod names;
mod place;
mod rds;
mod registry;
mod s3;
mod secrets;
mod seed;
mod serving;
mod settings;
mod state;
mod sts;
mod wire;
mod world;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::routing::get;
pub use settings::{DatabaseAccess, ServiceSeed, Settings, WorldError};
use world::Shared;

/// The emulated AWS of one demo instance; clones are the same world.
#[derive(Clone)]
pub struct World(Shared);

impl World {
    /// Opens the world kept in the state folder, or the one the seeds describe when there is none.
    ///
    /// Returns when every store that should run listens or has had ten seconds to. An operation that was
    /// under way when the world was last closed (or killed) is carried on. Needs a Tokio runtime with time and
    /// input/output; never blocks it.
    pub async fn open(settings: Settings) -> Result<Self, WorldError> {
        world::open(settings).await.map(Self)
    }

    /// The AWS API: every operation is a POST to `/`, but for those of S3; and beside it the registry of images. Serve it
    /// on loopback, with `TCP_NODELAY`.
    pub fn router(&self) -> axum::Router {
        axum::Router::new()
            .route("/token/", get(registry::token))
            .route("/v2/{*path}", get(registry::manifest))
            .fallback(faults::serve)
            .with_state(self.0.clone())
    }

    /// The public address of each environment's store; it stays the same for the life of the world.
    pub fn addresses(&self) -> BTreeMap<String, SocketAddr> {
        self.0.places.iter().map(|(environment, place)| (environment.clone(), place.address())).collect()
    }

    /// Makes the world what the seeds describe: services, operations and logs; addresses stay.
    ///
    /// The seeds must name the environments the world was opened with. Operations under way are dropped.
    pub async fn reset(&self, seeds: Vec<ServiceSeed>) -> Result<(), WorldError> {
        world::reset(&self.0, &seeds).await
    }

    /// Puts those files into the bucket for flows that it does not have yet, each under its name.
    pub async fn place_flows(&self, files: &[(&str, &'static [u8])]) -> Result<(), WorldError> {
        s3::place_flows(&self.0, files).await
    }

    /// Starts every store anew against another server, or the same one with other credentials.
    pub async fn database_moved(&self, database: DatabaseAccess) {
        world::database_moved(&self.0, database).await;
    }

    /// Ends every store and writes `aws.json`; the API refuses changes from then on.
    pub async fn shutdown(&self) {
        world::shutdown(&self.0).await;
    }
}
