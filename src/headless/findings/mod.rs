//! `lockstep check`: what the checks of a policy found, for people, for programs, and in the forms that platforms for
//! code take findings in.
//!
//! Absent on purpose: the findings that stand in a promotion's way; those are shown with its plan.

mod json;
mod junit;
mod list;
mod sarif;
mod text;

use crate::domain::changelog::Problem;
use crate::domain::policy::{Finding, Policy, Scope, Severity, Subject, Verdict};

pub(in crate::headless) use json::finding as finding_json;
pub use list::{json as list_json, text as list_text};

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Text,
    /// For programs; docs/json.md describes it.
    Json,
    /// Static Analysis Results Interchange Format 2.1.0.
    Sarif,
    /// The XML of `JUnit`: a test per changeset and check that looked.
    Junit,
}

/// What was checked, by what, and what was found.
#[derive(Debug)]
pub struct Report<'a> {
    /// What was checked, as words: `changelog/changelog-master.yaml`, `v1.2.0`.
    pub subject: String,
    /// Where its settings come from, as words.
    pub settings: String,
    /// The environment that was asked, if one was.
    pub environment: Option<String>,
    /// What was looked at.
    pub scopes: Vec<Scope>,
    /// The policy.
    pub policy: &'a Policy,
    /// What it found.
    pub verdict: &'a Verdict,
    /// What to know about the policy itself.
    pub problems: &'a [Problem],
    /// What Liquibase itself said, if it was asked.
    pub other: Option<Opinion>,
}

/// What somebody else says about the same changelog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// The highest severity that was found; `None` when nothing was checked.
    pub severity: Option<Severity>,
    /// That in words, as a sentence without a full stop.
    pub words: String,
    /// Everything that was said.
    pub lines: Vec<String>,
}

impl Report<'_> {
    /// The report in one form, with a new line at its end.
    pub fn render(&self, form: Form) -> String {
        match form {
            Form::Text => text::render(self),
            Form::Json => format!("{:#}\n", json::value(self)),
            Form::Sarif => format!("{:#}\n", sarif::value(self)),
            Form::Junit => junit::render(self),
        }
    }

    /// The severity that decides how the command ends: INFO when nothing stands. Of two opinions the worse counts.
    pub fn severity(&self) -> Severity {
        let other = self.other.as_ref().and_then(|other| other.severity);
        self.verdict.highest().max(other).unwrap_or(Severity::Info)
    }

    /// What else to know: about the settings, then about waivers.
    fn notes(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().chain(&self.verdict.notes)
    }
}

/// Where a finding is, for people: `file:line:column`, or the table.
fn place(finding: &Finding) -> String {
    let table = || match &finding.subject {
        Subject::Table(table) => format!("table {table}"),
        Subject::Changeset(id) => id.to_string(),
    };
    finding.place.as_ref().map_or_else(table, |place| {
        let column = finding.column.map_or_else(String::new, |column| format!(":{column}"));
        format!("{}:{}{column}", place.file, place.line)
    })
}

/// What a finding is about, by its name.
fn subject(finding: &Finding) -> String {
    match &finding.subject {
        Subject::Changeset(id) => id.to_string(),
        Subject::Table(table) => format!("table {table}"),
    }
}

/// `1 finding`, `2 findings`.
fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
