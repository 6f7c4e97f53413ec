//! What policy says about one plan: the findings in what it would run, and which of them stand in its way.
//!
//! A verdict is about a whole release; here it is held against the changesets of a plan, on a day. Absent on purpose:
//! what a check looks for, and how a policy is read.

use std::collections::HashSet;

use jiff::civil::Date;

use crate::domain::plan::Plan;
use crate::domain::policy::{Finding, Severity, Subject, Verdict};

/// What policy found in the changesets of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// What was found, in the order of the changesets. A waiver that has ended is taken off.
    pub findings: Vec<Finding>,
    /// How many checks looked.
    pub checks: usize,
    /// From this severity on a finding that no waiver lets pass stands in the way.
    pub blocks_at: Severity,
    /// What to know about settings and waivers, such as waivers that have ended.
    pub notes: Vec<String>,
}

impl Inspection {
    /// What `verdict` says about the changesets of `plan` on the day `today`.
    pub fn of(verdict: &Verdict, plan: &Plan, blocks_at: Severity, today: Date) -> Self {
        let planned: HashSet<_> = plan.changesets.iter().map(|changeset| &changeset.id).collect();
        let is_meant = |finding: &&Finding| match &finding.subject {
            Subject::Changeset(id) => planned.contains(id),
            Subject::Table(_) => true,
        };
        let findings = verdict.findings.iter().filter(is_meant).map(|finding| on(finding, today));
        let notes = verdict.notes.iter().map(ToString::to_string).collect();
        Self { findings: findings.collect(), checks: verdict.checks.len(), blocks_at, notes }
    }

    /// True when this finding stands in the way.
    pub fn is_blocking(&self, finding: &Finding) -> bool {
        is_blocking(finding, self.blocks_at)
    }

    /// What stands in the way.
    pub fn blocking(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| self.is_blocking(finding))
    }

    /// What passes only because somebody waived it, each as a line of the plan: whoever approves the plan approves it
    /// with these words.
    pub fn waived(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.findings.iter().filter_map(waived).collect();
        lines.dedup();
        lines
    }
}

/// True when a finding stands in the way where `blocks_at` does.
pub fn is_blocking(finding: &Finding, blocks_at: Severity) -> bool {
    finding.waiver.is_none() && finding.severity >= blocks_at
}

/// A finding as it stands on the day `today`.
pub fn on(finding: &Finding, today: Date) -> Finding {
    let mut finding = finding.clone();
    finding.waiver = finding.waiver.filter(|waiver| today <= waiver.expires);
    finding
}

/// `SqlGrantWarn in changelog/013.sql::013::store until 2026-12-31 by ana: reason`.
fn waived(finding: &Finding) -> Option<String> {
    let waiver = finding.waiver.as_ref()?;
    let subject = match &finding.subject {
        Subject::Changeset(id) => id.to_string(),
        Subject::Table(name) => name.clone(),
    };
    let (check, until, owner, reason) = (&finding.check, waiver.expires, &waiver.owner, &waiver.reason);
    Some(format!("{check} in {subject} until {until} by {owner}: {reason}"))
}
