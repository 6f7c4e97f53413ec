//! Where the log is scrolled to, and which of its lines have what is looked for.

use std::collections::VecDeque;

use crate::domain::log::LogBook;
use crate::tui::search::{Jump, Words};

/// Where a log is scrolled to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogScroll {
    /// At its end, whatever comes.
    Following,
    /// This line, by its running number, is the last one shown.
    At(u64),
}

impl LogScroll {
    /// Moved by some lines; at the end it follows again.
    pub(super) fn moved(self, log: &LogBook, by: i64) -> Self {
        let end = log.end();
        let from = match self {
            Self::Following => end,
            Self::At(line) => line,
        };
        let to = from.saturating_add_signed(by).max(log.first() + 1);
        if to >= end { Self::Following } else { Self::At(to) }
    }
}

/// The lines of the log that have what is looked for; each line is looked at once.
#[derive(Debug, Clone, Default)]
pub struct LogHits {
    words: Words,
    /// Their running numbers, in order.
    lines: VecDeque<u64>,
    /// The first line that was not looked at.
    next: u64,
    /// The one that was gone to.
    at: Option<u64>,
}

impl LogHits {
    /// Takes note of what was written, and of what is looked for.
    pub(super) fn watch(&mut self, log: &LogBook, words: Words) {
        if words != self.words {
            *self = Self { words, ..Self::default() };
        }
        if self.words.is_empty() {
            return;
        }
        let from = self.next.max(log.first());
        let fresh = (from..).zip(log.range(from, log.end()));
        let hits = fresh.filter(|(_, logged)| {
            let line = &logged.line;
            let name = logged.environment.as_deref().map_or("", |name| name.as_str());
            self.words.are_in(&format!("{name} {} {}", line.source.word(), line.text))
        });
        self.lines.extend(hits.map(|(number, _)| number));
        self.next = log.end();
        while self.lines.front().is_some_and(|line| *line < log.first()) {
            self.lines.pop_front();
        }
    }

    /// How many lines have it, and which of them was gone to, from 0.
    pub fn place(&self) -> (Option<usize>, usize) {
        let at = self.at.and_then(|at| self.lines.binary_search(&at).ok());
        (at, self.lines.len())
    }

    /// Goes to a hit: from the one that was gone to, else from the line that `scroll` shows last. Where it then is
    /// scrolled to, with some lines below the hit; `None` when there is no hit.
    pub(super) fn jump(
        &mut self,
        jump: Jump,
        log: &LogBook,
        scroll: LogScroll,
        below: u64,
    ) -> Option<LogScroll> {
        let here = match scroll {
            LogScroll::Following => log.end(),
            LogScroll::At(line) => line,
        };
        let before = |line: u64| self.lines.partition_point(|hit| *hit < line);
        let count = self.lines.len();
        let last = count.checked_sub(1)?;
        let place = match (jump, self.at) {
            // The newest one is the nearest: a log is read from its end.
            (Jump::Nearest, _) | (Jump::Next | Jump::Previous, None) => {
                before(here).checked_sub(1).unwrap_or(last)
            }
            (Jump::Next, Some(at)) => (before(at + 1)) % count,
            (Jump::Previous, Some(at)) => before(at).checked_sub(1).unwrap_or(last),
        };
        let line = *self.lines.get(place)?;
        self.at = Some(line);
        let to = (line + 1 + below).min(log.end());
        Some(if to >= log.end() { LogScroll::Following } else { LogScroll::At(to) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::log::{Level, LogLine, Source};

    fn written(log: &mut LogBook, texts: &[&str]) {
        log.extend(
            None,
            texts.iter().map(|text| LogLine {
                at: Timestamp::UNIX_EPOCH,
                source: Source::Service,
                level: Level::Normal,
                text: (*text).into(),
            }),
        );
    }

    #[test]
    fn hits_are_counted_as_lines_come_and_are_gone_to_from_the_newest_on() {
        let (mut log, mut hits) = (LogBook::default(), LogHits::default());
        written(&mut log, &["one apple", "nothing", "two Apples", "nothing"]);
        hits.watch(&log, Words::of("apple"));
        assert_eq!(hits.place(), (None, 2));
        assert_eq!(hits.jump(Jump::Nearest, &log, LogScroll::Following, 0), Some(LogScroll::At(3)));
        assert_eq!(hits.place(), (Some(1), 2));
        written(&mut log, &["three apples"]);
        hits.watch(&log, Words::of("apple"));
        assert_eq!(hits.place(), (Some(1), 3));
        assert_eq!(hits.jump(Jump::Next, &log, LogScroll::At(3), 0), Some(LogScroll::Following));
        assert_eq!(hits.jump(Jump::Next, &log, LogScroll::At(3), 0), Some(LogScroll::At(1)));
        assert_eq!(hits.jump(Jump::Previous, &log, LogScroll::At(1), 0), Some(LogScroll::Following));
    }
}
