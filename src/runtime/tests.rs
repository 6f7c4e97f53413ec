//! What is carried out of a list of effects when the journal does not take an entry as it is; who is heard when much
//! happens.

use std::sync::{Arc, Mutex};

use super::*;
use crate::domain::Timestamp;
use crate::domain::journal::Notice;
use crate::domain::names::{DemoId, EnvironmentName};
use crate::domain::plan::Until;
use crate::domain::release::{ImageRef, Release, Version};
use crate::domain::step::StepKind;
use crate::engine::effect::LiquibaseCall;

/// Notes what is carried out, and does nothing.
#[derive(Clone, Default)]
struct Noting(Arc<Mutex<Vec<Effect>>>);

impl Perform for Noting {
    async fn perform(&self, effect: Effect, _: Sink) {
        self.0.lock().unwrap().push(effect);
    }
}

fn undo(run: &RunId) -> [Effect; 2] {
    let version = Version::parse("v1.0.0").unwrap();
    let release = Release {
        image: ImageRef::of_release("registry/store", &version),
        version,
        archive: String::new(),
        archive_digest: String::new(),
        changelog: Arc::default(),
        oldest_images: std::collections::BTreeMap::new(),
    };
    let what = "undo it".to_owned();
    [
        Effect::Record(Entry::Intended { run: run.clone(), step: StepKind::Undo, what }),
        Effect::Liquibase(
            EnvironmentName::parse("dev").unwrap(),
            LiquibaseCall::Rollback(run.clone(), Arc::new(release), Until::Count(1)),
        ),
    ]
}

#[tokio::test]
async fn what_others_wrote_since_the_journal_was_read_is_heard_before_anything_is_announced() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("demo1");
    let at = Timestamp::UNIX_EPOCH;
    let performer = Noting::default();
    let id = DemoId::parse("demo1").unwrap();
    let state = State::new(id, "Store", "TEST", Vec::new(), Duration::from_secs(5));
    let mut runtime = Runtime::new(state, performer.clone(), Journal::at(&folder), Clock::by_hand(at));
    runtime.carry_out(vec![Effect::ReadJournal]);
    let run = RunId::from_text("r-1-dev");

    let notice = Notice { by: "bob".to_owned(), reason: "alarms".to_owned() };
    let stopped = Entry::Line { stopped: true, notice };
    Journal::at(&folder).append(at, &stopped).unwrap();
    runtime.carry_out(undo(&run).into());
    tokio::task::yield_now().await;
    assert_eq!(*performer.0.lock().unwrap(), [], "it did not hear that the line is stopped");
    let records = || journal::lines(&folder).unwrap();
    assert_eq!(records().iter().filter(|line| line.run.is_some()).count(), 0, "and announced nothing");
    assert!(runtime.state().history.line().is_some(), "now it has");

    runtime.carry_out(undo(&run).into());
    while runtime.next().await.is_some_and(|event| !matches!(event.kind, EventKind::Finished(_))) {}
    assert_eq!(performer.0.lock().unwrap().len(), 1);
    assert_eq!(records().iter().filter(|line| line.run.is_some()).count(), 1);
}

/// Reports without end, as fast as anybody listens.
#[derive(Clone)]
struct Flooding;

impl Perform for Flooding {
    async fn perform(&self, _: Effect, out: Sink) {
        loop {
            out.send(EventKind::Log(None, Vec::new())).await;
        }
    }
}

/// Wants to leave once it was shown something.
#[derive(Default)]
struct Leaving {
    shown: usize,
}

impl Frontend for Leaving {
    async fn next(&mut self, _: &State, _: bool) -> std::io::Result<Next> {
        if self.shown == 0 {
            std::future::pending::<()>().await;
        }
        Ok(Next::Leave)
    }

    fn show(&mut self, event: Option<&Event>, _: &State, _: bool) -> std::io::Result<()> {
        self.shown += usize::from(event.is_some_and(|event| matches!(event.kind, EventKind::Log(..))));
        assert!(self.shown < 1_000, "a flood of events locks out whoever wants to leave");
        Ok(())
    }
}

#[tokio::test]
async fn whoever_wants_something_is_heard_in_a_flood_of_events() {
    let id = DemoId::parse("demo1").unwrap();
    let state = State::new(id, "Store", "TEST", Vec::new(), Duration::from_secs(5));
    let root = tempfile::tempdir().unwrap();
    let clock = Clock::by_hand(Timestamp::UNIX_EPOCH);
    let runtime = Runtime::new(state, Flooding, Journal::at(root.path()), clock);
    // The queue is full before anybody looks at it.
    for _ in 0..QUEUE {
        runtime.sink.events.try_send(runtime.event(EventKind::Log(None, Vec::new()))).unwrap();
    }
    drive(runtime, &mut Leaving::default()).await.unwrap();
}
