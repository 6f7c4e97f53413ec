//! The ring. A million lines are to fit into 150 MiB, so that a line costs its text, one byte for its end, and sixteen
//! bytes for everything else: texts stand behind one another in chunks, and a chunk goes when its last line does.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Filter, Level, LogLine, Logged, Source};
use crate::domain::names::EnvironmentName;
use crate::domain::plain;
use crate::domain::step::StepKind;

/// Lines kept for the screen; the full log is on disk.
pub const LOG_CAPACITY: usize = 1_000_000;

/// The bytes of text kept for the screen: what a million lines of a usual length need.
pub const TEXT_CAPACITY: usize = 100 * 1024 * 1024;

/// Lines of a chunk, unless their texts are long.
const CHUNK_LINES: usize = 4_096;

/// A chunk that has this much text takes no more lines.
const CHUNK_TEXT: usize = 512 * 1024;

/// Of a line that is longer than this many bytes only so much is kept for the screen.
const LONGEST: usize = 4_096;

/// The newest lines of a log, numbered from the first line ever so that a scroll position survives.
#[derive(Clone, Default)]
pub struct LogBook {
    chunks: VecDeque<Chunk>,
    /// The number of the first line that is still here.
    first: u64,
    end: u64,
    /// Bytes of text in all chunks.
    text: usize,
    /// Lines still here, by how much they matter.
    counts: [usize; 3],
    /// The environments that lines belong to; few, and named by their place here.
    places: Vec<Arc<EnvironmentName>>,
    /// The steps that lines were written in, in the order in which they came first.
    steps: Vec<StepKind>,
}

/// Lines one behind the other.
#[derive(Clone)]
struct Chunk {
    /// The number of its first line.
    first: u64,
    /// The time of its first line; those of all others are told from there.
    base: Timestamp,
    /// The texts, a line end behind each.
    text: String,
    entries: Vec<Entry>,
}

/// A line without its text.
#[derive(Clone, Copy)]
struct Entry {
    /// Milliseconds since the first line of its chunk.
    after: i32,
    /// Where the text ends in that of the chunk, without the line end.
    end: u32,
    /// The place of its environment, from 1; 0 for none.
    place: u16,
    source: Source,
    level: Level,
    step: Option<StepKind>,
}

impl LogBook {
    /// Adds lines at the end, of one environment or of none, written in this step; the oldest fall out when there are
    /// too many.
    pub fn extend(
        &mut self,
        environment: Option<&EnvironmentName>,
        step: Option<StepKind>,
        lines: impl IntoIterator<Item = LogLine>,
    ) {
        let place = environment.map_or(0, |name| self.place(name));
        if let Some(step) = step.filter(|step| !self.steps.contains(step)) {
            self.steps.push(step);
        }
        for line in lines {
            self.push(&line, place, step);
        }
        self.forget();
    }

    /// The number of the first line still here.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// One past the number of the last line.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The lines with numbers in `from..to`, as far as they are still here.
    pub fn range(&self, from: u64, to: u64) -> impl Iterator<Item = Logged<'_>> {
        self.after(from, Filter::default()).take_while(move |line| line.number < to)
    }

    /// The lines before the one with this number that a filter admits, the last of them first.
    pub fn before(&self, end: u64, filter: Filter) -> impl Iterator<Item = Logged<'_>> {
        let last = self.chunks.partition_point(|chunk| chunk.first < end);
        let chunks = self.chunks.range(..last).rev();
        chunks.flat_map(move |chunk| {
            let count = usize::try_from(end - chunk.first).unwrap_or(usize::MAX).min(chunk.entries.len());
            let gone = self.gone(chunk).min(count);
            (gone..count).rev().filter_map(move |index| self.line(chunk, index, filter))
        })
    }

    /// The lines from this number on that a filter admits.
    pub fn after(&self, start: u64, filter: Filter) -> impl Iterator<Item = Logged<'_>> {
        let begin = self.chunks.partition_point(|chunk| chunk.end() <= start);
        self.chunks.range(begin..).flat_map(move |chunk| {
            let skipped = usize::try_from(start.saturating_sub(chunk.first)).unwrap_or(usize::MAX);
            let from = skipped.max(self.gone(chunk)).min(chunk.entries.len());
            (from..chunk.entries.len()).filter_map(move |index| self.line(chunk, index, filter))
        })
    }

    /// All lines still here, oldest first.
    pub fn lines(&self) -> impl Iterator<Item = Logged<'_>> {
        self.after(self.first, Filter::default())
    }

    /// How many lines still here matter at least so much.
    pub fn count(&self, level: Level) -> usize {
        self.counts.iter().skip(level as usize).sum()
    }

    /// The steps that lines were written in, in the order in which they came first.
    pub fn steps(&self) -> &[StepKind] {
        &self.steps
    }

    /// True when nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.end == 0
    }

    /// The texts from a line on, chunk by chunk: all of a chunk at once, and the numbers of the lines in it.
    pub(super) fn texts(&self, start: u64) -> impl Iterator<Item = Texts<'_>> {
        let begin = self.chunks.partition_point(|chunk| chunk.end() <= start);
        self.chunks.range(begin..).map(move |chunk| {
            let skipped = usize::try_from(start.saturating_sub(chunk.first)).unwrap_or(usize::MAX);
            let from = skipped.max(self.gone(chunk)).min(chunk.entries.len());
            Texts { chunk, offset: chunk.start(from) }
        })
    }

    fn place(&mut self, name: &EnvironmentName) -> u16 {
        let known = self.places.iter().position(|place| **place == *name).unwrap_or_else(|| {
            self.places.push(Arc::new(name.clone()));
            self.places.len() - 1
        });
        u16::try_from(known + 1).unwrap_or(0)
    }

    fn push(&mut self, line: &LogLine, place: u16, step: Option<StepKind>) {
        let after = |base: Timestamp| i32::try_from(line.at.duration_since(base).as_millis()).ok();
        let fits = self.chunks.back().and_then(|chunk| {
            let has_room = chunk.entries.len() < CHUNK_LINES && chunk.text.len() < CHUNK_TEXT;
            after(chunk.base).filter(|_| has_room)
        });
        if fits.is_none() {
            if let Some(full) = self.chunks.back_mut() {
                full.text.shrink_to_fit();
                full.entries.shrink_to_fit();
            }
            let (text, entries) = (String::new(), Vec::new());
            self.chunks.push_back(Chunk { first: self.end, base: line.at, text, entries });
        }
        let Some(chunk) = self.chunks.back_mut() else { return };
        let before = chunk.text.len();
        push_text(&mut chunk.text, &line.text);
        let end = u32::try_from(chunk.text.len()).unwrap_or(u32::MAX);
        chunk.text.push('\n');
        let (source, level, after) = (line.source, line.level, fits.unwrap_or(0));
        chunk.entries.push(Entry { after, end, place, source, level, step });
        self.text += chunk.text.len() - before;
        self.counts[level as usize] += 1;
        self.end += 1;
    }

    /// Lets the oldest lines go when there are too many, or too much of them.
    fn forget(&mut self) {
        while let Some(oldest) = self.chunks.front() {
            let excess = self.end - self.first > LOG_CAPACITY as u64;
            let is_long = self.text > TEXT_CAPACITY && self.chunks.len() > 1;
            if oldest.end() <= self.first {
                self.text -= oldest.text.len();
                self.chunks.pop_front();
            } else if excess || is_long {
                let index = usize::try_from(self.first - oldest.first).unwrap_or(usize::MAX);
                if let Some(entry) = oldest.entries.get(index) {
                    self.counts[entry.level as usize] -= 1;
                }
                self.first += 1;
            } else {
                break;
            }
        }
    }

    /// How many lines at the beginning of a chunk are gone.
    fn gone(&self, chunk: &Chunk) -> usize {
        usize::try_from(self.first.saturating_sub(chunk.first)).unwrap_or(usize::MAX)
    }

    fn line<'a>(&'a self, chunk: &'a Chunk, index: usize, filter: Filter) -> Option<Logged<'a>> {
        let entry = chunk.entries.get(index).filter(|entry| filter.admits(entry.level, entry.step))?;
        let place = usize::from(entry.place).checked_sub(1).and_then(|place| self.places.get(place));
        Some(Logged {
            number: chunk.first + index as u64,
            at: chunk.base + jiff::SignedDuration::from_millis(entry.after.into()),
            source: entry.source,
            level: entry.level,
            environment: place.map(AsRef::as_ref),
            step: entry.step,
            text: chunk.text.get(chunk.start(index)..entry.end as usize).unwrap_or_default(),
        })
    }
}

/// Says how much is kept, not what.
impl fmt::Debug for LogBook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "LogBook({}..{}, {} bytes)", self.first, self.end, self.text)
    }
}

impl Chunk {
    fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// Where the text of a line begins.
    fn start(&self, index: usize) -> usize {
        index
            .checked_sub(1)
            .and_then(|before| self.entries.get(before))
            .map_or(0, |before| before.end as usize + 1)
    }
}

/// The texts of one chunk that are still to be looked at.
pub(super) struct Texts<'a> {
    chunk: &'a Chunk,
    offset: usize,
}

impl<'a> Texts<'a> {
    /// The texts, a line end behind each.
    pub(super) fn text(&self) -> &'a str {
        self.chunk.text.get(self.offset..).unwrap_or_default()
    }

    /// The number of the line that stands at this place of the text.
    pub(super) fn number(&self, at: usize) -> u64 {
        let at = self.offset + at;
        self.chunk.first + self.chunk.entries.partition_point(|entry| (entry.end as usize) < at) as u64
    }

    /// One past the number of the last line.
    pub(super) fn end(&self) -> u64 {
        self.chunk.end()
    }
}

/// Whatever comes, no line holds what a terminal would obey, or a line end. Almost every line is plain already.
fn push_text(chunk: &mut String, text: &str) {
    let cut = if text.len() > LONGEST { text.floor_char_boundary(LONGEST) } else { text.len() };
    let kept = &text[..cut];
    if kept.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        chunk.push_str(kept);
    } else {
        chunk.push_str(&plain::line(kept));
    }
    if cut < text.len() {
        chunk.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: usize) -> LogLine {
        leveled(number, Level::Normal)
    }

    fn leveled(number: usize, level: Level) -> LogLine {
        let at = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_millis(i64::try_from(number).unwrap());
        LogLine { at, source: Source::Service, level, text: number.to_string().into() }
    }

    fn texts<'a>(lines: impl Iterator<Item = Logged<'a>>) -> Vec<&'a str> {
        lines.map(|logged| logged.text).collect()
    }

    #[test]
    fn line_numbers_survive_when_old_lines_fall_out() {
        let mut book = LogBook::default();
        book.extend(None, None, (0..LOG_CAPACITY + 10).map(line));
        assert_eq!((book.first(), book.end()), (10, LOG_CAPACITY as u64 + 10));
        assert_eq!(texts(book.range(0, 12)), ["10", "11"]);
        assert_eq!(book.range(book.end(), book.end() + 5).count(), 0);
        assert_eq!(book.count(Level::Normal), LOG_CAPACITY);
        assert_eq!(texts(book.before(13, Filter::default())), ["12", "11", "10"]);
        let last = book.lines().last().unwrap();
        assert_eq!((last.number, last.at), (book.end() - 1, line(LOG_CAPACITY + 9).at));
    }

    #[test]
    fn long_lines_take_the_room_of_more_short_ones_and_are_cut_for_the_screen() {
        let mut book = LogBook::default();
        let long = LogLine { text: "x".repeat(LONGEST * 2).into(), ..line(0) };
        book.extend(None, None, (0..TEXT_CAPACITY / LONGEST + 2_000).map(|_| long.clone()));
        assert!(book.text <= TEXT_CAPACITY + CHUNK_TEXT, "{book:?}");
        assert!(book.first() > 0);
        let shown = book.lines().next().unwrap().text;
        assert_eq!((shown.len(), shown.ends_with("x…")), (LONGEST + '…'.len_utf8(), true));
    }

    #[test]
    fn a_filter_leaves_out_what_matters_less_and_what_belongs_to_other_steps() {
        let mut book = LogBook::default();
        let prod = EnvironmentName::parse("prod").unwrap();
        book.extend(None, None, [line(0), leveled(1, Level::Error)]);
        book.extend(Some(&prod), Some(StepKind::Update), [line(2), leveled(3, Level::Warning)]);
        book.extend(Some(&prod), Some(StepKind::Service), [leveled(4, Level::Error)]);
        let of = |level, step| texts(book.after(0, Filter { level, step }));
        assert_eq!(of(Level::Normal, None), ["0", "1", "2", "3", "4"]);
        assert_eq!(of(Level::Warning, None), ["1", "3", "4"]);
        assert_eq!(of(Level::Normal, Some(StepKind::Update)), ["2", "3"]);
        assert_eq!(of(Level::Error, Some(StepKind::Service)), ["4"]);
        let filter = Filter { level: Level::Warning, step: None };
        assert_eq!(texts(book.before(4, filter)), ["3", "1"]);
        assert_eq!([Level::Normal, Level::Warning, Level::Error].map(|level| book.count(level)), [5, 3, 2]);
        assert_eq!(book.steps(), [StepKind::Update, StepKind::Service]);
        assert_eq!(book.lines().last().unwrap().environment, Some(&prod));
    }

    #[test]
    fn times_stay_true_over_weeks_and_backwards() {
        let mut book = LogBook::default();
        let times = [0, 3_000_000_000_i64, -5_000]
            .map(|millis| Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_millis(millis));
        book.extend(None, None, times.map(|at| LogLine { at, ..line(0) }));
        assert_eq!(book.lines().map(|line| line.at).collect::<Vec<_>>(), times);
    }

    proptest::proptest! {
        #[test]
        fn no_line_of_the_ring_holds_what_a_terminal_would_obey(texts: Vec<String>, bytes: Vec<u8>) {
            let bytes = String::from_utf8_lossy(&bytes).into_owned();
            let hostile = ["\u{1b}[2J", "\u{1b}]52;c;aGk=\u{7}", "\r\n\u{9b}1m", &bytes];
            let mut book = LogBook::default();
            let all = texts.iter().map(String::as_str).chain(hostile);
            book.extend(None, None, all.map(|text| LogLine { text: text.into(), ..line(0) }));
            proptest::prop_assert_eq!(book.lines().count(), texts.len() + hostile.len());
            for kept in book.lines() {
                proptest::prop_assert!(!kept.text.chars().any(char::is_control), "{:?}", kept.text);
            }
        }
    }

    #[test]
    fn a_line_costs_sixteen_bytes_and_its_text() {
        assert_eq!(size_of::<Entry>(), 16);
    }
}
