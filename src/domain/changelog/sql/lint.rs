//! Traps that Liquibase walks into without a word.

use std::sync::LazyLock;

use regex::Regex;

use super::attributes::Attributes;
use super::{Source, lines};
use crate::domain::changelog::parameters::Expanded;
use crate::domain::changelog::{Change, Changeset, ChangesetId, Problem, Rollback};

/// What to know about a changeset before it runs. `rollback` is the whole text of its rollback.
pub(super) fn changeset(
    changeset: &Changeset,
    attributes: &Attributes,
    rollback: &str,
    expanded: &Expanded,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut warn = |text: String, mend: &str| {
        let place = &changeset.place;
        problems.push(Problem::warning(&place.file, Some(place.line), text, mend).about(&changeset.id));
    };
    let id = &changeset.id;
    if let Change::Sql(sql) = &changeset.change
        && attributes.splits_statements
        && attributes.end_delimiter.is_none()
        && cuts_a_quoted_body(sql)
    {
        warn(cut_body(id), "Add `splitStatements:false` or an `endDelimiter`.");
    }
    for name in changeset.filter.unknown_databases() {
        warn(unknown_database(id, name), "The name of PostgreSQL is `postgresql`.");
    }
    if let Rollback::Changeset(other) = &changeset.rollback
        && rollback.lines().filter(|line| !line.trim().is_empty()).count() > 1
    {
        warn(
            format!("the rollback of {id} runs the changes of {other}; its other lines are lost"),
            "Write either SQL or a changeset.",
        );
    }
    if let Some(name) = expanded.variables.first() {
        warn(
            format!(
                "changeset {id} uses the environment variable {name}: its SQL differs from machine to machine"
            ),
            "Define a property of another name in the changelog.",
        );
    }
    if let Some(kind) = &attributes.run_with {
        warn(
            format!("changeset {id} runs with {kind}, which needs a Liquibase licence"),
            "Take `runWith` out, or set the licence key where Liquibase runs.",
        );
    }
    problems
}

/// What to say about a changeset that is for a database which nobody has.
pub(in crate::domain::changelog) fn unknown_database(id: &ChangesetId, name: &str) -> String {
    format!("changeset {id} is for a database `{name}`, which Liquibase does not know")
}

/// What to say about a changeset whose quoted body is cut.
pub(in crate::domain::changelog) fn cut_body(id: &ChangesetId) -> String {
    format!("changeset {id} has a `;` between dollar quotes: Liquibase cuts the statement there")
}

/// What to know about a file without the header.
pub(super) fn plain(source: &Source<'_>) -> Problem {
    let has_changesets =
        lines(source.text).any(|line| line.trim_start().to_ascii_lowercase().starts_with("--changeset"));
    let text = if has_changesets {
        "the file has changesets but does not begin with `--liquibase formatted sql`: Liquibase runs it as one"
    } else {
        "the file does not begin with `--liquibase formatted sql`: Liquibase runs it as one changeset"
    };
    Problem::warning(source.path, Some(1), text, "Add the header and a `--changeset author:id` line.")
}

/// True when two lines of a rollback comment, joined with nothing between them, run words together.
pub(super) fn glues(before: &str, after: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    before.ends_with(is_word) && after.starts_with(is_word)
}

/// True when a `;` stands between dollar quotes, where Liquibase does not see that it is quoted.
pub(in crate::domain::changelog) fn cuts_a_quoted_body(sql: &str) -> bool {
    static QUOTE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\$(?:[A-Za-z_][A-Za-z_0-9]*)?\$").expect("the pattern is valid"));
    let mut rest = sql;
    while let Some(quote) = QUOTE.find(rest) {
        let body = &rest[quote.end()..];
        let end = body.find(quote.as_str()).unwrap_or(body.len());
        if body[..end].contains(';') {
            return true;
        }
        rest = body.get(end + quote.len()..).unwrap_or_default();
    }
    false
}
