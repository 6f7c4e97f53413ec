//! The emulated ECS: the cluster of migrations, whose tasks run the real Liquibase.
//!
//! Follows ECS's service model and what is known of its behaviour: a task goes from `PROVISIONING` to `STOPPED`, an answer
//! that is no error may say that nothing was started, and a container that never ran has no exit code. Tasks and what was
//! registered live as long as the sandbox runs. Absent on purpose: services, clusters of one's own, placement, roles,
//! tags, every volume that outlives a task.

mod containers;
mod definitions;
mod liquibase;
mod shapes;
mod task;
mod tasks;

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use self::definitions::Definitions;
use self::tasks::Tasks;
use super::wire::{self, Fault};
use super::world::{Inner, Shared};
use super::{names, settings::Settings};

/// What this service of the sandbox answers.
pub(super) const OFFERED: &str =
    "RegisterTaskDefinition, DescribeTaskDefinition, RunTask, DescribeTasks, ListTasks, StopTask";

/// What ECS knows. No lock of it is held across an await.
#[derive(Default)]
pub(super) struct Ecs {
    definitions: Mutex<Definitions>,
    tasks: Mutex<Tasks>,
}

impl Ecs {
    fn definitions(&self) -> MutexGuard<'_, Definitions> {
        self.definitions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends every task and forgets what was registered.
    pub(super) fn forget(&self) {
        self.tasks().forget();
        *self.definitions() = Definitions::default();
    }
}

/// Answers one call.
pub(super) fn call(world: &Shared, operation: &str, body: &[u8]) -> Result<Value, Fault> {
    match operation {
        "RegisterTaskDefinition" => definitions::register(world, wire::read(body)?),
        "DescribeTaskDefinition" => definitions::describe(world, wire::read(body)?),
        "RunTask" => tasks::run(world, &wire::read(body)?),
        "DescribeTasks" => tasks::describe(world, &wire::read(body)?),
        "ListTasks" => tasks::list(world, &wire::read(body)?),
        "StopTask" => tasks::stop(world, wire::read(body)?),
        other => Err(Fault::unknown_operation("ecs", other, OFFERED)),
    }
}

/// The environment that a request to ECS, or for the log of its tasks, is about.
pub(super) fn environment_of(world: &Inner, body: &Value) -> Option<String> {
    let text = |name: &str| body[name].as_str();
    let family = text("taskDefinition").or_else(|| text("family")).map(definitions::family_of);
    let of_family = family.and_then(|family| environment_of_family(&world.settings, family));
    let task = text("task").or_else(|| body["tasks"][0].as_str());
    let of_task = || world.ecs.tasks().find(task?).and_then(|task| task.environment.clone());
    let is_log = text("logGroupName") == Some(names::migrations_log(&world.settings).as_str());
    let stream = text("logStreamNamePrefix").filter(|_| is_log);
    let of_stream = || stream.and_then(|stream| stream.split('/').next()).map(str::to_owned);
    of_family.or_else(of_task).or_else(of_stream)
}

/// The environment whose migrations are of this family.
fn environment_of_family(settings: &Settings, family: &str) -> Option<String> {
    let seeds = settings.seeds.iter().map(|seed| &seed.environment);
    seeds.into_iter().find(|name| names::migration_family(settings, name) == family).cloned()
}

/// Refuses another cluster than that of migrations.
fn check_cluster(world: &Inner, cluster: Option<&str>) -> Result<(), Fault> {
    let own = names::migrations_cluster(&world.settings);
    let named = cluster.unwrap_or("default");
    if named == own || named == names::cluster_arn(&world.settings) {
        return Ok(());
    }
    Err(Fault::client("ClusterNotFoundException", "Cluster not found."))
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::client("InvalidParameterException", message)
}
