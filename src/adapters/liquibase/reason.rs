//! Why Liquibase failed, in its own words and PostgreSQL's, and what that leaves behind.
//!
//! A changeset and its row are two transactions: what fails in the first is rolled back, and what fails after it leaves a
//! changeset that nothing tells of.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::failure::{Failure, FailureKind};

static EDITED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(\S.*::.*::.*) was: (\d+:\w+) but is now: (\d+:\w+)$")
        .expect("the expression is constant and was tried")
});

static STATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)^(.*?)\s+(?:Location: File: .*?)?Server SQLState: (\w{5})$")
        .expect("the expression is constant and was tried")
});

/// A statement that writes, changes or removes the row of a changeset.
static ROW: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(insert into|update|delete from) (\S+\.)?databasechangelog\s")
        .expect("the expression is constant and was tried")
});

/// A changeset failed by itself.
pub(super) fn migration(failure: Failure, reason: &[String]) -> Failure {
    Words::of(reason).tell(failure).hint(
        "Its own statements were rolled back; changesets before it stay. Mend it in a new release, then promote that.",
    )
}

/// Something failed while a changeset was run, and not the changeset itself.
pub(super) fn unrecorded(changeset: &str, environment: &str, reason: &[String]) -> Failure {
    let words = Words::of(reason);
    let what = if words.is_about_a_row() {
        format!("the row of changeset {changeset} could not be written in {environment}")
    } else {
        format!("Liquibase failed in {environment} while it ran changeset {changeset}")
    };
    words.tell(Failure::new(FailureKind::Unknown, what)).hint(
        "The changeset is committed before its row is written, so it may be there all the same. Find that out with \
         `lockstep reconcile` before it is run again.",
    )
}

/// Something failed while a changeset was undone.
pub(super) fn rollback(changeset: &str, environment: &str, reason: &[String]) -> Failure {
    let words = Words::of(reason);
    if words.sql.is_some() && !words.is_about_a_row() {
        let what = format!("changeset {changeset} could not be undone in {environment}");
        return words.tell(Failure::new(FailureKind::Failed, what)).hint(
            "What undoes it was rolled back itself; changesets after it are undone. Mend its rollback in a new release, or \
             go back with `--app-only` where the older image runs on this schema.",
        );
    }
    let what = if words.is_about_a_row() {
        format!("the row of changeset {changeset} could not be removed in {environment}")
    } else {
        format!("Liquibase failed in {environment} while it undid changeset {changeset}")
    };
    words.tell(Failure::new(FailureKind::Unknown, what)).hint(
        "A changeset is undone before its row is removed, so it may be gone all the same. Find that out with \
         `lockstep reconcile` before it is undone again.",
    )
}

/// What Liquibase says of a statement that failed.
struct Words {
    because: String,
    sql: Option<String>,
}

impl Words {
    fn of(reason: &[String]) -> Self {
        let text = reason.join(" ");
        let text = text.trim_start_matches("Reason: ");
        let text = text.trim_start_matches("liquibase.exception.DatabaseException: ");
        let (because, sql) = match text.split_once(" [Failed SQL: ") {
            // Liquibase puts the number of the statement's error code in front.
            Some((because, sql)) => {
                let sql = sql.trim_end_matches(']');
                (because, Some(sql.split_once(") ").map_or(sql, |(_, sql)| sql).to_owned()))
            }
            None => (text, None),
        };
        Self { because: with_state(because.trim()), sql }
    }

    fn is_about_a_row(&self) -> bool {
        self.sql.as_deref().is_some_and(|sql| ROW.is_match(sql))
    }

    fn tell(self, failure: Failure) -> Failure {
        let failure = failure.because(self.because);
        self.sql
            .into_iter()
            .fold(failure, |failure, sql| failure.because(format!("the statement was: {sql}")))
    }
}

/// PostgreSQL's own words with the SQLSTATE behind them. The driver writes where in the server's sources it happened,
/// which helps nobody here.
fn with_state(text: &str) -> String {
    match STATE.captures(text) {
        Some(found) => format!("{} (SQLSTATE {})", found[1].trim_end(), &found[2]),
        None => text.to_owned(),
    }
}

/// The changelog is not what Liquibase takes.
pub(super) fn validation(failure: Failure, reason: &[String]) -> Failure {
    let mut is_edited = false;
    let failure = reason.iter().fold(failure, |failure, line| match EDITED.captures(line) {
        Some(found) => {
            is_edited = true;
            failure.because(format!(
                "{} was edited after it ran ({} is now {})",
                &found[1], &found[2], &found[3]
            ))
        }
        None => failure.because(line),
    });
    failure.hint(if is_edited {
        "Put the changeset back as it was and write the change as a new changeset."
    } else {
        "Correct the changelog and build the release again."
    })
}
