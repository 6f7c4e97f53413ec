//! Everything that can happen, whoever caused it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::changelog::{ChangesetId, Checksums};
use crate::domain::failure::Failure;
use crate::domain::journal::{Entry, History, VoteWord};
use crate::domain::log::LogLine;
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::notification::Delivery;
use crate::domain::observation::{Observation, OperationStatus};
use crate::domain::plan::PlanDigest;
use crate::domain::policy::Verdict;
use crate::domain::release::{Catalog, ImageRef, ImageSeen, Version};
use crate::domain::report::Filed;
use crate::domain::step::StepKind;
use crate::engine::flow::{Asking, Deed, FlowFile, Reading};
use crate::engine::planning::Request;

/// Identifies one effect that is being carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u64);

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// Somebody asked for something.
    Intent(Intent),
    /// Time went by.
    Ticked,
    /// One facet of an environment was looked at. The number is the generation of the question.
    Observed(EnvironmentName, u64, Observation),
    /// The release archives were read.
    Releases(Result<Catalog, Failure>),
    /// Liquibase told the checksums of the release whose archive has this digest.
    Checksums(String, Result<Arc<Checksums>, Failure>),
    /// The release whose archive has this digest was held against policy. The number is the generation.
    Policy(String, u64, Result<Arc<Verdict>, Failure>),
    /// The registry was asked for this image. The number is the generation.
    Image(ImageRef, u64, Result<ImageSeen, Failure>),
    /// It is known who is asking.
    Identified(Result<Identity, Failure>),
    /// The journal was read; `None` when it says nothing new.
    Remembered(Option<History>),
    /// Whether the journal could be read, as far as somebody asked for that. What it says comes with `Remembered`.
    JournalRead(Result<(), Failure>),
    /// This entry could not be written to the journal: what it announced was not done, nor what came after it.
    JournalFailed(Box<Entry>, Failure),
    /// Others wrote to the journal right before this run was to announce a side effect: it did not, and its gate has to be
    /// asked once more, with what they said.
    Overtaken(RunId),
    /// A step of a run went on, or ended.
    Step(RunId, StepKind, Progress),
    /// lockstep's lock of a run was let go.
    Unlocked(RunId),
    /// A stale lock of Liquibase was let go, with the proof, or was not.
    LetGo(EnvironmentName, Result<String, Failure>),
    /// Of which of the runs that were asked for something lives, on this machine or as a task. The number is the generation.
    Sought(u64, Result<BTreeMap<RunId, bool>, Failure>),
    /// The flow files of the folder were looked at.
    FlowsListed(Result<Vec<FlowFile>, Failure>),
    /// A flow file was read, with everything that it leads to.
    FlowRead(RunId, Result<Box<Reading>, Failure>),
    /// Which of the files that a condition in this row asks for exist.
    FlowFound(RunId, usize, BTreeSet<String>),
    /// An action of a flow ended.
    FlowActed(RunId, usize, Box<Deed>),
    /// Lines were written, for this run if for one; always several at once when they come quickly.
    Log(Option<RunId>, Vec<LogLine>),
    /// The report of this run was filed, or was not. It changes no outcome.
    Reported(RunId, Result<Filed, Failure>),
    /// A message was taken by its channel, in words, or was not. It changes no outcome.
    Notified(Delivery, Result<String, Failure>),
    /// A file was handed to the desktop, in words, or could not be.
    Opened(Result<String, Failure>),
    /// A text was written into a file, in words, or could not be.
    Kept(Result<String, Failure>),
    /// Where the full logs were copied to.
    LogSaved(Result<String, Failure>),
    /// An effect ended, and all its other events came before this one.
    Finished(TaskId),
}

/// What an operator, a flag or a flow asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Begin: find out who asks, read releases and journal, look at every environment.
    Begin,
    /// Look at every environment again.
    Refresh,
    /// Look at the locks of these environments and at the journal, and at nothing else.
    InspectLocks(Vec<EnvironmentName>),
    /// Read the releases, and look at image and schema of these environments while no promotion is at work there.
    InspectDrift(Vec<EnvironmentName>),
    /// Find out who asks, read the journal and the releases, and look at nothing else.
    InspectLine,
    /// Hold what would come next to an environment, or what is planned for it, against policy as it is now.
    InspectPolicy(EnvironmentName),
    /// Work out what promoting a release, or going back to one, would do.
    Plan {
        /// Where.
        environment: EnvironmentName,
        /// What is asked for.
        request: Request,
    },
    /// Put the plan away.
    Dismiss,
    /// Carry out the plan that has this digest.
    Promote {
        /// The digest, or its beginning.
        plan: PlanDigest,
        /// Why: a rollback needs it, and whoever overrides what the gate asks for, where that may be.
        reason: Option<String>,
    },
    /// Stop the promotion that runs there: at once where that is safe, else before its next step.
    Abort(EnvironmentName),
    /// Ask for the plan on screen to be approved, approve it or reject it.
    Vote {
        /// Where it leads.
        environment: EnvironmentName,
        /// What is said.
        word: VoteWord,
        /// The digest of the plan that is meant.
        plan: PlanDigest,
        /// What is written beside it; a rejection needs it.
        note: String,
    },
    /// Nothing new may begin, anywhere.
    StopLine {
        /// Why.
        reason: String,
    },
    /// It may again.
    ResumeLine {
        /// Why.
        reason: String,
    },
    /// A release goes no further.
    Bar {
        /// Which.
        version: Version,
        /// Why.
        reason: String,
    },
    /// It may again.
    Unbar {
        /// Which.
        version: Version,
        /// Why.
        reason: String,
    },
    /// Do not begin by itself what is being counted down to.
    HoldAutomatic,
    /// A person has seen the failure that this environment shows.
    Acknowledge(EnvironmentName),
    /// A person has settled the failure that this environment shows, or what could not be found out there, and says how.
    Resolve {
        /// Where.
        environment: EnvironmentName,
        /// How it was settled.
        reason: String,
    },
    /// Find out what became of every run in these environments that nobody saw end.
    Reconcile(Vec<EnvironmentName>),
    /// The same, again and again until nothing of them runs any more.
    Attach(Vec<EnvironmentName>),
    /// File a report of how a release, the newest by default, stands against these environments, as it was looked at.
    ReportDrift {
        /// Where.
        environments: Vec<EnvironmentName>,
        /// Which release.
        release: Option<Version>,
        /// Why it could not be told, if it could not.
        failure: Option<Failure>,
    },
    /// Open the report of the promotion that ran last in this environment.
    OpenReport(EnvironmentName),
    /// Write a text that a terminal's clipboard cannot take into a file.
    Keep {
        /// What it is, in a few words.
        what: String,
        /// The text.
        text: Arc<str>,
    },
    /// Copy the full logs of this console's runs into a file.
    SaveLog,
    /// Put on record what was found out about this run.
    Settle(RunId),
    /// Let Liquibase's lock of this environment go, which was seen to be stale.
    ReleaseLock(EnvironmentName),
    /// Look which flow files there are.
    ListFlows,
    /// Run a flow file.
    RunFlow(Box<Asking>),
    /// Stop the flow that runs; asked once more, stop what always runs in it too.
    StopFlow,
    /// Stop everything as soon as it is safe; asked once more, abort what runs.
    Interrupt,
}

impl Intent {
    /// True when it is a word that goes on record and counts for others, or lets a lock go.
    pub fn is_word(&self) -> bool {
        matches!(
            self,
            Self::Acknowledge(_)
                | Self::Resolve { .. }
                | Self::Vote { .. }
                | Self::StopLine { .. }
                | Self::ResumeLine { .. }
                | Self::Bar { .. }
                | Self::Unbar { .. }
                | Self::Settle(_)
                | Self::ReleaseLock(_)
        )
    }
}

/// How a step goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It is at this point, in words.
    Advanced(String),
    /// A changeset got its row in this run, or lost it on the way back.
    Applied(ChangesetId),
    /// The platform gave the operation a name.
    Operation(String),
    /// It ended.
    Ended(Result<StepOutcome, Failure>),
}

/// What came of a step that did not fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepOutcome {
    /// Done, with a word about it.
    Done(String),
    /// The platform's operation ended.
    Deployed {
        /// Its id; empty when the platform needed none.
        operation: String,
        /// How it ended.
        status: OperationStatus,
    },
}

impl StepOutcome {
    /// What to say about it.
    pub fn text(&self) -> String {
        match self {
            Self::Done(text) => text.clone(),
            Self::Deployed { status, .. } => format!("operation {}", status.word()),
        }
    }
}

/// Who is asking, as the cloud or the machine knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name for people: the last part of the caller's ARN, or the user of this machine.
    pub name: String,
    /// The cloud account, where there is one.
    pub account: Option<String>,
    /// The whole ARN, where there is one.
    pub arn: Option<String>,
}
