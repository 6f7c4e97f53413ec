//! What one look at an environment found, facet by facet. A dead backend fails only its own facet.

use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::failure::Failure;
use crate::domain::ledger::Ledger;
use crate::domain::lock::LockSight;
use crate::domain::platform::Platform;
use crate::domain::reconcile::Trail;
use crate::domain::release::{ImageRef, Version};
use crate::domain::schema::judgement::SchemaView;

/// The answer of one facet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// The service, as its platform describes it.
    Service(Result<ServiceView, Failure>),
    /// The database's own record of what was applied, and its lock.
    Ledger(Result<Ledger, Failure>),
    /// Who holds the database's locks, and who is connected to it.
    Locks(Result<LockSight, Failure>),
    /// What the database really holds.
    Schema(Result<SchemaView, Failure>),
    /// The updates of the service that the platform lists, newest first.
    Updates(Result<Vec<Operation>, Failure>),
    /// What was changed in the database after its newest row.
    Trail(Result<Trail, Failure>),
    /// The application's own word on its health and version.
    Health(Result<HealthView, Failure>),
}

/// A service as its platform describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceView {
    /// What the platform can do.
    pub platform: Platform,
    /// The platform's word for its state.
    pub status: ServiceStatus,
    /// The image it is configured with. While an operation runs this is already the new one.
    pub image: ImageRef,
    /// Where it answers, such as `https://store.example`.
    pub address: String,
    /// When its configuration last changed.
    pub updated_at: Timestamp,
    /// The newest operation, if the platform still knows one.
    pub operation: Option<Operation>,
}

/// What a service does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceStatus {
    /// It serves.
    Running,
    /// The platform is changing it.
    Busy,
    /// It is paused: no instance, nothing can be deployed.
    Paused,
    /// It does not serve, with the platform's own word.
    Down(String),
}

impl ServiceStatus {
    /// The word for people.
    pub fn word(&self) -> &str {
        match self {
            Self::Running => "running",
            Self::Busy => "deploying",
            Self::Paused => "paused",
            Self::Down(word) => word,
        }
    }
}

/// One change that the platform makes, or made, to a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The platform's id for it; opaque.
    pub id: String,
    /// How it stands.
    pub status: OperationStatus,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// How an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationStatus {
    /// Waiting or under way.
    Running,
    /// Under way back to what ran before.
    RollingBack,
    /// Done as asked.
    Succeeded,
    /// Failed; what ran before runs still.
    RolledBack,
    /// Failed in some other way.
    Failed,
}

impl OperationStatus {
    /// True when nothing more will happen to it.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Running | Self::RollingBack)
    }

    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "in progress",
            Self::RollingBack => "rolling back",
            Self::Succeeded => "succeeded",
            Self::RolledBack => "rolled back",
            Self::Failed => "failed",
        }
    }
}

/// What the application answered when it was asked for its health and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthView {
    /// The HTTP status of `/health`.
    pub status: u16,
    /// How long the answer took.
    pub latency: Duration,
    /// The reason it gave when it is not healthy.
    pub reason: Option<String>,
    /// The version that `/version` names.
    pub version: Option<Version>,
    /// The image that `/version` names.
    pub image: Option<ImageRef>,
}

impl HealthView {
    /// True when the application says that it is well.
    pub fn is_healthy(&self) -> bool {
        self.status == 200
    }
}

/// What is known of one facet: the last good value stays, with its age, when a later look fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet<T> {
    value: Option<(T, Timestamp)>,
    failure: Option<(Failure, Timestamp)>,
    asked: u64,
    answered: u64,
    asked_at: Option<Timestamp>,
}

impl<T> Default for Facet<T> {
    fn default() -> Self {
        Self { value: None, failure: None, asked: 0, answered: 0, asked_at: None }
    }
}

impl<T> Facet<T> {
    /// The last good value.
    pub fn value(&self) -> Option<&T> {
        self.value.as_ref().map(|(value, _)| value)
    }

    /// When the last good value was seen.
    pub fn seen_at(&self) -> Option<Timestamp> {
        self.value.as_ref().map(|(_, at)| *at)
    }

    /// Why the latest look failed; `None` when it did not.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref().map(|(failure, _)| failure)
    }

    /// The value, if the latest look found it.
    pub fn current(&self) -> Option<&T> {
        if self.failure.is_some() { None } else { self.value() }
    }

    /// Notes a question asked at `at` and returns its generation, which the answer has to carry.
    pub fn ask(&mut self, at: Timestamp) -> u64 {
        self.asked += 1;
        self.asked_at = Some(at);
        self.asked
    }

    /// Takes an answer in. One that is older than what is already known is dropped: returns false.
    pub fn answer(&mut self, generation: u64, at: Timestamp, answer: Result<T, Failure>) -> bool {
        if generation <= self.answered {
            return false;
        }
        self.answered = generation;
        match answer {
            Ok(value) => {
                self.value = Some((value, at));
                self.failure = None;
            }
            Err(failure) => self.failure = Some((failure, at)),
        }
        true
    }

    /// Takes the answer to the oldest open question in, where answers come in the order of the questions.
    pub fn answer_next(&mut self, at: Timestamp, answer: Result<T, Failure>) -> bool {
        self.answer(self.answered + 1, at, answer)
    }

    /// True while the newest question has no answer.
    pub fn is_waiting(&self) -> bool {
        self.asked > self.answered
    }

    /// True once question `generation`, or a later one, was answered.
    pub fn has_answered(&self, generation: u64) -> bool {
        self.answered >= generation
    }

    /// Changes the last good value in place, for what was found out about it since.
    pub fn revise(&mut self, revise: impl FnOnce(&mut T)) {
        if let Some((value, _)) = &mut self.value {
            revise(value);
        }
    }

    /// When the newest question was asked.
    pub fn asked_at(&self) -> Option<Timestamp> {
        self.asked_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::failure::FailureKind;

    #[test]
    fn a_late_answer_to_an_older_question_is_dropped() {
        let mut facet = Facet::default();
        let at = Timestamp::UNIX_EPOCH;
        let (first, second) = (facet.ask(at), facet.ask(at));
        assert!(facet.answer(second, at, Ok("new")));
        assert!(!facet.answer(first, at, Ok("old")));
        assert_eq!(facet.value(), Some(&"new"));
    }

    #[test]
    fn a_failed_look_keeps_the_last_good_value_and_says_that_it_is_old() {
        let mut facet = Facet::default();
        let at = Timestamp::UNIX_EPOCH;
        let first = facet.ask(at);
        assert!(facet.answer(first, at, Ok(1)));
        let second = facet.ask(at);
        assert!(facet.answer(second, at, Err(Failure::new(FailureKind::Unavailable, "gone"))));
        assert_eq!((facet.value(), facet.current()), (Some(&1), None));
    }
}
