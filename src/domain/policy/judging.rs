//! The way through a changelog, changeset by changeset, with every check of a policy.

use std::collections::BTreeSet;

use super::checks::{self, Judge};
use super::deed::{Act, Deed};
use super::scene::Scene;
use super::sql::{self, Fault, Found};
use super::{Check, Enabled, Finding, Policy, Severity, Subject, Verdict, modelled};
use crate::domain::changelog::{Changelog, Changeset, ChangesetId, DATABASE, Part, Place, Spot};

/// Which changesets of a changelog are judged.
#[derive(Debug, Clone, Copy)]
pub enum Judged<'a> {
    /// All. Only what a changeset itself makes is new to it.
    All,
    /// Those that are pending: what one of them makes is new to those after it.
    Only(&'a BTreeSet<ChangesetId>),
}

impl Judged<'_> {
    fn includes(self, id: &ChangesetId) -> bool {
        match self {
            Self::All => true,
            Self::Only(pending) => pending.contains(id),
        }
    }
}

/// What a policy finds in a changelog, before waivers.
pub(super) fn judge(policy: &Policy, changelog: &Changelog, judged: Judged<'_>) -> Verdict {
    let mut judging = Judging { policy, scene: Scene::default(), verdict: Verdict::default() };
    for changeset in changelog.changesets() {
        // Liquibase never runs it.
        if changeset.filter.is_ignored || !changeset.filter.is_for(DATABASE) {
            continue;
        }
        let is_judged = judged.includes(&changeset.id);
        if matches!(judged, Judged::All) {
            judging.scene.settle();
        }
        judging.scene.begin(changeset.runs_in_transaction, is_judged);
        judging.changeset(changeset, is_judged);
        if is_judged {
            judging.verdict.changesets.push(changeset.id.clone());
        }
    }
    let of_changelogs = |it: &&Enabled| {
        it.check.scopes.contains(&checks::Scope::Changelog) && !matches!(it.check.judge, Judge::Syntax)
    };
    let names = policy.enabled().filter(of_changelogs).map(|it| it.short_name.clone());
    judging.verdict.checks = names.chain([checks::SYNTAX.short_name.to_owned()]).collect();
    judging.verdict
}

struct Judging<'a> {
    policy: &'a Policy,
    scene: Scene,
    verdict: Verdict,
}

/// One thing that a changeset does, with what is told of it.
struct Deal {
    act: Act,
    spot: Spot,
    statement: String,
    within: Option<String>,
    is_deferred: bool,
}

impl Judging<'_> {
    fn changeset(&mut self, changeset: &Changeset, is_judged: bool) {
        for part in changeset.parts.iter() {
            let deals = self.part(changeset, part, is_judged);
            for deal in deals {
                if is_judged {
                    self.deal(changeset, &deal);
                }
                if !deal.is_deferred {
                    self.scene.take(&deal.act);
                }
                if is_judged && !deal.is_deferred {
                    self.width(changeset, &deal);
                }
            }
        }
        if is_judged {
            self.whole(changeset);
        }
    }

    /// What one change does. SQL in it that cannot be read is a finding.
    fn part(&mut self, changeset: &Changeset, part: &Part, is_judged: bool) -> Vec<Deal> {
        let mut deals = Vec::new();
        if let Some(script) = &part.script {
            for range in script.statements() {
                let text = &script.text()[range.clone()];
                let reading = sql::read(text);
                if let (true, Some(fault)) = (is_judged, reading.faults.first()) {
                    self.fault(changeset, fault, script.spot(range.start + fault.at), text);
                }
                deals.extend(reading.found.into_iter().map(|found| {
                    let Found { act, at, statement, within, is_deferred } = found;
                    Deal { act, spot: script.spot(range.start + at), statement, within, is_deferred }
                }));
            }
        }
        let deal = |act| Deal {
            act,
            spot: Spot { place: part.place.clone(), column: None },
            statement: part.text.clone(),
            within: None,
            is_deferred: false,
        };
        deals.extend(modelled::acts(part).into_iter().map(deal));
        for expression in modelled::expressions(part) {
            let found = sql::read(&format!("select ({expression})")).found.into_iter();
            deals.extend(found.map(|found| found.act).filter(|act| act.deed == Deed::SelectStar).map(deal));
        }
        deals
    }

    /// Holds one act against every check.
    fn deal(&mut self, changeset: &Changeset, deal: &Deal) {
        for enabled in self.policy.enabled() {
            let is_broken = match enabled.check.judge {
                Judge::Written(is_broken) => is_broken(&self.scene, &deal.act),
                Judge::Done(is_broken) => !deal.is_deferred && is_broken(&self.scene, &deal.act),
                Judge::Changeset(_) | Judge::Columns | Judge::Indexes | Judge::Syntax => false,
            };
            if is_broken {
                self.verdict.findings.push(found(enabled, changeset, deal));
            }
        }
    }

    /// Holds a table that got columns against the checks that count them.
    fn width(&mut self, changeset: &Changeset, deal: &Deal) {
        if !matches!(deal.act.deed, Deed::CreateTable(_) | Deed::AddColumn(_)) {
            return;
        }
        let Some(width) = self.scene.width(deal.act.table.as_ref()) else { return };
        for enabled in self.policy.enabled().filter(|it| matches!(it.check.judge, Judge::Columns)) {
            if width > enabled.max_columns {
                let mut finding = found(enabled, changeset, deal);
                let table = deal.act.table.as_ref().map(ToString::to_string).unwrap_or_default();
                finding.why = too_wide(enabled, &table, width);
                self.verdict.findings.push(finding);
            }
        }
    }

    /// Holds the changeset as a whole against the checks for that.
    fn whole(&mut self, changeset: &Changeset) {
        for enabled in self.policy.enabled() {
            let Judge::Changeset(is_broken) = enabled.check.judge else { continue };
            if is_broken(changeset) {
                self.verdict.findings.push(Finding {
                    statement: changeset.text(),
                    place: Some(changeset.place.clone()),
                    ..enabled.finding(Subject::Changeset(changeset.id.clone()), None)
                });
            }
        }
    }

    fn fault(&mut self, changeset: &Changeset, fault: &Fault, spot: Spot, statement: &str) {
        let check = checks::SYNTAX;
        self.verdict.findings.push(Finding {
            check: check.short_name.to_owned(),
            title: check.title.to_owned(),
            severity: self.policy.severity_of_unread_sql(),
            subject: Subject::Changeset(changeset.id.clone()),
            place: Some(spot.place),
            column: spot.column,
            statement: statement.to_owned(),
            within: fault.within.clone(),
            why: format!("{}: {}.", check.why.trim_end_matches('.'), fault.text.trim_end_matches('.')),
            mend: check.mend(None),
            waiver: None,
        });
    }
}

fn found(enabled: &Enabled, changeset: &Changeset, deal: &Deal) -> Finding {
    Finding {
        place: Some(deal.spot.place.clone()),
        column: deal.spot.column,
        statement: deal.statement.clone(),
        within: deal.within.clone(),
        ..enabled.finding(Subject::Changeset(changeset.id.clone()), Some(&deal.act))
    }
}

/// Why a table of so many columns is a finding.
pub(super) fn too_wide(enabled: &Enabled, table: &str, width: usize) -> String {
    format!("{table} has {width} columns, and {} are allowed. {}", enabled.max_columns, enabled.check.why)
}

impl Enabled {
    /// A finding of this check, without where and what.
    pub(super) fn finding(&self, subject: Subject, act: Option<&Act>) -> Finding {
        Finding {
            check: self.short_name.clone(),
            title: self.title.clone(),
            severity: self.severity,
            subject,
            place: None::<Place>,
            column: None,
            statement: String::new(),
            within: None,
            why: self.check.why.to_owned(),
            mend: Check::mend(self.check, act),
            waiver: None,
        }
    }
}

impl Policy {
    /// How much it matters that SQL cannot be read: what was asked for, else what the settings say of it, else the most
    /// that a check can say here.
    fn severity_of_unread_sql(&self) -> Severity {
        let own = || self.enabled().find(|it| matches!(it.check.judge, Judge::Syntax)).map(|it| it.severity);
        let highest = || self.enabled().map(|it| it.severity).max();
        self.unread_sql.or_else(own).or_else(highest).unwrap_or(Severity::Info)
    }
}
