//! Progress, one sentence a line, on standard error.

use std::io::{self, Write};

use crate::domain::failure::Failure;
use crate::domain::log::LogLine;
use crate::domain::plan::Plan;
use crate::domain::report::Filed;
use crate::engine::State;
use crate::engine::event::{Event, EventKind, Intent};
use crate::engine::promotion::{Promotion, Step, StepStatus};

/// Tells what happens as it happens, each thing once.
pub struct Progress<W> {
    out: W,
    told: Vec<Step>,
}

impl<W: Write> Progress<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, told: Vec::new() }
    }

    /// Tells what `event` changed.
    pub fn show(&mut self, event: &Event, state: &State) -> io::Result<()> {
        if let EventKind::Log(_, lines) = &event.kind {
            for line in lines {
                self.line(line)?;
            }
        }
        match &event.kind {
            EventKind::Reported(_, result) => self.report(result)?,
            EventKind::Notified(_, Ok(said)) => writeln!(self.out, "{said}")?,
            EventKind::Notified(_, Err(failure)) => self.failure(failure)?,
            _ => {}
        }
        if event.kind == EventKind::Intent(Intent::Interrupt)
            && let Some(promotion) = state.running().next().filter(|promotion| !promotion.is_cancelling)
        {
            let step = promotion.current().map_or("the end", |step| promotion.plan.step_words(step));
            writeln!(self.out, "stopping when `{step}` has ended; once more aborts it")?;
        }
        match state.promotions.first() {
            Some(promotion) => self.steps(promotion),
            None => Ok(()),
        }
    }

    /// Tells a failure with its causes.
    pub fn failure(&mut self, failure: &Failure) -> io::Result<()> {
        write!(self.out, "{}", super::text::failure(failure))?;
        self.out.flush()
    }

    /// Where the report is. What went wrong with it is told, and changes nothing.
    pub fn report(&mut self, result: &Result<Filed, Failure>) -> io::Result<()> {
        match result {
            Err(failure) => self.failure(failure),
            Ok(Filed { path, upload }) => {
                writeln!(self.out, "report: {path}")?;
                match upload {
                    None => Ok(()),
                    Some(Ok(address)) => writeln!(self.out, "report: {address}"),
                    Some(Err(failure)) => self.failure(failure),
                }
            }
        }
    }

    fn line(&mut self, line: &LogLine) -> io::Result<()> {
        let time = line.at.strftime("%H:%M:%S");
        writeln!(self.out, "  {time} {:9} {}", line.source.word(), line.text)
    }

    fn steps(&mut self, promotion: &Promotion) -> io::Result<()> {
        if self.told.is_empty() {
            writeln!(
                self.out,
                "promoting {} to {}, plan {}, run {}",
                promotion.plan.version,
                promotion.plan.environment,
                promotion.plan.digest().short(),
                promotion.run
            )?;
        }
        for (index, step) in promotion.steps.iter().enumerate() {
            if self.told.get(index) != Some(step)
                && let Some(words) = words(step, &promotion.plan)
            {
                writeln!(self.out, "{words}")?;
            }
        }
        self.told.clone_from(&promotion.steps);
        self.out.flush()
    }
}

/// What a step does or came to, in words; `None` where there is nothing to say.
pub(super) fn words(step: &Step, plan: &Plan) -> Option<String> {
    let (word, environment) = (plan.step_words(step.kind), &plan.environment);
    match &step.status {
        StepStatus::Waiting | StepStatus::Skipped => None,
        StepStatus::Running { note, .. } if note.is_empty() => {
            Some(format!("> {word}: {} ({environment})", step.kind.about()))
        }
        StepStatus::Running { note, .. } => Some(format!("  {word}: {note}")),
        StepStatus::Done { took, note } => Some(format!("✔ {word}: {note} ({:.1} s)", took.as_secs_f64())),
        StepStatus::Failed { took, failure } => {
            Some(format!("✖ {word}: {} ({:.1} s)", failure.what, took.as_secs_f64()))
        }
    }
}
