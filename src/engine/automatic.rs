//! Promotions that begin by themselves: a console that was asked to takes a new release to environments whose gate is
//! automatic, after a countdown that a person can see and hold.
//!
//! It never begins what was not counted down in full, one second after the other, and never what was tried before.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::State;
use super::effect::Effect;
use super::planning::{Prepared, Request};
use crate::domain::Timestamp;
use crate::domain::gate::Admission;
use crate::domain::names::EnvironmentName;
use crate::domain::release::Version;

/// From the announcement to the beginning.
const COUNTDOWN: SignedDuration = SignedDuration::from_secs(10);

/// A longer silence between two ticks means that the console was not to be seen: it was stopped, or the machine slept.
const SILENCE: SignedDuration = SignedDuration::from_secs(3);

/// What begins by itself, unless somebody holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upcoming {
    /// Where.
    pub environment: EnvironmentName,
    /// Which release.
    pub version: Version,
    /// When.
    pub at: Timestamp,
}

/// What a console that promotes by itself remembers.
#[derive(Debug, Clone, Default)]
pub(super) struct Autopilot {
    /// What a person held; it is not begun by this console any more.
    held: BTreeSet<(EnvironmentName, Version)>,
    counted_at: Option<Timestamp>,
}

impl State {
    /// From now on, new releases go by themselves to environments whose gate is automatic. Only for a frontend that
    /// shows [`State::automatic`] and whose operator can hold it.
    pub fn promote_automatically(&mut self) {
        self.autopilot = Some(Autopilot::default());
    }

    /// True when new releases go by themselves where the gate is automatic.
    pub fn is_automatic(&self) -> bool {
        self.autopilot.is_some()
    }

    /// Announces what is next, or begins what was announced. To be called about once a second.
    pub(super) fn count_down(&mut self) -> Vec<Effect> {
        let now = self.now;
        let Some(autopilot) = &mut self.autopilot else { return Vec::new() };
        let counted_at = autopilot.counted_at.replace(now);
        let is_seen = counted_at.is_some_and(|counted_at| now.duration_since(counted_at) <= SILENCE);
        let Some(prepared) = self.next_by_itself() else {
            self.automatic = None;
            return Vec::new();
        };
        let (environment, version) = (&prepared.plan.environment, &prepared.plan.version);
        let is_announced = self
            .automatic
            .as_ref()
            .is_some_and(|upcoming| upcoming.environment == *environment && upcoming.version == *version);
        if !is_announced || !is_seen {
            let at = now.checked_add(COUNTDOWN).unwrap_or(now);
            let (environment, version) = (environment.clone(), version.clone());
            self.say(Ok(format!("{version} goes to {environment} by itself in {} s", COUNTDOWN.as_secs())));
            self.automatic = Some(Upcoming { environment, version, at });
            return Vec::new();
        }
        if self.automatic.as_ref().is_some_and(|upcoming| now < upcoming.at) {
            return Vec::new();
        }
        self.automatic = None;
        let by = format!("{}, automatically", self.operator());
        self.begin(prepared, None, None, by)
    }

    /// Puts what is being counted down to aside, for as long as this console runs.
    pub(super) fn hold_automatic(&mut self) -> Vec<Effect> {
        if let (Some(upcoming), Some(autopilot)) = (self.automatic.take(), &mut self.autopilot) {
            let said = format!("{} does not go to {} by itself", upcoming.version, upcoming.environment);
            autopilot.held.insert((upcoming.environment, upcoming.version));
            self.say(Ok(said));
        }
        Vec::new()
    }

    /// The plan for the first environment with an automatic gate that nothing stands in the way of.
    fn next_by_itself(&self) -> Option<Prepared> {
        let autopilot = self.autopilot.as_ref()?;
        if self.is_stopping {
            return None;
        }
        self.environments
            .iter()
            .filter(|state| state.environment.gate.admission == Admission::Automatic)
            .filter_map(|state| {
                let name = &state.environment.name;
                let version = self.candidate(name)?.version.clone();
                let is_new = state.version().is_some_and(|running| version > running);
                let is_held = autopilot.held.contains(&(name.clone(), version.clone()));
                // What was tried once, however it ended, is a person's to try again.
                let is_untried = !self.history.was_tried(name, &version);
                // Where something failed, or nobody knows how it ended, a person goes first.
                let is_settled = self.history.alarm(name).is_none()
                    && self.history.open().all(|past| past.environment != *name);
                (is_new && !is_held && is_untried && is_settled)
                    .then(|| self.prepare(name, &Request::Forward(Some(version))).ok())?
            })
            .find(|prepared| prepared.unmet.is_empty())
    }
}
