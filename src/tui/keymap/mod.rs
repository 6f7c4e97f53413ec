//! Action, keys, words and the reason for being off. Dispatch, footer, help and palette read the same table.
//!
//! The letters that confirm something in a dialog are deliberately absent: they cannot be bound to anything else, so
//! that nobody's configuration makes a harmless key confirm.

mod action;
mod bindings;
mod key;
mod reasons;
mod rebinding;

use crossterm::event::KeyEvent;

use crate::domain::plan::Direction;
use crate::engine::State;
use crate::engine::planning::Planning;
use crate::tui::ui::{Pane, Screen, Ui};

pub use action::Action;
pub use bindings::bindings;
pub use key::Key;
pub(super) use reasons::{busy, of_next, off, off_on_board};

/// One row of the key map.
#[derive(Debug)]
pub struct Binding {
    /// What it does.
    pub action: Action,
    /// The keys as long as nobody chose others, the one to show first.
    keys: &'static [Key],
    /// The word in the footer; empty keeps it out of there.
    pub label: &'static str,
    /// The sentence in the help.
    pub about: &'static str,
    /// Where it works.
    pub place: Place,
    /// How important its hint is; lower survives longer on a narrow screen.
    pub rank: u8,
}

/// Where a binding works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Everywhere but in a text field.
    Anywhere,
    /// The same, but not on a plan.
    OffPlan,
    /// On the board.
    Board,
    /// On the plan, whichever way it leads.
    Plan,
    /// On a plan that leads forward.
    WayForward,
    /// On a plan that leads back.
    WayBack,
    /// On what waits for approval.
    Approvals,
    /// On what became of runs.
    Reconcile,
    /// On the list of flows.
    Flows,
    /// On the flow that runs, or ran last.
    Flow,
    /// On the grid.
    Grid,
    /// On the checks.
    Checks,
    /// On what ran, and on one of it.
    History,
    /// On two schemas that are held against each other.
    Schemas,
    /// On the log, where it has the whole screen.
    LogAlone,
    /// On every screen above the board.
    Above,
    /// Wherever there is something to scroll.
    Scrolling,
    /// Wherever the log is.
    Log,
}

/// The key map as it is used: the keys that the table gives, but for actions that the configuration gives others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keymap {
    chosen: Vec<(Action, Vec<Key>)>,
}

impl Keymap {
    /// The keys of a binding, the one to show first.
    pub fn keys(&self, binding: &Binding) -> &[Key] {
        let chosen = self.chosen.iter().find(|(action, _)| *action == binding.action);
        chosen.map_or(binding.keys, |(_, keys)| keys)
    }

    /// The key to show for an action.
    pub fn key_of(&self, action: Action) -> String {
        let binding = bindings().find(|binding| binding.action == action);
        binding.and_then(|binding| self.keys(binding).first()).map(|key| key.name()).unwrap_or_default()
    }

    /// What `event` does where the operator is now.
    pub(super) fn resolve(&self, event: &KeyEvent, ui: &Ui, state: &State) -> Option<&'static Binding> {
        bindings().find(|binding| {
            works(binding.place, ui, state) && self.keys(binding).iter().any(|key| key.matches(event))
        })
    }
}

/// The bindings that work where the operator is now.
pub(super) fn active(ui: &Ui, state: &State) -> impl Iterator<Item = &'static Binding> {
    bindings().filter(|binding| works(binding.place, ui, state))
}

fn works(place: Place, ui: &Ui, state: &State) -> bool {
    let is_log = matches!((ui.screen(), ui.pane), (Screen::Log, _) | (Screen::Board, Pane::Log));
    match place {
        Place::Anywhere => true,
        Place::OffPlan => !matches!(ui.screen(), Screen::Plan(..)),
        Place::Board => matches!(ui.screen(), Screen::Board),
        Place::Plan => matches!(ui.screen(), Screen::Plan(..)),
        Place::WayForward => matches!(ui.screen(), Screen::Plan(..)) && leads(state, Direction::Forward),
        Place::WayBack => matches!(ui.screen(), Screen::Plan(..)) && leads(state, Direction::Back),
        Place::Approvals => matches!(ui.screen(), Screen::Approvals(_)),
        Place::Reconcile => matches!(ui.screen(), Screen::Reconcile(_)),
        Place::Flows => matches!(ui.screen(), Screen::Flows(_)),
        Place::Flow => matches!(ui.screen(), Screen::Flow(_)),
        Place::Grid => matches!(ui.screen(), Screen::Grid),
        Place::Checks => matches!(ui.screen(), Screen::Checks),
        Place::History => matches!(ui.screen(), Screen::History(_) | Screen::Past(..)),
        Place::Schemas => matches!(ui.screen(), Screen::Schemas(_)),
        Place::LogAlone => matches!(ui.screen(), Screen::Log),
        Place::Above => !matches!(ui.screen(), Screen::Board),
        Place::Log => is_log,
        Place::Scrolling => is_log || !matches!(ui.screen(), Screen::Board),
    }
}

fn leads(state: &State, direction: Direction) -> bool {
    matches!(&state.planning, Planning::Ready(prepared) if prepared.plan.direction() == direction)
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyModifiers};

    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        assert_eq!(rebinding::conflicts(&Keymap::default()), [] as [String; 0]);
    }

    fn nothing() -> State {
        let id = crate::domain::names::DemoId::parse("demo1").unwrap();
        State::new(id, "", "", Vec::new(), std::time::Duration::ZERO)
    }

    #[test]
    fn a_capital_letter_is_the_same_with_and_without_shift() {
        for modifiers in [KeyModifiers::NONE, KeyModifiers::SHIFT] {
            let event = KeyEvent::new(KeyCode::Char('L'), modifiers);
            let ui = Ui::new(jiff::tz::TimeZone::UTC, "dark");
            let resolved = ui.keymap.resolve(&event, &ui, &nothing());
            assert_eq!(resolved.map(|binding| binding.action), Some(Action::Logs));
        }
    }
}
