//! The shell around the engine: performs effects as tasks, feeds what they report back as events, and knows when
//! nothing more will happen by itself.

pub mod clock;
pub mod drive;
pub mod journal;

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::domain::Timestamp;
use crate::engine::State;
use crate::engine::effect::Effect;
use crate::engine::event::{Event, EventKind, TaskId};

pub use clock::Clock;
use journal::Journal;

/// Events that may wait to be applied; a slow screen slows whoever reports, never the memory.
const QUEUE: usize = 256;

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
        self.clock
    }
}

/// Carries effects out. The real one talks to the world; tests script it.
pub trait Perform: Clone + Send + 'static {
    /// Carries out one effect and reports its one outcome, and whatever it learns on the way, to `out`.
    fn perform(&self, effect: Effect, out: Sink) -> impl Future<Output = ()> + Send;
}
