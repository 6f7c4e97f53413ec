//! The parts of a report. Plain data, named as its reader would name it.

use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::failure::Failure;
use crate::domain::grid::Mark;

/// From what to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The version that ran before, where it is known.
    pub from: Option<String>,
    /// The version that was asked for.
    pub to: String,
    /// The image that ran before, in full.
    pub image_from: Option<String>,
    /// The image that was asked for, in full.
    pub image_to: String,
}

/// What somebody said about the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// Who, as the cloud knows them in full, where it does.
    pub arn: Option<String>,
    /// What they did: `approved`, `rejected`, `asked for approval`.
    pub said: String,
    /// What they wrote beside it; mostly empty.
    pub note: String,
}

/// What was planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its digest.
    pub digest: String,
    /// SHA-256 of the changelog archive.
    pub archive_digest: String,
    /// The changesets to run, or to undo, in the order in which that happens.
    pub changesets: Vec<Changeset>,
    /// How many changesets of the release ran before, and stay.
    pub already_applied: usize,
    /// The steps in order, as words.
    pub order: Vec<String>,
    /// Where a rollback of it goes back to, or how this one goes back, as a sentence without a full stop.
    pub way_back: String,
}

/// A changeset of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changeset {
    /// Its path.
    pub path: String,
    /// Its id.
    pub id: String,
    /// Its author.
    pub author: String,
    /// Its comment; empty when it has none.
    pub comment: String,
    /// Its checksum, where it is known.
    pub checksum: Option<String>,
    /// What it does, as text.
    pub sql: String,
    /// The kind of its rollback, in a word.
    pub rollback_kind: String,
    /// What undoes it, where that is written.
    pub rollback: Option<String>,
    /// True once it got its row in this run, or lost it on the way back.
    pub is_done: bool,
}

/// A step of the operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it is called.
    pub name: String,
    /// The group that it stands in, such as the stage of a flow; empty where there are none.
    pub group: String,
    /// What it is for.
    pub about: String,
    /// Who is at work in it.
    pub worker: Worker,
    /// How it ended.
    pub status: StepStatus,
    /// When it began; `None` for one that did not.
    pub began: Option<Timestamp>,
    /// How long it took.
    pub took: Duration,
    /// Its exit code, where it has one.
    pub code: Option<u8>,
    /// What came of it, in words.
    pub note: String,
}

/// Who is at work in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worker {
    /// lockstep, or what it runs: it is at work itself.
    Own,
    /// The platform, or the application: it is waited for.
    Others,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepStatus {
    /// It did what it should.
    Done,
    /// It did not.
    Failed,
    /// It had nothing to do.
    Skipped,
    /// Its turn did not come.
    NotReached,
}

impl StepStatus {
    /// The word for people and for machines.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::NotReached => "not reached",
        }
    }
}

/// What one witness says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Who: `operation`, `image`, `/version`, `rows`.
    pub witness: String,
    /// `proven`, `refuted` or `unknown`.
    pub verdict: String,
    /// What was seen.
    pub seen: String,
}

/// Image and schema of one environment, before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Before.
    pub before: PairSight,
    /// After.
    pub after: PairSight,
}

/// Image and schema as one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairSight {
    /// What they come to: `in step`, `app ahead`, …
    pub state: String,
    /// Why it is unknown, where it is.
    pub why: Option<String>,
    /// The version that runs, where it is known.
    pub app: Option<String>,
    /// How many changesets were applied, where it is known.
    pub applied: Option<usize>,
    /// The newest tag.
    pub tag: Option<String>,
}

/// Changesets by environments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// The release that they are held against.
    pub version: String,
    /// The environments, in order.
    pub environments: Vec<GridEnvironment>,
    /// The rows that matter most, in the order of the release.
    pub rows: Vec<GridRow>,
    /// How many rows were left out.
    pub left_out: usize,
}

/// What an environment came to as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GridEnvironment {
    /// Its name.
    pub name: String,
    /// What it came to, in words.
    pub before: String,
    /// The same after, where it was looked at again.
    pub after: Option<String>,
    /// True when, in the end, its database was not what it should be.
    pub is_drifted: bool,
}

/// One changeset in every environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GridRow {
    /// Its path.
    pub path: String,
    /// Its id.
    pub id: String,
    /// Its author.
    pub author: String,
    /// True when it was planned to run, or to be undone.
    pub is_planned: bool,
    /// What it came to before, for every environment.
    pub before: Vec<Mark>,
    /// The same after; empty when nothing was to be changed.
    pub after: Vec<Mark>,
}

/// What was written while it ran.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Log {
    /// The lines.
    pub lines: Vec<Line>,
    /// How many lines were left out, and behind how many of those that are here.
    pub left_out: Option<(usize, usize)>,
    /// Where the whole log is.
    pub whole: Option<String>,
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When; empty where it is not known.
    pub at: String,
    /// Who wrote it; empty where it is not known.
    pub source: String,
    /// The text.
    pub text: String,
}

/// One record of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number in the chain.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// The file.
    pub file: String,
    /// The line in it, from 1.
    pub line: usize,
    /// Its digest, which the next record repeats; empty where no chain was kept.
    pub hash: String,
    /// What it says.
    pub said: String,
}

/// Where a report was filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// The HTML file.
    pub path: String,
    /// Where it was uploaded to, or why it was not; `None` where no bucket is configured.
    pub upload: Option<Result<String, Failure>>,
}
