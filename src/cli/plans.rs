//! `lockstep plan`, `promote` and `rollback`: which plan is meant, and what is said to confirm it.

use std::sync::Arc;

use super::arguments::{Arguments, Plan, Promote, Rollback};
use super::{instance, job, release, target, version};
use crate::adapters::Adapters;
use crate::config::paths;
use crate::domain::failure::Failure;
use crate::domain::names::EnvironmentName;
use crate::domain::plan::PlanDigest;
use crate::domain::release::Version;
use crate::engine::planning::Request;
use crate::exit::Exit;
use crate::headless::Job;

/// Shows what a promotion would do.
pub(super) async fn plan(words: &Plan, arguments: &Arguments) -> Result<Exit, Failure> {
    let (environment, release) = named(arguments, &words.environment, words.release.as_deref()).await?;
    job(arguments, Job::Plan { environment, request: Request::Forward(release) }).await
}

/// Carries a promotion out.
pub(super) async fn promote(words: &Promote, arguments: &Arguments) -> Result<Exit, Failure> {
    let (environment, release) = named(arguments, &words.environment, words.release.as_deref()).await?;
    let plan = words.plan.as_deref().map(PlanDigest::from_text);
    let request = Request::Forward(release);
    let (confirm, reason) = (words.confirm.clone(), words.override_reason.clone());
    job(arguments, Job::Promote { environment, request, confirm, plan, reason }).await
}

/// Carries a rollback out.
pub(super) async fn rollback(words: &Rollback, arguments: &Arguments) -> Result<Exit, Failure> {
    let (environment, release) = named(arguments, &words.environment, words.to.as_deref()).await?;
    let request = Request::Back { release, keep_schema: words.app_only };
    let plan = words.plan.as_deref().map(PlanDigest::from_text);
    let (confirm, reason) = (words.confirm.clone(), words.reason.clone());
    job(arguments, Job::Promote { environment, request, confirm, plan, reason }).await
}

/// The environment and the release that are meant; what is no version is answered with the releases there are.
async fn named(
    arguments: &Arguments,
    environment: &str,
    wanted: Option<&str>,
) -> Result<(EnvironmentName, Option<Version>), Failure> {
    let mut failure = match target(environment, wanted) {
        Err(failure) if version(wanted).is_err() => failure,
        target => return target,
    };
    if let Ok(settings) = instance::settings(arguments)
        && let Ok(catalog) = release::catalog(&Adapters::new(Arc::new(settings), paths::tools())).await
    {
        failure = failure.because(release::listed(&catalog));
    }
    Err(failure)
}
