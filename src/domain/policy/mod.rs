//! Policy: what a changelog, or a database, must not do, whoever wants it.
//!
//! A *check* looks at one changeset or one table and says what it found; a *verdict* is what all checks of a policy
//! found in one release, so that it can be held against any environment. Absent on purpose: reading files, and what a
//! finding means for a promotion; the gate decides that.

pub mod checks;
mod database;
mod deed;
mod depth;
mod judging;
mod modelled;
mod scene;
mod settings;
mod severity;
mod sql;
mod types;
mod waivers;

use jiff::civil::Date;

use crate::domain::changelog::{Changelog, ChangesetId, Place, Problem};
use crate::domain::schema::Schema;
pub use checks::{Check, Scope};
pub use judging::Judged;
pub use settings::{Enabled, Settings};
pub use severity::Severity;
pub use waivers::{Aim, Entry, Waivers};

/// What a file of settings holds, for those who have to mend one.
const SETTINGS_HELP: &str = "A file of settings has `rules:`, a list of rules with shortName, id, severity and enabled; docs/policy.md shows one.";

/// The checks that look, how much each matters, and what is let pass.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// The checks.
    pub settings: Settings,
    /// What is let pass.
    pub waivers: Waivers,
    /// How much it matters when SQL cannot be read; `None` for as much as the check that matters most.
    pub unread_sql: Option<Severity>,
}

impl Policy {
    /// What the checks find in these changesets of a changelog, on this day.
    pub fn judge(&self, changelog: &Changelog, judged: Judged<'_>, today: Date) -> Verdict {
        let mut verdict = judging::judge(self, changelog, judged);
        self.waivers.apply(&mut verdict.findings, today);
        verdict.notes = self.waivers.ended(&verdict.findings, today);
        verdict
    }

    /// The waivers that nothing needs, where `verdict` is about the whole changelog that there is, by every check, and
    /// about these scopes.
    pub fn unneeded(&self, verdict: &Verdict, scopes: &[Scope]) -> Option<Problem> {
        self.waivers.unneeded(&verdict.findings, |aim| match aim {
            Aim::Changeset(_) => scopes.contains(&Scope::Changelog),
            Aim::Table(_) => scopes.contains(&Scope::Database),
        })
    }

    /// What the checks find in a database, on this day.
    pub fn judge_database(&self, schema: &Schema, today: Date) -> Verdict {
        let mut verdict = database::judge(self, schema);
        self.waivers.apply(&mut verdict.findings, today);
        verdict.notes = self.waivers.ended(&verdict.findings, today);
        verdict
    }

    /// The checks that look.
    pub fn enabled(&self) -> impl Iterator<Item = &Enabled> {
        self.settings.enabled.iter()
    }
}

/// Something that a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The short name of the check, such as `SqlGrantWarn`.
    pub check: String,
    /// What the check is called.
    pub title: String,
    /// How much it matters, by the settings.
    pub severity: Severity,
    /// What it was found in.
    pub subject: Subject,
    /// Where it is written; `None` for what is in a database only.
    pub place: Option<Place>,
    /// The column in that line, counted from 1 in characters, where it is known.
    pub column: Option<usize>,
    /// The statement, or the change, as written.
    pub statement: String,
    /// In the body of what it stands, such as `function restock`; `None` when it stands by itself.
    pub within: Option<String>,
    /// Why it matters, as full sentences.
    pub why: String,
    /// How to mend it, as full sentences.
    pub mend: String,
    /// The waiver that lets it pass at the moment of the verdict, if one does.
    pub waiver: Option<Waiver>,
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A changeset.
    Changeset(ChangesetId),
    /// A table of a database, with its schema.
    Table(String),
}

/// A word that lets a finding pass, until its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it counts.
    pub expires: Date,
}

/// What the checks of a policy found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// What was found, in the order of the changesets, waived or not.
    pub findings: Vec<Finding>,
    /// The changesets that were looked at.
    pub changesets: Vec<ChangesetId>,
    /// The short names of the checks that looked.
    pub checks: Vec<String>,
    /// The tables that were looked at.
    pub tables: Vec<String>,
    /// What else to know: waivers that have ended.
    pub notes: Vec<Problem>,
}

impl Verdict {
    /// This verdict and another, of something else.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.findings.extend(other.findings);
        self.changesets.extend(other.changesets);
        self.tables.extend(other.tables);
        self.notes.extend(other.notes);
        for check in other.checks {
            if !self.checks.contains(&check) {
                self.checks.push(check);
            }
        }
        self
    }

    /// The findings that no waiver lets pass.
    pub fn standing(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.waiver.is_none())
    }

    /// The highest severity among those; `None` when nothing stands.
    pub fn highest(&self) -> Option<Severity> {
        self.standing().map(|finding| finding.severity).max()
    }

    /// The findings in this changeset that no waiver lets pass.
    pub fn of<'a>(&'a self, id: &'a ChangesetId) -> impl Iterator<Item = &'a Finding> {
        self.standing().filter(move |finding| matches!(&finding.subject, Subject::Changeset(it) if it == id))
    }
}
