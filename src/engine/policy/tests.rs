//! Policy in a promotion's way, as sequences of events.

use super::*;
use crate::domain::changelog::Place;
use crate::domain::drift::tests::release;
use crate::domain::gate::Condition;
use crate::domain::journal::{Entry, VoteWord};
use crate::domain::policy::{Finding, Waiver};
use crate::domain::report::OperationReport;
use crate::engine::event::{EventKind, Intent};
use crate::engine::petitions::Standing;
use crate::engine::promotion::Stage;
use crate::engine::tests::{World, name};

/// The day on which the worlds of these tests begin.
const FIRST_DAY: &str = "1970-01-01";

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// What a check found in the changeset with this number.
fn finding(number: usize, severity: Severity) -> Finding {
    Finding {
        check: "SqlGrantWarn".to_owned(),
        title: "Grant".to_owned(),
        severity,
        subject: Subject::Changeset(release(3).changelog.changesets()[number - 1].id.clone()),
        place: Some(Place { file: "changelog/all.sql".to_owned(), line: 3 * number - 1 }),
        column: Some(1),
        statement: format!("grant select on t{number} to public"),
        within: None,
        why: "A privilege is granted.".to_owned(),
        mend: "Grant it outside of the changelog.".to_owned(),
        waiver: None,
    }
}

fn waived(finding: Finding) -> Finding {
    let (reason, owner) = ("the reporting role needs it".to_owned(), "ana".to_owned());
    Finding { waiver: Some(Waiver { reason, owner, expires: FIRST_DAY.parse().unwrap() }), ..finding }
}

fn says(findings: impl Into<Vec<Finding>>) -> Arc<Verdict> {
    let checks = vec!["SqlGrantWarn".to_owned()];
    Arc::new(Verdict { findings: findings.into(), checks, ..Verdict::default() })
}

fn unreadable() -> Result<Arc<Verdict>, Failure> {
    Err(Failure::new(FailureKind::Configuration, "the settings cannot be read")
        .because("checks.conf: No such file or directory")
        .hint("Put the file back."))
}

/// A world with a policy that says this about every release; BLOCKER blocks.
fn world(verdict: Result<Arc<Verdict>, Failure>) -> World {
    let mut world = World::new();
    world.state.policy = world.state.clone().policed(Severity::Blocker).policy;
    world.verdict = verdict;
    world
}

fn plan(world: &mut World) {
    world.intend(Intent::Plan { environment: name("test"), request: Request::Forward(None) });
}

fn promote(world: &mut World, reason: Option<&str>) {
    plan(world);
    let plan = world.planned().plan.digest().clone();
    world.intend(Intent::Promote { plan, reason: reason.map(str::to_owned) });
}

fn whats(world: &World) -> Vec<String> {
    world.planned().unmet.iter().map(|unmet| unmet.what.clone()).collect()
}

fn asked(world: &World) -> Vec<String> {
    let asked = world.asked.iter().filter_map(|effect| match effect {
        Effect::CheckPolicy(_, release) => Some(release.version.to_string()),
        _ => None,
    });
    asked.collect()
}

#[test]
fn what_a_changeset_must_not_do_stands_in_the_way_and_nothing_is_begun() {
    let mut world = world(Ok(says([finding(2, Severity::Blocker)])));
    promote(&mut world, None);
    assert_eq!(whats(&world), ["all.sql:5: SqlGrantWarn (BLOCKER): grant select on t2 to public"]);
    let unmet = &world.planned().unmet[0];
    assert_eq!((unmet.condition, unmet.can_override), (Condition::Policy, false));
    assert!(
        unmet.how.contains("outside of the changelog.\n`lockstep check --release v2.0.0`"),
        "{}",
        unmet.how
    );
    assert!(world.state.promotions.is_empty());
    assert_eq!(world.mutations(), 0);
    // Mended, and planned once more.
    world.verdict = Ok(says([]));
    promote(&mut world, None);
    assert_eq!(world.conclusion().failure, None);
}

#[test]
fn a_plan_has_the_findings_of_what_it_would_run_and_of_nothing_else() {
    // The first changeset ran long ago; the third belongs to a later release.
    let all = [1, 2, 3].map(|number| finding(number, Severity::Minor));
    let mut world = world(Ok(says(all.clone())));
    plan(&mut world);
    let Some(Ok(inspection)) = &world.planned().policy else { panic!() };
    assert_eq!(inspection.findings, [all[1].clone()]);
    assert_eq!(whats(&world), Vec::<String>::new(), "what matters less is shown and does not block");
}

#[test]
fn a_plan_is_there_only_once_policy_has_spoken() {
    let mut world = world(Ok(says([finding(2, Severity::Blocker)])));
    let intent = Intent::Plan { environment: name("test"), request: Request::Forward(None) };
    let mut queue = world.happen(EventKind::Intent(intent));
    let mut questions = Vec::new();
    while let Some(effect) = queue.pop() {
        if matches!(effect, Effect::CheckPolicy(..)) {
            questions.push(effect);
        } else {
            queue.extend(world.perform(&effect));
        }
    }
    assert!(matches!(world.state.planning, Planning::Looking { .. }));
    // The answer to an older question is none to this one.
    let newest = questions.pop().unwrap();
    for older in &questions {
        world.perform(older);
    }
    assert!(matches!(world.state.planning, Planning::Looking { .. }));
    world.perform(&newest);
    assert_eq!(whats(&world).len(), 1);
}

#[test]
fn a_policy_that_cannot_be_read_is_never_taken_for_one_without_findings() {
    let mut world = world(unreadable());
    promote(&mut world, None);
    assert_eq!(
        whats(&world),
        ["policy cannot be checked: the settings cannot be read; checks.conf: No such file or directory"]
    );
    assert_eq!(world.planned().unmet[0].how, "Put the file back.");
    assert!(matches!(world.planned().policy, Some(Err(_))));
    assert_eq!(world.state.environments[1].outlook, Some(Outlook::Unreadable));
    assert_eq!(world.mutations(), 0);
    // What it said before does not count while it cannot be read any more.
    world.verdict = Ok(says([]));
    plan(&mut world);
    assert_eq!(whats(&world), Vec::<String>::new());
    world.verdict = unreadable();
    plan(&mut world);
    assert_eq!(whats(&world).len(), 1);
}

#[test]
fn what_policy_says_after_the_plan_was_confirmed_counts_before_anything_is_done() {
    for later in [Ok(says([finding(2, Severity::Blocker)])), unreadable()] {
        let mut world = world(Ok(says([])));
        plan(&mut world);
        world.verdict = later;
        let plan = world.planned().plan.digest().clone();
        world.intend(Intent::Promote { plan, reason: None });
        let failure = world.conclusion().failure.clone().unwrap();
        assert_eq!(
            (failure.kind, failure.what.as_str()),
            (FailureKind::Refused, "v2.0.0 cannot be promoted to test now")
        );
        assert_eq!(world.mutations(), 0);
    }
}

#[test]
fn once_a_changeset_has_run_a_new_finding_does_not_leave_the_rest_undone() {
    let mut world = world(Ok(says([])));
    plan(&mut world);
    let plan = world.planned().plan.digest().clone();
    let mut queue = world.happen(EventKind::Intent(Intent::Promote { plan, reason: None }));
    while let Some(effect) = queue.pop() {
        let has_run = world.state.promotions.first().is_some_and(|it| !it.applied.is_empty());
        if has_run && world.verdict == Ok(says([])) {
            world.verdict = Ok(says([finding(2, Severity::Blocker)]));
            // Told before the gate is asked again, which stands in front of the service.
            for question in world.happen(EventKind::Intent(Intent::InspectPolicy(name("test")))) {
                world.perform(&question);
            }
        }
        queue.extend(world.perform(&effect));
    }
    assert!(matches!(world.state.promotions[0].stage, Stage::Over(..)));
    assert_eq!(world.verdict, Ok(says([finding(2, Severity::Blocker)])));
    assert_eq!(world.conclusion().failure, None);
}

#[test]
fn a_waiver_lets_a_finding_pass_until_its_day_is_over() {
    let mut world = world(Ok(says([waived(finding(2, Severity::Blocker))])));
    plan(&mut world);
    assert_eq!(whats(&world), Vec::<String>::new());
    assert_eq!(world.state.environments[1].outlook, Some(Outlook::Clear));
    let with = world.planned().plan.canonical();
    assert!(with.contains("::store until 1970-01-01 by ana: the reporting role needs it"), "{with}");
    // It ends while the plan is on screen, whatever the adapters said before.
    world.clock += DAY;
    let looks = world.happen(EventKind::Ticked);
    assert_eq!(whats(&world), ["all.sql:5: SqlGrantWarn (BLOCKER): grant select on t2 to public"]);
    world.answer(looks);
    plan(&mut world);
    assert!(!world.planned().plan.canonical().contains("\nwaived "));
    assert_eq!(world.state.environments[1].outlook, Some(Outlook::Blocked(1)));
    promote(&mut world, None);
    assert_eq!(world.mutations(), 0);
}

#[test]
fn an_approval_lapses_when_something_is_waived_that_the_approver_did_not_see() {
    let mut world = world(Ok(says([])));
    world.take_approvals();
    let digest = world.vote("bob", VoteWord::Approve, "");
    world.be("ana");
    plan(&mut world);
    assert_eq!(whats(&world), Vec::<String>::new());
    assert_eq!(world.state.petitions[0].standing(), Standing::Approved);
    world.verdict = Ok(says([waived(finding(2, Severity::Blocker))]));
    plan(&mut world);
    assert_ne!(*world.planned().plan.digest(), digest);
    let whats = whats(&world);
    assert!(whats[1].contains("waived now: SqlGrantWarn in changelog/all.sql::2::store until"), "{whats:?}");
    // The inbox knows the same plan as the screen.
    assert_eq!(world.state.petitions[0].plan.digest(), world.planned().plan.digest());
    assert_eq!(world.state.petitions[0].standing(), Standing::Waiting);
}

#[test]
fn an_override_lets_pass_what_it_was_given_for_and_is_on_record() {
    let mut world = world(Ok(says([finding(2, Severity::Blocker)])));
    world.state.environments[1].environment.gate.can_be_overridden = true;
    promote(&mut world, Some("the reporting role needs it"));
    assert_eq!(world.conclusion().failure, None);
    let record = world.asked.iter().find_map(|effect| match effect {
        Effect::Record(Entry::Began { overridden, .. }) => overridden.clone(),
        _ => None,
    });
    let record = record.unwrap();
    assert_eq!(record.conditions, ["all.sql:5: SqlGrantWarn (BLOCKER): grant select on t2 to public"]);
    assert_eq!(record.reason, "the reporting role needs it");
}

#[test]
fn the_way_back_is_open_whatever_policy_says() {
    let mut world = world(Ok(says([finding(2, Severity::Blocker)])));
    let back = Request::Back { release: None, keep_schema: false };
    world.intend(Intent::Plan { environment: name("dev"), request: back });
    assert_eq!(whats(&world), Vec::<String>::new());
    assert_eq!(world.planned().policy, None);
}

#[test]
fn policy_is_asked_about_what_is_next_and_what_is_planned_and_nothing_else() {
    let mut world = world(Ok(says([])));
    world.intend(Intent::Refresh);
    // v3.0.0 is next for dev, v2.0.0 for test; v1.0.0 can be promoted nowhere by default.
    let mut known = asked(&world);
    known.sort();
    known.dedup();
    assert_eq!(known, ["v2.0.0", "v3.0.0"]);
    // Without a policy nobody is asked.
    let mut world = World::new();
    plan(&mut world);
    assert_eq!(asked(&world), Vec::<String>::new());
    assert_eq!(world.planned().policy, None);
}

#[test]
fn the_report_of_a_promotion_has_what_policy_found_in_it_and_who_let_it_pass() {
    let all =
        [finding(1, Severity::Minor), finding(2, Severity::Minor), waived(finding(2, Severity::Blocker))];
    let mut world = world(Ok(says(all.clone())));
    promote(&mut world, None);
    let verdict = reported(&world).findings.as_ref().unwrap();
    assert_eq!(verdict.findings, all[1..], "the first changeset ran long ago");
    assert_eq!(verdict.changesets, [release(3).changelog.changesets()[1].id.clone()]);
    let checked = reported(&world).checked().unwrap();
    assert_eq!(checked, "1 check looked at 1 changeset: 1 finding, MINOR at worst; 1 waived");

    let mut world = World::new();
    promote(&mut world, None);
    assert_eq!(reported(&world).findings, None, "nothing is checked");
}

#[test]
fn a_policy_that_cannot_be_read_any_more_leaves_a_word_in_the_report_and_no_findings() {
    let mut world = world(Ok(says([])));
    plan(&mut world);
    world.verdict = unreadable();
    let plan = world.planned().plan.digest().clone();
    world.intend(Intent::Promote { plan, reason: None });
    let report = reported(&world);
    assert_eq!(report.findings, None);
    assert_eq!(report.remarks, ["What policy says about it could not be told: the settings cannot be read."]);
}

fn reported(world: &World) -> &OperationReport {
    let mut reports = world.asked.iter().filter_map(|effect| match effect {
        Effect::Report(report) => Some(&**report),
        _ => None,
    });
    reports.next_back().unwrap()
}
