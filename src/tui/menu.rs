//! Something to pick from a list by typing a few of its letters: the palette, and what can be copied.
//!
//! Picking is never confirming: an entry leads to what its key leads to, and what is dangerous is asked about there.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::domain::Timestamp;
use crate::domain::names::EnvironmentName;
use crate::engine::planning::Request;
use crate::tui::field::Field;
use crate::tui::keymap::Action;

/// What a list is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Everything that can be done.
    Palette,
    /// What can be copied here.
    Copy,
}

/// An entry of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is called; what is typed is looked for here first.
    pub words: String,
    /// A sentence about it, or the beginning of what would be copied.
    pub about: String,
    /// The keys that do the same.
    pub keys: String,
    /// Why it cannot be done now.
    pub off: Option<String>,
    /// What it does.
    pub does: Does,
}

/// What picking an entry does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// What a key does.
    Act(Action),
    /// Makes a plan.
    Plan(EnvironmentName, Request),
    /// Selects the environment at this place, on the board.
    Go(usize),
    /// Takes a theme.
    Theme(String),
    /// Copies a text.
    Copy(String),
}

/// An entry that has what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its place among all entries.
    pub entry: usize,
    /// The characters of its words that were typed, by number.
    pub letters: Vec<u32>,
    score: u32,
}

/// A list that something is picked from.
#[derive(Debug, Clone)]
pub struct Menu {
    /// What it is made from.
    pub kind: Kind,
    field: Field,
    entries: Vec<Entry>,
    found: Vec<Found>,
    cursor: usize,
    /// When its entries were made.
    pub(super) made: Timestamp,
}

/// What a key led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picked {
    /// It goes on.
    Nothing,
    /// Nothing was wanted.
    Closed,
    /// The entry under the cursor is wanted.
    Chosen,
}

impl Menu {
    /// A list to pick from, in the order in which it is shown as long as nothing was typed.
    pub fn new(kind: Kind, entries: Vec<Entry>, made: Timestamp) -> Self {
        let mut menu = Self { kind, field: Field::default(), entries, found: Vec::new(), cursor: 0, made };
        menu.find();
        menu
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        self.field.text()
    }

    /// The entries that have it, the best first.
    pub fn found(&self) -> impl ExactSizeIterator<Item = (&Found, &Entry)> {
        self.found.iter().map(|found| (found, &self.entries[found.entry]))
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when there is nothing to pick.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The place of the cursor among those that were found.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The entry under the cursor.
    pub fn chosen(&self) -> Option<&Entry> {
        self.found.get(self.cursor).map(|found| &self.entries[found.entry])
    }

    /// Puts the cursor on the entry at this place of those that were found; false when it was there already.
    pub(super) fn point(&mut self, place: usize) -> bool {
        let moved = place != self.cursor && place < self.found.len();
        if moved {
            self.cursor = place;
        }
        moved
    }

    /// Moves the cursor; after the last entry comes the first.
    pub(super) fn step(&mut self, by: isize) {
        let count = isize::try_from(self.found.len()).unwrap_or(0).max(1);
        let from = isize::try_from(self.cursor).unwrap_or(0);
        self.cursor = usize::try_from((from + by).rem_euclid(count)).unwrap_or(0);
    }

    /// Takes entries that were made anew. The cursor stays on what it was on, where that is still there.
    pub(super) fn renew(&mut self, entries: Vec<Entry>, made: Timestamp) {
        self.made = made;
        if entries == self.entries {
            return;
        }
        let chosen = self.chosen().map(|entry| entry.words.clone());
        self.entries = entries;
        self.find();
        let again = self.found.iter().position(|it| Some(&self.entries[it.entry].words) == chosen.as_ref());
        self.cursor = again.unwrap_or(0);
    }

    /// Handles a key.
    pub(super) fn press(&mut self, event: &KeyEvent) -> Picked {
        let has_control = event.modifiers.contains(KeyModifiers::CONTROL);
        match event.code {
            KeyCode::Esc => return Picked::Closed,
            KeyCode::Char('c') if has_control => return Picked::Closed,
            KeyCode::Enter if self.chosen().is_some() => return Picked::Chosen,
            KeyCode::Up => self.step(-1),
            KeyCode::Down => self.step(1),
            KeyCode::Char('p') if has_control => self.step(-1),
            KeyCode::Char('n') if has_control => self.step(1),
            // Backing out of nothing leaves, as in a command line.
            KeyCode::Backspace if self.text().is_empty() => return Picked::Closed,
            _ if self.field.type_key(event) => self.find(),
            _ => {}
        }
        Picked::Nothing
    }

    /// Takes what was pasted as if it had been typed; it picks nothing.
    pub(super) fn paste(&mut self, text: &str) {
        self.field.paste(text);
        self.find();
    }

    /// Works out which entries have what was typed, the best first; of equals the one that stood first.
    fn find(&mut self) {
        self.cursor = 0;
        let pattern = Pattern::parse(self.field.text(), CaseMatching::Smart, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut characters = Vec::new();
        let mut found: Vec<Found> = Vec::new();
        for (place, entry) in self.entries.iter().enumerate() {
            let mut letters = Vec::new();
            let words = Utf32Str::new(&entry.words, &mut characters);
            let (score, letters) = if let Some(score) = pattern.indices(words, &mut matcher, &mut letters) {
                // What it is called counts more than what is said about it.
                (score.saturating_mul(2), letters)
            } else {
                let about = format!("{} {}", entry.words, entry.about);
                let about = Utf32Str::new(&about, &mut characters);
                let Some(score) = pattern.score(about, &mut matcher) else { continue };
                (score / 2, Vec::new())
            };
            found.push(Found { entry: place, letters, score });
        }
        if !self.field.is_blank() {
            found.sort_by_key(|found| std::cmp::Reverse(found.score));
        }
        self.found = found;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn menu(words: &[&str]) -> Menu {
        let entry = |words: &&str| Entry {
            words: (*words).to_owned(),
            about: String::new(),
            keys: String::new(),
            off: None,
            does: Does::Act(Action::Help),
        };
        Menu::new(Kind::Palette, words.iter().map(entry).collect(), Timestamp::UNIX_EPOCH)
    }

    fn found(menu: &Menu) -> Vec<&str> {
        menu.found().map(|(_, entry)| entry.words.as_str()).collect()
    }

    #[test]
    fn a_few_letters_find_an_entry_and_are_told() {
        let mut menu = menu(&["promote test v1.2.0", "promote prod v1.2.0", "go to prod"]);
        menu.paste("prtest12");
        assert_eq!(found(&menu), ["promote test v1.2.0"]);
        let (first, _) = menu.found().next().unwrap();
        assert_eq!(first.letters.len(), 8);
        menu.paste("zzz");
        assert!(found(&menu).is_empty());
        assert_eq!(menu.press(&KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)), Picked::Nothing);
    }

    #[test]
    fn the_cursor_goes_round_and_stays_on_its_entry() {
        let mut menu = menu(&["one", "two", "three"]);
        menu.press(&KeyEvent::new(KeyCode::Up, KeyModifiers::NONE));
        assert_eq!(menu.chosen().unwrap().words, "three");
        let entries = menu.entries.iter().rev().cloned().collect();
        menu.renew(entries, Timestamp::UNIX_EPOCH);
        assert_eq!((menu.cursor(), menu.chosen().unwrap().words.as_str()), (0, "three"));
    }
}
