//! Following one operation to its end, with the log lines of platform and application as they come.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};

use regex::Regex;
use tokio::time::sleep;

use super::{described, millis, operation, tails};
use crate::adapters::aws::logs::Tail;
use crate::adapters::aws::repeats::Repeats;
use crate::adapters::aws::{Aws, patience};
use crate::adapters::report::StepReport;
use crate::config::EnvironmentSettings;
use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::observation::{Operation, OperationStatus};

/// How many looks in a row may not know the operation yet: App Runner's lists are eventually consistent.
const UNLISTED: u32 = 30;

/// How many of App Runner's own reasons a failure names.
const REASONS: usize = 3;

/// Lines of App Runner that give a reason.
static REASON: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)failed|failure|stopped|exit code").expect("the expression is constant and was tried")
});

/// Lines of the application that say why it is not well.
static UNWELL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)unhealthy|schema is behind|does not answer|/health\S* [45]\d\d|panicked")
        .expect("the expression is constant and was tried")
});

/// How a followed operation ended.
pub(super) enum Ending {
    /// As asked.
    Succeeded,
    /// In some other way, with the reasons that the logs give.
    Failed(OperationStatus, Vec<String>),
}

/// An operation that is being followed.
pub(super) struct Follow<'a> {
    aws: &'a Aws,
    environment: &'a EnvironmentSettings,
    step: &'a StepReport,
    arn: String,
    id: String,
    called: Timestamp,
    tails: Option<[Tail; 2]>,
    repeats: Repeats,
    status: Option<OperationStatus>,
    words: String,
    reasons: VecDeque<String>,
    unwell: Option<Arc<str>>,
}

impl<'a> Follow<'a> {
    /// Operation `id` of the service `arn`, which was asked for at `called`.
    pub(super) fn new(
        aws: &'a Aws,
        environment: &'a EnvironmentSettings,
        step: &'a StepReport,
        arn: &str,
        id: &str,
        called: Timestamp,
    ) -> Self {
        Self {
            aws,
            environment,
            step,
            arn: arn.to_owned(),
            id: id.to_owned(),
            called,
            tails: None,
            repeats: Repeats::default(),
            status: None,
            words: String::new(),
            reasons: VecDeque::new(),
            unwell: None,
        }
    }

    /// Looks until the operation is final. An error means that it is out of sight, not that it failed.
    pub(super) async fn until_final(&mut self) -> Result<Ending, Failure> {
        let settings = self.aws.settings();
        let mut out_of_sight = None;
        let mut unlisted = 0;
        loop {
            match self.look().await {
                Ok(Some(operation)) => {
                    (out_of_sight, unlisted) = (None, 0);
                    self.say_status(operation.status).await;
                    self.read_logs(&operation).await;
                    if operation.status.is_final() {
                        let rest = self.repeats.rest();
                        self.step.report.lines(rest).await;
                        return Ok(self.ending(&operation));
                    }
                }
                Ok(None) if unlisted < UNLISTED => unlisted += 1,
                Ok(None) => return Err(self.lost(None)),
                Err(failure) => {
                    let since = *out_of_sight.get_or_insert_with(|| self.step.report.clock().stopwatch());
                    if since.elapsed() > patience(settings.deadlines.look) {
                        return Err(self.lost(Some(&failure)));
                    }
                    self.say(&format!("cannot be followed just now: {}", failure.what)).await;
                }
            }
            sleep(settings.polling.operation).await;
        }
    }

    async fn look(&self) -> Result<Option<Operation>, Failure> {
        let operations = self.aws.operations(self.environment, &self.arn).await?;
        Ok(operations.iter().map(operation).find(|operation| operation.id == self.id))
    }

    /// Forwards what the logs have that is new. A log that cannot be read never changes how a deployment ends.
    async fn read_logs(&mut self, operation: &Operation) {
        // The clocks of this machine and of AWS may differ; the earlier one loses nothing.
        let start = millis(operation.started_at.map_or(self.called, |started| started.min(self.called)));
        let [service, application] = self.tails.get_or_insert_with(|| tails(&self.arn, start));
        let said = service.read(self.aws).await.unwrap_or_default();
        let printed = self.repeats.fold(application.read(self.aws).await.unwrap_or_default());
        let said = self.step.report.lines(said).await;
        let printed = self.step.report.lines(printed).await;
        for line in &said {
            let line = bare(line);
            if REASON.is_match(line) && !self.reasons.iter().any(|reason| reason == line) {
                self.reasons.push_back(line.to_owned());
            }
        }
        while self.reasons.len() > REASONS {
            self.reasons.pop_front();
        }
        if let Some(line) = printed.into_iter().rev().find(|line| UNWELL.is_match(line)) {
            self.unwell = Some(line);
        }
        if let Some(line) = said.last() {
            let line = bare(line).to_owned();
            self.say(&line).await;
        }
    }

    /// Reports the platform's newest line, when it is another than before.
    async fn say(&mut self, words: &str) {
        if self.words != words {
            words.clone_into(&mut self.words);
            self.step.advanced(words).await;
        }
    }

    /// Reports how the operation stands, when that is new.
    async fn say_status(&mut self, status: OperationStatus) {
        if self.status != Some(status) {
            self.status = Some(status);
            self.step.advanced(status.word()).await;
        }
    }

    fn ending(&self, operation: &Operation) -> Ending {
        if operation.status == OperationStatus::Succeeded {
            return Ending::Succeeded;
        }
        let mut reasons: Vec<String> = self.reasons.iter().cloned().collect();
        if let Some(line) = &self.unwell {
            reasons.push(format!("the application says: {line}"));
        }
        if reasons.is_empty() {
            reasons.push(format!("operation {} ended as {}", operation.id, operation.status.word()));
        }
        Ending::Failed(operation.status, reasons)
    }

    fn lost(&self, failure: Option<&Failure>) -> Failure {
        let name = &self.environment.environment.name;
        let lost = Failure::new(
            FailureKind::Unknown,
            format!("nobody knows how operation {} of {name} ends", self.id),
        );
        let lost = match failure {
            Some(failure) => failure.because.iter().fold(lost.because(&failure.what), Failure::because),
            None => lost.because(format!("App Runner does not list it for {}", described(self.environment))),
        };
        let mend = failure.and_then(|failure| failure.hint.as_deref());
        let mend = mend.map_or_else(String::new, |mend| format!(" {mend}"));
        lost.hint(format!(
            "It may still be running in AWS.{mend} Look at the environment again when AWS can be reached."
        ))
    }
}

/// A line without App Runner's own mark.
fn bare(line: &str) -> &str {
    line.trim_start_matches("[AppRunner]").trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_application_lines_that_tell_why_it_is_not_well_are_known() {
        for (line, expected) in [
            ("unhealthy: schema is behind: needs changeset a::b::c", true),
            ("GET /health 503 3 ms", true),
            ("GET /health 200 3 ms", false),
            ("GET /products/503 200 1 ms", false),
            ("database does not answer: connection refused", true),
        ] {
            assert_eq!(UNWELL.is_match(line), expected, "{line}");
        }
        assert_eq!(bare("[AppRunner] Service update started."), "Service update started.");
    }
}
