//! Promotions that go by a flow: what is carried out in which order, and what its end does whatever happened before.

use std::sync::Arc;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::flow::Scope;
use crate::domain::gate::{Admission, ApprovalRule, Condition, Gate};
use crate::domain::journal::{Entry, VoteWord};
use crate::domain::procedure::{PromotionFlow, Way};
use crate::domain::step::StepKind;
use crate::engine::effect::{DatabaseCall, Effect, LiquibaseCall};
use crate::engine::event::{EventKind, Identity, Intent};
use crate::engine::planning::{Planning, Request};
use crate::engine::promotion::StepStatus;
use crate::engine::tests::{World, name, words_of};

/// A promotion flow in which `shell first` comes before anything else and `shell last` after everything.
fn flow() -> Arc<Way> {
    let text = "
stages:
  Verify: {actions: [{type: shell, command: first}, {type: shell, command: maybe, continueOnError: true}]}
  Deploy:
    actions:
      - {type: liquibase, command: tag}
      - {type: liquibase, command: update}
      - {type: lockstep, command: service}
  Validation:
    actions:
      - {type: lockstep, command: health}
      - {type: shell, command: smoke}
      - {type: lockstep, command: evidence}
endStage: {actions: [{type: shell, command: last}, {type: shell, command: very last}]}
";
    let files = [("p.yaml".to_owned(), text.to_owned())].into();
    let flow = PromotionFlow { path: "p.yaml".to_owned(), files, environment: Scope::default() };
    Arc::new(Way::Flow(Box::new(flow)))
}

fn with_flow(failing: &[&'static str]) -> World {
    let mut world = World::new();
    world.way = flow();
    world.failing = failing.to_vec();
    world.promote("test", None);
    world
}

/// The actions of a flow that were carried out, and the update between them.
fn carried_out(world: &World) -> Vec<String> {
    let words = world.asked.iter().filter_map(|effect| match effect {
        Effect::Action { order, .. } => Some(words_of(&order.task).to_owned()),
        Effect::Liquibase(_, LiquibaseCall::Update(..)) => Some("update".to_owned()),
        Effect::Database(_, DatabaseCall::Unlock(_)) => Some("unlock".to_owned()),
        _ => None,
    });
    words.collect()
}

#[test]
fn a_promotion_goes_by_its_flow_and_ends_with_what_stands_at_its_end() {
    let world = with_flow(&[]);
    assert_eq!(carried_out(&world), ["first", "maybe", "update", "smoke", "last", "very last", "unlock"]);
    assert_eq!(world.conclusion().failure, None);
    let intents = world.journal.as_ref().unwrap().runs()[0].intents.iter().map(|intent| intent.what.as_str());
    assert!(
        intents.clone().any(|what| what == "carry out `shell first` in test"),
        "{:?}",
        intents.collect::<Vec<_>>()
    );
}

#[test]
fn the_end_of_a_flow_is_reached_whatever_failed_before_it_and_changes_nothing() {
    let world = with_flow(&["maybe", "smoke", "last"]);
    assert_eq!(carried_out(&world), ["first", "maybe", "update", "smoke", "last", "very last", "unlock"]);
    let failure = world.conclusion().failure.as_ref().unwrap();
    assert_eq!(failure.kind, FailureKind::ActionNeeded, "the schema was changed: {failure}");
    assert_eq!(failure.what, "`smoke` ended with 1");
}

#[test]
fn an_action_that_fails_before_the_update_leaves_everything_as_it_was() {
    let world = with_flow(&["first"]);
    assert_eq!(carried_out(&world), ["first", "last", "very last", "unlock"]);
    assert_eq!(world.conclusion().failure.as_ref().unwrap().kind, FailureKind::Failed);
}

#[test]
fn an_edited_flow_is_another_plan() {
    let digest = |way: Arc<Way>| {
        let mut world = World::new();
        world.way = way;
        world.intend(Intent::Plan { environment: name("test"), request: Request::Forward(None) });
        world.planned().plan.digest().clone()
    };
    let plain = digest(Arc::default());
    let by_flow = digest(flow());
    assert_ne!(plain, by_flow);
    assert_ne!(by_flow, digest(edited()));
    assert_eq!(by_flow, digest(flow()));
}

/// The same flow, with another smoke test.
fn edited() -> Arc<Way> {
    let Way::Flow(flow) = &*flow() else { panic!() };
    let mut flow = flow.clone();
    for text in flow.files.values_mut() {
        *text = text.replace("smoke", "smoke --fast");
    }
    Arc::new(Way::Flow(flow))
}

/// What stands in the way of what is planned for test.
fn conditions(world: &mut World) -> Vec<Condition> {
    world.intend(Intent::Plan { environment: name("test"), request: Request::Forward(None) });
    world.planned().unmet.iter().map(|unmet| unmet.condition).collect()
}

#[test]
fn what_failed_with_nothing_left_to_do_is_proven_once_more_by_the_same_flow_or_another() {
    for way in [flow(), edited()] {
        let mut world = with_flow(&["smoke"]);
        (world.way, world.failing) = (way, Vec::new());
        world.state.messages.clear();
        world.asked.clear();
        assert_eq!(conditions(&mut world), [], "the plan says what the promotion will say");
        world.promote("test", None);
        assert_eq!(world.conclusion().failure, None);
        let carried_out = carried_out(&world);
        assert_eq!(carried_out.len(), 6, "everything but the update: {carried_out:?}");
        assert_eq!(conditions(&mut world), [Condition::Nothing], "it is proven now");
    }
}

#[test]
fn whoever_edits_the_flow_of_a_promotion_that_failed_needs_a_new_approval() {
    let mut world = with_flow(&["smoke"]);
    let gate = Gate {
        approval: ApprovalRule { requester_may_approve: true, ..ApprovalRule::new(1) },
        ..Gate::new(Admission::Approve)
    };
    world.state.environments[1].environment.gate = gate;
    world.happen(EventKind::Identified(Ok(Identity { name: "ana".to_owned(), account: None, arn: None })));
    assert_eq!(conditions(&mut world), [], "what was approved is proven once more");
    world.way = edited();
    assert_eq!(conditions(&mut world), [Condition::Approval]);
    let plan = world.planned().plan.digest().clone();
    let environment = name("test");
    world.intend(Intent::Vote { environment, word: VoteWord::Approve, plan, note: String::new() });
    assert_eq!(conditions(&mut world), [], "{:?}", world.state.messages);
    world.failing = Vec::new();
    world.promote("test", None);
    assert_eq!(world.conclusion().failure, None);
}

#[test]
fn a_promotion_that_is_refused_before_its_flow_began_reaches_no_end_of_it() {
    let mut world = World::new();
    world.way = flow();
    assert_eq!(conditions(&mut world), []);
    // Whoever edits it now is too late for this run: what was confirmed is not what there is.
    world.way = edited();
    let plan = world.planned().plan.digest().clone();
    world.intend(Intent::Promote { plan, reason: None });
    assert_eq!(world.conclusion().failure.as_ref().map(|failure| failure.kind), Some(FailureKind::Refused));
    assert_eq!(carried_out(&world), ["unlock"]);
    let steps = &world.state.promotions[0].steps;
    assert!(
        !steps
            .iter()
            .any(|step| step.status == StepStatus::Waiting && matches!(step.kind, StepKind::Closing(_))),
        "{steps:?}"
    );
}

#[test]
fn a_flow_that_cannot_be_read_lets_no_plan_be_made() {
    let mut world = World::new();
    world.way = Arc::new(Way::Unreadable(Failure::new(FailureKind::Configuration, "p.yaml cannot be read")));
    world.intend(Intent::Plan { environment: name("test"), request: Request::Forward(None) });
    let Planning::Failed(_, failure) = &world.state.planning else { panic!("{:?}", world.state.planning) };
    assert_eq!(
        (failure.kind, failure.because[0].as_str()),
        (FailureKind::Configuration, "p.yaml cannot be read")
    );
}

#[test]
fn a_journal_that_fails_at_the_end_of_a_flow_lets_the_lock_go() {
    let mut world = World::new();
    world.way = flow();
    world.intend(Intent::Plan { environment: name("test"), request: Request::Forward(None) });
    let digest = world.planned().plan.digest().clone();
    let mut effects = world.happen(EventKind::Intent(Intent::Promote { plan: digest, reason: None }));
    let mut is_unlocked = false;
    while let Some(effect) = (!effects.is_empty()).then(|| effects.remove(0)) {
        let closes = matches!(&effect, Effect::Record(Entry::Intended { what, .. }) if what.contains("last"));
        is_unlocked |= matches!(effect, Effect::Database(_, DatabaseCall::Unlock(_)));
        assert!(!matches!(&effect, Effect::Action { order, .. } if words_of(&order.task) == "last"));
        if closes {
            let Effect::Record(entry) = effect else { panic!("{effect:?}") };
            let failure = Failure::new(FailureKind::Failed, "the disk is full");
            // What follows a record that failed is not done.
            effects = world.happen(EventKind::JournalFailed(Box::new(entry), failure));
            continue;
        }
        effects.extend(world.perform(&effect));
    }
    assert!(is_unlocked);
    assert_eq!(world.conclusion().failure, None, "it was proven before");
}

#[test]
fn the_report_of_a_promotion_by_a_flow_tells_its_stages_and_its_actions_by_their_words() {
    let told = |world: &World| {
        let report = world.asked.iter().find_map(|effect| match effect {
            Effect::Report(report) => Some(report),
            _ => None,
        });
        let steps = report.unwrap().steps.iter();
        steps.map(|step| format!("{}: {}", step.group, step.name)).collect::<Vec<_>>()
    };
    assert_eq!(
        told(&with_flow(&[])),
        [
            "begin: lock",
            "begin: recheck",
            "Verify: shell first",
            "Verify: shell maybe",
            "Deploy: anchor",
            "Deploy: update",
            "Deploy: service",
            "Validation: health",
            "Validation: shell smoke",
            "Validation: evidence",
            "at the end: shell last",
            "at the end: shell very last",
        ]
    );
    let mut plain = World::new();
    plain.promote("test", None);
    assert_eq!(told(&plain)[0], ": lock", "without a flow there are no stages");
}
