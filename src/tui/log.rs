//! What only the console knows of the log: where it is scrolled to, which lines are left out, how they are written, what
//! is looked for in them.

use crate::domain::log::{Filter, Level, LogBook, Search};
use crate::domain::step::StepKind;

/// Lines that are searched before the next frame: few enough that nobody waits for it.
const SEARCHED_AT_ONCE: u64 = 50_000;

/// Cells that lines are moved by.
const SIDEWAYS: usize = 16;

/// Nobody reads a line further than that by moving it; wrapping shows all of it.
const FARTHEST: usize = 4_000;

/// The view state of the log.
#[derive(Debug, Clone, Default)]
pub struct LogView {
    scroll: LogScroll,
    /// Which lines are shown.
    pub filter: Filter,
    /// True when long lines go on in the next row.
    pub is_wrapped: bool,
    /// Cells that are left out at the beginning of each line, while lines are cut.
    pub aside: usize,
    /// How times are written.
    pub times: Times,
    search: Option<Search>,
}

/// Where a log is scrolled to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogScroll {
    /// At its end, whatever comes.
    #[default]
    Following,
    /// This line, by its running number, is the first that is not shown any more.
    At(u64),
}

/// How the time of a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Times {
    /// The time of day.
    #[default]
    Absolute,
    /// How long after its run began.
    Relative,
}

impl LogView {
    /// Where it is scrolled to.
    pub fn scroll(&self) -> LogScroll {
        self.scroll
    }

    /// One past the number of the last line that is shown.
    pub fn end(&self, log: &LogBook) -> u64 {
        match self.scroll {
            LogScroll::Following => log.end(),
            LogScroll::At(line) => line,
        }
    }

    /// Follows the end.
    pub fn follow(&mut self) {
        self.scroll = LogScroll::Following;
    }

    /// Moves by some of the lines that are shown; at the end it follows again.
    pub fn move_by(&mut self, log: &LogBook, by: i64) {
        let count = usize::try_from(by.unsigned_abs()).unwrap_or(usize::MAX);
        let (first, end) = (log.first() + 1, self.end(log));
        let to = if by == i64::MIN {
            first
        } else if by == i64::MAX {
            log.end()
        } else if by < 0 {
            log.before(end, self.filter).take(count).last().map_or(end, |line| line.number)
        } else {
            let down = count.checked_sub(1).map(|skipped| log.after(end, self.filter).nth(skipped));
            down.map_or(end, |line| line.map_or(log.end(), |line| line.number + 1))
        };
        let to = to.max(first);
        self.scroll = if to >= log.end() { LogScroll::Following } else { LogScroll::At(to) };
    }

    /// Shows more of the ends of lines that are cut, or of their beginnings. Wrapped lines have nothing that is cut.
    pub fn move_sideways(&mut self, is_right: bool) {
        self.aside = match is_right {
            _ if self.is_wrapped => 0,
            true => (self.aside + SIDEWAYS).min(FARTHEST),
            false => self.aside.saturating_sub(SIDEWAYS),
        };
    }

    /// Lets long lines go on in the next row, or cuts them.
    pub fn toggle_wrap(&mut self) {
        (self.is_wrapped, self.aside) = (!self.is_wrapped, 0);
    }

    /// Shows only lines that matter more, or all of them again.
    pub fn next_level(&mut self) {
        self.filter.level = match self.filter.level {
            Level::Normal => Level::Warning,
            Level::Warning => Level::Error,
            Level::Error => Level::Normal,
        };
    }

    /// Shows only the lines of the next step, or all of them again.
    pub fn next_step(&mut self, log: &LogBook) {
        let steps = log.steps();
        let place = |step: StepKind| steps.iter().position(|other| *other == step);
        let next = self.filter.step.map_or(0, |step| place(step).map_or(steps.len(), |place| place + 1));
        self.filter.step = steps.get(next).copied();
    }

    /// Writes times the other way.
    pub fn toggle_times(&mut self) {
        self.times = match self.times {
            Times::Absolute => Times::Relative,
            Times::Relative => Times::Absolute,
        };
    }

    /// Looks for words; none puts the search away.
    pub fn look_for(&mut self, words: &str, log: &LogBook) {
        self.search = (!words.is_empty()).then(|| Search::new(words));
        self.watch(log);
    }

    /// What is looked for.
    pub fn search(&self) -> Option<&Search> {
        self.search.as_ref()
    }

    /// Takes note of new lines. False while there are lines that were not searched yet.
    pub fn watch(&mut self, log: &LogBook) -> bool {
        self.search.as_mut().is_none_or(|search| search.go_on(log, SEARCHED_AT_ONCE))
    }

    /// How many lines were found, and which of them is the last on screen, from 0.
    pub fn hits(&self, log: &LogBook) -> (Option<usize>, usize) {
        let Some(search) = &self.search else { return (None, 0) };
        let last = self.end(log).checked_sub(1);
        (last.and_then(|line| search.place(line)).map(|place| place - 1), search.count())
    }

    /// Goes to the newest line that was found, unless one is the last on screen: a log is read from its end.
    pub fn go_to_newest(&mut self, log: &LogBook) {
        if self.hits(log).0.is_none() {
            self.jump(log, false);
        }
    }

    /// Goes to the next line that was found further down, or up; round the end. False when there is none.
    pub fn jump(&mut self, log: &LogBook, down: bool) -> bool {
        let Some(search) = &self.search else { return false };
        let last = self.end(log).saturating_sub(1);
        let hit = if down {
            search.after(last).or_else(|| search.first())
        } else {
            search.before(last).or_else(|| search.before(log.end()))
        };
        if let Some(hit) = hit {
            self.scroll = if hit + 1 >= log.end() { LogScroll::Following } else { LogScroll::At(hit + 1) };
        }
        hit.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::log::{LogLine, Source};

    fn book(levels: &[Level]) -> LogBook {
        let mut book = LogBook::default();
        book.extend(
            None,
            None,
            levels.iter().enumerate().map(|(number, level)| LogLine {
                at: jiff::Timestamp::UNIX_EPOCH,
                source: Source::Service,
                level: *level,
                text: format!("line {number}").into(),
            }),
        );
        book
    }

    #[test]
    fn following_stops_on_scroll_and_resumes_at_the_end() {
        let mut log = book(&[Level::Normal; 10]);
        let mut view = LogView::default();
        view.move_by(&log, -3);
        assert_eq!(view.scroll(), LogScroll::At(7));
        log.extend(
            None,
            None,
            book(&[Level::Normal; 5]).lines().map(|line| LogLine {
                at: line.at,
                source: line.source,
                level: line.level,
                text: line.text.into(),
            }),
        );
        assert_eq!(view.end(&log), 7, "what comes moves nothing");
        view.move_by(&log, 7);
        assert_eq!(view.scroll(), LogScroll::At(14));
        view.move_by(&log, 1);
        assert_eq!(view.scroll(), LogScroll::Following);
        view.move_by(&log, i64::MIN);
        assert_eq!(view.end(&log), 1);
        view.move_by(&log, -1);
        assert_eq!(view.end(&log), 1, "there is nothing before the first line");
        view.move_by(&log, i64::MAX);
        assert_eq!(view.scroll(), LogScroll::Following);
    }

    #[test]
    fn only_lines_that_are_shown_count_as_lines_to_scroll_by() {
        let (none, bad) = (Level::Normal, Level::Error);
        let log = book(&[bad, none, none, bad, none, none, none, bad, none]);
        let mut view = LogView::default();
        view.next_level();
        view.next_level();
        view.move_by(&log, -2);
        assert_eq!(view.end(&log), 3, "two bad lines up from the end");
        view.next_level();
        assert!(view.filter.is_open());
    }

    #[test]
    fn what_is_looked_for_is_gone_to_and_round_the_end() {
        let log = book(&[Level::Normal; 30]);
        let mut view = LogView::default();
        view.look_for("line 2", &log);
        assert_eq!(view.search().unwrap().count(), 11);
        assert!(view.jump(&log, false));
        assert_eq!(view.end(&log), 29, "the last line is on screen already, so the one before it");
        assert!(view.jump(&log, true) && view.jump(&log, true));
        assert_eq!(view.end(&log), 3, "the first hit is line 2");
        view.look_for("nothing", &log);
        assert!(!view.jump(&log, true));
    }
}
