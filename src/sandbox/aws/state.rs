//! The services and operations of the emulated App Runner, and `aws.json` that keeps them.
//!
//! Pure data: every change is a method here, stamped with the time it is told. Absent on purpose: secrets
//! (only their ARNs are configuration), log events, running processes.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::configuration::Configuration;
use super::settings::WorldError;

/// The version of the format of `aws.json`.
const FORMAT: u32 = 1;

/// Everything `aws.json` keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    format: u32,
    pub(super) services: Vec<Service>,
}

impl State {
    /// A state with these services.
    pub(super) fn new(services: Vec<Service>) -> Self {
        Self { format: FORMAT, services }
    }

    /// The service of an environment.
    pub(super) fn service(&self, environment: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.environment == environment)
    }

    /// The service of an environment, to change it.
    pub(super) fn service_mut(&mut self, environment: &str) -> Option<&mut Service> {
        self.services.iter_mut().find(|service| service.environment == environment)
    }

    /// The service with an ARN.
    pub(super) fn by_arn(&self, arn: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.arn == arn)
    }
}

/// One App Runner service: what it is, what it runs, what happened to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Service {
    pub(super) environment: String,
    pub(super) name: String,
    pub(super) id: String,
    pub(super) arn: String,
    /// The public address as `host:port`, without a scheme as on AWS.
    pub(super) url: String,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) status: ServiceStatus,
    /// What `DescribeService` shows; while an update is under way already the new one.
    pub(super) configuration: Configuration,
    pub(super) under_way: Option<UnderWay>,
    /// Oldest first.
    pub(super) operations: Vec<Operation>,
}

/// An operation that has not ended, and what to go back to if it fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct UnderWay {
    pub(super) operation_id: String,
    pub(super) kind: OperationKind,
    pub(super) before: Configuration,
    pub(super) status_before: ServiceStatus,
}

/// One row of `ListOperations`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Operation {
    pub(super) id: String,
    pub(super) kind: OperationKind,
    pub(super) status: OperationStatus,
    pub(super) started_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) ended_at: Option<Timestamp>,
}

/// `Service.Status`, as far as a service of the sandbox can get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum ServiceStatus {
    Running,
    Paused,
    OperationInProgress,
}

impl ServiceStatus {
    /// AWS's own word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Paused => "PAUSED",
            Self::OperationInProgress => "OPERATION_IN_PROGRESS",
        }
    }
}

/// `OperationSummary.Type`, as far as the sandbox offers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum OperationKind {
    CreateService,
    UpdateService,
    StartDeployment,
    PauseService,
    ResumeService,
}

/// `OperationSummary.Status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum OperationStatus {
    InProgress,
    Failed,
    Succeeded,
    RollbackInProgress,
    RollbackSucceeded,
}

impl Service {
    /// Begins an operation; the service is busy until [`Self::succeed`] or [`Self::fall_back`].
    pub(super) fn begin(&mut self, kind: OperationKind, id: String, wanted: Configuration, now: Timestamp) {
        let before = std::mem::replace(&mut self.configuration, wanted);
        self.under_way =
            Some(UnderWay { operation_id: id.clone(), kind, before, status_before: self.status });
        self.operations.push(Operation {
            id,
            kind,
            status: OperationStatus::InProgress,
            started_at: now,
            updated_at: now,
            ended_at: None,
        });
        self.status = ServiceStatus::OperationInProgress;
        self.updated_at = now;
    }

    /// Ends the operation under way as a success that leaves the service `status`.
    pub(super) fn succeed(&mut self, status: ServiceStatus, now: Timestamp) {
        self.end(OperationStatus::Succeeded, status, now);
    }

    /// Brings the configuration back and marks the operation under way as rolling back; the service stays busy.
    pub(super) fn roll_back(&mut self, now: Timestamp) {
        if let Some(under_way) = &self.under_way {
            self.configuration = under_way.before.clone();
            self.updated_at = now;
            if let Some(operation) = self.operations.last_mut() {
                operation.status = OperationStatus::RollbackInProgress;
                operation.updated_at = now;
            }
        }
    }

    /// Ends the operation under way as a failure, with the service as it was before.
    pub(super) fn fall_back(&mut self, now: Timestamp) {
        let Some(under_way) = &self.under_way else { return };
        self.configuration = under_way.before.clone();
        let status = match under_way.kind {
            // Resuming has no earlier instances to roll back to.
            OperationKind::ResumeService => OperationStatus::Failed,
            _ => OperationStatus::RollbackSucceeded,
        };
        self.end(status, under_way.status_before, now);
    }

    /// Ends the operation under way as a success, with the service as it was before.
    pub(super) fn fall_back_unsaid(&mut self, now: Timestamp) {
        let Some(under_way) = &self.under_way else { return };
        self.configuration = under_way.before.clone();
        self.end(OperationStatus::Succeeded, under_way.status_before, now);
    }

    /// The operation under way, as a row.
    pub(super) fn current_operation(&self) -> Option<&Operation> {
        let under_way = self.under_way.as_ref()?;
        self.operations.iter().rfind(|operation| operation.id == under_way.operation_id)
    }

    fn end(&mut self, outcome: OperationStatus, status: ServiceStatus, now: Timestamp) {
        if self.under_way.take().is_none() {
            return;
        }
        if let Some(operation) = self.operations.last_mut() {
            operation.status = outcome;
            operation.updated_at = now;
            operation.ended_at = Some(now);
        }
        self.status = status;
        self.updated_at = now;
    }
}

/// Reads `aws.json`; `None` when there is none.
pub(super) async fn load(path: &Path) -> Result<Option<State>, WorldError> {
    let bytes = match tokio::fs::read(path).await {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(WorldError::File { doing: "read", path: path.to_owned(), source }),
    };
    let damaged = |because: String| WorldError::Damaged { path: path.to_owned(), because };
    let state: State = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    if state.format != FORMAT {
        return Err(damaged(format!("it has format {}, this version writes {FORMAT}", state.format)));
    }
    Ok(Some(state))
}

/// Replaces a file in one step, so that a reader sees the old content or the new, never half of it.
pub(super) async fn replace(path: &Path, bytes: Vec<u8>) -> Result<(), WorldError> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    let aside = PathBuf::from(aside);
    let failed = |source| WorldError::File { doing: "write", path: path.to_owned(), source };
    tokio::fs::write(&aside, bytes).await.map_err(failed)?;
    tokio::fs::rename(&aside, path).await.map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::aws::seed;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a moment")
    }

    #[test]
    fn a_service_is_busy_with_the_new_configuration_until_its_operation_ends() {
        let mut service = seed::example();
        let mut wanted = service.configuration.clone();
        wanted.instance.cpu = "2048".to_owned();
        service.begin(OperationKind::UpdateService, "1".repeat(32), wanted.clone(), at(9));
        assert_eq!((service.status, &service.configuration), (ServiceStatus::OperationInProgress, &wanted));
        service.succeed(ServiceStatus::Running, at(10));
        assert_eq!((service.status, &service.configuration), (ServiceStatus::Running, &wanted));
        let row = service.operations.last().expect("an operation");
        assert_eq!((row.status, row.ended_at), (OperationStatus::Succeeded, Some(at(10))));
    }

    #[test]
    fn a_failed_update_ends_running_with_the_configuration_of_before() {
        let mut service = seed::example();
        let before = service.configuration.clone();
        let mut wanted = before.clone();
        wanted.instance.cpu = "2048".to_owned();
        service.begin(OperationKind::UpdateService, "1".repeat(32), wanted, at(9));
        service.roll_back(at(10));
        assert_eq!(service.status, ServiceStatus::OperationInProgress);
        assert_eq!(service.operations.last().expect("a row").status, OperationStatus::RollbackInProgress);
        service.fall_back(at(11));
        assert_eq!((service.status, &service.configuration), (ServiceStatus::Running, &before));
        assert_eq!(service.operations.last().expect("a row").status, OperationStatus::RollbackSucceeded);
    }

    #[tokio::test]
    async fn a_state_is_read_back_as_it_was_written_and_a_damaged_one_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("aws.json");
        assert_eq!(load(&path).await.expect("nothing yet"), None);
        let state = State::new(vec![seed::example()]);
        replace(&path, serde_json::to_vec(&state).expect("json")).await.expect("written");
        assert_eq!(load(&path).await.expect("readable"), Some(state));
        replace(&path, b"{".to_vec()).await.expect("written");
        let error = load(&path).await.expect_err("damaged").to_string();
        assert!(error.contains("aws.json is damaged"), "{error}");
    }
}
