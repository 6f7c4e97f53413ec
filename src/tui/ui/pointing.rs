//! The mouse: a click selects, or presses the key whose hint it is on; the wheel scrolls what is below the pointer; the
//! rule above the log can be drawn.
//!
//! A click never confirms: hints are of keys that act, and no letter of a dialog is among them.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::{Outcome, Pane, Pointer, Screen, Ui};
use crate::engine::State;
use crate::tui::keymap::Action;
use crate::tui::seen::Spot;

/// Lines that a notch of the wheel scrolls.
const NOTCH: i64 = 3;

impl Ui {
    /// Handles what the mouse did.
    pub fn point(&mut self, event: MouseEvent, state: &State) -> Outcome {
        if self.audience.blank {
            return Outcome::Redraw;
        }
        let spot = self.seen.at(event.column, event.row);
        match event.kind {
            // The click that brings the window to the front means nothing else.
            MouseEventKind::Down(_) if self.is_away => self.come_back(state),
            MouseEventKind::Down(MouseButton::Left) => return self.click(spot, state),
            MouseEventKind::Drag(MouseButton::Left) if self.pointer == Pointer::Drawing => {
                self.draw_rule(event.row);
            }
            MouseEventKind::Up(_) => self.let_go(),
            MouseEventKind::ScrollUp => self.turn_wheel(spot, -NOTCH, state),
            MouseEventKind::ScrollDown => self.turn_wheel(spot, NOTCH, state),
            _ => {}
        }
        Outcome::Redraw
    }

    /// True while clicks come here, false while the terminal has them.
    pub fn has_mouse(&self) -> bool {
        self.pointer != Pointer::Elsewhere
    }

    /// Nothing is drawn any more.
    pub(super) fn let_go(&mut self) {
        if self.pointer == Pointer::Drawing {
            self.pointer = Pointer::Free;
        }
    }

    fn click(&mut self, spot: Option<Spot>, state: &State) -> Outcome {
        self.notice = None;
        if let Some(Spot::Entry(place)) = spot {
            return self.click_entry(place, state);
        }
        if self.dialog.is_some() || self.menu.is_some() || self.themes.is_open() {
            return Outcome::Redraw;
        }
        match spot {
            Some(Spot::Hint(action)) => return self.act(action, state),
            Some(Spot::Environment(place)) if place == self.selected => {
                self.pane = Pane::Columns;
                return self.act(Action::DrillIn, state);
            }
            Some(Spot::Environment(place)) => {
                self.pane = Pane::Columns;
                self.select(place, state);
            }
            Some(Spot::Row(place)) => return self.click_row(place, state),
            Some(Spot::Rule) => {
                self.pointer = Pointer::Drawing;
                self.pane = Pane::Log;
            }
            Some(Spot::Log) if matches!(self.screen(), Screen::Board) => self.pane = Pane::Log,
            _ => {}
        }
        Outcome::Redraw
    }

    /// Puts the cursor on a row; where it is there already, goes into it. A flow is run by its key alone.
    fn click_row(&mut self, place: usize, state: &State) -> Outcome {
        let page = self.page;
        let moved = match self.screen() {
            Screen::Grid => self.grid.point(place, page),
            Screen::Checks => self.checks.point(place, page),
            _ => match self.cursor_mut() {
                Some(cursor) => std::mem::replace(cursor, place) != place,
                None => true,
            },
        };
        if moved || matches!(self.screen(), Screen::Flows(_)) {
            return Outcome::Redraw;
        }
        self.act(Action::DrillIn, state)
    }

    fn turn_wheel(&mut self, spot: Option<Spot>, by: i64, state: &State) {
        if let Some(menu) = &mut self.menu {
            menu.step(if by < 0 { -1 } else { 1 });
            return;
        }
        if self.dialog.is_some() {
            return;
        }
        match spot {
            Some(Spot::Log | Spot::Rule) => self.log.move_by(&state.log, by),
            Some(Spot::Body | Spot::Row(_)) => {
                let is_list = self.rows(state).is_some();
                self.scroll(state, if is_list { by.signum() } else { by });
            }
            _ => {}
        }
    }

    /// The rule above the log goes to this row.
    fn draw_rule(&mut self, row: u16) {
        if let Some(split) = self.seen.split {
            self.split = Some(split.bottom.saturating_sub(row).clamp(1, split.most.max(1)));
        }
    }

    /// Gives the log more rows, or fewer.
    pub(super) fn draw_log(&mut self, by: i16) {
        if let Some(split) = self.seen.split {
            let rows = self.split.unwrap_or(split.rows).saturating_add_signed(by);
            self.split = Some(rows.clamp(1, split.most.max(1)));
        }
    }

    pub(super) fn toggle_mouse(&mut self) -> Outcome {
        self.pointer = if self.has_mouse() { Pointer::Elsewhere } else { Pointer::Free };
        let words = if self.has_mouse() {
            "the mouse selects and scrolls here again"
        } else {
            "the mouse is the terminal's: select text as everywhere else"
        };
        self.notice = Some(words.to_owned());
        Outcome::Mouse(self.has_mouse())
    }
}
