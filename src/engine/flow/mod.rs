//! A run of a flow file: which stage and action it is at, what came of those before, and how it ends.
//!
//! Here is what a run is; `steps` is how it goes on, `gate` what stands in the way of one that changes a database.
//! Absent on purpose: carrying an action out, which adapters do, and the words of the terminal.

mod gate;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::failure::Failure;
use crate::domain::flow::condition::{Fact, Surroundings};
use crate::domain::flow::{Given, Problem, Row, Scope, Script};
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::policy::Verdict;
use crate::domain::release::Version;
use crate::domain::report::Filed;
use crate::engine::refresh::Wait;

/// The exit code of a flow that was interrupted.
pub const INTERRUPTED: u8 = 130;

/// What somebody wants to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// The file, relative to the folder that the program was started in.
    pub path: String,
    /// The environment whose database it runs against; `None` for the one that the caller's variables name, or else the
    /// first environment.
    pub environment: Option<EnvironmentName>,
    /// The release whose changelog it runs with; `None` for the files in the folder.
    pub release: Option<Version>,
    /// Variables that the caller sets.
    pub said: Vec<(String, String)>,
    /// The environment's name, said again.
    pub confirm: Option<String>,
    /// True when commands that destroy something may run.
    pub force: bool,
}

/// A flow file that can be run, or could be if it were right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowFile {
    /// The file, relative to the folder that the program was started in.
    pub path: String,
    /// How many actions it has.
    pub actions: usize,
    /// The commands in it that may change a database.
    pub changes: Vec<&'static str>,
    /// What is wrong with it; empty when it can be run.
    pub errors: Vec<Problem>,
}

/// A flow that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What is gone through.
    pub script: Arc<Script>,
    /// The environment whose database it runs against; `None` when that is none of this instance.
    pub environment: Option<EnvironmentName>,
    /// What it runs against, in words.
    pub notes: Vec<String>,
    /// What is strange in it.
    pub warnings: Vec<Problem>,
}

/// An action, as it is to be carried out: nothing is left to be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The environment whose database it runs against.
    pub environment: Option<EnvironmentName>,
    /// What to do.
    pub task: Task,
    /// Who asked for the run.
    pub by: String,
}

/// What an action does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// A command of Liquibase, whoever carries it out.
    Command {
        /// Its name.
        name: &'static str,
        /// What it is given.
        arguments: Vec<Given>,
        /// What every command is given.
        globals: Vec<Given>,
        /// True when it changes the database.
        is_change: bool,
    },
    /// A command of a shell.
    Shell {
        /// What the shell reads.
        command: String,
        /// Which shell; `None` for the usual one.
        interpreter: Option<String>,
        /// Variables on top of the environment.
        exported: Vec<(String, String)>,
    },
}

impl Order {
    /// True when it changes a database of an environment.
    pub fn is_change(&self) -> bool {
        matches!(self.task, Task::Command { is_change: true, .. })
    }
}

/// What came of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// Its exit code: 0 when it did what it should.
    pub code: u8,
    /// In words.
    pub result: Result<String, Failure>,
    /// How many changesets a `status` found pending.
    pub pending: Option<usize>,
    /// What a `checks run` found.
    pub verdict: Option<Verdict>,
}

impl Deed {
    /// It did what it should.
    pub fn done(text: impl Into<String>) -> Self {
        Self { code: 0, result: Ok(text.into()), pending: None, verdict: None }
    }

    /// It failed with this exit code.
    pub fn failed(code: u8, failure: Failure) -> Self {
        Self { code, result: Err(failure), pending: None, verdict: None }
    }
}

/// A run of a flow.
#[derive(Debug, Clone)]
pub struct FlowRun {
    /// Its id.
    pub run: RunId,
    /// What was asked for.
    pub asking: Asking,
    /// What it runs against, in words.
    pub notes: Vec<String>,
    /// What is strange in the file.
    pub warnings: Vec<Problem>,
    /// The environment whose database it runs against.
    pub environment: Option<EnvironmentName>,
    /// What is gone through; `None` until it is read.
    pub script: Option<Arc<Script>>,
    /// How each row of that stands.
    pub rows: Vec<RowStatus>,
    /// When each began; `None` for one that did not.
    pub(in crate::engine) begun: Vec<Option<Timestamp>>,
    /// Who asked for it.
    pub by: String,
    /// When it began.
    pub began: Timestamp,
    /// Where it stands.
    pub stage: FlowStage,
    /// The number of the first log line that may be its own.
    pub log_from: u64,
    /// What its checks found, if any ran.
    pub findings: Option<Verdict>,
    /// What came of filing its report, once that is known. It changes nothing else.
    pub report: Option<Result<Filed, Failure>>,
    waits: Vec<Wait>,
    is_journal_read: bool,
    read: Option<Result<Box<Reading>, Failure>>,
    /// The next row.
    at: usize,
    /// The stages and flows that are open, the outermost first.
    open: Vec<Open>,
    /// How the flows that are open stand, the outermost first.
    frames: Vec<Frame>,
    facts: Facts,
    /// Files that the condition of the next row asked for, of those that exist.
    found: Option<BTreeSet<String>>,
    halt: Halt,
    changes: bool,
    holds_lock: bool,
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlowStage {
    /// The file is being read.
    Reading,
    /// The environment is being locked.
    Locking,
    /// The files that a condition of this row asks for are being looked for.
    Finding(usize),
    /// The journal is read once more, right before the change of this row.
    Gating(usize),
    /// This row is being carried out.
    Acting(usize),
    /// It is decided; the lock is being let go.
    Unlocking(Outcome),
    /// It is over.
    Over(Outcome, Timestamp),
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its exit code.
    pub code: u8,
    /// Why it did not go well; `None` when it did.
    pub failure: Option<Failure>,
    /// What the `exit` that ended it says.
    pub message: Option<String>,
    /// True when nothing of it was begun: what stood in its way decides the exit code.
    pub is_refusal: bool,
}

/// How a stage or an action stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowStatus {
    /// Its turn has not come.
    Waiting,
    /// It is not gone through.
    Skipped(Skip),
    /// Under way.
    Running {
        /// Since when.
        since: Timestamp,
    },
    /// It did what it should.
    Done {
        /// How long it took.
        took: Duration,
        /// What came of it.
        note: String,
    },
    /// It did not.
    Failed {
        /// How long it took.
        took: Duration,
        /// Its exit code.
        code: u8,
        /// Why.
        failure: Failure,
    },
}

/// Why something is not gone through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Skip {
    /// Its condition does not hold; as it is with the values in it.
    Condition(String),
    /// Something before it failed, or ended the flow.
    Ended,
}

/// Whether somebody wants it to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Halt {
    /// Nobody.
    None,
    /// Everything but what always runs.
    Stopping,
    /// What always runs too.
    GivenUp,
}

/// A stage or a flow that is open.
#[derive(Debug, Clone)]
struct Open {
    row: usize,
    /// True once nothing more of it is done.
    is_stopped: bool,
}

/// How a flow stands: the first thing that ended it counts.
#[derive(Debug, Clone, Default)]
struct Frame {
    end: Option<End>,
}

#[derive(Debug, Clone)]
enum End {
    Failed(u8, Failure),
    Exit(u8, Option<String>),
}

/// What actions left behind.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Facts {
    code: Option<u8>,
    pending: Option<usize>,
}

impl FlowRun {
    /// The file.
    pub fn path(&self) -> &str {
        &self.asking.path
    }

    /// True when nothing more will happen to it.
    pub fn is_over(&self) -> bool {
        matches!(self.stage, FlowStage::Over(..))
    }

    /// What it came to, once that is decided.
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.stage {
            FlowStage::Unlocking(outcome) | FlowStage::Over(outcome, _) => Some(outcome),
            _ => None,
        }
    }

    /// When it ended.
    pub fn ended(&self) -> Option<Timestamp> {
        match self.stage {
            FlowStage::Over(_, at) => Some(at),
            _ => None,
        }
    }

    /// Its rows, each with how it stands.
    pub fn lines(&self) -> impl Iterator<Item = (&Row, &RowStatus)> {
        let rows = self.script.iter().flat_map(|script| &script.rows);
        rows.zip(&self.rows)
    }

    /// The row that is carried out.
    pub fn acting(&self) -> Option<usize> {
        match self.stage {
            FlowStage::Acting(row) => Some(row),
            _ => None,
        }
    }
}

impl Facts {
    fn get(&self, fact: Fact) -> Option<String> {
        match fact {
            Fact::ExitCode | Fact::StatusCode => self.code.map(|code| code.to_string()),
            Fact::ChangesetCount => self.pending.map(|pending| pending.to_string()),
        }
    }

    /// The value of a variable, or of what was left behind under that name.
    fn lookup(&self, scope: &Scope, name: &str) -> Option<String> {
        scope.get(name).map(str::to_owned).or_else(|| {
            let fact = Fact::ALL.into_iter().find(|fact| fact.word() == name)?;
            self.get(fact)
        })
    }
}

/// What a condition can see.
struct View<'a> {
    scope: &'a Scope,
    facts: &'a Facts,
    found: Option<&'a BTreeSet<String>>,
}

impl Surroundings for View<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        self.facts.lookup(self.scope, name)
    }

    fn fact(&self, fact: Fact) -> Option<String> {
        self.facts.get(fact)
    }

    fn exists(&self, file: &str) -> bool {
        self.found.is_some_and(|found| found.contains(file))
    }
}

/// The variables that a shell is given, in order.
fn exported(scope: &Scope, facts: &Facts) -> Vec<(String, String)> {
    let own = scope.exported().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let code = facts.code.map(|code| ("exitCode".to_owned(), code.to_string()));
    own.chain(code).collect::<BTreeMap<_, _>>().into_iter().collect()
}
