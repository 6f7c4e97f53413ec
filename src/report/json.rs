//! A report as JSON. docs/json.md describes it; the form is a type of its own and changes on purpose.

use serde_json::{Value, json};

use crate::domain::failure::Failure;
use crate::domain::policy::{Finding, Subject, Verdict};
use crate::domain::report::{Grid, OperationReport, PairSight, Plan, Step, Worker};

/// The version of the form.
const FORMAT: u32 = 1;

/// The report.
pub(super) fn value(report: &OperationReport) -> Value {
    json!({
        "format": FORMAT,
        "run": report.run.as_str(),
        "kind": report.kind.word(),
        "instance": report.instance.id,
        "application": report.instance.title,
        "mode": report.instance.mode,
        "outcome": report.outcome.word(),
        "verdict": report.verdict(),
        "summary": report.summary,
        "place": report.place,
        "change": report.change.as_ref().map(|change| json!({
            "from": change.from,
            "to": change.to,
            "image": { "from": change.image_from, "to": change.image_to },
        })),
        "began": report.began.to_string(),
        "ended": report.ended.to_string(),
        "seconds": report.took().as_secs_f64(),
        "usual_seconds": report.usual.map(|(usual, _)| usual.as_secs_f64()),
        "worst_seconds": report.usual.map(|(_, worst)| worst.as_secs_f64()),
        "by": report.by,
        "reason": report.reason,
        "words": report.words.iter().map(|word| json!({
            "at": word.at.to_string(),
            "by": word.by,
            "arn": word.arn,
            "said": word.said,
            "note": word.note,
        })).collect::<Vec<_>>(),
        "overridden": report.overridden.as_ref().map(|it| json!({
            "conditions": it.conditions,
            "reason": it.reason,
        })),
        "failure": report.failure.as_ref().map(failure),
        "plan": report.plan.as_ref().map(plan),
        "steps": report.steps.iter().map(step).collect::<Vec<_>>(),
        "findings": report.findings.as_ref().map(|verdict| {
            verdict.findings.iter().map(finding).collect::<Vec<_>>()
        }),
        "checked": report.findings.as_ref().map(checked),
        "evidence": report.evidence.iter().map(|proof| json!({
            "witness": proof.witness,
            "verdict": proof.verdict,
            "seen": proof.seen,
        })).collect::<Vec<_>>(),
        "pair": report.pair.as_ref().map(|pair| json!({
            "before": sight(&pair.before),
            "after": sight(&pair.after),
        })),
        "grid": report.grid.as_ref().map(grid),
        "remarks": report.remarks,
        "log": {
            "lines": report.log.lines.iter().map(|line| json!({
                "at": line.at,
                "source": line.source,
                "text": line.text,
            })).collect::<Vec<_>>(),
            "left_out": report.log.left_out.map_or(0, |(count, _)| count),
            "whole": report.log.whole,
        },
        "records": report.records.iter().map(|record| json!({
            "seq": record.seq,
            "at": record.at.to_string(),
            "file": record.file,
            "line": record.line,
            "hash": record.hash,
            "said": record.said,
        })).collect::<Vec<_>>(),
    })
}

fn failure(it: &Failure) -> Value {
    json!({ "kind": it.kind.word(), "what": it.what, "because": it.because, "hint": it.hint })
}

fn plan(plan: &Plan) -> Value {
    json!({
        "digest": plan.digest,
        "archive_sha256": plan.archive_digest,
        "already_applied": plan.already_applied,
        "steps": plan.order,
        "way_back": plan.way_back,
        "changesets": plan.changesets.iter().map(|it| json!({
            "path": it.path,
            "id": it.id,
            "author": it.author,
            "comment": it.comment,
            "checksum": it.checksum,
            "sql": it.sql,
            "rollback": { "kind": it.rollback_kind, "text": it.rollback },
            "done": it.is_done,
        })).collect::<Vec<_>>(),
    })
}

fn step(step: &Step) -> Value {
    json!({
        "group": (!step.group.is_empty()).then_some(&step.group),
        "step": step.name,
        "about": step.about,
        "status": step.status.word(),
        "waits_for_others": step.worker == Worker::Others,
        "began": step.began.map(|at| at.to_string()),
        "seconds": step.began.map(|_| step.took.as_secs_f64()),
        "code": step.code,
        "note": step.note,
    })
}

/// What was looked at, and by which checks.
fn checked(verdict: &Verdict) -> Value {
    json!({
        "checks": verdict.checks,
        "changesets": verdict.changesets.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "tables": verdict.tables,
        "notes": verdict.notes.iter().map(|note| json!({
            "file": note.file,
            "line": note.line,
            "text": note.text,
            "mend": note.mend,
        })).collect::<Vec<_>>(),
    })
}

fn finding(it: &Finding) -> Value {
    json!({
        "check": it.check,
        "title": it.title,
        "severity": it.severity.word(),
        "changeset": match &it.subject {
            Subject::Changeset(id) => Some(id.to_string()),
            Subject::Table(_) => None,
        },
        "table": match &it.subject {
            Subject::Table(table) => Some(table),
            Subject::Changeset(_) => None,
        },
        "file": it.place.as_ref().map(|place| &place.file),
        "line": it.place.as_ref().map(|place| place.line),
        "column": it.column,
        "statement": it.statement,
        "within": it.within,
        "why": it.why,
        "mend": it.mend,
        "waiver": it.waiver.as_ref().map(|waiver| json!({
            "reason": waiver.reason,
            "owner": waiver.owner,
            "expires": waiver.expires.to_string(),
        })),
    })
}

fn sight(sight: &PairSight) -> Value {
    json!({
        "state": sight.state,
        "why": sight.why,
        "version": sight.app,
        "applied": sight.applied,
        "tag": sight.tag,
    })
}

fn grid(grid: &Grid) -> Value {
    json!({
        "version": grid.version,
        "environments": grid.environments.iter().map(|it| json!({
            "name": it.name,
            "before": it.before,
            "after": it.after,
            "drifted": it.is_drifted,
        })).collect::<Vec<_>>(),
        "changesets": grid.rows.iter().map(|row| json!({
            "path": row.path,
            "id": row.id,
            "author": row.author,
            "planned": row.is_planned,
            "before": row.before.iter().map(|mark| mark.word()).collect::<Vec<_>>(),
            "after": row.after.iter().map(|mark| mark.word()).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "left_out": grid.left_out,
    })
}
