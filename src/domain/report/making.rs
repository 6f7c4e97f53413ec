//! Reports of what only looks: checks, drift, and flows, each made from what its engine knows at the end.
//!
//! The report of a promotion needs the state around it and is made by the engine.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::parts::{Grid, GridEnvironment, GridRow, Log, Step, StepStatus};
use super::{Instance, Kind, OperationReport, Outcome};
use crate::domain::Timestamp;
use crate::domain::changelog::ChangesetId;
use crate::domain::failure::Failure;
use crate::domain::grid::{self, Column, Mark, Sight};
use crate::domain::names::RunId;
use crate::domain::policy::Verdict;

/// The most rows of a grid that a report holds.
const ROWS: usize = 200;

/// Where an operation comes from: what every report says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The run.
    pub run: RunId,
    /// The instance that it belongs to.
    pub instance: Instance,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Who asked for it.
    pub by: String,
}

/// A flow that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowRun {
    /// The flow file.
    pub file: String,
    /// Its actions in order; the group of each is its stage.
    pub steps: Vec<Step>,
    /// What it ended with.
    pub exit_code: u8,
    /// What the checks found that it ran, if it ran any.
    pub findings: Option<Verdict>,
    /// Why it failed; `None` when it passed.
    pub failure: Option<Failure>,
    /// The environment that it worked on, if on one.
    pub environment: Option<String>,
}

impl OperationReport {
    /// A report that says where it comes from and how it ended, and nothing else yet.
    pub fn new(origin: Origin, kind: Kind, outcome: Outcome, summary: String, place: String) -> Self {
        let Origin { run, instance, began, ended, by } = origin;
        Self {
            run,
            kind,
            instance,
            outcome,
            summary,
            place,
            change: None,
            began,
            ended,
            usual: None,
            by,
            reason: None,
            words: Vec::new(),
            overridden: None,
            failure: None,
            plan: None,
            steps: Vec::new(),
            findings: None,
            evidence: Vec::new(),
            pair: None,
            grid: None,
            remarks: Vec::new(),
            log: Log::default(),
            records: Vec::new(),
        }
    }

    /// The report of policy checks over `place`: a changelog, a release or an environment.
    pub fn of_check(verdict: &Verdict, place: &str, origin: Origin) -> Self {
        let is_clean = verdict.standing().next().is_none();
        let outcome = if is_clean { Outcome::Clean } else { Outcome::Found };
        let findings = Some(verdict.clone());
        let summary = told(verdict);
        Self { findings, ..Self::new(origin, Kind::Check, outcome, summary, place.to_owned()) }
    }

    /// What the checks looked at and found, as a sentence without a full stop; `None` when none looked.
    pub fn checked(&self) -> Option<String> {
        self.findings.as_ref().map(told)
    }

    /// The report of a flow.
    pub fn of_flow(flow: FlowRun, origin: Origin) -> Self {
        let FlowRun { file, steps, exit_code, findings, failure, environment } = flow;
        let outcome = match &failure {
            None => Outcome::Clean,
            failure => Outcome::of(failure.as_ref()),
        };
        let passed = steps.iter().filter(|step| step.status == StepStatus::Done).count();
        let actions = counted(passed, "action");
        let summary = match &failure {
            None => format!("{actions} of {file} passed"),
            Some(failure) => format!("{file} ended with exit code {exit_code}: {}", failure.what),
        };
        let place = environment.map_or(file.clone(), |environment| format!("{environment}, by {file}"));
        Self { failure, steps, findings, ..Self::new(origin, Kind::Flow, outcome, summary, place) }
    }

    /// The report of a release held against environments. `failure` says why it could not be done.
    pub fn of_drift(found: Option<&grid::Grid>, failure: Option<Failure>, origin: Origin) -> Self {
        let columns = found.map(grid::Grid::columns).unwrap_or_default();
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let drifted: Vec<&str> =
            columns.iter().filter(|it| it.is_drifted()).map(|it| it.name.as_str()).collect();
        let all_judged = !columns.is_empty() && columns.iter().all(|it| it.sight == Sight::Judged);
        let (outcome, summary) = match (&failure, found) {
            (Some(failure), _) => (Outcome::Unknown, failure.what.clone()),
            (None, Some(grid)) if !drifted.is_empty() => {
                let (are, they) = if drifted.len() == 1 { ("is", "it") } else { ("are", "they") };
                let names = drifted.join(", ");
                let version = &grid.version;
                (Outcome::Found, format!("{names} {are} not what {they} should be, held against {version}"))
            }
            (None, Some(grid)) if all_judged => (
                Outcome::Clean,
                format!("every database is what it should be, held against {}", grid.version),
            ),
            _ => (Outcome::Unknown, "not every environment could be judged".to_owned()),
        };
        let grid = found.map(|grid| Grid::of(grid, None, &[]));
        Self { failure, grid, ..Self::new(origin, Kind::Drift, outcome, summary, names.join(", ")) }
    }
}

impl Grid {
    /// What `before` shows, with what came of it `after`; the rows of `planned` come first when there are too many.
    pub fn of(before: &grid::Grid, after: Option<&grid::Grid>, planned: &[ChangesetId]) -> Self {
        // What ran by hand in between is a row of one of the two only.
        let mut ids: Vec<&ChangesetId> = (0..before.changesets()).filter_map(|row| before.id(row)).collect();
        let known: BTreeSet<&ChangesetId> = ids.iter().copied().collect();
        let strange = |grid: &grid::Grid| (grid.changesets()..grid.len()).collect::<Vec<_>>();
        let mut others = BTreeSet::new();
        for grid in [Some(before), after].into_iter().flatten() {
            others.extend(
                strange(grid).into_iter().filter_map(|row| grid.id(row)).filter(|id| !known.contains(id)),
            );
        }
        ids.extend(others);
        let planned: BTreeSet<&ChangesetId> = planned.iter().collect();
        let differs = |id: &ChangesetId| {
            let in_grid = |grid: &grid::Grid| grid.position(id).is_some_and(|row| grid.differs(row));
            in_grid(before) || after.is_some_and(in_grid)
        };
        let mut order: Vec<usize> = (0..ids.len()).collect();
        order.sort_by_cached_key(|place| {
            let id = ids[*place];
            (!planned.contains(id), !differs(id), std::cmp::Reverse(*place))
        });
        order.truncate(ROWS);
        order.sort_unstable();
        let rows = order.iter().map(|place| {
            let id = ids[*place];
            GridRow {
                path: id.path.clone(),
                id: id.id.clone(),
                author: id.author.clone(),
                is_planned: planned.contains(id),
                before: marks(before, id),
                after: after.map(|after| marks(after, id)).unwrap_or_default(),
            }
        });
        let environments = before.columns().iter().map(|column| {
            let again = after.and_then(|after| after.columns().iter().find(|it| it.name == column.name));
            GridEnvironment {
                name: column.name.to_string(),
                before: words(column),
                after: again.map(words),
                is_drifted: again.unwrap_or(column).is_drifted(),
            }
        });
        Self {
            version: before.version.to_string(),
            environments: environments.collect(),
            rows: rows.collect(),
            left_out: ids.len() - order.len(),
        }
    }
}

/// What a changeset comes to in every environment; absent where the grid has no row of it.
fn marks(grid: &grid::Grid, id: &ChangesetId) -> Vec<Mark> {
    match grid.position(id) {
        Some(row) => grid.marks(row).map(|(_, mark)| mark).collect(),
        None => grid.columns().iter().map(|_| Mark::Absent).collect(),
    }
}

fn words(column: &Column) -> String {
    match &column.sight {
        Sight::Judged => column.words(),
        Sight::Promoting(run) => format!("{run} is at work there: not judged"),
        Sight::Unseen => "its database could not be read".to_owned(),
    }
}

/// `12 checks looked at 8 changesets and 3 tables: 2 findings, BLOCKER at worst; 1 waived`.
fn told(verdict: &Verdict) -> String {
    let standing = verdict.standing().count();
    let waived = verdict.findings.len() - standing;
    let changesets = counted(verdict.changesets.len(), "changeset");
    let tables = counted(verdict.tables.len(), "table");
    let seen = match (verdict.changesets.is_empty(), verdict.tables.is_empty()) {
        (_, true) => changesets,
        (true, false) => tables,
        (false, false) => format!("{changesets} and {tables}"),
    };
    let found = if standing == 0 { "no findings".to_owned() } else { counted(standing, "finding") };
    let mut text = format!("{} looked at {seen}: {found}", counted(verdict.checks.len(), "check"));
    // Writing to a `String` cannot fail.
    if let Some(highest) = verdict.highest() {
        write!(text, ", {highest} at worst").ok();
    }
    if waived > 0 {
        write!(text, "; {waived} waived").ok();
    }
    text
}

/// `1 check`, `12 checks`.
fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
