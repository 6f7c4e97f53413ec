//! Where the operator left, and going back there when the console is opened again.

use super::{Outcome, Screen, Ui};
use crate::config::remembered::Remembered;
use crate::engine::State;
use crate::tui::keymap::Action;

/// Screens that a console may open with, by their words. A plan is not among them: it was about what was then.
const SCREENS: [(&str, Action); 9] = [
    ("details", Action::DrillIn),
    ("drift", Action::Drift),
    ("schemas", Action::Schemas),
    ("locks", Action::Locks),
    ("checks", Action::Checks),
    ("flows", Action::Flows),
    ("history", Action::History),
    ("journal", Action::Journal),
    ("log", Action::Logs),
];

impl Ui {
    /// Where the operator is.
    pub fn remembered(&self, state: &State) -> Remembered {
        let screen = self.layers.iter().rev().find_map(|layer| word(&layer.screen));
        Remembered {
            environment: self.environment(state).map(|it| it.environment.name.to_string()),
            screen: screen.map(str::to_owned),
            theme: Some(self.theme.clone()),
            log_rows: self.split,
            commands: self.recent.clone(),
        }
    }

    /// Goes where the operator was, as far as that is still there. The theme is chosen elsewhere.
    pub fn resume(&mut self, left: &Remembered, state: &State) -> Outcome {
        let name = left.environment.as_deref();
        let place = state.environments.iter().position(|it| Some(it.environment.name.as_str()) == name);
        self.selected = place.unwrap_or(self.selected);
        self.split = left.log_rows.filter(|rows| *rows > 0);
        self.recent.clone_from(&left.commands);
        let screen = SCREENS.iter().find(|(word, _)| Some(*word) == left.screen.as_deref());
        let outcome = screen.map_or(Outcome::Redraw, |(_, action)| self.act(*action, state));
        // Why a screen is not there any more is nothing that somebody asked for.
        self.notice = None;
        outcome
    }
}

fn word(screen: &Screen) -> Option<&'static str> {
    let action = match screen {
        Screen::Detail(_) => Action::DrillIn,
        Screen::Grid | Screen::Changeset(..) => Action::Drift,
        Screen::Schemas(_) => Action::Schemas,
        Screen::Locks(_) => Action::Locks,
        Screen::Checks | Screen::Finding(_) => Action::Checks,
        Screen::Flows(_) | Screen::Flow(_) => Action::Flows,
        Screen::History(_) | Screen::Past(..) => Action::History,
        Screen::Journal(_) => Action::Journal,
        Screen::Log => Action::Logs,
        Screen::Board | Screen::Plan(..) | Screen::Approvals(_) | Screen::Reconcile(_) | Screen::Help(_) => {
            return None;
        }
    };
    SCREENS.iter().find(|(_, known)| *known == action).map(|(word, _)| *word)
}
