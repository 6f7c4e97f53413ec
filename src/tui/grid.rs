//! What only the console knows of the grid: which rows are shown, where the cursor stands, what is filtered.
//!
//! The rows that are shown are worked out when the grid or the filter changes, never while drawing. The cursor stays on
//! its changeset, and that in its line, whatever a refresh brings.

use std::sync::Arc;

use crate::domain::changelog::ChangesetId;
use crate::domain::grid::Grid;
use crate::engine::State;
use crate::tui::search::Words;

/// Lines of the screen that are no rows: header and footer, the title, three lines of heads, three below the rows.
const CHROME: u16 = 2 + 1 + 3 + 3;

/// The view state of the grid.
#[derive(Debug, Clone, Default)]
pub struct GridView {
    grid: Option<Arc<Grid>>,
    /// The rows of the grid that are shown, in order.
    shown: Vec<usize>,
    /// The place of the cursor among them.
    cursor: usize,
    /// The place of the first one on screen among them.
    top: usize,
    /// The first environment on screen, when they do not all fit.
    pub first_column: usize,
    /// What rows have to contain.
    words: Words,
    /// True when rows without a difference are left out.
    pub only_differences: bool,
}

impl GridView {
    /// Takes note of a new state; `page` are the rows of the terminal.
    pub fn watch(&mut self, state: &State, page: u16) {
        let Some(fresh) = state.grid_anew(self.grid.as_deref()) else { return };
        let under_cursor = self.id().cloned();
        let line = self.cursor.saturating_sub(self.top);
        self.grid = Some(Arc::new(fresh));
        self.select_rows(under_cursor.as_ref());
        self.top = self.cursor.saturating_sub(line);
        self.keep_in_sight(page);
    }

    /// The grid.
    pub fn grid(&self) -> Option<&Grid> {
        self.grid.as_deref()
    }

    /// The rows that are shown, in order.
    pub fn shown(&self) -> &[usize] {
        &self.shown
    }

    /// The place of the cursor among the rows that are shown.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The place of the first row on screen among them.
    pub fn top(&self) -> usize {
        self.top
    }

    /// True when rows are left out because they do not have what is looked for.
    pub fn is_filtered(&self) -> bool {
        !self.words.is_empty()
    }

    /// The row under the cursor.
    pub fn row(&self) -> Option<usize> {
        self.shown.get(self.cursor).copied()
    }

    /// The changeset under the cursor.
    pub fn id(&self) -> Option<&ChangesetId> {
        self.grid.as_ref()?.id(self.row()?)
    }

    /// Moves the cursor by some rows, as far as there are any.
    pub fn scroll(&mut self, by: i64, page: u16) {
        let from = i64::try_from(self.cursor).unwrap_or(i64::MAX);
        let to = usize::try_from(from.saturating_add(by).max(0)).unwrap_or(usize::MAX);
        self.cursor = to.min(self.shown.len().saturating_sub(1));
        self.keep_in_sight(page);
    }

    /// Moves the cursor to the next row that was asked for: of a filter any row, else one that differs. After the last
    /// comes the first. False when there is none.
    pub fn jump(&mut self, is_forward: bool, page: u16) -> bool {
        let Some(grid) = &self.grid else { return false };
        let count = self.shown.len();
        let is_wanted = |place: &usize| self.is_filtered() || grid.differs(self.shown[*place]);
        let after = (1..=count).map(|step| (self.cursor + step) % count);
        let before = (1..=count).map(|step| (self.cursor + count - step) % count);
        let found =
            if is_forward { after.into_iter().find(is_wanted) } else { before.into_iter().find(is_wanted) };
        if let Some(place) = found {
            self.cursor = place;
            self.keep_in_sight(page);
        }
        found.is_some()
    }

    /// Leaves rows without a difference out, or shows them again.
    pub fn toggle_differences(&mut self, page: u16) {
        self.only_differences = !self.only_differences;
        self.filter_again(page);
    }

    /// Shows only rows with these words.
    pub fn filter_by(&mut self, words: Words, page: u16) {
        if words != self.words {
            self.words = words;
            self.filter_again(page);
        }
    }

    /// Puts the cursor on a row by its place among those that are shown; false when it was there already.
    pub fn point(&mut self, place: usize, page: u16) -> bool {
        let moved = place != self.cursor && place < self.shown.len();
        if moved {
            self.cursor = place;
            self.keep_in_sight(page);
        }
        moved
    }

    fn filter_again(&mut self, page: u16) {
        let under_cursor = self.id().cloned();
        self.select_rows(under_cursor.as_ref());
        self.keep_in_sight(page);
    }

    /// Works out which rows are shown, and puts the cursor back on its changeset, else where it stood.
    fn select_rows(&mut self, under_cursor: Option<&ChangesetId>) {
        let Some(grid) = &self.grid else { return };
        let is_shown =
            |row: &usize| (!self.only_differences || grid.differs(*row)) && matches(grid, *row, &self.words);
        self.shown = (0..grid.len()).filter(is_shown).collect();
        let row = under_cursor.and_then(|id| grid.position(id));
        let place = row.map(|row| self.shown.binary_search(&row).unwrap_or_else(|after| after));
        self.cursor = place.unwrap_or(self.cursor).min(self.shown.len().saturating_sub(1));
    }

    /// Scrolls as little as it takes to have the cursor on screen.
    fn keep_in_sight(&mut self, page: u16) {
        let rows = rows(page);
        self.top = self.top.min(self.cursor).max((self.cursor + 1).saturating_sub(rows));
    }
}

/// How many rows of the grid a terminal of this height shows.
pub fn rows(page: u16) -> usize {
    let teach = u16::from(page >= super::views::TEACH_FROM);
    usize::from(page.saturating_sub(CHROME + teach)).max(1)
}

/// True when a row has all of these words in its path, its id, its author or its states.
fn matches(grid: &Grid, row: usize, words: &Words) -> bool {
    if words.is_empty() {
        return true;
    }
    let Some(id) = grid.id(row) else { return false };
    let text = format!("{}\n{}\n{}", id.path, id.id, id.author).to_lowercase();
    words
        .iter()
        .all(|word| text.contains(word) || grid.marks(row).any(|(_, mark)| mark.word().contains(word)))
}
