//! The report of a run of a flow: its stages as groups, its actions as steps, and what its checks found.

use std::time::Duration;

use super::report;
use crate::domain::flow::{Kind, Row};
use crate::domain::report::{FlowRun, OperationReport, Origin, Worker};
use crate::engine::State;
use crate::engine::effect::Effect;
use crate::engine::flow::{FlowRun as Run, RowStatus, Skip};

/// How much of the command of an action is its name.
const NAME: usize = 64;

impl State {
    /// Reports the flow that has just ended, however it did. What never began did nothing that could be told.
    pub(in crate::engine) fn report_flow(&mut self) -> Option<Effect> {
        let flow = self.flow.as_ref()?;
        let outcome = flow.outcome().filter(|outcome| !outcome.is_refusal)?;
        let told = FlowRun {
            file: flow.path().to_owned(),
            steps: steps(flow),
            exit_code: outcome.code,
            findings: flow.findings.clone(),
            failure: outcome.failure.clone(),
            environment: flow.environment.as_ref().map(ToString::to_string),
        };
        let ended = flow.ended().unwrap_or(self.now);
        let origin = Origin { by: flow.by.clone(), ..self.origin(flow.run.clone(), flow.began, ended) };
        let mut report = OperationReport::of_flow(told, origin);
        report.remarks.extend(flow.warnings.iter().map(ToString::to_string));
        Some(self.file(report))
    }
}

/// The actions. Stages, and flows that it runs, are their groups.
fn steps(flow: &Run) -> Vec<report::Step> {
    let rows = flow.script.as_ref().map_or(&[][..], |script| &script.rows);
    let actions = flow.lines().zip(&flow.begun).enumerate();
    let actions = actions.filter(|(_, ((row, _), _))| matches!(row.kind, Kind::Action(_)));
    let told = actions.map(|(index, ((row, status), begun))| {
        let (word, took, code, note) = match status {
            RowStatus::Waiting | RowStatus::Skipped(Skip::Ended) => {
                (report::StepStatus::NotReached, Duration::ZERO, None, String::new())
            }
            RowStatus::Skipped(Skip::Condition(condition)) => {
                let note = format!("its condition does not hold: {condition}");
                (report::StepStatus::Skipped, Duration::ZERO, None, note)
            }
            // The flow was ended while it went on.
            RowStatus::Running { since } => {
                let until = flow.ended().unwrap_or(*since);
                let took = until.duration_since(*since).unsigned_abs();
                (report::StepStatus::Failed, took, None, String::new())
            }
            RowStatus::Done { took, note } => (report::StepStatus::Done, *took, Some(0), note.clone()),
            RowStatus::Failed { took, code, failure } => {
                (report::StepStatus::Failed, *took, Some(*code), failure.what.clone())
            }
        };
        let (name, is_cut) = name(row);
        let place = format!("{}:{}", row.file, row.line);
        report::Step {
            name,
            group: group(rows, index),
            about: if is_cut { format!("{}, in {place}", row.title()) } else { place },
            worker: Worker::Own,
            status: word,
            began: *begun,
            took,
            code,
            note,
        }
    });
    told.collect()
}

/// The beginning of what an action does, and whether something of it is left out.
fn name(row: &Row) -> (String, bool) {
    let title = row.title();
    match title.char_indices().nth(NAME) {
        Some((end, _)) => (format!("{}…", &title[..end]), true),
        None => (title, false),
    }
}

/// The stage that a row stands in, with the flows and stages around it in front.
fn group(rows: &[Row], index: usize) -> String {
    let around = rows[..index].iter().filter(|row| row.end > index);
    let names = around.filter_map(|row| match &row.kind {
        Kind::Stage { name, .. } => Some(name.as_str()),
        Kind::Flow { path, .. } => Some(path),
        Kind::Action(_) => None,
    });
    names.collect::<Vec<_>>().join(", ")
}
