//! What may safely be done about a run, once it is known what became of it.

use super::{Finding, Looks, has_stale_lock};
use crate::domain::journal::PastRun;
use crate::domain::names::EnvironmentName;
use crate::domain::plan::Direction;
use crate::domain::release::Version;

/// One thing that may be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Wait for what still runs, then look again.
    Attach,
    /// Look again.
    LookAgain,
    /// Let Liquibase's lock go, whose holder is gone.
    ReleaseLock,
    /// Put on record what was found.
    Settle,
    /// Plan again to where it was going: what is done is not done again.
    Resume(Direction, Version),
    /// Plan back to where it came from.
    RollBack(Version),
    /// Say by hand what became of it, with a reason.
    Resolve,
}

impl Next {
    /// The word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Attach => "attach",
            Self::LookAgain => "look again",
            Self::ReleaseLock => "release lock",
            Self::Settle => "settle",
            Self::Resume(..) => "resume",
            Self::RollBack(_) => "roll back",
            Self::Resolve => "resolve",
        }
    }

    /// What it does, as a short sentence without a full stop.
    pub fn about(&self) -> &'static str {
        match self {
            Self::Attach => "wait until it has ended, then look again",
            Self::LookAgain => "look again",
            Self::ReleaseLock => "let Liquibase's lock go, whose holder is proven to be gone",
            Self::Settle => "put on record what was found, so that something new may begin",
            Self::Resume(..) => "plan the rest: what is done is not done again",
            Self::RollBack(_) => "plan the way back to what ran before",
            Self::Resolve => "look yourself, then say what became of it",
        }
    }

    /// The command that does it.
    pub fn command(&self, environment: &EnvironmentName) -> String {
        match self {
            Self::Attach => format!("lockstep reconcile {environment} --attach"),
            Self::LookAgain => format!("lockstep reconcile {environment}"),
            Self::ReleaseLock => {
                format!("lockstep reconcile --release-lock {environment} --confirm {environment}")
            }
            Self::Settle => format!("lockstep reconcile {environment} --settle"),
            Self::Resume(Direction::Forward, version) => {
                format!("lockstep promote {environment} --release {version}")
            }
            Self::Resume(Direction::Back, version) | Self::RollBack(version) => {
                format!("lockstep rollback {environment} --to {version}")
            }
            Self::Resolve => format!("lockstep reconcile --resolve {environment} --reason '…'"),
        }
    }
}

/// What may be done after this finding.
pub(super) fn of(run: &PastRun, looks: &Looks<'_>, finding: Finding) -> Vec<Next> {
    let direction = run.aim.as_ref().map_or(Direction::Forward, |aim| aim.direction);
    let resume = || Next::Resume(direction, run.version.clone());
    let is_stale = looks.locks.as_ref().is_ok_and(|sight| has_stale_lock(run, sight));
    let release = is_stale.then_some(Next::ReleaseLock);
    let mut next: Vec<Next> = Vec::new();
    match finding {
        Finding::Running => next.extend([Next::Attach, Next::LookAgain]),
        Finding::Finished | Finding::Superseded => {
            next.extend(release);
            next.push(Next::Settle);
        }
        Finding::NotStarted | Finding::TakenBack => {
            next.extend(release);
            next.extend([Next::Settle, resume()]);
        }
        Finding::HalfDone => {
            next.extend(release);
            next.extend([Next::Settle, resume()]);
            next.extend(before(run).map(Next::RollBack));
            next.push(Next::Resolve);
        }
        Finding::Unwell => {
            next.push(Next::LookAgain);
            next.extend(release);
            next.push(Next::Settle);
            next.extend(before(run).map(Next::RollBack));
            next.push(Next::Resolve);
        }
        Finding::MustLook => {
            next.push(Next::LookAgain);
            next.extend(release);
            next.push(Next::Resolve);
        }
    }
    next
}

/// The version that ran before; `None` for a way back, because nobody asked to go back from that.
fn before(run: &PastRun) -> Option<Version> {
    let aim = run.aim.as_ref().filter(|aim| aim.direction == Direction::Forward)?;
    aim.image_from.as_ref()?.version()
}
