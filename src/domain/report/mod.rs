//! The report of one operation: everything that a person, or a program, may want to know of it afterwards.
//!
//! Plain data, the same for a promotion, a rollback, a check, a look for drift and a flow; what an operation has nothing to
//! say about is empty. Absent on purpose: how it is drawn or written, and where it is kept.

mod making;
mod parts;
mod texts;

use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::journal::Override;
use crate::domain::names::RunId;
use crate::domain::policy::Verdict;

pub use making::{FlowRun, Origin};
pub use parts::{
    Change, Changeset, Filed, Grid, GridEnvironment, GridRow, Line, Log, Pair, PairSight, Plan, Proof,
    Record, Step, StepStatus, Word, Worker,
};

/// What is told of one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationReport {
    /// The run; also the name of the folder that the report is kept in.
    pub run: RunId,
    /// What kind of operation it was.
    pub kind: Kind,
    /// The instance that it belongs to.
    pub instance: Instance,
    /// How it ended.
    pub outcome: Outcome,
    /// How it ended, as a sentence without a full stop.
    pub summary: String,
    /// Where: the environment, the environments, or the file.
    pub place: String,
    /// What was to be changed, if anything was.
    pub change: Option<Change>,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// How long it usually takes there, and took at worst, as far as that was known when it began.
    pub usual: Option<(Duration, Duration)>,
    /// Who asked for it.
    pub by: String,
    /// Why, when somebody said so.
    pub reason: Option<String>,
    /// What people said about its plan, oldest first.
    pub words: Vec<Word>,
    /// What of the gate was overridden, and why.
    pub overridden: Option<Override>,
    /// Why it did not come to what was asked for.
    pub failure: Option<Failure>,
    /// What was planned.
    pub plan: Option<Plan>,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// What the checks found.
    pub findings: Option<Verdict>,
    /// What proves it, or refutes it.
    pub evidence: Vec<Proof>,
    /// Image and schema of the environment, before and after.
    pub pair: Option<Pair>,
    /// Changesets by environments, before and after.
    pub grid: Option<Grid>,
    /// What else a reader has to know, as full sentences.
    pub remarks: Vec<String>,
    /// What was written while it ran.
    pub log: Log,
    /// What the journal holds of it.
    pub records: Vec<Record>,
}

/// The instance that an operation belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its id; empty for an operation on files alone.
    pub id: String,
    /// What the application is called.
    pub title: String,
    /// The word for how real it is.
    pub mode: String,
}

/// What kind of operation it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A promotion.
    Promotion,
    /// A rollback.
    Rollback,
    /// Policy checks.
    Check,
    /// A release held against environments.
    Drift,
    /// A flow file.
    Flow,
    /// One action of a flow.
    Action,
}

impl Kind {
    const WORDS: [(Self, &'static str); 6] = [
        (Self::Promotion, "promotion"),
        (Self::Rollback, "rollback"),
        (Self::Check, "check"),
        (Self::Drift, "drift"),
        (Self::Flow, "flow"),
        (Self::Action, "action"),
    ];

    /// The word for people and for machines.
    pub fn word(self) -> &'static str {
        Self::WORDS.into_iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything that was asked for is proven.
    Proven,
    /// It was looked, and nothing was found.
    Clean,
    /// It was looked, and something was found.
    Found,
    /// Something stood in its way.
    Refused,
    /// It failed, and nothing is left half-done.
    Failed,
    /// It failed, and somebody has to act.
    ActionNeeded,
    /// Nobody knows how it ended.
    Unknown,
    /// It was interrupted, and nothing is left half-done.
    Interrupted,
}

impl Outcome {
    const WORDS: [(Self, &'static str); 8] = [
        (Self::Proven, "proven"),
        (Self::Clean, "clean"),
        (Self::Found, "found"),
        (Self::Refused, "refused"),
        (Self::Failed, "failed"),
        (Self::ActionNeeded, "action needed"),
        (Self::Unknown, "unknown"),
        (Self::Interrupted, "interrupted"),
    ];

    /// What a failure means for the operation that it ended.
    pub fn of(failure: Option<&Failure>) -> Self {
        match failure.map(|failure| failure.kind) {
            None => Self::Proven,
            Some(FailureKind::Refused) => Self::Refused,
            Some(FailureKind::ActionNeeded) => Self::ActionNeeded,
            Some(FailureKind::Unknown) => Self::Unknown,
            Some(FailureKind::Interrupted) => Self::Interrupted,
            // A step that changed something before makes *action needed* of all these.
            Some(
                FailureKind::Failed
                | FailureKind::Usage
                | FailureKind::Configuration
                | FailureKind::Unavailable,
            ) => Self::Failed,
        }
    }

    /// The word for machines.
    pub fn word(self) -> &'static str {
        Self::WORDS.into_iter().find(|(outcome, _)| *outcome == self).map_or("unknown", |(_, word)| word)
    }

    /// The outcome with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(_, text)| *text == word).map(|(outcome, _)| outcome)
    }
}

impl OperationReport {
    /// How it ended, in the words of the product.
    pub fn verdict(&self) -> &'static str {
        match (self.outcome, self.kind) {
            (Outcome::Proven, _) => "Proven",
            (Outcome::Clean, Kind::Drift) => "No drift",
            (Outcome::Clean, Kind::Check) => "No findings",
            (Outcome::Clean, _) => "Passed",
            (Outcome::Found, Kind::Drift) => "Drift found",
            (Outcome::Found, _) => "Findings",
            (Outcome::Refused, _) => "Refused",
            // What an action did before it failed, only whoever wrote it can tell.
            (Outcome::Failed, Kind::Flow | Kind::Action) => "Failed",
            (Outcome::Interrupted, Kind::Flow | Kind::Action) => "Interrupted",
            (Outcome::Failed, _) => "Failed, nothing half-done",
            (Outcome::ActionNeeded, _) => "Failed, action needed",
            (Outcome::Unknown, _) => "Unknown",
            (Outcome::Interrupted, _) => "Interrupted, nothing half-done",
        }
    }

    /// How long it took.
    pub fn took(&self) -> Duration {
        self.ended.duration_since(self.began).unsigned_abs()
    }
}
