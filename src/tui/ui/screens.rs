//! Which screen is opened, and what is asked of the engine for it.

use super::{Outcome, Screen, Ui};
use crate::engine::State;
use crate::engine::event::Intent;
use crate::tui::keymap::Action;
use crate::tui::question::Question;
use crate::tui::search::Words;

impl Ui {
    /// Opens a screen, or puts it away where it is on top.
    pub(super) fn toggle(&mut self, screen: Screen) {
        if std::mem::discriminant(self.screen()) == std::mem::discriminant(&screen) {
            self.layers.pop();
        } else {
            self.open(screen);
        }
    }

    pub(super) fn open_grid(&mut self, state: &State) {
        self.open(Screen::Grid);
        self.grid.filter_by(Words::default(), self.page);
        self.grid.watch(state, self.page);
    }

    /// Opens the checks, or does what only they do; `None` for what is done elsewhere.
    pub(super) fn check(&mut self, action: Action, state: &State) -> Option<Outcome> {
        let is_list = matches!(self.screen(), Screen::Checks);
        match action {
            Action::Checks => {
                self.open(Screen::Checks);
                self.checks.filter_by(Words::default(), self.page);
                return Some(self.inspect(state));
            }
            Action::Refresh if is_list || matches!(self.screen(), Screen::Finding(_)) => {
                return Some(self.inspect(state));
            }
            Action::Differences if is_list => self.checks.toggle_pending(self.page),
            _ => return None,
        }
        Some(Outcome::Redraw)
    }

    /// Asks policy once more about what the checks view shows.
    pub(super) fn inspect(&mut self, state: &State) -> Outcome {
        self.watch_checks(state);
        match self.environment(state) {
            Some(environment) => Outcome::Intent(Intent::InspectPolicy(environment.environment.name.clone())),
            None => Outcome::Redraw,
        }
    }

    pub(super) fn drill_in(&mut self, state: &State) {
        let screen = match (self.screen(), self.grid.id()) {
            (Screen::History(_), _) => match self.past(state) {
                Some(past) => Screen::Past(past.run.clone(), 0),
                None => return,
            },
            (Screen::Grid, Some(id)) => Screen::Changeset(id.clone(), 0),
            (Screen::Grid, None) | (Screen::Past(..), _) => return,
            (Screen::Checks, _) if self.checks.finding().is_none() => return,
            (Screen::Checks, _) => Screen::Finding(0),
            _ => Screen::Detail(0),
        };
        self.open(screen);
    }

    /// Opens the list of flows, from there the one that runs; or stops that.
    pub(super) fn flows(&mut self, action: Action) -> Outcome {
        if action == Action::StopFlow {
            return Outcome::Intent(Intent::StopFlow);
        }
        if matches!(self.screen(), Screen::Flows(_)) {
            self.open(Screen::Flow(0));
            return Outcome::Redraw;
        }
        self.open(Screen::Flows(0));
        Outcome::Intent(Intent::ListFlows)
    }

    /// Runs the flow under the cursor against the selected environment; what changes something is asked about first.
    pub(super) fn run_flow(&mut self, state: &State) -> Outcome {
        let (Some(file), Some(environment)) = (self.flow_file(state), self.environment(state)) else {
            return Outcome::Redraw;
        };
        let environment = environment.environment.name.clone();
        if let Some(error) = file.errors.first() {
            self.notice = Some(format!("it cannot be run: {}", error.text));
            return Outcome::Redraw;
        }
        let question = Question::Flow(file.path.clone(), environment);
        if !file.changes.is_empty() {
            self.ask(question, state);
            return Outcome::Redraw;
        }
        match question.asked(state) {
            Ok(asked) => {
                self.open(Screen::Flow(0));
                Outcome::Intent(question.intent(&asked, ""))
            }
            Err(why) => {
                self.notice = Some(why);
                Outcome::Redraw
            }
        }
    }

    /// Looks what became of runs, everywhere.
    pub(super) fn reconcile(&mut self) -> Outcome {
        if !matches!(self.screen(), Screen::Reconcile(_)) {
            self.open(Screen::Reconcile(0));
        }
        Outcome::Intent(Intent::Reconcile(Vec::new()))
    }

    pub(super) fn choose_theme(&mut self, name: &str) {
        name.clone_into(&mut self.theme);
        self.notice = Some(format!("theme {name}"));
    }

    /// Opens the report of the selected environment.
    pub(super) fn open_report(&mut self, state: &State) -> Outcome {
        match self.filed(state) {
            Some((environment, _)) => Outcome::Intent(Intent::OpenReport(environment.clone())),
            None => Outcome::Redraw,
        }
    }
}
