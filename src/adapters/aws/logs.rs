//! CloudWatch Logs: new lines of one log group, each exactly once.
//!
//! `FilterLogEvents` is polled; a live tail would cost by the minute and does not work over an emulated endpoint.

use std::collections::HashSet;
use std::sync::LazyLock;

use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsError;
use regex::Regex;

use super::Aws;
use super::failure::failure;
use super::grant::{Action, arn};
use crate::adapters::report::RawLine;
use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::log::{Level, Source};

/// How far back every look goes again: lines may be filed late.
const OVERLAP_MILLIS: i64 = 60_000;

/// The most pages that one look reads; the next look reads on.
const PAGES: usize = 50;

static FAILED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(fail(ed|ure|s)?|error|fatal|panicked|exception|denied)\b|exit code: [^0]")
        .expect("the expression is constant and was tried")
});

static ODD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(warn|warning|unhealthy)\b| (4|5)\d\d ")
        .expect("the expression is constant and was tried")
});

/// The end of one log group, as far as it was read.
pub(in crate::adapters) struct Tail {
    group: String,
    prefix: String,
    source: Source,
    start: i64,
    since: i64,
    seen: HashSet<String>,
}

impl Tail {
    /// What was written from `start` on into the streams of a group whose names begin like this.
    pub(in crate::adapters) fn of_stream(
        group: impl Into<String>,
        prefix: impl Into<String>,
        source: Source,
        start: i64,
    ) -> Self {
        let (group, prefix) = (group.into(), prefix.into());
        Self { group, prefix, source, start, since: start, seen: HashSet::new() }
    }

    /// The log group.
    #[cfg(test)]
    pub(super) fn group(&self) -> &str {
        &self.group
    }

    /// The lines that were not seen before, oldest first. A group that does not exist yet has none.
    pub(in crate::adapters) async fn read(&mut self, aws: &Aws) -> Result<Vec<RawLine>, Failure> {
        let mut events = Vec::new();
        let mut token = None;
        for _ in 0..PAGES {
            let request = aws
                .clients()
                .await
                .logs
                .filter_log_events()
                .log_group_name(&self.group)
                .log_stream_name_prefix(&self.prefix)
                .start_time(self.since)
                .set_next_token(token.take());
            let page = match request.send().await {
                Ok(page) => page,
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(FilterLogEventsError::is_resource_not_found_exception) =>
                {
                    break;
                }
                Err(error) => {
                    let what = format!("could not read the log {}", self.group);
                    let group = arn(aws.way(), "logs", &format!("log-group:{}:*", self.group));
                    let action = Action::on("logs:FilterLogEvents", group);
                    let failure = failure(what, action, &error, aws.way());
                    return Err(failure.with_kind(FailureKind::Unavailable));
                }
            };
            for event in page.events.unwrap_or_default() {
                let id = event.event_id.unwrap_or_default();
                if self.seen.insert(id) {
                    events.push((event.timestamp.unwrap_or(self.since), event.message.unwrap_or_default()));
                }
            }
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        events.sort_by_key(|(at, _)| *at);
        if let Some((newest, _)) = events.last() {
            self.since = self.since.max(newest - OVERLAP_MILLIS).max(self.start);
        }
        Ok(events.into_iter().flat_map(|(at, message)| lines(self.source, at, &message)).collect())
    }
}

fn lines(source: Source, at: i64, message: &str) -> Vec<RawLine> {
    let at = Timestamp::from_millisecond(at).ok();
    let line = |text: &str| RawLine { at, source, level: level(text), text: text.to_owned() };
    message.lines().map(|text| line(text.trim_end())).filter(|line| !line.text.is_empty()).collect()
}

fn level(text: &str) -> Level {
    if FAILED.is_match(text) {
        Level::Error
    } else if ODD.is_match(text) {
        Level::Warning
    } else {
        Level::Normal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_say_that_something_failed_are_errors() {
        for (text, expected) in [
            ("[AppRunner] Service update started.", Level::Normal),
            ("[AppRunner] Health check is successful. Routing traffic to application.", Level::Normal),
            (
                "[AppRunner] Health check failed on protocol `HTTP`[Path: '/health'], [Port: '5000'].",
                Level::Error,
            ),
            (
                "[AppRunner] Deployment with ID : 0123 failed. Failure reason : Health check failed.",
                Level::Error,
            ),
            ("Your application stopped or failed to start.  Container exit code: 1", Level::Error),
            ("GET /health 200 3 ms", Level::Normal),
            ("GET /health 503 3 ms", Level::Warning),
        ] {
            assert_eq!(level(text), expected, "{text}");
        }
    }

    #[test]
    fn a_message_of_several_lines_is_several_lines() {
        let lines = lines(Source::Application, 1500, "one\n\n two \r\n");
        let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["one", " two"]);
        assert_eq!(lines[0].at, Timestamp::from_millisecond(1500).ok());
    }
}
