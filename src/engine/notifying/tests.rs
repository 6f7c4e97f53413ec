//! Who is told what and how often, as sequences of events.

use std::collections::VecDeque;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::journal::{Entry, History, VoteWord};
use crate::domain::notification::{Channel, Listener, Notification, Occasion};
use crate::domain::report::Filed;
use crate::engine::effect::Effect;
use crate::engine::event::{EventKind, Intent};
use crate::engine::planning::Request;
use crate::engine::tests::{Deploys, World, name};

/// A world in which Slack is told of everything, and mail goes out for failures.
fn world() -> World {
    let mut world = World::new();
    let slack = Listener { channel: Channel::Slack, occasions: Occasion::ALL.to_vec() };
    let email = Listener { channel: Channel::Email, occasions: vec![Occasion::Failed] };
    world.state = world.state.clone().notifying(vec![slack, email]);
    world
}

/// What was sent, in order.
fn sent(world: &World) -> Vec<(Channel, &Notification)> {
    let sent = world.asked.iter().filter_map(|effect| match effect {
        Effect::Notify(channel, told) => Some((*channel, &**told)),
        _ => None,
    });
    sent.collect()
}

/// What is on record about it.
fn recorded(world: &World) -> Vec<(Channel, bool)> {
    let records = world.asked.iter().filter_map(|effect| match effect {
        Effect::Record(Entry::Notified { delivery, result }) => Some((delivery.channel, result.is_ok())),
        _ => None,
    });
    records.collect()
}

#[test]
fn a_proven_promotion_is_told_once_to_whoever_wants_to_know_with_where_its_report_is() {
    let mut world = world();
    world.promote("test", None);
    let [(Channel::Slack, told)] = sent(&world)[..] else { panic!("{:?}", sent(&world)) };
    assert_eq!((told.occasion, told.headline.as_str()), (Occasion::Succeeded, "v2.0.0 is in test, proven"));
    let run = &world.state.promotions[0].run;
    assert_eq!(told.report, [format!("reports/{run}")]);
    assert_eq!(recorded(&world), [(Channel::Slack, true)]);
    assert!(!world.state.is_reporting());
    assert_eq!(world.state.announcement.as_ref(), Some(told), "the console can show it, too");
}

#[test]
fn a_promotion_that_fails_is_told_through_every_channel_that_wants_failures() {
    let mut world = world();
    world.deploys = Deploys::RollBack;
    world.promote("test", None);
    let channels: Vec<_> = sent(&world).iter().map(|(channel, told)| (*channel, told.occasion)).collect();
    assert_eq!(channels, [(Channel::Slack, Occasion::Failed), (Channel::Email, Occasion::Failed)]);
    let (_, told) = sent(&world)[0];
    assert_eq!(told.why[0], "the deployment failed");
}

#[test]
fn a_rollback_is_told_as_one() {
    let mut world = world();
    world.promote("test", None);
    let request = Request::Back { release: None, keep_schema: false };
    world.intend(Intent::Plan { environment: name("test"), request });
    let plan = world.planned().plan.digest().clone();
    world.intend(Intent::Promote { plan, reason: Some("wrong price".to_owned()) });
    let (_, told) = *sent(&world).last().unwrap();
    assert_eq!((told.occasion, told.reason.as_deref()), (Occasion::RolledBack, Some("wrong price")));
}

#[test]
fn nobody_is_told_where_nobody_is_named_and_the_console_still_knows() {
    let mut world = World::new();
    world.promote("test", None);
    assert_eq!(sent(&world), []);
    assert_eq!(world.state.announcement.as_ref().map(|it| it.occasion), Some(Occasion::Succeeded));
}

#[test]
fn whoever_only_watches_a_run_tells_nobody() {
    let mut world = world();
    world.promote("test", None);
    let seen = world.journal.clone();
    let mut other = self::world();
    other.happen(EventKind::Remembered(seen));
    assert!(other.state.history.runs().iter().any(|past| past.conclusion.is_some()), "it has seen it end");
    assert_eq!((sent(&other), &other.state.announcement), (vec![], &None));
}

#[test]
fn a_failed_message_changes_no_outcome_and_is_not_sent_again() {
    let mut world = world();
    let failure = Failure::new(FailureKind::Unavailable, "could not tell Slack").because("429");
    world.deaf = Some(failure.clone());
    world.promote("test", None);
    assert_eq!(sent(&world).len(), 1);
    assert_eq!(recorded(&world), [(Channel::Slack, false)]);
    assert_eq!(world.state.promotions[0].failure(), None);
    assert!(world.state.messages.iter().any(|message| message.text == Err(failure.clone())));
    world.intend(Intent::Refresh);
    assert_eq!(sent(&world).len(), 1);
}

#[test]
fn a_report_that_cannot_be_filed_keeps_nobody_from_being_told() {
    let mut world = world();
    world.unfiled = Some(Failure::new(FailureKind::Failed, "the report could not be written"));
    world.promote("test", None);
    let [(_, told)] = sent(&world)[..] else { panic!() };
    assert_eq!((told.occasion, told.report.len()), (Occasion::Succeeded, 0));
}

#[test]
fn what_is_filed_twice_is_told_once() {
    let mut world = world();
    world.promote("test", None);
    let run = world.state.promotions[0].run.clone();
    let filed = Filed { path: "again".to_owned(), upload: None };
    let effects = world.happen(EventKind::Reported(run, Ok(filed)));
    assert_eq!(effects, []);
}

#[test]
fn whoever_stops_waits_until_the_message_is_out() {
    let mut world = world();
    world.intend(Intent::Plan { environment: name("test"), request: Request::Forward(None) });
    let plan = world.planned().plan.digest().clone();
    let effects = world.happen(EventKind::Intent(Intent::Promote { plan, reason: None }));
    world.happen(EventKind::Intent(Intent::Interrupt));
    let mut held = Vec::new();
    let mut queue = VecDeque::from(effects);
    while let Some(effect) = queue.pop_front() {
        if matches!(effect, Effect::Notify(..)) {
            held.push(effect);
        } else {
            queue.extend(world.perform(&effect));
        }
    }
    assert!(!held.is_empty() && world.state.is_reporting());
    world.answer(held);
    assert!(!world.state.is_reporting());
}

/// A world whose test asks for approval.
fn gated() -> World {
    let mut world = world();
    world.take_approvals();
    world.be("ben");
    world.plan();
    world
}

fn ask(world: &mut World) {
    let plan = world.planned().plan.digest().clone();
    let note = "before the weekend".to_owned();
    world.intend(Intent::Vote { environment: name("test"), word: VoteWord::Request, plan, note });
}

#[test]
fn whoever_asks_for_approval_tells_of_it_once_it_is_on_record() {
    let mut world = gated();
    ask(&mut world);
    let [(Channel::Slack, told)] = sent(&world)[..] else { panic!("{:?}", sent(&world)) };
    assert_eq!(told.headline, "v2.0.0 to test waits for approval");
    assert_eq!((told.by.as_str(), told.reason.as_deref()), ("ben", Some("before the weekend")));
    assert!(told.next.as_ref().unwrap().contains("lockstep approve test --release v2.0.0 --plan "));
    let voted = world.asked.iter().position(|it| matches!(it, Effect::Record(Entry::Voted(_)))).unwrap();
    let notified = world.asked.iter().position(|it| matches!(it, Effect::Notify(..))).unwrap();
    assert!(voted < notified);
    // Others read it, and say nothing.
    let mut other = gated();
    other.happen(EventKind::Remembered(world.journal.clone()));
    assert_eq!(sent(&other), []);
}

#[test]
fn a_request_that_is_not_on_record_is_told_to_nobody() {
    let mut world = gated();
    let plan = world.planned().plan.digest().clone();
    let vote = Intent::Vote { environment: name("test"), word: VoteWord::Request, plan, note: String::new() };
    let effects = world.happen(EventKind::Intent(vote));
    let entry = effects.into_iter().find_map(|effect| match effect {
        Effect::Record(entry @ Entry::Voted(_)) => Some(entry),
        _ => None,
    });
    let failure = Failure::new(FailureKind::Failed, "the journal could not be written");
    world.happen(EventKind::JournalFailed(Box::new(entry.unwrap()), failure));
    let effects = world.happen(EventKind::Remembered(Some(History::default())));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Notify(..))), "{effects:?}");
    assert_eq!(world.state.announcement, None);
}

#[test]
fn an_approval_is_told_to_nobody() {
    let mut world = gated();
    let plan = world.planned().plan.digest().clone();
    let approve =
        Intent::Vote { environment: name("test"), word: VoteWord::Approve, plan, note: String::new() };
    world.intend(approve);
    assert_eq!(sent(&world), []);
}
