//! Looking for words: on whichever screen is on top, in the list, the text or the log that it shows.

use crossterm::event::KeyEvent;

use super::moving::scroll_of;
use super::{Pane, Screen, Ui};
use crate::engine::State;
use crate::tui::keymap::Action;
use crate::tui::search::{Jump, Search, Words};
use crate::tui::seen::Seen;

impl Ui {
    /// What is looked for on the screen on top.
    pub fn search(&self) -> &Search {
        static NOTHING: std::sync::LazyLock<Search> = std::sync::LazyLock::new(Search::default);
        self.layers.last().map_or(&NOTHING, |layer| &layer.search)
    }

    pub(super) fn search_mut(&mut self) -> &mut Search {
        let last = self.layers.len().saturating_sub(1);
        &mut self.layers[last].search
    }

    /// The words that are looked for on the topmost screen of this kind.
    pub(super) fn words_on(&self, is_meant: impl Fn(&Screen) -> bool) -> Words {
        let layer = self.layers.iter().rev().find(|layer| is_meant(&layer.screen));
        layer.map(|layer| layer.search.words()).unwrap_or_default()
    }

    /// True when it is the log that is looked through.
    pub fn searches_log(&self) -> bool {
        matches!(self.screen(), Screen::Board | Screen::Log | Screen::Flow(_))
    }

    /// How many hits there are, and which of them is the one at hand, from 0.
    pub fn hits(&self, state: &State, seen: &Seen) -> (Option<usize>, usize) {
        if self.searches_log() {
            return self.log.hits(&state.log);
        }
        match self.screen() {
            Screen::Grid => (Some(self.grid.cursor()), self.grid.shown().len()),
            Screen::Checks => {
                let (cursor, count) = self.checks.place();
                (Some(cursor), count)
            }
            Screen::Approvals(cursor)
            | Screen::Reconcile(cursor)
            | Screen::Flows(cursor)
            | Screen::History(cursor) => (Some(*cursor), self.rows(state).unwrap_or(0)),
            _ => {
                let hits = seen.text.as_ref().map_or(&[][..], |text| &text.hits);
                let at = self.search().at.and_then(|at| hits.binary_search(&at).ok());
                (at, hits.len())
            }
        }
    }

    /// Begins to type words.
    pub(super) fn find(&mut self, state: &State) {
        if matches!(self.screen(), Screen::Board) {
            self.pane = Pane::Log;
        }
        self.search_mut().is_typing = true;
        self.look_for_it(state);
    }

    /// Handles a key while words are typed; false when it is none for that.
    pub(super) fn type_words(&mut self, event: &KeyEvent, state: &State) -> bool {
        if !self.search_mut().type_key(event) {
            return false;
        }
        self.look_for_it(state);
        if !self.search().is_typing {
            // Keys that were meant for the words confirm nothing, however quickly they come.
            self.read_anew(state);
        }
        true
    }

    /// Takes note that other words are looked for than before.
    pub(super) fn look_for_it(&mut self, state: &State) {
        let (words, page) = (self.search().words(), self.page);
        match self.screen() {
            Screen::Grid => {
                self.grid.filter_by(words, page);
                return;
            }
            Screen::Checks => {
                self.checks.filter_by(words, page);
                return;
            }
            _ => {}
        }
        if let Some(cursor) = self.cursor_mut() {
            *cursor = 0;
            return;
        }
        if self.searches_log() {
            self.watch_log(state);
            self.log.go_to_newest(&state.log);
            return;
        }
        let search = self.search_mut();
        search.at = None;
        search.jump = Some(Jump::Nearest).filter(|_| !words.is_empty());
    }

    /// Goes to the next hit, or the one before.
    pub(super) fn go_to_hit(&mut self, is_forward: bool, state: &State) {
        let jump = if is_forward { Jump::Next } else { Jump::Previous };
        let page = self.page;
        let rows = self.rows(state).unwrap_or(0).max(1);
        if let Some(cursor) = self.cursor_mut() {
            *cursor = (*cursor + if is_forward { 1 } else { rows - 1 }) % rows;
            return;
        }
        match self.screen() {
            Screen::Grid => {
                if !self.grid.jump(is_forward, page) {
                    self.notice = Some("no row differs".to_owned());
                }
            }
            Screen::Checks => drop(self.checks.jump(is_forward, page)),
            _ if !self.search().is_on() => {
                let key = self.keymap.key_of(Action::Find);
                self.notice = Some(format!("{key} says what to look for first"));
            }
            _ if self.searches_log() => drop(self.log.jump(&state.log, is_forward)),
            _ => self.search_mut().jump = Some(jump),
        }
    }

    /// Takes note of what was written to the log, and of what is looked for in it.
    pub(super) fn watch_log(&mut self, state: &State) {
        let words = if self.searches_log() { self.search().text().trim().to_owned() } else { String::new() };
        if self.log.search().map_or("", |search| search.words()) == words {
            self.log.watch(&state.log);
        } else {
            self.log.look_for(&words, &state.log);
        }
    }

    /// Takes note of what was drawn where. True when a hit is gone to, so that the frame has to be drawn again.
    pub fn saw(&mut self, seen: Seen) -> bool {
        self.page = seen.height;
        let text = seen.text.clone();
        self.seen = seen;
        let Some(text) = text else { return false };
        let Some(layer) = self.layers.last_mut() else { return false };
        let (search, Some(scroll)) = (&mut layer.search, scroll_of(&mut layer.screen)) else { return false };
        let Some(jump) = search.jump.take() else { return false };
        let Some(hit) = jump.to(&text.hits, search.at, text.top(*scroll)) else { return false };
        search.at = Some(hit);
        let is_on_screen = (text.top(*scroll)..text.top(*scroll) + text.rows).contains(&hit);
        if !is_on_screen {
            *scroll = hit.saturating_sub(text.rows / 3).min(text.last());
        }
        true
    }
}
