//! What the world is asked to do: plain data, compared in tests and written in the journal.
//!
//! Every effect but those marked as background ends in exactly one outcome event. A deadline is part of the
//! call: when it passes, the outcome of a look is a failure, and that of a change is *unknown*.

use std::sync::Arc;

use crate::domain::journal::Entry;
use crate::domain::lock::Grant;
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::notification::{Channel, Notification};
use crate::domain::plan::Until;
use crate::domain::release::{ImageRef, Release, Version};
use crate::domain::report::OperationReport;
use crate::domain::step::StepKind;
use crate::engine::flow::{Asking, Order};

/// One thing to do outside, by what carries it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask the platform that runs the service.
    Cloud(EnvironmentName, CloudCall),
    /// Ask the database itself.
    Database(EnvironmentName, DatabaseCall),
    /// Run Liquibase.
    Liquibase(EnvironmentName, LiquibaseCall),
    /// Carry out an action that the promotion flow brings. Its output arrives as log lines. Outcome: `Ended` of its step.
    Action {
        /// Where.
        environment: EnvironmentName,
        /// The run it belongs to.
        run: RunId,
        /// The step that it is.
        step: StepKind,
        /// The release whose changelog Liquibase reads.
        release: Arc<Release>,
        /// What to do.
        order: Box<Order>,
        /// True when it changes the world outside, or may.
        is_change: bool,
    },
    /// Stop what this run does at the moment: what its Liquibase does is cancelled, and what its deployment has not asked
    /// the platform for is not asked for any more. Their own effects then end with what came of them. Background: no
    /// outcome of its own.
    Cancel(EnvironmentName, RunId),
    /// Ask the application itself.
    Health(EnvironmentName, HealthCall),
    /// Read the release archives. Outcome: `Releases`.
    ReadReleases,
    /// Let Liquibase tell the checksums of a release that cannot be worked out here. It needs no database. Outcome:
    /// `Checksums`.
    AskChecksums(Arc<Release>),
    /// Hold a release against policy as it is now. It needs no database. Outcome: `Policy` with this generation.
    CheckPolicy(u64, Arc<Release>),
    /// Look for an image in its registry. Outcome: `Image` with this generation.
    SeekImage(u64, ImageRef),
    /// Find out who is asking. Outcome: `Identified`.
    Identify,
    /// Write an entry to the journal. Carried out at once and in order: when it fails, neither the steps of its run that
    /// come after it are performed, nor, where it belongs to no run, anything else that changes the world. A side effect is
    /// announced only if nobody else wrote since the journal was read. Outcome: none, `JournalFailed` or `Overtaken`.
    Record(Entry),
    /// Read what the journal has got since the last time. Carried out at once. Outcome: `Remembered`.
    ReadJournal,
    /// Find out of which of these runs something lives, on this machine or as a task. Outcome: `Sought` with this generation.
    SeekRuns(u64, Vec<RunId>),
    /// Do something for a flow.
    Flow(FlowCall),
    /// File the report of an operation that has ended. Outcome: `Reported`.
    Report(Box<OperationReport>),
    /// Tell this through this channel, once. Outcome: `Notified`.
    Notify(Channel, Box<Notification>),
    /// Hand this file to the desktop. Outcome: `Opened`.
    Open(String),
    /// Write this text, which is called so, into a file of its own. Outcome: `Kept`.
    Keep(String, Arc<str>),
    /// Copy the full logs of these runs into one file. Outcome: `LogSaved`.
    SaveLog(Vec<RunId>),
    /// This run is over: it is no longer shown as living on this machine. Outcome: none.
    Forget(RunId),
}

/// What the platform is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloudCall {
    /// Describe the service. Outcome: `Observed(Service)` with this generation.
    Describe(u64),
    /// List the updates of the service. Outcome: `Observed(Updates)` with this generation.
    ListUpdates(u64),
    /// Change the service's image and follow the operation until it is final, sending `Advanced` and log lines as
    /// they come. Outcome: `Ended(Service)` with `StepOutcome::Deployed`.
    Deploy {
        /// The run it belongs to.
        run: RunId,
        /// The image to run.
        image: ImageRef,
        /// The image that the plan saw; when another one runs, nothing is changed.
        expected: Option<ImageRef>,
    },
}

/// What the database is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseCall {
    /// Read tracking tables and locks in a read-only transaction. Outcome: `Observed(Ledger)`.
    ReadLedger(u64),
    /// The same while no promotion is at work: lockstep's advisory lock is held, shared, during the look. When a
    /// promotion holds it, the ledger names that one. Outcome: `Observed(Ledger)`.
    ReadLedgerAtRest(u64),
    /// Find out who holds the locks and who is connected, in read-only statements. Outcome: `Observed(Locks)`.
    ReadLocks(u64),
    /// Read the catalogs in a read-only transaction. Outcome: `Observed(Schema)`.
    ReadSchema(u64),
    /// Look in the catalogs for what was changed after the newest row. Outcome: `Observed(Trail)`.
    ReadTrail(u64),
    /// Let this lock of Liquibase go if its holder is still proven to be gone. Outcome: `LetGo`.
    ReleaseLock(Grant),
    /// Take lockstep's advisory lock and keep it until `Unlock`. Outcome: `Ended(Lock)`; the failure names the
    /// holder.
    Lock(RunId),
    /// Let the advisory lock go. Outcome: `Unlocked`.
    Unlock(RunId),
}

/// What Liquibase is run for. Its output arrives as log lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LiquibaseCall {
    /// `validate`. Outcome: `Ended(Validate)`.
    Validate(RunId, Arc<Release>),
    /// `tag`. Outcome: `Ended(Anchor)`.
    Tag(RunId, Arc<Release>, String),
    /// `update`, with `Advanced` for every row that appears. Outcome: `Ended(Update)`.
    Update(RunId, Arc<Release>),
    /// `rollback` or `rollback-count`, with `Applied` for every row that goes. Outcome: `Ended(Undo)`.
    Rollback(RunId, Arc<Release>, Until),
}

/// What is done for a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlowCall {
    /// Read a flow file and everything that it leads to, and find out what it runs against. Outcome: `FlowRead`.
    Read(RunId, Box<Asking>),
    /// Look which flow files there are. Outcome: `FlowsListed`.
    List,
    /// Look which of these files exist. Outcome: `FlowFound` with this row.
    Find(RunId, usize, Vec<String>),
    /// Carry out an action. Its output arrives as log lines. Outcome: `FlowActed` with this row.
    Act {
        /// The run.
        run: RunId,
        /// The row of the action.
        row: usize,
        /// What to do.
        order: Box<Order>,
    },
    /// Stop what the action of this row does. The action then ends with what came of it. Background: no outcome of its
    /// own.
    Stop(RunId, usize),
}

/// What the application is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HealthCall {
    /// Ask `/health` and `/version` once. Outcome: `Observed(Health)` with this generation.
    Probe(u64),
    /// Ask until it is well and names this version, or the deadline passes. Outcome: `Ended(Health)`.
    Await(RunId, Version),
}

impl Effect {
    /// True when carrying it out changes the world outside; such an effect is never repeated by itself.
    pub fn is_mutation(&self) -> bool {
        match self {
            Self::Cloud(_, CloudCall::Deploy { .. })
            | Self::Database(_, DatabaseCall::ReleaseLock(_))
            | Self::Liquibase(
                _,
                LiquibaseCall::Tag(..) | LiquibaseCall::Update(..) | LiquibaseCall::Rollback(..),
            ) => true,
            Self::Action { is_change, .. } => *is_change,
            Self::Flow(FlowCall::Act { order, .. }) => order.is_change(),
            Self::Cloud(_, CloudCall::Describe(_) | CloudCall::ListUpdates(_))
            | Self::Liquibase(_, LiquibaseCall::Validate(..))
            | Self::Cancel(..)
            | Self::Database(..)
            | Self::Health(..)
            | Self::ReadReleases
            | Self::AskChecksums(_)
            | Self::CheckPolicy(..)
            | Self::SeekImage(..)
            | Self::Identify
            | Self::Record(_)
            | Self::ReadJournal
            | Self::SeekRuns(..)
            | Self::Flow(_)
            | Self::Report(_)
            | Self::Notify(..)
            | Self::Open(_)
            | Self::Keep(..)
            | Self::SaveLog(_)
            | Self::Forget(_) => false,
        }
    }

    /// The run that it does something for; `None` for looks. What a run does is not done once its record failed.
    pub fn run(&self) -> Option<&RunId> {
        match self {
            Self::Flow(FlowCall::Act { run, .. }) => Some(run),
            effect => effect.step().map(|(run, _)| run),
        }
    }

    /// The step that it carries out, with its run; `None` for looks.
    pub fn step(&self) -> Option<(&RunId, StepKind)> {
        match self {
            Self::Cloud(_, CloudCall::Deploy { run, .. }) => Some((run, StepKind::Service)),
            Self::Database(_, DatabaseCall::Lock(run)) => Some((run, StepKind::Lock)),
            Self::Liquibase(_, LiquibaseCall::Validate(run, _)) => Some((run, StepKind::Validate)),
            Self::Liquibase(_, LiquibaseCall::Tag(run, ..)) => Some((run, StepKind::Anchor)),
            Self::Liquibase(_, LiquibaseCall::Update(run, _)) => Some((run, StepKind::Update)),
            Self::Liquibase(_, LiquibaseCall::Rollback(run, ..)) => Some((run, StepKind::Undo)),
            Self::Health(_, HealthCall::Await(run, _)) => Some((run, StepKind::Health)),
            Self::Action { run, step, .. } => Some((run, *step)),
            _ => None,
        }
    }
}
