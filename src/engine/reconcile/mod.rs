//! Runs that nobody saw end: who of them is at work elsewhere, what became of the others, and putting that on record.
//!
//! Looking is free. Recording, resolving and letting a lock go are intents of their own; nothing is tried again here.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;

use super::refresh::Wait;
use super::{EnvironmentState, State};
use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::journal::{Entry, PastRun};
use crate::domain::lock::Verdict;
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::observation::Facet;
use crate::domain::reconcile::{self, Finding, Looks, Report};
use crate::engine::effect::{CloudCall, DatabaseCall, Effect};

/// A finding that is older than this is looked at again before it is put on record.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// Between two looks at something that still runs.
const PAUSE: Duration = Duration::from_secs(1);

/// So long after it was put on record a run may not have got its lock yet.
const BEGINNING: SignedDuration = SignedDuration::from_secs(2);

/// Finding out what became of the runs that nobody saw end.
#[derive(Debug, Clone, Default)]
pub struct Reconciliation {
    /// Where; empty for everywhere.
    scope: Vec<EnvironmentName>,
    stage: Stage,
    /// What was found out, in the order in which the runs began.
    reports: Vec<Report>,
    is_attached: bool,
}

/// Where it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Stage {
    /// Nobody has asked.
    #[default]
    None,
    /// Journal and releases are being read.
    Reading(Vec<Wait>),
    /// Everything that the runs could have touched is being looked at.
    Looking(Vec<Wait>),
    /// It was found out, at this time.
    Done(Timestamp),
}

/// A run that the journal does not see end, and that this process does not carry out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenRun<'a> {
    /// It is at work elsewhere, or it is not known yet whether it is.
    Elsewhere(&'a PastRun),
    /// Nothing of it is at work: what became of it has to be found out.
    Unknown(&'a PastRun),
}

impl Reconciliation {
    /// What was found out; empty before.
    pub fn reports(&self) -> &[Report] {
        &self.reports
    }

    /// When it was found out; `None` while it is not.
    pub fn ended(&self) -> Option<Timestamp> {
        match self.stage {
            Stage::Done(at) => Some(at),
            Stage::None | Stage::Reading(_) | Stage::Looking(_) => None,
        }
    }

    /// True while answers are awaited.
    pub fn is_looking(&self) -> bool {
        matches!(self.stage, Stage::Reading(_) | Stage::Looking(_))
    }

    /// True while something that still runs is watched.
    pub fn is_watching(&self) -> bool {
        self.is_attached && self.reports.iter().any(|report| report.finding == Finding::Running)
    }

    fn report(&self, run: &RunId) -> Option<&Report> {
        self.reports.iter().find(|report| report.run == *run)
    }
}

impl<'a> OpenRun<'a> {
    /// The run.
    pub fn run(self) -> &'a PastRun {
        match self {
            Self::Elsewhere(run) | Self::Unknown(run) => run,
        }
    }
}

impl State {
    /// The newest run to `environment` of which nobody knows how it ended, unless this process is at it.
    pub fn open_run(&self, environment: &EnvironmentName) -> Option<OpenRun<'_>> {
        let runs = self.foreign_runs().filter(|past| past.environment == *environment);
        let runs: Vec<&PastRun> = runs.collect();
        let unknown = runs.iter().rev().find(|past| self.is_gone(past));
        match (unknown, runs.last()) {
            (Some(past), _) => Some(OpenRun::Unknown(past)),
            (None, Some(past)) => Some(OpenRun::Elsewhere(past)),
            (None, None) => None,
        }
    }

    /// The earlier run that has to be reconciled before anything begins in `environment`.
    pub(super) fn unknown_run(&self, environment: &EnvironmentName) -> Option<&PastRun> {
        if self.running_in(environment).is_some() {
            // It was asked before that began, and nobody else gets the lock meanwhile.
            return None;
        }
        match self.open_run(environment)? {
            OpenRun::Unknown(past) => Some(past),
            OpenRun::Elsewhere(_) => None,
        }
    }

    /// The run that is at work in `environment` elsewhere, whether it holds its lock or lost it with its connection.
    pub(super) fn rival_run(&self, environment: &EnvironmentName) -> Option<&str> {
        match self.open_run(environment)? {
            OpenRun::Elsewhere(past) if self.running_in(environment).is_none() => Some(past.run.as_str()),
            OpenRun::Elsewhere(_) | OpenRun::Unknown(_) => None,
        }
    }

    /// Asks which of the runs that are not this process's own live on this machine. `None` when there are none.
    pub(super) fn seek_runs(&mut self) -> Option<(Effect, Wait)> {
        let runs: Vec<RunId> = self.foreign_runs().map(|past| past.run.clone()).collect();
        if runs.is_empty() {
            return None;
        }
        let generation = self.living.ask(self.now);
        Some((Effect::SeekRuns(generation, runs), Wait::Living(generation)))
    }

    /// Begins to find out what became of every open run in these environments; everywhere when none is named.
    pub(super) fn reconcile(&mut self, scope: &[EnvironmentName], is_attached: bool) -> Vec<Effect> {
        let (effect, wait) = self.await_releases();
        // The journal is read at once, before any answer comes.
        let mut effects = vec![Effect::ReadJournal, effect];
        if self.identity.is_none() {
            effects.push(Effect::Identify);
        }
        self.reconciliation = Reconciliation {
            scope: scope.to_vec(),
            stage: Stage::Reading(vec![wait]),
            reports: Vec::new(),
            is_attached,
        };
        effects
    }

    /// Looks again at what still runs, now and then, as long as somebody waits for it.
    pub(super) fn watch_what_runs(&mut self) -> Vec<Effect> {
        let is_due =
            |at: Timestamp| self.now.duration_since(at).unsigned_abs() >= PAUSE.min(self.observe_every);
        let is_asked = self.reconciliation.is_watching() && !self.is_stopping;
        if !is_asked || !self.reconciliation.ended().is_some_and(is_due) {
            return Vec::new();
        }
        let mut effects = vec![Effect::ReadJournal];
        effects.extend(self.look_at_open_runs());
        effects
    }

    /// Goes on when the answers that are awaited are there.
    pub(super) fn settle_reconciliation(&mut self) -> Vec<Effect> {
        match &self.reconciliation.stage {
            Stage::Reading(waits) if self.is_answered(waits) => self.look_at_open_runs(),
            Stage::Looking(waits) if self.is_answered(waits) => {
                self.reconciliation.reports = self.in_scope().map(|past| self.judge_run(past)).collect();
                self.reconciliation.stage = Stage::Done(self.now);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn look_at_open_runs(&mut self) -> Vec<Effect> {
        let places: BTreeSet<EnvironmentName> =
            self.in_scope().map(|past| past.environment.clone()).collect();
        let Some((sought, wait)) = self.seek_runs().filter(|_| !places.is_empty()) else {
            self.reconciliation.reports = Vec::new();
            self.reconciliation.stage = Stage::Done(self.now);
            return Vec::new();
        };
        let (mut effects, mut waits) = (vec![sought], vec![wait]);
        for place in &places {
            let (more, wait) = self.ask(
                place,
                &[
                    EnvironmentState::ask_service,
                    EnvironmentState::ask_updates,
                    EnvironmentState::ask_ledger,
                    EnvironmentState::await_locks,
                    EnvironmentState::ask_trail,
                    EnvironmentState::ask_health,
                ],
            );
            effects.extend(more);
            waits.extend(wait);
        }
        self.reconciliation.stage = Stage::Looking(waits);
        effects
    }

    /// Puts on record what was found out about a run.
    pub(super) fn settle(&mut self, run: &RunId) -> Vec<Effect> {
        let is_open = self.history.run(run).is_some_and(PastRun::is_open);
        let report = self.reconciliation.report(run).filter(|_| is_open);
        let Some(report) = report else {
            self.refuse(
                &format!("nothing was found out about {run}"),
                "Look with `lockstep reconcile` first.",
            );
            return Vec::new();
        };
        let is_fresh = self.reconciliation.ended().is_some_and(|at| is_within(self.now, at, FRESH));
        if !is_fresh {
            let what = format!("what was found out about {run} is older than {} minutes", FRESH.as_mins());
            self.refuse(
                &what,
                &format!("Look again with `lockstep reconcile {}`.", report.environment.clone()),
            );
            return Vec::new();
        }
        let Some(result) = report.result() else {
            let what = format!("what became of {run} is not decided: {}", report.finding.word());
            let how = format!("`{}` does what can be done now.", report.next[0].command(&report.environment));
            self.refuse(&what, &how);
            return Vec::new();
        };
        let entry = self.reconciled(report, result);
        self.say(Ok(format!("{run} is on record as {}", report_words(&entry))));
        let environment = self.history.run(run).map(|past| past.environment.clone());
        let mut effects = vec![Effect::Record(entry)];
        effects.extend(environment.iter().flat_map(|environment| self.observe(environment)));
        effects
    }

    /// Puts on record that a person has settled what nobody could find out.
    pub(super) fn resolve(&mut self, environment: &EnvironmentName, reason: &str) -> Vec<Effect> {
        if reason.trim().is_empty() {
            self.refuse("this needs a reason", "Say with `--reason` what was seen and done.");
            return Vec::new();
        }
        let reports = || self.reconciliation.reports.iter().filter(|it| it.environment == *environment);
        if let Some(report) = reports().find(|report| report.finding == Finding::Running) {
            let what = format!("{} is still running: {}", report.run, report.because.join("; "));
            let how = format!("`lockstep reconcile {environment} --attach` waits until it has ended.");
            self.refuse(&what, &how);
            return Vec::new();
        }
        let by_hand = |report: &Report| {
            let what = format!("what became of {} in {environment} was settled by hand", report.run);
            Err(Failure::new(FailureKind::ActionNeeded, what).because(reason))
        };
        let entries: Vec<Entry> = reports()
            .filter(|report| self.history.run(&report.run).is_some_and(PastRun::is_open))
            .map(|report| self.reconciled(report, report.result().unwrap_or_else(|| by_hand(report))))
            .collect();
        if entries.is_empty() && self.open_run(environment).is_some() {
            let how = format!("Look with `lockstep reconcile {environment}` first.");
            self.refuse(&format!("nobody has looked what became of the last run to {environment}"), &how);
            return Vec::new();
        }
        let is_settled =
            self.history.alarm(environment).is_none() && self.history.unsettled_flow(environment).is_none();
        if entries.is_empty() && is_settled {
            self.refuse(
                &format!("there is nothing to settle in {environment}"),
                "Every run there was seen to its end.",
            );
            return Vec::new();
        }
        let (by, reason) = (self.operator(), Some(reason.to_owned()));
        self.say(Ok(if entries.is_empty() {
            format!("the failure of {environment} is resolved")
        } else {
            format!("{environment} is settled by hand")
        }));
        let acknowledged = Entry::Acknowledged { environment: environment.clone(), by, reason };
        entries.into_iter().chain([acknowledged]).map(Effect::Record).collect()
    }

    fn reconciled(&self, report: &Report, result: Result<String, Failure>) -> Entry {
        Entry::Reconciled {
            run: report.run.clone(),
            environment: report.environment.clone(),
            by: self.operator(),
            result,
            evidence: report.lines(),
        }
    }

    /// Lets Liquibase's lock go, if the newest look proved that its holder is gone.
    pub(super) fn release_lock(&mut self, environment: &EnvironmentName) -> Vec<Effect> {
        let sight = self.environment(environment).and_then(|state| state.locks.current());
        let grant = sight.and_then(|sight| Some((sight.locks(), sight.liquibase.clone()?)));
        let Some(([liquibase, _], grant)) = grant else {
            let what = format!("nobody was seen to hold Liquibase's lock on {environment}");
            self.refuse(&what, "Look with `lockstep locks`.");
            return Vec::new();
        };
        let proof = match &liquibase.verdict {
            Verdict::Stale(proof) => proof.clone(),
            other => {
                let what = format!(
                    "Liquibase's lock on {environment} is {}: {}",
                    other.words(),
                    other.why().unwrap_or_default()
                );
                let how = liquibase.advice().unwrap_or_default();
                self.refuse(&what, &how);
                return Vec::new();
            }
        };
        let holder = grant.holder().name;
        self.releasing = Some((environment.clone(), holder.clone(), proof.clone()));
        vec![
            Effect::Record(Entry::LetGo {
                environment: environment.clone(),
                by: self.operator(),
                holder,
                proof,
                result: None,
            }),
            Effect::Database(environment.clone(), DatabaseCall::ReleaseLock(grant)),
        ]
    }

    /// A lock was let go, or was not: that is put on record, and looked at.
    pub(super) fn let_go(
        &mut self,
        environment: &EnvironmentName,
        result: &Result<String, Failure>,
    ) -> Vec<Effect> {
        let (holder, proof) = match self.releasing.take() {
            Some((name, holder, proof)) if name == *environment => (holder, proof),
            _ => return Vec::new(),
        };
        let said =
            result.clone().map(|_| format!("Liquibase's lock on {environment} is free; {holder} held it"));
        self.say(said.clone());
        let (by, environment) = (self.operator(), environment.clone());
        let name = environment.clone();
        let mut effects =
            vec![Effect::Record(Entry::LetGo { environment, by, holder, proof, result: Some(said) })];
        let (looks, _) = self.ask(&name, &[EnvironmentState::ask_ledger, EnvironmentState::await_locks]);
        effects.extend(looks);
        effects
    }

    /// Open runs that this process does not carry out, oldest first.
    fn foreign_runs(&self) -> impl Iterator<Item = &PastRun> {
        let own = |past: &PastRun| self.running().any(|promotion| promotion.run == past.run);
        self.history.open().filter(move |past| !own(past))
    }

    fn in_scope(&self) -> impl Iterator<Item = &PastRun> {
        let scope = &self.reconciliation.scope;
        self.foreign_runs().filter(move |past| scope.is_empty() || scope.contains(&past.environment))
    }

    /// True when it was looked whether a run lives, and nothing of it was seen.
    fn is_gone(&self, past: &PastRun) -> bool {
        let is_beginning = past.conclusion.is_none()
            && past.intents.is_empty()
            && is_within(self.now, past.began, BEGINNING);
        let lives_here = match self.living.value().and_then(|living| living.get(&past.run)) {
            Some(lives) => *lives,
            // Nobody could look, or nobody has looked yet.
            None => self.living.failure().is_none(),
        };
        let state = self.environment(&past.environment);
        let holder = state.and_then(|state| state.ledger.value()?.promoting.as_ref());
        !is_beginning && !lives_here && !holder.is_some_and(|holder| holder.contains(past.run.as_str()))
    }

    fn judge_run(&self, past: &PastRun) -> Report {
        let Some(state) = self.environment(&past.environment) else {
            let failure = format!("there is no environment called {} any more", past.environment);
            return reconcile::judge(past, &Looks::unseen(self.now, &failure));
        };
        let runs = self.history.runs();
        let later = runs.iter().rev().take_while(|other| other.run != past.run);
        let newer = later
            .filter(|other| other.environment == past.environment)
            .find(|other| !other.was_refused() && (other.conclusion.is_some() || !other.intents.is_empty()));
        let others = runs.iter().filter(|other| other.run != past.run);
        let claimed: Vec<&str> = others.filter_map(|other| other.operation.as_deref()).collect();
        let is_beginning = past.conclusion.is_none()
            && past.intents.is_empty()
            && is_within(self.now, past.began, BEGINNING);
        let lives = self.living.current().and_then(|living| living.get(&past.run).copied());
        let looks = Looks {
            at: self.now,
            release: self.catalog.value().and_then(|catalog| catalog.get(&past.version)),
            selection: &state.environment.selection,
            ledger: seen(&state.ledger),
            locks: seen(&state.locks),
            trail: seen(&state.trail),
            service: seen(&state.service),
            updates: seen(&state.updates).map(Vec::as_slice),
            health: seen(&state.health),
            has_process: lives.unwrap_or(false),
            is_beginning,
            was_freed: past.was_freed,
            claimed: &claimed,
            newer,
        };
        reconcile::judge(past, &looks)
    }
}

impl EnvironmentState {
    fn ask_updates(&mut self, now: Timestamp) -> (Effect, Wait) {
        let (name, generation) = (self.environment.name.clone(), self.updates.ask(now));
        (Effect::Cloud(name.clone(), CloudCall::ListUpdates(generation)), Wait::Updates(name, generation))
    }

    fn await_locks(&mut self, now: Timestamp) -> (Effect, Wait) {
        let (name, generation) = (self.environment.name.clone(), self.locks.ask(now));
        (Effect::Database(name.clone(), DatabaseCall::ReadLocks(generation)), Wait::Locks(name, generation))
    }

    fn ask_trail(&mut self, now: Timestamp) -> (Effect, Wait) {
        let (name, generation) = (self.environment.name.clone(), self.trail.ask(now));
        (Effect::Database(name.clone(), DatabaseCall::ReadTrail(generation)), Wait::Trail(name, generation))
    }
}

/// A facet's value if the newest look found it, else why not.
fn seen<T>(facet: &Facet<T>) -> Result<&T, String> {
    match (facet.current(), facet.failure()) {
        (Some(value), _) => Ok(value),
        (None, Some(failure)) => Err(failure.what.clone()),
        (None, None) => Err("it was not looked at".to_owned()),
    }
}

/// A clock that was set back makes a moment far away, not one of just now.
fn is_within(now: Timestamp, at: Timestamp, span: SignedDuration) -> bool {
    now.duration_since(at).abs() < span
}

fn report_words(entry: &Entry) -> String {
    match entry {
        Entry::Reconciled { result: Ok(words), .. } => words.clone(),
        Entry::Reconciled { result: Err(failure), .. } => {
            format!("{}: {}", failure.kind.word(), failure.what)
        }
        _ => String::new(),
    }
}
