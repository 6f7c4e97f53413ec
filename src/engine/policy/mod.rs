//! What policy says about releases, asked only for those that a promotion could bring next or that are planned.
//!
//! A verdict is about a whole release, whatever the environment, and is kept by the digest of the release's archive.
//! Settings and waivers may change at any time, so every plan asks afresh, and so does the last look before anything is
//! done. Without a policy nothing is asked and nothing stands in the way.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::effect::Effect;
use super::planning::{Planning, Request};
use super::refresh::Wait;
use super::{EnvironmentState, State};
use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::{self, Inspection};
use crate::domain::names::EnvironmentName;
use crate::domain::observation::Facet;
use crate::domain::plan::{Direction, Plan};
use crate::domain::policy::{Severity, Subject, Verdict};
use crate::domain::release::Release;

/// The policy of an instance, and what it said so far.
#[derive(Debug, Clone)]
pub struct Policing {
    /// From this severity on a finding stands in a promotion's way.
    pub blocks_at: Severity,
    /// By the digest of the release's archive.
    verdicts: BTreeMap<String, Facet<Arc<Verdict>>>,
}

/// What policy says about what would come next to an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// Nothing of it stands in the way.
    Clear,
    /// So many findings do.
    Blocked(usize),
    /// Nobody can tell.
    Unreadable,
}

impl State {
    /// From now on findings of this severity, or worse, stand in the way of promotions.
    #[must_use]
    pub fn policed(mut self, blocks_at: Severity) -> Self {
        self.policy = Some(Policing { blocks_at, verdicts: BTreeMap::new() });
        self
    }

    /// What policy says about a release, and when that was found out; `None` while nothing was asked.
    pub fn verdict(&self, release: &Release) -> Option<&Facet<Arc<Verdict>>> {
        self.policy.as_ref()?.verdicts.get(&release.archive_digest)
    }

    /// What policy says about a plan, or why nobody can tell; `None` where nothing is checked. What was begun is judged
    /// by the day on which it began, and the way back is open whatever policy says.
    pub(super) fn inspect(&self, plan: &Plan, at: Timestamp) -> Option<Result<Inspection, Failure>> {
        let blocks_at = self.policy.as_ref()?.blocks_at;
        let verdict = self.verdict_about(plan)?;
        Some(verdict.map(|verdict| Inspection::of(verdict, plan, blocks_at, day(at))))
    }

    /// What the checks found in what a plan would run, as a verdict of its own: as it stood at `at`. Like
    /// [`State::inspect`] there is none where nothing is checked.
    pub(super) fn verdict_on(&self, plan: &Plan, at: Timestamp) -> Option<Result<Verdict, Failure>> {
        let blocks_at = self.policy.as_ref()?.blocks_at;
        let verdict = self.verdict_about(plan)?;
        Some(verdict.map(|verdict| Verdict {
            findings: Inspection::of(verdict, plan, blocks_at, day(at)).findings,
            changesets: plan.changesets.iter().map(|changeset| changeset.id.clone()).collect(),
            ..Verdict::clone(verdict)
        }))
    }

    fn verdict_about(&self, plan: &Plan) -> Option<Result<&Arc<Verdict>, Failure>> {
        let policy = self.policy.as_ref()?;
        if plan.direction() == Direction::Back {
            return None;
        }
        let facet = policy.verdicts.get(&plan.archive_digest);
        Some(facet.and_then(Facet::current).ok_or_else(|| {
            let unasked =
                || Failure::new(FailureKind::Unavailable, format!("{} has not been checked", plan.version));
            facet.and_then(Facet::failure).cloned().unwrap_or_else(unasked)
        }))
    }

    /// The plan with what of it passes only because somebody waived it.
    pub(super) fn waiving(&self, plan: Plan) -> Plan {
        match self.inspect(&plan, self.now) {
            Some(Ok(inspection)) if inspection.findings.iter().any(|it| it.waiver.is_some()) => {
                plan.waiving(inspection.waived())
            }
            _ => plan,
        }
    }

    /// True when a plan for this release can be made as far as policy goes: it is there, or there is none to wait for.
    pub(super) fn has_verdict(&self, release: &Release) -> bool {
        self.policy.is_none()
            || self.verdict(release).is_some_and(|facet| facet.value().is_some() || facet.failure().is_some())
    }

    pub(super) fn has_judged(&self, archive_digest: &str, generation: u64) -> bool {
        let facet = self.policy.as_ref().and_then(|policy| policy.verdicts.get(archive_digest));
        facet.is_none_or(|facet| facet.has_answered(generation))
    }

    /// What still has to be asked before a plan can be made: the release is known only once the looks are there.
    pub(super) fn ask_policy_for(
        &mut self,
        environment: &EnvironmentName,
        request: &Request,
        waits: &[Wait],
    ) -> Option<(Effect, Wait)> {
        self.policy.as_ref()?;
        let Request::Forward(wanted) = request else { return None };
        let state = self.environment(environment)?;
        let release = self.release_to_promote(state, wanted.as_ref()).ok()?.clone();
        let is_asked =
            |wait: &Wait| matches!(wait, Wait::Policy(digest, _) if *digest == release.archive_digest);
        if waits.iter().any(is_asked) { None } else { self.ask_policy(&release) }
    }

    /// The release whose checks are shown for an environment: that of the plan on screen, else what comes next or runs.
    pub fn checked(&self, environment: &EnvironmentName) -> Option<&Release> {
        let planned = self.planned_release().filter(|_| self.planning.environment() == Some(environment));
        planned.or_else(|| self.next(self.environment(environment)?))
    }

    /// Asks once more about that release.
    pub(super) fn inspect_policy(&mut self, environment: &EnvironmentName) -> Vec<Effect> {
        let Some(release) = self.checked(environment).cloned() else { return Vec::new() };
        self.ask_policy(&release).map(|(effect, _)| effect).into_iter().collect()
    }

    /// Asks about what could be promoted and was not asked about yet.
    pub(super) fn ask_policy_of_what_is_next(&mut self) -> Vec<Effect> {
        let wanted = self.wanted_of_policy();
        let new: Vec<_> = wanted.into_iter().filter(|release| self.verdict(release).is_none()).collect();
        let asked = new.iter().filter_map(|release| self.ask_policy(release));
        asked.map(|(effect, _)| effect).collect()
    }

    /// Asks once more about what could be promoted, where the last answer is old.
    pub(super) fn ask_policy_again(&mut self, is_due: impl Fn(Option<Timestamp>) -> bool) -> Vec<Effect> {
        let wanted = self.wanted_of_policy();
        let is_old = |release: &Release| {
            self.verdict(release).is_some_and(|facet| !facet.is_waiting() && is_due(facet.asked_at()))
        };
        let old: Vec<_> = wanted.into_iter().filter(is_old).collect();
        let asked = old.iter().filter_map(|release| self.ask_policy(release));
        asked.map(|(effect, _)| effect).collect()
    }

    /// Policy spoke: everything that it can stand in the way of is looked at again.
    pub(super) fn policy_told(
        &mut self,
        archive_digest: &str,
        generation: u64,
        told: &Result<Arc<Verdict>, Failure>,
    ) {
        let now = self.now;
        let facet = self.policy.as_mut().and_then(|policy| policy.verdicts.get_mut(archive_digest));
        let Some(facet) = facet else { return };
        if facet.answer(generation, now, told.clone()) {
            self.keep_outlooks_true(None);
            self.keep_plan_true(None);
            self.keep_petitions_true(None);
        }
    }

    /// Brings what policy says about what is next up to date, after a look at `looked_at` or after anything else.
    pub(super) fn keep_outlooks_true(&mut self, looked_at: Option<&EnvironmentName>) {
        if self.policy.is_none() {
            return;
        }
        for index in 0..self.environments.len() {
            let environment = &self.environments[index];
            let settings = &environment.environment;
            if looked_at.is_none_or(|name| *name == settings.name || settings.after.contains(name)) {
                self.environments[index].outlook = self.outlook(environment);
            }
        }
    }

    /// Forgets what policy said about releases that are gone.
    pub(super) fn forget_verdicts(&mut self) {
        let (Some(policy), Some(catalog)) = (&mut self.policy, self.catalog.value()) else { return };
        let releases = catalog.releases();
        policy.verdicts.retain(|digest, _| releases.iter().any(|it| it.archive_digest == *digest));
    }

    fn outlook(&self, environment: &EnvironmentState) -> Option<Outlook> {
        let policy = self.policy.as_ref()?;
        let release = self.newer(environment)?;
        let facet = policy.verdicts.get(&release.archive_digest)?;
        if facet.failure().is_some() {
            return Some(Outlook::Unreadable);
        }
        let verdict = facet.current()?;
        if verdict.findings.is_empty() {
            return Some(Outlook::Clear);
        }
        let to_run = environment.standings.next()?.to_run();
        let pending: HashSet<_> = to_run.map(|changeset| &changeset.id).collect();
        let today = day(self.now);
        let is_meant = |subject: &Subject| match subject {
            Subject::Changeset(id) => pending.contains(id),
            Subject::Table(_) => true,
        };
        let blocking = verdict.findings.iter().filter(|finding| {
            is_meant(&finding.subject) && gate::is_blocking(&gate::on(finding, today), policy.blocks_at)
        });
        Some(match blocking.count() {
            0 => Outlook::Clear,
            count => Outlook::Blocked(count),
        })
    }

    fn ask_policy(&mut self, release: &Release) -> Option<(Effect, Wait)> {
        let now = self.now;
        let policy = self.policy.as_mut()?;
        let generation = policy.verdicts.entry(release.archive_digest.clone()).or_default().ask(now);
        let wait = Wait::Policy(release.archive_digest.clone(), generation);
        Some((Effect::CheckPolicy(generation, Arc::new(release.clone())), wait))
    }

    /// Releases that something may be promoted with: what is next somewhere, what is voted on, what is planned.
    fn wanted_of_policy(&self) -> Vec<Release> {
        if self.policy.is_none() {
            return Vec::new();
        }
        let catalog = self.catalog.value();
        let mut wanted: Vec<&Release> = self.environments.iter().filter_map(|it| self.newer(it)).collect();
        let voted = self.environments.iter().flat_map(|it| self.versions_to_approve(&it.environment.name));
        wanted.extend(voted.filter_map(|version| catalog?.get(&version)));
        wanted.extend(self.planned_release());
        wanted.sort_by(|one, other| one.version.cmp(&other.version));
        wanted.dedup_by(|one, other| one.version == other.version);
        wanted.into_iter().cloned().collect()
    }

    /// What would come next, where that is newer than what runs.
    fn newer(&self, environment: &EnvironmentState) -> Option<&Release> {
        let running = environment.version();
        self.candidate(&environment.environment.name)
            .filter(|release| running.is_none_or(|running| release.version > running))
    }

    /// The release of the plan that leads forward on screen.
    fn planned_release(&self) -> Option<&Release> {
        let Planning::Ready(prepared) = &self.planning else { return None };
        let plan = &prepared.plan;
        self.catalog.value().filter(|_| plan.direction() == Direction::Forward)?.get(&plan.version)
    }
}

/// The day on which waivers are read: that of UTC, the same for everybody.
pub fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}
