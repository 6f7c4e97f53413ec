//! The shell around the engine: performs effects as tasks, feeds what they report back as events, and knows when
//! nothing more will happen by itself.

pub mod clock;
mod compute;
pub mod drive;
pub mod journal;
pub mod signals;
#[cfg(test)]
mod tests;
pub mod watching;

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::domain::failure::Failure;
use crate::domain::journal::Entry;
use crate::domain::names::RunId;
use crate::engine::State;
use crate::engine::effect::{DatabaseCall, Effect};
use crate::engine::event::{Event, EventKind, Intent, Progress, TaskId};

pub use clock::Clock;
pub use compute::compute;
pub use drive::{Frontend, Next, drive};
pub use journal::Journal;
pub use signals::StopSignals;
pub use watching::{News, watch};

/// Events that may wait to be applied; a slow screen slows whoever reports, never the memory.
const QUEUE: usize = 256;

/// Five random letters and digits: programs that begin at the same moment have different ones.
pub fn mark() -> String {
    format!("{:05x}", RandomState::new().build_hasher().finish() & 0xf_ffff)
}

/// Where a running effect reports to. Cheap to clone.
#[derive(Clone)]
pub struct Sink {
    events: mpsc::Sender<Event>,
    clock: Clock,
}

impl Sink {
    /// A sink and the queue that it feeds.
    pub fn queue(clock: Clock) -> (Self, mpsc::Receiver<Event>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self { events: sender, clock }, receiver)
    }

    /// Reports something, stamped with the time. Waits while the engine is behind, which slows the source down.
    pub async fn send(&self, kind: EventKind) {
        // An error means that the runtime is gone, and then nobody is left to tell.
        self.events.send(Event { at: self.clock.now(), kind }).await.ok();
    }

    /// The clock, for log lines without a time of their own and for measuring.
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }
}

/// Carries effects out. The real one talks to the world; tests script it.
pub trait Perform: Clone + Send + 'static {
    /// Carries out one effect and reports its one outcome, and whatever it learns on the way, to `out`.
    fn perform(&self, effect: Effect, out: Sink) -> impl Future<Output = ()> + Send;
}

/// Owns the state and the running effects. Every frontend drives this.
pub struct Runtime<P> {
    state: State,
    performer: P,
    journal: Journal,
    sink: Sink,
    events: mpsc::Receiver<Event>,
    tasks: BTreeSet<TaskId>,
    next_task: u64,
    stop: CancellationToken,
    /// Cancels what still runs when the runtime goes.
    _stops: DropGuard,
}

impl<P: Perform> Runtime<P> {
    /// Starts with nothing running.
    pub fn new(state: State, performer: P, journal: Journal, clock: Clock) -> Self {
        let (sink, events) = Sink::queue(clock);
        let stop = CancellationToken::new();
        Self {
            state,
            performer,
            journal,
            sink,
            events,
            tasks: BTreeSet::new(),
            next_task: 0,
            _stops: stop.clone().drop_guard(),
            stop,
        }
    }

    /// What there is to show.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The queue and the state, to wait on one while showing the other.
    pub fn parts(&mut self) -> (&mut mpsc::Receiver<Event>, &State) {
        (&mut self.events, &self.state)
    }

    /// Stops what still runs and gives the state back.
    pub fn into_state(self) -> State {
        self.state
    }

    /// Sends a tick at once and then at every interval, until the runtime is gone.
    pub fn tick(&self, every: Duration) {
        let (sink, stop) = (self.sink.clone(), self.stop.clone());
        tokio::spawn(async move {
            let mut interval = tokio::time::interval(every);
            interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            while stop.run_until_cancelled(interval.tick()).await.is_some() {
                sink.send(EventKind::Ticked).await;
            }
        });
    }

    /// An event of this moment.
    pub fn event(&self, kind: EventKind) -> Event {
        Event { at: self.sink.clock.now(), kind }
    }

    /// Applies an intent of this moment and starts what it asks for; returns the event, for those who watch.
    pub fn intend(&mut self, intent: Intent) -> Event {
        let event = self.event(EventKind::Intent(intent));
        self.handle(&event);
        event
    }

    /// Waits for the next event of a running effect.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// Applies an event and starts the effects it asks for.
    pub fn handle(&mut self, event: &Event) {
        if let EventKind::Finished(task) = event.kind {
            self.tasks.remove(&task);
        }
        if let EventKind::Log(run, lines) = &event.kind {
            // A log that cannot be kept changes no outcome; the lines are still on screen.
            self.journal.keep_log(run.as_ref(), lines).ok();
        }
        let effects = self.state.apply(event);
        self.carry_out(effects);
    }

    /// How many effects run.
    pub fn running(&self) -> usize {
        self.tasks.len()
    }

    /// True when no effect runs, so nothing more will happen by itself.
    pub fn is_idle(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Journal entries are written at once and in order. When one fails, nothing that it announces and that comes after
    /// it is done: an effect without its intent on disk must not happen. An entry of a run stops that run; any other one
    /// stops whatever follows, entries too.
    fn carry_out(&mut self, effects: Vec<Effect>) {
        let mut unwritten = Vec::new();
        let mut stopped: BTreeSet<RunId> = BTreeSet::new();
        let mut all_stopped: Option<Failure> = None;
        let mut was_asked = false;
        let mut is_unread = None;
        for effect in effects {
            match effect {
                Effect::Record(entry) if entry.run().is_some_and(|run| stopped.contains(run)) => {}
                Effect::Record(entry) => {
                    let written = match &all_stopped {
                        Some(failure) => Err(failure.clone()),
                        None => self.write(&entry),
                    };
                    if matches!(written, Ok(true)) {
                        continue;
                    }
                    let run = entry.run().cloned();
                    stopped.extend(run.clone());
                    match written {
                        Ok(_) => unwritten.extend(run.map(EventKind::Overtaken)),
                        Err(failure) => {
                            if run.is_none() {
                                all_stopped = Some(failure.clone());
                            }
                            unwritten.push(EventKind::JournalFailed(Box::new(entry), failure));
                        }
                    }
                }
                Effect::ReadJournal => {
                    is_unread = self.journal.read().err();
                    was_asked = true;
                }
                effect if effect.run().is_some_and(|run| stopped.contains(run)) => {}
                effect if all_stopped.is_some() && effect.is_mutation() => {}
                effect => self.spawn(effect),
            }
        }
        for kind in unwritten {
            let event = self.event(kind);
            self.handle(&event);
        }
        // Asked for last, so that it holds everything that was written on the way here. Others may have written without
        // anybody asking: appending finds that out.
        let news = self.journal.news();
        if was_asked || news.is_some() {
            if was_asked {
                let event = self.event(EventKind::JournalRead(is_unread.map_or(Ok(()), Err)));
                self.handle(&event);
            }
            let event = self.event(EventKind::Remembered(news));
            self.handle(&event);
        }
    }

    /// Writes an entry to the journal. False for an intent that came too late: others wrote since the journal was read.
    fn write(&mut self, entry: &Entry) -> Result<bool, Failure> {
        let now = self.sink.clock.now();
        match entry {
            Entry::Intended { .. } => self.journal.append_unless_overtaken(now, entry),
            _ => self.journal.append(now, entry).map(|()| true),
        }
    }

    fn spawn(&mut self, effect: Effect) {
        let task = TaskId(self.next_task);
        self.next_task += 1;
        // Registered before it is spawned: otherwise there is a moment with work to do in which the runtime calls
        // itself idle.
        self.tasks.insert(task);
        let (performer, out, stop) = (self.performer.clone(), self.sink.clone(), self.stop.clone());
        let lost = lost(&effect);
        tokio::spawn(async move {
            // Carried out in a task of its own, so that a panic in an adapter becomes an outcome.
            let work = tokio::spawn({
                let (out, stop) = (out.clone(), stop.clone());
                async move { stop.run_until_cancelled(performer.perform(effect, out)).await.is_some() }
            });
            if work.await.is_err() {
                out.send(lost).await;
            }
            out.send(EventKind::Finished(task)).await;
        });
    }
}

/// The outcome of an effect whose task died without reporting one.
fn lost(effect: &Effect) -> EventKind {
    use crate::domain::failure::FailureKind;
    use crate::domain::observation::Observation;
    use crate::engine::effect::{CloudCall, FlowCall, HealthCall};
    use crate::engine::flow::Deed;

    let kind = if effect.is_mutation() { FailureKind::Unknown } else { FailureKind::Failed };
    let failure = Failure::new(kind, "lockstep itself failed while it did this")
        .because(format!("{effect:?}").chars().take(120).collect::<String>())
        .hint("This is a bug; the message on standard error says where.");
    if let Some((run, step)) = effect.step() {
        return EventKind::Step(run.clone(), step, Progress::Ended(Err(failure)));
    }
    match effect {
        Effect::Flow(FlowCall::List) => EventKind::FlowsListed(Err(failure)),
        Effect::Flow(FlowCall::Read(run, _)) => EventKind::FlowRead(run.clone(), Err(failure)),
        Effect::Flow(FlowCall::Find(run, row, _)) => EventKind::FlowFound(run.clone(), *row, BTreeSet::new()),
        Effect::Flow(FlowCall::Act { run, row, .. }) => {
            EventKind::FlowActed(run.clone(), *row, Box::new(Deed::failed(1, failure)))
        }
        Effect::Cloud(name, CloudCall::Describe(generation)) => {
            EventKind::Observed(name.clone(), *generation, Observation::Service(Err(failure)))
        }
        Effect::Database(
            name,
            DatabaseCall::ReadLedger(generation) | DatabaseCall::ReadLedgerAtRest(generation),
        ) => EventKind::Observed(name.clone(), *generation, Observation::Ledger(Err(failure))),
        Effect::Database(name, DatabaseCall::ReadLocks(generation)) => {
            EventKind::Observed(name.clone(), *generation, Observation::Locks(Err(failure)))
        }
        Effect::Database(name, DatabaseCall::ReadSchema(generation)) => {
            EventKind::Observed(name.clone(), *generation, Observation::Schema(Err(failure)))
        }
        Effect::Health(name, HealthCall::Probe(generation)) => {
            EventKind::Observed(name.clone(), *generation, Observation::Health(Err(failure)))
        }
        Effect::Cloud(name, CloudCall::ListUpdates(generation)) => {
            EventKind::Observed(name.clone(), *generation, Observation::Updates(Err(failure)))
        }
        Effect::Database(name, DatabaseCall::ReadTrail(generation)) => {
            EventKind::Observed(name.clone(), *generation, Observation::Trail(Err(failure)))
        }
        Effect::Database(name, DatabaseCall::ReleaseLock(_)) => EventKind::LetGo(name.clone(), Err(failure)),
        Effect::Open(_) => EventKind::Opened(Err(failure)),
        Effect::Keep(..) => EventKind::Kept(Err(failure)),
        Effect::SaveLog(_) => EventKind::LogSaved(Err(failure)),
        Effect::Notify(channel, told) => EventKind::Notified(told.delivery(*channel), Err(failure)),
        Effect::Report(report) => EventKind::Reported(report.run.clone(), Err(failure)),
        Effect::SeekRuns(generation, _) => EventKind::Sought(*generation, Err(failure)),
        Effect::Database(_, DatabaseCall::Unlock(run)) => EventKind::Unlocked(run.clone()),
        Effect::Identify => EventKind::Identified(Err(failure)),
        Effect::SeekImage(generation, image) => EventKind::Image(image.clone(), *generation, Err(failure)),
        Effect::AskChecksums(release) => EventKind::Checksums(release.archive_digest.clone(), Err(failure)),
        _ => EventKind::Releases(Err(failure)),
    }
}
