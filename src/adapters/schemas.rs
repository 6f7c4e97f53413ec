//! The schema of an environment as it is, and that of a release as real Liquibase makes it in a scratch database.

use std::sync::Arc;

use super::liquibase::Target;
use super::postgres::Scratch;
use super::report::Report;
use super::{Adapters, Parts};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::log::Level;
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::release::Release;
use crate::domain::schema::Schema;
use crate::domain::schema::judgement::SchemaView;
use crate::domain::step::StepKind;
use crate::runtime::Sink;

impl Adapters {
    /// Reads the schema of an environment.
    pub async fn schema(&self, environment: &EnvironmentName) -> Result<Arc<Schema>, Failure> {
        let parts = &*self.0;
        let schema = Box::pin(parts.schema(environment)).await;
        schema.map(|view| view.schema).map_err(|failure| parts.redactor.failure(&failure))
    }

    /// Lets Liquibase build a release in a scratch database on the instance's server, reads what came of it and
    /// drops it, whatever happened; also when `stop` comes first, which is a failure. Lines go to `out`; contexts and
    /// labels are those of the environment `like`, if one is named.
    pub async fn release_schema(
        &self,
        release: &Release,
        like: Option<&EnvironmentName>,
        out: Sink,
        stop: impl Future<Output = ()>,
    ) -> Result<Arc<Schema>, Failure> {
        let parts = &*self.0;
        let report = Report::new(out, parts.redactor.clone());
        let built = async {
            let like = like.map(|name| parts.environment(name)).transpose()?;
            let selection = like.map(|like| like.environment.selection.clone()).unwrap_or_default();
            let scratch = parts.databases.scratch(selection).await?;
            let schema = tokio::select! {
                schema = parts.build(&scratch, release, &report) => schema,
                () = stop => Err(Failure::new(FailureKind::Interrupted, "it was interrupted; nothing has changed")),
            };
            // Liquibase has ended, or was killed, when the future above is gone.
            if let Err(failure) = parts.databases.drop_scratch(scratch).await {
                let because = failure.because.join("; ");
                report.note(Level::Warning, format!("{}: {because}", failure.what)).await;
            }
            schema
        };
        report.clean(Box::pin(built).await)
    }
}

impl Parts {
    /// Reads the schema of an environment, and what its ledger was at that moment; failures are not redacted yet.
    pub(super) async fn schema(&self, name: &EnvironmentName) -> Result<SchemaView, Failure> {
        self.databases.schema(self.environment(name)?).await
    }

    async fn build(
        &self,
        scratch: &Scratch,
        release: &Release,
        report: &Report,
    ) -> Result<Arc<Schema>, Failure> {
        let environment = &scratch.environment;
        let run = RunId::from_text(&environment.environment.database);
        let step = report.step(&run, StepKind::Update);
        let target = Target { environment, run: &run, release, step: &step };
        self.liquibase.update(&target).await.map_err(|failure| {
            let what = format!("could not build {} in a scratch database", release.version);
            // What a failed update left behind goes with the database: nothing is half-done.
            let kind = match failure.kind {
                FailureKind::ActionNeeded | FailureKind::Unknown => FailureKind::Failed,
                kind => kind,
            };
            let mut told = Failure::new(kind, what).because(failure.what);
            told.because.extend(failure.because);
            told.hint = failure.hint;
            told
        })?;
        Ok(self.databases.schema(environment).await?.schema)
    }
}
