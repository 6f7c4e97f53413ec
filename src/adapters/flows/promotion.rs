//! Actions that a flow adds to a promotion: the same as those of any flow, on the ground of the promotion itself. Paths
//! are relative to the folder of the configuration, the changelog is that of the release, the database that of the
//! environment.

use std::path::Path;
use std::sync::Arc;

use super::Flows;
use super::ground::{Database, Ground};
use crate::adapters::archive::Folder;
use crate::adapters::liquibase::Liquibase;
use crate::adapters::report::StepReport;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::policy::Severity;
use crate::domain::release::Release;
use crate::domain::step::StepKind;
use crate::engine::event::StepOutcome;
use crate::engine::flow::{Deed, Order, Task};

/// An action of a promotion.
pub(in crate::adapters) struct Added<'a> {
    /// Where.
    pub(in crate::adapters) environment: &'a EnvironmentName,
    /// The run.
    pub(in crate::adapters) run: &'a RunId,
    /// The step that it is.
    pub(in crate::adapters) step: StepKind,
    /// The release whose changelog Liquibase reads.
    pub(in crate::adapters) release: &'a Release,
    /// What to do.
    pub(in crate::adapters) order: &'a Order,
}

impl Flows {
    /// Carries out an action of a promotion.
    pub(in crate::adapters) async fn carry_out(
        &self,
        added: &Added<'_>,
        liquibase: &Liquibase,
        step: &StepReport,
    ) -> Result<StepOutcome, Failure> {
        let doing = (added.run.clone(), added.step.number().map_or(0, usize::from));
        if self.ground(added.run).is_err() {
            let ground = self.ground_of(added).await?;
            self.grounds().insert(added.run.clone(), Arc::new(ground));
        }
        let mut order = added.order.clone();
        if let Task::Shell { exported, .. } = &mut order.task
            && let Ok(address) = self.address(added.environment).await
        {
            exported.push(("APP_URL".to_owned(), address));
        }
        let deed = Box::pin(self.act(&doing, &order, liquibase, &step.report)).await;
        self.stops().remove(&doing);
        outcome(deed)
    }

    async fn ground_of(&self, added: &Added<'_>) -> Result<Ground, Failure> {
        let files = self.0.artifacts.files(added.release).await?;
        let folder = Folder::with(&files).map_err(|error| {
            Failure::new(FailureKind::Failed, format!("{} could not be unpacked", added.release.archive))
                .because(error)
                .hint("Make room in the folder for temporary files.")
        })?;
        self.learn_secrets();
        let here = self.0.settings.origin.parent().unwrap_or(Path::new("")).to_owned();
        let database = Database::Environment(added.environment.clone());
        Ok(Ground { here, release: Some(folder), database })
    }
}

/// What an action came to, as a step of a promotion.
fn outcome(deed: Deed) -> Result<StepOutcome, Failure> {
    match deed.result {
        Ok(text) if text.is_empty() => Ok(StepOutcome::Done("exit code 0".to_owned())),
        Ok(text) => Ok(StepOutcome::Done(text)),
        // Whoever reads the exit code of a promotion learns of a blocker as whoever runs the flow by itself does.
        Err(failure) if deed.code == Severity::Blocker.code() => {
            Err(failure.with_kind(FailureKind::ActionNeeded))
        }
        Err(failure) => Err(failure),
    }
}
