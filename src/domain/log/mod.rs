//! Log lines, the ring that keeps the newest of them for the screen, and what is looked for in it. The full log is on
//! disk.

mod book;
mod search;

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::names::EnvironmentName;
use crate::domain::step::StepKind;

pub use book::{LOG_CAPACITY, LogBook, TEXT_CAPACITY};
pub use search::Search;

/// Who wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Liquibase, as it ran against a database.
    Liquibase,
    /// The platform that runs the service.
    Service,
    /// The application itself.
    Application,
    /// A shell that an action of a flow runs in.
    Shell,
    /// lockstep.
    Lockstep,
}

impl Source {
    /// The word in front of the line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Liquibase => "liquibase",
            Self::Service => "service",
            Self::Application => "store",
            Self::Shell => "shell",
            Self::Lockstep => "lockstep",
        }
    }
}

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Level {
    /// Progress.
    #[default]
    Normal,
    /// Something to look at.
    Warning,
    /// Something failed.
    Error,
}

/// One line, already redacted and free of control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written, as far as its writer says; else when it was read.
    pub at: Timestamp,
    /// Who wrote it.
    pub source: Source,
    /// How much it matters.
    pub level: Level,
    /// The text, without a line end.
    pub text: Arc<str>,
}

/// A line of the ring, and where it belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logged<'a> {
    /// Its running number, from the first line ever.
    pub number: u64,
    /// When it was written, to the millisecond.
    pub at: Timestamp,
    /// Who wrote it.
    pub source: Source,
    /// How much it matters.
    pub level: Level,
    /// The environment whose promotion it was written in; `None` for what belongs to none.
    pub environment: Option<&'a EnvironmentName>,
    /// The step that was under way there.
    pub step: Option<StepKind>,
    /// The text. Of a very long line only the beginning; all of it is on disk.
    pub text: &'a str,
}

/// Which lines are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filter {
    /// The least that a line has to matter.
    pub level: Level,
    /// The step that it was written in; `None` for all.
    pub step: Option<StepKind>,
}

impl Filter {
    /// True when nothing is left out.
    pub fn is_open(self) -> bool {
        self == Self::default()
    }

    fn admits(self, level: Level, step: Option<StepKind>) -> bool {
        level >= self.level && (self.step.is_none() || self.step == step)
    }
}
