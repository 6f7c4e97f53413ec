//! What was drawn where, as drawing tells it: for the mouse, for scrolling, and for hits in a text.
//!
//! It is what a person sees at the moment, not what the state says meanwhile: a click means what was there to be clicked.

use ratatui::layout::{Position, Rect};

use crate::tui::keymap::Action;

/// A frame, as far as it can be pointed at and scrolled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Its rows.
    pub height: u16,
    spots: Vec<(Rect, Spot)>,
    /// The text that scrolls, where one does.
    pub text: Option<Page>,
    /// Where the log begins, and how far up it may, where its height can be chosen.
    pub split: Option<Split>,
}

/// Something that can be pointed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// The environment at this place.
    Environment(usize),
    /// The row at this place of the list on screen.
    Row(usize),
    /// The hint of a key.
    Hint(Action),
    /// What is below the pointer scrolls as the screen does.
    Body,
    /// The log.
    Log,
    /// The rule above the log, where it can be drawn.
    Rule,
    /// The entry at this place of what can be picked.
    Entry(usize),
    /// A box in front of everything else.
    Front,
}

/// A text that scrolls.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Its lines.
    pub lines: usize,
    /// How many of them there is room for.
    pub rows: usize,
    /// The lines that have what is looked for.
    pub hits: Vec<usize>,
}

/// A height that can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    /// How many rows the log has.
    pub rows: u16,
    /// How many it can have.
    pub most: u16,
    /// The row below its last one.
    pub bottom: u16,
}

impl Seen {
    /// A frame in which nothing was drawn yet.
    pub(super) fn of_height(height: u16) -> Self {
        Self { height, ..Self::default() }
    }

    /// Takes note of something that was drawn.
    pub(super) fn spot(&mut self, area: Rect, spot: Spot) {
        self.spots.push((area, spot));
    }

    /// What is at this place: of several things the one that was drawn last.
    pub fn at(&self, column: u16, row: u16) -> Option<Spot> {
        let place = Position::new(column, row);
        self.spots.iter().rev().find(|(area, _)| area.contains(place)).map(|(_, spot)| *spot)
    }
}

impl Page {
    /// The first line on screen when the text is scrolled down by `scroll`.
    pub fn top(&self, scroll: usize) -> usize {
        scroll.min(self.last())
    }

    /// The first line on screen when it is scrolled down to its end.
    pub fn last(&self) -> usize {
        self.lines.saturating_sub(self.rows)
    }
}
