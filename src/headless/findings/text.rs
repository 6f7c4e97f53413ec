//! The report for people: what stands, by changeset, then what is waived, then what was looked at, and one line that
//! says how the command ends.
//!
//! ```text
//! Checking v1.4.0 with 12 checks of flows/liquibase.checks-settings.conf
//!
//! CHANGELOG CHECKS
//! ----------------
//! changelog/changesets/013-tidy-orders.sql::013-tidy-orders::store
//!
//!   ■ BLOCKER   Warn on Detection of 'GRANT' Statements (SqlGrantWarn)
//!     at        changelog/changesets/013-tidy-orders.sql:6:1
//!     statement grant select on orders, order_items to public
//!     why       Rights that a changelog grants are in every environment, …
//!     mend      Grant rights where roles are managed; …
//!
//! 3 findings (3 BLOCKER) in 18 changesets by 12 checks. Exit code 4, that of BLOCKER.
//! ```

use std::fmt::Write as _;

use super::{Report, counted, place, subject};
use crate::domain::policy::{Finding, Scope, Severity, Subject, Waiver};

/// Lines are broken at words so that they are not longer.
const WIDTH: usize = 100;

/// Where what is said of a finding begins.
const INDENT: usize = 14;

/// Lines of a statement that are shown.
const MOST_LINES: usize = 12;

pub(super) fn render(report: &Report<'_>) -> String {
    let mut text = String::new();
    let checks = report.verdict.checks.len();
    let environment = report.environment.as_ref().map_or_else(String::new, |name| format!(" and {name}"));
    writeln!(
        text,
        "Checking {}{environment} with {} of {}",
        report.subject,
        counted(checks, "check"),
        report.settings
    )
    .ok();
    for scope in &report.scopes {
        let title = format!("{} CHECKS", scope.word().to_uppercase());
        writeln!(text, "\n{title}\n{}", "-".repeat(title.len())).ok();
        let found: Vec<_> = report.verdict.standing().filter(|finding| scope_of(finding) == *scope).collect();
        if found.is_empty() {
            writeln!(text, "Nothing was found.").ok();
        }
        let mut last = None;
        for finding in found {
            let name = subject(finding);
            if last.as_ref() != Some(&name) {
                writeln!(text, "{}{name}", if last.is_some() { "\n" } else { "" }).ok();
                last = Some(name);
            }
            text.push_str(&one(finding));
        }
    }
    text.push_str(&waived(report));
    let mut notes = report.notes().peekable();
    if notes.peek().is_some() {
        text.push_str("\nTO KNOW\n-------\n");
        for note in notes {
            writeln!(text, "! {note}").ok();
        }
    }
    if let Some(other) = &report.other {
        text.push_str("\nLIQUIBASE\n---------\n");
        for line in other.lines.iter().filter(|line| !line.trim().is_empty()) {
            writeln!(text, "│ {line}").ok();
        }
        writeln!(text, "{}.", other.words).ok();
    }
    writeln!(text, "\n{}", summary(report)).ok();
    text
}

fn scope_of(finding: &Finding) -> Scope {
    match finding.subject {
        Subject::Changeset(_) => Scope::Changelog,
        Subject::Table(_) => Scope::Database,
    }
}

fn one(finding: &Finding) -> String {
    let mut text = String::new();
    writeln!(
        text,
        "\n  {} {:10}{} ({})",
        sign(finding.severity),
        finding.severity,
        finding.title,
        finding.check
    )
    .ok();
    let mut line = |label: &str, body: &str| {
        for (index, part) in body.lines().flat_map(wrap).enumerate() {
            writeln!(text, "    {:10}{part}", if index == 0 { label } else { "" }).ok();
        }
    };
    if finding.place.is_some() {
        line("at", &place(finding));
    }
    if let Some(within) = &finding.within {
        line("within", within);
    }
    let mut lines = finding.statement.lines();
    let shown: Vec<_> = lines.by_ref().take(MOST_LINES).collect();
    if !shown.is_empty() {
        line("statement", &shown.join("\n"));
    }
    let left = lines.count();
    if left > 0 {
        line("", &format!("… {} more", counted(left, "line")));
    }
    line("why", &finding.why);
    line("mend", &finding.mend);
    text
}

/// Shape and word together; no colour is needed to tell severities apart.
fn sign(severity: Severity) -> &'static str {
    match severity {
        Severity::Blocker => "■",
        Severity::Critical => "▲",
        Severity::Major => "◆",
        Severity::Minor => "●",
        Severity::Info => "○",
    }
}

fn waived(report: &Report<'_>) -> String {
    let waived = |finding: &'_ Finding| finding.waiver.is_some();
    let mut text = String::new();
    if report.verdict.findings.iter().any(waived) {
        text.push_str("\nWAIVED\n------\n");
    }
    for finding in &report.verdict.findings {
        let Some(Waiver { reason, owner, expires }) = &finding.waiver else { continue };
        writeln!(text, "○ {} at {}, until {expires} by {owner}: {reason}", finding.check, place(finding))
            .ok();
    }
    text
}

/// How the command ends, and why, in one line.
fn summary(report: &Report<'_>) -> String {
    let verdict = report.verdict;
    let mut looked = Vec::new();
    if report.scopes.contains(&Scope::Changelog) {
        looked.push(counted(verdict.changesets.len(), "changeset"));
    }
    if report.scopes.contains(&Scope::Database) {
        looked.push(counted(verdict.tables.len(), "table"));
    }
    let looked = format!("{} by {}", looked.join(" and "), counted(verdict.checks.len(), "check"));
    let standing = verdict.standing().count();
    let waived = match verdict.findings.len() - standing {
        0 => String::new(),
        count => format!(", {count} waived"),
    };
    let highest = report.severity();
    let end = format!("Exit code {}, that of {highest}.", highest.code());
    if standing == 0 {
        return format!("No findings{waived} in {looked}. {end}");
    }
    let by_severity = Severity::ALL.into_iter().rev().filter_map(|severity| {
        let count = verdict.standing().filter(|finding| finding.severity == severity).count();
        (count > 0).then(|| format!("{count} {severity}"))
    });
    let by_severity: Vec<_> = by_severity.collect();
    format!("{} ({}){waived} in {looked}. {end}", counted(standing, "finding"), by_severity.join(", "))
}

/// Breaks a line at words.
fn wrap(line: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in line.split_inclusive(' ') {
        let width = word.trim_end().chars().count();
        if used > 0 && used + width > WIDTH - INDENT {
            lines.push(String::new());
            used = 0;
        }
        used += word.chars().count();
        if let Some(last) = lines.last_mut() {
            last.push_str(word);
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}
