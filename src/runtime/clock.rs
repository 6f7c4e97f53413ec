//! The only clock. Whoever needs the time is handed it on an event, or asks a [`Clock`] it was given.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// Tells the time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock;

impl Clock {
    /// What time it is.
    pub fn now(self) -> Timestamp {
        Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Begins to measure a duration; not disturbed when somebody sets the clock.
    pub fn stopwatch(self) -> Stopwatch {
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
