//! Reports as sequences of events: when one is handed out, and what it says.

use crate::domain::Timestamp;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::journal::VoteWord;
use crate::domain::report::{Filed, Kind, OperationReport, Outcome, StepStatus};
use crate::domain::step::StepKind;
use crate::engine::effect::{DatabaseCall, Effect};
use crate::engine::event::{EventKind, Intent, Progress};
use crate::engine::planning::Request;
use crate::engine::tests::{Deploys, World, name};

/// The reports that were handed out.
fn reports(world: &World) -> Vec<&OperationReport> {
    let reports = world.asked.iter().filter_map(|effect| match effect {
        Effect::Report(report) => Some(&**report),
        _ => None,
    });
    reports.collect()
}

fn marks(report: &OperationReport, id: &str, environment: usize) -> (&'static str, &'static str) {
    let rows = &report.grid.as_ref().unwrap().rows;
    let row = rows.iter().find(|row| row.id == id).unwrap();
    (row.before[environment].word(), row.after[environment].word())
}

#[test]
fn a_proven_promotion_is_reported_once_with_what_was_before_and_after() {
    let mut world = World::new();
    world.promote("test", None);
    let [report] = reports(&world)[..] else { panic!("{:?}", reports(&world)) };
    assert_eq!(
        (report.kind, report.outcome, report.summary.as_str()),
        (Kind::Promotion, Outcome::Proven, "test runs v2.0.0")
    );
    let change = report.change.as_ref().unwrap();
    assert_eq!((change.from.as_deref(), change.to.as_str()), (Some("v1.0.0"), "v2.0.0"));
    let pair = report.pair.as_ref().unwrap();
    assert_eq!((pair.before.state.as_str(), pair.before.applied), ("in step", Some(1)));
    assert_eq!((pair.after.state.as_str(), pair.after.applied), ("in step", Some(2)));
    assert_eq!(marks(report, "2", 1), ("pending", "applied"));
    assert_eq!(marks(report, "1", 1), ("applied", "applied"));
    assert_eq!(report.evidence.len(), 4);
    let plan = report.plan.as_ref().unwrap();
    assert_eq!(plan.digest, world.state.promotions[0].plan.digest().as_str());
    assert!(plan.changesets[0].is_done && plan.changesets[0].sql.contains("create table t2"));
    let mut end = report.began;
    for step in &report.steps {
        assert_eq!((step.status, step.began), (StepStatus::Done, Some(end)), "{}", step.name);
        end = end.checked_add(step.took).unwrap();
    }
    assert_eq!(report.remarks, [] as [String; 0]);
}

#[test]
fn a_promotion_that_fails_is_reported_with_why_and_with_what_stayed() {
    let mut world = World::new();
    world.deploys = Deploys::RollBack;
    world.promote("test", None);
    let [report] = reports(&world)[..] else { panic!() };
    assert_eq!((report.outcome, report.verdict()), (Outcome::ActionNeeded, "Failed, action needed"));
    let failure = report.failure.as_ref().unwrap();
    assert_eq!((&report.summary, failure.what.as_str()), (&failure.what, "the deployment failed"));
    assert_eq!(report.pair.as_ref().unwrap().after.state, "schema ahead");
    let statuses: Vec<_> = report.steps.iter().map(|step| (step.name.as_str(), step.status)).collect();
    assert_eq!(
        statuses[5..],
        [
            ("service", StepStatus::Failed),
            ("health", StepStatus::NotReached),
            ("evidence", StepStatus::NotReached)
        ]
    );
    assert_eq!(report.evidence, []);
}

#[test]
fn a_rollback_is_reported_with_its_reason() {
    let mut world = World::new();
    world.promote("test", None);
    let request = Request::Back { release: None, keep_schema: false };
    world.intend(Intent::Plan { environment: name("test"), request });
    let plan = world.planned().plan.digest().clone();
    world.intend(Intent::Promote { plan, reason: Some("wrong price".to_owned()) });
    let report = *reports(&world).last().unwrap();
    assert_eq!((report.kind, report.reason.as_deref()), (Kind::Rollback, Some("wrong price")));
    assert_eq!(marks(report, "2", 1), ("applied", "pending"));
}

#[test]
fn who_approved_and_what_they_wrote_is_in_the_report() {
    let mut world = World::new();
    world.take_approvals();
    world.vote("ben", VoteWord::Approve, "read every line");
    world.be("ana");
    world.promote("test", None);
    let [report] = reports(&world)[..] else { panic!() };
    let words: Vec<_> =
        report.words.iter().map(|it| (it.by.as_str(), it.said.as_str(), it.note.as_str())).collect();
    assert_eq!((report.by.as_str(), words), ("ana", vec![("ben", "approved", "read every line")]));
}

#[test]
fn a_run_that_did_not_get_its_lock_is_reported_as_refused() {
    let mut world = World::new();
    world.intend(Intent::Plan { environment: name("test"), request: Request::Forward(None) });
    let plan = world.planned().plan.digest().clone();
    let effects = world.happen(EventKind::Intent(Intent::Promote { plan, reason: None }));
    let run = world.state.promotions[0].run.clone();
    for effect in effects {
        if matches!(effect, Effect::Database(_, DatabaseCall::Lock(_))) {
            let failure = Failure::new(FailureKind::Refused, "could not lock test").because("ben holds it");
            let ended = Progress::Ended(Err(failure));
            let next = world.happen(EventKind::Step(run.clone(), StepKind::Lock, ended));
            world.answer(next);
        } else {
            world.answer(vec![effect]);
        }
    }
    let [report] = reports(&world)[..] else { panic!() };
    assert_eq!((report.outcome, report.summary.as_str()), (Outcome::Refused, "could not lock test"));
}

#[test]
fn whoever_stops_does_not_wait_for_looks_and_the_report_says_so() {
    let mut world = World::new();
    world.intend(Intent::Plan { environment: name("test"), request: Request::Forward(None) });
    let plan = world.planned().plan.digest().clone();
    let effects = world.happen(EventKind::Intent(Intent::Promote { plan, reason: None }));
    world.happen(EventKind::Intent(Intent::Interrupt));
    world.answer(effects);
    let report = reports(&world)[0];
    assert_eq!(report.outcome, Outcome::Interrupted);
    assert!(report.remarks[0].contains("stopped before it could look"), "{:?}", report.remarks);
    assert!(!world.state.is_reporting());
}

#[test]
fn what_comes_of_filing_a_report_is_a_message_and_changes_no_outcome() {
    let mut world = World::new();
    world.promote("test", None);
    let (run, before) = (world.state.promotions[0].run.clone(), world.state.promotions[0].clone());
    let history = world.state.history.clone();
    let failure = Failure::new(FailureKind::Failed, "the report could not be written");
    let effects = world.happen(EventKind::Reported(run.clone(), Err(failure.clone())));
    assert_eq!((effects, &world.state.history), (vec![], &history));
    let after = &world.state.promotions[0];
    assert_eq!((after.conclusion(), after.failure()), (before.conclusion(), None));
    assert_eq!(world.state.messages.back().unwrap().text, Err(failure.clone()));
    let filed = Filed { path: "reports/r-1".to_owned(), upload: Some(Err(failure.clone())) };
    world.happen(EventKind::Reported(run, Ok(filed.clone())));
    assert_eq!(world.state.messages.back().unwrap().text, Err(failure));
    assert_eq!(world.state.filed(&name("test")), Some(&filed), "what was written stays");
}

#[test]
fn drift_is_reported_when_somebody_asks_for_it() {
    let mut world = World::new();
    world.promote("test", None);
    let environments = vec![name("dev"), name("test")];
    world.intend(Intent::InspectDrift(environments.clone()));
    world.intend(Intent::ReportDrift { environments: environments.clone(), release: None, failure: None });
    let report = *reports(&world).last().unwrap();
    assert_eq!(
        (report.kind, report.outcome, report.place.as_str()),
        (Kind::Drift, Outcome::Clean, "dev, test")
    );
    assert!(report.run.as_str().starts_with("drift-1970"), "{}", report.run);
    assert!(report.grid.as_ref().unwrap().rows.iter().all(|row| row.after.is_empty()));
    let failure = Failure::new(FailureKind::Unavailable, "not everything could be looked at");
    world.intend(Intent::ReportDrift { environments, release: None, failure: Some(failure) });
    assert_eq!(reports(&world).last().unwrap().outcome, Outcome::Unknown);
    assert!(report_began_before_it_ended(&world));
}

fn report_began_before_it_ended(world: &World) -> bool {
    reports(world).iter().all(|it| it.began <= it.ended && it.began > Timestamp::UNIX_EPOCH)
}
