//! Words looked for in the log: found once, then only what is new is looked at, so that a million lines cost nothing
//! while nobody types.

use std::collections::VecDeque;
use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::LogBook;

/// What is looked for, and where it was found.
#[derive(Debug, Clone)]
pub struct Search {
    words: String,
    regex: Option<Regex>,
    /// The numbers of the lines it was found in, in order.
    hits: VecDeque<u64>,
    /// Everything before this line was looked at.
    searched: u64,
}

impl Search {
    /// Looks for these words, as they are written; capital letters only matter when there are any.
    pub fn new(words: &str) -> Self {
        let regex = RegexBuilder::new(&regex::escape(words))
            .case_insensitive(!words.chars().any(char::is_uppercase))
            .build()
            .ok()
            .filter(|_| !words.is_empty() && !words.contains('\n'));
        Self { words: words.to_owned(), regex, hits: VecDeque::new(), searched: 0 }
    }

    /// The words.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Looks at lines that it has not looked at yet, about `lines` of them at most. True when none is left.
    pub fn go_on(&mut self, book: &LogBook, lines: u64) -> bool {
        let Some(regex) = &self.regex else { return true };
        let kept = self.hits.partition_point(|number| *number < book.first());
        self.hits.drain(..kept);
        self.searched = self.searched.max(book.first());
        let until = self.searched.saturating_add(lines);
        for texts in book.texts(self.searched) {
            for found in regex.find_iter(texts.text()) {
                let number = texts.number(found.start());
                if self.hits.back() != Some(&number) {
                    self.hits.push_back(number);
                }
            }
            self.searched = texts.end();
            if self.searched >= until {
                break;
            }
        }
        self.searched >= book.end()
    }

    /// In how many lines it was found.
    pub fn count(&self) -> usize {
        self.hits.len()
    }

    /// Which of the hits a line is, from 1.
    pub fn place(&self, number: u64) -> Option<usize> {
        self.hits.binary_search(&number).ok().map(|index| index + 1)
    }

    /// The first line that it was found in.
    pub fn first(&self) -> Option<u64> {
        self.hits.front().copied()
    }

    /// The next line behind this one that it was found in.
    pub fn after(&self, number: u64) -> Option<u64> {
        self.hits.get(self.hits.partition_point(|hit| *hit <= number)).copied()
    }

    /// The last line before this one that it was found in.
    pub fn before(&self, number: u64) -> Option<u64> {
        let index = self.hits.partition_point(|hit| *hit < number).checked_sub(1)?;
        self.hits.get(index).copied()
    }

    /// Where in a line it stands.
    pub fn places(&self, text: &str) -> Vec<Range<usize>> {
        self.regex.iter().flat_map(|regex| regex.find_iter(text)).map(|found| found.range()).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::log::{LOG_CAPACITY, Level, LogLine, Source};

    fn line(text: &str) -> LogLine {
        let at = jiff::Timestamp::UNIX_EPOCH;
        LogLine { at, source: Source::Service, level: Level::Normal, text: text.into() }
    }

    #[test]
    fn words_are_found_counted_and_stepped_through() {
        let mut book = LogBook::default();
        book.extend(None, None, ["Error one", "fine", "an error", "error error"].map(line));
        let mut search = Search::new("error");
        assert!(search.go_on(&book, 100));
        assert_eq!(search.count(), 3);
        assert_eq!((search.after(0), search.after(2), search.after(3)), (Some(2), Some(3), None));
        assert_eq!((search.before(3), search.before(0)), (Some(2), None));
        assert_eq!((search.place(2), search.place(1)), (Some(2), None));
        assert_eq!(search.places("error error"), [0..5, 6..11]);
        let mut capital = Search::new("Error");
        capital.go_on(&book, 100);
        assert_eq!(capital.count(), 1);
        book.extend(None, None, ["one more error"].map(line));
        search.go_on(&book, 100);
        assert_eq!(search.count(), 4, "what came later is found, too");
    }

    #[test]
    fn a_line_end_is_never_part_of_what_is_found_and_nothing_is_found_by_no_words() {
        let mut book = LogBook::default();
        book.extend(None, None, ["ab", "cd"].map(line));
        for words in ["bc", "b\nc", ""] {
            let mut search = Search::new(words);
            assert!(search.go_on(&book, 100));
            assert_eq!(search.count(), 0, "{words:?}");
        }
    }

    #[test]
    fn a_long_log_is_searched_piece_by_piece_and_what_fell_out_is_no_hit() {
        let mut book = LogBook::default();
        book.extend(None, None, (0..LOG_CAPACITY).map(|_| line("hit")));
        let mut search = Search::new("hit");
        assert!(!search.go_on(&book, 1_000));
        while !search.go_on(&book, 100_000) {}
        assert_eq!(search.count(), LOG_CAPACITY);
        book.extend(None, None, (0..100).map(|_| line("miss")));
        assert!(search.go_on(&book, 1_000));
        assert_eq!(search.count(), LOG_CAPACITY - 100);
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_a_look_at_every_line_finds(
            lines in proptest::collection::vec("[abé\\n\u{1b}]{0,6}", 0..40),
            words in "[abé]{1,2}",
        ) {
            let mut book = LogBook::default();
            book.extend(None, None, lines.iter().map(|text| line(text)));
            let mut search = Search::new(&words);
            while !search.go_on(&book, 3) {}
            let found: Vec<u64> =
                book.lines().filter(|line| line.text.contains(&words)).map(|line| line.number).collect();
            prop_assert_eq!(search.hits.into_iter().collect::<Vec<_>>(), found);
        }
    }
}
