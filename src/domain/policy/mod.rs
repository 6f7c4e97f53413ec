//! Policy: what a changelog, or a database, must not do, whoever wants it.
//!
//! A *check* looks at one changeset or one table and says what it found; a *verdict* is what all checks of a policy
//! found in one release, so that it can be held against any environment. Absent on purpose: reading files, and what a
//! finding means for a promotion; the gate decides that.

mod severity;

use crate::domain::changelog::{ChangesetId, Place};
pub use severity::Severity;

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
    pub expires: jiff::civil::Date,
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
}

impl Verdict {
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
