//! Which runs are judged by which others, and for how long a finding holds.

use super::*;
use crate::domain::journal::History;
use crate::domain::release::Version;
use crate::engine::event::{EventKind, Intent};
use crate::engine::tests::{World, name};

/// A run that began at this minute, and what it came to.
fn run(history: &mut History, id: &str, minute: i64, result: Option<Result<String, Failure>>) {
    let at = Timestamp::from_second(minute * 60).unwrap();
    let run = RunId::from_text(id);
    history.add(
        at,
        &Entry::Began {
            run: run.clone(),
            environment: name("test"),
            version: Version::parse("v2.0.0").unwrap(),
            plan: "8c41f0".to_owned(),
            by: "ana".to_owned(),
            aim: None,
            reason: None,
            overridden: None,
        },
    );
    if let Some(result) = result {
        history.add(at, &Entry::Concluded { run, environment: name("test"), result, schema: None });
    }
}

fn reconciled(history: History) -> World {
    let mut world = World::new();
    // The runs are long ago.
    world.clock = 24 * 3_600_000;
    world.happen(EventKind::Remembered(Some(history)));
    world.intend(Intent::Reconcile(vec![]));
    world
}

#[test]
fn a_later_run_is_one_that_stands_behind_it_in_the_journal_whatever_the_clock_said() {
    let mut history = History::default();
    run(&mut history, "r-2-test", 60, Some(Ok("proven".to_owned())));
    run(&mut history, "r-1-test", 50, None);
    let world = reconciled(history.clone());
    let found = |world: &World| world.state.reconciliation.reports()[0].finding;
    assert_eq!(found(&world), Finding::NotStarted, "the other one was before it");
    // The clock is set back.
    run(&mut history, "r-3-test", 10, Some(Ok("proven".to_owned())));
    assert_eq!(found(&reconciled(history)), Finding::Superseded);
}

#[test]
fn a_finding_goes_on_record_while_it_is_fresh_and_is_looked_at_again_later() {
    let mut history = History::default();
    run(&mut history, "r-1-test", 1, None);
    let mut world = reconciled(history);
    let settle = Intent::Settle(RunId::from_text("r-1-test"));
    let is_settled = |world: &World| {
        world.asked.iter().any(|effect| matches!(effect, Effect::Record(Entry::Reconciled { .. })))
    };
    world.clock += 10 * 60_000;
    world.intend(settle.clone());
    let refused = world.state.messages.back().unwrap().text.clone().unwrap_err();
    assert_eq!(refused.what, "what was found out about r-1-test is older than 5 minutes");
    assert!(!is_settled(&world));
    world.intend(Intent::Reconcile(vec![]));
    world.intend(settle);
    assert!(is_settled(&world));
}

#[test]
fn a_run_that_began_just_now_is_not_called_gone_nor_said_to_have_a_process_that_nobody_saw() {
    let mut history = History::default();
    run(&mut history, "r-1-test", 24 * 60, None);
    let world = reconciled(history);
    let report = &world.state.reconciliation.reports()[0];
    assert_eq!(report.finding, Finding::Running, "{report:#?}");
    assert_eq!(report.because, ["r-1-test began just now: whoever runs it may not be seen yet"]);
    assert!(report.lines().contains(&"processes: none of this run lives here".to_owned()), "{report:#?}");
}
