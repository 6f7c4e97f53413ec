//! Carrying out one operation: a deployment with its rollback, a pause, a resume.
//!
//! Every step waits for the later of App Runner's own time (scaled) and the real process. The operation's
//! time counts from its recorded start, so one that is carried on after a restart of the sandbox loses no
//! time; its new store is started and checked again. Absent on purpose: deciding whether an operation may
//! begin ([`super::apprunner`]).

use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;

use super::configuration::{Configuration, IMAGE_PORT};
use super::durations::{PAUSE, ROLLBACK, after_start, floor};
use super::instance::Instance;
use super::lines::{self, Line};
use super::place::Place;
use super::state::{OperationKind, OperationStatus, Service, ServiceStatus};
use super::world::Shared;
use super::{health, launch, serving};
use crate::sandbox::faults::Effect;

/// Begins to carry out the operation under way of an environment.
pub(super) fn spawn(world: &Shared, environment: &str) {
    let Some(service) = world.state().service(environment).cloned() else { return };
    let (Some(place), Some(under_way), Some(operation)) =
        (world.places.get(environment), &service.under_way, service.current_operation())
    else {
        return;
    };
    let task = Operation {
        world: Arc::clone(world),
        environment: environment.to_owned(),
        id: operation.id.clone(),
        kind: under_way.kind,
        started_at: operation.started_at,
        updated_at: operation.updated_at,
        wanted: service.configuration.clone(),
        status_before: under_way.status_before,
        is_rolling_back: operation.status == OperationStatus::RollbackInProgress,
    };
    place.spawn(task.carry_out());
}

/// One operation and what it needs to know; the state may be looked at, but not relied on to stay.
struct Operation {
    world: Shared,
    environment: String,
    id: String,
    kind: OperationKind,
    started_at: Timestamp,
    updated_at: Timestamp,
    wanted: Configuration,
    status_before: ServiceStatus,
    is_rolling_back: bool,
}

/// Why a deployment is taken back.
enum Failed {
    /// For a reason, as its last log line says it.
    Because(&'static str),
    /// For none that is said; the operation says that it was.
    Silently,
    /// For none that is said, and the operation says that it succeeded.
    Unsaid,
}

/// The reason for a store that never became healthy, App Runner's own words.
const UNHEALTHY: Failed = Failed::Because("Health check failed.");
/// The reason for an image that cannot be pulled, worded after the line before it.
const NOT_PULLED: Failed = Failed::Because("Failed to pull your application image.");
/// The reason for a container that ended, worded after the line before it.
const STOPPED: Failed = Failed::Because("Your application stopped or failed to start.");

impl Operation {
    async fn carry_out(self) {
        let Some(place) = self.world.places.get(&self.environment) else { return };
        if self.is_rolling_back {
            return self.finish_rollback(self.updated_at).await;
        }
        match self.kind {
            OperationKind::PauseService => {
                place.vacate().await;
                self.world.pace.wait_until(self.started_at, PAUSE).await;
                self.succeed(ServiceStatus::Paused).await;
            }
            // A paused service takes a new configuration without running anything; resuming deploys it.
            OperationKind::UpdateService if self.status_before == ServiceStatus::Paused => {
                self.world.pace.wait_until(self.started_at, after_start::PROVISIONING).await;
                self.succeed(ServiceStatus::Paused).await;
            }
            _ => match self.deploy(place).await {
                Ok(()) => self.succeed(ServiceStatus::Running).await,
                Err(Failed::Unsaid) => self.fall_back_unsaid().await,
                Err(reason) => self.roll_back(&reason).await,
            },
        }
    }

    async fn deploy(&self, place: &Place) -> Result<(), Failed> {
        let image = self.wanted.image();
        self.log(lines::pulling(image));
        self.world.pace.wait_until(self.started_at, after_start::PROVISIONING).await;
        if self.strikes(|effect| effect == Effect::Stuck).is_some() {
            let faults = &self.world.settings.faults;
            faults.lifted(&self.environment, |effect| effect == Effect::Stuck).await;
        }
        if launch::pulled_version(&self.world, image).is_err() {
            self.log(lines::NO_SUCH_IMAGE);
            return Err(NOT_PULLED);
        }
        self.log(lines::PULLED);
        self.log(lines::PROVISIONING);
        let instance = self.start(place)?;
        let outcome = self.become_healthy(&instance).await;
        let address = match outcome {
            Ok(address) => address,
            Err(reason) => {
                place.end(&instance).await;
                return Err(reason);
            }
        };
        self.log(lines::HEALTHY);
        tokio::select! {
            () = self.world.pace.wait_until(self.started_at, after_start::ROUTED) => {}
            code = instance.ended() => {
                place.end(&instance).await;
                self.log(lines::stopped(code));
                return Err(STOPPED);
            }
        }
        let taken_back = |effect| matches!(effect, Effect::TakenBack | Effect::TakenBackUnsaid);
        if let Some(effect) = self.strikes(taken_back) {
            place.end(&instance).await;
            return Err(if effect == Effect::TakenBack { Failed::Silently } else { Failed::Unsaid });
        }
        let ticket = place.seat(instance.clone(), address);
        serving::watch_over(&self.world, &self.environment, ticket, self.wanted.clone(), Some(instance));
        self.log(lines::ROUTED);
        self.world.pace.wait_until(self.started_at, after_start::DONE).await;
        Ok(())
    }

    fn start(&self, place: &Place) -> Result<Instance, Failed> {
        let service = self.service().ok_or(STOPPED)?;
        match launch::start(&self.world, &service, &self.wanted) {
            Ok(instance) => {
                place.remember(&instance);
                Ok(instance)
            }
            Err(because) => {
                self.log(format!("Your application stopped or failed to start: {because}."));
                Err(STOPPED)
            }
        }
    }

    /// Checks the store until it is healthy, has ended, or has had its chance.
    async fn become_healthy(&self, instance: &Instance) -> Result<SocketAddr, Failed> {
        let pace = self.world.pace;
        tokio::select! {
            () = pace.wait_until(self.started_at, after_start::HEALTH_CHECK) => {}
            code = instance.ended() => return Err(self.ended(code)),
        }
        self.log(lines::checking(&self.wanted));
        let patience = floor::START.max(pace.left(self.started_at, after_start::GIVEN_UP));
        let address = tokio::select! {
            address = tokio::time::timeout(patience, instance.listening()) => address,
            code = instance.ended() => return Err(self.ended(code)),
        };
        let address = match address {
            Ok(Some(address)) => address,
            Ok(None) => return Err(self.ended(instance.ended().await)),
            Err(_elapsed) => return Err(self.unhealthy()),
        };
        tokio::select! {
            healthy = self.check(address) => if !healthy { return Err(self.unhealthy()) },
            code = instance.ended() => return Err(self.ended(code)),
        }
        tokio::select! {
            () = pace.wait_until(self.started_at, after_start::HEALTHY) => Ok(address),
            code = instance.ended() => Err(self.ended(code)),
        }
    }

    /// Repeats the configured check; false when it was given up.
    async fn check(&self, address: SocketAddr) -> bool {
        let pace = self.world.pace;
        let check = &self.wanted.health_check;
        // The container publishes one port; a service configured for another reaches nothing.
        let reachable = self.wanted.container().is_some_and(|container| container.port == IMAGE_PORT)
            && self.strikes(|effect| effect == Effect::CheckFails).is_none();
        let seconds = |seconds: u32| std::time::Duration::from_secs(seconds.into());
        let timeout = seconds(check.timeout).min(pace.scaled(seconds(check.timeout)).max(floor::TIMEOUT));
        let interval = pace.scaled(seconds(check.interval)).max(floor::INTERVAL);
        let begun = Instant::now();
        let (mut passed, mut failed) = (0, 0);
        loop {
            if reachable && health::passes(address, check, timeout).await {
                (passed, failed) = (passed + 1, 0);
            } else {
                (passed, failed) = (0, failed + 1);
            }
            if passed >= check.healthy_threshold {
                return true;
            }
            let had_its_time = pace.left(self.started_at, after_start::GIVEN_UP).is_zero()
                && begun.elapsed() >= floor::FAIR_CHANCE;
            if failed >= check.unhealthy_threshold && had_its_time {
                return false;
            }
            tokio::time::sleep(interval).await;
        }
    }

    async fn succeed(&self, status: ServiceStatus) {
        if let Some(service) = self.world.state().service_mut(&self.environment) {
            service.succeed(status, Timestamp::now());
            self.world.log(service, Some(&self.id), &lines::success(self.kind, status));
        }
        self.save().await;
    }

    async fn roll_back(&self, reason: &Failed) {
        if let Failed::Because(reason) = reason {
            self.log(lines::failed(&self.id, reason));
        }
        let now = Timestamp::now();
        // Resuming has nothing to roll back to: it just fails.
        if self.kind != OperationKind::ResumeService
            && let Some(service) = self.world.state().service_mut(&self.environment)
        {
            service.roll_back(now);
        }
        self.save().await;
        self.finish_rollback(now).await;
    }

    /// Takes the deployment back and says that it succeeded.
    async fn fall_back_unsaid(&self) {
        if let Some(service) = self.world.state().service_mut(&self.environment) {
            service.fall_back_unsaid(Timestamp::now());
            self.world.log(service, None, &[lines::status(service.status)]);
        }
        self.save().await;
    }

    async fn finish_rollback(&self, since: Timestamp) {
        self.world.pace.wait_until(since, ROLLBACK).await;
        if let Some(service) = self.world.state().service_mut(&self.environment) {
            service.fall_back(Timestamp::now());
            self.world.log(service, None, &[lines::status(service.status)]);
        }
        self.save().await;
    }

    fn ended(&self, code: i32) -> Failed {
        self.log(lines::stopped(code));
        STOPPED
    }

    fn unhealthy(&self) -> Failed {
        self.log(lines::unhealthy(&self.wanted));
        UNHEALTHY
    }

    fn log(&self, text: impl Into<String>) {
        if let Some(service) = self.service() {
            self.world.log(&service, Some(&self.id), &[Line::deployment(text)]);
        }
    }

    /// The fault that strikes this deployment now, of those that `wanted` takes.
    fn strikes(&self, wanted: impl Fn(Effect) -> bool) -> Option<Effect> {
        let struck = self.world.settings.faults.strike(Some(&self.environment), None, wanted);
        struck.map(|setting| setting.fault.effect)
    }

    fn service(&self) -> Option<Service> {
        self.world.state().service(&self.environment).cloned()
    }

    async fn save(&self) {
        if let Err(error) = self.world.save().await
            && let Some(service) = self.service()
        {
            // No caller waits for this answer; the log is where an operator looks next.
            self.world.log(&service, None, &[Line::service(format!("The sandbox: {error}"))]);
        }
    }
}
