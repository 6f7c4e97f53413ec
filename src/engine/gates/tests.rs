//! Votes, the line, bars, overrides and promotions that begin by themselves, as sequences of events.

use super::*;
use crate::domain::Timestamp;
use crate::domain::gate::{ApprovalRule, Gate};
use crate::domain::journal::{History, Override};
use crate::domain::names::RunId;
use crate::domain::step::StepKind;
use crate::engine::event::{EventKind, Intent};
use crate::engine::petitions::Standing;
use crate::engine::planning::Request;
use crate::engine::promotion::{Promotion, Stage};
use crate::engine::tests::{Deploys, World, name};

/// A world in which test takes one approval.
fn world(rule: ApprovalRule) -> World {
    let mut world = World::new();
    let gate = &mut world.state.environments[1].environment.gate;
    *gate = Gate { approval: rule, can_be_overridden: true, ..Gate::new(Admission::Approve) };
    world.be("ana");
    world
}

fn promote(world: &mut World, who: &str, reason: Option<&str>) {
    world.be(who);
    let plan = world.plan();
    world.intend(Intent::Promote { plan, reason: reason.map(str::to_owned) });
}

fn said(world: &World) -> Result<String, Failure> {
    world.state.messages.back().unwrap().text.clone()
}

fn refused(world: &World) -> String {
    said(world).unwrap_err().what
}

fn conditions(world: &World) -> Vec<Condition> {
    world.planned().unmet.iter().map(|unmet| unmet.condition).collect()
}

fn has_begun(world: &World) -> bool {
    world.asked.iter().any(|effect| matches!(effect, Effect::Record(Entry::Began { .. })))
}

#[test]
fn an_approved_plan_runs_and_one_without_its_approval_does_not() {
    let mut world = world(ApprovalRule::new(1));
    promote(&mut world, "ana", None);
    assert!(!has_begun(&world));
    assert_eq!(conditions(&world), [Condition::Approval]);
    world.vote("bob", VoteWord::Approve, "");
    promote(&mut world, "ana", None);
    assert_eq!(world.conclusion().failure, None);
}

#[test]
fn a_plan_is_on_record_once_before_the_first_word_about_it() {
    let mut world = world(ApprovalRule::new(2));
    world.vote("bob", VoteWord::Request, "");
    world.vote("cleo", VoteWord::Approve, "");
    let records: Vec<_> = world
        .asked
        .iter()
        .filter_map(|effect| match effect {
            Effect::Record(Entry::Planned { text, .. }) => Some(text.lines().next().unwrap_or_default()),
            Effect::Record(Entry::Voted(vote)) => Some(vote.word.word()),
            _ => None,
        })
        .collect();
    assert_eq!(records, ["lockstep plan 2", "request", "approve"]);
}

#[test]
fn an_approval_outlives_an_identical_plan_and_no_other() {
    let mut world = world(ApprovalRule::new(1));
    world.vote("bob", VoteWord::Approve, "");
    world.be("ana");
    let approved = world.plan();
    assert_eq!(world.plan(), approved);
    assert_eq!(conditions(&world), []);
    // Somebody deploys by hand: the plan starts from another image.
    world.images[1] = "v0.9.0";
    assert_ne!(world.plan(), approved);
    assert_eq!(conditions(&world), [Condition::Approval, Condition::Approval]);
    let lapsed = &world.planned().unmet[1].what;
    assert!(lapsed.contains("bob approved has changed: image-from …v1.0.0 → …v0.9.0"), "{lapsed}");
}

#[test]
fn whoever_asked_cannot_approve_and_nobody_counts_twice() {
    let mut world = world(ApprovalRule::new(2));
    world.vote("bob", VoteWord::Request, "");
    world.vote("bob", VoteWord::Approve, "");
    assert_eq!(refused(&world), "bob asked for it, and somebody else has to approve it");
    world.vote("ana", VoteWord::Approve, "");
    assert!(said(&world).is_ok());
    world.vote("ana", VoteWord::Approve, "");
    assert_eq!(refused(&world), "ana has approved it already");
    assert_eq!(world.planned().unmet[0].what.split_once(" has ").unwrap().1, "1 of 2 approvals");
}

#[test]
fn only_those_who_are_named_approve_but_anybody_may_reject() {
    let mut world = world(ApprovalRule { approvers: vec!["bob".to_owned()], ..ApprovalRule::new(1) });
    world.vote("dan", VoteWord::Approve, "");
    assert_eq!(refused(&world), "dan is none of the approvers: bob");
    world.vote("bob", VoteWord::Approve, "");
    world.vote("dan", VoteWord::Reject, "  ");
    assert_eq!(refused(&world), "a rejection needs a reason");
    world.vote("dan", VoteWord::Reject, "not\ttoday");
    world.be("ana");
    assert_eq!(conditions(&world), [Condition::Rejected]);
    assert!(world.planned().unmet[0].what.ends_with("not today"));
}

#[test]
fn nobody_votes_while_it_is_not_known_who_that_is_nor_on_a_plan_that_is_not_there() {
    let mut world = world(ApprovalRule::new(1));
    let mut digest = world.plan();
    world.happen(EventKind::Identified(Err(Failure::new(FailureKind::Unavailable, "no answer from STS"))));
    let intent = |plan: &PlanDigest| Intent::Vote {
        environment: name("test"),
        word: VoteWord::Approve,
        plan: plan.clone(),
        note: String::new(),
    };
    world.intend(intent(&digest));
    assert_eq!(said(&world).unwrap_err().because, ["no answer from STS"]);
    world.be("bob");
    digest = PlanDigest::from_text("0123456789");
    world.intend(intent(&digest));
    assert!(refused(&world).ends_with("now, not 012345"), "{}", refused(&world));
    assert_eq!(world.journal.as_ref().unwrap().votes(), []);
}

#[test]
fn a_vote_that_could_not_be_written_does_not_count() {
    let mut world = world(ApprovalRule::new(1));
    world.journal = None;
    world.vote("bob", VoteWord::Approve, "");
    world.be("ana");
    assert_eq!(conditions(&world), [Condition::Approval]);
}

#[test]
fn a_stopped_line_lets_nothing_begin_until_somebody_known_resumes_it() {
    let mut world = World::new();
    world.intend(Intent::StopLine { reason: "payment alarms".to_owned() });
    assert!(said(&world).is_ok(), "whoever is there may stop it");
    promote(&mut world, "ana", None);
    assert!(!has_begun(&world));
    assert_eq!(conditions(&world), [Condition::Line]);
    world.intend(Intent::StopLine { reason: "again".to_owned() });
    assert_eq!(refused(&world), "the line is stopped already, by unknown: payment alarms");
    world.state.identity = None;
    world.intend(Intent::ResumeLine { reason: "settled".to_owned() });
    assert_eq!(refused(&world), "it is not known who asks for that");
    world.be("ana");
    world.intend(Intent::ResumeLine { reason: " ".to_owned() });
    assert_eq!(refused(&world), "a reason is missing");
    world.intend(Intent::ResumeLine { reason: "settled".to_owned() });
    assert_eq!(conditions(&world), [], "the plan on screen knows it at once");
}

#[test]
fn a_barred_release_goes_no_further_until_it_is_unbarred() {
    let mut world = World::new();
    world.be("ana");
    let version = |text: &str| Version::parse(text).unwrap();
    world.intend(Intent::Bar { version: version("v9.9.9"), reason: "a slip".to_owned() });
    assert_eq!(refused(&world), "there is no release v9.9.9");
    world.intend(Intent::Bar { version: version("v2.0.0"), reason: "it leaks".to_owned() });
    world.plan();
    assert_eq!(conditions(&world), [Condition::Barred]);
    world.intend(Intent::Unbar { version: version("v2.0.0"), reason: "it does not".to_owned() });
    assert_eq!(conditions(&world), []);
}

#[test]
fn an_override_takes_a_reason_covers_rules_only_and_goes_on_record() {
    let mut world = world(ApprovalRule::new(1));
    promote(&mut world, "ana", Some(" "));
    assert_eq!(refused(&world), "an override needs a reason");
    world.intend(Intent::StopLine { reason: "alarms".to_owned() });
    promote(&mut world, "ana", Some("the shop is down"));
    let failure = said(&world).unwrap_err();
    assert_eq!(failure.because.last().unwrap(), "this cannot be overridden here");
    assert!(failure.because[0].starts_with("the line is stopped"), "{failure}");
    assert!(!has_begun(&world));
    world.intend(Intent::ResumeLine { reason: "settled".to_owned() });
    promote(&mut world, "ana", Some("the shop is down"));
    assert_eq!(world.conclusion().failure, None, "what was overridden is not asked for again on the way");
    let run = world.journal.as_ref().unwrap().runs().last().unwrap();
    let Some(Override { conditions, reason }) = &run.overridden else { panic!("{run:?}") };
    assert!(conditions[0].ends_with("has 0 of 1 approval"), "{conditions:?}");
    assert_eq!(reason, "the shop is down");
}

#[test]
fn a_gate_that_allows_no_override_takes_no_reason() {
    let mut world = world(ApprovalRule::new(1));
    world.state.environments[1].environment.gate.can_be_overridden = false;
    promote(&mut world, "ana", Some("the shop is down"));
    assert!(!has_begun(&world));
    assert!(said(&world).unwrap_err().because.iter().any(|cause| cause.contains("0 of 1 approval")));
}

#[test]
fn a_line_that_is_stopped_meanwhile_ends_a_promotion_before_its_next_side_effect() {
    let mut world = World::new();
    world.be("ana");
    let digest = world.plan();
    let mut queue = world.happen(EventKind::Intent(Intent::Promote { plan: digest, reason: None }));
    // Up to the moment before the update, one effect at a time.
    while !world.state.promotions[0].stage.eq(&Stage::Gating(StepKind::Update)) {
        assert!(!queue.is_empty(), "{:?}", world.state.promotions[0].stage);
        let effect = queue.remove(0);
        queue.extend(world.perform(&effect));
    }
    assert_eq!(world.mutations(), 1, "the tag is set");
    let mut history = world.journal.clone().unwrap();
    let notice = Notice { by: "bob".to_owned(), reason: "alarms".to_owned() };
    history.add(Timestamp::UNIX_EPOCH, &Entry::Line { stopped: true, notice });
    let effects = world.happen(EventKind::Remembered(Some(history)));
    world.answer(effects);
    let failure = world.state.promotions.first().and_then(Promotion::conclusion).unwrap().failure.clone();
    assert!(failure.unwrap().because[0].starts_with("the line is stopped by bob"));
    assert_eq!(world.mutations(), 1);
}

#[test]
fn the_inbox_says_what_waits_for_whom() {
    let mut world = world(ApprovalRule { approvers: vec!["bob".to_owned()], ..ApprovalRule::new(1) });
    let [petition] = &world.state.petitions[..] else { panic!("{:?}", world.state.petitions) };
    assert_eq!(
        (petition.plan.version.to_string().as_str(), petition.standing()),
        ("v2.0.0", Standing::Waiting)
    );
    assert!(!petition.waits_for_me(), "it waits for bob");
    assert_eq!(petition.who, "bob");
    world.be("bob");
    assert!(world.state.petitions[0].waits_for_me());
    world.vote("bob", VoteWord::Approve, "looks right");
    assert_eq!(world.state.petitions[0].standing(), Standing::Approved);
    assert!(!world.state.petitions[0].waits_for_me());
    promote(&mut world, "ana", None);
    assert_eq!(world.state.petitions.len(), 0, "what was promoted waits for nobody");
}

/// dev takes new releases by itself; the seconds go by one tick at a time.
fn automatic() -> World {
    let mut world = World::new();
    world.be("ana");
    world.state.environments[0].environment.gate = Gate::new(Admission::Automatic);
    world.state.promote_automatically();
    world
}

fn seconds(world: &mut World, count: i64) {
    for _ in 0..count {
        world.clock += 999;
        let effects = world.happen(EventKind::Ticked);
        world.answer(effects);
    }
}

#[test]
fn a_new_release_goes_by_itself_after_a_countdown_that_can_be_seen() {
    let mut world = automatic();
    seconds(&mut world, 1);
    let upcoming = world.state.automatic.clone().unwrap();
    assert_eq!((upcoming.environment.as_str(), upcoming.version.to_string().as_str()), ("dev", "v3.0.0"));
    seconds(&mut world, 9);
    assert!(!has_begun(&world));
    seconds(&mut world, 1);
    assert_eq!(world.conclusion().failure, None);
    assert_eq!(world.state.promotions[0].by, "ana, automatically");
    assert_eq!(world.images[0], "v3.0.0");
    assert_eq!(world.state.automatic, None);
}

#[test]
fn nothing_begins_by_itself_without_being_asked_to_nor_where_a_person_promotes() {
    let mut world = World::new();
    world.state.environments[0].environment.gate = Gate::new(Admission::Automatic);
    seconds(&mut world, 30);
    assert!(!has_begun(&world));
    let mut world = World::new();
    world.state.promote_automatically();
    seconds(&mut world, 30);
    assert!(!has_begun(&world) && world.state.automatic.is_none());
}

#[test]
fn what_a_person_holds_does_not_begin() {
    let mut world = automatic();
    seconds(&mut world, 5);
    world.intend(Intent::HoldAutomatic);
    assert_eq!(world.state.automatic, None);
    seconds(&mut world, 30);
    assert!(!has_begun(&world) && world.state.automatic.is_none());
}

#[test]
fn what_failed_is_not_begun_again_by_itself() {
    let mut world = automatic();
    world.deploys = Deploys::RollBack;
    seconds(&mut world, 60);
    let began = |effect: &&Effect| matches!(effect, Effect::Record(Entry::Began { .. }));
    assert!(world.conclusion().failure.is_some());
    assert_eq!(world.asked.iter().filter(began).count(), 1);
    assert_eq!(world.state.automatic, None);
}

#[test]
fn nothing_begins_by_itself_where_a_run_has_not_ended_by_the_journal() {
    let mut world = automatic();
    let mut history = History::default();
    let began = Entry::Began {
        run: RunId::from_text("r-1-dev"),
        environment: name("dev"),
        version: Version::parse("v2.0.0").unwrap(),
        plan: "8c41f0".to_owned(),
        by: "bob".to_owned(),
        aim: None,
        reason: None,
        overridden: None,
    };
    history.add(Timestamp::UNIX_EPOCH, &began);
    world.happen(EventKind::Remembered(Some(history)));
    seconds(&mut world, 30);
    assert!(!has_begun(&world) && world.state.automatic.is_none());
}

#[test]
fn a_countdown_that_nobody_can_have_seen_begins_anew() {
    let mut world = automatic();
    seconds(&mut world, 9);
    // The machine sleeps through its end.
    world.clock += 3_600_000;
    seconds(&mut world, 1);
    assert!(!has_begun(&world));
    let left = world.state.automatic.clone().unwrap().at.duration_since(world.state.now);
    assert!(left.as_secs() >= 9, "{left:?}");
    seconds(&mut world, 11);
    assert!(has_begun(&world));
}

#[test]
fn a_stopped_line_stops_the_countdown_which_begins_anew_when_it_is_resumed() {
    let mut world = automatic();
    seconds(&mut world, 9);
    world.intend(Intent::StopLine { reason: "alarms".to_owned() });
    seconds(&mut world, 20);
    assert!(!has_begun(&world) && world.state.automatic.is_none());
    world.intend(Intent::ResumeLine { reason: "settled".to_owned() });
    seconds(&mut world, 10);
    assert!(!has_begun(&world));
    seconds(&mut world, 1);
    assert!(has_begun(&world));
}

#[test]
fn the_parallel_middle_is_waited_for_and_what_differs_is_named() {
    let mut world = World::new();
    world.state.environments[1].environment.after = Vec::new();
    let mut prod = world.state.environments[1].environment.clone();
    prod.name = name("prod");
    prod.after = vec![name("dev"), name("test")];
    let mut state = world.state.environments[1].clone();
    state.environment = prod;
    world.state.environments.push(state);
    assert_eq!(world.state.candidate(&name("prod")), None, "dev runs v2, test runs v1");
    world.intend(Intent::Plan { environment: name("prod"), request: Request::Forward(None) });
    let Planning::Failed(_, failure) = &world.state.planning else { panic!("{:?}", world.state.planning) };
    assert_eq!(failure.because[0], "the environments before it differ: dev runs v2.0.0, test runs v1.0.0");
    let v2 = Some(Version::parse("v2.0.0").unwrap());
    world.intend(Intent::Plan { environment: name("prod"), request: Request::Forward(v2.clone()) });
    let order = world.planned().unmet.iter().filter(|unmet| unmet.condition == Condition::Order);
    let whats: Vec<_> = order.map(|unmet| unmet.what.as_str()).collect();
    assert_eq!(whats, ["test runs v1.0.0, not v2.0.0"]);
    world.images[1] = "v2.0.0";
    world.intend(Intent::Refresh);
    assert_eq!(world.state.candidate(&name("prod")).map(|release| release.version.clone()), v2);
}
