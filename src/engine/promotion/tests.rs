//! Promotions whose journal fails, or that are stopped, at the moment when it hurts.

use std::collections::VecDeque;

use super::{Promotion, Stage};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::Unmet;
use crate::domain::journal::Entry;
use crate::domain::step::StepKind;
use crate::engine::effect::{CloudCall, DatabaseCall, Effect, LiquibaseCall};
use crate::engine::event::{EventKind, Intent, Progress};
use crate::engine::planning::Request;
use crate::engine::tests::{Deploys, World, name};

/// A promotion to test in a world in which something can be done before any effect is carried out.
struct Ride {
    world: World,
    queue: VecDeque<Effect>,
    /// What was carried out, in order.
    done: Vec<Effect>,
}

impl Ride {
    fn begin(deploys: Deploys) -> Self {
        let mut world = World::new();
        world.deploys = deploys;
        world.intend(Intent::Plan { environment: name("test"), request: Request::Forward(None) });
        assert_eq!(world.planned().unmet, Vec::<Unmet>::new());
        let plan = world.planned().plan.digest().clone();
        let queue = world.happen(EventKind::Intent(Intent::Promote { plan, reason: None })).into();
        Self { world, queue, done: Vec::new() }
    }

    /// Carries out what comes before an effect of this kind, which is next then.
    fn until(&mut self, is_meant: impl Fn(&Effect) -> bool) {
        while !self.queue.front().is_some_and(&is_meant) {
            self.step();
        }
    }

    fn step(&mut self) {
        let effect = self.queue.pop_front().expect("it comes that far");
        self.queue.extend(self.world.perform(&effect));
        self.done.push(effect);
    }

    /// The record that is next cannot be written.
    fn fail_record(&mut self) {
        let Some(Effect::Record(entry)) = self.queue.pop_front() else { panic!("a record is next") };
        let effects = self.world.happen(no_room(entry));
        self.queue.extend(effects);
    }

    fn rest(&mut self) {
        while !self.queue.is_empty() {
            self.step();
        }
    }

    fn promotion(&self) -> &Promotion {
        self.world.state.promotion(&name("test")).unwrap()
    }

    fn failure(&self) -> Failure {
        assert!(self.promotion().is_over());
        self.promotion().conclusion().unwrap().failure.clone().expect("it is no success")
    }

    /// The places of these effects in what was carried out.
    fn places(&self, is_meant: impl Fn(&Effect) -> bool) -> Vec<usize> {
        let done = self.done.iter().enumerate();
        done.filter(|(_, effect)| is_meant(effect)).map(|(place, _)| place).collect()
    }
}

fn no_room(entry: Entry) -> EventKind {
    let failure =
        Failure::new(FailureKind::Failed, "the journal could not be written, so nothing more was done");
    EventKind::JournalFailed(Box::new(entry), failure.because("no room").hint("Make room."))
}

fn is_update(effect: &Effect) -> bool {
    matches!(effect, Effect::Liquibase(_, LiquibaseCall::Update(..)))
}

fn is_deployment(effect: &Effect) -> bool {
    matches!(effect, Effect::Cloud(_, CloudCall::Deploy { .. }))
}

fn is_unlock(effect: &Effect) -> bool {
    matches!(effect, Effect::Database(_, DatabaseCall::Unlock(_)))
}

#[test]
fn an_abort_that_cannot_be_recorded_cancels_and_keeps_the_lock_until_liquibase_has_ended() {
    let mut ride = Ride::begin(Deploys::Well);
    ride.until(is_update);
    let abort = ride.world.happen(EventKind::Intent(Intent::Abort(name("test"))));
    let [Effect::Record(aborted), Effect::Cancel(..)] = &abort[..] else { panic!("{abort:?}") };
    let effects = ride.world.happen(no_room(aborted.clone()));
    assert_eq!(effects, [], "Liquibase is at work still");
    assert_eq!(ride.promotion().stage, Stage::Performing(StepKind::Update));
    ride.rest();
    assert!(ride.places(is_update)[0] < ride.places(is_unlock)[0]);
    assert_eq!((ride.failure().kind, ride.places(is_deployment)), (FailureKind::ActionNeeded, vec![]));
}

#[test]
fn an_operation_that_cannot_be_recorded_is_followed_to_its_end_and_nothing_comes_after_it() {
    let mut ride = Ride::begin(Deploys::Well);
    ride.until(is_deployment);
    let (run, named) = (ride.promotion().run.clone(), Progress::Operation("51c0".to_owned()));
    let operated = ride.world.happen(EventKind::Step(run, StepKind::Service, named));
    let [Effect::Record(operated)] = &operated[..] else { panic!("{operated:?}") };
    let effects = ride.world.happen(no_room(operated.clone()));
    assert_eq!(effects, []);
    assert_eq!(ride.promotion().current(), Some(StepKind::Service), "nobody has given it up");
    ride.rest();
    assert_eq!(ride.promotion().current(), None);
    let failure = ride.failure();
    assert_eq!(failure.kind, FailureKind::ActionNeeded, "{failure}");
    assert!(failure.because.contains(&"no room".to_owned()), "{failure}");
    let operation = ride.promotion().operation.as_ref().map(|(_, status)| status.is_final());
    assert_eq!(operation, Some(true), "how it ended is known");
    assert_eq!(ride.places(is_unlock).len(), 1);
}

#[test]
fn what_is_proven_and_not_on_record_is_no_success() {
    let mut ride = Ride::begin(Deploys::Well);
    ride.until(|effect| matches!(effect, Effect::Record(Entry::Concluded { .. })));
    ride.fail_record();
    ride.rest();
    let failure = ride.failure();
    assert_eq!(failure.kind, FailureKind::Unknown, "everybody else has to reconcile it");
    assert_eq!(failure.what, "test runs v2.0.0, proven, and that is not on record");
    let hint = failure.hint.as_deref().unwrap();
    assert!(hint.ends_with("then `lockstep reconcile test --settle` puts it there."), "{hint}");
}

#[test]
fn nothing_goes_back_by_itself_once_lockstep_is_stopping() {
    let mut ride = Ride::begin(Deploys::RollBack);
    ride.world.state.environments[1].environment.gate.rolls_back = true;
    ride.until(|effect| matches!(effect, Effect::Forget(_)));
    // The looks that going back takes are asked for already.
    let effects = ride.world.happen(EventKind::Intent(Intent::Interrupt));
    ride.queue.extend(effects);
    ride.rest();
    assert_eq!(ride.world.state.history.runs().len(), 1, "no rollback began");
    // Where its report is may be told after it.
    let messages = &ride.world.state.messages;
    let mut told = messages.iter().filter_map(|message| message.text.as_ref().err());
    let is_why = |because: &String| because.ends_with("because lockstep is stopping");
    assert!(told.any(|failure| failure.because.iter().any(is_why)), "{messages:?}");
}

#[test]
fn a_run_that_is_overtaken_asks_its_gate_again_and_stops_where_it_is_closed_by_now() {
    for is_stopped in [false, true] {
        let mut ride = Ride::begin(Deploys::Well);
        ride.until(|effect| matches!(effect, Effect::Record(Entry::Intended { step: StepKind::Update, .. })));
        // Neither the intent nor the update is carried out: others wrote first.
        ride.queue.drain(..2);
        let run = ride.promotion().run.clone();
        let effects = ride.world.happen(EventKind::Overtaken(run));
        assert_eq!(effects, [Effect::ReadJournal]);
        assert_eq!(ride.promotion().stage, Stage::Gating(StepKind::Update));
        if is_stopped {
            ride.world.intend(Intent::StopLine { reason: "alarms".to_owned() });
        }
        ride.queue.extend(effects);
        ride.rest();
        assert_eq!(ride.places(is_update).len(), usize::from(!is_stopped));
        let failure = ride.promotion().conclusion().unwrap().failure.as_ref().map(|failure| failure.kind);
        // The tag is set: refused would mean that nothing was done.
        assert_eq!(failure, is_stopped.then_some(FailureKind::Failed));
    }
}

#[test]
fn an_abort_while_the_changelog_is_validated_ends_liquibase() {
    let mut ride = Ride::begin(Deploys::Well);
    ride.until(|effect| matches!(effect, Effect::Liquibase(_, LiquibaseCall::Validate(..))));
    let abort = ride.world.happen(EventKind::Intent(Intent::Abort(name("test"))));
    assert!(matches!(&abort[..], [Effect::Record(Entry::Aborted { .. }), Effect::Cancel(..)]), "{abort:?}");
    let failure = Failure::new(FailureKind::Interrupted, "it was aborted");
    let run = ride.promotion().run.clone();
    let ended = EventKind::Step(run, StepKind::Validate, Progress::Ended(Err(failure)));
    ride.queue.clear();
    let effects = ride.world.happen(ended);
    ride.queue.extend(effects);
    ride.rest();
    assert_eq!((ride.failure().kind, ride.places(is_unlock).len()), (FailureKind::Interrupted, 1));
}

#[test]
fn a_service_that_may_run_nothing_needs_somebody_although_the_schema_was_not_touched() {
    for (kind, weighed) in [
        // What ran before runs still.
        (FailureKind::Failed, FailureKind::Failed),
        (FailureKind::ActionNeeded, FailureKind::ActionNeeded),
        (FailureKind::Unknown, FailureKind::Unknown),
    ] {
        let mut ride = Ride::begin(Deploys::Well);
        ride.until(is_deployment);
        let run = ride.promotion().run.clone();
        let promotion = &mut ride.world.state.promotions[0];
        promotion.applied.clear();
        let step = |progress| EventKind::Step(run.clone(), StepKind::Service, progress);
        ride.world.happen(step(Progress::Operation("51c0".to_owned())));
        let failure = Failure::new(kind, "the deployment failed");
        let effects = ride.world.happen(step(Progress::Ended(Err(failure))));
        ride.queue.clear();
        ride.queue.extend(effects);
        ride.rest();
        assert_eq!(ride.failure().kind, weighed);
    }
}

#[test]
fn the_schema_is_called_ahead_of_the_app_only_where_the_app_did_not_follow() {
    for (step, is_ahead) in [(StepKind::Service, true), (StepKind::Health, false)] {
        let mut ride = Ride::begin(Deploys::Well);
        ride.until(|effect| effect.step().is_some_and(|(_, of)| of == step));
        let failure = Failure::new(FailureKind::ActionNeeded, "it failed");
        let run = ride.promotion().run.clone();
        let effects = ride.world.happen(EventKind::Step(run, step, Progress::Ended(Err(failure))));
        ride.queue = effects.into();
        ride.rest();
        let because = ride.failure().because;
        assert!(because[0].starts_with("1 changeset was applied before and stay"), "{because:?}");
        assert_eq!(because[0].ends_with("the schema is ahead of the app"), is_ahead, "{step:?}: {because:?}");
    }
}
