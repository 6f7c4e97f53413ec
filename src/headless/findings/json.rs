//! The report for programs.

use serde_json::{Value, json};

use super::Report;
use crate::domain::changelog::Problem;
use crate::domain::policy::{Finding, Scope, Severity, Subject};

pub(super) fn value(report: &Report<'_>) -> Value {
    let verdict = report.verdict;
    json!({
        "subject": report.subject,
        "settings": report.settings,
        "environment": report.environment,
        "scopes": report.scopes.iter().map(|scope| scope.word()).collect::<Vec<_>>(),
        "checks": verdict.checks,
        "changesets": verdict.changesets.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "tables": report.scopes.contains(&Scope::Database).then_some(&verdict.tables),
        "findings": verdict.findings.iter().map(finding).collect::<Vec<_>>(),
        "standing": verdict.standing().count(),
        "highest": verdict.highest().map(Severity::word),
        "exit_code": report.severity().code(),
        "liquibase": report.other.as_ref().map(|other| json!({
            "checked": other.severity.is_some(),
            "severity": other.severity.map(Severity::word),
            "words": other.words,
            "lines": other.lines,
        })),
        "notes": report.notes().map(note).collect::<Vec<_>>(),
    })
}

/// One finding; docs/json.md describes it.
pub(in crate::headless) fn finding(finding: &Finding) -> Value {
    let (changeset, table) = match &finding.subject {
        Subject::Changeset(id) => (Some(id.to_string()), None),
        Subject::Table(table) => (None, Some(table)),
    };
    json!({
        "check": finding.check,
        "title": finding.title,
        "severity": finding.severity.word(),
        "code": finding.severity.code(),
        "changeset": changeset,
        "table": table,
        "file": finding.place.as_ref().map(|place| &place.file),
        "line": finding.place.as_ref().map(|place| place.line),
        "column": finding.column,
        "within": finding.within,
        "statement": finding.statement,
        "why": finding.why,
        "mend": finding.mend,
        "waiver": finding.waiver.as_ref().map(|waiver| json!({
            "reason": waiver.reason,
            "owner": waiver.owner,
            "expires": waiver.expires.to_string(),
        })),
    })
}

fn note(problem: &Problem) -> Value {
    json!({ "file": problem.file, "line": problem.line, "text": problem.text, "mend": problem.mend })
}
