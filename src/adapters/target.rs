//! Where the service of an environment runs: the one shape that every kind of deploy target has. What is above this file goes by
//! what a target can do (`domain::platform`) and never by which kind it is; what is below it is one folder for each kind.

use tokio_util::sync::CancellationToken;

use super::aws::{Aws, Deployment};
use super::report::StepReport;
use crate::config::EnvironmentSettings;
use crate::domain::Timestamp;
use crate::domain::failure::Failure;
use crate::domain::observation::{Operation, ServiceView};
use crate::domain::release::ImageRef;
use crate::engine::event::StepOutcome;

/// A deploy target with the service of one environment on it.
pub(super) enum DeployTarget<'a> {
    /// App Runner, in the account and region that the environment has.
    AppRunner(&'a Aws, &'a EnvironmentSettings),
}

/// What is to be deployed.
pub(super) struct Order<'a> {
    /// The image to run.
    pub(super) image: &'a ImageRef,
    /// The image that the plan saw.
    pub(super) expected: Option<&'a ImageRef>,
    /// Where it reports to.
    pub(super) step: &'a StepReport,
    /// Tells when nobody waits for it any more.
    pub(super) is_given_up: CancellationToken,
}

impl<'a> DeployTarget<'a> {
    /// The target of an environment. There is one kind so far, so no configuration has to say which.
    pub(super) fn of(aws: &'a Aws, environment: &'a EnvironmentSettings) -> Self {
        Self::AppRunner(aws, environment)
    }

    /// The service, with what its platform can do.
    pub(super) async fn view(&self) -> Result<ServiceView, Failure> {
        match self {
            Self::AppRunner(aws, environment) => aws.service_view(environment).await,
        }
    }

    /// Makes sure that what the platform says of the service can be read.
    pub(super) async fn try_log(&self, since: Timestamp) -> Result<(), Failure> {
        match self {
            Self::AppRunner(aws, environment) => aws.try_log(environment, since).await,
        }
    }

    /// Where the application answers.
    pub(super) async fn address(&self) -> Result<String, Failure> {
        match self {
            Self::AppRunner(aws, environment) => aws.address(environment).await,
        }
    }

    /// The changes of the service that the platform lists, newest first.
    pub(super) async fn updates(&self) -> Result<Vec<Operation>, Failure> {
        match self {
            Self::AppRunner(aws, environment) => aws.updates(environment).await,
        }
    }

    /// Changes the image of the service and nothing else, exactly once, and follows that to its end.
    pub(super) async fn deploy(&self, order: Order<'_>) -> Result<StepOutcome, Failure> {
        match self {
            Self::AppRunner(aws, environment) => {
                let Order { image, expected, step, is_given_up } = order;
                Deployment { aws, environment, image, expected, step, is_given_up }.run().await
            }
        }
    }
}
