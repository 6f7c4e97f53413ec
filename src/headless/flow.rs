//! `lockstep flow`: a flow as it runs, one line after the other, and what is wrong in a flow file.
//!
//! What the flow writes is the result, on standard output; with `--output json` that is one value at the end, and the
//! rest goes where progress goes.

use std::fmt::Write as _;
use std::future;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::json::failure as failure_json;
use super::{Format, Progress};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::flow::{Kind, Problem, Rank, Row, Work};
use crate::engine::State;
use crate::engine::event::{Event, EventKind, Intent};
use crate::engine::flow::{Asking, FlowRun, Outcome, RowStatus, Skip};
use crate::exit::Exit;
use crate::runtime::{Frontend, Next, StopSignals};

/// The line above and below the name of an action.
const RULE: &str = "***********************************************************************";

/// How wide the names of stages and actions may be in the tree.
const TITLE: usize = 64;

/// Steers one flow through the loop.
pub struct Flowing<Out, Err> {
    asking: Asking,
    format: Format,
    out: Out,
    err: Err,
    signals: Option<StopSignals>,
    /// How many rows were told.
    told: usize,
    is_introduced: bool,
}

impl<Out: Write, Err: Write> Flowing<Out, Err> {
    /// A frontend that writes the flow to `out`, and what lockstep says about it to `err`. With `signals` it stops the
    /// flow when one arrives.
    pub fn new(asking: Asking, format: Format, out: Out, err: Err, signals: Option<StopSignals>) -> Self {
        Self { asking, format, out, err, signals, told: 0, is_introduced: false }
    }

    /// Writes how it ended, and says so with the exit code.
    pub fn finish(mut self, state: &State) -> io::Result<Exit> {
        let outcome = state.flow.as_ref().and_then(FlowRun::outcome);
        let (exit, failure) = exit(outcome);
        if self.format == Format::Json {
            let value = json_of(state, &self.asking, failure.as_ref(), exit);
            serde_json::to_writer_pretty(&mut self.out, &value)?;
            writeln!(self.out)?;
        } else {
            // Of a flow that was refused there is nothing to tell but why.
            if let Some(flow) = state.flow.as_ref().filter(|_| outcome.is_some_and(|it| !it.is_refusal)) {
                write!(self.out, "{}", tree(flow))?;
            }
            self.out.flush()?;
            if let Some(failure) = failure {
                Progress::new(&mut self.err).failure(&failure)?;
            }
        }
        self.out.flush()?;
        Ok(exit)
    }

    /// A line of the flow itself.
    fn line(&mut self, line: &str) -> io::Result<()> {
        match self.format {
            Format::Text => writeln!(self.out, "{line}"),
            Format::Json => writeln!(self.err, "{line}"),
        }
    }

    fn introduce(&mut self, flow: &FlowRun) -> io::Result<()> {
        if self.is_introduced || flow.script.is_none() {
            return Ok(());
        }
        self.is_introduced = true;
        writeln!(self.err, "running {}", flow.notes.join("\n  "))?;
        for warning in &flow.warnings {
            writeln!(self.err, "warning: {warning}")?;
        }
        self.err.flush()
    }

    /// Tells the rows that have begun, or were skipped, since the last time.
    fn rows(&mut self, flow: &FlowRun) -> io::Result<()> {
        let lines: Vec<_> = flow.lines().collect();
        while let Some((row, status)) = lines.get(self.told) {
            match status {
                RowStatus::Waiting => break,
                RowStatus::Skipped(Skip::Ended) => self.told = row.end,
                RowStatus::Skipped(Skip::Condition(condition)) => {
                    let (word, name) = match &row.kind {
                        Kind::Stage { name, .. } => ("stage", format!("'{name}'")),
                        _ => ("action", format!("'{}' {}", word(row), row.command())),
                    };
                    let text = format!(
                        "Skipping {word}: {name} because condition '{condition}' evaluated to false."
                    );
                    self.line(&text)?;
                    self.told = row.end;
                }
                RowStatus::Running { .. } | RowStatus::Done { .. } | RowStatus::Failed { .. } => {
                    if !matches!(row.kind, Kind::Stage { .. }) {
                        self.banner(row)?;
                    }
                    if let (Kind::Action(action), RowStatus::Done { note, .. }) = (&row.kind, status)
                        && matches!(action.work, Work::Exit { .. })
                    {
                        self.line(note)?;
                    }
                    self.told += 1;
                }
            }
        }
        Ok(())
    }

    fn banner(&mut self, row: &Row) -> io::Result<()> {
        let title = format!("* Executing '{}' {}", word(row), row.command());
        for line in [RULE, "*", &title, "*", RULE] {
            self.line(line)?;
        }
        Ok(())
    }
}

impl<Out: Write, Err: Write> Frontend for Flowing<Out, Err> {
    fn first(&self) -> Intent {
        Intent::RunFlow(Box::new(self.asking.clone()))
    }

    async fn next(&mut self, state: &State, is_idle: bool) -> io::Result<Next> {
        let is_over = state.flow.as_ref().is_none_or(FlowRun::is_over);
        if is_idle && is_over {
            return Ok(Next::Leave);
        }
        match &mut self.signals {
            Some(signals) => signals.next().await,
            None => future::pending().await,
        }
        Ok(Next::Intent(Intent::Interrupt))
    }

    fn show(&mut self, event: Option<&Event>, state: &State, _more: bool) -> io::Result<()> {
        let (Some(event), Some(flow)) = (event, &state.flow) else { return Ok(()) };
        self.introduce(flow)?;
        match &event.kind {
            EventKind::Log(run, lines) if run.as_ref() == Some(&flow.run) => {
                for line in lines {
                    self.line(&line.text)?;
                }
            }
            EventKind::Log(_, lines) => {
                for line in lines {
                    writeln!(self.err, "{}", line.text)?;
                }
            }
            EventKind::FlowActed(_, row, deed) => {
                if let Err(failure) = &deed.result {
                    let continues = flow.lines().nth(*row).is_some_and(|(row, _)| row.continues());
                    let on = if continues { ", and the flow goes on" } else { "" };
                    self.line(&format!("ERROR: {}, exit code {}{on}", failure.what, deed.code))?;
                }
            }
            EventKind::Reported(_, result) => Progress::new(&mut self.err).report(result)?,
            EventKind::Intent(Intent::Interrupt) if flow.outcome().is_none() => {
                writeln!(self.err, "stopping; what always runs still does, unless you interrupt once more")?;
            }
            _ => {}
        }
        self.rows(flow)?;
        self.out.flush()
    }
}

/// The exit code, and why it is not 0.
fn exit(outcome: Option<&Outcome>) -> (Exit, Option<Failure>) {
    let Some(outcome) = outcome else {
        let failure = Failure::new(FailureKind::Interrupted, "the flow was left before it ended");
        return (Exit::Interrupted, Some(failure));
    };
    let exit = match &outcome.failure {
        // Nothing of it was begun, or nobody knows what it did: that is lockstep's own word.
        Some(failure) if outcome.is_refusal || failure.kind == FailureKind::Unknown => Exit::from(failure),
        _ => Exit::Flow(outcome.code),
    };
    (exit, outcome.failure.clone())
}

fn word(row: &Row) -> &'static str {
    match &row.kind {
        Kind::Action(action) => action.work.word(),
        Kind::Stage { .. } | Kind::Flow { .. } => "liquibase",
    }
}

/// Every stage and action, how it ended and how long it took.
fn tree(flow: &FlowRun) -> String {
    let mut text = String::new();
    let lines: Vec<_> = flow.lines().map(|(row, status)| (name(row), status)).collect();
    if lines.is_empty() {
        return text;
    }
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    writeln!(text, "\n{}", flow.asking.path).ok();
    for (name, status) in &lines {
        let line = format!("{} {name:width$}  {}", sign(status), status_words(status));
        writeln!(text, "  {}", line.trim_end()).ok();
    }
    if let (Some(outcome), Some(ended)) = (flow.outcome(), flow.ended()) {
        let took = ended.duration_since(flow.began).as_secs_f64();
        let message = outcome.message.as_ref().map_or_else(String::new, |message| format!(": {message}"));
        writeln!(text, "ended with {} after {took:.1} s{message}", outcome.code).ok();
    }
    text
}

/// The name of a row, as far in as it stands.
fn name(row: &Row) -> String {
    let title: String = match row.title() {
        title if title.chars().count() > TITLE => title.chars().take(TITLE - 1).chain(['…']).collect(),
        title => title,
    };
    format!("{:indent$}{title}", "", indent = 2 * row.depth)
}

fn sign(status: &RowStatus) -> &'static str {
    match status {
        RowStatus::Waiting => "·",
        RowStatus::Skipped(_) => "-",
        RowStatus::Running { .. } => ">",
        RowStatus::Done { .. } => "✔",
        RowStatus::Failed { .. } => "✖",
    }
}

fn status_words(status: &RowStatus) -> String {
    match status {
        RowStatus::Waiting => " waiting".to_owned(),
        RowStatus::Skipped(Skip::Condition(_)) => " skipped  the condition does not hold".to_owned(),
        RowStatus::Skipped(Skip::Ended) => " skipped".to_owned(),
        RowStatus::Running { .. } => " running".to_owned(),
        RowStatus::Done { took, note } if note.is_empty() => format!("{:6.1} s", took.as_secs_f64()),
        RowStatus::Done { took, note } => format!("{:6.1} s  {note}", took.as_secs_f64()),
        RowStatus::Failed { took, code, .. } => {
            format!("{:6.1} s  failed with {code}", took.as_secs_f64())
        }
    }
}

fn json_of(state: &State, asking: &Asking, failure: Option<&Failure>, exit: Exit) -> Value {
    let flow = state.flow.as_ref();
    let rows = flow.into_iter().flat_map(FlowRun::lines).map(|(row, status)| {
        let kind = match &row.kind {
            Kind::Stage { rank: Rank::Middle, .. } => "stage",
            Kind::Stage { rank: Rank::End, .. } => "end stage",
            Kind::Action(action) => action.work.word(),
            Kind::Flow { .. } => "flow",
        };
        let (word, seconds, code, note, why) = match status {
            RowStatus::Waiting => ("waiting", None, None, None, None),
            RowStatus::Skipped(Skip::Condition(condition)) => {
                ("skipped", None, None, Some(condition.as_str()), None)
            }
            RowStatus::Skipped(Skip::Ended) => ("skipped", None, None, None, None),
            RowStatus::Running { .. } => ("running", None, None, None, None),
            RowStatus::Done { took, note } => ("done", Some(*took), Some(0), Some(note.as_str()), None),
            RowStatus::Failed { took, code, failure } => {
                ("failed", Some(*took), Some(*code), None, Some(failure_json(Some(failure))))
            }
        };
        json!({
            "depth": row.depth,
            "kind": kind,
            "name": row.title(),
            "file": &*row.file,
            "line": row.line,
            "status": word,
            "seconds": seconds.map(|it| it.as_secs_f64()),
            "code": code,
            "note": note,
            "failure": why,
        })
    });
    json!({
        "flow": asking.path,
        "run": flow.map(|flow| flow.run.to_string()),
        "environment": flow.and_then(|flow| flow.environment.as_ref()).map(ToString::to_string),
        "began": flow.map(|flow| flow.began.to_string()),
        "ended": flow.and_then(FlowRun::ended).map(|at| at.to_string()),
        "notes": flow.map(|flow| flow.notes.clone()),
        "warnings": flow.map(|flow| flow.warnings.iter().map(problem_json).collect::<Vec<_>>()),
        "rows": rows.collect::<Vec<_>>(),
        "message": flow.and_then(FlowRun::outcome).and_then(|outcome| outcome.message.clone()),
        "code": flow.and_then(FlowRun::outcome).map(|outcome| outcome.code),
        "report": flow.and_then(|flow| Some(&flow.report.as_ref()?.as_ref().ok()?.path)),
        "exit": exit.code(),
        "failure": failure_json(failure),
    })
}

fn problem_json(problem: &Problem) -> Value {
    json!({
        "file": problem.file,
        "line": problem.line,
        "text": problem.text,
        "mend": problem.mend,
        "error": problem.is_error,
    })
}

/// What is wrong in a flow file, for people; `actions` is how many it has when nothing is.
pub fn problems_text(path: &str, actions: usize, problems: &[Problem]) -> String {
    let mut text = String::new();
    for problem in problems {
        let word = if problem.is_error { "error" } else { "warning" };
        writeln!(text, "{word}: {problem}").ok();
    }
    let errors = problems.iter().filter(|problem| problem.is_error).count();
    let counted = |count: usize, noun: &str| match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    };
    let warnings = counted(problems.len() - errors, "warning");
    let found = if errors == 0 {
        format!("can be run: {}, {warnings}", counted(actions, "action"))
    } else {
        format!("cannot be run: {}, {warnings}", counted(errors, "error"))
    };
    writeln!(text, "{path} {found}").ok();
    text
}

/// The same for programs; docs/json.md describes it.
pub fn problems_json(path: &str, actions: usize, problems: &[Problem]) -> Value {
    json!({
        "flow": path,
        "valid": !problems.iter().any(|problem| problem.is_error),
        "actions": actions,
        "problems": problems.iter().map(problem_json).collect::<Vec<_>>(),
    })
}
