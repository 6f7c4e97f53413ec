//! Where an effect reports to: the runtime's sink, behind the redactor, so that no secret can get past it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::redact::Redactor;
use crate::domain::Timestamp;
use crate::domain::changelog::ChangesetId;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::log::{Level, LogLine, Source};
use crate::domain::names::RunId;
use crate::domain::report::{Line, Log};
use crate::domain::step::StepKind;
use crate::engine::event::{EventKind, Progress, StepOutcome};
use crate::runtime::{Clock, Sink};

/// The most lines that travel in one event.
pub(super) const BATCH: usize = 256;

/// What an effect reports through. Cheap to clone.
#[derive(Clone)]
pub(super) struct Report {
    sink: Sink,
    redactor: Redactor,
    /// The run that everything is said for, if for one.
    run: Option<RunId>,
    heard: Option<Heard>,
}

/// The first lines that were said for somebody who wants to show them. Clones hear the same.
#[derive(Clone, Default)]
pub(super) struct Heard(Arc<Mutex<Log>>);

/// A line as it came from outside, not redacted yet.
pub(super) struct RawLine {
    /// When it was written; `None` for now.
    pub(super) at: Option<Timestamp>,
    /// Who wrote it.
    pub(super) source: Source,
    /// How much it matters.
    pub(super) level: Level,
    /// The text, without a line end.
    pub(super) text: String,
}

impl Report {
    /// A report to `sink` that passes `redactor`.
    pub(super) fn new(sink: Sink, redactor: Redactor) -> Self {
        Self { sink, redactor, run: None, heard: None }
    }

    /// Reports something whose texts are not from outside, or were redacted.
    pub(super) async fn send(&self, kind: EventKind) {
        self.sink.send(kind).await;
    }

    /// Redacts the failure of a result.
    pub(super) fn clean<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        result.map_err(|failure| self.redactor.failure(&failure))
    }

    /// Reports lines and returns their redacted texts.
    pub(super) async fn lines(&self, lines: Vec<RawLine>) -> Vec<Arc<str>> {
        let now = self.clock().now();
        let lines: Vec<LogLine> = lines
            .into_iter()
            .map(|line| LogLine {
                at: line.at.unwrap_or(now),
                source: line.source,
                level: line.level,
                text: self.redactor.line(&line.text).into(),
            })
            .collect();
        if let Some(heard) = &self.heard {
            heard.hear(&lines);
        }
        let texts = lines.iter().map(|line| line.text.clone()).collect();
        for batch in lines.chunks(BATCH) {
            self.sink.send(EventKind::Log(self.run.clone(), batch.to_vec())).await;
        }
        texts
    }

    /// Reports one line of lockstep's own.
    pub(super) async fn note(&self, level: Level, text: String) {
        self.lines(vec![RawLine { at: None, source: Source::Lockstep, level, text }]).await;
    }

    /// The clock.
    pub(super) fn clock(&self) -> Clock {
        self.sink.clock()
    }

    /// The same, for everything that is said for a run.
    pub(super) fn for_run(&self, run: &RunId) -> Self {
        Self { run: Some(run.clone()), ..self.clone() }
    }

    /// The same, and `heard` hears it.
    pub(super) fn heard_by(&self, heard: &Heard) -> Self {
        Self { heard: Some(heard.clone()), ..self.clone() }
    }

    /// The report of one step of a run.
    pub(super) fn step(&self, run: &RunId, kind: StepKind) -> StepReport {
        StepReport { report: self.for_run(run), run: run.clone(), kind }
    }
}

/// What one step of a run reports through. Cheap to clone.
#[derive(Clone)]
pub(super) struct StepReport {
    /// The report that it goes through, for log lines and the clock.
    pub(super) report: Report,
    run: RunId,
    kind: StepKind,
}

impl Heard {
    /// So many lines are kept.
    const LINES: usize = 5_000;

    fn hear(&self, lines: &[LogLine]) {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for LogLine { at, source, text, .. } in lines {
            if log.lines.len() == Self::LINES {
                let (count, _) = log.left_out.unwrap_or_default();
                log.left_out = Some((count + 1, Self::LINES));
                continue;
            }
            let at = at.strftime("%H:%M:%S%.3f").to_string();
            log.lines.push(Line { at, source: source.word().to_owned(), text: text.to_string() });
        }
    }

    /// What was heard so far.
    pub(super) fn log(&self) -> Log {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl StepReport {
    /// The step is at this point.
    pub(super) async fn advanced(&self, words: impl AsRef<str>) {
        let words = self.report.redactor.line(words.as_ref());
        self.progress(Progress::Advanced(words)).await;
    }

    /// A changeset got its row in this run, or lost it on the way back.
    pub(super) async fn applied(&self, id: ChangesetId) {
        self.progress(Progress::Applied(id)).await;
    }

    /// The platform gave the operation a name.
    pub(super) async fn operation(&self, id: String) {
        self.progress(Progress::Operation(id)).await;
    }

    /// The step ended.
    pub(super) async fn ended(&self, result: Result<StepOutcome, Failure>) {
        self.progress(Progress::Ended(self.report.clean(result))).await;
    }

    async fn progress(&self, progress: Progress) {
        self.report.send(EventKind::Step(self.run.clone(), self.kind, progress)).await;
    }
}

/// Waits for `work` until `deadline` has passed; then the failure says that `what` got no answer.
pub(super) async fn within<T>(
    deadline: Duration,
    what: impl FnOnce() -> String,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(deadline, work).await {
        Ok(result) => result,
        Err(_) => Err(Failure::new(FailureKind::Unavailable, what())
            .because(format!("there was no answer within {}", seconds(deadline)))
            .hint(
                "Look whether it is reachable and not overloaded; [deadlines] look says how long to wait.",
            )),
    }
}

/// A duration for people: `10 s`, `0.5 s`, `30 min`.
pub(super) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds >= 120.0 { format!("{:.0} min", seconds / 60.0) } else { format!("{seconds} s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_was_heard_the_beginning_is_kept_and_the_rest_is_counted() {
        let heard = Heard::default();
        let line = |number: usize| LogLine {
            at: Timestamp::UNIX_EPOCH,
            source: Source::Shell,
            level: Level::Normal,
            text: format!("line {number}").into(),
        };
        heard.hear(&(0..Heard::LINES).map(line).collect::<Vec<_>>());
        assert_eq!(heard.log().left_out, None);
        heard.hear(&[line(1), line(2)]);
        let log = heard.log();
        assert_eq!((log.lines.len(), log.left_out), (Heard::LINES, Some((2, Heard::LINES))));
        assert_eq!((log.lines[1].at.as_str(), log.lines[1].text.as_str()), ("00:00:00.000", "line 1"));
    }
}
