//! Telling people what happened: made by whoever carries it out, handed out once, and what came of it put on record.
//!
//! A promotion is told of when its report is filed, so that the message says where that is; a request for approval once
//! it is on record. What comes of telling changes no outcome. Absent on purpose: the words, which the domain has, and
//! sending them.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::State;
use super::effect::Effect;
use crate::domain::failure::Failure;
use crate::domain::journal::{Entry, VoteWord};
use crate::domain::names::RunId;
use crate::domain::notification::{Delivery, Listener, Notification};
use crate::domain::plan::Plan;
use crate::domain::report::{Filed, Instance, OperationReport};

/// Who is told, and what is on its way to them.
#[derive(Debug, Clone, Default)]
pub(super) struct Notifying {
    listeners: Vec<Listener>,
    /// What is told once the report of its run is filed.
    ended: BTreeMap<RunId, Notification>,
    /// A request, by the digest of its plan, that is told of once it is on record.
    requested: Option<(String, Notification)>,
    /// What is on its way.
    under_way: Vec<Delivery>,
}

impl State {
    /// The same where these are told of what this process does.
    #[must_use]
    pub fn notifying(mut self, listeners: Vec<Listener>) -> Self {
        self.notifying.listeners = listeners;
        self
    }

    /// True while somebody is being told.
    pub(super) fn is_notifying(&self) -> bool {
        !self.notifying.under_way.is_empty()
    }

    /// Keeps what there is to tell of an operation until its report is filed.
    pub(super) fn tell_when_filed(&mut self, report: &OperationReport) {
        if let Some(told) = Notification::of_report(report) {
            self.notifying.ended.insert(report.run.clone(), told);
        }
    }

    /// The report of a run is filed, or could not be: people are told how the run ended.
    pub(super) fn tell_of(&mut self, run: &RunId, filed: Option<&Filed>) -> Vec<Effect> {
        let told = self.notifying.ended.remove(run);
        told.map(|told| self.tell(told.filed(filed))).unwrap_or_default()
    }

    /// Keeps what there is to tell of a request until it is on record.
    pub(super) fn tell_when_recorded(&mut self, plan: &Plan, by: &str, note: &str) {
        let told = Notification::of_request(self.instance(), self.now, plan, by, note);
        self.notifying.requested = Some((plan.digest().to_string(), told));
    }

    /// The journal was read: a request that is there now is told of.
    pub(super) fn tell_of_request(&mut self) -> Vec<Effect> {
        let Some((digest, told)) = self.notifying.requested.take() else { return Vec::new() };
        let is_recorded = self
            .history
            .votes()
            .iter()
            .any(|(_, vote)| vote.word == VoteWord::Request && vote.plan == digest && vote.by == told.by);
        if is_recorded {
            return self.tell(told);
        }
        self.notifying.requested = Some((digest, told));
        Vec::new()
    }

    /// This could not be put on record, so nobody is told of it.
    pub(super) fn keep_quiet_about(&mut self, entry: &Entry) {
        if let Entry::Voted(vote) = entry {
            self.notifying.requested.take_if(|(digest, _)| *digest == vote.plan);
        }
    }

    /// A message was taken, or was not: that is said and put on record, and nothing else.
    pub(super) fn notified(&mut self, delivery: &Delivery, result: &Result<String, Failure>) -> Vec<Effect> {
        if let Some(place) = self.notifying.under_way.iter().position(|other| other == delivery) {
            self.notifying.under_way.remove(place);
        }
        self.say(result.clone());
        vec![Effect::Record(Entry::Notified { delivery: delivery.clone(), result: result.clone() })]
    }

    /// The instance, as messages name it.
    pub(super) fn instance(&self) -> Instance {
        let [id, title, mode] = [self.id.as_str(), &self.title, &self.mode].map(str::to_owned);
        Instance { id, title, mode }
    }

    fn tell(&mut self, told: Notification) -> Vec<Effect> {
        let listeners = self.notifying.listeners.iter();
        let hearing = listeners.filter(|listener| listener.occasions.contains(&told.occasion));
        let channels: Vec<_> = hearing.map(|listener| listener.channel).collect();
        self.notifying.under_way.extend(channels.iter().map(|channel| told.delivery(*channel)));
        let effects = channels.into_iter().map(|channel| Effect::Notify(channel, Box::new(told.clone())));
        let effects = effects.collect();
        self.announcement = Some(told);
        effects
    }
}
