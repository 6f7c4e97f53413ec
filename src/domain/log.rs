//! Log lines, and the ring that keeps the newest of them for the screen.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::names::EnvironmentName;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Progress.
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

/// A line, and where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// The environment whose promotion it was written in; `None` for what belongs to none.
    pub environment: Option<Arc<EnvironmentName>>,
    /// The line.
    pub line: LogLine,
}

/// Lines kept for the screen; the full log is on disk.
pub const LOG_CAPACITY: usize = 20_000;

/// The newest lines of a log, numbered from the first line ever so that a scroll position survives.
#[derive(Debug, Clone, Default)]
pub struct LogBook {
    lines: VecDeque<Logged>,
    dropped: u64,
}

impl LogBook {
    /// Adds lines at the end, of one environment or of none; the oldest fall out beyond [`LOG_CAPACITY`].
    pub fn extend(
        &mut self,
        environment: Option<&EnvironmentName>,
        lines: impl IntoIterator<Item = LogLine>,
    ) {
        let environment = environment.cloned().map(Arc::new);
        self.lines.extend(lines.into_iter().map(|line| Logged { environment: environment.clone(), line }));
        let excess = self.lines.len().saturating_sub(LOG_CAPACITY);
        self.lines.drain(..excess);
        self.dropped += excess as u64;
    }

    /// The number of the first line still here.
    pub fn first(&self) -> u64 {
        self.dropped
    }

    /// One past the number of the last line.
    pub fn end(&self) -> u64 {
        self.dropped + self.lines.len() as u64
    }

    /// The lines with numbers in `from..to`, as far as they are still here.
    pub fn range(&self, from: u64, to: u64) -> impl Iterator<Item = &Logged> {
        let index = |number: u64| usize::try_from(number.saturating_sub(self.dropped)).unwrap_or(usize::MAX);
        let end = index(to).min(self.lines.len());
        self.lines.range(index(from).min(end)..end)
    }

    /// All lines still here, oldest first.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &Logged> {
        self.lines.iter()
    }

    /// True when nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: usize) -> LogLine {
        LogLine {
            at: Timestamp::UNIX_EPOCH,
            source: Source::Service,
            level: Level::Normal,
            text: number.to_string().into(),
        }
    }

    #[test]
    fn line_numbers_survive_when_old_lines_fall_out() {
        let mut book = LogBook::default();
        book.extend(None, (0..LOG_CAPACITY + 10).map(line));
        assert_eq!((book.first(), book.end()), (10, LOG_CAPACITY as u64 + 10));
        let texts: Vec<_> = book.range(0, 12).map(|logged| logged.line.text.to_string()).collect();
        assert_eq!(texts, ["10", "11"]);
        assert_eq!(book.range(book.end(), book.end() + 5).count(), 0);
    }
}
