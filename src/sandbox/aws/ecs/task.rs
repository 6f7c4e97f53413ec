//! The life of one task: from being asked for, through its containers one after the other, to its end.
//!
//! Every step waits for the later of ECS's own time (scaled) and what really happens. Absent on purpose: containers that
//! run side by side.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::containers::{self, End};
use super::shapes::{ContainerDefinition, Overrides};
use super::tasks::{Container, Task};
use crate::sandbox::aws::durations::task::{DEPROVISIONING, PENDING, RUNNING};
use crate::sandbox::aws::world::Shared;
use crate::sandbox::faults::Effect;

/// A task that is carried out.
struct Life {
    world: Shared,
    id: String,
    created: Timestamp,
    environment: Option<String>,
    stop: CancellationToken,
}

/// Why a task ends without its essential container having ended by itself.
type Failed = (&'static str, String);

/// Begins to carry a task out.
pub(super) fn spawn(
    world: &Shared,
    task: Task,
    definitions: Vec<ContainerDefinition>,
    overrides: &Overrides,
) {
    let containers: Vec<_> = definitions.into_iter().map(|one| one.overridden(overrides)).collect();
    let Task { id, created, environment, stop, .. } = task;
    let life = Life { world: Arc::clone(world), id, created, environment, stop };
    let closing = world.closing.clone();
    tokio::spawn(async move { closing.run_until_cancelled(life.carry_out(containers)).await });
}

impl Life {
    async fn carry_out(self, containers: Vec<ContainerDefinition>) {
        let folder = self.world.settings.state_folder.join("tasks").join(&self.id);
        let ended = self.run(&containers, &folder).await;
        // What could not be removed is in nobody's way: every task has a folder of its own.
        tokio::fs::remove_dir_all(&folder).await.ok();
        self.change(|task| {
            // Whoever stopped it said why already.
            if let Err((code, reason)) = ended
                && task.stop_code.is_none()
            {
                task.stop_code = Some(code);
                task.reason = Some(reason);
            }
            task.status = "DEPROVISIONING";
            task.desired = "STOPPED";
            task.stopping.get_or_insert_with(Timestamp::now);
        });
        self.world.pace.wait_until(Timestamp::now(), DEPROVISIONING).await;
        self.change(|task| {
            task.status = "STOPPED";
            task.stopped = Some(Timestamp::now());
            task.containers.iter_mut().for_each(|container| container.status = "STOPPED");
        });
    }

    /// Always ends with a reason, which counts unless somebody stopped it.
    async fn run(&self, containers: &[ContainerDefinition], folder: &Path) -> Result<(), Failed> {
        self.stop.run_until_cancelled(self.begin(containers)).await.unwrap_or(Ok(()))?;
        if self.stop.is_cancelled() {
            return Ok(());
        }
        self.change(|task| {
            task.status = "RUNNING";
            task.started = Some(Timestamp::now());
        });
        let mut left: Vec<&ContainerDefinition> = containers.iter().collect();
        while !left.is_empty() {
            let ends = self.look(|task| task.containers.clone());
            let is_ready = |one: &&ContainerDefinition| {
                one.depends_on.iter().all(|on| is_met(&ends, &on.container_name, &on.condition))
            };
            let Some(next) = left.iter().position(is_ready) else {
                let names: Vec<_> = left.iter().map(|one| one.name.as_str()).collect();
                let reason =
                    format!("Task failed to start: a dependency of {} was not met", names.join(", "));
                return Err(("TaskFailedToStart", reason));
            };
            let container = left.remove(next);
            self.note(&container.name, |it| it.status = "RUNNING");
            let end = containers::run(&self.world, &self.id, container, folder, &self.stop).await;
            self.note(&container.name, |it| {
                it.status = "STOPPED";
                match &end {
                    End::Code(code) => it.exit_code = Some(*code),
                    End::Never(reason) => it.reason = Some(reason.clone()),
                }
            });
            match end {
                End::Never(reason) => return Err(("TaskFailedToStart", reason)),
                End::Code(_) if container.is_essential() || self.stop.is_cancelled() => break,
                End::Code(_) => {}
            }
        }
        Err(("EssentialContainerExited", "Essential container in task exited".to_owned()))
    }

    /// Finds a place, pulls the images, fetches the secrets.
    async fn begin(&self, containers: &[ContainerDefinition]) -> Result<(), Failed> {
        let (faults, environment) = (&self.world.settings.faults, self.environment.as_deref());
        self.world.pace.wait_until(self.created, PENDING).await;
        self.change(|task| task.status = "PENDING");
        let slow = faults.strike(environment, None, |effect| effect == Effect::TaskSlow);
        if let Some(slow) = slow {
            tokio::time::sleep(Duration::from_secs_f64(slow.seconds)).await;
        }
        self.world.pace.wait_until(self.created, RUNNING).await;
        if faults.strike(environment, None, |effect| effect == Effect::TaskNever).is_some() {
            let reason = "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve \
                          ref docker.io/liquibase/liquibase-secure:5.0.1: dial tcp: i/o timeout";
            return Err(("TaskFailedToStart", reason.to_owned()));
        }
        let missing = containers.iter().find_map(|one| containers::missing_secret(&self.world, one));
        missing.map_or(Ok(()), |secret| {
            let reason = format!(
                "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret {secret}"
            );
            Err(("TaskFailedToStart", reason))
        })
    }

    fn change(&self, change: impl FnOnce(&mut Task)) {
        // A task that was forgotten goes on unseen until it notices that it is to stop.
        if let Some(task) = self.world.ecs.tasks().find_mut(&self.id) {
            change(task);
        }
    }

    fn look<T: Default>(&self, look: impl FnOnce(&Task) -> T) -> T {
        self.world.ecs.tasks().find(&self.id).map(look).unwrap_or_default()
    }

    fn note(&self, name: &str, change: impl FnOnce(&mut Container)) {
        self.change(|task| {
            if let Some(container) = task.containers.iter_mut().find(|container| container.name == name) {
                change(container);
            }
        });
    }
}

/// Whether a container is as far as another one waits for.
fn is_met(containers: &[Container], name: &str, condition: &str) -> bool {
    let code = containers.iter().find(|container| container.name == name).and_then(|one| one.exit_code);
    match condition {
        "SUCCESS" => code == Some(0),
        _ => code.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_waits_for_the_end_of_another_and_for_its_success_if_it_says_so() {
        let container = |exit_code| Container {
            name: "archive".to_owned(),
            image: String::new(),
            status: "STOPPED",
            exit_code,
            reason: None,
        };
        assert!(is_met(&[container(Some(0))], "archive", "SUCCESS"));
        assert!(!is_met(&[container(Some(1))], "archive", "SUCCESS"));
        assert!(is_met(&[container(Some(1))], "archive", "COMPLETE"));
        assert!(!is_met(&[container(None)], "archive", "COMPLETE"));
    }
}
