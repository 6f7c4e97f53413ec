//! `lockstep changelog list`: every changeset of a changelog, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::domain::changelog::{Changelog, Changeset, Checksum, Problem, Selection, Sum};

/// The listing for people: by file, one line per changeset, what is wrong below it.
pub fn text(changelog: &Changelog, problems: &[Problem]) -> String {
    let mut text = String::new();
    let width =
        changelog.changesets().iter().map(|it| it.id.id.chars().count()).max().unwrap_or(0).clamp(4, 40);
    let mut path = "";
    for (index, changeset) in changelog.changesets().iter().enumerate() {
        if changeset.id.path != path || index == 0 {
            path = &changeset.id.path;
            let gap = if index == 0 { "" } else { "\n" };
            writeln!(text, "{gap}{path}").ok();
        }
        let sum = changeset.checksum().map_or("checksum not computed", |sum| sum.as_str());
        let line = format!(
            "{:5}  {:width$}  {:12}  {sum:35}  {:9}  {}",
            index + 1,
            changeset.id.id,
            changeset.id.author,
            changeset.rollback.word(),
            marks(changeset).join(", ")
        );
        writeln!(text, "{}", line.trim_end()).ok();
        if let Err(reason) = &changeset.sums.v9 {
            writeln!(text, "       ? {reason}").ok();
        }
        for problem in problems.iter().filter(|problem| problem.changeset.as_ref() == Some(&changeset.id)) {
            writeln!(text, "       {} {problem}", sign(problem)).ok();
        }
    }
    let others: Vec<_> = problems.iter().filter(|problem| problem.changeset.is_none()).collect();
    if !others.is_empty() {
        text.push('\n');
        for problem in others {
            writeln!(text, "{} {problem}", sign(problem)).ok();
        }
    }
    let errors = problems.iter().filter(|problem| problem.is_error).count();
    let open = changelog.changesets().iter().filter(|changeset| changeset.checksum().is_none()).count();
    writeln!(
        text,
        "\n{} changesets, {open} without a checksum, {errors} errors, {} warnings",
        changelog.changesets().len(),
        problems.len() - errors
    )
    .ok();
    text
}

/// The same for programs; docs/json.md describes it.
pub fn json(changelog: &Changelog, problems: &[Problem]) -> Value {
    let of = |changeset: &Changeset| -> Vec<Value> {
        let own = problems.iter().filter(|problem| problem.changeset.as_ref() == Some(&changeset.id));
        own.map(problem).collect()
    };
    json!({
        "changesets": changelog.changesets().iter().map(|changeset| json!({
            "path": changeset.id.path,
            "id": changeset.id.id,
            "author": changeset.id.author,
            "file": changeset.place.file,
            "line": changeset.place.line,
            "v8": sum(&changeset.sums.v8),
            "v9": sum(&changeset.sums.v9),
            "reason": changeset.sums.v9.as_ref().err(),
            "contexts": changeset.filter.contexts,
            "labels": changeset.filter.labels,
            "dbms": changeset.filter.dbms,
            "ignore": changeset.filter.is_ignored,
            "excluded": exclusions(changeset),
            "runOnChange": changeset.runs_on_change,
            "runAlways": changeset.runs_always,
            "runInTransaction": changeset.runs_in_transaction,
            "validCheckSum": changeset.valid_sums,
            "preconditions": changeset.preconditions,
            "comment": changeset.comment,
            "tag": changeset.tag(),
            "rollback": changeset.rollback.word(),
            "warnings": of(changeset),
        })).collect::<Vec<_>>(),
        "preconditions": changelog.preconditions(),
        "problems": problems.iter().map(problem).collect::<Vec<_>>(),
    })
}

fn sum(sum: &Sum) -> Option<&str> {
    sum.as_ref().ok().map(Checksum::as_str)
}

fn problem(problem: &Problem) -> Value {
    json!({
        "error": problem.is_error,
        "file": problem.file,
        "line": problem.line,
        "changeset": problem.changeset.as_ref().map(ToString::to_string),
        "text": problem.text,
        "mend": problem.mend,
    })
}

fn exclusions(changeset: &Changeset) -> Vec<String> {
    changeset.filter.exclusions(&Selection::default()).iter().map(ToString::to_string).collect()
}

fn marks(changeset: &Changeset) -> Vec<String> {
    let mut marks = Vec::new();
    let filter = &changeset.filter;
    let mut mark = |name: &str, values: &[String], joint: &str| {
        if !values.is_empty() {
            marks.push(format!("{name} {}", values.join(joint)));
        }
    };
    mark("context", &filter.contexts, " and ");
    mark("labels", &filter.labels, ",");
    mark("dbms", &filter.dbms, ",");
    mark("if", &changeset.preconditions, " and ");
    if changeset.runs_on_change {
        marks.push("runs on change".to_owned());
    }
    if changeset.runs_always {
        marks.push("runs always".to_owned());
    }
    if filter.is_ignored {
        marks.push("ignored".to_owned());
    }
    marks
}

fn sign(problem: &Problem) -> &'static str {
    if problem.is_error { "✖" } else { "!" }
}
