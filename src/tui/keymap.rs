//! Action, keys, words and the reason for being off: one table. Dispatch, footer and help read it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::domain::plan::Direction;
use crate::engine::State;
use crate::engine::planning::Planning;
use crate::tui::ui::{Pane, Screen, Ui};

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// To the environment at the left, or the release before.
    Left,
    /// To the environment at the right, or the release after.
    Right,
    /// One line up.
    Up,
    /// One line down.
    Down,
    /// Half a page up.
    PageUp,
    /// Half a page down.
    PageDown,
    /// To the beginning.
    First,
    /// To the end.
    Last,
    /// To the environment with this number, from 0.
    Environment(u8),
    /// To the next pane.
    NextPane,
    /// Into what is selected. Never confirms anything.
    DrillIn,
    /// One level back.
    Back,
    /// Makes the plan for the selected environment.
    Promote,
    /// Holds what would begin by itself.
    Hold,
    /// Makes the plan for the way back of the selected environment; on that plan, asks to carry it out.
    RollBack,
    /// The way back with the schema left as it is, and with it.
    AppOnly,
    /// Makes the plan of the run that failed in the selected environment once more.
    Retry,
    /// Asks to mark the failure that the selected environment shows as resolved.
    Resolve,
    /// Asks to abort what runs in the selected environment.
    Abort,
    /// Changesets by environments.
    Drift,
    /// Types a filter.
    Filter,
    /// To the next match, or the next difference.
    Next,
    /// To the one before.
    Previous,
    /// Only what differs, or everything.
    Differences,
    /// The log on the whole screen, and back.
    Logs,
    /// Follows the log.
    Follow,
    /// Looks at everything again.
    Refresh,
    /// The next theme.
    Theme,
    /// Every key that works here.
    Help,
    /// Leaves.
    Quit,
}

/// One row of the key map.
pub struct Binding {
    /// What it does.
    pub action: Action,
    /// The keys, the one to show first.
    pub keys: &'static [Key],
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
    /// On the board.
    Board,
    /// On the plan, whichever way it leads.
    Plan,
    /// On a plan that leads back.
    WayBack,
    /// On the grid.
    Grid,
    /// On every screen above the board.
    Above,
    /// Wherever there is something to scroll.
    Scrolling,
    /// Wherever the log is.
    Log,
}

/// A key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(KeyCode, KeyModifiers);

const fn key(code: KeyCode) -> Key {
    Key(code, KeyModifiers::NONE)
}

const fn letter(c: char) -> Key {
    Key(KeyCode::Char(c), KeyModifiers::NONE)
}

const fn control(c: char) -> Key {
    Key(KeyCode::Char(c), KeyModifiers::CONTROL)
}

const fn row(
    action: Action,
    keys: &'static [Key],
    label: &'static str,
    about: &'static str,
    place: Place,
    rank: u8,
) -> Binding {
    Binding { action, keys, label, about, place, rank }
}

/// Every binding. The order is that of help and footer.
pub const BINDINGS: &[Binding] = &[
    row(
        Action::Promote,
        &[letter('p')],
        "promote",
        "Make the plan for the selected environment",
        Place::Board,
        2,
    ),
    row(
        Action::RollBack,
        &[letter('R')],
        "roll back",
        "Make the plan for the way back of the selected environment",
        Place::Board,
        4,
    ),
    row(
        Action::RollBack,
        &[letter('R')],
        "roll back",
        "Carry this plan out: asks for the name of the environment and for a reason",
        Place::WayBack,
        1,
    ),
    row(
        Action::AppOnly,
        &[letter('o')],
        "app only",
        "Leave the schema as it is, or let it go back too",
        Place::WayBack,
        3,
    ),
    row(
        Action::DrillIn,
        &[key(KeyCode::Enter)],
        "details",
        "Everything about the selected environment",
        Place::Board,
        4,
    ),
    row(
        Action::Drift,
        &[letter('d')],
        "drift",
        "Changesets by environments: what is pending, edited, unexpected, out of order",
        Place::Board,
        4,
    ),
    row(
        Action::Retry,
        &[letter('r')],
        "try again",
        "Plan once more what failed in the selected environment; what is done is skipped",
        Place::Board,
        2,
    ),
    row(
        Action::Resolve,
        &[letter('c')],
        "mark resolved",
        "Mark the failure that an environment shows as resolved, with a reason",
        Place::Board,
        3,
    ),
    row(
        Action::Abort,
        &[letter('X')],
        "abort",
        "Stop what runs in the selected environment; says first what exactly that would do",
        Place::Board,
        1,
    ),
    row(
        Action::Left,
        &[key(KeyCode::Left), letter('h')],
        "",
        "Select the environment at the left",
        Place::Board,
        9,
    ),
    row(
        Action::Right,
        &[key(KeyCode::Right), letter('l')],
        "",
        "Select the environment at the right",
        Place::Board,
        9,
    ),
    row(
        Action::Left,
        &[key(KeyCode::Left), letter('h')],
        "earlier release",
        "Plan the release before this one",
        Place::Plan,
        5,
    ),
    row(
        Action::Right,
        &[key(KeyCode::Right), letter('l')],
        "later release",
        "Plan the release after this one",
        Place::Plan,
        5,
    ),
    row(Action::DrillIn, &[key(KeyCode::Enter)], "details", "Everything about the changeset", Place::Grid, 3),
    row(
        Action::Filter,
        &[letter('/')],
        "filter",
        "Only rows with these words in path, id, author or state; esc puts it away",
        Place::Grid,
        3,
    ),
    row(
        Action::Differences,
        &[letter('o')],
        "only differences",
        "Leave out what is applied everywhere, and back",
        Place::Grid,
        4,
    ),
    row(
        Action::Next,
        &[letter('n')],
        "next",
        "To the next match; without a filter to the next difference",
        Place::Grid,
        5,
    ),
    row(Action::Previous, &[letter('N')], "", "To the one before", Place::Grid, 9),
    row(
        Action::Left,
        &[key(KeyCode::Left), letter('h')],
        "",
        "Environments at the left, when not all fit",
        Place::Grid,
        9,
    ),
    row(
        Action::Right,
        &[key(KeyCode::Right), letter('l')],
        "",
        "Environments at the right, when not all fit",
        Place::Grid,
        9,
    ),
    row(
        Action::Environment(0),
        &[letter('1')],
        "",
        "Select the first environment; 2, 3 … the others",
        Place::Board,
        9,
    ),
    row(Action::Environment(1), &[letter('2')], "", "", Place::Board, 9),
    row(Action::Environment(2), &[letter('3')], "", "", Place::Board, 9),
    row(Action::Environment(3), &[letter('4')], "", "", Place::Board, 9),
    row(Action::Environment(4), &[letter('5')], "", "", Place::Board, 9),
    row(Action::Environment(5), &[letter('6')], "", "", Place::Board, 9),
    row(Action::Environment(6), &[letter('7')], "", "", Place::Board, 9),
    row(Action::Environment(7), &[letter('8')], "", "", Place::Board, 9),
    row(Action::Environment(8), &[letter('9')], "", "", Place::Board, 9),
    row(Action::NextPane, &[key(KeyCode::Tab)], "", "Move between the board and the log", Place::Board, 8),
    row(Action::Logs, &[letter('L')], "logs", "The log on the whole screen, and back", Place::Anywhere, 5),
    row(Action::Follow, &[letter('f')], "follow", "Follow the end of the log", Place::Log, 6),
    row(Action::Up, &[key(KeyCode::Up), letter('k')], "", "One line up", Place::Scrolling, 9),
    row(Action::Down, &[key(KeyCode::Down), letter('j')], "", "One line down", Place::Scrolling, 9),
    row(Action::PageUp, &[key(KeyCode::PageUp), control('u')], "", "Half a page up", Place::Scrolling, 9),
    row(
        Action::PageDown,
        &[key(KeyCode::PageDown), control('d')],
        "",
        "Half a page down",
        Place::Scrolling,
        9,
    ),
    row(Action::First, &[key(KeyCode::Home), letter('g')], "", "To the beginning", Place::Scrolling, 9),
    row(Action::Last, &[key(KeyCode::End), letter('G')], "", "To the end", Place::Scrolling, 9),
    row(Action::Back, &[key(KeyCode::Esc)], "back", "One level back", Place::Above, 1),
    row(
        Action::Back,
        &[key(KeyCode::Esc)],
        "",
        "Back to the columns, and to the end of the log",
        Place::Board,
        9,
    ),
    row(
        Action::Hold,
        &[letter('W')],
        "hold",
        "Do not begin by itself what is being counted down to",
        Place::Anywhere,
        1,
    ),
    row(Action::Refresh, &[key(KeyCode::F(5))], "", "Look at everything again", Place::Anywhere, 8),
    row(Action::Theme, &[letter('t')], "theme", "The next theme", Place::Anywhere, 7),
    row(Action::Help, &[letter('?')], "help", "Every key that works here", Place::Anywhere, 0),
    row(
        Action::Quit,
        &[letter('q'), control('c')],
        "quit",
        "Leave; from another view go back to the board",
        Place::Anywhere,
        0,
    ),
];

/// What `event` does where the operator is now.
pub(super) fn resolve(event: &KeyEvent, ui: &Ui, state: &State) -> Option<Action> {
    let binding = BINDINGS.iter().find(|binding| {
        works(binding.place, ui, state) && binding.keys.iter().any(|key| key.matches(event))
    })?;
    Some(binding.action)
}

/// The bindings that work where the operator is now.
pub(super) fn active(ui: &Ui, state: &State) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(|binding| works(binding.place, ui, state))
}

/// Why an action cannot be done now; `None` when it can.
pub(super) fn off(action: Action, state: &State, ui: &Ui) -> Option<String> {
    let environment = ui.environment(state)?;
    let name = &environment.environment.name;
    match action {
        Action::Promote | Action::RollBack | Action::Retry if matches!(ui.screen(), Screen::Board) => {
            let running = state.running_in(name);
            let busy = running.map(|promotion| match promotion.plan.direction() {
                Direction::Forward => {
                    format!("{} is being promoted to {}", promotion.plan.version, promotion.plan.environment)
                }
                Direction::Back => format!("{name} is being rolled back to {}", promotion.plan.version),
            });
            let is_well = action == Action::Retry && state.history.alarm(name).is_none();
            busy.or_else(|| is_well.then(|| format!("{name} shows no failure")))
        }
        Action::Hold if state.automatic.is_none() => Some("nothing begins by itself".to_owned()),
        Action::Resolve if state.history.alarm(name).is_none() => Some(format!("{name} shows no failure")),
        Action::Abort if state.running_in(name).is_none() => {
            Some(format!("nothing is being promoted to {name}"))
        }
        _ => None,
    }
}

/// The key to show for an action.
pub(super) fn key_of(action: Action) -> String {
    let binding = BINDINGS.iter().find(|binding| binding.action == action);
    binding.and_then(|binding| binding.keys.first()).map(|key| key.name()).unwrap_or_default()
}

fn works(place: Place, ui: &Ui, state: &State) -> bool {
    let is_log = matches!(ui.screen(), Screen::Log) || ui.pane == Pane::Log;
    match place {
        Place::Anywhere => true,
        Place::Board => matches!(ui.screen(), Screen::Board),
        Place::Plan => matches!(ui.screen(), Screen::Plan(..)),
        Place::WayBack => matches!(ui.screen(), Screen::Plan(..)) && leads_back(state),
        Place::Grid => matches!(ui.screen(), Screen::Grid),
        Place::Above => !matches!(ui.screen(), Screen::Board),
        Place::Log => is_log,
        Place::Scrolling => is_log || !matches!(ui.screen(), Screen::Board),
    }
}

fn leads_back(state: &State) -> bool {
    matches!(&state.planning, Planning::Ready(prepared) if prepared.plan.direction() == Direction::Back)
}

impl Key {
    fn matches(self, event: &KeyEvent) -> bool {
        // A capital letter may arrive with or without Shift, depending on the terminal.
        let modifiers = match event.code {
            KeyCode::Char(_) => event.modifiers.difference(KeyModifiers::SHIFT),
            _ => event.modifiers,
        };
        self.0 == event.code && self.1 == modifiers
    }

    /// The key as people write it.
    pub fn name(self) -> String {
        let name = match self.0 {
            KeyCode::Char(c) => c.to_string(),
            KeyCode::Enter => "enter".to_owned(),
            KeyCode::Esc => "esc".to_owned(),
            KeyCode::Tab => "tab".to_owned(),
            KeyCode::Left => "←".to_owned(),
            KeyCode::Right => "→".to_owned(),
            KeyCode::Up => "↑".to_owned(),
            KeyCode::Down => "↓".to_owned(),
            KeyCode::PageUp => "pgup".to_owned(),
            KeyCode::PageDown => "pgdn".to_owned(),
            KeyCode::Home => "home".to_owned(),
            KeyCode::End => "end".to_owned(),
            KeyCode::F(number) => format!("F{number}"),
            other => format!("{other:?}"),
        };
        if self.1.contains(KeyModifiers::CONTROL) { format!("ctrl-{name}") } else { name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        let places = [
            Place::Anywhere,
            Place::Board,
            Place::Plan,
            Place::WayBack,
            Place::Grid,
            Place::Above,
            Place::Scrolling,
            Place::Log,
        ];
        // Where a place can be active together with another one.
        let meets = |one: Place, other: Place| match (one, other) {
            (Place::Board, Place::Plan | Place::WayBack | Place::Grid | Place::Above)
            | (Place::Plan | Place::WayBack | Place::Grid | Place::Above, Place::Board)
            | (Place::Plan | Place::WayBack, Place::Grid)
            | (Place::Grid, Place::Plan | Place::WayBack) => false,
            (one, other) => places.contains(&one) && places.contains(&other),
        };
        for (index, one) in BINDINGS.iter().enumerate() {
            for other in &BINDINGS[index + 1..] {
                let shared = one.keys.iter().find(|key| other.keys.contains(key));
                assert!(
                    shared.is_none() || !meets(one.place, other.place),
                    "{} means {:?} and {:?}",
                    shared.map(|key| key.name()).unwrap_or_default(),
                    one.action,
                    other.action
                );
            }
        }
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
            assert_eq!(resolve(&event, &ui, &nothing()), Some(Action::Logs));
        }
    }
}
