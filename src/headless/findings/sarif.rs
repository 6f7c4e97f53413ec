//! The report as SARIF 2.1.0 (OASIS standard of March 2020), which platforms for code show at the lines it names.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Report, subject};
use crate::domain::policy::{Check, Finding, Severity, Subject, checks};

/// Where the schema of the form is, which some readers ask for.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn value(report: &Report<'_>) -> Value {
    let rules: Vec<Value> = rules(report);
    let results = report.verdict.findings.iter().map(|finding| result(report, finding));
    let notes = report.notes().map(|note| {
        json!({
            "level": "warning",
            "message": { "text": format!("{}. {}", note.text, note.mend) },
            "locations": [{ "physicalLocation": physical(&note.file, note.line, None) }],
        })
    });
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "lockstep",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": true,
                "exitCode": report.severity().code(),
                "toolConfigurationNotifications": notes.collect::<Vec<_>>(),
            }],
            "results": results.collect::<Vec<_>>(),
        }],
    })
}

/// The checks that looked, in the order in which results count them. A copy of a check has a rule of its own.
fn looking<'r>(report: &'r Report<'_>) -> Vec<(&'r str, &'r str, Severity, &'static Check)> {
    let syntax = checks::SYNTAX;
    let enabled = report.policy.enabled().filter(|it| it.check.id != syntax.id);
    let enabled = enabled.map(|it| (it.short_name.as_str(), it.title.as_str(), it.severity, it.check));
    let unread = report.verdict.findings.iter().find(|finding| finding.check == syntax.short_name);
    let unread = unread.map(|finding| (syntax.short_name, syntax.title, finding.severity, syntax));
    enabled.chain(unread).collect()
}

fn rules(report: &Report<'_>) -> Vec<Value> {
    let rules = looking(report).into_iter().map(|(name, title, severity, check)| {
        json!({
            "id": name,
            "name": name,
            "shortDescription": { "text": title },
            "fullDescription": { "text": check.why },
            "help": { "text": check.advice() },
            "defaultConfiguration": { "level": level(severity) },
            "properties": { "severity": severity.word(), "id": check.id },
        })
    });
    rules.collect()
}

fn result(report: &Report<'_>, finding: &Finding) -> Value {
    let index = looking(report).iter().position(|(name, ..)| *name == finding.check);
    let logical = match &finding.subject {
        Subject::Changeset(id) => json!({ "fullyQualifiedName": id.to_string(), "kind": "module" }),
        Subject::Table(table) => json!({ "fullyQualifiedName": table, "kind": "object" }),
    };
    let mut location = json!({ "logicalLocations": [logical] });
    if let Some(place) = &finding.place {
        location["physicalLocation"] = physical(&place.file, Some(place.line), finding.column);
    }
    let within = finding.within.as_ref().map_or_else(String::new, |within| format!(" (in {within})"));
    let mut result = json!({
        "ruleId": finding.check,
        "ruleIndex": index,
        "level": level(finding.severity),
        "message": { "text": format!("{}{within}: {} {}", subject(finding), finding.why, finding.mend) },
        "locations": [location],
        "partialFingerprints": { "lockstep/v1": format!("{}/{}/{}", finding.check, subject(finding), finding.statement) },
        "properties": { "severity": finding.severity.word(), "statement": finding.statement },
    });
    if let Some(waiver) = &finding.waiver {
        let why = format!("{} ({}, until {})", waiver.reason, waiver.owner, waiver.expires);
        result["suppressions"] = json!([{ "kind": "external", "status": "accepted", "justification": why }]);
    }
    result
}

fn physical(file: &str, line: Option<usize>, column: Option<usize>) -> Value {
    // A place is a relative reference: what stands in it must not pass for a scheme or a query.
    let mut location = json!({ "artifactLocation": { "uri": encoded(file) } });
    if let Some(line) = line {
        location["region"] = json!({ "startLine": line });
        if let Some(column) = column {
            location["region"]["startColumn"] = json!(column);
        }
    }
    location
}

fn encoded(path: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes().fold(String::new(), |mut text, byte| {
        if is_plain(byte) {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").ok();
        }
        text
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Blocker | Severity::Critical => "error",
        Severity::Major | Severity::Minor => "warning",
        Severity::Info => "note",
    }
}
