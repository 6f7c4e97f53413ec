//! One level back, and out.

use super::{Outcome, Pane, Screen, Ui};
use crate::engine::State;
use crate::engine::event::Intent;

impl Ui {
    pub(super) fn back(&mut self, state: &State) -> Outcome {
        if self.search().is_on() {
            self.search_mut().clear();
            self.look_for_it(state);
            self.read_anew(state);
            return Outcome::Redraw;
        }
        self.leave_screen(state)
    }

    /// Goes back to the screen below.
    fn leave_screen(&mut self, state: &State) -> Outcome {
        if self.layers.len() == 1 {
            self.pane = Pane::Columns;
            self.log.follow();
            return Outcome::Redraw;
        }
        let left = self.layers.pop();
        // What is below was covered.
        self.read_anew(state);
        if left.is_some_and(|layer| matches!(layer.screen, Screen::Plan(..))) {
            return Outcome::Intent(Intent::Dismiss);
        }
        Outcome::Redraw
    }

    pub(super) fn quit(&mut self, state: &State) -> Outcome {
        if self.layers.len() > 1 {
            return self.leave_screen(state);
        }
        if state.running().next().is_some() {
            self.is_leaving = true;
            self.notice = Some("lockstep leaves when the promotion has ended".to_owned());
            return Outcome::Redraw;
        }
        if state.flow.as_ref().is_some_and(|flow| !flow.is_over()) {
            self.is_leaving = true;
            self.notice = Some("lockstep leaves when the flow has ended".to_owned());
            return Outcome::Redraw;
        }
        if state.is_reporting() && !self.is_leaving {
            self.is_leaving = true;
            self.notice = Some("lockstep leaves when the report is written".to_owned());
            return Outcome::Redraw;
        }
        Outcome::Leave
    }
}
