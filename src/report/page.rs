//! The HTML page of a report, as its templates read it: every word and number ready to be placed.

use askama::Template;

use super::pictures::{self, Bar, Bars};
use super::words::{self, capital, clock, counted, day, duration, image};
use crate::domain::grid::Mark;
use crate::domain::policy::{Finding, Subject};
use crate::domain::report::{Changeset, Grid, GridRow, Kind, OperationReport, Step, Worker};

/// Rows of a grid that are shown at once; the others are one click away.
const ROWS: usize = 40;

/// The page.
#[derive(Template)]
#[template(path = "report/page.html")]
pub(super) struct Page<'a> {
    report: &'a OperationReport,
    version: &'static str,
    shape: &'static str,
    tone: &'static str,
    kind: String,
    summary: String,
    facts: Vec<Fact>,
    pair: Option<[Side<'a>; 2]>,
    timeline: Vec<Row<'a>>,
    changesets: Vec<Change<'a>>,
    findings: Vec<Found<'a>>,
    grid: Option<Table<'a>>,
}

/// Something that is read at once.
struct Fact {
    name: &'static str,
    value: String,
    more: String,
}

/// One half of the picture of a pair.
struct Side<'a> {
    when: &'static str,
    state: &'a str,
    why: Option<&'a str>,
    app: String,
    schema: String,
    bars: Bars,
}

/// A step of the timeline.
struct Row<'a> {
    step: &'a Step,
    /// The group, where it is another one than that of the step before.
    group: Option<&'a str>,
    shape: &'static str,
    tone: &'static str,
    took: String,
    bar: Option<Bar>,
    waits: bool,
    title: String,
}

/// A changeset of the plan.
struct Change<'a> {
    it: &'a Changeset,
    state: &'static str,
    shape: &'static str,
    tone: &'static str,
    rollback: &'static str,
}

/// A finding.
struct Found<'a> {
    it: &'a Finding,
    tone: &'static str,
    shape: &'static str,
    place: String,
}

/// The look-ahead grid.
struct Table<'a> {
    grid: &'a Grid,
    shown: Vec<Line<'a>>,
    rest: Vec<Line<'a>>,
    legend: Vec<(Cell, &'static str)>,
}

/// One row of it.
struct Line<'a> {
    row: &'a GridRow,
    cells: Vec<[Option<Cell>; 2]>,
}

/// What a changeset comes to somewhere.
#[derive(Clone, Copy)]
struct Cell {
    shape: &'static str,
    tone: &'static str,
    word: &'static str,
}

impl Cell {
    fn of(mark: Mark) -> Self {
        let (shape, tone) = pictures::mark(mark);
        Self { shape, tone, word: mark.word() }
    }
}

impl<'a> Page<'a> {
    /// The page of a report whose texts are harmless.
    pub(super) fn of(report: &'a OperationReport) -> Self {
        let (shape, tone) = pictures::outcome(report.outcome);
        Self {
            report,
            version: env!("CARGO_PKG_VERSION"),
            shape,
            tone,
            kind: capital(report.kind.word()),
            summary: summary(report),
            facts: facts(report),
            pair: sides(report),
            timeline: timeline(report),
            changesets: changesets(report),
            findings: findings(report),
            grid: report.grid.as_ref().map(table),
        }
    }

    fn took(&self) -> String {
        duration(self.report.took())
    }

    fn lines(&self) -> String {
        let left_out = self.report.log.left_out.map_or(0, |(count, _)| count);
        counted(self.report.log.lines.len() + left_out, "line")
    }

    fn records(&self) -> String {
        counted(self.report.records.len(), "record")
    }

    /// What else to know about settings and waivers.
    fn notes(&self) -> impl Iterator<Item = String> {
        self.report.findings.iter().flat_map(|verdict| &verdict.notes).map(ToString::to_string)
    }

    /// The lines before and after those that were left out.
    fn log_parts(&self) -> [&[crate::domain::report::Line]; 2] {
        let lines = &self.report.log.lines;
        let at = self.report.log.left_out.map_or(lines.len(), |(_, behind)| behind.min(lines.len()));
        let (first, rest) = lines.split_at(at);
        [first, rest]
    }

    fn undone(&self) -> bool {
        self.report.kind == Kind::Rollback
    }
}

/// How it ended, as the beginning of a page: with a capital, but for the name of an environment.
fn summary(report: &OperationReport) -> String {
    let first = report.summary.split([' ', ',']).next().unwrap_or_default();
    let is_name = report.place.split(", ").any(|name| name == first);
    if is_name { report.summary.clone() } else { capital(&report.summary) }
}

fn facts(report: &OperationReport) -> Vec<Fact> {
    let fact = |name, value: String, more: String| Fact { name, value, more };
    let mut facts = vec![fact("Where", report.place.clone(), String::new())];
    if let Some(change) = &report.change {
        let from = change.from.as_deref().or(change.image_from.as_deref().map(image)).unwrap_or("nothing");
        facts.push(fact("From → to", format!("{from} → {}", change.to), String::new()));
    }
    let approved = report.words.iter().filter(|word| word.said == "approved");
    let approved: Vec<&str> = approved.map(|word| word.by.as_str()).collect();
    let approved =
        if approved.is_empty() { String::new() } else { format!("approved by {}", approved.join(", ")) };
    facts.push(fact("Who", report.by.clone(), approved));
    facts.push(fact("When", day(report.began), format!("{} UTC", clock(&report.began))));
    let usual = report.usual.map_or_else(String::new, |(usual, worst)| {
        format!("usually {}, at worst {}", duration(usual), duration(worst))
    });
    facts.push(fact("How long", duration(report.took()), usual));
    facts
}

fn sides(report: &OperationReport) -> Option<[Side<'_>; 2]> {
    let pair = report.pair.as_ref()?;
    let [first, second] = pictures::bars(pair);
    let side = |when, sight: &'_ crate::domain::report::PairSight, bars| {
        let schema =
            sight.applied.map_or_else(|| "not known".to_owned(), |count| counted(count, "changeset"));
        (when, sight.app.clone().unwrap_or_else(|| "not known".to_owned()), schema, bars)
    };
    let (when, app, schema, bars) = side("Before", &pair.before, first);
    let before = Side { when, state: &pair.before.state, why: pair.before.why.as_deref(), app, schema, bars };
    let (when, app, schema, bars) = side("After", &pair.after, second);
    let after = Side { when, state: &pair.after.state, why: pair.after.why.as_deref(), app, schema, bars };
    Some([before, after])
}

fn timeline(report: &OperationReport) -> Vec<Row<'_>> {
    let mut group = "";
    let rows = report.steps.iter().map(|step| {
        let (shape, tone) = pictures::step(step.status);
        let is_new = !step.group.is_empty() && step.group != group;
        group = &step.group;
        let took = step.began.map_or_else(String::new, |_| duration(step.took));
        let title = match step.began {
            Some(began) => {
                let since = duration(began.duration_since(report.began).unsigned_abs());
                format!("{}: began after {since}, took {took}, {}", step.name, step.status.word())
            }
            None => format!("{}: {}", step.name, step.status.word()),
        };
        Row {
            step,
            group: is_new.then_some(step.group.as_str()),
            shape,
            tone,
            took,
            bar: pictures::bar(step, report),
            waits: step.worker == Worker::Others,
            title,
        }
    });
    rows.collect()
}

fn changesets(report: &OperationReport) -> Vec<Change<'_>> {
    let is_back = report.kind == Kind::Rollback;
    let changesets = report.plan.iter().flat_map(|plan| &plan.changesets);
    let changes = changesets.map(|it| {
        let state = match (it.is_done, is_back) {
            (true, false) => "applied in this run",
            (true, true) => "undone in this run",
            (false, false) => "not applied in this run",
            (false, true) => "not undone in this run",
        };
        let (shape, tone) = if it.is_done { ("check", "good") } else { ("ring", "quiet") };
        let rollback = match it.rollback_kind.as_str() {
            "missing" => "Nothing undoes it.",
            "empty" => "It is declared that nothing needs to be undone.",
            "automatic" => "Liquibase works out by itself what undoes it.",
            _ => "",
        };
        Change { it, state, shape, tone, rollback }
    });
    changes.collect()
}

fn findings(report: &OperationReport) -> Vec<Found<'_>> {
    let findings = report.findings.iter().flat_map(|verdict| &verdict.findings);
    let found = findings.map(|it| {
        let (shape, tone) = match (&it.waiver, it.severity.code()) {
            (Some(_), _) => ("dash", "quiet"),
            (None, 3..) => ("cross", "bad"),
            (None, 1..3) => ("alert", "warn"),
            (None, _) => ("ring", "quiet"),
        };
        let place = match (&it.place, it.column, &it.subject) {
            (Some(place), Some(column), _) => format!("{}:{}:{column}", place.file, place.line),
            (Some(place), None, _) => format!("{}:{}", place.file, place.line),
            (None, _, Subject::Changeset(id)) => id.to_string(),
            (None, _, Subject::Table(table)) => format!("table {table}"),
        };
        Found { it, tone, shape, place }
    });
    found.collect()
}

fn table(grid: &Grid) -> Table<'_> {
    let line = |row: &'_ GridRow| -> Vec<[Option<Cell>; 2]> {
        let after = row.after.iter().map(Some).chain(std::iter::repeat(None));
        row.before
            .iter()
            .zip(after)
            .map(|(before, after)| {
                [Some(Cell::of(*before)), after.filter(|it| *it != before).map(|it| Cell::of(*it))]
            })
            .collect()
    };
    let matters =
        |row: &&GridRow| row.is_planned || row.before.iter().chain(&row.after).any(|mark| !is_settled(*mark));
    let (mut shown, mut rest): (Vec<&GridRow>, Vec<&GridRow>) = grid.rows.iter().partition(matters);
    if shown.len() > ROWS {
        rest.extend(shown.split_off(ROWS));
    }
    let seen = |mark: &Mark| {
        let rows = grid.rows.iter();
        rows.flat_map(|row| row.before.iter().chain(&row.after)).any(|other| other == mark)
    };
    Table {
        shown: shown.into_iter().map(|row| Line { row, cells: line(row) }).collect(),
        rest: rest.into_iter().map(|row| Line { row, cells: line(row) }).collect(),
        legend: Mark::BY_WEIGHT
            .into_iter()
            .rev()
            .filter(seen)
            .map(|mark| (Cell::of(mark), mark.about()))
            .collect(),
        grid,
    }
}

/// True for what nobody has to look at.
fn is_settled(mark: Mark) -> bool {
    matches!(mark, Mark::Applied | Mark::Filtered | Mark::Absent)
}
