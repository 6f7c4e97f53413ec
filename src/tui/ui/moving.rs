//! Moving: to an environment, to a pane, up and down in whatever is on screen.

use super::{HeldAgainst, Outcome, Pane, Screen, Ui};
use crate::engine::State;
use crate::tui::keymap::Action;

impl Ui {
    /// Moves, and changes nothing else.
    pub(super) fn go(&mut self, action: Action, state: &State) -> Outcome {
        match action {
            Action::Left | Action::Right if matches!(self.screen(), Screen::Plan(..)) => {
                return self.other_release(action == Action::Right, state);
            }
            Action::Left | Action::Right if matches!(self.screen(), Screen::Schemas(_)) => {
                self.hold_against(action == Action::Right, state);
            }
            Action::Left | Action::Right if matches!(self.screen(), Screen::Log) => {
                self.log.move_sideways(action == Action::Right);
            }
            Action::Left if matches!(self.screen(), Screen::Grid) => {
                self.grid.first_column = self.grid.first_column.saturating_sub(1);
            }
            Action::Right if matches!(self.screen(), Screen::Grid) => {
                let last = state.environments.len().saturating_sub(1);
                self.grid.first_column = (self.grid.first_column + 1).min(last);
            }
            Action::Left => self.selected = self.selected.saturating_sub(1),
            Action::Right => self.select(self.selected + 1, state),
            Action::Environment(number) => self.select(usize::from(number), state),
            Action::NextPane => {
                self.pane = if self.pane == Pane::Columns { Pane::Log } else { Pane::Columns };
            }
            Action::Up => self.scroll(state, -1),
            Action::Down => self.scroll(state, 1),
            Action::PageUp => self.scroll(state, -i64::from(self.page / 2)),
            Action::PageDown => self.scroll(state, i64::from(self.page / 2)),
            Action::First => self.scroll(state, i64::MIN),
            Action::Last => self.scroll(state, i64::MAX),
            _ => {}
        }
        Outcome::Redraw
    }

    pub(super) fn select(&mut self, index: usize, state: &State) {
        if index < state.environments.len() {
            self.selected = index;
        }
    }

    /// Moves what is on screen by some lines, or the cursor by some rows.
    pub(super) fn scroll(&mut self, state: &State, by: i64) {
        let (page, text) = (self.page, self.seen.text.clone());
        if let Some(rows) = self.rows(state) {
            if let Some(cursor) = self.cursor_mut() {
                *cursor = moved((*cursor).min(rows.saturating_sub(1)), by).min(rows.saturating_sub(1));
            }
            return;
        }
        match self.screen_mut() {
            None | Some(Screen::Log | Screen::Board) => self.log.move_by(&state.log, by),
            Some(Screen::Grid) => self.grid.scroll(by, page),
            Some(Screen::Checks) => self.checks.scroll(by, page),
            Some(screen) => {
                let is_followed = matches!(screen, Screen::Journal(_));
                let Some(scroll) = scroll_of(screen) else { return };
                let last = text.map_or(usize::MAX, |text| text.last());
                *scroll = moved((*scroll).min(last), by).min(last);
                // At its end it stays there, whatever comes.
                if is_followed && *scroll == last {
                    *scroll = usize::MAX;
                }
            }
        }
    }

    /// The cursor of the list on top, where a number in its screen is it.
    pub(super) fn cursor_mut(&mut self) -> Option<&mut usize> {
        match self.screen_mut() {
            Some(
                Screen::Approvals(cursor)
                | Screen::Reconcile(cursor)
                | Screen::Flows(cursor)
                | Screen::History(cursor),
            ) => Some(cursor),
            _ => None,
        }
    }
}

/// How far the text of a screen is scrolled down; `None` where it is no text.
pub(super) fn scroll_of(screen: &mut Screen) -> Option<&mut usize> {
    match screen {
        Screen::Plan(_, scroll)
        | Screen::Detail(scroll)
        | Screen::Flow(scroll)
        | Screen::Changeset(_, scroll)
        | Screen::Schemas(HeldAgainst { scroll, .. })
        | Screen::Locks(scroll)
        | Screen::Finding(scroll)
        | Screen::Past(_, scroll)
        | Screen::Journal(scroll)
        | Screen::Help(scroll) => Some(scroll),
        _ => None,
    }
}

fn moved(from: usize, by: i64) -> usize {
    let from = i64::try_from(from).unwrap_or(i64::MAX);
    usize::try_from(from.saturating_add(by).max(0)).unwrap_or(usize::MAX)
}
