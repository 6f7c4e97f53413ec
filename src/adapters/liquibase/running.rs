//! A Liquibase that runs, a process here or a task in ECS: its lines as they come, and how it ended.

use std::io;
use std::process::ExitStatus;
use std::sync::Arc;

use super::output::{self, Said, level};
use super::task::Task;
use crate::adapters::archive::Folder;
use crate::adapters::process::Process;
use crate::adapters::report::{RawLine, StepReport};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::log::Source;

/// A Liquibase that was started, and what it said so far.
pub(super) struct Running {
    form: Form,
    pub(super) said: Said,
}

enum Form {
    /// A process, and the folder that it works in.
    Here { process: Box<Process>, _folder: Folder },
    /// A task.
    Task(Box<Task>),
}

/// How a run of Liquibase ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// By itself, with this exit code.
    Itself(i32),
    /// Somebody or something ended it, in these words.
    Killed(String),
    /// It never began, for these reasons.
    Never(Vec<String>),
}

impl Ended {
    /// True when it did all that it was asked for.
    pub(super) fn is_success(&self) -> bool {
        *self == Self::Itself(0)
    }

    fn of_process(status: ExitStatus) -> Self {
        status.code().map_or_else(|| Self::Killed(status.to_string()), Self::Itself)
    }
}

impl Running {
    /// A process that works in `folder`.
    pub(super) fn here(process: Process, folder: Folder) -> Self {
        Self { form: Form::Here { process: Box::new(process), _folder: folder }, said: Said::default() }
    }

    /// A task.
    pub(super) fn task(task: Task) -> Self {
        Self { form: Form::Task(Box::new(task)), said: Said::default() }
    }

    /// Forwards its lines until it ends. An error means that nobody knows how it did.
    pub(super) async fn finish(&mut self, step: &StepReport) -> Result<Ended, Failure> {
        match &mut self.form {
            Form::Here { process, .. } => {
                while let Some(lines) = process.lines().await {
                    let line = |text: String| RawLine {
                        at: None,
                        source: Source::Liquibase,
                        level: level(&text),
                        text,
                    };
                    forward(lines.into_iter().map(line).collect(), &mut self.said, step).await;
                }
                process.end().await.map(Ended::of_process).map_err(|error| out_of_sight(&error))
            }
            Form::Task(task) => task.finish(&mut self.said, step).await,
        }
    }

    /// True when there is something that a database could be asked to cancel: a task that was only just asked for has
    /// not begun anything.
    pub(super) fn has_begun(&self) -> bool {
        match &self.form {
            Form::Here { .. } => true,
            Form::Task(task) => task.has_begun(),
        }
    }

    /// Ends it without asking it, and waits for that; `None` when it could not be seen how it ended.
    pub(super) async fn kill(&mut self, step: &StepReport) -> Option<Ended> {
        match &mut self.form {
            Form::Here { process, .. } => process.kill().await.ok().map(Ended::of_process),
            Form::Task(task) => task.stop(&mut self.said, step).await,
        }
    }
}

/// Forwards lines, says which changeset runs, and keeps what was said.
pub(super) async fn forward(lines: Vec<RawLine>, said: &mut Said, step: &StepReport) {
    let lines = lines.into_iter().filter(|line| !line.text.trim().is_empty()).collect();
    let texts: Vec<Arc<str>> = step.report.lines(lines).await;
    if let Some(changeset) = texts.iter().rev().find_map(|text| output::running(text)) {
        step.advanced(format!("running {changeset}")).await;
    }
    said.extend(texts);
}

fn out_of_sight(error: &io::Error) -> Failure {
    Failure::new(FailureKind::Unknown, "nobody saw how Liquibase ended").because(error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    #[test]
    fn a_process_ends_by_itself_or_by_a_signal() {
        assert_eq!(Ended::of_process(ExitStatus::from_raw(256)), Ended::Itself(1));
        let killed = Ended::of_process(ExitStatus::from_raw(9));
        assert!(matches!(&killed, Ended::Killed(words) if words.contains("signal: 9")), "{killed:?}");
        assert!(Ended::of_process(ExitStatus::from_raw(0)).is_success() && !killed.is_success());
    }
}
