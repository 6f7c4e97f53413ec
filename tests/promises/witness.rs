//! A promotion in a scripted world, with somebody who looks at the journal's files whenever something is done.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lockstep::domain::Timestamp;
use lockstep::domain::failure::Failure;
use lockstep::domain::journal::Entry;
use lockstep::domain::names::{DemoId, EnvironmentName};
use lockstep::engine::State;
use lockstep::engine::effect::{DatabaseCall, Effect};
use lockstep::engine::event::{EventKind, Intent};
use lockstep::engine::planning::{Planning, Request};
use lockstep::runtime::journal::{Said, lines, verify};
use lockstep::runtime::{Clock, Journal, Perform, Runtime, Sink};
use tempfile::TempDir;

use super::races::folder;
use crate::console::{Script, environments};

/// What was done, in order, and what was wrong with it.
#[derive(Default)]
pub(super) struct Seen {
    /// Every effect that changes something, with whether its intent was the newest record of its run on the disk.
    pub(super) mutations: Vec<(Effect, Result<(), String>)>,
    /// How often lockstep's lock was taken, and let go.
    pub(super) locks: (usize, usize),
}

/// Carries effects out in the scripted world, and looks at the disk before.
#[derive(Clone)]
pub(super) struct Witness {
    script: Script,
    folder: PathBuf,
    seen: Arc<Mutex<Seen>>,
}

impl Perform for Witness {
    async fn perform(&self, effect: Effect, out: Sink) {
        let mutation = effect.is_mutation().then(|| (effect.clone(), on_disk(&self.folder, &effect)));
        {
            let mut seen = self.seen.lock().unwrap();
            seen.mutations.extend(mutation);
            match &effect {
                Effect::Database(_, DatabaseCall::Lock(_)) => seen.locks.0 += 1,
                Effect::Database(_, DatabaseCall::Unlock(_)) => seen.locks.1 += 1,
                _ => {}
            }
        }
        self.script.perform(effect, out).await;
    }
}

/// A promotion from its plan to its end.
pub(super) struct Ride<P: Perform = Witness> {
    pub(super) runtime: Runtime<P>,
    pub(super) folder: PathBuf,
    pub(super) seen: Arc<Mutex<Seen>>,
    /// How many events were handled since the promotion was confirmed.
    pub(super) events: usize,
    _root: TempDir,
}

impl Ride {
    /// A plan for dev, the newest release, that is worked out and not confirmed yet.
    pub(super) async fn planned() -> Self {
        Self::planned_in(Script::new()).await
    }

    /// The same in this world.
    pub(super) async fn planned_in(script: Script) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let noting = Arc::clone(&seen);
        let witness = |folder: &Path| Witness { script, folder: folder.to_owned(), seen: noting };
        Self { seen, ..Self::planned_by(witness).await }
    }
}

impl<P: Perform> Ride<P> {
    /// The same in a world of another kind, which is told the folder of the journal.
    pub(super) async fn planned_by(performer: impl FnOnce(&Path) -> P) -> Self {
        let root = folder();
        let folder = root.path().join("demo1");
        let start: Timestamp = "2026-11-21T14:02:11Z".parse().unwrap();
        let id = DemoId::parse("demo1").unwrap();
        let state = State::new(id, "Bagel Store", "LIVE", environments(), Duration::from_secs(5));
        let performer = performer(&folder);
        let runtime = Runtime::new(state, performer, Journal::at(&folder), Clock::by_hand(start));
        let mut ride = Self { runtime, folder, seen: Arc::default(), events: 0, _root: root };
        ride.runtime.intend(Intent::Begin);
        ride.on(usize::MAX).await;
        let request = Request::Forward(None);
        ride.runtime.intend(Intent::Plan { environment: dev(), request });
        ride.on(usize::MAX).await;
        ride
    }

    /// Confirms the plan.
    pub(super) fn confirm(&mut self) {
        let Planning::Ready(prepared) = &self.runtime.state().planning else { panic!("there is no plan") };
        let plan = prepared.plan.digest().clone();
        self.events = 0;
        self.runtime.intend(Intent::Promote { plan, reason: None });
    }

    /// Handles so many events, fewer when nothing more happens by itself. True when nothing more does.
    pub(super) async fn on(&mut self, events: usize) -> bool {
        for _ in 0..events {
            if self.runtime.is_idle() && self.runtime.parts().0.is_empty() {
                return true;
            }
            let event = self.runtime.next().await.unwrap();
            self.runtime.handle(&event);
            self.events += usize::from(!matches!(event.kind, EventKind::Ticked));
        }
        false
    }

    /// What the promotion came to; fails when it is not over.
    pub(super) fn end(&self) -> Option<Failure> {
        let promotion = self.runtime.state().promotion(&dev()).expect("it was confirmed");
        assert!(promotion.is_over(), "the promotion hangs in {:?}", promotion.stage);
        promotion.conclusion().unwrap().failure.clone()
    }

    /// Every append fails from now on.
    pub(super) fn spoil(&self) {
        fs::create_dir_all(self.folder.join("journal.head.new")).unwrap();
    }

    /// The journal can be written again.
    pub(super) fn mend(&self) {
        fs::remove_dir(self.folder.join("journal.head.new")).unwrap();
    }
}

/// Where promotions go to here.
pub(super) fn dev() -> EnvironmentName {
    EnvironmentName::parse("dev").unwrap()
}

/// The newest record of the run that `effect` belongs to, as it is on the disk, announces that effect; of what belongs to
/// no run the newest of all.
fn on_disk(folder: &Path, effect: &Effect) -> Result<(), String> {
    let step = effect.step();
    let found = verify(folder).map_err(|failure| failure.to_string())?;
    if !found.is_intact() || !found.notes.is_empty() {
        return Err(format!("the journal does not hold: {found:#?}"));
    }
    let lines = lines(folder).map_err(|failure| failure.to_string())?;
    let mut lines = lines.iter().rev();
    let newest = lines.find(|line| step.is_none_or(|(run, _)| line.run.as_ref() == Some(run)));
    let Said::Entry(entry) = &newest.ok_or("nothing is on record")?.said else {
        return Err("it is no entry".to_owned());
    };
    match (&**entry, step) {
        (Entry::Intended { step: announced, .. }, Some((_, step))) if *announced == step => Ok(()),
        (Entry::LetGo { result: None, .. }, None) => Ok(()),
        (other, _) => Err(format!("the newest record is {other:?}")),
    }
}
