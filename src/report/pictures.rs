//! The pictures of a report as numbers: where the templates draw what. Nothing here is text but names of shapes.

use std::time::Duration;

use crate::domain::grid::Mark;
use crate::domain::report::{OperationReport, Outcome, Pair, PairSight, Step, StepStatus};

/// The width that bars of a timeline are drawn to; the picture is stretched to the room there is.
const SPAN: f64 = 1000.0;

/// A step that took no time at all is still to be seen.
const LEAST: f64 = 4.0;

/// The longest bar of a pair.
const LONG: u16 = 88;

/// How much shorter a bar is that is behind.
const BEHIND: u16 = 26;

/// Where the bar of a step is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bar {
    /// From the left.
    pub(super) x: f64,
    /// Its length.
    pub(super) width: f64,
}

/// The bars of a pair: app above schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bars {
    /// The length of the app's.
    pub(super) app: u16,
    /// The length of the schema's.
    pub(super) schema: u16,
    /// Where the shorter one misses something; `None` when they are level.
    pub(super) gap: Option<Gap>,
    /// How they are drawn: `level`, `drifted`, `unknown` or `apart`.
    pub(super) style: &'static str,
}

/// What the shorter of two bars misses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gap {
    /// From the left.
    pub(super) x: u16,
    /// True when it is the schema's.
    pub(super) is_schema: bool,
    /// How much.
    pub(super) width: u16,
}

/// Where a step stands on a line as long as the operation.
pub(super) fn bar(step: &Step, report: &OperationReport) -> Option<Bar> {
    let whole = report.took().max(Duration::from_millis(1)).as_secs_f64();
    let since = step.began?.duration_since(report.began).unsigned_abs().as_secs_f64();
    let x = (since / whole * SPAN).clamp(0.0, SPAN - LEAST);
    let width = (step.took.as_secs_f64() / whole * SPAN).clamp(LEAST, SPAN - x);
    let round = |number: f64| (number * 10.0).round() / 10.0;
    Some(Bar { x: round(x), width: round(width) })
}

/// The bars before and after, to one scale.
pub(super) fn bars(pair: &Pair) -> [Bars; 2] {
    let (before, after) = (pair.before.applied, pair.after.applied);
    let level = |own: Option<usize>, other: Option<usize>| {
        let room = LONG - BEHIND;
        match (own, other) {
            (Some(own), Some(other)) if own < other => room - BEHIND,
            _ => room,
        }
    };
    [one(&pair.before, level(before, after)), one(&pair.after, level(after, before))]
}

fn one(sight: &PairSight, level: u16) -> Bars {
    let (app, schema, style) = match sight.state.as_str() {
        "in step" => (level, level, "level"),
        "app ahead" => (level + BEHIND, level, "apart"),
        "schema ahead" => (level - BEHIND / 2, level + BEHIND / 2, "apart"),
        "drifted" => (level, level, "drifted"),
        _ => (level, level, "unknown"),
    };
    let gap = (app != schema).then(|| Gap {
        x: app.min(schema),
        is_schema: schema < app,
        width: app.abs_diff(schema),
    });
    Bars { app, schema, gap, style }
}

/// The shape and the tone of an outcome.
pub(super) fn outcome(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Proven | Outcome::Clean => ("check", "good"),
        Outcome::Failed => ("cross", "bad"),
        Outcome::ActionNeeded => ("alert", "bad"),
        Outcome::Unknown => ("question", "warn"),
        Outcome::Found => ("alert", "warn"),
        Outcome::Refused => ("bar", "warn"),
        Outcome::Interrupted => ("pause", "warn"),
    }
}

/// The shape and the tone of a step.
pub(super) fn step(status: StepStatus) -> (&'static str, &'static str) {
    match status {
        StepStatus::Done => ("check", "good"),
        StepStatus::Failed => ("cross", "bad"),
        StepStatus::Skipped => ("dash", "quiet"),
        StepStatus::NotReached => ("ring", "quiet"),
    }
}

/// The shape and the tone of what a witness says.
pub(super) fn proof(verdict: &str) -> (&'static str, &'static str) {
    match verdict {
        "proven" => ("check", "good"),
        "refuted" => ("cross", "bad"),
        _ => ("question", "warn"),
    }
}

/// The shape and the tone of a cell.
pub(super) fn mark(mark: Mark) -> (&'static str, &'static str) {
    match mark {
        Mark::Applied => ("full", "good"),
        Mark::Pending => ("hollow", "quiet"),
        Mark::Missing => ("triangle", "bad"),
        Mark::Rerun => ("half", "quiet"),
        Mark::Edited => ("slash", "bad"),
        Mark::Moved => ("double", "bad"),
        Mark::OutOfOrder => ("swap", "warn"),
        Mark::Filtered => ("dash", "quiet"),
        Mark::Unknown => ("question", "warn"),
        Mark::Unexpected => ("diamond", "warn"),
        Mark::Absent => ("none", "quiet"),
        Mark::NotJudged => ("dots", "quiet"),
    }
}
