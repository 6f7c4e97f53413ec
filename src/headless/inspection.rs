//! What policy found in a plan, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::domain::failure::Failure;
use crate::domain::gate::Inspection;
use crate::domain::policy::{Finding, Subject};
use crate::engine::EnvironmentState;
use crate::engine::policy::Outlook;
use crate::headless::findings::finding_json;
use crate::headless::json;

/// One line about all of it.
pub(super) fn summary(policy: &Result<Inspection, Failure>) -> String {
    let inspection = match policy {
        Ok(inspection) => inspection,
        Err(failure) => return format!("? cannot be checked: {}", failure.what),
    };
    let plural = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let checks = plural(inspection.checks, "check");
    let (found, blocking) = (inspection.findings.len(), inspection.blocking().count());
    match (found, blocking) {
        (0, _) => format!("✔ no findings, {checks}"),
        (found, 0) => format!("✔ {}, none blocks, {checks}", plural(found, "finding")),
        (found, blocking) if found == blocking => {
            let verb = if blocking == 1 { "blocks" } else { "block" };
            format!("✖ {} {verb}, {checks}", plural(found, "finding"))
        }
        (found, blocking) => {
            let verb = if blocking == 1 { "blocks" } else { "block" };
            format!("✖ {}, {blocking} {verb}, {checks}", plural(found, "finding"))
        }
    }
}

/// Every finding, with why it matters and how to mend it.
pub(super) fn text(inspection: &Inspection) -> String {
    let mut text = String::new();
    for finding in &inspection.findings {
        let shape = match (&finding.waiver, inspection.is_blocking(finding)) {
            (Some(_), _) => "○",
            (None, true) => "✖",
            (None, false) => "▲",
        };
        let (severity, check, place) = (finding.severity, &finding.check, place(finding));
        writeln!(text, "\n{shape} {severity}  {check}  {place}").ok();
        for line in finding.statement.lines() {
            writeln!(text, "    {line}").ok();
        }
        writeln!(text, "  {}", finding.why).ok();
        match &finding.waiver {
            Some(waiver) => {
                let (until, owner, reason) = (waiver.expires, &waiver.owner, &waiver.reason);
                writeln!(text, "  waived until {until} by {owner}: {reason}").ok()
            }
            None => writeln!(text, "  → {}", finding.mend).ok(),
        };
    }
    for note in &inspection.notes {
        writeln!(text, "\n▲ {note}").ok();
    }
    text
}

fn place(finding: &Finding) -> String {
    let within = finding.within.as_ref().map_or_else(String::new, |within| format!(", in {within}"));
    match (&finding.place, &finding.subject) {
        (Some(place), _) => {
            let column = finding.column.map_or_else(String::new, |column| format!(":{column}"));
            format!("{}:{}{column}{within}", place.file, place.line)
        }
        (None, Subject::Changeset(id)) => format!("{id}{within}"),
        (None, Subject::Table(name)) => format!("table {name}{within}"),
    }
}

/// The same for programs.
pub(super) fn json(policy: Option<&Result<Inspection, Failure>>) -> Value {
    let inspection = match policy {
        None => return Value::Null,
        Some(Err(failure)) => {
            return json!({ "blocks_at": null, "checks": null, "findings": [], "notes": [], "failure": json::failure(Some(failure)) });
        }
        Some(Ok(inspection)) => inspection,
    };
    json!({
        "blocks_at": inspection.blocks_at.word(),
        "checks": inspection.checks,
        "findings": inspection.findings.iter().map(|found| finding(found, inspection.is_blocking(found))).collect::<Vec<_>>(),
        "notes": inspection.notes,
        "failure": null,
    })
}

/// A finding as `lockstep check` tells it, and whether it stands in the way.
fn finding(finding: &Finding, blocks: bool) -> Value {
    let mut value = finding_json(finding);
    value["blocks"] = json!(blocks);
    value
}

/// What policy says about what comes next to an environment.
pub(super) fn outlook_json(environment: &EnvironmentState) -> Value {
    match environment.outlook {
        None => Value::Null,
        Some(Outlook::Clear) => json!({ "state": "clear", "blocking": 0 }),
        Some(Outlook::Blocked(count)) => json!({ "state": "blocked", "blocking": count }),
        Some(Outlook::Unreadable) => json!({ "state": "unreadable", "blocking": null }),
    }
}

/// The same beside a gate; empty while nothing of it stands in the way.
pub(super) fn outlook(environment: &EnvironmentState) -> &'static str {
    match environment.outlook {
        None | Some(Outlook::Clear) => "",
        Some(Outlook::Blocked(_)) => ", blocked: policy",
        Some(Outlook::Unreadable) => ", blocked: policy cannot be read",
    }
}
