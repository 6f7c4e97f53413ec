//! What Liquibase's own words mean: how much a line matters, and why a run failed.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::reason;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::log::Level;

/// The most lines that are kept to find a reason in.
const KEPT: usize = 500;

/// The most lines of a reason.
const REASON: usize = 12;

/// The line that begins a reason.
const UNEXPECTED: &str = "Unexpected error running Liquibase: ";

static LOCKED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"Could not acquire change log lock\.\s+Currently locked by (.+?)(?: since (.+))?$")
        .expect("the expression is constant and was tried")
});

/// The end of what Liquibase said, redacted.
#[derive(Default)]
pub(in crate::adapters) struct Said(VecDeque<Arc<str>>);

impl Said {
    /// Takes more lines in.
    pub(in crate::adapters) fn extend(&mut self, lines: Vec<Arc<str>>) {
        self.0.extend(lines);
        let excess = self.0.len().saturating_sub(KEPT);
        self.0.drain(..excess);
    }

    /// The changeset that it said it runs, last.
    pub(super) fn running(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|line| running(line).or_else(|| rolling_back(line)))
    }

    /// Why the run failed, in Liquibase's own words; `what` could not be done in `environment`.
    pub(in crate::adapters) fn failure(&self, what: &str, environment: &str) -> Failure {
        let failure = Failure::new(FailureKind::Failed, what);
        let Some(reason) = self.reason() else {
            return self.ended_without_reason(failure);
        };
        let first = reason[0].clone();
        if let Some(held) = LOCKED.captures(&first) {
            let since = held.get(2).map_or_else(String::new, |since| format!(" since {}", since.as_str()));
            return failure
                .with_kind(FailureKind::Refused)
                .because(format!("{} holds Liquibase's lock{since}", &held[1]))
                .hint("`lockstep locks` shows whether its holder is alive, and what to do when it is not.");
        }
        if let Some(changeset) = first.strip_prefix("Migration failed for changeset ") {
            let changeset = changeset.trim_end_matches(':');
            return reason::migration(
                Failure::new(FailureKind::Failed, format!("changeset {changeset} failed in {environment}")),
                &reason[1..],
            );
        }
        if first.starts_with("Validation Failed") {
            return reason::validation(failure, &reason[1..]);
        }
        if let Some(failure) = self.interrupted(environment, &reason) {
            return failure;
        }
        let is_unreachable = first.starts_with("Connection could not be created");
        let failure = reason.into_iter().fold(failure, Failure::because);
        if is_unreachable {
            failure
                .with_kind(FailureKind::Unavailable)
                .hint("Check that the database answers and that the secrets are right.")
        } else {
            failure.hint("Read Liquibase's log above; nothing was changed unless it says so.")
        }
    }

    /// A failure that came while a changeset was under way and that is not said to be the changeset's own.
    fn interrupted(&self, environment: &str, reason: &[String]) -> Option<Failure> {
        let last = self.0.iter().rev().find(|line| running(line).or_else(|| rolling_back(line)).is_some())?;
        Some(match rolling_back(last) {
            Some(changeset) => reason::rollback(changeset, environment, reason),
            None => reason::unrecorded(running(last)?, environment, reason),
        })
    }

    /// The lines of the reason, trimmed: the text behind [`UNEXPECTED`] up to the empty line.
    fn reason(&self) -> Option<Vec<String>> {
        let begin = self.0.iter().rposition(|line| line.starts_with(UNEXPECTED))?;
        let mut lines = self.0.range(begin..).map(|line| line.trim());
        let first = lines.next()?.trim_start_matches(UNEXPECTED.trim_end()).trim().to_owned();
        let rest = lines.take_while(|line| !line.is_empty() && !line.starts_with("For more information"));
        Some([first].into_iter().chain(rest.map(str::to_owned)).take(REASON).collect())
    }

    fn ended_without_reason(&self, failure: Failure) -> Failure {
        let parsing = self.0.iter().rev().find(|line| line.starts_with("Error parsing command line:"));
        let last = self.0.iter().rev().find(|line| !line.trim().is_empty());
        match parsing.or(last) {
            Some(line) => failure.because(line.trim()),
            None => failure.because("Liquibase ended without a word"),
        }
        .hint("Read Liquibase's log above.")
    }
}

/// How much a line matters.
pub(in crate::adapters) fn level(text: &str) -> Level {
    const ERRORS: [&str; 5] =
        ["ERROR", UNEXPECTED, "Error parsing command line", "Migration failed", "Validation Failed"];
    if ERRORS.iter().any(|word| text.starts_with(word)) || text.contains("] SEVERE [") {
        Level::Error
    } else if text.starts_with("WARNING: License service not loaded") {
        // Only the jars that are needed are loaded; that one serves no open-source command.
        Level::Normal
    } else if text.starts_with("WARNING") || text.contains("] WARNING [") {
        Level::Warning
    } else {
        Level::Normal
    }
}

/// The changeset that a line says is run now.
pub(super) fn running(text: &str) -> Option<&str> {
    text.strip_prefix("Running Changeset: ")
}

fn rolling_back(text: &str) -> Option<&str> {
    text.strip_prefix("Rolling Back Changeset: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(text: &str) -> Failure {
        let mut said = Said::default();
        said.extend(text.lines().map(Arc::from).collect());
        said.failure("could not update test", "test")
    }

    #[test]
    fn a_failed_changeset_is_named_with_its_reason_and_its_statement() {
        let failure = failure(
            "Running Changeset: changelog/sql/004-fail.sql::boom::dd
ERROR: Exception Details
ERROR: Exception Primary Reason:  ERROR: relation \"boom_missing\" does not exist

Unexpected error running Liquibase: Migration failed for changeset changelog/sql/004-fail.sql::boom::dd:
     Reason: liquibase.exception.DatabaseException: ERROR: relation \"boom_missing\" does not exist
  Position: 13 [Failed SQL: (0) insert into boom_missing values (1)]

For more information, please use the --log-level flag",
        );
        assert_eq!(failure.what, "changeset changelog/sql/004-fail.sql::boom::dd failed in test");
        assert_eq!(
            failure.because,
            [
                "ERROR: relation \"boom_missing\" does not exist Position: 13",
                "the statement was: insert into boom_missing values (1)",
            ]
        );
    }

    #[test]
    fn an_edited_changeset_is_named() {
        let failure = failure(
            "Unexpected error running Liquibase: Validation Failed:
     1 changesets check sum
          changelog/sql/003-extra.sql::extra-1::cy was: 9:609e2ff89cda4ff6dd5343e1b446abca but is now: 9:40f4b5183f068e2960aacdd47824da5c

",
        );
        assert_eq!(failure.because[0], "1 changesets check sum");
        assert_eq!(
            failure.because[1],
            "changelog/sql/003-extra.sql::extra-1::cy was edited after it ran \
             (9:609e2ff89cda4ff6dd5343e1b446abca is now 9:40f4b5183f068e2960aacdd47824da5c)"
        );
        assert!(failure.hint.as_deref().unwrap().contains("new changeset"));
    }

    #[test]
    fn whoever_holds_the_lock_is_named() {
        let failure = failure(
            "Unexpected error running Liquibase: Could not acquire change log lock.  Currently locked by vm#r-7 (fd00:0:0:0:0:0:0:2%eth0) since 11/21/26, 1:55 AM",
        );
        assert_eq!(failure.kind, FailureKind::Refused);
        assert_eq!(
            failure.because,
            ["vm#r-7 (fd00:0:0:0:0:0:0:2%eth0) holds Liquibase's lock since 11/21/26, 1:55 AM"]
        );
    }

    #[test]
    fn other_reasons_keep_their_words() {
        let refused = failure(
            "Unexpected error running Liquibase: Connection could not be created to jdbc:x with driver org.postgresql.Driver.  Connection to 127.0.0.1:1 refused.
  - Caused by: Connection refused

",
        );
        assert_eq!(refused.kind, FailureKind::Unavailable);
        assert_eq!(refused.because[1], "- Caused by: Connection refused");
        let parse = failure("Error parsing command line: Unexpected argument(s): frobnicate\n\nusage");
        assert_eq!(parse.because, ["Error parsing command line: Unexpected argument(s): frobnicate"]);
        assert_eq!(failure("").because, ["Liquibase ended without a word"]);
        assert_eq!(failure("one\ntwo\n\n").because, ["two"]);
    }

    #[test]
    fn the_level_of_a_line_follows_from_its_words() {
        for (text, expected) in [
            ("Running Changeset: a::b::c", Level::Normal),
            ("ERROR: Exception Details", Level::Error),
            ("Unexpected error running Liquibase: x", Level::Error),
            ("WARNING: something odd", Level::Warning),
            ("WARNING: License service not loaded, cannot determine", Level::Normal),
            ("[2026-11-21 01:52:20] SEVERE [liquibase.changelog] x", Level::Error),
        ] {
            assert_eq!(level(text), expected, "{text}");
        }
        assert_eq!(running("Running Changeset: a::b::c"), Some("a::b::c"));
    }
}
