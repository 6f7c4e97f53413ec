//! Two schemas that are held against each other: which, and what of their differences is shown.

use super::{Screen, Ui};
use crate::engine::{EnvironmentState, State};
use crate::tui::keymap::Action;

/// What the schema of the selected environment is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldAgainst {
    /// The other environment, by position.
    place: usize,
    /// Scrolled down by some lines.
    pub scroll: usize,
    /// True when what only looks different is shown as well.
    pub with_cosmetic: bool,
}

impl HeldAgainst {
    /// The other environment; `None` where there is only one.
    pub fn other<'a>(&self, selected: usize, state: &'a State) -> Option<&'a EnvironmentState> {
        state.environments.get(self.place).filter(|_| self.place != selected)
    }
}

impl Ui {
    /// Opens what holds environments against each other.
    pub(super) fn compare(&mut self, action: Action, state: &State) {
        match action {
            Action::Schemas => self.open_schemas(state),
            Action::Locks => self.open(Screen::Locks(0)),
            _ => self.open_grid(state),
        }
    }

    /// Holds the selected environment against the one that it follows, or else against its neighbour.
    fn open_schemas(&mut self, state: &State) {
        let before = self.environment(state).and_then(|it| it.environment.after.first());
        let place = state.environments.iter().position(|it| Some(&it.environment.name) == before);
        let place = place.unwrap_or(if self.selected == 0 { 1 } else { self.selected - 1 });
        self.open(Screen::Schemas(HeldAgainst { place, scroll: 0, with_cosmetic: false }));
    }

    /// Holds it against the next environment, or the one before.
    pub(super) fn hold_against(&mut self, is_next: bool, state: &State) {
        let selected = self.selected;
        let Some(Screen::Schemas(held)) = self.screen_mut() else { return };
        let step = if is_next { 1 } else { -1 };
        let count = state.environments.len();
        let place = |steps: isize| held.place.checked_add_signed(step * steps).filter(|place| *place < count);
        // Nothing is held against itself.
        if let Some(place) = place(1).filter(|place| *place != selected).or_else(|| place(2)) {
            (held.place, held.scroll) = (place, 0);
        }
    }

    pub(super) fn toggle_cosmetic(&mut self) {
        if let Some(Screen::Schemas(held)) = self.screen_mut() {
            held.with_cosmetic = !held.with_cosmetic;
        }
    }
}
