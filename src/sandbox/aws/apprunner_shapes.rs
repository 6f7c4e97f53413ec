//! The answers of App Runner, member for member as its service model names them.
//!
//! Absent on purpose: what goes into them, except for members every service of the sandbox has alike.

use serde::Serialize;
use serde_json::{Value, json};

use super::configuration::{
    HealthCheckConfiguration, InstanceConfiguration, NetworkConfiguration, ObservabilityConfiguration,
    SourceConfiguration,
};
use super::state::{Operation, OperationKind, OperationStatus, Service};
use super::wire::epoch;
use super::world::Inner;

/// `Service`, with `OperationId` where an operation began.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ServiceChanged {
    pub(super) service: ServiceShown,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) operation_id: Option<String>,
}

/// `OperationId` alone.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeploymentStarted {
    pub(super) operation_id: String,
}

/// One page of services.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ServiceList {
    pub(super) service_summary_list: Vec<ServiceRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<String>,
}

/// One page of operations.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OperationList {
    pub(super) operation_summary_list: Vec<OperationRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<String>,
}

/// `Service`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ServiceShown {
    #[serde(flatten)]
    row: ServiceRow,
    source_configuration: SourceConfiguration,
    instance_configuration: InstanceConfiguration,
    health_check_configuration: HealthCheckConfiguration,
    auto_scaling_configuration_summary: Value,
    network_configuration: NetworkConfiguration,
    observability_configuration: ObservabilityConfiguration,
}

impl ServiceShown {
    /// A service as `DescribeService` shows it.
    pub(super) fn new(world: &Inner, service: &Service) -> Self {
        let configuration = service.configuration.clone();
        Self {
            row: ServiceRow::new(service),
            source_configuration: configuration.source,
            instance_configuration: configuration.instance,
            health_check_configuration: configuration.health_check,
            auto_scaling_configuration_summary: scaling(world, &configuration.auto_scaling_arn),
            network_configuration: configuration.network,
            observability_configuration: configuration.observability,
        }
    }
}

/// `ServiceSummary`, whose members `Service` has as well.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ServiceRow {
    service_name: String,
    service_id: String,
    service_arn: String,
    service_url: String,
    created_at: f64,
    updated_at: f64,
    status: &'static str,
}

impl ServiceRow {
    /// A service as `ListServices` shows it.
    pub(super) fn new(service: &Service) -> Self {
        Self {
            service_name: service.name.clone(),
            service_id: service.id.clone(),
            service_arn: service.arn.clone(),
            service_url: service.url.clone(),
            created_at: epoch(service.created_at),
            updated_at: epoch(service.updated_at),
            status: service.status.word(),
        }
    }
}

/// `OperationSummary`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OperationRow {
    id: String,
    r#type: OperationKind,
    status: OperationStatus,
    target_arn: String,
    started_at: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<f64>,
    updated_at: f64,
}

impl OperationRow {
    /// An operation of the service with `arn`.
    pub(super) fn new(arn: &str, operation: &Operation) -> Self {
        Self {
            id: operation.id.clone(),
            r#type: operation.kind,
            status: operation.status,
            target_arn: arn.to_owned(),
            started_at: epoch(operation.started_at),
            ended_at: operation.ended_at.map(epoch),
            updated_at: epoch(operation.updated_at),
        }
    }
}

/// The summary of the auto scaling configuration with an ARN `…/<name>/<revision>/<id>`.
fn scaling(world: &Inner, arn: &str) -> Value {
    let mut parts = arn.rsplit('/').skip(1);
    let revision: u32 = parts.next().and_then(|revision| revision.parse().ok()).unwrap_or(1);
    json!({
        "AutoScalingConfigurationArn": arn,
        "AutoScalingConfigurationName": parts.next().unwrap_or("DefaultConfiguration"),
        "AutoScalingConfigurationRevision": revision,
        "Status": "ACTIVE",
        "IsDefault": arn == super::names::scaling_arn(&world.settings),
    })
}
