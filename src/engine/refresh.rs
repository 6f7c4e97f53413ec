//! Keeps what is known of the environments fresh, and waits for answers.

use crate::domain::Timestamp;
use crate::domain::names::EnvironmentName;
use crate::domain::release::ImageRef;
use crate::engine::effect::{CloudCall, DatabaseCall, Effect, HealthCall};
use crate::engine::{EnvironmentState, State};

/// An answer that something waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wait {
    /// The service of an environment, asked with this generation.
    Service(EnvironmentName, u64),
    /// Its ledger.
    Ledger(EnvironmentName, u64),
    /// What its database really holds.
    Schema(EnvironmentName, u64),
    /// Who holds its locks.
    Locks(EnvironmentName, u64),
    /// The updates of its service.
    Updates(EnvironmentName, u64),
    /// What was changed in its database after the newest row.
    Trail(EnvironmentName, u64),
    /// Its health.
    Health(EnvironmentName, u64),
    /// Which runs live on this machine.
    Living(u64),
    /// The releases.
    Releases(u64),
    /// What policy says about the release whose archive has this digest.
    Policy(String, u64),
    /// What the registry says about this image.
    Image(ImageRef, u64),
}

/// Asks one facet, and says what to wait for.
type Question = fn(&mut EnvironmentState, Timestamp) -> (Effect, Wait);

impl State {
    /// Asks every facet of every environment.
    pub(super) fn observe_all(&mut self) -> Vec<Effect> {
        let now = self.now;
        self.environments.iter_mut().flat_map(|state| state.ask_all(now)).collect()
    }

    /// Asks every facet of one environment.
    pub(super) fn observe(&mut self, environment: &EnvironmentName) -> Vec<Effect> {
        let now = self.now;
        self.environments
            .iter_mut()
            .filter(|state| state.environment.name == *environment)
            .flat_map(|state| state.ask_all(now))
            .collect()
    }

    /// Asks every facet that has not been asked for a while and whose answer is there.
    pub(super) fn observe_what_is_due(&mut self) -> Vec<Effect> {
        let (now, every) = (self.now, self.observe_every);
        let is_due = |asked: Option<Timestamp>| {
            asked.is_none_or(|asked| now.duration_since(asked).unsigned_abs() >= every)
        };
        let mut effects = Vec::new();
        for state in &mut self.environments {
            if !state.service.is_waiting() && is_due(state.service.asked_at()) {
                effects.push(state.ask_service(now).0);
            }
            if !state.ledger.is_waiting() && is_due(state.ledger.asked_at()) {
                effects.push(state.ask_ledger(now).0);
            }
            if !state.schema.is_waiting() && is_due(state.schema.asked_at()) {
                effects.push(state.ask_schema(now).0);
            }
            if !state.health.is_waiting() && is_due(state.health.asked_at()) {
                effects.push(state.ask_health(now).0);
            }
        }
        if !self.catalog.is_waiting() && is_due(self.catalog.asked_at()) {
            effects.push(self.ask_releases());
        }
        effects.extend(self.ask_policy_again(is_due));
        effects.extend(self.seek_images(is_due));
        if is_due(self.journal_checked_at) {
            self.journal_checked_at = Some(now);
            effects.push(Effect::ReadJournal);
        }
        effects
    }

    /// Asks for the locks of these environments, and what the journal knows of the runs that hold them.
    pub(super) fn inspect_locks(&mut self, environments: &[EnvironmentName]) -> Vec<Effect> {
        let now = self.now;
        let wanted =
            self.environments.iter_mut().filter(|state| environments.contains(&state.environment.name));
        let mut effects = vec![Effect::ReadJournal];
        effects.extend(wanted.map(|state| state.ask_locks(now)));
        effects
    }

    /// Finds out who asks, for a report, and asks for all that drift is judged by: releases, what the journal has proven, image and ledger of these
    /// environments, and the schemas of all, which are held against each other.
    pub(super) fn inspect_drift(&mut self, environments: &[EnvironmentName]) -> Vec<Effect> {
        let now = self.now;
        let mut effects = vec![Effect::Identify, Effect::ReadJournal, self.ask_releases()];
        for state in &mut self.environments {
            let name = state.environment.name.clone();
            if environments.contains(&name) {
                let generation = state.ledger.ask(now);
                effects.push(state.ask_service(now).0);
                effects.push(Effect::Database(name, DatabaseCall::ReadLedgerAtRest(generation)));
            } else {
                effects.push(state.ask_ledger(now).0);
            }
            effects.push(state.ask_schema(now).0);
        }
        effects
    }

    pub(super) fn ask_releases(&mut self) -> Effect {
        self.catalog.ask(self.now);
        Effect::ReadReleases
    }

    /// Asks for the releases and gives what to wait for.
    pub(super) fn await_releases(&mut self) -> (Effect, Wait) {
        let generation = self.catalog.ask(self.now);
        (Effect::ReadReleases, Wait::Releases(generation))
    }

    /// Asks facets of one environment with `ask` and collects effects and waits.
    pub(super) fn ask(
        &mut self,
        environment: &EnvironmentName,
        questions: &[Question],
    ) -> (Vec<Effect>, Vec<Wait>) {
        let now = self.now;
        match self.environments.iter_mut().find(|state| state.environment.name == *environment) {
            Some(state) => questions.iter().map(|ask| ask(state, now)).unzip(),
            None => (Vec::new(), Vec::new()),
        }
    }

    /// True when every one of these answers is there.
    pub(super) fn is_answered(&self, waits: &[Wait]) -> bool {
        waits.iter().all(|wait| match wait {
            Wait::Service(name, generation) => {
                self.environment(name).is_none_or(|state| state.service.has_answered(*generation))
            }
            Wait::Ledger(name, generation) => {
                self.environment(name).is_none_or(|state| state.ledger.has_answered(*generation))
            }
            Wait::Schema(name, generation) => {
                self.environment(name).is_none_or(|state| state.schema.has_answered(*generation))
            }
            Wait::Health(name, generation) => {
                self.environment(name).is_none_or(|state| state.health.has_answered(*generation))
            }
            Wait::Locks(name, generation) => {
                self.environment(name).is_none_or(|state| state.locks.has_answered(*generation))
            }
            Wait::Updates(name, generation) => {
                self.environment(name).is_none_or(|state| state.updates.has_answered(*generation))
            }
            Wait::Trail(name, generation) => {
                self.environment(name).is_none_or(|state| state.trail.has_answered(*generation))
            }
            Wait::Living(generation) => self.living.has_answered(*generation),
            Wait::Releases(generation) => self.catalog.has_answered(*generation),
            Wait::Policy(archive_digest, generation) => self.has_judged(archive_digest, *generation),
            Wait::Image(image, generation) => self.has_sought(image, *generation),
        })
    }
}

impl EnvironmentState {
    pub(super) fn ask_service(&mut self, now: Timestamp) -> (Effect, Wait) {
        let (name, generation) = (self.environment.name.clone(), self.service.ask(now));
        (Effect::Cloud(name.clone(), CloudCall::Describe(generation)), Wait::Service(name, generation))
    }

    pub(super) fn ask_ledger(&mut self, now: Timestamp) -> (Effect, Wait) {
        let (name, generation) = (self.environment.name.clone(), self.ledger.ask(now));
        (Effect::Database(name.clone(), DatabaseCall::ReadLedger(generation)), Wait::Ledger(name, generation))
    }

    pub(super) fn ask_locks(&mut self, now: Timestamp) -> Effect {
        let generation = self.locks.ask(now);
        Effect::Database(self.environment.name.clone(), DatabaseCall::ReadLocks(generation))
    }

    pub(super) fn ask_schema(&mut self, now: Timestamp) -> (Effect, Wait) {
        let (name, generation) = (self.environment.name.clone(), self.schema.ask(now));
        (Effect::Database(name.clone(), DatabaseCall::ReadSchema(generation)), Wait::Schema(name, generation))
    }

    pub(super) fn ask_health(&mut self, now: Timestamp) -> (Effect, Wait) {
        let (name, generation) = (self.environment.name.clone(), self.health.ask(now));
        (Effect::Health(name.clone(), HealthCall::Probe(generation)), Wait::Health(name, generation))
    }

    fn ask_all(&mut self, now: Timestamp) -> [Effect; 4] {
        [self.ask_service(now).0, self.ask_ledger(now).0, self.ask_schema(now).0, self.ask_health(now).0]
    }
}
