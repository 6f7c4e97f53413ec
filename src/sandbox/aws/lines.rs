//! App Runner's own log lines, word for word where they are known.
//!
//! Source: published service logs (repositories and issues of aws/apprunner-roadmap, aws/copilot-cli). Not
//! seen anywhere and therefore worded after their neighbours: pausing, resuming and the end of a deployment
//! that `StartDeployment` began. A finished rollback has no line of its own; only the status line is written.
//! Absent on purpose: when a line is written.

use super::configuration::Configuration;
use super::state::{OperationKind, ServiceStatus};

pub(super) const PULLED: &str = "Successfully pulled your application image from ECR.";
pub(super) const PROVISIONING: &str =
    "Provisioning instances and deploying image for publicly accessible service.";
pub(super) const HEALTHY: &str = "Health check is successful. Routing traffic to application.";
pub(super) const ROUTED: &str = "Successfully routed incoming traffic to application.";
pub(super) const NO_SUCH_IMAGE: &str =
    "Failed to pull your application image. Reason: ECR image doesn't exist.";

/// A line and the streams it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// What it says, without the prefix.
    pub(super) text: String,
    /// Whether it is about one deployment, and so also in the stream `deployment/<operation id>`.
    pub(super) of_deployment: bool,
}

impl Line {
    /// A line about the service.
    pub(super) fn service(text: impl Into<String>) -> Self {
        Self { text: text.into(), of_deployment: false }
    }

    /// A line about one deployment.
    pub(super) fn deployment(text: impl Into<String>) -> Self {
        Self { text: text.into(), of_deployment: true }
    }
}

/// The lines an operation begins with.
pub(super) fn beginning(kind: OperationKind, id: &str) -> Vec<Line> {
    let (first, event) = match kind {
        OperationKind::CreateService => ("Service creation started.", Some("SERVICE_CREATE")),
        OperationKind::UpdateService => ("Service update started.", Some("SERVICE_UPDATE")),
        OperationKind::StartDeployment => ("Deployment started.", Some("SERVICE_DEPLOY")),
        OperationKind::PauseService => ("Service pause started.", None),
        OperationKind::ResumeService => ("Service resume started.", Some("SERVICE_RESUME")),
    };
    let mut lines = vec![Line::service(first), status(ServiceStatus::OperationInProgress)];
    if let Some(event) = event {
        let text = format!("Deployment with ID : {id} started. Triggering event : {event}");
        lines.push(Line::deployment(text));
    }
    lines
}

/// The lines an operation ends with when it succeeded and left the service in `left`.
pub(super) fn success(kind: OperationKind, left: ServiceStatus) -> Vec<Line> {
    let last = match kind {
        OperationKind::CreateService => Line::deployment("Service creation completed successfully."),
        OperationKind::UpdateService => {
            Line::deployment("Service update completed successfully. New configuration is deployed.")
        }
        OperationKind::StartDeployment => Line::deployment("Deployment completed successfully."),
        OperationKind::PauseService => Line::service("Service pause completed successfully."),
        OperationKind::ResumeService => Line::deployment("Service resume completed successfully."),
    };
    vec![last, status(left)]
}

/// The line for a new service status.
pub(super) fn status(status: ServiceStatus) -> Line {
    Line::service(format!("Service status is set to {}.", status.word()))
}

/// The image is being pulled.
pub(super) fn pulling(image: &str) -> String {
    format!("Pulling image {image} from ECR repository.")
}

/// Health checks begin. A TCP check has no path.
pub(super) fn checking(configuration: &Configuration) -> String {
    let port = configuration.container().map_or("", |container| &container.port);
    let check = &configuration.health_check;
    match check.protocol.as_str() {
        "HTTP" => {
            format!("Performing health check on protocol `HTTP` [Path: '{}'], [Port: '{port}'].", check.path)
        }
        protocol => format!("Performing health check on protocol `{protocol}` [Port: '{port}']."),
    }
}

/// Health checks are given up. The missing blank before the bracket is App Runner's own.
pub(super) fn unhealthy(configuration: &Configuration) -> String {
    let port = configuration.container().map_or("", |container| &container.port);
    let check = &configuration.health_check;
    let path = if check.protocol == "HTTP" { format!("[Path: '{}'], ", check.path) } else { String::new() };
    format!(
        "Health check failed on protocol `{}`{path}[Port: '{port}']. Check your configured port number.",
        check.protocol
    )
}

/// The container ended; the two blanks are App Runner's own.
pub(super) fn stopped(exit_code: i32) -> String {
    format!(
        "Your application stopped or failed to start. See logs for more information.  Container exit code: {exit_code}"
    )
}

/// A deployment failed.
pub(super) fn failed(id: &str, reason: &str) -> String {
    format!("Deployment with ID : {id} failed. Failure reason : {reason}")
}
