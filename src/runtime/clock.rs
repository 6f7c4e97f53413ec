//! The only clock. Whoever needs the time is handed it on an event, or asks a [`Clock`] it was given.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// Tells the time: that of the machine, or one that is moved by hand.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Milliseconds since the epoch, when it is moved by hand.
    by_hand: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands at `start` until it is moved; its clones move with it.
    pub fn by_hand(start: Timestamp) -> Self {
        Self { by_hand: Some(Arc::new(AtomicI64::new(start.as_millisecond()))) }
    }

    /// Moves a clock that is moved by hand; the machine's clock stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Some(millis) = &self.by_hand {
            millis.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        let now = match &self.by_hand {
            Some(millis) => Timestamp::from_millisecond(millis.load(Ordering::SeqCst)),
            None => Timestamp::try_from(SystemTime::now()),
        };
        now.unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Begins to measure a duration; not disturbed when somebody sets the clock.
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch(tokio::time::Instant::now())
    }
}

/// Measures how long something takes.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(tokio::time::Instant);

impl Stopwatch {
    /// The time since it was started.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
