//! The question before a flow that changes a database: which commands do, and where.

use super::Asked;
use crate::domain::environment::Tier;
use crate::domain::names::EnvironmentName;
use crate::engine::State;

/// What running it would change.
pub(super) fn run(state: &State, path: &str, environment: &EnvironmentName) -> Result<Asked, String> {
    if let Some(flow) = state.flow.as_ref().filter(|flow| !flow.is_over()) {
        return Err(format!("{} runs already", flow.path()));
    }
    let files = state.flow_files.as_ref().and_then(|files| files.as_ref().ok());
    let file = files.and_then(|files| files.iter().find(|file| file.path == path));
    let Some(file) = file else { return Err(format!("{path} is not there any more")) };
    let tier = state.environment(environment).map_or(Tier::Two, |it| it.environment.tier());
    let commands: Vec<_> = file.changes.iter().map(|name| format!("`{name}`")).collect();
    let body = vec![
        format!("It may change the database of {environment}: {}.", commands.join(", ")),
        "Each change goes on record before it is made, under the lock of the environment.".to_owned(),
    ];
    let key = if tier == Tier::One { 'y' } else { 'P' };
    Ok(Asked {
        body,
        tier,
        environment: environment.to_string(),
        ..Asked::plain(
            format!("{path} {environment} {}", file.changes.join(" ")),
            format!("run {path} against {environment}"),
            key,
            format!("runs it against {environment}"),
        )
    })
}
