//! `lockstep request|approve|reject`, `line`, `bar` and `unbar`: from words to jobs.

use super::arguments::{Ballot, Bar, LineCommand};
use super::{target, version};
use crate::domain::failure::Failure;
use crate::domain::journal::VoteWord;
use crate::domain::plan::PlanDigest;
use crate::headless::{Job, LineWord};

/// A vote on the plan that `ballot` names.
pub(super) fn vote(ballot: &Ballot, word: VoteWord, note: &str) -> Result<Job, Failure> {
    let (environment, release) = target(&ballot.environment, ballot.release.as_deref())?;
    let plan = ballot.plan.as_deref().map(PlanDigest::from_text);
    Ok(Job::Vote { environment, release, word, plan, note: note.to_owned() })
}

/// What to say about the line.
pub(super) fn line(command: &LineCommand) -> Job {
    Job::Line(match command {
        LineCommand::Stop { reason } => Some(LineWord::Stop(reason.clone())),
        LineCommand::Resume { reason } => Some(LineWord::Resume(reason.clone())),
        LineCommand::Status => None,
    })
}

/// What to say about a release.
pub(super) fn bar(bar: &Bar, barred: bool) -> Result<Job, Failure> {
    let reason = bar.reason.clone();
    Ok(Job::Line(version(Some(&bar.version))?.map(|version| {
        if barred { LineWord::Bar(version, reason) } else { LineWord::Unbar(version, reason) }
    })))
}
