//! One deployment: looks, changes the image and nothing else, exactly once, and follows the operation to its end.

use aws_sdk_apprunner::error::ProvideErrorMetadata as _;
use aws_sdk_apprunner::operation::update_service::UpdateServiceError;
use aws_sdk_apprunner::types::{Service, SourceConfiguration};
use tokio_util::sync::CancellationToken;

use super::follow::{Ending, Follow};
use super::{described, image, is_update, operation, status};
use crate::adapters::aws::failure::{Fate, fate};
use crate::adapters::aws::{Aws, patience};
use crate::adapters::report::StepReport;
use crate::config::EnvironmentSettings;
use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::observation::{OperationStatus, ServiceStatus};
use crate::domain::release::ImageRef;
use crate::engine::event::StepOutcome;

/// What is to be deployed where.
pub(in crate::adapters) struct Deployment<'a> {
    /// AWS.
    pub(in crate::adapters) aws: &'a Aws,
    /// Where.
    pub(in crate::adapters) environment: &'a EnvironmentSettings,
    /// The image to run.
    pub(in crate::adapters) image: &'a ImageRef,
    /// The image that the plan saw.
    pub(in crate::adapters) expected: Option<&'a ImageRef>,
    /// Where it reports to.
    pub(in crate::adapters) step: &'a StepReport,
    /// Tells when nobody waits for it any more.
    pub(in crate::adapters) is_given_up: CancellationToken,
}

/// What was sent, to be held against what is there in the end.
struct Sent {
    before: Service,
    source: SourceConfiguration,
    called: Timestamp,
    known: Vec<String>,
}

impl Deployment<'_> {
    /// Carries it out.
    pub(in crate::adapters) async fn run(&self) -> Result<StepOutcome, Failure> {
        let before = self.aws.service(self.environment).await?;
        if self.is_there_already(&before)? {
            self.step.advanced("the service runs this image already").await;
            let status = OperationStatus::Succeeded;
            return Ok(StepOutcome::Deployed { operation: String::new(), status });
        }
        let sent = self.prepare(before).await?;
        self.aws.assure_change().await?;
        if self.is_given_up.is_cancelled() {
            // Its lock is gone: what was not asked for by now must not be.
            return Err(Failure::new(FailureKind::Interrupted, self.could_not())
                .because("it was interrupted before App Runner was asked"));
        }
        self.step.advanced(format!("asking App Runner to run {}", self.image.short())).await;
        let id = self.send(&sent).await?;
        self.step.operation(id.clone()).await;

        let arn = sent.before.service_arn();
        let mut follow = Follow::new(self.aws, self.environment, self.step, arn, &id, sent.called);
        let deadlines = &self.aws.settings().deadlines;
        let followed = self.is_given_up.run_until_cancelled(Box::pin(follow.until_final()));
        let ending = match tokio::time::timeout(deadlines.deployment, followed).await {
            Ok(Some(ending)) => ending?,
            Ok(None) => return Err(self.left(&id)),
            Err(_) => return Err(self.out_of_time(&id)),
        };
        match ending {
            Ending::Succeeded => self.confirm(&sent, id).await,
            Ending::Failed(status, reasons) => Err(self.failed(status, reasons)),
        }
    }

    /// True when nothing has to be done; an error when nothing may be done.
    fn is_there_already(&self, service: &Service) -> Result<bool, Failure> {
        let current = image(self.environment, service)?;
        let refused = |because: String, hint: String| {
            Err(Failure::new(FailureKind::Refused, self.could_not()).because(because).hint(hint))
        };
        match status(service) {
            ServiceStatus::Busy => refused(
                "Service cannot be updated in the current state: OPERATION_IN_PROGRESS.".to_owned(),
                "Wait until the operation that is under way has ended; it cannot be interrupted.".to_owned(),
            ),
            ServiceStatus::Paused => refused(
                "the service is paused".to_owned(),
                "Resume it in App Runner; nothing can be deployed to a paused service.".to_owned(),
            ),
            ServiceStatus::Running | ServiceStatus::Down(_) if current == *self.image => Ok(true),
            ServiceStatus::Running | ServiceStatus::Down(_) => match self.expected {
                Some(expected) if *expected != current => refused(
                    format!("the service changed underneath: it runs {current}, the plan saw {expected}"),
                    "Make a new plan and look at it.".to_owned(),
                ),
                _ => Ok(false),
            },
        }
    }

    /// App Runner replaces the whole source configuration, so what is there is sent back with another image.
    async fn prepare(&self, before: Service) -> Result<Sent, Failure> {
        let known = self.aws.operations(self.environment, before.service_arn()).await?;
        let known = known.into_iter().filter_map(|operation| operation.id).collect();
        let mut source = before.source_configuration().cloned().ok_or_else(|| {
            Failure::new(FailureKind::Configuration, self.could_not()).because("it has no source")
        })?;
        if let Some(repository) = &mut source.image_repository {
            self.image.as_str().clone_into(&mut repository.image_identifier);
        }
        // A push to the registry must never start a deployment that nobody approved.
        source.auto_deployments_enabled = Some(false);
        Ok(Sent { before, source, called: self.step.report.clock().now(), known })
    }

    /// Sends the change, once, and returns the operation's id.
    async fn send(&self, sent: &Sent) -> Result<String, Failure> {
        let request = self
            .aws
            .clients()
            .await
            .apprunner_once
            .update_service()
            .service_arn(sent.before.service_arn())
            .source_configuration(sent.source.clone());
        let lost = match request.send().await {
            Ok(answer) if !answer.operation_id().is_empty() => return Ok(answer.operation_id),
            Ok(_) => Failure::new(FailureKind::Unknown, self.could_not())
                .because("App Runner gave the operation no id"),
            Err(error) => {
                let is_busy =
                    error.as_service_error().is_some_and(UpdateServiceError::is_invalid_state_exception);
                let code = error.code().unwrap_or_default().to_owned();
                let settings = self.aws.way();
                match fate(self.could_not(), "apprunner:UpdateService", &error, settings) {
                    Fate::NotDone(failure) => return Err(refusal(failure, is_busy, &code)),
                    Fate::Unknown(failure) => failure.with_kind(FailureKind::Unknown),
                }
            }
        };
        self.step.advanced("the answer was lost; looking whether the operation began").await;
        match self.find_started(sent).await {
            Some(id) => Ok(id),
            None => Err(lost.hint(
                "Look in App Runner whether an update began, then look at the environment again before \
                 anything else is done to it.",
            )),
        }
    }

    /// Looks for an update that was not there before the call and carries our image.
    async fn find_started(&self, sent: &Sent) -> Option<String> {
        let settings = self.aws.settings();
        let look = async {
            loop {
                if let Ok(found) = self.started(sent).await
                    && found.is_some()
                {
                    return found;
                }
                tokio::time::sleep(settings.polling.operation).await;
            }
        };
        tokio::time::timeout(patience(settings.deadlines.look) / 2, look).await.ok().flatten()
    }

    async fn started(&self, sent: &Sent) -> Result<Option<String>, Failure> {
        let operations = self.aws.operations(self.environment, sent.before.service_arn()).await?;
        let new = operations
            .iter()
            .filter(|summary| is_update(summary))
            .map(operation)
            .find(|operation| !sent.known.contains(&operation.id));
        let Some(new) = new else { return Ok(None) };
        // While it is under way, and when it succeeded, the service shows the new image. Otherwise it shows the old
        // one again, and an update that failed so soon after our call is taken for ours.
        let is_ours = match new.status {
            OperationStatus::Failed | OperationStatus::RolledBack | OperationStatus::RollingBack => true,
            OperationStatus::Running | OperationStatus::Succeeded => {
                image(self.environment, &self.aws.service(self.environment).await?)? == *self.image
            }
        };
        Ok(is_ours.then_some(new.id))
    }

    /// The operation succeeded; that the service is now what was sent has to be seen as well.
    async fn confirm(&self, sent: &Sent, id: String) -> Result<StepOutcome, Failure> {
        let after = self.aws.service(self.environment).await.map_err(|failure| {
            failure.because("the operation itself succeeded").with_kind(FailureKind::Unknown)
        })?;
        let differences = differences(sent, &after);
        if differences.is_empty() {
            let status = OperationStatus::Succeeded;
            return Ok(StepOutcome::Deployed { operation: id, status });
        }
        if image(self.environment, &after)? == image(self.environment, &sent.before)? {
            let reason =
                format!("operation {id} says that it succeeded, and the service shows the old image");
            return Err(self.failed(OperationStatus::RolledBack, vec![reason]));
        }
        let what = format!("{} is not what it was told to be", described(self.environment));
        let failure = Failure::new(FailureKind::ActionNeeded, what);
        let failure = differences
            .into_iter()
            .fold(failure, |failure, part| failure.because(format!("its {part} differs from what was sent")));
        Err(failure.hint("Compare it with your infrastructure code, correct it there, and deploy again."))
    }

    fn failed(&self, status: OperationStatus, reasons: Vec<String>) -> Failure {
        let name = &self.environment.environment.name;
        let (end, kind, hint) = if status == OperationStatus::RolledBack {
            let hint = "What ran before runs still. Mend the release, then promote that.";
            (" and was rolled back", FailureKind::Failed, hint)
        } else {
            let hint = "Look at the service in App Runner: it may run nothing at all.";
            ("", FailureKind::ActionNeeded, hint)
        };
        let what = format!("the deployment of {} to {name} failed{end}", self.image.short());
        reasons.into_iter().fold(Failure::new(kind, what), Failure::because).hint(hint)
    }

    fn out_of_time(&self, id: &str) -> Failure {
        let deadline = self.aws.settings().deadlines.deployment;
        let what = format!("nobody knows how {} ends", self.titled());
        Failure::new(FailureKind::Unknown, what)
            .because(format!(
                "operation {id} was still running in AWS after {}",
                crate::adapters::report::seconds(deadline)
            ))
            .hint("It goes on without lockstep. Look at the environment again when it has ended.")
    }

    fn left(&self, id: &str) -> Failure {
        let what = format!("nobody watches {} any more", self.titled());
        Failure::new(FailureKind::Unknown, what)
            .because(format!("operation {id} goes on in AWS, which cannot cancel it"))
            .hint("Find out what became of it with `lockstep reconcile`.")
    }

    fn titled(&self) -> String {
        format!("the deployment of {} to {}", self.image.short(), self.environment.environment.name)
    }

    fn could_not(&self) -> String {
        format!("could not deploy {} to {}", self.image.short(), self.environment.environment.name)
    }
}

/// A refusal changed nothing. A busy service is a refusal; a wrong request is a failure.
fn refusal(failure: Failure, is_busy: bool, code: &str) -> Failure {
    if is_busy {
        let hint = "Wait until the operation that is under way has ended; it cannot be interrupted.";
        failure.with_kind(FailureKind::Refused).hint(hint)
    } else if code == "InvalidRequestException" {
        failure.hint("Nothing was changed. Check that the image exists and that the name is right.")
    } else {
        let hint = failure.hint.clone().map_or_else(String::new, |hint| format!(" {hint}"));
        failure.hint(format!("Nothing was changed.{hint}"))
    }
}

/// The parts of the service that are not as they should be. Values are not named: there may be secrets in them.
fn differences(sent: &Sent, after: &Service) -> Vec<&'static str> {
    let source = after.source_configuration();
    let mine = sent.source.image_repository();
    let theirs = source.and_then(|source| source.image_repository());
    let image = |repository: Option<&aws_sdk_apprunner::types::ImageRepository>| {
        repository.map(|repository| repository.image_identifier().to_owned())
    };
    let before = &sent.before;
    [
        ("image", image(mine) == image(theirs)),
        (
            "image configuration (port, command, environment)",
            mine.and_then(|repository| repository.image_configuration())
                == theirs.and_then(|repository| repository.image_configuration()),
        ),
        (
            "registry access",
            sent.source.authentication_configuration()
                == source.and_then(SourceConfiguration::authentication_configuration),
        ),
        (
            "automatic deployment",
            !source.and_then(SourceConfiguration::auto_deployments_enabled).unwrap_or_default(),
        ),
        ("instance size or role", before.instance_configuration() == after.instance_configuration()),
        ("health check", before.health_check_configuration() == after.health_check_configuration()),
        ("network", before.network_configuration() == after.network_configuration()),
        (
            "scaling",
            before.auto_scaling_configuration_summary() == after.auto_scaling_configuration_summary(),
        ),
        ("observability", before.observability_configuration() == after.observability_configuration()),
    ]
    .into_iter()
    .filter(|(_, is_same)| !is_same)
    .map(|(part, _)| part)
    .collect()
}
